/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading a job: its groups, vertices and edges into a finished job graph, then what hangs on the
 * finished vertices: skew, loads and planned faults of user code.
 */
#include <string.h>

#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/text.h"
#include "sim/load/scenario_read.h"

struct group_values {
    double cores;
    int64_t memory;
};

/* Named groups with the resources of their slots, which some TaskManager must be able to give. */
static struct err read_group(const struct scenario_reader *reader, struct job_graph *graph,
                             const struct tree_node *node)
{
    static const struct field fields[] = {
        FIELD(struct group_values, cores, "cores", NUMBER, POSITIVE),
        FIELD(struct group_values, memory, "memory", SIZE, POSITIVE),
    };
    const struct machine_spec most = scenario_machine_most(&reader->scenario->cluster);
    struct group_values v = { 0 };
    struct resource_profile profile = { .unknown = true };
    if (node->kind != TREE_NULL) {
        const struct tree_node *cores, *memory;
        TRY(fields_read(node, fields, FIELDS_COUNT(fields), &v, reader->note));
        TRY(field_need_child(node, "cores", &cores, reader->note));
        TRY(field_need_child(node, "memory", &memory, reader->note));
        if (v.cores > most.cores)
            return tree_expected(cores, ERR_BAD_VALUE_CODE, reader->note,
                                 "at most the cores of a TaskManager (the slot fits none)");
        if (v.memory > most.memory_bytes)
            return tree_expected(memory, ERR_BAD_VALUE_CODE, reader->note,
                                 "at most the memory of a TaskManager (the slot fits none)");
        profile = (struct resource_profile){ .cpu_milli = (int32_t)(v.cores * 1000 + 0.5),
                                             .memory_bytes = v.memory };
    }
    job_graph_group(graph, node->key, &profile);
    return OK;
}

static struct err read_vertices(const struct scenario_reader *reader, struct job_spec *job,
                                const struct tree_node *list, const struct tree_node *groups)
{
    struct note *note = reader->note;
    TRY(field_need(list, TREE_LIST, "a list of vertices", note));
    if (list->count == 0)
        return tree_error(list, ERR_MISSING_CODE, note, "found no vertex, expected some");
    if (list->count > JOB_VERTICES_MAX)
        return tree_error(list, ERR_BAD_GRAPH_CODE, note, "found %zu vertices, expected at most %d",
                          list->count, JOB_VERTICES_MAX);
    for (const struct tree_node *node = list->first; node; node = node->next) {
        const struct tree_node *name = field_child(node, "name");
        struct vertex_id before = vertex_id_none();
        char where[TREE_WHERE_LENGTH_MAX];
        if (name && name->kind == TREE_SCALAR)
            before = job_graph_find_vertex(job->graph, name->text);
        if (!vertex_id_is_none(before))
            return tree_expected(name, ERR_DUPLICATE_CODE, note,
                                 "a name not used before (%s has it)",
                                 tree_where(tree_at(list, before.n), where));
        TRY(scenario_read_vertex(reader, job, node, groups));
    }
    return OK;
}

/* The core's own checks and its topological order; models follow their vertices. */
static struct err finish_graph(struct job_spec *job, const struct tree_node *node,
                               struct note *note)
{
    const struct tree_node *edges = field_child(node, "edges");
    size_t count = job->graph->vertices.count;
    CHECK(job->vertices.count == count);
    struct vertex_id *renumbered = mem_create_array(count, sizeof *renumbered);
    struct vertex_model *models = mem_create_array(count, sizeof *models);
    struct err e = job_graph_finish(job->graph, renumbered, note);
    if (err_is(e)) {
        e = tree_prefix(e.code == ERR_BAD_GRAPH_CODE && edges ? edges : node, e, note);
    } else {
        memcpy(models, job->vertices.items, count * sizeof *models);
        for (size_t i = 0; i < count; i++)
            job->vertices.items[renumbered[i].n] = models[i];
    }
    mem_destroy(renumbered);
    mem_destroy(models);
    return e;
}

