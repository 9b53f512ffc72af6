/* SPDX-License-Identifier: Apache-2.0
 *
 * The most that lag came to between two looks, how late records are while none comes out, and since
 * when tasks do not run: against figures worked out by hand, and against looks so often that hardly
 * anything happens between them.
 */
#include <check.h>
#include <math.h>

#include "core/base/rng.h"
#include "tests/lib/model_fixture.h"

static const struct job_id job_0 = { 0 };
static const uint32_t one_host[] = { 1 };
static const uint32_t ones[] = { 1, 1 };

static struct model_fixture f;

static void setup(void)
{
    model_fixture_init(&f);
}

static void teardown(void)
{
    model_fixture_fini(&f);
}

/* 20 s of 100,000/s over 1,000/s, read at 10,000/s: 1.8 million wait at the end of the burst. Its
 * last record came 20 s after the first and is read when two million have been, 180 s later; what
 * is behind it comes at 1,000/s and is younger. */
START_TEST(lag_is_most_where_reading_passes_a_step_of_the_load)
{
    model_fixture_source_and_count(&f, 1000);
    model_fixture_load(&f, job_0, 0, 30 * TIME_S, 100000);
    model_fixture_load(&f, job_0, 0, 50 * TIME_S, 1000);
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, ones, one_host, 1);
    model_fixture_run(&f, 20 * TIME_S);
    model_fixture_job(&f, job_0);
    model_fixture_run(&f, 600 * TIME_S);
    struct model_job_view view = model_fixture_job(&f, job_0);
    ck_assert_double_eq_tol(view.lag_seconds_max, 180, 1e-6);
    ck_assert_double_eq_tol(view.backlog_max, 1.8e6, 1e-3);
    ck_assert_double_eq(view.lag_seconds, 0);
    view = model_fixture_job(&f, job_0);
    ck_assert_double_eq(view.lag_seconds_max, 0);
    ck_assert_double_eq(view.backlog_max, 0);
}
END_TEST

/* Nothing comes for a minute behind the burst: the last record of it is the one that waits longest,
 * not the first one of what comes next. */
START_TEST(the_last_record_before_a_silence_is_not_forgotten)
{
    model_fixture_source_and_count(&f, 0);
    model_fixture_load(&f, job_0, 0, 30 * TIME_S, 40000);
    model_fixture_load(&f, job_0, 0, 40 * TIME_S, 0);
    model_fixture_load(&f, job_0, 0, 65 * TIME_S, 5000);
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, ones, one_host, 1);
    model_fixture_run(&f, 600 * TIME_S);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).lag_seconds_max, 30, 1e-6);
}
END_TEST

struct peaks {
    double seconds, records;
};

/* Load that steps between nothing and three times what can be read, and a reader that is frozen
 * now and then. */
static struct peaks peaks_of(uint64_t seed, time_ns every)
{
    const time_ns until = 300 * TIME_S;
    struct rng rng = rng_stream(seed, "lag", 0);
    struct peaks peaks = { 0, 0 };
    model_fixture_init(&f);
    model_fixture_source_and_count(&f, 5000);
    for (time_ns at = 2 * TIME_S; at < until; at += (time_ns)(1 + rng_below(&rng, 9000)) * TIME_MS)
        model_fixture_load(&f, job_0, 0, at,
                           rng_below(&rng, 3) ? (double)rng_below(&rng, 22000) : 0);
    time_ns freeze_at = (time_ns)rng_below(&rng, 200) * TIME_S + 333 * TIME_MS;
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, ones, one_host, 1);
    for (time_ns now = 0; now < until; now += every) {
        for (time_ns next = freeze_at; next <= freeze_at + 10 * TIME_S; next += 10 * TIME_S)
            if (next > now && next <= now + every) {
                model_fixture_run(&f, next);
                model_fixture_freeze(&f, 1, next == freeze_at);
            }
        model_fixture_run(&f, now + every);
        struct model_job_view view = model_fixture_job(&f, job_0);
        peaks.seconds = fmax(peaks.seconds, view.lag_seconds_max);
        peaks.records = fmax(peaks.records, view.backlog_max);
    }
    model_fixture_fini(&f);
    return peaks;
}

