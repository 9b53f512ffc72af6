/* SPDX-License-Identifier: Apache-2.0
 *
 * Flow: capacity under every limit, fairness between sources, skew. Expected values are worked out
 * in the comments; rates are compared to 1e-9.
 */
#include <check.h>
#include <math.h>

#include "core/graph/key_groups.h"
#include "sim/model/recent.h"
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

START_TEST(what_arrives_is_served_when_there_is_room)
{
    model_fixture_source_and_count(&f, 5000);
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 2, 2 }, one_host, 1);
    ck_assert_double_eq_tol(model_fixture_served(&f, 10 * TIME_S, 20 * TIME_S), 50000, 1e-3);
    struct model_job_view view = model_fixture_job(&f, job_0);
    ck_assert_double_eq_tol(view.backlog, 0, 1e-6);
    ck_assert_double_eq_tol(view.served_rate, 5000, 1e-9);
    ck_assert_double_eq(view.lag_seconds, 0);
}
END_TEST

/* Bottleneck law: throughput is one by the largest demand per record. 128 groups over 2 subtasks
 * are 64 each, half of the records: 2 x 10,000 records/s. */
START_TEST(throughput_is_that_of_the_bottleneck)
{
    model_fixture_source_and_count(&f, 50000);
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 2, 2 }, one_host, 1);
    ck_assert_double_eq_tol(model_fixture_served(&f, 10 * TIME_S, 20 * TIME_S), 200000, 1e-3);
    struct model_vertex_view before = model_fixture_view(&f, job_0, 1);
    model_fixture_run(&f, 30 * TIME_S);
    struct model_vertex_view after = model_fixture_view(&f, job_0, 1);
    ck_assert_double_eq_tol(after.busy_most_seconds - before.busy_most_seconds, 20, 1e-6);
}
END_TEST

/* Skew: 3 subtasks of 128 groups have 43, 43 and 42; the busiest one sets the pace: 10,000 x
 * 128 / 43. */
START_TEST(uneven_key_groups_lower_the_throughput)
{
    model_fixture_source_and_count(&f, 50000);
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 3, 3 }, one_host, 1);
    double expected = 10000.0 * 128 / 43;
    ck_assert_double_eq_tol(model_fixture_served(&f, 10 * TIME_S, 20 * TIME_S), 10 * expected,
                            1e-3);
    struct model_vertex_view count = model_fixture_view(&f, job_0, 1);
    double busy = count.busy_seconds / count.task_seconds;
    ck_assert_double_eq_tol(busy, 128.0 / 43 / 3, 1e-9);
    ck_assert_double_eq_tol(count.busy_most_seconds, count.task_seconds, 1e-6);
    ck_assert_double_gt(count.task_seconds, 57);
}
END_TEST

/* Zipf with few keys: the subtask with the hottest key group is the limit, and a second one cannot
 * help it. */
START_TEST(a_hot_key_limits_whatever_the_parallelism)
{
    model_fixture_source_and_count(&f, 50000);
    struct vertex_model *count = &f.scenario.jobs.items[0].vertices.items[1];
    count->keys = 1000;
    count->skew = SKEW_ZIPF;
    count->zipf = 1.5;
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 8, 8 }, one_host, 1);
    double shares[8] = { 0 }, total = 0, most = 0;
    for (int32_t key = 0; key < 1000; key++) {
        double weight = 1 / ((key + 1) * sqrt(key + 1));
        int32_t group = key_group_of_hash(key, 128);
        shares[key_group_subtask(group, 8, 128)] += weight;
        total += weight;
    }
    for (int s = 0; s < 8; s++)
        most = fmax(most, shares[s] / total);
    ck_assert_double_eq_tol(model_fixture_served(&f, 10 * TIME_S, 20 * TIME_S), 10 * 10000 / most,
                            1e-6 * 1e5 / most);
}
END_TEST

/* Two tasks of 100 us per record in all share one core: 10,000 / 1.01 records/s by CPU, although
 * each thread alone could do 10,000. */
