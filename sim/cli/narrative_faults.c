/* SPDX-License-Identifier: Apache-2.0
 *
 * Chapters of what was done to processes, their hosts and their links, where no outage is put down
 * to it. In: the log, and the chapters of outages. Invariant: every such line of the log is in one
 * chapter, its own or that of the outage it brought.
 */
#include "core/base/text.h"
#include "sim/cli/narrative_effects.h"
#include "sim/cli/narrative_parts.h"
#include "sim/report/causes.h"

#include <inttypes.h>
#include <string.h>

/* A resource manager that hears nothing of a process gives it up within this. */
#define GIVEN_UP_WITHIN (2 * TIME_MIN)

enum { LABELS_TOLD = 4 };

static const char storage[] = "storage"; /* the machine of lines on it */

static const struct fault_row {
    const char *what;    /* of the line */
    const char *does;    /* what becomes of one */
    const char *all_do;  /* of several */
    const char *peer;    /* what stands between it and who is at the other end */
    const char *is_over; /* null: it does not pass */
} fault_rows[] = {
    { "killed", "is killed", "are killed", "", NULL },
    { "stopping", "is asked to stop", "are asked to stop", "", NULL },
    { "frozen", "is frozen", "are frozen", "", "went on" },
    { "cut off", "is cut off", "are cut off", " from ", "was reached again" },
    { "lossy", "loses packets", "lose packets", "", "lost none any more" },
    { "throttled", "has a worse link", "have worse links", " to ", "had its link back" },
    { "slowed", "is slowed", "are slowed", "", "ran at full speed again" },
    { "fails", "fails", "fail", "", "worked again" },
};

/* Behind "was" or "were". */
static const struct past_row {
    const char *what, *was;
} past_rows[] = {
    { "stopping", "asked to stop" },    { "lossy", "losing packets" },
    { "throttled", "on a worse link" }, { "resumed", "resumed after a freeze" },
    { "exited", "gone by itself" },     { "fails", "failing" },
};

const char *fault_past(const char *what)
{
    for (size_t i = 0; i < sizeof past_rows / sizeof *past_rows; i++)
        if (text_equal(what, past_rows[i].what))
            return past_rows[i].was;
    return what;
}

static bool is_of_storage(const struct log_entry *entry)
{
    return text_equal(entry->machine, storage);
}

/* Whose condition the line is. */
static const char *subject_of(const struct log_entry *entry)
{
    return is_of_storage(entry) ? storage : entry->node;
}

static const struct fault_row *row_of(const struct log_entry *entry)
{
    bool is_fault = text_equal(entry->machine, "process") || is_of_storage(entry);
    for (size_t i = 0; i < sizeof fault_rows / sizeof *fault_rows; i++)
        if (is_fault && text_equal(entry->what, fault_rows[i].what))
            return &fault_rows[i];
    return NULL;
}

/* While the log is read. */
struct faults {
    struct narrative *narrative;
    VEC(bool) told;       /* per line: an outage is put down to it */
    VEC(size_t) open;     /* chapters that go on */
    size_t script;        /* the last line of the script; SIZE_MAX */
    size_t chapters_then; /* how many there were */
};

/* What struck at the same instant in the same way is told by the outage, too; and all that did
 * where its text names no line. */
static void mark_outages(struct faults *faults)
{
    const struct log_entry *entries = faults->narrative->log->entries.items;
    size_t count = faults->narrative->log->entries.count;
    for (VEC_EACH(const struct chapter, chapter, &faults->narrative->chapters)) {
        bool may_begin = chapter->kind == CHAPTER_INCIDENT || chapter->is_dead;
        if (!may_begin || chapter->is_rescale)
            continue;
        size_t i =
            run_log_place(faults->narrative->log, chapter->fault_at - SAME(chapter->fault_at));
        const struct log_entry *cause = chapter->has_fault ? &entries[chapter->cause] : NULL;
        for (; i < count && entries[i].at <= chapter->fault_at + SAME(chapter->fault_at); i++)
            if (!cause || (text_equal(entries[i].machine, cause->machine) &&
                           text_equal(entries[i].what, cause->what)))
                faults->told.items[i] = true;
    }
}

/* What the script does stands right behind its line, at the same instant. */
static size_t script_of(const struct faults *faults, time_ns at)
{
    const struct log_entry *entries = faults->narrative->log->entries.items;
    return faults->script != SIZE_MAX && entries[faults->script].at == at ? faults->script
                                                                          : SIZE_MAX;
}

