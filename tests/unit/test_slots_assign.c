/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of which slot each shared slot gets: A5, rules 7 and 8 of Adaptive's allocator, with dull
 * references that search everything anew for each slot.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "core/base/rng.h"
#include "core/slots/slot_sharing.h"
#include "tests/lib/graphs.h"
#include "tests/lib/pools.h"

enum { SLOTS_MAX = 64 };

static struct slot_pool pool;
static struct allocation_id assigned[SLOTS_MAX];

/* Shared slots of these loads, without tasks. */
static struct shared_slots loads_of(const uint64_t *loads, size_t count)
{
    struct shared_slots shared = { 0 };
    for (size_t i = 0; i < count; i++)
        vec_push(&shared.slots, (struct shared_slot){ .load = loads ? loads[i] : 1 });
    return shared;
}

static bool assign(const struct shared_slots *shared, enum config_choice_LOAD_BALANCE balance,
                   bool minimal)
{
    struct assignment_settings settings = { .balance = balance, .minimal_task_managers = minimal };
    return slot_sharing_assign(NULL, shared, &pool, &settings, assigned);
}

/* The allocations that `count` shared slots of load 1 (or `loads`) get, in words. */
static void assigns(const char *slots, const uint64_t *loads, size_t count,
                    enum config_choice_LOAD_BALANCE balance, bool minimal, const char *expected)
{
    char text[512] = "";
    size_t length = 0;
    pools_fill(&pool, slots);
    struct shared_slots shared = loads_of(loads, count);
    ck_assert(assign(&shared, balance, minimal));
    for (size_t i = 0; i < count; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%u", i ? " " : "",
                                   assigned[i].n);
    ck_assert_str_eq(text, expected);
    shared_slots_fini(&shared);
    slot_pool_fini(&pool);
}

/* Rule 7: NONE and MIN_RESOURCES take the slots in order. */
START_TEST(assignment_without_balance_follows_the_order_of_acceptance)
{
    assigns("1:2 2:2", NULL, 3, LOAD_BALANCE_NONE, false, "0 1 2");
    assigns("1:2 2:2", NULL, 3, LOAD_BALANCE_MIN_RESOURCES, false, "0 1 2");
}
END_TEST

/* Rule 7: SLOTS, the least utilised TaskManager first; 1 of 4 is less than 1 of 2. */
START_TEST(assignment_by_slots_evens_out_utilisation)
{
    assigns("1:2 2:2", NULL, 4, LOAD_BALANCE_SLOTS, false, "0 2 1 3");
    assigns("1:2 2:4", NULL, 5, LOAD_BALANCE_SLOTS, false, "0 2 3 1 4");
}
END_TEST

/* Rule 7: TASKS, the heaviest shared slot first onto the least loaded TaskManager. */
START_TEST(assignment_by_tasks_starts_with_the_heaviest)
{
    const uint64_t loads[] = { 1, 3, 2, 1 };
    assigns("1:2 2:2", loads, 4, LOAD_BALANCE_TASKS, false, "3 0 2 1");
    assigns("1:4 2:4", loads, 4, LOAD_BALANCE_TASKS, false, "5 0 4 1");
}
END_TEST

/* Rule 8: TaskManagers with the most free slots first, until enough; ties by order. */
START_TEST(assignment_can_prefer_few_task_managers)
{
    assigns("1:1 2:3 3:2", NULL, 3, LOAD_BALANCE_NONE, true, "1 2 3");
    assigns("1:1 2:3 3:2", NULL, 4, LOAD_BALANCE_NONE, true, "1 2 3 4");
    assigns("1:2 2:2", NULL, 1, LOAD_BALANCE_NONE, true, "0");
    assigns("1:1 2:3 3:2", NULL, 2, LOAD_BALANCE_NONE, false, "0 1");
}
END_TEST

/* Rule 8: only when there are more free slots than needed; else the order stays. */
START_TEST(assignment_with_no_slot_to_spare_keeps_the_order)
{
    assigns("1:1 2:3", NULL, 4, LOAD_BALANCE_NONE, true, "0 1 2 3");
}
END_TEST

/* DefaultSlotAssigner narrows first and balances what is left. */
START_TEST(assignment_narrows_before_it_balances)
{
    assigns("1:1 2:3 3:2 4:3", NULL, 4, LOAD_BALANCE_SLOTS, true, "1 6 2 7");
}
END_TEST

