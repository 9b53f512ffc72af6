/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading the edges of a job, as text (`source -> count: hash`) or as maps, and checking the graph
 * they make as far as a complaint can name a line: edges to nowhere, forward edges between
 * different parallelisms. What concerns the whole graph (cycles) is checked by the core.
 */
#include <string.h>

#include "core/base/check.h"
#include "core/base/text.h"
#include "sim/load/scenario_read.h"

enum { EDGE_TEXT_MAX = 320 }; /* names and how it is shipped */

/* As a scenario writes them; partitioner_names are the other half. */
static const char *const results[RESULT_TYPE_COUNT] = {
    [RESULT_BLOCKING] = "blocking",
    [RESULT_BLOCKING_PERSISTENT] = "blocking-persistent",
    [RESULT_PIPELINED] = "pipelined",
    [RESULT_PIPELINED_BOUNDED] = "pipelined-bounded",
    [RESULT_PIPELINED_APPROXIMATE] = "pipelined-approximate",
    [RESULT_HYBRID_FULL] = "hybrid-full",
    [RESULT_HYBRID_SELECTIVE] = "hybrid-selective",
};

struct reading {
    struct job_graph *graph;
    struct job_spec *job;
    struct note *note;
};

/* Near it are the others: what the edge has at its `other` end it has not here. */
static struct err find_end(const struct reading *r, const struct tree_node *node, const char *name,
                           const char *other, struct vertex_id *out)
{
    *out = job_graph_find_vertex(r->graph, name);
    if (!vertex_id_is_none(*out))
        return OK;
    size_t count = 0;
    const char **names = mem_create_array(r->graph->vertices.count, sizeof *names);
    for (VEC_EACH(const struct job_vertex, vertex, &r->graph->vertices))
        if (!text_equal(vertex->name, other))
            names[count++] = vertex->name;
    char hint[FIELD_HINT_MAX];
    field_hint(hint, name, names, count);
    mem_destroy(names);
    return tree_error(node, ERR_BAD_GRAPH_CODE, r->note,
                      "found an edge to nowhere, '%.*s', expected a vertex%s", 60, name, hint);
}

static int32_t parallelism_of(const struct job_graph *graph, struct vertex_id vertex)
{
    int32_t parallelism = graph->vertices.items[vertex.n].parallelism;
    return parallelism == PARALLELISM_UNSET ? (int32_t)graph->config.parallelism_default
                                            : parallelism;
}

/* `partitioner` COUNT: as Flink does, forward where it can be, else rebalance. */
static struct err add_edge(const struct reading *r, const struct tree_node *node, const char *from,
                           const char *to, enum partitioner partitioner, enum result_type result)
{
    struct vertex_id producer, consumer;
    TRY(find_end(r, node, from, to, &producer));
    TRY(find_end(r, node, to, from, &consumer));
    int32_t from_parallelism = parallelism_of(r->graph, producer);
    int32_t to_parallelism = parallelism_of(r->graph, consumer);
    if (partitioner == PARTITIONER_COUNT)
        partitioner = from_parallelism == to_parallelism ? PARTITION_FORWARD : PARTITION_REBALANCE;
    if (partitioner == PARTITION_FORWARD && from_parallelism != to_parallelism)
        return tree_error(node, ERR_BAD_GRAPH_CODE, r->note,
                          "found a forward edge from parallelism %d to %d, expected equal ones",
                          from_parallelism, to_parallelism);
    struct err e = job_graph_add_edge(r->graph, producer, consumer, partitioner, result, r->note);
    if (err_is(e))
        return tree_prefix(node, e, r->note);
    vec_push(&r->job->edges, (struct edge_model){ -1, -1 });
    CHECK(r->job->edges.count == r->graph->edges.count);
    return OK;
}

