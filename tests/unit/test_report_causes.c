/* SPDX-License-Identifier: Apache-2.0
 *
 * Chains of causes, rule by rule, over logs written by hand.
 */
#include <check.h>

#include "core/base/text.h"
#include "sim/load/event_words.h"
#include "sim/load/scenario_script.h"
#include "sim/report/causes.h"
#include "tests/lib/written_log.h"

static struct run_log run_log;

START_TEST(causes_are_of_the_same_job_and_process)
{
    written_log_begin();
    written_log_line("10.000000000", "tm1", "process", "\"what\":\"killed\"");
    written_log_line("20.000000000", "tm2", "process", "\"what\":\"frozen\"");
    written_log_line(
        "60.000000000", "jobmanager", "execution",
        "\"what\":\"move\",\"from\":\"RUNNING\",\"to\":\"FAILED\",\"job\":\"a\",\"vertex\":\"v\","
        "\"subtask\":0,\"attempt\":0,\"peer\":\"tm1\",\"reason\":\"TimeoutException: heartbeat of "
        "a "
        "TaskManager timed out\"");
    written_log_line("60.000000000", "jobmanager", "job",
                     "\"what\":\"tasks will be restarted\",\"job\":\"b\",\"value\":1");
    written_log_read(&run_log);
    ck_assert_str_eq(written_log_chain(&run_log, "execution FAILED", 0), "3 1");
    ck_assert_str_eq(written_log_chain(&run_log, "tasks will be restarted", 0), "4");
    run_log_fini(&run_log);
}
END_TEST

/* Not the cut that held its registration up, but what it cannot be reached by; one too many is
 * refused for neither. */
START_TEST(a_registration_is_refused_for_its_sender_s_death)
{
    written_log_begin();
    written_log_line("10.000000000", "tm1", "process", "\"what\":\"cut off\"");
    written_log_line("20.000000000", "tm1", "process", "\"what\":\"killed\"");
    written_log_line("60.000000000", "jobmanager", "resource manager",
                     "\"what\":\"refuses\",\"peer\":\"tm1\",\"reason\":"
                     "\"TaskManager cannot be reached\"");
    written_log_line("60.000000000", "jobmanager", "job master",
                     "\"what\":\"refuses\",\"job\":\"a\",\"peer\":\"tm1\",\"reason\":"
                     "\"TaskManager cannot be reached\"");
    written_log_line("61.000000000", "jobmanager", "resource manager",
                     "\"what\":\"refuses\",\"peer\":\"tm1\"");
    written_log_read(&run_log);
    ck_assert_str_eq(written_log_chain(&run_log, "resource manager refuses", 0), "3 2");
    ck_assert_str_eq(written_log_chain(&run_log, "job master refuses", 0), "4 2");
    ck_assert_str_eq(written_log_chain(&run_log, "resource manager refuses", 1), "5");
    run_log_fini(&run_log);
}
END_TEST

/* Two at one instant, each of its own job; of a log that does not say, any may be meant. */
START_TEST(the_script_asks_of_a_job_what_happens_to_it)
{
    written_log_begin();
    written_log_line("10.000000000", "world", "script", "\"what\":\"cancel\",\"job\":\"a\"");
    written_log_line("10.000000000", "world", "script", "\"what\":\"cancel\",\"job\":\"b\"");
    written_log_line("10.000100000", "jobmanager", "scheduler",
                     "\"what\":\"move\",\"from\":\"Executing\",\"to\":\"Canceling\",\"job\":\"a\"");
    written_log_line("10.000100000", "jobmanager", "client",
                     "\"what\":\"cancel\",\"to\":\"done\",\"job\":\"b\"");
    written_log_line("20.000000000", "world", "script", "\"what\":\"savepoint\"");
    written_log_line("20.100000000", "jobmanager", "client",
                     "\"what\":\"savepoint\",\"to\":\"done\",\"job\":\"b\"");
    written_log_read(&run_log);
    ck_assert_str_eq(written_log_chain(&run_log, "scheduler Canceling", 0), "3 1");
    ck_assert_str_eq(written_log_chain(&run_log, "client cancel*", 0), "4 2");
    ck_assert_str_eq(written_log_chain(&run_log, "client savepoint*", 0), "6 5");
    run_log_fini(&run_log);
}
END_TEST

