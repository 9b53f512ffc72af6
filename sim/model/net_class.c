/* SPDX-License-Identifier: Apache-2.0
 *
 * Second half of building the network: flows that no limit tells apart become one class, limits
 * that cannot be reached are left out, and the max-min problem is written down. A host whose limits
 * cannot be reached tells nothing apart. Two hosts are alike when their own flows load them alike
 * and shuffles do as well.
 */
#include <math.h>

#include "sim/model/state.h"

static uint32_t word_row(struct net *net, struct intern *keys)
{
    uint32_t number = intern_number(keys, net->words.items, net->words.count);
    vec_clear(&net->words);
    return number;
}

static struct component *component_of(struct model *model, const struct net_sum *sum)
{
    return &model->jobs[sum->job].components.items[sum->component];
}

/* By sum: no more than this can flow, whatever the hosts do: the busiest thread of each vertex
 * behind shuffles, and all threads before them. */
static void find_most(struct model *model, struct net *net)
{
    vec_clear(&net->most);
    for (uint32_t k = 0; k < net->sums.count; k++) {
        struct model_job *job = &model->jobs[net->sums.items[k].job];
        const struct component *component = &job->components.items[net->sums.items[k].component];
        const struct model_source *source = &job->sources.items[net->sums.items[k].source];
        uint32_t tasks = job->vertices[source->vertex].parallelism;
        double most = 0;
        for (uint32_t s = 0; s < tasks; s++)
            most += net->raws.items[source->first_raw + s].bound;
        for (VEC_EACH(const uint32_t, id, &component->vertices)) {
            double busiest = job->vertices[*id].flow.busiest[k - component->first_sum];
            if (busiest > 0)
                most = fmin(most, 1 / busiest);
        }
        vec_push(&net->most, most);
    }
}

static double most_of_raw(const struct net *net, uint32_t raw)
{
    return fmin(net->raws.items[raw].bound, net->most.items[net->raws.items[raw].sum]);
}

/* The load if everything flowed as fast as the threads let it. */
static double load_at_most(struct net *net, uint32_t slot, enum net_limit limit)
{
    double load = 0;
    for (uint32_t p = net->slots.items[slot].first_place; p != NONE;) {
        const struct net_place *place = &net->places.items[p];
        const double *loads = net_loads(net, place, limit);
        for (uint32_t k = 0; k < place->sum_count; k++)
            load += loads[k] > 0 ? loads[k] * net->most.items[place->first_sum + k] : 0;
        p = place->next;
    }
    uint32_t kind = limit - LIMIT_CORES;
    for (uint32_t raw = net->slots.items[slot].first_flow; raw != NONE;
         raw = net->raws.items[raw].next_on_slot)
        load += net->raws.items[raw].load[kind] * most_of_raw(net, raw);
    for (uint32_t far = net->slots.items[slot].first_far; far != NONE;
         far = net->fars.items[far].next)
        if (net->fars.items[far].limit == limit)
            load += net->fars.items[far].load * most_of_raw(net, net->fars.items[far].raw);
    return load;
}

static void find_kept(struct net *net, uint32_t slot)
{
    for (int kind = 0; kind < HOST_LIMITS; kind++) {
        double limit = net->slots.items[slot].limit[kind];
        double most = 0;
        if (limit < INFINITY)
            most = load_at_most(net, slot, (enum net_limit)(LIMIT_CORES + kind));
        bool kept = most > limit;
        net->slots.items[slot].most[kind] = most;
        net->slots.items[slot].kept[kind] = kept;
    }
}

void net_find_kept(struct model *model, struct net *net)
{
    find_most(model, net);
    for (uint32_t slot = 0; slot < net->slots.count; slot++)
        find_kept(net, slot);
}

bool net_slot_is_kept(const struct net_slot *slot)
{
    bool any = false;
    for (int kind = 0; kind < HOST_LIMITS; kind++)
        any |= slot->kept[kind];
    return any;
}

