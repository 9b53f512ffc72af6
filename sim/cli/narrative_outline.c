/* SPDX-License-Identifier: Apache-2.0
 *
 * Chapters are alike when their sentences would be the same but for names, times and lengths. They
 * are shown by class of weight, the longest first within a class; one kind must leave room for
 * others. In: chapters. Out: rows, each of one chapter or of several alike.
 */
#include "sim/cli/narrative_outline.h"

#include <inttypes.h>

#include "core/base/check.h"
#include "core/base/text.h"
#include "sim/cli/narrative_effects.h"
#include "sim/cli/narrative_parts.h"
#include "sim/cli/terminal.h"

/* So many alike are told as one: of what struck at one instant, of what says little, and of what
 * kept tasks from running. */
enum { STRUCK_TOGETHER = 2, ALIKE = 4, ALIKE_RESCALES = 10 };

enum { NAMES_TOLD = 4, TITLE_SIZE = 256 };

/* What alike chapters have in common. Texts may be null. */
struct likeness {
    enum chapter_kind kind;
    int64_t checkpoint; /* of an outage: which the state came from; 0: none */
    const char *word, *job, *reason;
    time_ns from, to; /* 0: any */
    enum fault_effect effect;
    size_t least; /* so many are told as one */
};

struct kin {
    struct likeness likeness;
    size_t first, last, count; /* chapters */
};

struct outline_row {
    size_t chapter, kin; /* SIZE_MAX: it stands for itself */
    int weight;
    bool is_shown;
};

struct outline {
    const struct narrative *narrative;
    VEC(struct kin) kins;
    VEC(size_t) kin_of; /* per chapter; SIZE_MAX: there is nothing like it */
    VEC(struct outline_row) rows;
};

static const struct log_entry *entry_at(const struct outline *outline, size_t place)
{
    return &outline->narrative->log->entries.items[place];
}

/* Likeness. */

static bool is_plain_start(const struct outline *outline, const struct chapter *chapter,
                           const char **word)
{
    struct phases phases;
    chapter_phases(outline->narrative, chapter, &phases);
    *word = !chapter->is_over                       ? "never"
            : phases.length[PHASE_WAIT] < WAIT_TOLD ? "at once"
                                                    : "waits";
    return !phases.seen[PHASE_CANCEL] &&
           (!chapter->is_over ||
            run_log_fits(entry_at(outline, chapter->last), "job all tasks RUNNING"));
}

static bool is_plain_command(const struct outline *outline, const struct chapter *chapter)
{
    const char *word = entry_at(outline, chapter->script)->what;
    if (text_equal(word, "add"))
        return true;
    return chapter->after != SIZE_MAX &&
           run_log_fits(entry_at(outline, chapter->after), "client * done");
}

static bool like_fault(const struct outline *outline, const struct chapter *chapter,
                       struct likeness *out)
{
    out->word = entry_at(outline, chapter->first)->what;
    out->reason = chapter->script == SIZE_MAX ? entry_at(outline, chapter->first)->reason : NULL;
    out->effect = effects_of(outline->narrative, chapter);
    if (out->effect == FAULT_EFFECT_OWN) {
        out->from = chapter->from;
        out->to = chapter->to;
    } else if (fault_ends_process(outline->narrative, chapter)) {
        out->job = "ends";
    }
    return true;
}

static bool like_outage(const struct outline *outline, const struct chapter *chapter,
                        struct likeness *out)
{
    struct outage_kind kind;
    if (!narrative_outage_kind(outline->narrative, chapter, &kind))
        return false;
    out->job = chapter->job;
    out->word = kind.vertex;
    out->reason = kind.reason;
    out->checkpoint = kind.checkpoint;
    return true;
}

