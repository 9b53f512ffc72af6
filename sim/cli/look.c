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

static bool look_job(void *context, struct job_id job, struct look_job *out)
{
    const struct job_manager *manager = manager_of(context);
    uint32_t index =
        manager ? index_map_get(&manager->dispatcher.by_id, job.n) : (uint32_t)INDEX_NONE;
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
                              .slots_held = view.slots_held,
                              .restarts = view.restarts,
                              .rescales = view.rescales,
                              .submitted_at = view.submitted_at,
                              .ended_at = view.ended_at };
    if (latest) {
        out->checkpoint = latest->id;
        out->checkpoint_bytes = latest->summary.state_bytes + latest->summary.in_flight_bytes;
    }
    return true;
}

static void look_flow(void *context, struct job_id job, struct model_job_view *out)
{
    model_view_job(simulation_model(context), job, out);
}

static void look_vertex(void *context, struct job_id job, struct vertex_id vertex,
                        struct model_vertex_view *out)
{
    model_view_vertex(simulation_model(context), job, vertex, out);
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
    return model_check_conservation(simulation_model(context), note);
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
                               .process = look_process,
                               .can_talk = look_can_talk,
                               .conservation = look_conservation,
                               .each_slot_held = each_slot_held,
                               .each_task_scheduled = each_task_scheduled,
                               .each_task_run = each_task_run };
}
