/* SPDX-License-Identifier: Apache-2.0
 *
 * Each checker sees the history it is there for, and keeps quiet at one that is right.
 */
#include <check.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/check/checker.h"
#include "tests/lib/fake_run.h"
#include "tests/lib/load_fixture.h"
#include "tests/lib/verdicts.h"

#define TWO_JOBS                                                                                   \
    "name: t\n"                                                                                    \
    "duration: 1h\n"                                                                               \
    "config: { heartbeat.interval: 10s, heartbeat.timeout: 50s }\n"                                \
    "jobs:\n"                                                                                      \
    "  - { name: a, vertices: [ { name: source } ], load: 5/s }\n"                                 \
    "  - { name: b, vertices: [ { name: source } ], load: 5/s }\n"

static struct fake_run run;
static struct recorder recorder;
static struct checkers checkers;

static void begin(void)
{
    fake_run_init(&run, TWO_JOBS);
    recorder_init(&recorder, &run.look);
    checkers_init(&checkers, &run.look, &recorder);
}

static void end(void)
{
    checkers_fini(&checkers);
    recorder_fini(&recorder);
    fake_run_fini(&run);
}

static void line(time_ns at, struct log_line what)
{
    checkers_line(&checkers, at, fake_node(0), &what);
}

static void look(time_ns at)
{
    recorder_sample(&recorder, at);
    checkers_sample(&checkers, at, true);
}

static void must_hold(void)
{
    verdicts_must_hold(&checkers);
}

static void must_break(const char *invariant, const char *words)
{
    verdicts_must_break(&checkers, invariant, words);
}

START_TEST(every_checker_serves_an_invariant_that_scenarios_can_name)
{
    begin();
    for (VEC_EACH(const struct checker, checker, &checkers.list)) {
        bool known = false;
        for (size_t i = 0; i < invariant_count; i++)
            known |= text_equal(invariant_rows[i].name, checker->row->invariant);
        ck_assert_msg(known, "%s", checker->row->name);
    }
    look(0);
    must_hold();
    end();
}
END_TEST

/* Patterns of scenarios are held against the list; what is not in it could not be waited for. */
START_TEST(moves_sees_a_fact_that_is_not_in_the_list)
{
    begin();
    line(TIME_S, fake_fact("job", "all tasks RUNNING"));
    checkers_fact(&checkers, TIME_S, (struct node_id){ UINT32_MAX }, "kill");
    must_hold();
    line(TIME_S, fake_fact("job", "has a feeling"));
    must_break("legal-moves", "job says 'has a feeling', which is not in the list of facts");
    end();
}
END_TEST

START_TEST(conservation_hears_when_the_books_do_not_add_up)
{
    begin();
    run.broken_books = "3 records were served twice";
    look(TIME_S);
    must_break("exactly-once", "conservation: 3 records were served twice");
    end();
}
END_TEST

START_TEST(checkpoints_may_fail_and_savepoints_are_not_restored)
{
    begin();
    struct log_line savepoint = fake_checkpoint("triggered", 2, 0);
    savepoint.reason = "savepoint";
    line(1, fake_checkpoint("triggered", 1, 0));
    line(2, fake_checkpoint("completed", 1, 0));
    line(3, savepoint);
    line(4, fake_checkpoint("completed", 2, 0));
    line(5, fake_checkpoint("triggered", 3, 0));
    line(6, fake_checkpoint("failed", 3, 0));
    line(7, fake_checkpoint("restore from checkpoint", 0, 1));
    must_hold();
    end();
}
END_TEST

START_TEST(checkpoints_sees_an_old_one_being_restored)
{
    begin();
    line(1, fake_checkpoint("triggered", 1, 0));
    line(2, fake_checkpoint("completed", 1, 0));
    line(3, fake_checkpoint("triggered", 2, 0));
    line(4, fake_checkpoint("completed", 2, 0));
    line(5, fake_checkpoint("restore from checkpoint", 0, 1));
    must_break("exactly-once", "a restores checkpoint 1, the newest completed is 2");
    end();
}
END_TEST

/* The snapshot a job starts from is its first checkpoint, and its numbers go on behind that. */
START_TEST(checkpoints_count_on_behind_the_savepoint_of_the_start)
{
    begin();
    line(1, fake_checkpoint("starting from savepoint", 0, 16));
    line(2, fake_checkpoint("restore from checkpoint", 0, 16));
    line(3, fake_checkpoint("triggered", 17, 0));
    must_hold();
    line(4, fake_checkpoint("failed", 17, 0));
    line(5, fake_checkpoint("restore from checkpoint", 0, 15));
    must_break("exactly-once", "a restores checkpoint 15, the newest completed is 16");
    end();
}
END_TEST

