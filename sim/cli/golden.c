/* SPDX-License-Identifier: Apache-2.0
 *
 * Comparing and writing golden results. Equal fingerprints mean equal logs, so the figures are
 * there to say what has changed, not whether.
 */
#include "sim/cli/golden.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "core/base/text.h"
#include "sim/load/input_file.h"
#include "sim/report/number_text.h"
#include "sim/report/output_file.h"
#include "sim/report/summary.h"

enum { PATH_SIZE = 4096, KEY_SHOWN = 60, RECOVERIES_WRITTEN = 10 };

/* Written and read back with twelve digits. */
#define TOLERANCE 1e-9

static const char *const names[] = { "expected.json", "expected/summary.json" };

static void put_path(const char *scenario, const char *name, char out[PATH_SIZE])
{
    const char *slash = strrchr(scenario, '/');
    text_format(out, PATH_SIZE, "%.*s%s", slash ? (int)(slash + 1 - scenario) : 0, scenario, name);
}

static bool is_known(const char *key)
{
    static const char *const known[] = { "fingerprint", "metrics", "recoveries", "compare" };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (text_equal(key, known[i]))
            return true;
    return false;
}

/* What holds nothing to compare, or holds it under a misspelt name, would pass whatever comes. Of a
 * whole summary the rest is not looked at. */
static struct err check_run(const json_t *run, const char *name, bool is_summary, const char *path,
                            struct note *note)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)run, key, value)
    {
        if (!is_summary && !is_known(key))
            return err_note(note, ERR_UNKNOWN_KEY_CODE,
                            "%s: %s: found %.*s, expected fingerprint, metrics, recoveries or "
                            "compare",
                            path, name, KEY_SHOWN, key);
    }
    if (!json_is_string(json_object_get(run, "fingerprint")) &&
        json_object_size(json_object_get(run, "metrics")) == 0)
        return err_note(note, ERR_MISSING_CODE,
                        "%s: %s: found nothing to compare, expected a fingerprint or metrics", path,
                        name);
    return OK;
}

static struct err check(const json_t *golden, const char *path, struct note *note)
{
    bool is_summary = json_object_get(golden, "version") != NULL;
    const char *variant;
    json_t *run;
    TRY(check_run(golden, "the run", is_summary, path, note));
    json_object_foreach(json_object_get((json_t *)golden, "compare"), variant, run)
    {
        TRY(check_run(run, variant, is_summary, path, note));
    }
    return OK;
}

/* False: there is none, and the path is that of one to be written. */
static bool find(const char *scenario, char path[PATH_SIZE])
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        put_path(scenario, names[i], path);
        if (access(path, F_OK) == 0)
            return true;
    }
    put_path(scenario, names[0], path);
    return false;
}

bool golden_is_there(const char *scenario)
{
    char path[PATH_SIZE];
    return find(scenario, path);
}

/* *out null: there is none. */
static struct err load(const char *scenario, json_t **out, char path[PATH_SIZE], struct note *note)
{
    json_error_t fault;
    FILE *file;
    *out = NULL;
    if (!find(scenario, path))
        return OK;
    TRY(input_open(path, &file, NULL, note));
    *out = json_loadf(file, JSON_REJECT_DUPLICATES, &fault);
    fclose(file);
    if (!json_is_object(*out)) {
        json_decref(*out);
        *out = NULL;
        return err_note(note, ERR_SYNTAX_CODE, "%s:%d: %s", path, fault.line > 0 ? fault.line : 1,
                        fault.text[0] ? fault.text : "found no object");
    }
    struct err e = check(*out, path, note);
    if (err_is(e)) {
        json_decref(*out);
        *out = NULL;
    }
    return e;
}

/* Differences between one run and what was expected of it. */
struct differences {
    size_t count, compared;
    char first[RESULT_TEXT_SIZE];
};

static void add(struct differences *d, const char *what, const char *measured, const char *wanted)
{
    if (d->count++ == 0)
        text_format(d->first, sizeof d->first, "%s: %s, expected %s", what, measured, wanted);
}

