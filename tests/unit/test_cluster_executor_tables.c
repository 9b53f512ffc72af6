/* SPDX-License-Identifier: Apache-2.0
 *
 * The decision tables of the TaskExecutor: what each event does in each state of its contact to the
 * resource manager, of its contact to a JobMaster, and of a slot. Handled events change the state
 * hash or answer; rejected ones do neither.
 */
#include <check.h>

#include "core/cluster/task_executor.h"
#include "core/cluster/view.h"

static const struct node_id jm = { 0 };
static const struct job_id job = { 3 };
static const struct allocation_id first = { 40 }, second = { 41 };

static struct config config;
static struct node *node;
static const struct effects *effects;
static time_ns now;

static void step(struct event *event)
{
    event->at = now;
    struct err result = node_step(node, event, &effects);
    ck_assert(!err_is(result));
}

static void hear(const struct message *message)
{
    struct event event = { .kind = EVENT_MESSAGE };
    event.message = (struct event_message){ jm, message };
    step(&event);
}

static void wake(time_ns at)
{
    struct event event = { .kind = EVENT_WOKEN };
    now = at;
    step(&event);
}

static void fail_send(enum message_kind kind, uint64_t token, enum send_failure failure)
{
    struct event event = { .kind = EVENT_SEND_FAILED };
    event.send_failed = (struct event_send_failed){ jm, kind, token, failure };
    step(&event);
}

static void open_executor(void)
{
    config = config_default();
    now = 0;
    struct node_settings settings = { .kind = NODE_TASK_MANAGER,
                                      .id = { 5 },
                                      .seed = 1,
                                      .config = &config,
                                      .job_manager = jm,
                                      .worker = { 4000, 4 << 20, 4 },
                                      .log_level = LOG_TASK,
                                      .check_invariants = true };
    node = node_create(&settings);
}

static void close_executor(void)
{
    node_destroy(node);
}

static void start(void)
{
    struct event event = { .kind = EVENT_STARTED };
    step(&event);
}

static void registered(bool refused)
{
    struct message message = { .kind = MESSAGE_TASK_MANAGER_REGISTERED };
    message.task_manager_registered = (struct message_task_manager_registered){ refused, 0 };
    hear(&message);
}

static void request_slot(struct allocation_id allocation)
{
    struct message message = { .kind = MESSAGE_REQUEST_SLOT };
    message.request_slot = (struct message_request_slot){ .job = job,
                                                          .allocation = allocation,
                                                          .cpu_milli = 1000,
                                                          .memory_bytes = 1 << 20,
                                                          .job_master = jm };
    hear(&message);
}

static void contact_made(bool refused)
{
    struct message message = { .kind = MESSAGE_JOB_CONTACT_MADE };
    message.job_contact_made = (struct message_job_contact_made){ job, refused, 0 };
    hear(&message);
}

static void accept_slots(struct allocation_id allocation)
{
    struct allocation_item item = { allocation };
    struct message message = { .kind = MESSAGE_SLOTS_ACCEPTED };
    message.slots_accepted =
        (struct message_slots_accepted){ job, &item, !allocation_id_is_none(allocation) };
    hear(&message);
}

static void free_slot(struct allocation_id allocation)
{
    struct allocation_item item = { allocation };
    struct message message = { .kind = MESSAGE_FREE_SLOTS };
    message.free_slots = (struct message_free_slots){ job, &item, 1 };
    hear(&message);
}

static const struct task_attempt attempt = { { 9 }, 2, 0 };

static void submit(struct allocation_id allocation, uint32_t number)
{
    struct task_deployment deployment = { .attempt = attempt, .allocation = allocation };
    deployment.attempt.attempt = number;
    struct message message = { .kind = MESSAGE_SUBMIT_TASKS };
    message.submit_tasks = (struct message_submit_tasks){ job, &deployment, 1 };
    hear(&message);
}

static void report(enum execution_state state)
{
    struct task_report said = { attempt, state, CAUSE_NONE };
    struct event event = { .kind = EVENT_DATA };
    event.data = (struct event_data){
        .kind = DATA_TASK_STATES, .job = job, .tasks = &said, .task_count = 1
    };
    step(&event);
}

static void disconnect(bool resource_manager)
{
    struct message message = { .kind = resource_manager ? MESSAGE_RM_DISCONNECT
                                                        : MESSAGE_JM_DISCONNECT };
    if (resource_manager)
        message.rm_disconnect.cause = CAUSE_NONE;
    else
        message.jm_disconnect = (struct message_jm_disconnect){ job, CAUSE_NONE };
    hear(&message);
}

