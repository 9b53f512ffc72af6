/* SPDX-License-Identifier: Apache-2.0
 *
 * The flow network against the same cluster written down without classes: a flow per source
 * subtask, a row per thread, per host and per direction of each NIC, every weight spelled out from
 * key shares and places. Random clusters of unequal hosts; rates must agree to 1e-9. And against a
 * simulation of single records through bounded buffers (tolerance 3 %).
 */
#include <check.h>
#include <math.h>

#include "core/base/rng.h"
#include "sim/model/state.h"
#include "tests/lib/dense_rows.h"
#include "tests/lib/model_fixture.h"

enum { TASKS_MAX = 8, CLUSTER_HOSTS = 4 };

static const struct job_id job_0 = { 0 };
static struct model_fixture f;

/* What a subtask of a source of job 0 flows with. */
static const struct net_class *class_of(uint32_t source, uint32_t subtask)
{
    const struct model_job *job = &f.model->jobs[0];
    const struct model_source *s = &job->sources.items[source];
    const struct net *net =
        net_of(f.model, &job->components.items[job->vertices[s->vertex].component]);
    return &net->classes.items[net->raws.items[s->first_raw + subtask].class];
}

struct cluster {
    uint32_t parallelism[2], host_of[2][TASKS_MAX], hosts[CLUSTER_HOSTS];
    double share[TASKS_MAX]; /* of the records, by count subtask */
    double slot_cores;       /* of each slot; 0: without a profile */
};

static double pick(struct rng *rng, const double *values, uint64_t count)
{
    return values[rng_below(rng, count)];
}

static void make_cluster(struct rng *rng, struct cluster *cluster)
{
    static const double cores[] = { 1, 2, 0.5, 16 }, speeds[] = { 1, 1, 0.5, 2 };
    static const double nics[] = { 0, 8e6, 2e7, 1e9 };
    static const double losses[] = { 0, 1e-4, 0.01, 0.01 };
    static const time_ns costs[] = { 0, 20 * TIME_US, 100 * TIME_US, 150 * TIME_US };
    bool loses = rng_below(rng, 2);
    model_fixture_init(&f);
    f.scenario.cluster.network.latency = distribution_constant(TIME_MS);
    f.scenario.cluster.network.loss = loses && rng_below(rng, 2) ? 0.001 : 0;
    struct vertex_model *source =
        model_fixture_vertex(&f, job_0, "source", 128, costs[rng_below(rng, 4)]);
    source->partitions = (int32_t)(1 + rng_below(rng, 40));
    struct vertex_model *count =
        model_fixture_vertex(&f, job_0, "count", 128, costs[1 + rng_below(rng, 3)]);
    count->wait_ns = rng_below(rng, 2) ? 30e3 : 0;
    if (rng_below(rng, 2)) {
        count->keys = 200;
        count->skew = SKEW_ZIPF;
        count->zipf = 1;
    }
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_HASH);
    model_fixture_load(&f, job_0, 0, 0, 1e6);
    for (uint32_t h = 0; h < CLUSTER_HOSTS; h++) {
        f.hosts[h].machine.cores = pick(rng, cores, 4);
        f.hosts[h].machine.network_bps = pick(rng, nics, 4);
        f.hosts[h].speed = pick(rng, speeds, 4);
        f.hosts[h].loss = loses ? pick(rng, losses, 4) : 0;
        cluster->hosts[h] = h;
    }
    static const double links[] = { 0, 1e6, 5e6, 1e7 }, slot_cores[] = { 0, 0, 0.25, 0.5 };
    f.scenario.cluster.network.bandwidth_bps = pick(rng, links, 4);
    cluster->slot_cores = pick(rng, slot_cores, 4);
    const struct resource_profile profile = { cluster->slot_cores <= 0,
                                              (int32_t)(cluster->slot_cores * 1000), 1 };
    job_graph_group(f.scenario.jobs.items[0].graph, "default", &profile);
    uint32_t hosts = 1 + (uint32_t)rng_below(rng, CLUSTER_HOSTS);
    for (int v = 0; v < 2; v++) {
        cluster->parallelism[v] = 1 + (uint32_t)rng_below(rng, TASKS_MAX);
        for (uint32_t s = 0; s < cluster->parallelism[v]; s++)
            cluster->host_of[v][s] = s % hosts;
    }
    model_fixture_start(&f);
    model_fixture_deploy(&f, &(struct fixture_deployment){ .job = job_0,
                                                           .parallelism = cluster->parallelism,
                                                           .hosts = cluster->hosts,
                                                           .host_count = hosts });
    model_fixture_run(&f, 10 * TIME_S);
    const struct model_vertex *built = &f.model->jobs[0].vertices[1];
    for (uint32_t s = 0; s < cluster->parallelism[1]; s++) {
        uint32_t first, last;
        shape_key_groups(f.model, built, s, &first, &last);
        cluster->share[s] = keyspace_record_share(built->keyspace, first, last);
    }
}

