/* SPDX-License-Identifier: Apache-2.0
 *
 * The slot manager's events: TaskManagers register, report and leave, jobs declare what they need,
 * requests are answered. Each changes the books (slot_books.h) and says whether the requirement
 * check is due; the plans are made in slot_manager_plan.c. A TaskManager that died unnoticed stays
 * in the books with all its slots, free ones included, until it is unregistered: nobody else knows.
 */
#include "core/slots/slot_manager.h"

#include "core/slots/slot_books.h"

/* value * by / of without running over. */
static int64_t scaled(int64_t value, int64_t by, int64_t of)
{
    int64_t whole = value / of;
    if (whole > 0 && by > (INT64_MAX - value) / (whole + 1))
        return INT64_MAX;
    return whole * by + value % of * by / of;
}

/* A total as configured, else as the number of slots implies for workers like the default one. */
static int64_t limit_of(int64_t configured, int64_t slots, int64_t of_worker, uint32_t worker_slots,
                        int64_t otherwise)
{
    if (configured >= 0)
        return configured;
    return slots >= 0 ? scaled(of_worker, slots, worker_slots) : otherwise;
}

/* Where no worker can be started Flink takes all limits out of the configuration
 * (StandaloneResourceManagerFactory). */
static struct allocation_settings settings_of(const struct config *config,
                                              const struct worker_spec *worker)
{
    struct allocation_settings settings = { .balance = config_balance(config),
                                            .can_start = worker->slots > 0 };
    for (int r = 0; r < RESOURCE_COUNT; r++)
        settings.most.of[r] = INT64_MAX;
    if (!settings.can_start)
        return settings;
    CHECK(config->redundant_tms >= 0);
    settings.redundant = config->redundant_tms < ALLOCATION_WORKERS_MAX
                             ? (uint32_t)config->redundant_tms
                             : ALLOCATION_WORKERS_MAX;
    struct resource_profile slot = profile_default_slot(worker);
    settings.worker = amount_of_worker(worker);
    settings.worker_slot = amount_of_profile(&slot);
    int64_t ppm_per_milli = RATIO_ONE / 1000;
    int64_t cpu_max = config->cpu_max < 0 ? -1 : config->cpu_max / ppm_per_milli;
    int64_t cpu_min = config->cpu_min < 0 ? -1 : config->cpu_min / ppm_per_milli;
    settings.most.of[RESOURCE_CPU] =
        limit_of(cpu_max, config->slots_max, worker->cpu_milli, worker->slots, INT64_MAX);
    settings.most.of[RESOURCE_MEMORY] = limit_of(config->memory_max, config->slots_max,
                                                 worker->memory_bytes, worker->slots, INT64_MAX);
    settings.least.of[RESOURCE_CPU] =
        limit_of(cpu_min, config->slots_min, worker->cpu_milli, worker->slots, 0);
    settings.least.of[RESOURCE_MEMORY] =
        limit_of(config->memory_min, config->slots_min, worker->memory_bytes, worker->slots, 0);
    return settings;
}

/* Limits are worked out once; the configuration does not change while the cluster runs. */
void slot_manager_init(struct slot_manager *manager, const struct config *config,
                       const struct worker_spec *default_worker)
{
    *manager = (struct slot_manager){ .config = config,
                                      .default_worker = *default_worker,
                                      .settings = settings_of(config, default_worker) };
}

void slot_manager_fini(struct slot_manager *manager)
{
    for (VEC_EACH(struct managed_worker, worker, &manager->workers))
        managed_worker_fini(worker);
    for (VEC_EACH(struct pending_worker, pending, &manager->pending))
        books_fini_pending(pending);
    for (VEC_EACH(struct job_requirements, job, &manager->jobs))
        job_ledger_fini(&job->ledger);
    vec_fini(&manager->workers);
    vec_fini(&manager->pending);
    vec_fini(&manager->jobs);
    vec_fini(&manager->claims);
    worker_order_fini(&manager->order);
    index_map_fini(&manager->worker_by_node);
    index_map_fini(&manager->slot_by_allocation);
    index_map_fini(&manager->job_by_id);
}

/* Null: never admitted, or gone. */
static struct managed_worker *find_worker(const struct slot_manager *manager, struct node_id node)
{
    uint32_t index = index_map_get(&manager->worker_by_node, node.n);
    return index == INDEX_NONE ? NULL : &manager->workers.items[index];
}

/* The pending worker that one of this kind stands in for, or INDEX_NONE: one with slots planned on
 * it before one without. All pending ones are of one kind. */
static uint32_t find_pending(const struct slot_manager *manager, const struct worker_spec *spec)
{
    const struct worker_spec *wanted = &manager->default_worker;
    if (manager->pending.count == 0 || spec->cpu_milli != wanted->cpu_milli ||
        spec->memory_bytes != wanted->memory_bytes || spec->slots != wanted->slots)
        return INDEX_NONE;
    return manager->pending_in_use ? manager->pending_in_use - 1
                                   : (uint32_t)manager->pending.count - 1;
}

