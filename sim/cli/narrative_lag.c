/* SPDX-License-Identifier: Apache-2.0
 *
 * Lag where no outage explains it: how far it rose while checkpoints failed, and its largest rise
 * without an outage of the job, with the vertex that was busiest then. In: metrics.csv, gone
 * through once, and the chapters. Invariant: no chapter of an outage, a start or an end reaches
 * into such a rise. All is as sampled.
 */
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "sim/cli/narrative_effects.h"
#include "sim/cli/narrative_parts.h"
#include "sim/cli/terminal.h"
#include "sim/report/sample_file.h"

/* What rises less, or faster, says little. */
#define CLIMB_TOLD_S 10.0
#define CLIMB_TIME   TIME_MIN

/* A vertex with its columns, and what they add up to over time. */
struct watched_vertex {
    const char *name;
    size_t busy, busy_max;
    double busy_sum, busy_max_sum;   /* since the first sample */
    double busy_base, busy_max_base; /* when lag was least */
};

struct watched_job {
    const char *name;
    size_t lag; /* column */
    VEC(struct watched_vertex) vertices;
    size_t next;      /* chapter that has not begun */
    VEC(size_t) gaps; /* places of its chapters of checkpoints that have */
    size_t open;      /* none of these before it goes on */
    bool is_started;  /* and has been running once */
    time_ns down_to;  /* the latest end of what has begun */
    time_ns least_at;
    double least;
    struct lag_follower follower;
};

struct watch {
    VEC(char *) names; /* of columns */
    VEC(struct watched_job) jobs;
};

static size_t add_column(struct watch *watch, const char *prefix, const char *name,
                         const char *vertex)
{
    size_t size = strlen(prefix) + strlen(name) + strlen(vertex) + 2;
    char *text = mem_create(size);
    text_format(text, size, "%s%s%s%s", prefix, *prefix ? "." : "", name, vertex);
    vec_push(&watch->names, text);
    return watch->names.count - 1;
}

/* The vertex of "busy.count", or of "clicks.busy.count" with that prefix; null: it is of none. */
static const char *vertex_of(const char *key, const char *prefix)
{
    static const char busy[] = "busy.";
    size_t length = strlen(prefix);
    if (length > 0 && (strncmp(key, prefix, length) != 0 || key[length] != '.'))
        return NULL;
    key += length + (length > 0);
    return strncmp(key, busy, strlen(busy)) == 0 ? key + strlen(busy) : NULL;
}

static void watch_job(struct watch *watch, const json_t *summary, const char *name, bool is_alone)
{
    const char *prefix = is_alone ? "" : name, *key;
    json_t *metric;
    vec_push(&watch->jobs, (struct watched_job){ .name = name, .least = number_none() });
    struct watched_job *job = &vec_last(&watch->jobs);
    job->follower.job = name;
    job->lag = add_column(watch, prefix, "lag_seconds", "");
    json_object_foreach(json_object_get((json_t *)summary, "metrics"), key, metric)
    {
        const char *vertex = vertex_of(key, prefix);
        if (!vertex || !json_is_number(json_object_get(metric, "mean")))
            continue;
        struct watched_vertex watched = { .name = vertex };
        watched.busy = add_column(watch, prefix, "busy.", vertex);
        watched.busy_max = add_column(watch, prefix, "busy_max.", vertex);
        vec_push(&job->vertices, watched);
    }
}

static void watch_init(struct watch *watch, const json_t *summary)
{
    const json_t *jobs = json_object_get(summary, "jobs"), *job;
    size_t i;
    *watch = (struct watch){ .names = { 0 } };
    add_column(watch, "", "time_s", "");
    json_array_foreach(jobs, i, job)
    {
        const char *name = json_string_value(json_object_get(job, "name"));
        if (name)
            watch_job(watch, summary, name, json_array_size(jobs) == 1);
    }
}

static void watch_fini(struct watch *watch)
{
    for (VEC_EACH(char *, name, &watch->names))
        mem_destroy(*name);
    for (VEC_EACH(struct watched_job, job, &watch->jobs)) {
        vec_fini(&job->vertices);
        vec_fini(&job->gaps);
    }
    vec_fini(&watch->names);
    vec_fini(&watch->jobs);
}

/* Chapters of the job that have begun by now: those of outages, starts and ends say until when not
 * all of its tasks run, those of checkpoints are to be told of the lag. */
