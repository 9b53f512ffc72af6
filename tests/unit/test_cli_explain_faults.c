/* SPDX-License-Identifier: Apache-2.0
 *
 * Explaining what was done to processes without a job's going down, and what the script asked for.
 * Over whole runs, and logs written by hand.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/cli/narrative.h"
#include "tests/lib/command_line.h"
#include "tests/lib/told_words.h"
#include "tests/lib/written_log.h"

static struct run_log run_log;

/* A run of one job or two, of two tasks each, on TaskManagers of two slots. */
static const char *told_of(const char *config, const char *jobs, const char *events)
{
    static char out[CLI_TEXT_SIZE];
    char scenario[4096];
    text_format(scenario, sizeof scenario,
                "name: deeds\nduration: 20min\n"
                "config: { execution.checkpointing.interval: 10s%s }\n"
                "cluster: { task-manager: { count: 3, slots: 2 } }\njobs:\n%sevents:\n%s",
                config, jobs, events);
    cli_begin();
    cli_put_file("deeds.yaml", scenario);
    ck_assert_int_le(cli_weir("run @/deeds.yaml --out @/o --no-plots"), 1); /* a refusal: 1 */
    ck_assert_int_eq(cli_weir("explain @/o"), 0);
    text_format(out, sizeof out, "%s", cli_out());
    told_unwrap(out);
    cli_end();
    return out;
}

#define JOB(name, more)                                                                            \
    "  - { name: " name ", " more                                                                  \
    "vertices: [ { name: src }, { name: cnt, cost: 300us, keys: 1k } ]"                            \
    ", edges: [ src -> cnt: hash ], load: 1k/s }\n"

#define NOTHING                                                                                    \
    "Nothing noticeable followed: no task failed, no checkpoint failed or took much longer, and "  \
    "no sample shows a lag that rose by 1 s."

START_TEST(a_slow_host_is_told_with_what_followed)
{
    const char *out =
        told_of("", JOB("a", ""),
                "  - { at: 5min, slow: { task-manager: tm1, factor: 0.1, for: 2min } }\n"
                "  - { at: 15min, slow: { task-manager: tm3, factor: 0.1, for: 1min } "
                "}\n");
    must_tell(out, "00:05:00 tm1 is slowed The script did what it says (slow tm1). It ran at full "
                   "speed again 2 min later. ");
    must_tell(out, "The lag of a rose from 0 s to ");
    must_tell(out, ", when cnt was its busiest vertex (100 % in the busiest subtask). ");
    must_tell(out, "00:15:00 tm3 is slowed The script did what it says (slow tm3). It ran at full "
                   "speed again 1 min later. " NOTHING);
}
END_TEST

/* What stood when it was triggered is told with the checkpoint, and the checkpoint with that. */
START_TEST(checkpoints_that_failed_and_a_freeze_tell_of_each_other)
{
    const char *out =
        told_of("", JOB("a", ""), "  - { at: 5min, freeze: { task-manager: tm1, for: 30s } }\n");
    must_tell(out,
              "00:05:00 tm1 is frozen The script did what it says (freeze tm1). It went on 30 s "
              "later. ");
    must_tell(out, "of a failed (");
    must_tell(out, "Meanwhile tm1 was frozen, from 00:05:00 (freeze tm1). ");
}
END_TEST

START_TEST(checkpoints_that_failed_tell_both_ends_of_a_link)
{
    const char *out =
        told_of(", execution.checkpointing.timeout: 10s, parallelism.default: 4", JOB("a", ""),
                "  - { at: 5min, cut: { task-manager: tm1, from: tm2, for: 60s } }\n");
    must_tell(out, "Meanwhile tm1 was cut off from tm2, from 00:05:00 (cut tm1). ");
}
END_TEST

START_TEST(an_idle_process_that_is_killed_is_told)
{
    const char *out = told_of("", JOB("a", ""),
                              "  - { at: 5min, kill: tm3 }\n"
                              "  - { at: 6min, stop: tm2 }\n");
    must_tell(out, "00:05:00 tm3 is killed The script did what it says (kill tm3). The resource "
                   "manager gave up tm3 ");
    must_tell(out, "No task ran on it: no job went down by it.");
    must_tell(out, "00:06:00 tm2 is asked to stop The script did what it says (stop tm2). Its "
                   "process ended 20 ms later (stopped: as asked). ");
}
END_TEST

/* A kill (0), or a stop without grace (1), after a freeze that was over. */
START_TEST(a_process_is_given_up_for_the_fault_that_explains_it)
{
    static const char *const ends[] = { "kill: tm3", "stop: { task-manager: tm3, grace: 0s }" };
    char events[256];
    text_format(events, sizeof events,
                "  - { at: 5min, freeze: { task-manager: tm3, for: 10s } }\n"
                "  - { at: 6min, %s }\n",
                ends[_i]);
    const char *out = told_of("", JOB("a", ""), events);
    must_tell(out, "00:05:00 tm3 is frozen The script did what it says (freeze tm3). It went on "
                   "10 s later. " NOTHING);
    must_tell(out, "The resource manager gave up tm3 ");
}
END_TEST