START_TEST(seldom_looks_see_the_same_peaks_as_many)
{
    const double apart = 0.1;
    struct peaks often = peaks_of((uint64_t)_i, 100 * TIME_MS);
    struct peaks once = peaks_of((uint64_t)_i, 300 * TIME_S);
    ck_assert_double_eq_tol(once.seconds, often.seconds, 1e-6 * fmax(once.seconds, 1));
    ck_assert_double_eq_tol(once.records, often.records, 1e-6 * fmax(once.records, 1));
    ck_assert_double_gt(once.seconds, apart);
}
END_TEST

/* The TaskManager is gone, and what it had read since the start is to be read again. */
START_TEST(while_nothing_flows_records_are_as_late_as_the_oldest_that_waits)
{
    model_fixture_source_and_count(&f, 1000);
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, ones, one_host, 1);
    model_fixture_run(&f, 10 * TIME_S);
    model_fixture_end_process(&f, 1);
    model_fixture_run(&f, 25 * TIME_S);
    struct model_job_view view = model_fixture_job(&f, job_0);
    ck_assert_double_eq_tol(view.lag_seconds, 25, 1e-6);
    ck_assert(view.has_latency);
    for (int q = 0; q < 3; q++)
        ck_assert_double_eq(view.latency[q], view.lag_seconds);
}
END_TEST

START_TEST(without_a_record_there_is_no_latency)
{
    model_fixture_source_and_count(&f, 1000);
    model_fixture_load(&f, job_0, 0, 20 * TIME_S, 0);
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, ones, one_host, 1);
    model_fixture_run(&f, 19 * TIME_S);
    ck_assert(model_fixture_job(&f, job_0).has_latency);
    model_fixture_run(&f, 30 * TIME_S);
    ck_assert(!model_fixture_job(&f, job_0).has_latency);
}
END_TEST

/* Whoever is told of it, and when. */
START_TEST(a_task_that_fails_breaks_its_job_until_all_run_again)
{
    struct fixture_deployment how = model_fixture_two_by_two();
    model_fixture_source_and_count(&f, 1000);
    model_fixture_start(&f);
    model_fixture_deploy(&f, &how);
    model_fixture_run(&f, 10 * TIME_S);
    ck_assert_int_eq(model_broken_at(f.model, job_0), TIME_NEVER);
    model_ops()->fail_task(f.model, job_0, (struct vertex_id){ 1 }, 0);
    model_fixture_run(&f, 15 * TIME_S);
    ck_assert_int_eq(model_broken_at(f.model, job_0), 10 * TIME_S);
    model_fixture_cancel(&f, &how);
    model_fixture_run(&f, 16 * TIME_S);
    how.attempt = 1;
    model_fixture_deploy(&f, &how);
    model_fixture_run(&f, 20 * TIME_S);
    ck_assert_int_eq(model_broken_at(f.model, job_0), TIME_NEVER);
    ck_assert_uint_eq(model_break_count(f.model), 1);
    model_fixture_cancel(&f, &how); /* by whomever: not all of them run */
    model_fixture_run(&f, 21 * TIME_S);
    ck_assert_int_eq(model_broken_at(f.model, job_0), 20 * TIME_S);
    ck_assert_uint_eq(model_break_count(f.model), 2);
}
END_TEST

Suite *test_model_lag_suite(void)
{
    Suite *suite = suite_create("model_lag");
    TCase *tests = tcase_create("peaks and ends");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, lag_is_most_where_reading_passes_a_step_of_the_load);
    tcase_add_test(tests, the_last_record_before_a_silence_is_not_forgotten);
    tcase_add_test(tests, while_nothing_flows_records_are_as_late_as_the_oldest_that_waits);
    tcase_add_test(tests, without_a_record_there_is_no_latency);
    tcase_add_test(tests, a_task_that_fails_breaks_its_job_until_all_run_again);
    suite_add_tcase(suite, tests);
    TCase *random = tcase_create("random loads");
    tcase_add_loop_test(random, seldom_looks_see_the_same_peaks_as_many, 0, 12);
    suite_add_tcase(suite, random);
    return suite;
}
