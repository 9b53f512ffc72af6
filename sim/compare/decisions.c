/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines are named, sorted by subject, paired subject by subject (align.h), and counted by kind.
 */
#include "sim/compare/decisions.h"

#include "core/base/text.h"
#include "sim/compare/align.h"
#include "sim/report/statistics.h"

/* The lines of each subject in turn: those of subject s stand from start[s] to start[s + 1]. */
struct sorted {
    size_t *start;
    uint32_t *lines;
    struct align_step *steps;
};

static bool is_of_process(const struct log_entry *entry)
{
    return text_equal(entry->machine, "process") || text_equal(entry->machine, "taskmanager");
}

/* Where a task runs is not what the line is about, but a TaskManager that comes or goes is. */
void decision_subject(const struct log_entry *entry, char out[DECISION_TEXT_SIZE])
{
    size_t at = text_format(out, DECISION_TEXT_SIZE, "%s", entry->machine);
    const char *process = is_of_process(entry) ? entry->node : entry->vertex ? NULL : entry->peer;
    if (entry->job)
        at += text_format(out + at, DECISION_TEXT_SIZE - at, " of %s", entry->job);
    if (entry->vertex)
        at += text_format(out + at, DECISION_TEXT_SIZE - at, ", %s", entry->vertex);
    if (process)
        at += text_format(out + at, DECISION_TEXT_SIZE - at, " on %s", process);
    if (text_equal(entry->machine, "script") && entry->reason)
        text_format(out + at, DECISION_TEXT_SIZE - at, ": %s", entry->reason);
}

/* A fact's reason is part of it (which parallelism, which kind of savepoint, why it failed); a
 * move's is what led to it. */
void decision_word(const struct log_entry *entry, char out[DECISION_TEXT_SIZE])
{
    if (entry->from)
        text_format(out, DECISION_TEXT_SIZE, "%s -> %s", entry->from, entry->to);
    else
        text_format(out, DECISION_TEXT_SIZE, "%s%s%s%s%s", entry->what, entry->to ? " " : "",
                    entry->to ? entry->to : "", entry->reason ? ": " : "",
                    entry->reason ? entry->reason : "");
}

static void put_kind(const struct log_entry *entry, char out[DECISION_TEXT_SIZE])
{
    text_format(out, DECISION_TEXT_SIZE, "%s%s%s", entry->machine, entry->from ? "" : " ",
                entry->from ? "" : entry->what);
}

static void name_lines(struct decisions *decisions, int side)
{
    char text[DECISION_TEXT_SIZE];
    for (VEC_EACH(const struct log_entry, entry, &decisions->log[side]->entries)) {
        struct decision decision = { .at = entry->at, .partner = UINT32_MAX };
        decision_subject(entry, text);
        decision.subject = names_place(&decisions->names, text);
        decision_word(entry, text);
        decision.word = names_place(&decisions->names, text);
        put_kind(entry, text);
        decision.kind = names_place(&decisions->names, text);
        vec_push(&decisions->sides[side], decision);
    }
}

static void sort_lines(const struct decisions *decisions, int side, struct sorted *out)
{
    size_t count = decisions->sides[side].count, subjects = decisions->names.texts.count;
    const struct decision *lines = decisions->sides[side].items;
    out->start = mem_create_array(subjects + 2, sizeof *out->start);
    out->lines = mem_create_array(count, sizeof *out->lines);
    out->steps = mem_create_array(count, sizeof *out->steps);
    for (size_t i = 0; i < count; i++)
        out->start[lines[i].subject + 2]++;
    for (size_t s = 2; s < subjects + 2; s++)
        out->start[s] += out->start[s - 1];
    for (size_t i = 0; i < count; i++) {
        size_t place = out->start[lines[i].subject + 1]++;
        out->lines[place] = (uint32_t)i;
        out->steps[place] = (struct align_step){ lines[i].word, lines[i].at };
    }
}

static void sorted_fini(struct sorted *sorted)
{
    mem_destroy(sorted->start);
    mem_destroy(sorted->lines);
    mem_destroy(sorted->steps);
}

static struct align_steps steps_of(const struct sorted *sorted, size_t subject)
{
    size_t start = sorted->start[subject];
    return (struct align_steps){ sorted->steps + start, sorted->start[subject + 1] - start };
}

static void pair_lines(struct decisions *decisions)
{
    struct sorted a, b;
    sort_lines(decisions, 0, &a);
    sort_lines(decisions, 1, &b);
    uint32_t *partner = mem_create_array(decisions->sides[0].count, sizeof *partner);
    for (size_t s = 0; s < decisions->names.texts.count; s++) {
        struct align_steps own = steps_of(&a, s);
        align_steps(own, steps_of(&b, s), partner);
        for (size_t i = 0; i < own.count; i++) {
            if (partner[i] == ALIGN_NONE)
                continue;
            uint32_t line = a.lines[a.start[s] + i], other = b.lines[b.start[s] + partner[i]];
            decisions->sides[0].items[line].partner = other;
            decisions->sides[1].items[other].partner = line;
        }
    }
    mem_destroy(partner);
    sorted_fini(&a);
    sorted_fini(&b);
}

/* Counting. */

static time_ns apart(const struct decisions *decisions, const struct decision *decision)
{
    time_ns other = decisions->sides[1].items[decision->partner].at;
    return decision->at > other ? decision->at - other : other - decision->at;
}

