/* SPDX-License-Identifier: Apache-2.0
 *
 * The decision tables of the TaskExecutor: what each event does in each state of its contact to the
 * resource manager, of its contact to a JobMaster, and of a slot. Handled events change the state
 * hash or answer; rejected ones do neither.
 */
#include <check.h>

#include "tests/lib/lone_executor.h"

/* Runs one event and says which cell it was: rejected ones leave the hash and send nothing. */
static enum cell cell_of(void (*event)(void))
{
    uint64_t before = node_state_hash(lone.node);
    event();
    bool is_silent = node_state_hash(lone.node) == before && lone.effects->list.count == 0;
    return is_silent ? CELL_REJECT : CELL_HANDLE;
}

/* Contact to the resource manager. */

static void rm_accepts(void)
{
    lone_registered(false);
}
static void rm_refuses(void)
{
    lone_registered(true);
}
static void rm_disconnects(void)
{
    lone_disconnect(true);
}
static void rm_beats(void)
{
    lone.now += 1;
    lone_beat(true);
}
static void rm_requests(void)
{
    lone_request_slot(lone_first);
}
static void rm_unreachable(void)
{
    lone_fail_send(MESSAGE_REGISTER_TASK_MANAGER, 0, SEND_UNREACHABLE);
}
static void rm_timed_out(void)
{
    lone_fail_send(MESSAGE_REGISTER_TASK_MANAGER, 0, SEND_TIMED_OUT);
}

struct rm_row {
    const char *event;
    void (*run)(void);
    enum cell cells[CONTACT_STATE_COUNT]; /* NONE lasts no longer than a step once started */
};

#define H CELL_HANDLE
#define R CELL_REJECT
#define N CELL_IMPOSSIBLE

/* A slot request of one that has lost us is answered: it may not have noticed. Time-outs of
 * requests say nothing that the registration's own patience does not know. */
static const struct rm_row rm_rows[] = {
    { "accepted", rm_accepts, { N, H, R } },         { "refused", rm_refuses, { N, H, R } },
    { "disconnected", rm_disconnects, { N, R, H } }, { "heartbeat", rm_beats, { N, R, H } },
    { "slot request", rm_requests, { N, H, H } },    { "unreachable", rm_unreachable, { N, H, R } },
    { "timed out", rm_timed_out, { N, R, R } },
};
enum { RM_CELLS = 2 * sizeof rm_rows / sizeof *rm_rows };

START_TEST(every_cell_of_the_contact_to_the_resource_manager)
{
    const struct rm_row *row = &rm_rows[_i / 2];
    enum contact_state state = _i % 2 ? CONTACT_MADE : CONTACT_REGISTERING;
    lone_start();
    if (state == CONTACT_MADE)
        lone_registered(false);
    ck_assert_int_eq(lone_executor()->rm_contact, state);
    ck_assert_msg(cell_of(row->run) == row->cells[state], "%s in %s", row->event,
                  state_name(&contact_states, state));
}
END_TEST

/* Contact to a JobMaster. */

static void jm_accepts(void)
{
    lone_contact_made(false);
}
static void jm_refuses(void)
{
    lone_contact_made(true);
}
static void jm_disconnects(void)
{
    lone_disconnect(false);
}
static void jm_beats(void)
{
    lone.now += 1;
    lone_beat(false);
}
static void jm_takes_slots(void)
{
    lone_accept_slots(lone_first);
}
static void jm_frees(void)
{
    lone_free_slot(lone_first);
}
static void jm_submits(void)
{
    lone_submit(lone_first, 2);
}
static void jm_cancels(void)
{
    struct message message = { .kind = MESSAGE_CANCEL_TASKS };
    message.cancel_tasks = (struct message_cancel_tasks){ lone_job, &lone_attempt, 1 };
    lone_hear(&message);
}
static void jm_triggers(void)
{
    struct message message = { .kind = MESSAGE_TRIGGER_CHECKPOINT };
    message.trigger_checkpoint = (struct message_trigger_checkpoint){
        .job = lone_job, .checkpoint = 1, .tasks = &lone_attempt, .tasks_count = 1
    };
    lone_hear(&message);
}
static void jm_completes(void)
{
    struct message message = { .kind = MESSAGE_CHECKPOINT_COMPLETE };
    message.checkpoint_complete = (struct message_checkpoint_complete){ lone_job, 1 };
    lone_hear(&message);
}
static void contact_unreachable(void)
{
    lone_fail_send(MESSAGE_JOB_OFFER_CONTACT, lone_job.n, SEND_UNREACHABLE);
}
static void contact_timed_out(void)
{
    lone_fail_send(MESSAGE_JOB_OFFER_CONTACT, lone_job.n, SEND_TIMED_OUT);
}
static void offer_unreachable(void)
{
    lone_fail_send(MESSAGE_OFFER_SLOTS, lone_job.n, SEND_UNREACHABLE);
}
static void offer_timed_out(void)
{
    lone_fail_send(MESSAGE_OFFER_SLOTS, lone_job.n, SEND_TIMED_OUT);
}

