/* SPDX-License-Identifier: Apache-2.0
 *
 * The slot's share of its host's cores, where it was cut to the profile of a slot sharing group:
 * tasks in one slot use at most that together. A default slot has no limit of its own, as in Flink;
 * which one a task got is the schedulers' and the resource manager's doing. In: tasks and their
 * shapes. Out: a limit per slot that can be reached.
 *
 * Flows that meet only one such slot each, alike in limit and load, are one class where shuffles
 * load the slots alike, too. Slots that another one outdoes in everything are left out.
 */
#include "sim/model/state.h"

bool net_has_shares(const struct model_job *job)
{
    for (VEC_EACH(const struct slot_sharing_group, group, &job->spec->graph->groups))
        if (!group->profile.unknown)
            return true;
    return false;
}

/* By sum of the job. */
static double *sums_of(struct net *net, uint32_t share)
{
    return net->share_sums.items + net->shares.items[share].first_weight;
}

static void add_term(struct net *net, uint32_t share, uint32_t raw, double weight)
{
    struct net_share *s = &net->shares.items[share];
    for (uint32_t i = s->first_term; i != NONE; i = net->share_terms.items[i].next)
        if (net->share_terms.items[i].raw == raw) {
            net->share_terms.items[i].weight += weight;
            return;
        }
    vec_push(&net->share_terms, (struct share_term){ raw, s->first_term, weight });
    s->first_term = (uint32_t)net->share_terms.count - 1;
    s->term_count++;
}

static void add_task(struct model *model, struct net *net, uint32_t share,
                     const struct model_task *task)
{
    const struct model_job *job = &model->jobs[task->life.job];
    const struct model_vertex *vertex = &job->vertices[task->life.vertex];
    const struct component *component = &job->components.items[vertex->component];
    const struct vertex_shape *shape = &vertex->shape;
    double cost = vertex->spec->cost_ns / (double)TIME_S;
    if (shape->share)
        for (VEC_EACH(const uint32_t, k, &shape->sources))
            sums_of(net, share)[component->first_sum - net->shares.items[share].first_sum + *k] +=
                cost * shape->share[*k * vertex->parallelism + task->life.subtask];
    if (!shape->local_first || !(cost > 0))
        return;
    for (uint32_t i = shape->local_first[task->life.subtask];
         i < shape->local_first[task->life.subtask + 1]; i++) {
        const struct local_share *local = &shape->local.items[i];
        uint32_t source = component->sources.items[local->source];
        add_term(net, share, job->sources.items[source].first_raw + local->subtask,
                 cost * local->weight);
    }
}

/* The sums of a job lie together. */
static void add_share(struct net *net, struct net_share share, uint32_t sum)
{
    uint32_t first = sum, end = sum + 1;
    while (first > 0 && net->sums.items[first - 1].job == share.job)
        first--;
    while (end < net->sums.count && net->sums.items[end].job == share.job)
        end++;
    share.first_sum = first;
    share.sum_count = end - first;
    share.first_weight = (uint32_t)net->share_sums.count;
    vec_push(&net->shares, share);
    vec_resize(&net->share_sums, net->share_sums.count + share.sum_count);
}

static void gather_slots_of(struct model *model, struct net *net, uint32_t host,
                            struct intern *keys)
{
    const struct model_host *h = &model->hosts.items[host];
    for (VEC_EACH(const uint32_t, index, &h->life.tasks)) {
        const struct model_task *task = &model->tasks.items[*index];
        const struct model_job *job = &model->jobs[task->life.job];
        const struct component *component =
            &job->components.items[job->vertices[task->life.vertex].component];
        if (task->life.slot_cpu_milli == 0 || !task->life.current ||
            task->life.phase != TASK_RUNNING || component->net != net->index)
            continue;
        uint64_t words[] = { (uint64_t)task->life.job << 32 | host, task->life.allocation.n };
        uint32_t share = intern_number(keys, words, 2);
        if (share == net->shares.count)
            add_share(net,
                      (struct net_share){ .job = task->life.job,
                                          .host = host,
                                          .allocation = task->life.allocation,
                                          .limit = task->life.slot_cpu_milli / 1e3 * h->life.speed,
                                          .first_term = NONE },
                      component->first_sum);
        add_task(model, net, share, task);
    }
}

/* The load if everything flowed as fast as the threads let it. */
static double load_at_most(struct net *net, uint32_t share)
{
    double load = 0;
    const struct net_share *s = &net->shares.items[share];
    const double *sums = sums_of(net, share);
    for (uint32_t k = 0; k < s->sum_count; k++)
        load += sums[k] > 0 ? sums[k] * net->most.items[s->first_sum + k] : 0;
    for (uint32_t i = net->shares.items[share].first_term; i != NONE;
         i = net->share_terms.items[i].next) {
        const struct raw_flow *flow = &net->raws.items[net->share_terms.items[i].raw];
        double most =
            flow->bound < net->most.items[flow->sum] ? flow->bound : net->most.items[flow->sum];
        load += net->share_terms.items[i].weight * most;
    }
    return load;
}

