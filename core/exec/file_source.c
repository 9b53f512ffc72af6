/* SPDX-License-Identifier: Apache-2.0
 *
 * One split after the other, a piece of its file at a time. A split's offset is where its next line
 * begins; one that begins within a file first looks for the end of the line before.
 */
#include "core/exec/file_source.h"

/* Of a split: how far it is with its beginning. */
enum { SPLIT_FRESH, SPLIT_READS, SPLIT_DONE };

struct file_source {
    struct operator op;
    struct split_list splits;
    struct source_split *split; /* under way; null: none */
    uint8_t *piece;             /* of its file, from piece_at on */
    uint64_t piece_at;
    size_t piece_size;
    bool piece_is_last; /* the file ends behind it */
};

static const struct file_source_params *params_of(const struct operator* op)
{
    return op->spec->params;
}

static const struct file_range *range_of(const struct file_source *source)
{
    return &params_of(&source->op)->splits[source->split->number];
}

static void open(struct operator* op)
{
    struct file_source *source = (struct file_source *)op;
    struct record_layout layout = op->spec->outputs.items[0];
    CHECK(layout.size == 0);
    CHECK(!layout.timestamped);
    source->piece = mem_create(FILE_READ_BYTES);
    split_list_open(&source->splits, op, params_of(op)->split_count);
}

static void close(struct operator* op)
{
    struct file_source *source = (struct file_source *)op;
    split_list_fini(&source->splits);
    mem_destroy(source->piece);
}

/* Bytes from `at` on in the piece, read if need be. False: the operator has failed. */
static bool read_piece(struct file_source *source, uint64_t at)
{
    const struct source_port *port = params_of(&source->op)->port;
    struct note note = { { 0 } };
    source->piece_size = 0;
    source->piece_at = at;
    source->piece_is_last = false;
    while (source->piece_size < FILE_READ_BYTES) {
        size_t got = 0;
        struct err e = port->read(port->context, range_of(source)->file, at + source->piece_size,
                                  source->piece + source->piece_size,
                                  FILE_READ_BYTES - source->piece_size, &got, &note);
        if (err_is(e)) {
            operator_fail(&source->op, CAUSE_USER_CODE, "file %u: %s", range_of(source)->file,
                          note.text[0] ? note.text : err_text(e));
            return false;
        }
        CHECK(got <= FILE_READ_BYTES - source->piece_size);
        source->piece_size += got;
        source->piece_is_last = got == 0;
        if (got == 0)
            break;
    }
    return true;
}

enum line { LINE_FOUND, LINE_END_OF_FILE, LINE_FAILED };

/* The line that begins at the split's offset; *next: where the one behind it does. */
static enum line find_line(struct file_source *source, const uint8_t **line, uint32_t *size,
                           uint64_t *next)
{
    uint64_t at = source->split->offset;
    for (bool is_fresh = false;; is_fresh = true) {
        bool is_inside = at >= source->piece_at && at - source->piece_at < source->piece_size;
        const uint8_t *from = source->piece + (is_inside ? at - source->piece_at : 0);
        size_t left = is_inside ? source->piece_size - (size_t)(at - source->piece_at) : 0, end = 0;
        while (end < left && from[end] != '\n')
            end++;
        bool ends = end < left || (source->piece_is_last && (is_inside || is_fresh));
        if (ends && left == 0)
            return LINE_END_OF_FILE;
        if (end > FILE_LINE_MAX || (!ends && is_fresh)) {
            operator_fail(&source->op, CAUSE_USER_CODE,
                          "file %u: the line at byte %llu is longer than %d bytes",
                          range_of(source)->file, (unsigned long long)at, FILE_LINE_MAX);
            return LINE_FAILED;
        }
        if (ends) {
            *line = from;
            *size = (uint32_t)(end > 0 && end < left && from[end - 1] == '\r' ? end - 1 : end);
            *next = at + end + (end < left);
            return LINE_FOUND;
        }
        if (!read_piece(source, at))
            return LINE_FAILED;
    }
}

/* A range within a file begins behind the first end of line at or before its first byte. */
static enum line skip_to_line(struct file_source *source)
{
    const uint8_t *line;
    uint32_t size;
    enum line found = LINE_FOUND;
    source->split->offset = range_of(source)->from;
    if (source->split->offset > 0) {
        source->split->offset--;
        found = find_line(source, &line, &size, &source->split->offset);
    }
    source->split->begun = SPLIT_READS;
    return found;
}

static bool begin_split(struct file_source *source)
{
    for (size_t i = 0; i < source->splits.splits.count; i++) {
        source->split = split_list_next(&source->splits);
        if (source->split->begun != SPLIT_DONE) {
            source->piece_size = 0;
            source->piece_is_last = false;
            return true;
        }
    }
    source->split = NULL;
    return false;
}

/* One line out. */
static enum line give_line(struct file_source *source)
{
    const uint8_t *line = NULL;
    uint32_t size = 0;
    uint64_t next = 0;
    enum line found = LINE_FOUND;
    if (source->split->begun == SPLIT_FRESH)
        found = skip_to_line(source);
    if (found == LINE_FOUND && source->split->offset >= range_of(source)->to)
        return LINE_END_OF_FILE;
    if (found == LINE_FOUND)
        found = find_line(source, &line, &size, &next);
    if (found != LINE_FOUND)
        return found;
    void *to = collector_put(source->op.outs[0], TIMESTAMP_NONE, size);
    if (!to)
        return LINE_FAILED;
    memcpy(to, line, size);
    source->split->offset = next;
    return LINE_FOUND;
}

static enum source_status poll(struct operator* op, uint32_t records_max)
{
    struct file_source *source = (struct file_source *)op;
    uint32_t done = 0;
    while (done < records_max && !op->task->failed) {
        if (!source->split && !begin_split(source))
            break;
        enum line found = give_line(source);
        done += found == LINE_FOUND;
        if (found == LINE_END_OF_FILE) {
            source->split->begun = SPLIT_DONE;
            source->split = NULL;
        }
    }
    operator_charge(op, done);
    return done == records_max || op->task->failed ? SOURCE_MORE : SOURCE_ENDED;
}

static void save(const struct operator* op, struct state_list *out)
{
    split_list_save(&((const struct file_source *)op)->splits, out);
}

static struct err load(struct operator* op, const struct state_list *in, struct note *note)
{
    return split_list_load(&((struct file_source *)op)->splits, op, params_of(op)->split_count, in,
                           note);
}

const struct operator_class file_source_class = { .name = "file source",
                                                  .size = sizeof(struct file_source),
                                                  .open = open,
                                                  .close = close,
                                                  .poll = poll,
                                                  .lists = OPERATOR_STATE_SPLIT,
                                                  .save = save,
                                                  .load = load };
