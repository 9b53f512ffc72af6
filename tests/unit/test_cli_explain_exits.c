/* SPDX-License-Identifier: Apache-2.0
 *
 * Explaining TaskManagers that end by themselves: chapters, and chains of causes. Over logs written
 * by hand, and of a whole run.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/cli/narrative.h"
#include "tests/lib/command_line.h"
#include "tests/lib/told_words.h"
#include "tests/lib/written_log.h"

#define NO_RM  "no resource manager within taskmanager.registration.timeout"
#define NO_END "a task did not end within task.cancellation.timeout"

static struct run_log run_log;

/* Each chapter, as if lines were not broken. */
static const char *told(void)
{
    static char out[8192];
    struct narrative narrative;
    json_t *summary = json_object();
    written_log_read(&run_log);
    narrative_init(&narrative, &run_log, TIME_H, summary);
    told_chapters(&narrative, false, out, sizeof out);
    narrative_fini(&narrative);
    json_decref(summary);
    run_log_fini(&run_log);
    return out;
}

static void put_word(const char *at, const char *node, const char *machine, const char *what)
{
    char rest[256];
    text_format(rest, sizeof rest, "\"what\":\"%s\"", what);
    written_log_line(at, node, machine, rest);
}

static void put_lost(const char *at, const char *node, const char *reason)
{
    char rest[256];
    text_format(rest, sizeof rest, "\"what\":\"resource manager lost\",\"reason\":\"%s\"", reason);
    written_log_line(at, node, "taskmanager", rest);
}

static void put_exit(const char *at, const char *node)
{
    put_word(at, node, "taskmanager", "gives up: no resource manager");
    written_log_line(at, node, "process", "\"what\":\"exited\",\"reason\":\"" NO_RM "\"");
}

START_TEST(a_task_manager_that_finds_no_resource_manager_is_a_chapter)
{
    written_log_begin();
    put_word("100.000000000", "tm1", "process", "cut off");
    put_lost("140.000000000", "tm1", "heartbeat timeout");
    put_word("400.000000000", "tm1", "process", "healed");
    put_exit("440.000000000", "tm1");
    must_tell(told(), "00:07:20 tm1 ends by itself Its process ended by itself: " NO_RM
                      ". What led to it: 5 min before, taskmanager resource manager lost: "
                      "heartbeat timeout; 5 min 40 s before, process cut off tm1. None came up "
                      "after that. ");
}
END_TEST

/* Within a minute of the first, for the same reason. */
START_TEST(those_that_go_together_are_told_together)
{
    written_log_begin();
    put_word("100.000000000", "jobmanager", "process", "cut off");
    put_lost("140.000000000", "tm1", "heartbeat timeout");
    put_lost("150.000000000", "tm2", "heartbeat timeout");
    put_lost("250.000000000", "tm3", "heartbeat timeout");
    put_exit("440.000000000", "tm1");
    written_log_line("445.000000000", "tm4", "process",
                     "\"what\":\"exited\",\"reason\":\"" NO_END "\"");
    put_exit("450.000000000", "tm2");
    put_word("460.000000000", "tm5", "process", "up");
    put_exit("550.000000000", "tm3");
    const char *out = told();
    must_tell(
        out,
        "00:07:20 tm1 and others end by themselves 2 processes ended by themselves, the last at "
        "00:07:30: " NO_RM ". What led to the first: 5 min before, taskmanager resource "
        "manager lost: heartbeat timeout; 5 min 40 s before, process cut off "
        "jobmanager. The next to come up was tm5, at 00:07:40. ");
    must_tell(out, "00:07:25 tm4 ends by itself Its process ended by itself: " NO_END
                   ". The next to come up was tm5, at 00:07:40. ");
    must_tell(out, "00:09:10 tm3 ends by itself Its process ended by itself: " NO_RM ". ");
}
END_TEST

START_TEST(giving_up_is_followed_back_to_why_the_resource_manager_was_lost)
{
    written_log_begin();
    put_word("50.000000000", "tm2", "process", "cut off");
    put_word("100.000000000", "tm1", "process", "cut off");
    put_lost("140.000000000", "tm1", "heartbeat timeout");
    put_word("300.000000000", "tm1", "process", "cut off"); /* once more: not what it was lost by */
    put_exit("440.000000000", "tm1");
    put_exit("441.000000000", "tm2"); /* it never had one */
    written_log_read(&run_log);
    ck_assert_str_eq(written_log_chain(&run_log, "process exited", 0), "6 5 3 2");
    ck_assert_str_eq(written_log_chain(&run_log, "process exited", 1), "8 7 1");
    run_log_fini(&run_log);
}
END_TEST

