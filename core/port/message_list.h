/* SPDX-License-Identifier: Apache-2.0
 *
 * Every message between nodes, once. From this one table come the structs (message.h), the codec
 * (message_codec.c), the copier and the printer (message.c). A message has fixed fields and at most
 * one list of items. Direction and answer stand behind each name.
 *
 * F(type, name) a field: an integer or a one-field id; E(tag, name) an enum of data.h, whose value
 * the decoder checks; L(item type, name) the list. Item types are those at the end.
 */
#ifndef WEIR_PORT_MESSAGE_LIST_H
#define WEIR_PORT_MESSAGE_LIST_H

#define MESSAGES(M)                                                                                \
    /* TaskManager and resource manager: FLIP-6 registration, slots, heartbeats */                 \
    M(REGISTER_TASK_MANAGER, register_task_manager)     /* TM -> RM, request */                    \
    M(TASK_MANAGER_REGISTERED, task_manager_registered) /* RM -> TM */                             \
    M(SLOT_REPORT, slot_report)                         /* TM -> RM, after registration */         \
    M(REQUEST_SLOT, request_slot)                       /* RM -> TM, request */                    \
    M(SLOT_GRANTED, slot_granted)                       /* TM -> RM */                             \
    M(SLOT_AVAILABLE, slot_available)                   /* TM -> RM: a slot became free */         \
    M(RM_HEARTBEAT, rm_heartbeat)                       /* RM -> TM, request */                    \
    M(RM_HEARTBEAT_ANSWER, rm_heartbeat_answer)         /* TM -> RM, with a slot report */         \
    M(RM_DISCONNECT, rm_disconnect)                     /* either way */                           \
    /* TaskManager and JobMaster */                                                                \
    M(JOB_OFFER_CONTACT, job_offer_contact)   /* TM -> JM: register at the JobMaster */            \
    M(JOB_CONTACT_MADE, job_contact_made)     /* JM -> TM: accepted or refused */                  \
    M(OFFER_SLOTS, offer_slots)               /* TM -> JM, request */                              \
    M(SLOTS_ACCEPTED, slots_accepted)         /* JM -> TM: those not named are refused */          \
    M(FREE_SLOTS, free_slots)                 /* JM -> TM */                                       \
    M(SUBMIT_TASKS, submit_tasks)             /* JM -> TM, request */                              \
    M(CANCEL_TASKS, cancel_tasks)             /* JM -> TM, request */                              \
    M(TASK_STATES, task_states)               /* TM -> JM, request */                              \
    M(TRIGGER_CHECKPOINT, trigger_checkpoint) /* JM -> TM, request: to source tasks */             \
    M(CHECKPOINT_ACKNOWLEDGED, checkpoint_acknowledged) /* TM -> JM */                             \
    M(CHECKPOINT_DECLINED, checkpoint_declined)         /* TM -> JM */                             \
    M(SOURCE_BACKLOG, source_backlog)           /* TM -> JM: an event for its enumerator */        \
    M(CHECKPOINT_COMPLETE, checkpoint_complete) /* JM -> TM */                                     \
    M(CHECKPOINT_ABORTED, checkpoint_aborted)   /* JM -> TM */                                     \
    M(JM_HEARTBEAT, jm_heartbeat)               /* JM -> TM, request, with deployments */          \
    M(JM_HEARTBEAT_ANSWER, jm_heartbeat_answer) /* TM -> JM, with what it runs */                  \
    M(JM_DISCONNECT, jm_disconnect)             /* either way, per job */                          \
    M(END_OF_DATA, end_of_data)                 /* TM -> JM: of tasks whose input has ended */     \
    M(CHECKPOINT_SHARES, checkpoint_shares)     /* TM -> JM, before what it acknowledges */        \
    M(FAIL_SLOTS, fail_slots)                   /* TM -> JM: it does not have these */

/* held: slots in use, of one that comes back (Flink sends them behind, in its first slot report).
 */
#define MESSAGE_register_task_manager(F, E, L)                                                     \
    F(int32_t, cpu_milli) F(int64_t, memory_bytes) F(uint32_t, slots) L(slot_status, held)
/* refused: the slot manager's maximum is reached. heartbeat_origin: the grid of the RM's requests.
 */
#define MESSAGE_task_manager_registered(F, E, L) F(uint32_t, refused) F(int64_t, heartbeat_origin)
#define MESSAGE_slot_report(F, E, L)             L(slot_status, slots)
#define MESSAGE_request_slot(F, E, L)                                                              \
    F(struct job_id, job)                                                                          \
    F(struct allocation_id, allocation)                                                            \
    F(uint32_t, slot)                                                                              \
    F(uint32_t, by_default)                                                                        \
    F(int32_t, cpu_milli) F(int64_t, memory_bytes) F(struct node_id, job_master)
#define MESSAGE_slot_granted(F, E, L)                                                              \
    F(struct allocation_id, allocation) F(uint32_t, slot) F(uint32_t, refused)
#define MESSAGE_slot_available(F, E, L)      F(struct allocation_id, allocation) F(uint32_t, slot)
#define MESSAGE_rm_heartbeat(F, E, L)        F(uint64_t, round)
#define MESSAGE_rm_heartbeat_answer(F, E, L) F(uint64_t, round) L(slot_status, slots)
#define MESSAGE_rm_disconnect(F, E, L)       E(failure_cause, cause)
#define MESSAGE_job_offer_contact(F, E, L)   F(struct job_id, job)
#define MESSAGE_job_contact_made(F, E, L)                                                          \
    F(struct job_id, job) F(uint32_t, refused) F(int64_t, heartbeat_origin)
