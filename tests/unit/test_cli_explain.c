/* SPDX-License-Identifier: Apache-2.0
 *
 * Explaining a log: chains of causes and chapters, over logs written by hand.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/report/causes.h"
#include "sim/cli/histories.h"
#include "sim/cli/narrative.h"
#include "sim/cli/terminal.h"
#include "tests/lib/load_fixture.h"
#include "tests/lib/written_log.h"

static struct run_log run_log;

/* A kill, seen by a consumer; one restart; and the end of the story. */
static void put_kill_story(void)
{
    written_log_line("1.000000000", "jobmanager", "dispatcher",
                     "\"what\":\"job submitted\",\"job\":\"clicks\"");
    written_log_line(
        "5.000000000", "jobmanager", "job",
        "\"what\":\"all tasks RUNNING\",\"job\":\"clicks\",\"value\":4,\"reason\":\"parallelism "
        "2\"");
    written_log_line("90.000000000", "jobmanager", "checkpoint",
                     "\"what\":\"triggered\",\"job\":\"clicks\",\"checkpoint\":9");
    written_log_line(
        "91.000000000", "jobmanager", "checkpoint",
        "\"what\":\"completed\",\"job\":\"clicks\",\"checkpoint\":9,\"value\":1000000000");
    written_log_line("100.000000000", "tm2", "script", "\"what\":\"kill\",\"reason\":\"kill tm2\"");
    written_log_line("100.000000000", "tm2", "process",
                     "\"what\":\"killed\",\"reason\":\"kill tm2\"");
    written_log_line(
        "100.400000000", "jobmanager", "execution",
        "\"what\":\"move\",\"from\":\"RUNNING\",\"to\":\"FAILED\",\"job\":\"clicks\",\"vertex\":"
        "\"count\",\"subtask\":1,\"attempt\":0,\"peer\":\"tm1\",\"remote\":\"tm2\",\"reason\":"
        "\"RemoteTransportException: data connection to a TaskManager lost\"");
    written_log_line(
        "100.400000000", "jobmanager", "scheduler",
        "\"what\":\"move\",\"from\":\"Executing\",\"to\":\"Restarting\",\"job\":\"clicks\","
        "\"reason\":\"data connection to a TaskManager lost\"");
    written_log_line(
        "100.400000000", "jobmanager", "job",
        "\"what\":\"move\",\"from\":\"RUNNING\",\"to\":\"CANCELLING\",\"job\":\"clicks\"");
    written_log_line(
        "101.400000000", "jobmanager", "scheduler",
        "\"what\":\"move\",\"from\":\"Restarting\",\"to\":\"CreatingExecutionGraph\",\"job\":"
        "\"clicks\"");
    written_log_line("101.400000000", "jobmanager", "checkpoint",
                     "\"what\":\"restore from checkpoint\",\"job\":\"clicks\",\"value\":9");
    written_log_line(
        "101.400000000", "jobmanager", "scheduler",
        "\"what\":\"move\",\"from\":\"CreatingExecutionGraph\",\"to\":\"Executing\",\"job\":"
        "\"clicks\"");
    written_log_line("101.500000000", "jobmanager", "job",
                     "\"what\":\"first task DEPLOYING\",\"job\":\"clicks\",\"value\":2");
    written_log_line(
        "111.000000000", "jobmanager", "resource manager",
        "\"what\":\"closes\",\"peer\":\"tm2\",\"reason\":\"heartbeat of a TaskManager timed out\"");
    written_log_line(
        "112.000000000", "jobmanager", "job",
        "\"what\":\"all tasks RUNNING\",\"job\":\"clicks\",\"value\":2,\"reason\":\"parallelism "
        "1\"");
}

