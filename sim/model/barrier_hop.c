/* SPDX-License-Identifier: Apache-2.0
 *
 * One hop of a barrier: what is before it and how fast that moves, whether it can be taken, and how
 * long its inputs are blocked. In: what the network knows of the vertex. Out: figures of the hop;
 * when it is due is for barrier.c.
 */
#include <math.h>

#include "sim/model/barrier.h"
#include "sim/model/buffers.h"
#include "sim/model/latency.h"
#include "sim/model/state.h"
#include "sim/model/under_way.h"

bool hop_overtakes(const struct model_job *job, const struct pending *pending, uint32_t vertex)
{
    return pending->how.unaligned &&
           job_graph_is_overtaken(job->spec->graph, (struct vertex_id){ vertex });
}

void hops_find(struct model *model, struct model_job *job, struct pending *pending)
{
    vec_resize(&pending->hops, job->vertex_count);
    for (uint32_t v = 0; v < job->vertex_count; v++) {
        struct hop *hop = &pending->hops.items[v];
        const struct model_vertex *vertex = &job->vertices[v];
        hop->inputs_left = (uint32_t)job->spec->graph->vertices.items[v].inputs.count;
        hop->left_bytes = vertex_buffers(model, job, vertex).ahead;
        hop->stopped_drain =
            vertex_bytes_in(job, &job->components.items[vertex->component], vertex);
        if (hop_overtakes(job, pending, v))
            hop->under_way_bytes = under_way_bytes(model, job, v);
    }
}

/* Inputs whose barrier has come are blocked until the last one's has: what waits behind a cut link
 * is alignment, unless the barrier has become unaligned meanwhile. */
void hop_note_link(const struct model *model, const struct model_job *job, struct hop *hop,
                   uint32_t vertex)
{
    time_ns now = model_now(model), until = hop->switch_at < now ? hop->switch_at : now;
    bool unheard = job->vertices[vertex].flow.unheard;
    if (unheard && !hop->unheard)
        hop->unheard_at = now;
    if (!unheard && hop->unheard && until > hop->unheard_at)
        hop->alignment += until - hop->unheard_at;
    hop->unheard = unheard;
}

static double rate_alone(const struct model_source *source)
{
    return source->rate_most;
}

/* Into the vertex if the network had nothing else to carry: each source gets an equal part of what
 * it could have alone, which no row can refuse, because rows are linear. */
static double bytes_in_most(const struct model_job *job, const struct component *component,
                            const struct model_vertex *vertex)
{
    return shape_bytes_in(job, component, vertex, rate_alone) / (double)component->sources.count;
}

/* What is before the barrier behind a stop-with-savepoint leaves as fast as it did, or, where it
 * could not move then, as the network lets it when nothing else is read. */
static double stopped_drain(const struct model_job *job, const struct component *component,
                            const struct model_vertex *vertex, double before)
{
    double most = bytes_in_most(job, component, vertex);
    return before > 0 && most > 0 ? before : most;
}

/* Bytes per second that move before the barrier; the slowest channel counts, so none when one of
 * them is cut. */
double hop_drain(const struct model_job *job, const struct hop *hop, uint32_t v)
{
    const struct model_vertex *vertex = &job->vertices[v];
    const struct component *component = &job->components.items[vertex->component];
    if (vertex->flow.unheard || vertex->flow.stuck)
        return 0;
    return component->stopped ? stopped_drain(job, component, vertex, hop->stopped_drain)
                              : vertex_bytes_in(job, component, vertex);
}

/* What has left since the hop was last looked at. */
void hop_advance(const struct model *model, struct hop *hop)
{
    double seconds = (double)(model_now(model) - hop->moved_at) / (double)TIME_S;
    hop->left_bytes = fmax(hop->left_bytes - hop->drain * seconds, 0);
    hop->left_others = fmax(hop->left_others - hop->drain * seconds, 0);
    hop->moved_at = model_now(model);
}

/* A task that does nothing else takes no barrier, and over a cut link none comes. */
bool hop_is_held(const struct model_job *job, uint32_t vertex)
{
    const struct vertex_flow *flow = &job->vertices[vertex].flow;
    return flow->halted || flow->in_sync > 0 || flow->unheard;
}
