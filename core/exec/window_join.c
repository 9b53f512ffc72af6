/* SPDX-License-Identifier: Apache-2.0
 *
 * Records are kept by (window end, key), each side for itself; timers as in window.c.
 */
#include "core/exec/window_join.h"

enum { TIMER_GIVE, TIMER_FORGET };

struct window_join {
    struct operator op;
    struct record_buffer buffers[JOIN_SIDES];
    struct timer_service timers;
    int64_t watermark;
    uint8_t *scratch; /* a key of a buffer: end, key */
};

static const struct window_join_params *params_of(const struct operator* op)
{
    return op->spec->params;
}

static void open(struct operator* op)
{
    static const char *const names[] = { "left-window", "right-window" };
    struct window_join *join = (struct window_join *)op;
    const struct window_join_params *params = params_of(op);
    uint32_t key_size = params->keys[JOIN_LEFT].size;
    CHECK(params->slide > 0);
    CHECK(params->size > 0);
    CHECK(params->size / params->slide <= WINDOWS_OF_RECORD_MAX);
    CHECK(params->join || params->co_group);
    join->watermark = WATERMARK_NONE;
    join->scratch = mem_create(8 + key_size);
    for (int side = JOIN_LEFT; side < JOIN_SIDES; side++)
        if (!record_buffer_open(&join->buffers[side], op, names[side], 8 + key_size,
                                params->payload_sizes[side], params->payloads[side]))
            return;
    timer_service_open(&join->timers, op, "window-timers", key_size);
}

static void close(struct operator* op)
{
    struct window_join *join = (struct window_join *)op;
    timer_service_close(&join->timers);
    mem_destroy(join->scratch);
}

static struct state_key key_of(struct window_join *join, const uint8_t *key, int32_t group,
                               int64_t end)
{
    uint32_t size = params_of(&join->op)->keys[JOIN_LEFT].size;
    memcpy(join->scratch, &end, sizeof end);
    memcpy(join->scratch + 8, key, size);
    return (struct state_key){ .bytes = join->scratch, .size = 8 + size, .group = group };
}

static void set_timer(struct window_join *join, const uint8_t *key, int32_t group, int64_t end,
                      uint64_t namespace)
{
    const struct window_join_params *params = params_of(&join->op);
    struct timer timer = { end - 1, namespace, group, key };
    if (namespace == TIMER_FORGET)
        timer.time += params->lateness;
    timer_service_set(&join->timers, &timer);
}

static void give_pairs(struct window_join *join, struct record_slots left,
                       struct record_slots right, int64_t timestamp)
{
    const struct window_join_params *params = params_of(&join->op);
    struct join_record a, b;
    while (record_slots_next(&left, &a.timestamp, &a.payload, &a.size))
        for (struct record_slots from = right;
             record_slots_next(&from, &b.timestamp, &b.payload, &b.size);)
            params->join(params->context, &join->op, &a, &b, timestamp);
}

static void give(struct window_join *join, const uint8_t *key, int32_t group, int64_t end)
{
    const struct window_join_params *params = params_of(&join->op);
    struct state_key at = key_of(join, key, group, end);
    struct record_slots left = record_buffer_get(&join->buffers[JOIN_LEFT], at);
    struct record_slots right = record_buffer_get(&join->buffers[JOIN_RIGHT], at);
    if (!params->co_group)
        give_pairs(join, left, right, end - 1);
    else if (left.size > 0 || right.size > 0)
        params->co_group(params->context, &join->op, key, end - params->size, end, left, right);
}

static void take(struct window_join *join, uint32_t side, const struct batch *batch, uint32_t i,
                 const uint8_t *key, int32_t group)
{
    const struct window_join_params *params = params_of(&join->op);
    int64_t timestamp = batch_timestamp(batch, i);
    bool taken = false;
    for (int64_t start = window_last_start(timestamp, params->offset, params->slide);
         start > timestamp - params->size; start -= params->slide) {
        int64_t end = start + params->size;
        if (end - 1 + params->lateness <= join->watermark)
            continue; /* WindowOperator.isWindowLate */
        if (!record_buffer_add(&join->buffers[side], key_of(join, key, group, end), batch, i,
                               RECORDS_AS_THEY_COME, NULL))
            return;
        if (end - 1 <= join->watermark)
            give(join, key, group, end); /* late, but not too late: given out again */
        else
            set_timer(join, key, group, end, TIMER_GIVE);
        set_timer(join, key, group, end, TIMER_FORGET);
        taken = true;
    }
    if (!taken && window_is_late(timestamp, params->lateness, join->watermark))
        operator_put_aside(&join->op,
                           side == JOIN_LEFT ? JOIN_LATE_LEFT_OUTPUT : JOIN_LATE_RIGHT_OUTPUT,
                           batch, i);
}

static void process(struct operator* op, uint32_t input, const struct batch *batch)
{
    struct window_join *join = (struct window_join *)op;
    const struct window_join_params *params = params_of(op);
    CHECK(input < JOIN_SIDES);
    const struct key_spec *spec = &params->keys[input];
    struct key_run keys = key_run_of(spec, batch);
    if (batch->layout.size != params->payload_sizes[input]) {
        operator_fail(op, CAUSE_USER_CODE, "input %u has payloads of %u bytes, not %u", input,
                      batch->layout.size, params->payload_sizes[input]);
        return;
    }
    for (uint32_t i = 0; i < batch->count && !op->task->failed; i++) {
        const uint8_t *key = key_run_at(&keys, i);
        int32_t group =
            key_group_of_hash(key_hash_of(spec->hash, key, spec->size), op->task->max_parallelism);
        if (operator_has_time(op, batch_timestamp(batch, i), "join"))
            take(join, input, batch, i, key, group);
    }
}

static void on_watermark(struct operator* op, int64_t watermark)
{
    struct window_join *join = (struct window_join *)op;
    struct timer timer;
    join->watermark = watermark;
    while (!op->task->failed && timer_service_take(&join->timers, watermark, &timer)) {
        int64_t end = timer.time + 1;
        if (timer.namespace == TIMER_GIVE) {
            give(join, timer.key, timer.group, end);
            continue;
        }
        end -= params_of(op)->lateness;
        for (int side = JOIN_LEFT; side < JOIN_SIDES; side++)
            record_buffer_remove(&join->buffers[side], key_of(join, timer.key, timer.group, end));
    }
}

const struct operator_class window_join_class = { .name = "window join",
                                                  .size = sizeof(struct window_join),
                                                  .open = open,
                                                  .close = close,
                                                  .process = process,
                                                  .watermark = on_watermark };
