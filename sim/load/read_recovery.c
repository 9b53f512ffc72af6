/* SPDX-License-Identifier: Apache-2.0
 *
 * A job that starts from a snapshot of another one (execution.state-recovery.path): which job that
 * is, and the logs that its sources go on reading. A source with the id of one of the former job's
 * reads the same topic: its partitions and its arrivals are the former's, whoever reads them.
 */
#include "core/base/check.h"
#include "core/base/text.h"
#include "core/graph/operator_ids.h"
#include "core/port/snapshot_path.h"
#include "sim/load/scenario_read.h"

/* The source of the former job that this one goes on from; none: it has a log of its own. */
static struct vertex_id former_source(const struct job_spec *former, const struct job_spec *job,
                                      struct vertex_id source)
{
    struct vertex_id found = operator_ids_find(
        former->graph, job->graph->vertices.items[source.n].operators.items[0].id);
    if (!vertex_id_is_none(found) && !job_graph_is_source(former->graph, found))
        return vertex_id_none();
    return found;
}

const struct job_spec *scenario_log_of(const struct scenario *scenario, const struct job_spec *job,
                                       struct vertex_id *source)
{
    CHECK(job_graph_is_source(job->graph, *source));
    while (job->former > 0) {
        const struct job_spec *former = &scenario->jobs.items[job->former - 1];
        struct vertex_id found = former_source(former, job, *source);
        if (vertex_id_is_none(found))
            break;
        *source = found;
        job = former;
    }
    return job;
}

/* Where the key was written, for complaints: the job's own configuration or, failing that, the job,
 * which then has it from the cluster's. */
static const struct tree_node *node_of_path(const struct tree_node *job)
{
    const struct tree_node *config = field_child(job, "config"), *found = NULL;
    if (config)
        found = field_child(config, "execution.state-recovery.path");
    if (config && !found)
        found = field_child(config, "execution.savepoint.path");
    return found ? found : job;
}

/* Only jobs above can have left something when this one comes: names are looked up as they are
 * read, so that nothing can go on from itself, by whatever detour. */
static struct err find_former(const struct scenario_reader *reader, struct job_spec *job,
                              uint32_t index, const struct tree_node *node, const char *text)
{
    struct note *note = reader->note;
    const struct scenario *scenario = reader->scenario;
    struct snapshot_path path;
    if (!snapshot_path_read(text, &path))
        return tree_error(node, ERR_BAD_VALUE_CODE, note, "found '%s', expected %s", text,
                          SNAPSHOT_PATH_FORM);
    const char *names[SCENARIO_JOBS_MAX];
    for (uint32_t i = 0; i < index; i++) {
        names[i] = scenario->jobs.items[i].name;
        if (text_equal(names[i], path.job))
            job->former = i + 1;
    }
    char hint[FIELD_HINT_MAX];
    if (job->former == 0)
        return tree_error(node, ERR_BAD_VALUE_CODE, note,
                          "found a snapshot of '%s', expected one of a job above this one%s",
                          path.job, field_hint(hint, path.job, names, index));
    return OK;
}

/* What a topic has, it has for all who read it. */
static struct err share_partitions(struct job_spec *job, const struct job_spec *former,
                                   struct vertex_id source, struct vertex_id theirs,
                                   const struct tree_node *node, struct note *note)
{
    struct vertex_model *model = &job->vertices.items[source.n];
    int32_t partitions = former->vertices.items[theirs.n].partitions;
    if (partitions == 0)
        partitions = job_graph_max_parallelism(former->graph, theirs);
    if (model->partitions != 0 && model->partitions != partitions)
        return tree_error(node, ERR_BAD_VALUE_CODE, note,
                          "found %d partitions of source '%s', expected the %d of job '%s', whose "
                          "log it goes on reading",
                          model->partitions, job->graph->vertices.items[source.n].name, partitions,
                          former->name);
    model->partitions = partitions;
    job->load_per_subtask.items[source.n] = former->load_per_subtask.items[theirs.n];
    job->load_bounded.items[source.n] = former->load_bounded.items[theirs.n];
    return OK;
}

struct err scenario_read_recovery(const struct scenario_reader *reader, struct job_spec *job,
                                  uint32_t index, const struct tree_node *node)
{
    const char *text = job->graph->config.recovery_path.text;
    if (!*text)
        return OK;
    TRY(find_former(reader, job, index, node_of_path(node), text));
    const struct job_spec *former = &reader->scenario->jobs.items[job->former - 1];
    for (uint32_t v = 0; v < job->graph->vertices.count; v++) {
        struct vertex_id source = { v };
        if (!job_graph_is_source(job->graph, source))
            continue;
        struct vertex_id theirs = former_source(former, job, source);
        if (!vertex_id_is_none(theirs))
            TRY(share_partitions(job, former, source, theirs, node, reader->note));
    }
    return OK;
}
