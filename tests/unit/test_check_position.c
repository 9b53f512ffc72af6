/* SPDX-License-Identifier: Apache-2.0
 *
 * How far the state of a job has come: what is allowed, and what the checker of positions sees.
 */
#include <check.h>
#include <string.h>

#include "core/base/text.h"
#include "tests/lib/checked_run.h"

static struct checked_run checked;

START_TEST(position_sees_state_that_goes_back_without_a_restart)
{
    checked_begin(&checked);
    checked.recorded.run.flows[1] = (struct model_job_view){ .served_total = 100, .position = 100 };
    checked_look(&checked, TIME_S);
    checked_must_hold(&checked);
    checked.recorded.run.flows[1] = (struct model_job_view){ .served_total = 120, .position = 90 };
    checked_look(&checked, 2 * TIME_S);
    checked_must_break(&checked, "exactly-once",
                       "the state of b went back although nothing restarted");
    checked_end(&checked);
}
END_TEST

START_TEST(position_sees_records_that_are_in_no_book)
{
    checked_begin(&checked);
    checked.recorded.run.flows[1] = (struct model_job_view){ .offered_total = 100,
                                                             .inherited = 10,
                                                             .replayed_total = 20,
                                                             .setback = 5,
                                                             .served_total = 90,
                                                             .position = 70,
                                                             .backlog = 41,
                                                             .given_up = 4 };
    checked_look(&checked, TIME_S);
    checked_must_hold(&checked);
    checked.recorded.run.flows[1].given_up = 3;
    checked_look(&checked, 2 * TIME_S);
    checked_must_break(&checked, "exactly-once",
                       "of b 135 records arrived or are served again, but 134 were served");
    checked_end(&checked);
}
END_TEST

/* Job 0 has come to 100, its checkpoint 3 holds 80; the JobManager restores that. */
static void begin_with_checkpoint(void)
{
    checked_begin(&checked);
    checked.recorded.run.flows[0] =
        (struct model_job_view){ .served_total = 100,
                                 .position = 100,
                                 .restore_position = 80,
                                 .restore_checkpoint = 3,
                                 .restored = { .count = 1, .whole = true } };
    checked_look(&checked, TIME_S);
    checked_line(&checked, TIME_S, fake_checkpoint("triggered", 3, 0));
    checked_line(&checked, TIME_S, fake_checkpoint("completed", 3, 0));
    checked_line(&checked, 2 * TIME_S, fake_checkpoint("restore from checkpoint", 0, 3));
    checked_look(&checked, 2 * TIME_S);
}

static void restore(uint64_t checkpoint, double position, bool whole)
{
    checked.recorded.run.flows[0].restored =
        (struct model_restore){ checked.recorded.run.flows[0].restored.count + 1, checkpoint,
                                position, whole };
    checked.recorded.run.flows[0].position = position + 5;
    checked.recorded.run.flows[0].served_total += 5;
}

START_TEST(position_allows_going_back_to_the_checkpoint_named_however_long_it_takes)
{
    begin_with_checkpoint();
    for (int i = 3; i < 40; i++)
        checked_look(&checked, i * TIME_S);
    restore(3, 80, true);
    checked_look(&checked, 40 * TIME_S);
    checked_must_hold(&checked);
    checked_end(&checked);
}
END_TEST

START_TEST(position_wants_a_restore_for_going_back_whatever_the_log_says)
{
    begin_with_checkpoint();
    checked.recorded.run.flows[0].position = 85;
    checked_look(&checked, 3 * TIME_S);
    checked_must_break(&checked, "exactly-once",
                       "the state of a went back although nothing restarted");
    checked_end(&checked);
}
END_TEST

START_TEST(position_sees_a_restore_behind_the_checkpoint)
{
    begin_with_checkpoint();
    restore(3, 79, true);
    checked.recorded.run.flows[0].position = 90; /* has caught up since */
    checked_look(&checked, 3 * TIME_S);
    checked_must_break(&checked, "exactly-once", "the state of a went back behind checkpoint 3");
    checked_end(&checked);
}
END_TEST

