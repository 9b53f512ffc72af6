/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the transition manager's phase table: every cell, legal and illegal.
 */
#include <check.h>
#include <signal.h>
#include <string.h>

#include "tests/lib/transition_fixture.h"

enum cell_event { CHANGE, TRIGGER, TIMER_END, TIMER_CHECK, CELL_EVENT_COUNT };

/* The phases, the two that keep something twice: with and without it. */
enum situation {
    IN_COOLDOWN,            /* nothing remembered */
    IN_COOLDOWN_REMEMBERED, /* a change was seen */
    IN_IDLING,
    IN_STABILIZING,         /* the check of the entry is pending */
    IN_STABILIZING_CHECKED, /* no check is pending */
    IN_STABILIZED,
    IN_TRANSITIONING,
    SITUATION_COUNT
};

static const struct transition_settings table_settings = {
    .cooldown = 30 * TIME_S,
    .stabilization = 60 * TIME_S,
    .max_delay = 20 * TIME_S,
    .active_checkpoint = true,
};

static void bring_into(struct transition_fixture *fixture, enum situation situation)
{
    transition_fixture_init(fixture, &table_settings);
    if (situation == IN_COOLDOWN)
        return;
    fixture->resources = RESOURCES_SUFFICIENT;
    if (situation == IN_COOLDOWN_REMEMBERED) {
        effects_begin(&fixture->effects, 10 * TIME_S);
        transition_fixture_change(fixture);
        return;
    }
    transition_fixture_advance_to(fixture, 100 * TIME_S); /* Idling */
    if (situation == IN_IDLING)
        return;
    transition_fixture_change(
        fixture); /* t0 = 100 s: check at 120, Stabilized at 160, overdue max delay */
    if (situation == IN_STABILIZING)
        return;
    transition_fixture_advance_to(fixture, 130 * TIME_S);
    if (situation == IN_STABILIZING_CHECKED)
        return;
    transition_fixture_fire(fixture);
    if (situation == IN_TRANSITIONING)
        transition_fixture_trigger(fixture);
}

struct cell_row {
    enum situation situation;
    enum cell_event event;
    /* by resources: the phase afterwards, '-' = the event is impossible here. C Cooldown, I Idling,
     * S Stabilizing, s Stabilized, T Transitioning for desired, t for sufficient */
    const char *to;
    const char *requests; /* by resources: is a checkpoint wished for */
};

static const struct cell_row cells[] = {
    { IN_COOLDOWN, CHANGE, "CCC", "000" },
    { IN_COOLDOWN, TRIGGER, "CCC", "000" },
    { IN_COOLDOWN, TIMER_END, "III", "000" },
    { IN_COOLDOWN, TIMER_CHECK, "---", "000" },
    { IN_COOLDOWN_REMEMBERED, CHANGE, "CCC", "000" },
    { IN_COOLDOWN_REMEMBERED, TRIGGER, "CCC", "000" },
    { IN_COOLDOWN_REMEMBERED, TIMER_END, "SSS", "111" },
    { IN_COOLDOWN_REMEMBERED, TIMER_CHECK, "---", "000" },
    { IN_IDLING, CHANGE, "ISS", "011" },
    { IN_IDLING, TRIGGER, "III", "000" },
    { IN_IDLING, TIMER_END, "---", "000" },
    { IN_IDLING, TIMER_CHECK, "---", "000" },
    { IN_STABILIZING, CHANGE, "SSS", "111" },
    { IN_STABILIZING, TRIGGER, "SST", "000" },
    { IN_STABILIZING, TIMER_END, "sss", "111" },
    { IN_STABILIZING, TIMER_CHECK, "SST", "000" },
    { IN_STABILIZING_CHECKED, CHANGE, "SSS", "111" },
    { IN_STABILIZING_CHECKED, TRIGGER, "SST", "000" },
    { IN_STABILIZING_CHECKED, TIMER_END, "sss", "111" },
    { IN_STABILIZING_CHECKED, TIMER_CHECK, "---", "000" },
    { IN_STABILIZED, CHANGE, "sss", "000" },
    { IN_STABILIZED, TRIGGER, "Itt", "000" },
    { IN_STABILIZED, TIMER_END, "Itt", "000" },
    { IN_STABILIZED, TIMER_CHECK, "---", "000" },
    { IN_TRANSITIONING, CHANGE, "TTT", "000" },
    { IN_TRANSITIONING, TRIGGER, "TTT", "000" },
    { IN_TRANSITIONING, TIMER_END, "---", "000" },
    { IN_TRANSITIONING, TIMER_CHECK, "---", "000" },
};

static enum phase phase_of(char letter)
{
    switch (letter) {
    case 'C': return PHASE_COOLDOWN;
    case 'I': return PHASE_IDLING;
    case 'S': return PHASE_STABILIZING;
    case 's': return PHASE_STABILIZED;
    default: return PHASE_TRANSITIONING;
    }
}

/* The check comes before the end here; moved behind it for the cells of the end. */
static void fire_timer(struct transition_fixture *fixture, enum cell_event event)
{
    struct transition_manager *manager = &fixture->manager;
    if (event == TIMER_END && manager->desired_check < manager->phase_end)
        manager->desired_check = manager->phase_end;
    transition_fixture_fire(fixture);
}

static bool is_possible(const struct transition_manager *manager, enum cell_event event)
{
    switch (event) {
    case TIMER_END: return manager->phase_end != TIME_NEVER;
    case TIMER_CHECK: return manager->desired_check != TIME_NEVER;
    case CHANGE:
    case TRIGGER:
    case CELL_EVENT_COUNT: break;
    }
    return true;
}

