/* SPDX-License-Identifier: Apache-2.0
 *
 * Hosts as the tasks on them see them: known from their first task or fault on, frozen, cut off,
 * gone. What comes due on a frozen one waits until it is resumed.
 */
#include "sim/life/life.h"

void life_init(struct life *life, const struct scenario *scenario, const struct plane_world *world,
               struct sim_queue *queue, const struct life_ops *ops, void *plane)
{
    *life = (struct life){ .scenario = scenario,
                           .world = *world,
                           .queue = queue,
                           .clock = sim_queue_clock(queue),
                           .ops = ops,
                           .plane = plane,
                           .job_count = (uint32_t)scenario->jobs.count };
    life->jobs = mem_create_array(life->job_count, sizeof *life->jobs);
    life->fates = mem_create_array(life->job_count, sizeof *life->fates);
    for (uint32_t j = 0; j < life->job_count; j++)
        life->fates[j] =
            mem_create_array(scenario->jobs.items[j].faults.count, sizeof *life->fates[j]);
}

static void host_fini(struct life_host *host)
{
    vec_fini(&host->tasks);
    vec_fini(&host->restoring);
    vec_fini(&host->held);
    vec_fini(&host->copies);
    shared_bandwidth_destroy(host->disk);
}

void life_fini(struct life *life)
{
    for (uint32_t h = 0; h < life->hosts.count; h++)
        host_fini(life_host(life, h));
    for (uint32_t j = 0; j < life->job_count; j++)
        for (uint32_t v = 0; v < life->jobs[j].vertices.count; v++) {
            vec_fini(&life_vertex(life, j, v)->current);
            vec_fini(&life_vertex(life, j, v)->newest);
            vec_fini(&life_vertex(life, j, v)->lost.by_subtask);
        }
    for (VEC_EACH(struct life_step, step, &life->steps))
        vec_fini(&step->tasks);
    for (VEC_EACH(struct loss, loss, &life->losses)) {
        vec_fini(&loss->readers);
        vec_fini(&loss->tasks);
        vec_fini(&loss->next);
    }
    vec_fini(&life->free_tasks);
    vec_fini(&life->steps);
    vec_fini(&life->losses);
    vec_fini(&life->reports);
    for (uint32_t j = 0; j < life->job_count; j++)
        mem_destroy(life->fates[j]);
    mem_destroy(life->fates);
    mem_destroy(life->jobs);
}

void life_fault_struck(struct life *life, uint32_t job, const struct planned_fault *fault)
{
    life->fates[job][fault - life->scenario->jobs.items[job].faults.items].struck = true;
}

struct fault_fate life_fault_fate(const struct life *life, uint32_t job, size_t fault)
{
    CHECK(fault < life->scenario->jobs.items[job].faults.count);
    return life->fates[job][fault];
}

static void add_host(struct life *life)
{
    life->ops->add_host(life->plane);
    struct life_host *host = life_host(life, life->hosts.count - 1);
    for (int kind = 0; kind < LIFE_KIND_COUNT; kind++)
        host->last_step[kind] = NONE;
}

struct life_host *life_host_at(struct life *life, uint32_t index)
{
    while (life->hosts.count <= index)
        add_host(life);
    struct life_host *host = life_host(life, index);
    if (host->known)
        return host;
    struct process_view view = life->world.process(life->world.context, (struct node_id){ index });
    host->known = true;
    host->machine = view.machine;
    host->speed = view.speed;
    host->cut_off = view.cut_off || view.loss >= 1;
    host->suspect = host->cut_off || view.cut_links > 0;
    life->suspects += host->suspect;
    host->rng = rng_stream(life->scenario->seed, "model host", index);
    life->ops->host_known(life->plane, index, &view);
    return host;
}

bool life_transfer_fails(const struct life *life, enum transfer_way way)
{
    return life->world.transfer_fails && life->world.transfer_fails(life->world.context, way);
}

bool life_hold(struct life *life, uint32_t index, sim_action *action, void *context, uint64_t a,
               uint64_t b)
{
    struct life_host *host = life_host(life, index);
    if (host->frozen)
        vec_push(&host->held, (struct held_event){ action, context, a, b });
    return host->frozen;
}

void life_report_tasks(struct life *life, uint32_t host, uint32_t job)
{
    struct event_data report = { .kind = DATA_TASK_STATES,
                                 .job = { job },
                                 .tasks = life->reports.items,
                                 .task_count = life->reports.count };
    if (report.task_count > 0)
        life->world.report(life->world.context, (struct node_id){ host }, &report);
    vec_clear(&life->reports);
}

bool life_can_talk(const struct life *life, uint32_t a, uint32_t b)
{
    const struct life_host *x = life_host(life, a), *y = life_host(life, b);
    if (a == b || (!x->suspect && !y->suspect))
        return true;
    if (x->cut_off || y->cut_off)
        return false;
    return !life->world.can_talk ||
           life->world.can_talk(life->world.context, (struct node_id){ a }, (struct node_id){ b });
}

static void set_cut_off(struct life *life, struct life_host *host, bool cut_off)
{
    if (host->cut_off == cut_off)
        return;
    for (VEC_EACH(const uint32_t, task, &host->tasks))
        loss_count_place(life, *task, -1);
    host->cut_off = cut_off;
    for (VEC_EACH(const uint32_t, task, &host->tasks))
        loss_count_place(life, *task, 1);
}

void life_host_changed(struct life *life, uint32_t index, const struct process_view *view)
{
    struct life_host *host = life_host(life, index);
    host->speed = view->speed;
    life->suspects -= host->suspect;
    set_cut_off(life, host, view->cut_off || view->loss >= 1);
    host->suspect = host->cut_off || view->cut_links > 0;
    life->suspects += host->suspect;
}

bool life_process_frozen(struct life *life, uint32_t index, bool frozen)
{
    struct life_host *host = life_host(life, index);
    if (host->frozen == frozen)
        return false;
    host->frozen = frozen;
    if (frozen)
        return true;
    for (VEC_EACH(const struct held_event, held, &host->held))
        sim_queue_push(life->queue, life_now(life), SIM_CLASS_DATA, held->action, held->context,
                       held->a, held->b);
    vec_clear(&host->held);
    return true;
}

/* Its tasks go with it, whatever they do; readers notice later. */
void life_process_ended(struct life *life, uint32_t index)
{
    struct life_host *host = life_host(life, index);
    life->suspects -= host->suspect;
    set_cut_off(life, host, false);
    host->suspect = false;
    loss_of_process(life, index);
    for (size_t i = host->restoring.count; i-- > 0;)
        life_step_release(life, host->restoring.items[i]);
    while (host->tasks.count > 0)
        task_lose(life, vec_last(&host->tasks));
    vec_clear(&host->held);
    vec_clear(&host->copies);
    host->gone = true;
}

bool life_has_task(const struct life *life, uint32_t job, uint32_t vertex, uint32_t subtask)
{
    const struct life_vertex *v = life_vertex(life, job, vertex);
    return subtask < v->current.count && v->current.items[subtask] != NONE &&
           task_is_up(life_task(life, v->current.items[subtask]));
}
