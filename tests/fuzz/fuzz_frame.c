/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzzes the reader of network buffers. In: a byte that chooses the layout of records, then the
 * buffer. Always: every record lies within the buffer, frames use up all of it, and what is refused
 * says why.
 */
#include <string.h>

#include "core/exec/frame.h"

enum { LARGEST = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct record_layout layouts[] = { { .size = 8 },
                                                { .size = 5, .timestamped = true },
                                                { .size = 0 },
                                                { .size = 0, .timestamped = true } };

static void check_batch(const struct batch *batch, const struct buffer *buffer)
{
    const uint8_t *end = buffer->bytes + buffer->used, *last = buffer->bytes;
    for (uint32_t i = 0; i < batch->count; i++) {
        const uint8_t *payload = batch_payload(batch, i);
        CHECK(payload >= last);
        CHECK(payload <= end);
        CHECK(batch_size(batch, i) <= (size_t)(end - payload));
        last = payload;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size - 1 > LARGEST)
        return 0;
    struct buffer *buffer = buffer_create(LARGEST);
    struct frame_reader reader;
    struct frame frame = { .kind = FRAME_RECORDS };
    struct note note = { { 0 } };
    memcpy(buffer->bytes, data + 1, size - 1);
    buffer->used = (uint32_t)(size - 1);
    frame_reader_init(&reader, layouts[data[0] % 4], LARGEST);
    struct err e = frame_reader_open(&reader, buffer, &note);
    while (!err_is(e) && frame.kind != FRAME_END) {
        e = frame_reader_next(&reader, &frame, &note);
        if (frame.kind == FRAME_RECORDS)
            check_batch(&frame.batch, buffer);
    }
    CHECK(err_is(e) == (note.text[0] != '\0'));
    CHECK(reader.at == reader.used);
    frame_reader_fini(&reader);
    buffer_release(buffer);
    return 0;
}
