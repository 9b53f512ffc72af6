/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of core/port/effect.c: what is copied, what a new step forgets, what the log level drops,
 * and that no memory is asked for once a node has had its largest step.
 */
#include "core/port/effect.h"

#include <check.h>
#include <signal.h>
#include <string.h>

static struct effects effects;

static void setup(void)
{
    effects_init(&effects, LOG_TASK);
    effects_begin(&effects, 5 * TIME_S);
}

static void teardown(void)
{
    effects_fini(&effects);
}

static const struct node_id peer = { 7 };

START_TEST(sent_message_is_a_copy_with_its_list)
{
    struct task_attempt tasks[2] = { { { 1 }, 0, 0 }, { { 2 }, 3, 0 } };
    struct message message = { .kind = MESSAGE_CANCEL_TASKS, .cancel_tasks = { { 4 }, tasks, 2 } };
    effects_send(&effects, peer, &message);
    memset(tasks, 0xff, sizeof tasks);
    memset(&message, 0xff, sizeof message);
    ck_assert_uint_eq(effects.list.count, 1);
    const struct effect *effect = &effects.list.items[0];
    ck_assert_int_eq(effect->kind, EFFECT_SEND);
    ck_assert_uint_eq(effect->send.to.n, 7);
    ck_assert(!effect->send.is_request);
    ck_assert_int_eq(effect->send.message->kind, MESSAGE_CANCEL_TASKS);
    ck_assert_uint_eq(effect->send.message->cancel_tasks.job.n, 4);
    ck_assert_uint_eq(effect->send.message->cancel_tasks.tasks_count, 2);
    ck_assert_uint_eq(effect->send.message->cancel_tasks.tasks[1].task.n, 2);
    ck_assert_uint_eq(effect->send.message->cancel_tasks.tasks[1].attempt, 3);
}
END_TEST

START_TEST(request_carries_its_token)
{
    struct message message = { .kind = MESSAGE_RM_HEARTBEAT, .rm_heartbeat = { 9 } };
    effects_request(&effects, peer, &message, 77);
    const struct effect *effect = &effects.list.items[0];
    ck_assert(effect->send.is_request);
    ck_assert_uint_eq(effect->send.token, 77);
    ck_assert_uint_eq(effect->send.message->rm_heartbeat.round, 9);
}
END_TEST

START_TEST(data_orders_are_copies_with_both_lists)
{
    struct task_deployment deployment = { .subtask = 3, .parallelism = 8 };
    effects_data(&effects, &(struct effect_data){
                               .kind = DATA_DEPLOY, .deployments = &deployment, .count = 1 });
    struct task_attempt attempt = { { 5 }, 1, 0 };
    effects_data(&effects, &(struct effect_data){ .kind = DATA_TRIGGER_CHECKPOINT,
                                                  .attempts = &attempt,
                                                  .count = 1,
                                                  .checkpoint = { .checkpoint = 12 } });
    effects_data(&effects, &(struct effect_data){ .kind = DATA_CHECKPOINT_COMPLETE,
                                                  .checkpoint = { .checkpoint = 11 } });
    deployment.subtask = 99;
    attempt.attempt = 99;
    const struct effect *list = effects.list.items;
    ck_assert_uint_eq(list[0].data.deployments[0].subtask, 3);
    ck_assert_ptr_null(list[0].data.attempts);
    ck_assert_uint_eq(list[1].data.attempts[0].attempt, 1);
    ck_assert_uint_eq(list[1].data.checkpoint.checkpoint, 12);
    ck_assert_ptr_null(list[2].data.deployments);
    ck_assert_int_eq(list[2].data.kind, DATA_CHECKPOINT_COMPLETE);
}
END_TEST

