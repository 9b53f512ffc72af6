/* SPDX-License-Identifier: Apache-2.0
 *
 * Command lines, and whole commands from the command line to the files they leave.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/text.h"
#include "sim/cli/command.h"
#include "sim/cli/places.h"
#include "sim/cli/play.h"
#include "sim/cli/run_options.h"
#include "tests/lib/command_line.h"

static const char scenario[] =
    "name: tiny\n"
    "question: Does it come back?\n"
    "duration: 2min\n"
    "config: { execution.checkpointing.interval: 5s }\n"
    "cluster: { task-manager: { count: 2, slots: 2, boot: 1s } }\n"
    "jobs:\n"
    "  - name: clicks\n"
    "    vertices: [ { name: source, cost: 2us }, { name: count, keys: 10, cost: 5us } ]\n"
    "    edges: [ source -> count: hash ]\n"
    "    load: 1k/s\n"
    "events: [ { at: 60s, fail: count } ]\n"
    "compare: { undisturbed: { events: null } }\n"
    "expect:\n"
    "  - { name: runs, event: all tasks RUNNING }\n"
    "  - { name: restarts, metric: restarts, value: exactly 1 }\n"
    "  - { name: nothing lost, invariant: exactly-once }\n";

/* The freeze leaves a step of one nanosecond behind, in which rounding is all that is served. */
START_TEST(rounding_in_a_short_step_breaks_no_invariant)
{
    cli_begin();
    cli_put_file(
        "scenario.yaml",
        "name: m\n"
        "duration: 12min\n"
        "config: { parallelism.default: 3, jobmanager.scheduler: Default }\n"
        "cluster: { task-manager: { count: 4, slots: 3 } }\n"
        "jobs:\n"
        "  - name: j\n"
        "    vertices: [ { name: a, cost: 1us }, { name: b, cost: 20us, parallelism: 1 } ]\n"
        "    edges: [ a -> b: rebalance ]\n"
        "    load: 20k/s\n"
        "events: [ { at: 683s, freeze: { task-manager: tm1, for: 6s } } ]\n");
    ck_assert_int_eq(cli_weir("run @ --out @/run --no-plots"), EXIT_HELD);
    ck_assert_ptr_null(strstr(cli_out(), "FAILED"));
    cli_end();
}
END_TEST

START_TEST(an_option_that_nobody_knows_names_the_nearest)
{
    cli_begin();
    ck_assert_int_eq(cli_weir("run --sede 3 x"), EXIT_INPUT);
    ck_assert_str_eq(cli_errors(), "weir run: no option --sede; did you mean --seed?\n");
    ck_assert_int_eq(cli_weir("run --frobnicate x"), EXIT_INPUT);
    ck_assert_str_eq(cli_errors(), "weir run: no option --frobnicate; see weir run --help\n");
    ck_assert_int_eq(cli_weir("run x -q"), EXIT_INPUT);
    ck_assert_str_eq(cli_errors(), "weir run: no option -q; see weir run --help\n");
    ck_assert_int_eq(cli_weir("run x -qv --seed 3"), EXIT_INPUT);
    ck_assert_str_eq(cli_errors(), "weir run: no option -qv; see weir run --help\n");
    ck_assert_int_eq(cli_weir("run --quiet x -quiet"), EXIT_INPUT);
    ck_assert_str_eq(cli_errors(), "weir run: no option -quiet; did you mean --quiet?\n");
    ck_assert_int_eq(cli_weir("run x --quiet=1"), EXIT_INPUT);
    ck_assert_str_eq(cli_errors(), "weir run: --quiet takes no value\n");
    ck_assert_int_eq(cli_weir("run x --seed"), EXIT_INPUT);
    ck_assert_str_eq(cli_errors(), "weir run: --seed wants a value\n");
    ck_assert_int_eq(cli_weir("run x --quiet=3"), EXIT_INPUT);
    ck_assert_str_eq(cli_errors(), "weir run: --quiet takes no value\n");
    ck_assert_int_eq(cli_weir("run x --out  --quiet"), EXIT_INPUT); /* two spaces: an empty word */
    ck_assert_str_eq(cli_errors(), "weir run: --out: found '', expected the name of a folder\n");
    ck_assert_int_eq(cli_weir("run"), EXIT_INPUT);
    ck_assert_int_eq(cli_weir("run a b"), EXIT_INPUT);
    ck_assert_int_eq(cli_weir("help rnu"), EXIT_INPUT);
    ck_assert_str_eq(cli_errors(), "weir: no command 'rnu'; did you mean 'run'?\n");
    cli_end();
}
END_TEST

