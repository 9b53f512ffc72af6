/* SPDX-License-Identifier: Apache-2.0
 *
 * Which components share a network, and when networks are built anew. Random clusters of several
 * jobs against one max-min problem over all of them, written out in full: rates must agree to 1e-9
 * although each network is solved for itself. Links that are cut, against asking for every pair.
 */
#include <check.h>
#include <math.h>

#include "core/base/rng.h"
#include "sim/model/state.h"
#include "tests/lib/dense_rows.h"
#include "tests/lib/model_fixture.h"

enum { JOBS_MAX = 5, HOSTS = 6, TASKS_MAX = 4 };

static struct model_fixture f;

/* Each job is a source before a shuffle; subtask s of both is on hosts[s]. */
struct random_job {
    uint32_t parallelism, hosts[TASKS_MAX];
    time_ns costs[2];
};

static struct component *component_of(uint32_t job)
{
    return &f.model->jobs[job].components.items[0];
}

static const struct net *net_of_job(uint32_t job)
{
    return net_of(f.model, component_of(job));
}

static const struct net_class *class_of(uint32_t job, uint32_t subtask)
{
    const struct net *net = net_of_job(job);
    const struct model_source *source = &f.model->jobs[job].sources.items[0];
    return &net->classes.items[net->raws.items[source->first_raw + subtask].class];
}

static void add_job(uint32_t number, time_ns source_cost, time_ns count_cost, double rate)
{
    struct job_id job = { 0 };
    if (number > 0)
        job = model_fixture_add_job(&f);
    ck_assert_uint_eq(job.n, number);
    model_fixture_vertex(&f, job, "source", 128, source_cost)->partitions = 12;
    model_fixture_vertex(&f, job, "count", 128, count_cost);
    model_fixture_edge(&f, job, 0, 1, PARTITION_HASH);
    model_fixture_load(&f, job, 0, 0, rate);
}

static void deploy(uint32_t job, const uint32_t *hosts, uint32_t count)
{
    model_fixture_deploy(&f,
                         &(struct fixture_deployment){ .job = { job },
                                                       .parallelism = (uint32_t[]){ count, count },
                                                       .hosts = hosts,
                                                       .host_count = count });
}

static void pick_hosts(struct rng *rng, struct random_job *job)
{
    uint32_t taken = 0;
    job->parallelism = 1 + (uint32_t)rng_below(rng, TASKS_MAX);
    for (uint32_t s = 0; s < job->parallelism; s++) {
        do
            job->hosts[s] = (uint32_t)rng_below(rng, HOSTS);
        while (taken >> job->hosts[s] & 1);
        taken |= 1u << job->hosts[s];
    }
}

static uint32_t make_cluster(struct rng *rng, struct random_job *jobs)
{
    static const double cores[] = { 16, 16, 1, 0.5 };
    uint32_t count = 2 + (uint32_t)rng_below(rng, JOBS_MAX - 1);
    model_fixture_init(&f);
    for (uint32_t h = 0; h < HOSTS; h++)
        f.hosts[h].machine.cores = cores[rng_below(rng, 4)];
    for (uint32_t j = 0; j < count; j++) {
        for (int v = 0; v < 2; v++)
            jobs[j].costs[v] = (time_ns)(20 + rng_below(rng, 100)) * TIME_US;
        pick_hosts(rng, &jobs[j]);
        add_job(j, jobs[j].costs[0], jobs[j].costs[1], rng_below(rng, 3) ? 1e6 : 2000);
    }
    model_fixture_start(&f);
    for (uint32_t j = 0; j < count; j++) {
        deploy(j, jobs[j].hosts, jobs[j].parallelism);
        model_fixture_run(&f, (j + 1) * TIME_S);
    }
    return count;
}

static double count_share(uint32_t job, uint32_t subtask)
{
    const struct model_vertex *built = &f.model->jobs[job].vertices[1];
    uint32_t first, last;
    shape_key_groups(f.model, built, subtask, &first, &last);
    return keyspace_record_share(built->keyspace, first, last);
}

