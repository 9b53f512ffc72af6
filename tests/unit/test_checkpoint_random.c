/* SPDX-License-Identifier: Apache-2.0
 *
 * Random legal histories of the coordinator: its invariants hold after each call, every checkpoint
 * that began ends in exactly one way, and equal histories leave equal hashes.
 */
#include <check.h>

#include "tests/lib/checkpoints.h"

enum { STEPS = 400, IDS_MAX = 2000 };

static struct checkpoint_fixture f;
static struct rng rng;
static uint8_t ended[IDS_MAX]; /* by checkpoint: completed or aborted so often */
static uint32_t completed;

static uint64_t below(uint64_t bound)
{
    return rng_below(&rng, bound);
}

static void count_ends(const struct checkpoint_coordinator_order *order)
{
    completed += order->kind == ORDER_COMPLETED;
    if (order->kind == ORDER_COMPLETED || order->kind == ORDER_ABORTED) {
        ck_assert_uint_lt(order->checkpoint, IDS_MAX);
        ended[order->checkpoint]++;
    }
}

static void take_orders(void)
{
    struct checkpoint_coordinator_order order;
    while (checkpoint_coordinator_next_order(&f.coordinator, &order)) {
        count_ends(&order);
        if (order.kind == ORDER_WRITE_METADATA && below(4) > 0)
            checkpoint_coordinator_on_stored(&f.coordinator, order.checkpoint, below(5) == 0,
                                             &f.effects);
    }
}

static uint64_t some_checkpoint(void)
{
    uint64_t next = f.coordinator.next_id; /* most often one of the last; sometimes none yet */
    return next - below(next < 4 ? next : 4);
}

static void say_something(void)
{
    struct checkpoint_ack acks[8];
    size_t count = 0;
    for (uint32_t t = 0; t < f.graph->task_count; t++)
        if (below(5) > 0)
            acks[count++] =
                (struct checkpoint_ack){ .attempt = { { t }, f.graph->tasks[t].attempt, 0 },
                                         .state_bytes = (int64_t)below(99) };
    uint64_t checkpoint = some_checkpoint();
    struct task_attempt by = { { (uint32_t)below(4) }, 0, 0 };
    switch (below(7)) {
    case 0:
        checkpoint_coordinator_on_decline(
            &f.coordinator, checkpoint, by,
            (enum checkpoint_failure)(1 + below(CHECKPOINT_FAILURE_COUNT - 1)), &f.effects);
        break;
    case 1: checkpoint_coordinator_on_trigger_failed(&f.coordinator, checkpoint, &f.effects); break;
    default:
        checkpoint_coordinator_on_acknowledge(&f.coordinator, checkpoint, acks, count, &f.effects);
    }
}

/* Restarts what is down, or else seldom lets something fail, so that most triggers find all up. */
static void fail_or_restart_a_task(void)
{
    uint32_t task = 0;
    while (task < f.graph->task_count && f.graph->tasks[task].state == EXECUTION_RUNNING)
        task++;
    if (task == f.graph->task_count) {
        if (below(8) == 0)
            checkpoint_fixture_move(&f, (uint32_t)below(task), EXECUTION_FAILED);
        return;
    }
    execution_graph_reset(f.graph, (struct task_id){ task }, f.effects.now);
    checkpoint_fixture_move(&f, task, EXECUTION_RUNNING);
    checkpoint_coordinator_abort_pending(&f.coordinator, CHECKPOINT_FAILURE_FAILOVER_REGION,
                                         &f.effects);
}

/* One draw after the other: the order of arguments is the compiler's. */
static void ask(void)
{
    uint64_t token = 1 + below(9);
    enum checkpoint_kind kind = (enum checkpoint_kind)below(CHECKPOINT_KIND_COUNT);
    checkpoint_coordinator_request(&f.coordinator, kind, token, &f.effects);
}

static void act(void)
{
    switch (below(14)) {
    case 0: ask(); break;
    case 1: checkpoint_coordinator_start_periodic(&f.coordinator, &f.effects); break;
    case 2: checkpoint_coordinator_resume_periodic(&f.coordinator, &f.effects); break;
    case 3:
        if (below(4) == 0)
            checkpoint_coordinator_stop_periodic(&f.coordinator, CHECKPOINT_FAILURE_SUSPENDED,
                                                 &f.effects);
        break;
    case 4: checkpoint_coordinator_request_active(&f.coordinator, &f.effects); break;
    case 5: checkpoint_fixture_backlog(&f, below(2) == 0); break;
    case 6: fail_or_restart_a_task(); break;
    case 7:
        if (below(20) == 0)
            checkpoint_coordinator_set_graph(&f.coordinator, f.graph);
        break;
    default: say_something();
    }
}

static uint64_t live(uint64_t seed)
{
    static const char *const keys[] = { "execution.checkpointing.interval",
                                        "200 ms",
                                        "execution.checkpointing.min-pause",
                                        "50 ms",
                                        "execution.checkpointing.timeout",
                                        "900 ms",
                                        "execution.checkpointing.max-concurrent-checkpoints",
                                        "3",
                                        "execution.checkpointing.interval-during-backlog",
                                        "500 ms",
                                        "execution.checkpointing.num-retained",
                                        "2",
                                        "execution.checkpointing.tolerable-failed-checkpoints",
                                        "2",
                                        NULL };
    rng = rng_stream(seed, "history", 0);
    memset(ended, 0, sizeof ended);
    completed = 0;
    checkpoint_fixture_init(&f, 2, keys);
    uint64_t hash = 0;
    for (int step = 0; step < STEPS; step++) {
        effects_begin(&f.effects, f.effects.now + (time_ns)below(120) * TIME_MS);
        if (below(2) == 0)
            act();
        take_orders();
        while (checkpoint_coordinator_deadline(&f.coordinator) <= f.effects.now) {
            checkpoint_coordinator_on_time(&f.coordinator, &f.effects);
            take_orders();
        }
        checkpoint_coordinator_invariant(&f.coordinator);
        hash = hash * 31 + checkpoint_coordinator_hash(&f.coordinator);
    }
    checkpoint_coordinator_shutdown(&f.coordinator, JOB_END_FAILED, &f.effects);
    take_orders();
    for (uint64_t id = 1; id < f.coordinator.next_id; id++)
        ck_assert_uint_eq(ended[id], 1);
    ck_assert_uint_gt(f.coordinator.next_id, 10);
    ck_assert_uint_gt(completed, 0);
    checkpoint_fixture_fini(&f);
    return hash;
}

START_TEST(random_histories_end_every_checkpoint_once)
{
    ck_assert_uint_eq(live((uint64_t)_i), live((uint64_t)_i));
}
END_TEST

Suite *test_checkpoint_random_suite(void)
{
    Suite *suite = suite_create("checkpoint/random");
    TCase *histories = tcase_create("histories");
    tcase_add_loop_test(histories, random_histories_end_every_checkpoint_once, 0, 60);
    suite_add_tcase(suite, histories);
    return suite;
}
