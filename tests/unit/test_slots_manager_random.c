/* SPDX-License-Identifier: Apache-2.0
 *
 * Random legal histories of the slot manager: the invariant holds after every event, no check
 * leaves a job without a slot that a worker has to spare, and a copy of the cluster's books kept by
 * the "TaskManagers" agrees after each of their reports.
 */
#include <check.h>

#include "core/base/rng.h"
#include "tests/lib/slot_managers.h"

enum { NODES = 12, JOBS = 4, REAL_MAX = 64 };

static struct slot_manager_fixture f;

/* What the TaskManagers really hold: requests they took and have not freed. */
struct real_slot {
    struct slot_status status;
    bool is_told; /* they have told the manager that they took it */
};
static struct {
    bool is_up;
    struct real_slot slots[REAL_MAX];
    size_t count;
} nodes[NODES];

static void real_forget(uint32_t node, size_t place)
{
    nodes[node].slots[place] = nodes[node].slots[--nodes[node].count];
}

/* Every request reaches its TaskManager, which takes or refuses it; the answer may get lost. */
static void deliver_requests(struct rng *rng, time_ns now)
{
    for (VEC_EACH(struct slot_grant, grant, &f.plan.grants)) {
        uint32_t node = grant->node.n;
        ck_assert(nodes[node].is_up);
        uint64_t draw = rng_below(rng, 10);
        if (draw == 0) {
            slot_manager_refused(&f.manager, grant->node, grant->allocation, now);
            continue;
        }
        ck_assert_uint_lt(nodes[node].count, REAL_MAX);
        nodes[node].slots[nodes[node].count++] = (struct real_slot){
            .status = { 0, 0, grant->job, grant->allocation, grant->profile.cpu_milli,
                        grant->profile.memory_bytes },
        };
        if (draw < 8)
            slot_manager_granted(&f.manager, grant->node, grant->allocation);
    }
}

static void report(uint32_t node, time_ns now)
{
    struct slot_status slots[REAL_MAX];
    for (size_t i = 0; i < nodes[node].count; i++)
        slots[i] = nodes[node].slots[i].status;
    slot_manager_report(&f.manager, NODE(node), slots, nodes[node].count, now);
    const struct managed_worker *worker = fixture_find(&f, NODE(node));
    ck_assert_uint_eq(fixture_count(&f, node, MANAGED_SLOT_ALLOCATED), nodes[node].count);
    ck_assert_uint_eq(worker->used_count,
                      nodes[node].count + fixture_count(&f, node, MANAGED_SLOT_PENDING));
}

/* After a check: no worker that is not blocked has room for a slot that a job still lacks. */
static void check_completeness(void)
{
    for (VEC_EACH(struct job_requirements, job, &f.manager.jobs)) {
        for (VEC_EACH(struct requirement, row, &job->ledger.required.rows)) {
            if (job_ledger_missing(&job->ledger, row) == 0)
                continue;
            for (VEC_EACH(struct managed_worker, worker, &f.manager.workers)) {
                struct resource_profile slot =
                    row->profile.unknown ? profile_default_slot(&worker->spec) : row->profile;
                ck_assert(worker->blocked || !profile_fits(&worker->available, &slot));
            }
            bool is_planned = f.manager.pending_in_use > 0;
            ck_assert(job->unfulfillable || is_planned);
        }
    }
}

static void random_check(struct rng *rng, time_ns now)
{
    fixture_check(&f, now);
    deliver_requests(rng, now);
    slot_manager_check_invariant(&f.manager);
    struct slot_plan again = { 0 };
    bool was_refused = f.manager.has_changed;
    if (!was_refused) {
        check_completeness();
        slot_manager_check(&f.manager, &again, now);
        ck_assert_uint_eq(again.grants.count, 0);
        ck_assert_uint_eq(again.unfulfillable.count, 0);
    }
    slot_plan_fini(&again);
}

static void random_arrival(struct rng *rng, uint32_t node, time_ns now)
{
    struct worker_spec odd = { 3000, 8192, 3 };
    const struct worker_spec *spec = rng_below(rng, 3) ? &fixture_worker : &odd;
    if (nodes[node].is_up)
        return;
    nodes[node].is_up = slot_manager_register(&f.manager, NODE(node), spec, NULL, 0, now);
    ck_assert(nodes[node].is_up || f.config.slots_max >= 0);
}

static void random_departure(uint32_t node)
{
    if (!nodes[node].is_up)
        return;
    slot_manager_unregister(&f.manager, NODE(node));
    nodes[node].is_up = false;
    nodes[node].count = 0;
}

