/* SPDX-License-Identifier: Apache-2.0
 *
 * A transition manager with its owner, for tests: resources are what the test says, outcomes are
 * counted, and the log is kept as "ms from>to;" and "ms fact;".
 */
#ifndef WEIR_TESTS_LIB_TRANSITION_FIXTURE_H
#define WEIR_TESTS_LIB_TRANSITION_FIXTURE_H

#include "core/rescale/transition_manager.h"

enum resources { RESOURCES_NONE, RESOURCES_SUFFICIENT, RESOURCES_DESIRED, RESOURCES_COUNT };

struct transition_fixture {
    struct transition_manager manager;
    struct effects effects; /* effects.now is the time of the fixture */
    enum resources resources;
    int transitions, desired, requests;
    char log[2048];
};

void transition_fixture_init(struct transition_fixture *fixture,
                             const struct transition_settings *settings);
void transition_fixture_fini(struct transition_fixture *fixture);
/* Each at the fixture's time. */
void transition_fixture_change(struct transition_fixture *fixture);
void transition_fixture_trigger(struct transition_fixture *fixture);
/* Fires the next timer, at its time. */
void transition_fixture_fire(struct transition_fixture *fixture);
/* Fires every timer due until then, each at its time, and stays there. */
void transition_fixture_advance_to(struct transition_fixture *fixture, time_ns now);

#endif
