/* SPDX-License-Identifier: Apache-2.0
 *
 * Building job graphs, and the tables of result types and partitioners. In: names, parallelisms,
 * edges as the user gave them. Out: a graph, or an err that names the vertex; nothing is added
 * then. What only the whole graph can show is checked by job_graph_finish.
 */
#include "core/graph/job_graph.h"

#include "core/base/check.h"
#include "core/base/text.h"
#include "core/graph/key_groups.h"
#include "core/graph/operator_ids.h"
#include "core/graph/vertex_names.h"

/* Source: ResultPartitionType's constructor arguments. */
const struct result_type_row result_type_rows[RESULT_TYPE_COUNT] = {
    /* name, reconsumable, bounded, persistent, released by the scheduler, consuming constraint */
    [RESULT_BLOCKING] = { "blocking", true, false, false, true, CONSUME_BLOCKING },
    [RESULT_BLOCKING_PERSISTENT] = { "blocking_persistent", true, false, true, true,
                                     CONSUME_BLOCKING },
    [RESULT_PIPELINED] = { "pipelined", false, false, false, false, CONSUME_MUST_BE_PIPELINED },
    [RESULT_PIPELINED_BOUNDED] = { "pipelined_bounded", false, true, false, false,
                                   CONSUME_MUST_BE_PIPELINED },
    [RESULT_PIPELINED_APPROXIMATE] = { "pipelined_approximate", false, true, false, false,
                                       CONSUME_CAN_BE_PIPELINED },
    [RESULT_HYBRID_FULL] = { "hybrid_full", true, false, false, true, CONSUME_CAN_BE_PIPELINED },
    [RESULT_HYBRID_SELECTIVE] = { "hybrid_selective", false, false, false, true,
                                  CONSUME_CAN_BE_PIPELINED },
};

/* The words of scenarios and reports; Flink's classes are ForwardPartitioner and so on. */
const char *const partitioner_names[PARTITIONER_COUNT] = {
    [PARTITION_FORWARD] = "forward",     [PARTITION_RESCALE] = "rescale",
    [PARTITION_REBALANCE] = "rebalance", [PARTITION_HASH] = "hash",
    [PARTITION_BROADCAST] = "broadcast", [PARTITION_CUSTOM] = "custom",
};

/* The configuration is copied: what the cluster's becomes later does not reach a submitted job. */
struct job_graph *job_graph_create(const char *name, struct job_id id, const struct config *config)
{
    struct job_graph *graph = mem_create(sizeof *graph);
    graph->name = mem_copy_text(name);
    graph->id = id;
    graph->config = *config;
    job_graph_group(graph, "default", NULL);
    return graph;
}

/* Operators own their names, as the vertex owns its own. */
static void vertex_fini(struct job_vertex *vertex)
{
    for (size_t i = 0; i < vertex->operators.count; i++)
        mem_destroy(vertex->operators.items[i].name);
    vec_fini(&vertex->operators);
    vec_fini(&vertex->inputs);
    vec_fini(&vertex->outputs);
    mem_destroy(vertex->name);
}

void job_graph_destroy(struct job_graph *graph)
{
    if (!graph)
        return;
    for (size_t i = 0; i < graph->vertices.count; i++)
        vertex_fini(&graph->vertices.items[i]);
    for (size_t i = 0; i < graph->groups.count; i++)
        mem_destroy(graph->groups.items[i].name);
    vec_fini(&graph->vertices);
    vec_fini(&graph->edges);
    vec_fini(&graph->groups);
    index_map_fini(&graph->vertex_by_name);
    index_map_fini(&graph->vertex_by_operator);
    mem_destroy(graph->name);
    mem_destroy(graph);
}

/* Deep, so that client and dispatcher may each destroy theirs. Ids stay the same. */
static void copy_vertex(struct job_graph *copy, const struct job_vertex *vertex)
{
    struct job_vertex v = {
        .name = mem_copy_text(vertex->name),
        .parallelism = vertex->parallelism,
        .max_parallelism = vertex->max_parallelism,
        .group = vertex->group,
        .colocation = vertex->colocation,
    };
    for (size_t i = 0; i < vertex->operators.count; i++) {
        vec_push(&v.operators, vertex->operators.items[i]);
        vec_last(&v.operators).name = mem_copy_text(vertex->operators.items[i].name);
    }
    for (size_t i = 0; i < vertex->inputs.count; i++)
        vec_push(&v.inputs, vertex->inputs.items[i]);
    for (size_t i = 0; i < vertex->outputs.count; i++)
        vec_push(&v.outputs, vertex->outputs.items[i]);
    vertex_names_add(&copy->vertex_by_name, v.name, (uint32_t)copy->vertices.count);
    vec_push(&copy->vertices, v);
}