static void random_free(struct rng *rng, uint32_t node, time_ns now)
{
    if (nodes[node].count == 0)
        return;
    size_t place = rng_below(rng, nodes[node].count);
    struct allocation_id allocation = nodes[node].slots[place].status.allocation;
    real_forget(node, place);
    if (rng_below(rng, 4))
        ck_assert(slot_manager_freed(&f.manager, NODE(node), allocation, now));
}

static void random_require(struct rng *rng)
{
    static const int32_t cores[] = { 500, 1000, 2500, 4000, 5000 };
    struct requirements required = { 0 };
    uint32_t job = (uint32_t)rng_below(rng, JOBS);
    for (uint64_t rows = rng_below(rng, 3); rows > 0; rows--) {
        struct resource_profile profile = profile_unknown();
        if (rng_below(rng, 2)) {
            int64_t memory = rng_between(rng, 1, 4096) / 512 * 512;
            profile = (struct resource_profile){ false, cores[rng_below(rng, 5)], memory };
        }
        requirements_add(&required, &profile, (uint32_t)rng_between(rng, 1, 12));
    }
    slot_manager_require(&f.manager, JOB(job), NODE(1000 + job), &required);
    requirements_fini(&required);
}

static void random_reconcile(struct rng *rng, time_ns now)
{
    fixture_reconcile(&f, now);
    for (VEC_EACH(struct node_id, node, &f.plan.releases)) {
        const struct managed_worker *worker = fixture_find(&f, *node);
        ck_assert(worker && worker->used_count == 0);
        ck_assert_int_ge(now - worker->idle_since, f.config.tm_idle_timeout);
        if (rng_below(rng, 2))
            random_departure(node->n);
    }
}

static void random_event(struct rng *rng, time_ns now)
{
    uint32_t node = (uint32_t)rng_below(rng, NODES);
    uint64_t draw = rng_below(rng, 100);
    if (draw < 15)
        random_arrival(rng, node, now);
    else if (draw < 22)
        random_departure(node);
    else if (draw < 40)
        random_free(rng, node, now);
    else if (draw < 55)
        random_require(rng);
    else if (draw < 65 && nodes[node].is_up)
        report(node, now);
    else if (draw < 70)
        slot_manager_block(&f.manager, NODE(node), rng_below(rng, 2) != 0);
    else if (draw < 75)
        random_reconcile(rng, now);
    else if (draw < 77)
        slot_manager_clear_job(&f.manager, JOB((uint32_t)rng_below(rng, JOBS)));
    else
        random_check(rng, now);
    slot_manager_check_invariant(&f.manager);
}

START_TEST(random_histories_never_break_the_books)
{
    struct rng rng = rng_stream(6, "slot manager", (uint64_t)_i);
    f.config = config_default();
    f.config.load_balance = (enum config_choice_LOAD_BALANCE)(_i % LOAD_BALANCE_COUNT);
    if (_i % 3 == 1)
        f.config.slots_max = 20;
    f.config.redundant_tms = _i % 2;
    slot_manager_fixture_init(&f, _i % 5 != 0);
    time_ns now = 0;
    for (int step = 0; step < 1500; step++) {
        now += rng_between(&rng, 0, 5 * TIME_S);
        random_event(&rng, now);
    }
    slot_manager_fixture_fini(&f);
}
END_TEST

/* Same history, same hash: nothing else than the events counts. */
START_TEST(equal_histories_give_equal_hashes)
{
    uint64_t hashes[2];
    for (int run = 0; run < 2; run++) {
        struct rng rng = rng_stream(7, "slot manager", 0);
        memset(nodes, 0, sizeof nodes);
        f.config = config_default();
        slot_manager_fixture_init(&f, true);
        for (int step = 0; step < 1000; step++)
            random_event(&rng, step * TIME_S);
        hashes[run] = slot_manager_hash(&f.manager);
        slot_manager_fixture_fini(&f);
    }
    ck_assert(hashes[0] == hashes[1]);
}
END_TEST

Suite *test_slots_manager_random_suite(void);
Suite *test_slots_manager_random_suite(void)
{
    TCase *tcase = tcase_create("slot manager at random");
    tcase_add_loop_test(tcase, random_histories_never_break_the_books, 0, 30);
    tcase_add_test(tcase, equal_histories_give_equal_hashes);
    Suite *suite = suite_create("slots_manager_random");
    suite_add_tcase(suite, tcase);
    return suite;
}
