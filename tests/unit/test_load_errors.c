/* SPDX-License-Identifier: Apache-2.0
 *
 * Bad input in the head of a scenario, in `config` and in `cluster`: one broken scenario per row
 * and the exact line that is said about it.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/load_fixture.h"

#define BASE(text)    LOAD_FIXTURE_BASE text
#define CLUSTER(text) LOAD_FIXTURE_BASE "cluster:\n" text

static const struct broken {
    const char *yaml, *complaint;
} broken[] = {
    { "- a\n", "t.yaml:1: found a list, expected a map: name, duration, cluster, jobs, ..." },
    { "name: t\n", "t.yaml:1: found no 'duration', expected one" },
    { "duration: 1h\n", "t.yaml:1: found no 'name', expected one" },
    { "name: t\nduraton: 1h\njobs:\n  - name: j\n    vertices: [ { name: source }, { name: count, "
      "keys: 10 } ]\n    edges: [ source -> count: hash ]\n    load: 500/s\n",
      "t.yaml:2: duraton: found an unknown key, expected a known one, did you mean 'duration'?" },
    { BASE("zebra: 1\n"),
      "t.yaml:8: zebra: found an unknown key, expected name, question, seed, duration, sample, "
      "flink-version, log-level, world, config, cluster, jobs, events, compare, expect or "
      "tolerances" },
    { BASE("tolerances: 5%\n"), "t.yaml:8: tolerances: found '5%', expected a map" },
    { BASE("tolerances: { lag_second: 5% }\n"),
      "t.yaml:8: tolerances.lag_second: found an unknown key, expected a known one, did you mean "
      "'lag_seconds'?" },
    { BASE("tolerances: { lag_seconds: much }\n"),
      "t.yaml:8: tolerances.lag_seconds: found 'much', expected a share such as 0.05 or 5%, at "
      "least 0" },
    { BASE("tolerances: { all: -5% }\n"),
      "t.yaml:8: tolerances.all: found '-5%', expected a share such as 0.05 or 5%, at least 0" },
    { "name: t\nduration: 1 parsec\njobs:\n  - name: j\n    vertices: [ { name: source }, { name: "
      "count, keys: 10 } ]\n    edges: [ source -> count: hash ]\n    load: 500/s\n",
      "t.yaml:2: duration: found '1 parsec', expected a duration such as 90s, 5 min or 100 ms, "
      "above 0" },
    { "name: t\nduration: 90\njobs:\n  - name: j\n    vertices: [ { name: source }, { name: count, "
      "keys: 10 } ]\n    edges: [ source -> count: hash ]\n    load: 500/s\n",
      "t.yaml:2: duration: found '90', expected a duration such as 90s, 5 min or 100 ms, above 0" },
    { "name: t\nduration: -5s\njobs:\n  - name: j\n    vertices: [ { name: source }, { name: "
      "count, keys: 10 } ]\n    edges: [ source -> count: hash ]\n    load: 500/s\n",
      "t.yaml:2: duration: found '-5s', expected a duration such as 90s, 5 min or 100 ms, above "
      "0" },
    { "name: t\nduration: 0s\njobs:\n  - name: j\n    vertices: [ { name: source }, { name: count, "
      "keys: 10 } ]\n    edges: [ source -> count: hash ]\n    load: 500/s\n",
      "t.yaml:2: duration: found '0s', expected a duration such as 90s, 5 min or 100 ms, above 0" },
    { "name: t\nduration: 21 y\njobs:\n  - name: j\n    vertices: [ { name: source }, { name: "
      "count, keys: 10 } ]\n    edges: [ source -> count: hash ]\n    load: 500/s\n",
      "t.yaml:2: duration: found '21 y', expected a duration such as 90s, 5 min or 100 ms, above "
      "0" },
    { "name: t\nduration: 9000d\njobs:\n  - name: j\n    vertices: [ { name: source }, { name: "
      "count, keys: 10 } ]\n    edges: [ source -> count: hash ]\n    load: 500/s\n",
      "t.yaml:2: duration: found '9000d', expected at most 20 years" },
    { "name: t\nduration: [1h]\njobs:\n  - name: j\n    vertices: [ { name: source }, { name: "
      "count, keys: 10 } ]\n    edges: [ source -> count: hash ]\n    load: 500/s\n",
      "t.yaml:2: duration: found a list, expected a duration such as 90s, 5 min or 100 ms, above "
      "0" },
    { BASE("seed: many\n"),
      "t.yaml:8: seed: found 'many', expected a whole number such as 200 or 2m, at least 0" },
    { BASE("seed: -1\n"),
      "t.yaml:8: seed: found '-1', expected a whole number such as 200 or 2m, at least 0" },
    { BASE("seed: 1.5\n"),
      "t.yaml:8: seed: found '1.5', expected a whole number such as 200 or 2m, at least 0" },
    { BASE("sample: 0s\n"),
      "t.yaml:8: sample: found '0s', expected a duration such as 90s, 5 min or 100 ms, above 0" },
    { BASE("sample: 1us\n"),
      "t.yaml:8: sample: found '1us', expected a longer one (at most 10000000 samples in a run)" },
    { BASE("sample: 61min\n"),
      "t.yaml:8: sample: found '61min', expected at most the duration of the run" },
    { BASE("flink-version: 2.5\n"),
      "t.yaml:8: flink-version: found '2.5', expected a version of Flink, did you mean '2.3'?" },
    { BASE("log-level: taks\n"),
      "t.yaml:8: log-level: found 'taks', expected a level, did you mean 'task'?" },
    { BASE("name: u\n"),
      "t.yaml:8: found the key 'name' again, expected it once (it stands in line 1)" },
    { "name: ''\nduration: 1h\njobs:\n  - name: j\n    vertices: [ { name: source }, { name: "
      "count, keys: 10 } ]\n    edges: [ source -> count: hash ]\n    load: 500/s\n",
      "t.yaml:1: name: found '', expected a word or text" },
    { BASE("config: [ a ]\n"),
      "t.yaml:8: config: found a list, expected a map of Flink's configuration keys" },
    { BASE("config: { shceduler-mode: reactive }\n"),
      "t.yaml:8: config.shceduler-mode: found an unknown key, expected one of "
      "docs/configuration.md, did you mean 'scheduler-mode'?" },
    { BASE("config: { completely.else: 1 }\n"),
      "t.yaml:8: config.completely.else: found an unknown key, expected one of "
      "docs/configuration.md" },
    { BASE("config: { scheduler-mode: active }\n"),
      "t.yaml:8: config.scheduler-mode: found 'active', expected one of reactive" },
    { BASE("config: { heartbeat.interval: 5 parsecs }\n"),
      "t.yaml:8: config.heartbeat.interval: unknown unit 'parsecs' in '5 parsecs', expected a "
      "duration such as 90s, 5 min or 100 ms" },
    { BASE("config: { heartbeat: { intreval: 5 s } }\n"),
      "t.yaml:8: config.heartbeat.intreval: found an unknown key, expected one of "
      "docs/configuration.md, did you mean 'heartbeat.interval'?" },
    { BASE("config: { heartbeat: { interval: [ 5 s ] } }\n"),
      "t.yaml:8: config.heartbeat.interval: found a list, expected a single value" },
    { BASE("cluster: 5\n"), "t.yaml:8: cluster: found '5', expected a map" },
    { CLUSTER("  cpus: 4\n"),
      "t.yaml:9: cluster.cpus: found an unknown key, expected provider, job-manager, task-manager, "
      "task-managers, churn, timing, network or dfs" },
    { CLUSTER("  provider: kubernetes\n"),
      "t.yaml:9: cluster.provider: found 'kubernetes', expected a provider: standalone" },
    { CLUSTER("  task-manager: { coers: 4 }\n"),
      "t.yaml:9: cluster.task-manager.coers: found an unknown key, expected a known one, did you "
      "mean 'cores'?" },
    { CLUSTER("  task-manager: { cores: 0 }\n"),
      "t.yaml:9: cluster.task-manager.cores: found '0', expected a number, above 0" },
    { CLUSTER("  task-manager: { cores: nan }\n"),
      "t.yaml:9: cluster.task-manager.cores: found 'nan', expected a number, above 0" },
    { CLUSTER("  task-manager: { cores: inf }\n"),
      "t.yaml:9: cluster.task-manager.cores: found 'inf', expected a number, above 0" },
    { CLUSTER("  task-manager: { cores: 5000 }\n"),
      "t.yaml:9: cluster.task-manager.cores: found '5000', expected at most 4096" },
    { CLUSTER("  task-manager: { speed: -1 }\n"),
      "t.yaml:9: cluster.task-manager.speed: found '-1', expected a number, above 0" },
    { CLUSTER("  task-manager: { speed: 0.0000009 }\n"),
      "t.yaml:9: cluster.task-manager.speed: found '0.0000009', expected at least 0.000001, or the "
      "event 'freeze': a host that stands still" },
    { CLUSTER("  task-managers: [ { name: far, speed: 1e-13 } ]\n"),
      "t.yaml:9: cluster.task-managers.far.speed: found '1e-13', expected at least 0.000001, or "
      "the "
      "event 'freeze': a host that stands still" },
    { CLUSTER("  task-manager: { memory: 8 apples }\n"),
      "t.yaml:9: cluster.task-manager.memory: found '8 apples', expected a size such as 512m, 8g "
      "or 200 bytes, above 0" },
    { CLUSTER("  task-manager: { memory: 0 }\n"),
      "t.yaml:9: cluster.task-manager.memory: found '0', expected a size such as 512m, 8g or 200 "
      "bytes, above 0" },
    { CLUSTER("  task-manager: { slots: 0 }\n"),
      "t.yaml:9: cluster.task-manager.slots: found '0', expected a whole number, above 0" },
    { CLUSTER("  task-manager: { slots: 2000 }\n"),
      "t.yaml:9: cluster.task-manager.slots: found '2000', expected at most 1024" },
    { CLUSTER("  task-manager: { slots: 2.5 }\n"),
      "t.yaml:9: cluster.task-manager.slots: found '2.5', expected a whole number, above 0" },
    { CLUSTER("  task-manager: { network: 10 }\n"),
      "t.yaml:9: cluster.task-manager.network: found '10', expected a bandwidth such as 10gbit or "
      "500m/s, above 0" },
    { CLUSTER("  task-manager: { disk: fast }\n"),
      "t.yaml:9: cluster.task-manager.disk: found 'fast', expected a bandwidth such as 500m/s or "
      "2gbit, above 0" },
    { CLUSTER("  task-manager: { price: 5/gb }\n"),
      "t.yaml:9: cluster.task-manager.price: found '5/gb', expected a price such as 0.34 or "
      "0.34/h, at least 0" },
    { CLUSTER("  task-manager: { count: -1 }\n"),
      "t.yaml:9: cluster.task-manager.count: found '-1', expected a whole number, at least 0" },
    { CLUSTER("  task-manager: { count: 1m }\n"),
      "t.yaml:9: cluster.task-manager.count: found '1m', expected at most 100000" },
    { CLUSTER("  task-manager: { boot: 40 }\n"),
      "t.yaml:9: cluster.task-manager.boot: found '40', expected a duration such as 40s, or { "
      "median, p99 }, { mean } or { from, to } of durations" },
    { CLUSTER("  task-manager: { boot: { median: 40s } }\n"),
      "t.yaml:9: cluster.task-manager.boot: found a map, expected a duration such as 40s, or { "
      "median, p99 }, { mean } or { from, to } of durations" },
    { CLUSTER("  task-manager: { boot: { median: 40s, p99: 3s } }\n"),
      "t.yaml:9: cluster.task-manager.boot.p99: found '3s', expected at least 'median', which is "
      "'40s'" },
    { CLUSTER("  task-manager: { boot: { median: 0s, p99: 3s } }\n"),
      "t.yaml:9: cluster.task-manager.boot.median: found '0s', expected a duration such as 90s, 5 "
      "min or 100 ms, above 0" },
    { CLUSTER("  task-manager: { boot: { mean: 40s, p99: 3min } }\n"),
      "t.yaml:9: cluster.task-manager.boot: found a map, expected a duration such as 40s, or { "
      "median, p99 }, { mean } or { from, to } of durations" },
    { CLUSTER("  task-managers: tm1\n"), "t.yaml:9: cluster.task-managers: found 'tm1', expected a "
                                         "list of names, or of { name, at }" },
    { CLUSTER("  task-managers: [ tm1, tm1 ]\n"),
      "t.yaml:9: cluster.task-managers.1: found 'tm1', expected a name not used before" },
    { CLUSTER("  task-managers: [ a b ]\n"),
      "t.yaml:9: cluster.task-managers.0: found 'a b', expected a name of letters, digits, '-', "
      "'_' and '.'" },
    { CLUSTER("  task-managers: [ random ]\n"),
      "t.yaml:9: cluster.task-managers.0: found 'random', expected a name that means nothing "
      "else" },
    { CLUSTER("  task-managers: [ { at: 1s } ]\n"),
      "t.yaml:9: cluster.task-managers.0: found no 'name', expected one" },
    { CLUSTER("  task-managers: [ { name: a, at: soon } ]\n"),
      "t.yaml:9: cluster.task-managers.a.at: found 'soon', expected a duration such as 90s, 5 min "
      "or 100 ms, at least 0" },
    { CLUSTER("  task-manager: { count: 3 }\n  task-managers: [ tm3 ]\n"),
      "t.yaml:10: cluster.task-managers.0: found 'tm3', expected a name not used before "
      "(task-manager.count uses it)" },
    { CLUSTER("  network: { loss: 2 }\n"), "t.yaml:9: cluster.network.loss: found '2', expected a "
                                           "share such as 0.05 or 5%, from 0 to 1" },
    { CLUSTER("  network: { latncy: 2ms }\n"),
      "t.yaml:9: cluster.network.latncy: found an unknown key, expected a known one, did you mean "
      "'latency'?" },
    { CLUSTER("  dfs: { bandwidth: 0gbit }\n"),
      "t.yaml:9: cluster.dfs.bandwidth: found '0gbit', expected a bandwidth such as 500m/s or "
      "2gbit, above 0" },
    { CLUSTER("  timing: { depoly: 1s }\n"), "t.yaml:9: cluster.timing.depoly: found an unknown "
                                             "key, expected a known one, did you mean 'deploy'?" },
    { CLUSTER("  churn: {}\n"), "t.yaml:9: cluster.churn: found a map, expected a map with one of "
                                "trace, steps or exponential" },
    { CLUSTER("  churn: { trace: a.csv, exponential: { mean: 1h } }\n"),
      "t.yaml:9: cluster.churn.exponential: found a second kind of record beside 'trace', "
      "expected one of trace, steps or exponential" },
    { CLUSTER("  churn: { steps: [[0s, 1], [5min, 200k]] }\n"),
      "t.yaml:9: cluster.churn.steps: found 200000 machines 300 s after the start, expected at "
      "most 100000 (max: N takes no more than N)" },
    { CLUSTER("  churn: { steps: [[0s, 1]], max: 200k }\n"),
      "t.yaml:9: cluster.churn.max: found '200k', expected a number of machines, at most 100000" },
    { BASE("config:\n  heartbeat.timeout: 20s\n  execution.checkpointing.interval: 5ms\n"),
      "t.yaml:10: config.execution.checkpointing.interval: found '5ms', expected at least 10 ms; "
      "leave it out for no checkpoints" },
    { BASE("config:\n  heartbeat.timeout: 5s\n"),
      "t.yaml:9: config.heartbeat.timeout: found '5s', but heartbeat.interval must not be above "
      "heartbeat.timeout" },
    { BASE("config:\n  heartbeat.timeout: 1.5s\n"),
      "t.yaml:9: config.heartbeat.timeout: found '1.5s', expected a whole number and a unit, as "
      "Flink reads its keys" },
    { BASE("config:\n  execution.runtime-mode: batch\n"),
      "t.yaml:9: config.execution.runtime-mode: found 'batch', expected streaming (batch jobs are "
      "not supported yet)" },
    { BASE("config:\n  jobmanager.scheduler: AdaptiveBatch\n"),
      "t.yaml:9: config.jobmanager.scheduler: found 'AdaptiveBatch', expected default or adaptive "
      "(batch jobs are not supported yet)" },
    { BASE("config:\n  taskmanager.memory.managed.size: 1g\n"),
      "t.yaml:9: config.taskmanager.memory.managed.size: found a key of Flink's that Weir does not "
      "model, expected one of docs/configuration.md (leave it out)" },
    { BASE("config:\n  pipeline.object-reuse: true\n"),
      "t.yaml:9: config.pipeline.object-reuse: found a key of Flink's that Weir does not model, "
      "expected one of docs/configuration.md (leave it out)" },
    { BASE("config:\n  hertbeat.timeout: 50s\n"),
      "t.yaml:9: config.hertbeat.timeout: found an unknown key, expected one of "
      "docs/configuration.md, did you mean 'heartbeat.timeout'?" },
    { CLUSTER("  churn: { exponential: { rejoin: 1h } }\n"),
      "t.yaml:9: cluster.churn.exponential: found no 'mean', expected one" },
    { CLUSTER("  churn: { exponential: { mean: 1h }, scale: 2 }\n"),
      "t.yaml:9: cluster.churn.scale: found a key that goes with trace or steps, expected none "
      "here" },
    { CLUSTER("  churn: { steps: [[0s, 1]], time: t }\n"),
      "t.yaml:9: cluster.churn.time: found a key that goes with trace, expected none here" },
    { CLUSTER("  churn: { steps: [[0s, 1], [0s, 2]] }\n"),
      "t.yaml:9: cluster.churn.steps.1.0: found '0s', expected a time after the one before (time "
      "goes back)" },
    { CLUSTER("  churn: { steps: [[0s, -1]] }\n"),
      "t.yaml:9: cluster.churn.steps.0.1: found '-1', expected a number such as 200, 1.5k or 2m, "
      "at least 0" },
    { CLUSTER("  churn: { steps: [[0s]] }\n"), "t.yaml:9: cluster.churn.steps.0: found a list, "
                                               "expected a time and a value such as [1h, 20]" },
    { CLUSTER("  churn: { steps: [] }\n"),
      "t.yaml:9: cluster.churn.steps: found no points, expected some" },
    { CLUSTER("  churn: { steps: [[0s, 1]], notice: 5s }\n"),
      "t.yaml:9: cluster.churn.notice: found a notice for machines that leave suddenly, expected "
      "graceful: true" },
    { CLUSTER("  churn: { trace: none.csv }\n"),
      "t.yaml:9: cluster.churn.trace: none.csv: cannot be read: No such file or directory" },
    { CLUSTER("  churn: { steps: [[0s, 1]] }\n  task-manager: { count: 3 }\n"),
      "t.yaml:10: cluster.task-manager.count: found a count beside a churn record, expected only "
      "the record to say how many there are (or churn: null)" },
    { CLUSTER("  churn: { steps: [[0s, 1]], repeat: true }\n"),
      "t.yaml:9: cluster.churn.steps: found a length below 1 ms to repeat, expected a longer one" },
};

START_TEST(a_broken_head_or_cluster_is_refused_with_one_line)
{
    ck_assert_str_eq(load_fixture_complaint(broken[_i].yaml), broken[_i].complaint);
}
END_TEST

/* What is wrong in a --set names the --set. */
static const struct broken_set {
    const char *key, *value, *complaint;
} broken_sets[] = {
    { "config.schedulr-mode", "x",
      "--set config.schedulr-mode=x: config.schedulr-mode: found an unknown key, expected one of "
      "docs/configuration.md, did you mean 'scheduler-mode'?" },
    { "jobs.j.vertices.count.cost", "5 parsecs",
      "--set jobs.j.vertices.count.cost=5 parsecs: jobs.j.vertices.count.cost: found '5 parsecs', "
      "expected a duration such as 2us or 1.5 ms, at least 0" },
    { "jobs.k.at", "1s",
      "--set jobs.k.at=1s: found no item 'k' in the list, expected its name or number" },
    { "name.x", "1", "--set name.x=1: found 'x' below the single value 'name'" },
    { "seed", "[1",
      "--set seed=[1:2: found malformed YAML (while parsing a flow sequence, did not find expected "
      "',' or ']')" },
    { "", "1", "--set =1: found no key, expected --set KEY=VALUE" },
    { "expect", "[{name: a, invariant: legal-moves}, {name: a, event: job FAILED}]",
      "--set expect=[{name: a, invariant: legal-moves}, {name: a, event: job FAILED}]: "
      "expect.a.name: found 'a', expected a name not used before (--set expect=[{name: a, "
      "invariant: legal-moves}, {name: a, event...)" },
    { "jobs.j.vertices", "[{name: a}, {name: a}]",
      "--set jobs.j.vertices=[{name: a}, {name: a}]: jobs.j.vertices.a.name: found 'a', expected a "
      "name not used before (--set jobs.j.vertices=[{name: a}, {name: a}] has it)" },
    { "duration", "",
      "--set duration=: duration: found '', expected a duration such as 90s, 5 min or 100 ms, "
      "above 0" },
};