START_TEST(assignment_leaves_reserved_slots_alone)
{
    pools_fill(&pool, "1:3");
    struct shared_slots shared = loads_of(NULL, 2);
    ck_assert(!err_is(slot_pool_reserve(&pool, (struct allocation_id){ 0 })));
    ck_assert(assign(&shared, LOAD_BALANCE_NONE, false));
    ck_assert_uint_eq(assigned[0].n, 1);
    ck_assert_uint_eq(assigned[1].n, 2);
    ck_assert(!err_is(slot_pool_reserve(&pool, (struct allocation_id){ 1 })));
    assigned[0].n = 77;
    ck_assert(!assign(&shared, LOAD_BALANCE_NONE, false));
    ck_assert_uint_eq(assigned[0].n, 77);
    shared_slots_fini(&shared);
    slot_pool_fini(&pool);
}
END_TEST

START_TEST(assignment_of_nothing_succeeds)
{
    pools_fill(&pool, "");
    struct shared_slots shared = { 0 };
    for (int balance = 0; balance < LOAD_BALANCE_COUNT; balance++)
        ck_assert(assign(&shared, (enum config_choice_LOAD_BALANCE)balance, true));
    slot_pool_fini(&pool);
}
END_TEST

/* The reference for SLOTS and TASKS: for each shared slot in turn, all slots are searched for one
 * of the least busy node; among equal nodes the one with the earliest free slot. */
static uint32_t reference_take(bool *taken, uint64_t *busy, const uint32_t *free_of_node,
                               uint64_t weight, bool by_slots)
{
    uint32_t best = UINT32_MAX;
    for (uint32_t i = 0; i < pool.slots.count; i++) {
        if (taken[i])
            continue;
        uint32_t node = pool.slots.items[i].node.n;
        if (best == UINT32_MAX) {
            best = i;
            continue;
        }
        uint32_t other = pool.slots.items[best].node.n;
        uint64_t scale = by_slots ? free_of_node[node] : 1;
        uint64_t other_scale = by_slots ? free_of_node[other] : 1;
        if (busy[node] * other_scale < busy[other] * scale)
            best = i;
    }
    taken[best] = true;
    busy[pool.slots.items[best].node.n] += weight;
    return best;
}

/* Slots node by node, so that "the earliest free slot" means the same throughout. */
static void random_pool(struct rng *rng, uint32_t *free_of_node)
{
    char text[256] = "";
    size_t length = 0;
    for (uint32_t node = 0; node < 6; node++) {
        free_of_node[node] = (uint32_t)rng_below(rng, 5);
        length += (size_t)snprintf(text + length, sizeof text - length, "%u:%u ", node,
                                   free_of_node[node]);
    }
    pools_fill(&pool, text);
}

START_TEST(assignment_agrees_with_the_dull_reference)
{
    struct rng rng = rng_stream(3, "assign", (uint64_t)_i);
    for (int round = 0; round < 200; round++) {
        uint32_t free_of_node[6];
        uint64_t loads[SLOTS_MAX], busy[6] = { 0 };
        bool taken[SLOTS_MAX] = { false }, by_slots = rng_below(&rng, 2) != 0;
        random_pool(&rng, free_of_node);
        size_t count = (size_t)rng_between(&rng, 0, (int64_t)pool.slots.count);
        for (size_t i = 0; i < count; i++)
            loads[i] = rng_below(&rng, 4) + 1;
        struct shared_slots shared = loads_of(loads, count);
        ck_assert(assign(&shared, by_slots ? LOAD_BALANCE_SLOTS : LOAD_BALANCE_TASKS, false));
        for (uint64_t load = by_slots ? 0 : 4; count > 0 && load <= 4; load--) {
            for (size_t i = 0; i < count; i++) {
                if (!by_slots && loads[i] != load)
                    continue;
                uint64_t weight = by_slots ? 1 : loads[i];
                ck_assert_uint_eq(assigned[i].n,
                                  reference_take(taken, busy, free_of_node, weight, by_slots));
            }
        }
        shared_slots_fini(&shared);
        slot_pool_fini(&pool);
    }
}
END_TEST

/* State locality, rule 7's second half. */
static struct job_graph *job;
static struct execution_graph *graph;
static struct shared_slots sharing;

static void setup_state(const char *text)
{
    job = graphs_job(text);
    graph = graphs_execution(job);
    slot_sharing_by_subtask(graph, &sharing);
}

static void teardown_state(void)
{
    shared_slots_fini(&sharing);
    execution_graph_destroy(graph);
    job_graph_destroy(job);
    slot_pool_fini(&pool);
}

static bool assign_local(const struct previous_state *previous, size_t count)
{
    struct assignment_settings settings = { .balance = LOAD_BALANCE_SLOTS,
                                            .minimal_task_managers = true,
                                            .previous = previous,
                                            .previous_count = count };
    return slot_sharing_assign(graph, &sharing, &pool, &settings, assigned);
}

