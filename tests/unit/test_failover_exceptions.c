/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the exception history: roots with their company, and its two limits.
 */
#include <check.h>

#include "core/failover/exception_history.h"

static struct exception_entry failure_at(time_ns at)
{
    return (struct exception_entry){
        .at = at, .cause = CAUSE_USER_CODE, .task = { { 3 }, 1, 0 }, .node = { 2 }
    };
}

static void add(struct exception_history *history, bool root, time_ns at)
{
    struct exception_entry entry = failure_at(at);
    if (root)
        exception_history_add_root(history, &entry);
    else
        exception_history_add_concurrent(history, &entry);
}

START_TEST(exception_history_puts_company_under_its_root)
{
    struct exception_history history;
    exception_history_init(&history, 16);
    add(&history, true, 10);
    add(&history, false, 11);
    add(&history, true, 20);
    add(&history, false, 21);
    ck_assert_uint_eq(history.root_count, 2);
    ck_assert_uint_eq(history.entries.count, 4);
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(history.entries.items[i].is_root, i % 2 == 0);
    ck_assert_int_eq(history.entries.items[3].at, 21);
    ck_assert_int_eq(history.entries.items[3].cause, CAUSE_USER_CODE);
    ck_assert(!history.truncated);
    exception_history_fini(&history);
}
END_TEST

START_TEST(exception_history_sets_is_root_itself)
{
    struct exception_history history;
    exception_history_init(&history, 2);
    struct exception_entry entry = failure_at(1);
    entry.is_root = true;
    exception_history_add_root(&history, &entry);
    exception_history_add_concurrent(&history, &entry);
    ck_assert(history.entries.items[0].is_root);
    ck_assert(!history.entries.items[1].is_root);
    exception_history_fini(&history);
}
END_TEST

/* A9: web.exception-history-size roots are kept, the oldest goes with all its company. */
START_TEST(exception_history_forgets_the_oldest_root_with_its_company)
{
    struct exception_history history;
    exception_history_init(&history, 2);
    add(&history, true, 10);
    add(&history, false, 11);
    add(&history, false, 12);
    add(&history, true, 20);
    ck_assert(!history.truncated);
    add(&history, true, 30);
    ck_assert(history.truncated);
    ck_assert_uint_eq(history.root_count, 2);
    ck_assert_uint_eq(history.entries.count, 2);
    ck_assert_int_eq(history.entries.items[0].at, 20);
    ck_assert_int_eq(history.entries.items[1].at, 30);
    exception_history_fini(&history);
}
END_TEST

START_TEST(exception_history_drops_company_without_a_root)
{
    struct exception_history history;
    exception_history_init(&history, 2);
    add(&history, false, 1);
    ck_assert_uint_eq(history.entries.count, 0);
    exception_history_fini(&history);
}
END_TEST

START_TEST(exception_history_limits_the_company_of_a_root)
{
    struct exception_history history;
    exception_history_init(&history, 4);
    add(&history, true, 0);
    for (int i = 1; i <= CONCURRENT_FAILURES_MAX; i++)
        add(&history, false, i);
    ck_assert(!history.truncated);
    ck_assert_uint_eq(history.entries.count, 1 + CONCURRENT_FAILURES_MAX);
    add(&history, false, 1000);
    ck_assert(history.truncated);
    ck_assert_uint_eq(history.entries.count, 1 + CONCURRENT_FAILURES_MAX);
    add(&history, true, 2000);
    add(&history, false, 2001);
    ck_assert_int_eq(vec_last(&history.entries).at, 2001);
    exception_history_fini(&history);
}
END_TEST

START_TEST(exception_history_of_size_zero_keeps_nothing)
{
    struct exception_history history;
    exception_history_init(&history, 0);
    add(&history, true, 1);
    add(&history, false, 2);
    ck_assert_uint_eq(history.entries.count, 0);
    ck_assert_uint_eq(history.root_count, 0);
    ck_assert(history.truncated);
    exception_history_fini(&history);
}
END_TEST

Suite *test_failover_exceptions_suite(void);
Suite *test_failover_exceptions_suite(void)
{
    Suite *suite = suite_create("failover_exceptions");
    TCase *tcase = tcase_create("exception history");
    tcase_add_test(tcase, exception_history_puts_company_under_its_root);
    tcase_add_test(tcase, exception_history_sets_is_root_itself);
    tcase_add_test(tcase, exception_history_forgets_the_oldest_root_with_its_company);
    tcase_add_test(tcase, exception_history_drops_company_without_a_root);
    tcase_add_test(tcase, exception_history_limits_the_company_of_a_root);
    tcase_add_test(tcase, exception_history_of_size_zero_keeps_nothing);
    suite_add_tcase(suite, tcase);
    return suite;
}
