/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of core/graph/components.c: known graphs, random ones against reachability, and a chain
 * deeper than any call stack.
 */
#include "core/graph/components.h"

#include <check.h>
#include <signal.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/rng.h"

struct arc {
    uint32_t from, to;
};

static uint32_t find(const struct arc *list, size_t count, uint32_t nodes, uint32_t *component_of)
{
    struct arcs arcs = arcs_create(nodes);
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < count; i++)
            arcs_add(&arcs, list[i].from, list[i].to);
        arcs_end_pass(&arcs);
    }
    uint32_t found = components_find(&arcs, component_of);
    arcs_fini(&arcs);
    return found;
}

START_TEST(nodes_without_arcs_are_numbered_in_their_order)
{
    uint32_t component_of[4];
    ck_assert_uint_eq(find(NULL, 0, 4, component_of), 4);
    for (uint32_t node = 0; node < 4; node++)
        ck_assert_uint_eq(component_of[node], node);
    ck_assert_uint_eq(find(NULL, 0, 0, component_of), 0);
}
END_TEST

START_TEST(what_is_needed_comes_first)
{
    static const struct arc arcs[] = { { 0, 3 }, { 1, 2 }, { 3, 2 }, { 4, 4 } };
    static const uint32_t expected[] = { 2, 3, 0, 1, 4 };
    uint32_t component_of[5];
    ck_assert_uint_eq(find(arcs, 4, 5, component_of), 5);
    ck_assert_mem_eq(component_of, expected, sizeof expected);
}
END_TEST

START_TEST(two_rings_joined_one_way_are_two_components)
{
    static const struct arc arcs[] = { { 0, 1 }, { 1, 2 }, { 2, 0 }, { 3, 4 },
                                       { 4, 5 }, { 5, 3 }, { 1, 4 }, { 1, 4 } };
    static const uint32_t expected[] = { 1, 1, 1, 0, 0, 0 };
    uint32_t component_of[6];
    ck_assert_uint_eq(find(arcs, 8, 6, component_of), 2);
    ck_assert_mem_eq(component_of, expected, sizeof expected);
}
END_TEST

START_TEST(random_graphs_have_the_components_of_reachability)
{
    enum { N = 20, ARCS_MAX = 60 };
    struct rng rng = rng_stream(3, "components", (uint64_t)_i);
    struct arc arcs[ARCS_MAX];
    bool reach[N][N] = { 0 };
    size_t count = (size_t)rng_below(&rng, ARCS_MAX + 1);
    for (size_t i = 0; i < count; i++) {
        arcs[i].from = (uint32_t)rng_below(&rng, N);
        arcs[i].to = (uint32_t)rng_below(&rng, N);
        reach[arcs[i].from][arcs[i].to] = true;
    }
    for (int k = 0; k < N; k++)
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++)
                reach[i][j] = reach[i][j] || (reach[i][k] && reach[k][j]);
    uint32_t component_of[N];
    find(arcs, count, N, component_of);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            bool same = i == j || (reach[i][j] && reach[j][i]);
            ck_assert_int_eq(component_of[i] == component_of[j], same);
            if (reach[i][j])
                ck_assert_uint_le(component_of[j], component_of[i]);
        }
}
END_TEST

START_TEST(chains_may_be_long)
{
    enum { N = 1000000 };
    struct arcs arcs = arcs_create(N);
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t node = 0; node + 1 < N; node++)
            arcs_add(&arcs, node, node + 1);
        arcs_end_pass(&arcs);
    }
    uint32_t *component_of = mem_create_array(N, sizeof *component_of);
    ck_assert_uint_eq(components_find(&arcs, component_of), N);
    ck_assert_uint_eq(component_of[0], N - 1);
    ck_assert_uint_eq(component_of[N - 1], 0);
    mem_destroy(component_of);
    arcs_fini(&arcs);
}
END_TEST

START_TEST(looking_before_the_arcs_are_stored_is_a_fault_of_the_caller)
{
    struct arcs arcs = arcs_create(1);
    uint32_t component_of[1];
    (void)components_find(&arcs, component_of);
}
END_TEST

START_TEST(arc_to_an_unknown_node_is_a_fault_of_the_caller)
{
    struct arcs arcs = arcs_create(1);
    arcs_add(&arcs, 0, 1);
}
END_TEST

Suite *test_graph_components_suite(void)
{
    Suite *suite = suite_create("graph/components");
    TCase *tcase = tcase_create("core");
    tcase_add_test(tcase, nodes_without_arcs_are_numbered_in_their_order);
    tcase_add_test(tcase, what_is_needed_comes_first);
    tcase_add_test(tcase, two_rings_joined_one_way_are_two_components);
    tcase_add_loop_test(tcase, random_graphs_have_the_components_of_reachability, 0, 100);
    tcase_add_test(tcase, chains_may_be_long);
    tcase_add_test_raise_signal(tcase, looking_before_the_arcs_are_stored_is_a_fault_of_the_caller,
                                SIGABRT);
    tcase_add_test_raise_signal(tcase, arc_to_an_unknown_node_is_a_fault_of_the_caller, SIGABRT);
    suite_add_tcase(suite, tcase);
    return suite;
}
