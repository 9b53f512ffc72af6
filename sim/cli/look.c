/* SPDX-License-Identifier: Apache-2.0
 *
 * Views of the JobManager's roles, the TaskManagers and the data plane. Read only; while a process
 * is down it shows nothing.
 */
#include "sim/cli/look.h"

#include "core/cluster/job_manager.h"
#include "core/cluster/task_executor.h"
#include "core/cluster/view.h"

static const struct job_manager *manager_of(const struct simulation *simulation)
{
    const struct node *node = simulation_job_manager(simulation);
    return node ? node_job_manager(node) : NULL;
}

static struct look_cluster look_cluster(void *context)
{
    const struct node *node = simulation_job_manager(context);
    if (!node)
        return (struct look_cluster){ 0 };
    struct cluster_view view = view_cluster(node);
    return (struct look_cluster){ view.task_managers, view.slots_total, view.slots_free };
}

/* Among the JobManager's jobs; INDEX_NONE: not submitted yet, or no JobManager. */
static uint32_t index_of(const struct simulation *simulation, struct job_id job)
{
    const struct job_manager *manager = manager_of(simulation);
    return manager ? index_map_get(&manager->dispatcher.by_id, job.n) : (uint32_t)INDEX_NONE;
}

static bool look_job(void *context, struct job_id job, struct look_job *out)
{
    const struct job_manager *manager = manager_of(context);
    uint32_t index = index_of(context, job);
    if (index == INDEX_NONE)
        return false;
    struct job_view view = view_job(simulation_job_manager(context), index);
    const struct job_master *master = manager->dispatcher.jobs.items[index].master;
    const struct completed_checkpoint *latest = completed_store_latest(&master->checkpoints.store);
    *out = (struct look_job){ .status = state_name(&job_statuses, view.status),
                              .scheduler = view.scheduler,
                              .scheduler_state = view.scheduler_state,
                              .tasks = view.tasks,
                              .tasks_running = view.tasks_running,
                              .waits_for_slots = view.waits_for_slots,
                              .slots_held = view.slots_held,
                              .slots_wanted = view.slots_wanted,
                              .restarts = view.restarts,
                              .rescales = view.rescales,
                              .submitted_at = view.submitted_at,
                              .ended_at = view.ended_at };
    if (latest) {
        out->checkpoint = latest->id;
        out->checkpoint_bytes = latest->summary.state_bytes + latest->summary.in_flight_bytes;
        out->checkpoint_written_bytes =
            latest->summary.written_bytes + latest->summary.in_flight_bytes;
    }
    return true;
}

static void look_flow(void *context, struct job_id job, struct model_job_view *out)
{
    const struct plane *plane = simulation_plane(context);
    plane->class->view_job(plane->self, job, out);
}

static void look_vertex(void *context, struct job_id job, struct vertex_id vertex,
                        struct model_vertex_view *out)
{
    const struct plane *plane = simulation_plane(context);
    plane->class->view_vertex(plane->self, job, vertex, out);
}

static time_ns look_broken_at(void *context, struct job_id job)
{
    const struct plane *plane = simulation_plane(context);
    return plane->class->broken_at(plane->self, job);
}

static time_ns look_whole_at(void *context, struct job_id job)
{
    const struct plane *plane = simulation_plane(context);
    return plane->class->whole_at(plane->self, job);
}

static bool look_needs(void *context, struct job_id job, struct node_id node)
{
    const struct plane *plane = simulation_plane(context);
    return plane->class->needs(plane->self, job, node);
}

static uint64_t look_break_count(void *context)
{
    const struct plane *plane = simulation_plane(context);
    return plane->class->break_count(plane->self);
}

static struct process_view look_process(void *context, struct node_id node)
{
    return virtual_cluster_process(simulation_cluster(context), node);
}

static bool look_can_talk(void *context, struct node_id a, struct node_id b)
{
    return virtual_cluster_can_talk(simulation_cluster(context), a, b);
}

static struct err look_conservation(void *context, struct note *note)
{
    const struct plane *plane = simulation_plane(context);
    return plane->class->check(plane->self, note);
}

static const char *words_of(const struct simulation *simulation,
                            const struct exception_entry *entry)
{
    const struct plane *plane = simulation_plane(simulation);
    const char *own =
        entry->detail > 0 ? plane->class->failure_text(plane->self, entry->detail) : NULL;
    return own ? own : failure_cause_sentence(entry->cause);
}

static bool each_exception(void *context, struct job_id job, look_at_exception *at,
                           void *at_context)
{
    uint32_t index = index_of(context, job);
    if (index == INDEX_NONE)
        return false;
    const struct exception_history *history =
        view_exceptions(simulation_job_manager(context), index);
    for (VEC_EACH(const struct exception_entry, entry, &history->entries))
        at(at_context, &(struct look_exception){ .at = entry->at,
                                                 .exception = failure_cause_exception(entry->cause),
                                                 .text = words_of(context, entry),
                                                 .vertex = entry->vertex,
                                                 .subtask = entry->subtask,
                                                 .attempt = entry->task.attempt,
                                                 .node = entry->node,
                                                 .remote = entry->remote,
                                                 .is_root = entry->is_root });
    return history->truncated;
}

static struct look_rescale_numbers numbers_of(const char *name, bool is_group,
                                              const struct rescale_numbers *from)
{
    return (struct look_rescale_numbers){ name,         is_group,   from->desired, from->sufficient,
                                          from->before, from->after };
}

