/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of sim/load/read_events.c and read_expect.c on scripts that are right: triggers, actions,
 * targets, labels, and expectations.
 */
#include <check.h>

#include "tests/lib/load_fixture.h"

static struct scenario *s;

static void load(const char *yaml)
{
    scenario_destroy(s);
    s = load_fixture_scenario(yaml);
}

static void teardown(void)
{
    scenario_destroy(s);
    s = NULL;
}

#define SCRIPT(text)                                                                               \
    "cluster: { task-manager: { count: 3, slots: 2 } }\n" LOAD_FIXTURE_BASE "events:\n" text

static const struct scripted_event *event(size_t i)
{
    ck_assert_uint_lt(i, s->events.count);
    return &s->events.items[i];
}

START_TEST(events_come_at_times_or_on_lines_of_the_log)
{
    load(SCRIPT("  - { at: 14h, kill: tm2 }\n"
                "  - { on: job RUNNING, after: 8s, kill: tm3 }\n"
                "  - { on: job all tasks RUNNING, value: 6, nth: 2, after: 8s, kill: tm1 }\n"
                "  - { at: 1h, every: 10min, kill: random, label: chaos }\n"));
    ck_assert_int_eq(event(0)->trigger.at, 14 * TIME_H);
    ck_assert_ptr_null(event(0)->trigger.event);
    ck_assert_int_eq(event(0)->trigger.value, -1);
    ck_assert_uint_eq(event(0)->trigger.nth, 1);
    ck_assert_int_eq(event(0)->trigger.after, 0);
    ck_assert_int_eq(event(0)->trigger.every, TIME_NEVER);
    ck_assert_str_eq(event(0)->label, "kill tm2");
    ck_assert_int_eq(event(1)->trigger.at, TIME_NEVER);
    ck_assert_str_eq(event(1)->trigger.event, "job RUNNING");
    ck_assert_int_eq(event(1)->trigger.after, 8 * TIME_S);
    ck_assert_int_eq(event(2)->trigger.value, 6);
    ck_assert_uint_eq(event(2)->trigger.nth, 2);
    ck_assert_int_eq(event(3)->trigger.every, 10 * TIME_MIN);
    ck_assert_str_eq(event(3)->label, "chaos");
    ck_assert_int_eq(event(3)->target, TARGET_RANDOM);
}
END_TEST

START_TEST(events_hit_task_managers)
{
    load(SCRIPT("  - { at: 1s, add: 2 }\n"
                "  - { at: 2s, add: [extra, tm9] }\n"
                "  - { at: 3s, stop: { task-manager: tm1, grace: 10s } }\n"
                "  - { at: 4s, kill: { task-manager: in-use, count: 2 } }\n"
                "  - { at: 5s, freeze: { task-manager: [tm1, extra], for: 20s } }\n"
                "  - { at: 6s, cut: { task-manager: tm2, from: jobmanager, for: 1min } }\n"
                "  - { at: 7s, slow: { task-manager: idle, factor: 0.25, for: 1min } }\n"
                "  - { at: 8s, loss: { task-manager: tm2, probability: 5% } }\n"
                "  - { at: 9s, cut: jobmanager }\n"));
    ck_assert_uint_eq(s->events.count, 11);
    ck_assert_int_eq(event(0)->kind, ACTION_ADD);
    ck_assert_uint_eq(event(0)->count, 2);
    ck_assert_ptr_null(event(0)->task_manager);
    ck_assert_str_eq(event(0)->label, "add 2");
    ck_assert_str_eq(event(1)->task_manager, "extra");
    ck_assert_str_eq(event(2)->task_manager, "tm9");
    ck_assert_int_eq(event(2)->trigger.at, 2 * TIME_S);
    ck_assert_uint_eq(s->cluster.named.count, 2);
    ck_assert_int_eq(s->cluster.named.items[0].at, TIME_NEVER);
    ck_assert_int_eq(event(3)->kind, ACTION_STOP);
    ck_assert_int_eq(event(3)->grace, 10 * TIME_S);
    ck_assert_int_eq(event(4)->target, TARGET_IN_USE);
    ck_assert_uint_eq(event(4)->count, 2);
    ck_assert_str_eq(event(4)->label, "kill 2 in-use");
    ck_assert_str_eq(event(6)->task_manager, "extra");
    ck_assert_int_eq(event(6)->duration, 20 * TIME_S);
    ck_assert_str_eq(event(7)->peer, "jobmanager");
    ck_assert_int_eq(event(8)->target, TARGET_IDLE);
    ck_assert_double_eq(event(8)->factor, 0.25);
    ck_assert_double_eq(event(9)->factor, 0.05);
    ck_assert_int_eq(event(9)->duration, TIME_NEVER);
    ck_assert_str_eq(event(10)->task_manager, "jobmanager");
    ck_assert_ptr_null(event(10)->peer);
}
END_TEST

