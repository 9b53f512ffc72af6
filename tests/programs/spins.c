/* SPDX-License-Identifier: Apache-2.0
 *
 * Loops that never call weir.h; where, says the first argument. Some records before that come out.
 */
#include "tests/programs/acts.h"

enum { GOOD_RECORDS = 300, MANY_RECORDS = 5000 };

static const char *place;

static bool is_here(const char *name)
{
    return strcmp(place, name) == 0;
}

static void spin_at(const char *name)
{
    static volatile uint64_t turns;
    while (is_here(name))
        turns++;
}

static void on_record(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    const struct pair *pair = record->value;
    (void)user;
    if (pair->value > GOOD_RECORDS)
        spin_at("on_record");
    weir_event_timer(ctx, record->timestamp);
    weir_emit(ctx, pair);
}

static void on_time(struct weir_context *ctx, int64_t ms, void *user)
{
    (void)ctx, (void)ms, (void)user;
    spin_at("on_event_time");
}

/* So many that some have gone through the functions behind this one by then. */
static void flatten(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    (void)user;
    for (int i = 0; i < (is_here("flat") ? MANY_RECORDS : 1); i++)
        weir_emit(ctx, record->value);
    spin_at("flat");
}

static void map(struct weir_context *ctx, const struct weir_record *record, void *out, void *user)
{
    (void)ctx, (void)user;
    spin_at("map");
    *(struct pair *)out = *(const struct pair *)record->value;
}

static int32_t choose(const struct weir_record *record, int32_t channels, void *user)
{
    (void)record, (void)channels, (void)user;
    spin_at("partitioner");
    return 0;
}

static size_t format(const void *value, uint32_t size, char *line, size_t room, void *user)
{
    spin_at("format");
    return write_pair(value, size, line, room, user);
}

static void make(uint64_t index, void *value, void *user)
{
    spin_at("make, timestamp");
    make_pair(index, value, user);
}

int weir_main(struct weir_env *env, int argc, char **argv)
{
    const struct weir_process process = { .on_record = on_record, .on_event_time = on_time };
    const struct weir_generator spec = { .type = &pair_type,
                                         .count = RECORDS,
                                         .rate = 20,
                                         .splits = 4,
                                         .make = make,
                                         .timestamp = time_of_pair };
    place = argc > 1 ? argv[1] : "";
    struct weir_stream *in = weir_from_generator(env, "in", &spec, NULL);
    struct weir_stream *out = weir_process(keyed(in), "process", &pair_type, &process, NULL);
    /* in the task of `process` */
    out = weir_flat_map(out, "flat", &pair_type, flatten, NULL);
    out = weir_map(out, "map", &pair_type, map, NULL);
    weir_sink_files(weir_partition_custom(out, choose, NULL), "lines", format, NULL);
    if (weir_is_planning(env))
        spin_at("plan");
    struct weir_job *job = weir_execute_async(env, "spins");
    if (!weir_is_planning(env))
        spin_at("main");
    while (weir_job_status(job) != WEIR_JOB_FINISHED) /* a client that asks and asks */
        ;
    if (!weir_is_planning(env)) {
        weir_sleep(env, 3600000);
        spin_at("end");
    }
    return 0;
}

void weir_expected(const char *sink, int argc, char **argv, line_taker *line, void *to)
{
    (void)sink, (void)argc, (void)argv;
    spin_at("weir_expected");
    for (uint64_t i = 0; i < RECORDS; i++)
        tell_pair(line, to, i * 5 % KEYS, i);
}
