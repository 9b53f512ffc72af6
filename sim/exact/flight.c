/* SPDX-License-Identifier: Apache-2.0
 *
 * What an unaligned checkpoint holds beside state: records that were on their way, in files of
 * those that had received them or not yet handed them over. Each is on its way to one vertex, and
 * will make so many records for a vertex behind that one.
 */
#include "core/base/text.h"
#include "sim/exact/parts.h"

static void add_batch(struct exact_sum *sum, const struct batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        const uint64_t *record =
            (const uint64_t *)(const void *)(batch->slots + (size_t)i * batch->stride);
        sum->records++;
        sum->digest += record_digest(record[0], record[1]);
    }
}

static MUST_CHECK struct err add_buffer(struct frame_reader *reader, const struct buffer *buffer,
                                        struct exact_sum *sum, struct note *note)
{
    struct frame frame;
    TRY(frame_reader_open(reader, buffer, note));
    for (;;) {
        TRY(frame_reader_next(reader, &frame, note));
        if (frame.kind == FRAME_END)
            return OK;
        if (frame.kind == FRAME_RECORDS)
            add_batch(sum, &frame.batch);
    }
}

/* Records of one edge in a file. */
static MUST_CHECK struct err add_section(const struct exact_job *job,
                                         const struct task_snapshot_file *file,
                                         const struct snapshot_section *section, uint32_t edge,
                                         struct exact_sum *sum, struct note *note)
{
    const struct record_layout layout = { .size = program_edge_bytes(job->spec, edge) };
    struct snapshot_serializer records;
    struct frame_reader reader;
    uint64_t at;
    struct err e = task_snapshot_read_in_flight(file, section, &records, &at, note);
    frame_reader_init(&reader, layout, (uint32_t)job->spec->graph->config.buffer_size);
    while (!err_is(e)) {
        uint32_t channel;
        struct buffer *buffer;
        e = task_snapshot_read_buffer(file, section, &at, &channel, &buffer, note);
        if (err_is(e) || !buffer)
            break;
        e = add_buffer(&reader, buffer, sum, note);
        buffer_release(buffer);
    }
    frame_reader_fini(&reader);
    return e;
}

struct err flight_sum(const struct exact_job *job, const struct exact_cut *cut,
                      struct exact_sum *by_vertex, struct note *note)
{
    const struct job_graph *graph = job->spec->graph;
    for (uint32_t v = 0; v < job->vertex_count; v++)
        for (VEC_EACH(struct stored_file *, stored, &cut->vertices[v].own))
            for (VEC_EACH(const struct snapshot_section, section, &(*stored)->file.sections)) {
                uint32_t edge;
                if (section->kind == SECTION_INPUT)
                    edge = graph->vertices.items[v].inputs.items[section->op];
                else if (section->kind == SECTION_OUTPUT)
                    edge = graph->vertices.items[v].outputs.items[section->op];
                else
                    continue;
                uint32_t consumer = graph->edges.items[edge].consumer.n;
                TRY(add_section(job, &(*stored)->file, section, edge, &by_vertex[consumer], note));
            }
    return OK;
}

/* Vertices are in topological order. */
void flight_copies(const struct exact_job *job, uint32_t vertex, uint32_t *copies)
{
    const struct job_graph *graph = job->spec->graph;
    for (uint32_t v = job->vertex_count; v-- > 0;) {
        copies[v] = v == vertex;
        for (VEC_EACH(const uint32_t, e, &graph->vertices.items[v].outputs))
            copies[v] += (uint32_t)program_edge_selectivity(job->spec, *e) *
                         copies[graph->edges.items[*e].consumer.n];
    }
}
