/* SPDX-License-Identifier: Apache-2.0
 *
 * From operators and streams to vertices and edges: an operator runs in the task of the one before
 * it where records need not change hands, as in Flink's isChainable.
 */
#include "core/api/job_program.h"

#include "core/api/checks.h"
#include "core/api/context.h"
#include "core/api/operator_ids.h"
#include "core/base/hash.h"
#include "core/base/text.h"

struct snapshot_serializer api_serializer(const struct weir_type *type)
{
    uint64_t print = hash_add(hash_add_text(0, type->name), type->size);
    return (struct snapshot_serializer){ .fingerprint = print, .version = type->version };
}

/* Of the records of an edge, as they lie in its buffers. */
static struct snapshot_serializer serializer_of(const struct api_output *output)
{
    struct snapshot_serializer of = api_serializer(output->type);
    of.fingerprint = hash_add(of.fingerprint, output->timestamped);
    return of;
}

static const char *group_of(const struct api_operator *op)
{
    return op->group ? op->group : "default";
}

/* Does it take its records from the hand of the operator before it? */
static bool is_chained(const struct job_program *program, const struct job_graph *graph,
                       const struct api_operator *op)
{
    if (op->inputs.count != 1 || op->starts_chain || op->chains_never)
        return false;
    const struct api_part *part = &op->inputs.items[0].part;
    const struct api_operator *from = part->from;
    const struct program_vertex *vertex = &program->vertices.items[from->vertex];
    return graph->config.operator_chaining && part->output == 0 && !from->chains_never &&
           (!part->is_dealt || part->partitioner == PARTITION_FORWARD) &&
           from->place + 1 == vertex->operators.count &&
           vertex->operators.count < CHAIN_OPERATORS_MAX && from->parallelism == op->parallelism &&
           from->max_parallelism == op->max_parallelism && text_equal(group_of(from), group_of(op));
}

static struct operator_spec spec_of(const struct api_operator *op)
{
    struct operator_spec spec = {
        .name = op->name,
        .class = op->class,
        .params = op->params,
        .cost = op->cost.cpu_ns > 0 ? op->cost.cpu_ns : CPU_NS_DEFAULT,
    };
    for (VEC_EACH(const struct api_output, output, &op->outputs)) {
        struct record_layout none = { .size = RECORD_ALIGN };
        vec_push(&spec.outputs,
                 output->type ? api_layout(output->type, output->timestamped) : none);
    }
    return spec;
}

/* What the user's functions need to know of their outputs. */
static void finish_call(struct api_job *built, const struct api_operator *op)
{
    size_t count = op->outputs.count;
    if (!op->call)
        return;
    op->call->types = arena_take(&built->arena, (count + 1) * sizeof *op->call->types);
    op->call->outputs = (uint32_t)count;
    for (size_t i = 0; i < count; i++)
        op->call->types[i] = op->outputs.items[i].type;
}

/* The chain so far, and one more: its cost is paid for each record that gets as far. */
static void add_hint(struct program_hint *hint, const struct api_operator *op)
{
    const struct weir_cost *cost = &op->cost;
    double reached = hint->selectivity;
    hint->cpu_ns += reached * (double)(cost->cpu_ns > 0 ? cost->cpu_ns : CPU_NS_DEFAULT);
    hint->wait_ns += reached * (double)cost->wait_ns;
    hint->selectivity = reached * (cost->selectivity > 0 ? cost->selectivity : 1);
    if (op->sink && !op->sink->is_collected) {
        hint->sink_bytes += reached * api_bytes_of(op->sink->type);
        hint->sink_rest_bytes += FILE_SINK_BYTES;
        hint->sink_at_once |= op->sink->is_table;
    }
    if (op->outputs.count > 0)
        hint->record_bytes = api_bytes_of(op->outputs.items[0].type);
    hint->state_per_subtask += cost->state_per_subtask;
    if (op->keyed) {
        enum { KEYS_DEFAULT = 1000 };
        hint->keys = cost->keys > 0 ? cost->keys : KEYS_DEFAULT;
        hint->state_per_key = cost->state_per_key > 0 ? cost->state_per_key : op->state_bytes;
    }
}

static struct job_operator graph_operator(const struct api_operator *op)
{
    return (struct job_operator){ .name = (char *)op->name,
                                  .keyed_state = op->keyed,
                                  .operator_state = op->class->lists };
}

static MUST_CHECK struct err begin_vertex(struct job_program *program, struct job_graph *graph,
                                          struct api_operator *op, struct note *note)
{
    struct vertex_id id;
    struct group_id group = job_graph_group(graph, group_of(op), NULL);
    TRY(job_graph_add_vertex(graph, op->name, op->parallelism, op->max_parallelism, group, &id,
                             note));
    struct job_operator *head = &graph->vertices.items[id.n].operators.items[0];
    head->keyed_state = op->keyed;
    head->operator_state = op->class->lists;
    op->vertex = id.n;
    op->place = 0;
    vec_push(&program->vertices, (struct program_vertex){ .generator = op->generator,
                                                          .files = op->files,
                                                          .alignment = op->alignment });
    vec_push(&program->hints, (struct program_hint){ .selectivity = 1 });
    return OK;
}

