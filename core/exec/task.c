/* SPDX-License-Identifier: Apache-2.0
 *
 * A task's life and its mailbox: what the next step is.
 */
#include "core/exec/task.h"

#include "core/base/text.h"
#include "core/exec/state_budget.h"
#include "core/exec/task_parts.h"

static const struct state_row rows[EXEC_STATE_COUNT] = {
    [EXEC_INITIALIZING] = { "INITIALIZING",
                            STATE(EXEC_RECOVERING) | STATE(EXEC_RUNNING) | STATE(EXEC_FAILED) |
                                STATE(EXEC_CANCELED),
                            STATE_INITIAL },
    [EXEC_RECOVERING] = { "RECOVERING",
                          STATE(EXEC_RUNNING) | STATE(EXEC_FAILED) | STATE(EXEC_CANCELED), 0 },
    [EXEC_RUNNING] = { "RUNNING", STATE(EXEC_AT_END) | STATE(EXEC_FAILED) | STATE(EXEC_CANCELED),
                       0 },
    [EXEC_AT_END] = { "AT_END", STATE(EXEC_FINISHED) | STATE(EXEC_FAILED) | STATE(EXEC_CANCELED),
                      0 },
    [EXEC_FINISHED] = { "FINISHED", 0, STATE_FINAL },
    [EXEC_FAILED] = { "FAILED", 0, STATE_FINAL | STATE_FAILURE },
    [EXEC_CANCELED] = { "CANCELED", 0, STATE_FINAL },
};
const struct state_table exec_task_states = { "task", rows, EXEC_STATE_COUNT };

void exec_task_move(struct exec_task *task, enum exec_task_state to)
{
    machine_check_move(&exec_task_states, task->state, to);
    task->state = to;
}

void exec_task_tell(struct exec_task *task, enum task_fact_kind kind, uint64_t checkpoint,
                    enum barrier_abort_reason reason)
{
    vec_push(&task->facts,
             (struct task_fact){ .kind = kind, .checkpoint = checkpoint, .reason = reason });
}

bool exec_task_take_fact(struct exec_task *task, struct task_fact *out)
{
    if (task->first_fact == task->facts.count)
        return false;
    *out = task->facts.items[task->first_fact++];
    if (task->first_fact == task->facts.count) {
        vec_clear(&task->facts);
        task->first_fact = 0;
    }
    return true;
}

static void init_inputs(struct exec_task *task)
{
    const struct exec_task_config *config = &task->config;
    task->inputs = mem_create_array(config->input_count, sizeof *task->inputs);
    task->gates = mem_create_array(config->input_count, sizeof(struct input_gate *));
    for (uint32_t i = 0; i < config->input_count; i++) {
        const struct exec_input_config *from = &config->inputs[i];
        struct exec_input *input = &task->inputs[i];
        input_gate_init(&input->gate, &from->gate);
        frame_reader_init(&input->reader, from->layout, from->buffer_size);
        input->serializer = from->serializer;
        input->head_input = from->head_input;
        input->partitioner = from->partitioner;
        input->route = from->route;
        input->buffer_size = from->buffer_size;
        task->open_channels += from->gate.channels;
        task->gates[i] = &input->gate;
    }
    task->open_inputs = config->input_count;
    exec_task_init_watermarks(task);
    if (config->input_count > 0)
        barrier_handler_init(&task->handler, config->barriers, config->finishes_behind_checkpoint,
                             task->gates, config->input_count);
}

/* Those that are there already are undone when one is refused. */
static MUST_CHECK struct err init_outputs(struct exec_task *task, struct note *note)
{
    const struct exec_task_config *config = &task->config;
    task->outputs = mem_create_array(config->output_count, sizeof *task->outputs);
    for (uint32_t i = 0; i < config->output_count; i++) {
        struct err e = task_output_init(&task->outputs[i], &config->outputs[i], note);
        if (!err_is(e))
            continue;
        while (i-- > 0)
            task_output_fini(&task->outputs[i]);
        mem_destroy(task->outputs);
        return e;
    }
    return OK;
}

