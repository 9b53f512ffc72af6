/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is to blame when a job goes down: what its own chain of causes leads to, not what happened
 * last. Facts and lines of a run that the test makes up.
 */
#include <check.h>
#include <string.h>

#include "tests/lib/recorded_run.h"

static struct recorded_run recorded;

START_TEST(faults_of_one_instant_are_one_cause)
{
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    recorded_start_job(&recorded);
    recorded.run.vertices[0][1].running = 3;
    recorded_fact(&recorded, 100 * TIME_S, 1, "killed", "machine reclaimed");
    recorded_lose_tasks(&recorded, 100 * TIME_S, 2);
    recorded_fact(&recorded, 100 * TIME_S, 2, "killed", "machine reclaimed");
    recorded_lose_tasks(&recorded, 100 * TIME_S, 1);
    recorded_fact(&recorded, 100 * TIME_S, 3, "killed", "machine reclaimed");
    recorded_lose_tasks(&recorded, 101 * TIME_S, 0);
    recorded_fact(&recorded, 101 * TIME_S, 4, "killed", "machine reclaimed");
    ck_assert_uint_eq(recorded.recorder.incidents.list.count, 1);
    ck_assert_str_eq(recorded.recorder.incidents.list.items[0].cause,
                     "tm1 killed: machine reclaimed, and 2 more");
    recorded_end(&recorded);
}
END_TEST

/* One's name begins as the other's. */
START_TEST(machines_of_one_instant_are_counted_whatever_they_are_called)
{
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    recorded_start_job(&recorded);
    recorded.run.vertices[0][1].running = 3;
    recorder_fact(&recorded.recorder, 100 * TIME_S, fake_node(10), "kill", "kill tm10");
    recorded_fact(&recorded, 100 * TIME_S, 10, "killed", "kill tm10");
    recorded_lose_tasks(&recorded, 100 * TIME_S, 2);
    recorder_fact(&recorded.recorder, 100 * TIME_S, fake_node(1), "kill", "kill tm1");
    recorded_fact(&recorded, 100 * TIME_S, 1, "killed", "kill tm1");
    recorded_lose_tasks(&recorded, 100 * TIME_S, 1);
    recorded_line(&recorded, 101 * TIME_S, fake_fact("job", "tasks will be restarted"));
    ck_assert_str_eq(recorded.recorder.incidents.list.items[0].cause, "kill tm10, and 1 more");
    recorded_end(&recorded);
}
END_TEST

/* Of two machines killed at one instant (0) or within the heartbeat's time (1) only the second has
 * tasks of the job. */
START_TEST(the_end_of_an_idle_process_is_not_the_cause_of_what_another_ends)
{
    time_ns second = _i ? 105 * TIME_S : 100 * TIME_S;
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    recorded_start_job(&recorded);
    recorded.run.unneeded[1] = recorded.run.unneeded[3] = true;
    recorder_fact(&recorded.recorder, 100 * TIME_S, fake_node(1), "kill", "kill tm1");
    recorded_fact(&recorded, 100 * TIME_S, 1, "killed", "kill tm1");
    recorder_fact(&recorded.recorder, second, fake_node(2), "kill", "kill tm2");
    recorded_fact(&recorded, second, 2, "killed", "kill tm2");
    recorded_lose_tasks(&recorded, second, 1);
    recorder_fact(&recorded.recorder, second, fake_node(3), "kill", "kill tm3");
    recorded_fact(&recorded, second, 3, "killed", "kill tm3");
    recorded_lose_tasks(&recorded, second, 0); /* its connections break before anybody looks */
    recorded_line(&recorded, second + 1, fake_fact("job", "tasks will be restarted"));
    ck_assert_uint_eq(recorded.recorder.incidents.list.count, 1);
    ck_assert_str_eq(recorded.recorder.incidents.list.items[0].cause, "kill tm2");
    ck_assert_int_eq(recorded.recorder.incidents.list.items[0].at, second);
    recorded_end(&recorded);
}
END_TEST

static void fail_task(time_ns at, uint32_t node, const char *reason)
{
    struct log_line failed = fake_move("execution", "RUNNING", "FAILED");
    failed.subject |= LOG_OF_TASK | LOG_OF_PEER;
    failed.vertex.n = 1;
    failed.peer = fake_node(node);
    failed.reason = reason;
    recorded_line(&recorded, at, failed);
    recorded.run.jobs[0].status = "RESTARTING";
    recorded_line(&recorded, at, fake_move("job", "RUNNING", "RESTARTING"));
}

