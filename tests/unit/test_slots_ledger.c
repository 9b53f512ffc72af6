/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of a job's ledger, of the requirement counters it is made of, and of the order of
 * registration: rules (JobScopedResourceTracker), and random histories against dull references.
 */
#include <check.h>
#include <signal.h>

#include "core/base/rng.h"
#include "core/slots/job_ledger.h"
#include "core/slots/worker_order.h"

static struct job_ledger ledger;

static void teardown(void)
{
    job_ledger_fini(&ledger);
}

/* Profile 0 takes any slot, the others are so many milli-cores. */
static struct resource_profile profile_of(int32_t cpu_milli)
{
    return (struct resource_profile){ cpu_milli == 0, cpu_milli, 8 };
}

static void require(uint32_t any, uint32_t ones, uint32_t twos)
{
    const uint32_t counts[] = { any, ones, twos };
    struct requirements required = { 0 };
    for (int32_t p = 0; p < 3; p++) {
        struct resource_profile profile = profile_of(p);
        requirements_add(&required, &profile, counts[p]);
    }
    job_ledger_require(&ledger, &required);
    requirements_fini(&required);
    job_ledger_check(&ledger);
}

static void gain(int32_t cpu_milli)
{
    struct resource_profile profile = profile_of(cpu_milli);
    job_ledger_gain(&ledger, &profile);
    job_ledger_check(&ledger);
}

static void lose(int32_t cpu_milli)
{
    struct resource_profile profile = profile_of(cpu_milli);
    job_ledger_lose(&ledger, &profile);
    job_ledger_check(&ledger);
}

static uint32_t missing(void)
{
    uint32_t sum = 0;
    for (VEC_EACH(struct requirement, row, &ledger.required.rows))
        sum += job_ledger_missing(&ledger, row);
    return sum;
}

START_TEST(ledger_counts_what_is_missing)
{
    require(2, 1, 0);
    ck_assert_uint_eq(missing(), 3);
    gain(1);
    gain(2);
    ck_assert_uint_eq(missing(), 1);
    gain(1);
    ck_assert_uint_eq(missing(), 0);
    gain(1);
    ck_assert_uint_eq(ledger.held, 4);
    ck_assert_uint_eq(missing(), 0);
}
END_TEST

/* A slot in excess goes before one in use, and fills a gap that opens. */
START_TEST(ledger_loses_excess_first_and_fills_gaps_with_it)
{
    require(1, 0, 0);
    gain(1);
    gain(1);
    lose(1);
    ck_assert_uint_eq(missing(), 0);
    gain(2);
    lose(1);
    ck_assert_uint_eq(missing(), 0);
    lose(2);
    ck_assert_uint_eq(missing(), 1);
    ck_assert_uint_eq(ledger.holdings.count, 0);
}
END_TEST

/* The excess slot of the profile goes, although one in use was booked before it. */
START_TEST(ledger_keeps_what_is_filled_while_excess_of_the_profile_is_there)
{
    require(1, 0, 0);
    gain(1);
    gain(2);
    gain(1);
    lose(1);
    ck_assert_uint_eq(requirements_total(&ledger.filled), 1);
    ck_assert_int_eq(ledger.holdings.items[0].profile.cpu_milli, 1);
    ck_assert(!ledger.holdings.items[0].in_excess);
}
END_TEST

START_TEST(ledger_keeps_excess_of_a_shrunk_requirement)
{
    require(0, 3, 0);
    for (int i = 0; i < 3; i++)
        gain(1);
    require(0, 1, 0);
    ck_assert_uint_eq(ledger.filled.rows.items[0].count, 1);
    require(1, 0, 4);
    ck_assert_uint_eq(missing(), 4);
    require(5, 0, 0);
    ck_assert_uint_eq(missing(), 2);
    require(0, 0, 0);
    ck_assert_uint_eq(ledger.filled.rows.count, 0);
    ck_assert_uint_eq(ledger.held, 3);
}
END_TEST

START_TEST(ledger_cannot_lose_what_it_does_not_hold)
{
    require(1, 0, 0);
    gain(1);
    lose(2);
}
END_TEST

START_TEST(requirements_cannot_go_below_zero)
{
    struct requirements counts = { 0 };
    struct resource_profile profile = profile_of(1);
    requirements_add(&counts, &profile, 2);
    requirements_remove(&counts, &profile, 3);
}
END_TEST

/* As many requirements are filled as any assignment of the slots could fill: exact rows take their
 * own profile, the row for any takes the rest. A slot that fills the row for any stays there when
 * an exact row opens, so that is the bound only for what came later. */
