/* SPDX-License-Identifier: Apache-2.0
 *
 * Each line that begins something waits for the one that ends it: a barrier that left for its
 * arrival, a blocked channel and a synchronous part for what comes next in their task. A handful of
 * lines for each channel that is shown: what waits is found by a look through what is open. What is
 * not shown is not kept.
 */
#include "sim/report/barrier_lanes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

enum { NOT_FOUND = -1 };

/* What a line says of the other end: "to count 3, unaligned". */
struct other_end {
    size_t vertex;
    int64_t subtask;
    bool unaligned;
};

static size_t vertex_of(struct barrier_lanes *lanes, const char *name, size_t length)
{
    for (size_t v = 0; v < lanes->vertices.count; v++)
        if (strlen(lanes->vertices.items[v].name) == length &&
            strncmp(lanes->vertices.items[v].name, name, length) == 0)
            return v;
    return lanes->vertices.count;
}

static size_t vertex_add(struct barrier_lanes *lanes, const struct log_entry *entry)
{
    size_t v = vertex_of(lanes, entry->vertex, strlen(entry->vertex));
    if (v == lanes->vertices.count)
        vec_push(&lanes->vertices, (struct barrier_vertex){ .name = entry->vertex });
    struct barrier_vertex *vertex = &lanes->vertices.items[v];
    if (entry->subtask >= vertex->subtasks)
        vertex->subtasks = entry->subtask + 1;
    return v;
}

static bool read_other(struct barrier_lanes *lanes, const char *reason, struct other_end *out)
{
    const char *name = reason ? strchr(reason, ' ') : NULL;
    const char *comma = name ? strrchr(name, ',') : NULL, *number = comma;
    while (number && number > name && *number != ' ')
        number--;
    if (!number || number == name)
        return false;
    name++;
    out->vertex = vertex_of(lanes, name, (size_t)(number - name));
    out->subtask = strtoll(number + 1, NULL, 10);
    out->unaligned = text_equal(comma + 2, "unaligned");
    return out->vertex < lanes->vertices.count;
}

static bool is_of(const struct log_entry *entry, const char *machine, const char *what)
{
    return text_equal(entry->machine, machine) && text_equal(entry->what, what);
}

static bool is_told(const struct log_entry *entry)
{
    return text_equal(entry->machine, "barrier") || text_equal(entry->machine, "snapshot");
}

static bool is_ours(const struct barrier_lanes *lanes, const struct log_entry *entry)
{
    return is_told(entry) && entry->checkpoint == lanes->checkpoint && entry->vertex &&
           text_equal(entry->job, lanes->job);
}

/* NOT_FOUND: it is not shown. */
static int64_t lane_of(const struct barrier_lanes *lanes, size_t vertex, int64_t subtask)
{
    const struct barrier_vertex *v = &lanes->vertices.items[vertex];
    return subtask < v->shown ? (int64_t)v->first_lane + subtask : NOT_FOUND;
}

/* The last open shape of this kind that ends at the task, from a given other end or any. */
static struct barrier_shape *open_shape(struct barrier_lanes *lanes, const char *kind,
                                        size_t vertex, int64_t subtask)
{
    for (size_t i = lanes->shapes.count; i-- > 0;) {
        struct barrier_shape *shape = &lanes->shapes.items[i];
        if (shape->to == TIME_NEVER && text_equal(shape->kind, kind) && shape->vertex == vertex &&
            shape->subtask == subtask)
            return shape;
    }
    return NULL;
}

static void close_shapes(struct barrier_lanes *lanes, const char *kind, size_t vertex,
                         int64_t subtask, time_ns at)
{
    struct barrier_shape *shape = open_shape(lanes, kind, vertex, subtask);
    for (; shape; shape = open_shape(lanes, kind, vertex, subtask))
        shape->to = at;
}

static void begin_shape(struct barrier_lanes *lanes, const char *kind, size_t vertex,
                        const struct log_entry *entry)
{
    vec_push(&lanes->shapes, (struct barrier_shape){ .kind = kind,
                                                     .from = entry->at,
                                                     .to = TIME_NEVER,
                                                     .vertex = vertex,
                                                     .subtask = entry->subtask });
}

/* Buffers that barriers overtook at this end of their channels: they are in the task's snapshot. */
static void add_overtaken(struct barrier_lanes *lanes, size_t vertex, const struct log_entry *entry)
{
    struct barrier_shape *shape = open_shape(lanes, "overtook", vertex, entry->subtask);
    if (!shape) {
        begin_shape(lanes, "overtook", vertex, entry);
        shape = &vec_last(&lanes->shapes);
    }
    shape->buffers += entry->value;
}

