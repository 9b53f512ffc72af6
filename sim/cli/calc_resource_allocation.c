/* SPDX-License-Identifier: Apache-2.0
 *
 * weir calc resource-allocation: the slot manager's two plans for a cluster given as JSON. CPU and
 * named resources are counted in hundred-millionths, as many places as Flink keeps. What always
 * holds: sums over all workers stay below 2^63, because their number and size are bounded here.
 */
#include <math.h>
#include <string.h>

#include "core/base/text.h"
#include "core/slots/slot_allocation.h"
#include "sim/cli/calc_read.h"

enum {
    WORKERS_MAX = 1 << 16, /* of a kind, in the input */
    ROWS_MAX = 1 << 12,
    COUNT_MAX = 1000000, /* slots of one row, slots of one worker */
};
#define UNITS        100000000 /* per core */
#define AMOUNT_MAX   ((int64_t)1 << 44)
#define TOTAL_MAX    ((int64_t)1 << 61)
#define IDLE_TIMEOUT (30 * TIME_S)
#define NEW_WORKER   "new-"

static const char *const op_words[] = { "fulfil", "reconcile" };
static const char *const strategy_words[] = { "NONE", "SLOTS", "TASKS", "MIN_RESOURCES" };
static const enum config_choice_LOAD_BALANCE strategies[] = { LOAD_BALANCE_NONE, LOAD_BALANCE_SLOTS,
                                                              LOAD_BALANCE_TASKS,
                                                              LOAD_BALANCE_MIN_RESOURCES };

static const struct calc_field fields[] = {
    { "op", "fulfil | reconcile", "match requirements, or fit the cluster to its use" },
    { "strategy", "NONE | SLOTS | TASKS | MIN_RESOURCES, optional",
      "taskmanager.load-balance.mode; NONE when absent" },
    { "worker", "{profile, slots}", "what a new worker would be" },
    { "slot", "profile, optional", "its default slot; profile / slots when absent" },
    { "redundant_workers", "integer, optional", "spare workers kept; 0 when absent" },
    { "min_total", "{cpu, memory}, optional", "the cluster is never smaller" },
    { "max_total", "{cpu, memory}, optional", "nor larger" },
    { "idle_timeout_ms", "integer, optional", "idle release; 30000 when absent" },
    { "task_managers", "[{id, total, available, idle_ms, blocked, default_slot}], optional",
      "registered ones; idle_ms null or absent: in use; available: all of it when absent" },
    { "pending", "[{id, total, slots, used}], optional",
      "started and not registered yet; used: default slots planned there" },
    { "requirements", "[{profile | \"default\", count}], optional",
      "what the job lacks (fulfil); profile = {cpu: cores, memory: bytes, custom: {name: "
      "number}}" },
};

static const struct calc_field worker_fields[] = { { "profile", "", "" }, { "slots", "", "" } };
static const struct calc_field profile_fields[] = { { "cpu", "", "" },
                                                    { "memory", "", "" },
                                                    { "custom", "", "" } };
static const struct calc_field manager_fields[] = {
    { "id", "", "" },      { "total", "", "" },   { "available", "", "" },
    { "idle_ms", "", "" }, { "blocked", "", "" }, { "default_slot", "", "" }
};
static const struct calc_field pending_fields[] = {
    { "id", "", "" }, { "total", "", "" }, { "slots", "", "" }, { "used", "", "" }
};
static const struct calc_field requirement_fields[] = { { "profile", "", "" },
                                                        { "count", "", "" } };

/* One TaskManager or pending worker of the input. */
struct calc_worker {
    const char *id;
    struct resource_amount total, available, slot;
    bool blocked, timed_out, in_use;
};

struct question {
    struct allocation_settings settings;
    const char *custom[RESOURCE_CUSTOM_MAX]; /* names, in the order they were first met */
    size_t custom_count;
    time_ns idle_timeout;
    VEC(struct calc_worker) managers;
    VEC(struct calc_worker) pending;
    VEC(struct allocation_need) needs;
};

/* A number of units from a number of cores, or of whatever it is. */
static struct err read_units(const json_t *value, const char *what, int64_t most, int64_t *out,
                             struct note *note)
{
    if (!json_is_number(value))
        return err_note(note, ERR_BAD_VALUE_CODE, "%s: expected a number", what);
    double units = floor(json_number_value(value) * UNITS + 0.5);
    if (!(units >= 0 && units <= (double)most))
        return err_note(note, ERR_BAD_VALUE_CODE, "%s: is outside 0..%lld", what,
                        (long long)(most / UNITS));
    *out = (int64_t)units;
    return OK;
}

