/* SPDX-License-Identifier: Apache-2.0
 *
 * Buffers on the wire and in front of it, against records sent one by one through the sender's NIC,
 * the link and the reader's NIC, each of which passes on bytes as they come. Tolerance: 15 % of
 * each simulated percentile; figures by hand 2 %.
 */
#include <check.h>
#include <math.h>

#include "core/base/alloc.h"
#include "core/base/rng.h"
#include "sim/model/latency.h"
#include "sim/model/order.h"
#include "sim/model/state.h"
#include "tests/lib/draw.h"
#include "tests/lib/model_fixture.h"

enum { HOSTS_MAX = 4, RECORDS = 200000 };

static const struct job_id job_0 = { 0 };
static struct model_fixture f;

static void setup(void)
{
    model_fixture_init(&f);
    f.config.buffer_timeout = 0;
}

static void teardown(void)
{
    model_fixture_fini(&f);
}

/* Senders on hosts 1 to s, readers on the last r of all; records of a megabyte. */
struct wires {
    uint32_t senders, readers, hosts;
    double rate;      /* of all records */
    double nic, link; /* megabytes per second; 0: no limit */
    /* Seconds of work per record, of a sender, and of a reader on a host without senders. */
    double sends, reads;
};

static const struct wires cases[] = {
    { 1, 1, 2, 9, 10, 0, 0, 0 },
    { 1, 1, 2, 5, 10, 0, 0, 0 },
    { 1, 1, 2, 9, 1000, 10, 0, 0 },
    { 1, 1, 2, 9, 10, 10, 0, 0 },
    { 1, 1, 2, 4, 10, 5, 0, 0 },
    { 3, 1, 4, 8, 10, 0, 0, 0 },
    { 4, 4, 4, 40, 10, 0, 0, 0 },
    { 1, 3, 4, 8, 10, 0, 0, 0 },
    { 2, 2, 4, 17, 10, 0, 0, 0 },
    { 3, 3, 3, 24, 10, 0, 0, 0 },
    { 2, 2, 3, 17, 10, 0, 0, 0 },
    /* A wire and vertices in a row wait as vertices in a row do. */
    { 1, 1, 2, 8, 10, 0, 0.1, 0 },
    { 1, 1, 2, 8, 10, 0, 0, 0.1 },
    { 1, 1, 2, 8, 10, 0, 0, 0.08 },
    { 1, 1, 2, 8, 10, 0, 0.1, 0.1 },
    { 3, 1, 4, 9, 10, 0, 0, 0.099 },
    { 1, 3, 4, 9, 10, 0, 0.1, 0 },
};

static const double record_bytes = 1e6;

/* When its first byte goes through, if that could be there at `first` and the last one at `last`;
 * free_at: when the last one has. */
static double pass(double *free_at, double first, double last, double seconds)
{
    double begin = fmax(first, *free_at);
    *free_at = fmax(begin + seconds, last);
    return begin;
}

/* On its way: when its first and its last byte come to the reader's NIC, and it was sent. */
struct sent {
    uint32_t reader;
    double at, last;
};

/* Readers take records in the order in which they come. */
static void receive(const struct wires *w, const struct sent *sent, double *times, uint32_t *order)
{
    double in[HOSTS_MAX] = { 0 }, read[HOSTS_MAX] = { 0 }, nic = w->nic > 0 ? 1 / w->nic : 0;
    for (uint32_t i = 0; i < RECORDS; i++)
        order[i] = i;
    order_by_value(order, RECORDS, times, order + RECORDS);
    for (uint32_t i = 0; i < RECORDS; i++) {
        const struct sent *one = &sent[order[i]];
        double end = one->last;
        if (one->reader < HOSTS_MAX) {
            pass(&in[one->reader], times[order[i]], one->last, nic);
            end = read[one->reader] = fmax(in[one->reader], read[one->reader]) + w->reads;
        }
        times[order[i]] = end - one->at;
    }
}

