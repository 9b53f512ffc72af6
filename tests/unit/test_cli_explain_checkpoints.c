/* SPDX-License-Identifier: Apache-2.0
 *
 * Explaining what no outage tells: checkpoints that failed in a row, and lag that rose by
 * itself. Over logs and samples written by hand, and of whole runs.
 */
#include <check.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/cli/narrative.h"
#include "tests/lib/command_line.h"
#include "tests/lib/told_words.h"
#include "tests/lib/load_fixture.h"
#include "tests/lib/written_log.h"

static struct run_log run_log;

#define NO_OUTAGES "\"recoveries\": [], \"rescale_outages\": []"
#define JOB_A      "\"jobs\": [{\"name\": \"a\"}]"

/* The summing up, then each chapter, as if lines were not broken. `samples`: a metrics.csv; null:
 * there is none. */
static const char *told(const char *summary_text, const char *samples)
{
    static char out[8192];
    struct narrative narrative;
    struct note note = { "" };
    json_t *summary = json_loads(summary_text, 0, NULL);
    ck_assert_ptr_nonnull(summary);
    written_log_read(&run_log);
    narrative_init(&narrative, &run_log, TIME_H, summary);
    if (samples)
        ck_assert_msg(!err_is(narrative_read_lag(&narrative, summary,
                                                 load_fixture_file("metrics.csv", samples), &note)),
                      "%s", note.text);
    told_chapters(&narrative, true, out, sizeof out);
    narrative_fini(&narrative);
    json_decref(summary);
    run_log_fini(&run_log);
    return out;
}

/* A line about a checkpoint of job a, so many seconds after its trigger. */
static void put_checkpoint(int at, const char *what, int id, int seconds, const char *reason)
{
    char moment[32], rest[256];
    text_format(moment, sizeof moment, "%d.000000000", at);
    size_t length =
        text_format(rest, sizeof rest, "\"what\":\"%s\",\"job\":\"a\",\"checkpoint\":%d", what, id);
    if (seconds > 0)
        length +=
            text_format(rest + length, sizeof rest - length, ",\"value\":%d000000000", seconds);
    if (reason)
        text_format(rest + length, sizeof rest - length, ",\"reason\":\"%s\"", reason);
    written_log_line(moment, "jobmanager", "checkpoint", rest);
}

static void put_job(const char *at, const char *machine, const char *what)
{
    char rest[256];
    text_format(rest, sizeof rest, "\"what\":\"%s\",\"job\":\"a\",\"value\":2", what);
    written_log_line(at, "jobmanager", machine, rest);
}

static void put_start(void)
{
    written_log_begin();
    put_job("1.000000000", "dispatcher", "job submitted");
    put_job("5.000000000", "job", "all tasks RUNNING");
}

#define EXPIRED  "Checkpoint expired before completing"
#define DECLINED "Checkpoint was declined"

START_TEST(checkpoints_that_fail_in_a_row_are_a_chapter)
{
    put_start();
    put_checkpoint(61, "completed", 1, 1, NULL);
    put_checkpoint(180, "failed", 2, 60, EXPIRED);
    put_checkpoint(240, "failed", 3, 60, DECLINED);
    put_checkpoint(300, "failed", 4, 60, EXPIRED);
    put_checkpoint(302, "completed", 5, 2, NULL);
    const char *out = told("{" NO_OUTAGES "}", NULL);
    must_tell(out, "2 checkpoints completed, 3 failed (" EXPIRED ": 2, " DECLINED ": 1).");
    must_tell(out, "00:02:00 a completes no checkpoint 3 in a row failed, the first at 00:03:00, "
                   "the last at 00:05:00 (" EXPIRED ": 2, " DECLINED ": 1). The last one that had "
                   "completed was 1, at 00:01:01; the next was 5, at 00:05:02. A failure meanwhile "
                   "would have sent the job back to where it was at 00:01:00, in the end by 4 min "
                   "2 s. ");
    must_not_tell(out, "lag");
    must_not_tell(out, "restored");
}
END_TEST

