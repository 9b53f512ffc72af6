/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of sim/provider: which machines the standalone provider adds and takes away, and when. A7:
 * standalone declares nothing and asks nobody.
 */
#include "sim/provider/provider.h"

#include <check.h>
#include <math.h>
#include <string.h>

#include "sim/provider/standalone.h"
#include "tests/lib/fake_world.h"

static struct fake_world world;
static struct provider *provider;

static void setup(void)
{
    fake_world_init(&world, NULL);
    world.scenario.cluster.machine.boot = distribution_constant(0);
}

static void begin(void)
{
    fake_world_start(&world);
    provider = provider_create(world.cluster);
    provider_start(provider);
}

static void teardown(void)
{
    provider_destroy(provider);
    vec_fini(&world.scenario.cluster.named);
    vec_fini(&world.scenario.cluster.churn.count.points);
    fake_world_fini(&world);
}

static uint32_t count_living(void)
{
    const struct node_id *living;
    return (uint32_t)virtual_cluster_living(world.cluster, &living) - 1; /* but the JobManager */
}

START_TEST(provider_table_has_every_row_complete)
{
    size_t count = 0;
    for (const struct provider_row *const *row = provider_rows; *row; row++, count++)
        ck_assert((*row)->name && (*row)->create && (*row)->start && (*row)->process_ended &&
                  (*row)->destroy);
    ck_assert_uint_ge(count, 1);
    ck_assert_str_eq(provider_standalone.name, "standalone");
}
END_TEST

START_TEST(standalone_starts_the_count_at_once_and_the_named_at_their_times)
{
    static char late[] = "late", never[] = "never";
    setup();
    world.scenario.cluster.count = 2;
    vec_push(&world.scenario.cluster.named,
             (struct task_manager_spec){ late, 5 * TIME_S, world.scenario.cluster.machine });
    vec_push(&world.scenario.cluster.named,
             (struct task_manager_spec){ never, TIME_NEVER, world.scenario.cluster.machine });
    begin();
    fake_world_run(&world, TIME_MIN);
    fake_world_expect(&world, "0.000 jobmanager * added\n"
                              "0.000 tm1 * added\n"
                              "0.000 tm2 * added\n"
                              "0.000 tm1 * up\n"
                              "0.000 tm1 started\n"
                              "0.000 tm2 * up\n"
                              "0.000 tm2 started\n"
                              "100.000 jobmanager * up\n"
                              "100.000 jobmanager started\n"
                              "5000.000 late * added\n"
                              "5000.000 late * up\n"
                              "5000.000 late started\n");
    teardown();
}
END_TEST

START_TEST(standalone_does_not_replace_what_was_killed)
{
    setup();
    world.scenario.cluster.count = 2;
    begin();
    fake_world_run(&world, TIME_S);
    virtual_cluster_kill(world.cluster, virtual_cluster_find(world.cluster, "tm1"), NULL);
    fake_world_run(&world, TIME_DAY);
    ck_assert_uint_eq(count_living(), 1);
    teardown();
}
END_TEST

static void add_steps(const double *counts, size_t count)
{
    struct churn_spec *churn = &world.scenario.cluster.churn;
    churn->kind = CHURN_SERIES;
    for (size_t i = 0; i < count; i++)
        vec_push(&churn->count.points, (struct series_point){ (time_ns)i * TIME_MIN, counts[i] });
}

START_TEST(standalone_follows_a_record_and_takes_machines_away_suddenly)
{
    static const double counts[] = { 3, 5, 0, 2 };
    setup();
    add_steps(counts, 4);
    begin();
    for (int i = 0; i < 4; i++) {
        fake_world_run(&world, i * TIME_MIN + 30 * TIME_S);
        ck_assert_uint_eq(count_living(), (uint32_t)counts[i]);
    }
    ck_assert_ptr_nonnull(strstr(world.journal, "* killed (machine reclaimed)"));
    ck_assert_ptr_null(strstr(world.journal, "stopping"));
    teardown();
}
END_TEST

START_TEST(standalone_gives_notice_when_the_record_is_graceful)
{
    static const double counts[] = { 2, 1 };
    setup();
    world.scenario.cluster.churn.graceful = true;
    world.scenario.cluster.churn.notice = 10 * TIME_S;
    add_steps(counts, 2);
    begin();
    fake_world_run(&world, TIME_MIN - 1);
    fake_world_forget(&world);
    fake_world_run(&world, 2 * TIME_MIN);
    ck_assert_ptr_nonnull(strstr(world.journal, "60000.000 tm"));
    ck_assert_ptr_nonnull(strstr(world.journal, "* stopping"));
    ck_assert_ptr_nonnull(strstr(world.journal, "70000.000 tm"));
    ck_assert_ptr_nonnull(strstr(world.journal, "* killed (grace period over)"));
    ck_assert_uint_eq(count_living(), 1);
    teardown();
}
END_TEST

/* The record says how many there are, whoever took one away. */
START_TEST(standalone_replaces_at_once_what_was_killed_while_the_record_counts_it)
{
    static const double counts[] = { 3, 2 };
    setup();
    world.scenario.cluster.machine.boot = distribution_constant(5 * TIME_S);
    add_steps(counts, 2);
    begin();
    fake_world_run(&world, 30 * TIME_S);
    fake_world_forget(&world);
    virtual_cluster_kill(world.cluster, virtual_cluster_find(world.cluster, "tm2"), NULL);
    fake_world_run(&world, 59 * TIME_S);
    fake_world_expect(&world, "30000.000 tm2 * killed\n"
                              "30000.000 tm4 * added\n"
                              "35000.000 tm4 * up\n"
                              "35000.000 tm4 started\n");
    fake_world_run(&world, 61 * TIME_S);
    ck_assert_uint_eq(count_living(), 2);
    fake_world_run(&world, TIME_H);
    ck_assert_uint_eq(count_living(), 2);
    teardown();
}
END_TEST

