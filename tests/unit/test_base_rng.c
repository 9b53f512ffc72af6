/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of core/base/rng.c and hash.h: the published values of xoshiro256** and splitmix64,
 * uniformity by chi square (seeds are fixed, so a test that passes passes always), and the
 * independence of streams.
 */
#include "core/base/rng.h"

#include <check.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/hash.h"

/* Blackman and Vigna's generator from state 1, 2, 3, 4. */
START_TEST(rng_next_gives_the_published_values_of_xoshiro)
{
    static const uint64_t expected[] = {
        11520u,
        0u,
        1509978240u,
        1215971899390074240u,
        1216172134540287360u,
        607988272756665600u,
        16172922978634559625u,
        8476171486693032832u,
        10595114339597558777u,
        2904607092377533576u,
    };
    struct rng rng = { { 1, 2, 3, 4 } };
    for (int i = 0; i < 10; i++)
        ck_assert_uint_eq(rng_next(&rng), expected[i]);
}
END_TEST

/* Splitmix64 from state 1234567: the generator adds its constant, then mixes. */
START_TEST(hash_mix_gives_the_published_values_of_splitmix)
{
    static const uint64_t expected[] = { 6457827717110365317u, 3203168211198807973u,
                                         9817491932198370423u, 4593380528125082431u,
                                         16408922859458223821u };
    uint64_t state = 1234567;
    for (int i = 0; i < 5; i++) {
        ck_assert_uint_eq(hash_mix(state), expected[i]);
        state += 0x9e3779b97f4a7c15u;
    }
}
END_TEST

START_TEST(hash_of_text_depends_on_every_byte_and_on_the_length)
{
    static const char *const texts[] = {
        "", "a", "b", "ab", "ba", "abcdefgh", "abcdefg", "abcdefghi", "abcdefgi", "bbcdefgh"
    };
    enum { COUNT = sizeof texts / sizeof *texts };
    for (int i = 0; i < COUNT; i++)
        for (int j = 0; j < i; j++)
            ck_assert_uint_ne(hash_add_text(1, texts[i]), hash_add_text(1, texts[j]));
    static const unsigned char zeros[3] = { 0 };
    ck_assert_uint_ne(hash_add_bytes(1, zeros, 2), hash_add_bytes(1, zeros, 3));
    ck_assert_uint_ne(hash_add_bytes(1, zeros, 2), hash_add_bytes(2, zeros, 2));
}
END_TEST

START_TEST(hash_of_bytes_does_not_depend_on_where_they_lie)
{
    unsigned char bytes[64];
    uint64_t expected = hash_add_text(9, "a text of some nineteen bytes");
    for (size_t offset = 0; offset < 16; offset++) {
        for (size_t i = 0; i < 29; i++)
            bytes[offset + i] = (unsigned char)"a text of some nineteen bytes"[i];
        ck_assert_uint_eq(hash_add_bytes(9, bytes + offset, 29), expected);
    }
}
END_TEST

START_TEST(rng_stream_is_the_same_each_time)
{
    struct rng a = rng_stream(42, "churn", 3), b = rng_stream(42, "churn", 3);
    for (int i = 0; i < 100; i++)
        ck_assert_uint_eq(rng_next(&a), rng_next(&b));
}
END_TEST

START_TEST(rng_stream_differs_by_seed_name_and_number)
{
    struct rng streams[] = { rng_stream(42, "churn", 3), rng_stream(43, "churn", 3),
                             rng_stream(42, "churm", 3), rng_stream(42, "churn", 4),
                             rng_stream(42, "", 3),      rng_stream(0, "", 0) };
    enum { COUNT = sizeof streams / sizeof *streams };
    uint64_t drawn[COUNT][50];
    for (int s = 0; s < COUNT; s++)
        for (int i = 0; i < 50; i++)
            drawn[s][i] = rng_next(&streams[s]);
    for (int s = 0; s < COUNT; s++)
        for (int t = 0; t < s; t++)
            for (int i = 0; i < 50; i++)
                for (int j = 0; j < 50; j++)
                    ck_assert_uint_ne(drawn[s][i], drawn[t][j]);
}
END_TEST

/* Of neighbouring streams (seeds or numbers one apart) half the bits agree: with n bits the count
 * has a standard deviation of sqrt(n) / 2; five of them are allowed. */
START_TEST(rng_streams_of_neighbours_are_independent)
{
    enum { DRAWS = 10000 };
    for (uint64_t number = 0; number < 20; number++) {
        struct rng a = rng_stream(7, "node", number), b = rng_stream(7, "node", number + 1);
        struct rng c = rng_stream(8, "node", number);
        int64_t with_b = 0, with_c = 0;
        for (int i = 0; i < DRAWS; i++) {
            uint64_t x = rng_next(&a);
            with_b += __builtin_popcountll(x ^ rng_next(&b)) - 32;
            with_c += __builtin_popcountll(x ^ rng_next(&c)) - 32;
        }
        int64_t allowed = 5 * 400; /* 5 * sqrt(640000) / 2 */
        ck_assert_int_lt(with_b < 0 ? -with_b : with_b, allowed);
        ck_assert_int_lt(with_c < 0 ? -with_c : with_c, allowed);
    }
}
END_TEST

/* Chi square over the cells, times 1000; the mean is cells - 1, the deviation sqrt(2 (cells - 1)).
 */
static uint64_t chi_square_milli(const uint64_t *counts, uint64_t cells, uint64_t draws)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < cells; i++)
        sum += counts[i] * counts[i];
    /* sum of (count - draws/cells)^2 / (draws/cells) = sum * cells / draws - draws */
    return sum * 1000 / draws * cells - 1000 * draws;
}