/* When the barrier was put into the sender's queue, or now. */
static time_ns begun_at(const struct barrier_lanes *lanes, size_t vertex,
                        const struct log_entry *entry)
{
    for (VEC_EACH(const struct barrier_shape, shape, &lanes->shapes))
        if (text_equal(shape->kind, "sync") && shape->vertex == vertex &&
            shape->subtask == entry->subtask)
            return shape->from;
    return entry->at;
}

static void take_left(struct barrier_lanes *lanes, size_t vertex, const struct log_entry *entry)
{
    struct other_end other;
    if (!read_other(lanes, entry->reason, &other))
        return;
    lanes->unaligned |= other.unaligned;
    if (other.unaligned)
        add_overtaken(lanes, vertex, entry);
    if (lane_of(lanes, other.vertex, other.subtask) == NOT_FOUND)
        return;
    begin_shape(lanes, other.unaligned ? "unaligned" : "aligned", vertex, entry);
    struct barrier_shape *shape = &vec_last(&lanes->shapes);
    shape->from = begun_at(lanes, vertex, entry);
    shape->other = other.vertex;
    shape->other_subtask = other.subtask;
}

static void take_arrival(struct barrier_lanes *lanes, size_t vertex, const struct log_entry *entry)
{
    struct other_end other;
    if (!read_other(lanes, entry->reason, &other))
        return;
    if (other.unaligned)
        add_overtaken(lanes, vertex, entry);
    for (VEC_EACH(struct barrier_shape, shape, &lanes->shapes))
        if (shape->to == TIME_NEVER && shape->other == vertex && shape->vertex == other.vertex &&
            shape->subtask == other.subtask && shape->other_subtask == entry->subtask &&
            (text_equal(shape->kind, "aligned") || text_equal(shape->kind, "unaligned"))) {
            shape->to = entry->at;
            return;
        }
}

static void take(struct barrier_lanes *lanes, const struct log_entry *entry)
{
    size_t vertex = vertex_of(lanes, entry->vertex, strlen(entry->vertex));
    int64_t subtask = entry->subtask;
    lanes->end = entry->at > lanes->end ? entry->at : lanes->end;
    if (lane_of(lanes, vertex, subtask) == NOT_FOUND)
        return;
    if (is_of(entry, "barrier", "left"))
        take_left(lanes, vertex, entry);
    else if (is_of(entry, "barrier", "arrived"))
        take_arrival(lanes, vertex, entry);
    else if (is_of(entry, "barrier", "blocks") && !open_shape(lanes, "block", vertex, subtask))
        begin_shape(lanes, "block", vertex, entry);
    if (is_of(entry, "snapshot", "begun")) {
        close_shapes(lanes, "block", vertex, subtask, entry->at);
        begin_shape(lanes, "sync", vertex, entry);
    } else if (is_of(entry, "snapshot", "synchronous part over")) {
        close_shapes(lanes, "sync", vertex, subtask, entry->at);
        begin_shape(lanes, "async", vertex, entry);
    } else if (is_of(entry, "snapshot", "acknowledged")) {
        close_shapes(lanes, "async", vertex, subtask, entry->at);
        close_shapes(lanes, "overtook", vertex, subtask, entry->at);
        begin_shape(lanes, "acknowledged", vertex, entry);
        vec_last(&lanes->shapes).to = entry->at;
    }
}

/* From the sources down: a vertex when all that send it barriers have been placed. */
static void order_vertices(struct barrier_lanes *lanes, const struct run_log *log)
{
    size_t count = lanes->vertices.count;
    bool *sends = mem_create_array(count * count + 1, sizeof *sends);
    VEC(struct barrier_vertex) ordered = { 0 };
    struct other_end other;
    for (VEC_EACH(const struct log_entry, entry, &log->entries))
        if (is_ours(lanes, entry) && is_of(entry, "barrier", "left") &&
            read_other(lanes, entry->reason, &other))
            sends[vertex_of(lanes, entry->vertex, strlen(entry->vertex)) * count + other.vertex] =
                true;
    for (size_t round = 0; round < count; round++)
        for (size_t v = 0; v < count; v++) {
            bool ready = !lanes->vertices.items[v].placed;
            for (size_t u = 0; u < count && ready; u++)
                ready = !sends[u * count + v] || lanes->vertices.items[u].placed;
            if (!ready)
                continue;
            lanes->vertices.items[v].placed = true;
            vec_push(&ordered, lanes->vertices.items[v]);
        }
    CHECK(ordered.count == count); /* a job's graph has no circle */
    memcpy(lanes->vertices.items, ordered.items, count * sizeof *ordered.items);
    vec_fini(&ordered);
    mem_destroy(sends);
}

