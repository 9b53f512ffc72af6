/* SPDX-License-Identifier: Apache-2.0
 *
 * Links of their own against all pairs of hosts looked at one by one, on random networks: what a
 * byte costs on the slowest connection, which part of an edge takes which way, and how long senders
 * wait for credits. Equations: docs/model.md, lost packets, credits, latency.
 */
#include <check.h>
#include <math.h>

#include "core/base/rng.h"
#include "sim/model/latency.h"
#include "sim/model/passage.h"
#include "sim/model/state.h"
#include "tests/lib/model_fixture.h"

enum { HOSTS_MAX = 16, TASKS_MAX = 24, NETWORKS = 150, VERTICES = 3 };

static const struct job_id job_0 = { 0 };
static const double exactly = 1e-9;

static struct model_fixture f;
static struct rng rng;
static struct link_quality links[HOSTS_MAX][HOSTS_MAX]; /* of all pairs */
static uint32_t host_count;

static double any_of(const double *items, size_t count)
{
    return items[rng_below(&rng, count)];
}
#define ANY_OF(...)                                                                                \
    any_of((const double[]){ __VA_ARGS__ },                                                        \
           sizeof((const double[]){ __VA_ARGS__ }) / sizeof(double))

static time_ns any_latency(void)
{
    return (time_ns)ANY_OF(0, 1e5, 1e6, 5e6, 2e7, 2e7, 1e8);
}

static void setup(void)
{
    model_fixture_init(&f);
}

static void teardown(void)
{
    model_fixture_fini(&f);
}

/* Some with parts of the records by chance, more or less uneven. */
static void make_vertices(void)
{
    for (uint32_t v = 0; v < VERTICES; v++) {
        struct vertex_model *vertex =
            model_fixture_vertex(&f, job_0, (const char *[]){ "source", "map", "sink" }[v], 128,
                                 (time_ns)(1 + rng_below(&rng, 300)) * TIME_US);
        vertex->record_bytes = ANY_OF(100, 1000, 20000);
        if (v == 0 || rng_below(&rng, 3) == 0)
            continue;
        vertex->skew = SKEW_WEIGHTS;
        for (uint32_t group = 0; group < 128; group++)
            vec_push(&vertex->weights, rng_below(&rng, 4) == 0 ? 0 : rng_unit(&rng));
    }
    for (uint32_t v = 1; v < VERTICES; v++)
        model_fixture_edge(&f, job_0, v - 1, v,
                           (const enum partitioner[]){ PARTITION_HASH, PARTITION_HASH,
                                                       PARTITION_REBALANCE,
                                                       PARTITION_BROADCAST }[rng_below(&rng, 4)]);
    model_fixture_load(&f, job_0, 0, 0, 1e5);
}

static void make_hosts(void)
{
    struct network_spec *network = &f.scenario.cluster.network;
    bool is_uneven = rng_below(&rng, 2) == 0;
    host_count = 2 + (uint32_t)rng_below(&rng, HOSTS_MAX - 1);
    network->latency = distribution_constant(any_latency());
    network->bandwidth_bps = ANY_OF(0, 0, 1e7);
    network->loss = ANY_OF(0, 0, 0.01);
    for (uint32_t h = 0; h < host_count; h++) {
        f.hosts[h].machine.network_bps = is_uneven ? ANY_OF(0, 1e8, 1e9) : 1e9;
        f.hosts[h].speed = ANY_OF(0.5, 1, 1);
        f.hosts[h].loss = ANY_OF(0, 0, 0, 0.001, 0.01);
    }
}

/* Few or many, some of one host with all others, some no different from the network's. */
static void make_links(void)
{
    const struct network_spec *network = &f.scenario.cluster.network;
    const struct link_quality plain = { .latency = network->latency,
                                        .bandwidth_bps = network->bandwidth_bps,
                                        .loss = network->loss };
    double part = ANY_OF(0.1, 0.3, 0.9, 1);
    bool has_hub = rng_below(&rng, 3) == 0;
    for (uint32_t a = 0; a < host_count; a++)
        for (uint32_t b = 0; b < a; b++) {
            struct link_quality own = plain;
            if (rng_below(&rng, 2) == 0)
                own.latency = distribution_constant(any_latency());
            own.more_latency = rng_below(&rng, 4) == 0 ? any_latency() : 0;
            own.bandwidth_bps = ANY_OF(own.bandwidth_bps, 1e6, 5e7, 0);
            own.loss = ANY_OF(own.loss, 0, 0.1);
            bool is_own = has_hub ? b == 0 : rng_unit(&rng) < part;
            links[a][b] = links[b][a] = is_own ? own : plain;
            if (is_own)
                model_fixture_link(&f, a, b, &own);
        }
}

