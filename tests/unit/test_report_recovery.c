/* SPDX-License-Identifier: Apache-2.0
 *
 * The picture of one failure: what is told to gnuplot, and where it stands in the report.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/report/gnuplot.h"
#include "sim/report/html.h"
#include "sim/report/plot_variables.h"
#include "tests/lib/command_line.h"

static const char *recovery_variables(const char *recovery)
{
    static char out[4096];
    char text[1024];
    struct gnuplot gnuplot;
    struct note note = { "" };
    text_format(text, sizeof text,
                "{\"name\": \"r\", \"seed\": 1, \"duration_s\": 2400, \"sample_s\": 1,"
                " \"jobs\": [{\"name\": \"j0\"}, {\"name\": \"j1\"}, {\"name\": \"j2\"},"
                " {\"name\": \"j3\"}, {\"name\": \"j4\"}], \"shown_recovery\": 0,"
                " \"recoveries\": [{\"job\": \"j4\", \"cause\": \"cut tm1\", \"at\": 300, %s}]}",
                recovery);
    json_t *summary = json_loads(text, 0, NULL);
    ck_assert_ptr_nonnull(summary);
    gnuplot_init(&gnuplot);
    struct drawing drawing = { "/nowhere", "plots", summary, &gnuplot };
    /* Files are missing: all that does not need them has been set by then. */
    ck_assert(err_is(plot_variables_set(&drawing, PICTURE_RECOVERY, "png", &note)));
    vec_push(&gnuplot.variables, '\0');
    text_format(out, sizeof out, "%s", gnuplot.variables.items);
    gnuplot_fini(&gnuplot);
    json_decref(summary);
    return out;
}

/* The job it is about comes first; a fault far before is told and not drawn. */
START_TEST(a_recovery_is_drawn_of_its_own_job_from_when_its_tasks_stopped)
{
    const char *set = recovery_variables("\"down_at\": 1500, \"recovered_after_s\": 8");
    ck_assert_ptr_nonnull(strstr(set, "question='How j4 came back: cut tm1'"));
    ck_assert_ptr_nonnull(strstr(set, "20 min after the fault, the only failure: 8 s until all "
                                      "tasks ran again"));
    ck_assert_ptr_nonnull(strstr(set, "x_from=1498.0; x_to=1514.0; x_origin=1500.0;"));
    ck_assert_ptr_nonnull(strstr(set, "seconds since its tasks stopped"));
    ck_assert_ptr_nonnull(strstr(set, "band5=0; band1=1; band2=2; band3=3; job1='j4'; job2='j0'; "
                                      "job3='j1'; job4='j2'; bands_text='bands: 4 of 5 jobs (the "
                                      "fault brought down 1)'; job_count=4; names_above=0;"));
    set = recovery_variables("\"down_at\": 341, \"recovered_after_s\": 8");
    ck_assert_ptr_nonnull(strstr(set, "41 s after the fault"));
    ck_assert_ptr_nonnull(strstr(set, "x_origin=300.0;"));
    set = recovery_variables("\"down_at\": 300, \"recovered_after_s\": null");
    ck_assert_ptr_nonnull(strstr(set, "question='How j4 went down: cut tm1'"));
    ck_assert_ptr_null(strstr(set, "after the fault"));
    set = recovery_variables("\"down_at\": 300, \"recovered_after_s\": null, \"failed_s\": 301");
    ck_assert_ptr_nonnull(strstr(set, "question='How j4 FAILED: cut tm1'"));
}
END_TEST

/* Six jobs, of which one fault brings down the second, the fifth and the sixth, and another one the
 * third at another time, and the fourth at the same. */
START_TEST(jobs_that_the_same_fault_brought_down_come_before_others)
{
    static char set[4096];
    struct gnuplot gnuplot;
    struct note note = { "" };
    json_t *summary = json_loads(
        "{\"name\": \"r\", \"seed\": 1, \"duration_s\": 2400, \"sample_s\": 1, \"jobs\": "
        "[{\"name\": \"j1\"}, {\"name\": \"j2\"}, {\"name\": \"j3\"}, {\"name\": \"j4\"}, "
        "{\"name\": \"j5\"}, {\"name\": \"j6\"}], \"shown_recovery\": 4, \"recoveries\": ["
        "{\"job\": \"j3\", \"cause\": \"kill tm1\", \"at\": 100, \"down_at\": 100}, "
        "{\"job\": \"j2\", \"cause\": \"kill tm1\", \"at\": 300, \"down_at\": 300}, "
        "{\"job\": \"j4\", \"cause\": \"fail a 1\", \"at\": 300, \"down_at\": 300}, "
        "{\"job\": \"j6\", \"cause\": \"kill tm1\", \"at\": 300, \"down_at\": 301}, "
        "{\"job\": \"j5\", \"cause\": \"kill tm1\", \"at\": 300, \"down_at\": 302}]}",
        0, NULL);
    ck_assert_ptr_nonnull(summary);
    gnuplot_init(&gnuplot);
    struct drawing drawing = { "/nowhere", "plots", summary, &gnuplot };
    ck_assert(err_is(plot_variables_set(&drawing, PICTURE_RECOVERY, "png", &note)));
    vec_push(&gnuplot.variables, '\0');
    text_format(set, sizeof set, "%s", gnuplot.variables.items);
    ck_assert_ptr_nonnull(strstr(set, "job1='j5'; job2='j2'; job3='j6'; job4='j1'; "));
    ck_assert_ptr_nonnull(strstr(set, "band5=0; band2=1; band6=2; band1=3; "));
    ck_assert_ptr_nonnull(strstr(set, "bands_text='bands: 4 of 6 jobs (the fault brought down 3)"));
    gnuplot_fini(&gnuplot);
    json_decref(summary);
}
END_TEST

/* Of one that FAILED, and of one that is down at the end, as well. */
START_TEST(the_heading_above_a_recovery_holds_for_jobs_that_never_came_back)
{
    char page[32768];
    cli_begin();
    cli_make_folder("plots");
    cli_put_file("plots/recovery.svg", "<svg>How j FAILED</svg>\n");
    json_t *summary = json_pack("{ss si si}", "name", "r", "seed", 1, "duration_s", 60);
    FILE *file = tmpfile();
    html_write(cli_folder(), summary, file);
    rewind(file);
    page[fread(page, 1, sizeof page - 1, file)] = '\0';
    ck_assert_ptr_nonnull(
        strstr(page, "<h2>One failure from close by</h2>\n<figure>\n<svg>How j FAILED"));
    fclose(file);
    json_decref(summary);
    cli_end();
}
END_TEST

Suite *test_report_recovery_suite(void);
Suite *test_report_recovery_suite(void)
{
    Suite *suite = suite_create("report: recovery");
    TCase *tests = tcase_create("recovery");
    tcase_add_test(tests, a_recovery_is_drawn_of_its_own_job_from_when_its_tasks_stopped);
    tcase_add_test(tests, jobs_that_the_same_fault_brought_down_come_before_others);
    tcase_add_test(tests, the_heading_above_a_recovery_holds_for_jobs_that_never_came_back);
    suite_add_tcase(suite, tests);
    return suite;
}
