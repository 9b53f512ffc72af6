/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of sim/kernel/fatal.c: a child process fails a check, its stderr is read here.
 */
#include "sim/kernel/fatal.h"

#include <check.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/check.h"

enum { OUTPUT_MAX = 16384 };

/* Runs `die` in a child and gives back what it wrote; checks that it was aborted. */
static void last_words_of(void (*die)(void), char *out)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        die();
        _exit(0);
    }
    close(ends[1]);
    size_t length = 0;
    for (ssize_t got; (got = read(ends[0], out + length, OUTPUT_MAX - 1 - length)) > 0;)
        length += (size_t)got;
    out[length] = '\0';
    close(ends[0]);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void fail_in_event(void *context, uint64_t a, uint64_t b)
{
    (void)context;
    (void)b;
    for (int i = 1; i <= 25; i++)
        fatal_keep_line(i * TIME_S, (struct node_id){ 3 },
                        &(struct log_line){ .machine = "job",
                                            .what = "move",
                                            .from = "CREATED",
                                            .to = "RUNNING",
                                            .subject = LOG_OF_JOB | LOG_OF_VALUE,
                                            .job = { 5 },
                                            .value = i,
                                            .reason = i == 25 ? "because" : NULL });
    CHECK(a == 2);
}

static void die_in_a_run(void)
{
    struct sim_queue *queue = sim_queue_create();
    struct fatal_run run = { .scenario = "scenarios/x/scenario.yaml",
                             .command = "weir run scenarios/x --seed 42",
                             .seed = 42,
                             .queue = queue };
    fatal_set_run(&run);
    sim_queue_push(queue, 1500 * TIME_MS, SIM_CLASS_WAKE, fail_in_event, NULL, 1, 0);
    sim_queue_run_one(queue, TIME_NEVER);
}

START_TEST(fatal_tells_the_check_the_run_the_event_the_last_lines_and_the_command)
{
    char text[OUTPUT_MAX];
    last_words_of(die_in_a_run, text);
    ck_assert_ptr_nonnull(strstr(text, "test_sim_fatal.c:"));
    ck_assert_ptr_nonnull(strstr(text, ": a == 2\n"));
    ck_assert_ptr_nonnull(strstr(text, "scenario scenarios/x/scenario.yaml, seed 42\n"));
    ck_assert_ptr_nonnull(strstr(text, "at event 1, simulated time 1.500000000 s\n"));
    ck_assert_ptr_nonnull(strstr(text, "repeat with: weir run scenarios/x --seed 42\n"));
    ck_assert_ptr_nonnull(strstr(
        text, "  25.000000000 node 3: job move CREATED -> RUNNING job=5 value=25 (because)\n"));
    ck_assert_ptr_nonnull(strstr(text, "value=6\n"));
    ck_assert_ptr_null(strstr(text, "value=5\n")); /* 20 lines, not more */
}
END_TEST

static void die_outside_a_run(void)
{
    fatal_set_run(NULL);
    IMPOSSIBLE("here");
}

START_TEST(fatal_outside_a_run_tells_only_the_check)
{
    char text[OUTPUT_MAX];
    last_words_of(die_outside_a_run, text);
    ck_assert_ptr_nonnull(strstr(text, "impossible: here\n"));
    ck_assert_ptr_null(strstr(text, "scenario"));
    ck_assert_ptr_null(strstr(text, "last log lines"));
}
END_TEST

Suite *test_sim_fatal_suite(void)
{
    Suite *suite = suite_create("sim_fatal");
    TCase *tcase = tcase_create("fatal");
    tcase_add_test(tcase, fatal_tells_the_check_the_run_the_event_the_last_lines_and_the_command);
    tcase_add_test(tcase, fatal_outside_a_run_tells_only_the_check);
    suite_add_tcase(suite, tcase);
    return suite;
}