static struct err custom_place(struct question *q, const char *name, size_t *place,
                               struct note *note)
{
    for (*place = 0; *place < q->custom_count; ++*place)
        if (text_equal(q->custom[*place], name))
            return OK;
    if (q->custom_count == RESOURCE_CUSTOM_MAX)
        return err_note(note, ERR_FULL_CODE, "custom: more than %d names", RESOURCE_CUSTOM_MAX);
    q->custom[q->custom_count++] = name;
    return OK;
}

static struct err read_custom(json_t *in, struct question *q, struct resource_amount *out,
                              struct note *note)
{
    for (void *at = json_object_iter(in); at; at = json_object_iter_next(in, at)) {
        size_t place = 0;
        const char *name = json_object_iter_key(at);
        TRY(custom_place(q, name, &place, note));
        TRY(read_units(json_object_iter_value(at), calc_quote(name).text, AMOUNT_MAX,
                       &out->of[RESOURCE_CUSTOM_FIRST + place], note));
    }
    return OK;
}

static struct err read_amounts(json_t *in, struct question *q, struct resource_amount *out,
                               struct note *note)
{
    json_t *custom = NULL;
    TRY(calc_check_fields(in, profile_fields, 3, note));
    if (calc_has(in, "cpu"))
        TRY(read_units(json_object_get(in, "cpu"), "cpu", AMOUNT_MAX, &out->of[RESOURCE_CPU],
                       note));
    TRY(calc_read_integer(in, "memory", 0, AMOUNT_MAX, &out->of[RESOURCE_MEMORY], note));
    TRY(calc_read_object(in, "custom", &custom, note));
    return custom ? read_custom(custom, q, out, note) : OK;
}

/* A field that holds a profile; *out is left alone when it is absent. */
static struct err read_profile(json_t *in, const char *name, struct question *q,
                               struct resource_amount *out, struct note *note)
{
    json_t *profile = NULL;
    struct err result = calc_read_object(in, name, &profile, note);
    if (err_is(result) || !profile)
        return result;
    *out = (struct resource_amount){ .of = { 0 } };
    result = read_amounts(profile, q, out, note);
    return err_is(result) ? err_prefix(note, result, "%s", name) : OK;
}

/* Limits know CPU and memory only; more CPU than can be counted is as good as no limit. */
static struct err read_limit(json_t *in, const char *name, struct resource_amount *out,
                             struct note *note)
{
    json_t *limit = NULL;
    TRY(calc_read_object(in, name, &limit, note));
    if (!limit)
        return OK;
    const json_t *cpu = json_object_get(limit, "cpu");
    struct err result = calc_check_fields(limit, profile_fields, 2, note);
    if (!err_is(result))
        result = calc_read_integer(limit, "memory", 0, INT64_MAX, &out->of[RESOURCE_MEMORY], note);
    if (!err_is(result) && json_number_value(cpu) >= (double)(TOTAL_MAX / UNITS))
        out->of[RESOURCE_CPU] = TOTAL_MAX;
    else if (!err_is(result) && calc_has(limit, "cpu"))
        result = read_units(cpu, "cpu", TOTAL_MAX, &out->of[RESOURCE_CPU], note);
    return err_is(result) ? err_prefix(note, result, "%s", name) : OK;
}

static struct resource_amount divided(const struct resource_amount *total, int64_t by)
{
    struct resource_amount slot;
    for (int r = 0; r < RESOURCE_COUNT; r++)
        slot.of[r] = total->of[r] / by;
    return slot;
}

static struct err read_worker(json_t *in, struct question *q, struct note *note)
{
    json_t *worker = NULL;
    int64_t slots = 1;
    TRY(calc_need(in, "worker", note));
    TRY(calc_read_object(in, "worker", &worker, note));
    TRY(calc_check_fields(worker, worker_fields, 2, note));
    TRY(calc_need(worker, "profile", note));
    TRY(read_profile(worker, "profile", q, &q->settings.worker, note));
    TRY(calc_read_integer(worker, "slots", 1, COUNT_MAX, &slots, note));
    q->settings.worker_slot = divided(&q->settings.worker, slots);
    return read_profile(in, "slot", q, &q->settings.worker_slot, note);
}

