/* SPDX-License-Identifier: Apache-2.0
 *
 * One bandwidth shared by many transfers, max-min fairly: all get the same rate, except those whose
 * group (a machine with its NIC) has a limit of its own below that; the members of a group share
 * the limit equally. Starting, ending and cancelling cost the logarithm of what is under way: no
 * transfer is touched because another one came or went.
 *
 * Method: each group keeps a level, the bytes that every one of its transfers has moved since it
 * was last idle. A transfer ends at a level known when it starts, whatever the rates do meanwhile
 * (processor sharing in virtual time; Parekh and Gallager 1993).
 */
#ifndef WEIR_SIM_CLUSTER_SHARED_BANDWIDTH_H
#define WEIR_SIM_CLUSTER_SHARED_BANDWIDTH_H

#include "sim/kernel/queue.h"

struct shared_bandwidth;

struct share_handle {
    uint32_t slot, generation; /* zeroed: nothing */
};

/* bytes_per_s > 0. */
struct shared_bandwidth *shared_bandwidth_create(struct sim_queue *queue, double bytes_per_s);
void shared_bandwidth_destroy(struct shared_bandwidth *shared);

/* Starts a transfer now; `done` runs when its last byte is there. `group` is a small number of the
 * caller's; group_limit its bytes per second from now on (0: none). bytes >= 0. */
struct share_handle shared_bandwidth_start(struct shared_bandwidth *shared, uint32_t group,
                                           double group_limit, double bytes, sim_action *done,
                                           void *context, uint64_t a, uint64_t b);

/* Another limit for the group, from now on, if it has transfers under way. */
void shared_bandwidth_limit(struct shared_bandwidth *shared, uint32_t group, double group_limit);

/* Bytes per second of all its transfers together, now. */
double shared_bandwidth_rate(const struct shared_bandwidth *shared, uint32_t group);

/* Fine for what has ended or was cancelled; the handle is zeroed. `done` will not run. */
void shared_bandwidth_cancel(struct shared_bandwidth *shared, struct share_handle *handle);

#endif
