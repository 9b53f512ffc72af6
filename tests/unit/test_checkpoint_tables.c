/* SPDX-License-Identifier: Apache-2.0
 *
 * A checkpoint in each of its states and everything the coordinator may be told of it: where it
 * goes, or that nothing changes. The one cell that no correct JobMaster reaches stops the run and
 * is tested with the failures (test_checkpoint_failures.c).
 */
#include <check.h>

#include "tests/lib/checkpoints.h"

static struct checkpoint_fixture f;
static const struct task_attempt count_0 = { { 2 }, 0, 0 };

static enum pending_state state_of_the_checkpoint(void)
{
    for (VEC_EACH(const struct pending_checkpoint, pending, &f.coordinator.pending))
        if (pending->id == 1)
            return pending->state;
    return f.last[ORDER_COMPLETED].checkpoint == 1 ? PENDING_COMPLETED : PENDING_ABORTED;
}

/* Events. */

static void acknowledged_by_one(void)
{
    struct checkpoint_ack ack = { .attempt = count_0, .state_bytes = 5 };
    checkpoint_coordinator_on_acknowledge(&f.coordinator, 1, &ack, 1, &f.effects);
}
static void acknowledged_by_all(void)
{
    checkpoint_fixture_acknowledge(&f, 1);
}
static void declined(void)
{
    checkpoint_coordinator_on_decline(&f.coordinator, 1, count_0, CHECKPOINT_FAILURE_DECLINED,
                                      &f.effects);
}
static void trigger_failed(void)
{
    checkpoint_coordinator_on_trigger_failed(&f.coordinator, 1, &f.effects);
}
static void stored(void)
{
    checkpoint_coordinator_on_stored(&f.coordinator, 1, false, &f.effects);
}
static void not_stored(void)
{
    checkpoint_coordinator_on_stored(&f.coordinator, 1, true, &f.effects);
}
static void time_passes(void)
{
    effects_begin(&f.effects, 12 * TIME_S);
    if (checkpoint_coordinator_deadline(&f.coordinator) <= f.effects.now)
        checkpoint_coordinator_on_time(&f.coordinator, &f.effects);
}
static void tasks_are_restarted(void)
{
    checkpoint_coordinator_abort_pending(&f.coordinator, CHECKPOINT_FAILURE_FAILOVER_REGION,
                                         &f.effects);
}
static void job_ends(void)
{
    checkpoint_coordinator_shutdown(&f.coordinator, JOB_END_FINISHED, &f.effects);
}

/* States. A user's checkpoint without periodic ones, so that nothing else happens. */
static void bring_to(enum pending_state state)
{
    const char *keys[] = { "execution.checkpointing.timeout", "10 s",
                           "execution.checkpointing.externalized-checkpoint-retention",
                           "RETAIN_ON_CANCELLATION", NULL };
    checkpoint_fixture_init(&f, 2, keys);
    f.silent = UINT64_MAX;
    f.store = 1 * TIME_MIN;
    checkpoint_fixture_request(&f, CHECKPOINT_PERIODIC, 9);
    checkpoint_fixture_advance_to(&f, TIME_MS); /* the plan is made in a turn of its own */
    if (state == PENDING_FINALIZING || state == PENDING_COMPLETED)
        acknowledged_by_all();
    if (state == PENDING_COMPLETED)
        stored();
    if (state == PENDING_ABORTED)
        declined();
    checkpoint_fixture_carry_out(&f);
}

static void teardown(void)
{
    checkpoint_fixture_fini(&f);
}

struct row {
    const char *event;
    void (*run)(void);
    const char *cells; /* T, F, C, A: handled, and where it leads; -: changes nothing */
};

/* A checkpoint whose metadata is being written does not expire and minds no task, but it ends with
 * a restart (A12). The end of the job discards what has completed, which changes the store. */
static const struct row rows[] = {
    { "acknowledged by one", acknowledged_by_one, "T---" },
    { "acknowledged by all", acknowledged_by_all, "F---" },
    { "declined", declined, "A---" },
    { "trigger failed", trigger_failed, "A---" },
    { "stored", stored, "*C--" },
    { "not stored", not_stored, "*A--" },
    { "time passes", time_passes, "A---" },
    { "tasks are restarted", tasks_are_restarted, "AA--" },
    { "job ends", job_ends, "AAC-" },
};
enum { ROWS = sizeof rows / sizeof *rows };

START_TEST(every_cell_of_a_pending_checkpoint)
{
    static const char letters[] = "TFCA";
    const struct row *row = &rows[_i / PENDING_STATE_COUNT];
    enum pending_state state = (enum pending_state)(_i % PENDING_STATE_COUNT);
    char cell = row->cells[state];
    bring_to(state);
    ck_assert_int_eq(state_of_the_checkpoint(), state);
    if (cell == '*')
        return; /* impossible */
    uint64_t before = checkpoint_coordinator_hash(&f.coordinator);
    row->run();
    checkpoint_fixture_carry_out(&f);
    checkpoint_coordinator_invariant(&f.coordinator);
    enum pending_state to = state_of_the_checkpoint();
    ck_assert_msg(letters[to] == (cell == '-' ? letters[state] : cell), "%s in %s leads to %s",
                  row->event, state_name(&pending_checkpoint_states, state),
                  state_name(&pending_checkpoint_states, to));
    ck_assert_msg((checkpoint_coordinator_hash(&f.coordinator) == before) == (cell == '-'),
                  "%s in %s", row->event, state_name(&pending_checkpoint_states, state));
}
END_TEST

Suite *test_checkpoint_tables_suite(void)
{
    Suite *suite = suite_create("checkpoint/tables");
    TCase *tables = tcase_create("tables");
    tcase_add_checked_fixture(tables, NULL, teardown);
    tcase_add_loop_test(tables, every_cell_of_a_pending_checkpoint, 0, ROWS * PENDING_STATE_COUNT);
    suite_add_tcase(suite, tables);
    return suite;
}
