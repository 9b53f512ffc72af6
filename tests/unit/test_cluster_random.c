/* SPDX-License-Identifier: Apache-2.0
 *
 * Random lives of whole clusters: joins, deaths, freezes, cuts, failures, savepoints and
 * requirements in any order, from a seed. All invariants hold after each step (the nodes check
 * them); when the faults stop and there are enough TaskManagers, the job runs again, checkpoints
 * complete, and no slot has leaked. The same life with and without vouching leaves the same log.
 */
#include <check.h>
#include <stdio.h>

#include "core/base/hash.h"
#include "core/base/rng.h"
#include "core/cluster/job_manager.h"
#include "core/cluster/task_executor.h"
#include "core/cluster/view.h"
#include "tests/lib/story_setup.h"

enum { SEEDS = 60, ACTIONS = 40, SLOTS_NEEDED = 8, TASK_MANAGERS_MAX = 40 };

static const struct node_id jm = { 0 };

struct life {
    struct story *story;
    struct rng rng;
    bool adaptive, reactive, exact; /* exact: only what leaves the same log with vouching */
    uint32_t jobs;
};

static uint32_t draw(struct life *life, uint32_t bound)
{
    return (uint32_t)rng_below(&life->rng, bound);
}

static const char *const graphs[] = {
    "source 4 /8; count 4 /8; source -> count hash",
    "source 4 /8; map 4 /8; sink 4 /8; source -> map forward; map -> sink forward",
    "source 4 /8; map 4 /8; count 2 /8; source -> map forward; map -> count hash",
    "a 2 /8; b 3 /8; c 4 /8; d 4 /8; a -> b hash; c -> d forward",
    "source 3 /8 @hot; count 4 /8; source -> count rescale",
};
enum { GRAPHS = sizeof graphs / sizeof *graphs };

/* In some lives another job shares the cluster, with the other scheduler. */
static void submit_another(struct life *life)
{
    struct job_graph *graph =
        graphs_job_with(graphs[draw(life, GRAPHS)], story_config(life->story));
    graph->id = (struct job_id){ life->jobs++ };
    graph->config.scheduler = life->adaptive ? SCHEDULER_DEFAULT : SCHEDULER_ADAPTIVE;
    story_submit(life->story, graph);
}

/* Ways to choose slots, and books that are kept on the way. */
static void set_what_places_tasks(struct life *life)
{
    static const char *const balances[] = { "none", "slots", "tasks", "min_resources" };
    struct story *story = life->story;
    story_set(story, "taskmanager.load-balance.mode", balances[draw(life, 4)]);
    story_set(story, "execution.state-recovery.from-local", draw(life, 2) ? "true" : "false");
    story_set(story, "web.adaptive-scheduler.rescale-history.size", draw(life, 2) ? "3" : "0");
    if (draw(life, 3) == 0)
        story_set(story, "execution.checkpointing.max-concurrent-checkpoints", "2");
    if (draw(life, 3) == 0)
        story_set(story, "execution.checkpointing.min-pause", "2 s");
}

static void open_life(struct life *life, int seed, bool vouch, bool exact)
{
    *life =
        (struct life){ .rng = rng_stream((uint64_t)seed, "life", 0), .exact = exact, .jobs = 1 };
    struct story *story = life->story = story_begin(vouch);
    life->reactive = draw(life, 4) == 0;
    life->adaptive = life->reactive || draw(life, 2) == 0;
    if (life->reactive)
        story_reactive(story, "1 s", "2 s");
    else if (life->adaptive)
        story_adaptive(story);
    story_fixed_delay(story, "1000000", draw(life, 2) ? "1 s" : "100 ms");
    story_set(story, "execution.checkpointing.interval", "3 s");
    story_set(story, "execution.checkpointing.timeout", "20 s");
    story_set(story, "execution.checkpointing.tolerable-failed-checkpoints", "1000000");
    story_set(story, "jobmanager.adaptive-scheduler.submission.resource-wait-timeout", "-1 ms");
    if (draw(life, 2))
        story_set(story, "resourcemanager.standalone.start-up-time", "10 s");
    if (draw(life, 2))
        story_set(story, "jobmanager.execution.failover-strategy", "full");
    if (draw(life, 3) == 0)
        story_set(story, "heartbeat.timeout", "15 s");
    set_what_places_tasks(life);
    story_start(story);
    uint32_t count = draw(life, 5);
    for (uint32_t i = 0; i < count; i++)
        story_add(story, 1 + draw(life, 3));
    story_run(story, 100 * TIME_MS);
    story_submit(story, graphs_job_with(graphs[draw(life, GRAPHS)], story_config(story)));
    if (!life->reactive && draw(life, 3) == 0)
        submit_another(life);
}

static struct node_id some_task_manager(struct life *life)
{
    uint32_t count = story_node_count(life->story);
    return (struct node_id){ count > 1 ? 1 + draw(life, count - 1) : 0 };
}

static void fail_some_task(struct life *life, enum failure_cause cause)
{
    uint32_t task = draw(life, 16);
    struct node_id node = story_task_node(life->story, task);
    if (!node_id_is_none(node))
        story_report(life->story, task, EXECUTION_FAILED, cause);
}

