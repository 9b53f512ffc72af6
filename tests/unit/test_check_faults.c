/* SPDX-License-Identifier: Apache-2.0
 *
 * The scenarios of single faults hold because of their fault: the same one, with the fault put
 * behind the end of the run, must fail. Run from the root of the tree.
 */
#include <check.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/cli/command.h"
#include "tests/lib/command_line.h"

#define LATE "events.0.at=1d"

/* All that befalls a machine or a job, and what takes it away. */
static const struct {
    const char *scenario, *change;
} faults[] = {
    { "fault-add", LATE },
    { "fault-stop", LATE },
    { "fault-kill", LATE },
    { "fault-freeze-short", LATE },
    { "fault-freeze-long", LATE },
    { "fault-cut-short", LATE },
    { "fault-cut-long", LATE },
    { "fault-slow", LATE },
    { "fault-user-code", LATE },
    { "fault-snapshot-throws", "jobs.clicks.faults=[]" },
    { "fault-rescale", LATE },
    { "fault-savepoint", LATE },
    { "fault-stop-with-savepoint", LATE },
};

START_TEST(a_fault_scenario_without_its_fault_fails)
{
    char line[256];
    text_format(line, sizeof line, "run scenarios/%s --json", faults[_i].scenario);
    ck_assert_int_eq(cli_weir(line), EXIT_HELD);
    text_format(line, sizeof line, "run scenarios/%s --json --set %s", faults[_i].scenario,
                faults[_i].change);
    ck_assert_msg(cli_weir(line) == EXIT_FAILED, "%s: %s", faults[_i].scenario, cli_errors());
}
END_TEST

Suite *test_check_faults_suite(void)
{
    Suite *suite = suite_create("check: faults");
    TCase *tcase = tcase_create("scenarios");
    tcase_add_loop_test(tcase, a_fault_scenario_without_its_fault_fails, 0,
                        (int)(sizeof faults / sizeof *faults));
    suite_add_tcase(suite, tcase);
    return suite;
}
