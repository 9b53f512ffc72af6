/* SPDX-License-Identifier: Apache-2.0
 *
 * A TaskExecutor by itself: slots cut to measure, what is offered to a job and what becomes of an
 * offer that is taken in part, late or not at all, and how often a JobMaster is asked.
 */
#include <check.h>

#include "core/base/text.h"
#include "tests/lib/lone_executor.h"

/* The only message of this kind in the last step; null: none. */
static const struct message *sent(enum message_kind kind)
{
    const struct message *found = NULL;
    for (size_t i = 0; i < lone.effects->list.count; i++) {
        const struct effect *effect = &lone.effects->list.items[i];
        if (effect->kind != EFFECT_SEND || effect->send.message->kind != kind)
            continue;
        ck_assert_ptr_null(found);
        found = effect->send.message;
    }
    return found;
}

static void register_with_slot(void)
{
    lone_start();
    lone_registered(false);
    lone_request_slot(lone_first);
}

static void request_small(uint32_t allocation)
{
    struct message message = { .kind = MESSAGE_REQUEST_SLOT };
    message.request_slot = (struct message_request_slot){ .job = lone_job,
                                                          .allocation = { allocation },
                                                          .cpu_milli = 0,
                                                          .memory_bytes = 1,
                                                          .job_master = lone_manager };
    lone_hear(&message);
}

/* FLIP-56: the number of slots follows from their sizes; what is configured is only the default. A
 * slot that is free again is used before a new one is cut. */
START_TEST(small_slots_are_more_than_configured)
{
    lone_start();
    lone_registered(false);
    for (uint32_t i = 0; i < 9; i++) {
        request_small(100 + i);
        ck_assert_uint_eq(sent(MESSAGE_SLOT_GRANTED)->slot_granted.slot, i);
        ck_assert_uint_eq(sent(MESSAGE_SLOT_GRANTED)->slot_granted.refused, 0);
    }
    ck_assert_uint_eq(lone_executor()->slots.count, 9);
    ck_assert_int_eq(lone_executor()->memory_free_bytes, (4 << 20) - 9);
    lone_free_slot((struct allocation_id){ 107 });
    ck_assert_int_eq(lone_executor()->memory_free_bytes, (4 << 20) - 8);
    request_small(200);
    ck_assert_uint_eq(sent(MESSAGE_SLOT_GRANTED)->slot_granted.slot, 7);
    ck_assert_uint_eq(lone_executor()->slots.count, 9);
}
END_TEST

START_TEST(the_number_of_slots_has_a_limit)
{
    lone_start();
    lone_registered(false);
    for (uint32_t i = 0; i < TASK_SLOTS_MAX; i++)
        request_small(i + 1);
    ck_assert_uint_eq(lone_executor()->used_slots, TASK_SLOTS_MAX);
    request_small(TASK_SLOTS_MAX + 1);
    ck_assert_uint_eq(sent(MESSAGE_SLOT_GRANTED)->slot_granted.refused, 1);
    ck_assert_uint_eq(lone_executor()->used_slots, TASK_SLOTS_MAX);
    ck_assert_uint_eq(lone_executor()->slots.count, TASK_SLOTS_MAX);
}
END_TEST

/* Our answer may be the one that came late: the same slot again, and no second one. */
START_TEST(a_repeated_request_is_granted_again)
{
    register_with_slot();
    lone_request_slot(lone_second);
    lone_request_slot(lone_second);
    const struct message *again = sent(MESSAGE_SLOT_GRANTED);
    ck_assert_uint_eq(again->slot_granted.allocation.n, lone_second.n);
    ck_assert_uint_eq(again->slot_granted.slot, 1);
    ck_assert_uint_eq(again->slot_granted.refused, 0);
    ck_assert_uint_eq(lone_executor()->used_slots, 2);
}
END_TEST

/* TaskExecutor.handleAcceptedSlotOffers: what was offered and is not among the accepted is free at
 * once; what was granted behind the offer is offered next. */
