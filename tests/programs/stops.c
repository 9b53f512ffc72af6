/* SPDX-License-Identifier: Apache-2.0
 *
 * Acts to be stopped with a savepoint: their sources have no end, and all that they read is in the
 * sink `read` too.
 */
#include "tests/programs/acts.h"

static struct weir_stream *live(struct weir_env *env, bool timestamps)
{
    const struct weir_generator spec = { .type = &pair_type,
                                         .rate = 200,
                                         .splits = 4,
                                         .make = make_pair,
                                         .timestamp = timestamps ? time_of_pair : NULL };
    struct weir_stream *in = weir_from_generator(env, "live", &spec, NULL);
    weir_sink_files(in, "read", write_pair, NULL);
    return in;
}

/* ---- lists: what is kept is given out in portions, the last of them when the input ends -------
 */

static const struct weir_list kept[] = { { "kept", &pair_type } };

static void give_kept(struct weir_context *ctx, void *user)
{
    struct weir_walk walk = { { 0 } };
    const void *value;
    (void)user;
    while (weir_next(ctx, "kept", &walk, NULL, &value, NULL))
        weir_emit(ctx, value);
    weir_clear(ctx, "kept");
}

static void keep(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    weir_add(ctx, "kept", record->value);
    if (((const struct pair *)record->value)->value % 97 == 0)
        give_kept(ctx, user);
}

static void lists(struct weir_env *env)
{
    const struct weir_list_process process = {
        .lists = kept, .list_count = 1, .on_record = keep, .on_end = give_kept
    };
    struct weir_stream *in = weir_rebalance(live(env, false));
    weir_sink_files(weir_process_lists(in, "keep", &pair_type, &process, NULL), "lines", write_pair,
                    NULL);
}

/* ---- questions: the last ones are open when the input ends ------------------------------------
 */

static int64_t ask(const struct weir_record *record, void *user)
{
    (void)user;
    return (int64_t)(((const struct pair *)record->value)->value % 60) * 1000000;
}

static void questions(struct weir_env *env)
{
    const struct weir_async async = { .capacity = 20, .ask = ask, .on_answer = same };
    struct weir_stream *in = weir_rebalance(live(env, false));
    weir_sink_files(weir_async(in, "ask", &pair_type, &async, NULL), "lines", write_pair, NULL);
}

/* ---- history: records that are all there, then those that come; one window holds them all -----
 */

static void add(struct weir_context *ctx, const struct weir_record *record, void *value, void *user)
{
    const struct pair *pair = record->value;
    (void)ctx, (void)user;
    memcpy(value, pair, sizeof *pair);
}

static void give(struct weir_context *ctx, const struct weir_pane *pane, const void *value,
                 void *user)
{
    (void)pane, (void)user;
    weir_emit(ctx, value);
}

static void history(struct weir_env *env)
{
    const struct weir_window window = { .size_ms = 1000000000 };
    const struct weir_aggregate last = { &pair_type, add, NULL, give };
    const struct weir_async async = { .capacity = 20, .ask = ask, .on_answer = same };
    struct weir_stream *both[] = { pairs(env, "old", true), live(env, true) };
    struct weir_stream *in = weir_async(weir_union(both, 2), "ask", &pair_type, &async, NULL);
    weir_sink_table(weir_key_by(weir_aggregate(keyed(in), "last", &pair_type, &window, &last, NULL),
                                WEIR_FIELD_LONG(struct pair, key)),
                    "lines", write_pair, NULL);
}

/* Where a stop falls nobody knows: the test compares the sinks. */
static void no_lines(line_taker *line, void *to)
{
    (void)line, (void)to;
}

ACTS({ "lists", lists, no_lines }, { "questions", questions, no_lines },
     { "history", history, no_lines })
