/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of buffers and frames: what is written is read, in order; what comes from elsewhere is
 * refused with a reason, or harmless.
 */
#include <check.h>
#include <signal.h>
#include <string.h>

#include "core/base/rng.h"
#include "core/exec/frame.h"

static const struct record_layout numbers = { .size = 8 };
static const struct record_layout stamped = { .size = 5, .timestamped = true };
static const struct record_layout texts = { .size = 0 };
static const struct record_layout stamped_texts = { .size = 0, .timestamped = true };

static struct frame_reader reader;
static struct frame frame;
static struct note note;

static void put(struct frame_writer *writer, struct record_layout layout, uint32_t size,
                uint8_t fill)
{
    uint32_t slot = record_slot_size(layout, size), head = layout.timestamped ? RECORD_HEAD : 0;
    int64_t timestamp = fill * 1000;
    uint64_t length = size;
    ck_assert_uint_le(slot, frame_writer_room(writer));
    memset(writer->at, 0, slot);
    if (head)
        memcpy(writer->at, &timestamp, sizeof timestamp);
    if (layout.size == 0) {
        memcpy(writer->at + head, &length, sizeof length);
        head += RECORD_HEAD;
    }
    memset(writer->at + head, fill, size);
    writer->at += slot;
    writer->count++;
}

static void open_reader(struct record_layout layout, const struct buffer *buffer)
{
    frame_reader_init(&reader, layout, buffer->size);
    struct err e = frame_reader_open(&reader, buffer, &note);
    ck_assert_msg(!err_is(e), "%s", note.text);
}

static enum frame_kind next(void)
{
    struct err e = frame_reader_next(&reader, &frame, &note);
    ck_assert_msg(!err_is(e), "%s", note.text);
    return frame.kind;
}

START_TEST(frame_run_of_records_is_one_batch)
{
    struct frame_writer writer = { 0 };
    frame_writer_open(&writer, buffer_create(256), 256, 8);
    ck_assert_uint_eq(frame_writer_room(&writer), 248);
    for (uint8_t i = 0; i < 31; i++)
        put(&writer, numbers, 8, i);
    ck_assert_ptr_eq(writer.at, writer.end);
    struct buffer *buffer = frame_writer_close(&writer, 8);
    ck_assert_uint_eq(buffer->used, 256);
    open_reader(numbers, buffer);
    ck_assert_int_eq(next(), FRAME_RECORDS);
    ck_assert_uint_eq(frame.batch.count, 31);
    for (uint32_t i = 0; i < 31; i++)
        ck_assert_uint_eq(*(const uint8_t *)batch_payload(&frame.batch, i), i);
    ck_assert_int_eq(next(), FRAME_END);
    ck_assert_int_eq(next(), FRAME_END);
    frame_reader_fini(&reader);
    buffer_release(buffer);
}
END_TEST

START_TEST(frame_watermark_parts_two_batches)
{
    struct frame_writer writer = { 0 };
    uint32_t stride = record_stride(stamped);
    frame_writer_open(&writer, buffer_create(256), 256, stride);
    put(&writer, stamped, 5, 7);
    ck_assert(frame_writer_add_watermark(&writer, stride, 6999));
    ck_assert(frame_writer_add_status(&writer, stride, true));
    ck_assert(frame_writer_add_status(&writer, stride, false));
    put(&writer, stamped, 5, 9);
    put(&writer, stamped, 5, 10);
    struct buffer *buffer = frame_writer_close(&writer, stride);
    open_reader(stamped, buffer);
    ck_assert_int_eq(next(), FRAME_RECORDS);
    ck_assert_uint_eq(frame.batch.count, 1);
    ck_assert_int_eq(batch_timestamp(&frame.batch, 0), 7000);
    ck_assert_uint_eq(batch_size(&frame.batch, 0), 5);
    ck_assert_int_eq(next(), FRAME_WATERMARK);
    ck_assert_int_eq(frame.watermark, 6999);
    ck_assert_int_eq(next(), FRAME_WATERMARK_STATUS);
    ck_assert(frame.idle);
    ck_assert_int_eq(next(), FRAME_WATERMARK_STATUS);
    ck_assert(!frame.idle);
    ck_assert_int_eq(next(), FRAME_RECORDS);
    ck_assert_uint_eq(frame.batch.count, 2);
    ck_assert_int_eq(batch_timestamp(&frame.batch, 1), 10000);
    ck_assert_int_eq(next(), FRAME_END);
    frame_reader_fini(&reader);
    buffer_release(buffer);
}
END_TEST

