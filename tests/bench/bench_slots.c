/* SPDX-License-Identifier: Apache-2.0
 *
 * Slots: how the cost of each operation grows when the number of slots or TaskManagers doubles, and
 * a reactive job that wants 128 slots of each of 1,000 TaskManagers which come and go for a day.
 */
#include "core/slots/slot_manager.h"
#include "core/slots/slot_sharing.h"
#include "tests/bench/bench.h"

enum { NODE_SLOTS = 8, SLOTS = 1 << 14, MANAGERS = 1 << 10, DAY_EVENTS = 4800 };

static void fill_pool(struct slot_pool *pool, uint64_t slots)
{
    struct requirements required = { 0 };
    struct resource_profile any = profile_unknown();
    requirements_add(&required, &any, (uint32_t)slots);
    slot_pool_init(pool);
    slot_pool_require(pool, &required);
    requirements_fini(&required);
    for (uint32_t i = 0; i < slots; i++) {
        struct slot_offer offer = { { i }, 0, 1000, 1024 };
        slot_pool_offer(pool, (struct node_id){ i / NODE_SLOTS }, &offer, 0);
    }
}

/* Every TaskManager is lost once and its slots come back. */
static void churn_pool(void *context, uint64_t n)
{
    (void)context;
    struct slot_pool pool;
    struct slot_pool_list lost = { 0 };
    fill_pool(&pool, n);
    for (uint32_t node = 0; node < n / NODE_SLOTS; node++) {
        slot_pool_release_node(&pool, (struct node_id){ node }, &lost);
        for (VEC_EACH(struct pool_slot, slot, &lost.slots)) {
            struct slot_offer offer = { slot->allocation, 0, 1000, 1024 };
            slot_pool_offer(&pool, (struct node_id){ node }, &offer, 1);
        }
    }
    bench_keep(pool.slots.count);
    vec_fini(&lost.slots);
    slot_pool_fini(&pool);
}

/* A job of four vertices, one of them half as wide, on n slots. */
struct sharing {
    struct job_graph *job;
    struct execution_graph *graph;
    struct shared_slots shared;
};

static void must(struct err result)
{
    CHECK(!err_is(result));
}

static void sharing_init(struct sharing *s, uint64_t n)
{
    static const struct {
        uint32_t from, to;
        enum partitioner partitioner;
    } edges[] = { { 0, 1, PARTITION_HASH }, { 1, 2, PARTITION_RESCALE }, { 2, 3, PARTITION_HASH } };
    struct config config = config_default();
    struct resource_profile any = profile_unknown();
    int32_t parallelism[4], most[4];
    struct vertex_id vertex;
    s->job = job_graph_create("bench", (struct job_id){ 0 }, &config);
    struct group_id group = job_graph_group(s->job, "default", &any);
    for (int v = 0; v < 4; v++) {
        char name[] = { (char)('a' + v), 0 };
        parallelism[v] = (int32_t)(v < 2 ? n : n / 2);
        most[v] = MAX_PARALLELISM_LIMIT;
        must(job_graph_add_vertex(s->job, name, parallelism[v], most[v], group, &vertex, NULL));
        s->job->vertices.items[v].colocation = v < 2 ? ID_NONE : 1;
    }
    for (size_t e = 0; e < sizeof edges / sizeof *edges; e++)
        must(job_graph_add_edge(s->job, (struct vertex_id){ edges[e].from },
                                (struct vertex_id){ edges[e].to }, edges[e].partitioner,
                                RESULT_PIPELINED_BOUNDED, NULL));
    must(job_graph_finish(s->job, NULL, NULL));
    s->graph = execution_graph_create(s->job, parallelism, most, NULL, 0);
    s->shared = (struct shared_slots){ .slots = { 0 } };
}

static void sharing_fini(struct sharing *s)
{
    bench_keep(s->shared.slots.count);
    shared_slots_fini(&s->shared);
    execution_graph_destroy(s->graph);
    job_graph_destroy(s->job);
}

static void share(void *strategy, uint64_t n)
{
    struct sharing s;
    void (*const *share_by)(const struct execution_graph *, struct shared_slots *) = strategy;
    sharing_init(&s, n);
    (*share_by)(s.graph, &s.shared);
    sharing_fini(&s);
}