static const struct vertex_model *spec(int vertex)
{
    return &f.scenario.jobs.items[0].vertices.items[vertex];
}

static double thread_seconds(int vertex, uint32_t host)
{
    return spec(vertex)->cost_ns / 1e9 / f.hosts[host].speed + spec(vertex)->wait_ns / 1e9;
}

static void add_row(struct maxmin *dense, const struct cluster *cluster, double limit,
                    const double *weights)
{
    struct maxmin_term terms[TASKS_MAX];
    for (uint32_t s = 0; s < cluster->parallelism[0]; s++)
        terms[s] = (struct maxmin_term){ s, weights[s] };
    dense_row_add(dense, limit, terms, cluster->parallelism[0], NULL);
}

/* Of a limit that is shared: what the sources load it with by themselves, alike for all of a host,
 * each by so many users; what all records do, and the part of that which the largest user takes. */
struct shared_load {
    double own[TASKS_MAX], users, all, largest;
};

static void add_shared(struct maxmin *dense, const struct cluster *cluster, double limit,
                       const struct shared_load *load)
{
    struct maxmin_term terms[TASKS_MAX];
    double peaks[TASKS_MAX + 1];
    uint32_t count = 0;
    for (uint32_t s = 0; s < cluster->parallelism[0]; s++)
        if (load->own[s] > 0) {
            terms[count] = (struct maxmin_term){ s, load->own[s] };
            peaks[count++] = load->own[s] / load->users;
        }
    peaks[count] = load->largest;
    maxmin_share_row(dense, dense_row_add(dense, limit, terms, count, &load->all), peaks);
}

static void add_host(struct maxmin *dense, const struct cluster *cluster, uint32_t host)
{
    struct shared_load cpu = { .users = 1 }, out = { 0 }, in = { 0 };
    double consumed = 0, senders = 0, readers = 0;
    uint32_t sources = cluster->parallelism[0];
    for (uint32_t c = 0; c < cluster->parallelism[1]; c++) {
        if (cluster->host_of[1][c] != host)
            continue;
        readers++;
        consumed += cluster->share[c];
        cpu.largest = fmax(cpu.largest, cluster->share[c] * spec(1)->cost_ns / 1e9);
    }
    for (uint32_t s = 0; s < sources; s++)
        senders += cluster->host_of[0][s] == host;
    cpu.all = consumed * spec(1)->cost_ns / 1e9;
    in.all = 100 * consumed * (1 - senders / sources);
    in.largest = in.all / fmax(1, (sources - senders) * readers);
    out.users = fmax(1, cluster->parallelism[1] - readers);
    for (uint32_t s = 0; s < sources; s++)
        if (cluster->host_of[0][s] == host) {
            cpu.own[s] = spec(0)->cost_ns / 1e9;
            out.own[s] = 100 * (1 - consumed);
        }
    add_shared(dense, cluster, f.hosts[host].machine.cores * f.hosts[host].speed, &cpu);
    if (f.hosts[host].machine.network_bps > 0) {
        add_shared(dense, cluster, f.hosts[host].machine.network_bps / 8, &out);
        add_shared(dense, cluster, f.hosts[host].machine.network_bps / 8, &in);
    }
}

/* Subtask s of both vertices is in slot s. */
static void add_slot(struct maxmin *dense, const struct cluster *cluster, uint32_t slot)
{
    struct shared_load cpu = { .users = 1 };
    uint32_t host =
        slot < cluster->parallelism[0] ? cluster->host_of[0][slot] : cluster->host_of[1][slot];
    if (slot < cluster->parallelism[1])
        cpu.all = cpu.largest = cluster->share[slot] * spec(1)->cost_ns / 1e9;
    if (slot < cluster->parallelism[0])
        cpu.own[slot] = spec(0)->cost_ns / 1e9;
    if (cluster->slot_cores > 0)
        add_shared(dense, cluster, cluster->slot_cores * f.hosts[host].speed, &cpu);
}

