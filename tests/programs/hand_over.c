/* SPDX-License-Identifier: Apache-2.0
 *
 * One job takes over from another in the middle of the input: `stop` lets the first end with a
 * savepoint, `cancel` takes one and cancels it. Where that fails the first is cancelled, and the
 * second goes on from the savepoint if there is one. Both write files, a table, and results for
 * main, which puts them into the file that is the second argument.
 */
#include "tests/programs/acts.h"

enum { HALF_MS = 2000, ONCE = 8 };

/* The first keys come once, and never in the second job. */
static void make(uint64_t index, void *value, void *user)
{
    struct pair *pair = value;
    make_pair(index, pair, user);
    if (index < ONCE)
        pair->key = KEYS + index;
}

static struct weir_results *build(struct weir_env *env)
{
    const struct weir_generator spec = {
        .type = &pair_type, .count = RECORDS, .rate = 100, .splits = 4, .make = make
    };
    struct weir_stream *in = weir_from_generator(env, "in", &spec, NULL);
    weir_sink_files(weir_rebalance(in), "lines", write_pair, NULL);
    weir_sink_table(keyed(in), "newest", write_pair, NULL);
    return weir_collect(weir_rebalance(in), "results");
}

static void drain(struct weir_results *results, FILE *book)
{
    struct weir_record record;
    while (weir_next_result(results, &record))
        if (book)
            fprintf(book, "value %d\n", (int)((const struct pair *)record.value)->value);
}

int weir_main(struct weir_env *env, int argc, char **argv)
{
    FILE *book = argc > 2 && !weir_is_planning(env) ? fopen(argv[2], "w") : NULL;
    struct weir_results *results = build(env);
    struct weir_job *first = weir_execute_async(env, "first");
    weir_sleep(env, HALF_MS);
    if (argc < 2 || strcmp(argv[1], "cancel") == 0 || !weir_job_stop(first, false)) {
        weir_job_savepoint(first);
        weir_job_cancel(first);
    }
    weir_job_wait(first);
    drain(results, book);
    weir_configure(env, "execution.state-recovery.path", "savepoint of first");
    weir_configure(env, "parallelism.default", "1");
    results = build(env);
    weir_execute_async(env, "second");
    drain(results, book);
    if (book)
        fclose(book);
    return 0;
}

void weir_expected(const char *sink, int argc, char **argv, line_taker *line, void *to)
{
    struct pair pair;
    uint64_t newest[KEYS + ONCE] = { 0 };
    (void)argc, (void)argv;
    for (uint64_t i = 0; i < RECORDS; i++) {
        make(i, &pair, NULL);
        newest[pair.key] = pair.value;
        if (strcmp(sink, "lines") == 0)
            tell_pair(line, to, pair.key, pair.value);
    }
    for (uint64_t k = 0; k < KEYS + ONCE && strcmp(sink, "newest") == 0; k++)
        tell_pair(line, to, k, newest[k]);
}
