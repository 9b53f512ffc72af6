/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of sim/cluster/shared_bandwidth.c: by hand for small cases, else against a reference that
 * solves the max-min problem from scratch at every change and moves every transfer's bytes.
 */
#include "sim/cluster/shared_bandwidth.h"

#include <check.h>
#include <math.h>

#include "core/base/rng.h"
#include "core/base/vec.h"

struct ended {
    uint64_t number;
    time_ns at;
};

struct share_test {
    struct sim_queue *queue;
    struct shared_bandwidth *shared;
    VEC(struct ended) ended;
};

static void on_done(void *context, uint64_t a, uint64_t b)
{
    struct share_test *test = context;
    (void)b;
    vec_push(&test->ended, (struct ended){ a, sim_queue_now(test->queue) });
}

static void setup(struct share_test *test, double bytes_per_s)
{
    *test = (struct share_test){ .queue = sim_queue_create() };
    test->shared = shared_bandwidth_create(test->queue, bytes_per_s);
}

static void teardown(struct share_test *test)
{
    shared_bandwidth_destroy(test->shared);
    sim_queue_destroy(test->queue);
    vec_fini(&test->ended);
}

static struct share_handle start(struct share_test *test, uint32_t group, double limit,
                                 double bytes, uint64_t number)
{
    return shared_bandwidth_start(test->shared, group, limit, bytes, on_done, test, number, 0);
}

static void run(struct share_test *test, time_ns until)
{
    while (sim_queue_run_one(test->queue, until))
        ;
}

static void check_end(const struct share_test *test, size_t index, uint64_t number, time_ns at)
{
    ck_assert_uint_lt(index, test->ended.count);
    ck_assert_uint_eq(test->ended.items[index].number, number);
    time_ns difference = test->ended.items[index].at - at;
    ck_assert_msg(difference >= -2 && difference <= 2, "%ld ns away", (long)difference);
}

/* 100 bytes/s: the group of two with a limit of 30 has that, the other one what is left. */
START_TEST(a_group_moves_what_its_transfers_move_together)
{
    struct share_test test;
    setup(&test, 100);
    ck_assert_double_eq(shared_bandwidth_rate(test.shared, 1), 0);
    start(&test, 1, 30, 300, 1);
    start(&test, 1, 30, 300, 2);
    start(&test, 2, 0, 300, 3);
    ck_assert_double_eq_tol(shared_bandwidth_rate(test.shared, 1), 30, 1e-9);
    ck_assert_double_eq_tol(shared_bandwidth_rate(test.shared, 2), 70, 1e-9);
    run(&test, 100 * TIME_S);
    ck_assert_double_eq(shared_bandwidth_rate(test.shared, 1), 0);
    teardown(&test);
}
END_TEST

START_TEST(bandwidth_alone_gives_all_of_it)
{
    struct share_test test;
    setup(&test, 1000);
    start(&test, 0, 0, 500, 1);
    run(&test, TIME_H);
    check_end(&test, 0, 1, 500 * TIME_MS);
    teardown(&test);
}
END_TEST

/* 1000 B and, half a second later, 250 B: the second takes half and ends at 1.0; the first has
 * moved 500 + 250 by then and ends at 1.25. */
START_TEST(bandwidth_is_shared_while_two_are_under_way)
{
    struct share_test test;
    setup(&test, 1000);
    start(&test, 0, 0, 1000, 1);
    run(&test, 500 * TIME_MS);
    start(&test, 1, 0, 250, 2);
    run(&test, TIME_H);
    check_end(&test, 0, 2, TIME_S);
    check_end(&test, 1, 1, 1250 * TIME_MS);
    teardown(&test);
}
END_TEST

/* A group limited to 100 B/s has two transfers of 50 each; the third, elsewhere, gets the 900. */
START_TEST(bandwidth_members_of_a_group_share_its_limit_and_others_get_the_rest)
{
    struct share_test test;
    setup(&test, 1000);
    start(&test, 0, 100, 50, 1);
    start(&test, 0, 100, 100, 2);
    start(&test, 1, 0, 1800, 3);
    run(&test, TIME_H);
    check_end(&test, 0, 1, TIME_S);
    check_end(&test, 1, 2, 1500 * TIME_MS);
    check_end(&test, 2, 3, 1950 * TIME_MS); /* 1350 by 1.5 s, then 450 alone */
    teardown(&test);
}
END_TEST

