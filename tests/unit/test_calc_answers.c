/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the single calculators: answers of the engine's functions in the documented form, and
 * what each of them refuses.
 */
#include <check.h>
#include <stdio.h>

#include "tests/lib/calc_run.h"

START_TEST(key_groups_places_keys_as_flink_does)
{
    calc_answers(
        "key-groups",
        "{\"max_parallelism\": 128, \"parallelism\": 3, \"key_hashes\": [0, -2147483648]}",
        "{\"ranges\": [[0, 42], [43, 85], [86, 127]], \"keys\": [{\"key_hash\": 0, \"murmur\": "
        "593689054, \"key_group\": 94, \"operator_index\": 2}, {\"key_hash\": -2147483648, "
        "\"murmur\": 1718298732, \"key_group\": 108, \"operator_index\": 2}]}");
}
END_TEST

START_TEST(key_groups_refuses_what_is_out_of_range)
{
    calc_refuses("key-groups", "{\"max_parallelism\": 32769, \"parallelism\": 1}",
                 "max_parallelism: 32769 is outside 1..32768");
    calc_refuses("key-groups", "{\"max_parallelism\": 4, \"parallelism\": 0}", "0 is outside 1..4");
    calc_refuses("key-groups", "{\"parallelism\": 1}", "max_parallelism: missing");
    calc_refuses("key-groups",
                 "{\"max_parallelism\": 4, \"parallelism\": 1, \"key_hashes\": [1, 2147483648]}",
                 "element 1: key_hashes: 2147483648 is outside");
    calc_refuses("key-groups", "{\"max_parallelism\": 4, \"parallelism\": 1, \"key_hashes\": 7}",
                 "key_hashes: expected an array, found an integer");
}
END_TEST

/* A2, recording reactive-add-tm-defaults: the clocks run from the change inside the cooldown. */
START_TEST(transition_follows_the_phases)
{
    calc_answers(
        "transition",
        "{\"cooldown_ms\": 30000, \"stabilization_ms\": 60000, \"max_delay_ms\": 0, "
        "\"resources\": \"sufficient\", \"steps\": [{\"advance_ms\": 13000}, \"change\", "
        "{\"advance_ms\": 16999}, {\"advance_ms\": 1}, \"trigger\", {\"advance_ms\": 90000}]}",
        "{\"steps\": [{\"at_ms\": 13000, \"phase\": \"Cooldown\", \"transitions\": 0, "
        "\"checkpoint_requests\": 0}, {\"at_ms\": 13000, \"phase\": \"Cooldown\", "
        "\"transitions\": 0, \"checkpoint_requests\": 0}, {\"at_ms\": 29999, \"phase\": "
        "\"Cooldown\", \"transitions\": 0, \"checkpoint_requests\": 0}, {\"at_ms\": 30000, "
        "\"phase\": \"Stabilizing\", \"transitions\": 0, \"checkpoint_requests\": 1}, "
        "{\"at_ms\": 30000, \"phase\": \"Stabilizing\", \"transitions\": 0, "
        "\"checkpoint_requests\": 1}, {\"at_ms\": 120000, \"phase\": \"Transitioning\", "
        "\"transitions\": 1, \"checkpoint_requests\": 2}]}");
}
END_TEST

START_TEST(transition_fires_what_is_due_after_each_step)
{
    calc_answers("transition",
                 "{\"cooldown_ms\": 0, \"stabilization_ms\": 10000, \"active_checkpoint\": false, "
                 "\"steps\": [{\"resources\": \"desired\"}, \"change\"]}",
                 "{\"steps\": [{\"at_ms\": 0, \"phase\": \"Idling\", \"transitions\": 0, "
                 "\"checkpoint_requests\": 0}, {\"at_ms\": 0, \"phase\": \"Transitioning\", "
                 "\"transitions\": 1, \"checkpoint_requests\": 0}]}");
    calc_answers("transition", "{\"steps\": []}", "{\"steps\": []}");
}
END_TEST

