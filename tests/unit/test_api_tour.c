/* SPDX-License-Identifier: Apache-2.0
 *
 * Functions of weir.h that no example calls, each in a run with faults: what the sink holds is what
 * plain loops say.
 */
#include <check.h>
#include <stdio.h>

#include "tests/lib/exact_run.h"

static const struct act {
    const char *program, *name;
} acts[] = { { "tour", "shape" },        { "tour", "states" },      { "tour", "two" },
             { "tour_time", "windows" }, { "tour_time", "async" },  { "tour_time", "rules" },
             { "tour_time", "clock" },   { "tour_more", "custom" }, { "tour_more", "retry" },
             { "tour_more", "align" },   { "tour_lists", "split" }, { "tour_lists", "timed" },
             { "tour_lists", "union" } };
enum { ACTS = 13 };

static const char story[] =
    "name: tour\n"
    "world: exact\n"
    "duration: 3min\n"
    "config: { parallelism.default: %d, execution.checkpointing.interval: 1s,\n"
    "          execution.checkpointing.unaligned.enabled: %s,\n"
    "          execution.checkpointing.unaligned.forced: true,\n"
    "          heartbeat.interval: 1s, heartbeat.timeout: 3s }\n"
    "cluster: { task-manager: { count: 4, slots: 1 } }\n"
    "jobs: [ { program: %s, args: [%s] } ]\n"
    "events: [ %s ]\n"
    "expect: [ { name: right, output: lines, equals: program } ]\n";

static void must_be_right(const struct act *act, int parallelism, const char *unaligned,
                          const char *events)
{
    char yaml[2000];
    struct exact_run run;
    snprintf(yaml, sizeof yaml, story, parallelism, unaligned, act->program, act->name, events);
    exact_run_init(&run, yaml);
    exact_run_to_end(&run);
    ck_assert_msg(run.finished == 1, "%s: the job does not finish", act->name);
    exact_run_must_hold(&run, act->name);
    exact_run_must_write(&run, act->name);
    exact_run_fini(&run);
}

START_TEST(what_is_written_is_what_plain_loops_say)
{
    must_be_right(&acts[_i], 1, "false", "");
    must_be_right(&acts[_i], 2, "false", "");
    must_be_right(&acts[_i], 3, "true", "");
}
END_TEST

START_TEST(and_no_other_when_machines_end)
{
    must_be_right(&acts[_i], 2, "false", "{ at: 14s, kill: { task-manager: in-use } }");
    must_be_right(&acts[_i], 2, "true",
                  "{ at: 13s, kill: { task-manager: in-use } }, { at: 15s, fail: { vertex: in, "
                  "subtask: 0 } }");
}
END_TEST

Suite *test_api_tour_suite(void);
Suite *test_api_tour_suite(void)
{
    Suite *suite = suite_create("api tour");
    TCase *tcase = tcase_create("tour");
    tcase_add_loop_test(tcase, what_is_written_is_what_plain_loops_say, 0, ACTS);
    tcase_add_loop_test(tcase, and_no_other_when_machines_end, 0, ACTS);
    suite_add_tcase(suite, tcase);
    return suite;
}
