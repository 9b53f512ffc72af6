/* SPDX-License-Identifier: Apache-2.0
 *
 * The slot manager's plans: it shows its books to slot_allocation.h as a view, and books what the
 * plan says. A requirement check touches the jobs and, when something is missing, the workers with
 * room; nothing in it grows with what is required or already granted.
 */
#include "core/slots/slot_books.h"

void slot_plan_fini(struct slot_plan *plan)
{
    vec_fini(&plan->grants);
    vec_fini(&plan->unfulfillable);
    vec_fini(&plan->releases);
    vec_fini(&plan->pending_releases);
}

/* The lists keep their memory: a plan is made at every check. */
static void slot_plan_clear(struct slot_plan *plan)
{
    vec_clear(&plan->grants);
    vec_clear(&plan->unfulfillable);
    vec_clear(&plan->releases);
    vec_clear(&plan->pending_releases);
    plan->new_workers = 0;
}

/* The caller requests them as it does those of a check. */
void slot_manager_claim(struct slot_manager *manager, struct slot_plan *out)
{
    for (VEC_EACH(struct slot_grant, grant, &manager->claims))
        vec_push(&out->grants, *grant);
    vec_clear(&manager->claims);
}

/* Workers on their way count towards the maximum: they were asked for. */
static struct resource_amount cluster_total(const struct slot_manager *manager)
{
    struct resource_amount total = manager->registered_total;
    amount_add(&total, &manager->settings.worker, (int64_t)manager->pending.count);
    return total;
}

/* What the jobs lack; the rows name jobs by their place. */
struct need_list {
    VEC(struct allocation_need) needs;
    bool all_default; /* every need is for default slots */
};

/* Rows of one job stay together: the plan serves job by job. */
static void list_needs(const struct slot_manager *manager, struct need_list *out)
{
    out->all_default = true;
    for (uint32_t j = 0; j < manager->jobs.count; j++) {
        const struct job_ledger *ledger = &manager->jobs.items[j].ledger;
        for (VEC_EACH(struct requirement, row, &ledger->required.rows)) {
            struct allocation_need need = { .job = j,
                                            .any = row->profile.unknown,
                                            .count = job_ledger_missing(ledger, row) };
            if (need.count == 0)
                continue;
            if (!need.any)
                need.slot = amount_of_profile(&row->profile);
            out->all_default &= need.any;
            vec_push(&out->needs, need);
        }
    }
}

/* Registered workers with room, in order of registration, and which they are. */
struct room_list {
    VEC(struct allocation_worker) workers;
    VEC(uint32_t) places; /* into manager->workers */
};

/* Room for a default slot is all that matters when nothing else is wanted; then the crumbs that
 * dividing a worker leaves need not be looked at. */
static void list_room(const struct slot_manager *manager, bool default_only, struct room_list *out)
{
    enum worker_mark mark = default_only ? WORKER_HAS_DEFAULT_SLOT : WORKER_HAS_LEFTOVER;
    for (uint32_t at = worker_order_next(&manager->order, 0, mark); at != INDEX_NONE;
         at = worker_order_next(&manager->order, at + 1, mark)) {
        uint32_t place = manager->order.at.items[at];
        const struct managed_worker *worker = &manager->workers.items[place];
        struct resource_profile slot = profile_default_slot(&worker->spec);
        vec_push(&out->workers, (struct allocation_worker){ amount_of_worker(&worker->spec),
                                                            amount_of_profile(&worker->available),
                                                            amount_of_profile(&slot) });
        vec_push(&out->places, place);
    }
}

/* Grants are cut from profiles, so what comes back fits one. */
static struct resource_profile profile_of_amount(const struct resource_amount *amount)
{
    CHECK(amount->of[RESOURCE_CPU] <= INT32_MAX);
    return (struct resource_profile){ false, (int32_t)amount->of[RESOURCE_CPU],
                                      amount->of[RESOURCE_MEMORY] };
}

/* In order of decision, which is the order of the allocation ids. */
static void book_grants(struct slot_manager *manager, const struct fulfil_plan *plan,
                        const struct need_list *needs, const struct room_list *room,
                        const struct job_id *jobs, struct slot_plan *out)
{
    for (VEC_EACH(struct allocation_grant, grant, &plan->on_registered)) {
        struct managed_worker *worker = &manager->workers.items[room->places.items[grant->worker]];
        struct resource_profile profile = profile_of_amount(&grant->slot);
        const struct allocation_need *need = &needs->needs.items[grant->need];
        for (uint32_t i = 0; i < grant->count; i++)
            vec_push(&out->grants,
                     books_grant(manager, worker, jobs[need->job], &profile, need->any));
    }
}