START_TEST(position_sees_a_restore_that_does_not_go_back_far_enough)
{
    begin_with_checkpoint();
    restore(3, 81, true);
    checked_look(&checked, 3 * TIME_S);
    checked_must_break(&checked, "exactly-once", "the state of a did not go back to checkpoint 3");
    checked_end(&checked);
}
END_TEST

/* A9: only a region begins anew, the others stay where they are. */
START_TEST(position_lets_other_regions_stay_ahead)
{
    begin_with_checkpoint();
    restore(3, 95, false);
    checked_look(&checked, 3 * TIME_S);
    checked_must_hold(&checked);
    checked_end(&checked);
}
END_TEST

START_TEST(position_sees_tasks_that_take_up_another_checkpoint_than_was_named)
{
    begin_with_checkpoint();
    restore(2, 80, true);
    checked_look(&checked, 3 * TIME_S);
    checked_must_break(&checked, "exactly-once", "a takes up checkpoint 2, but was to restore 3");
    checked_end(&checked);
}
END_TEST

START_TEST(position_sees_a_job_that_begins_from_nothing_although_a_checkpoint_was_named)
{
    begin_with_checkpoint();
    restore(0, 0, true);
    checked.recorded.run.flows[0].position = 120;
    checked.recorded.run.flows[0].served_total = 120;
    checked_look(&checked, 3 * TIME_S);
    checked_must_break(&checked, "exactly-once", "a takes up checkpoint 0, but was to restore 3");
    checked_end(&checked);
}
END_TEST

/* Failed before the first checkpoint: all is read again. */
START_TEST(position_allows_beginning_from_nothing_before_the_first_checkpoint)
{
    checked_begin(&checked);
    checked.recorded.run.flows[0] = (struct model_job_view){ .served_total = 100, .position = 100 };
    checked_look(&checked, TIME_S);
    restore(0, 0, true);
    checked_look(&checked, 2 * TIME_S);
    checked_must_hold(&checked);
    checked_end(&checked);
}
END_TEST

/* Two checkpoints between two samples: the first is known to be no further back than the one before
 * it. */
START_TEST(position_bounds_a_checkpoint_that_no_sample_has_seen)
{
    begin_with_checkpoint();
    checked_line(&checked, 3 * TIME_S, fake_checkpoint("triggered", 4, 0));
    checked_line(&checked, 3 * TIME_S, fake_checkpoint("completed", 4, 0));
    checked_line(&checked, 3 * TIME_S, fake_checkpoint("restore from checkpoint", 0, 4));
    restore(4, 97, true);
    checked.recorded.run.flows[0].restore_checkpoint = 5;
    checked.recorded.run.flows[0].restore_position = 99;
    checked_look(&checked, 4 * TIME_S);
    checked_must_hold(&checked);
    checked_line(&checked, 5 * TIME_S, fake_checkpoint("restore from checkpoint", 0, 4));
    restore(4, 60, true);
    checked.recorded.run.flows[0].position = 110;
    checked.recorded.run.flows[0].served_total = 120;
    checked_look(&checked, 5 * TIME_S);
    checked_must_break(&checked, "exactly-once", "the state of a went back behind checkpoint 4");
    checked_end(&checked);
}
END_TEST

START_TEST(position_sees_all_tasks_start_without_a_restore)
{
    begin_with_checkpoint();
    checked.recorded.run.flows[0].whole = true;
    checked_line(&checked, 3 * TIME_S, fake_fact("job", "all tasks RUNNING"));
    checked_look(&checked, 3 * TIME_S);
    checked_must_hold(&checked);
    checked_line(&checked, 4 * TIME_S, fake_fact("job", "all tasks RUNNING"));
    checked_look(&checked, 4 * TIME_S);
    checked_must_break(&checked, "exactly-once",
                       "tasks of a began anew and went on where others were");
    checked_end(&checked);
}
END_TEST