START_TEST(a_broken_set_is_refused_with_one_line)
{
    const struct broken_set *row = &broken_sets[_i];
    ck_assert_str_eq(load_fixture_set_complaint(LOAD_FIXTURE_BASE, row->key, row->value),
                     row->complaint);
}
END_TEST

START_TEST(files_that_cannot_be_read_are_named)
{
    struct note note;
    struct scenario *scenario = NULL;
    struct err e = scenario_load("/nowhere/t.yaml", NULL, NULL, 0, &scenario, &note);
    ck_assert_int_eq(err_category(e), ERR_INPUT);
    ck_assert_str_eq(note.text, "/nowhere/t.yaml: cannot be read: No such file or directory");
    e = scenario_load("/tmp", NULL, NULL, 0, &scenario, &note);
    ck_assert_int_eq(err_category(e), ERR_INPUT);
    ck_assert_str_eq(note.text, "/tmp: cannot be read: found a folder, expected a regular file");
    ck_assert_ptr_null(scenario);
}
END_TEST

/* The trace's own complaint stands behind the place in the scenario that names it. */
START_TEST(a_broken_trace_is_named_with_its_line_and_column)
{
    char yaml[512], expected[512];
    const char *path = load_fixture_file("t.csv", "when,requests\n0,1\n60,-4\n");
    snprintf(yaml, sizeof yaml,
             "name: t\nduration: 1h\njobs:\n  - name: j\n    vertices: [ { name: s } ]\n"
             "    load:\n      trace: %s\n",
             path);
    snprintf(expected, sizeof expected,
             "t.yaml:7: jobs.j.load.trace: %s:3: requests: found '-4', expected a number from "
             "0 to 1e18",
             path);
    ck_assert_str_eq(load_fixture_complaint(yaml), expected);
    path = load_fixture_file("t.json", "{\"metadata\": {\"gap_seconds\": 60}, \"data\": [-1]}");
    snprintf(yaml, sizeof yaml, CLUSTER("  churn: { trace: %s }\n"), path);
    snprintf(expected, sizeof expected,
             "t.yaml:9: cluster.churn.trace: %s: data.0: found -1, expected a number of machines "
             "from 0 to 1000000000",
             path);
    ck_assert_str_eq(load_fixture_complaint(yaml), expected);
    snprintf(yaml, sizeof yaml, CLUSTER("  churn: { trace: %s, count: n }\n"), path);
    snprintf(expected, sizeof expected,
             "t.yaml:9: cluster.churn.trace: %s: found a column named for a SkyPilot record, which "
             "has none",
             path);
    ck_assert_str_eq(load_fixture_complaint(yaml), expected);
}
END_TEST

