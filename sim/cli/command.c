/* SPDX-License-Identifier: Apache-2.0
 *
 * Command lines through getopt_long, and help from the tables.
 */
#include "sim/cli/command.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

enum {
    OPTIONS_MAX = 32,
    USAGE_SIZE = 160,
    HELP_COLUMN_MIN = 22,
    HELP_GAP = 2,
    HELP_LEFT_SIZE = 80
};

void parsed_fini(struct parsed *parsed)
{
    vec_fini(&parsed->options);
    vec_fini(&parsed->arguments);
}

const char *parsed_value(const struct parsed *parsed, const char *name)
{
    for (size_t i = parsed->options.count; i-- > 0;)
        if (text_equal(parsed->options.items[i].name, name))
            return parsed->options.items[i].value;
    return NULL;
}

bool parsed_has(const struct parsed *parsed, const char *name)
{
    for (VEC_EACH(const struct parsed_option, option, &parsed->options))
        if (text_equal(option->name, name))
            return true;
    return false;
}

int command_complain(const struct command *command, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fprintf(stderr, "weir %s: ", command->name);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
    return EXIT_INPUT;
}

int command_fail(const struct command *command, struct err e, const struct note *note)
{
    fprintf(stderr, "weir %s: %s\n", command->name, note->text[0] ? note->text : err_text(e));
    return err_category(e) == ERR_INTERNAL ? EXIT_FAULT : EXIT_INPUT;
}

int command_finish(const struct command *command, int code)
{
    if (fflush(stdout) != 0 || ferror(stdout))
        return command_complain(command, "standard output cannot be written");
    return code;
}

static int complain_option(const struct command *command, const char *given)
{
    bool is_long = strncmp(given, "--", 2) == 0;
    const char *names[OPTIONS_MAX], *dashes = is_long ? "--" : "-";
    char word[64];
    size_t length = 0;
    given += strlen(dashes);
    while (given[length] && given[length] != '=')
        length++;
    text_format(word, sizeof word, "%.*s", (int)length, given);
    for (size_t i = 0; i < command->option_count; i++)
        names[i] = command->options[i].name;
    names[command->option_count] = "help";
    for (size_t i = 0; is_long && i <= command->option_count; i++)
        if (text_equal(names[i], word))
            return command_complain(command, "--%s takes no value", word);
    const char *nearest = text_nearest(word, names, command->option_count + 1);
    if (nearest)
        return command_complain(command, "no option %s%s; did you mean --%s?", dashes, word,
                                nearest);
    return command_complain(command, "no option %s%s; see weir %s --help", dashes, word,
                            command->name);
}

/* The word that getopt complains of. Behind "--" it is done with it; else it stays at the word up
 * to its last letter. */
static const char *typed_option(char **argv, int before)
{
    const char *last = argv[optind - 1];
    if (before < optind && last[0] == '-' && (last[1] == '-' || last[2] == '\0'))
        return last;
    return argv[optind];
}

static void fill_options(const struct command *command, struct option *out)
{
    CHECK(command->option_count + 2 < OPTIONS_MAX);
    for (size_t i = 0; i < command->option_count; i++)
        out[i] = (struct option){ command->options[i].name,
                                  command->options[i].argument ? required_argument : no_argument,
                                  NULL, (int)i + 1 };
    out[command->option_count] = (struct option){ "help", no_argument, NULL, 'h' };
    out[command->option_count + 1] = (struct option){ 0 };
}

/* Values below 'h' are places in the table. */
static bool take_options(const struct command *command, int argc, char **argv, struct parsed *out,
                         int *code)
{
    struct option options[OPTIONS_MAX];
    fill_options(command, options);
    opterr = 0;
    optind = 0; /* from the beginning, also where a command before ended within a word */
    for (;;) {
        int before = optind;
        int got = getopt_long(argc, argv, ":h", options, NULL);
        if (got == -1)
            return true;
        if (got == 'h') {
            command_print_help(command);
            *code = command_finish(command, EXIT_HELD);
            return false;
        }
        if (got == ':') {
            *code = command_complain(command, "%s wants a value", argv[optind - 1]);
            return false;
        }
        if (got == '?') {
            *code = complain_option(command, typed_option(argv, before));
            return false;
        }
        vec_push(&out->options, (struct parsed_option){ command->options[got - 1].name, optarg });
    }
}

static const char *put_usage(const struct command *command, char out[USAGE_SIZE])
{
    text_format(out, USAGE_SIZE, "usage: weir %s%s%s%s", command->name,
                command->option_count ? " [OPTION]..." : "", *command->arguments ? " " : "",
                command->arguments);
    return out;
}

bool command_parse(const struct command *command, int argc, char **argv, struct parsed *out,
                   int *code)
{
    char usage[USAGE_SIZE];
    *out = (struct parsed){ 0 };
    bool good = take_options(command, argc, argv, out, code);
    if (good) {
        for (int i = optind; i < argc; i++)
            vec_push(&out->arguments, argv[i]);
        good = out->arguments.count >= command->argument_min &&
               out->arguments.count <= command->argument_max;
        if (!good)
            *code = command_complain(command, "%s; see weir %s --help", put_usage(command, usage),
                                     command->name);
    }
    if (!good)
        parsed_fini(out);
    return good;
}

const struct command *command_named(const char *name)
{
    for (size_t i = 0; commands[i]; i++)
        if (text_equal(commands[i]->name, name))
            return commands[i];
    return NULL;
}

static size_t put_left(const struct command_option *option, char out[HELP_LEFT_SIZE])
{
    return text_format(out, HELP_LEFT_SIZE, "  --%s%s%s", option->name, option->argument ? " " : "",
                       option->argument ? option->argument : "");
}

void command_print_help(const struct command *command)
{
    char usage[USAGE_SIZE];
    size_t column = HELP_COLUMN_MIN;
    printf("%s\n\n%s\n", put_usage(command, usage), command->text);
    if (command->option_count)
        puts("\nOptions:");
    for (size_t i = 0; i < command->option_count; i++) {
        char left[HELP_LEFT_SIZE];
        size_t width = put_left(&command->options[i], left) + HELP_GAP;
        column = width > column ? width : column;
    }
    for (size_t i = 0; i < command->option_count; i++) {
        char left[HELP_LEFT_SIZE];
        put_left(&command->options[i], left);
        printf("%-*s%s\n", (int)column, left, command->options[i].help);
    }
    printf("\nExample:\n%s\n", command->example);
}
