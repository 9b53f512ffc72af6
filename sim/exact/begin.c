/* SPDX-License-Identifier: Apache-2.0
 *
 * What it takes for a task to run: its operators, its channels by the edges of the graph, and its
 * state from the files of the checkpoint that it was told to restore.
 */
#include "core/base/text.h"
#include "sim/exact/parts.h"
#include "sim/kernel/guard.h"

/* How long a task goes on before it looks at its mail, on a core of its own: Flink's does behind
 * each record. As long as the logs' tick: with 5 ms a run of 64 slots takes a tenth more processor
 * time, with 2 ms half more, and barriers of fault-kill take as long with 5 as with 10 or 20. */
#define STEP_COST_MAX (10 * TIME_MS)

enum {
    OVERDRAFT_MAX = 4096,
    SAME_JOB = 1, /* a job may start from another one's snapshot: operators say what is whose */
};

/* Are all whom it reads from and writes to of the same graph? Their parallelism says how many
 * channels there are. */
static bool knows_neighbours(const struct exact_job *job, const struct exact_task *task)
{
    const struct job_graph *graph = job->spec->graph;
    const struct job_vertex *vertex = &graph->vertices.items[task->life.vertex];
    for (VEC_EACH(const uint32_t, e, &vertex->inputs))
        if (job->vertices[graph->edges.items[*e].producer.n].life.graph != task->life.attempt.graph)
            return false;
    for (VEC_EACH(const uint32_t, e, &vertex->outputs))
        if (job->vertices[graph->edges.items[*e].consumer.n].life.graph != task->life.attempt.graph)
            return false;
    return true;
}

static struct exec_input_config input_of(const struct exact_job *job, const struct exact_task *task,
                                         uint32_t edge)
{
    const struct config *config = &job->spec->graph->config;
    struct subtask_range from = edge_producers_of(&job->plan, edge, task->life.subtask);
    return (struct exec_input_config){
        .gate = { .channels = from.last - from.first + 1,
                  .exclusive = (uint32_t)config->buffers_per_channel,
                  .floating = (uint32_t)config->buffers_per_gate },
        .layout = program_edge_layout(job->spec, edge),
        .serializer = program_edge_serializer(job->spec, edge),
        .buffer_size = (uint32_t)config->buffer_size,
        .head_input = program_edge_input(job->spec, edge),
        .partitioner = job->spec->graph->edges.items[edge].partitioner,
        .route = program_edge_route(job->spec, edge),
    };
}

static struct task_output_config output_of(const struct exact *exact, const struct exact_job *job,
                                           const struct exact_task *task, uint32_t edge)
{
    const struct job_graph *graph = job->spec->graph;
    const struct job_edge *of = &graph->edges.items[edge];
    struct subtask_range to = edge_consumers_of(&job->plan, edge, task->life.subtask);
    uint32_t count = to.last - to.first + 1;
    return (struct task_output_config){
        .partition = { .layout = program_edge_layout(job->spec, edge),
                       .partitioner = of->partitioner,
                       .subpartitions = count,
                       .max_parallelism = (int32_t)job->vertices[of->consumer.n].groups,
                       .buffer_size = (uint32_t)graph->config.buffer_size,
                       .buffers = config_output_buffers(&graph->config, count),
                       .per_channel_max = CONFIG_CHANNEL_BUFFERS_MAX,
                       .overdraft_max = OVERDRAFT_MAX,
                       .unaligned_supported = job_graph_is_overtaken(graph, of->consumer),
                       .seed = exact->scenario->seed,
                       .number = (uint64_t)edge << 32 | task->life.subtask },
        .serializer = program_edge_serializer(job->spec, edge),
        .route = program_edge_route(job->spec, edge),
    };
}

static time_ns buffer_timeout(const struct config *config)
{
    return config->buffer_timeout_enabled ? config->buffer_timeout : TIME_NEVER;
}

static bool awaits_checkpoint(const struct config *config)
{
    return config->checkpoint_after_finish && config_has_checkpoints(config);
}

static enum barrier_mode barrier_mode_of(const struct config *config)
{
    if (config->checkpoint_mode != CHECKPOINT_MODE_EXACTLY_ONCE)
        return BARRIER_MODE_AT_LEAST_ONCE;
    return config->checkpoint_unaligned ? BARRIER_MODE_ALTERNATING : BARRIER_MODE_ALIGNED;
}

static void add_channels(struct exact_task *task, const struct exec_input_config *inputs,
                         uint32_t input_count, const struct task_output_config *outputs,
                         uint32_t output_count)
{
    vec_clear(&task->inputs);
    vec_clear(&task->outputs);
    vec_clear(&task->first_input);
    vec_clear(&task->first_output);
    vec_clear(&task->asks);
    vec_clear(&task->kept);
    for (uint32_t i = 0; i < input_count; i++) {
        vec_push(&task->first_input, (uint32_t)task->inputs.count);
        for (uint32_t c = 0; c < inputs[i].gate.channels; c++)
            vec_push(&task->inputs, NONE);
    }
    vec_resize(&task->asks, input_count);
    vec_resize(&task->kept, task->inputs.count);
    for (uint32_t o = 0; o < output_count; o++) {
        vec_push(&task->first_output, (uint32_t)task->outputs.count);
        for (uint32_t s = 0; s < outputs[o].partition.subpartitions; s++)
            vec_push(&task->outputs, NONE);
    }
}

