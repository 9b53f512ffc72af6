/* SPDX-License-Identifier: Apache-2.0
 *
 * Pairing two histories: held against all ways there are to pair short ones, and on long ones that
 * differ in a known place.
 */
#include <check.h>

#include "core/base/alloc.h"
#include "core/base/rng.h"
#include "sim/compare/align.h"

enum { SHORT_MAX = 8, DRAWN = 4000, LONG = 5 * ALIGN_BLOCK };

struct score {
    uint32_t pairs;
    uint64_t apart;
};

static bool is_better(struct score a, struct score b)
{
    return a.pairs != b.pairs ? a.pairs > b.pairs : a.apart < b.apart;
}

static uint64_t apart(struct align_step a, struct align_step b)
{
    return (uint64_t)(a.at > b.at ? a.at - b.at : b.at - a.at);
}

/* Every way, tried one by one. */
static struct score best_of_all(struct align_steps a, struct align_steps b)
{
    struct score best = { 0, 0 };
    if (a.count == 0 || b.count == 0)
        return best;
    struct align_steps rest = { a.items + 1, a.count - 1 };
    best = best_of_all(rest, b);
    for (size_t j = 0; j < b.count; j++) {
        if (a.items[0].word != b.items[j].word)
            continue;
        struct align_steps behind = { b.items + j + 1, b.count - j - 1 };
        struct score with = best_of_all(rest, behind);
        with.pairs++;
        with.apart += apart(a.items[0], b.items[j]);
        if (is_better(with, best))
            best = with;
    }
    return best;
}

/* Of a pairing, which must be one: equal words, in the order of both. */
static struct score score_of(struct align_steps a, struct align_steps b, const uint32_t *partner)
{
    struct score score = { 0, 0 };
    uint32_t next = 0;
    for (size_t i = 0; i < a.count; i++) {
        if (partner[i] == ALIGN_NONE)
            continue;
        ck_assert_uint_ge(partner[i], next);
        ck_assert_uint_lt(partner[i], b.count);
        ck_assert_uint_eq(a.items[i].word, b.items[partner[i]].word);
        score.pairs++;
        score.apart += apart(a.items[i], b.items[partner[i]]);
        next = partner[i] + 1;
    }
    return score;
}

static size_t draw(struct rng *rng, struct align_step *out)
{
    size_t count = rng_below(rng, SHORT_MAX + 1);
    time_ns at = 0;
    for (size_t i = 0; i < count; i++) {
        at += (time_ns)rng_below(rng, 5);
        out[i] = (struct align_step){ (uint32_t)rng_below(rng, 3), at };
    }
    return count;
}

START_TEST(short_histories_are_paired_as_well_as_they_can_be)
{
    struct rng rng = rng_stream(1, "align", 0);
    for (int i = 0; i < DRAWN; i++) {
        struct align_step a[SHORT_MAX], b[SHORT_MAX];
        uint32_t partner[SHORT_MAX];
        struct align_steps of_a = { a, draw(&rng, a) }, of_b = { b, draw(&rng, b) };
        align_steps(of_a, of_b, partner);
        struct score found = score_of(of_a, of_b, partner), best = best_of_all(of_a, of_b);
        ck_assert_uint_eq(found.pairs, best.pairs);
        ck_assert_uint_eq(found.apart, best.apart);
    }
}
END_TEST

/* As checkpoints are: the same two words over and over. */
static void fill(struct align_step *steps, size_t count, time_ns shift)
{
    for (size_t i = 0; i < count; i++)
        steps[i] = (struct align_step){ i % 2, (time_ns)i * TIME_S + shift };
}

START_TEST(what_only_one_has_stands_alone_where_it_is)
{
    struct align_step *a = mem_create_array(LONG, sizeof *a);
    struct align_step *b = mem_create_array(LONG + 2, sizeof *b);
    uint32_t *partner = mem_create_array(LONG, sizeof *partner);
    static const size_t places[] = { 0,   2,    ALIGN_BLOCK / 2 - 2,     ALIGN_BLOCK - 2,
                                     500, 1500, 3 * ALIGN_BLOCK / 2 + 2, LONG };
    for (size_t p = 0; p < sizeof places / sizeof *places; p++) {
        size_t at = places[p];
        fill(a, LONG, 0);
        fill(b, at, TIME_MS);
        b[at] = (struct align_step){ 0, (time_ns)at * TIME_S - TIME_S / 2 };
        b[at + 1] = (struct align_step){ 1, (time_ns)at * TIME_S - TIME_S / 4 };
        fill(b + at + 2, LONG - at, TIME_MS + (time_ns)at * TIME_S);
        align_steps((struct align_steps){ a, LONG }, (struct align_steps){ b, LONG + 2 }, partner);
        for (size_t i = 0; i < LONG; i++)
            ck_assert_uint_eq(partner[i], i < at ? i : i + 2);
    }
    mem_destroy(partner);
    mem_destroy(b);
    mem_destroy(a);
}
END_TEST

START_TEST(one_without_an_other_is_paired_with_nothing)
{
    struct align_step *a = mem_create_array(LONG, sizeof *a);
    uint32_t *partner = mem_create_array(LONG, sizeof *partner);
    struct align_steps none = { NULL, 0 };
    fill(a, LONG, 0);
    align_steps(none, none, partner);
    align_steps(none, (struct align_steps){ a, LONG }, partner);
    align_steps((struct align_steps){ a, LONG }, none, partner);
    for (size_t i = 0; i < LONG; i++)
        ck_assert_uint_eq(partner[i], ALIGN_NONE);
    mem_destroy(partner);
    mem_destroy(a);
}
END_TEST

/* One run did in its first tenth what the other one took all its time for. */
START_TEST(histories_of_other_lengths_come_to_an_end)
{
    struct align_step *a = mem_create_array(LONG, sizeof *a);
    struct align_step *b = mem_create_array(LONG, sizeof *b);
    uint32_t *partner = mem_create_array(LONG, sizeof *partner);
    struct align_steps of_a = { a, LONG }, of_b = { b, LONG };
    fill(a, LONG, 0);
    fill(b, LONG, 0);
    for (size_t i = 0; i < LONG; i++)
        b[i].at = a[i].at / 10;
    align_steps(of_a, of_b, partner);
    ck_assert_uint_gt(score_of(of_a, of_b, partner).pairs, 0);
    align_steps(of_b, of_a, partner);
    ck_assert_uint_gt(score_of(of_b, of_a, partner).pairs, 0);
    for (size_t i = 0; i < LONG; i++)
        a[i].at = b[i].at = 0; /* all at one instant */
    align_steps(of_a, of_b, partner);
    ck_assert_uint_eq(score_of(of_a, of_b, partner).pairs, LONG);
    mem_destroy(partner);
    mem_destroy(b);
    mem_destroy(a);
}
END_TEST

Suite *test_compare_align_suite(void);

Suite *test_compare_align_suite(void)
{
    Suite *suite = suite_create("compare_align");
    TCase *tcase = tcase_create("align");
    tcase_add_test(tcase, short_histories_are_paired_as_well_as_they_can_be);
    tcase_add_test(tcase, what_only_one_has_stands_alone_where_it_is);
    tcase_add_test(tcase, one_without_an_other_is_paired_with_nothing);
    tcase_add_test(tcase, histories_of_other_lengths_come_to_an_end);
    suite_add_tcase(suite, tcase);
    return suite;
}