START_TEST(bandwidth_of_a_cancelled_transfer_goes_to_the_others)
{
    struct share_test test;
    setup(&test, 1000);
    struct share_handle first = start(&test, 0, 0, 1000, 1);
    start(&test, 0, 0, 1000, 2);
    run(&test, TIME_S);
    shared_bandwidth_cancel(test.shared, &first);
    shared_bandwidth_cancel(test.shared, &first);
    run(&test, TIME_H);
    ck_assert_uint_eq(test.ended.count, 1);
    check_end(&test, 0, 2, 1500 * TIME_MS);
    struct share_handle last = start(&test, 0, 0, 1000, 3);
    shared_bandwidth_cancel(test.shared, &last);
    run(&test, 2 * TIME_H);
    ck_assert_uint_eq(test.ended.count, 1);
    teardown(&test);
}
END_TEST

START_TEST(bandwidth_for_nothing_ends_at_once_and_in_order)
{
    struct share_test test;
    setup(&test, 1000);
    start(&test, 0, 0, 0, 1);
    start(&test, 1, 0, 0, 2);
    run(&test, 0);
    check_end(&test, 0, 1, 0);
    check_end(&test, 1, 2, 0);
    teardown(&test);
}
END_TEST

/* The reference. */

enum { GROUPS = 7, TRANSFERS = 1500 };

struct flow {
    uint32_t group;
    double left, start_s, end_s; /* end < 0: under way */
    double rate;
    bool begun;
};

/* Progressive filling: raises all rates together and stops those whose group is full. */
static void solve(struct flow *flows, const double *limits, double capacity)
{
    bool fixed[GROUPS] = { false };
    double left = capacity;
    for (;;) {
        double counts[GROUPS] = { 0 }, active = 0, level;
        for (size_t i = 0; i < TRANSFERS; i++)
            if (flows[i].begun && flows[i].end_s < 0)
                counts[flows[i].group] += 1;
        for (int g = 0; g < GROUPS; g++)
            active += fixed[g] ? 0 : counts[g];
        if (active <= 0)
            break;
        level = left / active;
        int tightest = -1;
        for (int g = 0; g < GROUPS; g++)
            if (!fixed[g] && counts[g] > 0 && limits[g] > 0 && limits[g] / counts[g] < level) {
                level = limits[g] / counts[g];
                tightest = g;
            }
        for (size_t i = 0; i < TRANSFERS; i++)
            if (flows[i].begun && flows[i].end_s < 0 && !fixed[flows[i].group])
                flows[i].rate = level;
        if (tightest < 0)
            break;
        fixed[tightest] = true;
        left -= limits[tightest];
    }
}

static void reference(struct flow *flows, const double *limits, double capacity)
{
    double now = 0;
    size_t next = 0, ended = 0;
    while (ended < TRANSFERS) {
        solve(flows, limits, capacity);
        double until = next < TRANSFERS ? flows[next].start_s : INFINITY;
        for (size_t i = 0; i < TRANSFERS; i++)
            if (flows[i].begun && flows[i].end_s < 0)
                until = fmin(until, now + flows[i].left / flows[i].rate);
        for (size_t i = 0; i < TRANSFERS; i++) {
            if (!flows[i].begun || flows[i].end_s >= 0)
                continue;
            flows[i].left -= flows[i].rate * (until - now);
            if (flows[i].left <= 1e-6) {
                flows[i].end_s = until;
                ended++;
            }
        }
        now = until;
        while (next < TRANSFERS && flows[next].start_s <= now)
            flows[next++].begun = true;
    }
}

static void draw_flows(struct flow *flows, struct rng *rng)
{
    double at = 0;
    for (size_t i = 0; i < TRANSFERS; i++) {
        at += rng_unit(rng) * (i / 300 % 2 ? 0.2 : 1.2); /* storms and calms */
        uint32_t group = (uint32_t)rng_below(rng, GROUPS);
        flows[i] = (struct flow){ .group = group,
                                  .left = 10 + 1000 * rng_unit(rng),
                                  .start_s = floor(at * 1e6) / 1e6,
                                  .end_s = -1 };
    }
}

