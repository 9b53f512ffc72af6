/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading a job that a program executes: the program is found and its main called for its plan,
 * and each job of that plan becomes one of the scenario's, with what the scenario says of it over
 * what the program says.
 */
#include "core/base/check.h"
#include "core/base/text.h"
#include "sim/load/scenario_read.h"
#include "sim/program/outputs.h"
#include "sim/program/plan.h"

struct program_values {
    char *name;
    time_ns at;
};

static const struct field program_fields[] = {
    FIELD(struct program_values, name, "name", TEXT, ANY),
    FIELD(struct program_values, at, "at", DURATION, NOT_NEGATIVE),
    FIELD_BY_HAND("program"),
    FIELD_BY_HAND("args"),
    FIELD_BY_HAND("config"),
    FIELD_BY_HAND("load"),
    FIELD_BY_HAND("loads"),
    FIELD_BY_HAND("faults"),
};

/* argv: the name, the arguments, null. */
static struct err read_arguments(const struct tree_node *node, struct program_spec *program,
                                 struct note *note)
{
    const struct tree_node *list = field_child(node, "args");
    vec_push(&program->arguments, mem_copy_text(program->name));
    if (list) {
        TRY(field_need(list, TREE_LIST, "a list of arguments", note));
        if (list->count >= PROGRAM_ARGUMENTS_MAX)
            return tree_expected(list, ERR_BAD_VALUE_CODE, note, "at most %d arguments",
                                 PROGRAM_ARGUMENTS_MAX - 1);
        for (const struct tree_node *item = list->first; item; item = item->next) {
            TRY(field_need(item, TREE_SCALAR, "an argument", note));
            vec_push(&program->arguments, mem_copy_text(item->text));
        }
    }
    vec_push(&program->arguments, NULL);
    return OK;
}

/* The cluster's keys, over them the program's, over them the job's in the scenario. */
static struct err read_config(const struct scenario_reader *reader, const struct tree_node *node,
                              const struct planned_job *planned, struct config *config)
{
    struct note *note = reader->note;
    *config = reader->scenario->config;
    for (VEC_EACH(const struct weir_setting, setting, &planned->settings)) {
        struct err e = config_set(config, setting->key, setting->value, note);
        if (err_is(e))
            return tree_prefix(node, e, note);
    }
    return scenario_read_config(field_child(node, "config"), config, note);
}

/* What the model is told of a vertex, and the log of a source. */
static void model_vertex(struct job_spec *job, uint32_t v)
{
    const struct job_program *program = job->program;
    const struct program_hint *hint = &program->hints.items[v];
    const struct generator_params *generator = program->vertices.items[v].generator;
    struct vertex_model model = { .cost_ns = hint->cpu_ns,
                                  .wait_ns = hint->wait_ns,
                                  .selectivity = hint->selectivity,
                                  .record_bytes = hint->record_bytes,
                                  .keys = hint->keys,
                                  .state_per_key = hint->state_per_key,
                                  .state_fixed = hint->state_per_subtask,
                                  .sink_bytes = hint->sink_bytes,
                                  .sink_rest_bytes = hint->sink_rest_bytes,
                                  .sink_at_once = hint->sink_at_once,
                                  .backlog_above = TIME_NEVER };
    if (generator)
        model.partitions = (int32_t)generator->log.splits;
    if (program->vertices.items[v].files)
        model.partitions = (int32_t)program->vertices.items[v].files->core.split_count;
    vec_push(&job->vertices, model);
}

static void model_job(struct job_spec *job)
{
    size_t count = job->graph->vertices.count;
    for (uint32_t v = 0; v < count; v++)
        model_vertex(job, v);
    for (uint32_t e = 0; e < job->graph->edges.count; e++)
        vec_push(&job->edges, (struct edge_model){ -1, -1 });
    vec_resize(&job->loads, count);
    vec_resize(&job->load_per_subtask, count);
    vec_resize(&job->load_bounded, count);
}

/* What a generator makes, as a load. */
static void generator_load(const struct scenario_reader *reader, struct job_spec *job, uint32_t v)
{
    const struct weir_generator *spec = &job->program->vertices.items[v].generator->spec;
    struct series *load = &job->loads.items[v];
    struct load_context context = { .duration = reader->scenario->duration, .from = job->at };
    double count = (double)spec->count;
    bool is_empty = job->program->vertices.items[v].generator->lines && spec->count == 0;
    job->load_bounded.items[v] = spec->count > 0 || is_empty;
    if (is_empty)
        return;
    if (spec->rate == 0) {
        load_lay_out(count, &context, load);
        return;
    }
    series_push(load, job->at, spec->rate);
    double seconds = count / spec->rate;
    if (spec->count > 0 && seconds < (double)(context.duration - job->at) / (double)TIME_S)
        series_push(load, job->at + (time_ns)(seconds * (double)TIME_S), 0);
    else
        job->load_bounded.items[v] = false;
}

/* The lines of its files, which are all there. */
static void files_load(const struct scenario_reader *reader, struct job_spec *job, uint32_t v)
{
    const struct api_files *files = job->program->vertices.items[v].files;
    uint64_t lines = job_files_lines(&reader->scenario->files, files);
    struct load_context context = { .duration = reader->scenario->duration, .from = job->at };
    job->load_bounded.items[v] = true;
    if (lines > 0)
        load_lay_out((double)lines, &context, &job->loads.items[v]);
}

static void planned_load(const struct scenario_reader *reader, struct job_spec *job, uint32_t v)
{
    const struct program_vertex *vertex = &job->program->vertices.items[v];
    struct vertex_id id = { v };
    if (scenario_log_of(reader->scenario, job, &id) != job)
        return;
    if (vertex->generator)
        generator_load(reader, job, v);
    else if (vertex->files)
        files_load(reader, job, v);
}

