/* SPDX-License-Identifier: Apache-2.0
 *
 * The decision tables of the schedulers: what each call of the JobMaster does in each status of the
 * default scheduler and in each state of the adaptive one. A rejected call leaves the hash alone.
 */
#include <check.h>

#include "core/cluster/job_manager.h"
#include "core/cluster/view.h"
#include "core/schedule/adaptive_scheduler.h"
#include "tests/lib/story_setup.h"

static const struct node_id jm = { 0 };

/* The scheduler itself, between steps, ready to be called. */
static struct scheduler *scheduler_of(const struct story *story)
{
    struct job_manager *manager =
        (struct job_manager *)(uintptr_t)node_job_manager(story_node(story, jm));
    effects_begin(&manager->effects, story_now(story));
    return &manager->dispatcher.jobs.items[0].master->scheduler;
}

enum call {
    CALL_CANCEL,
    CALL_STOP,
    CALL_REQUIRE,
    CALL_RESOURCES_REFUSED,
    CALL_FAIL_JOB,
    CALL_TASK_FAILED,
    CALL_STALE_REPORT, /* of an attempt there never was */
    CALL_LOST_NOTHING, /* slots of others are lost */
    CALL_COUNT
};

static const char *const call_names[] = { "cancel",       "stop",
                                          "require",      "refused",
                                          "job failed",   "task failed",
                                          "stale report", "others' slots lost" };

static bool is_rejected(struct scheduler *s, enum call call)
{
    struct note note;
    struct vertex_bounds bounds[] = { { { 0 }, 1, 3 }, { { 1 }, 1, 3 } };
    struct task_report report = { { { 0 }, 0, 0 }, EXECUTION_FAILED, CAUSE_USER_CODE };
    struct slot_pool_list lost = { 0 };
    uint64_t before = scheduler_hash(s);
    struct err result = OK;
    if (s->graph)
        report.attempt = execution_graph_attempt(s->graph, (struct task_id){ 0 });
    switch (call) {
    case CALL_CANCEL: scheduler_cancel(s); break;
    case CALL_STOP: result = scheduler_stop(s, false, 1234, &note); break;
    case CALL_REQUIRE: result = scheduler_require(s, bounds, 2, &note); break;
    case CALL_RESOURCES_REFUSED: scheduler_on_resources_refused(s); break;
    case CALL_FAIL_JOB: scheduler_fail_job(s, CAUSE_CHECKPOINT_FAILURES); break;
    case CALL_STALE_REPORT: report.attempt.attempt += 9; /* fall through */
    case CALL_TASK_FAILED: scheduler_on_task_states(s, (struct node_id){ 1 }, &report, 1); break;
    case CALL_LOST_NOTHING:
        vec_push(&lost.slots, (struct pool_slot){ .allocation = { 4711 } });
        scheduler_on_slots_lost(s, &lost, CAUSE_SLOT_LOST);
        vec_fini(&lost.slots);
        break;
    case CALL_COUNT: break;
    }
    bool is_same = scheduler_hash(s) == before;
    ck_assert_msg(!err_is(result) || is_same, "refused, and changed something");
    return is_same;
}

#define H CELL_HANDLE
#define R CELL_REJECT

struct state_row_of_calls {
    const char *state;
    void (*bring)(struct story *story);
    enum cell cells[CALL_COUNT];
};

/* Default scheduler. */

