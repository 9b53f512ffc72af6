/* SPDX-License-Identifier: Apache-2.0
 *
 * Slots for the default scheduler: each region asks for its shared slots as one bulk and is
 * deployed when it has them all. A free slot of the pool goes to the request that had it before,
 * else to the oldest request it fits; a slot that another request had before is left to that one.
 * With load-balance TASKS all are matched at once instead (default_balance.c).
 * Always: what the job requires of the cluster is the number of its shared slots with live tasks,
 * per profile; a bulk that waits lacks a slot, or is deployed in this instant.
 */
#include "core/schedule/default_scheduler.h"

#include "core/base/hash.h"

/* After the graph is there; it is the job's only one. */
void default_slots_init(struct scheduler *s)
{
    struct default_scheduler *own = s->own.pipelined;
    vec_resize(&own->bulk_of_task, s->graph->task_count);
    for (uint32_t i = 0; i < s->graph->task_count; i++)
        own->bulk_of_task.items[i] = ID_NONE;
    vec_resize(&own->request_of_slot, s->slots.count);
    vec_resize(&own->is_needed, s->slots.count);
    vec_resize(&own->queues, s->parts.job->groups.count);
}

/* Places that are unused keep their memory until here. */
void default_slots_fini(struct default_scheduler *own)
{
    for (VEC_EACH(struct bulk, bulk, &own->bulks))
        vec_fini(&bulk->tasks);
    for (VEC_EACH(struct request_queue, queue, &own->queues))
        vec_fini(&queue->waiting);
    vec_fini(&own->bulks);
    vec_fini(&own->free_bulks);
    vec_fini(&own->complete_bulks);
    vec_fini(&own->bulk_of_task);
    vec_fini(&own->queues);
    vec_fini(&own->request_of_slot);
    vec_fini(&own->is_needed);
    vec_fini(&own->fresh);
    index_map_fini(&own->request_by_previous);
}

/* Groups of equal profile are one row of the declaration. */
static void declare(struct scheduler *s)
{
    const struct default_scheduler *own = s->own.pipelined;
    const struct job_graph *job = s->parts.job;
    struct requirements required = { 0 };
    for (size_t g = 0; g < job->groups.count; g++) {
        uint32_t needs = own->queues.items[g].needs;
        const struct resource_profile *profile = &job->groups.items[g].profile;
        if (needs)
            requirements_add(&required, profile, needs);
    }
    if (slot_pool_require(s->parts.pool, &required))
        s->wishes.declare = true;
    requirements_fini(&required);
}

/* Requests queue by slot sharing group: all of a group are for the same profile, so only the fronts
 * need to be looked at when a slot comes. */
static struct request_queue *queue_of(struct scheduler *s, uint32_t slot)
{
    return &s->own.pipelined->queues.items[s->slots.items[slot].group.n];
}

static const struct resource_profile *group_profile(const struct scheduler *s, size_t group)
{
    return &s->parts.job->groups.items[group].profile;
}

/* Requests. */

/* One request per shared slot, whoever waits for it. Sequence numbers make a request that was
 * closed and opened again another one: what is left of the old one in the queue is recognised and
 * skipped. */
static void open_request(struct scheduler *s, uint32_t slot)
{
    struct default_scheduler *own = s->own.pipelined;
    if (own->request_of_slot.items[slot])
        return; /* another region that shares the slot waits for it already */
    struct request_queue *queue = queue_of(s, slot);
    struct allocation_id previous = s->slots.items[slot].previous;
    own->request_of_slot.items[slot] = ++own->last_request;
    own->requested_count++;
    queue->needs += !own->is_needed.items[slot]; /* one just lost may still have tasks ending */
    own->is_needed.items[slot] = true;
    vec_push(&queue->waiting, (struct slot_request){ slot, own->last_request });
    vec_push(&own->fresh, slot);
    default_balance_hold(s);
    if (!allocation_id_is_none(previous))
        index_map_put(&own->request_by_previous, previous.n, slot);
}

/* The slot stays needed when the request was fulfilled. */
static void close_request(struct scheduler *s, uint32_t slot)
{
    struct default_scheduler *own = s->own.pipelined;
    if (!own->request_of_slot.items[slot])
        return;
    struct allocation_id previous = s->slots.items[slot].previous;
    own->request_of_slot.items[slot] = 0;
    own->requested_count--;
    if (index_map_get(&own->request_by_previous, previous.n) == slot)
        index_map_remove(&own->request_by_previous, previous.n);
}

