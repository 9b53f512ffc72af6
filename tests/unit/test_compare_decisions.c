/* SPDX-License-Identifier: Apache-2.0
 *
 * Two event logs, written by hand, side by side: what agrees, what does not, and where they part.
 */
#include <check.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/compare/decisions.h"
#include "tests/lib/written_log.h"

#define JOB ",\"job\":\"j\""

static struct run_log logs[COMPARED_SIDES];
static struct decisions decisions;

static void move(const char *at, const char *machine, const char *from, const char *to,
                 const char *reason)
{
    char rest[256];
    text_format(rest, sizeof rest,
                "\"what\":\"move\",\"from\":\"%s\",\"to\":\"%s\"" JOB ",\"reason\":\"%s\"", from,
                to, reason);
    written_log_line(at, "jobmanager", machine, rest);
}

static void fact(const char *at, const char *machine, const char *what, const char *more)
{
    char rest[256];
    text_format(rest, sizeof rest, "\"what\":\"%s\"" JOB "%s", what, more);
    written_log_line(at, "jobmanager", machine, rest);
}

static void checkpoint(const char *triggered, const char *completed)
{
    fact(triggered, "checkpoint", "triggered", ",\"checkpoint\":1");
    fact(completed, "checkpoint", "completed", ",\"checkpoint\":1,\"value\":7");
}

static void end_side(int side)
{
    written_log_read(&logs[side]);
    written_log_begin();
}

static void compare(time_ns end)
{
    decisions_compare(&decisions, &logs[0], &logs[1], end);
}

static void fini(void)
{
    decisions_fini(&decisions);
    run_log_fini(&logs[0]);
    run_log_fini(&logs[1]);
}

static const struct decision_kind *kind_named(const char *name)
{
    for (VEC_EACH(const struct decision_kind, kind, &decisions.kinds))
        if (text_equal(kind->name, name))
            return kind;
    ck_abort_msg("no kind %s", name);
}

START_TEST(a_checkpoint_more_moves_nothing_behind_it)
{
    written_log_begin();
    checkpoint("1.0", "1.1");
    checkpoint("11.0", "11.1");
    checkpoint("21.0", "21.1");
    end_side(0);
    checkpoint("1.0", "1.2");
    checkpoint("11.0", "11.1");
    checkpoint("12.0", "12.5");
    checkpoint("21.0", "21.4");
    end_side(1);
    compare(100 * TIME_S);
    const struct decision_kind *completed = kind_named("checkpoint completed");
    ck_assert_uint_eq(decisions.agree, 6);
    ck_assert_uint_eq(completed->count[0], 3);
    ck_assert_uint_eq(completed->count[1], 4);
    ck_assert_uint_eq(completed->agree, 3);
    ck_assert_int_eq(completed->apart_largest, 300 * TIME_MS);
    ck_assert_int_eq(completed->apart_median, 100 * TIME_MS);
    ck_assert_int_eq(completed->first_side, 1);
    ck_assert_uint_eq(completed->first, 5);
    ck_assert_int_eq(decisions.parting_side, 1);
    ck_assert_uint_eq(decisions.parting, 4);
    ck_assert_int_eq(decisions.sides[1].items[4].at, 12 * TIME_S);
    ck_assert_uint_eq(decisions_beside(&decisions, 1, 4), 4);
    fini();
}
END_TEST

START_TEST(the_order_of_different_subjects_does_not_matter)
{
    written_log_begin();
    fact("1.0", "checkpoint", "completed", ",\"checkpoint\":1");
    move("1.1", "job", "RUNNING", "FAILING", "x");
    written_log_line("2.0", "tm1", "process", "\"what\":\"up\"");
    written_log_line("2.1", "tm2", "process", "\"what\":\"up\"");
    end_side(0);
    move("1.0", "job", "RUNNING", "FAILING", "x");
    fact("1.1", "checkpoint", "completed", ",\"checkpoint\":1");
    written_log_line("2.0", "tm2", "process", "\"what\":\"up\"");
    written_log_line("2.1", "tm1", "process", "\"what\":\"up\"");
    end_side(1);
    compare(100 * TIME_S);
    ck_assert(decisions_agree(&decisions));
    ck_assert_uint_eq(decisions.agree, 4);
    fini();
}
END_TEST

START_TEST(the_order_within_a_subject_does)
{
    written_log_begin();
    move("1.0", "job", "RUNNING", "FAILING", "x");
    move("2.0", "job", "FAILING", "FAILED", "x");
    end_side(0);
    move("1.0", "job", "FAILING", "FAILED", "x");
    move("2.0", "job", "RUNNING", "FAILING", "x");
    end_side(1);
    compare(100 * TIME_S);
    ck_assert(!decisions_agree(&decisions));
    ck_assert_uint_eq(decisions.agree, 1);
    fini();
}
END_TEST

/* The parallelism that was chosen stands in the reason of a fact; that of a move is why. */
START_TEST(a_facts_reason_is_part_of_it_and_a_moves_is_not)
{
    written_log_begin();
    move("1.0", "scheduler", "Executing", "Restarting", "this");
    fact("2.0", "job", "all tasks RUNNING", ",\"value\":8,\"reason\":\"parallelism 4\"");
    end_side(0);
    move("1.0", "scheduler", "Executing", "Restarting", "that");
    fact("2.0", "job", "all tasks RUNNING", ",\"value\":8,\"reason\":\"parallelism 2\"");
    end_side(1);
    compare(100 * TIME_S);
    ck_assert_uint_eq(kind_named("scheduler")->agree, 1);
    ck_assert_uint_eq(kind_named("scheduler")->other_reason, 1);
    ck_assert_uint_eq(kind_named("job all tasks RUNNING")->agree, 0);
    ck_assert_uint_eq(decisions.other_reason, 1);
    ck_assert_int_eq(decisions.parting_side, 0);
    ck_assert_uint_eq(decisions.parting, 1);
    fini();
}
END_TEST

