/* SPDX-License-Identifier: Apache-2.0
 *
 * What outlives a job: names of snapshots, the shelf, a snapshot laid over another job, and what
 * the coordinator of a job that starts from one makes of it. A12: claim modes, max parallelism,
 * unclaimed state, numbers that go on.
 */
#include <check.h>
#include <string.h>

#include "core/checkpoint/coordinator_snapshots.h"
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

/* Each task of the job, at the parallelisms it says, has stored `bytes`. */
static void shelve(const struct job_graph *job, bool is_savepoint, uint64_t id, int64_t bytes)
{
    struct execution_graph *graph = graphs_execution(job);
    struct completed_checkpoint taken = { .id = id, .kind = CHECKPOINT_SAVEPOINT };
    task_states_of_graph(graph, &taken.states);
    for (VEC_EACH(struct task_state, state, &taken.states))
        state->bytes = bytes;
    snapshot_shelf_add(&shelf, job, is_savepoint, &taken);
    execution_graph_destroy(graph);
}

static const struct kept_snapshot *find(const char *text)
{
    struct snapshot_path path;
    ck_assert_msg(snapshot_path_read(text, &path), "%s", text);
    return snapshot_shelf_find(&shelf, &path);
}

START_TEST(a_path_says_kind_number_and_job)
{
    struct snapshot_path path;
    ck_assert(snapshot_path_read("savepoint of clicks", &path));
    ck_assert(path.is_savepoint && path.id == 0);
    ck_assert_str_eq(path.job, "clicks");
    ck_assert(snapshot_path_read("checkpoint 12 of all of it", &path));
    ck_assert(!path.is_savepoint && path.id == 12);
    ck_assert_str_eq(path.job, "all of it");
    ck_assert(snapshot_path_read("savepoint of 3 of it", &path));
    ck_assert_str_eq(path.job, "3 of it");
}
END_TEST

START_TEST(other_texts_are_no_paths)
{
    static const char *const wrong[] = { "",
                                         "savepoint",
                                         "savepoint ",
                                         "savepoint of ",
                                         "savepoint 0 of a",
                                         "savepoint 3of a",
                                         "savepoint -3 of a",
                                         "savepoint 1234567890123456789 of a",
                                         "savepoints of a",
                                         "Savepoint of a",
                                         "/savepoints/savepoint-1c2d" };
    struct snapshot_path path;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        ck_assert_msg(!snapshot_path_read(wrong[i], &path), "%s", wrong[i]);
}
END_TEST

START_TEST(the_newest_is_meant_unless_a_number_is_said)
{
    struct job_graph *job = graphs_job("source 2; count 2; source -> count hash");
    shelve(job, true, 3, 1);
    shelve(job, true, 5, 1);
    shelve(job, false, 4, 1);
    ck_assert_uint_eq(find("savepoint of job")->checkpoint.id, 5);
    ck_assert_uint_eq(find("savepoint 3 of job")->checkpoint.id, 3);
    ck_assert_uint_eq(find("checkpoint of job")->checkpoint.id, 4);
    ck_assert_ptr_null(find("checkpoint 3 of job"));
    ck_assert_ptr_null(find("savepoint of jobs"));
    snapshot_shelf_remove(&shelf, job->id, false, 5); /* that is a savepoint's number */
    ck_assert_uint_eq(shelf.snapshots.count, 3);
    snapshot_shelf_remove(&shelf, job->id, true, 5);
    ck_assert_uint_eq(find("savepoint of job")->checkpoint.id, 3);
    job_graph_destroy(job);
}
END_TEST

START_TEST(the_shelf_forgets_the_oldest_beyond_its_limit)
{
    struct job_graph *job = graphs_job("a 1");
    for (uint64_t id = 1; id <= SNAPSHOTS_KEPT_MAX; id++)
        shelve(job, true, id, 1);
    ck_assert_ptr_nonnull(find("savepoint 1 of job"));
    shelve(job, true, SNAPSHOTS_KEPT_MAX + 1, 1);
    ck_assert_uint_eq(shelf.snapshots.count, SNAPSHOTS_KEPT_MAX);
    ck_assert_ptr_null(find("savepoint 1 of job"));
    ck_assert_ptr_nonnull(find("savepoint 2 of job"));
    job_graph_destroy(job);
}
END_TEST

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
    shelve(old, true, 7, 100);
    ck_assert(!err_is(lay(job, false, most, &out)));
    ck_assert_uint_eq(out.id, 7);
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
 * skipped; an operator without state may go. */