/* The JobManager hears late: what it takes for running has failed meanwhile. */
START_TEST(position_does_not_count_starts_that_were_over_before_a_sample)
{
    begin_with_checkpoint();
    checked.recorded.run.flows[0].whole = true;
    for (int i = 3; i < 6; i++) {
        checked_line(&checked, i * TIME_S, fake_fact("job", "all tasks RUNNING"));
        checked_line(&checked, i * TIME_S, fake_move("execution", "RUNNING", "FAILED"));
        checked_look(&checked, i * TIME_S);
    }
    checked.recorded.run.flows[0].whole = false;
    checked_line(&checked, 6 * TIME_S, fake_fact("job", "all tasks RUNNING"));
    checked_look(&checked, 6 * TIME_S);
    checked_must_hold(&checked);
    checked_end(&checked);
}
END_TEST

START_TEST(position_sees_a_completed_checkpoint_that_moves)
{
    begin_with_checkpoint();
    checked.recorded.run.flows[0].restore_position = 81;
    checked_look(&checked, 3 * TIME_S);
    checked_must_break(&checked, "exactly-once",
                       "checkpoint 3 of a is not where it was when it completed");
    checked_end(&checked);
}
END_TEST

START_TEST(position_sees_state_behind_the_newest_checkpoint)
{
    begin_with_checkpoint();
    restore(3, 80, true);
    checked.recorded.run.flows[0].position = 70;
    checked.recorded.run.flows[0].restore_position = 70;
    checked.recorded.run.flows[0].restore_checkpoint = 0;
    checked_look(&checked, 3 * TIME_S);
    checked_must_break(&checked, "exactly-once", "the state of a is behind its newest checkpoint");
    checked_end(&checked);
}
END_TEST

START_TEST(position_sees_what_is_ahead_of_what_was_served)
{
    checked_begin(&checked);
    checked.recorded.run.flows[0] = (struct model_job_view){ .served_total = 100, .position = 101 };
    checked_look(&checked, TIME_S);
    checked_must_break(&checked, "exactly-once", "ahead of what was served");
    checked_end(&checked);
}
END_TEST

START_TEST(position_sees_a_checkpoint_ahead_of_the_state)
{
    checked_begin(&checked);
    checked.recorded.run.flows[0] =
        (struct model_job_view){ .served_total = 100, .position = 50, .restore_position = 60 };
    checked_look(&checked, TIME_S);
    checked_must_break(&checked, "exactly-once", "a checkpoint of a is ahead of its state");
    checked_end(&checked);
}
END_TEST

#define HEIR                                                                                       \
    "name: t\n"                                                                                    \
    "duration: 1h\n"                                                                               \
    "jobs:\n"                                                                                      \
    "  - { name: a, vertices: [ { name: source } ], load: 5/s }\n"                                 \
    "  - { name: b, vertices: [ { name: source } ],\n"                                             \
    "      config: { execution.state-recovery.path: savepoint of a } }\n"

/* b has a source of its own in place of one of a's. */
#define HEIR_OF_ONE                                                                                \
    "name: t\n"                                                                                    \
    "duration: 1h\n"                                                                               \
    "jobs:\n"                                                                                      \
    "  - { name: a, vertices: [ { name: source }, { name: left } ],\n"                             \
    "      loads: { source: 5/s, left: 5/s } }\n"                                                  \
    "  - { name: b, vertices: [ { name: own }, { name: source } ], loads: { own: 5/s },\n"         \
    "      config: { execution.state-recovery.path: savepoint of a } }\n"

