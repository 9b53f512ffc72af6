/* SPDX-License-Identifier: Apache-2.0
 *
 * The monitors. A target's expiry timer is not moved by every heartbeat: when it fires early it is
 * set anew from last_heard, so hearing costs one store. Grids are arithmetic, so a target that was
 * vouched for goes on as if its heartbeats had been sent. Always: a target is RUNNING until its
 * owner is told that it is lost and forgets it; a sleeping target has no timer.
 */
#include "core/cluster/heartbeat.h"

#include "core/base/check.h"
#include "core/base/hash.h"

#define GIVEN_UP (STATE(HEARTBEAT_TIMEOUT) | STATE(HEARTBEAT_UNREACHABLE))

static const struct state_row rows[HEARTBEAT_STATE_COUNT] = {
    [HEARTBEAT_RUNNING] = { "RUNNING", GIVEN_UP | STATE(HEARTBEAT_CANCELED), STATE_INITIAL },
    [HEARTBEAT_TIMEOUT] = { "TIMEOUT", 0, STATE_FINAL | STATE_FAILURE },
    [HEARTBEAT_UNREACHABLE] = { "UNREACHABLE", 0, STATE_FINAL | STATE_FAILURE },
    [HEARTBEAT_CANCELED] = { "CANCELED", 0, STATE_FINAL },
};

const struct state_table heartbeat_states = { "heartbeat", rows, HEARTBEAT_STATE_COUNT };

/* The grid begins now: two roles of one process that begin at different times ask at different
 * times for ever (surprise 3). */
void heartbeats_init(struct heartbeats *heartbeats, const struct config *config, bool sender,
                     time_ns now)
{
    *heartbeats = (struct heartbeats){ .sender = sender,
                                       .interval = config->heartbeat_interval,
                                       .timeout = config->heartbeat_timeout,
                                       .origin = now,
                                       .unreachable_max = config->heartbeat_rpc_failures,
                                       .last_round = now - 1,
                                       .next_round = TIME_NEVER };
    CHECK(heartbeats->interval > 0);
    CHECK(heartbeats->timeout > 0);
}

void heartbeats_fini(struct heartbeats *heartbeats)
{
    vec_fini(&heartbeats->targets);
    index_map_fini(&heartbeats->by_subject);
    timers_fini(&heartbeats->expiries);
    vec_fini(&heartbeats->lost);
}

/* Senders name targets by node id, receivers by role. */
static struct heartbeat_target *find(struct heartbeats *heartbeats, uint32_t subject)
{
    uint32_t index = index_map_get(&heartbeats->by_subject, subject);
    return index == INDEX_NONE ? NULL : &heartbeats->targets.items[index];
}

/* No line in the log: the owner says what it gives up and why. */
static void move(struct heartbeat_target *target, enum heartbeat_state to)
{
    machine_check_move(&heartbeat_states, target->state, to);
    target->state = to;
}

/* The last point of the grid strictly before `now`; before the origin there is none, and what
 * comes out lies an interval or less before it. */
static time_ns grid_before(time_ns origin, time_ns interval, time_ns now)
{
    time_ns steps = now > origin ? (now - origin - 1) / interval : -1;
    return origin + steps * interval;
}

/* A round due at this very instant still comes, unless it has been: of things of one instant,
 * messages and faults come before timers, in every world. */
static void plan_round(struct heartbeats *heartbeats, time_ns now)
{
    if (!heartbeats->sender || heartbeats->awake == 0) {
        heartbeats->next_round = TIME_NEVER;
    } else if (heartbeats->next_round == TIME_NEVER) {
        time_ns from = heartbeats->last_round < now ? now : now + 1;
        heartbeats->next_round =
            grid_before(heartbeats->origin, heartbeats->interval, from) + heartbeats->interval;
    }
}

/* Counts from the last heartbeat, not from now. With the defaults (10 s, 50 s) and a peer that
 * falls silent right behind a heartbeat, or right before one:
 *
 *   heard   asked   asked   asked   asked   asked
 *   |--x----|-------|-------|-------|-------|    given up 50 s after `heard`, so 40 s to 50 s after
 * x
 */