/* Nobody looked in between: what had stopped by the next look was not the idle one's. */
START_TEST(what_stops_after_the_end_of_an_idle_process_is_not_its_doing)
{
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    recorded_start_job(&recorded);
    recorder_fact(&recorded.recorder, 100 * TIME_S, fake_node(1), "kill", "kill tm1");
    recorded_fact(&recorded, 100 * TIME_S, 1, "killed", "kill tm1");
    recorded_lose_tasks(&recorded, 104 * TIME_S, 1);
    fail_task(105 * TIME_S, 2, "user code failed");
    ck_assert_uint_eq(recorded.recorder.incidents.list.count, 1);
    ck_assert_int_eq(recorded.recorder.incidents.list.items[0].down_at, 104 * TIME_S);
    ck_assert_ptr_null(strstr(recorded.recorder.incidents.list.items[0].cause, "tm1"));
    recorded_end(&recorded);
}
END_TEST

/* What a client asks for, and what befalls other machines, is no cause. */
START_TEST(a_silent_machine_is_blamed_and_not_what_the_script_did_since)
{
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    recorded_start_job(&recorded);
    recorder_fact(&recorded.recorder, 100 * TIME_S, fake_node(1), "freeze", "freeze tm1");
    recorded_fact(&recorded, 100 * TIME_S, 1, "frozen", NULL);
    recorded_fact(&recorded, 110 * TIME_S, 3, "frozen", NULL);
    recorder_fact(&recorded.recorder, 120 * TIME_S, node_id_none(), "savepoint", "savepoint of a");
    recorder_fact(&recorded.recorder, 130 * TIME_S, fake_node(2), "slow", "slow tm2");
    recorded_fact(&recorded, 130 * TIME_S, 2, "slowed", NULL);
    fail_task(149 * TIME_S, 1, "TimeoutException: heartbeat of a TaskManager timed out");
    ck_assert_str_eq(recorded.recorder.incidents.list.items[0].cause, "freeze tm1");
    ck_assert_int_eq(recorded.recorder.incidents.list.items[0].at, 100 * TIME_S);
    recorded_end(&recorded);
}
END_TEST

START_TEST(a_failure_of_user_code_is_not_the_doing_of_a_slow_host)
{
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    recorded_start_job(&recorded);
    recorder_fact(&recorded.recorder, 100 * TIME_S, fake_node(2), "slow", "slow tm2");
    recorded_fact(&recorded, 100 * TIME_S, 2, "slowed", NULL);
    recorded_fact(&recorded, 100 * TIME_S, 2, "killed", NULL); /* it had no tasks */
    fail_task(101 * TIME_S, 1, "RuntimeException: user code failed");
    ck_assert_str_eq(recorded.recorder.incidents.list.items[0].cause,
                     "count failed: user code failed");
    ck_assert_int_eq(recorded.recorder.incidents.list.items[0].at, 101 * TIME_S);
    recorded_end(&recorded);
}
END_TEST

/* What lasts is remembered, however much has happened since. */
START_TEST(a_loss_that_began_long_ago_is_blamed_for_the_heartbeats_it_eats)
{
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    recorded_start_job(&recorded);
    recorder_fact(&recorded.recorder, 100 * TIME_S, fake_node(1), "loss", "loss of tm1");
    recorded_fact(&recorded, 100 * TIME_S, 1, "lossy", NULL);
    for (int i = 0; i < 5000; i++)
        recorded_line(&recorded, 101 * TIME_S + i * TIME_S, fake_fact("checkpoint", "triggered"));
    ck_assert_uint_lt(recorded.recorder.incidents.log.entries.count, 5000);
    fail_task(6000 * TIME_S, 1, "TimeoutException: heartbeat of a TaskManager timed out");
    ck_assert_str_eq(recorded.recorder.incidents.list.items[0].cause, "loss of tm1");
    recorded_end(&recorded);
}
END_TEST

