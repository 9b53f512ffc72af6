/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is to blame when a job goes down: what its own chain of causes leads to, not what happened
 * last. Facts and lines of a run that the test makes up.
 */
#include <check.h>

#include "sim/report/recorder.h"
#include "tests/lib/fake_run.h"
#include "tests/lib/load_fixture.h"

#define PRICED                                                                                     \
    LOAD_FIXTURE_BASE "cluster: { task-manager: { count: 1, price: 2/h } }\n"                      \
                      "config: { heartbeat.interval: 10s, heartbeat.timeout: 50s }\n"

static struct fake_run run;
static struct recorder recorder;

static void begin(void)
{
    fake_run_init(&run, PRICED);
    recorder_init(&recorder, &run.look);
}

static void end(void)
{
    recorder_fini(&recorder);
    fake_run_fini(&run);
}

static void line(time_ns at, struct log_line what)
{
    recorder_line(&recorder, at, fake_node(0), &what);
}

static void fact(time_ns at, uint32_t node, const char *word, const char *reason)
{
    recorder_fact(&recorder, at, fake_node(node), word, reason);
}

/* All tasks run from one second on. */
static void start_job(void)
{
    run.jobs[0].tasks = 4;
    run.vertices[0][0].running = run.vertices[0][1].running = 2;
    run.vertices[0][0].parallelism = run.vertices[0][1].parallelism = 2;
    line(TIME_S, fake_fact("job", "all tasks RUNNING"));
}

START_TEST(faults_of_one_instant_are_one_cause)
{
    begin();
    start_job();
    run.vertices[0][1].running = 3;
    fact(100 * TIME_S, 1, "killed", "machine reclaimed");
    run.vertices[0][1].running = 2;
    fact(100 * TIME_S, 2, "killed", "machine reclaimed");
    run.vertices[0][1].running = 1;
    fact(100 * TIME_S, 3, "killed", "machine reclaimed");
    run.vertices[0][1].running = 0;
    fact(101 * TIME_S, 4, "killed", "machine reclaimed");
    ck_assert_uint_eq(recorder.incidents.list.count, 1);
    ck_assert_str_eq(recorder.incidents.list.items[0].cause,
                     "tm1 killed: machine reclaimed, and 2 more");
    end();
}
END_TEST

/* Of two machines killed at one instant (0) or within the heartbeat's time (1) only the second has
 * tasks of the job. */
START_TEST(the_end_of_an_idle_process_is_not_the_cause_of_what_another_ends)
{
    time_ns second = _i ? 105 * TIME_S : 100 * TIME_S;
    begin();
    start_job();
    recorder_fact(&recorder, 100 * TIME_S, fake_node(1), "kill", "kill tm1");
    fact(100 * TIME_S, 1, "killed", "kill tm1");
    recorder_fact(&recorder, second, fake_node(2), "kill", "kill tm2");
    fact(second, 2, "killed", "kill tm2");
    run.vertices[0][1].running = 1;
    recorder_fact(&recorder, second, fake_node(3), "kill", "kill tm3");
    fact(second, 3, "killed", "kill tm3");
    line(second + 1, fake_fact("job", "tasks will be restarted"));
    ck_assert_uint_eq(recorder.incidents.list.count, 1);
    ck_assert_str_eq(recorder.incidents.list.items[0].cause, "kill tm2");
    ck_assert_int_eq(recorder.incidents.list.items[0].at, second);
    end();
}
END_TEST

static void fail_task(time_ns at, uint32_t node, const char *reason)
{
    struct log_line failed = fake_move("execution", "RUNNING", "FAILED");
    failed.subject |= LOG_OF_TASK | LOG_OF_PEER;
    failed.vertex.n = 1;
    failed.peer = fake_node(node);
    failed.reason = reason;
    line(at, failed);
    run.jobs[0].status = "RESTARTING";
    line(at, fake_move("job", "RUNNING", "RESTARTING"));
}

/* What a client asks for, and what befalls other machines, is no cause. */
START_TEST(a_silent_machine_is_blamed_and_not_what_the_script_did_since)
{
    begin();
    start_job();
    recorder_fact(&recorder, 100 * TIME_S, fake_node(1), "freeze", "freeze tm1");
    fact(100 * TIME_S, 1, "frozen", NULL);
    fact(110 * TIME_S, 3, "frozen", NULL);
    recorder_fact(&recorder, 120 * TIME_S, node_id_none(), "savepoint", "savepoint of a");
    recorder_fact(&recorder, 130 * TIME_S, fake_node(2), "slow", "slow tm2");
    fact(130 * TIME_S, 2, "slowed", NULL);
    fail_task(149 * TIME_S, 1, "TimeoutException: heartbeat of a TaskManager timed out");
    ck_assert_str_eq(recorder.incidents.list.items[0].cause, "freeze tm1");
    ck_assert_int_eq(recorder.incidents.list.items[0].at, 100 * TIME_S);
    end();
}
END_TEST