static bool is_used(const struct job_graph *graph, size_t group)
{
    for (VEC_EACH(const struct job_vertex, vertex, &graph->vertices))
        if (vertex->group.n == group)
            return true;
    return false;
}

/* Vertices, then the slot sharing groups that any of them is in: there need not be one in
 * "default". */
static struct look_rescale_numbers *numbers_create(const struct rescale_history *history,
                                                   const struct rescale_record *record,
                                                   const struct job_graph *graph, size_t *count)
{
    struct look_rescale_numbers *out =
        mem_create_array(history->vertex_count + history->group_count, sizeof *out);
    *count = 0;
    for (size_t v = 0; v < history->vertex_count; v++)
        out[(*count)++] = numbers_of(graph->vertices.items[v].name, false, &record->vertices[v]);
    for (size_t g = 0; g < history->group_count; g++)
        if (is_used(graph, g))
            out[(*count)++] = numbers_of(graph->groups.items[g].name, true, &record->groups[g]);
    return out;
}

static struct look_rescale_span *spans_of(const struct rescale_record *record)
{
    struct look_rescale_span *out = mem_create_array(record->spans.count, sizeof *out);
    for (size_t i = 0; i < record->spans.count; i++) {
        const struct rescale_span *span = &record->spans.items[i];
        bool failed = span->cause != CAUSE_NONE;
        out[i] = (struct look_rescale_span){ span->state, span->entered_at, span->left_at,
                                             failed ? failure_cause_exception(span->cause) : NULL };
    }
    return out;
}

static void each_rescale(void *context, struct job_id job, look_at_rescale *at, void *at_context)
{
    uint32_t index = index_of(context, job);
    const struct node *manager = simulation_job_manager(context);
    const struct rescale_history *history =
        index == INDEX_NONE ? NULL : view_rescales(manager, index);
    for (size_t i = 0; history && i < history->records.count; i++) {
        const struct rescale_record *record = &history->records.items[i];
        size_t number_count;
        struct look_rescale_numbers *numbers =
            numbers_create(history, record, view_job(manager, index).graph, &number_count);
        struct look_rescale_span *spans = spans_of(record);
        bool open = record->state == RESCALE_IN_PROGRESS;
        struct look_rescale look = { .id = record->id,
                                     .requirements = record->requirements,
                                     .attempt = record->attempt,
                                     .cause = rescale_cause_names[record->cause],
                                     .state = rescale_state_names[record->state],
                                     .reason = open ? NULL : rescale_reason_names[record->reason],
                                     .started_at = record->started_at,
                                     .ended_at = record->ended_at,
                                     .numbers = numbers,
                                     .number_count = number_count,
                                     .spans = spans,
                                     .span_count = record->spans.count };
        at(at_context, &look);
        mem_destroy(numbers);
        mem_destroy(spans);
    }
}

static void each_slot_held(void *context, look_at_slot *at, void *at_context)
{
    const struct job_manager *manager = manager_of(context);
    for (size_t j = 0; manager && j < manager->dispatcher.jobs.count; j++) {
        const struct job_master *master = manager->dispatcher.jobs.items[j].master;
        for (VEC_EACH(const struct pool_slot, slot, &master->pool.slots))
            at(at_context, &(struct look_slot){ master->job, slot->node, slot->slot });
    }
}

static void each_task_scheduled(void *context, look_at_task *at, void *at_context)
{
    const struct job_manager *manager = manager_of(context);
    for (size_t j = 0; manager && j < manager->dispatcher.jobs.count; j++) {
        const struct job_master *master = manager->dispatcher.jobs.items[j].master;
        const struct execution_graph *graph = master->scheduler.graph;
        for (uint32_t t = 0; graph && t < graph->task_count; t++) {
            const struct execution *task = &graph->tasks[t];
            if (task->state == EXECUTION_RUNNING)
                at(at_context,
                   &(struct look_task){ master->job,
                                        execution_graph_attempt(graph, (struct task_id){ t }),
                                        task->node });
        }
    }
}

static void each_task_run(void *context, look_at_task *at, void *at_context)
{
    struct virtual_cluster *cluster = simulation_cluster(context);
    const struct node_id *living;
    size_t count = virtual_cluster_living(cluster, &living);
    for (size_t i = 0; i < count; i++) {
        const struct node *node = virtual_cluster_node(cluster, living[i]);
        if (!node || virtual_cluster_process(cluster, living[i]).kind != NODE_TASK_MANAGER)
            continue;
        const struct task_executor *executor = node_task_executor(node);
        for (VEC_EACH(const struct executor_task, task, &executor->tasks))
            if (task->state == EXECUTION_RUNNING)
                at(at_context, &(struct look_task){ task->job, task->attempt, living[i] });
    }
}

void look_init(struct run_look *look, struct simulation *simulation)
{
    *look = (struct run_look){ .context = simulation,
                               .scenario = simulation_scenario(simulation),
                               .cluster = look_cluster,
                               .job = look_job,
                               .flow = look_flow,
                               .vertex = look_vertex,
                               .broken_at = look_broken_at,
                               .needs = look_needs,
                               .whole_at = look_whole_at,
                               .break_count = look_break_count,
                               .process = look_process,
                               .can_talk = look_can_talk,
                               .conservation = look_conservation,
                               .each_exception = each_exception,
                               .each_rescale = each_rescale,
                               .each_slot_held = each_slot_held,
                               .each_task_scheduled = each_task_scheduled,
                               .each_task_run = each_task_run };
}