/* A number for all slots that shuffles load alike. */
static uint32_t kind_of(struct net *net, uint32_t share, struct intern *kinds)
{
    const struct net_share *s = &net->shares.items[share];
    const double *sums = sums_of(net, share);
    vec_clear(&net->words);
    vec_push(&net->words, s->job);
    for (uint32_t k = 0; k < s->sum_count; k++)
        if (sums[k] > 0) {
            vec_push(&net->words, s->first_sum + k);
            vec_push(&net->words, intern_near(sums[k]));
        }
    uint32_t kind = intern_number(kinds, net->words.items, net->words.count);
    vec_clear(&net->words);
    return kind;
}

/* Tells flows apart by the slots they load. */
static void key_flows(struct net *net, uint32_t share, uint32_t kind)
{
    const struct net_share *s = &net->shares.items[share];
    for (uint32_t i = s->first_term; i != NONE; i = net->share_terms.items[i].next) {
        const struct share_term *term = &net->share_terms.items[i];
        struct raw_flow *flow = &net->raws.items[term->raw];
        if (s->term_count > 1 || flow->share_limit > 0)
            flow->alone = true;
        flow->share_limit = s->limit;
        flow->share_weight = term->weight;
        flow->share_kind = kind;
    }
}

void net_find_shares(struct model *model, struct net *net)
{
    bool any = false;
    vec_clear(&net->shares);
    vec_clear(&net->share_terms);
    vec_clear(&net->share_sums);
    for (VEC_EACH(const struct net_member, member, &net->members))
        any |= net_has_shares(&model->jobs[member->job]);
    if (!any)
        return;
    struct intern keys = { 0 };
    for (VEC_EACH(const struct net_slot, slot, &net->slots))
        gather_slots_of(model, net, slot->host, &keys);
    intern_clear(&keys);
    for (uint32_t share = 0; share < net->shares.count; share++) {
        net->shares.items[share].kept = load_at_most(net, share) > net->shares.items[share].limit;
        if (net->shares.items[share].kept)
            key_flows(net, share, kind_of(net, share, &keys));
    }
    intern_fini(&keys);
}

static bool outdoes(struct net *net, uint32_t a, uint32_t b)
{
    const struct net_share *more = &net->shares.items[a], *less = &net->shares.items[b];
    for (uint32_t k = 0; k < less->sum_count; k++) {
        uint32_t sum = less->first_sum + k;
        bool both = sum >= more->first_sum && sum < more->first_sum + more->sum_count;
        double has = both ? sums_of(net, a)[sum - more->first_sum] : 0;
        if (has < sums_of(net, b)[k] * (1 - 1e-12))
            return false;
    }
    return true;
}

/* Among shares with the same flow, load and limit: takes the place of one it outdoes, joins them,
 * or is left out. */
static void thin_share(struct net *net, uint32_t *first, uint32_t share)
{
    for (uint32_t *place = first; *place != NONE; place = &net->shares.items[*place].next_like) {
        if (outdoes(net, *place, share)) {
            net->shares.items[share].kept = false;
            if (outdoes(net, share, *place))
                net->shares.items[*place].likes++;
            return;
        }
        if (outdoes(net, share, *place)) {
            net->shares.items[*place].kept = false;
            net->shares.items[share].next_like = net->shares.items[*place].next_like;
            *place = share;
            return;
        }
    }
    net->shares.items[share].next_like = *first;
    *first = share;
}

void net_thin_shares(struct net *net)
{
    struct intern keys = { 0 };
    VEC(uint32_t) first = { 0 };
    for (uint32_t share = 0; share < net->shares.count; share++) {
        struct net_share *s = &net->shares.items[share];
        s->next_like = NONE;
        s->likes = 1;
        if (!s->kept || s->term_count > 1)
            continue;
        const struct share_term *term =
            s->term_count == 1 ? &net->share_terms.items[s->first_term] : NULL;
        uint64_t words[] = { term ? net->raws.items[term->raw].class : (uint64_t)NONE + 1,
                             term ? intern_near(term->weight) : 0, intern_word(s->limit) };
        uint32_t number = intern_number(&keys, words, 3);
        if (number == first.count)
            vec_push(&first, NONE);
        thin_share(net, &first.items[number], share);
    }
    vec_fini(&first);
    intern_fini(&keys);
}
