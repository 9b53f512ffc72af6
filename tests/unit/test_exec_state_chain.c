/* SPDX-License-Identifier: Apache-2.0
 *
 * The books of increments: when a chain ends, and what a snapshot builds on.
 */
#include <check.h>

#include "core/exec/state_chain.h"

static void add_to(struct state_chain *chain, uint64_t id, bool is_increment, uint64_t bytes)
{
    state_chain_begin(chain, id, is_increment, 0, (struct key_group_range){ 0, 9 });
    state_chain_written(chain, id, bytes);
}

START_TEST(increments_larger_than_what_they_add_to_end_the_chain)
{
    struct state_chain chain = { 0 };
    ck_assert(!state_chain_goes_on(&chain));
    add_to(&chain, 1, false, 100);
    ck_assert(!state_chain_goes_on(&chain));
    state_chain_confirm(&chain, 1);
    add_to(&chain, 2, true, 60);
    state_chain_confirm(&chain, 2);
    ck_assert(state_chain_goes_on(&chain));
    add_to(&chain, 3, true, 40);
    state_chain_confirm(&chain, 3);
    ck_assert(state_chain_goes_on(&chain));
    add_to(&chain, 4, true, 1);
    state_chain_confirm(&chain, 4);
    ck_assert(!state_chain_goes_on(&chain));
    state_chain_fini(&chain);
}
END_TEST

START_TEST(a_chain_has_so_many_increments_at_most)
{
    struct state_chain chain = { 0 };
    add_to(&chain, 1, false, 100);
    state_chain_confirm(&chain, 1);
    for (uint64_t i = 0; i < CHECKPOINT_INCREMENTS_MAX; i++) {
        ck_assert(state_chain_goes_on(&chain));
        add_to(&chain, 2 + i, true, 0);
        state_chain_confirm(&chain, 2 + i);
    }
    ck_assert(!state_chain_goes_on(&chain));
    state_chain_fini(&chain);
}
END_TEST

/* 3 began when 1 was the newest confirmed one: 2 is none of its parts. */
START_TEST(a_snapshot_builds_on_what_was_confirmed_when_it_began)
{
    struct state_chain chain = { 0 };
    add_to(&chain, 1, false, 100);
    state_chain_confirm(&chain, 1);
    add_to(&chain, 2, true, 10);
    add_to(&chain, 3, true, 20);
    state_chain_confirm(&chain, 2);
    ck_assert_uint_eq(chain.confirmed.count, 2);
    state_chain_confirm(&chain, 3);
    ck_assert_uint_eq(chain.confirmed.count, 2);
    ck_assert_uint_eq(chain.confirmed.items[1].checkpoint, 3);
    add_to(&chain, 4, true, 1);
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
    tcase_add_test(tcase, increments_larger_than_what_they_add_to_end_the_chain);
    tcase_add_test(tcase, a_chain_has_so_many_increments_at_most);
    tcase_add_test(tcase, a_snapshot_builds_on_what_was_confirmed_when_it_began);
    suite_add_tcase(suite, tcase);
    return suite;
}
