/* SPDX-License-Identifier: Apache-2.0
 *
 * Assignment by state locality: a shared slot goes where most of its state lies already. Each pair
 * of shared slot and former allocation with state in common gets a score, the bytes they share;
 * pairs are taken best first, each slot and allocation once, and the rest gets what is left in
 * order. Only overlapping pairs are ever looked at. Source: StateLocalitySlotAssigner.
 */
#include "core/slots/slot_assign.h"

#include "core/slots/sort_items.h"

/* Former key ranges with a free allocation, by vertex and first key group. */
struct former_range {
    const struct previous_state *state;
    int32_t last_so_far; /* largest last key group of its vertex up to here */
};

struct former_ranges {
    VEC(struct former_range) rows;
    VEC(uint32_t) first_of_vertex; /* by vertex, and one more for the end */
};

/* What a shared slot and an allocation have in common. */
struct pair {
    uint32_t shared, allocation;
    uint64_t score;
};

/* A pair appears once per task that has state there, until merge_pairs. */
struct pairs {
    VEC(struct pair) rows;
};

/* Slots that are gone or taken attract nobody, and a subtask without key groups has nothing to
 * keep. */
static void sort_former(struct former_ranges *out, const struct previous_state *previous,
                        size_t count, const struct index_map *free_by_allocation)
{
    struct sort_item *order = mem_create_array(count, sizeof *order);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const struct previous_state *state = &previous[i];
        CHECK(state->range.first >= 0);
        if (state->range.first <= state->range.last &&
            index_map_get(free_by_allocation, state->allocation.n) != INDEX_NONE)
            order[kept++] =
                (struct sort_item){ (uint64_t)state->vertex.n << 32 | (uint32_t)state->range.first,
                                    (uint32_t)i };
    }
    sort_items(order, kept);
    for (size_t i = 0; i < kept; i++)
        vec_push(&out->rows, (struct former_range){ .state = &previous[order[i].index] });
    mem_destroy(order);
}

/* Ranges of one attempt are disjoint, those of several may overlap: last_so_far makes a binary
 * search right for both. */
static void index_former(struct former_ranges *out, size_t vertex_count)
{
    uint32_t row = 0;
    for (uint32_t v = 0; v < vertex_count; v++) {
        vec_push(&out->first_of_vertex, row);
        int32_t last = -1;
        for (; row < out->rows.count && out->rows.items[row].state->vertex.n == v; row++) {
            struct former_range *former = &out->rows.items[row];
            last = former->state->range.last > last ? former->state->range.last : last;
            former->last_so_far = last;
        }
    }
    vec_push(&out->first_of_vertex, row);
    CHECK(row == out->rows.count);
}

/* Bytes of the former range that the new one needs. State without known size still attracts. */
static uint64_t score_of(struct key_group_range range, const struct previous_state *state)
{
    int64_t overlap = key_group_range_overlap(range, state->range);
    if (overlap == 0)
        return 0;
    if (state->bytes <= 0)
        return 1;
    int64_t groups = key_group_range_size(state->range);
    int64_t divisor = state->bytes < groups ? state->bytes : groups;
    return (uint64_t)(overlap * (state->bytes / divisor));
}

