/* SPDX-License-Identifier: Apache-2.0
 *
 * Each checker sees the history it is there for, and keeps quiet at one that is right.
 */
#include <check.h>
#include <string.h>

#include "core/base/text.h"
#include "tests/lib/checked_run.h"

static struct checked_run checked;

START_TEST(every_checker_serves_an_invariant_that_scenarios_can_name)
{
    checked_begin(&checked);
    for (VEC_EACH(const struct checker, checker, &checked.checkers.list)) {
        bool known = false;
        for (size_t i = 0; i < invariant_count; i++)
            known |= text_equal(invariant_rows[i].name, checker->row->invariant);
        ck_assert_msg(known, "%s", checker->row->name);
    }
    checked_look(&checked, 0);
    checked_must_hold(&checked);
    checked_end(&checked);
}
END_TEST

/* Patterns of scenarios are held against the list; what is not in it could not be waited for. */
START_TEST(moves_sees_a_fact_that_is_not_in_the_list)
{
    checked_begin(&checked);
    checked_line(&checked, TIME_S, fake_fact("job", "all tasks RUNNING"));
    checkers_fact(&checked.checkers, TIME_S, (struct node_id){ UINT32_MAX }, "kill");
    checked_must_hold(&checked);
    checked_line(&checked, TIME_S, fake_fact("job", "has a feeling"));
    checked_must_break(&checked, "legal-moves",
                       "job says 'has a feeling', which is not in the list of facts");
    checked_end(&checked);
}
END_TEST

START_TEST(conservation_hears_when_the_books_do_not_add_up)
{
    checked_begin(&checked);
    checked.recorded.run.broken_books = "3 records were served twice";
    checked_look(&checked, TIME_S);
    checked_must_break(&checked, "exactly-once", "conservation: 3 records were served twice");
    checked_end(&checked);
}
END_TEST

START_TEST(checkpoints_may_fail_and_savepoints_are_not_restored)
{
    checked_begin(&checked);
    struct log_line savepoint = fake_checkpoint("triggered", 2, 0);
    savepoint.reason = "savepoint";
    checked_line(&checked, 1, fake_checkpoint("triggered", 1, 0));
    checked_line(&checked, 2, fake_checkpoint("completed", 1, 0));
    checked_line(&checked, 3, savepoint);
    checked_line(&checked, 4, fake_checkpoint("completed", 2, 0));
    checked_line(&checked, 5, fake_checkpoint("triggered", 3, 0));
    checked_line(&checked, 6, fake_checkpoint("failed", 3, 0));
    checked_line(&checked, 7, fake_checkpoint("restore from checkpoint", 0, 1));
    checked_must_hold(&checked);
    checked_end(&checked);
}
END_TEST

START_TEST(checkpoints_sees_an_old_one_being_restored)
{
    checked_begin(&checked);
    checked_line(&checked, 1, fake_checkpoint("triggered", 1, 0));
    checked_line(&checked, 2, fake_checkpoint("completed", 1, 0));
    checked_line(&checked, 3, fake_checkpoint("triggered", 2, 0));
    checked_line(&checked, 4, fake_checkpoint("completed", 2, 0));
    checked_line(&checked, 5, fake_checkpoint("restore from checkpoint", 0, 1));
    checked_must_break(&checked, "exactly-once",
                       "a restores checkpoint 1, the newest completed is 2");
    checked_end(&checked);
}
END_TEST

/* The snapshot a job starts from is its first checkpoint, and its numbers go on behind that. */
START_TEST(checkpoints_count_on_behind_the_savepoint_of_the_start)
{
    checked_begin(&checked);
    checked_line(&checked, 1, fake_checkpoint("starting from savepoint", 0, 16));
    checked_line(&checked, 2, fake_checkpoint("restore from checkpoint", 0, 16));
    checked_line(&checked, 3, fake_checkpoint("triggered", 17, 0));
    checked_must_hold(&checked);
    checked_line(&checked, 4, fake_checkpoint("failed", 17, 0));
    checked_line(&checked, 5, fake_checkpoint("restore from checkpoint", 0, 15));
    checked_must_break(&checked, "exactly-once",
                       "a restores checkpoint 15, the newest completed is 16");
    checked_end(&checked);
}
END_TEST