/* Slots that another job has left come before what was asked of that one long ago, and before
 * TaskManagers that had registered then. */
START_TEST(the_end_of_another_job_makes_room)
{
    static const char stabilizing[] =
        "\"what\":\"move\",\"from\":\"Idling\",\"to\":\"Stabilizing\","
        "\"job\":\"b\"";
    written_log_begin();
    written_log_line("4.000000000", "jobmanager", "resource manager",
                     "\"what\":\"registers\",\"peer\":\"tm1\"");
    written_log_line("360.000000000", "world", "script", "\"what\":\"rescale\",\"job\":\"a\"");
    written_log_line("491.000000000", "jobmanager", "transition manager", stabilizing);
    written_log_line("600.000000000", "jobmanager", "dispatcher",
                     "\"what\":\"job ended\",\"job\":\"a\",\"reason\":\"CANCELED\"");
    written_log_line("600.100000000", "jobmanager", "transition manager", stabilizing);
    written_log_line("601.000000000", "jobmanager", "resource manager",
                     "\"what\":\"registers\",\"peer\":\"tm2\"");
    written_log_line("602.000000000", "jobmanager", "transition manager", stabilizing);
    written_log_read(&run_log);
    ck_assert_str_eq(written_log_chain(&run_log, "transition manager Stabilizing", 0), "3 2");
    ck_assert_str_eq(written_log_chain(&run_log, "transition manager Stabilizing", 1), "5 4");
    ck_assert_str_eq(written_log_chain(&run_log, "transition manager Stabilizing", 2), "7 6");
    run_log_fini(&run_log);
}
END_TEST

/* What was asked for by the script, and which subtask without an attempt of it. */
START_TEST(an_answer_is_followed_back_to_the_question)
{
    char text[200];
    written_log_begin();
    written_log_line("10.000000000", "world", "script", "\"what\":\"rescale\"");
    written_log_line("10.005000000", "jobmanager", "client",
                     "\"what\":\"rescale\",\"job\":\"a\",\"to\":\"done\"");
    written_log_line("20.000000000", "world", "script",
                     "\"what\":\"fail\",\"job\":\"a\",\"vertex\":\"v\",\"subtask\":3");
    written_log_read(&run_log);
    ck_assert_str_eq(written_log_chain(&run_log, "client rescale*", 0), "2 1");
    run_log_describe(&run_log.entries.items[2], text, sizeof text);
    ck_assert_str_eq(text, "script fail, job a, v subtask 3");
    run_log_fini(&run_log);
}
END_TEST

/* The end that the failure names, not the nearest that died. */
START_TEST(a_lost_connection_is_followed_back_to_its_other_end)
{
    written_log_begin();
    written_log_line("10.000000000", "tm2", "process", "\"what\":\"killed\"");
    written_log_line("10.100000000", "tm3", "process", "\"what\":\"killed\"");
    written_log_line("10.200000000", "tm1", "process", "\"what\":\"cut off\"");
    written_log_line(
        "10.300000000", "jobmanager", "execution",
        "\"what\":\"move\",\"from\":\"RUNNING\",\"to\":\"FAILED\",\"job\":\"a\",\"vertex\":\"v\","
        "\"subtask\":0,\"attempt\":0,\"peer\":\"tm4\",\"remote\":\"tm2\",\"reason\":"
        "\"RemoteTransportException: data connection to a TaskManager lost\"");
    written_log_line(
        "10.400000000", "jobmanager", "execution",
        "\"what\":\"move\",\"from\":\"RUNNING\",\"to\":\"FAILED\",\"job\":\"b\",\"vertex\":\"v\","
        "\"subtask\":0,\"attempt\":0,\"peer\":\"tm1\",\"remote\":\"tm4\",\"reason\":"
        "\"RemoteTransportException: data connection to a TaskManager lost\"");
    written_log_read(&run_log);
    ck_assert_str_eq(written_log_chain(&run_log, "execution FAILED", 0), "4 1");
    ck_assert_str_eq(written_log_chain(&run_log, "execution FAILED", 1),
                     "5 3"); /* its own links were cut */
    char described[400];
    run_log_describe(&run_log.entries.items[3], described, sizeof described);
    ck_assert_str_eq(described, "execution RUNNING -> FAILED, job a, v subtask 0 attempt 0 on tm4: "
                                "RemoteTransportException: data connection to a TaskManager lost "
                                "(tm2)");
    run_log_fini(&run_log);
}
END_TEST