START_TEST(the_log_is_read_back_exactly)
{
    written_log_begin();
    written_log_line(
        "0.000000001", "tm1", "execution",
        "\"what\":\"move\",\"from\":\"RUNNING\",\"to\":\"FAILED\",\"job\":\"a "
        "\\\"b\\\"\",\"vertex\":"
        "\"v\",\"subtask\":3,\"attempt\":2,\"peer\":\"tm7\",\"slot\":1,\"reason\":\"E: x\"");
    written_log_line("630720000.123456789", "tm1", "process", "\"what\":\"up\"");
    written_log_read(&run_log);
    const struct log_entry *first = &run_log.entries.items[0];
    ck_assert_int_eq(first->at, 1);
    ck_assert_str_eq(first->job, "a \"b\"");
    ck_assert_int_eq(first->subtask, 3);
    ck_assert_int_eq(first->attempt, 2);
    ck_assert_int_eq(first->slot, 1);
    ck_assert_int_eq(first->checkpoint, -1);
    ck_assert_int_eq(run_log.entries.items[1].at, 630720000 * TIME_S + 123456789);
    ck_assert_ptr_eq(first->node, run_log.entries.items[1].node); /* kept once */
    char described[256];
    run_log_describe(first, described, sizeof described);
    ck_assert_str_eq(
        described, "execution RUNNING -> FAILED, job a \"b\", v subtask 3 attempt 2 on tm7: E: x");
    run_log_fini(&run_log);
}
END_TEST

START_TEST(a_broken_line_is_named)
{
    struct note note = { "" };
    const char *path =
        load_fixture_file("events.jsonl", "{\"t\":1.0,\"seq\":1,\"node\":\"a\","
                                          "\"machine\":\"b\",\"what\":\"c\"}\nrubbish\n");
    ck_assert(err_is(run_log_read(&run_log, path, &note)));
    ck_assert_ptr_nonnull(strstr(note.text, ":2: found 'rubbish', expected a line of the log"));
    run_log_fini(&run_log);
    ck_assert(err_is(run_log_read(&run_log, "/nowhere/events.jsonl", &note)));
    run_log_fini(&run_log);
}
END_TEST

START_TEST(patterns_fit_moves_facts_and_answers)
{
    written_log_begin();
    written_log_line("1.000000000", "jobmanager", "client",
                     "\"what\":\"rescale\",\"job\":\"j\",\"to\":\"refused\",\"value\":0");
    written_log_line("1.000000000", "jobmanager", "job",
                     "\"what\":\"move\",\"from\":\"CREATED\",\"to\":\"RUNNING\",\"job\":\"j\"");
    written_log_read(&run_log);
    ck_assert(run_log_fits(&run_log.entries.items[0], "client rescale refused"));
    ck_assert(!run_log_fits(&run_log.entries.items[0], "client rescale"));
    ck_assert(run_log_fits(&run_log.entries.items[1], "job CREATED -> RUNNING"));
    struct log_entry archived = { .machine = "job", .what = "archived", .to = "FAILED" };
    ck_assert(run_log_fits(&archived, "job FAILED"));
    ck_assert(!run_log_fits(&archived, "job CANCELED"));
    run_log_fini(&run_log);
}
END_TEST

START_TEST(a_restart_is_followed_back_to_the_kill)
{
    written_log_begin();
    put_kill_story();
    written_log_read(&run_log);
    ck_assert_str_eq(written_log_chain(&run_log, "job CANCELLING", 0), "9 8 7 6 5");
    ck_assert_str_eq(written_log_chain(&run_log, "all tasks RUNNING", 1), "15 13 12 10 8 7 6 5");
    ck_assert_str_eq(written_log_chain(&run_log, "resource manager closes", 0), "14 6 5");
    ck_assert_str_eq(written_log_chain(&run_log, "restore from checkpoint", 0), "11 4 3");
    ck_assert_str_eq(written_log_chain(&run_log, "script kill", 0), "5");
    run_log_fini(&run_log);
}
END_TEST

