/* SPDX-License-Identifier: Apache-2.0
 *
 * What is known of tasks on shared cores: given again for rates and hosts that come back, to the
 * bit as it was found, and for no others.
 */
#include <check.h>
#include <math.h>

#include "sim/model/state.h"
#include "tests/lib/model_fixture.h"

static const struct job_id job_0 = { 0 };
static const uint32_t two_hosts[] = { 1, 2 }, hosts_changed[] = { 2, 1 };
static const uint32_t two_each[] = { 2, 2 };
static struct model_fixture f;
static struct fixture_deployment how;

/* Two sources and two counts of unequal load, one of each on a core; the second host is slower. */
static void setup(void)
{
    model_fixture_init(&f);
    model_fixture_vertex(&f, job_0, "source", 128, 100 * TIME_US);
    model_fixture_vertex(&f, job_0, "count", 128, 200 * TIME_US)->keys = 5;
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_HASH);
    model_fixture_load(&f, job_0, 0, 0, 3000);
    f.hosts[1].machine.cores = 1;
    f.hosts[2].machine.cores = 1;
    f.hosts[2].speed = 0.9;
    model_fixture_start(&f);
    how =
        (struct fixture_deployment){ .parallelism = two_each, .hosts = two_hosts, .host_count = 2 };
    model_fixture_deploy(&f, &how);
    model_fixture_run(&f, 10 * TIME_S);
    ck_assert_uint_eq(
        net_of(f.model, &f.model->jobs[0].components.items[0])->contention.crowdings.first.count,
        0);
}

static void teardown(void)
{
    model_fixture_fini(&f);
}

static struct net *net_now(void)
{
    return net_of(f.model, &f.model->jobs[0].components.items[0]);
}

static size_t known(void)
{
    return net_now()->contention.crowdings.first.count;
}

enum { VERTICES = 2, BANDS_SEEN = 4 };

/* All that is told of both vertices. */
struct told {
    struct crowding of[VERTICES];
    struct load_band bands[VERTICES][BANDS_SEEN];
};

/* At that rate, whatever the load is; some partitions are behind, or all keep up. */
static struct told told_of(double rate, bool behind)
{
    struct told told = { 0 };
    struct net *net = net_now();
    const struct crowdings *crowdings = &net->contention.crowdings;
    f.model->jobs[0].sources.items[0].rate = rate;
    for (VEC_EACH(struct net_class, class, &net->classes)) {
        class->rate = rate / 2;
        class->behind = behind;
    }
    contention_now(f.model, net);
    for (uint32_t v = 0; v < VERTICES; v++) {
        crowdings_find_bands(f.model, net);
        told.of[v] = *crowding_at(crowdings, f.model->jobs[0].vertices[v].flow.place);
        ck_assert_uint_le(told.of[v].band_count, BANDS_SEEN);
        for (uint32_t b = 0; b < told.of[v].band_count; b++)
            told.bands[v][b] = crowdings->bands.items.items[told.of[v].first_band + b];
        ck_assert(told.of[v].crowded == f.model->jobs[0].vertices[v].flow.crowded);
    }
    return told;
}

static struct told told_at(double rate)
{
    return told_of(rate, false);
}

/* What a network asks first is not kept. */
static void ask_a_few(void)
{
    for (int i = 0; i < 9; i++)
        told_at(100 + i);
}

static bool is_same_band(const struct load_band *a, const struct load_band *b)
{
    return a->weight == b->weight && a->busy == b->busy && a->service == b->service &&
           a->slowdown == b->slowdown && a->swing == b->swing && a->behind == b->behind;
}

static bool is_same(const struct told *a, const struct told *b)
{
    bool same = true;
    for (uint32_t v = 0; v < VERTICES; v++) {
        same &= a->of[v].crowded == b->of[v].crowded && a->of[v].wait == b->of[v].wait &&
                a->of[v].wait_most == b->of[v].wait_most &&
                a->of[v].band_count == b->of[v].band_count;
        for (uint32_t i = 0; same && i < a->of[v].band_count; i++)
            same &= is_same_band(&a->bands[v][i], &b->bands[v][i]);
    }
    return same;
}

START_TEST(a_rate_that_comes_back_is_known)
{
    struct told first = told_at(3500);
    ask_a_few();
    struct told high = told_at(3500), low = told_at(500);
    size_t count = known();
    ck_assert(is_same(&first, &high));
    ck_assert(high.of[1].crowded && high.of[1].wait > low.of[1].wait);
    ck_assert_uint_gt(high.of[1].band_count, 0);
    struct told again = told_at(3500);
    ck_assert(is_same(&again, &high) && !is_same(&again, &low));
    again = told_at(500);
    ck_assert(is_same(&again, &low));
    ck_assert_uint_eq(known(), count);
    told_at(3500.5);
    ck_assert_uint_eq(known(), count + 1);
}
END_TEST

/* Who reads a backlog waits behind it, so that is another case. */
START_TEST(a_backlog_makes_another_case_of_a_rate)
{
    ask_a_few();
    struct told before = told_at(3000), behind = told_of(3000, true), after = told_at(3000);
    ck_assert(!is_same(&before, &behind));
    ck_assert(is_same(&before, &after));
}
END_TEST

/* Tasks that change hosts, and back. */
START_TEST(the_same_rate_on_other_hosts_is_another_case)
{
    ask_a_few();
    struct told before = told_at(3000);
    for (uint32_t attempt = 1; attempt <= 2; attempt++) {
        time_ns at = (10 + 10 * attempt) * TIME_S;
        model_fixture_cancel(&f, &how);
        model_fixture_run(&f, at - TIME_S);
        how.attempt = attempt;
        how.hosts = attempt == 1 ? hosts_changed : two_hosts;
        model_fixture_deploy(&f, &how);
        model_fixture_run(&f, at);
        ask_a_few();
        size_t count = known();
        struct told after = told_at(3000);
        ck_assert_int_eq(is_same(&before, &after), attempt == 2);
        ck_assert_uint_eq(net_now()->contention.crowdings.layout, attempt == 1);
        ck_assert_uint_eq(known(), count + (attempt == 1));
    }
}
END_TEST

/* Loads that never come back cost no more than some memory, and change nothing. */
START_TEST(what_is_known_is_forgotten_before_it_is_too_much)
{
    ask_a_few();
    struct told before = told_at(3000);
    size_t count = 0, most = 0;
    while (known() >= count && most < 1000000) {
        count = most = known();
        told_at(1000 + (double)most * 1e-3);
    }
    ck_assert_uint_gt(most, 10000);
    ck_assert_uint_lt(most, 1000000);
    struct told after = told_at(3000);
    ck_assert(is_same(&before, &after));
}
END_TEST

Suite *test_model_crowding_suite(void)
{
    Suite *suite = suite_create("model_crowding");
    TCase *tests = tcase_create("crowding");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_rate_that_comes_back_is_known);
    tcase_add_test(tests, a_backlog_makes_another_case_of_a_rate);
    tcase_add_test(tests, the_same_rate_on_other_hosts_is_another_case);
    tcase_add_test(tests, what_is_known_is_forgotten_before_it_is_too_much);
    suite_add_tcase(suite, tests);
    return suite;
}
