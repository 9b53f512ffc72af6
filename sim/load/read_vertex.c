/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading a vertex of a job: what the graph needs to know (parallelism, group, chain) and what the
 * model needs to know (cost, bytes, state, keys, skew).
 */
#include <string.h>

#include "core/base/check.h"
#include "core/base/text.h"
#include "sim/load/quantity.h"
#include "sim/load/scenario_read.h"

static const double state_of_keys_max = 0x1p50, state_of_subtask_max = 0x1p40;

/* As the file gives them. */
struct vertex_values {
    struct vertex_model model;
    uint32_t parallelism, max_parallelism, partitions; /* 0: not given */
    char *name, *group, *colocation;
    enum operator_state operator_state;
    bool chain_is_keyed;
};

static const struct field vertex_fields[] = {
    FIELD(struct vertex_values, name, "name", TEXT, ANY),
    FIELD(struct vertex_values, parallelism, "parallelism", COUNT32, POSITIVE),
    FIELD(struct vertex_values, max_parallelism, "max-parallelism", COUNT32, POSITIVE),
    FIELD(struct vertex_values, model.cost_ns, "cost", DURATION_NS, NOT_NEGATIVE),
    FIELD(struct vertex_values, model.wait_ns, "wait", DURATION_NS, NOT_NEGATIVE),
    FIELD(struct vertex_values, model.record_bytes, "bytes", BYTES, NOT_NEGATIVE),
    FIELD(struct vertex_values, model.selectivity, "selectivity", NUMBER, NOT_NEGATIVE),
    FIELD_BY_HAND("state"),
    FIELD(struct vertex_values, model.keys, "keys", COUNT, POSITIVE),
    FIELD_BY_HAND("skew"),
    FIELD_BY_HAND("service"),
    FIELD(struct vertex_values, group, "group", TEXT, ANY),
    FIELD(struct vertex_values, colocation, "co-location", TEXT, ANY),
    FIELD_BY_HAND("chain"),
    FIELD_BY_HAND("operator-state"),
    FIELD(struct vertex_values, partitions, "partitions", COUNT32, POSITIVE),
    FIELD(struct vertex_values, model.source_function, "source-function", FLAG, ANY),
    FIELD(struct vertex_values, model.backlog_above, "backlog-above", DURATION, NOT_NEGATIVE),
    FIELD(struct vertex_values, model.snapshot_sync, "snapshot", DURATION, NOT_NEGATIVE),
    FIELD(struct vertex_values, model.close, "close", DURATION, NOT_NEGATIVE),
};

static const char *const operator_states[] = { "none", "split", "union", "broadcast" };

static bool skip_word(const char **text, const char *word)
{
    size_t length = strlen(word);
    if (strncmp(*text, word, length) != 0)
        return false;
    *text += length;
    return true;
}

static struct err read_service(const struct tree_node *node, double *cv, struct note *note)
{
    const char *text = node->kind == TREE_SCALAR ? node->text : "";
    bool good = true;
    if (text_equal(text, "constant"))
        *cv = 0;
    else if (text_equal(text, "exponential"))
        *cv = 1;
    else
        good = skip_word(&text, "cv ") && !err_is(quantity_number(text, cv)) && *cv >= 0;
    if (!good)
        return tree_expected(node, ERR_BAD_VALUE_CODE, note,
                             "constant, exponential or a variation such as cv 0.5");
    return OK;
}

static struct err state_expected(const struct tree_node *node, enum err_code code,
                                 struct note *note)
{
    return tree_expected(node, code, note,
                         "sizes joined by '+', each a SIZE, SIZE/key or SIZE/record, such as "
                         "200 bytes/key + 1mb");
}

/* One term: a size for each key, for each record, or for each subtask. */
static struct err read_state_term(const struct tree_node *node, const char *term,
                                  struct vertex_model *model, struct note *note)
{
    char size[64];
    const char *slash = strchr(term, '/');
    size_t length = slash ? (size_t)(slash - term) : strlen(term);
    int64_t bytes = 0;
    if (length >= sizeof size)
        return state_expected(node, ERR_BAD_VALUE_CODE, note);
    memcpy(size, term, length);
    size[length] = '\0';
    struct err e = quantity_size(size, &bytes);
    if (err_is(e))
        return state_expected(node, e.code, note);
    while (slash && slash[1] == ' ')
        slash++;
    if (!slash)
        model->state_fixed += (double)bytes;
    else if (text_equal(slash + 1, "key"))
        model->state_per_key += (double)bytes;
    else if (text_equal(slash + 1, "record"))
        model->state_growth += (double)bytes;
    else
        return state_expected(node, ERR_BAD_UNIT_CODE, note);
    return OK;
}

