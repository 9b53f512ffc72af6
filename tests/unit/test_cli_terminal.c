/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables: as wide as they are in a file or a pipe, broken into lines on a terminal, and nothing
 * left out of either.
 */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/text.h"
#include "sim/cli/show.h"
#include "sim/cli/terminal.h"

/* The widest column is broken into lines at its blanks; the bound beside it stays whole. */
START_TEST(tables_fit_a_terminal_by_breaking_lines)
{
    struct table table;
    char wide[201] = "", line[512];
    for (int i = 0; i < 40; i++)
        text_format(wide + 5 * i, sizeof wide - 5 * (size_t)i, "w%03d%s", i, i < 39 ? " " : "");
    FILE *file = tmpfile();
    table_init(&table, 3);
    table.right[2] = true;
    const char *const cells[] = { "a", "caf\303\251", "1", "bb", wide, "within 60 s" };
    for (size_t i = 0; i < 6; i++)
        table_add(&table, cells[i], TONE_BAD); /* no colour: not a terminal */
    table.width_max = 100;
    table_print(&table, file, false);
    rewind(file);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
    ck_assert_uint_eq(terminal_text_width(line), 100 + 1);
    ck_assert_ptr_nonnull(strstr(line, "          1\n"));
    ck_assert_ptr_null(strchr(line, '\033'));
    ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
    ck_assert_ptr_nonnull(strstr(line, "within 60 s\n"));
    ck_assert_uint_eq(terminal_text_width(line), 100 + 1);
    size_t lines = 0;
    bool whole = false;
    for (; fgets(line, sizeof line, file); lines++)
        whole |= strstr(line, "w039\n") != NULL;
    ck_assert_uint_eq(lines, 2);
    ck_assert(whole);
    table_fini(&table);
    fclose(file);
}
END_TEST

START_TEST(a_pipe_gets_tables_as_wide_as_they_are)
{
    struct table table;
    char wide[161], line[512];
    memset(wide, 'x', 160);
    wide[160] = '\0';
    FILE *file = tmpfile();
    table_init(&table, 2);
    table_add(&table, wide, TONE_PLAIN);
    table_add(&table, "<= 5 min", TONE_PLAIN);
    table_print(&table, file, false);
    rewind(file);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
    ck_assert_ptr_nonnull(strstr(line, "x  <= 5 min\n"));
    ck_assert_uint_eq(strlen(line), 160 + 2 + 8 + 1);
    table_fini(&table);
    fclose(file);
}
END_TEST

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static const char first_header[] =
    "                                      heartbeat-each-\n"
    "                                  second-and-timeout-   one_word_after_  "
    "\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251\303\251x\n"
    "                            base    each-five-seconds  another_after_it          "
    "\303\251\303\251\n"
    "offered rate, mean             -                    -                 -           -\n";
static const char second_header[] = "                            base  d  e\n";

/* Long names are broken at their words into as many lines as they need, so that two that begin
 * alike are told apart; and each table has the run that the others are compared with. */
START_TEST(runs_are_told_apart_by_their_whole_names)
{
    char page[8192];
    struct plays plays = { 0 };
    vec_push(&plays.list, (struct play){ 0 });
    json_t *compare = json_object();
    static const char accented[] = "\303\251\303\251\303\251\303\251\303\251\303\251"
                                   "\303\251\303\251\303\251x\303\251\303\251";
    static const char *const variants[] = { "heartbeat-each-second-and-timeout-each-five-seconds",
                                            "one_word_after_another_after_it", accented, "d", "e" };
    for (size_t i = 0; i < 5; i++)
        json_object_set_new(compare, variants[i], json_pack("{s{}}", "metrics"));
    plays.list.items[0].summary =
        json_pack("{ss s{} so}", "name", "base", "metrics", "compare", compare);
    FILE *file = tmpfile();
    show_figures_table(&plays, file);
    rewind(file);
    page[fread(page, 1, sizeof page - 1, file)] = '\0';
    ck_assert_msg(starts_with(page, first_header), "%s", page);
    const char *second = strstr(page, "\n\n");
    ck_assert_msg(second && starts_with(second + 2, second_header), "%s", page);
    fclose(file);
    json_decref(plays.list.items[0].summary);
    vec_fini(&plays.list);
}
END_TEST

