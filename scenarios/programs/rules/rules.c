/* SPDX-License-Identifier: Apache-2.0
 *
 * Rules: transfers are held against limits that change while the job runs. Rules go to all
 * subtasks, and say from when on they hold; a transfer waits in state until the watermark has
 * passed its time, for then all rules up to there have come. So which rule it meets depends on the
 * times in both streams, not on which of them was faster.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir.h>

enum {
    TRANSFERS_DEFAULT = 60000,
    ACCOUNTS = 200,
    STEP_MS = 10,
    DISORDER_MS = 500,
    TRANSFERS_OF_RULE = 100, /* so many come between two rules */
    KINDS = 3,
    LIMIT_FIRST = 500,
};

struct rule {
    int64_t from_ms;
    uint64_t kind, limit;
};
static const struct weir_type rule_type = WEIR_STRUCT(struct rule, 1);

struct transfer {
    uint64_t account, number;
    int64_t ms;
    uint64_t kind, amount;
};
static const struct weir_type transfer_type = WEIR_STRUCT(struct transfer, 1);

struct alarm {
    uint64_t account, number, amount, limit;
};
static const struct weir_type alarm_type = WEIR_STRUCT(struct alarm, 1);

static uint64_t transfer_count(int argc, char **argv)
{
    return argc > 1 ? strtoull(argv[1], NULL, 10) : TRANSFERS_DEFAULT;
}

static uint64_t mixed(uint64_t index)
{
    return (index + 1) * 0x9e3779b97f4a7c15u >> 33;
}

static struct transfer transfer_of(uint64_t index)
{
    return (struct transfer){ .account = mixed(index) % ACCOUNTS,
                              .number = index,
                              .ms = (int64_t)(index * STEP_MS + mixed(index + 7) % DISORDER_MS),
                              .kind = mixed(index) % KINDS,
                              .amount = mixed(index * 3) % 1000 };
}

static struct rule rule_of(uint64_t index)
{
    return (struct rule){ .from_ms = (int64_t)((index + 1) * TRANSFERS_OF_RULE * STEP_MS),
                          .kind = index % KINDS,
                          .limit = 300 + mixed(index) % 600 };
}

static void make_transfer(uint64_t index, void *value, void *user)
{
    *(struct transfer *)value = transfer_of(index);
    (void)user;
}

static void make_rule(uint64_t index, void *value, void *user)
{
    *(struct rule *)value = rule_of(index);
    (void)user;
}

static int64_t time_of_transfer(uint64_t index, const void *value, void *user)
{
    (void)index, (void)user;
    return ((const struct transfer *)value)->ms;
}

static int64_t time_of_rule(uint64_t index, const void *value, void *user)
{
    (void)index, (void)user;
    return ((const struct rule *)value)->from_ms;
}

static const char *const maps[] = { "rules" }; /* by when they hold from; none ever goes */
static const uint64_t bytes_of_rule = sizeof(int64_t) + sizeof(struct rule);
static const struct weir_state states[] = {
    { .name = "waiting", .kind = WEIR_MAP, .type = &transfer_type, .map_key = &weir_long },
};

/* In every subtask alike: it looks at nothing but the rule. */
static void on_rule(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    const struct rule *rule = record->value;
    weir_broadcast_set(ctx, "rules", &rule->from_ms, sizeof rule->from_ms, rule, sizeof *rule);
    (void)user;
}

static void on_transfer(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    const struct transfer *transfer = record->value;
    weir_map_set(ctx, "waiting", &transfer->number, transfer);
    weir_event_timer(ctx, transfer->ms);
    (void)user;
}

/* The limit of the newest rule of this kind that held then. */
static uint64_t limit_at(struct weir_context *ctx, uint64_t kind, int64_t ms)
{
    uint64_t limit = LIMIT_FIRST;
    int64_t newest = INT64_MIN;
    const void *key, *value;
    uint32_t key_size, size;
    for (size_t at = 0; weir_broadcast_next(ctx, "rules", &at, &key, &key_size, &value, &size);) {
        struct rule rule;
        memcpy(&rule, value, sizeof rule);
        if (rule.kind != kind || rule.from_ms > ms || rule.from_ms < newest)
            continue;
        newest = rule.from_ms;
        limit = rule.limit;
    }
    return limit;
}

