/* SPDX-License-Identifier: Apache-2.0
 *
 * What follows from rates over time: backlog and lag, the time of tasks as Flink's metrics divide
 * it, latency. Expected values are worked out in the comments; lag is compared to 1 us.
 */
#include <check.h>
#include <math.h>

#include "sim/model/state.h"
#include "tests/lib/model_fixture.h"

static const struct job_id job_0 = { 0 };
static const uint32_t one_host[] = { 1 };
static const uint32_t four_hosts[] = { 1, 2, 3, 4 };

static struct model_fixture f;

static void setup(void)
{
    model_fixture_init(&f);
}

static void teardown(void)
{
    model_fixture_fini(&f);
}

/* Backlog integrates the difference, and is worked off at what is left over: 10 s without the job
 * at 5,000/s are 50,000 records; at 10,000 - 5,000 they take 10 s (count, one subtask). */
START_TEST(backlog_is_worked_off_at_what_capacity_leaves)
{
    model_fixture_source_and_count(&f, 5000);
    model_fixture_start(&f);
    model_fixture_run(&f, 9850 * TIME_MS);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).backlog, 49250, 1e-6);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).lag_seconds, 9.85, 1e-6);
    model_fixture_deploy_first(&f, (uint32_t[]){ 1, 1 }, one_host, 1); /* runs after 150 ms */
    model_fixture_run(&f, 15 * TIME_S);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).backlog, 25000, 1e-3);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).served_rate, 10000, 1e-6);
    model_fixture_run(&f, 20 * TIME_S - 1);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).served_rate, 10000, 1e-6);
    model_fixture_run(&f, 20 * TIME_S + 2);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).served_rate, 5000, 1e-6);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).backlog, 0, 1e-3);
}
END_TEST

/* The lag is the age of the oldest record, not backlog by rate: 1,000/s for 10 s, then nothing. At
 * 20 s nobody has read anything, so the oldest is 20 s old. After it has begun at 20 s with 10,000
 * records/s, at 20.5 s the record read next is number 5,000, which came at 5 s. */
START_TEST(lag_is_the_age_of_the_oldest_record)
{
    model_fixture_vertex(&f, job_0, "source", 128, 100 * TIME_US);
    model_fixture_load(&f, job_0, 0, 0, 1000);
    model_fixture_load(&f, job_0, 0, 10 * TIME_S, 0);
    model_fixture_start(&f);
    model_fixture_run(&f, 20 * TIME_S - 150 * TIME_MS);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).lag_seconds, 19.85, 1e-6);
    model_fixture_deploy_first(&f, (uint32_t[]){ 1 }, one_host, 1);
    model_fixture_run(&f, 20500 * TIME_MS);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).lag_seconds, 15.5, 1e-6);
    model_fixture_run(&f, 22 * TIME_S);
    ck_assert_double_eq(model_fixture_job(&f, job_0).lag_seconds, 0);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).lag_seconds_max, 0, 1e-9);
}
END_TEST

/* 128 partitions over 100 subtasks: 28 read two of them, 72 one. Behind a bottleneck each subtask
 * gets the same, so single partitions catch up first; the backlog stays an integral all the while.
 */
START_TEST(subtasks_with_fewer_partitions_catch_up_first)
{
    model_fixture_source_and_count(&f, 64000);
    f.hosts[1].machine.cores = 1000;
    model_fixture_start(&f);
    model_fixture_run(&f, 10 * TIME_S);
    model_fixture_deploy_first(&f, (uint32_t[]){ 100, 10 }, one_host, 1);
    model_fixture_run(&f, 12 * TIME_S);
    struct model_job_view view = model_fixture_job(&f, job_0);
    double capacity = 10000.0 * 128 / 13; /* 10 subtasks, the busiest with 13 groups */
    ck_assert_double_eq_tol(view.served_rate, capacity, 1e-3);
    ck_assert_double_eq_tol(view.backlog, 64000 * 12 - 1.85 * capacity, 1);
    model_fixture_run(&f, 60 * TIME_S);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).backlog, 0, 1e-3);
}
END_TEST

/* One reader of two partitions, one of which is behind, gets less than arrives: both get the same,
 * and the one that was up to date falls behind as well. */
