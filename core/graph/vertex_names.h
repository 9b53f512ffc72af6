/* SPDX-License-Identifier: Apache-2.0
 *
 * The map from vertex names to vertices, for the files that build job graphs. It holds the first
 * vertex of each hash of a name; job_graph_find_vertex compares the names themselves.
 */
#ifndef WEIR_GRAPH_VERTEX_NAMES_H
#define WEIR_GRAPH_VERTEX_NAMES_H

#include "core/base/hash.h"
#include "core/graph/job_graph.h"

static inline uint64_t vertex_name_key(const char *name)
{
    return hash_add_text(0, name);
}

/* Called for each vertex in ascending order. */
static inline void vertex_names_add(struct index_map *names, const char *name, uint32_t vertex)
{
    if (index_map_get(names, vertex_name_key(name)) == INDEX_NONE)
        index_map_put(names, vertex_name_key(name), vertex);
}

#endif
