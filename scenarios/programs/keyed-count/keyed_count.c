/* SPDX-License-Identifier: Apache-2.0
 *
 * Keyed count: each record says how often its key has come so far, in files that hold every count
 * once, whatever fails on the way. Few keys come often, many seldom.
 */
#include <stdio.h>
#include <stdlib.h>

#include <weir.h>

enum { KEYS = 500, RECORDS_DEFAULT = 60000 };

struct count {
    uint64_t key, count;
};
static const struct weir_type count_type = WEIR_STRUCT(struct count, 1);

/* The product of two numbers below 500 is small more often than large. */
static uint64_t key_of(uint64_t index)
{
    uint64_t mixed = (index + 1) * 0x9e3779b97f4a7c15u;
    return (mixed >> 32) % KEYS * ((mixed >> 16) % KEYS) / KEYS;
}

static void make_key(uint64_t index, void *value, void *user)
{
    *(uint64_t *)value = key_of(index);
    (void)user;
}

static void add(struct weir_context *ctx, const struct weir_record *record, bool is_new,
                void *value, void *user)
{
    struct count *count = value;
    count->key = *(const uint64_t *)record->value;
    count->count++;
    (void)ctx, (void)is_new, (void)user;
}

static size_t format(const void *value, uint32_t size, char *line, size_t room, void *user)
{
    const struct count *count = value;
    (void)size, (void)user;
    return (size_t)snprintf(line, room, "%llu %llu", (unsigned long long)count->key,
                            (unsigned long long)count->count);
}

static uint64_t record_count(int argc, char **argv)
{
    return argc > 1 ? strtoull(argv[1], NULL, 10) : RECORDS_DEFAULT;
}

int weir_main(struct weir_env *env, int argc, char **argv)
{
    struct weir_generator keys = { .type = &weir_long,
                                   .count = record_count(argc, argv),
                                   .rate = 1000,
                                   .splits = 8,
                                   .make = make_key };
    struct weir_stream *in = weir_from_generator(env, "keys", &keys, NULL);
    struct weir_stream *keyed = weir_key_by(in, WEIR_WHOLE_LONG);
    struct weir_stream *counts = weir_reduce(keyed, "count", &count_type, add, NULL);
    weir_cost(counts, &(struct weir_cost){ .cpu_ns = 20000, .keys = KEYS });
    weir_sink_files(counts, "counts", format, NULL);
    return weir_execute(env, "keyed-count") ? 0 : 1;
}

void weir_expected(const char *sink, int argc, char **argv,
                   void (*line)(void *to, const char *text), void *to)
{
    uint64_t counts[KEYS] = { 0 };
    (void)sink;
    for (uint64_t i = 0; i < record_count(argc, argv); i++) {
        char text[64];
        uint64_t key = key_of(i);
        snprintf(text, sizeof text, "%llu %llu", (unsigned long long)key,
                 (unsigned long long)++counts[key]);
        line(to, text);
    }
}