START_TEST(checkpoints_sees_ids_that_do_not_go_up)
{
    begin();
    line(1, fake_checkpoint("triggered", 2, 0));
    line(2, fake_checkpoint("triggered", 2, 0));
    must_break("exactly-once", "checkpoint 2 of a came after checkpoint 2");
    end();
}
END_TEST

START_TEST(checkpoints_sees_one_that_ends_twice)
{
    begin();
    line(1, fake_checkpoint("triggered", 1, 0));
    line(2, fake_checkpoint("completed", 1, 0));
    line(3, fake_checkpoint("failed", 1, 0));
    must_break("exactly-once", "checkpoint 1 of a ended but was not under way");
    end();
}
END_TEST

START_TEST(moves_allows_the_life_of_an_adaptive_job)
{
    begin();
    for (int again = 0; again < 2; again++) { /* each graph begins at CREATED, without a line */
        line(1, fake_move("job", "CREATED", "RUNNING"));
        line(2, fake_move("job", "RUNNING", "CANCELLING"));
        line(3, fake_move("job", "CANCELLING", "CANCELED"));
    }
    line(4, fake_move("heartbeat", "anything", "goes")); /* not followed */
    must_hold();
    end();
}
END_TEST

START_TEST(moves_sees_an_illegal_one)
{
    begin();
    line(1, fake_move("job", "CREATED", "RUNNING"));
    line(2, fake_move("job", "RUNNING", "FAILED"));
    must_break("legal-moves", "job moves from RUNNING to FAILED");
    end();
}
END_TEST

START_TEST(moves_sees_one_that_does_not_begin_where_the_last_one_ended)
{
    begin();
    line(1, fake_move("scheduler", "Created", "WaitingForResources"));
    line(2, fake_move("scheduler", "Executing", "Restarting"));
    must_break("legal-moves", "scheduler of a moves from Executing but was left at Waiting");
    end();
}
END_TEST

START_TEST(moves_keeps_jobs_apart)
{
    begin();
    struct log_line other = fake_move("scheduler", "Created", "WaitingForResources");
    other.job.n = 1;
    line(1, fake_move("scheduler", "Created", "WaitingForResources"));
    line(2, other);
    line(3, fake_move("scheduler", "WaitingForResources", "CreatingExecutionGraph"));
    must_hold();
    end();
}
END_TEST

START_TEST(moves_sees_life_after_death)
{
    begin();
    checkers_fact(&checkers, 1, fake_node(1), "added");
    checkers_fact(&checkers, 2, fake_node(1), "up");
    checkers_fact(&checkers, 2, fake_node(1), "kill"); /* the script's word */
    checkers_fact(&checkers, 3, fake_node(1), "killed");
    must_hold();
    checkers_fact(&checkers, 4, fake_node(1), "resumed");
    must_break("legal-moves", "'resumed' after its end");
    end();
}
END_TEST

static void hold_slot(uint32_t job, uint32_t node)
{
    run.slots[run.slot_count++] = (struct look_slot){ { job }, { node }, { 0 } };
}

START_TEST(slots_sees_one_that_a_job_holds_twice)
{
    begin();
    hold_slot(0, 1);
    hold_slot(0, 1);
    look(TIME_S);
    must_break("slots-given-once", "a holds slot 0 of tm1 twice");
    end();
}
END_TEST

START_TEST(slots_allows_two_holders_only_until_monitors_have_run_out)
{
    begin();
    hold_slot(0, 1);
    hold_slot(1, 1);
    look(TIME_S);
    look(TIME_S + checker_patience(&run.look));
    must_hold();
    look(2 * TIME_S + checker_patience(&run.look));
    must_break("slots-given-once", "slot 0 of tm1 serves a and b");
    end();
}
END_TEST

START_TEST(slots_of_the_dead_do_not_count)
{
    begin();
    hold_slot(0, 1);
    hold_slot(1, 1);
    run.processes[1].state = PROCESS_ENDED;
    look(TIME_S);
    look(TIME_H);
    must_hold();
    end();
}
END_TEST

static struct look_task make_task(uint32_t job, uint32_t task, uint32_t node)
{
    return (struct look_task){ .job = { job }, .attempt = { .task = { task } }, .node = { node } };
}

