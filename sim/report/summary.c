/* SPDX-License-Identifier: Apache-2.0
 *
 * Building the object. Keys stay in the order in which they are put.
 */
#include "sim/report/summary.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/text.h"
#include "sim/report/number_text.h"

enum { FINGERPRINT_TEXT_SIZE = 17 };

/* Sixteen hexadecimal digits. */
static void put_fingerprint(uint64_t fingerprint, char out[FINGERPRINT_TEXT_SIZE])
{
    snprintf(out, FINGERPRINT_TEXT_SIZE, "%016" PRIx64, fingerprint);
}

static void put(json_t *object, const char *key, json_t *value)
{
    CHECK(value != NULL);
    CHECK(json_object_set_new(object, key, value) == 0);
}

static void put_text(json_t *object, const char *key, const char *text)
{
    put(object, key, text ? json_stringn_nocheck(text, strlen(text)) : json_null());
}

/* Whole numbers stay whole. */
static json_t *number(double value)
{
    if (number_is_none(value))
        return json_null();
    if (value == (double)(json_int_t)value && value < 1e15 && value > -1e15)
        return json_integer((json_int_t)value);
    return json_real(value);
}

static json_t *seconds(time_ns at)
{
    return at == TIME_NEVER ? json_null() : number((double)at / (double)TIME_S);
}

static json_t *metrics_object(const struct metrics *metrics)
{
    json_t *all = json_object();
    for (size_t i = 0; i < metrics->columns.count; i++) {
        const struct metric_column *column = &metrics->columns.items[i];
        double values[STATISTIC_COUNT];
        json_t *one = json_object();
        metrics_summarise(metrics, i, values);
        put_text(one, "unit", metric_unit_names[metric_rows[column->metric].unit]);
        for (int s = 0; s < STATISTIC_COUNT; s++)
            put(one, statistic_names[s], number(values[s]));
        put(all, column->name, one);
    }
    return all;
}

static json_t *jobs_array(const struct recorder *recorder)
{
    const struct scenario *scenario = recorder->look->scenario;
    time_ns end = metrics_end(&recorder->metrics);
    json_t *all = json_array();
    for (uint32_t j = 0; j < scenario->jobs.count; j++) {
        struct job_id id = { j };
        struct look_job view = { .ended_at = TIME_NEVER, .submitted_at = TIME_NEVER };
        bool known = recorder->look->job(recorder->look->context, id, &view);
        json_t *one = json_object();
        put_text(one, "name", scenario->jobs.items[j].name);
        put_text(one, "status", known ? view.status : "not submitted");
        put_text(one, "scheduler", known ? view.scheduler : NULL);
        put(one, "submitted_s", seconds(view.submitted_at));
        put(one, "ended_s", seconds(view.ended_at));
        put(one, "restarts", json_integer(view.restarts - view.rescales));
        put(one, "rescales", json_integer(view.rescales));
        put(one, "downtime_s", seconds(incidents_downtime(&recorder->incidents, id, end)));
        json_array_append_new(all, one);
    }
    return all;
}

static json_t *recoveries_array(const struct recorder *recorder)
{
    const struct scenario *scenario = recorder->look->scenario;
    json_t *all = json_array();
    for (VEC_EACH(const struct incident, incident, &recorder->incidents.list)) {
        if (incident->planned)
            continue;
        bool recovered = incident->running_at != TIME_NEVER;
        json_t *one = json_object();
        put_text(one, "job", scenario->jobs.items[incident->job.n].name);
        put_text(one, "cause", incident->cause);
        put(one, "at", seconds(incident->at));
        put(one, "down_at", seconds(incident->down_at));
        put(one, "recovered_after_s",
            seconds(recovered ? incident->running_at - incident->at : TIME_NEVER));
        put(one, "restarts", json_integer(incident->restarts));
        json_array_append_new(all, one);
    }
    return all;
}

json_t *summary_create(const struct recorder *recorder, const struct event_log *log,
                       uint64_t event_count, bool complete)
{
    const struct scenario *scenario = recorder->look->scenario;
    char fingerprint[FINGERPRINT_TEXT_SIZE];
    json_t *summary = json_object();
    CHECK(summary != NULL);
    put_fingerprint(log->fingerprint, fingerprint);
    put_text(summary, "name", scenario->name);
    put_text(summary, "variant", scenario->variant);
    put_text(summary, "question", scenario->question);
    put(summary, "seed", json_integer((json_int_t)scenario->seed));
    put_text(summary, "version", WEIR_VERSION);
    put_text(summary, "fingerprint", fingerprint);
    put(summary, "duration_s", seconds(metrics_end(&recorder->metrics)));
    put(summary, "sample_s", seconds(scenario->sample));
    put(summary, "complete", json_boolean(complete));
    put(summary, "events", json_integer((json_int_t)event_count));
    put(summary, "log_lines", json_integer((json_int_t)log->count));
    put(summary, "jobs", jobs_array(recorder));
    put(summary, "recoveries", recoveries_array(recorder));
    put(summary, "metrics", metrics_object(&recorder->metrics));
    return summary;
}

json_t *summary_results(const struct check_results *results)
{
    json_t *all = json_array();
    for (VEC_EACH(const struct check_result, result, &results->list)) {
        json_t *one = json_object();
        put_text(one, "name", result->name);
        put(one, "held", json_boolean(result->held));
        put_text(one, "measured", result->measured);
        put_text(one, "wanted", result->wanted);
        put_text(one, "detail", result->detail);
        json_array_append_new(all, one);
    }
    return all;
}

const json_t *summary_metric(const json_t *summary, const char *name)
{
    return json_object_get(json_object_get(summary, "metrics"), name);
}

double summary_number(const json_t *summary, const char *metric, const char *statistic)
{
    const json_t *value = json_object_get(summary_metric(summary, metric), statistic);
    return json_is_number(value) ? json_number_value(value) : number_none();
}

bool summary_write(const json_t *summary, FILE *file)
{
    return json_dumpf(summary, file, JSON_INDENT(2) | JSON_REAL_PRECISION(SUMMARY_DIGITS)) == 0 &&
           fputc('\n', file) != EOF;
}
