/* SPDX-License-Identifier: Apache-2.0
 *
 * A TaskExecutor by itself: what it refuses, when its resources run out, and attempts that come
 * while an older one is still ending.
 */
#include <check.h>

#include "tests/lib/lone_executor.h"

/* Registered everywhere, with one slot that the job has taken. */
static void serve_job(void)
{
    lone_start();
    lone_registered(false);
    lone_request_slot(lone_first);
    lone_contact_made(false);
    lone_accept_slots(lone_first);
}

START_TEST(a_process_starts_once_and_first)
{
    struct event woken = { .kind = EVENT_WOKEN }, started = { .kind = EVENT_STARTED };
    uint64_t before = node_state_hash(lone.node);
    ck_assert(err_is(node_step(lone.node, &woken, &lone.effects)));
    ck_assert_uint_eq(node_state_hash(lone.node), before);
    ck_assert_int_eq(node_deadline(lone.node), TIME_NEVER);
    ck_assert(!err_is(node_step(lone.node, &started, &lone.effects)));
    before = node_state_hash(lone.node);
    ck_assert(err_is(node_step(lone.node, &started, &lone.effects)));
    ck_assert_uint_eq(node_state_hash(lone.node), before);
}
END_TEST

/* Messages of a TaskManager, and events of a JobManager. */
START_TEST(what_is_for_others_is_refused)
{
    static const enum message_kind others[] = {
        MESSAGE_REGISTER_TASK_MANAGER, MESSAGE_SLOT_REPORT,         MESSAGE_SLOT_GRANTED,
        MESSAGE_SLOT_AVAILABLE,        MESSAGE_RM_HEARTBEAT_ANSWER, MESSAGE_JOB_OFFER_CONTACT,
        MESSAGE_OFFER_SLOTS,           MESSAGE_TASK_STATES,         MESSAGE_CHECKPOINT_ACKNOWLEDGED,
        MESSAGE_CHECKPOINT_DECLINED,   MESSAGE_SOURCE_BACKLOG,      MESSAGE_JM_HEARTBEAT_ANSWER,
        MESSAGE_END_OF_DATA,           MESSAGE_CHECKPOINT_SHARES,   MESSAGE_FAIL_SLOTS,
    };
    lone_start();
    uint64_t before = node_state_hash(lone.node);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct message message = { .kind = others[i] };
        struct event event = { .kind = EVENT_MESSAGE };
        event.message = (struct event_message){ .from = lone_manager, .message = &message };
        ck_assert(err_is(node_step(lone.node, &event, &lone.effects)));
    }
    struct event stored = { .kind = EVENT_STORE_DONE }, asked = { .kind = EVENT_CLIENT };
    ck_assert(err_is(node_step(lone.node, &stored, &lone.effects)));
    ck_assert(err_is(node_step(lone.node, &asked, &lone.effects)));
    ck_assert_uint_eq(node_state_hash(lone.node), before);
}
END_TEST

/* A checkpoint is declined for the task that cannot take it, wherever in the order it stands. */
START_TEST(a_trigger_is_declined_for_the_first_task_that_does_not_run)
{
    serve_job();
    lone_submit(lone_first, lone_attempt.attempt);
    lone_report(EXECUTION_INITIALIZING);
    lone_report(EXECUTION_RUNNING);
    struct task_attempt stranger = { { 77 }, 0, 0 };
    struct task_attempt asked[] = { lone_attempt, stranger, lone_attempt };
    for (size_t first = 0; first < 2; first++) {
        struct message message = { .kind = MESSAGE_TRIGGER_CHECKPOINT };
        message.trigger_checkpoint = (struct message_trigger_checkpoint){
            .job = lone_job, .checkpoint = 1, .tasks = asked + first, .tasks_count = 2
        };
        lone_hear(&message);
        ck_assert_uint_eq(lone.effects->list.count, 1);
        const struct effect *effect = &lone.effects->list.items[0];
        ck_assert_int_eq(effect->send.message->kind, MESSAGE_CHECKPOINT_DECLINED);
        ck_assert(task_attempt_equal(effect->send.message->checkpoint_declined.tasks[0], stranger));
    }
}
END_TEST

