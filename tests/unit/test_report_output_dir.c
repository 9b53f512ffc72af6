/* SPDX-License-Identifier: Apache-2.0
 *
 * The folder a run leaves: replaced as a whole or not at all, and by an interrupted run never.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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

START_TEST(output_is_put_in_place_as_a_whole)
{
    begin();
    write_run("metrics.csv");
    ck_assert(is_there("metrics.csv") && is_there(OUTPUT_MARKER));
    write_run("summary.json");
    ck_assert(is_there("summary.json") && !is_there("metrics.csv"));
    ck_assert_uint_eq(entries_of_parent(), 1); /* nothing is left beside it */
    end();
}
END_TEST

START_TEST(an_abandoned_run_leaves_the_old_output_alone)
{
    struct output_dir output;
    struct note note = { "" };
    begin();
    write_run("metrics.csv");
    must(output_begin(&output, target, &note), &note);
    must(output_make_folder(&output, "variants", &note), &note);
    output_abandon(&output);
    ck_assert(is_there("metrics.csv"));
    ck_assert_uint_eq(entries_of_parent(), 1);
    output_abandon(&output); /* nothing to do */
    end();
}
END_TEST

/* As on a file system where two folders cannot change places in one step; for this process, so for
 * this test only. False: the system has no such filters. */
static bool forbid_exchange(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_renameat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { sizeof filter / sizeof *filter, filter };
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        return false;
    return renameat2(AT_FDCWD, "/", AT_FDCWD, "/", RENAME_EXCHANGE) != 0 && errno == EINVAL;
}

START_TEST(folders_that_cannot_change_places_move_in_turn)
{
    begin();
    write_run("metrics.csv");
    if (forbid_exchange()) {
        write_run("summary.json");
        ck_assert(is_there("summary.json") && !is_there("metrics.csv"));
        ck_assert_uint_eq(entries_of_parent(), 1);
    }
    end();
}
END_TEST

/* The new one is lost under way: with and without exchange, the old one is where it was. */
START_TEST(what_cannot_be_put_in_place_leaves_the_old_output)
{
    char wanted[256], lost[OUTPUT_PATH_SIZE];
    begin();
    write_run("metrics.csv");
    text_format(wanted, sizeof wanted, "%s: cannot be put in place: No such file or directory",
                target);
    for (int i = 0; i < 2; i++) {
        struct output_dir output;
        struct note note = { "" };
        must(output_begin(&output, target, &note), &note);
        text_format(lost, sizeof lost, "%s.lost", output.aside);
        ck_assert_int_eq(rename(output.aside, lost), 0);
        ck_assert(err_is(output_commit(&output, &note)));
        ck_assert_str_eq(note.text, wanted);
        ck_assert(is_there("metrics.csv") && is_there(OUTPUT_MARKER));
        ck_assert_int_eq(rename(lost, output.aside), 0);
        output_abandon(&output);
        ck_assert_uint_eq(entries_of_parent(), 1);
        if (!forbid_exchange())
            break;
    }
    end();
}
END_TEST

START_TEST(a_folder_that_weir_did_not_write_is_never_replaced)
{
    struct output_dir output;
    struct note note = { "" };
    char path[256];
    begin();
    text_format(path, sizeof path, "%s/thesis.tex", base);
    fclose(fopen(path, "w"));
    ck_assert(err_is(output_begin(&output, base, &note)));
    ck_assert_ptr_nonnull(strstr(note.text, "did not write"));
    ck_assert(err_is(output_begin(&output, path, &note)));
    ck_assert_ptr_nonnull(strstr(note.text, "not a folder"));
    ck_assert_int_eq(access(path, F_OK), 0);
    end();
}
END_TEST

static void make_within(const char *folder)
{
    char path[512];
    text_format(path, sizeof path, "%s/%s", target, folder);
    ck_assert_int_eq(mkdir(path, 0777), 0);
}

static void remove_within(const char *name)
{
    char path[512];
    text_format(path, sizeof path, "%s/%s", target, name);
    remove(path);
}

static void put_within(const char *name)
{
    char path[512];
    text_format(path, sizeof path, "%s/%s", target, name);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fclose(file);
}

