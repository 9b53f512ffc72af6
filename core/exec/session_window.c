/* SPDX-License-Identifier: Apache-2.0
 *
 * All windows of a key are one value of the table, in order of time: [start, end, value] ... Two of
 * one key never touch, so an end names a window, and a timer finds its own by its time.
 */
#include "core/exec/session_window.h"

#include "core/exec/user_call.h"

enum { TIMER_GIVE, TIMER_FORGET, SPAN_SIZE = 16 };

struct span {
    int64_t start, end;
};

struct session_window {
    struct operator op;
    struct state_table *table;
    struct timer_service timers;
    int64_t watermark;
    uint64_t late;
    uint32_t stride; /* of the windows of a key */
};

/* The key under way and its windows. */
struct sessions {
    const uint8_t *key;
    int32_t group;
    uint8_t *bytes; /* not to be written before open_for_writing */
    uint32_t count;
};

static const struct session_window_params *params_of(const struct operator* op)
{
    return op->spec->params;
}

static void open(struct operator* op)
{
    struct session_window *window = (struct session_window *)op;
    const struct session_window_params *params = params_of(op);
    struct keyed_state_spec spec = { .name = "sessions",
                                     .key_size = params->key.size,
                                     .key_hash = params->key.hash,
                                     .value = params->value };
    CHECK(params->gap > 0);
    CHECK(params->lateness >= 0);
    window->watermark = WATERMARK_NONE;
    window->stride = SPAN_SIZE + record_padded(params->value_size);
    window->table = operator_keyed_state(op, &spec);
    if (window->table)
        timer_service_open(&window->timers, op, "session-timers", params->key.size);
}

static void close(struct operator* op)
{
    timer_service_close(&((struct session_window *)op)->timers);
}

/* Far ends of time stay there. */
static int64_t later(int64_t time, int64_t by)
{
    int64_t sum;
    return __builtin_add_overflow(time, by, &sum) ? INT64_MAX : sum;
}

/* WindowOperator.cleanupTime */
static int64_t forgotten_at(const struct session_window *window, int64_t end)
{
    return later(end - 1, params_of(&window->op)->lateness);
}

static struct state_key key_of(const struct session_window *window, const struct sessions *sessions)
{
    return (struct state_key){ sessions->key, params_of(&window->op)->key.size, sessions->group };
}

static void find(struct session_window *window, struct sessions *sessions)
{
    uint32_t size = 0;
    const void *there = state_table_get(window->table, key_of(window, sessions), &size);
    sessions->bytes = (uint8_t *)(uintptr_t)there;
    sessions->count = there ? size / window->stride : 0;
}

/* With room for so many. False: the operator has failed. */
static bool open_for_writing(struct session_window *window, struct sessions *sessions,
                             uint32_t count)
{
    struct note note = { { 0 } };
    void *bytes;
    struct err e = OK;
    if (count > STATE_VALUE_MAX / window->stride)
        e = err_note(&note, ERR_FULL_CODE, "a key has more than %u sessions", count - 1);
    else
        e = state_table_resize(window->table, key_of(window, sessions), count * window->stride,
                               &bytes, &note);
    if (err_is(e)) {
        operator_fail(&window->op, CAUSE_USER_CODE, "%s", note.text);
        return false;
    }
    sessions->bytes = bytes;
    return true;
}

static struct span span_at(const struct session_window *window, const struct sessions *sessions,
                           uint32_t i)
{
    struct span span;
    memcpy(&span, sessions->bytes + (size_t)i * window->stride, sizeof span);
    return span;
}

static uint8_t *value_at(const struct session_window *window, const struct sessions *sessions,
                         uint32_t i)
{
    return sessions->bytes + (size_t)i * window->stride + SPAN_SIZE;
}

static struct timer timer_of(const struct session_window *window, const struct sessions *sessions,
                             int64_t end, uint64_t namespace)
{
    return (struct timer){ .time = namespace == TIMER_GIVE ? end - 1 : forgotten_at(window, end),
                           .namespace = namespace,
                           .group = sessions->group,
                           .key = sessions->key };
}

static void set_timer(struct session_window *window, const struct sessions *sessions, int64_t end,
                      uint64_t namespace)
{
    struct timer timer = timer_of(window, sessions, end, namespace);
    timer_service_set(&window->timers, &timer);
}

static void delete_timers(struct session_window *window, const struct sessions *sessions,
                          int64_t end)
{
    for (uint64_t namespace = TIMER_GIVE; namespace <= TIMER_FORGET; namespace ++) {
        struct timer timer = timer_of(window, sessions, end, namespace);
        timer_service_delete(&window->timers, &timer);
    }
}

static void give(struct session_window *window, const struct sessions *sessions, uint32_t i)
{
    const struct session_window_params *params = params_of(&window->op);
    struct span span = span_at(window, sessions, i);
    params->give(params->context, &window->op, sessions->key, span.start, span.end,
                 value_at(window, sessions, i));
}

/* Windows from `first` up to `last` become one that spans them and the new one (MergingWindowSet.
 * addWindow); none: a new one comes to stand there. False: the operator has failed. */
