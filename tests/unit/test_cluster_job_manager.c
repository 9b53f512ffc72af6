/* SPDX-License-Identifier: Apache-2.0
 *
 * The JobManager process and its roles: what the dispatcher answers, which messages a JobMaster
 * minds, and that what is refused changes nothing.
 */
#include <check.h>
#include <string.h>

#include "core/cluster/job_manager.h"
#include "core/cluster/view.h"
#include "core/schedule/request_token.h"
#include "tests/lib/story_setup.h"

static const struct node_id jm = { 0 }, tm1 = { 1 }, stranger = { 77 };

/* Dispatcher. */

START_TEST(a_job_is_submitted_once)
{
    struct story *story = story_begin(_i);
    story_open(story, 1, 2, story_job(story, 2, 0));
    ck_assert_str_eq(story_answer(story), "submit: done 0");
    story_submit(story, story_job(story, 2, 0));
    ck_assert_str_eq(story_answer(story), "submit: refused job 0 has been submitted before");
    story_run(story, 1 * TIME_S);
    story_ask(story, CLIENT_CANCEL_JOB, NULL, 0);
    story_run(story, 2 * TIME_S);
    story_submit(story, story_job(story, 2, 0)); /* globally terminated jobs are remembered */
    ck_assert_str_eq(story_answer(story), "submit: refused job 0 has been submitted before");
    story_destroy(story);
}
END_TEST

START_TEST(jobs_that_no_scheduler_runs_are_refused)
{
    static const char *const graphs[] = { "a 2; b 2; a -> b hash blocking",
                                          "a 2; b 2; a -> b hash hybrid_full" };
    struct story *story = story_begin(_i);
    story_start(story);
    for (int adaptive = 0; adaptive < 2; adaptive++) {
        if (adaptive)
            story_adaptive(story);
        for (size_t i = 0; i < 2; i++) {
            story_submit(story, graphs_job_with(graphs[i], story_config(story)));
            ck_assert_ptr_nonnull(strstr(story_answer(story), "scheduler runs pipelined edges "
                                                              "only, found "));
        }
    }
    story_set(story, "jobmanager.scheduler", "adaptivebatch");
    story_submit(story, story_job(story, 2, 0));
    ck_assert_str_eq(story_answer(story), "submit: refused jobmanager.scheduler AdaptiveBatch "
                                          "cannot run a streaming job");
    story_set(story, "execution.runtime-mode", "batch");
    story_submit(story, story_job(story, 2, 0));
    ck_assert_str_eq(story_answer(story), "submit: refused execution.runtime-mode batch: batch "
                                          "jobs are not supported yet");
    ck_assert_uint_eq(view_cluster(story_node(story, jm)).jobs, 0);
    story_destroy(story);
}
END_TEST

START_TEST(the_scheduler_is_chosen_by_flinks_rule)
{
    static const struct {
        const char *scheduler, *mode, *chosen;
    } rows[] = {
        { NULL, NULL, "Default" },
        { "default", NULL, "Default" },
        { "adaptive", NULL, "Adaptive" },
        { NULL, "reactive", "Adaptive" },
        { "default", "reactive", "Adaptive" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct story *story = story_begin(_i);
        if (rows[i].scheduler)
            story_set(story, "jobmanager.scheduler", rows[i].scheduler);
        if (rows[i].mode)
            story_set(story, "scheduler-mode", rows[i].mode);
        story_open(story, 1, 2, story_job(story, 2, 4));
        ck_assert_str_eq(view_job(story_node(story, jm), 0).scheduler, rows[i].chosen);
        story_destroy(story);
    }
}
END_TEST

START_TEST(requests_about_an_unknown_job_are_refused)
{
    static const enum client_request requests[] = { CLIENT_CANCEL_JOB, CLIENT_STOP_WITH_SAVEPOINT,
                                                    CLIENT_TRIGGER_SAVEPOINT,
                                                    CLIENT_TRIGGER_CHECKPOINT,
                                                    CLIENT_UPDATE_REQUIREMENTS };
    struct story *story = story_begin(_i);
    story_start(story);
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        story_ask_of(story, (struct job_id){ 5 }, requests[i]);
        ck_assert_ptr_nonnull(strstr(story_answer(story), "the job has not been submitted"));
    }
    story_ask_of(story, job_id_none(), CLIENT_LIST_JOBS);
    ck_assert_str_eq(story_answer(story), "list: done 0");
    ck_assert_uint_eq(story_unanswered(story), 0);
    story_destroy(story);
}
END_TEST