/* "hash", "blocking" or "hash blocking". */
static bool parse_shipping(const char *text, enum partitioner *partitioner,
                           enum result_type *result)
{
    char words[64], *word = words;
    bool good = strlen(text) < sizeof words;
    text_format(words, sizeof words, "%s", good ? text : "");
    while (good && *word) {
        char *end = word + strcspn(word, " ");
        bool last = *end == '\0';
        *end = '\0';
        good = false;
        for (size_t i = 0; i < PARTITIONER_COUNT; i++)
            if (text_equal(word, partitioner_names[i]) && *partitioner == PARTITIONER_COUNT) {
                *partitioner = (enum partitioner)i;
                good = true;
            }
        for (size_t i = 0; i < RESULT_TYPE_COUNT; i++)
            if (text_equal(word, results[i])) {
                *result = (enum result_type)i;
                good = true;
            }
        word = last ? end : end + 1;
    }
    return good;
}

static struct err refuse_shipping(const struct tree_node *node, const char *text, struct note *note)
{
    char hint[FIELD_HINT_MAX];
    field_hint(hint, text, partitioner_names, PARTITIONER_COUNT);
    return tree_expected(node, ERR_BAD_VALUE_CODE, note,
                         "forward, rescale, rebalance, hash, broadcast or custom, and maybe a "
                         "result type such as blocking%s",
                         hint);
}

static char *trim(char *text)
{
    while (*text == ' ')
        text++;
    size_t length = strlen(text);
    while (length && text[length - 1] == ' ')
        text[--length] = '\0';
    return text;
}

/* "a -> b -> c": an edge for each arrow. */
static struct err read_arrows(const struct reading *r, const struct tree_node *node, char *text,
                              enum partitioner partitioner, enum result_type result)
{
    char *from = text, *arrow = strstr(text, "->");
    while (arrow) {
        *arrow = '\0';
        char *to = arrow + 2;
        char *next = strstr(to, "->");
        if (next)
            *next = '\0';
        from = trim(from);
        TRY(add_edge(r, node, from, trim(to), partitioner, result));
        from = to;
        arrow = next;
    }
    return OK;
}

static bool is_vertex(const struct reading *r, const char *text, size_t length)
{
    char name[EDGE_TEXT_MAX];
    text_format(name, sizeof name, "%.*s", (int)length, text);
    return !vertex_id_is_none(job_graph_find_vertex(r->graph, trim(name)));
}

/* The colon between the last consumer and how it is shipped to; null: there is none. Names may have
 * colons of their own, as Flink's "Sink: out" has, so the longest one that is a vertex counts.
 * Where none is, the name is wrong, and it ends where the words of a partitioner begin. */
static char *find_colon(const struct reading *r, char *consumer)
{
    enum partitioner partitioner = PARTITIONER_COUNT;
    enum result_type result;
    size_t length = strlen(consumer);
    char *last = NULL;
    if (is_vertex(r, consumer, length))
        return NULL;
    while (length-- > 0) {
        if (strncmp(consumer + length, ": ", 2) != 0)
            continue;
        if (is_vertex(r, consumer, length))
            return consumer + length;
        if (!last)
            last = consumer + length;
    }
    return last && parse_shipping(trim(last + 1), &partitioner, &result) ? last : NULL;
}

static struct err read_edge_text(const struct reading *r, const struct tree_node *node,
                                 const char *text)
{
    enum partitioner partitioner = PARTITIONER_COUNT;
    enum result_type result = RESULT_PIPELINED_BOUNDED;
    char copy[EDGE_TEXT_MAX];
    if (strlen(text) >= sizeof copy)
        return tree_error(node, ERR_SYNTAX_CODE, r->note, "found an edge longer than %d letters",
                          EDGE_TEXT_MAX - 1);
    text_format(copy, sizeof copy, "%s", text);
    char *consumer = NULL;
    for (char *arrow = strstr(copy, "->"); arrow; arrow = strstr(consumer, "->"))
        consumer = arrow + 2;
    if (!consumer)
        return tree_error(node, ERR_SYNTAX_CODE, r->note,
                          "found no arrow, expected an edge such as source -> count: hash");
    char *colon = find_colon(r, consumer);
    if (colon) {
        *colon = '\0';
        const char *shipping = trim(colon + 1);
        if (!parse_shipping(shipping, &partitioner, &result))
            return refuse_shipping(node, shipping, r->note);
    }
    return read_arrows(r, node, copy, partitioner, result);
}

