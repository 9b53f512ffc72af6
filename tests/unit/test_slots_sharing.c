/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of parallelism from slots and of the three ways to share them: A5, the rules of Adaptive's
 * allocator 1 to 6, exhaustively for small jobs against a reference that follows the prose, and the
 * default scheduler's strategies.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "core/base/rng.h"
#include "core/slots/slot_sharing.h"
#include "tests/lib/graphs.h"

enum { VERTICES_MAX = 8 };

static const char *const three_groups = "a 1 @x; b 1 @y; c 1 @z";

static int32_t found[VERTICES_MAX];

static bool find_parallelism(const char *text, const struct parallelism_bounds *bounds,
                             uint32_t slots)
{
    struct job_graph *job = graphs_job(text);
    memset(found, 0xee, sizeof found);
    bool result = slot_sharing_parallelism(job, bounds, slots, found);
    job_graph_destroy(job);
    return result;
}

/* A5 rules 1, 2: the largest lower bound of each group must fit. */
START_TEST(parallelism_needs_the_lower_bounds_of_all_groups)
{
    const struct parallelism_bounds bounds[] = { { 2, 4 }, { 3, 3 }, { 1, 8 } };
    ck_assert(!find_parallelism("a 1 @x; b 1 @x; c 1 @y", bounds, 3));
    ck_assert_int_eq(found[0], (int32_t)0xeeeeeeee);
    ck_assert(find_parallelism("a 1 @x; b 1 @x; c 1 @y", bounds, 4));
    ck_assert_int_eq(found[0], 3);
    ck_assert_int_eq(found[1], 3);
    ck_assert_int_eq(found[2], 1);
}
END_TEST

/* A5 rules 3, 4: what a group of small range leaves over flows to the large ones. */
START_TEST(parallelism_lets_the_leavings_of_small_groups_flow_to_large_ones)
{
    const struct parallelism_bounds bounds[] = { { 1, 100 }, { 1, 2 }, { 1, 100 } };
    ck_assert(find_parallelism(three_groups, bounds, 14));
    ck_assert_int_eq(found[1], 2);
    ck_assert_int_eq(found[0], 6);
    ck_assert_int_eq(found[2], 6);
    ck_assert(find_parallelism(three_groups, bounds, 15));
    ck_assert_int_eq(found[0], 6);
    ck_assert_int_eq(found[2], 7);
}
END_TEST

/* A5 rule 5. */
START_TEST(parallelism_never_passes_a_vertex_its_own_upper_bound)
{
    const struct parallelism_bounds bounds[] = { { 1, 2 }, { 1, 5 } };
    ck_assert(find_parallelism("a 1; b 1", bounds, 4));
    ck_assert_int_eq(found[0], 2);
    ck_assert_int_eq(found[1], 4);
    ck_assert(find_parallelism("a 1; b 1", bounds, 40));
    ck_assert_int_eq(found[1], 5);
}
END_TEST

START_TEST(required_slots_are_the_largest_bounds_of_each_group)
{
    const struct parallelism_bounds bounds[] = { { 2, 4 }, { 3, 3 }, { 1, 8 } };
    struct job_graph *job = graphs_job("a 1 @x; b 1 @x; c 1 @y");
    ck_assert_uint_eq(slot_sharing_required(job, bounds, false), 12);
    ck_assert_uint_eq(slot_sharing_required(job, bounds, true), 4);
    job_graph_destroy(job);
}
END_TEST

START_TEST(parallelism_cannot_be_asked_with_bounds_that_cross)
{
    const struct parallelism_bounds bounds[] = { { 3, 2 } };
    find_parallelism("a 1", bounds, 9);
}
END_TEST

/* The rules as the prose has them, for one vertex per group: free slots are counted anew for each
 * group in turn, the next one being the first of the smallest range. */
static void reference_parallelism(const struct parallelism_bounds *bounds, int count, int slots,
                                  int32_t *out)
{
    bool walked[VERTICES_MAX] = { false };
    int unassigned = slots;
    for (int left = count; left > 0; left--) {
        int next = -1, promised = 0;
        for (int g = 0; g < count; g++) {
            if (walked[g])
                continue;
            promised += bounds[g].lower;
            if (next < 0 ||
                bounds[g].upper - bounds[g].lower < bounds[next].upper - bounds[next].lower)
                next = g;
        }
        int share = (unassigned - promised) / left;
        int range = bounds[next].upper - bounds[next].lower;
        out[next] = bounds[next].lower + (range < share ? range : share);
        unassigned -= out[next];
        walked[next] = true;
    }
}

