/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows, and the unit in which the values of a row are said: one unit for all of a row, chosen by
 * the largest.
 */
#include "sim/report/figures.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

enum { FIGURE_DECIMALS_MAX = 3 };

static const struct figure_row {
    const char *metric, *statistic, *label;
    bool always;         /* also when it is 0 in all runs */
    const char *same_as; /* left out where all runs have what that metric has */
} rows[] = {
    { "offered_rate", "mean", "offered rate, mean", true, NULL },
    { "served_rate", "mean", "served rate, mean", true, NULL },
    { "lag_seconds", "p50", "lag, p50", false, NULL },
    { "lag_seconds", "p99", "lag, p99", true, NULL },
    { "lag_seconds", "max", "lag, max", true, NULL },
    { "latency_p99_seconds", "p50", "latency p99, typical", false, NULL },
    { "parallelism", "mean", "parallelism, mean", true, NULL },
    { "busy", "mean", "busiest vertex busy, mean", true, NULL },
    { "busy_max", "mean", "busiest subtask busy, mean", true, NULL },
    { "nic_use", "max", "fullest NIC in use, max", false, NULL },
    { "link_use", "max", "fullest link in use, max", false, NULL },
    { "downtime_seconds", "final", "downtime", true, NULL },
    { "restarts", "final", "restarts after failures", true, NULL },
    { "rescales", "final", "rescales", true, NULL },
    { "records_replayed", "final", "records replayed", false, NULL },
    { "checkpoints_completed", "final", "checkpoints completed", true, NULL },
    { "checkpoints_failed", "final", "checkpoints failed", false, NULL },
    { "checkpoint_duration_seconds", "mean", "checkpoint duration, mean", false, NULL },
    { "checkpoint_bytes", "mean", "checkpoint size, mean", false, NULL },
    { "checkpoint_written_bytes", "mean", "checkpointed data, mean", false, "checkpoint_bytes" },
    { "task_managers", "mean", "TaskManagers, mean", true, NULL },
    { "slot_hours", "final", "slot-hours", false, NULL },
    { "task_manager_hours", "final", "TaskManager-hours", false, NULL },
    { "cost", "final", "cost", false, NULL },
};
const size_t figure_count = sizeof rows / sizeof *rows;

struct figure_unit {
    const char *name; /* in the label; empty: none */
    double size;
};

size_t figure_find(const char *metric, const char *statistic)
{
    for (size_t i = 0; i < figure_count; i++)
        if (text_equal(rows[i].metric, metric) && text_equal(rows[i].statistic, statistic))
            return i;
    return SIZE_MAX;
}

/* One run of several can have been stopped; those behind it are not there at all. */
static void name_cut(struct figure_runs *runs, size_t index)
{
    char until[NUMBER_TEXT_SIZE];
    double seconds = json_number_value(json_object_get(runs->summary[index], "duration_s"));
    number_text_seconds(seconds, until);
    text_format(runs->cut, sizeof runs->cut, "%.*s (until %s)", FIGURE_NAME_SIZE - 40,
                runs->name[index], until);
    runs->name[index] = runs->cut;
}

void figure_runs_of(const json_t *summary, struct figure_runs *out)
{
    const char *name = json_string_value(json_object_get(summary, "name"));
    const char *variant;
    json_t *other;
    *out = (struct figure_runs){ .count = 1, .summary = { summary }, .name = { name ? name : "" } };
    json_object_foreach(json_object_get(summary, "compare"), variant, other)
    {
        if (out->count == FIGURE_RUNS_MAX)
            break;
        out->summary[out->count] = other;
        out->name[out->count++] = variant;
    }
    for (size_t i = 0; i < out->count; i++)
        if (json_is_false(json_object_get(out->summary[i], "complete")))
            name_cut(out, i);
}

