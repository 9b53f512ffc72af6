/* SPDX-License-Identifier: Apache-2.0
 *
 * Processes of a story and what is on its way between them: in: effects of nodes and the script's
 * faults; out: events to nodes. Everything has a fixed delay, so times in stories can be worked out
 * by hand. All nodes that are due at one instant are woken in the order of their ids.
 */
#include "tests/lib/story_world.h"

#include <check.h>

static void plan_tick(struct story *story);

static bool is_up(const struct process *process)
{
    return process->node && !process->dead && !process->frozen;
}

/* Letters. */

struct letter *world_letter(struct story *story, struct node_id to, enum event_kind kind)
{
    struct letter *letter = mem_create(sizeof *letter);
    letter->to = letter->from = to;
    letter->event.kind = kind;
    letter->next = story->letters;
    if (letter->next)
        letter->next->previous = letter;
    story->letters = letter;
    return letter;
}

static void letter_destroy(struct story *story, struct letter *letter)
{
    sim_queue_cancel(story->queue, &letter->patience);
    if (letter->next)
        letter->next->previous = letter->previous;
    if (letter->previous)
        letter->previous->next = letter->next;
    else
        story->letters = letter->next;
    mem_destroy(letter->owned);
    mem_destroy(letter);
}

static void on_arrival(void *context, uint64_t letter, uint64_t unused)
{
    (void)unused;
    world_deliver(context, (struct letter *)(uintptr_t)letter);
}

static void post(struct story *story, struct letter *letter, time_ns at)
{
    sim_queue_push(story->queue, at, SIM_CLASS_DELIVERY, on_arrival, story, (uintptr_t)letter, 0);
}

static struct letter *failure_of(struct story *story, const struct letter *letter,
                                 enum send_failure failure)
{
    struct letter *back = world_letter(story, letter->from, EVENT_SEND_FAILED);
    back->event.send_failed =
        (struct event_send_failed){ letter->to, letter->event.message.message->kind, letter->token,
                                    failure };
    return back;
}

/* The asker's patience ends: it hears so, and the request, if it is ever taken, is none any more.
 */
static void on_patience(void *context, uint64_t bits, uint64_t unused)
{
    (void)unused;
    struct letter *letter = (struct letter *)(uintptr_t)bits;
    letter->patience = (struct sim_handle){ 0 };
    letter->is_request = false;
    world_deliver(context, failure_of(context, letter, SEND_TIMED_OUT));
}

/* Not taken at once. */
static void expect(struct story *story, struct letter *letter)
{
    if (letter->is_request && !letter->patience.generation)
        letter->patience =
            sim_queue_push(story->queue, letter->sent_at + story->config.ask_timeout,
                           SIM_CLASS_DELIVERY, on_patience, story, (uintptr_t)letter, 0);
}

static bool is_cut(const struct story *story, const struct letter *letter)
{
    return letter->from.n != letter->to.n &&
           (story->processes[letter->from.n].cut || story->processes[letter->to.n].cut);
}

static void hold(struct story *story, struct letter *letter)
{
    uint32_t end = story->processes[letter->to.n].cut ? letter->to.n : letter->from.n;
    expect(story, letter);
    vec_push(&story->processes[end].held.items, letter);
}

/* Nobody is there. A request that hangs is kept for its time-out only. */
static void not_taken(struct story *story, struct letter *letter)
{
    struct process *to = &story->processes[letter->to.n];
    if (letter->is_request && letter->sent_at < to->refuses_from) {
        expect(story, letter);
        vec_push(&to->inbox.items, letter);
        return;
    }
    if (letter->is_request)
        post(story, failure_of(story, letter, SEND_UNREACHABLE), story_now(story) + story->latency);
    letter_destroy(story, letter);
}

/* Connecting back takes no time here. */
static void look_for_way_back(const struct story *story, struct letter *letter)
{
    struct event_message *message = &letter->event.message;
    if (letter->event.kind == EVENT_MESSAGE && message_is_registration(message->message->kind))
        message->is_one_way = !is_up(&story->processes[letter->from.n]);
}

void world_deliver(struct story *story, struct letter *letter)
{
    struct process *to = &story->processes[letter->to.n];
    if (is_cut(story, letter)) {
        hold(story, letter);
    } else if (to->dead) {
        not_taken(story, letter);
    } else if (to->frozen) {
        expect(story, letter);
        vec_push(&to->inbox.items, letter);
    } else {
        sim_queue_cancel(story->queue, &letter->patience);
        look_for_way_back(story, letter);
        world_step(story, letter->to, &letter->event);
        letter_destroy(story, letter);
    }
}

