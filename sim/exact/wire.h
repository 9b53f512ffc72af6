/* SPDX-License-Identifier: Apache-2.0
 *
 * A channel between two tasks that run: items one way, what the reader has to say the other, each
 * in order. What is under way when an end goes is dropped.
 */
#ifndef WEIR_SIM_EXACT_WIRE_H
#define WEIR_SIM_EXACT_WIRE_H

#include "core/exec/channel_item.h"

struct packet {
    struct channel_item item; /* neither buffer nor event: */
    uint32_t backlog;         /* announced alone */
};

enum reply_kind {
    REPLY_CREDITS,
    REPLY_READ,   /* all data of the channel is worked off */
    REPLY_SIZE,   /* wanted of buffers from now on */
    REPLY_RESUME, /* behind a barrier at which the sender has halted */
};

struct reply {
    enum reply_kind kind;
    uint32_t amount; /* credits; bytes */
};

struct wire {
    bool used;
    uint32_t generation;
    uint32_t producer, output, subpartition, from_host;
    uint32_t consumer, input, channel, to_host;
    VEC(struct packet) packets; /* under way, from `first_packet` on */
    size_t first_packet;
    VEC(struct reply) replies;
    size_t first_reply;
    uint32_t stuck_packets, stuck_replies; /* those that are due, and cannot get through */
    uint32_t buffers_under_way, credits_under_way;
    time_ns packet_at, reply_at; /* when the last one arrives */
    time_ns stuck_since;         /* TIME_NEVER: nothing is */
};

#endif
