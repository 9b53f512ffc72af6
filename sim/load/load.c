/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading loads: which kind it is, how it is stretched over the run, and the kinds that are figures
 * rather than shapes (constant, points, steps, a trace, a sum). Shapes are in generator.c.
 */
#include "sim/load/load.h"

#include <math.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/text.h"
#include "sim/load/field.h"
#include "sim/load/generator.h"
#include "sim/load/quantity.h"
#include "sim/load/trace.h"

enum { GENERATORS_MAX = 32, KINDS_LENGTH_MAX = 300 };

/* What goes with any kind, and what goes with a trace. */
struct load_values {
    struct load_shape shape;
    struct load_bounds bounds;
    bool per_subtask;
    char *time_column, *value_column, *from, *to;
};

static const struct field load_fields[] = {
    FIELD(struct load_values, shape.scale, "scale", NUMBER, NOT_NEGATIVE),
    FIELD(struct load_values, per_subtask, "per-subtask", FLAG, ANY),
    FIELD(struct load_values, bounds.records, "records", AMOUNT, POSITIVE),
    FIELD(struct load_values, bounds.until, "until", DURATION, POSITIVE),
    FIELD(struct load_values, shape.compress, "compress", NUMBER, POSITIVE),
    FIELD(struct load_values, shape.repeat, "repeat", FLAG, ANY),
    FIELD(struct load_values, time_column, "time", TEXT, ANY),
    FIELD(struct load_values, value_column, "column", TEXT, ANY),
    FIELD(struct load_values, from, "from", TEXT, ANY),
    FIELD(struct load_values, to, "to", TEXT, ANY),
    FIELD_BY_HAND("per"),
    FIELD_BY_HAND("gaps"),
    FIELD_BY_HAND("same-time"),
    FIELD_BY_HAND("constant"),
    FIELD_BY_HAND("points"),
    FIELD_BY_HAND("steps"),
    FIELD_BY_HAND("trace"),
    FIELD_BY_HAND("sum"),
};
static const char *const trace_keys[] = {
    "time", "column", "from", "to", "per", "gaps", "same-time"
};
static const char *const figure_keys[] = { "compress", "repeat" };
static const char *const laid_out_keys[] = { "scale", "compress", "repeat", "time", "column",
                                             "from",  "to",       "per",    "gaps", "same-time" };
static const char *const whole_keys[] = { "per-subtask", "records", "until" };

/* Kinds of load that are figures; the shapes are the rows of `generators`. */
static const char *const figure_kinds[] = { "constant", "points", "steps", "trace", "sum" };
enum { FIGURE_KIND_COUNT = sizeof figure_kinds / sizeof *figure_kinds };

static bool is_kind(const char *key)
{
    for (size_t i = 0; i < FIGURE_KIND_COUNT; i++)
        if (text_equal(key, figure_kinds[i]))
            return true;
    for (size_t i = 0; i < generator_count; i++)
        if (text_equal(key, generators[i].name))
            return true;
    return false;
}

static struct err complain_of_kind(const struct tree_node *node, enum err_code code,
                                   struct note *note)
{
    char kinds[KINDS_LENGTH_MAX] = "";
    size_t used = 0, count = FIGURE_KIND_COUNT + generator_count;
    for (size_t i = 0; i < count; i++)
        used += text_format(kinds + used, sizeof kinds - used, "%s%s",
                            i == 0           ? ""
                            : i + 1 == count ? " or "
                                             : ", ",
                            i < FIGURE_KIND_COUNT ? figure_kinds[i]
                                                  : generators[i - FIGURE_KIND_COUNT].name);
    return tree_expected(node, code, note, "a rate such as 500/s, or a map with one of %s", kinds);
}

/* Checks every key: those of the table, and the generators' names. */
static struct err read_values(const struct tree_node *node, struct load_values *v,
                              struct note *note)
{
    struct field fields[FIELDS_COUNT(load_fields) + GENERATORS_MAX];
    size_t count = FIELDS_COUNT(load_fields);
    CHECK(generator_count <= GENERATORS_MAX);
    memcpy(fields, load_fields, sizeof load_fields);
    for (size_t i = 0; i < generator_count; i++)
        fields[count++] = (struct field)FIELD_BY_HAND(generators[i].name);
    return fields_read(node, fields, count, v, note);
}

char *load_file_path(const char *directory, const char *name)
{
    if (name[0] == '/' || !*directory)
        return mem_copy_text(name);
    size_t size = strlen(directory) + strlen(name) + 2;
    char *path = mem_create(size);
    text_format(path, size, "%s/%s", directory, name);
    return path;
}

