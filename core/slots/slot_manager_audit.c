/* SPDX-License-Identifier: Apache-2.0
 *
 * The slot manager's hash, and its audit: everything that is kept in two places is counted again.
 */
#include "core/slots/slot_books.h"

#include "core/base/hash.h"

/* In order of declaration: it decides who is served first. */
static uint64_t hash_jobs(uint64_t hash, const struct slot_manager *manager)
{
    hash = hash_add(hash, manager->jobs.count);
    for (VEC_EACH(struct job_requirements, job, &manager->jobs)) {
        hash = hash_add(hash, job->job.n);
        hash = hash_add(hash, job->job_master.n);
        hash = hash_add(hash, (uint64_t)job->unfulfillable << 1 | job->unfulfillable_told);
        hash = job_ledger_hash(hash, &job->ledger);
    }
    return hash;
}

/* Planned slots are part of what the next registration does. */
static uint64_t hash_pending(uint64_t hash, const struct slot_manager *manager)
{
    hash = hash_add(hash, manager->pending.count);
    for (VEC_EACH(struct pending_worker, pending, &manager->pending)) {
        hash = hash_add(hash, pending->id);
        for (VEC_EACH(struct planned_slots, planned, &pending->planned)) {
            hash = hash_add(hash, planned->job.n);
            hash = hash_add(profile_hash(hash, &planned->profile), planned->count);
        }
    }
    return hash;
}

/* Workers in order of registration, not as the array has them: where an array keeps its things is
 * no part of the state. Sums, marks and indexes follow from the rest. */
uint64_t slot_manager_hash(const struct slot_manager *manager)
{
    uint64_t hash = hash_add(manager->workers.count, manager->has_changed);
    for (VEC_EACH(uint32_t, place, &manager->order.at))
        if (*place != INDEX_NONE)
            hash = managed_worker_hash(hash, &manager->workers.items[*place]);
    hash = hash_jobs(hash, manager);
    hash = hash_pending(hash, manager);
    for (VEC_EACH(struct slot_grant, grant, &manager->claims))
        hash = hash_add(hash, grant->allocation.n);
    hash = hash_add(hash, manager->next_allocation);
    return hash_add(hash, manager->next_pending);
}

/* Each has at least as much as the other. */
static bool amount_equal(const struct resource_amount *a, const struct resource_amount *b)
{
    return amount_covers(a, b) && amount_covers(b, a);
}

/* A mark that is missing hides room from plans without any other trace. */
static void check_marks(const struct slot_manager *manager, const struct managed_worker *worker)
{
    struct resource_profile slot = profile_default_slot(&worker->spec);
    bool any = worker->available.cpu_milli != 0 || worker->available.memory_bytes != 0;
    bool fits = any && profile_fits(&worker->available, &slot);
    CHECK(worker_order_has_mark(&manager->order, worker->position, WORKER_HAS_LEFTOVER) ==
          (any && !worker->blocked));
    CHECK(worker_order_has_mark(&manager->order, worker->position, WORKER_HAS_DEFAULT_SLOT) ==
          (fits && !worker->blocked));
}

/* Every used slot is indexed, and its job knows as many of its profile. */
static size_t check_worker(const struct slot_manager *manager, uint32_t place)
{
    const struct managed_worker *worker = &manager->workers.items[place];
    managed_worker_check(worker);
    check_marks(manager, worker);
    CHECK(index_map_get(&manager->worker_by_node, worker->node.n) == place);
    CHECK(manager->order.at.items[worker->position] == place);
    for (uint32_t i = 0; i < worker->slots.count; i++) {
        const struct managed_slot *slot = &worker->slots.items[i];
        if (slot->state == MANAGED_SLOT_FREE)
            continue;
        CHECK(index_map_get(&manager->slot_by_allocation, slot->allocation.n) == i);
        CHECK(slot->allocation.n < manager->next_allocation);
        CHECK(books_find_job(manager, slot->job) != NULL);
    }
    return worker->used_count;
}

