/* SPDX-License-Identifier: Apache-2.0
 *
 * Whose figures are drawn: what gnuplot is told, where a run has several jobs.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "sim/cli/command.h"
#include "tests/lib/command_line.h"

#define VERTICES                                                                                   \
    "    vertices: [ { name: in }, { name: out } ]\n"                                              \
    "    edges: [ in -> out: hash ]\n"
#define TWO_JOBS                                                                                   \
    "name: two\nduration: 10min\n"                                                                 \
    "config: { execution.checkpointing.interval: 10s }\n"                                          \
    "cluster: { task-manager: { count: 2 } }\n"                                                    \
    "jobs:\n"                                                                                      \
    "  - name: large\n" VERTICES "    load: 50k/s\n"                                               \
    "  - name: small, too\n" VERTICES "    load: 100/s\n"                                          \
    "events: [ { at: 5min, fail: { job: \"small, too\", vertex: out, subtask: 0 } } ]\n"

static double number_behind(const char *told, const char *variable)
{
    const char *found = strstr(told, variable);
    ck_assert_msg(found, "no %s", variable);
    return atof(found + strlen(variable));
}

/* The field of the header of metrics.csv, from 1 on; names with commas are in quotes. */
static const char *column_at(double number)
{
    const char *field = cli_get_file("run/metrics.csv");
    for (bool quoted = false; number > 1; field++) {
        quoted ^= *field == '"';
        number -= *field == ',' && !quoted;
    }
    return field;
}

/* Of the other job there are five hundred times as many records, and it has no lag. */
START_TEST(a_recovery_is_drawn_with_what_its_own_job_did)
{
    cli_begin();
    cli_put_file("scenario.yaml", TWO_JOBS);
    ck_assert_int_eq(cli_weir("run @ --out @/run --no-plots --quiet"), EXIT_HELD);
    ck_assert_int_eq(cli_weir("plot @/run --commands"), EXIT_HELD);
    const char *recovery = strstr(cli_out(), "How small, too came back");
    ck_assert_ptr_nonnull(recovery);
    double most = number_behind(recovery, "max_rate=");
    ck_assert_msg(most >= 100 && most < 50000, "%g", most);
    double offered = number_behind(recovery, "offered_column=");
    double lag = number_behind(recovery, "lag_column=");
    const char *wanted = "\"small, too.offered_rate\",";
    ck_assert_int_eq(strncmp(column_at(offered), wanted, strlen(wanted)), 0);
    wanted = "\"small, too.lag_seconds\",";
    ck_assert_int_eq(strncmp(column_at(lag), wanted, strlen(wanted)), 0);
    cli_end();
}
END_TEST

START_TEST(a_picture_of_several_jobs_says_how_they_are_put_together)
{
    cli_begin();
    cli_put_file("scenario.yaml", TWO_JOBS);
    ck_assert_int_eq(cli_weir("run @ --out @/run --no-plots --quiet"), EXIT_HELD);
    ck_assert_int_eq(cli_weir("plot @/run --commands"), EXIT_HELD);
    ck_assert_ptr_nonnull(strstr(cli_out(), "; 2 jobs: rates added up, lag and parallelism of"));
    cli_end();
}
END_TEST

Suite *test_cli_pictures_suite(void);
Suite *test_cli_pictures_suite(void)
{
    Suite *suite = suite_create("cli: pictures");
    TCase *tcase = tcase_create("jobs");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_recovery_is_drawn_with_what_its_own_job_did);
    tcase_add_test(tcase, a_picture_of_several_jobs_says_how_they_are_put_together);
    suite_add_tcase(suite, tcase);
    return suite;
}