static void put(struct life *life)
{
    int32_t upper = 1 + (int32_t)draw(life, SLOTS_NEEDED);
    const struct job_graph *graph = view_job(story_node(life->story, jm), 0).graph;
    story_put(life->story, (uint32_t)graph->vertices.count, 1, upper);
}

/* Acts on nodes that are up or not, as it comes: what makes no sense does nothing. */
static void act(struct life *life)
{
    struct story *story = life->story;
    struct node_id node = some_task_manager(life);
    bool manager_is_up = story_is_up(story, jm);
    switch (draw(life, life->exact ? 13 : 18)) {
    case 0:
    case 1:
        if (story_node_count(story) < TASK_MANAGERS_MAX)
            story_add(story, 1 + draw(life, 3));
        break;
    case 2:
        if (node.n)
            story_stop(story, node);
        break;
    case 3:
        if (node.n)
            story_kill_noticed(story, node, (time_ns)draw(life, 600) * TIME_MS);
        break;
    case 4:
        if (node.n)
            story_kill_hanging(story, node, (time_ns)draw(life, 3000) * TIME_MS);
        break;
    case 5:
        if (node.n)
            story_freeze(story, node, true);
        break;
    case 6:
        if (node.n)
            story_freeze(story, node, false);
        break;
    case 7: fail_some_task(life, CAUSE_USER_CODE); break;
    case 8: fail_some_task(life, CAUSE_SNAPSHOT); break;
    case 9:
        if (manager_is_up)
            story_ask_of(story, (struct job_id){ draw(life, life->jobs) },
                         CLIENT_TRIGGER_SAVEPOINT);
        break;
    case 10:
        if (manager_is_up && life->adaptive && !life->reactive)
            put(life);
        break;
    case 11: story_hold_acks(story, draw(life, 2)); break;
    case 12: story_freeze(story, jm, draw(life, 2)); break;
    case 13:
        if (node.n)
            story_cut(story, node, true);
        break;
    case 14:
        if (node.n)
            story_cut(story, node, false);
        break;
    case 15: story_set_latency(story, 1 + (time_ns)draw(life, 200) * TIME_MS); break;
    case 16: story_slow_cancel(story, (time_ns)draw(life, 4000) * TIME_MS); break;
    case 17: story_fail_stores(story, draw(life, 2)); break;
    }
}

static void live(struct life *life)
{
    for (int i = 0; i < ACTIONS; i++) {
        time_ns pause = (time_ns)rng_below(&life->rng, draw(life, 4) ? 3 * TIME_S : 30 * TIME_S);
        story_run(life->story, story_now(life->story) + pause);
        act(life);
    }
}

static void end_faults(struct life *life)
{
    struct story *story = life->story;
    story_set_latency(story, STORY_LATENCY);
    story_slow_cancel(story, STORY_CANCEL);
    story_hold_acks(story, false);
    story_fail_stores(story, false);
    for (uint32_t node = 0; node < story_node_count(story); node++) {
        story_cut(story, (struct node_id){ node }, false);
        story_freeze(story, (struct node_id){ node }, false);
    }
    for (uint32_t i = 0; i < life->jobs * SLOTS_NEEDED; i++)
        story_add(story, 2);
}

/* What JobMasters, resource manager and TaskManagers think of slots is the same. */
static void check_slots_agree(const struct life *life)
{
    const struct story *story = life->story;
    struct cluster_view cluster = view_cluster(story_node(story, jm));
    uint32_t lent = 0, held = 0;
    for (uint32_t node = 1; node < story_node_count(story); node++)
        if (story_is_up(story, (struct node_id){ node }))
            lent += view_task_manager_slots_used(story_node(story, (struct node_id){ node }));
    for (uint32_t job = 0; job < life->jobs; job++)
        held += view_job(story_node(story, jm), job).slots_held;
    ck_assert_uint_eq(lent, cluster.slots_total - cluster.slots_free);
    ck_assert_uint_eq(lent, held);
}

/* All tasks run; gives their number. */
static uint32_t check_job_runs(const struct story *story, uint32_t number)
{
    const struct job_manager *manager = node_job_manager(story_node(story, jm));
    const struct job_master *master = manager->dispatcher.jobs.items[number].master;
    struct job_view job = view_job(story_node(story, jm), number);
    ck_assert_int_eq(job.status, JOB_RUNNING);
    ck_assert_uint_eq(job.tasks_running, job.tasks);
    const struct completed_checkpoint *latest = completed_store_latest(&master->checkpoints.store);
    ck_assert_ptr_nonnull(latest);
    ck_assert_int_gt(latest->completed_at, story_now(story) - 10 * TIME_S);
    return job.tasks;
}

