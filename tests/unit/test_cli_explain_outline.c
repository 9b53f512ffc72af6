/* SPDX-License-Identifier: Apache-2.0
 *
 * Which chapters of many are shown, and which become one. Over logs written by hand.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/cli/narrative_outline.h"
#include "tests/lib/told_words.h"
#include "tests/lib/written_log.h"

static struct run_log run_log;

static const char *told(size_t limit, const char *recoveries)
{
    static char out[16384];
    char text[1024];
    struct narrative narrative;
    text_format(text, sizeof text, "{\"recoveries\": [%s], \"rescale_outages\": []}", recoveries);
    json_t *summary = json_loads(text, 0, NULL);
    FILE *file = tmpfile();
    ck_assert(summary && file);
    written_log_read(&run_log);
    narrative_init(&narrative, &run_log, TIME_H, summary);
    outline_tell(&narrative, limit, file);
    rewind(file);
    out[fread(out, 1, sizeof out - 1, file)] = '\0';
    fclose(file);
    told_unwrap(out);
    narrative_fini(&narrative);
    json_decref(summary);
    run_log_fini(&run_log);
    return out;
}

static void put(int at, const char *node, const char *machine, const char *rest)
{
    char time[32];
    text_format(time, sizeof time, "%d.000000000", at);
    written_log_line(time, node, machine, rest);
}

/* Submitted, and all of its tasks run so much later; later than never: they do not. */
static void put_job(int at, int later, int number)
{
    char rest[128];
    text_format(rest, sizeof rest, "\"what\":\"job submitted\",\"job\":\"job%d\"", number);
    put(at, "jobmanager", "dispatcher", rest);
    text_format(rest, sizeof rest, "\"what\":\"all tasks RUNNING\",\"job\":\"job%d\",\"value\":2",
                number);
    if (later >= 0)
        put(at + later, "jobmanager", "job", rest);
}

static void put_end(int at, int number, const char *as)
{
    char rest[128];
    text_format(rest, sizeof rest, "\"what\":\"job ended\",\"job\":\"job%d\",\"reason\":\"%s\"",
                number, as);
    put(at, "jobmanager", "dispatcher", rest);
}

static void put_kill(int at, int number)
{
    char node[16];
    text_format(node, sizeof node, "tm%d", number);
    put(at, node, "process", "\"what\":\"killed\",\"reason\":\"machine failed\"");
}

START_TEST(alike_submissions_and_ends_are_one_each)
{
    written_log_begin();
    for (int i = 0; i < 6; i++)
        put_job(10 * i + 1, 2 + i % 3, i);
    put_job(70, -1, 6);
    for (int i = 0; i < 5; i++)
        put_end(100 + i, i, "CANCELED");
    put_end(110, 5, "FINISHED");
    const char *out = told(20, "");
    must_tell(out, "00:00:01 6 jobs are submitted From 00:00:01 to 00:00:51. job0, job1, job2, "
                   "job3 and 2 more. All tasks of each were RUNNING 2 s to 4 s after its "
                   "submission. ");
    must_tell(out, "00:01:10 job6 is submitted ");
    must_tell(out, "00:01:40 5 jobs end From 00:01:40 to 00:01:44. job0, job1, job2, job3 and 1 "
                   "more. Each ended as CANCELED. ");
    must_tell(out, "00:01:50 job5 ends The job ended as FINISHED.");
    must_not_tell(out, "left out");
}
END_TEST

START_TEST(three_are_told_one_by_one)
{
    written_log_begin();
    for (int i = 0; i < 3; i++)
        put_job(10 * i + 1, 2, i);
    const char *out = told(20, "");
    must_tell(out, "job0 is submitted");
    must_tell(out, "job2 is submitted");
}
END_TEST

/* In churn each hits nobody, or somebody who is down anyway. */
START_TEST(faults_that_nothing_follows_are_one)
{
    written_log_begin();
    put_job(1, 1, 0);
    for (int i = 0; i < 5; i++)
        put_kill(100 + i, i);
    for (int i = 5; i < 9; i++)
        put_kill(200 + i, i);
    const char *out =
        told(20, "{\"job\": \"job0\", \"cause\": \"tm9 killed\", \"at\": 200, \"down_at\": 200, "
                 "\"down_s\": 50, \"over_s\": 250, \"recovered_after_s\": 50}");
    must_tell(out,
              "00:01:40 5 times a process is killed From 00:01:40 to 00:01:44. The first was "
              "tm0, the last tm4 (machine failed). No task ran there: no job went down by it.");
    must_tell(out, "00:03:25 4 times a process is killed From 00:03:25 to 00:03:28. The first was "
                   "tm5, the last tm8 (machine failed). Each time some job was down, ");
}
END_TEST

/* The failure is the last of all, the shortest outage goes first, and what is longer but no outage
 * has to stand back. */