START_TEST(every_command_tells_its_options_and_an_example)
{
    cli_begin();
    for (size_t i = 0; commands[i]; i++) {
        char line[512];
        text_format(line, sizeof line, "help %s", commands[i]->name);
        ck_assert_int_eq(cli_weir(line), EXIT_HELD);
        ck_assert_ptr_nonnull(strstr(cli_out(), "usage: weir "));
        ck_assert_ptr_nonnull(strstr(cli_out(), "Example:\n"));
        for (size_t o = 0; o < commands[i]->option_count; o++)
            ck_assert_ptr_nonnull(strstr(cli_out(), commands[i]->options[o].help));
        for (const char *l = cli_out(); *l; l += strcspn(l, "\n") + 1) {
            text_format(line, sizeof line, "%.*s", (int)strcspn(l, "\n"), l);
            ck_assert_msg(terminal_text_width(line) <= 100, "%s", line);
        }
    }
    cli_end();
}
END_TEST

/* It is what a new user copies first: nothing of it says FAILED. */
START_TEST(the_example_of_run_holds)
{
    static const char line[] = "run scenarios/reactive-spot-day --seed 3 --set "
                               "cluster.dfs.bandwidth=1gbit --out ";
    char own[sizeof line + 32];
    cli_begin();
    ck_assert_int_eq(cli_weir("help run"), EXIT_HELD);
    ck_assert_ptr_nonnull(strstr(cli_out(), line));
    text_format(own, sizeof own, "%s@/day --no-plots", line);
    ck_assert_int_eq(cli_weir(own), EXIT_HELD);
    cli_end();
}
END_TEST

/* Completions and manual page list what there is, but for what only makes documentation. */
/* This program lies in a build folder that may be anywhere, and so may who calls it; the
 * environment overrules. */
START_TEST(plot_scripts_are_found_or_asked_for)
{
    char scripts[PLACE_SIZE], told[PLACE_SIZE], tree[PLACE_SIZE - 16];
    struct note note = { "" };
    ck_assert_ptr_nonnull(getcwd(tree, sizeof tree));
    ck_assert_msg(!err_is(place_find_plots(scripts, &note)), "%s", note.text);
    cli_begin();
    ck_assert_int_eq(chdir(cli_folder()), 0);
    ck_assert_int_eq(unsetenv("WEIR_PLOTS"), 0);
    ck_assert_msg(!err_is(place_find_plots(scripts, &note)), "%s", note.text);
    text_format(told, sizeof told, "%s/plots", tree);
    ck_assert_int_eq(setenv("WEIR_PLOTS", told, 1), 0);
    ck_assert_msg(!err_is(place_find_plots(scripts, &note)), "%s", note.text);
    ck_assert_str_eq(scripts, told);
    ck_assert_int_eq(chdir(tree), 0);
    ck_assert_int_eq(setenv("WEIR_PLOTS", cli_folder(), 1), 0);
    ck_assert(err_is(place_find_plots(scripts, &note)));
    ck_assert_ptr_nonnull(strstr(note.text, "no plot scripts there"));
    ck_assert_int_eq(unsetenv("WEIR_PLOTS"), 0);
    cli_end();
}
END_TEST

