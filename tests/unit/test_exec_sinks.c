/* SPDX-License-Identifier: Apache-2.0
 *
 * Sinks that put each record where it lasts: once in a file whatever fails, or in its key's place.
 * The world is a storage in memory; checkpoints are completed, given up, or not told of.
 */
#include <check.h>

#include "core/base/rng.h"
#include "core/exec/collection.h"
#include "core/exec/file_sink.h"
#include "core/exec/upsert_sink.h"
#include "tests/lib/lone_chains.h"

enum { RECORDS = 400 };

static struct collection storage;
static const struct file_sink_params file_params = { .encode = collection_encode,
                                                     .port = &storage.port };
static const struct upsert_sink_params upsert_params = { .key = { KEY_HASH_LONG, 0, 8 },
                                                         .port = &storage.port };
static const struct operator_spec file_specs[] = {
    { .name = "files", .class = &file_sink_class, .params = &file_params }
};
static const struct operator_spec upsert_specs[] = {
    { .name = "upserts", .class = &upsert_sink_class, .params = &upsert_params }
};
static const struct record_layout number_layout = { 8, true };

static void put(struct lone_chain *to, uint64_t number)
{
    lone_chain_put(to, 0, number_layout, 0, &number, sizeof number);
    ck_assert_msg(!to->context.failed, "%s", to->context.note.text);
}

/* What a job is after a failure: its sinks, from the files of a checkpoint; and what was read. */
struct job {
    struct lone_chain sinks[LONE_WIDTH_MAX];
    uint32_t width;
    uint64_t read; /* records so far */
    time_ns begun;
};

struct kept {
    struct snapshot_bytes bytes[LONE_WIDTH_MAX];
    struct task_snapshot_file files[LONE_WIDTH_MAX];
    uint32_t width;
    uint64_t read;
};

static void drop(struct kept *kept)
{
    for (uint32_t i = 0; i < kept->width; i++) {
        task_snapshot_file_fini(&kept->files[i]);
        snapshot_bytes_fini(&kept->bytes[i]);
    }
    *kept = (struct kept){ .width = 0 };
}

static void stop(struct job *job)
{
    for (uint32_t i = 0; i < job->width; i++)
        lone_chain_fini(&job->sinks[i]);
}

static void start(struct job *job, const struct kept *from, uint32_t width)
{
    job->width = width;
    job->read = from->read;
    job->begun += TIME_MS; /* files are named by it */
    for (uint32_t i = 0; i < width; i++)
        lone_chain_init_at(&job->sinks[i], file_specs, 1, i, width, from->files, from->width,
                           job->begun);
}

static void take(struct job *job, uint64_t checkpoint, struct kept *out)
{
    *out = (struct kept){ .width = job->width, .read = job->read };
    for (uint32_t i = 0; i < job->width; i++) {
        chain_prepare(&job->sinks[i].chain, checkpoint);
        lone_chain_snapshot(&job->sinks[i], checkpoint, &out->bytes[i], &out->files[i]);
    }
}

static void check_collected(uint64_t up_to)
{
    uint8_t seen[RECORDS] = { 0 };
    struct collection_cursor cursor = { 0, 0 };
    const void *payload;
    uint32_t size;
    while (collection_next(&storage, &cursor, &payload, &size)) {
        ck_assert_uint_eq(size, 8);
        seen[*(const uint64_t *)payload]++;
    }
    for (uint64_t n = 0; n < RECORDS; n++)
        ck_assert_msg(seen[n] == (n < up_to), "record %d is there %d times of %d", (int)n, seen[n],
                      (int)up_to);
}

/* At random: records, checkpoints that complete (told or not) or are given up, failures with a
 * rescale. What is seen is always exactly what the last checkpoint known here holds. */
START_TEST(each_record_is_in_one_committed_file)
{
    static struct job job;
    static struct kept last, next;
    struct rng rng = rng_stream((uint64_t)_i, "files", 0);
    uint64_t checkpoint = 0, told = 0;
    last = (struct kept){ .width = 0 };
    collection_init(&storage);
    start(&job, &last, 2);
    while (job.read < RECORDS || told < RECORDS) {
        switch (rng_below(&rng, 30)) {
        case 0: /* complete, and told */
        case 1: /* complete, but nobody hears of it */
            take(&job, ++checkpoint, &next);
            drop(&last);
            last = next;
            if (rng_below(&rng, 2) == 0)
                break;
            for (uint32_t i = 0; i < job.width; i++)
                chain_complete(&job.sinks[i].chain, checkpoint);
            told = last.read;
            break;
        case 2: /* given up */
            take(&job, ++checkpoint, &next);
            drop(&next);
            for (uint32_t i = 0; i < job.width; i++)
                chain_aborted(&job.sinks[i].chain, checkpoint);
            break;
        case 3: /* all is lost */
            if (rng_below(&rng, 3) > 0)
                break;
            stop(&job);
            start(&job, &last, 1 + (uint32_t)rng_below(&rng, LONE_WIDTH_MAX));
            told = last.read;
            break;
        default:
            if (job.read < RECORDS) {
                put(&job.sinks[rng_below(&rng, job.width)], job.read);
                job.read++;
            }
        }
        check_collected(told);
    }
    for (uint32_t i = 0; i < job.width; i++)
        ck_assert_uint_eq(file_sink_pending(job.sinks[i].chain.operators[0]), 0);
    stop(&job);
    drop(&last);
    collection_fini(&storage);
}
END_TEST

