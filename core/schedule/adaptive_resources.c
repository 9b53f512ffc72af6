/* SPDX-License-Identifier: Apache-2.0
 *
 * What the adaptive scheduler may want, can get and takes: bounds of the vertices, the parallelism
 * that follows from slots, and the execution graph on reserved slots. Source: AdaptiveScheduler
 * (hasDesiredResources, computeReactiveModeVertexParallelismStore), SlotSharingSlotAllocator.
 */
#include "core/schedule/adaptive_scheduler.h"

static size_t vertex_count(const struct scheduler *s)
{
    return s->parts.job->vertices.count;
}

/* In reactive mode every vertex may become as parallel as it ever can. The max parallelism is
 * fixed here for all graphs to come. */
void adaptive_resources_init(struct scheduler *s)
{
    struct adaptive_scheduler *own = s->own.adaptive;
    const struct job_graph *job = s->parts.job;
    size_t count = vertex_count(s);
    own->bounds = mem_create_array(count, sizeof *own->bounds);
    own->max_parallelism = mem_create_array(count, sizeof *own->max_parallelism);
    own->planned = mem_create_array(count, sizeof *own->planned);
    own->attempts = mem_create_array(count, sizeof *own->attempts);
    own->reactive = s->parts.config->scheduler_mode == SCHEDULER_MODE_REACTIVE;
    own->application_mode = own->reactive || s->parts.config->execution_target == TARGET_EMBEDDED;
    for (uint32_t v = 0; v < count; v++) {
        int32_t most = job_graph_max_parallelism(job, (struct vertex_id){ v });
        own->max_parallelism[v] = most;
        own->bounds[v].lower = 1;
        own->bounds[v].upper = own->reactive ? most : job->vertices.items[v].parallelism;
    }
}

void adaptive_resources_fini(struct adaptive_scheduler *own, size_t vertices)
{
    for (size_t v = 0; v < vertices; v++)
        vec_fini(&own->attempts[v].numbers);
    mem_destroy(own->attempts);
    mem_destroy(own->bounds);
    mem_destroy(own->max_parallelism);
    mem_destroy(own->planned);
}

/* Sum over slot sharing groups of the largest upper bound: what the job would run with at best. */
uint32_t adaptive_desired_slots(const struct scheduler *s)
{
    return slot_sharing_required(s->parts.job, s->own.adaptive->bounds, false);
}

/* One row of unknown profile: any slot will do, whatever the groups say (SlotSharingSlotAllocator).
 */
void adaptive_declare(struct scheduler *s)
{
    struct requirements required = { 0 };
    vec_push(&required.rows, (struct requirement){ profile_unknown(), adaptive_desired_slots(s) });
    if (slot_pool_require(s->parts.pool, &required))
        s->wishes.declare = s->wishes.declare_now = true;
    vec_fini(&required.rows);
}

/* Free or in use: a restart frees those in use before the new graph needs them. */
uint32_t adaptive_slot_count(const struct scheduler *s)
{
    return (uint32_t)s->parts.pool->slots.count;
}

/* How large each vertex can be with so many slots; false when the lower bounds do not fit. */
bool adaptive_parallelism_for(const struct scheduler *s, uint32_t slots, int32_t *out)
{
    return slot_sharing_parallelism(s->parts.job, s->own.adaptive->bounds, slots, out);
}

static bool is_executing(const struct scheduler *s)
{
    return s->own.adaptive->state == ADAPTIVE_EXECUTING;
}

/* Is the parallelism obtainable with all slots another than the running one? */
static bool parallelism_changes(const struct scheduler *s, const int32_t *obtainable)
{
    for (size_t v = 0; v < vertex_count(s); v++)
        if ((uint32_t)obtainable[v] != s->graph->vertices[v].parallelism)
            return true;
    return false;
}

/* Asked with all slots the job holds, free or in use: a restart would free them. While
 * executing, the same size again is no reason to move. */
bool adaptive_has_sufficient(const void *scheduler)
{
    const struct scheduler *s = scheduler;
    int32_t *obtainable = mem_create_array(vertex_count(s), sizeof *obtainable);
    bool enough = adaptive_parallelism_for(s, adaptive_slot_count(s), obtainable);
    if (enough && is_executing(s))
        enough = parallelism_changes(s, obtainable);
    mem_destroy(obtainable);
    return enough;
}

/* Nothing that was declared is missing. */
bool adaptive_has_desired(const void *scheduler)
{
    const struct scheduler *s = scheduler;
    return adaptive_slot_count(s) >= adaptive_desired_slots(s) && adaptive_has_sufficient(s);
}

/* Is the size that a rescale was begun for still to be had? */
bool adaptive_target_is_obtainable(const struct scheduler *s)
{
    const struct adaptive_scheduler *own = s->own.adaptive;
    int32_t *obtainable = mem_create_array(vertex_count(s), sizeof *obtainable);
    bool equal = adaptive_parallelism_for(s, adaptive_slot_count(s), obtainable);
    for (size_t v = 0; equal && v < vertex_count(s); v++)
        equal = obtainable[v] == own->planned[v];
    mem_destroy(obtainable);
    return equal;
}

