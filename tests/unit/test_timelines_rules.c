/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the comparison itself (tests/lib/fidelity.c, recording.c): what it lets pass and what it
 * must not. The recording is made up and stands here.
 */
#include <check.h>
#include <string.h>

#include "core/base/text.h"
#include "tests/lib/fidelity.h"

static const char text[] =
    "{ \"name\": \"made-up\", \"origin\": \"kill -9 tm3\","
    "  \"observed\": ["
    "   [\"jm process started\", -20.5, -31.0, -44.0],"
    "   [\"phase Cooldown -> Idling #-1\", -1.0, -2.0, -3.0],"
    "   [\"kill -9 tm3\", 0.0, 0.0, 0.0],"
    "   [\"RM: closes tm3: no longer reachable\", 11.0, null, 13.0],"
    "   [\"RM: closes tm2: no longer reachable\", null, 12.5, null],"
    "   [\"job status RUNNING -> RESTARTING #1\", 0.5, 0.6, 0.7],"
    "   [\"job status RESTARTING -> RUNNING #1\", 1.5, 1.7, 1.9] ],"
    "  \"transitions\": {"
    "   \"job_status\": [[\"RUNNING\", \"at origin\", \"at origin\", \"at origin\"],"
    "                    [\"RESTARTING\", 0.5, 0.6, 0.7], [\"RUNNING\", 1.5, 1.7, 1.9]],"
    "   \"scheduler_state\": { \"runs_differ\": true,"
    "    \"run1\": [[\"A\", \"at origin\"], [\"B\", 1], [\"A\", 2], [\"B\", 3], [\"C\", 4]],"
    "    \"run2\": [[\"A\", \"at origin\"], [\"B\", 1], [\"C\", 2]],"
    "    \"run3\": [[\"A\", \"at origin\"], [\"C\", 1]] } },"
    "  \"facts\": { \"restarts_of_the_job_after_origin\": [3, 4, 2],"
    "   \"checkpoints_restored_in_order\": [[2, 4, 4, 4], [1, 4, 4], [1, 3]],"
    "   \"source_replay\": [[{\"attempt\": 1, \"records_replayed\": 950}],"
    "                       [{\"attempt\": 1, \"records_replayed\": 1050}]],"
    "   \"failure_causes_count\": [{\"X: a\": 1, \"JobException: Recovery is suppressed by Y\": 1},"
    "                              {\"X: b\": 2, \"Z: c\": 1}, {\"X: d\": 1}] } }";

static struct recording recording;
static struct retelling ours;
static struct fidelity_report report;

static void say(double seconds, const char *label)
{
    vec_push(&ours.events,
             (struct retold_event){ (time_ns)(seconds * (double)TIME_S), mem_copy_text(label) });
}

static void set_states(enum recorded_machine machine, const char *const *states, size_t count)
{
    vec_clear(&ours.states[machine].names);
    for (size_t i = 0; i < count; i++)
        vec_push(&ours.states[machine].names, states[i]);
}

#define STATES(machine, ...)                                                                       \
    set_states(machine, (const char *const[]){ __VA_ARGS__ },                                      \
               sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))

static void set_restored(const uint64_t *ids, size_t count)
{
    vec_clear(&ours.restored.ids);
    for (size_t i = 0; i < count; i++)
        vec_push(&ours.restored.ids, ids[i]);
}

#define RESTORED(...)                                                                              \
    set_restored((const uint64_t[]){ __VA_ARGS__ },                                                \
                 sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t))

/* A run that agrees with the recording in everything. */
static void setup(void)
{
    recording_load_text(&recording, text);
    say(90, "phase Cooldown -> Idling");
    say(95, "phase Cooldown -> Idling");
    say(100, "kill -9 tm3");
    say(100.4, "job status RUNNING -> RESTARTING");
    say(101.5, "job status RESTARTING -> RUNNING");
    say(105, "job status RUNNING -> RESTARTING");
    say(112, "RM: closes tm3: no longer reachable");
    ours.origin = 2;
    ours.restarts = 3;
    ours.replayed = 1000;
    STATES(RECORDED_JOB, "RUNNING", "RESTARTING", "RUNNING");
    STATES(RECORDED_SCHEDULER, "A", "B", "C");
    RESTORED(2, 4, 4, 4, 4, 4);
    vec_push(&ours.causes.names, mem_copy_text("X"));
}

static void teardown(void)
{
    retelling_fini(&ours);
    recording_fini(&recording);
    fidelity_fini(&report);
}

static const struct fidelity_row *row(const char *subject)
{
    fidelity_fini(&report);
    fidelity_compare(&report, &recording, &ours);
    for (size_t i = 0; i < report.rows.count; i++)
        if (strncmp(report.rows.items[i].subject, subject, strlen(subject)) == 0)
            return &report.rows.items[i];
    ck_abort_msg("no row %s", subject);
}

