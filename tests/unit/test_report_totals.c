/* SPDX-License-Identifier: Apache-2.0
 *
 * Totals: what adds up over a run must do so whatever is sampled, with a run that the test makes up
 * and with whole ones. And what a whole run makes of a job that is cancelled.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/cli/play.h"
#include "sim/report/number_text.h"
#include "tests/lib/recorded_run.h"

static struct recorded_run recorded;

/* The JobManager's end is no step of it: what it knew goes with it. */
START_TEST(slots_are_nobodys_without_a_job_manager)
{
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    recorded.run.cluster = (struct look_cluster){ 1, 4, 0 };
    recorder_step(&recorded.recorder, 0);
    recorded.run.cluster = (struct look_cluster){ 0, 0, 0 };
    recorded_fact(&recorded, TIME_H / 2, 0, "killed", NULL);
    recorder_sample(&recorded.recorder, TIME_H);
    ck_assert_double_eq(recorded_value(&recorded, METRIC_slots_used, STATISTIC_MEAN), 2);
    recorded_end(&recorded);
}
END_TEST

/* 10 s of two subtasks, 10 s in which nothing flows, 10 s of eight: however often that is looked
 * at, they have worked for 14 of 100 s. */
START_TEST(seconds_of_subtasks_add_up_whatever_is_sampled)
{
    static const struct model_vertex_view looks[] = {
        { 0 },
        { .busy_seconds = 6, .idle_seconds = 14, .busy_most_seconds = 12 },
        { .busy_seconds = 6, .idle_seconds = 14, .busy_most_seconds = 12 },
        { .busy_seconds = 14, .idle_seconds = 86, .busy_most_seconds = 44 },
    };
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    for (time_ns i = 0; i < 4; i += _i ? 3 : 1) {
        recorded.run.vertices[0][1] = looks[i];
        recorder_sample(&recorded.recorder, i * 10 * TIME_S);
    }
    struct job_id job = { 0 };
    struct vertex_id count = { 1 };
    const struct metrics *metrics = &recorded.recorder.metrics;
    double out[STATISTIC_COUNT];
    metrics_summarise(metrics, metrics_find(metrics, METRIC_busy, job, count), out);
    ck_assert_double_eq(out[STATISTIC_TOTAL], 14);
    ck_assert_double_eq(out[STATISTIC_MEAN], 0.14);
    metrics_summarise(metrics, metrics_find(metrics, METRIC_busy_max, job, count), out);
    ck_assert_double_eq(out[STATISTIC_TOTAL], 44);
    ck_assert_double_eq(out[STATISTIC_VALUE], 0.44);
    metrics_summarise(metrics, METRIC_busy, out);
    ck_assert(number_is_none(out[STATISTIC_TOTAL])); /* of whichever vertex had most */
    recorded_end(&recorded);
}
END_TEST

/* Of a whole run. */
static struct plays plays;

static void play(const char *yaml)
{
    struct note note = { "" };
    struct play_settings settings = { .until = TIME_NEVER, .quiet = true };
    plays = (struct plays){ 0 };
    vec_push(&plays.list, (struct play){ .scenario = load_fixture_scenario(yaml) });
    ck_assert_msg(!err_is(plays_run(&plays, &settings, &note)), "%s", note.text);
}

static double played(enum metric metric, const char *vertex, enum statistic statistic)
{
    const struct metrics *metrics = &plays.list.items[0].recorder.metrics;
    const struct job_graph *graph = metrics->scenario->jobs.items[0].graph;
    double out[STATISTIC_COUNT];
    size_t column = vertex ? metrics_find(metrics, metric, (struct job_id){ 0 },
                                          job_graph_find_vertex(graph, vertex))
                           : (size_t)metric;
    ck_assert_uint_ne(column, SIZE_MAX);
    metrics_summarise(metrics, column, out);
    return out[statistic];
}

static void ck_near(double a, double b)
{
    ck_assert_double_gt(a, 0);
    ck_assert_double_eq_tol(a, b, 1e-9 * a);
}

