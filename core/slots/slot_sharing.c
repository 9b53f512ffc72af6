/* SPDX-License-Identifier: Apache-2.0
 *
 * Parallelism from slots, and the adaptive scheduler's plain sharing. In: a job graph with bounds,
 * or an execution graph. Out: numbers and lists; nothing is kept. Always holds: a vertex is never
 * given more than its upper bound, nor a group fewer slots than its largest lower bound.
 */
#include "core/slots/slot_sharing.h"

#include "core/slots/shared_slots.h"
#include "core/slots/sort_items.h"

/* The bounds of one group: the largest ones among its vertices. */
struct group_bounds {
    bool has_vertices;
    int32_t lower, upper;
};

/* A slot of the group runs a subtask of each of its vertices, so the widest one counts. */
static struct group_bounds *group_bounds_create(const struct job_graph *graph,
                                                const struct parallelism_bounds *bounds)
{
    struct group_bounds *groups = mem_create_array(graph->groups.count, sizeof *groups);
    for (size_t v = 0; v < graph->vertices.count; v++) {
        CHECK(bounds[v].lower >= 1);
        CHECK(bounds[v].lower <= bounds[v].upper);
        struct group_bounds *group = &groups[graph->vertices.items[v].group.n];
        group->has_vertices = true;
        if (group->lower < bounds[v].lower)
            group->lower = bounds[v].lower;
        if (group->upper < bounds[v].upper)
            group->upper = bounds[v].upper;
    }
    return groups;
}

/* The subtasks of one vertex never share a slot, those of different ones may: so a group needs as
 * many slots as its widest vertex has subtasks. */
uint32_t slot_sharing_required(const struct job_graph *graph,
                               const struct parallelism_bounds *bounds, bool lower)
{
    struct group_bounds *groups = group_bounds_create(graph, bounds);
    uint64_t slots = 0;
    for (size_t g = 0; g < graph->groups.count; g++)
        slots += (uint32_t)(lower ? groups[g].lower : groups[g].upper);
    mem_destroy(groups);
    CHECK(slots <= UINT32_MAX);
    return (uint32_t)slots;
}

/* Flink's name for this order speaks of the highest range first; its code sorts ascending, and only
 * so can what a small group leaves over reach the large ones. */
static size_t order_by_range(const struct group_bounds *groups, size_t group_count,
                             struct sort_item *order)
{
    size_t count = 0;
    for (size_t g = 0; g < group_count; g++)
        if (groups[g].has_vertices)
            order[count++] =
                (struct sort_item){ (uint64_t)(groups[g].upper - groups[g].lower), (uint32_t)g };
    sort_items(order, count);
    return count;
}

/* Slots per group, by group; `slots` covers the lower bounds. Each group in turn gets its lower
 * bound and an even share of what is not yet promised to those after it. */
static int32_t *group_slots_create(const struct group_bounds *groups, size_t group_count,
                                   uint32_t slots, uint32_t lower_total)
{
    int32_t *granted = mem_create_array(group_count, sizeof *granted);
    struct sort_item *order = mem_create_array(group_count, sizeof *order);
    size_t left = order_by_range(groups, group_count, order);
    int64_t optional = (int64_t)slots - lower_total;
    for (size_t i = 0; left > 0; i++, left--) {
        const struct group_bounds *group = &groups[order[i].index];
        int64_t share = optional / (int64_t)left;
        if (share > group->upper - group->lower)
            share = group->upper - group->lower;
        CHECK(share >= 0);
        granted[order[i].index] = (int32_t)(group->lower + share);
        optional -= share;
    }
    mem_destroy(order);
    return granted;
}

/* Profiles are not looked at: any slot will do for any group (all of them are declared as unknown).
 */
