/* SPDX-License-Identifier: Apache-2.0
 *
 * Tarjan's algorithm (1972) with a stack of its own instead of recursion. In: arcs told twice. Out:
 * a component number per node. A component is complete, and numbered, before anything that depends
 * on it, which is what makes the numbers a topological order.
 */
#include "core/graph/components.h"

#include "core/base/alloc.h"
#include "core/base/check.h"

enum { PASS_COUNT = 0, PASS_STORE = 1, PASS_DONE = 2 };
#define UNKNOWN UINT32_MAX

/* An array per node and a flat one of all arcs: no allocation per arc, and walking a node's arcs is
 * walking memory in order. */
struct arcs arcs_create(uint32_t node_count)
{
    return (struct arcs){
        .node_count = node_count,
        .pass = PASS_COUNT,
        .first = mem_create_array(node_count + (size_t)1, sizeof(size_t)),
        .filled = mem_create_array(node_count, sizeof(size_t)),
    };
}

void arcs_fini(struct arcs *arcs)
{
    mem_destroy(arcs->first);
    mem_destroy(arcs->filled);
    mem_destroy(arcs->to);
    *arcs = (struct arcs){ 0 };
}

void arcs_add(struct arcs *arcs, uint32_t from, uint32_t to)
{
    CHECK(from < arcs->node_count);
    CHECK(to < arcs->node_count);
    CHECK(arcs->pass != PASS_DONE);
    /* A node that needs itself is one component all the same. */
    if (from == to)
        return;
    if (arcs->pass == PASS_COUNT)
        arcs->first[from + 1]++;
    else
        arcs->to[arcs->first[from] + arcs->filled[from]++] = to;
}

void arcs_end_pass(struct arcs *arcs)
{
    CHECK(arcs->pass != PASS_DONE);
    if (arcs->pass++ == PASS_STORE)
        return;
    /* From counts to places: the arcs of a node begin where those of the one before end. */
    for (uint32_t node = 0; node < arcs->node_count; node++)
        arcs->first[node + 1] += arcs->first[node];
    arcs->to = mem_create_array(arcs->first[arcs->node_count], sizeof *arcs->to);
}

/* The walk so far. `path` is the way from the root of the search to the node looked at, `open` the
 * nodes whose component is not complete yet, in order of discovery. */
struct walk {
    const struct arcs *arcs;
    uint32_t *order;  /* by node: when discovered; UNKNOWN: not yet */
    uint32_t *lowest; /* by node: earliest open node it is known to reach */
    size_t *next;     /* by node: the arc to look at next */
    uint32_t *path, *open;
    uint32_t path_count, open_count, discovered, component_count;
    uint32_t *component_of; /* UNKNOWN while open */
};

/* A node is on the path and open from its discovery on. Its arcs are looked at in the order in
 * which they were told, which makes the numbering repeatable. */
static void discover(struct walk *w, uint32_t node)
{
    w->order[node] = w->lowest[node] = w->discovered++;
    w->next[node] = w->arcs->first[node];
    w->path[w->path_count++] = node;
    w->open[w->open_count++] = node;
}

/* All arcs of the last node of the path have been looked at. */
static void leave(struct walk *w)
{
    uint32_t node = w->path[--w->path_count];
    /* What this node reaches, the one that led to it reaches as well. */
    if (w->path_count) {
        uint32_t above = w->path[w->path_count - 1];
        if (w->lowest[node] < w->lowest[above])
            w->lowest[above] = w->lowest[node];
    }
    /* It reaches an open node found before it: they are on one ring, and that node will close it.
     */
    if (w->lowest[node] != w->order[node])
        return;
    uint32_t member;
    do {
        CHECK(w->open_count > 0);
        member = w->open[--w->open_count];
        w->component_of[member] = w->component_count;
    } while (member != node);
    w->component_count++;
}

/* A loop, since recursion would be as deep as the longest chain of regions. */
static void search_from(struct walk *w, uint32_t root)
{
    discover(w, root);
    while (w->path_count) {
        uint32_t node = w->path[w->path_count - 1];
        if (w->next[node] == w->arcs->first[node + 1]) {
            leave(w);
            continue;
        }
        uint32_t to = w->arcs->to[w->next[node]++];
        if (w->order[to] == UNKNOWN)
            discover(w, to);
        /* Only open nodes count: a complete component cannot lead back here. */
        else if (w->component_of[to] == UNKNOWN && w->order[to] < w->lowest[node])
            w->lowest[node] = w->order[to];
    }
}

uint32_t components_find(const struct arcs *arcs, uint32_t *component_of)
{
    CHECK(arcs->pass == PASS_DONE);
    uint32_t count = arcs->node_count;
    struct walk w = {
        .arcs = arcs,
        .order = mem_create_array(count, sizeof *w.order),
        .lowest = mem_create_array(count, sizeof *w.lowest),
        .next = mem_create_array(count, sizeof *w.next),
        .path = mem_create_array(count, sizeof *w.path),
        .open = mem_create_array(count, sizeof *w.open),
        .component_of = component_of,
    };
    for (uint32_t node = 0; node < count; node++)
        w.order[node] = component_of[node] = UNKNOWN;
    for (uint32_t node = 0; node < count; node++)
        if (w.order[node] == UNKNOWN)
            search_from(&w, node);
    CHECK(w.open_count == 0);
    mem_destroy(w.order);
    mem_destroy(w.lowest);
    mem_destroy(w.next);
    mem_destroy(w.path);
    mem_destroy(w.open);
    return w.component_count;
}
