/* SPDX-License-Identifier: Apache-2.0
 *
 * Always: at most one file is open, and none behind a barrier. Files that wait are the state, each
 * in the hands of one subtask. It is no union list: a vertex with one takes no checkpoint while
 * only some of its subtasks have finished, and those that write files wait for one in order to
 * finish.
 */
#include "core/exec/file_sink.h"

#include "core/exec/state_list.h"
#include "core/exec/user_call.h"

struct pending_file {
    struct sink_file file;
    uint64_t checkpoint;
};

struct file_sink {
    struct operator op;
    VEC(struct pending_file) pending; /* by rising checkpoint */
    VEC(uint8_t) bytes;               /* not written yet; the count is what is used */
    struct sink_file file;
    bool is_open;
    uint64_t next_number;
};

static const struct file_sink_params *params_of(const struct operator* op)
{
    return op->spec->params;
}

static void see(struct file_sink *sink, struct err e, const struct note *note, const char *what)
{
    if (err_is(e))
        operator_fail(&sink->op, CAUSE_SNAPSHOT, "could not %s a file: %s", what,
                      note->text[0] ? note->text : err_text(e));
}

static void commit(struct file_sink *sink, const struct sink_file *file)
{
    const struct sink_port *port = params_of(&sink->op)->port;
    struct note note = { { 0 } };
    see(sink, port->commit(port->context, file, &note), &note, "commit");
    sink_port_charge(port, sink->op.task, SINK_COMMIT_BYTES, true);
}

/* Of a restored checkpoint all files belong to one that is complete. Numbers begin with the time,
 * in us: what was written before, by whoever had this place, has lower ones, for nobody takes a
 * checkpoint every us. Nor does an old attempt that nobody could stop write into the files of the
 * new one. */
static void open(struct operator* op)
{
    struct file_sink *sink = (struct file_sink *)op;
    sink->next_number = (uint64_t)(op->task->now / TIME_US);
    vec_reserve(&sink->bytes, FILE_SINK_BYTES);
    for (VEC_EACH(const struct pending_file, pending, &sink->pending))
        commit(sink, &pending->file);
    vec_clear(&sink->pending);
}

static void close(struct operator* op)
{
    struct file_sink *sink = (struct file_sink *)op;
    vec_fini(&sink->pending);
    vec_fini(&sink->bytes);
}

static void begin_file(struct file_sink *sink)
{
    const struct sink_port *port = params_of(&sink->op)->port;
    struct note note = { { 0 } };
    sink->file = (struct sink_file){ sink->op.task->subtask, port->place, sink->next_number++ };
    sink->is_open = true;
    see(sink, port->begin(port->context, &sink->file, &note), &note, "begin");
}

static void write_bytes(struct file_sink *sink)
{
    const struct sink_port *port = params_of(&sink->op)->port;
    struct note note = { { 0 } };
    if (sink->bytes.count == 0 || sink->op.task->failed)
        return;
    see(sink, port->append(port->context, &sink->file, sink->bytes.items, sink->bytes.count, &note),
        &note, "write");
    sink_port_charge(port, sink->op.task, sink->bytes.count, false);
    vec_clear(&sink->bytes);
}

/* Behind what is there; gives how many bytes it has, which may be more than there is room for. */
static size_t encode(struct file_sink *sink, const void *payload, uint32_t size)
{
    const struct file_sink_params *params = params_of(&sink->op);
    uint8_t *to = sink->bytes.items + sink->bytes.count;
    size_t room = sink->bytes.capacity - sink->bytes.count;
    if (params->encode)
        return params->encode(params->context, &sink->op, payload, size, to, room);
    if (size <= room)
        memcpy(to, payload, size);
    return size;
}

