/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of variants and --set: trees laid over a scenario, and what holds in which.
 */
#include <check.h>

#include "tests/lib/load_fixture.h"
#include "tests/lib/series_look.h"

static struct scenario *s;

static void teardown(void)
{
    scenario_destroy(s);
    s = NULL;
}

static const char compared[] =
    "config: { scheduler-mode: reactive }\n" LOAD_FIXTURE_BASE
    "cluster: { task-manager: { slots: 4 }, churn: { steps: [[0s, 3]] } }\n"
    "compare:\n"
    "  fixed:\n"
    "    config: { scheduler-mode: null, restart-strategy.type: none }\n"
    "    cluster: { churn: null, task-manager: { count: 24 } }\n"
    "    jobs: { j: { load: { constant: 7/s, scale: 2 } } }\n";

START_TEST(a_variant_is_laid_over_the_base)
{
    s = load_fixture_scenario(compared);
    ck_assert_uint_eq(s->variants.count, 1);
    ck_assert_str_eq(s->variants.items[0], "fixed");
    ck_assert_int_eq(s->config.scheduler_mode, SCHEDULER_MODE_REACTIVE);
    ck_assert_int_eq(s->cluster.churn.kind, CHURN_SERIES);
    scenario_destroy(s);
    s = load_fixture_variant(compared, "fixed", NULL, NULL);
    ck_assert_str_eq(s->variant, "fixed");
    ck_assert_str_eq(s->name, "t");
    ck_assert_int_eq(s->config.scheduler_mode, SCHEDULER_MODE_UNSET);
    ck_assert_int_eq(s->config.restart_strategy, RESTART_NONE);
    ck_assert_int_eq(s->cluster.churn.kind, CHURN_NONE);
    ck_assert_uint_eq(s->cluster.count, 24);
    ck_assert_uint_eq(s->cluster.machine.slots, 4);
    ck_assert_double_eq(series_look_at(&s->jobs.items[0].loads.items[0], 0), 14);
}
END_TEST

/* What the command line says holds in every variant. */
START_TEST(set_holds_in_the_base_and_in_variants)
{
    s = load_fixture_variant(compared, "fixed", "cluster.task-manager.count", "5");
    ck_assert_uint_eq(s->cluster.count, 5);
    scenario_destroy(s);
    s = load_fixture_variant(compared, "fixed", "compare.fixed.cluster.task-manager.count", "6");
    ck_assert_uint_eq(s->cluster.count, 6);
    scenario_destroy(s);
    s = load_fixture_variant(compared, NULL, "seed", "99");
    ck_assert_uint_eq(s->seed, 99);
    scenario_destroy(s);
    s = load_fixture_variant(compared, NULL, "config.scheduler-mode", "null");
    ck_assert_int_eq(s->config.scheduler_mode, SCHEDULER_MODE_UNSET);
    scenario_destroy(s);
    s = load_fixture_variant(compared, NULL, "jobs.j.load", "{ constant: 3/s, scale: 3 }");
    ck_assert_double_eq(series_look_at(&s->jobs.items[0].loads.items[0], 0), 9);
}
END_TEST

/* Said once: a variant that takes another item away, or has a list of its own, keeps the rest. */
START_TEST(set_takes_an_item_of_a_list_away_in_variants_too)
{
    static const char text[] = LOAD_FIXTURE_BASE
        "cluster: { task-managers: [ tm1, tm2 ] }\n"
        "events: [ { at: 1min, kill: tm1 }, { at: 2min, kill: tm2 }, { at: 3min, add: 1 } ]\n"
        "compare:\n"
        "  later: { events: { 0: { at: 9min }, 1: { at: 5min } } }\n"
        "  fewer: { events: { 2: null } }\n"
        "  none: { events: null }\n"
        "  other: { events: [ { at: 7min, add: 2 } ] }\n";
    static const struct {
        const char *variant, *key;
        size_t count;
        time_ns first;
    } rows[] = {
        { NULL, "events.0", 2, 2 * TIME_MIN },
        { "later", "events.0", 2, 5 * TIME_MIN },
        { "fewer", "events.0", 1, 2 * TIME_MIN },
        { "none", "events.0", 0, 0 },
        { "other", "events.0", 1, 7 * TIME_MIN },
        { "later", "compare.later.events.1", 2, 9 * TIME_MIN },
        { "none", "compare.later.events.1", 0, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        s = load_fixture_variant(text, rows[i].variant, rows[i].key, "null");
        ck_assert_uint_eq(s->events.count, rows[i].count);
        if (rows[i].count > 0)
            ck_assert_int_eq(s->events.items[0].trigger.at, rows[i].first);
        scenario_destroy(s);
    }
    s = NULL;
}
END_TEST

/* By name: a job, and an expectation. */
START_TEST(set_takes_a_named_item_of_a_list_away)
{
    static const char text[] =
        LOAD_FIXTURE_BASE "  - { name: k, vertices: [ { name: source } ], load: 1/s }\n"
                          "expect: [ { name: runs, event: all tasks RUNNING } ]\n"
                          "compare: { more: { jobs: { k: { load: 2/s } } } }\n";
    s = load_fixture_variant(text, NULL, "jobs.j", "null");
    ck_assert_uint_eq(s->jobs.count, 1);
    ck_assert_str_eq(s->jobs.items[0].name, "k");
    scenario_destroy(s);
    s = load_fixture_variant(text, "more", "jobs.k", "null");
    ck_assert_uint_eq(s->jobs.count, 1);
    ck_assert_str_eq(s->jobs.items[0].name, "j");
    scenario_destroy(s);
    s = load_fixture_variant(text, NULL, "expect.runs", "null");
    ck_assert_uint_eq(s->expect.count, 0);
}
END_TEST

Suite *test_load_variants_suite(void)
{
    Suite *suite = suite_create("load_variants");
    TCase *tcase = tcase_create("variants");
    tcase_add_checked_fixture(tcase, NULL, teardown);
    tcase_add_test(tcase, a_variant_is_laid_over_the_base);
    tcase_add_test(tcase, set_holds_in_the_base_and_in_variants);
    tcase_add_test(tcase, set_takes_an_item_of_a_list_away_in_variants_too);
    tcase_add_test(tcase, set_takes_a_named_item_of_a_list_away);
    suite_add_tcase(suite, tcase);
    return suite;
}
