/* SPDX-License-Identifier: Apache-2.0
 *
 * Input-local sharing, the default scheduler's: vertex by vertex in topological order, a subtask
 * joins (1) the place of the subtask it is co-located with, else (2) the place of a producer it
 * reads from, else (3) the first place of its group that has no subtask of this vertex, else (4) a
 * new one. All subtasks of a vertex get their chance at 1 and 2 before any is given 3 or 4. A
 * producer's place is offered once among the consumers that share its partition group, so the walk
 * is linear in tasks and edges. Source: LocalInputPreferredSlotSharingStrategy.
 */
#include "core/slots/shared_slots.h"

#include "core/base/index_map.h"

#define PLACE_NONE UINT32_MAX

/* The producers of an edge that are still to be offered to consumers of the current partition
 * group: Flink gives consumers with the same producers one group. */
struct edge_candidates {
    struct subtask_range producers;
    uint32_t next; /* past producers.last: none is left */
    bool is_open;
};

/* One run of the strategy. Candidates are of the vertex at hand and start anew with the next. */
struct local_sharing {
    const struct execution_graph *graph;
    struct sharing_places places;
    uint32_t **last_vertex;      /* by group and place: 1 + the vertex that came there last */
    struct index_map colocation; /* (co-location, subtask) -> place */
    VEC(struct edge_candidates) candidates; /* by input of the vertex at hand */
};

static struct group_id group_of(const struct local_sharing *l, struct vertex_id vertex)
{
    return l->graph->job->vertices.items[vertex.n].group;
}

/* Vertices come one after the other, so it is enough to know the last one of each place. */
static bool has_vertex(const struct local_sharing *l, struct group_id group, uint32_t place,
                       struct vertex_id vertex)
{
    return l->last_vertex[group.n][place] == vertex.n + 1;
}

/* A place with a subtask of the vertex has no room for another. */
static void put_task(struct local_sharing *l, struct vertex_id vertex, uint32_t subtask,
                     uint32_t place)
{
    struct group_id group = group_of(l, vertex);
    CHECK(place < l->places.group_count[group.n]);
    CHECK(!has_vertex(l, group, place, vertex));
    l->last_vertex[group.n][place] = vertex.n + 1;
    l->places.of_task[l->graph->vertices[vertex.n].first_task + subtask] = place;
}

/* Subtask i of all vertices of one co-location group has one key. */
static uint64_t colocation_key(const struct local_sharing *l, struct vertex_id vertex,
                               uint32_t subtask)
{
    return (uint64_t)l->graph->job->vertices.items[vertex.n].colocation << 32 | subtask;
}

/* Vertices of one co-location group have the same slot sharing group (job_graph_finish), so the
 * place means the same for both. */
static uint32_t place_of_colocated(const struct local_sharing *l, struct vertex_id vertex,
                                   uint32_t subtask)
{
    if (l->graph->job->vertices.items[vertex.n].colocation == ID_NONE)
        return PLACE_NONE;
    return index_map_get(&l->colocation, colocation_key(l, vertex, subtask));
}

/* Consumers of one partition group are neighbours, so only the current one need be kept per edge.
 */
static uint32_t place_over_edge(struct local_sharing *l, struct edge_candidates *candidates,
                                uint32_t edge_index, uint32_t subtask)
{
    const struct job_edge *edge = &l->graph->job->edges.items[edge_index];
    struct group_id group = group_of(l, edge->consumer);
    struct subtask_range producers = edge_producers_of(l->graph, edge_index, subtask);
    if (!candidates->is_open || producers.first != candidates->producers.first ||
        producers.last != candidates->producers.last)
        *candidates = (struct edge_candidates){ producers, producers.first, true };
    uint32_t first_task = l->graph->vertices[edge->producer.n].first_task;
    while (candidates->next <= producers.last) {
        uint32_t place = l->places.of_task[first_task + candidates->next++];
        if (!has_vertex(l, group, place, edge->consumer))
            return place;
    }
    return PLACE_NONE;
}