/* What the summary has of the outages. */
#define KILLED(rest)                                                                               \
    "{\"job\": \"clicks\", \"cause\": \"kill tm2\", \"at\": 100, \"down_at\": 100, " rest "}"

static json_t *summary;

static void narrate(struct narrative *narrative, time_ns duration, const char *recoveries)
{
    char text[1024];
    text_format(text, sizeof text, "{\"recoveries\": [%s], \"rescale_outages\": []}", recoveries);
    summary = json_loads(text, 0, NULL);
    ck_assert_ptr_nonnull(summary);
    narrative_init(narrative, &run_log, duration, summary);
}

static void end_narrative(struct narrative *narrative)
{
    narrative_fini(narrative);
    json_decref(summary);
    run_log_fini(&run_log);
}

static const char *told(const struct narrative *narrative, size_t chapter)
{
    static char out[8192];
    FILE *file = tmpfile();
    ck_assert_ptr_nonnull(file);
    narrative_tell(narrative, &narrative->chapters.items[chapter], file);
    rewind(file);
    size_t count = fread(out, 1, sizeof out - 1, file);
    out[count] = '\0';
    fclose(file);
    for (char *p = out; (p = strstr(p, "\n    ")) != NULL;) /* as one line, to be searched */
        memmove(p + 1, p + 5, strlen(p + 5) + 1), *p = ' ';
    return out;
}

START_TEST(an_incident_is_told_in_order)
{
    struct narrative narrative;
    written_log_begin();
    put_kill_story();
    written_log_read(&run_log);
    narrate(&narrative, 5 * TIME_MIN,
            KILLED("\"down_s\": 12, \"recovered_after_s\": 12, \"over_s\": 112"));
    ck_assert_uint_eq(narrative.chapters.count, 2);
    ck_assert_ptr_nonnull(strstr(told(&narrative, 0), "All 4 tasks were RUNNING 4 s after the "
                                                      "submission, at parallelism 2."));
    ck_assert_str_eq(
        told(&narrative, 1),
        "100.000 s  clicks goes down "
        "The script did what it says (kill tm2). It was noticed 400 ms later: subtask 1 of count "
        "on "
        "tm1 FAILED (RemoteTransportException: data connection to a TaskManager lost: tm2). The "
        "adaptive "
        "scheduler restarted the job: noticing it took 400 ms, cancelling and back-off 1 s, "
        "starting "
        "the tasks 10.6 s. "
        "The resource manager gave up tm2 11 s after the fault (heartbeat of a TaskManager "
        "timed out). Its state came from checkpoint 9, completed 9 s before. All 2 tasks were "
        "RUNNING again 12 s after it went down, at parallelism 1.\n\n");
    end_narrative(&narrative);
}
END_TEST

/* A failure with one restart: cancelled at once, a back-off of 1 s, and then nobody there to run
 * it for a quarter of an hour. */
