/* SPDX-License-Identifier: Apache-2.0
 *
 * The countdown. What always holds: 1 <= failures_left <= failures_max while armed.
 */
#include "core/rescale/trigger_countdown.h"

#include "core/base/check.h"
#include "core/base/hash.h"

void trigger_countdown_init(struct trigger_countdown *countdown, int64_t failures_max)
{
    CHECK(failures_max >= 1);
    *countdown = (struct trigger_countdown){ .failures_max = failures_max };
}

/* A second change does not start the count anew. */
void trigger_countdown_on_change(struct trigger_countdown *countdown)
{
    if (countdown->is_armed)
        return;
    countdown->is_armed = true;
    countdown->failures_left = countdown->failures_max;
}

/* A completed checkpoint is a trigger even when no change has been seen: whether one is of use is
 * for the phase to say. */
bool trigger_countdown_on_completed(struct trigger_countdown *countdown)
{
    countdown->is_armed = false;
    countdown->failures_left = 0;
    return true;
}

/* Its own trigger disarms it: the next change begins a new count. */
bool trigger_countdown_on_failed(struct trigger_countdown *countdown)
{
    if (!countdown->is_armed)
        return false;
    CHECK(countdown->failures_left >= 1);
    countdown->failures_left--;
    if (countdown->failures_left > 0)
        return false;
    countdown->is_armed = false;
    return true;
}

uint64_t trigger_countdown_hash(const struct trigger_countdown *countdown)
{
    uint64_t hash = hash_mix((uint64_t)countdown->failures_max);
    hash = hash_add(hash, (uint64_t)countdown->failures_left);
    return hash_add(hash, countdown->is_armed);
}