struct exec_task *exec_task_create(const struct exec_task_config *config, struct note *note)
{
    struct exec_task *task = mem_create(sizeof *task);
    task->config = *config;
    if (err_is(init_outputs(task, note))) {
        mem_destroy(task);
        return NULL;
    }
    init_inputs(task);
    task->config.inputs = NULL; /* the caller's, for the call */
    task->config.outputs = NULL;
    task->flush_at = TIME_NEVER;
    task->waits = config->awaits_first;
    task->drains = config->input_count > 0;
    for (uint32_t i = 0; config->awaits_readers && i < config->output_count; i++)
        task->unread += task->outputs[i].partition.config.subpartitions;
    task->states = (struct state_registry){ .task = config->identity,
                                            .groups = config->groups,
                                            .on_disk = config->keyed_on_disk,
                                            .incremental = config->incremental,
                                            .builds_on_restored = config->builds_on_restored };
    task->context =
        (struct operator_task){ .subtask = config->identity.subtask,
                                .probe = config->probe,
                                .epoch = config->identity.checkpoint,
                                .parallelism = config->identity.parallelism,
                                .max_parallelism = config->identity.max_parallelism,
                                .groups = config->groups,
                                .seed = config->seed,
                                .watermark_bound = WATERMARK_MAX,
                                .source_watermark = WATERMARK_NONE,
                                .ends_without_checkpoint = !config->finishes_behind_checkpoint,
                                .call_cost_max =
                                    config->call_cost_max > 0 ? config->call_cost_max : TIME_NEVER,
                                .leave = config->leave,
                                .world = config->world,
                                .states = &task->states };
    chain_init(&task->chain, &task->context, config->operators, config->operator_count,
               task->outputs, config->bindings, config->output_count);
    exec_task_turn_init(task);
    return task;
}

void exec_task_destroy(struct exec_task *task)
{
    chain_close(&task->chain);
    for (VEC_EACH(struct snapshot_work *, work, &task->snapshots))
        snapshot_work_destroy(*work);
    vec_fini(&task->snapshots);
    vec_fini(&task->aborted);
    chain_fini(&task->chain);
    state_registry_fini(&task->states);
    if (task->config.input_count > 0)
        barrier_handler_fini(&task->handler);
    for (uint32_t i = 0; i < task->config.input_count; i++) {
        frame_reader_fini(&task->inputs[i].reader);
        input_gate_fini(&task->inputs[i].gate);
    }
    if (task->reading.buffer)
        buffer_release(task->reading.buffer);
    for (uint32_t i = 0; i < task->config.output_count; i++)
        task_output_fini(&task->outputs[i]);
    input_watermarks_fini(&task->watermarks);
    mem_destroy(task->inputs);
    mem_destroy(task->gates);
    mem_destroy(task->outputs);
    vec_fini(&task->read);
    vec_fini(&task->mails);
    vec_fini(&task->facts);
    mem_destroy(task);
}

struct input_gate *exec_task_gate(struct exec_task *task, uint32_t input)
{
    CHECK(input < task->config.input_count);
    return &task->inputs[input].gate;
}

struct result_partition *exec_task_output(struct exec_task *task, uint32_t output)
{
    CHECK(output < task->config.output_count);
    return &task->outputs[output].partition;
}

void exec_task_set_arrived(struct exec_task *task, uint64_t records, bool ended)
{
    CHECK(records >= task->context.arrived);
    task->context.arrived = records;
    task->context.log_ended = ended;
}

void exec_task_set_state_bytes_max(struct exec_task *task, uint64_t bytes)
{
    task->states.bytes_max = bytes;
}

void exec_task_set_watermark_bound(struct exec_task *task, int64_t bound)
{
    task->context.watermark_bound = bound;
}

bool exec_task_waits(const struct exec_task *task)
{
    return task->waits;
}

int64_t exec_task_source_watermark(const struct exec_task *task)
{
    return task->context.source_watermark;
}

bool exec_task_take_read(struct exec_task *task, uint32_t *input, uint32_t *channel)
{
    if (task->first_read == task->read.count)
        return false;
    *input = task->read.items[task->first_read].input;
    *channel = task->read.items[task->first_read++].channel;
    if (task->first_read == task->read.count) {
        vec_clear(&task->read);
        task->first_read = 0;
    }
    return true;
}

void exec_task_data_is_read(struct exec_task *task, uint32_t output, uint32_t channel)
{
    CHECK(output < task->config.output_count);
    CHECK(channel < task->outputs[output].partition.config.subpartitions);
    CHECK(task->unread > 0 || !task->config.awaits_readers);
    if (task->config.awaits_readers)
        task->unread--;
}

static bool is_live(const struct exec_task *task)
{
    return !state_is_final(&exec_task_states, task->state);
}

