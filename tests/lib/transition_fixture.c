/* SPDX-License-Identifier: Apache-2.0
 *
 * The fixture of the transition manager's tests; the invariant is checked after every call.
 */
#include "tests/lib/transition_fixture.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

static bool has_sufficient(const void *owner)
{
    return ((const struct transition_fixture *)owner)->resources >= RESOURCES_SUFFICIENT;
}

static bool has_desired(const void *owner)
{
    return ((const struct transition_fixture *)owner)->resources == RESOURCES_DESIRED;
}

void transition_fixture_init(struct transition_fixture *fixture,
                             const struct transition_settings *settings)
{
    *fixture = (struct transition_fixture){ .resources = RESOURCES_NONE };
    effects_init(&fixture->effects, LOG_DECISION);
    struct transition_view view = { has_sufficient, has_desired, fixture };
    transition_manager_init(&fixture->manager, settings, &view, (struct job_id){ 5 }, 0);
}

void transition_fixture_fini(struct transition_fixture *fixture)
{
    effects_fini(&fixture->effects);
}

/* Takes the log of the last call as "ms from>to" or "ms what", lines ending in ;. */
static void note_outcome(struct transition_fixture *fixture, struct transition_outcome outcome)
{
    fixture->transitions += outcome.transition;
    fixture->desired += outcome.desired;
    fixture->requests += outcome.request_checkpoint;
    ck_assert(outcome.transition || !outcome.desired);
    for (VEC_EACH(struct effect, effect, &fixture->effects.list)) {
        ck_assert_int_eq(effect->kind, EFFECT_LOG);
        const struct log_line *line = &effect->log;
        ck_assert_str_eq(line->machine, "transition manager");
        ck_assert_uint_eq(line->subject, LOG_OF_JOB);
        ck_assert_uint_eq(line->job.n, 5);
        size_t length = strlen(fixture->log);
        bool is_move = strcmp(line->what, "move") == 0;
        snprintf(fixture->log + length, sizeof fixture->log - length, "%lld %s%s%s;",
                 (long long)(fixture->effects.now / TIME_MS), is_move ? line->from : line->what,
                 is_move ? ">" : "", is_move ? line->to : "");
    }
    transition_manager_check(&fixture->manager);
}

void transition_fixture_fire(struct transition_fixture *fixture)
{
    effects_begin(&fixture->effects, transition_manager_deadline(&fixture->manager));
    note_outcome(fixture, transition_manager_on_time(&fixture->manager, &fixture->effects));
}

void transition_fixture_advance_to(struct transition_fixture *fixture, time_ns now)
{
    while (transition_manager_deadline(&fixture->manager) <= now)
        transition_fixture_fire(fixture);
    effects_begin(&fixture->effects, now);
}

void transition_fixture_change(struct transition_fixture *fixture)
{
    effects_begin(&fixture->effects, fixture->effects.now);
    note_outcome(fixture, transition_manager_on_change(&fixture->manager, &fixture->effects));
}

void transition_fixture_trigger(struct transition_fixture *fixture)
{
    effects_begin(&fixture->effects, fixture->effects.now);
    note_outcome(fixture, transition_manager_on_trigger(&fixture->manager, &fixture->effects));
}