/* Which subtask it was and where it ran is not the vertex's; another vertex is another subject. */
START_TEST(tasks_are_decided_by_vertex_and_task_managers_by_name)
{
    struct log_entry failed = { .node = "jobmanager",
                                .machine = "execution",
                                .what = "move",
                                .from = "RUNNING",
                                .to = "FAILED",
                                .job = "j",
                                .vertex = "count",
                                .subtask = 1,
                                .peer = "tm1" };
    struct log_entry closed = { .node = "jobmanager",
                                .machine = "resource manager",
                                .what = "closes",
                                .peer = "tm2",
                                .reason = "heartbeat of a TaskManager timed out" };
    char text[DECISION_TEXT_SIZE];
    decision_subject(&failed, text);
    ck_assert_str_eq(text, "execution of j, count");
    decision_word(&failed, text);
    ck_assert_str_eq(text, "RUNNING -> FAILED");
    decision_subject(&closed, text);
    ck_assert_str_eq(text, "resource manager on tm2");
    decision_word(&closed, text);
    ck_assert_str_eq(text, "closes: heartbeat of a TaskManager timed out");
}
END_TEST

START_TEST(the_first_parting_is_the_earliest_of_both)
{
    written_log_begin();
    move("1.0", "job", "CREATED", "RUNNING", "");
    move("9.0", "job", "RUNNING", "FAILING", "");
    end_side(0);
    move("1.0", "job", "CREATED", "RUNNING", "");
    fact("5.0", "checkpoint", "failed", ",\"reason\":\"declined\"");
    end_side(1);
    compare(100 * TIME_S);
    ck_assert_int_eq(decisions.parting_side, 1);
    ck_assert_uint_eq(decisions.parting, 1);
    ck_assert_uint_eq(decisions_beside(&decisions, 1, 1), 1);
    ck_assert_int_eq(kind_named("job")->first_side, 0);
    fini();
}
END_TEST

/* The other run completes it a moment after the end. */
static void end_with_an_open_line(const char *last)
{
    written_log_begin();
    checkpoint("1.0", "1.1");
    checkpoint("11.0", last);
    end_side(0);
    checkpoint("1.0", "1.3");
    fact("11.0", "checkpoint", "triggered", ",\"checkpoint\":1");
    end_side(1);
    compare(12 * TIME_S);
}

START_TEST(what_the_end_cut_off_does_not_make_them_differ)
{
    end_with_an_open_line("11.8"); /* 0.2 s from the end, as far as they lie apart */
    ck_assert(decisions_agree(&decisions));
    ck_assert_uint_eq(decisions.open, 1);
    ck_assert_uint_eq(kind_named("checkpoint completed")->open, 1);
    fini();
    end_with_an_open_line("11.799999999");
    ck_assert(!decisions_agree(&decisions));
    ck_assert_uint_eq(decisions.open, 0);
    ck_assert_uint_eq(decisions.parting, 3);
    fini();
}
END_TEST

START_TEST(an_open_line_has_only_open_ones_behind_it)
{
    written_log_begin();
    checkpoint("1.0", "1.1");
    fact("11.5", "checkpoint", "completed", "");
    fact("11.9", "checkpoint", "expired", "");
    end_side(0);
    checkpoint("1.0", "2.1");
    end_side(1);
    compare(12 * TIME_S);
    /* Nothing says that it could have expired later in the other one. */
    ck_assert_uint_eq(decisions.open, 0);
    ck_assert_uint_eq(decisions.parting, 2);
    fini();
}
END_TEST

START_TEST(a_run_agrees_with_itself)
{
    written_log_begin();
    checkpoint("1.0", "1.1");
    move("2.0", "job", "CREATED", "RUNNING", "");
    end_side(0);
    checkpoint("1.0", "1.1");
    move("2.0", "job", "CREATED", "RUNNING", "");
    end_side(1);
    compare(3 * TIME_S);
    ck_assert(decisions_agree(&decisions));
    ck_assert_uint_eq(decisions.agree, 3);
    for (VEC_EACH(const struct decision_kind, kind, &decisions.kinds))
        ck_assert_int_eq(kind->apart_largest, 0);
    fini();
}
END_TEST

Suite *test_compare_decisions_suite(void);

Suite *test_compare_decisions_suite(void)
{
    Suite *suite = suite_create("compare_decisions");
    TCase *tcase = tcase_create("decisions");
    tcase_add_test(tcase, a_checkpoint_more_moves_nothing_behind_it);
    tcase_add_test(tcase, the_order_of_different_subjects_does_not_matter);
    tcase_add_test(tcase, the_order_within_a_subject_does);
    tcase_add_test(tcase, a_facts_reason_is_part_of_it_and_a_moves_is_not);
    tcase_add_test(tcase, tasks_are_decided_by_vertex_and_task_managers_by_name);
    tcase_add_test(tcase, the_first_parting_is_the_earliest_of_both);
    tcase_add_test(tcase, what_the_end_cut_off_does_not_make_them_differ);
    tcase_add_test(tcase, an_open_line_has_only_open_ones_behind_it);
    tcase_add_test(tcase, a_run_agrees_with_itself);
    suite_add_tcase(suite, tcase);
    return suite;
}