START_TEST(rng_below_is_uniform)
{
    enum { CELLS = 97, DRAWS = 97 * 4000 };
    uint64_t counts[CELLS] = { 0 };
    struct rng rng = rng_stream(11, "uniform", 0);
    for (int i = 0; i < DRAWS; i++) {
        uint64_t x = rng_below(&rng, CELLS);
        ck_assert_uint_lt(x, CELLS);
        counts[x]++;
    }
    uint64_t chi = chi_square_milli(counts, CELLS, DRAWS);
    ck_assert_uint_gt(chi, 96000 - 4 * 13860); /* four deviations of sqrt(2 * 96) either way */
    ck_assert_uint_lt(chi, 96000 + 4 * 13860);
}
END_TEST

/* With a bound of 3/4 of 2^64 a plain remainder would draw the lower third twice as often. */
START_TEST(rng_below_has_no_bias_at_large_bounds)
{
    enum { DRAWS = 30000 };
    uint64_t bound = (uint64_t)3 << 62, third = bound / 3;
    uint64_t counts[3] = { 0 };
    struct rng rng = rng_stream(12, "bias", 0);
    for (int i = 0; i < DRAWS; i++) {
        uint64_t x = rng_below(&rng, bound);
        ck_assert_uint_lt(x, bound);
        counts[x / third]++;
    }
    ck_assert_uint_lt(chi_square_milli(counts, 3, DRAWS), 2000 + 4 * 2000);
}
END_TEST

START_TEST(rng_below_one_is_zero_and_below_zero_stops)
{
    struct rng rng = rng_stream(13, "limits", 0);
    for (int i = 0; i < 10; i++)
        ck_assert_uint_eq(rng_below(&rng, 1), 0);
    rng_below(&rng, 0);
}
END_TEST

START_TEST(rng_between_reaches_both_ends)
{
    struct rng rng = rng_stream(14, "between", 0);
    bool seen[7] = { false };
    for (int i = 0; i < 1000; i++) {
        int64_t x = rng_between(&rng, -3, 3);
        ck_assert_int_ge(x, -3);
        ck_assert_int_le(x, 3);
        seen[x + 3] = true;
    }
    for (int i = 0; i < 7; i++)
        ck_assert(seen[i]);
    ck_assert_int_eq(rng_between(&rng, 5, 5), 5);
}
END_TEST

START_TEST(rng_between_covers_all_of_64_bits)
{
    struct rng rng = rng_stream(15, "between", 0), same = rng;
    bool negative = false, positive = false;
    for (int i = 0; i < 100; i++) {
        int64_t x = rng_between(&rng, INT64_MIN, INT64_MAX);
        ck_assert_int_eq(x, (int64_t)(rng_next(&same) + (uint64_t)INT64_MIN));
        negative |= x < 0;
        positive |= x > 0;
    }
    ck_assert(negative && positive);
}
END_TEST

START_TEST(rng_between_stops_when_the_ends_are_swapped)
{
    struct rng rng = rng_stream(16, "between", 0);
    rng_between(&rng, 3, 2);
}
END_TEST

START_TEST(rng_unit_is_uniform_below_one)
{
    enum { CELLS = 64, DRAWS = 64 * 4000 };
    uint64_t counts[CELLS] = { 0 };
    struct rng rng = rng_stream(17, "unit", 0);
    for (int i = 0; i < DRAWS; i++) {
        double x = rng_unit(&rng);
        ck_assert(x >= 0 && x < 1);
        counts[(int)(x * CELLS)]++;
    }
    uint64_t chi = chi_square_milli(counts, CELLS, DRAWS);
    ck_assert_uint_gt(chi, 63000 - 4 * 11225);
    ck_assert_uint_lt(chi, 63000 + 4 * 11225);
}
END_TEST

Suite *test_base_rng_suite(void);
Suite *test_base_rng_suite(void)
{
    Suite *suite = suite_create("base_rng");
    TCase *known = tcase_create("known values");
    tcase_add_test(known, rng_next_gives_the_published_values_of_xoshiro);
    tcase_add_test(known, hash_mix_gives_the_published_values_of_splitmix);
    tcase_add_test(known, hash_of_text_depends_on_every_byte_and_on_the_length);
    tcase_add_test(known, hash_of_bytes_does_not_depend_on_where_they_lie);
    suite_add_tcase(suite, known);
    TCase *streams = tcase_create("streams");
    tcase_add_test(streams, rng_stream_is_the_same_each_time);
    tcase_add_test(streams, rng_stream_differs_by_seed_name_and_number);
    tcase_add_test(streams, rng_streams_of_neighbours_are_independent);
    suite_add_tcase(suite, streams);
    TCase *draws = tcase_create("draws");
    tcase_add_test(draws, rng_below_is_uniform);
    tcase_add_test(draws, rng_below_has_no_bias_at_large_bounds);
    tcase_add_test_raise_signal(draws, rng_below_one_is_zero_and_below_zero_stops, SIGABRT);
    tcase_add_test(draws, rng_between_reaches_both_ends);
    tcase_add_test(draws, rng_between_covers_all_of_64_bits);
    tcase_add_test_raise_signal(draws, rng_between_stops_when_the_ends_are_swapped, SIGABRT);
    tcase_add_test(draws, rng_unit_is_uniform_below_one);
    suite_add_tcase(suite, draws);
    return suite;
}
