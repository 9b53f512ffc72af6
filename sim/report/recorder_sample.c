/* SPDX-License-Identifier: Apache-2.0
 *
 * One sample: a row of the table from views of cluster, jobs and vertices. What is a rate or a
 * share is the difference of two totals, so it is exact over the time between the samples.
 */
#include <math.h>

#include "sim/report/number_text.h"
#include "sim/report/recorder.h"

#define SECONDS_PER_HOUR 3600.0

enum { VERTEX_SHARES = 5 };
static const enum metric share_metrics[VERTEX_SHARES] = { METRIC_busy, METRIC_idle,
                                                          METRIC_backpressured, METRIC_busy_max,
                                                          METRIC_backpressured_max };

static double newest_event(const struct event_values *events)
{
    bool fresh = events->values.count > events->sampled;
    return fresh ? vec_last(&events->values) : number_none();
}

static double share(double part, double whole)
{
    return whole > 0 ? part / whole : number_none();
}

/* Of a total that only grows: below zero there is nothing but rounding. */
static double since(double total, double last)
{
    return fmax(total - last, 0);
}

/* By share_metrics, since the last sample. Parts of their sum: late in a run the difference of the
 * totals of all time is rounded otherwise than that of its parts. */
static void take_shares(struct vertex_record *last, const struct model_vertex_view *view,
                        double shares[VERTEX_SHARES])
{
    double busy = since(view->busy_seconds, last->busy);
    double idle = since(view->idle_seconds, last->idle);
    double backpressured = since(view->backpressured_seconds, last->backpressured);
    double length = busy + idle + backpressured;
    shares[0] = share(busy, length);
    shares[1] = share(idle, length);
    shares[2] = share(backpressured, length);
    shares[3] = share(since(view->busy_most_seconds, last->busy_most), length);
    shares[4] = share(since(view->backpressured_most_seconds, last->backpressured_most), length);
    last->busy_most = view->busy_most_seconds;
    last->backpressured_most = view->backpressured_most_seconds;
    last->busy = view->busy_seconds;
    last->idle = view->idle_seconds;
    last->backpressured = view->backpressured_seconds;
}

/* Those of the run so far, by share_metrics. Time in which nothing could flow is not in them. */
static void total_shares(struct metric_column *columns, const struct model_vertex_view *view)
{
    const double totals[VERTEX_SHARES] = { view->busy_seconds, view->idle_seconds,
                                           view->backpressured_seconds, view->busy_most_seconds,
                                           view->backpressured_most_seconds };
    for (int i = 0; i < VERTEX_SHARES; i++) {
        columns[i].total = totals[i];
        columns[i].seconds = totals[0] + totals[1] + totals[2];
    }
}

static void sample_vertices(struct recorder *recorder, struct job_id job, double *values,
                            double *row)
{
    struct job_record *record = &recorder->jobs.items[job.n];
    const struct run_look *look = recorder->look;
    double parallelism = 0;
    for (uint32_t v = 0; v < record->vertices.count; v++) {
        struct vertex_record *vertex = &record->vertices.items[v];
        struct model_vertex_view view;
        double shares[VERTEX_SHARES];
        look->vertex(look->context, job, (struct vertex_id){ v }, &view);
        take_shares(vertex, &view, shares);
        if (vertex->column != SIZE_MAX)
            total_shares(&recorder->metrics.columns.items[vertex->column], &view);
        for (int i = 0; i < VERTEX_SHARES; i++) {
            const double both[2] = { values[share_metrics[i]], shares[i] };
            values[share_metrics[i]] = metrics_join(share_metrics[i], both, 2, 1);
            if (vertex->column != SIZE_MAX)
                row[vertex->column + (size_t)i] = shares[i];
        }
        if (view.running > 0 && view.parallelism > parallelism)
            parallelism = view.parallelism;
    }
    values[METRIC_parallelism] = parallelism;
}

static void sample_network(struct job_record *record, time_ns at, double *values)
{
    static const enum metric of[NETWORK_PART_COUNT] = { METRIC_nic_use, METRIC_link_use };
    for (int part = 0; part < NETWORK_PART_COUNT; part++)
        if (record->flow.network[part].known)
            values[of[part]] = record->flow.network[part].use;
    network_record_look(&record->network, at, &record->flow);
}

/* Records, lag and latency of a job since the last sample, `seconds` ago. */
static void sample_flow(struct recorder *recorder, struct job_id job, time_ns at, double seconds,
                        double *values)
{
    struct job_record *record = &recorder->jobs.items[job.n];
    struct model_job_view *flow = &record->flow;
    recorder->look->flow(recorder->look->context, job, flow);
    if (seconds > 0) {
        values[METRIC_offered_rate] = since(flow->offered_total, record->offered) / seconds;
        values[METRIC_served_rate] = (flow->served_total - record->served) / seconds;
    }
    record->offered = flow->offered_total;
    record->served = flow->served_total;
    values[METRIC_lag_records] = flow->backlog;
    values[METRIC_lag_seconds] = flow->lag_seconds_max;
    values[METRIC_records_replayed] = flow->replayed_total;
    values[METRIC_records_reread] = flow->reread_total;
    sample_network(record, at, values);
    if (flow->offered_total <= 0 || flow->ended || !flow->has_latency)
        return; /* no record, no latency */
    values[METRIC_latency_p50_seconds] = flow->latency[0];
    values[METRIC_latency_p95_seconds] = flow->latency[1];
    values[METRIC_latency_p99_seconds] = flow->latency[2];
}

