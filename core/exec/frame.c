/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing and reading frames. The writer keeps a frame of records open at its end, so that slots
 * can be written without asking; its head is filled in when it is closed. An open frame that stays
 * empty leaves nothing behind.
 */
#include "core/exec/frame.h"

_Static_assert(BUFFER_SIZE_MAX / RECORD_ALIGN <= FRAME_COUNT_MAX, "a frame is never too long");

/* By memcpy: the bytes have no type of their own, and frames may be copied anywhere. */
static void put_head(uint8_t *at, enum frame_kind kind, uint32_t count, uint32_t bytes)
{
    uint32_t words[2] = { bytes, count | (uint32_t)kind << 24 };
    CHECK(count <= FRAME_COUNT_MAX);
    memcpy(at, words, sizeof words);
}

/* Opens a frame of records at offset `at`, where a head and one slot fit; else nothing is open and
 * there is no room. */
static void open_records(struct frame_writer *writer, uint32_t at, uint32_t limit, uint32_t stride)
{
    uint32_t least = FRAME_HEAD + (stride ? stride : RECORD_HEAD);
    uint8_t *bytes = writer->buffer->bytes;
    writer->count = 0;
    if (limit < at || limit - at < least) {
        writer->frame_at = FRAME_NONE;
        writer->at = writer->end = bytes + at;
        return;
    }
    uint32_t room = limit - at - FRAME_HEAD;
    writer->frame_at = at;
    writer->at = bytes + at + FRAME_HEAD;
    writer->end =
        writer->at + (stride ? room / stride * stride : room / RECORD_ALIGN * RECORD_ALIGN);
}

/* Where what is written ends. An open frame gets its head, or goes when it is empty. */
static uint32_t close_records(struct frame_writer *writer, uint32_t stride)
{
    uint8_t *bytes = writer->buffer->bytes;
    uint32_t at = (uint32_t)(writer->at - bytes);
    if (writer->frame_at == FRAME_NONE)
        return at;
    uint32_t begin = writer->frame_at + FRAME_HEAD;
    CHECK(at >= begin);
    CHECK(at % RECORD_ALIGN == 0);
    if (at == begin)
        return writer->frame_at;
    uint32_t count = stride ? (at - begin) / stride : writer->count;
    CHECK(count > 0);
    CHECK(!stride || (at - begin) % stride == 0);
    put_head(bytes + writer->frame_at, FRAME_RECORDS, count, at - begin);
    return at;
}

void frame_writer_open(struct frame_writer *writer, struct buffer *take_buffer, uint32_t limit,
                       uint32_t stride)
{
    CHECK(!writer->buffer);
    CHECK(limit <= take_buffer->size);
    *writer = (struct frame_writer){ .buffer = take_buffer };
    open_records(writer, 0, limit, stride);
}

/* A frame of one word; it may use the whole buffer, also where the receiver wants less. */
static bool add_word(struct frame_writer *writer, uint32_t stride, enum frame_kind kind,
                     int64_t word)
{
    if (!writer->buffer)
        return false;
    uint8_t *bytes = writer->buffer->bytes;
    uint32_t end = (uint32_t)(writer->end - bytes), size = writer->buffer->size;
    bool is_empty =
        writer->frame_at != FRAME_NONE && writer->at == bytes + writer->frame_at + FRAME_HEAD;
    uint32_t at = is_empty ? writer->frame_at : (uint32_t)(writer->at - bytes);
    if (size - at < FRAME_HEAD + sizeof word)
        return false;
    CHECK(close_records(writer, stride) == at);
    put_head(bytes + at, kind, 0, sizeof word);
    memcpy(bytes + at + FRAME_HEAD, &word, sizeof word);
    open_records(writer, at + FRAME_HEAD + (uint32_t)sizeof word, end, stride);
    return true;
}

bool frame_writer_add_watermark(struct frame_writer *writer, uint32_t stride, int64_t watermark)
{
    return add_word(writer, stride, FRAME_WATERMARK, watermark);
}