/* Edges and groups name vertices by id, which means the same in both; names and operators are
 * looked up in maps of the copy's own. */
struct job_graph *job_graph_create_copy(const struct job_graph *graph)
{
    struct job_graph *copy = mem_create(sizeof *copy);
    copy->name = mem_copy_text(graph->name);
    copy->id = graph->id;
    copy->config = graph->config;
    for (size_t i = 0; i < graph->vertices.count; i++)
        copy_vertex(copy, &graph->vertices.items[i]);
    operator_ids_map(copy);
    for (size_t i = 0; i < graph->edges.count; i++)
        vec_push(&copy->edges, graph->edges.items[i]);
    for (size_t i = 0; i < graph->groups.count; i++) {
        vec_push(&copy->groups, graph->groups.items[i]);
        vec_last(&copy->groups).name = mem_copy_text(graph->groups.items[i].name);
    }
    return copy;
}

/* Whoever names a group first makes it, and the last profile given counts: sources are read in any
 * order. */
struct group_id job_graph_group(struct job_graph *graph, const char *name,
                                const struct resource_profile *profile)
{
    /* Groups are few: one per name that the user wrote. */
    for (uint32_t i = 0; i < graph->groups.count; i++) {
        struct slot_sharing_group *group = &graph->groups.items[i];
        if (!text_equal(group->name, name))
            continue;
        if (profile)
            group->profile = *profile;
        return (struct group_id){ i };
    }
    CHECK(graph->groups.count < JOB_GROUPS_MAX);
    struct slot_sharing_group group = { .name = mem_copy_text(name), .profile.unknown = true };
    if (profile)
        group.profile = *profile;
    vec_push(&graph->groups, group);
    return (struct group_id){ (uint32_t)graph->groups.count - 1 };
}

/* Two names of one hash are next to impossible; if it happens, the walk finds the second. */
struct vertex_id job_graph_find_vertex(const struct job_graph *graph, const char *name)
{
    uint32_t first = index_map_get(&graph->vertex_by_name, vertex_name_key(name));
    if (first == INDEX_NONE)
        return vertex_id_none();
    for (uint32_t i = first; i < graph->vertices.count; i++)
        if (text_equal(graph->vertices.items[i].name, name))
            return (struct vertex_id){ i };
    return vertex_id_none();
}

/* PARALLELISM_UNSET is fine for both: job_graph_finish fills the first in, the second is derived.
 */
static struct err check_parallelism(const char *name, const char *what, int32_t value,
                                    struct note *note)
{
    if (value == PARALLELISM_UNSET || (value > 0 && value <= MAX_PARALLELISM_LIMIT))
        return OK;
    return err_note(note, ERR_BAD_VALUE_CODE, "vertex '%s': %s is %d, must be 1 to %d", name, what,
                    value, MAX_PARALLELISM_LIMIT);
}

struct err job_graph_add_vertex(struct job_graph *graph, const char *name, int32_t parallelism,
                                int32_t max_parallelism, struct group_id group,
                                struct vertex_id *out, struct note *note)
{
    CHECK(group.n < graph->groups.count);
    if (!*name)
        return err_note(note, ERR_MISSING_CODE, "a vertex without a name");
    if (!vertex_id_is_none(job_graph_find_vertex(graph, name)))
        return err_note(note, ERR_DUPLICATE_CODE, "vertex '%s' is there already", name);
    if (graph->vertices.count == JOB_VERTICES_MAX)
        return err_note(note, ERR_FULL_CODE, "vertex '%s': a job has at most %d vertices", name,
                        JOB_VERTICES_MAX);
    TRY(check_parallelism(name, "parallelism", parallelism, note));
    TRY(check_parallelism(name, "max parallelism", max_parallelism, note));
    /* Checked to the end: from here on nothing can be refused. */
    struct job_vertex vertex = {
        .name = mem_copy_text(name),
        .parallelism = parallelism,
        .max_parallelism = max_parallelism,
        .group = group,
        .colocation = ID_NONE,
    };
    /* A vertex is its head operator until others are chained to it. */
    vec_push(&vertex.operators, (struct job_operator){ .name = mem_copy_text(name) });
    vec_push(&graph->vertices, vertex);
    out->n = (uint32_t)graph->vertices.count - 1;
    vertex_names_add(&graph->vertex_by_name, name, out->n);
    return OK;
}

