/* SPDX-License-Identifier: Apache-2.0
 *
 * Explaining rescales that run into a fault: what began the outage and what made it longer, and
 * the fault with the tasks that it made fail; and failures that do a rescale's work. Over whole
 * runs.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/cli/command.h"
#include "tests/lib/command_line.h"
#include "tests/lib/told_words.h"

/* A job that grows onto tm2 at 180 s, when that has been killed and is not missed yet. */
static const char *told_of(const char *config, const char *rest)
{
    static char out[CLI_TEXT_SIZE];
    char scenario[4096];
    text_format(scenario, sizeof scenario,
                "name: grows\nduration: 6min\n"
                "config: { scheduler-mode: reactive, execution.checkpointing.interval: 20s%s }\n"
                "cluster: { task-managers: [ tm1, { name: tm2, at: 115s } ] }\n"
                "jobs:\n  - { name: a, vertices: [ { name: s, parallelism: 3 } ], load: 1k/s }\n"
                "events:\n  - { at: 178s, kill: tm2 }\n%s",
                config, rest);
    cli_begin();
    cli_put_file("grows.yaml", scenario);
    ck_assert_int_le(cli_weir("run @/grows.yaml --out @/o --no-plots"), 1); /* FAILED: 1 */
    text_format(out, sizeof out, "%s", cli_out());
    ck_assert_int_eq(cli_weir("explain @/o"), 0);
    text_format(out + strlen(out), sizeof out - strlen(out), "%s", cli_out());
    told_unwrap(out);
    cli_end();
    return out;
}

#define UNREACHABLE                                                                                \
    "subtask 1 of s on tm2 FAILED (RecipientUnreachableException: TaskManager cannot be reached)"
#define KILLED                                                                                     \
    "178.000 s tm2 is killed The script did what it says (kill tm2). The resource manager gave "   \
    "up tm2 13 s after that (TaskManager no longer reachable). No task ran on it, but 2.07 s "     \
    "later a task of a failed by that: " UNREACHABLE ". "
#define BEGAN                                                                                      \
    "180.051 s a fails in a rescale Other slots than before were there, enough though not all it " \
    "wants, so the adaptive scheduler set out to rescale. 20.4 ms after that began, " UNREACHABLE  \
    " by a fault (kill tm2). "

START_TEST(a_rescale_that_meets_a_dead_process_tells_both)
{
    const char *out = told_of("", "expect:\n  - { name: back, event: all tasks RUNNING, "
                                  "after: kill, within: 1min }\n");
    must_tell(out, "back 15.4 s ");
    must_tell(out, "1 failure (1 of them in a rescale) and 0 rescales kept tasks from running for "
                   "13.3 s in all; the longest failure took 13.3 s.");
    must_tell(out, KILLED);
    must_tell(out, BEGAN "4 more failed until the end of it. ");
    must_tell(out, "The adaptive scheduler restarted the job 6 times");
    must_tell(out, "The resource manager gave up tm2 13 s after kill tm2 (");
    must_tell(out, "The job's only task was RUNNING again 13.3 s after it went down, "
                   "at parallelism 1.");
}
END_TEST

START_TEST(a_job_that_such_a_rescale_ends_failed_by_the_fault)
{
    const char *out = told_of(", restart-strategy.type: none", "");
    must_tell(out, "job a FAILED at 180.091 s: kill tm2 (RecipientUnreachableException: "
                   "TaskManager cannot be reached), after rescale at 180.051 s");
    must_tell(out, KILLED);
    must_tell(out, BEGAN);
    must_tell(out, "The job FAILED 40.6 ms after that: kill tm2. ");
}
END_TEST

/* A process is lost right before (0) or after (1) a job gets other requirements: its restart goes
 * by them. */
START_TEST(a_job_that_comes_back_from_a_failure_does_so_with_its_requirements)
{
    static const char *const kills[] = { "4min 59s 999ms", "5min 1ms" };
    static const char *const downs[] = { "00:04:59", "00:05:00" };
    char scenario[4096], told[256];
    text_format(scenario, sizeof scenario,
                "name: bounds\nduration: 20min\n"
                "config: { jobmanager.scheduler: adaptive, "
                "execution.checkpointing.interval: 10s }\n"
                "cluster: { task-manager: { count: 3, slots: 2 } }\n"
                "jobs:\n  - { name: a, vertices: [ { name: s, parallelism: 6 } ], load: 1k/s }\n"
                "events:\n  - { at: 5min, rescale: { vertices: { s: 1..2 } } }\n"
                "  - { at: %s, kill: tm1 }\n",
                kills[_i]);
    cli_begin();
    const char *out = told_of_run(scenario, "");
    text_format(told, sizeof told,
                "00:05:00 a is given other requirements The script did what it says (rescale a). "
                "That was accepted 5.1 ms later. The job, which went down at %s, came back with "
                "them at 00:05:",
                downs[_i]);
    must_tell(out, told);
    must_not_tell(out, "was not rescaled");
    cli_end();
}
END_TEST