START_TEST(partitions_of_one_reader_share_its_rate_equally)
{
    model_fixture_vertex(&f, job_0, "source", 128, 0)->partitions = 2;
    model_fixture_vertex(&f, job_0, "map", 128, 100 * TIME_US);
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_FORWARD);
    model_fixture_load(&f, job_0, 0, 0, 12000);
    f.hosts[2].speed = 0.3;
    model_fixture_start(&f);
    struct fixture_deployment how = {
        .job = job_0, .parallelism = (uint32_t[]){ 2, 2 }, .hosts = four_hosts, .host_count = 2
    };
    model_fixture_deploy(&f, &how);
    model_fixture_run(&f, 10 * TIME_S);
    struct checkpoint_order order = { .checkpoint = 1 };
    model_fixture_checkpoint(&f, &how, DATA_TRIGGER_CHECKPOINT, &order);
    model_fixture_run(&f, 10100 * TIME_MS);
    model_fixture_checkpoint(&f, &how, DATA_CHECKPOINT_COMPLETE, &order);
    model_fixture_cancel(&f, &how);
    model_fixture_run(&f, 10200 * TIME_MS);
    how.parallelism = (uint32_t[]){ 1, 1 };
    how.checkpoint = how.attempt = 1;
    model_fixture_deploy(&f, &how);
    model_fixture_run(&f, 30 * TIME_S);
    const struct model_source *source = &f.model->jobs[0].sources.items[0];
    ck_assert_uint_eq(source->groups.count, 2);
    for (int g = 0; g < 2; g++)
        ck_assert_double_eq_tol(source->groups.items[g].rate, 5000, 1e-6);
}
END_TEST

/* Of the two partitions of one subtask. */
static void set_second_back(struct model_source *source, double records)
{
    const uint32_t class_of[] = { 0, GROUP_IDLE }, class_tasks[] = { 1 };
    net_advance(f.model, 0);
    source_halt(source, model_now(f.model));
    source_split(source, class_of, 2, class_tasks, model_now(f.model));
    source->groups.items[1].position -= records;
    source->replayed_total += records;
    source->groups.items[1].class = 0;
    source->groups.items[1].per_task = 1;
    net_solve(f.model, net_of(f.model, &f.model->jobs[0].components.items[0]));
}

/* Above it stays up to date, and the other one gets the rest; then they are one group again. */
START_TEST(partitions_up_to_date_stay_so_when_an_equal_share_is_more)
{
    model_fixture_vertex(&f, job_0, "source", 128, 100 * TIME_US)->partitions = 2;
    model_fixture_load(&f, job_0, 0, 0, 6000);
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 1 }, one_host, 1);
    model_fixture_run(&f, 10 * TIME_S);
    struct model_source *source = &f.model->jobs[0].sources.items[0];
    set_second_back(source, 20000);
    ck_assert_double_eq_tol(source->groups.items[0].rate, 3000, 1e-6);
    ck_assert_double_eq_tol(source->groups.items[1].rate, 7000, 1e-6);
    model_fixture_run(&f, 14900 * TIME_MS);
    ck_assert(!source->groups.items[1].kept_up);
    model_fixture_run(&f, 15100 * TIME_MS); /* 20,000 at 4,000 more than arrives */
    ck_assert_uint_eq(source->groups.count, 1);
    ck_assert(source->groups.items[0].kept_up);
    ck_assert_uint_eq(source->groups.items[0].per_task, 2);
    set_second_back(source, 20000); /* once more, on a host of half the speed */
    f.hosts[1].speed = 0.5;
    model_ops()->host_changed(f.model, (struct node_id){ 1 });
    net_refresh(f.model);
    ck_assert_double_eq_tol(source->groups.items[0].rate, 2500, 1e-6);
    ck_assert_double_eq_tol(source->groups.items[1].rate, 2500, 1e-6);
}
END_TEST

/* Nothing to read, then a load that is surely carried: it is not solved for, and a pause is all the
 * same. */
START_TEST(a_pause_stops_a_load_that_has_just_begun)
{
    model_fixture_vertex(&f, job_0, "source", 128, 100 * TIME_US);
    model_fixture_load(&f, job_0, 0, 0, 0);
    model_fixture_load(&f, job_0, 0, 10 * TIME_S, 5000);
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 1 }, one_host, 1);
    model_fixture_run(&f, 12 * TIME_S);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).served_rate, 5000, 1e-6);
    component_set_in_sync(f.model, 0, 0, 1);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).served_rate, 0, 1e-6);
}
END_TEST

/* Flink: busy = 1000 - idle - backpressured. Source 20 us, count 100 us, 20,000 records/s offered,
 * one subtask each: count is busy all the time, the source works a fifth of it and is backpressured
 * otherwise. */