/* What the flows of a host are and what they load, limit by limit. */
static void key_flows(struct net *net, uint32_t slot, const uint32_t *flow_key)
{
    const struct net_slot *s = &net->slots.items[slot];
    for (int kind = 0; kind < HOST_LIMITS; kind++)
        vec_push(&net->words, s->kept[kind] ? intern_word(s->limit[kind]) : UINT64_MAX);
    for (uint32_t raw = s->first_flow; raw != NONE; raw = net->raws.items[raw].next_on_slot) {
        vec_push(&net->words, flow_key[raw]);
        for (int kind = 0; kind < HOST_LIMITS; kind++)
            if (s->kept[kind]) {
                vec_push(&net->words, intern_near(net->raws.items[raw].load[kind]));
                vec_push(&net->words, intern_near(net->raws.items[raw].peak[kind]));
            }
    }
    if (s->first_far != NONE) { /* flows from elsewhere: like no other host */
        vec_push(&net->words, UINT64_MAX - 1);
        vec_push(&net->words, slot);
    }
}

/* A number for all hosts with the same flows and the same loads of shuffles. */
static uint32_t key_host(struct net *net, uint32_t slot, const uint32_t *flow_key)
{
    const struct net_slot *s = &net->slots.items[slot];
    key_flows(net, slot, flow_key);
    vec_push(&net->words, UINT64_MAX - 2);
    for (uint32_t p = s->first_place; p != NONE; p = net->places.items[p].next) {
        const struct net_place *place = &net->places.items[p];
        for (int kind = 0; kind < HOST_LIMITS; kind++) {
            const double *loads = net_loads(net, place, (enum net_limit)(LIMIT_CORES + kind));
            for (uint32_t k = 0; s->kept[kind] && k < place->sum_count; k++)
                if (loads[k] > 0) {
                    vec_push(&net->words, (uint64_t)kind << 32 | (place->first_sum + k));
                    vec_push(&net->words, intern_near(loads[k]));
                }
        }
    }
    return word_row(net, &net->slot_keys);
}

/* Keys of hosts: NONE where no limit is kept; else the first host that is alike. */
static void key_slots(struct net *net, const uint32_t *flow_key)
{
    vec_clear(&net->scratch);
    for (uint32_t slot = 0; slot < net->slots.count; slot++) {
        net->slots.items[slot].key = NONE;
        net->slots.items[slot].likes = 0;
        if (!net_slot_is_kept(&net->slots.items[slot]))
            continue;
        uint32_t key = key_host(net, slot, flow_key);
        if (key == net->scratch.count)
            vec_push(&net->scratch, slot);
        net->slots.items[slot].key = net->scratch.items[key];
        net->slots.items[net->scratch.items[key]].likes++;
    }
}

/* Flows are told apart by source, partitions, bound and host key. */
static void key_raws(struct model *model, struct net *net, uint32_t *flow_key)
{
    for (VEC_EACH(const struct net_sum, sum, &net->sums)) {
        struct model_job *job = &model->jobs[sum->job];
        struct model_source *source = &job->sources.items[sum->source];
        uint32_t tasks = job->vertices[source->vertex].parallelism;
        vec_clear(&model->numbers);
        vec_resize(&model->numbers, tasks);
        source_signatures(source, tasks, model->numbers.items);
        for (uint32_t s = 0; s < tasks; s++) {
            uint32_t raw = source->first_raw + s;
            const struct raw_flow *flow = &net->raws.items[raw];
            vec_push(&net->words, (uint64_t)flow->sum << 32 | model->numbers.items[s]);
            vec_push(&net->words, intern_near(flow->bound));
            bool held = flow->could > flow->bound;
            vec_push(&net->words, (uint64_t)flow->bound_window << 33 | (uint64_t)held << 32 |
                                      flow->bound_vertex);
            if (held)
                vec_push(&net->words, intern_near(flow->could));
            if (flow->share_limit > 0) {
                vec_push(&net->words, intern_word(flow->share_limit));
                vec_push(&net->words, intern_near(flow->share_weight));
                vec_push(&net->words, flow->share_kind);
            }
            if (flow->alone || !flow->ready || flow->waits)
                vec_push(&net->words, raw);
            flow_key[raw] = word_row(net, &net->flow_keys);
        }
    }
}