START_TEST(frame_nobody_wrote_into_leaves_nothing)
{
    struct frame_writer writer = { 0 };
    ck_assert(frame_writer_is_empty(&writer));
    ck_assert_ptr_null(frame_writer_close(&writer, 8));
    struct buffer_pool *pool = buffer_pool_create(64, 1, 0, 0);
    frame_writer_open(&writer, buffer_pool_take(pool, 0), 64, 8);
    ck_assert(frame_writer_is_empty(&writer));
    ck_assert_ptr_null(frame_writer_close(&writer, 8));
    ck_assert_uint_eq(pool->in_use, 0);
    frame_writer_open(&writer, buffer_pool_take(pool, 0), 64, 8);
    ck_assert(frame_writer_add_watermark(&writer, 8, 1));
    ck_assert(!frame_writer_is_empty(&writer));
    struct buffer *buffer = frame_writer_close(&writer, 8);
    ck_assert_uint_eq(buffer->used, 16);
    buffer_release(buffer);
    buffer_pool_destroy(pool);
}
END_TEST

/* A buffer of 64 bytes holds four words with their heads, and then neither word nor record. */
START_TEST(frame_word_that_does_not_fit_changes_nothing)
{
    struct frame_writer writer = { 0 };
    frame_writer_open(&writer, buffer_create(64), 64, 8);
    for (int i = 0; i < 3; i++)
        ck_assert(frame_writer_add_watermark(&writer, 8, i));
    put(&writer, numbers, 8, 1);
    ck_assert_uint_eq(frame_writer_room(&writer), 0);
    ck_assert(!frame_writer_add_watermark(&writer, 8, 4));
    ck_assert(!frame_writer_add_status(&writer, 8, true));
    struct buffer *buffer = frame_writer_close(&writer, 8);
    ck_assert_uint_eq(buffer->used, 64);
    open_reader(numbers, buffer);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(next(), FRAME_WATERMARK);
    ck_assert_int_eq(next(), FRAME_RECORDS);
    ck_assert_int_eq(next(), FRAME_END);
    frame_reader_fini(&reader);
    buffer_release(buffer);
}
END_TEST

START_TEST(frame_writer_leaves_what_the_receiver_does_not_want)
{
    struct frame_writer writer = { 0 };
    frame_writer_open(&writer, buffer_create(256), 8 + 3 * 16 + 15, 16);
    ck_assert_uint_eq(frame_writer_room(&writer), 48);
    ck_assert_ptr_null(frame_writer_close(&writer, 16));
    frame_writer_open(&writer, buffer_create(64), 15, 8);
    ck_assert_uint_eq(frame_writer_room(&writer), 0);
    ck_assert_ptr_null(frame_writer_close(&writer, 8));
}
END_TEST

/* Random operations against the list of what was written. */
static void round_trip(struct record_layout layout, uint64_t seed)
{
    struct rng rng = rng_stream(seed, "frames", layout.size);
    struct frame_writer writer = { 0 };
    struct {
        enum frame_kind kind;
        uint32_t size;
        uint8_t fill;
    } wrote[200];
    uint32_t count = 0, stride = record_stride(layout);
    frame_writer_open(&writer, buffer_create(1024), 1024, stride);
    while (count < 200) {
        uint32_t size = layout.size ? layout.size : (uint32_t)rng_below(&rng, 40);
        uint8_t fill = (uint8_t)rng_below(&rng, 200);
        enum frame_kind kind = FRAME_RECORDS;
        if (rng_below(&rng, 5) == 0)
            kind = rng_below(&rng, 2) ? FRAME_WATERMARK : FRAME_WATERMARK_STATUS;
        bool fits = record_slot_size(layout, size) <= frame_writer_room(&writer);
        if (kind == FRAME_WATERMARK)
            fits = frame_writer_add_watermark(&writer, stride, fill);
        else if (kind == FRAME_WATERMARK_STATUS)
            fits = frame_writer_add_status(&writer, stride, fill % 2);
        else if (fits)
            put(&writer, layout, size, fill);
        if (!fits)
            break;
        wrote[count].kind = kind;
        wrote[count].size = size;
        wrote[count++].fill = fill;
    }
    struct buffer *buffer = frame_writer_close(&writer, stride);
    ck_assert_ptr_nonnull(buffer);
    open_reader(layout, buffer);
    for (uint32_t i = 0; i < count;) {
        enum frame_kind kind = next();
        ck_assert_int_eq(kind, wrote[i].kind);
        if (kind == FRAME_WATERMARK)
            ck_assert_int_eq(frame.watermark, wrote[i++].fill);
        else if (kind == FRAME_WATERMARK_STATUS)
            ck_assert_int_eq(frame.idle, wrote[i++].fill % 2);
        for (uint32_t k = 0; k < frame.batch.count; k++, i++) {
            ck_assert_int_eq(wrote[i].kind, FRAME_RECORDS);
            ck_assert_uint_eq(batch_size(&frame.batch, k), wrote[i].size);
            const uint8_t *payload = batch_payload(&frame.batch, k);
            for (uint32_t byte = 0; byte < wrote[i].size; byte++)
                ck_assert_uint_eq(payload[byte], wrote[i].fill);
            if (layout.timestamped)
                ck_assert_int_eq(batch_timestamp(&frame.batch, k), wrote[i].fill * 1000);
        }
    }
    ck_assert_int_eq(next(), FRAME_END);
    frame_reader_fini(&reader);
    buffer_release(buffer);
}

