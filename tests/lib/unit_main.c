/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs the unit suites: all of them, or those named on the command line (with or without "test_"
 * and "_suite"). suites.h is made by the Makefile from the files of tests/unit. Each test runs in
 * a process of its own, so that one that dies is one failure. What tests write to stderr (the last
 * words of checks that have to fail) is shown only when something fails. Exit code 0: nothing
 * failed, 1: something did, 2: a name nobody knows.
 */
#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Generous: a test that hangs must end, a slow machine must not fail. Seconds per test. */
#define TIMEOUT_S "300"

#define SUITE(name) Suite *name(void);
#include "suites.h"
#undef SUITE

struct suite_row {
    const char *name;
    Suite *(*create)(void);
};

static const struct suite_row suites[] = {
#define SUITE(name) { #name, name },
#include "suites.h"
#undef SUITE
};

enum { SUITE_COUNT = sizeof suites / sizeof *suites };

/* "base_text", "test_base_text" and "test_base_text_suite" all name test_base_text_suite. */
static bool is_named(const char *suite, const char *word)
{
    static const char prefix[] = "test_", suffix[] = "_suite";
    if (strncmp(word, prefix, sizeof prefix - 1) != 0)
        suite += sizeof prefix - 1;
    size_t length = strlen(word);
    return strncmp(suite, word, length) == 0 &&
           (suite[length] == '\0' || strcmp(suite + length, suffix) == 0);
}

static bool is_wanted(const char *suite, char **words, int count)
{
    for (int i = 0; i < count; i++)
        if (is_named(suite, words[i]))
            return true;
    return count == 0;
}

static bool all_are_known(char **words, int count)
{
    bool all = true;
    for (int i = 0; i < count; i++) {
        bool known = false;
        for (size_t s = 0; s < SUITE_COUNT; s++)
            known |= is_named(suites[s].name, words[i]);
        if (!known)
            fprintf(stderr, "unit: no suite '%s'\n", words[i]);
        all &= known;
    }
    return all;
}

static SRunner *create_runner(char **words, int word_count)
{
    SRunner *runner = NULL;
    for (size_t s = 0; s < SUITE_COUNT; s++) {
        if (!is_wanted(suites[s].name, words, word_count))
            continue;
        Suite *suite = suites[s].create();
        if (runner)
            srunner_add_suite(runner, suite);
        else
            runner = srunner_create(suite);
    }
    return runner;
}

/* Sends stderr into a file without name; gives back where stderr went before. */
static int hide_stderr(FILE *aside)
{
    fflush(stderr);
    int before = dup(STDERR_FILENO);
    dup2(fileno(aside), STDERR_FILENO);
    return before;
}

static void restore_stderr(int before, FILE *aside, bool show)
{
    fflush(stderr);
    dup2(before, STDERR_FILENO);
    rewind(aside);
    for (int c = getc(aside); show && c != EOF; c = getc(aside))
        putc(c, stderr);
}

int main(int argc, char **argv)
{
    char **words = argv + 1;
    int word_count = argc - 1;
    if (!all_are_known(words, word_count))
        return 2;
    setenv("CK_DEFAULT_TIMEOUT", TIMEOUT_S, 0);
    SRunner *runner = create_runner(words, word_count);
    FILE *aside = tmpfile();
    if (!runner || !aside)
        return 2;
    int before = hide_stderr(aside);
    srunner_set_fork_status(runner, CK_FORK);
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    restore_stderr(before, aside, failed > 0);
    srunner_print(runner, CK_NORMAL);
    srunner_free(runner);
    fclose(aside);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