/* Notes, another run, a picture of one's own in a wrong place: none of it goes with the run. */
START_TEST(a_run_with_something_of_somebody_else_in_it_is_never_replaced)
{
    static const char *const foreign[] = { "notes.txt",
                                           "other/weir-run.json",
                                           "plots/notes.txt",
                                           "variants/fixed/notes.txt",
                                           "variants/notes.txt",
                                           "look.png",
                                           "plots/mine/a.png",
                                           "plots/mine.png",
                                           "plots/overview-2.png",
                                           "plots/checkpoint-x.png" };
    static const char *const own[] = { "plots/overview.png", "plots/compare.svg", "report.html",
                                       "plots/compare.png.tmp-17", "variants/fixed/metrics.csv" };
    begin();
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        struct output_dir output;
        struct note note = { "" };
        write_run("metrics.csv");
        make_within("plots");
        make_within("variants");
        make_within("variants/fixed");
        for (size_t k = 0; k < sizeof own / sizeof *own; k++)
            put_within(own[k]);
        write_run("plot.csv"); /* all of that is Weir's own */
        make_within("plots");
        make_within("variants");
        make_within("variants/fixed");
        make_within(i == 1 ? "other" : "plots/mine");
        if (i != 1 && i != 6)
            remove_within("plots/mine");
        put_within(foreign[i]);
        ck_assert(err_is(output_begin(&output, target, &note)));
        ck_assert_msg(strstr(note.text, "beside a run") != NULL, "%s", note.text);
        ck_assert(is_there(foreign[i]) && is_there("plot.csv"));
        remove_within(foreign[i]);
        remove_within(i == 1 ? "other" : "plots/mine");
    }
    end();
}
END_TEST

/* Of a sink's folder only what sinks write goes with the run. */
START_TEST(a_sinks_folder_with_something_of_somebody_else_in_it_stays)
{
    struct output_dir output;
    struct note note = { "" };
    begin();
    write_run("metrics.csv");
    make_within("output");
    make_within("output/counts");
    put_within("output/counts/part-0-1");
    put_within("output/counts/table");
    write_run("plot.csv"); /* all of that is Weir's own */
    make_within("output");
    make_within("output/counts");
    put_within("output/counts/notes.txt");
    ck_assert(err_is(output_begin(&output, target, &note)));
    ck_assert_ptr_nonnull(strstr(note.text, "output/counts/notes.txt"));
    ck_assert(is_there("output/counts/notes.txt") && is_there("plot.csv"));
    end();
}
END_TEST

/* It has come while the run was under way. */
START_TEST(what_others_put_there_meanwhile_is_not_replaced)
{
    struct output_dir output;
    struct note note = { "" };
    char path[256];
    begin();
    must(output_begin(&output, target, &note), &note);
    ck_assert_int_eq(mkdir(target, 0777), 0);
    text_format(path, sizeof path, "%s/thesis.tex", target);
    fclose(fopen(path, "w"));
    ck_assert(err_is(output_commit(&output, &note)));
    ck_assert_ptr_nonnull(strstr(note.text, "did not write"));
    ck_assert_int_eq(access(path, F_OK), 0);
    output_abandon(&output);
    ck_assert_uint_eq(entries_of_parent(), 1);
    end();
}
END_TEST

START_TEST(an_empty_folder_may_be_used_and_a_link_stays_a_link)
{
    char link[128], real[128];
    struct stat status;
    begin();
    text_format(real, sizeof real, "%s/real", base);
    text_format(link, sizeof link, "%s/link", base);
    ck_assert_int_eq(mkdir(real, 0777), 0);
    ck_assert_int_eq(symlink(real, link), 0);
    text_format(target, sizeof target, "%s/", link);
    write_run("metrics.csv");
    ck_assert_int_eq(lstat(link, &status), 0);
    ck_assert(S_ISLNK(status.st_mode));
    text_format(target, sizeof target, "%s", real);
    ck_assert(is_there("metrics.csv"));
    end();
}
END_TEST

