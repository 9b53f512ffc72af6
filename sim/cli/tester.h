/* SPDX-License-Identifier: Apache-2.0
 *
 * Running many scenarios, each in a process of its own, some at a time. In: paths. Out: results in
 * the order of the paths, whatever order they ended in; a scenario that dies takes only itself
 * along.
 */
#ifndef WEIR_SIM_CLI_TESTER_H
#define WEIR_SIM_CLI_TESTER_H

#include "sim/cli/play.h"

struct tested {
    char *path;                   /* of the scenario's file */
    char *complaint;              /* it could not be run; null: it ran */
    int code;                     /* EXIT_HELD, EXIT_FAILED, EXIT_INPUT, EXIT_FAULT */
    double seconds;               /* wall clock */
    json_t *never_happened;       /* texts of play_never_happened; null: none */
    json_t *jobs_failed;          /* of play_jobs_failed; null: none */
    bool golden_skipped;          /* there are golden results, not of what was run */
    struct check_results results; /* names begin with the variant's where it is one's */
};

struct tester {
    VEC(struct tested) list;
    size_t jobs; /* processes at a time */
    bool update_golden;
    const struct override *overrides; /* with any golden results are not of what is run */
    size_t override_count;
};

/* A scenario's file, or a folder: every scenario.yaml below it, sorted. */
MUST_CHECK struct err tester_add(struct tester *tester, const char *path, struct note *note);
/* Runs all; `done` is called for each in its turn, as soon as it and all before it have ended.
 * False: interrupted. */
bool tester_run(struct tester *tester, void (*done)(void *context, const struct tested *tested),
                void *context);
void tester_fini(struct tester *tester);

#endif
