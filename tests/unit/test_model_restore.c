/* SPDX-License-Identifier: Apache-2.0
 *
 * What checkpoints are for: restore and replay, at any parallelism and region by region; stop with
 * savepoint; which cuts are kept; and that the check of the books can fail.
 */
#include <check.h>
#include <math.h>
#include <signal.h>

#include "sim/model/state.h"
#include "tests/lib/model_fixture.h"

static const struct job_id job_0 = { 0 };

static struct model_fixture f;
static struct fixture_deployment two_by_two;
static struct vertex_model *source, *count;

static void setup(void)
{
    model_fixture_init(&f);
    source = model_fixture_vertex(&f, job_0, "source", 128, 1 * TIME_US);
    count = model_fixture_vertex(&f, job_0, "count", 128, 100 * TIME_US);
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_HASH);
    two_by_two = model_fixture_two_by_two();
}

static void teardown(void)
{
    model_fixture_fini(&f);
}

/* recording checkpoint-restore-after-failure: 1000/s per subtask, failure 1 s after the trigger. */
START_TEST(what_was_read_since_the_cut_is_replayed)
{
    model_fixture_begin(&f, &two_by_two, 2000);
    model_fixture_trigger(&f, &two_by_two, 4, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 10500 * TIME_MS);
    ck_assert_int_ne(model_fixture_acknowledged(&f, 4, 4), TIME_NEVER);
    model_fixture_tell(&f, &two_by_two, DATA_CHECKPOINT_COMPLETE, 4);
    model_fixture_run(&f, 11 * TIME_S);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).restore_position, 20000, 1);
    model_fixture_restart(&f, &two_by_two, 4);
    model_fixture_run(&f, 12150 * TIME_MS);
    struct model_job_view view = model_fixture_job(&f, job_0);
    ck_assert_double_eq_tol(view.replayed_total, 2000, 1);
    ck_assert_double_eq_tol(view.position, 20000, 1);
    ck_assert_double_eq_tol(view.backlog, 2000 * 2.15, 1);
    model_fixture_run(&f, 60 * TIME_S);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).position, 120000, 1);
}
END_TEST

/* What a restart will read again waits from the moment its tasks are gone, not from the restart. */
START_TEST(state_that_is_lost_waits_at_once)
{
    model_fixture_begin(&f, &two_by_two, 2000);
    model_fixture_trigger(&f, &two_by_two, 4, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 10500 * TIME_MS);
    model_fixture_tell(&f, &two_by_two, DATA_CHECKPOINT_COMPLETE, 4);
    model_fixture_run(&f, 12 * TIME_S);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).backlog, 0, 1e-6);
    model_fixture_end_process(&f, 1);
    struct model_job_view view = model_fixture_job(&f, job_0);
    ck_assert_double_eq_tol(view.backlog, 2000 * 2, 5);
    ck_assert_double_eq_tol(view.lag_seconds, 2, 0.01);
    ck_assert_double_eq_tol(view.lag_seconds_max, 2, 0.01);
    ck_assert_double_eq(view.replayed_total, 0);
    model_fixture_run(&f, 15 * TIME_S);
    view = model_fixture_job(&f, job_0);
    ck_assert_double_eq_tol(view.backlog, 2000 * 5, 5);
    ck_assert_double_eq_tol(view.lag_seconds, 5, 0.01);
    model_fixture_restart(&f, &two_by_two, 4);
    model_fixture_run(&f, 16150 * TIME_MS);
    view = model_fixture_job(&f, job_0);
    ck_assert_double_eq_tol(view.backlog, 2000 * 6.15, 5);
    ck_assert_double_eq_tol(view.replayed_total, 4000, 5);
    ck_assert_uint_eq(view.restored.checkpoint, 4);
    ck_assert_double_eq_tol(view.restored.position, view.restore_position, 1e-6);
    ck_assert(view.restored.whole && view.restored.count == 2);
}
END_TEST