/* The first subtasks of each vertex, as many of all as there is room for. */
static void place_lanes(struct barrier_lanes *lanes)
{
    size_t count = lanes->vertices.count;
    int64_t each = 1, all = 0;
    for (size_t v = 0; v < count; v++)
        lanes->subtasks += (size_t)lanes->vertices.items[v].subtasks;
    for (bool more = true; more; each++) {
        all = 0;
        more = false;
        for (size_t v = 0; v < count; v++) {
            int64_t has = lanes->vertices.items[v].subtasks;
            all += has < each + 1 ? has : each + 1;
            more |= has > each;
        }
        if (all > BARRIER_LANES_MAX)
            break;
    }
    for (size_t v = 0; v < count; v++) {
        struct barrier_vertex *vertex = &lanes->vertices.items[v];
        vertex->shown = vertex->subtasks < each ? vertex->subtasks : each;
        if (lanes->lanes + (size_t)vertex->shown > BARRIER_LANES_MAX)
            vertex->shown = (int64_t)(BARRIER_LANES_MAX - lanes->lanes);
        vertex->first_lane = lanes->lanes;
        lanes->lanes += (size_t)vertex->shown;
    }
}

static struct err find_job(struct barrier_lanes *lanes, const struct run_log *log, const char *job,
                           struct note *note)
{
    bool any = false;
    for (VEC_EACH(const struct log_entry, entry, &log->entries)) {
        any |= is_told(entry);
        if (is_told(entry) && entry->checkpoint == lanes->checkpoint && entry->job &&
            (!job || text_equal(job, entry->job))) {
            lanes->job = entry->job;
            return OK;
        }
    }
    if (!any)
        return err_note(note, ERR_NOT_FOUND_CODE,
                        "--checkpoint: the log tells of no barriers; run the scenario with "
                        "--world exact --log messages");
    return err_note(note, ERR_NOT_FOUND_CODE,
                    "--checkpoint: the log tells of no barriers of checkpoint %" PRId64 "%s%.*s",
                    lanes->checkpoint, job ? " of job " : "", 60, job ? job : "");
}

struct err barrier_lanes_init(struct barrier_lanes *lanes, const struct run_log *log,
                              const char *job, int64_t checkpoint, struct note *note)
{
    *lanes = (struct barrier_lanes){ .checkpoint = checkpoint, .trigger = TIME_NEVER };
    TRY(find_job(lanes, log, job, note));
    for (VEC_EACH(const struct log_entry, entry, &log->entries)) {
        if (is_of(entry, "checkpoint", "triggered") && text_equal(entry->job, lanes->job) &&
            (entry->checkpoint == checkpoint || entry->value == checkpoint))
            lanes->trigger = entry->at;
        if (!is_ours(lanes, entry))
            continue;
        lanes->trigger = entry->at < lanes->trigger ? entry->at : lanes->trigger;
        vertex_add(lanes, entry);
    }
    order_vertices(lanes, log);
    place_lanes(lanes);
    for (VEC_EACH(const struct log_entry, entry, &log->entries))
        if (is_ours(lanes, entry))
            take(lanes, entry);
    for (VEC_EACH(struct barrier_shape, shape, &lanes->shapes))
        shape->to = shape->to == TIME_NEVER ? lanes->end : shape->to;
    return OK;
}

void barrier_lanes_fini(struct barrier_lanes *lanes)
{
    vec_fini(&lanes->vertices);
    vec_fini(&lanes->shapes);
}

static double since(const struct barrier_lanes *lanes, time_ns at)
{
    return (double)(at - lanes->trigger) / (double)TIME_S;
}

void barrier_lanes_write(const struct barrier_lanes *lanes, FILE *file)
{
    fputs("kind,from_s,lane,to_s,other,buffers\n", file);
    for (VEC_EACH(const struct barrier_shape, shape, &lanes->shapes)) {
        bool flies = text_equal(shape->kind, "aligned") || text_equal(shape->kind, "unaligned");
        int64_t lane = lane_of(lanes, shape->vertex, shape->subtask);
        int64_t other = flies ? lane_of(lanes, shape->other, shape->other_subtask) : lane;
        fprintf(file, "%s,%.9f,%" PRId64 ",%.9f,%" PRId64 ",%" PRId64 "\n", shape->kind,
                since(lanes, shape->from), lane, since(lanes, shape->to), other, shape->buffers);
    }
}
