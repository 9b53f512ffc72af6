/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of core/base/vec.h against plain arrays.
 */
#include "core/base/vec.h"

#include <check.h>
#include <signal.h>
#include <stdbool.h>

#include "core/base/rng.h"

struct pair {
    int a, b;
};

START_TEST(vec_is_empty_and_valid_when_zeroed)
{
    VEC(int) v = { 0 };
    int seen = 0;
    for (VEC_EACH(int, item, &v))
        seen += *item;
    ck_assert_int_eq(seen, 0);
    vec_clear(&v);
    vec_resize(&v, 0);
    vec_fini(&v);
    ck_assert_ptr_null(v.items);
}
END_TEST

START_TEST(vec_push_appends_and_keeps_what_was_there)
{
    VEC(struct pair) v = { 0 };
    for (int i = 0; i < 1000; i++) {
        vec_push(&v, (struct pair){ i, -i });
        ck_assert_int_eq(vec_last(&v).a, i);
    }
    ck_assert_uint_eq(v.count, 1000);
    int i = 0;
    for (VEC_EACH(struct pair, p, &v)) {
        ck_assert_int_eq(p->a, i);
        ck_assert_int_eq(p->b, -i);
        i++;
    }
    ck_assert_int_eq(i, 1000);
    vec_fini(&v);
}
END_TEST

START_TEST(vec_push_of_its_own_item_survives_growing)
{
    VEC(int) v = { 0 };
    vec_push(&v, 7);
    while (v.count < 100)
        vec_push(&v, v.items[0]);
    for (VEC_EACH(int, item, &v))
        ck_assert_int_eq(*item, 7);
    vec_fini(&v);
}
END_TEST

START_TEST(vec_grows_by_doubling)
{
    VEC(char) v = { 0 };
    int growths = 0;
    size_t capacity = 0;
    for (int i = 0; i < 100000; i++) {
        vec_push(&v, 'x');
        growths += v.capacity != capacity;
        capacity = v.capacity;
    }
    ck_assert_int_le(growths, 15);
    vec_fini(&v);
}
END_TEST

START_TEST(vec_resize_zeroes_new_items_even_where_old_ones_were)
{
    VEC(int) v = { 0 };
    for (int i = 1; i <= 20; i++)
        vec_push(&v, i);
    vec_resize(&v, 5);
    ck_assert_uint_eq(v.count, 5);
    vec_resize(&v, 40);
    for (size_t i = 0; i < 40; i++)
        ck_assert_int_eq(v.items[i], i < 5 ? (int)i + 1 : 0);
    vec_fini(&v);
}
END_TEST

START_TEST(vec_reserve_makes_room_and_changes_nothing)
{
    VEC(int) v = { 0 };
    vec_push(&v, 3);
    vec_reserve(&v, 1000);
    ck_assert_uint_ge(v.capacity, 1000);
    ck_assert_uint_eq(v.count, 1);
    ck_assert_int_eq(v.items[0], 3);
    int *before = v.items;
    while (v.count < 1000)
        vec_push(&v, 0);
    ck_assert_ptr_eq(v.items, before);
    vec_fini(&v);
}
END_TEST

START_TEST(vec_remove_swap_puts_the_last_one_in_the_hole)
{
    VEC(int) v = { 0 };
    for (int i = 0; i < 5; i++)
        vec_push(&v, i);
    vec_remove_swap(&v, 1);
    ck_assert_uint_eq(v.count, 4);
    ck_assert_int_eq(v.items[1], 4);
    vec_remove_swap(&v, 3); /* the last itself */
    ck_assert_uint_eq(v.count, 3);
    ck_assert_int_eq(v.items[2], 2);
    vec_fini(&v);
}
END_TEST

START_TEST(vec_remove_ordered_agrees_with_a_plain_array)
{
    struct rng rng = rng_stream(21, "vec", 0);
    VEC(int) v = { 0 };
    int plain[200];
    size_t count = 0;
    for (int step = 0; step < 5000; step++) {
        if (count < 200 && rng_below(&rng, 2)) {
            plain[count++] = step;
            vec_push(&v, step);
        } else if (count) {
            size_t i = (size_t)rng_below(&rng, count);
            vec_remove_ordered(&v, i);
            for (count--; i < count; i++)
                plain[i] = plain[i + 1];
        }
        ck_assert_uint_eq(v.count, count);
        for (size_t i = 0; i < count; i++)
            ck_assert_int_eq(v.items[i], plain[i]);
    }
    vec_fini(&v);
}
END_TEST

START_TEST(vec_remove_swap_stops_behind_the_end)
{
    VEC(int) v = { 0 };
    vec_push(&v, 1);
    vec_remove_swap(&v, 1);
}
END_TEST

START_TEST(vec_remove_ordered_stops_behind_the_end)
{
    VEC(int) v = { 0 };
    vec_remove_ordered(&v, 0);
}
END_TEST

Suite *test_base_vec_suite(void);
Suite *test_base_vec_suite(void)
{
    Suite *suite = suite_create("base_vec");
    TCase *tcase = tcase_create("vec");
    tcase_add_test(tcase, vec_is_empty_and_valid_when_zeroed);
    tcase_add_test(tcase, vec_push_appends_and_keeps_what_was_there);
    tcase_add_test(tcase, vec_push_of_its_own_item_survives_growing);
    tcase_add_test(tcase, vec_grows_by_doubling);
    tcase_add_test(tcase, vec_resize_zeroes_new_items_even_where_old_ones_were);
    tcase_add_test(tcase, vec_reserve_makes_room_and_changes_nothing);
    tcase_add_test(tcase, vec_remove_swap_puts_the_last_one_in_the_hole);
    tcase_add_test(tcase, vec_remove_ordered_agrees_with_a_plain_array);
    tcase_add_test_raise_signal(tcase, vec_remove_swap_stops_behind_the_end, SIGABRT);
    tcase_add_test_raise_signal(tcase, vec_remove_ordered_stops_behind_the_end, SIGABRT);
    suite_add_tcase(suite, tcase);
    return suite;
}
