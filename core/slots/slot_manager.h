/* SPDX-License-Identifier: Apache-2.0
 *
 * The cluster's slots (Flink's FineGrainedSlotManager): registered and pending TaskManagers, what
 * they have free, what jobs require, and the plan that matches the two. In: registrations, slot
 * reports, requirements. Out: slots to request from TaskManagers, workers wanted, TaskManagers to
 * release, jobs that cannot be served. Purely a book: the resource manager sends the messages and
 * keeps the timers. Source: FineGrainedSlotManager, DefaultResourceAllocationStrategy,
 * FineGrainedTaskManagerTracker, DefaultSlotStatusSyncer.
 */
#ifndef WEIR_SLOTS_SLOT_MANAGER_H
#define WEIR_SLOTS_SLOT_MANAGER_H

#include "core/base/index_map.h"
#include "core/port/node.h"
#include "core/slots/job_ledger.h"
#include "core/slots/managed_worker.h"
#include "core/slots/slot_allocation.h"
#include "core/slots/slot_pool.h"
#include "core/slots/worker_order.h"

/* Slots planned on a pending worker; they exist nowhere else. */
struct planned_slots {
    struct job_id job;
    struct resource_profile profile;
    uint32_t count;
    bool by_default; /* asked for without a profile */
};

/* A worker asked for and not yet registered. */
struct pending_worker {
    uint32_t id;
    struct worker_spec spec;
    VEC(struct planned_slots) planned;
};

struct job_requirements {
    struct job_id job;
    struct node_id job_master; /* where slots are to be offered */
    struct job_ledger ledger;
    bool unfulfillable; /* as of the last check */
    bool unfulfillable_told;
};

/* A slot to be requested: from whom, for whom, and to whom the TaskManager is to offer it. */
struct slot_grant {
    struct node_id node;
    struct job_id job;
    struct node_id job_master;
    struct allocation_id allocation;
    struct resource_profile profile;
    bool by_default; /* it was asked for without a profile */
};

/* What the resource manager is to do. The books know of all of it but the releases, which take
 * effect when a TaskManager unregisters. */
struct slot_plan {
    VEC(struct slot_grant) grants;    /* to be requested from TaskManagers now; booked as pending */
    VEC(struct job_id) unfulfillable; /* not served even by all workers that may be started */
    uint32_t new_workers;             /* to be started; booked in `pending` */
    VEC(struct node_id) releases;     /* reconcile: idle TaskManagers to let go */
    VEC(uint32_t) pending_releases;   /* reconcile: pending workers no longer wanted */
};
void slot_plan_fini(struct slot_plan *plan);

struct slot_manager {
    const struct config *config;
    struct worker_spec default_worker; /* what a new worker would be; slots 0: cannot start any */
    struct allocation_settings settings;
    VEC(struct managed_worker) workers; /* in no order: one that goes is replaced by the last */
    struct worker_order order;          /* of registration: the order plans walk */
    struct index_map worker_by_node;
    struct index_map slot_by_allocation; /* the place among its worker's slots */
    VEC(struct pending_worker) pending;
    uint32_t pending_in_use;           /* the first so many have slots planned on them */
    VEC(struct job_requirements) jobs; /* in order of first declaration */
    struct index_map job_by_id;
    VEC(struct slot_grant) claims; /* granted at a registration, not yet given out */
    /* Sums over the workers: all; those not blocked, what they have and what is left of it. */
    struct resource_amount registered_total, usable_total, usable_available;
    uint32_t slots_total, slots_free;
    uint32_t next_allocation;
    uint32_t next_pending;
    uint64_t report_count;
    bool has_changed; /* since the last check */
};

void slot_manager_init(struct slot_manager *manager, const struct config *config,
                       const struct worker_spec *default_worker);
void slot_manager_fini(struct slot_manager *manager);

/* With the slots it holds, none if it is new. False: refused, the maximum would be passed and no
 * pending worker matches. A new one that stands in for a pending worker gets the slots planned
 * there at once: slot_manager_claim gives them out. One that holds slots stands in for nobody. */
bool slot_manager_register(struct slot_manager *manager, struct node_id node,
                           const struct worker_spec *spec, const struct slot_status *slots,
                           size_t count, time_ns now);
/* From here on: true when a requirement check is due. */
bool slot_manager_report(struct slot_manager *manager, struct node_id node,
                         const struct slot_status *slots, size_t count, time_ns now);
bool slot_manager_unregister(struct slot_manager *manager, struct node_id node);
/* A blocked worker gets no new slots. */
bool slot_manager_block(struct slot_manager *manager, struct node_id node, bool blocked);
/* Replaces a job's requirements; empty rows: none. */
bool slot_manager_require(struct slot_manager *manager, struct job_id job,
                          struct node_id job_master, const struct requirements *required);
bool slot_manager_clear_job(struct slot_manager *manager, struct job_id job);
/* Answers to requests, and slots that TaskManagers report free. */
bool slot_manager_granted(struct slot_manager *manager, struct node_id node,
                          struct allocation_id allocation);
bool slot_manager_refused(struct slot_manager *manager, struct node_id node,
                          struct allocation_id allocation, time_ns now);
bool slot_manager_freed(struct slot_manager *manager, struct node_id node,
                        struct allocation_id allocation, time_ns now);

/* What registrations have granted since: added to out->grants. */
void slot_manager_claim(struct slot_manager *manager, struct slot_plan *out);
/* The requirement check: matches all jobs anew; out is cleared first. A job that cannot be served
 * is told so once, until a worker or a requirement changes. */
void slot_manager_check(struct slot_manager *manager, struct slot_plan *out, time_ns now);
/* The periodic reconcile: idle release, redundancy, minimum. Out is cleared first. */
void slot_manager_reconcile(struct slot_manager *manager, struct slot_plan *out, time_ns now);

/* Slots that the job requires and has not been granted. */
uint32_t slot_manager_missing(const struct slot_manager *manager, struct job_id job);
uint32_t slot_manager_slots_total(const struct slot_manager *manager);
uint32_t slot_manager_slots_free(const struct slot_manager *manager);
uint64_t slot_manager_hash(const struct slot_manager *manager);
void slot_manager_check_invariant(const struct slot_manager *manager);

#endif
