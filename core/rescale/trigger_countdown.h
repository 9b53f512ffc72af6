/* SPDX-License-Identifier: Apache-2.0
 *
 * Which checkpoints trigger a rescale of a running job. In: changes, completed and failed
 * checkpoints. Out: "trigger now", for the transition manager. A completed checkpoint always
 * triggers. Failed ones count only after a change, and the failures_max-th triggers; any trigger
 * ends the counting until the next change. Source: Flink's Executing.onCompletedCheckpoint and
 * onFailedCheckpoint; rescale-trigger.max-checkpoint-failures.
 */
#ifndef WEIR_RESCALE_TRIGGER_COUNTDOWN_H
#define WEIR_RESCALE_TRIGGER_COUNTDOWN_H

#include <stdbool.h>
#include <stdint.h>

struct trigger_countdown {
    int64_t failures_max; /* at least 1 */
    int64_t failures_left;
    bool is_armed; /* a change was seen since the last trigger */
};

void trigger_countdown_init(struct trigger_countdown *countdown, int64_t failures_max);
/* New slots or new requirements while Executing. Not the change that the scheduler posts to itself
 * on entry: that one goes to the transition manager alone. */
void trigger_countdown_on_change(struct trigger_countdown *countdown);
bool trigger_countdown_on_completed(struct trigger_countdown *countdown); /* always true */
bool trigger_countdown_on_failed(struct trigger_countdown *countdown);
uint64_t trigger_countdown_hash(const struct trigger_countdown *countdown);

#endif