#define MESSAGE_offer_slots(F, E, L)    F(struct job_id, job) L(slot_offer, offers)
#define MESSAGE_slots_accepted(F, E, L) F(struct job_id, job) L(allocation_item, accepted)
#define MESSAGE_free_slots(F, E, L)     F(struct job_id, job) L(allocation_item, freed)
#define MESSAGE_submit_tasks(F, E, L)   F(struct job_id, job) L(task_deployment, tasks)
#define MESSAGE_cancel_tasks(F, E, L)   F(struct job_id, job) L(task_attempt, tasks)
#define MESSAGE_task_states(F, E, L)    F(struct job_id, job) L(task_report, tasks)
#define MESSAGE_trigger_checkpoint(F, E, L)                                                        \
    F(struct job_id, job)                                                                          \
    F(uint64_t, checkpoint)                                                                        \
    E(checkpoint_kind, kind)                                                                       \
    F(uint32_t, unaligned) F(int64_t, aligned_timeout) L(task_attempt, tasks)
#define MESSAGE_checkpoint_acknowledged(F, E, L)                                                   \
    F(struct job_id, job) F(uint64_t, checkpoint) L(checkpoint_ack, acks)
#define MESSAGE_checkpoint_declined(F, E, L)                                                       \
    F(struct job_id, job) F(uint64_t, checkpoint) E(failure_cause, cause) L(task_attempt, tasks)
#define MESSAGE_checkpoint_shares(F, E, L)                                                         \
    F(struct job_id, job) F(uint64_t, checkpoint) L(shared_file, files)
#define MESSAGE_end_of_data(F, E, L) F(struct job_id, job) L(task_attempt, tasks)
#define MESSAGE_source_backlog(F, E, L)                                                            \
    F(struct job_id, job)                                                                          \
    F(struct task_id, task) F(uint32_t, attempt) F(uint32_t, graph) F(uint32_t, in_backlog)
#define MESSAGE_checkpoint_complete(F, E, L) F(struct job_id, job) F(uint64_t, checkpoint)
#define MESSAGE_checkpoint_aborted(F, E, L)  F(struct job_id, job) F(uint64_t, checkpoint)
#define MESSAGE_jm_heartbeat(F, E, L)                                                              \
    F(struct job_id, job) F(uint64_t, round) L(allocation_item, allocations)
#define MESSAGE_jm_heartbeat_answer(F, E, L)                                                       \
    F(struct job_id, job) F(uint64_t, round) L(task_attempt, running)
#define MESSAGE_jm_disconnect(F, E, L) F(struct job_id, job) E(failure_cause, cause)
#define MESSAGE_fail_slots(F, E, L)    F(struct job_id, job) L(allocation_item, failed)

/* Item types. Those of message.h, whose structs are made from these lists. */
#define MESSAGE_ITEMS(X) X(slot_status) X(slot_offer) X(allocation_item)

/* Those of data.h; the lists must name every member of the struct, nested ones with their path. */
#define DATA_ITEMS(X)                                                                              \
    X(task_attempt) X(task_deployment) X(task_report) X(checkpoint_ack) X(shared_file)

#define ITEM_slot_status(F, E)                                                                     \
    F(uint32_t, slot)                                                                              \
    F(uint32_t, free)                                                                              \
    F(struct job_id, job)                                                                          \
    F(struct allocation_id, allocation) F(int32_t, cpu_milli) F(int64_t, memory_bytes)
#define ITEM_slot_offer(F, E)                                                                      \
    F(struct allocation_id, allocation)                                                            \
    F(uint32_t, slot) F(int32_t, cpu_milli) F(int64_t, memory_bytes)
#define ITEM_allocation_item(F, E) F(struct allocation_id, allocation)

#define ITEM_task_attempt(F, E) F(struct task_id, task) F(uint32_t, attempt) F(uint32_t, graph)
#define ITEM_task_deployment(F, E)                                                                 \
    F(struct task_id, attempt.task)                                                                \
    F(uint32_t, attempt.attempt)                                                                   \
    F(uint32_t, attempt.graph)                                                                     \
    F(struct vertex_id, vertex)                                                                    \
    F(uint32_t, subtask)                                                                           \
    F(uint32_t, parallelism)                                                                       \
    F(uint32_t, key_group_first)                                                                   \
    F(uint32_t, key_group_last)                                                                    \
    F(struct allocation_id, allocation)                                                            \
    F(int32_t, slot_cpu_milli) F(uint64_t, restore_checkpoint) F(int64_t, restore_bytes)
#define ITEM_task_report(F, E)                                                                     \
    F(struct task_id, attempt.task)                                                                \
    F(uint32_t, attempt.attempt)                                                                   \
    F(uint32_t, attempt.graph)                                                                     \
    E(execution_state, state) E(failure_cause, cause) F(struct node_id, remote) F(uint32_t, detail)
#define ITEM_shared_file(F, E) F(struct task_id, task) F(uint64_t, checkpoint) F(uint32_t, subtask)
#define ITEM_checkpoint_ack(F, E)                                                                  \
    F(struct task_id, attempt.task)                                                                \
    F(uint32_t, attempt.attempt)                                                                   \
    F(uint32_t, attempt.graph)                                                                     \
    F(int64_t, state_bytes)                                                                        \
    F(int64_t, written_bytes)                                                                      \
    F(int64_t, in_flight_bytes)                                                                    \
    F(time_ns, alignment) F(time_ns, sync) F(time_ns, async) F(uint32_t, at_end)

#endif
