/* SPDX-License-Identifier: Apache-2.0
 *
 * The checkpoint gate by itself: every pair of states an attempt can move between, before and after
 * the job runs, and a life of two tasks.
 */
#include <check.h>

#include "core/schedule/checkpoint_gate.h"

/* What the gate makes of each move of an attempt (surprise 5). */
START_TEST(the_checkpoint_gate_counts_attempts_that_are_not_calm)
{
    struct checkpoint_gate gate = { 0 };
    ck_assert_int_eq(checkpoint_gate_on_job_running(&gate), GATE_START);
    ck_assert_int_eq(checkpoint_gate_on_move(&gate, EXECUTION_CREATED, EXECUTION_SCHEDULED),
                     GATE_STOP);
    ck_assert_int_eq(checkpoint_gate_on_move(&gate, EXECUTION_CREATED, EXECUTION_SCHEDULED),
                     GATE_KEEP);
    ck_assert_int_eq(checkpoint_gate_on_move(&gate, EXECUTION_SCHEDULED, EXECUTION_DEPLOYING),
                     GATE_KEEP);
    ck_assert_int_eq(checkpoint_gate_on_move(&gate, EXECUTION_INITIALIZING, EXECUTION_RUNNING),
                     GATE_KEEP);
    ck_assert_int_eq(checkpoint_gate_on_move(&gate, EXECUTION_INITIALIZING, EXECUTION_RUNNING),
                     GATE_START);
    ck_assert_int_eq(checkpoint_gate_on_move(&gate, EXECUTION_RUNNING, EXECUTION_FINISHED),
                     GATE_KEEP);
    ck_assert_int_eq(checkpoint_gate_on_move(&gate, EXECUTION_RUNNING, EXECUTION_FAILED),
                     GATE_STOP);
    ck_assert_int_eq(checkpoint_gate_on_job_running(&gate), GATE_KEEP);
    ck_assert_int_eq(checkpoint_gate_on_move(&gate, EXECUTION_CREATED, EXECUTION_SCHEDULED),
                     GATE_KEEP);
    ck_assert_int_eq(checkpoint_gate_on_move(&gate, EXECUTION_INITIALIZING, EXECUTION_RUNNING),
                     GATE_KEEP);
    ck_assert_uint_eq(gate.open, 1);
}
END_TEST

/* The whole table: CREATED, RUNNING and FINISHED are calm. With one other attempt open already
 * (beside) a move neither starts nor stops anything, and before the job runs none does. */
START_TEST(every_move_of_an_attempt_counts_once)
{
    for (unsigned cell = 0; cell < EXECUTION_STATE_COUNT * EXECUTION_STATE_COUNT * 4; cell++) {
        enum execution_state from = (enum execution_state)(cell / 4 / EXECUTION_STATE_COUNT);
        enum execution_state to = (enum execution_state)(cell / 4 % EXECUTION_STATE_COUNT);
        bool active = cell & 1, beside = cell & 2;
        if (!state_can_move(&execution_states, from, to))
            continue;
        bool was_calm = from == EXECUTION_CREATED || from == EXECUTION_RUNNING;
        bool is_calm = to == EXECUTION_RUNNING || to == EXECUTION_FINISHED;
        struct checkpoint_gate gate = { .active = active, .open = !was_calm + (uint64_t)beside };
        enum gate_outcome outcome = checkpoint_gate_on_move(&gate, from, to);
        ck_assert_uint_eq(gate.open, !is_calm + (uint64_t)beside);
        enum gate_outcome expected = GATE_KEEP;
        if (active && !beside && was_calm != is_calm)
            expected = is_calm ? GATE_START : GATE_STOP;
        ck_assert_msg(outcome == expected, "%s -> %s", state_name(&execution_states, from),
                      state_name(&execution_states, to));
    }
}
END_TEST

Suite *test_schedule_gate_suite(void)
{
    Suite *suite = suite_create("schedule: checkpoint gate");
    TCase *gate = tcase_create("gate");
    tcase_add_test(gate, the_checkpoint_gate_counts_attempts_that_are_not_calm);
    tcase_add_test(gate, every_move_of_an_attempt_counts_once);
    suite_add_tcase(suite, gate);
    return suite;
}
