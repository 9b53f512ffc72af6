/* SPDX-License-Identifier: Apache-2.0
 *
 * The decision tables of the schedulers: what each call of the JobMaster does in each status of the
 * default scheduler and in each state of the adaptive one. A rejected call leaves the hash alone.
 */
#include <check.h>
#include <signal.h>

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
    CALL_SLOT_GAINED,  /* one more than there is, if the pool takes it */
    CALL_SLOT_LOST,    /* the first of the pool */
    CALL_SUBMIT_FAILED,
    CALL_CANCEL_FAILED, /* for the last time */
    CALL_RECONCILE,     /* the TaskManager runs nothing */
    CALL_CHECKPOINT_COMPLETED,
    CALL_SAVEPOINT_COMPLETED, /* the one that a stop waits for */
    CALL_FAIL_JOB_FOR,
    CALL_WOKEN, /* by somebody else's timer */
    CALL_COUNT
};

static const char *const call_names[] = { "cancel",
                                          "stop",
                                          "require",
                                          "refused",
                                          "job failed",
                                          "task failed",
                                          "stale report",
                                          "others' slots lost",
                                          "slot gained",
                                          "slot lost",
                                          "submit failed",
                                          "cancel failed",
                                          "reconciled",
                                          "checkpoint completed",
                                          "savepoint completed",
                                          "job failed for an attempt",
                                          "woken" };

static const struct node_id tm1 = { 1 };

/* The pool takes a slot only while one is missing, so one more is required first where the
 * scheduler allows it. */
static void gain_slot(struct scheduler *s)
{
    struct slot_offer offer = { .allocation = { 900 }, .slot = 9 };
    if (slot_pool_offer(s->parts.pool, tm1, &offer, scheduler_now(s)))
        scheduler_on_slots_gained(s, &offer.allocation, 1);
}

static void lose_slot(struct scheduler *s, bool any)
{
    struct slot_pool_list lost = { 0 };
    for (SLOT_POOL_EACH(slot, s->parts.pool))
        if (any && lost.slots.count == 0)
            vec_push(&lost.slots, *slot);
    if (lost.slots.count)
        slot_pool_release(s->parts.pool, lost.slots.items[0].allocation);
    else
        vec_push(&lost.slots, (struct pool_slot){ .allocation = { 4711 } });
    scheduler_on_slots_lost(s, &lost, CAUSE_SLOT_LOST);
    vec_fini(&lost.slots);
}

/* A request of task 0, as its failure names it. */
static uint64_t request_of_task(const struct scheduler *s, bool cancel)
{
    if (!s->graph)
        return 1;
    const struct task_batches *batches = &s->batches.items[0];
    return cancel ? (uint64_t)batches->cancel << 8 : batches->submit;
}

static void end_checkpoint(struct scheduler *s, uint64_t request)
{
    struct checkpoint_coordinator_order order = { .kind = ORDER_COMPLETED,
                                                  .checkpoint = 77,
                                                  .request = request };
    scheduler_on_checkpoint_ended(s, &order);
}

/* What a call needs to find, so that it is seen when it is handled. */
static void prepare(struct scheduler *s, enum call call)
{
    struct note note;
    struct vertex_bounds more[] = { { { 0 }, 1, 4 }, { { 1 }, 1, 4 } };
    bool adaptive = s->row == &adaptive_scheduler_row;
    bool is_full = s->parts.pool->slots.count >= requirements_total(&s->parts.pool->required);
    if (call == CALL_SLOT_GAINED && is_full && err_is(scheduler_require(s, more, 2, &note)))
        ck_assert(!adaptive || scheduler_is_ended(s));
    if (call == CALL_CHECKPOINT_COMPLETED && adaptive &&
        s->own.adaptive->state == ADAPTIVE_EXECUTING)
        trigger_countdown_on_change(&s->own.adaptive->countdown);
}