static MUST_CHECK struct err add_edge(struct job_program *program, struct job_graph *graph,
                                      const struct api_operator *op, const struct api_input *input,
                                      struct note *note)
{
    const struct api_part *part = &input->part;
    const struct api_operator *from = part->from;
    const struct api_output *output = &from->outputs.items[part->output];
    int32_t usual = (int32_t)graph->config.parallelism_default;
    int32_t ours = op->parallelism > 0 ? op->parallelism : usual;
    int32_t theirs = from->parallelism > 0 ? from->parallelism : usual;
    enum partitioner partitioner = part->is_dealt   ? part->partitioner
                                   : ours == theirs ? PARTITION_FORWARD
                                                    : PARTITION_REBALANCE;
    TRY(job_graph_add_edge(graph, (struct vertex_id){ from->vertex },
                           (struct vertex_id){ op->vertex }, partitioner, RESULT_PIPELINED_BOUNDED,
                           note));
    vec_push(&program->edges,
             (struct program_edge){ .layout = api_layout(output->type, output->timestamped),
                                    .serializer = serializer_of(output),
                                    .route = part->route,
                                    .head_input = input->input });
    vec_push(&program->vertices.items[from->vertex].bindings,
             (struct chain_binding){ from->place, part->output });
    return OK;
}

static MUST_CHECK struct err add_operator(struct job_program *program, struct job_graph *graph,
                                          struct api_operator *op, struct note *note)
{
    if (is_chained(program, graph, op)) {
        const struct api_operator *from = op->inputs.items[0].part.from;
        struct job_operator chained = graph_operator(op);
        op->vertex = from->vertex;
        op->place = from->place + 1;
        job_graph_chain_operator(graph, (struct vertex_id){ op->vertex }, &chained);
    } else {
        TRY(begin_vertex(program, graph, op, note));
        for (VEC_EACH(const struct api_input, input, &op->inputs))
            TRY(add_edge(program, graph, op, input, note));
    }
    finish_call(program->built, op);
    if (op->sink)
        vec_push(&program->sinks, op->sink);
    vec_push(&program->vertices.items[op->vertex].operators, spec_of(op));
    add_hint(&program->hints.items[op->vertex], op);
    return OK;
}

/* Which are what their state is found by, in the graph and in the tasks. */
static void finish_ids(struct job_program *program, struct job_graph *graph)
{
    api_give_ids(program->built);
    for (VEC_EACH(struct api_operator *, op, &program->built->operators)) {
        uint32_t vertex = (*op)->vertex, place = (*op)->place;
        graph->vertices.items[vertex].operators.items[place].id = (*op)->id;
        program->vertices.items[vertex].operators.items[place].id = (*op)->id;
    }
}

/* Sources deal out their splits among all subtasks there may ever be. */
static void finish_generators(struct job_program *program, const struct job_graph *graph)
{
    for (uint32_t v = 0; v < program->vertices.count; v++) {
        struct generator_params *generator = program->vertices.items[v].generator;
        if (generator)
            generator->log.splits =
                generator->spec.splits > 0
                    ? generator->spec.splits
                    : (uint32_t)job_graph_max_parallelism(graph, (struct vertex_id){ v });
    }
}

static MUST_CHECK struct err translate(struct job_program *program, struct job_graph *graph,
                                       struct note *note)
{
    struct api_job *built = program->built;
    CHECK(graph->vertices.count == 0);
    if (built->wrong.text[0] != '\0')
        return err_note(note, ERR_BAD_GRAPH_CODE, "%s", built->wrong.text);
    if (built->operators.count == 0)
        return err_note(note, ERR_BAD_GRAPH_CODE, "no streams were built");
    for (VEC_EACH(struct api_operator *, op, &built->operators))
        TRY(add_operator(program, graph, *op, note));
    finish_ids(program, graph);
    struct vertex_id *renumbered = mem_create_array(graph->vertices.count, sizeof *renumbered);
    struct err e = job_graph_finish(graph, renumbered, note);
    for (uint32_t v = 0; v < graph->vertices.count && !err_is(e); v++)
        CHECK(renumbered[v].n == v); /* readers are added behind those they read from */
    mem_destroy(renumbered);
    TRY(e);
    finish_generators(program, graph);
    return OK;
}

struct err job_program_translate(struct api_job *built, struct job_graph *graph,
                                 struct job_program **out, struct note *note)
{
    struct job_program *program = mem_create(sizeof *program);
    program->built = built;
    struct err e = translate(program, graph, note);
    if (err_is(e))
        job_program_destroy(program);
    else
        *out = program;
    return e;
}

void job_program_destroy(struct job_program *program)
{
    if (!program)
        return;
    for (VEC_EACH(struct program_vertex, vertex, &program->vertices)) {
        for (VEC_EACH(struct operator_spec, spec, &vertex->operators))
            vec_fini(&spec->outputs);
        vec_fini(&vertex->operators);
        vec_fini(&vertex->bindings);
    }
    vec_fini(&program->vertices);
    vec_fini(&program->edges);
    vec_fini(&program->hints);
    vec_fini(&program->sinks);
    api_job_destroy(program->built);
    mem_destroy(program);
}