/* Stopped with notice, it is there until it has gone. */
START_TEST(standalone_replaces_what_was_stopped_when_it_has_gone)
{
    static const double counts[] = { 2, 2 };
    setup();
    add_steps(counts, 2);
    begin();
    fake_world_run(&world, 30 * TIME_S);
    virtual_cluster_stop(world.cluster, virtual_cluster_find(world.cluster, "tm2"), 20 * TIME_S);
    fake_world_run(&world, 49 * TIME_S);
    ck_assert(node_id_is_none(virtual_cluster_find(world.cluster, "tm3")));
    fake_world_run(&world, 51 * TIME_S);
    ck_assert(!node_id_is_none(virtual_cluster_find(world.cluster, "tm3")));
    ck_assert_uint_eq(count_living(), 2);
    teardown();
}
END_TEST

/* Each is taken with equal chance: of 400 reclaims, every one of 4 machines is hit some 100 times,
 * give or take five standard deviations. */
START_TEST(standalone_reclaims_at_random)
{
    int hits[4] = { 0 };
    for (uint64_t seed = 0; seed < 400; seed++) {
        static const double counts[] = { 4, 3 };
        setup();
        world.scenario.seed = seed;
        add_steps(counts, 2);
        begin();
        fake_world_run(&world, 2 * TIME_MIN);
        for (uint32_t i = 0; i < 4; i++) {
            struct node_id node = { i + 1 };
            hits[i] += virtual_cluster_process(world.cluster, node).state == PROCESS_ENDED;
        }
        teardown();
    }
    for (int i = 0; i < 4; i++)
        ck_assert(hits[i] > 55 && hits[i] < 145);
    ck_assert_int_eq(hits[0] + hits[1] + hits[2] + hits[3], 400);
}
END_TEST

static void setup_failures(void)
{
    setup();
    world.hides_facts = true;
    world.scenario.cluster.count = 50;
    struct churn_spec *churn = &world.scenario.cluster.churn;
    churn->kind = CHURN_EXPONENTIAL;
    churn->mean_time_to_failure = TIME_H;
    churn->rejoin = distribution_constant(TIME_MIN);
}

/* 50 machines for 100 h, each failing every 61 min on average: 4918 failures expected, standard
 * deviation 70. */
START_TEST(standalone_machines_fail_at_their_rate_and_successors_come)
{
    setup_failures();
    begin();
    for (int hour = 1; hour <= 100; hour++) {
        fake_world_run(&world, hour * TIME_H);
        fake_world_forget(&world);
        ck_assert_uint_gt(count_living(), 35);
        ck_assert_uint_le(count_living(), 50);
    }
    uint32_t failures = virtual_cluster_process_count(world.cluster) - 1 - count_living();
    ck_assert(fabs(failures - 4918.0) < 5 * 70);
    teardown();
}
END_TEST

START_TEST(standalone_machine_that_the_script_took_has_a_successor_after_the_rejoin)
{
    setup_failures();
    world.scenario.cluster.count = 1;
    world.scenario.cluster.churn.mean_time_to_failure = 1000 * TIME_DAY;
    begin();
    fake_world_run(&world, TIME_S);
    virtual_cluster_kill(world.cluster, virtual_cluster_find(world.cluster, "tm1"), NULL);
    fake_world_run(&world, TIME_MIN);
    ck_assert_uint_eq(count_living(), 0);
    fake_world_run(&world, TIME_MIN + TIME_S);
    ck_assert_uint_eq(count_living(), 1);
    fake_world_run(&world, TIME_DAY);
    ck_assert_uint_eq(virtual_cluster_process_count(world.cluster), 3); /* one successor only */
    teardown();
}
END_TEST

/* It is on its way out: it does not die once more before the grace is over. */
START_TEST(standalone_machine_that_is_being_stopped_does_not_fail)
{
    setup_failures();
    world.scenario.cluster.count = 1;
    world.scenario.cluster.churn.mean_time_to_failure = TIME_S;
    begin();
    fake_world_run(&world, 100 * TIME_MS);
    struct node_id tm1 = virtual_cluster_find(world.cluster, "tm1");
    virtual_cluster_stop(world.cluster, tm1, TIME_H);
    fake_world_run(&world, 50 * TIME_MIN);
    ck_assert_int_eq(virtual_cluster_process(world.cluster, tm1).state, PROCESS_STOPPING);
    teardown();
}
END_TEST

Suite *test_sim_provider_suite(void)
{
    Suite *suite = suite_create("sim_provider");
    TCase *tcase = tcase_create("standalone");
    tcase_add_test(tcase, provider_table_has_every_row_complete);
    tcase_add_test(tcase, standalone_starts_the_count_at_once_and_the_named_at_their_times);
    tcase_add_test(tcase, standalone_does_not_replace_what_was_killed);
    tcase_add_test(tcase, standalone_follows_a_record_and_takes_machines_away_suddenly);
    tcase_add_test(tcase, standalone_gives_notice_when_the_record_is_graceful);
    tcase_add_test(tcase, standalone_replaces_at_once_what_was_killed_while_the_record_counts_it);
    tcase_add_test(tcase, standalone_replaces_what_was_stopped_when_it_has_gone);
    tcase_add_test(tcase, standalone_reclaims_at_random);
    tcase_add_test(tcase, standalone_machines_fail_at_their_rate_and_successors_come);
    tcase_add_test(tcase, standalone_machine_that_is_being_stopped_does_not_fail);
    tcase_add_test(tcase, standalone_machine_that_the_script_took_has_a_successor_after_the_rejoin);
    suite_add_tcase(suite, tcase);
    return suite;
}
