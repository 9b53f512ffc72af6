/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading expectations: a metric with a statistic and a bound, an event with its time, or an
 * invariant. Names are checked against the tables, values against the metric's unit.
 */
#include <string.h>

#include "core/base/text.h"
#include "sim/load/event_words.h"
#include "sim/load/metric_names.h"
#include "sim/load/quantity.h"
#include "sim/load/scenario_read.h"

#define EXPECT(member, key, kind, range) FIELD(struct expectation, member, key, kind, range)

static const struct field metric_fields[] = {
    EXPECT(name, "name", TEXT, ANY),
    EXPECT(subject, "metric", TEXT, ANY),
    FIELD_BY_HAND("job"),
    FIELD_BY_HAND("vertex"),
    EXPECT(of, "of", TEXT, ANY),
    FIELD_BY_HAND("ratio"),
    FIELD_BY_HAND("statistic"),
    FIELD_BY_HAND("p50"),
    FIELD_BY_HAND("p95"),
    FIELD_BY_HAND("p99"),
    FIELD_BY_HAND("max"),
    FIELD_BY_HAND("min"),
    FIELD_BY_HAND("mean"),
    FIELD_BY_HAND("final"),
    FIELD_BY_HAND("total"),
    FIELD_BY_HAND("value"),
};
static const struct field event_fields[] = {
    EXPECT(name, "name", TEXT, ANY),
    EXPECT(subject, "event", TEXT, ANY),
    EXPECT(after, "after", TEXT, ANY),
    FIELD_BY_HAND("job"),
    EXPECT(within, "within", DURATION, NOT_NEGATIVE),
    EXPECT(count, "count", COUNT, NOT_NEGATIVE),
};
static const struct field output_fields[] = {
    EXPECT(name, "name", TEXT, ANY),
    EXPECT(subject, "output", TEXT, ANY),
    FIELD_BY_HAND("equals"),
    FIELD_BY_HAND("job"),
};
static const struct field invariant_fields[] = {
    EXPECT(name, "name", TEXT, ANY),
    EXPECT(subject, "invariant", TEXT, ANY),
};

enum { SINK_NAMES_MAX = 64 };
enum { METRIC_WORD_SIZE = 32 }; /* the first word of a metric's name */

static const struct comparison_word {
    const char *text;
    enum comparison comparison;
} comparison_words[] = {
    { "<=", COMPARE_LE },       { "<", COMPARE_LT },         { ">=", COMPARE_GE },
    { ">", COMPARE_GT },        { "=", COMPARE_EQ },         { "at most ", COMPARE_LE },
    { "below ", COMPARE_LT },   { "at least ", COMPARE_GE }, { "above ", COMPARE_GT },
    { "exactly ", COMPARE_EQ },
};

static bool take_comparison(const char **text, enum comparison *out)
{
    for (size_t i = 0; i < FIELDS_COUNT(comparison_words); i++) {
        size_t length = strlen(comparison_words[i].text);
        if (strncmp(*text, comparison_words[i].text, length) == 0) {
            *out = comparison_words[i].comparison;
            *text += length;
            while (**text == ' ')
                (*text)++;
            return true;
        }
    }
    return false;
}

/* The value in the metric's unit; a bare number is in the unit of the table. */
static struct err parse_value(const char *text, enum metric_unit unit, double *out)
{
    int64_t whole = 0;
    struct err e = OK;
    if (!err_is(quantity_number(text, out)))
        return OK;
    switch (unit) {
    case METRIC_COUNT:
    case METRIC_RECORDS: return quantity_amount(text, out);
    case METRIC_RATE: return quantity_rate(text, out);
    case METRIC_SECONDS:
        e = quantity_duration(text, &whole);
        *out = (double)whole / (double)TIME_S;
        return e;
    case METRIC_SHARE: return quantity_share(text, out);
    case METRIC_BYTES:
        e = quantity_size(text, &whole);
        *out = (double)whole;
        return e;
    case METRIC_HOURS:
        e = quantity_duration(text, &whole);
        *out = (double)whole / (double)TIME_H;
        return e;
    case METRIC_MONEY:
    case METRIC_UNIT_COUNT: break;
    }
    return (struct err){ ERR_BAD_UNIT_CODE };
}

static const char *const unit_examples[METRIC_UNIT_COUNT] = {
    [METRIC_COUNT] = "<= 3",     [METRIC_RECORDS] = "<= 2m",  [METRIC_RATE] = "<= 6k/s",
    [METRIC_SECONDS] = "<= 90s", [METRIC_SHARE] = "<= 0.8",   [METRIC_BYTES] = "<= 512m",
    [METRIC_HOURS] = "<= 100",   [METRIC_MONEY] = "<= 12.50",
};