/* It is down to the end of the recorded.run, and shown before longer outages that were over. */
START_TEST(a_job_that_failed_is_down_for_good)
{
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    recorded_start_job(&recorded);
    recorded.run.jobs[0].status = "RESTARTING";
    recorded_line(&recorded, 10 * TIME_S, fake_move("job", "RUNNING", "RESTARTING"));
    recorded.run.jobs[0].status = "RUNNING";
    recorded_line(&recorded, 40 * TIME_S, fake_fact("job", "all tasks RUNNING"));
    recorded_fact(&recorded, 50 * TIME_S, 1, "killed", "machine reclaimed");
    recorded_lose_tasks(&recorded, 50 * TIME_S, 1);
    recorded.run.jobs[0].status = "FAILING";
    recorded_line(&recorded, 51 * TIME_S, fake_move("job", "RUNNING", "FAILING"));
    recorded.run.jobs[0].status = "FAILED";
    recorded.run.jobs[0].ended_at = 52 * TIME_S;
    recorded_line(&recorded, 52 * TIME_S, fake_move("job", "FAILING", "FAILED"));
    recorded_line(&recorded, 52 * TIME_S, fake_fact("dispatcher", "job ended"));
    ck_assert_int_eq(incidents_downtime(&recorded.recorder.incidents, (struct job_id){ 0 }, TIME_H),
                     30 * TIME_S + TIME_H - 50 * TIME_S);
    ck_assert_uint_eq(recorded.recorder.incidents.list.count, 2);
    const struct incident *incident = &recorded.recorder.incidents.list.items[1];
    ck_assert_str_eq(incident->cause, "tm1 killed: machine reclaimed");
    ck_assert_int_eq(incident->failed_at, 52 * TIME_S);
    ck_assert_int_eq(incident->running_at, TIME_NEVER);
    ck_assert_uint_eq(incidents_shown(&recorded.recorder.incidents), 1);
    ck_assert(!incidents_is_failing(&recorded.recorder.incidents)); /* nobody waits for it */
    recorded_end(&recorded);
}
END_TEST

/* From RUNNING, as with no restart left: those of failures before are not this one's. */
START_TEST(a_job_that_fails_at_once_was_not_restarted)
{
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    recorded.run.jobs[0].restarts = 2;
    recorded_start_job(&recorded);
    recorded.run.jobs[0].status = "FAILED";
    recorded.run.jobs[0].ended_at = 52 * TIME_S;
    recorded_line(&recorded, 52 * TIME_S, fake_move("job", "RUNNING", "FAILED"));
    const struct incidents *incidents = &recorded.recorder.incidents;
    ck_assert_uint_eq(incidents->list.count, 1);
    ck_assert_int_eq(incidents->list.items[0].failed_at, 52 * TIME_S);
    ck_assert_uint_eq(incidents->list.items[0].restarts, 0);
    recorded_end(&recorded);
}
END_TEST

static void begin_rescale(time_ns at)
{
    recorded.run.jobs[0].status = "RESTARTING";
    recorded.run.jobs[0].restarts = recorded.run.jobs[0].rescales = 1;
    recorded_line(&recorded, at, fake_move("scheduler", "Executing", "Restarting"));
}

static void fail_reach(time_ns at, uint32_t node)
{
    recorded.run.jobs[0].status = "RUNNING";
    fail_task(at, node, "RecipientUnreachableException: TaskManager cannot be reached");
}

/* Its tasks go where a process was killed before (0), or is meanwhile (1). */
START_TEST(a_rescale_in_which_tasks_fail_is_a_failure_by_both)
{
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    recorded_start_job(&recorded);
    if (_i == 1)
        begin_rescale(50 * TIME_S);
    recorder_fact(&recorded.recorder, 51 * TIME_S, fake_node(2), "kill", "kill tm2");
    recorded_fact(&recorded, 51 * TIME_S, 2, "killed", "kill tm2");
    if (_i == 0)
        begin_rescale(52 * TIME_S);
    fail_reach(53 * TIME_S, 2);
    fail_reach(54 * TIME_S, 2);
    recorded.run.jobs[0].status = "RUNNING";
    recorded.run.jobs[0].restarts = 3;
    recorded_line(&recorded, 60 * TIME_S, fake_fact("job", "all tasks RUNNING"));
    const struct incidents *incidents = &recorded.recorder.incidents;
    ck_assert_uint_eq(incidents->list.count, 1);
    const struct incident *incident = &incidents->list.items[0];
    ck_assert(incident->rescaled && !incident->planned);
    ck_assert_str_eq(incident->cause, "rescale, then kill tm2");
    ck_assert_str_eq(incident->end, "");
    ck_assert_int_eq(incident->at, incident->down_at);
    ck_assert_int_eq(incident->running_at, 60 * TIME_S);
    ck_assert_uint_eq(incidents_shown(incidents), 0);
    recorded_end(&recorded);
}
END_TEST