static struct err read_pair(const struct tree_node *pair, int kind, time_ns *at, double *value,
                            struct note *note)
{
    if (pair->kind != TREE_LIST || pair->count != 2)
        return tree_expected(pair, ERR_BAD_VALUE_CODE, note,
                             "a time and a value such as [1h, 20%s]",
                             kind == FIELD_RATE ? "/s" : "");
    TRY(field_read(pair->first, FIELD_DURATION, RANGE_NOT_NEGATIVE, at, note));
    return field_read(pair->last, (enum field_kind)kind, RANGE_NOT_NEGATIVE, value, note);
}

struct err load_read_points(const struct tree_node *node, int kind, struct series *out,
                            time_ns *length, struct note *note)
{
    TRY(field_need(node, TREE_LIST, "a list of times and values such as [[0s, 10], [1h, 20]]",
                   note));
    time_ns last = -1;
    for (const struct tree_node *pair = node->first; pair; pair = pair->next) {
        time_ns at = 0;
        double value = 0;
        TRY(read_pair(pair, kind, &at, &value, note));
        if (at <= last)
            return tree_expected(pair->first, ERR_BAD_VALUE_CODE, note,
                                 "a time after the one before (time goes back)");
        series_push(out, at, value);
        last = at;
    }
    *length = last;
    if (node->count == 0)
        return tree_error(node, ERR_MISSING_CODE, note, "found no points, expected some");
    return OK;
}

struct steps_values {
    time_ns every, per;
};

/* { every: 1h, values: [...], per: 1h }: figures that last equally long. */
static struct err read_steps(const struct tree_node *node, struct series *out, time_ns *length,
                             struct note *note)
{
    static const struct field fields[] = {
        FIELD(struct steps_values, every, "every", DURATION, POSITIVE),
        FIELD(struct steps_values, per, "per", DURATION, POSITIVE),
        FIELD_BY_HAND("values"),
    };
    struct steps_values v = { 0 };
    const struct tree_node *values, *needed;
    TRY(fields_read(node, fields, FIELDS_COUNT(fields), &v, note));
    TRY(field_need_child(node, "every", &needed, note));
    TRY(field_need_child(node, "values", &values, note));
    TRY(field_need(values, TREE_LIST, "a list of figures", note));
    if (values->count == 0)
        return tree_error(values, ERR_MISSING_CODE, note, "found no figures, expected some");
    if (v.every > INT64_MAX / 4 / (time_ns)values->count)
        return tree_expected(tree_find(node, "every"), ERR_BAD_VALUE_CODE, note,
                             "a shorter one (the figures would last longer than time does)");
    time_ns at = 0;
    for (const struct tree_node *item = values->first; item; item = item->next, at += v.every) {
        double value = 0;
        if (v.per) {
            TRY(field_read(item, FIELD_AMOUNT, RANGE_NOT_NEGATIVE, &value, note));
            value *= (double)TIME_S / (double)v.per;
        } else {
            TRY(field_read(item, FIELD_RATE, RANGE_NOT_NEGATIVE, &value, note));
        }
        series_push(out, at, value);
    }
    *length = at;
    return OK;
}

static struct err read_trace(const struct tree_node *load, const struct tree_node *node,
                             const struct load_values *v, const struct load_context *context,
                             struct series *out, time_ns *length, struct note *note)
{
    struct trace_options options = { .time_column = v->time_column,
                                     .value_column = v->value_column,
                                     .value = TRACE_PER_TIME,
                                     .per = TIME_S,
                                     .from = v->from,
                                     .to = v->to };
    const struct tree_node *per = field_child(load, "per"), *gaps = field_child(load, "gaps");
    const struct tree_node *same_time = field_child(load, "same-time");
    size_t word = 0;
    if (per && per->kind == TREE_SCALAR && text_equal(per->text, "step"))
        options.value = TRACE_PER_STEP;
    else if (per && (per->kind != TREE_SCALAR ||
                     err_is(quantity_duration(per->text, &options.per)) || options.per <= 0))
        return tree_expected(per, ERR_BAD_VALUE_CODE, note, "a duration such as 1min, or step");
    if (gaps) {
        TRY(field_read_word(gaps, "a way to fill gaps", trace_gaps_names, GAPS_COUNT, &word, note));
        options.gaps = (enum trace_gaps)word;
    }
    if (same_time) {
        TRY(field_read_word(same_time, "a way to take equal times", trace_same_time_names,
                            SAME_TIME_COUNT, &word, note));
        options.same_time = (enum trace_same_time)word;
    }
    TRY(field_need(node, TREE_SCALAR, "the name of a file", note));
    char *path = load_file_path(context->directory, node->text);
    struct err e = trace_read_file(path, &options, out, length, note);
    mem_destroy(path);
    return err_is(e) ? tree_prefix(node, e, note) : OK;
}

