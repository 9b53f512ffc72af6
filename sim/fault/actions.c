/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of actions. To add one: a kind in sim/load/scenario_script.h with its reader, a
 * function here and a row (docs/howto/add-a-fault.md).
 */
#include "sim/fault/actions.h"

#include <math.h>

#include "sim/fault/script.h"

void action_context_fini(struct action_context *context)
{
    vec_fini(&context->lasting);
}

/* Machines and processes. */

/* A name is free when nobody has it, or only the dead have. */
static bool add_can(const struct action_context *context, const struct scripted_event *event,
                    struct action_target target)
{
    (void)target;
    if (!event->task_manager)
        return true;
    struct node_id old = virtual_cluster_find(context->cluster, event->task_manager);
    return node_id_is_none(old) ||
           virtual_cluster_process(context->cluster, old).state == PROCESS_ENDED;
}

static void add_begin(struct action_context *context, const struct scripted_event *event,
                      struct action_target target)
{
    (void)target;
    struct virtual_cluster *cluster = context->cluster;
    const struct machine_spec *machine = virtual_cluster_machine_of(cluster, event->task_manager);
    for (uint32_t i = 0; i < event->count; i++)
        virtual_cluster_add_task_manager(cluster, event->task_manager, machine);
}

static void stop_begin(struct action_context *context, const struct scripted_event *event,
                       struct action_target target)
{
    virtual_cluster_stop(context->cluster, target.node, event->grace);
}

static void kill_begin(struct action_context *context, const struct scripted_event *event,
                       struct action_target target)
{
    virtual_cluster_kill(context->cluster, target.node, event->label);
}

/* Of a machine that boots there is no process to stop yet. */
static bool freeze_can(const struct action_context *context, const struct scripted_event *event,
                       struct action_target target)
{
    (void)event;
    return virtual_cluster_process(context->cluster, target.node).state != PROCESS_BOOTING;
}

static void freeze_begin(struct action_context *context, const struct scripted_event *event,
                         struct action_target target)
{
    (void)event;
    virtual_cluster_freeze(context->cluster, target.node);
}

static void freeze_end(struct action_context *context, const struct scripted_event *event,
                       struct action_target target)
{
    (void)event;
    virtual_cluster_resume(context->cluster, target.node);
}

/* Links and hosts. */

static void cut_begin(struct action_context *context, const struct scripted_event *event,
                      struct action_target target)
{
    (void)event;
    virtual_cluster_cut(context->cluster, target.node, target.peer, true);
}

static void cut_end(struct action_context *context, const struct scripted_event *event,
                    struct action_target target)
{
    (void)event;
    virtual_cluster_cut(context->cluster, target.node, target.peer, false);
}

static void lasting_remove(struct action_context *context, const struct scripted_event *event,
                           struct action_target target)
{
    for (size_t i = 0; i < context->lasting.count; i++) {
        const struct lasting *lasting = &context->lasting.items[i];
        if (lasting->event == event && node_id_equal(lasting->node, target.node) &&
            node_id_equal(lasting->peer, target.peer)) {
            vec_remove_ordered(&context->lasting, i);
            return;
        }
    }
    IMPOSSIBLE("end of what never began");
}

/* The speed under all slow-downs of the node that last: their factors multiply, down to the least
 * speed there is. */
static void apply_speed(struct action_context *context, struct node_id node)
{
    const struct machine_spec *machine = virtual_cluster_process(context->cluster, node).machine;
    double speed = machine ? machine->speed : 1;
    for (VEC_EACH(const struct lasting, lasting, &context->lasting))
        if (lasting->event->kind == ACTION_SLOW && node_id_equal(lasting->node, node))
            speed *= lasting->event->factor;
    virtual_cluster_set_speed(context->cluster, node, fmax(speed, MACHINE_SPEED_MIN));
}

/* The loss under all that last: a message must escape each. */
static void apply_loss(struct action_context *context, struct node_id node)
{
    double passes = 1;
    for (VEC_EACH(const struct lasting, lasting, &context->lasting))
        if (lasting->event->kind == ACTION_LOSS && node_id_equal(lasting->node, node) &&
            node_id_is_none(lasting->peer))
            passes *= 1 - lasting->event->factor;
    virtual_cluster_set_loss(context->cluster, node, 1 - passes);
}

static bool is_of_pair(const struct lasting *lasting, struct action_target pair)
{
    return (node_id_equal(lasting->node, pair.node) && node_id_equal(lasting->peer, pair.peer)) ||
           (node_id_equal(lasting->node, pair.peer) && node_id_equal(lasting->peer, pair.node));
}

/* What is done to a link by all that last: latencies add up, the least bandwidth counts, a message
 * must escape each loss. */