/* By a machine (0) or its own code (1). */
START_TEST(a_job_that_failed_in_a_rescale_failed_by_what_failed_in_it)
{
    static const char *const ends[] = { "kill tm2", "count failed: user code failed" };
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    recorded_start_job(&recorded);
    recorder_fact(&recorded.recorder, 49 * TIME_S, fake_node(2), "kill", "kill tm2");
    recorded_fact(&recorded, 49 * TIME_S, 2, "killed", "kill tm2");
    begin_rescale(50 * TIME_S);
    if (_i == 0)
        fail_reach(51 * TIME_S, 2);
    else
        fail_task(51 * TIME_S, 1, "RuntimeException: user code failed");
    recorded_line(&recorded, 51 * TIME_S, fake_move("job", "RUNNING", "FAILING"));
    recorded.run.jobs[0].status = "FAILED";
    recorded.run.jobs[0].ended_at = 51 * TIME_S;
    recorded_line(&recorded, 51 * TIME_S, fake_move("job", "FAILING", "FAILED"));
    const struct incident *incident = &recorded.recorder.incidents.list.items[0];
    ck_assert(incident->rescaled && !incident->planned);
    ck_assert_str_eq(incident->cause, "rescale");
    ck_assert_str_eq(incident->end, ends[_i]);
    recorded_end(&recorded);
}
END_TEST

/* A rescale that ends so was a failure, and a job of which nothing ever ran is down since then. */
START_TEST(a_job_that_failed_on_its_way_up_is_down_too)
{
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    if (_i == 0) {
        recorded_start_job(&recorded);
        begin_rescale(50 * TIME_S);
    }
    struct log_line refused = fake_fact("job", "restore refused");
    refused.reason = "there is no such checkpoint";
    recorded_line(&recorded, 50 * TIME_S, refused);
    recorded.run.jobs[0].status = "FAILED";
    recorded.run.jobs[0].ended_at = 50 * TIME_S;
    recorded_line(&recorded, 50 * TIME_S, fake_fact("dispatcher", "job ended"));
    ck_assert_int_eq(
        incidents_downtime(&recorded.recorder.incidents, (struct job_id){ 0 }, 60 * TIME_S),
        10 * TIME_S);
    ck_assert_uint_eq(recorded.recorder.incidents.list.count, 1);
    ck_assert(!recorded.recorder.incidents.list.items[0].planned);
    const struct incident *incident = &recorded.recorder.incidents.list.items[0];
    ck_assert_str_eq(_i == 0 ? incident->end : incident->cause, "there is no such checkpoint");
    ck_assert_str_eq(_i == 0 ? incident->cause : incident->end, _i == 0 ? "rescale" : "");
    recorded_end(&recorded);
}
END_TEST

/* The JobManager stands still; its TaskManagers give it up, and it hears of that when it goes on. A
 * line from before it stood still that says that all tasks run is no news. */
