/* SPDX-License-Identifier: Apache-2.0
 *
 * The books of increments: whose turn it is to be written whole, and what a snapshot builds on.
 */
#include <check.h>

#include "core/exec/state_chain.h"

enum { GROUPS = 10 };

static const struct key_group_range all = { 0, GROUPS - 1 };

/* As large; what adds to something has `added` bytes. Gives what was whole. */
static struct key_group_range add_to(struct state_chain *chain, uint64_t id, uint64_t bytes,
                                     uint64_t added)
{
    const struct task_snapshot_identity file = { .parallelism = 1,
                                                 .max_parallelism = GROUPS,
                                                 .checkpoint = id };
    struct chain_plan plan = state_chain_plan(chain, all);
    state_chain_begin(chain, id, &plan);
    state_chain_written(chain, &file, bytes, plan.is_increment ? added : 0);
    return plan.whole;
}

static struct key_group_range confirm_next(struct state_chain *chain, uint64_t id, uint64_t bytes,
                                           uint64_t added)
{
    struct key_group_range whole = add_to(chain, id, bytes, added);
    state_chain_confirm(chain, id);
    return whole;
}

static void expect_range(struct key_group_range range, int32_t first, int32_t last)
{
    ck_assert_int_eq(range.first, first);
    ck_assert_int_eq(range.last, last);
}

static void expect_part(const struct state_part *part, uint64_t checkpoint, int32_t first,
                        int32_t last, uint64_t bytes)
{
    ck_assert_uint_eq(part->checkpoint, checkpoint);
    expect_range(part->range, first, last);
    ck_assert_uint_eq(part->bytes, bytes);
}

/* 1,000 bytes; 2 adds a quarter of that, so 3 has two of ten groups whole and 4, which hears of
 * another quarter, the next three: for them the older files do not count. */
START_TEST(key_groups_are_written_whole_in_turn)
{
    struct state_chain chain = { 0 };
    expect_range(confirm_next(&chain, 1, 1000, 0), 0, 9);
    ck_assert_uint_eq(chain.confirmed.turn.size, 1000);
    expect_range(confirm_next(&chain, 2, 250, 250), 0, -1); /* 1 has added nothing */
    expect_range(confirm_next(&chain, 3, 450, 250), 0, 1);
    const struct state_part *parts = chain.confirmed.items;
    ck_assert_uint_eq(chain.confirmed.count, 4);
    expect_part(&parts[0], 1, 2, 9, 800);
    expect_part(&parts[1], 2, 2, 9, 200);
    expect_part(&parts[2], 3, 0, 1, 200);
    expect_part(&parts[3], 3, 2, 9, 250);
    expect_range(confirm_next(&chain, 4, 300, 0), 2, 4);
    parts = chain.confirmed.items;
    expect_part(&parts[0], 1, 5, 9, 500);
    expect_part(&parts[1], 2, 5, 9, 125);
    expect_part(&parts[2], 3, 0, 1, 200);
    expect_part(&parts[3], 3, 5, 9, 156);
    expect_part(&parts[4], 4, 2, 4, 300);
    expect_part(&parts[5], 4, 0, 1, 0);
    expect_part(&parts[6], 4, 5, 9, 0);
    ck_assert_uint_eq(chain.confirmed.count, 7);
    state_chain_fini(&chain);
}
END_TEST

/* Added as much as there is, when a round begins: everything. In the middle of one: its rest. */
START_TEST(a_round_ends_with_the_last_key_group)
{
    struct state_chain chain = { 0 };
    confirm_next(&chain, 1, 1000, 0);
    confirm_next(&chain, 2, 400, 400);
    expect_range(confirm_next(&chain, 3, 1400, 1000), 0, 3);
    expect_range(confirm_next(&chain, 4, 1600, 1000), 4, 9);
    ck_assert(!state_chain_plan(&chain, all).is_increment);
    expect_range(confirm_next(&chain, 5, 1000, 0), 0, 9);
    ck_assert_uint_eq(chain.confirmed.count, 1);
    state_chain_fini(&chain);
}
END_TEST

/* Nothing is ever added, and each group has its turn twice in two rounds. */
START_TEST(every_key_group_has_its_turn_in_so_many_increments)
{
    struct state_chain chain = { 0 };
    int turns[GROUPS] = { 0 };
    confirm_next(&chain, 1, 1000, 0);
    for (uint64_t i = 0; i < 2 * CHECKPOINT_ROUND_MOST; i++) {
        struct chain_plan plan = state_chain_plan(&chain, all);
        ck_assert_int_le(plan.whole.last, plan.whole.first); /* one at a time */
        for (int32_t group = plan.whole.first; group <= plan.whole.last; group++)
            turns[group]++;
        confirm_next(&chain, 2 + i, 100, 0);
    }
    for (int group = 0; group < GROUPS; group++)
        ck_assert_int_eq(turns[group], 2);
    ck_assert_uint_le(chain.confirmed.count, 3 * (CHECKPOINT_ROUND_MOST + 1));
    state_chain_fini(&chain);
}
END_TEST

/* 3 began when 1 was the newest confirmed one: 2 is none of its parts. */
START_TEST(a_snapshot_builds_on_what_was_confirmed_when_it_began)
{
    struct state_chain chain = { 0 };
    confirm_next(&chain, 1, 100, 0);
    add_to(&chain, 2, 10, 10);
    add_to(&chain, 3, 20, 20);
    state_chain_confirm(&chain, 2);
    ck_assert_uint_eq(chain.confirmed.count, 2);
    state_chain_confirm(&chain, 3);
    ck_assert_uint_eq(chain.confirmed.count, 2);
    ck_assert_uint_eq(chain.confirmed.items[1].checkpoint, 3);
    add_to(&chain, 4, 1, 1);
    state_chain_abort(&chain, 4);
    ck_assert(!state_chain_awaits(&chain, 4));
    state_chain_fini(&chain);
}
END_TEST

Suite *test_exec_state_chain_suite(void);
Suite *test_exec_state_chain_suite(void)
{
    Suite *suite = suite_create("exec_state_chain");
    TCase *tcase = tcase_create("books");
    tcase_add_test(tcase, key_groups_are_written_whole_in_turn);
    tcase_add_test(tcase, a_round_ends_with_the_last_key_group);
    tcase_add_test(tcase, every_key_group_has_its_turn_in_so_many_increments);
    tcase_add_test(tcase, a_snapshot_builds_on_what_was_confirmed_when_it_began);
    suite_add_tcase(suite, tcase);
    return suite;
}