bool slot_sharing_parallelism(const struct job_graph *graph,
                              const struct parallelism_bounds *bounds, uint32_t slots, int32_t *out)
{
    uint32_t lower_total = slot_sharing_required(graph, bounds, true);
    if (lower_total > slots)
        return false;
    struct group_bounds *groups = group_bounds_create(graph, bounds);
    int32_t *granted = group_slots_create(groups, graph->groups.count, slots, lower_total);
    for (size_t v = 0; v < graph->vertices.count; v++) {
        int32_t group_slots = granted[graph->vertices.items[v].group.n];
        out[v] = bounds[v].upper < group_slots ? bounds[v].upper : group_slots;
    }
    mem_destroy(granted);
    mem_destroy(groups);
    return true;
}

void shared_slots_fini(struct shared_slots *shared)
{
    vec_fini(&shared->slots);
    vec_fini(&shared->tasks);
}

/* Zeroed: a group has no places until its strategy opens some. */
struct sharing_places sharing_places_create(const struct execution_graph *graph)
{
    return (struct sharing_places){
        .of_task = mem_create_array(graph->task_count, sizeof(uint32_t)),
        .group_count = mem_create_array(graph->job->groups.count, sizeof(uint32_t)),
    };
}

void sharing_places_destroy(struct sharing_places *places)
{
    mem_destroy(places->of_task);
    mem_destroy(places->group_count);
}

/* Groups without vertices keep 0 and so have no places. */
void sharing_largest_parallelism(const struct execution_graph *graph, uint32_t *by_group)
{
    const struct job_graph *job = graph->job;
    for (size_t v = 0; v < job->vertices.count; v++) {
        uint32_t *largest = &by_group[job->vertices.items[v].group.n];
        if (*largest < graph->vertices[v].parallelism)
            *largest = graph->vertices[v].parallelism;
    }
}

/* A place is counted from its group's first slot. */
static struct shared_slot *slot_of_task(const struct execution_graph *graph,
                                        const struct sharing_places *places,
                                        const uint32_t *first_of_group, struct shared_slots *out,
                                        uint32_t task)
{
    struct group_id group = graph->job->vertices.items[graph->tasks[task].vertex.n].group;
    CHECK(places->of_task[task] < places->group_count[group.n]);
    return &out->slots.items[first_of_group[group.n] + places->of_task[task]];
}

/* A counting sort of the tasks by place: counts, first indexes, then the tasks themselves. */
void shared_slots_fill(const struct execution_graph *graph, const struct sharing_places *places,
                       struct shared_slots *out)
{
    size_t group_count = graph->job->groups.count;
    uint32_t *first_of_group = mem_create_array(group_count, sizeof *first_of_group);
    vec_clear(&out->slots);
    for (uint32_t g = 0; g < group_count; g++) {
        first_of_group[g] = (uint32_t)out->slots.count;
        for (uint32_t i = 0; i < places->group_count[g]; i++)
            vec_push(&out->slots, (struct shared_slot){ .group = { g } });
    }
    for (uint32_t t = 0; t < graph->task_count; t++)
        slot_of_task(graph, places, first_of_group, out, t)->load++;
    uint32_t first = 0;
    for (VEC_EACH(struct shared_slot, slot, &out->slots)) {
        slot->first = first;
        first += (uint32_t)slot->load;
    }
    vec_clear(&out->tasks);
    vec_resize(&out->tasks, graph->task_count);
    for (uint32_t t = 0; t < graph->task_count; t++) {
        struct shared_slot *slot = slot_of_task(graph, places, first_of_group, out, t);
        out->tasks.items[slot->first + slot->count++] = (struct task_id){ t };
    }
    mem_destroy(first_of_group);
}

/* Subtasks are numbered from 0, so a group has as many places as its widest vertex. */
void slot_sharing_by_subtask(const struct execution_graph *graph, struct shared_slots *out)
{
    struct sharing_places places = sharing_places_create(graph);
    sharing_largest_parallelism(graph, places.group_count);
    for (uint32_t t = 0; t < graph->task_count; t++)
        places.of_task[t] = graph->tasks[t].subtask;
    shared_slots_fill(graph, &places, out);
    sharing_places_destroy(&places);
}
