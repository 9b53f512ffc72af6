/* SPDX-License-Identifier: Apache-2.0
 *
 * Random clusters, needs and settings: the plan against a dull reference that hands out one slot at
 * a time after looking at every worker.
 */
#include <check.h>
#include <string.h>

#include "core/base/rng.h"
#include "tests/lib/allocations.h"

enum { WORKERS_MAX = 64, NEEDS_MAX = 8 };

static struct fulfil_plan plan;

static struct allocation_worker lists[2][WORKERS_MAX]; /* registered; pending and new */
static uint32_t list_counts[2], reference_granted[2][WORKERS_MAX][NEEDS_MAX], reference_new;
static bool reference_unfulfillable[NEEDS_MAX];
static struct resource_amount reference_cluster;

static bool fits(const struct allocation_worker *worker, const struct allocation_need *need)
{
    const struct resource_amount *slot = need->any ? &worker->slot : &need->slot;
    return worker->available.of[0] >= slot->of[0] && worker->available.of[1] >= slot->of[1];
}

/* a is to be preferred to b; equal ones are taken in order. */
static bool is_better(enum config_choice_LOAD_BALANCE balance, const struct allocation_worker *a,
                      const struct allocation_worker *b)
{
    int64_t used_a[2], used_b[2];
    for (int r = 0; r < 2; r++) { /* per mille of totals that divide 1000 */
        used_a[r] = (a->total.of[r] - a->available.of[r]) * 1000 / a->total.of[r];
        used_b[r] = (b->total.of[r] - b->available.of[r]) * 1000 / b->total.of[r];
    }
    int64_t most_a = used_a[0] > used_a[1] ? used_a[0] : used_a[1];
    int64_t most_b = used_b[0] > used_b[1] ? used_b[0] : used_b[1];
    if (balance == LOAD_BALANCE_SLOTS)
        return most_a < most_b;
    return balance == LOAD_BALANCE_MIN_RESOURCES && most_a > most_b;
}

static bool reference_take(int list, enum config_choice_LOAD_BALANCE balance,
                           const struct allocation_need *need, uint32_t need_index)
{
    struct allocation_worker *best = NULL;
    for (uint32_t i = 0; i < list_counts[list]; i++) {
        struct allocation_worker *worker = &lists[list][i];
        if (fits(worker, need) && (!best || is_better(balance, worker, best)))
            best = worker;
    }
    if (!best)
        return false;
    struct resource_amount slot = need->any ? best->slot : need->slot;
    amount_add(&best->available, &slot, -1);
    reference_granted[list][best - lists[list]][need_index]++;
    return true;
}

static bool reference_start(const struct allocation_settings *settings)
{
    if (reference_cluster.of[0] + settings->worker.of[0] > settings->most.of[0] ||
        reference_cluster.of[1] + settings->worker.of[1] > settings->most.of[1])
        return false;
    amount_add(&reference_cluster, &settings->worker, 1);
    lists[1][list_counts[1]++] =
        (struct allocation_worker){ settings->worker, settings->worker, settings->worker_slot };
    reference_new++;
    return true;
}

static bool reference_is_enough(const struct allocation_settings *settings)
{
    struct resource_amount available = { 0 }, total = { 0 };
    for (int list = 0; list < 2; list++)
        for (uint32_t i = 0; i < list_counts[list]; i++) {
            amount_add(&available, &lists[list][i].available, 1);
            amount_add(&total, &lists[list][i].total, 1);
        }
    return available.of[0] >= settings->redundant * settings->worker.of[0] &&
           available.of[1] >= settings->redundant * settings->worker.of[1] &&
           total.of[0] >= settings->least.of[0] && total.of[1] >= settings->least.of[1];
}

static void reference_fulfil_job(const struct allocation_settings *settings,
                                 const struct allocation_need *needs, uint32_t first, uint32_t last)
{
    uint32_t missing[NEEDS_MAX];
    for (uint32_t n = first; n < last; n++) {
        missing[n] = needs[n].count;
        while (missing[n] > 0 && reference_take(0, settings->balance, &needs[n], n))
            missing[n]--;
    }
    for (uint32_t n = first; n < last; n++) {
        struct allocation_worker fresh = { settings->worker, settings->worker,
                                           settings->worker_slot };
        if (missing[n] > 0 && !fits(&fresh, &needs[n]))
            reference_unfulfillable[needs[n].job] = true;
        while (missing[n] > 0) {
            if (reference_take(1, LOAD_BALANCE_NONE, &needs[n], n))
                missing[n]--;
            else if (!fits(&fresh, &needs[n]) || !reference_start(settings))
                break;
        }
        if (missing[n] > 0)
            reference_unfulfillable[needs[n].job] = true;
    }
}