struct edge_values {
    char *from, *to;
    struct edge_model model;
};

/* { from: a, to: b, ship: hash, result: blocking, bytes: 20, selectivity: 0.1 } */
static struct err read_edge_map(const struct reading *r, const struct tree_node *node)
{
    static const struct field fields[] = {
        FIELD(struct edge_values, from, "from", TEXT, ANY),
        FIELD(struct edge_values, to, "to", TEXT, ANY),
        FIELD_BY_HAND("ship"),
        FIELD_BY_HAND("result"),
        FIELD(struct edge_values, model.record_bytes, "bytes", BYTES, NOT_NEGATIVE),
        FIELD(struct edge_values, model.selectivity, "selectivity", NUMBER, NOT_NEGATIVE),
    };
    struct edge_values v = { .model = { -1, -1 } };
    const struct tree_node *child, *ship = field_child(node, "ship");
    const struct tree_node *kind = field_child(node, "result");
    enum partitioner partitioner = PARTITIONER_COUNT;
    enum result_type result = RESULT_PIPELINED_BOUNDED;
    size_t word = 0;
    struct err e = fields_read(node, fields, FIELDS_COUNT(fields), &v, r->note);
    if (!err_is(e))
        e = field_need_child(node, "from", &child, r->note);
    if (!err_is(e))
        e = field_need_child(node, "to", &child, r->note);
    if (!err_is(e) && ship) {
        e = field_read_word(ship, "a partitioner", partitioner_names, PARTITIONER_COUNT, &word,
                            r->note);
        partitioner = (enum partitioner)word;
    }
    if (!err_is(e) && kind) {
        e = field_read_word(kind, "a result type", results, RESULT_TYPE_COUNT, &word, r->note);
        result = (enum result_type)word;
    }
    if (!err_is(e))
        e = add_edge(r, node, v.from, v.to, partitioner, result);
    if (!err_is(e))
        vec_last(&r->job->edges) = v.model;
    mem_destroy(v.from);
    mem_destroy(v.to);
    return e;
}

/* In quotes "a -> b: hash" is one text, without them YAML makes a map of it, parted at a colon that
 * may be one of a name: both are the same edge. */
static struct err read_edge(const struct reading *r, const struct tree_node *node)
{
    if (node->kind == TREE_SCALAR)
        return read_edge_text(r, node, node->text);
    if (node->kind != TREE_MAP)
        return tree_expected(node, ERR_BAD_VALUE_CODE, r->note,
                             "an edge such as source -> count: hash");
    const struct tree_node *only = node->first;
    bool is_text = only && only->kind == TREE_SCALAR;
    if (node->count != 1 || !(strstr(only->key, "->") || (is_text && strstr(only->text, "->"))))
        return read_edge_map(r, node);
    if (!is_text)
        return refuse_shipping(only, "", r->note);
    char text[EDGE_TEXT_MAX + 1]; /* too long stays too long */
    text_format(text, sizeof text, "%s: %s", only->key, only->text);
    return read_edge_text(r, only, text);
}

struct err scenario_read_edges(struct job_spec *job, const struct tree_node *node,
                               struct note *note)
{
    struct reading r = { job->graph, job, note };
    TRY(field_need(node, TREE_LIST, "a list of edges such as source -> count: hash", note));
    for (const struct tree_node *item = node->first; item; item = item->next)
        TRY(read_edge(&r, item));
    return OK;
}