START_TEST(an_outage_is_told_by_what_took_its_time)
{
    struct narrative narrative;
    written_log_begin();
    written_log_line("5.000000000", "jobmanager", "job",
                     "\"what\":\"all tasks RUNNING\",\"job\":\"clicks\",\"value\":4");
    written_log_line("100.000000000", "tm2", "process", "\"what\":\"killed\"");
    written_log_line(
        "100.000000000", "jobmanager", "execution",
        "\"what\":\"move\",\"from\":\"RUNNING\",\"to\":\"FAILED\",\"job\":\"clicks\",\"vertex\":"
        "\"count\",\"subtask\":1,\"attempt\":0,\"reason\":\"connection lost\"");
    written_log_line(
        "100.000000000", "jobmanager", "scheduler",
        "\"what\":\"move\",\"from\":\"Executing\",\"to\":\"Restarting\",\"job\":\"clicks\"");
    written_log_line(
        "100.000000000", "jobmanager", "job",
        "\"what\":\"move\",\"from\":\"RUNNING\",\"to\":\"CANCELLING\",\"job\":\"clicks\"");
    written_log_line(
        "100.000000000", "jobmanager", "job",
        "\"what\":\"move\",\"from\":\"CANCELLING\",\"to\":\"CANCELED\",\"job\":\"clicks\"");
    written_log_line(
        "101.000000000", "jobmanager", "scheduler",
        "\"what\":\"move\",\"from\":\"Restarting\",\"to\":\"WaitingForResources\",\"job\":"
        "\"clicks\"");
    written_log_line(
        "1001.000000000", "jobmanager", "scheduler",
        "\"what\":\"move\",\"from\":\"WaitingForResources\",\"to\":\"CreatingExecutionGraph\","
        "\"job\":\"clicks\"");
    written_log_line("1003.000000000", "jobmanager", "job",
                     "\"what\":\"all tasks RUNNING\",\"job\":\"clicks\",\"value\":2");
    written_log_read(&run_log);
    narrate(&narrative, TIME_H,
            KILLED("\"down_s\": 903, \"recovered_after_s\": 903, \"over_s\": 1003"));
    ck_assert_uint_eq(narrative.chapters.count, 1);
    ck_assert_ptr_nonnull(strstr(told(&narrative, 0),
                                 "restarted the job: back-off took 1 s, waiting for resources "
                                 "15 min, starting the tasks 2 s."));
    end_narrative(&narrative);
}
END_TEST

/* Why a job that never had a graph ended: what it was to start from. */
START_TEST(a_job_without_its_savepoint_is_told_and_followed_back)
{
    struct narrative narrative;
    char out[512];
    written_log_begin();
    written_log_line("1.000000000", "jobmanager", "dispatcher",
                     "\"what\":\"job submitted\",\"job\":\"b\",\"reason\":\"b\"");
    written_log_line(
        "1.000000000", "jobmanager", "job",
        "\"what\":\"restore refused\",\"job\":\"b\",\"value\":0,\"reason\":\"Cannot find "
        "checkpoint or savepoint file/directory 'savepoint of a'\"");
    written_log_line(
        "1.000000000", "jobmanager", "job",
        "\"what\":\"archived\",\"to\":\"FAILED\",\"job\":\"b\",\"reason\":\"the execution graph "
        "could not be built\"");
    written_log_line("1.000000000", "jobmanager", "client",
                     "\"what\":\"submit\",\"job\":\"b\",\"to\":\"done\",\"value\":0");
    written_log_line("1.000000000", "jobmanager", "dispatcher",
                     "\"what\":\"job ended\",\"job\":\"b\",\"reason\":\"FAILED\"");
    written_log_read(&run_log);
    ck_assert_str_eq(written_log_chain(&run_log, "dispatcher job ended", 0), "5 3 2 1");
    narrate(&narrative, TIME_H,
            "{\"job\": \"b\", \"cause\": \"Cannot find\", \"at\": 1, \"down_at\": 1, "
            "\"down_s\": 3599, \"failed_s\": 1}");
    FILE *file = tmpfile();
    narrative_tell(&narrative, &vec_last(&narrative.chapters), file);
    rewind(file);
    out[fread(out, 1, sizeof out - 1, file)] = '\0';
    fclose(file);
    ck_assert_ptr_nonnull(strstr(out,
                                 "The job ended as FAILED: Cannot find checkpoint or savepoint "
                                 "file/directory 'savepoint of a'."));
    end_narrative(&narrative);
}
END_TEST

/* A request that was turned down stands in the summing up. */
START_TEST(a_refused_request_is_told)
{
    struct narrative narrative;
    char out[512];
    written_log_begin();
    written_log_line(
        "1.000000000", "jobmanager", "client",
        "\"what\":\"submit\",\"to\":\"refused\",\"reason\":\"batch jobs are not supported yet\"");
    written_log_read(&run_log);
    narrate(&narrative, TIME_H, "");
    FILE *file = tmpfile();
    narrative_sum_up(&narrative, file);
    rewind(file);
    out[fread(out, 1, sizeof out - 1, file)] = '\0';
    fclose(file);
    ck_assert_ptr_nonnull(strstr(out, "submit was refused: batch jobs are not supported yet\n"));
    end_narrative(&narrative);
}
END_TEST