START_TEST(checkpoints_sees_ids_that_do_not_go_up)
{
    checked_begin(&checked);
    checked_line(&checked, 1, fake_checkpoint("triggered", 2, 0));
    checked_line(&checked, 2, fake_checkpoint("triggered", 2, 0));
    checked_must_break(&checked, "exactly-once", "checkpoint 2 of a came after checkpoint 2");
    checked_end(&checked);
}
END_TEST

START_TEST(checkpoints_sees_one_that_ends_twice)
{
    checked_begin(&checked);
    checked_line(&checked, 1, fake_checkpoint("triggered", 1, 0));
    checked_line(&checked, 2, fake_checkpoint("completed", 1, 0));
    checked_line(&checked, 3, fake_checkpoint("failed", 1, 0));
    checked_must_break(&checked, "exactly-once", "checkpoint 1 of a ended but was not under way");
    checked_end(&checked);
}
END_TEST

START_TEST(moves_allows_the_life_of_an_adaptive_job)
{
    checked_begin(&checked);
    for (int again = 0; again < 2; again++) { /* each graph begins at CREATED, without a line */
        checked_line(&checked, 1, fake_move("job", "CREATED", "RUNNING"));
        checked_line(&checked, 2, fake_move("job", "RUNNING", "CANCELLING"));
        checked_line(&checked, 3, fake_move("job", "CANCELLING", "CANCELED"));
    }
    checked_line(&checked, 4, fake_move("heartbeat", "anything", "goes")); /* not followed */
    checked_must_hold(&checked);
    checked_end(&checked);
}
END_TEST

START_TEST(moves_sees_an_illegal_one)
{
    checked_begin(&checked);
    checked_line(&checked, 1, fake_move("job", "CREATED", "RUNNING"));
    checked_line(&checked, 2, fake_move("job", "RUNNING", "FAILED"));
    checked_must_break(&checked, "legal-moves", "job moves from RUNNING to FAILED");
    checked_end(&checked);
}
END_TEST

START_TEST(moves_sees_one_that_does_not_begin_where_the_last_one_ended)
{
    checked_begin(&checked);
    checked_line(&checked, 1, fake_move("scheduler", "Created", "WaitingForResources"));
    checked_line(&checked, 2, fake_move("scheduler", "Executing", "Restarting"));
    checked_must_break(&checked, "legal-moves",
                       "scheduler of a moves from Executing but was left at Waiting");
    checked_end(&checked);
}
END_TEST

START_TEST(moves_keeps_jobs_apart)
{
    checked_begin(&checked);
    struct log_line other = fake_move("scheduler", "Created", "WaitingForResources");
    other.job.n = 1;
    checked_line(&checked, 1, fake_move("scheduler", "Created", "WaitingForResources"));
    checked_line(&checked, 2, other);
    checked_line(&checked, 3,
                 fake_move("scheduler", "WaitingForResources", "CreatingExecutionGraph"));
    checked_must_hold(&checked);
    checked_end(&checked);
}
END_TEST

START_TEST(moves_sees_life_after_death)
{
    checked_begin(&checked);
    checkers_fact(&checked.checkers, 1, fake_node(1), "added");
    checkers_fact(&checked.checkers, 2, fake_node(1), "up");
    checkers_fact(&checked.checkers, 2, fake_node(1), "kill"); /* the script's word */
    checkers_fact(&checked.checkers, 3, fake_node(1), "killed");
    checked_must_hold(&checked);
    checkers_fact(&checked.checkers, 4, fake_node(1), "resumed");
    checked_must_break(&checked, "legal-moves", "'resumed' after its end");
    checked_end(&checked);
}
END_TEST

