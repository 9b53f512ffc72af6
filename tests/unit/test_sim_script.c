/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of sim/fault/script.c: triggers and targets. What each action does is in
 * test_sim_actions.c.
 */
#include <check.h>
#include <string.h>

#include "tests/lib/fake_script.h"

static struct fake_script fake;
static char tm2[] = "tm2", nobody[] = "nobody";

static void log_line(const struct log_line *line)
{
    script_on_log(fake.script, line);
}

static const struct log_line job_running = {
    .machine = "job", .what = "move", .from = "CREATED", .to = "RUNNING"
};
static char job_runs[] = "job RUNNING";

/* Triggers. */

START_TEST(script_acts_at_its_time_plus_the_wait)
{
    fake_script_init(&fake);
    fake_script_event(&fake, ACTION_KILL, 2 * TIME_S)->trigger.after = 500 * TIME_MS;
    fake_script_start(&fake, 1);
    fake_world_run(&fake.world, TIME_MIN);
    fake_world_expect(&fake.world, "2500.000 tm1 * kill (the label)\n"
                                   "2500.000 tm1 * killed (the label)\n");
    fake_script_fini(&fake);
}
END_TEST

START_TEST(script_repeats)
{
    fake_script_init(&fake);
    struct scripted_event *event = fake_script_event(&fake, ACTION_ADD, 2 * TIME_S);
    event->trigger.every = 10 * TIME_S;
    event->task_manager = NULL;
    event->count = 2;
    fake_script_start(&fake, 0);
    fake_world_run(&fake.world, 25 * TIME_S);
    ck_assert_uint_eq(virtual_cluster_process_count(fake.world.cluster), 1 + 3 * 2);
    fake_script_fini(&fake);
}
END_TEST

START_TEST(script_waits_for_the_nth_line_that_fits)
{
    fake_script_init(&fake);
    struct scripted_event *event = fake_script_event(&fake, ACTION_KILL, TIME_NEVER);
    event->trigger.event = job_runs;
    event->trigger.nth = 2;
    event->trigger.after = 3 * TIME_S;
    fake_script_start(&fake, 2);
    log_line(&job_running);
    fake_world_run(&fake.world, 10 * TIME_S);
    log_line(&(struct log_line){ .machine = "job", .what = "submitted" });
    log_line(&(struct log_line){
        .machine = "job", .what = "move", .from = "RUNNING", .to = "RESTARTING" });
    fake_world_run(&fake.world, 20 * TIME_S);
    log_line(&job_running);
    log_line(&job_running);
    log_line(&job_running);
    fake_world_run(&fake.world, TIME_MIN);
    fake_world_expect(&fake.world, "23000.000 tm1 * kill (the label)\n"
                                   "23000.000 tm1 * killed (the label)\n");
    fake_script_fini(&fake);
}
END_TEST

START_TEST(script_compares_the_value_of_the_line_when_asked_to)
{
    static char completed[] = "checkpoint completed";
    fake_script_init(&fake);
    struct scripted_event *event = fake_script_event(&fake, ACTION_KILL, TIME_NEVER);
    event->trigger.event = completed;
    event->trigger.value = 4;
    fake_script_start(&fake, 1);
    struct log_line line = { .machine = "checkpoint", .what = "completed", .value = 4 };
    log_line(&line); /* has no value, whatever the field holds */
    line.subject = LOG_OF_VALUE;
    line.value = 3;
    log_line(&line);
    fake_world_run(&fake.world, 2 * TIME_S);
    fake_world_expect(&fake.world, "");
    line.value = 4;
    log_line(&line);
    fake_world_run(&fake.world, 2 * TIME_S);
    fake_world_expect(&fake.world, "2000.000 tm1 * kill (the label)\n"
                                   "2000.000 tm1 * killed (the label)\n");
    fake_script_fini(&fake);
}
END_TEST

START_TEST(script_hears_of_what_happens_to_processes_too)
{
    static char killed[] = "process killed";
    fake_script_init(&fake);
    fake_script_event(&fake, ACTION_KILL, 2 * TIME_S);
    struct scripted_event *event = fake_script_event(&fake, ACTION_KILL, TIME_NEVER);
    event->trigger.event = killed;
    event->task_manager = tm2;
    fake_script_start(&fake, 2);
    fake_world_run(&fake.world, TIME_MIN);
    fake_world_expect(&fake.world, "2000.000 tm1 * kill (the label)\n"
                                   "2000.000 tm1 * killed (the label)\n"
                                   "2000.000 tm2 * kill (the label)\n"
                                   "2000.000 tm2 * killed (the label)\n");
    fake_script_fini(&fake);
}
END_TEST

