/* SPDX-License-Identifier: Apache-2.0
 *
 * Operator state dealt out anew, and the watermark of many channels, against plain loops.
 */
#include <check.h>

#include "core/base/rng.h"
#include "core/exec/state_list.h"
#include "core/exec/watermark_valve.h"

enum { OLD_MAX = 5, ENTRIES_MAX = 9 };

static struct state_list lists[OLD_MAX];
static const struct state_list *saved[OLD_MAX];

/* Entry k of old subtask i is one byte, 16 i + k. */
static void save_lists(struct rng *rng, uint32_t old)
{
    for (uint32_t i = 0; i < OLD_MAX; i++) {
        state_list_clear(&lists[i]);
        uint64_t count = i < old ? rng_below(rng, ENTRIES_MAX + 1) : 0;
        for (uint64_t k = 0; k < count; k++) {
            uint8_t entry = (uint8_t)(16 * i + k);
            state_list_add(&lists[i], &entry, 1);
        }
        saved[i] = &lists[i];
    }
}

static void fini_lists(void)
{
    for (uint32_t i = 0; i < OLD_MAX; i++)
        state_list_fini(&lists[i]);
}

/* All entries in order are dealt out without a gap, and no two subtasks differ by more than one. */
START_TEST(split_entries_are_dealt_out_evenly_and_in_order)
{
    struct rng rng = rng_stream((uint64_t)_i, "lists", 0);
    struct state_list out = { 0 };
    uint32_t old = 1 + (uint32_t)rng_below(&rng, OLD_MAX);
    uint32_t parallelism = old % OLD_MAX + 1 + (uint32_t)rng_below(&rng, 3);
    size_t least = SIZE_MAX, most = 0;
    uint32_t i = 0;
    size_t k = 0;
    parallelism += parallelism == old;
    save_lists(&rng, old);
    for (uint32_t subtask = 0; subtask < parallelism; subtask++) {
        state_list_redistribute(OPERATOR_STATE_SPLIT, saved, old, subtask, parallelism, &out);
        size_t count = state_list_count(&out);
        least = count < least ? count : least;
        most = count > most ? count : most;
        for (size_t n = 0; n < count; n++, k++) {
            size_t size;
            for (; k == state_list_count(&lists[i]); k = 0)
                i++;
            ck_assert_uint_eq(*state_list_entry(&out, n, &size), 16 * i + k);
            ck_assert_uint_eq(size, 1);
        }
    }
    for (; i < old && k == state_list_count(&lists[i]); k = 0)
        i++;
    ck_assert_uint_eq(i, old);
    ck_assert_uint_le(most - least, 1);
    state_list_fini(&out);
    fini_lists();
}
END_TEST

START_TEST(unchanged_parallelism_keeps_each_its_own)
{
    struct rng rng = rng_stream(7, "lists", 0);
    struct state_list out = { 0 };
    save_lists(&rng, 4);
    saved[2] = NULL; /* it had finished: its entries are done, not to be had from others */
    for (uint32_t subtask = 0; subtask < 4; subtask++) {
        state_list_redistribute(OPERATOR_STATE_SPLIT, saved, 4, subtask, 4, &out);
        ck_assert_uint_eq(state_list_count(&out),
                          saved[subtask] ? state_list_count(saved[subtask]) : 0);
        state_list_redistribute(OPERATOR_STATE_NONE, saved, 4, subtask, 4, &out);
        ck_assert_uint_eq(state_list_count(&out), 0);
    }
    state_list_fini(&out);
    fini_lists();
}
END_TEST

START_TEST(union_goes_to_all_and_broadcast_is_one_copy)
{
    struct rng rng = rng_stream(8, "lists", 0);
    struct state_list out = { 0 };
    save_lists(&rng, 3);
    size_t all = 0;
    for (int i = 0; i < 3; i++)
        all += state_list_count(&lists[i]);
    for (uint32_t subtask = 0; subtask < 5; subtask++) {
        state_list_redistribute(OPERATOR_STATE_UNION, saved, 3, subtask, 5, &out);
        ck_assert_uint_eq(state_list_count(&out), all);
        state_list_redistribute(OPERATOR_STATE_BROADCAST, saved, 3, subtask, 5, &out);
        ck_assert_uint_eq(state_list_count(&out), state_list_count(&lists[subtask % 3]));
    }
    saved[1] = NULL; /* finished: another copy serves */
    state_list_redistribute(OPERATOR_STATE_BROADCAST, saved, 3, 1, 5, &out);
    ck_assert_uint_eq(state_list_count(&out), state_list_count(&lists[2]));
    state_list_fini(&out);
    fini_lists();
}
END_TEST

static void expect_same_list(const struct state_list *a, const struct state_list *b)
{
    ck_assert_uint_eq(state_list_count(a), state_list_count(b));
    for (size_t i = 0; i < state_list_count(a); i++) {
        size_t size;
        ck_assert_uint_eq(*state_list_entry(a, i, &size), *state_list_entry(b, i, &size));
    }
}

