/* SPDX-License-Identifier: Apache-2.0
 *
 * Stories of the transition manager with their exact log lines, most of them recorded from Flink
 * 2.3 with the same settings.
 */
#include <check.h>

#include "tests/lib/transition_fixture.h"

static const struct transition_settings waiting_defaults = { .stabilization = 10 * TIME_S };
static const struct transition_settings executing_defaults = { .cooldown = 30 * TIME_S,
                                                               .stabilization = TIME_MIN };

/* The owner's own change and trigger on entry, after what is due. */
static void enter(struct transition_fixture *fixture, const struct transition_settings *settings,
                  enum resources resources)
{
    transition_fixture_init(fixture, settings);
    fixture->resources = resources;
    transition_fixture_advance_to(fixture, 0);
    transition_fixture_change(fixture);
    transition_fixture_trigger(fixture);
}

/* A2: WaitingForResources = cooldown 0, max delay 0: desired means at once. */
START_TEST(waiting_goes_on_at_once_with_desired_resources)
{
    struct transition_fixture fixture;
    enter(&fixture, &waiting_defaults, RESOURCES_DESIRED);
    ck_assert_str_eq(fixture.log, "0 Cooldown>Idling;0 Idling>Stabilizing;"
                                  "0 desired resources met;0 Stabilizing>Transitioning;");
    ck_assert_int_eq(fixture.desired, 1);
    transition_fixture_fini(&fixture);
}
END_TEST

/* Recording adaptive-submit-partial-slots: 10.0 s in Stabilizing. */
START_TEST(waiting_goes_on_after_ten_seconds_with_sufficient_resources)
{
    struct transition_fixture fixture;
    enter(&fixture, &waiting_defaults, RESOURCES_NONE);
    transition_fixture_advance_to(&fixture, TIME_S);
    fixture.resources = RESOURCES_SUFFICIENT;
    transition_fixture_change(&fixture);
    transition_fixture_trigger(&fixture);
    transition_fixture_advance_to(&fixture, TIME_MIN);
    ck_assert_str_eq(fixture.log, "0 Cooldown>Idling;1000 Idling>Stabilizing;"
                                  "11000 Stabilizing>Stabilized;11000 sufficient resources met;"
                                  "11000 Stabilized>Transitioning;");
    transition_fixture_fini(&fixture);
}
END_TEST

/* Recording reactive-sigterm-tm: no stabilization, slots there on entry, never desired. */
START_TEST(waiting_in_reactive_mode_passes_all_phases_at_one_instant)
{
    static const struct transition_settings zero = { 0 };
    struct transition_fixture fixture;
    enter(&fixture, &zero, RESOURCES_SUFFICIENT);
    transition_fixture_advance_to(&fixture, 0);
    ck_assert_str_eq(fixture.log, "0 Cooldown>Idling;0 Idling>Stabilizing;"
                                  "0 Stabilizing>Stabilized;0 sufficient resources met;"
                                  "0 Stabilized>Transitioning;");
    transition_fixture_fini(&fixture);
}
END_TEST

/* Recording reactive-add-tm-defaults: slots inside the cooldown; Cooldown > Stabilizing at exactly
 * 30 s and the rescale a minute after the slots, not after the cooldown. */
START_TEST(executing_counts_from_the_first_change_inside_the_cooldown)
{
    struct transition_fixture fixture;
    enter(&fixture, &executing_defaults, RESOURCES_NONE);
    transition_fixture_advance_to(&fixture, 13 * TIME_S);
    fixture.resources = RESOURCES_SUFFICIENT;
    transition_fixture_change(&fixture);
    transition_fixture_advance_to(&fixture, 20 * TIME_S);
    transition_fixture_change(&fixture);
    transition_fixture_advance_to(&fixture, 2 * TIME_MIN);
    ck_assert_str_eq(fixture.log, "30000 Cooldown>Stabilizing;73000 Stabilizing>Stabilized;"
                                  "73000 sufficient resources met;"
                                  "73000 Stabilized>Transitioning;");
    transition_fixture_fini(&fixture);
}
END_TEST

/* A2: only a change that finds sufficient resources is remembered. */
START_TEST(executing_forgets_a_change_without_sufficient_resources)
{
    struct transition_fixture fixture;
    enter(&fixture, &executing_defaults, RESOURCES_NONE);
    transition_fixture_advance_to(&fixture, 5 * TIME_S);
    transition_fixture_change(&fixture);
    fixture.resources = RESOURCES_SUFFICIENT;
    transition_fixture_advance_to(&fixture, TIME_MIN);
    ck_assert_str_eq(fixture.log, "30000 Cooldown>Idling;");
    transition_fixture_fini(&fixture);
}
END_TEST

