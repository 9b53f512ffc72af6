/* SPDX-License-Identifier: Apache-2.0
 *
 * What a job's configuration makes of it in every world.
 */
#include "sim/load/scenario_job.h"

#include "core/graph/operator_ids.h"

/* pipeline.sources.pause-until-first-checkpoint: SourceOperator knows it, SourceFunctions do not.
 */
bool job_source_awaits_first(const struct job_spec *job, uint32_t vertex)
{
    const struct config *config = &job->graph->config;
    return config->pause_sources_until_first && config_has_checkpoints(config) &&
           job_graph_is_source(job->graph, (struct vertex_id){ vertex }) &&
           !job->vertices.items[vertex].source_function;
}

/* Nobody's base are a savepoint and a full checkpoint: their format is not that of the backend's
 * own files. What is not claimed must not be needed later. Operators that are chained together now
 * have their files from several tasks, and an older one's number does not say any more whose. */
bool job_builds_on(const struct job_spec *job, const struct job_spec *former,
                   enum checkpoint_kind kind)
{
    return kind == CHECKPOINT_PERIODIC && config_is_incremental(&former->graph->config) &&
           job->graph->config.recovery_claim_mode == CLAIM_MODE_CLAIM &&
           !operator_ids_are_joined(former->graph, job->graph);
}
