/* SPDX-License-Identifier: Apache-2.0
 *
 * Small runs of the exact world, stepped by hand, with a reference for what must come out. In: a
 * scenario as text. Out: what the state of its keyed vertex stands for at the end.
 */
#ifndef WEIR_TESTS_LIB_EXACT_RUN_H
#define WEIR_TESTS_LIB_EXACT_RUN_H

#include "sim/exact/exact.h"
#include "sim/run/simulation.h"

struct exact_run {
    struct scenario *scenario;
    struct simulation *simulation;
    struct exact *exact;
    struct outputs outputs; /* of sinks of programs */
    uint32_t finished;      /* jobs that have */
    uint32_t ended;         /* these, and those that ended otherwise */
    bool last_failed;       /* of the job that was the last to end */
};

/* Stops the program with a word when the text does not load, or asks for too much. */
void exact_run_init(struct exact_run *run, const char *yaml);
void exact_run_fini(struct exact_run *run);
void exact_run_to_end(struct exact_run *run);
struct virtual_cluster *exact_run_cluster(struct exact_run *run);
/* Fails the test, with the word, when something is wrong. */
void exact_run_must_hold(struct exact_run *run, const char *word);
/* The same of the scenario's expectations of outputs; there must be one. */
void exact_run_must_write(struct exact_run *run, const char *word);

#endif
