/* SPDX-License-Identifier: Apache-2.0
 *
 * A channel between two tasks that run: items one way, credits the other, each in order. Items and
 * credits of one whose end is gone are dropped.
 */
#ifndef WEIR_SIM_EXACT_WIRE_H
#define WEIR_SIM_EXACT_WIRE_H

#include "core/exec/channel_item.h"

struct packet {
    struct channel_item item;
    uint32_t backlog;
};

struct wire {
    bool used;
    uint32_t generation;
    uint32_t producer, output, subpartition, from_host;
    uint32_t consumer, input, channel, to_host;
    VEC(struct packet) packets; /* under way, from `first_packet` on */
    size_t first_packet;
    VEC(uint32_t) credits;
    size_t first_credit;
    uint32_t stuck_packets, stuck_credits; /* those that are due, and cannot get through */
    uint32_t buffers_under_way, credits_under_way;
    time_ns packet_at, credit_at; /* when the last one arrives */
    time_ns stuck_since;          /* TIME_NEVER: nothing is */
};

#endif
