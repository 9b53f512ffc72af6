/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of core/base/text.c. The yardstick of text_format is the C library's snprintf, of
 * text_nearest a plain recursive edit distance.
 */
#include "core/base/text.h"

#include <check.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "core/base/rng.h"

/* Both writers, the same arguments, the same text. */
#define SAME_AS_SNPRINTF(...)                                                                      \
    do {                                                                                           \
        char ours_[200], theirs_[200];                                                             \
        size_t length_ = text_format(ours_, sizeof ours_, __VA_ARGS__);                            \
        snprintf(theirs_, sizeof theirs_, __VA_ARGS__);                                            \
        ck_assert_str_eq(ours_, theirs_);                                                          \
        ck_assert_uint_eq(length_, strlen(theirs_));                                               \
    } while (0)

START_TEST(text_format_writes_numbers_at_their_limits)
{
    SAME_AS_SNPRINTF("%d %d %d", 0, INT_MAX, INT_MIN);
    SAME_AS_SNPRINTF("%u %u %x %x", 0u, UINT_MAX, 0u, UINT_MAX);
    SAME_AS_SNPRINTF("%ld %ld %lu %lx", LONG_MAX, LONG_MIN, ULONG_MAX, ULONG_MAX);
    SAME_AS_SNPRINTF("%lld %lld %llu %llx", LLONG_MAX, LLONG_MIN, ULLONG_MAX, ULLONG_MAX);
    SAME_AS_SNPRINTF("%zu %zx %zu", SIZE_MAX, SIZE_MAX, (size_t)0);
    SAME_AS_SNPRINTF("%zd", (ssize_t)-5);
}
END_TEST

START_TEST(text_format_pads_to_the_width)
{
    SAME_AS_SNPRINTF("[%4d] [%04d] [%1d] [%12d]", 42, 42, 42, 42);
    SAME_AS_SNPRINTF("[%4d] [%04d] [%1d] [%012d]", -42, -42, -42, -42);
    SAME_AS_SNPRINTF("[%3u] [%03u] [%08x] [%016llx]", 7u, 7u, 0xabcu, 0xabcdefull);
    SAME_AS_SNPRINTF("[%20lld] [%020lld]", LLONG_MIN, LLONG_MIN);
    SAME_AS_SNPRINTF("[%5s] [%2s] [%1s]", "abc", "abc", "");
    SAME_AS_SNPRINTF("[%-5s] [%-2s] [%-1s]", "abc", "abc", "");
}
END_TEST

START_TEST(text_format_writes_text_letters_and_percent_signs)
{
    SAME_AS_SNPRINTF("%s%c%s%%%%", "spot", '-', "day");
    SAME_AS_SNPRINTF("%s", "");
    SAME_AS_SNPRINTF("plain, no conversion");
    SAME_AS_SNPRINTF("%s", "\xc2\xb5s are kept as bytes");
}
END_TEST

START_TEST(text_format_takes_at_most_the_precision_of_a_text)
{
    SAME_AS_SNPRINTF("[%.*s] [%.*s] [%.*s]", 0, "slot", 2, "slot", 4, "slot");
    SAME_AS_SNPRINTF("[%.*s]", 60, "ends before its precision");
    char unended[3] = { 'a', 'b', 'c' };
    SAME_AS_SNPRINTF("[%.*s]", 3, unended);
}
END_TEST

START_TEST(text_format_cuts_at_the_size_and_always_ends_the_text)
{
    for (size_t size = 1; size < 16; size++) {
        char out[17];
        memset(out, '#', sizeof out);
        size_t length = text_format(out, size, "%s%d%c%4u", "abc", -123, 'x', 7u);
        char whole[] = "abc-123x   7";
        size_t expected = size - 1 < strlen(whole) ? size - 1 : strlen(whole);
        ck_assert_uint_eq(length, expected);
        ck_assert_int_eq(strncmp(out, whole, expected), 0);
        ck_assert_int_eq(out[length], '\0');
        for (size_t i = size; i < sizeof out; i++)
            ck_assert_int_eq(out[i], '#');
    }
}
END_TEST