static struct err read_state(const struct tree_node *node, struct vertex_model *model,
                             struct note *note)
{
    char term[128];
    if (node->kind != TREE_SCALAR)
        return state_expected(node, ERR_BAD_VALUE_CODE, note);
    for (const char *p = node->text;; p++) {
        size_t length = strcspn(p, "+");
        if (length >= sizeof term)
            return state_expected(node, ERR_BAD_VALUE_CODE, note);
        memcpy(term, p, length);
        while (length && term[length - 1] == ' ')
            length--;
        term[length] = '\0';
        TRY(read_state_term(node, term, model, note));
        p += strcspn(p, "+");
        if (!*p)
            return OK;
    }
}

static struct err read_operator_state(const struct tree_node *node, enum operator_state *out,
                                      struct note *note)
{
    size_t word = 0;
    TRY(field_read_word(node, "a kind of operator state", operator_states,
                        FIELDS_COUNT(operator_states), &word, note));
    *out = (enum operator_state)word;
    return OK;
}

struct operator_values {
    char *name;
    bool keyed;
};

/* Behind the head of the chain: a name, or { name, keyed, operator-state }. */
static struct err read_chained(struct job_graph *graph, struct vertex_id vertex,
                               const struct tree_node *node, struct note *note)
{
    static const struct field fields[] = {
        FIELD(struct operator_values, name, "name", TEXT, ANY),
        FIELD(struct operator_values, keyed, "keyed", FLAG, ANY),
        FIELD_BY_HAND("operator-state"),
    };
    struct operator_values v = { 0 };
    enum operator_state state = OPERATOR_STATE_NONE;
    const struct tree_node *name = node, *kind = NULL;
    struct err e;
    if (node->kind == TREE_MAP) {
        e = fields_read(node, fields, FIELDS_COUNT(fields), &v, note);
        if (!err_is(e))
            e = field_need_child(node, "name", &name, note);
        kind = field_child(node, "operator-state");
    } else {
        e = field_read(node, FIELD_TEXT, RANGE_ANY, &v.name, note);
    }
    if (!err_is(e) && kind)
        e = read_operator_state(kind, &state, note);
    if (!err_is(e))
        job_graph_chain_operator(graph, vertex,
                                 &(struct job_operator){ .name = v.name,
                                                         .keyed_state = v.keyed,
                                                         .operator_state = state });
    mem_destroy(v.name);
    return e;
}

static const char *group_hint(const struct job_graph *graph, const char *word,
                              char hint[FIELD_HINT_MAX])
{
    const char **names = mem_create_array(graph->groups.count, sizeof *names);
    for (size_t i = 0; i < graph->groups.count; i++)
        names[i] = graph->groups.items[i].name;
    field_hint(hint, word, names, graph->groups.count);
    mem_destroy(names);
    return hint;
}

static struct err find_group(const struct job_spec *job, const struct tree_node *node,
                             const struct tree_node *groups, struct group_id *out,
                             struct note *note)
{
    char hint[FIELD_HINT_MAX];
    *out = (struct group_id){ 0 };
    if (!node)
        return OK;
    for (uint32_t i = 0; i < job->graph->groups.count; i++) {
        if (text_equal(job->graph->groups.items[i].name, node->text)) {
            *out = (struct group_id){ i };
            return OK;
        }
    }
    if (groups)
        return tree_expected(node, ERR_BAD_VALUE_CODE, note, "a group that 'groups' names%s",
                             group_hint(job->graph, node->text, hint));
    const struct resource_profile unknown = { .unknown = true };
    *out = job_graph_group(job->graph, node->text, &unknown);
    return OK;
}

/* Sizes that no storage has are mistakes, and sums of them would overflow. */
static struct err check_state(const struct tree_node *node, const struct vertex_model *model,
                              struct note *note)
{
    const struct tree_node *state = field_child(node, "state");
    if (model->state_per_key > 0 && model->keys == 0)
        return tree_error(state, ERR_MISSING_CODE, note,
                          "found state for each key and no 'keys', expected their number");
    if (model->state_per_key * (double)model->keys > state_of_keys_max)
        return tree_expected(state, ERR_BAD_VALUE_CODE, note,
                             "at most 1024 TiB for all keys together");
    if (model->state_fixed > state_of_subtask_max || model->state_growth > state_of_subtask_max)
        return tree_expected(state, ERR_BAD_VALUE_CODE, note,
                             "at most 1 TiB for a subtask or a record");
    return OK;
}