/* Forward-like (pointwise) inputs come before those that read from everybody. */
static uint32_t place_of_producer(struct local_sharing *l, struct vertex_id vertex,
                                  uint32_t subtask)
{
    const struct job_graph *job = l->graph->job;
    const struct job_vertex *consumer = &job->vertices.items[vertex.n];
    for (int pattern = DISTRIBUTION_POINTWISE; pattern < DISTRIBUTION_COUNT; pattern++) {
        for (size_t i = 0; i < consumer->inputs.count; i++) {
            const struct job_edge *edge = &job->edges.items[consumer->inputs.items[i]];
            if ((int)edge->pattern != pattern ||
                !group_id_equal(group_of(l, edge->producer), consumer->group))
                continue;
            uint32_t place =
                place_over_edge(l, &l->candidates.items[i], consumer->inputs.items[i], subtask);
            if (place != PLACE_NONE)
                return place;
        }
    }
    return PLACE_NONE;
}

/* The subtasks that found neither co-located subtask nor producer: next place with room. Places
 * fill up from the front, so the search never looks back. */
static void put_remaining(struct local_sharing *l, struct vertex_id vertex,
                          const uint32_t *remaining, size_t count)
{
    struct group_id group = group_of(l, vertex);
    uint32_t place = 0;
    for (size_t i = 0; i < count; i++) {
        while (place < l->places.group_count[group.n] && has_vertex(l, group, place, vertex))
            place++;
        if (place == l->places.group_count[group.n])
            l->places.group_count[group.n]++;
        put_task(l, vertex, remaining[i], place);
    }
}

/* Two passes: a subtask that has no preference must not take the place another one prefers. */
static void share_vertex(struct local_sharing *l, struct vertex_id vertex, uint32_t *remaining)
{
    const struct job_vertex *row = &l->graph->job->vertices.items[vertex.n];
    const struct execution_vertex_range *tasks = &l->graph->vertices[vertex.n];
    size_t remaining_count = 0;
    vec_clear(&l->candidates);
    vec_resize(&l->candidates, row->inputs.count);
    for (uint32_t s = 0; s < tasks->parallelism; s++) {
        uint32_t place = place_of_colocated(l, vertex, s);
        if (place == PLACE_NONE)
            place = place_of_producer(l, vertex, s);
        if (place == PLACE_NONE)
            remaining[remaining_count++] = s;
        else
            put_task(l, vertex, s, place);
    }
    put_remaining(l, vertex, remaining, remaining_count);
    if (row->colocation == ID_NONE)
        return;
    for (uint32_t s = 0; s < tasks->parallelism; s++)
        index_map_put(&l->colocation, colocation_key(l, vertex, s),
                      l->places.of_task[tasks->first_task + s]);
}

/* A place is opened only when every other one holds a subtask of the same vertex, so there are
 * never more of them than subtasks of the widest vertex: last_vertex is made that long. */
void slot_sharing_local_input(const struct execution_graph *graph, struct shared_slots *out)
{
    const struct job_graph *job = graph->job;
    struct local_sharing l = { .graph = graph, .places = sharing_places_create(graph) };
    uint32_t *largest = mem_create_array(job->groups.count, sizeof *largest);
    sharing_largest_parallelism(graph, largest);
    l.last_vertex = mem_create_array(job->groups.count, sizeof *l.last_vertex);
    uint32_t most = 0;
    for (size_t g = 0; g < job->groups.count; g++) {
        l.last_vertex[g] = mem_create_array(largest[g], sizeof **l.last_vertex);
        most = most < largest[g] ? largest[g] : most;
    }
    uint32_t *remaining = mem_create_array(most, sizeof *remaining);
    for (uint32_t v = 0; v < job->vertices.count; v++)
        share_vertex(&l, (struct vertex_id){ v }, remaining);
    shared_slots_fill(graph, &l.places, out);
    for (size_t g = 0; g < job->groups.count; g++)
        mem_destroy(l.last_vertex[g]);
    mem_destroy(l.last_vertex);
    mem_destroy(remaining);
    mem_destroy(largest);
    vec_fini(&l.candidates);
    index_map_fini(&l.colocation);
    sharing_places_destroy(&l.places);
}