/* The next checkpoint is more than a minute off: it finds the job in Stabilized, which goes by what
 * is sufficient, whether that is all the job wants or not. */
static const struct rescale_case {
    const char *events, *told, *slots;
} rescale_cases[] = {
    { "{ at: 10min, kill: tm1 }, { at: 21min, add: full }", "All the slots it wants were there",
      "\"slots_held\": 8, \"slots_wanted\": 8" },
    { "{ at: 10min, kill: tm1 }, { at: 21min, add: half }",
      "Other slots than before were there, enough though not all it wants",
      "\"slots_held\": 6, \"slots_wanted\": 8" },
    { "{ at: 21min, rescale: { all: 1..4 } }", "All the slots it wants were there",
      "\"slots_held\": 8, \"slots_wanted\": 4" },
    { "{ at: 11min, rescale: { all: 1..4 } }, { at: 31min, rescale: { all: 1..12 } }",
      "Slots for another size than before were there, enough though not all it wants",
      "\"slots_held\": 8, \"slots_wanted\": 12" },
};

START_TEST(a_rescale_tells_whether_the_job_has_all_the_slots_it_wants)
{
    const struct rescale_case *c = &rescale_cases[_i];
    static char summary[CLI_TEXT_SIZE];
    char scenario[4096], told[256];
    text_format(scenario, sizeof scenario,
                "name: slots\nduration: 40min\n"
                "config: { jobmanager.scheduler: adaptive, parallelism.default: 8, "
                "execution.checkpointing.interval: 5min }\n"
                "cluster:\n  task-manager: { count: 2, slots: 4, boot: 5s }\n"
                "  task-managers: [ { name: half, slots: 2, at: never } ]\n"
                "jobs:\n  - { name: a, vertices: [ { name: s } ], load: 1k/s }\n"
                "events: [ %s ]\n",
                c->events);
    cli_begin();
    const char *out = told_of_run(scenario, "");
    text_format(told, sizeof told,
                "a is rescaled %s, so the adaptive scheduler restarted the job. ", c->told);
    must_tell(out, told);
    text_format(summary, sizeof summary, "%s", cli_get_file("o/summary.json"));
    told_unwrap(summary);
    must_tell(summary, c->slots);
    cli_end();
}
END_TEST

/* Not at the run's start: a state has been entered when its job has. */
START_TEST(the_history_of_a_job_begins_with_its_submission)
{
    cli_begin();
    cli_put_file("scenario.yaml",
                 "name: late\nduration: 3min\n"
                 "config: { jobmanager.scheduler: adaptive,\n"
                 "          web.adaptive-scheduler.rescale-history.size: 4 }\n"
                 "cluster: { task-manager: { count: 1 } }\n"
                 "jobs: [ { name: j, at: 1min, vertices: [ { name: in } ], load: 1k/s } ]\n");
    ck_assert_int_eq(cli_weir("run @ --out @/run --no-plots --quiet"), EXIT_HELD);
    const char *created = strstr(cli_get_file("run/summary.json"), "\"Created\"");
    ck_assert_ptr_nonnull(created);
    double entered = atof(strstr(created, "\"entered_s\":") + strlen("\"entered_s\":"));
    ck_assert_msg(entered >= 60 && entered < 61, "%g", entered);
    cli_end();
}
END_TEST

Suite *test_cli_explain_rescales_suite(void);
Suite *test_cli_explain_rescales_suite(void)
{
    Suite *suite = suite_create("cli: explaining rescales that fail");
    TCase *runs = tcase_create("runs");
    tcase_add_test(runs, a_rescale_that_meets_a_dead_process_tells_both);
    tcase_add_test(runs, a_job_that_such_a_rescale_ends_failed_by_the_fault);
    tcase_add_loop_test(runs, a_job_that_comes_back_from_a_failure_does_so_with_its_requirements, 0,
                        2);
    tcase_add_loop_test(runs, a_rescale_tells_whether_the_job_has_all_the_slots_it_wants, 0,
                        sizeof rescale_cases / sizeof *rescale_cases);
    tcase_add_test(runs, the_history_of_a_job_begins_with_its_submission);
    suite_add_tcase(suite, runs);
    return suite;
}
