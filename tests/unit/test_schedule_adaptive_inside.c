/* SPDX-License-Identifier: Apache-2.0
 *
 * What the adaptive scheduler does that no log line says: the rescale history, attempt numbers over
 * graphs of different size, and which slots it takes.
 */
#include <check.h>

#include "core/cluster/job_manager.h"
#include "core/cluster/view.h"
#include "core/schedule/adaptive_scheduler.h"
#include "tests/lib/story_setup.h"

static const struct node_id jm = { 0 };

static const struct scheduler *scheduler_of(const struct story *story)
{
    return &node_job_manager(story_node(story, jm))->dispatcher.jobs.items[0].master->scheduler;
}

/* Rescale history (FLIP-495). */

static const struct rescale_record *record(const struct story *story, size_t index)
{
    const struct rescale_history *history = &scheduler_of(story)->own.adaptive->history;
    ck_assert_uint_lt(index, history->records.count);
    return &history->records.items[index];
}

static size_t record_count(const struct story *story)
{
    return scheduler_of(story)->own.adaptive->history.records.count;
}

static void check_record(const struct rescale_record *record, enum rescale_cause cause,
                         enum rescale_state state, int32_t before, int32_t after)
{
    ck_assert_int_eq(record->cause, cause);
    ck_assert_int_eq(record->state, state);
    ck_assert_int_eq(record->vertices[1].before, before);
    ck_assert_int_eq(record->vertices[1].after, after);
}

static struct story *open_with_history(int vouch)
{
    struct story *story = story_begin(vouch);
    story_adaptive(story);
    story_fixed_delay(story, "100", "1 s");
    story_set(story, "web.adaptive-scheduler.rescale-history.size", "8");
    story_open(story, 1, 4, story_job(story, 2, 8));
    story_run(story, 40 * TIME_S);
    return story;
}

START_TEST(history_is_off_unless_asked_for)
{
    struct story *story = story_begin(_i);
    story_adaptive(story);
    story_open(story, 1, 4, story_job(story, 2, 8));
    story_run(story, 5 * TIME_S);
    ck_assert_uint_eq(record_count(story), 0);
    story_destroy(story);
}
END_TEST

START_TEST(the_first_record_is_the_first_schedule)
{
    struct story *story = open_with_history(_i);
    ck_assert_uint_eq(record_count(story), 1);
    const struct rescale_record *first = record(story, 0);
    check_record(first, RESCALE_CAUSE_INITIAL_SCHEDULE, RESCALE_COMPLETED, RESCALE_UNKNOWN, 2);
    ck_assert_int_eq(first->vertices[0].desired, 2);
    ck_assert_int_eq(first->vertices[0].sufficient, 1);
    ck_assert_int_eq(first->groups[0].after, 2);
    ck_assert_int_eq(first->started_at, 100 * TIME_MS);
    ck_assert_int_eq(first->ended_at, 154 * TIME_MS);
    ck_assert_uint_eq(first->spans.count, 4);
    ck_assert_str_eq(first->spans.items[1].state, "WaitingForResources");
    ck_assert_str_eq(first->spans.items[3].state, "Executing");
    story_destroy(story);
}
END_TEST

START_TEST(a_put_is_a_record_of_its_own_requirements)
{
    struct story *story = open_with_history(_i);
    story_put(story, 2, 1, 3);
    story_run(story, 41 * TIME_S);
    ck_assert_uint_eq(record_count(story), 2);
    const struct rescale_record *second = record(story, 1);
    check_record(second, RESCALE_CAUSE_UPDATE_REQUIREMENT, RESCALE_COMPLETED, 2, 3);
    ck_assert_uint_eq(second->requirements, 2);
    ck_assert_uint_eq(second->attempt, 1);
    story_destroy(story);
}
END_TEST

START_TEST(new_requirements_close_the_record_before_them)
{
    struct story *story = open_with_history(_i);
    story_put(story, 2, 1, 6);
    story_run(story, 45 * TIME_S);
    story_put(story, 2, 1, 7);
    story_run(story, 46 * TIME_S);
    ck_assert_uint_eq(record_count(story), 3);
    check_record(record(story, 1), RESCALE_CAUSE_UPDATE_REQUIREMENT, RESCALE_IGNORED, 2,
                 RESCALE_UNKNOWN);
    ck_assert_int_eq(record(story, 1)->reason, RESCALE_REASON_RESOURCE_REQUIREMENTS_UPDATED);
    ck_assert_int_eq(record(story, 2)->state, RESCALE_IN_PROGRESS);
    story_destroy(story);
}
END_TEST

