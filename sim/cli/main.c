/* SPDX-License-Identifier: Apache-2.0
 *
 * The `weir` command: finds the command named first and hands it the rest. Exit codes: 0 all held,
 * 1 an expectation failed, 2 bad input or usage, 3 a fault of Weir itself, 130 or 143
 * interrupted (interrupt.h).
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/text.h"
#include "sim/cli/command.h"

/* A failed check ends in abort(); its last words have been said by then. */
static void on_abort(int number)
{
    (void)number;
    _exit(EXIT_FAULT);
}

static int run_command(const char *name, int argc, char **argv)
{
    const struct command *command = command_named(name);
    if (command)
        return command->run(command, argc, argv);
    char *help[] = { argv[0], (char *)name, NULL };
    return command_help.run(&command_help, 2, help);
}

int main(int argc, char **argv)
{
    signal(SIGABRT, on_abort);
    signal(SIGXFSZ, SIG_IGN); /* a file over the limit is an error of its write */
    const char *name = argc > 1 ? argv[1] : "";
    if (argc < 2) {
        char *help[] = { argv[0], NULL };
        command_help.run(&command_help, 1, help);
        return EXIT_INPUT;
    }
    if (text_equal(name, "--help") || text_equal(name, "-h"))
        name = "help";
    else if (text_equal(name, "--version") || text_equal(name, "-V"))
        name = "version";
    return run_command(name, argc - 1, argv + 1);
}
