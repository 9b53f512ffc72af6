/* SPDX-License-Identifier: Apache-2.0
 *
 * What a scenario may ask for that this world cannot do yet. It is said before the start, in one
 * line that names the key; nothing is left out in silence.
 */
#include "sim/exact/exact.h"
#include "sim/exact/program.h"

static MUST_CHECK struct err refuse(struct note *note, const struct scenario *scenario,
                                    const char *what, const char *key)
{
    return err_note(note, ERR_BAD_VALUE_CODE,
                    "%s: the exact world cannot do %s yet (%s); run it with --world virtual",
                    scenario->path, what, key);
}

/* A key's state is where its records are sent: by hash, or on from a vertex of the same keys. */
static bool has_keyed_input(const struct job_spec *job, uint32_t vertex)
{
    for (VEC_EACH(const uint32_t, e, &job->graph->vertices.items[vertex].inputs)) {
        const struct job_edge *edge = &job->graph->edges.items[*e];
        bool goes_on = edge->partitioner == PARTITION_FORWARD &&
                       job->vertices.items[edge->producer.n].keys > 0 &&
                       job_graph_max_parallelism(job->graph, edge->producer) ==
                           job_graph_max_parallelism(job->graph, edge->consumer);
        if (edge->partitioner != PARTITION_HASH && !goes_on)
            return false;
    }
    return true;
}

static MUST_CHECK struct err check_vertex(const struct scenario *scenario,
                                          const struct job_spec *job, uint32_t v, struct note *note)
{
    const struct vertex_model *vertex = &job->vertices.items[v];
    bool is_source = job_graph_is_source(job->graph, (struct vertex_id){ v });
    if (job->program)
        return OK;
    if (is_source && vertex->keys > 0)
        return refuse(note, scenario, "sources with keyed state", "keys");
    if (!is_source && vertex->keys > 0 && !has_keyed_input(job, v))
        return refuse(note, scenario, "keyed state behind an edge that is not hash", "edges");
    return OK;
}

static MUST_CHECK struct err check_edges(const struct scenario *scenario,
                                         const struct job_spec *job, struct note *note)
{
    for (uint32_t e = 0; e < job->graph->edges.count; e++) {
        const struct job_edge *edge = &job->graph->edges.items[e];
        if (!job_edge_is_pipelined(edge))
            return refuse(note, scenario, "blocking edges", "edges");
        if (!job->program &&
            program_edge_bytes(job, e) + 64 > (uint64_t)job->graph->config.buffer_size)
            return refuse(note, scenario, "records larger than a buffer",
                          "bytes, taskmanager.memory.segment-size");
        if (!job->program && program_edge_selectivity(job, e) > 1000)
            return refuse(note, scenario, "more than 1000 records out for one in", "selectivity");
    }
    return OK;
}

static MUST_CHECK struct err check_job(const struct scenario *scenario, const struct job_spec *job,
                                       struct note *note)
{
    for (uint32_t v = 0; v < job->vertices.count; v++)
        TRY(check_vertex(scenario, job, v, note));
    return check_edges(scenario, job, note);
}

struct err exact_check_scenario(const struct scenario *scenario, struct note *note)
{
    for (VEC_EACH(const struct job_spec, job, &scenario->jobs))
        TRY(check_job(scenario, job, note));
    return OK;
}
