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

#endif
