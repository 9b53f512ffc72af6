/* SPDX-License-Identifier: Apache-2.0
 *
 * Programs in runs: found, asked for their plan, and then their main going on with the run: waiting
 * for jobs, cancelling, stopping, sleeping. Each writes down what it saw.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/program/session.h"
#include "tests/lib/book.h"
#include "tests/lib/exact_run.h"

/* A scenario that runs the program of tests/programs by its act. */
static void write_scenario(char *yaml, size_t size, const char *world, const char *act,
                           const char *more)
{
    text_format(yaml, size,
                "name: story\n"
                "world: %s\n"
                "duration: 2 min\n"
                "cluster: { task-managers: [tm1, tm2] }\n"
                "config: { execution.checkpointing.interval: 5 s }\n"
                "jobs:\n"
                "  - program: story\n"
                "    args: [%s, %s]\n%s",
                world, act, book_path(), more);
}

/* What the act wrote in a run in this world, where this happens. */
static const char *story_with(const char *world, const char *act, const char *events)
{
    char yaml[1000];
    struct scenario *scenario = NULL;
    struct note note = { { 0 } };
    const struct simulation_settings settings = { .vouching = true };
    write_scenario(yaml, sizeof yaml, world, act, events);
    struct err e =
        scenario_load_text("story.yaml", yaml, strlen(yaml), NULL, NULL, 0, &scenario, &note);
    ck_assert_msg(!err_is(e), "%s", note.text);
    struct simulation *simulation = simulation_create(scenario, &settings);
    simulation_run(simulation, TIME_NEVER, NULL, NULL, NULL);
    simulation_destroy(simulation);
    scenario_destroy(scenario);
    return book_text();
}

static const char *story(const char *world, const char *act)
{
    return story_with(world, act, "");
}

START_TEST(main_goes_on_when_its_job_has_finished)
{
    ck_assert_str_eq(story("exact", "in-turn"), "first 1\nsecond 1\n");
    ck_assert_str_eq(story("virtual", "in-turn"), "first 1\nsecond 1\n");
}
END_TEST

START_TEST(main_cancels_and_stops_its_jobs)
{
    /* CREATED, RUNNING, a savepoint, the cancel is taken, CANCELED, no savepoint of it any more */
    const char *cancelled = "status 1\nstatus 2\nsavepoint 1\ncancel 1\nend 4\nsavepoint 0\n";
    ck_assert_str_eq(story("exact", "cancel"), cancelled);
    ck_assert_str_eq(story("virtual", "cancel"), cancelled);
    ck_assert_str_eq(story("exact", "stop"), "stop 1\nend 3\n");
}
END_TEST

START_TEST(main_is_told_of_what_its_job_failed)
{
    const char *told = story("exact", "fail");
    ck_assert_msg(text_equal(told, "end 5\nRuntimeException: function: record 500 is the last "
                                   "straw\n"),
                  "%s", told);
}
END_TEST

START_TEST(a_job_that_goes_on_has_failed_by_nothing)
{
    ck_assert_str_eq(story("exact", "go-on"), "silent 1\nend 4\n");
}
END_TEST

START_TEST(a_main_that_differs_from_its_plan_is_refused)
{
    ck_assert_str_eq(story("exact", "differ"),
                     "end 0\njob 'differs' is not the one of the plan (numbers): main must build "
                     "the same streams each time it is called\n");
    ck_assert_str_eq(story("exact", "surprise"),
                     "first 1\nend 0\njob 'surprise' was not in the plan: main executes the same "
                     "jobs each time it is called\n");
}
END_TEST

START_TEST(a_main_that_never_gives_up_ends_with_the_run)
{
    ck_assert_str_eq(story("exact", "insist"), "");
}
END_TEST

/* 2,000 records take two seconds, and from the 1,000th question on each takes a millisecond. */
START_TEST(a_main_that_asks_without_waiting_lets_time_pass)
{
    static const char *const worlds[] = { "exact", "virtual" };
    const char *world = worlds[_i];
    char first[200];
    text_format(first, sizeof first, "%s", story(world, "ask"));
    ck_assert_int_eq(strncmp(first, "end 3\nasked ", strlen("end 3\nasked ")), 0);
    long asked = strtol(first + strlen("end 3\nasked "), NULL, 10);
    ck_assert_int_gt(asked, 3000);
    ck_assert_int_lt(asked, 10000);
    ck_assert_str_eq(story(world, "ask"), first);
    ck_assert_str_eq(story(world, "demand"), "");
}
END_TEST

enum { RESULTS = 2000 };

/* Every line `WORD NUMBER` of the results, once. */
static void must_have_each_once(const char *told, const char *word)
{
    uint8_t seen[RESULTS] = { 0 };
    size_t length = strlen(word), count = 0;
    for (const char *line = told; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, word, length) != 0)
            continue;
        long number = strtol(line + length, NULL, 10);
        ck_assert_int_ge(number, 0);
        ck_assert_int_lt(number, RESULTS);
        ck_assert_msg(seen[number]++ == 0, "%s%ld came twice", word, number);
        count++;
    }
    ck_assert_uint_eq(count, RESULTS);
}

START_TEST(main_gets_each_result_once_while_its_job_runs)
{
    static const char faults[] = "events: [ { at: 17 s, fail: { vertex: in, subtask: 0 } },\n"
                                 "          { at: 24 s, fail: { vertex: spell, subtask: 0 } } ]\n";
    static const char *const events[] = {
        "", "events: [ { at: 20 s, kill: { task-manager: in-use } } ]\n", faults
    };
    const char *told = story_with("exact", "collect", events[_i]);
    must_have_each_once(told, "number ");
    must_have_each_once(told, "text ");
    ck_assert_ptr_nonnull(strstr(told, "early 0\n"));
    ck_assert_ptr_nonnull(strstr(told, "\nend 3\nrunning 1\n"));
}
END_TEST