/* All bounds 1 <= lower <= upper <= 4 of three groups, all numbers of slots up to 13. */
START_TEST(parallelism_agrees_with_the_rules_for_all_small_jobs)
{
    struct job_graph *job = graphs_job(three_groups);
    static const struct parallelism_bounds choices[] = { { 1, 1 }, { 1, 2 }, { 1, 3 }, { 1, 4 },
                                                         { 2, 2 }, { 2, 3 }, { 2, 4 }, { 3, 3 },
                                                         { 3, 4 }, { 4, 4 } };
    for (int combination = 0; combination < 1000; combination++) {
        const struct parallelism_bounds bounds[] = { choices[combination % 10],
                                                     choices[combination / 10 % 10],
                                                     choices[combination / 100] };
        int lower = bounds[0].lower + bounds[1].lower + bounds[2].lower;
        for (int slots = 0; slots <= 13; slots++) {
            int32_t out[3], expected[3];
            bool fits = slot_sharing_parallelism(job, bounds, (uint32_t)slots, out);
            ck_assert_int_eq(fits, lower <= slots);
            if (!fits)
                continue;
            reference_parallelism(bounds, 3, slots, expected);
            for (int g = 0; g < 3; g++)
                ck_assert_int_eq(out[g], expected[g]);
        }
    }
    job_graph_destroy(job);
}
END_TEST

enum strategy { BY_SUBTASK, BALANCED, LOCAL_INPUT };

/* "group:a0+b0 ..." for every shared slot. */
static char shown[4096];

static void show(const char *text, enum strategy strategy)
{
    struct job_graph *job = graphs_job(text);
    struct execution_graph *graph = graphs_execution(job);
    struct shared_slots shared = { 0 };
    switch (strategy) {
    case BY_SUBTASK: slot_sharing_by_subtask(graph, &shared); break;
    case BALANCED: slot_sharing_balanced(graph, &shared); break;
    case LOCAL_INPUT: slot_sharing_local_input(graph, &shared); break;
    }
    size_t length = 0;
    shown[0] = '\0';
    for (VEC_EACH(struct shared_slot, slot, &shared.slots)) {
        ck_assert_uint_eq(slot->load, slot->count);
        length +=
            (size_t)snprintf(shown + length, sizeof shown - length, "%s%s:", length ? " " : "",
                             job->groups.items[slot->group.n].name);
        for (uint32_t i = 0; i < slot->count; i++) {
            const struct execution *task = &graph->tasks[shared.tasks.items[slot->first + i].n];
            length +=
                (size_t)snprintf(shown + length, sizeof shown - length, "%s%s%u", i ? "+" : "",
                                 job->vertices.items[task->vertex.n].name, task->subtask);
        }
    }
    shared_slots_fini(&shared);
    execution_graph_destroy(graph);
    job_graph_destroy(job);
}

static void shows(const char *text, enum strategy strategy, const char *expected)
{
    show(text, strategy);
    ck_assert_str_eq(shown, expected);
}

/* A5 rule 6. */
START_TEST(by_subtask_puts_subtask_i_into_slot_i_of_its_group)
{
    shows("a 3; b 2; c 1 @x", BY_SUBTASK, "default:a0+b0 default:a1+b1 default:a2 x:c0");
}
END_TEST

/* TASKS: 1 + 2 + 2 tasks over two places, not 3 + 2 at the front. */
START_TEST(balanced_deals_vertices_round_robin)
{
    shows("a 1; b 2; c 1", BALANCED, "default:a0+b0 default:b1+c0");
    shows("a 4; b 2; c 2; d 3", BALANCED,
          "default:a0+b0+d0 default:a1+b1+d1 default:a2+c0+d2 default:a3+c1");
    shows("a 2 @x; b 3 @y; c 1 @x; d 1 @x", BALANCED, "x:a0+c0 x:a1+d0 y:b0 y:b1 y:b2");
}
END_TEST

START_TEST(balanced_keeps_co_located_subtasks_together)
{
    shows("a 4; b 1; c 2 %7; d 2 %7", BALANCED,
          "default:a0+b0 default:a1+c0+d0 default:a2+c1+d1 default:a3");
    shows("a 3; b 1 %1; c 2 %1; d 1", BALANCED, "default:a0+b0+c0 default:a1+c1 default:a2+d0");
}
END_TEST

/* LocalInputPreferredSlotSharingStrategy 2: a consumer joins a producer it reads from. */
START_TEST(local_input_joins_the_producer_over_a_forward_edge)
{
    shows("a 2; b 2; c 2; a -> c forward; b -> c hash", LOCAL_INPUT,
          "default:a0+b0+c0 default:a1+b1+c1");
}
END_TEST

