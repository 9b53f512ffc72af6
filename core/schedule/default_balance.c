/* SPDX-License-Identifier: Apache-2.0
 *
 * Load-balance TASKS: requests are gathered for slot.request.max-interval and served all at once,
 * when there are slots for all of them: those for most tasks first, each by the TaskManager with
 * the fewest tasks of the job. In: open requests, the pool's free slots. Out: each request has its
 * slot, or none has. Source: DeclarativeSlotPoolBridge (deferSlotAllocation),
 * TasksBalancedRequestSlotMatchingStrategy.
 */
#include "core/schedule/default_scheduler.h"
#include "core/slots/sort_items.h"

/* A free slot, as heavy as its TaskManager was when it was last looked at. */
struct candidate {
    struct allocation_id allocation;
    uint32_t worker, order;
    uint64_t load;
};

/* Slots that are meant for the same requests, the one on the least loaded TaskManager on top. */
struct kind {
    uint32_t group; /* the first slot sharing group of that profile */
    VEC(struct candidate) heap;
};

struct balance {
    struct index_map by_node, by_allocation; /* TaskManager; place in the order of acceptance */
    VEC(bool) taken;                         /* by that place */
    VEC(uint64_t) loads;                     /* tasks, by TaskManager */
    VEC(struct kind) kinds;
    VEC(uint32_t) kind_of_group;
};

bool default_balance_is_on(const struct scheduler *s)
{
    return config_balance(s->parts.config) == LOAD_BALANCE_TASKS;
}

void default_balance_hold(struct scheduler *s)
{
    struct default_scheduler *own = s->own.pipelined;
    if (!default_balance_is_on(s) || timers_is_set(&s->timers, own->stable))
        return;
    own->stable = timers_set(
        &s->timers, (struct timer){ .at = time_add(scheduler_now(s),
                                                   s->parts.config->slot_request_max_interval),
                                    .kind = TIMER_STABLE });
}

static uint32_t worker_of(struct balance *balance, struct node_id node)
{
    uint32_t worker = index_map_get(&balance->by_node, node.n);
    if (worker != INDEX_NONE)
        return worker;
    worker = (uint32_t)balance->loads.count;
    index_map_put(&balance->by_node, node.n, worker);
    vec_push(&balance->loads, 0);
    return worker;
}

/* Equal ones in order of acceptance. */
static bool is_before(const struct candidate *a, const struct candidate *b)
{
    return a->load != b->load ? a->load < b->load : a->order < b->order;
}

static void sift_down(struct kind *kind, size_t i)
{
    struct candidate *heap = kind->heap.items;
    for (;;) {
        size_t least = i, left = 2 * i + 1;
        for (size_t child = left; child < left + 2 && child < kind->heap.count; child++)
            if (is_before(&heap[child], &heap[least]))
                least = child;
        if (least == i)
            return;
        struct candidate swap = heap[i];
        heap[i] = heap[least];
        heap[least] = swap;
        i = least;
    }
}

/* Loads only grow, so whoever is on top with a load of the past goes down, and who is on top with
 * that of now is the least loaded. None: no slot of the kind is left. */
static struct allocation_id take(struct balance *balance, struct kind *kind, uint64_t load)
{
    while (kind->heap.count > 0) {
        struct candidate top = kind->heap.items[0];
        uint64_t now = balance->loads.items[top.worker];
        bool is_taken = balance->taken.items[top.order], is_least = top.load == now;
        kind->heap.items[0].load = now;
        if (is_taken || is_least)
            kind->heap.items[0] = kind->heap.items[--kind->heap.count];
        sift_down(kind, 0);
        if (is_taken || !is_least)
            continue;
        balance->loads.items[top.worker] += load;
        return top.allocation;
    }
    return allocation_id_none();
}

static void find_kinds(const struct scheduler *s, struct balance *balance)
{
    const struct job_graph *job = s->parts.job;
    for (uint32_t g = 0; g < job->groups.count; g++) {
        uint32_t k = 0;
        while (k < balance->kinds.count &&
               !profile_equal(&job->groups.items[balance->kinds.items[k].group].profile,
                              &job->groups.items[g].profile))
            k++;
        if (k == balance->kinds.count)
            vec_push(&balance->kinds, (struct kind){ .group = g });
        vec_push(&balance->kind_of_group, k);
    }
}