static void set_expiry(struct heartbeats *heartbeats, struct heartbeat_target *target)
{
    timers_cancel(&heartbeats->expiries, &target->expiry);
    target->expiry =
        timers_set(&heartbeats->expiries,
                   (struct timer){ .at = time_add(target->last_heard, heartbeats->timeout),
                                   .subject = target->subject });
}

/* Watched anew is a new beginning: what was known of it is forgotten. */
void heartbeats_watch(struct heartbeats *heartbeats, struct node_id node, uint32_t subject,
                      time_ns origin, bool vouched, time_ns now)
{
    CHECK(!node_id_is_none(node));
    CHECK(heartbeats->timeout > 0);
    heartbeats_forget(heartbeats, subject);
    index_map_put(&heartbeats->by_subject, subject, (uint32_t)heartbeats->targets.count);
    vec_push(&heartbeats->targets, (struct heartbeat_target){ .node = node,
                                                              .subject = subject,
                                                              .state = HEARTBEAT_RUNNING,
                                                              .last_heard = now,
                                                              .since = now,
                                                              .origin = origin,
                                                              .counted_to = now - 1,
                                                              .vouched = vouched });
    if (vouched)
        return;
    heartbeats->awake++;
    set_expiry(heartbeats, &vec_last(&heartbeats->targets));
    plan_round(heartbeats, now);
}

/* The last target takes its place. */
static void forget_at(struct heartbeats *heartbeats, uint32_t index)
{
    struct heartbeat_target *target = &heartbeats->targets.items[index];
    timers_cancel(&heartbeats->expiries, &target->expiry);
    if (!target->vouched)
        heartbeats->awake--;
    index_map_remove(&heartbeats->by_subject, target->subject);
    vec_remove_swap(&heartbeats->targets, index);
    if (index < heartbeats->targets.count)
        index_map_put(&heartbeats->by_subject, heartbeats->targets.items[index].subject, index);
    if (heartbeats->awake == 0)
        heartbeats->next_round = TIME_NEVER;
}

void heartbeats_forget(struct heartbeats *heartbeats, uint32_t subject)
{
    uint32_t index = index_map_get(&heartbeats->by_subject, subject);
    if (index == INDEX_NONE)
        return;
    if (heartbeats->targets.items[index].state == HEARTBEAT_RUNNING)
        move(&heartbeats->targets.items[index], HEARTBEAT_CANCELED);
    forget_at(heartbeats, index);
}

/* Anything heard breaks a row of refused requests. */
void heartbeats_heard(struct heartbeats *heartbeats, uint32_t subject, time_ns now)
{
    struct heartbeat_target *target = find(heartbeats, subject);
    if (!target || now <= target->counted_to)
        return;
    target->last_heard = now;
    target->unreachable_in_row = 0;
}

/* A request that merely timed out does not come here: only an unreachable receiver counts
 * (HeartbeatMonitorImpl.reportHeartbeatRpcFailure). */
bool heartbeats_unreachable(struct heartbeats *heartbeats, uint32_t subject)
{
    CHECK(heartbeats->sender);
    struct heartbeat_target *target = find(heartbeats, subject);
    if (!target || target->state != HEARTBEAT_RUNNING || heartbeats->unreachable_max < 0)
        return false;
    if (++target->unreachable_in_row < heartbeats->unreachable_max)
        return false;
    move(target, HEARTBEAT_UNREACHABLE);
    return true;
}

/* The last one to fall asleep stops the rounds. */
static void vouch(struct heartbeats *heartbeats, struct heartbeat_target *target)
{
    if (target->vouched)
        return;
    target->vouched = true;
    timers_cancel(&heartbeats->expiries, &target->expiry);
    if (--heartbeats->awake == 0)
        heartbeats->next_round = TIME_NEVER;
}

