/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading `cluster.churn`: a record of how many machines there are (CSV, SkyPilot JSON, or figures
 * written out), maybe with a second one of how many are wanted, or failures by chance.
 */
#include <math.h>

#include "core/base/text.h"
#include "sim/load/scenario_read.h"
#include "sim/load/trace.h"

struct churn_values {
    struct load_shape shape;
    char *time_column, *count_column, *from, *to;
    double max;
};
static const struct churn_values no_values = { .shape = { .scale = 1, .compress = 1 },
                                               .max = SCENARIO_TASK_MANAGERS_MAX };

static const struct field churn_fields[] = {
    FIELD(struct churn_values, shape.scale, "scale", NUMBER, NOT_NEGATIVE),
    FIELD(struct churn_values, shape.compress, "compress", NUMBER, POSITIVE),
    FIELD(struct churn_values, shape.repeat, "repeat", FLAG, ANY),
    FIELD(struct churn_values, max, "max", AMOUNT, NOT_NEGATIVE),
    FIELD(struct churn_values, time_column, "time", TEXT, ANY),
    FIELD(struct churn_values, count_column, "count", TEXT, ANY),
    FIELD(struct churn_values, from, "from", TEXT, ANY),
    FIELD(struct churn_values, to, "to", TEXT, ANY),
    FIELD_BY_HAND("trace"),
    FIELD_BY_HAND("steps"),
    FIELD_BY_HAND("wanted"),
    FIELD_BY_HAND("exponential"),
    FIELD_BY_HAND("graceful"),
    FIELD_BY_HAND("notice"),
};
static const char *const record_keys[] = { "scale", "compress", "repeat", "max", "wanted" };
static const char *const trace_keys[] = { "time", "count", "from", "to" };
static const char *const churn_keys[] = { "wanted", "exponential", "graceful", "notice" };

static const char *const record_kinds[] = { "trace", "steps", "exponential" };

static struct err refuse_keys(const struct tree_node *node, const char *const *keys, size_t count,
                              const char *owner, struct note *note)
{
    for (size_t i = 0; i < count; i++) {
        const struct tree_node *child = field_child(node, keys[i]);
        if (child)
            return tree_error(child, ERR_BAD_VALUE_CODE, note,
                              "found a key that goes with %s, expected none here", owner);
    }
    return OK;
}

static struct err read_exponential(const struct tree_node *node, struct churn_spec *churn,
                                   struct note *note)
{
    static const struct field fields[] = {
        FIELD(struct churn_spec, mean_time_to_failure, "mean", DURATION, POSITIVE),
        FIELD(struct churn_spec, rejoin, "rejoin", DISTRIBUTION, ANY),
    };
    const struct tree_node *mean;
    churn->kind = CHURN_EXPONENTIAL;
    TRY(fields_read(node, fields, FIELDS_COUNT(fields), churn, note));
    return field_need_child(node, "mean", &mean, note);
}

/* More than can be simulated is a mistake in the record, unless `max` says what is to be taken. */
static struct err check_counts(const struct tree_node *node, const struct tree_node *max,
                               const struct series *series, struct note *note)
{
    for (size_t i = 0; !max && i < series->points.count; i++)
        if (series->points.items[i].value > SCENARIO_TASK_MANAGERS_MAX)
            return tree_error(node, ERR_BAD_VALUE_CODE, note,
                              "found %lld machines %lld s after the start, expected at most %d "
                              "(max: N takes no more than N)",
                              (long long)fmin(series->points.items[i].value, 1e18),
                              (long long)(series->points.items[i].at / TIME_S),
                              SCENARIO_TASK_MANAGERS_MAX);
    return OK;
}

/* Products of decimal fractions may lie a last digit below the whole number that they are:
 * 90 * 0.7. */
#define WHOLE_MARGIN 1e-9

/* Machines are whole, and no more than the maximum. */
static void make_whole(struct series *series, double max)
{
    struct series whole = { 0 };
    for (size_t i = 0; i < series->points.count; i++) {
        const struct series_point *point = &series->points.items[i];
        series_push(&whole, point->at, fmin(floor(point->value + WHOLE_MARGIN), floor(max)));
    }
    series_fini(series);
    *series = whole;
}

