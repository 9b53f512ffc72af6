/* SPDX-License-Identifier: Apache-2.0
 *
 * What waits in a log while nobody reads it, seen by samples that are further apart.
 */
#include <check.h>

#include "sim/cli/command.h"
#include "tests/lib/command_line.h"

/* Down for 4 s in the middle of a minute: the oldest record has waited as long when it is read. */
START_TEST(a_lag_between_two_samples_is_seen)
{
    cli_begin();
    cli_put_file("scenario.yaml",
                 "name: short\nduration: 4min\nsample: 1min\n"
                 "config: { execution.checkpointing.interval: 500ms,\n"
                 "          restart-strategy.type: fixed-delay,\n"
                 "          restart-strategy.fixed-delay.delay: 4s,\n"
                 "          restart-strategy.fixed-delay.attempts: 10 }\n"
                 "cluster: { task-manager: { count: 1 } }\n"
                 "jobs:\n"
                 "  - name: j\n"
                 "    vertices: [ { name: in }, { name: out } ]\n"
                 "    edges: [ in -> out: hash ]\n"
                 "    load: 1k/s\n"
                 "events: [ { at: 150s, fail: { vertex: out, subtask: 0 } } ]\n"
                 "expect:\n"
                 "  - { name: is seen, metric: lag_seconds, max: at least 4s }\n"
                 "  - { name: is no longer, metric: lag_seconds, max: at most 6s }\n"
                 "  - { name: and is over, metric: lag_seconds, final: below 100ms }\n");
    ck_assert_int_eq(cli_weir("run @ --world exact --out @/run --no-plots --quiet"), EXIT_HELD);
    ck_assert_int_eq(cli_weir("run @ --out @/run --no-plots --quiet"), EXIT_HELD);
    cli_end();
}
END_TEST

Suite *test_exact_lag_suite(void);
Suite *test_exact_lag_suite(void)
{
    Suite *suite = suite_create("exact lag");
    TCase *tcase = tcase_create("lag");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_lag_between_two_samples_is_seen);
    suite_add_tcase(suite, tcase);
    return suite;
}
