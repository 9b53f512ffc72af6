/* SPDX-License-Identifier: Apache-2.0
 *
 * Sources of files in programs: whatever the splits and the faults, each line once; and which files
 * are refused with which words.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/text.h"
#include "tests/lib/exact_run.h"

enum { FILES = 2, LINES = 9000 };

static char paths[FILES][32];
static long size;    /* of the first */
static double lines; /* of all */

/* Lines of any length, with both kinds of ends, some empty; the last one of the second has none. */
static void setup(void)
{
    lines = 1; /* the end */
    for (int f = 0; f < FILES; f++) {
        text_format(paths[f], sizeof paths[f], "/tmp/weir-lines-XXXXXX");
        int number = mkstemp(paths[f]);
        ck_assert_int_ge(number, 0);
        FILE *file = fdopen(number, "wb");
        for (int i = 0; i < LINES; i++)
            fprintf(file, "%.*s%d%s", i * 7 % 23, "abcdefghijklmnopqrstuvwxyz", i * (1 + f),
                    i % 5 == 0   ? "\r\n"
                    : i % 7 == 0 ? "\n\n"
                                 : "\n");
        if (f == 1)
            fputs("the end", file);
        else
            size = ftell(file);
        lines += LINES + (LINES + 6) / 7 - (LINES + 34) / 35;
        fclose(file);
    }
}

static void teardown(void)
{
    for (int f = 0; f < FILES; f++)
        unlink(paths[f]);
}

static const char story[] =
    "name: files\n"
    "world: %s\n"
    "duration: 3min\n"
    "config: { parallelism.default: %d, execution.checkpointing.interval: 1s,\n"
    "          execution.checkpointing.unaligned.enabled: %s,\n"
    "          taskmanager.memory.segment-size: 512b,\n"
    "          heartbeat.interval: 1s, heartbeat.timeout: 3s }\n"
    "cluster: { task-manager: { count: 4, slots: 1 } }\n"
    "jobs: [ { program: files, args: [%d, %s, %s]%s } ]\n"
    "events: [ %s ]\n";

static const struct {
    int parallelism, split_bytes;
    const char *unaligned, *events;
} runs[] = {
    { 1, 0, "false", "" },
    { 3, 1000, "true", "" },
    { 2, 17, "false", "{ at: 15s, kill: { task-manager: in-use } }" },
    { 2, 5000, "true", "{ at: 14s, fail: { vertex: files, subtask: 1 } }" },
    { 3, 4096, "true",
      "{ at: 13s, kill: { task-manager: in-use } }, { at: 16s, fail: { vertex: copy, subtask: 0 } "
      "}" },
};
enum { RUNS = 5 };

START_TEST(each_line_comes_once_whatever_the_splits_and_the_faults)
{
    char yaml[2000];
    struct exact_run run;
    struct model_job_view view;
    int length =
        snprintf(yaml, sizeof yaml, story, "exact", runs[_i].parallelism, runs[_i].unaligned,
                 runs[_i].split_bytes, paths[0], paths[1], "", runs[_i].events);
    snprintf(yaml + length, sizeof yaml - (size_t)length,
             "expect: [ { name: right, output: lines, equals: program } ]\n");
    exact_run_init(&run, yaml);
    exact_run_to_end(&run);
    ck_assert_uint_eq(run.finished, 1);
    exact_view_job(run.exact, (struct job_id){ 0 }, &view);
    ck_assert_uint_ge(view.restored.count, (uint64_t)runs[_i].parallelism);
    exact_run_must_hold(&run, "files");
    exact_run_must_write(&run, "files");
    exact_run_fini(&run);
}
END_TEST

/* Either the scenario is refused, or the run says it of the job; gives the words. */
static const char *told(const char *one, const char *other, const char *more, int split_bytes)
{
    static struct note note;
    char yaml[2000];
    struct scenario *scenario = NULL;
    note.text[0] = '\0';
    snprintf(yaml, sizeof yaml, story, "virtual", 1, "false", split_bytes, one, other, more, "");
    struct err e =
        scenario_load_text("f.yaml", yaml, strlen(yaml), NULL, NULL, 0, &scenario, &note);
    if (!err_is(e))
        scenario_destroy(scenario);
    return note.text;
}

START_TEST(a_file_that_the_plan_did_not_name_is_not_read)
{
    char yaml[2000];
    struct exact_run run;
    snprintf(yaml, sizeof yaml, story, "exact", 1, "false", 0, paths[0], "'?'", "", "");
    exact_run_init(&run, yaml);
    exact_run_to_end(&run);
    ck_assert_uint_eq(run.finished, 0);
    exact_run_fini(&run);
}
END_TEST

/* The model has as many records as there are lines. */
START_TEST(in_the_virtual_world_its_lines_are_its_load)
{
    char yaml[2000];
    struct scenario *scenario = NULL;
    struct note note;
    struct model_job_view view;
    const struct simulation_settings settings = { .vouching = true };
    snprintf(yaml, sizeof yaml, story, "virtual", 2, "false", 1000, paths[0], paths[1], "", "");
    ck_assert(
        !err_is(scenario_load_text("f.yaml", yaml, strlen(yaml), NULL, NULL, 0, &scenario, &note)));
    struct simulation *simulation = simulation_create(scenario, &settings);
    simulation_run(simulation, TIME_NEVER, NULL, NULL, NULL);
    model_view_job(simulation_model(simulation), (struct job_id){ 0 }, &view);
    ck_assert_double_eq_tol(view.served_total, lines, 1e-6);
    simulation_destroy(simulation);
    scenario_destroy(scenario);
}
END_TEST

START_TEST(files_that_cannot_be_read_are_refused_before_the_run)
{
    char splits[200];
    ck_assert_str_eq(told("nowhere.txt", "-", "", 0),
                     "f.yaml:9: jobs.0.program: nowhere.txt: cannot be read: No such file or "
                     "directory");
    ck_assert_str_eq(told("/tmp", "-", "", 0),
                     "f.yaml:9: jobs.0.program: /tmp: cannot be read: found a folder, expected a "
                     "regular file");
    ck_assert_str_eq(told("-", "-", "", 0), "f.yaml:9: jobs.0.program: 'files' reads no files");
    snprintf(splits, sizeof splits,
             "f.yaml:9: jobs.0.program: 'files' has %ld splits, expected at most 32768", size);
    ck_assert_str_eq(told(paths[0], "-", "", 1), splits);
    ck_assert_str_eq(told(paths[0], "-", ", load: 10/s", 0),
                     "f.yaml:9: jobs.0.load: found a load of 'files', expected none: it reads "
                     "files, whose lines are its load");
    ck_assert_str_eq(told(paths[0], paths[1], "", 0), "");
}
END_TEST

Suite *test_api_files_suite(void);
Suite *test_api_files_suite(void)
{
    Suite *suite = suite_create("api files");
    TCase *tcase = tcase_create("files");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, each_line_comes_once_whatever_the_splits_and_the_faults, 0, RUNS);
    tcase_add_test(tcase, a_file_that_the_plan_did_not_name_is_not_read);
    tcase_add_test(tcase, in_the_virtual_world_its_lines_are_its_load);
    tcase_add_test(tcase, files_that_cannot_be_read_are_refused_before_the_run);
    suite_add_tcase(suite, tcase);
    return suite;
}