START_TEST(what_a_killed_run_left_is_removed_by_the_next)
{
    char path[256];
    begin();
    write_run("metrics.csv");
    text_format(path, sizeof path, "%s.tmp-999999999", target);
    ck_assert_int_eq(mkdir(path, 0777), 0);
    write_run("summary.json");
    ck_assert_int_ne(access(path, F_OK), 0);
    end();
}
END_TEST

START_TEST(a_folder_that_cannot_be_made_is_one_clear_line)
{
    struct output_dir output;
    struct note note = { "" };
    ck_assert(err_is(output_begin(&output, "/proc/nowhere/run", &note)));
    ck_assert_ptr_nonnull(strstr(note.text, "/proc/nowhere"));
    ck_assert_ptr_null(strchr(note.text, '\n'));
    ck_assert(err_is(output_begin(&output, "", &note)));
    ck_assert(err_is(output_check_run("/proc", &note)));
    ck_assert_ptr_nonnull(strstr(note.text, "expected the output of weir run"));
}
END_TEST

START_TEST(a_full_disk_is_noticed_at_the_close)
{
    struct note note = { "" };
    struct output_dir output = { .target = "out/day", .aside = "out/day.tmp-7" };
    FILE *full = fopen("/dev/full", "wb"), *file;
    ck_assert_ptr_nonnull(full);
    fputs("x", full);
    ck_assert(err_is(output_close(&output, full, "metrics.csv", &note)));
    ck_assert_str_eq(note.text, "out/day/metrics.csv: cannot be written: No space left on device");
    ck_assert(err_is(output_open(&output, "metrics.csv", &file, &note)));
    ck_assert_str_eq(note.text, "out/day/metrics.csv: cannot be written: No such file or "
                                "directory");
    ck_assert(err_is(output_make_folder(&output, "plots", &note)));
    ck_assert_ptr_nonnull(strstr(note.text, "out/day/plots: cannot be made"));
}
END_TEST

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
    write_partial("metrics.csv", where); /* there is nothing to spare */
    ck_assert_str_eq(where, target);
    write_partial("summary.json", where); /* nor is that */
    ck_assert_str_eq(where, target);
    ck_assert(is_there("summary.json") && !is_there("metrics.csv"));
    write_run("plot.csv");
    ck_assert(is_there("plot.csv") && !is_there("summary.json"));
    for (int i = 0; i < 2; i++) {
        write_partial(i ? "events.csv" : "states.csv", where);
        ck_assert_str_eq(where, beside);
        ck_assert(is_there("plot.csv") && !is_there("states.csv") && !is_there("events.csv"));
        ck_assert_uint_eq(entries_of_parent(), 2);
    }
    text_format(target, sizeof target, "%s", beside);
    ck_assert(is_there("events.csv") && !is_there("states.csv"));
    end();
}
END_TEST

Suite *test_report_output_dir_suite(void)
{
    Suite *suite = suite_create("report: output folder");
    TCase *folder = tcase_create("folder");
    tcase_add_test(folder, output_is_put_in_place_as_a_whole);
    tcase_add_test(folder, an_abandoned_run_leaves_the_old_output_alone);
    tcase_add_test(folder, folders_that_cannot_change_places_move_in_turn);
    tcase_add_test(folder, what_cannot_be_put_in_place_leaves_the_old_output);
    tcase_add_test(folder, a_folder_that_weir_did_not_write_is_never_replaced);
    tcase_add_test(folder, a_run_with_something_of_somebody_else_in_it_is_never_replaced);
    tcase_add_test(folder, a_sinks_folder_with_something_of_somebody_else_in_it_stays);
    tcase_add_test(folder, what_others_put_there_meanwhile_is_not_replaced);
    tcase_add_test(folder, an_empty_folder_may_be_used_and_a_link_stays_a_link);
    tcase_add_test(folder, what_a_killed_run_left_is_removed_by_the_next);
    tcase_add_test(folder, a_folder_that_cannot_be_made_is_one_clear_line);
    tcase_add_test(folder, a_full_disk_is_noticed_at_the_close);
    tcase_add_test(folder, an_interrupted_run_stands_beside_a_complete_one);
    suite_add_tcase(suite, folder);
    return suite;
}