/* The pool may match slots anew, so it is walked first. */
static void find_candidates(struct scheduler *s, struct balance *balance)
{
    VEC(struct allocation_id) free = { 0 };
    for (SLOT_POOL_EACH(slot, s->parts.pool))
        if (!slot->reserved)
            vec_push(&free, slot->allocation);
    for (uint32_t i = 0; i < free.count; i++) {
        slot_pool_match_anew(s->parts.pool, free.items[i]);
        const struct pool_slot *held = slot_pool_find(s->parts.pool, free.items[i]);
        struct candidate candidate = { .allocation = held->allocation, .order = i };
        candidate.worker = worker_of(balance, held->node);
        index_map_put(&balance->by_allocation, held->allocation.n, i);
        vec_push(&balance->taken, false);
        for (VEC_EACH(struct kind, kind, &balance->kinds))
            if (default_slots_is_meant(s, held, kind->group))
                vec_push(&kind->heap, candidate); /* of load 0 all, in order: a heap */
    }
    vec_fini(&free);
}

static void find_loads(const struct scheduler *s, struct balance *balance)
{
    for (VEC_EACH(const struct task_slot, slot, &s->slots))
        if (!allocation_id_is_none(slot->allocation))
            balance->loads.items[worker_of(balance, slot->node)] += slot->count;
}

/* Open requests by shared slot, the oldest first. */
static struct sort_item *list_requests(const struct scheduler *s)
{
    const struct default_scheduler *own = s->own.pipelined;
    struct sort_item *list = mem_create_array(own->requested_count, sizeof *list);
    uint32_t count = 0;
    for (VEC_EACH(const struct request_queue, queue, &own->queues))
        for (size_t i = queue->first; i < queue->waiting.count; i++) {
            struct slot_request request = queue->waiting.items[i];
            if (own->request_of_slot.items[request.slot] == request.seq)
                list[count++] = (struct sort_item){ request.seq, request.slot };
        }
    CHECK(count == own->requested_count);
    sort_items(list, count);
    return list;
}

/* With local recovery what a request had before comes first, for its state is there
 * (PreferredAllocationRequestSlotMatchingStrategy). */
static void choose_previous(const struct scheduler *s, struct balance *balance,
                            const struct sort_item *requests, size_t count,
                            struct allocation_id *chosen)
{
    for (size_t i = 0; i < count && s->parts.config->recover_from_local; i++) {
        const struct task_slot *slot = &s->slots.items[requests[i].index];
        uint32_t order = index_map_get(&balance->by_allocation, slot->previous.n);
        if (order == INDEX_NONE || balance->taken.items[order])
            continue;
        const struct pool_slot *held = slot_pool_find(s->parts.pool, slot->previous);
        if (!default_slots_is_meant(s, held, slot->group.n))
            continue;
        balance->taken.items[order] = true;
        balance->loads.items[worker_of(balance, held->node)] += slot->count;
        chosen[i] = slot->previous;
    }
}

/* What each gets that has nothing yet; false: some would get nothing. */
static bool choose(const struct scheduler *s, struct balance *balance,
                   const struct sort_item *requests, size_t count, struct allocation_id *chosen)
{
    for (size_t i = 0; i < count; i++) {
        const struct task_slot *slot = &s->slots.items[requests[i].index];
        uint32_t kind = balance->kind_of_group.items[slot->group.n];
        if (!allocation_id_is_none(chosen[i]))
            continue;
        chosen[i] = take(balance, &balance->kinds.items[kind], slot->count);
        if (allocation_id_is_none(chosen[i]))
            return false;
    }
    return true;
}

static void match_all(struct scheduler *s, struct balance *balance)
{
    size_t count = s->own.pipelined->requested_count;
    struct sort_item *requests = list_requests(s);
    struct allocation_id *chosen = mem_create_array(count, sizeof *chosen);
    for (size_t i = 0; i < count; i++) {
        chosen[i] = allocation_id_none();
        requests[i].key = UINT64_MAX - s->slots.items[requests[i].index].count;
    }
    sort_items(requests, count);
    choose_previous(s, balance, requests, count, chosen);
    if (choose(s, balance, requests, count, chosen))
        for (size_t i = 0; i < count; i++)
            default_slots_fulfil(s, requests[i].index, chosen[i]);
    mem_destroy(chosen);
    mem_destroy(requests);
}

void default_balance_match(struct scheduler *s)
{
    const struct default_scheduler *own = s->own.pipelined;
    struct balance balance = { 0 };
    if (own->requested_count == 0 || timers_is_set(&s->timers, own->stable) ||
        s->parts.pool->free_count < own->requested_count)
        return;
    find_kinds(s, &balance);
    find_candidates(s, &balance);
    find_loads(s, &balance);
    match_all(s, &balance);
    for (VEC_EACH(struct kind, kind, &balance.kinds))
        vec_fini(&kind->heap);
    vec_fini(&balance.kinds);
    vec_fini(&balance.kind_of_group);
    vec_fini(&balance.loads);
    vec_fini(&balance.taken);
    index_map_fini(&balance.by_node);
    index_map_fini(&balance.by_allocation);
}