static void take_chapters(const struct narrative *narrative, struct watched_job *job, time_ns at)
{
    const struct chapter *chapters = narrative->chapters.items;
    for (; job->next < narrative->chapters.count && chapters[job->next].from <= at; job->next++) {
        const struct chapter *chapter = &chapters[job->next];
        if (!chapter->job || !text_equal(chapter->job, job->name))
            continue;
        if (chapter->kind == CHAPTER_COMMAND)
            continue; /* what it does to the tasks is told by others */
        if (chapter->kind == CHAPTER_CHECKPOINTS) {
            vec_push(&job->gaps, job->next);
            continue;
        }
        time_ns to = chapter->kind == CHAPTER_END ? TIME_NEVER : chapter->to;
        job->down_to = to > job->down_to ? to : job->down_to;
        job->is_started |= chapter->kind == CHAPTER_START;
    }
}

/* They end one after the other, so few are open at a time. */
static void tell_gaps(struct narrative *narrative, struct watched_job *job, time_ns at, double lag)
{
    struct chapter *chapters = narrative->chapters.items;
    while (job->open < job->gaps.count && chapters[job->gaps.items[job->open]].to < at)
        job->open++;
    for (size_t i = job->open; i < job->gaps.count && !number_is_none(lag); i++) {
        struct lag_rise *rise = &chapters[job->gaps.items[i]].lag;
        if (rise->to == 0)
            *rise = (struct lag_rise){ at, at, lag, lag };
        if (lag > rise->most) {
            rise->most = lag;
            rise->to = at;
        }
    }
}

static void begin_climb(struct watched_job *job, time_ns at, double lag)
{
    job->least = lag;
    job->least_at = at;
    for (VEC_EACH(struct watched_vertex, vertex, &job->vertices)) {
        vertex->busy_base = vertex->busy_sum;
        vertex->busy_max_base = vertex->busy_max_sum;
    }
}

static void keep_climb(struct narrative *narrative, const struct watched_job *job, time_ns at,
                       double lag)
{
    struct lag_climb *climb = &narrative->climb;
    double seconds = (double)(at - job->least_at) / (double)TIME_S;
    *climb = (struct lag_climb){ .job = job->name, .lag = { job->least_at, at, job->least, lag } };
    for (VEC_EACH(const struct watched_vertex, vertex, &job->vertices)) {
        struct busy_vertex now = { vertex->name, (vertex->busy_sum - vertex->busy_base) / seconds,
                                   (vertex->busy_max_sum - vertex->busy_max_base) / seconds };
        if (!climb->busiest.name || now.busy_max > climb->busiest.busy_max)
            climb->busiest = now;
    }
}

/* In this sample. */
static struct busy_vertex busiest_of(const struct watched_job *job, const double *values)
{
    struct busy_vertex busiest = { NULL, 0, 0 };
    for (VEC_EACH(const struct watched_vertex, vertex, &job->vertices)) {
        double busy_max = values[vertex->busy_max];
        if (!number_is_none(busy_max) && (!busiest.name || busy_max > busiest.busy_max))
            busiest = (struct busy_vertex){ vertex->name, values[vertex->busy], busy_max };
    }
    return busiest;
}

static void take_sample(struct narrative *narrative, struct watched_job *job, time_ns before,
                        time_ns at, const double *values)
{
    const struct lag_climb *climb = &narrative->climb;
    double lag = values[job->lag], seconds = (double)(at - before) / (double)TIME_S;
    take_chapters(narrative, job, at);
    tell_gaps(narrative, job, at, lag);
    effects_follow(narrative, &job->follower,
                   &(struct lag_sample){ before, at, lag, !job->is_started || job->down_to > before,
                                         busiest_of(job, values) });
    for (VEC_EACH(struct watched_vertex, vertex, &job->vertices)) {
        double busy = values[vertex->busy], busy_max = values[vertex->busy_max];
        vertex->busy_sum += number_is_none(busy) ? 0 : busy * seconds;
        vertex->busy_max_sum += number_is_none(busy_max) ? 0 : busy_max * seconds;
    }
    if (!job->is_started || job->down_to > before || number_is_none(lag)) {
        job->least = number_none();
        return;
    }
    if (number_is_none(job->least) || lag <= job->least) {
        begin_climb(job, at, lag);
        return;
    }
    double rise = lag - job->least;
    if (rise >= CLIMB_TOLD_S && at - job->least_at >= CLIMB_TIME &&
        (!climb->job || rise > climb->lag.most - climb->lag.least))
        keep_climb(narrative, job, at, lag);
}