START_TEST(transition_refuses_steps_it_does_not_know)
{
    calc_refuses("transition", "{}", "steps: missing");
    calc_refuses("transition", "{\"steps\": [\"chagne\"]}", "did you mean 'change'?");
    calc_refuses("transition", "{\"steps\": [\"change\", 5]}", "step 1: expected an object");
    calc_refuses("transition", "{\"steps\": [{}]}", "expected one of advance_ms and resources");
    calc_refuses("transition", "{\"steps\": [{\"advance_ms\": 1, \"resources\": \"none\"}]}",
                 "expected one of advance_ms and resources");
    calc_refuses("transition", "{\"steps\": [{\"advance_ms\": -1}]}",
                 "advance_ms: -1 is outside 0..");
    calc_refuses("transition", "{\"steps\": [{\"advanc_ms\": 1}]}", "did you mean 'advance_ms'?");
    calc_refuses("transition", "{\"resources\": \"plenty\", \"steps\": []}", "unknown resources");
    calc_refuses("transition", "{\"cooldown_ms\": -1, \"steps\": []}",
                 "cooldown_ms: -1 is outside");
    calc_refuses("transition", "{\"active_checkpoint\": 1, \"steps\": []}",
                 "expected true or false");
    calc_refuses("transition",
                 "{\"steps\": [{\"advance_ms\": 1000000000000}, {\"advance_ms\": 1}]}",
                 "step 1: advance_ms: the steps last longer than 31 years");
}
END_TEST

/* Recording restart-fixed-delay-3-2s with one attempt. */
START_TEST(restart_answers_for_fixed_delay)
{
    calc_answers(
        "restart",
        "{\"strategy\": \"fixed-delay\", \"config\": {\"attempts\": 1, \"delay\": 2000}, "
        "\"steps\": [\"failure\", \"can-restart\", \"backoff\", {\"advance_ms\": 7}, "
        "\"failure\", \"can-restart\"]}",
        "{\"steps\": [{\"at_ms\": 0, \"new_attempt\": true}, {\"at_ms\": 0, \"can_restart\": "
        "true}, {\"at_ms\": 0, \"backoff_ms\": 2000}, {\"at_ms\": 7}, {\"at_ms\": 7, "
        "\"new_attempt\": true}, {\"at_ms\": 7, \"can_restart\": false}]}");
}
END_TEST

START_TEST(restart_takes_flinks_defaults)
{
    calc_answers(
        "restart",
        "{\"strategy\": \"failure-rate\", \"steps\": [\"failure\", \"failure\", "
        "\"can-restart\", \"backoff\"]}",
        "{\"steps\": [{\"at_ms\": 0, \"new_attempt\": true}, {\"at_ms\": 0, \"new_attempt\": "
        "true}, {\"at_ms\": 0, \"can_restart\": false}, {\"at_ms\": 0, \"backoff_ms\": "
        "1000}]}");
    calc_answers(
        "restart", "{\"strategy\": \"none\", \"steps\": [\"can-restart\", \"backoff\"]}",
        "{\"steps\": [{\"at_ms\": 0, \"can_restart\": false}, {\"at_ms\": 0, \"backoff_ms\": "
        "0}]}");
}
END_TEST

/* A step that may not be asked yet has its own error; the element stays right. */
START_TEST(restart_answers_an_early_question_with_an_error_of_the_step)
{
    calc_answers(
        "restart",
        "{\"strategy\": \"exponential-delay\", \"config\": {\"jitter-factor\": 0}, "
        "\"steps\": [\"can-restart\", \"backoff\", \"failure\", \"backoff\"]}",
        "{\"steps\": [{\"at_ms\": 0, \"can_restart\": true}, {\"at_ms\": 0, \"error\": \"there "
        "is no backoff before the first failure\"}, {\"at_ms\": 0, \"new_attempt\": true}, "
        "{\"at_ms\": 0, \"backoff_ms\": 1000}]}");
}
END_TEST

