/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading the script: when something happens (at a time, or on an event of the log) and what. One
 * verb per item; a verb over a list of TaskManagers becomes an event for each.
 */
#include <string.h>

#include "core/base/check.h"
#include "core/base/text.h"
#include "sim/load/event_words.h"
#include "sim/load/quantity.h"
#include "sim/load/scenario_read.h"

enum { LABEL_LENGTH_MAX = 96, NAMES_COMPARED = 1000 };
#define EVERY_MIN TIME_MS

/* As the file gives them, one struct for all verbs. */
struct event_values {
    struct scripted_event event;
    const struct tree_node *task_managers; /* a name, a way to choose, or a list of names */
};

typedef struct err verb_reader(struct scenario_reader *reader, const struct tree_node *node,
                               struct event_values *v);

static verb_reader read_add, read_fault, read_fail, read_job_verb, read_rescale, read_fail_storage;

static verb_reader *const verb_readers[ACTION_KIND_COUNT] = {
    [ACTION_ADD] = read_add,
    [ACTION_STOP] = read_fault,
    [ACTION_KILL] = read_fault,
    [ACTION_FREEZE] = read_fault,
    [ACTION_CUT] = read_fault,
    [ACTION_SLOW] = read_fault,
    [ACTION_LOSS] = read_fault,
    [ACTION_THROTTLE] = read_fault,
    [ACTION_FAIL_STORAGE] = read_fail_storage,
    [ACTION_FAIL_TASK] = read_fail,
    [ACTION_CANCEL] = read_job_verb,
    [ACTION_STOP_JOB] = read_job_verb,
    [ACTION_SAVEPOINT] = read_job_verb,
    [ACTION_RESCALE] = read_rescale,
};

#define X(kind, word) [ACTION_##kind] = word,
const char *const action_words[ACTION_KIND_COUNT] = { ACTIONS(X) };
#undef X

#define EVENT(member, key, kind, range) FIELD(struct event_values, event.member, key, kind, range)

static const struct field event_fields[] = { EVENT(trigger.at, "at", DURATION, NOT_NEGATIVE),
                                             EVENT(trigger.event, "on", TEXT, ANY),
                                             EVENT(trigger.value, "value", COUNT, NOT_NEGATIVE),
                                             EVENT(trigger.nth, "nth", COUNT32, POSITIVE),
                                             EVENT(trigger.after, "after", DURATION, NOT_NEGATIVE),
                                             EVENT(trigger.every, "every", DURATION, POSITIVE),
                                             EVENT(label, "label", TEXT, ANY),
#define X(kind, word) FIELD_BY_HAND(word),
                                             ACTIONS(X)
#undef X
};

static const char choice_list[] = ", random, in-use or idle";
static const char *const choices[] = { "random", "in-use", "idle" };
static const enum target_kind choice_targets[] = { TARGET_RANDOM, TARGET_IN_USE, TARGET_IDLE };

/* Of the ways to choose and the names in the file; tm1, tm2 and so on are too many to be near. */
static const char *nearest_target(const struct scenario_reader *reader,
                                  const struct tree_node *node, bool job_manager_too,
                                  char out[FIELD_HINT_MAX])
{
    VEC(const char *) known = { 0 };
    const struct cluster_spec *cluster = &reader->scenario->cluster;
    out[0] = '\0';
    if (node->kind != TREE_SCALAR)
        return out;
    for (size_t i = 0; i < FIELDS_COUNT(choices); i++)
        vec_push(&known, choices[i]);
    if (job_manager_too)
        vec_push(&known, "jobmanager");
    for (size_t i = 0; i < cluster->named.count && i < NAMES_COMPARED; i++)
        vec_push(&known, cluster->named.items[i].name);
    field_hint(out, node->text, known.items, known.count);
    vec_fini(&known);
    return out;
}