START_TEST(a_stop_without_grace_is_one_deed)
{
    const char *out = told_of(
        "", JOB("a", ""), "  - { at: 5min, stop: { task-manager: [ tm2, tm3 ], grace: 0s } }\n");
    must_tell(out, "00:05:00 tm2 and 1 more are asked to stop The script did what it says (stop "
                   "tm2, stop tm3). Their processes ended 0 s later (killed: grace period over). ");
    must_not_tell(out, "killed The script");
}
END_TEST

START_TEST(a_fault_that_brings_a_job_down_is_told_once)
{
    const char *out = told_of("", JOB("a", ""),
                              "  - { at: 5min, kill: tm1 }\n"
                              "  - { at: 5min 1s, kill: tm3 }\n");
    must_tell(out, "00:05:00 a goes down The script did what it says (kill tm1). ");
    must_not_tell(out, "tm1 is killed");
    must_tell(out, "00:05:01 tm3 is killed The script did what it says (kill tm3). ");
    must_tell(out, "a was down then. ");
}
END_TEST

/* Its downtime goes on to the end of the run. */
START_TEST(a_job_that_failed_before_a_fault_had_ended)
{
    const char *out = told_of(", restart-strategy.type: none", JOB("a", ""),
                              "  - { at: 4min, fail: { vertex: cnt } }\n"
                              "  - { at: 5min, kill: tm3 }\n"
                              "  - { at: 6min, freeze: { task-manager: tm1, for: 30s } }\n");
    must_tell(out, "00:05:00 tm3 is killed The script did what it says (kill tm3). ");
    must_tell(out, "No task ran on it: no job went down by it. a had ended by then, as FAILED. ");
    must_tell(out, NOTHING " a had ended by then, as FAILED. ");
    must_not_tell(out, "a was down then. ");
}
END_TEST

/* It FAILED behind the fault, and was down when that struck. */
START_TEST(a_job_that_failed_after_a_fault_was_down)
{
    const char *out = told_of(", restart-strategy.type: none", JOB("a", ""),
                              "  - { at: 5min, kill: tm1 }\n"
                              "  - { at: 5min 100us, kill: tm3 }\n");
    must_tell(out, "a was down then. ");
    must_not_tell(out, "had ended by then");
}
END_TEST

/* Heartbeats that were late are held against their timeout when the JobManager goes on. The outage
 * is put down to the link, but came of both. */
START_TEST(what_goes_down_as_a_freeze_ends_is_told_with_it)
{
    const char *out =
        told_of(", heartbeat.interval: 1s, heartbeat.timeout: 5s", JOB("a", ""),
                "  - { at: 5min, freeze: { task-manager: jobmanager, for: 4s } }\n"
                "  - { at: 5min, throttle: { task-manager: tm1, from: jobmanager, latency: 300ms, "
                "for: 70s } }\n");
    must_tell(out, "00:05:00 jobmanager is frozen The script did what it says (freeze jobmanager). "
                   "It went on 4 s later. a went down as that ended, at 00:05:04. ");
    must_not_tell(out, "no task failed");
}
END_TEST

START_TEST(both_ends_of_a_link_are_one_fault)
{
    const char *out = told_of("", JOB("a", ""),
                              "  - { at: 5min, cut: { task-manager: tm2, from: tm3, for: 3s } }\n");
    must_tell(out, "00:05:00 tm2 is cut off from tm3 The script did what it says (cut tm2). It was "
                   "reached again 3 s later. " NOTHING);
    must_not_tell(out, "tm3 is cut off");
}
END_TEST

START_TEST(faults_of_one_instant_are_told_as_one)
{
    const char *out = told_of(
        "", JOB("a", ""), "  - { at: 5min, freeze: { task-manager: [ tm2, tm3 ], for: 3s } }\n");
    must_tell(out, "00:05:00 tm2 and 1 more are frozen The script did what it says (freeze tm2, "
                   "freeze tm3). Each went on 3 s later. " NOTHING);
}
END_TEST

