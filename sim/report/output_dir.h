/* SPDX-License-Identifier: Apache-2.0
 *
 * The folder a run leaves behind, replaced as a whole or not at all. Everything is written into a
 * folder beside it, which takes its place when it is complete; until that moment the old output is
 * untouched. Only what Weir wrote, as a whole (output_own.h), or what is empty, is ever replaced.
 */
#ifndef WEIR_SIM_REPORT_OUTPUT_DIR_H
#define WEIR_SIM_REPORT_OUTPUT_DIR_H

#include <stdio.h>

#include "core/base/err.h"

enum { OUTPUT_PATH_SIZE = 4096 };
#define OUTPUT_MARKER      "weir-run.json"
#define OUTPUT_INTERRUPTED ".interrupted"

struct output_dir {
    char target[OUTPUT_PATH_SIZE / 2]; /* as the user named it, without a slash at its end */
    char aside[OUTPUT_PATH_SIZE / 2];  /* TARGET.tmp-PID; empty: not begun */
};

/* Makes the folder aside, and parents that are missing, and removes what a run that was killed left
 * there. */
MUST_CHECK struct err output_begin(struct output_dir *output, const char *target,
                                   struct note *note);
/* The same for a folder that exists: files are replaced one by one in place (weir plot). */
MUST_CHECK struct err output_check_run(const char *target, struct note *note);

MUST_CHECK struct err output_make_folder(const struct output_dir *output, const char *name,
                                         struct note *note);
/* Opens for writing; close with output_close, which says whether all of it reached the disk. What
 * goes wrong is said of the target, not of the folder aside. */
MUST_CHECK struct err output_open(const struct output_dir *output, const char *name, FILE **file,
                                  struct note *note);
MUST_CHECK struct err output_close(const struct output_dir *output, FILE *file, const char *name,
                                   struct note *note);

/* In a note of others who were given `aside`: the target in its place. */
void output_note_target(const struct output_dir *output, struct note *note);

/* A folder within is a run of its own: what takes a run takes it, too. */
MUST_CHECK struct err output_mark(const struct output_dir *output, const char *name, bool complete,
                                  struct note *note);

/* What was missing in the folder of a run that was interrupted has been made up for (weir plot). */
MUST_CHECK struct err output_mark_complete(const char *folder, struct note *note);

MUST_CHECK struct err output_commit(struct output_dir *output, struct note *note);
/* The same for a run that was interrupted, which never takes the place of one that is complete: it
 * goes beside that, as TARGET.interrupted, and `target` is this path then. */
MUST_CHECK struct err output_commit_partial(struct output_dir *output, struct note *note);
/* Either of both; `path` becomes where it is, and `spared` (both of so many bytes) what `path` was
 * where a complete run stays in its place. */
MUST_CHECK struct err output_put_in_place(struct output_dir *output, bool is_complete, char *path,
                                          char *spared, size_t size, struct note *note);
void output_abandon(struct output_dir *output); /* fine when never begun or committed */

#endif
