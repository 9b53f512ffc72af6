/* SPDX-License-Identifier: Apache-2.0
 *
 * Commands of `weir` as rows of a table, and their command lines. In: argv. Out: options and
 * arguments in their order, or a complaint of one line that names the nearest known word. Every
 * command understands --help, whose text is made of its row.
 */
#ifndef WEIR_SIM_CLI_COMMAND_H
#define WEIR_SIM_CLI_COMMAND_H

#include "core/base/err.h"
#include "core/base/vec.h"

/* Exit codes of the command. */
enum {
    EXIT_HELD = 0,   /* all went well */
    EXIT_FAILED = 1, /* an expectation did not hold */
    EXIT_INPUT = 2,  /* bad input or usage, or output that cannot be written */
    EXIT_FAULT = 3,  /* a fault of Weir itself */
    /* interrupt_exit_code: what was left behind is complete, but shorter */
};

struct command_option {
    const char *name;     /* without dashes */
    const char *argument; /* N, DIR, ...; null: takes none */
    const char *help;
};

struct command {
    const char *name;
    const char *arguments; /* "SCENARIO", "PATH..." */
    const char *summary;   /* one line for the list */
    const char *text;      /* a paragraph or two for --help */
    const char *example;   /* lines that work */
    const struct command_option *options;
    size_t option_count;
    size_t argument_min, argument_max; /* of them */
    int (*run)(const struct command *command, int argc, char **argv);
};

/* All commands, in the order of the help; ends with null. */
extern const struct command *const commands[];
const struct command *command_named(const char *name);

struct parsed_option {
    const char *name, *value; /* value null: takes none */
};

struct parsed {
    VEC(struct parsed_option) options;
    VEC(const char *) arguments;
};

void parsed_fini(struct parsed *parsed);
/* False: *code is the exit code, everything has been said. */
bool command_parse(const struct command *command, int argc, char **argv, struct parsed *out,
                   int *code);
/* The last one of that name; null: not given. */
const char *parsed_value(const struct parsed *parsed, const char *name);
bool parsed_has(const struct parsed *parsed, const char *name);

void command_print_help(const struct command *command);
/* "weir run: TEXT" on stderr; the exit code for bad input. */
int command_complain(const struct command *command, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The exit code of an error: 2, or 3 for faults of our own; its note has been printed. */
int command_fail(const struct command *command, struct err e, const struct note *note);
/* The code, unless standard output could not be written. */
int command_finish(const struct command *command, int code);

extern const struct command command_run, command_test, command_compare, command_plot,
    command_report, command_explain, command_calc, command_version, command_help;

#endif
