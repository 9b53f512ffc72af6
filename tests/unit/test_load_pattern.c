/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of sim/load/event_pattern.c: which lines of the event log a pattern means.
 */
#include "sim/load/event_pattern.h"

#include <check.h>
#include <stddef.h>

static const struct row {
    const char *pattern, *machine, *what, *from, *to;
    bool matches;
} rows[] = {
    { "RUNNING", "job", "move", "CREATED", "RUNNING", true },
    { "job RUNNING", "job", "move", "CREATED", "RUNNING", true },
    { "job RUNNING", "job", "move", "RUNNING", "RESTARTING", false },
    { "job RUNNING", "execution", "move", "INITIALIZING", "RUNNING", false },
    { "CREATED -> RUNNING", "job", "move", "CREATED", "RUNNING", true },
    { "job CREATED -> RUNNING", "job", "move", "CREATED", "RUNNING", true },
    { "job RESTARTING -> RUNNING", "job", "move", "CREATED", "RUNNING", false },
    { "job * -> RUNNING", "job", "move", "CREATED", "RUNNING", true },
    { "job RUN", "job", "move", "CREATED", "RUNNING", false },
    { "job RUN*", "job", "move", "CREATED", "RUNNING", true },
    { "*RUNNING", "job", "move", "CREATED", "RUNNING", true },
    { "*", "job", "move", "CREATED", "RUNNING", true },
    { "**N*G", "job", "move", "CREATED", "RUNNING", true },
    { "*a*b*c", "x", "aabb", NULL, NULL, false },
    { "*a*b*c", "x", "aabbc", NULL, NULL, true },
    { "move", "job", "move", "CREATED", "RUNNING", false },
    { "all tasks RUNNING", "job", "all tasks RUNNING", NULL, NULL, true },
    { "job all tasks RUNNING", "job", "all tasks RUNNING", NULL, NULL, true },
    { "job RUNNING", "job", "all tasks RUNNING", NULL, NULL, false },
    { "transition manager Cooldown -> Idling", "transition manager", "move", "Cooldown", "Idling",
      true },
    { "", "job", "x", NULL, NULL, false },
    { "", "job", "", NULL, NULL, true },
    { "job ", "job", "", NULL, NULL, true },
};

START_TEST(pattern_means_these_lines)
{
    const struct row *row = &rows[_i];
    ck_assert_msg(event_pattern_matches(row->pattern, row->machine, row->what, row->from,
                                        row->to) == row->matches,
                  "'%s' and %s %s", row->pattern, row->machine, row->to ? row->to : row->what);
}
END_TEST

Suite *test_load_pattern_suite(void)
{
    Suite *suite = suite_create("load_pattern");
    TCase *tcase = tcase_create("pattern");
    tcase_add_loop_test(tcase, pattern_means_these_lines, 0, (int)(sizeof rows / sizeof *rows));
    suite_add_tcase(suite, tcase);
    return suite;
}
