/* SPDX-License-Identifier: Apache-2.0
 *
 * Strongly connected components of a graph of numbered nodes. Arcs run from what depends to what it
 * depends on. They are told twice: the first pass counts, the second stores, so that all arcs lie
 * in one array.
 */
#ifndef WEIR_GRAPH_COMPONENTS_H
#define WEIR_GRAPH_COMPONENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arcs {
    uint32_t node_count;
    int pass;       /* 0 counting, 1 storing, 2 done */
    size_t *first;  /* by node, node_count + 1 of them: into to */
    size_t *filled; /* by node: arcs stored so far */
    uint32_t *to;
};

struct arcs arcs_create(uint32_t node_count);
void arcs_fini(struct arcs *arcs);
/* In both passes the same arcs in the same order; an arc from a node to itself is dropped. */
void arcs_add(struct arcs *arcs, uint32_t from, uint32_t to);
void arcs_end_pass(struct arcs *arcs);

/* component_of[node] = number, from 0; gives their count. A component has a higher number than all
 * it depends on: they are numbered in the order of their least nodes, except that what one needs
 * comes right before it when it has no number yet. Linear. */
uint32_t components_find(const struct arcs *arcs, uint32_t *component_of);

#endif