/* A flow per source subtask, a row per thread behind a shuffle and per host; the sums are jobs. */
static void write_dense(struct maxmin *dense, const struct random_job *jobs, uint32_t count)
{
    struct maxmin_term terms[HOSTS][JOBS_MAX];
    uint32_t term_count[HOSTS] = { 0 };
    double cores[HOSTS][JOBS_MAX] = { { 0 } };
    maxmin_clear(dense, count);
    for (uint32_t j = 0; j < count; j++)
        for (uint32_t s = 0; s < jobs[j].parallelism; s++) {
            uint32_t h = jobs[j].hosts[s];
            double own = (double)jobs[j].costs[0] / 1e9, bound = class_of(j, s)->demand;
            terms[h][term_count[h]++] =
                (struct maxmin_term){ maxmin_add_flow(dense, j, 1, fmin(1 / own, bound)), own };
            cores[h][j] = count_share(j, s) * (double)jobs[j].costs[1] / 1e9;
        }
    for (uint32_t h = 0; h < HOSTS; h++) {
        for (uint32_t j = 0; j < count; j++) {
            double thread[JOBS_MAX] = { 0 };
            thread[j] = cores[h][j];
            if (thread[j] > 0)
                dense_row_add(dense, 1, NULL, 0, thread);
        }
        dense_row_share(dense, dense_row_add(dense, f.hosts[h].machine.cores, terms[h],
                                             term_count[h], cores[h]));
    }
}

/* Has the network of the job a row of that host? */
static bool has_host_row(uint32_t job, uint32_t host)
{
    bool any = false;
    for (VEC_EACH(const struct net_slot, slot, &net_of_job(job)->slots))
        any |= slot->host == host && net_slot_is_kept(slot);
    return any;
}

START_TEST(jobs_in_networks_of_their_own_get_what_one_problem_over_all_gives)
{
    struct rng rng = rng_stream(33, "networks", (uint64_t)_i);
    struct random_job jobs[JOBS_MAX];
    struct maxmin dense = { 0 };
    uint32_t count = make_cluster(&rng, jobs), flow = 0;
    write_dense(&dense, jobs, count);
    maxmin_solve(&dense);
    for (uint32_t j = 0; j < count; j++)
        for (uint32_t s = 0; s < jobs[j].parallelism; s++) {
            double expected = dense.flows.items[flow++].rate;
            ck_assert_double_le(fabs(class_of(j, s)->rate - expected), 1e-9 * fmax(1, expected));
        }
    for (uint32_t a = 0; a < count; a++) /* jobs on a host that can be filled are together */
        for (uint32_t b = 0; b < a; b++)
            for (uint32_t s = 0; s < jobs[a].parallelism; s++)
                for (uint32_t t = 0; t < jobs[b].parallelism; t++)
                    if (jobs[a].hosts[s] == jobs[b].hosts[t] && has_host_row(a, jobs[a].hosts[s]))
                        ck_assert_ptr_eq(net_of_job(a), net_of_job(b));
    maxmin_fini(&dense);
    model_fixture_fini(&f);
}
END_TEST

static void start_two(double cores, const uint32_t *hosts, const uint32_t *other_hosts)
{
    model_fixture_init(&f);
    for (uint32_t h = 0; h < HOSTS; h++)
        f.hosts[h].machine.cores = cores;
    add_job(0, 50 * TIME_US, 100 * TIME_US, 1e6);
    add_job(1, 50 * TIME_US, 100 * TIME_US, 1e6);
    model_fixture_start(&f);
    deploy(0, hosts, 2);
    deploy(1, other_hosts, 2);
    model_fixture_run(&f, 10 * TIME_S);
}

static const uint32_t here[] = { 0, 1 }, also_here[] = { 1, 2 }, there[] = { 3, 4 };