/* The first former range of the vertex that may reach up to `first`: last_so_far only grows. */
static uint32_t first_reaching(const struct former_ranges *former, uint32_t vertex, int32_t first)
{
    uint32_t low = former->first_of_vertex.items[vertex];
    uint32_t high = former->first_of_vertex.items[vertex + 1];
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (former->rows.items[middle].last_so_far < first)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* From the first range that can reach the task's to the last that starts inside it. */
static void score_task(const struct execution_graph *graph, const struct former_ranges *former,
                       struct task_id task, uint32_t shared, struct pairs *out)
{
    const struct execution *execution = &graph->tasks[task.n];
    const struct execution_vertex_range *vertex = &graph->vertices[execution->vertex.n];
    struct key_group_range range = key_group_range_of(
        (int32_t)execution->subtask, (int32_t)vertex->parallelism, vertex->max_parallelism);
    uint32_t end = former->first_of_vertex.items[execution->vertex.n + 1];
    for (uint32_t i = first_reaching(former, execution->vertex.n, range.first);
         i < end && former->rows.items[i].state->range.first <= range.last; i++) {
        const struct previous_state *state = former->rows.items[i].state;
        uint64_t score = score_of(range, state);
        if (score > 0)
            vec_push(&out->rows, (struct pair){ shared, state->allocation.n, score });
    }
}

/* The sort works on keys; the rows follow here. */
static void reorder(struct pairs *pairs, const struct sort_item *order)
{
    if (pairs->rows.count == 0)
        return;
    struct pair *sorted = mem_create_array(pairs->rows.count, sizeof *sorted);
    for (size_t i = 0; i < pairs->rows.count; i++)
        sorted[i] = pairs->rows.items[order[i].index];
    memcpy(pairs->rows.items, sorted, pairs->rows.count * sizeof *sorted);
    mem_destroy(sorted);
}

/* One row per pair: rows of the same pair come together and are summed. */
static void merge_pairs(struct pairs *pairs, struct sort_item *order)
{
    for (size_t i = 0; i < pairs->rows.count; i++) {
        const struct pair *pair = &pairs->rows.items[i];
        order[i] =
            (struct sort_item){ (uint64_t)pair->allocation << 32 | pair->shared, (uint32_t)i };
    }
    sort_items(order, pairs->rows.count);
    reorder(pairs, order);
    size_t kept = 0;
    for (VEC_EACH(struct pair, pair, &pairs->rows)) {
        struct pair *before = kept ? &pairs->rows.items[kept - 1] : NULL;
        if (before && before->shared == pair->shared && before->allocation == pair->allocation)
            before->score += pair->score;
        else
            pairs->rows.items[kept++] = *pair;
    }
    vec_resize(&pairs->rows, kept);
}

/* Best first; equal scores by allocation, then by shared slot, as merge_pairs left them. */
static void sort_pairs(struct pairs *pairs)
{
    struct sort_item *order = mem_create_array(pairs->rows.count, sizeof *order);
    merge_pairs(pairs, order);
    for (size_t i = 0; i < pairs->rows.count; i++)
        order[i] = (struct sort_item){ UINT64_MAX - pairs->rows.items[i].score, (uint32_t)i };
    sort_items(order, pairs->rows.count);
    reorder(pairs, order);
    mem_destroy(order);
}

/* Rows grow with the overlaps, not with tasks times allocations. */
static void score_all(const struct execution_graph *graph, const struct shared_slots *shared,
                      const struct former_ranges *former, struct pairs *out)
{
    for (uint32_t i = 0; i < shared->slots.count; i++) {
        const struct shared_slot *slot = &shared->slots.items[i];
        for (uint32_t t = 0; t < slot->count; t++)
            score_task(graph, former, shared->tasks.items[slot->first + t], i, out);
    }
    sort_pairs(out);
}

/* Best pairs first, then the rest in order. A slot that has gone to somebody is taken[]. */
static void take_pairs(const struct pairs *pairs, size_t shared_count,
                       const struct free_slots *free, const struct index_map *free_by_allocation,
                       struct allocation_id *assigned)
{
    bool *taken = mem_create_array(free->slots.count, sizeof *taken);
    for (size_t i = 0; i < shared_count; i++)
        assigned[i] = allocation_id_none();
    for (VEC_EACH(struct pair, pair, &pairs->rows)) {
        uint32_t slot = index_map_get(free_by_allocation, pair->allocation);
        if (taken[slot] || !allocation_id_is_none(assigned[pair->shared]))
            continue;
        taken[slot] = true;
        assigned[pair->shared] = free->slots.items[slot]->allocation;
    }
    size_t next = 0;
    for (size_t i = 0; i < shared_count; i++) {
        if (!allocation_id_is_none(assigned[i]))
            continue;
        while (taken[next])
            next++;
        CHECK(next < free->slots.count);
        assigned[i] = free->slots.items[next++]->allocation;
    }
    mem_destroy(taken);
}

/* Shared slots are not weighed against each other beyond their best pair: greedy, as Flink does it.
 */
void slot_locality_assign(const struct execution_graph *graph, const struct shared_slots *shared,
                          const struct free_slots *free, const struct previous_state *previous,
                          size_t previous_count, struct allocation_id *assigned)
{
    CHECK(free->slots.count >= shared->slots.count);
    struct index_map free_by_allocation = { 0 };
    for (uint32_t i = 0; i < free->slots.count; i++)
        index_map_put(&free_by_allocation, free->slots.items[i]->allocation.n, i);
    struct former_ranges former = { 0 };
    sort_former(&former, previous, previous_count, &free_by_allocation);
    index_former(&former, graph->job->vertices.count);
    struct pairs pairs = { 0 };
    score_all(graph, shared, &former, &pairs);
    take_pairs(&pairs, shared->slots.count, free, &free_by_allocation, assigned);
    vec_fini(&pairs.rows);
    vec_fini(&former.rows);
    vec_fini(&former.first_of_vertex);
    index_map_fini(&free_by_allocation);
}
