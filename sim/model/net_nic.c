/* SPDX-License-Identifier: Apache-2.0
 *
 * A host's NIC, shared by the connections of the data plane and by transfers to and from shared
 * storage. In: transfers that begin and end, rates. Out: what the data plane may use of the NIC,
 * and what is left to the transfers. Both directions are apart.
 *
 * All connections are equal, as TCP makes them in the long run: with C of the data plane and U
 * of transfers the data plane is sure of N * C / (C + U), and transfers get what it does not use of
 * that and the rest. The data plane may have more than its share only as far as storage could not
 * use it: N - B.
 */
#include <math.h>

#include "sim/model/state.h"

/* Rounding is not more than a limit. */
static const double limit_margin = 1 + 1e-9;

/* A network takes new limits of its NICs at most once in this time for each of its tasks: to build
 * it costs as much as it has tasks, so the cost of a second that is full of transfers has a bound.
 */
static const time_ns limits_per_task = 250 * TIME_US;

static double nic_bytes_per_s(const struct model_host *host)
{
    return host->life.machine->network_bps > 0 ? host->life.machine->network_bps / 8 : INFINITY;
}

static double share_of_data(const struct model *model, const struct model_host *host,
                            enum transfer_way way)
{
    double data = host->connections > 0 ? host->connections : 1;
    double transfers = (double)host->moving[way] * model->scenario->cluster.dfs.connections;
    return nic_bytes_per_s(host) * data / (data + transfers);
}

/* Null: that network is gone. */
static struct net *net_of_stay(const struct model *model, const struct net_stay *stay)
{
    struct net *net = model->networks.all.items[stay->net];
    return net->round == stay->round ? net : NULL;
}

void net_stay(struct model *model, const struct net *net)
{
    for (uint32_t slot = 0; slot < net->slots.count; slot++) {
        struct model_host *host = &model->hosts.items[net->slots.items[slot].host];
        for (size_t i = host->stays.count; i-- > 0;)
            if (!net_of_stay(model, &host->stays.items[i]))
                vec_remove_swap(&host->stays, i);
        vec_push(&host->stays, (struct net_stay){ net->index, slot, net->round });
    }
}

double net_nic_for_data(const struct model *model, uint32_t host, enum transfer_way way)
{
    const struct model_host *h = &model->hosts.items[host];
    double nic = nic_bytes_per_s(h), storage = model->scenario->cluster.dfs.bandwidth;
    if (nic == INFINITY || h->moving[way] == 0)
        return nic;
    return fmax(share_of_data(model, h, way), nic - storage);
}

static enum net_limit limit_of(enum transfer_way way)
{
    return way == TRANSFER_OUT ? LIMIT_NIC_OUT : LIMIT_NIC_IN;
}

/* Of the data plane, now: bytes per second, or cores. */
static double traffic_of(struct model *model, struct net *net, uint32_t slot, enum net_limit limit)
{
    double sum = 0;
    for (uint32_t p = net->slots.items[slot].first_place; p != NONE;
         p = net->places.items[p].next) {
        const struct net_place *place = &net->places.items[p];
        const double *loads = net_loads(net, place, limit);
        for (uint32_t k = 0; k < place->sum_count; k++) {
            const struct net_sum *of = &net->sums.items[place->first_sum + k];
            sum += loads[k] * model->jobs[of->job].sources.items[of->source].rate;
        }
    }
    for (uint32_t raw = net->slots.items[slot].first_flow; raw != NONE;
         raw = net->raws.items[raw].next_on_slot) {
        const struct raw_flow *flow = &net->raws.items[raw];
        sum += flow->class == NONE
                   ? 0
                   : flow->load[limit - LIMIT_CORES] * net->classes.items[flow->class].rate;
    }
    for (uint32_t far = net->slots.items[slot].first_far; far != NONE;
         far = net->fars.items[far].next) {
        uint32_t class = net->raws.items[net->fars.items[far].raw].class;
        if (net->fars.items[far].limit == limit && class != NONE)
            sum += net->fars.items[far].load * net->classes.items[class].rate;
    }
    return sum;
}

static double traffic_of_host(struct model *model, const struct model_host *host,
                              enum net_limit limit)
{
    double traffic = 0;
    for (VEC_EACH(const struct net_stay, stay, &host->stays)) {
        struct net *net = net_of_stay(model, stay);
        traffic += net ? traffic_of(model, net, stay->slot, limit) : 0;
    }
    return traffic;
}

static void add_turn(struct nic_turn *turn, double load, const struct nic_turn *records)
{
    turn->held += load * records->held;
    turn->held_weight += load * records->held_weight;
    turn->kept_up += load * records->kept_up;
    turn->weight += load * records->weight;
}

