/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading machines that differ, links between pairs, throttles and figures of single edges, and
 * what is said about wrong ones.
 */
#include <check.h>
#include <string.h>

#include "tests/lib/load_fixture.h"

#define BASE(text)    LOAD_FIXTURE_BASE text
#define CLUSTER(text) LOAD_FIXTURE_BASE "cluster:\n" text
#define THROTTLE(text)                                                                             \
    CLUSTER("  task-manager: { count: 2 }\n") "events: [ { at: 1min, throttle: " text " } ]\n"

START_TEST(an_entry_has_the_clusters_machine_with_its_own_values_over_it)
{
    struct scenario *scenario = load_fixture_scenario(CLUSTER(
        "  task-manager: { count: 1, slots: 2, memory: 8g, price: 1/h }\n"
        "  task-managers: [ plain, { name: spot, count: 2, at: 5min, price: 0.25/h, slots: 4, "
        "speed: 0.5, cores: 3, memory: 2g, network: 1gbit, disk: 100m/s, boot: 9s } ]\n"));
    const struct cluster_spec *cluster = &scenario->cluster;
    ck_assert_uint_eq(cluster->named.count, 3);
    const struct task_manager_spec *plain = &cluster->named.items[0];
    ck_assert_uint_eq(plain->machine.slots, 2);
    ck_assert_double_eq(plain->machine.cores, 2);
    ck_assert_double_eq(plain->machine.price_per_hour, 1);
    for (int i = 1; i <= 2; i++) {
        const struct task_manager_spec *spot = &cluster->named.items[i];
        ck_assert_str_eq(spot->name, i == 1 ? "spot-1" : "spot-2");
        ck_assert_int_eq(spot->at, 5 * TIME_MIN);
        ck_assert_uint_eq(spot->machine.slots, 4);
        ck_assert_double_eq(spot->machine.cores, 3);
        ck_assert_double_eq(spot->machine.speed, 0.5);
        ck_assert_int_eq(spot->machine.memory_bytes, 2LL << 30);
        ck_assert_double_eq(spot->machine.network_bps, 1e9);
        ck_assert_double_eq(spot->machine.disk_bps, 100 * 1048576.0);
        ck_assert_double_eq(spot->machine.price_per_hour, 0.25);
        ck_assert_int_eq(distribution_mean(&spot->machine.boot), 9 * TIME_S);
    }
    ck_assert_uint_eq(cluster->machine.slots, 2);
    scenario_destroy(scenario);
}
END_TEST

/* Slots of its own, and nobody says how many cores: as many as slots. */
START_TEST(cores_nobody_names_are_the_entrys_slots)
{
    struct scenario *scenario =
        load_fixture_scenario(CLUSTER("  task-managers: [ { name: big, slots: 8 } ]\n"));
    ck_assert_double_eq(scenario->cluster.named.items[0].machine.cores, 8);
    scenario_destroy(scenario);
}
END_TEST

/* A group of 3 cores fits one machine only. */
START_TEST(a_group_may_need_the_largest_machine)
{
    struct scenario *scenario = load_fixture_scenario(
        LOAD_FIXTURE_BASE "    groups: { wide: { cores: 3, memory: 1g } }\n"
                          "cluster: { task-managers: [ { name: big, cores: 4 }, small ] }\n");
    scenario_destroy(scenario);
}
END_TEST

START_TEST(links_have_figures_of_their_own)
{
    struct scenario *scenario = load_fixture_scenario(
        CLUSTER("  task-manager: { count: 2 }\n"
                "  network: { links: [ { between: [tm1, tm2], bandwidth: 1gbit, latency: 5ms }, "
                "{ between: [jobmanager, tm1], loss: 1% } ] }\n"));
    const struct network_spec *network = &scenario->cluster.network;
    ck_assert_uint_eq(network->links.count, 2);
    ck_assert_double_eq(network->links.items[0].bandwidth_bps, 1e9);
    ck_assert(network->links.items[0].has_latency && !network->links.items[0].has_loss);
    ck_assert(network->links.items[1].has_loss && !network->links.items[1].has_latency);
    ck_assert_double_eq(network->links.items[1].loss, 0.01);
    scenario_destroy(scenario);
}
END_TEST

START_TEST(an_edge_may_say_what_its_producer_says)
{
    struct scenario *scenario = load_fixture_scenario(
        "name: t\nduration: 1h\njobs:\n  - name: j\n    vertices: [ { name: a }, { name: b }, { "
        "name: c } ]\n    edges: [ a -> b, { from: a, to: c, bytes: 20, selectivity: 0.1 } ]\n"
        "    load: 1/s\n");
    const struct job_spec *job = &scenario->jobs.items[0];
    ck_assert_uint_eq(job->edges.count, 2);
    ck_assert_double_lt(job->edges.items[0].selectivity, 0);
    ck_assert_double_eq(job->edges.items[1].selectivity, 0.1);
    ck_assert_double_eq(job->edges.items[1].record_bytes, 20);
    scenario_destroy(scenario);
}
END_TEST

