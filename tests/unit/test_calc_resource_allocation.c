/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the resource-allocation calculator: A6 in its documented form, and what it refuses.
 */
#include <check.h>
#include <stdio.h>

#include "tests/lib/calc_run.h"

#define WORKER "\"worker\": {\"profile\": {\"cpu\": 4, \"memory\": 4096}, \"slots\": 4}"
#define TM(id, cpu, memory)                                                                        \
    "{\"id\": \"" id                                                                               \
    "\", \"total\": {\"cpu\": 4, \"memory\": 4096}, \"available\": {\"cpu\": " cpu                 \
    ", \"memory\": " memory "}}"
#define IDLE(id, ms)                                                                               \
    "{\"id\": \"" id "\", \"total\": {\"cpu\": 4, \"memory\": 4096}, \"idle_ms\": " ms "}"
#define SLOTS(count) "[{\"profile\": {\"cpu\": 1, \"memory\": 1024}, \"count\": " count "}]"

START_TEST(fulfil_asks_registered_pending_and_new_workers)
{
    calc_answers("resource-allocation",
                 "{\"op\": \"fulfil\", " WORKER
                 ", \"task_managers\": [" TM("a", "1", "1024") ", " TM(
                     "b", "0.5", "4096") "], \"pending\": [{\"id\": \"p\", \"total\": {\"cpu\": 4, "
                                         "\"memory\": 4096}, \"slots\": 4, \"used\": 3}], "
                                         "\"requirements\": [{\"profile\": "
                                         "\"default\", \"count\": 7}]}",
                 "{\"unfulfillable\": false, \"on_registered\": {\"a\": " SLOTS(
                     "1") "}, "
                          "\"on_pending\": {\"p\": " SLOTS("4") ", \"new-0\": " SLOTS(
                              "2") "}, "
                                   "\"new_workers\": 1}");
}
END_TEST

/* As a person writes them: 0.1 is not 0.10000000000000001. */
START_TEST(fractions_come_back_as_they_were_given)
{
    calc_answers(
        "resource-allocation",
        "{\"op\": \"fulfil\", " WORKER ", \"task_managers\": [{\"id\": \"a\", \"total\": "
        "{\"cpu\": 0.7, \"memory\": 4096, \"custom\": {\"gpu\": 9000.3}}}], "
        "\"requirements\": [{\"profile\": {\"cpu\": 0.1, \"memory\": 64, \"custom\": {\"gpu\": "
        "1234.00000001}}, \"count\": 1}]}",
        "{\"unfulfillable\": false, \"on_registered\": {\"a\": [{\"profile\": {\"cpu\": 0.1, "
        "\"memory\": 64, \"custom\": {\"gpu\": 1234.00000001}}, \"count\": 1}]}, "
        "\"on_pending\": {}, \"new_workers\": 0}");
}
END_TEST

START_TEST(fulfil_follows_the_strategy)
{
    static const char form[] =
        "{\"op\": \"fulfil\", \"strategy\": \"%s\", " WORKER
        ", \"task_managers\": [" TM("a", "4", "4096") ", " TM("b", "2", "2048") ", " TM(
            "c", "3", "3072") "], \"requirements\": [{\"profile\": \"default\", \"count\": 4}]}";
    static const struct {
        const char *strategy, *granted;
    } cases[] = {
        { "NONE", "\"a\": " SLOTS("4") },
        { "TASKS", "\"a\": " SLOTS("4") },
        { "SLOTS", "\"a\": " SLOTS("3") ", \"c\": " SLOTS("1") },
        { "MIN_RESOURCES", "\"b\": " SLOTS("2") ", \"c\": " SLOTS("2") },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char input[1024], expected[1024];
        snprintf(input, sizeof input, form, cases[i].strategy);
        snprintf(expected, sizeof expected,
                 "{\"unfulfillable\": false, \"on_registered\": {%s}, \"on_pending\": {}, "
                 "\"new_workers\": 0}",
                 cases[i].granted);
        calc_answers("resource-allocation", input, expected);
    }
}
END_TEST