START_TEST(a_rescale_is_followed_back_to_the_machine_that_joined)
{
    written_log_begin();
    written_log_line("10.000000000", "tm3", "process", "\"what\":\"added\"");
    written_log_line("40.000000000", "tm3", "process", "\"what\":\"up\"");
    written_log_line("40.100000000", "jobmanager", "resource manager",
                     "\"what\":\"registers\",\"peer\":\"tm3\"");
    written_log_line("40.200000000", "jobmanager", "transition manager",
                     "\"what\":\"move\",\"from\":\"Idling\",\"to\":\"Stabilizing\",\"job\":\"a\"");
    written_log_line("50.000000000", "jobmanager", "transition manager",
                     "\"what\":\"desired resources met\",\"job\":\"a\"");
    written_log_line(
        "50.000000000", "jobmanager", "transition manager",
        "\"what\":\"move\",\"from\":\"Stabilizing\",\"to\":\"Transitioning\",\"job\":\"a\"");
    written_log_line(
        "50.000000000", "jobmanager", "scheduler",
        "\"what\":\"move\",\"from\":\"Executing\",\"to\":\"Restarting\",\"job\":\"a\",\"reason\":"
        "\"desired resources\"");
    written_log_read(&run_log);
    ck_assert_str_eq(written_log_chain(&run_log, "scheduler Restarting", 0), "7 6 5 4 3 2 1");
    run_log_fini(&run_log);
}
END_TEST

/* The checkpoint fails because the scheduler stops them all, and that because a task failed; that
 * it was triggered is not why. */
START_TEST(a_failed_checkpoint_is_followed_back_to_the_kill)
{
    written_log_begin();
    written_log_line("90.000000000", "jobmanager", "checkpoint",
                     "\"what\":\"triggered\",\"job\":\"clicks\",\"checkpoint\":9");
    written_log_line("90.500000000", "tm2", "process", "\"what\":\"killed\"");
    written_log_line(
        "90.600000000", "jobmanager", "execution",
        "\"what\":\"move\",\"from\":\"RUNNING\",\"to\":\"FAILED\",\"job\":\"clicks\",\"vertex\":"
        "\"count\",\"subtask\":1,\"attempt\":0,\"peer\":\"tm1\",\"remote\":\"tm2\","
        "\"reason\":\"data connection lost\"");
    written_log_line("90.600000000", "jobmanager", "checkpoint",
                     "\"what\":\"stopping checkpoint scheduler\",\"job\":\"clicks\"");
    written_log_line(
        "90.600000000", "jobmanager", "checkpoint",
        "\"what\":\"failed\",\"job\":\"clicks\",\"checkpoint\":9,\"reason\":\"Checkpoint "
        "Coordinator is suspending\"");
    written_log_read(&run_log);
    ck_assert_str_eq(written_log_chain(&run_log, "checkpoint failed", 0), "5 4 3 2");
    run_log_fini(&run_log);
}
END_TEST

#define FAILED(reason)                                                                             \
    "\"what\":\"move\",\"from\":\"RUNNING\",\"to\":\"FAILED\",\"job\":\"a\",\"vertex\":\"v\","     \
    "\"subtask\":0,\"attempt\":0,\"peer\":\"tm1\",\"reason\":\"" reason "\""

static const char lost[] =
    "\"what\":\"job master lost\",\"job\":\"a\",\"reason\":\"heartbeat timeout\"";

/* The TaskManager gave the JobMaster up because the JobManager stood still, lost its network or its
 * packets; the script did it. */
START_TEST(a_task_manager_that_lost_its_job_master_is_followed_back_to_the_job_manager)
{
    static const char *const words[] = { "frozen", "cut off", "lossy", "throttled" };
    static const char *const acts[] = { "freeze", "cut", "loss", "throttle" };
    char script[64], fact[64];
    text_format(script, sizeof script, "\"what\":\"%s\"", acts[_i]);
    text_format(fact, sizeof fact, "\"what\":\"%s\"", words[_i]);
    written_log_begin();
    written_log_line("600.000000000", "jobmanager", "script", script);
    written_log_line("600.000000000", "jobmanager", "process", fact);
    written_log_line("610.000000000", "tm2", "process", fact); /* another one's */
    written_log_line("641.000000000", "tm1", "taskmanager", lost);
    written_log_line("641.000000000", "tm3", "taskmanager", lost);
    written_log_line("660.000000000", "jobmanager", "execution",
                     FAILED("Exception: TaskManager lost its JobMaster"));
    written_log_read(&run_log);
    ck_assert_str_eq(written_log_chain(&run_log, "execution FAILED", 0), "6 4 2 1");
    run_log_fini(&run_log);
}
END_TEST