START_TEST(ledger_never_has_excess_that_a_requirement_could_take)
{
    struct rng rng = rng_stream(8, "ledger", (uint64_t)_i);
    uint32_t held[3] = { 0 };
    for (int step = 0; step < 2000; step++) {
        int32_t profile = (int32_t)rng_between(&rng, 1, 2);
        uint64_t draw = rng_below(&rng, 10);
        if (draw < 5) {
            gain(profile);
            held[profile]++;
        } else if (draw < 9 && held[profile] > 0) {
            lose(profile);
            held[profile]--;
        } else if (draw == 9) {
            uint32_t counts[3];
            for (int i = 0; i < 3; i++)
                counts[i] = (uint32_t)rng_below(&rng, 6);
            require(counts[0], counts[1], counts[2]);
        }
        ck_assert_uint_eq(ledger.held, held[1] + held[2]);
        uint64_t filled = requirements_total(&ledger.filled);
        ck_assert_uint_eq(filled + missing(), requirements_total(&ledger.required));
    }
}
END_TEST

/* Positions against an array in order of registration. */
enum { ORDER_MAX = 400 };

static uint32_t reference[ORDER_MAX];
static bool reference_marks[ORDER_MAX][WORKER_MARK_COUNT];
static uint32_t positions[ORDER_MAX]; /* by worker */
static size_t reference_count;

static void compare_marks(const struct worker_order *order, enum worker_mark mark)
{
    uint32_t at = worker_order_next(order, 0, mark);
    for (size_t i = 0; i < reference_count; i++) {
        if (!reference_marks[reference[i]][mark])
            continue;
        ck_assert_uint_ne(at, INDEX_NONE);
        ck_assert_uint_eq(order->at.items[at], reference[i]);
        at = worker_order_next(order, at + 1, mark);
    }
    ck_assert_uint_eq(at, INDEX_NONE);
}

static void random_order_event(struct rng *rng, struct worker_order *order, uint32_t worker)
{
    size_t known = 0;
    while (known < reference_count && reference[known] != worker)
        known++;
    if (known == reference_count) {
        positions[worker] = worker_order_append(order, worker);
        reference[reference_count++] = worker;
        for (int m = 0; m < WORKER_MARK_COUNT; m++)
            reference_marks[worker][m] = false;
    } else if (rng_below(rng, 3)) {
        worker_order_remove(order, positions[worker]);
        for (size_t i = known; i + 1 < reference_count; i++)
            reference[i] = reference[i + 1];
        reference_count--;
    } else {
        enum worker_mark mark = (enum worker_mark)rng_below(rng, WORKER_MARK_COUNT);
        reference_marks[worker][mark] = rng_below(rng, 2) != 0;
        worker_order_mark(order, positions[worker], mark, reference_marks[worker][mark]);
    }
}

START_TEST(order_agrees_with_the_dull_reference)
{
    struct rng rng = rng_stream(9, "order", (uint64_t)_i);
    struct worker_order order = { 0 };
    for (int step = 0; step < 3000; step++) {
        /* Few workers at the ends of the run, so that the order grows sparse. */
        uint64_t span = step % 1500 < 1000 ? ORDER_MAX : 10;
        random_order_event(&rng, &order, (uint32_t)rng_below(&rng, span));
        if (worker_order_is_sparse(&order)) {
            uint32_t *moved = mem_create_array(order.at.count, sizeof *moved);
            worker_order_squeeze(&order, moved);
            for (size_t i = 0; i < reference_count; i++)
                positions[reference[i]] = moved[positions[reference[i]]];
            mem_destroy(moved);
        }
        ck_assert_uint_eq(order.live, reference_count);
        ck_assert_uint_le(order.at.count, 64 + 2 * reference_count);
        compare_marks(&order, (enum worker_mark)(step % WORKER_MARK_COUNT));
    }
    worker_order_fini(&order);
}
END_TEST

Suite *test_slots_ledger_suite(void);
Suite *test_slots_ledger_suite(void)
{
    TCase *tcase = tcase_create("ledger");
    tcase_add_checked_fixture(tcase, NULL, teardown);
    tcase_add_test(tcase, ledger_counts_what_is_missing);
    tcase_add_test(tcase, ledger_loses_excess_first_and_fills_gaps_with_it);
    tcase_add_test(tcase, ledger_keeps_what_is_filled_while_excess_of_the_profile_is_there);
    tcase_add_test(tcase, ledger_keeps_excess_of_a_shrunk_requirement);
    tcase_add_test_raise_signal(tcase, ledger_cannot_lose_what_it_does_not_hold, SIGABRT);
    tcase_add_test_raise_signal(tcase, requirements_cannot_go_below_zero, SIGABRT);
    tcase_add_loop_test(tcase, ledger_never_has_excess_that_a_requirement_could_take, 0, 5);
    tcase_add_loop_test(tcase, order_agrees_with_the_dull_reference, 0, 5);
    Suite *suite = suite_create("slots_ledger");
    suite_add_tcase(suite, tcase);
    return suite;
}