static void compare_numbers(struct differences *d, const char *what, const json_t *measured,
                            const json_t *wanted)
{
    char a[NUMBER_TEXT_SIZE], b[NUMBER_TEXT_SIZE];
    double x = json_is_number(measured) ? json_number_value(measured) : number_none();
    double y = json_is_number(wanted) ? json_number_value(wanted) : number_none();
    d->compared++;
    if (number_is_none(x) && number_is_none(y))
        return;
    if (fabs(x - y) <= TOLERANCE * fmax(1, fabs(y)))
        return;
    number_plain(x, a);
    number_plain(y, b);
    add(d, what, a[0] ? a : "nothing", b[0] ? b : "nothing");
}

static void compare_metrics(struct differences *d, const json_t *summary, json_t *wanted)
{
    const char *metric, *statistic;
    json_t *statistics, *value;
    char what[RESULT_TEXT_SIZE];
    json_object_foreach(wanted, metric, statistics)
    {
        const json_t *measured = summary_metric(summary, metric);
        json_object_foreach(statistics, statistic, value)
        {
            if (json_is_string(value))
                continue; /* the unit, in a whole summary */
            text_format(what, sizeof what, "%s %s", metric, statistic);
            compare_numbers(d, what, json_object_get(measured, statistic), value);
        }
    }
}

/* Seconds from fault to running; in a whole summary they stand inside objects. */
static void compare_recoveries(struct differences *d, const json_t *summary, const json_t *wanted)
{
    const json_t *measured = json_object_get(summary, "recoveries");
    char what[64];
    for (size_t i = 0; i < json_array_size(wanted); i++) {
        const json_t *want = json_array_get(wanted, i);
        if (json_is_object(want))
            want = json_object_get(want, "recovered_after_s");
        text_format(what, sizeof what, "recovery %zu (s)", i + 1);
        compare_numbers(d, what, json_object_get(json_array_get(measured, i), "recovered_after_s"),
                        want);
    }
    size_t all = json_array_size(measured), expected = json_array_size(wanted);
    if (wanted && expected < RECOVERIES_WRITTEN && all > expected) {
        char found[NUMBER_TEXT_SIZE];
        text_format(what, sizeof what, "%zu", expected);
        text_format(found, sizeof found, "%zu", all);
        add(d, "recoveries", found, what);
    }
}

static struct check_result result_of(const char *variant)
{
    struct check_result result = { .held = false };
    text_format(result.name, sizeof result.name, "golden results%s%s", variant ? " of " : "",
                variant ? variant : "");
    text_format(result.wanted, sizeof result.wanted, "as before");
    return result;
}

static void compare_run(const char *variant, const json_t *summary, const json_t *wanted,
                        struct check_results *out)
{
    struct differences d = { 0 };
    struct check_result result = result_of(variant);
    const char *fingerprint = json_string_value(json_object_get(wanted, "fingerprint"));
    const char *measured = json_string_value(json_object_get(summary, "fingerprint"));
    compare_metrics(&d, summary, json_object_get(wanted, "metrics"));
    compare_recoveries(&d, summary, json_object_get(wanted, "recoveries"));
    d.compared += fingerprint != NULL;
    if (fingerprint && !(measured && text_equal(fingerprint, measured)))
        add(&d, "fingerprint", measured ? measured : "nothing", fingerprint);
    text_format(result.detail, sizeof result.detail, "%s", d.first);
    result.held = d.count == 0;
    if (d.count)
        text_format(result.measured, sizeof result.measured, "%zu of %zu differ", d.count,
                    d.compared);
    else
        text_format(result.measured, sizeof result.measured, "as before");
    vec_push(&out->list, result);
}

static void add_missing(const char *variant, const char *measured, const char *detail,
                        struct check_results *out)
{
    struct check_result result = result_of(variant);
    text_format(result.measured, sizeof result.measured, "%s", measured);
    text_format(result.detail, sizeof result.detail, "%s", detail);
    vec_push(&out->list, result);
}