/* Its own network first; its own standstill, too, of which it has just woken. */
START_TEST(a_task_manager_that_lost_its_job_master_is_asked_first)
{
    static const char *const words[] = { "cut off", "lossy", "throttled", "resumed" };
    static const char *const at[] = { "600.000000000", "600.000000000", "600.000000000",
                                      "641.000000000" };
    char fact[64];
    text_format(fact, sizeof fact, "\"what\":\"%s\"", words[_i]);
    written_log_begin();
    if (_i < 3) {
        written_log_line(at[_i], "tm1", "process", fact);
        written_log_line("610.000000000", "jobmanager", "process", "\"what\":\"lossy\"");
    } else {
        written_log_line("610.000000000", "jobmanager", "process", "\"what\":\"lossy\"");
        written_log_line(at[_i], "tm1", "process", fact);
    }
    written_log_line("641.000000000", "tm1", "taskmanager", lost);
    written_log_read(&run_log);
    ck_assert_str_eq(written_log_chain(&run_log, "taskmanager job master lost", 0),
                     _i < 3 ? "3 1" : "3 2");
    run_log_fini(&run_log);
}
END_TEST

START_TEST(a_job_master_that_disconnects_is_why_the_task_manager_lost_it)
{
    written_log_begin();
    written_log_line("600.000000000", "tm1", "process", "\"what\":\"stopping\"");
    written_log_line("600.000000000", "jobmanager", "job master",
                     "\"what\":\"disconnects\",\"job\":\"a\",\"peer\":\"tm1\"");
    written_log_line("600.000000000", "jobmanager", "job master",
                     "\"what\":\"disconnects\",\"job\":\"a\",\"peer\":\"tm2\"");
    written_log_line("600.100000000", "tm1", "taskmanager",
                     "\"what\":\"job master lost\",\"job\":\"a\",\"reason\":\"it disconnected\"");
    written_log_read(&run_log);
    ck_assert_str_eq(written_log_chain(&run_log, "taskmanager job master lost", 0), "4 2 1");
    run_log_fini(&run_log);
}
END_TEST

/* What the JobManager notices of itself: heartbeats that it did not hear, calls that hung. */
static const struct silence_case {
    const char *word, *effect, *reason;
} silences[] = {
    { "cut off", "execution", "TimeoutException: heartbeat of a TaskManager timed out" },
    { "lossy", "execution", "TimeoutException: heartbeat of a TaskManager timed out" },
    { "throttled", "execution", "TimeoutException: heartbeat of a TaskManager timed out" },
    { "resumed", "execution", "TimeoutException: heartbeat of a TaskManager timed out" },
    { "cut off", "execution", "Exception: the TaskManager could not be reached" },
    { "lossy", "execution", "Exception: the TaskManager could not be reached" },
    { "cut off", "execution", "Exception: no answer" },
    { "lossy", "execution", "Exception: no answer" },
    { "resumed", "execution", "Exception: no answer" },
    { "cut off", "resource manager", "heartbeat of a TaskManager timed out" },
    { "lossy", "resource manager", "heartbeat of a TaskManager timed out" },
    { "throttled", "resource manager", "heartbeat of a TaskManager timed out" },
    { "resumed", "resource manager", "heartbeat of a TaskManager timed out" },
    { "cut off", "job master", "heartbeat of a TaskManager timed out" },
    { "lossy", "job master", "heartbeat of a TaskManager timed out" },
    { "throttled", "job master", "heartbeat of a TaskManager timed out" },
    { "resumed", "job master", "heartbeat of a TaskManager timed out" },
};

static void put_effect(const struct silence_case *one)
{
    char rest[256];
    bool is_task = text_equal(one->effect, "execution");
    const char *what = text_equal(one->effect, "job master") ? "disconnects" : "closes";
    text_format(rest, sizeof rest, FAILED("%s"), one->reason);
    if (!is_task)
        text_format(rest, sizeof rest,
                    "\"what\":\"%s\",\"job\":\"a\",\"peer\":\"tm1\",\"reason\":\"%s\"", what,
                    one->reason);
    written_log_line("641.000000000", "jobmanager", one->effect, rest);
}

