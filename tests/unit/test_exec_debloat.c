/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of buffer debloating, against Flink's formula computed in doubles as Flink does.
 */
#include <check.h>

#include "core/base/rng.h"
#include "core/exec/debloat.h"

static const struct debloat_config defaults = {
    .target = TIME_S, .threshold_percent = 25, .samples = 20, .size_min = 256, .size_max = 32768
};

static struct debloat debloat;

START_TEST(debloat_starts_with_whole_buffers_and_stays_there_when_all_is_fast)
{
    debloat_init(&debloat, &defaults);
    for (int i = 0; i < 100; i++)
        ck_assert(!debloat_on_period(&debloat, 1u << 30, 10));
    ck_assert_uint_eq(debloat.size, 32768);
}
END_TEST

START_TEST(debloat_shrinks_to_what_is_read_within_the_target)
{
    int told = 0;
    debloat_init(&debloat, &defaults);
    for (int i = 0; i < 200; i++)
        told += debloat_on_period(&debloat, 10000, 10);
    ck_assert_uint_ge(debloat.average, 1000);
    ck_assert_uint_le(debloat.average, 1010);
    ck_assert_int_gt(told, 3);
    ck_assert_int_lt(told, 20);
    ck_assert_int_ge(debloat.estimated, TIME_S);
    ck_assert_int_le(debloat.estimated, 1010 * TIME_MS);
}
END_TEST

START_TEST(debloat_stops_at_its_bounds)
{
    debloat_init(&debloat, &defaults);
    for (int i = 0; i < 200; i++)
        debloat_on_period(&debloat, 0, 0);
    ck_assert_uint_eq(debloat.size, 256);
    ck_assert_int_eq(debloat.estimated, 0);
    for (int i = 0; i < 200; i++)
        debloat_on_period(&debloat, UINT64_MAX, 1);
    ck_assert_uint_eq(debloat.size, 32768);
}
END_TEST

START_TEST(debloat_agrees_with_the_formula)
{
    struct rng rng = rng_stream(1, "debloat", 0);
    double alpha = 2.0 / 21;
    int last = 32768;
    debloat_init(&debloat, &defaults);
    for (int i = 0; i < 20000; i++) {
        uint64_t throughput = rng_below(&rng, 1u << rng_between(&rng, 8, 24));
        uint32_t buffers = 1 + (uint32_t)rng_below(&rng, 40);
        int64_t wanted = (int64_t)throughput / buffers;
        if (wanted > 2 * last)
            wanted = 2 * last;
        int next = (int)(last + alpha * (double)(wanted - last));
        last = next < 256 ? 256 : next > 32768 ? 32768 : next;
        debloat_on_period(&debloat, throughput, buffers);
        /* Doubles may fall short of a whole number by their last bit. */
        ck_assert_int_le((int)debloat.average - last, 1);
        ck_assert_int_ge((int)debloat.average - last, 0);
        last = (int)debloat.average;
    }
}
END_TEST

Suite *test_exec_debloat_suite(void)
{
    Suite *suite = suite_create("exec debloat");
    TCase *tcase = tcase_create("debloat");
    tcase_add_test(tcase, debloat_starts_with_whole_buffers_and_stays_there_when_all_is_fast);
    tcase_add_test(tcase, debloat_shrinks_to_what_is_read_within_the_target);
    tcase_add_test(tcase, debloat_stops_at_its_bounds);
    tcase_add_test(tcase, debloat_agrees_with_the_formula);
    suite_add_tcase(suite, tcase);
    return suite;
}
