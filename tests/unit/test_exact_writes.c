/* SPDX-License-Identifier: Apache-2.0
 *
 * What sinks write takes the storage's time: its latency where a file is closed, its bandwidth all
 * the time, and when it refuses a write the task fails. What is in the files at the end is the
 * same.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/exact/parts.h"
#include "tests/lib/exact_run.h"

static const char format[] =
    "name: t\n"
    "world: exact\n"
    "duration: 5min\n"
    "log-level: task\n"
    "config: { parallelism.default: 2, execution.checkpointing.interval: 1s,\n"
    "          execution.checkpointing.tolerable-failed-checkpoints: 50,\n"
    "          restart-strategy.type: fixed-delay, restart-strategy.fixed-delay.attempts: 50,\n"
    "          restart-strategy.fixed-delay.delay: 200ms }\n"
    "cluster:\n"
    "  task-manager: { cores: 2, slots: 2, boot: 1s, count: 1 }\n"
    "  dfs: { bandwidth: %s, latency: %s }\n"
    "jobs:\n"
    "  - { program: keyed_count, args: [%s] }\n"
    "expect:\n"
    "  - { name: right, output: counts, equals: program }\n";

/* What the log says of a run. */
static struct heard {
    uint32_t completed, refused;
    time_ns shortest, last; /* of the checkpoints: how long, when */
    time_ns ended_at;
} heard;

static struct exact_run run;

static void on_line(void *context, time_ns at, struct node_id node, const struct log_line *line)
{
    struct heard *to = context;
    (void)node;
    if (text_equal(line->machine, "checkpoint") && text_equal(line->what, "completed") &&
        (to->completed++ == 0 || line->value < to->shortest))
        to->shortest = line->value;
    if (text_equal(line->machine, "checkpoint") && text_equal(line->what, "completed"))
        to->last = at;
    if (text_equal(line->what, "job ended"))
        to->ended_at = at;
    const char *text = line->detail > 0 ? exact_failure_text(run.exact, line->detail) : NULL;
    to->refused += text && strcmp(text, "could not write: the storage fails") == 0;
}

static void begin(const char *bandwidth, const char *latency, const char *records)
{
    char yaml[2000];
    snprintf(yaml, sizeof yaml, format, bandwidth, latency, records);
    heard = (struct heard){ 0 };
    exact_run_init(&run, yaml);
    simulation_watch(run.simulation, &(struct watcher){ .context = &heard, .line = on_line });
}

static void end(void)
{
    while (run.finished == 0 && simulation_run_events(run.simulation, 500))
        ;
    ck_assert_uint_eq(run.finished, 1);
    exact_run_must_hold(&run, "run");
    exact_run_must_write(&run, "run");
}

/* A sink commits its last file when the checkpoint is complete that it was closed for, and is
 * through when that is done. */
START_TEST(a_commit_takes_a_request_to_the_storage)
{
    static const char *const latencies[] = { "0s", "200ms" };
    time_ns behind[2];
    for (int i = 0; i < 2; i++) {
        begin("10gbit", latencies[i], "20000");
        end();
        behind[i] = heard.ended_at - heard.last;
        exact_run_fini(&run);
    }
    ck_assert_int_lt(behind[0], 200 * TIME_MS);
    ck_assert_int_ge(behind[1], 200 * TIME_MS);
}
END_TEST

static void count_bytes(void *context, const char *text, size_t size)
{
    (void)text;
    *(double *)context += (double)size + 1;
}

/* Its state is small and goes with the acknowledgement: what takes time is the sink's file. */
START_TEST(a_file_is_there_before_its_barrier_goes_on)
{
    static const char *const latencies[] = { "0s", "200ms" };
    time_ns shortest[2];
    for (int i = 0; i < 2; i++) {
        begin("10gbit", latencies[i], "20000");
        end();
        ck_assert_uint_gt(heard.completed, 2);
        shortest[i] = heard.shortest;
        exact_run_fini(&run);
    }
    ck_assert_int_lt(shortest[0], 200 * TIME_MS);
    ck_assert_int_ge(shortest[1], 2 * 200 * TIME_MS); /* the file, then the metadata */
}
END_TEST

START_TEST(a_sink_writes_no_faster_than_the_storage)
{
    double bytes = 0;
    begin("1m/s", "1ms", "20000");
    end();
    time_ns fast = heard.ended_at;
    output_each_line(outputs_find(&run.outputs, NULL, "counts"), count_bytes, &bytes);
    exact_run_fini(&run);
    begin("5k/s", "1ms", "20000");
    end();
    ck_assert_double_lt((double)fast, bytes / 5e3 * 1e9);
    ck_assert_double_gt((double)heard.ended_at, bytes / 5e3 * 1e9);
    exact_run_fini(&run);
}
END_TEST

static void set_storage(bool fails)
{
    virtual_cluster_fail_storage(exact_run_cluster(&run), true, false, fails);
}