START_TEST(one_that_has_ended_hears_nothing_any_more)
{
    lone_start();
    lone_registered(false);
    struct event stopping = { .kind = EVENT_STOPPING };
    lone_step(&stopping);
    ck_assert_int_eq(lone.effects->list.items[lone.effects->list.count - 1].kind, EFFECT_EXIT);
    ck_assert_int_eq(node_deadline(lone.node), TIME_NEVER);
    lone_beat(true);
    ck_assert_uint_eq(lone.effects->list.count, 0);
}
END_TEST

/* More than the worker has is refused; so is a second task in a slot that is not the job's. */
START_TEST(resources_run_out)
{
    lone_start();
    lone_registered(false);
    for (uint32_t i = 0; i < 5; i++)
        lone_request_slot((struct allocation_id){ i });
    ck_assert_uint_eq(lone_executor()->used_slots, 4);
    const struct effect *last = &lone.effects->list.items[lone.effects->list.count - 1];
    ck_assert_int_eq(last->kind, EFFECT_SEND);
    ck_assert_int_eq(last->send.message->kind, MESSAGE_SLOT_GRANTED);
    ck_assert_uint_eq(last->send.message->slot_granted.refused, 1);
}
END_TEST

static const struct effect *last_data(enum data_order kind)
{
    const struct effect *found = NULL;
    for (size_t i = 0; i < lone.effects->list.count; i++)
        if (lone.effects->list.items[i].kind == EFFECT_DATA &&
            lone.effects->list.items[i].data.kind == kind)
            found = &lone.effects->list.items[i];
    return found;
}

/* A newer attempt waits until the older one has ended; the data plane never has two. */
START_TEST(a_newer_attempt_waits_for_the_older_one)
{
    serve_job();
    lone_submit(lone_first, 2);
    lone_submit(lone_first, 3);
    ck_assert_ptr_null(last_data(DATA_DEPLOY));
    ck_assert_ptr_nonnull(last_data(DATA_CANCEL));
    lone_submit(lone_first, 4); /* takes the place of 3 */
    ck_assert_uint_eq(lone_executor()->waiting.count, 1);
    lone_report(EXECUTION_CANCELED);
    const struct effect *deploy = last_data(DATA_DEPLOY);
    ck_assert_ptr_nonnull(deploy);
    ck_assert_uint_eq(deploy->data.deployments[0].attempt.attempt, 4);
    ck_assert_uint_eq(lone_executor()->waiting.count, 0);
    ck_assert_uint_eq(lone_executor()->tasks.count, 1);
}
END_TEST

/* Only the TaskManager knows whether a slot was cut to a profile, and what is in it uses no more
 * than that. An attempt that had to wait is told as well. */
START_TEST(the_data_plane_hears_of_the_profile_of_the_slot)
{
    struct message message = { .kind = MESSAGE_REQUEST_SLOT };
    message.request_slot = (struct message_request_slot){ .job = lone_job,
                                                          .allocation = lone_second,
                                                          .by_default = true,
                                                          .cpu_milli = 1000,
                                                          .memory_bytes = 1 << 20,
                                                          .job_master = lone_manager };
    serve_job();
    lone_hear(&message);
    lone_accept_slots(lone_second);
    lone_submit(lone_second, 2);
    ck_assert_int_eq(last_data(DATA_DEPLOY)->data.deployments[0].slot_cpu_milli, 0);
    lone_submit(lone_first, 3);
    struct task_report ended = { lone_attempt, EXECUTION_CANCELED, CAUSE_NONE, node_id_none(), 0 };
    ended.attempt.attempt = 2;
    struct event event = { .kind = EVENT_DATA };
    event.data = (struct event_data){
        .kind = DATA_TASK_STATES, .job = lone_job, .tasks = &ended, .task_count = 1
    };
    lone_step(&event);
    ck_assert_int_eq(last_data(DATA_DEPLOY)->data.deployments[0].slot_cpu_milli, 1000);
}
END_TEST

