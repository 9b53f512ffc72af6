/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs commands in this process, with standard output and error turned into temporary files.
 */
#include "tests/lib/command_line.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/text.h"
#include "sim/cli/command.h"

enum { ARGUMENTS_MAX = 16, CLI_FILE_SIZE = 1 << 20 };

static char folder[64];
static char out_text[CLI_TEXT_SIZE], error_text[CLI_TEXT_SIZE];

void cli_begin(void)
{
    text_format(folder, sizeof folder, "/tmp/weir-cli-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

void cli_end(void)
{
    char command[128];
    text_format(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

void cli_put_file(const char *name, const char *text)
{
    char path[256];
    text_format(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

void cli_make_folder(const char *name)
{
    char path[256];
    text_format(path, sizeof path, "%s/%s", folder, name);
    ck_assert_int_eq(mkdir(path, 0777), 0);
}

const char *cli_get_file(const char *name)
{
    static char text[CLI_FILE_SIZE];
    char path[256];
    text_format(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    ck_assert_int_eq(fgetc(file), EOF); /* there is no more of it */
    fclose(file);
    return text;
}

static void read_back(FILE *file, int descriptor, int before, char *out)
{
    dup2(before, descriptor);
    close(before);
    rewind(file);
    out[fread(out, 1, CLI_TEXT_SIZE - 1, file)] = '\0';
    fclose(file);
}

/* In words that hold until the next call; gives how many. */
static int split(const char *line, char *argv[ARGUMENTS_MAX + 1])
{
    static char words[2048];
    int argc = 0;
    size_t at = 0;
    for (const char *p = line; *p; p++)
        at += *p == '@' ? text_format(words + at, sizeof words - at, "%s", folder)
                        : text_format(words + at, sizeof words - at, "%c", *p);
    for (char *word = words; *word;) {
        argv[argc++] = word;
        word += strcspn(word, " ");
        if (*word)
            *word++ = '\0';
    }
    argv[argc] = NULL;
    return argc;
}

/* A command, or null: a program. */
static int run(const struct command *command, weir_program *program, int argc, char **argv)
{
    FILE *out = tmpfile(), *errors = tmpfile();
    fflush(NULL);
    int out_before = dup(STDOUT_FILENO), errors_before = dup(STDERR_FILENO);
    dup2(fileno(out), STDOUT_FILENO);
    dup2(fileno(errors), STDERR_FILENO);
    int code = command ? command->run(command, argc, argv) : weir_run(program, NULL, argc, argv);
    fflush(NULL);
    read_back(out, STDOUT_FILENO, out_before, out_text);
    read_back(errors, STDERR_FILENO, errors_before, error_text);
    return code;
}

int cli_weir(const char *line)
{
    char *argv[ARGUMENTS_MAX + 1];
    int argc = split(line, argv);
    const struct command *command = command_named(argv[0]);
    ck_assert_ptr_nonnull(command);
    return run(command, NULL, argc, argv);
}

int cli_program(weir_program *program, const char *line)
{
    char *argv[ARGUMENTS_MAX + 1];
    int argc = split(line, argv);
    return run(NULL, program, argc, argv);
}

const char *cli_folder(void)
{
    return folder;
}

const char *cli_out(void)
{
    return out_text;
}

const char *cli_errors(void)
{
    return error_text;
}