/* Whoever expects nothing of it should still see that a job came to an end. */
START_TEST(a_test_tells_which_jobs_failed)
{
    cli_begin();
    cli_put_file("s.yaml", "name: s\nduration: 1min\n"
                           "config: { restart-strategy.type: none }\n"
                           "cluster: { task-manager: { boot: 1s }, task-managers: [ tm1 ] }\n"
                           "jobs:\n  - name: j\n    vertices: [ { name: source } ]\n    load: 1/s\n"
                           "events: [ { at: 20s, fail: { vertex: source, subtask: 0 } } ]\n"
                           "compare: { calm: { events: null } }\n"
                           "expect: [ { name: a, metric: restarts, max: exactly 0 } ]\n");
    ck_assert_int_eq(cli_weir("test @/s.yaml"), EXIT_HELD);
    ck_assert_msg(strstr(cli_out(), "  job j FAILED at 20.0") != NULL, "%s", cli_out());
    ck_assert_ptr_null(strstr(cli_out(), "calm: job"));
    ck_assert_int_eq(cli_weir("test --json @/s.yaml"), EXIT_HELD);
    ck_assert_ptr_nonnull(strstr(cli_out(), "\"jobs_failed\": [\n        \"job j FAILED at"));
    ck_assert_int_eq(
        cli_weir("test @/s.yaml --set cluster.task-managers=[]"
                 " --set config.jobmanager.scheduler=adaptive"
                 " --set config.jobmanager.adaptive-scheduler.resource-wait-timeout=5s"),
        EXIT_HELD);
    ck_assert_msg(strstr(cli_out(), ": not enough slots for the lower bounds\n") != NULL, "%s",
                  cli_out());
    cli_end();
}
END_TEST

START_TEST(options_become_overrides_the_last_one_winning)
{
    struct parsed parsed = { 0 };
    struct run_options options;
    struct note note = { "" };
    vec_push(&parsed.options, (struct parsed_option){ "seed", "7" });
    vec_push(&parsed.options, (struct parsed_option){ "set", "cluster.task-manager.count=3" });
    vec_push(&parsed.options, (struct parsed_option){ "until", "90s" });
    vec_push(&parsed.options, (struct parsed_option){ "log", "tasks" });
    ck_assert(!err_is(run_options_read(&parsed, &options, &note)));
    ck_assert_uint_eq(options.overrides.count, 3);
    ck_assert_str_eq(options.overrides.items[0].key, "cluster.task-manager.count");
    ck_assert_str_eq(options.overrides.items[0].value, "3");
    ck_assert_str_eq(options.overrides.items[1].value, "7");
    ck_assert_str_eq(options.overrides.items[2].value, "task");
    ck_assert_int_eq(options.until, 90 * TIME_S);
    run_options_fini(&options);
    parsed.options.items[2].value = "90";
    ck_assert(err_is(run_options_read(&parsed, &options, &note)));
    ck_assert_ptr_nonnull(strstr(note.text, "--until: found '90'"));
    parsed_fini(&parsed);
}
END_TEST

START_TEST(a_run_leaves_all_its_files_and_tells_its_figures)
{
    static const char *const files[] = {
        "run/weir-run.json",
        "run/events.jsonl",
        "run/metrics.csv",
        "run/events.csv",
        "run/states.csv",
        "run/recovery.csv",
        "run/summary.json",
        "run/report.html",
        "run/variants/undisturbed/summary.json",
        "run/variants/undisturbed/metrics.csv",
    };
    cli_begin();
    cli_put_file("scenario.yaml", scenario);
    ck_assert_int_eq(cli_weir("run @ --out @/run --no-plots"), EXIT_HELD);
    ck_assert_str_eq(cli_errors(), "");
    ck_assert_ptr_eq(strstr(cli_out(), "Does it come back?\n\n"), cli_out());
    ck_assert_ptr_nonnull(strstr(cli_out(), "undisturbed"));
    ck_assert_ptr_nonnull(strstr(cli_out(), "held  nothing lost"));
    ck_assert_ptr_nonnull(strstr(cli_out(), "/run/report.html\n"));
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        ck_assert_msg(cli_get_file(files[i]) != NULL, "%s", files[i]);
    ck_assert_int_eq(cli_weir("explain @/run"), EXIT_HELD);
    ck_assert_ptr_nonnull(strstr(cli_out(), "1 failure and 0 rescales"));
    ck_assert_ptr_nonnull(strstr(cli_out(), "clicks goes down"));
    ck_assert_int_eq(cli_weir("explain @/run --at 40s"), EXIT_HELD);
    ck_assert_ptr_nonnull(strstr(cli_out(), "At 40.000 s:\n  clicks: RUNNING, all tasks running at "
                                            "parallelism 1, last checkpoint "));
    ck_assert_ptr_nonnull(
        strstr(cli_out(), "cluster: 2 TaskManagers registered; 1 slots in use, 3 free"));
    ck_assert_int_eq(cli_weir("plot @/run --commands"), EXIT_HELD);
    ck_assert_ptr_nonnull(strstr(cli_out(), "How clicks came back: "));
    ck_assert_ptr_nonnull(strstr(cli_out(), "the only failure: "));
    ck_assert_int_eq(cli_weir("explain @/run --at 3min"), EXIT_INPUT);
    ck_assert_ptr_nonnull(strstr(cli_errors(), "expected a time in the run, which is 2 min long"));
    ck_assert_int_eq(cli_weir("report @/run"), EXIT_HELD);
    cli_end();
}
END_TEST