/* A savepoint is not what a restart restores; without a checkpoint all is read again. */
START_TEST(without_a_checkpoint_everything_waits_again)
{
    model_fixture_begin(&f, &two_by_two, 2000);
    model_fixture_checkpoint(
        &f, &two_by_two, DATA_TRIGGER_CHECKPOINT,
        &(struct checkpoint_order){ .checkpoint = 4, .kind = CHECKPOINT_SAVEPOINT });
    model_fixture_run(&f, 10500 * TIME_MS);
    model_fixture_tell(&f, &two_by_two, DATA_CHECKPOINT_COMPLETE, 4);
    model_fixture_run(&f, 12 * TIME_S);
    ck_assert_uint_eq(model_fixture_job(&f, job_0).restore_checkpoint, 0);
    model_fixture_end_process(&f, 1);
    struct model_job_view view = model_fixture_job(&f, job_0);
    ck_assert_double_eq_tol(view.backlog, 2000 * 12, 1e-3);
    ck_assert_double_eq_tol(view.lag_seconds, 12, 1e-6);
}
END_TEST

/* recording checkpoint-expires-tolerable-0: sources read on into buffers while a reader is held; at
 * a restart that is lost and read again. The source beside the frozen reader stands still. */
START_TEST(what_waits_in_buffers_at_a_restart_is_read_again)
{
    model_fixture_begin(&f, &two_by_two, 2000);
    model_fixture_trigger(&f, &two_by_two, 4, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 10500 * TIME_MS);
    model_fixture_tell(&f, &two_by_two, DATA_CHECKPOINT_COMPLETE, 4);
    model_fixture_freeze(&f, 2, true);
    model_fixture_run(&f, 12500 * TIME_MS);
    model_fixture_freeze(&f, 2, false);
    model_fixture_restart(&f, &two_by_two, 4);
    model_fixture_run(&f, 14 * TIME_S);
    struct model_job_view view = model_fixture_job(&f, job_0);
    /* 0.5 s of both, and the 2 s of the one that could read */
    ck_assert_double_eq_tol(view.reread_total, 1000 + 2 * 1000, 30);
    ck_assert_double_le(view.position, 20000 + 2000 * 4);
}
END_TEST

/* Full buffers at 30,000 records/s for 2 x 10,000: source 1 us, so they hold all they can. */
static double run_full_checkpoint(bool unaligned)
{
    struct checkpoint_order order = { .checkpoint = 1, .unaligned = unaligned };
    model_fixture_begin(&f, &two_by_two, 30000);
    double position = model_fixture_job(&f, job_0).position;
    model_fixture_checkpoint(&f, &two_by_two, DATA_TRIGGER_CHECKPOINT, &order);
    model_fixture_run(&f, 30 * TIME_S);
    ck_assert_int_ne(model_fixture_acknowledged(&f, 1, 4), TIME_NEVER);
    model_fixture_tell(&f, &two_by_two, DATA_CHECKPOINT_COMPLETE, 1);
    return position;
}

/* Both are under way when the first one is stored: what was in front of its barrier moves it on,
 * but not beyond the cut that came later. */
START_TEST(an_older_checkpoint_does_not_pass_a_newer_one)
{
    model_fixture_begin(&f, &two_by_two, 30000);
    model_fixture_trigger(&f, &two_by_two, 1, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 10100 * TIME_MS);
    model_fixture_trigger(&f, &two_by_two, 2, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 10200 * TIME_MS);
    ck_assert_int_eq(model_fixture_acknowledged(&f, 1, 4), TIME_NEVER);
    const struct cut *cuts = f.model->jobs[0].cuts.items;
    ck_assert_uint_eq(cuts[1].id, 2);
    double newer = cuts[1].sources[0].total, before = cuts[0].sources[0].total;
    ck_assert_double_gt(newer, before);
    model_fixture_run(&f, 60 * TIME_S);
    ck_assert_int_ne(model_fixture_acknowledged(&f, 1, 4), TIME_NEVER);
    model_fixture_tell(&f, &two_by_two, DATA_CHECKPOINT_COMPLETE, 1);
    double settled = model_fixture_job(&f, job_0).restore_position;
    ck_assert_double_gt(settled, before);
    ck_assert_double_le(settled, newer * (1 + 1e-9));
}
END_TEST

static double in_flight_bytes(uint64_t checkpoint)
{
    int64_t sum = 0;
    for (VEC_EACH(const struct fixture_line, line, &f.lines))
        if (line->kind == DATA_CHECKPOINT_ACKNOWLEDGED && line->checkpoint == checkpoint)
            sum += line->ack.in_flight_bytes;
    return (double)sum;
}

