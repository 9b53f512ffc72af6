/* SPDX-License-Identifier: Apache-2.0
 *
 * Functions with lists and no key: `split` lets records wait for others, whoever has them after a
 * restart, and `timed` the same with event time, which those do not have that the end of the input
 * lets go; `union` knows from all of them together how far each key has been counted.
 */
#include "tests/programs/acts.h"

enum { TOGETHER = 7 };

static void let_go(struct weir_context *ctx)
{
    struct weir_walk walk = { { 0 } };
    const void *pair;
    while (weir_next(ctx, "waiting", &walk, NULL, &pair, NULL))
        weir_emit(ctx, pair);
    weir_clear(ctx, "waiting");
}

static void wait_for_others(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    struct weir_walk walk = { { 0 } };
    const void *pair;
    int count = 0;
    (void)user;
    weir_add(ctx, "waiting", record->value);
    while (weir_next(ctx, "waiting", &walk, NULL, &pair, NULL))
        count++;
    if (count >= TOGETHER)
        let_go(ctx);
}

static void wait_no_longer(struct weir_context *ctx, void *user)
{
    (void)user;
    let_go(ctx);
}

static void let_wait(struct weir_env *env, bool timestamps)
{
    static const struct weir_list lists[] = { { "unused", &weir_int }, { "waiting", &pair_type } };
    const struct weir_list_process process = {
        .lists = lists, .list_count = 2, .on_record = wait_for_others, .on_end = wait_no_longer
    };
    struct weir_stream *in = weir_rebalance(pairs(env, "in", timestamps));
    weir_sink_files(weir_process_lists(in, "wait", &pair_type, &process, NULL), "lines", write_pair,
                    NULL);
}

static void split(struct weir_env *env)
{
    let_wait(env, false);
}

static void timed(struct weir_env *env)
{
    let_wait(env, true);
}

static void split_lines(line_taker *line, void *to)
{
    for (uint64_t i = 0; i < RECORDS; i++)
        tell_pair(line, to, i * 5 % KEYS, i);
}

/* ---- union: one counts each key, and all know how far, as of the last restart ------------------
 */

static void read_counts(struct weir_context *ctx, uint64_t counts[KEYS])
{
    struct weir_walk walk = { { 0 } };
    const void *entry;
    while (weir_next(ctx, "counts", &walk, NULL, &entry, NULL)) {
        const struct pair *of = entry;
        if (of->value > counts[of->key])
            counts[of->key] = of->value;
    }
}

static void write_counts(struct weir_context *ctx, const uint64_t counts[KEYS])
{
    weir_clear(ctx, "counts");
    for (uint64_t k = 0; k < KEYS; k++)
        if (counts[k] > 0)
            weir_add(ctx, "counts", &(struct pair){ k, counts[k] });
}

/* Who has counted a key has the highest count of it. */
static void take_all(struct weir_context *ctx, bool is_restored, void *user)
{
    uint64_t counts[KEYS] = { 0 };
    (void)user;
    read_counts(ctx, counts);
    if (is_restored)
        write_counts(ctx, counts);
}

static void count(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    uint64_t counts[KEYS] = { 0 }, key = ((const struct pair *)record->value)->key;
    (void)user;
    read_counts(ctx, counts);
    counts[key]++;
    write_counts(ctx, counts);
    weir_emit(ctx, &(struct pair){ key, counts[key] });
}

static void unite(struct weir_env *env)
{
    static const struct weir_list lists[] = { { "counts", &pair_type } };
    const struct weir_list_process process = {
        .lists = lists, .list_count = 1, .is_union = true, .on_record = count, .on_begin = take_all
    };
    struct weir_stream *in = keyed(pairs(env, "in", false));
    weir_sink_files(weir_process_lists(in, "count", &pair_type, &process, NULL), "lines",
                    write_pair, NULL);
}

static void union_lines(line_taker *line, void *to)
{
    for (uint64_t key = 0; key < KEYS; key++)
        for (uint64_t n = 1; n <= RECORDS / KEYS; n++)
            tell_pair(line, to, key, n);
}

ACTS({ "split", split, split_lines }, { "timed", timed, split_lines },
     { "union", unite, union_lines })