static struct err read_settings(json_t *in, struct question *q, struct note *note)
{
    size_t strategy = 0;
    int64_t redundant = 0;
    for (int r = 0; r < RESOURCE_COUNT; r++)
        q->settings.most.of[r] = INT64_MAX;
    q->settings.can_start = true;
    TRY(calc_read_choice(in, "strategy", strategy_words,
                         sizeof strategy_words / sizeof *strategy_words, &strategy, note));
    TRY(read_worker(in, q, note));
    TRY(calc_read_integer(in, "redundant_workers", 0, WORKERS_MAX, &redundant, note));
    TRY(read_limit(in, "min_total", &q->settings.least, note));
    TRY(read_limit(in, "max_total", &q->settings.most, note));
    q->idle_timeout = IDLE_TIMEOUT;
    q->settings.balance = strategies[strategy];
    q->settings.redundant = (uint32_t)redundant;
    return calc_read_ms(in, "idle_timeout_ms", &q->idle_timeout, note);
}

static struct err read_manager(json_t *in, struct question *q, struct note *note)
{
    struct calc_worker worker = { .slot = q->settings.worker_slot };
    time_ns idle = -TIME_MS;
    TRY(calc_check_fields(in, manager_fields, 6, note));
    TRY(calc_need(in, "id", note));
    TRY(calc_need(in, "total", note));
    TRY(calc_read_text(in, "id", &worker.id, note));
    TRY(read_profile(in, "total", q, &worker.total, note));
    worker.available = worker.total;
    TRY(read_profile(in, "available", q, &worker.available, note));
    TRY(read_profile(in, "default_slot", q, &worker.slot, note));
    TRY(calc_read_flag(in, "blocked", &worker.blocked, note));
    TRY(calc_read_ms(in, "idle_ms", &idle, note));
    worker.timed_out = idle >= 0 && idle >= q->idle_timeout;
    vec_push(&q->managers, worker);
    return OK;
}

static struct err read_pending(json_t *in, struct question *q, struct note *note)
{
    struct calc_worker worker = { 0 };
    int64_t slots = 1, used = 0;
    TRY(calc_check_fields(in, pending_fields, 4, note));
    TRY(calc_need(in, "id", note));
    TRY(calc_read_text(in, "id", &worker.id, note));
    if (strncmp(worker.id, NEW_WORKER, sizeof NEW_WORKER - 1) == 0)
        return err_note(note, ERR_BAD_VALUE_CODE, "id: new-... stands for workers to be started");
    worker.total = q->settings.worker;
    TRY(read_profile(in, "total", q, &worker.total, note));
    TRY(calc_read_integer(in, "slots", 1, COUNT_MAX, &slots, note));
    TRY(calc_read_integer(in, "used", 0, slots, &used, note));
    worker.slot = divided(&worker.total, slots);
    worker.available = worker.total;
    amount_add(&worker.available, &worker.slot, -used);
    worker.in_use = used > 0;
    vec_push(&q->pending, worker);
    return OK;
}

static struct err read_requirement(json_t *in, struct question *q, struct note *note)
{
    static const char *const words[] = { "default" };
    struct allocation_need need = { .any = true };
    const json_t *profile = json_object_get(in, "profile");
    int64_t count = 1;
    size_t place = 0;
    TRY(calc_check_fields(in, requirement_fields, 2, note));
    TRY(calc_need(in, "profile", note));
    TRY(calc_read_integer(in, "count", 0, COUNT_MAX, &count, note));
    if (json_is_object(profile)) {
        need.any = false;
        TRY(read_profile(in, "profile", q, &need.slot, note));
    } else {
        TRY(calc_choice_value(profile, "profile", words, 1, &place, note));
    }
    need.count = (uint32_t)count;
    if (count > 0)
        vec_push(&q->needs, need);
    return OK;
}

static struct err read_list(json_t *in, const char *name, size_t most, struct question *q,
                            struct err (*read)(json_t *, struct question *, struct note *),
                            struct note *note)
{
    json_t *list = NULL;
    TRY(calc_read_array(in, name, most, &list, note));
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct err result = read(json_array_get(list, i), q, note);
        if (err_is(result))
            return err_prefix(note, result, "%s[%zu]", name, i);
    }
    return OK;
}

/* Answers are keyed by id, so each may stand for one worker only. */
static struct err add_id(json_t *ids, const char *id, struct note *note)
{
    if (json_object_get(ids, id))
        return err_note(note, ERR_DUPLICATE_CODE, "id '%s' is there twice", calc_quote(id).text);
    json_object_set_new(ids, id, json_true());
    return OK;
}