/* a has come to 100, ends behind its snapshot 4, and b starts from that at what it says. */
static void hand_over_in(const char *yaml, const char *snapshot, double taken_over,
                         const char *ended_as)
{
    struct fake_run *run = &checked.recorded.run;
    const bool of_one = text_equal(yaml, HEIR_OF_ONE);
    fake_run_init(run, yaml);
    recorder_init(&checked.recorded.recorder, &checked.recorded.run.look);
    checkers_init(&checked.checkers, &checked.recorded.run.look, &checked.recorded.recorder);
    struct log_line triggered = fake_checkpoint("triggered", 4, 0);
    struct log_line ended = fake_fact("dispatcher", "job ended");
    struct log_line started = fake_checkpoint("starting from savepoint", 0, 4);
    struct log_line restored = fake_checkpoint("restore from checkpoint", 0, 4);
    checked.recorded.run.flows[0] = (struct model_job_view){ .served_total = 100, .position = 100 };
    checked_look(&checked, TIME_S);
    run->vertices[0][0].position = 100 - (of_one ? 30 : 0);
    run->vertices[0][1].position = of_one ? 30 : 0;
    triggered.reason = snapshot;
    checked_line(&checked, TIME_S, triggered);
    checked_line(&checked, TIME_S, fake_checkpoint("completed", 4, 0));
    ended.reason = ended_as;
    checked_line(&checked, 2 * TIME_S, ended);
    checked.recorded.run.jobs[0].ended_at = 2 * TIME_S;
    started.job = restored.job = (struct job_id){ 1 };
    checked_line(&checked, 3 * TIME_S, started);
    checked_line(&checked, 3 * TIME_S, restored);
    checked.recorded.run.flows[1] = (struct model_job_view){ .taken_over = taken_over,
                                                             .position = taken_over,
                                                             .restore_checkpoint = 4,
                                                             .restore_position = taken_over };
    run->vertices[1][of_one].taken_over = taken_over;
    checked_look(&checked, 4 * TIME_S);
    run->flows[1].restored = (struct model_restore){ 1, 4, taken_over, true };
    checked_look(&checked, 5 * TIME_S);
}

static void hand_over(double taken_over, const char *ended_as)
{
    hand_over_in(HEIR, "stop with savepoint", taken_over, ended_as);
}

START_TEST(position_wants_a_job_to_begin_where_the_savepoint_ended)
{
    hand_over(100, "FINISHED");
    checked.recorded.run.flows[1].served_total = 20;
    checked.recorded.run.flows[1].position = 120;
    checked_look(&checked, 6 * TIME_S);
    checked_must_hold(&checked);
    checked.recorded.run.flows[1].position = 121;
    checked_look(&checked, 7 * TIME_S);
    checked_must_break(&checked, "exactly-once", "the state of b is ahead of what was served");
    checked_end(&checked);
}
END_TEST

START_TEST(position_sees_records_that_are_read_again_by_the_next_job)
{
    hand_over(99, "FINISHED");
    checked_must_break(&checked, "exactly-once",
                       "b reads again what was in the savepoint it started from");
    checked_end(&checked);
}
END_TEST

START_TEST(position_sees_records_that_nobody_reads)
{
    hand_over(101, "FINISHED");
    checked_must_break(&checked, "exactly-once",
                       "b leaves out records behind the savepoint it started from");
    checked_end(&checked);
}
END_TEST

/* What the former job read behind its last snapshot is read again, as by any restart. */
START_TEST(position_lets_a_failed_jobs_successor_begin_at_its_savepoint)
{
    hand_over(80, "FAILED");
    checked_must_hold(&checked);
    checked_end(&checked);
}
END_TEST

/* A bounded job has gone on behind its savepoint to its end. */
START_TEST(position_lets_records_behind_a_savepoint_that_stopped_nothing_be_read_again)
{
    hand_over_in(HEIR, "savepoint", 60, "FINISHED");
    checked_must_hold(&checked);
    checked_end(&checked);
}
END_TEST

/* A task failed behind the savepoint that was to stop the job, which then came to its end. */
START_TEST(position_lets_records_behind_a_stop_that_failed_be_read_again)
{
    hand_over_in(HEIR, "stop with savepoint", 100, "FAILED");
    checked_line(&checked, 6 * TIME_S, fake_move("execution", "RUNNING", "FAILED"));
    struct log_line ended = fake_fact("dispatcher", "job ended");
    ended.reason = "FINISHED";
    checked_line(&checked, 7 * TIME_S, ended);
    checked.recorded.run.vertices[0][0].position = 160;
    checked_look(&checked, 8 * TIME_S);
    checked_must_hold(&checked);
    checked_end(&checked);
}
END_TEST

