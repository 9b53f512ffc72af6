/* SPDX-License-Identifier: Apache-2.0
 *
 * For tests of sim/load: scenarios from text, the complaint about a broken one, and files in a
 * folder of their own that goes when the test ends.
 */
#ifndef WEIR_TESTS_LIB_LOAD_FIXTURE_H
#define WEIR_TESTS_LIB_LOAD_FIXTURE_H

#include "sim/load/scenario.h"

/* A scenario that must load; the caller destroys it. The file is called t.yaml in messages. */
struct scenario *load_fixture_scenario(const char *yaml);
/* The same with a variant and one --set, each may be null. */
struct scenario *load_fixture_variant(const char *yaml, const char *variant, const char *key,
                                      const char *value);

/* What is said about a scenario that must not load; lives until the next call. */
const char *load_fixture_complaint(const char *yaml);
const char *load_fixture_set_complaint(const char *yaml, const char *key, const char *value);

/* Writes a file into a folder of the test's own and gives back its path; both go at exit. */
const char *load_fixture_file(const char *name, const char *text);

/* name, duration, one job "j" with a source and a keyed count: the first 7 lines of many tests. */
#define LOAD_FIXTURE_BASE                                                                          \
    "name: t\n"                                                                                    \
    "duration: 1h\n"                                                                               \
    "jobs:\n"                                                                                      \
    "  - name: j\n"                                                                                \
    "    vertices: [ { name: source }, { name: count, keys: 10 } ]\n"                              \
    "    edges: [ source -> count: hash ]\n"                                                       \
    "    load: 500/s\n"

#endif