/* Where there is more room for it. What is asked for twice may be said twice. */
static size_t encode_again(struct file_sink *sink, const void *payload, uint32_t size, size_t first)
{
    write_bytes(sink);
    if (first > FILE_SINK_LINE_MAX) {
        operator_fail(&sink->op, CAUSE_USER_CODE, "a line of %zu bytes, expected at most %d", first,
                      FILE_SINK_LINE_MAX);
        return 0;
    }
    if (first > sink->bytes.capacity)
        vec_reserve(&sink->bytes, first);
    size_t bytes = encode(sink, payload, size);
    if (bytes <= sink->bytes.capacity - sink->bytes.count)
        return bytes;
    operator_fail(&sink->op, CAUSE_USER_CODE,
                  "a line of %zu bytes, which were %zu when it was asked for before", bytes, first);
    return 0;
}

static void process(struct operator* op, uint32_t input, const struct batch *batch)
{
    struct file_sink *sink = (struct file_sink *)op;
    (void)input;
    if (!sink->is_open && batch->count > 0)
        begin_file(sink);
    operator_calls(op, "format");
    for (uint32_t i = 0; i < batch->count && !op->task->failed; i++) {
        const void *payload = batch_payload(batch, i);
        uint32_t size = batch_size(batch, i);
        size_t bytes = encode(sink, payload, size);
        if (bytes > sink->bytes.capacity - sink->bytes.count)
            bytes = encode_again(sink, payload, size, bytes);
        sink->bytes.count += bytes;
    }
}

/* The open file is closed and waits; what was written is safe before the barrier goes on. */
static void prepare(struct operator* op, uint64_t checkpoint)
{
    struct file_sink *sink = (struct file_sink *)op;
    const struct sink_port *port = params_of(op)->port;
    struct note note = { { 0 } };
    if (!sink->is_open)
        return;
    write_bytes(sink);
    if (!op->task->failed)
        see(sink, port->prepare(port->context, &sink->file, &note), &note, "prepare");
    sink_port_charge(port, op->task, 0, true);
    vec_push(&sink->pending, (struct pending_file){ sink->file, checkpoint });
    sink->is_open = false;
}

/* Files of checkpoints that were given up belong to the next one that is complete. */
static void complete(struct operator* op, uint64_t checkpoint)
{
    struct file_sink *sink = (struct file_sink *)op;
    size_t done = 0;
    while (done < sink->pending.count && sink->pending.items[done].checkpoint <= checkpoint)
        commit(sink, &sink->pending.items[done++].file);
    sink->pending.count -= done;
    if (done > 0)
        memmove(sink->pending.items, sink->pending.items + done,
                sink->pending.count * sizeof *sink->pending.items);
}

/* Where no checkpoint comes any more the end of the input is one. */
static void finish(struct operator* op)
{
    if (!op->task->ends_without_checkpoint)
        return;
    prepare(op, UINT64_MAX);
    if (!op->task->failed)
        complete(op, UINT64_MAX);
}

static void save(const struct operator* op, struct state_list *out)
{
    const struct file_sink *sink = (const struct file_sink *)op;
    for (VEC_EACH(const struct pending_file, pending, &sink->pending))
        state_list_add(out, pending, sizeof *pending);
}

static struct err load(struct operator* op, const struct state_list *in, struct note *note)
{
    struct file_sink *sink = (struct file_sink *)op;
    for (size_t i = 0; i < state_list_count(in); i++) {
        struct pending_file pending;
        size_t size;
        const uint8_t *entry = state_list_entry(in, i, &size);
        if (size != sizeof pending)
            return err_note(note, ERR_BAD_VALUE_CODE, "%s: an entry of %zu bytes, not %zu",
                            op->spec->name, size, sizeof pending);
        memcpy(&pending, entry, sizeof pending);
        vec_push(&sink->pending, pending);
    }
    return OK;
}

size_t file_sink_pending(const struct operator* op)
{
    CHECK(op->class == &file_sink_class);
    return ((const struct file_sink *)op)->pending.count;
}

const struct operator_class file_sink_class = { .name = "file sink",
                                                .size = sizeof(struct file_sink),
                                                .open = open,
                                                .close = close,
                                                .process = process,
                                                .finish = finish,
                                                .prepare = prepare,
                                                .complete = complete,
                                                .lists = OPERATOR_STATE_SPLIT,
                                                .save = save,
                                                .load = load };
