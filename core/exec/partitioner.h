/* SPDX-License-Identifier: Apache-2.0
 *
 * Which channel a record goes to. Forward: the one there is. Rescale and rebalance: one after the
 * other, rebalance from a random start. Hash: the subtask that owns the record's key group. Custom:
 * as the caller says. Broadcast knows no choice: all. Source: Flink's ForwardPartitioner,
 * RescalePartitioner, RebalancePartitioner, KeyGroupStreamPartitioner.
 */
#ifndef WEIR_EXEC_PARTITIONER_H
#define WEIR_EXEC_PARTITIONER_H

#include "core/base/err.h"
#include "core/base/rng.h"
#include "core/graph/job_graph.h"

struct channel_selector {
    enum partitioner partitioner;
    uint32_t channels;
    uint32_t next;              /* of rescale and rebalance: the next record's channel */
    int32_t max_parallelism;    /* of hash: key groups there are */
    uint16_t *channel_of_group; /* of hash */
};

/* The start of rebalance is drawn from rng, which may be null for the others. */
MUST_CHECK struct err channel_selector_init(struct channel_selector *selector,
                                            enum partitioner partitioner, uint32_t channels,
                                            int32_t max_parallelism, struct rng *rng,
                                            struct note *note);
void channel_selector_fini(struct channel_selector *selector);

/* Hash is told the key group of each record, custom its channel; the others choose themselves. */
bool channel_selector_has_targets(const struct channel_selector *selector);
/* Refuses targets that are out of range; without them all is well. */
MUST_CHECK struct err channel_selector_check_targets(const struct channel_selector *selector,
                                                     const uint16_t *targets, uint32_t count,
                                                     struct note *note);
/* The channels of the next `count` records of rescale and rebalance. */
void channel_selector_next(struct channel_selector *selector, uint32_t count, uint16_t *channels);
void channel_selector_check(const struct channel_selector *selector);

#endif