static bool pair_is_good(const char *from, const char *to, enum pair_kind kind, double low,
                         double high)
{
    struct timer_pair pair = { "made-up", from, to, kind, 1, 1, low, high };
    fidelity_compare_pair(&report, &recording, &ours, &pair, 1);
    return vec_last(&report.rows).good;
}

START_TEST(run_that_agrees_is_good)
{
    fidelity_compare(&report, &recording, &ours);
    ck_assert(fidelity_is_good(&report));
    ck_assert_uint_eq(report.rows.count, 6);
}
END_TEST

START_TEST(empty_report_is_not_good)
{
    ck_assert(!fidelity_is_good(&report));
}
END_TEST

START_TEST(sequence_on_which_the_runs_agree_must_be_theirs)
{
    ck_assert_str_eq(row("job_status")->flink, "all runs");
    STATES(RECORDED_JOB, "RUNNING", "RESTARTING", "RUNNING", "RESTARTING", "RUNNING");
    ck_assert(!row("job_status")->good);
    STATES(RECORDED_JOB, "RUNNING", "RESTARTING");
    ck_assert(!row("job_status")->good);
    STATES(RECORDED_JOB, "RUNNING", "FAILING", "RUNNING");
    ck_assert(!row("job_status")->good);
    ck_assert_str_eq(row("job_status")->subject, "job_status (state 2: FAILING, not RESTARTING)");
}
END_TEST

START_TEST(loop_may_go_round_more_often_where_the_runs_differ)
{
    ck_assert_str_eq(row("scheduler_state")->flink, "run 2");
    STATES(RECORDED_SCHEDULER, "A", "B", "A", "B", "A", "B", "C");
    ck_assert(row("scheduler_state")->good);
    STATES(RECORDED_SCHEDULER, "A", "B", "B", "A", "C");
    ck_assert(!row("scheduler_state")->good);
    STATES(RECORDED_SCHEDULER, "A", "C", "C");
    ck_assert(row("scheduler_state")->good);
    STATES(RECORDED_SCHEDULER, "B", "C");
    ck_assert(!row("scheduler_state")->good);
}
END_TEST

START_TEST(collapse_takes_each_body_once)
{
    static const struct {
        const char *from, *to;
    } cases[] = { { "abc", "abc" },     { "aab", "ab" },
                  { "ababab", "ab" },   { "abcabcx", "abcx" },
                  { "xababy", "xaby" }, { "abbabb", "ab" },
                  { "aabbaabb", "ab" }, { "", "" } };
    static const char *const letters[] = { "a", "b", "c", "x", "y" };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct name_list list = { 0 };
        for (const char *p = cases[i].from; *p; p++)
            vec_push(&list.names, letters[*p <= 'c' ? *p - 'a' : *p - 'x' + 3]);
        fidelity_collapse(&list);
        ck_assert_uint_eq(list.names.count, strlen(cases[i].to));
        for (size_t k = 0; k < list.names.count; k++)
            ck_assert_int_eq(list.names.items[k][0], cases[i].to[k]);
        vec_fini(&list.names);
    }
}
END_TEST

START_TEST(restarts_lie_between_the_least_and_the_most)
{
    static const struct {
        int64_t count;
        bool good;
    } cases[] = { { 1, false }, { 2, true }, { 4, true }, { 5, false } };
    for (size_t i = 0; i < 4; i++) {
        ours.restarts = cases[i].count;
        ck_assert(row("restarts after the origin")->good == cases[i].good);
    }
    ck_assert_str_eq(row("restarts after the origin")->flink, "3 / 4 / 2");
}
END_TEST

START_TEST(restored_checkpoints_are_a_runs_or_end_between_theirs)
{
    ck_assert_str_eq(row("checkpoints restored")->flink, "2 4 / 1 4 / 1 3");
    RESTORED(1, 3, 3);
    ck_assert(row("checkpoints restored")->good);
    RESTORED(2, 3);
    ck_assert(row("checkpoints restored")->good);
    RESTORED(2, 5);
    ck_assert(!row("checkpoints restored")->good);
    set_restored(NULL, 0);
    ck_assert(!row("checkpoints restored")->good);
}
END_TEST

START_TEST(replay_may_be_a_tenth_off)
{
    static const struct {
        double records;
        bool good;
    } cases[] = { { 850, false }, { 860, true }, { 1150, true }, { 1160, false } };
    for (size_t i = 0; i < 4; i++) {
        ours.replayed = cases[i].records;
        ck_assert(row("records replayed per source")->good == cases[i].good);
    }
}
END_TEST

START_TEST(causes_are_some_runs_and_hold_what_all_saw)
{
    ck_assert(row("causes of failures")->good);
    vec_push(&ours.causes.names, mem_copy_text("Z"));
    ck_assert(row("causes of failures")->good);
    vec_push(&ours.causes.names, mem_copy_text("Q"));
    ck_assert_str_eq(row("causes of failures")->flink, "Q");
    ck_assert(!row("causes of failures")->good);
}
END_TEST

