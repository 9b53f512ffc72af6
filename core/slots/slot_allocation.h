/* SPDX-License-Identifier: Apache-2.0
 *
 * The cluster's two plans as pure functions: which slots to grant where and how many workers to
 * start (fulfil), and which idle ones to let go (reconcile). In: a neutral view of workers, needs
 * and settings, so that the slot manager and the calculator ask the same code. Out: a plan over
 * the indexes of that view. Source: DefaultResourceAllocationStrategy.
 */
#ifndef WEIR_SLOTS_SLOT_ALLOCATION_H
#define WEIR_SLOTS_SLOT_ALLOCATION_H

#include "core/base/vec.h"
#include "core/port/config.h"
#include "core/slots/resource_amount.h"

enum { ALLOCATION_WORKERS_MAX = 1 << 17 }; /* most workers one plan starts */

struct allocation_settings {
    enum config_choice_LOAD_BALANCE balance;
    bool can_start;                     /* false: the workers there are must do */
    struct resource_amount worker;      /* what a new one has */
    struct resource_amount worker_slot; /* and its default slot */
    uint32_t redundant;                 /* spare workers kept */
    struct resource_amount least;       /* the cluster is never smaller ... */
    struct resource_amount most;        /* ... nor larger; INT64_MAX: no limit */
};

/* A TaskManager as plans see it: amounts, not slots. */
struct allocation_worker {
    struct resource_amount total, available;
    struct resource_amount slot; /* its default slot */
};

/* Slots of one profile that a job lacks. The needs of a job are neighbours. */
struct allocation_need {
    uint32_t job;                /* the caller's number */
    bool any;                    /* one default slot of whatever worker it is */
    uint32_t count;              /* at least one */
    struct resource_amount slot; /* unless any */
};

struct fulfil_view {
    const struct allocation_settings *settings;
    const struct allocation_worker *registered; /* those with something left and not blocked */
    const struct allocation_worker *pending;    /* with all they will have: plans start over */
    const struct allocation_need *needs;
    uint32_t registered_count, pending_count, need_count;
    /* Sums over all registered workers that are not blocked, listed or not. */
    struct resource_amount usable_total, usable_available;
    /* Sum over all registered, blocked or not, and all pending workers: what `most` limits. */
    struct resource_amount cluster_total;
};

struct allocation_grant {
    uint32_t worker; /* into registered; or into pending, then pending_count + n: new worker n */
    uint32_t need;
    uint32_t count;
    struct resource_amount slot; /* as granted */
};

struct fulfil_plan {
    VEC(struct allocation_grant) on_registered; /* in order of decision */
    VEC(struct allocation_grant) on_pending;
    VEC(uint32_t) unfulfillable; /* jobs, in order of their needs, each once */
    uint32_t new_workers;
};

void fulfil_plan_fini(struct fulfil_plan *plan);
/* out is cleared first */
void slot_allocation_fulfil(const struct fulfil_view *view, struct fulfil_plan *out);

/* Registered TaskManagers in order of registration, since the plan keeps the first ones. */
struct reconcile_worker {
    struct resource_amount total, available;
    bool timed_out; /* idle for resourcemanager.taskmanager-timeout or longer */
};

struct reconcile_pending {
    struct resource_amount total, unused;
    bool in_use; /* some job's slots are planned on it */
};

struct reconcile_view {
    const struct allocation_settings *settings;
    const struct reconcile_worker *registered;
    const struct reconcile_pending *pending;
    uint32_t registered_count, pending_count;
    struct resource_amount cluster_total; /* as above */
};

struct reconcile_plan {
    VEC(uint32_t) releases;         /* into registered, ascending */
    VEC(uint32_t) pending_releases; /* into pending, ascending */
    uint32_t new_workers;
};

void reconcile_plan_fini(struct reconcile_plan *plan);
void slot_allocation_reconcile(const struct reconcile_view *view, struct reconcile_plan *out);

/* Are so much available and so much in total enough for redundancy and minimum? */
bool allocation_is_enough(const struct allocation_settings *settings,
                          const struct resource_amount *available,
                          const struct resource_amount *total);
/* Workers to start for it to be enough, as far as the largest cluster allows; `cluster_total`
 * includes those started already. */
uint32_t allocation_workers_lacking(const struct allocation_settings *settings,
                                    const struct resource_amount *available,
                                    const struct resource_amount *total,
                                    const struct resource_amount *cluster_total);

#endif
