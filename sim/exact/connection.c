/* SPDX-License-Identifier: Apache-2.0
 *
 * Items wait in the order in which they come. One is sent at a time, at the pace that the link's
 * bandwidth and the packets it loses allow at each moment (docs/model.md has the formula); NICs
 * are entered when its turn comes. A link that is cut holds nothing up here: what is due at its end
 * is stuck there (carry.c).
 */
#include "sim/exact/connection.h"

#include "sim/exact/parts.h"

static void item_is_sent(void *context, uint64_t a, uint64_t b);

static uint64_t key_of(uint32_t from, uint32_t to)
{
    return (uint64_t)from << 32 | to;
}

static struct link_quality link_of(const struct exact *exact, uint32_t from, uint32_t to)
{
    return virtual_cluster_link(exact->cluster, (struct node_id){ from }, (struct node_id){ to });
}

double connection_seconds_per_byte(const struct exact *exact, uint32_t from, uint32_t to)
{
    const struct exact_host *a = &exact->hosts.items[from], *b = &exact->hosts.items[to];
    struct link_quality link = link_of(exact, from, to);
    if (!life_can_talk(&exact->life, from, to))
        return 0;
    return link_quality_seconds_per_byte(&link, a->nic_bps, a->loss, b->loss);
}

static time_ns later(time_ns a, time_ns b)
{
    return a > b ? a : b;
}

static time_ns at_rate(double bytes, double bits_per_second)
{
    return bits_per_second > 0 ? (time_ns)(bytes * 8 / bits_per_second * (double)TIME_S) : 0;
}

time_ns connection_latency(const struct exact *exact, uint32_t from, uint32_t to)
{
    struct link_quality link = link_of(exact, from, to);
    return time_add(distribution_mean(&link.latency), link.more_latency);
}

/* When the last byte is there, for all that the NICs and the latency know. */
static time_ns pass_nics(struct exact *exact, uint32_t from_host, uint32_t to_host, double bytes)
{
    struct exact_host *from = &exact->hosts.items[from_host], *to = &exact->hosts.items[to_host];
    time_ns latency = connection_latency(exact, from_host, to_host);
    time_ns begins = later(exact_now(exact), from->nic_free[TRANSFER_OUT]);
    time_ns sent = time_add(begins, at_rate(bytes, from->nic_bps));
    from->nic_free[TRANSFER_OUT] = sent;
    time_ns taken = later(time_add(begins, latency), to->nic_free[TRANSFER_IN]);
    time_ns in = time_add(taken, at_rate(bytes, to->nic_bps));
    to->nic_free[TRANSFER_IN] = in;
    return later(in, time_add(sent, latency));
}

static uint32_t connection_create(struct exact *exact, uint32_t from, uint32_t to)
{
    if (exact->free_connections.count == 0) {
        vec_push(&exact->free_connections, (uint32_t)exact->connections.count);
        vec_push(&exact->connections, (struct connection){ 0 });
    }
    uint32_t index = exact->free_connections.items[--exact->free_connections.count];
    struct connection *connection = &exact->connections.items[index];
    CHECK(connection->items.count == 0 && connection->first == 0);
    connection->from = from;
    connection->to = to;
    index_map_put(&exact->connection_of, key_of(from, to), index);
    return index;
}

static bool is_used(const struct connection *connection)
{
    return connection->items.count > 0;
}

static void wait_for_it(struct exact *exact, uint32_t index)
{
    struct connection *connection = &exact->connections.items[index];
    double seconds = connection->left * connection->seconds_per_byte;
    sim_queue_cancel(exact->queue, &connection->sent);
    connection->sent = sim_queue_push(
        exact->queue, time_add(connection->since, (time_ns)(seconds * (double)TIME_S)),
        SIM_CLASS_DATA, item_is_sent, exact, index, 0);
}

/* The first one's turn has come. What was sent into a channel that is gone since is dropped. */
static void begin_first(struct exact *exact, uint32_t index)
{
    struct connection *connection = &exact->connections.items[index];
    while (connection->first < connection->items.count) {
        const struct connection_item *item = &connection->items.items[connection->first];
        if (exact->wires.items[item->wire].generation == item->generation)
            break;
        connection->first++;
    }
    if (connection->first == connection->items.count) {
        vec_clear(&connection->items);
        connection->first = 0;
        index_map_remove(&exact->connection_of, key_of(connection->from, connection->to));
        vec_push(&exact->free_connections, index);
        return;
    }
    connection->left = connection->items.items[connection->first].bytes;
    connection->since = exact_now(exact);
    connection->seconds_per_byte =
        connection_seconds_per_byte(exact, connection->from, connection->to);
    connection->earliest = pass_nics(exact, connection->from, connection->to, connection->left);
    wait_for_it(exact, index);
}

static void item_is_sent(void *context, uint64_t a, uint64_t b)
{
    struct exact *exact = context;
    struct connection *connection = &exact->connections.items[a];
    struct connection_item item = connection->items.items[connection->first++];
    (void)b;
    connection->sent = (struct sim_handle){ 0 };
    time_ns latency = connection_latency(exact, connection->from, connection->to);
    if (exact->wires.items[item.wire].generation == item.generation)
        wire_arrives(exact, item.wire,
                     later(connection->earliest, time_add(exact_now(exact), latency)));
    begin_first(exact, (uint32_t)a);
}

void connection_send(struct exact *exact, uint32_t number, double bytes)
{
    const struct wire *wire = &exact->wires.items[number];
    uint32_t from = wire->from_host, to = wire->to_host;
    uint32_t index = index_map_get(&exact->connection_of, key_of(from, to));
    if (index == INDEX_NONE && !(connection_seconds_per_byte(exact, from, to) > 0)) {
        wire_arrives(exact, number, pass_nics(exact, from, to, bytes));
        return;
    }
    bool is_first = index == INDEX_NONE;
    index = is_first ? connection_create(exact, from, to) : index;
    vec_push(&exact->connections.items[index].items,
             (struct connection_item){ number, wire->generation, bytes });
    if (is_first)
        begin_first(exact, index);
}

void connections_host_changed(struct exact *exact, uint32_t host)
{
    time_ns now = exact_now(exact);
    for (uint32_t i = 0; i < exact->connections.count; i++) {
        struct connection *connection = &exact->connections.items[i];
        if (!is_used(connection) || (connection->from != host && connection->to != host))
            continue;
        double seconds = (double)(now - connection->since) / (double)TIME_S;
        double before = connection->seconds_per_byte;
        connection->left -= before > 0 ? seconds / before : connection->left;
        connection->left = connection->left > 0 ? connection->left : 0;
        connection->since = now;
        connection->seconds_per_byte =
            connection_seconds_per_byte(exact, connection->from, connection->to);
        wait_for_it(exact, i);
    }
}

void connections_destroy(struct exact *exact)
{
    for (VEC_EACH(struct connection, connection, &exact->connections))
        vec_fini(&connection->items);
    vec_fini(&exact->connections);
    vec_fini(&exact->free_connections);
    index_map_fini(&exact->connection_of);
}
