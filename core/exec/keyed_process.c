/* SPDX-License-Identifier: Apache-2.0
 *
 * Records one by one, since what one does to its key the next one sees; but the values of a run are
 * looked up together, and made where there are none. A key that is cleared moves what lies in the
 * table: the run ends there, and the next one begins short. So it does behind a record that leaves
 * its key without a value; and as that was work for nothing, a while is gone on without.
 */
#include "core/exec/keyed_process.h"

#include "core/base/text.h"
#include "core/exec/keyed_process_parts.h"
#include "core/exec/user_call.h"

enum { RUN_LEAST = 4, PLAIN_RECORDS = 1024 };

static const struct keyed_process_params *params_of(const struct operator* op)
{
    return op->spec->params;
}

static bool lies_ready(const struct keyed_process_params *params)
{
    return params->state_count > 0 && params->states[0].kind == USER_VALUE &&
           params->states[0].value_size > 0 && params->states[0].ttl.time == 0;
}

void keyed_process_open(struct operator* op)
{
    static const char *const names[] = { "event-timers", "processing-timers" };
    struct keyed_process *process = (struct keyed_process *)op;
    const struct keyed_process_params *params = params_of(op);
    CHECK(params->state_count <= PROCESS_STATES_MAX);
    process->watermark = WATERMARK_NONE;
    process->run = PROCESS_RUN;
    for (uint32_t i = 0; i < params->state_count; i++) {
        process->open_states = i + 1;
        if (!user_state_open(&process->states[i], op, &params->states[i], &params->keys[0]))
            return;
    }
    if (lies_ready(params))
        process->ready = process->states[0].table;
    for (int domain = DOMAIN_EVENT_TIME; domain <= DOMAIN_PROCESSING_TIME && params->timer;
         domain++)
        if (!timer_service_open(&process->timers[domain], op, names[domain], params->keys[0].size))
            return;
}

void keyed_process_close(struct operator* op)
{
    struct keyed_process *process = (struct keyed_process *)op;
    timer_service_close(&process->timers[DOMAIN_EVENT_TIME]);
    timer_service_close(&process->timers[DOMAIN_PROCESSING_TIME]);
    for (uint32_t i = 0; i < process->open_states; i++)
        user_state_close(&process->states[i]);
}

struct user_state *process_state(struct process_key *key, const char *name,
                                 enum user_state_kind kind)
{
    struct keyed_process *process = (struct keyed_process *)key->op;
    const struct keyed_process_params *params = params_of(key->op);
    for (uint32_t i = 0; i < params->state_count; i++) {
        const struct user_state_spec *spec = &params->states[i];
        if (spec->name != name && !text_equal(spec->name, name))
            continue;
        if (spec->kind != kind)
            operator_fail(key->op, CAUSE_USER_CODE, "state '%s' was declared as another kind",
                          name);
        else if (i == 0 && key->ready)
            operator_fail(key->op, CAUSE_USER_CODE, "state '%s' is the one that lies ready", name);
        else
            return &process->states[i];
        return NULL;
    }
    operator_fail(key->op, CAUSE_USER_CODE, "state '%s' was not declared", name);
    return NULL;
}

struct state_key process_state_key(const struct process_key *key)
{
    return (struct state_key){ .bytes = key->key,
                               .size = params_of(key->op)->keys[0].size,
                               .group = key->group };
}

void process_find_value(struct process_key *key)
{
    struct note note;
    bool is_new;
    CHECK(key->ready);
    struct err e =
        state_table_resolve_one(key->ready, process_state_key(key), &key->value, &is_new, &note);
    CHECK(!err_is(e)); /* its group is one of ours, its size what the table was made for */
    key->is_there = !is_new;
}

const void *process_look(const struct process_key *key)
{
    CHECK(key->ready);
    if (key->value)
        return key->is_there ? key->value : NULL;
    return state_table_get(key->ready, process_state_key(key), NULL);
}

void process_remove_value(struct process_key *key)
{
    CHECK(key->ready);
    if (!key->value) {
        state_table_remove(key->ready, process_state_key(key));
        return;
    }
    memset(key->value, 0, state_table_spec(key->ready)->value_size);
    key->is_there = false;
}

