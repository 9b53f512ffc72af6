/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading `config` and `cluster`: machines, their names, the network, the file system and the times
 * that no timer explains. Defaults are here; where they come from stands in docs/scenario.md.
 */
#include <math.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/text.h"
#include "sim/load/scenario_read.h"

static const char *const providers[] = { "standalone" };
static const char *const reserved_names[] = { "jobmanager", "random", "in-use", "idle" };

#define CONST_TIME(value)                                                                          \
    {                                                                                              \
        DRAW_CONSTANT, value, value                                                                \
    }

static const struct timing_spec default_timing = {
    .job_manager_start = CONST_TIME(TIME_S),
    .submit = CONST_TIME(20 * TIME_MS),
    .create_graph = CONST_TIME(5 * TIME_MS),
    .deploy = CONST_TIME(20 * TIME_MS),
    .initialize = CONST_TIME(50 * TIME_MS),
    .cancel = CONST_TIME(20 * TIME_MS),
    .shutdown = CONST_TIME(20 * TIME_MS),
    .connection_loss = { DRAW_UNIFORM, 70 * TIME_MS, 600 * TIME_MS },
    .rpc_loss = { DRAW_UNIFORM, 50 * TIME_MS, 1400 * TIME_MS },
};

static const struct machine_spec default_machine = {
    .speed = 1,
    .memory_bytes = 4LL << 30,
    .network_bps = 10e9,
    .disk_bps = 500e6,
    .boot = CONST_TIME(5 * TIME_S),
};

static struct err unknown_option(const struct tree_node *node, struct note *note)
{
    const char **keys = mem_create_array(config_option_count, sizeof *keys);
    for (size_t i = 0; i < config_option_count; i++)
        keys[i] = config_options[i].key;
    char hint[FIELD_HINT_MAX];
    field_hint(hint, node->key, keys, config_option_count);
    mem_destroy(keys);
    return tree_error(node, ERR_UNKNOWN_KEY_CODE, note,
                      "found an unknown key, expected one of docs/configuration.md%s", hint);
}

/* What config_set says begins with the key, which the path has already. */
static struct err complain_of_value(const struct tree_node *node, struct err e, struct note *note)
{
    size_t length = strlen(node->key);
    if (note && strncmp(note->text, node->key, length) == 0 &&
        strncmp(note->text + length, ": ", 2) == 0)
        memmove(note->text, note->text + length + 2, strlen(note->text + length + 2) + 1);
    return tree_prefix(node, e, note);
}

struct err scenario_read_config(const struct tree_node *node, struct config *config,
                                struct note *note)
{
    if (!node || node->kind == TREE_NULL)
        return OK;
    TRY(field_need(node, TREE_MAP, "a map of Flink's configuration keys", note));
    for (const struct tree_node *item = node->first; item; item = item->next) {
        if (item->kind != TREE_SCALAR && item->kind != TREE_NULL)
            return tree_expected(item, ERR_BAD_VALUE_CODE, note,
                                 "a single value (the key is written with its dots)");
        struct err e = config_set(config, item->key, item->text, note);
        if (e.code == ERR_UNKNOWN_KEY_CODE)
            return unknown_option(item, note);
        if (err_is(e))
            return complain_of_value(item, e, note);
    }
    struct err e = config_check(config, note);
    return err_is(e) ? tree_prefix(node, e, note) : OK;
}