static void judge(struct weir_context *ctx, int64_t ms, void *user)
{
    struct weir_walk walk = { { 0 } };
    const void *key, *value;
    (void)user;
    while (weir_next(ctx, "waiting", &walk, &key, &value, NULL)) {
        struct transfer transfer;
        memcpy(&transfer, value, sizeof transfer);
        if (transfer.ms > ms)
            continue;
        uint64_t limit = limit_at(ctx, transfer.kind, transfer.ms);
        if (transfer.amount > limit)
            weir_emit(ctx,
                      &(struct alarm){ transfer.account, transfer.number, transfer.amount, limit });
        weir_map_remove(ctx, "waiting", &transfer.number);
    }
}

static size_t format(const void *value, uint32_t size, char *line, size_t room, void *user)
{
    const struct alarm *alarm = value;
    (void)size, (void)user;
    return (size_t)snprintf(line, room, "account %llu transfer %llu: %llu above %llu",
                            (unsigned long long)alarm->account, (unsigned long long)alarm->number,
                            (unsigned long long)alarm->amount, (unsigned long long)alarm->limit);
}

int weir_main(struct weir_env *env, int argc, char **argv)
{
    uint64_t count = transfer_count(argc, argv);
    struct weir_generator transfers = { .type = &transfer_type,
                                        .count = count,
                                        .rate = 1000,
                                        .splits = 8,
                                        .make = make_transfer,
                                        .timestamp = time_of_transfer,
                                        .watermarks = { .late_ms = DISORDER_MS } };
    struct weir_generator rules = { .type = &rule_type,
                                    .count = count / TRANSFERS_OF_RULE + 1,
                                    .rate = 1000.0 / TRANSFERS_OF_RULE,
                                    .splits = 1,
                                    .make = make_rule,
                                    .timestamp = time_of_rule };
    const struct weir_broadcast_process process = { .process = { .states = states,
                                                                 .state_count = 1,
                                                                 .on_record = on_transfer,
                                                                 .on_event_time = judge },
                                                    .maps = maps,
                                                    .map_count = 1,
                                                    .on_rule = on_rule };
    struct weir_stream *in = weir_from_generator(env, "transfers", &transfers, NULL);
    struct weir_stream *limits = weir_from_generator(env, "rules", &rules, NULL);
    weir_parallelism(limits, 1);
    struct weir_stream *keyed = weir_key_by(in, WEIR_FIELD_LONG(struct transfer, account));
    struct weir_stream *alarms =
        weir_process_broadcast(keyed, limits, "judge", &alarm_type, &process, NULL);
    weir_cost(alarms,
              &(struct weir_cost){ .cpu_ns = 20000,
                                   .selectivity = 0.4,
                                   .keys = ACCOUNTS,
                                   .state_per_subtask = (double)(rules.count * bytes_of_rule) });
    weir_sink_files(alarms, "alarms", format, NULL);
    return weir_execute(env, "rules") ? 0 : 1;
}

void weir_expected(const char *sink, int argc, char **argv,
                   void (*line)(void *to, const char *text), void *to)
{
    uint64_t count = transfer_count(argc, argv);
    (void)sink;
    for (uint64_t i = 0; i < count; i++) {
        struct transfer transfer = transfer_of(i);
        uint64_t limit = LIMIT_FIRST;
        for (uint64_t r = 0; r <= count / TRANSFERS_OF_RULE; r++)
            if (rule_of(r).from_ms <= transfer.ms && rule_of(r).kind == transfer.kind)
                limit = rule_of(r).limit;
        struct alarm alarm = { transfer.account, transfer.number, transfer.amount, limit };
        char text[120];
        format(&alarm, sizeof alarm, text, sizeof text, NULL);
        if (transfer.amount > limit)
            line(to, text);
    }
}