/* there: a bit for each old subtask that saved one. */
static void check_wanted(enum operator_state mode, uint32_t there, uint32_t old, uint32_t subtask,
                         uint32_t width)
{
    struct state_list all = { 0 }, some = { 0 };
    bool wanted[OLD_MAX], is_one = mode == OPERATOR_STATE_BROADCAST || mode == OPERATOR_STATE_NONE;
    uint32_t read = 0;
    for (uint32_t i = 0; i < old; i++) {
        wanted[i] = there >> i & 1;
        saved[i] = wanted[i] ? &lists[i] : NULL;
    }
    state_list_redistribute(mode, saved, old, subtask, width, &all);
    state_list_want(mode, wanted, old, subtask, width);
    for (uint32_t i = 0; i < old; i++) {
        ck_assert(!wanted[i] || saved[i]);
        saved[i] = wanted[i] ? saved[i] : NULL;
        read += wanted[i];
    }
    state_list_redistribute(mode, saved, old, subtask, width, &some);
    expect_same_list(&all, &some);
    is_one |= mode == OPERATOR_STATE_SPLIT && width == old;
    ck_assert_uint_le(read, is_one ? 1 : old);
    state_list_fini(&all);
    state_list_fini(&some);
}

/* With every choice of subtasks that saved one: the same share, of one list where one will do. */
START_TEST(lists_that_are_not_wanted_are_not_missed)
{
    enum { OLD = 4, NEW_MAX = 6 };
    struct rng rng = rng_stream(9, "lists", (uint64_t)_i);
    save_lists(&rng, OLD);
    for (uint32_t there = 0; there < 1u << OLD; there++)
        for (uint32_t width = 1; width <= NEW_MAX; width++)
            for (uint32_t subtask = 0; subtask < width; subtask++)
                check_wanted((enum operator_state)_i, there, OLD, subtask, width);
    fini_lists();
}
END_TEST

enum { CHANNELS = 7 };

struct plain_channel {
    int64_t watermark;
    bool idle, aligned;
};

/* StatusWatermarkValve word by word: the least watermark of the aligned channels. */
static int64_t plain_least(const struct plain_channel *channels, uint32_t count)
{
    int64_t least = INT64_MAX;
    bool any = false;
    for (uint32_t i = 0; i < count; i++)
        if (channels[i].aligned) {
            any = true;
            least = channels[i].watermark < least ? channels[i].watermark : least;
        }
    return any ? least : WATERMARK_NONE;
}

START_TEST(the_valve_gives_the_least_of_those_that_count)
{
    struct rng rng = rng_stream((uint64_t)_i, "valve", 0);
    uint32_t count = 1 + (uint32_t)rng_below(&rng, CHANNELS);
    struct plain_channel plain[CHANNELS];
    struct watermark_valve valve;
    int64_t given = WATERMARK_NONE;
    watermark_valve_init(&valve, count);
    for (uint32_t i = 0; i < count; i++)
        plain[i] = (struct plain_channel){ WATERMARK_NONE, false, true };
    for (int step = 0; step < 400; step++) {
        uint32_t i = (uint32_t)rng_below(&rng, count);
        bool all_idle = true, rose = false;
        if (rng_below(&rng, 4) > 0) {
            int64_t watermark = rng_between(&rng, step, step + 50);
            rose = watermark_valve_on_watermark(&valve, i, watermark);
            if (!plain[i].idle && watermark > plain[i].watermark) {
                plain[i].watermark = watermark;
                plain[i].aligned |= watermark >= given;
            }
        } else {
            bool idle = rng_below(&rng, 2) == 0;
            watermark_valve_on_status(&valve, i, idle, &rose);
            if (idle != plain[i].idle) {
                plain[i].idle = idle;
                plain[i].aligned = !idle && plain[i].watermark >= given;
            }
        }
        for (uint32_t k = 0; k < count; k++)
            all_idle &= plain[k].idle;
        int64_t least = plain_least(plain, count);
        if (all_idle && rose)
            for (uint32_t k = 0; k < count; k++) /* what the furthest has seen */
                least = plain[k].watermark > least ? plain[k].watermark : least;
        ck_assert_int_eq(rose, least > given);
        given = least > given ? least : given;
        ck_assert_int_eq(valve.watermark, given);
        ck_assert_int_eq(valve.idle, all_idle);
    }
    watermark_valve_fini(&valve);
}
END_TEST

Suite *test_exec_lists_suite(void);

Suite *test_exec_lists_suite(void)
{
    Suite *suite = suite_create("exec_lists");
    TCase *lists_case = tcase_create("lists"), *valve = tcase_create("valve");
    tcase_add_loop_test(lists_case, split_entries_are_dealt_out_evenly_and_in_order, 0, 60);
    tcase_add_test(lists_case, unchanged_parallelism_keeps_each_its_own);
    tcase_add_test(lists_case, union_goes_to_all_and_broadcast_is_one_copy);
    tcase_add_loop_test(lists_case, lists_that_are_not_wanted_are_not_missed, OPERATOR_STATE_NONE,
                        OPERATOR_STATE_BROADCAST + 1);
    tcase_add_loop_test(valve, the_valve_gives_the_least_of_those_that_count, 0, 60);
    suite_add_tcase(suite, lists_case);
    suite_add_tcase(suite, valve);
    return suite;
}