/* False: there is nothing like it. */
static bool likeness_of(const struct outline *outline, const struct chapter *chapter,
                        struct likeness *out)
{
    *out = (struct likeness){ .kind = chapter->kind, .least = ALIKE };
    switch (chapter->kind) {
    case CHAPTER_START: return is_plain_start(outline, chapter, &out->word);
    case CHAPTER_FAULT: return like_fault(outline, chapter, out);
    case CHAPTER_END:
        out->reason = entry_at(outline, chapter->first)->reason;
        out->word = chapter->script == SIZE_MAX ? NULL : "asked";
        return !chapter->is_dead;
    case CHAPTER_COMMAND:
        out->word = entry_at(outline, chapter->script)->what;
        out->job = chapter->job;
        return is_plain_command(outline, chapter);
    case CHAPTER_RESCALE:
        out->job = chapter->job;
        out->least = ALIKE_RESCALES;
        return chapter->is_over && !chapter->is_dead;
    case CHAPTER_INCIDENT: return like_outage(outline, chapter, out);
    case CHAPTER_CHECKPOINTS:
    case CHAPTER_EXIT:
    case CHAPTER_KIND_COUNT: break;
    }
    return false;
}

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && text_equal(a, b));
}

static bool are_like(const struct likeness *a, const struct likeness *b)
{
    return a->kind == b->kind && a->checkpoint == b->checkpoint && same(a->word, b->word) &&
           same(a->job, b->job) && same(a->reason, b->reason) && a->from == b->from &&
           a->to == b->to && a->effect == b->effect;
}

static size_t join_kin(struct outline *outline, size_t chapter, const struct likeness *likeness)
{
    for (size_t i = 0; i < outline->kins.count; i++) {
        struct kin *kin = &outline->kins.items[i];
        if (!are_like(&kin->likeness, likeness))
            continue;
        kin->last = chapter;
        kin->count++;
        return i;
    }
    vec_push(&outline->kins, (struct kin){ *likeness, chapter, chapter, 1 });
    return outline->kins.count - 1;
}

/* Weight. */

enum { WEIGHT_LITTLE, WEIGHT_SOME, WEIGHT_MUCH, WEIGHT_MORE, WEIGHT_MOST };

static int weight_of(const struct outline *outline, const struct chapter *chapter,
                     const struct likeness *likeness)
{
    switch (chapter->kind) {
    case CHAPTER_INCIDENT: return WEIGHT_MOST;
    case CHAPTER_CHECKPOINTS:
    case CHAPTER_EXIT: return WEIGHT_MORE;
    case CHAPTER_RESCALE: return WEIGHT_SOME;
    case CHAPTER_END: return chapter->is_dead ? WEIGHT_MOST : WEIGHT_LITTLE;
    case CHAPTER_FAULT: return likeness->effect == FAULT_EFFECT_OWN ? WEIGHT_MUCH : WEIGHT_LITTLE;
    case CHAPTER_COMMAND: return is_plain_command(outline, chapter) ? WEIGHT_SOME : WEIGHT_MUCH;
    case CHAPTER_START:
        return !chapter->is_over                 ? WEIGHT_MOST
               : same(likeness->word, "at once") ? WEIGHT_LITTLE
                                                 : WEIGHT_MUCH;
    case CHAPTER_KIND_COUNT: break;
    }
    IMPOSSIBLE("a chapter of no kind");
}

/* Faults of one instant, which passed at one. */
static bool is_at_once(const struct outline *outline, const struct kin *kin)
{
    const struct chapter *first = &outline->narrative->chapters.items[kin->first];
    const struct chapter *last = &outline->narrative->chapters.items[kin->last];
    return first->kind == CHAPTER_FAULT && first->from == last->from && first->to == last->to;
}

static void outline_init(struct outline *outline, const struct narrative *narrative)
{
    VEC(struct outline_row) all = { 0 };
    *outline = (struct outline){ .narrative = narrative };
    for (size_t i = 0; i < narrative->chapters.count; i++) {
        const struct chapter *chapter = &narrative->chapters.items[i];
        struct likeness likeness;
        struct outline_row row = { .chapter = i, .kin = SIZE_MAX };
        if (likeness_of(outline, chapter, &likeness))
            row.kin = join_kin(outline, i, &likeness);
        vec_push(&outline->kin_of, row.kin);
        row.weight = weight_of(outline, chapter, &likeness);
        vec_push(&all, row);
    }
    for (VEC_EACH(struct outline_row, row, &all)) {
        const struct kin *kin = row->kin == SIZE_MAX ? NULL : &outline->kins.items[row->kin];
        if (kin &&
            kin->count >= (is_at_once(outline, kin) ? STRUCK_TOGETHER : kin->likeness.least)) {
            if (row->chapter == kin->first)
                vec_push(&outline->rows, *row);
            continue;
        }
        row->kin = SIZE_MAX;
        vec_push(&outline->rows, *row);
    }
    vec_fini(&all);
}