START_TEST(restart_reads_every_key_of_exponential_delay)
{
    calc_answers(
        "restart",
        "{\"strategy\": \"exponential-delay\", \"seed\": 3, \"config\": {\"initial-backoff\": "
        "100, \"max-backoff\": 250, \"backoff-multiplier\": 2, \"reset-backoff-threshold\": "
        "1000, \"jitter-factor\": 0.0, \"attempts-before-reset-backoff\": 2}, \"steps\": "
        "[\"failure\", {\"advance_ms\": 500}, \"failure\", \"backoff\", {\"advance_ms\": 500}, "
        "\"failure\", \"backoff\", \"can-restart\", {\"advance_ms\": 1250}, \"failure\", "
        "\"backoff\", \"can-restart\"]}",
        "{\"steps\": [{\"at_ms\": 0, \"new_attempt\": true}, {\"at_ms\": 500}, {\"at_ms\": 500, "
        "\"new_attempt\": true}, {\"at_ms\": 500, \"backoff_ms\": 200}, {\"at_ms\": 1000}, "
        "{\"at_ms\": 1000, \"new_attempt\": true}, {\"at_ms\": 1000, \"backoff_ms\": 250}, "
        "{\"at_ms\": 1000, \"can_restart\": false}, {\"at_ms\": 2250}, {\"at_ms\": 2250, "
        "\"new_attempt\": true}, {\"at_ms\": 2250, \"backoff_ms\": 100}, {\"at_ms\": 2250, "
        "\"can_restart\": true}]}");
}
END_TEST

