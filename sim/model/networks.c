/* SPDX-License-Identifier: Apache-2.0
 *
 * The networks: which components are in one. Components are coupled where they have tasks on a host
 * one of whose limits they could reach together; a host that carries all its threads can do is
 * nobody's concern. In: components that begin, end or flow in another way. What is built anew are
 * their networks, and all that runs on their hosts when one of these can be filled by all that is
 * on it: gathered once to find that out, and once more when it falls apart. Out: networks whose
 * members are in ascending order, so that no result depends on the way here.
 */
#include "sim/model/networks.h"

#include "sim/model/memory.h"
#include "sim/model/order.h"
#include "sim/model/state.h"

/* Pipelines that start or stop one by one share a rebuild within this: the model's resolution in
 * time for jobs without a shuffle. */
#define NET_SETTLE (10 * TIME_MS)

static void net_fini(struct net *net)
{
    vec_fini(&net->members);
    vec_fini(&net->sums);
    vec_fini(&net->classes);
    vec_fini(&net->work);
    vec_fini(&net->rows);
    maxmin_fini(&net->problem);
    vec_fini(&net->stepped);
    vec_fini(&net->raws);
    vec_fini(&net->slots);
    vec_fini(&net->places);
    vec_fini(&net->loads);
    vec_fini(&net->peaks);
    vec_fini(&net->fars);
    vec_fini(&net->ends);
    vec_fini(&net->wire_losses);
    vec_fini(&net->wires);
    vec_fini(&net->pairs);
    ranking_fini(&net->ranking);
    vec_fini(&net->windows);
    vec_fini(&net->window_rows);
    vec_fini(&net->own_rows);
    vec_fini(&net->own_terms);
    vec_fini(&net->own_sums);
    vec_fini(&net->shares);
    vec_fini(&net->share_terms);
    vec_fini(&net->share_sums);
    vec_fini(&net->raw_work);
    vec_fini(&net->most);
    intern_fini(&net->flow_keys);
    intern_fini(&net->slot_keys);
    intern_fini(&net->class_keys);
    vec_fini(&net->words);
    vec_fini(&net->scratch);
    contention_fini(&net->contention);
    nic_loads_fini(&net->nic_loads);
    nic_loads_fini(&net->nic_loads_seen);
}

void networks_fini(struct networks *networks)
{
    for (VEC_EACH(struct net *, net, &networks->all)) {
        net_fini(*net);
        mem_destroy(*net);
    }
    vec_fini(&networks->all);
    vec_fini(&networks->free);
    vec_fini(&networks->dirty);
    vec_fini(&networks->soon);
    vec_fini(&networks->seen);
    vec_fini(&networks->left);
    vec_fini(&networks->leaders);
}

static struct component *component_at(struct model *model, struct net_member member)
{
    return &model->jobs[member.job].components.items[member.component];
}

/* An empty network; what an earlier one of that place had allocated is used again. */
static struct net *net_take(struct model *model)
{
    struct networks *networks = &model->networks;
    if (networks->free.count == 0) {
        struct net *new = mem_create(sizeof *new);
        new->index = (uint32_t)networks->all.count;
        new->nic_loads_seen.version = 1; /* never that of the others */
        vec_push(&networks->all, new);
        vec_push(&networks->free, new->index);
    }
    struct net *net = networks->all.items[vec_last(&networks->free)];
    networks->free.count--;
    net->at = net->since = net->folded_at = net->built_at = model_now(model);
    net->round = ++networks->round;
    net->all_kept_up = false;
    vec_clear(&net->members);
    vec_clear(&net->stepped);
    return net;
}

static void net_give_back(struct model *model, struct net *net)
{
    net->round = 0;
    vec_push(&model->networks.free, net->index);
}

static void clear_parts(struct net *net)
{
    vec_clear(&net->sums);
    vec_clear(&net->classes);
    vec_clear(&net->work);
    vec_clear(&net->raws);
    vec_clear(&net->slots);
    vec_clear(&net->places);
    vec_clear(&net->loads);
    vec_clear(&net->peaks);
    vec_clear(&net->fars);
    vec_clear(&net->ends);
    vec_clear(&net->own_rows);
    vec_clear(&net->own_terms);
    vec_clear(&net->own_sums);
    vec_clear(&net->raw_work);
}