START_TEST(jobs_run_side_by_side_and_are_listed)
{
    struct story *story = story_begin(_i);
    story_open(story, 2, 2, story_job(story, 2, 0));
    struct job_graph *other = story_job(story, 2, 0);
    other->id.n = 7;
    story_submit(story, other);
    story_run(story, 1 * TIME_S);
    ck_assert_uint_eq(view_job(story_node(story, jm), 0).tasks_running, 4);
    ck_assert_uint_eq(view_job(story_node(story, jm), 1).tasks_running, 4);
    ck_assert_uint_eq(view_job(story_node(story, jm), 1).id.n, 7);
    story_ask_of(story, job_id_none(), CLIENT_LIST_JOBS);
    ck_assert_str_eq(story_answer(story), "list: done 2");
    story_ask_of(story, (struct job_id){ 7 }, CLIENT_CANCEL_JOB);
    story_run(story, 2 * TIME_S);
    ck_assert_int_eq(view_job(story_node(story, jm), 0).status, JOB_RUNNING);
    ck_assert_int_eq(view_job(story_node(story, jm), 1).status, JOB_CANCELED);
    ck_assert_int_eq(view_job(story_node(story, jm), 1).ended_at, 1007 * TIME_MS);
    story_destroy(story);
}
END_TEST

/* Two jobs lose the same TaskManager in the same instant: the one submitted first hears first, with
 * heartbeats or without. */
START_TEST(jobs_hear_of_a_loss_in_the_order_of_submission)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "5", "1 s");
    struct job_graph *second = story_job(story, 1, 0), *first = story_job(story, 1, 0);
    first->id.n = 9;
    story_open(story, 1, 2, first);
    story_submit(story, second);
    story_run(story, 10 * TIME_S + 50 * TIME_MS); /* after the resource manager's beat */
    story_kill(story, tm1);
    story_expect(story, "20.102 jm: execution [job 9] RUNNING -> FAILED v0[0]#0 tm1 "
                        "(JobMasterException: TaskManager no longer reachable)\n"
                        "20.102 jm: job [job 9] tasks will be restarted 2\n"
                        "20.102 jm: job [job 9] RUNNING -> RESTARTING\n"
                        "20.102 jm: job master [job 9] disconnects tm1 (TaskManager no longer "
                        "reachable)\n"
                        "20.102 jm: execution RUNNING -> FAILED v0[0]#0 tm1 (JobMasterException: "
                        "TaskManager no longer reachable)\n");
    story_destroy(story);
}
END_TEST

/* What is refused and what is not minded. */

START_TEST(a_job_manager_starts_once_and_first)
{
    struct config config = config_default();
    struct node_settings settings = { .kind = NODE_JOB_MANAGER, .config = &config };
    struct node *node = node_create(&settings);
    struct event woken = { .kind = EVENT_WOKEN }, started = { .kind = EVENT_STARTED };
    const struct effects *effects;
    uint64_t before = node_state_hash(node);
    ck_assert(err_is(node_step(node, &woken, &effects)));
    ck_assert_uint_eq(node_state_hash(node), before);
    ck_assert_int_eq(node_deadline(node), TIME_NEVER);
    ck_assert(!err_is(node_step(node, &started, &effects)));
    ck_assert(err_is(node_step(node, &started, &effects)));
    struct event stopping = { .kind = EVENT_STOPPING };
    ck_assert(!err_is(node_step(node, &stopping, &effects)));
    ck_assert_int_eq(effects->list.items[0].kind, EFFECT_EXIT);
    ck_assert_int_eq(node_deadline(node), TIME_NEVER);
    ck_assert_msg(!err_is(node_step(node, &woken, &effects)), "late events find nobody");
    ck_assert_uint_eq(effects->list.count, 0);
    node_destroy(node);
}
END_TEST