static void outline_fini(struct outline *outline)
{
    vec_fini(&outline->kins);
    vec_fini(&outline->kin_of);
    vec_fini(&outline->rows);
}

static const struct chapter *chapter_of(const struct outline *outline,
                                        const struct outline_row *row)
{
    return &outline->narrative->chapters.items[row->chapter];
}

/* The heaviest that is not shown yet, of a kind that may show more; null: there is none. */
static struct outline_row *heaviest(struct outline *outline, const size_t shown[], size_t kind_max)
{
    struct outline_row *best = NULL;
    time_ns longest = 0;
    for (VEC_EACH(struct outline_row, row, &outline->rows)) {
        const struct chapter *chapter = chapter_of(outline, row);
        time_ns length = chapter->to - chapter->from;
        if (row->is_shown || shown[chapter->kind] >= kind_max)
            continue;
        if (best &&
            (row->weight < best->weight || (row->weight == best->weight && length <= longest)))
            continue;
        best = row;
        longest = length;
    }
    return best;
}

/* A quarter of the room is kept for what is not of the commonest kind; what it does not need goes
 * to that after all. */
static void choose(struct outline *outline, size_t limit)
{
    size_t shown[CHAPTER_KIND_COUNT] = { 0 }, all = 0;
    for (int pass = 0; pass < 2; pass++) {
        struct outline_row *row;
        size_t kind_max = pass == 0 ? limit - limit / 4 : limit;
        while (all < limit && (row = heaviest(outline, shown, kind_max)) != NULL) {
            row->is_shown = true;
            shown[chapter_of(outline, row)->kind]++;
            all++;
        }
    }
}

/* Sentences about several. */

static bool is_kin(const struct outline *outline, const struct kin *kin, size_t chapter)
{
    size_t own = outline->kin_of.items[chapter];
    return own != SIZE_MAX && &outline->kins.items[own] == kin;
}

struct lengths {
    time_ns least, most, all;
};

static struct lengths lengths_of(const struct outline *outline, const struct kin *kin)
{
    struct lengths lengths = { TIME_NEVER, 0, 0 };
    for (size_t i = kin->first; i <= kin->last; i++) {
        const struct chapter *chapter = &outline->narrative->chapters.items[i];
        time_ns length = chapter->to - chapter->from;
        if (!is_kin(outline, kin, i))
            continue;
        lengths.least = length < lengths.least ? length : lengths.least;
        lengths.most = length > lengths.most ? length : lengths.most;
        lengths.all += length;
    }
    return lengths;
}

static void say_span(struct paragraph *p, const struct lengths *lengths)
{
    char least[NUMBER_TEXT_SIZE], most[NUMBER_TEXT_SIZE];
    paragraph_length(lengths->least, least);
    paragraph_length(lengths->most, most);
    if (text_equal(least, most))
        paragraph_say(p, "%s", most);
    else
        paragraph_say(p, "%s to %s", least, most);
}

/* "job1, job2, job3, job4 and 76 more. " */
static void say_jobs(struct paragraph *p, const struct outline *outline, const struct kin *kin)
{
    size_t told = 0;
    for (size_t i = kin->first; i <= kin->last && told < NAMES_TOLD; i++) {
        if (!is_kin(outline, kin, i))
            continue;
        told++;
        bool is_last = told == kin->count;
        paragraph_say(p, "%s%s", told == 1 ? "" : (is_last ? " and " : ", "),
                      outline->narrative->chapters.items[i].job);
    }
    if (kin->count > told)
        paragraph_say(p, " and %zu more", kin->count - told);
    paragraph_say(p, ". ");
}