/* Flink compares the sum of all registered and pending workers and the new one. */
static bool would_pass_maximum(const struct slot_manager *manager, const struct worker_spec *spec)
{
    struct resource_amount after = manager->registered_total, one = amount_of_worker(spec);
    amount_add(&after, &manager->settings.worker, (int64_t)manager->pending.count);
    amount_add(&after, &one, 1);
    return !amount_covers(&manager->settings.most, &after);
}

/* The slots planned on the pending worker are granted on the one that came in its place. */
static void fulfil_pending(struct slot_manager *manager, struct managed_worker *worker,
                           uint32_t index)
{
    struct pending_worker pending = manager->pending.items[index];
    if (index < manager->pending_in_use)
        manager->pending_in_use--;
    vec_remove_swap(&manager->pending, index);
    for (VEC_EACH(struct planned_slots, planned, &pending.planned))
        for (uint32_t i = 0; i < planned->count; i++)
            vec_push(&manager->claims, books_grant(manager, worker, planned->job, &planned->profile,
                                                   planned->by_default));
    books_fini_pending(&pending);
}

/* False: refused. An empty place is looked for only for one that holds no slots yet. */
static bool admit(struct slot_manager *manager, struct node_id node, const struct worker_spec *spec,
                  bool holds_slots, time_ns now)
{
    if (find_worker(manager, node))
        return true;
    uint32_t pending = holds_slots ? INDEX_NONE : find_pending(manager, spec);
    if (pending == INDEX_NONE && would_pass_maximum(manager, spec))
        return false;
    struct managed_worker *worker = books_add_worker(manager, node, spec, now);
    if (pending != INDEX_NONE)
        fulfil_pending(manager, worker, pending);
    return true;
}

/* With its first report in one step, as in Flink, so that nobody is promised what the worker has
 * given away already. One that holds slots comes back after a loss of contact and is not the one
 * that was asked for. */
bool slot_manager_register(struct slot_manager *manager, struct node_id node,
                           const struct worker_spec *spec, const struct slot_status *slots,
                           size_t count, time_ns now)
{
    bool holds_slots = false;
    for (size_t i = 0; i < count; i++)
        holds_slots |= !slots[i].free;
    if (!admit(manager, node, spec, holds_slots, now))
        return false;
    if (holds_slots)
        slot_manager_report(manager, node, slots, count, now);
    return true;
}

/* Whatever makes a check due makes the last answer to unfulfillable jobs stale. */
static bool is_due(struct slot_manager *manager, bool has_changed)
{
    manager->has_changed |= has_changed;
    return has_changed;
}

/* Its slots are gone with it. A worker without slots leaves without a check: nobody lacks more than
 * before. */
bool slot_manager_unregister(struct slot_manager *manager, struct node_id node)
{
    struct managed_worker *worker = find_worker(manager, node);
    if (!worker)
        return false;
    bool held_slots = worker->used_count > 0;
    size_t kept = 0;
    for (VEC_EACH(struct slot_grant, grant, &manager->claims))
        if (!node_id_equal(grant->node, node))
            manager->claims.items[kept++] = *grant;
    vec_resize(&manager->claims, kept);
    books_remove_worker(manager, worker);
    return held_slots;
}

/* Blocking takes room away, unblocking gives it back: both change what can be served. */
bool slot_manager_block(struct slot_manager *manager, struct node_id node, bool blocked)
{
    struct managed_worker *worker = find_worker(manager, node);
    if (!worker || worker->blocked == blocked)
        return false;
    books_block_worker(manager, worker, blocked);
    return true;
}

/* The slot of an allocation on this very worker, or null. */
static struct managed_slot *find_slot(const struct slot_manager *manager,
                                      const struct managed_worker *worker,
                                      struct allocation_id allocation)
{
    uint32_t place = index_map_get(&manager->slot_by_allocation, allocation.n);
    if (place >= worker->slots.count)
        return NULL;
    struct managed_slot *slot = &worker->slots.items[place];
    return allocation_id_equal(slot->allocation, allocation) ? slot : NULL;
}

/* One allocated slot of a report; true when the books said something else. A slot that is booked on
 * another worker is left to that one's own reports. */
static bool sync_allocated(struct slot_manager *manager, struct managed_worker *worker,
                           const struct slot_status *status)
{
    struct managed_slot *slot = find_slot(manager, worker, status->allocation);
    bool is_news = false;
    if (!slot) {
        if (index_map_get(&manager->slot_by_allocation, status->allocation.n) != INDEX_NONE)
            return false;
        struct resource_profile profile = { false, status->cpu_milli, status->memory_bytes };
        books_take_slot(manager, worker, MANAGED_SLOT_ALLOCATED, status->job, status->allocation,
                        &profile);
        if (manager->next_allocation <= status->allocation.n)
            manager->next_allocation = status->allocation.n + 1;
        slot = find_slot(manager, worker, status->allocation);
        is_news = true;
    }
    CHECK(job_id_equal(slot->job, status->job));
    if (slot->state == MANAGED_SLOT_PENDING)
        managed_worker_confirm(worker, (uint32_t)(slot - worker->slots.items));
    slot->reported_in = manager->report_count;
    return is_news;
}

