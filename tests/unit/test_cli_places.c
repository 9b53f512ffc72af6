/* SPDX-License-Identifier: Apache-2.0
 *
 * Folders that are named after scenarios and variants.
 */
#include <check.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/cli/command.h"
#include "sim/cli/places.h"
#include "tests/lib/command_line.h"

enum { LONGEST = 200, LONG_NAME = 5000 };

static const struct {
    const char *name, *folder;
} named[] = {
    { "reactive-spot-day_2", "out/reactive-spot-day_2" },
    { "東京の一日", "out/東京の一日" },
    { "大阪の一日", "out/大阪の一日" },
    { "Zähler 😀", "out/Zähler%20😀" },
    { "a b", "out/a%20b" },
    { "a_b", "out/a_b" },
    { "a%20b", "out/a%2520b" },
    { "../x", "out/%2E%2E%2Fx" },
    { ".hidden", "out/%2Ehidden" },
    { "day.interrupted", "out/day%2Einterrupted" },
    { "$(x)`y`;*?~&|<>'\"\\!", "out/%24%28x%29%60y%60%3B%2A%3F%7E%26%7C%3C%3E%27%22%5C%21" },
    { "x\ny\x7f", "out/x%0Ay%7F" },
    { "a\u3000b\u00a0c\u202ed", "out/a%E3%80%80b%C2%A0c%E2%80%AEd" },
    { "a\xff\xe6\x9d", "out/a%FF%E6%9D" },             /* half a letter */
    { "\xc0\xaf\xed\xa0\x80", "out/%C0%AF%ED%A0%80" }, /* letters that there are not */
    { "\xf4\x90\x80\x80", "out/%F4%90%80%80" },
};

START_TEST(a_folder_has_the_letters_of_its_name)
{
    char folder[PLACE_SIZE];
    place_of_output(named[_i].name, folder);
    ck_assert_str_eq(folder, named[_i].folder);
}
END_TEST

/* Of one to three bytes, so that the cut would go through each of them. */
START_TEST(a_long_name_is_cut_between_letters_and_told_apart)
{
    static const char *const letters[] = { "a", "ä", "京", "😀", " " };
    static const size_t steps[] = { 1, 2, 3, 4, 3 }; /* in the folder's name */
    char name[LONG_NAME], other[LONG_NAME], folder[PLACE_SIZE], of_other[PLACE_SIZE];
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++) {
        for (size_t before = 0; before < 4; before++) {
            size_t at = text_format(name, sizeof name, "%.*s", (int)before, "xyz");
            while (at + 5 < sizeof name)
                at += text_format(name + at, sizeof name - at, "%s", letters[i]);
            text_format(other, sizeof other, "%s", name);
            other[at - strlen(letters[i])] = '\0';
            place_of_output(name, folder);
            place_of_output(other, of_other);
            ck_assert_str_ne(folder, of_other);
            size_t length = strlen(folder) - strlen("out/");
            ck_assert_uint_le(length, LONGEST);
            ck_assert_uint_gt(length, LONGEST - 4);
            ck_assert_uint_eq((length - before - strlen("-0123456789abcdef")) % steps[i], 0);
        }
    }
}
END_TEST

START_TEST(variants_have_folders_of_their_names)
{
    cli_begin();
    cli_put_file("s.yaml",
                 "name: s\nduration: 10s\ncluster: { task-manager: { count: 1, boot: 1s } }\n"
                 "jobs:\n  - { name: j, vertices: [ { name: s }, { name: c } ], "
                 "edges: [ s -> c: hash ], load: 1k/s }\n"
                 "compare:\n  東京: { seed: 2 }\n  大阪: { seed: 3 }\n  on demand: { seed: 4 }\n"
                 "  on_demand: { seed: 5 }\n");
    ck_assert_int_eq(cli_weir("run @/s.yaml --quiet --no-plots --out @/o"), EXIT_HELD);
    ck_assert_ptr_nonnull(strstr(cli_get_file("o/variants/東京/summary.json"), "\"seed\": 2"));
    ck_assert_ptr_nonnull(strstr(cli_get_file("o/variants/大阪/summary.json"), "\"seed\": 3"));
    ck_assert_ptr_nonnull(strstr(cli_get_file("o/variants/on_demand/summary.json"), "\"seed\": 4"));
    ck_assert_ptr_nonnull(
        strstr(cli_get_file("o/variants/on_demand-2/summary.json"), "\"seed\": 5"));
    cli_end();
}
END_TEST

Suite *test_cli_places_suite(void);
Suite *test_cli_places_suite(void)
{
    Suite *suite = suite_create("cli: places");
    TCase *tcase = tcase_create("folders");
    tcase_add_loop_test(tcase, a_folder_has_the_letters_of_its_name, 0,
                        (int)(sizeof named / sizeof *named));
    tcase_add_test(tcase, a_long_name_is_cut_between_letters_and_told_apart);
    tcase_add_test(tcase, variants_have_folders_of_their_names);
    suite_add_tcase(suite, tcase);
    return suite;
}