static void apply_throttle(struct action_context *context, struct action_target pair)
{
    struct link_throttle throttle = { 0 };
    double passes = 1;
    for (VEC_EACH(const struct lasting, lasting, &context->lasting)) {
        const struct scripted_event *event = lasting->event;
        if (!is_of_pair(lasting, pair))
            continue;
        passes *= 1 - event->factor;
        throttle.latency = time_add(throttle.latency, event->more_latency);
        if (event->bandwidth_bps > 0 &&
            (throttle.bandwidth_bps <= 0 || event->bandwidth_bps < throttle.bandwidth_bps))
            throttle.bandwidth_bps = event->bandwidth_bps;
    }
    throttle.loss = 1 - passes;
    virtual_cluster_throttle(context->cluster, pair.node, pair.peer, &throttle);
}

static void slow_begin(struct action_context *context, const struct scripted_event *event,
                       struct action_target target)
{
    vec_push(&context->lasting, (struct lasting){ event, target.node, target.peer });
    apply_speed(context, target.node);
}

static void slow_end(struct action_context *context, const struct scripted_event *event,
                     struct action_target target)
{
    lasting_remove(context, event, target);
    apply_speed(context, target.node);
}

static void apply_to_link(struct action_context *context, struct action_target target)
{
    if (node_id_is_none(target.peer))
        apply_loss(context, target.node);
    else
        apply_throttle(context, target);
}

static void link_begin(struct action_context *context, const struct scripted_event *event,
                       struct action_target target)
{
    vec_push(&context->lasting, (struct lasting){ event, target.node, target.peer });
    apply_to_link(context, target);
}

static void link_end(struct action_context *context, const struct scripted_event *event,
                     struct action_target target)
{
    lasting_remove(context, event, target);
    apply_to_link(context, target);
}

/* Storage. */

static void fail_storage(struct action_context *context, const struct scripted_event *event,
                         bool fails)
{
    virtual_cluster_fail_storage(context->cluster, event->requests != STORAGE_READS,
                                 event->requests != STORAGE_WRITES, fails);
}

static void fail_storage_begin(struct action_context *context, const struct scripted_event *event,
                               struct action_target target)
{
    (void)target;
    fail_storage(context, event, true);
}

static void fail_storage_end(struct action_context *context, const struct scripted_event *event,
                             struct action_target target)
{
    (void)target;
    fail_storage(context, event, false);
}

/* Jobs. */

/* Code fails where it runs. */
static bool fail_task_can(const struct action_context *context, const struct scripted_event *event,
                          struct action_target target)
{
    (void)target;
    return virtual_cluster_has_task(context->cluster, event->job, event->vertex, event->subtask);
}

static void fail_task_begin(struct action_context *context, const struct scripted_event *event,
                            struct action_target target)
{
    (void)target;
    virtual_cluster_fail_task(context->cluster, event->job, event->vertex, event->subtask);
}

static void ask(struct action_context *context, const struct scripted_event *event,
                enum client_request request)
{
    struct event_client client = { .request = request,
                                   .token = SCRIPT_TOKEN | ++context->asked,
                                   .job = event->job,
                                   .drain = event->drain,
                                   .bounds = event->bounds.items,
                                   .bound_count = event->bounds.count };
    virtual_cluster_ask(context->cluster, &client);
}

static void cancel_begin(struct action_context *context, const struct scripted_event *event,
                         struct action_target target)
{
    (void)target;
    ask(context, event, CLIENT_CANCEL_JOB);
}

static void stop_job_begin(struct action_context *context, const struct scripted_event *event,
                           struct action_target target)
{
    (void)target;
    ask(context, event, CLIENT_STOP_WITH_SAVEPOINT);
}

static void savepoint_begin(struct action_context *context, const struct scripted_event *event,
                            struct action_target target)
{
    (void)target;
    ask(context, event, CLIENT_TRIGGER_SAVEPOINT);
}

static void rescale_begin(struct action_context *context, const struct scripted_event *event,
                          struct action_target target)
{
    (void)target;
    ask(context, event, CLIENT_UPDATE_REQUIREMENTS);
}

const struct action_row action_rows[ACTION_KIND_COUNT] = {
    [ACTION_ADD] = { false, add_can, add_begin, NULL },
    [ACTION_STOP] = { true, NULL, stop_begin, NULL },
    [ACTION_KILL] = { true, NULL, kill_begin, NULL },
    [ACTION_FREEZE] = { true, freeze_can, freeze_begin, freeze_end },
    [ACTION_CUT] = { true, NULL, cut_begin, cut_end },
    [ACTION_SLOW] = { true, NULL, slow_begin, slow_end },
    [ACTION_LOSS] = { true, NULL, link_begin, link_end },
    [ACTION_THROTTLE] = { true, NULL, link_begin, link_end },
    [ACTION_FAIL_STORAGE] = { false, NULL, fail_storage_begin, fail_storage_end },
    [ACTION_FAIL_TASK] = { false, fail_task_can, fail_task_begin, NULL },
    [ACTION_CANCEL] = { false, NULL, cancel_begin, NULL },
    [ACTION_STOP_JOB] = { false, NULL, stop_job_begin, NULL },
    [ACTION_SAVEPOINT] = { false, NULL, savepoint_begin, NULL },
    [ACTION_RESCALE] = { false, NULL, rescale_begin, NULL },
};