/* Padhye et al. 1998, equation 30, with b = 2, RTT 2 x 1 ms + 0.1 ms, and 200 ms more before a
 * packet is sent again. */
static double packet_seconds(double p)
{
    double rtt = 2.1e-3, rto = 0.2 + rtt;
    return rtt * sqrt(4 * p / 3) + rto * fmin(1, 3 * sqrt(0.75 * p)) * p * (1 + 32 * p * p);
}

/* The bandwidth, and what TCP sends at that loss, of which 1 - p arrives. */
static double connection_bytes(uint32_t a, uint32_t b)
{
    double bandwidth = f.scenario.cluster.network.bandwidth_bps / 8;
    double passes =
        (1 - f.scenario.cluster.network.loss) * (1 - f.hosts[a].loss) * (1 - f.hosts[b].loss);
    if (bandwidth <= 0)
        bandwidth = INFINITY;
    if (passes == 1)
        return bandwidth;
    return fmin(bandwidth, passes * 1460 / packet_seconds(1 - passes));
}

static void add_connection(struct maxmin *dense, const struct cluster *cluster, uint32_t from,
                           uint32_t to, uint32_t hosts)
{
    struct shared_load bytes = { 0 };
    double consumed = 0, readers = 0, rate = connection_bytes(from, to);
    for (uint32_t c = 0; c < cluster->parallelism[1]; c++) {
        consumed += cluster->host_of[1][c] == to ? cluster->share[c] : 0;
        readers += cluster->host_of[1][c] == from;
    }
    for (uint32_t s = 0; s < cluster->parallelism[0]; s++)
        bytes.own[s] = cluster->host_of[0][s] == from ? 100 * consumed / rate : 0;
    bytes.users = fmax(1, fmax(1, cluster->parallelism[1] - readers) / (hosts - 1));
    if (from != to && rate < INFINITY)
        add_shared(dense, cluster, 1, &bytes);
}

static uint32_t hosts_used(const struct cluster *cluster)
{
    uint32_t most = 0;
    for (int v = 0; v < 2; v++)
        for (uint32_t s = 0; s < cluster->parallelism[v]; s++)
            most = cluster->host_of[v][s] > most ? cluster->host_of[v][s] : most;
    return most + 1;
}

START_TEST(classes_carry_what_single_flows_would)
{
    struct rng rng = rng_stream(31, "network", (uint64_t)_i);
    struct maxmin dense = { 0 };
    struct cluster cluster;
    make_cluster(&rng, &cluster);
    maxmin_clear(&dense, 1);
    for (uint32_t s = 0; s < cluster.parallelism[0]; s++) {
        double busy = thread_seconds(0, cluster.host_of[0][s]);
        bool reads = s < f.model->jobs[0].sources.items[0].layout->partitions;
        maxmin_add_flow(&dense, 0, 1, reads ? fmin(1e9, busy > 0 ? 1 / busy : 1e9) : 0);
    }
    for (uint32_t c = 0; c < cluster.parallelism[1]; c++) {
        double weights[TASKS_MAX];
        for (uint32_t s = 0; s < cluster.parallelism[0]; s++)
            weights[s] = cluster.share[c] * thread_seconds(1, cluster.host_of[1][c]);
        add_row(&dense, &cluster, 1, weights);
    }
    for (uint32_t h = 0; h < CLUSTER_HOSTS; h++)
        add_host(&dense, &cluster, h);
    for (uint32_t slot = 0; slot < cluster.parallelism[0] || slot < cluster.parallelism[1]; slot++)
        add_slot(&dense, &cluster, slot);
    for (uint32_t pair = 0; pair < CLUSTER_HOSTS * CLUSTER_HOSTS; pair++)
        add_connection(&dense, &cluster, pair / CLUSTER_HOSTS, pair % CLUSTER_HOSTS,
                       hosts_used(&cluster));
    maxmin_solve(&dense);
    for (uint32_t s = 0; s < cluster.parallelism[0]; s++) {
        double got = class_of(0, s)->rate;
        double expected = dense.flows.items[s].rate;
        ck_assert_double_le(fabs(got - expected), 1e-9 * fmax(1, expected));
    }
    maxmin_fini(&dense);
    model_fixture_fini(&f);
}
END_TEST

