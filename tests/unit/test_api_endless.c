/* SPDX-License-Identifier: Apache-2.0
 *
 * Functions that call weir.h without end: the task fails by what one call may cost, at the same
 * instant each time, and the job restarts by its strategy.
 */
#include <check.h>
#include <stdio.h>

#include "tests/lib/book.h"
#include "tests/lib/exact_run.h"

/* What main was told, and how long the run took, in virtual time. */
static const char *told(const char *act, const char *config, time_ns *took)
{
    char yaml[1000];
    struct exact_run run;
    snprintf(yaml, sizeof yaml,
             "name: endless\n"
             "world: exact\n"
             "duration: 10min\n"
             "config: { execution.checkpointing.interval: 5s, parallelism.default: 2, %s }\n"
             "cluster: { task-manager: { count: 2, slots: 1 } }\n"
             "jobs: [ { program: endless, args: [%s, %s] } ]\n",
             config, act, book_path());
    exact_run_init(&run, yaml);
    exact_run_to_end(&run);
    exact_run_must_hold(&run, act);
    *took = exact_broken_at(run.exact, (struct job_id){ 0 });
    exact_run_fini(&run);
    return book_text();
}

#define SHORT "weir.call.cost-max: 40ms, restart-strategy.type: none"
#define LIMIT "a call did not end within 40 ms of virtual cost (weir.call.cost-max)"

static const char *const acts[] = { "emits", "asks", "charges", "timers", "looks", "works" };
enum { ACTS = 6 };

START_TEST(a_call_without_end_fails_its_task)
{
    time_ns first, second;
    ck_assert_str_eq(told(acts[_i], SHORT, &first), "RuntimeException: judge: " LIMIT "\n");
    told(acts[_i], SHORT, &second);
    ck_assert_int_eq(first, second);
}
END_TEST

/* Long before it has cost too much. */
START_TEST(one_that_writes_without_end_fails_by_the_memory_of_its_output)
{
    time_ns at;
    ck_assert_str_eq(
        told(_i ? "rings" : "floods",
             "taskmanager.memory.segment-size: 4kb, restart-strategy.type: none", &at),
        "RuntimeException: judge: output needs more than 4096 buffers of overdraft: does a call "
        "write without end, or a timer set itself again at once?\n");
}
END_TEST

START_TEST(one_that_goes_on_behind_its_failure_is_left)
{
    time_ns at;
    ck_assert_str_eq(told("fails", SHORT, &at), "RuntimeException: judge: again and again\n");
}
END_TEST

START_TEST(the_limit_is_of_one_call_not_of_many)
{
    time_ns at;
    ck_assert_str_eq(told("busy", SHORT, &at), "\n");
}
END_TEST

START_TEST(a_job_restarts_by_its_strategy)
{
    time_ns at;
    ck_assert_str_eq(told("emits",
                          "weir.call.cost-max: 40ms, restart-strategy.type: fixed-delay, "
                          "restart-strategy.fixed-delay.attempts: 3",
                          &at),
                     "RuntimeException: judge: " LIMIT "\n");
}
END_TEST

START_TEST(without_a_word_it_is_a_minute)
{
    time_ns at;
    ck_assert_str_eq(told("works", "restart-strategy.type: none", &at),
                     "RuntimeException: judge: a call did not end within 60000 ms of virtual cost "
                     "(weir.call.cost-max)\n");
    ck_assert_int_gt(at, TIME_MIN);
}
END_TEST

Suite *test_api_endless_suite(void);
Suite *test_api_endless_suite(void)
{
    Suite *suite = suite_create("api endless");
    TCase *tcase = tcase_create("calls");
    tcase_add_checked_fixture(tcase, book_begin, book_end);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, a_call_without_end_fails_its_task, 0, ACTS);
    tcase_add_loop_test(tcase, one_that_writes_without_end_fails_by_the_memory_of_its_output, 0, 2);
    tcase_add_test(tcase, one_that_goes_on_behind_its_failure_is_left);
    tcase_add_test(tcase, the_limit_is_of_one_call_not_of_many);
    tcase_add_test(tcase, a_job_restarts_by_its_strategy);
    tcase_add_test(tcase, without_a_word_it_is_a_minute);
    suite_add_tcase(suite, tcase);
    return suite;
}
