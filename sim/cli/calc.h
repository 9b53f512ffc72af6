/* SPDX-License-Identifier: Apache-2.0
 *
 * `weir calc NAME < in.json`: single questions, answered by the functions the engine runs with. One
 * object in, one object out; an array in, an array of the same length out, where an element that
 * is wrong is answered by {"error": "..."} and the exit code is 2. An open set: a calculator is
 * one file calc_<name>.c and one line of CALCULATORS.
 */
#ifndef WEIR_SIM_CLI_CALC_H
#define WEIR_SIM_CLI_CALC_H

#include <jansson.h>
#include <stdio.h>

#include "core/base/err.h"

/* In alphabetical order. X(name) needs `const struct calc_row calc_<name>` in calc_<name>.c. */
#define CALCULATORS(X)                                                                             \
    X(checkpoint_request)                                                                          \
    X(key_groups)                                                                                  \
    X(resource_allocation)                                                                         \
    X(restart)                                                                                     \
    X(slot_sharing)                                                                                \
    X(state_mapper)                                                                                \
    X(transition)

enum {
    CALC_INPUT_MAX = 256 * 1024 * 1024, /* bytes of standard input */
    CALC_EXIT_WRONG = 2,                /* the input, or an element of it, is wrong */
};

struct calc_field {
    const char *name;
    const char *kind; /* for --help: "integer 1..32768", "[integer], optional" */
    const char *text; /* for --help: what it means and what it is when absent */
};

struct calc_row {
    const char *name;                /* key-groups */
    const char *summary;             /* one line for --list */
    const struct calc_field *fields; /* of the object; others are refused */
    size_t field_count;
    const char *answers; /* for --help: the fields of the answer */
    const char *example; /* input that works, one line */
    /* Fills `out`, an empty object, from `in`, an object with known fields only. */
    struct err (*answer)(json_t *in, json_t *out, struct note *note);
};

#define X(name) extern const struct calc_row calc_##name;
CALCULATORS(X)
#undef X

extern const struct calc_row *const calc_rows[];
extern const size_t calc_row_count;

/* argv[0] is "calc". Returns the exit code. */
int calc_main(int argc, char **argv);

/* The same for one calculator and a text in memory. Lines beginning with # before the JSON are
 * skipped, so that what --help prints is itself input. Complaints about the whole go to errors. */
int calc_answer(const struct calc_row *row, const char *text, size_t size, FILE *out, FILE *errors);

#endif