START_TEST(fulfil_counts_named_resources_and_fractions)
{
    calc_answers(
        "resource-allocation",
        "{\"op\": \"fulfil\", \"worker\": {\"profile\": {\"cpu\": 1, \"memory\": 300, "
        "\"custom\": {\"gpu\": 1}}, \"slots\": 3}, \"requirements\": [{\"profile\": "
        "\"default\", \"count\": 3}, {\"profile\": {\"cpu\": 0.25, \"memory\": 10, \"custom\": "
        "{\"gpu\": 0.5}}, \"count\": 1}, {\"profile\": {\"cpu\": 0.5, \"custom\": {\"tpu\": "
        "1}}, \"count\": 1}]}",
        "{\"unfulfillable\": true, \"on_registered\": {}, \"on_pending\": {\"new-0\": "
        "[{\"profile\": {\"cpu\": 0.33333333, \"memory\": 100, \"custom\": {\"gpu\": "
        "0.33333333}}, \"count\": 3}], \"new-1\": [{\"profile\": {\"cpu\": 0.25, "
        "\"memory\": 10, \"custom\": {\"gpu\": 0.5}}, \"count\": 1}]}, \"new_workers\": 2}");
}
END_TEST

START_TEST(fulfil_leaves_blocked_workers_alone)
{
    calc_answers("resource-allocation",
                 "{\"op\": \"fulfil\", " WORKER ", \"max_total\": {\"cpu\": 4}, \"task_managers\": "
                 "[{\"id\": \"a\", \"total\": {\"cpu\": 4, \"memory\": 4096}, \"blocked\": true}], "
                 "\"requirements\": [{\"profile\": \"default\", \"count\": 1}]}",
                 "{\"unfulfillable\": true, \"on_registered\": {}, \"on_pending\": {}, "
                 "\"new_workers\": 0}");
}
END_TEST

START_TEST(fulfil_keeps_redundancy_minimum_and_maximum)
{
    calc_answers("resource-allocation",
                 "{\"op\": \"fulfil\", " WORKER ", \"redundant_workers\": 2}",
                 "{\"unfulfillable\": false, \"on_registered\": {}, \"on_pending\": {}, "
                 "\"new_workers\": 2}");
    calc_answers("resource-allocation",
                 "{\"op\": \"fulfil\", " WORKER ", \"redundant_workers\": 2, \"min_total\": "
                 "{\"memory\": 40000}, \"max_total\": {\"cpu\": 1.7e308, \"memory\": 20480}}",
                 "{\"unfulfillable\": false, \"on_registered\": {}, \"on_pending\": {}, "
                 "\"new_workers\": 5}");
}
END_TEST

START_TEST(reconcile_says_who_may_go)
{
    static const char form[] =
        "{\"op\": \"reconcile\", " WORKER ", \"redundant_workers\": %d, \"idle_timeout_ms\": 1000, "
        "\"task_managers\": [" IDLE("a", "1000") ", " IDLE("b", "999") ", " IDLE(
            "c", "5000") "], \"pending\": [{\"id\": \"p\"}, {\"id\": \"q\", \"slots\": 4, "
                         "\"used\": 4}]}";
    static const char *const expected[] = {
        "{\"release_task_managers\": [\"a\", \"c\"], \"release_pending\": [\"p\"], "
        "\"new_workers\": 0}",
        "{\"release_task_managers\": [\"a\", \"c\"], \"release_pending\": [\"p\"], "
        "\"new_workers\": 0}",
        "{\"release_task_managers\": [\"c\"], \"release_pending\": [\"p\"], \"new_workers\": 0}",
        "{\"release_task_managers\": [], \"release_pending\": [\"p\"], \"new_workers\": 0}",
        "{\"release_task_managers\": [], \"release_pending\": [], \"new_workers\": 0}",
        "{\"release_task_managers\": [], \"release_pending\": [], \"new_workers\": 1}",
    };
    for (int redundant = 0; redundant < 6; redundant++) {
        char input[1024];
        snprintf(input, sizeof input, form, redundant);
        calc_answers("resource-allocation", input, expected[redundant]);
    }
}
END_TEST

