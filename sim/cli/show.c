/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables for the terminal. Runs that do not fit side by side go into further tables.
 */
#include "sim/cli/show.h"

#include <string.h>

#include "core/base/text.h"
#include "sim/report/figures.h"

enum { RUNS_PER_TABLE = 4, NAME_WIDTH_MAX = 20 };

void show_question(const struct plays *plays, FILE *file)
{
    const struct scenario *scenario = plays->list.items[0].scenario;
    fprintf(file, "%s\n\n", scenario->question ? scenario->question : scenario->name);
}

/* The part of a name for the first or the second line of the header: broken behind the blank or
 * hyphen nearest to its middle when it is long. */
static void put_name_part(const char *name, bool second, char out[NAME_WIDTH_MAX + 1])
{
    size_t length = strlen(name), middle = length / 2, cut = 0, best = SIZE_MAX;
    const char *until = strstr(name, " (until ");
    if (until)
        cut = (size_t)(until - name) + 1;
    for (size_t i = 1; !until && length > NAME_WIDTH_MAX / 2 && i < length; i++) {
        size_t off = i > middle ? i - middle : middle - i;
        if ((name[i - 1] != ' ' && name[i - 1] != '-') || off >= best)
            continue;
        cut = i;
        best = off;
    }
    if (second)
        text_format(out, NAME_WIDTH_MAX + 1, "%s", name + cut);
    else
        text_format(out, NAME_WIDTH_MAX + 1, "%.*s",
                    (int)(cut > 0 && name[cut - 1] == ' ' ? cut - 1 : cut), name);
}

static void add_header(struct table *table, const struct figure_runs *runs, size_t first,
                       size_t end)
{
    char part[NAME_WIDTH_MAX + 1];
    bool two = false;
    for (size_t i = first; i < end; i++) {
        put_name_part(runs->name[i], false, part);
        two |= part[0] != '\0';
    }
    for (int second = two ? 0 : 1; second < 2; second++) {
        table_add(table, "", TONE_PLAIN);
        for (size_t i = first; i < end; i++) {
            put_name_part(runs->name[i], second, part);
            table_add(table, part, TONE_FAINT);
        }
    }
}

static void show_some(const struct figure_runs *runs, size_t first, FILE *file)
{
    struct table table;
    size_t end = first + RUNS_PER_TABLE < runs->count ? first + RUNS_PER_TABLE : runs->count;
    struct figure figure;
    table_init(&table, end - first + 1);
    for (size_t i = first; i < end; i++)
        table.right[i - first + 1] = true;
    add_header(&table, runs, first, end);
    for (size_t f = 0; f < figure_count; f++) {
        if (!figure_make(f, runs, &figure))
            continue;
        table_add(&table, figure.label, TONE_PLAIN);
        for (size_t i = first; i < end; i++)
            table_add(&table, figure.text[i], TONE_PLAIN);
    }
    table_print(&table, file, false);
    table_fini(&table);
    fputc('\n', file);
}

void show_figures_table(const struct plays *plays, FILE *file)
{
    struct figure_runs runs;
    figure_runs_of(plays->list.items[0].summary, &runs);
    for (size_t first = 0; first < runs.count; first += RUNS_PER_TABLE)
        show_some(&runs, first, file);
}

static void add_result(struct table *table, const struct play *play,
                       const struct check_result *result)
{
    char name[RESULT_TEXT_SIZE * 2];
    const char *variant = play->scenario->variant;
    text_format(name, sizeof name, "%s%s%s", variant ? variant : "", variant ? ": " : "",
                result->name);
    table_add(table, result->held ? "held" : "FAILED", result->held ? TONE_GOOD : TONE_BAD);
    table_add(table, name, TONE_PLAIN);
    table_add(table, result->measured, TONE_PLAIN);
    table_add(table, result->wanted, TONE_PLAIN);
    table_add(table, result->detail, TONE_FAINT);
}

void show_never_happened(const struct plays *plays, FILE *file)
{
    size_t count = 0;
    for (VEC_EACH(const struct play, play, &plays->list)) {
        json_t *never = play_never_happened(play);
        const json_t *one;
        size_t i;
        json_array_foreach(never, i, one)
        {
            fprintf(file, "never happened: %s\n", json_string_value(one));
            count++;
        }
        json_decref(never);
    }
    if (count)
        fputc('\n', file);
}

void show_cut(const struct plays *plays, FILE *file)
{
    bool cut = false;
    for (VEC_EACH(const struct play, play, &plays->list)) {
        const char *name =
            play->scenario->variant ? play->scenario->variant : "the scenario itself";
        cut |= !play->summary || !play->complete;
        if (!play->summary)
            fprintf(file, "Not run: %s.\n", name);
        else if (!play->complete)
            fprintf(file, "Stopped early: %s; its figures are of a shorter time.\n", name);
    }
    if (cut)
        fputs("Expectations were not judged.\n", file);
}

void show_results(const struct plays *plays, FILE *file)
{
    struct table table;
    size_t count = 0;
    static const char *const header[] = { "", "expectation", "measured", "wanted", "of" };
    table_init(&table, sizeof header / sizeof *header);
    table.right[2] = true;
    for (size_t i = 0; i < table.columns; i++)
        table_add(&table, header[i], TONE_PLAIN);
    for (VEC_EACH(const struct play, play, &plays->list)) {
        for (VEC_EACH(const struct check_result, result, &play->results.list)) {
            add_result(&table, play, result);
            count++;
        }
    }
    if (count)
        table_print(&table, file, true);
    table_fini(&table);
    if (count)
        fputc('\n', file);
}