static struct err read_sum(const struct tree_node *node, const struct load_context *context,
                           struct series *out, struct note *note)
{
    TRY(field_need(node, TREE_LIST, "a list of loads", note));
    struct load_context part = *context;
    uint64_t number = 0;
    for (const struct tree_node *item = node->first; item; item = item->next) {
        struct series series = { 0 };
        part.stream = hash_add(context->stream, ++number);
        struct err e = load_read(item, &part, &series, NULL, note);
        if (!err_is(e) && series.points.count + out->points.count > LOAD_POINTS_MAX)
            e = tree_error(item, ERR_BAD_VALUE_CODE, note, "found more than %d steps in the sum",
                           LOAD_POINTS_MAX);
        if (!err_is(e))
            series_add(out, &series);
        series_fini(&series);
        TRY(e);
    }
    return OK;
}

struct err load_stretch(const struct tree_node *node, const struct load_shape *shape,
                        time_ns length, time_ns duration, struct series *series, struct note *note)
{
    struct series from = *series;
    *series = (struct series){ 0 };
    size_t count = from.points.count;
    double stretched = (double)length / shape->compress;
    struct err e = OK;
    if (shape->repeat && stretched < (double)TIME_MS)
        e = tree_error(node, ERR_BAD_VALUE_CODE, note,
                       "found a length below 1 ms to repeat, expected a longer one");
    else if (shape->repeat &&
             (double)duration / stretched * (double)(count + 1) > (double)LOAD_POINTS_MAX)
        e = tree_error(node, ERR_BAD_VALUE_CODE, note,
                       "found more than %d steps when repeated, expected fewer", LOAD_POINTS_MAX);
    time_ns period = stretched < (double)duration ? (time_ns)stretched : duration;
    for (time_ns start = 0; !err_is(e) && start < duration; start += period) {
        for (size_t i = 0; i < count; i++) {
            double at = (double)from.points.items[i].at / shape->compress;
            if (at >= (double)(duration - start) || (shape->repeat && at >= stretched))
                break;
            if (i == 0 && at > 0)
                series_push(series, start, 0);
            series_push(series, start + (time_ns)at, from.points.items[i].value * shape->scale);
        }
        if (!shape->repeat) {
            if (shape->ends && period < duration)
                series_push(series, period, 0);
            break;
        }
    }
    series_fini(&from);
    return e;
}

/* The one key that says what kind of load it is. */
static struct err find_kind(const struct tree_node *node, const struct tree_node **out,
                            struct note *note)
{
    *out = NULL;
    for (const struct tree_node *child = node->first; child; child = child->next) {
        if (!is_kind(child->key) || child->kind == TREE_NULL)
            continue;
        if (*out)
            return tree_error(child, ERR_BAD_VALUE_CODE, note,
                              "found a second kind of load beside '%s', expected one (or a sum)",
                              (*out)->key);
        *out = child;
    }
    if (!*out)
        return complain_of_kind(node, ERR_MISSING_CODE, note);
    return OK;
}

/* Keys that mean something only with some kinds. */
static struct err check_companions(const struct tree_node *node, const char *const *keys,
                                   size_t count, const char *kinds, struct note *note)
{
    for (size_t i = 0; i < count; i++) {
        const struct tree_node *child = field_child(node, keys[i]);
        if (child)
            return tree_error(child, ERR_BAD_VALUE_CODE, note,
                              "found a key that goes with %s, expected none here", kinds);
    }
    return OK;
}

