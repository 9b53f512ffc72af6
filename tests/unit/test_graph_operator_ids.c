/* SPDX-License-Identifier: Apache-2.0
 *
 * Ids of operators: by name where they bring none, never twice, found in the vertex that they are
 * chained into.
 */
#include <check.h>

#include "core/graph/operator_ids.h"
#include "tests/lib/graphs.h"

static uint64_t id_of(const struct job_graph *job, const char *vertex, uint32_t place)
{
    return job->vertices.items[graphs_vertex(job, vertex).n].operators.items[place].id;
}

static void must_be_in(const struct job_graph *job, uint64_t id, const char *vertex)
{
    ck_assert_uint_eq(operator_ids_find(job, id).n, graphs_vertex(job, vertex).n);
}

/* Vertices are numbered anew meanwhile. */
START_TEST(an_operator_is_known_by_its_name_in_whatever_vertex)
{
    struct job_graph *one = graphs_job("sink 1; source 1 &map &filter; source -> sink forward");
    struct job_graph *other = graphs_job("map 1 &filter; source 1 &sink; source -> map hash");
    must_be_in(other, id_of(one, "source", 0), "source");
    must_be_in(other, id_of(one, "source", 1), "map");
    must_be_in(other, id_of(one, "source", 2), "map");
    must_be_in(other, id_of(one, "sink", 0), "source");
    must_be_in(one, id_of(other, "source", 1), "sink");
    ck_assert(vertex_id_is_none(operator_ids_find(one, 12345)));
    struct job_graph *copy = job_graph_create_copy(one);
    must_be_in(copy, id_of(one, "source", 2), "source");
    job_graph_destroy(copy);
    job_graph_destroy(one);
    job_graph_destroy(other);
}
END_TEST

/* Heads come first, whatever was added first; a twin in a chain belongs to its head. */
START_TEST(a_name_that_another_operator_has_counts_within_its_chain)
{
    struct job_graph *one = graphs_job("a 1 &sink &sink; b 1 &sink; sink 1");
    struct job_graph *other = graphs_job("b 1 &sink; sink 1");
    ck_assert_uint_eq(id_of(one, "sink", 0), id_of(other, "sink", 0));
    ck_assert_uint_eq(id_of(one, "b", 1), id_of(other, "b", 1));
    ck_assert_uint_ne(id_of(one, "a", 1), id_of(one, "a", 2));
    must_be_in(one, id_of(one, "a", 1), "a");
    must_be_in(one, id_of(one, "a", 2), "a");
    job_graph_destroy(one);
    job_graph_destroy(other);
}
END_TEST

START_TEST(an_id_that_two_operators_bring_is_refused)
{
    struct note note = { "" };
    struct job_graph *job = graphs_unfinished("a 1 &c; b 1", NULL);
    job->vertices.items[0].operators.items[1].id = 7;
    job->vertices.items[1].operators.items[0].id = 7;
    ck_assert_int_eq(job_graph_finish(job, NULL, &note).code, ERR_DUPLICATE_CODE);
    ck_assert_str_eq(note.text, "operators 'c' and 'b' have the same uid");
    job_graph_destroy(job);
}
END_TEST

START_TEST(operators_of_several_vertices_are_joined_in_one)
{
    struct job_graph *apart = graphs_job("a 1; b 1; a -> b forward");
    struct job_graph *joined = graphs_job("a 1 &b");
    struct job_graph *more = graphs_job("a 1 &c");
    ck_assert(operator_ids_are_joined(apart, joined));
    ck_assert(!operator_ids_are_joined(joined, apart));
    ck_assert(!operator_ids_are_joined(joined, joined));
    ck_assert(!operator_ids_are_joined(apart, more));
    job_graph_destroy(apart);
    job_graph_destroy(joined);
    job_graph_destroy(more);
}
END_TEST

Suite *test_graph_operator_ids_suite(void);
Suite *test_graph_operator_ids_suite(void)
{
    Suite *suite = suite_create("graph/operator_ids");
    TCase *tcase = tcase_create("core");
    tcase_add_test(tcase, an_operator_is_known_by_its_name_in_whatever_vertex);
    tcase_add_test(tcase, a_name_that_another_operator_has_counts_within_its_chain);
    tcase_add_test(tcase, an_id_that_two_operators_bring_is_refused);
    tcase_add_test(tcase, operators_of_several_vertices_are_joined_in_one);
    suite_add_tcase(suite, tcase);
    return suite;
}
