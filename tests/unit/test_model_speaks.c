/* SPDX-License-Identifier: Apache-2.0
 *
 * Sources that report a backlog (FLIP-309, FLIP-328): when, once each way, again when their tasks
 * have begun anew, and through whom. Load 30,000 records/s for 10 s, then 5,000; two subtasks of
 * count carry 20,000: the lag reaches 1 s after 3 s and is gone after 16.7 s.
 */
#include <check.h>

#include "tests/lib/model_fixture.h"

static const struct job_id job_0 = { 0 };
static const uint32_t hosts[] = { 1, 2 };
static const uint32_t two_each[] = { 2, 2 };

static struct model_fixture f;
static struct fixture_deployment how;
static struct vertex_model *source;

static void setup(void)
{
    model_fixture_init(&f);
    source = model_fixture_vertex(&f, job_0, "source", 128, 1 * TIME_US);
    model_fixture_vertex(&f, job_0, "count", 128, 100 * TIME_US);
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_HASH);
    how = (struct fixture_deployment){
        .job = job_0, .parallelism = two_each, .hosts = hosts, .host_count = 2
    };
}

static void teardown(void)
{
    model_fixture_fini(&f);
}

static void start(void)
{
    model_fixture_load(&f, job_0, 0, 0, 0);
    model_fixture_load(&f, job_0, 0, TIME_S, 30000);
    model_fixture_load(&f, job_0, 0, 11 * TIME_S, 5000);
    model_fixture_start(&f);
    model_fixture_deploy(&f, &how);
}

/* The n-th thing said; null: so many were not. */
static const struct fixture_line *said(size_t n)
{
    for (VEC_EACH(const struct fixture_line, line, &f.lines))
        if (line->kind == DATA_SOURCE_BACKLOG && n-- == 0)
            return line;
    return NULL;
}

START_TEST(sources_report_no_backlog_unless_told_when)
{
    start();
    model_fixture_run(&f, 30 * TIME_S);
    ck_assert_ptr_null(said(0));
}
END_TEST

/* 10,000 a second are left behind; what is read at t arrived at 1 s + (t - 1 s) x 2/3. */
START_TEST(a_source_says_when_it_falls_behind_and_when_it_has_caught_up)
{
    source->backlog_above = TIME_S;
    start();
    model_fixture_run(&f, 60 * TIME_S);
    ck_assert(!said(0)->in_backlog);
    ck_assert_int_eq(said(0)->at, 200 * TIME_MS); /* once after it has begun */
    ck_assert(said(1)->in_backlog);
    /* uneven shares of the keys let the busier subtask hold up both a little more */
    ck_assert_int_ge(said(1)->at, 3600 * TIME_MS);
    ck_assert_int_le(said(1)->at, 4200 * TIME_MS);
    ck_assert(!said(2)->in_backlog);
    ck_assert_int_ge(said(2)->at, 16 * TIME_S);
    ck_assert_int_le(said(2)->at, 19 * TIME_S);
    ck_assert_ptr_null(said(3));
}
END_TEST

START_TEST(a_source_that_begins_anew_says_it_again)
{
    source->backlog_above = TIME_S;
    start();
    model_fixture_run(&f, 6 * TIME_S);
    model_fixture_cancel(&f, &how);
    model_fixture_run(&f, 7 * TIME_S);
    how.attempt++;
    model_fixture_deploy(&f, &how);
    model_fixture_run(&f, 8 * TIME_S);
    ck_assert(said(2)->in_backlog);
    ck_assert_int_eq(said(2)->at, 7200 * TIME_MS);
    ck_assert_uint_eq(said(2)->task.attempt.attempt, 1);
    ck_assert_ptr_null(said(3));
}
END_TEST

START_TEST(a_source_speaks_through_a_subtask_that_is_not_frozen)
{
    source->backlog_above = TIME_S;
    start();
    model_fixture_run(&f, 2 * TIME_S);
    ck_assert_uint_eq(said(0)->node, 1);
    model_fixture_freeze(&f, 1, true);
    model_fixture_run(&f, 6 * TIME_S);
    ck_assert(said(1)->in_backlog);
    ck_assert_uint_eq(said(1)->node, 2);
    ck_assert_uint_eq(said(1)->task.attempt.task.n, 1);
}
END_TEST

Suite *test_model_speaks_suite(void)
{
    Suite *suite = suite_create("model_speaks");
    TCase *tests = tcase_create("backlog reports");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, sources_report_no_backlog_unless_told_when);
    tcase_add_test(tests, a_source_says_when_it_falls_behind_and_when_it_has_caught_up);
    tcase_add_test(tests, a_source_that_begins_anew_says_it_again);
    tcase_add_test(tests, a_source_speaks_through_a_subtask_that_is_not_frozen);
    suite_add_tcase(suite, tests);
    return suite;
}