START_TEST(text_format_agrees_with_snprintf_on_random_numbers)
{
    struct rng rng = rng_stream(1, "text", 0);
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = rng_next(&rng);
        long long value = (long long)(bits >> rng_below(&rng, 64));
        if (rng_below(&rng, 2))
            value = -value;
        SAME_AS_SNPRINTF("%lld|%9lld|%011lld|%llx", value, value, value, (unsigned long long)value);
    }
}
END_TEST

START_TEST(text_format_stops_at_a_size_of_zero)
{
    char out[1];
    text_format(out, 0, "x");
}
END_TEST

START_TEST(text_format_stops_at_a_conversion_it_does_not_know)
{
    char out[16];
    const char *fmt = "%p";
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    text_format(out, sizeof out, fmt, (void *)out);
#pragma GCC diagnostic pop
}
END_TEST

START_TEST(text_equal_compares_whole_texts)
{
    ck_assert(text_equal("", ""));
    ck_assert(text_equal("slot", "slot"));
    ck_assert(!text_equal("slot", "slots"));
    ck_assert(!text_equal("slots", "slot"));
    ck_assert(!text_equal("Slot", "slot"));
}
END_TEST

START_TEST(text_lower_makes_ascii_capitals_small_and_leaves_the_rest)
{
    for (int c = -128; c < 128; c++)
        ck_assert_int_eq(text_lower((char)c), c >= 'A' && c <= 'Z' ? c + 32 : c);
}
END_TEST

static const char *const keys[] = {
    "heartbeat.interval", "heartbeat.timeout", "parallelism", "scheduler-mode", "jobs", "at"
};
enum { KEY_COUNT = sizeof keys / sizeof *keys };

static const char *nearest_key(const char *word)
{
    return text_nearest(word, keys, KEY_COUNT);
}

START_TEST(text_nearest_finds_the_word_behind_each_kind_of_slip)
{
    ck_assert_str_eq(nearest_key("paralelism"), "parallelism");        /* left out */
    ck_assert_str_eq(nearest_key("parallellism"), "parallelism");      /* put in */
    ck_assert_str_eq(nearest_key("parallelizm"), "parallelism");       /* replaced */
    ck_assert_str_eq(nearest_key("parallelims"), "parallelism");       /* swapped */
    ck_assert_str_eq(nearest_key("scheduler.mode"), "scheduler-mode"); /* Flink's two styles */
    ck_assert_str_eq(nearest_key("hearbeat.intervall"), "heartbeat.interval");
    ck_assert_str_eq(nearest_key("parallelism"), "parallelism");
}
END_TEST

START_TEST(text_nearest_says_nothing_when_nothing_is_near)
{
    ck_assert_ptr_null(nearest_key("checkpointing"));
    ck_assert_ptr_null(nearest_key("xyzzy"));
    ck_assert_ptr_null(text_nearest("at", keys, 0));
}
END_TEST

START_TEST(text_nearest_allows_a_third_of_the_length_and_no_more)
{
    static const char *const known[] = { "abcdefghi" };
    ck_assert_str_eq(text_nearest("abcdefxyz", known, 1), "abcdefghi"); /* 3 of 9 */
    ck_assert_ptr_null(text_nearest("abcdewxyz", known, 1));            /* 4 of 9 */
    static const char *const short_word[] = { "at" };
    ck_assert_str_eq(text_nearest("a", short_word, 1), "at"); /* one edit is always allowed */
    ck_assert_ptr_null(text_nearest("xy", short_word, 1));
}
END_TEST

/* As long as the unit is, no few edits lead there. */
START_TEST(text_nearest_knows_words_without_their_unit)
{
    static const char *const known[] = { "latency", "latency_p50_seconds", "latency_p99_seconds" };
    ck_assert_str_eq(text_nearest("latency_p99", &known[1], 2), "latency_p99_seconds");
    ck_assert_str_eq(text_nearest("latency_p", known, 3), "latency"); /* nearer */
    ck_assert_ptr_null(text_nearest("latency_p9", &known[1], 2));
    ck_assert_ptr_null(text_nearest("", &known[1], 2));
}
END_TEST

START_TEST(text_nearest_gives_the_earlier_of_two_equally_near)
{
    static const char *const known[] = { "rate", "date", "gate" };
    ck_assert_ptr_eq(text_nearest("late", known, 3), known[0]);
}
END_TEST

