/* SPDX-License-Identifier: Apache-2.0
 *
 * Values that are not their own bytes are made in memory that each operator keeps: how often it is
 * asked for does not depend on how many records there are.
 */
#include <check.h>
#include <stdio.h>

#include "tests/lib/exact_run.h"
#include "tests/lib/rooms.h"

enum { PARCEL_BYTES = 16 + 7777 + 7 }; /* of the program `typed`, padded to 8 */

/* What a run of so many records asks for. */
static uint64_t rooms_of(int records)
{
    char yaml[1000];
    struct exact_run run;
    snprintf(yaml, sizeof yaml,
             "name: typed\n"
             "world: exact\n"
             "duration: 2min\n"
             "config: { parallelism.default: 2, execution.checkpointing.interval: 5s }\n"
             "cluster: { task-manager: { count: 2, slots: 2 } }\n"
             "jobs: [ { program: typed, args: [%d] } ]\n",
             records);
    exact_run_init(&run, yaml);
    rooms_count(PARCEL_BYTES);
    exact_run_to_end(&run);
    ck_assert_msg(run.finished == 1, "the job does not finish");
    exact_run_fini(&run);
    return rooms_counted();
}

START_TEST(rooms_are_made_by_operator_not_by_record)
{
    uint64_t rooms = rooms_of(500);
    ck_assert_uint_gt(rooms, 20);
    ck_assert_uint_eq(rooms_of(5000), rooms);
}
END_TEST

Suite *test_api_rooms_suite(void);
Suite *test_api_rooms_suite(void)
{
    Suite *suite = suite_create("api rooms");
    TCase *tcase = tcase_create("rooms");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, rooms_are_made_by_operator_not_by_record);
    suite_add_tcase(suite, tcase);
    return suite;
}
