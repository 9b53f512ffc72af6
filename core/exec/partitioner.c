/* SPDX-License-Identifier: Apache-2.0
 *
 * The choice of channels, a batch at a time. Hash is a table from key group to channel, so that a
 * record costs a look-up rather than a division.
 */
#include "core/exec/partitioner.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/graph/key_groups.h"

_Static_assert(MAX_PARALLELISM_LIMIT <= UINT16_MAX + 1, "a channel is a uint16_t");

/* Hash needs a key group per channel at least, or a channel would never get anything. */
struct err channel_selector_init(struct channel_selector *selector, enum partitioner partitioner,
                                 uint32_t channels, int32_t max_parallelism, struct rng *rng,
                                 struct note *note)
{
    *selector = (struct channel_selector){ 0 };
    CHECK(partitioner < PARTITIONER_COUNT);
    if (channels == 0 || channels > MAX_PARALLELISM_LIMIT)
        return err_note(note, ERR_FULL_CODE, "%u channels; 1 to %d are possible", channels,
                        MAX_PARALLELISM_LIMIT);
    if (partitioner == PARTITION_FORWARD && channels != 1)
        return err_note(note, ERR_BAD_VALUE_CODE, "forward to %u channels", channels);
    bool is_hash = partitioner == PARTITION_HASH;
    if (is_hash && (max_parallelism < (int32_t)channels || max_parallelism > MAX_PARALLELISM_LIMIT))
        return err_note(note, ERR_BAD_VALUE_CODE, "%d key groups for %u channels", max_parallelism,
                        channels);
    selector->partitioner = partitioner;
    selector->channels = channels;
    if (partitioner == PARTITION_REBALANCE) {
        /* Flink draws the channel before the first. */
        selector->next = (uint32_t)((rng_below(rng, channels) + 1) % channels);
    }
    if (is_hash) {
        size_t count = (size_t)max_parallelism;
        selector->max_parallelism = max_parallelism;
        selector->channel_of_group = mem_create_array(count, sizeof *selector->channel_of_group);
        for (int32_t group = 0; group < max_parallelism; group++)
            selector->channel_of_group[group] =
                (uint16_t)key_group_subtask(group, (int32_t)channels, max_parallelism);
    }
    return OK;
}

void channel_selector_fini(struct channel_selector *selector)
{
    mem_destroy(selector->channel_of_group);
    *selector = (struct channel_selector){ 0 };
}

bool channel_selector_has_targets(const struct channel_selector *selector)
{
    return selector->partitioner == PARTITION_HASH || selector->partitioner == PARTITION_CUSTOM;
}

/* Four at a time in one word: adding 2^15 - limit to a lane sets its top bit exactly when it is not
 * below limit. Nearly always all are in range. */
static uint32_t first_out_of_range(const uint16_t *targets, uint32_t count, uint32_t limit)
{
    const uint64_t ones = UINT64_C(0x0001000100010001), tops = ones << 15;
    const uint64_t offset = ones * ((1u << 15) - limit);
    uint64_t found = 0, word;
    uint32_t i = 0;
    for (; i + 4 <= count; i += 4) {
        memcpy(&word, targets + i, sizeof word);
        found |= word | ((word & ~tops) + offset);
    }
    for (i = found & tops ? 0 : i; i < count; i++)
        if (targets[i] >= limit)
            return i;
    return count;
}

struct err channel_selector_check_targets(const struct channel_selector *selector,
                                          const uint16_t *targets, uint32_t count,
                                          struct note *note)
{
    if (!channel_selector_has_targets(selector))
        return OK;
    CHECK(targets);
    bool is_hash = selector->partitioner == PARTITION_HASH;
    uint32_t limit = is_hash ? (uint32_t)selector->max_parallelism : selector->channels;
    uint32_t wrong = first_out_of_range(targets, count, limit);
    if (wrong == count)
        return OK;
    return err_note(note, ERR_BAD_VALUE_CODE, "%s %u; there are %u",
                    is_hash ? "key group" : "channel", targets[wrong], limit);
}

void channel_selector_next(struct channel_selector *selector, uint32_t count, uint16_t *channels)
{
    CHECK(selector->partitioner == PARTITION_RESCALE ||
          selector->partitioner == PARTITION_REBALANCE);
    uint32_t next = selector->next;
    for (uint32_t i = 0; i < count; i++) {
        channels[i] = (uint16_t)next;
        next = next + 1 == selector->channels ? 0 : next + 1;
    }
    selector->next = next;
}

void channel_selector_check(const struct channel_selector *selector)
{
    CHECK(selector->channels > 0);
    CHECK(selector->next < selector->channels);
    CHECK((selector->partitioner == PARTITION_HASH) == (selector->channel_of_group != NULL));
    for (int32_t group = 0; group < selector->max_parallelism; group++)
        CHECK(selector->channel_of_group[group] < selector->channels);
}