static struct err read_bound(const struct tree_node *node, enum metric_unit unit,
                             struct expectation *expectation, struct note *note)
{
    const char *text = node->kind == TREE_SCALAR ? node->text : "";
    struct err e = { ERR_BAD_VALUE_CODE };
    if (take_comparison(&text, &expectation->comparison))
        e = parse_value(text, unit, &expectation->value);
    if (err_is(e))
        return tree_expected(node, e.code, note,
                             "a bound such as %s, or with the words at most, at least, below, "
                             "above, exactly",
                             unit_examples[unit]);
    return OK;
}

/* "lag" is how a metric begins, not one: all that begin as what is nearest. */
static void hint_by_beginning(const char *word, const char *const *names, char out[FIELD_HINT_MAX])
{
    char first[METRIC_NAME_COUNT][METRIC_WORD_SIZE];
    const char *firsts[METRIC_NAME_COUNT];
    size_t length = 0;
    for (size_t i = 0; i < METRIC_NAME_COUNT; i++) {
        text_format(first[i], METRIC_WORD_SIZE, "%.*s", (int)strcspn(names[i], "_"), names[i]);
        firsts[i] = first[i];
    }
    const char *nearest = text_nearest(word, firsts, METRIC_NAME_COUNT);
    out[0] = '\0';
    for (size_t i = 0; nearest && i < METRIC_NAME_COUNT; i++)
        if (text_equal(first[i], nearest) && length + strlen(names[i]) + 30 < FIELD_HINT_MAX)
            length += text_format(out + length, FIELD_HINT_MAX - length, "%s'%s'",
                                  length ? " or " : ", did you mean ", names[i]);
    if (length)
        text_format(out + length, FIELD_HINT_MAX - length, "?");
}

static struct err find_metric(const struct tree_node *node, const struct metric_row **out,
                              struct note *note)
{
    const char *names[METRIC_NAME_COUNT];
    for (size_t i = 0; i < METRIC_NAME_COUNT; i++) {
        names[i] = metric_rows[i].name;
        *out = &metric_rows[i];
        if (text_equal(names[i], node->text))
            return OK;
    }
    char hint[FIELD_HINT_MAX] = "";
    if (node->kind == TREE_SCALAR && !*field_hint(hint, node->text, names, METRIC_NAME_COUNT))
        hint_by_beginning(node->text, names, hint);
    return tree_expected(node, ERR_BAD_VALUE_CODE, note, "a metric of docs/metrics.md%s", hint);
}

static struct err find_variant(const struct scenario *scenario, const struct tree_node *node,
                               struct note *note)
{
    for (size_t i = 0; i < scenario->variants.count; i++)
        if (text_equal(scenario->variants.items[i], node->text))
            return OK;
    char hint[FIELD_HINT_MAX];
    return tree_expected(node, ERR_BAD_VALUE_CODE, note, "a name below 'compare'%s",
                         field_hint(hint, node->text, (const char *const *)scenario->variants.items,
                                    scenario->variants.count));
}

/* Which job and vertex the metric is of; a vertex belongs to a job. */
static struct err read_scope(const struct scenario_reader *reader, const struct tree_node *node,
                             const struct metric_row *metric, struct expectation *expectation)
{
    const struct tree_node *job = field_child(node, "job"), *vertex = field_child(node, "vertex");
    struct note *note = reader->note;
    if (job && metric->scope == METRIC_OF_CLUSTER)
        return tree_error(job, ERR_BAD_VALUE_CODE, note,
                          "found a job for a metric of the cluster, expected none");
    if (vertex && metric->scope != METRIC_OF_VERTEX)
        return tree_error(vertex, ERR_BAD_VALUE_CODE, note,
                          "found a vertex for a metric that vertices do not have, expected none");
    if (job || vertex)
        TRY(scenario_find_job(reader, node, job, &expectation->job));
    if (vertex)
        TRY(scenario_find_vertex(&reader->scenario->jobs.items[expectation->job.n], vertex,
                                 &expectation->vertex, note));
    return OK;
}

/* Of what is only known at samples the sum over time would be another with each `sample`. */
static struct err check_total(const struct tree_node *node, const struct metric_row *metric,
                              const struct expectation *expectation, struct note *note)
{
    bool of_vertex = !vertex_id_is_none(expectation->vertex);
    if (!expectation->statistic || !text_equal(expectation->statistic, "total") ||
        metric_has_total((enum metric)(metric - metric_rows), of_vertex))
        return OK;
    return tree_error(node, ERR_BAD_VALUE_CODE, note,
                      metric->scope == METRIC_OF_VERTEX
                          ? "found the total of %s without a vertex, expected the vertex whose "
                            "subtasks' seconds it adds up"
                          : "found the total of %s, which is looked at in samples and adds up to "
                            "nothing, expected another statistic",
                      metric->name);
}