static struct err read_machine(struct scenario_reader *reader, const struct tree_node *node)
{
    static const struct field fields[] = {
        FIELD(struct cluster_spec, machine.cores, "cores", NUMBER, POSITIVE),
        FIELD(struct cluster_spec, machine.speed, "speed", NUMBER, POSITIVE),
        FIELD(struct cluster_spec, machine.memory_bytes, "memory", SIZE, POSITIVE),
        FIELD(struct cluster_spec, machine.slots, "slots", COUNT32, POSITIVE),
        FIELD(struct cluster_spec, machine.network_bps, "network", BITS, POSITIVE),
        FIELD(struct cluster_spec, machine.disk_bps, "disk", BYTE_RATE, POSITIVE),
        FIELD(struct cluster_spec, machine.boot, "boot", DISTRIBUTION, ANY),
        FIELD(struct cluster_spec, machine.price_per_hour, "price", PRICE, NOT_NEGATIVE),
        FIELD(struct cluster_spec, count, "count", COUNT32, NOT_NEGATIVE),
    };
    struct cluster_spec *cluster = &reader->scenario->cluster;
    TRY(fields_read(node, fields, FIELDS_COUNT(fields), cluster, reader->note));
    if (cluster->machine.cores > SCENARIO_CORES_MAX)
        return tree_expected(tree_find(node, "cores"), ERR_BAD_VALUE_CODE, reader->note,
                             "at most %d", SCENARIO_CORES_MAX);
    if (cluster->machine.slots > SCENARIO_SLOTS_MAX)
        return tree_expected(tree_find(node, "slots"), ERR_BAD_VALUE_CODE, reader->note,
                             "at most %d", SCENARIO_SLOTS_MAX);
    if (cluster->count > SCENARIO_TASK_MANAGERS_MAX)
        return tree_expected(tree_find(node, "count"), ERR_BAD_VALUE_CODE, reader->note,
                             "at most %d", SCENARIO_TASK_MANAGERS_MAX);
    return OK;
}

static bool is_name(const char *text)
{
    const char *p = text;
    for (; *p; p++) {
        char c = *p;
        bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '-' || c == '_' || c == '.';
        if (!good)
            return false;
    }
    return p > text && p - text <= 64;
}

/* The number of a name such as tm12; 0 for any other name. */
static uint32_t number_of(const char *name)
{
    uint32_t number = 0;
    if (strncmp(name, "tm", 2) != 0 || name[2] == '0')
        return 0;
    for (const char *p = name + 2; *p; p++) {
        if (*p < '0' || *p > '9' || number > SCENARIO_TASK_MANAGERS_MAX)
            return 0;
        number = number * 10 + (uint32_t)(*p - '0');
    }
    return number;
}

/* A TaskManager the scenario names; SIZE_MAX when it names none so. */
static size_t find_named(const struct scenario_reader *reader, const char *name)
{
    uint32_t index = index_map_get(&reader->task_managers, hash_add_text(0, name));
    return index == INDEX_NONE ? SIZE_MAX : index;
}

/* Names go into the cluster's list and into the look-up, checked. */
static struct err add_named(struct scenario_reader *reader, const struct tree_node *name,
                            time_ns at)
{
    struct cluster_spec *cluster = &reader->scenario->cluster;
    struct note *note = reader->note;
    if (name->kind != TREE_SCALAR || !is_name(name->text))
        return tree_expected(name, ERR_BAD_VALUE_CODE, note,
                             "a name of letters, digits, '-', '_' and '.'");
    for (size_t i = 0; i < FIELDS_COUNT(reserved_names); i++)
        if (text_equal(name->text, reserved_names[i]))
            return tree_expected(name, ERR_BAD_VALUE_CODE, note, "a name that means nothing else");
    uint32_t number = number_of(name->text);
    bool counted = number && number <= cluster->count;
    if (counted || find_named(reader, name->text) != SIZE_MAX)
        return tree_expected(name, ERR_DUPLICATE_CODE, note, "a name not used before%s",
                             counted ? " (task-manager.count uses it)" : "");
    if (cluster->named.count == SCENARIO_TASK_MANAGERS_MAX)
        return tree_expected(name, ERR_BAD_VALUE_CODE, note, "at most %d TaskManagers",
                             SCENARIO_TASK_MANAGERS_MAX);
    index_map_put(&reader->task_managers, hash_add_text(0, name->text),
                  (uint32_t)cluster->named.count);
    vec_push(&cluster->named, (struct task_manager_spec){ mem_copy_text(name->text), at });
    return OK;
}