START_TEST(tasks_of_a_host_share_its_cores)
{
    model_fixture_source_and_count(&f, 50000);
    for (int h = 0; h < 2; h++)
        f.hosts[h].machine.cores = 1;
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 2, 2 }, one_host, 1);
    ck_assert_double_eq_tol(model_fixture_served(&f, 10 * TIME_S, 20 * TIME_S), 10 * 1e9 / 101000,
                            1e-3);
    struct model_vertex_view count = model_fixture_view(&f, job_0, 1);
    ck_assert_double_eq_tol(count.idle_seconds, 0, 1e-6); /* it waits for a core: that is busy */
}
END_TEST

/* A wait needs the thread and no core: 100 us of work and 100 us of waiting are 5,000 records/s,
 * on half a core of a machine with one. */
START_TEST(waiting_uses_the_thread_and_not_the_core)
{
    model_fixture_source_and_count(&f, 50000);
    f.scenario.jobs.items[0].vertices.items[1].wait_ns = 100e3;
    f.hosts[1].machine.cores = 1;
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 1, 1 }, one_host, 1);
    ck_assert_double_eq_tol(model_fixture_served(&f, 10 * TIME_S, 20 * TIME_S), 50000, 1e-3);
}
END_TEST

/* A slow host of four holds up all, because a shuffle waits for its slowest reader: a quarter of
 * the records at half the speed. */
START_TEST(a_slow_host_holds_up_everything_behind_a_shuffle)
{
    model_fixture_source_and_count(&f, 80000);
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 4, 4 }, four_hosts, 4);
    ck_assert_double_eq_tol(model_fixture_served(&f, 10 * TIME_S, 20 * TIME_S), 400000, 1e-3);
    f.hosts[3].speed = 0.5;
    model_ops()->host_changed(f.model, (struct node_id){ 3 });
    ck_assert_double_eq_tol(model_fixture_served(&f, 20 * TIME_S, 30 * TIME_S), 200000, 1e-3);
    f.hosts[3].speed = 1;
    model_ops()->host_changed(f.model, (struct node_id){ 3 });
    ck_assert_double_eq_tol(model_fixture_served(&f, 30 * TIME_S, 40 * TIME_S), 400000, 1e-3);
}
END_TEST

/* Two hosts of one core, one at 0.3: a source of 100 us and a reader of 5 us on each, 7,000
 * records/s for each source. The slow one reads x with 100 us x + 2.5 us (7,000 + x) = 0.3; the
 * other one, whose records the slow host's reader takes as well, reads all it has. */
START_TEST(a_slow_host_holds_its_own_source_only)
{
    model_fixture_pair(&f, 100 * TIME_US, 5 * TIME_US, PARTITION_HASH, 14000);
    f.scenario.jobs.items[0].vertices.items[0].partitions = 2;
    for (int h = 1; h <= 2; h++)
        f.hosts[h].machine.cores = 1;
    f.hosts[2].speed = 0.3;
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 2, 2 }, four_hosts, 2);
    double slow = (0.3 - 2.5e-6 * 7000) / 102.5e-6;
    ck_assert_double_eq_tol(model_fixture_served(&f, 10 * TIME_S, 20 * TIME_S), 10 * (7000 + slow),
                            1e-3);
}
END_TEST

/* Two hosts of four cores and two of half a core, each with two sources of 200 us and two readers
 * of 50 us; 3,750 records/s for each source. Those of the slow ones read x, all that readers leave
 * them: 2 x 200 us x + 2 x 50 us / 8 (15,000 + 4 x) = 0.5. The others read all they have. */
START_TEST(readers_of_slow_hosts_serve_other_sources)
{
    model_fixture_pair(&f, 200 * TIME_US, 50 * TIME_US, PARTITION_HASH, 30000);
    f.scenario.jobs.items[0].vertices.items[0].partitions = 8;
    for (int h = 1; h <= 4; h++)
        f.hosts[h].machine.cores = h <= 2 ? 4 : 0.5;
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 8, 8 }, four_hosts, 4);
    double slow = (0.5 - 12.5e-6 * 15000) / 450e-6;
    ck_assert_double_eq_tol(model_fixture_served(&f, 10 * TIME_S, 20 * TIME_S),
                            10 * (15000 + 4 * slow), 1e-3);
}
END_TEST