START_TEST(what_is_not_over_at_the_end_is_said_to_be_so)
{
    struct narrative narrative;
    written_log_begin();
    put_kill_story();
    written_log_cut("{\"t\":112"); /* the last line never came */
    written_log_read(&run_log);
    narrate(&narrative, 5 * TIME_MIN, KILLED("\"down_s\": 200"));
    ck_assert_ptr_nonnull(
        strstr(told(&narrative, 1), "The run ended before all of its tasks ran again."));
    end_narrative(&narrative);
}
END_TEST

/* The summary's times have twelve digits: here they are some hundred microseconds off. */
START_TEST(an_outage_after_years_ends_with_its_own_line)
{
    struct narrative narrative;
    written_log_begin();
    written_log_line("5.000000000", "jobmanager", "job",
                     "\"what\":\"all tasks RUNNING\",\"job\":\"clicks\",\"value\":4");
    written_log_line("108864012.216800000", "jobmanager", "job",
                     "\"what\":\"all tasks RUNNING\",\"job\":\"clicks\",\"value\":2");
    written_log_line("111456012.216800000", "jobmanager", "job",
                     "\"what\":\"all tasks RUNNING\",\"job\":\"clicks\",\"value\":3");
    written_log_read(&run_log);
    narrate(&narrative, 3650 * TIME_DAY,
            "{\"job\": \"clicks\", \"cause\": \"none\", \"at\": 108864000, \"down_at\": 108864000, "
            "\"down_s\": 12.2167, \"recovered_after_s\": 12.2167, \"over_s\": 108864012.217}");
    ck_assert_ptr_nonnull(
        strstr(told(&narrative, 0), "All 2 tasks were RUNNING again 12.2 s after"));
    end_narrative(&narrative);
}
END_TEST

START_TEST(histories_are_listed_with_what_came_at_the_same_time)
{
    char page[2048];
    json_t *page_of = json_loads(
        "{\"jobs\": [{\"name\": \"quiet\", \"exceptions\": []}, {\"name\": \"j\","
        " \"exceptions_truncated\": true, \"exceptions\": [{\"at_s\": 28.1, \"exception\":"
        " \"RuntimeException\", \"text\": \"user code failed\", \"vertex\": \"b\","
        " \"subtask\": 2, \"task_manager\": \"tm1\", \"concurrent\": [{\"at_s\": 28.2,"
        " \"exception\": \"Exception\", \"text\": \"oh\", \"vertex\": null}]}],"
        " \"rescale_history\": [{\"trigger\": \"UPDATE_REQUIREMENT\", \"state\": \"COMPLETED\","
        " \"reason\": \"SUCCEEDED\", \"started_s\": 30, \"ended_s\": 31.5, \"vertices\":"
        " [{\"name\": \"b\", \"desired\": 8, \"sufficient\": 1, \"before\": null,"
        " \"acquired\": 6}]}, {\"trigger\": \"INITIAL_SCHEDULE\", \"state\": \"IN_PROGRESS\","
        " \"reason\": null, \"started_s\": 40, \"ended_s\": null}]}]}",
        0, NULL);
    FILE *file = tmpfile();
    ck_assert(page_of && file);
    histories_tell(page_of, TIME_MIN, file);
    rewind(file);
    page[fread(page, 1, sizeof page - 1, file)] = '\0';
    ck_assert_str_eq(page,
                     "\nException history of j, older ones dropped (web.exception-history-size):\n"
                     "  28.100 s  b (2) on tm1: RuntimeException: user code failed\n"
                     "    with  28.200 s  the job: Exception: oh\n"
                     "\nRescale history of j:\n"
                     "  30.000 s to 31.500 s  UPDATE_REQUIREMENT: COMPLETED, SUCCEEDED\n"
                     "      b: desired 8, sufficient 1, before none, acquired 6\n"
                     "  40.000 s to ...  INITIAL_SCHEDULE: IN_PROGRESS\n");
    fclose(file);
    json_decref(page_of);
}
END_TEST