/* Fewer consumers than producers: each joins the first producer it reads, not slot 0, 1, ... */
START_TEST(local_input_joins_the_first_producer_of_its_range)
{
    shows("a 4; b 2; a -> b rescale", LOCAL_INPUT,
          "default:a0+b0 default:a1 default:a2+b1 default:a3");
}
END_TEST

/* More consumers than producers: one of each producer's consumers joins it; the others take the
 * next place with room. */
START_TEST(local_input_gives_a_producer_to_one_of_its_consumers)
{
    shows("a 2; b 4; a -> b rescale", LOCAL_INPUT,
          "default:a0+b0 default:a1+b2 default:b1 default:b3");
}
END_TEST

START_TEST(local_input_spreads_consumers_of_everybody_over_the_producers)
{
    shows("a 3; b 2; a -> b hash", LOCAL_INPUT, "default:a0+b0 default:a1+b1 default:a2");
}
END_TEST

/* ... wherever these are: b sits in places 0 and 2. */
START_TEST(local_input_follows_the_producers_to_their_places)
{
    shows("a 4; b 2; c 2; a -> b rescale; b -> c hash", LOCAL_INPUT,
          "default:a0+b0+c0 default:a1 default:a2+b1+c1 default:a3");
}
END_TEST

/* Forward-like inputs first: b's places are b's own, although a comes first among the inputs. */
START_TEST(local_input_prefers_a_pointwise_input)
{
    shows("a 3; b 1 %1; c 1; x 2; b -> x rescale; a -> x hash", LOCAL_INPUT,
          "default:a0+b0+c0+x0 default:a1+x1 default:a2");
    shows("p 4; b 2; c 2; p -> b rescale; p -> c hash; b -> c forward", LOCAL_INPUT,
          "default:p0+b0+c0 default:p1 default:p2+b1+c1 default:p3");
}
END_TEST

START_TEST(local_input_keeps_co_located_subtasks_together)
{
    shows("p 4; b 2 %1; c 2 %1; p -> b rescale; p -> c hash", LOCAL_INPUT,
          "default:p0+b0+c0 default:p1 default:p2+b1+c1 default:p3");
}
END_TEST

START_TEST(local_input_does_not_look_across_slot_sharing_groups)
{
    shows("a 2; b 2 @x; a -> b forward", LOCAL_INPUT, "default:a0 default:a1 x:b0 x:b1");
}
END_TEST

/* What must hold for any job: every task in exactly one slot of its group, no slot with two
 * subtasks of a vertex, and as few slots as the largest vertex has subtasks. Balanced without
 * co-location: places of a group differ by one task at most. */
static void check_shared(const struct execution_graph *graph, const struct shared_slots *shared,
                         bool is_even)
{
    const struct job_graph *job = graph->job;
    uint32_t largest[4] = { 0 }, slots[4] = { 0 }, most[4] = { 0 };
    uint32_t least[4] = { UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX };
    bool *is_placed = mem_create_array(graph->task_count, sizeof *is_placed);
    for (size_t v = 0; v < job->vertices.count; v++) {
        uint32_t g = job->vertices.items[v].group.n;
        if (largest[g] < graph->vertices[v].parallelism)
            largest[g] = graph->vertices[v].parallelism;
    }
    for (VEC_EACH(struct shared_slot, slot, &shared->slots)) {
        uint64_t vertices = 0;
        uint32_t g = slot->group.n;
        slots[g]++;
        most[g] = most[g] < slot->count ? slot->count : most[g];
        least[g] = least[g] > slot->count ? slot->count : least[g];
        for (uint32_t i = 0; i < slot->count; i++) {
            struct task_id task = shared->tasks.items[slot->first + i];
            uint32_t vertex = graph->tasks[task.n].vertex.n;
            ck_assert(!is_placed[task.n]);
            is_placed[task.n] = true;
            ck_assert_uint_eq(job->vertices.items[vertex].group.n, g);
            ck_assert_uint_eq(vertices >> vertex & 1, 0);
            vertices |= (uint64_t)1 << vertex;
        }
        ck_assert_uint_ge(slot->count, 1);
    }
    ck_assert_uint_eq(shared->tasks.count, graph->task_count);
    for (size_t g = 0; g < job->groups.count; g++) {
        ck_assert_uint_eq(slots[g], largest[g]);
        ck_assert(!is_even || slots[g] == 0 || most[g] - least[g] <= 1);
    }
    mem_destroy(is_placed);
}

