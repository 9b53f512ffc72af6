/* SPDX-License-Identifier: Apache-2.0
 *
 * Marks of pictures in a run of very many machines: what is told of them, and what they leave room
 * for.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/report/timeline.h"

enum { LOSSES = 120000 };

static struct timeline timeline;
static char *written;
static size_t written_size;

/* One machine a second is lost and another comes, and near the end the script acts. */
static void lose_machines(void)
{
    char name[32], lost[64], added[64];
    struct scenario none = { 0 };
    timeline_init(&timeline, &none);
    for (int i = 1; i <= LOSSES; i++) {
        text_format(name, sizeof name, "tm%d", i);
        text_format(lost, sizeof lost, "%s killed", name);
        text_format(added, sizeof added, "%s added", name);
        timeline_mark_machine(&timeline, i * TIME_S, MARK_LOSS, name, "killed", lost);
        timeline_mark_machine(&timeline, i * TIME_S, MARK_MACHINE, name, "added", added);
        if (i == LOSSES - 100)
            timeline_mark(&timeline, i * TIME_S, MARK_SCRIPT, "slow safe");
        if (i == LOSSES - 50)
            timeline_mark(&timeline, i * TIME_S, MARK_END, "clicks FAILED");
    }
}

static void write_events(void)
{
    struct incidents incidents = { 0 };
    FILE *file = open_memstream(&written, &written_size);
    timeline_write_events(&timeline, &incidents, LOSSES * TIME_S, file);
    fclose(file);
}

static void end(void)
{
    timeline_fini(&timeline);
    free(written);
}

/* Machines of all marks of the word, and how many marks there are. */
static unsigned machines_of(const char *word, unsigned *marks)
{
    unsigned all = 0, number, others;
    char *line = written, format[64], alone[64];
    text_format(format, sizeof format, "%%*[^,],\"tm%%u and %%u more %s", word);
    text_format(alone, sizeof alone, " %s\"", word);
    for (*marks = 0; line && *line; line = strchr(line, '\n') + 1) {
        char *found = strstr(line, alone);
        if (!found || found > strchr(line, '\n'))
            continue;
        ++*marks;
        all += sscanf(line, format, &number, &others) == 2 ? others + 1 : 1;
    }
    return all;
}

START_TEST(what_the_script_does_has_room_behind_any_number_of_machines)
{
    lose_machines();
    write_events();
    ck_assert_ptr_nonnull(strstr(written, "\n119900,\"slow safe\",script,"));
    ck_assert_ptr_nonnull(strstr(written, "\n119950,\"clicks FAILED\",end,"));
    ck_assert_ptr_null(strstr(written, "\"slow safe\",script,-2"));
    end();
}
END_TEST

START_TEST(machines_that_cannot_be_told_apart_are_counted_in_one_mark)
{
    static const char *const words[] = { "killed", "added" };
    lose_machines();
    write_events();
    for (size_t i = 0; i < 2; i++) {
        unsigned marks;
        ck_assert_uint_eq(machines_of(words[i], &marks), LOSSES);
        ck_assert_uint_le(marks, TIMELINE_ALIKE_MAX + 1);
        ck_assert_uint_ge(marks, TIMELINE_ALIKE_MAX / 4);
    }
    end();
}
END_TEST

START_TEST(what_the_script_does_once_is_told_among_what_it_repeats)
{
    struct scenario none = { 0 };
    timeline_init(&timeline, &none);
    for (int i = 1; i <= LOSSES; i++) {
        timeline_mark(&timeline, i * TIME_S, MARK_SCRIPT, "fail v5");
        if (i == LOSSES / 3)
            timeline_mark(&timeline, i * TIME_S, MARK_SCRIPT, "savepoint");
    }
    write_events();
    ck_assert_ptr_nonnull(strstr(written, "\n40000,\"savepoint\",script,"));
    ck_assert_uint_lt(written_size, 200000);
    end();
}
END_TEST

START_TEST(marks_that_a_picture_can_tell_apart_all_stay)
{
    struct mark marks[TIMELINE_ALIKE_MAX];
    for (int i = 0; i < TIMELINE_ALIKE_MAX; i++)
        marks[i] = timeline_make_mark(i, MARK_RESTART, "restart");
    ck_assert_uint_eq(timeline_thin(marks, TIMELINE_ALIKE_MAX, TIME_S), TIMELINE_ALIKE_MAX);
}
END_TEST

Suite *test_report_many_marks_suite(void)
{
    Suite *suite = suite_create("report: many marks");
    TCase *tests = tcase_create("many marks");
    tcase_add_test(tests, what_the_script_does_has_room_behind_any_number_of_machines);
    tcase_add_test(tests, machines_that_cannot_be_told_apart_are_counted_in_one_mark);
    tcase_add_test(tests, what_the_script_does_once_is_told_among_what_it_repeats);
    tcase_add_test(tests, marks_that_a_picture_can_tell_apart_all_stay);
    suite_add_tcase(suite, tests);
    return suite;
}
