/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading TaskManagers: the machine they run on, those with names and machines of their own, and
 * which names there can be. What an entry does not say is the cluster's.
 */
#include <string.h>

#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/text.h"
#include "sim/load/scenario_read.h"

static const char *const reserved_names[] = { "jobmanager", "random", "in-use", "idle" };

enum { NAME_MAX_LETTERS = 64 };

/* The keys of a machine, and how many there are. */
struct machine_values {
    struct machine_spec machine;
    uint32_t count;
};

#define MACHINE_FIELDS                                                                             \
    FIELD(struct machine_values, machine.cores, "cores", NUMBER, POSITIVE),                        \
        FIELD(struct machine_values, machine.speed, "speed", NUMBER, POSITIVE),                    \
        FIELD(struct machine_values, machine.memory_bytes, "memory", SIZE, POSITIVE),              \
        FIELD(struct machine_values, machine.slots, "slots", COUNT32, POSITIVE),                   \
        FIELD(struct machine_values, machine.network_bps, "network", BITS, POSITIVE),              \
        FIELD(struct machine_values, machine.disk_bps, "disk", BYTE_RATE, POSITIVE),               \
        FIELD(struct machine_values, machine.boot, "boot", DISTRIBUTION, ANY),                     \
        FIELD(struct machine_values, machine.price_per_hour, "price", PRICE, NOT_NEGATIVE),        \
        FIELD(struct machine_values, count, "count", COUNT32, NOT_NEGATIVE)

static struct err check_machine(const struct tree_node *node, const struct machine_values *v,
                                struct note *note)
{
    if (v->machine.cores > SCENARIO_CORES_MAX)
        return tree_expected(tree_find(node, "cores"), ERR_BAD_VALUE_CODE, note, "at most %d",
                             SCENARIO_CORES_MAX);
    if (v->machine.speed < MACHINE_SPEED_MIN)
        return tree_expected(tree_find(node, "speed"), ERR_BAD_VALUE_CODE, note,
                             "at least 0.000001, or the event 'freeze': a host that stands still");
    if (v->machine.slots > SCENARIO_SLOTS_MAX)
        return tree_expected(tree_find(node, "slots"), ERR_BAD_VALUE_CODE, note, "at most %d",
                             SCENARIO_SLOTS_MAX);
    if (v->count > SCENARIO_TASK_MANAGERS_MAX)
        return tree_expected(tree_find(node, "count"), ERR_BAD_VALUE_CODE, note, "at most %d",
                             SCENARIO_TASK_MANAGERS_MAX);
    return OK;
}

struct err scenario_read_machine(struct scenario_reader *reader, const struct tree_node *node)
{
    static const struct field fields[] = { MACHINE_FIELDS };
    struct cluster_spec *cluster = &reader->scenario->cluster;
    struct machine_values v = { cluster->machine, cluster->count };
    TRY(fields_read(node, fields, FIELDS_COUNT(fields), &v, reader->note));
    TRY(check_machine(node, &v, reader->note));
    cluster->machine = v.machine;
    cluster->count = v.count;
    return OK;
}

