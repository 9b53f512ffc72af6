/* SPDX-License-Identifier: Apache-2.0
 *
 * Records one by one, since what one does to its key the next one sees.
 */
#include "core/exec/keyed_process.h"

struct keyed_process {
    struct operator op;
    struct state_table *table;
    struct timer_service timers;
    int64_t watermark;
};

static const struct keyed_process_params *params_of(const struct operator* op)
{
    return op->spec->params;
}

static void open(struct operator* op)
{
    struct keyed_process *process = (struct keyed_process *)op;
    const struct keyed_process_params *params = params_of(op);
    struct keyed_state_spec spec = { .name = "value",
                                     .key_size = params->keys[0].size,
                                     .value_size = params->value_size,
                                     .key_hash = params->keys[0].hash,
                                     .value = params->value };
    process->watermark = WATERMARK_NONE;
    process->table = operator_keyed_state(op, &spec);
    if (process->table)
        timer_service_open(&process->timers, op, "timers", spec.key_size);
}

static void close(struct operator* op)
{
    timer_service_close(&((struct keyed_process *)op)->timers);
}

static struct timer timer_of(const struct process_key *key, int64_t time)
{
    struct timer timer = { .time = time, .group = key->group };
    memcpy(timer.key, key->key, params_of(key->op)->keys[0].size);
    return timer;
}

void process_set_timer(struct process_key *key, int64_t time)
{
    struct timer timer = timer_of(key, time);
    timer_service_set(&((struct keyed_process *)key->op)->timers, &timer);
}

void process_delete_timer(struct process_key *key, int64_t time)
{
    struct timer timer = timer_of(key, time);
    timer_service_delete(&((struct keyed_process *)key->op)->timers, &timer);
}

void process_clear(struct process_key *key)
{
    key->cleared = true;
}

static struct state_key key_of(const struct keyed_process *process, const struct process_key *key)
{
    return (struct state_key){ .bytes = key->key,
                               .size = params_of(&process->op)->keys[0].size,
                               .group = key->group };
}

/* The key's value, made where it is missing. False: the operator has failed. */
static bool find_value(struct keyed_process *process, struct process_key *key)
{
    struct note note = { { 0 } };
    struct err e = state_table_resolve_one(process->table, key_of(process, key), &key->value,
                                           &key->is_new, &note);
    if (err_is(e))
        operator_fail(&process->op, CAUSE_USER_CODE, "%s", note.text);
    return !err_is(e);
}

static void see_end(struct keyed_process *process, const struct process_key *key, const char *wrong)
{
    if (wrong)
        operator_fail(&process->op, CAUSE_USER_CODE, "%s", wrong);
    if (key->cleared)
        state_table_remove(process->table, key_of(process, key));
}

static void process_batch(struct operator* op, uint32_t input, const struct batch *batch)
{
    struct keyed_process *process = (struct keyed_process *)op;
    const struct keyed_process_params *params = params_of(op);
    const struct key_spec *spec = &params->keys[input];
    struct key_run keys = key_run_of(spec, batch);
    CHECK(input < PROCESS_INPUTS_MAX);
    for (uint32_t i = 0; i < batch->count && !op->task->failed; i++) {
        struct process_key key = { .op = op,
                                   .key = key_run_at(&keys, i),
                                   .timestamp = batch_timestamp(batch, i),
                                   .watermark = process->watermark };
        key.group = key_group_of_hash(key_hash_of(spec->hash, key.key, spec->size),
                                      op->task->max_parallelism);
        if (!find_value(process, &key))
            return;
        see_end(process, &key,
                params->record(params->context, &key, input, batch_payload(batch, i),
                               batch_size(batch, i)));
    }
}

static void on_watermark(struct operator* op, int64_t watermark)
{
    struct keyed_process *process = (struct keyed_process *)op;
    const struct keyed_process_params *params = params_of(op);
    struct timer timer;
    process->watermark = watermark;
    while (!op->task->failed && timer_service_take(&process->timers, watermark, &timer)) {
        struct process_key key = { .op = op,
                                   .key = timer.key,
                                   .group = timer.group,
                                   .timestamp = timer.time,
                                   .watermark = watermark };
        if (find_value(process, &key))
            see_end(process, &key, params->timer(params->context, &key));
    }
}

const struct operator_class keyed_process_class = { .name = "keyed process",
                                                    .size = sizeof(struct keyed_process),
                                                    .open = open,
                                                    .close = close,
                                                    .process = process_batch,
                                                    .watermark = on_watermark };