/* A TaskManager that is there, or the JobManager where the verb can hit it. */
static struct err need_node(const struct scenario_reader *reader, const struct tree_node *node,
                            bool job_manager_too, const char *otherwise)
{
    if (node->kind == TREE_SCALAR && scenario_may_have(reader, node->text))
        return OK;
    bool is_job_manager = node->kind == TREE_SCALAR && text_equal(node->text, "jobmanager");
    if (is_job_manager && job_manager_too)
        return OK;
    if (is_job_manager)
        return tree_expected(node, ERR_BAD_VALUE_CODE, reader->note,
                             "a TaskManager: without high availability all jobs would end with the "
                             "one JobManager (freeze, cut, slow, loss and throttle can hit it)");
    char hint[FIELD_HINT_MAX];
    return tree_expected(node, ERR_BAD_VALUE_CODE, reader->note, "the name of a TaskManager%s%s%s",
                         job_manager_too ? ", jobmanager" : "", otherwise,
                         nearest_target(reader, node, job_manager_too, hint));
}

#define TARGETS FIELD_BY_HAND("task-manager"), EVENT(count, "count", COUNT32, POSITIVE)
#define LASTS   EVENT(duration, "for", DURATION, POSITIVE)

static const struct field stop_fields[] = { TARGETS,
                                            EVENT(grace, "grace", DURATION, NOT_NEGATIVE) };
static const struct field kill_fields[] = { TARGETS };
static const struct field freeze_fields[] = { TARGETS, LASTS };
static const struct field cut_fields[] = { TARGETS, LASTS, EVENT(peer, "from", TEXT, ANY) };
static const struct field slow_fields[] = { TARGETS, LASTS,
                                            EVENT(factor, "factor", NUMBER, POSITIVE) };
static const struct field loss_fields[] = { TARGETS, LASTS, EVENT(peer, "from", TEXT, ANY),
                                            EVENT(factor, "probability", SHARE, SHARE) };
static const struct field throttle_fields[] = {
    TARGETS,
    LASTS,
    EVENT(peer, "from", TEXT, ANY),
    EVENT(factor, "loss", SHARE, SHARE),
    EVENT(more_latency, "latency", DURATION, NOT_NEGATIVE),
    EVENT(bandwidth_bps, "bandwidth", BITS, POSITIVE),
};

/* What a fault takes beside the TaskManager, and what it cannot do without. */
static const struct fault_shape {
    const struct field *fields;
    size_t count;
    const char *needed;   /* null: only the TaskManager */
    bool job_manager_too; /* can it hit the JobManager? */
} fault_shapes[ACTION_KIND_COUNT] = {
    [ACTION_STOP] = { stop_fields, FIELDS_COUNT(stop_fields), NULL, false },
    [ACTION_KILL] = { kill_fields, FIELDS_COUNT(kill_fields), NULL, false },
    [ACTION_FREEZE] = { freeze_fields, FIELDS_COUNT(freeze_fields), NULL, true },
    [ACTION_CUT] = { cut_fields, FIELDS_COUNT(cut_fields), NULL, true },
    [ACTION_SLOW] = { slow_fields, FIELDS_COUNT(slow_fields), "factor", true },
    [ACTION_LOSS] = { loss_fields, FIELDS_COUNT(loss_fields), "probability", true },
    [ACTION_THROTTLE] = { throttle_fields, FIELDS_COUNT(throttle_fields), "from", true },
};

static struct err read_fault_map(struct scenario_reader *reader, const struct tree_node *node,
                                 struct event_values *v)
{
    const struct fault_shape *shape = &fault_shapes[v->event.kind];
    const struct tree_node *needed;
    TRY(fields_read(node, shape->fields, shape->count, v, reader->note));
    TRY(field_need_child(node, "task-manager", &v->task_managers, reader->note));
    if (shape->needed)
        TRY(field_need_child(node, shape->needed, &needed, reader->note));
    if (v->event.kind == ACTION_SLOW && v->event.factor > 1)
        return tree_expected(tree_find(node, "factor"), ERR_BAD_VALUE_CODE, reader->note,
                             "a share of the speed, above 0 and at most 1");
    if (v->event.kind == ACTION_SLOW && v->event.factor < MACHINE_SPEED_MIN)
        return tree_expected(
            tree_find(node, "factor"), ERR_BAD_VALUE_CODE, reader->note,
            "at least 0.000001 of the speed, or 'freeze': a host that stands still");
    if (v->event.kind == ACTION_THROTTLE && v->event.factor <= 0 && v->event.more_latency <= 0 &&
        v->event.bandwidth_bps <= 0)
        return tree_error(node, ERR_MISSING_CODE, reader->note,
                          "found nothing that gets worse, expected latency, bandwidth or loss");
    const struct tree_node *peer = field_child(node, "from");
    return peer ? need_node(reader, peer, true, "") : OK;
}

