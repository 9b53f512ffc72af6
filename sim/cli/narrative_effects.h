/* SPDX-License-Identifier: Apache-2.0
 *
 * What happened to jobs while something was done to a process: which were down, which went down,
 * whose checkpoints failed or took longer, whose lag rose. In: the log, the chapters, and lag as it
 * is sampled. Out: sentences. They say what came together in time; what an outage came of, its own
 * chapter tells.
 */
#ifndef WEIR_SIM_CLI_NARRATIVE_EFFECTS_H
#define WEIR_SIM_CLI_NARRATIVE_EFFECTS_H

#include "sim/cli/narrative_parts.h"

/* The lag of a job while faults last that are told by chapters of their own. Samples are to come in
 * order of time. */
struct lag_follower {
    const char *job;
    size_t next; /* chapter that has not begun */
    struct lag_rise last;
    bool is_known;               /* of the last sample */
    VEC(struct lag_effect) open; /* chapters that go on */
};

/* A sample of a job. */
struct lag_sample {
    time_ns before, at; /* the sample before, and this one */
    double lag;
    bool is_down; /* an outage, a start or an end of the job lies behind the sample before */
    struct busy_vertex busiest;
};

void effects_follow(struct narrative *narrative, struct lag_follower *follower,
                    const struct lag_sample *sample);
/* Behind the last sample. */
void effects_follow_end(struct narrative *narrative, struct lag_follower *follower);

/* What follows a fault: nothing that could be noticed; nothing of its own, since it ended at once
 * while a job was down anyway; something. */
enum fault_effect { FAULT_EFFECT_NONE, FAULT_EFFECT_MEANWHILE, FAULT_EFFECT_OWN };

/* Says which jobs had FAILED before: for their downtime they are down, but nothing can happen to
 * them. */
void effects_tell_ended(struct paragraph *p);
/* Says what follows. `idle`: "it", or "any of them", where processes ended; else null. */
enum fault_effect effects_tell(struct paragraph *p, const char *idle);
/* The same without saying it. */
enum fault_effect effects_of(const struct narrative *narrative, const struct chapter *chapter);

#endif
