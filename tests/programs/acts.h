/* SPDX-License-Identifier: Apache-2.0
 *
 * What programs share that are one for each act: their records, and the main that looks the act up.
 * All write the sink `lines`, and weir_expected says in plain loops what must be in it. The pairs
 * of a key lie in one split, so that they come in order.
 */
#ifndef WEIR_TESTS_PROGRAMS_ACTS_H
#define WEIR_TESTS_PROGRAMS_ACTS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir.h>

enum { RECORDS = 400, KEYS = 8, STEP_MS = 10, END_MS = RECORDS * STEP_MS + 1000 };

typedef void line_taker(void *to, const char *text);

struct pair {
    uint64_t key, value;
};
static const struct weir_type pair_type = WEIR_STRUCT(struct pair, 1);

static inline void make_pair(uint64_t index, void *value, void *user)
{
    *(struct pair *)value = (struct pair){ index * 5 % KEYS, index };
    (void)user;
}

static inline int64_t time_of_pair(uint64_t index, const void *value, void *user)
{
    (void)value, (void)user;
    return (int64_t)index * STEP_MS;
}

static inline struct weir_stream *pairs_at(struct weir_env *env, const char *name, bool timestamps,
                                           double rate)
{
    struct weir_generator spec = { .type = &pair_type,
                                   .count = RECORDS,
                                   .rate = rate,
                                   .splits = 4,
                                   .make = make_pair,
                                   .timestamp = timestamps ? time_of_pair : NULL };
    return weir_from_generator(env, name, &spec, NULL);
}

/* All are there when the job begins to read. */
static inline struct weir_stream *pairs(struct weir_env *env, const char *name, bool timestamps)
{
    return pairs_at(env, name, timestamps, 100);
}

static inline struct weir_stream *keyed(struct weir_stream *stream)
{
    return weir_key_by(stream, WEIR_FIELD_LONG(struct pair, key));
}

static inline size_t write_pair(const void *value, uint32_t size, char *line, size_t room,
                                void *user)
{
    const struct pair *pair = value;
    (void)size, (void)user;
    return (size_t)snprintf(line, room, "%llu %llu", (unsigned long long)pair->key,
                            (unsigned long long)pair->value);
}

static inline void tell_pair(line_taker *line, void *to, uint64_t key, uint64_t value)
{
    char text[64];
    write_pair(&(struct pair){ key, value }, 0, text, sizeof text, NULL);
    line(to, text);
}

static inline void same(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    (void)user;
    weir_emit(ctx, record->value);
}

static inline void add_thousand(struct weir_context *ctx, const struct weir_record *record,
                                void *user)
{
    struct pair pair = *(const struct pair *)record->value;
    (void)user;
    pair.value += 1000;
    weir_emit(ctx, &pair);
}

struct act {
    const char *name; /* the program's first argument */
    void (*build)(struct weir_env *env);
    void (*expected)(line_taker *line, void *to);
};

static inline const struct act *act_of(const struct act *acts, int argc, char **argv)
{
    const struct act *act = acts;
    while (act->name && (argc < 2 || strcmp(act->name, argv[1]) != 0))
        act++;
    return act->name ? act : NULL;
}

static inline int act_run(const struct act *act, struct weir_env *env)
{
    if (!act || weir_abi() != WEIR_ABI)
        return 2;
    act->build(env);
    return weir_execute(env, act->name) ? 0 : 1;
}

/* The program of these acts. */
#define ACTS(...)                                                                                  \
    static const struct act acts[] = { __VA_ARGS__, { 0 } };                                       \
    int weir_main(struct weir_env *env, int argc, char **argv)                                     \
    {                                                                                              \
        return act_run(act_of(acts, argc, argv), env);                                             \
    }                                                                                              \
    void weir_expected(const char *sink, int argc, char **argv, line_taker *line, void *to)        \
    {                                                                                              \
        (void)sink;                                                                                \
        act_of(acts, argc, argv)->expected(line, to);                                              \
    }

#endif