START_TEST(tasks_that_a_task_manager_gave_up_are_down_whoever_knows)
{
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    recorded_start_job(&recorded);
    recorder_fact(&recorded.recorder, 100 * TIME_S, fake_node(0), "freeze", "freeze jobmanager");
    recorded_fact(&recorded, 100 * TIME_S, 0, "frozen", NULL);
    struct log_line lost = fake_fact("taskmanager", "job master lost");
    lost.reason = "heartbeat timeout";
    recorder_line(&recorded.recorder, 150 * TIME_S, fake_node(1), &lost);
    recorded.run.broken_at[0] = 150 * TIME_S;
    recorder_sample(&recorded.recorder, 155 * TIME_S);
    const struct incidents *incidents = &recorded.recorder.incidents;
    ck_assert_uint_eq(incidents->list.count, 1);
    ck_assert_int_eq(incidents->list.items[0].at, 100 * TIME_S);
    ck_assert_int_eq(incidents->list.items[0].down_at, 150 * TIME_S);
    ck_assert_str_eq(incidents->list.items[0].cause, "freeze jobmanager");
    ck_assert_str_eq(vec_last(&recorded.recorder.timeline.phases).name, "tasks gone");
    ck_assert_int_eq(vec_last(&recorded.recorder.timeline.phases).at, 150 * TIME_S);
    recorded_line(&recorded, 170 * TIME_S, fake_fact("job", "all tasks RUNNING"));
    ck_assert_int_eq(incidents->list.items[0].running_at, TIME_NEVER);
    recorded.run.jobs[0].status = "RESTARTING";
    recorded.run.jobs[0].restarts = 2;
    recorded_line(&recorded, 170 * TIME_S, fake_move("job", "RUNNING", "RESTARTING"));
    ck_assert_uint_eq(incidents->list.items[0].restarts, 2); /* so far */
    recorded.run.jobs[0].status = "RUNNING";
    recorded.run.broken_at[0] = TIME_NEVER;
    recorded.run.whole_at[0] = 171 * TIME_S;
    ck_assert_int_eq(incidents_downtime(incidents, (struct job_id){ 0 }, 172 * TIME_S),
                     21 * TIME_S); /* it never falls, so it knows before the JobManager does */
    ck_assert_int_eq(incident_length(incidents, &incidents->list.items[0], 172 * TIME_S),
                     21 * TIME_S);
    recorded_line(&recorded, 173 * TIME_S, fake_fact("job", "all tasks RUNNING"));
    ck_assert_int_eq(incidents->list.items[0].running_at, 171 * TIME_S);
    ck_assert_int_eq(incidents_downtime(incidents, (struct job_id){ 0 }, 200 * TIME_S),
                     21 * TIME_S);
    ck_assert_int_eq(incident_length(incidents, &incidents->list.items[0], 200 * TIME_S),
                     21 * TIME_S);
    recorded_end(&recorded);
}
END_TEST

/* Nobody says why: what happened last is not to blame, and when the JobManager hears of a failure
 * that is why. */
START_TEST(what_stops_without_a_word_is_explained_when_it_is_noticed)
{
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    recorded_start_job(&recorded);
    recorded_fact(&recorded, 100 * TIME_S, 3, "killed", "machine reclaimed"); /* it had no tasks */
    recorded.run.broken_at[0] = 101 * TIME_S;
    recorder_sample(&recorded.recorder, 102 * TIME_S);
    const struct incidents *incidents = &recorded.recorder.incidents;
    ck_assert_str_eq(incidents->list.items[0].cause, "for no reason known");
    fail_task(130 * TIME_S, 1, "RuntimeException: user code failed");
    ck_assert_uint_eq(incidents->list.count, 1);
    ck_assert_int_eq(incidents->list.items[0].down_at, 101 * TIME_S);
    ck_assert_str_eq(incidents->list.items[0].cause, "count failed: user code failed");
    recorded_end(&recorded);
}
END_TEST

/* It is over for long: a checkpoint that expires now is not its doing. What goes on still is. */
START_TEST(a_condition_is_remembered_until_it_has_ended)
{
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    recorded_start_job(&recorded);
    recorder_fact(&recorded.recorder, 100 * TIME_S, fake_node(1), "slow", "slow tm1");
    recorded_fact(&recorded, 100 * TIME_S, 1, "slowed", NULL);
    recorder_fact(&recorded.recorder, 110 * TIME_S, fake_node(2), "throttle", "throttle tm2");
    recorded_fact(&recorded, 110 * TIME_S, 2, "throttled", NULL);
    recorded_fact(&recorded, 120 * TIME_S, 2, "unthrottled", NULL);
    for (int i = 0; i < 5000; i++)
        recorded_line(&recorded, 121 * TIME_S + i * TIME_S, fake_fact("checkpoint", "triggered"));
    ck_assert_uint_lt(recorded.recorder.incidents.log.entries.count, 5000);
    recorded_line(&recorded, 6000 * TIME_S, fake_checkpoint("expired", 9, 0));
    struct log_line failed = fake_checkpoint("failed", 9, 0);
    failed.reason = "Checkpoint expired before completing";
    recorded_line(&recorded, 6000 * TIME_S, failed);
    struct log_line restarted = fake_fact("job", "tasks will be restarted");
    restarted.reason = "too many failed checkpoints";
    recorded.run.jobs[0].status = "RESTARTING";
    recorded_line(&recorded, 6000 * TIME_S, restarted);
    ck_assert_str_eq(recorded.recorder.incidents.list.items[0].cause, "slow tm1");
    ck_assert_int_eq(recorded.recorder.incidents.list.items[0].at, 100 * TIME_S);
    ck_assert_int_eq(recorded.recorder.incidents.list.items[0].down_at, 6000 * TIME_S);
    recorded_end(&recorded);
}
END_TEST

