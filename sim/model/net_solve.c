/* SPDX-License-Identifier: Apache-2.0
 *
 * New rates for the network as it stands: when a load steps, when a backlog is worked off, when
 * something pauses or goes on. What a class wants: what arrives, or all it can get while it has a
 * backlog. What a subtask gets is shared max-min fairly between its partitions.
 */
#include <math.h>

#include "sim/model/end.h"
#include "sim/model/state.h"

static void crossing_is_due(void *context, uint64_t a, uint64_t b);
static void step_of_load(void *context, uint64_t a, uint64_t b);

struct model_source *net_source_at(struct model *model, const struct net *net, uint32_t k)
{
    const struct net_sum *sum = &net->sums.items[k];
    return &model->jobs[sum->job].sources.items[sum->source];
}

static bool is_paused(const struct model *model, const struct net *net, uint32_t k)
{
    const struct net_sum *sum = &net->sums.items[k];
    return component_is_paused(&model->jobs[sum->job].components.items[sum->component]);
}

/* Backlog below this is none: rounding of times to ns and of doubles. */
static double backlog_floor(double arrived, double rate)
{
    return 1e-6 + 1e-11 * arrived + 2e-9 * rate;
}

/* What rounding leaves over or under counts as served, so that the books balance. */
static void catch_up(struct net *net, struct model_source *source, struct partition_group *group,
                     double arrived)
{
    double rest = arrived - group->position;
    group->kept_up = true;
    source->served_total += rest * group->count;
    net->classes.items[group->class].served += rest * group->per_task;
}

static void find_behind(struct model *model, struct net *net)
{
    for (VEC_EACH(struct net_class, class, &net->classes))
        class->behind = 0;
    for (uint32_t k = 0; k < net->sums.count; k++) {
        struct model_source *source = net_source_at(model, net, k);
        for (VEC_EACH(struct partition_group, group, &source->groups)) {
            if (group->class == GROUP_IDLE)
                continue;
            double arrived = source_arrived(source, group, net->at);
            if (!group->kept_up && arrived - group->position <= backlog_floor(arrived, group->rate))
                catch_up(net, source, group, arrived);
            if (!group->kept_up)
                net->classes.items[group->class].behind += group->per_task;
        }
    }
}

/* Says whether another solution is asked for: some class may have, or wants, more or less. */
static bool find_demand(struct model *model, struct net *net)
{
    bool differs = net->solved_round != net->round;
    net->solved_round = net->round;
    net->all_behind = net->classes.count > 0;
    for (uint32_t c = 0; c < net->classes.count; c++) {
        struct net_class *class = &net->classes.items[c];
        double arrives = source_partition_rate(net_source_at(model, net, class->sum), net->at);
        double demand = class->behind > 0 ? INFINITY : class->partitions * arrives;
        double bound = fmin(is_paused(model, net, class->sum) ? 0 : class->bound, demand);
        differs |= class->demand != demand || net->problem.flows.items[c].bound != bound;
        class->demand = demand;
        net->problem.flows.items[c].bound = bound;
        net->all_behind &= class->behind == class->partitions;
    }
    return differs;
}

/* Partitions of one subtask: those that keep up take what arrives, unless an equal share is less;
 * those behind share the rest equally. */
static void share_among_partitions(struct model_source *source, struct partition_group *group,
                                   const struct net_class *class, double arrives, time_ns now)
{
    double up = class->partitions - class->behind;
    double rest = class->behind > 0 ? (class->rate - up * arrives) / class->behind : 0;
    bool enough = class->behind > 0 ? rest >= arrives : class->rate >= class->demand * (1 - 1e-12);
    if (group->kept_up && enough) {
        group->rate = arrives;
        return;
    }
    if (group->kept_up)
        group->position = source_arrived(source, group, now);
    group->kept_up = false;
    group->rate = enough ? rest : class->rate / class->partitions;
}

static void take_rates(struct model *model, struct net *net)
{
    for (uint32_t k = 0; k < net->sums.count; k++)
        net_source_at(model, net, k)->rate = 0;
    for (uint32_t c = 0; c < net->classes.count; c++) {
        struct net_class *class = &net->classes.items[c];
        class->rate = net->problem.flows.items[c].rate;
        net_source_at(model, net, class->sum)->rate += class->rate * class->tasks;
    }
}

/* All have caught up: what told groups of a class apart is over. */
static void join_groups(struct model *model, const struct net *net)
{
    for (uint32_t k = 0; k < net->sums.count; k++) {
        struct model_source *source = net_source_at(model, net, k);
        if (source->groups.count == 1)
            continue;
        source_join(source, net->at);
        for (VEC_EACH(struct partition_group, group, &source->groups))
            if (group->class != GROUP_IDLE)
                group->per_task = group->count / net->classes.items[group->class].tasks;
    }
}

static void take_shares(struct model *model, struct net *net)
{
    bool had_kept_up = net->all_kept_up;
    net->all_kept_up = true;
    for (uint32_t k = 0; k < net->sums.count; k++) {
        struct model_source *source = net_source_at(model, net, k);
        double arrives = source_partition_rate(source, net->at);
        for (VEC_EACH(struct partition_group, group, &source->groups)) {
            if (group->class == GROUP_IDLE)
                continue;
            share_among_partitions(source, group, &net->classes.items[group->class], arrives,
                                   net->at);
            net->all_kept_up &= group->kept_up;
        }
    }
    if (net->all_kept_up && !had_kept_up)
        join_groups(model, net);
}