/* The oldest open request of the queue, closed ones before it forgotten; null: none. */
static const struct slot_request *front_of(const struct default_scheduler *own,
                                           struct request_queue *queue)
{
    while (queue->first < queue->waiting.count) {
        const struct slot_request *request = &queue->waiting.items[queue->first];
        if (own->request_of_slot.items[request->slot] == request->seq)
            return request;
        queue->first++;
    }
    vec_clear(&queue->waiting);
    queue->first = 0;
    return NULL;
}

/* A slot goes to a request like the one it was granted for, not to any that it is large enough for:
 * else small requests take the large slots, and the large requests wait for ever beside small ones
 * (ResourceProfile.isMatching is equality). */
bool default_slots_is_meant(const struct scheduler *s, const struct pool_slot *held, size_t group)
{
    return profile_equal(&held->fills, group_profile(s, group));
}

/* The slot that the oldest open request is for which this one was granted; ID_NONE: none. */
static uint32_t oldest_meant(struct scheduler *s, const struct pool_slot *held)
{
    struct default_scheduler *own = s->own.pipelined;
    const struct slot_request *oldest = NULL;
    for (size_t g = 0; g < own->queues.count; g++) {
        const struct slot_request *front = front_of(own, &own->queues.items[g]);
        if (front && (!oldest || front->seq < oldest->seq) && default_slots_is_meant(s, held, g))
            oldest = front;
    }
    return oldest ? oldest->slot : ID_NONE;
}

/* Two regions, A and B, over three shared slots; B waits for its bulk although it has half of it:
 *
 *   slot 0: a0 b0    has a pool slot, because A runs in it
 *   slot 1: a1       has a pool slot
 *   slot 2: b1       requested: B's bulk lacks one slot
 *
 * When A ends, slot 0 stays, for b0 is SCHEDULED in it; slot 1 goes back to the pool. */

/* Bulks. */

/* Bulks are places in an array, because timers and tasks name them. */
static uint32_t take_bulk(struct default_scheduler *own)
{
    if (own->free_bulks.count)
        return own->free_bulks.items[--own->free_bulks.count];
    vec_push(&own->bulks, (struct bulk){ 0 });
    return (uint32_t)own->bulks.count - 1;
}

/* Is the task the first of its shared slot that belongs to the bulk? Then it speaks for the slot.
 */
static bool speaks_for_slot(const struct scheduler *s, struct task_id task, uint32_t bulk)
{
    const struct task_slot *slot = &s->slots.items[s->slot_of_task.items[task.n]];
    uint32_t i = slot->first;
    while (s->own.pipelined->bulk_of_task.items[s->slot_tasks.items[i].n] != bulk)
        i++;
    return task_id_equal(s->slot_tasks.items[i], task);
}

/* All tasks of a region become SCHEDULED and wait together. A slot that a task of another
 * region lives in is there already. */
void default_slots_schedule(struct scheduler *s, const struct task_id *tasks, size_t count)
{
    struct default_scheduler *own = s->own.pipelined;
    uint32_t index = take_bulk(own);
    struct bulk *bulk = &own->bulks.items[index];
    CHECK(bulk->tasks.count == 0);
    bulk->missing = 0;
    bulk->counted_for = ID_NONE;
    for (size_t i = 0; i < count; i++) {
        CHECK(s->graph->tasks[tasks[i].n].state == EXECUTION_CREATED);
        vec_push(&bulk->tasks, tasks[i]);
        own->bulk_of_task.items[tasks[i].n] = index;
        scheduler_move_task(s, tasks[i], EXECUTION_SCHEDULED, CAUSE_NONE);
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t slot = s->slot_of_task.items[tasks[i].n];
        if (allocation_id_is_none(s->slots.items[slot].allocation) &&
            speaks_for_slot(s, tasks[i], index)) {
            bulk->missing++;
            open_request(s, slot);
        }
    }
    bulk->timeout = timers_set(
        &s->timers,
        (struct timer){ .at = time_add(scheduler_now(s), s->parts.config->slot_request_timeout),
                        .kind = TIMER_BULK_TIMEOUT,
                        .subject = index });
    if (bulk->missing == 0)
        vec_push(&own->complete_bulks, index); /* all its slots are held for other regions */
}

