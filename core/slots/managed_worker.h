/* SPDX-License-Identifier: Apache-2.0
 *
 * One registered TaskManager as the cluster side sees it: what it has, what of it is granted to
 * whom. Slots are cut out of its resources as they are needed (Flink's dynamic slots); a free one
 * is only a place to write the next one down. Source: FineGrainedTaskManagerRegistration,
 * FineGrainedTaskManagerSlot, SlotState.
 */
#ifndef WEIR_SLOTS_MANAGED_WORKER_H
#define WEIR_SLOTS_MANAGED_WORKER_H

#include "core/base/index_map.h"
#include "core/base/machine.h"
#include "core/port/node.h"
#include "core/slots/profile.h"

/* Between request and confirmation nobody else may be promised the slot, hence PENDING. */
enum managed_slot_state {
    MANAGED_SLOT_FREE,
    MANAGED_SLOT_PENDING, /* requested, not confirmed */
    MANAGED_SLOT_ALLOCATED,
    MANAGED_SLOT_STATE_COUNT
};
extern const struct state_table managed_slot_states;

struct managed_slot {
    enum managed_slot_state state;
    struct job_id job;               /* unless free */
    struct allocation_id allocation; /* unless free */
    struct resource_profile profile; /* unless free: what was granted */
    uint32_t next_free;              /* free: the next free one of its worker, or INDEX_NONE */
    uint64_t reported_in;            /* the last slot report that named it */
};

struct managed_worker {
    struct node_id node;
    struct worker_spec spec;
    struct resource_profile available; /* total less granted; below zero when it reports too much */
    VEC(struct managed_slot) slots;    /* as many as ever in use at once */
    uint32_t first_free;               /* into slots, or INDEX_NONE */
    uint32_t used_count;
    time_ns idle_since; /* TIME_NEVER while used */
    bool blocked;
    uint32_t position; /* in the order of registration */
};

void managed_worker_init(struct managed_worker *worker, struct node_id node,
                         const struct worker_spec *spec, time_ns now);
void managed_worker_fini(struct managed_worker *worker);

/* Cuts out a slot, PENDING or ALLOCATED; gives its place. */
uint32_t managed_worker_take(struct managed_worker *worker, enum managed_slot_state state,
                             struct job_id job, struct allocation_id allocation,
                             const struct resource_profile *profile);
/* PENDING -> ALLOCATED. */
void managed_worker_confirm(struct managed_worker *worker, uint32_t place);
/* -> FREE; the worker is idle from `now` on when it was the last. */
void managed_worker_free(struct managed_worker *worker, uint32_t place, time_ns now);
/* Default slots it could still give if all were default ones; never below zero. */
uint32_t managed_worker_slots_free(const struct managed_worker *worker);

uint64_t managed_worker_hash(uint64_t hash, const struct managed_worker *worker);
void managed_worker_check(const struct managed_worker *worker);

#endif