/* Slots are given between samples, subtasks come and go, a TaskManager dies. */
START_TEST(totals_of_a_run_do_not_depend_on_its_sample)
{
    static const char *const samples[] = { "500ms", "7s", "5min" };
    double used = 0, busy = 0, busy_most = 0, mean = 0;
    char yaml[1024];
    for (int i = 0; i < 3; i++) {
        snprintf(yaml, sizeof yaml,
                 "name: t\nduration: 30min\nsample: %s\n"
                 "config: { scheduler-mode: reactive, execution.checkpointing.interval: 20s }\n"
                 "cluster: { task-manager: { count: 3, slots: 2 } }\n"
                 "jobs:\n"
                 "  - name: j\n"
                 "    vertices: [ { name: source }, { name: count, cost: 90us, keys: 1k } ]\n"
                 "    edges: [ source -> count: hash ]\n"
                 "    load: 5k/s\n"
                 "events:\n"
                 "  - { at: 7min, kill: tm2 }\n"
                 "  - { at: 20min, cancel: j }\n",
                 samples[i]);
        play(yaml);
        if (i == 0) {
            used = played(METRIC_slots_used, NULL, STATISTIC_TOTAL);
            busy = played(METRIC_busy, "count", STATISTIC_TOTAL);
            busy_most = played(METRIC_busy_max, "count", STATISTIC_TOTAL);
            mean = played(METRIC_busy, "count", STATISTIC_MEAN);
        }
        ck_near(used, played(METRIC_slots_used, NULL, STATISTIC_TOTAL));
        ck_near(used / 1800, played(METRIC_slots_used, NULL, STATISTIC_MEAN));
        ck_near(busy, played(METRIC_busy, "count", STATISTIC_TOTAL));
        ck_near(busy_most, played(METRIC_busy_max, "count", STATISTIC_TOTAL));
        ck_near(mean, played(METRIC_busy, "count", STATISTIC_MEAN));
        ck_assert(number_is_none(played(METRIC_busy, NULL, STATISTIC_TOTAL)));
        plays_fini(&plays);
    }
}
END_TEST

/* Runs in which much depends on rates of the moment: slow-downs on cores that are shared, barriers
 * behind full buffers, NICs, two sources of unequal load; tasks that fail, are cancelled, rescaled
 * and lost. */
static const char *const busy_runs[] = {
    /* overload, tasks that fail each 20 s */
    "cluster: { task-manager: { count: 4, slots: 1, cores: 1 } }\n"
    "config: { jobmanager.scheduler: adaptive, restart-strategy.type: fixed-delay,\n"
    "  restart-strategy.fixed-delay.attempts: 1000, execution.checkpointing.interval: 7s }\n"
    "jobs:\n"
    "  - name: j\n"
    "    vertices: [ { name: s, parallelism: 2, cost: 10us },\n"
    "      { name: c, parallelism: 3, cost: 20us, keys: 100k } ]\n"
    "    edges: [ s -> c: hash ]\n"
    "    load: { constant: 200k/s }\n"
    "events: [ { at: 60s, every: 20s, fail: { vertex: c, subtask: 1 } } ]\n",
    /* overload, cancelled before anybody looks, for most samples */
    "cluster: { task-manager: { count: 4, slots: 1, cores: 1 } }\n"
    "config: { execution.checkpointing.interval: 3s }\n"
    "jobs:\n"
    "  - name: j\n"
    "    vertices: [ { name: s, parallelism: 2, cost: 10us },\n"
    "      { name: c, parallelism: 3, cost: 20us } ]\n"
    "    edges: [ s -> c: hash ]\n"
    "    load: { constant: 200k/s }\n"
    "events: [ { at: 25s, cancel: j } ]\n",
    /* loads that step, on shared cores and thin NICs; fewer subtasks when a machine is lost */
    "cluster: { task-manager: { count: 3, slots: 3, cores: 1, network: 40mbit } }\n"
    "config: { scheduler-mode: reactive, execution.checkpointing.interval: 5s }\n"
    "jobs:\n"
    "  - name: j\n"
    "    vertices:\n"
    "      - { name: s, cost: 30us, bytes: 700 }\n"
    "      - { name: t, cost: 20us, bytes: 300 }\n"
    "      - { name: c, cost: 60us, keys: 1k, state: 20kb/key }\n"
    "    edges: [ s -> c: hash, t -> c: hash ]\n"
    "    loads:\n"
    "      s: { sine: { mean: 6k/s, amplitude: 4k/s, period: 31s, step: 3s } }\n"
    "      t: { spike: { base: 1k/s, peak: 30k/s, at: 20s, for: 15s, every: 40s } }\n"
    "events:\n"
    "  - { at: 101s, kill: tm2 }\n"
    "  - { at: 163s, fail: { vertex: c, subtask: 0 } }\n",
    /* unaligned barriers on NICs that are nearly full, rescaled early */
    "cluster: { task-manager: { count: 6, slots: 2, cores: 1, network: 100mbit } }\n"
    "config: { scheduler-mode: reactive, execution.checkpointing.interval: 10s,\n"
    "  execution.checkpointing.unaligned.enabled: true }\n"
    "jobs:\n"
    "  - name: j\n"
    "    vertices: [ { name: s, parallelism: 3, cost: 10us, bytes: 200 },\n"
    "      { name: c, parallelism: 1, cost: 20us, keys: 100k, state: 1kb/key } ]\n"
    "    edges: [ s -> c: hash ]\n"
    "    load: { constant: 17k/s }\n"
    "events:\n"
    "  - { on: 'all tasks RUNNING', after: 0s, nth: 1,\n"
    "      cut: { task-manager: jobmanager, for: 20s } }\n"
    "  - { at: 133s, cut: { task-manager: jobmanager, for: 3s } }\n",
    /* state that fills the memory of a machine, and tasks of another job that fail meanwhile */
    "cluster: { task-manager: { slots: 2, cores: 2, count: 3, memory: 40m } }\n"
    "config: { parallelism.default: 2, restart-strategy.type: fixed-delay,\n"
    "  restart-strategy.fixed-delay.attempts: 100 }\n"
    "jobs:\n"
    "  - name: j\n"
    "    vertices: [ { name: s }, { name: c, cost: 20us, keys: 1m, state: 8 bytes/record } ]\n"
    "    edges: [ s -> c: hash ]\n"
    "    load: { constant: 70k/s }\n"
    "  - name: k\n"
    "    vertices: [ { name: s }, { name: c } ]\n"
    "    edges: [ s -> c: hash ]\n"
    "    load: { constant: 1k/s }\n"
    "events: [ { at: 20s, every: 900ms, fail: { job: k, vertex: c } } ]\n",
};