START_TEST(paragraphs_are_wrapped_at_100_columns)
{
    char words[600] = "", row[256];
    FILE *file = tmpfile();
    size_t seen = 0;
    for (int i = 0; i < 100; i++)
        text_format(words + strlen(words), sizeof words - strlen(words), "word%s",
                    i < 99 ? " " : "");
    terminal_put_wrapped(words, "    ", file);
    rewind(file);
    while (fgets(row, sizeof row, file)) {
        ck_assert_uint_le(strlen(row), 101);
        ck_assert_ptr_eq(strstr(row, "    word"), row);
        for (const char *p = row; (p = strstr(p, "word")) != NULL; p++)
            seen++;
    }
    ck_assert_uint_eq(seen, 100);
    fclose(file);
}
END_TEST

/* Of chapters, and of requests that were turned down. */
START_TEST(titles_are_wrapped_behind_their_time)
{
    static const char job[] =
        "\"job\":\"insert into sink select a, b, count(c) from source where a "
        "< b and b < c group by a, b\"";
    struct narrative narrative;
    char words[512], row[256];
    size_t hanging = 0;
    written_log_begin();
    text_format(words, sizeof words, "\"what\":\"job submitted\",%s", job);
    written_log_line("1.000000000", "jobmanager", "dispatcher", words);
    text_format(words, sizeof words, "\"what\":\"all tasks RUNNING\",%s,\"value\":4", job);
    written_log_line("5.000000000", "jobmanager", "job", words);
    text_format(words, sizeof words, "\"what\":\"savepoint\",\"to\":\"refused\",%s", job);
    written_log_line("6.000000000", "jobmanager", "client", words);
    written_log_read(&run_log);
    narrate(&narrative, TIME_MIN, "");
    FILE *file = tmpfile();
    narrative_tell(&narrative, &narrative.chapters.items[0], file);
    narrative_sum_up(&narrative, file);
    rewind(file);
    while (fgets(row, sizeof row, file)) {
        ck_assert_msg(strlen(row) <= 101, "%s", row);
        hanging += strspn(row, " ") == strlen("1.000 s  ");
    }
    ck_assert_uint_eq(hanging, 2);
    fclose(file);
    end_narrative(&narrative);
}
END_TEST

Suite *test_cli_explain_suite(void)
{
    Suite *suite = suite_create("cli: explain");
    TCase *log = tcase_create("log"), *words = tcase_create("words");
    tcase_add_test(log, the_log_is_read_back_exactly);
    tcase_add_test(log, a_broken_line_is_named);
    tcase_add_test(log, patterns_fit_moves_facts_and_answers);
    tcase_add_test(log, a_restart_is_followed_back_to_the_kill);
    tcase_add_test(words, an_incident_is_told_in_order);
    tcase_add_test(words, an_outage_is_told_by_what_took_its_time);
    tcase_add_test(words, a_job_without_its_savepoint_is_told_and_followed_back);
    tcase_add_test(words, a_refused_request_is_told);
    tcase_add_test(words, an_outage_after_years_ends_with_its_own_line);
    tcase_add_test(words, what_is_not_over_at_the_end_is_said_to_be_so);
    tcase_add_test(words, paragraphs_are_wrapped_at_100_columns);
    tcase_add_test(words, titles_are_wrapped_behind_their_time);
    tcase_add_test(words, histories_are_listed_with_what_came_at_the_same_time);
    suite_add_tcase(suite, log);
    suite_add_tcase(suite, words);
    return suite;
}