void heartbeats_vouch(struct heartbeats *heartbeats, struct node_id node)
{
    CHECK(!node_id_is_none(node));
    if (heartbeats->sender) {
        struct heartbeat_target *target = find(heartbeats, node.n);
        if (target)
            vouch(heartbeats, target);
        return;
    }
    for (VEC_EACH(struct heartbeat_target, target, &heartbeats->targets))
        if (node_id_equal(target->node, node))
            vouch(heartbeats, target);
}

/* One exchange, `way` being the time of a message, and what a doubt finds of it:
 *
 *   grid point g      g + way              g + 2 way                      next grid point
 *   |                 |                    |                              |
 *   sender: request ->| receiver: heard,   |                              |
 *   |                 | answer ----------->| sender: heard                |
 *   |                 |                    |                              |
 *   |<- not yet ------|<- heard by the ----|<- heard by both ------------>|
 *   |   heard by      |   receiver; the    |
 *   |   anybody; the  |   answer comes     |
 *   |   request comes |                    |
 *
 * What comes, comes although the other side has died, frozen or been cut off meanwhile: it is under
 * way. A request that is under way to a process that no longer answers cannot fail visibly, so the
 * sender makes up for it with a message that may vanish. Two cases remain in which a monitor may be
 * off by one exchange: a cut holds back what is under way, and an answer under way to a process
 * that freezes is heard when it resumes. Both need a fault within two ways of a grid point. */

/* When a target would have been heard last had it not slept, `way` being the time of a message.
 * What was under way at the instant of doubt arrives: a process that dies or freezes takes back
 * nothing it has said. The receiver hears each request a way after it left; the sender hears the
 * answer a way later, if the request arrived while the other side still answered. */
static time_ns heard_asleep(const struct heartbeats *heartbeats,
                            const struct heartbeat_target *target, time_ns way, time_ns now)
{
    time_ns interval = heartbeats->interval;
    if (!heartbeats->sender) {
        time_ns heard = grid_before(target->origin, interval, now) + way;
        return heard < target->since ? target->since : heard;
    }
    time_ns asked = grid_before(target->origin, interval, now - way);
    return asked < target->since ? target->since : asked + 2 * way;
}

/* Has a request left that has not arrived yet? (What arrives now arrives after the doubt.) Then the
 * sender makes up for it. */
static bool is_under_way(const struct heartbeats *heartbeats, const struct heartbeat_target *target,
                         time_ns way, time_ns now)
{
    time_ns asked = grid_before(target->origin, heartbeats->interval, now);
    return asked >= target->since && asked + way >= now;
}

static bool doubt(struct heartbeats *heartbeats, struct heartbeat_target *target,
                  time_ns round_trip, time_ns now)
{
    CHECK(round_trip >= 0);
    if (!target->vouched)
        return false;
    time_ns way = round_trip / 2, heard = heard_asleep(heartbeats, target, way, now);
    target->vouched = false;
    target->unreachable_in_row = 0;
    heartbeats->awake++;
    if (heard > target->last_heard)
        target->last_heard = heard;
    bool is_asked = is_under_way(heartbeats, target, way, now);
    if (!heartbeats->sender && is_asked)
        target->counted_to = now + way; /* the request that is made up for comes by then */
    set_expiry(heartbeats, target);
    plan_round(heartbeats, now);
    return heartbeats->sender && is_asked;
}

/* A sender has one target per node, a receiver one per role in the node's process. */
bool heartbeats_doubt(struct heartbeats *heartbeats, struct node_id node, time_ns round_trip,
                      time_ns now)
{
    CHECK(!node_id_is_none(node));
    CHECK(round_trip >= 0);
    if (heartbeats->sender) {
        struct heartbeat_target *target = find(heartbeats, node.n);
        return target && doubt(heartbeats, target, round_trip, now);
    }
    for (VEC_EACH(struct heartbeat_target, target, &heartbeats->targets))
        if (node_id_equal(target->node, node))
            doubt(heartbeats, target, round_trip, now);
    return false;
}

