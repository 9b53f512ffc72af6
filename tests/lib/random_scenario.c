/* SPDX-License-Identifier: Apache-2.0
 *
 * Written section by section, as a person would. Whatever is drawn must be accepted by the reader:
 * where two draws do not go together the second depends on the first.
 */
#include "tests/lib/random_scenario.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/base/alloc.h"
#include "core/base/check.h"
#include "core/base/rng.h"
#include "core/base/text.h"

enum { SCENARIO_SIZE = 16384, JOBS_MAX = 3 };

/* s -> c, and perhaps a third vertex: behind c, in a group of its own, or another source; or s2 ->
 * k beside it, which shares nothing with it but slots. */
enum shape {
    SHAPE_TWO,
    SHAPE_CHAIN,
    SHAPE_GROUPS,
    SHAPE_TWO_SOURCES,
    SHAPE_PIPELINES,
    SHAPE_COUNT
};

struct pen {
    struct rng rng;
    char *text;
    size_t length;
    bool adaptive, reactive; /* reactive is adaptive, too */
    bool unaligned, since_2_4;
    bool goes_on;  /* the last job starts from a snapshot of the first one */
    bool repeats;  /* the event being written has an `every` */
    bool stepped;  /* a record says how many machines there are */
    uint32_t more; /* machines beside those with names, at the start */
    uint32_t seconds, jobs;
    enum shape shapes[JOBS_MAX];
};