START_TEST(a_job_that_would_be_refused_is_exit_code_2)
{
    cli_begin();
    cli_put_file("scenario.yaml",
                 "name: tiny\nduration: 10s\nconfig: { execution.runtime-mode: batch }\n"
                 "jobs:\n  - name: j\n    vertices: [ { name: source } ]\n    load: "
                 "1/s\nexpect:\n  - { name: ok, event: job FAILED, count: 0 }\n");
    ck_assert_int_eq(cli_weir("run @ --out @/run --no-plots"), EXIT_INPUT);
    ck_assert_ptr_nonnull(strstr(cli_errors(),
                                 "scenario.yaml:3: config.execution.runtime-mode: found "
                                 "'batch', expected streaming (batch jobs are not "
                                 "supported yet)\n"));
    ck_assert_int_eq(cli_weir("test @"), EXIT_INPUT);
    ck_assert_ptr_nonnull(strstr(cli_out(), "\n0 passed, 1 failed\n"));
    cli_end();
}
END_TEST

START_TEST(a_failed_expectation_is_exit_code_1_and_a_word)
{
    cli_begin();
    cli_put_file("scenario.yaml",
                 "name: tiny\nduration: 10s\njobs:\n  - name: j\n    vertices: [ { "
                 "name: source } ]\n    load: 1/s\nexpect:\n  - { name: ends, event: "
                 "job FINISHED }\n");
    ck_assert_int_eq(cli_weir("run @ --out @/run --no-plots"), EXIT_FAILED);
    ck_assert_ptr_nonnull(strstr(cli_out(), "FAILED  ends"));
    ck_assert_int_eq(cli_weir("test @"), EXIT_FAILED);
    ck_assert_ptr_nonnull(strstr(cli_out(), "\n0 passed, 1 failed\n"));
    cli_end();
}
END_TEST

START_TEST(json_is_all_that_is_printed_and_nothing_is_written)
{
    cli_begin();
    cli_put_file("scenario.yaml", scenario);
    ck_assert_int_eq(cli_weir("run @/scenario.yaml --json --until 30s --seed 4"), EXIT_FAILED);
    json_t *summary = json_loads(cli_out(), 0, NULL);
    ck_assert_ptr_nonnull(summary);
    ck_assert_int_eq(json_integer_value(json_object_get(summary, "seed")), 4);
    ck_assert_double_eq(json_number_value(json_object_get(summary, "duration_s")), 30);
    ck_assert_ptr_nonnull(json_object_get(json_object_get(summary, "compare"), "undisturbed"));
    ck_assert_uint_eq(json_array_size(json_object_get(summary, "expectations")), 3);
    json_decref(summary);
    ck_assert_int_ne(access("out/tiny", F_OK), 0);
    cli_end();
}
END_TEST

START_TEST(the_same_scenario_gives_the_same_bytes)
{
    static char first[CLI_TEXT_SIZE];
    cli_begin();
    cli_put_file("scenario.yaml", scenario);
    ck_assert_int_eq(cli_weir("run @ --json"), EXIT_HELD);
    memcpy(first, cli_out(), sizeof first);
    ck_assert_int_eq(cli_weir("run @ --json"), EXIT_HELD);
    ck_assert_str_eq(first, cli_out());
    cli_end();
}
END_TEST

START_TEST(a_run_that_fails_leaves_the_old_output)
{
    cli_begin();
    cli_put_file("scenario.yaml", scenario);
    ck_assert_int_eq(cli_weir("run @ --out @/run --no-plots --quiet"), EXIT_HELD);
    ck_assert_str_eq(cli_out(), "");
    cli_put_file("scenario.yaml", "name: broken\n");
    ck_assert_int_eq(cli_weir("run @ --out @/run --no-plots"), EXIT_INPUT);
    ck_assert_ptr_nonnull(strstr(cli_errors(), "scenario.yaml"));
    ck_assert_ptr_nonnull(cli_get_file("run/summary.json"));
    cli_end();
}
END_TEST

