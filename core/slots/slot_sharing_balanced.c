/* SPDX-License-Identifier: Apache-2.0
 *
 * Task-balanced sharing: each group has as many places as its largest vertex has subtasks, and
 * vertices are dealt out to them round robin, one after the other, so that places differ by at most
 * one task. Co-located subtasks stay together: the first of them picks the place with the fewest
 * tasks, the others follow. A tournament tree per group answers "which place has the fewest", so
 * the whole is tasks times log places. Source: TaskBalancedExecutionSlotSharingGroupBuilder.
 */
#include "core/slots/shared_slots.h"

#include "core/base/index_map.h"

#define LOAD_CLOSED UINT32_MAX /* the place holds a subtask of the vertex being dealt out */

/* Loads of the places of one group; least[i] is the lesser of its two children, the leaves come
 * last. */
struct load_tree {
    uint32_t *least;
    uint32_t *loads; /* tasks per place, closed or not */
    uint32_t leaf_count, place_count;
    uint32_t next; /* where the next vertex of less than full width starts */
};

/* The leaves are filled up to a power of two with closed ones. */
static void load_tree_init(struct load_tree *tree, uint32_t place_count)
{
    tree->place_count = place_count;
    tree->leaf_count = 1;
    while (tree->leaf_count < place_count)
        tree->leaf_count *= 2;
    tree->loads = mem_create_array(place_count, sizeof *tree->loads);
    tree->least = mem_create_array((size_t)tree->leaf_count * 2, sizeof *tree->least);
    for (uint32_t i = place_count; i < tree->leaf_count; i++)
        tree->least[tree->leaf_count + i] = LOAD_CLOSED;
    for (uint32_t i = tree->leaf_count - 1; i > 0; i--)
        tree->least[i] = tree->least[2 * i] < tree->least[2 * i + 1] ? tree->least[2 * i]
                                                                     : tree->least[2 * i + 1];
}

static void load_tree_fini(struct load_tree *tree)
{
    mem_destroy(tree->loads);
    mem_destroy(tree->least);
}

/* On the way to the root each node takes the lesser of its children. */
static void load_tree_set(struct load_tree *tree, uint32_t place, uint32_t load)
{
    uint32_t i = tree->leaf_count + place;
    tree->least[i] = load;
    for (i /= 2; i > 0; i /= 2)
        tree->least[i] = tree->least[2 * i] < tree->least[2 * i + 1] ? tree->least[2 * i]
                                                                     : tree->least[2 * i + 1];
}

/* The open place with the fewest tasks, the first one among equals. */
static uint32_t load_tree_least(const struct load_tree *tree)
{
    CHECK(tree->least[1] != LOAD_CLOSED);
    uint32_t i = 1;
    while (i < tree->leaf_count)
        i = 2 * i + (tree->least[2 * i] != tree->least[i]);
    return i - tree->leaf_count;
}

/* One run of the strategy. */
struct balancer {
    const struct execution_graph *graph;
    struct sharing_places places;
    struct load_tree *trees;     /* by group */
    struct index_map colocation; /* (co-location, subtask) -> place */
};

/* The load counts at once; the tree learns of it from the caller. */
static void put_task(struct balancer *b, struct load_tree *tree, uint32_t task, uint32_t place)
{
    CHECK(place < tree->place_count);
    b->places.of_task[task] = place;
    tree->loads[place]++;
}

/* A vertex as wide as the group takes every place and leaves the turn where it was. */
static void deal_round_robin(struct balancer *b, struct load_tree *tree,
                             const struct execution_vertex_range *vertex)
{
    bool full_width = vertex->parallelism == tree->place_count;
    uint32_t place = full_width ? 0 : tree->next;
    for (uint32_t s = 0; s < vertex->parallelism; s++) {
        put_task(b, tree, vertex->first_task + s, place);
        load_tree_set(tree, place, tree->loads[place]);
        place = (place + 1) % tree->place_count;
    }
    if (!full_width)
        tree->next = place;
}

/* A place is closed while it holds a subtask of this vertex, since two of them never share one. The
 * turn of the next narrow vertex starts at the emptiest place. */
static void deal_colocated(struct balancer *b, struct load_tree *tree, uint32_t colocation,
                           const struct execution_vertex_range *vertex)
{
    for (uint32_t s = 0; s < vertex->parallelism; s++) {
        uint64_t key = (uint64_t)colocation << 32 | s;
        uint32_t place = index_map_get(&b->colocation, key);
        if (place == INDEX_NONE) {
            place = load_tree_least(tree);
            index_map_put(&b->colocation, key, place);
        }
        put_task(b, tree, vertex->first_task + s, place);
        load_tree_set(tree, place, LOAD_CLOSED);
    }
    for (uint32_t s = 0; s < vertex->parallelism; s++) {
        uint32_t place = b->places.of_task[vertex->first_task + s];
        load_tree_set(tree, place, tree->loads[place]);
    }
    if (vertex->parallelism != tree->place_count)
        tree->next = load_tree_least(tree);
}

/* Vertices in topological order, each in its group's tree: groups do not see one another. */
void slot_sharing_balanced(const struct execution_graph *graph, struct shared_slots *out)
{
    const struct job_graph *job = graph->job;
    struct balancer b = { .graph = graph, .places = sharing_places_create(graph) };
    sharing_largest_parallelism(graph, b.places.group_count);
    b.trees = mem_create_array(job->groups.count, sizeof *b.trees);
    for (size_t g = 0; g < job->groups.count; g++)
        load_tree_init(&b.trees[g], b.places.group_count[g]);
    for (size_t v = 0; v < job->vertices.count; v++) {
        const struct job_vertex *vertex = &job->vertices.items[v];
        struct load_tree *tree = &b.trees[vertex->group.n];
        if (vertex->colocation == ID_NONE)
            deal_round_robin(&b, tree, &graph->vertices[v]);
        else
            deal_colocated(&b, tree, vertex->colocation, &graph->vertices[v]);
    }
    shared_slots_fill(graph, &b.places, out);
    for (size_t g = 0; g < job->groups.count; g++)
        load_tree_fini(&b.trees[g]);
    mem_destroy(b.trees);
    index_map_fini(&b.colocation);
    sharing_places_destroy(&b.places);
}