START_TEST(a_host_that_cannot_be_filled_couples_nobody)
{
    start_two(4, here, also_here);
    ck_assert_ptr_ne(net_of_job(0), net_of_job(1));
    model_fixture_fini(&f);
    start_two(1.6, here, also_here);
    ck_assert_ptr_eq(net_of_job(0), net_of_job(1));
    model_fixture_fini(&f);
}
END_TEST

/* Job 0 begins and ends beside job 1: on hosts that both could fill they are built together, on
 * others job 1 is left as it was, with all its connections. */
START_TEST(a_network_is_built_anew_only_when_a_host_could_be_filled)
{
    static const uint32_t three[] = { 0, 1, 2 };
    model_fixture_init(&f);
    for (uint32_t h = 0; h < HOSTS; h++)
        f.hosts[h].machine.cores = _i ? 1 : 8;
    add_job(0, 50 * TIME_US, 100 * TIME_US, 1e6);
    add_job(1, 50 * TIME_US, 100 * TIME_US, 1e6);
    model_fixture_start(&f);
    deploy(1, three, 3);
    model_fixture_run(&f, 5 * TIME_S);
    uint64_t round = net_of_job(1)->round;
    uint32_t connections = f.model->hosts.items[1].connections;
    deploy(0, here, 2);
    model_fixture_run(&f, 10 * TIME_S);
    ck_assert_ptr_nonnull(net_of_job(0));
    ck_assert_int_eq(net_of_job(1)->round == round, _i == 0);
    ck_assert_int_eq(net_of_job(1) == net_of_job(0), _i == 1);
    ck_assert_uint_eq(connections, 2);
    ck_assert_uint_eq(f.model->hosts.items[1].connections, connections);
    model_job_ended(f.model, (struct job_id){ 0 }, false);
    ck_assert_int_eq(net_of_job(1)->round == round, _i == 0);
    ck_assert_uint_eq(f.model->hosts.items[1].connections, connections);
    model_job_ended(f.model, (struct job_id){ 1 }, false);
    ck_assert_uint_eq(f.model->hosts.items[1].connections, 1);
    model_fixture_fini(&f);
}
END_TEST

/* The one that stays gets all of the host, and a network of its own. */
START_TEST(a_job_that_ends_leaves_the_network)
{
    start_two(1, here, here);
    ck_assert_ptr_eq(net_of_job(0), net_of_job(1));
    double before = class_of(1, 0)->rate;
    model_job_ended(f.model, (struct job_id){ 0 }, false);
    ck_assert_ptr_null(net_of_job(0));
    ck_assert_double_gt(class_of(1, 0)->rate, 1.5 * before);
    ck_assert_uint_eq(net_of_job(1)->members.count, 1);
    model_fixture_fini(&f);
}
END_TEST

/* Job 0 goes straight through on each of two hosts of one core; of job 1 only a reader of a shuffle
 * is on the first of them. That host is full, and the other one still has its 5,000/s (200 us a
 * record): a full host holds up what feeds its shuffles and not what only has the same work. */
START_TEST(a_host_full_of_another_jobs_shuffle_holds_up_its_own_flows_only)
{
    struct job_id a = { 0 }, b;
    model_fixture_init(&f);
    b = model_fixture_add_job(&f);
    for (uint32_t j = 0; j < 2; j++) {
        struct job_id job = { j };
        model_fixture_vertex(&f, job, "source", 128, 100 * TIME_US);
        model_fixture_vertex(&f, job, "work", 128, 100 * TIME_US);
        model_fixture_edge(&f, job, 0, 1, j == 0 ? PARTITION_FORWARD : PARTITION_REBALANCE);
        model_fixture_load(&f, job, 0, 0, 30000);
    }
    for (uint32_t h = 1; h <= 2; h++)
        f.hosts[h].machine.cores = 1;
    model_fixture_start(&f);
    model_fixture_deploy(&f, &(struct fixture_deployment){ .job = a,
                                                           .parallelism = (uint32_t[]){ 2, 2 },
                                                           .hosts = (uint32_t[]){ 1, 2 },
                                                           .host_count = 2 });
    struct fixture_deployment how = { .job = b,
                                      .parallelism = (uint32_t[]){ 1, 2 },
                                      .hosts = (uint32_t[]){ 3, 1 },
                                      .host_count = 2 };
    model_fixture_deploy(&f, &how);
    model_fixture_run(&f, 10 * TIME_S);
    ck_assert_ptr_eq(net_of_job(0), net_of_job(1));
    ck_assert_double_eq_tol(class_of(0, 1)->rate, 5000, 1);
    ck_assert_double_lt(class_of(0, 0)->rate, 4000);
    model_fixture_fini(&f);
}
END_TEST