/* Its tasks waited for that checkpoint, so nothing is behind it. */
START_TEST(position_sees_records_before_the_last_checkpoint_that_are_read_again)
{
    hand_over_in(HEIR "config: { execution.checkpointing.interval: 10s }\n", NULL, 60, "FINISHED");
    checked_must_break(&checked, "exactly-once",
                       "b reads again what was in the savepoint it started from");
    checked_end(&checked);
}
END_TEST

START_TEST(position_compares_the_sources_that_both_jobs_have)
{
    hand_over_in(HEIR_OF_ONE, "stop with savepoint", 70, "FINISHED");
    checked_must_hold(&checked);
    checked_end(&checked);
    hand_over_in(HEIR_OF_ONE, "stop with savepoint", 69, "FINISHED");
    checked_must_break(&checked, "exactly-once",
                       "b reads again what was in the savepoint it started from");
    checked_end(&checked);
    hand_over_in(HEIR_OF_ONE, "stop with savepoint, draining", 100, "FINISHED");
    checked_must_break(&checked, "exactly-once",
                       "b leaves out records behind the savepoint it started from");
    checked_end(&checked);
}
END_TEST

/* While it waits for slots nobody knows yet what its tasks will take over. */
START_TEST(position_asks_where_a_job_begins_when_its_tasks_do)
{
    hand_over(100, "FINISHED");
    checked.recorded.run.flows[1].restored.count = 0;
    checked.recorded.run.vertices[1][0].taken_over = 0;
    checked_look(&checked, 6 * TIME_S);
    checked_must_hold(&checked);
    checked_end(&checked);
}
END_TEST

Suite *test_check_position_suite(void)
{
    Suite *suite = suite_create("check: position");
    TCase *tests = tcase_create("exactly-once");
    tcase_add_test(tests, position_sees_records_that_are_in_no_book);
    tcase_add_test(tests, position_sees_state_that_goes_back_without_a_restart);
    tcase_add_test(tests, position_allows_going_back_to_the_checkpoint_named_however_long_it_takes);
    tcase_add_test(tests, position_wants_a_restore_for_going_back_whatever_the_log_says);
    tcase_add_test(tests, position_sees_a_restore_behind_the_checkpoint);
    tcase_add_test(tests, position_sees_a_restore_that_does_not_go_back_far_enough);
    tcase_add_test(tests, position_lets_other_regions_stay_ahead);
    tcase_add_test(tests, position_sees_tasks_that_take_up_another_checkpoint_than_was_named);
    tcase_add_test(tests,
                   position_sees_a_job_that_begins_from_nothing_although_a_checkpoint_was_named);
    tcase_add_test(tests, position_allows_beginning_from_nothing_before_the_first_checkpoint);
    tcase_add_test(tests, position_bounds_a_checkpoint_that_no_sample_has_seen);
    tcase_add_test(tests, position_sees_all_tasks_start_without_a_restore);
    tcase_add_test(tests, position_does_not_count_starts_that_were_over_before_a_sample);
    tcase_add_test(tests, position_sees_a_completed_checkpoint_that_moves);
    tcase_add_test(tests, position_sees_state_behind_the_newest_checkpoint);
    tcase_add_test(tests, position_sees_what_is_ahead_of_what_was_served);
    tcase_add_test(tests, position_sees_a_checkpoint_ahead_of_the_state);
    tcase_add_test(tests, position_wants_a_job_to_begin_where_the_savepoint_ended);
    tcase_add_test(tests, position_sees_records_that_are_read_again_by_the_next_job);
    tcase_add_test(tests, position_sees_records_that_nobody_reads);
    tcase_add_test(tests, position_lets_a_failed_jobs_successor_begin_at_its_savepoint);
    tcase_add_test(tests,
                   position_lets_records_behind_a_savepoint_that_stopped_nothing_be_read_again);
    tcase_add_test(tests, position_lets_records_behind_a_stop_that_failed_be_read_again);
    tcase_add_test(tests, position_sees_records_before_the_last_checkpoint_that_are_read_again);
    tcase_add_test(tests, position_compares_the_sources_that_both_jobs_have);
    tcase_add_test(tests, position_asks_where_a_job_begins_when_its_tasks_do);
    suite_add_tcase(suite, tests);
    return suite;
}
