/* SPDX-License-Identifier: Apache-2.0
 *
 * A job that has run to the end of its input, as people are told of it: explained, at a moment, in
 * pictures; and one of which a part has.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/cli/command.h"
#include "sim/report/causes.h"
#include "tests/lib/command_line.h"
#include "tests/lib/written_log.h"

/* All is there at the submission: 300,000 records, of which one core carries one in 120 us. */
static void put_scenario(const char *scheduler)
{
    char text[1024];
    snprintf(text, sizeof text,
             "name: tiny\nduration: 1min\nsample: 1s\n"
             "config: { jobmanager.scheduler: %s, execution.checkpointing.interval: 5s }\n"
             "cluster: { task-manager: { count: 1, boot: 1s } }\n"
             "jobs:\n"
             "  - name: clicks\n"
             "    vertices: [ { name: source, cost: 20us }, { name: count, cost: 100us } ]\n"
             "    edges: [ source -> count: hash ]\n"
             "    load: { records: 300k }\n"
             "expect:\n  - { name: ends, event: job FINISHED }\n",
             scheduler);
    cli_put_file("scenario.yaml", text);
}

START_TEST(a_job_at_its_end_is_told_as_finished_not_as_down)
{
    cli_begin();
    put_scenario(_i ? "adaptive" : "default");
    ck_assert_int_eq(cli_weir("run @ --out @/run --no-plots --quiet"), EXIT_HELD);
    ck_assert_int_eq(cli_weir("explain @/run"), EXIT_HELD);
    ck_assert_ptr_nonnull(strstr(cli_out(), "No job went down once its tasks ran."));
    ck_assert_ptr_nonnull(strstr(cli_out(), "clicks ends\n    The job ended as FINISHED. The last "
                                            "of its input had been worked off "));
    ck_assert_int_eq(cli_weir("explain @/run --at 50s"), EXIT_HELD);
    ck_assert_ptr_nonnull(strstr(cli_out(), "  clicks: FINISHED, last checkpoint "));
    ck_assert_ptr_nonnull(strstr(cli_out(), "0 slots in use, 1 free"));
    ck_assert_ptr_nonnull(strstr(cli_out(), "lag 0 s"));
    ck_assert_ptr_nonnull(strstr(cli_get_file("run/events.csv"), "\"clicks FINISHED\",script"));
    cli_end();
}
END_TEST

static size_t cause_of(struct run_log *run_log, size_t effect)
{
    struct cause_chain chain;
    causes_of(run_log, effect, &chain);
    return chain.count > 1 ? chain.place[1] : SIZE_MAX;
}

START_TEST(a_job_ends_because_all_is_read_or_because_it_is_stopped)
{
    struct run_log run_log;
    written_log_begin();
    written_log_line("9.000000000", "jobmanager", "checkpoint",
                     "\"what\":\"all input read\",\"job\":\"a\"");
    written_log_line("9.000000000", "jobmanager", "checkpoint",
                     "\"what\":\"triggered\",\"job\":\"a\",\"checkpoint\":9");
    written_log_line("15.000000000", "jobmanager", "job",
                     "\"what\":\"move\",\"from\":\"RUNNING\",\"to\":\"FINISHED\",\"job\":\"a\"");
    written_log_line("20.000000000", "jobmanager", "script", "\"what\":\"stop-with-savepoint\"");
    written_log_line("21.000000000", "jobmanager", "job",
                     "\"what\":\"move\",\"from\":\"RUNNING\",\"to\":\"FINISHED\",\"job\":\"b\"");
    written_log_read(&run_log);
    ck_assert_uint_eq(cause_of(&run_log, 1), 0);
    ck_assert_uint_eq(cause_of(&run_log, 2), 0);
    ck_assert_uint_eq(cause_of(&run_log, 4), 3);
    run_log_fini(&run_log);
}
END_TEST

/* 300,000 records within one sample, and 8,333/s served; against that, all in proportion. */
START_TEST(a_peak_far_above_what_is_served_is_left_out_of_the_axis)
{
    cli_begin();
    put_scenario("default");
    ck_assert_int_eq(cli_weir("run @ --out @/run --no-plots --quiet"), EXIT_HELD);
    ck_assert_int_eq(cli_weir("plot @/run --commands"), EXIT_HELD);
    ck_assert_ptr_nonnull(strstr(cli_out(), ", offered up to 300 k'"));
    double most = atof(strstr(cli_out(), "max_rate=") + strlen("max_rate="));
    ck_assert_double_eq_tol(most, 1.1 * 1e6 / 120, 1);
    ck_assert_int_eq(cli_weir("run @ --out @/run --no-plots --quiet --set jobs.clicks.load=3k/s"),
                     EXIT_FAILED);
    ck_assert_int_eq(cli_weir("plot @/run --commands"), EXIT_HELD);
    ck_assert_ptr_null(strstr(cli_out(), "offered up to"));
    cli_end();
}
END_TEST

/* One pipeline has ended, the other one is restarted: it alone runs again. */
START_TEST(what_has_finished_does_not_count_as_running)
{
    cli_begin();
    cli_put_file("scenario.yaml",
                 "name: tiny\nduration: 2min\n"
                 "config: { execution.checkpointing.interval: 5s }\n"
                 "cluster: { task-manager: { count: 1, boot: 1s } }\n"
                 "jobs:\n"
                 "  - name: clicks\n"
                 "    vertices: [ { name: old }, { name: live }, { name: count } ]\n"
                 "    edges: [ live -> count: hash ]\n"
                 "    loads: { old: { constant: 1k/s, until: 20s }, live: 1k/s }\n"
                 "events:\n  - { at: 1min, fail: { vertex: count, subtask: 0 } }\n"
                 "expect:\n"
                 "  - { name: all,  event: all tasks RUNNING, within: 30s, count: 1 }\n"
                 "  - { name: some, event: all tasks RUNNING, after: fail, within: 5s }\n"
                 "  - { name: runs, event: job FINISHED, count: 0 }\n"
                 "  - { name: exactly once, invariant: exactly-once }\n");
    ck_assert_int_eq(cli_weir("run @ --out @/run --no-plots --quiet"), EXIT_HELD);
    const char *log = cli_get_file("run/events.jsonl");
    const char *first = strstr(log, "\"all tasks RUNNING\"");
    ck_assert_ptr_nonnull(strstr(first, "\"value\":3"));
    const char *second = strstr(first + 1, "\"all tasks RUNNING\"");
    ck_assert(second && strncmp(strstr(second, "\"value\":"), "\"value\":2", 9) == 0);
    cli_end();
}
END_TEST

Suite *test_cli_end_suite(void)
{
    Suite *suite = suite_create("cli_end");
    TCase *all = tcase_create("end");
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, a_job_at_its_end_is_told_as_finished_not_as_down, 0, 2);
    tcase_add_test(all, a_job_ends_because_all_is_read_or_because_it_is_stopped);
    tcase_add_test(all, a_peak_far_above_what_is_served_is_left_out_of_the_axis);
    tcase_add_test(all, what_has_finished_does_not_count_as_running);
    suite_add_tcase(suite, all);
    return suite;
}
