/* SPDX-License-Identifier: Apache-2.0
 *
 * A record of 87 days by the minute, as long as that of the 1998 World Cup's web site, read as CSV
 * and replayed against a reactive job with a checkpoint each minute. The record is made up here:
 * days, weeks, a slow rise, and noise, so that no two minutes are alike. Reading it is part of what
 * is timed. Against the limit, and each minute against a plain loop that reads the same text and
 * keeps nothing but a backlog.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/rng.h"
#include "core/base/text.h"
#include "sim/load/trace.h"
#include "tests/bench/bench.h"
#include "tests/lib/whole_run.h"

enum { DAYS = 87, MINUTES_A_DAY = 1440, ROW_SIZE = 32, LIMIT_S = 2, TURNS = 3 };

static const char scenario_text[] =
    "name: replay\n"
    "duration: 87d\n"
    "sample: 1h\n"
    "config:\n"
    "  scheduler-mode: reactive\n"
    "  execution.checkpointing.interval: 1min\n"
    "cluster:\n"
    "  provider: standalone\n"
    "  task-manager: { cores: 4, memory: 8g, slots: 4, network: 10gbit, boot: 30s, count: 4 }\n"
    "  dfs: { bandwidth: 10gbit, latency: 5ms }\n"
    "jobs:\n"
    "  - name: clicks\n"
    "    vertices:\n"
    "      - { name: source, cost: 2us, bytes: 120 }\n"
    "      - { name: count, cost: 6us, state: 200 bytes/key, keys: 100k }\n"
    "    edges: [ source -> count: hash ]\n"
    "    load: { constant: 1/s }\n";

/* 0 to 1 over a period, without a library's sine. */
static double wave(uint64_t minute, uint64_t period)
{
    double x = (double)(minute % period) / (double)period;
    return 4 * x * (1 - x);
}

/* Two columns: seconds since the beginning, and what was counted in the minute from there. */
static char *write_record(uint64_t days, size_t *length)
{
    struct rng rng = rng_stream(1, "replay", 0);
    uint64_t minutes = days * MINUTES_A_DAY;
    char *text = mem_create_array(minutes + 1, ROW_SIZE);
    size_t size = (minutes + 1) * ROW_SIZE, at = text_format(text, size, "time,count\n");
    for (uint64_t i = 0; i < minutes; i++) {
        double mean = 20000 + 60000 * wave(i, MINUTES_A_DAY) + 30000 * wave(i, 7 * MINUTES_A_DAY) +
                      50000 * wave(i, 2 * minutes);
        double count = mean * (0.8 + 0.4 * rng_unit(&rng));
        at += text_format(text + at, size - at, "%llu,%llu\n", (unsigned long long)i * 60,
                          (unsigned long long)count);
    }
    *length = at;
    return text;
}

struct replay {
    char *text;
    size_t length;
    uint64_t events;
};

static struct series read_series(const struct replay *replay)
{
    struct note note;
    struct series series = { 0 };
    time_ns length;
    struct trace_options options = { .value = TRACE_PER_TIME, .per = TIME_MIN };
    FILE *file = fmemopen(replay->text, replay->length, "rb");
    if (!file || err_is(trace_read_csv(file, "bench.csv", &options, &series, &length, &note)))
        abort();
    fclose(file);
    return series;
}

static void run_replay(void *context, uint64_t n)
{
    (void)n;
    struct replay *replay = context;
    struct scenario *scenario = whole_run_load(scenario_text);
    struct series *load = &scenario->jobs.items[0].loads.items[0];
    series_fini(load);
    *load = read_series(replay);
    replay->events = whole_run(scenario);
}

/* A queue in a loop: what comes in a minute, less what is served. */
static void run_plain(void *context, uint64_t n)
{
    (void)n;
    const struct replay *replay = context;
    const char *at = strchr(replay->text, '\n') + 1;
    double backlog = 0, worst = 0, capacity = 2e6 * 60;
    while (*at) {
        char *end;
        uint64_t second = strtoull(at, &end, 10);
        double count = strtod(end + 1, &end);
        backlog = fmax(backlog + count - capacity, 0);
        worst = fmax(worst, backlog + (double)(second & 1));
        at = end + 1;
    }
    bench_keep((uint64_t)worst);
}

int main(void)
{
    char line[64];
    struct replay replay = { 0 };
    replay.text = write_record(DAYS, &replay.length);
    double seconds = bench_limit("replay: 87 days by the minute", run_replay, &replay, 1, LIMIT_S);
    double plain_s = bench_seconds(run_plain, &replay, 1), minutes = DAYS * MINUTES_A_DAY;
    text_format(line, sizeof line, "replay: a minute, of %llu events in all",
                (unsigned long long)replay.events);
    bench_line(line, seconds / minutes * 1e9, plain_s / minutes * 1e9, "ns", TURNS);
    mem_destroy(replay.text);
    return 0;
}
