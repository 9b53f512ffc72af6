/* SPDX-License-Identifier: Apache-2.0
 *
 * Pipelined regions in three steps: union-find over vertices, then over tasks, which gives raw
 * regions; then strongly connected components of the graph of raw regions, whose order of discovery
 * is the topological order. An all-to-all edge between regions is one more node of that graph (a
 * hub that every consumer depends on and that depends on every producer) instead of n * m arcs. In:
 * an execution graph. Out: each task in exactly one region, no edge from a later region to an
 * earlier one.
 */
#include "core/graph/regions.h"

#include "core/base/check.h"
#include "core/graph/components.h"

/* A forest over 0 ... count - 1; the root of a set is its least member. */
struct sets {
    uint32_t *parent;
    uint32_t count;
};

static struct sets sets_create(uint32_t count)
{
    struct sets sets = { mem_create_array(count, sizeof *sets.parent), count };
    for (uint32_t i = 0; i < count; i++)
        sets.parent[i] = i;
    return sets;
}

/* Halves the way on each walk, so that it stays short. */
static uint32_t sets_find(struct sets *sets, uint32_t i)
{
    CHECK(i < sets->count);
    while (sets->parent[i] != i) {
        sets->parent[i] = sets->parent[sets->parent[i]];
        i = sets->parent[i];
    }
    return i;
}

/* The smaller root wins: numbering sets by their roots then follows the order of tasks. */
static void sets_join(struct sets *sets, uint32_t a, uint32_t b)
{
    a = sets_find(sets, a);
    b = sets_find(sets, b);
    if (a < b)
        sets->parent[b] = a;
    else
        sets->parent[a] = b;
}

static const struct job_edge *edge_at(const struct execution_graph *graph, uint32_t edge)
{
    return &graph->job->edges.items[edge];
}

static uint32_t first_task(const struct execution_graph *graph, struct vertex_id vertex)
{
    return graph->vertices[vertex.n].first_task;
}

/* Joins vertices that pipelined edges connect; whole[root] says that an all-to-all edge of any kind
 * runs inside. */
static struct sets logical_regions(const struct execution_graph *graph, bool *whole)
{
    const struct job_graph *job = graph->job;
    struct sets vertices = sets_create((uint32_t)job->vertices.count);
    for (uint32_t e = 0; e < job->edges.count; e++)
        if (job_edge_is_pipelined(edge_at(graph, e)))
            sets_join(&vertices, edge_at(graph, e)->producer.n, edge_at(graph, e)->consumer.n);
    for (uint32_t e = 0; e < job->edges.count; e++) {
        const struct job_edge *edge = edge_at(graph, e);
        uint32_t root = sets_find(&vertices, edge->producer.n);
        if (edge->pattern == DISTRIBUTION_ALL_TO_ALL &&
            root == sets_find(&vertices, edge->consumer.n))
            whole[root] = true;
    }
    return vertices;
}

/* A pipelined all-to-all edge connects everybody; a blocking one beside a pipeline would make the
 * pipelines of a logical region wait for one another in a ring (FLINK-17330). */
static void join_whole_regions(const struct execution_graph *graph, struct sets *vertices,
                               const bool *whole, struct sets *tasks)
{
    for (uint32_t v = 0; v < vertices->count; v++) {
        uint32_t root = sets_find(vertices, v);
        const struct execution_vertex_range *range = &graph->vertices[v];
        for (uint32_t i = 0; whole[root] && i < range->parallelism; i++)
            sets_join(tasks, graph->vertices[root].first_task, range->first_task + i);
    }
}

/* Each pair is named once: pointwise edges have at most producers + consumers of them. */
static void join_pointwise_pipelines(const struct execution_graph *graph, struct sets *tasks)
{
    for (uint32_t e = 0; e < graph->job->edges.count; e++) {
        const struct job_edge *edge = edge_at(graph, e);
        if (!job_edge_is_pipelined(edge) || edge->pattern == DISTRIBUTION_ALL_TO_ALL)
            continue;
        uint32_t producers = first_task(graph, edge->producer);
        uint32_t consumers = first_task(graph, edge->consumer);
        for (uint32_t i = 0; i < graph->vertices[edge->consumer.n].parallelism; i++) {
            struct subtask_range range = edge_producers_of(graph, e, i);
            for (uint32_t p = range.first; p <= range.last; p++)
                sets_join(tasks, producers + p, consumers + i);
        }
    }
}

/* Subtask i of each vertex of a co-location group with that of the group's first vertex. The first
 * is the widest so far, so that subtasks beyond a narrower vertex meet too. */
static void join_colocated(const struct execution_graph *graph, struct sets *tasks)
{
    struct index_map widest_of = { 0 };
    for (uint32_t v = 0; v < graph->job->vertices.count; v++) {
        uint32_t colocation = graph->job->vertices.items[v].colocation;
        if (colocation == ID_NONE)
            continue;
        uint32_t other = index_map_get(&widest_of, colocation);
        const struct execution_vertex_range *range = &graph->vertices[v];
        if (other == INDEX_NONE || graph->vertices[other].parallelism < range->parallelism)
            index_map_put(&widest_of, colocation, v);
        if (other == INDEX_NONE)
            continue;
        const struct execution_vertex_range *first = &graph->vertices[other];
        for (uint32_t i = 0; i < range->parallelism && i < first->parallelism; i++)
            sets_join(tasks, first->first_task + i, range->first_task + i);
    }
    index_map_fini(&widest_of);
}

