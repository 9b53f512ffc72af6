/* SPDX-License-Identifier: Apache-2.0
 *
 * One output of a task: its subpartitions, its pool, the open buffer of each channel. In: batches,
 * watermarks, events, flushes. Out: items, taken by the world from the subpartitions that
 * result_partition_next_ready names. Source: Flink's BufferWritingResultPartition,
 * PipelinedResultPartition, RecordWriter.
 *
 * Two ways in. With one channel an operator writes its slots straight into the open buffer
 * (result_partition_writer, result_partition_make_room when it is full). A batch that lies
 * elsewhere is dealt out with result_partition_write.
 *
 * Availability: a task asks before it takes its next batch; a batch under way goes on with
 * overdraft buffers up to overdraft_max, a limit that only an operator without measure reaches.
 */
#ifndef WEIR_EXEC_RESULT_PARTITION_H
#define WEIR_EXEC_RESULT_PARTITION_H

#include "core/exec/frame.h"
#include "core/exec/partitioner.h"
#include "core/exec/subpartition.h"

struct result_partition_config {
    struct record_layout layout;
    enum partitioner partitioner;
    uint32_t subpartitions;
    int32_t max_parallelism;  /* key groups, for hash */
    uint32_t buffer_size;     /* taskmanager.memory.segment-size */
    uint32_t buffers;         /* of the pool */
    uint32_t per_channel_max; /* max-buffers-per-channel; 0: not watched */
    uint32_t overdraft_max;
    bool unaligned_supported; /* else unaligned barriers go on as forced aligned */
    uint64_t seed, number;    /* of the stream that rebalance draws its start from */
};

struct result_partition {
    struct result_partition_config config;
    uint32_t stride;
    struct channel_selector selector;
    struct buffer_pool *pool;
    struct subpartition *subpartitions;
    struct frame_writer *writers; /* one per subpartition; broadcast has one for all */
    uint32_t writer_count;
    uint32_t *ready; /* a ring of subpartitions that may have something to take */
    bool *is_ready;  /* is in the ring */
    uint32_t ready_first, ready_count;
    struct stored_queue stored;
    int64_t timeout_checkpoint; /* of the barrier with a time-out that still waits; -1: none */
    time_ns timeout_at;
    uint32_t timeout_left; /* channels from which it has not been taken */
    uint32_t wanted_least; /* the smallest size that a receiver wants, bytes; 0: none has said */
    uint64_t bytes;        /* of closed buffers; broadcast counts once */
};

MUST_CHECK struct err result_partition_init(struct result_partition *partition,
                                            const struct result_partition_config *config,
                                            struct note *note);
void result_partition_fini(struct result_partition *partition);

/* In-flight data of a restored task, in order per channel, before anything else is written. */
void result_partition_add_recovered(struct result_partition *partition, uint32_t channel,
                                    struct buffer *take_buffer);

static inline bool result_partition_is_available(const struct result_partition *partition)
{
    return buffer_pool_is_available(partition->pool);
}

/* How many records may be written at once, whichever channels they go to, so that no buffer beyond
 * the pool is taken nor one beyond the most of a channel; at least one, as Flink writes while it is
 * available. */
uint32_t result_partition_room(const struct result_partition *partition);
/* The open end of a channel, to be written to in place; stays valid for the partition's life. Of a
 * broadcast partition there is only number 0. */
static inline struct frame_writer *result_partition_writer(struct result_partition *partition,
                                                           uint32_t channel)
{
    CHECK(channel < partition->writer_count);
    return &partition->writers[channel];
}

/* The writer has no room for a slot of so many bytes: closes its buffer and opens the next one.
 * Refuses a slot that no buffer holds, and overdraft beyond its limit. */
MUST_CHECK struct err result_partition_make_room(struct result_partition *partition,
                                                 uint32_t channel, uint32_t slot_bytes,
                                                 struct note *note);
/* targets: key groups (hash) or channels (custom) of the records, else null. A refused batch with
 * targets out of range changes nothing; one that meets a limit is partly written. */
MUST_CHECK struct err result_partition_write(struct result_partition *partition,
                                             const struct batch *batch, const uint16_t *targets,
                                             struct note *note);
/* To all channels. */
MUST_CHECK struct err result_partition_add_watermark(struct result_partition *partition,
                                                     int64_t watermark, struct note *note);
MUST_CHECK struct err result_partition_add_status(struct result_partition *partition, bool idle,
                                                  struct note *note);
/* To all channels, behind what is written. A barrier that is unaligned overtakes: what it overtook
 * is then in result_partition_take_stored. */
void result_partition_add_event(struct result_partition *partition,
                                const struct channel_event *event);
/* Makes what is written available to be taken: at once where the reader waits for it, else as soon
 * as nothing is queued before it and there is a credit; the buffer fills meanwhile. */
void result_partition_flush(struct result_partition *partition);

/* Does the barrier of this checkpoint, which has a time-out, still wait in a queue? Until it does
 * not it is open whether the checkpoint has in-flight data of this output. */
static inline bool result_partition_has_waiting_barrier(const struct result_partition *partition,
                                                        int64_t checkpoint)
{
    return checkpoint >= 0 && partition->timeout_checkpoint == checkpoint;
}

/* When the aligned barrier that waits in the queues is too old; TIME_NEVER: there is none. */
time_ns result_partition_deadline(const struct result_partition *partition);
/* At the deadline: the barrier becomes unaligned wherever it still waits. */
void result_partition_time_out(struct result_partition *partition, time_ns now);
/* The checkpoint is aborted: no time-out for it any more, and its stored buffers are dropped. */
void result_partition_abort_checkpoint(struct result_partition *partition, int64_t checkpoint);
bool result_partition_take_stored(struct result_partition *partition, struct stored_buffer *out);

/* A subpartition that has something that may be taken now; false: none has. It is named once; again
 * after a take that leaves something, or when it gets an item or a credit. */
bool result_partition_next_ready(struct result_partition *partition, uint32_t *out_channel);
bool result_partition_take(struct result_partition *partition, uint32_t channel,
                           struct channel_item *out, uint32_t *backlog);
void result_partition_add_credit(struct result_partition *partition, uint32_t channel,
                                 uint32_t credits);
/* The reader has no exclusive buffers, see subpartition.h. Said before anything is taken; then the
 * world carries announcements in order with the items, and the reader's word to go on behind a
 * barrier in order with its credits. */
void result_partition_set_announcing(struct result_partition *partition, uint32_t channel);
bool result_partition_take_announcement(struct result_partition *partition, uint32_t channel,
                                        uint32_t *backlog);
void result_partition_resume(struct result_partition *partition, uint32_t channel);
/* The receiver wants buffers of this size (debloating): the next ones that are opened. */
void result_partition_set_buffer_size(struct result_partition *partition, uint32_t channel,
                                      uint32_t bytes);

/* Its invariant; outside: references to its buffers that the caller knows of (on the way, in gates,
 * in channel state). No buffer is lost or there twice. */
void result_partition_check(const struct result_partition *partition, uint64_t outside);

#endif
