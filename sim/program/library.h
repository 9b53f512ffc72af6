/* SPDX-License-Identifier: Apache-2.0
 *
 * Finding a program: a shared object that defines weir_main. By path, or by name among those that
 * are installed beside the weir command.
 */
#ifndef WEIR_SIM_PROGRAM_LIBRARY_H
#define WEIR_SIM_PROGRAM_LIBRARY_H

#include "core/api/weir.h"
#include "core/base/err.h"

typedef int program_main(struct weir_env *env, int argc, char **argv);
typedef void program_expected(const char *sink, int argc, char **argv,
                              void (*line)(void *to, const char *text), void *to);

/* `name` with a slash is a file, relative to `directory` (null or empty: the current one). Refused:
 * no such file, one that cannot be loaded, or one without weir_main. It stays loaded: jobs hold
 * pointers into it. expected: null where it has none. */
MUST_CHECK struct err library_open(const char *directory, const char *name, program_main **out,
                                   program_expected **expected, struct note *note);

#endif
