/* SPDX-License-Identifier: Apache-2.0
 *
 * Little's law, edge by edge: bytes per second times how long a barrier that overtakes finds them
 * on their way. That is shorter than a record's way: what is sent before the barrier comes before
 * it, over the same connection.
 */
#include "sim/model/under_way.h"

#include <math.h>

#include "sim/model/carriage.h"
#include "sim/model/latency.h"
#include "sim/model/passage.h"
#include "sim/model/state.h"

/* How old the oldest record is in a buffer that nobody has sent yet, on average. A buffer is opened
 * behind the barrier before, and sent when it is full or by the clock of its timeout; both come at
 * any moment for a barrier. since: that barrier, or since tasks run. */
static double open_seconds(const struct config *config, double full, double since)
{
    double timeout =
        config->buffer_timeout_enabled ? (double)config->buffer_timeout / (double)TIME_S : INFINITY;
    if (full < fmin(timeout, since))
        return full / 2;
    if (timeout <= since)
        return timeout / 2;
    return since - since * since / (2 * timeout);
}

double under_way_bytes(struct model *model, struct model_job *job, uint32_t v)
{
    const struct component *component = &job->components.items[job->vertices[v].component];
    struct net *net = net_of(model, component);
    double bytes = 0, wait = latency_of_wait(model, job, v);
    double since = (double)component_since_barrier(model, component) / (double)TIME_S;
    if (!net)
        return 0;
    nic_loads_now(model, net);
    for (VEC_EACH(const uint32_t, e, &job->spec->graph->vertices.items[v].inputs)) {
        struct edge_flow flow = edge_flow_of(model, job, component, *e);
        struct passage_seconds way = passage_mean(model, job, component, *e, NULL);
        double open = open_seconds(&job->spec->graph->config, flow.full, since);
        bytes += flow.bytes_per_s * (open + fmax(way.mean - way.least, 0) + wait);
    }
    return bytes;
}
