/* SPDX-License-Identifier: Apache-2.0
 *
 * The list of commands. A command is one file command_<name>.c and one line here, in the
 * completions and in the manual page.
 */
#include "sim/cli/command.h"

const struct command *const commands[] = { &command_run,  &command_test,    &command_compare,
                                           &command_plot, &command_report,  &command_explain,
                                           &command_calc, &command_version, &command_help,
                                           NULL };