bool net_held_by_nic(const struct net *net, uint32_t class)
{
    uint32_t row = net->problem.flows.items[class].limit;
    if (row == MAXMIN_BOUND || !net_class_is_behind(&net->classes.items[class]))
        return false;
    enum net_limit limit = net->rows.items[row].limit;
    return limit == LIMIT_NIC_OUT || limit == LIMIT_NIC_IN || limit == LIMIT_WIRE;
}

/* What a flow that is not held up might have: the rate at which something that is shared would. */
static double may_have(const struct net *net, uint32_t class)
{
    const struct maxmin_flow *flow = &net->problem.flows.items[class];
    const struct maxmin_sum *sum = &net->problem.sums.items[flow->sum];
    double own = flow->cap_row == MAXMIN_BOUND ? INFINITY : flow->cap;
    double all = sum->cap * flow->rate / sum->value;
    double most = fmin(own, sum->value > 0 ? all : INFINITY);
    return most < INFINITY ? fmax(most, flow->rate) : flow->rate;
}

struct nic_turn net_flow_turn(const struct net *net, uint32_t class)
{
    double rate = net->classes.items[class].rate;
    return net_held_by_nic(net, class)
               ? (struct nic_turn){ .held = rate, .held_weight = rate }
               : (struct nic_turn){ .kept_up = rate, .weight = may_have(net, class) };
}

static void add_flow(const struct model *model, const struct net *net, uint32_t raw, double load,
                     struct nic_turn *turns)
{
    const struct raw_flow *flow = &net->raws.items[raw];
    const struct net_sum *sum = &net->sums.items[flow->sum];
    const struct component *component = &model->jobs[sum->job].components.items[sum->component];
    if (flow->class == NONE || !(load > 0))
        return;
    struct nic_turn records = net_flow_turn(net, flow->class);
    add_turn(&turns[net->places.items[component->first_place].member], load, &records);
}

void net_add_turns(const struct model *model, struct net *net, uint32_t slot, enum transfer_way way,
                   const struct nic_turn *sums, struct nic_turn *turns)
{
    enum net_limit limit = limit_of(way);
    for (uint32_t p = net->slots.items[slot].first_place; p != NONE;
         p = net->places.items[p].next) {
        const struct net_place *place = &net->places.items[p];
        const double *loads = net_loads(net, place, limit);
        for (uint32_t k = 0; k < place->sum_count; k++)
            add_turn(&turns[place->member], loads[k], &sums[place->first_sum + k]);
    }
    for (uint32_t r = net->slots.items[slot].first_flow; r != NONE;
         r = net->raws.items[r].next_on_slot)
        add_flow(model, net, r, net->raws.items[r].load[limit - LIMIT_CORES], turns);
    for (uint32_t f = net->slots.items[slot].first_far; f != NONE; f = net->fars.items[f].next)
        if (net->fars.items[f].limit == limit)
            add_flow(model, net, net->fars.items[f].raw, net->fars.items[f].load, turns);
}

double net_cores_used(struct model *model, const struct model_host *host)
{
    return traffic_of_host(model, host, LIMIT_CORES);
}

double net_nic_traffic(struct model *model, uint32_t host, enum transfer_way way)
{
    return traffic_of_host(model, &model->hosts.items[host], limit_of(way));
}

double net_wire_use(struct model *model, uint32_t host)
{
    return traffic_of_host(model, &model->hosts.items[host], LIMIT_WIRE);
}

/* Says whether data has more than it may: then limits are to be taken anew. */
static bool limit_transfers(struct model *model, uint32_t host, enum transfer_way way)
{
    struct model_host *h = &model->hosts.items[host];
    double nic = nic_bytes_per_s(h);
    if (nic == INFINITY || h->moving[way] == 0)
        return false;
    double traffic = traffic_of_host(model, h, limit_of(way));
    double left = nic - fmin(traffic, share_of_data(model, h, way));
    if (left != h->transfer_limit[way])
        model->life.world.transfer_limit(model->life.world.context, (struct node_id){ host }, way,
                                         left);
    h->transfer_limit[way] = left;
    return traffic > net_nic_for_data(model, host, way) * limit_margin;
}

bool net_limit_transfers_of(struct model *model, uint32_t host)
{
    bool over = false;
    for (int way = 0; way < TRANSFER_WAY_COUNT; way++)
        over |= limit_transfers(model, host, (enum transfer_way)way);
    return over;
}

static void limits_are_due(void *context, uint64_t a, uint64_t b)
{
    struct model *model = context;
    struct net *net = model->networks.all.items[a];
    CHECK(net->round == b);
    net->nics = (struct sim_handle){ 0 };
    for (VEC_EACH(const struct net_member, member, &net->members))
        net_rebuild_soon(model, member->job, member->component);
}