START_TEST(cause_that_all_runs_saw_must_be_ours)
{
    mem_destroy((char *)ours.causes.names.items[0]);
    ours.causes.names.items[0] = mem_copy_text("Z");
    ck_assert_str_eq(row("causes of failures")->flink, "X");
    ck_assert(!row("causes of failures")->good);
}
END_TEST

START_TEST(timer_is_within_a_fifth_of_a_second_of_the_median)
{
    const char *from = "job status RUNNING -> RESTARTING #{k}";
    const char *to = "job status RESTARTING -> RUNNING #{k}";
    ck_assert(pair_is_good(from, to, PAIR_TIMER, 0, 0));
    ck_assert_str_eq(vec_last(&report.rows).flink, "1.000 / 1.100 / 1.200");
    ck_assert_str_eq(vec_last(&report.rows).difference, "+0.000");
    ours.events.items[4].at += 190 * TIME_MS;
    ck_assert(pair_is_good(from, to, PAIR_TIMER, 0, 0));
    ours.events.items[4].at += 20 * TIME_MS;
    ck_assert(!pair_is_good(from, to, PAIR_TIMER, 0, 0));
    ck_assert(pair_is_good(from, to, PAIR_DRAWN, 0, 0));
    ours.events.items[4].at += 300 * TIME_MS;
    ck_assert(!pair_is_good(from, to, PAIR_DRAWN, 0, 0));
}
END_TEST

START_TEST(window_does_not_ask_for_the_median)
{
    const char *closes = "RM: closes *: no longer reachable";
    ck_assert(pair_is_good("kill -9 tm3", closes, PAIR_WINDOW, 10, 20));
    ck_assert_str_eq(vec_last(&report.rows).flink, "11.000 / 12.500 / 13.000");
    ck_assert(!pair_is_good("kill -9 tm3", closes, PAIR_WINDOW, 12.5, 20));
    ck_assert(!pair_is_good("kill -9 tm3", closes, PAIR_WINDOW, 1, 11));
}
END_TEST

START_TEST(event_that_never_comes_is_no_agreement)
{
    ck_assert(!pair_is_good("kill -9 tm3", "jm process started", PAIR_TIMER, 0, 0));
    ck_assert_str_eq(vec_last(&report.rows).weir, "never");
    ck_assert(!pair_is_good("kill -9 tm3", "no such label", PAIR_TIMER, 0, 0));
    ck_assert_str_eq(vec_last(&report.rows).weir, "?");
}
END_TEST

static void assert_time(const char *label, bool before, double seconds)
{
    double at;
    ck_assert(retelling_time(&ours, label, before, &at));
    ck_assert_double_eq_tol(at, seconds, 1e-9);
}

START_TEST(numbers_count_from_the_origin_to_both_sides)
{
    double at;
    assert_time("phase Cooldown -> Idling #-1", false, -5);
    assert_time("phase Cooldown -> Idling #-2", false, -10);
    assert_time("phase Cooldown -> Idling", true, -5);
    assert_time("job status RUNNING -> RESTARTING", false, 0.4);
    assert_time("job status RUNNING -> RESTARTING #2", false, 5);
    assert_time("kill -9 *", false, 0);
    ck_assert(!retelling_time(&ours, "phase Cooldown -> Idling", false, &at));
    ck_assert(!retelling_time(&ours, "phase Cooldown -> Idling #-3", false, &at));
    ck_assert(!retelling_time(&ours, "job status RUNNING -> RESTARTING #3", false, &at));
}
END_TEST

Suite *test_timelines_rules_suite(void)
{
    Suite *suite = suite_create("timelines_rules");
    TCase *tcase = tcase_create("rules");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, run_that_agrees_is_good);
    tcase_add_test(tcase, empty_report_is_not_good);
    tcase_add_test(tcase, sequence_on_which_the_runs_agree_must_be_theirs);
    tcase_add_test(tcase, loop_may_go_round_more_often_where_the_runs_differ);
    tcase_add_test(tcase, collapse_takes_each_body_once);
    tcase_add_test(tcase, restarts_lie_between_the_least_and_the_most);
    tcase_add_test(tcase, restored_checkpoints_are_a_runs_or_end_between_theirs);
    tcase_add_test(tcase, replay_may_be_a_tenth_off);
    tcase_add_test(tcase, causes_are_some_runs_and_hold_what_all_saw);
    tcase_add_test(tcase, cause_that_all_runs_saw_must_be_ours);
    tcase_add_test(tcase, timer_is_within_a_fifth_of_a_second_of_the_median);
    tcase_add_test(tcase, window_does_not_ask_for_the_median);
    tcase_add_test(tcase, event_that_never_comes_is_no_agreement);
    tcase_add_test(tcase, numbers_count_from_the_origin_to_both_sides);
    suite_add_tcase(suite, tcase);
    return suite;
}
