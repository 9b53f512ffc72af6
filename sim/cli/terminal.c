/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables, colour and progress. The only place of Weir that asks for the time of day or looks at the
 * environment for the sake of a person.
 */
#include "sim/cli/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/text.h"
#include "sim/report/number_text.h"

enum { GAP = 2, PRINT_EVERY_MS = 100, LINE_SIZE = 160 };

void table_init(struct table *table, size_t columns)
{
    CHECK(columns > 0 && columns <= TABLE_COLUMNS_MAX);
    *table = (struct table){ .columns = columns };
}

void table_fini(struct table *table)
{
    for (VEC_EACH(struct table_cell, cell, &table->cells))
        mem_destroy(cell->text);
    vec_fini(&table->cells);
}

void table_add(struct table *table, const char *text, enum cell_tone tone)
{
    vec_push(&table->cells, (struct table_cell){ mem_copy_text(text), tone });
}

/* Bytes of UTF-8 that do not begin a letter are not counted. */
size_t terminal_text_width(const char *text)
{
    size_t width = 0;
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        width += (*p & 0xC0) != 0x80;
    return width;
}

/* The first line stands behind `first`, which is as wide as the others' indent. */
static void put_lines(const char *text, const char *first, const char *indent, FILE *file)
{
    size_t room = TERMINAL_WIDTH - strlen(indent);
    while (*text) {
        size_t length = strlen(text);
        if (length > room) {
            length = room;
            while (length > 0 && text[length] != ' ')
                length--;
            if (length == 0)
                length = strcspn(text, " ");
        }
        fprintf(file, "%s%.*s\n", first, (int)length, text);
        text += length + (text[length] == ' ');
        first = indent;
    }
}

void terminal_put_wrapped(const char *text, const char *indent, FILE *file)
{
    put_lines(text, indent, indent, file);
}

void terminal_put_hanging(const char *head, const char *text, FILE *file)
{
    char indent[TERMINAL_WIDTH / 2] = "";
    size_t width = terminal_text_width(head);
    CHECK(width < sizeof indent);
    memset(indent, ' ', width);
    put_lines(text, head, indent, file);
}

/* A terminal that knows colours, and nobody set NO_COLOR. */
static bool has_colour(FILE *file)
{
    const char *no_colour = getenv("NO_COLOR"), *terminal = getenv("TERM");
    return isatty(fileno(file)) && !(no_colour && *no_colour) &&
           !(terminal && text_equal(terminal, "dumb"));
}

static void measure(const struct table *table, size_t width_max, size_t widths[TABLE_COLUMNS_MAX])
{
    size_t all = GAP * (table->columns - 1);
    memset(widths, 0, TABLE_COLUMNS_MAX * sizeof *widths);
    for (size_t i = 0; i < table->cells.count; i++) {
        size_t width = terminal_text_width(table->cells.items[i].text);
        if (width > widths[i % table->columns])
            widths[i % table->columns] = width;
    }
    for (size_t c = 0; c < table->columns; c++)
        all += widths[c];
    for (; all > width_max; all--) {
        size_t widest = 0;
        for (size_t c = 1; c < table->columns; c++)
            if (widths[c] > widths[widest])
                widest = c;
        widths[widest]--;
    }
}

/* How many bytes of the text go into a line of `width` letters: up to a blank where there is one.
 */
static size_t line_length(const char *text, size_t width)
{
    size_t letters = 0, blank = 0, i = 0;
    for (; text[i]; i++) {
        letters += ((unsigned char)text[i] & 0xC0) != 0x80;
        if (letters > width)
            break;
        if (text[i] == ' ')
            blank = i;
    }
    if (!text[i] || text[i] == ' ')
        return i;
    return blank ? blank : i;
}

static void put_padded(const char *text, size_t length, size_t width, bool right, bool last,
                       const char *tone, FILE *file)
{
    size_t letters = 0;
    for (size_t i = 0; i < length; i++)
        letters += ((unsigned char)text[i] & 0xC0) != 0x80;
    int pad = letters < width ? (int)(width - letters) : 0;
    if (right)
        fprintf(file, "%*s", pad, "");
    fprintf(file, "%s%.*s%s", length ? tone : "", (int)length, text,
            *tone && length ? "\033[0m" : "");
    if (!right && !last)
        fprintf(file, "%*s", pad, "");
}

struct row_printer {
    const struct table *table;
    const struct table_cell *cells;
    const char *rest[TABLE_COLUMNS_MAX]; /* of each cell, not printed yet */
    const size_t *widths;
    bool colour, header;
};

/* One line of the row; false: that was the last. */
static bool put_line(struct row_printer *row, FILE *file)
{
    static const char *const codes[] = { "", "\033[32m", "\033[1;31m", "\033[2m" };
    size_t last = row->table->columns - 1;
    bool more = false;
    while (last > 0 && !*row->rest[last])
        last--; /* no blanks at the end of a line */
    for (size_t c = 0; c <= last; c++) {
        const char *text = row->rest[c];
        size_t length = line_length(text, row->widths[c]);
        enum cell_tone tone = row->header ? TONE_FAINT : row->cells[c].tone;
        put_padded(text, length, row->widths[c], row->table->right[c], c == last,
                   row->colour ? codes[tone] : "", file);
        if (c < last)
            fprintf(file, "%*s", GAP, "");
        row->rest[c] = text + length + (text[length] == ' ');
        more |= *row->rest[c] != '\0';
    }
    fputc('\n', file);
    return more;
}

void table_print(const struct table *table, FILE *file, bool has_header)
{
    size_t widths[TABLE_COLUMNS_MAX], rows = table->cells.count / table->columns;
    size_t width_max = table->width_max            ? table->width_max
                       : isatty(fileno(file)) != 0 ? (size_t)TERMINAL_WIDTH
                                                   : SIZE_MAX;
    bool colour = has_colour(file);
    measure(table, width_max, widths);
    for (size_t r = 0; r < rows; r++) {
        struct row_printer row = { .table = table,
                                   .cells = &table->cells.items[r * table->columns],
                                   .widths = widths,
                                   .colour = colour,
                                   .header = has_header && r == 0 };
        for (size_t c = 0; c < table->columns; c++)
            row.rest[c] = row.cells[c].text;
        while (put_line(&row, file))
            continue;
    }
}

int64_t terminal_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void progress_begin(struct progress *progress, bool quiet, const char *what, time_ns until)
{
    *progress = (struct progress){ .what = what, .until = until };
    progress->shown = !quiet && isatty(STDERR_FILENO);
    progress->started_ms = progress->printed_ms = terminal_clock_ms();
}

void progress_tell(void *context, time_ns now)
{
    struct progress *progress = context;
    if (!progress->shown || now <= 0)
        return;
    int64_t ms = terminal_clock_ms();
    if (ms - progress->printed_ms < PRINT_EVERY_MS)
        return;
    progress->printed_ms = ms;
    double done = (double)now / (double)progress->until;
    double left = (double)(ms - progress->started_ms) / 1000 * (1 - done) / done;
    char line[LINE_SIZE], left_text[NUMBER_TEXT_SIZE];
    number_text_seconds(left < 1 ? 1 : left, left_text);
    size_t width = text_format(line, sizeof line, "%s: %d %%, %s left", progress->what,
                               (int)(done * 100), left_text);
    fprintf(stderr, "\r%s%*s", line, progress->width > width ? (int)(progress->width - width) : 0,
            "");
    progress->width = width;
}

void progress_end(struct progress *progress)
{
    if (progress->shown && progress->width)
        fprintf(stderr, "\r%*s\r", (int)progress->width, "");
    progress->shown = false;
}