START_TEST(tasks_sees_one_that_runs_on_a_process_long_gone)
{
    begin();
    run.scheduled[run.scheduled_count++] = make_task(1, 7, 2);
    run.processes[2].state = PROCESS_ENDED;
    run.processes[2].ended_at = TIME_S;
    look(TIME_S + checker_patience(&run.look));
    must_hold();
    look(2 * TIME_S + checker_patience(&run.look));
    must_break("slots-given-once", "task 7 of b is RUNNING on tm2, which is gone");
    end();
}
END_TEST

static void run_twice(void)
{
    run.run[0] = make_task(0, 3, 1);
    run.run[1] = make_task(0, 3, 2);
    run.run_count = 2;
}

START_TEST(tasks_sees_a_subtask_that_runs_in_two_places)
{
    begin();
    run_twice();
    look(TIME_S);
    must_hold(); /* the old one may not have heard yet */
    look(2 * TIME_S + checker_patience(&run.look));
    must_break("slots-given-once", "task 3 of a runs on tm1 and on tm2");
    end();
}
END_TEST

START_TEST(tasks_does_not_blame_those_who_cannot_be_told)
{
    begin();
    run_twice();
    run.processes[1].state = PROCESS_FROZEN;
    look(TIME_S);
    look(TIME_H / 2);
    run.processes[1].state = PROCESS_RUNNING;
    run.cut[1] = true;
    look(TIME_H / 2 + TIME_S);
    look(TIME_H);
    must_hold();
    end();
}
END_TEST

START_TEST(released_sees_slots_of_a_job_that_has_ended)
{
    begin();
    run.jobs[1].ended_at = TIME_S;
    run.jobs[1].slots_held = 3;
    look(TIME_S + checker_patience(&run.look));
    must_hold();
    look(2 * TIME_S + checker_patience(&run.look));
    must_break("slots-given-once", "b has ended and holds 3 slots");
    end();
}
END_TEST

START_TEST(the_first_complaint_is_kept_and_all_are_counted)
{
    struct check_result result = { .held = true };
    begin();
    line(5 * TIME_S, fake_move("job", "CREATED", "FINISHED"));
    line(6 * TIME_S, fake_move("job", "FINISHED", "CREATED"));
    checkers_judge(&checkers, "legal-moves", &result);
    ck_assert_str_eq(result.measured, "violated 2 times");
    ck_assert_ptr_nonnull(strstr(result.detail, "00:00:05: moves: job moves from CREATED"));
    end();
}
END_TEST

Suite *test_check_checkers_suite(void)
{
    Suite *suite = suite_create("check: checkers");
    TCase *once = tcase_create("exactly-once"), *moves = tcase_create("legal-moves");
    TCase *slots = tcase_create("slots-given-once");
    tcase_add_test(once, every_checker_serves_an_invariant_that_scenarios_can_name);
    tcase_add_test(once, conservation_hears_when_the_books_do_not_add_up);
    tcase_add_test(once, checkpoints_may_fail_and_savepoints_are_not_restored);
    tcase_add_test(once, checkpoints_sees_an_old_one_being_restored);
    tcase_add_test(once, checkpoints_count_on_behind_the_savepoint_of_the_start);
    tcase_add_test(once, checkpoints_sees_ids_that_do_not_go_up);
    tcase_add_test(once, checkpoints_sees_one_that_ends_twice);
    tcase_add_test(moves, moves_allows_the_life_of_an_adaptive_job);
    tcase_add_test(moves, moves_sees_a_fact_that_is_not_in_the_list);
    tcase_add_test(moves, moves_sees_an_illegal_one);
    tcase_add_test(moves, moves_sees_one_that_does_not_begin_where_the_last_one_ended);
    tcase_add_test(moves, moves_keeps_jobs_apart);
    tcase_add_test(moves, moves_sees_life_after_death);
    tcase_add_test(moves, the_first_complaint_is_kept_and_all_are_counted);
    tcase_add_test(slots, slots_sees_one_that_a_job_holds_twice);
    tcase_add_test(slots, slots_allows_two_holders_only_until_monitors_have_run_out);
    tcase_add_test(slots, slots_of_the_dead_do_not_count);
    tcase_add_test(slots, tasks_sees_one_that_runs_on_a_process_long_gone);
    tcase_add_test(slots, tasks_sees_a_subtask_that_runs_in_two_places);
    tcase_add_test(slots, tasks_does_not_blame_those_who_cannot_be_told);
    tcase_add_test(slots, released_sees_slots_of_a_job_that_has_ended);
    suite_add_tcase(suite, once);
    suite_add_tcase(suite, moves);
    suite_add_tcase(suite, slots);
    return suite;
}
