/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of core/base/timers.c against a dull reference: an unsorted array that is searched for the
 * earliest each time.
 */
#include "core/base/timers.h"

#include <check.h>
#include <signal.h>

#include "core/base/rng.h"

static struct timer at(time_ns time, uint32_t subject)
{
    return (struct timer){ .at = time, .kind = subject % 3, .subject = subject, .epoch = subject };
}

static void check_takes(struct timers *timers, time_ns now, uint32_t subject)
{
    struct timer taken;
    ck_assert(timers_take_due(timers, now, &taken));
    ck_assert_uint_eq(taken.subject, subject);
    ck_assert_uint_eq(taken.kind, subject % 3);
    ck_assert_uint_eq(taken.epoch, subject);
}

static void check_takes_nothing(struct timers *timers, time_ns now)
{
    struct timer taken;
    ck_assert(!timers_take_due(timers, now, &taken));
}

START_TEST(timers_are_empty_and_valid_when_zeroed)
{
    struct timers timers = { 0 };
    struct timer_handle none = { 0 };
    ck_assert_int_eq(timers_next(&timers), TIME_NEVER);
    check_takes_nothing(&timers, TIME_NEVER);
    ck_assert(!timers_is_set(&timers, none));
    timers_cancel(&timers, &none);
    timers_fini(&timers);
}
END_TEST

START_TEST(timers_fire_by_time_and_equal_ones_in_the_order_of_setting)
{
    struct timers timers = { 0 };
    timers_set(&timers, at(30, 1));
    timers_set(&timers, at(10, 2));
    timers_set(&timers, at(20, 3));
    timers_set(&timers, at(10, 4));
    timers_set(&timers, at(10, 5));
    ck_assert_int_eq(timers_next(&timers), 10);
    check_takes_nothing(&timers, 9);
    check_takes(&timers, 10, 2);
    check_takes(&timers, 10, 4);
    check_takes(&timers, 25, 5);
    check_takes(&timers, 25, 3);
    check_takes_nothing(&timers, 29);
    ck_assert_int_eq(timers_next(&timers), 30);
    check_takes(&timers, 31, 1);
    ck_assert_int_eq(timers_next(&timers), TIME_NEVER);
    timers_fini(&timers);
}
END_TEST

START_TEST(timers_set_again_at_the_same_time_goes_behind_the_others)
{
    struct timers timers = { 0 };
    struct timer_handle first = timers_set(&timers, at(10, 1));
    timers_set(&timers, at(10, 2));
    timers_cancel(&timers, &first);
    timers_set(&timers, at(10, 3)); /* takes the first one's place, not its turn */
    check_takes(&timers, 10, 2);
    check_takes(&timers, 10, 3);
    timers_fini(&timers);
}
END_TEST

START_TEST(timers_cancel_is_fine_for_what_is_gone_and_zeroes_the_handle)
{
    struct timers timers = { 0 };
    struct timer_handle handle = timers_set(&timers, at(10, 1)), copy = handle;
    ck_assert(timers_is_set(&timers, handle));
    timers_cancel(&timers, &handle);
    ck_assert_uint_eq(handle.generation, 0);
    ck_assert(!timers_is_set(&timers, copy));
    timers_cancel(&timers, &handle);
    timers_cancel(&timers, &copy); /* a second handle to the same timer */
    handle = timers_set(&timers, at(20, 2));
    check_takes(&timers, 20, 2);
    ck_assert(!timers_is_set(&timers, handle));
    timers_cancel(&timers, &handle);
    timers_fini(&timers);
}
END_TEST

START_TEST(timers_handle_does_not_reach_the_next_user_of_its_place)
{
    struct timers timers = { 0 };
    struct timer_handle old = timers_set(&timers, at(10, 1)), copy = old;
    timers_cancel(&timers, &old);
    struct timer_handle young = timers_set(&timers, at(20, 2));
    ck_assert_uint_eq(young.slot, copy.slot);
    ck_assert(!timers_is_set(&timers, copy));
    timers_cancel(&timers, &copy);
    ck_assert(timers_is_set(&timers, young));
    check_takes(&timers, 20, 2);
    timers_fini(&timers);
}
END_TEST

START_TEST(timers_take_times_before_the_start)
{
    struct timers timers = { 0 };
    timers_set(&timers, at(-5, 1));
    timers_set(&timers, at(INT64_MIN, 2));
    check_takes(&timers, -5, 2);
    check_takes(&timers, -5, 1);
    timers_fini(&timers);
}
END_TEST