/* Recording adaptive-put-up-defaults: inside the cooldown and desired: at its end, no wait. */
START_TEST(executing_with_desired_resources_rescales_at_the_end_of_the_cooldown)
{
    struct transition_fixture fixture;
    enter(&fixture, &executing_defaults, RESOURCES_NONE);
    transition_fixture_advance_to(&fixture, 6 * TIME_S);
    fixture.resources = RESOURCES_DESIRED;
    transition_fixture_change(&fixture);
    transition_fixture_advance_to(&fixture, 31 * TIME_S);
    ck_assert_str_eq(fixture.log, "30000 Cooldown>Stabilizing;30000 desired resources met;"
                                  "30000 Stabilizing>Transitioning;");
    transition_fixture_fini(&fixture);
}
END_TEST

/* A2: a timer already overdue fires with delay 0; both overdue: the end of the stabilization was
 * posted first. */
START_TEST(executing_with_both_clocks_over_in_the_cooldown_goes_through_stabilized)
{
    static const struct transition_settings settings = { .cooldown = 90 * TIME_S,
                                                         .stabilization = TIME_MIN,
                                                         .max_delay = 6 * TIME_S };
    struct transition_fixture fixture;
    enter(&fixture, &settings, RESOURCES_NONE);
    transition_fixture_advance_to(&fixture, 10 * TIME_S);
    fixture.resources = RESOURCES_DESIRED;
    transition_fixture_change(&fixture);
    transition_fixture_advance_to(&fixture, 91 * TIME_S);
    ck_assert_str_eq(fixture.log, "90000 Cooldown>Stabilizing;90000 Stabilizing>Stabilized;"
                                  "90000 sufficient resources met;"
                                  "90000 Stabilized>Transitioning;");
    transition_fixture_fini(&fixture);
}
END_TEST

static const struct transition_settings checkpointed = { .cooldown = 5 * TIME_S,
                                                         .stabilization = 10 * TIME_S,
                                                         .max_delay = 12 * TIME_S };

/* Recording adaptive-put-above-available-checkpointed, runs 2 and 3: triggers while Stabilizing do
 * nothing, the first one in Stabilized rescales. */
START_TEST(executing_rescales_by_the_first_checkpoint_in_stabilized)
{
    struct transition_fixture fixture;
    enter(&fixture, &checkpointed, RESOURCES_NONE);
    transition_fixture_advance_to(&fixture, 15 * TIME_S);
    fixture.resources = RESOURCES_SUFFICIENT;
    transition_fixture_change(&fixture);
    for (int i = 0; i < 3; i++) {
        transition_fixture_advance_to(&fixture, (18 + 4 * i) * TIME_S);
        transition_fixture_trigger(&fixture);
    }
    ck_assert_str_eq(fixture.log, "5000 Cooldown>Idling;15000 Idling>Stabilizing;"
                                  "25000 Stabilizing>Stabilized;26000 sufficient resources met;"
                                  "26000 Stabilized>Transitioning;");
    transition_fixture_fini(&fixture);
}
END_TEST

/* The same recording, run 1: no checkpoint in time, so the max delay: 12 s after the change. */
START_TEST(executing_rescales_by_the_max_delay_without_a_checkpoint)
{
    struct transition_fixture fixture;
    enter(&fixture, &checkpointed, RESOURCES_NONE);
    transition_fixture_advance_to(&fixture, 15 * TIME_S);
    fixture.resources = RESOURCES_SUFFICIENT;
    transition_fixture_change(&fixture);
    transition_fixture_advance_to(&fixture, TIME_MIN);
    ck_assert_str_eq(fixture.log, "5000 Cooldown>Idling;15000 Idling>Stabilizing;"
                                  "25000 Stabilizing>Stabilized;27000 sufficient resources met;"
                                  "27000 Stabilized>Transitioning;");
    transition_fixture_fini(&fixture);
}
END_TEST