/* NIC: 4 hosts with equal parts send 3/4 of their records away. 1 Mbit/s = 125,000 bytes/s out per
 * host, 100 bytes per record: 1,250 / 0.75 per host. */
START_TEST(bytes_between_hosts_are_limited_by_the_nic)
{
    model_fixture_source_and_count(&f, 80000);
    for (int h = 1; h <= 4; h++)
        f.hosts[h].machine.network_bps = 1e6;
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 4, 4 }, four_hosts, 4);
    ck_assert_double_eq_tol(model_fixture_served(&f, 10 * TIME_S, 20 * TIME_S),
                            10 * 4 * 1250 / 0.75, 1e-3);
}
END_TEST

/* One subtask each, the source on host 1, the count on host 2; 1 Mbit/s, 100 bytes: 1,250 records/s
 * whichever end is the narrow one. It is the reader that the source waits for: Flink shows it
 * backpressured, and the buffers in front of the reader are full. */
static void limit_by_nic_of(int narrow)
{
    static const uint32_t first[] = { 1 }, second[] = { 2 };
    struct fixture_deployment how = {
        .job = job_0, .parallelism = (uint32_t[]){ 1, 1 }, .hosts = first, .host_count = 1
    };
    model_fixture_source_and_count(&f, 80000);
    f.hosts[narrow].machine.network_bps = 1e6;
    model_fixture_start(&f);
    model_fixture_deploy_one(&f, &how, 0, 0);
    how.hosts = second;
    model_fixture_deploy_one(&f, &how, 1, 0);
    ck_assert_double_eq_tol(model_fixture_served(&f, 10 * TIME_S, 20 * TIME_S), 12500, 1e-3);
    struct model_vertex_view from = model_fixture_view(&f, job_0, 0);
    struct model_vertex_view to = model_fixture_view(&f, job_0, 1);
    ck_assert_double_eq_tol(from.backpressured_seconds / from.task_seconds, 1 - 0.00125, 1e-6);
    ck_assert_double_eq_tol(to.idle_seconds / to.task_seconds, 1 - 0.125, 1e-6);
    ck_assert_double_eq(to.backpressured_seconds, 0);
    ck_assert_double_gt(to.backlog, 0);
}

START_TEST(a_senders_nic_holds_it_back)
{
    limit_by_nic_of(1);
}
END_TEST

START_TEST(a_readers_nic_holds_its_sender_back)
{
    limit_by_nic_of(2);
}
END_TEST

/* A hash input on two hosts comes from elsewhere every other time, the forward one never. */
START_TEST(each_input_is_as_remote_as_its_own_edge)
{
    static const uint32_t two_hosts[] = { 1, 2 };
    model_fixture_vertex(&f, job_0, "far", 128, 1 * TIME_US);
    model_fixture_vertex(&f, job_0, "near", 128, 1 * TIME_US);
    model_fixture_vertex(&f, job_0, "join", 128, 1 * TIME_US);
    model_fixture_edge(&f, job_0, 0, 2, PARTITION_HASH);
    model_fixture_edge(&f, job_0, 1, 2, PARTITION_FORWARD);
    model_fixture_load(&f, job_0, 0, 0, 100);
    model_fixture_load(&f, job_0, 1, 0, 100);
    f.scenario.cluster.network.latency = distribution_constant(2 * TIME_MS);
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 2, 2, 2 }, two_hosts, 2);
    model_fixture_run(&f, 10 * TIME_S);
    struct model_job *job = &f.model->jobs[0];
    const struct component *component = &job->components.items[0];
    struct load_history history = { 0 };
    ck_assert_double_eq_tol(passage_mean(f.model, job, component, 0, NULL).mean, 1e-3, 1e-12);
    ck_assert_double_eq(passage_mean(f.model, job, component, 1, NULL).mean, 0);
    ck_assert_double_eq_tol(passage_longest(f.model, job, component, 0, &history), 2e-3, 1e-12);
    ck_assert_double_eq(passage_longest(f.model, job, component, 1, &history), 0);
}
END_TEST