static struct err check_ids(const struct question *q, struct note *note)
{
    json_t *managers = json_object(), *pending = json_object();
    struct err result = OK;
    for (size_t i = 0; i < q->managers.count && !err_is(result); i++)
        result = add_id(managers, q->managers.items[i].id, note);
    for (size_t i = 0; i < q->pending.count && !err_is(result); i++)
        result = add_id(pending, q->pending.items[i].id, note);
    json_decref(managers);
    json_decref(pending);
    return result;
}

static json_t *number_of_units(int64_t units)
{
    return units % UNITS == 0 ? json_integer(units / UNITS) : json_real((double)units / UNITS);
}

static json_t *profile_of(const struct question *q, const struct resource_amount *amount)
{
    json_t *profile = json_object(), *custom = json_object();
    json_object_set_new(profile, "cpu", number_of_units(amount->of[RESOURCE_CPU]));
    json_object_set_new(profile, "memory", json_integer(amount->of[RESOURCE_MEMORY]));
    for (size_t c = 0; c < q->custom_count; c++) {
        int64_t units = amount->of[RESOURCE_CUSTOM_FIRST + c];
        if (units > 0)
            json_object_set_new(custom, q->custom[c], number_of_units(units));
    }
    if (json_object_size(custom) > 0)
        json_object_set(profile, "custom", custom);
    json_decref(custom);
    return profile;
}

/* One more grant in a worker's list; equal profiles are counted together. */
static void add_grant(const struct question *q, json_t *out, const char *id,
                      const struct allocation_grant *grant)
{
    json_t *list = json_object_get(out, id), *profile = profile_of(q, &grant->slot);
    if (!list) {
        list = json_array();
        json_object_set_new(out, id, list);
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *row = json_array_get(list, i), *count = json_object_get(row, "count");
        if (json_equal(json_object_get(row, "profile"), profile)) {
            json_integer_set(count, json_integer_value(count) + grant->count);
            json_decref(profile);
            return;
        }
    }
    json_t *row = json_object();
    json_object_set_new(row, "profile", profile);
    json_object_set_new(row, "count", json_integer(grant->count));
    json_array_append_new(list, row);
}

static void answer_grants(const struct question *q, const struct fulfil_plan *plan,
                          const uint32_t *listed, json_t *out)
{
    json_t *on_registered = json_object(), *on_pending = json_object();
    json_object_set_new(out, "unfulfillable", json_boolean(plan->unfulfillable.count > 0));
    json_object_set_new(out, "on_registered", on_registered);
    json_object_set_new(out, "on_pending", on_pending);
    json_object_set_new(out, "new_workers", json_integer(plan->new_workers));
    for (VEC_EACH(struct allocation_grant, grant, &plan->on_registered))
        add_grant(q, on_registered, q->managers.items[listed[grant->worker]].id, grant);
    for (VEC_EACH(struct allocation_grant, grant, &plan->on_pending)) {
        uint32_t pending_count = (uint32_t)q->pending.count;
        char name[sizeof NEW_WORKER + 12];
        text_format(name, sizeof name, "%s%u", NEW_WORKER, grant->worker - pending_count);
        const char *id = grant->worker < pending_count ? q->pending.items[grant->worker].id : name;
        add_grant(q, on_pending, id, grant);
    }
}

/* A plan ends at its limit; what is left of it would look like an answer. */
static struct err check_size(uint32_t new_workers, struct note *note)
{
    if (new_workers < ALLOCATION_WORKERS_MAX)
        return OK;
    return err_note(note, ERR_FULL_CODE, "the answer takes %d new workers or more, expected fewer",
                    ALLOCATION_WORKERS_MAX);
}

static struct err fulfil(const struct question *q, json_t *out, struct note *note)
{
    struct allocation_worker *rows =
        mem_create_array(q->managers.count + q->pending.count, sizeof *rows);
    uint32_t *listed = mem_create_array(q->managers.count, sizeof *listed);
    struct fulfil_view view = { .settings = &q->settings,
                                .registered = rows,
                                .needs = q->needs.items,
                                .need_count = (uint32_t)q->needs.count,
                                .pending_count = (uint32_t)q->pending.count };
    for (uint32_t i = 0; i < q->managers.count; i++) {
        const struct calc_worker *worker = &q->managers.items[i];
        amount_add(&view.cluster_total, &worker->total, 1);
        if (worker->blocked)
            continue;
        listed[view.registered_count] = i;
        rows[view.registered_count++] =
            (struct allocation_worker){ worker->total, worker->available, worker->slot };
        amount_add(&view.usable_total, &worker->total, 1);
        amount_add(&view.usable_available, &worker->available, 1);
    }
    view.pending = rows + view.registered_count;
    for (uint32_t i = 0; i < q->pending.count; i++) {
        const struct calc_worker *worker = &q->pending.items[i];
        rows[view.registered_count + i] =
            (struct allocation_worker){ worker->total, worker->total, worker->slot };
        amount_add(&view.cluster_total, &worker->total, 1);
    }
    struct fulfil_plan plan = { 0 };
    slot_allocation_fulfil(&view, &plan);
    struct err e = check_size(plan.new_workers, note);
    if (!err_is(e))
        answer_grants(q, &plan, listed, out);
    fulfil_plan_fini(&plan);
    mem_destroy(listed);
    mem_destroy(rows);
    return e;
}

