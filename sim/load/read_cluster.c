/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading `config` and `cluster`: machines, their names, the network, the file system and the times
 * that no timer explains. Defaults are here; where they come from stands in docs/scenario.md.
 */
#include <math.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/text.h"
#include "sim/load/scenario_read.h"

static const char *const providers[] = { "standalone" };

enum { VALUE_SHOWN = 60, LINKS_MAX = 1000 };

#define CONST_TIME(value)                                                                          \
    {                                                                                              \
        DRAW_CONSTANT, value, value                                                                \
    }

static const struct timing_spec default_timing = {
    .job_manager_start = CONST_TIME(TIME_S),
    .submit = CONST_TIME(20 * TIME_MS),
    .deploy = CONST_TIME(20 * TIME_MS),
    .initialize = CONST_TIME(50 * TIME_MS),
    .cancel = CONST_TIME(20 * TIME_MS),
    .shutdown = CONST_TIME(20 * TIME_MS),
    .connection_loss = { DRAW_UNIFORM, 70 * TIME_MS, 600 * TIME_MS },
    .rpc_loss = { DRAW_UNIFORM, 50 * TIME_MS, 500 * TIME_MS },
};

static const struct machine_spec default_machine = {
    .speed = 1,
    .memory_bytes = 4LL << 30,
    .network_bps = 10e9,
    .disk_bps = 500e6,
    .boot = CONST_TIME(5 * TIME_S),
};

/* The beginnings of keys that Flink has and Weir leaves alone: what they set is not in the model.
 * Source: the options classes of Flink 2.3. */
static const char *const known_to_flink[] = {
    "akka.",
    "blob.",
    "classloader.",
    "client.",
    "containerized.",
    "env.",
    "execution.attached",
    "execution.batch",
    "execution.checkpointing.data-inline-threshold",
    "execution.checkpointing.dir",
    "execution.checkpointing.file-merging.",
    "execution.checkpointing.savepoint-dir",
    "execution.checkpointing.storage",
    "execution.checkpointing.write-buffer-size",
    "external-resource",
    "fs.",
    "high-availability",
    "historyserver.",
    "io.",
    "jmx.",
    "job-result-store.",
    "jobmanager.archive",
    "jobmanager.memory.",
    "jobmanager.rpc.",
    "jobstore.",
    "kubernetes.",
    "metrics.",
    "pekko.",
    "pipeline.classpaths",
    "pipeline.generic-types",
    "pipeline.global-job-parameters",
    "pipeline.jars",
    "pipeline.name",
    "pipeline.object-reuse",
    "pipeline.serialization-config",
    "plugin.",
    "process.",
    "python.",
    "rest.",
    "s3.",
    "security.",
    "shuffle",
    "sql-client.",
    "state.",
    "table.",
    "taskmanager.memory.",
    "taskmanager.network.",
    "taskmanager.rpc.",
    "traces.",
    "web.",
    "yarn.",
    "zookeeper.",
};
enum { MISSPELT_LETTERS_MAX = 2 };

static bool is_known_to_flink(const char *key)
{
    for (size_t i = 0; i < sizeof known_to_flink / sizeof *known_to_flink; i++)
        if (strncmp(key, known_to_flink[i], strlen(known_to_flink[i])) == 0)
            return true;
    return false;
}

