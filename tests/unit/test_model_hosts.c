/* SPDX-License-Identifier: Apache-2.0
 *
 * What hosts and the connections between them can carry: bandwidth of a connection, a NIC shared
 * with transfers, cores of a slot, memory and disk. Each figure is worked out by hand beside it.
 */
#include <check.h>
#include <stdlib.h>

#include "sim/model/state.h"
#include "tests/lib/model_fixture.h"

static const struct job_id job_0 = { 0 };
static const uint32_t hosts[] = { 1, 2 };
static const uint32_t two_each[] = { 2, 2 }, four_each[] = { 4, 4 }, one_each[] = { 1, 1 };

static struct model_fixture f;

static void setup(void)
{
    model_fixture_init(&f);
}

static void teardown(void)
{
    model_fixture_fini(&f);
}

static void make_job(enum partitioner partitioner, time_ns source_cost, time_ns count_cost,
                     double rate)
{
    model_fixture_vertex(&f, job_0, "source", 128, source_cost)->record_bytes = 1000;
    model_fixture_vertex(&f, job_0, "count", 128, count_cost);
    model_fixture_edge(&f, job_0, 0, 1, partitioner);
    model_fixture_load(&f, job_0, 0, 0, rate);
}

static struct vertex_model *vertex(uint32_t v)
{
    return &f.scenario.jobs.items[0].vertices.items[v];
}

/* Records per second, when all runs. */
static double served(const uint32_t *parallelism, uint32_t host_count)
{
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, parallelism, hosts, host_count);
    model_fixture_run(&f, 5 * TIME_S);
    return model_fixture_job(&f, job_0).served_rate;
}

/* Half of the records leave half of the subtasks: T * 1000 / 4 <= 10 MB/s. */
START_TEST(a_connection_carries_no_more_than_its_bandwidth)
{
    make_job(PARTITION_REBALANCE, TIME_US, TIME_US, 1e6);
    f.scenario.cluster.network.bandwidth_bps = 80e6;
    ck_assert_double_eq_tol(served(four_each, 2), 40000, 1e-3);
    ck_assert(model_fixture_view(&f, job_0, 0).backpressured_seconds > 0);
}
END_TEST

/* A NIC of 5 MB/s is full first; one of 100 MB/s is not. */
START_TEST(the_lesser_of_nic_and_connection_counts)
{
    make_job(PARTITION_REBALANCE, TIME_US, TIME_US, 1e6);
    f.scenario.cluster.network.bandwidth_bps = 80e6;
    f.hosts[1].machine.network_bps = 40e6;
    f.hosts[2].machine.network_bps = 800e6;
    ck_assert_double_eq_tol(served(four_each, 2), 20000, 1e-3);
}
END_TEST

/* On one host nothing crosses: 4 threads of 1 us. */
START_TEST(a_connection_does_not_matter_inside_a_host)
{
    make_job(PARTITION_REBALANCE, TIME_US, TIME_US, 1e9);
    f.scenario.cluster.network.bandwidth_bps = 8e3;
    ck_assert_double_eq_tol(served(four_each, 1), 4e6, 1);
}
END_TEST

/* Half as many records of half the size: four times 40,000. */
START_TEST(an_edge_has_bytes_and_selectivity_of_its_own)
{
    make_job(PARTITION_REBALANCE, TIME_US, TIME_US, 1e6);
    vec_push(&f.scenario.jobs.items[0].edges, (struct edge_model){ 0.5, 500 });
    f.scenario.cluster.network.bandwidth_bps = 80e6;
    ck_assert_double_eq_tol(served(four_each, 2), 160000, 1e-2);
    ck_assert_double_eq_tol(model_fixture_view(&f, job_0, 1).in_rate, 80000, 1e-2);
}
END_TEST

static void give_cores(uint32_t v, const char *group, int32_t cpu_milli)
{
    const struct resource_profile profile = { false, cpu_milli, 1 << 20 };
    struct job_graph *graph = f.scenario.jobs.items[0].graph;
    graph->vertices.items[v].group = job_graph_group(graph, group, &profile);
}

/* Each of four slots has 0.25 cores: 0.25 / 100 us = 2,500/s. */
START_TEST(a_slot_uses_no_more_than_its_cores)
{
    static const enum partitioner partitioners[] = { PARTITION_REBALANCE, PARTITION_FORWARD };
    make_job(partitioners[_i], 0, 100 * TIME_US, 1e6);
    give_cores(0, "small", 250);
    give_cores(1, "small", 250);
    ck_assert_double_eq_tol(served(four_each, 2), 10000, 1e-6);
    struct model_vertex_view count = model_fixture_view(&f, job_0, 1);
    ck_assert_double_eq_tol(count.busy_seconds, count.task_seconds, 1e-6); /* has always work */
}
END_TEST

