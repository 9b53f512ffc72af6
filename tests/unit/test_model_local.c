/* SPDX-License-Identifier: Apache-2.0
 *
 * Local recovery: what a snapshot costs with a copy on the host's disk, which restores may use the
 * copy, and that it goes when it should. State of a subtask: 100 MB; shared storage 100 MB/s for
 * each transfer, disk 1 GB/s; deploy 100 ms, initialize 50 ms.
 */
#include <check.h>

#include "sim/model/state.h"
#include "tests/lib/model_fixture.h"

static const struct job_id job_0 = { 0 };

enum { STATE = 100000000 };

static struct model_fixture f;
static struct fixture_deployment how;

static void setup(void)
{
    model_fixture_init(&f);
    f.config.local_backup = f.config.recover_from_local = true;
    f.storage_bandwidth = 1e8;
    model_fixture_vertex(&f, job_0, "source", 128, 1 * TIME_US);
    model_fixture_vertex(&f, job_0, "count", 128, 100 * TIME_US)->state_fixed = STATE;
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_HASH);
    model_fixture_load(&f, job_0, 0, 0, 1000);
    how = model_fixture_two_by_two();
    how.allocation = 7;
}

static void teardown(void)
{
    model_fixture_fini(&f);
}

/* Checkpoint 1 at 10 s, and all tasks cancelled by 21 s. */
static void run_and_stop(enum checkpoint_kind kind)
{
    model_fixture_start(&f);
    f.model->jobs[0].has_heirs = true; /* who may start from a savepoint */
    model_fixture_deploy(&f, &how);
    model_fixture_run(&f, 10 * TIME_S);
    model_fixture_trigger(&f, &how, 1, kind);
    model_fixture_run(&f, 20 * TIME_S);
    ck_assert_int_ne(model_fixture_acknowledged(&f, 1, 4), TIME_NEVER);
    model_fixture_tell(&f, &how, DATA_CHECKPOINT_COMPLETE, 1);
    model_fixture_cancel(&f, &how);
    model_fixture_run(&f, 21 * TIME_S);
    how.attempt++;
    how.checkpoint = 1;
    how.restore_bytes = STATE;
}

/* From INITIALIZING to RUNNING, without the 50 ms of initializing. */
static time_ns reading_of_count_0(void)
{
    model_fixture_deploy(&f, &how);
    model_fixture_run(&f, 40 * TIME_S);
    uint32_t task = how.parallelism[0];
    return model_fixture_reported(&f, task, EXECUTION_RUNNING) -
           model_fixture_reported(&f, task, EXECUTION_INITIALIZING) - 50 * TIME_MS;
}

START_TEST(a_task_that_comes_back_reads_its_own_disk)
{
    run_and_stop(CHECKPOINT_PERIODIC);
    ck_assert_int_eq(reading_of_count_0(), 100 * TIME_MS);
}
END_TEST

/* state.backend.local-recovery of older versions asked for both. */
START_TEST(from_local_alone_makes_copies_and_uses_them)
{
    f.config.local_backup = false;
    run_and_stop(CHECKPOINT_PERIODIC);
    ck_assert_int_eq(reading_of_count_0(), 100 * TIME_MS);
}
END_TEST

START_TEST(copies_are_not_read_unless_asked_for)
{
    f.config.recover_from_local = false;
    run_and_stop(CHECKPOINT_PERIODIC);
    ck_assert_int_eq(reading_of_count_0(), TIME_S);
}
END_TEST

START_TEST(another_host_has_no_copy)
{
    static const uint32_t crossed[] = { 2, 1 };
    run_and_stop(CHECKPOINT_PERIODIC);
    how.hosts = crossed;
    ck_assert_int_eq(reading_of_count_0(), TIME_S);
}
END_TEST

START_TEST(another_slot_of_the_host_has_no_copy)
{
    run_and_stop(CHECKPOINT_PERIODIC);
    how.allocation = 100;
    ck_assert_int_eq(reading_of_count_0(), TIME_S);
}
END_TEST

START_TEST(other_key_groups_are_not_in_the_copy)
{
    static const uint32_t two_and_three[] = { 2, 3 };
    run_and_stop(CHECKPOINT_PERIODIC);
    how.parallelism = two_and_three;
    ck_assert_int_eq(reading_of_count_0(), 2 * TIME_S); /* two subtasks on host 1 now */
}
END_TEST

