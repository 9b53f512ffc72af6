/* SPDX-License-Identifier: Apache-2.0
 *
 * How long an expected event lets each occurrence of another wait. In: the moments of both, and the
 * outages of the run. Out: the longest wait, and how many occurrences decide nothing, by why.
 * Invariant: "all tasks RUNNING" has come when the outage is over that the occurrence is answered
 * by, as the job's downtime counts it, whatever the JobManager says before.
 */
#ifndef WEIR_SIM_CHECK_WAITS_H
#define WEIR_SIM_CHECK_WAITS_H

#include "sim/check/expectations.h"

struct waits {
    time_ns longest;           /* -1: none was judged; TIME_NEVER: the event never came */
    struct event_moment after; /* the occurrence, with the job that it waited for */
    size_t open;               /* the run ended before */
    size_t ended;              /* the job did, otherwise than by failure */
    size_t untouched;          /* no task stopped */
};

void waits_find(const struct run_evidence *run, const struct expectation *expectation,
                const struct event_times *times, struct waits *waits);

/* Does the run end before the time does that what happened then has? */
bool waits_is_cut_off(const struct run_evidence *run, const struct expectation *expectation,
                      time_ns after);

#endif