static void say_faults(struct paragraph *p, const struct kin *kin)
{
    const struct chapter *last = &p->narrative->chapters.items[kin->last];
    paragraph_say(p, "The first was %s, the last %s", p->chapter->node, last->node);
    if (kin->likeness.reason)
        paragraph_say(p, " (%s)", kin->likeness.reason);
    else if (p->chapter->script != SIZE_MAX)
        paragraph_say(p, "; the script did what it says");
    if (kin->likeness.effect == FAULT_EFFECT_MEANWHILE)
        paragraph_say(p, ". Each time some job was down, starting or being rescaled; its chapter "
                         "tells what became of it. ");
    else if (kin->likeness.job)
        paragraph_say(p, ". No task ran there: no job went down by it. ");
    else
        paragraph_say(p, ". Nothing noticeable followed: no task failed, no checkpoint failed or "
                         "took much longer, and no sample shows a lag that rose by 1 s. ");
}

static void say_kept_from_running(struct paragraph *p, const struct lengths *lengths)
{
    char all[NUMBER_TEXT_SIZE];
    paragraph_say(p, "Its tasks were kept from running for ");
    say_span(p, lengths);
    paragraph_say(p, " each time, %s in all. ", paragraph_length(lengths->all, all));
}

static void say_outages(struct paragraph *p, const struct kin *kin, const struct lengths *lengths)
{
    const struct likeness *likeness = &kin->likeness;
    paragraph_say(p, "Each time a subtask of %s FAILED (%s)",
                  likeness->word ? likeness->word : "a vertex",
                  likeness->reason ? likeness->reason : "no reason given");
    if (likeness->checkpoint > 0)
        paragraph_say(p, ", and the job went back to checkpoint %" PRId64 ". ",
                      likeness->checkpoint);
    else
        paragraph_say(p, ", there was no checkpoint to go back to, and the job began anew. ");
    say_kept_from_running(p, lengths);
}

static void say_commands(struct paragraph *p, const struct kin *kin, const struct lengths *lengths)
{
    paragraph_say(p, "The script did what it says. ");
    if (same(kin->likeness.word, "add"))
        return;
    paragraph_say(p,
                  same(kin->likeness.word, "savepoint") ? "Each completed " : "Each was accepted ");
    say_span(p, lengths);
    paragraph_say(p, " later. ");
}

static void put_title(const struct outline *outline, const struct kin *kin, char *out, size_t size)
{
    const struct narrative *narrative = outline->narrative;
    const struct chapter *chapter = &narrative->chapters.items[kin->first];
    switch (chapter->kind) {
    case CHAPTER_START: text_format(out, size, "%zu jobs are submitted", kin->count); break;
    case CHAPTER_END: text_format(out, size, "%zu jobs end", kin->count); break;
    case CHAPTER_RESCALE:
        text_format(out, size, "%s is rescaled %zu times", chapter->job, kin->count);
        break;
    case CHAPTER_INCIDENT:
        text_format(out, size, "%s goes down %zu times", chapter->job, kin->count);
        break;
    case CHAPTER_COMMAND: command_title(narrative, chapter, kin->count, out, size); break;
    case CHAPTER_FAULT:
        if (is_at_once(outline, kin))
            fault_title(narrative, chapter, kin->count - 1, out, size);
        else
            fault_title_times(narrative, chapter, kin->count, out, size);
        break;
    case CHAPTER_CHECKPOINTS:
    case CHAPTER_EXIT:
    case CHAPTER_KIND_COUNT: IMPOSSIBLE("chapters of their own");
    }
}