/* Where the contact to the job stands. UNKNOWN: it has no slot here, so there is no contact. */
enum job_place { JOB_UNKNOWN, JOB_REGISTERING, JOB_OFFERING, JOB_SERVED, JOB_PLACE_COUNT };

static const char *const place_names[] = { "unknown", "registering", "offering", "served" };

static void bring_job_to(enum job_place place)
{
    lone_start();
    lone_registered(false);
    if (place >= JOB_REGISTERING)
        lone_request_slot(lone_first);
    if (place >= JOB_OFFERING)
        lone_contact_made(false);
    if (place >= JOB_SERVED)
        lone_accept_slots(lone_first);
}

struct job_row {
    const char *event;
    void (*run)(void);
    enum cell cells[JOB_PLACE_COUNT];
};

/* Submits, cancels and triggers are answered whatever the state: the asker must not wait. */
static const struct job_row job_rows[] = {
    { "accepted", jm_accepts, { R, H, R, R } },
    { "refused", jm_refuses, { R, H, R, R } },
    { "disconnected", jm_disconnects, { R, R, H, H } },
    { "heartbeat", jm_beats, { R, R, H, H } },
    { "slots accepted", jm_takes_slots, { R, R, H, R } },
    { "slot freed", jm_frees, { R, H, H, H } },
    { "submit", jm_submits, { H, H, H, H } },
    { "cancel", jm_cancels, { H, H, H, H } },
    { "checkpoint trigger", jm_triggers, { R, R, H, H } },
    { "checkpoint complete", jm_completes, { R, H, H, H } },
    { "contact unreachable", contact_unreachable, { R, H, R, R } },
    { "contact timed out", contact_timed_out, { R, R, R, R } },
    { "offer unreachable", offer_unreachable, { R, R, H, R } },
    { "offer timed out", offer_timed_out, { R, R, H, R } },
};
enum { JOB_CELLS = JOB_PLACE_COUNT * sizeof job_rows / sizeof *job_rows };

START_TEST(every_cell_of_the_contact_to_a_job_master)
{
    const struct job_row *row = &job_rows[_i / JOB_PLACE_COUNT];
    enum job_place place = (enum job_place)(_i % JOB_PLACE_COUNT);
    bring_job_to(place);
    ck_assert_msg(cell_of(row->run) == row->cells[place], "%s while %s", row->event,
                  place_names[place]);
}
END_TEST

/* A slot. */

static void same_request(void)
{
    lone_request_slot(lone_first);
}
static void slot_timeout(void)
{
    lone_wake(lone.now + lone.config.ask_timeout);
}
static void task_ends(void)
{
    lone_report(EXECUTION_CANCELED);
}
static void task_submitted(void)
{
    lone_submit(lone_first, 3);
}

static void bring_slot_to(enum task_slot_state state)
{
    bring_job_to(state == TASK_SLOT_FREE        ? JOB_UNKNOWN
                 : state == TASK_SLOT_ALLOCATED ? JOB_OFFERING
                                                : JOB_SERVED);
    if (state < TASK_SLOT_ACTIVE)
        return;
    lone_submit(lone_first, 2);
    lone_report(EXECUTION_RUNNING);
    if (state == TASK_SLOT_RELEASING)
        lone_free_slot(lone_first);
}

struct slot_row {
    const char *event;
    void (*run)(void);
    enum cell cells[TASK_SLOT_STATE_COUNT]; /* FREE, ALLOCATED, ACTIVE, RELEASING */
    enum task_slot_state to[TASK_SLOT_STATE_COUNT];
};