static void simulate(const struct wires *w, struct rng *rng, double quantiles[3])
{
    static const double shares[] = { 0.5, 0.95, 0.99 };
    double out[HOSTS_MAX] = { 0 }, link[HOSTS_MAX][HOSTS_MAX] = { 0 }, now = 0;
    double made[HOSTS_MAX] = { 0 };
    double *times = mem_create_array(RECORDS, sizeof *times);
    struct sent *sent = mem_create_array(RECORDS, sizeof *sent);
    double nic = w->nic > 0 ? 1 / w->nic : 0, wire = w->link > 0 ? 1 / w->link : 0;
    uint32_t *order = mem_create_array(RECORDS, 2 * sizeof *order);
    for (uint32_t i = 0; i < RECORDS; i++) {
        now += draw_exponential(rng) / w->rate;
        uint32_t a = (uint32_t)rng_below(rng, w->senders);
        uint32_t b = w->hosts - w->readers + (uint32_t)rng_below(rng, w->readers);
        made[a] = fmax(now, made[a]) + w->sends;
        sent[i] = (struct sent){ HOSTS_MAX, now, made[a] };
        times[i] = made[a];
        if (a == b)
            continue;
        times[i] = pass(&link[a][b], pass(&out[a], made[a], made[a], nic), out[a], wire);
        sent[i] = (struct sent){ b, now, link[a][b] };
    }
    receive(w, sent, times, order);
    for (uint32_t i = 0; i < RECORDS; i++)
        order[i] = i;
    order_by_value(order, RECORDS, times, order + RECORDS);
    for (int q = 0; q < 3; q++)
        quantiles[q] = times[order[(size_t)(shares[q] * RECORDS)]];
    mem_destroy(sent);
    mem_destroy(times);
    mem_destroy(order);
}

/* No record comes before `begin`. */
static void start_late(const struct wires *w, double bytes, time_ns begin)
{
    static const uint32_t all[HOSTS_MAX] = { 1, 2, 3, 4 };
    struct fixture_deployment how = { .parallelism = (uint32_t[]){ w->senders, w->readers } };
    struct vertex_model *source =
        model_fixture_vertex(&f, job_0, "source", 128, (time_ns)(w->sends * (double)TIME_S));
    source->record_bytes = bytes;
    source->service_cv = 0;
    model_fixture_vertex(&f, job_0, "sink", 128, (time_ns)(w->reads * (double)TIME_S))->service_cv =
        0;
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_REBALANCE);
    if (begin > 0)
        model_fixture_load(&f, job_0, 0, 0, 0);
    model_fixture_load(&f, job_0, 0, begin, w->rate);
    f.scenario.cluster.network.bandwidth_bps = w->link * 8e6;
    for (uint32_t h = 0; h <= HOSTS_MAX; h++)
        f.hosts[h].machine.network_bps = w->nic * 8e6;
    model_fixture_start(&f);
    how.host_count = 1;
    for (uint32_t v = 0; v < 2; v++)
        for (uint32_t s = 0; s < how.parallelism[v]; s++) {
            how.hosts = &all[v == 0 ? s : w->hosts - w->readers + s];
            model_fixture_deploy_one(&f, &how, v, s);
        }
}

static void start(const struct wires *w, double bytes)
{
    start_late(w, bytes, 0);
}

START_TEST(records_wait_for_the_wire_as_simulated_ones_do)
{
    const struct wires *w = &cases[_i];
    struct rng rng = rng_stream(7, "wires", (uint64_t)_i);
    double simulated[3];
    simulate(w, &rng, simulated);
    start(w, record_bytes);
    model_fixture_run(&f, 10000 * TIME_S);
    struct model_job_view view = model_fixture_job(&f, job_0);
    for (int q = 0; q < 3; q++)
        ck_assert_msg(fabs(view.latency[q] - simulated[q]) <= 0.15 * simulated[q],
                      "percentile %d: %g instead of %g", q, view.latency[q], simulated[q]);
}
END_TEST

/* 1 MB each 10 s over 10 MB/s: 0.1 s, and no queue to speak of. */
START_TEST(a_record_takes_its_bytes_over_the_narrowest_part_of_the_way)
{
    start(&(struct wires){ 1, 1, 2, 0.1, 20, 10, 0, 0 }, record_bytes);
    model_fixture_run(&f, 1000 * TIME_S);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).latency[0], 0.1, 0.002);
}
END_TEST

/* In the long run as a load that was always there, also when a barrier was on the wire before it.
 */
START_TEST(a_load_that_begins_later_waits_as_one_that_was_there)
{
    double latency[2];
    for (int late = 0; late < 2; late++) {
        start_late(&(struct wires){ 1, 1, 2, 9, 10, 0, 0, 0 }, record_bytes, late * 100 * TIME_S);
        model_fixture_run(&f, 50 * TIME_S);
        latency_of_barrier(f.model, &f.model->jobs[0], 1);
        model_fixture_run(&f, 1000 * TIME_S);
        latency[late] = model_fixture_job(&f, job_0).latency[1];
        teardown();
        setup();
    }
    ck_assert_double_eq_tol(latency[1], latency[0], 0.01 * latency[0]);
}
END_TEST