START_TEST(state_of_a_vertex_that_is_gone_is_refused_unless_it_may_be_ignored)
{
    struct job_graph *old = graphs_job("source 2; count 2; source -> count hash");
    struct job_graph *job = graphs_job("source 2");
    struct completed_checkpoint out;
    int32_t most[1];
    shelve(old, true, 1, 100);
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
        shelf.snapshots.items[0].checkpoint.states.items[t].bytes = 0;
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
    shelve(old, true, 1, 0);
    ck_assert_int_eq(lay(job, false, most, &out).code, ERR_REFUSED_CODE);
    ck_assert_ptr_nonnull(strstr(note.text, "for operator source to the new program"));
    ck_assert(!err_is(lay(job, true, most, &out)));
    vec_fini(&out.states);
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
    shelve(old, true, 1, 100);
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
    shelve(old, true, 1, 100);
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

/* The coordinator of a job of two vertices, 2 each, that is to start from savepoint 41 of it. */
struct beginning {
    struct checkpoint_fixture f;
    struct job_graph *former;
};

static void begin(struct beginning *b, const char *path, const char *claim_mode)
{
    const char *const keys[] = { "execution.checkpointing.interval", "1 s",
                                 "execution.state-recovery.claim-mode", claim_mode, NULL };
    checkpoint_fixture_init(&b->f, 2, keys);
    ck_assert(!err_is(config_set(&b->f.config, "execution.state-recovery.path", path, &note)));
    b->former = checkpoint_fixture_job(&b->f.config, 2);
    b->former->id = (struct job_id){ 9 };
    shelve(b->former, true, 41, 100);
    b->f.coordinator.shelf = &shelf;
}

static struct err restore(struct beginning *b)
{
    int32_t parallelism[] = { 2, 2 }, most[] = { 128, 128 };
    return checkpoint_coordinator_restore_snapshot(&b->f.coordinator, b->f.job, parallelism, most,
                                                   &b->f.effects, &note);
}

static void end(struct beginning *b)
{
    checkpoint_fixture_fini(&b->f);
    job_graph_destroy(b->former);
}

/* restoreSavepoint: into the store, and the number of the next checkpoint is set behind it. A
 * restart before the first checkpoint finds it there. */
START_TEST(numbers_go_on_behind_the_snapshot)
{
    struct beginning b;
    begin(&b, "savepoint of job", "no_claim");
    ck_assert(!err_is(restore(&b)));
    ck_assert_uint_eq(completed_store_latest(&b.f.coordinator.store)->id, 41);
    ck_assert(!err_is(restore(&b))); /* a later graph has it already */
    ck_assert_uint_eq(b.f.coordinator.store.checkpoints.count, 1);
    checkpoint_fixture_start(&b.f);
    checkpoint_fixture_advance_to(&b.f, 500 * TIME_MS);
    ck_assert_uint_eq(completed_store_latest(&b.f.coordinator.store)->id, 42);
    end(&b);
}
END_TEST

/* forUnclaimedSnapshot: subsumed, and never removed. */
START_TEST(an_unclaimed_savepoint_is_not_removed_when_it_is_subsumed)
{
    struct beginning b;
    begin(&b, "savepoint 41 of job", "no_claim");
    ck_assert(!err_is(restore(&b)));
    checkpoint_fixture_start(&b.f);
    checkpoint_fixture_advance_to(&b.f, 500 * TIME_MS);
    ck_assert_uint_eq(b.f.order_counts[ORDER_DISCARD], 0);
    checkpoint_fixture_advance_to(&b.f, 1500 * TIME_MS);
    ck_assert_uint_eq(b.f.order_counts[ORDER_DISCARD], 1);
    ck_assert_uint_eq(b.f.last[ORDER_DISCARD].checkpoint, 42);
    end(&b);
}
END_TEST

/* CLAIM: it has become a checkpoint of the job's own, in somebody else's folder. */
START_TEST(a_claimed_savepoint_goes_when_it_is_subsumed)
{
    struct beginning b;
    begin(&b, "savepoint of job", "claim");
    ck_assert(!err_is(restore(&b)));
    checkpoint_fixture_start(&b.f);
    checkpoint_fixture_advance_to(&b.f, 500 * TIME_MS);
    ck_assert_uint_eq(b.f.order_counts[ORDER_DISCARD], 1);
    const struct checkpoint_coordinator_order *gone = &b.f.last[ORDER_DISCARD];
    ck_assert_uint_eq(gone->checkpoint, 41);
    ck_assert_uint_eq(gone->files_of.n, 9);
    ck_assert(gone->is_savepoint);
    end(&b);
}
END_TEST

/* The end of the job, before it has a checkpoint of its own. */
START_TEST(the_end_of_the_job_removes_what_it_claimed_only)
{
    static const char *const modes[] = { "no_claim", "claim" };
    for (uint32_t claims = 0; claims < 2; claims++) {
        struct beginning b;
        begin(&b, "savepoint of job", modes[claims]);
        ck_assert(!err_is(restore(&b)));
        checkpoint_coordinator_shutdown(&b.f.coordinator, JOB_END_FINISHED, &b.f.effects);
        checkpoint_fixture_carry_out(&b.f);
        ck_assert_uint_eq(b.f.order_counts[ORDER_DISCARD], claims);
        end(&b);
        teardown();
        setup();
    }
}
END_TEST

/* externalized-checkpoint-retention leaves checkpoints to later jobs, the one the job itself began
 * with excepted: that is there already. */
START_TEST(retained_checkpoints_go_on_the_shelf)
{
    struct beginning b;
    begin(&b, "savepoint of job", "no_claim");
    b.f.config.checkpoint_retention = RETENTION_RETAIN_ON_CANCELLATION;
    ck_assert(!err_is(restore(&b)));
    checkpoint_coordinator_shutdown(&b.f.coordinator, JOB_END_CANCELED, &b.f.effects);
    ck_assert_uint_eq(shelf.snapshots.count, 1);
    end(&b);
    teardown();
    setup();
    begin(&b, "savepoint of job", "no_claim");
    b.f.config.checkpoint_retention = RETENTION_RETAIN_ON_CANCELLATION;
    ck_assert(!err_is(restore(&b)));
    checkpoint_fixture_start(&b.f);
    checkpoint_fixture_advance_to(&b.f, 500 * TIME_MS);
    checkpoint_coordinator_shutdown(&b.f.coordinator, JOB_END_CANCELED, &b.f.effects);
    ck_assert_uint_eq(shelf.snapshots.count, 2);
    ck_assert_uint_eq(find("checkpoint of job")->checkpoint.id, 42);
    ck_assert_int_eq(find("checkpoint of job")->checkpoint.states.items[0].bytes, 100);
    end(&b);
}
END_TEST

START_TEST(what_is_not_there_is_refused_in_flinks_words)
{
    struct beginning b;
    begin(&b, "savepoint 40 of job", "no_claim");
    ck_assert_int_eq(restore(&b).code, ERR_NOT_FOUND_CODE);
    ck_assert_str_eq(note.text,
                     "Cannot find checkpoint or savepoint file/directory 'savepoint 40 of job'");
    ck_assert_ptr_null(completed_store_latest(&b.f.coordinator.store));
    ck_assert_uint_eq(b.f.coordinator.next_id, 1);
    b.f.coordinator.shelf = NULL;
    ck_assert_int_eq(restore(&b).code, ERR_NOT_FOUND_CODE);
    end(&b);
}
END_TEST

Suite *test_checkpoint_snapshots_suite(void)
{
    Suite *suite = suite_create("checkpoint snapshots");
    TCase *all = tcase_create("snapshots");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, a_path_says_kind_number_and_job);
    tcase_add_test(all, other_texts_are_no_paths);
    tcase_add_test(all, the_newest_is_meant_unless_a_number_is_said);
    tcase_add_test(all, the_shelf_forgets_the_oldest_beyond_its_limit);
    tcase_add_test(all, a_snapshot_is_laid_over_the_vertices_of_the_same_name);
    tcase_add_test(all, state_of_a_vertex_that_is_gone_is_refused_unless_it_may_be_ignored);
    tcase_add_test(all, a_source_that_is_gone_is_missed_whatever_it_stored);
    tcase_add_test(all, an_open_max_parallelism_follows_the_snapshot);
    tcase_add_test(all, a_max_parallelism_that_cannot_be_is_refused);
    tcase_add_test(all, numbers_go_on_behind_the_snapshot);
    tcase_add_test(all, an_unclaimed_savepoint_is_not_removed_when_it_is_subsumed);
    tcase_add_test(all, a_claimed_savepoint_goes_when_it_is_subsumed);
    tcase_add_test(all, the_end_of_the_job_removes_what_it_claimed_only);
    tcase_add_test(all, retained_checkpoints_go_on_the_shelf);
    tcase_add_test(all, what_is_not_there_is_refused_in_flinks_words);
    suite_add_tcase(suite, all);
    return suite;
}
