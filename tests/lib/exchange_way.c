/* SPDX-License-Identifier: Apache-2.0
 *
 * What goes between senders and receivers of an exchange: items and announced backlogs one way,
 * credits and the word to go on the other, each in order.
 */
#include "tests/lib/exchange_way.h"

#include <check.h>

static void add_backlog(struct wire *wire, uint32_t backlog)
{
    ck_assert_uint_lt(wire->count, EXCHANGE_WAY_MAX);
    wire->backlogs[(wire->first + wire->count++) % EXCHANGE_WAY_MAX] = backlog;
}

/* On the way as an item of no kind. */
static void announce(struct exchange *world, uint32_t s, uint32_t r)
{
    uint32_t backlog;
    if (!result_partition_take_announcement(&world->sender[s].partition, r, &backlog))
        return;
    ck_assert_uint_gt(backlog, 0);
    add_backlog(&world->wires[s][r], backlog);
    item_queue_add(&world->wires[s][r].items, &(struct channel_item){ 0 });
}

void exchange_send(struct exchange *world, uint32_t s)
{
    uint32_t r, backlog;
    struct channel_item item;
    struct result_partition *partition = &world->sender[s].partition;
    if (!result_partition_next_ready(partition, &r)) {
        announce(world, s, exchange_below(world->receivers));
        return;
    }
    ck_assert(result_partition_take(partition, r, &item, &backlog));
    struct wire *wire = &world->wires[s][r];
    add_backlog(wire, backlog);
    bool priority = item.priority;
    item.priority = false;
    item_queue_add(&wire->items, &item);
    item_queue_at(&wire->items, wire->items.count - 1)->credit =
        priority ? ITEM_CREDIT_FLOATING : ITEM_CREDIT_NONE; /* kept there over the way */
}

void exchange_deliver(struct exchange *world, uint32_t s, uint32_t r)
{
    struct wire *wire = &world->wires[s][r];
    if (wire->items.count == 0)
        return;
    struct channel_item item = item_queue_take(&wire->items);
    item.priority = item.credit != ITEM_CREDIT_NONE;
    item.credit = ITEM_CREDIT_NONE;
    uint32_t backlog = wire->backlogs[wire->first++ % EXCHANGE_WAY_MAX];
    wire->first %= EXCHANGE_WAY_MAX;
    wire->count--;
    if (!item.buffer && item.event.kind == CHANNEL_EVENT_NONE) {
        world->announced++;
        input_gate_hear_backlog(&world->receiver[r].gates[exchange_gate_of(world, s)],
                                exchange_channel_of(world, s), backlog);
        return;
    }
    input_gate_receive(&world->receiver[r].gates[exchange_gate_of(world, s)],
                       exchange_channel_of(world, s), &item, backlog);
}

void exchange_carry_credits(struct exchange *world, uint32_t r)
{
    for (uint32_t s = 0; s < world->senders; s++) {
        struct wire *wire = &world->wires[s][r];
        uint32_t some = wire->credits ? exchange_below(wire->credits + 1) : 0;
        wire->credits -= some;
        result_partition_add_credit(&world->sender[s].partition, r, some);
        if (wire->resumes && wire->credits == 0) { /* behind what was sent before */
            wire->resumes = false;
            result_partition_resume(&world->sender[s].partition, r);
        }
    }
    for (uint32_t g = 0; g < world->gates; g++) {
        uint32_t channel, credits;
        if (input_gate_take_resume(&world->receiver[r].gates[g], &channel)) {
            world->wires[channel * world->gates + g][r].resumes = true;
            world->resumed++;
        }
        if (input_gate_take_credit(&world->receiver[r].gates[g], &channel, &credits))
            world->wires[channel * world->gates + g][r].credits += credits;
    }
}
