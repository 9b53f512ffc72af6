/* SPDX-License-Identifier: Apache-2.0
 *
 * What outlives a job: names of snapshots, the shelf, and what the coordinator of a job that starts
 * from one makes of it. A12: claim modes, numbers that go on.
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
    checkpoint_shelve(&shelf, job, true, 3, 1);
    checkpoint_shelve(&shelf, job, true, 5, 1);
    checkpoint_shelve(&shelf, job, false, 4, 1);
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
        checkpoint_shelve(&shelf, job, true, id, 1);
    ck_assert_ptr_nonnull(find("savepoint 1 of job"));
    checkpoint_shelve(&shelf, job, true, SNAPSHOTS_KEPT_MAX + 1, 1);
    ck_assert_uint_eq(shelf.snapshots.count, SNAPSHOTS_KEPT_MAX);
    ck_assert_ptr_null(find("savepoint 1 of job"));
    ck_assert_ptr_nonnull(find("savepoint 2 of job"));
    job_graph_destroy(job);
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
    checkpoint_shelve(&shelf, b->former, true, 41, 100);
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
    tcase_add_test(all, numbers_go_on_behind_the_snapshot);
    tcase_add_test(all, an_unclaimed_savepoint_is_not_removed_when_it_is_subsumed);
    tcase_add_test(all, a_claimed_savepoint_goes_when_it_is_subsumed);
    tcase_add_test(all, the_end_of_the_job_removes_what_it_claimed_only);
    tcase_add_test(all, retained_checkpoints_go_on_the_shelf);
    tcase_add_test(all, what_is_not_there_is_refused_in_flinks_words);
    suite_add_tcase(suite, all);
    return suite;
}
