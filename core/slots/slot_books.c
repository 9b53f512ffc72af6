/* SPDX-License-Identifier: Apache-2.0
 *
 * The slot manager's double entry: whatever happens to a slot happens to its worker, its job, the
 * sums over all workers, the marks of those with room and the indexes. Constant time per slot,
 * whatever the number of workers.
 */
#include "core/slots/slot_books.h"

/* The planner counts in amounts, the books in profiles; milli-cores and bytes on both sides. */
struct resource_amount amount_of_profile(const struct resource_profile *profile)
{
    CHECK(!profile->unknown);
    return (struct resource_amount){
        .of = { [RESOURCE_CPU] = profile->cpu_milli, [RESOURCE_MEMORY] = profile->memory_bytes }
    };
}

struct resource_amount amount_of_worker(const struct worker_spec *spec)
{
    struct resource_profile profile = profile_of_worker(spec);
    return amount_of_profile(&profile);
}

/* A blocked worker is marked as having nothing. */
static void refresh_marks(struct slot_manager *manager, const struct managed_worker *worker)
{
    struct resource_profile slot = profile_default_slot(&worker->spec);
    bool fits = !worker->blocked && profile_fits(&worker->available, &slot);
    bool any = !worker->blocked &&
               (worker->available.cpu_milli != 0 || worker->available.memory_bytes != 0);
    worker_order_mark(&manager->order, worker->position, WORKER_HAS_DEFAULT_SLOT, fits && any);
    worker_order_mark(&manager->order, worker->position, WORKER_HAS_LEFTOVER, any);
}

/* Adds a worker's share to the sums, or (sign -1) takes it out. */
static void count_worker(struct slot_manager *manager, const struct managed_worker *worker,
                         int sign)
{
    struct resource_amount total = amount_of_worker(&worker->spec);
    struct resource_amount available = amount_of_profile(&worker->available);
    amount_add(&manager->registered_total, &total, sign);
    manager->slots_total += (uint32_t)sign * worker->spec.slots;
    manager->slots_free += (uint32_t)sign * managed_worker_slots_free(worker);
    if (worker->blocked)
        return;
    amount_add(&manager->usable_total, &total, sign);
    amount_add(&manager->usable_available, &available, sign);
}

/* The worker goes to the end of the order; whether there is room for it has been asked before. */
struct managed_worker *books_add_worker(struct slot_manager *manager, struct node_id node,
                                        const struct worker_spec *spec, time_ns now)
{
    uint32_t index = (uint32_t)manager->workers.count;
    CHECK(index_map_get(&manager->worker_by_node, node.n) == INDEX_NONE);
    struct managed_worker made;
    managed_worker_init(&made, node, spec, now);
    made.position = worker_order_append(&manager->order, index);
    vec_push(&manager->workers, made);
    index_map_put(&manager->worker_by_node, node.n, index);
    struct managed_worker *worker = &manager->workers.items[index];
    count_worker(manager, worker, 1);
    refresh_marks(manager, worker);
    manager->has_changed = true;
    return worker;
}

/* Positions of workers that left are taken out all at once, when they are the majority: so each
 * departure pays for at most one step of it. */
static void squeeze_order(struct slot_manager *manager)
{
    uint32_t *moved = mem_create_array(manager->order.at.count, sizeof *moved);
    worker_order_squeeze(&manager->order, moved);
    for (VEC_EACH(struct managed_worker, worker, &manager->workers))
        worker->position = moved[worker->position];
    mem_destroy(moved);
}

/* The slots go one by one through books_free_slot, so that every job learns of its loss; the last
 * worker of the array then takes the place. The time does not matter: nobody sees it idle. */
void books_remove_worker(struct slot_manager *manager, struct managed_worker *worker)
{
    for (uint32_t i = 0; i < worker->slots.count; i++)
        if (worker->slots.items[i].state != MANAGED_SLOT_FREE)
            books_free_slot(manager, worker, i, 0);
    count_worker(manager, worker, -1);
    worker_order_remove(&manager->order, worker->position);
    index_map_remove(&manager->worker_by_node, worker->node.n);
    managed_worker_fini(worker);
    uint32_t index = (uint32_t)(worker - manager->workers.items);
    vec_remove_swap(&manager->workers, index);
    if (index < manager->workers.count) {
        index_map_put(&manager->worker_by_node, worker->node.n, index);
        manager->order.at.items[worker->position] = index;
    }
    if (worker_order_is_sparse(&manager->order))
        squeeze_order(manager);
    manager->has_changed = true;
}

