/* SPDX-License-Identifier: Apache-2.0
 *
 * Hash codes and key groups of runs of keys against the slow ways: Horner's rule letter by letter,
 * and core/graph/key_groups.h key by key.
 */
#include "core/exec/key_hash.h"

#include <check.h>
#include <signal.h>

#include "core/base/rng.h"
#include "core/graph/key_groups.h"

enum { KEYS = 200, SIZE_MOST = 130 };

START_TEST(text_hash_is_that_of_java)
{
    ck_assert_int_eq(key_hash_text((const uint8_t *)"", 0), 0);
    ck_assert_int_eq(key_hash_text((const uint8_t *)"hello", 5), 99162322);
    ck_assert_int_eq(key_hash_text((const uint8_t *)"polygenelubricants", 18), INT32_MIN);
    ck_assert_int_eq(key_hash_long(-1), 0);
    ck_assert_int_eq(key_hash_long(INT64_C(1) << 32), 1);
}
END_TEST

START_TEST(text_hash_agrees_with_horner_for_every_size)
{
    struct rng rng = rng_stream(1, "key hash", 0);
    uint8_t text[SIZE_MOST];
    for (uint32_t size = 0; size <= SIZE_MOST; size++)
        for (int again = 0; again < 20; again++) {
            uint32_t hash = 0;
            for (uint32_t i = 0; i < size; i++) {
                text[i] = again == 0 ? 255 : (uint8_t)rng_below(&rng, 256);
                hash = hash * 31 + text[i];
            }
            ck_assert_int_eq(key_hash_text(text, size), (int32_t)hash);
        }
}
END_TEST

static const int32_t max_parallelisms[] = { 1, 2, 3, 100, 127, 128, 129, 32767, 32768 };

enum { MAX_PARALLELISMS = sizeof max_parallelisms / sizeof *max_parallelisms };

static void check_groups(const struct key_run *keys, enum key_hash kind, int32_t max_parallelism)
{
    uint16_t groups[KEYS + 1] = { [KEYS] = 4711 };
    key_groups_of_run(keys, kind, max_parallelism, groups);
    for (uint32_t i = 0; i < keys->count; i++) {
        int32_t hash = key_hash_of(kind, key_run_at(keys, i), key_run_size(keys, i));
        ck_assert_int_eq(groups[i], key_group_of_hash(hash, max_parallelism));
    }
    ck_assert_uint_eq(groups[KEYS], 4711);
}

START_TEST(groups_of_a_run_are_those_of_its_keys)
{
    struct rng rng = rng_stream(2, "key groups", (uint64_t)_i);
    uint64_t keys[2 * KEYS];
    int32_t most = max_parallelisms[_i];
    for (uint32_t i = 0; i < 2 * KEYS; i++)
        keys[i] = rng_next(&rng) >> rng_below(&rng, 64);
    for (uint32_t count = 0; count <= KEYS; count++) {
        struct key_run run = { (const uint8_t *)keys, count, 8, 8, NULL };
        check_groups(&run, KEY_HASH_LONG, most);
        run.stride = 16;
        check_groups(&run, KEY_HASH_LONG, most);
        run.size = 4;
        check_groups(&run, KEY_HASH_INTEGER, most);
        run.size = 11;
        check_groups(&run, KEY_HASH_TEXT, most);
    }
}
END_TEST

/* 0xe6546b64 ^ ... meets INT32_MIN for some: Flink maps it to 0. The scan finds every sign. */
START_TEST(groups_agree_for_dense_integers)
{
    int32_t keys[KEYS];
    for (int32_t from = INT32_MIN / 2; from < INT32_MAX / 2; from += INT32_MAX / 500) {
        for (int32_t i = 0; i < KEYS; i++)
            keys[i] = from + i;
        struct key_run run = { (const uint8_t *)keys, KEYS, 4, 4, NULL };
        check_groups(&run, KEY_HASH_INTEGER, 128);
        check_groups(&run, KEY_HASH_INTEGER, 1000);
    }
}
END_TEST

START_TEST(run_of_a_batch_finds_keys_of_varying_size)
{
    _Alignas(8) uint8_t slots[256] = { 0 };
    uint32_t at[] = { 0, 40 };
    uint64_t sizes[] = { 5, 12 };
    for (int i = 0; i < 2; i++) {
        memcpy(slots + at[i] + 8, &sizes[i], sizeof sizes[i]);
        memcpy(slots + at[i] + 16, "hello, world", sizes[i]);
    }
    struct batch batch = { .slots = slots, .count = 2, .at = at, .layout = { 0, true } };
    struct key_run run = key_run_of_batch(&batch);
    ck_assert_uint_eq(key_run_size(&run, 0), 5);
    ck_assert_uint_eq(key_run_size(&run, 1), 12);
    ck_assert(memcmp(key_run_at(&run, 1), "hello, world", 12) == 0);
    check_groups(&run, KEY_HASH_TEXT, 128);
}
END_TEST

START_TEST(groups_stop_above_the_most_there_can_be)
{
    struct key_run none = { .size = 8, .stride = 8 };
    key_groups_of_run(&none, KEY_HASH_LONG, 32769, NULL);
}
END_TEST

Suite *test_exec_key_hash_suite(void);
Suite *test_exec_key_hash_suite(void)
{
    Suite *suite = suite_create("exec_key_hash");
    TCase *tcase = tcase_create("key hash");
    tcase_add_test(tcase, text_hash_is_that_of_java);
    tcase_add_test(tcase, text_hash_agrees_with_horner_for_every_size);
    tcase_add_loop_test(tcase, groups_of_a_run_are_those_of_its_keys, 0, MAX_PARALLELISMS);
    tcase_add_test(tcase, groups_agree_for_dense_integers);
    tcase_add_test(tcase, run_of_a_batch_finds_keys_of_varying_size);
    tcase_add_test_raise_signal(tcase, groups_stop_above_the_most_there_can_be, SIGABRT);
    suite_add_tcase(suite, tcase);
    return suite;
}
