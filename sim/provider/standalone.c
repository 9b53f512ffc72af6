/* SPDX-License-Identifier: Apache-2.0
 *
 * Machines by the scenario's count, names and churn. The unnamed that are there and not leaving are
 * kept in a list without order (a place per node), so that one at random is found, added and taken
 * out at constant cost. Where churn says how many there are, one that ends without its doing gets a
 * successor.
 */
#include "sim/provider/standalone.h"

#include "core/base/rng.h"

struct standalone {
    struct virtual_cluster *cluster;
    struct sim_queue *queue;
    const struct cluster_spec *spec;
    uint64_t seed;
    struct rng reclaim;          /* who is taken away */
    VEC(struct node_id) present; /* unnamed, not leaving */
    VEC(uint32_t) places;        /* by node id: 1 + place in present; 0: not in it */
    uint64_t successors;         /* added so far after failures; numbers their streams */
    uint32_t wanted;             /* by the record, now */
};

static void *standalone_create(struct virtual_cluster *cluster)
{
    struct standalone *provider = mem_create(sizeof *provider);
    const struct scenario *scenario = virtual_cluster_scenario(cluster);
    provider->cluster = cluster;
    provider->queue = virtual_cluster_queue(cluster);
    provider->spec = &scenario->cluster;
    provider->seed = scenario->seed;
    provider->reclaim = rng_stream(scenario->seed, "reclaim", 0);
    return provider;
}

static void standalone_destroy(void *itself)
{
    struct standalone *provider = itself;
    vec_fini(&provider->present);
    vec_fini(&provider->places);
    mem_destroy(provider);
}

/* The list of those present. */

static bool is_present(const struct standalone *provider, struct node_id node)
{
    return node.n < provider->places.count && provider->places.items[node.n] != 0;
}

static void put_present(struct standalone *provider, struct node_id node)
{
    CHECK(!is_present(provider, node));
    if (node.n >= provider->places.count)
        vec_resize(&provider->places, (size_t)node.n + 1);
    vec_push(&provider->present, node);
    provider->places.items[node.n] = (uint32_t)provider->present.count;
}

static void take_present(struct standalone *provider, struct node_id node)
{
    CHECK(is_present(provider, node));
    uint32_t place = provider->places.items[node.n] - 1;
    struct node_id last = vec_last(&provider->present);
    vec_remove_swap(&provider->present, place);
    provider->places.items[last.n] = place + 1;
    provider->places.items[node.n] = 0;
}

/* Failures by chance. */

static void on_failure(void *context, uint64_t a, uint64_t b);

static void add_machine(struct standalone *provider)
{
    struct node_id node =
        virtual_cluster_add_task_manager(provider->cluster, NULL, &provider->spec->machine);
    put_present(provider, node);
    if (provider->spec->churn.kind != CHURN_EXPONENTIAL)
        return;
    struct distribution life = { DRAW_EXPONENTIAL, provider->spec->churn.mean_time_to_failure, 0 };
    struct rng rng = rng_stream(provider->seed, "life", node.n);
    time_ns at = time_add(sim_queue_now(provider->queue), distribution_draw(&life, &rng));
    if (at != TIME_NEVER)
        sim_queue_push(provider->queue, at, SIM_CLASS_FAULT, on_failure, provider, node.n, 0);
}

static void on_rejoin(void *context, uint64_t a, uint64_t b)
{
    (void)a;
    (void)b;
    add_machine(context);
}

static void plan_rejoin(struct standalone *provider)
{
    struct rng rng = rng_stream(provider->seed, "rejoin", provider->successors++);
    time_ns wait = distribution_draw(&provider->spec->churn.rejoin, &rng);
    sim_queue_push(provider->queue, time_add(sim_queue_now(provider->queue), wait), SIM_CLASS_FAULT,
                   on_rejoin, provider, 0, 0);
}

