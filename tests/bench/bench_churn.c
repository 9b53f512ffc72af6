/* SPDX-License-Identifier: Apache-2.0
 *
 * The day of a large cluster that never rests: 1,000 TaskManagers that fail after ten hours each
 * and are replaced a minute later, one reactive job over all of them, a checkpoint each minute,
 * heartbeats every ten seconds (those of whole contacts are left out: decision 2). Against the
 * limit, and each event against one of a plain heap, so that machines can be compared. Other lines
 * have other shapes for as much less time that hours of tasks are as many: four times the
 * TaskManagers; four slots of each; a sixth of the time with restarts that wait two seconds at
 * most, so that the job runs most of it; and three vertices in two slots of each, with a load that
 * varies and is looked at as often as by default.
 */
#include "core/base/rng.h"
#include "core/base/text.h"
#include "sim/kernel/real.h"
#include "tests/bench/bench.h"
#include "tests/bench/plain_heap.h"
#include "tests/lib/whole_run.h"

enum { PENDING = 1000, WAITS = 1 << 16, LIMIT_S = 5, TURNS = 3, TEXT_SIZE = 2048 };

struct churn {
    char yaml[TEXT_SIZE];
    uint64_t events;
};

struct shape {
    unsigned task_managers, slots, hours;
    const char *sample, *config; /* more of the latter, lines */
};

static void describe(struct churn *churn, const struct shape *shape)
{
    unsigned tasks = shape->task_managers * shape->slots;
    text_format(churn->yaml, sizeof churn->yaml,
                "name: churn\n"
                "duration: %uh\n"
                "sample: %s\n"
                "config:\n"
                "  scheduler-mode: reactive\n"
                "  heartbeat.interval: 10s\n"
                "  execution.checkpointing.interval: 1min\n"
                "%s"
                "cluster:\n"
                "  provider: standalone\n"
                "  task-manager:\n"
                "    { cores: %u, memory: 4g, slots: %u, network: 1gbit, boot: 30s, count: %u }\n"
                "  churn: { exponential: { mean: 10h, rejoin: 60s } }\n"
                "  dfs: { bandwidth: 100gbit, latency: 5ms }\n"
                "jobs:\n"
                "  - name: clicks\n"
                "    vertices:\n"
                "      - { name: source, cost: 2us, bytes: 120, max-parallelism: %u }\n"
                "      - { name: count, cost: 6us, state: 200 bytes/key, keys: 100k,\n"
                "          max-parallelism: %u }\n"
                "    edges: [ source -> count: hash ]\n"
                "    load: { constant: 1m/s }\n",
                shape->hours, shape->sample, shape->config, shape->slots, shape->slots,
                shape->task_managers, tasks + 24, tasks + 24);
}

static void describe_day(struct churn *churn, unsigned hours)
{
    text_format(churn->yaml, sizeof churn->yaml,
                "name: diurnal\n"
                "duration: %uh\n"
                "config:\n"
                "  scheduler-mode: reactive\n"
                "  execution.checkpointing.interval: 1min\n"
                "  pipeline.max-parallelism: 32768\n"
                "cluster:\n"
                "  task-manager: { count: 1000, slots: 2 }\n"
                "  churn: { exponential: { mean: 10h, rejoin: 2min } }\n"
                "jobs:\n"
                "  - name: clicks\n"
                "    vertices:\n"
                "      - { name: source, cost: 2us }\n"
                "      - { name: count, cost: 5us, keys: 1m, state: 1kb/key }\n"
                "      - { name: sink }\n"
                "    edges: [ source -> count: hash, count -> sink: rebalance ]\n"
                "    load: { diurnal: { low: 100k/s, high: 1m/s } }\n",
                hours);
}

static void run_churn(void *context, uint64_t n)
{
    (void)n;
    struct churn *churn = context;
    churn->events = whole_run(whole_run_load(churn->yaml));
}

/* The yardstick: as many events through a plain heap, each of which sets its successor. */

struct hold {
    struct plain_queue queue;
    time_ns now, waits[WAITS];
    uint64_t count;
};

static void hold(void *context, uint64_t a)
{
    struct hold *hold_ = context;
    hold_->count++;
    plain_push(&hold_->queue, hold_->now + hold_->waits[hold_->count % WAITS], hold, a);
}

static void run_plain(void *context, uint64_t n)
{
    struct hold *hold_ = context;
    for (uint64_t i = 0; i < n; i++) {
        struct plain_event event = plain_pop(&hold_->queue);
        hold_->now = event.at;
        event.action(hold_, event.a);
    }
}

static double plain_seconds(uint64_t events)
{
    struct hold *plain = mem_create(sizeof *plain);
    struct rng rng = rng_stream(1, "churn", 0);
    for (int i = 0; i < WAITS; i++)
        plain->waits[i] = (time_ns)(-1e9 * real_log(1 - rng_unit(&rng))) + 1;
    for (uint64_t i = 0; i < PENDING; i++)
        plain_push(&plain->queue, plain->waits[i], hold, i);
    double seconds = bench_seconds(run_plain, plain, events);
    bench_keep(plain->count);
    mem_destroy(plain->queue.heap);
    mem_destroy(plain);
    return seconds;
}

static void against_plain(const char *name, struct churn *churn, double plain_s)
{
    bench_line(name, bench_seconds(run_churn, churn, 1), plain_s, "s", TURNS);
}

int main(void)
{
    struct churn churn, other;
    char line[64];
    describe(&churn, &(struct shape){ 1000, 1, 24, "5min", "" });
    double seconds =
        bench_limit("churn: 1,000 TaskManagers for 24 h", run_churn, &churn, 1, LIMIT_S);
    double events = (double)churn.events, plain_s = plain_seconds(churn.events);
    text_format(line, sizeof line, "churn: an event, of %llu", (unsigned long long)churn.events);
    bench_line(line, seconds / events * 1e9, plain_s / events * 1e9, "ns", TURNS);
    describe(&other, &(struct shape){ 1000, 1, 24, "10s", "" });
    bench_limit("churn: the same, looked at as by default", run_churn, &other, 1, LIMIT_S);
    describe(&other, &(struct shape){ 1000, 1, 4, "10s",
                                      "  restart-strategy.exponential-delay.max-backoff: 2s\n" });
    double short_s = bench_seconds(run_churn, &other, 1), short_events = (double)other.events;
    bench_line("churn: back-off up to 2 s, 4 h, against 24 h", short_s, seconds, "s", TURNS);
    bench_line("churn: an event of it, against one of those", short_s / short_events * 1e9,
               seconds / events * 1e9, "ns", TURNS);
    describe(&other, &(struct shape){ 4000, 1, 6, "5min", "" });
    against_plain("churn: 4,000 for 6 h, against 1,000 for 24 h", &other, seconds);
    describe(&other, &(struct shape){ 1000, 4, 6, "5min", "" });
    against_plain("churn: four slots each, for 6 h, against that", &other, seconds);
    describe_day(&other, 8);
    against_plain("churn: two slots, three vertices, 8 h, against it", &other, seconds);
    return 0;
}