START_TEST(time_of_tasks_is_busy_idle_or_backpressured)
{
    model_fixture_source_and_count(&f, 20000);
    f.scenario.jobs.items[0].vertices.items[0].cost_ns = 20e3;
    model_fixture_vertex(&f, job_0, "sink", 128, 30 * TIME_US);
    model_fixture_edge(&f, job_0, 1, 2, PARTITION_HASH);
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 1, 1, 1 }, one_host, 1);
    model_fixture_run(&f, 10150 * TIME_MS);
    struct model_vertex_view source = model_fixture_view(&f, job_0, 0);
    struct model_vertex_view count = model_fixture_view(&f, job_0, 1);
    struct model_vertex_view sink = model_fixture_view(&f, job_0, 2);
    ck_assert_double_eq_tol(source.task_seconds, 10, 1e-9);
    ck_assert_double_eq_tol(source.busy_seconds, 2, 1e-9);
    ck_assert_double_eq_tol(source.backpressured_seconds, 8, 1e-9);
    ck_assert_double_eq_tol(count.busy_seconds, 10, 1e-9);
    ck_assert_double_eq_tol(sink.busy_seconds, 3, 1e-9);
    ck_assert_double_eq_tol(sink.idle_seconds, 7, 1e-9);
    ck_assert_double_eq_tol(sink.in_total, 100000, 1e-6);
}
END_TEST

START_TEST(tasks_with_room_are_idle_when_they_do_not_work)
{
    model_fixture_source_and_count(&f, 0);
    model_fixture_load(&f, job_0, 0, TIME_S, 2000);
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 1, 1 }, one_host, 1);
    model_fixture_run(&f, 10150 * TIME_MS);
    struct model_vertex_view source = model_fixture_view(&f, job_0, 0);
    struct model_vertex_view count = model_fixture_view(&f, job_0, 1);
    ck_assert_double_eq_tol(source.backpressured_seconds, 0, 1e-9);
    ck_assert_double_eq_tol(count.busy_seconds, 0.2 * 9.15, 1e-9);
    ck_assert_double_eq_tol(count.busy_seconds + count.idle_seconds, 10, 1e-9);
}
END_TEST

/* M/G/1 below capacity: utilisation 0.8 at 100 us exponential service waits 400 us on average. */
START_TEST(latency_is_service_wait_and_buffer_timeout)
{
    model_fixture_source_and_count(&f, 8000);
    f.config.buffer_timeout = 0;
    f.scenario.jobs.items[0].vertices.items[0].cost_ns = 0;
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 1, 1 }, one_host, 1);
    model_fixture_run(&f, 60 * TIME_S);
    struct model_job_view view = model_fixture_job(&f, job_0);
    double mean = 100e-6 / (1 - 0.8); /* M/M/1: time spent is exponential with this mean */
    ck_assert_double_eq_tol(view.latency[0], 0.693 * mean, 0.03 * mean);
    ck_assert_double_eq_tol(view.latency[2], 4.605 * mean, 0.1 * mean);
}
END_TEST

/* Above capacity all waiting is in the lag, also what waits in full buffers: that has not been
 * read. Behind it come 1 us and 100 us of exponential service, and, in front, any part of the time
 * in which 10,000 records/s of 100 bytes fill a buffer: 32.8 ms. */
START_TEST(latency_under_backpressure_counts_buffers_once)
{
    model_fixture_source_and_count(&f, 20000);
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 1, 1 }, one_host, 1);
    model_fixture_run(&f, 60 * TIME_S);
    struct model_job_view view = model_fixture_job(&f, job_0);
    double fill = 32768 / 1e6;
    ck_assert_double_eq_tol(view.latency[0] - view.lag_seconds, 0.5 * fill + 101e-6, 20e-6);
    ck_assert_double_eq_tol(view.latency[2] - view.lag_seconds, 0.99 * fill + 101e-6, 40e-6);
}
END_TEST

/* Flink's execution.buffer-timeout.enabled: false. 100 kB/s fill a buffer in 328 ms. */
START_TEST(without_a_buffer_timeout_only_full_buffers_are_sent)
{
    for (int enabled = 0; enabled < 2; enabled++) {
        f.config.buffer_timeout_enabled = enabled;
        model_fixture_source_and_count(&f, 1000);
        model_fixture_start(&f);
        model_fixture_deploy_first(&f, (uint32_t[]){ 1, 1 }, one_host, 1);
        model_fixture_run(&f, 60 * TIME_S);
        struct model_job_view view = model_fixture_job(&f, job_0);
        double most = enabled ? 0.1 : 32768 / 1e5;
        ck_assert_double_eq_tol(view.latency[0], most / 2, 0.01 * most);
        ck_assert_double_eq_tol(view.latency[2], most * 0.99, 0.01 * most);
        model_fixture_fini(&f);
        model_fixture_init(&f);
    }
}
END_TEST