bool frame_writer_add_status(struct frame_writer *writer, uint32_t stride, bool idle)
{
    return add_word(writer, stride, FRAME_WATERMARK_STATUS, idle);
}

bool frame_writer_is_empty(const struct frame_writer *writer)
{
    if (!writer->buffer)
        return true;
    return writer->frame_at == 0 && writer->at == writer->buffer->bytes + FRAME_HEAD;
}

/* An empty buffer goes back at once: a flush of nothing must not send anything. */
struct buffer *frame_writer_close(struct frame_writer *writer, uint32_t stride)
{
    struct buffer *buffer = writer->buffer;
    if (!buffer)
        return NULL;
    buffer->used = close_records(writer, stride);
    *writer = (struct frame_writer){ 0 };
    if (buffer->used)
        return buffer;
    buffer_release(buffer);
    return NULL;
}

void frame_reader_init(struct frame_reader *reader, struct record_layout layout,
                       uint32_t buffer_size)
{
    CHECK(buffer_size <= BUFFER_SIZE_MAX);
    *reader = (struct frame_reader){ .layout = layout };
    reader->offsets_max = buffer_size / RECORD_HEAD;
    if (layout.size == 0)
        reader->offsets = mem_create_array(reader->offsets_max, sizeof *reader->offsets);
}

void frame_reader_fini(struct frame_reader *reader)
{
    mem_destroy(reader->offsets);
    *reader = (struct frame_reader){ 0 };
}

struct err frame_reader_open(struct frame_reader *reader, const struct buffer *buffer,
                             struct note *note)
{
    reader->bytes = buffer->bytes;
    reader->at = reader->used = 0;
    reader->left.count = 0;
    if (buffer->used > buffer->size || buffer->used / RECORD_HEAD > reader->offsets_max ||
        buffer->used % RECORD_ALIGN != 0)
        return err_note(note, ERR_BAD_VALUE_CODE, "buffer of %u bytes cannot hold %u", buffer->size,
                        buffer->used);
    reader->used = buffer->used;
    return OK;
}

/* Where sizes vary each slot says how long it is; together they must fill the frame. */
static struct err find_offsets(struct frame_reader *reader, const uint8_t *slots, uint32_t bytes,
                               uint32_t count, struct note *note)
{
    uint32_t head = reader->layout.timestamped ? RECORD_HEAD : 0, at = 0;
    if (count > reader->offsets_max)
        return err_note(note, ERR_BAD_VALUE_CODE, "frame says it has %u records in %u bytes", count,
                        bytes);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t length;
        if (bytes - at < head + RECORD_HEAD)
            return err_note(note, ERR_BAD_VALUE_CODE, "record %u of %u begins behind its frame", i,
                            count);
        memcpy(&length, slots + at + head, sizeof length);
        uint32_t left = bytes - at - head - RECORD_HEAD;
        if (length > left) /* a multiple of 8: so with its padding */
            return err_note(note, ERR_BAD_VALUE_CODE,
                            "record %u of %u is longer than what is left of its frame, %u bytes", i,
                            count, left);
        reader->offsets[i] = at;
        at += head + RECORD_HEAD + record_padded((uint32_t)length);
    }
    if (at != bytes)
        return err_note(note, ERR_BAD_VALUE_CODE, "frame has %u bytes behind its last record",
                        bytes - at);
    return OK;
}

/* A fixed size is agreed on by both ends of the edge; only the product has to be right. */
static struct err read_records(struct frame_reader *reader, uint32_t bytes, uint32_t count,
                               struct frame *out, struct note *note)
{
    uint32_t stride = record_stride(reader->layout);
    const uint8_t *slots = reader->bytes + reader->at;
    if (count == 0)
        return err_note(note, ERR_BAD_VALUE_CODE, "frame of records without records");
    if (stride && (uint64_t)count * stride != bytes)
        return err_note(note, ERR_BAD_VALUE_CODE, "%u records of %u bytes in a frame of %u", count,
                        stride, bytes);
    if (!stride)
        TRY(find_offsets(reader, slots, bytes, count, note));
    out->batch = (struct batch){ .slots = slots,
                                 .count = count,
                                 .stride = stride,
                                 .at = stride ? NULL : reader->offsets,
                                 .layout = reader->layout };
    return OK;
}