/* Those that the scenario compares itself with, and those that were written. */
static void compare_variants(const json_t *measured, json_t *expected, struct check_results *out)
{
    static const char update[] = "weir test --update-golden writes what there is";
    const char *variant;
    json_t *wanted, *summary;
    json_object_foreach(expected, variant, wanted)
    {
        if (json_object_get(measured, variant))
            compare_run(variant, json_object_get(measured, variant), wanted, out);
        else
            add_missing(variant, "no such variant", update, out);
    }
    json_object_foreach((json_t *)(uintptr_t)measured, variant, summary)
    {
        if (expected && !json_object_get(expected, variant))
            add_missing(variant, "none were written", update, out);
    }
}

struct err golden_compare(const char *scenario, const json_t *summary, struct check_results *out,
                          struct note *note)
{
    char path[PATH_SIZE];
    json_t *expected;
    TRY(load(scenario, &expected, path, note));
    if (!expected)
        return OK;
    compare_run(NULL, summary, expected, out);
    compare_variants(json_object_get(summary, "compare"), json_object_get(expected, "compare"),
                     out);
    json_decref(expected);
    return OK;
}

/* Writing. */

static const struct {
    const char *metric, *statistic;
} written[] = {
    { "offered_rate", "total" },
    { "served_rate", "total" },
    { "lag_seconds", "p99" },
    { "lag_seconds", "max" },
    { "latency_p99_seconds", "p50" },
    { "parallelism", "mean" },
    { "downtime_seconds", "final" },
    { "restarts", "final" },
    { "rescales", "final" },
    { "records_replayed", "final" },
    { "checkpoints_completed", "final" },
    { "checkpoints_failed", "final" },
    { "task_manager_hours", "final" },
    { "cost", "final" },
};

static void put_number(json_t *metrics, const json_t *summary, const char *metric,
                       const char *statistic)
{
    json_t *one = json_object_get(metrics, metric);
    const json_t *value = json_object_get(summary_metric(summary, metric), statistic);
    if (!one) {
        one = json_object();
        json_object_set_new(metrics, metric, one);
    }
    json_object_set_new(one, statistic, value ? json_deep_copy(value) : json_null());
}

static json_t *metrics_to_write(const json_t *summary, json_t *old)
{
    json_t *metrics = json_object(), *statistics, *value;
    const char *metric, *statistic;
    json_object_foreach(old, metric, statistics)
    {
        json_object_foreach(statistics, statistic, value)
        {
            if (!json_is_string(value))
                put_number(metrics, summary, metric, statistic);
        }
    }
    for (size_t i = 0; json_object_size(old) == 0 && i < sizeof written / sizeof *written; i++)
        put_number(metrics, summary, written[i].metric, written[i].statistic);
    return metrics;
}

static json_t *run_to_write(const json_t *summary, const json_t *old)
{
    json_t *run = json_object(), *recoveries = json_array();
    const json_t *all = json_object_get(summary, "recoveries");
    json_object_set(run, "fingerprint", json_object_get(summary, "fingerprint"));
    json_object_set_new(run, "metrics", metrics_to_write(summary, json_object_get(old, "metrics")));
    for (size_t i = 0; i < json_array_size(all) && i < RECOVERIES_WRITTEN; i++)
        json_array_append(recoveries, json_object_get(json_array_get(all, i), "recovered_after_s"));
    json_object_set_new(run, "recoveries", recoveries);
    return run;
}

static struct err write_file(const char *path, const json_t *golden, struct note *note)
{
    struct output_file output;
    TRY(output_file_begin(&output, path, note));
    summary_write(golden, output.file);
    return output_file_end(&output, note);
}

struct err golden_update(const char *scenario, const json_t *summary, struct note *note)
{
    char path[PATH_SIZE];
    json_t *old, *variant_summary;
    const char *variant;
    TRY(load(scenario, &old, path, note));
    json_t *golden = run_to_write(summary, old), *compare = json_object();
    json_object_foreach(json_object_get((json_t *)summary, "compare"), variant, variant_summary)
    {
        const json_t *before = json_object_get(json_object_get(old, "compare"), variant);
        json_object_set_new(compare, variant, run_to_write(variant_summary, before));
    }
    if (json_object_size(compare))
        json_object_set(golden, "compare", compare);
    json_decref(compare);
    struct err e = write_file(path, golden, note);
    json_decref(golden);
    json_decref(old);
    return e;
}