START_TEST(tests_run_in_the_order_of_their_paths_and_count)
{
    cli_begin();
    cli_make_folder("a");
    cli_make_folder("b");
    cli_make_folder("c");
    cli_put_file("b/scenario.yaml", scenario);
    cli_put_file("a/scenario.yaml", scenario);
    cli_put_file("c/scenario.yaml", "name: broken\n");
    ck_assert_int_eq(cli_weir("test @ --jobs 3 --junit @/junit.xml"), EXIT_INPUT);
    const char *a = strstr(cli_out(), "/a/scenario.yaml\n"), *b = strstr(cli_out(), "/b/scenario");
    ck_assert(a && b && a < b);
    ck_assert_ptr_nonnull(strstr(cli_out(), "FAILED  "));
    ck_assert_ptr_nonnull(strstr(cli_out(), "\n6 passed, 1 failed\n"));
    ck_assert_ptr_nonnull(
        strstr(cli_get_file("junit.xml"), "tests=\"7\" failures=\"0\" errors=\"1\""));
    ck_assert_int_eq(cli_weir("test @/a/scenario.yaml --json"), EXIT_HELD);
    json_t *all = json_loads(cli_out(), 0, NULL);
    ck_assert_int_eq(json_integer_value(json_object_get(all, "passed")), 3);
    json_decref(all);
    ck_assert_int_eq(cli_weir("test @/nowhere"), EXIT_INPUT);
    ck_assert_int_eq(cli_weir("test @ --jobs 0"), EXIT_INPUT);
    cli_end();
}
END_TEST

/* A file that says that all went well, of an earlier run, must not stay. */
START_TEST(a_missing_path_is_an_error_in_the_results)
{
    cli_begin();
    cli_put_file("scenario.yaml", scenario);
    cli_put_file("junit.xml", "<testsuites errors=\"0\"/>");
    ck_assert_int_eq(cli_weir("test @ @/nowhere --junit @/junit.xml"), EXIT_INPUT);
    ck_assert_str_eq(cli_out(), "");
    const char *told = cli_get_file("junit.xml");
    ck_assert_ptr_nonnull(strstr(told, "tests=\"1\" failures=\"0\" errors=\"1\""));
    ck_assert_ptr_nonnull(strstr(told, "/nowhere: No such file or directory"));
    cli_end();
}
END_TEST

/* Between the kill and the failure that shows it, no line of the job has come yet, and no sample.
 */
START_TEST(explain_tells_how_things_stood_by_what_had_happened_until_then)
{
    cli_begin();
    cli_put_file(
        "scenario.yaml",
        "name: tiny\nduration: 2min\nsample: 10s\nconfig: { scheduler-mode: reactive, "
        "execution.checkpointing.interval: 5s, "
        "jobmanager.adaptive-scheduler.submission.resource-stabilization-timeout: 2s }\n"
        "cluster: { task-manager: { slots: 2, boot: 1s }, task-managers: [ tm1, tm2 ] }\n"
        "jobs:\n"
        "  - name: clicks\n"
        "    vertices: [ { name: source, cost: 2us }, { name: count, keys: 10, cost: 5us } ]\n"
        "    edges: [ source -> count: hash ]\n"
        "    load: 1k/s\n"
        "events:\n"
        "  - { at: 63s, kill: tm2 }\n"
        "  - { at: 64s, slow: { task-manager: tm1, factor: 0.9 } }\n"
        "expect:\n  - { name: runs, event: all tasks RUNNING }\n");
    ck_assert_int_eq(cli_weir("run @ --out @/run --no-plots --quiet"), EXIT_HELD);
    ck_assert_int_eq(cli_weir("explain @/run --at 62999ms"), EXIT_HELD);
    ck_assert_ptr_nonnull(strstr(cli_out(), "scheduler Executing, all tasks running at"));
    ck_assert_int_eq(cli_weir("explain @/run --at 63050ms"), EXIT_HELD);
    ck_assert_ptr_nonnull(
        strstr(cli_out(), "scheduler Executing, not all tasks running for 50 ms (kill tm2), last"));
    ck_assert_ptr_nonnull(
        strstr(cli_out(), "cluster: 2 TaskManagers registered; sample of 60.000 s"));
    ck_assert_int_eq(cli_weir("explain @/run --why job-RESTARTING"), EXIT_INPUT);
    ck_assert_ptr_null(strstr(cli_errors(), "adaptive"));
    ck_assert_int_eq(cli_weir("explain @/run --why RESTARTING"), EXIT_INPUT);
    ck_assert_ptr_nonnull(strstr(cli_errors(), "no line fits 'RESTARTING'; a job of the adaptive "
                                               "scheduler is cancelled and made anew: 'scheduler "
                                               "Restarting'\n"));
    cli_end();
}
END_TEST