START_TEST(one_checkpoint_that_fails_is_told_with_what_is_around_it)
{
    put_start();
    put_checkpoint(60, "failed", 1, 50, DECLINED);
    const char *out = told("{" NO_OUTAGES "}", NULL);
    must_tell(out, "0 checkpoints completed, 1 failed (" DECLINED ": 1).");
    must_tell(
        out,
        "00:00:10 a completes no checkpoint Checkpoint 1 failed 50 s after its trigger: " DECLINED
        ". No checkpoint had completed before; none did until the end of the "
        "run. ");
    put_start();
    put_checkpoint(60, "failed", 1, 50, DECLINED);
    put_job("90.000000000", "dispatcher", "job ended");
    must_tell(told("{" NO_OUTAGES "}", NULL), "none did until the job ended at 00:01:30. ");
}
END_TEST

/* What a restart, the end of the job or a newer checkpoint ends leaves no gap of its own; nor does
 * a savepoint. */
START_TEST(failures_that_others_tell_are_no_chapter)
{
    put_start();
    put_checkpoint(61, "completed", 1, 1, NULL);
    put_checkpoint(70, "triggered", 2, 0, "savepoint");
    put_checkpoint(80, "failed", 2, 10, EXPIRED);
    put_checkpoint(90, "completed", 4, 1, NULL);
    put_checkpoint(90, "failed", 3, 9, "Checkpoint has been subsumed");
    put_checkpoint(100, "failed", 5, 1, "FailoverRegion is restarting");
    put_checkpoint(120, "completed", 6, 1, NULL);
    put_checkpoint(130, "failed", 7, 1, "Checkpoint Coordinator is suspending");
    put_job("130.000000000", "dispatcher", "job ended");
    const char *out = told("{" NO_OUTAGES "}", NULL);
    must_tell(out, "3 checkpoints completed, 4 failed (" EXPIRED ": 1, Checkpoint has been "
                   "subsumed: 1, FailoverRegion is restarting: 1, ");
    must_not_tell(out, "completes no checkpoint");
}
END_TEST

/* A savepoint that completes is nothing to go back to. */
/* However often sorting has moved them between two buffers: chapters are added behind them. */
START_TEST(chapters_hold_the_room_that_they_say)
{
    char summary_text[2048];
    size_t length = text_format(summary_text, sizeof summary_text, "{\"recoveries\": [");
    for (int i = 0; i < _i; i++)
        length += text_format(summary_text + length, sizeof summary_text - length,
                              "%s{\"job\": \"a\", \"at\": %d, \"down_at\": %d, \"down_s\": 1, "
                              "\"over_s\": %d}",
                              i ? ", " : "", 100 + 10 * i, 100 + 10 * i, 101 + 10 * i);
    text_format(summary_text + length, sizeof summary_text - length, "]}");
    struct narrative narrative;
    json_t *summary = json_loads(summary_text, 0, NULL);
    ck_assert_ptr_nonnull(summary);
    put_start();
    put_checkpoint(600, "failed", 1, 60, EXPIRED);
    written_log_read(&run_log);
    narrative_init(&narrative, &run_log, TIME_H, summary);
    ck_assert_uint_eq(narrative.chapters.count, (size_t)_i + 2); /* the start, the checkpoint */
    ck_assert_uint_ge(malloc_usable_size(narrative.chapters.items),
                      narrative.chapters.capacity * sizeof *narrative.chapters.items);
    narrative_fini(&narrative);
    json_decref(summary);
    run_log_fini(&run_log);
}
END_TEST