/* The other end of a link: the script's line is of the one that it is about. */
static bool is_other_end(struct faults *faults, const struct log_entry *entry, size_t script)
{
    const struct log_entry *entries = faults->narrative->log->entries.items;
    if (script == SIZE_MAX || text_equal(entries[script].node, "world") ||
        text_equal(entries[script].node, entry->node) || faults->open.count == 0)
        return false;
    struct chapter *last = &faults->narrative->chapters.items[vec_last(&faults->open)];
    if (last->script != script || !text_equal(entries[last->first].what, entry->what))
        return false;
    last->peer = entry->node;
    return true;
}

static void begin_fault(struct faults *faults, size_t place)
{
    const struct log_entry *entry = &faults->narrative->log->entries.items[place];
    size_t script = script_of(faults, entry->at);
    bool lasts = causes_is_condition(entry);
    if (is_other_end(faults, entry, script))
        return;
    for (VEC_EACH(const size_t, open, &faults->open)) { /* one of several has ended, others last */
        const struct chapter *chapter = &faults->narrative->chapters.items[*open];
        const struct log_entry *first = &faults->narrative->log->entries.items[chapter->first];
        if (script == SIZE_MAX && text_equal(first->node, entry->node) &&
            text_equal(first->what, entry->what))
            return;
    }
    if (lasts)
        vec_push(&faults->open, faults->narrative->chapters.count);
    vec_push(&faults->narrative->chapters,
             (struct chapter){ .kind = CHAPTER_FAULT,
                               .node = subject_of(entry),
                               .cause = place,
                               .first = place,
                               .last = lasts ? faults->narrative->log->entries.count - 1 : place,
                               .script = script,
                               .is_over = !lasts,
                               .fault_at = entry->at,
                               .from = entry->at,
                               .to = lasts ? faults->narrative->duration : entry->at });
}

/* Gives whether it ended a process that was on its way out, by its own doing or its grace's end and
 * not the script's at that instant. */
static bool end_faults(struct faults *faults, size_t place)
{
    const struct log_entry *entries = faults->narrative->log->entries.items;
    const char *reason = entries[place].reason;
    bool by_itself =
        script_of(faults, entries[place].at) == SIZE_MAX || (reason && strstr(reason, "grace"));
    bool was_stopping = false;
    size_t kept = 0;
    for (size_t i = 0; i < faults->open.count; i++) {
        struct chapter *chapter = &faults->narrative->chapters.items[faults->open.items[i]];
        if (!causes_ends_condition(&entries[place], &entries[chapter->first])) {
            faults->open.items[kept++] = faults->open.items[i];
            continue;
        }
        was_stopping |= text_equal(entries[chapter->first].what, "stopping");
        chapter->is_over = true;
        chapter->last = place;
        chapter->to = entries[place].at;
    }
    faults->open.count = kept;
    return was_stopping && by_itself;
}

static bool is_told(const struct faults *faults, const struct chapter *chapter)
{
    return faults->told.items[chapter->first] ||
           (chapter->script != SIZE_MAX && faults->told.items[chapter->script]) ||
           (chapter->is_over && faults->told.items[chapter->last]);
}

static void drop_told(struct faults *faults)
{
    size_t kept = faults->chapters_then;
    for (size_t i = kept; i < faults->narrative->chapters.count; i++)
        if (!is_told(faults, &faults->narrative->chapters.items[i]))
            faults->narrative->chapters.items[kept++] = faults->narrative->chapters.items[i];
    faults->narrative->chapters.count = kept;
}

void narrative_add_faults(struct narrative *narrative)
{
    const struct log_entry *entries = narrative->log->entries.items;
    struct faults faults = { .narrative = narrative,
                             .script = SIZE_MAX,
                             .chapters_then = narrative->chapters.count };
    vec_resize(&faults.told, narrative->log->entries.count);
    for (VEC_EACH(bool, told, &faults.told))
        *told = false;
    mark_outages(&faults);
    for (size_t i = 0; i < narrative->log->entries.count; i++) {
        if (text_equal(entries[i].machine, "script"))
            faults.script = i;
        if (!text_equal(entries[i].machine, "process") && !is_of_storage(&entries[i]))
            continue;
        bool is_of_stop = end_faults(&faults, i);
        if (row_of(&entries[i]) && !is_of_stop)
            begin_fault(&faults, i);
    }
    drop_told(&faults);
    vec_fini(&faults.told);
    vec_fini(&faults.open);
}

