/* SPDX-License-Identifier: Apache-2.0
 *
 * Single files: what a path may stand for when it is written or read, disks that are full, pictures
 * that are whole or not. A limit on the size of files stands for the full disk.
 */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/text.h"
#include "sim/load/input_file.h"
#include "sim/report/output_dir.h"
#include "sim/report/output_file.h"
#include "sim/report/picture_file.h"

enum { LIMIT_BYTES = 4096 };

static char folder[64];
static char path[128];

static void begin(void)
{
    text_format(folder, sizeof folder, "/tmp/weir-file-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    text_format(path, sizeof path, "%s/x", folder);
}

static void end(void)
{
    char command[128];
    text_format(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static void must(struct err e, const struct note *note)
{
    ck_assert_msg(!err_is(e), "%s", note->text);
}

static void put_bytes(const char *name, const char *bytes, size_t length)
{
    FILE *file = fopen(name, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, length, file), length);
    ck_assert_int_eq(fclose(file), 0);
}

static void put_text(const char *name, const char *text)
{
    put_bytes(name, text, strlen(text));
}

static const char *get_text(const char *name)
{
    static char text[256];
    FILE *file = fopen(name, "rb");
    if (!file)
        return "(not there)";
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static size_t entries(void)
{
    char command[128];
    size_t count = 0;
    text_format(command, sizeof command, "ls -A %s | wc -l", folder);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    ck_assert_int_eq(fscanf(pipe, "%zu", &count), 1);
    pclose(pipe);
    return count;
}

static struct err write_to(const char *name, const char *text, struct note *note)
{
    struct output_file output;
    TRY(output_file_begin(&output, name, note));
    fputs(text, output.file);
    return output_file_end(&output, note);
}

START_TEST(a_file_is_replaced_when_the_new_one_is_complete)
{
    struct note note = { "" };
    struct output_file output;
    begin();
    put_text(path, "old");
    ck_assert_int_eq(chmod(path, 0640), 0);
    must(output_file_begin(&output, path, &note), &note);
    fputs("new", output.file);
    ck_assert_str_eq(get_text(path), "old");
    must(output_file_end(&output, &note), &note);
    ck_assert_str_eq(get_text(path), "new");
    struct stat status;
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_int_eq(status.st_mode & 0777, 0640);
    ck_assert_uint_eq(entries(), 1);
    end();
}
END_TEST

START_TEST(a_link_stays_a_link_wherever_it_leads)
{
    struct note note = { "" };
    char real[128];
    struct stat status;
    begin();
    text_format(real, sizeof real, "%s/real", folder);
    ck_assert_int_eq(symlink("real", path), 0);
    must(write_to(path, "first", &note), &note); /* it leads to nothing yet */
    ck_assert_str_eq(get_text(real), "first");
    must(write_to(path, "second", &note), &note);
    ck_assert_str_eq(get_text(real), "second");
    ck_assert_int_eq(lstat(path, &status), 0);
    ck_assert(S_ISLNK(status.st_mode));
    end();
}
END_TEST

START_TEST(a_pipe_is_written_into_and_stays_a_pipe)
{
    struct note note = { "" };
    char text[16] = "";
    struct stat status;
    begin();
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    ck_assert_int_ge(reader, 0);
    must(write_to(path, "through", &note), &note);
    ck_assert_int_eq(read(reader, text, sizeof text - 1), 7);
    ck_assert_str_eq(text, "through");
    ck_assert_int_eq(lstat(path, &status), 0);
    ck_assert(S_ISFIFO(status.st_mode));
    close(reader);
    end();
}
END_TEST

START_TEST(where_standard_output_goes_is_added_to)
{
    struct note note = { "" };
    begin();
    put_text(path, "said before; ");
    int before = dup(STDOUT_FILENO), file = open(path, O_WRONLY | O_APPEND);
    dup2(file, STDOUT_FILENO);
    struct err e = write_to(path, "written", &note);
    dup2(before, STDOUT_FILENO);
    must(e, &note);
    ck_assert_str_eq(get_text(path), "said before; written");
    end();
}
END_TEST

/* As main() does: the signal would end the program. */
static void limit_files(void)
{
    struct rlimit limit = { LIMIT_BYTES, LIMIT_BYTES };
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0); /* each test has its own process */
}

START_TEST(a_file_over_the_limit_is_one_line_and_leaves_the_old_one)
{
    struct note note = { "" }, other = { "" };
    struct output_file output;
    char wanted[256];
    begin();
    put_text(path, "old");
    limit_files();
    must(output_file_begin(&output, path, &note), &note);
    for (int i = 0; i < 20 * LIMIT_BYTES; i++) /* it fails long before the end */
        fputc('x', output.file);
    ck_assert(err_is(output_file_end(&output, &note)));
    text_format(wanted, sizeof wanted, "%s: cannot be written: File too large", path);
    ck_assert_str_eq(note.text, wanted);
    ck_assert_str_eq(get_text(path), "old");
    ck_assert_uint_eq(entries(), 1);
    FILE *file = fopen(path, "wb");
    for (int i = 0; i < 20 * LIMIT_BYTES; i++)
        fputc('x', file);
    struct output_dir day = { .target = "out/day" };
    ck_assert(err_is(output_close(&day, file, "metrics.csv", &other)));
    ck_assert_str_eq(other.text, "out/day/metrics.csv: cannot be written: File too large");
    end();
}
END_TEST

START_TEST(what_cannot_be_written_says_why)
{
    struct note note = { "" };
    ck_assert(err_is(write_to("/proc/nothing/x", "", &note)));
    ck_assert_str_eq(note.text, "/proc/nothing/x: cannot be written: No such file or directory");
    ck_assert(err_is(write_to("/tmp", "", &note)));
    ck_assert_str_eq(note.text, "/tmp: cannot be written: Is a directory");
    ck_assert(err_is(write_to("", "", &note)));
}
END_TEST

START_TEST(input_that_is_no_regular_file_is_refused_without_waiting)
{
    struct note note = { "" };
    FILE *file;
    char wanted[256];
    begin();
    ck_assert_int_eq(mkfifo(path, 0600), 0); /* nobody will ever write into it */
    ck_assert(err_is(input_open(path, &file, NULL, &note)));
    text_format(wanted, sizeof wanted, "%s: cannot be read: found a pipe, expected a regular file",
                path);
    ck_assert_str_eq(note.text, wanted);
    ck_assert(err_is(input_open("/dev/null", &file, NULL, &note)));
    ck_assert_ptr_nonnull(strstr(note.text, "found a device"));
    end();
}
END_TEST

START_TEST(a_picture_is_whole_when_it_has_its_end)
{
    static const char png[] = "\211PNG..IEND\256B`\202";
    begin();
    put_bytes(path, png, sizeof png - 1);
    ck_assert(picture_file_is_whole(path));
    put_bytes(path, png, sizeof png - 2);
    ck_assert(!picture_file_is_whole(path));
    put_text(path, "");
    ck_assert(!picture_file_is_whole(path));
    put_text(path, "<svg></svg>\n\n");
    ck_assert(picture_file_is_whole(path));
    put_text(path, "<svg><g></g></sv");
    ck_assert(!picture_file_is_whole(path));
    end();
}
END_TEST

START_TEST(a_picture_takes_its_place_only_when_whole)
{
    struct note note = { "" };
    char aside[PICTURE_PATH_SIZE];
    begin();
    put_text(path, "<svg>old</svg>");
    picture_file_aside(path, aside);
    put_text(aside, "<svg>ne");
    ck_assert(err_is(picture_file_check(path, &note)));
    ck_assert_ptr_nonnull(strstr(note.text, "gnuplot left it incomplete"));
    picture_file_abandon(path);
    ck_assert_uint_eq(entries(), 1);
    put_text(aside, "<svg>new</svg>");
    must(picture_file_check(path, &note), &note);
    must(picture_file_commit(path, &note), &note);
    ck_assert_str_eq(get_text(path), "<svg>new</svg>");
    ck_assert_uint_eq(entries(), 1);
    end();
}
END_TEST

Suite *test_report_files_suite(void)
{
    Suite *suite = suite_create("report: single files");
    TCase *tcase = tcase_create("files");
    tcase_add_test(tcase, a_file_is_replaced_when_the_new_one_is_complete);
    tcase_add_test(tcase, a_link_stays_a_link_wherever_it_leads);
    tcase_add_test(tcase, a_pipe_is_written_into_and_stays_a_pipe);
    tcase_add_test(tcase, where_standard_output_goes_is_added_to);
    tcase_add_test(tcase, a_file_over_the_limit_is_one_line_and_leaves_the_old_one);
    tcase_add_test(tcase, what_cannot_be_written_says_why);
    tcase_add_test(tcase, input_that_is_no_regular_file_is_refused_without_waiting);
    tcase_add_test(tcase, a_picture_is_whole_when_it_has_its_end);
    tcase_add_test(tcase, a_picture_takes_its_place_only_when_whole);
    suite_add_tcase(suite, tcase);
    return suite;
}