START_TEST(bytes_inside_a_host_need_no_nic)
{
    model_fixture_source_and_count(&f, 80000);
    f.hosts[1].machine.network_bps = 1;
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 4, 4 }, one_host, 1);
    ck_assert_double_eq_tol(model_fixture_served(&f, 10 * TIME_S, 20 * TIME_S), 400000, 1e-3);
}
END_TEST

/* Broadcast: every subtask does all the work, and every copy crosses the network. */
START_TEST(broadcast_gives_every_subtask_every_record)
{
    model_fixture_pair(&f, 0, 100 * TIME_US, PARTITION_BROADCAST, 50000);
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 2, 4 }, four_hosts, 4);
    ck_assert_double_eq_tol(model_fixture_served(&f, 10 * TIME_S, 20 * TIME_S), 100000, 1e-3);
    ck_assert_double_eq_tol(model_fixture_view(&f, job_0, 1).in_rate, 40000, 1e-6);
}
END_TEST

/* Selectivity multiplies along the way: 1,000 in, 3,000 and then 1,500 on. */
START_TEST(selectivity_multiplies_along_the_way)
{
    model_fixture_vertex(&f, job_0, "source", 128, 0);
    model_fixture_vertex(&f, job_0, "split", 128, 0)->selectivity = 0.5;
    model_fixture_vertex(&f, job_0, "sink", 128, 0);
    f.scenario.jobs.items[0].vertices.items[0].selectivity = 3;
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_REBALANCE);
    model_fixture_edge(&f, job_0, 1, 2, PARTITION_HASH);
    model_fixture_load(&f, job_0, 0, 0, 1000);
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 2, 3, 4 }, one_host, 1);
    model_fixture_run(&f, 10 * TIME_S);
    ck_assert_double_eq_tol(model_fixture_view(&f, job_0, 1).in_rate, 3000, 1e-6);
    ck_assert_double_eq_tol(model_fixture_view(&f, job_0, 2).in_rate, 1500, 1e-6);
    struct model_vertex_view split = model_fixture_view(&f, job_0, 1);
    ck_assert_double_eq_tol(split.out_total, split.in_total / 2, 1e-6);
}
END_TEST

/* Two sources into one vertex of 10,000 records/s: the small one gets its 2,000, the large one the
 * other 8,000. */
START_TEST(sources_share_a_bottleneck_max_min_fairly)
{
    model_fixture_vertex(&f, job_0, "small", 128, 0);
    model_fixture_vertex(&f, job_0, "large", 128, 0);
    model_fixture_vertex(&f, job_0, "join", 128, 100 * TIME_US);
    model_fixture_edge(&f, job_0, 0, 2, PARTITION_HASH);
    model_fixture_edge(&f, job_0, 1, 2, PARTITION_HASH);
    model_fixture_load(&f, job_0, 0, 0, 2000);
    model_fixture_load(&f, job_0, 1, 0, 30000);
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 1, 1, 1 }, one_host, 1);
    model_fixture_run(&f, 10 * TIME_S);
    ck_assert_double_eq_tol(model_fixture_view(&f, job_0, 0).in_rate, 2000, 1e-6);
    ck_assert_double_eq_tol(model_fixture_view(&f, job_0, 1).in_rate, 8000, 1e-6);
}
END_TEST

/* Pipelines without a shuffle do not wait for one another: one on a slow host falls behind alone.
 * There it begins at 0.3 s, on the others at 0.15 s. */
