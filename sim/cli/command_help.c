/* SPDX-License-Identifier: Apache-2.0
 *
 * `weir version`, `weir help`, and the entry of `weir calc` in the list of commands.
 */
#include <gnu/libc-version.h>
#include <jansson.h>
#include <libxml/xmlversion.h>
#include <stdio.h>

#include "core/base/text.h"
#include "sim/cli/calc.h"
#include "sim/cli/command.h"
#include "sim/load/configuration_doc.h"
#include "sim/report/metrics.h"

static int complain_command(const char *name)
{
    const char *names[16];
    size_t count = 0;
    for (; commands[count]; count++)
        names[count] = commands[count]->name;
    const char *nearest = text_nearest(name, names, count);
    fprintf(stderr, "weir: no command '%.40s'; ", name);
    if (nearest)
        fprintf(stderr, "did you mean '%s'?\n", nearest);
    else
        fputs("weir help lists them\n", stderr);
    return EXIT_INPUT;
}

static void print_list(void)
{
    puts("usage: weir COMMAND [OPTION]... [ARGUMENT]...\n\n"
         "Replays jobs of the Flink kind under load and machine churn in virtual time.\n");
    for (size_t i = 0; commands[i]; i++)
        printf("  %-9s %s\n", commands[i]->name, commands[i]->summary);
    puts("\nweir help COMMAND or weir COMMAND --help tells the options of one.");
}

static const struct command_option help_options[] = {
    { "metrics-markdown", NULL, "print the table of docs/metrics.md" },
    { "configuration-markdown", NULL, "print docs/configuration.md" },
};

static int help(const struct command *command, int argc, char **argv)
{
    struct parsed parsed;
    int code;
    if (!command_parse(command, argc, argv, &parsed, &code))
        return code;
    code = EXIT_HELD;
    if (parsed_has(&parsed, "metrics-markdown")) {
        metrics_write_markdown(stdout);
    } else if (parsed_has(&parsed, "configuration-markdown")) {
        configuration_write_markdown(stdout);
    } else if (parsed.arguments.count == 0) {
        print_list();
    } else {
        const struct command *about = command_named(parsed.arguments.items[0]);
        if (!about)
            code = complain_command(parsed.arguments.items[0]);
        else
            command_print_help(about);
    }
    parsed_fini(&parsed);
    return command_finish(command, code);
}

const struct command command_help = {
    .name = "help",
    .arguments = "[COMMAND]",
    .summary = "list the commands, or tell about one",
    .text =
        "Lists the commands with a line each; with a name, what that command does, its options\n"
        "and an example.",
    .example = "  weir help run",
    .options = help_options,
    .option_count = sizeof help_options / sizeof *help_options,
    .argument_max = 1,
    .run = help,
};

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#elif defined(__GNUC__)
#define COMPILER "gcc " __VERSION__
#else
#define COMPILER "another compiler"
#endif

#ifdef __OPTIMIZE__
#define OPTIMISED "optimised"
#else
#define OPTIMISED "not optimised"
#endif

static int version(const struct command *command, int argc, char **argv)
{
    struct parsed parsed;
    int code;
    if (!command_parse(command, argc, argv, &parsed, &code))
        return code;
    printf("weir %s\n", WEIR_VERSION);
    printf("behaviour: Apache Flink 2.3, or 2.4 by the scenario's flink-version\n");
    printf("built: %s, %s, C11\n", COMPILER, OPTIMISED);
    printf("libraries: glibc %s, jansson %s, libxml2 %s\n", gnu_get_libc_version(), JANSSON_VERSION,
           LIBXML_DOTTED_VERSION);
    parsed_fini(&parsed);
    return command_finish(command, EXIT_HELD);
}

const struct command command_version = {
    .name = "version",
    .arguments = "",
    .summary = "print the version and how it was built",
    .text = "Prints the version, the behaviour it follows, compiler and libraries.",
    .example = "  weir version",
    .run = version,
};

static int calc(const struct command *command, int argc, char **argv)
{
    (void)command;
    return calc_main(argc, argv);
}

const struct command command_calc = {
    .name = "calc",
    .arguments = "NAME < in.json",
    .summary = "answer single questions with the engine's own functions",
    .text = "Reads a JSON object, or an array of them, from standard input and answers with the\n"
            "functions the engine runs with: key groups, slot sharing, restart back-off and more.\n"
            "weir calc --list names them, weir calc NAME --help tells the fields of one.",
    .example = "  echo '{\"max_parallelism\": 128, \"parallelism\": 3}' | weir calc key-groups",
    .argument_max = 2,
    .run = calc,
};