/* Only what shares hosts with the change is built anew. */
START_TEST(a_change_elsewhere_leaves_a_network_alone)
{
    start_two(1, here, there);
    uint64_t near = net_of_job(0)->round, far = net_of_job(1)->round;
    f.hosts[1].speed = 0.5;
    model_ops()->host_changed(f.model, (struct node_id){ 1 });
    model_fixture_run(&f, 11 * TIME_S);
    ck_assert_uint_ne(net_of_job(0)->round, near);
    ck_assert_uint_eq(net_of_job(1)->round, far);
    model_fixture_fini(&f);
}
END_TEST

START_TEST(hosts_that_change_at_one_instant_share_a_rebuild)
{
    start_two(1, here, here);
    uint64_t before = f.model->networks.refreshes;
    for (uint32_t h = 0; h < HOSTS; h++) {
        f.hosts[h].speed = 0.5;
        model_ops()->host_changed(f.model, (struct node_id){ h });
    }
    model_ops()->process_frozen(f.model, (struct node_id){ 1 }, true);
    ck_assert_uint_eq(f.model->networks.refreshes, before);
    model_fixture_run(&f, 10 * TIME_S); /* nothing but this instant */
    ck_assert_uint_eq(f.model->networks.refreshes, before + 1);
    ck_assert_double_eq(class_of(0, 1)->rate, 0);
    model_fixture_fini(&f);
}
END_TEST

/* Who looks in the middle of the instant sees what is so far. */
START_TEST(a_look_does_not_wait_for_the_rebuild)
{
    start_two(4, here, there);
    ck_assert_double_gt(model_fixture_job(&f, (struct job_id){ 0 }).served_rate, 0);
    model_ops()->process_frozen(f.model, (struct node_id){ 0 }, true);
    model_ops()->process_frozen(f.model, (struct node_id){ 1 }, true);
    ck_assert_double_eq(model_fixture_job(&f, (struct job_id){ 0 }).served_rate, 0);
    model_fixture_fini(&f);
}
END_TEST

/* Both loads step at 15 s, still within what the host carries, and at 20 s to more than that. */
START_TEST(loads_that_step_at_one_instant_are_answered_together)
{
    model_fixture_init(&f);
    f.hosts[0].machine.cores = 1;
    for (uint32_t j = 0; j < 2; j++) {
        add_job(j, 50 * TIME_US, 100 * TIME_US, 3000);
        model_fixture_load(&f, (struct job_id){ j }, 0, 15 * TIME_S, 3100);
        model_fixture_load(&f, (struct job_id){ j }, 0, 20 * TIME_S, 6000);
    }
    model_fixture_start(&f);
    deploy(0, (uint32_t[]){ 0 }, 1);
    deploy(1, (uint32_t[]){ 0 }, 1);
    model_fixture_run(&f, 14 * TIME_S);
    ck_assert_ptr_eq(net_of_job(0), net_of_job(1));
    model_fixture_run(&f, 16 * TIME_S);
    for (uint32_t j = 0; j < 2; j++)
        ck_assert_double_eq_tol(model_fixture_job(&f, (struct job_id){ j }).served_rate, 3100,
                                1e-6);
    model_fixture_run(&f, 21 * TIME_S);
    for (uint32_t j = 0; j < 2; j++) /* half a core for 150 us each */
        ck_assert_double_eq_tol(model_fixture_job(&f, (struct job_id){ j }).served_rate, 1e6 / 300,
                                1e-6);
    ck_assert_uint_eq(net_of_job(0)->stepped.count, 0);
    model_fixture_fini(&f);
}
END_TEST