/* Kept as differences all along; here they are added up again. */
static void check_sums(const struct slot_manager *manager)
{
    struct resource_amount registered = { 0 }, usable = { 0 }, available = { 0 };
    uint32_t slots_total = 0, slots_free = 0;
    for (VEC_EACH(struct managed_worker, worker, &manager->workers)) {
        struct resource_amount total = amount_of_worker(&worker->spec);
        struct resource_amount left = amount_of_profile(&worker->available);
        amount_add(&registered, &total, 1);
        slots_total += worker->spec.slots;
        slots_free += managed_worker_slots_free(worker);
        if (worker->blocked)
            continue;
        amount_add(&usable, &total, 1);
        amount_add(&available, &left, 1);
    }
    CHECK(amount_equal(&registered, &manager->registered_total));
    CHECK(amount_equal(&usable, &manager->usable_total));
    CHECK(amount_equal(&available, &manager->usable_available));
    CHECK(slots_total == manager->slots_total);
    CHECK(slots_free == manager->slots_free);
}

/* The slots of each job and profile, counted on the workers, against the job's ledger. */
static void check_ledgers(const struct slot_manager *manager)
{
    struct requirements *held = mem_create_array(manager->jobs.count, sizeof *held);
    for (VEC_EACH(struct managed_worker, worker, &manager->workers))
        for (VEC_EACH(struct managed_slot, slot, &worker->slots))
            if (slot->state != MANAGED_SLOT_FREE)
                requirements_add(&held[index_map_get(&manager->job_by_id, slot->job.n)],
                                 &slot->profile, 1);
    for (size_t j = 0; j < manager->jobs.count; j++) {
        const struct job_requirements *job = &manager->jobs.items[j];
        job_ledger_check(&job->ledger);
        CHECK(index_map_get(&manager->job_by_id, job->job.n) == j);
        CHECK(job->ledger.held > 0 || job->ledger.required.rows.count > 0);
        struct requirements booked = { 0 };
        for (VEC_EACH(struct ledger_holding, row, &job->ledger.holdings))
            requirements_add(&booked, &row->profile, row->count);
        CHECK(requirements_equal(&booked, &held[j]));
        requirements_fini(&booked);
        requirements_fini(&held[j]);
    }
    mem_destroy(held);
}

/* Those in use come first, no pending worker is promised more than it will have, and only a cluster
 * that can start workers has any. */
static void check_pending(const struct slot_manager *manager)
{
    CHECK(manager->pending_in_use <= manager->pending.count);
    CHECK(manager->settings.can_start || manager->pending.count == 0);
    for (uint32_t i = 0; i < manager->pending.count; i++) {
        const struct pending_worker *pending = &manager->pending.items[i];
        CHECK((i < manager->pending_in_use) == (pending->planned.count > 0));
        CHECK(pending->id < manager->next_pending);
        struct resource_amount left = manager->settings.worker, none = { 0 };
        for (VEC_EACH(struct planned_slots, planned, &pending->planned)) {
            struct resource_amount slot = amount_of_profile(&planned->profile);
            amount_add(&left, &slot, -(int64_t)planned->count);
            CHECK(books_find_job(manager, planned->job) != NULL);
        }
        CHECK(amount_covers(&left, &none));
    }
}

/* Linear in all there is, so nodes run it only when they are told to check themselves. */
void slot_manager_check_invariant(const struct slot_manager *manager)
{
    size_t used = 0;
    for (uint32_t i = 0; i < manager->workers.count; i++)
        used += check_worker(manager, i);
    CHECK(manager->worker_by_node.count == manager->workers.count);
    CHECK(manager->order.live == manager->workers.count);
    CHECK(manager->slot_by_allocation.count == used);
    CHECK(manager->job_by_id.count == manager->jobs.count);
    check_sums(manager);
    check_ledgers(manager);
    check_pending(manager);
}
