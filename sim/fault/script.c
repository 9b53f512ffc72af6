/* SPDX-License-Identifier: Apache-2.0
 *
 * Triggers, targets and the order of things; the actions themselves are in actions.c. Log lines and
 * facts come in, queue events of class fault go out, and from those calls on the cluster.
 */
#include "sim/fault/script.h"

#include "sim/fault/actions.h"
#include "sim/load/event_pattern.h"
#include "sim/load/event_words.h"

struct script_event {
    struct rng rng; /* chooses its targets */
    struct script_outcome outcome;
};

struct script {
    struct action_context context;
    struct sim_queue *queue;
    const struct scenario *scenario;
    script_slots_used *slots_used;
    void *slots_context;
    VEC(struct script_event) events; /* as in the scenario */
    VEC(uint32_t) waiting;           /* those whose trigger is a line still to come */
    VEC(struct node_id) targets;     /* of the action under way */
};

struct script *script_create(struct virtual_cluster *cluster, script_slots_used *slots_used,
                             void *context)
{
    struct script *script = mem_create(sizeof *script);
    script->scenario = virtual_cluster_scenario(cluster);
    script->queue = virtual_cluster_queue(cluster);
    script->context.cluster = cluster;
    script->slots_used = slots_used;
    script->slots_context = context;
    vec_resize(&script->events, script->scenario->events.count);
    for (size_t i = 0; i < script->events.count; i++)
        script->events.items[i].rng = rng_stream(script->scenario->seed, "script", i);
    return script;
}

void script_destroy(struct script *script)
{
    if (!script)
        return;
    action_context_fini(&script->context);
    vec_fini(&script->events);
    vec_fini(&script->waiting);
    vec_fini(&script->targets);
    mem_destroy(script);
}

/* Targets. */

static bool is_there(const struct script *script, struct node_id node)
{
    return !node_id_is_none(node) &&
           virtual_cluster_process(script->context.cluster, node).state != PROCESS_ENDED;
}

static bool is_candidate(const struct script *script, enum target_kind kind, struct node_id node)
{
    struct process_view process = virtual_cluster_process(script->context.cluster, node);
    if (process.kind != NODE_TASK_MANAGER || process.state != PROCESS_RUNNING)
        return false;
    if (kind == TARGET_RANDOM)
        return true;
    bool in_use = script->slots_used(script->slots_context, node) > 0;
    return in_use == (kind == TARGET_IN_USE);
}

/* Moves `count` of the candidates, drawn without putting back, to the front; forgets the rest. */
static void draw_targets(struct script *script, struct rng *rng, uint32_t count)
{
    struct node_id *items = script->targets.items;
    if (count > script->targets.count)
        count = (uint32_t)script->targets.count;
    for (uint32_t i = 0; i < count; i++) {
        size_t chosen = i + rng_below(rng, script->targets.count - i);
        struct node_id swap = items[i];
        items[i] = items[chosen];
        items[chosen] = swap;
    }
    script->targets.count = count;
}

/* The peer is no target: nothing comes between a host and itself. */
static void choose_targets(struct script *script, size_t index, struct node_id peer)
{
    const struct scripted_event *event = &script->scenario->events.items[index];
    struct virtual_cluster *cluster = script->context.cluster;
    vec_clear(&script->targets);
    if (event->target == TARGET_NAMED) {
        struct node_id node = virtual_cluster_find(cluster, event->task_manager);
        if (is_there(script, node) && !node_id_equal(node, peer))
            vec_push(&script->targets, node);
        return;
    }
    const struct node_id *living;
    size_t count = virtual_cluster_living(cluster, &living);
    for (size_t i = 0; i < count; i++)
        if (is_candidate(script, event->target, living[i]) && !node_id_equal(living[i], peer))
            vec_push(&script->targets, living[i]);
    draw_targets(script, &script->events.items[index].rng, event->count);
}

/* Acting. */

static void on_over(void *context, uint64_t a, uint64_t b)
{
    struct script *script = context;
    const struct scripted_event *event = &script->scenario->events.items[a];
    struct action_target target = { { (uint32_t)b }, { (uint32_t)(b >> 32) } };
    action_rows[event->kind].end(&script->context, event, target);
}

static void act_on(struct script *script, size_t index, struct action_target target)
{
    const struct scripted_event *event = &script->scenario->events.items[index];
    const struct action_row *row = &action_rows[event->kind];
    row->begin(&script->context, event, target);
    if (row->end && event->duration != TIME_NEVER)
        sim_queue_push(script->queue, time_add(sim_queue_now(script->queue), event->duration),
                       SIM_CLASS_FAULT, on_over, script, index,
                       (uint64_t)target.peer.n << 32 | target.node.n);
}

