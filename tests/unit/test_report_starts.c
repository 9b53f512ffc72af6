/* SPDX-License-Identifier: Apache-2.0
 *
 * What pictures and tales say of a job that starts from what another has left.
 */
#include <check.h>

#include "sim/report/recorder.h"
#include "tests/lib/fake_run.h"

#define TWO_JOBS                                                                                   \
    "name: t\n"                                                                                    \
    "duration: 1h\n"                                                                               \
    "jobs:\n"                                                                                      \
    "  - { name: a, vertices: [ { name: source } ], load: 5/s }\n"                                 \
    "  - { name: b, vertices: [ { name: source } ], load: 5/s }\n"

/* It is planned, like what the script does, and stands in the picture like that. */
START_TEST(a_start_from_a_savepoint_is_marked_with_its_job)
{
    struct fake_run run;
    struct recorder recorder;
    fake_run_init(&run, TWO_JOBS);
    recorder_init(&recorder, &run.look);
    struct log_line started = fake_checkpoint("starting from savepoint", 0, 16);
    started.job = (struct job_id){ 1 };
    started.reason = "savepoint of a";
    recorder_line(&recorder, 7 * TIME_S, fake_node(0), &started);
    ck_assert_uint_eq(recorder.timeline.marks.count, 1);
    ck_assert_str_eq(recorder.timeline.marks.items[0].label, "b from savepoint of a");
    ck_assert_int_eq(recorder.timeline.marks.items[0].kind, MARK_SCRIPT);
    ck_assert_int_eq(recorder.timeline.marks.items[0].at, 7 * TIME_S);
    recorder_fini(&recorder);
    fake_run_fini(&run);
}
END_TEST

Suite *test_report_starts_suite(void)
{
    Suite *suite = suite_create("report: starts");
    TCase *all = tcase_create("starts");
    tcase_add_test(all, a_start_from_a_savepoint_is_marked_with_its_job);
    suite_add_tcase(suite, all);
    return suite;
}
