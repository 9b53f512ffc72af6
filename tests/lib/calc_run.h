/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs one calculator over a text in memory, for tests.
 */
#ifndef WEIR_TESTS_LIB_CALC_RUN_H
#define WEIR_TESTS_LIB_CALC_RUN_H

#include <stddef.h>

/* The exit code; what was answered (not what was complained of) is put into output. */
int calc_run(const char *name, const char *input, char *output, size_t size);

/* One line, this one. */
void calc_answers(const char *name, const char *input, const char *expected);
/* An error that holds the text. */
void calc_refuses(const char *name, const char *input, const char *text);

#endif
