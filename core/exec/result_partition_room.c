/* SPDX-License-Identifier: Apache-2.0
 *
 * How many records an output takes without a buffer too many. In: what is open, free and queued.
 * Out: a number that is right for the worst of channels that they may go to, so less than would fit
 * on average; whoever has more to write asks again.
 */
#include "core/exec/result_partition.h"

/* With more open buffers than this one of them is about to be full, so none is looked at. */
enum { ROOM_LOOKS_MAX = 64 };

/* Slots of the smallest buffer that may be opened next; sizes vary: one at least. */
static uint32_t slots_of_buffer(const struct result_partition *partition)
{
    uint32_t wanted = partition->wanted_least, size = partition->config.buffer_size;
    uint32_t stride = partition->stride;
    size = wanted > 0 && wanted < size ? wanted : size;
    return stride > 0 && size >= FRAME_HEAD + stride ? (size - FRAME_HEAD) / stride : 1;
}

/* Slots of the two open buffers that have least room; of one alone, twice. */
static void least_rooms(const struct result_partition *partition, uint32_t least[2])
{
    uint32_t stride = partition->stride;
    least[0] = least[1] = 0;
    if (stride == 0 || partition->writer_count > ROOM_LOOKS_MAX)
        return;
    least[0] = least[1] = partition->config.buffer_size;
    for (uint32_t i = 0; i < partition->writer_count; i++) {
        uint32_t room = (uint32_t)frame_writer_room(&partition->writers[i]);
        uint32_t more = room > least[0] ? room : least[0];
        least[0] = room < least[0] ? room : least[0];
        least[1] = more < least[1] ? more : least[1];
    }
    least[0] /= stride;
    least[1] /= stride;
}

/* Buffers that the channel with most of them may still take. */
static uint32_t channel_buffers_left(const struct result_partition *partition)
{
    const struct buffer_pool *pool = partition->pool;
    uint32_t most = 0;
    if (!pool->by_channel || partition->config.partitioner == PARTITION_BROADCAST)
        return UINT32_MAX;
    if (partition->writer_count > ROOM_LOOKS_MAX)
        return 1;
    for (uint32_t i = 0; i < pool->channels; i++)
        most = pool->by_channel[i] > most ? pool->by_channel[i] : most;
    return most < pool->per_channel_max ? pool->per_channel_max - most : 1;
}

/* Whoever wants to use up all buffers with few records opens one in each channel, which takes as
 * many as its open buffer has room for and one, and then fills new ones. */
uint32_t result_partition_room(const struct result_partition *partition)
{
    const struct buffer_pool *pool = partition->pool;
    uint32_t whole = slots_of_buffer(partition), least[2];
    uint64_t too_many = pool->in_use < pool->limit ? pool->limit - pool->in_use + 1 : 1;
    uint64_t opened = too_many < partition->writer_count ? too_many : partition->writer_count;
    least_rooms(partition, least);
    uint64_t other = least[1] < whole ? least[1] + 1 : whole;
    uint64_t most = least[0] + (opened - 1) * other + (too_many - opened) * whole;
    uint64_t of_channel = (uint64_t)channel_buffers_left(partition) * whole;
    most = of_channel < most ? of_channel : most;
    return most == 0 ? 1 : most < UINT32_MAX ? (uint32_t)most : UINT32_MAX;
}
