/* SPDX-License-Identifier: Apache-2.0
 *
 * Driving a node: one event in, its effects carried out in order, one wake-up kept. A letter comes
 * in; messages, transfers, orders to the data plane, lines and answers go out. No node is stepped
 * while another is.
 */
#include "sim/cluster/parts.h"

/* More wake-ups in a row at one instant than any machine has timers: it has hung itself up. */
enum { WAKES_AT_ONCE_MAX = 1 << 20 };

static const char *const exit_texts[EXIT_REASON_COUNT] = {
    [EXIT_STOPPED] = "as asked",
    [EXIT_REGISTRATION_TIMEOUT] = "no resource manager within taskmanager.registration.timeout",
    [EXIT_CANCELLATION_TIMEOUT] = "a task did not end within task.cancellation.timeout",
    [EXIT_FATAL] = "fatal error",
};

static void carry_out(struct virtual_cluster *cluster, struct process *process,
                      const struct effect *effect)
{
    const struct cluster_observer *observer = &cluster->observer;
    time_ns now = cluster_now(cluster);
    switch (effect->kind) {
    case EFFECT_SEND: network_send(cluster, process, &effect->send); break;
    case EFFECT_STORE_WRITE: storage_write(cluster, process, &effect->store); break;
    case EFFECT_STORE_REMOVE: /* space is not modelled */
        if (cluster->plane_ops && cluster->plane_ops->removed)
            cluster->plane_ops->removed(cluster->plane, &effect->store);
        break;
    case EFFECT_DATA:
        CHECK(process->kind == NODE_TASK_MANAGER);
        if (cluster->plane_ops)
            cluster->plane_ops->order(cluster->plane, process->id, &effect->data);
        break;
    case EFFECT_CLIENT_ANSWER:
        if (observer->answer)
            observer->answer(observer->context, now, &effect->answer);
        break;
    case EFFECT_LOG:
        if (observer->log)
            observer->log(observer->context, now, process->id, &effect->log);
        break;
    case EFFECT_EXIT: break; /* when the others have been carried out */
    case EFFECT_KIND_COUNT: IMPOSSIBLE("effect kind");
    }
}

static void process_exit(struct virtual_cluster *cluster, struct process *process,
                         enum exit_reason reason)
{
    CHECK(reason < EXIT_REASON_COUNT);
    if (reason == EXIT_STOPPED)
        process_close(cluster, process, exit_texts[reason]);
    else
        process_end(cluster, process, true, "exited", exit_texts[reason]);
}

void process_step(struct virtual_cluster *cluster, struct process *process, struct event *event)
{
    CHECK(!cluster->stepping);
    CHECK(process_is_up(process));
    cluster->stepping = true;
    event->at = cluster_now(cluster);
    const struct effects *effects;
    struct err refused = cluster->driver->step(process->node, event, &effects);
    CHECK(!err_is(refused)); /* an event that no correct world gives */
    const struct effect *last = NULL;
    for (VEC_EACH(const struct effect, effect, &effects->list)) {
        carry_out(cluster, process, effect);
        if (effect->kind == EFFECT_EXIT)
            last = effect;
    }
    cluster->stepping = false;
    if (process->id.n == JOB_MANAGER && cluster->observer.step)
        cluster->observer.step(cluster->observer.context, cluster_now(cluster));
    if (last)
        process_exit(cluster, process, last->exit.reason);
    else
        process_plan_wake(cluster, process);
}

static void on_wake(void *context, uint64_t a, uint64_t b)
{
    (void)b;
    struct virtual_cluster *cluster = context;
    struct process *process = cluster_process(cluster, (struct node_id){ (uint32_t)a });
    time_ns now = cluster_now(cluster);
    process->wake = (struct sim_handle){ 0 };
    process->wake_at = TIME_NEVER;
    if (!process_is_up(process))
        return; /* frozen: planned again when it resumes */
    if (cluster->driver->deadline(process->node) > now) {
        process_plan_wake(cluster, process);
        return;
    }
    process->woken_count = process->woken_at == now ? process->woken_count + 1 : 0;
    process->woken_at = now;
    CHECK(process->woken_count < WAKES_AT_ONCE_MAX);
    process_step(cluster, process, &(struct event){ .kind = EVENT_WOKEN });
}