START_TEST(a_savepoint_does_not_end_a_row_of_failures)
{
    put_start();
    put_checkpoint(61, "completed", 1, 1, NULL);
    put_checkpoint(180, "failed", 2, 60, EXPIRED);
    put_checkpoint(190, "triggered", 3, 0, "savepoint");
    put_checkpoint(200, "completed", 3, 10, NULL);
    put_checkpoint(260, "failed", 4, 60, EXPIRED);
    put_checkpoint(262, "completed", 5, 2, NULL);
    must_tell(told("{" NO_OUTAGES "}", NULL), "2 in a row failed, the first at 00:03:00, ");
}
END_TEST

/* Its tasks end one after the other, and decline. If they run again, checkpoints may fail again. */
START_TEST(what_fails_while_a_stop_ends_the_tasks_leaves_no_gap)
{
    put_start();
    put_checkpoint(61, "completed", 1, 1, NULL);
    put_checkpoint(110, "triggered", 2, 0, "stop with savepoint");
    put_checkpoint(150, "completed", 2, 40, NULL);
    put_checkpoint(152, "failed", 3, 1, DECLINED);
    put_checkpoint(153, "failed", 4, 1, DECLINED);
    if (_i == 1) {
        put_job("160.000000000", "checkpoint", "starting checkpoint scheduler");
        put_checkpoint(170, "failed", 5, 1, DECLINED);
    }
    put_job("200.000000000", "dispatcher", "job ended");
    const char *out = told("{" NO_OUTAGES "}", NULL);
    if (_i == 1)
        must_tell(out, "Checkpoint 5 failed 1 s after its trigger: " DECLINED);
    else
        must_not_tell(out, "completes no checkpoint");
}
END_TEST

#define OUTAGE(at, over)                                                                           \
    "{\"job\": \"a\", \"cause\": \"tm1 killed\", \"at\": " at ", \"down_at\": " at                 \
    ", \"down_s\": 20, \"recovered_after_s\": 20, \"over_s\": " over "}"

/* Checkpoint 2 fails while the job is down. With another one that fails in the next outage, before
 * any has completed, there is more to tell. */
START_TEST(failures_of_one_outage_are_its_own_and_of_two_are_a_row)
{
    static const char summary[] = "{\"recoveries\": [" OUTAGE("100", "120") ", " OUTAGE(
        "140", "160") "], "
                      "\"rescale_outages\": [], " JOB_A "}";
    for (int second = 0; second < 2; second++) {
        put_start();
        put_checkpoint(61, "completed", 1, 1, NULL);
        if (!second)
            put_checkpoint(105, "failed", 2, 1, "Trigger checkpoint failure");
        put_checkpoint(110, "failed", 3, 10, "Task has failed");
        put_job("120.000000000", "checkpoint", "restore from checkpoint");
        put_job("120.000000000", "job", "all tasks RUNNING");
        if (second)
            put_checkpoint(140, "failed", 4, 1, "Task has failed");
        put_job("160.000000000", "job", "all tasks RUNNING");
        put_checkpoint(170, "completed", 5, 1, NULL);
        const char *out = told(summary, NULL);
        if (!second)
            must_not_tell(out, "completes no checkpoint");
        else
            must_tell(out, "2 in a row failed, the first at 00:01:50, the last at 00:02:20 (Task "
                           "has failed: 2). The last one that "
                           "had completed was 1, at 00:01:01; the next was 5, at 00:02:50. A "
                           "failure meanwhile would have sent the job back to where it was at "
                           "00:01:00, in the end by 1 min 50 s. It was restored 1 time meanwhile.");
    }
}
END_TEST

/* Lag. Vertex b is busiest by its busiest subtask. */
#define COLUMNS "time_s,offered_rate,lag_seconds,busy.b,busy_max.b,\"busy.c,d\",\"busy_max.c,d\"\n"
#define METRICS_OF                                                                                 \
    "\"metrics\": {\"busy.b\": {\"mean\": 0.1}, \"busy_max.b\": {\"mean\": 0.1}, \"busy.c,d\": "   \
    "{\"mean\": 0.1}, \"busy.gone\": {\"mean\": null}}"