static void sample_counters(struct recorder *recorder, struct job_id job, time_ns at,
                            double *values)
{
    const struct job_record *record = &recorder->jobs.items[job.n];
    struct look_job view;
    values[METRIC_restarts] = values[METRIC_rescales] = 0;
    if (recorder->look->job(recorder->look->context, job, &view)) {
        values[METRIC_rescales] = view.rescales;
        values[METRIC_restarts] = view.restarts - view.rescales;
    }
    values[METRIC_downtime_seconds] =
        (double)incidents_downtime(&recorder->incidents, job, at) / (double)TIME_S;
    values[METRIC_checkpoints_completed] = (double)record->completed;
    values[METRIC_checkpoints_failed] = (double)record->failed;
    values[METRIC_checkpoint_duration_seconds] =
        newest_event(&recorder->metrics.durations.items[job.n]);
    values[METRIC_checkpoint_bytes] = newest_event(&recorder->metrics.sizes.items[job.n]);
    values[METRIC_checkpoint_written_bytes] = newest_event(&recorder->metrics.written.items[job.n]);
}

static void sample_job(struct recorder *recorder, struct job_id job, time_ns at, double seconds,
                       double *row)
{
    double *values = recorder->values.items + (size_t)job.n * METRIC_NAME_COUNT;
    for (size_t m = 0; m < METRIC_NAME_COUNT; m++)
        values[m] = number_none();
    sample_flow(recorder, job, at, seconds, values);
    sample_vertices(recorder, job, values, row);
    sample_counters(recorder, job, at, values);
}

/* Over the run so far. */
static void put_total(struct recorder *recorder, size_t column, double total)
{
    struct metric_column *of = &recorder->metrics.columns.items[column];
    of->total = total;
    of->seconds = (double)metrics_end(&recorder->metrics) / (double)TIME_S;
}

static void sample_cluster(struct recorder *recorder, double *row)
{
    const struct look_cluster *cluster = &recorder->cluster;
    row[METRIC_task_managers] = cluster->task_managers;
    row[METRIC_machines] = recorder->machines;
    row[METRIC_slots_used] = cluster->slots_total - cluster->slots_free;
    row[METRIC_slots_free] = cluster->slots_free;
    row[METRIC_slot_hours] = recorder->slot_seconds / SECONDS_PER_HOUR;
    row[METRIC_task_manager_hours] = recorder->task_manager_seconds / SECONDS_PER_HOUR;
    row[METRIC_cost] = recorder->cost;
    put_total(recorder, METRIC_task_managers, recorder->task_manager_seconds);
    put_total(recorder, METRIC_machines, recorder->machine_seconds);
    put_total(recorder, METRIC_slots_used, recorder->used_seconds);
    put_total(recorder, METRIC_slots_free, recorder->free_seconds);
}

/* The totals that make the means exact: records offered and served since the start. */
static void total_records(struct recorder *recorder)
{
    size_t jobs = recorder->jobs.count;
    double offered = 0, served = 0;
    for (size_t j = 0; j < jobs; j++) {
        offered += recorder->jobs.items[j].offered;
        served += recorder->jobs.items[j].served;
    }
    put_total(recorder, METRIC_offered_rate, offered);
    put_total(recorder, METRIC_served_rate, served);
    for (uint32_t j = 0; jobs > 1 && j < jobs; j++) {
        size_t first = metrics_job_column(&recorder->metrics, (struct job_id){ j });
        put_total(recorder, first + METRIC_offered_rate, recorder->jobs.items[j].offered);
        put_total(recorder, first + METRIC_served_rate, recorder->jobs.items[j].served);
    }
}

/* Cells have the backlog at the sample, so that rows can be added up; its peaks are kept beside
 * them. Those of several jobs need not be at the same moment: their sum is not exceeded. */
static void put_backlogs(struct recorder *recorder)
{
    size_t jobs = recorder->jobs.count;
    double sum = 0;
    for (uint32_t j = 0; j < jobs; j++) {
        double most = recorder->jobs.items[j].flow.backlog_max;
        sum += most;
        if (jobs > 1)
            metrics_put_most(&recorder->metrics,
                             metrics_job_column(&recorder->metrics, (struct job_id){ j }) +
                                 METRIC_lag_records,
                             most);
    }
    metrics_put_most(&recorder->metrics, METRIC_lag_records, sum);
}

static void forget_events(struct recorder *recorder)
{
    for (VEC_EACH(struct event_values, events, &recorder->metrics.durations))
        events->sampled = events->values.count;
    for (VEC_EACH(struct event_values, events, &recorder->metrics.sizes))
        events->sampled = events->values.count;
    for (VEC_EACH(struct event_values, events, &recorder->metrics.written))
        events->sampled = events->values.count;
}

void recorder_sample(struct recorder *recorder, time_ns at)
{
    struct metrics *metrics = &recorder->metrics;
    size_t jobs = recorder->jobs.count;
    double seconds = (double)(at - metrics_end(metrics)) / (double)TIME_S;
    recorder_settle(recorder, at);
    recorder_review_phases(recorder, at);
    recorder_step(recorder, at);
    recorder_count_up_to(recorder, at);
    double *row = metrics_add_row(metrics, at);
    for (uint32_t j = 0; j < jobs; j++)
        sample_job(recorder, (struct job_id){ j }, at, seconds, row);
    for (unsigned m = 0; m < METRIC_NAME_COUNT; m++) {
        if (metric_rows[m].scope == METRIC_OF_CLUSTER)
            continue;
        const double *values = recorder->values.items + m;
        row[m] = metrics_join((enum metric)m, values, jobs, METRIC_NAME_COUNT);
        for (uint32_t j = 0; jobs > 1 && j < jobs; j++)
            row[metrics_job_column(metrics, (struct job_id){ j }) + m] =
                values[(size_t)j * METRIC_NAME_COUNT];
    }
    put_backlogs(recorder);
    sample_cluster(recorder, row);
    total_records(recorder);
    forget_events(recorder);
}
