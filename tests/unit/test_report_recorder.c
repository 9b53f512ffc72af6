/* SPDX-License-Identifier: Apache-2.0
 *
 * From lines, facts and views to metrics, incidents and the timeline, with a run that the test
 * makes up.
 */
#include <check.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/report/number_text.h"
#include "tests/lib/recorded_run.h"

static struct recorded_run recorded;

START_TEST(machines_cost_from_added_to_ended)
{
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    recorded_fact(&recorded, 0, 1, "added", NULL);
    recorded_fact(&recorded, TIME_H / 2, 2, "added", NULL);
    recorder_sample(&recorded.recorder, TIME_H / 2);
    recorded_fact(&recorded, TIME_H, 1, "killed", "machine failed");
    recorder_sample(&recorded.recorder, 2 * TIME_H);
    ck_assert_double_eq(recorded_value(&recorded, METRIC_machines, STATISTIC_FINAL), 1);
    ck_assert_double_eq(recorded_value(&recorded, METRIC_machines, STATISTIC_MEAN), 1.25);
    ck_assert_double_eq(recorded_value(&recorded, METRIC_cost, STATISTIC_FINAL), 5);
    recorded_end(&recorded);
}
END_TEST

/* Two at 1/h and two at 0.1/h for ten hours, and for five more without one of the dear ones. */
START_TEST(each_machine_costs_its_own_price)
{
    const struct machine_spec dear = { .price_per_hour = 1 }, cheap = { .price_per_hour = 0.1 };
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    for (uint32_t i = 1; i <= 4; i++) {
        recorded.run.processes[i].machine = i <= 2 ? &dear : &cheap;
        recorded_fact(&recorded, 0, i, "added", NULL);
    }
    recorder_sample(&recorded.recorder, 10 * TIME_H);
    ck_assert_double_eq_tol(recorded_value(&recorded, METRIC_cost, STATISTIC_FINAL), 22, 1e-9);
    recorded_fact(&recorded, 10 * TIME_H, 2, "killed", "machine failed");
    recorder_sample(&recorded.recorder, 15 * TIME_H);
    ck_assert_double_eq_tol(recorded_value(&recorded, METRIC_cost, STATISTIC_FINAL), 28, 1e-9);
    recorded_end(&recorded);
}
END_TEST

START_TEST(slots_are_counted_exactly_between_samples)
{
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    recorded.run.cluster = (struct look_cluster){ 1, 4, 1 };
    recorder_step(&recorded.recorder, 0);
    recorded.run.cluster = (struct look_cluster){ 2, 8, 8 };
    recorder_step(&recorded.recorder, TIME_H / 4);
    recorder_sample(&recorded.recorder, TIME_H);
    ck_assert_double_eq(recorded_value(&recorded, METRIC_slot_hours, STATISTIC_FINAL),
                        0.25 * 4 + 0.75 * 8);
    ck_assert_double_eq(recorded_value(&recorded, METRIC_task_manager_hours, STATISTIC_FINAL),
                        0.25 + 0.75 * 2);
    ck_assert_double_eq(recorded_value(&recorded, METRIC_slots_used, STATISTIC_MEAN), 0.75);
    ck_assert_double_eq(recorded_value(&recorded, METRIC_slots_used, STATISTIC_TOTAL), 2700);
    recorded_end(&recorded);
}
END_TEST

