/* SPDX-License-Identifier: Apache-2.0
 *
 * Buffer debloating in the exact world: what lies in front of a slow vertex is what it reads within
 * the target, whatever room there is.
 */
#include <check.h>

#include "sim/exact/look.h"
#include "tests/lib/exact_run.h"

/* Counts 1,000 records a second, and is offered twenty times as many. */
#define SLOW(config)                                                                               \
    "name: t\n"                                                                                    \
    "world: exact\n"                                                                               \
    "duration: 60s\n"                                                                              \
    "config: { parallelism.default: 1, execution.checkpointing.interval: 2s,\n"                    \
    "  execution.checkpointing.unaligned.enabled: true" config " }\n"                              \
    "cluster:\n"                                                                                   \
    "  task-manager: { cores: 2, slots: 2, boot: 1s, network: 1gbit }\n"                           \
    "  task-managers: [ tm1, tm2 ]\n"                                                              \
    "jobs:\n"                                                                                      \
    "  - name: job\n"                                                                              \
    "    vertices:\n"                                                                              \
    "      - { name: source, parallelism: 2, group: a, bytes: 100 }\n"                             \
    "      - { name: count, group: b, keys: 1k, state: 16 bytes/key, cost: 1ms }\n"                \
    "    edges: [ source -> count: hash ]\n"                                                       \
    "    load: 20k/s\n"

#define WITH(rest) ", taskmanager.network.memory.buffer-debloat.enabled: true" rest

static const struct job_id job_0 = { 0 };
static const struct vertex_id source_vertex = { 0 }, count_vertex = { 1 };

static struct exact_run run;

static void run_until(time_ns at)
{
    while (simulation_now(run.simulation) < at && simulation_run_events(run.simulation, 1))
        ;
}

static void begin(const char *yaml)
{
    exact_run_init(&run, yaml);
    run_until(30 * TIME_S);
}

static void end(void)
{
    exact_run_must_hold(&run, "run");
    exact_run_fini(&run);
}

/* Records in flight, on average over the checkpoints of the next 20 s. */
static double in_flight(void)
{
    uint64_t records = exact_flown_count(run.exact), cuts = exact_compared_count(run.exact);
    run_until(simulation_now(run.simulation) + 20 * TIME_S);
    cuts = exact_compared_count(run.exact) - cuts;
    ck_assert_uint_ge(cuts, 5);
    return (double)(exact_flown_count(run.exact) - records) / (double)cuts;
}

/* Of the input or output channel of a subtask that there is. */
static uint32_t wanted(struct vertex_id vertex, bool of_inputs, uint32_t subtask)
{
    struct look_task look;
    ck_assert(exact_look_task(run.exact, job_0, vertex, subtask, &look));
    uint32_t size =
        of_inputs ? look.inputs.items[0].buffer_size : look.outputs.items[0].buffer_size;
    look_task_fini(&look);
    return size;
}

START_TEST(without_it_buffers_are_full)
{
    begin(SLOW(""));
    ck_assert_uint_eq(wanted(count_vertex, true, 0), 0);
    ck_assert_uint_eq(wanted(source_vertex, false, 0), 0);
    ck_assert_double_gt(in_flight(), 4000);
    end();
}
END_TEST

/* For one reader: two and eight to float; one and one; twelve and eight, of which it gets ten. */
static const struct {
    const char *yaml;
    uint32_t buffers;
} pools[] = {
    { SLOW(""), 10 },
    { SLOW(", taskmanager.network.memory.buffers-per-channel: 1"
           ", taskmanager.network.memory.floating-buffers-per-gate: 1"),
      2 },
    { SLOW(", taskmanager.network.memory.buffers-per-channel: 12"), 10 },
};

/* One of them is open; 2,048 records that are read at once go on with seven of overdraft. */
START_TEST(a_sender_queues_what_its_pool_holds)
{
    struct look_task look;
    begin(pools[_i].yaml);
    ck_assert(exact_look_task(run.exact, job_0, source_vertex, 0, &look));
    ck_assert_uint_ge(look.outputs.items[0].queued, pools[_i].buffers - 1);
    ck_assert_uint_lt(look.outputs.items[0].queued, pools[_i].buffers + 7);
    look_task_fini(&look);
    end();
}
END_TEST

START_TEST(what_is_in_flight_is_read_within_the_target)
{
    begin(SLOW(WITH("")));
    ck_assert_uint_lt(wanted(count_vertex, true, 0), 32768);
    double records = in_flight();
    ck_assert_double_gt(records, 0.8 * 1000);
    ck_assert_double_lt(records, 1.3 * 1000);
    end();
}
END_TEST

START_TEST(the_target_is_a_key)
{
    begin(SLOW(WITH(", taskmanager.network.memory.buffer-debloat.target: 300 ms")));
    double records = in_flight();
    ck_assert_double_gt(records, 0.8 * 300);
    ck_assert_double_lt(records, 1.3 * 300);
    end();
}
END_TEST

START_TEST(every_sender_is_told)
{
    begin(SLOW(WITH("")));
    run_until(simulation_now(run.simulation) + 10 * TIME_MS); /* nothing is under way */
    for (uint32_t s = 0; s < 2; s++)
        ck_assert_uint_eq(wanted(source_vertex, false, s), wanted(count_vertex, true, 0));
    end();
}
END_TEST

START_TEST(a_change_below_the_threshold_is_not_told)
{
    begin(SLOW(WITH(", taskmanager.network.memory.buffer-debloat.threshold-percentages: 100")));
    ck_assert_uint_eq(wanted(source_vertex, false, 0), 0);
    ck_assert_double_gt(in_flight(), 4000);
    end();
}
END_TEST

/* While there is nothing to read the time does not count. */
START_TEST(a_vertex_with_time_to_spare_wants_whole_buffers)
{
    begin("name: t\n"
          "world: exact\n"
          "duration: 60s\n"
          "config: { taskmanager.network.memory.buffer-debloat.enabled: true }\n"
          "cluster:\n"
          "  task-manager: { cores: 2, slots: 2, boot: 1s }\n"
          "  task-managers: [ tm1 ]\n"
          "jobs:\n"
          "  - name: job\n"
          "    vertices: [ { name: source, bytes: 100 }, { name: count, cost: 1us } ]\n"
          "    edges: [ source -> count: rebalance ]\n"
          "    load: 20k/s\n");
    ck_assert_uint_eq(wanted(count_vertex, true, 0), 32768);
    end();
}
END_TEST

Suite *test_exact_debloat_suite(void)
{
    Suite *suite = suite_create("exact_debloat");
    TCase *tests = tcase_create("debloat");
    tcase_add_test(tests, without_it_buffers_are_full);
    tcase_add_loop_test(tests, a_sender_queues_what_its_pool_holds, 0,
                        sizeof pools / sizeof *pools);
    tcase_add_test(tests, what_is_in_flight_is_read_within_the_target);
    tcase_add_test(tests, the_target_is_a_key);
    tcase_add_test(tests, every_sender_is_told);
    tcase_add_test(tests, a_change_below_the_threshold_is_not_told);
    tcase_add_test(tests, a_vertex_with_time_to_spare_wants_whole_buffers);
    suite_add_tcase(suite, tests);
    return suite;
}
