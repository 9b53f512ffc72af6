/* SPDX-License-Identifier: Apache-2.0
 *
 * The books of an output. In: a partition between two calls, and how many references to its buffers
 * are outside. Out: nothing, or the run stops.
 */
#include "core/exec/result_partition.h"

/* References to the pool's buffers; recovered ones are not of it. */
static uint64_t references_in(const struct result_partition *partition)
{
    const struct stored_queue *stored = &partition->stored;
    uint64_t references = 0;
    for (size_t i = stored->first; i < stored->list.count; i++)
        references += stored->list.items[i].buffer->pool == partition->pool;
    for (uint32_t i = 0; i < partition->writer_count; i++)
        references += partition->writers[i].buffer != NULL;
    for (uint32_t i = 0; i < partition->config.subpartitions; i++) {
        const struct item_queue *queue = &partition->subpartitions[i].queue;
        for (uint32_t k = 0; k < queue->count; k++) {
            const struct buffer *buffer = item_queue_at(queue, k)->buffer;
            references += buffer && buffer->pool == partition->pool;
        }
    }
    return references;
}

/* `outside` makes this the books of a whole exchange: with what its owner knows of, every reference
 * to a buffer of the pool must be found. */
void result_partition_check(const struct result_partition *partition, uint64_t outside)
{
    uint32_t ready = 0;
    buffer_pool_check(partition->pool);
    channel_selector_check(&partition->selector);
    for (uint32_t i = 0; i < partition->writer_count; i++) {
        const struct frame_writer *writer = &partition->writers[i];
        CHECK(writer->at <= writer->end);
        CHECK(writer->buffer || writer->at == writer->end);
    }
    for (uint32_t i = 0; i < partition->config.subpartitions; i++) {
        subpartition_check(&partition->subpartitions[i]);
        ready += partition->is_ready[i];
    }
    CHECK(ready == partition->ready_count);
    CHECK(partition->timeout_checkpoint < 0 || partition->timeout_left > 0);
    CHECK(references_in(partition) + outside == buffer_pool_references(partition->pool));
}
