/* SPDX-License-Identifier: Apache-2.0
 *
 * At least once: barriers are counted and nothing is blocked; several checkpoints may be under way.
 * Source: Flink's CheckpointBarrierTracker. `counts` is in ascending order of ids; handler->current
 * is latestPendingCheckpointID.
 */
#include "core/exec/barrier_handler.h"
#include "core/exec/barrier_parts.h"

/* One more than are kept: it is added before the oldest goes. */
enum { COUNTS = BARRIERS_TRACKED_MAX + 1 };

static uint32_t words_of(const struct barrier_handler *handler)
{
    return (handler->channel_count + 63) / 64;
}

void barrier_tracker_init(struct barrier_handler *handler)
{
    uint32_t words = words_of(handler);
    handler->counts = mem_create_array(COUNTS, sizeof *handler->counts);
    handler->count_bits = mem_create_array((size_t)COUNTS * words, sizeof *handler->count_bits);
    for (uint32_t i = 0; i < COUNTS; i++)
        handler->counts[i].aligned_channels = handler->count_bits + (size_t)i * words;
}

/* The oldest `count` go; their bit sets are used again by the ones to come. */
static void drop_oldest(struct barrier_handler *handler, uint32_t count)
{
    CHECK(count <= handler->count_count);
    for (; count > 0; count--) {
        struct barrier_count dropped = handler->counts[0];
        memmove(handler->counts, handler->counts + 1, (COUNTS - 1) * sizeof *handler->counts);
        handler->counts[COUNTS - 1] = dropped;
        handler->count_count--;
    }
}

/* How many channels have been heard; each counts once. */
static uint32_t mark(struct barrier_count *count, uint32_t number)
{
    uint64_t *word = &count->aligned_channels[number / 64], bit = UINT64_C(1) << number % 64;
    count->aligned += !(*word & bit);
    *word |= bit;
    return count->aligned;
}

/* A new checkpoint is the newest: ids only grow. */
static struct barrier_count *add(struct barrier_handler *handler, uint32_t number,
                                 const struct checkpoint_barrier *barrier)
{
    if (handler->count_count == BARRIERS_TRACKED_MAX)
        drop_oldest(handler, 1);
    struct barrier_count *count = &handler->counts[handler->count_count++];
    uint64_t *bits = count->aligned_channels;
    memset(bits, 0, words_of(handler) * sizeof *bits);
    *count = (struct barrier_count){ .barrier = *barrier,
                                     .target = handler->open,
                                     .aligned_channels = bits };
    mark(count, number);
    handler->current = barrier->id;
    return count;
}

/* Everybody has said it; what is older is subsumed and goes without a word. */
static void complete(struct barrier_handler *handler, uint32_t i, time_ns now)
{
    struct barrier_count count = handler->counts[i];
    drop_oldest(handler, i + 1);
    if (count.aborted)
        return;
    if (count.barrier.id == handler->current)
        barrier_alignment_end(handler, now);
    barrier_out_trigger(handler, &count.barrier);
    barrier_out_complete(handler, count.barrier.id);
}

/* The only channel left decides alone, unless others have been heard of this checkpoint before they
 * ended. */
void barrier_tracker_on_barrier(struct barrier_handler *handler, uint32_t number,
                                const struct checkpoint_barrier *barrier, time_ns now)
{
    if (barrier->id > handler->current && handler->open == 1) {
        barrier_alignment_start(handler, barrier, now);
        barrier_alignment_end(handler, now);
        barrier_out_trigger(handler, barrier);
        barrier_out_complete(handler, barrier->id);
        return;
    }
    for (uint32_t i = 0; i < handler->count_count; i++) {
        struct barrier_count *count = &handler->counts[i];
        if (count->barrier.id != barrier->id)
            continue;
        if (mark(count, number) == count->target)
            complete(handler, i, now);
        return;
    }
    if (barrier->id > handler->current) {
        barrier_alignment_start(handler, barrier, now);
        add(handler, number, barrier);
    }
}

static void abort_once(struct barrier_handler *handler, struct barrier_count *count,
                       enum barrier_abort_reason reason)
{
    if (!count->aborted)
        barrier_out_abort(handler, count->barrier.id, reason);
    count->aborted = true;
}

/* An aborted checkpoint stays in the list until all have been heard, so that its late barriers do
 * not start it again. */
void barrier_tracker_on_cancel(struct barrier_handler *handler, uint32_t number, int64_t checkpoint)
{
    if (checkpoint > handler->current && handler->open == 1) {
        barrier_alignment_reset(handler);
        barrier_out_abort(handler, checkpoint, BARRIER_ABORT_ON_CANCELLATION);
        return;
    }
    while (handler->count_count && handler->counts[0].barrier.id < checkpoint) {
        abort_once(handler, &handler->counts[0], BARRIER_ABORT_ON_CANCELLATION);
        drop_oldest(handler, 1);
    }
    struct barrier_count *first = handler->count_count ? &handler->counts[0] : NULL;
    if (first && first->barrier.id == checkpoint) {
        abort_once(handler, first, BARRIER_ABORT_ON_CANCELLATION);
        if (mark(first, number) == first->target)
            drop_oldest(handler, 1);
    } else if (checkpoint > handler->current) {
        struct checkpoint_barrier cancelled = { .id = checkpoint };
        CHECK(!first);
        barrier_out_abort(handler, checkpoint, BARRIER_ABORT_ON_CANCELLATION);
        add(handler, number, &cancelled)->aborted = true;
    }
}

/* The newest checkpoint that only waits for this channel is complete. */
void barrier_tracker_on_end(struct barrier_handler *handler, uint32_t number, time_ns now)
{
    CHECK(handler->open > 0);
    handler->open--;
    if (!handler->after_finish) {
        for (uint32_t i = 0; i < handler->count_count; i++)
            abort_once(handler, &handler->counts[i], BARRIER_ABORT_INPUT_END_OF_STREAM);
        drop_oldest(handler, handler->count_count);
        barrier_alignment_reset(handler);
        return;
    }
    for (uint32_t i = handler->count_count; i-- > 0;)
        if (mark(&handler->counts[i], number) == handler->counts[i].target) {
            complete(handler, i, now);
            return;
        }
}

void barrier_tracker_check(const struct barrier_handler *handler)
{
    CHECK(handler->count_count <= BARRIERS_TRACKED_MAX);
    CHECK(handler->timer == TIME_NEVER);
    for (uint32_t i = 0; i < handler->count_count; i++) {
        const struct barrier_count *count = &handler->counts[i];
        CHECK(count->aligned > 0);
        CHECK(count->aligned < count->target || count->target == 1);
        CHECK(count->barrier.id <= handler->current);
        CHECK(i == 0 || handler->counts[i - 1].barrier.id < count->barrier.id);
    }
}