START_TEST(the_heaviest_are_shown_and_the_others_counted)
{
    written_log_begin();
    for (int i = 0; i < 3; i++)
        put_job(10 * i + 1, 2, i);
    put_end(100, 0, "FINISHED");
    put_job(400, 300, 3);
    put_end(900, 1, "FAILED");
    const char *outages =
        "{\"job\": \"job2\", \"cause\": \"x\", \"at\": 200, \"down_at\": 200, \"down_s\": 5, "
        "\"over_s\": 205, \"recovered_after_s\": 5}, {\"job\": \"job2\", \"cause\": \"x\", \"at\": "
        "300, \"down_at\": 300, \"down_s\": 50, \"over_s\": 350, \"recovered_after_s\": 50},"
        "{\"job\": \"job1\", \"cause\": \"x\", \"at\": 900, \"down_at\": 900, \"failed_s\": 900, "
        "\"down_s\": 2700, \"over_s\": null}";
    const char *out = told(2, outages);
    must_tell(out, "00:05:00 job2 goes down");
    must_tell(out, "00:15:00 job1 ends The job ended as FAILED.");
    must_not_tell(out, "00:03:20 job2 goes down");
    ck_assert(strstr(out, "job2 goes down") < strstr(out, "job1 ends"));
    must_tell(out, "6 more, which weigh less, are left out: 4 submissions, 1 outage, 1 end of a "
                   "job. --all tells them one by one, --at TIME what was going on at a time.");
}
END_TEST

/* Three quarters of the room at most, as long as others want it. */
START_TEST(outages_leave_room_for_others)
{
    char outages[1024] = "";
    written_log_begin();
    put_job(1, 1, 0);
    for (int i = 0; i < 5; i++)
        text_format(outages + strlen(outages), sizeof outages - strlen(outages),
                    "%s{\"job\": \"job0\", \"cause\": \"x\", \"at\": %d, \"down_at\": %d, "
                    "\"down_s\": 5, \"over_s\": %d, \"recovered_after_s\": 5}",
                    i ? ", " : "", 100 * i + 100, 100 * i + 100, 100 * i + 105);
    const char *out = told(4, outages);
    must_tell(out, "job0 is submitted");
    must_tell(out, "2 more, which weigh less, are left out: 2 outages.");
}
END_TEST

/* Fails every 100 s from 100 s on; from a failure on it goes back to another checkpoint. */
static const char *told_loop(int times, int elsewhere, int from_checkpoint)
{
    char outages[2048] = "", rest[200];
    written_log_begin();
    put_job(1, 1, 0);
    for (int i = 0; i < times; i++) {
        int at = 100 * i + 100;
        text_format(outages + strlen(outages), sizeof outages - strlen(outages),
                    "%s{\"job\": \"job0\", \"cause\": \"x\", \"at\": %d, \"down_at\": %d, "
                    "\"down_s\": %d, \"over_s\": %d, \"recovered_after_s\": %d}",
                    i ? ", " : "", at, at, 5 + i, at + 5 + i, 5 + i);
        text_format(rest, sizeof rest,
                    "\"what\":\"move\",\"from\":\"RUNNING\",\"to\":\"FAILED\",\"job\":\"job0\","
                    "\"vertex\":\"%s\",\"subtask\":%d,\"reason\":\"it is full\"",
                    i == elsewhere ? "sink" : "count", i);
        put(at, "jobmanager", "execution", rest);
        text_format(rest, sizeof rest,
                    "\"what\":\"restore from checkpoint\",\"job\":\"job0\",\"value\":%d",
                    i < from_checkpoint ? 7 : 8);
        put(at + 1, "jobmanager", "checkpoint", rest);
        put(at + 5 + i, "jobmanager", "job",
            "\"what\":\"all tasks RUNNING\",\"job\":\"job0\",\"value\":2");
    }
    return told(20, outages);
}

START_TEST(a_job_that_fails_again_and_again_alike_is_told_once)
{
    must_tell(told_loop(6, -1, 6),
              "00:01:40 job0 goes down 6 times From 00:01:40 to 00:10:00. Each time a subtask of "
              "count FAILED (it is full), and the job went back to checkpoint 7. Its tasks were "
              "kept from running for 5 s to 10 s each time, 45 s in all.");
}
END_TEST

/* By another task, or behind a checkpoint that it got to meanwhile. */
START_TEST(what_fails_otherwise_is_told_by_itself)
{
    const char *out = told_loop(6, 2, 6);
    must_tell(out, "job0 goes down 5 times");
    must_tell(out, "00:05:00 job0 goes down Subtask 2 of sink FAILED (it is full).");
    out = told_loop(6, -1, 2);
    must_tell(out, "00:01:40 job0 goes down Subtask 0 of count");
    must_tell(out, "00:03:20 job0 goes down Subtask 1 of count");
    must_tell(out, "00:05:00 job0 goes down 4 times");
    must_tell(out, "the job went back to checkpoint 8.");
}
END_TEST

Suite *test_cli_explain_outline_suite(void)
{
    Suite *suite = suite_create("cli: explain outline");
    TCase *tcase = tcase_create("explain outline");
    tcase_add_test(tcase, alike_submissions_and_ends_are_one_each);
    tcase_add_test(tcase, three_are_told_one_by_one);
    tcase_add_test(tcase, faults_that_nothing_follows_are_one);
    tcase_add_test(tcase, the_heaviest_are_shown_and_the_others_counted);
    tcase_add_test(tcase, outages_leave_room_for_others);
    tcase_add_test(tcase, a_job_that_fails_again_and_again_alike_is_told_once);
    tcase_add_test(tcase, what_fails_otherwise_is_told_by_itself);
    suite_add_tcase(suite, tcase);
    return suite;
}
