/* SPDX-License-Identifier: Apache-2.0
 *
 * Checkpoint storage that fails: what becomes of checkpoints and of tasks that begin from one, in
 * both worlds, and what `weir explain` says of it.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "sim/cli/command.h"
#include "tests/lib/command_line.h"

#define HEAD                                                                                       \
    "name: storage\n"                                                                              \
    "duration: 3min\n"                                                                             \
    "cluster: { task-manager: { count: 2, slots: 2 } }\n"                                          \
    "config: { parallelism.default: 2, execution.checkpointing.interval: 10s,\n"                   \
    "          restart-strategy.type: fixed-delay, restart-strategy.fixed-delay.delay: 2s,\n"      \
    "          restart-strategy.fixed-delay.attempts: 20, web.exception-history-size: 50 }\n"      \
    "jobs:\n"                                                                                      \
    "  - name: clicks\n"                                                                           \
    "    vertices: [ { name: source }, { name: count, keys: %s, state: 200 bytes/key } ]\n"        \
    "    edges: [ source -> count: hash ]\n"                                                       \
    "    load: 500/s\n"                                                                            \
    "    config: { execution.checkpointing.tolerable-failed-checkpoints: %s }\n"

static const char *const worlds[] = { "virtual", "exact" };
enum { WORLDS = 2 };

/* Runs it in the i-th world, and wants its expectations to hold. */
static void hold_text(int i, const char *yaml)
{
    char line[100];
    cli_begin();
    cli_put_file("storage.yaml", yaml);
    snprintf(line, sizeof line, "run --quiet --no-plots --world %s --out @/run @/storage.yaml",
             worlds[i]);
    int code = cli_weir(line);
    ck_assert_msg(code == EXIT_HELD, "%s: %d: %s%s", worlds[i], code, cli_out(), cli_errors());
}

static void hold(int i, const char *keys, const char *tolerable, const char *rest)
{
    char yaml[2000];
    size_t head = (size_t)snprintf(yaml, sizeof yaml, HEAD, keys, tolerable);
    snprintf(yaml + head, sizeof yaml - head, "%s", rest);
    hold_text(i, yaml);
}

static bool explained(const char *text)
{
    static char words[CLI_TEXT_SIZE];
    ck_assert_int_eq(cli_weir("explain @/run"), EXIT_HELD);
    size_t length = 0;
    for (const char *c = cli_out(); *c; c++)
        if ((*c != ' ' && *c != '\n') || (length > 0 && words[length - 1] != ' '))
            words[length++] = *c == '\n' ? ' ' : *c;
    words[length] = '\0';
    return strstr(words, text) != NULL;
}

START_TEST(snapshots_are_declined_while_writes_fail)
{
    hold(_i, "5k", "5",
         "events: [ { at: 1min, fail-storage: { requests: writes, for: 25s } } ]\n"
         "expect:\n"
         "  - { name: fails, event: storage fails, count: 1 }\n"
         "  - { name: works, event: storage works again, count: 1, after: fail-storage,\n"
         "      within: 25s }\n"
         "  - { name: some fail, event: checkpoint failed, after: fail-storage, count: 2,\n"
         "      within: 25s }\n"
         "  - { name: only then, event: checkpoint failed, count: 2 }\n"
         "  - { name: no task does, event: execution FAILED, count: 0 }\n"
         "  - { name: others complete, event: checkpoint completed, after: works again,\n"
         "      within: 11s }\n");
    ck_assert(explained("storage fails The script did what it says (fail-storage writes). It "
                        "worked again 25 s later. 2 checkpoints of clicks failed (the first: "
                        "Asynchronous task checkpoint failed)."));
    ck_assert_msg(explained("Meanwhile storage was failing, from 60.000 s (fail-storage writes)."),
                  "%s", cli_out());
    cli_end();
}
END_TEST

/* CheckpointFailureManager: asynchronous failures count. */
START_TEST(more_failures_in_a_row_than_are_tolerable_restart_the_job)
{
    hold(_i, "5k", "1",
         "events: [ { at: 1min, fail-storage: { requests: writes, for: 25s } } ]\n"
         "expect:\n"
         "  - { name: the second one does, event: checkpoint failed, count: 2 }\n"
         "  - { name: restarts, metric: restarts, value: exactly 1 }\n"
         "  - { name: nothing lost, invariant: exactly-once }\n");
    cli_end();
}
END_TEST

/* State inside the acknowledgement sees no storage, the metadata does. */
START_TEST(metadata_cannot_be_written_either)
{
    hold(_i, "20", "5",
         "events: [ { at: 1min, fail-storage: { requests: writes, for: 25s } } ]\n"
         "expect: [ { name: some fail, event: checkpoint failed, count: 2 } ]\n");
    ck_assert(explained("Failure to finalize checkpoint"));
    ck_assert(explained("Meanwhile storage was failing"));
    cli_end();
}
END_TEST

