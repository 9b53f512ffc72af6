/* SPDX-License-Identifier: Apache-2.0
 *
 * Letters that the pictures' font lacks: a PNG shows a small box for each, an SVG the letter.
 */
#include <check.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "sim/cli/command.h"
#include "sim/report/font_letters.h"
#include "sim/report/shown_text.h"
#include "tests/lib/command_line.h"

START_TEST(letters_that_the_font_lacks_become_boxes)
{
    static const char *const texts[][2] = {
        { "", "" },
        { "two\nlines, 100 %", "two\nlines, 100 %" },
        { "Größe Ελλάδα Москва “a” – b… → ✓ ■ é", "Größe Ελλάδα Москва “a” – b… → ✓ ■ é" },
        { "fast 🚀?", "fast □?" },
        { "我们 ok", "□□ ok" },
        { "ไทย ", "□□□ " },
        { "\xc3", "□" },
        { "a\x80\xe6\x88z", "a□□z" },
        { "\u02ea\u02e9\u0526", "□\u02e9□" },
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char *shown = font_text_create(texts[i][0]);
        ck_assert_str_eq(shown, texts[i][1]);
        mem_destroy(shown);
    }
}
END_TEST

START_TEST(letters_that_are_lacking_are_named_once)
{
    char letters[12] = "";
    font_add_lacking("作业 job 作", letters, sizeof letters);
    ck_assert_str_eq(letters, "作业");
    font_add_lacking("业🚀é吗", letters, sizeof letters);
    ck_assert_str_eq(letters, "作业🚀"); /* there is no room for more */
}
END_TEST

/* Another font has them, as wide as it is high; so is the box. */
START_TEST(letters_that_are_lacking_have_more_room)
{
    ck_assert_double_gt(shown_text_letters("作业", strlen("作业")), 3);
    ck_assert_double_eq(shown_text_letters("éé", strlen("éé")), 2);
}
END_TEST

/* What gnuplot is told, of the picture in this format. */
static bool is_told(const char *format, const char *text)
{
    char name[64];
    text_format(name, sizeof name, "/overview.%s", format);
    const char *found = strstr(cli_out(), name);
    const char *end = found ? strchr(found, '\n') : NULL;
    const char *place = found ? strstr(found, text) : NULL;
    return place && place < end;
}

START_TEST(a_png_has_boxes_and_an_svg_has_the_letters)
{
    cli_begin();
    cli_put_file("s.yaml", "name: s\nquestion: 赶上 → 吗?\nduration: 1min\n"
                           "jobs: [ { name: j, vertices: [ { name: v } ], load: 1/s } ]\n"
                           "events: [ { at: 30s, fail: v, label: 失败 🚀 } ]\n");
    ck_assert_int_eq(cli_weir("run @/s.yaml --out @/o --no-plots"), EXIT_HELD);
    ck_assert_int_eq(cli_weir("plot @/o --commands"), EXIT_HELD);
    ck_assert(is_told("png", "□□ → □?"));
    ck_assert(is_told("png", "lacking='\\''失败🚀'\\''"));
    ck_assert(is_told("svg", "赶上 → 吗?"));
    ck_assert(is_told("svg", "lacking='\\'''\\''"));
    ck_assert_ptr_nonnull(strstr(cli_get_file("o/events.csv"), "\"失败 🚀\",script"));
    cli_end();
}
END_TEST

Suite *test_report_font_suite(void)
{
    Suite *suite = suite_create("report: font");
    TCase *tests = tcase_create("font");
    tcase_add_test(tests, letters_that_the_font_lacks_become_boxes);
    tcase_add_test(tests, letters_that_are_lacking_are_named_once);
    tcase_add_test(tests, letters_that_are_lacking_have_more_room);
    tcase_add_test(tests, a_png_has_boxes_and_an_svg_has_the_letters);
    suite_add_tcase(suite, tests);
    return suite;
}