struct err scenario_declare_task_manager(struct scenario_reader *reader,
                                         const struct tree_node *name)
{
    size_t known = name->kind == TREE_SCALAR ? find_named(reader, name->text) : SIZE_MAX;
    if (known != SIZE_MAX && reader->scenario->cluster.named.items[known].at == TIME_NEVER)
        return OK;
    return add_named(reader, name, TIME_NEVER);
}

bool scenario_may_have(const struct scenario_reader *reader, const char *name)
{
    const struct cluster_spec *cluster = &reader->scenario->cluster;
    if (find_named(reader, name) != SIZE_MAX)
        return true;
    uint32_t number = number_of(name);
    if (!number)
        return false;
    return number <= cluster->count || cluster->churn.kind != CHURN_NONE || reader->events_add;
}

static struct err read_named(struct scenario_reader *reader, const struct tree_node *node)
{
    const struct tree_node *name = node;
    time_ns at = 0;
    if (node->kind == TREE_MAP) {
        static const struct field fields[] = { FIELD_BY_HAND("name"), FIELD_BY_HAND("at") };
        TRY(fields_read(node, fields, FIELDS_COUNT(fields), NULL, reader->note));
        TRY(field_need_child(node, "name", &name, reader->note));
        const struct tree_node *when = field_child(node, "at");
        bool never = when && when->kind == TREE_SCALAR && text_equal(when->text, "never");
        if (never)
            at = TIME_NEVER;
        else if (when)
            TRY(field_read(when, FIELD_DURATION, RANGE_NOT_NEGATIVE, &at, reader->note));
    }
    return add_named(reader, name, at);
}

static struct err read_timing(struct scenario_reader *reader, const struct tree_node *node)
{
    static const struct field fields[] = {
        FIELD(struct timing_spec, submit, "submit", DISTRIBUTION, ANY),
        FIELD(struct timing_spec, create_graph, "create-graph", DISTRIBUTION, ANY),
        FIELD(struct timing_spec, deploy, "deploy", DISTRIBUTION, ANY),
        FIELD(struct timing_spec, initialize, "initialize", DISTRIBUTION, ANY),
        FIELD(struct timing_spec, cancel, "cancel", DISTRIBUTION, ANY),
        FIELD(struct timing_spec, shutdown, "shutdown", DISTRIBUTION, ANY),
        FIELD(struct timing_spec, connection_loss, "connection-loss", DISTRIBUTION, ANY),
        FIELD(struct timing_spec, rpc_loss, "rpc-loss", DISTRIBUTION, ANY),
    };
    return fields_read(node, fields, FIELDS_COUNT(fields), &reader->scenario->cluster.timing,
                       reader->note);
}

static struct err read_small_parts(struct scenario_reader *reader, const struct tree_node *node)
{
    static const struct field job_manager_fields[] = {
        FIELD(struct timing_spec, job_manager_start, "boot", DISTRIBUTION, ANY),
    };
    static const struct field network_fields[] = {
        FIELD(struct network_spec, latency, "latency", DISTRIBUTION, ANY),
        FIELD(struct network_spec, loss, "loss", SHARE, SHARE),
        FIELD(struct network_spec, bandwidth_bps, "bandwidth", BITS, POSITIVE),
    };
    static const struct field dfs_fields[] = {
        FIELD(struct storage_spec, bandwidth, "bandwidth", BYTE_RATE, POSITIVE),
        FIELD(struct storage_spec, latency, "latency", DISTRIBUTION, ANY),
    };
    struct cluster_spec *cluster = &reader->scenario->cluster;
    const struct tree_node *part;
    if ((part = field_child(node, "job-manager")) != NULL)
        TRY(fields_read(part, job_manager_fields, FIELDS_COUNT(job_manager_fields),
                        &cluster->timing, reader->note));
    if ((part = field_child(node, "timing")) != NULL)
        TRY(read_timing(reader, part));
    if ((part = field_child(node, "network")) != NULL)
        TRY(fields_read(part, network_fields, FIELDS_COUNT(network_fields), &cluster->network,
                        reader->note));
    if ((part = field_child(node, "dfs")) != NULL)
        TRY(fields_read(part, dfs_fields, FIELDS_COUNT(dfs_fields), &cluster->dfs, reader->note));
    return OK;
}

