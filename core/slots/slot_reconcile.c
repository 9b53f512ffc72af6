/* SPDX-License-Identifier: Apache-2.0
 *
 * Reconciling the cluster's size with its use. Workers are kept in a fixed order until redundancy
 * and minimum are met: those in use or not idle long enough and pending ones in use (all of them in
 * any case), then timed-out ones one by one, then unused pending ones one by one. Whatever comes
 * after the point where it is enough goes; if it never is enough, new ones are asked for. Source:
 * DefaultResourceAllocationStrategy.tryReconcileClusterResources.
 */
#include "core/slots/slot_allocation.h"

/* The cluster as it would be with those kept so far. */
struct keeping {
    const struct allocation_settings *settings;
    struct resource_amount available, total; /* of those kept so far */
    bool is_enough;                          /* and stays so */
};

/* True: the candidate may go. Else it is kept and counted. */
static bool try_release(struct keeping *k, const struct resource_amount *available,
                        const struct resource_amount *total)
{
    k->is_enough = k->is_enough || allocation_is_enough(k->settings, &k->available, &k->total);
    if (k->is_enough)
        return true;
    amount_add(&k->available, available, 1);
    amount_add(&k->total, total, 1);
    return false;
}

/* Flink takes each of these for one default worker, whatever it really has. */
static void keep_all_busy(struct keeping *k, const struct reconcile_view *view)
{
    for (uint32_t i = 0; i < view->registered_count; i++) {
        if (view->registered[i].timed_out)
            continue;
        amount_add(&k->available, &view->registered[i].available, 1);
        amount_add(&k->total, &k->settings->worker, 1);
    }
    k->is_enough = allocation_is_enough(k->settings, &k->available, &k->total);
    for (uint32_t i = 0; i < view->pending_count; i++) {
        if (!view->pending[i].in_use)
            continue;
        amount_add(&k->available, &view->pending[i].unused, 1);
        amount_add(&k->total, &k->settings->worker, 1);
    }
}

/* Workers are asked for only where all were kept, so nothing is let go and replaced in one plan. */
void slot_allocation_reconcile(const struct reconcile_view *view, struct reconcile_plan *out)
{
    vec_clear(&out->releases);
    vec_clear(&out->pending_releases);
    struct keeping k = { .settings = view->settings };
    keep_all_busy(&k, view);
    for (uint32_t i = 0; i < view->registered_count; i++) {
        const struct reconcile_worker *worker = &view->registered[i];
        if (worker->timed_out && try_release(&k, &worker->available, &worker->total))
            vec_push(&out->releases, i);
    }
    for (uint32_t i = 0; i < view->pending_count; i++) {
        const struct reconcile_pending *worker = &view->pending[i];
        if (!worker->in_use && try_release(&k, &worker->unused, &worker->total))
            vec_push(&out->pending_releases, i);
    }
    out->new_workers = 0;
    if (!k.is_enough)
        out->new_workers = allocation_workers_lacking(view->settings, &k.available, &k.total,
                                                      &view->cluster_total);
    CHECK(out->new_workers == 0 || out->releases.count == 0);
    CHECK(out->new_workers == 0 || out->pending_releases.count == 0);
}

void reconcile_plan_fini(struct reconcile_plan *plan)
{
    vec_fini(&plan->releases);
    vec_fini(&plan->pending_releases);
}
