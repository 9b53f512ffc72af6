/* SPDX-License-Identifier: Apache-2.0
 *
 * A record of 87 days by the minute, as that of the 1998 World Cup's web site, read as CSV and
 * replayed with its files written: 17 machines of four slots that fail now and then, three
 * vertices, a checkpoint and a sample each ten minutes. The record is made up here after the real
 * one: days, weeks, a rise and a fall, noise, and matches whose peaks take all the machines have,
 * so that a failure then is a backlog. It counts requests, and as in the real one three minutes of
 * four count as many as another one. Reading it is part of what is timed. Against the limit,
 * and each minute against a plain loop that reads the same text and keeps nothing but a backlog;
 * with ten times the checkpoints against the first line; and, where it lies, the real record.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/rng.h"
#include "core/base/text.h"
#include "sim/load/trace.h"
#include "tests/bench/bench.h"
#include "tests/lib/whole_run.h"

enum {
    DAYS = 87,
    MINUTES_A_DAY = 1440,
    ROW_SIZE = 32,
    LIMIT_S = 2,
    TURNS = 3,
    SCALE = 40, /* machines would idle at the requests of 1998 */
    MATCHES_FROM = 41,
    MATCHES_TO = 74, /* days */
    KICK_OFF = 14 * 60,
    MATCH = 4 * 60 /* minutes of a day */
};

static const char real_scenario[] = "tests/traces/worldcup98.yaml";

static const char scenario_format[] =
    "name: replay\n"
    "duration: 87d\n"
    "config:\n"
    "  scheduler-mode: reactive\n"
    "  execution.checkpointing.interval: %s\n"
    "  pipeline.max-parallelism: 720\n"
    "cluster:\n"
    "  task-manager: { count: 17, cores: 4, slots: 4, boot: { median: 40s, p99: 3min } }\n"
    "  churn: { exponential: { mean: 60d, rejoin: 2min } }\n"
    "jobs:\n"
    "  - name: page-views\n"
    "    vertices:\n"
    "      - { name: source, cost: 50us, bytes: 300 }\n"
    "      - { name: sessions, cost: 350us, bytes: 200, keys: 2m, state: 400 bytes/key }\n"
    "      - { name: sink, cost: 20us }\n"
    "    edges: [ source -> sessions: hash, sessions -> sink: forward ]\n"
    "    load: { constant: 1/s }\n";

/* 0 to 1 over a period, without a library's sine. */
static double wave(uint64_t minute, uint64_t period)
{
    double x = (double)(minute % period) / (double)period;
    return 4 * x * (1 - x);
}

/* Requests a minute, on average. */
static double mean_of(uint64_t minute)
{
    uint64_t day = minute / MINUTES_A_DAY, time = minute % MINUTES_A_DAY;
    double season = wave(minute, (uint64_t)DAYS * MINUTES_A_DAY), rise = season * season * season;
    double mean = (1200 + 16000 * rise * rise) *
                  (0.3 + wave(minute, MINUTES_A_DAY) + 0.3 * wave(minute, 7 * MINUTES_A_DAY));
    if (day >= MATCHES_FROM && day < MATCHES_TO && time >= KICK_OFF && time < KICK_OFF + MATCH)
        mean += 200000 * rise * wave(time - KICK_OFF, MATCH) * (day % 3 == 0 ? 1 : 0.4);
    return mean;
}

/* Two columns: seconds since the beginning, and what was counted in the minute from there. */
static char *write_record(uint64_t days, size_t *length)
{
    struct rng rng = rng_stream(1, "replay", 0);
    uint64_t minutes = days * MINUTES_A_DAY;
    char *text = mem_create_array(minutes + 1, ROW_SIZE);
    size_t size = (minutes + 1) * ROW_SIZE, at = text_format(text, size, "time,count\n");
    for (uint64_t i = 0; i < minutes; i++) {
        uint64_t count = (uint64_t)(mean_of(i) * (0.75 + 0.5 * rng_unit(&rng)));
        at += text_format(text + at, size - at, "%llu,%llu\n", (unsigned long long)i * 60,
                          (unsigned long long)count * SCALE);
    }
    *length = at;
    return text;
}

struct replay {
    char *text;
    size_t length;
    const char *checkpoints; /* how often */
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
    char yaml[sizeof scenario_format + ROW_SIZE];
    struct replay *replay = context;
    text_format(yaml, sizeof yaml, scenario_format, replay->checkpoints);
    struct scenario *scenario = whole_run_load(yaml);
    struct series *load = &scenario->jobs.items[0].loads.items[0];
    series_fini(load);
    *load = read_series(replay);
    replay->events = whole_run_written(scenario);
}

static void run_real(void *context, uint64_t n)
{
    (void)context;
    (void)n;
    bench_keep(whole_run_written(whole_run_load_file(real_scenario)));
}

/* A queue in a loop: what comes in a minute, less what is served. */
static void run_plain(void *context, uint64_t n)
{
    (void)n;
    const struct replay *replay = context;
    const char *at = strchr(replay->text, '\n') + 1;
    double backlog = 0, worst = 0, capacity = 160e3 * 60;
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
    struct replay replay = { .checkpoints = "10min" };
    replay.text = write_record(DAYS, &replay.length);
    double seconds = bench_limit("replay: 87 days by the minute", run_replay, &replay, 1, LIMIT_S);
    double plain_s = bench_seconds(run_plain, &replay, 1), minutes = DAYS * MINUTES_A_DAY;
    text_format(line, sizeof line, "replay: a minute, of %llu events in all",
                (unsigned long long)replay.events);
    bench_line(line, seconds / minutes * 1e9, plain_s / minutes * 1e9, "ns", TURNS);
    replay.checkpoints = "1min";
    bench_line("replay: with ten times the checkpoints", bench_seconds(run_replay, &replay, 1),
               seconds, "s", TURNS);
    struct scenario *real = whole_run_load_file(real_scenario);
    if (real)
        bench_limit("replay: the real record", run_real, NULL, 1, LIMIT_S);
    scenario_destroy(real);
    mem_destroy(replay.text);
    return 0;
}