static void make_classes(struct model *model, struct net *net, const uint32_t *flow_key)
{
    for (uint32_t raw = 0; raw < net->raws.count; raw++) {
        struct raw_flow *flow = &net->raws.items[raw];
        if (!flow->ready || flow->waits)
            continue;
        vec_push(&net->words, (uint64_t)flow_key[raw] << 32 | net->slots.items[flow->slot].key);
        uint32_t class = word_row(net, &net->class_keys);
        if (class == net->classes.count) {
            vec_push(&net->classes, (struct net_class){ .sum = flow->sum,
                                                        .bound = flow->bound,
                                                        .bound_vertex = flow->bound_vertex,
                                                        .bound_window = flow->bound_window,
                                                        .could = flow->could,
                                                        .bottleneck = NONE });
            struct component *component = component_of(model, &net->sums.items[flow->sum]);
            if (component->class_count++ == 0)
                component->first_class = class;
            struct net_sum *sum = &net->sums.items[flow->sum];
            if (sum->class_count++ == 0)
                sum->first_class = class;
            CHECK(class + 1 == sum->first_class + sum->class_count);
        }
        net->classes.items[class].tasks++;
        flow->class = class;
    }
}

/* Groups of partitions follow the classes of their readers. */
static void split_sources(struct model *model, struct net *net)
{
    vec_clear(&net->scratch);
    for (VEC_EACH(const struct net_class, class, &net->classes))
        vec_push(&net->scratch, class->tasks);
    for (VEC_EACH(const struct net_sum, sum, &net->sums)) {
        struct model_job *job = &model->jobs[sum->job];
        struct model_source *source = &job->sources.items[sum->source];
        uint32_t tasks = job->vertices[source->vertex].parallelism;
        vec_clear(&model->numbers);
        for (uint32_t s = 0; s < tasks; s++)
            vec_push(&model->numbers, net->raws.items[source->first_raw + s].class);
        source_split(source, model->numbers.items, tasks, net->scratch.items, model_now(model));
        for (VEC_EACH(const struct partition_group, group, &source->groups))
            if (group->class != GROUP_IDLE)
                net->classes.items[group->class].partitions += group->per_task;
    }
}

/* At the end of the list of its vertex. */
static void link_work(struct model *model, struct net *net, uint32_t number)
{
    const struct class_work *work = &net->work.items[number];
    struct vertex_flow *flow = &model->jobs[work->job].vertices[work->vertex].flow;
    *(flow->first_work == NONE ? &flow->first_work : &net->work.items[flow->last_work].next) =
        number;
    flow->last_work = number;
}

static void clear_work(struct model *model, struct net *net)
{
    vec_clear(&net->work);
    for (VEC_EACH(const struct net_member, member, &net->members)) {
        struct model_job *job = &model->jobs[member->job];
        for (VEC_EACH(const uint32_t, id, &job->components.items[member->component].vertices))
            job->vertices[*id].flow.first_work = job->vertices[*id].flow.last_work = NONE;
    }
}

/* Work before shuffles, by class and vertex. */
static void make_work(struct model *model, struct net *net)
{
    struct intern keys = { 0 };
    clear_work(model, net);
    for (VEC_EACH(const struct raw_work, work, &net->raw_work)) {
        uint32_t class = net->raws.items[work->raw].class;
        if (class == NONE)
            continue;
        uint64_t words[] = { (uint64_t) class << 32 | work->job, work->vertex };
        uint32_t number = intern_number(&keys, words, 2);
        if (number == net->work.count) {
            vec_push(&net->work, (struct class_work){ .class = class,
                                                      .job = work->job,
                                                      .vertex = work->vertex,
                                                      .next = NONE,
                                                      .single_least = INFINITY });
            link_work(model, net, number);
        }
        struct class_work *sum = &net->work.items[number];
        sum->tasks += work->tasks;
        sum->busy += work->busy;
        if (!work->single || work->frozen)
            continue;
        sum->single += 1;
        sum->single_blocked += work->blocked;
        sum->single_busy += work->busy;
        sum->single_most = fmax(sum->single_most, work->busy);
        sum->single_least = fmin(sum->single_least, work->busy);
    }
    intern_fini(&keys);
}

void net_classify(struct model *model, struct net *net)
{
    uint32_t *flow_key = mem_create_array(net->raws.count, sizeof *flow_key);
    intern_clear(&net->flow_keys);
    intern_clear(&net->slot_keys);
    intern_clear(&net->class_keys);
    vec_clear(&net->classes);
    net_find_shares(model, net);
    key_raws(model, net, flow_key);
    key_slots(net, flow_key);
    make_classes(model, net, flow_key);
    mem_destroy(flow_key);
    split_sources(model, net);
    make_work(model, net);
    net_write_rows(model, net);
}
