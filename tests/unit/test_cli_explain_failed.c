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
#include "tests/lib/written_log.h"

static struct run_log run_log;

/* All is said of the narrative: the summing up, then each chapter. */
static void tell_all(char *out, size_t size)
{
    struct narrative narrative;
    narrative_init(&narrative, &run_log, TIME_H);
    FILE *file = tmpfile();
    narrative_sum_up(&narrative, file);
    for (VEC_EACH(const struct chapter, chapter, &narrative.chapters))
        narrative_tell(&narrative, chapter, file);
    rewind(file);
    out[fread(out, 1, size - 1, file)] = '\0';
    size_t kept = 0;
    for (char *p = out; *p; p++) /* as if lines were not broken */
        if ((*p != ' ' && *p != '\n') || (kept > 0 && out[kept - 1] != ' '))
            out[kept++] = *p == '\n' ? ' ' : *p;
    out[kept] = '\0';
    fclose(file);
    narrative_fini(&narrative);
    run_log_fini(&run_log);
}

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
    tell_all(out, sizeof out);
    ck_assert_ptr_nonnull(strstr(out, "1 failure and 0 rescales kept tasks from running for 50 min "
                                      "in all; the longest failure took 50 min."));
    ck_assert_ptr_nonnull(strstr(out, "The job FAILED 1 s after the fault."));
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
    tell_all(out, sizeof out);
    ck_assert_ptr_nonnull(strstr(out, "from running for 3 min in all"));
    ck_assert_ptr_nonnull(strstr(out, "2 min 59 s later all tasks of the job ran that goes on"));
}
END_TEST

/* A failure of the job as a whole has a cause though no task has failed. */
START_TEST(too_many_failed_checkpoints_are_told_and_followed_back)
{
    char out[2048];
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
    written_log_read(&run_log);
    struct cause_chain chain;
    causes_of(&run_log, 4, &chain);
    ck_assert_uint_eq(chain.count, 4);
    for (size_t i = 0; i < chain.count; i++)
        ck_assert_uint_eq(chain.place[i], 4 - i);
    tell_all(out, sizeof out);
    ck_assert_ptr_nonnull(strstr(out, "The job failed as a whole (too many failed checkpoints)."));
    ck_assert_ptr_nonnull(strstr(out, "The last was checkpoint 9: Checkpoint expired before"));
}
END_TEST

Suite *test_cli_explain_failed_suite(void)
{
    Suite *suite = suite_create("cli_explain_failed");
    TCase *all = tcase_create("failed");
    tcase_add_test(all, a_job_that_failed_is_down_to_the_end_of_the_run);
    tcase_add_test(all, a_job_that_goes_on_from_a_failed_one_ends_its_outage);
    tcase_add_test(all, too_many_failed_checkpoints_are_told_and_followed_back);
    suite_add_tcase(suite, all);
    return suite;
}
