/* SPDX-License-Identifier: Apache-2.0
 *
 * Who registers must be there when that is read: sim/cluster/way_back.c by itself, then whole runs
 * in which a registration arrives long after its sender's death. In the first the JobManager is
 * frozen while tm1 registers; a way takes 1 ms, and 300 ms after a death requests are refused.
 */
#include <check.h>
#include <string.h>

#include "core/cluster/view.h"
#include "sim/run/simulation.h"
#include "tests/lib/fake_world.h"
#include "tests/lib/load_fixture.h"

static struct fake_world world;
static const struct node_id manager = { 0 };
static struct node_id tm1;
static enum message_kind asks_for = MESSAGE_REGISTER_TASK_MANAGER;

/* tm1 does, every 100 ms up to 1.3 s. */
static void register_often(struct fake_world *w, struct node_id self, const struct event *event,
                           struct effects *effects)
{
    if (self.n == manager.n)
        return;
    struct message message = { .kind = asks_for };
    if (event->kind == EVENT_WOKEN)
        effects_request(effects, manager, &message, 1);
    if (event->at < 1300 * TIME_MS)
        w->deadlines[self.n] = event->at + 100 * TIME_MS;
}

static void run_and_forget(time_ns until)
{
    fake_world_run(&world, until);
    fake_world_forget(&world);
}

/* Three requests of tm1 lie before the JobManager, which is frozen. */
static void begin(void)
{
    fake_world_init_quiet(&world, register_often);
    world.hides_facts = true;
    world.scenario.config.ask_timeout = 2 * TIME_S;
    tm1 = fake_world_begin(&world);
    virtual_cluster_freeze(world.cluster, manager);
    run_and_forget(1350 * TIME_MS);
}

/* Until then this is heard, and nothing else. */
static void end(time_ns until, const char *heard)
{
    fake_world_run(&world, until);
    fake_world_expect(&world, heard);
    fake_world_fini(&world);
}

/* It is refused after a round trip; of three requests the newest is heard. */
START_TEST(a_registration_of_the_dead_has_no_way_back)
{
    begin();
    virtual_cluster_kill(world.cluster, tm1, "test");
    fake_world_run(&world, 2000 * TIME_MS);
    virtual_cluster_resume(world.cluster, manager);
    end(10 * TIME_S, "2002.000 jobmanager register_task_manager from tm1, no way back\n");
}
END_TEST

START_TEST(a_connection_to_one_just_killed_hangs)
{
    begin();
    virtual_cluster_kill(world.cluster, tm1, "test");
    fake_world_run(&world, 1500 * TIME_MS);
    virtual_cluster_resume(world.cluster, manager);
    end(10 * TIME_S, "3500.000 jobmanager register_task_manager from tm1, no way back\n");
}
END_TEST

/* All are heard where nothing is in the way, though the JobManager was out. */
START_TEST(who_lives_and_can_be_reached_is_heard_at_once)
{
    begin();
    virtual_cluster_resume(world.cluster, manager);
    end(1360 * TIME_MS, "1350.000 jobmanager register_task_manager from tm1\n"
                        "1350.000 jobmanager register_task_manager from tm1\n"
                        "1350.000 jobmanager register_task_manager from tm1\n");
}
END_TEST

/* Whoever's link it is. */
START_TEST(who_is_cut_off_is_heard_when_the_link_has_healed)
{
    begin();
    struct node_id node = _i == 2 ? manager : tm1, peer = _i == 1 ? manager : node_id_none();
    virtual_cluster_cut(world.cluster, node, peer, true);
    virtual_cluster_resume(world.cluster, manager);
    fake_world_run(&world, 2000 * TIME_MS);
    fake_world_expect(&world, "");
    virtual_cluster_cut(world.cluster, node, peer, false);
    end(10 * TIME_S, "2000.000 jobmanager register_task_manager from tm1\n");
}
END_TEST

START_TEST(who_stays_frozen_has_no_way_back)
{
    begin();
    virtual_cluster_freeze(world.cluster, tm1);
    virtual_cluster_resume(world.cluster, manager);
    end(10 * TIME_S, "3350.000 jobmanager register_task_manager from tm1, no way back\n");
}
END_TEST

/* What was found out while the JobManager was frozen again holds when it goes on. */
START_TEST(a_job_manager_that_freezes_again_hears_the_outcome_later)
{
    begin();
    virtual_cluster_freeze(world.cluster, tm1);
    virtual_cluster_resume(world.cluster, manager);
    virtual_cluster_freeze(world.cluster, manager);
    run_and_forget(4000 * TIME_MS);
    virtual_cluster_resume(world.cluster, tm1);
    run_and_forget(4050 * TIME_MS);
    virtual_cluster_resume(world.cluster, manager);
    end(4060 * TIME_MS, "4050.000 jobmanager register_task_manager from tm1, no way back\n");
}
END_TEST

/* And nobody misses one that waits when the run, or the JobManager, ends. */
START_TEST(a_registration_may_wait_at_the_end)
{
    begin();
    virtual_cluster_freeze(world.cluster, tm1);
    virtual_cluster_resume(world.cluster, manager);
    if (_i == 1)
        virtual_cluster_kill(world.cluster, manager, "test");
    end(_i == 1 ? 10 * TIME_S : 1360 * TIME_MS, "");
}
END_TEST

