/* SPDX-License-Identifier: Apache-2.0
 *
 * What is used of the network: the fullest NIC and connection of a job's hosts, and whether they
 * are what holds it up. NICs of 8 Mbit/s (1 MB/s each way), records of 1,000 bytes.
 */
#include <check.h>

#include "tests/lib/model_fixture.h"

static const struct job_id job_0 = { 0 };
static const uint32_t hosts[] = { 1, 2, 3 };

static struct model_fixture f;
static struct vertex_model *count;

static void setup(void)
{
    model_fixture_init(&f);
    for (int h = 1; h <= 3; h++)
        f.hosts[h].machine.network_bps = 8e6;
    model_fixture_vertex(&f, job_0, "source", 128, 1 * TIME_US)->record_bytes = 1000;
    count = model_fixture_vertex(&f, job_0, "count", 128, 1 * TIME_US);
}

static void teardown(void)
{
    model_fixture_fini(&f);
}

static struct model_job_view run(enum partitioner partitioner, uint32_t sources, uint32_t readers,
                                 double rate)
{
    model_fixture_edge(&f, job_0, 0, 1, partitioner);
    model_fixture_load(&f, job_0, 0, 0, rate);
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, (uint32_t[]){ sources, readers }, hosts, 3);
    model_fixture_run(&f, 10 * TIME_S);
    return model_fixture_job(&f, job_0);
}

/* Two thirds of 900 records/s leave the host of the only source. */
START_TEST(the_fullest_nic_is_told_with_what_it_carries)
{
    struct model_job_view view = run(PARTITION_REBALANCE, 1, 3, 900);
    const struct network_use *nic = &view.network[NETWORK_NIC];
    ck_assert(nic->known);
    ck_assert_uint_eq(nic->host.n, 1);
    ck_assert_int_eq(nic->way, TRANSFER_OUT);
    ck_assert_double_eq_tol(nic->use, 0.6, 1e-9);
    ck_assert_double_eq_tol(nic->bytes_per_s, 600e3, 1e-3);
    ck_assert_double_eq(nic->limit_bytes_per_s, 1e6);
    ck_assert_uint_eq(nic->full, 0);
    ck_assert(!view.held[NETWORK_NIC]);
    ck_assert(!view.network[NETWORK_LINK].known); /* it has no limit of its own */
}
END_TEST

START_TEST(a_full_nic_that_holds_the_job_up_is_told)
{
    struct model_job_view view = run(PARTITION_REBALANCE, 3, 1, 9000);
    const struct network_use *nic = &view.network[NETWORK_NIC];
    ck_assert_uint_eq(nic->host.n, 1);
    ck_assert_int_eq(nic->way, TRANSFER_IN);
    ck_assert_double_eq_tol(nic->use, 1, 1e-9);
    ck_assert_uint_eq(nic->full, 1);
    ck_assert(view.held[NETWORK_NIC]);
    ck_assert(!view.held[NETWORK_LINK]);
}
END_TEST

/* All send as much as they receive. */
START_TEST(nics_that_are_full_are_counted)
{
    struct model_job_view view = run(PARTITION_REBALANCE, 3, 3, 90000);
    ck_assert_uint_eq(view.network[NETWORK_NIC].full, 3);
    ck_assert_uint_eq(view.network[NETWORK_NIC].host.n, 1);
}
END_TEST

START_TEST(a_job_held_up_by_a_thread_is_not_held_up_by_the_network)
{
    f.hosts[1].machine.network_bps = f.hosts[2].machine.network_bps =
        f.hosts[3].machine.network_bps = 8e12;
    struct model_job_view view = run(PARTITION_REBALANCE, 3, 3, 1e9);
    ck_assert_double_gt(view.backlog, 1);
    ck_assert(!view.held[NETWORK_NIC]);
    ck_assert_double_lt(view.network[NETWORK_NIC].use, 1);
}
END_TEST

/* The link from 1 to 3 takes a tenth of a MB/s: a third of what is read goes over it. */
START_TEST(a_full_link_is_told_with_both_its_ends)
{
    f.scenario.cluster.network.bandwidth_bps = 8e6;
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_REBALANCE);
    model_fixture_load(&f, job_0, 0, 0, 3000);
    model_fixture_start(&f);
    const struct link_quality slow = { .bandwidth_bps = 8e5 };
    model_fixture_link(&f, 1, 3, &slow);
    model_fixture_deploy_first(&f, (uint32_t[]){ 1, 3 }, hosts, 3);
    model_fixture_run(&f, 10 * TIME_S);
    struct model_job_view view = model_fixture_job(&f, job_0);
    const struct network_use *link = &view.network[NETWORK_LINK];
    ck_assert(link->known);
    ck_assert_uint_eq(link->host.n, 1);
    ck_assert_uint_eq(link->peer.n, 3);
    ck_assert_double_eq_tol(link->use, 1, 1e-9);
    ck_assert_double_eq_tol(link->bytes_per_s, 1e5, 1);
    ck_assert_double_eq_tol(link->limit_bytes_per_s, 1e5, 1e-3);
    ck_assert(view.held[NETWORK_LINK]);
    ck_assert(!view.held[NETWORK_NIC]);
    ck_assert_double_eq_tol(view.network[NETWORK_NIC].use, 0.2, 1e-3);
}
END_TEST

START_TEST(without_limits_nothing_is_told)
{
    for (int h = 1; h <= 3; h++)
        f.hosts[h].machine.network_bps = 0;
    struct model_job_view view = run(PARTITION_REBALANCE, 1, 3, 900);
    ck_assert(!view.network[NETWORK_NIC].known);
    ck_assert(!view.network[NETWORK_LINK].known);
}
END_TEST

/* State of 100 MB a task goes to storage at 0.7 MB/s; 0.2 MB/s of records leave the first host. */
START_TEST(transfers_to_storage_fill_a_nic_as_well)
{
    f.storage_bandwidth = 7e5;
    count->state_fixed = 100e6;
    run(PARTITION_REBALANCE, 1, 3, 300);
    const struct fixture_deployment how = { .parallelism = (uint32_t[]){ 1, 3 },
                                            .hosts = hosts,
                                            .host_count = 3 };
    model_fixture_trigger(&f, &how, 1, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 15 * TIME_S);
    struct model_job_view view = model_fixture_job(&f, job_0);
    const struct network_use *nic = &view.network[NETWORK_NIC];
    ck_assert_uint_eq(nic->host.n, 1);
    ck_assert_int_eq(nic->way, TRANSFER_OUT);
    ck_assert_double_eq_tol(nic->use, 0.9, 1e-9);
    ck_assert(!view.held[NETWORK_NIC]);
}
END_TEST

Suite *test_model_use_suite(void)
{
    Suite *suite = suite_create("model_use");
    TCase *tests = tcase_create("use");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, the_fullest_nic_is_told_with_what_it_carries);
    tcase_add_test(tests, a_full_nic_that_holds_the_job_up_is_told);
    tcase_add_test(tests, nics_that_are_full_are_counted);
    tcase_add_test(tests, a_job_held_up_by_a_thread_is_not_held_up_by_the_network);
    tcase_add_test(tests, a_full_link_is_told_with_both_its_ends);
    tcase_add_test(tests, without_limits_nothing_is_told);
    tcase_add_test(tests, transfers_to_storage_fill_a_nic_as_well);
    suite_add_tcase(suite, tests);
    return suite;
}
