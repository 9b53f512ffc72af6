/* SPDX-License-Identifier: Apache-2.0
 *
 * Labels of marks in pictures: where they stand, and which get room.
 */
#include <check.h>

#include "core/base/text.h"
#include "sim/report/timeline.h"

/* Labels: none on another, no line through a label of a lower row. */
START_TEST(labels_never_cover_one_another)
{
    struct mark marks[40];
    struct label_space space = { 0, 100, 165, 3 };
    for (int i = 0; i < 40; i++)
        marks[i] = (struct mark){
            .at = i * i % 97, .kind = MARK_MACHINE, .level = -1, .side = 1, .label = "tm12 killed"
        };
    timeline_place(marks, 40, &space);
    int placed = 0;
    for (int i = 0; i < 40; i++) {
        if (marks[i].level < 0)
            continue;
        placed++;
        double x = (double)marks[i].at * 1.65, width = timeline_label_letters(marks[i].label);
        double from = marks[i].side > 0 ? x : x - width;
        ck_assert_double_ge(from, 0);
        ck_assert_double_le(from + width, 165);
        for (int j = 0; j < 40; j++) {
            double other = (double)marks[j].at * 1.65;
            if (j == i || marks[j].level < marks[i].level)
                continue;
            if (marks[j].level > marks[i].level)
                ck_assert(other <= from + 0.5 || other >= from + width - 0.5 ||
                          marks[j].at == marks[i].at);
        }
    }
    ck_assert_int_gt(placed, 10);
}
END_TEST

/* Ten times 'm' are as wide as fifteen digits, ten times 'i' as four. */
START_TEST(labels_are_as_wide_as_they_are_drawn)
{
    struct label_space space = { 0, 100, 20, 1 };
    for (int wide = 0; wide < 2; wide++) {
        struct mark marks[] = {
            { .at = 0, .kind = MARK_SCRIPT, .level = -1, .side = 1 },
            { .at = 65, .kind = MARK_MACHINE, .label = "on", .level = -1, .side = 1 },
        };
        text_format(marks[0].label, sizeof marks[0].label, wide ? "mmmmmmmmmm" : "iiiiiiiiii");
        timeline_place(marks, 2, &space);
        ck_assert_int_eq(marks[0].level, 0);
        ck_assert_int_eq(marks[1].level, wide ? -1 : 0);
    }
    ck_assert_double_eq(timeline_label_letters("\xc3\xa9"), timeline_label_letters("1"));
}
END_TEST

START_TEST(important_labels_are_placed_before_others)
{
    struct mark marks[] = {
        { .at = 50, .kind = MARK_MACHINE, .label = "tm1 added", .level = -1, .side = 1 },
        { .at = 50, .kind = MARK_SCRIPT, .label = "kill tm2", .level = -1, .side = 1 },
    };
    struct label_space space = { 0, 100, 20, 1 };
    timeline_place(marks, 2, &space);
    ck_assert_int_eq(marks[1].level, 0);
    ck_assert_int_eq(marks[0].level, -1); /* eleven letters do not fit to the left of it */
}
END_TEST

Suite *test_report_labels_suite(void)
{
    Suite *suite = suite_create("report: labels");
    TCase *tests = tcase_create("labels");
    tcase_add_test(tests, labels_never_cover_one_another);
    tcase_add_test(tests, labels_are_as_wide_as_they_are_drawn);
    tcase_add_test(tests, important_labels_are_placed_before_others);
    suite_add_tcase(suite, tests);
    return suite;
}
