/* SPDX-License-Identifier: Apache-2.0
 *
 * Generators of load, one row each: the shapes that load testing knows by name. A generator turns
 * its parameters into a step function over the run; smooth shapes are cut into steps whose value is
 * the shape's in the middle of the step, so that the records of a step are right to second order.
 */
#ifndef WEIR_SIM_LOAD_GENERATOR_H
#define WEIR_SIM_LOAD_GENERATOR_H

#include "sim/load/field.h"
#include "sim/load/load.h"

/* The parameters of all generators; a generator's own fields say which of them it has. */
struct generator_values {
    double base, from, to, mean, amplitude, low, high, peak; /* records/s */
    double sharpness, volatility, pull;
    time_ns at, start, over, period, peak_at, length, every, rise, hold, fall, step;
    time_ns moves_for; /* how long it takes steps of `step`; 0: all the run */
};

struct generator {
    const char *name;
    const struct field *fields;
    size_t field_count, needed_count; /* the first so many fields must be given */
    /* Checks what fields cannot and fills in what was left out. */
    struct err (*finish)(const struct tree_node *node, struct generator_values *v,
                         struct note *note);
    void (*fill)(const struct generator_values *v, const struct load_context *context,
                 struct series *out);
};

extern const struct generator generators[];
extern const size_t generator_count;

MUST_CHECK struct err generator_read(const struct generator *generator,
                                     const struct tree_node *node,
                                     const struct load_context *context, struct series *out,
                                     struct note *note);

#endif
