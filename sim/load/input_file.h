/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening files that people name. In: a path. Out: a regular file open for reading, or one line
 * that says why not. A pipe or a device is refused without waiting for it: input is read to its
 * end, and perhaps twice.
 */
#ifndef WEIR_SIM_LOAD_INPUT_FILE_H
#define WEIR_SIM_LOAD_INPUT_FILE_H

#include <stdio.h>

#include "core/base/err.h"

/* The caller closes it. `size` in bytes, may be null. */
MUST_CHECK struct err input_open(const char *path, FILE **out, long long *size, struct note *note);

/* Bytes of UTF-8's byte order mark that a text begins with, which is none of it: 3 or 0. */
size_t input_mark_length(const void *text, size_t length);
/* Goes past it, at the beginning of a file that has been opened. */
void input_skip_mark(FILE *file);

#endif
