/* SPDX-License-Identifier: Apache-2.0
 *
 * A run of a scenario told in the words of the recordings (tests/lib/recording.h). In: a scenario
 * file and the name of the origin. Out: labelled events, states and facts, all from one run with
 * its invariants checked.
 */
#ifndef WEIR_TESTS_LIB_RETELLING_H
#define WEIR_TESTS_LIB_RETELLING_H

#include "core/base/time.h"
#include "tests/lib/recording.h"

struct retold_event {
    time_ns at;
    char *label; /* without a number */
};

struct retelling {
    VEC(struct retold_event) events;                 /* in order */
    size_t origin;                                   /* its place in them */
    struct name_list states[RECORDED_MACHINE_COUNT]; /* from the origin on, static names */
    struct id_list restored;                         /* over all of the run */
    struct name_list causes; /* classes of exceptions, each once; destroyed with the retelling */
    int64_t restarts;        /* after the origin */
    double replayed;         /* records read again, per source subtask */
};

/* Stops the program when the scenario cannot be read or the origin never comes. */
void retelling_run(struct retelling *retelling, const char *scenario, const char *origin);
void retelling_fini(struct retelling *retelling);

/* Seconds after the origin of an event by its label: "X #2" is the second X from the origin on,
 * "X #-1" the last before it; an X without a number is the first from the origin on, or, with
 * `before`, the last before it. '*' stands for any letters. False: it did not happen. */
bool retelling_time(const struct retelling *retelling, const char *label, bool before, double *out);

#endif
