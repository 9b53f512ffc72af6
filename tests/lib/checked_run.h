/* SPDX-License-Identifier: Apache-2.0
 *
 * A run of two jobs, a and b, that a test makes up, watched by all checkers. In: views, lines. Out:
 * a failed test where the checkers found something else than they should.
 */
#ifndef WEIR_TESTS_LIB_CHECKED_RUN_H
#define WEIR_TESTS_LIB_CHECKED_RUN_H

#include "sim/check/checker.h"
#include "tests/lib/recorded_run.h"

struct checked_run {
    struct recorded_run recorded;
    struct checkers checkers;
};

void checked_begin(struct checked_run *checked);
void checked_end(struct checked_run *checked);

/* A line of the JobManager, for the checkers; and a sample, for them and the recorder. */
void checked_line(struct checked_run *checked, time_ns at, struct log_line what);
void checked_look(struct checked_run *checked, time_ns at);

/* No invariant is broken. */
void checked_must_hold(const struct checked_run *checked);
/* Only this one is, and this is said about it. */
void checked_must_break(const struct checked_run *checked, const char *invariant,
                        const char *words);

#endif