static void beat(bool resource_manager)
{
    struct message message = { .kind =
                                   resource_manager ? MESSAGE_RM_HEARTBEAT : MESSAGE_JM_HEARTBEAT };
    if (resource_manager)
        message.rm_heartbeat.round = 1;
    else
        message.jm_heartbeat = (struct message_jm_heartbeat){ .job = job, .round = 1 };
    hear(&message);
}

static const struct task_executor *executor(void)
{
    return node_task_executor(node);
}

/* Runs one event and says which cell it was: rejected ones leave the hash and send nothing. */
static enum cell cell_of(void (*event)(void))
{
    uint64_t before = node_state_hash(node);
    event();
    bool is_silent = node_state_hash(node) == before && effects->list.count == 0;
    return is_silent ? CELL_REJECT : CELL_HANDLE;
}

/* Contact to the resource manager. */

static void rm_accepts(void)
{
    registered(false);
}
static void rm_refuses(void)
{
    registered(true);
}
static void rm_disconnects(void)
{
    disconnect(true);
}
static void rm_beats(void)
{
    now += 1;
    beat(true);
}
static void rm_requests(void)
{
    request_slot(first);
}
static void rm_unreachable(void)
{
    fail_send(MESSAGE_REGISTER_TASK_MANAGER, 0, SEND_UNREACHABLE);
}
static void rm_timed_out(void)
{
    fail_send(MESSAGE_REGISTER_TASK_MANAGER, 0, SEND_TIMED_OUT);
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
    start();
    if (state == CONTACT_MADE)
        registered(false);
    ck_assert_int_eq(executor()->rm_contact, state);
    ck_assert_msg(cell_of(row->run) == row->cells[state], "%s in %s", row->event,
                  state_name(&contact_states, state));
}
END_TEST

/* Contact to a JobMaster. */

static void jm_accepts(void)
{
    contact_made(false);
}
static void jm_refuses(void)
{
    contact_made(true);
}
static void jm_disconnects(void)
{
    disconnect(false);
}
static void jm_beats(void)
{
    now += 1;
    beat(false);
}
static void jm_takes_slots(void)
{
    accept_slots(first);
}
static void jm_frees(void)
{
    free_slot(first);
}
static void jm_submits(void)
{
    submit(first, 2);
}
static void jm_cancels(void)
{
    struct message message = { .kind = MESSAGE_CANCEL_TASKS };
    message.cancel_tasks = (struct message_cancel_tasks){ job, &attempt, 1 };
    hear(&message);
}
static void jm_triggers(void)
{
    struct message message = { .kind = MESSAGE_TRIGGER_CHECKPOINT };
    message.trigger_checkpoint = (struct message_trigger_checkpoint){
        .job = job, .checkpoint = 1, .tasks = &attempt, .tasks_count = 1
    };
    hear(&message);
}
static void jm_completes(void)
{
    struct message message = { .kind = MESSAGE_CHECKPOINT_COMPLETE };
    message.checkpoint_complete = (struct message_checkpoint_complete){ job, 1 };
    hear(&message);
}
static void contact_unreachable(void)
{
    fail_send(MESSAGE_JOB_OFFER_CONTACT, job.n, SEND_UNREACHABLE);
}
static void contact_timed_out(void)
{
    fail_send(MESSAGE_JOB_OFFER_CONTACT, job.n, SEND_TIMED_OUT);
}
static void offer_unreachable(void)
{
    fail_send(MESSAGE_OFFER_SLOTS, job.n, SEND_UNREACHABLE);
}
static void offer_timed_out(void)
{
    fail_send(MESSAGE_OFFER_SLOTS, job.n, SEND_TIMED_OUT);
}

/* Where the contact to the job stands. UNKNOWN: it has no slot here, so there is no contact. */
enum job_place { JOB_UNKNOWN, JOB_REGISTERING, JOB_OFFERING, JOB_SERVED, JOB_PLACE_COUNT };

static const char *const place_names[] = { "unknown", "registering", "offering", "served" };

static void bring_job_to(enum job_place place)
{
    start();
    registered(false);
    if (place >= JOB_REGISTERING)
        request_slot(first);
    if (place >= JOB_OFFERING)
        contact_made(false);
    if (place >= JOB_SERVED)
        accept_slots(first);
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
    request_slot(first);
}
static void slot_timeout(void)
{
    wake(now + config.tm_slot_timeout);
}
static void task_ends(void)
{
    report(EXECUTION_CANCELED);
}
static void task_submitted(void)
{
    submit(first, 3);
}

