/* SPDX-License-Identifier: Apache-2.0
 *
 * What is checked and settled once a job graph is whole. In: a graph as it was put together. Out:
 * the same with defaults filled in and vertices in topological order, or an err that names the
 * vertices at fault. The order is Kahn's, the earliest added first among those that may come next.
 */
#include "core/base/check.h"
#include "core/base/text.h"
#include "core/graph/operator_ids.h"
#include "core/graph/vertex_names.h"

enum { CYCLE_NAMES_MAX = 8 };

/* The job's own configuration, which has the cluster's under it, gives what a vertex leaves open. A
 * max parallelism that stays open is derived from the parallelism in force, whenever that is asked.
 */
static void fill_defaults(struct job_graph *graph)
{
    for (size_t i = 0; i < graph->vertices.count; i++) {
        struct job_vertex *vertex = &graph->vertices.items[i];
        if (vertex->parallelism == PARALLELISM_UNSET)
            vertex->parallelism = (int32_t)graph->config.parallelism_default;
        if (vertex->max_parallelism == PARALLELISM_UNSET &&
            graph->config.max_parallelism_default > 0)
            vertex->max_parallelism = (int32_t)graph->config.max_parallelism_default;
    }
}

/* Defaults come from a configuration that may not have been checked, so bounds are looked at here
 * for all vertices. The sum bounds every array that is made per task. */
static struct err check_vertices(const struct job_graph *graph, struct note *note)
{
    int64_t tasks = 0;
    for (size_t i = 0; i < graph->vertices.count; i++) {
        const struct job_vertex *vertex = &graph->vertices.items[i];
        int32_t most = vertex->max_parallelism;
        if (most == PARALLELISM_UNSET || most > MAX_PARALLELISM_LIMIT)
            most = MAX_PARALLELISM_LIMIT;
        if (vertex->parallelism < 1 || vertex->max_parallelism > most)
            return err_note(note, ERR_BAD_VALUE_CODE,
                            "vertex '%s': parallelism %d of at most %d, must be 1 to %d",
                            vertex->name, vertex->parallelism, vertex->max_parallelism, most);
        if (vertex->parallelism > most)
            return err_note(note, ERR_BAD_GRAPH_CODE,
                            "vertex '%s': parallelism %d is above its max parallelism %d",
                            vertex->name, vertex->parallelism, most);
        tasks += vertex->parallelism;
    }
    if (tasks > JOB_TASKS_MAX)
        return err_note(note, ERR_FULL_CODE, "job '%s' has %lld subtasks, at most %d are allowed",
                        graph->name, (long long)tasks, JOB_TASKS_MAX);
    return OK;
}

/* Forward keeps records in their subtask, which needs as many subtasks on both sides. */
static struct err check_forward_edges(const struct job_graph *graph, struct note *note)
{
    for (size_t i = 0; i < graph->edges.count; i++) {
        const struct job_edge *edge = &graph->edges.items[i];
        const struct job_vertex *from = &graph->vertices.items[edge->producer.n];
        const struct job_vertex *to = &graph->vertices.items[edge->consumer.n];
        if (edge->partitioner == PARTITION_FORWARD && from->parallelism != to->parallelism)
            return err_note(note, ERR_BAD_GRAPH_CODE,
                            "edge %s -> %s: forward needs equal parallelism, found %d and %d",
                            from->name, to->name, from->parallelism, to->parallelism);
    }
    return OK;
}

/* At a rescale what is in flight on a custom edge is dealt out by asking the user's function again,
 * which nobody can promise about: so it takes an explicit word (StreamingJobGraphGenerator.
 * preValidate). */
