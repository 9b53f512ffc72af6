/* SPDX-License-Identifier: Apache-2.0
 *
 * What a task reads: buffers frame by frame, events, and how it ends when its input has.
 */
#include "core/exec/task_parts.h"

void exec_task_send_event(struct exec_task *task, const struct channel_event *event)
{
    chain_event(&task->chain, event);
}

/* Edges of a union are one input of the chain, and share its valve. */
void exec_task_init_watermarks(struct exec_task *task)
{
    uint32_t count = 0, *channels = mem_create_array(task->config.input_count, sizeof *channels);
    for (uint32_t i = 0; i < task->config.input_count; i++) {
        struct exec_input *input = &task->inputs[i];
        CHECK(input->head_input < task->config.input_count);
        input->first_channel = channels[input->head_input];
        channels[input->head_input] += input->gate.config.channels;
        count = input->head_input >= count ? input->head_input + 1 : count;
    }
    input_watermarks_init(&task->watermarks, channels, count);
    mem_destroy(channels);
}

static void on_watermark(struct exec_task *task, const struct exec_input *input, uint32_t channel,
                         int64_t watermark)
{
    if (input_watermarks_on_watermark(&task->watermarks, input->head_input,
                                      input->first_channel + channel, watermark))
        chain_watermark(&task->chain, task->watermarks.watermark);
}

static void on_status(struct exec_task *task, const struct exec_input *input, uint32_t channel,
                      bool idle)
{
    bool rose;
    enum valve_change change = input_watermarks_on_status(
        &task->watermarks, input->head_input, input->first_channel + channel, idle, &rose);
    if (rose)
        chain_watermark(&task->chain, task->watermarks.watermark);
    if (change != VALVE_SAME)
        chain_status(&task->chain, change == VALVE_IDLE);
}

static void read_frame(struct exec_task *task, struct exec_input *input, struct note *note,
                       struct err *e)
{
    struct frame frame;
    uint32_t channel = task->reading_of.channel;
    *e = frame_reader_next_part(&input->reader, exec_task_turn_begin(task), &frame, note);
    switch (frame.kind) {
    case FRAME_RECORDS:
        chain_process(&task->chain, input->head_input, &frame.batch);
        exec_task_turn_end(task, frame.batch.count);
        return;
    case FRAME_WATERMARK: on_watermark(task, input, channel, frame.watermark); return;
    case FRAME_WATERMARK_STATUS: on_status(task, input, channel, frame.idle); return;
    case FRAME_END:
    case FRAME_KIND_COUNT: return;
    }
}

/* False: operators are pending. */
static bool finish_operators(struct exec_task *task)
{
    if (!task->operators_finish)
        chain_watermark(&task->chain, WATERMARK_MAX);
    task->operators_finish = true;
    return chain_finish(&task->chain);
}

/* All data is worked off, or the task drains before it stops: operators hand on what they hold,
 * readers are told, and the task waits for the checkpoint that makes it last. The coordinator hears
 * of the end of data only, not of a stop behind a savepoint (StreamTask.processInput: STOPPED says
 * no notifyEndOfData). */
void exec_task_end_data(struct exec_task *task)
{
    task->data_ended = true;
    task->ends_later = task->drains && !finish_operators(task);
    if (task->context.failed || task->ends_later)
        return;
    exec_task_send_event(
        task, &(struct channel_event){ .kind = CHANNEL_EVENT_END_OF_DATA, .drain = task->drains });
    exec_task_move(task, EXEC_AT_END);
    if (task->drains)
        exec_task_tell(task, TASK_FACT_END_OF_DATA, 0, 0);
    if (task->final_complete ||
        (!task->config.finishes_behind_checkpoint && task->stops_behind == 0))
        exec_task_finish(task);
}

static void decline(struct exec_task *task, const struct checkpoint_barrier *barrier)
{
    exec_task_tell(task, TASK_FACT_DECLINED, (uint64_t)barrier->id, BARRIER_ABORT_TASK_CLOSING);
}

/* Not before those that it reads from have, nor before its readers have worked off its data: a
 * checkpoint may still need either (DataInputStatus.END_OF_INPUT, getAllDataProcessedFuture). */
void exec_task_finish(struct exec_task *task)
{
    if (task->state != EXEC_AT_END)
        return;
    task->ends = true;
    if (task->unread > 0 || task->open_channels > 0)
        return;
    exec_task_send_event(task, &(struct channel_event){ .kind = CHANNEL_EVENT_END_OF_PARTITION });
    exec_task_move(task, EXEC_FINISHED);
    for (size_t i = task->first_mail; i < task->mails.count; i++)
        if (task->mails.items[i].kind == MAIL_TRIGGER)
            decline(task, &task->mails.items[i].barrier);
    if (task->held.id != 0)
        decline(task, &task->held);
    exec_task_tell(task, TASK_FACT_FINISHED, 0, 0);
}