/* The other end of a cut: false when it is named and not there. */
static bool find_peer(const struct script *script, const struct scripted_event *event,
                      struct node_id *out)
{
    *out = node_id_none();
    if (!event->peer)
        return true;
    *out = virtual_cluster_find(script->context.cluster, event->peer);
    return is_there(script, *out);
}

/* Leaves the targets that the action can change; for an action without any, none stands for the
 * whole cluster. */
static struct node_id find_targets(struct script *script, size_t index)
{
    const struct scripted_event *event = &script->scenario->events.items[index];
    const struct action_row *row = &action_rows[event->kind];
    struct node_id peer = node_id_none();
    size_t kept = 0;
    vec_clear(&script->targets);
    if (!row->has_targets)
        vec_push(&script->targets, node_id_none());
    else if (find_peer(script, event, &peer))
        choose_targets(script, index, peer);
    for (size_t i = 0; i < script->targets.count; i++) {
        struct action_target target = { script->targets.items[i], peer };
        if (!row->can || row->can(&script->context, event, target))
            script->targets.items[kept++] = target.node;
    }
    script->targets.count = kept;
    return peer;
}

static void note_outcome(struct script *script, size_t index)
{
    const struct scripted_event *event = &script->scenario->events.items[index];
    struct script_outcome *outcome = &script->events.items[index].outcome;
    size_t found = script->targets.count;
    bool is_drawn = action_rows[event->kind].has_targets && event->target != TARGET_NAMED;
    outcome->times++;
    outcome->missed += found == 0;
    if (found == 0 || !is_drawn || found >= event->count)
        return;
    outcome->in_part++;
    outcome->found = (uint32_t)found;
}

static void act(struct script *script, size_t index)
{
    const struct scripted_event *event = &script->scenario->events.items[index];
    struct virtual_cluster *cluster = script->context.cluster;
    struct node_id peer = find_targets(script, index);
    note_outcome(script, index);
    if (script->targets.count == 0) {
        virtual_cluster_fact(cluster, node_id_none(), "missed", event->label);
        return;
    }
    bool is_one = script->targets.count == 1;
    virtual_cluster_fact(cluster, is_one ? script->targets.items[0] : node_id_none(),
                         action_words[event->kind], event->label);
    for (size_t i = 0; i < script->targets.count; i++)
        act_on(script, index, (struct action_target){ script->targets.items[i], peer });
}

/* Triggers. */

static void on_due(void *context, uint64_t a, uint64_t b)
{
    (void)b;
    struct script *script = context;
    const struct trigger_spec *trigger = &script->scenario->events.items[a].trigger;
    if (trigger->every != TIME_NEVER)
        sim_queue_push(script->queue, time_add(sim_queue_now(script->queue), trigger->every),
                       SIM_CLASS_FAULT, on_due, script, a, 0);
    act(script, (size_t)a);
}

static void plan(struct script *script, size_t index, time_ns from)
{
    time_ns at = time_add(from, script->scenario->events.items[index].trigger.after);
    if (at != TIME_NEVER)
        sim_queue_push(script->queue, at, SIM_CLASS_FAULT, on_due, script, index, 0);
}

void script_start(struct script *script)
{
    for (size_t i = 0; i < script->events.count; i++) {
        const struct trigger_spec *trigger = &script->scenario->events.items[i].trigger;
        if (trigger->event)
            vec_push(&script->waiting, (uint32_t)i);
        else
            plan(script, i, trigger->at);
    }
}

static bool has_value(const struct trigger_spec *trigger, const struct log_line *line)
{
    return trigger->value == -1 ||
           ((line->subject & LOG_OF_VALUE) != 0 && line->value == trigger->value);
}

void script_on_log(struct script *script, const struct log_line *line)
{
    size_t kept = 0;
    if (line->level != LOG_DECISION)
        return; /* what happens must not depend on how much is written down */
    for (size_t i = 0; i < script->waiting.count; i++) {
        uint32_t index = script->waiting.items[i];
        const struct trigger_spec *trigger = &script->scenario->events.items[index].trigger;
        bool fits = event_pattern_matches(trigger->event, line->machine, line->what, line->from,
                                          line->to) &&
                    has_value(trigger, line);
        if (fits && ++script->events.items[index].outcome.seen == trigger->nth)
            plan(script, index, sim_queue_now(script->queue));
        else
            script->waiting.items[kept++] = index;
    }
    script->waiting.count = kept;
}

void script_on_fact(struct script *script, const char *word)
{
    script_on_log(
        script, &(struct log_line){ .machine = virtual_cluster_fact_machine(word), .what = word });
}

void script_on_answer(struct script *script, const struct effect_answer *answer)
{
    char what[EVENT_ANSWER_SIZE];
    event_words_answer(answer->request, err_is(answer->result), what);
    script_on_log(script, &(struct log_line){ .machine = "client", .what = what });
}

struct script_outcome script_outcome(const struct script *script, size_t event)
{
    CHECK(event < script->events.count);
    return script->events.items[event].outcome;
}
