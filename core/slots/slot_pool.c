/* SPDX-License-Identifier: Apache-2.0
 *
 * The declarative slot pool. Every operation on one slot is constant time, one on a TaskManager is
 * linear in its slots, whatever the size of the pool. Always holds: a slot is in the chain of
 * accepted slots and in its node's ring; it is in the chain of free slots unless reserved, and that
 * chain is sorted by free_since because time never goes back. Source: DefaultDeclarativeSlotPool,
 * DefaultAllocatedSlotPool.
 */
#include "core/slots/slot_pool.h"

#include "core/base/hash.h"

/* Not all zero: the ends of an empty chain name nobody. */
void slot_pool_init(struct slot_pool *pool)
{
    *pool = (struct slot_pool){ .free_count = 0 };
    for (int kind = 0; kind < POOL_CHAIN_COUNT; kind++)
        pool->chains[kind] = (struct pool_chain){ INDEX_NONE, INDEX_NONE };
}

void slot_pool_fini(struct slot_pool *pool)
{
    requirements_fini(&pool->required);
    requirements_fini(&pool->filled);
    vec_fini(&pool->slots);
    index_map_fini(&pool->by_allocation);
    index_map_fini(&pool->last_of_node);
    slot_pool_init(pool);
}

/* Good until the next change of the pool: slots move in the array. */
static const struct pool_slot *slot_or_null(const struct slot_pool *pool, uint32_t index)
{
    return index == INDEX_NONE ? NULL : &pool->slots.items[index];
}

/* The order of acceptance is the only one shown outside, since places in the array are reused. */
const struct pool_slot *slot_pool_first(const struct slot_pool *pool)
{
    return slot_or_null(pool, pool->chains[POOL_ACCEPTED].first);
}

const struct pool_slot *slot_pool_next(const struct slot_pool *pool, const struct pool_slot *slot)
{
    return slot_or_null(pool, slot->links[POOL_ACCEPTED].next);
}

const struct pool_slot *slot_pool_first_of_node(const struct slot_pool *pool, struct node_id node)
{
    uint32_t last = index_map_get(&pool->last_of_node, node.n);
    return last == INDEX_NONE ? NULL : &pool->slots.items[pool->slots.items[last].of_node.next];
}

const struct pool_slot *slot_pool_next_of_node(const struct slot_pool *pool,
                                               const struct pool_slot *slot)
{
    uint32_t last = index_map_get(&pool->last_of_node, slot->node.n);
    bool is_last = slot == &pool->slots.items[last];
    return is_last ? NULL : &pool->slots.items[slot->of_node.next];
}

static struct pool_link *link_of(struct slot_pool *pool, enum pool_chain_kind kind, uint32_t index)
{
    CHECK(index < pool->slots.count);
    return &pool->slots.items[index].links[kind];
}

/* Chains run through the array by index, because the array moves when it grows. */
static void chain_append(struct slot_pool *pool, enum pool_chain_kind kind, uint32_t index)
{
    struct pool_chain *chain = &pool->chains[kind];
    *link_of(pool, kind, index) = (struct pool_link){ chain->last, INDEX_NONE };
    if (chain->last == INDEX_NONE)
        chain->first = index;
    else
        link_of(pool, kind, chain->last)->next = index;
    chain->last = index;
}

/* Makes the neighbours of a link point at `before` and `after` instead. */
static void chain_bridge(struct slot_pool *pool, enum pool_chain_kind kind, struct pool_link at,
                         uint32_t before, uint32_t after)
{
    if (at.previous == INDEX_NONE)
        pool->chains[kind].first = after;
    else
        link_of(pool, kind, at.previous)->next = after;
    if (at.next == INDEX_NONE)
        pool->chains[kind].last = before;
    else
        link_of(pool, kind, at.next)->previous = before;
}

/* The slot's own link stays as it was: the slot is gone or is appended anew. */
static void chain_remove(struct slot_pool *pool, enum pool_chain_kind kind, uint32_t index)
{
    struct pool_link at = *link_of(pool, kind, index);
    chain_bridge(pool, kind, at, at.previous, at.next);
}

/* The map names a ring's last slot, whose next is its first: both ends in one step. */
static void ring_append(struct slot_pool *pool, uint32_t index)
{
    struct pool_slot *slots = pool->slots.items;
    uint32_t last = index_map_get(&pool->last_of_node, slots[index].node.n);
    if (last == INDEX_NONE)
        last = index;
    else
        slots[index].of_node.next = slots[last].of_node.next;
    slots[last].of_node.next = index;
    slots[index].of_node.previous = last;
    slots[slots[index].of_node.next].of_node.previous = index;
    index_map_put(&pool->last_of_node, slots[index].node.n, index);
}

