/* SPDX-License-Identifier: Apache-2.0
 *
 * Buffers of a snapshot, back into gates and partitions. With the parallelism unchanged they go
 * where they lay; else records of hash edges go by their key group, those of custom edges where the
 * user's function says now, and whole buffers of rebalance edges to the old subtask's number modulo
 * the new parallelism.
 */
#include "core/exec/in_flight.h"

/* Does a record's way follow from the record? Then those that are ours can be told from the rest
 * (RecordFilter). The user's function is taken at its word that it depends on nothing else. */
static bool goes_by_record(enum partitioner partitioner)
{
    return partitioner == PARTITION_HASH || partitioner == PARTITION_CUSTOM;
}

static MUST_CHECK struct err refuse(struct note *note, enum partitioner partitioner)
{
    return err_note(note, ERR_REFUSED_CODE,
                    "the checkpoint has data in flight on a %s edge, which cannot be rescaled",
                    partitioner_names[partitioner]);
}

/* Which targets are ours: our key groups, or the channel that leads here. */
struct in_flight_share {
    uint32_t first, last, of;
};

static struct in_flight_share share_of(const struct in_flight_input *input,
                                       const struct task_snapshot_identity *own,
                                       struct key_group_range groups)
{
    if (input->partitioner == PARTITION_CUSTOM)
        return (struct in_flight_share){ own->subtask, own->subtask, own->parallelism };
    return (struct in_flight_share){ (uint32_t)groups.first, (uint32_t)groups.last,
                                     (uint32_t)own->max_parallelism };
}

/* Those records of a batch that are ours, into the writer. */
static MUST_CHECK struct err keep_ours(const struct in_flight_input *input,
                                       struct in_flight_share share, const struct batch *batch,
                                       struct frame_writer *writer, struct note *note)
{
    bool varies = record_stride(batch->layout) == 0;
    uint16_t *targets = mem_create_array(batch->count, sizeof *targets);
    void *room = NULL;
    struct err e = record_route_targets(&input->route, input->partitioner, share.of, batch, targets,
                                        &room, note);
    for (uint32_t i = 0; i < batch->count && !err_is(e); i++) {
        uint32_t size = record_slot_size(batch->layout, batch_size(batch, i));
        if (targets[i] < share.first || targets[i] > share.last)
            continue;
        CHECK(frame_writer_room(writer) >= size); /* all of them came out of one buffer */
        memcpy(writer->at, batch_slot(batch, i), size);
        writer->at += size;
        writer->count += varies;
    }
    mem_destroy(targets);
    mem_destroy(room);
    return e;
}

/* A new buffer with the records of `from` that are ours; null: none is. Watermarks stay behind: the
 * channel they belong to is not there any more. */
static MUST_CHECK struct err filter(const struct in_flight_input *input,
                                    const struct task_snapshot_identity *own,
                                    struct key_group_range groups, const struct buffer *from,
                                    struct buffer **out, struct note *note)
{
    struct frame frame;
    struct frame_writer writer = { 0 };
    uint32_t stride = record_stride(input->reader->layout);
    struct in_flight_share share = share_of(input, own, groups);
    struct err e = frame_reader_open(input->reader, from, note);
    frame_writer_open(&writer, buffer_create(input->buffer_size), input->buffer_size, stride);
    while (!err_is(e)) {
        e = frame_reader_next(input->reader, &frame, note);
        if (err_is(e) || frame.kind == FRAME_END)
            break;
        if (frame.kind == FRAME_RECORDS)
            e = keep_ours(input, share, &frame.batch, &writer, note);
    }
    *out = frame_writer_close(&writer, stride);
    if (err_is(e) && *out) {
        buffer_release(*out);
        *out = NULL;
    }
    return e;
}

/* Where the buffers of a section begin, if they hold records such as are written now. */
static MUST_CHECK struct err open_section(const struct task_snapshot_file *file,
                                          const struct snapshot_section *section,
                                          const struct snapshot_serializer *records, uint64_t *at,
                                          struct note *note)
{
    struct snapshot_serializer found;
    TRY(task_snapshot_read_in_flight(file, section, &found, at, note));
    return snapshot_expect_records(&found, records,
                                   section->kind == SECTION_INPUT ? "input" : "output",
                                   (uint32_t)section->op, note);
}

/* Has the old subtask's gate held anything that comes to us? */
static bool takes_from(const struct in_flight_input *input,
                       const struct task_snapshot_identity *own, struct key_group_range groups,
                       const struct task_snapshot_identity *old)
{
    if (old->parallelism == own->parallelism || !goes_by_record(input->partitioner))
        return old->subtask % own->parallelism == own->subtask;
    return input->partitioner == PARTITION_CUSTOM ||
           key_group_range_overlap(task_snapshot_groups(old), groups) > 0;
}

/* One buffer of an old subtask's gate; taken. */
static MUST_CHECK struct err place_input(const struct in_flight_input *input,
                                         const struct task_snapshot_identity *own,
                                         struct key_group_range groups,
                                         const struct task_snapshot_identity *old, uint32_t channel,
                                         struct buffer *take, struct note *note)
{
    struct buffer *mine = NULL;
    struct err e = OK;
    bool unchanged = old->parallelism == own->parallelism;
    bool by_record = !unchanged && goes_by_record(input->partitioner);
    if (by_record) {
        e = filter(input, own, groups, take, &mine, note);
        buffer_release(take);
    } else {
        mine = take;
    }
    if (mine)
        input_gate_add_recovered(input->gate, channel % input->gate->config.channels, mine);
    return e;
}

