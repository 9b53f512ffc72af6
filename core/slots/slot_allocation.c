/* SPDX-License-Identifier: Apache-2.0
 *
 * Fulfilling requirements. Job by job, every need goes first to registered workers, then to pending
 * ones, then to new ones, all jobs drawing on the same shrinking list; at last workers are added
 * until redundancy and minimum are met. Finds a plan that works, not the best one. Always holds: no
 * worker is granted more than it has, no need more than it lacks.
 */
#include "core/slots/slot_allocation.h"

/* One list of workers being shared out. Those with nothing left drop out of `live`, as in Flink. */
struct worker_pool {
    VEC(struct allocation_worker) workers;
    VEC(uint32_t) live; /* into workers, ascending */
};

/* One plan in the making; the caller sees nothing of it but `out`. */
struct fulfilment {
    const struct fulfil_view *view;
    struct fulfil_plan *out;
    struct worker_pool registered, pending; /* pending: new ones at the end */
    struct resource_amount granted;         /* on registered workers so far */
    struct resource_amount cluster_total;   /* with the new ones so far */
};

/* Live until found empty. */
static void worker_pool_push(struct worker_pool *pool, const struct allocation_worker *worker)
{
    vec_push(&pool->live, (uint32_t)pool->workers.count);
    vec_push(&pool->workers, *worker);
}

/* Copies, because a plan is made before anything is booked. */
static void worker_pool_init(struct worker_pool *pool, const struct allocation_worker *workers,
                             uint32_t count)
{
    *pool = (struct worker_pool){ 0 };
    vec_reserve(&pool->workers, count);
    vec_reserve(&pool->live, count);
    for (uint32_t i = 0; i < count; i++)
        worker_pool_push(pool, &workers[i]);
}

static void worker_pool_fini(struct worker_pool *pool)
{
    vec_fini(&pool->workers);
    vec_fini(&pool->live);
}

/* Flink's getEffectiveResourceProfile. */
static const struct resource_amount *slot_on(const struct allocation_need *need,
                                             const struct allocation_worker *worker)
{
    return need->any ? &worker->slot : &need->slot;
}

/* Grants as many slots as fit, at most `limit`; says how many. */
static uint32_t grant(struct fulfilment *f, struct worker_pool *pool, uint32_t index,
                      uint32_t need_index, uint32_t limit)
{
    struct allocation_worker *worker = &pool->workers.items[index];
    struct resource_amount slot = *slot_on(&f->view->needs[need_index], worker);
    uint32_t count = amount_times(&worker->available, &slot, limit);
    if (count == 0)
        return 0;
    amount_add(&worker->available, &slot, -(int64_t)count);
    struct allocation_grant made = { index, need_index, count, slot };
    if (pool == &f->registered) {
        amount_add(&f->granted, &slot, count);
        vec_push(&f->out->on_registered, made);
    } else {
        vec_push(&f->out->on_pending, made);
    }
    return count;
}

/* Any match: workers in order, each filled before the next. Says how many are still missing. */
static uint32_t match_in_order(struct fulfilment *f, struct worker_pool *pool, uint32_t need_index,
                               uint32_t missing)
{
    size_t kept = 0, i = 0;
    for (; i < pool->live.count && missing > 0; i++) {
        uint32_t index = pool->live.items[i];
        missing -= grant(f, pool, index, need_index, missing);
        if (!amount_is_zero(&pool->workers.items[index].available))
            pool->live.items[kept++] = index;
    }
    for (; i < pool->live.count; i++)
        pool->live.items[kept++] = pool->live.items[i];
    vec_resize(&pool->live, kept);
    return missing;
}

/* A heap of workers by utilisation: least first (SLOTS) or most first (MIN_RESOURCES); equal ones
 * in order of the list. */
struct utilisation_heap {
    const struct worker_pool *pool;
    VEC(uint32_t) heap;
    bool most_first;
};

/* Flink leaves the order of equally utilised workers to its heap. */
static bool comes_before(const struct utilisation_heap *h, uint32_t a, uint32_t b)
{
    const struct allocation_worker *x = &h->pool->workers.items[a];
    const struct allocation_worker *y = &h->pool->workers.items[b];
    int order = utilisation_compare(amount_utilisation(&x->total, &x->available),
                                    amount_utilisation(&y->total, &y->available));
    if (order != 0)
        return h->most_first ? order > 0 : order < 0;
    return a < b;
}