static double served_by(uint32_t job)
{
    return model_fixture_job(&f, (struct job_id){ job }).served_rate;
}

/* One core. Job 0 wants 1.2 of it, job 1 needs 0.3, less than half: it gets all, as from a fair
 * scheduler, and not as many records as job 0. */
START_TEST(a_small_job_is_served_in_full_beside_one_that_fills_the_host)
{
    model_fixture_init(&f);
    f.hosts[0].machine.cores = 1;
    add_job(0, 100 * TIME_US, 1100 * TIME_US, 1000);
    add_job(1, 1 * TIME_US, 2 * TIME_US, 100e3);
    model_fixture_start(&f);
    deploy(0, here, 1);
    deploy(1, here, 1);
    model_fixture_run(&f, 10 * TIME_S);
    ck_assert_double_eq_tol(served_by(1), 100e3, 1e-3);
    ck_assert_double_eq_tol(served_by(0), 0.7 / 1200e-6, 1e-6);
    model_fixture_fini(&f);
}
END_TEST

/* Two hosts, 10 MB/s each. Half of all records cross: 25 MB/s are wanted by job 0, 0.25 by job 1.
 */
START_TEST(few_bytes_pass_a_nic_that_many_fill)
{
    model_fixture_init(&f);
    f.hosts[0].machine.network_bps = f.hosts[1].machine.network_bps = 80e6;
    add_job(0, 1 * TIME_US, 1 * TIME_US, 100);
    add_job(1, 1 * TIME_US, 1 * TIME_US, 10e3);
    f.scenario.jobs.items[0].vertices.items[0].record_bytes = 1e6;
    f.scenario.jobs.items[1].vertices.items[0].record_bytes = 100;
    model_fixture_start(&f);
    deploy(0, here, 2);
    deploy(1, here, 2);
    model_fixture_run(&f, 10 * TIME_S);
    ck_assert_double_eq_tol(served_by(1), 10e3, 1e-6);
    ck_assert_double_gt(served_by(0), 38);
    ck_assert_double_lt(served_by(0), 40);
    model_fixture_fini(&f);
}
END_TEST

/* Style: nothing quadratic. Each of n tasks on a full NIC has a transfer of its own, and a network
 * costs n to build: 200 tasks take new limits once in 50 ms, not each time one begins. */
START_TEST(a_large_network_takes_limits_of_its_nics_at_a_bounded_rate)
{
    model_fixture_init(&f);
    f.hosts[0].machine.network_bps = f.hosts[1].machine.network_bps = 80e6;
    f.scenario.cluster.dfs.bandwidth = 1e9;
    add_job(0, 1 * TIME_US, 1 * TIME_US, 1e6);
    model_fixture_start(&f);
    model_fixture_deploy(&f, &(struct fixture_deployment){ .job = { 0 },
                                                           .parallelism = (uint32_t[]){ 100, 100 },
                                                           .hosts = here,
                                                           .host_count = 2 });
    model_fixture_run(&f, 10 * TIME_S);
    double before = served_by(0);
    uint64_t refreshes = f.model->networks.refreshes;
    for (int i = 1; i <= 40; i++) {
        net_transfer_begins(f.model, 0, TRANSFER_OUT);
        model_fixture_run(&f, 10 * TIME_S + i * 10 * TIME_MS);
    }
    ck_assert_uint_ge(f.model->networks.refreshes - refreshes, 6);
    ck_assert_uint_le(f.model->networks.refreshes - refreshes, 9);
    model_fixture_run(&f, 11 * TIME_S); /* the last one counts as well: 1 connection of 41 there */
    ck_assert_double_eq_tol(served_by(0), (before + before / 41) / 2, 1e-6 * before);
    model_fixture_fini(&f);
}
END_TEST