struct err narrative_read_lag(struct narrative *narrative, const json_t *summary,
                              const char *metrics, struct note *note)
{
    struct watch watch;
    struct sample_file samples;
    VEC(double) values = { 0 };
    time_ns before = 0;
    watch_init(&watch, summary);
    vec_resize(&values, watch.names.count);
    struct err result = sample_file_begin(&samples, metrics, (const char *const *)watch.names.items,
                                          watch.names.count, note);
    while (!err_is(result) && sample_file_next(&samples, values.items)) {
        if (number_is_none(values.items[0]))
            continue;
        time_ns at = (time_ns)(values.items[0] * (double)TIME_S + 0.5);
        for (VEC_EACH(struct watched_job, job, &watch.jobs))
            take_sample(narrative, job, before, at, values.items);
        before = at;
    }
    for (VEC_EACH(struct watched_job, job, &watch.jobs))
        effects_follow_end(narrative, &job->follower);
    struct lag_climb *climb = &narrative->climb;
    if (climb->job)
        climb->network =
            narrative_full_network(summary, climb->job, climb->lag.from, climb->lag.to);
    sample_file_end(&samples);
    vec_fini(&values);
    watch_fini(&watch);
    return result;
}

/* "; bound by the network: the NIC of tm3 was full, sending 118 MB/s of 125 MB/s". */
static size_t put_network(const struct full_network *network, char *out, size_t size)
{
    size_t length = text_format(out, size, "; bound by the network: ");
    char share[NUMBER_TEXT_SIZE];
    length += narrative_tell_network(network, out + length, size - length);
    number_text(network->share, METRIC_SHARE, share);
    if (network->share < 0.95)
        length += text_format(out + length, size - length, ", %s of that time", share);
    return length;
}

/* "; busiest was c, 100 % of that time". */
static size_t put_busiest(const struct busy_vertex *busiest, char *out, size_t size)
{
    char busy[NUMBER_TEXT_SIZE], busy_max[NUMBER_TEXT_SIZE];
    number_text(busiest->busy, METRIC_SHARE, busy);
    number_text(busiest->busy_max, METRIC_SHARE, busy_max);
    bool is_even = text_equal(busy, busy_max);
    return text_format(out, size, "; busiest was %s, %s of that time%s%s%s", busiest->name,
                       busy_max, is_even ? "" : " in its busiest subtask, ", is_even ? "" : busy,
                       is_even ? "" : " in all");
}

void narrative_tell_rise(const struct lag_rise *rise, char *out)
{
    char least[NUMBER_TEXT_SIZE], most[NUMBER_TEXT_SIZE], by[NUMBER_TEXT_SIZE];
    number_text_seconds(rise->least, least);
    number_text_seconds(rise->most, most);
    number_text_seconds(rise->most - rise->least, by);
    bool is_small = text_equal(least, most);
    text_format(out, RISE_TEXT_SIZE, "%s %s to %s", is_small ? "by" : "from", is_small ? by : least,
                most);
}

/* "The lag of a grew from 0 s to 24 min between 00:29:00 and 01:01:10, without any outage", and
 * what it was bound by. */
void narrative_sum_up_lag(const struct narrative *narrative, FILE *file)
{
    const struct lag_climb *climb = &narrative->climb;
    char rise[RISE_TEXT_SIZE], from[NUMBER_TEXT_SIZE], to[NUMBER_TEXT_SIZE], text[PARAGRAPH_SIZE];
    if (!climb->job)
        return;
    narrative_tell_rise(&climb->lag, rise);
    number_text_moment(climb->lag.from, narrative->duration, from);
    number_text_moment(climb->lag.to, narrative->duration, to);
    size_t length = text_format(text, sizeof text,
                                "The lag of %s grew %s between %s and %s, without any outage",
                                climb->job, rise, from, to);
    if (climb->network.host)
        length += put_network(&climb->network, text + length, sizeof text - length);
    else if (climb->busiest.name)
        length += put_busiest(&climb->busiest, text + length, sizeof text - length);
    text_format(text + length, sizeof text - length, ".");
    terminal_put_wrapped(text, "", file);
}