START_TEST(tasks_cannot_begin_from_a_checkpoint_while_reads_fail)
{
    hold(_i, "5k", "0",
         "events:\n"
         "  - { at: 1min, fail-storage: { requests: reads, for: 11s } }\n"
         "  - { at: 1min, after: 1s, fail: count }\n"
         "expect:\n"
         "  - { name: checkpoints complete, event: checkpoint failed, count: 0, within: 1min }\n"
         "  - { name: fail again, event: execution INITIALIZING -> FAILED, after: fail-storage,\n"
         "      count: 4, within: 11s }\n"
         "  - { name: comes back, event: all tasks RUNNING, after: works again, within: 5s }\n"
         "  - { name: nothing lost, invariant: exactly-once }\n");
    cli_end();
}
END_TEST

/* It came with the acknowledgement, and goes with the deployment: sources' state, too. */
START_TEST(small_state_needs_no_storage_to_begin_from)
{
    hold(_i, "20", "0",
         "events:\n"
         "  - { at: 1min, fail-storage: { requests: reads, for: 25s } }\n"
         "  - { at: 65s, fail: count }\n"
         "expect:\n"
         "  - { name: begins, event: all tasks RUNNING, after: fail-storage, within: 10s }\n"
         "  - { name: at once, metric: restarts, value: exactly 1 }\n"
         "  - { name: nothing lost, invariant: exactly-once }\n");
    cli_end();
}
END_TEST

/* What is read from the host's disk needs no storage, whatever could not be read from there before:
 * only the tasks that begin on tm5 while reads fail have no copy. */
START_TEST(local_copies_are_read_when_storage_has_failed)
{
    hold_text(_i,
              "name: local\n"
              "duration: 8min\n"
              "config: { parallelism.default: 8, execution.checkpointing.interval: 10s,\n"
              "          execution.checkpointing.local-backup.enabled: true,\n"
              "          execution.state-recovery.from-local: true,\n"
              "          restart-strategy.type: fixed-delay,\n"
              "          restart-strategy.fixed-delay.attempts: 1000,\n"
              "          restart-strategy.fixed-delay.delay: 10s }\n"
              "cluster: { task-manager: { slots: 2 }, task-managers: [ tm1, tm2, tm3, tm4 ] }\n"
              "jobs:\n"
              "  - name: j\n"
              "    vertices: [ { name: source },\n"
              "                { name: count, keys: 5k, state: 1000 bytes/key } ]\n"
              "    edges: [ source -> count: hash ]\n"
              "    load: 1k/s\n"
              "events:\n"
              "  - { at: 2min, fail-storage: { requests: reads, for: 1min } }\n"
              "  - { at: 125s, kill: tm1 }\n"
              "  - { at: 130s, add: tm5 }\n"
              "  - { at: 6min, fail: count }\n"
              "expect:\n"
              "  - { name: fails to read, event: execution INITIALIZING -> FAILED, after: kill,\n"
              "      within: 1min }\n"
              "  - { name: never again, event: execution INITIALIZING -> FAILED,\n"
              "      after: works again, count: 0 }\n"
              "  - { name: nothing lost, invariant: exactly-once }\n");
    cli_end();
}
END_TEST

/* Nobody reads while the job runs. */
START_TEST(checkpoints_complete_while_only_reads_fail)
{
    hold(_i, "5k", "0",
         "events: [ { at: 1min, fail-storage: { requests: reads, for: 25s } } ]\n"
         "expect:\n"
         "  - { name: none fails, event: checkpoint failed, count: 0 }\n"
         "  - { name: they complete, event: checkpoint completed, after: fail-storage, count: 2,\n"
         "      within: 25s }\n");
    cli_end();
}
END_TEST

START_TEST(without_an_end_it_lasts_and_two_at_once_end_with_the_later_one)
{
    hold(_i, "5k", "50",
         "events:\n"
         "  - { at: 1min, fail-storage: { for: 20s } }\n"
         "  - { at: 65s, fail-storage: { requests: writes, for: 30s } }\n"
         "  - { at: 2min, fail-storage: all }\n"
         "expect:\n"
         "  - { name: three times, event: storage fails, count: 3 }\n"
         "  - { name: once, event: storage works again, count: 1 }\n"
         "  - { name: then, event: storage works again, within: 95s }\n"
         "  - { name: for good, event: checkpoint completed, after: works again, count: 3 }\n");
    cli_end();
}
END_TEST

Suite *test_cli_storage_fails_suite(void);
Suite *test_cli_storage_fails_suite(void)
{
    Suite *suite = suite_create("cli storage fails");
    TCase *tcase = tcase_create("fails");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, snapshots_are_declined_while_writes_fail, 0, WORLDS);
    tcase_add_loop_test(tcase, more_failures_in_a_row_than_are_tolerable_restart_the_job, 0,
                        WORLDS);
    tcase_add_loop_test(tcase, metadata_cannot_be_written_either, 0, WORLDS);
    tcase_add_loop_test(tcase, tasks_cannot_begin_from_a_checkpoint_while_reads_fail, 0, WORLDS);
    tcase_add_loop_test(tcase, small_state_needs_no_storage_to_begin_from, 0, WORLDS);
    tcase_add_loop_test(tcase, local_copies_are_read_when_storage_has_failed, 0, WORLDS);
    tcase_add_loop_test(tcase, checkpoints_complete_while_only_reads_fail, 0, WORLDS);
    tcase_add_loop_test(tcase, without_an_end_it_lasts_and_two_at_once_end_with_the_later_one, 0,
                        WORLDS);
    suite_add_tcase(suite, tcase);
    return suite;
}