/* 100 us in the source and 100 us behind it: 0.25 / 200 us = 1,250/s for each of four. */
START_TEST(tasks_of_a_slot_share_its_cores)
{
    static const enum partitioner partitioners[] = { PARTITION_REBALANCE, PARTITION_FORWARD };
    make_job(partitioners[_i], 100 * TIME_US, 100 * TIME_US, 1e6);
    give_cores(0, "small", 250);
    give_cores(1, "small", 250);
    ck_assert_double_eq_tol(served(four_each, 2), 5000, 1e-6);
    ck_assert_uint_eq(net_of(f.model, &f.model->jobs[0].components.items[0])->classes.count,
                      1); /* no slot is told apart */
}
END_TEST

/* Slots that are full in the same instant, on hosts that another job tells apart: the readers of
 * all of them always have work. */
START_TEST(all_full_slots_keep_their_tasks_waiting)
{
    static const uint32_t one[] = { 1 };
    make_job(PARTITION_REBALANCE, 20 * TIME_US, 100 * TIME_US, 1e6);
    give_cores(0, "small", 250);
    give_cores(1, "small", 250);
    struct job_id other = model_fixture_add_job(&f);
    model_fixture_vertex(&f, other, "source", 128, 100 * TIME_US);
    model_fixture_load(&f, other, 0, 0, 2000);
    f.hosts[1].machine.cores = f.hosts[2].machine.cores = 1;
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, four_each, hosts, 2);
    model_fixture_deploy(&f,
                         &(struct fixture_deployment){
                             .job = other, .parallelism = one, .hosts = hosts, .host_count = 1 });
    struct model_vertex_view count = model_fixture_between(&f, 1, 10 * TIME_S, 20 * TIME_S);
    ck_assert_double_eq_tol(count.busy_seconds, count.task_seconds, 1e-6);
}
END_TEST

/* Half the speed: half of it. */
START_TEST(a_slow_host_gives_less_of_a_core)
{
    make_job(PARTITION_REBALANCE, 0, 100 * TIME_US, 1e6);
    give_cores(1, "small", 250);
    f.hosts[1].speed = 0.5;
    ck_assert_double_eq_tol(served(one_each, 1), 1250, 1e-6);
}
END_TEST

/* A slot without a profile is a thread each. */
START_TEST(a_slot_without_a_profile_has_no_limit_of_its_own)
{
    make_job(PARTITION_REBALANCE, 0, 100 * TIME_US, 1e6);
    ck_assert_double_eq_tol(served(four_each, 2), 40000, 1e-6);
}
END_TEST

/* Nor has a default slot that a task got although its group asks for cores, as the adaptive
 * scheduler does not ask for them. */
START_TEST(a_default_slot_has_no_limit_whatever_its_group_asks_for)
{
    static const enum partitioner partitioners[] = { PARTITION_REBALANCE, PARTITION_FORWARD };
    make_job(partitioners[_i], 0, 100 * TIME_US, 1e6);
    give_cores(0, "small", 250);
    give_cores(1, "small", 250);
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, four_each, hosts, 2);
    for (VEC_EACH(struct model_task, task, &f.model->tasks))
        task->life.slot_cpu_milli = 0;
    model_fixture_run(&f, 5 * TIME_S);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).served_rate, 40000, 1e-6);
}
END_TEST

static void checkpoint_at(time_ns at)
{
    model_fixture_run(&f, at);
    model_fixture_checkpoint(
        &f,
        &(struct fixture_deployment){ .parallelism = two_each, .hosts = hosts, .host_count = 2 },
        DATA_TRIGGER_CHECKPOINT, &(struct checkpoint_order){ .checkpoint = 1 });
}

/* NIC 10 MB/s, one connection and one upload: 5 MB/s each, so T * 1000 / 4 <= 5 MB/s; the upload of
 * 100 MB takes 20 s here. Before and after, the NIC is the data plane's. */
START_TEST(uploads_and_data_share_a_nic_fairly)
{
    make_job(PARTITION_REBALANCE, TIME_US, TIME_US, 30000);
    f.hosts[1].machine.network_bps = f.hosts[2].machine.network_bps = 80e6;
    f.scenario.cluster.dfs.bandwidth = 1e9;
    f.storage_bandwidth = 5e6;
    vertex(1)->state_fixed = 1e8;
    ck_assert_double_eq_tol(served(two_each, 2), 30000, 1e-3);
    checkpoint_at(10 * TIME_S);
    model_fixture_run(&f, 15 * TIME_S);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).served_rate, 20000, 1e-3);
    for (uint32_t h = 1; h <= 2; h++)
        ck_assert_double_eq_tol(f.hosts[h].transfer_limit[TRANSFER_OUT], 5e6, 1e-3);
    ck_assert_double_eq(f.hosts[1].transfer_limit[TRANSFER_IN], 0);
    model_fixture_run(&f, 31 * TIME_S);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).served_rate, 40000, 1e-3); /* catches up */
}
END_TEST