START_TEST(a_chapter_of_checkpoints_tells_how_lag_grew_meanwhile)
{
    static const char samples[] = COLUMNS "60,1,900,0,0,0,0\n180,1,2,0,0,0,0\n"
                                          "240,1,300,0,0,0,0\n300,1,200,0,0,0,0\n"
                                          "310,1,990,0,0,0,0\n";
    put_start();
    written_log_line("2.000000000", "jobmanager", "dispatcher",
                     "\"what\":\"job submitted\",\"job\":\"waits\"");
    put_checkpoint(61, "completed", 1, 1, NULL);
    put_checkpoint(200, "failed", 2, 60, EXPIRED);
    put_checkpoint(302, "completed", 5, 2, NULL);
    must_tell(told("{" NO_OUTAGES ", " JOB_A ", " METRICS_OF "}", samples),
              "The lag grew from 2 s to 5 min, at 00:04:00. ");
}
END_TEST

START_TEST(the_largest_rise_of_lag_without_an_outage_is_told)
{
    /* It starts behind, is least at 120 s, and rises by 98 s until 300 s. Cells that are empty
     * stand for tasks that did nothing. */
    static const char samples[] = COLUMNS "0,1,,,,,\n60,1,50,0.1,0.1,0.1,0.1\n"
                                          "120,1,2,0.1,0.1,0.1,0.1\n180,1,30,0.5,1,0.7,0.7\n"
                                          "240,1,20,0.5,1,0.7,0.7\n300,1,100,0.2,0.4,,\n"
                                          "360,1,4,0,0,0,0\n420,1,90,0,0,0,0\n";
    put_start();
    const char *out = told("{" NO_OUTAGES ", " JOB_A ", " METRICS_OF "}", samples);
    must_tell(out,
              "The lag of a grew from 2 s to 1 min 40 s between 00:02:00 and 00:05:00, without "
              "any outage; busiest was b, 80 % of that time in its busiest subtask, "
              "40 % in all. ");
    put_start();
    must_tell(told("{" NO_OUTAGES ", " JOB_A "}", samples), "00:05:00, without any outage. ");
}
END_TEST

/* A job that waits for a NIC has idle vertices: none of them is what it is bound by. */
#define NETWORK(part, way, peer, full, from, to)                                                   \
    "{\"part\": \"" part "\", \"host\": \"tm3\", \"peer\": " peer ", \"way\": \"" way              \
    "\", \"bytes_per_s\": 118000000, \"limit_bytes_per_s\": 125000000, \"full_hosts\": " full      \
    ", \"from_s\": " from ", \"to_s\": " to "}"
static const struct bound {
    const char *held_up, *told;
} bounds[] = {
    { NETWORK("nic", "out", "null", "1", "120", "300"),
      "; bound by the network: the NIC of tm3 was full, sending 118 MB/s of 125 MB/s. " },
    { NETWORK("nic", "in", "null", "3", "60", "300"),
      "; bound by the network: the NIC of tm3 and the NICs of 2 more were full, each receiving 118 "
      "MB/s of 125 MB/s. " },
    { NETWORK("link", "out", "\"tm4\"", "1", "120", "240"),
      "; bound by the network: the link from tm3 to tm4 was full, carrying 118 MB/s of 125 MB/s, "
      "66.7 % of that time. " },
    { NETWORK("nic", "out", "null", "1", "0", "200"), "; busiest was b, 80 % of that time" },
};

START_TEST(a_rise_of_lag_is_put_down_to_a_full_network_where_there_is_one)
{
    static const char samples[] = COLUMNS "60,1,50,0,0,0,0\n120,1,2,0,0,0,0\n"
                                          "180,1,30,0.5,1,0.7,0.7\n240,1,20,0.5,1,0.7,0.7\n"
                                          "300,1,100,0.2,0.4,,\n";
    char summary[1024];
    text_format(summary, sizeof summary,
                "{" NO_OUTAGES
                ", \"jobs\": [{\"name\": \"a\", \"network\": {\"held_up\": [%s]}}], " METRICS_OF
                "}",
                bounds[_i].held_up);
    put_start();
    must_tell(told(summary, samples), bounds[_i].told);
}
END_TEST