/* The log calls what the script does "script", and so do triggers. */
START_TEST(script_hears_of_what_it_does_itself)
{
    static char kill[] = "script kill";
    fake_script_init(&fake);
    fake_script_event(&fake, ACTION_KILL, 2 * TIME_S);
    struct scripted_event *event = fake_script_event(&fake, ACTION_KILL, TIME_NEVER);
    event->trigger.event = kill;
    event->trigger.after = 3 * TIME_S;
    event->task_manager = tm2;
    fake_script_start(&fake, 2);
    fake_world_run(&fake.world, TIME_MIN);
    fake_world_expect(&fake.world, "2000.000 tm1 * kill (the label)\n"
                                   "2000.000 tm1 * killed (the label)\n"
                                   "5000.000 tm2 * kill (the label)\n"
                                   "5000.000 tm2 * killed (the label)\n");
    fake_script_fini(&fake);
}
END_TEST

START_TEST(script_hears_of_answers_to_clients)
{
    static char stopped[] = "client stop done";
    fake_script_init(&fake);
    fake_script_event(&fake, ACTION_KILL, TIME_NEVER)->trigger.event = stopped;
    fake_script_start(&fake, 1);
    struct effect_answer answer = { .request = CLIENT_STOP_WITH_SAVEPOINT,
                                    .result = { ERR_REFUSED_CODE } };
    script_on_answer(fake.script, &answer);
    fake_world_run(&fake.world, 2 * TIME_S);
    fake_world_expect(&fake.world, "");
    answer.result = OK;
    script_on_answer(fake.script, &answer);
    fake_world_run(&fake.world, TIME_MIN);
    fake_world_expect(&fake.world, "2000.000 tm1 * kill (the label)\n"
                                   "2000.000 tm1 * killed (the label)\n");
    fake_script_fini(&fake);
}
END_TEST

/* Else what happens would depend on the level at which the log is written. */
START_TEST(script_looks_at_decisions_only)
{
    static char running[] = "RUNNING";
    fake_script_init(&fake);
    fake_script_event(&fake, ACTION_KILL, TIME_NEVER)->trigger.event = running;
    fake_script_start(&fake, 1);
    log_line(&(struct log_line){ .level = LOG_TASK,
                                 .machine = "execution",
                                 .what = "move",
                                 .from = "INITIALIZING",
                                 .to = "RUNNING" });
    fake_world_run(&fake.world, TIME_MIN);
    fake_world_expect(&fake.world, "");
    ck_assert_uint_eq(script_outcome(fake.script, 0).seen, 0);
    fake_script_fini(&fake);
}
END_TEST

START_TEST(script_knows_what_has_become_of_its_events)
{
    fake_script_init(&fake);
    fake_script_event(&fake, ACTION_KILL, 2 * TIME_S);
    fake_script_event(&fake, ACTION_KILL, TIME_H);
    struct scripted_event *event = fake_script_event(&fake, ACTION_KILL, TIME_NEVER);
    event->trigger.event = job_runs;
    event->trigger.nth = 3;
    fake_script_start(&fake, 1);
    log_line(&job_running);
    log_line(&job_running);
    fake_world_run(&fake.world, TIME_MIN);
    ck_assert_uint_eq(script_outcome(fake.script, 0).times, 1);
    ck_assert_uint_eq(script_outcome(fake.script, 0).missed, 0);
    ck_assert_uint_eq(script_outcome(fake.script, 1).times, 0);
    ck_assert_uint_eq(script_outcome(fake.script, 2).times, 0);
    ck_assert_uint_eq(script_outcome(fake.script, 2).seen, 2);
    fake_script_fini(&fake);
}
END_TEST

/* Targets. */

static void check_killed(enum target_kind target, uint32_t count, uint32_t expected, bool odd_only,
                         bool even_only)
{
    fake_script_init(&fake);
    struct scripted_event *event = fake_script_event(&fake, ACTION_KILL, 2 * TIME_S);
    event->target = target;
    event->task_manager = NULL;
    event->count = count;
    fake_script_start(&fake, 10);
    fake_world_run(&fake.world, TIME_MIN);
    uint32_t killed = 0;
    for (uint32_t i = 1; i <= 10; i++) {
        struct node_id node = { i };
        if (virtual_cluster_process(fake.world.cluster, node).state != PROCESS_ENDED)
            continue;
        killed++;
        ck_assert(!odd_only || i % 2 == 1);
        ck_assert(!even_only || i % 2 == 0);
    }
    ck_assert_uint_eq(killed, expected);
    fake_script_fini(&fake);
}