/* Seconds, bytes and shares have units of several sizes; other numbers get a prefix. */
static struct figure_unit choose_unit(const char *unit, double most)
{
    static const struct figure_unit times[] = {
        { "h", 3600 }, { "min", 60 }, { "s", 1 }, { "ms", 1e-3 }
    };
    static const struct figure_unit sizes[] = { { "TiB", 1099511627776.0 },
                                                { "GiB", 1073741824.0 },
                                                { "MiB", 1048576.0 },
                                                { "KiB", 1024.0 },
                                                { "B", 1 } };
    static const struct figure_unit rates[] = {
        { "G records/s", 1e9 }, { "M records/s", 1e6 }, { "k records/s", 1e3 }, { "records/s", 1 }
    };
    static const struct figure_unit plain[] = {
        { "G", 1e9 }, { "M", 1e6 }, { "k", 1e3 }, { "", 1 }
    };
    if (text_equal(unit, "seconds"))
        return times[most >= 10800 ? 0 : most >= 600 ? 1 : most >= 1 || most <= 0 ? 2 : 3];
    if (text_equal(unit, "share"))
        return (struct figure_unit){ "%", 0.01 };
    if (text_equal(unit, "money"))
        return plain[3];
    const struct figure_unit *units = text_equal(unit, "bytes")       ? sizes
                                      : text_equal(unit, "records/s") ? rates
                                                                      : plain;
    double least = text_equal(unit, "bytes") ? 1 : 10; /* 1500 is no worse than 1.5 k */
    while (units->size > 1 && most < least * units->size)
        units++;
    return *units;
}

/* As many decimals for all of a row as give its largest value three digits and its smallest one at
 * least one; whole numbers none. */
static int choose_decimals(const struct figure *figure, size_t count, const char *unit)
{
    double most = 0, least = HUGE_VAL;
    bool whole = true;
    for (size_t i = 0; i < count; i++) {
        double size = fabs(figure->value[i]);
        if (number_is_none(size) || size == 0)
            continue;
        most = fmax(most, size);
        least = fmin(least, size);
        whole = whole && size == floor(size);
    }
    if (text_equal(unit, "money"))
        return 2;
    if (whole)
        return 0;
    int decimals = most >= 99.95 ? 0 : most >= 9.995 ? 1 : 2;
    for (double shown = decimals == 0   ? 1
                        : decimals == 1 ? 0.1
                                        : 0.01;
         least < shown / 2; shown /= 10)
        if (++decimals == FIGURE_DECIMALS_MAX)
            break;
    return decimals;
}

bool figure_make(size_t index, const struct figure_runs *runs, struct figure *out)
{
    CHECK(index < figure_count);
    const struct figure_row *row = &rows[index];
    const char *unit = "";
    double most = 0;
    bool any = row->always, repeats = row->same_as != NULL;
    for (size_t i = 0; i < runs->count; i++) {
        const json_t *metric = summary_metric(runs->summary[i], row->metric);
        const char *its = json_string_value(json_object_get(metric, "unit"));
        unit = its ? its : unit;
        out->value[i] = summary_number(runs->summary[i], row->metric, row->statistic);
        if (number_is_none(out->value[i]))
            continue;
        repeats = repeats &&
                  out->value[i] == summary_number(runs->summary[i], row->same_as, row->statistic);
        any = any || out->value[i] != 0;
        most = fmax(most, fabs(out->value[i]));
    }
    struct figure_unit chosen = choose_unit(unit, most);
    text_format(out->label, sizeof out->label, "%s%s%s%s", row->label, chosen.name[0] ? " (" : "",
                chosen.name, chosen.name[0] ? ")" : "");
    for (size_t i = 0; i < runs->count; i++)
        out->value[i] /= chosen.size;
    int decimals = choose_decimals(out, runs->count, unit);
    for (size_t i = 0; i < runs->count; i++) {
        if (number_is_none(out->value[i]))
            snprintf(out->text[i], NUMBER_TEXT_SIZE, "-");
        else
            snprintf(out->text[i], NUMBER_TEXT_SIZE, "%.*f", decimals, out->value[i]);
    }
    return any && !repeats;
}