START_TEST(bandwidth_agrees_with_a_max_min_solver_over_random_transfers)
{
    static const double limits[GROUPS] = { 0, 10, 35, 200, 400, 950, 0 };
    static struct flow flows[TRANSFERS];
    struct rng rng = rng_stream(11, "flows", 0);
    struct share_test test;
    setup(&test, 1000);
    draw_flows(flows, &rng);
    for (size_t i = 0; i < TRANSFERS; i++) {
        run(&test, (time_ns)llround(flows[i].start_s * 1e9));
        start(&test, flows[i].group, limits[flows[i].group], flows[i].left, i);
    }
    run(&test, TIME_DAY);
    reference(flows, limits, 1000);
    ck_assert_uint_eq(test.ended.count, TRANSFERS);
    for (VEC_EACH(struct ended, ended, &test.ended)) {
        double expected = flows[ended->number].end_s, at = (double)ended->at * 1e-9;
        ck_assert_msg(fabs(at - expected) < 1e-5, "transfer %lu ended at %.9f, expected %.9f",
                      (unsigned long)ended->number, at, expected);
    }
    teardown(&test);
}
END_TEST

struct chain {
    struct share_test *test;
    int left;
};

static void start_another(void *context, uint64_t a, uint64_t b)
{
    struct chain *chain = context;
    if (--chain->left > 0)
        shared_bandwidth_start(chain->test->shared, (uint32_t)a, 0, 100, start_another, chain, a,
                               b);
}

START_TEST(bandwidth_lets_what_runs_at_the_end_of_one_start_the_next)
{
    struct share_test test;
    setup(&test, 1000);
    struct chain chain = { &test, 50 };
    for (uint32_t i = 0; i < 5; i++)
        shared_bandwidth_start(test.shared, i, 0, 100, start_another, &chain, i, 0);
    run(&test, TIME_H);
    ck_assert_int_lt(chain.left, 1);
    teardown(&test);
}
END_TEST

/* Twenty years on, ns no longer fit a double's mantissa, and on a store never idle neither do the
 * bytes moved since the beginning; ends come when they should all the same, an event or two each.
 */
START_TEST(bandwidth_ends_transfers_in_time_after_years_of_them)
{
    static const double limits[] = { 100e6, 1e9 + 7 };
    struct share_test test;
    setup(&test, 3e9 + 1);
    start(&test, 2, 0, 2e18, 0); /* 2e18 bytes: 21 years */
    time_ns at = 0;
    uint64_t count = 0;
    for (uint64_t year = 0; year < 20; year++) {
        at = (time_ns)year * 365 * TIME_DAY + 12345678901234567 % TIME_DAY;
        run(&test, at);
        for (uint32_t group = 0; group < 2; group++) {
            start(&test, group, limits[group], limits[group] / 3, ++count);
            time_ns began = sim_queue_now(test.queue);
            uint64_t events = sim_queue_run_count(test.queue);
            for (int left = 20; left && test.ended.count < count; left--)
                sim_queue_run_one(test.queue, began + TIME_S);
            ck_assert_uint_eq(test.ended.count, count);
            check_end(&test, count - 1, count, began + TIME_S / 3 + 1);
            ck_assert_uint_le(sim_queue_run_count(test.queue) - events, 4);
        }
    }
    teardown(&test);
}
END_TEST

Suite *test_sim_bandwidth_suite(void)
{
    Suite *suite = suite_create("sim_bandwidth");
    TCase *tcase = tcase_create("bandwidth");
    tcase_add_test(tcase, a_group_moves_what_its_transfers_move_together);
    tcase_add_test(tcase, bandwidth_alone_gives_all_of_it);
    tcase_add_test(tcase, bandwidth_is_shared_while_two_are_under_way);
    tcase_add_test(tcase, bandwidth_members_of_a_group_share_its_limit_and_others_get_the_rest);
    tcase_add_test(tcase, bandwidth_of_a_cancelled_transfer_goes_to_the_others);
    tcase_add_test(tcase, bandwidth_for_nothing_ends_at_once_and_in_order);
    tcase_add_test(tcase, bandwidth_agrees_with_a_max_min_solver_over_random_transfers);
    tcase_add_test(tcase, bandwidth_lets_what_runs_at_the_end_of_one_start_the_next);
    tcase_add_test(tcase, bandwidth_ends_transfers_in_time_after_years_of_them);
    suite_add_tcase(suite, tcase);
    return suite;
}
