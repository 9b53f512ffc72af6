/* SPDX-License-Identifier: Apache-2.0
 *
 * Batches of a task's output on their way to channels.
 */
#include "core/exec/task_output.h"

struct err task_output_init(struct task_output *output, const struct task_output_config *config,
                            struct note *note)
{
    CHECK(config->partition.partitioner != PARTITION_CUSTOM || config->route.choice.choose);
    *output = (struct task_output){ .serializer = config->serializer, .route = config->route };
    return result_partition_init(&output->partition, &config->partition, note);
}

void task_output_fini(struct task_output *output)
{
    result_partition_fini(&output->partition);
    mem_destroy(output->targets);
    mem_destroy(output->room);
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

struct err record_route_targets(const struct record_route *route, enum partitioner partitioner,
                                uint32_t of, const struct batch *batch, uint16_t *targets,
                                void **room, struct note *note)
{
    if (partitioner == PARTITION_CUSTOM)
        return route->choice.choose(route->choice.context, batch, of, targets, room, note);
    CHECK(partitioner == PARTITION_HASH);
    struct key_run keys = key_run_of(&route->key, batch);
    key_groups_of_run(&keys, route->key.hash, (int32_t)of, targets);
    return OK;
}

struct err task_output_write(struct task_output *output, const struct batch *batch,
                             struct note *note)
{
    const struct result_partition *partition = &output->partition;
    output->records += batch->count;
    if (!channel_selector_has_targets(&partition->selector))
        return result_partition_write(&output->partition, batch, NULL, note);
    bool is_hash = partition->config.partitioner == PARTITION_HASH;
    uint32_t of =
        is_hash ? (uint32_t)partition->config.max_parallelism : partition->config.subpartitions;
    reserve_targets(output, batch->count);
    TRY(record_route_targets(&output->route, partition->config.partitioner, of, batch,
                             output->targets, &output->room, note));
    return result_partition_write(&output->partition, batch, output->targets, note);
}