/* A JobMaster looks for a way back as well. */
START_TEST(a_contact_that_the_dead_offer_has_no_way_back)
{
    asks_for = MESSAGE_JOB_OFFER_CONTACT;
    begin();
    virtual_cluster_kill(world.cluster, tm1, "test");
    fake_world_run(&world, 2000 * TIME_MS);
    virtual_cluster_resume(world.cluster, manager);
    end(10 * TIME_S, "2002.000 jobmanager job_offer_contact from tm1, no way back\n");
}
END_TEST

/* Whole runs: tm2 has asked from 101 s on and dies at 115 s; what it sent arrives at 152 s. */

#define LATE(scheduler, machines, cut, at)                                                         \
    "name: late\nduration: 4min\n"                                                                 \
    "config: { jobmanager.scheduler: " scheduler ", execution.checkpointing.interval: 10s }\n"     \
    "cluster: { task-managers: [ " machines " ] }\n"                                               \
    "jobs:\n"                                                                                      \
    "  - name: a\n"                                                                                \
    "    vertices: [ { name: s, parallelism: 2 }, { name: m, parallelism: 2, keys: 1k } ]\n"       \
    "    edges: [ s -> m: hash ]\n"                                                                \
    "    load: 1k/s\n"                                                                             \
    "events:\n"                                                                                    \
    "  - { at: 60s, cut: { task-manager: [ " cut " ], from: jobmanager, for: 70s } }\n"            \
    "  - { at: " at ", kill: tm2 }\n"

static const struct late_case {
    const char *yaml;
    time_ns runs_by;             /* all tasks again, within 50 ms of that */
    uint32_t registered, in_use; /* TaskManagers and slots at the end */
} late_cases[] = {
    { LATE("Default", "tm1, tm2, tm3", "tm2, tm3", "115s"), 152100 * TIME_MS, 2, 2 },
    { LATE("Default", "tm1, tm2, tm3", "tm2, tm3", "100s"), 152100 * TIME_MS, 2, 2 },
    { LATE("Adaptive", "tm1, tm2", "tm2", "115s"), 112050 * TIME_MS, 1, 1 },
};

struct late_run {
    struct simulation *simulation;
    bool has_died;
    time_ns runs_at; /* since when all tasks last ran */
};

static void on_line(void *context, time_ns at, struct node_id node, const struct log_line *line)
{
    struct late_run *run = context;
    (void)node;
    if (!line->what)
        return;
    if (strcmp(line->what, "all tasks RUNNING") == 0)
        run->runs_at = at;
    if (run->has_died && strcmp(line->what, "registers") == 0)
        ck_assert_ptr_nonnull(
            virtual_cluster_node(simulation_cluster(run->simulation), line->peer));
}

static void on_fact(void *context, time_ns at, struct node_id node, const char *word,
                    const char *reason)
{
    struct late_run *run = context;
    (void)at, (void)node, (void)reason;
    run->has_died |= strcmp(word, "killed") == 0;
}

START_TEST(the_dead_get_no_slots_and_hold_no_job_up)
{
    const struct late_case *late = &late_cases[_i];
    struct scenario *scenario = load_fixture_scenario(late->yaml);
    struct late_run run = { .simulation =
                                simulation_create(scenario, &(struct simulation_settings){ 0 }) };
    struct watcher watcher = { .context = &run, .line = on_line, .fact = on_fact };
    simulation_watch(run.simulation, &watcher);
    ck_assert(simulation_run(run.simulation, TIME_NEVER, NULL, NULL, NULL));
    struct cluster_view view = view_cluster(simulation_job_manager(run.simulation));
    ck_assert(run.has_died);
    ck_assert_int_ge(run.runs_at, late->runs_by);
    ck_assert_int_lt(run.runs_at, late->runs_by + 50 * TIME_MS);
    ck_assert_uint_eq(view.task_managers, late->registered);
    ck_assert_uint_eq(view.slots_total - view.slots_free, late->in_use);
    simulation_destroy(run.simulation);
    scenario_destroy(scenario);
}
END_TEST

Suite *test_sim_way_back_suite(void)
{
    Suite *suite = suite_create("sim_way_back");
    TCase *alone = tcase_create("alone");
    tcase_add_test(alone, a_registration_of_the_dead_has_no_way_back);
    tcase_add_test(alone, a_connection_to_one_just_killed_hangs);
    tcase_add_test(alone, who_lives_and_can_be_reached_is_heard_at_once);
    tcase_add_loop_test(alone, who_is_cut_off_is_heard_when_the_link_has_healed, 0, 3);
    tcase_add_test(alone, who_stays_frozen_has_no_way_back);
    tcase_add_test(alone, a_job_manager_that_freezes_again_hears_the_outcome_later);
    tcase_add_loop_test(alone, a_registration_may_wait_at_the_end, 0, 2);
    tcase_add_test(alone, a_contact_that_the_dead_offer_has_no_way_back);
    suite_add_tcase(suite, alone);
    TCase *runs = tcase_create("whole runs");
    tcase_add_loop_test(runs, the_dead_get_no_slots_and_hold_no_job_up, 0,
                        (int)(sizeof late_cases / sizeof *late_cases));
    suite_add_tcase(suite, runs);
    return suite;
}