static void hold_slot(uint32_t job, uint32_t node)
{
    checked.recorded.run.slots[checked.recorded.run.slot_count++] =
        (struct look_slot){ { job }, { node }, { 0 } };
}

START_TEST(slots_sees_one_that_a_job_holds_twice)
{
    checked_begin(&checked);
    hold_slot(0, 1);
    hold_slot(0, 1);
    checked_look(&checked, TIME_S);
    checked_look(&checked, TIME_S + checker_patience(&checked.recorded.run.look));
    checked_must_hold(&checked); /* it may not have heard that the first one was given up */
    checked_look(&checked, 2 * TIME_S + checker_patience(&checked.recorded.run.look));
    checked_must_break(&checked, "slots-given-once", "a holds slot 0 of tm1 twice");
    checked_end(&checked);
}
END_TEST

START_TEST(slots_allows_two_holders_only_until_monitors_have_run_out)
{
    checked_begin(&checked);
    hold_slot(0, 1);
    hold_slot(1, 1);
    checked_look(&checked, TIME_S);
    checked_look(&checked, TIME_S + checker_patience(&checked.recorded.run.look));
    checked_must_hold(&checked);
    checked_look(&checked, 2 * TIME_S + checker_patience(&checked.recorded.run.look));
    checked_must_break(&checked, "slots-given-once", "slot 0 of tm1 serves a and b");
    checked_end(&checked);
}
END_TEST

START_TEST(slots_of_the_dead_do_not_count)
{
    checked_begin(&checked);
    hold_slot(0, 1);
    hold_slot(1, 1);
    checked.recorded.run.processes[1].state = PROCESS_ENDED;
    checked_look(&checked, TIME_S);
    checked_look(&checked, TIME_H);
    checked_must_hold(&checked);
    checked_end(&checked);
}
END_TEST

static struct look_task make_task(uint32_t job, uint32_t task, uint32_t node)
{
    return (struct look_task){ .job = { job }, .attempt = { .task = { task } }, .node = { node } };
}

START_TEST(tasks_sees_one_that_runs_on_a_process_long_gone)
{
    checked_begin(&checked);
    checked.recorded.run.scheduled[checked.recorded.run.scheduled_count++] = make_task(1, 7, 2);
    checked.recorded.run.processes[2].state = PROCESS_ENDED;
    checked.recorded.run.processes[2].ended_at = TIME_S;
    checked_look(&checked, TIME_S + checker_patience(&checked.recorded.run.look));
    checked_must_hold(&checked);
    checked_look(&checked, 2 * TIME_S + checker_patience(&checked.recorded.run.look));
    checked_must_break(&checked, "slots-given-once",
                       "task 7 of b is RUNNING on tm2, which is gone");
    checked_end(&checked);
}
END_TEST

/* Frozen for an hour: patience begins when it goes on. */
START_TEST(a_frozen_job_manager_notices_nothing)
{
    checked_begin(&checked);
    checked.recorded.run.scheduled[checked.recorded.run.scheduled_count++] = make_task(1, 7, 2);
    checked.recorded.run.processes[2].state = PROCESS_ENDED;
    checked.recorded.run.processes[2].ended_at = 2 * TIME_S;
    hold_slot(0, 1);
    hold_slot(1, 1);
    checked.recorded.run.jobs[1].ended_at = TIME_S;
    checked.recorded.run.jobs[1].slots_held = 3;
    for (uint32_t node = 0; node < 2; node++) {
        checkers_fact(&checked.checkers, 0, fake_node(node), "added");
        checkers_fact(&checked.checkers, 0, fake_node(node), "up");
    }
    checkers_fact(&checked.checkers, TIME_S, fake_node(0), "frozen");
    checkers_fact(&checked.checkers, 2 * TIME_S, fake_node(1), "frozen");
    checkers_fact(&checked.checkers, 3 * TIME_S, fake_node(1), "resumed");
    checked_look(&checked, 4 * TIME_S);
    checked_look(&checked, TIME_H);
    checkers_fact(&checked.checkers, TIME_H, fake_node(0), "resumed");
    checked_look(&checked, TIME_H + checker_patience(&checked.recorded.run.look));
    checked_must_hold(&checked);
    checked_look(&checked, TIME_H + TIME_S + checker_patience(&checked.recorded.run.look));
    checked_must_break(&checked, "slots-given-once", "slot 0 of tm1 serves a and b");
    uint64_t complaints = 0;
    for (VEC_EACH(const struct checker, checker, &checked.checkers.list))
        complaints += checker->violations;
    ck_assert_uint_eq(complaints, 3);
    checked_end(&checked);
}
END_TEST