START_TEST(frames_come_back_as_they_were_written)
{
    for (uint64_t seed = 0; seed < 500; seed++) {
        round_trip(numbers, seed);
        round_trip(stamped, seed);
        round_trip(texts, seed);
        round_trip(stamped_texts, seed);
    }
}
END_TEST

static void fill_words(struct buffer *buffer, const uint64_t *words, uint32_t count)
{
    memcpy(buffer->bytes, words, count * sizeof *words);
    buffer->used = count * (uint32_t)sizeof *words;
}

#define HEAD(bytes, count, kind)                                                                   \
    ((uint64_t)(bytes) | (uint64_t)(count) << 32 | (uint64_t)(kind) << 56)

static const struct {
    bool texts;
    uint32_t count;
    uint64_t words[4];
    const char *note;
} bad[] = {
    { false, 1, { HEAD(8, 1, 1) }, "frame of 8 bytes where 0 are left" },
    { false, 2, { HEAD(4, 1, 1), 0 }, "frame of 4 bytes where 8 are left" },
    { false, 1, { HEAD(0, 0, 0) }, "frame of unknown kind 0" },
    { false, 1, { HEAD(0, 0, 4) }, "frame of unknown kind 4" },
    { false, 1, { HEAD(0, 0, 1) }, "frame of records without records" },
    { false, 3, { HEAD(16, 1, 1), 0, 0 }, "1 records of 8 bytes in a frame of 16" },
    { false, 1, { HEAD(0, 0xffffff, 1) }, "16777215 records of 8 bytes in a frame of 0" },
    { false, 1, { HEAD(0, 0, 2) }, "watermark of 0 bytes" },
    { false, 2, { HEAD(8, 1, 2), 0 }, "watermark of 8 bytes" },
    { false, 2, { HEAD(8, 0, 3), 2 }, "watermark status is neither idle nor active" },
    { true, 2, { HEAD(8, 9, 1), 0 }, "frame says it has 9 records in 8 bytes" },
    { true, 2, { HEAD(8, 2, 1), 0 }, "record 1 of 2 begins behind its frame" },
    { true,
      2,
      { HEAD(8, 1, 1), 1 },
      "record 0 of 1 is longer than what is left of its frame, 0 bytes" },
    { true,
      3,
      { HEAD(16, 1, 1), UINT64_MAX, 0 },
      "record 0 of 1 is longer than what is left of its frame, 8 bytes" },
    { true, 3, { HEAD(16, 1, 1), 0, 0 }, "frame has 8 bytes behind its last record" },
};

START_TEST(frame_reader_says_what_is_wrong)
{
    struct buffer *buffer = buffer_create(64);
    fill_words(buffer, bad[_i].words, bad[_i].count);
    open_reader(bad[_i].texts ? texts : numbers, buffer);
    struct err e = frame_reader_next(&reader, &frame, &note);
    ck_assert_int_eq(e.code, ERR_BAD_VALUE_CODE);
    ck_assert_str_eq(note.text, bad[_i].note);
    ck_assert_int_eq(frame.kind, FRAME_END);
    ck_assert_int_eq(next(), FRAME_END);
    frame_reader_fini(&reader);
    buffer_release(buffer);
}
END_TEST