/* Same-numbered subtasks of co-located vertices are in one slot. */
static void check_colocated(const struct execution_graph *graph, const struct shared_slots *shared)
{
    uint32_t slot_of[2][16];
    memset(slot_of, 0xff, sizeof slot_of);
    for (uint32_t s = 0; s < shared->slots.count; s++) {
        const struct shared_slot *slot = &shared->slots.items[s];
        for (uint32_t i = 0; i < slot->count; i++) {
            const struct execution *task = &graph->tasks[shared->tasks.items[slot->first + i].n];
            uint32_t number = graph->job->vertices.items[task->vertex.n].colocation;
            if (number == ID_NONE)
                continue;
            uint32_t *known = &slot_of[number][task->subtask];
            ck_assert(*known == UINT32_MAX || *known == s);
            *known = s;
        }
    }
}

/* Up to 7 vertices in 2 groups; co-located ones have the group of their number. */
static void random_job(struct rng *rng, bool colocates, char *text, size_t size)
{
    static const char *const partitioners[] = { "rescale", "hash", "rebalance" };
    int count = (int)rng_between(rng, 1, 7);
    size_t length = 0;
    for (int v = 0; v < count; v++) {
        unsigned group = (unsigned)rng_below(rng, 2);
        length += (size_t)snprintf(text + length, size - length, "%sv%d %d @g%u", v ? "; " : "", v,
                                   (int)rng_between(rng, 1, 12), group);
        if (colocates && rng_below(rng, 2))
            length += (size_t)snprintf(text + length, size - length, " %%%u", group);
    }
    for (int v = 1; v < count; v++)
        for (int p = 0; p < v; p++)
            if (rng_below(rng, 3) == 0)
                length += (size_t)snprintf(text + length, size - length, "; v%d -> v%d %s", p, v,
                                           partitioners[rng_below(rng, 3)]);
}

START_TEST(sharing_keeps_its_promises_for_random_jobs)
{
    struct rng rng = rng_stream(2, "sharing", (uint64_t)_i);
    for (int round = 0; round < 100; round++) {
        bool colocates = rng_below(&rng, 2) != 0;
        char text[2048];
        random_job(&rng, colocates, text, sizeof text);
        struct job_graph *job = graphs_job(text);
        struct execution_graph *graph = graphs_execution(job);
        struct shared_slots shared = { 0 };
        slot_sharing_by_subtask(graph, &shared);
        check_shared(graph, &shared, false);
        slot_sharing_balanced(graph, &shared);
        check_shared(graph, &shared, !colocates);
        check_colocated(graph, &shared);
        slot_sharing_local_input(graph, &shared);
        check_shared(graph, &shared, false);
        check_colocated(graph, &shared);
        shared_slots_fini(&shared);
        execution_graph_destroy(graph);
        job_graph_destroy(job);
    }
}
END_TEST

Suite *test_slots_sharing_suite(void);
Suite *test_slots_sharing_suite(void)
{
    TCase *tcase = tcase_create("slot sharing");
    tcase_add_test(tcase, parallelism_needs_the_lower_bounds_of_all_groups);
    tcase_add_test(tcase, parallelism_lets_the_leavings_of_small_groups_flow_to_large_ones);
    tcase_add_test(tcase, parallelism_never_passes_a_vertex_its_own_upper_bound);
    tcase_add_test(tcase, required_slots_are_the_largest_bounds_of_each_group);
    tcase_add_test_raise_signal(tcase, parallelism_cannot_be_asked_with_bounds_that_cross, SIGABRT);
    tcase_add_test(tcase, parallelism_agrees_with_the_rules_for_all_small_jobs);
    tcase_add_test(tcase, by_subtask_puts_subtask_i_into_slot_i_of_its_group);
    tcase_add_test(tcase, balanced_deals_vertices_round_robin);
    tcase_add_test(tcase, balanced_keeps_co_located_subtasks_together);
    tcase_add_test(tcase, local_input_joins_the_producer_over_a_forward_edge);
    tcase_add_test(tcase, local_input_joins_the_first_producer_of_its_range);
    tcase_add_test(tcase, local_input_gives_a_producer_to_one_of_its_consumers);
    tcase_add_test(tcase, local_input_spreads_consumers_of_everybody_over_the_producers);
    tcase_add_test(tcase, local_input_follows_the_producers_to_their_places);
    tcase_add_test(tcase, local_input_prefers_a_pointwise_input);
    tcase_add_test(tcase, local_input_keeps_co_located_subtasks_together);
    tcase_add_test(tcase, local_input_does_not_look_across_slot_sharing_groups);
    tcase_add_loop_test(tcase, sharing_keeps_its_promises_for_random_jobs, 0, 10);
    Suite *suite = suite_create("slots_sharing");
    suite_add_tcase(suite, tcase);
    return suite;
}
