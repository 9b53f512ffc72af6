/* SPDX-License-Identifier: Apache-2.0
 *
 * Tasks that share cores in the exact world: parts of a core, slots cut to a profile, threads that
 * want little beside such as want all. What is wanted is worked out by hand.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>

#include "tests/lib/exact_run.h"

#define HEAD                                                                                       \
    "name: t\n"                                                                                    \
    "world: exact\n"                                                                               \
    "duration: 60s\n"                                                                              \
    "config: { parallelism.default: 1, execution.checkpointing.interval: 2s }\n"
#define MACHINE(what)                                                                              \
    "cluster:\n"                                                                                   \
    "  task-manager: { boot: 1s, " what " }\n"
#define JOB(name, source, count, load)                                                             \
    "  - name: " name "\n"                                                                         \
    "    vertices:\n"                                                                              \
    "      - { name: source, bytes: 100, " source " }\n"                                           \
    "      - { name: count, keys: 1k, state: 16 bytes/key, " count " }\n"                          \
    "    edges: [ source -> count: hash ]\n"                                                       \
    "    load: " load "\n"

static const struct vertex_id source_vertex = { 0 }, count_vertex = { 1 };

static struct exact_run run;

static void must_be_near(double value, double wanted, double share, const char *what)
{
    ck_assert_msg(fabs(value - wanted) <= share * fabs(wanted), "%s: %f, not about %f", what, value,
                  wanted);
}

static void run_until(time_ns at)
{
    while (simulation_now(run.simulation) < at && simulation_run_events(run.simulation, 1))
        ;
}

static struct model_vertex_view look(uint32_t job, struct vertex_id vertex)
{
    struct model_vertex_view view;
    exact_view_vertex(run.exact, (struct job_id){ job }, vertex, &view);
    return view;
}

/* Records that are counted in a second, from 10 to 40 s. */
static double rate_of(uint32_t job)
{
    run_until(10 * TIME_S);
    double before = look(job, count_vertex).in_total;
    run_until(40 * TIME_S);
    return (look(job, count_vertex).in_total - before) / 30;
}

START_TEST(a_machine_of_half_a_core_does_half)
{
    exact_run_init(&run, HEAD MACHINE("cores: 0.5, slots: 1, count: 1") //
                   "jobs:\n" JOB("job", "cost: 0us", "cost: 200us", "20k/s"));
    must_be_near(rate_of(0), 2500, 0.03, "rate");
    exact_run_must_hold(&run, "run");
    exact_run_fini(&run);
}
END_TEST

/* Three threads of one and a half cores have half a core each; one alone has a whole one. */
START_TEST(threads_share_one_and_a_half_cores_evenly)
{
    exact_run_init(&run, HEAD MACHINE("cores: 1.5, slots: 3, count: 1") //
                   "jobs:\n" JOB("job", "cost: 0us", "cost: 1ms, parallelism: 3", "20k/s"));
    must_be_near(rate_of(0), 1500, 0.03, "of three");
    exact_run_fini(&run);
    exact_run_init(&run, HEAD MACHINE("cores: 1.5, slots: 3, count: 1") //
                   "jobs:\n" JOB("job", "cost: 0us", "cost: 1ms", "20k/s"));
    must_be_near(rate_of(0), 1000, 0.03, "of one");
    exact_run_fini(&run);
}
END_TEST

/* A quarter of a core and 100 us make 2,500 records/s, as in the model. */
START_TEST(a_slot_uses_no_more_than_its_cores)
{
    exact_run_init(&run, HEAD MACHINE("cores: 4, memory: 8g, slots: 4, count: 1") //
                   "jobs:\n" JOB("job", "cost: 0us", "group: small, cost: 100us",
                                 "20k/s") "    groups: { small: { cores: 0.25, memory: 1g } }\n");
    must_be_near(rate_of(0), 2500, 0.03, "rate");
    exact_run_must_hold(&run, "run");
    exact_run_fini(&run);
}
END_TEST