START_TEST(events_act_on_the_storage)
{
    load(SCRIPT("  - { at: 1s, fail-storage: all }\n"
                "  - { at: 2s, fail-storage: reads }\n"
                "  - { at: 3s, fail-storage: { requests: writes, for: 30s } }\n"
                "  - { at: 4s, fail-storage: { for: 5s }, label: outage }\n"));
    static const enum storage_requests requests[] = { STORAGE_ALL, STORAGE_READS, STORAGE_WRITES,
                                                      STORAGE_ALL };
    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(event(i)->kind, ACTION_FAIL_STORAGE);
        ck_assert_int_eq(event(i)->requests, requests[i]);
    }
    ck_assert_int_eq(event(0)->duration, TIME_NEVER);
    ck_assert_int_eq(event(2)->duration, 30 * TIME_S);
    ck_assert_str_eq(event(0)->label, "fail-storage all");
    ck_assert_str_eq(event(2)->label, "fail-storage writes");
    ck_assert_str_eq(event(3)->label, "outage");
}
END_TEST

START_TEST(events_act_on_jobs)
{
    load("config: { parallelism.default: 3 }\n" SCRIPT(
        "  - { at: 1s, fail: { vertex: count, subtask: 2 } }\n"
        "  - { at: 2s, fail: source }\n"
        "  - { at: 3s, cancel: j }\n"
        "  - { at: 4s, stop-with-savepoint: { job: j, drain: true } }\n"
        "  - { at: 5s, savepoint: j }\n"
        "  - { at: 6s, rescale: { vertices: { count: 4..4, source: 1.. } } }\n"
        "  - { at: 7s, rescale: { job: j, all: ..6 } }\n"));
    ck_assert_int_eq(event(0)->kind, ACTION_FAIL_TASK);
    ck_assert_uint_eq(event(0)->vertex.n, 1);
    ck_assert_uint_eq(event(0)->subtask, 2);
    ck_assert_str_eq(event(0)->label, "fail count 2");
    ck_assert_uint_eq(event(1)->vertex.n, 0);
    ck_assert_int_eq(event(2)->kind, ACTION_CANCEL);
    ck_assert_uint_eq(event(2)->job.n, 0);
    ck_assert(event(3)->drain);
    ck_assert_int_eq(event(3)->kind, ACTION_STOP_JOB);
    ck_assert_int_eq(event(4)->kind, ACTION_SAVEPOINT);
    ck_assert_uint_eq(event(5)->bounds.count, 2);
    ck_assert_uint_eq(event(5)->bounds.items[0].vertex.n, 1);
    ck_assert_int_eq(event(5)->bounds.items[0].lower, 4);
    ck_assert_int_eq(event(5)->bounds.items[0].upper, 4);
    ck_assert_int_eq(event(5)->bounds.items[1].lower, 1);
    ck_assert_int_eq(event(5)->bounds.items[1].upper, -1);
    ck_assert_uint_eq(event(6)->bounds.count, 2);
    ck_assert_int_eq(event(6)->bounds.items[1].lower, -1);
    ck_assert_int_eq(event(6)->bounds.items[1].upper, 6);
    ck_assert_str_eq(event(6)->label, "rescale j");
}
END_TEST