static void bring_slot_to(enum task_slot_state state)
{
    bring_job_to(state == TASK_SLOT_FREE        ? JOB_UNKNOWN
                 : state == TASK_SLOT_ALLOCATED ? JOB_OFFERING
                                                : JOB_SERVED);
    if (state < TASK_SLOT_ACTIVE)
        return;
    submit(first, 2);
    report(EXECUTION_RUNNING);
    if (state == TASK_SLOT_RELEASING)
        free_slot(first);
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
    { "submit", task_submitted, { H, H, H, H }, { FREE, ALLO, ACTI, RELE } },
    { "task ends", task_ends, { R, R, H, H }, { FREE, ALLO, ACTI, FREE } },
};
enum { SLOT_CELLS = TASK_SLOT_STATE_COUNT * sizeof slot_rows / sizeof *slot_rows };

START_TEST(every_cell_of_a_slot)
{
    const struct slot_row *row = &slot_rows[_i / TASK_SLOT_STATE_COUNT];
    enum task_slot_state state = (enum task_slot_state)(_i % TASK_SLOT_STATE_COUNT);
    bring_slot_to(state);
    const struct executor_slot *slot = &executor()->slots.items[0];
    ck_assert_int_eq(slot->state, state);
    ck_assert_msg(cell_of(row->run) == row->cells[state], "%s in %s", row->event,
                  state_name(&task_slot_states, state));
    ck_assert_msg(slot->state == row->to[state], "%s in %s leads to %s", row->event,
                  state_name(&task_slot_states, state), state_name(&task_slot_states, slot->state));
}
END_TEST

/* Details. */

START_TEST(a_process_starts_once_and_first)
{
    struct event woken = { .kind = EVENT_WOKEN }, started = { .kind = EVENT_STARTED };
    uint64_t before = node_state_hash(node);
    ck_assert(err_is(node_step(node, &woken, &effects)));
    ck_assert_uint_eq(node_state_hash(node), before);
    ck_assert_int_eq(node_deadline(node), TIME_NEVER);
    ck_assert(!err_is(node_step(node, &started, &effects)));
    before = node_state_hash(node);
    ck_assert(err_is(node_step(node, &started, &effects)));
    ck_assert_uint_eq(node_state_hash(node), before);
}
END_TEST

/* Messages of a TaskManager, and events of a JobManager. */
START_TEST(what_is_for_others_is_refused)
{
    static const enum message_kind others[] = {
        MESSAGE_REGISTER_TASK_MANAGER, MESSAGE_SLOT_REPORT,         MESSAGE_SLOT_GRANTED,
        MESSAGE_SLOT_AVAILABLE,        MESSAGE_RM_HEARTBEAT_ANSWER, MESSAGE_JOB_OFFER_CONTACT,
        MESSAGE_OFFER_SLOTS,           MESSAGE_TASK_STATES,         MESSAGE_CHECKPOINT_ACKNOWLEDGED,
        MESSAGE_CHECKPOINT_DECLINED,   MESSAGE_JM_HEARTBEAT_ANSWER,
    };
    start();
    uint64_t before = node_state_hash(node);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct message message = { .kind = others[i] };
        struct event event = { .kind = EVENT_MESSAGE };
        event.message = (struct event_message){ jm, &message };
        ck_assert(err_is(node_step(node, &event, &effects)));
    }
    struct event stored = { .kind = EVENT_STORE_DONE }, asked = { .kind = EVENT_CLIENT };
    ck_assert(err_is(node_step(node, &stored, &effects)));
    ck_assert(err_is(node_step(node, &asked, &effects)));
    ck_assert_uint_eq(node_state_hash(node), before);
}
END_TEST

START_TEST(one_that_has_ended_hears_nothing_any_more)
{
    start();
    registered(false);
    struct event stopping = { .kind = EVENT_STOPPING };
    step(&stopping);
    ck_assert_int_eq(effects->list.items[effects->list.count - 1].kind, EFFECT_EXIT);
    ck_assert_int_eq(node_deadline(node), TIME_NEVER);
    rm_beats();
    ck_assert_uint_eq(effects->list.count, 0);
}
END_TEST

/* More than the worker has is refused; so is a second task in a slot that is not the job's. */
START_TEST(resources_run_out)
{
    start();
    registered(false);
    for (uint32_t i = 0; i < 5; i++)
        request_slot((struct allocation_id){ i });
    ck_assert_uint_eq(executor()->used_slots, 4);
    const struct effect *last = &effects->list.items[effects->list.count - 1];
    ck_assert_int_eq(last->kind, EFFECT_SEND);
    ck_assert_int_eq(last->send.message->kind, MESSAGE_SLOT_GRANTED);
    ck_assert_uint_eq(last->send.message->slot_granted.refused, 1);
}
END_TEST