/* What is not said follows from the rest. */
void scenario_settle_machine(struct machine_spec *machine, const struct config *config)
{
    if (machine->slots == 0) {
        bool usable = config->tm_slots > 0 && config->tm_slots <= SCENARIO_SLOTS_MAX;
        machine->slots = usable ? (uint32_t)config->tm_slots : 1;
    }
    if (machine->cores == 0)
        machine->cores = machine->slots;
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
    return p > text && p - text <= NAME_MAX_LETTERS;
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

/* Names go into the cluster's list and into the look-up, checked. `said` is where the file says
 * it. */
static struct err add_named(struct scenario_reader *reader, const struct tree_node *said,
                            const char *name, const struct task_manager_spec *like)
{
    struct cluster_spec *cluster = &reader->scenario->cluster;
    struct note *note = reader->note;
    for (size_t i = 0; i < FIELDS_COUNT(reserved_names); i++)
        if (text_equal(name, reserved_names[i]))
            return tree_expected(said, ERR_BAD_VALUE_CODE, note, "a name that means nothing else");
    uint32_t number = number_of(name);
    bool counted = number && number <= cluster->count;
    if (counted || find_named(reader, name) != SIZE_MAX)
        return tree_expected(said, ERR_DUPLICATE_CODE, note, "a name not used before%s",
                             counted ? " (task-manager.count uses it)" : "");
    if (cluster->named.count == SCENARIO_TASK_MANAGERS_MAX)
        return tree_expected(said, ERR_BAD_VALUE_CODE, note, "at most %d TaskManagers",
                             SCENARIO_TASK_MANAGERS_MAX);
    index_map_put(&reader->task_managers, hash_add_text(0, name), (uint32_t)cluster->named.count);
    struct task_manager_spec spec = *like;
    spec.name = mem_copy_text(name);
    vec_push(&cluster->named, spec);
    return OK;
}

static struct err need_name(const struct tree_node *name, struct note *note)
{
    if (name->kind == TREE_SCALAR && is_name(name->text))
        return OK;
    return tree_expected(name, ERR_BAD_VALUE_CODE, note,
                         "a name of letters, digits, '-', '_' and '.'");
}

struct err scenario_declare_task_manager(struct scenario_reader *reader,
                                         const struct tree_node *name)
{
    size_t known = name->kind == TREE_SCALAR ? find_named(reader, name->text) : SIZE_MAX;
    if (known != SIZE_MAX && reader->scenario->cluster.named.items[known].at == TIME_NEVER)
        return OK;
    TRY(need_name(name, reader->note));
    struct task_manager_spec spec = { .at = TIME_NEVER,
                                      .machine = reader->scenario->cluster.machine };
    return add_named(reader, name, name->text, &spec);
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

/* One name, or with a count NAME-1, NAME-2, ... */
static struct err add_all(struct scenario_reader *reader, const struct tree_node *name,
                          const struct task_manager_spec *like, const uint32_t *count)
{
    char text[NAME_MAX_LETTERS + 16];
    TRY(need_name(name, reader->note));
    if (!count)
        return add_named(reader, name, name->text, like);
    for (uint32_t i = 1; i <= *count; i++) {
        text_format(text, sizeof text, "%s-%u", name->text, i);
        TRY(add_named(reader, name, text, like));
    }
    return OK;
}

static struct err read_named(struct scenario_reader *reader, const struct tree_node *node)
{
    static const struct field fields[] = { MACHINE_FIELDS, FIELD_BY_HAND("name"),
                                           FIELD_BY_HAND("at") };
    struct scenario *scenario = reader->scenario;
    const struct tree_node *name = node;
    struct machine_values v = { scenario->cluster.machine, 0 };
    time_ns at = 0;
    bool many = false;
    if (node->kind == TREE_MAP) {
        TRY(fields_read(node, fields, FIELDS_COUNT(fields), &v, reader->note));
        TRY(check_machine(node, &v, reader->note));
        TRY(field_need_child(node, "name", &name, reader->note));
        const struct tree_node *when = field_child(node, "at");
        bool never = when && when->kind == TREE_SCALAR && text_equal(when->text, "never");
        many = field_child(node, "count") != NULL;
        if (never)
            at = TIME_NEVER;
        else if (when)
            TRY(field_read(when, FIELD_DURATION, RANGE_NOT_NEGATIVE, &at, reader->note));
    }
    scenario_settle_machine(&v.machine, &scenario->config);
    struct task_manager_spec spec = { .at = at, .machine = v.machine };
    return add_all(reader, name, &spec, many ? &v.count : NULL);
}

struct err scenario_read_task_managers(struct scenario_reader *reader, const struct tree_node *node)
{
    TRY(field_need(node, TREE_LIST, "a list of names, or of { name, at }", reader->note));
    for (const struct tree_node *item = node->first; item; item = item->next)
        TRY(read_named(reader, item));
    return OK;
}

static double price_of(const struct machine_spec *machine)
{
    return machine->price_per_hour;
}

static double cores_of(const struct machine_spec *machine)
{
    return machine->cores;
}

static double memory_of(const struct machine_spec *machine)
{
    return (double)machine->memory_bytes;
}

static double most_of(const struct cluster_spec *cluster,
                      double (*of)(const struct machine_spec *machine))
{
    double most = of(&cluster->machine);
    for (VEC_EACH(const struct task_manager_spec, named, &cluster->named))
        most = of(&named->machine) > most ? of(&named->machine) : most;
    return most;
}

struct machine_spec scenario_machine_most(const struct cluster_spec *cluster)
{
    return (struct machine_spec){ .cores = most_of(cluster, cores_of),
                                  .memory_bytes = (int64_t)most_of(cluster, memory_of),
                                  .price_per_hour = most_of(cluster, price_of) };
}
