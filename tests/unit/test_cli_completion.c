/* SPDX-License-Identifier: Apache-2.0
 *
 * The completions of bash and zsh and the manual page, held against the table of commands: each
 * command stands there, and each of its options in the part that is about this command. What the
 * command says of itself. Run from the root of the tree.
 */
#include <check.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/cli/command.h"
#include "tests/lib/command_line.h"

enum { TEXT_SIZE = 1 << 16 };

static char text[TEXT_SIZE];

/* What a file says of a command stands between a line with its name and `end`. */
static const struct help_file {
    const char *path;
    const char *before,
        *behind; /* the name in its line; several may stand there: "plot | report)" */
    const char *end;
    const char *common; /* from here on all options are told of once more; null: not in this file */
} help_files[] = {
    { "docs/completion/weir.bash", "\n    ", ")", ";;", NULL },
    { "docs/completion/weir.zsh", "\n    ", ")", ";;", NULL },
    { "docs/man/weir.1", "\n.B weir ", "\n", "\n.br\n", "\n.SH OPTIONS\n" },
};

/* Without the backslashes of roff and of long lines. */
static void read_plain(const char *path)
{
    size_t length = 0;
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s", path);
    for (int c; (c = fgetc(file)) != EOF;) {
        ck_assert_uint_lt(length, TEXT_SIZE - 1);
        if (c != '\\')
            text[length++] = (char)c;
    }
    text[length] = '\0';
    fclose(file);
}

static bool is_word_letter(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '_';
}

/* The whole word: --set is not in --settings. */
static bool holds_word(const char *from, const char *until, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = from; (at = strstr(at, word)) != NULL && at + length <= until; at++)
        if ((at == text || !is_word_letter(at[-1])) && !is_word_letter(at[length]))
            return true;
    return false;
}

/* Where the part about the command begins; null: the command has none. */
static const char *part_of(const struct help_file *file, const char *name)
{
    for (const char *at = text; (at = strstr(at, file->before)) != NULL; at++) {
        const char *from = at + strlen(file->before);
        const char *until = from + strspn(from, "abcdefghijklmnopqrstuvwxyz |");
        if (strncmp(until, file->behind, strlen(file->behind)) == 0 &&
            holds_word(from, until, name))
            return from;
    }
    return NULL;
}

static void check_option(const struct help_file *file, const struct command *command,
                         const char *name)
{
    char option[64];
    const char *from = part_of(file, command->name), *until = from ? strstr(from, file->end) : NULL;
    text_format(option, sizeof option, "--%s", name);
    ck_assert_msg(until && holds_word(from, until, option), "%s: %s %s", file->path, command->name,
                  option);
    if (!file->common)
        return;
    const char *common = strstr(text, file->common);
    ck_assert_msg(common && holds_word(common, text + strlen(text), option), "%s: %s in the list",
                  file->path, option);
}

START_TEST(completions_and_manual_know_every_command_and_option)
{
    const struct help_file *file = &help_files[_i];
    read_plain(file->path);
    for (size_t i = 0; commands[i]; i++) {
        const struct command *command = commands[i];
        ck_assert_msg(holds_word(text, text + strlen(text), command->name), "%s: %s", file->path,
                      command->name);
        for (size_t o = 0; o < command->option_count; o++)
            if (!strstr(command->options[o].name, "-markdown")) /* those make docs/ only */
                check_option(file, command, command->options[o].name);
    }
}
END_TEST

/* Files are offered for files. */
START_TEST(bash_offers_no_files_where_a_value_is_none)
{
    read_plain("docs/completion/weir.bash");
    const char *until = strstr(text, "\n    case $command in");
    ck_assert_ptr_nonnull(until);
    for (size_t i = 0; commands[i]; i++) {
        for (size_t o = 0; o < commands[i]->option_count; o++) {
            char option[64];
            text_format(option, sizeof option, "--%s", commands[i]->options[o].name);
            if (commands[i]->options[o].argument)
                ck_assert_msg(holds_word(text, until, option), "%s", option);
        }
    }
}
END_TEST

START_TEST(version_names_itself_and_the_behaviour)
{
    int major = -1, minor = -1, patch = -1;
    cli_begin();
    ck_assert_int_eq(cli_weir("version"), EXIT_HELD);
    ck_assert_int_eq(sscanf(cli_out(), "weir %d.%d.%d\n", &major, &minor, &patch), 3);
    ck_assert_ptr_nonnull(strstr(cli_out(), "\nbehaviour: Apache Flink 2.3"));
    cli_end();
}
END_TEST

Suite *test_cli_completion_suite(void)
{
    Suite *suite = suite_create("cli_completion");
    TCase *tcase = tcase_create("files");
    tcase_add_loop_test(tcase, completions_and_manual_know_every_command_and_option, 0,
                        sizeof help_files / sizeof *help_files);
    tcase_add_test(tcase, bash_offers_no_files_where_a_value_is_none);
    tcase_add_test(tcase, version_names_itself_and_the_behaviour);
    suite_add_tcase(suite, tcase);
    return suite;
}