/* A2: losing slots while Stabilizing does not go back to Idling, Stabilized and a trigger do. */
START_TEST(executing_goes_back_to_idling_only_from_stabilized)
{
    struct transition_fixture fixture;
    enter(&fixture, &checkpointed, RESOURCES_NONE);
    transition_fixture_advance_to(&fixture, 15 * TIME_S);
    fixture.resources = RESOURCES_SUFFICIENT;
    transition_fixture_change(&fixture);
    fixture.resources = RESOURCES_NONE;
    transition_fixture_change(&fixture);
    transition_fixture_trigger(&fixture);
    transition_fixture_advance_to(&fixture, TIME_MIN);
    ck_assert_str_eq(fixture.log, "5000 Cooldown>Idling;15000 Idling>Stabilizing;"
                                  "25000 Stabilizing>Stabilized;27000 Stabilized>Idling;");
    fixture.resources = RESOURCES_SUFFICIENT;
    transition_fixture_change(&fixture);
    ck_assert_int_eq(fixture.manager.phase, PHASE_STABILIZING);
    ck_assert_int_eq(fixture.manager.first_change, TIME_MIN);
    transition_fixture_fini(&fixture);
}
END_TEST

/* A2: one desired check at (time of this change + max delay), unless one is pending. */
START_TEST(stabilizing_checks_once_for_the_changes_of_one_max_delay)
{
    static const struct transition_settings settings = { .stabilization = TIME_H,
                                                         .max_delay = 10 * TIME_S };
    struct transition_fixture fixture;
    enter(&fixture, &settings, RESOURCES_SUFFICIENT);
    ck_assert_int_eq(fixture.manager.desired_check, 10 * TIME_S);
    transition_fixture_advance_to(&fixture, 4 * TIME_S);
    transition_fixture_change(&fixture);
    ck_assert_int_eq(fixture.manager.desired_check, 10 * TIME_S);
    transition_fixture_advance_to(&fixture, 10 * TIME_S);
    ck_assert_int_eq(fixture.manager.desired_check, TIME_NEVER);
    transition_fixture_advance_to(&fixture, 14 * TIME_S);
    transition_fixture_change(&fixture);
    ck_assert_int_eq(fixture.manager.desired_check, 24 * TIME_S);
    fixture.resources = RESOURCES_DESIRED;
    transition_fixture_advance_to(&fixture, 23 * TIME_S);
    ck_assert_int_eq(fixture.manager.phase, PHASE_STABILIZING);
    transition_fixture_advance_to(&fixture, 24 * TIME_S);
    ck_assert_int_eq(fixture.desired, 1);
    transition_fixture_fini(&fixture);
}
END_TEST

/* A2: active checkpoint: on entering Stabilizing, on each change there, on entering Stabilized. */
START_TEST(active_checkpoint_is_wished_for_only_when_set)
{
    for (int active = 0; active < 2; active++) {
        struct transition_settings settings = checkpointed;
        settings.active_checkpoint = active == 1;
        struct transition_fixture fixture;
        enter(&fixture, &settings, RESOURCES_NONE);
        transition_fixture_advance_to(&fixture, 15 * TIME_S);
        fixture.resources = RESOURCES_SUFFICIENT;
        transition_fixture_change(&fixture);
        transition_fixture_change(&fixture);
        transition_fixture_change(&fixture);
        transition_fixture_advance_to(&fixture, TIME_H);
        ck_assert_int_eq(fixture.requests, active ? 4 : 0);
        ck_assert_int_eq(fixture.transitions, 1);
        transition_fixture_fini(&fixture);
    }
}
END_TEST

static TCase *story_cases(void)
{
    TCase *tcase = tcase_create("stories");
    tcase_add_test(tcase, waiting_goes_on_at_once_with_desired_resources);
    tcase_add_test(tcase, waiting_goes_on_after_ten_seconds_with_sufficient_resources);
    tcase_add_test(tcase, waiting_in_reactive_mode_passes_all_phases_at_one_instant);
    tcase_add_test(tcase, executing_counts_from_the_first_change_inside_the_cooldown);
    tcase_add_test(tcase, executing_forgets_a_change_without_sufficient_resources);
    tcase_add_test(tcase, executing_with_desired_resources_rescales_at_the_end_of_the_cooldown);
    tcase_add_test(tcase, executing_with_both_clocks_over_in_the_cooldown_goes_through_stabilized);
    tcase_add_test(tcase, executing_rescales_by_the_first_checkpoint_in_stabilized);
    tcase_add_test(tcase, executing_rescales_by_the_max_delay_without_a_checkpoint);
    tcase_add_test(tcase, executing_goes_back_to_idling_only_from_stabilized);
    tcase_add_test(tcase, stabilizing_checks_once_for_the_changes_of_one_max_delay);
    tcase_add_test(tcase, active_checkpoint_is_wished_for_only_when_set);
    return tcase;
}

Suite *test_rescale_stories_suite(void);
Suite *test_rescale_stories_suite(void)
{
    Suite *suite = suite_create("rescale_stories");
    suite_add_tcase(suite, story_cases());
    return suite;
}