/* One connection of data and k of the upload on 10 MB/s: 10 k / (1 + k) for the upload, and T *
 * 1000 / 4 <= 10 / (1 + k) MB/s. */
START_TEST(an_upload_gets_as_much_of_a_full_nic_as_it_has_connections)
{
    const uint32_t connections = 1u << _i;
    make_job(PARTITION_REBALANCE, TIME_US, TIME_US, 40000);
    f.hosts[1].machine.network_bps = f.hosts[2].machine.network_bps = 80e6;
    f.scenario.cluster.dfs.bandwidth = 1e9;
    f.scenario.cluster.dfs.connections = connections;
    f.storage_bandwidth = 5e6;
    vertex(1)->state_fixed = 1e8;
    ck_assert_double_eq_tol(served(two_each, 2), 40000, 1e-3);
    checkpoint_at(10 * TIME_S);
    model_fixture_run(&f, 15 * TIME_S);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).served_rate, 40000.0 / (1 + connections),
                            1e-3);
    for (uint32_t h = 1; h <= 2; h++)
        ck_assert_double_eq_tol(f.hosts[h].transfer_limit[TRANSFER_OUT],
                                1e7 * connections / (1 + connections), 1e-3);
}
END_TEST

/* 8,000/s are 2 MB/s: less than the fair half, so the upload has the other 8. */
START_TEST(an_upload_gets_what_data_leaves)
{
    make_job(PARTITION_REBALANCE, TIME_US, TIME_US, 8000);
    f.hosts[1].machine.network_bps = f.hosts[2].machine.network_bps = 80e6;
    f.scenario.cluster.dfs.bandwidth = 1e9;
    f.storage_bandwidth = 5e6;
    vertex(1)->state_fixed = 1e8;
    served(two_each, 2);
    checkpoint_at(10 * TIME_S);
    model_fixture_run(&f, 15 * TIME_S);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).served_rate, 8000, 1e-3);
    ck_assert_double_eq_tol(f.hosts[1].transfer_limit[TRANSFER_OUT], 8e6, 1e-3);
}
END_TEST

/* Storage of 1 MB/s cannot take more: data keeps 9 MB/s of 10, T <= 36,000. */
START_TEST(slow_storage_leaves_the_nic_to_data)
{
    make_job(PARTITION_REBALANCE, TIME_US, TIME_US, 1e6);
    f.hosts[1].machine.network_bps = f.hosts[2].machine.network_bps = 80e6;
    f.scenario.cluster.dfs.bandwidth = 1e6;
    f.storage_bandwidth = 1e6;
    vertex(1)->state_fixed = 1e8;
    f.config.checkpoint_unaligned = true;
    served(two_each, 2);
    checkpoint_at(10 * TIME_S);
    model_fixture_run(&f, 40 * TIME_S);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).served_rate, 36000, 1e-3);
}
END_TEST

static void keyed_job(void)
{
    make_job(PARTITION_HASH, TIME_US, TIME_US, 1000);
    vertex(1)->keys = 1000000;
    vertex(1)->state_per_key = 1000;
}

/* 1,000 new keys of 1,000 bytes per second: 10 MB are full 10.05 s (K (1 - exp(-n / K)) keys) after
 * 150 ms of starting; looked at within a second. */
START_TEST(state_that_outgrows_memory_fails_the_task)
{
    keyed_job();
    f.hosts[1].machine.memory_bytes = 10000000;
    served(one_each, 1);
    model_fixture_run(&f, 9900 * TIME_MS); /* the number of keys is known to 1 % */
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FAILED), 0);
    model_fixture_run(&f, 11300 * TIME_MS);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FAILED), 1);
    ck_assert_int_eq(vec_last(&f.lines).task.cause, CAUSE_OUT_OF_MEMORY);
}
END_TEST

START_TEST(state_on_disk_needs_no_memory)
{
    keyed_job();
    f.hosts[1].machine.memory_bytes = 10000000;
    f.config.state_backend = STATE_BACKEND_ROCKSDB;
    served(one_each, 1);
    model_fixture_run(&f, TIME_MIN);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FAILED), 0);
}
END_TEST

/* All keys together are 1 GB: no look is ever needed. */
START_TEST(state_that_can_never_outgrow_memory_is_not_watched)
{
    keyed_job();
    f.hosts[1].machine.memory_bytes = 1000000000;
    served(one_each, 1);
    ck_assert_uint_eq(f.model->memory_look.generation, 0);
    model_fixture_run(&f, TIME_H);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FAILED), 0);
}
END_TEST

