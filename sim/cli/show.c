/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables for the terminal. Runs that do not fit side by side go into further tables.
 */
#include "sim/cli/show.h"

#include <string.h>

#include "core/base/text.h"
#include "sim/report/figures.h"

enum { RUNS_PER_TABLE = 4, NAME_WIDTH_MAX = 20, NAME_LINES_MAX = 5 };

void show_question(const struct plays *plays, FILE *file)
{
    const struct scenario *scenario = plays->list.items[0].scenario;
    fprintf(file, "%s\n\n", scenario->question ? scenario->question : scenario->name);
}

/* A run's name in the header: lines of words. What stands behind " (until " is the last line. */
struct name_lines {
    size_t count;
    char line[NAME_LINES_MAX][NAME_WIDTH_MAX + 1];
};

static void add_line(struct name_lines *lines, const char *text, size_t length)
{
    size_t end = length > 0 && text[length - 1] == ' ' ? length - 1 : length;
    CHECK(lines->count < NAME_LINES_MAX);
    text_format(lines->line[lines->count++], NAME_WIDTH_MAX + 1, "%.*s", (int)end, text);
}

static bool ends_word(char c)
{
    return c == ' ' || c == '-' || c == '_';
}

/* The end of a word nearest to the middle; 0: there is only one. */
static size_t find_middle(const char *name, size_t length)
{
    size_t cut = 0, best = SIZE_MAX;
    for (size_t i = 1; i < length; i++) {
        size_t off = i > length / 2 ? i - length / 2 : length / 2 - i;
        if (!ends_word(name[i - 1]) || off >= best)
            continue;
        cut = i;
        best = off;
    }
    return cut;
}

/* The last place up to `at` that is not inside a letter of several bytes. */
static size_t letters_end(const char *text, size_t at)
{
    while (at > 0 && ((unsigned char)text[at] & 0xC0) == 0x80)
        at--;
    return at;
}

/* How much goes into one line: up to the last word that fits, or what fits of a word. */
static size_t fill_line(const char *name, size_t length)
{
    if (length <= NAME_WIDTH_MAX)
        return length;
    for (size_t i = NAME_WIDTH_MAX; i > 0; i--)
        if (ends_word(name[i - 1]))
            return i;
    return letters_end(name, NAME_WIDTH_MAX);
}

static void mark_cut(char line[NAME_WIDTH_MAX + 1])
{
    size_t length = strlen(line), room = NAME_WIDTH_MAX - 3;
    memcpy(line + letters_end(line, length < room ? length : room), "...", 4);
}

/* A short name is one line, a longer one two of about the same length, and more when it must be;
 * the end of one that is longer than all of them is left out, and said to be. */
static void break_name(const char *name, struct name_lines *out)
{
    const char *until = strstr(name, " (until ");
    size_t length = until ? (size_t)(until - name) : strlen(name);
    size_t last = until ? 1 : 0, cut = length > NAME_WIDTH_MAX / 2 ? find_middle(name, length) : 0;
    out->count = 0;
    if (cut > 0 && cut <= NAME_WIDTH_MAX && length - cut <= NAME_WIDTH_MAX) {
        add_line(out, name, cut);
        add_line(out, name + cut, length - cut);
        length = 0;
    }
    while (length > 0 && out->count + last < NAME_LINES_MAX) {
        size_t part = fill_line(name, length);
        add_line(out, name, part);
        name += part;
        length -= part;
    }
    if (length > 0)
        mark_cut(out->line[out->count - 1]);
    if (until)
        add_line(out, until + 1, strlen(until + 1));
}

/* Names stand on the figures: shorter ones begin further down. */
static void add_header(struct table *table, const struct figure_runs *runs, const size_t *shown,
                       size_t count)
{
    struct name_lines names[RUNS_PER_TABLE];
    size_t height = 1;
    for (size_t i = 0; i < count; i++) {
        break_name(runs->name[shown[i]], &names[i]);
        height = names[i].count > height ? names[i].count : height;
    }
    for (size_t row = 0; row < height; row++) {
        table_add(table, "", TONE_PLAIN);
        for (size_t i = 0; i < count; i++) {
            size_t above = height - names[i].count;
            table_add(table, row < above ? "" : names[i].line[row - above], TONE_FAINT);
        }
    }
}

/* The run itself is the first of each table, for the others are compared with it. */
static size_t show_some(const struct figure_runs *runs, size_t first, FILE *file)
{
    struct table table;
    struct figure figure;
    size_t shown[RUNS_PER_TABLE] = { 0 }, count = 1;
    while (count < RUNS_PER_TABLE && first < runs->count)
        shown[count++] = first++;
    table_init(&table, count + 1);
    for (size_t i = 0; i < count; i++)
        table.right[i + 1] = true;
    add_header(&table, runs, shown, count);
    for (size_t f = 0; f < figure_count; f++) {
        if (!figure_make(f, runs, &figure))
            continue;
        table_add(&table, figure.label, TONE_PLAIN);
        for (size_t i = 0; i < count; i++)
            table_add(&table, figure.text[shown[i]], TONE_PLAIN);
    }
    table_print(&table, file, false);
    table_fini(&table);
    fputc('\n', file);
    return first;
}

void show_figures_table(const struct plays *plays, FILE *file)
{
    struct figure_runs runs;
    size_t next = 1;
    figure_runs_of(plays->list.items[0].summary, &runs);
    do {
        next = show_some(&runs, next, file);
    } while (next < runs.count);
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

void show_failed(const struct plays *plays, FILE *file)
{
    struct table table;
    table_init(&table, 1);
    for (VEC_EACH(const struct play, play, &plays->list)) {
        json_t *failed = play_jobs_failed(play);
        const json_t *one;
        size_t i;
        json_array_foreach(failed, i, one)
        {
            table_add(&table, json_string_value(one), TONE_BAD);
        }
        json_decref(failed);
    }
    bool any = table.cells.count > 0;
    if (any)
        table_print(&table, file, false);
    table_fini(&table);
    if (any)
        fputc('\n', file);
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
            fprintf(file, "%s\n", json_string_value(one));
            count++;
        }
        json_decref(never);
    }
    if (count)
        fputc('\n', file);
}

void show_unheard(const struct plays *plays, FILE *file)
{
    size_t count = 0;
    for (VEC_EACH(const struct play, play, &plays->list))
        for (VEC_EACH(const struct job_spec, job, &play->scenario->jobs)) {
            const struct config *config = job->graph ? &job->graph->config : NULL;
            if (!config || !config->checkpoint_incremental || config_is_incremental(config))
                continue;
            const char *variant = json_string_value(json_object_get(play->summary, "variant"));
            fprintf(file, "no effect: %s%s%s: execution.checkpointing.incremental, for ",
                    variant ? variant : "", variant ? ": " : "", job->name);
            fputs("state.backend.type is hashmap: it has full checkpoints only, as in Flink\n",
                  file);
            count++;
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
