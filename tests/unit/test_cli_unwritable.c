/* SPDX-License-Identifier: Apache-2.0
 *
 * Commands whose results cannot be written: one line, exit code 2, and what was there before stays
 * as it was. So it does beside a run that is interrupted. A limit on the size of files stands for
 * the full disk.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "sim/cli/command.h"
#include "sim/cli/interrupt.h"
#include "tests/lib/command_line.h"

enum { LONG_QUESTION = 12000, SCENARIO_SIZE = 16000 };

/* The report says the question more often than the summary does. */
static void put_scenario(int question)
{
    char text[SCENARIO_SIZE];
    size_t at = text_format(text, sizeof text, "name: tiny\nquestion: Q");
    for (int i = 0; i < question; i++)
        text[at++] = 'x';
    text_format(text + at, sizeof text - at,
                "\nduration: 2min\n"
                "config: { execution.checkpointing.interval: 5s }\n"
                "cluster: { task-manager: { count: 2, slots: 2, boot: 1s } }\n"
                "jobs:\n"
                "  - name: clicks\n"
                "    vertices: [ { name: source, cost: 2us }, { name: count, cost: 5us } ]\n"
                "    edges: [ source -> count: hash ]\n"
                "    load: 1k/s\n"
                "expect: [ { name: runs, event: all tasks RUNNING } ]\n");
    cli_put_file("scenario.yaml", text);
}

static struct stat status_of(const char *name)
{
    char path[256];
    struct stat status;
    text_format(path, sizeof path, "%s/%s", cli_folder(), name);
    ck_assert_msg(stat(path, &status) == 0, "%s", path);
    return status;
}

static size_t entries(void)
{
    char command[256];
    size_t count = 0;
    text_format(command, sizeof command, "ls -A %s | wc -l", cli_folder());
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    ck_assert_int_eq(fscanf(pipe, "%zu", &count), 1);
    pclose(pipe);
    return count;
}

/* With so much room for each file. As in main(), the signal does not end the program. */
static int weir_within(off_t bytes, const char *line)
{
    struct rlimit before, limit;
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = (struct rlimit){ (rlim_t)bytes, before.rlim_max };
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    int code = cli_weir(line);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    return code;
}

/* A gnuplot of our own, which finds in $out what it is to draw; null: the usual programs again. */
static void put_gnuplot(const char *draws)
{
    char script[512], path[256] = "/usr/bin:/bin";
    if (draws) {
        text_format(script, sizeof script,
                    "#!/bin/sh\n"
                    "out=${3#*out=\\'}\n"
                    "out=${out%%%%\\'*}\n"
                    "%s\n",
                    draws);
        cli_put_file("gnuplot", script);
        text_format(path, sizeof path, "%s/gnuplot", cli_folder());
        ck_assert_int_eq(chmod(path, 0700), 0);
        text_format(path, sizeof path, "%s:/usr/bin:/bin", cli_folder());
    }
    ck_assert_int_eq(setenv("PATH", path, 1), 0);
}

static void expect_complaint(const char *command, const char *name, const char *reason)
{
    char wanted[256];
    text_format(wanted, sizeof wanted, "weir %s: %s/%s: cannot be written: %s\n", command,
                cli_folder(), name, reason);
    ck_assert_str_eq(cli_errors(), wanted);
}

/* Each of these files is the largest so far in such a run: with room for a byte less, it is the
 * first that does not fit. */
static const struct {
    const char *file, *options;
    int question;
} fills[] = {
    { "run/events.jsonl", "--log messages --set sample=1min", 0 },
    { "run/metrics.csv", "--set sample=100ms", 0 },
    { "run/summary.json", "--set sample=1min", 0 },
    { "run/report.html", "--set sample=1min", LONG_QUESTION },
};

START_TEST(a_disk_that_fills_ends_the_run_and_leaves_the_old_one)
{
    char line[256];
    cli_begin();
    put_scenario(fills[_i].question);
    text_format(line, sizeof line, "run @ --out @/run --no-plots --quiet %s", fills[_i].options);
    ck_assert_int_eq(cli_weir(line), EXIT_HELD);
    struct stat before = status_of(fills[_i].file);
    ck_assert_int_eq(weir_within(before.st_size - 1, line), EXIT_INPUT);
    expect_complaint("run", fills[_i].file, "File too large");
    struct stat after = status_of(fills[_i].file);
    ck_assert_uint_eq(after.st_ino, before.st_ino);
    ck_assert_int_eq(after.st_size, before.st_size);
    ck_assert_uint_eq(entries(), 2); /* the scenario and the old run */
    cli_end();
}
END_TEST