START_TEST(it_refuses_what_it_cannot_count)
{
    calc_refuses("resource-allocation",
                 "{\"op\": \"fulfil\", " WORKER
                 ", \"requirements\": [{\"profile\": \"default\", \"count\": "
                 "1000000}]}",
                 "the answer takes 131072 new workers or more, expected fewer");
    calc_refuses("resource-allocation", "{\"op\": \"fulfil\"}", "worker: missing");
    calc_refuses("resource-allocation", "{" WORKER "}", "op: missing");
    calc_refuses("resource-allocation", "{\"op\": \"grow\", " WORKER "}", "unknown op 'grow'");
    calc_refuses("resource-allocation", "{\"op\": \"fulfil\", \"worker\": {\"slots\": 1}}",
                 "profile: missing");
    calc_refuses("resource-allocation",
                 "{\"op\": \"fulfil\", \"worker\": {\"profile\": {\"cpu\": -1}}}",
                 "profile: cpu: is outside 0..175921");
    calc_refuses("resource-allocation",
                 "{\"op\": \"fulfil\", \"worker\": {\"profile\": {\"cpu\": \"4\"}}}",
                 "profile: cpu: expected a number");
    calc_refuses("resource-allocation",
                 "{\"op\": \"fulfil\", \"worker\": {\"profile\": {\"ram\": 4}}}",
                 "unknown field 'ram'");
    calc_refuses("resource-allocation",
                 "{\"op\": \"fulfil\", " WORKER ", \"min_total\": {\"custom\": {}}}",
                 "min_total: unknown field 'custom'");
    calc_refuses("resource-allocation",
                 "{\"op\": \"fulfil\", " WORKER ", \"requirements\": [{\"profile\": \"any\"}]}",
                 "requirements[0]: unknown profile 'any'");
    calc_refuses("resource-allocation",
                 "{\"op\": \"fulfil\", " WORKER ", \"requirements\": [{\"count\": 1}]}",
                 "requirements[0]: profile: missing");
    calc_refuses("resource-allocation",
                 "{\"op\": \"fulfil\", " WORKER ", \"task_managers\": [{\"id\": \"a\"}]}",
                 "task_managers[0]: total: missing");
    calc_refuses("resource-allocation",
                 "{\"op\": \"fulfil\", " WORKER
                 ", \"task_managers\": [" IDLE("a", "0") ", " IDLE("a", "0") "]}",
                 "id 'a' is there twice");
    calc_refuses("resource-allocation",
                 "{\"op\": \"fulfil\", " WORKER ", \"pending\": [{\"id\": \"new-7\"}]}",
                 "pending[0]: id: new-...");
    calc_refuses("resource-allocation",
                 "{\"op\": \"fulfil\", " WORKER ", \"pending\": [{\"id\": \"p\", \"used\": 2}]}",
                 "pending[0]: used: 2 is outside 0..1");
    calc_refuses("resource-allocation",
                 "{\"op\": \"fulfil\", \"worker\": {\"profile\": {\"custom\": {\"a\": 1, \"b\": 1, "
                 "\"c\": 1, \"d\": 1, \"e\": 1, \"f\": 1, \"g\": 1, \"h\": 1, \"i\": 1}}}}",
                 "custom: more than 8 names");
}
END_TEST

Suite *test_calc_resource_allocation_suite(void);
Suite *test_calc_resource_allocation_suite(void)
{
    TCase *tcase = tcase_create("resource-allocation");
    tcase_add_test(tcase, fulfil_asks_registered_pending_and_new_workers);
    tcase_add_test(tcase, fractions_come_back_as_they_were_given);
    tcase_add_test(tcase, fulfil_follows_the_strategy);
    tcase_add_test(tcase, fulfil_counts_named_resources_and_fractions);
    tcase_add_test(tcase, fulfil_leaves_blocked_workers_alone);
    tcase_add_test(tcase, fulfil_keeps_redundancy_minimum_and_maximum);
    tcase_add_test(tcase, reconcile_says_who_may_go);
    tcase_add_test(tcase, it_refuses_what_it_cannot_count);
    Suite *suite = suite_create("calc_resource_allocation");
    suite_add_tcase(suite, tcase);
    return suite;
}
