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

/* An exception history on its way into the summary. */
struct exception_list {
    const struct recorder *recorder;
    const struct job_graph *graph;
    json_t *all;
};

static const char *name_or_null(const struct run_look *look, struct node_id node)
{
    return node_id_is_none(node) ? NULL : look->process(look->context, node).name;
}

/* Concurrent ones stand under their root. */
static void add_exception(void *context, const struct look_exception *exception)
{
    struct exception_list *list = context;
    const struct run_look *look = list->recorder->look;
    json_t *one = json_object(), *into = list->all;
    bool of_task = !vertex_id_is_none(exception->vertex);
    put(one, "at_s", seconds(exception->at));
    put_text(one, "exception", exception->exception);
    put_text(one, "text", exception->text);
    put_text(one, "vertex", of_task ? list->graph->vertices.items[exception->vertex.n].name : NULL);
    put(one, "subtask", of_task ? json_integer(exception->subtask) : json_null());
    put(one, "attempt", of_task ? json_integer(exception->attempt) : json_null());
    put_text(one, "task_manager", name_or_null(look, exception->node));
    put_text(one, "remote", name_or_null(look, exception->remote));
    if (exception->is_root)
        put(one, "concurrent", json_array());
    else
        into = json_object_get(json_array_get(into, json_array_size(into) - 1), "concurrent");
    CHECK(json_array_append_new(into, one) == 0);
}

static json_t *known_number(int32_t value)
{
    return value < 0 ? json_null() : json_integer(value);
}

static json_t *rescale_numbers(const struct look_rescale *rescale, bool groups)
{
    json_t *all = json_array();
    for (size_t i = 0; i < rescale->number_count; i++) {
        const struct look_rescale_numbers *numbers = &rescale->numbers[i];
        if (numbers->is_group != groups)
            continue;
        json_t *one = json_object();
        put_text(one, "name", numbers->name);
        put(one, "desired", known_number(numbers->desired));
        put(one, "sufficient", known_number(numbers->sufficient));
        put(one, "before", known_number(numbers->before));
        put(one, "acquired", known_number(numbers->after));
        json_array_append_new(all, one);
    }
    return all;
}

static json_t *rescale_states(const struct look_rescale *rescale)
{
    json_t *all = json_array();
    for (size_t i = 0; i < rescale->span_count; i++) {
        json_t *one = json_object();
        put_text(one, "state", rescale->spans[i].state);
        put(one, "entered_s", seconds(rescale->spans[i].entered_at));
        put(one, "left_s", seconds(rescale->spans[i].left_at));
        put_text(one, "exception", rescale->spans[i].exception);
        json_array_append_new(all, one);
    }
    return all;
}

static void add_rescale(void *context, const struct look_rescale *rescale)
{
    json_t *one = json_object();
    put(one, "id", json_integer((json_int_t)rescale->id));
    put(one, "requirements", json_integer((json_int_t)rescale->requirements));
    put(one, "attempt", json_integer((json_int_t)rescale->attempt));
    put_text(one, "trigger", rescale->cause);
    put_text(one, "state", rescale->state);
    put_text(one, "reason", rescale->reason);
    put(one, "started_s", seconds(rescale->started_at));
    put(one, "ended_s", seconds(rescale->ended_at));
    put(one, "vertices", rescale_numbers(rescale, false));
    put(one, "slots", rescale_numbers(rescale, true));
    put(one, "states", rescale_states(rescale));
    json_array_append_new(context, one);
}

/* What the job's exception and rescale pages would show at the end. */
static void put_histories(const struct recorder *recorder, struct job_id job, json_t *one)
{
    const struct run_look *look = recorder->look;
    struct exception_list list = { recorder, look->scenario->jobs.items[job.n].graph,
                                   json_array() };
    json_t *rescales = json_array();
    bool truncated = look->each_exception(look->context, job, add_exception, &list);
    look->each_rescale(look->context, job, add_rescale, rescales);
    put(one, "exceptions", list.all);
    put(one, "exceptions_truncated", json_boolean(truncated));
    put(one, "rescale_history", rescales);
}