/* A pending wake-up that has become too early is left alone: when it strikes it looks again. Most
 * timers are set anew or cancelled before they are due, and so cost no queue event. Nodes that are
 * due at the same instant wake by id, so that it does not matter when each of them planned it. */
void process_plan_wake(struct virtual_cluster *cluster, struct process *process)
{
    time_ns now = cluster_now(cluster), at = cluster->driver->deadline(process->node);
    if (at >= process->wake_at)
        return;
    if (at < now)
        at = now;
    sim_queue_cancel(cluster->queue, &process->wake);
    process->wake_at = at;
    process->wake =
        sim_queue_push_ranked(cluster->queue, at, SIM_CLASS_WAKE, RANK_WAKE(process->id), on_wake,
                              cluster, process->id.n, 0);
}

static bool makes_contact(const struct process *process, const struct letter *letter)
{
    return letter->kind == EVENT_MESSAGE && !letter->is_known_sender &&
           (process->id.n == JOB_MANAGER || letter->from.n == JOB_MANAGER);
}

static void hear_now(struct virtual_cluster *cluster, struct process *process,
                     struct letter *letter)
{
    letter_taken(cluster, letter);
    struct event event = letter_event(letter);
    process_step(cluster, process, &event);
    if (makes_contact(process, letter))
        contact_make(cluster, process->id.n == JOB_MANAGER ? cluster_process(cluster, letter->from)
                                                           : process);
    letter_destroy(cluster, letter);
}

static void refuse_client(struct virtual_cluster *cluster, const struct event_client *request)
{
    struct effect_answer answer = { .token = request->token,
                                    .request = request->request,
                                    .job = request->job,
                                    .result = { ERR_REFUSED_CODE },
                                    .text = "no JobManager is running" };
    if (cluster->observer.answer)
        cluster->observer.answer(cluster->observer.context, cluster_now(cluster), &answer);
}

void process_miss(struct virtual_cluster *cluster, const struct process *process,
                  const struct letter *letter)
{
    const struct data_plane_ops *plane = cluster->plane_ops;
    if (letter->kind != EVENT_MESSAGE || letter->message->kind != MESSAGE_SUBMIT_TASKS || !plane ||
        !plane->deployment_lost)
        return;
    const struct message_submit_tasks *submit = &letter->message->submit_tasks;
    plane->deployment_lost(cluster->plane, process->id, submit->job, submit->tasks,
                           submit->tasks_count);
}

/* By nobody: the process has ended, or said goodbye. */
static void drop(struct virtual_cluster *cluster, struct process *process, struct letter *letter)
{
    if (letter->kind == EVENT_CLIENT)
        refuse_client(cluster, &letter->event.client);
    process_miss(cluster, process, letter);
    letter_destroy(cluster, letter);
}

void process_hear(struct virtual_cluster *cluster, struct process *process, struct letter *letter)
{
    if (process_is_gone(process)) {
        drop(cluster, process, letter);
        return;
    }
    switch (process->state) {
    case PROCESS_RUNNING:
    case PROCESS_STOPPING:
        if (!way_back_is_awaited(cluster, letter))
            hear_now(cluster, process, letter);
        return;
    case PROCESS_FROZEN:
        network_expect(cluster, letter);
        vec_push(&process->inbox, letter);
        return;
    case PROCESS_BOOTING: /* only clients know that it is coming */
        CHECK(letter->kind == EVENT_CLIENT);
        vec_push(&process->inbox, letter);
        return;
    case PROCESS_CLOSING:
    case PROCESS_ENDED:
    case PROCESS_STATE_COUNT: break;
    }
    IMPOSSIBLE("process state");
}
