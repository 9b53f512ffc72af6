/* SPDX-License-Identifier: Apache-2.0
 *
 * What an interrupted run leaves, and where: never in the place of a complete one.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/text.h"
#include "sim/report/output_dir.h"

static char base[64];
static char target[128];

static void begin(void)
{
    text_format(base, sizeof base, "/tmp/weir-out-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(base));
    text_format(target, sizeof target, "%s/deep/run", base);
}

static void end(void)
{
    char command[128];
    text_format(command, sizeof command, "rm -r %s", base);
    ck_assert_int_eq(system(command), 0);
}

static bool is_there(const char *name)
{
    char path[512];
    text_format(path, sizeof path, "%s/%s", target, name);
    return access(path, F_OK) == 0;
}

static void must(struct err e, const struct note *note)
{
    ck_assert_msg(!err_is(e), "%s", note->text);
}

static void write_run(const char *name)
{
    struct output_dir output;
    struct note note = { "" };
    FILE *file;
    must(output_begin(&output, target, &note), &note);
    must(output_open(&output, name, &file, &note), &note);
    must(output_close(&output, file, name, &note), &note);
    ck_assert(!is_there(name)); /* not before it is complete */
    must(output_commit(&output, &note), &note);
}

static size_t entries_of_parent(void)
{
    char command[256];
    size_t count = 0;
    text_format(command, sizeof command, "ls -A %s/deep | wc -l", base);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    for (int c = fgetc(pipe); c >= '0' && c <= '9'; c = fgetc(pipe))
        count = count * 10 + (size_t)(c - '0');
    pclose(pipe);
    return count;
}

/* An interrupted run, which says what it holds. */
static void write_partial(const char *name, char where[OUTPUT_PATH_SIZE])
{
    struct output_dir output;
    struct note note = { "" };
    FILE *file;
    must(output_begin(&output, target, &note), &note);
    must(output_open(&output, name, &file, &note), &note);
    must(output_close(&output, file, name, &note), &note);
    must(output_commit_partial(&output, &note), &note);
    text_format(where, OUTPUT_PATH_SIZE, "%s", output.target);
}

START_TEST(an_interrupted_run_stands_beside_a_complete_one)
{
    char where[OUTPUT_PATH_SIZE], beside[256];
    begin();
    text_format(beside, sizeof beside, "%s%s", target, OUTPUT_INTERRUPTED);
    write_partial("first", where); /* there is nothing to spare */
    ck_assert_str_eq(where, target);
    write_partial("second", where); /* nor is that */
    ck_assert_str_eq(where, target);
    ck_assert(is_there("second") && !is_there("first"));
    write_run("complete");
    ck_assert(is_there("complete") && !is_there("second"));
    for (int i = 0; i < 2; i++) {
        write_partial(i ? "fourth" : "third", where);
        ck_assert_str_eq(where, beside);
        ck_assert(is_there("complete") && !is_there("third") && !is_there("fourth"));
        ck_assert_uint_eq(entries_of_parent(), 2);
    }
    text_format(target, sizeof target, "%s", beside);
    ck_assert(is_there("fourth") && !is_there("third"));
    end();
}
END_TEST

Suite *test_report_interrupted_suite(void)
{
    Suite *suite = suite_create("report_interrupted");
    TCase *all = tcase_create("interrupted");
    tcase_add_test(all, an_interrupted_run_stands_beside_a_complete_one);
    suite_add_tcase(suite, all);
    return suite;
}