static const double *facts_of(uint64_t *fingerprint)
{
    static const enum metric shares[] = { METRIC_busy, METRIC_busy_max, METRIC_idle,
                                          METRIC_backpressured, METRIC_backpressured_max };
    static double facts[2 * sizeof shares / sizeof *shares];
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        facts[i] = played(shares[i / 2], i % 2 ? "c" : "s", STATISTIC_TOTAL);
    *fingerprint = plays.list.items[0].log.fingerprint;
    return facts;
}

/* Whoever looks, and however often: what happens is the same to the nanosecond, and it takes as
 * long. */
START_TEST(nothing_that_happens_depends_on_who_looks)
{
    static const char *const samples[] = { "1s", "7s", "1min", "4min" };
    double first[10];
    uint64_t fingerprint = 0, other = 0;
    char yaml[2048];
    for (int i = 0; i < 4; i++) {
        snprintf(yaml, sizeof yaml, "name: t\nduration: 4min\nsample: %s\n%s", samples[i],
                 busy_runs[_i]);
        play(yaml);
        const double *facts = facts_of(i == 0 ? &fingerprint : &other);
        if (i == 0)
            memcpy(first, facts, sizeof first);
        else
            ck_assert_uint_eq(fingerprint, other);
        for (int k = 0; k < 10; k++)
            ck_assert_double_le(fabs(facts[k] - first[k]), 1e-9 * first[k]);
        ck_assert_double_gt(first[0], 0);
        plays_fini(&plays);
    }
}
END_TEST

/* It takes its time to end, four minutes after its last checkpoint: its tasks are gone, but nobody
 * is to read again what they had read. With each scheduler. */
