/* SPDX-License-Identifier: Apache-2.0
 *
 * The receiving end of all channels of one input: a queue each, credits, and which is next. In:
 * items that the world brings. Out: items in a fair order, credits for the senders, in-flight data
 * of unaligned checkpoints. Source: Flink's SingleInputGate, RemoteInputChannel, BufferManager,
 * ChannelStatePersister.
 *
 * Credits: a channel announces its free buffers, exclusive ones and those floating ones that it
 * holds. The backlog told with each buffer says how many it wants: backlog + exclusive. What is
 * left over floats on to the channel that has waited longest. So, per channel, always
 *
 *     free = unannounced + on the way to the sender + at the sender + buffers on the way here
 *
 * but where the sender has halted: behind an aligned barrier, and where the channel has no
 * exclusive buffers. Then nothing is free, and the credits that the sender has are void.
 */
#ifndef WEIR_EXEC_INPUT_GATE_H
#define WEIR_EXEC_INPUT_GATE_H

#include "core/exec/channel_item.h"
#include "core/exec/frame.h"

struct input_gate_config {
    uint32_t channels;
    uint32_t exclusive; /* buffers of each remote channel (buffers-per-channel) */
    uint32_t floating;  /* buffers of the gate (floating-buffers-per-gate) */
};

/* A local channel hands its sender's buffers over one at a time; it has no floating ones. */
enum { INPUT_LOCAL_BUFFERS = 1, CHANNEL_NONE = INT32_MAX };

struct input_channel {
    struct item_queue queue;
    bool is_local;
    uint32_t exclusive;                     /* how many it has */
    uint32_t free_exclusive, free_floating; /* available: told to the sender, or about to be */
    uint32_t held_exclusive, held_floating; /* occupied by items in the queue or at the task */
    uint32_t unannounced;
    uint32_t required; /* available buffers it wants */
    uint32_t next_sequence;
    bool in_floating, in_ready, in_priority, in_credit; /* is in that ring or list of the gate */
    uint32_t ready_next, ready_previous;                /* of the list; CHANNEL_NONE at its ends */
    bool blocked, ended;
    bool halted, resumed; /* its sender is; it is told to go on, and has not been heard of since */
    uint32_t
        taken_barrier;  /* sequence of the last barrier taken: blocked is what comes behind it */
    int64_t barrier_id; /* the last barrier that has arrived, taken or not; -1: none */
    uint32_t barrier_sequence;
    int64_t storing; /* buffers that arrive belong to this checkpoint; -1: to none */
};

/* A ring of channel numbers; each channel at most once. */
struct channel_ring {
    uint32_t *numbers;
    uint32_t first, count, capacity;
};

struct input_gate {
    struct input_gate_config config;
    struct input_channel *channels;
    uint32_t ready_first, ready_last; /* list of channels with something to read, not blocked */
    struct channel_ring priority;     /* channels whose first item has priority */
    struct channel_ring floating;     /* channels that wait for floating buffers, longest first */
    struct channel_ring credit;       /* channels with credits that are not announced */
    struct channel_ring resume;       /* channels whose senders are to hear that they may go on */
    struct item_queue recovered;      /* before anything else; sequence is the channel here */
    struct stored_queue stored;
    const struct frame_reader *reader; /* of the buffer that is read in part; null: none is */
    uint32_t reading;                  /* its channel */
    uint32_t free_floating;
    uint32_t open; /* channels whose END_OF_PARTITION has not been taken */
    uint64_t stored_bytes;
    uint64_t taken_bytes; /* of buffers given to the task */
};

void input_gate_init(struct input_gate *gate, const struct input_gate_config *config);
void input_gate_fini(struct input_gate *gate); /* releases what is queued */

/* The sender of a channel that nothing has come by yet is on the same host. Gives the credits that
 * it begins with; those that there were until now are void. Source: UnknownInputChannel.
 * toLocalInputChannel. */
uint32_t input_gate_make_local(struct input_gate *gate, uint32_t channel);
/* Takes the item. Sequence numbers without gap, a buffer only for a credit: else the world has lost
 * something, and the run stops. */
void input_gate_receive(struct input_gate *gate, uint32_t channel,
                        const struct channel_item *take_item, uint32_t backlog);
/* A sender without credits tells what waits (RemoteInputChannel.onSenderBacklog). */
void input_gate_hear_backlog(struct input_gate *gate, uint32_t channel, uint32_t backlog);
/* Channel state of a restored task, in order per channel, before the first item is received. */
void input_gate_add_recovered(struct input_gate *gate, uint32_t channel,
                              struct buffer *take_buffer);

bool input_gate_is_available(const struct input_gate *gate);
static inline bool input_gate_has_priority(const struct input_gate *gate)
{
    return gate->priority.count && !gate->recovered.count;
}

/* The next item; false: none can be read now. The taker gives it back with input_gate_recycle when
 * it has read it: that releases the buffer and frees the receiver's place. */
bool input_gate_next(struct input_gate *gate, uint32_t *channel, struct channel_item *out);
void input_gate_recycle(struct input_gate *gate, uint32_t channel, struct channel_item *item);
/* A buffer of the channel is read in part: what the reader has not given out is in flight for a
 * checkpoint that begins, until the buffer is recycled. */
void input_gate_hold(struct input_gate *gate, uint32_t channel, const struct frame_reader *reader);

/* Credits for the sender of a channel; false: there are none to announce. */
bool input_gate_take_credit(struct input_gate *gate, uint32_t *channel, uint32_t *credits);
/* A channel whose sender may go on, which it hears behind the credits from before; false: none. */
bool input_gate_take_resume(struct input_gate *gate, uint32_t *channel);

/* A blocked channel gives nothing from behind the last barrier taken from it, but priority events.
 */
void input_gate_block(struct input_gate *gate, uint32_t channel);
void input_gate_resume(struct input_gate *gate, uint32_t channel);

/* Of the barrier handler. The announced barrier moves in front; gone already: nothing. */
void input_gate_prioritize(struct input_gate *gate, uint32_t channel, uint32_t sequence);
/* An unaligned checkpoint begins: queued buffers from before its barrier are stored, and on
 * channels where it has not arrived those that still come. Until it is stopped. Not where a newer
 * barrier has arrived somewhere: the checkpoint is subsumed. */
bool input_gate_is_subsumed(const struct input_gate *gate, int64_t checkpoint);
void input_gate_start_storing(struct input_gate *gate, int64_t checkpoint);
void input_gate_stop_storing(struct input_gate *gate, int64_t checkpoint);
void input_gate_drop_stored(struct input_gate *gate, int64_t checkpoint);
bool input_gate_take_stored(struct input_gate *gate, struct stored_buffer *out);

void input_gate_check(const struct input_gate *gate);
/* Credits of one channel: at its sender, on the way to it, and buffers on the way here. */
void input_gate_check_credits(const struct input_gate *gate, uint32_t channel, uint32_t at_sender,
                              uint32_t credits_under_way, uint32_t buffers_under_way);

#endif