/* 100 us and 300 us for each record, of half a core. */
START_TEST(tasks_of_a_slot_share_its_cores)
{
    exact_run_init(&run, HEAD MACHINE("cores: 4, memory: 8g, slots: 4, count: 1") //
                   "jobs:\n" JOB("job", "group: small, cost: 100us", "group: small, cost: 300us",
                                 "20k/s") "    groups: { small: { cores: 0.5, memory: 1g } }\n");
    must_be_near(rate_of(0), 0.5 / 400e-6, 0.03, "rate");
    exact_run_must_hold(&run, "run");
    exact_run_fini(&run);
}
END_TEST

/* What a slot leaves of its host is there for others: a whole core less a quarter. */
START_TEST(what_a_slot_may_not_use_others_do)
{
    exact_run_init(&run, HEAD MACHINE("cores: 1, memory: 8g, slots: 4, count: 1") //
                   "jobs:\n" JOB("job", "cost: 0us", "group: small, cost: 100us",
                                 "20k/s") "    groups: { small: { cores: 0.25, memory: 1g } }\n" //
                   JOB("other", "cost: 0us", "cost: 100us", "20k/s"));
    must_be_near(rate_of(1), 7500, 0.03, "the other's");
    exact_run_fini(&run);
}
END_TEST

/* 1,000/s of 100 us beside a thread that is always at work: of the only core each has one half
 * while both want it, so that it takes twice as long, however long the other one's steps are. */
START_TEST(a_thread_that_wants_little_does_not_wait_for_long_steps)
{
    exact_run_init(&run, HEAD MACHINE("cores: 1, slots: 2, count: 1") //
                   "jobs:\n" JOB("much", "cost: 0us", "cost: 500us", "20k/s")
                       JOB("little", "cost: 100us", "cost: 0us", "1k/s"));
    run_until(10 * TIME_S);
    double much = look(0, count_vertex).in_total;
    must_be_near(rate_of(1), 1000, 0.01, "little");
    struct model_vertex_view view = look(1, source_vertex);
    must_be_near(view.busy_seconds / view.task_seconds, 0.2, 0.1, "its source is busy");
    must_be_near((look(0, count_vertex).in_total - much) / 30, 0.9 / 500e-6, 0.03, "the other");
    exact_run_fini(&run);
}
END_TEST

/* A step of half a second is under way when the process is frozen for 5 s. */
START_TEST(a_frozen_process_does_no_work_and_has_no_time)
{
    exact_run_init(&run, HEAD MACHINE("cores: 1, slots: 1, count: 1")                         //
                   "jobs:\n" JOB("job", "cost: 0us", "cost: 500ms, service: constant", "1/s") //
                   "events: [ { at: 20200ms, freeze: { task-manager: tm1, for: 5s } } ]\n");
    run_until(20200 * TIME_MS);
    struct model_vertex_view before = look(0, count_vertex);
    run_until(25200 * TIME_MS);
    struct model_vertex_view after = look(0, count_vertex);
    ck_assert(after.task_seconds - before.task_seconds < 0.001);
    run_until(50950 * TIME_MS); /* the last record is worked off */
    after = look(0, count_vertex);
    must_be_near(after.busy_seconds, 0.5 * after.in_total, 0.005, "busy");
    exact_run_must_hold(&run, "run");
    exact_run_fini(&run);
}
END_TEST

Suite *test_exact_cores_suite(void);
Suite *test_exact_cores_suite(void)
{
    Suite *suite = suite_create("exact_cores");
    TCase *tests = tcase_create("cores");
    tcase_add_test(tests, a_machine_of_half_a_core_does_half);
    tcase_add_test(tests, threads_share_one_and_a_half_cores_evenly);
    tcase_add_test(tests, a_slot_uses_no_more_than_its_cores);
    tcase_add_test(tests, tasks_of_a_slot_share_its_cores);
    tcase_add_test(tests, what_a_slot_may_not_use_others_do);
    tcase_add_test(tests, a_thread_that_wants_little_does_not_wait_for_long_steps);
    tcase_add_test(tests, a_frozen_process_does_no_work_and_has_no_time);
    suite_add_tcase(suite, tests);
    return suite;
}