/* One statistic with its bound, or `of` another variant with `ratio`. */
static struct err read_statistic(const struct scenario_reader *reader, const struct tree_node *node,
                                 const struct metric_row *metric, struct expectation *expectation)
{
    const struct tree_node *bound = NULL, *of = field_child(node, "of");
    const struct tree_node *ratio = field_child(node, "ratio");
    const struct tree_node *statistic = field_child(node, "statistic");
    struct note *note = reader->note;
    size_t word = statistic_count;
    if (of)
        TRY(find_variant(reader->scenario, of, note));
    for (size_t i = 0; i < statistic_count; i++) {
        const struct tree_node *child = field_child(node, statistic_names[i]);
        if (!child)
            continue;
        if (bound || of)
            return tree_error(child, ERR_BAD_VALUE_CODE, note,
                              of ? "found a bound beside 'of', expected 'ratio' and 'statistic'"
                                 : "found a second statistic, expected one per expectation");
        bound = child;
        word = i;
    }
    if ((of != NULL) != (ratio != NULL))
        return tree_error(of ? of : ratio, ERR_MISSING_CODE, note, "found '%s' alone, expected %s",
                          of ? "of" : "ratio", of ? "a ratio" : "the variant in 'of'");
    if (!bound && !of)
        return tree_error(node, ERR_MISSING_CODE, note,
                          "found no bound, expected one such as { p99: %s }",
                          unit_examples[metric->unit]);
    if (statistic && !of)
        return tree_error(statistic, ERR_BAD_VALUE_CODE, note,
                          "found a statistic without 'of', expected it as the key of the bound");
    if (statistic)
        TRY(field_read_word(statistic, "a statistic", statistic_names, statistic_count, &word,
                            note));
    if (word < statistic_count && !text_equal(statistic_names[word], "value"))
        expectation->statistic = mem_copy_text(statistic_names[word]);
    TRY(check_total(of ? statistic : bound, metric, expectation, note));
    enum metric_unit unit =
        metric_statistic_unit((enum metric)(metric - metric_rows), expectation->statistic);
    return of ? read_bound(ratio, METRIC_SHARE, expectation, note)
              : read_bound(bound, unit, expectation, note);
}

static struct err read_metric(const struct scenario_reader *reader, const struct tree_node *node,
                              struct expectation *expectation)
{
    const struct metric_row *metric;
    const struct tree_node *subject = field_child(node, "metric");
    expectation->kind = EXPECT_METRIC;
    TRY(fields_read(node, metric_fields, FIELDS_COUNT(metric_fields), expectation, reader->note));
    TRY(find_metric(subject, &metric, reader->note));
    if (metric->unit == METRIC_MONEY &&
        scenario_machine_most(&reader->scenario->cluster).price_per_hour == 0)
        return tree_expected(subject, ERR_MISSING_CODE, reader->note,
                             "a price in cluster.task-manager.price with it");
    TRY(read_scope(reader, node, metric, expectation));
    return read_statistic(reader, node, metric, expectation);
}

static struct err read_invariant(const struct tree_node *node, struct expectation *expectation,
                                 struct note *note)
{
    const char *names[16];
    size_t word = 0;
    expectation->kind = EXPECT_INVARIANT;
    TRY(fields_read(node, invariant_fields, FIELDS_COUNT(invariant_fields), expectation, note));
    for (size_t i = 0; i < invariant_count; i++)
        names[i] = invariant_rows[i].name;
    return field_read_word(tree_find(node, "invariant"), "an invariant", names, invariant_count,
                           &word, note);
}

static const struct api_sink *sink_named(const struct job_spec *job, const char *name)
{
    if (job->program)
        for (VEC_EACH(struct api_sink *, sink, &job->program->sinks))
            if (!(*sink)->is_collected && text_equal((*sink)->name, name))
                return *sink;
    return NULL;
}

/* The last of the jobs that have gone on with this sink, one from the other: its output is that of
 * all of them. */
static uint32_t last_heir(const struct scenario *scenario, uint32_t of, const char *sink)
{
    for (uint32_t j = of + 1; j < scenario->jobs.count; j++)
        if (scenario->jobs.items[j].former == of + 1 && sink_named(&scenario->jobs.items[j], sink))
            of = j;
    return of;
}