static void deploy(void)
{
    uint32_t parallelism[VERTICES], host;
    struct fixture_deployment how = { .parallelism = parallelism, .hosts = &host, .host_count = 1 };
    for (uint32_t v = 0; v < VERTICES; v++)
        parallelism[v] = 1 + (uint32_t)rng_below(&rng, TASKS_MAX);
    for (uint32_t v = 0; v < VERTICES; v++)
        for (uint32_t s = 0; s < parallelism[v]; s++) {
            host = (uint32_t)rng_below(&rng, host_count);
            model_fixture_deploy_one(&f, &how, v, s);
        }
    model_fixture_run(&f, 10 * TIME_S);
}

/* The network of the job, and a shuffle of it. */
struct shuffle {
    const struct model_job *job;
    const struct component *component;
    const struct net *net;
    uint32_t edge;
};

static uint32_t slot_at(const struct shuffle *s, uint32_t place)
{
    return s->net->places.items[s->component->first_place + place].slot;
}

static uint32_t host_at(const struct shuffle *s, uint32_t place)
{
    return s->net->slots.items[slot_at(s, place)].host;
}

static size_t end_index(const struct shuffle *s, uint32_t place)
{
    return s->net->places.items[s->component->first_place + place].first_end +
           s->job->edge_slot[s->edge];
}

static const struct shuffle_end *end_at(const struct shuffle *s, uint32_t place)
{
    return &s->net->ends.items[end_index(s, place)];
}

/* Connections. */

static void check_wires(const struct shuffle *s)
{
    for (uint32_t a = 0; a < s->component->place_count; a++) {
        const struct fixture_host *from = &f.hosts[host_at(s, a)];
        double worst = 0;
        for (uint32_t b = 0; b < s->component->place_count; b++) {
            double part = end_at(s, b)->consumed;
            if (a != b && part > 0)
                worst =
                    fmax(worst,
                         part * link_quality_seconds_per_byte(&links[host_at(s, a)][host_at(s, b)],
                                                              from->machine.network_bps, from->loss,
                                                              f.hosts[host_at(s, b)].loss));
        }
        if (end_at(s, a)->producers > 0)
            ck_assert_double_eq(s->net->wires.items[end_index(s, a)], worst);
    }
}

/* Ways. */

static bool is_like(const struct passage_share *share, const struct link_quality *link,
                    uint32_t out, uint32_t in)
{
    return share->nic[TRANSFER_OUT] == out && share->nic[TRANSFER_IN] == in &&
           share->link_bytes_per_s == link->bandwidth_bps / 8 &&
           share->latency.low == link->latency.low && share->more_latency == link->more_latency;
}

static double seconds_of(const struct distribution *latency, time_ns more)
{
    return (double)(distribution_mean(latency) + more) / 1e9;
}

/* Where kinds may have been joined, their mean. */
static void check_passages(const struct shuffle *s)
{
    const struct vertex_flow *flow =
        &s->job->vertices[s->job->spec->graph->edges.items[s->edge].consumer.n].flow;
    const struct nic_loads *nics = &s->net->nic_loads;
    double left[PASSAGE_KINDS_MAX] = { 0 }, all = 0, mean = 0, found = 0;
    size_t first = s->job->edge_passages[s->edge], count = flow->passages.count - first;
    bool is_joined = count >= PASSAGE_KINDS_MAX - 1;
    for (size_t i = 0; i < count; i++) {
        const struct passage_share *share = &flow->passages.items[first + i];
        found += share->weight * seconds_of(&share->latency, share->more_latency);
        left[i] = share->weight;
    }
    for (uint32_t a = 0; a < s->component->place_count; a++)
        for (uint32_t b = 0; b < s->component->place_count; b++)
            all += end_at(s, a)->produced * end_at(s, b)->consumed;
    for (uint32_t a = 0; a < s->component->place_count; a++)
        for (uint32_t b = 0; b < s->component->place_count; b++) {
            const struct link_quality none = { 0 };
            const struct link_quality *link = a == b ? &none : &links[host_at(s, a)][host_at(s, b)];
            double weight = end_at(s, a)->produced * end_at(s, b)->consumed / all;
            uint32_t out = a == b ? NONE : nics->kind_of[TRANSFER_OUT].items[slot_at(s, a)];
            uint32_t in = a == b ? NONE : nics->kind_of[TRANSFER_IN].items[slot_at(s, b)];
            size_t i = 0;
            mean += weight * seconds_of(&link->latency, link->more_latency);
            while (i < count && !is_like(&flow->passages.items[first + i], link, out, in))
                i++;
            ck_assert(i < count || is_joined || weight == 0);
            if (i < count)
                left[i] -= weight;
        }
    ck_assert_double_eq_tol(found, mean, is_joined ? 1e-7 : exactly * fmax(mean, 1e-3));
    for (size_t i = 0; i < count && !is_joined; i++)
        ck_assert_double_eq_tol(left[i], 0, exactly);
}

/* Credits. */

struct gate {
    double share, all, read, level;
};

struct credits {
    const struct shuffle *shuffle;
    struct gate gates[HOSTS_MAX];
    double made, records, exclusive, floating, most;
};

static double trip(const struct credits *c, uint32_t a, uint32_t b)
{
    const struct link_quality *link = &links[host_at(c->shuffle, a)][host_at(c->shuffle, b)];
    return 2 * seconds_of(&link->latency, link->more_latency);
}

