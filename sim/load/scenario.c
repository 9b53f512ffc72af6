/* SPDX-License-Identifier: Apache-2.0
 *
 * Loading a scenario: text to tree, --set and the variant laid over it, the merged tree read part
 * by part into the struct. Whatever is wrong ends with one line and nothing half-loaded.
 */
#include "sim/load/scenario.h"

#include <math.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/text.h"
#include "sim/kernel/guard.h"
#include "sim/load/scenario_read.h"

static const char *const flink_versions[] = { "2.3", "2.4" };
const char *const world_names[WORLD_COUNT] = { "virtual", "exact" };
const char *const log_level_names[LOG_LEVEL_COUNT] = { "decision", "task", "message" };

static const struct field scenario_fields[] = {
    FIELD(struct scenario, name, "name", TEXT, ANY),
    FIELD(struct scenario, question, "question", TEXT, ANY),
    FIELD(struct scenario, seed, "seed", COUNT, NOT_NEGATIVE),
    FIELD(struct scenario, duration, "duration", DURATION, POSITIVE),
    FIELD(struct scenario, sample, "sample", DURATION, POSITIVE),
    FIELD_BY_HAND("flink-version"),
    FIELD_BY_HAND("log-level"),
    FIELD_BY_HAND("world"),
    FIELD_BY_HAND("config"),
    FIELD_BY_HAND("cluster"),
    FIELD_BY_HAND("jobs"),
    FIELD_BY_HAND("events"),
    FIELD_BY_HAND("compare"),
    FIELD_BY_HAND("expect"),
    FIELD_BY_HAND("tolerances"),
};