START_TEST(frame_reader_refuses_a_buffer_that_says_too_much)
{
    struct buffer *buffer = buffer_create(64);
    frame_reader_init(&reader, numbers, 64);
    const uint32_t wrong[] = { 72, 60, UINT32_MAX };
    for (int i = 0; i < 3; i++) {
        buffer->used = wrong[i];
        ck_assert(err_is(frame_reader_open(&reader, buffer, &note)));
        ck_assert_int_eq(next(), FRAME_END);
    }
    buffer_release(buffer);
    buffer = buffer_create(128);
    buffer->used = 72;
    ck_assert(err_is(frame_reader_open(&reader, buffer, &note)));
    frame_reader_fini(&reader);
    buffer_release(buffer);
}
END_TEST

/* Good frames with some bytes changed: an err, or batches that lie within the buffer. */
START_TEST(frame_reader_survives_garbage)
{
    const struct record_layout layouts[] = { numbers, stamped, texts, stamped_texts };
    struct rng rng = rng_stream(1, "garbage", 0);
    uint32_t refused = 0, read = 0;
    for (int round = 0; round < 20000; round++) {
        struct record_layout layout = layouts[round % 4];
        struct frame_writer writer = { 0 };
        uint32_t stride = record_stride(layout);
        frame_writer_open(&writer, buffer_create(256), 256, stride);
        for (int i = 0; i < 5; i++)
            put(&writer, layout, layout.size ? layout.size : (uint32_t)i, 1);
        ck_assert(frame_writer_add_watermark(&writer, stride, 3));
        struct buffer *buffer = frame_writer_close(&writer, stride);
        for (uint64_t i = rng_below(&rng, 4); i > 0; i--)
            buffer->bytes[rng_below(&rng, buffer->used)] = (uint8_t)rng_next(&rng);
        open_reader(layout, buffer);
        struct err e;
        do {
            e = frame_reader_next(&reader, &frame, &note);
            read += frame.batch.count;
            for (uint32_t i = 0; i < frame.batch.count; i++) {
                const uint8_t *payload = batch_payload(&frame.batch, i);
                ck_assert(payload >= buffer->bytes);
                ck_assert(payload + batch_size(&frame.batch, i) <= buffer->bytes + buffer->used);
            }
        } while (!err_is(e) && frame.kind != FRAME_END);
        refused += err_is(e);
        frame_reader_fini(&reader);
        buffer_release(buffer);
    }
    ck_assert_uint_gt(refused, 1000);
    ck_assert_uint_gt(read, 1000);
}
END_TEST

START_TEST(buffer_comes_back_with_its_last_reference)
{
    struct buffer_pool *pool = buffer_pool_create(64, 2, 0, 0);
    struct buffer *first = buffer_pool_take(pool, 0), *second = buffer_pool_take(pool, 0);
    ck_assert(!buffer_pool_is_available(pool));
    buffer_retain(first);
    buffer_release(first);
    ck_assert(!buffer_pool_is_available(pool));
    ck_assert_uint_eq(buffer_pool_references(pool), 2);
    buffer_release(first);
    ck_assert(buffer_pool_is_available(pool));
    buffer_pool_check(pool);
    ck_assert_ptr_eq(buffer_pool_take(pool, 0), first);
    struct buffer *third = buffer_pool_take(pool, 0);
    ck_assert_uint_eq(buffer_pool_overdraft(pool), 1);
    buffer_release(second);
    ck_assert_uint_eq(buffer_pool_overdraft(pool), 0);
    ck_assert(!buffer_pool_is_available(pool));
    buffer_release(first);
    ck_assert(buffer_pool_is_available(pool));
    ck_assert_uint_eq(pool->in_use_max, 3);
    buffer_pool_destroy(pool); /* third is still read by somebody */
    ck_assert_uint_eq(third->references, 1);
    buffer_release(third);
}
END_TEST

