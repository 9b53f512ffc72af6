/* SPDX-License-Identifier: Apache-2.0
 *
 * The shared slots of the current graph: which pool slot each has, and which of them lie on one
 * TaskManager (a ring per TaskManager in order of assignment, so that what is said about one is
 * worked through without a look at the others). In: assignments and ends. Always: a slot with a
 * pool slot is in the ring of its TaskManager, and `live` counts its tasks between CREATED and
 * their end.
 */
#include "core/schedule/parts.h"

/* Behind the last of the TaskManager's; the ring is entered by its last, so that both ends are
 * near:
 *
 *   last_of_node[n7] --> s9 --> s2 --> s4 --> (s9)     next_here; before_here the other way
 *                        last   first
 */
static void ring_add(struct scheduler *s, uint32_t slot)
{
    struct task_slot *slots = s->slots.items;
    uint32_t last = index_map_get(&s->last_of_node, slots[slot].node.n);
    if (last == INDEX_NONE)
        last = slot;
    else
        slots[slot].next_here = slots[last].next_here;
    slots[last].next_here = slot;
    slots[slot].before_here = last;
    slots[slots[slot].next_here].before_here = slot;
    index_map_put(&s->last_of_node, slots[slot].node.n, slot);
}

/* The last one's place is taken by the one before it. */
static void ring_remove(struct scheduler *s, uint32_t slot)
{
    struct task_slot *slots = s->slots.items;
    struct task_slot *own = &slots[slot];
    if (own->next_here == slot) {
        index_map_remove(&s->last_of_node, own->node.n);
    } else {
        slots[own->before_here].next_here = own->next_here;
        slots[own->next_here].before_here = own->before_here;
        if (index_map_get(&s->last_of_node, own->node.n) == slot)
            index_map_put(&s->last_of_node, own->node.n, own->before_here);
    }
    own->next_here = own->before_here = ID_NONE;
}

/* The pool's slot is reserved for this shared slot from here to scheduler_leave_slot. */
void scheduler_assign_slot(struct scheduler *s, uint32_t slot, const struct pool_slot *pool_slot)
{
    struct task_slot *own = &s->slots.items[slot];
    CHECK(allocation_id_is_none(own->allocation));
    CHECK(pool_slot->reserved);
    own->allocation = pool_slot->allocation;
    own->node = pool_slot->node;
    index_map_put(&s->slot_by_allocation, pool_slot->allocation.n, slot);
    ring_add(s, slot);
    /* Tasks know their place before they are deployed, for the log and for local recovery. */
    for (uint32_t i = 0; i < own->count; i++) {
        struct execution *execution = &s->graph->tasks[s->slot_tasks.items[own->first + i].n];
        if (execution->state == EXECUTION_CREATED || execution->state == EXECUTION_SCHEDULED) {
            execution->node = own->node;
            execution->allocation = own->allocation;
        }
    }
}

void scheduler_leave_slot(struct scheduler *s, uint32_t slot, bool kept)
{
    CHECK(slot < s->slots.count);
    struct task_slot *own = &s->slots.items[slot];
    if (allocation_id_is_none(own->allocation))
        return; /* never had one, or lost it */
    struct allocation_id allocation = own->allocation;
    index_map_remove(&s->slot_by_allocation, allocation.n);
    ring_remove(s, slot);
    own->previous = allocation;
    own->allocation = allocation_id_none();
    if (kept)
        slot_pool_free_reserved(s->parts.pool, allocation, scheduler_now(s));
}

/* The live attempts in one slot. */
static void list_slot(const struct scheduler *s, uint32_t slot, struct attempt_list *out)
{
    const struct task_slot *own = &s->slots.items[slot];
    for (uint32_t i = 0; i < own->count; i++) {
        struct task_id task = s->slot_tasks.items[own->first + i];
        const struct execution *execution = &s->graph->tasks[task.n];
        if (execution_occupies_slot((enum execution_state)execution->state))
            vec_push(&out->items, execution_graph_attempt(s->graph, task));
    }
}

void scheduler_list_node(const struct scheduler *s, struct node_id node, struct attempt_list *out)
{
    uint32_t last = index_map_get(&s->last_of_node, node.n), slot = last;
    while (slot != INDEX_NONE) {
        slot = s->slots.items[slot].next_here;
        list_slot(s, slot, out);
        if (slot == last)
            break;
    }
}

/* What lives in a lost slot fails. That may restart other tasks at once, so the list is made
 * first; a new attempt in the same place is none of the lost ones. */
void scheduler_on_slots_lost(struct scheduler *s, const struct slot_pool_list *lost,
                             enum failure_cause cause)
{
    CHECK(cause != CAUSE_NONE);
    struct attempt_list attempts = { 0 };
    for (VEC_EACH(const struct pool_slot, gone, &lost->slots)) {
        uint32_t slot = index_map_get(&s->slot_by_allocation, gone->allocation.n);
        if (slot == INDEX_NONE)
            continue; /* free in the pool, or of tasks that are waiting elsewhere */
        list_slot(s, slot, &attempts);
        scheduler_leave_slot(s, slot, false);
    }
    for (VEC_EACH(const struct task_attempt, attempt, &attempts.items))
        scheduler_end_or_fail(s, *attempt, cause);
    vec_fini(&attempts.items);
}

/* One shared slot against its tasks, the pool and the maps. */
static void check_slot(const struct scheduler *s, uint32_t slot)
{
    const struct task_slot *own = &s->slots.items[slot];
    uint32_t live = 0;
    bool assigned = !allocation_id_is_none(own->allocation);
    for (uint32_t i = 0; i < own->count; i++) {
        struct task_id task = s->slot_tasks.items[own->first + i];
        const struct execution *execution = &s->graph->tasks[task.n];
        enum execution_state state = (enum execution_state)execution->state;
        CHECK(s->slot_of_task.items[task.n] == slot);
        live += execution_occupies_slot(state);
        if (execution_occupies_slot(state) && state != EXECUTION_SCHEDULED) {
            CHECK(assigned);
            CHECK(allocation_id_equal(execution->allocation, own->allocation));
            CHECK(node_id_equal(execution->node, own->node));
        }
    }
    CHECK(own->live == live);
    CHECK(live > 0 || !assigned);
    CHECK(assigned == (own->next_here != ID_NONE));
    if (!assigned)
        return;
    const struct pool_slot *held = slot_pool_find(s->parts.pool, own->allocation);
    CHECK(held != NULL);
    CHECK(held->reserved);
    CHECK(node_id_equal(held->node, own->node));
    CHECK(index_map_get(&s->slot_by_allocation, own->allocation.n) == slot);
}

/* What the pool holds in reserve is what the slots have: none leaks. */
void scheduler_check_slots(const struct scheduler *s)
{
    uint32_t assigned = 0;
    for (uint32_t slot = 0; slot < s->slots.count; slot++) {
        check_slot(s, slot);
        assigned += !allocation_id_is_none(s->slots.items[slot].allocation);
    }
    CHECK(s->slot_by_allocation.count == assigned);
    CHECK(s->parts.pool->slots.count - s->parts.pool->free_count == assigned);
}