START_TEST(where_there_are_no_records_there_are_no_results)
{
    ck_assert_str_eq(story("virtual", "collect"), "early 0\nend 3\nrunning 0\n");
}
END_TEST

/* The first waits for no checkpoint when it is cancelled: both others find its last files prepared,
 * and one of them commits what the other has committed. */
START_TEST(two_jobs_go_on_from_one_savepoint)
{
    static const char *const ends[] = { "stop-with-savepoint: one",
                                        "savepoint: one }\n  - { at: 7 s, cancel: one" };
    static const char heir[] = "  - program: tour_lists\n"
                               "    name: %s\n"
                               "    args: [split]\n"
                               "    at: %d s\n"
                               "    config: { execution.state-recovery.path: savepoint of one }\n";
    char yaml[2000];
    size_t at = text_format(yaml, sizeof yaml,
                            "name: fork\n"
                            "world: exact\n"
                            "duration: 2 min\n"
                            "cluster: { task-managers: [tm1, tm2] }\n"
                            "config: { execution.checkpointing.interval: 20 s }\n"
                            "jobs:\n"
                            "  - { program: tour_lists, name: one, args: [split] }\n");
    at += text_format(yaml + at, sizeof yaml - at, heir, "two", 12);
    at += text_format(yaml + at, sizeof yaml - at, heir, "three", 50);
    text_format(yaml + at, sizeof yaml - at,
                "events:\n"
                "  - { at: 6 s, %s }\n"
                "expect:\n"
                "  - { name: two, job: two, output: lines, equals: program }\n"
                "  - { name: three, job: three, output: lines, equals: program }\n",
                ends[_i]);
    struct exact_run run;
    exact_run_init(&run, yaml);
    exact_run_to_end(&run);
    ck_assert_uint_eq(run.ended, 3);
    exact_run_must_write(&run, "fork");
    exact_run_fini(&run);
}
END_TEST

static void must_refuse(const char *program, const char *act, const char *words)
{
    char yaml[1000], *at;
    struct scenario *scenario = NULL;
    struct note note = { { 0 } };
    write_scenario(yaml, sizeof yaml, "exact", act, "");
    at = strstr(yaml, "story\n    args");
    ck_assert_ptr_nonnull(at);
    char changed[1200];
    text_format(changed, sizeof changed, "%.*s%s%s", (int)(at - yaml), yaml, program,
                at + strlen("story"));
    struct err e =
        scenario_load_text("s.yaml", changed, strlen(changed), NULL, NULL, 0, &scenario, &note);
    ck_assert(err_is(e));
    ck_assert_str_eq(note.text, words);
}

START_TEST(what_is_no_program_is_refused_by_its_line)
{
    must_refuse("nowhere", "in-turn",
                "s.yaml:7: jobs.0.program: found 'nowhere', expected the path of a shared object "
                "or the name of one of weir's programs");
    must_refuse("./nowhere.so", "in-turn",
                "s.yaml:7: jobs.0.program: found './nowhere.so', expected a file that can be read");
    must_refuse("nothing", "in-turn",
                "s.yaml:7: jobs.0.program: found 'nothing', expected a program: it defines no "
                "weir_main");
    must_refuse("newer", "in-turn",
                "s.yaml:7: jobs.0.program: found 'newer', built with number 99 of weir.h "
                "(WEIR_ABI), expected 1: build it again, with the header of this weir");
    must_refuse("older", "in-turn",
                "s.yaml:7: jobs.0.program: found 'older', built with a weir.h whose number "
                "(WEIR_ABI) it does not tell, expected 1: build it again, with the header of this "
                "weir");
    must_refuse("story", "code",
                "s.yaml:7: jobs.0.program: found a program whose main gives back 3, expected 0");
    must_refuse("story", "idle",
                "s.yaml:7: jobs.0.program: found a program that executes no job, expected some: "
                "weir_execute");
    must_refuse(
        "story\n    vertices: []", "in-turn",
        "s.yaml:8: jobs.0.vertices: found an unknown key, expected name, at, program, args, "
        "config, load, loads or faults");
    must_refuse("story",
                "collect]\n"
                "expect: [ { name: a, output: texts, equals: b } ]\n#",
                "s.yaml:9: expect.a.output: found 'texts', expected a sink of a program that "
                "writes");
}
END_TEST

Suite *test_api_programs_suite(void);
Suite *test_api_programs_suite(void)
{
    Suite *suite = suite_create("api programs");
    TCase *tcase = tcase_create("programs");
    tcase_add_checked_fixture(tcase, book_begin, book_end);
    tcase_add_test(tcase, main_goes_on_when_its_job_has_finished);
    tcase_add_test(tcase, main_cancels_and_stops_its_jobs);
    tcase_add_test(tcase, main_is_told_of_what_its_job_failed);
    tcase_add_test(tcase, a_job_that_goes_on_has_failed_by_nothing);
    tcase_add_test(tcase, a_main_that_differs_from_its_plan_is_refused);
    tcase_add_test(tcase, a_main_that_never_gives_up_ends_with_the_run);
    tcase_add_loop_test(tcase, a_main_that_asks_without_waiting_lets_time_pass, 0, 2);
    tcase_add_loop_test(tcase, main_gets_each_result_once_while_its_job_runs, 0, 3);
    tcase_add_test(tcase, where_there_are_no_records_there_are_no_results);
    tcase_add_loop_test(tcase, two_jobs_go_on_from_one_savepoint, 0, 2);
    tcase_add_test(tcase, what_is_no_program_is_refused_by_its_line);
    suite_add_tcase(suite, tcase);
    return suite;
}