/* Blocked resources are taken out of what plans may use, not out of the cluster: the maximum still
 * counts them (isMaxTotalResourceExceededAfterAdding looks at all registered ones). */
void books_block_worker(struct slot_manager *manager, struct managed_worker *worker, bool blocked)
{
    count_worker(manager, worker, -1);
    worker->blocked = blocked;
    count_worker(manager, worker, 1);
    refresh_marks(manager, worker);
    manager->has_changed = true;
}

struct job_requirements *books_find_job(const struct slot_manager *manager, struct job_id job)
{
    uint32_t index = index_map_get(&manager->job_by_id, job.n);
    return index == INDEX_NONE ? NULL : &manager->jobs.items[index];
}

/* A report may name a job before its JobMaster has declared anything; until then nobody is known to
 * whom slots could be offered. */
struct job_requirements *books_job(struct slot_manager *manager, struct job_id job)
{
    struct job_requirements *found = books_find_job(manager, job);
    if (found)
        return found;
    index_map_put(&manager->job_by_id, job.n, (uint32_t)manager->jobs.count);
    vec_push(&manager->jobs, (struct job_requirements){ .job = job, .job_master = node_id_none() });
    return &vec_last(&manager->jobs);
}

/* The order of the other jobs is the order in which plans serve them, so it must not change. */
void books_drop_job_if_done(struct slot_manager *manager, struct job_id job)
{
    struct job_requirements *row = books_find_job(manager, job);
    if (!row || row->ledger.held > 0 || row->ledger.required.rows.count > 0)
        return;
    size_t index = (size_t)(row - manager->jobs.items);
    job_ledger_fini(&row->ledger);
    index_map_remove(&manager->job_by_id, job.n);
    vec_remove_ordered(&manager->jobs, index);
    for (; index < manager->jobs.count; index++)
        index_map_put(&manager->job_by_id, manager->jobs.items[index].job.n, (uint32_t)index);
}

/* Sums and marks are taken out before and put back after, so that neither has to know what a slot
 * changes. */
void books_take_slot(struct slot_manager *manager, struct managed_worker *worker,
                     enum managed_slot_state state, struct job_id job,
                     struct allocation_id allocation, const struct resource_profile *profile)
{
    CHECK(index_map_get(&manager->slot_by_allocation, allocation.n) == INDEX_NONE);
    count_worker(manager, worker, -1);
    uint32_t place = managed_worker_take(worker, state, job, allocation, profile);
    count_worker(manager, worker, 1);
    refresh_marks(manager, worker);
    index_map_put(&manager->slot_by_allocation, allocation.n, place);
    job_ledger_gain(&books_job(manager, job)->ledger, profile);
}

/* The job is told first: its row may go with its last slot. */
void books_free_slot(struct slot_manager *manager, struct managed_worker *worker, uint32_t place,
                     time_ns now)
{
    CHECK(place < worker->slots.count);
    struct managed_slot slot = worker->slots.items[place];
    struct job_requirements *job = books_find_job(manager, slot.job);
    CHECK(job != NULL);
    job_ledger_lose(&job->ledger, &slot.profile);
    books_drop_job_if_done(manager, slot.job);
    index_map_remove(&manager->slot_by_allocation, slot.allocation.n);
    count_worker(manager, worker, -1);
    managed_worker_free(worker, place, now);
    count_worker(manager, worker, 1);
    refresh_marks(manager, worker);
    manager->has_changed = true;
}

/* Allocation ids are given out here and nowhere else, in order, so equal histories give equal ids.
 */
struct slot_grant books_grant(struct slot_manager *manager, struct managed_worker *worker,
                              struct job_id job, const struct resource_profile *profile,
                              bool by_default)
{
    struct allocation_id allocation = { manager->next_allocation++ };
    CHECK(!allocation_id_is_none(allocation));
    books_take_slot(manager, worker, MANAGED_SLOT_PENDING, job, allocation, profile);
    return (struct slot_grant){ .node = worker->node,
                                .job = job,
                                .job_master = books_find_job(manager, job)->job_master,
                                .allocation = allocation,
                                .profile = *profile,
                                .by_default = by_default };
}

void books_fini_pending(struct pending_worker *pending)
{
    vec_fini(&pending->planned);
}
