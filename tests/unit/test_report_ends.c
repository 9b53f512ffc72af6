/* SPDX-License-Identifier: Apache-2.0
 *
 * How pictures show the end of jobs: marks of the whole run, notes of the outage that one of
 * several jobs FAILED by, and the part of the axis that it fills.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/report/gnuplot.h"
#include "sim/report/shown_text.h"
#include "tests/lib/recorded_run.h"

static struct recorded_run recorded;
static char written[4096];

static void end_job(time_ns at, const char *as)
{
    struct log_line ended = fake_fact("dispatcher", "job ended");
    ended.reason = as;
    recorded.run.jobs[0].status = as;
    recorded.run.jobs[0].ended_at = at;
    recorded_line(&recorded, at, ended);
}

static const char *events(void)
{
    FILE *file = tmpfile();
    timeline_write_events(&recorded.recorder.timeline, &recorded.recorder.incidents, TIME_MIN,
                          file);
    rewind(file);
    written[fread(written, 1, sizeof written - 1, file)] = '\0';
    fclose(file);
    return written;
}

static const char *recovery(void)
{
    FILE *file = tmpfile();
    timeline_write_recovery(&recorded.recorder.timeline, &recorded.recorder.incidents, TIME_S,
                            TIME_H, file);
    rewind(file);
    written[fread(written, 1, sizeof written - 1, file)] = '\0';
    fclose(file);
    return written;
}

static void must_have(const char *text, const char *wanted, bool yes)
{
    ck_assert_msg((strstr(text, wanted) != NULL) == yes, "%s in %s", wanted, text);
}

static const char *const ends[] = { "FINISHED", "CANCELED", "SUSPENDED", "FAILED" };

START_TEST(each_end_of_a_job_is_marked)
{
    char line[64];
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    recorded_start_job(&recorded);
    end_job(30 * TIME_S, ends[_i]);
    text_format(line, sizeof line, "30,\"%s %s\",%s,", recorded.run.scenario->jobs.items[0].name,
                ends[_i], text_equal(ends[_i], "FAILED") ? "end" : "script");
    must_have(events(), line, true);
    recorded_end(&recorded);
}
END_TEST

/* The script says what struck; that the job went down by it says its end. */
START_TEST(a_restart_is_drawn_where_one_happened)
{
    bool restarted = _i == 1;
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    recorded_start_job(&recorded);
    recorder_fact(&recorded.recorder, 20 * TIME_S, fake_node(1), "kill", "kill tm1");
    recorded_fact(&recorded, 20 * TIME_S, 1, "killed", NULL);
    recorded_lose_tasks(&recorded, 20 * TIME_S, 1);
    recorded.run.jobs[0].restarts = restarted;
    recorded.run.jobs[0].status = "RESTARTING";
    recorded_line(&recorded, 21 * TIME_S, fake_move("job", "RUNNING", "RESTARTING"));
    end_job(30 * TIME_S, "FAILED");
    must_have(events(), "\"restart\"", restarted);
    must_have(events(), " FAILED\",end,", true);
    recorded_end(&recorded);
}
END_TEST

#define TWO_JOBS                                                                                   \
    LOAD_FIXTURE_BASE                                                                              \
    "  - name: other\n"                                                                            \
    "    vertices: [ { name: theirs } ]\n"                                                         \
    "    load: 1k/s\n"                                                                             \
    "cluster: { task-manager: { count: 1 } }\n"                                                    \
    "events: [ { at: 22s, fail: { job: other, vertex: theirs }, label: bug } ]\n"

/* Job 1's steps and what the script does to it are no part of how job 0 FAILED. */
START_TEST(a_recovery_is_of_one_job_and_the_cluster)
{
    recorded_begin(&recorded, TWO_JOBS);
    recorded_start_job(&recorded);
    recorded_fact(&recorded, 20 * TIME_S, 1, "killed", "machine reclaimed");
    recorded_lose_tasks(&recorded, 20 * TIME_S, 1);
    struct log_line theirs = fake_move("scheduler", "Executing", "Failing");
    theirs.job.n = 1;
    recorded_line(&recorded, 20 * TIME_S, theirs);
    recorded.run.jobs[0].status = "RESTARTING";
    recorded_line(&recorded, 21 * TIME_S, fake_move("scheduler", "Executing", "Restarting"));
    recorder_fact(&recorded.recorder, 22 * TIME_S, node_id_none(), "fail", "bug");
    recorded_line(&recorded, 23 * TIME_S,
                  fake_move("scheduler", "Restarting", "WaitingForResources"));
    theirs = fake_fact("job", "all tasks RUNNING");
    theirs.job.n = 1;
    recorded_line(&recorded, 24 * TIME_S, theirs);
    end_job(320 * TIME_S, "FAILED");
    must_have(recovery(), "20,\"killed tm1\"", true);
    must_have(recovery(), "21,\"Restarting\"", true);
    must_have(recovery(), "23,\"WaitingForResources\"", true);
    must_have(recovery(), "320,\"FAILED: tm1 killed: machine reclaimed\",end,", true);
    must_have(recovery(), "Failing", false);
    must_have(recovery(), "bug", false);
    must_have(recovery(), "all tasks", false);
    recorded_end(&recorded);
}
END_TEST

