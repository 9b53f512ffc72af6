/* SPDX-License-Identifier: Apache-2.0
 *
 * Batches of a task's output on their way to channels.
 */
#include "core/exec/task_output.h"

struct err task_output_init(struct task_output *output, const struct task_output_config *config,
                            struct note *note)
{
    *output = (struct task_output){ .key = config->key };
    return result_partition_init(&output->partition, &config->partition, note);
}

void task_output_fini(struct task_output *output)
{
    result_partition_fini(&output->partition);
    mem_destroy(output->targets);
    *output = (struct task_output){ 0 };
}

static void reserve_targets(struct task_output *output, uint32_t count)
{
    if (count <= output->targets_max)
        return;
    mem_destroy(output->targets);
    output->targets = mem_create_array(count, sizeof *output->targets);
    output->targets_max = count;
}

struct err task_output_write(struct task_output *output, const struct batch *batch,
                             struct note *note)
{
    const struct result_partition_config *config = &output->partition.config;
    if (config->partitioner != PARTITION_HASH)
        return result_partition_write(&output->partition, batch, NULL, note);
    struct key_run keys = key_run_of(&output->key, batch);
    reserve_targets(output, batch->count);
    key_groups_of_run(&keys, output->key.hash, config->max_parallelism, output->targets);
    return result_partition_write(&output->partition, batch, output->targets, note);
}
