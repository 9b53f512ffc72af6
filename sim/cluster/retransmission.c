/* SPDX-License-Identifier: Apache-2.0
 *
 * Sending again, as TCP does. In: letters whose packet was lost, or that got through behind such a
 * one. Out: letters set out in the order they were sent. While something is lost one timer runs:
 * 200 ms, twice as long after each failure, up to 2 min. When it strikes the first lost letter is
 * sent again, over the link as it is at that instant; once it gets through, the other lost ones
 * follow at once and the wait is short again. After 15 tries in vain the connection is given up
 * with all it held; the next letter opens a new one.
 *
 * Heartbeats have a row and a timer of their own, because they may not hold up others (contact.c):
 * they wait for messages sent before them, and a message takes those before it along.
 */
#include "sim/cluster/parts.h"
#include "sim/cluster/tcp.h"

enum row { ROW_MESSAGES, ROW_HEARTBEATS, ROW_COUNT };

struct held_row {
    VEC(struct letter *) letters; /* in the order of sending; the first message is a lost one */
    uint32_t failures;            /* in a row */
    struct sim_handle timer;      /* runs while one is lost */
    time_ns clear_at;             /* by then what was under way behind a lost one has arrived */
};

struct held {
    struct held_row rows[ROW_COUNT];
};

static enum row row_of(const struct letter *letter)
{
    return network_is_heartbeat(letter) ? ROW_HEARTBEATS : ROW_MESSAGES;
}

/* As many letters as a lane sends are never under way at once, so numbers may wrap. */
static bool is_before(const struct letter *a, const struct letter *b)
{
    return (int32_t)(a->place - b->place) < 0;
}

static bool starts_before(const struct held_row *row, const struct letter *letter)
{
    return row->letters.count && is_before(row->letters.items[0], letter);
}

bool network_is_behind(const struct lane *lane, const struct letter *letter)
{
    return lane->held && (starts_before(&lane->held->rows[ROW_MESSAGES], letter) ||
                          starts_before(&lane->held->rows[ROW_HEARTBEATS], letter));
}

static struct letter *first_lost(const struct held_row *row)
{
    for (VEC_EACH(struct letter *, letter, &row->letters))
        if ((*letter)->is_lost)
            return *letter;
    return NULL;
}

/* Letting go. */

static void drop_front(struct held_row *row, size_t count)
{
    CHECK(count <= row->letters.count);
    row->letters.count -= count;
    if (row->letters.count > 0)
        memmove(row->letters.items, row->letters.items + count,
                row->letters.count * sizeof *row->letters.items);
}

static void on_drained(void *context, uint64_t a, uint64_t b)
{
    (void)b;
    contact_review(context, cluster_process(context, (struct node_id){ (uint32_t)a }));
}

void network_forget_held(struct lane *lane)
{
    for (int row = 0; lane->held && row < ROW_COUNT; row++)
        vec_fini(&lane->held->rows[row].letters);
    mem_destroy(lane->held);
    lane->held = NULL;
}

/* Nothing to be sent again: the contact may be sound. A node may be in the midst of a step, so that
 * is looked at behind it. */
static void drained(struct virtual_cluster *cluster, struct lane *lane, const struct link *link)
{
    for (int row = 0; row < ROW_COUNT; row++)
        sim_queue_cancel(cluster->queue, &lane->held->rows[row].timer);
    network_forget_held(lane);
    cluster->holding--;
    if (link->ends[0].n == JOB_MANAGER)
        sim_queue_push(cluster->queue, cluster_now(cluster), SIM_CLASS_DELIVERY, on_drained,
                       cluster, link->ends[1].n, 0);
}

static void set_out(struct virtual_cluster *cluster, struct letter *letter, time_ns at)
{
    time_ns now = cluster_now(cluster);
    letter->is_lost = false;
    network_set_out(cluster, letter, at > now ? at : now);
}

/* Sets out what nothing holds back any more. */
static void release(struct virtual_cluster *cluster, struct lane *lane, const struct link *link)
{
    struct held_row *messages = &lane->held->rows[ROW_MESSAGES];
    struct held_row *heartbeats = &lane->held->rows[ROW_HEARTBEATS];
    time_ns now = cluster_now(cluster);
    size_t m = 0, h = 0;
    for (; now >= messages->clear_at && m < messages->letters.count &&
           !messages->letters.items[m]->is_lost;
         m++) {
        struct letter *message = messages->letters.items[m];
        for (; h < heartbeats->letters.count && is_before(heartbeats->letters.items[h], message);
             h++)
            set_out(cluster, heartbeats->letters.items[h], message->arrives_at);
        set_out(cluster, message, message->arrives_at);
    }
    drop_front(messages, m);
    for (; now >= heartbeats->clear_at && h < heartbeats->letters.count &&
           !heartbeats->letters.items[h]->is_lost &&
           !starts_before(messages, heartbeats->letters.items[h]);
         h++)
        set_out(cluster, heartbeats->letters.items[h], heartbeats->letters.items[h]->arrives_at);
    drop_front(heartbeats, h);
    if (!first_lost(heartbeats)) /* a message may have taken the lost one along */
        sim_queue_cancel(cluster->queue, &heartbeats->timer);
    if (messages->letters.count + heartbeats->letters.count == 0)
        drained(cluster, lane, link);
}