/* All channels of the gate go equally fast, where they use floating buffers. */
static double level_of(const struct credits *c, uint32_t reader)
{
    double level = INFINITY, before;
    do {
        double loops = 0, buffers = c->floating;
        before = level;
        for (uint32_t p = 0; p < c->shuffle->component->place_count; p++) {
            double loop = trip(c, p, reader) + c->gates[reader].read;
            double channels = end_at(c->shuffle, p)->producers;
            if (p == reader || !(level * loop > c->exclusive))
                continue;
            loops += channels * loop;
            buffers += channels * c->exclusive;
        }
        if (loops > 0)
            level = fmin(level, buffers / loops);
    } while (level < before);
    return level;
}

static void find_gates(struct credits *c)
{
    const struct shuffle *s = c->shuffle;
    const struct job_edge *edge = &s->job->spec->graph->edges.items[s->edge];
    struct model_vertex *to = &s->job->vertices[edge->consumer.n];
    bool broadcast = edge->partitioner == PARTITION_BROADCAST;
    for (uint32_t p = 0; p < s->component->place_count; p++) {
        struct gate *gate = &c->gates[p];
        for (uint32_t r = 0; r < to->parallelism; r++) {
            double share = shape_edge_share(f.model, to, edge->partitioner, r);
            if (f.model->tasks.items[to->life.current.items[r]].life.host != host_at(s, p))
                continue;
            gate->share = fmax(gate->share, share);
            gate->all += broadcast ? share / to->parallelism : share;
        }
        gate->read = c->records * vertex_service(to, f.hosts[host_at(s, p)].speed, 1);
        gate->level = level_of(c, p);
    }
}

/* Of a sender there: seconds per record. */
static double wait_at(const struct credits *c, uint32_t place, uint32_t readers)
{
    double slowest = 0, under_way = 0;
    for (uint32_t p = 0; p < c->shuffle->component->place_count; p++) {
        const struct gate *gate = &c->gates[p];
        double way = trip(c, place, p), loop = way + gate->read;
        double least = fmax(fmin(c->exclusive, c->most), 1);
        double window = fmax(fmin(fmax(c->exclusive, gate->level * loop), c->most), 1);
        if (p == place || gate->share == 0 || way <= (least - 1) * gate->read)
            continue;
        slowest = fmax(slowest, gate->share * loop / window);
        under_way += gate->all * loop;
    }
    double pool = config_output_buffers(&f.scenario.jobs.items[0].graph->config, readers);
    return slowest > 0 ? fmax(slowest, under_way / pool) * c->made / c->records : 0;
}

static void check_credits(const struct shuffle *s)
{
    const struct job_graph *graph = s->job->spec->graph;
    const struct job_edge *edge = &graph->edges.items[s->edge];
    const struct model_vertex *from = &s->job->vertices[edge->producer.n];
    uint32_t readers = s->job->vertices[edge->consumer.n].parallelism;
    struct credits c = {
        .shuffle = s,
        .made = shape_edge_records(s->job->spec, edge),
        .records = (double)graph->config.buffer_size / shape_edge_bytes(s->job->spec, edge),
        .exclusive = (double)graph->config.buffers_per_channel,
        .floating = (double)graph->config.buffers_per_gate,
        .most = edge->partitioner == PARTITION_BROADCAST
                    ? config_output_buffers(&graph->config, readers)
                    : CONFIG_CHANNEL_BUFFERS_MAX,
    };
    if (from->flow.first_window == NONE)
        return; /* nobody waits */
    find_gates(&c);
    for (uint32_t sender = 0; sender < from->parallelism; sender++) {
        uint32_t host = f.model->tasks.items[from->life.current.items[sender]].life.host, p = 0;
        while (host_at(s, p) != host)
            p++;
        double wait = wait_at(&c, p, readers);
        double seconds = s->net->windows.items[from->flow.first_window + sender].seconds;
        ck_assert_double_eq_tol(seconds, wait, exactly * wait + 1e-15);
    }
}

START_TEST(links_of_their_own_count_as_if_all_pairs_were_looked_at)
{
    rng = rng_stream(1, "net pairs", (uint64_t)_i);
    make_vertices();
    make_hosts();
    make_links();
    model_fixture_start(&f);
    deploy();
    struct model_job *job = &f.model->jobs[0];
    const struct component *component = &job->components.items[0];
    struct shuffle s = { job, component, net_of(f.model, component), 0 };
    for (s.edge = 0; s.edge + 1 < VERTICES && component->place_count > 1; s.edge++) {
        passage_mean(f.model, job, component, s.edge, NULL);
        check_wires(&s);
        check_passages(&s);
        check_credits(&s);
    }
}
END_TEST

Suite *test_model_net_pair_suite(void)
{
    Suite *suite = suite_create("model_net_pair");
    TCase *tests = tcase_create("pairs");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, links_of_their_own_count_as_if_all_pairs_were_looked_at, 0,
                        NETWORKS);
    suite_add_tcase(suite, tests);
    return suite;
}