static struct err check_values(const struct tree_node *node, const struct vertex_values *v,
                               const struct config *config, struct note *note)
{
    const struct tree_node *parallelism = field_child(node, "parallelism");
    const struct tree_node *max = field_child(node, "max-parallelism"), *needed;
    TRY(field_need_child(node, "name", &needed, note));
    if (strchr(v->name, '>') || strchr(v->name, ','))
        return tree_expected(needed, ERR_BAD_VALUE_CODE, note, "a name without '>' and ','");
    if (v->max_parallelism > MAX_PARALLELISM_LIMIT)
        return tree_expected(max, ERR_BAD_VALUE_CODE, note, "at most %d", MAX_PARALLELISM_LIMIT);
    int64_t most = max ? (int64_t)v->max_parallelism : config->max_parallelism_default;
    if (most <= 0 || most > MAX_PARALLELISM_LIMIT)
        most = MAX_PARALLELISM_LIMIT;
    int64_t wanted = parallelism ? (int64_t)v->parallelism : config->parallelism_default;
    if (wanted > most)
        return tree_error(parallelism ? parallelism : node, ERR_BAD_VALUE_CODE, note,
                          "found parallelism %lld, expected at most the max parallelism, %lld",
                          (long long)wanted, (long long)most);
    return check_state(node, &v->model, note);
}

/* Vertices with equal `co-location` texts get equal numbers: that of the first such vertex. */
static void set_colocation(struct job_spec *job, const struct tree_node *node, uint32_t vertex)
{
    const struct tree_node *mine = field_child(node, "co-location");
    uint32_t number = 0;
    job->graph->vertices.items[vertex].colocation = ID_NONE;
    if (!mine)
        return;
    for (const struct tree_node *other = node->parent->first;; other = other->next, number++) {
        const struct tree_node *theirs = field_child(other, "co-location");
        if (theirs && theirs->kind == TREE_SCALAR && text_equal(theirs->text, mine->text))
            break;
    }
    job->graph->vertices.items[vertex].colocation = number;
}

/* State that is no operator's by the scenario's word is the head's, dealt out. */
static void give_head_the_rest(struct job_vertex *vertex, const struct vertex_model *model)
{
    bool keeps_some = model->state_fixed > 0 || model->state_growth > 0;
    for (VEC_EACH(const struct job_operator, op, &vertex->operators))
        keeps_some = keeps_some && !op->keyed_state && op->operator_state == OPERATOR_STATE_NONE;
    if (keeps_some)
        vertex->operators.items[0].operator_state = OPERATOR_STATE_SPLIT;
}

static struct err add_to_graph(struct job_spec *job, const struct tree_node *node,
                               const struct vertex_values *v, const struct tree_node *groups,
                               struct note *note)
{
    struct group_id group;
    struct vertex_id vertex;
    TRY(find_group(job, field_child(node, "group"), groups, &group, note));
    struct err e = job_graph_add_vertex(
        job->graph, v->name, v->parallelism ? (int32_t)v->parallelism : PARALLELISM_UNSET,
        v->max_parallelism ? (int32_t)v->max_parallelism : PARALLELISM_UNSET, group, &vertex, note);
    if (err_is(e))
        return tree_prefix(node, e, note);
    struct job_operator *head = job->graph->vertices.items[vertex.n].operators.items;
    head->operator_state = v->operator_state;
    head->keyed_state = v->model.keys > 0 && !v->chain_is_keyed;
    set_colocation(job, node, vertex.n);
    const struct tree_node *chain = field_child(node, "chain");
    if (chain)
        TRY(field_need(chain, TREE_LIST, "a list of operators", note));
    for (const struct tree_node *item = chain ? chain->first : NULL; item; item = item->next)
        TRY(read_chained(job->graph, vertex, item, note));
    give_head_the_rest(&job->graph->vertices.items[vertex.n], &v->model);
    vec_push(&job->vertices, v->model);
    return OK;
}

static struct err read_parts(const struct tree_node *node, struct vertex_values *v,
                             struct note *note)
{
    const struct tree_node *part;
    TRY(fields_read(node, vertex_fields, FIELDS_COUNT(vertex_fields), v, note));
    if ((part = field_child(node, "state")) != NULL)
        TRY(read_state(part, &v->model, note));
    if ((part = field_child(node, "service")) != NULL)
        TRY(read_service(part, &v->model.service_cv, note));
    if ((part = field_child(node, "operator-state")) != NULL)
        TRY(read_operator_state(part, &v->operator_state, note));
    if ((part = field_child(node, "chain")) != NULL)
        for (const struct tree_node *item = part->first; item; item = item->next) {
            const struct tree_node *keyed = field_child(item, "keyed");
            if (keyed && keyed->kind == TREE_SCALAR && text_equal(keyed->text, "true"))
                v->chain_is_keyed = true;
        }
    if (v->partitions > MAX_PARALLELISM_LIMIT)
        return tree_expected(tree_find(node, "partitions"), ERR_BAD_VALUE_CODE, note, "at most %d",
                             MAX_PARALLELISM_LIMIT);
    v->model.partitions = (int32_t)v->partitions;
    return OK;
}

