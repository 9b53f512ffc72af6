/* SPDX-License-Identifier: Apache-2.0
 *
 * Growing state: messages of devices, some of which are sent twice. A map remembers which numbers
 * of a device have come, each for half a minute, so the state grows so long and then no more. What
 * is new waits in a list, until a timer of processing time sends it on; the end of the input, which
 * is a watermark at the end of time, sends what is left. What goes out when depends on the clock,
 * what goes out does not.
 */
#include <stdio.h>
#include <stdlib.h>

#include <weir.h>

enum {
    DEVICES = 50,
    MESSAGES_DEFAULT = 150000,
    TWICE_EACH = 5,    /* of which one is an old message, once more */
    TWICE_BEHIND = 50, /* so many times five ago, at most */
    LIFE_DEFAULT_MS = 30 * 1000,
    FLUSH_MS = 500,
    RATE = 1000,
    ENTRY_BYTES = 72, /* of a number in a file: key, number, time, place among the others, value */
};

struct message {
    uint64_t device, number;
};
static const struct weir_type message_type = WEIR_STRUCT(struct message, 1);

static uint64_t message_count(int argc, char **argv)
{
    return argc > 1 ? strtoull(argv[1], NULL, 10) : MESSAGES_DEFAULT;
}

static struct message message_of(uint64_t index)
{
    bool is_old = index % TWICE_EACH == TWICE_EACH - 1;
    uint64_t behind = TWICE_EACH * TWICE_BEHIND;
    uint64_t number = is_old ? index - 1 - (index > behind ? behind : 0) : index;
    return (struct message){ .device = number / TWICE_EACH % DEVICES, .number = number };
}

static void make_message(uint64_t index, void *value, void *user)
{
    *(struct message *)value = message_of(index);
    (void)user;
}

static void on_message(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    const struct message *message = record->value;
    const int32_t yes = 1;
    (void)user;
    if (weir_map_get(ctx, "seen", &message->number))
        return;
    weir_map_set(ctx, "seen", &message->number, &yes);
    weir_add(ctx, "new", message);
    weir_processing_timer(ctx, (weir_now(ctx) / FLUSH_MS + 1) * FLUSH_MS);
    weir_event_timer(ctx, INT64_MAX);
}

static void flush(struct weir_context *ctx, int64_t ms, void *user)
{
    struct weir_walk walk = { { 0 } };
    const void *message;
    (void)ms, (void)user;
    while (weir_next(ctx, "new", &walk, NULL, &message, NULL))
        weir_emit(ctx, message);
    weir_clear(ctx, "new");
}

static size_t format(const void *value, uint32_t size, char *line, size_t room, void *user)
{
    const struct message *message = value;
    (void)size, (void)user;
    return (size_t)snprintf(line, room, "%llu %llu", (unsigned long long)message->device,
                            (unsigned long long)message->number);
}

/* What a device has in its map when the first numbers go, or the input ends. */
static double bytes_of_device(uint64_t messages, int64_t life_ms)
{
    double at_most = life_ms > 0 ? (double)life_ms / 1000 * RATE : (double)messages;
    double kept = at_most < (double)messages ? at_most : (double)messages;
    return kept * (TWICE_EACH - 1) / TWICE_EACH / DEVICES * ENTRY_BYTES;
}

int weir_main(struct weir_env *env, int argc, char **argv)
{
    const int64_t life_ms = argc > 2 ? strtoll(argv[2], NULL, 10) : LIFE_DEFAULT_MS;
    const struct weir_state states[] = {
        { .name = "seen",
          .kind = WEIR_MAP,
          .type = &weir_int,
          .map_key = &weir_long,
          .ttl_ms = life_ms },
        { .name = "new", .kind = WEIR_LIST, .type = &message_type },
    };
    struct weir_generator messages = { .type = &message_type,
                                       .count = message_count(argc, argv),
                                       .rate = RATE,
                                       .splits = 8,
                                       .make = make_message };
    const struct weir_process process = { .states = states,
                                          .state_count = 2,
                                          .on_record = on_message,
                                          .on_event_time = flush,
                                          .on_processing_time = flush };
    struct weir_stream *in = weir_from_generator(env, "messages", &messages, NULL);
    struct weir_stream *keyed = weir_key_by(in, WEIR_FIELD_LONG(struct message, device));
    struct weir_stream *once = weir_process(keyed, "once", &message_type, &process, NULL);
    weir_cost(once, &(struct weir_cost){ .cpu_ns = 20000,
                                         .selectivity = 0.8,
                                         .keys = DEVICES,
                                         .state_per_key =
                                             bytes_of_device(message_count(argc, argv), life_ms) });
    weir_sink_files(once, "messages-once", format, NULL);
    return weir_execute(env, "growing-state") ? 0 : 1;
}

void weir_expected(const char *sink, int argc, char **argv,
                   void (*line)(void *to, const char *text), void *to)
{
    (void)sink;
    for (uint64_t i = 0; i < message_count(argc, argv); i++) {
        struct message message = message_of(i);
        char text[64];
        format(&message, sizeof message, text, sizeof text, NULL);
        if (i % TWICE_EACH != TWICE_EACH - 1)
            line(to, text);
    }
}
