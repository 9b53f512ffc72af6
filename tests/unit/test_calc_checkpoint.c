/* SPDX-License-Identifier: Apache-2.0
 *
 * The calculators of the checkpoint coordinator: checkpoint-request and state-mapper, what they
 * answer and what they refuse.
 */
#include <check.h>

#include "tests/lib/calc_run.h"

/* A12: min-pause drops the periodic one and moves the timer; a savepoint does not wait. */
START_TEST(checkpoint_request_drops_inside_the_pause)
{
    calc_answers(
        "checkpoint-request",
        "{\"min_pause_ms\": 1000, \"steps\": [{\"completed_at_ms\": 0}, {\"advance_ms\": 400}, "
        "{\"request\": {\"id\": \"a\", \"kind\": \"checkpoint\", \"periodic\": true, "
        "\"forced\": false}}, {\"request\": {\"id\": \"b\", \"kind\": \"savepoint\", "
        "\"periodic\": false, \"forced\": true}}]}",
        "{\"steps\": [{\"run\": null, \"queued\": [], \"failed\": []}, {\"run\": null, "
        "\"queued\": [], \"failed\": []}, {\"run\": null, \"queued\": [], \"failed\": "
        "[{\"id\": \"a\", \"reason\": \"MINIMUM_TIME_BETWEEN_CHECKPOINTS\"}], \"retry_in_ms\": "
        "600}, {\"run\": \"b\", \"queued\": [], \"failed\": []}]}");
}
END_TEST

/* A12: pending >= max-concurrent: only forced ones run; then one at each chance, best first. */
START_TEST(checkpoint_request_queues_beside_pending_ones)
{
    calc_answers(
        "checkpoint-request",
        "{\"steps\": [{\"pending\": 1}, {\"request\": {\"id\": \"p\", \"kind\": "
        "\"checkpoint\", \"periodic\": true}}, {\"request\": {\"id\": \"u\", \"kind\": "
        "\"checkpoint\"}}, {\"request\": {\"id\": \"s\", \"kind\": \"savepoint\"}}, "
        "{\"pending\": 0}, \"choose\", {\"triggering\": true}, \"choose\"]}",
        "{\"steps\": [{\"run\": null, \"queued\": [], \"failed\": []}, {\"run\": null, "
        "\"queued\": [\"p\"], \"failed\": []}, {\"run\": null, \"queued\": [\"u\", \"p\"], "
        "\"failed\": []}, {\"run\": \"s\", \"queued\": [\"u\", \"p\"], \"failed\": []}, "
        "{\"run\": null, \"queued\": [\"u\", \"p\"], \"failed\": []}, {\"run\": \"u\", "
        "\"queued\": [\"p\"], \"failed\": []}, {\"run\": null, \"queued\": [\"p\"], "
        "\"failed\": []}, {\"run\": null, \"queued\": [\"p\"], \"failed\": []}]}");
}
END_TEST

START_TEST(checkpoint_request_puts_out_the_last_of_a_full_queue)
{
    calc_answers(
        "checkpoint-request",
        "{\"queue_limit\": 1, \"steps\": [{\"cleaning\": 2}, {\"request\": {\"id\": \"p\", "
        "\"kind\": \"checkpoint\", \"periodic\": true}}, {\"request\": {\"id\": \"u\", "
        "\"kind\": \"checkpoint\"}}, {\"request\": {\"id\": \"v\", \"kind\": "
        "\"checkpoint\"}}]}",
        "{\"steps\": [{\"run\": null, \"queued\": [], \"failed\": []}, {\"run\": null, "
        "\"queued\": [\"p\"], \"failed\": []}, {\"run\": null, \"queued\": [\"u\"], "
        "\"failed\": [{\"id\": \"p\", \"reason\": \"TOO_MANY_CHECKPOINT_REQUESTS\"}]}, "
        "{\"run\": null, \"queued\": [\"u\"], \"failed\": [{\"id\": \"v\", \"reason\": "
        "\"TOO_MANY_CHECKPOINT_REQUESTS\"}]}]}");
}
END_TEST