static void gather_all(struct model *model, struct net *net)
{
    clear_parts(net);
    net_gather(model, net);
    net_find_kept(model, net);
}

static uint32_t leader_of(const struct networks *networks, uint32_t member)
{
    while (networks->leaders.items[member] != member) {
        uint32_t *leader = &networks->leaders.items[member];
        *leader = networks->leaders.items[*leader];
        member = *leader;
    }
    return member;
}

/* Says whether they were apart. */
static bool join(struct networks *networks, uint32_t member, uint32_t other)
{
    uint32_t a = leader_of(networks, member), b = leader_of(networks, other);
    networks->leaders.items[a > b ? a : b] = a < b ? a : b;
    return a != b;
}

/* The first of each group leads it. Components of one job may also share slots that have cores of
 * their own. Says how many groups there are. */
static uint32_t find_leaders(struct model *model, const struct net *net)
{
    struct networks *networks = &model->networks;
    uint32_t groups = (uint32_t)net->members.count;
    vec_clear(&networks->leaders);
    for (uint32_t member = 0; member < net->members.count; member++)
        vec_push(&networks->leaders, member);
    for (VEC_EACH(const struct net_slot, slot, &net->slots)) {
        if (!net_slot_is_kept(slot) || slot->first_place == NONE)
            continue;
        uint32_t first = net->places.items[slot->first_place].member;
        for (uint32_t p = slot->first_place; p != NONE; p = net->places.items[p].next)
            groups -= join(networks, first, net->places.items[p].member);
    }
    for (uint32_t member = 1; member < net->members.count; member++) {
        uint32_t job = net->members.items[member].job;
        if (net->members.items[member - 1].job == job && net_has_shares(&model->jobs[job]))
            groups -= join(networks, member - 1, member);
    }
    return groups;
}

static void enter(struct model *model, struct net *net)
{
    for (VEC_EACH(const struct net_member, member, &net->members))
        component_at(model, *member)->net = net->index;
}

/* Members of each group go to a network of their own. */
static void split(struct model *model, const struct net *whole)
{
    struct networks *networks = &model->networks;
    uint32_t count = (uint32_t)whole->members.count;
    uint32_t *net_of_leader = mem_create_array(count, sizeof *net_of_leader);
    uint32_t *made = mem_create_array(count, sizeof *made), made_count = 0;
    for (uint32_t member = 0; member < count; member++) {
        uint32_t leader = leader_of(networks, member);
        if (leader == member) {
            net_of_leader[leader] = net_take(model)->index;
            made[made_count++] = net_of_leader[leader];
        }
        struct net *net = networks->all.items[net_of_leader[leader]];
        vec_push(&net->members, whole->members.items[member]);
    }
    for (uint32_t i = 0; i < made_count; i++) {
        struct net *net = networks->all.items[made[i]];
        enter(model, net);
        gather_all(model, net);
        net_open(model, net);
    }
    mem_destroy(net_of_leader);
    mem_destroy(made);
}

static bool component_flows(const struct model_job *job, const struct component *component)
{
    if (job->ended || !component->known || component->sources.count == 0)
        return false;
    return component->coupled ? component->running == component->task_count
                              : component->running > 0;
}

static void see(struct model *model, struct net_member member)
{
    struct component *component = component_at(model, member);
    if (component->seen == model->networks.refreshes)
        return;
    component->seen = model->networks.refreshes;
    vec_push(&model->networks.seen, member);
}

/* A host that can be filled concerns all that is on it. */
static void see_host(struct model *model, uint32_t index)
{
    struct model_host *host = &model->hosts.items[index];
    if (host->seen == model->networks.refreshes)
        return;
    host->seen = model->networks.refreshes;
    host->connections = 1;
    for (VEC_EACH(const uint32_t, t, &host->life.tasks)) {
        const struct model_task *task = &model->tasks.items[*t];
        struct model_job *job = &model->jobs[task->life.job];
        struct net_member member = { task->life.job, job->vertices[task->life.vertex].component };
        if (task->life.current && component_flows(job, component_at(model, member)))
            see(model, member);
    }
}

