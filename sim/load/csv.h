/* SPDX-License-Identifier: Apache-2.0
 *
 * Comma-separated values, one record at a time, whatever the length of the file. RFC 4180: quoted
 * fields with "" for a quote and line breaks inside, LF or CRLF; a byte order mark and empty lines
 * are skipped. The first record names the columns and every other must have as many fields. Fields
 * live until the next record is read.
 */
#ifndef WEIR_SIM_LOAD_CSV_H
#define WEIR_SIM_LOAD_CSV_H

#include <stdio.h>

#include "core/base/err.h"
#include "core/base/vec.h"

enum { CSV_COLUMNS_MAX = 256, CSV_RECORD_BYTES_MAX = 1 << 20 };

struct csv {
    FILE *file; /* borrowed */
    const char *name;
    int line;              /* on which the last record began, from 1 */
    VEC(char *) columns;   /* names, on the heap */
    VEC(uint32_t) fields;  /* where the fields of the last record begin in `record` */
    VEC(char) record;      /* their texts, each with its zero */
    struct csv_buffer *in; /* read ahead */
};

/* Reads the names of the columns. `name` is for messages and outlives the reader, as the file does.
 * To be finished even after an error. */
MUST_CHECK struct err csv_init(struct csv *csv, FILE *file, const char *name, struct note *note);
void csv_fini(struct csv *csv);

/* The next record; *more is false at the end of the file. */
MUST_CHECK struct err csv_next(struct csv *csv, bool *more, struct note *note);

const char *csv_field(const struct csv *csv, size_t column);

/* The place of a column, or its count when there is none of that name. */
size_t csv_column(const struct csv *csv, const char *name);

#endif