START_TEST(a_folder_that_cannot_be_made_is_exit_code_2)
{
    cli_begin();
    put_scenario(0);
    ck_assert_int_eq(cli_weir("run @ --out /proc/nowhere/run --no-plots"), EXIT_INPUT);
    ck_assert_str_eq(cli_out(), "");
    ck_assert_str_eq(cli_errors(),
                     "weir run: /proc/nowhere: cannot be made: No such file or directory\n");
    ck_assert_int_eq(cli_weir("run @ --out @/scenario.yaml --no-plots"), EXIT_INPUT);
    ck_assert_ptr_nonnull(strstr(cli_errors(), "/scenario.yaml: it is not a folder"));
    ck_assert_int_eq(cli_weir("run @ --out @/. --no-plots"), EXIT_INPUT);
    ck_assert_ptr_nonnull(strstr(cli_errors(), "/.: a run replaces the whole folder, and somebody "
                                               "may stand in this one; choose a name for --out"));
    ck_assert_uint_eq(entries(), 1);
    cli_end();
}
END_TEST

START_TEST(an_interrupted_run_spares_the_complete_one)
{
    cli_begin();
    put_scenario(0);
    ck_assert_int_eq(cli_weir("run @ --out @/run --no-plots --quiet"), EXIT_HELD);
    struct stat before = status_of("run/summary.json");
    interrupt_watch();
    ck_assert_int_eq(raise(SIGINT), 0); /* as if it came at the very beginning */
    ck_assert_int_eq(cli_weir("run @ --out @/run --no-plots"), 128 + SIGINT);
    ck_assert_ptr_nonnull(strstr(cli_out(), "/run stays as it is.\n"));
    ck_assert_uint_eq(status_of("run/summary.json").st_ino, before.st_ino);
    ck_assert_ptr_nonnull(
        strstr(cli_get_file("run.interrupted/summary.json"), "\"complete\": false"));
    ck_assert_uint_eq(entries(), 3);
    cli_end();
}
END_TEST

/* Ctrl-C, once, while each gnuplot would go on for ever. Without a process of its own, which would
 * outlive it. */
static const char ctrl_c[] = "set -C\n"
                             "{ true > \"${0%/*}/came\"; } 2>&- && kill -INT $PPID\n"
                             "exec tail -f /dev/null";
static const char draws[] = "echo '<svg></svg>' > \"$out\"";
static const char marked_partial[] = "\"complete\": false";

static const struct {
    const char *line, *picture, *says;
} drawn[] = {
    { "run @ --out @/run", "overview",
      "weir run: interrupted while drawing: weir plot %s draws the pictures, weir report %s the "
      "report with them\n" },
    { "compare @ --out @/run", "worlds",
      "weir compare: interrupted while drawing: weir plot %s draws the pictures\n" },
};

static void expect_picture(const char *folder, const char *picture, bool there)
{
    char name[256];
    text_format(name, sizeof name, "%s/plots/%s.svg", folder, picture);
    ck_assert_msg((cli_get_file(name) != NULL) == there, "%s", name);
}

START_TEST(a_run_interrupted_while_it_draws_spares_the_complete_one)
{
    char says[512], beside[256];
    const char *picture = drawn[_i].picture;
    cli_begin();
    put_scenario(0);
    put_gnuplot(draws);
    ck_assert_int_eq(cli_weir(drawn[_i].line), EXIT_HELD);
    struct stat before = status_of("run/summary.json");
    put_gnuplot(ctrl_c);
    ck_assert_int_eq(cli_weir(drawn[_i].line), 128 + SIGINT);
    text_format(beside, sizeof beside, "%s/run.interrupted", cli_folder());
    text_format(says, sizeof says, drawn[_i].says, beside, beside);
    ck_assert_ptr_nonnull(strstr(cli_errors(), says));
    ck_assert_ptr_nonnull(strstr(cli_out(), "/run stays as it is.\n"));
    ck_assert_uint_eq(status_of("run/summary.json").st_ino, before.st_ino);
    expect_picture("run", picture, true);
    expect_picture("run.interrupted", picture, false);
    ck_assert_ptr_nonnull(
        strstr(cli_get_file("run.interrupted/summary.json"), "\"complete\": true"));
    ck_assert_ptr_nonnull(strstr(cli_get_file("run.interrupted/weir-run.json"), marked_partial));
    ck_assert_uint_eq(entries(), 5); /* the scenario, both runs, gnuplot, that the signal came */
    put_gnuplot(NULL);
    cli_end();
}
END_TEST

