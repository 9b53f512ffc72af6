/* SPDX-License-Identifier: Apache-2.0
 *
 * The fixture of the slot manager's tests.
 */
#include "tests/lib/slot_managers.h"

const struct worker_spec fixture_worker = { 4000, 4096, 4 };

struct resource_profile fixture_slot(void)
{
    return profile_default_slot(&fixture_worker);
}

void slot_manager_fixture_init(struct slot_manager_fixture *fixture, bool can_start)
{
    struct worker_spec none = { 0 };
    fixture->plan = (struct slot_plan){ .new_workers = 0 };
    slot_manager_init(&fixture->manager, &fixture->config, can_start ? &fixture_worker : &none);
    slot_manager_check_invariant(&fixture->manager);
}

void slot_manager_fixture_fini(struct slot_manager_fixture *fixture)
{
    slot_plan_fini(&fixture->plan);
    slot_manager_fini(&fixture->manager);
}

bool fixture_register(struct slot_manager_fixture *fixture, uint32_t node, time_ns now)
{
    bool taken =
        slot_manager_register(&fixture->manager, NODE(node), &fixture_worker, NULL, 0, now);
    slot_manager_check_invariant(&fixture->manager);
    return taken;
}

bool fixture_require_profile(struct slot_manager_fixture *fixture, uint32_t job, uint32_t count,
                             struct resource_profile profile)
{
    struct requirements required = { 0 };
    requirements_add(&required, &profile, count);
    bool due = slot_manager_require(&fixture->manager, JOB(job), NODE(1000 + job), &required);
    requirements_fini(&required);
    slot_manager_check_invariant(&fixture->manager);
    return due;
}

bool fixture_require(struct slot_manager_fixture *fixture, uint32_t job, uint32_t count)
{
    return fixture_require_profile(fixture, job, count, profile_unknown());
}

void fixture_check(struct slot_manager_fixture *fixture, time_ns now)
{
    slot_manager_check(&fixture->manager, &fixture->plan, now);
    slot_manager_check_invariant(&fixture->manager);
}

void fixture_reconcile(struct slot_manager_fixture *fixture, time_ns now)
{
    slot_manager_reconcile(&fixture->manager, &fixture->plan, now);
    slot_manager_check_invariant(&fixture->manager);
}

void fixture_confirm(struct slot_manager_fixture *fixture)
{
    for (VEC_EACH(struct slot_grant, grant, &fixture->plan.grants))
        slot_manager_granted(&fixture->manager, grant->node, grant->allocation);
    slot_manager_check_invariant(&fixture->manager);
}

const struct managed_worker *fixture_find(const struct slot_manager_fixture *fixture,
                                          struct node_id node)
{
    uint32_t index = index_map_get(&fixture->manager.worker_by_node, node.n);
    return index == INDEX_NONE ? NULL : &fixture->manager.workers.items[index];
}

uint32_t fixture_count(const struct slot_manager_fixture *fixture, uint32_t node,
                       enum managed_slot_state state)
{
    uint32_t count = 0;
    for (VEC_EACH(struct managed_slot, slot, &fixture_find(fixture, NODE(node))->slots))
        count += slot->state == state;
    return count;
}