static struct previous_state state_of(uint32_t allocation, uint32_t vertex, int32_t first,
                                      int32_t last, int64_t bytes)
{
    return (struct previous_state){
        .allocation = { allocation }, .vertex = { vertex }, .range = { first, last }, .bytes = bytes
    };
}

START_TEST(locality_sends_each_subtask_to_where_most_of_its_state_is)
{
    const struct previous_state previous[] = {
        state_of(2, 0, 0, 63, 6400),
        state_of(0, 0, 64, 127, 6400),
    };
    setup_state("a 2 /128");
    pools_fill(&pool, "1:1 2:1 3:1");
    ck_assert(assign_local(previous, 2));
    ck_assert_uint_eq(assigned[0].n, 2);
    ck_assert_uint_eq(assigned[1].n, 0);
    teardown_state();
}
END_TEST

/* Three subtasks [0,42] [43,85] [86,127] over two old halves: the middle one shares 21 groups with
 * the first half and 22 with the second, but both slots go to the outer ones. */
START_TEST(locality_gives_a_slot_to_the_largest_overlap_only)
{
    const struct previous_state previous[] = {
        state_of(1, 0, 0, 63, 6400),
        state_of(2, 0, 64, 127, 6400),
    };
    setup_state("a 3 /128");
    pools_fill(&pool, "1:1 2:1 3:1");
    ck_assert(assign_local(previous, 2));
    ck_assert_uint_eq(assigned[0].n, 1);
    ck_assert_uint_eq(assigned[1].n, 0);
    ck_assert_uint_eq(assigned[2].n, 2);
    teardown_state();
}
END_TEST

/* Scores of all vertices of a shared slot add up: 64 groups of 10 bytes beat 64 of 1. */
START_TEST(locality_adds_up_the_vertices_of_a_shared_slot)
{
    const struct previous_state previous[] = {
        state_of(0, 0, 0, 127, 128),
        state_of(1, 1, 0, 127, 1280),
        state_of(1, 0, 0, 127, 1),
    };
    setup_state("a 1 /128; b 1 /128");
    pools_fill(&pool, "1:2");
    ck_assert(assign_local(previous, 3));
    ck_assert_uint_eq(assigned[0].n, 1);
    teardown_state();
}
END_TEST

/* Equal scores: by allocation, then by shared slot; no bytes known: any overlap counts 1. */
START_TEST(locality_breaks_ties_by_allocation_then_by_shared_slot)
{
    const struct previous_state previous[] = {
        state_of(2, 0, 0, 127, 0),
        state_of(1, 0, 0, 127, 0),
    };
    setup_state("a 2 /128");
    pools_fill(&pool, "1:3");
    ck_assert(assign_local(previous, 2));
    ck_assert_uint_eq(assigned[0].n, 1);
    ck_assert_uint_eq(assigned[1].n, 2);
    teardown_state();
}
END_TEST

START_TEST(locality_forgets_slots_that_are_gone_and_empty_ranges)
{
    const struct previous_state previous[] = {
        state_of(9, 0, 0, 127, 1000),
        state_of(1, 0, 5, 4, 1000),
        state_of(0, 0, 0, 127, 1000),
    };
    setup_state("a 2 /128");
    pools_fill(&pool, "1:3");
    ck_assert(!err_is(slot_pool_reserve(&pool, (struct allocation_id){ 0 })));
    ck_assert(assign_local(previous, 3));
    ck_assert_uint_eq(assigned[0].n, 1);
    ck_assert_uint_eq(assigned[1].n, 2);
    ck_assert(!err_is(slot_pool_reserve(&pool, (struct allocation_id){ 1 })));
    ck_assert(!assign_local(previous, 3));
    teardown_state();
}
END_TEST

/* The reference: the matrix of all scores, searched for its largest entry again and again. */
static uint64_t reference_score(uint32_t shared, uint32_t allocation,
                                const struct previous_state *previous, size_t count)
{
    uint64_t score = 0;
    const struct shared_slot *slot = &sharing.slots.items[shared];
    for (uint32_t t = 0; t < slot->count; t++) {
        const struct execution *task = &graph->tasks[sharing.tasks.items[slot->first + t].n];
        const struct execution_vertex_range *vertex = &graph->vertices[task->vertex.n];
        struct key_group_range range = key_group_range_of(
            (int32_t)task->subtask, (int32_t)vertex->parallelism, vertex->max_parallelism);
        for (size_t i = 0; i < count; i++) {
            const struct previous_state *state = &previous[i];
            int64_t groups = state->range.last - state->range.first + 1, overlap = 0;
            if (state->allocation.n != allocation || state->vertex.n != task->vertex.n)
                continue;
            for (int32_t g = state->range.first; g <= state->range.last; g++)
                overlap += g >= range.first && g <= range.last;
            if (overlap > 0)
                score +=
                    state->bytes == 0
                        ? 1
                        : (uint64_t)(overlap * (state->bytes /
                                                (state->bytes < groups ? state->bytes : groups)));
        }
    }
    return score;
}