/* What is alone on its host sends nothing. */
START_TEST(records_that_stay_on_their_host_need_no_wire)
{
    start(&(struct wires){ 1, 1, 1, 9, 10, 10, 0, 0 }, record_bytes);
    model_fixture_run(&f, 1000 * TIME_S);
    ck_assert_double_eq(model_fixture_job(&f, job_0).latency[2], 0);
}
END_TEST

/* Two jobs of 45 % each fill a NIC as one of 90 % does: M/D/1 waits 0.1 s rho / 2 (1 - rho). */
START_TEST(jobs_wait_for_each_others_bytes)
{
    struct job_id other = model_fixture_add_job(&f);
    model_fixture_vertex(&f, other, "source", 128, 0)->record_bytes = record_bytes;
    model_fixture_vertex(&f, other, "sink", 128, 0);
    model_fixture_edge(&f, other, 0, 1, PARTITION_REBALANCE);
    model_fixture_load(&f, other, 0, 0, 4.5);
    start(&(struct wires){ 1, 1, 2, 4.5, 10, 0, 0, 0 }, record_bytes);
    model_fixture_run(&f, 1000 * TIME_S);
    double alone = model_fixture_job(&f, job_0).latency[1];
    struct fixture_deployment how = { .job = other,
                                      .parallelism = (uint32_t[]){ 1, 1 },
                                      .hosts = (uint32_t[]){ 1 },
                                      .host_count = 1 };
    model_fixture_deploy_one(&f, &how, 0, 0);
    how.hosts = (uint32_t[]){ 2 };
    model_fixture_deploy_one(&f, &how, 1, 0);
    model_fixture_run(&f, 10000 * TIME_S);
    double both = model_fixture_job(&f, job_0).latency[1];
    teardown();
    setup();
    start(&(struct wires){ 1, 1, 2, 9, 10, 0, 0, 0 }, record_bytes);
    model_fixture_run(&f, 10000 * TIME_S);
    ck_assert_double_eq_tol(both, model_fixture_job(&f, job_0).latency[1], 0.02 * both);
    ck_assert_double_gt(both, 3 * alone);
}
END_TEST

/* A job of so many records per second beside so many that have more than the NIC takes. */
static const struct turn_case {
    double rate;
    uint32_t held;
} turn_cases[] = { { 4, 1 }, { 2, 1 }, { 2, 2 }, { 2.8, 2 } };

/* Channels send a record in turn; those of the others always have one. A NIC passes one each 0.1 s.
 */
static void simulate_turns(const struct turn_case *c, struct rng *rng, double quantiles[3])
{
    static const double shares[] = { 0.5, 0.95, 0.99 };
    double *times = mem_create_array(RECORDS, sizeof *times), now = 0;
    uint32_t *order = mem_create_array(RECORDS, 2 * sizeof *order), turn = 0;
    double next = draw_exponential(rng) / c->rate;
    for (uint32_t i = 0; i < RECORDS; now += 0.1, turn = turn == c->held ? 0 : turn + 1) {
        if (turn == 0 && next > now)
            turn = 1;
        if (turn > 0)
            continue;
        order[i] = i;
        times[i++] = now + 0.1 - next;
        next += draw_exponential(rng) / c->rate;
    }
    order_by_value(order, RECORDS, times, order + RECORDS);
    for (int q = 0; q < 3; q++)
        quantiles[q] = times[order[(size_t)(shares[q] * RECORDS)]];
    mem_destroy(times);
    mem_destroy(order);
}

/* Who gets its fair share waits for turns, and never for the backlog of those who do not; tolerance
 * 25 % of each simulated percentile. The held ones' own waits are their lag. */