/* A job with such a sink; several may have one. */
static struct err find_sink(const struct scenario_reader *reader, const struct tree_node *node,
                            struct expectation *expectation)
{
    const struct scenario *scenario = reader->scenario;
    const struct tree_node *subject = field_child(node, "output"), *job = field_child(node, "job");
    const char *names[SINK_NAMES_MAX];
    size_t count = 0;
    if (job)
        TRY(scenario_find_job(reader, node, job, &expectation->job));
    for (uint32_t j = 0; j < scenario->jobs.count; j++) {
        const struct job_program *program = scenario->jobs.items[j].program;
        if (!program || (job && expectation->job.n != j))
            continue;
        if (sink_named(&scenario->jobs.items[j], expectation->subject)) {
            expectation->job.n = job ? j : last_heir(scenario, j, expectation->subject);
            return OK;
        }
        for (VEC_EACH(struct api_sink *, sink, &program->sinks))
            if (!(*sink)->is_collected && count < SINK_NAMES_MAX)
                names[count++] = (*sink)->name;
    }
    char hint[FIELD_HINT_MAX];
    return tree_expected(subject, ERR_BAD_VALUE_CODE, reader->note,
                         "a sink of a program that writes%s",
                         field_hint(hint, expectation->subject, names, count));
}

static struct err read_output(const struct scenario_reader *reader, const struct tree_node *node,
                              struct expectation *expectation)
{
    const struct tree_node *equals;
    expectation->kind = EXPECT_OUTPUT;
    TRY(fields_read(node, output_fields, FIELDS_COUNT(output_fields), expectation, reader->note));
    TRY(find_sink(reader, node, expectation));
    TRY(field_need_child(node, "equals", &equals, reader->note));
    TRY(field_need(equals, TREE_SCALAR, "a file of lines, or program", reader->note));
    const struct job_spec *job = &reader->scenario->jobs.items[expectation->job.n];
    if (!text_equal(equals->text, "program")) {
        expectation->of = load_file_path(reader->directory, equals->text);
        return OK;
    }
    if (reader->scenario->programs.items[job->main - 1].expected)
        return OK;
    return tree_expected(equals, ERR_BAD_VALUE_CODE, reader->note,
                         "a file of lines: the program defines no weir_expected");
}

static struct err read_event(const struct scenario_reader *reader, const struct tree_node *node,
                             struct expectation *expectation)
{
    struct note *note = reader->note;
    const struct tree_node *after = field_child(node, "after"), *job = field_child(node, "job");
    expectation->kind = EXPECT_EVENT;
    TRY(fields_read(node, event_fields, FIELDS_COUNT(event_fields), expectation, note));
    if (after)
        TRY(event_words_check(after, reader->speakers, note));
    TRY(event_words_check(field_child(node, "event"), reader->speakers, note));
    if (job && !event_words_speaks_of_job(expectation->subject))
        return tree_error(job, ERR_BAD_VALUE_CODE, note,
                          "found a job for an event that is no job's, expected none");
    return job ? scenario_find_job(reader, node, job, &expectation->job) : OK;
}

struct err scenario_read_expectation(struct scenario_reader *reader, const struct tree_node *node)
{
    struct scenario *scenario = reader->scenario;
    struct note *note = reader->note;
    const struct tree_node *name;
    vec_push(&scenario->expect, (struct expectation){ .varied = tree_is_varied(node),
                                                      .within = TIME_NEVER,
                                                      .count = -1,
                                                      .job = job_id_none(),
                                                      .vertex = vertex_id_none() });
    struct expectation *expectation = &vec_last(&scenario->expect);
    TRY(field_need(node, TREE_MAP, "an expectation such as { name, metric, p99: <= 2min }", note));
    bool metric = field_child(node, "metric") != NULL;
    bool event = field_child(node, "event") != NULL;
    bool invariant = field_child(node, "invariant") != NULL;
    bool output = field_child(node, "output") != NULL;
    if (metric + event + invariant + output != 1)
        return tree_error(node, ERR_MISSING_CODE, note,
                          "found %s, expected one of metric, event, invariant and output",
                          (metric || event || invariant || output) ? "several subjects"
                                                                   : "no subject");
    TRY(field_need_child(node, "name", &name, note));
    if (metric)
        TRY(read_metric(reader, node, expectation));
    else if (event)
        TRY(read_event(reader, node, expectation));
    else if (output)
        TRY(read_output(reader, node, expectation));
    else
        TRY(read_invariant(node, expectation, note));
    char where[TREE_WHERE_LENGTH_MAX];
    for (size_t i = 0; i + 1 < scenario->expect.count; i++)
        if (text_equal(scenario->expect.items[i].name, expectation->name))
            return tree_expected(name, ERR_DUPLICATE_CODE, note, "a name not used before (%s)",
                                 tree_where(tree_at(node->parent, i), where));
    return OK;
}
