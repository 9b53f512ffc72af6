/* SPDX-License-Identifier: Apache-2.0
 *
 * A buffer by time for each side. A timer stands at the end of the life of each key's first record;
 * it takes all that are over and sets the next.
 */
#include "core/exec/interval_join.h"

#define BOUND_MAX (INT64_MAX / 2)

struct interval_join {
    struct operator op;
    struct record_buffer buffers[JOIN_SIDES];
    struct timer_service timers; /* namespace: the side */
    int64_t lower, upper;        /* both inclusive */
    int64_t watermark;
};

static const struct interval_join_params *params_of(const struct operator* op)
{
    return op->spec->params;
}

static void open(struct operator* op)
{
    static const char *const names[] = { "left-buffer", "right-buffer" };
    struct interval_join *join = (struct interval_join *)op;
    const struct interval_join_params *params = params_of(op);
    join->lower = params->lower + (params->lower_exclusive ? 1 : 0);
    join->upper = params->upper - (params->upper_exclusive ? 1 : 0);
    join->watermark = WATERMARK_NONE;
    if (join->lower > join->upper || join->lower < -BOUND_MAX || join->upper > BOUND_MAX) {
        operator_fail(op, CAUSE_USER_CODE, "the lower bound is above the upper one, or too far");
        return;
    }
    for (int side = JOIN_LEFT; side < JOIN_SIDES; side++)
        if (!record_buffer_open(&join->buffers[side], op, names[side], params->keys[side].size,
                                params->payload_sizes[side], params->payloads[side]))
            return;
    timer_service_open(&join->timers, op, "join-timers", params->keys[JOIN_LEFT].size);
}

static void close(struct operator* op)
{
    timer_service_close(&((struct interval_join *)op)->timers);
}

/* Far ends of time stay there. */
static int64_t shifted(int64_t time, int64_t by)
{
    int64_t sum;
    if (!__builtin_add_overflow(time, by, &sum))
        return sum;
    return by < 0 ? INT64_MIN : INT64_MAX;
}

/* How much later than itself a record's last partner may be (relativeUpperBound), but not less
 * than nothing. */
static int64_t life_of(const struct interval_join *join, uint32_t side)
{
    int64_t life = side == JOIN_LEFT ? join->upper : -join->lower;
    return life > 0 ? life : 0;
}

static void set_timer(struct interval_join *join, struct state_key key, uint32_t side,
                      int64_t timestamp)
{
    struct timer timer = { .time = shifted(timestamp, life_of(join, side)),
                           .namespace = side,
                           .group = key.group,
                           .key = key.bytes };
    timer_service_set(&join->timers, &timer);
}

static void give_pairs(struct interval_join *join, struct state_key key, uint32_t side,
                       const struct join_record *record)
{
    const struct interval_join_params *params = params_of(&join->op);
    int64_t least = side == JOIN_LEFT ? join->lower : -join->upper;
    int64_t most = side == JOIN_LEFT ? join->upper : -join->lower;
    struct record_slots slots = record_buffer_get(&join->buffers[!side], key);
    struct join_record other;
    record_slots_seek(&slots, shifted(record->timestamp, least));
    while (record_slots_next(&slots, &other.timestamp, &other.payload, &other.size)) {
        if (other.timestamp > shifted(record->timestamp, most))
            return;
        int64_t later = other.timestamp > record->timestamp ? other.timestamp : record->timestamp;
        params->join(params->context, &join->op, side == JOIN_LEFT ? record : &other,
                     side == JOIN_LEFT ? &other : record, later);
    }
}

static void take(struct interval_join *join, uint32_t side, const struct batch *batch, uint32_t i,
                 struct state_key key)
{
    struct join_record record = { batch_payload(batch, i), batch_size(batch, i),
                                  batch_timestamp(batch, i) };
    bool is_first;
    if (record.timestamp < join->watermark) { /* isLate */
        operator_put_aside(&join->op,
                           side == JOIN_LEFT ? JOIN_LATE_LEFT_OUTPUT : JOIN_LATE_RIGHT_OUTPUT,
                           batch, i);
        return;
    }
    if (!record_buffer_add(&join->buffers[side], key, batch, i, RECORDS_BY_TIME, &is_first))
        return;
    if (is_first)
        set_timer(join, key, side, record.timestamp);
    give_pairs(join, key, side, &record);
}

static void process(struct operator* op, uint32_t input, const struct batch *batch)
{
    struct interval_join *join = (struct interval_join *)op;
    const struct interval_join_params *params = params_of(op);
    CHECK(input < JOIN_SIDES);
    const struct key_spec *spec = &params->keys[input];
    struct key_run keys = key_run_of(spec, batch);
    if (batch->layout.size != params->payload_sizes[input]) {
        operator_fail(op, CAUSE_USER_CODE, "input %u has payloads of %u bytes, not %u", input,
                      batch->layout.size, params->payload_sizes[input]);
        return;
    }
    for (uint32_t i = 0; i < batch->count && !op->task->failed; i++) {
        struct state_key key = { .bytes = key_run_at(&keys, i), .size = spec->size };
        key.group = key_group_of_hash(key_hash_of(spec->hash, key.bytes, spec->size),
                                      op->task->max_parallelism);
        if (operator_has_time(op, batch_timestamp(batch, i), "join"))
            take(join, input, batch, i, key);
    }
}

/* All that is over at the watermark goes at once. */
static void clean(struct interval_join *join, struct state_key key, uint32_t side)
{
    struct record_buffer *buffer = &join->buffers[side];
    const void *payload;
    uint32_t size;
    int64_t first;
    record_buffer_remove_until(buffer, key, shifted(join->watermark, -life_of(join, side)));
    struct record_slots left = record_buffer_get(buffer, key);
    if (record_slots_next(&left, &first, &payload, &size))
        set_timer(join, key, side, first);
}

static void on_watermark(struct operator* op, int64_t watermark)
{
    struct interval_join *join = (struct interval_join *)op;
    struct timer timer;
    join->watermark = watermark;
    while (!op->task->failed && timer_service_take(&join->timers, watermark, &timer))
        clean(join,
              (struct state_key){ timer.key, params_of(op)->keys[JOIN_LEFT].size, timer.group },
              (uint32_t)timer.namespace);
}

const struct operator_class interval_join_class = { .name = "interval join",
                                                    .size = sizeof(struct interval_join),
                                                    .open = open,
                                                    .close = close,
                                                    .process = process,
                                                    .watermark = on_watermark };