static bool reads_lines(const struct program_vertex *vertex)
{
    return vertex->files || (vertex->generator && vertex->generator->lines);
}

/* `load` for the only source, `loads` by name; others are as their generators and files say. */
static struct err read_loads(const struct scenario_reader *reader, struct job_spec *job,
                             const struct tree_node *node, uint32_t index)
{
    const struct tree_node *load = field_child(node, "load"), *loads = field_child(node, "loads");
    struct note *note = reader->note;
    if (load && loads)
        return tree_error(load, ERR_BAD_VALUE_CODE, note,
                          "found both load and loads, expected one");
    if (loads)
        TRY(scenario_check_load_names(job, loads, note));
    for (uint32_t v = 0, sources = 0; v < job->graph->vertices.count; v++) {
        struct vertex_id vertex = { v };
        if (!job_graph_is_source(job->graph, vertex))
            continue;
        const struct tree_node *own =
            loads ? field_child(loads, job->graph->vertices.items[v].name) : load;
        if (load && sources++ > 0)
            return tree_error(load, ERR_BAD_VALUE_CODE, note,
                              "found one load and several sources, expected loads: { NAME: ... }");
        if (own && reads_lines(&job->program->vertices.items[v]))
            return tree_error(own, ERR_BAD_VALUE_CODE, note,
                              "found a load of '%s', expected none: it reads files, whose lines "
                              "are its load",
                              job->graph->vertices.items[v].name);
        if (own)
            TRY(scenario_read_load(reader, job, own, index, vertex));
        else
            planned_load(reader, job, v);
    }
    return OK;
}

static struct err read_planned(struct scenario_reader *reader, const struct tree_node *node,
                               struct planned_job *planned, uint32_t number)
{
    struct scenario *scenario = reader->scenario;
    uint32_t index = (uint32_t)scenario->jobs.count;
    const struct tree_node *child;
    struct config config;
    vec_push(&scenario->jobs, (struct job_spec){ 0 });
    struct job_spec *job = &vec_last(&scenario->jobs);
    job->main = (uint32_t)scenario->programs.count;
    job->number = number;
    job->at = vec_last(&scenario->programs).at;
    job->name = mem_copy_text(planned->built->name);
    TRY(scenario_check_job_name(scenario, job, node, reader->note));
    TRY(read_config(reader, node, planned, &config));
    job->graph = job_graph_create(job->name, (struct job_id){ index }, &config);
    struct api_job *built = planned->built;
    planned->built = NULL;
    struct err e = job_program_translate(built, job->graph, &job->program, reader->note);
    if (!err_is(e))
        e = outputs_check(job->name, job->program, reader->note);
    if (!err_is(e))
        e = job_files_read(&scenario->files, reader->directory, job->program, reader->note);
    if (!err_is(e))
        e = job_files_give(&scenario->files, job->program, reader->note);
    if (err_is(e))
        return tree_prefix(field_child(node, "program"), e, reader->note);
    model_job(job);
    TRY(scenario_read_recovery(reader, job, index, node));
    TRY(read_loads(reader, job, node, index));
    if ((child = field_child(node, "faults")) != NULL)
        TRY(scenario_read_faults(reader, job, child));
    return OK;
}

static struct err read_plan(struct scenario_reader *reader, const struct tree_node *node,
                            const char *name, struct plan *plan)
{
    size_t count = plan->jobs.count;
    struct note *note = reader->note;
    const struct tree_node *child = field_child(node, "name");
    if (name && count > 1)
        return tree_error(child, ERR_BAD_VALUE_CODE, note,
                          "found a name, expected none: the program executes %zu jobs and names "
                          "them itself",
                          count);
    if (reader->scenario->jobs.count + count > SCENARIO_JOBS_MAX)
        return tree_error(node, ERR_BAD_VALUE_CODE, note, "found %zu jobs, expected at most %d",
                          reader->scenario->jobs.count + count, SCENARIO_JOBS_MAX);
    if (name) {
        mem_destroy(plan->jobs.items[0].built->name);
        plan->jobs.items[0].built->name = mem_copy_text(name);
    }
    for (uint32_t i = 0; i < count; i++)
        TRY(read_planned(reader, node, &plan->jobs.items[i], i));
    return OK;
}

static struct err read_main(struct scenario_reader *reader, const struct tree_node *node,
                            struct program_spec *program)
{
    const struct tree_node *child = field_child(node, "program");
    TRY(field_read(child, FIELD_TEXT, RANGE_ANY, &program->name, reader->note));
    TRY(read_arguments(node, program, reader->note));
    struct err e = library_open(reader->directory, program->name, &program->main,
                                &program->expected, reader->note);
    return err_is(e) ? tree_prefix(child, e, reader->note) : OK;
}

struct err scenario_read_program(struct scenario_reader *reader, const struct tree_node *node)
{
    struct program_values v = { 0 };
    struct plan plan;
    struct err e =
        fields_read(node, program_fields, FIELDS_COUNT(program_fields), &v, reader->note);
    vec_push(&reader->scenario->programs, (struct program_spec){ .at = v.at });
    struct program_spec *program = &vec_last(&reader->scenario->programs);
    if (!err_is(e))
        e = read_main(reader, node, program);
    if (!err_is(e)) {
        e = plan_make(program->main, (int)program->arguments.count - 1, program->arguments.items,
                      reader->scenario->config.call_cpu_max, &plan, reader->note);
        if (err_is(e)) {
            e = tree_prefix(field_child(node, "program"), e, reader->note);
        } else {
            e = read_plan(reader, node, v.name, &plan);
            plan_fini(&plan);
        }
    }
    mem_destroy(v.name);
    return e;
}