/* Expiries that are due: one that came early is set anew, the others are lost. */
static void list_lost(struct heartbeats *heartbeats, time_ns now)
{
    struct timer timer;
    vec_clear(&heartbeats->lost);
    heartbeats->lost_taken = 0;
    while (timers_take_due(&heartbeats->expiries, now, &timer)) {
        struct heartbeat_target *target = find(heartbeats, timer.subject);
        CHECK(target != NULL);
        if (target->state != HEARTBEAT_RUNNING)
            continue;
        if (time_add(target->last_heard, heartbeats->timeout) > now)
            set_expiry(heartbeats, target);
        else
            vec_push(&heartbeats->lost, (struct sort_item){ timer.subject, timer.subject });
    }
    sort_items(heartbeats->lost.items, heartbeats->lost.count);
}

/* When the timers were set depends on who slept when; the order of those lost together must not. */
bool heartbeats_take_timeout(struct heartbeats *heartbeats, time_ns now, uint32_t *subject)
{
    if (heartbeats->lost_taken == heartbeats->lost.count) {
        if (timers_next(&heartbeats->expiries) > now)
            return false; /* mostly: what woke the node was another timer */
        list_lost(heartbeats, now);
    }
    while (heartbeats->lost_taken < heartbeats->lost.count) {
        *subject = heartbeats->lost.items[heartbeats->lost_taken++].index;
        struct heartbeat_target *target = find(heartbeats, *subject);
        if (!target || target->state != HEARTBEAT_RUNNING)
            continue; /* its owner has let it go meanwhile */
        move(target, HEARTBEAT_TIMEOUT);
        return true;
    }
    return false;
}

/* A round that comes late, after a freeze, is one round: the grid goes on from now. */
bool heartbeats_take_round(struct heartbeats *heartbeats, time_ns now)
{
    CHECK(now >= heartbeats->last_round);
    if (heartbeats->next_round > now)
        return false;
    heartbeats->last_round = now;
    heartbeats->next_round = TIME_NEVER;
    plan_round(heartbeats, now);
    heartbeats->round++;
    return true;
}

/* Targets in the order of the list. Expiry timers are left out: when they were set depends on who
 * slept, and what they lead to does not. */
uint64_t heartbeats_hash(const struct heartbeats *heartbeats)
{
    uint64_t hash = hash_add(heartbeats->targets.count, (uint64_t)heartbeats->next_round);
    hash = hash_add(hash, (uint64_t)heartbeats->last_round);
    hash = hash_add(hash, heartbeats->round);
    for (VEC_EACH(const struct heartbeat_target, target, &heartbeats->targets)) {
        hash = hash_add(hash, (uint64_t)target->node.n << 32 | target->subject);
        hash = hash_add(hash, (uint64_t)target->last_heard);
        hash = hash_add(hash, (uint64_t)target->since);
        hash = hash_add(hash, (uint64_t)target->origin);
        hash = hash_add(hash, (uint64_t)target->counted_to);
        hash = hash_add(hash, (uint64_t)target->unreachable_in_row << 8 |
                                  (uint64_t)target->vouched << 4 | target->state);
    }
    return hash;
}

/* Those awake have a timer and a next round, those asleep have neither. */
void heartbeats_check(const struct heartbeats *heartbeats)
{
    uint32_t awake = 0;
    for (size_t i = 0; i < heartbeats->targets.count; i++) {
        const struct heartbeat_target *target = &heartbeats->targets.items[i];
        CHECK(index_map_get(&heartbeats->by_subject, target->subject) == i);
        CHECK(target->state == HEARTBEAT_RUNNING);
        CHECK(timers_is_set(&heartbeats->expiries, target->expiry) == !target->vouched);
        awake += !target->vouched;
    }
    CHECK(awake == heartbeats->awake);
    CHECK(heartbeats->lost_taken == heartbeats->lost.count);
    CHECK(heartbeats->by_subject.count == heartbeats->targets.count);
    CHECK((heartbeats->next_round != TIME_NEVER) == (heartbeats->sender && awake > 0));
}