START_TEST(of_an_offer_only_what_is_taken_stays)
{
    static const struct allocation_id third = { 42 };
    register_with_slot();
    lone_request_slot(lone_second);
    lone_contact_made(false);
    ck_assert_uint_eq(sent(MESSAGE_OFFER_SLOTS)->offer_slots.offers_count, 2);
    lone_request_slot(third);
    ck_assert_ptr_null(sent(MESSAGE_OFFER_SLOTS));
    lone_accept_slots(lone_second);
    ck_assert_uint_eq(sent(MESSAGE_SLOT_AVAILABLE)->slot_available.allocation.n, lone_first.n);
    const struct message *offer = sent(MESSAGE_OFFER_SLOTS);
    ck_assert_uint_eq(offer->offer_slots.offers_count, 1);
    ck_assert_uint_eq(offer->offer_slots.offers[0].allocation.n, third.n);
    ck_assert_uint_eq(offer->offer_slots.offers[0].slot, 2);
    ck_assert_uint_eq(lone_executor()->used_slots, 2);
    ck_assert_int_eq(lone_executor()->slots.items[1].state, TASK_SLOT_ACTIVE);
}
END_TEST

/* TaskExecutor.handleAcceptedSlotOffers: as often as it times out, with what has come meanwhile. */
START_TEST(an_offer_that_times_out_is_made_again)
{
    register_with_slot();
    lone_contact_made(false);
    lone_request_slot(lone_second);
    for (int i = 0; i < 3; i++) {
        lone_fail_send(MESSAGE_OFFER_SLOTS, lone_job.n, SEND_TIMED_OUT);
        ck_assert_uint_eq(sent(MESSAGE_OFFER_SLOTS)->offer_slots.offers_count, 2);
    }
    lone_accept_slots(lone_second);
    ck_assert_int_eq(lone_executor()->slots.items[1].state, TASK_SLOT_ACTIVE);
}
END_TEST

/* An answer to an offer that timed out meanwhile, or of a contact that is over, says nothing about
 * the slots as they are now. */
START_TEST(an_acceptance_without_an_offer_is_dropped)
{
    lone_start();
    lone_registered(false);
    lone_accept_slots(lone_first); /* of a job that is not known here */
    ck_assert_uint_eq(lone_executor()->jobs.count, 0);
    lone_request_slot(lone_first);
    lone_accept_slots(lone_first);
    ck_assert_int_eq(lone_executor()->slots.items[0].state, TASK_SLOT_ALLOCATED);
    lone_contact_made(false);
    lone_disconnect(false);
    lone_accept_slots(lone_first);
    ck_assert_int_eq(lone_executor()->slots.items[0].state, TASK_SLOT_ALLOCATED);
    lone_contact_made(false);
    lone_accept_slots(lone_first);
    ck_assert_int_eq(lone_executor()->slots.items[0].state, TASK_SLOT_ACTIVE);
    lone_request_slot(lone_second);
    lone_fail_send(MESSAGE_OFFER_SLOTS, lone_job.n, SEND_UNREACHABLE);
    ck_assert_uint_eq(lone_executor()->used_slots, 1);
    lone_accept_slots(lone_second);
    ck_assert_uint_eq(lone_executor()->used_slots, 1);
}
END_TEST

static void beat_with(struct allocation_id a, struct allocation_id b)
{
    struct allocation_item held[] = { { a }, { b } };
    struct message message = { .kind = MESSAGE_JM_HEARTBEAT };
    message.jm_heartbeat = (struct message_jm_heartbeat){ lone_job, 1, held, 2 };
    lone_hear(&message);
}

static void must_fail_only(struct allocation_id allocation)
{
    const struct message *failed = sent(MESSAGE_FAIL_SLOTS);
    ck_assert_ptr_nonnull(failed);
    ck_assert_uint_eq(failed->fail_slots.job.n, lone_job.n);
    ck_assert_uint_eq(failed->fail_slots.failed_count, 1);
    ck_assert_uint_eq(failed->fail_slots.failed[0].allocation.n, allocation.n);
}