/* The same step of the next outage is not "said already" where another job was down in between. */
START_TEST(notes_of_a_second_outage_are_its_own)
{
    recorded_begin(&recorded, TWO_JOBS);
    struct timeline *timeline = &recorded.recorder.timeline;
    struct job_id job = { 0 };
    timeline_note_job(timeline, 10 * TIME_S, job, 10 * TIME_S, "Restarting");
    timeline_note_job(timeline, 11 * TIME_S, job, 10 * TIME_S, "Restarting");
    ck_assert_uint_eq(timeline->notes.count, 1);
    timeline_note_job(timeline, 50 * TIME_S, job, 50 * TIME_S, "Restarting");
    ck_assert_uint_eq(timeline->notes.count, 2);
    for (int i = 0; i < 3 * TIMELINE_NOTES_MAX; i++) {
        char label[32];
        text_format(label, sizeof label, "step %d", i);
        timeline_note_job(timeline, 60 * TIME_S, job, 50 * TIME_S, label);
    }
    ck_assert_uint_le(timeline->notes.count, TIMELINE_NOTES_MAX);
    text_format(written, sizeof written, "step %d", 3 * TIMELINE_NOTES_MAX - 1);
    ck_assert_str_eq(vec_last(&timeline->notes).label, written);
    recorded_end(&recorded);
}
END_TEST

START_TEST(the_axis_of_a_job_that_failed_ends_soon_after)
{
    time_ns from, to;
    struct incident incident = { .at = 100 * TIME_S,
                                 .down_at = 100 * TIME_S,
                                 .running_at = TIME_NEVER,
                                 .failed_at = 400 * TIME_S };
    timeline_window(&incident, TIME_S, TIME_DAY, &from, &to);
    ck_assert_int_eq(from, 25 * TIME_S);
    ck_assert_int_eq(to, 550 * TIME_S);
    incident.running_at = 1000 * TIME_S; /* another job went on from it */
    timeline_window(&incident, TIME_S, TIME_DAY, &from, &to);
    ck_assert_int_eq(to, 1450 * TIME_S);
}
END_TEST

START_TEST(a_job_that_failed_is_not_called_finished)
{
    recorded_begin(&recorded, RECORDED_RUN_PRICED);
    recorded_start_job(&recorded);
    recorded.run.jobs[0].scheduler = "Adaptive";
    recorded.run.jobs[0].scheduler_state = "Finished";
    recorded.run.jobs[0].status = "FAILED";
    recorded.run.jobs[0].ended_at = 30 * TIME_S;
    recorded_line(&recorded, 30 * TIME_S, fake_move("scheduler", "Failing", "Finished"));
    ck_assert_str_eq(vec_last(&recorded.recorder.timeline.phases).name, "FAILED");
    recorded_end(&recorded);
}
END_TEST

/* CDATA ends at the first end it finds, also one that a dropped comma made. */
START_TEST(what_is_shown_breaks_no_svg)
{
    static const char *const texts[][2] = {
        { "a <b> & \"c\" ]]>", "a <b> & \"c\" ]])" },
        { "]]>]]>", "]])]])" },
        { "a > b] > c", "a > b] > c" },
        { "bell \a", "bell ?" },
        { "two\nlines", "two\nlines" },
        { "caf\303\251", "caf\303\251" },
        { "caf\303", "caf" },
        { "1 \342\202", "1 " },
        { "\200", "" },
        { "", "" },
    };
    char text[32];
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        text_format(text, sizeof text, "%s", texts[i][0]);
        shown_text_clean(text);
        ck_assert_str_eq(text, texts[i][1]);
    }
    struct gnuplot gnuplot;
    FILE *file = tmpfile();
    gnuplot_init(&gnuplot);
    gnuplot_set_shown(&gnuplot, "question", "why ]]>?");
    gnuplot_print(&gnuplot, "overview.gp", file);
    rewind(file);
    written[fread(written, 1, sizeof written - 1, file)] = '\0';
    fclose(file);
    gnuplot_fini(&gnuplot);
    must_have(written, "why ]])?", true);
    struct mark mark = timeline_make_mark(0, MARK_SCRIPT, "x ]],>");
    ck_assert_str_eq(mark.label, "x ]])");
}
END_TEST

Suite *test_report_ends_suite(void);
Suite *test_report_ends_suite(void)
{
    Suite *suite = suite_create("report: ends");
    TCase *tcase = tcase_create("pictures");
    tcase_add_loop_test(tcase, each_end_of_a_job_is_marked, 0, 4);
    tcase_add_loop_test(tcase, a_restart_is_drawn_where_one_happened, 0, 2);
    tcase_add_test(tcase, a_recovery_is_of_one_job_and_the_cluster);
    tcase_add_test(tcase, notes_of_a_second_outage_are_its_own);
    tcase_add_test(tcase, the_axis_of_a_job_that_failed_ends_soon_after);
    tcase_add_test(tcase, a_job_that_failed_is_not_called_finished);
    tcase_add_test(tcase, what_is_shown_breaks_no_svg);
    suite_add_tcase(suite, tcase);
    return suite;
}