static time_ns stored(enum config_choice_STATE_BACKEND backend, bool local, bool incremental)
{
    make_job(PARTITION_HASH, TIME_US, TIME_US, 1000);
    vertex(1)->state_fixed = 1e8;
    f.config.state_backend = backend;
    f.config.local_backup = local;
    f.config.checkpoint_incremental = incremental;
    f.storage_bandwidth = 1e8;
    f.hosts[1].machine.disk_bps = f.hosts[2].machine.disk_bps = 50e6;
    served(two_each, 2);
    checkpoint_at(10 * TIME_S);
    model_fixture_run(&f, TIME_MIN);
    return model_fixture_acknowledged(&f, 1, 4) - 10 * TIME_S;
}

/* 100 MB at 100 MB/s into storage; of RocksDB they are read at 50 MB/s; copies are written there as
 * well, unless they are links. */
static const struct disk_case {
    enum config_choice_STATE_BACKEND backend;
    bool local, incremental;
    time_ns takes;
} disk_cases[] = {
    { STATE_BACKEND_HASHMAP, false, false, 1 * TIME_S },
    { STATE_BACKEND_HASHMAP, true, false, 2 * TIME_S },
    { STATE_BACKEND_ROCKSDB, false, false, 2 * TIME_S },
    { STATE_BACKEND_ROCKSDB, true, false, 4 * TIME_S },
    { STATE_BACKEND_ROCKSDB, true, true, 2 * TIME_S },
};

START_TEST(a_checkpoint_waits_for_the_disk_where_it_needs_it)
{
    const struct disk_case *c = &disk_cases[_i];
    ck_assert_int_le(llabs(stored(c->backend, c->local, c->incremental) - c->takes), TIME_MS);
}
END_TEST

/* 100 MB at 100 MB/s from storage, at 50 MB/s onto the disk. */
START_TEST(rocksdb_restores_onto_its_disk)
{
    make_job(PARTITION_HASH, TIME_US, TIME_US, 1000);
    f.config.state_backend = STATE_BACKEND_ROCKSDB;
    f.storage_bandwidth = 1e8;
    f.hosts[1].machine.disk_bps = 50e6;
    struct fixture_deployment how = { .parallelism = two_each, .hosts = hosts, .host_count = 2 };
    served(two_each, 2);
    checkpoint_at(10 * TIME_S);
    model_fixture_run(&f, 20 * TIME_S);
    model_fixture_cancel(&f, &how);
    model_fixture_run(&f, 21 * TIME_S);
    how.attempt = 1;
    how.checkpoint = 1;
    how.restore_bytes = 100000000;
    model_fixture_deploy(&f, &how);
    model_fixture_run(&f, 30 * TIME_S);
    ck_assert_int_eq(model_fixture_reported(&f, 2, EXECUTION_RUNNING) - 21 * TIME_S,
                     150 * TIME_MS + 2 * TIME_S);
}
END_TEST

Suite *test_model_hosts_suite(void)
{
    Suite *suite = suite_create("model_hosts");
    TCase *tcase = tcase_create("hosts");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_connection_carries_no_more_than_its_bandwidth);
    tcase_add_test(tcase, the_lesser_of_nic_and_connection_counts);
    tcase_add_test(tcase, a_connection_does_not_matter_inside_a_host);
    tcase_add_test(tcase, an_edge_has_bytes_and_selectivity_of_its_own);
    tcase_add_loop_test(tcase, a_slot_uses_no_more_than_its_cores, 0, 2);
    tcase_add_loop_test(tcase, tasks_of_a_slot_share_its_cores, 0, 2);
    tcase_add_test(tcase, all_full_slots_keep_their_tasks_waiting);
    tcase_add_test(tcase, a_slow_host_gives_less_of_a_core);
    tcase_add_test(tcase, a_slot_without_a_profile_has_no_limit_of_its_own);
    tcase_add_loop_test(tcase, a_default_slot_has_no_limit_whatever_its_group_asks_for, 0, 2);
    tcase_add_test(tcase, uploads_and_data_share_a_nic_fairly);
    tcase_add_loop_test(tcase, an_upload_gets_as_much_of_a_full_nic_as_it_has_connections, 0, 5);
    tcase_add_test(tcase, an_upload_gets_what_data_leaves);
    tcase_add_test(tcase, slow_storage_leaves_the_nic_to_data);
    tcase_add_test(tcase, state_that_outgrows_memory_fails_the_task);
    tcase_add_test(tcase, state_on_disk_needs_no_memory);
    tcase_add_test(tcase, state_that_can_never_outgrow_memory_is_not_watched);
    tcase_add_loop_test(tcase, a_checkpoint_waits_for_the_disk_where_it_needs_it, 0,
                        (int)(sizeof disk_cases / sizeof *disk_cases));
    tcase_add_test(tcase, rocksdb_restores_onto_its_disk);
    suite_add_tcase(suite, tcase);
    return suite;
}
