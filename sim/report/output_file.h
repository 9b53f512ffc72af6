/* SPDX-License-Identifier: Apache-2.0
 *
 * One file replaced as a whole or not at all. It is written beside the one named and takes its
 * place when all of it is on the disk; until then the old one is untouched. A link stays a link:
 * what it leads to is replaced. What is not a regular file (a device, a pipe), or is where the
 * program's own output goes, is written straight into.
 */
#ifndef WEIR_SIM_REPORT_OUTPUT_FILE_H
#define WEIR_SIM_REPORT_OUTPUT_FILE_H

#include <stdio.h>

#include "core/base/err.h"

enum { OUTPUT_FILE_PATH_SIZE = 4096 };

struct output_file {
    const char *path;                   /* as the user named it, for complaints; borrowed */
    char target[OUTPUT_FILE_PATH_SIZE]; /* without links */
    char aside[OUTPUT_FILE_PATH_SIZE];  /* TARGET.tmp-PID; empty: written straight */
    FILE *file;                         /* null: not begun, or over */
};

MUST_CHECK struct err output_file_begin(struct output_file *output, const char *path,
                                        struct note *note);
/* Can it be begun? Nothing of it stays. */
MUST_CHECK struct err output_file_try(const char *path, struct note *note);
/* Closes it and puts it in place; after an error nothing is left of it. */
MUST_CHECK struct err output_file_end(struct output_file *output, struct note *note);
/* Why writing to the file failed, if it did, as an errno; 0: it did not. A failure of long ago has
 * lost its errno by now, so the file is asked once more: it is lost anyway. */
int output_fault(FILE *file);

#endif
