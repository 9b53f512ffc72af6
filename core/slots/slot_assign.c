/* SPDX-License-Identifier: Apache-2.0
 *
 * Which free slot each shared slot gets. First the free slots may be narrowed to few TaskManagers;
 * then the balance mode deals them out: in order, onto the least utilised TaskManager, or heaviest
 * shared slot first onto the least loaded one. TaskManagers are taken in order of their first free
 * slot where nothing else decides. Source: DefaultSlotAssigner, SlotsBalancedSlotMatchingResolver,
 * TasksBalancedSlotMatchingResolver.
 */
#include "core/slots/slot_assign.h"

#include "core/slots/sort_items.h"

/* Reserved slots belong to somebody; they take no part. */
static void free_slots_list(struct free_slots *out, const struct slot_pool *pool)
{
    vec_clear(&out->slots);
    vec_reserve(&out->slots, pool->free_count);
    for (SLOT_POOL_EACH(slot, pool))
        if (!slot->reserved)
            vec_push(&out->slots, slot);
    CHECK(out->slots.count == pool->free_count);
}

/* The free slots of one TaskManager, and how busy this assignment has made it: weight / scale. */
struct free_node {
    uint32_t first, count; /* into free_nodes.slots */
    uint32_t taken;
    uint64_t weight, scale;
};

struct free_nodes {
    VEC(struct free_node) nodes;         /* in order of their first free slot */
    VEC(const struct pool_slot *) slots; /* node by node, in order of acceptance inside */
};

/* The slots pointed to are the pool's. */
static void free_nodes_fini(struct free_nodes *nodes)
{
    vec_fini(&nodes->nodes);
    vec_fini(&nodes->slots);
}

/* A counting sort of the free slots by TaskManager. */
static void free_nodes_group(struct free_nodes *out, const struct free_slots *free)
{
    struct index_map by_node = { 0 };
    for (VEC_EACH(const struct pool_slot *, slot, &free->slots)) {
        uint32_t index = index_map_get(&by_node, (*slot)->node.n);
        if (index == INDEX_NONE) {
            index = (uint32_t)out->nodes.count;
            index_map_put(&by_node, (*slot)->node.n, index);
            vec_push(&out->nodes, (struct free_node){ 0 });
        }
        out->nodes.items[index].count++;
    }
    uint32_t first = 0;
    for (VEC_EACH(struct free_node, node, &out->nodes)) {
        node->first = first;
        first += node->count;
    }
    vec_resize(&out->slots, free->slots.count);
    for (VEC_EACH(const struct pool_slot *, slot, &free->slots)) {
        struct free_node *node = &out->nodes.items[index_map_get(&by_node, (*slot)->node.n)];
        out->slots.items[node->first + node->taken++] = *slot;
    }
    for (VEC_EACH(struct free_node, node, &out->nodes))
        node->taken = 0;
    index_map_fini(&by_node);
}

/* Flink's pickSlotsInMinimalTaskExecutors: whole TaskManagers, those with the most free slots
 * first, until there are enough. */
static void free_slots_narrow(struct free_slots *free, size_t wanted)
{
    struct free_nodes nodes = { 0 };
    free_nodes_group(&nodes, free);
    struct sort_item *order = mem_create_array(nodes.nodes.count, sizeof *order);
    for (size_t i = 0; i < nodes.nodes.count; i++)
        order[i] = (struct sort_item){ UINT64_MAX - nodes.nodes.items[i].count, (uint32_t)i };
    sort_items(order, nodes.nodes.count);
    vec_clear(&free->slots);
    for (size_t i = 0; free->slots.count < wanted; i++) {
        CHECK(i < nodes.nodes.count);
        const struct free_node *node = &nodes.nodes.items[order[i].index];
        for (uint32_t s = 0; s < node->count; s++)
            vec_push(&free->slots, nodes.slots.items[node->first + s]);
    }
    mem_destroy(order);
    free_nodes_fini(&nodes);
}

/* A heap of the TaskManagers that still have a free slot, the least busy one on top. */
struct node_heap {
    struct free_nodes nodes;
    uint32_t *heap;
    uint32_t count;
};

/* Fractions are compared crosswise: weights and scales are counts far below 2^32. */
static bool is_less_busy(const struct node_heap *h, uint32_t a, uint32_t b)
{
    const struct free_node *x = &h->nodes.nodes.items[a], *y = &h->nodes.nodes.items[b];
    uint64_t left = x->weight * y->scale, right = y->weight * x->scale;
    return left != right ? left < right : a < b;
}