static json_t *failures_array(const struct job_record *job)
{
    json_t *all = json_array();
    for (VEC_EACH(const struct failure_count, failure, &job->failures)) {
        json_t *one = json_object();
        put_text(one, "reason", failure->reason);
        put(one, "count", json_integer((json_int_t)failure->count));
        json_array_append_new(all, one);
    }
    return all;
}

/* The outage that the job FAILED by; null: it did not. */
static const struct incident *end_of(const struct recorder *recorder, struct job_id job)
{
    for (VEC_EACH(const struct incident, incident, &recorder->incidents.list))
        if (incident->job.n == job.n && incident->failed_at != TIME_NEVER)
            return incident;
    return NULL;
}

/* What it FAILED by: "kill tm3 (TimeoutException: a heartbeat timed out)"; where it had survived
 * that, by the last that was thrown: "NoResourceAvailableException: ..., after kill tm3 at
 * 00:20:00". Null when the job did not fail. */
static json_t *failure_of(const struct recorder *recorder, struct job_id job,
                          const json_t *exceptions)
{
    const struct incident *incident = end_of(recorder, job);
    char text[SUMMARY_FAILED_SIZE], at[NUMBER_TEXT_SIZE];
    if (!incident)
        return json_null();
    bool survived = incident->end[0] != '\0';
    const char *by = survived ? incident->end : incident->cause;
    const json_t *last = json_array_get(exceptions, json_array_size(exceptions) - 1);
    const char *said = json_string_value(json_object_get(last, "text"));
    const char *thrown = json_string_value(json_object_get(last, "exception"));
    bool is_said = said && strstr(by, said);
    size_t length = text_format(text, sizeof text, "%s%s%s", survived && is_said ? thrown : "",
                                survived && is_said ? ": " : "", by);
    if (said && !is_said)
        length += text_format(text + length, sizeof text - length, " (%s: %s)", thrown, said);
    number_text_moment(incident->at, metrics_end(&recorder->metrics), at);
    if (survived)
        text_format(text + length, sizeof text - length, ", after %s at %s", incident->cause, at);
    return json_stringn_nocheck(text, strlen(text));
}

static json_t *network_use(const struct run_look *look, const struct network_use *use)
{
    bool named = use->limit_bytes_per_s > 0;
    json_t *one = json_object();
    put_text(one, "host", name_or_null(look, use->host));
    put_text(one, "peer", name_or_null(look, use->peer));
    put_text(one, "way", use->way == TRANSFER_OUT ? "out" : "in");
    put(one, "use", number(use->use));
    put(one, "bytes_per_s", named ? number(use->bytes_per_s) : json_null());
    put(one, "limit_bytes_per_s", named ? number(use->limit_bytes_per_s) : json_null());
    put(one, "full_hosts", json_integer(use->full));
    return one;
}

/* The fullest NIC and link seen, and when full ones held the job up. */
static json_t *network_of(const struct run_look *look, const struct network_record *record)
{
    static const char *const parts[NETWORK_PART_COUNT] = { "nic", "link" };
    json_t *all = json_object(), *spans = json_array();
    for (int part = 0; part < NETWORK_PART_COUNT; part++) {
        bool known = record->fullest[part].known;
        json_t *one = known ? network_use(look, &record->fullest[part]) : json_null();
        if (known)
            put(one, "at_s", seconds(record->fullest_at[part]));
        put(all, parts[part], one);
    }
    for (VEC_EACH(const struct network_span, span, &record->spans)) {
        json_t *one = network_use(look, &span->use);
        put_text(one, "part", parts[span->part]);
        put(one, "from_s", seconds(span->from));
        put(one, "to_s", seconds(span->to));
        json_array_append_new(spans, one);
    }
    put(all, "held_up", spans);
    put(all, "held_up_left_out", json_integer((json_int_t)record->left_out));
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
        put(one, "running_s", seconds(recorder->incidents.jobs.items[j].first_up));
        put(one, "ended_s", seconds(view.ended_at));
        put(one, "restarts", json_integer(view.restarts - view.rescales));
        put(one, "rescales", json_integer(view.rescales));
        put(one, "downtime_s", seconds(incidents_downtime(&recorder->incidents, id, end)));
        if (scenario->jobs.items[j].former > 0)
            put(one, "records_inherited", number(recorder->jobs.items[j].flow.inherited));
        put(one, "checkpoint_failures", failures_array(&recorder->jobs.items[j]));
        put(one, "network", network_of(recorder->look, &recorder->jobs.items[j].network));
        put_histories(recorder, id, one);
        put(one, "failure", failure_of(recorder, id, json_object_get(one, "exceptions")));
        json_array_append_new(all, one);
    }
    return all;
}