/* Only written down: the resource manager asks its driver for them. */
static void start_workers(struct slot_manager *manager, uint32_t count, struct slot_plan *out)
{
    for (uint32_t i = 0; i < count; i++)
        vec_push(&manager->pending, (struct pending_worker){ .id = manager->next_pending++,
                                                             .spec = manager->default_worker });
    out->new_workers += count;
}

/* Every check starts over with what exists only as a plan (FineGrainedSlotManager
 * replaceAllPendingAllocations). */
static void forget_all_planned(struct slot_manager *manager)
{
    for (uint32_t i = 0; i < manager->pending_in_use; i++)
        vec_clear(&manager->pending.items[i].planned);
    manager->pending_in_use = 0;
}

/* Pending workers are filled in order and any feasible slot fits an empty one, so those in use are
 * the first ones. */
static void book_planned(struct slot_manager *manager, const struct fulfil_plan *plan,
                         const struct need_list *needs, const struct job_id *jobs)
{
    for (VEC_EACH(struct allocation_grant, grant, &plan->on_pending)) {
        const struct allocation_need *need = &needs->needs.items[grant->need];
        vec_push(&manager->pending.items[grant->worker].planned,
                 (struct planned_slots){ jobs[need->job], profile_of_amount(&grant->slot),
                                         grant->count, need->any });
        if (manager->pending_in_use <= grant->worker)
            manager->pending_in_use = grant->worker + 1;
    }
}

/* Flink tells at every check, and checks only when something has happened; this one may be asked
 * again at will, so it remembers whom it has told since the last change. */
static void tell_unfulfillable(struct slot_manager *manager, const struct fulfil_plan *plan,
                               const struct job_id *jobs, struct slot_plan *out)
{
    for (VEC_EACH(struct job_requirements, job, &manager->jobs)) {
        job->unfulfillable = false;
        job->unfulfillable_told &= !manager->has_changed;
    }
    for (VEC_EACH(uint32_t, place, &plan->unfulfillable)) {
        struct job_requirements *job = books_find_job(manager, jobs[*place]);
        CHECK(job != NULL);
        job->unfulfillable = true;
        if (!job->unfulfillable_told)
            vec_push(&out->unfulfillable, job->job);
        job->unfulfillable_told = true;
    }
}

/* Pending workers are shown with all they will have: what was planned on them is planned anew. */
static void make_fulfil_plan(const struct slot_manager *manager, const struct need_list *needs,
                             const struct room_list *room, struct fulfil_plan *plan)
{
    struct allocation_worker *pending = mem_create_array(manager->pending.count, sizeof *pending);
    for (size_t i = 0; i < manager->pending.count; i++)
        pending[i] = (struct allocation_worker){ manager->settings.worker, manager->settings.worker,
                                                 manager->settings.worker_slot };
    struct fulfil_view view = { .settings = &manager->settings,
                                .registered = room->workers.items,
                                .registered_count = (uint32_t)room->workers.count,
                                .pending = pending,
                                .pending_count = (uint32_t)manager->pending.count,
                                .needs = needs->needs.items,
                                .need_count = (uint32_t)needs->needs.count,
                                .usable_total = manager->usable_total,
                                .usable_available = manager->usable_available,
                                .cluster_total = cluster_total(manager) };
    slot_allocation_fulfil(&view, plan);
    mem_destroy(pending);
}

/* The rows of jobs move while grants are booked; their ids do not. */
static struct job_id *job_ids_create(const struct slot_manager *manager)
{
    struct job_id *ids = mem_create_array(manager->jobs.count, sizeof *ids);
    for (size_t j = 0; j < manager->jobs.count; j++)
        ids[j] = manager->jobs.items[j].job;
    return ids;
}

/* What registered workers give is booked at once; what pending ones will give is written down
 * beside them, after what the check before has written there is gone. */
static void fulfil(struct slot_manager *manager, const struct need_list *needs,
                   struct slot_plan *out)
{
    struct room_list room = { 0 };
    struct fulfil_plan plan = { 0 };
    struct job_id *jobs = job_ids_create(manager);
    list_room(manager, needs->all_default, &room);
    make_fulfil_plan(manager, needs, &room, &plan);
    book_grants(manager, &plan, needs, &room, jobs, out);
    forget_all_planned(manager);
    start_workers(manager, plan.new_workers, out);
    book_planned(manager, &plan, needs, jobs);
    tell_unfulfillable(manager, &plan, jobs, out);
    mem_destroy(jobs);
    fulfil_plan_fini(&plan);
    vec_fini(&room.workers);
    vec_fini(&room.places);
}

/* The timeout itself is enough: Flink compares with >=. */
static bool is_timed_out(const struct slot_manager *manager, const struct managed_worker *worker,
                         time_ns now)
{
    return worker->used_count == 0 && now - worker->idle_since >= manager->config->tm_idle_timeout;
}

