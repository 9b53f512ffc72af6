/* SPDX-License-Identifier: Apache-2.0
 *
 * Every recording of a real Flink against a run of the scenario of the same name: the same states
 * in the same order, timers to 0.2 s (docs/fidelity.md). The recordings are not part of this
 * project: without them the suite says that it is skipped, and in continuous integration (CI=true)
 * it fails. WEIR_RECORDINGS names another folder; WEIR_REWRITE=1 writes the figures into the page.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "tests/lib/fidelity.h"

#define FOLDER    "../shared/reference/timelines"
#define PAGE      "docs/fidelity.md"
#define BEGIN_TAG "<!-- figures: written by the test, see above -->\n"

enum { PATH_SIZE = 512, PAGE_SIZE_MAX = 1 << 20 };

static struct name_list names; /* of all recordings, for the life of the program */

static const char *folder(void)
{
    const char *own = getenv("WEIR_RECORDINGS");
    return own && *own ? own : FOLDER;
}

static bool has_flag(const char *name, const char *value)
{
    const char *found = getenv(name);
    return found && strcmp(found, value) == 0;
}

static void compare(const char *name, struct fidelity_report *report)
{
    char path[PATH_SIZE];
    struct recording recording;
    struct retelling retelling;
    recording_load(&recording, folder(), name);
    ck_assert_str_eq(recording.name, name);
    text_format(path, sizeof path, "scenarios/timelines/%s/scenario.yaml", name);
    retelling_run(&retelling, path, recording_origin(&recording));
    fidelity_compare(report, &recording, &retelling);
    retelling_fini(&retelling);
    recording_fini(&recording);
}

START_TEST(run_follows_the_recording)
{
    struct fidelity_report report = { 0 };
    compare(names.names.items[_i], &report);
    fidelity_print(&report, names.names.items[_i], stdout);
    fflush(stdout);
    ck_assert_msg(fidelity_is_good(&report), "%s: see the rows marked DIFFERS",
                  names.names.items[_i]);
    fidelity_fini(&report);
}
END_TEST

/* Every row of the table of timers belongs to some recording, or nobody would miss it. */
START_TEST(timers_are_those_of_recordings_that_are_there)
{
    for (size_t i = 0; i < timer_pair_count; i++) {
        bool known = false;
        for (size_t r = 0; r < names.names.count; r++)
            known |= text_equal(timer_pairs[i].recording, names.names.items[r]);
        ck_assert_msg(known, "no recording %s", timer_pairs[i].recording);
    }
}
END_TEST

static char *read_page(void)
{
    FILE *file = fopen(PAGE, "r");
    ck_assert_msg(file != NULL, "%s cannot be read", PAGE);
    char *text = mem_create(PAGE_SIZE_MAX);
    size_t length = fread(text, 1, PAGE_SIZE_MAX - 1, file);
    ck_assert_uint_lt(length, PAGE_SIZE_MAX - 1);
    fclose(file);
    return text;
}

static void print_summary(const struct fidelity_report *reports, FILE *file)
{
    fputs("\n| recording | compared | differ |\n|---|---:|---:|\n", file);
    for (size_t i = 0; i < names.names.count; i++) {
        size_t bad = 0;
        for (size_t row = 0; row < reports[i].rows.count; row++)
            bad += !reports[i].rows.items[row].good;
        fprintf(file, "| %s | %zu | %zu |\n", names.names.items[i], reports[i].rows.count, bad);
    }
}

static char *make_figures(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    struct fidelity_report *reports = mem_create_array(names.names.count, sizeof *reports);
    for (size_t i = 0; i < names.names.count; i++)
        compare(names.names.items[i], &reports[i]);
    print_summary(reports, file);
    for (size_t i = 0; i < names.names.count; i++) {
        fidelity_print_page(&reports[i], names.names.items[i], file);
        fidelity_fini(&reports[i]);
    }
    fclose(file);
    mem_destroy(reports);
    return text;
}

START_TEST(page_shows_the_figures_of_this_version)
{
    char *page = read_page(), *figures = make_figures();
    char *tag = strstr(page, BEGIN_TAG);
    ck_assert_msg(tag != NULL, "%s has no place for figures", PAGE);
    char *old = tag + strlen(BEGIN_TAG);
    if (has_flag("WEIR_REWRITE", "1")) {
        FILE *file = fopen(PAGE, "w");
        ck_assert_ptr_nonnull(file);
        *old = '\0';
        fputs(page, file);
        fputs(figures, file);
        ck_assert_int_eq(fclose(file), 0);
    } else {
        ck_assert_msg(strcmp(old, figures) == 0,
                      "%s is of another version: make golden-rewrite, and say why in the commit",
                      PAGE);
    }
    mem_destroy(page);
    free(figures); /* the stream's */
}
END_TEST

START_TEST(recordings_are_here_or_the_suite_is_skipped)
{
    ck_assert_msg(!has_flag("CI", "true"), "no recordings in %s", folder());
    /* The second line is for the sum of `make test`. */
    printf("timelines: skipped, no recordings in %s\n0 passed, 0 failed, 1 skipped\n", folder());
    fflush(stdout);
}
END_TEST

Suite *test_timelines_compare_suite(void)
{
    Suite *suite = suite_create("timelines_compare");
    TCase *tcase = tcase_create("recordings");
    if (recording_list(folder(), &names) && names.names.count > 0) {
        tcase_add_loop_test(tcase, run_follows_the_recording, 0, (int)names.names.count);
        tcase_add_test(tcase, timers_are_those_of_recordings_that_are_there);
        tcase_add_test(tcase, page_shows_the_figures_of_this_version);
    } else {
        tcase_add_test(tcase, recordings_are_here_or_the_suite_is_skipped);
    }
    suite_add_tcase(suite, tcase);
    return suite;
}