/* The service, for an operator that has timers. */
static struct timer_service *service_of(struct process_key *key, enum time_domain domain)
{
    struct timer_service *service = &((struct keyed_process *)key->op)->timers[domain];
    if (service->table)
        return service;
    operator_fail(key->op, CAUSE_USER_CODE, "a timer, but no function for timers");
    return NULL;
}

static struct timer timer_of(const struct process_key *key, int64_t time)
{
    return (struct timer){ .time = time, .group = key->group, .key = key->key };
}

void process_set_timer(struct process_key *key, enum time_domain domain, int64_t time)
{
    struct timer timer = timer_of(key, time);
    struct timer_service *service = service_of(key, domain);
    if (service)
        timer_service_set(service, &timer);
}

void process_delete_timer(struct process_key *key, enum time_domain domain, int64_t time)
{
    struct timer timer = timer_of(key, time);
    struct timer_service *service = service_of(key, domain);
    if (service)
        timer_service_delete(service, &timer);
}

void process_clear(struct process_key *key)
{
    key->cleared = true;
}

struct collector *process_output(struct process_key *key, uint32_t output)
{
    if (output < key->op->spec->outputs.count)
        return key->op->outs[output];
    operator_fail(key->op, CAUSE_USER_CODE, "output %u was not declared", output);
    return NULL;
}

/* True: something of the key goes, so that other values may move. */
static bool forget(struct keyed_process *process, const struct process_key *key)
{
    bool is_unused = key->value && !key->is_there;
    if (is_unused)
        state_table_remove(key->ready, process_state_key(key));
    if (!key->cleared)
        return is_unused;
    for (uint32_t i = 0; i < process->open_states; i++)
        user_state_clear(&process->states[i], process_state_key(key));
    return true;
}

/* True: see forget. Mostly nothing is to be done. */
static inline bool see_end(struct keyed_process *process, const struct process_key *key,
                           const char *wrong)
{
    if (__builtin_expect(wrong != NULL, 0))
        operator_fail(&process->op, CAUSE_USER_CODE, "%s", wrong);
    if (!key->cleared && (key->is_there || !key->value))
        return false;
    return forget(process, key);
}

/* The values of a run's keys. False: the operator has failed. */
static bool find_values(struct keyed_process *process, const struct key_run *keys)
{
    struct note note = { { 0 } };
    struct err e = state_table_resolve(process->ready, keys, process->groups, process->values,
                                       process->found_new, &note);
    if (err_is(e)) {
        operator_fail(&process->op, CAUSE_USER_CODE, "%s", note.text);
        return false;
    }
    for (uint32_t i = 0; i < keys->count; i++) {
        bool was_new = i < process->known && process->is_new[i];
        process->is_new[i] = was_new || process->found_new[i];
    }
    process->known = keys->count > process->known ? keys->count : process->known;
    return true;
}

/* What was made for records behind the run, from this one of the batch on, is not there. */
static void remove_made(struct keyed_process *process, uint32_t input, const struct batch *batch,
                        uint32_t from)
{
    struct batch behind = batch_part(batch, from, process->known);
    const struct key_spec *spec = &params_of(&process->op)->keys[input];
    struct key_run keys = key_run_of(spec, &behind);
    for (uint32_t i = 0; i < process->known; i++)
        if (process->is_new[i])
            state_table_remove(process->ready, (struct state_key){ key_run_at(&keys, i), spec->size,
                                                                   STATE_GROUP_COMPUTED });
    process->known = 0;
}

/* Behind a run that took so many records. */
static void begin_next(struct keyed_process *process, uint32_t taken, bool moved)
{
    if (taken < process->known)
        memmove(process->is_new, process->is_new + taken, process->known - taken);
    process->known -= taken < process->known ? taken : process->known;
    process->plain -= taken < process->plain ? taken : process->plain;
    process->run = moved ? RUN_LEAST : process->run * 2;
    process->run = process->run < PROCESS_RUN ? process->run : PROCESS_RUN;
}

