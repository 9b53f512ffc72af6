/* SPDX-License-Identifier: Apache-2.0
 *
 * Checkpoints on their way through a TaskManager: from the JobMaster to the data plane (trigger,
 * complete, aborted) and back (acknowledged, declined, and what decides when the next one is due).
 * Nothing of a checkpoint is kept here, so a late message is dropped by whoever knows better: the
 * data plane, or the coordinator. Source: TaskExecutor.triggerCheckpoint, RpcCheckpointResponder.
 */
#include "core/cluster/task_executor_parts.h"

/* Whoever is the job's master now; nobody where there is none. */
static void tell_master(struct task_executor *executor, struct job_id id,
                        const struct message *message)
{
    const struct executor_job *job = executor_jobs_find(executor, id);
    if (job && job->contact == CONTACT_MADE)
        effects_send(&executor->effects, job->job_master, message);
}

/* As the data plane says it: what the parts stand on first. */
void executor_checkpoints_acknowledged(struct task_executor *executor,
                                       const struct event_data *data)
{
    struct message shares = { .kind = MESSAGE_CHECKPOINT_SHARES };
    struct message message = { .kind = MESSAGE_CHECKPOINT_ACKNOWLEDGED };
    shares.checkpoint_shares =
        (struct message_checkpoint_shares){ data->job, data->checkpoint, data->shared,
                                            data->shared_count };
    message.checkpoint_acknowledged =
        (struct message_checkpoint_acknowledged){ data->job, data->checkpoint, data->acks,
                                                  data->ack_count };
    if (data->shared_count > 0)
        tell_master(executor, data->job, &shares);
    tell_master(executor, data->job, &message);
}

/* The same for one that cannot be taken. */
void executor_checkpoints_declined(struct task_executor *executor, const struct event_data *data)
{
    struct message message = { .kind = MESSAGE_CHECKPOINT_DECLINED };
    message.checkpoint_declined =
        (struct message_checkpoint_declined){ data->job, data->checkpoint, data->cause,
                                              &data->declined_by, 1 };
    tell_master(executor, data->job, &message);
}

/* Flink's TaskExecutor: CHECKPOINT_DECLINED_TASK_NOT_READY, which is not counted. */
static void decline_for(struct task_executor *executor,
                        const struct message_trigger_checkpoint *trigger,
                        struct task_attempt not_running)
{
    executor_checkpoints_declined(executor, &(struct event_data){ .job = trigger->job,
                                                                  .checkpoint = trigger->checkpoint,
                                                                  .declined_by = not_running,
                                                                  .cause = CAUSE_TASK_UNKNOWN });
}

/* All of the tasks named run here, or the checkpoint is declined as a whole, for the first that
 * does not. */
void executor_checkpoints_trigger(struct task_executor *executor,
                                  const struct message_trigger_checkpoint *trigger)
{
    struct task_attempt *here =
        arena_take(&executor->effects.arena, (trigger->tasks_count + 1) * sizeof *here);
    for (size_t i = 0; i < trigger->tasks_count; i++) {
        const struct executor_task *task =
            executor_tasks_find(executor, trigger->job, trigger->tasks[i]);
        if (!task || task->state != EXECUTION_RUNNING) {
            decline_for(executor, trigger, trigger->tasks[i]);
            return;
        }
        here[i] = trigger->tasks[i];
    }
    effects_data(
        &executor->effects,
        &(struct effect_data){ .kind = DATA_TRIGGER_CHECKPOINT,
                               .job = trigger->job,
                               .attempts = here,
                               .count = trigger->tasks_count,
                               .checkpoint = { .checkpoint = trigger->checkpoint,
                                               .kind = (enum checkpoint_kind)trigger->kind,
                                               .unaligned = trigger->unaligned != 0,
                                               .aligned_timeout = trigger->aligned_timeout } });
}

void executor_checkpoints_notify(struct task_executor *executor, enum data_order order,
                                 struct job_id job, uint64_t checkpoint)
{
    if (executor_jobs_find(executor, job))
        effects_data(&executor->effects,
                     &(struct effect_data){
                         .kind = order, .job = job, .checkpoint = { .checkpoint = checkpoint } });
}

/* What a reader tells its enumerator goes by way of the TaskManager. */
void executor_checkpoints_backlog(struct task_executor *executor, const struct event_data *data)
{
    struct message message = { .kind = MESSAGE_SOURCE_BACKLOG };
    message.source_backlog =
        (struct message_source_backlog){ data->job, data->source.task, data->source.attempt,
                                         data->source.graph, data->in_backlog };
    tell_master(executor, data->job, &message);
}

/* Task.notifyEndOfData. */
void executor_checkpoints_end_of_data(struct task_executor *executor, const struct event_data *data)
{
    struct message message = { .kind = MESSAGE_END_OF_DATA };
    message.end_of_data =
        (struct message_end_of_data){ data->job, data->at_end, data->at_end_count };
    tell_master(executor, data->job, &message);
}