/* What a TaskManager is told, and what its data plane says. */
START_TEST(what_is_for_task_managers_is_refused)
{
    static const enum message_kind others[] = {
        MESSAGE_TASK_MANAGER_REGISTERED,
        MESSAGE_REQUEST_SLOT,
        MESSAGE_RM_HEARTBEAT,
        MESSAGE_JOB_CONTACT_MADE,
        MESSAGE_SLOTS_ACCEPTED,
        MESSAGE_FREE_SLOTS,
        MESSAGE_SUBMIT_TASKS,
        MESSAGE_CANCEL_TASKS,
        MESSAGE_TRIGGER_CHECKPOINT,
        MESSAGE_CHECKPOINT_COMPLETE,
        MESSAGE_CHECKPOINT_ABORTED,
        MESSAGE_JM_HEARTBEAT,
    };
    struct story *story = story_begin(_i);
    story_open(story, 1, 2, story_job(story, 2, 0));
    story_run(story, 1 * TIME_S);
    uint64_t before = node_state_hash(story_node(story, jm));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct message message = { .kind = others[i] };
        ck_assert(story_refuses(story, jm, story_message(tm1, &message)));
    }
    ck_assert(story_refuses(story, jm, (struct event){ .kind = EVENT_DATA }));
    ck_assert_uint_eq(node_state_hash(story_node(story, jm)), before);
    story_destroy(story);
}
END_TEST

/* Messages of a TaskManager that is not (or no longer) registered with the role they are for, or
 * about jobs, attempts and checkpoints that are not there: dropped. */
START_TEST(messages_of_strangers_change_nothing)
{
    struct story *story = story_begin(_i);
    story_set(story, "execution.checkpointing.interval", "10 s");
    story_open(story, 1, 2, story_job(story, 2, 0));
    story_run(story, 1 * TIME_S);
    static const enum message_kind kinds[] = {
        MESSAGE_SLOT_REPORT,         MESSAGE_SLOT_GRANTED,
        MESSAGE_SLOT_AVAILABLE,      MESSAGE_RM_HEARTBEAT_ANSWER,
        MESSAGE_RM_DISCONNECT,       MESSAGE_OFFER_SLOTS,
        MESSAGE_TASK_STATES,         MESSAGE_CHECKPOINT_ACKNOWLEDGED,
        MESSAGE_CHECKPOINT_DECLINED, MESSAGE_JM_HEARTBEAT_ANSWER,
        MESSAGE_SOURCE_BACKLOG,      MESSAGE_JM_DISCONNECT,
        MESSAGE_END_OF_DATA,         MESSAGE_CHECKPOINT_SHARES,
        MESSAGE_FAIL_SLOTS,
    };
    struct task_report stale = {
        { { 0 }, 7, 0 }, EXECUTION_FAILED, CAUSE_USER_CODE, node_id_none(), 0
    };
    struct task_attempt attempt = { { 0 }, 7, 0 };
    uint64_t before = node_state_hash(story_node(story, jm));
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct message message = { .kind = kinds[i] };
        if (kinds[i] == MESSAGE_TASK_STATES)
            message.task_states = (struct message_task_states){ { 0 }, &stale, 1 };
        if (kinds[i] == MESSAGE_SOURCE_BACKLOG)
            message.source_backlog = (struct message_source_backlog){ { 0 }, { 0 }, 7, 0, 1 };
        if (kinds[i] == MESSAGE_END_OF_DATA)
            message.end_of_data = (struct message_end_of_data){ { 0 }, &attempt, 1 };
        if (kinds[i] == MESSAGE_CHECKPOINT_DECLINED)
            message.checkpoint_declined = (struct message_checkpoint_declined){
                .checkpoint = 99, .cause = CAUSE_SNAPSHOT, .tasks = &attempt, .tasks_count = 1
            };
        ck_assert(!story_refuses(story, jm, story_message(stranger, &message)));
        ck_assert_msg(node_state_hash(story_node(story, jm)) == before, "%s",
                      message_name(kinds[i]));
    }
    struct message for_nobody = { .kind = MESSAGE_JOB_OFFER_CONTACT };
    for_nobody.job_offer_contact.job.n = 55;
    ck_assert(!story_refuses(story, jm, story_message(stranger, &for_nobody)));
    ck_assert_uint_eq(node_state_hash(story_node(story, jm)), before);
    story_destroy(story);
}
END_TEST