START_TEST(silence_of_all_is_the_job_managers_doing_where_none_befell_the_task_manager)
{
    const struct silence_case *one = &silences[_i];
    const char *at = text_equal(one->word, "resumed") ? "641.000000000" : "600.000000000";
    char fact[64];
    text_format(fact, sizeof fact, "\"what\":\"%s\"", one->word);
    written_log_begin();
    written_log_line(at, "jobmanager", "process", fact);
    put_effect(one);
    written_log_read(&run_log);
    struct cause_chain chain;
    causes_of(&run_log, 1, &chain);
    ck_assert_uint_eq(chain.count, 2);
    run_log_fini(&run_log);
    written_log_begin();
    written_log_line("600.000000000", "tm1", "process", "\"what\":\"cut off\"");
    written_log_line(at, "jobmanager", "process", fact);
    put_effect(one);
    written_log_read(&run_log);
    causes_of(&run_log, 2, &chain);
    ck_assert_uint_eq(chain.count, 2);
    ck_assert_uint_eq(chain.place[1], 0); /* nearer, though it was before */
    run_log_fini(&run_log);
}
END_TEST

/* What stood in its way all along, or for a part of its time; not what was over before it began,
 * and not what was a process's that has gone. */
static const struct standing_case {
    const char *begins, *ends, *ends_at, *chain;
} standing[] = {
    { "throttled", NULL, NULL, "5 4 1" },
    { "cut off", NULL, NULL, "5 4 1" },
    { "lossy", NULL, NULL, "5 4 1" },
    { "slowed", NULL, NULL, "5 4 1" },
    { "frozen", NULL, NULL, "5 4 1" },
    { "throttled", "lossless", "305", "6 5 1" }, /* of another kind */
    { "throttled", "unthrottled", "305", "6 5 3" },
    { "cut off", "healed", "305", "6 5 3" },
    { "lossy", "lossless", "305", "6 5 3" },
    { "slowed", "full speed", "305", "6 5 3" },
    { "frozen", "resumed", "305", "6 5 3" },
    { "frozen", "killed", "305", "6 5 3" },
    { "throttled", "unthrottled", "312", "6 5 1" },
};

START_TEST(an_expired_checkpoint_is_followed_back_to_what_stood_in_its_way)
{
    const struct standing_case *one = &standing[_i];
    char begins[64], ends[64], at[32];
    bool before = one->ends && text_equal(one->ends_at, "305");
    text_format(begins, sizeof begins, "\"what\":\"%s\"", one->begins);
    text_format(ends, sizeof ends, "\"what\":\"%s\"", one->ends ? one->ends : "");
    text_format(at, sizeof at, "%s.000000000", one->ends ? one->ends_at : "0");
    written_log_begin();
    written_log_line("300.000000000", "tm1", "process", begins);
    if (before)
        written_log_line(at, "tm1", "process", ends);
    written_log_line("310.000000000", "jobmanager", "checkpoint",
                     "\"what\":\"triggered\",\"job\":\"a\",\"checkpoint\":9");
    if (one->ends && !before)
        written_log_line(at, "tm1", "process", ends);
    if (!one->ends)
        written_log_line("311.000000000", "jobmanager", "checkpoint",
                         "\"what\":\"triggered\",\"job\":\"b\",\"checkpoint\":9");
    if (one->ends)
        written_log_line("312.000000000", "tm9", "process", "\"what\":\"up\"");
    written_log_line("330.000000000", "jobmanager", "checkpoint",
                     "\"what\":\"expired\",\"job\":\"a\",\"checkpoint\":9");
    written_log_line("330.000000000", "jobmanager", "checkpoint",
                     "\"what\":\"failed\",\"job\":\"a\",\"checkpoint\":9,\"reason\":"
                     "\"Checkpoint expired before completing\"");
    written_log_read(&run_log);
    ck_assert_str_eq(written_log_chain(&run_log, "checkpoint failed", 0), one->chain);
    run_log_fini(&run_log);
}
END_TEST