#define FREE TASK_SLOT_FREE
#define ALLO TASK_SLOT_ALLOCATED
#define ACTI TASK_SLOT_ACTIVE
#define RELE TASK_SLOT_RELEASING

static const struct slot_row slot_rows[] = {
    { "request", same_request, { H, H, H, H }, { ALLO, ALLO, ACTI, RELE } },
    { "accepted", jm_takes_slots, { R, H, R, R }, { FREE, ACTI, ACTI, RELE } },
    { "freed", jm_frees, { R, H, H, R }, { FREE, FREE, RELE, RELE } },
    { "time passes", slot_timeout, { R, H, R, R }, { FREE, FREE, ACTI, RELE } },
    { "job master lost", jm_disconnects, { R, H, H, H }, { FREE, ALLO, ALLO, RELE } },
    { "submit", task_submitted, { H, H, H, H }, { FREE, ACTI, ACTI, RELE } },
    { "task ends", task_ends, { R, R, H, H }, { FREE, ALLO, ACTI, FREE } },
};
enum { SLOT_CELLS = TASK_SLOT_STATE_COUNT * sizeof slot_rows / sizeof *slot_rows };

START_TEST(every_cell_of_a_slot)
{
    const struct slot_row *row = &slot_rows[_i / TASK_SLOT_STATE_COUNT];
    enum task_slot_state state = (enum task_slot_state)(_i % TASK_SLOT_STATE_COUNT);
    bring_slot_to(state);
    const struct executor_slot *slot = &lone_executor()->slots.items[0];
    ck_assert_int_eq(slot->state, state);
    ck_assert_msg(cell_of(row->run) == row->cells[state], "%s in %s", row->event,
                  state_name(&task_slot_states, state));
    ck_assert_msg(slot->state == row->to[state], "%s in %s leads to %s", row->event,
                  state_name(&task_slot_states, state), state_name(&task_slot_states, slot->state));
}
END_TEST

/* A task. */

static void reports_initializing(void)
{
    lone_report(EXECUTION_INITIALIZING);
}
static void reports_running(void)
{
    lone_report(EXECUTION_RUNNING);
}
static void reports_finished(void)
{
    lone_report(EXECUTION_FINISHED);
}
static void reports_failed(void)
{
    lone_report(EXECUTION_FAILED);
}
/* The first report of a task is the executor's first, the second its second. */
static void first_report_timed_out(void)
{
    lone_fail_send(MESSAGE_TASK_STATES, 1, SEND_TIMED_OUT);
}
static void second_report_unreachable(void)
{
    lone_fail_send(MESSAGE_TASK_STATES, 2, SEND_UNREACHABLE);
}

enum task_place { TASK_DEPLOYING, TASK_INITIALIZING, TASK_RUNNING, TASK_CANCELING, TASK_GONE };

static const enum execution_state place_states[] = { EXECUTION_DEPLOYING, EXECUTION_INITIALIZING,
                                                     EXECUTION_RUNNING, EXECUTION_CANCELING };

/* Both reports are out in CANCELING too: it ran before. */
static void bring_task_to(enum task_place place)
{
    bring_job_to(JOB_SERVED);
    lone_submit(lone_first, lone_attempt.attempt);
    struct task_executor *executor = (struct task_executor *)(uintptr_t)lone_executor();
    executor->report_count = place == TASK_DEPLOYING ? 2 : 0; /* of other tasks */
    if (place >= TASK_INITIALIZING)
        reports_initializing();
    if (place == TASK_INITIALIZING)
        executor->report_count = 2;
    if (place >= TASK_RUNNING)
        reports_running();
    if (place >= TASK_CANCELING)
        jm_cancels();
}

static enum task_place place_of_task(void)
{
    if (lone_executor()->tasks.count == 0)
        return TASK_GONE;
    enum execution_state state = lone_executor()->tasks.items[0].state;
    for (unsigned place = 0; place < TASK_GONE; place++)
        if (place_states[place] == state)
            return (enum task_place)place;
    return TASK_GONE;
}

struct task_row {
    const char *event;
    void (*run)(void);
    enum cell cells[TASK_GONE];
    enum task_place to[TASK_GONE];
};