/* Two sources, each before its own shuffle with its own skew, on equal hosts: which host is full
 * first depends on both, so no one of them stands for all. */
static void make_pair_of_shuffles(struct rng *rng, uint32_t hosts)
{
    static const uint32_t all[] = { 0, 1, 2, 3 };
    model_fixture_init(&f);
    for (int v = 0; v < 4; v++) {
        struct vertex_model *vertex =
            model_fixture_vertex(&f, job_0, (const char *[]){ "a", "b", "x", "y" }[v], 128,
                                 (time_ns)(20 + rng_below(rng, 100)) * TIME_US);
        double weight = 1;
        vertex->skew = SKEW_WEIGHTS;
        for (int g = 0; g < 128; g++) {
            weight = g % 32 == 0 ? 1 + (double)rng_below(rng, 5) : weight;
            vec_push(&vertex->weights, weight);
        }
    }
    model_fixture_edge(&f, job_0, 0, 2, PARTITION_HASH);
    model_fixture_edge(&f, job_0, 1, 3, PARTITION_HASH);
    model_fixture_load(&f, job_0, 0, 0, rng_below(rng, 2) ? 1e6 : 3000);
    model_fixture_load(&f, job_0, 1, 0, 1e6);
    for (uint32_t h = 0; h < hosts; h++)
        f.hosts[h].machine.cores = 0.7;
    model_fixture_start(&f);
    model_fixture_deploy(
        &f, &(struct fixture_deployment){ .job = job_0,
                                          .parallelism = (uint32_t[]){ hosts, hosts, hosts, hosts },
                                          .hosts = all,
                                          .host_count = hosts });
    model_fixture_run(&f, 10 * TIME_S);
}

static double share_of(uint32_t vertex, uint32_t subtask)
{
    const struct model_vertex *built = &f.model->jobs[0].vertices[vertex];
    uint32_t first, last;
    shape_key_groups(f.model, built, subtask, &first, &last);
    return keyspace_record_share(built->keyspace, first, last);
}

START_TEST(hosts_full_for_different_reasons_are_kept_apart)
{
    struct rng rng = rng_stream(32, "network", (uint64_t)_i);
    struct maxmin dense = { 0 };
    uint32_t hosts = 2 + (uint32_t)rng_below(&rng, 3);
    make_pair_of_shuffles(&rng, hosts);
    maxmin_clear(&dense, 2);
    for (uint32_t k = 0; k < 2; k++)
        for (uint32_t s = 0; s < hosts; s++) {
            double demand = class_of(k, s)->demand;
            maxmin_add_flow(&dense, k, 1, fmin(1e9 / spec((int)k)->cost_ns, demand));
        }
    for (uint32_t h = 0; h < hosts; h++) {
        double thread_x[] = { share_of(2, h) * spec(2)->cost_ns / 1e9, 0 };
        double thread_y[] = { 0, share_of(3, h) * spec(3)->cost_ns / 1e9 };
        double cores[] = { thread_x[0], thread_y[1] };
        struct maxmin_term own[] = { { h, spec(0)->cost_ns / 1e9 },
                                     { hosts + h, spec(1)->cost_ns / 1e9 } };
        dense_row_add(&dense, 1, NULL, 0, thread_x);
        dense_row_add(&dense, 1, NULL, 0, thread_y);
        dense_row_share(&dense, dense_row_add(&dense, 0.7, own, 2, cores));
    }
    maxmin_solve(&dense);
    for (uint32_t k = 0; k < 2; k++)
        for (uint32_t s = 0; s < hosts; s++) {
            double expected = dense.flows.items[k * hosts + s].rate;
            ck_assert_double_le(fabs(class_of(k, s)->rate - expected), 1e-9 * fmax(1, expected));
        }
    maxmin_fini(&dense);
    model_fixture_fini(&f);
}
END_TEST

/* Style: cost follows classes. Twenty equal hosts under their core limit are one class; where the
 * groups of their readers do not go up in them (128 are 6 or 7 each), two. */
static const struct {
    int32_t key_groups;
    uint32_t classes;
} even[] = { { 120, 1 }, { 128, 2 } };