/* Moves behind the frame only when all of it is good. */
static struct err read_frame(struct frame_reader *reader, struct frame *out, struct note *note)
{
    uint32_t words[2], at = reader->at;
    int64_t word = 0;
    if (reader->used - at < FRAME_HEAD)
        return err_note(note, ERR_BAD_VALUE_CODE, "head of a frame is cut off");
    memcpy(words, reader->bytes + at, sizeof words);
    reader->at = at += FRAME_HEAD;
    uint32_t bytes = words[0], count = words[1] & FRAME_COUNT_MAX, kind = words[1] >> 24;
    if (bytes > reader->used - at || bytes % RECORD_ALIGN != 0)
        return err_note(note, ERR_BAD_VALUE_CODE, "frame of %u bytes where %u are left", bytes,
                        reader->used - at);
    if (kind == FRAME_END || kind >= FRAME_KIND_COUNT)
        return err_note(note, ERR_BAD_VALUE_CODE, "frame of unknown kind %u", kind);
    *out = (struct frame){ .kind = (enum frame_kind)kind };
    if (kind == FRAME_RECORDS) {
        TRY(read_records(reader, bytes, count, out, note));
        reader->at += bytes;
        return OK;
    }
    if (bytes != sizeof word || count != 0)
        return err_note(note, ERR_BAD_VALUE_CODE, "watermark of %u bytes", bytes);
    memcpy(&word, reader->bytes + at, sizeof word);
    if (kind == FRAME_WATERMARK_STATUS && word != 0 && word != 1)
        return err_note(note, ERR_BAD_VALUE_CODE, "watermark status is neither idle nor active");
    out->watermark = kind == FRAME_WATERMARK ? word : 0;
    out->idle = kind == FRAME_WATERMARK_STATUS && word == 1;
    reader->at += bytes;
    return OK;
}

static struct batch take_left(struct frame_reader *reader, uint32_t records_max)
{
    struct batch *left = &reader->left;
    uint32_t count = left->count < records_max ? left->count : records_max;
    struct batch part = batch_part(left, 0, count);
    *left = batch_part(left, count, left->count - count);
    return part;
}

/* After a refusal there is nothing to go on with: where the next frame begins is unknown. */
struct err frame_reader_next_part(struct frame_reader *reader, uint32_t records_max,
                                  struct frame *out, struct note *note)
{
    CHECK(records_max > 0);
    *out = (struct frame){ .kind = FRAME_END };
    if (reader->left.count == 0) {
        if (reader->at == reader->used)
            return OK;
        struct err e = read_frame(reader, out, note);
        if (err_is(e)) {
            reader->at = reader->used;
            *out = (struct frame){ .kind = FRAME_END };
        }
        if (err_is(e) || out->kind != FRAME_RECORDS)
            return e;
        reader->left = out->batch;
    }
    out->kind = FRAME_RECORDS;
    out->batch = take_left(reader, records_max);
    return OK;
}

struct err frame_reader_next(struct frame_reader *reader, struct frame *out, struct note *note)
{
    return frame_reader_next_part(reader, UINT32_MAX, out, note);
}

/* The frames that are whole lie behind what is left of the one under way. */
struct buffer *frame_reader_copy_rest(const struct frame_reader *reader)
{
    const struct batch *left = &reader->left;
    uint32_t head = left->count > 0 ? FRAME_HEAD : 0, from = reader->at;
    CHECK(frame_reader_has_more(reader));
    if (head > 0)
        from = (uint32_t)(batch_slot(left, 0) - reader->bytes);
    uint32_t bytes = reader->used - from, size = head + bytes;
    struct buffer *rest = buffer_create(size > BUFFER_SIZE_MIN ? size : (uint32_t)BUFFER_SIZE_MIN);
    if (head > 0)
        put_head(rest->bytes, FRAME_RECORDS, left->count, reader->at - from);
    memcpy(rest->bytes + head, reader->bytes + from, bytes);
    rest->used = size;
    return rest;
}
