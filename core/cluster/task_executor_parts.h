/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the TaskExecutor call in one another. Slots know how many tasks are in them,
 * jobs how many slots; a slot that becomes free tells the job's row, the last one ends it.
 */
#ifndef WEIR_CLUSTER_TASK_EXECUTOR_PARTS_H
#define WEIR_CLUSTER_TASK_EXECUTOR_PARTS_H

#include "core/cluster/task_executor.h"

enum { MONITOR_RM = 0 }; /* the subject of a job's monitor is 1 + its id */

enum executor_timer {
    EXECUTOR_RM_RETRY,
    EXECUTOR_RM_PATIENCE,
    EXECUTOR_SLOT_TIMEOUT,
    EXECUTOR_JOB_RETRY,
    EXECUTOR_WATCHDOG,
};

/* task_executor.c */
void executor_log(struct task_executor *executor, enum log_level level, const char *what,
                  struct job_id job, int64_t value, const char *reason);
void executor_send_rm(struct task_executor *executor, const struct message *message);
/* Sets the timer anew, whether it was set or not. */
void executor_set_timer(struct task_executor *executor, struct timer_handle *handle,
                        enum executor_timer kind, uint32_t subject, time_ns delay);
/* Goodbye to all, then the process exits. */
void executor_end(struct task_executor *executor, enum exit_reason reason);

/* task_executor_slots.c */
void executor_slots_init(struct task_executor *executor);
void executor_slots_on_request(struct task_executor *executor,
                               const struct message_request_slot *request);
/* The job has accepted the slot; or it is lost, and the slot waits to be offered again. */
void executor_slots_activate(struct task_executor *executor, uint32_t slot);
void executor_slots_deactivate(struct task_executor *executor, uint32_t slot);
/* The slot is given up: its tasks end, then it is free and the resource manager hears of it. */
void executor_slots_free(struct task_executor *executor, uint32_t slot);
void executor_slots_task_ended(struct task_executor *executor, uint32_t slot);
/* ID_NONE: no slot here has the allocation. */
uint32_t executor_slots_find(const struct task_executor *executor, struct allocation_id allocation);
void executor_slots_on_timeout(struct task_executor *executor, uint32_t slot);
/* The slots in use, into the effects' arena; gives their number. */
size_t executor_slots_report(struct task_executor *executor, const struct slot_status **out);
void executor_slots_check(const struct task_executor *executor);

/* task_executor_jobs.c */
struct executor_job *executor_jobs_find(struct task_executor *executor, struct job_id job);
struct executor_job *executor_jobs_find_or_add(struct task_executor *executor, struct job_id job,
                                               struct node_id job_master);
void executor_jobs_contact(struct task_executor *executor, struct executor_job *job);
void executor_jobs_on_contact(struct task_executor *executor,
                              const struct message_job_contact_made *answer);
void executor_jobs_offer(struct task_executor *executor, struct executor_job *job);
void executor_jobs_on_accepted(struct task_executor *executor,
                               const struct message_slots_accepted *accepted);
/* Of the slots that the JobMaster takes for its own, it is told which are not; and those that it
 * had taken and does not list are free. With the last one the job's row goes. */
void executor_jobs_fail_missing(struct task_executor *executor, const struct executor_job *job,
                                const struct allocation_item *items, size_t count);
void executor_jobs_free_unlisted(struct task_executor *executor, struct job_id job,
                                 const struct allocation_item *items, size_t count);
/* The JobMaster is gone, or says so: its tasks fail, its slots wait to be taken again. */
void executor_jobs_lost(struct task_executor *executor, struct job_id job, const char *why);
void executor_jobs_on_retry(struct task_executor *executor, struct job_id job);
void executor_jobs_on_send_failed(struct task_executor *executor,
                                  const struct event_send_failed *failed);
void executor_jobs_slot_gone(struct task_executor *executor, struct job_id job);

/* task_executor_checkpoints.c */
void executor_checkpoints_trigger(struct task_executor *executor,
                                  const struct message_trigger_checkpoint *trigger);
void executor_checkpoints_notify(struct task_executor *executor, enum data_order order,
                                 struct job_id job, uint64_t checkpoint);
void executor_checkpoints_acknowledged(struct task_executor *executor,
                                       const struct event_data *data);
void executor_checkpoints_declined(struct task_executor *executor, const struct event_data *data);
void executor_checkpoints_backlog(struct task_executor *executor, const struct event_data *data);
void executor_checkpoints_end_of_data(struct task_executor *executor,
                                      const struct event_data *data);

/* task_executor_tasks.c */
/* Null: this very attempt is not here; perhaps another one of the task is. */
struct executor_task *executor_tasks_find(struct task_executor *executor, struct job_id job,
                                          struct task_attempt attempt);
void executor_tasks_submit(struct task_executor *executor,
                           const struct message_submit_tasks *submit);
void executor_tasks_cancel(struct task_executor *executor, struct job_id job,
                           const struct task_attempt *attempts, size_t count);
/* Ends the tasks of one slot, or of all slots of a job (slot none), as FAILED with the cause. */
void executor_tasks_fail(struct task_executor *executor, struct job_id job, struct slot_id slot,
                         enum failure_cause cause);
/* A report of task states was not taken: the tasks it was about, known by its number, fail. */
void executor_tasks_on_report_failed(struct task_executor *executor, uint32_t report);
void executor_tasks_on_data(struct task_executor *executor, const struct event_data *data);
void executor_tasks_on_watchdog(struct task_executor *executor);
size_t executor_tasks_running(struct task_executor *executor, struct job_id job,
                              const struct task_attempt **out);
void executor_tasks_check(const struct task_executor *executor);

#endif
