/* SPDX-License-Identifier: Apache-2.0
 *
 * Acts on questions that are open when the input ends.
 */
#include "tests/programs/acts.h"

static int64_t ask(const struct weir_record *record, void *user)
{
    (void)record, (void)user;
    return 50 * 1000000;
}

static const struct weir_async questions = { .capacity = 5, .ask = ask, .on_answer = same };

/* ---- late: one side of a join waits for answers, and its input rests before the last has come --
 */

static void give_left(struct weir_context *ctx, const struct weir_record *left,
                      const struct weir_record *right, void *user)
{
    (void)right, (void)user;
    weir_emit(ctx, left->value);
}

static void late(struct weir_env *env)
{
    const struct weir_interval same_time = { .lower_ms = 0 };
    struct weir_stream *asked =
        weir_async(pairs(env, "asked", true), "ask", &pair_type, &questions, NULL);
    struct weir_stream *plain = pairs(env, "plain", true);
    weir_sink_files(weir_interval_join(keyed(asked), keyed(plain), "join", &pair_type, &same_time,
                                       give_left, NULL),
                    "lines", write_pair, NULL);
}

/* ---- chained, apart: nothing but answers, behind the source in its task or in one of their own
 * ---------------------------------------------------------------------------------------- */

static void chained(struct weir_env *env)
{
    struct weir_stream *in = pairs(env, "in", false);
    weir_sink_files(weir_async(in, "ask", &pair_type, &questions, NULL), "lines", write_pair, NULL);
}

static void apart(struct weir_env *env)
{
    struct weir_stream *in = weir_rebalance(pairs(env, "in", false));
    weir_sink_files(weir_async(in, "ask", &pair_type, &questions, NULL), "lines", write_pair, NULL);
}

static void all_lines(line_taker *line, void *to)
{
    for (uint64_t i = 0; i < RECORDS; i++)
        tell_pair(line, to, i * 5 % KEYS, i);
}

ACTS({ "late", late, all_lines }, { "chained", chained, all_lines }, { "apart", apart, all_lines })