START_TEST(script_draws_as_many_targets_as_it_is_told_and_no_more_than_there_are)
{
    check_killed(TARGET_RANDOM, 1, 1, false, false);
    check_killed(TARGET_RANDOM, 4, 4, false, false);
    check_killed(TARGET_RANDOM, 99, 10, false, false);
    check_killed(TARGET_IN_USE, 3, 3, true, false);
    check_killed(TARGET_IN_USE, 99, 5, true, false);
    check_killed(TARGET_IDLE, 3, 3, false, true);
    check_killed(TARGET_IDLE, 99, 5, false, true);
}
END_TEST

/* Of 300 draws of 1 in 3 each is hit some 100 times, give or take five standard deviations. */
START_TEST(script_draws_evenly)
{
    int hits[3] = { 0 };
    for (uint64_t seed = 0; seed < 300; seed++) {
        fake_script_init(&fake);
        fake.world.scenario.seed = seed;
        struct scripted_event *event = fake_script_event(&fake, ACTION_KILL, 2 * TIME_S);
        event->target = TARGET_RANDOM;
        fake_script_start(&fake, 3);
        fake_world_run(&fake.world, TIME_MIN);
        for (uint32_t i = 0; i < 3; i++)
            hits[i] +=
                virtual_cluster_process(fake.world.cluster, (struct node_id){ i + 1 }).state ==
                PROCESS_ENDED;
        fake_script_fini(&fake);
    }
    for (int i = 0; i < 3; i++)
        ck_assert(hits[i] > 59 && hits[i] < 141);
}
END_TEST

START_TEST(script_says_when_it_found_no_target)
{
    fake_script_init(&fake);
    fake_script_event(&fake, ACTION_KILL, 2 * TIME_S)->task_manager = nobody;
    fake_script_event(&fake, ACTION_KILL, 3 * TIME_S)->target = TARGET_IDLE;
    fake_script_event(&fake, ACTION_KILL, 4 * TIME_S);
    fake_script_event(&fake, ACTION_FREEZE, 5 * TIME_S);
    struct scripted_event *cut = fake_script_event(&fake, ACTION_CUT, 6 * TIME_S);
    cut->task_manager = fake.world.scenario.name; /* no such process, and no such peer */
    cut->peer = nobody;
    fake_script_start(&fake, 1);
    fake_world_run(&fake.world, TIME_MIN);
    fake_world_expect(&fake.world, "2000.000 - * missed (the label)\n"
                                   "3000.000 - * missed (the label)\n"
                                   "4000.000 tm1 * kill (the label)\n"
                                   "4000.000 tm1 * killed (the label)\n"
                                   "5000.000 - * missed (the label)\n"
                                   "6000.000 - * missed (the label)\n");
    fake_script_fini(&fake);
}
END_TEST

static void check_outcome(size_t event, uint64_t times, uint64_t missed, uint64_t in_part,
                          uint32_t found)
{
    struct script_outcome outcome = script_outcome(fake.script, event);
    ck_assert_uint_eq(outcome.times, times);
    ck_assert_uint_eq(outcome.missed, missed);
    ck_assert_uint_eq(outcome.in_part, in_part);
    ck_assert_uint_eq(outcome.found, found);
}

/* Of tm1 ... tm5 the odd ones are in use. */
START_TEST(script_counts_the_times_it_found_no_target_and_too_few)
{
    fake_script_init(&fake);
    struct scripted_event *some = fake_script_event(&fake, ACTION_FREEZE, 2 * TIME_S);
    some->target = TARGET_IDLE;
    some->count = 3;
    struct scripted_event *again = fake_script_event(&fake, ACTION_KILL, 3 * TIME_S);
    again->target = TARGET_IN_USE;
    again->count = 2;
    again->trigger.every = TIME_S;
    fake_script_event(&fake, ACTION_KILL, 20 * TIME_S);
    fake_script_event(&fake, ACTION_ADD, 30 * TIME_S)->count = 2;
    vec_last(&fake.world.scenario.events).task_manager = NULL;
    fake_script_start(&fake, 5);
    fake_world_run(&fake.world, 6500 * TIME_MS);
    check_outcome(0, 1, 0, 1, 2);
    check_outcome(1, 4, 2, 1, 1);
    check_outcome(2, 0, 0, 0, 0);
    fake_world_run(&fake.world, TIME_MIN);
    check_outcome(2, 1, 1, 0, 0);
    check_outcome(3, 1, 0, 0, 0);
    fake_script_fini(&fake);
}
END_TEST