#define X(name, unit, scope, help)                                                                 \
    FIELD(struct tolerances, of[METRIC_##name], #name, SHARE, NOT_NEGATIVE),
static const struct field tolerance_fields[] = {
    FIELD(struct tolerances, common, "all", SHARE, NOT_NEGATIVE), METRICS(X)
};
#undef X

/* What a variant may change: everything but the list of variants. */
static const struct field variant_fields[] = {
    FIELD_BY_HAND("name"),      FIELD_BY_HAND("question"),   FIELD_BY_HAND("seed"),
    FIELD_BY_HAND("duration"),  FIELD_BY_HAND("sample"),     FIELD_BY_HAND("flink-version"),
    FIELD_BY_HAND("log-level"), FIELD_BY_HAND("world"),      FIELD_BY_HAND("config"),
    FIELD_BY_HAND("cluster"),   FIELD_BY_HAND("jobs"),       FIELD_BY_HAND("events"),
    FIELD_BY_HAND("expect"),    FIELD_BY_HAND("tolerances"),
};

/* Plots and tables stay readable: some 1,000 to 10,000 samples for any length of run. */
static time_ns default_sample(time_ns duration)
{
    if (duration <= TIME_H)
        return TIME_S;
    if (duration <= TIME_DAY)
        return 10 * TIME_S;
    if (duration <= 7 * TIME_DAY)
        return TIME_MIN;
    return 10 * TIME_MIN;
}

bool log_level_find(const char *word, enum log_level *out)
{
    for (int level = 0; level < LOG_LEVEL_COUNT; level++) {
        const char *name = log_level_names[level];
        size_t length = strlen(name);
        if (strncmp(word, name, length) == 0 &&
            (word[length] == '\0' || text_equal(word + length, "s"))) {
            *out = (enum log_level)level;
            return true;
        }
    }
    return false;
}

static struct err read_tolerances(const struct tree_node *node, struct tolerances *out,
                                  struct note *note)
{
    out->common = NAN;
    for (int metric = 0; metric < METRIC_NAME_COUNT; metric++)
        out->of[metric] = NAN;
    return node ? fields_read(node, tolerance_fields, FIELDS_COUNT(tolerance_fields), out, note)
                : OK;
}

static struct err read_head(struct scenario_reader *reader, const struct tree_node *root)
{
    struct scenario *scenario = reader->scenario;
    struct note *note = reader->note;
    const struct tree_node *child;
    size_t word;
    scenario->seed = 1;
    TRY(fields_read(root, scenario_fields, FIELDS_COUNT(scenario_fields), scenario, note));
    TRY(field_need_child(root, "name", &child, note));
    TRY(field_need_child(root, "duration", &child, note));
    if (scenario->duration > SCENARIO_DURATION_MAX)
        return tree_expected(child, ERR_BAD_VALUE_CODE, note, "at most 20 years");
    child = tree_find(root, "sample");
    if (scenario->sample == 0)
        scenario->sample = default_sample(scenario->duration);
    else if (scenario->sample > scenario->duration)
        return tree_expected(child, ERR_BAD_VALUE_CODE, note, "at most the duration of the run");
    if (scenario->duration / scenario->sample > SCENARIO_SAMPLES_MAX)
        return tree_expected(child, ERR_BAD_VALUE_CODE, note,
                             "a longer one (at most %d samples in a run)", SCENARIO_SAMPLES_MAX);
    if ((child = field_child(root, "flink-version")) != NULL) {
        TRY(field_read_word(child, "a version of Flink", flink_versions,
                            FIELDS_COUNT(flink_versions), &word, note));
        scenario->config.flink_version = word == 0 ? FLINK_2_3 : FLINK_2_4;
    }
    child = field_child(root, "log-level");
    if (child && !(child->kind == TREE_SCALAR && log_level_find(child->text, &scenario->log_level)))
        TRY(field_read_word(child, "a level", log_level_names, LOG_LEVEL_COUNT, &word, note));
    if ((child = field_child(root, "world")) != NULL) {
        TRY(field_read_word(child, "a world", world_names, WORLD_COUNT, &word, note));
        scenario->world = (enum scenario_world)word;
    }
    TRY(read_tolerances(field_child(root, "tolerances"), &scenario->tolerances, note));
    return scenario_read_config(field_child(root, "config"), &scenario->config, note);
}

/* Several jobs are those of a session cluster, whose own keys no job can set. One job is an
 * application cluster: its configuration is the cluster's. */
static struct err refuse_cluster_keys(const struct tree_node *config, struct note *note)
{
    for (const struct tree_node *item = config ? config->first : NULL; item; item = item->next)
        if (config_key_is_clusters(item->key))
            return tree_error(item, ERR_BAD_VALUE_CODE, note,
                              "found a key of the cluster, which no job of several can set, "
                              "expected it below the scenario's own config");
    return OK;
}

/* Reactive mode takes all there is for the one job of its cluster; in a session cluster Flink does
 * not start with it. A job that goes on where another one was stopped has the cluster after it. */
static struct err refuse_reactive_session(const struct scenario *scenario,
                                          const struct tree_node *jobs, struct note *note)
{
    size_t apart = 0, reactive = 0;
    for (VEC_EACH(const struct job_spec, job, &scenario->jobs)) {
        apart += job->former == 0;
        reactive += job->graph->config.scheduler_mode == SCHEDULER_MODE_REACTIVE;
    }
    if (apart <= 1 || reactive == 0)
        return OK;
    return tree_error(jobs, ERR_BAD_VALUE_CODE, note,
                      "found %zu jobs in one cluster, expected one where scheduler-mode is "
                      "reactive: it works in application mode only",
                      apart);
}

static struct err read_jobs(struct scenario_reader *reader, const struct tree_node *root)
{
    const struct tree_node *jobs;
    TRY(field_need_child(root, "jobs", &jobs, reader->note));
    TRY(field_need(jobs, TREE_LIST, "a list of jobs", reader->note));
    if (jobs->count == 0 || jobs->count > SCENARIO_JOBS_MAX)
        return tree_error(jobs, ERR_BAD_VALUE_CODE, reader->note,
                          "found %zu jobs, expected 1 to %d", jobs->count, SCENARIO_JOBS_MAX);
    for (const struct tree_node *item = jobs->first; item; item = item->next) {
        if (field_child(item, "program"))
            TRY(scenario_read_program(reader, item));
        else
            TRY(scenario_read_job(reader, item, (uint32_t)reader->scenario->jobs.count));
        if (jobs->count > 1)
            TRY(refuse_cluster_keys(field_child(item, "config"), reader->note));
    }
    return refuse_reactive_session(reader->scenario, jobs, reader->note);
}

/* What some event does matters to what is read before it. Whether it does it well is read later. */
static void look_ahead(struct scenario_reader *reader, const struct tree_node *root)
{
    const struct tree_node *events = field_child(root, "events");
    for (const struct tree_node *item = events ? events->first : NULL; item; item = item->next) {
        reader->events_add = reader->events_add || field_child(item, "add");
        reader->events_rescale = reader->events_rescale || field_child(item, "rescale");
    }
}

static struct err read_events(struct scenario_reader *reader, const struct tree_node *root)
{
    const struct tree_node *events = field_child(root, "events");
    if (!events)
        return OK;
    TRY(field_need(events, TREE_LIST, "a list of events", reader->note));
    for (const struct tree_node *item = events->first; item; item = item->next)
        TRY(scenario_read_event(reader, item));
    return OK;
}

static struct err read_variants(struct scenario_reader *reader, const struct tree_node *root)
{
    const struct tree_node *compare = field_child(root, "compare");
    if (!compare)
        return OK;
    TRY(field_need(compare, TREE_MAP, "a map from names to what is different", reader->note));
    for (const struct tree_node *item = compare->first; item; item = item->next) {
        TRY(fields_read(item, variant_fields, FIELDS_COUNT(variant_fields), NULL, reader->note));
        vec_push(&reader->scenario->variants, mem_copy_text(item->key));
    }
    return OK;
}

static struct err read_expectations(struct scenario_reader *reader, const struct tree_node *root)
{
    const struct tree_node *expect = field_child(root, "expect");
    if (!expect)
        return OK;
    TRY(field_need(expect, TREE_LIST, "a list of expectations", reader->note));
    for (const struct tree_node *item = expect->first; item; item = item->next)
        TRY(scenario_read_expectation(reader, item));
    return OK;
}

/* A pattern is held against the schedulers of the base alone: variants inherit it, and may have
 * another. */
static enum event_speakers find_speakers(const struct scenario *scenario)
{
    size_t adaptive = 0;
    for (VEC_EACH(const struct job_spec, job, &scenario->jobs)) {
        const struct config *config = &job->graph->config;
        adaptive += config->scheduler == SCHEDULER_ADAPTIVE ||
                    config->scheduler_mode == SCHEDULER_MODE_REACTIVE;
    }
    if (scenario->variant || (adaptive > 0 && adaptive < scenario->jobs.count))
        return SPEAKERS_ALL;
    return adaptive > 0 ? SPEAKERS_ADAPTIVE : SPEAKERS_DEFAULT;
}

static struct err read_scenario(struct scenario_reader *reader, const struct tree_node *root)
{
    TRY(read_head(reader, root));
    TRY(scenario_read_cluster(reader, field_child(root, "cluster")));
    look_ahead(reader, root);
    TRY(read_jobs(reader, root));
    reader->speakers = find_speakers(reader->scenario);
    TRY(read_events(reader, root));
    TRY(read_variants(reader, root));
    return read_expectations(reader, root);
}

/* --set holds in the base and, said again after it, in the variant. What it takes out of a list is
 * out of the base's: said again it would take from a list that the variant has in its place. */
static struct err lay_over_all(struct tree *tree, const char *variant,
                               const struct override *overrides, size_t count, bool *removed,
                               struct note *note)
{
    for (size_t i = 0; i < count; i++)
        TRY(tree_set(tree, overrides[i].key, overrides[i].value, &removed[i], note));
    if (!variant)
        return OK;
    const struct tree_node *compare = field_child(tree->root, "compare");
    const struct tree_node *over = compare ? field_child(compare, variant) : NULL;
    if (!over)
        return tree_error(compare ? compare : tree->root, ERR_MISSING_CODE, note,
                          "found no variant '%.*s', expected one of that name", 60, variant);
    TRY(field_need(over, TREE_MAP, "a map of what is different", note));
    TRY(tree_overlay(tree, tree->root, over, note));
    for (size_t i = 0; i < count; i++)
        if (!removed[i] && strncmp(overrides[i].key, "compare.", strlen("compare.")) != 0)
            TRY(tree_set(tree, overrides[i].key, overrides[i].value, &removed[i], note));
    return OK;
}

static struct err lay_over(struct tree *tree, const char *variant, const struct override *overrides,
                           size_t count, struct note *note)
{
    bool *removed = mem_create_array(count, sizeof *removed);
    struct err e = lay_over_all(tree, variant, overrides, count, removed, note);
    mem_destroy(removed);
    if (!err_is(e))
        tree_drop_removed(tree->root);
    return e;
}

static char *directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *directory = mem_copy_text(slash ? path : "");
    if (slash)
        directory[slash == path ? 1 : slash - path] = '\0';
    return directory;
}

/* Texts from the file may hold line breaks; a complaint is one line. */
static void make_one_line(struct note *note)
{
    for (char *p = note->text; *p; p++)
        if ((unsigned char)*p < ' ')
            *p = ' ';
}

/* The line of a complaint may be one of the base, and the trouble what the variant took away. */
static void name_variant(const struct tree *tree, const char *variant, struct note *note)
{
    const struct tree_node *compare = field_child(tree->root, "compare");
    const struct tree_node *over = compare ? field_child(compare, variant) : NULL;
    size_t length = strlen(note->text);
    if (over && !strstr(note->text, ": compare."))
        text_format(note->text + length, sizeof note->text - length,
                    " (in variant '%.*s', line %d)", 60, variant, (int)over->line);
}

static struct err load_tree(struct tree *tree, const char *path, const char *variant,
                            const struct override *overrides, size_t override_count,
                            struct scenario **out, struct note *note)
{
    TRY(field_need(tree->root, TREE_MAP, "a map: name, duration, cluster, jobs, ...", note));
    TRY(lay_over(tree, variant, overrides, override_count, note));
    TRY(field_need(tree->root, TREE_MAP, "a map: name, duration, cluster, jobs, ...", note));
    struct scenario *scenario = mem_create(sizeof *scenario);
    scenario->config = config_default();
    scenario->path = mem_copy_text(path);
    scenario->variant = variant ? mem_copy_text(variant) : NULL;
    char *directory = directory_of(path);
    struct scenario_reader reader = {
        scenario, directory, note, { 0 }, false, false, SPEAKERS_ALL
    };
    struct err e = read_scenario(&reader, tree->root);
    index_map_fini(&reader.task_managers);
    mem_destroy(directory);
    if (err_is(e)) {
        scenario_destroy(scenario);
        if (variant && note)
            name_variant(tree, variant, note);
    } else {
        *out = scenario;
    }
    return e;
}

struct err scenario_load_text(const char *path, const char *text, size_t length,
                              const char *variant, const struct override *overrides,
                              size_t override_count, struct scenario **out, struct note *note)
{
    struct tree tree;
    tree_init(&tree);
    struct err e = tree_read_text(&tree, path, text, length, note);
    if (!err_is(e))
        e = load_tree(&tree, path, variant, overrides, override_count, out, note);
    tree_fini(&tree);
    if (err_is(e) && note)
        make_one_line(note);
    return e;
}

struct err scenario_load(const char *path, const char *variant, const struct override *overrides,
                         size_t override_count, struct scenario **out, struct note *note)
{
    struct tree tree;
    tree_init(&tree);
    struct err e = tree_read_file(&tree, path, note);
    if (!err_is(e))
        e = load_tree(&tree, path, variant, overrides, override_count, out, note);
    tree_fini(&tree);
    if (err_is(e) && note)
        make_one_line(note);
    return e;
}

static void fini_job(struct job_spec *job)
{
    for (size_t i = 0; i < job->vertices.count; i++)
        vec_fini(&job->vertices.items[i].weights);
    for (size_t i = 0; i < job->loads.count; i++)
        series_fini(&job->loads.items[i]);
    vec_fini(&job->vertices);
    vec_fini(&job->loads);
    vec_fini(&job->load_per_subtask);
    vec_fini(&job->load_bounded);
    vec_fini(&job->edges);
    vec_fini(&job->faults);
    job_program_destroy(job->program);
    job_graph_destroy(job->graph);
    mem_destroy(job->name);
}

static void fini_program(struct program_spec *program)
{
    for (VEC_EACH(char *, argument, &program->arguments))
        mem_destroy(*argument);
    vec_fini(&program->arguments);
    mem_destroy(program->name);
}

static void fini_cluster(struct cluster_spec *cluster)
{
    for (size_t i = 0; i < cluster->named.count; i++)
        mem_destroy(cluster->named.items[i].name);
    vec_fini(&cluster->named);
    for (size_t i = 0; i < cluster->network.links.count; i++) {
        mem_destroy(cluster->network.links.items[i].ends[0]);
        mem_destroy(cluster->network.links.items[i].ends[1]);
    }
    vec_fini(&cluster->network.links);
    series_fini(&cluster->churn.count);
    mem_destroy(cluster->provider);
}

static void fini_expectation(struct expectation *expectation)
{
    mem_destroy(expectation->name);
    mem_destroy(expectation->subject);
    mem_destroy(expectation->statistic);
    mem_destroy(expectation->of);
    mem_destroy(expectation->after);
}

void scenario_destroy(struct scenario *scenario)
{
    if (!scenario || guard_keeps(scenario)) /* who has not come back may read their arguments */
        return;
    for (size_t i = 0; i < scenario->jobs.count; i++)
        fini_job(&scenario->jobs.items[i]);
    for (VEC_EACH(struct program_spec, program, &scenario->programs))
        fini_program(program);
    vec_fini(&scenario->programs);
    job_files_fini(&scenario->files);
    for (size_t i = 0; i < scenario->events.count; i++)
        scenario_fini_event(&scenario->events.items[i]);
    for (size_t i = 0; i < scenario->expect.count; i++)
        fini_expectation(&scenario->expect.items[i]);
    for (size_t i = 0; i < scenario->variants.count; i++)
        mem_destroy(scenario->variants.items[i]);
    vec_fini(&scenario->jobs);
    vec_fini(&scenario->events);
    vec_fini(&scenario->expect);
    vec_fini(&scenario->variants);
    fini_cluster(&scenario->cluster);
    mem_destroy(scenario->name);
    mem_destroy(scenario->question);
    mem_destroy(scenario->path);
    mem_destroy(scenario->variant);
    mem_destroy(scenario);
}
