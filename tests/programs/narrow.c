/* SPDX-License-Identifier: Apache-2.0
 *
 * State by keys of four bytes that comes and goes.
 */
#include "tests/programs/acts.h"

struct narrow {
    int32_t key, value;
};
static const struct weir_type narrow_type = WEIR_STRUCT(struct narrow, 1);
static const struct weir_state states[] = {
    { .name = "last", .kind = WEIR_VALUE, .type = &weir_long }
};

static void make(uint64_t index, void *value, void *user)
{
    *(struct narrow *)value = (struct narrow){ (int32_t)(index * 5 % KEYS), (int32_t)index };
    (void)user;
}

/* Two are there, the third takes them away. */
static void keep_two(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    const struct narrow *it = record->value;
    const int64_t *kept = weir_get(ctx, "last", NULL);
    int64_t before = kept ? *kept : 0, count = before % 3 + 1;
    (void)user;
    if (count == 3)
        weir_clear(ctx, "last");
    else
        weir_set(ctx, "last", &count);
    weir_emit(ctx, &(struct pair){ (uint64_t)before, (uint64_t)it->value });
}

static void counts(struct weir_env *env)
{
    const struct weir_generator numbers = {
        .type = &narrow_type, .count = RECORDS, .rate = 50, .splits = 4, .make = make
    };
    const struct weir_process process = { .states = states,
                                          .state_count = 1,
                                          .on_record = keep_two };
    struct weir_stream *in = weir_from_generator(env, "in", &numbers, NULL);
    weir_sink_files(weir_process(weir_key_by(in, WEIR_FIELD_INT(struct narrow, key)), "count",
                                 &pair_type, &process, NULL),
                    "lines", write_pair, NULL);
}

static void count_lines(line_taker *line, void *to)
{
    for (uint64_t i = 0; i < RECORDS; i++)
        tell_pair(line, to, i / KEYS % 3, i);
}

ACTS({ "counts", counts, count_lines })