static const struct broken {
    const char *yaml, *complaint;
} broken[] = {
    { CLUSTER("  task-managers: [ { name: a, prise: 1/h } ]\n"),
      "t.yaml:9: cluster.task-managers.a.prise: found an unknown key, expected a known one, did "
      "you mean 'price'?" },
    { CLUSTER("  task-managers: [ { name: a, slots: 5000 } ]\n"),
      "t.yaml:9: cluster.task-managers.a.slots: found '5000', expected at most 1024" },
    { CLUSTER("  task-managers: [ a-2, { name: a, count: 3 } ]\n"),
      "t.yaml:9: cluster.task-managers.a.name: found 'a', expected a name not used before" },
    { CLUSTER("  network: { links: { between: [a, b] } }\n"),
      "t.yaml:9: cluster.network.links: found a map, expected a list of links" },
    { CLUSTER("  network: { links: [ { bandwidth: 1gbit } ] }\n"),
      "t.yaml:9: cluster.network.links.0: found no 'between', expected one" },
    { CLUSTER("  network: { links: [ { between: [tm1] } ] }\n"),
      "t.yaml:9: cluster.network.links.0.between: found a list, expected two names: [tm1, tm2]" },
    { CLUSTER("  network: { links: [ { between: [tm1, tm7] } ] }\n"),
      "t.yaml:9: cluster.network.links.0.between.1: found 'tm7', expected the name of a "
      "TaskManager "
      "or jobmanager" },
    { CLUSTER("  network: { links: [ { between: [tm1, tm1] } ] }\n"),
      "t.yaml:9: cluster.network.links.0.between.1: found 'tm1', expected another name" },
    { CLUSTER("  network: { links: [ { between: [tm1, jobmanager] }, { between: [jobmanager, tm1] "
              "} ] }\n"),
      "t.yaml:9: cluster.network.links.1.between: found a pair that has a link already, expected "
      "another one" },
    { CLUSTER("  network: { links: [ { between: [tm1, jobmanager], bandwith: 1gbit } ] }\n"),
      "t.yaml:9: cluster.network.links.0.bandwith: found an unknown key, expected a known one, "
      "did you mean 'bandwidth'?" },
    { THROTTLE("tm1"),
      "t.yaml:10: events.0.throttle: found 'tm1', expected a map with task-manager "
      "and from" },
    { THROTTLE("{ task-manager: tm1, from: tm2 }"),
      "t.yaml:10: events.0.throttle: found nothing that gets worse, expected latency, bandwidth or "
      "loss" },
    { THROTTLE("{ task-manager: tm1, from: tm9, loss: 1% }"),
      "t.yaml:10: events.0.throttle.from: found 'tm9', expected the name of a TaskManager, "
      "jobmanager" },
    { BASE("    groups: { wide: { cores: 3, memory: 1g } }\n"
           "cluster: { task-managers: [ { name: a, cores: 2 } ] }\n"),
      "t.yaml:8: jobs.j.groups.wide.cores: found '3', expected at most the cores of a TaskManager "
      "(the slot fits none)" },
    { BASE("    config: { state.backend.type: forst }\n"),
      "t.yaml:8: jobs.j.config.state.backend.type: found 'forst', expected one of hashmap, "
      "rocksdb" },
};

START_TEST(a_broken_host_or_link_is_refused_with_one_line)
{
    ck_assert_str_eq(load_fixture_complaint(broken[_i].yaml), broken[_i].complaint);
}
END_TEST

/* Sizes whose sums would overflow; the largest ones load. */
START_TEST(state_has_a_limit)
{
    static const struct {
        const char *state, *complaint;
    } cases[] = {
        { "1000000tb/key", "t.yaml:5: jobs.j.vertices.a.state: found '1000000tb/key', expected at "
                           "most 1024 TiB for all keys together" },
        { "2tb", "t.yaml:5: jobs.j.vertices.a.state: found '2tb', expected at most 1 TiB for a "
                 "subtask or a record" },
        { "2tb/record", "t.yaml:5: jobs.j.vertices.a.state: found '2tb/record', expected at most 1 "
                        "TiB for a subtask or a record" },
    };
    static const char yaml[] =
        "name: t\nduration: 1h\njobs:\n  - name: j\n"
        "    vertices: [ { name: a, keys: 1024, state: 1tb/key + 1tb + 1tb/record } ]\n"
        "    load: 1/s\n";
    struct scenario *scenario = load_fixture_scenario(yaml);
    scenario_destroy(scenario);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_ptr_nonnull(
            strstr(load_fixture_set_complaint(yaml, "jobs.j.vertices.a.state", cases[i].state),
                   cases[i].complaint + 10));
}
END_TEST

Suite *test_load_hosts_suite(void)
{
    Suite *suite = suite_create("load_hosts");
    TCase *tcase = tcase_create("hosts");
    tcase_add_test(tcase, an_entry_has_the_clusters_machine_with_its_own_values_over_it);
    tcase_add_test(tcase, cores_nobody_names_are_the_entrys_slots);
    tcase_add_test(tcase, a_group_may_need_the_largest_machine);
    tcase_add_test(tcase, links_have_figures_of_their_own);
    tcase_add_test(tcase, an_edge_may_say_what_its_producer_says);
    tcase_add_loop_test(tcase, a_broken_host_or_link_is_refused_with_one_line, 0,
                        (int)(sizeof broken / sizeof *broken));
    tcase_add_test(tcase, state_has_a_limit);
    suite_add_tcase(suite, tcase);
    return suite;
}