static struct err read_kind(const struct tree_node *node, const struct tree_node *kind,
                            const struct load_values *v, const struct load_context *context,
                            struct series *out, struct note *note)
{
    struct load_shape shape = v->shape;
    time_ns length = context->duration;
    bool trace = text_equal(kind->key, "trace"), steps = text_equal(kind->key, "steps");
    bool points = text_equal(kind->key, "points");
    if (!trace)
        TRY(check_companions(node, trace_keys, FIELDS_COUNT(trace_keys), "trace", note));
    if (!trace && !steps && !points)
        TRY(check_companions(node, figure_keys, FIELDS_COUNT(figure_keys),
                             "trace, steps and points", note));
    if (trace)
        TRY(read_trace(node, kind, v, context, out, &length, note));
    else if (steps)
        TRY(read_steps(kind, out, &length, note));
    else if (points)
        TRY(load_read_points(kind, FIELD_RATE, out, &length, note));
    else if (text_equal(kind->key, "sum"))
        TRY(read_sum(kind, context, out, note));
    else if (text_equal(kind->key, "constant")) {
        double rate = 0;
        TRY(field_read(kind, FIELD_RATE, RANGE_NOT_NEGATIVE, &rate, note));
        series_push(out, 0, rate);
    }
    for (size_t i = 0; i < generator_count; i++)
        if (text_equal(kind->key, generators[i].name))
            TRY(generator_read(&generators[i], kind, context, out, note));
    shape.ends = trace || steps;
    return load_stretch(kind, &shape, length, context->duration, out, note);
}

/* Keys that are about the whole load, and which of them go together. */
static struct err check_whole(const struct tree_node *node, const struct load_values *v,
                              const struct load_traits *traits, struct note *note)
{
    for (size_t i = 0; i < FIELDS_COUNT(whole_keys) && !traits; i++)
        if (field_child(node, whole_keys[i]))
            return tree_error(field_child(node, whole_keys[i]), ERR_BAD_VALUE_CODE, note,
                              "found a key of the whole load, expected it outside the sum");
    const struct tree_node *until = field_child(node, "until");
    const struct tree_node *bound = until ? until : field_child(node, "records");
    if (until && v->bounds.records > 0)
        return tree_error(until, ERR_BAD_VALUE_CODE, note,
                          "found both records and until, expected one");
    if (bound && v->per_subtask)
        return tree_error(
            bound, ERR_BAD_VALUE_CODE, note,
            "found an end of a load that is each subtask's pace, expected one for the "
            "whole source, or per-subtask: false");
    return OK;
}

/* A number of records and nothing about when they come: they are there from the beginning. */
static bool is_laid_out(const struct tree_node *node, const struct load_values *v)
{
    for (const struct tree_node *child = node->first; child; child = child->next)
        if (is_kind(child->key) && child->kind != TREE_NULL)
            return false;
    return v->bounds.records > 0;
}

static struct err read_map(const struct tree_node *node, const struct load_values *v,
                           const struct load_context *context, struct series *out,
                           const struct load_traits *traits, struct note *note)
{
    const struct tree_node *kind;
    TRY(check_whole(node, v, traits, note));
    if (is_laid_out(node, v)) {
        TRY(check_companions(node, laid_out_keys, FIELDS_COUNT(laid_out_keys), "a kind of load",
                             note));
        load_lay_out(v->bounds.records, context, out);
        return OK;
    }
    TRY(find_kind(node, &kind, note));
    TRY(read_kind(node, kind, v, context, out, note));
    if (v->bounds.records > 0 || v->bounds.until > 0)
        TRY(load_bound(node, &v->bounds, context, out, note));
    return OK;
}

/* Figures such as 1.005k are whole but for the last bits of a double. */
static struct err need_whole(const struct tree_node *node, double *records, struct note *note)
{
    double whole = floor(*records + 0.5);
    if (fabs(*records - whole) > 1e-14 * whole)
        return tree_expected(tree_find(node, "records"), ERR_BAD_VALUE_CODE, note,
                             "a whole number of records");
    *records = whole;
    return OK;
}

struct err load_read(const struct tree_node *node, const struct load_context *context,
                     struct series *out, struct load_traits *traits, struct note *note)
{
    CHECK(context->duration > 0);
    if (node->kind != TREE_MAP) {
        double rate = 0;
        if (node->kind == TREE_SCALAR)
            TRY(field_read(node, FIELD_RATE, RANGE_NOT_NEGATIVE, &rate, note));
        else
            return complain_of_kind(node, ERR_BAD_VALUE_CODE, note);
        series_push(out, 0, rate);
        return OK;
    }
    struct load_values v = { .shape = { .scale = 1, .compress = 1 } };
    struct err e = read_values(node, &v, note);
    if (!err_is(e))
        e = need_whole(node, &v.bounds.records, note);
    if (!err_is(e))
        e = read_map(node, &v, context, out, traits, note);
    if (traits)
        *traits = (struct load_traits){ v.per_subtask, v.bounds.records > 0 || v.bounds.until > 0 };
    mem_destroy(v.time_column);
    mem_destroy(v.value_column);
    mem_destroy(v.from);
    mem_destroy(v.to);
    return e;
}
