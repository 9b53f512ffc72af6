/* SPDX-License-Identifier: Apache-2.0
 *
 * What sends a part-filled buffer: its timeout, or the barrier behind it. Against figures by hand,
 * and against records put into buffers one by one, with a flusher for each task and barriers that
 * follow what they send from task to task.
 */
#include <check.h>
#include <math.h>

#include "core/base/alloc.h"
#include "core/base/rng.h"
#include "sim/model/carriage.h"
#include "sim/model/order.h"
#include "sim/model/state.h"
#include "tests/lib/model_fixture.h"

static const struct job_id job_0 = { 0 };
static const uint32_t one_host[] = { 1 }, ones[] = { 1, 1, 1, 1 };
static struct model_fixture f;
static struct fixture_deployment how;
static uint64_t checkpoint;

enum { RECORD_BYTES = 100 };

static void setup(void)
{
    model_fixture_init(&f);
    f.config.buffer_timeout_enabled = false;
    how = (struct fixture_deployment){ .parallelism = ones, .hosts = one_host, .host_count = 1 };
    checkpoint = 0;
}

static void teardown(void)
{
    model_fixture_fini(&f);
}

/* A row of tasks that take no time; a buffer fills in `fill` seconds. */
static void start_row(uint32_t edges, double fill)
{
    for (uint32_t v = 0; v <= edges; v++)
        model_fixture_vertex(&f, job_0, (const char *[]){ "a", "b", "c", "d" }[v], 128, 0)
            ->record_bytes = RECORD_BYTES;
    for (uint32_t e = 0; e < edges; e++)
        model_fixture_edge(&f, job_0, e, e + 1, PARTITION_REBALANCE);
    model_fixture_load(&f, job_0, 0, 0, (double)f.config.buffer_size / RECORD_BYTES / fill);
    model_fixture_start(&f);
    model_fixture_deploy(&f, &how);
}

static void barrier_at(time_ns at)
{
    model_fixture_run(&f, at);
    model_fixture_trigger(&f, &how, ++checkpoint, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, at + TIME_MS);
    model_fixture_tell(&f, &how, DATA_CHECKPOINT_COMPLETE, checkpoint);
}

/* At 60 s the last one of many. */
static void barriers_each(time_ns period)
{
    for (time_ns at = 60 * TIME_S - 20 * period; at <= 60 * TIME_S; at += period)
        barrier_at(at);
}

/* Evenly up to so many seconds. */
static void check_evenly(double most)
{
    const struct model_job_view view = model_fixture_job(&f, job_0);
    ck_assert_double_eq_tol(view.latency[0], 0.5 * most, 0.002 * most);
    ck_assert_double_eq_tol(view.latency[1], 0.95 * most, 0.002 * most);
    ck_assert_double_eq_tol(view.latency[2], 0.99 * most, 0.002 * most);
}

START_TEST(a_barrier_sends_what_is_in_buffers)
{
    start_row(1, 13);
    model_fixture_run(&f, 40 * TIME_S);
    check_evenly(13); /* none yet */
    barriers_each(TIME_S);
    check_evenly(1);
    model_fixture_run(&f, 60500 * TIME_MS);
    check_evenly(1);
}
END_TEST

START_TEST(without_more_barriers_buffers_fill)
{
    start_row(1, 13);
    barriers_each(TIME_S);
    model_fixture_run(&f, 64 * TIME_S);
    check_evenly(4);
    model_fixture_run(&f, 200 * TIME_S);
    check_evenly(13);
    barrier_at(201 * TIME_S);
    barrier_at(204 * TIME_S);
    check_evenly(3);
}
END_TEST

START_TEST(the_first_of_timeout_and_barrier_counts)
{
    static const struct {
        time_ns timeout;
        double most;
    } each[] = { { 100 * TIME_MS, 0.1 }, { 10 * TIME_S, 1 }, { 20 * TIME_S, 1 } };
    f.config.buffer_timeout_enabled = true;
    f.config.buffer_timeout = each[_i].timeout;
    start_row(1, 13);
    model_fixture_run(&f, 40 * TIME_S);
    check_evenly(fmin((double)each[_i].timeout / (double)TIME_S, 13));
    barriers_each(TIME_S);
    check_evenly(each[_i].most);
}
END_TEST