/* Off: deployed, failed, or its tasks are being restarted. Requests for slots that others wait for
 * as well stay open. */
static void forget_bulk(struct scheduler *s, uint32_t index)
{
    struct default_scheduler *own = s->own.pipelined;
    struct bulk *bulk = &own->bulks.items[index];
    timers_cancel(&s->timers, &bulk->timeout);
    for (VEC_EACH(const struct task_id, task, &bulk->tasks))
        own->bulk_of_task.items[task->n] = ID_NONE;
    vec_clear(&bulk->tasks);
    vec_push(&own->free_bulks, index);
}

/* A bulk has all its slots: its tasks go out. */
static void deploy_bulk(struct scheduler *s, uint32_t index)
{
    struct bulk *bulk = &s->own.pipelined->bulks.items[index];
    struct task_list tasks = { 0 };
    for (VEC_EACH(const struct task_id, task, &bulk->tasks)) {
        const struct task_slot *slot = &s->slots.items[s->slot_of_task.items[task->n]];
        s->graph->tasks[task->n].node = slot->node;
        s->graph->tasks[task->n].allocation = slot->allocation;
        vec_push(&tasks.ids, *task);
    }
    forget_bulk(s, index);
    scheduler_deploy(s, tasks.ids.items, tasks.ids.count,
                     completed_store_latest(&s->parts.checkpoints->store));
    vec_fini(&tasks.ids);
}

/* Deploying can fail the job, which drops what waits. */
void default_slots_deploy(struct scheduler *s)
{
    struct default_scheduler *own = s->own.pipelined;
    for (size_t i = 0; i < own->complete_bulks.count; i++) {
        uint32_t index = own->complete_bulks.items[i];
        if (own->bulks.items[index].tasks.count && own->bulks.items[index].missing == 0)
            deploy_bulk(s, index);
    }
    vec_clear(&own->complete_bulks);
}

/* Matching. */

/* A requested slot has a pool slot now; bulks that wait for it come closer. */
void default_slots_fulfil(struct scheduler *s, uint32_t slot, struct allocation_id with)
{
    struct default_scheduler *own = s->own.pipelined;
    struct err reserved = slot_pool_reserve(s->parts.pool, with);
    CHECK(!err_is(reserved));
    close_request(s, slot);
    scheduler_assign_slot(s, slot, slot_pool_find(s->parts.pool, with));
    const struct task_slot *shared = &s->slots.items[slot];
    for (uint32_t i = 0; i < shared->count; i++) {
        uint32_t index = own->bulk_of_task.items[s->slot_tasks.items[shared->first + i].n];
        if (index == ID_NONE || own->bulks.items[index].counted_for == slot)
            continue;
        struct bulk *bulk = &own->bulks.items[index];
        bulk->counted_for = slot;
        CHECK(bulk->missing > 0);
        if (--bulk->missing == 0)
            vec_push(&own->complete_bulks, index);
    }
}

/* A slot that a request had before goes back to it; any other to the oldest request of its kind. */
static void match(struct scheduler *s, struct allocation_id allocation)
{
    struct default_scheduler *own = s->own.pipelined;
    const struct pool_slot *held = slot_pool_find(s->parts.pool, allocation);
    if (!held || held->reserved)
        return;
    slot_pool_match_anew(s->parts.pool, allocation);
    uint32_t slot = index_map_get(&own->request_by_previous, allocation.n);
    if (slot == INDEX_NONE || !default_slots_is_meant(s, held, s->slots.items[slot].group.n))
        slot = oldest_meant(s, held);
    if (slot != ID_NONE)
        default_slots_fulfil(s, slot, allocation);
}

/* New requests look for what they had before anything else is given away. */
static void match_previous(struct scheduler *s)
{
    struct default_scheduler *own = s->own.pipelined;
    for (size_t i = 0; i < own->fresh.count; i++) {
        uint32_t slot = own->fresh.items[i];
        struct allocation_id previous = s->slots.items[slot].previous;
        if (own->request_of_slot.items[slot] && !allocation_id_is_none(previous) &&
            index_map_get(&own->request_by_previous, previous.n) == slot)
            match(s, previous);
    }
}

/* In order of acceptance. With load-balance SLOTS the least used TaskManager would come first; the
 * resource manager has spread its grants in that order already. */