/* Failures of requests that nobody waits for any more. */
START_TEST(late_failures_change_nothing)
{
    static const enum message_kind kinds[] = { MESSAGE_SUBMIT_TASKS,       MESSAGE_CANCEL_TASKS,
                                               MESSAGE_TRIGGER_CHECKPOINT, MESSAGE_JM_HEARTBEAT,
                                               MESSAGE_RM_HEARTBEAT,       MESSAGE_REQUEST_SLOT };
    struct story *story = story_begin(_i);
    story_set(story, "execution.checkpointing.interval", "10 s");
    story_open(story, 1, 2, story_job(story, 2, 0));
    story_run(story, 1 * TIME_S);
    uint64_t before = node_state_hash(story_node(story, jm));
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        for (int failure = SEND_UNREACHABLE; failure <= SEND_TIMED_OUT; failure++) {
            struct event event = { .kind = EVENT_SEND_FAILED };
            event.send_failed =
                (struct event_send_failed){ .to = kinds[i] == MESSAGE_REQUEST_SLOT ? tm1 : stranger,
                                            .kind = kinds[i],
                                            .token = kinds[i] == MESSAGE_REQUEST_SLOT
                                                         ? 999
                                                         : request_token((struct job_id){ 0 }, 77),
                                            .failure = (enum send_failure)failure };
            bool counts = kinds[i] == MESSAGE_REQUEST_SLOT; /* plans a check all the same */
            ck_assert(!story_refuses(story, jm, event));
            ck_assert(counts || node_state_hash(story_node(story, jm)) == before);
        }
    struct event stored = { .kind = EVENT_STORE_DONE };
    stored.store_done.token = request_token((struct job_id){ 0 }, 99);
    before = node_state_hash(story_node(story, jm));
    ck_assert(!story_refuses(story, jm, stored));
    stored.store_done.token = request_token((struct job_id){ 0 }, 0);
    ck_assert(!story_refuses(story, jm, stored));
    ck_assert_uint_eq(node_state_hash(story_node(story, jm)), before);
    story_destroy(story);
}
END_TEST

/* Slots the TaskManager says it has no more (JobMaster.failSlot). */
START_TEST(a_slot_that_is_not_there_is_given_up)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "100", "1 s");
    story_open(story, 1, 2, story_job(story, 2, 0));
    story_run(story, 175500 * TIME_US); /* deployed, the order not yet arrived */
    struct task_report lost = {
        { { 0 }, 0, 0 }, EXECUTION_FAILED, CAUSE_SLOT_LOST, node_id_none(), 0
    };
    struct message message = { .kind = MESSAGE_TASK_STATES };
    message.task_states = (struct message_task_states){ { 0 }, &lost, 1 };
    ck_assert_uint_eq(view_job(story_node(story, jm), 0).slots_held, 2);
    ck_assert(!story_refuses(story, jm, story_message(tm1, &message)));
    ck_assert_uint_eq(view_job(story_node(story, jm), 0).slots_held, 1);
    ck_assert_int_eq(view_job(story_node(story, jm), 0).status, JOB_RESTARTING);
    story_destroy(story);
}
END_TEST

/* Is the TaskManager told, in the step of this event, that it is no contact any more? */
static bool says_goodbye(const struct story *story, struct event event, struct node_id to)
{
    const struct effects *effects;
    event.at = story_now(story);
    struct node *node = (struct node *)(uintptr_t)story_node(story, jm);
    ck_assert(!err_is(node_step(node, &event, &effects)));
    for (VEC_EACH(const struct effect, effect, &effects->list))
        if (effect->kind == EFFECT_SEND && node_id_equal(effect->send.to, to) &&
            effect->send.message->kind == MESSAGE_JM_DISCONNECT)
            return true;
    return false;
}