START_TEST(expectations_are_metrics_events_and_invariants)
{
    load("cluster: { task-manager: { price: 1 } }\n" LOAD_FIXTURE_BASE
         "compare: { fixed: { seed: 2 } }\n"
         "expect:\n"
         "  - { name: a, metric: lag_seconds, p99: <= 2min }\n"
         "  - { name: b, metric: cost, of: fixed, ratio: <= 60%, statistic: total }\n"
         "  - { name: c, event: job RUNNING, after: killed, within: 90s }\n"
         "  - { name: d, event: job FAILED, count: 0 }\n"
         "  - { name: e, invariant: exactly-once }\n"
         "  - { name: f, metric: busy, job: j, vertex: count, mean: at least 50% }\n"
         "  - { name: g, metric: served_rate, min: '> 1k/s' }\n"
         "  - { name: h, metric: restarts, value: exactly 3 }\n"
         "  - { name: i, metric: checkpoint_bytes, max: below 512m }\n"
         "  - { name: k, metric: slot_hours, total: < 90min }\n"
         "  - { name: l, event: job RUNNING, job: j }\n");
    const struct expectation *x = s->expect.items;
    ck_assert_uint_eq(s->expect.count, 11);
    ck_assert_int_eq(x[0].kind, EXPECT_METRIC);
    ck_assert_str_eq(x[0].subject, "lag_seconds");
    ck_assert_str_eq(x[0].statistic, "p99");
    ck_assert_int_eq(x[0].comparison, COMPARE_LE);
    ck_assert_double_eq(x[0].value, 120);
    ck_assert(!x[0].varied);
    ck_assert(job_id_is_none(x[0].job));
    ck_assert_str_eq(x[1].of, "fixed");
    ck_assert_double_eq(x[1].value, 0.6);
    ck_assert_str_eq(x[1].statistic, "total");
    ck_assert_int_eq(x[2].kind, EXPECT_EVENT);
    ck_assert_str_eq(x[2].after, "killed");
    ck_assert_int_eq(x[2].within, 90 * TIME_S);
    ck_assert_int_eq(x[2].count, -1);
    ck_assert(job_id_is_none(x[2].job));
    ck_assert_uint_eq(x[10].job.n, 0);
    ck_assert_int_eq(x[3].count, 0);
    ck_assert_int_eq(x[3].within, TIME_NEVER);
    ck_assert_int_eq(x[4].kind, EXPECT_INVARIANT);
    ck_assert_uint_eq(x[5].job.n, 0);
    ck_assert_uint_eq(x[5].vertex.n, 1);
    ck_assert_int_eq(x[5].comparison, COMPARE_GE);
    ck_assert_double_eq(x[5].value, 0.5);
    ck_assert_int_eq(x[6].comparison, COMPARE_GT);
    ck_assert_double_eq(x[6].value, 1000);
    ck_assert_ptr_null(x[7].statistic);
    ck_assert_int_eq(x[7].comparison, COMPARE_EQ);
    ck_assert_double_eq(x[8].value, 512.0 * 1024 * 1024);
    ck_assert_double_eq(x[9].value, 1.5);
}
END_TEST

/* The recorded job and scripts of a real cluster: source and keyed count with a chained sink. */
START_TEST(recorded_timelines_can_be_written_down)
{
    load("name: reactive-kill9\nduration: 2min\n"
         "config: { scheduler-mode: reactive, execution.checkpointing.interval: 5 s,\n"
         "  jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling: 1 s }\n"
         "cluster:\n  task-manager: { slots: 2, cores: 2 }\n"
         "  task-managers: [ tm1, tm2, tm3 ]\n"
         "jobs:\n  - name: stream\n    vertices:\n"
         "      - { name: source, max-parallelism: 128, operator-state: split, partitions: 128 }\n"
         "      - { name: count, max-parallelism: 128, keys: 1k, state: 100 bytes/key,\n"
         "          wait: 200us, close: 1.5s, chain: [ sink ] }\n"
         "    edges: [ source -> count: hash ]\n"
         "    load: { constant: 500/s, per-subtask: true }\n"
         "    faults: [ { throw: count, after: 1s, attempts: 2 },\n"
         "      { snapshot-sleeps: count, for: 6s, checkpoint: 3 } ]\n"
         "events:\n"
         "  - { on: all tasks RUNNING, value: 12, after: 8s, kill: tm3 }\n"
         "  - { on: scheduler Restarting, after: 15s, add: tm4 }\n"
         "  - { on: all tasks RUNNING, after: 3s, rescale: { all: 4..4 } }\n");
    ck_assert_uint_eq(s->events.count, 3);
    ck_assert_uint_eq(s->cluster.named.count, 4);
}
END_TEST

Suite *test_load_script_suite(void)
{
    Suite *suite = suite_create("load_script");
    TCase *tcase = tcase_create("script");
    tcase_add_checked_fixture(tcase, NULL, teardown);
    tcase_add_test(tcase, events_come_at_times_or_on_lines_of_the_log);
    tcase_add_test(tcase, events_hit_task_managers);
    tcase_add_test(tcase, events_act_on_the_storage);
    tcase_add_test(tcase, events_act_on_jobs);
    tcase_add_test(tcase, expectations_are_metrics_events_and_invariants);
    tcase_add_test(tcase, recorded_timelines_can_be_written_down);
    suite_add_tcase(suite, tcase);
    return suite;
}
