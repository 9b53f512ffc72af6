/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of core/port/data.c and event.c: each cell of the execution states, the causes of failure,
 * the names.
 */
#include "core/port/data.h"

#include <check.h>
#include <signal.h>
#include <string.h>

#include "core/port/event.h"

enum { N = EXECUTION_STATE_COUNT };

/* Columns in the order of the enum: CREATED SCHEDULED DEPLOYING INITIALIZING RUNNING FINISHED
 * CANCELING CANCELED FAILED. Source: Execution.deploy, switchTo*, markFinished, cancel,
 * completeCancelling, processFail. */
static const char *const legal[N] = {
    [EXECUTION_CREATED] = ".x.....xx",   [EXECUTION_SCHEDULED] = "..x....xx",
    [EXECUTION_DEPLOYING] = "...xxxxxx", [EXECUTION_INITIALIZING] = "....xxxxx",
    [EXECUTION_RUNNING] = ".....xxxx",   [EXECUTION_FINISHED] = ".........",
    [EXECUTION_CANCELING] = ".......x.", [EXECUTION_CANCELED] = ".........",
    [EXECUTION_FAILED] = ".........",
};

START_TEST(each_cell_of_the_execution_states_is_as_in_flink)
{
    for (unsigned from = 0; from < N; from++)
        for (unsigned to = 0; to < N; to++)
            ck_assert_msg(state_can_move(&execution_states, from, to) == (legal[from][to] == 'x'),
                          "%s -> %s", state_name(&execution_states, from),
                          state_name(&execution_states, to));
}
END_TEST

START_TEST(illegal_moves_stop_the_run)
{
    unsigned from = (unsigned)_i / N, to = (unsigned)_i % N;
    if (legal[from][to] == 'x')
        raise(SIGABRT); /* not this test's cell */
    machine_check_move(&execution_states, from, to);
}
END_TEST

START_TEST(execution_states_have_flinks_names_and_three_ends)
{
    static const char *const names[N] = { "CREATED",      "SCHEDULED", "DEPLOYING",
                                          "INITIALIZING", "RUNNING",   "FINISHED",
                                          "CANCELING",    "CANCELED",  "FAILED" };
    for (unsigned state = 0; state < N; state++) {
        ck_assert_str_eq(state_name(&execution_states, state), names[state]);
        bool final =
            state == EXECUTION_FINISHED || state == EXECUTION_CANCELED || state == EXECUTION_FAILED;
        ck_assert_int_eq(state_is_final(&execution_states, state), final);
        ck_assert_int_eq(execution_states.rows[state].next == 0, final);
    }
    ck_assert_str_eq(execution_states.machine, "execution");
    ck_assert_uint_eq(execution_states.count, N);
}
END_TEST

START_TEST(each_cause_but_none_has_an_exception_and_a_sentence)
{
    ck_assert_str_eq(failure_cause_exception(CAUSE_NONE), "");
    for (unsigned cause = CAUSE_NONE + 1; cause < CAUSE_COUNT; cause++) {
        ck_assert_uint_gt(strlen(failure_cause_exception((enum failure_cause)cause)), 0);
        ck_assert_uint_gt(strlen(failure_cause_sentence((enum failure_cause)cause)), 0);
    }
    ck_assert_str_eq(failure_cause_exception(CAUSE_CONNECTION_LOST), "RemoteTransportException");
}
END_TEST

/* A9: what is classified NonRecoverableError fails the job without asking the strategy */
START_TEST(only_graph_and_suppressed_failures_cannot_be_recovered)
{
    for (unsigned cause = 0; cause < CAUSE_COUNT; cause++) {
        bool fatal = cause == CAUSE_GRAPH || cause == CAUSE_SUPPRESSED;
        ck_assert_int_eq(failure_cause_is_recoverable((enum failure_cause)cause), !fatal);
    }
}
END_TEST

START_TEST(cause_out_of_the_list_is_a_fault_of_the_caller)
{
    (void)failure_cause_sentence(CAUSE_COUNT);
}
END_TEST

START_TEST(events_and_requests_have_names)
{
    ck_assert_str_eq(event_kind_names[EVENT_STARTED], "STARTED");
    ck_assert_str_eq(event_kind_names[EVENT_PEER_IN_DOUBT], "PEER_IN_DOUBT");
    ck_assert_str_eq(event_kind_names[EVENT_KIND_COUNT - 1], "STOPPING");
    ck_assert_str_eq(client_request_names[CLIENT_SUBMIT_JOB], "submit");
    ck_assert_str_eq(client_request_names[CLIENT_LIST_JOBS], "list");
}
END_TEST

Suite *test_port_data_suite(void)
{
    Suite *suite = suite_create("port/data");
    TCase *tcase = tcase_create("core");
    tcase_add_test(tcase, each_cell_of_the_execution_states_is_as_in_flink);
    tcase_add_loop_test_raise_signal(tcase, illegal_moves_stop_the_run, SIGABRT, 0, N * N);
    tcase_add_test(tcase, execution_states_have_flinks_names_and_three_ends);
    tcase_add_test(tcase, each_cause_but_none_has_an_exception_and_a_sentence);
    tcase_add_test(tcase, only_graph_and_suppressed_failures_cannot_be_recovered);
    tcase_add_test_raise_signal(tcase, cause_out_of_the_list_is_a_fault_of_the_caller, SIGABRT);
    tcase_add_test(tcase, events_and_requests_have_names);
    suite_add_tcase(suite, tcase);
    return suite;
}
