/* SPDX-License-Identifier: Apache-2.0
 *
 * One output of a task: a result partition, and how a record's channel is found. In: batches. Key
 * groups of hash edges and channels of custom ones are worked out here, once, for the whole batch.
 */
#ifndef WEIR_EXEC_TASK_OUTPUT_H
#define WEIR_EXEC_TASK_OUTPUT_H

#include "core/exec/key_hash.h"
#include "core/exec/result_partition.h"
#include "core/exec/snapshot_format.h"

/* Where in a payload the key lies. */
struct key_spec {
    enum key_hash hash;
    uint32_t offset, size; /* size 0: the whole payload, whose size varies */
};

static inline struct key_run key_run_of(const struct key_spec *key, const struct batch *batch)
{
    struct key_run run = key_run_of_batch(batch);
    run.bytes += key->offset;
    run.size = key->size;
    return run;
}

/* Who says which channel a record of a custom edge goes to, by the record and their number alone.
 * Refuses what is no channel. *room: null to begin with; what it needs again and again, the
 * caller's to free. Source: Flink's CustomPartitionerWrapper. */
struct channel_choice {
    struct err (*choose)(const void *context, const struct batch *batch, uint32_t channels,
                         uint16_t *targets, void **room, struct note *note);
    const void *context;
};

/* Of an edge whose records go by what they are: whereby. */
struct record_route {
    struct key_spec key;          /* of hash */
    struct channel_choice choice; /* of custom */
};

struct task_output_config {
    struct result_partition_config partition;
    struct snapshot_serializer serializer; /* who writes them: others in a checkpoint are refused */
    struct record_route route;
};

struct task_output {
    struct result_partition partition;
    struct snapshot_serializer serializer;
    struct record_route route;
    uint64_t records, records_before; /* written; before those that are being taken */
    uint16_t *targets;                /* scratch: of a batch */
    uint32_t targets_max;
    void *room; /* of the choice */
};

MUST_CHECK struct err task_output_init(struct task_output *output,
                                       const struct task_output_config *config, struct note *note);
void task_output_fini(struct task_output *output);
/* Into targets, for each record of the batch: its key group, of so many (hash); its channel, of so
 * many (custom). */
MUST_CHECK struct err record_route_targets(const struct record_route *route,
                                           enum partitioner partitioner, uint32_t of,
                                           const struct batch *batch, uint16_t *targets,
                                           void **room, struct note *note);
MUST_CHECK struct err task_output_write(struct task_output *output, const struct batch *batch,
                                        struct note *note);

#endif
