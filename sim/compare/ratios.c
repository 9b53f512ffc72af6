/* SPDX-License-Identifier: Apache-2.0
 *
 * Both runs are of one scenario, so their columns are the same ones.
 */
#include "sim/compare/ratios.h"

#include <math.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/load/quantity.h"
#include "sim/report/number_text.h"

#define TOLERANCE_COMMON 0.1
#define TOLERANCE_MAX    1000.0

enum { WORD_MAX = 60 };

void tolerances_init(struct tolerances *tolerances)
{
    tolerances->common = number_none();
    for (int i = 0; i < METRIC_NAME_COUNT; i++)
        tolerances->of[i] = number_none();
}

static bool lay_over(double *tolerance, double over)
{
    if (number_is_none(over))
        return false;
    *tolerance = over;
    return true;
}

bool tolerances_lay_over(struct tolerances *tolerances, const struct tolerances *over)
{
    bool any = lay_over(&tolerances->common, over->common);
    for (int i = 0; i < METRIC_NAME_COUNT; i++)
        any |= lay_over(&tolerances->of[i], over->of[i]);
    return any;
}

static double tolerance_of(const struct tolerances *tolerances, enum metric metric)
{
    double tolerance = TOLERANCE_COMMON;
    lay_over(&tolerance, tolerances->common);
    lay_over(&tolerance, tolerances->of[metric]);
    return tolerance;
}

static struct err complain_metric(const char *word, struct note *note)
{
    const char *names[METRIC_NAME_COUNT];
    for (int i = 0; i < METRIC_NAME_COUNT; i++)
        names[i] = metric_rows[i].name;
    const char *nearest = text_nearest(word, names, METRIC_NAME_COUNT);
    return err_note(note, ERR_BAD_VALUE_CODE,
                    "--tolerance: found '%.*s', expected a metric of docs/metrics.md%s%s%s",
                    WORD_MAX, word, nearest ? "; did you mean '" : "", nearest ? nearest : "",
                    nearest ? "'?" : "");
}

static struct err find_metric(const char *text, size_t length, enum metric *out, struct note *note)
{
    char word[WORD_MAX + 1];
    text_format(word, sizeof word, "%.*s", (int)(length < WORD_MAX ? length : WORD_MAX), text);
    for (int i = 0; i < METRIC_NAME_COUNT; i++) {
        if (!text_equal(metric_rows[i].name, word))
            continue;
        *out = (enum metric)i;
        return OK;
    }
    return complain_metric(word, note);
}

struct err tolerances_read(struct tolerances *tolerances, const char *text, struct note *note)
{
    const char *equals = strchr(text, '='), *value = equals ? equals + 1 : text;
    enum metric metric = METRIC_NAME_COUNT;
    double share;
    if (equals)
        TRY(find_metric(text, (size_t)(equals - text), &metric, note));
    if (err_is(quantity_share(value, &share)) || share < 0 || share > TOLERANCE_MAX)
        return err_note(note, ERR_BAD_VALUE_CODE,
                        "--tolerance: found '%.*s', expected a share such as 15%% or 0.15",
                        WORD_MAX, value);
    if (equals)
        tolerances->of[metric] = share;
    else
        tolerances->common = share;
    return OK;
}

static bool has_both(const struct ratio *row)
{
    return !number_is_none(row->value[0]) && !number_is_none(row->value[1]);
}

/* A ratio that is 1.1 as one writes it is within 10 %, whatever its last digits are. */
static bool is_beyond(const struct ratio *row)
{
    static const double digits = 1e-9;
    return has_both(row) &&
           (number_is_none(row->ratio) || fabs(row->ratio - 1) > row->tolerance + digits);
}

static double divide(double a, double b)
{
    if (a == 0 && b == 0)
        return 1;
    return a == 0 ? number_none() : b / a;
}

void ratios_compare(struct ratios *ratios, const struct metrics *a, const struct metrics *b,
                    const struct tolerances *tolerances)
{
    CHECK(a->columns.count == b->columns.count);
    *ratios = (struct ratios){ 0 };
    for (size_t i = 0; i < a->columns.count; i++) {
        const struct metric_column *column = &a->columns.items[i];
        double of_a[STATISTIC_COUNT], of_b[STATISTIC_COUNT];
        enum statistic shown = metric_rules[column->metric].value;
        metrics_summarise(a, i, of_a);
        metrics_summarise(b, i, of_b);
        struct ratio row = { .name = column->name,
                             .metric = column->metric,
                             .value = { of_a[shown], of_b[shown] },
                             .tolerance = tolerance_of(tolerances, column->metric) };
        if (number_is_none(row.value[0]) && number_is_none(row.value[1]))
            continue;
        row.ratio = divide(row.value[0], row.value[1]);
        row.beyond = is_beyond(&row);
        ratios->beyond += row.beyond;
        vec_push(&ratios->list, row);
    }
}

void ratios_fini(struct ratios *ratios)
{
    vec_fini(&ratios->list);
}

const struct ratio *ratios_find(const struct ratios *ratios, const char *name)
{
    for (VEC_EACH(const struct ratio, row, &ratios->list))
        if (text_equal(row->name, name))
            return row;
    return NULL;
}
