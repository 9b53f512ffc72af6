/* SPDX-License-Identifier: Apache-2.0
 *
 * What the readers of an output take, hear and say, channel by channel. In: credits, wishes, that a
 * reader goes on. Out: items in order, and backlogs for those readers that no item tells. Source:
 * Flink's PartitionRequestQueue.
 */
#include "core/exec/result_partition_parts.h"

/* A credit may have been used up since the channel was marked. */
bool result_partition_next_ready(struct result_partition *partition, uint32_t *out_channel)
{
    while (partition->ready_count) {
        uint32_t channel = partition->ready[partition->ready_first];
        partition->ready_first = (partition->ready_first + 1) % partition->config.subpartitions;
        partition->ready_count--;
        partition->is_ready[channel] = false;
        if (!subpartition_is_available(&partition->subpartitions[channel]))
            continue;
        *out_channel = channel;
        return true;
    }
    return false;
}

/* The last channel that takes an aligned barrier ends its waiting. */
bool result_partition_take(struct result_partition *partition, uint32_t channel,
                           struct channel_item *out, uint32_t *backlog)
{
    CHECK(channel < partition->config.subpartitions);
    if (!subpartition_take(&partition->subpartitions[channel], out, backlog))
        return false;
    if (out->event.kind == CHANNEL_EVENT_BARRIER &&
        result_partition_has_waiting_barrier(partition, out->event.barrier.id)) {
        CHECK(partition->timeout_left > 0);
        if (--partition->timeout_left == 0)
            partition->timeout_checkpoint = -1;
    }
    result_partition_close_wanted(partition, channel);
    result_partition_mark_ready(partition, channel);
    return true;
}

void result_partition_add_credit(struct result_partition *partition, uint32_t channel,
                                 uint32_t credits)
{
    CHECK(channel < partition->config.subpartitions);
    subpartition_add_credit(&partition->subpartitions[channel], credits);
    result_partition_close_wanted(partition, channel);
    result_partition_mark_ready(partition, channel);
}

void result_partition_set_announcing(struct result_partition *partition, uint32_t channel)
{
    CHECK(channel < partition->config.subpartitions);
    CHECK(partition->subpartitions[channel].next_sequence == 0);
    partition->subpartitions[channel].announces = true;
}

bool result_partition_take_announcement(struct result_partition *partition, uint32_t channel,
                                        uint32_t *backlog)
{
    CHECK(channel < partition->config.subpartitions);
    return subpartition_take_announcement(&partition->subpartitions[channel], backlog);
}

void result_partition_resume(struct result_partition *partition, uint32_t channel)
{
    CHECK(channel < partition->config.subpartitions);
    subpartition_resume(&partition->subpartitions[channel]);
    result_partition_mark_ready(partition, channel);
}

void result_partition_set_buffer_size(struct result_partition *partition, uint32_t channel,
                                      uint32_t bytes)
{
    CHECK(channel < partition->config.subpartitions);
    struct subpartition *wants = &partition->subpartitions[channel];
    bool was_least = wants->buffer_size == partition->wanted_least;
    wants->buffer_size = bytes;
    if (was_least || bytes < partition->wanted_least)
        partition->wanted_least = bytes;
    for (uint32_t i = 0; was_least && i < partition->config.subpartitions; i++) {
        uint32_t wanted = partition->subpartitions[i].buffer_size;
        if (wanted > 0 && wanted < partition->wanted_least)
            partition->wanted_least = wanted;
    }
}
