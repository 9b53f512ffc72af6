/* SPDX-License-Identifier: Apache-2.0
 *
 * The distributed file system: a transfer waits for the drawn latency, then takes its max-min share
 * of the one bandwidth (shared_bandwidth.h) until its last byte is there. The store effects of
 * nodes go through here too and are answered by EVENT_STORE_DONE.
 *
 * A host that loses packets loses those of its transfers too: each of its connections gets no more
 * than TCP makes of that loss. Links between hosts are not on the way to storage.
 */
#include "sim/cluster/parts.h"
#include "sim/cluster/shared_bandwidth.h"
#include "sim/cluster/tcp.h"

struct store_transfer {
    uint32_t generation;     /* odd while under way */
    uint32_t next_free;      /* 1 + slot; 0: none */
    struct sim_handle begin; /* until the latency is over */
    struct share_handle share;
    bool moves; /* the latency is over */
    struct node_id node;
    enum transfer_way way;
    double bytes;
    transfer_done *done;
    void *context;
    uint64_t a, b;
};

void storage_init(struct virtual_cluster *cluster)
{
    cluster->dfs =
        shared_bandwidth_create(cluster->queue, cluster->scenario->cluster.dfs.bandwidth);
}

void storage_fini(struct virtual_cluster *cluster)
{
    shared_bandwidth_destroy(cluster->dfs);
    vec_fini(&cluster->transfers);
}

static uint32_t slot_take(struct virtual_cluster *cluster)
{
    uint32_t slot = cluster->free_transfer;
    if (slot) {
        cluster->free_transfer = cluster->transfers.items[slot - 1].next_free;
        return slot - 1;
    }
    vec_resize(&cluster->transfers, cluster->transfers.count + 1);
    return (uint32_t)cluster->transfers.count - 1;
}

static void slot_give(struct virtual_cluster *cluster, uint32_t slot)
{
    struct store_transfer *transfer = &cluster->transfers.items[slot];
    transfer->generation++;
    transfer->next_free = cluster->free_transfer;
    cluster->free_transfer = slot + 1;
}

static uint32_t group_of(struct node_id node, enum transfer_way way)
{
    return node.n * TRANSFER_WAY_COUNT + way;
}

/* Bytes per second of all its transfers together; 0: no limit. */
static double limit_of(const struct virtual_cluster *cluster, const struct process *process,
                       enum transfer_way way)
{
    const struct cluster_spec *spec = &cluster->scenario->cluster;
    double limit = process->dfs_limit[way];
    if (limit <= 0)
        limit = process->machine ? process->machine->network_bps / 8 : 0;
    if (process->loss <= 0)
        return limit;
    double seconds = tcp_seconds_per_byte(process->loss, distribution_mean(&spec->network.latency));
    double lossy = (double)process->moving[way] * spec->dfs.connections / seconds;
    return limit > 0 && limit < lossy ? limit : lossy;
}

/* Another one moves, or one no longer does: a lossy host has more connections then, or fewer. */
static void count_moving(struct virtual_cluster *cluster, const struct store_transfer *transfer,
                         uint32_t by)
{
    struct process *process = cluster_process(cluster, transfer->node);
    CHECK(by == 1 || process->moving[transfer->way] > 0);
    process->moving[transfer->way] += by;
    if (process->loss > 0 && process->moving[transfer->way] > 0)
        shared_bandwidth_limit(cluster->dfs, group_of(transfer->node, transfer->way),
                               limit_of(cluster, process, transfer->way));
}

void storage_review(struct virtual_cluster *cluster, const struct process *process)
{
    for (int way = 0; way < TRANSFER_WAY_COUNT; way++)
        if (process->moving[way] > 0)
            shared_bandwidth_limit(cluster->dfs, group_of(process->id, (enum transfer_way)way),
                                   limit_of(cluster, process, (enum transfer_way)way));
}

static void on_last_byte(void *context, uint64_t a, uint64_t b)
{
    (void)b;
    struct virtual_cluster *cluster = context;
    struct store_transfer transfer = cluster->transfers.items[a];
    slot_give(cluster, (uint32_t)a);
    count_moving(cluster, &transfer, -1u);
    transfer.done(transfer.context, transfer.a, transfer.b);
}

/* A request that fails is answered without a byte. */
static void on_first_byte(void *context, uint64_t a, uint64_t b)
{
    (void)b;
    struct virtual_cluster *cluster = context;
    struct store_transfer *transfer = &cluster->transfers.items[a];
    const struct process *process = cluster_process(cluster, transfer->node);
    transfer->begin = (struct sim_handle){ 0 };
    if (virtual_cluster_storage_fails(cluster, transfer->way)) {
        struct store_transfer failed = *transfer;
        slot_give(cluster, (uint32_t)a);
        failed.done(failed.context, failed.a, failed.b);
        return;
    }
    transfer->moves = true;
    count_moving(cluster, transfer, 1);
    transfer->share = shared_bandwidth_start(cluster->dfs, group_of(transfer->node, transfer->way),
                                             limit_of(cluster, process, transfer->way),
                                             transfer->bytes, on_last_byte, cluster, a, 0);
}

