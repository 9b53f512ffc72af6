/* SPDX-License-Identifier: Apache-2.0
 *
 * Putting the parts together, and their JSON.
 */
#include "sim/compare/compared.h"

#include "core/base/text.h"
#include "sim/report/number_text.h"

enum { LINE_SIZE = 600 };

static json_t *number(double value)
{
    return number_is_none(value) ? json_null() : json_real(value);
}

static json_t *seconds(time_ns at)
{
    return json_real((double)at / (double)TIME_S);
}

static bool is_held(const json_t *results, const char *name, bool *found)
{
    size_t i;
    const json_t *one;
    *found = false;
    json_array_foreach(results, i, one)
    {
        if (!text_equal(json_string_value(json_object_get(one, "name")), name))
            continue;
        *found = true;
        return json_is_true(json_object_get(one, "held"));
    }
    return false;
}

/* An invariant that holds and was not asked for has no result: what is not there has not failed. */
static void add_unlike(json_t *unlike, const json_t *from, const json_t *other, bool swapped)
{
    size_t i;
    const json_t *one;
    json_array_foreach(from, i, one)
    {
        const char *name = json_string_value(json_object_get(one, "name"));
        bool found, own = json_is_true(json_object_get(one, "held"));
        bool theirs = is_held(other, name, &found);
        if ((swapped && found) || own == (theirs || !found))
            continue;
        json_t *row = json_object(), *held = json_array();
        json_array_append_new(held, json_boolean(swapped ? true : own));
        json_array_append_new(held, json_boolean(swapped ? own : theirs || !found));
        json_object_set_new(row, "name", json_string(name));
        json_object_set_new(row, "held", held);
        json_array_append_new(unlike, row);
    }
}

void compared_make(struct compared *comparison, const struct compared_run *a,
                   const struct compared_run *b, const struct tolerances *tolerances)
{
    *comparison = (struct compared){ .run = { *a, *b }, .unlike = json_array() };
    decisions_compare(&comparison->decisions, a->log, b->log, metrics_end(a->metrics));
    ratios_compare(&comparison->ratios, a->metrics, b->metrics, tolerances);
    const json_t *own = json_object_get(a->summary, "expectations");
    const json_t *other = json_object_get(b->summary, "expectations");
    add_unlike(comparison->unlike, own, other, false);
    add_unlike(comparison->unlike, other, own, true);
}

void compared_fini(struct compared *comparison)
{
    decisions_fini(&comparison->decisions);
    ratios_fini(&comparison->ratios);
    json_decref(comparison->unlike);
}

bool compared_holds(const struct compared *comparison)
{
    return decisions_agree(&comparison->decisions) && comparison->ratios.beyond == 0;
}

struct parting_lines compared_context(const struct compared *comparison, int side, size_t lines)
{
    const struct decisions *decisions = &comparison->decisions;
    size_t count = decisions->sides[side].count, centre = decisions->parting;
    if (side != decisions->parting_side)
        centre = decisions_beside(decisions, decisions->parting_side, decisions->parting);
    return (struct parting_lines){ .from = centre > lines ? centre - lines : 0,
                                   .centre = centre,
                                   .until =
                                       count - centre > lines + 1 ? centre + lines + 1 : count };
}

/* JSON. */

static json_t *line_json(const struct compared *comparison, int side, size_t line)
{
    const struct log_entry *entry = &comparison->run[side].log->entries.items[line];
    char text[LINE_SIZE];
    json_t *one = json_object();
    run_log_describe(entry, text, sizeof text);
    json_object_set_new(one, "t", seconds(entry->at));
    json_object_set_new(one, "seq", json_integer((json_int_t)entry->seq));
    json_object_set_new(one, "text", json_string(text));
    json_object_set_new(
        one, "agrees",
        json_boolean(comparison->decisions.sides[side].items[line].partner != UINT32_MAX));
    return one;
}

static json_t *first_json(const struct compared *comparison, const struct decision_kind *kind)
{
    if (kind->first_side < 0)
        return json_null();
    json_t *one = line_json(comparison, kind->first_side, kind->first);
    json_object_set_new(one, "world", json_string(comparison->run[kind->first_side].world));
    return one;
}