/* Failures, or rescales: what each one's job was down for adds up to its downtime. */
static json_t *outages_array(const struct recorder *recorder, bool planned)
{
    const struct scenario *scenario = recorder->look->scenario;
    time_ns end = metrics_end(&recorder->metrics);
    json_t *all = json_array();
    for (VEC_EACH(const struct incident, incident, &recorder->incidents.list)) {
        if (incident->planned != planned)
            continue;
        time_ns length = incident_length(&recorder->incidents, incident, end);
        bool recovered = incident->running_at != TIME_NEVER;
        json_t *one = json_object();
        put_text(one, "job", scenario->jobs.items[incident->job.n].name);
        put_text(one, "cause", incident->cause);
        put(one, "rescaled", json_boolean(incident->rescaled));
        put(one, "at", seconds(incident->at));
        put(one, "down_at", seconds(incident->down_at));
        put(one, "down_s", seconds(length));
        put(one, "recovered_after_s", seconds(recovered ? length : TIME_NEVER));
        put(one, "failed_s", seconds(incident->failed_at));
        put_text(one, "failed_by", *incident->end ? incident->end : NULL);
        put(one, "over_s", seconds(incident->over_at));
        put(one, "restarts", json_integer(incident->restarts));
        if (incident->rescaled) {
            put(one, "slots_held", json_integer(incident->slots_held));
            put(one, "slots_wanted", json_integer(incident->slots_wanted));
        }
        json_array_append_new(all, one);
    }
    return all;
}

/* The place among the recoveries of the one that the picture shows; null: there is none. */
static json_t *shown_recovery(const struct recorder *recorder)
{
    size_t shown = incidents_shown(&recorder->incidents), place = 0;
    if (shown == SIZE_MAX)
        return json_null();
    for (size_t i = 0; i < shown; i++)
        place += !recorder->incidents.list.items[i].planned;
    return json_integer((json_int_t)place);
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
    put(summary, "recoveries", outages_array(recorder, false));
    put(summary, "rescale_outages", outages_array(recorder, true));
    put(summary, "shown_recovery", shown_recovery(recorder));
    put(summary, "machines_lost", json_integer(recorder->machines_lost));
    put(summary, "metrics", metrics_object(&recorder->metrics));
    return summary;
}

bool summary_failed_text(const json_t *summary, size_t job, char out[SUMMARY_FAILED_SIZE])
{
    const json_t *one = json_array_get(json_object_get(summary, "jobs"), job);
    const char *name = json_string_value(json_object_get(one, "name"));
    const char *failure = json_string_value(json_object_get(one, "failure"));
    double ended = json_number_value(json_object_get(one, "ended_s"));
    double duration = json_number_value(json_object_get(summary, "duration_s"));
    char at[NUMBER_TEXT_SIZE];
    if (!failure || !name)
        return false;
    number_text_moment((time_ns)(ended * (double)TIME_S), (time_ns)(duration * (double)TIME_S), at);
    text_format(out, SUMMARY_FAILED_SIZE, "job %.*s FAILED at %s: %s", 80, name, at, failure);
    return true;
}

static void append_never_submitted(const struct simulation *simulation, json_t *all)
{
    for (VEC_EACH(const struct job_spec, job, &simulation_scenario(simulation)->jobs)) {
        if (job->at <= simulation_now(simulation))
            continue;
        char label[80];
        text_format(label, sizeof label, "submission of job %.*s", 60, job->name);
        json_t *one = json_object();
        put_text(one, "event", label);
        put(one, "at_s", seconds(job->at));
        json_array_append_new(all, one);
    }
}