static void say_all(struct paragraph *p, const struct outline *outline, const struct kin *kin)
{
    struct lengths lengths = lengths_of(outline, kin);
    char from[NUMBER_TEXT_SIZE], to[NUMBER_TEXT_SIZE];
    const struct chapter *last = &outline->narrative->chapters.items[kin->last];
    if (last->from > p->chapter->from)
        paragraph_say(p, "From %s to %s. ", paragraph_moment(p, p->chapter->from, from),
                      paragraph_moment(p, last->from, to));
    switch (p->chapter->kind) {
    case CHAPTER_START:
        say_jobs(p, outline, kin);
        if (!p->chapter->is_over) {
            paragraph_say(p, "The run ended before all tasks of any of them ran. ");
            break;
        }
        paragraph_say(p, "All tasks of each were RUNNING ");
        say_span(p, &lengths);
        paragraph_say(p, " after its submission. ");
        break;
    case CHAPTER_END:
        say_jobs(p, outline, kin);
        paragraph_say(p, "Each ended as %s%s. ",
                      kin->likeness.reason ? kin->likeness.reason : "it was",
                      kin->likeness.word ? ", as the script had asked" : "");
        break;
    case CHAPTER_RESCALE: say_kept_from_running(p, &lengths); break;
    case CHAPTER_INCIDENT: say_outages(p, kin, &lengths); break;
    case CHAPTER_COMMAND: say_commands(p, kin, &lengths); break;
    case CHAPTER_FAULT:
        if (is_at_once(outline, kin))
            narrative_tell_fault(p, true);
        else
            say_faults(p, kin);
        break;
    case CHAPTER_CHECKPOINTS:
    case CHAPTER_EXIT:
    case CHAPTER_KIND_COUNT: IMPOSSIBLE("chapters of their own");
    }
}

static void tell_row(const struct outline *outline, const struct outline_row *row, FILE *file)
{
    const struct chapter *chapter = chapter_of(outline, row);
    struct paragraph p = { .narrative = outline->narrative, .chapter = chapter };
    char title[TITLE_SIZE];
    if (row->kin == SIZE_MAX) {
        narrative_tell(outline->narrative, chapter, file);
        return;
    }
    const struct kin *kin = &outline->kins.items[row->kin];
    put_title(outline, kin, title, sizeof title);
    say_all(&p, outline, kin);
    paragraph_put(&p, title, file);
}

/* "31 more are left out, which weigh less: 30 outages, 1 rescale; ..." */
static void tell_left_out(const struct outline *outline, FILE *file)
{
    static const char *const names[CHAPTER_KIND_COUNT][2] = {
        [CHAPTER_START] = { "submission", "submissions" },
        [CHAPTER_INCIDENT] = { "outage", "outages" },
        [CHAPTER_RESCALE] = { "rescale", "rescales" },
        [CHAPTER_END] = { "end of a job", "ends of jobs" },
        [CHAPTER_CHECKPOINTS] = { "row of failed checkpoints", "rows of failed checkpoints" },
        [CHAPTER_EXIT] = { "process that ended by itself", "processes that ended by themselves" },
        [CHAPTER_FAULT] = { "fault without an outage", "faults without an outage" },
        [CHAPTER_COMMAND] = { "command of the script", "commands of the script" },
    };
    size_t left[CHAPTER_KIND_COUNT] = { 0 }, all = 0, length = 0;
    char text[PARAGRAPH_SIZE], counts[PARAGRAPH_SIZE] = "";
    for (VEC_EACH(const struct outline_row, row, &outline->rows)) {
        if (row->is_shown)
            continue;
        size_t count = row->kin == SIZE_MAX ? 1 : outline->kins.items[row->kin].count;
        left[chapter_of(outline, row)->kind] += count;
        all += count;
    }
    if (all == 0)
        return;
    for (int kind = 0; kind < CHAPTER_KIND_COUNT; kind++)
        if (left[kind] > 0)
            length += text_format(counts + length, sizeof counts - length, "%s%zu %s",
                                  length ? ", " : "", left[kind], names[kind][left[kind] > 1]);
    text_format(text, sizeof text,
                "%zu more, which weigh less, %s left out: %s. --all tells them one by one, --at "
                "TIME what was going on at a time.",
                all, all == 1 ? "is" : "are", counts);
    terminal_put_wrapped(text, "", file);
}

void outline_tell(const struct narrative *narrative, size_t limit, FILE *file)
{
    struct outline outline;
    outline_init(&outline, narrative);
    choose(&outline, limit);
    for (VEC_EACH(const struct outline_row, row, &outline.rows))
        if (row->is_shown)
            tell_row(&outline, row, file);
    tell_left_out(&outline, file);
    outline_fini(&outline);
}
