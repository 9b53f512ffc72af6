/* SPDX-License-Identifier: Apache-2.0
 *
 * Heartbeat monitors of one role: whom it watches, when each was last heard, when to ask again. The
 * sender (JobMaster, resource manager) asks all targets on one grid; the receiver (TaskManager)
 * only answers; both give a target up when nothing was heard for heartbeat.timeout, the sender also
 * after heartbeat.rpc-failure-threshold unreachable requests in a row. Vouched targets
 * (port/event.h) sleep, and wake as if they had not. Source: HeartbeatManagerSenderImpl,
 * HeartbeatMonitorImpl.
 */
#ifndef WEIR_CLUSTER_HEARTBEAT_H
#define WEIR_CLUSTER_HEARTBEAT_H

#include "core/base/ids.h"
#include "core/base/index_map.h"
#include "core/base/machine.h"
#include "core/base/time.h"
#include "core/base/timers.h"
#include "core/base/vec.h"
#include "core/port/config.h"
#include "core/slots/sort_items.h"

enum heartbeat_state {
    HEARTBEAT_RUNNING,
    HEARTBEAT_TIMEOUT,
    HEARTBEAT_UNREACHABLE,
    HEARTBEAT_CANCELED,
    HEARTBEAT_STATE_COUNT
};
extern const struct state_table heartbeat_states;

struct heartbeat_target {
    struct node_id node;
    uint32_t subject; /* the owner's: which of its contacts this is */
    enum heartbeat_state state;
    time_ns last_heard; /* ahead of now by less than a round trip when woken from vouched sleep */
    time_ns since;      /* monitored since */
    time_ns origin;     /* of the asking side's grid */
    time_ns counted_to; /* receiver: what comes up to here was counted when it was woken */
    uint32_t unreachable_in_row;
    bool vouched;
    struct timer_handle expiry; /* not set while vouched */
};

struct heartbeats {     /* what is asked for after every step comes first */
    time_ns next_round; /* sender with awake targets; else TIME_NEVER */
    struct timers expiries;
    bool sender;
    time_ns interval, timeout, origin; /* origin: of our own grid, sender only */
    int64_t unreachable_max;           /* -1: off */
    VEC(struct heartbeat_target) targets;
    struct index_map by_subject;
    uint32_t awake; /* targets that are not vouched */
    uint64_t round;
    time_ns last_round;         /* on the grid; before the origin: none yet */
    VEC(struct sort_item) lost; /* timed out and not yet taken; only while they are being taken */
    size_t lost_taken;
};

void heartbeats_init(struct heartbeats *heartbeats, const struct config *config, bool sender,
                     time_ns now);
void heartbeats_fini(struct heartbeats *heartbeats);

/* `origin`: the sender's grid; the receiver learns it at registration. */
void heartbeats_watch(struct heartbeats *heartbeats, struct node_id node, uint32_t subject,
                      time_ns origin, bool vouched, time_ns now);
void heartbeats_forget(struct heartbeats *heartbeats, uint32_t subject);

void heartbeats_heard(struct heartbeats *heartbeats, uint32_t subject, time_ns now);
/* A request could not be delivered; true when the target is thereby UNREACHABLE. */
bool heartbeats_unreachable(struct heartbeats *heartbeats, uint32_t subject);

void heartbeats_vouch(struct heartbeats *heartbeats, struct node_id node);
/* The world is no longer sure: the monitors go on as if all heartbeats until now had been sent.
 * Both ends work it out from the grid: a request that left before now has been heard by a receiver
 * that it reached, or will be, and the answer to one that arrived before now comes. True at a
 * sender when a request would be under way now: the caller sends it, as one that may vanish. */
bool heartbeats_doubt(struct heartbeats *heartbeats, struct node_id node, time_ns round_trip,
                      time_ns now);

/* An expiry that was set long ago may be early; then it is set anew and nothing else happens. */
static inline time_ns heartbeats_deadline(const struct heartbeats *heartbeats)
{
    time_ns expiry = timers_next(&heartbeats->expiries);
    return expiry < heartbeats->next_round ? expiry : heartbeats->next_round;
}
/* Due now: the next target that timed out, in the order of subjects; false: none is left. */
bool heartbeats_take_timeout(struct heartbeats *heartbeats, time_ns now, uint32_t *subject);
/* Due now: a round of requests; the caller sends to all targets that are not vouched. */
bool heartbeats_take_round(struct heartbeats *heartbeats, time_ns now);

uint64_t heartbeats_hash(const struct heartbeats *heartbeats);
void heartbeats_check(const struct heartbeats *heartbeats); /* the invariant */

#endif
