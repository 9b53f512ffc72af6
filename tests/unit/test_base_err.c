/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of core/base/err.c: codes, categories, notes and how they grow on the way up.
 */
#include "core/base/err.h"

#include <check.h>
#include <signal.h>
#include <string.h>

START_TEST(err_zero_is_success)
{
    struct err zeroed = { 0 };
    ck_assert(!err_is(zeroed));
    ck_assert(!err_is(OK));
    ck_assert_int_eq(err_category(OK), ERR_NONE);
    ck_assert_str_eq(err_text(OK), "success");
}
END_TEST

START_TEST(err_every_code_has_a_text_and_a_category)
{
    for (int code = ERR_OK_CODE + 1; code < ERR_CODE_COUNT; code++) {
        struct err e = { (enum err_code)code };
        ck_assert(err_is(e));
        ck_assert_int_ne(err_category(e), ERR_NONE);
        ck_assert_uint_gt(strlen(err_text(e)), 0);
    }
    ck_assert_int_eq(err_category((struct err){ ERR_BAD_UNIT_CODE }), ERR_INPUT);
    ck_assert_int_eq(err_category((struct err){ ERR_STALE_CODE }), ERR_REJECTED);
    ck_assert_int_eq(err_category((struct err){ ERR_FULL_CODE }), ERR_LIMIT);
    ck_assert_int_eq(err_category((struct err){ ERR_IO_CODE }), ERR_IO);
    ck_assert_int_eq(err_category((struct err){ ERR_INTERNAL_CODE }), ERR_INTERNAL);
}
END_TEST

START_TEST(err_note_says_it_and_gives_the_code_back)
{
    struct note note;
    struct err e = err_note(&note, ERR_MISSING_CODE, "vertex '%s' has no %s", "map", "cost");
    ck_assert_int_eq(e.code, ERR_MISSING_CODE);
    ck_assert_str_eq(note.text, "vertex 'map' has no cost");
    ck_assert_int_eq(err_note(NULL, ERR_IO_CODE, "nobody listens").code, ERR_IO_CODE);
}
END_TEST

START_TEST(err_note_stops_at_success)
{
    struct note note;
    struct err e = err_note(&note, ERR_OK_CODE, "x");
    ck_assert(!err_is(e));
}
END_TEST

START_TEST(err_prefix_puts_the_place_before_what_the_note_says)
{
    struct note note;
    struct err e = err_note(&note, ERR_BAD_VALUE_CODE, "found '%s'", "-1");
    e = err_prefix(&note, e, "key '%s'", "rate");
    e = err_prefix(&note, e, "%s:%d", "day.yaml", 12);
    ck_assert_int_eq(e.code, ERR_BAD_VALUE_CODE);
    ck_assert_str_eq(note.text, "day.yaml:12: key 'rate': found '-1'");
}
END_TEST

START_TEST(err_prefix_leaves_success_alone)
{
    struct note note = { "as it was" };
    ck_assert(!err_is(err_prefix(&note, OK, "day.yaml")));
    ck_assert_str_eq(note.text, "as it was");
    struct err e = { ERR_IO_CODE };
    ck_assert_int_eq(err_prefix(NULL, e, "day.yaml").code, ERR_IO_CODE);
}
END_TEST

START_TEST(err_prefix_cuts_what_does_not_fit_and_keeps_the_front)
{
    struct note note;
    char longest[600];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    struct err e = err_note(&note, ERR_SYNTAX_CODE, "%s", longest);
    ck_assert_uint_eq(strlen(note.text), sizeof note.text - 1);
    e = err_prefix(&note, e, "day.yaml:%d", 3);
    ck_assert_int_eq(strncmp(note.text, "day.yaml:3: xxx", 15), 0);
    ck_assert_uint_eq(strlen(note.text), sizeof note.text - 1);
    e = err_prefix(&note, e, "%s", longest);
    ck_assert_uint_eq(strlen(note.text), sizeof note.text - 1);
    ck_assert_int_eq(e.code, ERR_SYNTAX_CODE);
}
END_TEST

static struct err count_calls(int *calls, enum err_code code)
{
    (*calls)++;
    return (struct err){ code };
}

static struct err two_steps(int *calls, enum err_code first)
{
    TRY(count_calls(calls, first));
    TRY(count_calls(calls, ERR_OK_CODE));
    return OK;
}

START_TEST(try_leaves_at_the_first_error)
{
    int calls = 0;
    ck_assert(!err_is(two_steps(&calls, ERR_OK_CODE)));
    ck_assert_int_eq(calls, 2);
    calls = 0;
    ck_assert_int_eq(two_steps(&calls, ERR_REFUSED_CODE).code, ERR_REFUSED_CODE);
    ck_assert_int_eq(calls, 1);
}
END_TEST

Suite *test_base_err_suite(void);
Suite *test_base_err_suite(void)
{
    Suite *suite = suite_create("base_err");
    TCase *tcase = tcase_create("err");
    tcase_add_test(tcase, err_zero_is_success);
    tcase_add_test(tcase, err_every_code_has_a_text_and_a_category);
    tcase_add_test(tcase, err_note_says_it_and_gives_the_code_back);
    tcase_add_test_raise_signal(tcase, err_note_stops_at_success, SIGABRT);
    tcase_add_test(tcase, err_prefix_puts_the_place_before_what_the_note_says);
    tcase_add_test(tcase, err_prefix_leaves_success_alone);
    tcase_add_test(tcase, err_prefix_cuts_what_does_not_fit_and_keeps_the_front);
    tcase_add_test(tcase, try_leaves_at_the_first_error);
    suite_add_tcase(suite, tcase);
    return suite;
}