static struct err reconcile(const struct question *q, json_t *out, struct note *note)
{
    struct reconcile_worker *managers = mem_create_array(q->managers.count, sizeof *managers);
    struct reconcile_pending *pending = mem_create_array(q->pending.count, sizeof *pending);
    struct reconcile_view view = { .settings = &q->settings,
                                   .registered = managers,
                                   .registered_count = (uint32_t)q->managers.count,
                                   .pending = pending,
                                   .pending_count = (uint32_t)q->pending.count };
    for (size_t i = 0; i < q->managers.count; i++) {
        const struct calc_worker *worker = &q->managers.items[i];
        managers[i] =
            (struct reconcile_worker){ worker->total, worker->available, worker->timed_out };
        amount_add(&view.cluster_total, &worker->total, 1);
    }
    for (size_t i = 0; i < q->pending.count; i++) {
        const struct calc_worker *worker = &q->pending.items[i];
        pending[i] = (struct reconcile_pending){ worker->total, worker->available, worker->in_use };
        amount_add(&view.cluster_total, &worker->total, 1);
    }
    struct reconcile_plan plan = { 0 };
    slot_allocation_reconcile(&view, &plan);
    json_t *releases = json_array(), *pending_releases = json_array();
    for (VEC_EACH(uint32_t, index, &plan.releases))
        json_array_append_new(releases, json_string(q->managers.items[*index].id));
    for (VEC_EACH(uint32_t, index, &plan.pending_releases))
        json_array_append_new(pending_releases, json_string(q->pending.items[*index].id));
    json_object_set_new(out, "release_task_managers", releases);
    json_object_set_new(out, "release_pending", pending_releases);
    json_object_set_new(out, "new_workers", json_integer(plan.new_workers));
    struct err e = check_size(plan.new_workers, note);
    reconcile_plan_fini(&plan);
    mem_destroy(managers);
    mem_destroy(pending);
    return e;
}

static struct err answer_question(json_t *in, struct question *q, json_t *out, struct note *note)
{
    size_t op = 0;
    TRY(calc_need(in, "op", note));
    TRY(calc_read_choice(in, "op", op_words, 2, &op, note));
    TRY(read_settings(in, q, note));
    TRY(read_list(in, "task_managers", WORKERS_MAX, q, read_manager, note));
    TRY(read_list(in, "pending", WORKERS_MAX, q, read_pending, note));
    TRY(read_list(in, "requirements", ROWS_MAX, q, read_requirement, note));
    TRY(check_ids(q, note));
    return op == 0 ? fulfil(q, out, note) : reconcile(q, out, note);
}

static struct err answer(json_t *in, json_t *out, struct note *note)
{
    struct question q = { 0 };
    struct err result = answer_question(in, &q, out, note);
    vec_fini(&q.managers);
    vec_fini(&q.pending);
    vec_fini(&q.needs);
    return result;
}

const struct calc_row calc_resource_allocation = {
    .name = "resource-allocation",
    .summary = "which slots the slot manager grants, and which workers it starts or lets go",
    .fields = fields,
    .field_count = sizeof fields / sizeof *fields,
    .answers = "fulfil: unfulfillable (true or false), on_registered: {id: [{profile, count}]}, "
               "on_pending: the same (new workers are new-0, new-1, ...), new_workers; reconcile: "
               "release_task_managers, release_pending, new_workers",
    .example = "{\"op\": \"fulfil\", \"strategy\": \"SLOTS\", \"worker\": {\"profile\": {\"cpu\": "
               "4, \"memory\": 4096}, \"slots\": 4}, \"task_managers\": [{\"id\": \"tm-1\", "
               "\"total\": {\"cpu\": 4, \"memory\": 4096}, \"available\": {\"cpu\": 1, \"memory\": "
               "1024}}], \"requirements\": [{\"profile\": \"default\", \"count\": 3}]}",
    .answer = answer,
};