START_TEST(hosts_that_are_loaded_alike_are_one_class)
{
    static uint32_t hosts[20];
    int32_t groups = even[_i].key_groups;
    uint32_t classes = even[_i].classes;
    model_fixture_init(&f);
    model_fixture_vertex(&f, job_0, "source", groups, 50 * TIME_US)->partitions = 40;
    model_fixture_vertex(&f, job_0, "count", groups, 100 * TIME_US);
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_HASH);
    model_fixture_load(&f, job_0, 0, 0, 1e6);
    for (uint32_t h = 0; h < 20; h++) {
        f.hosts[h].machine.cores = 1;
        hosts[h] = h;
    }
    model_fixture_start(&f);
    model_fixture_deploy(&f, &(struct fixture_deployment){ .job = job_0,
                                                           .parallelism = (uint32_t[]){ 20, 20 },
                                                           .hosts = hosts,
                                                           .host_count = 20 });
    model_fixture_run(&f, 10 * TIME_S);
    const struct net *net = net_of(f.model, &f.model->jobs[0].components.items[0]);
    ck_assert_uint_eq(net->classes.count, classes);
    ck_assert_uint_le(net->problem.rows.count, 2 * classes);
    ck_assert_uint_eq(f.model->jobs[0].sources.items[0].groups.count, classes);
    model_fixture_fini(&f);
}
END_TEST

/* Single records from two sources that always have some, to three readers with room for 2,000 each;
 * a source whose record finds no room waits with it. Gives records per second. */
static double simulate_bounded_buffers(const double *share, double service, double source_cost)
{
    enum { ROOM = 2000, RECORDS = 400000 };
    struct rng rng = rng_stream(3, "records", 0);
    double free_at[3] = { 0 }, now[2] = { 0 };
    static double leaves[3][ROOM]; /* when the last ROOM records of each reader had left */
    uint64_t count[3] = { 0 };
    memset(leaves, 0, sizeof leaves);
    for (int n = 0; n < RECORDS; n++) {
        int source = now[0] <= now[1] ? 0 : 1, reader = 0;
        double u = rng_unit(&rng);
        for (; reader < 2 && u >= share[reader]; reader++)
            u -= share[reader];
        double *slot = &leaves[reader][count[reader]++ % ROOM];
        now[source] = fmax(now[source] + source_cost, *slot); /* room again */
        free_at[reader] = fmax(free_at[reader], now[source]) + service;
        *slot = free_at[reader];
    }
    return RECORDS / fmax(free_at[0], fmax(free_at[1], free_at[2]));
}

START_TEST(throughput_agrees_with_single_records_through_bounded_buffers)
{
    static const uint32_t one_host[] = { 1 };
    model_fixture_init(&f);
    model_fixture_vertex(&f, job_0, "source", 128, 10 * TIME_US);
    struct vertex_model *count = model_fixture_vertex(&f, job_0, "count", 128, 100 * TIME_US);
    count->keys = 500;
    count->skew = SKEW_ZIPF;
    count->zipf = 0.8;
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_HASH);
    model_fixture_load(&f, job_0, 0, 0, 1e6);
    model_fixture_start(&f);
    model_fixture_deploy(&f, &(struct fixture_deployment){ .job = job_0,
                                                           .parallelism = (uint32_t[]){ 2, 3 },
                                                           .hosts = one_host,
                                                           .host_count = 1 });
    model_fixture_run(&f, 10 * TIME_S);
    double share[3];
    for (uint32_t s = 0; s < 3; s++) {
        uint32_t first, last;
        shape_key_groups(f.model, &f.model->jobs[0].vertices[1], s, &first, &last);
        share[s] = keyspace_record_share(f.model->jobs[0].vertices[1].keyspace, first, last);
    }
    double simulated = simulate_bounded_buffers(share, 100e-6, 10e-6);
    double modelled = model_fixture_job(&f, job_0).served_rate;
    ck_assert_double_eq_tol(modelled, simulated, 0.03 * simulated);
    model_fixture_fini(&f);
}
END_TEST

Suite *test_model_network_suite(void)
{
    Suite *suite = suite_create("model_network");
    TCase *tests = tcase_create("network");
    tcase_add_loop_test(tests, classes_carry_what_single_flows_would, 0, 300);
    tcase_add_loop_test(tests, hosts_full_for_different_reasons_are_kept_apart, 0, 100);
    tcase_add_loop_test(tests, hosts_that_are_loaded_alike_are_one_class, 0,
                        sizeof even / sizeof *even);
    tcase_add_test(tests, throughput_agrees_with_single_records_through_bounded_buffers);
    suite_add_tcase(suite, tests);
    return suite;
}
