/* SPDX-License-Identifier: Apache-2.0
 *
 * Why an outage began, and by what a job FAILED in one that it had survived so far. In: what the
 * incidents remember of the log, and the job's exception history. Out: texts. A fault or failure
 * that a restart followed did not end the job, whatever came of it: what was thrown last did.
 */
#ifndef WEIR_SIM_REPORT_INCIDENT_WHY_H
#define WEIR_SIM_REPORT_INCIDENT_WHY_H

#include "sim/report/incidents.h"

extern const char incident_no_reason[];
extern const char incident_rescale[];

/* The fault behind the last entry; null: none is. */
const struct log_entry *incident_last_fault(const struct incidents *incidents);
/* A failure of this instant that no fault is behind. */
void incident_put_failure(const struct incidents *incidents, struct job_id id, time_ns at,
                          char out[INCIDENT_CAUSE_SIZE]);
/* The last entry tells of a failure in a rescale that nothing had failed in so far. */
void incident_spoil_rescale(const struct incidents *incidents, struct incident *incident);
/* The last entry, of now, tells that the job FAILED: says by what where that is not what it went
 * down by. */
void incident_put_end(const struct incidents *incidents, struct incident *incident, time_ns at);
/* A line of the instant at which the job FAILED, later in the step, has more to say. */
void incident_hear_failure(struct incident *incident, const char *text);

#endif