static const struct rise {
    const char *samples, *told; /* null: nothing */
} rises[] = {
    { "5,1,0,,,,\n10,1,0,,,,\n60,1,90,,,,\n", NULL },              /* in 50 s */
    { "5,1,0,,,,\n10,1,0,,,,\n95,1,9,,,,\n", NULL },               /* by 9 s */
    { "1,1,0,,,,\n4,1,3,,,,\n70,1,70,,,,\n72,1,72,,,,\n", NULL },  /* 2 s of it behind the start */
    { "5,1,0,,,,\n80,1,0,,,,\n90,1,1,,,,\n150,1,60,,,,\n", NULL }, /* across an outage */
    { "1190,1,0,,,,\n1210,1,1,,,,\n1300,1,90,,,,\n1400,1,190,,,,\n", NULL }, /* of no job */
    { "121,1,0,,,,\n130,1,1,,,,\n190,1,60,,,,\n",
      "The lag of a grew from 1 s to 1 min between 00:02:10 and 00:03:10, without any outage" },
    { "121,1,104500,,,,\n130,1,104600,,,,\n190,1,104700,,,,\n",
      "The lag of a grew by 1 min 40 s to 1 d 5 h between 00:02:10 and 00:03:10, without any "
      "outage" },
};

START_TEST(a_rise_of_lag_is_told_where_it_lasts_and_no_outage_explains_it)
{
    static const char summary[] =
        "{\"recoveries\": [" OUTAGE("100", "120") "], "
                                                  "\"rescale_outages\": [], " JOB_A ", " METRICS_OF
                                                  "}";
    char samples[512];
    put_start();
    put_job("1200.000000000", "dispatcher", "job ended");
    text_format(samples, sizeof samples, COLUMNS "%s", rises[_i].samples);
    const char *out = told(summary, samples);
    if (rises[_i].told)
        must_tell(out, rises[_i].told);
    else
        must_not_tell(out, "without any outage");
}
END_TEST

START_TEST(lag_before_a_job_is_submitted_is_not_told)
{
    written_log_begin();
    put_job("200.000000000", "dispatcher", "job submitted");
    put_job("205.000000000", "job", "all tasks RUNNING");
    must_not_tell(
        told("{" NO_OUTAGES ", " JOB_A "}", COLUMNS "1,1,0,,,,\n10,1,1,,,,\n190,1,180,,,,\n"),
        "without any outage");
}
END_TEST

/* Each job by its own columns; the larger rise is told. */
START_TEST(of_several_jobs_each_has_its_own_lag)
{
    put_start();
    written_log_line("1.000000000", "jobmanager", "dispatcher",
                     "\"what\":\"job submitted\",\"job\":\"b\"");
    written_log_line("5.000000000", "jobmanager", "job",
                     "\"what\":\"all tasks RUNNING\",\"job\":\"b\"");
    must_tell(
        told("{" NO_OUTAGES ", \"jobs\": [{\"name\": \"a\"}, {\"name\": \"b\"}], \"metrics\": "
             "{\"a.busy.v\": {\"mean\": 1}, \"b.busy.v\": {\"mean\": 1}}}",
             "time_s,lag_seconds,a.lag_seconds,b.lag_seconds,a.busy.v,a.busy_max.v,b.busy.v,"
             "b.busy_max.v\n6,0,0,0,0,0,0,0\n10,0,0,0,0,0,0,0\n90,500,20,40,1,1,0.25,0.25\n"),
        "The lag of b grew from 0 s to 40 s between 00:00:10 and 00:01:30, without any outage; "
        "busiest was v, 25 % of that time. ");
}
END_TEST