/* The checkpoint that it is restored from; null: none, or it is not there. */
static const struct exact_cut *cut_of(struct exact_job *job, const struct exact_task *task)
{
    return stored_cut_find(job, task->life.restore_checkpoint);
}

static struct exec_task *create(struct exact *exact, struct exact_task *task, struct note *note)
{
    struct exact_job *job = &exact->jobs[task->life.job];
    struct exact_vertex *vertex = &exact->jobs[task->life.job].vertices[task->life.vertex];
    const struct job_vertex *v = &job->spec->graph->vertices.items[task->life.vertex];
    const struct config *config = &job->spec->graph->config;
    struct exec_input_config *inputs = mem_create_array(v->inputs.count, sizeof *inputs);
    struct task_output_config *outputs = mem_create_array(v->outputs.count, sizeof *outputs);
    for (size_t i = 0; i < v->inputs.count; i++)
        inputs[i] = input_of(job, task, v->inputs.items[i]);
    for (size_t o = 0; o < v->outputs.count; o++)
        outputs[o] = output_of(exact, job, task, v->outputs.items[o]);
    const struct exact_cut *cut = cut_of(job, task);
    struct exec_task_config own = {
        .identity = { SAME_JOB, vertex->program.operators[0].id, task->life.subtask,
                      task->life.parallelism, (int32_t)vertex->groups,
                      task->life.restore_checkpoint },
        .groups = key_group_range_of((int32_t)task->life.subtask, (int32_t)task->life.parallelism,
                                     (int32_t)vertex->groups),
        .operators = vertex->program.operators,
        .operator_count = vertex->program.count,
        .inputs = inputs,
        .input_count = (uint32_t)v->inputs.count,
        .outputs = outputs,
        .bindings = vertex->program.bindings.items,
        .output_count = (uint32_t)v->outputs.count,
        .barriers = barrier_mode_of(config),
        .finishes_behind_checkpoint = awaits_checkpoint(config),
        .awaits_first = job_source_awaits_first(job->spec, task->life.vertex),
        .awaits_readers = config_has_checkpoints(config),
        .readers_recover = true,
        .keyed_on_disk = local_has_state(job->spec),
        .incremental = config_is_incremental(config),
        .is_new = cut && cut->vertices[task->life.vertex].is_new,
        .builds_on_restored = cut && !cut->no_base,
        .buffer_timeout = buffer_timeout(config),
        .seed = exact->scenario->seed,
        .call_cost_max = config->call_cost_max,
        .step_cost_max = STEP_COST_MAX,
        .record_wait = (time_ns)job->vertices[task->life.vertex].spec->wait_ns,
        .leave = run_leave_step,
        .world = exact,
        .probe = trace_begin(exact, (uint32_t)(task - exact->tasks.items)),
    };
    struct exec_task *exec = exec_task_create(&own, note);
    add_channels(task, inputs, own.input_count, outputs, own.output_count);
    mem_destroy(inputs);
    mem_destroy(outputs);
    return exec;
}

static uint32_t output_of_edge(const struct job_graph *graph, uint32_t edge)
{
    const struct job_vertex *producer = &graph->vertices.items[graph->edges.items[edge].producer.n];
    uint32_t output = 0;
    while (producer->outputs.items[output] != edge)
        output++;
    return output;
}

struct file_list {
    struct task_snapshot_file *items;
    size_t count, capacity;
};

static void add_files(struct file_list *list, struct stored_file *const *files, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!files[i]->removed)
            vec_push(list, files[i]->file);
}

/* The files of those that write to it, where they are of another number now; the caller destroys
 * the list when it is open. */
static struct file_list tell_writers(const struct exact_job *job, struct exact_task *task,
                                     const struct exact_cut *cut)
{
    const struct job_graph *graph = job->spec->graph;
    const struct job_vertex *vertex = &graph->vertices.items[task->life.vertex];
    struct file_list list = { 0 };
    size_t most = 0, used = 0;
    for (VEC_EACH(const uint32_t, e, &vertex->inputs))
        most += cut->vertices[graph->edges.items[*e].producer.n].own.count;
    vec_reserve(&list, most); /* pointed into */
    for (uint32_t i = 0; i < vertex->inputs.count; i++) {
        uint32_t edge = vertex->inputs.items[i], from = graph->edges.items[edge].producer.n;
        struct in_flight_writers writers = { .output = output_of_edge(graph, edge),
                                             .parallelism = job->vertices[from].parallelism };
        for (VEC_EACH(struct stored_file *, file, &cut->vertices[from].own))
            if ((*file)->file.identity.parallelism != writers.parallelism)
                vec_push(&list, (*file)->file);
        writers.files = list.items + used;
        writers.count = list.count - used;
        used = list.count;
        exec_task_set_writers(task->exec, i, &writers);
    }
    return list;
}