static struct err check_custom_edges(const struct job_graph *graph, struct note *note)
{
    const struct config *config = &graph->config;
    if (!config_has_checkpoints(config) || !config->checkpoint_unaligned ||
        config->checkpoint_unaligned_forced)
        return OK;
    for (size_t i = 0; i < graph->edges.count; i++) {
        const struct job_edge *edge = &graph->edges.items[i];
        if (edge->partitioner == PARTITION_CUSTOM)
            return err_note(note, ERR_BAD_GRAPH_CODE,
                            "edge %s -> %s: unaligned checkpoints and a custom partitioner, whose "
                            "data in flight may be rescaled wrongly; it takes "
                            "execution.checkpointing.unaligned.forced: true",
                            graph->vertices.items[edge->producer.n].name,
                            graph->vertices.items[edge->consumer.n].name);
    }
    return OK;
}

/* Subtasks that share a slot must be of one slot sharing group
 * (JobVertex.setStrictlyCoLocatedWith).
 */
static struct err check_colocation(const struct job_graph *graph, struct note *note)
{
    struct index_map first_of = { 0 };
    struct err e = OK;
    for (uint32_t i = 0; i < graph->vertices.count && !err_is(e); i++) {
        const struct job_vertex *vertex = &graph->vertices.items[i];
        if (vertex->colocation == ID_NONE)
            continue;
        uint32_t first = index_map_get(&first_of, vertex->colocation);
        if (first == INDEX_NONE)
            index_map_put(&first_of, vertex->colocation, i);
        else if (!group_id_equal(graph->vertices.items[first].group, vertex->group))
            e = err_note(note, ERR_BAD_GRAPH_CODE,
                         "vertices '%s' and '%s' are co-located but in different slot sharing "
                         "groups",
                         graph->vertices.items[first].name, vertex->name);
    }
    index_map_fini(&first_of);
    return e;
}

/* Vertices whose producers all have their place, least id on top. */
struct ready {
    VEC(uint32_t) heap;
};

static void ready_push(struct ready *ready, uint32_t vertex)
{
    vec_push(&ready->heap, vertex);
    uint32_t *heap = ready->heap.items;
    /* The hole moves up until its parent is smaller. */
    for (size_t at = ready->heap.count - 1; at > 0 && heap[(at - 1) / 2] > vertex;) {
        heap[at] = heap[(at - 1) / 2];
        at = (at - 1) / 2;
        heap[at] = vertex;
    }
}

static uint32_t ready_pop(struct ready *ready)
{
    uint32_t *heap = ready->heap.items;
    CHECK(ready->heap.count > 0);
    uint32_t least = heap[0], last = heap[--ready->heap.count];
    size_t count = ready->heap.count, at = 0;
    /* The hole moves down along the smaller children until the last one fits. */
    for (size_t child = 1; child < count; child = 2 * at + 1) {
        if (child + 1 < count && heap[child + 1] < heap[child])
            child++;
        if (heap[child] >= last)
            break;
        heap[at] = heap[child];
        at = child;
    }
    if (count)
        heap[at] = last;
    return least;
}

/* Gives new_id[old id] to all vertices that are not on or behind a cycle, and says how many. */
static uint32_t order_vertices(const struct job_graph *graph, struct vertex_id *new_id)
{
    uint32_t count = (uint32_t)graph->vertices.count, placed = 0;
    uint32_t *missing = mem_create_array(count, sizeof *missing);
    struct ready ready = { 0 };
    for (uint32_t v = 0; v < count; v++) {
        new_id[v] = vertex_id_none();
        missing[v] = (uint32_t)graph->vertices.items[v].inputs.count;
        if (!missing[v])
            ready_push(&ready, v);
    }
    while (ready.heap.count) {
        uint32_t v = ready_pop(&ready);
        new_id[v].n = placed++;
        const struct job_vertex *vertex = &graph->vertices.items[v];
        for (size_t i = 0; i < vertex->outputs.count; i++) {
            uint32_t consumer = graph->edges.items[vertex->outputs.items[i]].consumer.n;
            if (--missing[consumer] == 0)
                ready_push(&ready, consumer);
        }
    }
    vec_fini(&ready.heap);
    mem_destroy(missing);
    return placed;
}