struct err scenario_find_vertex(const struct job_spec *job, const struct tree_node *node,
                                struct vertex_id *out, struct note *note)
{
    const struct job_graph *graph = job->graph;
    TRY(field_need(node, TREE_SCALAR, "the name of a vertex", note));
    *out = job_graph_find_vertex(graph, node->text);
    if (!vertex_id_is_none(*out))
        return OK;
    const char **names = mem_create_array(graph->vertices.count, sizeof *names);
    for (size_t i = 0; i < graph->vertices.count; i++)
        names[i] = graph->vertices.items[i].name;
    char hint[FIELD_HINT_MAX];
    field_hint(hint, node->text, names, graph->vertices.count);
    mem_destroy(names);
    return tree_expected(node, ERR_BAD_VALUE_CODE, note, "a vertex of job '%s'%s", job->name, hint);
}

struct err scenario_read_load(const struct scenario_reader *reader, struct job_spec *job,
                              const struct tree_node *node, uint32_t job_index,
                              struct vertex_id source)
{
    struct load_context context = {
        .directory = reader->directory,
        .duration = reader->scenario->duration,
        .from = job->at,
        .seed = reader->scenario->seed,
        .stream = hash_add(hash_add_text(0, job->graph->vertices.items[source.n].name), job_index),
    };
    struct load_traits traits = { false, false };
    TRY(load_read(node, &context, &job->loads.items[source.n], &traits, reader->note));
    job->load_per_subtask.items[source.n] = traits.per_subtask;
    job->load_bounded.items[source.n] = traits.bounded;
    return OK;
}

/* All names below `loads` must be sources. */
struct err scenario_check_load_names(const struct job_spec *job, const struct tree_node *loads,
                                     struct note *note)
{
    TRY(field_need(loads, TREE_MAP, "a map from sources to loads", note));
    for (const struct tree_node *item = loads->first; item; item = item->next) {
        struct vertex_id vertex;
        struct tree_node name = *item;
        name.kind = TREE_SCALAR;
        name.text = item->key;
        TRY(scenario_find_vertex(job, &name, &vertex, note));
        if (!job_graph_is_source(job->graph, vertex))
            return tree_error(item, ERR_BAD_VALUE_CODE, note,
                              "found a load at a vertex with inputs, expected only sources here");
    }
    return OK;
}

/* Is what arrives there a former job's load? Then a load of its own has nowhere to go. */
static struct err goes_on(const struct scenario_reader *reader, const struct job_spec *job,
                          struct vertex_id source, const struct tree_node *own, bool *out)
{
    struct vertex_id there = source;
    const struct job_spec *log = scenario_log_of(reader->scenario, job, &there);
    *out = log != job;
    if (!*out || !own)
        return OK;
    return tree_error(own, ERR_BAD_VALUE_CODE, reader->note,
                      "found a load for source '%s', which goes on reading the log of job '%s', "
                      "expected none",
                      job->graph->vertices.items[source.n].name, log->name);
}

/* `load` for the only source, `loads` by the names of the sources; every source needs one that has
 * a log of its own. */
static struct err read_loads(const struct scenario_reader *reader, struct job_spec *job,
                             const struct tree_node *node, uint32_t job_index)
{
    const struct tree_node *load = field_child(node, "load"), *loads = field_child(node, "loads");
    const struct job_graph *graph = job->graph;
    struct note *note = reader->note;
    if (load && loads)
        return tree_error(load, ERR_BAD_VALUE_CODE, note,
                          "found both load and loads, expected one");
    if (loads)
        TRY(scenario_check_load_names(job, loads, note));
    for (uint32_t i = 0, sources = 0; i < graph->vertices.count; i++) {
        struct vertex_id vertex = { i };
        if (!job_graph_is_source(graph, vertex))
            continue;
        const char *name = graph->vertices.items[i].name;
        const struct tree_node *own = loads ? field_child(loads, name) : load;
        bool is_former;
        TRY(goes_on(reader, job, vertex, own, &is_former));
        if (is_former)
            continue;
        if (load && sources++ > 0)
            return tree_error(load, ERR_BAD_VALUE_CODE, note,
                              "found one load and several sources, expected loads: { NAME: ... }");
        if (!own)
            return tree_error(loads ? loads : node, ERR_MISSING_CODE, note,
                              "found no load for source '%s', expected one", name);
        TRY(scenario_read_load(reader, job, own, job_index, vertex));
    }
    return OK;
}