/* A link has two ends. */
static struct err need_other_end(const struct scenario_reader *reader, const struct tree_node *node,
                                 const struct event_values *v)
{
    if (!v->event.peer || !text_equal(node->text, v->event.peer))
        return OK;
    return tree_expected(node, ERR_BAD_VALUE_CODE, reader->note,
                         "another one than in 'from': nothing has a link to itself");
}

/* Where no machine comes beside those of the start there can be no more. */
static struct err check_count(const struct scenario_reader *reader, const struct tree_node *node,
                              const struct event_values *v)
{
    const struct cluster_spec *cluster = &reader->scenario->cluster;
    if (cluster->churn.kind != CHURN_NONE || reader->events_add || v->event.count <= cluster->count)
        return OK;
    const struct tree_node *count = tree_find(node, "count");
    if (!count)
        return OK; /* one, where there is none: said when it does not happen */
    return tree_expected(count, ERR_BAD_VALUE_CODE, reader->note,
                         "at most the TaskManagers there are, %u", cluster->count);
}

/* stop, kill, freeze, cut, slow, loss, throttle */
static struct err read_fault(struct scenario_reader *reader, const struct tree_node *node,
                             struct event_values *v)
{
    const struct fault_shape *shape = &fault_shapes[v->event.kind];
    v->task_managers = node;
    if (node->kind == TREE_MAP)
        TRY(read_fault_map(reader, node, v));
    else if (shape->needed)
        return tree_expected(node, ERR_BAD_VALUE_CODE, reader->note,
                             "a map with task-manager and %s", shape->needed);
    const struct tree_node *who = v->task_managers;
    for (size_t i = 0; who->kind == TREE_SCALAR && i < FIELDS_COUNT(choices); i++) {
        if (text_equal(who->text, choices[i])) {
            v->event.target = choice_targets[i];
            v->task_managers = NULL;
            return check_count(reader, node, v);
        }
    }
    v->event.target = TARGET_NAMED;
    if (tree_find(node, "count"))
        return tree_error(
            tree_find(node, "count"), ERR_BAD_VALUE_CODE, reader->note,
            "found a count for TaskManagers by name, expected random, in-use or idle");
    if (who->kind != TREE_LIST) {
        TRY(need_node(reader, who, shape->job_manager_too, choice_list));
        return need_other_end(reader, who, v);
    }
    if (who->count == 0)
        return tree_error(who, ERR_MISSING_CODE, reader->note, "found no names, expected some");
    for (const struct tree_node *item = who->first; item; item = item->next) {
        TRY(need_node(reader, item, shape->job_manager_too, ""));
        TRY(need_other_end(reader, item, v));
    }
    return OK;
}

/* add: 2, add: tm3, add: [tm3, tm4]; names are known from then on. */
static struct err read_add(struct scenario_reader *reader, const struct tree_node *node,
                           struct event_values *v)
{
    int64_t count = 0;
    v->event.target = TARGET_NAMED;
    if (node->kind == TREE_SCALAR && !err_is(quantity_count(node->text, &count))) {
        if (count < 1 || count > SCENARIO_TASK_MANAGERS_MAX)
            return tree_expected(node, ERR_BAD_VALUE_CODE, reader->note,
                                 "a number of TaskManagers from 1 to %d",
                                 SCENARIO_TASK_MANAGERS_MAX);
        v->event.count = (uint32_t)count;
        return OK;
    }
    if (node->kind == TREE_MAP || (node->kind == TREE_LIST && node->count == 0))
        return tree_expected(node, ERR_BAD_VALUE_CODE, reader->note,
                             "a number of TaskManagers, a name or a list of names");
    if (v->event.trigger.every != TIME_NEVER)
        return tree_error(node, ERR_BAD_VALUE_CODE, reader->note,
                          "found names added again and again, expected a number of TaskManagers");
    v->task_managers = node;
    if (node->kind != TREE_LIST)
        return scenario_declare_task_manager(reader, node);
    for (const struct tree_node *item = node->first; item; item = item->next)
        TRY(scenario_declare_task_manager(reader, item));
    return OK;
}