START_TEST(buffer_pool_waits_for_a_channel_that_has_too_many)
{
    struct buffer_pool *pool = buffer_pool_create(64, 10, 2, 2);
    struct buffer *held[3];
    for (int i = 0; i < 3; i++)
        held[i] = buffer_pool_take(pool, i == 1 ? 1 : 0);
    ck_assert(!buffer_pool_is_available(pool));
    buffer_pool_check(pool);
    buffer_release(held[1]);
    ck_assert(!buffer_pool_is_available(pool));
    buffer_release(held[0]);
    ck_assert(buffer_pool_is_available(pool));
    buffer_release(held[2]);
    held[0] = buffer_pool_take(pool, BUFFER_CHANNEL_ANY);
    buffer_pool_check(pool);
    buffer_release(held[0]);
    buffer_pool_destroy(pool);
}
END_TEST

/* At the limit all is well; one more is a fault of its owner, who must have watched. */
START_TEST(buffer_pool_stops_the_run_beyond_its_limit)
{
    struct buffer_pool *pool = buffer_pool_create(64, 1, 0, 0);
    for (uint32_t i = 0; i < BUFFER_POOL_MAX; i++)
        buffer_pool_take(pool, 0);
    if (pool->in_use == BUFFER_POOL_MAX)
        buffer_pool_take(pool, 0);
}
END_TEST

/* Three records, a watermark, five records: in parts of two, and the rest of it at each moment. */
START_TEST(frame_parts_and_their_rest_are_the_whole)
{
    static const struct record_layout layouts[] = { { 8, false }, { 0, true } };
    struct record_layout layout = layouts[_i];
    struct frame_writer writer = { 0 };
    uint32_t stride = record_stride(layout), seen = 0;
    frame_writer_open(&writer, buffer_create(512), 512, stride);
    for (uint8_t i = 0; i < 8; i++) {
        if (i == 3)
            ck_assert(frame_writer_add_watermark(&writer, stride, 77));
        put(&writer, layout, 8, i);
    }
    struct buffer *buffer = frame_writer_close(&writer, stride);
    struct frame_reader whole;
    open_reader(layout, buffer);
    whole = reader;
    static const uint32_t counts[] = { 2, 1, 0, 2, 2, 1 };
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
        uint32_t left = 0;
        struct buffer *rest = frame_reader_copy_rest(&whole);
        ck_assert_uint_le(rest->used, buffer->used);
        open_reader(layout, rest);
        while (next() != FRAME_END)
            for (uint32_t i = 0; i < frame.batch.count; i++)
                ck_assert_uint_eq(*(const uint8_t *)batch_payload(&frame.batch, i), seen + left++);
        ck_assert_uint_eq(left, 8 - seen);
        frame_reader_fini(&reader);
        buffer_release(rest);
        ck_assert(!err_is(frame_reader_next_part(&whole, 2, &frame, &note)));
        ck_assert_uint_eq(frame.batch.count, counts[k]);
        ck_assert_int_eq(frame.watermark, k == 2 ? 77 : 0);
        for (uint32_t i = 0; i < frame.batch.count; i++)
            ck_assert_uint_eq(*(const uint8_t *)batch_payload(&frame.batch, i), seen++);
    }
    ck_assert(!frame_reader_has_more(&whole));
    frame_reader_fini(&whole);
    buffer_release(buffer);
}
END_TEST

Suite *test_exec_frame_suite(void)
{
    Suite *suite = suite_create("exec frame");
    TCase *tcase = tcase_create("frames");
    tcase_add_test(tcase, frame_run_of_records_is_one_batch);
    tcase_add_test(tcase, frame_watermark_parts_two_batches);
    tcase_add_test(tcase, frame_nobody_wrote_into_leaves_nothing);
    tcase_add_test(tcase, frame_word_that_does_not_fit_changes_nothing);
    tcase_add_test(tcase, frame_writer_leaves_what_the_receiver_does_not_want);
    tcase_add_test(tcase, frames_come_back_as_they_were_written);
    tcase_add_loop_test(tcase, frame_reader_says_what_is_wrong, 0, (int)(sizeof bad / sizeof *bad));
    tcase_add_test(tcase, frame_reader_refuses_a_buffer_that_says_too_much);
    tcase_add_test(tcase, frame_reader_survives_garbage);
    tcase_add_loop_test(tcase, frame_parts_and_their_rest_are_the_whole, 0, 2);
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("buffers");
    tcase_add_test(tcase, buffer_comes_back_with_its_last_reference);
    tcase_add_test_raise_signal(tcase, buffer_pool_stops_the_run_beyond_its_limit, SIGABRT);
    tcase_add_test(tcase, buffer_pool_waits_for_a_channel_that_has_too_many);
    suite_add_tcase(suite, tcase);
    return suite;
}