static void run_until(time_ns at)
{
    while (simulation_now(run.simulation) < at && simulation_run_events(run.simulation, 1))
        ;
}

START_TEST(a_write_that_the_storage_refuses_fails_the_task)
{
    begin("10gbit", "5ms", "20000");
    run_until(2500 * TIME_MS);
    ck_assert_uint_eq(heard.refused, 0);
    set_storage(true);
    run_until(4500 * TIME_MS);
    ck_assert_uint_gt(heard.refused, 0);
    set_storage(false);
    end();
    exact_run_fini(&run);
}
END_TEST

/* The place of one that waits for what its sink has written; the count: none does. */
static size_t waiting_task(void)
{
    size_t i = 0;
    while (i < run.exact->tasks.count && !run.exact->tasks.items[i].held_by_writes)
        i++;
    return i;
}

START_TEST(a_frozen_machine_does_not_see_that_its_write_is_done)
{
    begin("10gbit", "200ms", "20000");
    while (waiting_task() == run.exact->tasks.count)
        ck_assert(simulation_run_events(run.simulation, 1));
    size_t place = waiting_task();
    struct node_id host = { run.exact->tasks.items[place].life.host };
    virtual_cluster_freeze(exact_run_cluster(&run), host);
    run_until(simulation_now(run.simulation) + TIME_S);
    const struct exact_task *task = &run.exact->tasks.items[place];
    ck_assert(task->writes && task->held_by_writes && task->pace == PACE_WAITS);
    virtual_cluster_resume(exact_run_cluster(&run), host);
    end();
    exact_run_fini(&run);
}
END_TEST

/* Pages come ten times as fast as they are written. What is behind is what a stream holds, 5 MiB,
 * and the buffer of a step. */
START_TEST(a_sink_waits_when_its_stream_is_full)
{
    enum { STREAM = 5 << 20, STEP = 64 << 10 };
    double most = 0;
    heard = (struct heard){ 0 };
    exact_run_init(&run, "name: t\n"
                         "world: exact\n"
                         "duration: 5min\n"
                         "config: { execution.checkpointing.interval: 1min }\n"
                         "cluster:\n"
                         "  task-manager: { cores: 2, slots: 2, boot: 1s, count: 1 }\n"
                         "  dfs: { bandwidth: 1m/s, latency: 1ms }\n"
                         "jobs: [{ program: pages }]\n"
                         "expect: [{ name: right, output: lines, equals: program }]\n");
    while (run.finished == 0 && simulation_run_events(run.simulation, 1))
        for (VEC_EACH(const struct exact_task, task, &run.exact->tasks))
            most = task->unwritten > most ? task->unwritten : most;
    ck_assert_double_gt(most, STREAM);
    ck_assert_double_lt(most, STREAM + STEP);
    end();
    exact_run_fini(&run);
}
END_TEST

/* All that is left comes while the sinks close the files that the snapshot names. */
START_TEST(what_comes_while_a_file_is_closed_is_not_forgotten)
{
    char yaml[1000];
    snprintf(yaml, sizeof yaml,
             "name: t\n"
             "world: exact\n"
             "duration: 5min\n"
             "config: { parallelism.default: 2, execution.checkpointing.interval: 3s,\n"
             "          jobmanager.scheduler: adaptive }\n"
             "cluster: { task-manager: { slots: 1, count: 4, boot: 1s } }\n"
             "jobs: [{ program: keyed_count, args: [20000] }]\n"
             "events: [{ at: %dms, fail: { vertex: count, subtask: 1 } }]\n"
             "expect: [{ name: right, output: counts, equals: program }]\n",
             18100 + 200 * _i);
    heard = (struct heard){ 0 };
    exact_run_init(&run, yaml);
    simulation_watch(run.simulation, &(struct watcher){ .context = &heard, .line = on_line });
    end();
    ck_assert_int_lt(heard.ended_at, 24 * TIME_S); /* it takes 19 without the fault */
    exact_run_fini(&run);
}
END_TEST

Suite *test_exact_writes_suite(void);
Suite *test_exact_writes_suite(void)
{
    Suite *suite = suite_create("exact_writes");
    TCase *tests = tcase_create("writes");
    tcase_add_test(tests, a_file_is_there_before_its_barrier_goes_on);
    tcase_add_test(tests, a_commit_takes_a_request_to_the_storage);
    tcase_add_test(tests, a_sink_writes_no_faster_than_the_storage);
    tcase_add_test(tests, a_write_that_the_storage_refuses_fails_the_task);
    tcase_add_test(tests, a_frozen_machine_does_not_see_that_its_write_is_done);
    tcase_add_test(tests, a_sink_waits_when_its_stream_is_full);
    tcase_add_loop_test(tests, what_comes_while_a_file_is_closed_is_not_forgotten, 0, 10);
    suite_add_tcase(suite, tests);
    return suite;
}
