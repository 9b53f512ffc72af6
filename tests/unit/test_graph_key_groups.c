/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of core/graph/key_groups.c. The expected numbers were worked out apart from it: the hashes
 * with a general MurmurHash3 over bytes and with Java's own int arithmetic, which agreed.
 */
#include "core/graph/key_groups.h"

#include <check.h>
#include <signal.h>

static const struct {
    int32_t key_hash, murmur, group_of_128, group_of_32768;
} known[] = {
    { 0, 593689054, 94, 31198 },
    { 1, 68075478, 86, 16342 },
    { 2, 1085422463, 127, 15231 },
    { 42, 1134849565, 29, 28189 },
    { -1, 1982413648, 80, 15184 },
    { -42, 189366624, 96, 352 },
    { 97, 1455541201, 81, 19409 },
    { 2147483647, 1653689534, 62, 19646 },
    { -2147483647 - 1, 1718298732, 108, 10348 },
    { 123456789, 1088346449, 81, 22865 },
    { -987654321, 1314828554, 10, 12554 },
    { 99162322, 1715862179, 35, 31395 }, /* "hello" */
    { -2089875627, 0, 0, 0 },            /* mixes to Integer.MIN_VALUE */
};

/* A12: group = murmur(hashCode) mod M */
START_TEST(key_hashes_fall_where_flink_puts_them)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        ck_assert_int_eq(key_group_murmur(known[i].key_hash), known[i].murmur);
        ck_assert_int_eq(key_group_of_hash(known[i].key_hash, 128), known[i].group_of_128);
        ck_assert_int_eq(key_group_of_hash(known[i].key_hash, 32768), known[i].group_of_32768);
    }
}
END_TEST

START_TEST(key_group_ranges_of_known_cases)
{
    static const struct {
        int32_t subtask, parallelism, max_parallelism, first, last;
    } cases[] = {
        { 0, 3, 128, 0, 42 },
        { 1, 3, 128, 43, 85 },
        { 2, 3, 128, 86, 127 },
        { 0, 4, 10, 0, 2 },
        { 1, 4, 10, 3, 4 },
        { 2, 4, 10, 5, 7 },
        { 3, 4, 10, 8, 9 },
        { 0, 1, 1, 0, 0 },
        { 0, 32767, 32768, 0, 1 },
        { 1, 32767, 32768, 2, 2 },
        { 127, 128, 128, 127, 127 },
        { 1, 3, 32768, 10923, 21845 },
        { 32767, 32768, 32768, 32767, 32767 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct key_group_range range =
            key_group_range_of(cases[i].subtask, cases[i].parallelism, cases[i].max_parallelism);
        ck_assert_int_eq(range.first, cases[i].first);
        ck_assert_int_eq(range.last, cases[i].last);
    }
}
END_TEST

/* A12: subtask of g = floor(g p / M); range of i = [ceil(i M / p), floor(((i + 1) M - 1) / p)] */
START_TEST(each_key_group_is_in_the_range_of_its_subtask_and_ranges_join_up)
{
    for (int32_t max = 1; max <= 140; max++) {
        for (int32_t parallelism = 1; parallelism <= max; parallelism++) {
            int32_t next = 0;
            for (int32_t i = 0; i < parallelism; i++) {
                struct key_group_range range = key_group_range_of(i, parallelism, max);
                ck_assert_int_eq(range.first, next);
                ck_assert_int_ge(range.last, range.first);
                for (int32_t group = range.first; group <= range.last; group++)
                    ck_assert_int_eq(key_group_subtask(group, parallelism, max), i);
                next = range.last + 1;
            }
            ck_assert_int_eq(next, max);
        }
    }
}
END_TEST

START_TEST(more_subtasks_than_key_groups_leave_some_without_any)
{
    struct key_group_range full = key_group_range_of(0, 2, 1);
    struct key_group_range none = key_group_range_of(1, 2, 1);
    ck_assert_int_eq(full.first, 0);
    ck_assert_int_eq(full.last, 0);
    ck_assert_int_gt(none.first, none.last);
}
END_TEST

/* A12: default M = min(max(nextPow2(p + floor(p / 2)), 128), 32768) */
START_TEST(default_max_parallelism_is_a_power_of_two_above_one_and_a_half_times)
{
    static const int32_t cases[][2] = {
        { 1, 128 },       { 2, 128 },       { 85, 128 },      { 86, 256 },      { 100, 256 },
        { 128, 256 },     { 170, 256 },     { 171, 256 },     { 4000, 8192 },   { 10000, 16384 },
        { 10922, 16384 }, { 10923, 16384 }, { 21845, 32768 }, { 21846, 32768 }, { 32768, 32768 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_int_eq(key_group_default_max_parallelism(cases[i][0]), cases[i][1]);
}
END_TEST

START_TEST(overlap_counts_the_groups_in_both_ranges)
{
    struct key_group_range a = { 10, 19 }, none = { 1, 0 };
    ck_assert_int_eq(key_group_range_overlap(a, a), 10);
    ck_assert_int_eq(key_group_range_overlap(a, (struct key_group_range){ 0, 9 }), 0);
    ck_assert_int_eq(key_group_range_overlap(a, (struct key_group_range){ 0, 10 }), 1);
    ck_assert_int_eq(key_group_range_overlap((struct key_group_range){ 19, 30 }, a), 1);
    ck_assert_int_eq(key_group_range_overlap(a, (struct key_group_range){ 12, 14 }), 3);
    ck_assert_int_eq(key_group_range_overlap(none, (struct key_group_range){ 0, 127 }), 0);
}
END_TEST

START_TEST(max_parallelism_of_zero_is_a_fault_of_the_caller)
{
    (void)key_group_of_hash(1, 0);
}
END_TEST

START_TEST(subtask_beyond_parallelism_is_a_fault_of_the_caller)
{
    (void)key_group_range_of(4, 4, 128);
}
END_TEST

Suite *test_graph_key_groups_suite(void)
{
    Suite *suite = suite_create("graph/key_groups");
    TCase *tcase = tcase_create("core");
    tcase_add_test(tcase, key_hashes_fall_where_flink_puts_them);
    tcase_add_test(tcase, key_group_ranges_of_known_cases);
    tcase_add_test(tcase, each_key_group_is_in_the_range_of_its_subtask_and_ranges_join_up);
    tcase_add_test(tcase, more_subtasks_than_key_groups_leave_some_without_any);
    tcase_add_test(tcase, default_max_parallelism_is_a_power_of_two_above_one_and_a_half_times);
    tcase_add_test(tcase, overlap_counts_the_groups_in_both_ranges);
    tcase_add_test_raise_signal(tcase, max_parallelism_of_zero_is_a_fault_of_the_caller, SIGABRT);
    tcase_add_test_raise_signal(tcase, subtask_beyond_parallelism_is_a_fault_of_the_caller,
                                SIGABRT);
    suite_add_tcase(suite, tcase);
    return suite;
}