/* The worker at i has become less fit for the top, or has just come there from the bottom. */
static void sift_down(struct utilisation_heap *h, size_t i)
{
    for (;;) {
        size_t first = i, left = 2 * i + 1;
        for (size_t child = left; child < left + 2 && child < h->heap.count; child++)
            if (comes_before(h, h->heap.items[child], h->heap.items[first]))
                first = child;
        if (first == i)
            return;
        uint32_t swap = h->heap.items[i];
        h->heap.items[i] = h->heap.items[first];
        h->heap.items[first] = swap;
        i = first;
    }
}

/* A slot at a time onto whichever worker comes first now; one that a slot does not fit drops out
 * for this need. The most utilised worker stays so until it is full: all its slots at once. */
static uint32_t match_by_utilisation(struct fulfilment *f, uint32_t need_index, uint32_t missing,
                                     bool most_first)
{
    struct utilisation_heap h = { .pool = &f->registered, .most_first = most_first };
    vec_resize(&h.heap, f->registered.live.count);
    for (size_t i = 0; i < h.heap.count; i++)
        h.heap.items[i] = f->registered.live.items[i];
    for (size_t i = h.heap.count / 2; i > 0; i--)
        sift_down(&h, i - 1);
    while (missing > 0 && h.heap.count > 0) {
        uint32_t limit = most_first ? missing : 1;
        uint32_t count = grant(f, &f->registered, h.heap.items[0], need_index, limit);
        missing -= count;
        if (count == 0) {
            h.heap.items[0] = vec_last(&h.heap);
            h.heap.count--;
        }
        if (h.heap.count > 0)
            sift_down(&h, 0);
    }
    vec_fini(&h.heap);
    return missing;
}

/* TASKS balances on the job's side, with the slots it gets; here it is any match. */
static uint32_t match_registered(struct fulfilment *f, uint32_t need_index, uint32_t missing)
{
    switch (f->view->settings->balance) {
    case LOAD_BALANCE_NONE:
    case LOAD_BALANCE_TASKS: return match_in_order(f, &f->registered, need_index, missing);
    case LOAD_BALANCE_SLOTS: return match_by_utilisation(f, need_index, missing, false);
    case LOAD_BALANCE_MIN_RESOURCES: return match_by_utilisation(f, need_index, missing, true);
    case LOAD_BALANCE_COUNT: break;
    }
    IMPOSSIBLE("a balance mode that is none");
}

/* The needs of a job are neighbours, so a look at the last one is enough. */
static void add_unfulfillable(struct fulfil_plan *out, uint32_t job)
{
    if (out->unfulfillable.count == 0 || vec_last(&out->unfulfillable) != job)
        vec_push(&out->unfulfillable, job);
}

/* It joins the end of the pending list, where the needs that follow find what is left of it. */
static void start_worker(struct fulfilment *f)
{
    const struct allocation_settings *settings = f->view->settings;
    struct allocation_worker worker = { settings->worker, settings->worker, settings->worker_slot };
    worker_pool_push(&f->pending, &worker);
    amount_add(&f->cluster_total, &settings->worker, 1);
    f->out->new_workers++;
}

/* Flink refuses a worker whose CPU or memory would take the cluster past its maximum. */
static bool may_start(const struct allocation_settings *settings,
                      const struct resource_amount *cluster_total)
{
    if (!settings->can_start)
        return false;
    struct resource_amount after = *cluster_total;
    amount_add(&after, &settings->worker, 1);
    return amount_covers(&settings->most, &after);
}

/* Pending workers are always matched in order, so that the fewest are used. Flink finds out that a
 * profile is larger than any worker it could start even where pending ones took all of the need. */
static void match_pending(struct fulfilment *f, uint32_t need_index, uint32_t missing)
{
    const struct allocation_settings *settings = f->view->settings;
    const struct allocation_need *need = &f->view->needs[need_index];
    missing = match_in_order(f, &f->pending, need_index, missing);
    bool fits = amount_covers(&settings->worker, need->any ? &settings->worker_slot : &need->slot);
    if (settings->can_start && !fits) {
        add_unfulfillable(f->out, need->job);
        return;
    }
    while (missing > 0) {
        if (f->out->new_workers == ALLOCATION_WORKERS_MAX ||
            !may_start(settings, &f->cluster_total)) {
            add_unfulfillable(f->out, need->job);
            return;
        }
        start_worker(f);
        uint32_t newest = (uint32_t)f->pending.workers.count - 1;
        uint32_t count = grant(f, &f->pending, newest, need_index, missing);
        CHECK(count > 0);
        missing -= count;
    }
}

