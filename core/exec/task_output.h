/* SPDX-License-Identifier: Apache-2.0
 *
 * One output of a task: a result partition, and how a record's channel is found. In: batches. Key
 * groups of hash edges are worked out here, once, for the whole batch.
 */
#ifndef WEIR_EXEC_TASK_OUTPUT_H
#define WEIR_EXEC_TASK_OUTPUT_H

#include "core/exec/key_hash.h"
#include "core/exec/result_partition.h"

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

struct task_output_config {
    struct result_partition_config partition;
    struct key_spec key; /* of hash edges */
};

struct task_output {
    struct result_partition partition;
    struct key_spec key;
    uint16_t *targets; /* scratch: of a batch */
    uint32_t targets_max;
};

MUST_CHECK struct err task_output_init(struct task_output *output,
                                       const struct task_output_config *config, struct note *note);
void task_output_fini(struct task_output *output);
MUST_CHECK struct err task_output_write(struct task_output *output, const struct batch *batch,
                                        struct note *note);

#endif