static void reference_fulfil(const struct allocation_settings *settings,
                             const struct allocation_need *needs, uint32_t need_count)
{
    memset(reference_granted, 0, sizeof reference_granted);
    memset(reference_unfulfillable, 0, sizeof reference_unfulfillable);
    memset(&reference_cluster, 0, sizeof reference_cluster);
    reference_new = 0;
    for (int list = 0; list < 2; list++)
        for (uint32_t i = 0; i < list_counts[list]; i++)
            amount_add(&reference_cluster, &lists[list][i].total, 1);
    for (uint32_t first = 0; first < need_count;) {
        uint32_t last = first;
        while (last < need_count && needs[last].job == needs[first].job)
            last++;
        reference_fulfil_job(settings, needs, first, last);
        first = last;
    }
    while (!reference_is_enough(settings) && reference_start(settings))
        continue;
}

static struct allocation_worker random_worker(struct rng *rng, bool is_empty)
{
    struct allocation_worker worker = { amount(10, 100), amount(10, 100), amount(2, 20) };
    if (rng_below(rng, 4) == 0) {
        worker.total = worker.available = amount(20, 50);
        worker.slot = amount(5, 10);
    }
    if (!is_empty) {
        worker.available.of[0] -= rng_between(rng, 0, worker.total.of[0]);
        worker.available.of[1] -= rng_between(rng, 0, worker.total.of[1]);
    }
    return worker;
}

static void random_settings(struct rng *rng, struct allocation_settings *settings)
{
    *settings = settings_of((enum config_choice_LOAD_BALANCE)rng_below(rng, LOAD_BALANCE_COUNT));
    settings->worker = amount(10, 100);
    settings->redundant = (uint32_t)rng_below(rng, 4) / 2;
    if (rng_below(rng, 3) == 0) {
        settings->least.of[0] = rng_between(rng, 0, 80);
        settings->least.of[1] = rng_between(rng, 0, 800);
    }
    if (rng_below(rng, 3) == 0) {
        settings->most.of[0] = rng_between(rng, 0, 150);
        settings->most.of[1] = rng_between(rng, 0, 1500);
    }
}

static uint32_t random_needs(struct rng *rng, struct allocation_need *needs)
{
    uint32_t count = (uint32_t)rng_below(rng, NEEDS_MAX + 1), job = 0;
    for (uint32_t n = 0; n < count; n++) {
        job += rng_below(rng, 2) != 0;
        uint32_t slots = (uint32_t)rng_between(rng, 1, 6);
        int64_t first = rng_between(rng, 1, 11), second = rng_between(rng, 0, 60);
        needs[n] = need_of(job, slots, first, second);
        needs[n].any = rng_below(rng, 2) != 0;
    }
    return count;
}

static void compare_with_reference(uint32_t need_count)
{
    ck_assert_uint_eq(plan.new_workers, reference_new);
    for (uint32_t worker = 0; worker < WORKERS_MAX; worker++)
        for (uint32_t need = 0; need < need_count; need++)
            for (int list = 0; list < 2; list++)
                ck_assert_uint_eq(allocations_granted(&plan, list == 1, worker, need),
                                  reference_granted[list][worker][need]);
    size_t unfulfillable = 0;
    for (uint32_t job = 0; job < NEEDS_MAX; job++)
        unfulfillable += reference_unfulfillable[job];
    ck_assert_uint_eq(plan.unfulfillable.count, unfulfillable);
    for (VEC_EACH(uint32_t, job, &plan.unfulfillable))
        ck_assert(reference_unfulfillable[*job]);
}

START_TEST(fulfil_agrees_with_the_dull_reference_on_random_clusters)
{
    struct rng rng = rng_stream(5, "fulfil", (uint64_t)_i);
    for (int round = 0; round < 300; round++) {
        struct allocation_settings settings;
        struct allocation_need needs[NEEDS_MAX];
        random_settings(&rng, &settings);
        uint32_t need_count = random_needs(&rng, needs);
        for (int list = 0; list < 2; list++) {
            list_counts[list] = (uint32_t)rng_below(&rng, 7);
            for (uint32_t i = 0; i < list_counts[list]; i++)
                lists[list][i] = random_worker(&rng, list == 1);
        }
        for (uint32_t i = 0; i < list_counts[1]; i++)
            lists[1][i] = (struct allocation_worker){ settings.worker, settings.worker,
                                                      settings.worker_slot };
        allocations_fulfil(&settings, lists[0], list_counts[0], lists[1], list_counts[1], needs,
                           need_count, &plan);
        reference_fulfil(&settings, needs, need_count);
        compare_with_reference(need_count);
    }
    fulfil_plan_fini(&plan);
}
END_TEST

Suite *test_slots_fulfil_random_suite(void);
Suite *test_slots_fulfil_random_suite(void)
{
    TCase *tcase = tcase_create("fulfil at random");
    tcase_add_loop_test(tcase, fulfil_agrees_with_the_dull_reference_on_random_clusters, 0, 10);
    Suite *suite = suite_create("slots_fulfil_random");
    suite_add_tcase(suite, tcase);
    return suite;
}