static struct err unknown_option(const struct tree_node *node, struct note *note)
{
    const char **keys = mem_create_array(config_option_count, sizeof *keys);
    for (size_t i = 0; i < config_option_count; i++)
        keys[i] = config_options[i].key;
    const char *nearest = text_nearest(node->key, keys, config_option_count);
    bool misspelt = nearest && text_distance(node->key, nearest) <= MISSPELT_LETTERS_MAX;
    mem_destroy(keys);
    if (!misspelt && is_known_to_flink(node->key))
        return tree_error(node, ERR_UNKNOWN_KEY_CODE, note,
                          "found a key of Flink's that Weir does not model, expected one of "
                          "docs/configuration.md (leave it out)");
    return tree_error(node, ERR_UNKNOWN_KEY_CODE, note,
                      "found an unknown key, expected one of docs/configuration.md%s%s%s",
                      nearest ? ", did you mean '" : "", nearest ? nearest : "",
                      nearest ? "'?" : "");
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

/* What config_check says begins with the key that is wrong: "KEY must be at least 1". When the key
 * stands here, the complaint is about its line and what it says. */
static struct err complain_of_rule(const struct tree_node *map, struct err e, struct note *note)
{
    static const char must_be[] = "must be ";
    if (!note)
        return e;
    size_t length = strcspn(note->text, " ");
    const char *rule = note->text + length + (note->text[length] == ' ');
    for (const struct tree_node *item = map->first; item; item = item->next) {
        if (strlen(item->key) != length || strncmp(note->text, item->key, length) != 0 ||
            item->kind != TREE_SCALAR)
            continue;
        struct note said = *note;
        rule = said.text + length + (said.text[length] == ' ');
        if (strncmp(rule, must_be, sizeof must_be - 1) == 0)
            return tree_expected(item, e.code, note, "%s", rule + sizeof must_be - 1);
        return tree_error(item, e.code, note, "found '%.*s', which %s", VALUE_SHOWN, item->text,
                          rule);
    }
    for (const struct tree_node *item = map->first; item; item = item->next) {
        struct note said = *note;
        if (item->kind == TREE_SCALAR && strstr(said.text, item->key))
            return tree_error(item, e.code, note, "found '%.*s', but %s", VALUE_SHOWN, item->text,
                              said.text);
    }
    return tree_prefix(map, e, note);
}

/* Flink's words for jobs of a kind that Weir does not run: better said now than when the dispatcher
 * turns the job down. */
static struct err refuse_batch(const struct tree_node *map, const struct config *config,
                               struct note *note)
{
    const struct tree_node *mode = field_child(map, "execution.runtime-mode");
    const struct tree_node *scheduler = field_child(map, "jobmanager.scheduler");
    if (mode && config->runtime_mode == RUNTIME_MODE_BATCH)
        return tree_expected(mode, ERR_BAD_VALUE_CODE, note,
                             "streaming (batch jobs are not supported yet)");
    if (scheduler && config->scheduler == SCHEDULER_ADAPTIVE_BATCH)
        return tree_expected(scheduler, ERR_BAD_VALUE_CODE, note,
                             "default or adaptive (batch jobs are not supported yet)");
    return OK;
}

struct err scenario_read_config(const struct tree_node *node, struct config *config,
                                struct note *note)
{
    if (!node || node->kind == TREE_NULL)
        return OK;
    TRY(field_need(node, TREE_MAP, "a map of Flink's configuration keys", note));
    for (const struct tree_node *item = node->first; item; item = item->next) {
        if (item->kind != TREE_SCALAR && item->kind != TREE_NULL)
            return tree_expected(item, ERR_BAD_VALUE_CODE, note, "a single value");
        struct err e = config_set(config, item->key, item->text, note);
        if (e.code == ERR_UNKNOWN_KEY_CODE)
            return unknown_option(item, note);
        if (err_is(e))
            return complain_of_value(item, e, note);
    }
    struct err e = config_check(config, note);
    return err_is(e) ? complain_of_rule(node, e, note) : refuse_batch(node, config, note);
}

static struct err read_timing(struct scenario_reader *reader, const struct tree_node *node)
{
    static const struct field fields[] = {
        FIELD(struct timing_spec, submit, "submit", DISTRIBUTION, ANY),
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

/* A name that a link can have; events that add TaskManagers are read later, so those must be named
 * in task-managers. */
static struct err need_end(const struct scenario_reader *reader, const struct tree_node *node)
{
    bool is_known = node->kind == TREE_SCALAR &&
                    (text_equal(node->text, "jobmanager") || scenario_may_have(reader, node->text));
    return is_known ? OK
                    : tree_expected(node, ERR_BAD_VALUE_CODE, reader->note,
                                    "the name of a TaskManager or jobmanager");
}

static bool is_same_pair(const struct link_spec *link, const char *a, const char *b)
{
    return (text_equal(link->ends[0], a) && text_equal(link->ends[1], b)) ||
           (text_equal(link->ends[0], b) && text_equal(link->ends[1], a));
}

/* { between: [tm1, tm2], latency: 5ms, bandwidth: 1gbit, loss: 1% } */
static struct err read_link(struct scenario_reader *reader, const struct tree_node *node)
{
    static const struct field fields[] = {
        FIELD_BY_HAND("between"),
        FIELD(struct link_spec, latency, "latency", DISTRIBUTION, ANY),
        FIELD(struct link_spec, bandwidth_bps, "bandwidth", BITS, POSITIVE),
        FIELD(struct link_spec, loss, "loss", SHARE, SHARE),
    };
    struct network_spec *network = &reader->scenario->cluster.network;
    struct link_spec link = { 0 };
    const struct tree_node *ends;
    TRY(field_need(node, TREE_MAP, "a map: { between: [a, b], bandwidth, ... }", reader->note));
    TRY(fields_read(node, fields, FIELDS_COUNT(fields), &link, reader->note));
    TRY(field_need_child(node, "between", &ends, reader->note));
    if (ends->kind != TREE_LIST || ends->count != 2)
        return tree_expected(ends, ERR_BAD_VALUE_CODE, reader->note, "two names: [tm1, tm2]");
    const struct tree_node *a = ends->first, *b = ends->first->next;
    TRY(need_end(reader, a));
    TRY(need_end(reader, b));
    if (text_equal(a->text, b->text))
        return tree_expected(b, ERR_BAD_VALUE_CODE, reader->note, "another name");
    for (VEC_EACH(const struct link_spec, other, &network->links))
        if (is_same_pair(other, a->text, b->text))
            return tree_error(ends, ERR_DUPLICATE_CODE, reader->note,
                              "found a pair that has a link already, expected another one");
    if (network->links.count == LINKS_MAX)
        return tree_error(node, ERR_BAD_VALUE_CODE, reader->note,
                          "found another link, expected at most %d", LINKS_MAX);
    link.has_latency = field_child(node, "latency") != NULL;
    link.has_loss = field_child(node, "loss") != NULL;
    link.ends[0] = mem_copy_text(a->text);
    link.ends[1] = mem_copy_text(b->text);
    vec_push(&network->links, link);
    return OK;
}

static struct err read_links(struct scenario_reader *reader, const struct tree_node *node)
{
    TRY(field_need(node, TREE_LIST, "a list of links", reader->note));
    for (const struct tree_node *item = node->first; item; item = item->next)
        TRY(read_link(reader, item));
    return OK;
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
        FIELD_BY_HAND("links"),
    };
    static const struct field dfs_fields[] = {
        FIELD(struct storage_spec, bandwidth, "bandwidth", BYTE_RATE, POSITIVE),
        FIELD(struct storage_spec, latency, "latency", DISTRIBUTION, ANY),
        FIELD(struct storage_spec, connections, "connections", COUNT32, POSITIVE),
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
    if (part && field_child(part, "links"))
        TRY(read_links(reader, field_child(part, "links")));
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
    cluster->dfs.connections = 4; /* state.backend.rocksdb.checkpoint.transfer.thread.num */
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
            TRY(scenario_read_machine(reader, part));
        if ((part = field_child(node, "task-managers")) != NULL)
            TRY(scenario_read_task_managers(reader, part));
        if ((part = field_child(node, "churn")) != NULL)
            TRY(scenario_read_churn(reader, part));
    }
    scenario_settle_machine(&cluster->machine, &scenario->config);
    TRY(settle_count(reader, node));
    return node ? read_small_parts(reader, node) : OK; /* links name TaskManagers */
}