/* Only the top ever changes, and it only gets busier. */
static void sift_down_top(struct node_heap *h)
{
    uint32_t i = 0;
    for (;;) {
        uint32_t least = i, left = 2 * i + 1;
        for (uint32_t child = left; child < left + 2 && child < h->count; child++)
            if (is_less_busy(h, h->heap[child], h->heap[least]))
                least = child;
        if (least == i)
            return;
        uint32_t swap = h->heap[i];
        h->heap[i] = h->heap[least];
        h->heap[least] = swap;
        i = least;
    }
}

/* SLOTS weighs a TaskManager by the share of its free slots that is taken: those it had in use
 * before do not count (SlotsUtilization starts from the free ones). TASKS weighs it by the load
 * that this assignment puts on it. */
static void node_heap_init(struct node_heap *h, const struct free_slots *free, bool by_slots)
{
    *h = (struct node_heap){ 0 };
    free_nodes_group(&h->nodes, free);
    h->count = (uint32_t)h->nodes.nodes.count;
    h->heap = mem_create_array(h->count, sizeof *h->heap);
    /* All weights are zero, so the order of the TaskManagers is a heap already. */
    for (uint32_t i = 0; i < h->count; i++) {
        h->heap[i] = i;
        h->nodes.nodes.items[i].scale = by_slots ? h->nodes.nodes.items[i].count : 1;
    }
}

/* The next slot of the least busy TaskManager, which gets busier by `weight`. */
static struct allocation_id node_heap_take(struct node_heap *h, uint64_t weight)
{
    CHECK(h->count > 0);
    struct free_node *node = &h->nodes.nodes.items[h->heap[0]];
    const struct pool_slot *slot = h->nodes.slots.items[node->first + node->taken++];
    node->weight += weight;
    if (node->taken == node->count)
        h->heap[0] = h->heap[--h->count];
    sift_down_top(h);
    return slot->allocation;
}

/* Nothing of it outlives one assignment: loads of earlier ones do not count, as in Flink. */
static void node_heap_fini(struct node_heap *h)
{
    free_nodes_fini(&h->nodes);
    mem_destroy(h->heap);
}

/* All shared slots weigh the same. */
static void assign_least_utilised(const struct shared_slots *shared, const struct free_slots *free,
                                  struct allocation_id *assigned)
{
    struct node_heap heap;
    node_heap_init(&heap, free, true);
    for (size_t i = 0; i < shared->slots.count; i++)
        assigned[i] = node_heap_take(&heap, 1);
    node_heap_fini(&heap);
}

/* Largest first is what makes the greedy choice even out. */
static void assign_heaviest_first(const struct shared_slots *shared, const struct free_slots *free,
                                  struct allocation_id *assigned)
{
    size_t count = shared->slots.count;
    struct sort_item *order = mem_create_array(count, sizeof *order);
    for (size_t i = 0; i < count; i++)
        order[i] = (struct sort_item){ UINT64_MAX - shared->slots.items[i].load, (uint32_t)i };
    sort_items(order, count);
    struct node_heap heap;
    node_heap_init(&heap, free, false);
    for (size_t i = 0; i < count; i++)
        assigned[order[i].index] = node_heap_take(&heap, shared->slots.items[order[i].index].load);
    node_heap_fini(&heap);
    mem_destroy(order);
}

/* MIN_RESOURCES has had its effect on the cluster's side, by which workers the slots are on. */
static void assign_by_balance(const struct shared_slots *shared, const struct free_slots *free,
                              enum config_choice_LOAD_BALANCE balance,
                              struct allocation_id *assigned)
{
    switch (balance) {
    case LOAD_BALANCE_NONE:
    case LOAD_BALANCE_MIN_RESOURCES:
        for (size_t i = 0; i < shared->slots.count; i++)
            assigned[i] = free->slots.items[i]->allocation;
        return;
    case LOAD_BALANCE_SLOTS: assign_least_utilised(shared, free, assigned); return;
    case LOAD_BALANCE_TASKS: assign_heaviest_first(shared, free, assigned); return;
    case LOAD_BALANCE_COUNT: break;
    }
    IMPOSSIBLE("a balance mode that is none");
}

/* State locality overrides the rest (StateLocalitySlotAssigner has no other settings). */
bool slot_sharing_assign(const struct execution_graph *graph, const struct shared_slots *shared,
                         const struct slot_pool *pool, const struct assignment_settings *settings,
                         struct allocation_id *assigned)
{
    size_t wanted = shared->slots.count;
    if (wanted > pool->free_count)
        return false;
    struct free_slots free = { 0 };
    free_slots_list(&free, pool);
    if (settings->previous && settings->previous_count > 0) {
        slot_locality_assign(graph, shared, &free, settings->previous, settings->previous_count,
                             assigned);
    } else {
        if (settings->minimal_task_managers && free.slots.count > wanted)
            free_slots_narrow(&free, wanted);
        assign_by_balance(shared, &free, settings->balance, assigned);
    }
    vec_fini(&free.slots);
    return true;
}