static const struct effect *last_data(enum data_order kind)
{
    const struct effect *found = NULL;
    for (size_t i = 0; i < effects->list.count; i++)
        if (effects->list.items[i].kind == EFFECT_DATA && effects->list.items[i].data.kind == kind)
            found = &effects->list.items[i];
    return found;
}

/* A newer attempt waits until the older one has ended; the data plane never has two. */
START_TEST(a_newer_attempt_waits_for_the_older_one)
{
    bring_job_to(JOB_SERVED);
    submit(first, 2);
    submit(first, 3);
    ck_assert_ptr_null(last_data(DATA_DEPLOY));
    ck_assert_ptr_nonnull(last_data(DATA_CANCEL));
    submit(first, 4); /* takes the place of 3 */
    ck_assert_uint_eq(executor()->waiting.count, 1);
    report(EXECUTION_CANCELED);
    const struct effect *deploy = last_data(DATA_DEPLOY);
    ck_assert_ptr_nonnull(deploy);
    ck_assert_uint_eq(deploy->data.deployments[0].attempt.attempt, 4);
    ck_assert_uint_eq(executor()->waiting.count, 0);
    ck_assert_uint_eq(executor()->tasks.count, 1);
}
END_TEST

START_TEST(an_attempt_that_waits_can_be_cancelled_and_lost)
{
    bring_job_to(JOB_SERVED);
    submit(first, 2);
    submit(first, 3);
    struct task_attempt waiting = attempt;
    waiting.attempt = 3;
    struct message message = { .kind = MESSAGE_CANCEL_TASKS };
    message.cancel_tasks = (struct message_cancel_tasks){ job, &waiting, 1 };
    hear(&message);
    ck_assert_uint_eq(executor()->waiting.count, 0);
    submit(first, 4);
    ck_assert_uint_eq(executor()->waiting.count, 1);
    free_slot(first);
    ck_assert_uint_eq(executor()->waiting.count, 0);
    report(EXECUTION_CANCELED);
    ck_assert_uint_eq(executor()->used_slots, 0);
}
END_TEST

/* An older attempt in one slot, the newer one in another: both slots stay until both have ended. */
START_TEST(attempts_in_two_slots)
{
    bring_job_to(JOB_SERVED);
    request_slot(second);
    accept_slots(second);
    submit(first, 2);
    submit(second, 3);
    free_slot(second);
    ck_assert_uint_eq(executor()->used_slots, 1);
    report(EXECUTION_CANCELED);
    ck_assert_uint_eq(executor()->tasks.count, 0);
    ck_assert_uint_eq(executor()->used_slots, 1);
}
END_TEST

/* Slots granted while an offer is out follow in the next one. */
START_TEST(one_offer_at_a_time)
{
    bring_job_to(JOB_OFFERING);
    request_slot(second);
    for (size_t i = 0; i < effects->list.count; i++)
        ck_assert(effects->list.items[i].kind != EFFECT_SEND ||
                  effects->list.items[i].send.message->kind != MESSAGE_OFFER_SLOTS);
    accept_slots(first);
    const struct effect *last = &effects->list.items[effects->list.count - 1];
    ck_assert_int_eq(last->send.message->kind, MESSAGE_OFFER_SLOTS);
    ck_assert_uint_eq(last->send.message->offer_slots.offers_count, 1);
    ck_assert_uint_eq(last->send.message->offer_slots.offers[0].allocation.n, second.n);
}
END_TEST

Suite *test_cluster_executor_tables_suite(void)
{
    Suite *suite = suite_create("cluster: executor tables");
    TCase *tables = tcase_create("tables");
    tcase_add_checked_fixture(tables, open_executor, close_executor);
    tcase_add_loop_test(tables, every_cell_of_the_contact_to_the_resource_manager, 0, RM_CELLS);
    tcase_add_loop_test(tables, every_cell_of_the_contact_to_a_job_master, 0, JOB_CELLS);
    tcase_add_loop_test(tables, every_cell_of_a_slot, 0, SLOT_CELLS);
    suite_add_tcase(suite, tables);
    TCase *details = tcase_create("details");
    tcase_add_checked_fixture(details, open_executor, close_executor);
    tcase_add_test(details, a_process_starts_once_and_first);
    tcase_add_test(details, what_is_for_others_is_refused);
    tcase_add_test(details, one_that_has_ended_hears_nothing_any_more);
    tcase_add_test(details, resources_run_out);
    tcase_add_test(details, a_newer_attempt_waits_for_the_older_one);
    tcase_add_test(details, an_attempt_that_waits_can_be_cancelled_and_lost);
    tcase_add_test(details, attempts_in_two_slots);
    tcase_add_test(details, one_offer_at_a_time);
    suite_add_tcase(suite, details);
    return suite;
}
