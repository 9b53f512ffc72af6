/* SPDX-License-Identifier: Apache-2.0
 *
 * Acts on sources that fall quiet.
 */
#include "tests/programs/acts.h"

/* ---- join: its left input lags behind and is silent for a while, longer than it takes to be idle.
 * When it comes back its records are late until it is where the join has gone on to without it;
 * from then on they meet all that they are to meet. ------------------------------------------- */

enum {
    JOIN_RECORDS = 1200,
    LAG_MS = 2000,
    SILENT_MS = 4000,
    LOUD_MS = 7000, /* also how far the right input, and so the join, has come by then */
    IDLE_MS = 300,
    MARGIN_MS = 1000
};

static bool speaks(const struct weir_record *record, void *user)
{
    int64_t ms = (int64_t)((const struct pair *)record->value)->value * STEP_MS;
    (void)user;
    return ms < SILENT_MS || ms >= LOUD_MS;
}

static int64_t right_time(const struct weir_record *record, void *user)
{
    (void)user;
    return (int64_t)((const struct pair *)record->value)->value * STEP_MS;
}

static int64_t left_time(const struct weir_record *record, void *user)
{
    return right_time(record, user) - LAG_MS;
}

/* Times that are certain: of those between it depends on the interval of watermarks. */
static bool is_told(int64_t ms)
{
    return ms < SILENT_MS - LAG_MS - MARGIN_MS || ms >= LOUD_MS + MARGIN_MS;
}

static void give_time(struct weir_context *ctx, const struct weir_record *left,
                      const struct weir_record *right, void *user)
{
    (void)right, (void)user;
    if (is_told(left->timestamp))
        weir_emit(ctx, &(struct pair){ 0, (uint64_t)left->timestamp });
}

static void join(struct weir_env *env)
{
    const struct weir_generator numbers = {
        .type = &pair_type, .count = JOIN_RECORDS, .rate = 100, .splits = 1, .make = make_pair
    };
    const struct weir_watermarks watermarks = { .idle_ms = IDLE_MS };
    const struct weir_interval same_time = { .lower_ms = 0 };
    struct weir_stream *left = weir_from_generator(env, "left", &numbers, NULL);
    struct weir_stream *right = weir_from_generator(env, "right", &numbers, NULL);
    left = weir_filter(left, "speaks", speaks, NULL);
    left = weir_assign_watermarks(left, "left times", &watermarks, left_time, NULL);
    right = weir_assign_watermarks(right, "right times", &watermarks, right_time, NULL);
    weir_sink_files(weir_interval_join(weir_key_by(left, WEIR_FIELD_LONG(struct pair, key)),
                                       weir_key_by(right, WEIR_FIELD_LONG(struct pair, key)),
                                       "join", &pair_type, &same_time, give_time, NULL),
                    "lines", write_pair, NULL);
}

/* The lag is 200 records, a multiple of KEYS: those of one time have the same key. */
static void join_lines(line_taker *line, void *to)
{
    for (int64_t i = 0; i < JOIN_RECORDS; i++) {
        int64_t ms = i * STEP_MS - LAG_MS;
        bool is_said = i * STEP_MS < SILENT_MS || i * STEP_MS >= LOUD_MS;
        if (ms >= 0 && is_said && is_told(ms))
            tell_pair(line, to, 0, (uint64_t)ms);
    }
}

ACTS({ "join", join, join_lines })