START_TEST(an_unknown_variant_is_refused)
{
    struct note note;
    struct scenario *scenario = NULL;
    static const char yaml[] = LOAD_FIXTURE_BASE "compare:\n  fixed: { seed: 2 }\n";
    struct err e =
        scenario_load_text("t.yaml", yaml, strlen(yaml), "fixd", NULL, 0, &scenario, &note);
    ck_assert_int_eq(err_category(e), ERR_INPUT);
    ck_assert_str_eq(note.text,
                     "t.yaml:8: compare: found no variant 'fixd', expected one of that name");
}
END_TEST

START_TEST(what_a_variant_says_wrongly_is_named_with_it)
{
    struct note note;
    struct scenario *scenario = NULL;
    static const char yaml[] = LOAD_FIXTURE_BASE "compare:\n  fixed: { duration: never }\n";
    struct err e =
        scenario_load_text("t.yaml", yaml, strlen(yaml), "fixed", NULL, 0, &scenario, &note);
    ck_assert_int_eq(err_category(e), ERR_INPUT);
    ck_assert_str_eq(note.text, "t.yaml:9: compare.fixed.duration: found 'never', expected a "
                                "duration such as 90s, 5 min or 100 ms, above 0");
}
END_TEST

START_TEST(what_a_variant_takes_away_is_named_with_it)
{
    struct note note;
    struct scenario *scenario = NULL;
    static const char yaml[] = LOAD_FIXTURE_BASE "compare:\n  none: { jobs: null }\n";
    struct err e =
        scenario_load_text("t.yaml", yaml, strlen(yaml), "none", NULL, 0, &scenario, &note);
    ck_assert_int_eq(err_category(e), ERR_INPUT);
    ck_assert_str_eq(note.text,
                     "t.yaml:1: found no 'jobs', expected one (in variant 'none', line 9)");
}
END_TEST