/* Of an operator that failed, once the call is over that it failed in. */
static void see_failure(struct exec_task *task)
{
    if (!task->context.failed || !is_live(task))
        return;
    exec_task_move(task, EXEC_FAILED);
    exec_task_tell(task, TASK_FACT_FAILED, 0, 0);
}

void exec_task_fail(struct exec_task *task, enum failure_cause cause, const char *text)
{
    if (!is_live(task))
        return;
    if (!task->context.failed) {
        task->context.failed = true;
        task->context.cause = cause;
        text_format(task->context.note.text, sizeof task->context.note.text, "%s", text);
    }
    see_failure(task);
}

void exec_task_cancel(struct exec_task *task)
{
    if (is_live(task))
        exec_task_move(task, EXEC_CANCELED);
}

static void add_mail(struct exec_task *task, const struct mail *mail)
{
    if (is_live(task))
        vec_push(&task->mails, *mail);
}

void exec_task_trigger_checkpoint(struct exec_task *task, const struct checkpoint_barrier *barrier,
                                  bool ends_input)
{
    if (task->state == EXEC_FINISHED)
        exec_task_tell(task, TASK_FACT_DECLINED, (uint64_t)barrier->id, BARRIER_ABORT_TASK_CLOSING);
    add_mail(task, &(struct mail){ MAIL_TRIGGER, *barrier, ends_input });
}

void exec_task_checkpoint_complete(struct exec_task *task, uint64_t checkpoint)
{
    add_mail(task, &(struct mail){ MAIL_COMPLETE, { .id = (int64_t)checkpoint }, false });
}

void exec_task_checkpoint_aborted(struct exec_task *task, uint64_t checkpoint)
{
    add_mail(task, &(struct mail){ MAIL_ABORTED, { .id = (int64_t)checkpoint }, false });
}

/* A task in the middle of the graph is triggered only when all before it have finished. Their last
 * events may be on the way still: as if a barrier had come on each of those channels
 * (StreamTask.triggerUnfinishedChannelsCheckpoint). */
static void trigger_open_channels(struct exec_task *task, const struct checkpoint_barrier *barrier)
{
    struct channel_event event = { .kind = CHANNEL_EVENT_BARRIER, .barrier = *barrier };
    for (uint32_t i = 0; i < task->config.input_count; i++)
        for (uint32_t c = 0; c < task->inputs[i].gate.config.channels; c++)
            if (!task->inputs[i].gate.channels[c].ended)
                exec_task_on_barrier(task, barrier_handler_on_event(&task->handler, i, c, &event,
                                                                    task->context.now));
}

static void on_trigger(struct exec_task *task, const struct mail *mail)
{
    task->waits = false;
    if ((uint64_t)mail->barrier.id <= task->last_snapshot)
        return; /* an older one: it is not waited for any more */
    if (task->open_channels > 0) {
        trigger_open_channels(task, &mail->barrier);
        return;
    }
    if (mail->barrier.kind == CHECKPOINT_STOP_DRAIN && mail->ends_input && !task->data_ended &&
        !exec_task_is_aborted(task, (uint64_t)mail->barrier.id)) {
        task->drains = true;
        task->stops_behind = (uint64_t)mail->barrier.id;
        exec_task_end_data(task);
    }
    exec_task_snapshot_now(task, &mail->barrier);
}

static void take_mail(struct exec_task *task)
{
    struct mail mail = task->mails.items[task->first_mail++];
    if (task->first_mail == task->mails.count) {
        vec_clear(&task->mails);
        task->first_mail = 0;
    }
    switch (mail.kind) {
    case MAIL_TRIGGER: on_trigger(task, &mail); return;
    case MAIL_COMPLETE: exec_task_on_complete(task, (uint64_t)mail.barrier.id); return;
    case MAIL_ABORTED: exec_task_drop_snapshot(task, (uint64_t)mail.barrier.id); return;
    }
    IMPOSSIBLE("kind of mail");
}

static time_ns earlier(time_ns a, time_ns b)
{
    return a < b ? a : b;
}

/* What operators do in their time they write, so it waits for room as input does. Behind the last
 * snapshot nobody hears of the time any more (TimerService.quiesce). */
static time_ns operators_deadline(const struct exec_task *task)
{
    bool works = task->state == EXEC_RECOVERING || task->state == EXEC_RUNNING;
    bool can = works && task->final == 0 && exec_task_has_room(task);
    return can ? chain_deadline(&task->chain) : TIME_NEVER;
}

