/* SPDX-License-Identifier: Apache-2.0
 *
 * A TaskManager by itself, of four slots, told one thing at a time; its invariants are checked
 * after each. There is one per test process.
 */
#ifndef WEIR_TESTS_LIB_LONE_EXECUTOR_H
#define WEIR_TESTS_LIB_LONE_EXECUTOR_H

#include "core/cluster/task_executor.h"

struct lone_executor {
    struct config config;
    struct node *node;
    const struct effects *effects; /* of the last step */
    time_ns now;
};
extern struct lone_executor lone;

extern const struct node_id lone_manager;
extern const struct job_id lone_job;
extern const struct allocation_id lone_first, lone_second;
extern const struct task_attempt lone_attempt;

/* Fixture. */
void lone_open(void);
void lone_close(void);
const struct task_executor *lone_executor(void);

/* Any event, any message, and the ones that are often wanted. */
void lone_step(struct event *event);
void lone_hear(const struct message *message);
void lone_wake(time_ns at);
void lone_fail_send(enum message_kind kind, uint64_t token, enum send_failure failure);
void lone_start(void);
void lone_registered(bool refused);
void lone_request_slot(struct allocation_id allocation);
void lone_contact_made(bool refused);
void lone_accept_slots(struct allocation_id allocation);
void lone_free_slot(struct allocation_id allocation);
void lone_submit(struct allocation_id allocation, uint32_t number); /* lone_attempt's task */
void lone_report(enum execution_state state);                       /* of lone_attempt */
void lone_disconnect(bool resource_manager);
void lone_beat(bool resource_manager);

#endif