START_TEST(checkpoint_request_refuses_what_it_does_not_know)
{
    calc_refuses("checkpoint-request", "{}", "steps: missing");
    calc_refuses("checkpoint-request", "{\"max_concurrent\": 0, \"steps\": []}",
                 "0 is outside 1..");
    calc_refuses("checkpoint-request", "{\"queue_limit\": 0, \"steps\": []}", "0 is outside 1..");
    calc_refuses("checkpoint-request", "{\"min_pause_ms\": -1, \"steps\": []}",
                 "-1 is outside 0..");
    calc_refuses("checkpoint-request", "{\"steps\": [\"chose\"]}", "did you mean 'choose'?");
    calc_refuses("checkpoint-request", "{\"steps\": [{}]}", "step 0: expected one of advance_ms");
    calc_refuses("checkpoint-request", "{\"steps\": [{\"pending\": 1, \"cleaning\": 1}]}",
                 "expected one of advance_ms");
    calc_refuses("checkpoint-request", "{\"steps\": [{\"pending\": -1}]}",
                 "pending: -1 is outside 0..");
    calc_refuses("checkpoint-request", "{\"steps\": [{\"request\": {\"kind\": \"savepoint\"}}]}",
                 "id: missing");
    calc_refuses("checkpoint-request", "{\"steps\": [{\"request\": {\"id\": \"a\"}}]}",
                 "kind: missing");
    calc_refuses("checkpoint-request",
                 "{\"steps\": [{\"request\": {\"id\": \"a\", \"kind\": \"safepoint\"}}]}",
                 "did you mean 'savepoint'?");
    calc_refuses("checkpoint-request",
                 "{\"steps\": [{\"advance_ms\": 1000000000000}, {\"advance_ms\": 1}]}",
                 "step 1: advance_ms: the steps last longer than 31 years");
}
END_TEST

/* A12: the mappers of channel state. */
START_TEST(state_mapper_answers_for_each_mapper)
{
    calc_answers("state-mapper", "{\"mapper\": \"RANGE\", \"old\": 3, \"new\": 2}",
                 "{\"old_subtasks_per_new\": [[0, 1], [1, 2]]}");
    calc_answers("state-mapper", "{\"mapper\": \"ROUND_ROBIN\", \"old\": 5, \"new\": 3}",
                 "{\"old_subtasks_per_new\": [[0, 3], [1, 4], [2]]}");
    calc_answers("state-mapper", "{\"mapper\": \"FIRST\", \"old\": 2, \"new\": 2}",
                 "{\"old_subtasks_per_new\": [[0, 1], []]}");
    calc_answers("state-mapper", "{\"mapper\": \"FULL\", \"old\": 2, \"new\": 2}",
                 "{\"old_subtasks_per_new\": [[0, 1], [0, 1]]}");
    calc_answers("state-mapper", "{\"mapper\": \"ARBITRARY\", \"old\": 1, \"new\": 3}",
                 "{\"old_subtasks_per_new\": [[0], [], []]}");
}
END_TEST

START_TEST(state_mapper_refuses_what_is_out_of_range)
{
    calc_refuses("state-mapper", "{\"old\": 3, \"new\": 2}", "mapper: missing");
    calc_refuses("state-mapper", "{\"mapper\": \"RANG\", \"old\": 3, \"new\": 2}",
                 "did you mean 'RANGE'?");
    calc_refuses("state-mapper", "{\"mapper\": \"FIRST\", \"old\": 0, \"new\": 2}",
                 "0 is outside 1..32768");
    calc_refuses("state-mapper", "{\"mapper\": \"FULL\", \"old\": 32768, \"new\": 32768}",
                 "FULL: old x new is above 4194304");
}
END_TEST

Suite *test_calc_checkpoint_suite(void)
{
    Suite *suite = suite_create("calc/checkpoint");
    TCase *requests = tcase_create("checkpoint-request");
    tcase_add_test(requests, checkpoint_request_drops_inside_the_pause);
    tcase_add_test(requests, checkpoint_request_queues_beside_pending_ones);
    tcase_add_test(requests, checkpoint_request_puts_out_the_last_of_a_full_queue);
    tcase_add_test(requests, checkpoint_request_refuses_what_it_does_not_know);
    suite_add_tcase(suite, requests);
    TCase *mapper = tcase_create("state-mapper");
    tcase_add_test(mapper, state_mapper_answers_for_each_mapper);
    tcase_add_test(mapper, state_mapper_refuses_what_is_out_of_range);
    suite_add_tcase(suite, mapper);
    return suite;
}