START_TEST(a_job_with_its_fair_share_waits_for_the_turns_of_overloaded_ones)
{
    const struct turn_case *c = &turn_cases[_i];
    struct rng rng = rng_stream(7, "turns", (uint64_t)_i);
    double simulated[3];
    simulate_turns(c, &rng, simulated);
    struct job_id others[2];
    for (uint32_t k = 0; k < c->held; k++) {
        others[k] = model_fixture_add_job(&f);
        model_fixture_vertex(&f, others[k], "source", 128, 0)->record_bytes = record_bytes;
        model_fixture_vertex(&f, others[k], "sink", 128, 0);
        model_fixture_edge(&f, others[k], 0, 1, PARTITION_REBALANCE);
        model_fixture_load(&f, others[k], 0, 0, 1);
        model_fixture_load(&f, others[k], 0, 900 * TIME_S, 9);
    }
    start(&(struct wires){ 1, 1, 2, c->rate, 10, 0, 0, 0 }, record_bytes);
    for (uint32_t k = 0; k < c->held; k++)
        for (uint32_t v = 0; v < 2; v++) {
            struct fixture_deployment how = { .job = others[k],
                                              .parallelism = (uint32_t[]){ 1, 1 },
                                              .hosts = (uint32_t[]){ 1 + v },
                                              .host_count = 1 };
            model_fixture_deploy_one(&f, &how, v, 0);
        }
    for (int look = 0; look < 2; look++) {
        model_fixture_run(&f, (look == 0 ? 1500 : 20000) * TIME_S);
        struct model_job_view view = model_fixture_job(&f, job_0);
        for (int q = 0; q < 3; q++)
            ck_assert_msg(fabs(view.latency[q] - simulated[q]) <= 0.25 * simulated[q],
                          "percentile %d: %g instead of %g", q, view.latency[q], simulated[q]);
        struct model_job_view other = model_fixture_job(&f, others[0]);
        ck_assert_double_gt(other.lag_seconds, 50);
        ck_assert_double_eq_tol(other.latency[0], other.lag_seconds, 0.02 * other.lag_seconds);
    }
}
END_TEST

/* Full buffers of 32 KiB at 1 MB/s on a wire of 10 MB/s: on it for 3.3 ms; the record itself waits
 * for its buffer, 32.8 ms at most. A barrier is on the wire as long as a buffer. */
START_TEST(a_record_travels_with_its_buffer)
{
    f.config.buffer_timeout = TIME_S;
    start(&(struct wires){ 1, 1, 2, 10000, 10, 0, 0, 0 }, 100);
    model_fixture_run(&f, 1000 * TIME_S);
    double buffer = 32768 / 1e7;
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).latency[0], 10 * buffer / 2 + buffer,
                            0.02 * 6 * buffer);
}
END_TEST

/* 1 MB at 10 MB/s; while an upload shares the NIC, half of it is left. */
START_TEST(an_upload_makes_the_wire_slower)
{
    start(&(struct wires){ 1, 1, 2, 1, 10, 0, 0, 0 }, record_bytes);
    f.scenario.cluster.dfs.connections = 1;
    f.scenario.cluster.dfs.bandwidth = 1e9;
    model_fixture_run(&f, 1000 * TIME_S);
    double before = model_fixture_job(&f, job_0).latency[0];
    net_transfer_begins(f.model, 1, TRANSFER_OUT);
    model_fixture_run(&f, 1001 * TIME_S);
    ck_assert_double_gt(model_fixture_job(&f, job_0).latency[0], 1.8 * before);
    net_transfer_ends(f.model, 1, TRANSFER_OUT);
    model_fixture_run(&f, 2000 * TIME_S);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).latency[0], before, 0.01 * before);
}
END_TEST

/* A barrier has to come through the same queue: M/D/1 at 90 % waits 0.45 s, and 0.1 s of wire. */
START_TEST(a_barrier_waits_for_the_wire)
{
    start(&(struct wires){ 1, 1, 2, 9, 10, 0, 0, 0 }, record_bytes);
    model_fixture_run(&f, 1000 * TIME_S);
    double seconds = latency_of_barrier(f.model, &f.model->jobs[0], 1);
    ck_assert_double_eq_tol(seconds, 0.45 + 0.1, 0.02 * 0.55);
}
END_TEST

Suite *test_model_carriage_suite(void)
{
    Suite *suite = suite_create("model_carriage");
    TCase *tests = tcase_create("carriage");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, records_wait_for_the_wire_as_simulated_ones_do, 0,
                        (int)(sizeof cases / sizeof *cases));
    tcase_add_test(tests, a_record_takes_its_bytes_over_the_narrowest_part_of_the_way);
    tcase_add_test(tests, a_load_that_begins_later_waits_as_one_that_was_there);
    tcase_add_test(tests, records_that_stay_on_their_host_need_no_wire);
    tcase_add_test(tests, jobs_wait_for_each_others_bytes);
    tcase_add_loop_test(tests, a_job_with_its_fair_share_waits_for_the_turns_of_overloaded_ones, 0,
                        (int)(sizeof turn_cases / sizeof *turn_cases));
    tcase_add_test(tests, a_record_travels_with_its_buffer);
    tcase_add_test(tests, an_upload_makes_the_wire_slower);
    tcase_add_test(tests, a_barrier_waits_for_the_wire);
    suite_add_tcase(suite, tests);
    return suite;
}