static void open_from(struct exact *exact, struct exact_task *task, const struct exact_cut *cut)
{
    const struct exact_job *job = &exact->jobs[task->life.job];
    const struct cut_vertex *vertex = &cut->vertices[task->life.vertex];
    struct file_list own = { 0 }, older = { 0 }, written = tell_writers(job, task, cut);
    add_files(&own, vertex->own.items, vertex->own.count);
    add_files(&older, vertex->older.items, vertex->older.count);
    task->records_before = files_records(vertex, task->life.subtask, task->life.parallelism);
    exec_task_set_older(task->exec, older.items, older.count);
    exec_task_open(task->exec, own.items, own.count, exact_now(exact));
    vec_fini(&own);
    vec_fini(&older);
    vec_fini(&written);
}

/* From the files of its vertex in the checkpoint, one for each old subtask, and those that these
 * add to. */
static void open(struct exact *exact, struct exact_task *task)
{
    struct exact_job *job = &exact->jobs[task->life.job];
    uint64_t checkpoint = task->life.restore_checkpoint;
    struct exact_cut *cut = checkpoint > 0 ? stored_cut_find(job, checkpoint) : NULL;
    if (checkpoint == 0) {
        exec_task_open(task->exec, NULL, 0, exact_now(exact));
    } else if (!cut) {
        exec_task_fail(task->exec, CAUSE_RESTORE, "the checkpoint is not there");
    } else {
        if (!cut->completed)
            stored_cut_complete(job, cut);
        open_from(exact, task, stored_cut_find(job, checkpoint));
    }
}

enum life_begun task_begin(struct exact *exact, uint32_t index)
{
    struct exact_task *task = &exact->tasks.items[index];
    struct exact_job *job = &exact->jobs[task->life.job];
    struct note note = { { 0 } };
    if (!task->life.current)
        return LIFE_BEGUN_NOT; /* it waits to be cancelled */
    if (!knows_neighbours(job, task))
        return LIFE_BEGUN_LATER;
    task->exec = create(exact, task, &note);
    if (!task->exec) {
        exact_fail_as(exact, index, CAUSE_USER_CODE, note.text);
        return LIFE_BEGUN_NOT;
    }
    guard_enter(task_put_call, task);
    open(exact, task);
    guard_leave();
    if (exec_task_state(task->exec) == EXEC_RUNNING)
        return LIFE_BEGUN;
    if (exec_task_state(task->exec) == EXEC_RECOVERING)
        return LIFE_BEGUN_RECOVERS;
    const char *text;
    exec_task_cause(task->exec, &text);
    /* What a program has changed about its state is its own affair. */
    if (job->wrong[0] == '\0' && !job->spec->program)
        text_format(job->wrong, sizeof job->wrong, "checkpoint %llu cannot be restored: %s",
                    (unsigned long long)task->life.restore_checkpoint, text);
    exact_fail(exact, index);
    return LIFE_BEGUN_NOT;
}

void task_running(struct exact *exact, uint32_t index)
{
    struct exact_task *task = &exact->tasks.items[index];
    struct exact_vertex *vertex = &exact->jobs[task->life.job].vertices[task->life.vertex];
    task->runs = true;
    task->since = exact_now(exact);
    vertex->running++;
    if (job_graph_is_source(exact->jobs[task->life.job].spec->graph,
                            (struct vertex_id){ task->life.vertex }))
        source_hold(exact, index);
    if (vertex->source != NONE)
        run_begin_paced(exact, index);
    job_count_running(exact, task->life.job, false);
    debloat_begin(exact, index);
}

void task_steps(struct exact *exact, uint32_t index)
{
    struct exact_task *task = &exact->tasks.items[index];
    task->last = STEP_NOTHING;
    task->pace = PACE_ASLEEP;
    for (uint32_t i = 0; i < task->asks.count; i++)
        task->asks.items[i] = exec_task_gate(task->exec, i)->recovered.count == 0;
    wires_connect(exact, index);
    run_wake(exact, index);
}

void task_input_recovered(struct exact *exact, uint32_t index, uint32_t input)
{
    struct exact_task *task = &exact->tasks.items[index];
    task->asks.items[input] = true;
    wires_connect(exact, index);
    for (VEC_EACH(const bool, asks, &task->asks))
        if (!*asks)
            return;
    task_recovered(&exact->life, index);
}

struct fault_fate exact_fault_fate(const struct exact *exact, struct job_id job, size_t fault)
{
    return life_fault_fate(&exact->life, job.n, fault);
}