START_TEST(a_job_that_is_being_cancelled_falls_behind_by_no_more_than_that_takes)
{
    char yaml[1024];
    snprintf(yaml, sizeof yaml,
             "name: t\nduration: 12min\n"
             "config: { jobmanager.scheduler: %s, execution.checkpointing.interval: 5min }\n"
             "cluster: { task-manager: { count: 1, slots: 2 } }\n"
             "jobs:\n"
             "  - name: j\n"
             "    vertices:\n"
             "      - { name: source, parallelism: 2 }\n"
             "      - { name: count, parallelism: 2, cost: 90us, keys: 1k, close: 20s }\n"
             "    edges: [ source -> count: hash ]\n"
             "    load: 5k/s\n"
             "events: [ { at: 9min, cancel: j } ]\n",
             _i ? "Adaptive" : "Default");
    play(yaml);
    ck_assert_double_ge(played(METRIC_lag_seconds, NULL, STATISTIC_MAX), 20);
    ck_assert_double_le(played(METRIC_lag_seconds, NULL, STATISTIC_MAX), 20.1);
    ck_assert_double_le(played(METRIC_lag_records, NULL, STATISTIC_MAX), 20.1 * 5000);
    ck_assert_double_eq(played(METRIC_lag_seconds, NULL, STATISTIC_FINAL), 0);
    ck_assert_double_eq(played(METRIC_lag_records, NULL, STATISTIC_FINAL), 0);
    plays_fini(&plays);
}
END_TEST

/* The report of its only task is the first and the last: between the two starts of the timer that
 * it means no tick comes, so no checkpoint is begun that the second one would end. */
START_TEST(a_job_of_one_task_has_no_failed_checkpoint)
{
    play("name: t\nduration: 10min\n"
         "config: { jobmanager.scheduler: default, execution.checkpointing.interval: 30s }\n"
         "cluster: { task-manager: { count: 1, slots: 1 } }\n"
         "jobs:\n  - { name: j, vertices: [ { name: s, parallelism: 1 } ], load: 1k/s }\n");
    ck_assert_double_eq(played(METRIC_checkpoints_failed, NULL, STATISTIC_FINAL), 0);
    ck_assert_double_eq(played(METRIC_checkpoints_completed, NULL, STATISTIC_FINAL), 20);
    plays_fini(&plays);
}
END_TEST

static double first;

/* Down since the kill at 5 min, with a checkpoint each minute: what was read since the last one
 * would have to be read again, until the job is cancelled. Whoever looks when. */
START_TEST(what_a_cancelled_job_would_have_read_again_is_in_its_peak)
{
    static const char *const samples[] = { "1s", "7s", "10min" };
    char yaml[1024];
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        snprintf(
            yaml, sizeof yaml,
            "name: t\nduration: 12min\nsample: %s\n"
            "config: { jobmanager.scheduler: default, execution.checkpointing.interval: 60s }\n"
            "cluster: { task-manager: { count: 1, slots: 1 } }\n"
            "jobs:\n"
            "  - { name: j, vertices: [ { name: s } ], load: 1k/s }\n"
            "events:\n"
            "  - { at: 5min, kill: tm1 }\n"
            "  - { at: 9min 58s, cancel: j }\n",
            samples[i]);
        play(yaml);
        double lag = played(METRIC_lag_seconds, NULL, STATISTIC_MAX);
        ck_assert_double_gt(lag, 298);
        ck_assert_double_lt(lag, 298 + 61);
        if (i > 0)
            ck_assert_double_eq_tol(lag, first, 1e-9);
        ck_assert_double_eq_tol(played(METRIC_lag_records, NULL, STATISTIC_MAX), 1000 * lag, 1);
        first = lag;
        plays_fini(&plays);
    }
}
END_TEST

Suite *test_report_totals_suite(void)
{
    Suite *suite = suite_create("report_totals");
    TCase *tests = tcase_create("totals");
    tcase_add_test(tests, slots_are_nobodys_without_a_job_manager);
    tcase_add_loop_test(tests, seconds_of_subtasks_add_up_whatever_is_sampled, 0, 2);
    tcase_add_test(tests, totals_of_a_run_do_not_depend_on_its_sample);
    tcase_add_loop_test(tests, nothing_that_happens_depends_on_who_looks, 0,
                        sizeof busy_runs / sizeof *busy_runs);
    tcase_add_loop_test(
        tests, a_job_that_is_being_cancelled_falls_behind_by_no_more_than_that_takes, 0, 2);
    tcase_add_test(tests, a_job_of_one_task_has_no_failed_checkpoint);
    tcase_add_test(tests, what_a_cancelled_job_would_have_read_again_is_in_its_peak);
    suite_add_tcase(suite, tests);
    return suite;
}
