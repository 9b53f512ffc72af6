/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables: as wide as they are in a file or a pipe, broken into lines on a terminal, and nothing
 * left out of either.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
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

Suite *test_cli_terminal_suite(void)
{
    Suite *suite = suite_create("cli: terminal");
    TCase *tcase = tcase_create("tables");
    tcase_add_test(tcase, tables_fit_a_terminal_by_breaking_lines);
    tcase_add_test(tcase, a_pipe_gets_tables_as_wide_as_they_are);
    suite_add_tcase(suite, tcase);
    return suite;
}