/* The needs [first, last) of one job: all of them get their chance on registered workers before
 * the first goes to pending ones. */
static void fulfil_job(struct fulfilment *f, uint32_t first, uint32_t last, uint32_t *missing)
{
    for (uint32_t n = first; n < last; n++) {
        CHECK(f->view->needs[n].count > 0);
        missing[n] = match_registered(f, n, f->view->needs[n].count);
    }
    for (uint32_t n = first; n < last; n++)
        if (missing[n] > 0)
            match_pending(f, n, missing[n]);
}

/* Redundancy is a matter of what is free, the minimum of what there is. */
bool allocation_is_enough(const struct allocation_settings *settings,
                          const struct resource_amount *available,
                          const struct resource_amount *total)
{
    struct resource_amount spare = { 0 };
    amount_add(&spare, &settings->worker, settings->redundant);
    return amount_covers(available, &spare) && amount_covers(total, &settings->least);
}

/* Workers of `each` that bring `have` up to `wanted`; a resource that a worker has nothing of
 * cannot be brought up and is left out. */
static int64_t workers_up_to(int64_t have, int64_t wanted, int64_t each)
{
    return have >= wanted || each <= 0 ? 0 : (wanted - have + each - 1) / each;
}

/* Worked out per resource rather than worker by worker; the resource that lacks most decides, and
 * the one that allows least limits. */
uint32_t allocation_workers_lacking(const struct allocation_settings *settings,
                                    const struct resource_amount *available,
                                    const struct resource_amount *total,
                                    const struct resource_amount *cluster_total)
{
    if (!settings->can_start)
        return 0;
    int64_t lacking = 0, allowed = ALLOCATION_WORKERS_MAX;
    for (int r = 0; r < RESOURCE_COUNT; r++) {
        int64_t each = settings->worker.of[r];
        int64_t for_spare = workers_up_to(available->of[r], each * settings->redundant, each);
        int64_t for_least = workers_up_to(total->of[r], settings->least.of[r], each);
        lacking = lacking < for_spare ? for_spare : lacking;
        lacking = lacking < for_least ? for_least : lacking;
        int64_t left = settings->most.of[r] - cluster_total->of[r];
        if (left < each)
            return 0;
        if (each > 0 && left / each < allowed)
            allowed = left / each;
    }
    CHECK(allowed >= 0);
    return (uint32_t)(lacking < allowed ? lacking : allowed);
}

/* Redundancy and minimum: blocked workers count for neither. */
static void add_spare_workers(struct fulfilment *f)
{
    struct resource_amount available = f->view->usable_available, total = f->view->usable_total;
    amount_add(&available, &f->granted, -1);
    for (VEC_EACH(struct allocation_worker, worker, &f->pending.workers)) {
        amount_add(&available, &worker->available, 1);
        amount_add(&total, &worker->total, 1);
    }
    uint32_t lacking =
        allocation_workers_lacking(f->view->settings, &available, &total, &f->cluster_total);
    for (uint32_t i = 0; i < lacking && f->out->new_workers < ALLOCATION_WORKERS_MAX; i++)
        start_worker(f);
}

/* Unfulfillable jobs do not stop the others: each gets what it can. */
void slot_allocation_fulfil(const struct fulfil_view *view, struct fulfil_plan *out)
{
    vec_clear(&out->on_registered);
    vec_clear(&out->on_pending);
    vec_clear(&out->unfulfillable);
    out->new_workers = 0;
    struct fulfilment f = { .view = view, .out = out, .cluster_total = view->cluster_total };
    worker_pool_init(&f.registered, view->registered, view->registered_count);
    worker_pool_init(&f.pending, view->pending, view->pending_count);
    uint32_t *missing = mem_create_array(view->need_count, sizeof *missing);
    for (uint32_t first = 0, last; first < view->need_count; first = last) {
        last = first + 1;
        while (last < view->need_count && view->needs[last].job == view->needs[first].job)
            last++;
        fulfil_job(&f, first, last, missing);
    }
    add_spare_workers(&f);
    mem_destroy(missing);
    worker_pool_fini(&f.registered);
    worker_pool_fini(&f.pending);
}

/* The lists are the caller's between plans, and keep their memory. */
void fulfil_plan_fini(struct fulfil_plan *plan)
{
    vec_fini(&plan->on_registered);
    vec_fini(&plan->on_pending);
    vec_fini(&plan->unfulfillable);
}
