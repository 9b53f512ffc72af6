/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables, and the lines of two logs one under the other.
 */
#include "sim/cli/compare_show.h"

#include "core/base/text.h"
#include "sim/cli/terminal.h"
#include "sim/report/number_text.h"

enum { CELL_SIZE = 160, LINE_SIZE = 600, WORD_SHOWN = 90 };

static void add_count(struct table *table, size_t count, enum cell_tone tone)
{
    char text[NUMBER_TEXT_SIZE];
    text_format(text, sizeof text, "%zu", count);
    table_add(table, text, tone);
}

static void add_apart(struct table *table, const struct decision_kind *kind, time_ns apart)
{
    char text[NUMBER_TEXT_SIZE];
    number_text_seconds((double)apart / (double)TIME_S, text);
    table_add(table, kind->agree ? text : "-", TONE_PLAIN);
}

static time_ns end_of(const struct compared *comparison)
{
    return metrics_end(comparison->run[0].metrics);
}

static void add_first(struct table *table, const struct compared *comparison,
                      const struct decision_kind *kind)
{
    char text[CELL_SIZE], at[NUMBER_TEXT_SIZE], word[DECISION_TEXT_SIZE];
    if (kind->first_side < 0) {
        table_add(table, "", TONE_PLAIN);
        return;
    }
    const struct compared_run *run = &comparison->run[kind->first_side];
    const struct log_entry *entry = &run->log->entries.items[kind->first];
    number_text_moment(entry->at, end_of(comparison), at);
    decision_word(entry, word);
    text_format(text, sizeof text, "%s, %s: %.*s", at, run->world, WORD_SHOWN, word);
    table_add(table, text, TONE_BAD);
}

static void put_table(struct table *table, FILE *file)
{
    table_print(table, file, true);
    table_fini(table);
    fputc('\n', file);
}

static void put_unlike(const struct compared *comparison, FILE *file)
{
    size_t i;
    const json_t *one;
    json_array_foreach(comparison->unlike, i, one)
    {
        bool in_first = json_is_true(json_array_get(json_object_get(one, "held"), 0));
        fprintf(file, "Holds in the %s world alone: %s\n", comparison->run[in_first ? 0 : 1].world,
                json_string_value(json_object_get(one, "name")));
    }
    if (i)
        fputc('\n', file);
}

static void put_sum(const struct compared *comparison, FILE *file)
{
    const struct decisions *decisions = &comparison->decisions;
    if (decisions_agree(decisions))
        fprintf(file, "All %zu decisions agree", decisions->agree);
    else
        fprintf(file, "%zu decisions agree, of %zu in the %s world and %zu in the %s world",
                decisions->agree, decisions->sides[0].count, comparison->run[0].world,
                decisions->sides[1].count, comparison->run[1].world);
    if (decisions->other_reason)
        fprintf(file, "; %zu of them for another reason", decisions->other_reason);
    if (decisions->open)
        fprintf(file, "; %zu came so late that the other run may have ended before",
                decisions->open);
    fputs(".\n\n", file);
}

void compare_show_decisions(const struct compared *comparison, FILE *file)
{
    const struct decisions *decisions = &comparison->decisions;
    struct table table;
    const char *const header[] = {
        "decisions", comparison->run[0].world, comparison->run[1].world, "agree", "apart, most",
        "median",    "first that does not"
    };
    table_init(&table, sizeof header / sizeof *header);
    for (size_t i = 0; i < table.columns; i++) {
        table_add(&table, header[i], TONE_PLAIN);
        table.right[i] = i > 0 && i + 1 < table.columns;
    }
    for (VEC_EACH(const struct decision_kind, kind, &decisions->kinds)) {
        bool all = kind->first_side < 0;
        table_add(&table, kind->name, TONE_PLAIN);
        add_count(&table, kind->count[0], TONE_PLAIN);
        add_count(&table, kind->count[1], TONE_PLAIN);
        add_count(&table, kind->agree, all ? TONE_GOOD : TONE_BAD);
        add_apart(&table, kind, kind->apart_largest);
        add_apart(&table, kind, kind->apart_median);
        add_first(&table, comparison, kind);
    }
    put_table(&table, file);
    put_sum(comparison, file);
    put_unlike(comparison, file);
}

