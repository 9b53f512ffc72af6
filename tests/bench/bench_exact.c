/* SPDX-License-Identifier: Apache-2.0
 *
 * The exact world: half a minute of a million records a second through a source and a keyed count,
 * in four slots, with a checkpoint each five seconds, which is counted out record by record, and
 * with log, metrics and all checkers. A record of it against a microsecond, which is what a million
 * of them a second on one core would take.
 */
#include <stdlib.h>

#include "core/base/text.h"
#include "tests/bench/bench.h"
#include "tests/lib/whole_run.h"

enum { SECONDS = 30, RATE = 1000000, GOAL_NS = 1000, TURNS = 3, TEXT_SIZE = 1024, LINE = 80 };

static void run_exact(void *context, uint64_t n)
{
    (void)n;
    bench_keep(whole_run(whole_run_load(context)));
}

static void measure(const char *keys, const char *config)
{
    char yaml[TEXT_SIZE], line[LINE];
    text_format(yaml, sizeof yaml,
                "name: exact\n"
                "world: exact\n"
                "duration: %us\n"
                "config:\n"
                "  scheduler-mode: reactive\n"
                "  execution.checkpointing.interval: 5s\n"
                "%s"
                "cluster:\n"
                "  task-manager: { cores: 2, slots: 1, boot: 1s, count: 4 }\n"
                "jobs:\n"
                "  - name: clicks\n"
                "    vertices:\n"
                "      - { name: source, cost: 200ns }\n"
                "      - { name: count, cost: 300ns, keys: %s }\n"
                "    edges: [ source -> count: hash ]\n"
                "    load: { constant: %u/s }\n",
                (unsigned)SECONDS, config, keys, (unsigned)RATE);
    double seconds = bench_seconds(run_exact, yaml, 1);
    text_format(line, sizeof line, "exact: a record, %s keys%s", keys,
                config[0] ? ", unaligned" : "");
    bench_line(line, seconds * 1e9 / ((double)SECONDS * RATE), GOAL_NS, "ns", TURNS);
}

int main(void)
{
    measure("1k", "");
    measure("1m", "");
    measure("1m", "  execution.checkpointing.unaligned.enabled: true\n");
    return EXIT_SUCCESS;
}