START_TEST(full_buffers_do_not_wait_for_barriers)
{
    start_row(1, 0.3);
    barriers_each(TIME_S);
    check_evenly(0.3);
}
END_TEST

/* The barrier is right behind the records, so what waits in the first buffer waits in no other. */
START_TEST(a_barrier_takes_records_all_the_way)
{
    start_row(3, 13);
    barriers_each(TIME_S);
    check_evenly(1);
}
END_TEST

/* Cancelled, and running again 10 s later with empty buffers: the first barrier of then says
 * nothing of those to come, nor does the pause. */
START_TEST(a_restart_keeps_the_pace_of_barriers)
{
    start_row(1, 13);
    barriers_each(TIME_S);
    model_fixture_cancel(&f, &how);
    model_fixture_run(&f, 70 * TIME_S);
    how.attempt = 2;
    how.checkpoint = checkpoint;
    model_fixture_deploy(&f, &how);
    model_fixture_run(&f, 71 * TIME_S);
    const struct component *component = &f.model->jobs[0].components.items[0];
    ck_assert(component->whole_at > 70 * TIME_S);
    ck_assert_int_eq(component_barrier_period(f.model, component), TIME_S);
    barrier_at(71300 * TIME_MS);
    ck_assert_int_eq(component_barrier_period(f.model, component), TIME_S);
    barrier_at(73300 * TIME_MS);
    ck_assert_int_eq(component_barrier_period(f.model, component), 2 * TIME_S);
}
END_TEST

/* Of job 0, by what all jobs on its host send at once. */
static double unit_now(void)
{
    struct net *net = net_of(f.model, &f.model->jobs[0].components.items[0]);
    nic_loads_now(f.model, net);
    return net->nic_loads.unit;
}

/* How much is sent at once decides how long NICs are taken: found anew when barriers change it. Two
 * jobs send alike, and one of them has barriers: of what it sends a buffer has a 13th. */
START_TEST(buffers_are_weighed_anew_when_barriers_come_at_another_pace)
{
    bool timed = _i > 0;
    double full = (double)f.config.buffer_size, unit = timed ? full / 130 : full;
    struct fixture_deployment other = how;
    f.config.buffer_timeout_enabled = timed;
    f.config.buffer_timeout = 100 * TIME_MS;
    other.job = model_fixture_add_job(&f);
    model_fixture_vertex(&f, other.job, "a", 128, 0)->record_bytes = RECORD_BYTES;
    model_fixture_vertex(&f, other.job, "b", 128, 0);
    model_fixture_edge(&f, other.job, 0, 1, PARTITION_REBALANCE);
    model_fixture_load(&f, other.job, 0, 0, full / RECORD_BYTES / 13);
    start_row(1, 13);
    model_fixture_deploy(&f, &other);
    model_fixture_run(&f, 40 * TIME_S);
    ck_assert_double_eq_tol(unit_now(), unit, 1e-3 * unit);
    ck_assert_uint_eq(f.model->flushes, 0);
    barriers_each(TIME_S);
    double both = timed ? unit : (full + full / 13) / 2;
    ck_assert_double_eq_tol(unit_now(), both, 1e-3 * both);
    ck_assert_uint_eq(f.model->flushes, timed ? 0 : 1);
    barrier_at(60500 * TIME_MS);
    ck_assert_uint_eq(f.model->flushes, timed ? 0 : 2);
}
END_TEST

/* Seconds; timeout 0: none. How far p50, p95 and p99 may be off, parts of them. */
struct row_case {
    uint32_t edges;
    double fill, timeout, barriers, off[3];
};
static const struct row_case row_cases[] = {
    { 1, 13, 0, 1, { 0.03, 0.02, 0.02 } },  { 2, 3, 0, 1, { 0.03, 0.02, 0.02 } },
    { 3, 1.5, 0, 1, { 0.03, 0.02, 0.02 } }, { 1, 13, 0.1, 1, { 0.07, 0.03, 0.02 } },
    { 1, 13, 10, 1, { 0.06, 0.02, 0.02 } }, { 3, 13, 10, 1, { 0.03, 0.02, 0.02 } },
    { 1, 0.4, 0, 1, { 0.2, 0.05, 0.02 } },  { 1, 13, 3, 1, { 0.25, 0.03, 0.02 } },
};

enum { RECORDS = 200000, ROW_MAX = 3 };

