/* SPDX-License-Identifier: Apache-2.0
 *
 * Which task does the script make fail, of which job does it ask something? A fact has no room for
 * it, but for the label of the event. In: the scenario, and what the script's fact says. Out: the
 * task or the job, or that it is not to be known.
 */
#ifndef WEIR_SIM_REPORT_SCRIPTED_TASK_H
#define WEIR_SIM_REPORT_SCRIPTED_TASK_H

#include "sim/load/scenario.h"

/* Names are the scenario's. */
struct scripted_task {
    const char *job, *vertex;
    uint32_t subtask;
};

/* False: it fails none, or events of several tasks have this label. */
bool scripted_task_find(const struct scenario *scenario, const char *word, const char *label,
                        struct scripted_task *out);
/* The scenario's name of it; null: it asks nothing of a job, or events of several have this label.
 */
const char *scripted_job_find(const struct scenario *scenario, const char *word, const char *label);

#endif
