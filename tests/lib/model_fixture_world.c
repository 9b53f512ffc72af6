/* SPDX-License-Identifier: Apache-2.0
 *
 * The world of a model under test.
 */
#include <check.h>

#include "tests/lib/model_fixture.h"

static void report(void *context, struct node_id node, const struct event_data *data)
{
    struct model_fixture *fixture = context;
    struct fixture_line line = { .at = sim_queue_now(fixture->queue),
                                 .node = node.n,
                                 .job = data->job.n,
                                 .kind = data->kind,
                                 .checkpoint = data->checkpoint };
    fixture->reports++;
    for (size_t i = 0; i < data->task_count; i++) {
        line.task = data->tasks[i];
        vec_push(&fixture->lines, line);
    }
    for (size_t i = 0; i < data->ack_count; i++) {
        line.ack = data->acks[i];
        vec_push(&fixture->lines, line);
    }
    if (data->kind == DATA_SOURCE_BACKLOG) {
        line.task.attempt = data->source;
        line.in_backlog = data->in_backlog;
        vec_push(&fixture->lines, line);
    }
    for (size_t i = 0; i < data->at_end_count; i++) {
        line.task.attempt = data->at_end[i];
        vec_push(&fixture->lines, line);
    }
    if (data->kind == DATA_CHECKPOINT_DECLINED) {
        line.ack.attempt = data->declined_by;
        line.task.cause = data->cause;
        vec_push(&fixture->lines, line);
    }
}

static struct link_quality link(void *context, struct node_id a, struct node_id b)
{
    const struct model_fixture *fixture = context;
    const struct network_spec *network = &fixture->scenario.cluster.network;
    struct link_quality quality = { .latency = network->latency,
                                    .bandwidth_bps = network->bandwidth_bps,
                                    .loss = network->loss };
    for (VEC_EACH(const struct fixture_link, own, &fixture->links))
        if ((own->a == a.n && own->b == b.n) || (own->a == b.n && own->b == a.n))
            quality = own->quality;
    return quality;
}

static void each_own_link(void *context, struct node_id node,
                          void (*visit)(void *visitor, struct node_id peer), void *visitor)
{
    const struct model_fixture *fixture = context;
    for (VEC_EACH(const struct fixture_link, own, &fixture->links))
        if (own->a == node.n || own->b == node.n)
            visit(visitor, (struct node_id){ own->a == node.n ? own->b : own->a });
}

static bool has_link(const struct model_fixture *fixture, uint32_t host)
{
    for (VEC_EACH(const struct fixture_link, own, &fixture->links))
        if (own->a == host || own->b == host)
            return true;
    return false;
}

static struct process_view process(void *context, struct node_id node)
{
    struct model_fixture *fixture = context;
    return (struct process_view){ .id = node,
                                  .kind = NODE_TASK_MANAGER,
                                  .state = PROCESS_RUNNING,
                                  .speed = fixture->hosts[node.n].speed,
                                  .loss = fixture->hosts[node.n].loss,
                                  .cut_off = fixture->hosts[node.n].cut,
                                  .own_links = has_link(fixture, node.n),
                                  .cut_links = fixture->hosts[node.n].cut_links != 0,
                                  .machine = &fixture->hosts[node.n].machine };
}

static bool can_talk(void *context, struct node_id a, struct node_id b)
{
    struct model_fixture *fixture = context;
    bool link = (fixture->hosts[a.n].cut_links >> b.n & 1) == 0;
    return !fixture->hosts[a.n].cut && !fixture->hosts[b.n].cut && link;
}

static void each_cut(void *context, struct node_id node,
                     void (*visit)(void *visitor, struct node_id peer), void *visitor)
{
    struct model_fixture *fixture = context;
    for (uint32_t peer = 0; peer < FIXTURE_HOSTS_MAX; peer++)
        if (fixture->hosts[node.n].cut_links >> peer & 1)
            visit(visitor, (struct node_id){ peer });
}

static void transfer_ends(void *context, uint64_t a, uint64_t b)
{
    struct model_fixture *fixture = context;
    struct fixture_transfer transfer = fixture->transfers.items[a];
    (void)b;
    fixture->transfers.items[a].done = NULL;
    transfer.done(transfer.context, transfer.a, transfer.b);
}

static struct transfer_id transfer(void *context, struct node_id node, enum transfer_way way,
                                   double bytes, transfer_done *done, void *done_context,
                                   uint64_t a, uint64_t b)
{
    struct model_fixture *fixture = context;
    double ns = bytes / fixture->storage_bandwidth * (double)TIME_S;
    vec_push(&fixture->transfers,
             (struct fixture_transfer){
                 .done = done, .node = node, .way = way, .context = done_context, .a = a, .b = b });
    vec_last(&fixture->transfers).event =
        sim_queue_push(fixture->queue, sim_queue_now(fixture->queue) + (time_ns)ns, SIM_CLASS_DATA,
                       transfer_ends, fixture, fixture->transfers.count - 1, 0);
    return (struct transfer_id){ fixture->transfers.count };
}

static void transfer_limit(void *context, struct node_id node, enum transfer_way way,
                           double bytes_per_s)
{
    struct model_fixture *fixture = context;
    fixture->hosts[node.n].transfer_limit[way] = bytes_per_s;
}

static double transfer_rate(void *context, struct node_id node, enum transfer_way way)
{
    const struct model_fixture *fixture = context;
    double rate = 0;
    for (VEC_EACH(const struct fixture_transfer, transfer, &fixture->transfers))
        if (transfer->done && node_id_equal(transfer->node, node) && transfer->way == way)
            rate += fixture->storage_bandwidth;
    return rate;
}

static bool transfer_fails(void *context, enum transfer_way way)
{
    (void)way;
    return ((const struct model_fixture *)context)->storage_fails;
}

static void transfer_cancel(void *context, struct transfer_id id)
{
    struct model_fixture *fixture = context;
    ck_assert_ptr_nonnull(fixture->transfers.items[id.n - 1].done); /* still under way */
    sim_queue_cancel(fixture->queue, &fixture->transfers.items[id.n - 1].event);
    fixture->transfers.items[id.n - 1].done = NULL;
}

struct plane_world model_fixture_world(struct model_fixture *fixture)
{
    return (struct plane_world){ .context = fixture,
                                 .report = report,
                                 .process = process,
                                 .can_talk = can_talk,
                                 .each_cut = each_cut,
                                 .each_own_link = each_own_link,
                                 .link = link,
                                 .transfer = transfer,
                                 .transfer_limit = transfer_limit,
                                 .transfer_rate = transfer_rate,
                                 .transfer_fails = transfer_fails,
                                 .transfer_cancel = transfer_cancel };
}
