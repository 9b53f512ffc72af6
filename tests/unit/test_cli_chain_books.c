/* SPDX-License-Identifier: Apache-2.0
 *
 * The books of two jobs, of which one goes on from the other, as somebody adds them up who has the
 * files of the run only: metrics.csv and summary.json, by the equation of docs/metrics.md.
 */
#include <check.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/cli/command.h"
#include "tests/lib/command_line.h"

enum { CELLS_MAX = 512 };

/* Rates are those of a second, so their cells are records. */
struct books {
    double offered, served, replayed, lag;
};

static char table[1 << 22];

static size_t split(char *line, const char **cells)
{
    size_t count = 1;
    cells[0] = line;
    for (char *p = line; *p; p++) {
        if (*p != ',')
            continue;
        *p = '\0';
        ck_assert_uint_lt(count, CELLS_MAX);
        cells[count++] = p + 1;
    }
    return count;
}

static size_t column(const char **heads, size_t count, const char *job, const char *metric)
{
    char name[128];
    text_format(name, sizeof name, "%s%s", job, metric);
    for (size_t i = 0; i < count; i++)
        if (text_equal(heads[i], name))
            return i;
    ck_abort_msg("no column %s", name);
}

static void read_table(void)
{
    char path[256];
    text_format(path, sizeof path, "%s/o/metrics.csv", cli_folder());
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    size_t length = fread(table, 1, sizeof table - 1, file);
    ck_assert(feof(file));
    table[length] = '\0';
    fclose(file);
}

/* Up to a time; of all jobs: "". */
static struct books books_of(const char *job, double until)
{
    const char *heads[CELLS_MAX], *cells[CELLS_MAX];
    char *rest = NULL;
    struct books books = { .offered = 0 };
    read_table();
    size_t count = split(strtok_r(table, "\n", &rest), heads);
    size_t offered = column(heads, count, job, "offered_rate");
    size_t served = column(heads, count, job, "served_rate");
    size_t replayed = column(heads, count, job, "records_replayed");
    size_t lag = column(heads, count, job, "lag_records");
    for (char *line; (line = strtok_r(NULL, "\n", &rest)) != NULL;) {
        ck_assert_uint_eq(split(line, cells), count);
        if (strtod(cells[0], NULL) > until)
            break;
        books.offered += strtod(cells[offered], NULL);
        books.served += strtod(cells[served], NULL);
        books.replayed = strtod(cells[replayed], NULL);
        books.lag = strtod(cells[lag], NULL);
    }
    return books;
}

static double inherited_by(size_t job)
{
    json_t *summary = json_loads(cli_get_file("o/summary.json"), 0, NULL);
    const json_t *one = json_array_get(json_object_get(summary, "jobs"), job);
    const json_t *value = json_object_get(one, "records_inherited");
    ck_assert(json_is_number(value) == (job > 0));
    double inherited = json_number_value(value);
    json_decref(summary);
    return inherited;
}

static void must_balance(double in, double out)
{
    ck_assert_msg(fabs(in - out) <= 1e-6 * fmax(out, 1e6), "%.3f came in, and %.3f are told", in,
                  out);
}

static void run_chain(const char *load, const char *path, const char *end)
{
    char yaml[2048];
    text_format(yaml, sizeof yaml,
                "name: n\nduration: 10min\nconfig: { execution.checkpointing.interval: 30 s,\n"
                "  jobmanager.scheduler: default,\n"
                "  execution.checkpointing.externalized-checkpoint-retention: "
                "RETAIN_ON_CANCELLATION }\n"
                "cluster: { task-manager: { count: 3, slots: 4 } }\njobs:\n"
                "  - name: c1\n    vertices: [ { name: s, parallelism: 2, cost: 20us }, "
                "{ name: m, parallelism: 3, cost: 50us, keys: 100k, state: 1kb/key } ]\n"
                "    edges: [ s -> m: hash ]\n    load: %s\n"
                "  - name: c2\n    at: 5min\n    config: { execution.state-recovery.path: %s }\n"
                "    vertices: [ { name: s, parallelism: 4, cost: 20us }, "
                "{ name: m, parallelism: 4, cost: 50us, keys: 100k, state: 1kb/key } ]\n"
                "    edges: [ s -> m: hash ]\nevents:\n  - %s\n",
                load, path, end);
    cli_put_file("s.yaml", yaml);
    ck_assert_int_eq(cli_weir("run @/s.yaml --quiet --no-plots --out @/o"), 0);
}