static struct err read_record(const struct scenario_reader *reader, const struct tree_node *node,
                              const struct churn_values *v, struct series *count)
{
    const struct tree_node *trace = field_child(node, "trace"), *steps = field_child(node, "steps");
    const struct trace_options options = { .time_column = v->time_column,
                                           .value_column = v->count_column,
                                           .value = TRACE_PLAIN,
                                           .from = v->from,
                                           .to = v->to };
    struct note *note = reader->note;
    time_ns length = 0;
    if (v->max > SCENARIO_TASK_MANAGERS_MAX)
        return tree_expected(tree_find(node, "max"), ERR_BAD_VALUE_CODE, note,
                             "a number of machines, at most %d", SCENARIO_TASK_MANAGERS_MAX);
    if (trace) {
        TRY(field_need(trace, TREE_SCALAR, "the name of a file", note));
        char *path = load_file_path(reader->directory, trace->text);
        struct err e = trace_read_file(path, &options, count, &length, note);
        mem_destroy(path);
        if (err_is(e))
            return tree_prefix(trace, e, note);
    } else {
        TRY(refuse_keys(node, trace_keys, FIELDS_COUNT(trace_keys), "trace", note));
        TRY(load_read_points(steps, FIELD_AMOUNT, count, &length, note));
    }
    TRY(load_stretch(trace ? trace : steps, &v->shape, length, reader->scenario->duration, count,
                     note));
    TRY(check_counts(trace ? trace : steps, field_child(node, "max"), count, note));
    make_whole(count, v->max);
    return OK;
}

static void churn_values_fini(struct churn_values *v)
{
    mem_destroy(v->time_column);
    mem_destroy(v->count_column);
    mem_destroy(v->from);
    mem_destroy(v->to);
}

/* The one key of these that is there says what kind of record it is. */
static struct err check_one_kind(const struct tree_node *node, const char *const *kinds,
                                 size_t count, const char *expected, struct note *note)
{
    const struct tree_node *first = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct tree_node *child = field_child(node, kinds[i]);
        if (child && first)
            return tree_error(child, ERR_BAD_VALUE_CODE, note,
                              "found a second kind of record beside '%s', expected one of %s",
                              first->key, expected);
        first = child ? child : first;
    }
    if (!first)
        return tree_expected(node, ERR_BAD_VALUE_CODE, note, "a map with one of %s", expected);
    return OK;
}

/* There are never more machines than somebody wants. */
static struct err read_wanted(const struct scenario_reader *reader, const struct tree_node *node,
                              struct series *count)
{
    struct note *note = reader->note;
    struct churn_values v = no_values;
    struct series wanted = { 0 };
    struct err e = fields_read(node, churn_fields, FIELDS_COUNT(churn_fields), &v, note);
    if (!err_is(e))
        e = refuse_keys(node, churn_keys, FIELDS_COUNT(churn_keys), "churn itself", note);
    if (!err_is(e))
        e = check_one_kind(node, record_kinds, 2, "trace or steps", note);
    if (!err_is(e))
        e = read_record(reader, node, &v, &wanted);
    if (!err_is(e))
        series_limit(count, &wanted);
    series_fini(&wanted);
    churn_values_fini(&v);
    return e;
}

static struct err read_kind(const struct scenario_reader *reader, const struct tree_node *node,
                            const struct churn_values *v, struct churn_spec *churn)
{
    struct note *note = reader->note;
    const struct tree_node *exponential = field_child(node, "exponential");
    TRY(check_one_kind(node, record_kinds, FIELDS_COUNT(record_kinds),
                       "trace, steps or exponential", note));
    if (!exponential) {
        const struct tree_node *wanted = field_child(node, "wanted");
        churn->kind = CHURN_SERIES;
        TRY(read_record(reader, node, v, &churn->count));
        return wanted ? read_wanted(reader, wanted, &churn->count) : OK;
    }
    TRY(refuse_keys(node, record_keys, FIELDS_COUNT(record_keys), "trace or steps", note));
    TRY(refuse_keys(node, trace_keys, FIELDS_COUNT(trace_keys), "trace", note));
    return read_exponential(exponential, churn, note);
}

struct err scenario_read_churn(struct scenario_reader *reader, const struct tree_node *node)
{
    struct churn_spec *churn = &reader->scenario->cluster.churn;
    const struct tree_node *graceful = field_child(node, "graceful");
    const struct tree_node *notice = field_child(node, "notice");
    struct churn_values v = no_values;
    struct err e = fields_read(node, churn_fields, FIELDS_COUNT(churn_fields), &v, reader->note);
    if (!err_is(e))
        e = read_kind(reader, node, &v, churn);
    if (!err_is(e) && graceful)
        e = field_read(graceful, FIELD_FLAG, RANGE_ANY, &churn->graceful, reader->note);
    if (!err_is(e) && notice)
        e = field_read(notice, FIELD_DURATION, RANGE_NOT_NEGATIVE, &churn->notice, reader->note);
    if (!err_is(e) && notice && !churn->graceful)
        e = tree_error(notice, ERR_BAD_VALUE_CODE, reader->note,
                       "found a notice for machines that leave suddenly, expected graceful: true");
    churn_values_fini(&v);
    return e;
}