static void for_hosts_of(struct model *model, struct net_member member,
                         void (*visit)(struct model *, uint32_t))
{
    struct model_job *job = &model->jobs[member.job];
    const struct component *component = component_at(model, member);
    if (!component_flows(job, component))
        return;
    for (VEC_EACH(const uint32_t, id, &component->vertices))
        for (VEC_EACH(const uint32_t, task, &job->vertices[*id].life.current))
            if (*task != NONE)
                visit(model, model->tasks.items[*task].life.host);
}

static void see_network_of(struct model *model, struct net_member member)
{
    const struct net *net = net_of(model, component_at(model, member));
    for (size_t i = 0; net && i < net->members.count; i++)
        see(model, net->members.items[i]);
}

/* What has changed, and the networks that it was in. */
static void find_seen(struct model *model)
{
    struct networks *networks = &model->networks;
    networks->refreshes++;
    vec_clear(&networks->seen);
    for (VEC_EACH(const struct net_member, member, &networks->dirty)) {
        component_at(model, *member)->dirty = false;
        see(model, *member);
    }
    vec_clear(&networks->dirty);
    for (size_t i = 0; i < networks->seen.count; i++)
        see_network_of(model, networks->seen.items[i]);
}

/* And all that runs on the hosts of these, and so on. */
static void find_around(struct model *model)
{
    for (size_t i = 0; i < model->networks.seen.count; i++) {
        for_hosts_of(model, model->networks.seen.items[i], see_host);
        see_network_of(model, model->networks.seen.items[i]);
    }
}

/* The components seen that flow, in ascending order. */
static void add_members(struct model *model, struct net *net)
{
    const struct networks *networks = &model->networks;
    size_t count = networks->seen.count;
    double *values = mem_create_array(count, sizeof *values);
    uint32_t *order = mem_create_array(count, 2 * sizeof *order);
    for (uint32_t i = 0; i < count; i++) {
        struct net_member member = networks->seen.items[i];
        values[i] = (double)member.job * (1 << 20) + member.component;
        order[i] = i;
    }
    order_by_value(order, count, values, order + count);
    for (size_t i = 0; i < count; i++) {
        struct net_member member = networks->seen.items[order[i]];
        if (component_at(model, member)->active)
            vec_push(&net->members, member);
    }
    mem_destroy(values);
    mem_destroy(order);
}

static void close_seen(struct model *model, size_t from)
{
    for (size_t i = from; i < model->networks.seen.count; i++) {
        const struct net_member *member = &model->networks.seen.items[i];
        struct component *component = component_at(model, *member);
        struct net *net = net_of(model, component);
        if (net) {
            net_close(model, net);
            for (VEC_EACH(const struct net_slot, slot, &net->slots))
                vec_push(&model->networks.left, slot->host);
            for (VEC_EACH(const struct net_member, other, &net->members))
                component_at(model, *other)->net = NONE;
            net_give_back(model, net);
        }
        component->soon = false;
        component->class_count = 0;
        bool flows = component_flows(&model->jobs[member->job], component);
        if (flows && !component->active)
            component->active_from = model_now(model);
        component->active = flows;
    }
}

static void count_connections(struct model *model, uint32_t host)
{
    if (model->hosts.items[host].counted == model->networks.refreshes)
        return;
    model->hosts.items[host].counted = model->networks.refreshes;
    net_count_connections(model, host);
}

/* Hosts where networks go on beside what is built anew: their connections have not begun anew. */
static void count_all_connections(struct model *model)
{
    for (VEC_EACH(const uint32_t, host, &model->networks.left))
        count_connections(model, *host);
    for (VEC_EACH(const struct net_member, member, &model->networks.seen))
        for_hosts_of(model, *member, count_connections);
}