#define DEPL TASK_DEPLOYING
#define INIT TASK_INITIALIZING
#define RUNS TASK_RUNNING
#define CANC TASK_CANCELING
#define GONE TASK_GONE

/* What a task says of itself while it is cancelled counts only when it is its end. A report that
 * was not taken fails the task it was about, and no other (TaskExecutor.updateTaskExecutionState).
 */
static const struct task_row task_rows[] = {
    { "becomes INITIALIZING", reports_initializing, { H, H, H, R }, { INIT, INIT, INIT, CANC } },
    { "becomes RUNNING", reports_running, { H, H, H, R }, { RUNS, RUNS, RUNS, CANC } },
    { "finishes", reports_finished, { H, H, H, H }, { GONE, GONE, GONE, GONE } },
    { "fails", reports_failed, { H, H, H, H }, { GONE, GONE, GONE, GONE } },
    { "is canceled", task_ends, { H, H, H, H }, { GONE, GONE, GONE, GONE } },
    { "cancel", jm_cancels, { H, H, H, R }, { CANC, CANC, CANC, CANC } },
    { "newer attempt", task_submitted, { H, H, H, H }, { CANC, CANC, CANC, CANC } },
    { "slot freed", jm_frees, { H, H, H, H }, { CANC, CANC, CANC, CANC } },
    { "job master lost", jm_disconnects, { H, H, H, H }, { CANC, CANC, CANC, CANC } },
    { "first report timed out",
      first_report_timed_out,
      { R, H, H, R },
      { DEPL, CANC, CANC, CANC } },
    { "second report unreachable",
      second_report_unreachable,
      { R, R, H, R },
      { DEPL, INIT, CANC, CANC } },
    { "checkpoint trigger", jm_triggers, { H, H, H, H }, { DEPL, INIT, RUNS, CANC } },
};
enum { TASK_CELLS = TASK_GONE * sizeof task_rows / sizeof *task_rows };

START_TEST(every_cell_of_a_task)
{
    const struct task_row *row = &task_rows[_i / TASK_GONE];
    enum task_place place = (enum task_place)(_i % TASK_GONE);
    const char *state = state_name(&execution_states, place_states[place]);
    bring_task_to(place);
    ck_assert_int_eq(place_of_task(), place);
    ck_assert_msg(cell_of(row->run) == row->cells[place], "%s in %s", row->event, state);
    ck_assert_msg(place_of_task() == row->to[place], "%s in %s", row->event, state);
}
END_TEST

/* The moves of the tables and no other, written down a second time. */

static const char *const slot_moves[] = { ".x..", "x.xx", "xx.x", "x..." };
static const char *const contact_moves[] = { ".x.", "x.x", "xx." };

START_TEST(slots_and_contacts_move_as_pictured)
{
    for (unsigned from = 0; from < TASK_SLOT_STATE_COUNT; from++)
        for (unsigned to = 0; to < TASK_SLOT_STATE_COUNT; to++)
            ck_assert_int_eq(state_can_move(&task_slot_states, from, to),
                             slot_moves[from][to] == 'x');
    for (unsigned from = 0; from < CONTACT_STATE_COUNT; from++)
        for (unsigned to = 0; to < CONTACT_STATE_COUNT; to++)
            ck_assert_int_eq(state_can_move(&contact_states, from, to),
                             contact_moves[from][to] == 'x');
}
END_TEST

Suite *test_cluster_executor_tables_suite(void)
{
    Suite *suite = suite_create("cluster: executor tables");
    TCase *tables = tcase_create("tables");
    tcase_add_checked_fixture(tables, lone_open, lone_close);
    tcase_add_loop_test(tables, every_cell_of_the_contact_to_the_resource_manager, 0, RM_CELLS);
    tcase_add_loop_test(tables, every_cell_of_the_contact_to_a_job_master, 0, JOB_CELLS);
    tcase_add_loop_test(tables, every_cell_of_a_slot, 0, SLOT_CELLS);
    tcase_add_loop_test(tables, every_cell_of_a_task, 0, TASK_CELLS);
    tcase_add_test(tables, slots_and_contacts_move_as_pictured);
    suite_add_tcase(suite, tables);
    return suite;
}