/* Attempt numbers live on by vertex and subtask (VertexAttemptNumberStore). Subtasks that a smaller
 * graph leaves out keep theirs for the next larger one. */
void adaptive_raise_attempts(struct scheduler *s)
{
    struct adaptive_scheduler *own = s->own.adaptive;
    for (uint32_t v = 0; v < vertex_count(s); v++) {
        const struct execution_vertex_range *range = &s->graph->vertices[v];
        if (own->attempts[v].numbers.count < range->parallelism)
            vec_resize(&own->attempts[v].numbers, range->parallelism);
        for (uint32_t i = 0; i < range->parallelism; i++)
            own->attempts[v].numbers.items[i] = s->graph->tasks[range->first_task + i].attempt + 1;
    }
}

/* A graph of the planned size whose attempts go on counting. */
static struct execution_graph *new_graph(struct scheduler *s)
{
    struct adaptive_scheduler *own = s->own.adaptive;
    VEC(uint32_t) attempts = { 0 };
    for (size_t v = 0; v < vertex_count(s); v++)
        for (uint32_t i = 0; i < (uint32_t)own->planned[v]; i++)
            vec_push(&attempts,
                     i < own->attempts[v].numbers.count ? own->attempts[v].numbers.items[i] : 0);
    struct execution_graph *graph = execution_graph_create(
        s->parts.job, own->planned, own->max_parallelism, attempts.items, scheduler_now(s));
    vec_fini(&attempts);
    return graph;
}

/* Where the state of the last graph lies: each subtask's key groups on the slot it had, and what
 * they weigh going by the latest checkpoint, which may have been taken by a graph of another size
 * (JobAllocationsInformation, StateSizeEstimates). Only asked for with local recovery. */
static void collect_previous(const struct scheduler *s, struct previous_states *out)
{
    const struct completed_checkpoint *latest =
        completed_store_latest(&s->parts.checkpoints->store);
    if (!s->parts.config->recover_from_local || !s->graph || !latest)
        return;
    for (uint32_t t = 0; t < s->graph->task_count; t++) {
        const struct execution *task = &s->graph->tasks[t];
        const struct execution_vertex_range *vertex = &s->graph->vertices[task->vertex.n];
        if (allocation_id_is_none(task->allocation))
            continue;
        int32_t parallelism = (int32_t)vertex->parallelism;
        vec_push(&out->items,
                 (struct previous_state){
                     .allocation = task->allocation,
                     .vertex = task->vertex,
                     .range = key_group_range_of((int32_t)task->subtask, parallelism,
                                                 vertex->max_parallelism),
                     .bytes = latest->vertices.items[task->vertex.n].bytes / parallelism });
    }
}

/* They were free when they were assigned, in the same call, and each was assigned once. */
static void reserve_all(struct scheduler *s, const struct allocation_id *assigned, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct err reserved = slot_pool_reserve(s->parts.pool, assigned[i]);
        CHECK(!err_is(reserved));
    }
}

/* Which subtasks share a slot, and which slot each share gets; only when there is one for each does
 * the new graph replace the old one. */
bool adaptive_create_graph(struct scheduler *s)
{
    struct adaptive_scheduler *own = s->own.adaptive;
    const struct config *config = s->parts.config;
    struct execution_graph *graph = new_graph(s);
    struct shared_slots shared = { 0 };
    enum config_choice_LOAD_BALANCE balance = config_balance(config);
    if (balance == LOAD_BALANCE_TASKS)
        slot_sharing_balanced(graph, &shared);
    else
        slot_sharing_by_subtask(graph, &shared);
    struct previous_states previous = { 0 };
    collect_previous(s, &previous);
    struct assignment_settings settings = {
        .balance = balance,
        .minimal_task_managers = own->application_mode && config->adaptive_prefer_minimal_tms &&
                                 !config->recover_from_local,
        .previous = previous.items.count ? previous.items.items : NULL,
        .previous_count = previous.items.count,
    };
    struct allocation_id *assigned = mem_create_array(shared.slots.count, sizeof *assigned);
    bool fits = slot_sharing_assign(graph, &shared, s->parts.pool, &settings, assigned);
    if (fits) {
        reserve_all(s, assigned, shared.slots.count);
        scheduler_set_graph(s, graph, &shared);
        for (uint32_t i = 0; i < shared.slots.count; i++)
            scheduler_assign_slot(s, i, slot_pool_find(s->parts.pool, assigned[i]));
    } else {
        execution_graph_destroy(graph);
    }
    mem_destroy(assigned);
    vec_fini(&previous.items);
    shared_slots_fini(&shared);
    return fits;
}