static void send(struct story *story, struct node_id from, const struct effect_send *send)
{
    struct letter *letter = world_letter(story, send->to, EVENT_MESSAGE);
    struct message *copy = message_create_copy(send->message);
    letter->owned = copy;
    letter->event.message = (struct event_message){ .from = from, .message = copy };
    letter->from = from;
    letter->is_request = send->is_request;
    letter->token = send->token;
    letter->sent_at = story_now(story);
    if (is_cut(story, letter))
        hold(story, letter);
    else
        post(story, letter, story_now(story) + story->latency);
}

/* Steps. */

static void store(struct story *story, struct node_id node, uint64_t token)
{
    struct letter *letter = world_letter(story, node, EVENT_STORE_DONE);
    letter->event.store_done = (struct event_store_done){ token, story->fail_stores };
    post(story, letter, story_now(story) + STORY_STORE);
}

static void carry_out(struct story *story, struct node_id node, const struct effect *effect)
{
    switch (effect->kind) {
    case EFFECT_SEND: send(story, node, &effect->send); break;
    case EFFECT_STORE_WRITE: store(story, node, effect->store.token); break;
    case EFFECT_STORE_REMOVE: break;
    case EFFECT_DATA: plane_obey(story, node, &effect->data); break;
    case EFFECT_CLIENT_ANSWER: log_answer(story, &effect->answer); break;
    case EFFECT_LOG: log_add(story, node, &effect->log); break;
    case EFFECT_EXIT: world_end(story, node, story_now(story)); break;
    case EFFECT_KIND_COUNT: break;
    }
}

/* What effects lead to comes by the queue, so the list stays valid while it is carried out. */
void world_step(struct story *story, struct node_id node, struct event *event)
{
    struct process *process = &story->processes[node.n];
    if (process->dead)
        return;
    event->at = story_now(story);
    const struct effects *effects;
    struct err result = node_step(process->node, event, &effects);
    if (err_is(result))
        ck_abort_msg("%s refused", event_kind_names[event->kind]);
    for (size_t i = 0; i < effects->list.count; i++)
        carry_out(story, node, &effects->list.items[i]);
    process->wake_at = process->dead ? TIME_NEVER : node_deadline(process->node);
    plan_tick(story);
}

static void on_tick(void *context, uint64_t unused, uint64_t unused_too)
{
    (void)unused;
    (void)unused_too;
    struct story *story = context;
    time_ns now = story_now(story);
    story->ticks_at_once = story->last_tick == now ? story->ticks_at_once + 1 : 0;
    story->last_tick = now;
    ck_assert_msg(story->ticks_at_once < 100000, "a node does not come to rest");
    story->tick_at = TIME_NEVER;
    for (uint32_t i = 0; i < story->process_count; i++) {
        struct event event = { .kind = EVENT_WOKEN };
        if (is_up(&story->processes[i]) && story->processes[i].wake_at <= now)
            world_step(story, (struct node_id){ i }, &event);
    }
    plan_tick(story);
}

static void plan_tick(struct story *story)
{
    time_ns at = TIME_NEVER, now = story_now(story);
    for (uint32_t i = 0; i < story->process_count; i++)
        if (is_up(&story->processes[i]) && story->processes[i].wake_at < at)
            at = story->processes[i].wake_at;
    if (at < now)
        at = now;
    if (at == story->tick_at)
        return;
    sim_queue_cancel(story->queue, &story->tick);
    story->tick_at = at;
    if (at != TIME_NEVER)
        story->tick = sim_queue_push(story->queue, at, SIM_CLASS_WAKE, on_tick, story, 0, 0);
}

/* Vouching: for each TaskManager whose contact to the JobManager is whole. */

static void tell(struct story *story, struct node_id to, struct node_id peer, enum event_kind kind)
{
    struct event event = { .kind = kind };
    if (kind == EVENT_PEER_VOUCHED)
        event.vouched.peer = peer;
    else
        event.in_doubt = (struct event_in_doubt){ peer, 2 * story->latency };
    if (is_up(&story->processes[to.n]))
        world_step(story, to, &event);
}

static void tell_both(struct story *story, struct node_id node, enum event_kind kind)
{
    struct node_id manager = { JOB_MANAGER };
    tell(story, manager, node, kind);
    tell(story, node, manager, kind);
}

static bool is_sound(const struct story *story, struct node_id node)
{
    return story->vouch && is_up(&story->processes[JOB_MANAGER]) &&
           is_up(&story->processes[node.n]) && !story->processes[node.n].cut;
}

static void vouch(struct story *story, struct node_id node)
{
    story->processes[node.n].vouched = true;
    tell_both(story, node, EVENT_PEER_VOUCHED);
}