START_TEST(pictures_interrupted_while_they_are_drawn_anew_stay)
{
    cli_begin();
    put_scenario(0);
    put_gnuplot(draws);
    ck_assert_int_eq(cli_weir("run @ --out @/run --quiet"), EXIT_HELD);
    struct stat first = status_of("run/plots/overview.svg");
    struct stat last = status_of("run/plots/utilisation.svg");
    put_gnuplot(ctrl_c);
    ck_assert_int_eq(cli_weir("plot @/run"), 128 + SIGINT);
    ck_assert_str_eq(cli_out(), "");
    ck_assert_str_eq(cli_errors(), "weir plot: interrupted: pictures that were not drawn yet are "
                                   "as they were\n");
    ck_assert_uint_eq(status_of("run/plots/overview.svg").st_ino, first.st_ino);
    ck_assert_uint_eq(status_of("run/plots/utilisation.svg").st_ino, last.st_ino);
    put_gnuplot(NULL);
    cli_end();
}
END_TEST

/* But one that was cut short is no complete run with them. */
START_TEST(pictures_that_were_missing_make_a_run_complete)
{
    static const char marker[] = "{\"format\": 1, \"complete\": false}\n";
    cli_begin();
    put_scenario(0);
    put_gnuplot(draws);
    ck_assert_int_eq(cli_weir(drawn[_i].line), EXIT_HELD);
    cli_put_file("run/weir-run.json", marker);
    ck_assert_int_eq(cli_weir("plot @/run"), EXIT_HELD);
    ck_assert_ptr_null(strstr(cli_get_file("run/weir-run.json"), marked_partial));
    char *summary = mem_copy_text(cli_get_file("run/summary.json"));
    char *complete = strstr(summary, "\"complete\": true,");
    ck_assert_ptr_nonnull(complete);
    memcpy(complete, "\"complete\":false,", strlen("\"complete\": true,"));
    cli_put_file("run/summary.json", summary);
    mem_destroy(summary);
    cli_put_file("run/weir-run.json", marker);
    ck_assert_int_eq(cli_weir("plot @/run"), EXIT_HELD);
    ck_assert_str_eq(cli_get_file("run/weir-run.json"), marker);
    put_gnuplot(NULL);
    cli_end();
}
END_TEST

/* A CI job that was given too little time gets its file all the same. */
START_TEST(an_interrupted_test_says_so_wherever_it_tells)
{
    cli_begin();
    put_scenario(0);
    interrupt_watch();
    ck_assert_int_eq(raise(SIGTERM), 0);
    ck_assert_int_eq(cli_weir("test @ --json --junit @/j.xml"), 128 + SIGTERM);
    ck_assert_ptr_nonnull(strstr(cli_out(), "\"complaint\": \"interrupted before it ended\""));
    ck_assert_ptr_nonnull(strstr(cli_out(), "\"failed\": 1"));
    ck_assert_ptr_nonnull(strstr(cli_get_file("j.xml"), "interrupted before it ended"));
    ck_assert_ptr_nonnull(strstr(cli_get_file("j.xml"), "errors=\"1\""));
    cli_end();
}
END_TEST

START_TEST(a_report_that_does_not_fit_leaves_the_old_one)
{
    cli_begin();
    put_scenario(0);
    ck_assert_int_eq(cli_weir("run @ --out @/run --no-plots --quiet"), EXIT_HELD);
    struct stat before = status_of("run/report.html");
    ck_assert_int_eq(cli_weir("report @/run"), EXIT_HELD);
    struct stat anew = status_of("run/report.html");
    ck_assert_uint_ne(anew.st_ino, before.st_ino); /* another file, with the same in it */
    ck_assert_int_eq(anew.st_size, before.st_size);
    ck_assert_int_eq(weir_within(before.st_size - 1, "report @/run"), EXIT_INPUT);
    expect_complaint("report", "run/report.html", "File too large");
    ck_assert_uint_eq(status_of("run/report.html").st_ino, anew.st_ino);
    cli_end();
}
END_TEST

START_TEST(pictures_that_cannot_be_drawn_are_exit_code_2)
{
    cli_begin();
    put_scenario(0);
    ck_assert_int_eq(cli_weir("run @ --out @/run --no-plots --quiet"), EXIT_HELD);
    ck_assert_int_eq(setenv("PATH", cli_folder(), 1), 0); /* where there is no gnuplot */
    ck_assert_int_eq(cli_weir("plot @/run"), EXIT_INPUT);
    ck_assert_ptr_nonnull(strstr(cli_errors(), "gnuplot"));
    ck_assert_str_eq(cli_out(), "");
    put_gnuplot(NULL);
    cli_end();
}
END_TEST

/* A gnuplot that says that all went well though the disk was full, one that fails and leaves no
 * room, and one that fails for reasons of its own, which ends nothing. */
