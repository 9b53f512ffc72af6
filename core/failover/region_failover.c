/* SPDX-License-Identifier: Apache-2.0
 *
 * Breadth first over regions, from the failed one: backwards over partitions that are gone,
 * forwards over everything produced. In: the graph, its regions, what is known of partitions. Out:
 * tasks. What always holds: each region is visited once, and the shared group of an all-to-all
 * edge once in each direction, so the cost is that of the tasks found and not of their pairs.
 */
#include "core/failover/region_failover.h"

#include "core/base/index_map.h"

/* One search. Regions are kept in the order they were found: the queue is the result. The map
 * makes the cost follow the regions found, not all there are: a job of ten thousand small regions
 * may lose them one after the other. */
struct search {
    const struct execution_graph *graph;
    const struct regions *regions;
    struct failed_input input;
    const struct partition_tracker_view *partitions;
    VEC(uint32_t) found;
    struct index_map is_found; /* by region */
    struct index_map groups;   /* all-to-all groups seen: edge * 2 + direction */
};

enum direction { BACKWARDS, FORWARDS };

static void add_region(struct search *search, struct task_id member)
{
    CHECK(member.n < search->graph->task_count);
    uint32_t region = search->regions->of_task[member.n].n;
    CHECK(region < search->regions->count);
    if (index_map_get(&search->is_found, region) != INDEX_NONE)
        return;
    index_map_put(&search->is_found, region, 1);
    vec_push(&search->found, region);
}

/* Consumers of an all-to-all edge share one group of partitions, and its producers one group of
 * consumers: the first to come looks at it for all. Ranges of pointwise edges hardly overlap. */
static bool is_seen(struct search *search, uint32_t edge, enum direction direction)
{
    if (search->graph->job->edges.items[edge].pattern != DISTRIBUTION_ALL_TO_ALL)
        return false;
    uint64_t group = (uint64_t)edge * 2 + direction;
    if (index_map_get(&search->groups, group) != INDEX_NONE)
        return true;
    index_map_put(&search->groups, group, 1);
    return false;
}

/* Not marked failed, and tracked, and of a type that can be read again; approximate partitions
 * may be lost without harm and pass the last test. */
static bool is_available(const struct search *search, uint32_t edge, struct task_id producer)
{
    enum result_type type = search->graph->job->edges.items[edge].result;
    if (!result_type_rows[type].reconsumable && type != RESULT_PIPELINED_APPROXIMATE)
        return false;
    if (search->input.edge == edge && task_id_equal(search->input.producer, producer))
        return false;
    const struct partition_tracker_view *partitions = search->partitions;
    return !partitions || !partitions->is_available ||
           partitions->is_available(partitions->context, producer, edge);
}

/* Producers whose partitions this task would have to read again and cannot. */
static void add_lost_producers(struct search *search, const struct execution *task)
{
    const struct job_vertex *vertex = &search->graph->job->vertices.items[task->vertex.n];
    for (size_t i = 0; i < vertex->inputs.count; i++) {
        uint32_t edge = vertex->inputs.items[i];
        if (is_seen(search, edge, BACKWARDS))
            continue;
        struct vertex_id from = search->graph->job->edges.items[edge].producer;
        struct subtask_range range = edge_producers_of(search->graph, edge, task->subtask);
        for (uint32_t s = range.first; s <= range.last; s++) {
            struct task_id producer = execution_graph_task(search->graph, from, s);
            if (!is_available(search, edge, producer))
                add_region(search, producer);
        }
    }
}

/* What was made from the old output does not fit the new one. */
static void add_consumers(struct search *search, const struct execution *task)
{
    const struct job_vertex *vertex = &search->graph->job->vertices.items[task->vertex.n];
    for (size_t i = 0; i < vertex->outputs.count; i++) {
        uint32_t edge = vertex->outputs.items[i];
        if (is_seen(search, edge, FORWARDS))
            continue;
        struct vertex_id to = search->graph->job->edges.items[edge].consumer;
        struct subtask_range range = edge_consumers_of(search->graph, edge, task->subtask);
        for (uint32_t s = range.first; s <= range.last; s++)
            add_region(search, execution_graph_task(search->graph, to, s));
    }
}

/* Merges two neighbouring ascending runs of the list. */
static void merge_runs(struct task_id *items, size_t left, size_t right, struct task_id *spare)
{
    memcpy(spare, items, left * sizeof *items);
    size_t l = 0, r = left, out = 0, end = left + right;
    while (l < left)
        items[out++] = r < end && items[r].n < spare[l].n ? items[r++] : spare[l++];
}

/* Ascending order. Each region gives an ascending run; runs are merged pairwise until one is left,
 * which is one pass over the tasks for each doubling of the number of regions. */
static void sort_runs(struct task_list *list)
{
    struct task_id *items = list->ids.items;
    size_t count = list->ids.count, run_count = 0;
    struct task_id *spare = mem_create_array(count + 1, sizeof *spare);
    do {
        run_count = 0;
        for (size_t begin = 0; begin < count; run_count++) {
            size_t middle = begin + 1;
            while (middle < count && items[middle - 1].n < items[middle].n)
                middle++;
            size_t end = middle + (middle < count);
            while (end < count && items[end - 1].n < items[end].n)
                end++;
            merge_runs(items + begin, middle - begin, end - middle, spare);
            begin = end;
        }
    } while (run_count > 1);
    mem_destroy(spare);
}

/* A task in CREATED has nothing to take back. */
static void collect_tasks(const struct search *search, struct task_list *out)
{
    const struct regions *regions = search->regions;
    for (size_t i = 0; i < search->found.count; i++) {
        uint32_t region = search->found.items[i];
        for (uint32_t t = regions->first[region]; t < regions->first[region + 1]; t++) {
            struct task_id task = regions->tasks[t];
            if (search->graph->tasks[task.n].state != EXECUTION_CREATED)
                vec_push(&out->ids, task);
        }
    }
    if (search->found.count > 1)
        sort_runs(out);
}

void region_failover_tasks(const struct execution_graph *graph, const struct regions *regions,
                           struct task_id failed, struct failed_input input,
                           const struct partition_tracker_view *partitions, struct task_list *out)
{
    CHECK(failed.n < graph->task_count);
    CHECK(input.edge == ID_NONE || input.edge < graph->job->edges.count);
    struct search search = {
        .graph = graph, .regions = regions, .input = input, .partitions = partitions
    };
    vec_clear(&out->ids);
    add_region(&search, failed);
    for (size_t i = 0; i < search.found.count; i++) {
        uint32_t region = search.found.items[i];
        for (uint32_t t = regions->first[region]; t < regions->first[region + 1]; t++) {
            const struct execution *task = &graph->tasks[regions->tasks[t].n];
            add_lost_producers(&search, task);
            add_consumers(&search, task);
        }
    }
    collect_tasks(&search, out);
    vec_fini(&search.found);
    index_map_fini(&search.is_found);
    index_map_fini(&search.groups);
}

/* Without exception: Flink's RestartAllFailoverStrategy names every task of the graph. */
void full_failover_tasks(const struct execution_graph *graph, struct task_list *out)
{
    vec_clear(&out->ids);
    vec_reserve(&out->ids, graph->task_count);
    for (uint32_t t = 0; t < graph->task_count; t++)
        vec_push(&out->ids, (struct task_id){ t });
    CHECK(out->ids.count == graph->task_count);
}