START_TEST(a_failure_of_user_code_is_not_the_doing_of_a_slow_host)
{
    begin();
    start_job();
    recorder_fact(&recorder, 100 * TIME_S, fake_node(2), "slow", "slow tm2");
    fact(100 * TIME_S, 2, "slowed", NULL);
    fact(100 * TIME_S, 2, "killed", NULL); /* it had no tasks */
    fail_task(101 * TIME_S, 1, "RuntimeException: user code failed");
    ck_assert_str_eq(recorder.incidents.list.items[0].cause, "count failed: user code failed");
    ck_assert_int_eq(recorder.incidents.list.items[0].at, 101 * TIME_S);
    end();
}
END_TEST

/* What lasts is remembered, however much has happened since. */
START_TEST(a_loss_that_began_long_ago_is_blamed_for_the_heartbeats_it_eats)
{
    begin();
    start_job();
    recorder_fact(&recorder, 100 * TIME_S, fake_node(1), "loss", "loss of tm1");
    fact(100 * TIME_S, 1, "lossy", NULL);
    for (int i = 0; i < 5000; i++)
        line(101 * TIME_S + i * TIME_S, fake_fact("checkpoint", "triggered"));
    ck_assert_uint_lt(recorder.incidents.log.entries.count, 5000);
    fail_task(6000 * TIME_S, 1, "TimeoutException: heartbeat of a TaskManager timed out");
    ck_assert_str_eq(recorder.incidents.list.items[0].cause, "loss of tm1");
    end();
}
END_TEST

/* It is down to the end of the run, and shown before longer outages that were over. */
START_TEST(a_job_that_failed_is_down_for_good)
{
    begin();
    start_job();
    run.jobs[0].status = "RESTARTING";
    line(10 * TIME_S, fake_move("job", "RUNNING", "RESTARTING"));
    run.jobs[0].status = "RUNNING";
    line(40 * TIME_S, fake_fact("job", "all tasks RUNNING"));
    fact(50 * TIME_S, 1, "killed", "machine reclaimed");
    run.vertices[0][1].running = 1;
    run.jobs[0].status = "FAILING";
    line(51 * TIME_S, fake_move("job", "RUNNING", "FAILING"));
    run.jobs[0].status = "FAILED";
    run.jobs[0].ended_at = 52 * TIME_S;
    line(52 * TIME_S, fake_move("job", "FAILING", "FAILED"));
    line(52 * TIME_S, fake_fact("dispatcher", "job ended"));
    ck_assert_int_eq(
        incidents_downtime(&recorder.incidents, (struct job_id){ 0 }, TIME_H, TIME_NEVER),
        30 * TIME_S + TIME_H - 50 * TIME_S);
    ck_assert_uint_eq(recorder.incidents.list.count, 2);
    const struct incident *incident = &recorder.incidents.list.items[1];
    ck_assert_str_eq(incident->cause, "tm1 killed: machine reclaimed");
    ck_assert_int_eq(incident->failed_at, 52 * TIME_S);
    ck_assert_int_eq(incident->running_at, TIME_NEVER);
    ck_assert_uint_eq(incidents_shown(&recorder.incidents), 1);
    ck_assert(!incidents_is_failing(&recorder.incidents)); /* nobody waits for it */
    end();
}
END_TEST

/* A rescale that ends so was no rescale, and a job of which nothing ever ran is down since then. */
START_TEST(a_job_that_failed_on_its_way_up_is_down_too)
{
    begin();
    if (_i == 0) {
        start_job();
        run.jobs[0].status = "RESTARTING";
        run.jobs[0].restarts = run.jobs[0].rescales = 1;
        line(50 * TIME_S, fake_move("scheduler", "Executing", "Restarting"));
    }
    struct log_line refused = fake_fact("job", "restore refused");
    refused.reason = "there is no such checkpoint";
    line(50 * TIME_S, refused);
    run.jobs[0].status = "FAILED";
    run.jobs[0].ended_at = 50 * TIME_S;
    line(50 * TIME_S, fake_fact("dispatcher", "job ended"));
    ck_assert_int_eq(
        incidents_downtime(&recorder.incidents, (struct job_id){ 0 }, 60 * TIME_S, TIME_NEVER),
        10 * TIME_S);
    ck_assert_uint_eq(recorder.incidents.list.count, 1);
    ck_assert(!recorder.incidents.list.items[0].planned);
    ck_assert_str_eq(recorder.incidents.list.items[0].cause, "there is no such checkpoint");
    end();
}
END_TEST

Suite *test_report_incidents_suite(void)
{
    Suite *suite = suite_create("report_incidents");
    TCase *tcase = tcase_create("causes");
    tcase_add_test(tcase, faults_of_one_instant_are_one_cause);
    tcase_add_loop_test(tcase, the_end_of_an_idle_process_is_not_the_cause_of_what_another_ends, 0,
                        2);
    tcase_add_test(tcase, a_silent_machine_is_blamed_and_not_what_the_script_did_since);
    tcase_add_test(tcase, a_failure_of_user_code_is_not_the_doing_of_a_slow_host);
    tcase_add_test(tcase, a_loss_that_began_long_ago_is_blamed_for_the_heartbeats_it_eats);
    tcase_add_test(tcase, a_job_that_failed_is_down_for_good);
    tcase_add_loop_test(tcase, a_job_that_failed_on_its_way_up_is_down_too, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}