/* The snapshot of checkpoint 3 takes longer than it may, and so it fails, alone. */
START_TEST(a_run_tells_a_failed_checkpoint_in_words_picture_and_report)
{
    cli_begin();
    cli_put_file("s.yaml",
                 "name: n\nduration: 5min\nsample: 5s\n"
                 "config: { parallelism.default: 1, execution.checkpointing.interval: 30s,\n"
                 "  execution.checkpointing.timeout: 20s,\n"
                 "  execution.checkpointing.tolerable-failed-checkpoints: 9 }\n"
                 "cluster: { task-manager: { count: 1, slots: 1 } }\n"
                 "jobs:\n  - name: j\n    vertices: [ { name: s }, { name: c } ]\n"
                 "    edges: [ s -> c: hash ]\n    load: 1k/s\n"
                 "    faults: [ { snapshot-sleeps: c, for: 25s, checkpoint: 3 } ]\n");
    ck_assert_int_eq(cli_weir("run @/s.yaml --quiet --out @/o --no-plots"), 0);
    ck_assert_int_eq(cli_weir("explain @/o"), 0);
    must_tell(cli_out(), "j completes no checkpoint\n    Checkpoint 3 failed 20 s after its "
                         "trigger: " EXPIRED);
    must_tell(cli_out(), "1 failed (" EXPIRED ": 1).");
    must_tell(cli_get_file("o/events.csv"), "\n85.1207,\"\",checkpoint failed,-2,1\n");
    must_tell(cli_get_file("o/report.html"), "<h2>Checkpoints that failed</h2>");
    must_tell(cli_get_file("o/report.html"),
              "<tr><td>j</td><td>" EXPIRED "</td><td class=\"n\">1</td></tr>");
    ck_assert_int_eq(cli_weir("plot @/o --commands"), 0);
    must_tell(cli_out(), "failed=1");
    must_tell(cli_out(), "other_failed=0");
    cli_end();
}
END_TEST

Suite *test_cli_explain_checkpoints_suite(void)
{
    Suite *suite = suite_create("cli: explain checkpoints");
    TCase *tcase = tcase_create("explain checkpoints");
    tcase_add_test(tcase, checkpoints_that_fail_in_a_row_are_a_chapter);
    tcase_add_test(tcase, one_checkpoint_that_fails_is_told_with_what_is_around_it);
    tcase_add_test(tcase, failures_that_others_tell_are_no_chapter);
    tcase_add_loop_test(tcase, chapters_hold_the_room_that_they_say, 0, 18);
    tcase_add_test(tcase, a_savepoint_does_not_end_a_row_of_failures);
    tcase_add_loop_test(tcase, what_fails_while_a_stop_ends_the_tasks_leaves_no_gap, 0, 2);
    tcase_add_test(tcase, failures_of_one_outage_are_its_own_and_of_two_are_a_row);
    tcase_add_test(tcase, a_chapter_of_checkpoints_tells_how_lag_grew_meanwhile);
    tcase_add_test(tcase, the_largest_rise_of_lag_without_an_outage_is_told);
    tcase_add_loop_test(tcase, a_rise_of_lag_is_put_down_to_a_full_network_where_there_is_one, 0,
                        sizeof bounds / sizeof *bounds);
    tcase_add_loop_test(tcase, a_rise_of_lag_is_told_where_it_lasts_and_no_outage_explains_it, 0,
                        (int)(sizeof rises / sizeof *rises));
    tcase_add_test(tcase, lag_before_a_job_is_submitted_is_not_told);
    tcase_add_test(tcase, of_several_jobs_each_has_its_own_lag);
    tcase_add_test(tcase, a_run_tells_a_failed_checkpoint_in_words_picture_and_report);
    suite_add_tcase(suite, tcase);
    return suite;
}