static void reference_locality(const struct previous_state *previous, size_t count,
                               uint32_t *expected)
{
    bool taken[SLOTS_MAX] = { false };
    uint32_t shared_count = (uint32_t)sharing.slots.count;
    for (uint32_t s = 0; s < shared_count; s++)
        expected[s] = UINT32_MAX;
    for (;;) {
        uint64_t best = 0;
        uint32_t best_shared = 0, best_slot = 0;
        for (uint32_t a = 0; a < pool.slots.count; a++)
            for (uint32_t s = 0; s < shared_count; s++)
                if (!taken[a] && expected[s] == UINT32_MAX &&
                    reference_score(s, a, previous, count) > best) {
                    best = reference_score(s, a, previous, count);
                    best_shared = s;
                    best_slot = a;
                }
        if (best == 0)
            break;
        taken[best_slot] = true;
        expected[best_shared] = best_slot;
    }
    for (uint32_t s = 0, a = 0; s < shared_count; s++) {
        if (expected[s] != UINT32_MAX)
            continue;
        while (taken[a])
            a++;
        expected[s] = a++;
    }
}

/* Old ranges need not be disjoint: states of several attempts may be known. */
START_TEST(locality_agrees_with_the_dull_reference)
{
    struct rng rng = rng_stream(4, "locality", (uint64_t)_i);
    for (int round = 0; round < 20; round++) {
        struct previous_state previous[20];
        uint32_t expected[SLOTS_MAX];
        char text[128];
        int a = (int)rng_between(&rng, 1, 5), b = (int)rng_between(&rng, 1, 5);
        int c = (int)rng_between(&rng, 1, 3);
        snprintf(text, sizeof text, "a %d /32; b %d /40; c %d /16 @x", a, b, c);
        setup_state(text);
        pools_fill(&pool, "1:5 2:5");
        size_t count = (size_t)rng_between(&rng, 1, 20);
        for (size_t i = 0; i < count; i++) {
            int32_t first = (int32_t)rng_below(&rng, 32);
            int32_t last = first + (int32_t)rng_between(&rng, -1, 12);
            uint32_t allocation = (uint32_t)rng_below(&rng, 12),
                     vertex = (uint32_t)rng_below(&rng, 3);
            previous[i] = state_of(allocation, vertex, first, last,
                                   rng_below(&rng, 3) ? rng_between(&rng, 0, 300) : 0);
        }
        ck_assert(assign_local(previous, count));
        reference_locality(previous, count, expected);
        for (uint32_t s = 0; s < sharing.slots.count; s++)
            ck_assert_uint_eq(assigned[s].n, expected[s]);
        teardown_state();
    }
}
END_TEST

Suite *test_slots_assign_suite(void);
Suite *test_slots_assign_suite(void)
{
    TCase *tcase = tcase_create("assignment");
    tcase_add_test(tcase, assignment_without_balance_follows_the_order_of_acceptance);
    tcase_add_test(tcase, assignment_by_slots_evens_out_utilisation);
    tcase_add_test(tcase, assignment_by_tasks_starts_with_the_heaviest);
    tcase_add_test(tcase, assignment_can_prefer_few_task_managers);
    tcase_add_test(tcase, assignment_with_no_slot_to_spare_keeps_the_order);
    tcase_add_test(tcase, assignment_narrows_before_it_balances);
    tcase_add_test(tcase, assignment_leaves_reserved_slots_alone);
    tcase_add_test(tcase, assignment_of_nothing_succeeds);
    tcase_add_loop_test(tcase, assignment_agrees_with_the_dull_reference, 0, 10);
    tcase_add_test(tcase, locality_sends_each_subtask_to_where_most_of_its_state_is);
    tcase_add_test(tcase, locality_gives_a_slot_to_the_largest_overlap_only);
    tcase_add_test(tcase, locality_adds_up_the_vertices_of_a_shared_slot);
    tcase_add_test(tcase, locality_breaks_ties_by_allocation_then_by_shared_slot);
    tcase_add_test(tcase, locality_forgets_slots_that_are_gone_and_empty_ranges);
    tcase_add_loop_test(tcase, locality_agrees_with_the_dull_reference, 0, 10);
    Suite *suite = suite_create("slots_assign");
    suite_add_tcase(suite, tcase);
    return suite;
}