START_TEST(a_resource_manager_that_disconnects_or_refuses_is_why)
{
    written_log_begin();
    put_word("100.000000000", "tm1", "process", "frozen");
    written_log_line("150.000000000", "jobmanager", "resource manager",
                     "\"what\":\"closes\",\"peer\":\"tm1\",\"reason\":\"heartbeat\"");
    put_lost("151.000000000", "tm1", "it disconnected");
    put_exit("451.000000000", "tm1");
    written_log_line("460.000000000", "jobmanager", "resource manager",
                     "\"what\":\"refuses\",\"peer\":\"tm2\"");
    put_word("460.000100000", "tm2", "taskmanager", "registration refused");
    put_exit("480.000000000", "tm2");
    written_log_read(&run_log);
    ck_assert_str_eq(written_log_chain(&run_log, "process exited", 0), "5 4 3 2 1");
    ck_assert_str_eq(written_log_chain(&run_log, "process exited", 1), "9 8 7 6");
    run_log_fini(&run_log);
}
END_TEST

/* The cancelling that the task did not end by, of its own job. */
START_TEST(a_task_that_does_not_end_is_followed_back_to_its_cancelling)
{
    static const struct {
        const char *node, *machine, *rest;
    } rows[] = {
        { "jobmanager", "job", "\"what\":\"move\",\"from\":\"RUNNING\",\"to\":\"CANCELLING\"" },
        { "jobmanager", "job", "\"what\":\"move\",\"from\":\"RUNNING\",\"to\":\"FAILING\"" },
        { "jobmanager", "job", "\"what\":\"tasks will be restarted\"" },
        { "tm1", "taskmanager", "\"what\":\"job master lost\"" },
    };
    char rest[256];
    written_log_begin();
    text_format(rest, sizeof rest, "%s,\"job\":\"a\"", rows[_i].rest);
    written_log_line("100.000000000", rows[_i].node, rows[_i].machine, rest);
    text_format(rest, sizeof rest, "%s,\"job\":\"b\"", rows[_i].rest);
    written_log_line("110.000000000", rows[_i].node, rows[_i].machine, rest);
    written_log_line("280.000000000", "tm1", "taskmanager",
                     "\"what\":\"task did not end in time\",\"job\":\"a\"");
    written_log_line("280.000000000", "tm1", "process",
                     "\"what\":\"exited\",\"reason\":\"" NO_END "\"");
    written_log_read(&run_log);
    ck_assert_str_eq(written_log_chain(&run_log, "process exited", 0), "4 3 1");
    run_log_fini(&run_log);
}
END_TEST

START_TEST(a_run_tells_who_left_it_and_why)
{
    cli_begin();
    cli_put_file("cut.yaml",
                 "name: cut\nduration: 20min\nconfig: { jobmanager.scheduler: adaptive }\n"
                 "cluster: { task-manager: { count: 2, slots: 1 } }\n"
                 "jobs: [ { name: a, vertices: [ { name: src } ], load: 1k/s } ]\n"
                 "events: [ { at: 5min, cut: { task-manager: tm1, from: jobmanager, for: 5min } } "
                 "]\n");
    ck_assert_int_eq(cli_weir("run @/cut.yaml --out @/o --no-plots"), 0);
    ck_assert_int_eq(cli_weir("explain @/o"), 0);
    must_tell(cli_out(), "00:10:41  tm1 ends by itself\n");
    ck_assert_int_eq(cli_weir("explain @/o --why exited"), 0);
    must_tell(cli_out(), "taskmanager resource manager lost: heartbeat timeout\n");
    must_tell(cli_out(), "script cut: cut tm1\n");
    cli_end();
}
END_TEST

Suite *test_cli_explain_exits_suite(void)
{
    Suite *suite = suite_create("cli: explain exits");
    TCase *tcase = tcase_create("explain exits");
    tcase_add_test(tcase, a_task_manager_that_finds_no_resource_manager_is_a_chapter);
    tcase_add_test(tcase, those_that_go_together_are_told_together);
    tcase_add_test(tcase, giving_up_is_followed_back_to_why_the_resource_manager_was_lost);
    tcase_add_test(tcase, a_resource_manager_that_disconnects_or_refuses_is_why);
    tcase_add_loop_test(tcase, a_task_that_does_not_end_is_followed_back_to_its_cancelling, 0, 4);
    tcase_add_test(tcase, a_run_tells_who_left_it_and_why);
    suite_add_tcase(suite, tcase);
    return suite;
}