/* Of a buffer of each edge: when its records were made. */
struct row {
    double *made[ROW_MAX], *waits;
    uint32_t held[ROW_MAX], edges, room, out;
};

static void send(struct row *row, uint32_t edge, double now);

static void put(struct row *row, uint32_t edge, double made, double now)
{
    if (edge == row->edges) {
        if (row->out < RECORDS)
            row->waits[row->out++] = now - made;
        return;
    }
    row->made[edge][row->held[edge]++] = made;
    if (row->held[edge] == row->room)
        send(row, edge, now);
}

static void send(struct row *row, uint32_t edge, double now)
{
    uint32_t count = row->held[edge];
    row->held[edge] = 0;
    for (uint32_t i = 0; i < count; i++)
        put(row, edge + 1, row->made[edge][i], now);
}

static void simulate(const struct row_case *c, double quantiles[3])
{
    static const double shares[] = { 0.5, 0.95, 0.99 };
    struct rng rng = rng_stream(1, "buffers", 0);
    struct row row = { .edges = c->edges, .room = 331, .waits = mem_create_array(RECORDS, 8) };
    double between = c->fill / row.room, now = 0, barrier = c->barriers, flush[ROW_MAX];
    uint32_t *order = mem_create_array(RECORDS, 2 * sizeof *order);
    for (uint32_t e = 0; e < c->edges; e++) {
        row.made[e] = mem_create_array(row.room, sizeof(double));
        flush[e] = c->timeout > 0 ? c->timeout * rng_unit(&rng) : INFINITY;
    }
    while (row.out < RECORDS) {
        now += between;
        for (uint32_t e = 0; e < c->edges; e++)
            for (; flush[e] <= now; flush[e] += c->timeout)
                send(&row, e, flush[e]);
        for (; barrier <= now; barrier += c->barriers)
            for (uint32_t e = 0; e < c->edges; e++)
                send(&row, e, barrier);
        put(&row, 0, now, now);
    }
    for (uint32_t i = 0; i < RECORDS; i++)
        order[i] = i;
    order_by_value(order, RECORDS, row.waits, order + RECORDS);
    for (int q = 0; q < 3; q++)
        quantiles[q] = row.waits[order[(size_t)(shares[q] * RECORDS)]];
    for (uint32_t e = 0; e < c->edges; e++)
        mem_destroy(row.made[e]);
    mem_destroy(row.waits);
    mem_destroy(order);
}

START_TEST(records_wait_for_buffers_as_single_ones_do)
{
    const struct row_case *c = &row_cases[_i];
    double simulated[3];
    simulate(c, simulated);
    f.config.buffer_timeout_enabled = c->timeout > 0;
    f.config.buffer_timeout = (time_ns)(c->timeout * (double)TIME_S);
    start_row(c->edges, c->fill);
    model_fixture_run(&f, 800 * TIME_S);
    for (int i = 0; i < 5; i++)
        barrier_at(800 * TIME_S + (time_ns)(i * c->barriers * (double)TIME_S));
    const struct model_job_view view = model_fixture_job(&f, job_0);
    for (int q = 0; q < 3; q++)
        ck_assert_msg(fabs(view.latency[q] - simulated[q]) <= c->off[q] * simulated[q],
                      "case %d, percentile %d: %g instead of %g", _i, q, view.latency[q],
                      simulated[q]);
}
END_TEST

Suite *test_model_buffers_suite(void)
{
    Suite *suite = suite_create("model_buffers");
    TCase *tests = tcase_create("buffers");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_barrier_sends_what_is_in_buffers);
    tcase_add_test(tests, without_more_barriers_buffers_fill);
    tcase_add_loop_test(tests, the_first_of_timeout_and_barrier_counts, 0, 3);
    tcase_add_test(tests, full_buffers_do_not_wait_for_barriers);
    tcase_add_test(tests, a_barrier_takes_records_all_the_way);
    tcase_add_test(tests, a_restart_keeps_the_pace_of_barriers);
    tcase_add_loop_test(tests, buffers_are_weighed_anew_when_barriers_come_at_another_pace, 0, 2);
    tcase_add_loop_test(tests, records_wait_for_buffers_as_single_ones_do, 0,
                        (int)(sizeof row_cases / sizeof *row_cases));
    suite_add_tcase(suite, tests);
    return suite;
}