static bool merge(struct session_window *window, struct sessions *sessions, uint32_t first,
                  uint32_t last, const struct span *span)
{
    const struct session_window_params *params = params_of(&window->op);
    uint32_t old = sessions->count, stride = window->stride, merged = last - first;
    struct span to = *span;
    uint32_t count = old + 1 - merged;
    if (!open_for_writing(window, sessions, count > old ? count : old))
        return false;
    operator_calls(&window->op, "merge");
    for (uint32_t i = first; i < last; i++) {
        struct span from = span_at(window, sessions, i);
        to.start = from.start < to.start ? from.start : to.start;
        to.end = from.end > to.end ? from.end : to.end;
        if (i > first)
            params->merge(params->context, value_at(window, sessions, first),
                          value_at(window, sessions, i));
    }
    for (uint32_t i = first; i < last; i++)
        if (span_at(window, sessions, i).end != to.end)
            delete_timers(window, sessions, span_at(window, sessions, i).end);
    uint8_t *here = sessions->bytes + (size_t)first * stride;
    memmove(here + stride, here + (size_t)merged * stride, (size_t)(old - last) * stride);
    if (merged == 0)
        memset(here, 0, stride);
    memcpy(here, &to, sizeof to);
    sessions->count = count;
    return count >= old || open_for_writing(window, sessions, count);
}

/* False: it came too late. */
static bool add(struct session_window *window, struct sessions *sessions, const struct batch *batch,
                uint32_t i)
{
    const struct session_window_params *params = params_of(&window->op);
    int64_t timestamp = batch_timestamp(batch, i);
    struct span span = { timestamp, later(timestamp, params->gap) };
    uint32_t first = 0, last;
    find(window, sessions);
    /* TimeWindow.intersects: those that only touch do as well. */
    while (first < sessions->count && span_at(window, sessions, first).end < span.start)
        first++;
    for (last = first; last < sessions->count; last++)
        if (span_at(window, sessions, last).start > span.end)
            break;
    if (first == last && forgotten_at(window, span.end) <= window->watermark)
        return false;
    if (!merge(window, sessions, first, last, &span))
        return true;
    params->add(params->context, &window->op, batch, i, value_at(window, sessions, first));
    span = span_at(window, sessions, first);
    if (span.end - 1 <= window->watermark)
        give(window, sessions, first); /* late, but not too late: given out again */
    else
        set_timer(window, sessions, span.end, TIMER_GIVE);
    set_timer(window, sessions, span.end, TIMER_FORGET);
    return true;
}

static void process(struct operator* op, uint32_t input, const struct batch *batch)
{
    struct session_window *window = (struct session_window *)op;
    const struct session_window_params *params = params_of(op);
    struct key_run keys = key_run_of(&params->key, batch);
    (void)input;
    for (uint32_t i = 0; i < batch->count && !op->task->failed; i++) {
        struct sessions sessions = { .key = key_run_at(&keys, i) };
        sessions.group =
            key_group_of_hash(key_hash_of(params->key.hash, sessions.key, params->key.size),
                              op->task->max_parallelism);
        if (!operator_has_time(op, batch_timestamp(batch, i), "window"))
            return;
        if (add(window, &sessions, batch, i))
            continue;
        window->late++;
        operator_put_aside(op, WINDOW_LATE_OUTPUT, batch, i);
    }
}

static void forget(struct session_window *window, struct sessions *sessions, uint32_t i)
{
    uint32_t count = sessions->count - 1;
    if (count == 0) {
        state_table_remove(window->table, key_of(window, sessions));
        return;
    }
    if (!open_for_writing(window, sessions, sessions->count))
        return;
    uint8_t *here = sessions->bytes + (size_t)i * window->stride;
    memmove(here, here + window->stride, (size_t)(count - i) * window->stride);
    (void)open_for_writing(window, sessions, count);
}

static void on_watermark(struct operator* op, int64_t watermark)
{
    struct session_window *window = (struct session_window *)op;
    struct timer timer;
    window->watermark = watermark;
    while (!op->task->failed && timer_service_take(&window->timers, watermark, &timer)) {
        struct sessions sessions = { .key = timer.key, .group = timer.group };
        bool gives = timer.namespace == TIMER_GIVE;
        find(window, &sessions);
        for (uint32_t i = 0; i < sessions.count; i++) {
            int64_t end = span_at(window, &sessions, i).end;
            if ((gives ? end - 1 : forgotten_at(window, end)) != timer.time)
                continue;
            if (gives)
                give(window, &sessions, i);
            else
                forget(window, &sessions, i);
            break;
        }
    }
}

uint64_t session_window_late_records(const struct operator* op)
{
    CHECK(op->class == &session_window_class);
    return ((const struct session_window *)op)->late;
}

const struct operator_class session_window_class = { .name = "session window",
                                                     .size = sizeof(struct session_window),
                                                     .open = open,
                                                     .close = close,
                                                     .process = process,
                                                     .watermark = on_watermark };