/* Sources go back to where they were when they sent the barrier, whichever way it went. */
static void expect_replay(double position)
{
    double now = model_fixture_job(&f, job_0).position;
    ck_assert_double_gt(now - position, 100000);
    model_fixture_restart(&f, &two_by_two, 1);
    model_fixture_run(&f, 31150 * TIME_MS);
    struct model_job_view view = model_fixture_job(&f, job_0);
    ck_assert_double_eq_tol(view.reread_total, now - position, 1);
}

/* The barrier waited for what was before it: state holds it, and it is not worked off again. */
START_TEST(an_aligned_checkpoint_has_what_was_before_its_barrier)
{
    double position = run_full_checkpoint(false);
    double buffers = model_fixture_job(&f, job_0).restore_position - position;
    ck_assert_double_gt(buffers, 5000); /* 100 bytes each, in 30 buffers and more */
    expect_replay(position);
    model_fixture_trigger(&f, &two_by_two, 2, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 31160 * TIME_MS);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).position, position + buffers, 250);
}
END_TEST

/* The barrier overtook it: it is stored, read from there into buffers, and only worked off again.
 */
START_TEST(an_unaligned_checkpoint_brings_its_channel_state_back)
{
    double position = run_full_checkpoint(true), stored = in_flight_bytes(1);
    ck_assert_double_gt(stored, 500000);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).restore_position, position, 1);
    expect_replay(position);
    struct checkpoint_order order = { .checkpoint = 2, .unaligned = true };
    model_fixture_checkpoint(&f, &two_by_two, DATA_TRIGGER_CHECKPOINT, &order);
    model_fixture_run(&f, 32 * TIME_S);
    ck_assert_double_eq_tol(in_flight_bytes(2), stored, stored / 100); /* full from the start */
}
END_TEST

/* Soon after, buffers hold as much again: nothing is lost but what was read since. */
START_TEST(channel_state_is_not_counted_as_read_again)
{
    run_full_checkpoint(true);
    model_fixture_restart(&f, &two_by_two, 1);
    model_fixture_run(&f, 31150 * TIME_MS);
    struct model_job_view before = model_fixture_job(&f, job_0);
    model_fixture_run(&f, 31250 * TIME_MS);
    model_fixture_restart(&f, &two_by_two, 1);
    model_fixture_run(&f, 32400 * TIME_MS);
    struct model_job_view after = model_fixture_job(&f, job_0);
    double read_since = 100e-3 * 20000; /* as much as drained, into full buffers */
    ck_assert_double_eq_tol(after.reread_total - before.reread_total, read_since, 50);
}
END_TEST

START_TEST(a_restore_at_another_parallelism_keeps_the_positions)
{
    static const uint32_t wider[] = { 5, 3 };
    model_fixture_begin(&f, &two_by_two, 30000); /* above capacity: partitions stand behind */
    model_fixture_trigger(&f, &two_by_two, 1, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 30 * TIME_S);
    ck_assert_int_ne(model_fixture_acknowledged(&f, 1, 4), TIME_NEVER);
    model_fixture_tell(&f, &two_by_two, DATA_CHECKPOINT_COMPLETE, 1);
    double position = model_fixture_job(&f, job_0).restore_position;
    model_fixture_cancel(&f, &two_by_two);
    model_fixture_run(&f, 31 * TIME_S);
    two_by_two.parallelism = wider;
    two_by_two.attempt = 1;
    two_by_two.checkpoint = 1;
    model_fixture_deploy(&f, &two_by_two);
    model_fixture_run(&f, 31150 * TIME_MS);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).position, position, 1e-3);
    model_fixture_run(&f, 100 * TIME_S);
}
END_TEST

/* Pipelines restart one by one: only the positions of the one that does go back. */
START_TEST(a_region_goes_back_alone)
{
    struct job_id job = model_fixture_add_job(&f);
    model_fixture_vertex(&f, job, "source", 128, 0)->partitions = 4;
    model_fixture_vertex(&f, job, "map", 128, 0);
    model_fixture_edge(&f, job, 0, 1, PARTITION_FORWARD);
    model_fixture_load(&f, job, 0, 0, 1000);
    two_by_two.job = job;
    model_fixture_start(&f);
    model_fixture_deploy(&f, &two_by_two);
    model_fixture_run(&f, 10 * TIME_S);
    model_fixture_trigger(&f, &two_by_two, 1, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 11 * TIME_S);
    model_fixture_tell(&f, &two_by_two, DATA_CHECKPOINT_COMPLETE, 1);
    model_fixture_end_process(&f, 2);
    static const uint32_t spare[] = { 3, 3 };
    struct fixture_deployment again = two_by_two;
    again.hosts = spare;
    again.attempt = 1;
    again.checkpoint = 1;
    model_fixture_run(&f, 12 * TIME_S);
    model_fixture_deploy_one(&f, &again, 0, 1);
    model_fixture_deploy_one(&f, &again, 1, 1);
    model_fixture_run(&f, 20 * TIME_S);
    struct model_job_view view = model_fixture_job(&f, job);
    ck_assert_double_eq_tol(view.replayed_total, 500, 10); /* within the settling time */
    ck_assert_double_eq_tol(view.position, 20000, 1e-3);
}
END_TEST