START_TEST(explain_refuses_what_is_not_there)
{
    cli_begin();
    cli_put_file("scenario.yaml", scenario);
    ck_assert_int_eq(cli_weir("run @ --out @/run --no-plots --quiet"), EXIT_HELD);
    ck_assert_int_eq(cli_weir("explain @/run --event 99999"), EXIT_INPUT);
    ck_assert_int_eq(cli_weir("explain @/run --why nonsense"), EXIT_INPUT);
    ck_assert_str_eq(cli_errors(), "weir explain: --why: no line fits 'nonsense'\n");
    ck_assert_int_eq(cli_weir("explain @/run --event 1 --why kill"), EXIT_INPUT);
    ck_assert_str_eq(cli_errors(), "weir explain: --why: does not go with --event\n");
    ck_assert_int_eq(cli_weir("explain @/run --at soon"), EXIT_INPUT);
    ck_assert_int_eq(cli_weir("explain @/run --run nobody"), EXIT_INPUT);
    ck_assert_int_eq(cli_weir("explain @/run --run undisturbed"), EXIT_HELD);
    ck_assert_ptr_nonnull(strstr(cli_out(), "No job went down"));
    ck_assert_int_eq(cli_weir("explain @/run --at 60s"), EXIT_HELD);
    ck_assert_ptr_nonnull(strstr(cli_out(), "clicks goes down"));
    cli_put_file("run/events.jsonl", "{\"t\":1.5,\"seq\":1}\n");
    ck_assert_int_eq(cli_weir("explain @/run"), EXIT_INPUT);
    ck_assert_ptr_nonnull(strstr(cli_errors(), "events.jsonl:1: found '{\"t\":1.5"));
    ck_assert_int_eq(cli_weir("explain @"), EXIT_INPUT);
    cli_end();
}
END_TEST

Suite *test_cli_commands_suite(void)
{
    Suite *suite = suite_create("cli: commands");
    TCase *lines = tcase_create("command lines"), *whole = tcase_create("whole");
    tcase_add_test(lines, an_option_that_nobody_knows_names_the_nearest);
    tcase_add_test(lines, rounding_in_a_short_step_breaks_no_invariant);
    tcase_add_test(lines, every_command_tells_its_options_and_an_example);
    tcase_add_test(lines, the_example_of_run_holds);
    tcase_add_test(lines, plot_scripts_are_found_or_asked_for);
    tcase_add_test(whole, a_test_tells_which_jobs_failed);
    tcase_add_test(lines, options_become_overrides_the_last_one_winning);
    tcase_add_test(whole, a_run_leaves_all_its_files_and_tells_its_figures);
    tcase_add_test(whole, a_job_that_would_be_refused_is_exit_code_2);
    tcase_add_test(whole, a_failed_expectation_is_exit_code_1_and_a_word);
    tcase_add_test(whole, json_is_all_that_is_printed_and_nothing_is_written);
    tcase_add_test(whole, the_same_scenario_gives_the_same_bytes);
    tcase_add_test(whole, a_run_that_fails_leaves_the_old_output);
    tcase_add_test(whole, tests_run_in_the_order_of_their_paths_and_count);
    tcase_add_test(whole, a_missing_path_is_an_error_in_the_results);
    tcase_add_test(whole, explain_tells_how_things_stood_by_what_had_happened_until_then);
    tcase_add_test(whole, explain_refuses_what_is_not_there);
    suite_add_tcase(suite, lines);
    suite_add_tcase(suite, whole);
    return suite;
}