static void match_pool(struct scheduler *s)
{
    struct default_scheduler *own = s->own.pipelined;
    uint32_t left = s->parts.pool->free_count;
    VEC(struct allocation_id) candidates = { 0 };
    for (SLOT_POOL_EACH(slot, s->parts.pool)) {
        if (left == 0 || own->requested_count == 0)
            break;
        if (slot->reserved)
            continue;
        vec_push(&candidates, slot->allocation);
        left--;
    }
    for (size_t i = 0; i < candidates.count && own->requested_count > 0; i++)
        match(s, candidates.items[i]);
    vec_fini(&candidates);
}

/* Declared are totals, so what the pool can serve is not asked of the cluster twice; the pool must
 * know them before slots are matched. */
void default_slots_offer(struct scheduler *s, const struct allocation_id *gained, size_t count)
{
    struct default_scheduler *own = s->own.pipelined;
    bool one_by_one = !default_balance_is_on(s);
    declare(s);
    if (one_by_one)
        match_previous(s);
    else
        default_balance_match(s);
    vec_clear(&own->fresh);
    for (size_t i = 0; i < count && own->requested_count > 0 && one_by_one; i++)
        match(s, gained[i]);
    if (count == 0 && one_by_one)
        match_pool(s);
    default_slots_deploy(s);
}

/* Ends. */

/* The first task fails with NoResourceAvailableException; what else fails with it is the failover
 * strategy's business. */
static void fail_bulk(struct scheduler *s, uint32_t index, uint32_t missing)
{
    struct bulk *bulk = &s->own.pipelined->bulks.items[index];
    struct task_id task = bulk->tasks.items[0];
    scheduler_log(s, "job", "could not acquire the minimum required resources", missing, NULL);
    forget_bulk(s, index);
    scheduler_fail_task(s, task, CAUSE_NO_RESOURCE);
}

/* Only those that wait now: what a failure makes wait anew has not been refused anything. Of what a
 * bulk waits for, some has been granted and not been offered yet (the message names it, as
 * "Acquired"). */
void default_slots_refuse_all(struct scheduler *s, uint32_t missing)
{
    struct default_scheduler *own = s->own.pipelined;
    struct attempt_list waiting = { 0 };
    own->is_refusing = true;
    for (VEC_EACH(const struct bulk, bulk, &own->bulks)) {
        if (bulk->tasks.count == 0)
            continue;
        struct task_id task = bulk->tasks.items[0];
        vec_push(&waiting.items, execution_graph_attempt(s->graph, task));
    }
    for (VEC_EACH(const struct task_attempt, first, &waiting.items)) {
        uint32_t bulk = own->bulk_of_task.items[first->task.n];
        if (bulk == ID_NONE || s->graph->tasks[first->task.n].attempt != first->attempt)
            continue;
        uint32_t waits_for = own->bulks.items[bulk].missing;
        fail_bulk(s, bulk, waits_for < missing ? waits_for : missing);
    }
    own->is_refusing = false;
    vec_fini(&waiting.items);
}

/* slot.request.timeout is over and the bulk still lacks slots. */
void default_slots_on_timeout(struct scheduler *s, uint32_t bulk)
{
    CHECK(s->own.pipelined->bulks.items[bulk].tasks.count > 0);
    fail_bulk(s, bulk, s->own.pipelined->bulks.items[bulk].missing);
}

/* The other tasks of the bulk are restarted with it: a bulk is a region. */
void default_slots_drop_task(struct scheduler *s, struct task_id task)
{
    uint32_t index = s->own.pipelined->bulk_of_task.items[task.n];
    if (index != ID_NONE)
        forget_bulk(s, index);
}

/* The job ends, so no request is worth keeping; what is required falls with the last tasks. */
void default_slots_drop_all(struct scheduler *s)
{
    for (uint32_t i = 0; i < s->own.pipelined->bulks.count; i++)
        if (s->own.pipelined->bulks.items[i].tasks.count)
            forget_bulk(s, i);
}

/* A slot that becomes free goes to the next request at once, be it of another region: the one that
 * ended in it may have to wait when it comes back (DefaultDeclarativeSlotPool.freeReservedSlot). A
 * bulk that is complete by this is deployed behind the step, which may have more tasks to end. */