/* Verbs whose value is a job, or a map with one. */
static struct err read_job_verb(struct scenario_reader *reader, const struct tree_node *node,
                                struct event_values *v)
{
    static const struct field plain[] = { FIELD_BY_HAND("job") };
    static const struct field stop[] = { FIELD_BY_HAND("job"), EVENT(drain, "drain", FLAG, ANY) };
    const struct tree_node *job = node;
    if (node->kind == TREE_MAP) {
        if (v->event.kind == ACTION_STOP_JOB)
            TRY(fields_read(node, stop, FIELDS_COUNT(stop), v, reader->note));
        else
            TRY(fields_read(node, plain, FIELDS_COUNT(plain), v, reader->note));
        job = field_child(node, "job");
    }
    return scenario_find_job(reader, node, job, &v->event.job);
}

/* fail: VERTEX, or { job, vertex, subtask } */
static struct err read_fail(struct scenario_reader *reader, const struct tree_node *node,
                            struct event_values *v)
{
    static const struct field fields[] = { FIELD_BY_HAND("job"), FIELD_BY_HAND("vertex"),
                                           EVENT(subtask, "subtask", COUNT32, NOT_NEGATIVE) };
    const struct tree_node *vertex = node, *job = NULL;
    if (node->kind == TREE_MAP) {
        TRY(fields_read(node, fields, FIELDS_COUNT(fields), v, reader->note));
        TRY(field_need_child(node, "vertex", &vertex, reader->note));
        job = field_child(node, "job");
    }
    TRY(scenario_find_job(reader, node, job, &v->event.job));
    const struct job_spec *spec = &reader->scenario->jobs.items[v->event.job.n];
    TRY(scenario_find_vertex(spec, vertex, &v->event.vertex, reader->note));
    return scenario_check_subtask(reader, spec, node, v->event.vertex, v->event.subtask);
}

static struct err read_rescale(struct scenario_reader *reader, const struct tree_node *node,
                               struct event_values *v)
{
    return scenario_read_bounds(reader, node, &v->event);
}

static const char *const request_words[STORAGE_REQUESTS_COUNT] = { "all", "writes", "reads" };

/* fail-storage: writes, or { requests: writes, for: 30s } */
static struct err read_fail_storage(struct scenario_reader *reader, const struct tree_node *node,
                                    struct event_values *v)
{
    static const struct field fields[] = { FIELD_BY_HAND("requests"), LASTS };
    const struct tree_node *word = node;
    size_t requests = STORAGE_ALL;
    if (node->kind == TREE_MAP) {
        TRY(fields_read(node, fields, FIELDS_COUNT(fields), v, reader->note));
        word = field_child(node, "requests");
    }
    if (word)
        TRY(field_read_word(word, "requests that fail", request_words, STORAGE_REQUESTS_COUNT,
                            &requests, reader->note));
    v->event.requests = (enum storage_requests)requests;
    return OK;
}

/* What plots write at the event: verb and victim. */
static void make_label(const struct scenario *scenario, struct scripted_event *event)
{
    const char *verb = action_words[event->kind];
    char text[LABEL_LENGTH_MAX];
    const char *who = event->task_manager;
    if (event->label)
        return;
    if (event->kind == ACTION_FAIL_TASK) {
        const struct job_spec *job = &scenario->jobs.items[event->job.n];
        bool several = scenario->jobs.count > 1;
        text_format(text, sizeof text, "%s %s %u%s%s", verb,
                    job->graph->vertices.items[event->vertex.n].name, event->subtask,
                    several ? " of " : "", several ? job->name : "");
    } else if (event->kind == ACTION_FAIL_STORAGE) {
        text_format(text, sizeof text, "%s %s", verb, request_words[event->requests]);
    } else if (event->kind >= ACTION_CANCEL) {
        text_format(text, sizeof text, "%s %s", verb, scenario->jobs.items[event->job.n].name);
    } else if (who) {
        text_format(text, sizeof text, "%s %s", verb, who);
    } else if (event->kind == ACTION_ADD) {
        text_format(text, sizeof text, "%s %u", verb, event->count);
    } else {
        size_t choice = 0;
        while (choice_targets[choice] != event->target)
            choice++;
        text_format(text, sizeof text, "%s %u %s", verb, event->count, choices[choice]);
    }
    event->label = mem_copy_text(text);
}