static void put_apart(struct decisions *decisions, uint32_t name, struct decision_kind *kind)
{
    VEC(double) times_ns = { 0 };
    for (VEC_EACH(const struct decision, decision, &decisions->sides[0]))
        if (decision->kind == name && decision->partner != UINT32_MAX)
            vec_push(&times_ns, (double)apart(decisions, decision));
    if (times_ns.count) {
        struct statistics all = statistics_of(times_ns.items, times_ns.count);
        kind->apart_largest = (time_ns)all.max;
        kind->apart_median = (time_ns)all.p50;
    }
    vec_fini(&times_ns);
}

static bool has_other_reason(const struct decisions *decisions, size_t line)
{
    const struct log_entry *own = &decisions->log[0]->entries.items[line];
    uint32_t partner = decisions->sides[0].items[line].partner;
    const struct log_entry *other = &decisions->log[1]->entries.items[partner];
    return own->from &&
           !text_equal(own->reason ? own->reason : "", other->reason ? other->reason : "");
}

static bool is_earlier(const struct decisions *decisions, int side, size_t line, int other_side,
                       size_t other)
{
    return other_side < 0 ||
           decisions->sides[side].items[line].at < decisions->sides[other_side].items[other].at;
}

static void count_line(struct decisions *decisions, int side, size_t line,
                       struct decision_kind *kind)
{
    kind->count[side]++;
    if (side != 0 || decisions->sides[side].items[line].partner == UINT32_MAX)
        return;
    bool other_reason = has_other_reason(decisions, line);
    kind->agree++;
    kind->other_reason += other_reason;
    decisions->agree++;
    decisions->other_reason += other_reason;
}

/* The next line of both logs by time; side 0 first. False: that was all. */
static bool next_line(const struct decisions *decisions, size_t at[COMPARED_SIDES], int *side)
{
    bool has_a = at[0] < decisions->sides[0].count, has_b = at[1] < decisions->sides[1].count;
    if (!has_a && !has_b)
        return false;
    *side = !has_a ||
            (has_b && decisions->sides[1].items[at[1]].at < decisions->sides[0].items[at[0]].at);
    return true;
}

/* Fills place: of each kind's name, its place among the kinds, from 1. */
static void count_kinds(struct decisions *decisions, uint32_t *place)
{
    size_t at[COMPARED_SIDES] = { 0, 0 };
    for (int side; next_line(decisions, at, &side); at[side]++) {
        uint32_t name = decisions->sides[side].items[at[side]].kind;
        if (!place[name]) {
            vec_push(&decisions->kinds,
                     (struct decision_kind){ .name = decisions->names.texts.items[name],
                                             .first_side = -1 });
            place[name] = (uint32_t)decisions->kinds.count;
        }
        count_line(decisions, side, at[side], &decisions->kinds.items[place[name] - 1]);
    }
    for (size_t name = 0; name < decisions->names.texts.count; name++)
        if (place[name])
            put_apart(decisions, (uint32_t)name, &decisions->kinds.items[place[name] - 1]);
}

/* From the end: what the other run may have had a moment after it. */
static void find_open(struct decisions *decisions, int side, time_ns end, const uint32_t *place)
{
    bool *closed = mem_create_array(decisions->names.texts.count, sizeof *closed); /* by subject */
    for (size_t i = decisions->sides[side].count; i-- > 0;) {
        struct decision *decision = &decisions->sides[side].items[i];
        struct decision_kind *kind = &decisions->kinds.items[place[decision->kind] - 1];
        decision->open = decision->partner == UINT32_MAX && !closed[decision->subject] &&
                         end - decision->at <= kind->apart_largest;
        closed[decision->subject] |= !decision->open;
        kind->open += decision->open;
        decisions->open += decision->open;
    }
    mem_destroy(closed);
}

static void find_first(struct decisions *decisions, int side, const uint32_t *place)
{
    for (size_t i = 0; i < decisions->sides[side].count; i++) {
        const struct decision *decision = &decisions->sides[side].items[i];
        struct decision_kind *kind = &decisions->kinds.items[place[decision->kind] - 1];
        if (decision->partner != UINT32_MAX || decision->open)
            continue;
        if (is_earlier(decisions, side, i, kind->first_side, kind->first)) {
            kind->first_side = side;
            kind->first = i;
        }
        if (is_earlier(decisions, side, i, decisions->parting_side, decisions->parting)) {
            decisions->parting_side = side;
            decisions->parting = i;
        }
    }
}

void decisions_compare(struct decisions *decisions, const struct run_log *a,
                       const struct run_log *b, time_ns end)
{
    *decisions = (struct decisions){ .log = { a, b }, .parting_side = -1 };
    names_init(&decisions->names);
    for (int side = 0; side < COMPARED_SIDES; side++)
        name_lines(decisions, side);
    pair_lines(decisions);
    uint32_t *place = mem_create_array(decisions->names.texts.count, sizeof *place);
    count_kinds(decisions, place);
    for (int side = 0; side < COMPARED_SIDES; side++) {
        find_open(decisions, side, end, place);
        find_first(decisions, side, place);
    }
    mem_destroy(place);
}

void decisions_fini(struct decisions *decisions)
{
    for (int side = 0; side < COMPARED_SIDES; side++)
        vec_fini(&decisions->sides[side]);
    vec_fini(&decisions->kinds);
    names_fini(&decisions->names);
}

bool decisions_agree(const struct decisions *decisions)
{
    return decisions->parting_side < 0;
}

size_t decisions_beside(const struct decisions *decisions, int side, size_t line)
{
    const struct decision *lines = decisions->sides[side].items;
    while (line > 0)
        if (lines[--line].partner != UINT32_MAX)
            return (size_t)lines[line].partner + 1;
    return 0;
}
