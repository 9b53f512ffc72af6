/* SPDX-License-Identifier: Apache-2.0
 *
 * The terminal: tables of at most 100 columns, colour where it is wanted, progress with the time
 * left. Words say everything that colours say. Progress goes to stderr, only when that is a
 * terminal, at most ten times a second.
 */
#ifndef WEIR_SIM_CLI_TERMINAL_H
#define WEIR_SIM_CLI_TERMINAL_H

#include <stdio.h>

#include "core/base/time.h"
#include "core/base/vec.h"

enum { TERMINAL_WIDTH = 100, TABLE_COLUMNS_MAX = 12 };

enum cell_tone { TONE_PLAIN, TONE_GOOD, TONE_BAD, TONE_FAINT };

struct table_cell {
    char *text;
    enum cell_tone tone;
};

/* Rows of cells. Nothing is ever left out: where they are too wide together for a terminal, the
 * widest columns are broken into lines; a file or a pipe gets them as wide as they are. */
struct table {
    size_t columns;
    size_t width_max;              /* 0: as the file has it */
    bool right[TABLE_COLUMNS_MAX]; /* aligned to the right: numbers */
    VEC(struct table_cell) cells;
};

void table_init(struct table *table, size_t columns);
void table_fini(struct table *table);
void table_add(struct table *table, const char *text, enum cell_tone tone); /* cell by cell */
void table_print(const struct table *table, FILE *file, bool has_header);

/* Letters, not bytes. */
size_t terminal_text_width(const char *text);

/* A paragraph, each line behind the indent, broken at blanks to at most TERMINAL_WIDTH bytes; a
 * word that is longer stands alone. */
void terminal_put_wrapped(const char *text, const char *indent, FILE *file);
/* The same behind a short head, such as a time; what goes on stands below the text's beginning. */
void terminal_put_hanging(const char *head, const char *text, FILE *file);

struct progress {
    bool shown; /* stderr is a terminal and it is not to be quiet */
    const char *what;
    time_ns until;
    int64_t started_ms, printed_ms;
    size_t width; /* of what stands there */
};

void progress_begin(struct progress *progress, bool quiet, const char *what, time_ns until);
/* Fits struct simulation's hook: `context` is the progress. */
void progress_tell(void *context, time_ns now);
void progress_end(struct progress *progress);

/* Wall clock since some moment, for progress and for how long a test took; no run may see it. */
int64_t terminal_clock_ms(void);

#endif