/* Why what was to happen did not, or not as often or to as many as asked. */
static void put_reason(json_t *one, const struct scripted_event *event,
                       const struct script_outcome *outcome)
{
    char missed[60] = "", in_part[80] = "";
    bool repeats = event->trigger.every != TIME_NEVER;
    unsigned long long times = outcome->times;
    if (!repeats && outcome->missed)
        text_format(missed, sizeof missed, "found no target");
    else if (!repeats)
        text_format(in_part, sizeof in_part, "found %u of %u targets", outcome->found,
                    event->count);
    if (repeats && outcome->missed)
        text_format(missed, sizeof missed, "found no target %llu of %llu time%s",
                    (unsigned long long)outcome->missed, times, times == 1 ? "" : "s");
    if (repeats && outcome->in_part)
        text_format(in_part, sizeof in_part, "found fewer than %u targets %llu of %llu time%s",
                    event->count, (unsigned long long)outcome->in_part, times,
                    times == 1 ? "" : "s");
    char reason[sizeof missed + sizeof in_part];
    text_format(reason, sizeof reason, "%s%s%s", missed, *missed && *in_part ? ", " : "", in_part);
    put_text(one, "reason", reason);
    put(one, "times", json_integer((json_int_t)outcome->times));
    put(one, "missed", json_integer((json_int_t)outcome->missed));
    put(one, "in_part", json_integer((json_int_t)outcome->in_part));
}

static void append_fault(const struct scenario *scenario, const struct job_spec *job,
                         const struct planned_fault *fault, bool ran, json_t *all)
{
    static const char *const verbs[] = { [FAULT_THROW] = "throw",
                                         [FAULT_SNAPSHOT_THROW] = "snapshot-throws",
                                         [FAULT_SNAPSHOT_SLEEP] = "snapshot-sleeps" };
    bool named = scenario->jobs.count > 1;
    char label[80];
    text_format(label, sizeof label, "%s %.*s %u%s%.*s", verbs[fault->kind], 30,
                job->graph->vertices.items[fault->vertex.n].name, fault->subtask,
                named ? " of " : "", 20, named ? job->name : "");
    json_t *one = json_object();
    put_text(one, "event", label);
    put(one, "at_s", json_null());
    put_text(one, "reason",
             !ran                         ? "its subtask never ran"
             : fault->kind == FAULT_THROW ? "its subtask never ran for so long"
                                          : "no such snapshot of its subtask began");
    json_array_append_new(all, one);
}

/* What user code was to do wrong, and did not. */
static void append_faults(const struct simulation *simulation, json_t *all)
{
    const struct scenario *scenario = simulation_scenario(simulation);
    const struct plane *plane = simulation_plane(simulation);
    for (uint32_t j = 0; j < scenario->jobs.count; j++) {
        const struct job_spec *job = &scenario->jobs.items[j];
        for (size_t i = 0; i < job->faults.count; i++) {
            struct fault_fate fate = plane->class->fault_fate(plane->self, (struct job_id){ j }, i);
            if (!fate.struck)
                append_fault(scenario, job, &job->faults.items[i], fate.ran, all);
        }
    }
}

json_t *summary_never_happened(const struct simulation *simulation)
{
    const struct scenario *scenario = simulation_scenario(simulation);
    json_t *all = json_array();
    append_never_submitted(simulation, all);
    append_faults(simulation, all);
    for (size_t i = 0; i < scenario->events.count; i++) {
        const struct scripted_event *event = &scenario->events.items[i];
        struct script_outcome outcome = simulation_outcome(simulation, i);
        if (outcome.times > 0 && outcome.missed + outcome.in_part == 0)
            continue;
        json_t *one = json_object();
        put_text(one, "event", event->label);
        put_text(one, "on", event->trigger.event);
        put(one, "nth", json_integer(event->trigger.nth));
        put(one, "seen", json_integer(outcome.seen));
        put(one, "at_s", seconds(event->trigger.event ? TIME_NEVER : event->trigger.at));
        if (outcome.times > 0)
            put_reason(one, event, &outcome);
        json_array_append_new(all, one);
    }
    return all;
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