static void on_settled(void *context, uint64_t node, uint64_t unused)
{
    (void)unused;
    struct story *story = context;
    story->processes[node].settled = (struct sim_handle){ 0 };
    if (is_sound(story, (struct node_id){ (uint32_t)node }))
        vouch(story, (struct node_id){ (uint32_t)node });
}

/* Something is about to happen to the contact: whoever is still up hears that it is in doubt. */
static void disturb(struct story *story, struct node_id node)
{
    struct process *process = &story->processes[node.n];
    sim_queue_cancel(story->queue, &process->settled);
    if (process->vouched)
        tell_both(story, node, EVENT_PEER_IN_DOUBT);
    process->vouched = false;
}

/* It has happened: once every monitor that missed something has run out, all is as before. */
static void settle(struct story *story, struct node_id node)
{
    time_ns wait = story->config.heartbeat_timeout + 2 * story->config.heartbeat_interval;
    if (is_sound(story, node))
        story->processes[node.n].settled = sim_queue_push(
            story->queue, story_now(story) + wait, SIM_CLASS_WAKE, on_settled, story, node.n, 0);
}

/* The JobManager stands for all contacts. */
static void for_contacts(struct story *story, struct node_id node,
                         void (*act)(struct story *story, struct node_id node))
{
    if (node.n != JOB_MANAGER)
        act(story, node);
    for (uint32_t i = 1; node.n == JOB_MANAGER && i < story->process_count; i++)
        act(story, (struct node_id){ i });
}

/* Faults. */

void world_end(struct story *story, struct node_id node, time_ns refuses_from)
{
    struct process *process = &story->processes[node.n];
    if (process->dead)
        return;
    process->dead = true;
    process->frozen = false;
    process->refuses_from = refuses_from;
    for_contacts(story, node, disturb);
    struct letter_list inbox = process->inbox;
    process->inbox = (struct letter_list){ { 0 } };
    for (size_t i = 0; i < inbox.items.count; i++)
        world_deliver(story, inbox.items.items[i]);
    vec_fini(&inbox.items);
    plane_end(story, node);
    plan_tick(story);
}

/* What piled up is heard first, then the timers that are late. */
void world_freeze(struct story *story, struct node_id node, bool frozen)
{
    struct process *process = &story->processes[node.n];
    if (process->dead || process->frozen == frozen)
        return;
    if (frozen)
        for_contacts(story, node, disturb);
    process->frozen = frozen;
    if (!frozen) {
        struct letter_list inbox = process->inbox;
        process->inbox = (struct letter_list){ { 0 } };
        for (size_t i = 0; i < inbox.items.count; i++)
            world_deliver(story, inbox.items.items[i]);
        vec_fini(&inbox.items);
        for_contacts(story, node, settle);
    }
    plan_tick(story);
}

void world_cut(struct story *story, struct node_id node, bool cut)
{
    struct process *process = &story->processes[node.n];
    if (process->cut == cut)
        return;
    if (cut)
        for_contacts(story, node, disturb);
    process->cut = cut;
    if (cut)
        return;
    for (size_t i = 0; i < process->held.items.count; i++)
        post(story, process->held.items.items[i], story_now(story) + story->latency);
    vec_clear(&process->held.items);
    for_contacts(story, node, settle);
}

/* What is under way keeps its time. */
void world_set_latency(struct story *story, time_ns latency)
{
    for_contacts(story, (struct node_id){ JOB_MANAGER }, disturb);
    story->latency = latency;
    for_contacts(story, (struct node_id){ JOB_MANAGER }, settle);
}

struct node_id world_add(struct story *story, enum node_kind kind, uint32_t slots)
{
    ck_assert_uint_lt(story->process_count, STORY_NODES_MAX);
    struct node_id id = { story->process_count++ };
    struct node_settings settings = {
        .kind = kind,
        .id = id,
        .seed = 1,
        .config = &story->config,
        .job_manager = { JOB_MANAGER },
        .worker = { 1000 * (int32_t)slots, (int64_t)slots << 30, slots },
        .log_level = story->log_level,
        .check_invariants = NODE_CHECKS_ALL,
    };
    story->processes[id.n].node = node_create(&settings);
    struct event event = { .kind = EVENT_STARTED };
    world_step(story, id, &event);
    if (id.n != JOB_MANAGER && is_sound(story, id))
        vouch(story, id);
    return id;
}

void world_fini(struct story *story)
{
    for (uint32_t i = 0; i < story->process_count; i++) {
        node_destroy(story->processes[i].node);
        vec_fini(&story->processes[i].inbox.items);
        vec_fini(&story->processes[i].held.items);
    }
    while (story->letters)
        letter_destroy(story, story->letters);
}
