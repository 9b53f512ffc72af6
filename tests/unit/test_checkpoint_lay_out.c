/* SPDX-License-Identifier: Apache-2.0
 *
 * A snapshot laid over another job: by operator, in whatever vertex it was and is. A12: max
 * parallelism, unclaimed state, what has finished.
 */
#include <check.h>
#include <string.h>

#include "core/checkpoint/restore_plan.h"
#include "tests/lib/checkpoints.h"
#include "tests/lib/graphs.h"

static struct snapshot_shelf shelf;
static struct note note;

static void setup(void)
{
    shelf = (struct snapshot_shelf){ 0 };
    note = (struct note){ "" };
}

static void teardown(void)
{
    snapshot_shelf_fini(&shelf);
}

/* Lays the one snapshot over a job; `most` takes the max parallelisms and gives them back. */
static struct err lay(const struct job_graph *job, bool ignore, int32_t *most,
                      struct completed_checkpoint *out)
{
    int32_t parallelism[8];
    for (uint32_t v = 0; v < job->vertices.count; v++) {
        parallelism[v] = job->vertices.items[v].parallelism;
        most[v] = job_graph_max_parallelism(job, (struct vertex_id){ v });
    }
    return snapshot_lay_out(&shelf.snapshots.items[0], job, parallelism, ignore, most, out, &note);
}

/* Vertices are found by name whatever their place; a new one has stored nothing. */
START_TEST(a_snapshot_is_laid_over_the_vertices_of_the_same_name)
{
    struct job_graph *old = graphs_job("source 2; count 3; source -> count hash");
    struct job_graph *job =
        graphs_job("before 1; source 4; count 6; before -> count hash; source -> count hash");
    struct completed_checkpoint out;
    int32_t most[3];
    checkpoint_shelve(&shelf, old, true, 7, 100);
    shelf.snapshots.items[0].checkpoint.is_incremental = _i;
    ck_assert(!err_is(lay(job, false, most, &out)));
    ck_assert_uint_eq(out.id, 7);
    ck_assert_int_eq(out.is_incremental, _i);
    ck_assert_int_eq(out.kind, CHECKPOINT_PERIODIC);
    struct completed_store store;
    completed_store_init(&store, 1);
    completed_store_add(&store, &out);
    const struct vertex_state *vertices = completed_store_latest(&store)->vertices.items;
    ck_assert_uint_eq(vertices[graphs_vertex(job, "before").n].parallelism, 1);
    ck_assert_int_eq(vertices[graphs_vertex(job, "before").n].bytes, 0);
    ck_assert_uint_eq(vertices[graphs_vertex(job, "source").n].parallelism, 2);
    ck_assert_uint_eq(vertices[graphs_vertex(job, "count").n].parallelism, 3);
    ck_assert_int_eq(vertices[graphs_vertex(job, "count").n].bytes, 300);
    completed_store_fini(&store);
    job_graph_destroy(old);
    job_graph_destroy(job);
}
END_TEST

/* Checkpoints.loadAndValidateCheckpoint: state without an operator is refused, unless it may be
 * skipped; an operator of which nothing is left may go. */
START_TEST(state_of_a_vertex_that_is_gone_is_refused_unless_it_may_be_ignored)
{
    struct job_graph *old = graphs_job("source 2; count 2 +keyed; source -> count hash");
    struct job_graph *job = graphs_job("source 2");
    struct completed_checkpoint out;
    int32_t most[1];
    checkpoint_shelve(&shelf, old, true, 1, 100);
    ck_assert_int_eq(lay(job, false, most, &out).code, ERR_REFUSED_CODE);
    ck_assert_str_eq(note.text,
                     "Cannot map checkpoint/savepoint state for operator count to the new program, "
                     "because the operator is not available in the new program. If you want to "
                     "allow to skip this, you can set the --allowNonRestoredState option on the "
                     "CLI");
    ck_assert(!err_is(lay(job, true, most, &out)));
    ck_assert_uint_eq(out.states.count, 2);
    vec_fini(&out.states);
    for (size_t t = 2; t < 4; t++)
        shelf.snapshots.items[0].checkpoint.states.items[t].bytes = 0; /* registered, and empty */
    ck_assert_int_eq(lay(job, false, most, &out).code, ERR_REFUSED_CODE);
    for (size_t t = 2; t < 4; t++)
        shelf.snapshots.items[0].checkpoint.states.items[t].finished = true;
    ck_assert(!err_is(lay(job, false, most, &out)));
    vec_fini(&out.states);
    job_graph_destroy(old);
    job_graph_destroy(job);
}
END_TEST