/* TaskExecutor.failNoLongerAllocatedSlots: also of one whose tasks are still on the way out. */
START_TEST(a_job_master_hears_which_of_its_slots_are_not_there)
{
    static const struct allocation_id gone = { 42 };
    register_with_slot();
    lone_request_slot(lone_second);
    lone_contact_made(false);
    beat_with(lone_first, lone_second);
    ck_assert_ptr_null(sent(MESSAGE_FAIL_SLOTS));
    beat_with(lone_first, gone);
    must_fail_only(gone);
    lone_accept_slots(lone_first);
    lone_request_slot(lone_second);
    lone_accept_slots(lone_second);
    lone_submit(lone_second, lone_attempt.attempt);
    lone_free_slot(lone_second);
    beat_with(lone_first, lone_second);
    must_fail_only(lone_second);
}
END_TEST

/* TaskExecutor.freeNoLongerUsedSlots: of those that it had taken; one that is offered may have been
 * taken behind the list. Tasks in it fail, and it is free when they have ended. */
START_TEST(a_slot_that_a_heartbeat_does_not_list_is_freed)
{
    static const struct allocation_id third = { 42 };
    register_with_slot();
    lone_contact_made(false);
    lone_accept_slots(lone_first);
    lone_request_slot(lone_second);
    lone_accept_slots(lone_second);
    lone_request_slot(third);
    lone_submit(lone_first, lone_attempt.attempt);
    beat_with(lone_first, lone_second);
    ck_assert_ptr_null(sent(MESSAGE_SLOT_AVAILABLE));
    ck_assert_uint_eq(lone_executor()->used_slots, 3);
    beat_with(lone_first, lone_first);
    ck_assert_uint_eq(sent(MESSAGE_SLOT_AVAILABLE)->slot_available.allocation.n, lone_second.n);
    ck_assert_int_eq(lone_executor()->slots.items[0].state, TASK_SLOT_ACTIVE);
    ck_assert_int_eq(lone_executor()->slots.items[1].state, TASK_SLOT_FREE);
    ck_assert_int_eq(lone_executor()->slots.items[2].state, TASK_SLOT_ALLOCATED);
    beat_with(third, third);
    ck_assert_ptr_null(sent(MESSAGE_SLOT_AVAILABLE));
    ck_assert_int_eq(lone_executor()->slots.items[0].state, TASK_SLOT_RELEASING);
    lone_report(EXECUTION_CANCELED);
    ck_assert_uint_eq(sent(MESSAGE_SLOT_AVAILABLE)->slot_available.allocation.n, lone_first.n);
    const struct task_report *said = sent(MESSAGE_TASK_STATES)->task_states.tasks;
    ck_assert_int_eq(said->state, EXECUTION_FAILED);
    ck_assert_int_eq(said->cause, CAUSE_SLOT_LOST);
}
END_TEST

START_TEST(the_list_of_another_job_frees_nothing)
{
    register_with_slot();
    lone_contact_made(false);
    lone_accept_slots(lone_first);
    struct message message = { .kind = MESSAGE_JM_HEARTBEAT };
    message.jm_heartbeat = (struct message_jm_heartbeat){ { lone_job.n + 1 }, 1, NULL, 0 };
    lone_hear(&message);
    ck_assert_int_eq(lone_executor()->slots.items[0].state, TASK_SLOT_ACTIVE);
    message.jm_heartbeat.job = lone_job;
    lone_hear(&message); /* its last one: nothing keeps the contact */
    ck_assert_uint_eq(lone_executor()->used_slots, 0);
    ck_assert_uint_eq(lone_executor()->jobs.count, 0);
}
END_TEST

/* TaskExecutor.handleAcceptedSlotOffers: markSlotActive finds no such slot. */
START_TEST(a_slot_taken_behind_its_time_out_is_failed)
{
    register_with_slot();
    lone_contact_made(false);
    lone_wake(9 * TIME_S);
    lone_request_slot(lone_second);
    lone_wake(10 * TIME_S);
    ck_assert_uint_eq(lone_executor()->used_slots, 1);
    lone_accept_slots(lone_first);
    must_fail_only(lone_first);
}
END_TEST

/* cluster.registration.initial-timeout 100 ms, doubling up to max-timeout 30 s. Slots without a
 * contact time out, so here they do not. */