static void check_cell(const struct cell_row *cell, enum resources resources)
{
    struct transition_fixture fixture;
    bring_into(&fixture, cell->situation);
    fixture.transitions = fixture.desired = fixture.requests = 0;
    fixture.resources = resources;
    char to = cell->to[resources];
    ck_assert_int_eq(is_possible(&fixture.manager, cell->event), to != '-');
    if (cell->event == CHANGE)
        transition_fixture_change(&fixture);
    else if (cell->event == TRIGGER)
        transition_fixture_trigger(&fixture);
    else if (to != '-')
        fire_timer(&fixture, cell->event);
    bool moved_on =
        cell->situation != IN_TRANSITIONING && fixture.manager.phase == PHASE_TRANSITIONING;
    if (to != '-')
        ck_assert_int_eq(fixture.manager.phase, phase_of(to));
    ck_assert_int_eq(fixture.requests, cell->requests[resources] - '0');
    ck_assert_int_eq(fixture.transitions, moved_on);
    ck_assert_int_eq(fixture.desired, moved_on && to == 'T');
    transition_fixture_fini(&fixture);
}

/* A2: phase x event x resources. An event with '-' has no timer that could bring it. */
START_TEST(transition_manager_has_every_cell_of_its_table)
{
    ck_assert_uint_eq(sizeof cells / sizeof *cells, SITUATION_COUNT * CELL_EVENT_COUNT);
    const struct cell_row *cell = &cells[_i];
    ck_assert_uint_eq((size_t)_i, cell->situation * CELL_EVENT_COUNT + cell->event);
    for (int r = 0; r < RESOURCES_COUNT; r++)
        check_cell(cell, (enum resources)r);
}
END_TEST

/* The moves of the table and no other: 5 x 5 cells. */
START_TEST(transition_phases_allow_the_moves_of_flinks_picture)
{
    static const char *const allowed[PHASE_COUNT] = { "01100", "00100", "00011", "01001", "00000" };
    for (unsigned from = 0; from < PHASE_COUNT; from++)
        for (unsigned to = 0; to < PHASE_COUNT; to++)
            ck_assert_int_eq(state_can_move(&transition_phases, from, to),
                             allowed[from][to] == '1');
    ck_assert(state_is_final(&transition_phases, PHASE_TRANSITIONING));
}
END_TEST

/* Rejected means unchanged: what a phase ignores leaves the hash as it was. */
START_TEST(transition_manager_is_unchanged_by_what_it_ignores)
{
    static const struct {
        enum situation situation;
        bool is_change;
    } ignored[] = { { IN_COOLDOWN, true },
                    { IN_COOLDOWN, false },
                    { IN_COOLDOWN_REMEMBERED, true },
                    { IN_COOLDOWN_REMEMBERED, false },
                    { IN_IDLING, true },
                    { IN_IDLING, false },
                    { IN_STABILIZED, true },
                    { IN_TRANSITIONING, true },
                    { IN_TRANSITIONING, false } };
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) {
        struct transition_fixture fixture;
        bring_into(&fixture, ignored[i].situation);
        fixture.resources = RESOURCES_NONE;
        uint64_t hash = transition_manager_hash(&fixture.manager);
        size_t length = strlen(fixture.log);
        if (ignored[i].is_change)
            transition_fixture_change(&fixture);
        else
            transition_fixture_trigger(&fixture);
        ck_assert_uint_eq(transition_manager_hash(&fixture.manager), hash);
        ck_assert_uint_eq(strlen(fixture.log), length);
        transition_fixture_fini(&fixture);
    }
}
END_TEST

START_TEST(transition_manager_cannot_be_woken_before_its_deadline)
{
    struct transition_fixture fixture;
    bring_into(&fixture, IN_STABILIZING);
    effects_begin(&fixture.effects, fixture.manager.desired_check - 1);
    transition_manager_on_time(&fixture.manager, &fixture.effects);
}
END_TEST

START_TEST(transition_manager_cannot_be_woken_in_idling)
{
    struct transition_fixture fixture;
    bring_into(&fixture, IN_IDLING);
    effects_begin(&fixture.effects, TIME_NEVER - 1);
    transition_manager_on_time(&fixture.manager, &fixture.effects);
}
END_TEST

START_TEST(transition_manager_cannot_be_woken_in_transitioning)
{
    struct transition_fixture fixture;
    bring_into(&fixture, IN_TRANSITIONING);
    effects_begin(&fixture.effects, TIME_NEVER - 1);
    transition_manager_on_time(&fixture.manager, &fixture.effects);
}
END_TEST

START_TEST(transition_manager_refuses_a_negative_length)
{
    struct transition_fixture fixture;
    transition_fixture_init(&fixture, &(struct transition_settings){ .max_delay = -1 });
}
END_TEST

static TCase *table_cases(void)
{
    TCase *tcase = tcase_create("phase table");
    tcase_add_loop_test(tcase, transition_manager_has_every_cell_of_its_table, 0,
                        sizeof cells / sizeof *cells);
    tcase_add_test(tcase, transition_phases_allow_the_moves_of_flinks_picture);
    tcase_add_test(tcase, transition_manager_is_unchanged_by_what_it_ignores);
    tcase_add_test_raise_signal(tcase, transition_manager_cannot_be_woken_before_its_deadline,
                                SIGABRT);
    tcase_add_test_raise_signal(tcase, transition_manager_cannot_be_woken_in_idling, SIGABRT);
    tcase_add_test_raise_signal(tcase, transition_manager_cannot_be_woken_in_transitioning,
                                SIGABRT);
    tcase_add_test_raise_signal(tcase, transition_manager_refuses_a_negative_length, SIGABRT);
    return tcase;
}

Suite *test_rescale_phases_suite(void);
Suite *test_rescale_phases_suite(void)
{
    Suite *suite = suite_create("rescale_phases");
    suite_add_tcase(suite, table_cases());
    return suite;
}