/* Sentences. */

static const struct log_entry *entry_at(const struct paragraph *p, size_t place)
{
    return &p->narrative->log->entries.items[place];
}

void fault_title(const struct narrative *narrative, const struct chapter *chapter, size_t more,
                 char *out, size_t size)
{
    const struct fault_row *row = row_of(&narrative->log->entries.items[chapter->first]);
    if (more > 0)
        text_format(out, size, "%s and %zu more %s", chapter->node, more, row->all_do);
    else
        text_format(out, size, "%s %s%s%s", chapter->node, row->does,
                    chapter->peer ? row->peer : "", chapter->peer ? chapter->peer : "");
}

void fault_title_times(const struct narrative *narrative, const struct chapter *chapter,
                       size_t times, char *out, size_t size)
{
    const struct fault_row *row = row_of(&narrative->log->entries.items[chapter->first]);
    bool of_storage = is_of_storage(&narrative->log->entries.items[chapter->first]);
    text_format(out, size, "%zu times %s %s", times, of_storage ? storage : "a process", row->does);
}

/* Lines of what the script does stand right behind its own, those of both ends of a link too. */
static bool is_done_with(const struct log_entry *script, const struct log_entry *entry)
{
    return entry->at == script->at && row_of(entry) && text_equal(entry->what, script[1].what);
}

/* "kill tm1", "fail count 3", "fail-storage all", as events are called that have no label of their
 * own: only where many are struck it does not name them. */
static bool label_says_it(const struct log_entry *script)
{
    size_t length = strlen(script->what);
    bool is_own = script->reason && strncmp(script->reason, script->what, length) == 0 &&
                  script->reason[length] == ' ';
    return is_own && (text_equal(script->node, script->reason + length + 1) || script->vertex ||
                      text_equal(script->what, "fail-storage"));
}

/* How many lines behind the script's tell what it did. */
static size_t count_done(const struct paragraph *p, const struct log_entry *script)
{
    const struct run_log *log = p->narrative->log;
    const struct log_entry *end = log->entries.items + log->entries.count;
    size_t count = 0;
    for (const struct log_entry *e = script + 1; e < end && is_done_with(script, e); e++)
        count++;
    return count;
}

/* Of so many lines: what stands between two processes, of which the script names one. */
static bool is_between_two(const struct log_entry *script, size_t done)
{
    return done == 2 && *row_of(script + 1)->peer && !text_equal(script->node, "world");
}

static void say_between(struct paragraph *p, const struct log_entry *first)
{
    paragraph_say(p, "%s was %s%s%s", first->node, fault_past(first->what), row_of(first)->peer,
                  first[1].node);
}

void fault_say_condition(struct paragraph *p, const struct log_entry *condition)
{
    const struct log_entry *script = condition, *first = p->narrative->log->entries.items;
    while (script > first && script[-1].at == condition->at &&
           !text_equal(script->machine, "script"))
        script--;
    if (text_equal(script->machine, "script") && is_done_with(script, condition) &&
        is_between_two(script, count_done(p, script)))
        say_between(p, script + 1);
    else
        paragraph_say(p, "%s was %s", subject_of(condition), fault_past(condition->what));
}

void fault_say_done(struct paragraph *p, const struct log_entry *script)
{
    const struct log_entry *first = script + 1;
    size_t told = 0;
    if (label_says_it(script))
        return;
    if (script->vertex) {
        paragraph_say(p, ": subtask %" PRId64 " of %s was to fail", script->subtask,
                      script->vertex);
        return;
    }
    size_t all = count_done(p, script);
    if (is_between_two(script, all)) {
        paragraph_say(p, ": ");
        say_between(p, first);
        return;
    }
    for (; told < all && told < LABELS_TOLD; told++)
        paragraph_say(p, "%s%s",
                      told == 0         ? ": "
                      : told + 1 == all ? " and "
                                        : ", ",
                      subject_of(first + told));
    if (all > told)
        paragraph_say(p, " and %zu more", all - told);
    if (all > 0)
        paragraph_say(p, " %s %s", all == 1 ? "was" : "were", fault_past(first->what));
}