START_TEST(a_job_master_that_does_not_answer_is_asked_ever_less_often)
{
    lone.config.tm_slot_timeout = TIME_DAY;
    register_with_slot();
    time_ns asked = lone.now, wait = 100 * TIME_MS;
    for (int i = 0; i < 12; i++) {
        while (lone.now < asked + wait) {
            ck_assert(lone.now == asked || !sent(MESSAGE_JOB_OFFER_CONTACT));
            time_ns next = node_deadline(lone.node);
            lone_wake(next < asked + wait ? next : asked + wait);
        }
        ck_assert_ptr_nonnull(sent(MESSAGE_JOB_OFFER_CONTACT));
        asked = lone.now;
        wait = 2 * wait < 30 * TIME_S ? 2 * wait : 30 * TIME_S;
    }
    ck_assert_int_eq(wait, 30 * TIME_S);
}
END_TEST

/* cluster.registration.refused-registration-delay, then as at first (RetryingRegistration.
 * registerLater with the initial timeout). */
START_TEST(a_job_master_that_refuses_is_asked_as_at_first_later)
{
    lone.config.tm_slot_timeout = TIME_DAY;
    register_with_slot();
    time_ns asked = lone.now;
    lone_wake(asked + 100 * TIME_MS);
    lone_wake(asked + 300 * TIME_MS);
    ck_assert_ptr_nonnull(sent(MESSAGE_JOB_OFFER_CONTACT));
    lone_contact_made(true);
    asked = lone.now;
    lone_wake(asked + 30 * TIME_S - 1);
    ck_assert(!sent(MESSAGE_JOB_OFFER_CONTACT));
    lone_wake(asked + 30 * TIME_S);
    ck_assert_ptr_nonnull(sent(MESSAGE_JOB_OFFER_CONTACT));
    lone_wake(asked + 30 * TIME_S + 100 * TIME_MS);
    ck_assert_ptr_nonnull(sent(MESSAGE_JOB_OFFER_CONTACT));
}
END_TEST

/* With its last slot a job's contact goes; only a contact that was made is taken leave of. */
START_TEST(a_contact_that_was_never_made_ends_in_silence)
{
    register_with_slot();
    lone_free_slot(lone_first);
    ck_assert_ptr_null(sent(MESSAGE_JM_DISCONNECT));
    ck_assert_uint_eq(lone_executor()->jobs.count, 0);
    lone_request_slot(lone_second);
    lone_contact_made(false);
    lone_accept_slots(lone_second);
    lone_free_slot(lone_second);
    ck_assert_uint_eq(sent(MESSAGE_JM_DISCONNECT)->jm_disconnect.job.n, lone_job.n);
    ck_assert_uint_eq(lone_executor()->jobs.count, 0);
}
END_TEST

/* Tasks that are taken are not spoken of, and a slot that is given up ends its own tasks only
 * (TaskSlotTable.freeSlot). */
START_TEST(a_slot_that_is_given_up_fails_its_own_tasks)
{
    struct task_deployment other = { .attempt = { { 10 }, 2, 0 }, .allocation = lone_second };
    struct message message = { .kind = MESSAGE_SUBMIT_TASKS };
    message.submit_tasks = (struct message_submit_tasks){ lone_job, &other, 1 };
    register_with_slot();
    lone_request_slot(lone_second);
    lone_contact_made(false);
    lone_accept_slots(lone_first);
    lone_request_slot(lone_first);
    lone_submit(lone_first, lone_attempt.attempt);
    ck_assert_ptr_null(sent(MESSAGE_TASK_STATES));
    ck_assert_uint_eq(lone_executor()->tasks.count, 1);
    other.allocation = lone_first;
    lone_hear(&message);
    ck_assert_uint_eq(lone_executor()->tasks.count, 2);
    lone_request_slot(lone_second);
    lone_accept_slots(lone_second);
    other.attempt.task.n = 11;
    other.allocation = lone_second;
    lone_hear(&message);
    ck_assert_uint_eq(lone_executor()->tasks.count, 3);
    lone_free_slot(lone_second);
    static const enum execution_state states[] = { EXECUTION_DEPLOYING, EXECUTION_DEPLOYING,
                                                   EXECUTION_CANCELING };
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(lone_executor()->tasks.items[i].state, states[i]);
    ck_assert_int_eq(lone_executor()->tasks.items[2].cause, CAUSE_SLOT_LOST);
}
END_TEST

