/* SPDX-License-Identifier: Apache-2.0
 *
 * Timers set, set again, deleted and taken in drawn orders, against a plain array.
 */
#include <check.h>

#include "core/base/rng.h"
#include "core/exec/timer_service.h"
#include "tests/lib/lone_chain.h"

enum { TIMES = 12, KEYS = 5, SPACES = 2, STEPS = 800, WIDE = 20000 };

static uint32_t key_size; /* of the test under way */

struct timed {
    struct operator op;
    struct timer_service timers;
};

static struct timer_service *service;

static void open(struct operator* op)
{
    service = &((struct timed *)op)->timers;
    ck_assert(timer_service_open(service, op, "timers", key_size));
}

static void close(struct operator* op)
{
    timer_service_close(&((struct timed *)op)->timers);
}

static const struct operator_class timed_class = {
    .name = "timed", .size = sizeof(struct timed), .open = open, .close = close
};
static const struct operator_spec specs[] = { { .name = "timed", .class = &timed_class } };

/* Its key lies there until the next one is made: a number at the end of so many bytes. */
static struct timer timer_of(int64_t time, uint64_t key, uint64_t space)
{
    static uint8_t bytes[WIDE];
    struct timer timer = { .time = time, .namespace = space, .key = bytes };
    timer.group = key_group_of_hash(key_hash_long((int64_t)key), LONE_GROUPS);
    memcpy(bytes + key_size - sizeof key, &key, sizeof key);
    return timer;
}

static bool is_set[TIMES][KEYS][SPACES];

static int64_t least_set(void)
{
    for (int64_t time = 0; time < TIMES; time++)
        for (int key = 0; key < KEYS; key++)
            for (int space = 0; space < SPACES; space++)
                if (is_set[time][key][space])
                    return time;
    return INT64_MAX;
}

static size_t count_set(void)
{
    size_t count = 0;
    for (int64_t time = 0; time < TIMES; time++)
        for (int key = 0; key < KEYS; key++)
            for (int space = 0; space < SPACES; space++)
                count += is_set[time][key][space];
    return count;
}

static void take_due(struct rng *rng)
{
    int64_t up_to = rng_between(rng, -1, TIMES), last = INT64_MIN;
    struct timer timer;
    while (timer_service_take(service, up_to, &timer)) {
        uint64_t key;
        memcpy(&key, timer.key + key_size - sizeof key, sizeof key);
        ck_assert_int_ge(timer.time, last);
        ck_assert_int_le(timer.time, up_to);
        ck_assert(is_set[timer.time][key][timer.namespace]);
        is_set[timer.time][key][timer.namespace] = false;
        last = timer.time;
    }
    ck_assert_int_gt(least_set(), up_to);
}

static void must_be_small(void)
{
    ck_assert_uint_le(service->heap.count / service->stride,
                      2 * service->set + TIMERS_DELETED_SPARE);
}

START_TEST(timers_fire_once_in_order_unless_deleted)
{
    struct rng rng = rng_stream((uint64_t)_i, "timers", 0);
    struct lone_chain lone;
    memset(is_set, 0, sizeof is_set);
    key_size = _i % 4 == 0 ? WIDE : 8 + (uint32_t)_i;
    lone_chain_init(&lone, specs, 1, 0, 1, NULL, 0);
    for (int step = 0; step < STEPS; step++) {
        int64_t time = (int64_t)rng_below(&rng, TIMES);
        uint64_t key = rng_below(&rng, KEYS), space = rng_below(&rng, SPACES);
        struct timer timer = timer_of(time, key, space);
        switch (rng_below(&rng, 20)) {
        case 0: take_due(&rng); break;
        case 1:
        case 2:
        case 3:
        case 4:
        case 5:
        case 6:
            timer_service_delete(service, &timer);
            is_set[time][key][space] = false;
            break;
        default:
            timer_service_set(service, &timer);
            is_set[time][key][space] = true;
            break;
        }
        ck_assert_int_eq(timer_service_next(service), least_set());
        ck_assert_uint_eq(service->set, count_set());
        must_be_small();
    }
    lone_chain_fini(&lone);
}
END_TEST

/* Timers of inactivity: one key is quiet, so none that the others moved behind its own comes up;
 * and one that is deleted and set again and again is there once. */