/* Records from `from` on, as one run; gives how many it took. */
static uint32_t process_run(struct keyed_process *process, uint32_t input,
                            const struct batch *batch, uint32_t from)
{
    struct operator* op = & process->op;
    const struct keyed_process_params *params = params_of(op);
    uint32_t left = batch->count - from, count = left < process->run ? left : process->run, i;
    struct batch run = batch_part(batch, from, count);
    struct key_run keys = key_run_of(&params->keys[input], &run);
    bool looks_ahead = process->ready && process->plain == 0, moved = false, was_needed = true;
    key_groups_of_run(&keys, params->keys[input].hash, op->task->max_parallelism, process->groups);
    if (looks_ahead && !find_values(process, &keys))
        return count;
    for (i = 0; i < count && !moved && !op->task->failed; i++) {
        struct process_key key = { .op = op,
                                   .key = key_run_at(&keys, i),
                                   .group = process->groups[i],
                                   .timestamp = batch_timestamp(&run, i),
                                   .watermark = process->watermark,
                                   .ready = process->ready };
        if (looks_ahead) {
            key.value = process->values[i];
            key.is_there = !process->is_new[i];
        }
        const char *wrong = params->record(params->context, &key, input, batch_payload(&run, i),
                                           batch_size(&run, i));
        if (see_end(process, &key, wrong) && looks_ahead) {
            moved = true;
            was_needed = key.is_there;
        }
    }
    begin_next(process, i, moved);
    if (!was_needed) {
        process->plain = PLAIN_RECORDS;
        remove_made(process, input, batch, from + i);
    }
    return i;
}

void keyed_process_batch(struct operator* op, uint32_t input, const struct batch *batch)
{
    struct keyed_process *process = (struct keyed_process *)op;
    CHECK(input < PROCESS_INPUTS_MAX);
    process->known = 0;
    for (uint32_t i = 0; i < process->open_states; i++)
        user_state_clean(&process->states[i],
                         batch->count > USER_CLEAN_LEAST ? batch->count : USER_CLEAN_LEAST);
    for (uint32_t from = 0; from < batch->count && !op->task->failed;)
        from += process_run(process, input, batch, from);
}

/* A call for each timer; those that are set meanwhile and are due at once are part of the last one,
 * for of such there may be no end. */
static void fire(struct keyed_process *process, enum time_domain domain, int64_t up_to)
{
    struct operator* op = & process->op;
    const struct keyed_process_params *params = params_of(op);
    struct timer timer;
    uint64_t set_before = state_table_memory(process->timers[domain].table).entries;
    while (!op->task->failed && timer_service_take(&process->timers[domain], up_to, &timer)) {
        struct process_key key = { .op = op,
                                   .key = timer.key,
                                   .group = timer.group,
                                   .domain = domain,
                                   .timestamp = timer.time,
                                   .watermark = process->watermark,
                                   .ready = process->ready };
        if (set_before > 0) {
            set_before--;
            operator_call_begins(op);
        }
        (void)see_end(process, &key, params->timer(params->context, &key));
    }
}

void keyed_process_watermark(struct operator* op, int64_t watermark)
{
    struct keyed_process *process = (struct keyed_process *)op;
    process->watermark = watermark;
    if (process->timers[DOMAIN_EVENT_TIME].table)
        fire(process, DOMAIN_EVENT_TIME, watermark);
}

time_ns keyed_process_deadline(struct operator* op)
{
    struct timer_service *timers = &((struct keyed_process *)op)->timers[DOMAIN_PROCESSING_TIME];
    return timers->table ? timer_service_next(timers) : TIME_NEVER;
}

void keyed_process_time(struct operator* op, time_ns now)
{
    fire((struct keyed_process *)op, DOMAIN_PROCESSING_TIME, now);
}

void keyed_process_prepare(struct operator* op, uint64_t checkpoint)
{
    struct keyed_process *process = (struct keyed_process *)op;
    (void)checkpoint;
    for (uint32_t i = 0; i < process->open_states; i++)
        user_state_prepare(&process->states[i]);
}

const struct operator_class keyed_process_class = { .name = "keyed process",
                                                    .size = sizeof(struct keyed_process),
                                                    .open = keyed_process_open,
                                                    .close = keyed_process_close,
                                                    .process = keyed_process_batch,
                                                    .watermark = keyed_process_watermark,
                                                    .deadline = keyed_process_deadline,
                                                    .on_time = keyed_process_time,
                                                    .prepare = keyed_process_prepare };