static void put(struct pen *pen, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void put(struct pen *pen, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    pen->length +=
        text_format_args(pen->text + pen->length, SCENARIO_SIZE - pen->length, fmt, args);
    va_end(args);
    CHECK(pen->length + 1 < SCENARIO_SIZE);
}

static uint32_t between(struct pen *pen, uint32_t least, uint32_t most)
{
    return least + (uint32_t)rng_below(&pen->rng, most - least + 1);
}

/* In so many of a hundred scenarios. */
static bool percent(struct pen *pen, uint32_t share)
{
    return rng_below(&pen->rng, 100) < share;
}

static const char *draw_of(struct pen *pen, const char *const *words, size_t count)
{
    return words[rng_below(&pen->rng, count)];
}

#define one_of(pen, ...)                                                                           \
    draw_of(pen, (const char *const[]){ __VA_ARGS__ },                                             \
            sizeof(const char *const[]){ __VA_ARGS__ } / sizeof(const char *))

/* A key of the configuration, in so many of a hundred. */
#define key(pen, share, name, ...)                                                                 \
    do {                                                                                           \
        if (percent(pen, share))                                                                   \
            put(pen, ", " name ": %s", one_of(pen, __VA_ARGS__));                                  \
    } while (0)

static void put_checkpoints(struct pen *pen)
{
    pen->unaligned = percent(pen, 30);
    put(pen, ", execution.checkpointing.interval: %s", one_of(pen, "2s", "10s", "30s", "100ms"));
    if (pen->unaligned)
        put(pen, ", execution.checkpointing.unaligned.enabled: true");
    else
        key(pen, 30, "execution.checkpointing.max-concurrent-checkpoints", "1", "2", "4");
    if (pen->unaligned)
        key(pen, 50, "execution.checkpointing.aligned-checkpoint-timeout", "0s", "1s", "20s");
    key(pen, 30, "execution.checkpointing.timeout", "1s", "5s", "20s");
    key(pen, 30, "execution.checkpointing.tolerable-failed-checkpoints", "0", "1", "5");
    key(pen, 30, "execution.checkpointing.num-retained", "1", "2", "5");
    key(pen, 20, "execution.checkpointing.min-pause", "1s", "10s");
    if (pen->since_2_4)
        key(pen, 30, "pipeline.sources.pause-until-first-checkpoint", "true");
    key(pen, 30, "execution.checkpointing.incremental", "true");
    if (percent(pen, 30))
        put(pen, ", execution.checkpointing.local-backup.enabled: true, "
                 "execution.state-recovery.from-local: true");
}

static void put_rescaling(struct pen *pen)
{
    key(pen, 40, "jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling", "0s", "1s",
        "10s");
    key(pen, 40, "jobmanager.adaptive-scheduler.executing.resource-stabilization-timeout", "0s",
        "2s", "20s");
    key(pen, 30, "jobmanager.adaptive-scheduler.rescale-trigger.max-delay", "0s", "5s");
    key(pen, 20, "web.adaptive-scheduler.rescale-history.size", "5");
}

static void put_config(struct pen *pen)
{
    put(pen, "config: { parallelism.default: %u", between(pen, 1, 5));
    if (pen->reactive)
        put(pen, ", scheduler-mode: reactive");
    else if (pen->adaptive)
        put(pen, ", jobmanager.scheduler: adaptive");
    if (percent(pen, 85))
        put_checkpoints(pen);
    if (pen->adaptive)
        put_rescaling(pen);
    key(pen, 30, "state.backend.type", "rocksdb");
    key(pen, 40, "restart-strategy.type", "fixed-delay", "failure-rate", "exponential-delay");
    key(pen, 20, "restart-strategy.fixed-delay.attempts", "1000");
    if (percent(pen, 20))
        put(pen, ", heartbeat.interval: 1s, heartbeat.timeout: 5s");
    key(pen, 20, "jobmanager.execution.failover-strategy", "full");
    key(pen, 20, "taskmanager.load-balance.mode", "slots", "tasks");
    key(pen, 20, "resourcemanager.standalone.start-up-time", "0s", "5s", "20s");
    key(pen, 20, "task.cancellation.timeout", "5s", "0", "30s");
    key(pen, 20, "taskmanager.registration.timeout", "20s", "60s");
    put(pen, " }\n");
}

static void put_steps(struct pen *pen)
{
    put(pen, "  churn: { steps: [");
    for (uint32_t i = 0; i < 8; i++)
        put(pen, "%s[%us, %u]", i > 0 ? ", " : "", i * pen->seconds / 8, between(pen, 0, 6));
    put(pen, "]%s%s }\n", one_of(pen, "", ", graceful: true", ", graceful: true, notice: 20s"),
        one_of(pen, "", ", repeat: true"));
}

/* Machines by name, of unequal speed; n2 joins later, n3 when an event has it. */
static void put_cluster(struct pen *pen)
{
    put(pen, "cluster:\n  task-manager: { slots: %u, cores: %s, price: 0.5, network: %s, ",
        between(pen, 1, 4), one_of(pen, "1", "2", "4", "0.5"),
        one_of(pen, "10gbit", "100mbit", "8mbit"));
    put(pen, "boot: { from: 1s, to: 20s }");
    pen->stepped = percent(pen, 15);
    pen->more = pen->stepped ? 0 : between(pen, 0, 5);
    if (!pen->stepped)
        put(pen, ", count: %u", pen->more);
    put(pen, " }\n");
    if (pen->stepped)
        put_steps(pen);
    else if (percent(pen, 15))
        put(pen, "  churn: { exponential: { mean: %s, rejoin: %s } }\n",
            one_of(pen, "2min", "10min"), one_of(pen, "5s", "1min"));
    put(pen, "  task-managers:\n    - { name: n1, at: 0s, speed: %s }\n",
        one_of(pen, "1", "0.5", "0.8"));
    put(pen, "    - { name: n2, at: %us, speed: %s }\n", between(pen, 0, 300),
        one_of(pen, "1", "0.5", "2"));
    put(pen, "    - { name: n3, at: never, speed: 0.5 }\n");
    put(pen, "  dfs: { bandwidth: %s }\n", one_of(pen, "10gbit", "20m/s", "1m/s"));
    if (percent(pen, 30))
        put(pen, "  network: { loss: %s, latency: %s }\n", one_of(pen, "0.1%", "1%", "5%"),
            one_of(pen, "100us", "5ms"));
}

static void put_graph(struct pen *pen, enum shape shape, const char *source)
{
    const char *state =
        one_of(pen, "", ", keys: 10k, state: 200 bytes/key",
               ", keys: 1m, state: 100 bytes/key, skew: zipf 0.9", ", state: 5mb + 8 bytes/record");
    const char *edge = one_of(pen, "hash", "rebalance", "forward", "rescale", "broadcast");
    bool keyed = state[0] != '\0' && state[2] == 'k';
    put(pen, "    vertices: [ { name: s, cost: %s%s }, { name: c, cost: %s%s%s }",
        one_of(pen, "1us", "50us"), source, one_of(pen, "5us", "200us"), state,
        one_of(pen, "", ", close: 2s", ", snapshot: 50ms", ", snapshot: 3s"));
    const char *chained = one_of(pen, ", { name: k }", ", { name: k, cost: 500us }",
                                 pen->reactive ? ", { name: k, cost: 500us, max-parallelism: 5 }"
                                               : ", { name: k, cost: 500us, keys: 1k }");
    put(pen, "%s ]\n    edges: [ s -> c: %s",
        (const char *const[]){ "", chained, ", { name: k, group: g2, selectivity: 0.5 }",
                               ", { name: s2, parallelism: 1 }",
                               ", { name: s2 }, { name: k, cost: 300us }" }[shape],
        keyed ? "hash" : edge);
    if (shape == SHAPE_CHAIN || shape == SHAPE_GROUPS)
        put(pen, ", c -> k: %s", one_of(pen, "hash", "rebalance", "forward"));
    if (shape == SHAPE_TWO_SOURCES)
        put(pen, ", s2 -> c: %s", keyed ? "hash" : "rebalance");
    if (shape == SHAPE_PIPELINES)
        put(pen, ", s2 -> k: %s", one_of(pen, "hash", "rebalance", "forward"));
    put(pen, " ]\n");
}

static void put_load(struct pen *pen, enum shape shape)
{
    const char *load =
        one_of(pen, "1k/s", "6k/s", "10k/s", "{ step: { from: 100/s, to: 5k/s, at: 100s } }",
               "{ sine: { mean: 2k/s, amplitude: 2k/s, period: 300s } }",
               "{ constant: 2k/s, records: 200k }", "{ constant: 1k/s, until: 200s }",
               "{ constant: 100/s, per-subtask: true }",
               "{ flash-crowd: { base: 10/s, peak: 30k/s, at: 200s, rise: 30s, fall: 60s } }");
    if (shape == SHAPE_TWO_SOURCES || shape == SHAPE_PIPELINES)
        put(pen, "    loads: { s: %s, s2: %s }\n", load, one_of(pen, "300/s", "12k/s"));
    else
        put(pen, "    load: %s\n", load);
    if (percent(pen, 25))
        put(pen, "    faults: [ %s ]\n",
            one_of(pen, "{ throw: c, after: 20s, attempts: 3 }",
                   "{ snapshot-throws: c, checkpoint: 4 }",
                   "{ snapshot-sleeps: c, for: 8s, from: 2, to: 6 }"));
}

/* The last one of several may go on from the first one's snapshot: the same vertices, no load. */
static void put_jobs(struct pen *pen)
{
    pen->goes_on = pen->jobs > 1 && percent(pen, 30);
    put(pen, "jobs:\n");
    for (uint32_t j = 0; j < pen->jobs; j++) {
        bool is_heir = pen->goes_on && j + 1 == pen->jobs;
        bool has_heir = pen->goes_on && j == 0;
        enum shape shape =
            is_heir || has_heir ? SHAPE_TWO : (enum shape)rng_below(&pen->rng, SHAPE_COUNT);
        pen->shapes[j] = shape;
        const char *source = one_of(pen, "", "", ", source-function: true", ", backlog-above: 5s");
        put(pen, "  - name: j%u\n    at: %us\n", j,
            is_heir ? pen->seconds / 2 : 30 * between(pen, 0, 3));
        if (is_heir)
            put(pen, "    config: { execution.state-recovery.path: %s of j0 }\n",
                one_of(pen, "savepoint", "savepoint", "checkpoint"));
        if (has_heir)
            put(pen, "    config: { execution.checkpointing.externalized-checkpoint-retention: "
                     "RETAIN_ON_CANCELLATION }\n");
        if (is_heir || has_heir) {
            put(pen, "    vertices: [ { name: s%s }, { name: c, keys: 10k, cost: %s } ]\n", source,
                one_of(pen, "5us", "200us", "1ms"));
            put(pen, "    edges: [ s -> c: hash ]\n");
            if (has_heir)
                put(pen, "    load: 5k/s\n");
            continue;
        }
        put_graph(pen, shape, source);
        put_load(pen, shape);
    }
}

static const char *target(struct pen *pen)
{
    const char *some = pen->more < 2 ? "random" : "{ task-manager: random, count: 2 }";
    return one_of(pen, "random", "in-use", "idle", "n1", "n2", "n3", "[n1, n2]", some);
}

static const char *machine(struct pen *pen)
{
    return one_of(pen, "random", "in-use", "n1", "n2", "[n1, n2]", "jobmanager");
}

static void put_machine_action(struct pen *pen)
{
    switch (between(pen, 0, 10)) {
    case 0: put(pen, "add: %s", one_of(pen, "1", "2", pen->repeats ? "1" : "n3")); return;
    case 1: put(pen, "stop: %s", target(pen)); return;
    case 2: put(pen, "stop: { task-manager: in-use, grace: %s }", one_of(pen, "0s", "5s")); return;
    case 3: put(pen, "kill: %s", target(pen)); return;
    case 4:
    case 5:
        put(pen, "freeze: { task-manager: %s, for: %us }", machine(pen), between(pen, 1, 120));
        return;
    case 6: put(pen, "freeze: { task-manager: %s }", machine(pen)); return;
    case 7:
        put(pen, "cut: { task-manager: %s, for: %us }", machine(pen), between(pen, 1, 150));
        return;
    case 8:
        put(pen, "cut: { task-manager: n1, from: %s, for: %us }", one_of(pen, "jobmanager", "n2"),
            between(pen, 1, 200));
        return;
    case 9:
        put(pen, "loss: { task-manager: %s, probability: %s, for: 60s }", machine(pen),
            one_of(pen, "1%", "50%", "100%"));
        return;
    case 10:
        if (percent(pen, 50))
            put(pen, "slow: { task-manager: %s, factor: %s, for: 60s }",
                one_of(pen, "random", "in-use", "n1", "n2"), one_of(pen, "0.5", "0.01", "1"));
        else
            put(pen, "throttle: { task-manager: n1, from: n2, bandwidth: 1mbit, latency: 100ms, "
                     "for: 60s }");
        return;
    }
    IMPOSSIBLE("action on a machine");
}

/* Some other parallelism for each vertex. */
static void put_bounds(struct pen *pen, enum shape shape)
{
    put(pen, "{ s: 1..%u, c: 1..%u", between(pen, 1, 6), between(pen, 1, 6));
    if (shape == SHAPE_TWO_SOURCES || shape == SHAPE_PIPELINES)
        put(pen, ", s2: 1..%u", between(pen, 1, 6));
    if (shape != SHAPE_TWO && shape != SHAPE_TWO_SOURCES)
        put(pen, ", k: 1..%u", between(pen, 1, 5)); /* it may have no more key groups */
    put(pen, " }");
}

static void put_job_action(struct pen *pen)
{
    uint32_t job = between(pen, 0, pen->jobs - 1);
    switch (between(pen, 0, 7)) {
    case 0:
    case 1:
    case 2: put(pen, "fail: { job: j%u, vertex: c, subtask: 0 }", job); return;
    case 3: put(pen, "cancel: j%u", job); return;
    case 4:
        put(pen, "stop-with-savepoint: { job: j%u, drain: %s }", job, one_of(pen, "true", "false"));
        return;
    case 5: put(pen, "savepoint: j%u", job); return;
    case 6: put(pen, "rescale: { job: j%u, all: 1..%u }", job, between(pen, 1, 6)); return;
    case 7:
        put(pen, "rescale: { job: j%u, vertices: ", job);
        put_bounds(pen, pen->shapes[job]);
        put(pen, " }");
        return;
    }
    IMPOSSIBLE("action on a job");
}

/* The first job loses what it has read behind the savepoint, perhaps time and again, and has to
 * make way while it catches up. */
static void put_succession(struct pen *pen)
{
    uint32_t start = pen->seconds / 2, at = start - between(pen, 20, 120);
    put(pen, "  - { at: %us, savepoint: j0 }\n", at);
    put(pen, "  - { at: %ums%s, %s }\n", at * 1000 + between(pen, 1, 20000),
        one_of(pen, "", ", every: 15s"),
        one_of(pen, "fail: { job: j0, vertex: c }", "kill: in-use"));
    put(pen, "  - { at: %us, cancel: j0 }\n", start - between(pen, 1, 15));
}

static void put_events(struct pen *pen)
{
    bool succession = pen->goes_on && percent(pen, 70);
    uint32_t count = percent(pen, 50) ? between(pen, 0, 3) : between(pen, 4, 14);
    put(pen, "events:%s\n", count == 0 && !succession ? " []" : "");
    if (succession)
        put_succession(pen);
    for (; count > 0; count--) {
        put(pen, "  - { ");
        if (percent(pen, 70))
            put(pen, "at: %ums", between(pen, 0, pen->seconds * 1000));
        else
            put(pen, "on: %s, after: %us", one_of(pen, "all tasks RUNNING", "kill", "job RUNNING"),
                between(pen, 0, 60));
        pen->repeats = percent(pen, 15);
        if (pen->repeats)
            put(pen, ", every: %us", between(pen, 5, 300));
        put(pen, ", ");
        if (percent(pen, 70))
            put_machine_action(pen);
        else
            put_job_action(pen);
        put(pen, " }\n");
    }
}

char *random_scenario(uint64_t seed)
{
    struct pen pen = { .rng = rng_stream(seed, "random scenario", 0),
                       .text = mem_create_array(SCENARIO_SIZE, 1) };
    pen.reactive = percent(&pen, 25);
    pen.adaptive = pen.reactive || percent(&pen, 50);
    pen.seconds = 300 * between(&pen, 1, 4);
    pen.jobs = pen.reactive ? 1 : between(&pen, 1, JOBS_MAX);
    put(&pen, "name: random\nduration: %us\n", pen.seconds);
    pen.since_2_4 = percent(&pen, 20);
    if (pen.since_2_4)
        put(&pen, "flink-version: \"2.4\"\n");
    put_config(&pen);
    put_cluster(&pen);
    put_jobs(&pen);
    put_events(&pen);
    return pen.text;
}
