/* SPDX-License-Identifier: Apache-2.0
 *
 * The messages and reports that a TaskManager by itself is given.
 */
#include "tests/lib/lone_executor.h"

#include <check.h>

#include "core/cluster/view.h"

struct lone_executor lone;

const struct node_id lone_manager = { 0 };
const struct job_id lone_job = { 3 };
const struct allocation_id lone_first = { 40 }, lone_second = { 41 };
const struct task_attempt lone_attempt = { { 9 }, 2, 0 };

void lone_step(struct event *event)
{
    event->at = lone.now;
    struct err result = node_step(lone.node, event, &lone.effects);
    ck_assert(!err_is(result));
}

void lone_hear(const struct message *message)
{
    struct event event = { .kind = EVENT_MESSAGE };
    event.message = (struct event_message){ .from = lone_manager, .message = message };
    lone_step(&event);
}

void lone_wake(time_ns at)
{
    struct event event = { .kind = EVENT_WOKEN };
    lone.now = at;
    lone_step(&event);
}

void lone_fail_send(enum message_kind kind, uint64_t token, enum send_failure failure)
{
    struct event event = { .kind = EVENT_SEND_FAILED };
    event.send_failed = (struct event_send_failed){ lone_manager, kind, token, failure };
    lone_step(&event);
}

void lone_open(void)
{
    lone = (struct lone_executor){ .config = config_default() };
    struct node_settings settings = { .kind = NODE_TASK_MANAGER,
                                      .id = { 5 },
                                      .seed = 1,
                                      .config = &lone.config,
                                      .job_manager = lone_manager,
                                      .worker = { 4000, 4 << 20, 4 },
                                      .log_level = LOG_TASK,
                                      .check_invariants = NODE_CHECKS_ALL };
    lone.node = node_create(&settings);
}

void lone_close(void)
{
    node_destroy(lone.node);
}

void lone_start(void)
{
    struct event event = { .kind = EVENT_STARTED };
    lone_step(&event);
}

void lone_registered(bool refused)
{
    struct message message = { .kind = MESSAGE_TASK_MANAGER_REGISTERED };
    message.task_manager_registered = (struct message_task_manager_registered){ refused, 0 };
    lone_hear(&message);
}

void lone_request_slot(struct allocation_id allocation)
{
    struct message message = { .kind = MESSAGE_REQUEST_SLOT };
    message.request_slot = (struct message_request_slot){ .job = lone_job,
                                                          .allocation = allocation,
                                                          .cpu_milli = 1000,
                                                          .memory_bytes = 1 << 20,
                                                          .job_master = lone_manager };
    lone_hear(&message);
}

void lone_contact_made(bool refused)
{
    struct message message = { .kind = MESSAGE_JOB_CONTACT_MADE };
    message.job_contact_made = (struct message_job_contact_made){ lone_job, refused, 0 };
    lone_hear(&message);
}

void lone_accept_slots(struct allocation_id allocation)
{
    struct allocation_item item = { allocation };
    struct message message = { .kind = MESSAGE_SLOTS_ACCEPTED };
    message.slots_accepted =
        (struct message_slots_accepted){ lone_job, &item, !allocation_id_is_none(allocation) };
    lone_hear(&message);
}

void lone_free_slot(struct allocation_id allocation)
{
    struct allocation_item item = { allocation };
    struct message message = { .kind = MESSAGE_FREE_SLOTS };
    message.free_slots = (struct message_free_slots){ lone_job, &item, 1 };
    lone_hear(&message);
}

void lone_submit(struct allocation_id allocation, uint32_t number)
{
    struct task_deployment deployment = { .attempt = lone_attempt, .allocation = allocation };
    deployment.attempt.attempt = number;
    struct message message = { .kind = MESSAGE_SUBMIT_TASKS };
    message.submit_tasks = (struct message_submit_tasks){ lone_job, &deployment, 1 };
    lone_hear(&message);
}

void lone_report(enum execution_state state)
{
    struct task_report said = { lone_attempt, state, CAUSE_NONE, node_id_none(), 0 };
    struct event event = { .kind = EVENT_DATA };
    event.data = (struct event_data){
        .kind = DATA_TASK_STATES, .job = lone_job, .tasks = &said, .task_count = 1
    };
    lone_step(&event);
}

void lone_disconnect(bool resource_manager)
{
    struct message message = { .kind = resource_manager ? MESSAGE_RM_DISCONNECT
                                                        : MESSAGE_JM_DISCONNECT };
    if (resource_manager)
        message.rm_disconnect.cause = CAUSE_NONE;
    else
        message.jm_disconnect = (struct message_jm_disconnect){ lone_job, CAUSE_NONE };
    lone_hear(&message);
}

void lone_beat(bool resource_manager)
{
    struct message message = { .kind =
                                   resource_manager ? MESSAGE_RM_HEARTBEAT : MESSAGE_JM_HEARTBEAT };
    if (resource_manager)
        message.rm_heartbeat.round = 1;
    else
        message.jm_heartbeat = (struct message_jm_heartbeat){ .job = lone_job, .round = 1 };
    lone_hear(&message);
}

const struct task_executor *lone_executor(void)
{
    return node_task_executor(lone.node);
}