START_TEST(a_paced_load_is_each_subtasks_own)
{
    model_fixture_source_and_count(&f, 1000);
    f.scenario.jobs.items[0].load_per_subtask.items[0] = true;
    model_fixture_start(&f);
    model_fixture_run(&f, 10 * TIME_S);
    ck_assert_double_eq(model_fixture_job(&f, job_0).backlog, 0);
    model_fixture_deploy_first(&f, (uint32_t[]){ 3, 3 }, one_host, 1);
    model_fixture_run(&f, 20150 * TIME_MS);
    struct model_job_view view = model_fixture_job(&f, job_0);
    ck_assert_double_eq_tol(view.served_total, 30000, 1e-6);
    ck_assert_double_eq_tol(view.offered_total, 30000, 1e-6);
}
END_TEST

/* A load that steps every second, with the sum over the steps known. */
START_TEST(a_stepping_load_is_followed_exactly)
{
    model_fixture_vertex(&f, job_0, "source", 128, 1 * TIME_US);
    model_fixture_vertex(&f, job_0, "count", 128, 100 * TIME_US);
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_HASH);
    double offered = 0;
    for (int s = 0; s < 100; s++) {
        double rate = 100.0 * (s % 17) + (s % 5 == 0 ? 3000 : 0); /* at most 4,600 */
        model_fixture_load(&f, job_0, 0, s * TIME_S, rate + 1);
        offered += rate + 1;
    }
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 1, 1 }, one_host, 1);
    model_fixture_run(&f, 100 * TIME_S);
    struct model_job_view view = model_fixture_job(&f, job_0);
    ck_assert_double_eq_tol(view.offered_total, offered, 1e-6);
    ck_assert_double_eq_tol(view.served_total, offered, 1e-2);
}
END_TEST

/* The same, now and then above what can be served: nothing gets lost, backlog or served. */
START_TEST(a_load_around_capacity_is_served_or_waits)
{
    model_fixture_source_and_count(&f, 1);
    for (int s = 1; s < 300; s++)
        model_fixture_load(&f, job_0, 0, s * TIME_S, s % 3 == 0 ? 25000 : 4000 + s);
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 5, 1 }, one_host, 1);
    for (int s = 1; s < 300; s++) {
        model_fixture_run(&f, s * TIME_S + TIME_S / 3);
        struct model_job_view view = model_fixture_job(&f, job_0);
        ck_assert_double_eq_tol(view.offered_total, view.served_total + view.backlog, 1e-3);
        ck_assert_double_le(view.served_rate, 10000 + 1e-6);
    }
}
END_TEST

Suite *test_model_backlog_suite(void)
{
    Suite *suite = suite_create("model_backlog");
    TCase *tests = tcase_create("backlog");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, backlog_is_worked_off_at_what_capacity_leaves);
    tcase_add_test(tests, lag_is_the_age_of_the_oldest_record);
    tcase_add_test(tests, subtasks_with_fewer_partitions_catch_up_first);
    tcase_add_test(tests, partitions_of_one_reader_share_its_rate_equally);
    tcase_add_test(tests, partitions_up_to_date_stay_so_when_an_equal_share_is_more);
    tcase_add_test(tests, a_pause_stops_a_load_that_has_just_begun);
    tcase_add_test(tests, time_of_tasks_is_busy_idle_or_backpressured);
    tcase_add_test(tests, tasks_with_room_are_idle_when_they_do_not_work);
    tcase_add_test(tests, latency_is_service_wait_and_buffer_timeout);
    tcase_add_test(tests, latency_under_backpressure_counts_buffers_once);
    tcase_add_test(tests, without_a_buffer_timeout_only_full_buffers_are_sent);
    tcase_add_test(tests, a_paced_load_is_each_subtasks_own);
    tcase_add_test(tests, a_stepping_load_is_followed_exactly);
    tcase_add_test(tests, a_load_around_capacity_is_served_or_waits);
    suite_add_tcase(suite, tests);
    return suite;
}
