/* SPDX-License-Identifier: Apache-2.0
 *
 * Ids are one-field structs, so that the compiler keeps the kinds apart. All are dense small
 * numbers given out in order by one owner (named at each), which makes runs repeatable and arrays
 * possible. Number 0 is a valid id everywhere except where NONE is asked for: all bits set is "no
 * such thing".
 */
#ifndef WEIR_BASE_IDS_H
#define WEIR_BASE_IDS_H

#include <stdbool.h>
#include <stdint.h>

#define ID_NONE UINT32_MAX

#define ID_TYPE(name)                                                                              \
    struct name {                                                                                  \
        uint32_t n;                                                                                \
    };                                                                                             \
    static inline bool name##_equal(struct name a, struct name b)                                  \
    {                                                                                              \
        return a.n == b.n;                                                                         \
    }                                                                                              \
    static inline bool name##_is_none(struct name a)                                               \
    {                                                                                              \
        return a.n == ID_NONE;                                                                     \
    }                                                                                              \
    static inline struct name name##_none(void)                                                    \
    {                                                                                              \
        return (struct name){ ID_NONE };                                                           \
    }

ID_TYPE(node_id)       /* a process of the cluster; given out by the world, never reused in a run */
ID_TYPE(job_id)        /* given out by the client that submits: its place in the scenario */
ID_TYPE(vertex_id)     /* a job vertex: its place in the job graph, which is topological order */
ID_TYPE(group_id)      /* a slot sharing group of one job */
ID_TYPE(task_id)       /* an execution vertex (one subtask): its place in the execution graph */
ID_TYPE(allocation_id) /* a slot given to a job; given out by the resource manager */
ID_TYPE(slot_id)       /* a slot of one TaskManager: its place there */
ID_TYPE(region_id)     /* a pipelined region of one job */

#endif