static const struct {
    const char *draws;
    int code;
    const char *says;
} gnuplots[] = {
    { "echo '<svg>ha' > \"$out\"", EXIT_INPUT,
      "/run/plots/overview.png: cannot be written: gnuplot left it incomplete (is the disk "
      "full?)" },
    { "mkdir \"$out\"; exit 1", EXIT_INPUT,
      "/run/plots/overview.png: cannot be written: Is a directory" },
    { "kill -SEGV $$", EXIT_HELD, "overview.gp: ended by SIGSEGV" },
};

START_TEST(pictures_that_do_not_fit_end_the_run_and_leave_the_old_one)
{
    cli_begin();
    put_scenario(0);
    ck_assert_int_eq(cli_weir("run @ --out @/run --no-plots --quiet"), EXIT_HELD);
    ino_t before = status_of("run/summary.json").st_ino;
    put_gnuplot(gnuplots[_i].draws);
    ck_assert_int_eq(cli_weir("run @ --out @/run"), gnuplots[_i].code);
    ck_assert_msg(strstr(cli_errors(), gnuplots[_i].says) != NULL, "%s", cli_errors());
    ck_assert_ptr_null(strstr(cli_errors(), ".tmp-"));
    ck_assert_ptr_eq(strchr(cli_errors(), '\n'), strrchr(cli_errors(), '\n'));
    ck_assert_int_eq(status_of("run/summary.json").st_ino == before,
                     gnuplots[_i].code == EXIT_INPUT);
    ck_assert_uint_eq(entries(), 3);
    put_gnuplot(NULL);
    cli_end();
}
END_TEST

/* Said before anything runs; where it shows later, what was tested is told all the same. */
START_TEST(results_that_cannot_be_written_are_exit_code_2)
{
    cli_begin();
    put_scenario(0);
    ck_assert_int_eq(cli_weir("test @ --junit @/none/junit.xml"), EXIT_INPUT);
    expect_complaint("test", "none/junit.xml", "No such file or directory");
    ck_assert_str_eq(cli_out(), "");
    ck_assert_int_eq(cli_weir("test @ --junit /dev/full"), EXIT_INPUT);
    ck_assert_ptr_nonnull(strstr(cli_errors(), "/dev/full: cannot be written: No space left"));
    ck_assert_ptr_nonnull(strstr(cli_out(), "\n1 passed, 0 failed\n"));
    cli_end();
}
END_TEST

/* The child that runs the scenario hands its results over in a file as well, a smaller one. */
START_TEST(golden_results_that_do_not_fit_leave_the_old_ones)
{
    cli_begin();
    put_scenario(0);
    ck_assert_int_eq(cli_weir("test @ --update-golden"), EXIT_HELD);
    struct stat before = status_of("expected.json");
    ck_assert_int_eq(weir_within(before.st_size - 1, "test @ --update-golden"), EXIT_INPUT);
    ck_assert_ptr_nonnull(strstr(cli_out(), "/expected.json: cannot be written: File too large\n"));
    ck_assert_uint_eq(status_of("expected.json").st_ino, before.st_ino);
    ck_assert_uint_eq(entries(), 2);
    cli_end();
}
END_TEST

Suite *test_cli_unwritable_suite(void)
{
    Suite *suite = suite_create("cli: what cannot be written");
    TCase *tcase = tcase_create("commands");
    tcase_add_loop_test(tcase, a_disk_that_fills_ends_the_run_and_leaves_the_old_one, 0,
                        (int)(sizeof fills / sizeof *fills));
    tcase_add_test(tcase, a_folder_that_cannot_be_made_is_exit_code_2);
    tcase_add_test(tcase, an_interrupted_run_spares_the_complete_one);
    tcase_add_loop_test(tcase, a_run_interrupted_while_it_draws_spares_the_complete_one, 0,
                        (int)(sizeof drawn / sizeof *drawn));
    tcase_add_test(tcase, pictures_interrupted_while_they_are_drawn_anew_stay);
    tcase_add_loop_test(tcase, pictures_that_were_missing_make_a_run_complete, 0,
                        (int)(sizeof drawn / sizeof *drawn));
    tcase_add_test(tcase, an_interrupted_test_says_so_wherever_it_tells);
    tcase_add_test(tcase, a_report_that_does_not_fit_leaves_the_old_one);
    tcase_add_test(tcase, pictures_that_cannot_be_drawn_are_exit_code_2);
    tcase_add_loop_test(tcase, pictures_that_do_not_fit_end_the_run_and_leave_the_old_one, 0,
                        (int)(sizeof gnuplots / sizeof *gnuplots));
    tcase_add_test(tcase, results_that_cannot_be_written_are_exit_code_2);
    tcase_add_test(tcase, golden_results_that_do_not_fit_leave_the_old_ones);
    suite_add_tcase(suite, tcase);
    return suite;
}