/* A9: what the lost pipeline has acknowledged it has; the other one's part still comes, and with it
 * the checkpoint is whole. */
START_TEST(a_checkpoint_is_stored_behind_the_loss_of_what_it_has_already)
{
    struct job_id job = model_fixture_add_job(&f);
    model_fixture_vertex(&f, job, "source", 128, 0)->partitions = 4;
    model_fixture_vertex(&f, job, "map", 128, 0);
    model_fixture_edge(&f, job, 0, 1, PARTITION_FORWARD);
    model_fixture_load(&f, job, 0, 0, 1000);
    vec_push(&f.scenario.jobs.items[job.n].faults,
             ((struct planned_fault){ .kind = FAULT_SNAPSHOT_SLEEP,
                                      .vertex = { 1 },
                                      .checkpoint_last = UINT64_MAX,
                                      .sleep = 1500 * TIME_MS }));
    two_by_two.job = job;
    model_fixture_start(&f);
    model_fixture_deploy(&f, &two_by_two);
    model_fixture_run(&f, 10 * TIME_S);
    model_fixture_trigger(&f, &two_by_two, 1, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 10500 * TIME_MS);
    ck_assert(model_fixture_acknowledged(&f, 1, 3) < 10010 * TIME_MS);
    model_fixture_end_process(&f, 2);
    model_fixture_run(&f, 12 * TIME_S);
    time_ns last = model_fixture_acknowledged(&f, 1, 4);
    ck_assert_int_ge(last, 11500 * TIME_MS);
    ck_assert_int_lt(last, 11510 * TIME_MS);
}
END_TEST

/* Sources stop behind the barrier; the tasks finish when the savepoint is complete. */
START_TEST(stop_with_savepoint_stops_the_sources_and_finishes_the_tasks)
{
    count->state_fixed = 1e9;
    model_fixture_begin(&f, &two_by_two, 1000);
    model_fixture_checkpoint(
        &f, &two_by_two, DATA_TRIGGER_CHECKPOINT,
        &(struct checkpoint_order){ .checkpoint = 1, .kind = CHECKPOINT_STOP_SUSPEND });
    model_fixture_run(&f, 12 * TIME_S);
    ck_assert_int_ne(model_fixture_acknowledged(&f, 1, 4), TIME_NEVER);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).position, 10000, 1);
    model_fixture_tell(&f, &two_by_two, DATA_CHECKPOINT_COMPLETE, 1);
    model_fixture_run(&f, 20 * TIME_S);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FINISHED), 4);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).position, 10000, 1);
}
END_TEST

/* StreamTask.notifyCheckpointAbortAsync: nothing sets them going again. */
START_TEST(sources_fail_when_a_stop_with_savepoint_is_aborted)
{
    count->state_fixed = 1e9;
    model_fixture_begin(&f, &two_by_two, 1000);
    model_fixture_checkpoint(
        &f, &two_by_two, DATA_TRIGGER_CHECKPOINT,
        &(struct checkpoint_order){ .checkpoint = 1, .kind = CHECKPOINT_STOP_DRAIN });
    model_fixture_run(&f, 10500 * TIME_MS);
    model_fixture_tell(&f, &two_by_two, DATA_CHECKPOINT_ABORTED, 1);
    model_fixture_run(&f, 20 * TIME_S);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FINISHED), 0);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FAILED), 2);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).position, 10000, 1);
}
END_TEST

