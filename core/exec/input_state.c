/* SPDX-License-Identifier: Apache-2.0
 *
 * In-flight data of unaligned checkpoints at a gate. A buffer belongs to checkpoint N when it came
 * before N's barrier, by sequence number, and has not been taken when N starts; of one that is read
 * in part, the rest. Source: Flink's ChannelStatePersister, RemoteInputChannel.checkpointStarted,
 * RecoveredInputChannel, AbstractStreamTaskNetworkInput.prepareSnapshot.
 */
#include "core/exec/input_parts.h"

/* A newer barrier ends the storing for an older checkpoint as well: that one is subsumed. */
void input_state_note_barrier(struct input_channel *channel, const struct channel_item *item)
{
    if (item->event.barrier.id <= channel->barrier_id)
        return;
    channel->barrier_id = item->event.barrier.id;
    channel->barrier_sequence = item->sequence;
    if (channel->storing <= channel->barrier_id)
        channel->storing = -1;
}

void input_state_store(struct input_gate *gate, int64_t checkpoint, uint32_t channel,
                       struct buffer *retain)
{
    stored_queue_add(&gate->stored, checkpoint, channel, retain);
    gate->stored_bytes += retain->used;
}

void input_gate_add_recovered(struct input_gate *gate, uint32_t channel, struct buffer *take_buffer)
{
    CHECK(channel < gate->config.channels);
    CHECK(gate->channels[channel].next_sequence == 0);
    item_queue_add(&gate->recovered,
                   &(struct channel_item){ .buffer = take_buffer, .sequence = channel });
}

/* Of a channel that has ended nothing more is waited for. */
bool input_gate_is_subsumed(const struct input_gate *gate, int64_t checkpoint)
{
    for (uint32_t i = 0; i < gate->config.channels; i++)
        if (!gate->channels[i].ended && gate->channels[i].barrier_id > checkpoint)
            return true;
    return false;
}

static void store_rest(struct input_gate *gate, int64_t checkpoint)
{
    struct buffer *rest = frame_reader_copy_rest(gate->reader);
    input_state_store(gate, checkpoint, gate->reading, rest);
    buffer_release(rest);
}

/* What was recovered and not read yet was before every barrier. */
void input_gate_start_storing(struct input_gate *gate, int64_t checkpoint)
{
    if (gate->reader)
        store_rest(gate, checkpoint);
    for (uint32_t i = 0; i < gate->recovered.count; i++) {
        const struct channel_item *item = item_queue_at(&gate->recovered, i);
        input_state_store(gate, checkpoint, item->sequence, item->buffer);
    }
    for (uint32_t i = 0; i < gate->config.channels; i++) {
        struct input_channel *channel = &gate->channels[i];
        bool has_arrived = channel->barrier_id >= checkpoint;
        if (channel->ended)
            continue;
        for (uint32_t k = channel->queue.priority; k < channel->queue.count; k++) {
            const struct channel_item *item = item_queue_at(&channel->queue, k);
            if (has_arrived && item->sequence > channel->barrier_sequence)
                break;
            if (item->buffer)
                input_state_store(gate, checkpoint, i, item->buffer);
        }
        channel->storing = has_arrived ? -1 : checkpoint;
    }
}

/* Storing for a newer checkpoint goes on. */
void input_gate_stop_storing(struct input_gate *gate, int64_t checkpoint)
{
    for (uint32_t i = 0; i < gate->config.channels; i++)
        if (gate->channels[i].storing <= checkpoint)
            gate->channels[i].storing = -1;
}

void input_gate_drop_stored(struct input_gate *gate, int64_t checkpoint)
{
    stored_queue_drop(&gate->stored, checkpoint);
}

bool input_gate_take_stored(struct input_gate *gate, struct stored_buffer *out)
{
    return stored_queue_take(&gate->stored, out);
}