static bool link_is_cut(uint32_t a, uint32_t b)
{
    return a != b && (f.hosts[a].cut || f.hosts[b].cut || f.hosts[a].cut_links >> b & 1);
}

/* Every sender with every reader of every job: what jams, who is not heard, whom a new reader could
 * not connect to. */
static void check_reach(const struct random_job *jobs, uint32_t count)
{
    for (uint32_t j = 0; j < count; j++) {
        const struct net *net = net_of_job(j);
        const struct component *component = component_of(j);
        const struct model_vertex *reader = &f.model->jobs[j].vertices[1];
        bool unheard = false;
        ck_assert_uint_eq(component->place_count, jobs[j].parallelism);
        for (uint32_t p = 0; p < component->place_count; p++) {
            const struct net_place *place = &net->places.items[component->first_place + p];
            uint32_t host = net->slots.items[place->slot].host, out_of_reach = 0, waits = 0;
            for (uint32_t s = 0; s < jobs[j].parallelism; s++)
                out_of_reach += link_is_cut(host, jobs[j].hosts[s]);
            for (uint32_t s = 0; s < jobs[j].parallelism; s++) /* for a retry, behind a cut */
                waits += stall_holds(f.model, host, jobs[j].hosts[s]);
            ck_assert_int_eq(net->ends.items[place->first_end].jams, out_of_reach + waits > 0);
            unheard |= out_of_reach + waits > 0;
            for (uint32_t s = 0; s < jobs[j].parallelism; s++)
                if (jobs[j].hosts[s] == host)
                    ck_assert_int_eq(
                        loss_is_out_of_reach(&f.model->life, reader->life.current.items[s]),
                        out_of_reach > 0);
        }
        ck_assert_int_eq(reader->flow.unheard, unheard);
    }
}

START_TEST(hosts_out_of_reach_are_those_no_link_leads_to)
{
    struct rng rng = rng_stream(34, "networks", (uint64_t)_i);
    struct random_job jobs[JOBS_MAX];
    uint32_t count = make_cluster(&rng, jobs);
    for (int round = 0; round < 20; round++) {
        uint32_t a = (uint32_t)rng_below(&rng, HOSTS), b = (uint32_t)rng_below(&rng, HOSTS);
        if (a == b)
            model_fixture_cut(&f, a, !f.hosts[a].cut);
        else
            model_fixture_cut_link(&f, a, b, rng_below(&rng, 2));
        model_fixture_run(&f, (20 + round) * TIME_S);
        check_reach(jobs, count);
    }
    model_fixture_fini(&f);
}
END_TEST

Suite *test_model_networks_suite(void)
{
    Suite *suite = suite_create("model_networks");
    TCase *tests = tcase_create("networks");
    tcase_add_loop_test(tests, jobs_in_networks_of_their_own_get_what_one_problem_over_all_gives, 0,
                        200);
    tcase_add_test(tests, a_host_that_cannot_be_filled_couples_nobody);
    tcase_add_loop_test(tests, a_network_is_built_anew_only_when_a_host_could_be_filled, 0, 2);
    tcase_add_test(tests, a_job_that_ends_leaves_the_network);
    tcase_add_test(tests, a_host_full_of_another_jobs_shuffle_holds_up_its_own_flows_only);
    tcase_add_test(tests, a_change_elsewhere_leaves_a_network_alone);
    tcase_add_test(tests, hosts_that_change_at_one_instant_share_a_rebuild);
    tcase_add_test(tests, a_look_does_not_wait_for_the_rebuild);
    tcase_add_test(tests, loads_that_step_at_one_instant_are_answered_together);
    tcase_add_test(tests, a_small_job_is_served_in_full_beside_one_that_fills_the_host);
    tcase_add_test(tests, few_bytes_pass_a_nic_that_many_fill);
    tcase_add_test(tests, a_large_network_takes_limits_of_its_nics_at_a_bounded_rate);
    tcase_add_loop_test(tests, hosts_out_of_reach_are_those_no_link_leads_to, 0, 30);
    suite_add_tcase(suite, tests);
    return suite;
}