/* Its enumerator's, which is there when its readers have stored nothing. */
START_TEST(a_source_that_is_gone_is_missed_whatever_it_stored)
{
    struct job_graph *old = graphs_job("source 2; count 2; source -> count hash");
    struct job_graph *job = graphs_job("other 2; count 2; other -> count hash");
    struct completed_checkpoint out;
    int32_t most[2];
    checkpoint_shelve(&shelf, old, true, 1, 0);
    ck_assert_int_eq(lay(job, false, most, &out).code, ERR_REFUSED_CODE);
    ck_assert_ptr_nonnull(strstr(note.text, "for operator source to the new program"));
    ck_assert(!err_is(lay(job, true, most, &out)));
    vec_fini(&out.states);
    job_graph_destroy(old);
    job_graph_destroy(job);
}
END_TEST

/* Whatever its task has stored. */
START_TEST(an_operator_that_keeps_nothing_may_go)
{
    struct job_graph *old =
        graphs_job("source 2 &map; count 2 +keyed &filter; source -> count hash");
    struct job_graph *job = graphs_job("source 2; count 2 +keyed; source -> count hash");
    struct completed_checkpoint out;
    int32_t most[2];
    checkpoint_shelve(&shelf, old, true, 1, 100);
    ck_assert(!err_is(lay(job, false, most, &out)));
    ck_assert_int_eq(out.states.items[3].bytes, 100);
    vec_fini(&out.states);
    job_graph_destroy(old);
    job_graph_destroy(job);
}
END_TEST

/* Bytes of one vertex of the store, in all its parts. */
static int64_t bytes_of(const struct completed_checkpoint *of, const struct job_graph *job,
                        const char *name)
{
    const struct vertex_state *part = &of->vertices.items[graphs_vertex(job, name).n];
    int64_t bytes = part->bytes;
    for (; part->next > 0; bytes += part->bytes)
        part = &of->vertices.items[part->next];
    return bytes;
}

/* What operators have is found in whatever vertex they are; those whose state is read most widely
 * share what their task has stored. */
START_TEST(a_snapshot_is_laid_over_operators_wherever_they_are_chained)
{
    struct job_graph *old =
        graphs_job("source 2; one 3 +split &two +split; source -> one rebalance");
    struct job_graph *job =
        graphs_job("source 4 &one +split; two 5 +split; source -> two rebalance");
    struct completed_checkpoint out;
    struct completed_store store;
    int32_t most[2];
    checkpoint_shelve(&shelf, old, true, 7, 100);
    ck_assert(!err_is(lay(job, false, most, &out)));
    completed_store_init(&store, 1);
    completed_store_add(&store, &out);
    const struct completed_checkpoint *laid = completed_store_latest(&store);
    ck_assert_uint_eq(laid->vertex_count, 2);
    ck_assert_int_eq(bytes_of(laid, job, "source"), 2 * 100 + 3 * 50);
    ck_assert_int_eq(bytes_of(laid, job, "two"), 3 * 50);
    struct execution_graph *graph = graphs_execution(job);
    struct task_deployment deployments[9];
    for (uint32_t t = 0; t < graph->task_count; t++)
        deployments[t] = (struct task_deployment){ .attempt.task = { t },
                                                   .vertex = graph->tasks[t].vertex,
                                                   .subtask = graph->tasks[t].subtask,
                                                   .parallelism = t < 4 ? 4 : 5 };
    ck_assert(!err_is(restore_plan_fill(laid, graph, deployments, graph->task_count, &note)));
    int64_t sum = 0;
    for (uint32_t t = 0; t < graph->task_count; t++) {
        ck_assert_int_gt(deployments[t].restore_bytes, t < 4 ? 80 : 25);
        sum += deployments[t].restore_bytes;
    }
    ck_assert_int_eq(sum, 500);
    execution_graph_destroy(graph);
    completed_store_fini(&store);
    job_graph_destroy(old);
    job_graph_destroy(job);
}
END_TEST

/* ExecutionJobVertex.canRescaleMaxParallelism: what nobody fixed follows the snapshot. Parallelism
 * 200 would derive 512 of its own. */