/* Numbers the sets in the order of their least tasks. raw_of[task] = number; gives their count. */
static uint32_t number_sets(struct sets *tasks, uint32_t *raw_of)
{
    uint32_t count = 0;
    for (uint32_t t = 0; t < tasks->count; t++) {
        uint32_t root = sets_find(tasks, t);
        raw_of[t] = root == t ? count++ : raw_of[root];
    }
    return count;
}

/* The sets before cycles are merged. raw_of[task] = set; gives the number of sets. */
static uint32_t raw_regions(const struct execution_graph *graph, uint32_t *raw_of)
{
    bool *whole = mem_create_array(graph->job->vertices.count, sizeof *whole);
    struct sets vertices = logical_regions(graph, whole);
    struct sets tasks = sets_create(graph->task_count);
    join_whole_regions(graph, &vertices, whole, &tasks);
    join_pointwise_pipelines(graph, &tasks);
    join_colocated(graph, &tasks);
    uint32_t count = number_sets(&tasks, raw_of);
    mem_destroy(tasks.parent);
    mem_destroy(vertices.parent);
    mem_destroy(whole);
    return count;
}

/* The arcs of one edge that does not pipeline, from what depends to what it depends on. Nodes are
 * raw regions, then one hub per edge. */
static void add_edge_arcs(const struct execution_graph *graph, uint32_t e, const uint32_t *raw_of,
                          uint32_t hub, struct arcs *arcs)
{
    const struct job_edge *edge = edge_at(graph, e);
    uint32_t producers = first_task(graph, edge->producer);
    uint32_t consumers = first_task(graph, edge->consumer);
    uint32_t consumer_count = graph->vertices[edge->consumer.n].parallelism;
    if (edge->pattern == DISTRIBUTION_ALL_TO_ALL) {
        for (uint32_t i = 0; i < consumer_count; i++)
            arcs_add(arcs, raw_of[consumers + i], hub);
        for (uint32_t p = 0; p < graph->vertices[edge->producer.n].parallelism; p++)
            arcs_add(arcs, hub, raw_of[producers + p]);
        return;
    }
    for (uint32_t i = 0; i < consumer_count; i++) {
        struct subtask_range range = edge_producers_of(graph, e, i);
        for (uint32_t p = range.first; p <= range.last; p++)
            arcs_add(arcs, raw_of[consumers + i], raw_of[producers + p]);
    }
}

/* merged[raw] = region; gives the number of regions. */
static uint32_t merge_cycles(const struct execution_graph *graph, const uint32_t *raw_of,
                             uint32_t raw_count, uint32_t *merged)
{
    uint32_t edge_count = (uint32_t)graph->job->edges.count;
    struct arcs arcs = arcs_create(raw_count + edge_count);
    /* Pipelined edges lie inside raw regions by now and add nothing. */
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t e = 0; e < edge_count; e++)
            if (!job_edge_is_pipelined(edge_at(graph, e)))
                add_edge_arcs(graph, e, raw_of, raw_count + e, &arcs);
        arcs_end_pass(&arcs);
    }
    uint32_t *component_of = mem_create_array(raw_count + edge_count, sizeof *component_of);
    uint32_t component_count = components_find(&arcs, component_of);
    /* Components come dependencies first; those of hubs alone get no number. */
    bool *is_region = mem_create_array(component_count, sizeof *is_region);
    uint32_t *number_of = mem_create_array(component_count, sizeof *number_of);
    for (uint32_t raw = 0; raw < raw_count; raw++)
        is_region[component_of[raw]] = true;
    uint32_t count = 0;
    for (uint32_t c = 0; c < component_count; c++)
        number_of[c] = is_region[c] ? count++ : ID_NONE;
    for (uint32_t raw = 0; raw < raw_count; raw++)
        merged[raw] = number_of[component_of[raw]];
    mem_destroy(number_of);
    mem_destroy(is_region);
    mem_destroy(component_of);
    arcs_fini(&arcs);
    return count;
}

/* Lists the tasks of each region from of_task: a counting sort, so ascending inside. */
static void list_tasks(struct regions *regions, uint32_t task_count)
{
    regions->first = mem_create_array(regions->count + (size_t)1, sizeof *regions->first);
    regions->tasks = mem_create_array(task_count, sizeof *regions->tasks);
    for (uint32_t t = 0; t < task_count; t++)
        regions->first[regions->of_task[t].n + 1]++;
    for (uint32_t r = 0; r < regions->count; r++)
        regions->first[r + 1] += regions->first[r];
    uint32_t *next = mem_create_array(regions->count, sizeof *next);
    for (uint32_t t = 0; t < task_count; t++) {
        uint32_t r = regions->of_task[t].n;
        regions->tasks[regions->first[r] + next[r]++].n = t;
    }
    mem_destroy(next);
}

/* Scratch arrays are by task and by raw region: linear in the graph. */
struct regions *regions_create(const struct execution_graph *graph)
{
    struct regions *regions = mem_create(sizeof *regions);
    uint32_t *raw_of = mem_create_array(graph->task_count, sizeof *raw_of);
    uint32_t raw_count = raw_regions(graph, raw_of);
    uint32_t *merged = mem_create_array(raw_count, sizeof *merged);
    regions->count = merge_cycles(graph, raw_of, raw_count, merged);
    regions->of_task = mem_create_array(graph->task_count, sizeof *regions->of_task);
    for (uint32_t t = 0; t < graph->task_count; t++)
        regions->of_task[t].n = merged[raw_of[t]];
    list_tasks(regions, graph->task_count);
    mem_destroy(merged);
    mem_destroy(raw_of);
    return regions;
}

void regions_destroy(struct regions *regions)
{
    if (!regions)
        return;
    mem_destroy(regions->of_task);
    mem_destroy(regions->first);
    mem_destroy(regions->tasks);
    mem_destroy(regions);
}