START_TEST(checkpoints_are_counted_with_their_durations_and_sizes)
{
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    recorded.run.jobs[0].checkpoint = 7;
    recorded.run.jobs[0].checkpoint_bytes = 1000;
    recorded.run.jobs[0].checkpoint_written_bytes = 100;
    recorded_line(&recorded, TIME_S, fake_checkpoint("completed", 7, 2 * TIME_S));
    recorded_line(&recorded, 2 * TIME_S,
                  fake_checkpoint("completed", 8, 4 * TIME_S)); /* a savepoint: not in the store */
    recorded_line(&recorded, 3 * TIME_S, fake_checkpoint("expired", 9, 0));
    recorded_line(&recorded, 3 * TIME_S, fake_checkpoint("failed", 9, 0));
    recorder_sample(&recorded.recorder, 10 * TIME_S);
    recorder_sample(&recorded.recorder, 20 * TIME_S);
    ck_assert_double_eq(recorded_value(&recorded, METRIC_checkpoints_completed, STATISTIC_FINAL),
                        2);
    ck_assert_double_eq(recorded_value(&recorded, METRIC_checkpoints_failed, STATISTIC_FINAL), 1);
    ck_assert_double_eq(
        recorded_value(&recorded, METRIC_checkpoint_duration_seconds, STATISTIC_MEAN), 3);
    ck_assert_double_eq(recorded_value(&recorded, METRIC_checkpoint_bytes, STATISTIC_MEAN), 1000);
    ck_assert_double_eq(recorded_value(&recorded, METRIC_checkpoint_written_bytes, STATISTIC_MEAN),
                        100);
    size_t width = recorded.recorder.metrics.columns.count;
    ck_assert_double_eq(recorded.recorder.metrics.cells.items[METRIC_checkpoint_duration_seconds],
                        4);
    ck_assert(number_is_none(
        recorded.recorder.metrics.cells.items[width + METRIC_checkpoint_duration_seconds]));
    recorded_end(&recorded);
}
END_TEST

START_TEST(restarts_are_told_from_rescales)
{
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    recorded.run.jobs[0].restarts = 5;
    recorded.run.jobs[0].rescales = 2;
    recorder_sample(&recorded.recorder, TIME_S);
    ck_assert_double_eq(recorded_value(&recorded, METRIC_restarts, STATISTIC_FINAL), 3);
    ck_assert_double_eq(recorded_value(&recorded, METRIC_rescales, STATISTIC_FINAL), 2);
    recorded_end(&recorded);
}
END_TEST

START_TEST(a_job_is_down_from_the_kill_on_not_from_its_detection)
{
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    recorded_start_job(&recorded);
    recorded_fact(&recorded, 100 * TIME_S, 1, "killed", "machine reclaimed");
    recorded_lose_tasks(&recorded, 100 * TIME_S, 1); /* told after the fact */
    recorded.run.jobs[0].status = "RESTARTING";
    recorded.run.jobs[0].scheduler_state = "Restarting";
    recorded.run.jobs[0].restarts = 1;
    recorded_line(&recorded, 101 * TIME_S, fake_move("scheduler", "Executing", "Restarting"));
    recorded.run.broken_at[0] = TIME_NEVER;
    recorded.run.jobs[0].status = "RUNNING";
    recorded.run.jobs[0].restarts = 3;
    recorded_line(&recorded, 110 * TIME_S, fake_fact("job", "all tasks RUNNING"));
    recorder_sample(&recorded.recorder, 200 * TIME_S);
    ck_assert_double_eq(recorded_value(&recorded, METRIC_downtime_seconds, STATISTIC_FINAL), 10);
    ck_assert_uint_eq(recorded.recorder.incidents.list.count, 1);
    const struct incident *incident = &recorded.recorder.incidents.list.items[0];
    ck_assert_str_eq(incident->cause, "tm1 killed: machine reclaimed");
    ck_assert_int_eq(incident->at, 100 * TIME_S);
    ck_assert_int_eq(incident->running_at, 110 * TIME_S);
    ck_assert_uint_eq(incident->restarts, 3);
    ck_assert(!incident->planned);
    const struct timeline *timeline = &recorded.recorder.timeline;
    ck_assert_uint_ge(timeline->phases.count, 3); /* nobody has looked between the first two */
    const struct phase *phases = &vec_last(&timeline->phases) - 2;
    ck_assert_str_eq(phases[0].name, "tasks gone");
    ck_assert_int_eq(phases[0].at, 100 * TIME_S);
    ck_assert_str_eq(phases[1].name, "Restarting");
    ck_assert_int_eq(phases[1].at, 101 * TIME_S);
    recorded_end(&recorded);
}
END_TEST

START_TEST(the_end_of_an_idle_process_brings_no_job_down)
{
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    recorded_start_job(&recorded);
    recorded_fact(&recorded, 100 * TIME_S, 1, "killed", "machine failed");
    recorder_sample(&recorded.recorder, 200 * TIME_S);
    ck_assert_uint_eq(recorded.recorder.incidents.list.count, 0);
    ck_assert_double_eq(recorded_value(&recorded, METRIC_downtime_seconds, STATISTIC_FINAL), 0);
    recorded_end(&recorded);
}
END_TEST