/* A producer of v that found no place. On or behind a cycle there always is one. */
static uint32_t unplaced_producer(const struct job_graph *graph, const struct vertex_id *new_id,
                                  uint32_t v)
{
    const struct job_vertex *vertex = &graph->vertices.items[v];
    for (size_t i = 0; i < vertex->inputs.count; i++) {
        uint32_t producer = graph->edges.items[vertex->inputs.items[i]].producer.n;
        if (vertex_id_is_none(new_id[producer]))
            return producer;
    }
    IMPOSSIBLE("a vertex without place whose producers have theirs");
}

/* Walking up from a vertex without place ends on a cycle; then once round, names as read back. */
static struct err name_cycle(const struct job_graph *graph, const struct vertex_id *new_id,
                             struct note *note)
{
    uint32_t count = (uint32_t)graph->vertices.count, v = 0;
    while (!vertex_id_is_none(new_id[v]))
        v++;
    /* `count` steps up leave whatever tail led there; what is left can only be a cycle. */
    for (uint32_t i = 0; i < count; i++)
        v = unplaced_producer(graph, new_id, v);
    uint32_t *round = mem_create_array(count + 1, sizeof *round);
    uint32_t length = 0, on = v;
    do {
        round[length++] = on;
        on = unplaced_producer(graph, new_id, on);
    } while (on != v);
    char names[400];
    size_t at = text_format(names, sizeof names, "%s", graph->vertices.items[v].name);
    for (uint32_t i = 0; i < length && i < CYCLE_NAMES_MAX; i++)
        at += text_format(names + at, sizeof names - at, " -> %s",
                          graph->vertices.items[round[length - 1 - i]].name);
    mem_destroy(round);
    return err_note(note, ERR_BAD_GRAPH_CODE, "the job graph has a cycle: %s%s", names,
                    length > CYCLE_NAMES_MAX ? " -> ..." : "");
}

/* Edges keep their numbers, so the lists of inputs and outputs stay as they are. */
static void renumber(struct job_graph *graph, const struct vertex_id *new_id)
{
    uint32_t count = (uint32_t)graph->vertices.count;
    struct job_vertex *old = graph->vertices.items;
    struct job_vertex *vertices = mem_create_array(count, sizeof *vertices);
    for (uint32_t v = 0; v < count; v++)
        vertices[new_id[v].n] = old[v];
    graph->vertices.items = vertices;
    graph->vertices.capacity = count;
    mem_destroy(old);
    for (size_t i = 0; i < graph->edges.count; i++) {
        struct job_edge *edge = &graph->edges.items[i];
        edge->producer = new_id[edge->producer.n];
        edge->consumer = new_id[edge->consumer.n];
        CHECK(edge->producer.n < edge->consumer.n);
    }
    index_map_clear(&graph->vertex_by_name);
    for (uint32_t v = 0; v < count; v++)
        vertex_names_add(&graph->vertex_by_name, vertices[v].name, v);
    operator_ids_map(graph);
}

/* A fault of one vertex is told before one between two, which it is often the cause of. Ids change
 * last, since notes speak of vertices as they were added. */
struct err job_graph_finish(struct job_graph *graph, struct vertex_id *renumbered,
                            struct note *note)
{
    if (!graph->vertices.count)
        return err_note(note, ERR_BAD_GRAPH_CODE, "job '%s' has no vertices", graph->name);
    fill_defaults(graph);
    TRY(check_vertices(graph, note));
    TRY(check_forward_edges(graph, note));
    TRY(check_custom_edges(graph, note));
    TRY(check_colocation(graph, note));
    TRY(operator_ids_give(graph, note));
    struct vertex_id *new_id = mem_create_array(graph->vertices.count, sizeof *new_id);
    struct err e = OK;
    if (order_vertices(graph, new_id) < graph->vertices.count)
        e = name_cycle(graph, new_id, note);
    else
        renumber(graph, new_id);
    for (size_t v = 0; renumbered && !err_is(e) && v < graph->vertices.count; v++)
        renumbered[v] = new_id[v];
    mem_destroy(new_id);
    return e;
}