/* Nothing comes between a host and itself, and nothing between it and the dead. */
START_TEST(script_takes_no_peer_for_a_target_and_needs_it_alive)
{
    fake_script_init(&fake);
    struct scripted_event *cut = fake_script_event(&fake, ACTION_CUT, 2 * TIME_S);
    cut->target = TARGET_RANDOM;
    cut->count = 2;
    cut->peer = tm2;
    fake_script_event(&fake, ACTION_KILL, 3 * TIME_S)->task_manager = tm2;
    fake_script_event(&fake, ACTION_CUT, 4 * TIME_S)->peer = tm2;
    fake_script_start(&fake, 2);
    fake_world_run(&fake.world, TIME_MIN);
    fake_world_expect(&fake.world, "2000.000 tm1 * cut (the label)\n"
                                   "2000.000 tm1 * cut off\n"
                                   "2000.000 tm2 * cut off\n"
                                   "3000.000 tm2 * kill (the label)\n"
                                   "3000.000 tm2 * killed (the label)\n"
                                   "4000.000 - * missed (the label)\n");
    check_outcome(0, 1, 0, 1, 1);
    check_outcome(2, 1, 1, 0, 0);
    fake_script_fini(&fake);
}
END_TEST

START_TEST(script_freezes_nothing_that_still_boots)
{
    fake_script_init(&fake);
    fake.world.scenario.cluster.machine.boot = distribution_constant(10 * TIME_S);
    fake_script_event(&fake, ACTION_FREEZE, 2 * TIME_S);
    fake_script_start(&fake, 1);
    fake_world_run(&fake.world, 5 * TIME_S);
    fake_world_expect(&fake.world, "2000.000 - * missed (the label)\n");
    check_outcome(0, 1, 1, 0, 0);
    fake_script_fini(&fake);
}
END_TEST

START_TEST(script_names_no_one_machine_for_an_action_on_several)
{
    fake_script_init(&fake);
    struct scripted_event *event = fake_script_event(&fake, ACTION_FREEZE, 2 * TIME_S);
    event->target = TARGET_RANDOM;
    event->count = 2;
    fake_script_start(&fake, 2);
    fake_world_run(&fake.world, 2 * TIME_S);
    ck_assert_ptr_eq(strstr(fake.world.journal, "2000.000 - * freeze (the label)\n"),
                     fake.world.journal);
    ck_assert_ptr_nonnull(strstr(fake.world.journal, "tm1 * frozen"));
    ck_assert_ptr_nonnull(strstr(fake.world.journal, "tm2 * frozen"));
    fake_script_fini(&fake);
}
END_TEST

Suite *test_sim_script_suite(void)
{
    Suite *suite = suite_create("sim_script");
    TCase *tcase = tcase_create("script");
    tcase_add_test(tcase, script_acts_at_its_time_plus_the_wait);
    tcase_add_test(tcase, script_repeats);
    tcase_add_test(tcase, script_waits_for_the_nth_line_that_fits);
    tcase_add_test(tcase, script_compares_the_value_of_the_line_when_asked_to);
    tcase_add_test(tcase, script_hears_of_what_happens_to_processes_too);
    tcase_add_test(tcase, script_hears_of_what_it_does_itself);
    tcase_add_test(tcase, script_hears_of_answers_to_clients);
    tcase_add_test(tcase, script_looks_at_decisions_only);
    tcase_add_test(tcase, script_knows_what_has_become_of_its_events);
    tcase_add_test(tcase, script_draws_as_many_targets_as_it_is_told_and_no_more_than_there_are);
    tcase_add_test(tcase, script_draws_evenly);
    tcase_add_test(tcase, script_says_when_it_found_no_target);
    tcase_add_test(tcase, script_counts_the_times_it_found_no_target_and_too_few);
    tcase_add_test(tcase, script_takes_no_peer_for_a_target_and_needs_it_alive);
    tcase_add_test(tcase, script_freezes_nothing_that_still_boots);
    tcase_add_test(tcase, script_names_no_one_machine_for_an_action_on_several);
    suite_add_tcase(suite, tcase);
    return suite;
}