/* Task.TaskCancelerWatchDog: the end comes at its time, also between two interruptions. */
START_TEST(the_watchdog_ends_the_process_between_two_interruptions)
{
    lone.config.cancellation_interval = 30 * TIME_S;
    lone.config.cancellation_timeout = 75 * TIME_S;
    register_with_slot();
    lone_contact_made(false);
    lone_accept_slots(lone_first);
    lone_submit(lone_first, lone_attempt.attempt);
    lone_report(EXECUTION_RUNNING);
    lone_wake(20 * TIME_S);
    struct message message = { .kind = MESSAGE_CANCEL_TASKS };
    message.cancel_tasks = (struct message_cancel_tasks){ lone_job, &lone_attempt, 1 };
    lone_hear(&message);
    time_ns told[4] = { 0 };
    size_t count = 0;
    bool has_ended = false;
    while (!has_ended && lone.now < 5 * TIME_MIN) {
        lone_beat(true);
        lone_beat(false);
        lone_wake(lone.now + TIME_S);
        for (VEC_EACH(const struct effect, effect, &lone.effects->list)) {
            bool is_line = effect->kind == EFFECT_LOG && effect->log.level == LOG_TASK &&
                           text_equal(effect->log.what, "task is interrupted again");
            if (is_line && count < 4)
                told[count++] = lone.now;
            has_ended |= effect->kind == EFFECT_EXIT;
        }
    }
    ck_assert_int_eq(lone.now, 95 * TIME_S);
    ck_assert_uint_eq(count, 2);
    ck_assert_int_eq(told[0], 50 * TIME_S);
    ck_assert_int_eq(told[1], 80 * TIME_S);
}
END_TEST

/* TaskExecutor.submitTask: a JobMaster without a connection deploys nothing, slot or no slot. */
START_TEST(a_submit_without_a_contact_is_refused)
{
    lone_start();
    lone_registered(false);
    for (int slot = 0; slot < 2; slot++) {
        lone_submit(lone_first, lone_attempt.attempt);
        const struct message *refused = sent(MESSAGE_TASK_STATES);
        ck_assert_uint_eq(refused->task_states.tasks_count, 1);
        ck_assert_int_eq(refused->task_states.tasks[0].state, EXECUTION_FAILED);
        ck_assert_int_eq(refused->task_states.tasks[0].cause, CAUSE_SLOT_LOST);
        ck_assert_uint_eq(lone_executor()->tasks.count, 0);
        lone_request_slot(lone_first);
    }
    ck_assert_int_eq(lone_executor()->slots.items[0].state, TASK_SLOT_ALLOCATED);
}
END_TEST

static void say(enum data_report kind)
{
    static const struct checkpoint_ack ack = { .attempt = { { 9 }, 2, 0 }, .state_bytes = 5 };
    struct event event = { .kind = EVENT_DATA };
    event.data = (struct event_data){ .kind = kind,
                                      .job = lone_job,
                                      .checkpoint = 6,
                                      .acks = &ack,
                                      .ack_count = 1,
                                      .declined_by = ack.attempt,
                                      .at_end = &ack.attempt,
                                      .at_end_count = 1,
                                      .source = ack.attempt,
                                      .in_backlog = true };
    lone_step(&event);
}

/* What tasks say of checkpoints and backlogs goes to the JobMaster as it is, one message for one
 * report, while there is a contact. Nobody hears of it else. */
