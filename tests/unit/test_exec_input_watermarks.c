/* SPDX-License-Identifier: Apache-2.0
 *
 * The watermark of an operator with several inputs: by itself against plain loops over all channels
 * of all inputs, and in a join whose left input is idle for a while.
 */
#include <check.h>

#include "core/base/rng.h"
#include "core/exec/input_watermarks.h"
#include "tests/lib/exact_run.h"

enum { INPUTS = 3, CHANNELS = 12, STEPS = 600 };

/* A channel as StatusWatermarkValve sees it, an input as CombinedWatermarkStatus does. */
struct plain_channel {
    int64_t watermark;
    bool idle, aligned;
};

struct plain_input {
    struct plain_channel channels[CHANNELS];
    uint32_t count;
    int64_t watermark;
    bool idle;
};

static void plain_rise(struct plain_input *input)
{
    int64_t least = WATERMARK_MAX;
    bool any = false;
    for (uint32_t i = 0; i < input->count; i++)
        if (input->channels[i].aligned) {
            any = true;
            least = input->channels[i].watermark < least ? input->channels[i].watermark : least;
        }
    if (any && least > input->watermark)
        input->watermark = least;
}

static void plain_watermark(struct plain_input *input, uint32_t channel, int64_t watermark)
{
    struct plain_channel *c = &input->channels[channel];
    if (c->idle || watermark <= c->watermark)
        return;
    c->watermark = watermark;
    c->aligned |= watermark >= input->watermark;
    plain_rise(input);
}

static void plain_status(struct plain_input *input, uint32_t channel, bool idle)
{
    struct plain_channel *c = &input->channels[channel];
    bool was_last = c->watermark == input->watermark;
    if (c->idle == idle)
        return;
    c->idle = idle;
    c->aligned = !idle && c->watermark >= input->watermark;
    input->idle = true;
    for (uint32_t i = 0; i < input->count; i++)
        input->idle &= input->channels[i].idle;
    if (idle && was_last && !input->idle)
        plain_rise(input);
    for (uint32_t i = 0; idle && was_last && input->idle && i < input->count; i++)
        if (input->channels[i].watermark > input->watermark)
            input->watermark = input->channels[i].watermark;
}

/* updateCombinedWatermark: what it would be if it could fall. */
static int64_t plain_combined(const struct plain_input *inputs, uint32_t count, bool *idle)
{
    int64_t least = WATERMARK_MAX, most = WATERMARK_NONE;
    *idle = true;
    for (uint32_t i = 0; i < count; i++) {
        most = inputs[i].watermark > most ? inputs[i].watermark : most;
        if (!inputs[i].idle)
            least = inputs[i].watermark < least ? inputs[i].watermark : least;
        *idle &= inputs[i].idle;
    }
    return *idle ? most : least;
}

START_TEST(the_least_of_the_active_inputs_counts_and_never_falls)
{
    struct rng rng = rng_stream((uint64_t)_i, "inputs", 0);
    struct plain_input plain[INPUTS];
    uint32_t count = 1 + (uint32_t)_i % INPUTS, channels[INPUTS];
    struct input_watermarks inputs;
    int64_t given = WATERMARK_NONE;
    bool idle = false;
    for (uint32_t i = 0; i < count; i++) {
        channels[i] = 1 + (uint32_t)rng_below(&rng, CHANNELS);
        plain[i] = (struct plain_input){ .count = channels[i], .watermark = WATERMARK_NONE };
        for (uint32_t c = 0; c < channels[i]; c++)
            plain[i].channels[c] = (struct plain_channel){ WATERMARK_NONE, false, true };
    }
    input_watermarks_init(&inputs, channels, count);
    for (int step = 0; step < STEPS; step++) {
        uint32_t i = (uint32_t)rng_below(&rng, count);
        uint32_t channel = (uint32_t)rng_below(&rng, channels[i]);
        bool rose, was_idle = idle, falls = rng_below(&rng, 2) == 0;
        enum valve_change change = VALVE_SAME;
        if (rng_below(&rng, 3) > 0) {
            int64_t watermark = rng_between(&rng, step, step + 50) - 40 * i; /* some lag behind */
            rose = input_watermarks_on_watermark(&inputs, i, channel, watermark);
            plain_watermark(&plain[i], channel, watermark);
        } else {
            change = input_watermarks_on_status(&inputs, i, channel, falls, &rose);
            plain_status(&plain[i], channel, falls);
        }
        int64_t combined = plain_combined(plain, count, &idle);
        ck_assert_int_eq(rose, combined > given);
        given = combined > given ? combined : given;
        ck_assert_int_eq(inputs.watermark, given);
        ck_assert_int_eq(change, was_idle == idle ? VALVE_SAME : idle ? VALVE_IDLE : VALVE_ACTIVE);
    }
    input_watermarks_fini(&inputs);
}
END_TEST

