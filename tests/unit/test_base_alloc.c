/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of core/base/alloc.c: memory comes zeroed, sizes that overflow stop the run, arenas align,
 * keep what they gave until reset and give the same memory again after it.
 */
#include "core/base/alloc.h"

#include <check.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/base/rng.h"

static bool is_zero(const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i])
            return false;
    return true;
}

START_TEST(mem_create_gives_zeroed_memory_of_any_size)
{
    for (size_t size = 0; size < 300; size++) {
        unsigned char *memory = mem_create(size);
        ck_assert_ptr_nonnull(memory);
        ck_assert(is_zero(memory, size));
        memset(memory, 0xff, size);
        mem_destroy(memory);
    }
    mem_destroy(NULL);
}
END_TEST

START_TEST(mem_create_array_gives_zeroed_items)
{
    uint64_t *items = mem_create_array(100, sizeof *items);
    ck_assert(is_zero((unsigned char *)items, 100 * sizeof *items));
    mem_destroy(items);
    void *none = mem_create_array(0, 8);
    ck_assert_ptr_nonnull(none);
    mem_destroy(none);
}
END_TEST

START_TEST(mem_create_array_stops_when_the_product_overflows)
{
    mem_destroy(mem_create_array(SIZE_MAX / 4, 8));
}
END_TEST

START_TEST(mem_grow_array_keeps_the_old_items_and_zeroes_the_new)
{
    uint32_t *items = NULL;
    size_t count = 0;
    for (size_t wanted = 1; wanted < 5000; wanted = wanted * 3 + 1) {
        items = mem_grow_array(items, count, wanted, sizeof *items);
        for (size_t i = 0; i < count; i++)
            ck_assert_uint_eq(items[i], i + 1);
        ck_assert(is_zero((unsigned char *)(items + count), (wanted - count) * sizeof *items));
        for (size_t i = 0; i < wanted; i++)
            items[i] = (uint32_t)i + 1;
        count = wanted;
    }
    items = mem_grow_array(items, count, count, sizeof *items);
    ck_assert_uint_eq(items[count - 1], count);
    mem_destroy(items);
}
END_TEST

START_TEST(mem_grow_array_stops_when_asked_to_shrink)
{
    mem_destroy(mem_grow_array(NULL, 8, 4, 4));
}
END_TEST

START_TEST(mem_grow_array_stops_when_the_product_overflows)
{
    mem_destroy(mem_grow_array(NULL, 0, SIZE_MAX / 2, 4));
}
END_TEST

START_TEST(mem_copy_text_copies)
{
    char text[] = "slot";
    char *copy = mem_copy_text(text);
    text[0] = 'x';
    ck_assert_str_eq(copy, "slot");
    mem_destroy(copy);
    copy = mem_copy_text("");
    ck_assert_str_eq(copy, "");
    mem_destroy(copy);
}
END_TEST

START_TEST(arena_take_aligns_for_anything)
{
    struct arena arena;
    arena_init(&arena);
    for (size_t size = 1; size < 200; size++) {
        unsigned char *memory = arena_take(&arena, size);
        ck_assert_uint_eq((uintptr_t)memory % _Alignof(max_align_t), 0);
        ck_assert(is_zero(memory, size));
        memset(memory, 0xff, size);
    }
    arena_fini(&arena);
}
END_TEST

enum { PIECES = 3000 };

/* Sizes around the block sizes, up to well above the largest block. */
static size_t piece_size(struct rng *rng)
{
    return (size_t)rng_below(rng, (uint64_t)1 << rng_below(rng, 20)) + 1;
}

START_TEST(arena_take_keeps_what_it_gave_apart)
{
    struct arena arena;
    arena_init(&arena);
    static unsigned char *pieces[PIECES];
    static size_t sizes[PIECES];
    struct rng rng = rng_stream(4, "arena", 0);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < PIECES; i++) {
            sizes[i] = piece_size(&rng);
            pieces[i] = arena_take(&arena, sizes[i]);
            ck_assert(is_zero(pieces[i], sizes[i]));
            memset(pieces[i], i % 251 + 1, sizes[i]);
        }
        for (int i = 0; i < PIECES; i++)
            for (size_t j = 0; j < sizes[i]; j += sizes[i] < 64 ? 1 : sizes[i] / 64)
                ck_assert_int_eq(pieces[i][j], i % 251 + 1);
        arena_reset(&arena);
    }
    arena_fini(&arena);
}
END_TEST

START_TEST(arena_reset_keeps_the_memory_for_the_next_time)
{
    struct arena arena;
    arena_init(&arena);
    void *first = arena_take(&arena, 100), *large = arena_take(&arena, 500000);
    void *small = arena_take(&arena, 16);
    for (int round = 0; round < 10; round++) {
        arena_reset(&arena);
        ck_assert_ptr_eq(arena_take(&arena, 100), first);
        ck_assert_ptr_eq(arena_take(&arena, 500000), large);
        ck_assert_ptr_eq(arena_take(&arena, 16), small);
    }
    arena_fini(&arena);
    ck_assert_ptr_null(arena.first);
    arena_reset(&arena); /* an empty one is fine */
    ck_assert_ptr_nonnull(arena_take(&arena, 0));
    arena_fini(&arena);
}
END_TEST

START_TEST(arena_take_stops_at_an_absurd_size)
{
    struct arena arena;
    arena_init(&arena);
    arena_take(&arena, SIZE_MAX / 2);
}
END_TEST

START_TEST(arena_copy_text_copies)
{
    struct arena arena;
    arena_init(&arena);
    char *a = arena_copy_text(&arena, "fifteen letters"), *b = arena_copy_text(&arena, "");
    char *c = arena_copy_text(&arena, "sixteen letters!");
    ck_assert_str_eq(a, "fifteen letters");
    ck_assert_str_eq(b, "");
    ck_assert_str_eq(c, "sixteen letters!");
    arena_fini(&arena);
}
END_TEST

Suite *test_base_alloc_suite(void);
Suite *test_base_alloc_suite(void)
{
    Suite *suite = suite_create("base_alloc");
    TCase *heap = tcase_create("heap");
    tcase_add_test(heap, mem_create_gives_zeroed_memory_of_any_size);
    tcase_add_test(heap, mem_create_array_gives_zeroed_items);
    tcase_add_test_raise_signal(heap, mem_create_array_stops_when_the_product_overflows, SIGABRT);
    tcase_add_test(heap, mem_grow_array_keeps_the_old_items_and_zeroes_the_new);
    tcase_add_test_raise_signal(heap, mem_grow_array_stops_when_asked_to_shrink, SIGABRT);
    tcase_add_test_raise_signal(heap, mem_grow_array_stops_when_the_product_overflows, SIGABRT);
    tcase_add_test(heap, mem_copy_text_copies);
    suite_add_tcase(suite, heap);
    TCase *arenas = tcase_create("arenas");
    tcase_add_test(arenas, arena_take_aligns_for_anything);
    tcase_add_test(arenas, arena_take_keeps_what_it_gave_apart);
    tcase_add_test(arenas, arena_reset_keeps_the_memory_for_the_next_time);
    tcase_add_test_raise_signal(arenas, arena_take_stops_at_an_absurd_size, SIGABRT);
    tcase_add_test(arenas, arena_copy_text_copies);
    suite_add_tcase(suite, arenas);
    return suite;
}