void scenario_fini_event(struct scripted_event *event)
{
    mem_destroy(event->trigger.event);
    mem_destroy(event->task_manager);
    mem_destroy(event->peer);
    mem_destroy(event->label);
    vec_fini(&event->bounds);
}

static char *copy_or_null(const char *text)
{
    return text ? mem_copy_text(text) : NULL;
}

/* One event for each name; the first takes the values' own texts. */
static struct err add_events(struct scenario_reader *reader, const struct tree_node *node,
                             struct event_values *v)
{
    struct scenario *scenario = reader->scenario;
    const struct tree_node *names = v->task_managers;
    bool list = names && names->kind == TREE_LIST;
    const struct tree_node *name = list ? names->first : names;
    do {
        if (scenario->events.count == SCENARIO_EVENTS_MAX)
            return tree_error(node, ERR_BAD_VALUE_CODE, reader->note, "found more than %d events",
                              SCENARIO_EVENTS_MAX);
        struct scripted_event event = v->event;
        event.trigger.event = copy_or_null(v->event.trigger.event);
        event.peer = copy_or_null(v->event.peer);
        event.label = copy_or_null(v->event.label);
        event.task_manager = name ? mem_copy_text(name->text) : NULL;
        event.bounds = v->event.bounds; /* only without names: moves */
        memset(&v->event.bounds, 0, sizeof v->event.bounds);
        make_label(scenario, &event);
        vec_push(&scenario->events, event);
        name = list && name ? name->next : NULL;
    } while (name);
    return OK;
}

static struct err find_verb(const struct tree_node *node, enum action_kind *out,
                            const struct tree_node **what, struct note *note)
{
    *what = NULL;
    for (size_t i = 0; i < ACTION_KIND_COUNT; i++) {
        const struct tree_node *child = field_child(node, action_words[i]);
        if (!child)
            continue;
        if (*what)
            return tree_error(child, ERR_BAD_VALUE_CODE, note,
                              "found a second action beside '%s', expected one per event",
                              action_words[*out]);
        *out = (enum action_kind)i;
        *what = child;
    }
    if (!*what)
        return tree_error(node, ERR_MISSING_CODE, note,
                          "found no action, expected one such as kill: tm1");
    return OK;
}

static struct err read_event(struct scenario_reader *reader, const struct tree_node *node,
                             struct event_values *v)
{
    const struct tree_node *what;
    struct note *note = reader->note;
    TRY(fields_read(node, event_fields, FIELDS_COUNT(event_fields), v, note));
    TRY(find_verb(node, &v->event.kind, &what, note));
    bool timed = v->event.trigger.at != TIME_NEVER;
    if (timed == (v->event.trigger.event != NULL))
        return tree_error(node, ERR_MISSING_CODE, note, "found %s, expected either 'at' or 'on'",
                          timed ? "both" : "no time");
    if (v->event.trigger.every < EVERY_MIN)
        return tree_expected(tree_find(node, "every"), ERR_BAD_VALUE_CODE, note,
                             "a duration of at least 1 ms");
    const struct tree_node *value = field_child(node, "value"), *nth = field_child(node, "nth");
    if (timed && (value || nth))
        return tree_error(value ? value : nth, ERR_BAD_VALUE_CODE, note,
                          "found a key that goes with 'on', expected none here");
    if (!timed)
        TRY(event_words_check(field_child(node, "on"), reader->speakers, note));
    TRY(verb_readers[v->event.kind](reader, what, v));
    return add_events(reader, node, v);
}

struct err scenario_read_event(struct scenario_reader *reader, const struct tree_node *node)
{
    struct event_values v = {
        .event = { .trigger = { .at = TIME_NEVER, .value = -1, .nth = 1, .every = TIME_NEVER },
                   .count = 1,
                   .duration = TIME_NEVER,
                   .grace = 30 * TIME_S,
                   .job = job_id_none(),
                   .vertex = vertex_id_none() }
    };
    struct err e =
        field_need(node, TREE_MAP, "an event such as { at: 1h, kill: tm1 }", reader->note);
    if (!err_is(e))
        e = read_event(reader, node, &v);
    scenario_fini_event(&v.event);
    return e;
}
