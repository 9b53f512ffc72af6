/* SPDX-License-Identifier: Apache-2.0
 *
 * Explaining how a job failed: for good, until another one goes on from it, or as a whole, over
 * logs written by hand.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/report/causes.h"
#include "sim/cli/narrative.h"
#include "tests/lib/told_words.h"
#include "tests/lib/written_log.h"

static struct run_log run_log;

/* All is said of the narrative: the summing up, then each chapter. `outages` is JSON, of the
 * summary. */
static void tell_all(const char *outages, char *out, size_t size)
{
    struct narrative narrative;
    json_t *summary = json_loads(outages, 0, NULL);
    ck_assert_ptr_nonnull(summary);
    narrative_init(&narrative, &run_log, TIME_H, summary);
    told_chapters(&narrative, true, out, size);
    narrative_fini(&narrative);
    json_decref(summary);
    run_log_fini(&run_log);
}

/* A recovery of job a. */
#define RECOVERY(rest) "{\"recoveries\": [{\"job\": \"a\", " rest "}], \"rescale_outages\": []}"

static void put_dead_story(void)
{
    written_log_line("1.000000000", "jobmanager", "dispatcher",
                     "\"what\":\"job submitted\",\"job\":\"a\"");
    written_log_line("5.000000000", "jobmanager", "job",
                     "\"what\":\"all tasks RUNNING\",\"job\":\"a\",\"value\":4");
    written_log_line("600.000000000", "tm2", "process", "\"what\":\"killed\"");
    written_log_line(
        "600.400000000", "jobmanager", "execution",
        "\"what\":\"move\",\"from\":\"RUNNING\",\"to\":\"FAILED\",\"job\":\"a\",\"vertex\":"
        "\"count\",\"subtask\":1,\"attempt\":0,\"peer\":\"tm1\",\"remote\":\"tm2\",\"reason\":"
        "\"data connection lost\"");
    written_log_line("600.400000000", "jobmanager", "job",
                     "\"what\":\"move\",\"from\":\"RUNNING\",\"to\":\"FAILING\",\"job\":\"a\"");
    written_log_line("601.000000000", "jobmanager", "job",
                     "\"what\":\"move\",\"from\":\"FAILING\",\"to\":\"FAILED\",\"job\":\"a\"");
    written_log_line("601.000000000", "jobmanager", "dispatcher",
                     "\"what\":\"job ended\",\"job\":\"a\",\"reason\":\"FAILED\"");
}

START_TEST(a_job_that_failed_is_down_to_the_end_of_the_run)
{
    char out[2048];
    written_log_begin();
    put_dead_story();
    written_log_line("700.000000000", "jobmanager", "resource manager", "\"what\":\"later\"");
    written_log_read(&run_log);
    tell_all(RECOVERY("\"cause\": \"tm2 killed\", \"at\": 600, \"down_at\": 600, "
                      "\"down_s\": 3000, \"failed_s\": 601"),
             out, sizeof out);
    ck_assert_ptr_nonnull(strstr(out, "1 failure and 0 rescales kept tasks from running for 50 min "
                                      "in all; the longest failure took 50 min."));
    ck_assert_ptr_nonnull(strstr(out, "The job FAILED 1 s after that."));
    ck_assert_ptr_nonnull(strstr(out, "Nothing of it ran for the 49 min 59 s"));
}
END_TEST

/* Or until a job that takes up its checkpoint runs. */
START_TEST(a_job_that_goes_on_from_a_failed_one_ends_its_outage)
{
    char out[2048];
    written_log_begin();
    put_dead_story();
    written_log_line("720.000000000", "jobmanager", "checkpoint",
                     "\"what\":\"starting from savepoint\",\"job\":\"b\",\"value\":3,\"reason\":"
                     "\"checkpoint of a\"");
    written_log_line("780.000000000", "jobmanager", "job",
                     "\"what\":\"all tasks RUNNING\",\"job\":\"b\",\"value\":4");
    written_log_read(&run_log);
    tell_all(RECOVERY("\"cause\": \"tm2 killed\", \"at\": 600, \"down_at\": 600, "
                      "\"down_s\": 180, \"recovered_after_s\": 180, \"failed_s\": 601, "
                      "\"over_s\": 780"),
             out, sizeof out);
    ck_assert_ptr_nonnull(strstr(out, "from running for 3 min in all"));
    ck_assert_ptr_nonnull(strstr(out, "2 min 59 s later all tasks of the job ran that goes on"));
}
END_TEST