static void run_twice(void)
{
    checked.recorded.run.run[0] = make_task(0, 3, 1);
    checked.recorded.run.run[1] = make_task(0, 3, 2);
    checked.recorded.run.run_count = 2;
}

START_TEST(tasks_sees_a_subtask_that_runs_in_two_places)
{
    checked_begin(&checked);
    run_twice();
    checked_look(&checked, TIME_S);
    checked_must_hold(&checked); /* the old one may not have heard yet */
    checked_look(&checked, 2 * TIME_S + checker_patience(&checked.recorded.run.look));
    checked_must_break(&checked, "slots-given-once", "task 3 of a runs on tm1 and on tm2");
    checked_end(&checked);
}
END_TEST

START_TEST(tasks_does_not_blame_those_who_cannot_be_told)
{
    checked_begin(&checked);
    run_twice();
    checked.recorded.run.processes[1].state = PROCESS_FROZEN;
    checked_look(&checked, TIME_S);
    checked_look(&checked, TIME_H / 2);
    checked.recorded.run.processes[1].state = PROCESS_RUNNING;
    checked.recorded.run.cut[1] = true;
    checked_look(&checked, TIME_H / 2 + TIME_S);
    checked_look(&checked, TIME_H);
    checked_must_hold(&checked);
    checked_end(&checked);
}
END_TEST

START_TEST(released_sees_slots_of_a_job_that_has_ended)
{
    checked_begin(&checked);
    checked.recorded.run.jobs[1].ended_at = TIME_S;
    checked.recorded.run.jobs[1].slots_held = 3;
    checked_look(&checked, TIME_S + checker_patience(&checked.recorded.run.look));
    checked_must_hold(&checked);
    checked_look(&checked, 2 * TIME_S + checker_patience(&checked.recorded.run.look));
    checked_must_break(&checked, "slots-given-once", "b has ended and holds 3 slots");
    checked_end(&checked);
}
END_TEST

START_TEST(the_first_complaint_is_kept_and_all_are_counted)
{
    struct check_result result = { .held = true };
    checked_begin(&checked);
    checked_line(&checked, 5 * TIME_S, fake_move("job", "CREATED", "FINISHED"));
    checkers_judge(&checked.checkers, "legal-moves", &result);
    ck_assert_str_eq(result.measured, "violated 1 time");
    checked_line(&checked, 6 * TIME_S, fake_move("job", "FINISHED", "CREATED"));
    checkers_judge(&checked.checkers, "legal-moves", &result);
    ck_assert_str_eq(result.measured, "violated 2 times");
    ck_assert_ptr_nonnull(strstr(result.detail, "00:00:05: moves: job moves from CREATED"));
    checked_end(&checked);
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
    tcase_add_test(slots, a_frozen_job_manager_notices_nothing);
    tcase_add_test(slots, tasks_sees_a_subtask_that_runs_in_two_places);
    tcase_add_test(slots, tasks_does_not_blame_those_who_cannot_be_told);
    tcase_add_test(slots, released_sees_slots_of_a_job_that_has_ended);
    suite_add_tcase(suite, once);
    suite_add_tcase(suite, moves);
    suite_add_tcase(suite, slots);
    return suite;
}