static void open_default(struct story *story, uint32_t slots)
{
    story_fixed_delay(story, "5", "5 s");
    story_set(story, "execution.checkpointing.interval", "1 min");
    story_open(story, 1, slots, story_job(story, 2, 4));
    story_run(story, 1 * TIME_S);
}
static void default_waits(struct story *story)
{
    open_default(story, 1);
}
static void default_runs(struct story *story)
{
    open_default(story, 2);
}
static void default_cancels_to_restart(struct story *story)
{
    open_default(story, 2);
    story_slow_cancel(story, 2 * TIME_S);
    story_report(story, 1, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_run(story, 2 * TIME_S);
}
static void default_backs_off(struct story *story)
{
    open_default(story, 2);
    story_report(story, 1, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_run(story, 2 * TIME_S);
}
static void default_stops(struct story *story)
{
    open_default(story, 2);
    story_hold_acks(story, true);
    story_ask(story, CLIENT_STOP_WITH_SAVEPOINT, NULL, 0);
    story_run(story, 2 * TIME_S);
}
static void cancelling(struct story *story)
{
    story_slow_cancel(story, 2 * TIME_S);
    story_ask(story, CLIENT_CANCEL_JOB, NULL, 0);
    story_run(story, 2 * TIME_S);
}
static void default_cancelling(struct story *story)
{
    open_default(story, 2);
    cancelling(story);
}
static void failing(struct story *story)
{
    story_slow_cancel(story, 2 * TIME_S);
    story_report(story, 1, EXECUTION_FAILED, CAUSE_SUPPRESSED);
    story_run(story, 2 * TIME_S);
}
static void default_failing(struct story *story)
{
    open_default(story, 2);
    failing(story);
}
static void finished(struct story *story)
{
    story_finish_all(story);
    story_run(story, 2 * TIME_S);
}
static void default_finished(struct story *story)
{
    open_default(story, 2);
    finished(story);
}
static void default_canceled(struct story *story)
{
    default_cancelling(story);
    story_run(story, 5 * TIME_S);
}
static void default_failed(struct story *story)
{
    default_failing(story);
    story_run(story, 5 * TIME_S);
}

/* cancel, stop, require, refused, job failed, task failed, stale, others */
static const struct state_row_of_calls default_rows[] = {
    { "RUNNING without slots", default_waits, { H, H, R, H, H, H, R, R } },
    { "RUNNING", default_runs, { H, H, R, R, H, H, R, R } },
    { "RUNNING, stopping", default_stops, { H, R, R, R, H, H, R, R } },
    { "RESTARTING, tasks ending", default_cancels_to_restart, { H, H, R, R, H, H, R, R } },
    { "RESTARTING, waiting", default_backs_off, { H, H, R, R, H, R, R, R } },
    { "CANCELLING", default_cancelling, { R, R, R, R, R, H, R, R } },
    { "FAILING", default_failing, { R, R, R, R, R, H, R, R } },
    { "FINISHED", default_finished, { R, R, R, R, R, R, R, R } },
    { "CANCELED", default_canceled, { R, R, R, R, R, R, R, R } },
    { "FAILED", default_failed, { R, R, R, R, R, R, R, R } },
};
enum { DEFAULT_CELLS = CALL_COUNT * sizeof default_rows / sizeof *default_rows };

START_TEST(every_cell_of_the_default_scheduler)
{
    const struct state_row_of_calls *row = &default_rows[_i / CALL_COUNT];
    enum call call = (enum call)(_i % CALL_COUNT);
    struct story *story = story_begin(0);
    row->bring(story);
    ck_assert_msg(is_rejected(scheduler_of(story), call) == (row->cells[call] == R), "%s in %s",
                  call_names[call], row->state);
    story_destroy(story);
}
END_TEST

/* Adaptive scheduler. */

static void open_adaptive(struct story *story, uint32_t slots)
{
    story_adaptive(story);
    story_fixed_delay(story, "5", "5 s");
    story_set(story, "execution.checkpointing.interval", "1 min");
    story_open(story, 1, slots, story_job(story, 2, 4));
}
static void run_adaptive(struct story *story)
{
    open_adaptive(story, 2);
    story_run(story, 1 * TIME_S);
}
static void adaptive_waits(struct story *story)
{
    open_adaptive(story, 1);
    story_run(story, 1 * TIME_S);
}
static void adaptive_creates(struct story *story)
{
    open_adaptive(story, 2);
    story_expect(story, "...\n"
                        "0.154 jm: scheduler WaitingForResources -> CreatingExecutionGraph "
                        "(desired resources)\n");
}
static void adaptive_cancels_to_restart(struct story *story)
{
    run_adaptive(story);
    story_slow_cancel(story, 2 * TIME_S);
    story_report(story, 1, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_run(story, 2 * TIME_S);
}
static void adaptive_backs_off(struct story *story)
{
    run_adaptive(story);
    story_report(story, 1, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_run(story, 2 * TIME_S);
}
static void adaptive_stops(struct story *story)
{
    run_adaptive(story);
    story_hold_acks(story, true);
    story_ask(story, CLIENT_STOP_WITH_SAVEPOINT, NULL, 0);
    story_run(story, 2 * TIME_S);
}
static void adaptive_cancelling(struct story *story)
{
    run_adaptive(story);
    cancelling(story);
}
static void adaptive_failing(struct story *story)
{
    run_adaptive(story);
    failing(story);
}
static void adaptive_finished(struct story *story)
{
    run_adaptive(story);
    finished(story);
}

struct adaptive_row {
    enum adaptive_state state;
    struct state_row_of_calls calls;
};

/* New requirements are taken in every state but the last; refusals are never minded; a failure of
 * the whole job before there is a graph ends it, and during a restart is nothing (A2). */
static const struct adaptive_row adaptive_rows[] = {
    { ADAPTIVE_WAITING_FOR_RESOURCES, { "", adaptive_waits, { H, R, H, R, H, R, R, R } } },
    { ADAPTIVE_CREATING_EXECUTION_GRAPH, { "", adaptive_creates, { H, R, H, R, H, R, R, R } } },
    { ADAPTIVE_EXECUTING, { "", run_adaptive, { H, H, H, R, H, H, R, R } } },
    { ADAPTIVE_RESTARTING, { "", adaptive_cancels_to_restart, { H, R, H, R, R, H, R, R } } },
    { ADAPTIVE_RESTARTING, { "", adaptive_backs_off, { H, R, H, R, R, R, R, R } } },
    { ADAPTIVE_CANCELING, { "", adaptive_cancelling, { R, R, H, R, R, H, R, R } } },
    { ADAPTIVE_FAILING, { "", adaptive_failing, { R, R, H, R, R, H, R, R } } },
    { ADAPTIVE_STOP_WITH_SAVEPOINT, { "", adaptive_stops, { H, R, H, R, H, H, R, R } } },
    { ADAPTIVE_FINISHED, { "", adaptive_finished, { R, R, R, R, R, R, R, R } } },
};
enum { ADAPTIVE_CELLS = CALL_COUNT * sizeof adaptive_rows / sizeof *adaptive_rows };

START_TEST(every_cell_of_the_adaptive_scheduler)
{
    const struct adaptive_row *row = &adaptive_rows[_i / CALL_COUNT];
    enum call call = (enum call)(_i % CALL_COUNT);
    struct story *story = story_begin(0);
    row->calls.bring(story);
    struct scheduler *s = scheduler_of(story);
    ck_assert_int_eq(s->own.adaptive->state, row->state);
    ck_assert_msg(is_rejected(s, call) == (row->calls.cells[call] == R), "%s in %s",
                  call_names[call], state_name(&adaptive_states, row->state));
    story_destroy(story);
}
END_TEST

/* The reservation is all or nothing: a slot that leaves between planning and building sends the
 * scheduler back to waiting, and nothing stays reserved (A2, A5). */
START_TEST(a_planned_slot_that_is_lost_goes_back_to_waiting)
{
    struct story *story = story_begin(0);
    story_adaptive(story);
    story_open(story, 2, 1, story_job(story, 2, 4));
    story_expect(story, "...\n"
                        "0.154 jm: scheduler WaitingForResources -> CreatingExecutionGraph "
                        "(desired resources)\n");
    struct message goodbye = { .kind = MESSAGE_JM_DISCONNECT };
    goodbye.jm_disconnect = (struct message_jm_disconnect){ { 0 }, CAUSE_TASK_MANAGER_SHUTDOWN };
    struct event event = { .at = story_now(story), .kind = EVENT_MESSAGE };
    event.message = (struct event_message){ { 2 }, &goodbye };
    const struct effects *effects;
    struct node *node = (struct node *)(uintptr_t)story_node(story, jm);
    ck_assert(!err_is(node_step(node, &event, &effects)));
    story_expect(story, "0.154 jm: scheduler CreatingExecutionGraph -> WaitingForResources (a "
                        "planned slot is no longer free)\n"
                        "0.154 jm: transition manager Cooldown -> Idling\n"
                        "0.154 jm: transition manager Idling -> Stabilizing\n");
    ck_assert_uint_eq(view_job(story_node(story, jm), 0).slots_in_use, 0);
    story_destroy(story);
}
END_TEST

/* What the gate makes of each move of an attempt (surprise 5). */
START_TEST(the_checkpoint_gate_counts_attempts_that_are_not_calm)
{
    struct checkpoint_gate gate = { 0 };
    ck_assert_int_eq(checkpoint_gate_on_job_running(&gate), GATE_START);
    ck_assert_int_eq(checkpoint_gate_on_move(&gate, EXECUTION_CREATED, EXECUTION_SCHEDULED),
                     GATE_STOP);
    ck_assert_int_eq(checkpoint_gate_on_move(&gate, EXECUTION_CREATED, EXECUTION_SCHEDULED),
                     GATE_KEEP);
    ck_assert_int_eq(checkpoint_gate_on_move(&gate, EXECUTION_SCHEDULED, EXECUTION_DEPLOYING),
                     GATE_KEEP);
    ck_assert_int_eq(checkpoint_gate_on_move(&gate, EXECUTION_INITIALIZING, EXECUTION_RUNNING),
                     GATE_KEEP);
    ck_assert_int_eq(checkpoint_gate_on_move(&gate, EXECUTION_INITIALIZING, EXECUTION_RUNNING),
                     GATE_START);
    ck_assert_int_eq(checkpoint_gate_on_move(&gate, EXECUTION_RUNNING, EXECUTION_FINISHED),
                     GATE_KEEP);
    ck_assert_int_eq(checkpoint_gate_on_move(&gate, EXECUTION_RUNNING, EXECUTION_FAILED),
                     GATE_STOP);
    ck_assert_int_eq(checkpoint_gate_on_job_running(&gate), GATE_KEEP);
    ck_assert_int_eq(checkpoint_gate_on_move(&gate, EXECUTION_CREATED, EXECUTION_SCHEDULED),
                     GATE_KEEP);
    ck_assert_int_eq(checkpoint_gate_on_move(&gate, EXECUTION_INITIALIZING, EXECUTION_RUNNING),
                     GATE_KEEP);
    ck_assert_uint_eq(gate.open, 1);
}
END_TEST

Suite *test_schedule_tables_suite(void)
{
    Suite *suite = suite_create("schedule: tables");
    TCase *tables = tcase_create("tables");
    tcase_add_loop_test(tables, every_cell_of_the_default_scheduler, 0, DEFAULT_CELLS);
    tcase_add_loop_test(tables, every_cell_of_the_adaptive_scheduler, 0, ADAPTIVE_CELLS);
    suite_add_tcase(suite, tables);
    TCase *details = tcase_create("details");
    tcase_add_test(details, a_planned_slot_that_is_lost_goes_back_to_waiting);
    tcase_add_test(details, the_checkpoint_gate_counts_attempts_that_are_not_calm);
    suite_add_tcase(suite, details);
    return suite;
}
