/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading new bounds of the parallelism: of all vertices of a job, as Flink takes them.
 */
#include <string.h>

#include "sim/load/scenario_read.h"

/* A side of a range; nothing is "Flink's default", -1. */
static bool take_bound(const char *text, size_t length, int32_t *out)
{
    *out = -1;
    if (length == 0)
        return true;
    *out = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9' || *out > MAX_PARALLELISM_LIMIT)
            return false;
        *out = *out * 10 + (text[i] - '0');
    }
    return *out > 0;
}

static struct err read_bounds(const struct job_spec *job, const struct tree_node *node,
                              struct vertex_id vertex, struct scripted_event *event,
                              struct note *note)
{
    struct vertex_bounds bounds = { .vertex = vertex };
    const char *text = node->kind == TREE_SCALAR ? node->text : "", *dots = strstr(text, "..");
    bool good = dots && take_bound(text, (size_t)(dots - text), &bounds.lower) &&
                take_bound(dots + 2, strlen(dots + 2), &bounds.upper) &&
                (bounds.lower > 0 || bounds.upper > 0);
    int32_t most = job_graph_max_parallelism(job->graph, vertex);
    if (!good || (bounds.upper > 0 && bounds.lower > bounds.upper))
        return tree_expected(node, ERR_BAD_VALUE_CODE, note,
                             "bounds such as 1..4 (lower..upper, either may be left out)");
    if (bounds.upper > most || bounds.lower > most)
        return tree_expected(node, ERR_BAD_VALUE_CODE, note,
                             "bounds up to the vertex's max parallelism, %d", most);
    vec_push(&event->bounds, bounds);
    return OK;
}

/* Flink takes new requirements for all vertices of a job or for none. */
static struct err need_all_vertices(const struct job_spec *job, const struct tree_node *vertices,
                                    struct note *note)
{
    for (VEC_EACH(const struct job_vertex, vertex, &job->graph->vertices))
        if (!field_child(vertices, vertex->name))
            return tree_error(vertices, ERR_MISSING_CODE, note,
                              "found no bounds of '%.*s', expected all vertices of the job", 60,
                              vertex->name);
    return OK;
}

/* rescale: { job: clicks, vertices: { source: 1..2, count: 1..6 } } or { all: 1..6 } */
struct err scenario_read_bounds(const struct scenario_reader *reader, const struct tree_node *node,
                                struct scripted_event *event)
{
    static const struct field fields[] = { FIELD_BY_HAND("job"), FIELD_BY_HAND("vertices"),
                                           FIELD_BY_HAND("all") };
    struct note *note = reader->note;
    TRY(fields_read(node, fields, FIELDS_COUNT(fields), NULL, note));
    TRY(scenario_find_job(reader, node, field_child(node, "job"), &event->job));
    const struct job_spec *job = &reader->scenario->jobs.items[event->job.n];
    const struct tree_node *all = field_child(node, "all");
    const struct tree_node *vertices = field_child(node, "vertices");
    if ((all != NULL) == (vertices != NULL))
        return tree_error(node, ERR_MISSING_CODE, note,
                          "found %s, expected either 'all' or 'vertices'",
                          all ? "both" : "no bounds");
    for (uint32_t i = 0; all && i < job->graph->vertices.count; i++)
        TRY(read_bounds(job, all, (struct vertex_id){ i }, event, note));
    if (all)
        return OK;
    TRY(field_need(vertices, TREE_MAP, "a map from vertices to bounds such as 1..4", note));
    for (const struct tree_node *item = vertices->first; item; item = item->next) {
        struct tree_node name = *item;
        struct vertex_id vertex;
        name.kind = TREE_SCALAR;
        name.text = item->key;
        TRY(scenario_find_vertex(job, &name, &vertex, note));
        TRY(read_bounds(job, item, vertex, event, note));
    }
    if (event->bounds.count < job->graph->vertices.count)
        return need_all_vertices(job, vertices, note);
    return OK;
}