struct err in_flight_restore_input(const struct in_flight_input *input,
                                   const struct task_snapshot_identity *own,
                                   struct key_group_range groups,
                                   const struct task_snapshot_file *files, size_t count,
                                   struct note *note)
{
    for (size_t i = 0; i < count; i++) {
        const struct task_snapshot_identity *old = &files[i].identity;
        const struct snapshot_section *section =
            task_snapshot_find(&files[i], SECTION_INPUT, input->place, NULL);
        if (!section)
            continue;
        if (old->parallelism != own->parallelism && !goes_by_record(input->partitioner) &&
            input->partitioner != PARTITION_REBALANCE)
            return refuse(note, input->partitioner);
        if (!takes_from(input, own, groups, old))
            continue;
        uint32_t channel;
        uint64_t at;
        struct buffer *buffer;
        TRY(open_section(&files[i], section, &input->serializer, &at, note));
        for (;;) {
            TRY(task_snapshot_read_buffer(&files[i], section, &at, &channel, &buffer, note));
            if (!buffer)
                break;
            TRY(place_input(input, own, groups, old, channel, buffer, note));
        }
    }
    return OK;
}

/* Buffers of one writer's file, those of them that are ours. */
static MUST_CHECK struct err
place_written(const struct in_flight_input *input, const struct task_snapshot_identity *own,
              struct key_group_range groups, const struct task_snapshot_file *file,
              const struct snapshot_section *section, struct note *note)
{
    uint32_t channel;
    uint64_t at;
    struct buffer *buffer;
    TRY(open_section(file, section, &input->serializer, &at, note));
    for (;;) {
        struct buffer *mine = NULL;
        TRY(task_snapshot_read_buffer(file, section, &at, &channel, &buffer, note));
        if (!buffer)
            return OK;
        struct err e = filter(input, own, groups, buffer, &mine, note);
        buffer_release(buffer);
        TRY(e);
        if (mine)
            input_gate_add_recovered(input->gate,
                                     file->identity.subtask % input->gate->config.channels, mine);
    }
}

struct err in_flight_restore_written(const struct in_flight_input *input,
                                     const struct in_flight_writers *writers,
                                     const struct task_snapshot_identity *own,
                                     struct key_group_range groups, struct note *note)
{
    for (size_t i = 0; i < writers->count && goes_by_record(input->partitioner); i++) {
        const struct task_snapshot_file *file = &writers->files[i];
        const struct snapshot_section *section =
            task_snapshot_find(file, SECTION_OUTPUT, writers->output, NULL);
        if (!section || file->identity.parallelism == writers->parallelism)
            continue;
        TRY(place_written(input, own, groups, file, section, note));
    }
    return OK;
}

/* The records of a buffer once more through the partitioner. */
static MUST_CHECK struct err write_again(struct task_output *output, const struct buffer *buffer,
                                         struct note *note)
{
    struct frame_reader reader;
    struct frame frame;
    frame_reader_init(&reader, output->partition.config.layout, buffer->size);
    struct err e = frame_reader_open(&reader, buffer, note);
    while (!err_is(e)) {
        e = frame_reader_next(&reader, &frame, note);
        if (err_is(e) || frame.kind == FRAME_END)
            break;
        if (frame.kind == FRAME_RECORDS)
            e = task_output_write(output, &frame.batch, note);
    }
    frame_reader_fini(&reader);
    return e;
}

static MUST_CHECK struct err place_output(struct task_output *output, uint32_t channel,
                                          struct buffer *take, struct note *note)
{
    enum partitioner partitioner = output->partition.config.partitioner;
    if (goes_by_record(partitioner) || partitioner == PARTITION_REBALANCE) {
        struct err e = write_again(output, take, note);
        buffer_release(take);
        return e;
    }
    if (channel >= output->partition.config.subpartitions) {
        buffer_release(take);
        return refuse(note, partitioner);
    }
    result_partition_add_recovered(&output->partition, channel, take);
    return OK;
}

struct err in_flight_restore_output(struct task_output *output, uint32_t place,
                                    bool readers_recover, const struct task_snapshot_identity *own,
                                    const struct task_snapshot_file *files, size_t count,
                                    struct note *note)
{
    for (size_t i = 0; i < count; i++) {
        const struct snapshot_section *section =
            task_snapshot_find(&files[i], SECTION_OUTPUT, place, NULL);
        uint32_t channel;
        uint64_t at;
        struct buffer *buffer;
        if (!section || files[i].identity.subtask % own->parallelism != own->subtask)
            continue;
        if (readers_recover && goes_by_record(output->partition.config.partitioner) &&
            files[i].identity.parallelism != own->parallelism)
            continue;
        TRY(open_section(&files[i], section, &output->serializer, &at, note));
        for (;;) {
            TRY(task_snapshot_read_buffer(&files[i], section, &at, &channel, &buffer, note));
            if (!buffer)
                break;
            TRY(place_output(output, channel, buffer, note));
        }
    }
    return OK;
}