/* What struck tm3 while checkpoints of a expired one after the other is not why they do: what stood
 * before the first one is, also where that is over; nothing, where nothing stood. A row ends where
 * one completes, or a task fails. */
START_TEST(checkpoints_that_expire_in_a_row_have_the_cause_of_the_first)
{
    static const struct {
        const char *before, *machine, *between, *chain;
    } rows[] = {
        { "throttled", "process", "\"what\":\"up\"", "8 3 1" },
        { "throttled", "process", "\"what\":\"unthrottled\"", "8 3 1" },
        { "up", "process", "\"what\":\"up\"", "8 3 2" },
        { "throttled", "checkpoint", "\"what\":\"completed\",\"job\":\"b\",\"checkpoint\":2",
          "8 3 1" },
        { "throttled", "checkpoint", "\"what\":\"completed\",\"job\":\"a\",\"checkpoint\":2",
          "8 5" },
        { "throttled", "execution",
          "\"what\":\"move\",\"from\":\"RUNNING\",\"to\":\"FAILED\",\"job\":\"a\"", "8 5" },
    };
    char before[64];
    text_format(before, sizeof before, "\"what\":\"%s\"", rows[_i].before);
    written_log_begin();
    written_log_line("90.000000000", "tm1", "process", before);
    written_log_line("100.000000000", "jobmanager", "checkpoint",
                     "\"what\":\"triggered\",\"job\":\"a\",\"checkpoint\":1");
    written_log_line("110.000000000", "jobmanager", "checkpoint",
                     "\"what\":\"expired\",\"job\":\"a\",\"checkpoint\":1");
    written_log_line("112.000000000", "tm1", rows[_i].machine, rows[_i].between);
    written_log_line("115.000000000", "tm3", "process", "\"what\":\"frozen\"");
    written_log_line("118.000000000", "jobmanager", "checkpoint",
                     "\"what\":\"expired\",\"job\":\"b\",\"checkpoint\":1");
    written_log_line("120.000000000", "jobmanager", "checkpoint",
                     "\"what\":\"triggered\",\"job\":\"a\",\"checkpoint\":3");
    written_log_line("130.000000000", "jobmanager", "checkpoint",
                     "\"what\":\"expired\",\"job\":\"a\",\"checkpoint\":3");
    written_log_read(&run_log);
    ck_assert_str_eq(written_log_chain(&run_log, "checkpoint expired", 2), rows[_i].chain);
    run_log_fini(&run_log);
}
END_TEST

/* Nobody answered in time. */
START_TEST(a_checkpoint_that_could_not_be_triggered_is_followed_back_too)
{
    static const char *const words[] = { "frozen", "cut off", "lossy" };
    char fact[64];
    text_format(fact, sizeof fact, "\"what\":\"%s\"", words[_i]);
    written_log_begin();
    written_log_line("300.000000000", "jobmanager", "process", fact);
    written_log_line("310.000000000", "jobmanager", "checkpoint",
                     "\"what\":\"triggered\",\"job\":\"a\",\"checkpoint\":9");
    written_log_line("320.000000000", "jobmanager", "checkpoint",
                     "\"what\":\"failed\",\"job\":\"a\",\"checkpoint\":9,\"reason\":"
                     "\"Trigger checkpoint failure\"");
    written_log_read(&run_log);
    ck_assert_str_eq(written_log_chain(&run_log, "checkpoint failed", 0), "3 1");
    run_log_fini(&run_log);
}
END_TEST

/* The default scheduler names no state of its own: what it restarts tasks for stands beside it. */
START_TEST(a_failover_for_failed_checkpoints_is_followed_back_to_the_last_of_them)
{
    written_log_begin();
    written_log_line("30.000000000", "jobmanager", "checkpoint",
                     "\"what\":\"triggered\",\"job\":\"a\",\"checkpoint\":9");
    written_log_line("50.000000000", "jobmanager", "checkpoint",
                     "\"what\":\"expired\",\"job\":\"a\",\"checkpoint\":9");
    written_log_line("50.000000000", "jobmanager", "checkpoint",
                     "\"what\":\"failed\",\"job\":\"a\",\"checkpoint\":9,\"reason\":"
                     "\"Checkpoint expired before completing\"");
    written_log_line("50.000000000", "jobmanager", "job",
                     "\"what\":\"tasks will be restarted\",\"job\":\"a\",\"value\":4,"
                     "\"reason\":\"too many failed checkpoints\"");
    written_log_line("50.000000000", "jobmanager", "job",
                     "\"what\":\"move\",\"from\":\"RUNNING\",\"to\":\"RESTARTING\",\"job\":\"a\"");
    written_log_read(&run_log);
    ck_assert_str_eq(written_log_chain(&run_log, "job RESTARTING", 0), "5 4 3 2 1");
    run_log_fini(&run_log);
}
END_TEST

