/* SPDX-License-Identifier: Apache-2.0
 *
 * Whole commands in a folder of their own. In: files, and command lines as one types them. Out: the
 * exit code, what was said, and the files that are left.
 */
#ifndef WEIR_TESTS_LIB_COMMAND_LINE_H
#define WEIR_TESTS_LIB_COMMAND_LINE_H

#include "core/api/weir.h"

enum { CLI_TEXT_SIZE = 1 << 16 };

/* The folder is made, and removed with all that is in it. */
void cli_begin(void);
void cli_end(void);
const char *cli_folder(void);
void cli_put_file(const char *name, const char *text);
void cli_make_folder(const char *name);
const char *cli_get_file(const char *name); /* null: there is none; holds until the next call */

/* Runs a command line; @ stands for the folder. What it said holds until the next one. */
int cli_weir(const char *line);
/* The same of a program that is a binary of its own; its name comes first. */
int cli_program(weir_program *program, const char *line);
const char *cli_out(void);
const char *cli_errors(void);

#endif