/* The timer. */

static void on_timer(void *context, uint64_t a, uint64_t b);

static void arm(struct virtual_cluster *cluster, uint32_t link, uint32_t side, enum row which,
                time_ns tried_at)
{
    struct held *held = cluster->links.items[link].lanes[side].held;
    struct held_row *row = held ? &held->rows[which] : NULL;
    if (!row || row->timer.generation || !first_lost(row))
        return;
    time_ns wait = tcp_retry_wait(row->failures), now = cluster_now(cluster);
    time_ns at = tried_at + wait > now ? tried_at + wait : now;
    row->timer = sim_queue_push(cluster->queue, at, SIM_CLASS_DELIVERY, on_timer, cluster, link,
                                side * ROW_COUNT + which);
}

/* Their senders hear of requests by the time-out, if they have not yet. */
static void give_up(struct virtual_cluster *cluster, struct lane *lane, enum row which)
{
    struct held_row *row = &lane->held->rows[which];
    for (VEC_EACH(struct letter *, letter, &row->letters))
        letter_destroy(cluster, *letter);
    vec_clear(&row->letters);
    sim_queue_cancel(cluster->queue, &row->timer);
    row->failures = 0;
}

/* With messages the connection goes, and with it what the other side had to send; heartbeats go
 * alone, because what becomes of others may not depend on them. */
static void give_connection_up(struct virtual_cluster *cluster, uint32_t index, uint32_t side,
                               enum row which)
{
    struct link *link = &cluster->links.items[index];
    for (uint32_t s = 0; s < 2; s++) {
        struct lane *lane = &link->lanes[s];
        if (!lane->held || (which == ROW_HEARTBEATS && s != side))
            continue;
        if (which == ROW_MESSAGES)
            give_up(cluster, lane, ROW_MESSAGES);
        give_up(cluster, lane, ROW_HEARTBEATS);
        release(cluster, lane, link);
    }
}

static void on_clear(void *context, uint64_t a, uint64_t b)
{
    struct virtual_cluster *cluster = context;
    struct link *link = &cluster->links.items[a];
    if (link->lanes[b].held)
        release(cluster, &link->lanes[b], link);
}

/* A cut has struck this letter under way. Others may be under way behind it that get through, and
 * are to wait for it: until they are all here, nothing that is held sets out, or it might meet
 * them on the way. */
static void wait_for_those_behind(struct virtual_cluster *cluster, const struct letter *letter,
                                  uint32_t side, struct held_row *row)
{
    const struct lane *lane = &cluster->links.items[letter->link].lanes[side];
    time_ns last = lane->last_arrival;
    if (lane->heartbeats.count && vec_last(&lane->heartbeats)->arrives_at > last)
        last = vec_last(&lane->heartbeats)->arrives_at;
    if (last <= cluster_now(cluster) || last <= row->clear_at)
        return;
    row->clear_at = last;
    sim_queue_push(cluster->queue, last, SIM_CLASS_DELIVERY, on_clear, cluster, letter->link, side);
}

static bool try_again(struct virtual_cluster *cluster, struct letter *letter)
{
    letter->is_lost = !network_try(cluster, letter);
    if (!letter->is_lost)
        letter->arrives_at = cluster_now(cluster) + letter->way;
    return !letter->is_lost;
}

static void on_timer(void *context, uint64_t a, uint64_t b)
{
    struct virtual_cluster *cluster = context;
    uint32_t index = (uint32_t)a, side = (uint32_t)b / ROW_COUNT;
    enum row which = (enum row)(b % ROW_COUNT);
    struct link *link = &cluster->links.items[index];
    struct held_row *row = &link->lanes[side].held->rows[which];
    struct letter *first = first_lost(row);
    CHECK(first != NULL);
    row->timer = (struct sim_handle){ 0 };
    if (!try_again(cluster, first)) {
        if (row->failures++ == TCP_RETRIES)
            give_connection_up(cluster, index, side, which);
    } else {
        row->failures = 0;
        for (VEC_EACH(struct letter *, letter, &row->letters))
            if ((*letter)->is_lost)
                try_again(cluster, *letter);
        release(cluster, &link->lanes[side], link);
    }
    arm(cluster, index, side, which, cluster_now(cluster));
}

void network_hold(struct virtual_cluster *cluster, struct letter *letter, bool is_lost, time_ns at)
{
    uint32_t index = letter->link, side = letter->from.n < letter->to.n ? 0 : 1;
    struct link *link = &cluster->links.items[index];
    struct lane *lane = &link->lanes[side];
    enum row which = row_of(letter);
    if (!lane->held) {
        lane->held = mem_create(sizeof *lane->held);
        cluster->holding++;
    }
    struct held_row *row = &lane->held->rows[which];
    network_expect(cluster, letter);
    if (is_lost && at < cluster_now(cluster))
        wait_for_those_behind(cluster, letter, side, row);
    letter->is_lost = is_lost;
    letter->arrives_at = at;
    vec_push(&row->letters, letter);
    for (size_t i = row->letters.count - 1; i > 0 && is_before(letter, row->letters.items[i - 1]);
         i--) {
        row->letters.items[i] = row->letters.items[i - 1];
        row->letters.items[i - 1] = letter;
    }
    release(cluster, lane, link);
    arm(cluster, index, side, which, at);
}