START_TEST(pipelines_are_independent)
{
    model_fixture_pair(&f, 0, 100 * TIME_US, PARTITION_FORWARD, 36000);
    f.scenario.jobs.items[0].vertices.items[0].partitions = 4;
    f.hosts[2].speed = 0.5;
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 4, 4 }, four_hosts, 4);
    model_fixture_run(&f, 10 * TIME_S);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).served_rate, 5000 + 3 * 9000, 1e-3);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).backlog, 9000 * 10 - 5000 * 9.7, 1e-3);
}
END_TEST

/* Rescale from 4 to 2: each map reads two sources, and shares its thread between them. */
START_TEST(a_reader_of_two_senders_is_shared_between_them)
{
    model_fixture_pair(&f, 0, 100 * TIME_US, PARTITION_RESCALE, 80000);
    f.scenario.jobs.items[0].vertices.items[0].partitions = 4;
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 4, 2 }, four_hosts, 2);
    model_fixture_run(&f, 10 * TIME_S);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).served_rate, 20000, 1e-6);
}
END_TEST

/* Two jobs on one host with one core: each could use it alone, together they share it. */
START_TEST(jobs_on_a_host_share_its_cores_fairly)
{
    model_fixture_vertex(&f, job_0, "a", 128, 100 * TIME_US);
    model_fixture_load(&f, job_0, 0, 0, 50000);
    struct job_id other = model_fixture_add_job(&f);
    model_fixture_vertex(&f, other, "b", 128, 100 * TIME_US);
    model_fixture_load(&f, other, 0, 0, 2000);
    f.hosts[1].machine.cores = 1;
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ 1 }, one_host, 1);
    struct fixture_deployment second = {
        .job = other, .parallelism = (uint32_t[]){ 1 }, .hosts = one_host, .host_count = 1
    };
    model_fixture_deploy(&f, &second);
    model_fixture_run(&f, 60 * TIME_S);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).served_rate, 8000, 1e-6);
    ck_assert_double_eq_tol(model_fixture_job(&f, other).served_rate, 2000, 1e-6);
    model_job_ended(f.model, other, false);
    model_fixture_run(&f, 61 * TIME_S);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).served_rate, 10000, 1e-6);
    ck_assert_double_eq_tol(model_fixture_job(&f, other).offered_total, 120000, 1e-3);
}
END_TEST

Suite *test_model_flow_suite(void)
{
    Suite *suite = suite_create("model_flow");
    TCase *tests = tcase_create("flow");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, what_arrives_is_served_when_there_is_room);
    tcase_add_test(tests, throughput_is_that_of_the_bottleneck);
    tcase_add_test(tests, uneven_key_groups_lower_the_throughput);
    tcase_add_test(tests, a_hot_key_limits_whatever_the_parallelism);
    tcase_add_test(tests, tasks_of_a_host_share_its_cores);
    tcase_add_test(tests, waiting_uses_the_thread_and_not_the_core);
    tcase_add_test(tests, a_slow_host_holds_up_everything_behind_a_shuffle);
    tcase_add_test(tests, a_slow_host_holds_its_own_source_only);
    tcase_add_test(tests, readers_of_slow_hosts_serve_other_sources);
    tcase_add_test(tests, bytes_between_hosts_are_limited_by_the_nic);
    tcase_add_test(tests, a_senders_nic_holds_it_back);
    tcase_add_test(tests, a_readers_nic_holds_its_sender_back);
    tcase_add_test(tests, each_input_is_as_remote_as_its_own_edge);
    tcase_add_test(tests, bytes_inside_a_host_need_no_nic);
    tcase_add_test(tests, broadcast_gives_every_subtask_every_record);
    tcase_add_test(tests, selectivity_multiplies_along_the_way);
    tcase_add_test(tests, sources_share_a_bottleneck_max_min_fairly);
    tcase_add_test(tests, pipelines_are_independent);
    tcase_add_test(tests, a_reader_of_two_senders_is_shared_between_them);
    tcase_add_test(tests, jobs_on_a_host_share_its_cores_fairly);
    suite_add_tcase(suite, tests);
    return suite;
}