START_TEST(a_rescale_is_down_time_but_no_failure)
{
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    recorded_start_job(&recorded);
    recorded.run.jobs[0].status = "RESTARTING";
    recorded.run.jobs[0].restarts = recorded.run.jobs[0].rescales = 1;
    recorded_line(&recorded, 50 * TIME_S, fake_move("scheduler", "Executing", "Restarting"));
    recorded.run.jobs[0].status = "RUNNING";
    recorded_line(&recorded, 52 * TIME_S, fake_fact("job", "all tasks RUNNING"));
    ck_assert(recorded.recorder.incidents.list.items[0].planned);
    ck_assert_int_eq(
        incidents_downtime(&recorded.recorder.incidents, (struct job_id){ 0 }, 60 * TIME_S),
        2 * TIME_S);
    recorded_end(&recorded);
}
END_TEST

START_TEST(a_failure_without_a_fault_is_told_by_the_task_that_failed)
{
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    recorded_start_job(&recorded);
    struct log_line failed = fake_move("execution", "RUNNING", "FAILED");
    failed.subject |= LOG_OF_TASK;
    failed.vertex.n = 1;
    failed.reason = "RuntimeException: user code failed";
    recorded_line(&recorded, 50 * TIME_S, failed);
    recorded.run.jobs[0].status = "RESTARTING";
    recorded_line(&recorded, 50 * TIME_S, fake_move("job", "RUNNING", "RESTARTING"));
    ck_assert_str_eq(recorded.recorder.incidents.list.items[0].cause,
                     "count failed: user code failed");
    ck_assert_int_eq(recorded.recorder.incidents.list.items[0].running_at, TIME_NEVER);
    recorded_end(&recorded);
}
END_TEST

START_TEST(a_fault_of_long_ago_is_not_blamed)
{
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    recorded_start_job(&recorded);
    recorded_fact(&recorded, 100 * TIME_S, 1, "frozen", NULL);
    recorded.run.jobs[0].status = "RESTARTING";
    recorded_line(&recorded, 191 * TIME_S,
                  fake_move("job", "RUNNING", "RESTARTING")); /* 50 + 2 x 10 + 20 are over */
    ck_assert_str_eq(recorded.recorder.incidents.list.items[0].cause, "for no reason known");
    recorded_end(&recorded);
}
END_TEST

START_TEST(the_clock_stops_when_the_job_ends_or_is_cancelled)
{
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    recorded_start_job(&recorded);
    recorded.run.jobs[0].status = "CANCELLING";
    recorded_line(&recorded, 10 * TIME_S, fake_move("job", "RUNNING", "CANCELLING"));
    ck_assert_int_eq(incidents_downtime(&recorded.recorder.incidents, (struct job_id){ 0 }, TIME_H),
                     0);
    ck_assert_uint_eq(recorded.recorder.incidents.list.count, 0);
    recorded_end(&recorded);
}
END_TEST

START_TEST(what_the_script_does_is_marked_once)
{
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    recorder_fact(&recorded.recorder, TIME_S, node_id_none(), "kill", "kill 2 random");
    recorded_fact(&recorded, TIME_S, 1, "killed", "kill 2 random");
    recorded_fact(&recorded, TIME_S, 2, "killed", "kill 2 random");
    recorder_fact(&recorded.recorder, 2 * TIME_S, node_id_none(), "missed", "kill tm9");
    recorded_fact(&recorded, 3 * TIME_S, 3, "killed", "machine reclaimed");
    ck_assert_uint_eq(recorded.recorder.timeline.marks.count, 2);
    ck_assert_str_eq(recorded.recorder.timeline.marks.items[0].label, "kill 2 random");
    ck_assert_int_eq(recorded.recorder.timeline.marks.items[0].kind, MARK_SCRIPT);
    ck_assert_int_eq(recorded.recorder.timeline.marks.items[1].kind, MARK_LOSS);
    recorded_end(&recorded);
}
END_TEST