START_TEST(an_open_max_parallelism_follows_the_snapshot)
{
    struct job_graph *old = graphs_job("source 1; count 200 /300; source -> count hash");
    struct job_graph *job = graphs_job("source 1; count 200; source -> count hash");
    struct completed_checkpoint out;
    int32_t most[2];
    checkpoint_shelve(&shelf, old, true, 1, 100);
    ck_assert_int_eq(job_graph_max_parallelism(job, (struct vertex_id){ 1 }), 512);
    ck_assert(!err_is(lay(job, false, most, &out)));
    ck_assert_int_eq(most[0], 128);
    ck_assert_int_eq(most[1], 300);
    vec_fini(&out.states);
    job_graph_destroy(old);
    job_graph_destroy(job);
}
END_TEST

static void check_refused(const char *old_text, const char *text, const char *complaint)
{
    struct job_graph *old = graphs_job(old_text), *job = graphs_job(text);
    struct completed_checkpoint out;
    int32_t most[2];
    checkpoint_shelve(&shelf, old, true, 1, 100);
    ck_assert_int_eq(lay(job, false, most, &out).code, ERR_REFUSED_CODE);
    ck_assert_str_eq(note.text, complaint);
    snapshot_shelf_fini(&shelf);
    shelf = (struct snapshot_shelf){ 0 };
    job_graph_destroy(old);
    job_graph_destroy(job);
}

START_TEST(a_max_parallelism_that_cannot_be_is_refused)
{
    check_refused("count 2 /128", "count 2 /64",
                  "Max parallelism mismatch between checkpoint/savepoint state and new program. "
                  "Cannot map operator count with max parallelism 128 to new program with max "
                  "parallelism 64");
    check_refused("count 2 /16", "count 20",
                  "The state for task count can not be restored. The maximum parallelism (16) of "
                  "the restored state is lower than the configured parallelism (20)");
}
END_TEST

/* Channel state is of the ends of a chain; operators that have finished and others are not chained
 * (VertexFinishedStateChecker). */
START_TEST(chains_that_cannot_be_made_anew_are_refused)
{
    struct job_graph *old = graphs_job("source 1; a 1 &b; source -> a hash");
    struct job_graph *apart = graphs_job("source 1; a 1; b 1; source -> a hash; a -> b forward");
    struct job_graph *joined = graphs_job("source 1 &a &b");
    struct completed_checkpoint out;
    int32_t most[3];
    checkpoint_shelve(&shelf, old, true, 1, 0);
    struct task_states *states = &shelf.snapshots.items[0].checkpoint.states;
    states->items[1].in_flight_bytes = 5;
    ck_assert_int_eq(lay(apart, false, most, &out).code, ERR_REFUSED_CODE);
    ck_assert_str_eq(note.text, "The state for task a can not be restored. Its operators are "
                                "chained otherwise now, and there is data in flight");
    ck_assert(!err_is(lay(old, false, most, &out)));
    ck_assert_int_eq(out.states.items[1].in_flight_bytes, 5);
    vec_fini(&out.states);
    states->items[1].in_flight_bytes = 0;
    ck_assert(!err_is(lay(apart, false, most, &out)));
    vec_fini(&out.states);
    states->items[0].finished = true;
    ck_assert(!err_is(lay(apart, false, most, &out)));
    vec_fini(&out.states);
    ck_assert_int_eq(lay(joined, false, most, &out).code, ERR_REFUSED_CODE);
    ck_assert_str_eq(note.text,
                     "Can not restore vertex source which contain mixed operator finished state");
    job_graph_destroy(old);
    job_graph_destroy(apart);
    job_graph_destroy(joined);
}
END_TEST

Suite *test_checkpoint_lay_out_suite(void);
Suite *test_checkpoint_lay_out_suite(void)
{
    Suite *suite = suite_create("checkpoint lay out");
    TCase *all = tcase_create("lay out");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_loop_test(all, a_snapshot_is_laid_over_the_vertices_of_the_same_name, 0, 2);
    tcase_add_test(all, state_of_a_vertex_that_is_gone_is_refused_unless_it_may_be_ignored);
    tcase_add_test(all, a_source_that_is_gone_is_missed_whatever_it_stored);
    tcase_add_test(all, an_operator_that_keeps_nothing_may_go);
    tcase_add_test(all, a_snapshot_is_laid_over_operators_wherever_they_are_chained);
    tcase_add_test(all, an_open_max_parallelism_follows_the_snapshot);
    tcase_add_test(all, a_max_parallelism_that_cannot_be_is_refused);
    tcase_add_test(all, chains_that_cannot_be_made_anew_are_refused);
    suite_add_tcase(suite, all);
    return suite;
}