#define TOO_MANY                                                                                   \
    RECOVERY("\"cause\": \"too many failed checkpoints\", \"at\": 50, \"down_at\": 50, "           \
             "\"down_s\": 3550")

/* Checkpoint 9 of job a expires at 50 s, and that is one too many. */
static void put_too_many_failed_checkpoints(void)
{
    written_log_begin();
    written_log_line("5.000000000", "jobmanager", "job",
                     "\"what\":\"all tasks RUNNING\",\"job\":\"a\",\"value\":4");
    written_log_line("30.000000000", "jobmanager", "checkpoint",
                     "\"what\":\"triggered\",\"job\":\"a\",\"checkpoint\":9");
    written_log_line("50.000000000", "jobmanager", "checkpoint",
                     "\"what\":\"expired\",\"job\":\"a\",\"checkpoint\":9");
    written_log_line(
        "50.000000000", "jobmanager", "checkpoint",
        "\"what\":\"failed\",\"job\":\"a\",\"checkpoint\":9,\"reason\":\"Checkpoint expired "
        "before completing\"");
    written_log_line(
        "50.000000000", "jobmanager", "scheduler",
        "\"what\":\"move\",\"from\":\"Executing\",\"to\":\"Restarting\",\"job\":\"a\",\"reason\":"
        "\"too many failed checkpoints\"");
}

/* A failure of the job as a whole has a cause though no task has failed. */
START_TEST(too_many_failed_checkpoints_are_told_and_followed_back)
{
    char out[2048];
    put_too_many_failed_checkpoints();
    written_log_read(&run_log);
    struct cause_chain chain;
    causes_of(&run_log, 4, &chain);
    ck_assert_uint_eq(chain.count, 4);
    for (size_t i = 0; i < chain.count; i++)
        ck_assert_uint_eq(chain.place[i], 4 - i);
    tell_all(TOO_MANY, out, sizeof out);
    ck_assert_ptr_nonnull(strstr(out, "The job failed as a whole (too many failed checkpoints)."));
    ck_assert_ptr_nonnull(strstr(out, "The last was checkpoint 9: Checkpoint expired before"));
}
END_TEST

/* Another fault strikes while it restarts: that is not how the outage was noticed. */
START_TEST(tasks_that_fail_behind_too_many_failed_checkpoints_spoil_the_restart)
{
    char out[2048];
    put_too_many_failed_checkpoints();
    written_log_line("60.000000000", "jobmanager", "execution",
                     "\"what\":\"move\",\"from\":\"DEPLOYING\",\"to\":\"FAILED\",\"job\":\"a\","
                     "\"vertex\":\"v\",\"subtask\":0,\"reason\":\"it cannot be reached\"");
    written_log_read(&run_log);
    tell_all(TOO_MANY, out, sizeof out);
    ck_assert_ptr_nonnull(strstr(out, "The job failed as a whole (too many failed checkpoints)."));
    ck_assert_msg(strstr(out, "10 s after that began, subtask 0 of v FAILED") != NULL, "%s", out);
    ck_assert_ptr_null(strstr(out, "noticed"));
}
END_TEST

/* Two outages by one fault that was long before, with tasks running in between, a third that nobody
 * noticed, and a fourth by a fault just then: each as long as the summary says, in their order. */
