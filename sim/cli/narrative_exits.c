/* SPDX-License-Identifier: Apache-2.0
 *
 * Chapters of TaskManagers that end by themselves, which no task need notice: why, what led to it,
 * and what comes up after them. In: the log. Those that go for the same reason soon after one
 * another are told together. Invariant: every "process exited" of the log is in one chapter.
 */
#include "core/base/text.h"
#include "sim/cli/narrative_parts.h"
#include "sim/report/causes.h"

/* What befalls all of them is noticed by each in its own time, with its next heartbeat. */
#define TOGETHER TIME_MIN

enum { LINK_SIZE = 400 };

static const struct log_entry *entry_at(const struct paragraph *p, size_t place)
{
    return &p->narrative->log->entries.items[place];
}

/* Texts of a log are kept once each. */
static bool is_exit(const struct log_entry *entry, const char *reason)
{
    return entry->reason == reason && run_log_fits(entry, "process exited");
}

static bool goes_with(const struct narrative *narrative, const struct chapter *chapter,
                      size_t place)
{
    const struct log_entry *entries = narrative->log->entries.items;
    return chapter->kind == CHAPTER_EXIT && entries[place].at - chapter->from <= TOGETHER &&
           is_exit(&entries[place], entries[chapter->first].reason);
}

void narrative_add_exits(struct narrative *narrative)
{
    const struct log_entry *entries = narrative->log->entries.items;
    size_t begun = narrative->chapters.count;
    for (size_t i = 0; i < narrative->log->entries.count; i++) {
        struct chapter *with = NULL;
        if (!run_log_fits(&entries[i], "process exited"))
            continue;
        for (size_t c = narrative->chapters.count; !with && c-- > begun;) {
            struct chapter *chapter = &narrative->chapters.items[c];
            if (entries[i].at - chapter->from > TOGETHER)
                break; /* and so are those before it */
            with = goes_with(narrative, chapter, i) ? chapter : NULL;
        }
        if (with) {
            with->last = i;
            with->to = entries[i].at;
            continue;
        }
        vec_push(&narrative->chapters, (struct chapter){ .kind = CHAPTER_EXIT,
                                                         .node = entries[i].node,
                                                         .cause = i,
                                                         .script = SIZE_MAX,
                                                         .first = i,
                                                         .last = i,
                                                         .is_over = true,
                                                         .fault_at = entries[i].at,
                                                         .from = entries[i].at,
                                                         .to = entries[i].at });
    }
}

static size_t count_exits(const struct paragraph *p)
{
    size_t all = 0;
    for (size_t i = p->chapter->first; i <= p->chapter->last; i++)
        all += is_exit(entry_at(p, i), entry_at(p, p->chapter->first)->reason);
    return all;
}

/* A process that has ended does not come back; another one may. */
static void tell_replacement(struct paragraph *p)
{
    char at[NUMBER_TEXT_SIZE];
    for (size_t i = p->chapter->last + 1; i < p->narrative->log->entries.count; i++) {
        const struct log_entry *entry = entry_at(p, i);
        if (!run_log_fits(entry, "process up"))
            continue;
        paragraph_say(p, "The next to come up was %s, at %s.", entry->node,
                      paragraph_moment(p, entry->at, at));
        return;
    }
    paragraph_say(p, "None came up after that.");
}

/* "5 min before, taskmanager resource manager lost: heartbeat timeout; ..." What is of the same
 * instant as the exit is the same in other words. */
static void tell_causes(struct paragraph *p, bool is_one)
{
    struct cause_chain chain;
    bool is_told = false;
    const struct log_entry *exited = entry_at(p, p->chapter->first);
    causes_of(p->narrative->log, p->chapter->first, &chain);
    for (size_t i = 1; i < chain.count; i++) {
        char before[NUMBER_TEXT_SIZE], text[LINK_SIZE];
        const struct log_entry *cause = entry_at(p, chain.place[i]);
        if (cause->at == exited->at)
            continue;
        run_log_describe(cause, text, sizeof text);
        paragraph_say(p, "%s%s before, %s",
                      is_told  ? "; "
                      : is_one ? "What led to it: "
                               : "What led to the first: ",
                      paragraph_length(exited->at - cause->at, before), text);
        is_told = true;
    }
    if (is_told)
        paragraph_say(p, ". ");
}

void narrative_tell_exits(struct paragraph *p)
{
    const char *reason = entry_at(p, p->chapter->first)->reason;
    char last[NUMBER_TEXT_SIZE];
    size_t all = count_exits(p);
    if (all == 1)
        paragraph_say(p, "Its process ended by itself");
    else
        paragraph_say(p, "%zu processes ended by themselves, the last at %s", all,
                      paragraph_moment(p, p->chapter->to, last));
    paragraph_say(p, "%s%s. ", reason ? ": " : "", reason ? reason : "");
    tell_causes(p, all == 1);
    tell_replacement(p);
}