START_TEST(what_tasks_say_goes_to_the_job_master_while_there_is_one)
{
    static const struct {
        enum data_report said;
        enum message_kind passed_on;
    } rows[] = { { DATA_CHECKPOINT_ACKNOWLEDGED, MESSAGE_CHECKPOINT_ACKNOWLEDGED },
                 { DATA_CHECKPOINT_DECLINED, MESSAGE_CHECKPOINT_DECLINED },
                 { DATA_END_OF_DATA, MESSAGE_END_OF_DATA },
                 { DATA_SOURCE_BACKLOG, MESSAGE_SOURCE_BACKLOG } };
    lone_start();
    lone_registered(false);
    for (int contact = 0; contact < 3; contact++) {
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            say(rows[i].said);
            ck_assert_uint_eq(lone.effects->list.count, contact == 2);
            ck_assert_int_eq(sent(rows[i].passed_on) != NULL, contact == 2);
        }
        if (contact == 0)
            lone_request_slot(lone_first);
        if (contact == 1)
            lone_contact_made(false);
    }
}
END_TEST

static void trigger(const struct task_attempt *attempts, size_t count)
{
    struct message message = { .kind = MESSAGE_TRIGGER_CHECKPOINT };
    message.trigger_checkpoint = (struct message_trigger_checkpoint){
        .job = lone_job, .checkpoint = 7, .tasks = attempts, .tasks_count = count
    };
    lone_hear(&message);
}

/* TaskExecutor.triggerCheckpoint: a task that is not running here has nothing to store. */
START_TEST(a_checkpoint_that_a_task_cannot_take_is_declined_as_a_whole)
{
    struct task_attempt both[] = { lone_attempt, { { 10 }, 2, 0 } };
    register_with_slot();
    lone_contact_made(false);
    lone_accept_slots(lone_first);
    lone_submit(lone_first, lone_attempt.attempt);
    trigger(both, 1);
    ck_assert_ptr_nonnull(sent(MESSAGE_CHECKPOINT_DECLINED)); /* not yet running */
    lone_report(EXECUTION_RUNNING);
    trigger(both, 2);
    const struct message *declined = sent(MESSAGE_CHECKPOINT_DECLINED);
    ck_assert_uint_eq(declined->checkpoint_declined.checkpoint, 7);
    ck_assert_uint_eq(declined->checkpoint_declined.tasks[0].task.n, 10);
    trigger(both, 1);
    ck_assert_ptr_null(sent(MESSAGE_CHECKPOINT_DECLINED));
    ck_assert_uint_eq(lone.effects->list.count, 1);
    ck_assert_int_eq(lone.effects->list.items[0].data.kind, DATA_TRIGGER_CHECKPOINT);
    ck_assert_uint_eq(lone.effects->list.items[0].data.count, 1);
}
END_TEST

Suite *test_cluster_executor_offers_suite(void)
{
    Suite *suite = suite_create("cluster: executor offers");
    TCase *offers = tcase_create("offers");
    tcase_add_checked_fixture(offers, lone_open, lone_close);
    tcase_add_test(offers, small_slots_are_more_than_configured);
    tcase_add_test(offers, the_number_of_slots_has_a_limit);
    tcase_add_test(offers, a_repeated_request_is_granted_again);
    tcase_add_test(offers, of_an_offer_only_what_is_taken_stays);
    tcase_add_test(offers, an_offer_that_times_out_is_made_again);
    tcase_add_test(offers, an_acceptance_without_an_offer_is_dropped);
    tcase_add_test(offers, a_job_master_hears_which_of_its_slots_are_not_there);
    tcase_add_test(offers, a_slot_that_a_heartbeat_does_not_list_is_freed);
    tcase_add_test(offers, the_list_of_another_job_frees_nothing);
    tcase_add_test(offers, a_slot_taken_behind_its_time_out_is_failed);
    tcase_add_test(offers, a_job_master_that_does_not_answer_is_asked_ever_less_often);
    tcase_add_test(offers, a_job_master_that_refuses_is_asked_as_at_first_later);
    tcase_add_test(offers, a_contact_that_was_never_made_ends_in_silence);
    tcase_add_test(offers, a_slot_that_is_given_up_fails_its_own_tasks);
    tcase_add_test(offers, the_watchdog_ends_the_process_between_two_interruptions);
    tcase_add_test(offers, a_submit_without_a_contact_is_refused);
    tcase_add_test(offers, what_tasks_say_goes_to_the_job_master_while_there_is_one);
    tcase_add_test(offers, a_checkpoint_that_a_task_cannot_take_is_declined_as_a_whole);
    suite_add_tcase(suite, offers);
    return suite;
}
