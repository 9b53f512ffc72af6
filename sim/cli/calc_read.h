/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading the fields of a calculator's input: kind, range, unknown names. In: JSON. Out: C values,
 * or one line that names the field. A field that is null counts as absent.
 */
#ifndef WEIR_SIM_CLI_CALC_READ_H
#define WEIR_SIM_CLI_CALC_READ_H

#include <jansson.h>

#include "core/base/time.h"
#include "sim/cli/calc.h"

enum {
    CALC_QUOTE_SIZE = 96,
    CALC_STEPS_MAX = 1000000,
};
#define CALC_TIME_MS_MAX 1000000000000 /* 31 years, for one length and for their sum */

/* A word of the input as an error may show it: printable ASCII, cut where it is long. */
struct calc_quoted {
    char text[CALC_QUOTE_SIZE];
};
struct calc_quoted calc_quote(const char *word);

/* Refuses anything but an object, and fields not in the list, naming the nearest. */
MUST_CHECK struct err calc_check_fields(json_t *in, const struct calc_field *fields, size_t count,
                                        struct note *note);

bool calc_has(const json_t *in, const char *name);

/* Each reads a field of the object `in`, and leaves *out alone when it is absent: the default. */
MUST_CHECK struct err calc_read_integer(const json_t *in, const char *name, int64_t least,
                                        int64_t most, int64_t *out, struct note *note);
/* Milliseconds, from 0 on. */
MUST_CHECK struct err calc_read_ms(const json_t *in, const char *name, time_ns *out,
                                   struct note *note);
/* A number with or without fraction, in ppm, rounded to the nearest. */
struct calc_range {
    int64_t least_ppm, most_ppm;
    const char *expected; /* the same for a person: "from 0 to 1" */
};
MUST_CHECK struct err calc_read_ppm(const json_t *in, const char *name,
                                    const struct calc_range *range, int64_t *out,
                                    struct note *note);
MUST_CHECK struct err calc_read_flag(const json_t *in, const char *name, bool *out,
                                     struct note *note);
MUST_CHECK struct err calc_read_text(const json_t *in, const char *name, const char **out,
                                     struct note *note);
/* One of the words; *out is its place. */
MUST_CHECK struct err calc_read_choice(const json_t *in, const char *name, const char *const *words,
                                       size_t count, size_t *out, struct note *note);
MUST_CHECK struct err calc_read_array(const json_t *in, const char *name, size_t most, json_t **out,
                                      struct note *note);
MUST_CHECK struct err calc_read_object(const json_t *in, const char *name, json_t **out,
                                       struct note *note);

/* The same for fields that must be there. */
MUST_CHECK struct err calc_need(const json_t *in, const char *name, struct note *note);

/* A value that is not a field: an element of an array. `what` names it in the error. */
MUST_CHECK struct err calc_integer_value(const json_t *value, const char *what, int64_t least,
                                         int64_t most, int64_t *out, struct note *note);
MUST_CHECK struct err calc_choice_value(const json_t *value, const char *what,
                                        const char *const *words, size_t count, size_t *out,
                                        struct note *note);

#endif