START_TEST(outages_last_from_when_tasks_stopped_whenever_the_fault_was)
{
    char out[4096];
    static const char failed[] =
        "\"what\":\"move\",\"from\":\"RUNNING\",\"to\":\"FAILED\",\"job\":\"a\",\"vertex\":"
        "\"count\",\"subtask\":1,\"attempt\":0,\"peer\":\"tm1\",\"reason\":\"connection lost\"";
    static const char restore[] = "\"what\":\"restore from checkpoint\",\"job\":\"a\",\"value\":1";
    static const char all[] = "\"what\":\"all tasks RUNNING\",\"job\":\"a\",\"value\":4";
    written_log_begin();
    written_log_line("5.000000000", "jobmanager", "job", all);
    written_log_line("10.000000000", "jobmanager", "checkpoint",
                     "\"what\":\"completed\",\"job\":\"a\",\"checkpoint\":1");
    written_log_line("300.000000000", "tm1", "script", "\"what\":\"cut\",\"reason\":\"cut tm1\"");
    written_log_line("300.000000000", "tm1", "process", "\"what\":\"cut off\"");
    written_log_line("900.000000000", "jobmanager", "execution", failed);
    written_log_line("901.000000000", "jobmanager", "checkpoint", restore);
    written_log_line("902.000000000", "jobmanager", "job", all);
    written_log_line("1200.500000000", "jobmanager", "execution", failed);
    written_log_line("1201.000000000", "jobmanager", "checkpoint", restore);
    written_log_line("1204.000000000", "jobmanager", "job", all);
    written_log_line("1300.000000000", "tm1", "resource manager", "\"what\":\"later\"");
    written_log_read(&run_log);
    tell_all("{\"rescale_outages\": [], \"recoveries\": ["
             "{\"job\": \"a\", \"cause\": \"cut tm1\", \"at\": 300, \"down_at\": 900, "
             "\"down_s\": 2, \"recovered_after_s\": 2, \"over_s\": 902},"
             "{\"job\": \"a\", \"cause\": \"cut tm1\", \"at\": 300, \"down_at\": 1200, "
             "\"down_s\": 4, \"recovered_after_s\": 4, \"over_s\": 1204},"
             "{\"job\": \"a\", \"cause\": \"freeze jobmanager\", \"at\": 1250, "
             "\"down_at\": 1290, \"down_s\": 2310}]}",
             out, sizeof out);
    ck_assert_ptr_nonnull(strstr(out,
                                 "3 failures and 0 rescales kept tasks from running for 38 min "
                                 "36 s in all; the longest failure took 38 min 30 s."));
    const char *first =
        strstr(out, "00:15:00 a goes down 10 min before, the script did what it says "
                    "(cut tm1). It was noticed at once: ");
    const char *second = strstr(out, "00:20:00 a goes down 15 min before, the script did what it "
                                     "says (cut tm1). It was noticed 500 ms later: ");
    const char *third =
        strstr(out, "00:21:30 a goes down The cause: freeze jobmanager. Tasks stopped, and the "
                    "JobManager did not hear of it. ");
    ck_assert(first && second && third && first < second && second < third);
    ck_assert_ptr_nonnull(strstr(first, "checkpoint 1, completed 14 min 50 s before. All 4 tasks "
                                        "were RUNNING again 2 s after it went down"));
    ck_assert_ptr_nonnull(strstr(second, "checkpoint 1, completed 19 min 50 s before. All 4 tasks "
                                         "were RUNNING again 4 s after it went down"));
    ck_assert_ptr_nonnull(strstr(third, "The run ended before all of its tasks ran again."));
}
END_TEST

/* A client ends the job while it is down: then the clock stops, not when its tasks have ended. */
START_TEST(an_outage_is_over_when_the_job_is_cancelled)
{
    char out[2048];
    written_log_begin();
    written_log_line("5.000000000", "jobmanager", "job",
                     "\"what\":\"all tasks RUNNING\",\"job\":\"a\",\"value\":4");
    written_log_line(
        "120.000000000", "jobmanager", "scheduler",
        "\"what\":\"move\",\"from\":\"Executing\",\"to\":\"Restarting\",\"job\":\"a\"");
    written_log_line(
        "240.000000000", "jobmanager", "scheduler",
        "\"what\":\"move\",\"from\":\"Restarting\",\"to\":\"Canceling\",\"job\":\"a\"");
    written_log_line("300.000000000", "jobmanager", "dispatcher",
                     "\"what\":\"job ended\",\"job\":\"a\",\"reason\":\"CANCELED\"");
    written_log_read(&run_log);
    tell_all(RECOVERY("\"cause\": \"fail source 1\", \"at\": 120, \"down_at\": 120, "
                      "\"down_s\": 120, \"over_s\": 240"),
             out, sizeof out);
    ck_assert_ptr_nonnull(strstr(out, "kept tasks from running for 2 min in all"));
    ck_assert_ptr_nonnull(strstr(out, "cancelling and back-off took 2 min. "));
    ck_assert_ptr_nonnull(strstr(out, "The job was ended 2 min after that."));
}
END_TEST

/* The default scheduler's back-off runs from the failure on, and no line says when the last task
 * was cancelled: that a client cancels the job then does not make it all cancelling. */