/* StatusWatermarkValve: who is active again and has not caught up yet does not count, so nobody
 * looks further when it goes: not at those that are idle, nor at one that has come back since. */
START_TEST(who_falls_idle_behind_the_others_takes_nobody_further)
{
    static const uint32_t orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
                                          { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
    uint32_t far = orders[_i / 2][0], middle = orders[_i / 2][1], behind = orders[_i / 2][2];
    bool comes_back = _i % 2, rose;
    struct watermark_valve valve;
    watermark_valve_init(&valve, 3);
    watermark_valve_on_watermark(&valve, far, 50);
    watermark_valve_on_watermark(&valve, middle, 20);
    ck_assert(watermark_valve_on_watermark(&valve, behind, 10));
    watermark_valve_on_status(&valve, far, true, &rose);
    ck_assert(!rose);
    watermark_valve_on_status(&valve, behind, true, &rose);
    ck_assert(rose && valve.watermark == 20);
    watermark_valve_on_status(&valve, behind, false, &rose);
    watermark_valve_on_status(&valve, middle, true, &rose);
    ck_assert(!rose);
    for (int idle = 0; idle < 2; idle++) {
        watermark_valve_on_status(&valve, far, idle, &rose);
        ck_assert(!rose);
    }
    ck_assert(!watermark_valve_on_watermark(&valve, behind, 15));
    if (comes_back)
        watermark_valve_on_status(&valve, far, false, &rose);
    ck_assert(!rose);
    enum valve_change change = watermark_valve_on_status(&valve, behind, true, &rose);
    ck_assert_int_eq(change, comes_back ? VALVE_SAME : VALVE_IDLE);
    ck_assert(!rose && valve.watermark == 20);
    watermark_valve_fini(&valve);
}
END_TEST

static const char story[] = "name: quiet\n"
                            "world: exact\n"
                            "duration: 1min\n"
                            "config: { parallelism.default: 1 }\n"
                            "cluster: { task-manager: { count: 1, slots: 2, boot: 1s } }\n"
                            "jobs: [ { program: quiet, args: [join] } ]\n"
                            "expect: [ { name: right, output: lines, equals: program } ]\n";

START_TEST(an_input_that_was_idle_is_waited_for_again)
{
    struct exact_run run;
    exact_run_init(&run, story);
    exact_run_to_end(&run);
    ck_assert_uint_eq(run.finished, 1);
    exact_run_must_write(&run, "quiet");
    exact_run_fini(&run);
}
END_TEST

Suite *test_exec_input_watermarks_suite(void);

Suite *test_exec_input_watermarks_suite(void)
{
    Suite *suite = suite_create("exec_input_watermarks");
    TCase *tcase = tcase_create("inputs");
    tcase_add_loop_test(tcase, who_falls_idle_behind_the_others_takes_nobody_further, 0, 12);
    tcase_add_loop_test(tcase, the_least_of_the_active_inputs_counts_and_never_falls, 0, 60);
    tcase_add_test(tcase, an_input_that_was_idle_is_waited_for_again);
    suite_add_tcase(suite, tcase);
    return suite;
}