START_TEST(restart_refuses_what_flink_refuses)
{
    static const struct {
        const char *config, *text;
    } rows[] = {
        { "{\"initial-backoff\": 0}", "config: initial-backoff: must be at least 1" },
        { "{\"initial-backoff\": 60001}", "initial-backoff: is above max-backoff" },
        { "{\"backoff-multiplier\": 1}",
          "backoff-multiplier: found 1, expected more than 1 and at most 1000" },
        { "{\"backoff-multiplier\": 0.5}", "found 0.5, expected more than 1" },
        { "{\"backoff-multiplier\": 1001}", "found 1001, expected more than 1" },
        { "{\"backoff-multiplier\": \"2\"}", "expected a number, found a text" },
        { "{\"jitter-factor\": 1.01}", "jitter-factor: found 1.01, expected from 0 to 1" },
        { "{\"jitter-factor\": -0.1}", "jitter-factor: found -0.1, expected" },
        { "{\"reset-backoff-threshold\": 0}", "reset-backoff-threshold: must be at least 1" },
        { "{\"attempts-before-reset-backoff\": 0}", "0 is outside 1.." },
        { "{\"jitter-facto\": 1}", "did you mean 'jitter-factor'?" },
        { "{\"attempts\": 1}", "unknown field 'attempts'; known are: initial-backoff" },
        { "[]", "config: expected an object, found an array" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char input[256];
        snprintf(input, sizeof input,
                 "{\"strategy\": \"exponential-delay\", \"config\": %s, \"steps\": []}",
                 rows[i].config);
        calc_refuses("restart", input, rows[i].text);
    }
    calc_refuses("restart", "{\"steps\": []}", "strategy: missing");
    calc_refuses("restart", "{\"strategy\": \"fixd-delay\", \"steps\": []}", "did you mean");
    calc_refuses("restart", "{\"strategy\": \"none\", \"config\": {\"delay\": 1}, \"steps\": []}",
                 "config: this strategy has no keys");
    calc_refuses("restart", "{\"strategy\": \"none\", \"steps\": [\"fail\"]}",
                 "step 0: unknown step");
    calc_refuses("restart", "{\"strategy\": \"none\", \"steps\": [{\"advance_ms\": null}]}",
                 "step 0: advance_ms: missing");
    calc_refuses("restart",
                 "{\"strategy\": \"failure-rate\", \"config\": {\"failure-rate-interval\": 0}, "
                 "\"steps\": []}",
                 "failure-rate-interval: must be at least 1");
    calc_refuses("restart", "{\"strategy\": \"none\", \"seed\": -1, \"steps\": []}", "seed: -1");
}
END_TEST

/* A5: slots left over by groups of small range flow to the others. */
START_TEST(slot_sharing_finds_the_parallelism)
{
    calc_answers(
        "slot-sharing",
        "{\"vertices\": [{\"group\": \"a\", \"lower\": 1, \"upper\": 4}, {\"group\": \"a\", "
        "\"lower\": 1, \"upper\": 2}, {\"group\": \"b\", \"lower\": 1, \"upper\": 10}], "
        "\"slots\": 9}",
        "{\"parallelism\": [4, 2, 5], \"required_slots\": 14}");
    calc_answers("slot-sharing", "{\"vertices\": [{\"upper\": 5}], \"slots\": 3}",
                 "{\"parallelism\": [3], \"required_slots\": 5}");
    calc_answers(
        "slot-sharing",
        "{\"vertices\": [{\"group\": \"a\", \"lower\": 2, \"upper\": 4}, {\"group\": \"b\", "
        "\"lower\": 2, \"upper\": 4}], \"slots\": 3}",
        "{\"parallelism\": null, \"required_slots\": 8}");
}
END_TEST

/* Where Flink leaves an order open: the order of the input, also for a group named default. */
START_TEST(slot_sharing_breaks_ties_in_the_order_of_the_input)
{
    calc_answers(
        "slot-sharing",
        "{\"vertices\": [{\"group\": \"z\", \"upper\": 4}, {\"group\": \"default\", \"upper\": "
        "4}], \"slots\": 5}",
        "{\"parallelism\": [2, 3], \"required_slots\": 8}");
    calc_answers(
        "slot-sharing",
        "{\"vertices\": [{\"group\": \"default\", \"upper\": 4}, {\"group\": \"z\", \"upper\": "
        "4}], \"slots\": 5}",
        "{\"parallelism\": [2, 3], \"required_slots\": 8}");
}
END_TEST

START_TEST(slot_sharing_refuses_bounds_that_make_no_sense)
{
    calc_refuses("slot-sharing", "{\"vertices\": [], \"slots\": 1}", "at least one is needed");
    calc_refuses("slot-sharing", "{\"vertices\": [{\"upper\": 0}], \"slots\": 1}",
                 "vertices[0]: upper: 0 is outside 1..32768");
    calc_refuses("slot-sharing", "{\"vertices\": [{\"lower\": 3, \"upper\": 2}], \"slots\": 1}",
                 "vertices[0]: lower: 3 is outside 1..2");
    calc_refuses("slot-sharing", "{\"vertices\": [{\"upper\": 2}], \"slots\": -1}",
                 "slots: -1 is outside");
    calc_refuses("slot-sharing", "{\"vertices\": [{\"group\": 1, \"upper\": 2}], \"slots\": 1}",
                 "group: expected a text");
    calc_refuses("slot-sharing", "{\"vertices\": [{\"upper\": 2, \"lowr\": 1}], \"slots\": 1}",
                 "did you mean 'lower'?");
}
END_TEST

Suite *test_calc_answers_suite(void);
Suite *test_calc_answers_suite(void)
{
    Suite *suite = suite_create("calc_answers");
    TCase *tcase = tcase_create("calculators");
    tcase_add_test(tcase, key_groups_places_keys_as_flink_does);
    tcase_add_test(tcase, key_groups_refuses_what_is_out_of_range);
    tcase_add_test(tcase, transition_follows_the_phases);
    tcase_add_test(tcase, transition_fires_what_is_due_after_each_step);
    tcase_add_test(tcase, transition_refuses_steps_it_does_not_know);
    tcase_add_test(tcase, restart_answers_for_fixed_delay);
    tcase_add_test(tcase, restart_takes_flinks_defaults);
    tcase_add_test(tcase, restart_answers_an_early_question_with_an_error_of_the_step);
    tcase_add_test(tcase, restart_reads_every_key_of_exponential_delay);
    tcase_add_test(tcase, restart_refuses_what_flink_refuses);
    tcase_add_test(tcase, slot_sharing_finds_the_parallelism);
    tcase_add_test(tcase, slot_sharing_breaks_ties_in_the_order_of_the_input);
    tcase_add_test(tcase, slot_sharing_refuses_bounds_that_make_no_sense);
    suite_add_tcase(suite, tcase);
    return suite;
}
