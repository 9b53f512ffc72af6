/* SPDX-License-Identifier: Apache-2.0
 *
 * A slot manager for tests, with its plan: TaskManagers of 4 cores, 4096 bytes and 4 slots. The
 * invariant is checked after every call made through here.
 */
#ifndef WEIR_TESTS_LIB_SLOT_MANAGERS_H
#define WEIR_TESTS_LIB_SLOT_MANAGERS_H

#include "core/slots/slot_manager.h"

#define JOB(number)        ((struct job_id){ number })
#define NODE(number)       ((struct node_id){ number })
#define ALLOCATION(number) ((struct allocation_id){ number })

struct slot_manager_fixture {
    struct config config; /* change it before init */
    struct slot_manager manager;
    struct slot_plan plan; /* of the last check or reconcile */
};

extern const struct worker_spec fixture_worker;
struct resource_profile fixture_slot(void); /* its default slot */

/* Standalone: no worker can be started. */
void slot_manager_fixture_init(struct slot_manager_fixture *fixture, bool can_start);
void slot_manager_fixture_fini(struct slot_manager_fixture *fixture);

bool fixture_register(struct slot_manager_fixture *fixture, uint32_t node, time_ns now);
/* So many default slots; the JobMaster is node 1000 + job. */
bool fixture_require(struct slot_manager_fixture *fixture, uint32_t job, uint32_t count);
bool fixture_require_profile(struct slot_manager_fixture *fixture, uint32_t job, uint32_t count,
                             struct resource_profile profile);
void fixture_check(struct slot_manager_fixture *fixture, time_ns now);
void fixture_reconcile(struct slot_manager_fixture *fixture, time_ns now);
/* All grants of the plan are confirmed. */
void fixture_confirm(struct slot_manager_fixture *fixture);

const struct managed_worker *fixture_find(const struct slot_manager_fixture *fixture,
                                          struct node_id node); /* or null */
/* Slots of the worker in a state, of any job. */
uint32_t fixture_count(const struct slot_manager_fixture *fixture, uint32_t node,
                       enum managed_slot_state state);

#endif