START_TEST(a_client_that_cancels_during_the_back_off_does_not_end_it)
{
    char out[2048];
    written_log_begin();
    written_log_line("5.000000000", "jobmanager", "job",
                     "\"what\":\"all tasks RUNNING\",\"job\":\"a\",\"value\":4");
    written_log_line("102.000000000", "jobmanager", "job",
                     "\"what\":\"tasks will be restarted\",\"job\":\"a\",\"value\":4");
    written_log_line("102.000000000", "jobmanager", "job",
                     "\"what\":\"move\",\"from\":\"RUNNING\",\"to\":\"RESTARTING\",\"job\":\"a\"");
    written_log_line(
        "115.000000000", "jobmanager", "job",
        "\"what\":\"move\",\"from\":\"RESTARTING\",\"to\":\"CANCELLING\",\"job\":\"a\"");
    written_log_line("115.000000000", "jobmanager", "job",
                     "\"what\":\"move\",\"from\":\"CANCELLING\",\"to\":\"CANCELED\",\"job\":\"a\"");
    written_log_line("115.000000000", "jobmanager", "dispatcher",
                     "\"what\":\"job ended\",\"job\":\"a\",\"reason\":\"CANCELED\"");
    written_log_read(&run_log);
    tell_all(RECOVERY("\"cause\": \"fail c 0\", \"at\": 100, \"down_at\": 100, "
                      "\"down_s\": 15, \"over_s\": 115"),
             out, sizeof out);
    ck_assert_ptr_nonnull(strstr(out, "noticing it took 2 s, cancelling and back-off 13 s. "));
}
END_TEST

static void put_restart(const char *at, int tasks)
{
    char rest[80];
    text_format(rest, sizeof rest,
                "\"what\":\"tasks will be restarted\",\"job\":\"a\",\"value\":%d", tasks);
    written_log_line(at, "jobmanager", "job", rest);
}

/* Of a region, of all, of a job that never ran; and where it is done again until it succeeds. */
START_TEST(how_many_tasks_were_restarted_is_told)
{
    static const struct {
        int all, first, second; /* 0: they do not run before, there is no second restart */
        const char *told;
    } cases[] = {
        { 8, 2, 0, "The default scheduler restarted 2 of its 8 tasks: " },
        { 8, 8, 0, "The default scheduler restarted all 8 tasks: " },
        { 8, 2, 2, "The default scheduler restarted 2 of its 8 tasks 2 times: in all, " },
        { 8, 8, 2, "The default scheduler restarted 2 to 8 of its 8 tasks 2 times: in all, " },
        { 8, 8, 8, "The default scheduler restarted all 8 tasks 2 times: in all, " },
        { 1, 1, 0, "The default scheduler restarted its only task: " },
        { 0, 4, 4, "The default scheduler restarted 4 tasks 2 times: in all, " },
        { 0, 1, 0, "The default scheduler restarted 1 task: " },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[2048], all[80];
        written_log_begin();
        text_format(all, sizeof all, "\"what\":\"all tasks RUNNING\",\"job\":\"a\",\"value\":%d",
                    cases[i].all);
        if (cases[i].all)
            written_log_line("5.000000000", "jobmanager", "job", all);
        put_restart("102.000000000", cases[i].first);
        if (cases[i].second)
            put_restart("104.000000000", cases[i].second);
        written_log_line("130.000000000", "tm1", "process", "\"what\":\"killed\"");
        written_log_read(&run_log);
        tell_all(RECOVERY("\"cause\": \"fail c 0\", \"at\": 100, \"down_at\": 100, \"down_s\": 30"),
                 out, sizeof out);
        ck_assert_msg(strstr(out, cases[i].told) != NULL, "%s: %s", cases[i].told, out);
    }
}
END_TEST

Suite *test_cli_explain_failed_suite(void)
{
    Suite *suite = suite_create("cli_explain_failed");
    TCase *all = tcase_create("failed");
    tcase_add_test(all, a_job_that_failed_is_down_to_the_end_of_the_run);
    tcase_add_test(all, a_job_that_goes_on_from_a_failed_one_ends_its_outage);
    tcase_add_test(all, outages_last_from_when_tasks_stopped_whenever_the_fault_was);
    tcase_add_test(all, an_outage_is_over_when_the_job_is_cancelled);
    tcase_add_test(all, too_many_failed_checkpoints_are_told_and_followed_back);
    tcase_add_test(all, tasks_that_fail_behind_too_many_failed_checkpoints_spoil_the_restart);
    tcase_add_test(all, a_client_that_cancels_during_the_back_off_does_not_end_it);
    tcase_add_test(all, how_many_tasks_were_restarted_is_told);
    suite_add_tcase(suite, all);
    return suite;
}