/* One that stops without draining says so for all (SingleInputGate.shouldDrainOnEndOfData). */
static void on_end_of_data(struct exec_task *task, uint32_t i, uint32_t channel, bool drain)
{
    struct exec_input *input = &task->inputs[i];
    task->drains &= drain;
    vec_push(&task->read, (struct read_channel){ i, channel });
    if (++input->ended == input->gate.config.channels && --task->open_inputs == 0)
        exec_task_end_data(task);
}

/* The last partition: a task that waits for no checkpoint, or whose last one is complete, ends. */
static void on_end_of_partition(struct exec_task *task)
{
    CHECK(task->open_channels > 0);
    if (--task->open_channels > 0 || task->state != EXEC_AT_END)
        return;
    if (!task->config.finishes_behind_checkpoint || task->ends)
        exec_task_finish(task);
}

static void on_event(struct exec_task *task, uint32_t i, uint32_t channel,
                     const struct channel_event *event)
{
    exec_task_on_barrier(
        task, barrier_handler_on_event(&task->handler, i, channel, event, task->context.now));
    switch (event->kind) {
    case CHANNEL_EVENT_END_OF_DATA: on_end_of_data(task, i, channel, event->drain); return;
    case CHANNEL_EVENT_END_OF_PARTITION: on_end_of_partition(task); return;
    case CHANNEL_EVENT_NONE:
    case CHANNEL_EVENT_BARRIER:
    case CHANNEL_EVENT_CANCEL_CHECKPOINT:
    case CHANNEL_EVENT_ANNOUNCEMENT:
    case CHANNEL_EVENT_KIND_COUNT: return; /* the handler's alone */
    }
}

/* A recovered buffer is read. Behind the last one of an input its partitions may be asked for, and
 * behind that of all inputs the task runs (StreamTask.restoreStateAndGates). */
static void see_recovered(struct exec_task *task, uint32_t input)
{
    bool any = false;
    if (task->state != EXEC_RECOVERING || task->inputs[input].gate.recovered.count > 0)
        return;
    if (task->inputs[input].recovers)
        vec_push(&task->facts,
                 (struct task_fact){ .kind = TASK_FACT_INPUT_RECOVERED, .input = input });
    task->inputs[input].recovers = false;
    for (uint32_t i = 0; i < task->config.input_count; i++)
        any |= task->inputs[i].recovers;
    if (!any)
        exec_task_move(task, EXEC_RUNNING);
}

/* As far as the step goes. Bytes that make no sense fail the task: they came from somewhere else.
 */
static void read_on(struct exec_task *task)
{
    struct read_channel of = task->reading_of;
    struct exec_input *input = &task->inputs[of.input];
    struct note note = { { 0 } };
    struct err e = OK;
    task->context.read_input = of.input;
    task->context.read_channel = of.channel;
    do
        read_frame(task, input, &note, &e);
    while (!err_is(e) && frame_reader_has_more(&input->reader) && exec_task_turn_goes_on(task));
    if (err_is(e))
        exec_task_fail(task, CAUSE_USER_CODE, note.text);
    if (!task->context.failed && frame_reader_has_more(&input->reader)) {
        input_gate_hold(&input->gate, of.channel, &input->reader);
        exec_task_gather_in_flight(task);
        return;
    }
    input_gate_recycle(&input->gate, of.channel, &task->reading);
    exec_task_gather_in_flight(task);
    see_recovered(task, of.input);
}

static void begin_buffer(struct exec_task *task, uint32_t i, uint32_t channel,
                         const struct channel_item *item)
{
    struct exec_input *input = &task->inputs[i];
    struct note note = { { 0 } };
    task->reading = *item;
    task->reading_of = (struct read_channel){ i, channel };
    if (barrier_handler_is_pending(&task->handler))
        barrier_handler_add_processed(&task->handler, item->buffer->used);
    if (err_is(frame_reader_open(&input->reader, item->buffer, &note)))
        exec_task_fail(task, CAUSE_USER_CODE, note.text);
    read_on(task);
}

static void take_event(struct exec_task *task, uint32_t i, uint32_t channel,
                       struct channel_item *item)
{
    on_event(task, i, channel, &item->event);
    input_gate_recycle(&task->inputs[i].gate, channel, item);
    exec_task_gather_in_flight(task);
    see_recovered(task, i);
}

/* Inputs take turns (MultipleInputSelectionHandler's default: all, fair), buffer by buffer; what
 * has priority comes between the records of one. */
bool exec_task_read_next(struct exec_task *task, bool priority_only)
{
    if (!priority_only && task->reading.buffer) {
        read_on(task);
        return true;
    }
    for (uint32_t k = 0; k < task->config.input_count; k++) {
        uint32_t i = (task->next_input + k) % task->config.input_count, channel;
        struct input_gate *gate = &task->inputs[i].gate;
        struct channel_item item;
        if (priority_only && !input_gate_has_priority(gate))
            continue;
        if (!input_gate_next(gate, &channel, &item))
            continue;
        task->next_input = (i + 1) % task->config.input_count;
        if (item.buffer)
            begin_buffer(task, i, channel, &item);
        else
            take_event(task, i, channel, &item);
        return true;
    }
    return false;
}