bool virtual_cluster_storage_fails(const struct virtual_cluster *cluster, enum transfer_way way)
{
    return cluster->storage_fails[way] > 0;
}

static void count_failing(uint32_t *count, bool fails)
{
    CHECK(fails || *count > 0);
    *count += fails ? 1 : -1u;
}

void virtual_cluster_fail_storage(struct virtual_cluster *cluster, bool writes, bool reads,
                                  bool fails)
{
    uint32_t *counts = cluster->storage_fails;
    CHECK(writes || reads);
    if (writes)
        count_failing(&counts[TRANSFER_OUT], fails);
    if (reads)
        count_failing(&counts[TRANSFER_IN], fails);
    if (fails)
        cluster_fact(cluster, node_id_none(), "fails",
                     !reads    ? "writes"
                     : !writes ? "reads"
                               : "writes and reads");
    else if (counts[TRANSFER_OUT] + counts[TRANSFER_IN] == 0)
        cluster_fact(cluster, node_id_none(), "works again", NULL);
}

void virtual_cluster_dfs_limit(struct virtual_cluster *cluster, struct node_id node,
                               enum transfer_way way, double bytes_per_s)
{
    CHECK(bytes_per_s > 0);
    struct process *process = cluster_process(cluster, node);
    process->dfs_limit[way] = bytes_per_s;
    if (process->moving[way] > 0)
        shared_bandwidth_limit(cluster->dfs, group_of(node, way), limit_of(cluster, process, way));
}

double virtual_cluster_dfs_rate(const struct virtual_cluster *cluster, struct node_id node,
                                enum transfer_way way)
{
    return shared_bandwidth_rate(cluster->dfs, group_of(node, way));
}

struct transfer_id virtual_cluster_dfs_transfer(struct virtual_cluster *cluster,
                                                struct node_id node, enum transfer_way way,
                                                double bytes, transfer_done *done, void *context,
                                                uint64_t a, uint64_t b)
{
    CHECK(bytes >= 0);
    struct process *process = cluster_process(cluster, node);
    uint32_t slot = slot_take(cluster);
    struct store_transfer *transfer = &cluster->transfers.items[slot];
    *transfer = (struct store_transfer){ .generation = transfer->generation + 1,
                                         .node = node,
                                         .way = way,
                                         .bytes = bytes,
                                         .done = done,
                                         .context = context,
                                         .a = a,
                                         .b = b };
    time_ns latency = distribution_draw(&cluster->scenario->cluster.dfs.latency, &process->storage);
    transfer->begin = sim_queue_push(cluster->queue, time_add(cluster_now(cluster), latency),
                                     SIM_CLASS_DATA, on_first_byte, cluster, slot, 0);
    return (struct transfer_id){ (uint64_t)transfer->generation << 32 | slot };
}

void virtual_cluster_dfs_cancel(struct virtual_cluster *cluster, struct transfer_id id)
{
    uint32_t slot = (uint32_t)id.n, generation = (uint32_t)(id.n >> 32);
    if (!generation)
        return;
    CHECK(slot < cluster->transfers.count);
    struct store_transfer *transfer = &cluster->transfers.items[slot];
    if (transfer->generation != generation)
        return;
    sim_queue_cancel(cluster->queue, &transfer->begin);
    shared_bandwidth_cancel(cluster->dfs, &transfer->share);
    slot_give(cluster, slot);
    if (transfer->moves)
        count_moving(cluster, transfer, -1u);
}

static void on_written(void *context, uint64_t a, uint64_t b)
{
    struct virtual_cluster *cluster = context;
    struct node_id node = { (uint32_t)a };
    struct letter *letter = letter_create(cluster, node, EVENT_STORE_DONE);
    letter->event.store_done =
        (struct event_store_done){ .token = b,
                                   .failed = virtual_cluster_storage_fails(cluster, TRANSFER_OUT) };
    process_hear(cluster, cluster_process(cluster, node), letter);
}

void storage_write(struct virtual_cluster *cluster, struct process *process,
                   const struct effect_store *store)
{
    CHECK(store->bytes >= 0);
    virtual_cluster_dfs_transfer(cluster, process->id, TRANSFER_OUT, (double)store->bytes,
                                 on_written, cluster, process->id.n, store->token);
}
