/* SPDX-License-Identifier: Apache-2.0
 *
 * weir calc slot-sharing: the parallelism that the adaptive scheduler finds for so many slots.
 */
#include "core/slots/slot_sharing.h"
#include "core/base/text.h"
#include "sim/cli/calc_read.h"

enum { SLOTS_MAX = 1 << 30, NAME_MAX_SIZE = 256 };

static const struct calc_field fields[] = {
    { "vertices", "[{group, lower, upper}]",
      "slot sharing group and bounds of the parallelism, 1..32768; group is \"default\" and lower "
      "1 when absent" },
    { "slots", "integer", "slots that the job has" },
};

static const struct calc_field vertex_fields[] = {
    { "group", "text", "" },
    { "lower", "integer", "" },
    { "upper", "integer", "" },
};

/* One vertex of the job graph. Group names get a prefix, so that none is the built-in group that
 * would come before the others where the order decides. */
static struct err add_vertex(json_t *in, size_t place, struct job_graph *graph,
                             struct parallelism_bounds *bounds, struct note *note)
{
    const char *group = "default";
    int64_t lower = 1, upper = 0;
    TRY(calc_check_fields(in, vertex_fields, 3, note));
    TRY(calc_need(in, "upper", note));
    TRY(calc_read_text(in, "group", &group, note));
    TRY(calc_read_integer(in, "upper", 1, MAX_PARALLELISM_LIMIT, &upper, note));
    TRY(calc_read_integer(in, "lower", 1, upper, &lower, note));
    if (strlen(group) >= NAME_MAX_SIZE - 1)
        return err_note(note, ERR_FULL_CODE, "group: longer than %d bytes", NAME_MAX_SIZE - 2);
    char group_name[NAME_MAX_SIZE], name[32];
    const struct resource_profile profile = { .unknown = true };
    struct vertex_id vertex;
    text_format(group_name, sizeof group_name, "=%s", group);
    text_format(name, sizeof name, "vertex %zu", place);
    *bounds = (struct parallelism_bounds){ (int32_t)lower, (int32_t)upper };
    return job_graph_add_vertex(graph, name, (int32_t)upper, MAX_PARALLELISM_LIMIT,
                                job_graph_group(graph, group_name, &profile), &vertex, note);
}

static json_t *numbers(const int32_t *items, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_integer(items[i]));
    return list;
}

static struct err share(json_t *vertices, uint32_t slots, struct job_graph *graph,
                        struct parallelism_bounds *bounds, json_t *out, struct note *note)
{
    size_t count = json_array_size(vertices);
    for (size_t i = 0; i < count; i++) {
        struct err result = add_vertex(json_array_get(vertices, i), i, graph, &bounds[i], note);
        if (err_is(result))
            return err_prefix(note, result, "vertices[%zu]", i);
    }
    TRY(job_graph_finish(graph, NULL, note));
    int32_t *parallelism = mem_create_array(count, sizeof *parallelism);
    bool found = slot_sharing_parallelism(graph, bounds, slots, parallelism);
    json_object_set_new(out, "parallelism", found ? numbers(parallelism, count) : json_null());
    json_object_set_new(out, "required_slots",
                        json_integer(slot_sharing_required(graph, bounds, false)));
    mem_destroy(parallelism);
    return OK;
}

static struct err answer(json_t *in, json_t *out, struct note *note)
{
    json_t *vertices = NULL;
    int64_t slots = 0;
    TRY(calc_need(in, "vertices", note));
    TRY(calc_need(in, "slots", note));
    TRY(calc_read_array(in, "vertices", JOB_VERTICES_MAX, &vertices, note));
    TRY(calc_read_integer(in, "slots", 0, SLOTS_MAX, &slots, note));
    if (json_array_size(vertices) == 0)
        return err_note(note, ERR_BAD_VALUE_CODE, "vertices: at least one is needed");
    struct config config = config_default();
    struct job_graph *graph = job_graph_create("calc", (struct job_id){ 0 }, &config);
    struct parallelism_bounds *bounds = mem_create_array(json_array_size(vertices), sizeof *bounds);
    struct err result = share(vertices, (uint32_t)slots, graph, bounds, out, note);
    mem_destroy(bounds);
    job_graph_destroy(graph);
    return result;
}

const struct calc_row calc_slot_sharing = {
    .name = "slot-sharing",
    .summary = "parallelism of each vertex for the slots there are",
    .fields = fields,
    .field_count = sizeof fields / sizeof *fields,
    .answers = "parallelism: [per vertex] or null when the lower bounds do not fit, "
               "required_slots: slots for all upper bounds",
    .example = "{\"vertices\": [{\"group\": \"a\", \"lower\": 1, \"upper\": 4}, {\"group\": \"b\", "
               "\"lower\": 1, \"upper\": 2}], \"slots\": 5}",
    .answer = answer,
};
