/* SPDX-License-Identifier: Apache-2.0
 *
 * Bad input in jobs: graphs, loads and planned faults. One broken scenario per row and the exact
 * line that is said about it.
 */
#include <check.h>

#include "tests/lib/load_fixture.h"

#define BASE(text) LOAD_FIXTURE_BASE text
#define LOAD(text)                                                                                 \
    "name: t\nduration: 1h\njobs:\n  - name: j\n    vertices: [ { name: source }, { name: count, " \
    "keys: 10 } ]\n    edges: [ source -> count: hash ]\n    load: " text "\n"
#define GRAPH(text)                                                                                \
    "name: t\nduration: 1h\njobs:\n  - name: j\n    vertices: " text "\n    load: 500/s\n"

#define A60  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A310 A60 A60 A60 A60 A60 "aaaaaaaaaa"

static const struct broken {
    const char *yaml, *complaint;
} broken[] = {
    { BASE("    config: { heartbeat.interval: soon }\n"),
      "t.yaml:8: jobs.j.config.heartbeat.interval: found 'soon', expected a duration such as 90s, "
      "5 min or 100 ms" },
    { "name: t\nduration: 1h\njobs:\n"
      "  - { name: j, vertices: [ { name: a } ], load: 5/s }\n"
      "  - { name: k, vertices: [ { name: a } ], load: 5/s,\n"
      "      config: { restart-strategy.type: none, heartbeat.interval: 1s } }\n",
      "t.yaml:6: jobs.k.config.heartbeat.interval: found a key of the cluster, which no job of "
      "several can set, expected it below the scenario's own config" },
    { "name: t\nduration: 1h\njobs: []\n", "t.yaml:3: jobs: found 0 jobs, expected 1 to 256" },
    { "name: t\nduration: 1h\njobs: { a: 1 }\n",
      "t.yaml:3: jobs: found a map, expected a list of jobs" },
    { "name: t\nduration: 1h\njobs: [ 5 ]\n",
      "t.yaml:3: jobs.0: found '5', expected a job: { name, vertices, ... }" },
    { "name: t\nduration: 1h\njobs: [ { name: j } ]\n",
      "t.yaml:3: jobs.j: found no 'vertices', expected one" },
    { "name: t\nduration: 1h\njobs: [ { vertices: [ { name: a } ], load: 1/s } ]\n",
      "t.yaml:3: jobs.0: found no 'name', expected one" },
    { "name: t\nduration: 1h\njobs:\n  - { name: j, vertices: [ { name: a } ], load: 1/s }\n  - { "
      "name: j, vertices: [ { name: a } ], load: 1/s }\n",
      "t.yaml:5: jobs.j.name: found 'j', expected a name not used before" },
    { BASE("    at: -1s\n"), "t.yaml:8: jobs.j.at: found '-1s', expected a duration such as 90s, 5 "
                             "min or 100 ms, at least 0" },
    { BASE("    vertex: 1\n"), "t.yaml:8: jobs.j.vertex: found an unknown key, expected name, at, "
                               "config, groups, vertices, edges, load, loads or faults" },
    { GRAPH("[]"), "t.yaml:5: jobs.j.vertices: found no vertex, expected some" },
    { GRAPH("source"), "t.yaml:5: jobs.j.vertices: found 'source', expected a list of vertices" },
    { GRAPH("[ { cost: 1us } ]"), "t.yaml:5: jobs.j.vertices.0: found no 'name', expected one" },
    { GRAPH("[ { name: a }, { name: b }, { name: a } ]"),
      "t.yaml:5: jobs.j.vertices.a.name: found 'a', expected a name not used before (line 5 has "
      "it)" },
    { GRAPH("[ { name: a, paralelism: 4 } ]"),
      "t.yaml:5: jobs.j.vertices.a.paralelism: found an unknown key, expected a known one, did you "
      "mean 'parallelism'?" },
    { GRAPH("[ { name: a, parallelism: 0 } ]"),
      "t.yaml:5: jobs.j.vertices.a.parallelism: found '0', expected a whole number, above 0" },
    { GRAPH("[ { name: a, parallelism: 9, max-parallelism: 8 } ]"),
      "t.yaml:5: jobs.j.vertices.a.parallelism: found parallelism 9, expected at most the max "
      "parallelism, 8" },
    { GRAPH("[ { name: a, max-parallelism: 40000 } ]"),
      "t.yaml:5: jobs.j.vertices.a.max-parallelism: found '40000', expected at most 32768" },
    { GRAPH("[ { name: a, cost: 5 parsecs } ]"),
      "t.yaml:5: jobs.j.vertices.a.cost: found '5 parsecs', expected a duration such as 2us or 1.5 "
      "ms, at least 0" },
    { GRAPH("[ { name: a, cost: -1us } ]"),
      "t.yaml:5: jobs.j.vertices.a.cost: found '-1us', expected a duration such as 2us or 1.5 ms, "
      "at least 0" },
    { GRAPH("[ { name: a, bytes: -4 } ]"),
      "t.yaml:5: jobs.j.vertices.a.bytes: found '-4', expected a size such as 120, 200 bytes or "
      "4kb, at least 0" },
    { GRAPH("[ { name: a, selectivity: NaN } ]"),
      "t.yaml:5: jobs.j.vertices.a.selectivity: found 'NaN', expected a number, at least 0" },
    { GRAPH("[ { name: a, state: 200 bytes/key } ]"),
      "t.yaml:5: jobs.j.vertices.a.state: found state for each key and no 'keys', expected their "
      "number" },
    { GRAPH("[ { name: a, state: 200 bytes/row } ]"),
      "t.yaml:5: jobs.j.vertices.a.state: found '200 bytes/row', expected sizes joined by '+', "
      "each a SIZE, SIZE/key or SIZE/record, such as 200 bytes/key + 1mb" },
    { GRAPH("[ { name: a, state: 2 apples } ]"),
      "t.yaml:5: jobs.j.vertices.a.state: found '2 apples', expected sizes joined by '+', each a "
      "SIZE, SIZE/key or SIZE/record, such as 200 bytes/key + 1mb" },
    { GRAPH("[ { name: a, keys: 0 } ]"), "t.yaml:5: jobs.j.vertices.a.keys: found '0', expected a "
                                         "whole number such as 200 or 2m, above 0" },
    { GRAPH("[ { name: a, service: fast } ]"),
      "t.yaml:5: jobs.j.vertices.a.service: found 'fast', expected constant, exponential or a "
      "variation such as cv 0.5" },
    { GRAPH("[ { name: a, service: cv -1 } ]"),
      "t.yaml:5: jobs.j.vertices.a.service: found 'cv -1', expected constant, exponential or a "
      "variation such as cv 0.5" },
    { GRAPH("[ { name: a, operator-state: splt } ]"),
      "t.yaml:5: jobs.j.vertices.a.operator-state: found 'splt', expected a kind of operator "
      "state, did you mean 'split'?" },
    { GRAPH("[ { name: a, chain: b } ]"),
      "t.yaml:5: jobs.j.vertices.a.chain: found 'b', expected a list of operators" },
    { GRAPH("[ { name: a, chain: [ { keyed: true } ] } ]"),
      "t.yaml:5: jobs.j.vertices.a.chain.0: found no 'name', expected one" },
    { GRAPH("[ { name: a, partitions: 99999 } ]"),
      "t.yaml:5: jobs.j.vertices.a.partitions: found '99999', expected at most 32768" },
    { GRAPH("[ { name: a, keys: 10, skew: zipf 1 } ]"),
      "t.yaml:5: jobs.j.vertices.a.skew: found a skew at a vertex with no hash edge into it, "
      "expected none" },
    { GRAPH("[ { name: a }, { name: b, skew: zipf 1 } ]\n    edges: [ a -> b: hash ]"),
      "t.yaml:5: jobs.j.vertices.b.skew: found a skew and no 'keys', expected their number" },
    { GRAPH("[ { name: a }, { name: b, keys: 5, skew: zif 1 } ]\n    edges: [ a -> b: hash ]"),
      "t.yaml:5: jobs.j.vertices.b.skew: found 'zif 1', expected none, an exponent such as zipf "
      "0.9, or a list of weights" },
    { GRAPH("[ { name: a }, { name: b, max-parallelism: 4, skew: [1, 2] } ]\n    edges: [ a -> b: "
            "hash ]"),
      "t.yaml:5: jobs.j.vertices.b.skew: found 2 weights, expected one for each of the 4 key "
      "groups" },
    { GRAPH("[ { name: a }, { name: b, max-parallelism: 2, skew: [1, -2] } ]\n    edges: [ a -> b: "
            "hash ]"),
      "t.yaml:5: jobs.j.vertices.b.skew.1: found '-2', expected a number, at least 0" },
    { GRAPH("[ { name: a }, { name: b, max-parallelism: 2, skew: [0, 0] } ]\n    edges: [ a -> b: "
            "hash ]"),
      "t.yaml:5: jobs.j.vertices.b.skew: found only weights of 0, expected some above" },
    { GRAPH("[ { name: a, group: bg } ]\n    groups: { big: null }"),
      "t.yaml:5: jobs.j.vertices.a.group: found 'bg', expected a group that 'groups' names, did "
      "you mean 'big'?" },
    { "cluster: { task-manager: { cores: 2, memory: 4g } }\nname: t\nduration: 1h\njobs:\n  - "
      "name: j\n    vertices: [ { name: a, group: big } ]\n    groups: { big: { cores: 3, memory: "
      "1g } }\n    load: 500/s\n",
      "t.yaml:7: jobs.j.groups.big.cores: found '3', expected at most the cores of a TaskManager "
      "(the slot fits none)" },
    { "cluster: { task-manager: { cores: 2, memory: 4g } }\nname: t\nduration: 1h\njobs:\n  - "
      "name: j\n    vertices: [ { name: a, group: big } ]\n    groups: { big: { cores: 1, memory: "
      "5g } }\n    load: 500/s\n",
      "t.yaml:7: jobs.j.groups.big.memory: found '5g', expected at most the memory of a "
      "TaskManager (the slot fits none)" },
    { GRAPH("[ { name: a } ]\n    groups: { big: { cores: 1 } }"),
      "t.yaml:6: jobs.j.groups.big: found no 'memory', expected one" },
    { GRAPH("[ { name: a, co-location: x, group: g }, { name: b, co-location: x } ]\n    edges: [ "
            "a -> b ]"),
      "t.yaml:6: jobs.j.edges: vertices 'a' and 'b' are co-located but in different slot sharing "
      "groups" },
    { GRAPH("[ { name: source }, { name: count } ]\n    edges: [ source -> cuont: hash ]"),
      "t.yaml:6: jobs.j.edges.0.source -> cuont: found an edge to nowhere, 'cuont', expected a "
      "vertex, did you mean 'count'?" },
    { GRAPH("[ { name: s }, { name: c } ]\n    edges: [ s -> d ]"),
      "t.yaml:6: jobs.j.edges.0: found an edge to nowhere, 'd', expected a vertex, did you mean "
      "'c'?" },
    { GRAPH("[ { name: s } ]\n    edges: [ d -> s ]"),
      "t.yaml:6: jobs.j.edges.0: found an edge to nowhere, 'd', expected a vertex" },
    { GRAPH("[ { name: a }, { name: b } ]\n    edges: [ a -> nowhere ]"),
      "t.yaml:6: jobs.j.edges.0: found an edge to nowhere, 'nowhere', expected a vertex" },
    { GRAPH("[ { name: a }, { name: b } ]\n    edges: [ a b ]"),
      "t.yaml:6: jobs.j.edges.0: found no arrow, expected an edge such as source -> count: hash" },
    { GRAPH("[ { name: a }, { name: b } ]\n    edges: [ a -> b: hsah ]"),
      "t.yaml:6: jobs.j.edges.0.a -> b: found 'hsah', expected forward, rescale, rebalance, hash, "
      "broadcast or custom, and maybe a result type such as blocking, did you mean 'hash'?" },
    { GRAPH("[ { name: a }, { name: b } ]\n    edges: [ 'a -> b: hsah' ]"),
      "t.yaml:6: jobs.j.edges.0: found 'a -> b: hsah', expected forward, rescale, rebalance, hash, "
      "broadcast or custom, and maybe a result type such as blocking, did you mean 'hash'?" },
    { GRAPH(
          "[ { name: 'Source: a' }, { name: 'Sink: b' } ]\n    edges: [ 'Source: c -> Sink: b' ]"),
      "t.yaml:6: jobs.j.edges.0: found an edge to nowhere, 'Source: c', expected a vertex, did you "
      "mean 'Source: a'?" },
    { GRAPH("[ { name: 'Source: a' }, { name: 'Sink: b' } ]\n    edges: [ Source: a -> Sink ]"),
      "t.yaml:6: jobs.j.edges.0.Source: found an edge to nowhere, 'Sink', expected a vertex" },
    { GRAPH("[ { name: 'Source: a' }, { name: 'Sink: b' } ]\n    edges: [ 'Source: a -> Sink: c: "
            "hash' ]"),
      "t.yaml:6: jobs.j.edges.0: found an edge to nowhere, 'Sink: c', expected a vertex, did you "
      "mean 'Sink: b'?" },
    { GRAPH(
          "[ { name: 'Source: a' }, { name: 'Sink: b' } ]\n    edges: [ 'Source: a -> Sink: c' ]"),
      "t.yaml:6: jobs.j.edges.0: found an edge to nowhere, 'Sink: c', expected a vertex, did you "
      "mean 'Sink: b'?" },
    { GRAPH("[ { name: 'Source: a' }, { name: 'Sink: b' } ]\n    edges: [ 'Source: a -> Sink: b: "
            "hsah' ]"),
      "t.yaml:6: jobs.j.edges.0: found 'Source: a -> Sink: b: hsah', expected forward, rescale, "
      "rebalance, hash, broadcast or custom, and maybe a result type such as blocking, did you "
      "mean 'hash'?" },
    { GRAPH("[ { name: a }, { name: b } ]\n    edges: [ " A310 "aaaa -> b ]"),
      "t.yaml:6: jobs.j.edges.0: found an edge to nowhere, '" A60 "', expected a vertex" },
    { GRAPH("[ { name: a }, { name: b } ]\n    edges: [ " A310 "aaaaa -> b ]"),
      "t.yaml:6: jobs.j.edges.0: found an edge longer than 319 letters" },
    { GRAPH("[ { name: a }, { name: b } ]\n    edges: [ { a -> b: } ]"),
      "t.yaml:6: jobs.j.edges.0.a -> b: found nothing, expected forward, rescale, rebalance, hash, "
      "broadcast or custom, and maybe a result type such as blocking" },
    { GRAPH("[ { name: a }, { name: b } ]\n    edges: [ a -> b: hash forward ]"),
      "t.yaml:6: jobs.j.edges.0.a -> b: found 'hash forward', expected forward, rescale, "
      "rebalance, hash, broadcast or custom, and maybe a result type such as blocking" },
    { GRAPH("[ { name: a }, { name: b } ]\n    edges: [ { from: a, to: b, ship: hsah } ]"),
      "t.yaml:6: jobs.j.edges.0.ship: found 'hsah', expected a partitioner, did you mean 'hash'?" },
    { GRAPH("[ { name: a }, { name: b } ]\n    edges: [ { from: a } ]"),
      "t.yaml:6: jobs.j.edges.0: found no 'to', expected one" },
    { GRAPH("[ { name: a, parallelism: 2 }, { name: b, parallelism: 3 } ]\n    edges: [ a -> b: "
            "forward ]"),
      "t.yaml:6: jobs.j.edges.0.a -> b: found a forward edge from parallelism 2 to 3, expected "
      "equal ones" },
    { GRAPH("[ { name: s }, { name: a }, { name: b } ]\n    edges: [ s -> a, a -> b, b -> a ]"),
      "t.yaml:6: jobs.j.edges: the job graph has a cycle: b -> a -> b" },
    { GRAPH("[ { name: s }, { name: a } ]\n    edges: [ s -> a, a -> a ]"),
      "t.yaml:6: jobs.j.edges: the job graph has a cycle: a -> a" },
    { GRAPH("[ { name: a }, { name: b } ]\n    edges: a -> b"),
      "t.yaml:6: jobs.j.edges: found 'a -> b', expected a list of edges such as source -> count: "
      "hash" },
    { LOAD("500"), "t.yaml:7: jobs.j.load: found '500', expected a rate such as 500/s, 6k/s or "
                   "1.2m/min, at least 0" },
    { LOAD("-5/s"), "t.yaml:7: jobs.j.load: found '-5/s', expected a rate such as 500/s, 6k/s or "
                    "1.2m/min, at least 0" },
    { LOAD("nan/s"), "t.yaml:7: jobs.j.load: found 'nan/s', expected a rate such as 500/s, 6k/s or "
                     "1.2m/min, at least 0" },
    { LOAD("[ 5/s ]"), "t.yaml:7: jobs.j.load: found a list, expected a rate such as 500/s, or a "
                       "map with one of constant, points, steps, trace, sum, step, ramp, sine, "
                       "diurnal, spike, flash-crowd or random-walk" },
    { LOAD("{}"), "t.yaml:7: jobs.j.load: found a map, expected a rate such as 500/s, or a map "
                  "with one of constant, points, steps, trace, sum, step, ramp, sine, diurnal, "
                  "spike, flash-crowd or random-walk" },
    { LOAD("{ constant: 5/s, ramp: { from: 1/s, to: 2/s, over: 1h } }"),
      "t.yaml:7: jobs.j.load.ramp: found a second kind of load beside 'constant', expected one (or "
      "a sum)" },
    { LOAD("{ constnat: 5/s }"), "t.yaml:7: jobs.j.load.constnat: found an unknown key, expected a "
                                 "known one, did you mean 'constant'?" },
    { LOAD("{ constant: 5/parsec }"), "t.yaml:7: jobs.j.load.constant: found '5/parsec', expected "
                                      "a rate such as 500/s, 6k/s or 1.2m/min, at least 0" },
    { LOAD("{ constant: 5/s, scale: -1 }"),
      "t.yaml:7: jobs.j.load.scale: found '-1', expected a number, at least 0" },
    { LOAD("{ constant: 5/s, repeat: true }"),
      "t.yaml:7: jobs.j.load.repeat: found a key that goes with trace, steps and points, expected "
      "none here" },
    { LOAD("{ constant: 5/s, gaps: zero }"),
      "t.yaml:7: jobs.j.load.gaps: found a key that goes with trace, expected none here" },
    { LOAD("{ step: { from: 1/s, to: 2/s } }"),
      "t.yaml:7: jobs.j.load.step: found no 'at', expected one" },
    { LOAD("{ ramp: { from: 1/s, to: 2/s, over: 0s } }"),
      "t.yaml:7: jobs.j.load.ramp.over: found '0s', expected a duration such as 90s, 5 min or 100 "
      "ms, above 0" },
    { LOAD("{ sine: { mean: 1/s, amplitude: 2/s, period: 1h } }"),
      "t.yaml:7: jobs.j.load.sine.amplitude: found '2/s', expected at most the mean (a rate cannot "
      "be negative)" },
    { LOAD("{ sine: { mean: 1/s, amplitude: 1/s, period: 1h, step: 1us } }"),
      "t.yaml:7: jobs.j.load.sine: found more than 2000000 steps over the run, expected longer "
      "ones" },
    { LOAD("{ diurnal: { low: 3/s, high: 2/s } }"),
      "t.yaml:7: jobs.j.load.diurnal.high: found '2/s', expected at least 'low'" },
    { LOAD("{ spike: { base: 1/s, peak: 2/s, at: 0s, for: 2min, every: 1min } }"),
      "t.yaml:7: jobs.j.load.spike.every: found '1min', expected longer than 'for'" },
    { LOAD("{ flash-crowd: { base: 5/s, peak: 2/s, at: 1h } }"),
      "t.yaml:7: jobs.j.load.flash-crowd.peak: found '2/s', expected at least 'base'" },
    { LOAD("{ random-walk: { start: 5/s, volatility: 2%, low: 6/s } }"),
      "t.yaml:7: jobs.j.load.random-walk.low: found '6/s', expected at most 'start'" },
    { LOAD("{ random-walk: { start: 5/s, volatility: 2%, high: 4/s } }"),
      "t.yaml:7: jobs.j.load.random-walk.high: found '4/s', expected at least 'start'" },
    { LOAD("{ random-walk: { start: 5/s, volatility: 2%, pull: 2 } }"),
      "t.yaml:7: jobs.j.load.random-walk.pull: found '2', expected a share such as 0.05 or 5%, "
      "from 0 to 1" },
    { LOAD("{ points: [[1h, 1/s], [0s, 2/s]] }"),
      "t.yaml:7: jobs.j.load.points.1.0: found '0s', expected a time after the one before (time "
      "goes back)" },
    { LOAD("{ points: [[0s, -1/s]] }"), "t.yaml:7: jobs.j.load.points.0.1: found '-1/s', expected "
                                        "a rate such as 500/s, 6k/s or 1.2m/min, at least 0" },
    { LOAD("{ points: [0s, 1/s] }"), "t.yaml:7: jobs.j.load.points.0: found '0s', expected a time "
                                     "and a value such as [1h, 20/s]" },
    { LOAD("{ steps: { every: 1h, values: [] } }"),
      "t.yaml:7: jobs.j.load.steps.values: found no figures, expected some" },
    { LOAD("{ steps: { every: 1h, values: [5] } }"),
      "t.yaml:7: jobs.j.load.steps.values.0: found '5', expected a rate such as 500/s, 6k/s or "
      "1.2m/min, at least 0" },
    { LOAD("{ steps: { values: [5/s] } }"),
      "t.yaml:7: jobs.j.load.steps: found no 'every', expected one" },
    { LOAD("{ sum: [ { constant: 5/s, per-subtask: true } ] }"),
      "t.yaml:7: jobs.j.load.sum.0.per-subtask: found a key of the whole load, expected it outside "
      "the sum" },
    { LOAD("{ sum: 5/s }"), "t.yaml:7: jobs.j.load.sum: found '5/s', expected a list of loads" },
    { LOAD("{ trace: none.csv }"),
      "t.yaml:7: jobs.j.load.trace: none.csv: cannot be read: No such file or directory" },
    { LOAD("{ trace: [ a ] }"),
      "t.yaml:7: jobs.j.load.trace: found a list, expected the name of a file" },
    { LOAD("{ trace: a.csv, per: minute }"),
      "t.yaml:7: jobs.j.load.per: found 'minute', expected a duration such as 1min, or step" },
    { LOAD("{ trace: a.csv, gaps: fill }"),
      "t.yaml:7: jobs.j.load.gaps: found 'fill', expected a way to fill gaps: hold or zero" },
    { LOAD("{ trace: a.csv, same-time: no }"),
      "t.yaml:7: jobs.j.load.same-time: found 'no', expected a way to take equal times: refuse, "
      "last or sum" },
    { BASE("    loads: { source: 1/s }\n"),
      "t.yaml:7: jobs.j.load: found both load and loads, expected one" },
    { "name: t\nduration: 1h\njobs:\n  - name: j\n    vertices: [ { name: source }, { name: count, "
      "keys: 10 } ]\n    edges: [ source -> count: hash ]\n    loads: { source: 1/s, count: 1/s "
      "}\n",
      "t.yaml:7: jobs.j.loads.count: found a load at a vertex with inputs, expected only sources "
      "here" },
    { "name: t\nduration: 1h\njobs:\n  - name: j\n    vertices: [ { name: source }, { name: count, "
      "keys: 10, backlog-above: 1s } ]\n    edges: [ source -> count: hash ]\n    load: 1/s\n",
      "t.yaml:5: jobs.j.vertices.count.backlog-above: found backlog-above at a vertex with inputs, "
      "expected it at sources only" },
    { "name: t\nduration: 1h\njobs:\n  - name: j\n    vertices: [ { name: source }, { name: count, "
      "keys: 10, source-function: true } ]\n    edges: [ source -> count: hash ]\n    load: 1/s\n",
      "t.yaml:5: jobs.j.vertices.count.source-function: found source-function at a vertex with "
      "inputs, expected it at sources only" },
    { "name: t\nduration: 1h\njobs:\n  - name: j\n    vertices: [ { name: source }, { name: count, "
      "keys: 10, partitions: 7 } ]\n    edges: [ source -> count: hash ]\n    load: 1/s\n",
      "t.yaml:5: jobs.j.vertices.count.partitions: found partitions at a vertex with inputs, "
      "expected it at sources only" },
    { "name: t\nduration: 1h\njobs:\n  - name: j\n    vertices: [ { name: source }, { name: count, "
      "keys: 10 } ]\n    edges: [ source -> count: hash ]\n    loads: { sorce: 1/s }\n",
      "t.yaml:7: jobs.j.loads.sorce: found 'sorce', expected a vertex of job 'j', did you mean "
      "'source'?" },
    { "name: t\nduration: 1h\njobs:\n  - name: j\n    vertices: [ { name: source }, { name: count, "
      "keys: 10 } ]\n    edges: [ source -> count: hash ]\n    loads: { source: 1/s, cout: 1/s }\n",
      "t.yaml:7: jobs.j.loads.cout: found 'cout', expected a vertex of job 'j', did you mean "
      "'count'?" },
    { GRAPH("[ { name: a }, { name: b } ]"),
      "t.yaml:6: jobs.j.load: found one load and several sources, expected loads: { NAME: ... }" },
    { "name: t\nduration: 1h\njobs:\n  - name: j\n    vertices: [ { name: source }, { name: count, "
      "keys: 10 } ]\n    edges: [ source -> count: hash ]\n",
      "t.yaml:4: jobs.j: found no load for source 'source', expected one" },
    { BASE("    faults: { throw: count }\n"),
      "t.yaml:8: jobs.j.faults: found a map, expected a list of faults" },
    { BASE("    faults: [ { thow: count } ]\n"),
      "t.yaml:8: jobs.j.faults.0.thow: found an unknown key, expected a known one, did you mean "
      "'throw'?" },
    { BASE("    faults: [ { throw: cuont } ]\n"),
      "t.yaml:8: jobs.j.faults.0.throw: found 'cuont', expected a vertex of job 'j', did you mean "
      "'count'?" },
    { BASE("    faults: [ { throw: count, subtask: 500 } ]\n"),
      "t.yaml:8: jobs.j.faults.0.subtask: found '500', expected below the vertex's "
      "parallelism, 1" },
    { "config: { scheduler-mode: reactive }\n" BASE(
          "    faults: [ { throw: count, subtask: 500 } ]\n"),
      "t.yaml:9: jobs.j.faults.0.subtask: found '500', expected below the vertex's max "
      "parallelism, 128" },
    { BASE("    faults: [ { throw: count, checkpoint: 3 } ]\n"),
      "t.yaml:8: jobs.j.faults.0.checkpoint: found an unknown key, expected throw, subtask, after "
      "or attempts" },
    { BASE("    faults: [ { snapshot-sleeps: count } ]\n"),
      "t.yaml:8: jobs.j.faults.0: found no 'for', expected one" },
    { BASE("    faults: [ { snapshot-throws: count, checkpoint: 3, from: 2 } ]\n"),
      "t.yaml:8: jobs.j.faults.0.checkpoint: found a checkpoint beside from or to, expected one or "
      "the other" },
    { BASE("    faults: [ { snapshot-throws: count, from: 3, to: 2 } ]\n"),
      "t.yaml:8: jobs.j.faults.0.to: found '2', expected at least 'from'" },
    { "name: t\nduration: 1h\nconfig: { scheduler-mode: reactive }\njobs:\n"
      "  - { name: a, vertices: [ { name: s } ], load: 1/s }\n"
      "  - { name: b, vertices: [ { name: s } ], load: 1/s }\n",
      "t.yaml:4: jobs: found 2 jobs in one cluster, expected one where scheduler-mode is reactive: "
      "it works in application mode only" },
};

START_TEST(a_broken_job_is_refused_with_one_line)
{
    ck_assert_str_eq(load_fixture_complaint(broken[_i].yaml), broken[_i].complaint);
}
END_TEST

Suite *test_load_errors_job_suite(void)
{
    Suite *suite = suite_create("load_errors_job");
    TCase *tcase = tcase_create("errors");
    tcase_add_loop_test(tcase, a_broken_job_is_refused_with_one_line, 0,
                        (int)(sizeof broken / sizeof *broken));
    suite_add_tcase(suite, tcase);
    return suite;
}
