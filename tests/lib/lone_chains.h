/* SPDX-License-Identifier: Apache-2.0
 *
 * Several lone chains as the subtasks of one operator: records go to the owner of their key, and
 * all of them can be begun anew from their snapshots at another parallelism. What came out before
 * stays, in the first one's list.
 */
#ifndef WEIR_TESTS_LIB_LONE_CHAINS_H
#define WEIR_TESTS_LIB_LONE_CHAINS_H

#include "tests/lib/lone_chain.h"

enum { LONE_WIDTH_MAX = 3 };

struct lone_chains {
    const struct operator_spec *specs;
    uint32_t count, width;
    struct lone_chain chains[LONE_WIDTH_MAX];
    uint64_t next_checkpoint;
    time_ns now;
    int64_t watermark;
};

void lone_chains_init(struct lone_chains *lone, const struct operator_spec *specs, uint32_t count,
                      uint32_t width);
void lone_chains_fini(struct lone_chains *lone);
/* The subtask that a key of 8 bytes belongs to. */
struct lone_chain *lone_chains_of(struct lone_chains *lone, uint64_t key);
/* All to this time; their timers of processing time fire. */
void lone_chains_set_time(struct lone_chains *lone, time_ns now);
void lone_chains_watermark(struct lone_chains *lone, int64_t watermark);
/* The watermark is said again, as sources do. */
void lone_chains_restart(struct lone_chains *lone, uint32_t width);
/* All that has come out, in the order of subtasks; the caller frees it. */
struct lone_record *lone_chains_take(struct lone_chains *lone, size_t *count);

#endif
