/* SPDX-License-Identifier: Apache-2.0
 *
 * Names in pictures: they find room, and no two look alike.
 */
#include <check.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/report/plot_names.h"
#include "sim/report/shown_name.h"

START_TEST(a_long_name_keeps_its_beginning_and_its_end)
{
    char out[SHOWN_NAME_SIZE];
    shown_name_fit("0123456789", 10, out);
    ck_assert_str_eq(out, "0123456789");
    shown_name_fit("0123456789", 9, out);
    ck_assert_str_eq(out, "0123…6789");
    shown_name_fit("0123456789", 4, out);
    ck_assert_str_eq(out, "01…9");
    shown_name_fit("äöüßäöüß", 5, out); /* no half letters */
    ck_assert_str_eq(out, "äö…üß");
    shown_name_fit("", 5, out);
    ck_assert_str_eq(out, "");
}
END_TEST

START_TEST(any_name_finds_room)
{
    static const char *const letters[] = { "i", "m", "ä", "\xf0\x9f\x98\x80" };
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++) {
        char name[2000] = "", out[SHOWN_NAME_SIZE];
        for (size_t n = 0; n < 400; n++)
            text_format(name + strlen(name), sizeof name - strlen(name), "%s", letters[i]);
        shown_name_fit(name, SHOWN_NAME_LETTERS, out);
        ck_assert_double_le(shown_name_letters(out), SHOWN_NAME_LETTERS);
        ck_assert_double_gt(shown_name_letters(out), SHOWN_NAME_LETTERS - 4);
        ck_assert(strcmp(out + strlen(out) - strlen(letters[i]), letters[i]) == 0);
    }
}
END_TEST

START_TEST(names_that_look_alike_are_numbered)
{
    char names[4][SHOWN_NAME_SIZE] = { "a…z", "b", "a…z", "a…z" };
    shown_names_tell_apart(names, 4);
    ck_assert_str_eq(names[0], "1: a…z");
    ck_assert_str_eq(names[1], "b");
    ck_assert_str_eq(names[2], "3: a…z");
    ck_assert_str_eq(names[3], "4: a…z");
}
END_TEST

static const char *variables_of(struct gnuplot *gnuplot)
{
    static char out[8192];
    vec_push(&gnuplot->variables, '\0');
    text_format(out, sizeof out, "%s", gnuplot->variables.items);
    gnuplot_fini(gnuplot);
    return out;
}

/* "clickstream-" twelve letters long, and other jobs' names begin as theirs. */
START_TEST(vertices_of_jobs_that_begin_alike_are_told_apart)
{
    static const struct drawn_vertex vertices[] = {
        { "clickstream-enrichment", "join", 2 },
        { "clickstream-sessions", "join", 4 },
        { "job number 10 of the team", "map", 5 },
        { "job number 10 of the team, which does more than its name can say in a line",
          "window of everything that users buy and of everything that they look at", 6 },
        { NULL, "a vertex of the only job, whose name has room for more than thirty", 7 },
    };
    struct gnuplot gnuplot;
    gnuplot_init(&gnuplot);
    plot_names_set_vertices(&gnuplot, vertices, 5);
    const char *set = variables_of(&gnuplot);
    ck_assert_ptr_nonnull(strstr(set, "vertex1='clickstream-enrichment: join'; "));
    ck_assert_ptr_nonnull(strstr(set, "vertex2='clickstream-sessions: join'; "));
    ck_assert_ptr_nonnull(strstr(set, "vertex3='job number 10 of the team: map'; "));
    ck_assert_ptr_nonnull(strstr(set, "vertex4='job number 10 of the…e can say in a line: window "
                                      "of everything…g that they look at'; "));
    ck_assert_ptr_nonnull(
        strstr(set, "vertex5='a vertex of the only job, whose name has room for more than "
                    "thirty'; "));
    ck_assert_ptr_nonnull(strstr(set, "number4=6; "));
}
END_TEST

/* Where one does not fit beside its band, all stand above theirs. */
START_TEST(names_of_jobs_stand_where_there_is_room)
{
    for (int is_long = 0; is_long < 2; is_long++) {
        struct gnuplot gnuplot;
        json_t *summary =
            json_pack("{s[{ss}, {ss}], s[{ss}]}", "jobs", "name", "clicks", "name",
                      is_long ? "a job whose name is too long to stand beside its band" : "bids",
                      "recoveries", "job", "clicks");
        gnuplot_init(&gnuplot);
        plot_names_set_jobs(&gnuplot, summary,
                            json_array_get(json_object_get(summary, "recoveries"), 0));
        const char *set = variables_of(&gnuplot);
        ck_assert_ptr_nonnull(strstr(set, "job1='clicks'; "));
        ck_assert_ptr_nonnull(strstr(set, is_long ? "job2='a job whose name is too long to stand "
                                                    "beside its band'; "
                                                  : "job2='bids'; "));
        ck_assert_ptr_nonnull(strstr(set, is_long ? "names_above=1; " : "names_above=0; "));
        json_decref(summary);
    }
}
END_TEST

Suite *test_report_names_suite(void);
Suite *test_report_names_suite(void)
{
    Suite *suite = suite_create("report: names");
    TCase *tests = tcase_create("names");
    tcase_add_test(tests, a_long_name_keeps_its_beginning_and_its_end);
    tcase_add_test(tests, any_name_finds_room);
    tcase_add_test(tests, names_that_look_alike_are_numbered);
    tcase_add_test(tests, vertices_of_jobs_that_begin_alike_are_told_apart);
    tcase_add_test(tests, names_of_jobs_stand_where_there_is_room);
    suite_add_tcase(suite, tests);
    return suite;
}
