/* SPDX-License-Identifier: Apache-2.0
 *
 * Programs whose input ends, by itself or because they are stopped, while operators hold something:
 * who joins answers waits for them, a savepoint comes behind what is given out at the end, and one
 * that does not drain gives nothing out.
 */
#include <check.h>
#include <stdio.h>

#include "core/base/text.h"
#include "sim/program/outputs.h"
#include "tests/lib/exact_run.h"

static const char story[] =
    "name: answers\n"
    "world: exact\n"
    "duration: 3min\n"
    "config: { parallelism.default: %d, execution.checkpointing.interval: 1s, %s }\n"
    "cluster: { task-manager: { count: 4, slots: 1 } }\n"
    "jobs: [ { program: %s, args: [%s] } ]\n"
    "events: [ %s ]\n"
    "expect: [ { name: right, output: lines, equals: program } ]\n";

static void must_be_right(int parallelism, const char *config, const char *program, const char *act,
                          const char *events)
{
    char yaml[1000];
    struct exact_run run;
    snprintf(yaml, sizeof yaml, story, parallelism, config, program, act, events);
    exact_run_init(&run, yaml);
    exact_run_to_end(&run);
    ck_assert_msg(run.finished == 1, "%s: the job does not finish", act);
    exact_run_must_hold(&run, act);
    exact_run_must_write(&run, act);
    exact_run_fini(&run);
}

START_TEST(an_input_rests_behind_the_answers_of_its_questions)
{
    must_be_right(1, "", "answers", "late", "");
    must_be_right(2, "", "answers", "late", "{ at: 8s, fail: { vertex: join, subtask: 0 } }");
    must_be_right(3, "execution.checkpointing.unaligned.enabled: true", "answers", "late", "");
}
END_TEST

/* By 5.5 s all records are read, and the questions about the last ones are answered at 9 s. */
START_TEST(a_stop_waits_for_the_last_answers)
{
    static const char *const acts[] = { "chained", "apart" };
    static const char *const ways[] = { "", ", drain: true" };
    for (int tenths = 55; tenths < 90; tenths += 7) {
        char stop[100];
        snprintf(stop, sizeof stop, "{ at: %d ms, stop-with-savepoint: { job: %s%s } }",
                 tenths * 100, acts[_i / 2], ways[_i % 2]);
        must_be_right(1, "", "answers", acts[_i / 2], stop);
        must_be_right(1, "execution.checkpointing.unaligned.enabled: true", "answers", acts[_i / 2],
                      stop);
    }
}
END_TEST

static void count_line(void *context, const char *text, size_t size)
{
    (void)text, (void)size;
    ++*(size_t *)context;
}

static size_t lines_of(const struct exact_run *run, const char *sink)
{
    size_t count = 0;
    output_each_line(outputs_find(&run->outputs, NULL, sink), count_line, &count);
    return count;
}

/* Stopped between two periodic checkpoints. */
static void stop(struct exact_run *run, int parallelism, const char *config, const char *act,
                 const char *way)
{
    char yaml[1000];
    text_format(yaml, sizeof yaml,
                "name: stops\n"
                "world: exact\n"
                "duration: 1min\n"
                "config: { parallelism.default: %d, execution.checkpointing.interval: 1s %s }\n"
                "cluster: { task-manager: { count: 4, slots: 1 } }\n"
                "jobs: [ { program: stops, args: [%s] } ]\n"
                "events: [ { at: 12345ms, stop-with-savepoint: { job: %s%s } } ]\n",
                parallelism, config, act, act, way);
    exact_run_init(run, yaml);
    exact_run_to_end(run);
    ck_assert_msg(run->finished == 1, "%s: the job does not finish", act);
    exact_run_must_hold(run, act);
}

START_TEST(a_savepoint_that_drains_comes_behind_all_that_is_given_out)
{
    static const char *const acts[] = { "lists", "questions" };
    static const char *const configs[] = {
        "", ", execution.checkpointing.unaligned.enabled: true",
        ", execution.checkpointing.checkpoints-after-tasks-finish: false"
    };
    struct exact_run run;
    for (int parallelism = 1; parallelism < 4; parallelism++) {
        stop(&run, parallelism, configs[_i % 3], acts[_i / 3], ", drain: true");
        ck_assert_uint_gt(lines_of(&run, "read"), 1000);
        ck_assert_uint_eq(lines_of(&run, "lines"), lines_of(&run, "read"));
        exact_run_fini(&run);
    }
}
END_TEST

/* Though one of the inputs has ended by itself, and its end is that of time. */
START_TEST(a_stop_that_does_not_drain_closes_no_window)
{
    struct exact_run run;
    for (int parallelism = 1; parallelism < 3; parallelism++) {
        stop(&run, parallelism, "", "history", "");
        ck_assert_uint_gt(lines_of(&run, "read"), 1000);
        ck_assert_uint_eq(lines_of(&run, "lines"), 0);
        exact_run_fini(&run);
        stop(&run, parallelism, "", "history", ", drain: true");
        ck_assert_uint_eq(lines_of(&run, "lines"), 8); /* one for each key */
        exact_run_fini(&run);
    }
}
END_TEST

/* The files of increments name removed keys, of whatever size. */
START_TEST(keys_of_four_bytes_come_and_go)
{
    static const char *const increments =
        "execution.checkpointing.incremental: true, state.backend.type: rocksdb";
    must_be_right(2, increments, "narrow", "counts", "");
    must_be_right(2, increments, "narrow", "counts",
                  "{ at: 9s, fail: { vertex: count, subtask: 0 } }");
}
END_TEST

Suite *test_api_answers_suite(void);
Suite *test_api_answers_suite(void)
{
    Suite *suite = suite_create("api answers");
    TCase *tcase = tcase_create("answers");
    tcase_add_test(tcase, an_input_rests_behind_the_answers_of_its_questions);
    tcase_add_loop_test(tcase, a_stop_waits_for_the_last_answers, 0, 4);
    tcase_add_loop_test(tcase, a_savepoint_that_drains_comes_behind_all_that_is_given_out, 0, 6);
    tcase_add_test(tcase, a_stop_that_does_not_drain_closes_no_window);
    tcase_add_test(tcase, keys_of_four_bytes_come_and_go);
    suite_add_tcase(suite, tcase);
    return suite;
}