static bool is_rejected(struct scheduler *s, enum call call)
{
    struct note note;
    struct vertex_bounds bounds[] = { { { 0 }, 1, 3 }, { { 1 }, 1, 3 } };
    struct task_report report = {
        { { 0 }, 0, 0 }, EXECUTION_FAILED, CAUSE_USER_CODE, node_id_none(), 0
    };
    prepare(s, call);
    uint64_t before = scheduler_hash(s);
    struct err result = OK;
    if (s->graph)
        report.attempt = execution_graph_attempt(s->graph, (struct task_id){ 0 });
    switch (call) {
    case CALL_CANCEL: scheduler_cancel(s); break;
    case CALL_STOP: result = scheduler_stop(s, false, 1234, &note); break;
    case CALL_REQUIRE: result = scheduler_require(s, bounds, 2, &note); break;
    case CALL_RESOURCES_REFUSED: scheduler_on_resources_refused(s, 1); break;
    case CALL_FAIL_JOB: scheduler_fail_job(s, CAUSE_CHECKPOINT_FAILURES); break;
    case CALL_STALE_REPORT: report.attempt.attempt += 9; /* fall through */
    case CALL_TASK_FAILED: scheduler_on_task_states(s, tm1, &report, 1); break;
    case CALL_LOST_NOTHING: lose_slot(s, false); break;
    case CALL_SLOT_GAINED: gain_slot(s); break;
    case CALL_SLOT_LOST: lose_slot(s, true); break;
    case CALL_SUBMIT_FAILED:
        scheduler_on_submit_failed(s, tm1, request_of_task(s, false), CAUSE_RPC_TIMEOUT);
        break;
    case CALL_CANCEL_FAILED: scheduler_on_cancel_failed(s, tm1, request_of_task(s, true)); break;
    case CALL_RECONCILE: scheduler_on_reconcile(s, tm1, NULL, 0); break;
    case CALL_CHECKPOINT_COMPLETED: end_checkpoint(s, s->stop_request + 1); break;
    case CALL_SAVEPOINT_COMPLETED: end_checkpoint(s, s->stop_request); break;
    case CALL_FAIL_JOB_FOR: scheduler_fail_job_for(s, report.attempt, CAUSE_USER_CODE); break;
    case CALL_WOKEN: scheduler_on_time(s); break;
    case CALL_COUNT: break;
    }
    bool is_same = scheduler_hash(s) == before;
    ck_assert_msg(!err_is(result) || is_same, "refused, and changed something");
    return is_same;
}

