/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading what user code of a job does wrong by plan: throw while running, throw in a snapshot,
 * sleep in a snapshot. Each item of the list has one verb, whose value is the vertex.
 */
#include "core/base/text.h"
#include "sim/load/scenario_read.h"

struct verb {
    const char *key;
    enum planned_fault_kind kind;
    const struct field *fields;
    size_t field_count;
};

#define SUBTASK FIELD(struct planned_fault, subtask, "subtask", COUNT32, NOT_NEGATIVE)

static const struct field throw_fields[] = {
    FIELD_BY_HAND("throw"),
    SUBTASK,
    FIELD(struct planned_fault, after_start, "after", DURATION, NOT_NEGATIVE),
    FIELD(struct planned_fault, attempts, "attempts", COUNT32, POSITIVE),
};
static const struct field snapshot_throws_fields[] = {
    FIELD_BY_HAND("snapshot-throws"),
    SUBTASK,
    FIELD_BY_HAND("checkpoint"),
    FIELD(struct planned_fault, checkpoint_first, "from", COUNT, POSITIVE),
    FIELD(struct planned_fault, checkpoint_last, "to", COUNT, POSITIVE),
};
static const struct field snapshot_sleeps_fields[] = {
    FIELD_BY_HAND("snapshot-sleeps"),
    SUBTASK,
    FIELD(struct planned_fault, sleep, "for", DURATION, POSITIVE),
    FIELD_BY_HAND("checkpoint"),
    FIELD(struct planned_fault, checkpoint_first, "from", COUNT, POSITIVE),
    FIELD(struct planned_fault, checkpoint_last, "to", COUNT, POSITIVE),
};

static const struct verb verbs[] = {
    { "throw", FAULT_THROW, throw_fields, FIELDS_COUNT(throw_fields) },
    { "snapshot-throws", FAULT_SNAPSHOT_THROW, snapshot_throws_fields,
      FIELDS_COUNT(snapshot_throws_fields) },
    { "snapshot-sleeps", FAULT_SNAPSHOT_SLEEP, snapshot_sleeps_fields,
      FIELDS_COUNT(snapshot_sleeps_fields) },
};

/* `checkpoint: 3` is from 3 to 3. */
static struct err read_checkpoints(const struct tree_node *node, struct planned_fault *fault,
                                   struct note *note)
{
    const struct tree_node *one = field_child(node, "checkpoint"),
                           *from = field_child(node, "from");
    const struct tree_node *to = field_child(node, "to");
    int64_t checkpoint = 0;
    if (one && (from || to))
        return tree_error(one, ERR_BAD_VALUE_CODE, note,
                          "found a checkpoint beside from or to, expected one or the other");
    if (one) {
        TRY(field_read(one, FIELD_COUNT, RANGE_POSITIVE, &checkpoint, note));
        fault->checkpoint_first = fault->checkpoint_last = (uint64_t)checkpoint;
    }
    if (fault->checkpoint_last < fault->checkpoint_first)
        return tree_expected(to, ERR_BAD_VALUE_CODE, note, "at least 'from'");
    return OK;
}

static struct err complain_of_verb(const struct tree_node *node, struct note *note)
{
    const char *names[FIELDS_COUNT(verbs)];
    for (size_t i = 0; i < FIELDS_COUNT(verbs); i++)
        names[i] = verbs[i].key;
    for (const struct tree_node *child = node->first; child; child = child->next) {
        char hint[FIELD_HINT_MAX];
        if (*field_hint(hint, child->key, names, FIELDS_COUNT(verbs)))
            return tree_error(child, ERR_UNKNOWN_KEY_CODE, note,
                              "found an unknown key, expected a known one%s", hint);
    }
    return tree_error(node, ERR_MISSING_CODE, note,
                      "found no fault, expected throw, snapshot-throws or snapshot-sleeps");
}

struct err scenario_check_subtask(const struct scenario_reader *reader, const struct job_spec *job,
                                  const struct tree_node *node, struct vertex_id vertex,
                                  uint32_t subtask)
{
    const struct config *config = &job->graph->config;
    bool may_grow = config->scheduler_mode == SCHEDULER_MODE_REACTIVE ||
                    (config->scheduler == SCHEDULER_ADAPTIVE && reader->events_rescale);
    int32_t most = may_grow ? job_graph_max_parallelism(job->graph, vertex)
                            : job->graph->vertices.items[vertex.n].parallelism;
    if (subtask >= (uint32_t)most)
        return tree_expected(tree_find(node, "subtask"), ERR_BAD_VALUE_CODE, reader->note,
                             "below the vertex's %sparallelism, %d", may_grow ? "max " : "", most);
    return OK;
}

static struct err read_fault(const struct scenario_reader *reader, struct job_spec *job,
                             const struct tree_node *node)
{
    struct note *note = reader->note;
    const struct verb *verb = NULL;
    TRY(field_need(node, TREE_MAP, "a fault such as { throw: VERTEX, after: 1s }", note));
    for (size_t i = 0; i < FIELDS_COUNT(verbs); i++)
        if (field_child(node, verbs[i].key))
            verb = &verbs[i];
    if (!verb)
        return complain_of_verb(node, note);
    struct planned_fault fault = { .kind = verb->kind,
                                   .attempts = UINT32_MAX,
                                   .checkpoint_first = 1,
                                   .checkpoint_last = UINT64_MAX };
    TRY(fields_read(node, verb->fields, verb->field_count, &fault, note));
    TRY(read_checkpoints(node, &fault, note));
    if (fault.kind == FAULT_SNAPSHOT_SLEEP) {
        const struct tree_node *length;
        TRY(field_need_child(node, "for", &length, note));
    }
    TRY(scenario_find_vertex(job, field_child(node, verb->key), &fault.vertex, note));
    TRY(scenario_check_subtask(reader, job, node, fault.vertex, fault.subtask));
    vec_push(&job->faults, fault);
    return OK;
}

struct err scenario_read_faults(const struct scenario_reader *reader, struct job_spec *job,
                                const struct tree_node *node)
{
    TRY(field_need(node, TREE_LIST, "a list of faults", reader->note));
    for (const struct tree_node *item = node->first; item; item = item->next)
        TRY(read_fault(reader, job, item));
    return OK;
}