/* In order of registration, because the plan keeps the first ones. Blocked ones are kept and
 * released like the others. */
static struct reconcile_worker *reconcile_workers_create(const struct slot_manager *manager,
                                                         uint32_t *places, time_ns now)
{
    struct reconcile_worker *rows = mem_create_array(manager->workers.count, sizeof *rows);
    uint32_t count = 0;
    for (uint32_t at = 0; at < manager->order.at.count; at++) {
        uint32_t place = manager->order.at.items[at];
        if (place == INDEX_NONE)
            continue;
        const struct managed_worker *worker = &manager->workers.items[place];
        places[count] = place;
        rows[count++] = (struct reconcile_worker){ amount_of_worker(&worker->spec),
                                                   amount_of_profile(&worker->available),
                                                   is_timed_out(manager, worker, now) };
    }
    CHECK(count == manager->workers.count);
    return rows;
}

/* Here what is planned on a pending worker counts as used: the check has just planned it. */
static struct reconcile_pending *reconcile_pending_create(const struct slot_manager *manager)
{
    struct reconcile_pending *rows = mem_create_array(manager->pending.count, sizeof *rows);
    for (uint32_t i = 0; i < manager->pending.count; i++) {
        rows[i] = (struct reconcile_pending){ manager->settings.worker, manager->settings.worker,
                                              i < manager->pending_in_use };
        for (VEC_EACH(struct planned_slots, planned, &manager->pending.items[i].planned)) {
            struct resource_amount slot = amount_of_profile(&planned->profile);
            amount_add(&rows[i].unused, &slot, -(int64_t)planned->count);
        }
    }
    return rows;
}

/* The plan's indexes are ascending, so one walk takes them all out. */
static void drop_pending(struct slot_manager *manager, const struct reconcile_plan *plan,
                         struct slot_plan *out)
{
    size_t kept = 0, next = 0;
    for (size_t i = 0; i < manager->pending.count; i++) {
        struct pending_worker *pending = &manager->pending.items[i];
        if (next < plan->pending_releases.count && plan->pending_releases.items[next] == i) {
            vec_push(&out->pending_releases, pending->id);
            books_fini_pending(pending);
            next++;
        } else {
            manager->pending.items[kept++] = *pending;
        }
    }
    CHECK(next == plan->pending_releases.count);
    vec_resize(&manager->pending, kept);
}

/* A released TaskManager stays in the books until it has gone; the resource manager may find that
 * it cannot be let go yet. */
static void reconcile(struct slot_manager *manager, struct slot_plan *out, time_ns now)
{
    uint32_t *places = mem_create_array(manager->workers.count, sizeof *places);
    struct reconcile_worker *registered = reconcile_workers_create(manager, places, now);
    struct reconcile_pending *pending = reconcile_pending_create(manager);
    struct reconcile_view view = { .settings = &manager->settings,
                                   .registered = registered,
                                   .registered_count = (uint32_t)manager->workers.count,
                                   .pending = pending,
                                   .pending_count = (uint32_t)manager->pending.count,
                                   .cluster_total = cluster_total(manager) };
    struct reconcile_plan plan = { 0 };
    slot_allocation_reconcile(&view, &plan);
    for (VEC_EACH(uint32_t, index, &plan.releases))
        vec_push(&out->releases, manager->workers.items[places[*index]].node);
    drop_pending(manager, &plan, out);
    start_workers(manager, plan.new_workers, out);
    reconcile_plan_fini(&plan);
    mem_destroy(pending);
    mem_destroy(registered);
    mem_destroy(places);
}

/* With nothing missing, plans on pending workers are void, and those workers with them unless
 * redundancy or minimum want them (FineGrainedSlotManager.checkResourceRequirements). */
void slot_manager_check(struct slot_manager *manager, struct slot_plan *out, time_ns now)
{
    slot_plan_clear(out);
    slot_manager_claim(manager, out);
    struct need_list needs = { 0 };
    list_needs(manager, &needs);
    bool had_pending = manager->pending.count > 0;
    if (needs.needs.count > 0) {
        fulfil(manager, &needs, out);
    } else {
        forget_all_planned(manager);
        for (VEC_EACH(struct job_requirements, job, &manager->jobs))
            job->unfulfillable = job->unfulfillable_told = false;
    }
    if (manager->settings.can_start && (needs.needs.count > 0 || had_pending))
        reconcile(manager, out, now);
    vec_fini(&needs.needs);
    manager->has_changed = false;
}

/* Without the power to start workers Flink does not reconcile at all: idle ones stay. */
void slot_manager_reconcile(struct slot_manager *manager, struct slot_plan *out, time_ns now)
{
    slot_plan_clear(out);
    if (manager->settings.can_start)
        reconcile(manager, out, now);
}
