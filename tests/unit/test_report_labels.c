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

/* A kill every four minutes, the last of which the job does not outlive. */
START_TEST(the_end_of_a_job_is_placed_before_what_the_script_does)
{
    struct mark marks[] = {
        { .at = 0, .kind = MARK_SCRIPT, .label = "kill tm2", .level = -1, .side = 1 },
        { .at = 1, .kind = MARK_END, .label = "clicks FAILED", .level = -1, .side = 1 },
    };
    struct label_space space = { 0, 100, 20, 1 };
    timeline_place(marks, 2, &space);
    ck_assert_int_eq(marks[1].level, 0);
    ck_assert_int_eq(marks[0].level, -1);
}
END_TEST

/* Where both have room, the end takes none of what comes before it. */
START_TEST(the_end_of_a_job_leaves_its_place_to_what_came_before)
{
    struct mark marks[] = {
        { .at = 5, .kind = MARK_SCRIPT, .label = "fail count 0 of clicks", .level = -1, .side = 1 },
        { .at = 15, .kind = MARK_END, .label = "clicks FAILED", .level = -1, .side = 1 },
    };
    struct label_space space = { 0, 100, 100, 2 };
    timeline_place(marks, 2, &space);
    ck_assert_int_eq(marks[0].level, 1);
    ck_assert_int_eq(marks[1].level, 0);
}
END_TEST

/* As many events of one label as fill the axis, then one of another kind, and one of their own
 * kind: both come before all but the first of those. */
START_TEST(one_of_many_is_placed_after_what_is_rare)
{
    struct mark marks[12];
    struct label_space space = { 0, 100, 100, 1 };
    for (int i = 0; i < 10; i++)
        marks[i] = (struct mark){
            .at = 10 * i, .kind = MARK_SCRIPT, .label = "kill random", .level = -1, .side = 1
        };
    marks[10] = (struct mark){ .at = 55, .kind = MARK_SCRIPT, .label = "savepoint", .side = 1 };
    marks[11] = (struct mark){ .at = 75, .kind = MARK_RESTART, .label = "node lost", .side = 1 };
    marks[10].level = marks[11].level = -1;
    timeline_place(marks, 12, &space);
    ck_assert_int_eq(marks[0].level, 0);
    ck_assert_int_eq(marks[10].level, 0);
    ck_assert_int_eq(marks[11].level, 0);
}
END_TEST

/* Three alike are no crowd: what the script does keeps its place before restarts. */
START_TEST(a_few_alike_are_placed_in_their_order)
{
    struct mark marks[] = {
        { .at = 0, .kind = MARK_SCRIPT, .label = "kill tm2", .level = -1, .side = 1 },
        { .at = 40, .kind = MARK_SCRIPT, .label = "kill tm2", .level = -1, .side = 1 },
        { .at = 80, .kind = MARK_SCRIPT, .label = "kill tm2", .level = -1, .side = 1 },
        { .at = 41, .kind = MARK_RESTART, .label = "node lost", .level = -1, .side = 1 },
    };
    struct label_space space = { 0, 100, 40, 1 };
    timeline_place(marks, 4, &space);
    ck_assert_int_eq(marks[1].level, 0);
    ck_assert_int_eq(marks[3].level, -1);
}
END_TEST

Suite *test_report_labels_suite(void)
{
    Suite *suite = suite_create("report: labels");
    TCase *tests = tcase_create("labels");
    tcase_add_test(tests, labels_never_cover_one_another);
    tcase_add_test(tests, labels_are_as_wide_as_they_are_drawn);
    tcase_add_test(tests, important_labels_are_placed_before_others);
    tcase_add_test(tests, the_end_of_a_job_is_placed_before_what_the_script_does);
    tcase_add_test(tests, the_end_of_a_job_leaves_its_place_to_what_came_before);
    tcase_add_test(tests, one_of_many_is_placed_after_what_is_rare);
    tcase_add_test(tests, a_few_alike_are_placed_in_their_order);
    suite_add_tcase(suite, tests);
    return suite;
}
