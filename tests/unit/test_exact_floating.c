/* SPDX-License-Identifier: Apache-2.0
 *
 * Jobs of the exact world whose channels have no exclusive buffers: they read what their senders
 * announce. Two sources and two readers on four hosts, so no channel is within one.
 */
#include <check.h>
#include <stdio.h>

#include "tests/lib/exact_run.h"

enum { RECORDS = 100000 };

static const char across[] =
    "name: t\n"
    "world: exact\n"
    "duration: 3min\n"
    "config: { jobmanager.scheduler: default, execution.checkpointing.interval: 1s,\n"
    "          restart-strategy.type: fixed-delay, %s\n"
    "          taskmanager.network.memory.buffers-per-channel: 0,\n"
    "          taskmanager.network.memory.floating-buffers-per-gate: %u }\n"
    "cluster:\n"
    "  task-manager: { cores: 1, slots: 1, boot: 1s, count: 4 }\n"
    "  network: { latency: 5ms }\n"
    "jobs:\n"
    "  - name: job\n"
    "    vertices:\n"
    "      - { name: source, group: a, parallelism: 2, bytes: 100 }\n"
    "      - { name: count, group: b, parallelism: 2, cost: %s, keys: 1k,\n"
    "          state: 16 bytes/key }\n"
    "    edges: [ source -> count: hash ]\n"
    "    load: { constant: %s, records: %u }\n"
    "%s";

static const struct job_id job_0 = { 0 };
static const struct vertex_id count_vertex = { 1 };
static struct exact_run run;

static void begin(const char *config, uint32_t floating, const char *cost, const char *rate,
                  uint32_t records, const char *events)
{
    char yaml[2000];
    snprintf(yaml, sizeof yaml, across, config, (unsigned)floating, cost, rate, (unsigned)records,
             events);
    exact_run_init(&run, yaml);
}

static uint64_t counted(void)
{
    return exact_newest_sum(run.exact, job_0, count_vertex).records;
}

static const struct barriers {
    const char *config;
    bool overtake;
} barriers[] = {
    { "", false },
    { "execution.checkpointing.unaligned.enabled: true,", true },
    { "execution.checkpointing.unaligned.enabled: true,\n"
      "          execution.checkpointing.aligned-checkpoint-timeout: 50ms,",
      true },
};
enum { BARRIERS = sizeof barriers / sizeof *barriers };

START_TEST(job_without_exclusive_buffers_reads_all_as_it_comes)
{
    begin(barriers[_i].config, 8, "20us", "10k/s", RECORDS, "");
    exact_run_to_end(&run);
    ck_assert_uint_eq(run.finished, 1);
    ck_assert_uint_ge(exact_compared_count(run.exact), 9);
    ck_assert_uint_eq(counted(), RECORDS);
    exact_run_must_hold(&run, "run");
    exact_run_fini(&run);
}
END_TEST

/* One buffer for both senders, of which one has halted behind its barrier while the other has data
 * in front of its own. */
START_TEST(one_buffer_of_a_gate_is_enough_under_backpressure)
{
    begin(barriers[_i].config, 1, "300us", "10k/s", RECORDS, "");
    exact_run_to_end(&run);
    ck_assert_uint_eq(run.finished, 1);
    ck_assert_uint_ge(exact_compared_count(run.exact), 15);
    ck_assert_uint_eq(counted(), RECORDS);
    ck_assert(exact_flown_count(run.exact) > 0 || !barriers[_i].overtake);
    exact_run_must_hold(&run, "run");
    exact_run_fini(&run);
}
END_TEST

START_TEST(failure_on_the_way_loses_nothing_announced)
{
    struct model_job_view view;
    begin(barriers[_i].config, 2, "250us", "10k/s", RECORDS,
          "events: [ { at: 12.3s, fail: count } ]\n");
    exact_run_to_end(&run);
    exact_view_job(run.exact, job_0, &view);
    ck_assert_uint_eq(view.restored.count, 4);
    ck_assert_uint_eq(run.finished, 1);
    ck_assert_uint_eq(counted(), RECORDS);
    exact_run_must_hold(&run, "run");
    exact_run_fini(&run);
}
END_TEST

/* Events cost none: ten records make no buffer before their time-out, but barriers and the end
 * pass. */
START_TEST(barriers_and_the_end_pass_without_a_credit)
{
    begin(barriers[_i].config, 1, "20us", "1/s", 10, "");
    exact_run_to_end(&run);
    ck_assert_uint_eq(run.finished, 1);
    ck_assert_uint_ge(exact_compared_count(run.exact), 9);
    ck_assert_uint_eq(counted(), 10);
    exact_run_fini(&run);
}
END_TEST

START_TEST(no_announcement_or_credit_is_lost_at_any_event)
{
    begin(barriers[_i].config, 3, "200us", "10k/s", RECORDS / 5, "");
    while (run.finished == 0 && simulation_run_events(run.simulation, 1))
        exact_run_must_hold(&run, "event");
    ck_assert_uint_eq(run.finished, 1);
    exact_run_fini(&run);
}
END_TEST

Suite *test_exact_floating_suite(void);
Suite *test_exact_floating_suite(void)
{
    Suite *suite = suite_create("exact floating");
    TCase *tests = tcase_create("floating");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, job_without_exclusive_buffers_reads_all_as_it_comes, 0, BARRIERS);
    tcase_add_loop_test(tests, one_buffer_of_a_gate_is_enough_under_backpressure, 0, BARRIERS);
    tcase_add_loop_test(tests, failure_on_the_way_loses_nothing_announced, 0, BARRIERS);
    tcase_add_loop_test(tests, barriers_and_the_end_pass_without_a_credit, 0, BARRIERS);
    tcase_add_loop_test(tests, no_announcement_or_credit_is_lost_at_any_event, 0, BARRIERS);
    suite_add_tcase(suite, tests);
    return suite;
}
