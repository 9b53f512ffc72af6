/* SPDX-License-Identifier: Apache-2.0
 *
 * Sources of logs on disk in programs: partitions of different lengths, lines that come as time
 * goes on, watermarks of their own, lag and backlog.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/exact/look.h"
#include "tests/lib/exact_run.h"
#include "tests/lib/log_files.h"

enum { FILES = 3, LINES = 2000 };

/* The second one is empty; the third is short, and goes through event time four times as fast. */
static void setup(void)
{
    log_files_write((const struct log_file[]){ { LINES, 20 }, { 0, 0 }, { LINES / 4, 80 } }, FILES);
}

static const char story[] =
    "name: logs\n"
    "world: %s\n"
    "duration: 5min\n"
    "config: { parallelism.default: %d, execution.checkpointing.interval: 1s,\n"
    "          execution.checkpointing.unaligned.enabled: %s,\n"
    "          taskmanager.memory.segment-size: 512b,\n"
    "          heartbeat.interval: 1s, heartbeat.timeout: 3s }\n"
    "cluster: { task-manager: { count: 4, slots: 1 } }\n"
    "jobs: [ { program: logs, args: [%s, %d, %s, %s, %s]%s } ]\n"
    "events: [ %s ]\n"
    "%s";
#define RIGHT "expect: [ { name: right, output: lines, equals: program } ]\n"

static const struct {
    const char *act;
    int rate, parallelism;
    const char *unaligned, *events;
} runs[] = {
    { "copy", 0, 1, "false", "" },
    { "copy", 100, 2, "true", "{ at: 15s, kill: { task-manager: in-use } }" },
    { "copy", 200, 4, "false", "{ at: 14s, fail: { vertex: log, subtask: 1 } }" },
    { "count", 100, 1, "false", "" },
    { "count", 100, 3, "true", "" },
    { "count", 150, 2, "true",
      "{ at: 13s, kill: { task-manager: in-use } }, { at: 21s, fail: { vertex: log, subtask: 0 } "
      "}" },
};
enum { RUNS = 6 };

static void begin(struct exact_run *run, const char *act, int rate, int parallelism,
                  const char *unaligned, const char *events)
{
    char yaml[2000];
    text_format(yaml, sizeof yaml, story, "exact", parallelism, unaligned, act, rate,
                log_files_path(0), log_files_path(1), log_files_path(2), "", events, RIGHT);
    exact_run_init(run, yaml);
}

START_TEST(each_line_comes_once_whatever_the_faults)
{
    struct exact_run run;
    begin(&run, runs[_i].act, runs[_i].rate, runs[_i].parallelism, runs[_i].unaligned,
          runs[_i].events);
    exact_run_to_end(&run);
    ck_assert_uint_eq(run.finished, 1);
    exact_run_must_hold(&run, "logs");
    exact_run_must_write(&run, "logs");
    exact_run_fini(&run);
}
END_TEST

static void run_until(struct exact_run *run, time_ns at)
{
    while (simulation_now(run->simulation) < at)
        ck_assert(simulation_run_events(run->simulation, 1));
}

/* 100 a second of three partitions: what is not read waits, and is seen to. */
START_TEST(while_nobody_reads_there_is_a_backlog_and_lag)
{
    struct exact_run run;
    struct model_job_view view;
    begin(&run, "copy", 100, 1, "false", "{ at: 20s, kill: { task-manager: in-use } }");
    run_until(&run, 19 * TIME_S);
    exact_view_job(run.exact, (struct job_id){ 0 }, &view);
    ck_assert_double_lt(view.backlog, 50);
    ck_assert_double_eq_tol(view.offered_total, 1900, 50);
    run_until(&run, 22500 * TIME_MS); /* the heartbeat has not been missed yet */
    exact_view_job(run.exact, (struct job_id){ 0 }, &view);
    ck_assert_double_ge(view.backlog, 240);
    ck_assert_double_ge(view.lag_seconds, 2.4);
    exact_run_to_end(&run);
    exact_run_must_write(&run, "logs");
    exact_run_fini(&run);
}
END_TEST

/* By 15 s the first partition has come to about 9 s; the empty one, and later the short one, which
 * is four times as far, hold nobody back. */