START_TEST(machines_that_go_together_share_a_mark)
{
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    recorded_fact(&recorded, TIME_S, 1, "stopping", NULL);
    recorded_fact(&recorded, TIME_S, 2, "stopping", NULL);
    recorded_fact(&recorded, TIME_S, 3, "stopping", NULL);
    recorded_fact(&recorded, 2 * TIME_S, 4, "stopping", NULL);
    ck_assert_uint_eq(recorded.recorder.timeline.marks.count, 2);
    struct mark *marks = recorded.recorder.timeline.marks.items;
    for (int i = 0; i < 2; i++)
        timeline_count_others(&marks[i]);
    ck_assert_str_eq(marks[0].label, "tm1 and 2 more stopping");
    ck_assert_str_eq(marks[1].label, "tm4 stopping");
    recorded_end(&recorded);
}
END_TEST

static void go_down(time_ns at)
{
    recorded.run.jobs[0].status = "RESTARTING";
    recorded_line(&recorded, at, fake_move("scheduler", "Executing", "Restarting"));
}

static void come_up(time_ns at)
{
    recorded.run.jobs[0].status = "RUNNING";
    recorded_line(&recorded, at, fake_fact("job", "all tasks RUNNING"));
}

/* Notes of one moment are joined; what happens later in the outage, or in another one, is not "and
 * others" of it. */
START_TEST(notes_are_of_the_outage_that_is_shown)
{
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    recorded_start_job(&recorded);
    recorded_fact(&recorded, 10 * TIME_S, 1, "stopping", NULL);
    go_down(10 * TIME_S);
    come_up(12 * TIME_S);
    recorded_fact(&recorded, 100 * TIME_S, 2, "stopping", NULL);
    go_down(100 * TIME_S);
    recorded_fact(&recorded, 110 * TIME_S, 3, "stopping", NULL);
    come_up(160 * TIME_S);
    recorded_fact(&recorded, 200 * TIME_S, 4, "stopping", NULL);
    go_down(200 * TIME_S);
    come_up(203 * TIME_S);
    ck_assert_uint_eq(incidents_shown(&recorded.recorder.incidents), 1); /* the longest */
    ck_assert_str_eq(recorded.recorder.timeline.kept.items[0].label, "stopping tm2");
    bool later = false;
    for (VEC_EACH(const struct mark, note, &recorded.recorder.timeline.kept)) {
        ck_assert_int_ge(note->at, 100 * TIME_S);
        ck_assert_int_le(note->at, 160 * TIME_S);
        later |= text_equal(note->label, "stopping tm3");
    }
    ck_assert(later);
    recorded_end(&recorded);
}
END_TEST

START_TEST(phases_tell_deploying_from_running)
{
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    recorded.run.jobs[0].status = "CREATED";
    recorded.run.jobs[0].scheduler_state = "WaitingForResources";
    recorded_line(&recorded, 0, fake_move("scheduler", "Created", "WaitingForResources"));
    recorded.run.jobs[0].status = "RUNNING";
    recorded.run.jobs[0].scheduler_state = "Executing";
    recorded_line(&recorded, 1, fake_move("scheduler", "CreatingExecutionGraph", "Executing"));
    recorded_line(&recorded, 2, fake_fact("job", "first task DEPLOYING"));
    recorded_line(&recorded, 3, fake_fact("job", "all tasks RUNNING"));
    ck_assert_uint_eq(recorded.recorder.timeline.phases.count, 3);
    ck_assert_str_eq(recorded.recorder.timeline.phases.items[0].name, "WaitingForResources");
    ck_assert_str_eq(recorded.recorder.timeline.phases.items[1].name, "deploying");
    ck_assert_str_eq(recorded.recorder.timeline.phases.items[2].name, "running");
    recorded_end(&recorded);
}
END_TEST

/* Of regions, the first runs and the second still waits: only a sample sees it. */
START_TEST(phases_tell_waiting_for_slots_from_deploying)
{
    static const char *const wanted[] = { "WaitingForResources", "deploying", "WaitingForResources",
                                          "running" };
    struct look_job *job = &recorded.run.jobs[0];
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    *job = (struct look_job){ .status = "RUNNING",
                              .scheduler = "Default",
                              .waits_for_slots = true,
                              .tasks = job->tasks,
                              .ended_at = TIME_NEVER };
    recorded_line(&recorded, 1, fake_move("job", "CREATED", "RUNNING"));
    job->waits_for_slots = false;
    recorded_line(&recorded, 2, fake_fact("job", "first task DEPLOYING"));
    job->waits_for_slots = true;
    recorder_sample(&recorded.recorder, 10);
    job->waits_for_slots = false;
    recorded_line(&recorded, 12, fake_fact("job", "all tasks RUNNING"));
    ck_assert_uint_eq(recorded.recorder.timeline.phases.count, 4);
    for (size_t i = 0; i < 4; i++)
        ck_assert_str_eq(recorded.recorder.timeline.phases.items[i].name, wanted[i]);
    recorded_end(&recorded);
}
END_TEST