/* A ring of one vanishes with its slot. */
static void ring_remove(struct slot_pool *pool, uint32_t index)
{
    struct pool_slot *slots = pool->slots.items;
    struct pool_link at = slots[index].of_node;
    if (at.next == index) {
        CHECK(at.previous == index);
        index_map_remove(&pool->last_of_node, slots[index].node.n);
        return;
    }
    slots[at.previous].of_node.next = at.next;
    slots[at.next].of_node.previous = at.previous;
    if (index_map_get(&pool->last_of_node, slots[index].node.n) == index)
        index_map_put(&pool->last_of_node, slots[index].node.n, at.previous);
}

/* A slot alone in its ring pointed at its old place. */
static void ring_move(struct slot_pool *pool, uint32_t from, uint32_t to)
{
    struct pool_slot *slots = pool->slots.items;
    struct pool_link *at = &slots[to].of_node;
    if (at->next == from)
        *at = (struct pool_link){ to, to };
    slots[at->previous].of_node.next = to;
    slots[at->next].of_node.previous = to;
    if (index_map_get(&pool->last_of_node, slots[to].node.n) == from)
        index_map_put(&pool->last_of_node, slots[to].node.n, to);
}

/* The slot that stood last in the array has been copied to `to`: all that named it follows. */
static void follow_move(struct slot_pool *pool, uint32_t from, uint32_t to)
{
    const struct pool_slot *moved = &pool->slots.items[to];
    chain_bridge(pool, POOL_ACCEPTED, moved->links[POOL_ACCEPTED], to, to);
    if (!moved->reserved)
        chain_bridge(pool, POOL_FREE, moved->links[POOL_FREE], to, to);
    ring_move(pool, from, to);
    index_map_put(&pool->by_allocation, moved->allocation.n, to);
}

/* Slots become free in order of time, so appending keeps the chain sorted. */
static void become_free(struct slot_pool *pool, uint32_t index, time_ns now)
{
    CHECK(now != TIME_NEVER);
    const struct pool_slot *last = slot_or_null(pool, pool->chains[POOL_FREE].last);
    CHECK(last == NULL || last->free_since <= now);
    pool->slots.items[index].reserved = false;
    pool->slots.items[index].free_since = now;
    chain_append(pool, POOL_FREE, index);
    pool->free_count++;
}

/* What the slot is now, reserved or gone, is for the caller to write down. */
static void stop_being_free(struct slot_pool *pool, uint32_t index)
{
    CHECK(pool->free_count > 0);
    chain_remove(pool, POOL_FREE, index);
    pool->free_count--;
}

/* Takes the slot out; a copy goes to `out` unless null. */
static void remove_slot(struct slot_pool *pool, uint32_t index, struct slot_pool_list *out)
{
    const struct pool_slot *slot = &pool->slots.items[index];
    if (out)
        vec_push(&out->slots, *slot);
    requirements_remove(&pool->filled, &slot->fills, 1);
    if (!slot->reserved)
        stop_being_free(pool, index);
    chain_remove(pool, POOL_ACCEPTED, index);
    ring_remove(pool, index);
    bool was_known = index_map_remove(&pool->by_allocation, slot->allocation.n);
    CHECK(was_known);
    uint32_t last = (uint32_t)pool->slots.count - 1;
    vec_remove_swap(&pool->slots, index);
    if (index != last)
        follow_move(pool, last, index);
}

/* Slots keep the requirement they were matched with. Those of a row that shrank or vanished are in
 * excess from now on: release_idle may take them, nothing else happens to them. */
bool slot_pool_require(struct slot_pool *pool, const struct requirements *required)
{
    struct requirements next = { 0 };
    requirements_copy(&next, required);
    bool differs = !requirements_equal(&next, &pool->required);
    requirements_fini(&pool->required);
    pool->required = next;
    return differs;
}

/* A repeated offer means that the TaskManager missed our answer. A new slot is free from the moment
 * it is accepted; the scheduler takes it in the same step or later. */