START_TEST(the_watermark_is_the_least_of_those_that_go_on)
{
    struct exact_run run;
    struct look_task look;
    begin(&run, "count", 100, 1, "false", "");
    run_until(&run, 15 * TIME_S);
    ck_assert(exact_look_task(run.exact, (struct job_id){ 0 }, (struct vertex_id){ 1 }, 0, &look));
    ck_assert_int_gt(look.watermark, 8000);
    ck_assert_int_lt(look.watermark, 10000);
    look_task_fini(&look);
    run_until(&run, 50 * TIME_S);
    ck_assert(exact_look_task(run.exact, (struct job_id){ 0 }, (struct vertex_id){ 1 }, 0, &look));
    ck_assert_int_gt(look.watermark, 30000);
    ck_assert_int_lt(look.watermark, 40000);
    look_task_fini(&look);
    exact_run_fini(&run);
}
END_TEST

/* What was wrong with a scenario of these files; empty: nothing. */
static const char *told(const char *rate, const char *one, const char *more)
{
    static struct note note;
    char yaml[2000];
    struct scenario *scenario = NULL;
    note.text[0] = '\0';
    text_format(yaml, sizeof yaml, story, "virtual", 1, "false", "copy", atoi(rate), one, "-", "-",
                more, "", "");
    struct err e =
        scenario_load_text("l.yaml", yaml, strlen(yaml), NULL, NULL, 0, &scenario, &note);
    if (!err_is(e))
        scenario_destroy(scenario);
    return note.text;
}

START_TEST(logs_that_cannot_be_read_are_refused_before_the_run)
{
    ck_assert_str_eq(told("1", "nowhere.txt", ""),
                     "l.yaml:9: jobs.0.program: nowhere.txt: cannot be read: No such file or "
                     "directory");
    ck_assert_str_eq(told("1", "-", ""),
                     "l.yaml:9: jobs.0.program: 'log' reads a log of 0 files, expected 1 to 32768");
    ck_assert_str_eq(told("-1", log_files_path(0), ""),
                     "l.yaml:9: jobs.0.program: 'log' reads a log that fills at a negative rate");
    ck_assert_str_eq(told("1", log_files_path(0), ", load: 10/s"),
                     "l.yaml:9: jobs.0.load: found a load of 'log', expected none: it reads "
                     "files, whose lines are its load");
    ck_assert_str_eq(told("1", log_files_path(0), ""), "");
    ck_assert_str_eq(told("1", log_files_path(1), ""), ""); /* empty */
}
END_TEST

START_TEST(a_file_that_the_plan_did_not_name_is_not_read)
{
    char yaml[2000];
    struct exact_run run;
    text_format(yaml, sizeof yaml, story, "exact", 1, "false", "copy", 100, log_files_path(0), "-",
                "'?'", "", "", "");
    exact_run_init(&run, yaml);
    exact_run_to_end(&run);
    ck_assert_uint_eq(run.finished, 0);
    exact_run_fini(&run);
}
END_TEST

/* The turns of short partitions are part of it, until the longest is at its end. */
START_TEST(in_the_virtual_world_its_turns_are_its_load)
{
    char yaml[2000];
    struct scenario *scenario = NULL;
    struct note note;
    struct model_job_view view;
    const struct simulation_settings settings = { .vouching = true };
    text_format(yaml, sizeof yaml, story, "virtual", 2, "false", "copy", 100, log_files_path(0),
                log_files_path(1), log_files_path(2), "", "", "");
    ck_assert(
        !err_is(scenario_load_text("l.yaml", yaml, strlen(yaml), NULL, NULL, 0, &scenario, &note)));
    struct simulation *simulation = simulation_create(scenario, &settings);
    simulation_run(simulation, TIME_NEVER, NULL, NULL, NULL);
    model_view_job(simulation_model(simulation), (struct job_id){ 0 }, &view);
    ck_assert_double_eq_tol(view.served_total, FILES * LINES, 1e-6);
    simulation_destroy(simulation);
    scenario_destroy(scenario);
}
END_TEST

Suite *test_api_logs_suite(void);
Suite *test_api_logs_suite(void)
{
    Suite *suite = suite_create("api logs");
    TCase *tcase = tcase_create("logs");
    tcase_add_checked_fixture(tcase, setup, log_files_remove);
    tcase_add_loop_test(tcase, each_line_comes_once_whatever_the_faults, 0, RUNS);
    tcase_add_test(tcase, while_nobody_reads_there_is_a_backlog_and_lag);
    tcase_add_test(tcase, the_watermark_is_the_least_of_those_that_go_on);
    tcase_add_test(tcase, logs_that_cannot_be_read_are_refused_before_the_run);
    tcase_add_test(tcase, a_file_that_the_plan_did_not_name_is_not_read);
    tcase_add_test(tcase, in_the_virtual_world_its_turns_are_its_load);
    suite_add_tcase(suite, tcase);
    return suite;
}