/* Of processes that share the chapter, each may have a line of its own. */
static void tell_script(struct paragraph *p, bool several)
{
    const struct log_entry *script = entry_at(p, p->chapter->script), *each;
    size_t all = 1;
    paragraph_say(p, "The script did what it says (%s",
                  script->reason ? script->reason : script->what);
    size_t count = several ? p->narrative->log->entries.count : 0;
    for (size_t i = p->chapter->script + 1; i < count && (each = entry_at(p, i))->at == script->at;
         i++) {
        bool is_like = text_equal(each->machine, "script") && text_equal(each->what, script->what);
        if (is_like && all++ < LABELS_TOLD)
            paragraph_say(p, ", %s", each->reason ? each->reason : each->what);
    }
    if (all > LABELS_TOLD)
        paragraph_say(p, " and %zu more", all - LABELS_TOLD);
    paragraph_say(p, "). ");
}

static void tell_why(struct paragraph *p, bool several)
{
    const struct log_entry *first = entry_at(p, p->chapter->first);
    if (p->chapter->script != SIZE_MAX) {
        tell_script(p, several);
    } else if (first->reason) {
        paragraph_say(p, "The reason: %s. ", first->reason);
    }
}

static void tell_over(struct paragraph *p, bool several)
{
    const struct chapter *chapter = p->chapter;
    const struct log_entry *first = entry_at(p, chapter->first), *last = entry_at(p, chapter->last);
    const struct fault_row *row = row_of(first);
    char length[NUMBER_TEXT_SIZE];
    if (text_equal(first->what, "killed"))
        return;
    if (!chapter->is_over) {
        paragraph_say(p, "That lasted until the end of the run. ");
        return;
    }
    paragraph_length(chapter->to - chapter->from, length);
    if (causes_ends_process(last))
        paragraph_say(p, "%s ended %s later (%s%s%s). ",
                      several ? "Their processes" : "Its process", length, last->what,
                      last->reason ? ": " : "", last->reason ? last->reason : "");
    else
        paragraph_say(p, "%s %s %s later. ", several ? "Each" : "It", row->is_over, length);
}

/* A process that was booting had no tasks. */
static bool was_up(const struct paragraph *p)
{
    for (size_t i = p->chapter->first; i-- > 0;) {
        const struct log_entry *entry = entry_at(p, i);
        if (!text_equal(entry->machine, "process") || !text_equal(entry->node, p->chapter->node))
            continue;
        if (text_equal(entry->what, "up"))
            return true;
        if (text_equal(entry->what, "added"))
            return false;
    }
    return true;
}

/* Not where something came between that explains it better. */
static void tell_given_up(struct paragraph *p)
{
    const struct log_entry *each;
    time_ns until = p->chapter->to + GIVEN_UP_WITHIN;
    char after[NUMBER_TEXT_SIZE];
    for (size_t i = p->chapter->first;
         i < p->narrative->log->entries.count && (each = entry_at(p, i))->at <= until; i++) {
        if (!each->peer || !text_equal(each->peer, p->chapter->node) ||
            !run_log_fits(each, "resource manager closes") ||
            !paragraph_leads_to(p, i, p->chapter->first))
            continue;
        paragraph_say(p, "The resource manager gave up %s %s after %s%s%s%s. ", p->chapter->node,
                      paragraph_length(each->at - p->chapter->from, after),
                      p->chapter->to > p->chapter->from ? "that began" : "that",
                      each->reason ? " (" : "", each->reason ? each->reason : "",
                      each->reason ? ")" : "");
        return;
    }
}

bool fault_ends_process(const struct narrative *narrative, const struct chapter *chapter)
{
    return chapter->is_over && causes_ends_process(&narrative->log->entries.items[chapter->last]);
}

void narrative_tell_fault(struct paragraph *p, bool several)
{
    bool ends = fault_ends_process(p->narrative, p->chapter);
    tell_why(p, several);
    tell_over(p, several);
    if (!was_up(p)) {
        paragraph_say(p, "It had not come up yet.");
        return;
    }
    tell_given_up(p);
    const char *idle = !ends ? NULL : several ? "any of them" : "it";
    enum fault_effect effect = effects_tell(p, idle);
    if (effect == FAULT_EFFECT_NONE && ends)
        paragraph_say(p, "No task ran on %s: no job went down by it. ", idle);
    else if (effect == FAULT_EFFECT_NONE)
        paragraph_say(p, "Nothing noticeable followed: no task failed, no checkpoint failed or "
                         "took much longer, and no sample shows a lag that rose by 1 s. ");
    effects_tell_ended(p);
}