static void take_away(struct standalone *provider, struct node_id node, const char *reason)
{
    const struct churn_spec *churn = &provider->spec->churn;
    take_present(provider, node);
    if (churn->graceful)
        virtual_cluster_stop(provider->cluster, node, churn->notice);
    else
        virtual_cluster_kill(provider->cluster, node, reason);
}

static void on_failure(void *context, uint64_t a, uint64_t b)
{
    (void)b;
    struct standalone *provider = context;
    struct node_id node = { (uint32_t)a };
    if (!is_present(provider, node))
        return; /* the script was faster */
    struct process_view process = virtual_cluster_process(provider->cluster, node);
    if (process.gone || process.state == PROCESS_STOPPING)
        return; /* likewise */
    take_away(provider, node, "machine failed");
    plan_rejoin(provider);
}

/* A record of how many there are. */

static void on_step(void *context, uint64_t a, uint64_t b);

static void plan_step(struct standalone *provider, uint64_t step)
{
    const struct series *record = &provider->spec->churn.count;
    if (step < record->points.count)
        sim_queue_push(provider->queue, record->points.items[step].at, SIM_CLASS_FAULT, on_step,
                       provider, step, 0);
}

static void on_step(void *context, uint64_t step, uint64_t b)
{
    (void)b;
    struct standalone *provider = context;
    double value = provider->spec->churn.count.points.items[step].value;
    CHECK(value >= 0 && value < UINT32_MAX);
    provider->wanted = (uint32_t)value;
    while (provider->present.count > provider->wanted) {
        uint64_t chosen = rng_below(&provider->reclaim, provider->present.count);
        take_away(provider, provider->present.items[chosen], "machine reclaimed");
    }
    while (provider->present.count < provider->wanted)
        add_machine(provider);
    plan_step(provider, step + 1);
}

static void on_missing(void *context, uint64_t a, uint64_t b)
{
    (void)a;
    (void)b;
    struct standalone *provider = context;
    if (provider->present.count < provider->wanted)
        add_machine(provider);
}

/* What churn took away is no longer in the list; what is in it ended by the script, or by itself.
 * An event of its own: the cluster is still busy with the end. */
static void on_process_ended(void *itself, struct node_id node)
{
    struct standalone *provider = itself;
    if (!is_present(provider, node))
        return;
    take_present(provider, node);
    switch (provider->spec->churn.kind) {
    case CHURN_NONE: break;
    case CHURN_EXPONENTIAL: plan_rejoin(provider); break;
    case CHURN_SERIES:
        sim_queue_push(provider->queue, sim_queue_now(provider->queue), SIM_CLASS_FAULT, on_missing,
                       provider, 0, 0);
        break;
    }
}

static void on_named(void *context, uint64_t a, uint64_t b)
{
    (void)b;
    struct standalone *provider = context;
    const struct task_manager_spec *spec = &provider->spec->named.items[a];
    struct node_id old = virtual_cluster_find(provider->cluster, spec->name);
    if (!node_id_is_none(old) &&
        virtual_cluster_process(provider->cluster, old).state != PROCESS_ENDED)
        return; /* the script has added it already */
    virtual_cluster_add_task_manager(provider->cluster, spec->name, &spec->machine);
}

static void standalone_start(void *itself)
{
    struct standalone *provider = itself;
    const struct cluster_spec *spec = provider->spec;
    for (uint32_t i = 0; i < spec->count; i++)
        add_machine(provider);
    for (size_t i = 0; i < spec->named.count; i++)
        if (spec->named.items[i].at != TIME_NEVER)
            sim_queue_push(provider->queue, spec->named.items[i].at, SIM_CLASS_FAULT, on_named,
                           provider, i, 0);
    if (spec->churn.kind == CHURN_SERIES)
        plan_step(provider, 0);
}

const struct provider_row provider_standalone = {
    .name = "standalone",
    .create = standalone_create,
    .start = standalone_start,
    .process_ended = on_process_ended,
    .destroy = standalone_destroy,
};