START_TEST(store_answer_and_exit_are_kept_in_order)
{
    struct effect_store store = { .object = STORE_CHECKPOINT, .id = 3, .bytes = 10, .token = 4 };
    effects_store(&effects, EFFECT_STORE_WRITE, &store);
    effects_store(&effects, EFFECT_STORE_REMOVE, &store);
    char text[] = "no such job";
    effects_answer(&effects, &(struct effect_answer){ .token = 8,
                                                      .request = CLIENT_CANCEL_JOB,
                                                      .result = { ERR_NOT_FOUND_CODE },
                                                      .text = text });
    memset(text, 'x', sizeof text - 1);
    effects_exit(&effects, EXIT_FATAL);
    const struct effect *list = effects.list.items;
    ck_assert_uint_eq(effects.list.count, 4);
    ck_assert_int_eq(list[0].kind, EFFECT_STORE_WRITE);
    ck_assert_uint_eq(list[0].store.token, 4);
    ck_assert_int_eq(list[1].kind, EFFECT_STORE_REMOVE);
    ck_assert_int_eq(list[2].kind, EFFECT_CLIENT_ANSWER);
    ck_assert_str_eq(list[2].answer.text, "no such job");
    ck_assert_int_eq(list[3].exit.reason, EXIT_FATAL);
}
END_TEST

START_TEST(log_lines_below_the_level_are_not_made)
{
    char reason[] = "because";
    struct log_line line = { .level = LOG_TASK, .machine = "m", .what = "move", .reason = reason };
    effects_log(&effects, &line);
    line.level = LOG_MESSAGE;
    effects_log(&effects, &line);
    line.level = LOG_DECISION;
    line.reason = NULL;
    effects_log(&effects, &line);
    reason[0] = 'x';
    ck_assert_uint_eq(effects.list.count, 2);
    ck_assert_str_eq(effects.list.items[0].log.reason, "because");
    ck_assert_ptr_null(effects.list.items[1].log.reason);
    ck_assert(effects_wants_log(&effects, LOG_TASK));
    ck_assert(!effects_wants_log(&effects, LOG_MESSAGE));
}
END_TEST

START_TEST(new_step_forgets_the_last_ones_effects)
{
    effects_exit(&effects, EXIT_STOPPED);
    effects_begin(&effects, 6 * TIME_S);
    ck_assert_uint_eq(effects.list.count, 0);
    ck_assert_int_eq(effects.now, 6 * TIME_S);
}
END_TEST

static void one_step(void)
{
    static struct task_attempt tasks[500];
    struct message message = { .kind = MESSAGE_CANCEL_TASKS,
                               .cancel_tasks = { { 0 }, tasks, 500 } };
    effects_begin(&effects, effects.now + 1);
    for (int i = 0; i < 20; i++) {
        effects_send(&effects, peer, &message);
        effects_log(&effects, &(struct log_line){ .machine = "m", .what = "w", .reason = "r" });
    }
}

START_TEST(steps_reuse_the_memory_of_earlier_ones)
{
    one_step();
    const struct effect *list = effects.list.items;
    const void *first = effects.list.items[0].send.message;
    const void *last = effects.list.items[38].send.message;
    for (int i = 0; i < 50; i++)
        one_step();
    ck_assert_ptr_eq(effects.list.items, list);
    ck_assert_ptr_eq(effects.list.items[0].send.message, first);
    ck_assert_ptr_eq(effects.list.items[38].send.message, last);
}
END_TEST

START_TEST(sending_to_nobody_is_a_fault_of_the_caller)
{
    struct message message = { .kind = MESSAGE_RM_HEARTBEAT };
    effects_send(&effects, node_id_none(), &message);
}
END_TEST

START_TEST(storing_by_another_kind_is_a_fault_of_the_caller)
{
    effects_store(&effects, EFFECT_SEND, &(struct effect_store){ 0 });
}
END_TEST

Suite *test_port_effect_suite(void)
{
    Suite *suite = suite_create("port/effect");
    TCase *tcase = tcase_create("core");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, sent_message_is_a_copy_with_its_list);
    tcase_add_test(tcase, request_carries_its_token);
    tcase_add_test(tcase, data_orders_are_copies_with_both_lists);
    tcase_add_test(tcase, store_answer_and_exit_are_kept_in_order);
    tcase_add_test(tcase, log_lines_below_the_level_are_not_made);
    tcase_add_test(tcase, new_step_forgets_the_last_ones_effects);
    tcase_add_test(tcase, steps_reuse_the_memory_of_earlier_ones);
    tcase_add_test_raise_signal(tcase, sending_to_nobody_is_a_fault_of_the_caller, SIGABRT);
    tcase_add_test_raise_signal(tcase, storing_by_another_kind_is_a_fault_of_the_caller, SIGABRT);
    suite_add_tcase(suite, tcase);
    return suite;
}