/* A line per record that has ended, as a person asks for it: why, how it ended, from what to what,
 * and how long it took (FLIP-495's record, in the words of its REST answer). */
START_TEST(each_record_that_ends_is_a_line)
{
    struct story *story = story_begin(_i);
    story_adaptive(story);
    story_fixed_delay(story, "100", "1 s");
    story_set(story, "web.adaptive-scheduler.rescale-history.size", "1");
    story_open(story, 1, 4, story_job(story, 2, 8));
    story_expect(story, "...\n"
                        "0.154 jm: rescale COMPLETED 54000000 (INITIAL_SCHEDULE, SUCCEEDED, "
                        "parallelism none to 2)\n");
    story_run(story, 40 * TIME_S);
    story_put(story, 2, 1, 3);
    story_expect(story, "...\n"
                        "40.061 jm: rescale COMPLETED 59000000 (UPDATE_REQUIREMENT, SUCCEEDED, "
                        "parallelism 2 to 3)\n");
    story_run(story, 80 * TIME_S);
    story_put(story, 2, 1, 6);
    story_run(story, 85 * TIME_S);
    story_put(story, 2, 1, 7);
    story_expect(story, "...\n"
                        "85.002 jm: rescale IGNORED 5000000000 (UPDATE_REQUIREMENT, "
                        "RESOURCE_REQUIREMENTS_UPDATED, parallelism 3 instead of 6)\n");
    story_report(story, 0, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_run(story, 85500 * TIME_MS);
    story_ask(story, CLIENT_CANCEL_JOB, NULL, 0);
    story_expect(story, "...\n"
                        "85.500 jm: rescale IGNORED 498000000 (RECOVERABLE_FAILOVER, JOB_CANCELED, "
                        "parallelism 3 instead of 7)\n");
    story_destroy(story);
}
END_TEST

/* The failover's state list starts with the state that the failure found. */
START_TEST(a_failover_is_a_record)
{
    struct story *story = open_with_history(_i);
    story_report(story, 0, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_run(story, 45 * TIME_S);
    ck_assert_uint_eq(record_count(story), 2);
    const struct rescale_record *failover = record(story, 1);
    check_record(failover, RESCALE_CAUSE_RECOVERABLE_FAILOVER, RESCALE_COMPLETED, 2, 2);
    ck_assert_int_eq(failover->vertices[1].desired, 2);
    ck_assert_uint_eq(failover->requirements, 1);
    ck_assert_uint_eq(failover->attempt, 2);
    ck_assert_str_eq(failover->spans.items[0].state, "Executing");
    ck_assert_int_eq(failover->spans.items[0].cause, CAUSE_USER_CODE);
    ck_assert_int_eq(failover->spans.items[1].cause, CAUSE_NONE);
    story_destroy(story);
}
END_TEST

START_TEST(a_failover_takes_the_open_record_over)
{
    struct story *story = open_with_history(_i);
    story_put(story, 2, 1, 6);
    story_run(story, 45 * TIME_S);
    story_report(story, 0, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_run(story, 60 * TIME_S);
    ck_assert_uint_eq(record_count(story), 2);
    check_record(record(story, 1), RESCALE_CAUSE_RECOVERABLE_FAILOVER, RESCALE_COMPLETED, 2, 4);
    story_destroy(story);
}
END_TEST

/* Slots that came and went: nothing changes, and the record says so when the manager is idle. */
START_TEST(slots_that_come_to_nothing_are_a_record_ignored)
{
    struct story *story = story_begin(_i);
    story_adaptive(story);
    story_set(story, "web.adaptive-scheduler.rescale-history.size", "8");
    story_open(story, 1, 2, story_job(story, 4, 8));
    story_run(story, 50 * TIME_S);
    story_add(story, 1);
    story_run(story, 55 * TIME_S);
    ck_assert_uint_eq(record_count(story), 2);
    ck_assert_int_eq(record(story, 1)->state, RESCALE_IN_PROGRESS);
    story_stop(story, (struct node_id){ 2 });
    story_run(story, 120 * TIME_S);
    ck_assert_int_eq(record(story, 1)->cause, RESCALE_CAUSE_NEW_RESOURCE_AVAILABLE);
    ck_assert_int_eq(record(story, 1)->reason, RESCALE_REASON_NO_RESOURCES_OR_PARALLELISMS_CHANGE);
    story_destroy(story);
}
END_TEST

/* Slots by which no other size can be had are no record: a third one, where five are the least
 * (DefaultStateTransitionManager.recordRescaleForNewAvailableResources). */
START_TEST(slots_of_no_use_are_no_record)
{
    struct story *story = story_begin(_i);
    story_adaptive(story);
    story_set(story, "web.adaptive-scheduler.rescale-history.size", "8");
    story_open(story, 1, 2, story_job(story, 2, 8));
    story_run(story, 10 * TIME_S);
    story_put(story, 2, 5, 6);
    story_run(story, 50 * TIME_S);
    ck_assert_uint_eq(record_count(story), 2);
    ck_assert_int_eq(record(story, 1)->reason, RESCALE_REASON_NO_RESOURCES_OR_PARALLELISMS_CHANGE);
    story_add(story, 1);
    story_run(story, 60 * TIME_S);
    ck_assert_uint_eq(record_count(story), 2);
    story_add(story, 3);
    story_run(story, 70 * TIME_S);
    ck_assert_uint_eq(record_count(story), 3);
    check_record(record(story, 2), RESCALE_CAUSE_NEW_RESOURCE_AVAILABLE, RESCALE_COMPLETED, 2, 6);
    story_destroy(story);
}
END_TEST

/* Nothing to build a graph from when the wait is over: the record failed, whatever becomes of the
 * job (CreatingExecutionGraph.handleExecutionGraphCreation). */
START_TEST(a_graph_that_cannot_be_built_fails_its_record)
{
    struct story *story = story_begin(_i);
    story_adaptive(story);
    story_fixed_delay(story, "100", "1 s");
    story_set(story, "web.adaptive-scheduler.rescale-history.size", "8");
    story_set(story, "jobmanager.adaptive-scheduler.submission.resource-wait-timeout", "5 s");
    story_open(story, 1, 2, story_job(story, 2, 8));
    story_run(story, 10 * TIME_S);
    story_stop(story, (struct node_id){ 1 });
    story_expect(story, "...\n"
                        "16.001 jm: scheduler WaitingForResources -> CreatingExecutionGraph "
                        "(the wait for resources is over)\n"
                        "16.001 jm: rescale FAILED 6000000000 (RECOVERABLE_FAILOVER, "
                        "EXCEPTION_OCCURRED, parallelism 2 instead of 2)\n"
                        "16.001 jm: scheduler CreatingExecutionGraph -> Finished "
                        "(not enough slots for the lower bounds)\n");
    story_destroy(story);
}
END_TEST

START_TEST(the_end_of_the_job_ends_its_record)
{
    struct story *story = open_with_history(_i);
    story_put(story, 2, 1, 6);
    story_run(story, 45 * TIME_S);
    story_ask(story, CLIENT_CANCEL_JOB, NULL, 0);
    story_run(story, 46 * TIME_S);
    ck_assert_int_eq(record(story, 1)->reason, RESCALE_REASON_JOB_CANCELED);
    story_destroy(story);
}
END_TEST

/* Attempts (A2 rule 3). */

static uint32_t attempt_of(const struct story *story, uint32_t vertex, uint32_t subtask)
{
    const struct execution_graph *graph = scheduler_of(story)->graph;
    return graph->tasks[graph->vertices[vertex].first_task + subtask].attempt;
}

START_TEST(a_subtask_that_comes_back_goes_on_counting)
{
    struct story *story = story_begin(_i);
    story_adaptive(story);
    story_fixed_delay(story, "100", "1 s");
    story_set(story, "jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling", "0 s");
    story_open(story, 1, 4, story_job(story, 2, 8));
    story_run(story, 5 * TIME_S);
    story_report(story, 0, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_run(story, 10 * TIME_S);
    ck_assert_uint_eq(attempt_of(story, 1, 1), 1);
    story_put(story, 2, 1, 4);
    story_run(story, 20 * TIME_S);
    ck_assert_uint_eq(attempt_of(story, 1, 1), 2);
    ck_assert_uint_eq(attempt_of(story, 1, 3), 0);
    story_put(story, 2, 1, 1);
    story_run(story, 30 * TIME_S);
    story_put(story, 2, 1, 4);
    story_run(story, 40 * TIME_S);
    ck_assert_uint_eq(attempt_of(story, 1, 0), 4);
    ck_assert_uint_eq(attempt_of(story, 1, 1), 3);
    ck_assert_uint_eq(attempt_of(story, 1, 3), 1);
    ck_assert_uint_eq(scheduler_of(story)->restart_count, 4);
    ck_assert_uint_eq(scheduler_of(story)->rescale_count, 3);
    story_destroy(story);
}
END_TEST

/* Which slots (A5). */

static uint32_t busy_task_managers(const struct story *story, uint32_t tasks)
{
    uint32_t busy = 0;
    for (uint32_t node = 1; node < story_node_count(story); node++) {
        bool any = false;
        for (uint32_t task = 0; task < tasks; task++)
            any |= story_task_node(story, task).n == node;
        busy += any;
    }
    return busy;
}

/* Application mode only: reactive mode is one. The job shrinks to what fits on one TaskManager, and
 * takes one (jobmanager.adaptive-scheduler.prefer-minimal-taskmanagers). With local recovery it
 * does not, also while there is no state to go back to. */
static uint32_t task_managers_after_shrinking(int vouch, const char *target, const char *prefer,
                                              const char *from_local)
{
    struct story *story = story_begin(vouch);
    story_adaptive(story);
    story_set(story, "execution.target", target);
    story_set(story, "jobmanager.adaptive-scheduler.prefer-minimal-taskmanagers", prefer);
    story_set(story, "execution.state-recovery.from-local", from_local);
    story_set(story, "jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling", "0 s");
    story_set(story, "taskmanager.load-balance.mode", "slots");
    story_open(story, 3, 2, story_job(story, 6, 8));
    story_run(story, 5 * TIME_S);
    ck_assert_uint_eq(busy_task_managers(story, 12), 3);
    story_put(story, 2, 1, 2);
    story_run(story, 10 * TIME_S);
    ck_assert_uint_eq(story_tasks_running(story), 4);
    uint32_t busy = busy_task_managers(story, 4);
    story_destroy(story);
    return busy;
}

START_TEST(a_job_in_application_mode_takes_the_fewest_task_managers)
{
    ck_assert_uint_eq(task_managers_after_shrinking(_i, "embedded", "true", "false"), 1);
    ck_assert_uint_eq(task_managers_after_shrinking(_i, "embedded", "false", "false"), 2);
    ck_assert_uint_eq(task_managers_after_shrinking(_i, "embedded", "true", "true"), 2);
    ck_assert_uint_eq(task_managers_after_shrinking(_i, "remote", "true", "false"), 2);
}
END_TEST

/* cluster.evenly-spread-out-slots is the old name of the mode SLOTS and gives way to a mode that is
 * given, be it the default one. A job of two slots on two TaskManagers with two free ones each. */
static uint32_t task_managers_used(int vouch, const char *spread, const char *mode)
{
    struct story *story = story_begin(vouch);
    story_adaptive(story);
    story_set(story, "cluster.evenly-spread-out-slots", spread);
    if (mode)
        story_set(story, "taskmanager.load-balance.mode", mode);
    story_set(story, "slot.idle.timeout", "1 h");
    story_open(story, 2, 2, story_job(story, 4, 8));
    story_run(story, 5 * TIME_S);
    story_put(story, 2, 1, 2);
    story_run(story, 60 * TIME_S);
    ck_assert_uint_eq(story_tasks_running(story), 4);
    uint32_t busy = busy_task_managers(story, 4);
    story_destroy(story);
    return busy;
}

START_TEST(spreading_evenly_gives_way_to_a_mode_that_is_given)
{
    ck_assert_uint_eq(task_managers_used(_i, "false", NULL), 1);
    ck_assert_uint_eq(task_managers_used(_i, "true", NULL), 2);
    ck_assert_uint_eq(task_managers_used(_i, "true", "none"), 1);
    ck_assert_uint_eq(task_managers_used(_i, "true", "slots"), 2);
}
END_TEST

/* Local recovery: what is restored comes back to the slot that has a copy of its state, and only
 * what lost its slot goes elsewhere. Without it the slots are taken in order of acceptance: whoever
 * stayed moves to the front. Gives the TaskManager of the last subtask before and after the first
 * one's went.
 */
static void lose_first_task_manager(int vouch, const char *from_local, bool rescale_first,
                                    struct node_id *before, struct node_id *after)
{
    struct story *story = story_begin(vouch);
    story_adaptive(story);
    story_fixed_delay(story, "100", "1 s");
    story_set(story, "execution.state-recovery.from-local", from_local);
    story_set(story, "execution.checkpointing.interval", "3 s");
    story_set(story, "jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling", "0 s");
    story_set(story, "jobmanager.adaptive-scheduler.rescale-trigger.max-delay", "0 s");
    story_open(story, 3, 2, story_job(story, rescale_first ? 2 : 4, 8));
    story_run(story, 5 * TIME_S);
    if (rescale_first) { /* the latest checkpoint is of a graph of half the size */
        story_hold_acks(story, true);
        story_put(story, 2, 1, 4);
        story_run(story, 10 * TIME_S);
    }
    ck_assert_uint_eq(story_tasks_running(story), 8);
    *before = story_task_node(story, 7);
    struct node_id first = story_task_node(story, 4);
    ck_assert(!node_id_equal(first, *before));
    story_stop(story, first);
    story_run(story, 30 * TIME_S);
    ck_assert_uint_eq(story_tasks_running(story), 8);
    *after = story_task_node(story, 7);
    story_destroy(story);
}

START_TEST(with_local_recovery_state_stays_where_it_was)
{
    struct node_id before, after;
    for (int rescaled = 0; rescaled < 2; rescaled++) {
        lose_first_task_manager(_i, "true", rescaled, &before, &after);
        ck_assert(node_id_equal(before, after));
        lose_first_task_manager(_i, "false", rescaled, &before, &after);
        ck_assert(!node_id_equal(before, after));
    }
}
END_TEST

/* A checkpoint that ends because its coordinator is stopped or shut down is nobody's failure, and
 * so is a request that only leaves the queue. */
START_TEST(only_failures_that_count_move_the_countdown)
{
    struct story *story = story_begin(0);
    story_adaptive(story);
    story_set(story, "jobmanager.adaptive-scheduler.rescale-trigger.max-checkpoint-failures", "9");
    story_open(story, 1, 4, story_job(story, 2, 8));
    story_run(story, 5 * TIME_S);
    struct scheduler *s = (struct scheduler *)(uintptr_t)scheduler_of(story);
    struct trigger_countdown *countdown = &s->own.adaptive->countdown;
    struct checkpoint_coordinator_order order = { .kind = _i ? ORDER_REFUSED : ORDER_ABORTED };
    trigger_countdown_on_change(countdown);
    scheduler_on_checkpoint_ended(s, &order);
    ck_assert_int_eq(countdown->failures_left, 9);
    order.counted = true;
    scheduler_on_checkpoint_ended(s, &order);
    ck_assert_int_eq(countdown->failures_left, 8);
    story_destroy(story);
}
END_TEST

Suite *test_schedule_adaptive_inside_suite(void)
{
    Suite *suite = suite_create("schedule: adaptive inside");
    TCase *history = tcase_create("rescale history");
    tcase_add_story(history, history_is_off_unless_asked_for);
    tcase_add_story(history, the_first_record_is_the_first_schedule);
    tcase_add_story(history, a_put_is_a_record_of_its_own_requirements);
    tcase_add_story(history, new_requirements_close_the_record_before_them);
    tcase_add_story(history, each_record_that_ends_is_a_line);
    tcase_add_story(history, a_failover_is_a_record);
    tcase_add_story(history, a_failover_takes_the_open_record_over);
    tcase_add_story(history, slots_that_come_to_nothing_are_a_record_ignored);
    tcase_add_story(history, slots_of_no_use_are_no_record);
    tcase_add_story(history, a_graph_that_cannot_be_built_fails_its_record);
    tcase_add_story(history, the_end_of_the_job_ends_its_record);
    suite_add_tcase(suite, history);
    TCase *failures = tcase_create("failures");
    tcase_add_loop_test(failures, only_failures_that_count_move_the_countdown, 0, 2);
    suite_add_tcase(suite, failures);
    TCase *attempts = tcase_create("attempts");
    tcase_add_story(attempts, a_subtask_that_comes_back_goes_on_counting);
    suite_add_tcase(suite, attempts);
    TCase *places = tcase_create("places");
    tcase_add_story(places, a_job_in_application_mode_takes_the_fewest_task_managers);
    tcase_add_story(places, spreading_evenly_gives_way_to_a_mode_that_is_given);
    tcase_add_story(places, with_local_recovery_state_stays_where_it_was);
    suite_add_tcase(suite, places);
    return suite;
}