bool slot_pool_offer(struct slot_pool *pool, struct node_id node, const struct slot_offer *offer,
                     time_ns now)
{
    CHECK(!allocation_id_is_none(offer->allocation));
    const struct pool_slot *held = slot_pool_find(pool, offer->allocation);
    if (held)
        return node_id_equal(held->node, node);
    struct resource_profile profile = { false, offer->cpu_milli, offer->memory_bytes }, fills;
    if (!requirements_match(&pool->required, &pool->filled, &profile, &fills))
        return false;
    requirements_add(&pool->filled, &fills, 1);
    uint32_t index = (uint32_t)pool->slots.count;
    vec_push(&pool->slots, (struct pool_slot){ .allocation = offer->allocation,
                                               .node = node,
                                               .slot = { offer->slot },
                                               .profile = profile,
                                               .fills = fills,
                                               .of_node = { index, index } });
    index_map_put(&pool->by_allocation, offer->allocation.n, index);
    chain_append(pool, POOL_ACCEPTED, index);
    ring_append(pool, index);
    become_free(pool, index, now);
    return true;
}

const struct pool_slot *slot_pool_find(const struct slot_pool *pool,
                                       struct allocation_id allocation)
{
    return slot_or_null(pool, index_map_get(&pool->by_allocation, allocation.n));
}

/* Whoever planned with a slot may find it gone. That of several planned ones all or none are taken
 * is the scheduler's business. */
struct err slot_pool_reserve(struct slot_pool *pool, struct allocation_id allocation)
{
    uint32_t index = index_map_get(&pool->by_allocation, allocation.n);
    if (index == INDEX_NONE)
        return (struct err){ ERR_NOT_FOUND_CODE };
    struct pool_slot *slot = &pool->slots.items[index];
    if (slot->reserved)
        return (struct err){ ERR_REFUSED_CODE };
    stop_being_free(pool, index);
    slot->reserved = true;
    slot->free_since = TIME_NEVER;
    return OK;
}

/* Slots in use are left alone: their users still count for the row they were granted for. Flink
 * changes the match, and the requirement with it, when it reserves the slot (reserveFreeSlot). */
void slot_pool_match_anew(struct slot_pool *pool, struct allocation_id allocation)
{
    uint32_t index = index_map_get(&pool->by_allocation, allocation.n);
    if (index == INDEX_NONE || pool->slots.items[index].reserved)
        return;
    struct pool_slot *slot = &pool->slots.items[index];
    struct resource_profile fills;
    if (requirements_count(&pool->filled, &slot->fills) <=
            requirements_count(&pool->required, &slot->fills) ||
        !requirements_match(&pool->required, &pool->filled, &slot->profile, &fills))
        return;
    requirements_remove(&pool->filled, &slot->fills, 1);
    requirements_add(&pool->filled, &fills, 1);
    slot->fills = fills;
}

/* Its idle time starts anew. */
void slot_pool_free_reserved(struct slot_pool *pool, struct allocation_id allocation, time_ns now)
{
    uint32_t index = index_map_get(&pool->by_allocation, allocation.n);
    if (index != INDEX_NONE && pool->slots.items[index].reserved)
        become_free(pool, index, now);
}

/* Reserved or not: a slot that is lost is lost, and its user hears of it from the caller. */
bool slot_pool_release(struct slot_pool *pool, struct allocation_id allocation)
{
    uint32_t index = index_map_get(&pool->by_allocation, allocation.n);
    if (index == INDEX_NONE)
        return false;
    remove_slot(pool, index, NULL);
    return true;
}

/* Each step takes the ring's first, so the order is that of acceptance. */
void slot_pool_release_node(struct slot_pool *pool, struct node_id node, struct slot_pool_list *out)
{
    vec_clear(&out->slots);
    uint32_t last = index_map_get(&pool->last_of_node, node.n);
    while (last != INDEX_NONE) {
        remove_slot(pool, pool->slots.items[last].of_node.next, out);
        last = index_map_get(&pool->last_of_node, node.n);
    }
}

/* How many slots fill a requirement beyond what it asks for now. */
static uint64_t excess_total(const struct slot_pool *pool)
{
    uint64_t excess = 0;
    for (VEC_EACH(struct requirement, row, &pool->filled.rows)) {
        uint32_t required = requirements_count(&pool->required, &row->profile);
        if (row->count > required)
            excess += row->count - required;
    }
    return excess;
}

/* Flink looks only at what was declared, never at whether the scheduler may want the slot soon: a
 * slot within the declared total stays however long it idles. */