/* So is a storage that fails; and of conditions that come again the last, once. */
START_TEST(what_began_again_is_remembered_once)
{
    static const struct {
        const char *word, *script, *began, *reason;
    } kinds[] = {
        { "fail-storage", "fail-storage writes", "fails", "Asynchronous task checkpoint failed" },
        { "slow", "slow tm1", "slowed", "Checkpoint expired before completing" },
    };
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    recorded_start_job(&recorded);
    for (int i = 0; i < 5000; i++) {
        time_ns at = 100 * TIME_S + i * TIME_S;
        recorder_fact(&recorded.recorder, at, fake_node(1), kinds[_i].word, kinds[_i].script);
        recorded_fact(&recorded, at, 1, kinds[_i].began, NULL);
    }
    ck_assert_uint_lt(recorded.recorder.incidents.log.entries.count, 5000);
    for (int i = 0; i < 5000; i++)
        recorded_line(&recorded, 5200 * TIME_S + i * TIME_S, fake_fact("checkpoint", "triggered"));
    struct log_line failed = fake_checkpoint("failed", 9, 0);
    failed.reason = kinds[_i].reason;
    if (_i == 1)
        recorded_line(&recorded, 11000 * TIME_S, fake_checkpoint("expired", 9, 0));
    recorded_line(&recorded, 11000 * TIME_S, failed);
    struct log_line restarted = fake_fact("job", "tasks will be restarted");
    restarted.reason = "too many failed checkpoints";
    recorded.run.jobs[0].status = "RESTARTING";
    recorded_line(&recorded, 11000 * TIME_S, restarted);
    ck_assert_str_eq(recorded.recorder.incidents.list.items[0].cause, kinds[_i].script);
    ck_assert_int_eq(recorded.recorder.incidents.list.items[0].at, 5099 * TIME_S);
    recorded_end(&recorded);
}
END_TEST

Suite *test_report_incidents_suite(void)
{
    Suite *suite = suite_create("report_incidents");
    TCase *tcase = tcase_create("causes");
    tcase_add_test(tcase, faults_of_one_instant_are_one_cause);
    tcase_add_test(tcase, machines_of_one_instant_are_counted_whatever_they_are_called);
    tcase_add_loop_test(tcase, the_end_of_an_idle_process_is_not_the_cause_of_what_another_ends, 0,
                        2);
    tcase_add_test(tcase, what_stops_after_the_end_of_an_idle_process_is_not_its_doing);
    tcase_add_test(tcase, a_silent_machine_is_blamed_and_not_what_the_script_did_since);
    tcase_add_test(tcase, a_failure_of_user_code_is_not_the_doing_of_a_slow_host);
    tcase_add_test(tcase, a_loss_that_began_long_ago_is_blamed_for_the_heartbeats_it_eats);
    tcase_add_test(tcase, tasks_that_a_task_manager_gave_up_are_down_whoever_knows);
    tcase_add_test(tcase, what_stops_without_a_word_is_explained_when_it_is_noticed);
    tcase_add_test(tcase, a_condition_is_remembered_until_it_has_ended);
    tcase_add_loop_test(tcase, what_began_again_is_remembered_once, 0, 2);
    tcase_add_test(tcase, a_job_that_failed_is_down_for_good);
    tcase_add_test(tcase, a_job_that_fails_at_once_was_not_restarted);
    tcase_add_loop_test(tcase, a_rescale_in_which_tasks_fail_is_a_failure_by_both, 0, 2);
    tcase_add_loop_test(tcase, a_job_that_failed_in_a_rescale_failed_by_what_failed_in_it, 0, 2);
    tcase_add_loop_test(tcase, a_job_that_failed_on_its_way_up_is_down_too, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}