/* A letter per call: x handled, - not minded or refused, and nothing has changed. */
struct state_row_of_calls {
    const char *state;
    void (*bring)(struct story *story);
    const char *cells;
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

/* In the order of enum call, in fours. A slot is gained only where one is missing; failures of
 * requests are heard of tasks that wait for them; a checkpoint is only of account to a stop. */
static const struct state_row_of_calls default_rows[] = {
    { "RUNNING without slots", default_waits, "xx-x xx-- xx-- ---- -" },
    { "RUNNING", default_runs, "xx-- xx-- -x-- x--x -" },
    { "RUNNING, stopping", default_stops, "xx-- xx-- -x-- x-xx -" },
    { "RESTARTING, tasks ending", default_cancels_to_restart, "xx-- xx-- -xxx x--- -" },
    { "RESTARTING, waiting", default_backs_off, "xx-- x--- ---- ---- -" },
    { "CANCELLING", default_cancelling, "---- -x-- -xxx x--- -" },
    { "FAILING", default_failing, "x--- -x-- -xxx x--- -" },
    { "FINISHED", default_finished, "---- ---- ---- ---- -" },
    { "CANCELED", default_canceled, "---- ---- ---- ---- -" },
    { "FAILED", default_failed, "---- ---- ---- ---- -" },
};
enum { DEFAULT_CELLS = CALL_COUNT * sizeof default_rows / sizeof *default_rows };

static void check_cell(struct scheduler *s, const char *state, const char *cells, enum call call)
{
    char cell = cells[call + call / 4];
    ck_assert(cell == 'x' || cell == '-');
    ck_assert_msg(is_rejected(s, call) == (cell == '-'), "%s in %s", call_names[call], state);
}

START_TEST(every_cell_of_the_default_scheduler)
{
    const struct state_row_of_calls *row = &default_rows[_i / CALL_COUNT];
    struct story *story = story_begin(0);
    row->bring(story);
    check_cell(scheduler_of(story), row->state, row->cells, (enum call)(_i % CALL_COUNT));
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

/* A JobMaster that has not begun yet: Created lasts for less than a step otherwise. */
static struct effects own_effects;
static struct snapshot_shelf own_shelf;
static struct role_queue own_facts;

static struct job_master *job_master_in_created(void)
{
    struct config config = config_default();
    struct note note;
    ck_assert(!err_is(config_set(&config, "jobmanager.scheduler", "adaptive", &note)));
    struct job_graph *graph =
        graphs_job_with("source 2 /4; count 2 /4; source -> count hash", &config);
    struct job_master *master = NULL;
    effects_init(&own_effects, LOG_DECISION);
    effects_begin(&own_effects, 1 * TIME_S);
    ck_assert(
        !err_is(job_master_create(graph, 1, &own_shelf, &own_effects, &own_facts, &master, &note)));
    job_graph_destroy(graph);
    return master;
}

struct adaptive_row {
    enum adaptive_state state;
    struct state_row_of_calls calls;
};

/* New requirements are taken in every state but the last; refusals are never minded; a failure of
 * the whole job before there is a graph ends it, and during a restart is nothing (A2). Slots and
 * checkpoints are minded where there is a transition manager. */
static const struct adaptive_row adaptive_rows[] = {
    { ADAPTIVE_CREATED, { "", NULL, "x-x- x--- ---- ---- -" } },
    { ADAPTIVE_WAITING_FOR_RESOURCES, { "", adaptive_waits, "x-x- x--- x--- ---- -" } },
    { ADAPTIVE_CREATING_EXECUTION_GRAPH, { "", adaptive_creates, "x-x- x--- ---- ---- x" } },
    { ADAPTIVE_EXECUTING, { "", run_adaptive, "xxx- xx-- xx-- xx-x -" } },
    { ADAPTIVE_RESTARTING, { "", adaptive_cancels_to_restart, "x-x- -x-- -xxx x--- -" } },
    { ADAPTIVE_RESTARTING, { "", adaptive_backs_off, "x-x- ---- ---- ---- -" } },
    { ADAPTIVE_CANCELING, { "", adaptive_cancelling, "--x- -x-- -xxx x--- -" } },
    { ADAPTIVE_FAILING, { "", adaptive_failing, "x-x- -x-- -xxx x--- -" } },
    { ADAPTIVE_STOP_WITH_SAVEPOINT, { "", adaptive_stops, "x-x- xx-- -x-- x-xx -" } },
    { ADAPTIVE_FINISHED, { "", adaptive_finished, "---- ---- ---- ---- -" } },
};
enum { ADAPTIVE_CELLS = CALL_COUNT * sizeof adaptive_rows / sizeof *adaptive_rows };

START_TEST(every_cell_of_the_adaptive_scheduler)
{
    const struct adaptive_row *row = &adaptive_rows[_i / CALL_COUNT];
    const char *state = state_name(&adaptive_states, row->state);
    struct job_master *created = row->calls.bring ? NULL : job_master_in_created();
    struct story *story = created ? NULL : story_begin(0);
    if (story)
        row->calls.bring(story);
    struct scheduler *s = story ? scheduler_of(story) : &created->scheduler;
    ck_assert_int_eq(s->own.adaptive->state, row->state);
    check_cell(s, state, row->calls.cells, (enum call)(_i % CALL_COUNT));
    if (story)
        story_destroy(story);
    else
        job_master_destroy(created);
}
END_TEST

/* The moves of both tables and no other, written down a second time (A2; JobStatus and
 * DefaultExecutionGraph.transitionState). Columns in the order of the enums. */
static const char *const job_moves[JOB_STATUS_COUNT] = {
    [JOB_INITIALIZING] = ".x..x.....", [JOB_CREATED] = "..xxxx...x",
    [JOB_RUNNING] = "...x.x.xxx",      [JOB_FAILING] = "....xx...x",
    [JOB_FAILED] = "..........",       [JOB_CANCELLING] = "......x..x",
    [JOB_CANCELED] = "..........",     [JOB_FINISHED] = "..........",
    [JOB_RESTARTING] = "..xx.x...x",   [JOB_SUSPENDED] = "..........",
};

static const char *const scheduler_moves[ADAPTIVE_STATE_COUNT] = {
    [ADAPTIVE_CREATED] = ".x......x",
    [ADAPTIVE_WAITING_FOR_RESOURCES] = "..x.....x",
    [ADAPTIVE_CREATING_EXECUTION_GRAPH] = ".x.x....x",
    [ADAPTIVE_EXECUTING] = "....xxxxx",
    [ADAPTIVE_RESTARTING] = ".xx..x..x",
    [ADAPTIVE_CANCELING] = "........x",
    [ADAPTIVE_FAILING] = ".....x..x",
    [ADAPTIVE_STOP_WITH_SAVEPOINT] = "...xxxx.x",
    [ADAPTIVE_FINISHED] = ".........",
};

static void check_moves(const struct state_table *table, const char *const *moves)
{
    for (unsigned from = 0; from < table->count; from++)
        for (unsigned to = 0; to < table->count; to++)
            ck_assert_msg(state_can_move(table, from, to) == (moves[from][to] == 'x'), "%s -> %s",
                          state_name(table, from), state_name(table, to));
}

START_TEST(jobs_and_schedulers_move_as_in_flink)
{
    check_moves(&job_statuses, job_moves);
    check_moves(&adaptive_states, scheduler_moves);
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
    event.message = (struct event_message){ .from = { 2 }, .message = &goodbye };
    const struct effects *effects;
    struct node *node = (struct node *)(uintptr_t)story_node(story, jm);
    ck_assert(!err_is(node_step(node, &event, &effects)));
    story_expect(story, "0.154 jm: scheduler CreatingExecutionGraph -> WaitingForResources (a "
                        "planned slot is no longer free)\n"
                        "0.154 jm: transition manager Cooldown -> Idling\n"
                        "0.154 jm: transition manager Idling -> Stabilizing\n");
    const struct slot_pool *pool = scheduler_of(story)->parts.pool;
    ck_assert_uint_eq(pool->free_count, pool->slots.count);
    story_destroy(story);
}
END_TEST

/* A2: the manager has found resources that are not there when the rescale begins: a fault of ours
 * (in Flink an exception that ends the process). */
START_TEST(a_rescale_to_nothing_stops_the_run)
{
    struct story *story = story_begin(0);
    run_adaptive(story);
    struct scheduler *s = scheduler_of(story);
    s->own.adaptive->bounds[0].lower = s->own.adaptive->bounds[0].upper = 4;
    adaptive_enter_restarting(s, 0, CAUSE_NONE, NULL);
}
END_TEST

Suite *test_schedule_tables_suite(void)
{
    Suite *suite = suite_create("schedule: tables");
    TCase *tables = tcase_create("tables");
    tcase_add_loop_test(tables, every_cell_of_the_default_scheduler, 0, DEFAULT_CELLS);
    tcase_add_loop_test(tables, every_cell_of_the_adaptive_scheduler, 0, ADAPTIVE_CELLS);
    tcase_add_test(tables, jobs_and_schedulers_move_as_in_flink);
    suite_add_tcase(suite, tables);
    TCase *details = tcase_create("details");
    tcase_add_test(details, a_planned_slot_that_is_lost_goes_back_to_waiting);
    tcase_add_test_raise_signal(details, a_rescale_to_nothing_stops_the_run, SIGABRT);
    suite_add_tcase(suite, details);
    return suite;
}