/* Could the members and those of other networks fill a host, or do they share slots? */
static bool meets_others(struct model *model, const struct net *net)
{
    for (VEC_EACH(const struct net_member, member, &net->members))
        if (net_has_shares(&model->jobs[member->job]))
            return true;
    for (VEC_EACH(const struct net_slot, slot, &net->slots))
        if (net_host_can_fill(model, slot))
            return true;
    return false;
}

static void open_seen(struct model *model)
{
    struct net *net = net_take(model);
    size_t seen = model->networks.seen.count;
    add_members(model, net);
    gather_all(model, net);
    if (meets_others(model, net)) {
        net_give_back(model, net);
        find_around(model);
        close_seen(model, seen);
        net = net_take(model);
        add_members(model, net);
        gather_all(model, net);
    }
    uint32_t groups = find_leaders(model, net);
    if (groups == 1) {
        enter(model, net);
        net_open(model, net);
        return;
    }
    split(model, net);
    net_give_back(model, net);
}

void net_refresh(struct model *model)
{
    struct networks *networks = &model->networks;
    stalls_settle(model);
    if (networks->dirty.count == 0)
        return;
    sim_queue_cancel(model->queue, &networks->refresh);
    find_seen(model);
    close_seen(model, 0);
    count_all_connections(model);
    open_seen(model);
    for (VEC_EACH(const uint32_t, host, &networks->left))
        net_limit_transfers_of(model, *host);
    vec_clear(&networks->left);
    memory_watch(model);
}

static void mark_dirty(struct model *model, uint32_t job, uint32_t component)
{
    struct net_member member = { job, component };
    struct component *c = component_at(model, member);
    if (!c->dirty)
        vec_push(&model->networks.dirty, member);
    c->dirty = true;
}

void net_rebuild(struct model *model, uint32_t job, uint32_t component)
{
    mark_dirty(model, job, component);
    net_refresh(model);
}

void net_rebuild_job(struct model *model, uint32_t job)
{
    for (uint32_t c = 0; c < model->jobs[job].components.count; c++)
        mark_dirty(model, job, c);
    net_refresh(model);
}

static void settle(void *context, uint64_t a, uint64_t b)
{
    struct model *model = context;
    struct networks *networks = &model->networks;
    (void)a;
    (void)b;
    networks->settle = (struct sim_handle){ 0 };
    for (VEC_EACH(const struct net_member, member, &networks->soon))
        if (component_at(model, *member)->soon)
            mark_dirty(model, member->job, member->component);
    vec_clear(&networks->soon);
    net_refresh(model);
}

void net_rebuild_soon(struct model *model, uint32_t job, uint32_t component)
{
    struct networks *networks = &model->networks;
    struct net_member member = { job, component };
    if (component_at(model, member)->soon)
        return;
    component_at(model, member)->soon = true;
    vec_push(&networks->soon, member);
    if (networks->settle.generation != 0)
        return;
    time_ns now = model_now(model);
    networks->settle = sim_queue_push(model->queue, now - now % NET_SETTLE + NET_SETTLE,
                                      SIM_CLASS_DATA, settle, model, 0, 0);
}

static void refresh_is_due(void *context, uint64_t a, uint64_t b)
{
    struct model *model = context;
    (void)a;
    (void)b;
    model->networks.refresh = (struct sim_handle){ 0 };
    net_refresh(model);
}

/* A fault strikes many hosts one by one, and their connections go on one by one: the last of them
 * at this instant is waited for, behind what else is of that class; who looks before looks at it.
 */
void net_rebuild_host(struct model *model, uint32_t host, enum sim_class class)
{
    for (VEC_EACH(const uint32_t, t, &model->hosts.items[host].life.tasks)) {
        const struct model_task *task = &model->tasks.items[*t];
        struct net_member member = {
            task->life.job, model->jobs[task->life.job].vertices[task->life.vertex].component
        };
        if (task->life.current && component_at(model, member)->net != NONE)
            mark_dirty(model, member.job, member.component);
    }
    if (model->networks.dirty.count > 0 && model->networks.refresh.generation == 0)
        model->networks.refresh =
            sim_queue_push(model->queue, model_now(model), class, refresh_is_due, model, 0, 0);
}