struct err scenario_read_vertex(const struct scenario_reader *reader, struct job_spec *job,
                                const struct tree_node *node, const struct tree_node *groups)
{
    struct vertex_values v = { .model = { .cost_ns = 1000,
                                          .selectivity = 1,
                                          .record_bytes = 100,
                                          .service_cv = 1,
                                          .backlog_above = TIME_NEVER } };
    TRY(field_need(node, TREE_MAP, "a vertex: { name, cost, ... }", reader->note));
    struct err e = read_parts(node, &v, reader->note);
    if (!err_is(e))
        e = check_values(node, &v, &job->graph->config, reader->note);
    if (!err_is(e))
        e = add_to_graph(job, node, &v, groups, reader->note);
    mem_destroy(v.name);
    mem_destroy(v.group);
    mem_destroy(v.colocation);
    return e;
}

static struct err read_weights(struct job_spec *job, struct vertex_id vertex,
                               const struct tree_node *node, struct note *note)
{
    struct vertex_model *model = &job->vertices.items[vertex.n];
    int32_t groups = job_graph_max_parallelism(job->graph, vertex);
    double sum = 0;
    if (node->count != (size_t)groups)
        return tree_error(node, ERR_BAD_VALUE_CODE, note,
                          "found %zu weights, expected one for each of the %d key groups",
                          node->count, groups);
    model->skew = SKEW_WEIGHTS;
    for (const struct tree_node *item = node->first; item; item = item->next) {
        double weight = 0;
        TRY(field_read(item, FIELD_NUMBER, RANGE_NOT_NEGATIVE, &weight, note));
        vec_push(&model->weights, weight);
        sum += weight;
    }
    if (!(sum > 0))
        return tree_error(node, ERR_BAD_VALUE_CODE, note,
                          "found only weights of 0, expected some above");
    return OK;
}

static bool takes_keys(const struct job_graph *graph, struct vertex_id vertex)
{
    const struct job_vertex *v = &graph->vertices.items[vertex.n];
    for (size_t i = 0; i < v->inputs.count; i++) {
        enum partitioner partitioner = graph->edges.items[v->inputs.items[i]].partitioner;
        if (partitioner == PARTITION_HASH || partitioner == PARTITION_CUSTOM)
            return true;
    }
    return false;
}

static struct err read_skew(struct job_spec *job, struct vertex_id vertex,
                            const struct tree_node *node, struct note *note)
{
    struct vertex_model *model = &job->vertices.items[vertex.n];
    const char *text = node->kind == TREE_SCALAR ? node->text : "";
    if (text_equal(text, "none"))
        return OK;
    if (!takes_keys(job->graph, vertex))
        return tree_error(node, ERR_BAD_VALUE_CODE, note,
                          "found a skew at a vertex with no hash edge into it, expected none");
    if (node->kind == TREE_LIST)
        return read_weights(job, vertex, node, note);
    if (!skip_word(&text, "zipf ") || err_is(quantity_number(text, &model->zipf)) ||
        !(model->zipf >= 0) || model->zipf > 10)
        return tree_expected(node, ERR_BAD_VALUE_CODE, note,
                             "none, an exponent such as zipf 0.9, or a list of weights");
    if (model->keys == 0)
        return tree_error(node, ERR_MISSING_CODE, note,
                          "found a skew and no 'keys', expected their number");
    model->skew = SKEW_ZIPF;
    return OK;
}

/* After the edges: which vertices are sources is known by then. */
static struct err check_source_keys(const struct job_graph *graph, struct vertex_id vertex,
                                    const struct tree_node *node, struct note *note)
{
    static const char *const keys[] = { "backlog-above", "partitions", "source-function" };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const struct tree_node *found = field_child(node, keys[i]);
        if (found && !job_graph_is_source(graph, vertex))
            return tree_error(found, ERR_BAD_VALUE_CODE, note,
                              "found %s at a vertex with inputs, expected it at sources only",
                              keys[i]);
    }
    return OK;
}

struct err scenario_finish_vertices(struct job_spec *job, const struct tree_node *vertices,
                                    struct note *note)
{
    for (const struct tree_node *node = vertices->first; node; node = node->next) {
        const struct tree_node *skew = field_child(node, "skew");
        struct vertex_id vertex;
        TRY(scenario_find_vertex(job, field_child(node, "name"), &vertex, note));
        TRY(check_source_keys(job->graph, vertex, node, note));
        if (skew)
            TRY(read_skew(job, vertex, skew, note));
    }
    return OK;
}