START_TEST(without_checkpoints_the_end_commits)
{
    struct lone_chain lone;
    collection_init(&storage);
    lone_chain_init(&lone, file_specs, 1, 0, 1, NULL, 0);
    lone.context.ends_without_checkpoint = true;
    for (uint64_t n = 0; n < 10; n++)
        put(&lone, n);
    check_collected(0);
    ck_assert(chain_finish(&lone.chain));
    check_collected(10);
    lone_chain_fini(&lone);
    collection_fini(&storage);
}
END_TEST

/* Records larger than what is written at a time, among small ones. */
START_TEST(large_records_are_written_whole)
{
    enum { LARGE = 3 * FILE_SINK_BYTES };
    static uint8_t slot[RECORD_HEAD + LARGE];
    static const uint32_t first = 0;
    struct lone_chain lone;
    struct collection_cursor cursor = { 0, 0 };
    const void *payload;
    uint32_t size;
    collection_init(&storage);
    lone_chain_init(&lone, file_specs, 1, 0, 1, NULL, 0);
    for (uint64_t n = 1; n <= 60; n++) {
        uint64_t length = n * LARGE / 60;
        memcpy(slot, &length, sizeof length);
        memset(slot + RECORD_HEAD, (int)n, length);
        chain_process(&lone.chain, 0, &(struct batch){ .slots = slot, .count = 1, .at = &first });
    }
    chain_prepare(&lone.chain, 1);
    chain_complete(&lone.chain, 1);
    for (uint64_t n = 1; n <= 60; n++) {
        ck_assert(collection_next(&storage, &cursor, &payload, &size));
        ck_assert_uint_eq(size, n * LARGE / 60);
        for (uint32_t i = 0; i < size; i += 97)
            ck_assert_uint_eq(((const uint8_t *)payload)[i], n);
    }
    ck_assert(!collection_next(&storage, &cursor, &payload, &size));
    lone_chain_fini(&lone);
    collection_fini(&storage);
}
END_TEST

static struct err refuse(void *context, const struct sink_file *file, struct note *note)
{
    (void)context;
    (void)file;
    return err_note(note, ERR_IO_CODE, "the disk is full");
}

START_TEST(storage_that_fails_fails_the_task)
{
    struct lone_chain lone;
    collection_init(&storage);
    storage.port.prepare = refuse;
    lone_chain_init(&lone, file_specs, 1, 0, 1, NULL, 0);
    put(&lone, 1);
    chain_prepare(&lone.chain, 1);
    ck_assert(lone.context.failed);
    ck_assert_int_eq(lone.context.cause, CAUSE_SNAPSHOT);
    ck_assert_str_eq(lone.context.note.text, "files: could not prepare a file: the disk is full");
    lone_chain_fini(&lone);
    collection_fini(&storage);
}
END_TEST

START_TEST(an_upsert_takes_the_place_of_the_last)
{
    struct lone_chain lone;
    struct rng rng = rng_stream(1, "upserts", 0);
    uint64_t plain[20] = { 0 };
    collection_init(&storage);
    lone_chain_init(&lone, upsert_specs, 1, 0, 1, NULL, 0);
    for (uint64_t n = 1; n < 300; n++) {
        uint64_t pair[2] = { rng_below(&rng, 20), n };
        lone_chain_put(&lone, 0, (struct record_layout){ 16, true }, 0, pair, sizeof pair);
        plain[pair[0]] = n;
    }
    for (uint64_t key = 0; key < 20; key++) {
        uint32_t size;
        const uint64_t *found = broadcast_map_get(&storage.values, &key, sizeof key, &size);
        ck_assert_ptr_nonnull(found);
        ck_assert_uint_eq(size, 16);
        ck_assert_uint_eq(found[1], plain[key]);
    }
    lone_chain_fini(&lone);
    collection_fini(&storage);
}
END_TEST

Suite *test_exec_sinks_suite(void);

Suite *test_exec_sinks_suite(void)
{
    Suite *suite = suite_create("exec_sinks");
    TCase *tcase = tcase_create("sinks");
    tcase_add_loop_test(tcase, each_record_is_in_one_committed_file, 0, 40);
    tcase_add_test(tcase, without_checkpoints_the_end_commits);
    tcase_add_test(tcase, large_records_are_written_whole);
    tcase_add_test(tcase, storage_that_fails_fails_the_task);
    tcase_add_test(tcase, an_upsert_takes_the_place_of_the_last);
    suite_add_tcase(suite, tcase);
    return suite;
}
