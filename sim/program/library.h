/* SPDX-License-Identifier: Apache-2.0
 *
 * Finding a program: a shared object that defines weir_main. By path, or by name among those that
 * are installed with weir.
 */
#ifndef WEIR_SIM_PROGRAM_LIBRARY_H
#define WEIR_SIM_PROGRAM_LIBRARY_H

#include "core/api/weir.h"
#include "core/base/err.h"

/* The binary that runs is a program itself, by the name of `self`. */
void library_set_self(weir_program *program, weir_expectation *expected);

/* `name` with a slash is a file, relative to `directory` (null or empty: the current one). Refused:
 * no such file, one that cannot be loaded, one without weir_main, or built with another WEIR_ABI.
 * It stays loaded: jobs hold pointers into it. expected: null where it has none. */
MUST_CHECK struct err library_open(const char *directory, const char *name, weir_program **out,
                                   weir_expectation **expected, struct note *note);

#endif