/* What there is to say of a ratio, or of there being none. */
static void put_mark(const struct compared *comparison, const struct ratio *ratio,
                     char out[CELL_SIZE])
{
    char tolerance[NUMBER_TEXT_SIZE];
    number_text(ratio->tolerance, METRIC_SHARE, tolerance);
    out[0] = '\0';
    if (ratio->beyond)
        text_format(out, CELL_SIZE, "beyond %s", tolerance);
    for (int side = 0; side < COMPARED_SIDES; side++)
        if (number_is_none(ratio->value[side]))
            text_format(out, CELL_SIZE, "none in %s", comparison->run[side].world);
}

static void add_ratio(struct table *table, const struct compared *comparison,
                      const struct ratio *ratio)
{
    char text[NUMBER_TEXT_SIZE], mark[CELL_SIZE];
    enum metric_unit unit = metric_rows[ratio->metric].unit;
    table_add(table, ratio->name, TONE_PLAIN);
    table_add(table, statistic_names[metric_rules[ratio->metric].value], TONE_FAINT);
    for (int side = 0; side < COMPARED_SIDES; side++) {
        number_text(ratio->value[side], unit, text);
        table_add(table, text, TONE_PLAIN);
    }
    snprintf(text, sizeof text, "%.3f", ratio->ratio);
    table_add(table, number_is_none(ratio->ratio) ? "-" : text,
              ratio->beyond ? TONE_BAD : TONE_GOOD);
    put_mark(comparison, ratio, mark);
    table_add(table, mark, ratio->beyond ? TONE_BAD : TONE_FAINT);
}

static bool is_nothing(const struct ratio *ratio)
{
    return ratio->value[0] == 0 && ratio->value[1] == 0;
}

void compare_show_figures(const struct compared *comparison, FILE *file)
{
    struct table table;
    char both[CELL_SIZE];
    text_format(both, sizeof both, "%s/%s", comparison->run[1].world, comparison->run[0].world);
    const char *const header[] = { "figure", "", comparison->run[0].world, comparison->run[1].world,
                                   both,     "" };
    table_init(&table, sizeof header / sizeof *header);
    for (size_t i = 0; i < table.columns; i++) {
        table_add(&table, header[i], TONE_PLAIN);
        table.right[i] = i > 1 && i + 1 < table.columns;
    }
    for (VEC_EACH(const struct ratio, ratio, &comparison->ratios.list))
        if (!is_nothing(ratio))
            add_ratio(&table, comparison, ratio);
    put_table(&table, file);
}

static void put_side(const struct compared *comparison, int side, size_t lines, FILE *file)
{
    struct parting_lines context = compared_context(comparison, side, lines);
    const struct compared_run *run = &comparison->run[side];
    fprintf(file, "%s world\n", run->world);
    for (size_t i = context.from; i < context.until; i++) {
        const struct log_entry *entry = &run->log->entries.items[i];
        bool agrees = comparison->decisions.sides[side].items[i].partner != UINT32_MAX;
        char at[NUMBER_TEXT_SIZE], text[LINE_SIZE];
        number_text_moment(entry->at, end_of(comparison), at);
        run_log_describe(entry, text, sizeof text);
        fprintf(file, "  %s %s  #%lld  %s\n", agrees ? " " : ">", at, (long long)entry->seq, text);
    }
    if (context.centre == comparison->decisions.sides[side].count)
        fputs("    (its log ends here)\n", file);
}

void compare_show_parting(const struct compared *comparison, size_t lines, FILE *file)
{
    const struct decisions *decisions = &comparison->decisions;
    char at[NUMBER_TEXT_SIZE], subject[DECISION_TEXT_SIZE], word[DECISION_TEXT_SIZE];
    if (decisions_agree(decisions))
        return;
    const struct compared_run *run = &comparison->run[decisions->parting_side];
    const struct log_entry *entry = &run->log->entries.items[decisions->parting];
    decision_subject(entry, subject);
    decision_word(entry, word);
    number_text_moment(entry->at, end_of(comparison), at);
    fprintf(file, "They part first at %s, in the %s world alone: %s: %s\n\n", at, run->world,
            subject, word);
    for (int side = 0; side < COMPARED_SIDES; side++)
        put_side(comparison, side, lines, file);
    fputs("(> the other world has no such line)\n\n", file);
}