static void check_recovered(struct life *life)
{
    struct story *story = life->story;
    uint32_t tasks = 0;
    story_run(story, story_now(story) + 3 * TIME_MIN);
    for (uint32_t job = 0; job < life->jobs; job++)
        tasks += check_job_runs(story, job);
    ck_assert_uint_eq(story_tasks_running(story), tasks);
    ck_assert_uint_eq(story_unanswered(story), 0);
    check_slots_agree(life);
    for (uint32_t job = 0; job < life->jobs; job++)
        story_ask_of(story, (struct job_id){ job }, CLIENT_CANCEL_JOB);
    story_run(story, story_now(story) + 1 * TIME_MIN);
    ck_assert_uint_eq(view_cluster(story_node(story, jm)).slots_free,
                      view_cluster(story_node(story, jm)).slots_total);
    ck_assert_uint_eq(story_tasks_running(story), 0);
}

START_TEST(whatever_happens_the_job_runs_again_when_it_can)
{
    struct life life;
    open_life(&life, _i, _i % 2, false);
    live(&life);
    end_faults(&life);
    check_recovered(&life);
    story_destroy(life.story);
}
END_TEST

/* Stops that may fail, and cancels, in the midst of everything. */
static void live_towards_an_end(struct life *life)
{
    struct story *story = life->story;
    for (int i = 0; i < ACTIONS; i++) {
        story_run(story, story_now(story) + (time_ns)rng_below(&life->rng, 5 * TIME_S));
        struct job_id job = { draw(life, life->jobs) };
        uint32_t what = draw(life, 12);
        if (what == 0 && i > ACTIONS / 2 && story_is_up(story, jm))
            story_ask_of(story, job, CLIENT_CANCEL_JOB);
        else if (what < 3 && story_is_up(story, jm))
            story_ask_of(story, job, CLIENT_STOP_WITH_SAVEPOINT);
        else
            act(life);
    }
}

/* However it ends, and whenever: every asker has an answer, no slot is held and no task runs. */
START_TEST(a_job_that_ends_leaves_nothing_behind)
{
    struct life life;
    open_life(&life, 3000 + _i, _i % 2, false);
    live_towards_an_end(&life);
    end_faults(&life);
    struct story *story = life.story;
    story_run(story, story_now(story) + 3 * TIME_MIN);
    for (uint32_t job = 0; job < life.jobs; job++)
        if (view_job(story_node(story, jm), job).ended_at == TIME_NEVER)
            story_ask_of(story, (struct job_id){ job }, CLIENT_CANCEL_JOB);
    story_run(story, story_now(story) + 1 * TIME_MIN);
    for (uint32_t job = 0; job < life.jobs; job++) {
        struct job_view view = view_job(story_node(story, jm), job);
        ck_assert(state_is_final(&job_statuses, view.status));
        ck_assert_int_ne(view.ended_at, TIME_NEVER);
        ck_assert_uint_eq(view.slots_held, 0);
    }
    ck_assert_uint_eq(story_unanswered(story), 0);
    ck_assert_uint_eq(story_tasks_running(story), 0);
    check_slots_agree(&life);
    ck_assert_uint_eq(view_cluster(story_node(story, jm)).slots_free,
                      view_cluster(story_node(story, jm)).slots_total);
    story_destroy(story);
}
END_TEST

/* Line by line, for a person who must see where the two part. */
static void check_same_log(const struct story *a, const struct story *b)
{
    size_t count =
        story_line_count(a) < story_line_count(b) ? story_line_count(a) : story_line_count(b);
    for (size_t i = 0; i < count; i++)
        ck_assert_str_eq(story_line(a, i), story_line(b, i));
    ck_assert_uint_eq(story_line_count(a), story_line_count(b));
    ck_assert_uint_eq(story_log_hash(a), story_log_hash(b));
}

START_TEST(a_life_leaves_the_same_log_with_and_without_vouching)
{
    struct life sent, vouched;
    open_life(&sent, 1000 + _i, false, true);
    open_life(&vouched, 1000 + _i, true, true);
    live(&sent);
    live(&vouched);
    end_faults(&sent);
    end_faults(&vouched);
    check_recovered(&sent);
    check_recovered(&vouched);
    check_same_log(sent.story, vouched.story);
    story_destroy(sent.story);
    story_destroy(vouched.story);
}
END_TEST

/* And the same seed twice is the same life. */
START_TEST(a_life_can_be_repeated)
{
    uint64_t hashes[2];
    for (int run = 0; run < 2; run++) {
        struct life life;
        open_life(&life, 2000, true, false);
        live(&life);
        hashes[run] =
            hash_add(story_log_hash(life.story), node_state_hash(story_node(life.story, jm)));
        story_destroy(life.story);
    }
    ck_assert_uint_eq(hashes[0], hashes[1]);
}
END_TEST

Suite *test_cluster_random_suite(void)
{
    Suite *suite = suite_create("cluster: random lives");
    TCase *lives = tcase_create("lives");
    tcase_add_loop_test(lives, whatever_happens_the_job_runs_again_when_it_can, 0, SEEDS);
    tcase_add_loop_test(lives, a_life_leaves_the_same_log_with_and_without_vouching, 0, SEEDS);
    tcase_add_loop_test(lives, a_job_that_ends_leaves_nothing_behind, 0, SEEDS);
    tcase_add_test(lives, a_life_can_be_repeated);
    suite_add_tcase(suite, lives);
    return suite;
}