static void assign(void *context, uint64_t n)
{
    struct sharing s;
    struct slot_pool pool;
    sharing_init(&s, n);
    fill_pool(&pool, n + n / 4);
    slot_sharing_by_subtask(s.graph, &s.shared);
    struct allocation_id *assigned = mem_create_array(n, sizeof *assigned);
    slot_sharing_assign(s.graph, &s.shared, &pool, context, assigned);
    bench_keep(assigned[n - 1].n);
    mem_destroy(assigned);
    slot_pool_fini(&pool);
    sharing_fini(&s);
}

/* Every vertex had n / 2 subtasks before, on the first allocations, backwards. */
static void assign_local(void *context, uint64_t n)
{
    (void)context;
    uint32_t before = (uint32_t)n / 2, count = 0;
    struct previous_state *previous = mem_create_array(before * 4, sizeof *previous);
    for (uint32_t v = 0; v < 4; v++)
        for (uint32_t i = 0; i < before; i++)
            previous[count++] =
                (struct previous_state){ { before - i },
                                         { v },
                                         key_group_range_of((int32_t)i, (int32_t)before, 32768),
                                         1000 + i };
    struct assignment_settings settings = { .previous = previous, .previous_count = count };
    assign(&settings, n);
    mem_destroy(previous);
}

static void replace_worker(struct slot_manager *manager, struct slot_plan *plan, uint32_t leaves,
                           uint32_t joins)
{
    const struct worker_spec spec = { 8000, (int64_t)8 << 30, NODE_SLOTS };
    slot_manager_unregister(manager, (struct node_id){ leaves });
    slot_manager_check(manager, plan, 0);
    slot_manager_register(manager, (struct node_id){ joins }, &spec, NULL, 0, 0);
    slot_manager_check(manager, plan, 0);
    for (VEC_EACH(struct slot_grant, grant, &plan->grants))
        slot_manager_granted(manager, grant->node, grant->allocation);
    bench_keep(plan->grants.count);
}

/* `managers` TaskManagers under one job that wants far more than there is; `events` replacements
 * with a check after each half. */
static void churn_manager(uint32_t managers, uint32_t events)
{
    static struct config config;
    const struct worker_spec none = { 0 };
    struct slot_manager manager;
    struct slot_plan plan = { 0 };
    struct requirements required = { 0 };
    struct resource_profile any = profile_unknown();
    config = config_default();
    requirements_add(&required, &any, 128 * managers);
    slot_manager_init(&manager, &config, &none);
    slot_manager_require(&manager, (struct job_id){ 0 }, (struct node_id){ 0 }, &required);
    for (uint32_t node = 0; node < managers; node++)
        replace_worker(&manager, &plan, UINT32_MAX - 1, node);
    for (uint32_t event = 0; event < events; event++)
        replace_worker(&manager, &plan, event, managers + event);
    requirements_fini(&required);
    slot_plan_fini(&plan);
    slot_manager_fini(&manager);
}

static void churn_once(void *context, uint64_t n)
{
    (void)context;
    churn_manager((uint32_t)n, (uint32_t)n);
}

static void churn_for_a_day(void *context, uint64_t n)
{
    (void)context;
    churn_manager(1000, (uint32_t)n);
}

int main(void)
{
    void (*strategies[])(const struct execution_graph *,
                         struct shared_slots *) = { slot_sharing_by_subtask, slot_sharing_balanced,
                                                    slot_sharing_local_input };
    struct assignment_settings by_slots = { .balance = LOAD_BALANCE_SLOTS };
    struct assignment_settings by_tasks = { .balance = LOAD_BALANCE_TASKS };
    struct assignment_settings minimal = { .minimal_task_managers = true };
    bench_growth("slot pool: lose and regain n slots", churn_pool, NULL, SLOTS);
    bench_growth("sharing by subtask, n slots", share, &strategies[0], SLOTS / 2);
    bench_growth("sharing balanced, n slots (n log n)", share, &strategies[1], SLOTS / 2);
    bench_growth("sharing by local input, n slots", share, &strategies[2], SLOTS / 2);
    bench_growth("assign by slots, n slots (n log n)", assign, &by_slots, SLOTS / 2);
    bench_growth("assign by tasks, n slots (n log n)", assign, &by_tasks, SLOTS / 2);
    bench_growth("assign to few TaskManagers, n slots", assign, &minimal, SLOTS / 2);
    bench_growth("assign by locality, n slots (n log n)", assign_local, NULL, SLOTS / 2);
    bench_growth("slot manager: replace n of n TaskManagers", churn_once, NULL, MANAGERS);
    bench_limit("slot manager: a day of 1,000 TaskManagers", churn_for_a_day, NULL, DAY_EVENTS, 1);
    return 0;
}