static time_ns own_deadline(const struct exec_task *task)
{
    time_ns at = task->flush_at;
    if (task->config.input_count > 0)
        at = earlier(at, barrier_handler_deadline(&task->handler));
    for (uint32_t i = 0; i < task->config.output_count; i++)
        at = earlier(at, result_partition_deadline(&task->outputs[i].partition));
    return at;
}

time_ns exec_task_deadline(const struct exec_task *task)
{
    return is_live(task) ? earlier(own_deadline(task), operators_deadline(task)) : TIME_NEVER;
}

/* What was written is to go out within the time-out, or at once. */
static void plan_flush(struct exec_task *task)
{
    time_ns timeout = task->config.buffer_timeout;
    if (timeout == 0)
        chain_flush(&task->chain);
    else if (task->flush_at == TIME_NEVER)
        task->flush_at = time_add(task->context.now, timeout);
}

/* What waited for operators that were pending: the end of the data, and a savepoint that stops. */
static void end_waiting(struct exec_task *task)
{
    struct checkpoint_barrier held = task->held;
    if (!task->ends_later)
        return;
    exec_task_end_data(task);
    if (task->ends_later || task->context.failed || !is_live(task))
        return;
    task->held = (struct checkpoint_barrier){ 0 };
    if ((uint64_t)held.id > task->last_snapshot) /* else there is none, or it is outrun */
        exec_task_snapshot_now(task, &held);
}

static bool meet_operators(struct exec_task *task, time_ns now)
{
    if (operators_deadline(task) > now)
        return false;
    chain_on_time(&task->chain, now);
    plan_flush(task);
    end_waiting(task);
    return true;
}

static bool meet_deadlines(struct exec_task *task, time_ns now)
{
    if (own_deadline(task) > now)
        return false;
    if (task->flush_at <= now) {
        task->flush_at = TIME_NEVER;
        chain_flush(&task->chain);
    }
    if (task->config.input_count > 0 && barrier_handler_deadline(&task->handler) <= now)
        exec_task_on_barrier(task, barrier_handler_on_time(&task->handler, now));
    for (uint32_t i = 0; i < task->config.output_count; i++)
        if (result_partition_deadline(&task->outputs[i].partition) <= now)
            result_partition_time_out(&task->outputs[i].partition, now);
    exec_task_gather_in_flight(task);
    return true;
}

static enum exec_step_kind work(struct exec_task *task)
{
    bool is_source = task->config.input_count == 0;
    if (task->first_mail < task->mails.count) {
        take_mail(task);
        return STEP_WORKED;
    }
    if (task->ends && task->state == EXEC_AT_END && task->unread == 0 && task->open_channels == 0) {
        exec_task_finish(task);
        return STEP_WORKED;
    }
    if (meet_deadlines(task, task->context.now))
        return STEP_WORKED;
    if (!is_source && exec_task_read_next(task, true))
        return STEP_WORKED;
    if (!exec_task_has_room(task))
        return STEP_BACKPRESSURED;
    if (meet_operators(task, task->context.now))
        return STEP_WORKED;
    if (!chain_has_room(&task->chain))
        return STEP_BACKPRESSURED;
    if (is_source &&
        (task->waits || task->stops_behind > 0 || task->ends_later || task->state == EXEC_AT_END))
        return STEP_NOTHING;
    if (!(is_source ? exec_task_poll_source(task) : exec_task_read_next(task, false)))
        return STEP_NOTHING;
    plan_flush(task);
    return STEP_WORKED;
}

struct exec_step exec_task_step(struct exec_task *task, time_ns now)
{
    struct exec_step step = { .kind = STEP_NOTHING };
    if (!is_live(task) || task->state == EXEC_INITIALIZING)
        return step;
    task->context.now = now;
    task->context.cost = 0;
    task->turn.taken = 0;
    chain_resume(&task->chain);
    step.kind = work(task);
    chain_pause(&task->chain);
    state_budget_check(&task->context);
    step.cost = task->context.cost;
    step.written = task->context.written; /* also while it was opened */
    step.awaits_writes = task->context.awaits_writes;
    task->context.written = 0;
    task->context.awaits_writes = false;
    see_failure(task);
    return step;
}

struct exec_step exec_task_left(struct exec_task *task)
{
    CHECK(task->context.failed);
    see_failure(task);
    return (struct exec_step){ .kind = STEP_WORKED, .cost = task->context.cost };
}
