/* SPDX-License-Identifier: Apache-2.0
 *
 * The programs of a run: their mains, which submit jobs, wait for them and go on. In: what the
 * cluster says of its jobs. Out: calls to the cluster, as a client's; jobs for the data plane.
 */
#ifndef WEIR_SIM_RUN_PROGRAMS_H
#define WEIR_SIM_RUN_PROGRAMS_H

#include "sim/cluster/virtual_cluster.h"
#include "sim/program/outputs.h"
#include "sim/run/plane.h"

struct programs;

struct programs *programs_create(const struct scenario *scenario, struct virtual_cluster *cluster,
                                 struct sim_queue *queue, const struct plane *plane,
                                 struct outputs *outputs);
/* Before the data plane: mains see that the run is over. */
void programs_end(struct programs *programs);
void programs_destroy(struct programs *programs); /* behind the data plane */
void programs_start(struct programs *programs);

/* What the main of the scenario's program has given back (session_code). */
bool programs_code(const struct programs *programs, size_t program, int *code);

void programs_on_job_ended(struct programs *programs, struct job_id job, const char *status);
void programs_on_failure(struct programs *programs, struct job_id job, const char *cause);
/* What it was to begin from is not there, or does not fit. */
void programs_on_refusal(struct programs *programs, struct job_id job, const char *why);
void programs_on_answer(struct programs *programs, const struct effect_answer *answer);

#endif