START_TEST(what_the_script_asks_of_jobs_is_told_with_what_came_of_it)
{
    const char *out =
        told_of(", jobmanager.scheduler: adaptive", JOB("a", "") JOB("b", "at: 2min, "),
                "  - { at: 1min, savepoint: b }\n"
                "  - { at: 5min, savepoint: a, label: the first }\n"
                "  - { at: 6min, rescale: { job: a, all: 1..2 } }\n"
                "  - { at: 8min, rescale: { job: a, all: 1..2 } }\n"
                "  - { at: 10min, cancel: b }\n"
                "  - { at: 12min, stop-with-savepoint: a }\n"
                "  - { at: 14min, add: 2 }\n");
    must_tell(out, "00:01:00 b is asked for a savepoint The script did what it says (savepoint b). "
                   "That was refused 100 us later: the job has not been submitted.");
    must_tell(out, "00:05:00 a is asked for a savepoint The script did what it says (the first). "
                   "Savepoint 31 completed ");
    must_tell(out, "00:06:00 a is given other requirements The script did what it says (rescale "
                   "a). That was accepted 5.1 ms later. The job was rescaled ");
    must_tell(
        out,
        "00:08:00 a is given other requirements The script did what it says (rescale "
        "a). That was accepted 5.1 ms later. The job was not rescaled until it ended at 00:12:00.");
    must_tell(out, "b ends The job ended as CANCELED. The script had asked for it 20.3 ms before "
                   "(cancel b).");
    must_tell(out, "a ends The job ended as FINISHED. The script had asked for it ");
    must_tell(out, " before (stop-with-savepoint a), and savepoint ");
    must_tell(out,
              "00:14:00 machines are added The script did what it says (add 2). tm4 and 1 more "
              "were started, and all were up 5 s later.");
    must_not_tell(out, "is asked to");
}
END_TEST

/* A savepoint that is asked for later may be there first. */
START_TEST(an_answer_goes_to_the_command_of_its_job)
{
    static char out[8192];
    struct narrative narrative;
    json_t *summary = json_object();
    written_log_begin();
    written_log_line("1.000000000", "jobmanager", "dispatcher",
                     "\"what\":\"job submitted\",\"job\":\"a\"");
    written_log_line("1.000000000", "jobmanager", "dispatcher",
                     "\"what\":\"job submitted\",\"job\":\"b\"");
    written_log_line("10.000000000", "world", "script",
                     "\"what\":\"savepoint\",\"reason\":\"savepoint a\"");
    written_log_line("11.000000000", "world", "script",
                     "\"what\":\"savepoint\",\"reason\":\"savepoint b\"");
    written_log_line("12.000000000", "jobmanager", "client",
                     "\"what\":\"savepoint\",\"job\":\"b\",\"to\":\"done\",\"value\":7");
    written_log_read(&run_log);
    narrative_init(&narrative, &run_log, TIME_MIN, summary);
    told_chapters(&narrative, false, out, sizeof out);
    must_tell(out, "10.000 s a is asked for a savepoint The script did what it says (savepoint a). "
                   "No answer came until the end of the run.");
    must_tell(out, "11.000 s b is asked for a savepoint The script did what it says (savepoint b). "
                   "Savepoint 7 completed 1 s later.");
    narrative_fini(&narrative);
    json_decref(summary);
    run_log_fini(&run_log);
}
END_TEST

/* The second request is answered first. */
START_TEST(an_answer_goes_to_its_own_request)
{
    const char *out =
        told_of(", jobmanager.scheduler: adaptive",
                "  - { name: a, vertices: [ { name: src, close: 20s } ], load: 1k/s }\n",
                "  - { at: 5min, stop-with-savepoint: a }\n"
                "  - { at: 5min 4s, stop-with-savepoint: a }\n");
    must_tell(out, "00:05:04 a is asked to stop with a savepoint The script did what it says "
                   "(stop-with-savepoint a). That was refused 100 us later: the job is not "
                   "executing. ");
    must_tell(out, "a ends The job ended as FINISHED. The script had asked for it 20 s before "
                   "(stop-with-savepoint a), and savepoint ");
    must_not_tell(out, "00:05:00 a is asked");
}
END_TEST