START_TEST(a_fault_that_brings_down_two_jobs_has_one_label)
{
    char text[512];
    struct timeline timeline = { 0 };
    struct incidents incidents = { 0 };
    struct incident lost = { .cause = "tm1 killed", .at = 10 * TIME_S, .down_at = 11 * TIME_S };
    vec_push(&incidents.list, lost);
    lost.job.n = 1;
    lost.down_at++;
    vec_push(&incidents.list, lost);
    lost.at = lost.down_at = 20 * TIME_S; /* another one */
    vec_push(&incidents.list, lost);
    FILE *file = tmpfile();
    timeline_write_events(&timeline, &incidents, 60 * TIME_S, file);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    ck_assert_str_eq(text, "time_s,label,kind,level,side\n"
                           "11,\"tm1 killed\",restart,0,1\n"
                           "20,\"tm1 killed\",restart,0,1\n");
    fclose(file);
    vec_fini(&incidents.list);
}
END_TEST

/* As many as can be told apart on the axis, the first of them at its moment. */
START_TEST(checkpoints_that_failed_stand_behind_the_marks)
{
    char line[128];
    struct timeline timeline = { 0 };
    struct incidents incidents = { 0 };
    size_t rows = 0;
    for (int i = 0; i < 100000; i++)
        vec_push(&timeline.failed_checkpoints, TIME_S / 4 + i * TIME_S);
    FILE *file = tmpfile();
    timeline_write_events(&timeline, &incidents, 100000 * TIME_S, file);
    rewind(file);
    while (fgets(line, sizeof line, file)) {
        if (rows == 0)
            ck_assert_str_eq(line, "time_s,label,kind,level,side\n");
        if (rows == 1)
            ck_assert_str_eq(line, "0.25,\"\",checkpoint failed,-2,1\n");
        rows++;
    }
    ck_assert_uint_gt(rows, 2900);
    ck_assert_uint_le(rows, 3002);
    fclose(file);
    vec_fini(&timeline.failed_checkpoints);
}
END_TEST

Suite *test_report_recorder_suite(void)
{
    Suite *suite = suite_create("report: recorder");
    TCase *samples = tcase_create("samples"), *jobs = tcase_create("uptime");
    TCase *pictures = tcase_create("timeline");
    tcase_add_test(samples, machines_cost_from_added_to_ended);
    tcase_add_test(samples, each_machine_costs_its_own_price);
    tcase_add_test(samples, slots_are_counted_exactly_between_samples);
    tcase_add_test(samples, checkpoints_are_counted_with_their_durations_and_sizes);
    tcase_add_test(samples, restarts_are_told_from_rescales);
    tcase_add_test(jobs, a_job_is_down_from_the_kill_on_not_from_its_detection);
    tcase_add_test(jobs, the_end_of_an_idle_process_brings_no_job_down);
    tcase_add_test(jobs, a_rescale_is_down_time_but_no_failure);
    tcase_add_test(jobs, a_failure_without_a_fault_is_told_by_the_task_that_failed);
    tcase_add_test(jobs, a_fault_of_long_ago_is_not_blamed);
    tcase_add_test(jobs, the_clock_stops_when_the_job_ends_or_is_cancelled);
    tcase_add_test(pictures, what_the_script_does_is_marked_once);
    tcase_add_test(pictures, machines_that_go_together_share_a_mark);
    tcase_add_test(pictures, notes_are_of_the_outage_that_is_shown);
    tcase_add_test(pictures, phases_tell_deploying_from_running);
    tcase_add_test(pictures, phases_tell_waiting_for_slots_from_deploying);
    tcase_add_test(pictures, a_fault_that_brings_down_two_jobs_has_one_label);
    tcase_add_test(pictures, checkpoints_that_failed_stand_behind_the_marks);
    suite_add_tcase(suite, samples);
    suite_add_tcase(suite, jobs);
    suite_add_tcase(suite, pictures);
    return suite;
}