/* A chained operator runs in the task of its head: no edge leads to it, and it is restored with
 * it. */
void job_graph_chain_operator(struct job_graph *graph, struct vertex_id vertex,
                              const struct job_operator *op)
{
    CHECK(vertex.n < graph->vertices.count);
    struct job_vertex *v = &graph->vertices.items[vertex.n];
    vec_push(&v->operators, *op);
    vec_last(&v->operators).name = mem_copy_text(op->name);
}

/* For notes about edges, whose ends may not exist. */
static const char *name_or_nobody(const struct job_graph *graph, struct vertex_id vertex)
{
    return vertex.n < graph->vertices.count ? graph->vertices.items[vertex.n].name : "(no vertex)";
}

/* Two edges between the same vertices are two exchanges, as in Flink: a self-join reads its input
 * twice. */
struct err job_graph_add_edge(struct job_graph *graph, struct vertex_id producer,
                              struct vertex_id consumer, enum partitioner partitioner,
                              enum result_type result, struct note *note)
{
    CHECK(partitioner < PARTITIONER_COUNT);
    CHECK(result < RESULT_TYPE_COUNT);
    size_t count = graph->vertices.count;
    if (producer.n >= count || consumer.n >= count)
        return err_note(note, ERR_BAD_GRAPH_CODE, "edge %s -> %s leads nowhere",
                        name_or_nobody(graph, producer), name_or_nobody(graph, consumer));
    if (graph->edges.count == JOB_EDGES_MAX)
        return err_note(note, ERR_FULL_CODE, "a job has at most %d edges", JOB_EDGES_MAX);
    /* Flink derives the pattern from the partitioner the same way (StreamingJobGraphGenerator). */
    bool pointwise = partitioner == PARTITION_FORWARD || partitioner == PARTITION_RESCALE;
    uint32_t edge = (uint32_t)graph->edges.count;
    vec_push(&graph->edges,
             (struct job_edge){
                 .producer = producer,
                 .consumer = consumer,
                 .partitioner = partitioner,
                 .pattern = pointwise ? DISTRIBUTION_POINTWISE : DISTRIBUTION_ALL_TO_ALL,
                 .result = result,
             });
    vec_push(&graph->vertices.items[producer.n].outputs, edge);
    vec_push(&graph->vertices.items[consumer.n].inputs, edge);
    return OK;
}

/* A hybrid result may be read while it is written, but need not be: it does not tie the two. */
bool job_edge_is_pipelined(const struct job_edge *edge)
{
    CHECK(edge->result < RESULT_TYPE_COUNT);
    return result_type_rows[edge->result].constraint == CONSUME_MUST_BE_PIPELINED;
}

/* JobVertex.isInputVertex: what the operators do does not matter. */
bool job_graph_is_source(const struct job_graph *graph, struct vertex_id vertex)
{
    CHECK(vertex.n < graph->vertices.count);
    return graph->vertices.items[vertex.n].inputs.count == 0;
}

/* StreamGraphGenerator.generate: one input over a pointwise or a broadcast edge aligns all inputs
 * of an operator. Each channel has its own meaning there: data in flight on one could not be dealt
 * out anew, and broadcast state would be behind some of its records and before others. */
bool job_graph_is_overtaken(const struct job_graph *graph, struct vertex_id vertex)
{
    CHECK(vertex.n < graph->vertices.count);
    for (VEC_EACH(const uint32_t, e, &graph->vertices.items[vertex.n].inputs))
        if (graph->edges.items[*e].pattern == DISTRIBUTION_POINTWISE ||
            graph->edges.items[*e].partitioner == PARTITION_BROADCAST)
            return false;
    return true;
}

/* Not stored when derived, so that it follows the parallelism. */
int32_t job_graph_max_parallelism(const struct job_graph *graph, struct vertex_id vertex)
{
    CHECK(vertex.n < graph->vertices.count);
    const struct job_vertex *v = &graph->vertices.items[vertex.n];
    if (v->max_parallelism != PARALLELISM_UNSET)
        return v->max_parallelism;
    return key_group_default_max_parallelism(v->parallelism);
}