/* There is no fault, so there is nothing yet that could have been noticed. */
START_TEST(a_failure_without_a_fault_begins_with_the_task)
{
    static char out[8192];
    struct narrative narrative;
    const char *text =
        "{\"recoveries\": [{\"job\": \"a\", \"cause\": \"OutOfMemoryError\", \"at\": "
        "20, \"down_at\": 20, \"down_s\": 1, \"over_s\": 21, "
        "\"recovered_after_s\": 1}, {\"job\": \"a\", \"cause\": \"OutOfMemoryError\","
        " \"at\": 30, \"down_at\": 30, \"down_s\": 11, \"over_s\": 41, "
        "\"recovered_after_s\": 11}], \"rescale_outages\": []}";
    json_t *summary = json_loads(text, 0, NULL);
    static const char *const failed_at[] = { "20.000100000", "40.000000000" };
    static const char *const running_at[] = { "21.000000000", "41.000000000" };
    written_log_begin();
    written_log_line("1.000000000", "jobmanager", "job",
                     "\"what\":\"all tasks RUNNING\",\"job\":\"a\",\"value\":2");
    for (int i = 0; i < 2; i++) {
        written_log_line(failed_at[i], "jobmanager", "execution",
                         "\"what\":\"move\",\"from\":\"RUNNING\",\"to\":\"FAILED\",\"job\":\"a\","
                         "\"vertex\":\"cnt\",\"subtask\":0,\"attempt\":0,\"peer\":\"tm1\","
                         "\"reason\":\"OutOfMemoryError: full\"");
        written_log_line(running_at[i], "jobmanager", "job",
                         "\"what\":\"all tasks RUNNING\",\"job\":\"a\",\"value\":2");
    }
    written_log_read(&run_log);
    narrative_init(&narrative, &run_log, TIME_MIN, summary);
    told_chapters(&narrative, false, out, sizeof out);
    must_tell(out,
              "20.000 s a goes down Subtask 0 of cnt on tm1 FAILED (OutOfMemoryError: full). ");
    must_tell(out, "30.000 s a goes down Not all of its tasks ran any more, which was noticed 10 s "
                   "later: subtask 0 of cnt on tm1 FAILED (");
    narrative_fini(&narrative);
    json_decref(summary);
    run_log_fini(&run_log);
}
END_TEST

/* By a label of one's own, or for how many were picked, one does not see what was done to whom. */
START_TEST(an_outage_tells_what_the_script_did_where_its_label_does_not)
{
    const char *out = told_of(
        ", heartbeat.interval: 1s, heartbeat.timeout: 5s",
        "  - { name: a, vertices: [ { name: s, parallelism: 6 } ], load: 1k/s }\n",
        "  - { at: 2min, fail: { job: a, vertex: s, subtask: 4 }, label: oops }\n"
        "  - { at: 3min, fail: { job: a, vertex: s, subtask: 4 } }\n"
        "  - { at: 4min, freeze: { task-manager: tm2, for: 30s }, label: ice }\n"
        "  - { at: 6min, kill: { task-manager: in-use, count: 3 } }\n"
        "  - { at: 6min 30s, add: 3 }\n"
        "  - { at: 10min, kill: tm4, label: boom }\n"
        "  - { at: 11min, add: 1 }\n  - { at: 18min, kill: tm5 }\n"
        "  - { at: 14min, cut: { task-manager: tm6, from: jobmanager, for: 30s }, label: snip }\n");
    must_tell(out, "a goes down The script did what it says (oops): subtask 4 of s was to fail. ");
    must_tell(out, "a goes down The script did what it says (fail s 4). ");
    must_tell(out, "before, the script did what it says (ice): tm2 was frozen. ");
    must_tell(out, "(kill 3 in-use): tm2, tm1 and tm3 were killed. ");
    must_tell(out, "a goes down The script did what it says (boom): tm4 was killed. ");
    must_tell(out, "a goes down The script did what it says (kill tm5). ");
    must_tell(out, "the script did what it says (snip): tm6 was cut off from jobmanager. ");
}
END_TEST

Suite *test_cli_explain_faults_suite(void)
{
    Suite *suite = suite_create("cli: explain faults");
    TCase *tcase = tcase_create("explain faults");
    tcase_add_test(tcase, a_slow_host_is_told_with_what_followed);
    tcase_add_test(tcase, checkpoints_that_failed_and_a_freeze_tell_of_each_other);
    tcase_add_test(tcase, checkpoints_that_failed_tell_both_ends_of_a_link);
    tcase_add_test(tcase, an_idle_process_that_is_killed_is_told);
    tcase_add_loop_test(tcase, a_process_is_given_up_for_the_fault_that_explains_it, 0, 2);
    tcase_add_test(tcase, a_stop_without_grace_is_one_deed);
    tcase_add_test(tcase, a_fault_that_brings_a_job_down_is_told_once);
    tcase_add_test(tcase, a_job_that_failed_before_a_fault_had_ended);
    tcase_add_test(tcase, a_job_that_failed_after_a_fault_was_down);
    tcase_add_test(tcase, what_goes_down_as_a_freeze_ends_is_told_with_it);
    tcase_add_test(tcase, both_ends_of_a_link_are_one_fault);
    tcase_add_test(tcase, faults_of_one_instant_are_told_as_one);
    tcase_add_test(tcase, what_the_script_asks_of_jobs_is_told_with_what_came_of_it);
    tcase_add_test(tcase, an_answer_goes_to_the_command_of_its_job);
    tcase_add_test(tcase, an_answer_goes_to_its_own_request);
    tcase_add_test(tcase, a_failure_without_a_fault_begins_with_the_task);
    tcase_add_test(tcase, an_outage_tells_what_the_script_did_where_its_label_does_not);
    suite_add_tcase(suite, tcase);
    return suite;
}