START_TEST(text_nearest_passes_over_words_too_long_to_compare)
{
    char long_word[120], longest[97], almost[97];
    memset(long_word, 'a', sizeof long_word - 1);
    long_word[sizeof long_word - 1] = '\0';
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    memcpy(almost, longest, sizeof almost);
    almost[10] = 'b';
    const char *known[] = { long_word, longest };
    ck_assert_ptr_null(text_nearest(long_word, known, 2));
    ck_assert_ptr_eq(text_nearest(almost, known, 2), longest); /* 96 letters: just allowed */
}
END_TEST

/* Edit distance with swaps of neighbours, straight from its definition. */
static unsigned plain_distance(const char *a, size_t m, const char *b, size_t n)
{
    if (m == 0 || n == 0)
        return (unsigned)(m + n);
    unsigned best = plain_distance(a, m - 1, b, n - 1) + (a[m - 1] != b[n - 1]);
    unsigned other = plain_distance(a, m - 1, b, n) + 1;
    best = other < best ? other : best;
    other = plain_distance(a, m, b, n - 1) + 1;
    best = other < best ? other : best;
    if (m > 1 && n > 1 && a[m - 1] == b[n - 2] && a[m - 2] == b[n - 1]) {
        other = plain_distance(a, m - 2, b, n - 2) + 1;
        best = other < best ? other : best;
    }
    return best;
}

static void random_word(struct rng *rng, char word[8])
{
    size_t length = (size_t)rng_below(rng, 7);
    for (size_t i = 0; i < length; i++)
        word[i] = (char)('a' + rng_below(rng, 3));
    word[length] = '\0';
}

START_TEST(text_nearest_agrees_with_a_plain_search)
{
    struct rng rng = rng_stream(2, "text", 0);
    for (int round = 0; round < 400; round++) {
        char words[4][8], word[8];
        const char *known[4];
        for (int i = 0; i < 4; i++) {
            random_word(&rng, words[i]);
            known[i] = words[i];
        }
        random_word(&rng, word);
        unsigned allowed = (unsigned)strlen(word) / 3, best = UINT_MAX;
        allowed = allowed ? allowed : 1;
        const char *expected = NULL;
        for (int i = 0; i < 4; i++) {
            unsigned distance = plain_distance(word, strlen(word), known[i], strlen(known[i]));
            if (distance <= allowed && distance < best) {
                best = distance;
                expected = known[i];
            }
        }
        ck_assert_ptr_eq(text_nearest(word, known, 4), expected);
    }
}
END_TEST

Suite *test_base_text_suite(void);
Suite *test_base_text_suite(void)
{
    Suite *suite = suite_create("base_text");
    TCase *format = tcase_create("format");
    tcase_add_test(format, text_format_writes_numbers_at_their_limits);
    tcase_add_test(format, text_format_pads_to_the_width);
    tcase_add_test(format, text_format_writes_text_letters_and_percent_signs);
    tcase_add_test(format, text_format_takes_at_most_the_precision_of_a_text);
    tcase_add_test(format, text_format_cuts_at_the_size_and_always_ends_the_text);
    tcase_add_test(format, text_format_agrees_with_snprintf_on_random_numbers);
    tcase_add_test_raise_signal(format, text_format_stops_at_a_size_of_zero, SIGABRT);
    tcase_add_test_raise_signal(format, text_format_stops_at_a_conversion_it_does_not_know,
                                SIGABRT);
    suite_add_tcase(suite, format);
    TCase *words = tcase_create("words");
    tcase_add_test(words, text_equal_compares_whole_texts);
    tcase_add_test(words, text_lower_makes_ascii_capitals_small_and_leaves_the_rest);
    tcase_add_test(words, text_nearest_finds_the_word_behind_each_kind_of_slip);
    tcase_add_test(words, text_nearest_says_nothing_when_nothing_is_near);
    tcase_add_test(words, text_nearest_allows_a_third_of_the_length_and_no_more);
    tcase_add_test(words, text_nearest_gives_the_earlier_of_two_equally_near);
    tcase_add_test(words, text_nearest_knows_words_without_their_unit);
    tcase_add_test(words, text_nearest_passes_over_words_too_long_to_compare);
    tcase_add_test(words, text_nearest_agrees_with_a_plain_search);
    suite_add_tcase(suite, words);
    return suite;
}
