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

/* A terminal, and nobody set NO_COLOR. */
static bool has_colour(FILE *file)
{
    const char *no_colour = getenv("NO_COLOR");
    return isatty(fileno(file)) && !(no_colour && *no_colour);
}

static void measure(const struct table *table, size_t widths[TABLE_COLUMNS_MAX])
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
    for (; all > TABLE_WIDTH_MAX; all--) {
        size_t widest = 0;
        for (size_t c = 1; c < table->columns; c++)
            if (widths[c] > widths[widest])
                widest = c;
        widths[widest]--;
    }
}

/* As many letters as fit, the last one a '~' when some were cut. */
static void put_cut(const char *text, size_t width, FILE *file)
{
    size_t letters = terminal_text_width(text), shown = 0;
    if (letters <= width) {
        fputs(text, file);
        return;
    }
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        shown += (*p & 0xC0) != 0x80;
        if (shown >= width)
            break;
        fputc(*p, file);
    }
    fputc('~', file);
}

static void put_cell(const struct table_cell *cell, size_t width, bool right, bool last,
                     bool colour, FILE *file)
{
    static const char *const codes[] = { "", "\033[32m", "\033[1;31m", "\033[2m" };
    size_t letters = terminal_text_width(cell->text);
    int pad = letters < width ? (int)(width - letters) : 0;
    bool toned = colour && cell->tone != TONE_PLAIN;
    if (right)
        fprintf(file, "%*s", pad, "");
    if (toned)
        fputs(codes[cell->tone], file);
    put_cut(cell->text, width, file);
    if (toned)
        fputs("\033[0m", file);
    if (!right && !last)
        fprintf(file, "%*s", pad, "");
}

void table_print(const struct table *table, FILE *file, bool has_header)
{
    size_t widths[TABLE_COLUMNS_MAX], rows = table->cells.count / table->columns;
    bool colour = has_colour(file);
    measure(table, widths);
    for (size_t row = 0; row < rows; row++) {
        size_t last = table->columns - 1;
        while (last > 0 && !table->cells.items[row * table->columns + last].text[0])
            last--; /* no blanks at the end of a line */
        for (size_t c = 0; c <= last; c++) {
            struct table_cell cell = table->cells.items[row * table->columns + c];
            if (has_header && row == 0)
                cell.tone = TONE_FAINT;
            put_cell(&cell, widths[c], table->right[c], c == last, colour, file);
            if (c < last)
                fprintf(file, "%*s", GAP, "");
        }
        fputc('\n', file);
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
