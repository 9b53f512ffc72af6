/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of core/base/machine.h on a door, and of the ids of core/base/ids.h.
 */
#include "core/base/machine.h"

#include <check.h>
#include <signal.h>

#include "core/base/ids.h"

enum door { DOOR_OPEN, DOOR_CLOSED, DOOR_LOCKED, DOOR_BURNT, DOOR_COUNT };

static const struct state_row door_rows[] = {
    [DOOR_OPEN] = { "OPEN", STATE(DOOR_CLOSED) | STATE(DOOR_BURNT), STATE_INITIAL },
    [DOOR_CLOSED] = { "CLOSED", STATE(DOOR_OPEN) | STATE(DOOR_LOCKED) | STATE(DOOR_BURNT), 0 },
    [DOOR_LOCKED] = { "LOCKED", STATE(DOOR_CLOSED) | STATE(DOOR_BURNT), 0 },
    [DOOR_BURNT] = { "BURNT", 0, STATE_FINAL | STATE_FAILURE },
};

static const struct state_table doors = { "door", door_rows, DOOR_COUNT };

static const bool legal[DOOR_COUNT][DOOR_COUNT] = {
    [DOOR_OPEN] = { false, true, false, true },
    [DOOR_CLOSED] = { true, false, true, true },
    [DOOR_LOCKED] = { false, true, false, true },
    [DOOR_BURNT] = { false, false, false, false },
};

START_TEST(state_table_says_names_and_ends)
{
    ck_assert_str_eq(state_name(&doors, DOOR_LOCKED), "LOCKED");
    ck_assert(state_is_final(&doors, DOOR_BURNT));
    ck_assert(!state_is_final(&doors, DOOR_OPEN));
}
END_TEST

START_TEST(state_can_move_as_the_table_says_and_nowhere_else)
{
    for (unsigned from = 0; from < DOOR_COUNT; from++)
        for (unsigned to = 0; to < DOOR_COUNT; to++)
            ck_assert_int_eq(state_can_move(&doors, from, to), legal[from][to]);
}
END_TEST

START_TEST(machine_check_move_lets_legal_moves_pass)
{
    for (unsigned from = 0; from < DOOR_COUNT; from++)
        for (unsigned to = 0; to < DOOR_COUNT; to++)
            if (legal[from][to])
                machine_check_move(&doors, from, to);
}
END_TEST

START_TEST(machine_check_move_stops_at_an_illegal_move)
{
    unsigned from = (unsigned)_i / DOOR_COUNT, to = (unsigned)_i % DOOR_COUNT;
    if (legal[from][to])
        raise(SIGABRT); /* not this test's cell */
    machine_check_move(&doors, from, to);
}
END_TEST

START_TEST(machine_check_move_stops_at_a_state_that_is_none)
{
    machine_check_move(&doors, DOOR_OPEN, DOOR_COUNT);
}
END_TEST

/* Thirty-two states fit the mask; the last one must not run out of it. */
START_TEST(state_mask_holds_the_thirty_second_state)
{
    struct state_row rows[32] = { [0] = { "first", STATE(31), 0 }, [31] = { "last", STATE(0), 0 } };
    struct state_table table = { "wide", rows, 32 };
    ck_assert(state_can_move(&table, 0, 31));
    ck_assert(state_can_move(&table, 31, 0));
    ck_assert(!state_can_move(&table, 31, 31));
}
END_TEST

START_TEST(ids_compare_by_number_and_know_none)
{
    struct task_id a = { 0 }, b = { 1 };
    ck_assert(task_id_equal(a, a));
    ck_assert(!task_id_equal(a, b));
    ck_assert(!task_id_is_none(a));
    ck_assert(task_id_is_none(task_id_none()));
    ck_assert(!task_id_equal(a, task_id_none()));
}
END_TEST

Suite *test_base_machine_suite(void);
Suite *test_base_machine_suite(void)
{
    Suite *suite = suite_create("base_machine");
    TCase *tcase = tcase_create("machine");
    tcase_add_test(tcase, state_table_says_names_and_ends);
    tcase_add_test(tcase, state_can_move_as_the_table_says_and_nowhere_else);
    tcase_add_test(tcase, machine_check_move_lets_legal_moves_pass);
    tcase_add_loop_test_raise_signal(tcase, machine_check_move_stops_at_an_illegal_move, SIGABRT, 0,
                                     DOOR_COUNT * DOOR_COUNT);
    tcase_add_test_raise_signal(tcase, machine_check_move_stops_at_a_state_that_is_none, SIGABRT);
    tcase_add_test(tcase, state_mask_holds_the_thirty_second_state);
    tcase_add_test(tcase, ids_compare_by_number_and_know_none);
    suite_add_tcase(suite, tcase);
    return suite;
}