START_TEST(timers_set_stops_at_never)
{
    struct timers timers = { 0 };
    timers_set(&timers, at(TIME_NEVER, 1));
}
END_TEST

START_TEST(timers_use_no_more_places_than_are_set_at_once)
{
    struct timers timers = { 0 };
    struct timer_handle handles[10] = { 0 };
    for (int i = 0; i < 10000; i++) {
        timers_cancel(&timers, &handles[i % 10]);
        handles[i % 10] = timers_set(&timers, at(i, 1));
    }
    ck_assert_uint_le(timers.cells.count, 10);
    ck_assert_uint_eq(timers.heap.count, 10);
    timers_fini(&timers);
}
END_TEST

enum { REFERENCE_MAX = 64 };

/* The dull one: searched from end to end. Order of setting is the order of `seq`. */
struct reference {
    struct {
        struct timer timer;
        struct timer_handle handle;
        uint64_t seq;
    } items[REFERENCE_MAX];
    size_t count;
    uint64_t seq;
};

static size_t reference_earliest(const struct reference *reference)
{
    size_t best = 0;
    for (size_t i = 1; i < reference->count; i++) {
        time_ns a = reference->items[i].timer.at, b = reference->items[best].timer.at;
        if (a < b || (a == b && reference->items[i].seq < reference->items[best].seq))
            best = i;
    }
    return best;
}

static void reference_remove(struct reference *reference, size_t i)
{
    reference->items[i] = reference->items[--reference->count];
}

static void random_step(struct timers *timers, struct reference *reference, struct rng *rng,
                        time_ns *now)
{
    uint64_t dice = rng_below(rng, 100);
    if (dice < 50 && reference->count < REFERENCE_MAX) {
        /* Few different times, so that equal ones are common. */
        time_ns due = *now + rng_between(rng, 0, 20);
        struct timer timer = at(due, (uint32_t)rng_below(rng, 1000));
        size_t i = reference->count++;
        reference->items[i].timer = timer;
        reference->items[i].seq = reference->seq++;
        reference->items[i].handle = timers_set(timers, timer);
    } else if (dice < 75 && reference->count) {
        size_t i = (size_t)rng_below(rng, reference->count);
        ck_assert(timers_is_set(timers, reference->items[i].handle));
        timers_cancel(timers, &reference->items[i].handle);
        reference_remove(reference, i);
    } else {
        *now += rng_between(rng, 0, 5);
        while (reference->count) {
            size_t i = reference_earliest(reference);
            if (reference->items[i].timer.at > *now)
                break;
            check_takes(timers, *now, reference->items[i].timer.subject);
            ck_assert(!timers_is_set(timers, reference->items[i].handle));
            reference_remove(reference, i);
        }
        check_takes_nothing(timers, *now);
    }
    ck_assert_uint_eq(timers->heap.count, reference->count);
    time_ns next =
        reference->count ? reference->items[reference_earliest(reference)].timer.at : TIME_NEVER;
    ck_assert_int_eq(timers_next(timers), next);
}

START_TEST(timers_agree_with_a_plain_search_under_random_work)
{
    struct rng rng = rng_stream(6, "timers", (uint64_t)_i);
    struct timers timers = { 0 };
    struct reference reference = { .count = 0 };
    time_ns now = 0;
    for (int step = 0; step < 10000; step++)
        random_step(&timers, &reference, &rng, &now);
    timers_fini(&timers);
}
END_TEST

Suite *test_base_timers_suite(void);
Suite *test_base_timers_suite(void)
{
    Suite *suite = suite_create("base_timers");
    TCase *tcase = tcase_create("timers");
    tcase_add_test(tcase, timers_are_empty_and_valid_when_zeroed);
    tcase_add_test(tcase, timers_fire_by_time_and_equal_ones_in_the_order_of_setting);
    tcase_add_test(tcase, timers_set_again_at_the_same_time_goes_behind_the_others);
    tcase_add_test(tcase, timers_cancel_is_fine_for_what_is_gone_and_zeroes_the_handle);
    tcase_add_test(tcase, timers_handle_does_not_reach_the_next_user_of_its_place);
    tcase_add_test(tcase, timers_take_times_before_the_start);
    tcase_add_test_raise_signal(tcase, timers_set_stops_at_never, SIGABRT);
    tcase_add_test(tcase, timers_use_no_more_places_than_are_set_at_once);
    tcase_add_loop_test(tcase, timers_agree_with_a_plain_search_under_random_work, 0, 4);
    suite_add_tcase(suite, tcase);
    return suite;
}