static void pass_on(struct scheduler *s, struct allocation_id allocation)
{
    struct default_scheduler *own = s->own.pipelined;
    bool goes_on = s->status == JOB_RUNNING || s->status == JOB_RESTARTING;
    if (own->requested_count == 0 || own->is_refusing || !goes_on)
        return;
    if (default_balance_is_on(s))
        default_balance_match(s);
    else
        match(s, allocation);
    if (own->complete_bulks.count && !timers_is_set(&s->timers, own->deploy))
        own->deploy =
            timers_set(&s->timers, (struct timer){ .at = scheduler_now(s), .kind = TIMER_DEPLOY });
}

/* The last task of a shared slot has ended: the job needs one slot less. */
void default_slots_left(struct scheduler *s, uint32_t slot)
{
    struct request_queue *queue = queue_of(s, slot);
    close_request(s, slot);
    CHECK(s->own.pipelined->is_needed.items[slot]);
    s->own.pipelined->is_needed.items[slot] = false;
    queue->needs--;
    declare(s);
    pass_on(s, s->slots.items[slot].previous);
}

/* Queues and maps follow from the requests; a bulk is known by its first task. */
uint64_t default_slots_hash(const struct default_scheduler *own, uint64_t hash)
{
    for (VEC_EACH(const struct bulk, bulk, &own->bulks)) {
        hash = hash_add(hash, (uint64_t)bulk->tasks.count << 32 | bulk->missing);
        hash = hash_add(hash, bulk->tasks.count ? bulk->tasks.items[0].n : ID_NONE);
    }
    for (VEC_EACH(const uint64_t, seq, &own->request_of_slot))
        hash = hash_add(hash, *seq);
    for (VEC_EACH(const struct request_queue, queue, &own->queues))
        hash = hash_add(hash, queue->needs);
    return hash_add(hash, own->last_request);
}

/* A bulk lacks as many slots as it has shared slots without one, each counted by one of its tasks.
 */
static void check_bulk(const struct scheduler *s, uint32_t index)
{
    const struct bulk *bulk = &s->own.pipelined->bulks.items[index];
    uint32_t missing = 0;
    for (VEC_EACH(const struct task_id, task, &bulk->tasks)) {
        uint32_t slot = s->slot_of_task.items[task->n];
        CHECK(s->own.pipelined->bulk_of_task.items[task->n] == index);
        CHECK(s->graph->tasks[task->n].state == EXECUTION_SCHEDULED);
        if (!speaks_for_slot(s, *task, index) ||
            !allocation_id_is_none(s->slots.items[slot].allocation))
            continue;
        CHECK(s->own.pipelined->request_of_slot.items[slot] != 0);
        missing++;
    }
    CHECK(bulk->missing == missing || bulk->tasks.count == 0);
    CHECK(missing > 0 || bulk->tasks.count == 0 ||
          timers_is_set(&s->timers, s->own.pipelined->deploy));
    CHECK(timers_is_set(&s->timers, bulk->timeout) == (bulk->tasks.count > 0));
}

/* What is waited for, requested and required agrees with the states of the tasks. */
void default_slots_check(const struct scheduler *s)
{
    const struct default_scheduler *own = s->own.pipelined;
    uint32_t scheduled = 0, waiting = 0, requested = 0;
    uint64_t needed = 0, live = 0;
    for (uint32_t i = 0; i < own->bulks.count; i++) {
        check_bulk(s, i);
        waiting += (uint32_t)own->bulks.items[i].tasks.count;
    }
    scheduled = execution_graph_count(s->graph, EXECUTION_SCHEDULED);
    CHECK(waiting == scheduled);
    for (uint32_t slot = 0; slot < s->slots.count; slot++) {
        bool open = own->request_of_slot.items[slot] != 0;
        requested += open;
        live += s->slots.items[slot].live > 0;
        CHECK(own->is_needed.items[slot] == (s->slots.items[slot].live > 0));
        CHECK(!open || own->is_needed.items[slot]);
        CHECK(!open || allocation_id_is_none(s->slots.items[slot].allocation));
    }
    CHECK(requested == own->requested_count);
    for (VEC_EACH(const struct request_queue, queue, &own->queues))
        needed += queue->needs;
    CHECK(needed == live);
    CHECK(requirements_total(&s->parts.pool->required) == needed);
    CHECK(own->fresh.count == 0);
    CHECK(own->complete_bulks.count == 0 || timers_is_set(&s->timers, own->deploy));
    CHECK(!own->is_refusing);
}