START_TEST(deleted_timers_go_behind_one_that_stays)
{
    enum { MOVES = 5000, BUSY = 10 };
    struct lone_chain lone;
    struct timer timer;
    key_size = sizeof(uint64_t);
    lone_chain_init(&lone, specs, 1, 0, 1, NULL, 0);
    timer = timer_of(1, BUSY, 0);
    timer_service_set(service, &timer);
    for (int64_t time = 2; time < MOVES; time++)
        for (uint64_t key = 0; key < BUSY; key++) {
            timer = timer_of(time, key, 0);
            timer_service_delete(service, &timer);
            timer = timer_of(time + 1, key, 0);
            timer_service_set(service, &timer);
            timer = timer_of(2, BUSY, 0);
            timer_service_set(service, &timer);
            timer_service_delete(service, &timer);
            must_be_small();
        }
    timer = timer_of(2, BUSY, 0);
    timer_service_set(service, &timer);
    ck_assert_uint_eq(service->set, BUSY + 2);
    for (uint64_t n = 0; n < BUSY + 2; n++) {
        ck_assert(timer_service_take(service, MOVES, &timer));
        ck_assert_int_eq(timer.time, n < 2 ? (int64_t)n + 1 : MOVES);
    }
    ck_assert(!timer_service_take(service, INT64_MAX, &timer));
    ck_assert_uint_eq(service->set, 0);
    lone_chain_fini(&lone);
}
END_TEST

/* Each of them is there twice when the deleted ones go, and once behind that. */
START_TEST(what_was_set_again_is_left_when_deleted_timers_go)
{
    enum { AGAIN = 5 };
    struct lone_chain lone;
    struct timer timer;
    key_size = sizeof(uint64_t);
    lone_chain_init(&lone, specs, 1, 0, 1, NULL, 0);
    for (int64_t time = 1; time <= AGAIN; time++) {
        timer = timer_of(time, 0, 0);
        timer_service_set(service, &timer);
        timer_service_delete(service, &timer);
        timer_service_set(service, &timer);
    }
    ck_assert_uint_eq(service->heap.count / service->stride, 2 * AGAIN);
    do {
        timer = timer_of(AGAIN + 1, 0, 0);
        timer_service_set(service, &timer);
        timer_service_delete(service, &timer);
    } while (service->heap.count / service->stride != AGAIN);
    for (int64_t time = 1; time <= AGAIN; time++) {
        ck_assert(timer_service_take(service, INT64_MAX, &timer));
        ck_assert_int_eq(timer.time, time);
    }
    ck_assert(!timer_service_take(service, INT64_MAX, &timer));
    lone_chain_fini(&lone);
}
END_TEST

START_TEST(equal_times_fire_by_group_namespace_and_key)
{
    struct lone_chain lone;
    struct timer last = { .group = -1 }, timer;
    uint64_t last_key = 0, key;
    key_size = sizeof key;
    lone_chain_init(&lone, specs, 1, 0, 1, NULL, 0);
    for (uint64_t n = 0; n < 50; n++) {
        timer = timer_of(7, n * 37 % 50, n % 2);
        timer_service_set(service, &timer);
    }
    for (int n = 0; n < 50; n++) {
        ck_assert(timer_service_take(service, 7, &timer));
        ck_assert(timer.group > last.group ||
                  (timer.group == last.group &&
                   (timer.namespace > last.namespace ||
                    (timer.namespace == last.namespace && memcmp(timer.key, &last_key, 8) > 0))));
        last = timer;
        memcpy(&last_key, timer.key, sizeof last_key);
    }
    lone_chain_fini(&lone);
}
END_TEST

Suite *test_exec_timers_suite(void);

Suite *test_exec_timers_suite(void)
{
    Suite *suite = suite_create("exec_timers");
    TCase *tcase = tcase_create("timers");
    tcase_add_loop_test(tcase, timers_fire_once_in_order_unless_deleted, 0, 20);
    tcase_add_test(tcase, deleted_timers_go_behind_one_that_stays);
    tcase_add_test(tcase, what_was_set_again_is_left_when_deleted_timers_go);
    tcase_add_test(tcase, equal_times_fire_by_group_namespace_and_key);
    suite_add_tcase(suite, tcase);
    return suite;
}