/* HeapSnapshotStrategy and its like: a savepoint is written once. */
START_TEST(savepoints_leave_no_copy)
{
    run_and_stop(CHECKPOINT_SAVEPOINT);
    ck_assert_int_eq(reading_of_count_0(), TIME_S);
}
END_TEST

START_TEST(what_the_copy_lacks_is_read_from_shared_storage)
{
    run_and_stop(CHECKPOINT_PERIODIC);
    how.restore_bytes = STATE + STATE / 2; /* data in flight on top */
    ck_assert_int_eq(reading_of_count_0(), 600 * TIME_MS);
}
END_TEST

START_TEST(a_copy_of_an_aborted_checkpoint_goes)
{
    run_and_stop(CHECKPOINT_PERIODIC);
    how.checkpoint = 1;
    reading_of_count_0();
    model_fixture_trigger(&f, &how, 2, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 50 * TIME_S);
    ck_assert_uint_eq(f.model->hosts.items[1].life.copies.count, 4); /* source and count of both */
    model_fixture_tell(&f, &how, DATA_CHECKPOINT_ABORTED, 2);
    ck_assert_uint_eq(f.model->hosts.items[1].life.copies.count, 2);
    model_fixture_trigger(&f, &how, 3, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 60 * TIME_S);
    model_fixture_tell(&f, &how, DATA_CHECKPOINT_COMPLETE, 3); /* and older ones with a newer */
    ck_assert_uint_eq(f.model->hosts.items[1].life.copies.count, 2);
    ck_assert_uint_eq(f.model->hosts.items[1].life.copies.items[0].checkpoint, 3);
    model_job_ended(f.model, job_0, false);
    ck_assert_uint_eq(f.model->hosts.items[1].life.copies.count, 0);
}
END_TEST

/* Both are written at once, so the slower one counts; tasks of a host share its disk. */
START_TEST(a_snapshot_takes_as_long_as_the_slower_of_both)
{
    static const double disk[] = { 1e9, 2e7 };
    static const time_ns most[] = { 1001 * TIME_MS, 5001 * TIME_MS };
    for (int slow = 0; slow < 2; slow++) {
        f.hosts[1].machine.disk_bps = f.hosts[2].machine.disk_bps = disk[slow];
        run_and_stop(CHECKPOINT_PERIODIC);
        time_ns took = model_fixture_acknowledged(&f, 1, 4) - 10 * TIME_S;
        ck_assert_int_le(took, most[slow]);
        ck_assert_int_ge(took, most[slow] - 2 * TIME_MS);
        teardown();
        setup();
    }
}
END_TEST

START_TEST(reading_a_copy_ends_with_the_task)
{
    f.hosts[1].machine.disk_bps = f.hosts[2].machine.disk_bps = 2e7;
    run_and_stop(CHECKPOINT_PERIODIC);
    model_fixture_deploy(&f, &how);
    model_fixture_run(&f, 22 * TIME_S);
    model_fixture_cancel(&f, &how);
    model_fixture_run(&f, 23 * TIME_S);
    ck_assert_uint_eq(f.model->hosts.items[1].life.tasks.count, 0);
    how.attempt++;
    ck_assert_int_eq(reading_of_count_0(), 5 * TIME_S); /* nobody shares the disk any more */
    model_fixture_end_process(&f, 1);
    ck_assert_uint_eq(f.model->hosts.items[1].life.copies.count, 0);
}
END_TEST

Suite *test_model_local_suite(void)
{
    Suite *suite = suite_create("model_local");
    TCase *tests = tcase_create("local");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_task_that_comes_back_reads_its_own_disk);
    tcase_add_test(tests, from_local_alone_makes_copies_and_uses_them);
    tcase_add_test(tests, copies_are_not_read_unless_asked_for);
    tcase_add_test(tests, another_host_has_no_copy);
    tcase_add_test(tests, another_slot_of_the_host_has_no_copy);
    tcase_add_test(tests, other_key_groups_are_not_in_the_copy);
    tcase_add_test(tests, savepoints_leave_no_copy);
    tcase_add_test(tests, what_the_copy_lacks_is_read_from_shared_storage);
    tcase_add_test(tests, a_copy_of_an_aborted_checkpoint_goes);
    tcase_add_test(tests, a_snapshot_takes_as_long_as_the_slower_of_both);
    tcase_add_test(tests, reading_a_copy_ends_with_the_task);
    suite_add_tcase(suite, tests);
    return suite;
}
