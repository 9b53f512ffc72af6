/* SPDX-License-Identifier: Apache-2.0
 *
 * Incremental checkpoints of whole runs, in both worlds: what the first one writes behind a
 * failure, another parallelism, and another job's checkpoint.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/cli/command.h"
#include "tests/lib/command_line.h"

static const char rescaled[] =
    "name: increments\n"
    "duration: 100s\n"
    "config:\n"
    "  jobmanager.scheduler: adaptive\n"
    "  parallelism.default: %d\n"
    "  execution.checkpointing.interval: 10s\n"
    "  execution.checkpointing.incremental: true\n"
    "  state.backend.type: rocksdb\n"
    "  restart-strategy.type: fixed-delay\n"
    "  restart-strategy.fixed-delay.delay: 1s\n"
    "cluster: { task-manager: { count: 2, slots: 2 } }\n"
    "jobs:\n"
    "  - name: clicks\n"
    "    vertices:\n"
    "      - { name: source, cost: 20us, bytes: 120 }\n"
    "      - { name: count, cost: 50us, keys: 100k, state: 1000 bytes/key,\n"
    "          max-parallelism: %d }\n"
    "    edges: [ source -> count: hash ]\n"
    "    load: 2k/s\n"
    "events: [ { at: 73s, %s } ]\n";

static const char *const worlds[] = { "virtual", "exact" };

static int column_of(const char *header, const char *name)
{
    int column = 0;
    size_t length = strlen(name);
    for (const char *at = header; at; at = strchr(at, ','), column++) {
        at += *at == ',';
        if (strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == '\n'))
            return column;
    }
    ck_abort_msg("no column %s", name);
}

static double value_in(const char *row, int column)
{
    while (column-- > 0)
        row = strchr(row, ',') + 1;
    return strtod(row, NULL);
}

/* What the first checkpoint has written that ended behind that second. */
static double first_written(const char *metrics, double behind_s)
{
    int column = column_of(metrics, "checkpoint_written_bytes");
    int completed = column_of(metrics, "checkpoints_completed");
    double before = -1;
    for (const char *row = strchr(metrics, '\n') + 1; *row; row = strchr(row, '\n') + 1) {
        if (value_in(row, 0) < behind_s)
            before = value_in(row, completed);
        else if (value_in(row, completed) > before)
            return value_in(row, column);
    }
    ck_abort_msg("no checkpoint behind %f s", behind_s);
}

static double written_behind(const char *world, const char *scenario, double behind_s)
{
    char line[100];
    cli_begin();
    cli_put_file("increments.yaml", scenario);
    snprintf(line, sizeof line, "run --quiet --no-plots --world %s --out @/run @/increments.yaml",
             world);
    int code = cli_weir(line);
    ck_assert_msg(code == EXIT_HELD, "%s: %s%s", world, cli_out(), cli_errors());
    double written = first_written(cli_get_file("run/metrics.csv"), behind_s);
    cli_end();
    return written;
}

/* 100,000 keys and 2,000 records a second: 78 MB of state at 76 s, of which 10 s touch 18 MB. Of
 * three key groups the second of two subtasks had one, as the last of three has. */
static const struct {
    int parallelism, groups;
    const char *event;
    double least, most; /* MB */
} cases[] = {
    { 3, 12, "fail: count", 0, 40 },
    { 3, 12, "rescale: { all: 1..4 }", 70, 90 },
    { 3, 12, "rescale: { all: 1..2 }", 70, 90 },
    { 2, 3, "rescale: { all: 1..3 }", 50, 60 },
};

START_TEST(the_first_checkpoint_behind_a_rescale_is_a_full_one)
{
    char text[2000];
    snprintf(text, sizeof text, rescaled, cases[_i].parallelism, cases[_i].groups, cases[_i].event);
    for (int w = 0; w < 2; w++) {
        double written = written_behind(worlds[w], text, 74);
        ck_assert_double_ge(written, cases[_i].least * 1e6);
        ck_assert_double_le(written, cases[_i].most * 1e6);
    }
}
END_TEST

#define VERTICES                                                                                   \
    "    vertices: [ { name: source, cost: 20us, bytes: 120 },\n"                                  \
    "                { name: count, cost: 50us, keys: 100k, state: 1000 bytes/key } ]\n"           \
    "    edges: [ source -> count: hash ]\n"

/* The first job's checkpoints are full ones, whose format has no files to build on: 50 MB of state
 * at 40 s, of which a second touches 2. */
static const char claimed[] =
    "name: increments\n"
    "duration: 60s\n"
    "config:\n"
    "  parallelism.default: 2\n"
    "  execution.checkpointing.interval: 10s\n"
    "  execution.checkpointing.externalized-checkpoint-retention: RETAIN_ON_CANCELLATION\n"
    "  state.backend.type: rocksdb\n"
    "cluster: { task-manager: { count: 2, slots: 2 } }\n"
    "jobs:\n"
    "  - name: first\n" VERTICES "    load: 2k/s\n"
    "  - name: second\n" VERTICES "    at: 40s\n"
    "    config: { execution.state-recovery.path: checkpoint of first,\n"
    "              execution.state-recovery.claim-mode: CLAIM,\n"
    "              execution.checkpointing.incremental: true }\n"
    "events: [ { at: 38s, cancel: first } ]\n";

START_TEST(the_first_checkpoint_behind_a_claimed_full_one_is_a_full_one)
{
    ck_assert_double_ge(written_behind(worlds[_i], claimed, 39), 50e6);
}
END_TEST

Suite *test_exact_increments_suite(void);
Suite *test_exact_increments_suite(void)
{
    Suite *suite = suite_create("exact increments");
    TCase *tcase = tcase_create("increments");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, the_first_checkpoint_behind_a_rescale_is_a_full_one, 0,
                        (int)(sizeof cases / sizeof *cases));
    tcase_add_loop_test(tcase, the_first_checkpoint_behind_a_claimed_full_one_is_a_full_one, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}
