/* SPDX-License-Identifier: Apache-2.0
 *
 * Chapters of jobs that end: as what, why, who asked for it, and what became of one that FAILED.
 * In: the log around the end. Out: sentences.
 */
#include <inttypes.h>

#include "core/base/text.h"
#include "sim/cli/narrative_parts.h"

static const struct log_entry *entry_at(const struct paragraph *p, size_t place)
{
    return &p->narrative->log->entries.items[place];
}

static bool is_of_job(const struct paragraph *p, const struct log_entry *entry)
{
    return entry->job && entry->job == p->chapter->job;
}

/* From when the job FAILED. */
void narrative_tell_dead(struct paragraph *p)
{
    char length[NUMBER_TEXT_SIZE];
    time_ns to = p->chapter->to;
    if (!p->chapter->is_dead)
        return;
    paragraph_length(to - entry_at(p, p->chapter->last)->at, length);
    if (to == p->narrative->duration)
        paragraph_say(p, " Nothing of it ran for the %s that the run went on.", length);
    else
        paragraph_say(p, " %s later all tasks of the job ran that goes on from it.", length);
}

/* A job that was stopped meanwhile, or began anew, did not end by itself. */
static void tell_input_read(struct paragraph *p, const struct log_entry *ended)
{
    char after[NUMBER_TEXT_SIZE];
    const struct log_entry *each;
    for (size_t i = p->chapter->first; i-- > 0;) {
        each = entry_at(p, i);
        if (!is_of_job(p, each))
            continue;
        if (text_equal(each->machine, "client") || run_log_fits(each, "restore from checkpoint"))
            return;
        if (run_log_fits(each, "all input read")) {
            number_text_seconds((double)(ended->at - each->at) / (double)TIME_S, after);
            paragraph_say(p, " The last of its input had been worked off %s before.", after);
            return;
        }
    }
}

/* Of a savepoint that it was stopped with, the client's answer has the id. */
static void tell_asked(struct paragraph *p, const struct log_entry *ended)
{
    const struct chapter *chapter = p->chapter;
    char before[NUMBER_TEXT_SIZE];
    if (chapter->script == SIZE_MAX)
        return;
    const struct log_entry *script = entry_at(p, chapter->script);
    paragraph_say(p, " The script had asked for it %s before (%s)",
                  paragraph_length(ended->at - script->at, before),
                  script->reason ? script->reason : script->what);
    if (chapter->after != SIZE_MAX && text_equal(script->what, "stop-with-savepoint"))
        paragraph_say(p, ", and savepoint %" PRId64 " was taken",
                      entry_at(p, chapter->after)->value);
    paragraph_say(p, ".");
}

/* Of the same instant: why the job was archived without a graph's saying so, and before that, what
 * it could not start from. */
void narrative_tell_job_end(struct paragraph *p)
{
    const struct log_entry *ended = entry_at(p, p->chapter->first), *each;
    const char *why = NULL, *refused = NULL;
    for (size_t i = p->chapter->first; i-- > 0 && (each = entry_at(p, i))->at == ended->at;) {
        if (!is_of_job(p, each))
            continue;
        if (text_equal(each->what, "archived"))
            why = each->reason;
        else if (text_equal(each->what, "restore refused"))
            refused = each->reason;
    }
    why = refused ? refused : why;
    paragraph_say(p, "The job ended as %s%s%s.", ended->reason ? ended->reason : "it was",
                  why ? ": " : "", why ? why : "");
    if (p->chapter->by && !why)
        paragraph_say(p, " What it FAILED by: %s.", p->chapter->by);
    tell_asked(p, ended);
    if (ended->reason && text_equal(ended->reason, "FINISHED"))
        tell_input_read(p, ended);
    narrative_tell_dead(p);
}