/* The same said without a task: what others say changes nothing; one without slots is no contact,
 * and hears so. */
START_TEST(slots_that_fail_are_lost_and_the_last_one_ends_the_contact)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "100", "1 s");
    story_open(story, 2, 1, story_job(story, 2, 0));
    story_run(story, 1 * TIME_S);
    struct allocation_item failed[] = { { { 0 } }, { { 1 } }, { { 2 } } };
    struct message message = { .kind = MESSAGE_FAIL_SLOTS };
    message.fail_slots = (struct message_fail_slots){ { 0 }, failed, 3 };
    ck_assert(!says_goodbye(story, story_message(stranger, &message), stranger));
    ck_assert_uint_eq(view_job(story_node(story, jm), 0).slots_held, 2);
    ck_assert(says_goodbye(story, story_message(tm1, &message), tm1));
    ck_assert_uint_eq(view_job(story_node(story, jm), 0).slots_held, 1);
    ck_assert_int_eq(view_job(story_node(story, jm), 0).status, JOB_RESTARTING);
    struct message late = { .kind = MESSAGE_OFFER_SLOTS };
    struct slot_offer offer = { { 77 }, 0, 0, 0 };
    late.offer_slots = (struct message_offer_slots){ { 0 }, &offer, 1 };
    uint64_t before = node_state_hash(story_node(story, jm));
    ck_assert(!story_refuses(story, jm, story_message(tm1, &late)));
    ck_assert_uint_eq(node_state_hash(story_node(story, jm)), before);
    story_destroy(story);
}
END_TEST

/* A TaskManager that says goodbye to the job alone, though the pool counts on it. */
START_TEST(a_contact_that_ends_takes_its_slots_along)
{
    struct story *story = story_begin(_i);
    story_fixed_delay(story, "100", "1 s");
    story_open(story, 1, 2, story_job(story, 2, 0));
    story_run(story, 1 * TIME_S);
    struct message message = { .kind = MESSAGE_JM_DISCONNECT };
    message.jm_disconnect = (struct message_jm_disconnect){ { 0 }, CAUSE_NONE };
    ck_assert(!story_refuses(story, jm, story_message(tm1, &message)));
    ck_assert_uint_eq(view_job(story_node(story, jm), 0).slots_held, 0);
    ck_assert_int_eq(view_job(story_node(story, jm), 0).status, JOB_RESTARTING);
    ck_assert_uint_eq(view_cluster(story_node(story, jm)).task_managers, 1);
    story_destroy(story);
}
END_TEST

Suite *test_cluster_job_manager_suite(void)
{
    Suite *suite = suite_create("cluster: job manager");
    TCase *dispatcher = tcase_create("dispatcher");
    tcase_add_story(dispatcher, a_job_is_submitted_once);
    tcase_add_story(dispatcher, jobs_that_no_scheduler_runs_are_refused);
    tcase_add_story(dispatcher, the_scheduler_is_chosen_by_flinks_rule);
    tcase_add_story(dispatcher, requests_about_an_unknown_job_are_refused);
    tcase_add_story(dispatcher, jobs_run_side_by_side_and_are_listed);
    tcase_add_story(dispatcher, jobs_hear_of_a_loss_in_the_order_of_submission);
    suite_add_tcase(suite, dispatcher);
    TCase *refused = tcase_create("refused");
    tcase_add_test(refused, a_job_manager_starts_once_and_first);
    tcase_add_story(refused, what_is_for_task_managers_is_refused);
    tcase_add_story(refused, messages_of_strangers_change_nothing);
    tcase_add_story(refused, late_failures_change_nothing);
    suite_add_tcase(suite, refused);
    TCase *masters = tcase_create("job masters");
    tcase_add_story(masters, a_slot_that_is_not_there_is_given_up);
    tcase_add_story(masters, slots_that_fail_are_lost_and_the_last_one_ends_the_contact);
    tcase_add_story(masters, a_contact_that_ends_takes_its_slots_along);
    suite_add_tcase(suite, masters);
    return suite;
}
