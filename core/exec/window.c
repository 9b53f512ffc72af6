/* SPDX-License-Identifier: Apache-2.0
 *
 * State by (window end, key); a timer at the end of each window gives it out, one at the end of its
 * lateness forgets it. Namespaces tell the two apart.
 */
#include "core/exec/window.h"

enum { NAMESPACE_GIVE, NAMESPACE_FORGET };

struct window {
    struct operator op;
    struct state_table *table;
    struct timer_service timers;
    int64_t watermark;
    uint64_t late;
    uint8_t *scratch; /* a table key: end, key */
};

static const struct window_params *params_of(const struct operator* op)
{
    return op->spec->params;
}

static void open(struct operator* op)
{
    struct window *window = (struct window *)op;
    const struct window_params *params = params_of(op);
    struct keyed_state_spec spec = { .name = "window-contents",
                                     .key_size = 8 + params->key.size,
                                     .value_size = params->value_size,
                                     .key_hash = KEY_HASH_TEXT,
                                     .value = params->value };
    CHECK(params->slide > 0);
    CHECK(params->size > 0);
    CHECK(params->size / params->slide <= WINDOWS_OF_RECORD_MAX);
    window->watermark = WATERMARK_NONE;
    window->scratch = mem_create(8 + params->key.size);
    window->table = operator_keyed_state(op, &spec);
    if (window->table)
        timer_service_open(&window->timers, op, "window-timers", params->key.size);
}

static void close(struct operator* op)
{
    struct window *window = (struct window *)op;
    timer_service_close(&window->timers);
    mem_destroy(window->scratch);
}

static struct state_key key_of(struct window *window, const uint8_t *key, int32_t group,
                               int64_t end)
{
    uint32_t size = params_of(&window->op)->key.size;
    memcpy(window->scratch, &end, sizeof end);
    memcpy(window->scratch + 8, key, size);
    return (struct state_key){ .bytes = window->scratch, .size = 8 + size, .group = group };
}

static void set_timer(struct window *window, const uint8_t *key, int32_t group, int64_t end,
                      uint64_t namespace)
{
    const struct window_params *params = params_of(&window->op);
    struct timer timer = { end - 1, namespace, group, key };
    if (namespace == NAMESPACE_FORGET)
        timer.time += params->lateness;
    timer_service_set(&window->timers, &timer);
}

static void give(struct window *window, const uint8_t *key, int32_t group, int64_t end)
{
    const struct window_params *params = params_of(&window->op);
    const void *value = state_table_get(window->table, key_of(window, key, group, end), NULL);
    if (value)
        params->give(params->context, &window->op, key, end - params->size, end, value);
}

/* One record into one window that is still there. */
static void add(struct window *window, const struct batch *batch, uint32_t i, const uint8_t *key,
                int32_t group, int64_t end)
{
    const struct window_params *params = params_of(&window->op);
    struct note note = { { 0 } };
    struct state_key of = key_of(window, key, group, end);
    void *value;
    struct err e = state_table_resolve_one(window->table, of, &value, NULL, &note);
    if (err_is(e)) {
        operator_fail(&window->op, CAUSE_USER_CODE, "%s", note.text);
        return;
    }
    params->add(params->context, &window->op, batch, i, value);
    if (end - 1 <= window->watermark)
        give(window, key, group, end); /* late, but not too late: given out again */
    else
        set_timer(window, key, group, end, NAMESPACE_GIVE);
    set_timer(window, key, group, end, NAMESPACE_FORGET);
}

static void put_aside(struct window *window, const struct batch *batch, uint32_t i)
{
    window->late++;
    operator_put_aside(&window->op, WINDOW_LATE_OUTPUT, batch, i);
}

static void process(struct operator* op, uint32_t input, const struct batch *batch)
{
    struct window *window = (struct window *)op;
    const struct window_params *params = params_of(op);
    struct key_run keys = key_run_of(&params->key, batch);
    (void)input;
    for (uint32_t i = 0; i < batch->count && !op->task->failed; i++) {
        const uint8_t *key = key_run_at(&keys, i);
        int32_t group = key_group_of_hash(key_hash_of(params->key.hash, key, params->key.size),
                                          op->task->max_parallelism);
        int64_t timestamp = batch_timestamp(batch, i);
        bool taken = false;
        if (!operator_has_time(op, timestamp, "window"))
            return;
        for (int64_t start = window_last_start(timestamp, params->offset, params->slide);
             start > timestamp - params->size; start -= params->slide) {
            int64_t end = start + params->size;
            if (end - 1 + params->lateness <= window->watermark)
                continue; /* WindowOperator.isWindowLate */
            add(window, batch, i, key, group, end);
            taken = true;
        }
        if (!taken && window_is_late(timestamp, params->lateness, window->watermark))
            put_aside(window, batch, i);
    }
}

static void on_watermark(struct operator* op, int64_t watermark)
{
    struct window *window = (struct window *)op;
    struct timer timer;
    window->watermark = watermark;
    while (!op->task->failed && timer_service_take(&window->timers, watermark, &timer)) {
        int64_t end = timer.time + 1;
        if (timer.namespace == NAMESPACE_GIVE) {
            give(window, timer.key, timer.group, end);
            continue;
        }
        end -= params_of(op)->lateness;
        state_table_remove(window->table, key_of(window, timer.key, timer.group, end));
    }
}

uint64_t window_late_records(const struct operator* op)
{
    CHECK(op->class == &window_class);
    return ((const struct window *)op)->late;
}

const struct operator_class window_class = { .name = "window",
                                             .size = sizeof(struct window),
                                             .open = open,
                                             .close = close,
                                             .process = process,
                                             .watermark = on_watermark };