static void put_line(const char *machine, const char *what, const char *more)
{
    char rest[256];
    text_format(rest, sizeof rest, "\"what\":\"%s\",\"job\":\"a\"%s", what, more);
    written_log_line("10.000000000", "tm1", machine, rest);
}

/* A fault without a row of its own would be told as one that nobody caused. */
START_TEST(every_action_of_the_script_is_a_cause_of_something)
{
    struct cause_chain chain;
    bool any = false;
    written_log_begin();
    put_line("script", action_words[_i], "");
    put_line("execution", "move",
             ",\"from\":\"RUNNING\",\"to\":\"FAILED\",\"reason\":\"user code\"");
    put_line("transition manager", "move", ",\"from\":\"Idling\",\"to\":\"Stabilizing\"");
    put_line("job", "move", ",\"from\":\"RUNNING\",\"to\":\"CANCELLING\"");
    put_line("scheduler", "move", ",\"from\":\"Executing\",\"to\":\"StopWithSavepoint\"");
    put_line("checkpoint", "triggered", ",\"reason\":\"savepoint\"");
    for (size_t i = 0; i < event_fact_count; i++)
        if (!text_equal(event_facts[i].machine, "script"))
            put_line(event_facts[i].machine, event_facts[i].what, "");
    written_log_read(&run_log);
    for (size_t i = 1; i < run_log.entries.count && !any; i++) {
        causes_of(&run_log, i, &chain);
        any = chain.count == 2 && chain.place[1] == 0;
    }
    run_log_fini(&run_log);
    ck_assert_msg(any, "sim/report/causes.c: no rule has \"script %s\" for a cause",
                  action_words[_i]);
}
END_TEST

Suite *test_report_causes_suite(void)
{
    Suite *suite = suite_create("report_causes");
    TCase *old = tcase_create("links"), *rules = tcase_create("rules");
    tcase_add_test(old, causes_are_of_the_same_job_and_process);
    tcase_add_test(old, a_registration_is_refused_for_its_sender_s_death);
    tcase_add_test(old, an_answer_is_followed_back_to_the_question);
    tcase_add_test(old, a_lost_connection_is_followed_back_to_its_other_end);
    tcase_add_test(old, a_rescale_is_followed_back_to_the_machine_that_joined);
    tcase_add_test(old, a_failed_checkpoint_is_followed_back_to_the_kill);
    tcase_add_loop_test(
        rules, a_task_manager_that_lost_its_job_master_is_followed_back_to_the_job_manager, 0, 4);
    tcase_add_loop_test(rules, a_task_manager_that_lost_its_job_master_is_asked_first, 0, 4);
    tcase_add_test(rules, a_job_master_that_disconnects_is_why_the_task_manager_lost_it);
    tcase_add_loop_test(rules,
                        silence_of_all_is_the_job_managers_doing_where_none_befell_the_task_manager,
                        0, (int)(sizeof silences / sizeof *silences));
    tcase_add_loop_test(rules, an_expired_checkpoint_is_followed_back_to_what_stood_in_its_way, 0,
                        (int)(sizeof standing / sizeof *standing));
    tcase_add_loop_test(rules, checkpoints_that_expire_in_a_row_have_the_cause_of_the_first, 0, 6);
    tcase_add_loop_test(rules, a_checkpoint_that_could_not_be_triggered_is_followed_back_too, 0, 3);
    tcase_add_test(rules, a_failover_for_failed_checkpoints_is_followed_back_to_the_last_of_them);
    tcase_add_test(rules, the_script_asks_of_a_job_what_happens_to_it);
    tcase_add_test(rules, the_end_of_another_job_makes_room);
    tcase_add_loop_test(rules, every_action_of_the_script_is_a_cause_of_something, 0,
                        ACTION_KIND_COUNT);
    suite_add_tcase(suite, old);
    suite_add_tcase(suite, rules);
    return suite;
}