/* Task.doRun: it cannot go from CANCELING to FINISHED. */
START_TEST(a_task_that_is_cancelled_while_it_finishes_is_canceled)
{
    count->close = 20 * TIME_S;
    model_fixture_begin(&f, &two_by_two, 1000);
    model_fixture_trigger(&f, &two_by_two, 1, CHECKPOINT_STOP_SUSPEND);
    model_fixture_run(&f, 11 * TIME_S);
    model_fixture_tell(&f, &two_by_two, DATA_CHECKPOINT_COMPLETE, 1);
    model_fixture_run(&f, 12 * TIME_S);
    ck_assert_int_eq(model_broken_at(f.model, job_0), TIME_NEVER);
    model_fixture_cancel(&f, &two_by_two);
    ck_assert_int_eq(model_broken_at(f.model, job_0), 12 * TIME_S);
    model_fixture_run(&f, 40 * TIME_S);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FINISHED), 2);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_CANCELED), 2);
}
END_TEST

/* 10,000 records behind the checkpoint that it goes back to, and 2 s that nobody has read. */
START_TEST(what_was_read_waits_again_when_a_task_is_lost_behind_the_savepoint)
{
    count->close = 20 * TIME_S;
    model_fixture_begin(&f, &two_by_two, 1000);
    model_fixture_trigger(&f, &two_by_two, 1, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 11 * TIME_S);
    model_fixture_tell(&f, &two_by_two, DATA_CHECKPOINT_COMPLETE, 1);
    model_fixture_run(&f, 20 * TIME_S);
    model_fixture_trigger(&f, &two_by_two, 2, CHECKPOINT_STOP_SUSPEND);
    model_fixture_run(&f, 21 * TIME_S);
    model_fixture_tell(&f, &two_by_two, DATA_CHECKPOINT_COMPLETE, 2);
    model_fixture_run(&f, 22 * TIME_S);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).backlog, 2000, 10);
    model_fixture_end_process(&f, 2);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).backlog, 12000, 10);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).lag_seconds, 12, 0.01);
}
END_TEST

START_TEST(cuts_that_cannot_be_restored_are_forgotten)
{
    f.config.checkpoint_retained = 2;
    model_fixture_begin(&f, &two_by_two, 1000);
    for (uint64_t id = 1; id <= 20; id++) {
        model_fixture_trigger(&f, &two_by_two, id, CHECKPOINT_PERIODIC);
        model_fixture_run(&f, (10 + (time_ns)id) * TIME_S);
        model_fixture_tell(&f, &two_by_two, DATA_CHECKPOINT_COMPLETE, id);
    }
    ck_assert_uint_eq(f.model->jobs[0].cuts.count, 2);
    ck_assert_uint_eq(f.model->jobs[0].cuts.items[0].id, 19);
}
END_TEST

static double written_bytes(uint64_t checkpoint)
{
    int64_t sum = 0;
    for (VEC_EACH(const struct fixture_line, line, &f.lines))
        if (line->kind == DATA_CHECKPOINT_ACKNOWLEDGED && line->checkpoint == checkpoint)
            sum += line->ack.written_bytes;
    return (double)sum;
}

/* A TaskManager is lost between the savepoint of a stop and the end of its tasks: what is restored
 * is the checkpoint before it, which the savepoint must not have pushed out. Nor may it be taken
 * for a part of the row: it is ahead of the next checkpoint, and no incremental one builds on it.
 */
START_TEST(a_stop_that_fails_after_its_savepoint_goes_back_to_the_checkpoint)
{
    struct note note;
    f.config.checkpoint_incremental = true;
    f.config.state_backend = STATE_BACKEND_ROCKSDB;
    f.config.checkpoint_retained = _i + 1;
    count->keys = 30000; /* whose records go by key group */
    count->state_growth = 100;
    model_fixture_begin(&f, &two_by_two, 1000);
    model_fixture_trigger(&f, &two_by_two, 1, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 11 * TIME_S);
    model_fixture_tell(&f, &two_by_two, DATA_CHECKPOINT_COMPLETE, 1);
    model_fixture_run(&f, 40 * TIME_S);
    model_fixture_trigger(&f, &two_by_two, 2, CHECKPOINT_STOP_SUSPEND);
    model_fixture_run(&f, 41 * TIME_S);
    model_fixture_tell(&f, &two_by_two, DATA_CHECKPOINT_COMPLETE, 2);
    model_fixture_restart(&f, &two_by_two, 1);
    model_fixture_run(&f, 42200 * TIME_MS);
    model_fixture_trigger(&f, &two_by_two, 3, CHECKPOINT_PERIODIC); /* behind the savepoint */
    model_fixture_run(&f, 43 * TIME_S);
    ck_assert_double_lt(model_fixture_job(&f, job_0).position, 40000);
    ck_assert_int_ne(model_fixture_acknowledged(&f, 3, 4), TIME_NEVER);
    ck_assert_double_eq_tol(written_bytes(3), (11000 - 10000) * 100, 1000);
    model_fixture_tell(&f, &two_by_two, DATA_CHECKPOINT_COMPLETE, 3);
    ck_assert(!err_is(model_check_conservation(f.model, &note)));
    ck_assert_double_eq_tol(written_bytes(1), 10000 * 100, 1000);
    model_fixture_run(&f, 50 * TIME_S);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).replayed_total, 30000, 10);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).position, 50000, 1);
}
END_TEST