static json_t *kind_json(const struct compared *comparison, const struct decision_kind *kind)
{
    json_t *one = json_object(), *count = json_array();
    for (int side = 0; side < COMPARED_SIDES; side++)
        json_array_append_new(count, json_integer((json_int_t)kind->count[side]));
    json_object_set_new(one, "kind", json_string(kind->name));
    json_object_set_new(one, "count", count);
    json_object_set_new(one, "agree", json_integer((json_int_t)kind->agree));
    json_object_set_new(one, "open", json_integer((json_int_t)kind->open));
    json_object_set_new(one, "other_reason", json_integer((json_int_t)kind->other_reason));
    json_object_set_new(one, "apart_largest_s", seconds(kind->apart_largest));
    json_object_set_new(one, "apart_median_s", seconds(kind->apart_median));
    json_object_set_new(one, "first_that_does_not", first_json(comparison, kind));
    return one;
}

static json_t *parting_json(const struct compared *comparison)
{
    const struct decisions *decisions = &comparison->decisions;
    if (decisions->parting_side < 0)
        return json_null();
    int side = decisions->parting_side;
    char subject[DECISION_TEXT_SIZE];
    json_t *one = line_json(comparison, side, decisions->parting), *context = json_object();
    decision_subject(&comparison->run[side].log->entries.items[decisions->parting], subject);
    json_object_set_new(one, "world", json_string(comparison->run[side].world));
    json_object_set_new(one, "subject", json_string(subject));
    for (int s = 0; s < COMPARED_SIDES; s++) {
        struct parting_lines lines = compared_context(comparison, s, COMPARED_CONTEXT);
        json_t *list = json_array();
        for (size_t i = lines.from; i < lines.until; i++)
            json_array_append_new(list, line_json(comparison, s, i));
        json_object_set_new(context, comparison->run[s].world, list);
    }
    json_object_set_new(one, "context", context);
    return one;
}

static json_t *decisions_json(const struct compared *comparison)
{
    const struct decisions *decisions = &comparison->decisions;
    json_t *all = json_object(), *count = json_array(), *kinds = json_array();
    for (int side = 0; side < COMPARED_SIDES; side++)
        json_array_append_new(count, json_integer((json_int_t)decisions->sides[side].count));
    for (VEC_EACH(const struct decision_kind, kind, &decisions->kinds))
        json_array_append_new(kinds, kind_json(comparison, kind));
    json_object_set_new(all, "count", count);
    json_object_set_new(all, "agree", json_integer((json_int_t)decisions->agree));
    json_object_set_new(all, "open", json_integer((json_int_t)decisions->open));
    json_object_set_new(all, "other_reason", json_integer((json_int_t)decisions->other_reason));
    json_object_set_new(all, "kinds", kinds);
    json_object_set_new(all, "first_parting", parting_json(comparison));
    return all;
}

static json_t *ratio_json(const struct ratio *ratio)
{
    json_t *one = json_object(), *values = json_array();
    enum metric_unit unit = metric_rows[ratio->metric].unit;
    for (int side = 0; side < COMPARED_SIDES; side++)
        json_array_append_new(values, number(ratio->value[side]));
    json_object_set_new(one, "unit", json_string(metric_unit_names[unit]));
    json_object_set_new(one, "statistic",
                        json_string(statistic_names[metric_rules[ratio->metric].value]));
    json_object_set_new(one, "values", values);
    json_object_set_new(one, "ratio", number(ratio->ratio));
    json_object_set_new(one, "tolerance", json_real(ratio->tolerance));
    json_object_set_new(one, "beyond", json_boolean(ratio->beyond));
    return one;
}

json_t *compared_json(const struct compared *comparison)
{
    json_t *all = json_object(), *worlds = json_array(), *metrics = json_object();
    for (int side = 0; side < COMPARED_SIDES; side++)
        json_array_append_new(worlds, json_string(comparison->run[side].world));
    for (VEC_EACH(const struct ratio, ratio, &comparison->ratios.list))
        json_object_set_new(metrics, ratio->name, ratio_json(ratio));
    json_object_set_new(all, "worlds", worlds);
    json_object_set_new(all, "holds", json_boolean(compared_holds(comparison)));
    json_object_set_new(all, "decisions", decisions_json(comparison));
    json_object_set_new(all, "metrics", metrics);
    json_object_set_new(all, "beyond", json_integer((json_int_t)comparison->ratios.beyond));
    json_object_set(all, "unlike_expectations", comparison->unlike);
    return all;
}