START_TEST(an_attempt_that_waits_can_be_cancelled_and_lost)
{
    serve_job();
    lone_submit(lone_first, 2);
    lone_submit(lone_first, 3);
    struct task_attempt waiting = lone_attempt;
    waiting.attempt = 3;
    struct message message = { .kind = MESSAGE_CANCEL_TASKS };
    message.cancel_tasks = (struct message_cancel_tasks){ lone_job, &waiting, 1 };
    lone_hear(&message);
    ck_assert_uint_eq(lone_executor()->waiting.count, 0);
    lone_submit(lone_first, 4);
    ck_assert_uint_eq(lone_executor()->waiting.count, 1);
    lone_free_slot(lone_first);
    ck_assert_uint_eq(lone_executor()->waiting.count, 0);
    lone_report(EXECUTION_CANCELED);
    ck_assert_uint_eq(lone_executor()->used_slots, 0);
}
END_TEST

/* An older attempt in one slot, the newer one in another: both slots stay until both have ended. */
START_TEST(attempts_in_two_slots)
{
    serve_job();
    lone_request_slot(lone_second);
    lone_accept_slots(lone_second);
    lone_submit(lone_first, 2);
    lone_submit(lone_second, 3);
    lone_free_slot(lone_second);
    ck_assert_uint_eq(lone_executor()->used_slots, 1);
    lone_report(EXECUTION_CANCELED);
    ck_assert_uint_eq(lone_executor()->tasks.count, 0);
    ck_assert_uint_eq(lone_executor()->used_slots, 1);
}
END_TEST

/* Slots granted while an offer is out follow in the next one. */
START_TEST(one_offer_at_a_time)
{
    lone_start();
    lone_registered(false);
    lone_request_slot(lone_first);
    lone_contact_made(false);
    lone_request_slot(lone_second);
    for (size_t i = 0; i < lone.effects->list.count; i++)
        ck_assert(lone.effects->list.items[i].kind != EFFECT_SEND ||
                  lone.effects->list.items[i].send.message->kind != MESSAGE_OFFER_SLOTS);
    lone_accept_slots(lone_first);
    const struct effect *last = &lone.effects->list.items[lone.effects->list.count - 1];
    ck_assert_int_eq(last->send.message->kind, MESSAGE_OFFER_SLOTS);
    ck_assert_uint_eq(last->send.message->offer_slots.offers_count, 1);
    ck_assert_uint_eq(last->send.message->offer_slots.offers[0].allocation.n, lone_second.n);
}
END_TEST

/* The JobMaster may have taken them: they are offered again, and the answer to that counts
 * (TaskExecutor.handleAcceptedSlotOffers). */
START_TEST(slots_of_an_offer_that_times_out_are_kept)
{
    lone_start();
    lone_registered(false);
    lone_request_slot(lone_first);
    lone_contact_made(false);
    lone_fail_send(MESSAGE_OFFER_SLOTS, lone_job.n, SEND_TIMED_OUT);
    ck_assert_uint_eq(lone_executor()->used_slots, 1);
    ck_assert_int_eq(lone_executor()->slots.items[0].state, TASK_SLOT_ALLOCATED);
    lone_accept_slots(lone_first);
    ck_assert_int_eq(lone_executor()->slots.items[0].state, TASK_SLOT_ACTIVE);
}
END_TEST

Suite *test_cluster_executor_details_suite(void)
{
    Suite *suite = suite_create("cluster: executor details");
    TCase *details = tcase_create("details");
    tcase_add_checked_fixture(details, lone_open, lone_close);
    tcase_add_test(details, a_process_starts_once_and_first);
    tcase_add_test(details, what_is_for_others_is_refused);
    tcase_add_test(details, a_trigger_is_declined_for_the_first_task_that_does_not_run);
    tcase_add_test(details, one_that_has_ended_hears_nothing_any_more);
    tcase_add_test(details, resources_run_out);
    tcase_add_test(details, a_newer_attempt_waits_for_the_older_one);
    tcase_add_test(details, the_data_plane_hears_of_the_profile_of_the_slot);
    tcase_add_test(details, an_attempt_that_waits_can_be_cancelled_and_lost);
    tcase_add_test(details, attempts_in_two_slots);
    tcase_add_test(details, one_offer_at_a_time);
    tcase_add_test(details, slots_of_an_offer_that_times_out_are_kept);
    suite_add_tcase(suite, details);
    return suite;
}