/* The first job is stopped with a savepoint, or cancelled behind a checkpoint that is retained. */
static const struct chain {
    const char *load, *path, *end;
    double arrived, served_again_least;
} chains[] = {
    { "{ records: 10m }", "savepoint of c1", "{ at: 1min, stop-with-savepoint: c1 }", 10e6, 0 },
    { "{ records: 10m }", "checkpoint of c1", "{ at: 70s, cancel: c1 }", 10e6, 100e3 },
    { "{ constant: 10k/s, until: 8min }", "savepoint of c1",
      "{ at: 1min, stop-with-savepoint: c1 }", 4800e3, 0 },
    { "{ constant: 10k/s, until: 8min }", "checkpoint of c1", "{ at: 70s, cancel: c1 }", 4800e3,
      40e3 },
};

START_TEST(books_of_a_chain_balance_job_by_job_and_together)
{
    const struct chain *chain = &chains[_i];
    cli_begin();
    run_chain(chain->load, chain->path, chain->end);
    double inherited = inherited_by(1);
    inherited_by(0); /* which has none */
    for (double at = 302; at <= 600; at += 37) {
        struct books own = books_of("c2.", at);
        must_balance(own.offered + inherited + own.replayed, own.served + own.lag);
    }
    /* What the first has given up is what the second inherits. */
    struct books former = books_of("c1.", 600), heir = books_of("c2.", 600);
    must_balance(former.offered + former.replayed, former.served + former.lag + inherited);
    struct books all = books_of("", 600);
    must_balance(all.offered, chain->arrived);
    must_balance(all.offered, former.offered + heir.offered);
    must_balance(all.offered + all.replayed, all.served + all.lag);
    ck_assert_double_ge(all.replayed, chain->served_again_least);
    if (chain->served_again_least == 0)
        must_balance(all.replayed, 0);
    cli_end();
}
END_TEST

static double inherited(const char *sample)
{
    char line[120];
    snprintf(line, sizeof line, "run @ --out @/o --quiet --no-plots --set sample=%s", sample);
    ck_assert_int_eq(cli_weir(line), EXIT_HELD);
    const char *text = strstr(cli_get_file("o/summary.json"), "\"records_inherited\": ");
    ck_assert_ptr_nonnull(text);
    return strtod(strchr(text, ' '), NULL);
}

/* The former job is behind and runs on: what it had served by then is known without a look. */
START_TEST(what_a_job_takes_over_from_one_that_runs_on_depends_on_no_look)
{
    cli_begin();
    cli_put_file("scenario.yaml",
                 "name: beside\n"
                 "duration: 6min\n"
                 "config: { parallelism.default: 2, execution.checkpointing.interval: 10s }\n"
                 "cluster: { task-manager: { count: 2, slots: 4, cores: 4 } }\n"
                 "jobs:\n"
                 "  - name: a\n"
                 "    vertices: [ { name: s }, { name: c, keys: 1k, cost: 2ms } ]\n"
                 "    edges: [ s -> c: hash ]\n"
                 "    load: 1500/s\n"
                 "  - name: b\n"
                 "    at: 5min\n"
                 "    config: { execution.state-recovery.path: savepoint of a }\n"
                 "    vertices: [ { name: s }, { name: c, keys: 1k } ]\n"
                 "    edges: [ s -> c: hash ]\n"
                 "events: [ { at: 2min, savepoint: a } ]\n");
    double often = inherited("1s"), seldom = inherited("77s");
    ck_assert_double_gt(often, 100e3); /* of three minutes at less than 1,000/s */
    ck_assert_double_eq_tol(seldom, often, 1e-3);
    cli_end();
}
END_TEST

Suite *test_cli_chain_books_suite(void);
Suite *test_cli_chain_books_suite(void)
{
    Suite *suite = suite_create("cli_chain_books");
    TCase *tcase = tcase_create("chain");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, books_of_a_chain_balance_job_by_job_and_together, 0,
                        (int)(sizeof chains / sizeof *chains));
    tcase_add_test(tcase, what_a_job_takes_over_from_one_that_runs_on_depends_on_no_look);
    suite_add_tcase(suite, tcase);
    return suite;
}