/* The TaskManager knows best, except of what was requested and has not reached it yet. */
bool slot_manager_report(struct slot_manager *manager, struct node_id node,
                         const struct slot_status *slots, size_t count, time_ns now)
{
    struct managed_worker *worker = find_worker(manager, node);
    if (!worker)
        return false;
    manager->report_count++;
    bool has_news = false;
    for (size_t i = 0; i < count; i++)
        if (!slots[i].free)
            has_news |= sync_allocated(manager, worker, &slots[i]);
    for (uint32_t i = 0; i < worker->slots.count; i++) {
        const struct managed_slot *slot = &worker->slots.items[i];
        if (slot->state == MANAGED_SLOT_ALLOCATED && slot->reported_in != manager->report_count) {
            books_free_slot(manager, worker, i, now);
            has_news = true;
        }
    }
    return is_due(manager, has_news);
}

/* Nothing planned on pending workers for the job is wanted any more. Those in use stay in front. */
static void forget_planned(struct slot_manager *manager, struct job_id job)
{
    uint32_t in_use = 0;
    for (uint32_t i = 0; i < manager->pending_in_use; i++) {
        struct pending_worker *pending = &manager->pending.items[i];
        size_t kept = 0;
        for (VEC_EACH(struct planned_slots, planned, &pending->planned))
            if (!job_id_equal(planned->job, job))
                pending->planned.items[kept++] = *planned;
        vec_resize(&pending->planned, kept);
        if (kept == 0)
            continue;
        struct pending_worker swap = manager->pending.items[in_use];
        manager->pending.items[in_use++] = *pending;
        *pending = swap;
    }
    manager->pending_in_use = in_use;
}

/* A repeated empty declaration is dropped, as in Flink; any other one is a reason to look again. */
bool slot_manager_require(struct slot_manager *manager, struct job_id job,
                          struct node_id job_master, const struct requirements *required)
{
    bool is_empty = requirements_total(required) == 0;
    struct job_requirements *row = books_find_job(manager, job);
    if (is_empty && (!row || row->ledger.required.rows.count == 0))
        return false;
    if (is_empty)
        forget_planned(manager, job);
    row = books_job(manager, job);
    row->job_master = is_empty ? node_id_none() : job_master;
    job_ledger_require(&row->ledger, required);
    books_drop_job_if_done(manager, job);
    return is_due(manager, true);
}

/* The job has ended. Its slots stay booked until their TaskManagers say that they are free. */
bool slot_manager_clear_job(struct slot_manager *manager, struct job_id job)
{
    return slot_manager_require(manager, job, node_id_none(), &(struct requirements){ 0 });
}

/* Nothing becomes available by it, so no check is due. */
bool slot_manager_granted(struct slot_manager *manager, struct node_id node,
                          struct allocation_id allocation)
{
    struct managed_worker *worker = find_worker(manager, node);
    struct managed_slot *slot = worker ? find_slot(manager, worker, allocation) : NULL;
    if (slot && slot->state == MANAGED_SLOT_PENDING)
        managed_worker_confirm(worker, (uint32_t)(slot - worker->slots.items));
    return false;
}

/* A refusal that comes after a report has confirmed the slot is void. */
bool slot_manager_refused(struct slot_manager *manager, struct node_id node,
                          struct allocation_id allocation, time_ns now)
{
    struct managed_worker *worker = find_worker(manager, node);
    struct managed_slot *slot = worker ? find_slot(manager, worker, allocation) : NULL;
    if (!slot || slot->state != MANAGED_SLOT_PENDING)
        return false;
    books_free_slot(manager, worker, (uint32_t)(slot - worker->slots.items), now);
    return true;
}

/* Requested or confirmed: the TaskManager does not have it any more. */
bool slot_manager_freed(struct slot_manager *manager, struct node_id node,
                        struct allocation_id allocation, time_ns now)
{
    struct managed_worker *worker = find_worker(manager, node);
    struct managed_slot *slot = worker ? find_slot(manager, worker, allocation) : NULL;
    if (!slot)
        return false;
    books_free_slot(manager, worker, (uint32_t)(slot - worker->slots.items), now);
    return true;
}

uint32_t slot_manager_missing(const struct slot_manager *manager, struct job_id job)
{
    const struct job_requirements *row = books_find_job(manager, job);
    return row ? job_ledger_missing_in_all(&row->ledger) : 0;
}

uint32_t slot_manager_slots_total(const struct slot_manager *manager)
{
    return manager->slots_total;
}

uint32_t slot_manager_slots_free(const struct slot_manager *manager)
{
    return manager->slots_free;
}