static const struct field job_fields[] = {
    FIELD(struct job_spec, name, "name", TEXT, ANY),
    FIELD(struct job_spec, at, "at", DURATION, NOT_NEGATIVE),
    FIELD_BY_HAND("config"),
    FIELD_BY_HAND("groups"),
    FIELD_BY_HAND("vertices"),
    FIELD_BY_HAND("edges"),
    FIELD_BY_HAND("load"),
    FIELD_BY_HAND("loads"),
    FIELD_BY_HAND("faults"),
};

static struct err read_graph(const struct scenario_reader *reader, struct job_spec *job,
                             const struct tree_node *node)
{
    const struct tree_node *groups = field_child(node, "groups"), *vertices, *edges;
    struct note *note = reader->note;
    if (groups) {
        TRY(field_need(groups, TREE_MAP, "a map of slot sharing groups", note));
        for (const struct tree_node *item = groups->first; item; item = item->next)
            TRY(read_group(reader, job->graph, item));
    }
    TRY(field_need_child(node, "vertices", &vertices, note));
    TRY(read_vertices(reader, job, vertices, groups));
    if ((edges = field_child(node, "edges")) != NULL)
        TRY(scenario_read_edges(job, edges, note));
    TRY(finish_graph(job, node, note));
    vec_resize(&job->loads, job->graph->vertices.count);
    vec_resize(&job->load_per_subtask, job->graph->vertices.count);
    vec_resize(&job->load_bounded, job->graph->vertices.count);
    return scenario_finish_vertices(job, vertices, note);
}

struct err scenario_check_job_name(const struct scenario *scenario, const struct job_spec *job,
                                   const struct tree_node *node, struct note *note)
{
    for (VEC_EACH(const struct job_spec, other, &scenario->jobs))
        if (other != job && text_equal(other->name, job->name))
            return tree_expected(node, ERR_DUPLICATE_CODE, note, "a name not used before");
    return OK;
}

struct err scenario_read_job(struct scenario_reader *reader, const struct tree_node *node,
                             uint32_t index)
{
    struct scenario *scenario = reader->scenario;
    const struct tree_node *child;
    struct config config = scenario->config;
    CHECK(scenario->jobs.count == index);
    vec_push(&scenario->jobs, (struct job_spec){ 0 });
    struct job_spec *job = &vec_last(&scenario->jobs);
    TRY(field_need(node, TREE_MAP, "a job: { name, vertices, ... }", reader->note));
    TRY(fields_read(node, job_fields, FIELDS_COUNT(job_fields), job, reader->note));
    TRY(field_need_child(node, "name", &child, reader->note));
    TRY(scenario_check_job_name(scenario, job, child, reader->note));
    TRY(scenario_read_config(field_child(node, "config"), &config, reader->note));
    job->graph = job_graph_create(job->name, (struct job_id){ index }, &config);
    TRY(read_graph(reader, job, node));
    TRY(scenario_read_recovery(reader, job, index, node));
    TRY(read_loads(reader, job, node, index));
    if ((child = field_child(node, "faults")) != NULL)
        TRY(scenario_read_faults(reader, job, child));
    return OK;
}

struct err scenario_find_job(const struct scenario_reader *reader, const struct tree_node *at,
                             const struct tree_node *node, struct job_id *out)
{
    const struct scenario *scenario = reader->scenario;
    *out = (struct job_id){ 0 };
    if (!node) {
        if (scenario->jobs.count == 1)
            return OK;
        return tree_error(at, ERR_MISSING_CODE, reader->note,
                          "found no 'job' and %zu jobs, expected the name of one",
                          scenario->jobs.count);
    }
    TRY(field_need(node, TREE_SCALAR, "the name of a job", reader->note));
    const char *names[SCENARIO_JOBS_MAX];
    for (uint32_t i = 0; i < scenario->jobs.count; i++) {
        names[i] = scenario->jobs.items[i].name;
        *out = (struct job_id){ i };
        if (text_equal(names[i], node->text))
            return OK;
    }
    char hint[FIELD_HINT_MAX];
    return tree_expected(node, ERR_BAD_VALUE_CODE, reader->note, "the name of a job%s",
                         field_hint(hint, node->text, names, scenario->jobs.count));
}