static void set_defaults(struct scenario *scenario)
{
    struct cluster_spec *cluster = &scenario->cluster;
    cluster->provider = mem_copy_text(providers[0]);
    cluster->machine = default_machine;
    cluster->timing = default_timing;
    cluster->network.latency = distribution_constant(100 * TIME_US);
    cluster->network.bandwidth_bps = 10e9;
    cluster->dfs.bandwidth = 1.25e9; /* 10 gbit */
    cluster->dfs.latency = distribution_constant(5 * TIME_MS);
    cluster->churn.notice = 2 * TIME_MIN;
}

/* How many unnamed machines there are is said once, by a count or by the churn record; one when
 * nothing is said. */
static struct err settle_count(struct scenario_reader *reader, const struct tree_node *node)
{
    struct cluster_spec *cluster = &reader->scenario->cluster;
    const struct tree_node *machine = node ? field_child(node, "task-manager") : NULL;
    const struct tree_node *count = machine ? field_child(machine, "count") : NULL;
    bool record = cluster->churn.kind == CHURN_SERIES;
    if (record && count)
        return tree_error(count, ERR_BAD_VALUE_CODE, reader->note,
                          "found a count beside a churn record, expected only the record to say "
                          "how many there are (or churn: null)");
    if (!count && !record && !(node && field_child(node, "task-managers")))
        cluster->count = 1;
    return OK;
}

struct err scenario_read_cluster(struct scenario_reader *reader, const struct tree_node *node)
{
    static const struct field fields[] = {
        FIELD_BY_HAND("provider"),      FIELD_BY_HAND("job-manager"), FIELD_BY_HAND("task-manager"),
        FIELD_BY_HAND("task-managers"), FIELD_BY_HAND("churn"),       FIELD_BY_HAND("timing"),
        FIELD_BY_HAND("network"),       FIELD_BY_HAND("dfs"),
    };
    struct scenario *scenario = reader->scenario;
    struct cluster_spec *cluster = &scenario->cluster;
    const struct tree_node *part;
    set_defaults(scenario);
    if (node) {
        TRY(fields_read(node, fields, FIELDS_COUNT(fields), NULL, reader->note));
        size_t word;
        if ((part = field_child(node, "provider")) != NULL)
            TRY(field_read_word(part, "a provider", providers, FIELDS_COUNT(providers), &word,
                                reader->note));
        if ((part = field_child(node, "task-manager")) != NULL)
            TRY(read_machine(reader, part));
        if ((part = field_child(node, "task-managers")) != NULL) {
            TRY(field_need(part, TREE_LIST, "a list of names, or of { name, at }", reader->note));
            for (const struct tree_node *item = part->first; item; item = item->next)
                TRY(read_named(reader, item));
        }
        if ((part = field_child(node, "churn")) != NULL)
            TRY(scenario_read_churn(reader, part));
        TRY(read_small_parts(reader, node));
    }
    if (cluster->machine.slots == 0) {
        bool usable =
            scenario->config.tm_slots > 0 && scenario->config.tm_slots <= SCENARIO_SLOTS_MAX;
        cluster->machine.slots = usable ? (uint32_t)scenario->config.tm_slots : 1;
    }
    if (cluster->machine.cores == 0)
        cluster->machine.cores = cluster->machine.slots;
    return settle_count(reader, node);
}
