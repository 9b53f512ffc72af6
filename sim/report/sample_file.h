/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading metrics.csv back, a sample at a time, whatever its length and however many columns it
 * has. In: the path, and the names of the columns that are wanted. Out: their values by sample. A
 * column that the file does not have, and an empty cell, has no value (number_none).
 */
#ifndef WEIR_SIM_REPORT_SAMPLE_FILE_H
#define WEIR_SIM_REPORT_SAMPLE_FILE_H

#include <stdio.h>

#include "core/base/err.h"
#include "core/base/vec.h"

/* What a column of the file is not wanted as. */
#define SAMPLE_UNWANTED UINT32_MAX

struct sample_file {
    FILE *file;
    char *line;
    size_t size;
    size_t wanted;
    VEC(uint32_t) columns; /* [of the file] which of those wanted */
};

/* To be ended in any case. Names are each another. */
MUST_CHECK struct err sample_file_begin(struct sample_file *samples, const char *path,
                                        const char *const *names, size_t count, struct note *note);
void sample_file_end(struct sample_file *samples);
/* Values in the order of the names; false: there are no more. */
bool sample_file_next(struct sample_file *samples, double *values);

#endif
