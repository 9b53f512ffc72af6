/* SPDX-License-Identifier: Apache-2.0
 *
 * Subtasks of a vertex that are about equally loaded, together. In: the load of each, first all to
 * see the most, then all again to add them up. Out: bands of a factor of the square root of two,
 * from the busiest subtask down, those that read a backlog in one of their own.
 */
#ifndef WEIR_SIM_MODEL_BANDS_H
#define WEIR_SIM_MODEL_BANDS_H

#include <stdbool.h>

#include "core/base/vec.h"

/* Of one subtask, or of as many as there are hosts of its kind. */
struct task_load {
    double weight;  /* its part of the vertex's records */
    double busy;    /* of one: its work per record of the vertex, seconds */
    double service; /* its work per record of its own */
    double slowdown, swing;
    bool behind; /* it reads a backlog */
};

struct load_band {
    double weight;                   /* of the vertex's records, those that go to them */
    double busy;                     /* of one of them, seconds per record of the vertex */
    double service, slowdown, swing; /* means over their records; see contention.h */
    bool behind;                     /* they read a backlog */
};

struct load_bands {
    VEC(struct load_band) items;
};

enum { BANDS = 16 };

/* A zeroed one is empty. */
struct band_sums {
    double most;                       /* busy seconds, of all loads seen */
    double limits[BANDS - 1];          /* a load is in the first band whose limit it exceeds */
    struct load_band bands[BANDS + 1]; /* sums over records; the last one: behind */
};

void bands_see(struct band_sums *sums, const struct task_load *load);
/* Between the two. */
void bands_split(struct band_sums *sums);
void bands_add(struct band_sums *sums, const struct task_load *load);
/* Appends those that records go to. */
void bands_push(const struct band_sums *sums, struct load_bands *bands);

#endif