/* The first backlog to reach zero, if things stay as they are. */
static void wait_for_crossing(struct model *model, struct net *net)
{
    double first = INFINITY;
    sim_queue_cancel(model->queue, &net->crossing);
    for (uint32_t k = 0; k < net->sums.count && !net->all_kept_up; k++) {
        struct model_source *source = net_source_at(model, net, k);
        double arrives = source_partition_rate(source, net->at);
        for (VEC_EACH(struct partition_group, group, &source->groups)) {
            if (group->class == GROUP_IDLE || group->kept_up || group->rate <= arrives)
                continue;
            double backlog = source_arrived(source, group, net->at) - group->position;
            first = fmin(first, backlog / (group->rate - arrives));
        }
    }
    double ns = ceil(fmax(first, 0) * (double)TIME_S);
    if (ns < 4e18)
        net->crossing =
            sim_queue_push(model->queue, net->at + (ns < 1 ? 1 : (time_ns)ns), SIM_CLASS_DATA,
                           crossing_is_due, model, net->index, net->round);
}

/* Where a backlog ends and its readers have others, only their partitions share anew. */
void net_solve(struct model *model, struct net *net)
{
    net_fold_one(model, net);
    vec_clear(&net->stepped);
    sim_queue_cancel(model->queue, &net->settle);
    find_behind(model, net);
    bool differs = find_demand(model, net);
    if (differs) {
        maxmin_solve(&net->problem);
        take_rates(model, net);
    }
    take_shares(model, net);
    if (differs) {
        net_mark(model, net);
        net_limit_transfers(model, net);
    }
    net_start(model, net);
    wait_for_crossing(model, net);
    for (size_t i = 0; differs && i < net->members.count; i++)
        barrier_on_rates(model, net->members.items[i].job, net->members.items[i].component);
    end_look(model, net);
}

static void crossing_is_due(void *context, uint64_t a, uint64_t b)
{
    struct model *model = context;
    struct net *net = model->networks.all.items[a];
    CHECK(net->round == b);
    net->crossing = (struct sim_handle){ 0 };
    net_bring_up(model, net);
    net_solve(model, net);
}

void net_wait_for_step(struct model *model, struct net *net, uint32_t k)
{
    struct model_source *source = net_source_at(model, net, k);
    time_ns next = curve_next_change(&source->curve, net->at);
    source->step = (struct sim_handle){ 0 };
    if (next != TIME_NEVER)
        source->step = sim_queue_push(model->queue, next, SIM_CLASS_DATA, step_of_load, model,
                                      (uint64_t)net->index << 32 | k, net->round);
}

/* Is the new load carried for sure? Every row is linear, so it is not full while the parts of what
 * each source could have alone add up to less than one. */
static bool is_carried(struct model *model, struct net *net)
{
    double used = 0;
    if (!net->all_kept_up)
        return false;
    for (uint32_t k = 0; k < net->sums.count; k++) {
        struct model_source *source = net_source_at(model, net, k);
        double rate = source_partition_rate(source, net->at) * source->layout->partitions;
        if (is_paused(model, net, k))
            return false;
        used += rate > 0 ? rate / source->rate_most : 0;
    }
    return used < 1 - 1e-9;
}

static void carry(struct model *model, struct net *net, uint32_t k)
{
    struct model_source *source = net_source_at(model, net, k);
    const struct net_sum *sum = &net->sums.items[k];
    double arrives = source_partition_rate(source, net->at);
    source->rate = 0;
    for (uint32_t i = 0; i < sum->class_count; i++) {
        struct net_class *class = &net->classes.items[sum->first_class + i];
        class->rate = class->demand = class->partitions * arrives;
        source->rate += class->rate * class->tasks;
    }
    for (VEC_EACH(struct partition_group, group, &source->groups))
        group->rate = group->class == GROUP_IDLE ? 0 : arrives;
}

void net_settle_steps(struct model *model, struct net *net)
{
    bool any_paused = false;
    if (net->stepped.count == 0)
        return;
    sim_queue_cancel(model->queue, &net->settle);
    if (is_carried(model, net)) {
        if (net->contention.possible || net->sums.count > 1)
            net_fold_one(model, net); /* shares of time do not follow from mean rates */
        for (VEC_EACH(const uint32_t, k, &net->stepped))
            carry(model, net, *k);
        net->solved_round = 0;
        vec_clear(&net->stepped);
        net_start(model, net);
        net_limit_transfers(model, net);
        end_look(model, net);
        return;
    }
    for (VEC_EACH(const uint32_t, k, &net->stepped))
        any_paused |= is_paused(model, net, *k);
    vec_clear(&net->stepped);
    if (net->all_behind && !any_paused)
        wait_for_crossing(model, net); /* nobody reads what arrives yet: when that begins changes */
    else
        net_solve(model, net);
}

static void steps_are_over(void *context, uint64_t a, uint64_t b)
{
    struct model *model = context;
    struct net *net = model->networks.all.items[a];
    CHECK(net->round == b);
    net->settle = (struct sim_handle){ 0 };
    net_settle_steps(model, net);
}

/* The loads of coupled jobs step together more often than not: the last one is waited for. */
static void step_of_load(void *context, uint64_t a, uint64_t b)
{
    struct model *model = context;
    struct net *net = model->networks.all.items[a >> 32];
    uint32_t k = (uint32_t)a;
    CHECK(net->round == b);
    net_bring_up(model, net);
    net_wait_for_step(model, net, k);
    vec_push(&net->stepped, k);
    if (net->sums.count == 1)
        net_settle_steps(model, net);
    else if (net->settle.generation == 0)
        net->settle = sim_queue_push(model->queue, net->at, SIM_CLASS_DATA, steps_are_over, model,
                                     net->index, net->round);
}