/* Of n tasks on one NIC each has a transfer that ends at a time of its own. */
static void take_limits_anew(struct model *model, struct net *net)
{
    time_ns tasks = 0, now = model_now(model);
    for (VEC_EACH(const struct net_member, member, &net->members))
        tasks += model->jobs[member->job].components.items[member->component].task_count;
    time_ns due = net->built_at + tasks * limits_per_task;
    if (net->nics.generation == 0)
        net->nics = sim_queue_push(model->queue, due > now ? due : now, SIM_CLASS_DATA,
                                   limits_are_due, model, net->index, net->round);
}

void net_limit_transfers(struct model *model, struct net *net)
{
    bool over = !net->all_kept_up;
    for (size_t i = 0; model->moving > 0 && i < net->slots.count; i++)
        over |= net_limit_transfers_of(model, net->slots.items[i].host);
    if (!over || !net->nics_stale)
        return;
    take_limits_anew(model, net);
}

/* Would the data plane feel another limit of the NIC? */
static bool is_felt(const struct model *model, const struct model_host *host, uint32_t kind,
                    double limit)
{
    double most = 0, before = INFINITY;
    for (VEC_EACH(const struct net_stay, stay, &host->stays)) {
        const struct net *net = net_of_stay(model, stay);
        if (!net)
            continue;
        most += net->slots.items[stay->slot].most[kind];
        before = net->slots.items[stay->slot].limit[kind];
    }
    return limit != before && most > fmin(limit, before);
}

/* Networks that carry all there is, well below the new limit as well, need it only when their
 * rates change. */
static void take_limit(struct model *model, const struct model_host *host, double traffic,
                       double limit)
{
    for (VEC_EACH(const struct net_stay, stay, &host->stays)) {
        struct net *net = net_of_stay(model, stay);
        if (!net)
            continue;
        net->nics_stale = true;
        if (net->all_kept_up && traffic <= limit)
            continue;
        take_limits_anew(model, net);
    }
}

static void move(struct model *model, uint32_t host, enum transfer_way way, uint32_t by)
{
    struct model_host *h = &model->hosts.items[host];
    h->moving[way] += by;
    model->moving += by;
    model->moves++;
    limit_transfers(model, host, way);
    double limit = net_nic_for_data(model, host, way);
    if (is_felt(model, h, limit_of(way) - LIMIT_CORES, limit))
        take_limit(model, h, traffic_of_host(model, h, limit_of(way)), limit);
}

void net_transfer_begins(struct model *model, uint32_t host, enum transfer_way way)
{
    move(model, host, way, 1);
}

void net_transfer_ends(struct model *model, uint32_t host, enum transfer_way way)
{
    CHECK(model->hosts.items[host].moving[way] > 0);
    move(model, host, way, -1u);
}

/* Two TaskManagers have one connection; over a shuffle every host sends to every other one. */
static void find_connections(struct model *model, const struct net *net,
                             const struct net_slot *slot)
{
    uint32_t *connections = &model->hosts.items[slot->host].connections;
    for (uint32_t p = slot->first_place; p != NONE; p = net->places.items[p].next) {
        struct net_member member = net->members.items[net->places.items[p].member];
        const struct component *component =
            &model->jobs[member.job].components.items[member.component];
        if (component->shuffle_count > 0 && component->place_count > *connections + 1)
            *connections = component->place_count - 1;
    }
}

void net_count_connections(struct model *model, uint32_t host)
{
    struct model_host *h = &model->hosts.items[host];
    h->connections = 1;
    for (VEC_EACH(const struct net_stay, stay, &h->stays)) {
        const struct net *net = net_of_stay(model, stay);
        if (net)
            find_connections(model, net, &net->slots.items[stay->slot]);
    }
}

bool net_host_can_fill(const struct model *model, const struct net_slot *slot)
{
    double most[HOST_LIMITS];
    bool others = false, filled = false;
    memcpy(most, slot->most, sizeof most);
    for (VEC_EACH(const struct net_stay, stay, &model->hosts.items[slot->host].stays)) {
        const struct net *net = net_of_stay(model, stay);
        others |= net != NULL;
        for (int kind = 0; net && kind < HOST_LIMITS; kind++)
            most[kind] += net->slots.items[stay->slot].most[kind];
    }
    for (int kind = 0; kind < HOST_LIMITS; kind++)
        filled |= most[kind] > slot->limit[kind];
    return others && filled;
}

/* While transfers are under way the data plane has not all of a NIC. */
void net_find_nics(struct model *model, struct net *net)
{
    net->nics_stale = false;
    for (VEC_EACH(struct net_slot, slot, &net->slots)) {
        find_connections(model, net, slot);
        slot->limit[LIMIT_NIC_OUT - LIMIT_CORES] =
            net_nic_for_data(model, slot->host, TRANSFER_OUT);
        slot->limit[LIMIT_NIC_IN - LIMIT_CORES] = net_nic_for_data(model, slot->host, TRANSFER_IN);
    }
}
