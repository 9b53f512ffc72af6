/* SPDX-License-Identifier: Apache-2.0
 *
 * The slots one job holds (Flink's DeclarativeSlotPool): what it requires, what TaskManagers
 * offered and were accepted, which are free, reserved by a task group, or idle too long. Accepts an
 * offer only when it fills an outstanding requirement. Speaks in return values; the JobMaster sends
 * the messages.
 */
#ifndef WEIR_SLOTS_SLOT_POOL_H
#define WEIR_SLOTS_SLOT_POOL_H

#include "core/base/index_map.h"
#include "core/base/time.h"
#include "core/base/vec.h"
#include "core/port/data.h"
#include "core/port/message.h"
#include "core/slots/requirements.h"

/* Chains run through the slots, so that each question is answered by a walk over its answer alone:
 * two chains here, and per TaskManager a ring in order of acceptance. Links are indexes into slots.
 */
enum pool_chain_kind {
    POOL_ACCEPTED, /* all slots in order of acceptance: the order all decisions walk */
    POOL_FREE,     /* those not reserved, longest free first */
    POOL_CHAIN_COUNT
};

struct pool_link {
    uint32_t previous, next; /* INDEX_NONE at the ends of a chain; a ring has no ends */
};

struct pool_chain {
    uint32_t first, last; /* INDEX_NONE: empty */
};

struct pool_slot {
    struct allocation_id allocation;
    struct node_id node;
    struct slot_id slot;
    struct resource_profile profile; /* what it has */
    struct resource_profile fills;   /* the requirement it was matched with */
    bool reserved;                   /* in use by the scheduler */
    time_ns free_since;              /* when it became free; TIME_NEVER while reserved */
    struct pool_link links[POOL_CHAIN_COUNT], of_node; /* the pool's own */
};

struct slot_pool_list {
    VEC(struct pool_slot) slots;
};

struct slot_pool {
    struct requirements required;
    struct requirements filled;  /* by the slots' `fills`; may exceed what is required by now */
    VEC(struct pool_slot) slots; /* in no order: a slot that goes is replaced by the last one */
    struct index_map by_allocation;
    struct index_map last_of_node; /* the ring's last slot */
    struct pool_chain chains[POOL_CHAIN_COUNT];
    uint32_t free_count;
};

/* All slots in order of acceptance: for (SLOT_POOL_EACH(slot, pool)) ... The pool must not change
 * meanwhile. */
#define SLOT_POOL_EACH(name, pool)                                                                 \
    const struct pool_slot *name = slot_pool_first(pool);                                          \
    name != NULL;                                                                                  \
    name = slot_pool_next(pool, name)

/* Those of one TaskManager, in the same order. */
#define SLOT_POOL_EACH_OF_NODE(name, pool, node)                                                   \
    const struct pool_slot *name = slot_pool_first_of_node(pool, node);                            \
    name != NULL;                                                                                  \
    name = slot_pool_next_of_node(pool, name)

const struct pool_slot *slot_pool_first_of_node(const struct slot_pool *pool, struct node_id node);
const struct pool_slot *slot_pool_next_of_node(const struct slot_pool *pool,
                                               const struct pool_slot *slot);
const struct pool_slot *slot_pool_first(const struct slot_pool *pool);
const struct pool_slot *slot_pool_next(const struct slot_pool *pool, const struct pool_slot *slot);

void slot_pool_init(struct slot_pool *pool);
void slot_pool_fini(struct slot_pool *pool);

/* Replaces what is required. True when it differs (the JobMaster then declares it to the RM). */
bool slot_pool_require(struct slot_pool *pool, const struct requirements *required);

/* Is the offer from `node` taken? An offer of a slot already held from the same node is taken
 * again; the same allocation from another node is not. */
bool slot_pool_offer(struct slot_pool *pool, struct node_id node, const struct slot_offer *offer,
                     time_ns now);

const struct pool_slot *slot_pool_find(const struct slot_pool *pool,
                                       struct allocation_id allocation);
/* A free slot becomes the scheduler's. Refused (ERR_NOT_FOUND, ERR_REFUSED) when gone or taken. */
MUST_CHECK struct err slot_pool_reserve(struct slot_pool *pool, struct allocation_id allocation);
/* A free slot in excess of its row fills another one that is open and like it, as the resource
 * manager's books have it, which grant no other slot for that (job_ledger.h). */
void slot_pool_match_anew(struct slot_pool *pool, struct allocation_id allocation);
/* And back. Fine when the slot is gone meanwhile. */
void slot_pool_free_reserved(struct slot_pool *pool, struct allocation_id allocation, time_ns now);
/* The slot is gone (freed, lost, given up). False when it was not held. */
bool slot_pool_release(struct slot_pool *pool, struct allocation_id allocation);
/* All slots of a TaskManager are gone; what was lost goes to out (cleared first), in order of
 * acceptance. */
void slot_pool_release_node(struct slot_pool *pool, struct node_id node,
                            struct slot_pool_list *out);

/* Free slots idle for `timeout` or more that no requirement needs: removed and given to out
 * (cleared first), longest idle first. Called every slot.idle.timeout. */
void slot_pool_release_idle(struct slot_pool *pool, time_ns now, time_ns timeout,
                            struct slot_pool_list *out);

bool slot_pool_has_node(const struct slot_pool *pool, struct node_id node);
uint64_t slot_pool_hash(const struct slot_pool *pool);
void slot_pool_check(const struct slot_pool *pool); /* the invariant */

#endif