void slot_pool_release_idle(struct slot_pool *pool, time_ns now, time_ns timeout,
                            struct slot_pool_list *out)
{
    CHECK(timeout >= 0);
    vec_clear(&out->slots);
    uint64_t excess = excess_total(pool);
    uint32_t index = pool->chains[POOL_FREE].first;
    while (excess > 0 && index != INDEX_NONE) {
        const struct pool_slot *slot = &pool->slots.items[index];
        if (now - slot->free_since < timeout)
            return;
        uint32_t next = slot->links[POOL_FREE].next;
        if (requirements_count(&pool->filled, &slot->fills) >
            requirements_count(&pool->required, &slot->fills)) {
            /* The last slot of the array moves here; it may be the next one of the walk. */
            if (next == pool->slots.count - 1)
                next = index;
            remove_slot(pool, index, out);
            excess--;
        }
        index = next;
    }
}

bool slot_pool_has_node(const struct slot_pool *pool, struct node_id node)
{
    return index_map_get(&pool->last_of_node, node.n) != INDEX_NONE;
}

/* In order of acceptance, not as the array has them. */
uint64_t slot_pool_hash(const struct slot_pool *pool)
{
    uint64_t hash = requirements_hash(pool->slots.count, &pool->required);
    for (SLOT_POOL_EACH(slot, pool)) {
        hash = hash_add(hash, slot->allocation.n);
        hash = hash_add(hash, slot->node.n);
        hash = hash_add(hash, slot->slot.n);
        hash = profile_hash(hash, &slot->profile);
        hash = profile_hash(hash, &slot->fills);
        hash = hash_add(hash, (uint64_t)slot->free_since);
    }
    /* Equal times leave an order among the free ones that release_idle shows. */
    for (uint32_t i = pool->chains[POOL_FREE].first; i != INDEX_NONE;
         i = pool->slots.items[i].links[POOL_FREE].next)
        hash = hash_add(hash, pool->slots.items[i].allocation.n);
    return hash;
}

/* The slot in itself; whether it is the last of its TaskManager's ring. */
static bool check_slot(const struct slot_pool *pool, const struct pool_slot *slot)
{
    uint32_t index = (uint32_t)(slot - pool->slots.items);
    CHECK(index_map_get(&pool->by_allocation, slot->allocation.n) == index);
    CHECK(slot->reserved == (slot->free_since == TIME_NEVER));
    CHECK(!slot->profile.unknown);
    CHECK(slot->fills.unknown || profile_equal(&slot->fills, &slot->profile));
    const struct pool_slot *before = &pool->slots.items[slot->of_node.previous];
    CHECK(node_id_equal(before->node, slot->node));
    CHECK(before->of_node.next == index);
    return index_map_get(&pool->last_of_node, slot->node.n) == index;
}

/* Sorted by time, linked the same both ways, and as long as the count says. */
static void check_free_chain(const struct slot_pool *pool)
{
    uint32_t count = 0;
    const struct pool_slot *before = NULL;
    for (uint32_t i = pool->chains[POOL_FREE].first; i != INDEX_NONE;
         i = pool->slots.items[i].links[POOL_FREE].next) {
        const struct pool_slot *slot = &pool->slots.items[i];
        CHECK(!slot->reserved);
        CHECK(slot_or_null(pool, slot->links[POOL_FREE].previous) == before);
        CHECK(before == NULL || before->free_since <= slot->free_since);
        before = slot;
        count++;
    }
    CHECK(slot_or_null(pool, pool->chains[POOL_FREE].last) == before);
    CHECK(count == pool->free_count);
}

/* A second count of what the slots fill, against the one kept. */
static void check_filled(const struct slot_pool *pool)
{
    struct requirements filled = { 0 };
    for (VEC_EACH(struct pool_slot, slot, &pool->slots))
        requirements_add(&filled, &slot->fills, 1);
    CHECK(requirements_equal(&filled, &pool->filled));
    requirements_fini(&filled);
}

/* Counts everything that is kept twice a second time. */
void slot_pool_check(const struct slot_pool *pool)
{
    size_t count = 0, free_count = 0, node_count = 0;
    const struct pool_slot *before = NULL;
    for (SLOT_POOL_EACH(slot, pool)) {
        CHECK(slot_or_null(pool, slot->links[POOL_ACCEPTED].previous) == before);
        node_count += check_slot(pool, slot);
        free_count += !slot->reserved;
        before = slot;
        count++;
    }
    CHECK(slot_or_null(pool, pool->chains[POOL_ACCEPTED].last) == before);
    CHECK(count == pool->slots.count);
    CHECK(pool->by_allocation.count == count);
    CHECK(pool->last_of_node.count == node_count);
    CHECK(free_count == pool->free_count);
    check_free_chain(pool);
    check_filled(pool);
}