START_TEST(restoring_what_was_never_cut_stops_the_run)
{
    model_fixture_begin(&f, &two_by_two, 1000);
    model_fixture_restart(&f, &two_by_two, 77);
    model_fixture_run(&f, 20 * TIME_S);
}
END_TEST

/* The check of the books must be able to fail. */
START_TEST(the_books_show_what_does_not_add_up)
{
    struct note note;
    model_fixture_begin(&f, &two_by_two, 1000);
    ck_assert(!err_is(model_check_conservation(f.model, &note)));
    struct model_source *s = &f.model->jobs[0].sources.items[0];
    s->served_total += 100;
    ck_assert(err_is(model_check_conservation(f.model, &note)));
    s->served_total -= 100;
    s->replayed_total += 100;
    ck_assert(err_is(model_check_conservation(f.model, &note)));
    s->replayed_total -= 100;
    s->groups.items[0].count--;
    ck_assert(err_is(model_check_conservation(f.model, &note)));
    s->groups.items[0].count++;
    s->groups.items[0].kept_up = false;
    s->groups.items[0].position += 100;
    ck_assert(err_is(model_check_conservation(f.model, &note)));
    s->groups.items[0].kept_up = true;
    s->withdrawn_total += 100;
    ck_assert(!err_is(model_check_conservation(f.model, &note))); /* offered grows with it */
    s->withdrawn_total -= 100;
    s->rate *= 1000;
    ck_assert(err_is(model_check_conservation(f.model, &note)));
    s->rate /= 1000;
    ck_assert(!err_is(model_check_conservation(f.model, &note)));
}
END_TEST
Suite *test_model_restore_suite(void)
{
    Suite *suite = suite_create("model_restore");
    TCase *tests = tcase_create("restore");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, what_was_read_since_the_cut_is_replayed);
    tcase_add_test(tests, state_that_is_lost_waits_at_once);
    tcase_add_test(tests, without_a_checkpoint_everything_waits_again);
    tcase_add_test(tests, an_older_checkpoint_does_not_pass_a_newer_one);
    tcase_add_test(tests, what_waits_in_buffers_at_a_restart_is_read_again);
    tcase_add_test(tests, an_aligned_checkpoint_has_what_was_before_its_barrier);
    tcase_add_test(tests, an_unaligned_checkpoint_brings_its_channel_state_back);
    tcase_add_test(tests, channel_state_is_not_counted_as_read_again);
    tcase_add_test(tests, a_restore_at_another_parallelism_keeps_the_positions);
    tcase_add_test(tests, a_region_goes_back_alone);
    tcase_add_test(tests, a_checkpoint_is_stored_behind_the_loss_of_what_it_has_already);
    tcase_add_test(tests, stop_with_savepoint_stops_the_sources_and_finishes_the_tasks);
    tcase_add_test(tests, sources_fail_when_a_stop_with_savepoint_is_aborted);
    tcase_add_test(tests, a_task_that_is_cancelled_while_it_finishes_is_canceled);
    tcase_add_test(tests, what_was_read_waits_again_when_a_task_is_lost_behind_the_savepoint);
    tcase_add_test(tests, cuts_that_cannot_be_restored_are_forgotten);
    tcase_add_loop_test(tests, a_stop_that_fails_after_its_savepoint_goes_back_to_the_checkpoint, 0,
                        2);
    tcase_add_test_raise_signal(tests, restoring_what_was_never_cut_stops_the_run, SIGABRT);
    tcase_add_test(tests, the_books_show_what_does_not_add_up);
    suite_add_tcase(suite, tests);
    return suite;
}
