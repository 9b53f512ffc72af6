/* SPDX-License-Identifier: Apache-2.0
 *
 * A made-up run that expectations are held against: a test says what happened and when, judges, and
 * reads what would be told.
 */
#ifndef WEIR_TESTS_LIB_EXPECT_FIXTURE_H
#define WEIR_TESTS_LIB_EXPECT_FIXTURE_H

#include "sim/check/expectations.h"
#include "tests/lib/fake_run.h"

struct expect_fixture {
    struct fake_run run;
    struct recorder recorder;
    struct checkers checkers;
    struct event_watch watch;
    struct check_result result; /* of the last judging */
};

void expect_fixture_init(struct expect_fixture *fixture, const char *yaml);
void expect_fixture_fini(struct expect_fixture *fixture);

/* Not all tasks of the job ran, by what happened at `fault`; TIME_NEVER: they do not again. */
void expect_fixture_down(struct expect_fixture *fixture, uint32_t job, time_ns fault, time_ns from,
                         time_ns to);
bool expect_fixture_judge(struct expect_fixture *fixture, size_t index, const struct metrics *of);

#endif
