/* SPDX-License-Identifier: Apache-2.0
 *
 * What is in a buffer: frames, one behind the other, each with a head of 8 bytes.
 *
 *     [bytes u32][count u24, kind u8 << 24] [the frame's bytes, a multiple of 8]
 *
 * A run of records is one frame, so that a reader gets it as one batch and an operator writes its
 * slots in place, at `at` of the open writer. The reader trusts nothing: the bytes may come from
 * another process.
 */
#ifndef WEIR_EXEC_FRAME_H
#define WEIR_EXEC_FRAME_H

#include "core/base/err.h"
#include "core/exec/buffer.h"
#include "core/exec/record.h"

enum { FRAME_HEAD = 8, FRAME_COUNT_MAX = (1 << 24) - 1, FRAME_NONE = INT32_MAX };

enum frame_kind {
    FRAME_END, /* of the buffer: never written */
    FRAME_RECORDS,
    FRAME_WATERMARK,
    FRAME_WATERMARK_STATUS,
    FRAME_KIND_COUNT
};

/* The open end of a channel. An operator that writes slots itself does it at `at`, raises `at` by
 * the slot's size (a multiple of 8), and `count` by one where sizes vary; where they do not, `end`
 * is a whole number of slots away and the writer counts at the end. A zeroed writer is closed:
 * at == end. */
struct frame_writer {
    uint8_t *at, *end;
    struct buffer *buffer;
    uint32_t frame_at; /* offset of the open frame of records; FRAME_NONE: none is open */
    uint32_t count;    /* records in it, where sizes vary */
};

static inline size_t frame_writer_room(const struct frame_writer *writer)
{
    return (size_t)(writer->end - writer->at);
}

/* Takes an empty buffer and opens a frame of records in it. No more than `limit` bytes of the
 * buffer are used. */
void frame_writer_open(struct frame_writer *writer, struct buffer *take_buffer, uint32_t limit,
                       uint32_t stride);
/* False: no room, and nothing is changed. A frame of records goes on behind it where it fits. */
bool frame_writer_add_watermark(struct frame_writer *writer, uint32_t stride, int64_t watermark);
bool frame_writer_add_status(struct frame_writer *writer, uint32_t stride, bool idle);
/* Records that are in the open buffer and not yet closed. */
bool frame_writer_is_empty(const struct frame_writer *writer);
/* Ends the buffer and gives it away; null when there is none or nothing is in it (then it has been
 * released). */
struct buffer *frame_writer_close(struct frame_writer *writer, uint32_t stride);

struct frame {
    enum frame_kind kind;
    struct batch batch; /* of FRAME_RECORDS; valid until the next frame, and while the buffer is */
    int64_t watermark;
    bool idle;
};

struct frame_reader {
    struct record_layout layout;
    const uint8_t *bytes;
    uint32_t at, used; /* at: behind the frame under way */
    struct batch left; /* of the frame under way: records that were not given out */
    uint32_t *offsets; /* where sizes vary: of each slot of the frame */
    uint32_t offsets_max;
};

/* buffer_size: of the largest buffer it will ever read. */
void frame_reader_init(struct frame_reader *reader, struct record_layout layout,
                       uint32_t buffer_size);
void frame_reader_fini(struct frame_reader *reader);
/* Borrows the buffer until the last frame is read. Refuses one that is too large. */
MUST_CHECK struct err frame_reader_open(struct frame_reader *reader, const struct buffer *buffer,
                                        struct note *note);
/* The next frame, FRAME_END behind the last; after an err the reader is at the end. Or so many
 * records of it at most, and then the next ones. */
MUST_CHECK struct err frame_reader_next(struct frame_reader *reader, struct frame *out,
                                        struct note *note);
MUST_CHECK struct err frame_reader_next_part(struct frame_reader *reader, uint32_t records_max,
                                             struct frame *out, struct note *note);
static inline bool frame_reader_has_more(const struct frame_reader *reader)
{
    return reader->left.count > 0 || reader->at < reader->used;
}
/* What was not given out, in a buffer of its own; there is something. */
struct buffer *frame_reader_copy_rest(const struct frame_reader *reader);

#endif