/* A job that was not there most of the time must not pass for a cheap one. */
START_TEST(jobs_that_failed_are_told_one_by_one)
{
    char page[512];
    struct plays plays = { 0 };
    const char *jobs = "name", *failure = "failure";
    for (int i = 0; i < 2; i++)
        vec_push(&plays.list, (struct play){ 0 });
    plays.list.items[0].summary = json_pack("{sn si s[{ss sn sn}]}", "variant", "duration_s", 7200,
                                            "jobs", jobs, "a", failure, "ended_s");
    FILE *file = tmpfile();
    show_failed(&plays, file);
    ck_assert_int_eq(ftell(file), 0);
    plays.list.items[1].summary = json_pack(
        "{ss si s[{ss sn sn} {ss ss si}]}", "variant", "patient", "duration_s", 7200, "jobs", jobs,
        "a", failure, "ended_s", jobs, "b", failure, "kill tm1", "ended_s", 3603);
    show_failed(&plays, file);
    rewind(file);
    page[fread(page, 1, sizeof page - 1, file)] = '\0';
    ck_assert_str_eq(page, "patient: job b FAILED at 01:00:03: kill tm1\n\n");
    fclose(file);
    for (VEC_EACH(struct play, play, &plays.list))
        json_decref(play->summary);
    vec_fini(&plays.list);
}
END_TEST

/* What comes out at the other end of a terminal. */
static const char *on_a_terminal(void)
{
    static char said[1024];
    struct table table;
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    ck_assert_int_ge(master, 0);
    ck_assert_int_eq(grantpt(master), 0);
    ck_assert_int_eq(unlockpt(master), 0);
    int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
    ck_assert_int_ge(terminal, 0);
    FILE *file = fdopen(terminal, "w");
    table_init(&table, 1);
    table_add(&table, "FAILED", TONE_BAD);
    table_print(&table, file, false);
    table_fini(&table);
    fflush(file);
    ssize_t length = read(master, said, sizeof said - 1);
    ck_assert_int_gt(length, 0);
    said[length] = '\0';
    fclose(file);
    close(master);
    return said;
}

START_TEST(colours_are_for_terminals_whose_user_wants_them)
{
    ck_assert_int_eq(unsetenv("NO_COLOR"), 0);
    ck_assert_int_eq(setenv("TERM", "dumb", 1), 0);
    ck_assert_ptr_null(strchr(on_a_terminal(), '\033'));
    ck_assert_int_eq(setenv("TERM", "xterm", 1), 0);
    ck_assert_ptr_nonnull(strchr(on_a_terminal(), '\033'));
    ck_assert_int_eq(setenv("NO_COLOR", "1", 1), 0);
    ck_assert_ptr_null(strchr(on_a_terminal(), '\033'));
    ck_assert_ptr_nonnull(strstr(on_a_terminal(), "FAILED"));
    ck_assert_int_eq(unsetenv("NO_COLOR"), 0);
}
END_TEST

Suite *test_cli_terminal_suite(void)
{
    Suite *suite = suite_create("cli: terminal");
    TCase *tcase = tcase_create("tables");
    tcase_add_test(tcase, tables_fit_a_terminal_by_breaking_lines);
    tcase_add_test(tcase, a_pipe_gets_tables_as_wide_as_they_are);
    tcase_add_test(tcase, runs_are_told_apart_by_their_whole_names);
    tcase_add_test(tcase, jobs_that_failed_are_told_one_by_one);
    tcase_add_test(tcase, colours_are_for_terminals_whose_user_wants_them);
    suite_add_tcase(suite, tcase);
    return suite;
}