/* Whatever the file holds, a complaint is one line. */
START_TEST(a_complaint_is_one_line)
{
    static const char *const yamls[] = {
        LOAD_FIXTURE_BASE "\"a\\nb\": 1\n",
        LOAD_FIXTURE_BASE "seed: \"a\\nb\\r\\tc\"\n",
        LOAD_FIXTURE_BASE "config: { heartbeat.interval: \"a\\nb\" }\n",
        LOAD_FIXTURE_BASE "events: [ { at: 1s, kill: \"x\\ny\" } ]\n",
    };
    for (size_t i = 0; i < sizeof yamls / sizeof *yamls; i++)
        for (const char *p = load_fixture_complaint(yamls[i]); *p; p++)
            ck_assert_int_ge((unsigned char)*p, ' ');
}
END_TEST

Suite *test_load_errors_suite(void)
{
    Suite *suite = suite_create("load_errors");
    TCase *tcase = tcase_create("errors");
    tcase_add_loop_test(tcase, a_broken_head_or_cluster_is_refused_with_one_line, 0,
                        (int)(sizeof broken / sizeof *broken));
    tcase_add_loop_test(tcase, a_broken_set_is_refused_with_one_line, 0,
                        (int)(sizeof broken_sets / sizeof *broken_sets));
    tcase_add_test(tcase, files_that_cannot_be_read_are_named);
    tcase_add_test(tcase, a_broken_trace_is_named_with_its_line_and_column);
    tcase_add_test(tcase, an_unknown_variant_is_refused);
    tcase_add_test(tcase, what_a_variant_says_wrongly_is_named_with_it);
    tcase_add_test(tcase, what_a_variant_takes_away_is_named_with_it);
    tcase_add_test(tcase, a_complaint_is_one_line);
    suite_add_tcase(suite, tcase);
    return suite;
}
