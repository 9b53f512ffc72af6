/* SPDX-License-Identifier: Apache-2.0
 *
 * The sentences of a chapter. Each looks through the chapter's lines for what it tells and says
 * nothing when that did not happen.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "core/base/text.h"
#include "sim/cli/narrative_parts.h"
#include "sim/cli/terminal.h"
#include "sim/report/number_text.h"

enum { TITLE_SIZE = 256 };

void paragraph_say(struct paragraph *p, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    p->length += text_format_args(p->text + p->length, sizeof p->text - p->length, fmt, args);
    va_end(args);
}

const char *paragraph_length(time_ns length, char out[NUMBER_TEXT_SIZE])
{
    number_text_seconds((double)length / (double)TIME_S, out);
    return out;
}

const char *paragraph_moment(const struct paragraph *p, time_ns at, char out[NUMBER_TEXT_SIZE])
{
    number_text_moment(at, p->narrative->duration, out);
    return out;
}

void paragraph_put(struct paragraph *p, const char *title, FILE *file)
{
    char at[NUMBER_TEXT_SIZE], head[NUMBER_TEXT_SIZE + 2];
    while (p->length > 0 && p->text[p->length - 1] == ' ')
        p->text[--p->length] = '\0';
    text_format(head, sizeof head, "%s  ", paragraph_moment(p, p->chapter->from, at));
    terminal_put_hanging(head, title, file);
    terminal_put_wrapped(p->text, "    ", file);
    fputc('\n', file);
}

static const struct log_entry *entry_at(const struct paragraph *p, size_t place)
{
    return &p->narrative->log->entries.items[place];
}

static bool is_of_job(const struct paragraph *p, const struct log_entry *entry)
{
    return entry->job && entry->job == p->chapter->job;
}

const struct log_entry *narrative_find(const struct narrative *narrative,
                                       const struct chapter *chapter, const char *pattern,
                                       bool last)
{
    const struct log_entry *found = NULL;
    for (size_t i = chapter->first; i <= chapter->last; i++) {
        const struct log_entry *entry = &narrative->log->entries.items[i];
        if (!entry->job || entry->job != chapter->job || !run_log_fits(entry, pattern))
            continue;
        found = entry;
        if (!last)
            break;
    }
    return found;
}

static const struct log_entry *find(const struct paragraph *p, const char *pattern, bool last)
{
    return narrative_find(p->narrative, p->chapter, pattern, last);
}

size_t paragraph_count(const struct paragraph *p, const char *pattern)
{
    size_t found = 0;
    for (size_t i = p->chapter->first; i <= p->chapter->last; i++)
        found += is_of_job(p, entry_at(p, i)) && run_log_fits(entry_at(p, i), pattern);
    return found;
}

/* Sentences. */

/* One machine, or many at once: they lie together in the log, since faults strike first. */
static void tell_struck(struct paragraph *p, const struct log_entry *cause)
{
    size_t more = 0;
    for (size_t i = p->chapter->cause + 1;
         i < p->narrative->log->entries.count && entry_at(p, i)->at == cause->at; i++)
        more += text_equal(entry_at(p, i)->machine, cause->machine) &&
                text_equal(entry_at(p, i)->what, cause->what) && entry_at(p, i)->node &&
                !text_equal(entry_at(p, i)->node, cause->node);
    paragraph_say(p, "%s", cause->node);
    if (more > 0)
        paragraph_say(p, " and %zu more", more);
    if (text_equal(cause->what, "exited"))
        paragraph_say(p, " ended by %s", more > 0 ? "themselves" : "itself");
    else
        paragraph_say(p, " %s %s", more > 0 ? "were" : "was", fault_past(cause->what));
    paragraph_say(p, "%s%s. ", cause->reason ? ": " : "", cause->reason ? cause->reason : "");
}

static void tell_script(struct paragraph *p, const struct log_entry *script, const char *first)
{
    paragraph_say(p, "%she script did what it says (%s)", first,
                  script->reason ? script->reason : script->what);
    fault_say_done(p, script);
    paragraph_say(p, ". ");
}

static void tell_fault(struct paragraph *p)
{
    const struct log_entry *cause = entry_at(p, p->chapter->cause);
    time_ns before = p->chapter->from - p->chapter->fault_at;
    char length[NUMBER_TEXT_SIZE];
    if (!p->chapter->has_fault) { /* what the next sentence tells is all that the log has */
        if (p->chapter->is_unnoticed && p->chapter->why)
            paragraph_say(p, "The cause: %s. ", p->chapter->why);
        return;
    }
    if (before > 0)
        paragraph_say(p, "%s before, ", paragraph_length(before, length));
    if (text_equal(cause->machine, "script"))
        tell_script(p, cause, before > 0 ? "t" : "T");
    else
        tell_struck(p, cause);
}

/* Each time that the scheduler gave requests up: how many slots the job lacked. Regions ask each
 * for itself, and those that began together give up together. */
struct vain_tries {
    size_t lines, times;
    int64_t least, most;
};

static void end_try(struct vain_tries *tries, int64_t missing)
{
    tries->least = tries->times == 0 || missing < tries->least ? missing : tries->least;
    tries->most = missing > tries->most ? missing : tries->most;
    tries->times++;
}

static struct vain_tries find_vain_tries(const struct paragraph *p, const char *pattern)
{
    struct vain_tries tries = { 0 };
    int64_t missing = 0;
    time_ns at = 0;
    for (size_t i = p->chapter->first; i <= p->chapter->last; i++) {
        const struct log_entry *entry = entry_at(p, i);
        if (!is_of_job(p, entry) || !run_log_fits(entry, pattern))
            continue;
        if (tries.lines > 0 && entry->at != at) {
            end_try(&tries, missing);
            missing = 0;
        }
        missing += entry->value;
        at = entry->at;
        tries.lines++;
    }
    if (tries.lines > 0)
        end_try(&tries, missing);
    return tries;
}

static const char vain[] = "job could not acquire the minimum required resources";

/* Before all tasks of a job ran for the first time: the tries that failed, for want of slots or
 * otherwise. */
static void tell_vain_tries(struct paragraph *p)
{
    char after[NUMBER_TEXT_SIZE];
    struct vain_tries tries = find_vain_tries(p, vain);
    size_t restarts = paragraph_count(p, "job tasks will be restarted") +
                      paragraph_count(p, "scheduler Restarting");
    const struct log_entry *first = find(p, vain, false);
    const struct log_entry *failed = find(p, "execution * -> FAILED", true);
    if (first) {
        paragraph_say(p, "It asked in vain for the slots it needs, %zu time%s, ", tries.times,
                      tries.times == 1 ? "" : "s");
        if (tries.lines > tries.times)
            paragraph_say(p, "each region for itself, ");
        paragraph_say(p, "%s%s after the submission, and %" PRId64, tries.times > 1 ? "first " : "",
                      paragraph_length(first->at - p->chapter->from, after), tries.least);
        if (tries.most > tries.least)
            paragraph_say(p, " to %" PRId64, tries.most);
        paragraph_say(p, " %s missing%s. ", tries.most == 1 ? "was" : "were",
                      tries.lines > tries.times ? " in all" : "");
    }
    if (restarts > tries.lines && failed)
        paragraph_say(
            p, "Tasks failed before all of them ran, at last subtask %" PRId64 " of %s (%s). ",
            failed->subtask, failed->vertex ? failed->vertex : "a vertex",
            failed->reason ? failed->reason : "no reason given");
}

/* What came last before the tasks that came to run were deployed, and may have brought slots: a
 * TaskManager, or the end of another job. */
static void tell_slots_came(struct paragraph *p)
{
    char before[NUMBER_TEXT_SIZE];
    bool is_deployed = false;
    time_ns deployed_at = 0;
    for (size_t i = p->chapter->last + 1; i-- > p->chapter->first;) {
        const struct log_entry *entry = entry_at(p, i);
        bool own = is_of_job(p, entry);
        if (!is_deployed) {
            is_deployed = own && run_log_fits(entry, "job first task DEPLOYING");
            deployed_at = entry->at;
            continue;
        }
        if (own && run_log_fits(entry, "job could not acquire*"))
            return; /* nothing has come since: a try that was luckier */
        bool registers = entry->peer && run_log_fits(entry, "resource manager registers");
        if (!registers && (own || !run_log_fits(entry, "dispatcher job ended")))
            continue;
        paragraph_say(p,
                      "What came last before its tasks were deployed, %s before, was that %s %s. ",
                      paragraph_length(deployed_at - entry->at, before),
                      registers ? entry->peer : entry->job, registers ? "registered" : "ended");
        return;
    }
}

/* Why a job that was submitted does not run yet, where that took longer than TaskManagers take to
 * come up. */
static void tell_wait(struct paragraph *p)
{
    struct phases phases;
    char length[NUMBER_TEXT_SIZE];
    bool has_restarted =
        find(p, "job tasks will be restarted", false) || find(p, "scheduler Restarting", false);
    chapter_phases(p->narrative, p->chapter, &phases);
    bool is_long = phases.length[PHASE_WAIT] >= WAIT_TOLD;
    bool waits = !p->chapter->is_over && phases.last == PHASE_WAIT;
    if (!has_restarted && !is_long && !waits && !find(p, vain, false))
        return;
    tell_vain_tries(p);
    narrative_tell_restarts(p);
    if (!has_restarted && is_long)
        paragraph_say(p, "It waited %s for resources. ",
                      paragraph_length(phases.length[PHASE_WAIT], length));
    if (waits)
        paragraph_say(p, has_restarted || is_long ? "It waits for them still. "
                                                  : "It waits for resources. ");
    else if (is_long)
        tell_slots_came(p);
}

static void tell_restore(struct paragraph *p)
{
    char age[NUMBER_TEXT_SIZE];
    const struct log_entry *restore = find(p, "checkpoint restore from checkpoint", true);
    if (!restore) {
        if (p->chapter->kind == CHAPTER_INCIDENT && find(p, "job first task DEPLOYING", false))
            paragraph_say(p, "There was no checkpoint to go back to: the job began anew. ");
        return;
    }
    paragraph_say(p, "Its state came from checkpoint %" PRId64, restore->value);
    for (size_t i = p->chapter->last + 1; i-- > 0;) {
        const struct log_entry *entry = entry_at(p, i);
        if (!is_of_job(p, entry) || entry->checkpoint != restore->value ||
            !run_log_fits(entry, "checkpoint completed"))
            continue;
        if (p->chapter->from - entry->at >= TIME_MS)
            paragraph_say(p, ", completed %s before",
                          paragraph_length(p->chapter->from - entry->at, age));
        else if (entry->at <= p->chapter->from)
            paragraph_say(p, ", completed right before");
        break;
    }
    paragraph_say(p, ". ");
}

static void tell_end(struct paragraph *p)
{
    char after[NUMBER_TEXT_SIZE];
    const struct log_entry *last = entry_at(p, p->chapter->last);
    if (!p->chapter->is_over) {
        paragraph_say(p, "The run ended before all of its tasks ran%s.",
                      p->chapter->kind == CHAPTER_START ? "" : " again");
        return;
    }
    if (!run_log_fits(last, "job all tasks RUNNING")) {
        if (p->chapter->is_dead)
            paragraph_say(p, "The job FAILED %s after that%s%s.",
                          paragraph_length(last->at - p->chapter->from, after),
                          p->chapter->by ? ": " : "", p->chapter->by ? p->chapter->by : "");
        else
            paragraph_say(p, "The job was ended %s after that.",
                          paragraph_length(p->chapter->to - p->chapter->from, after));
        narrative_tell_dead(p);
        return;
    }
    if (last->value == 1)
        paragraph_say(p, "The job's only task was RUNNING");
    else
        paragraph_say(p, "All %" PRId64 " tasks were RUNNING", last->value);
    paragraph_say(p, "%s %s after %s%s%s.", p->chapter->kind == CHAPTER_START ? "" : " again",
                  paragraph_length(p->chapter->to - p->chapter->from, after),
                  p->chapter->kind == CHAPTER_INCIDENT  ? "it went down"
                  : p->chapter->kind == CHAPTER_RESCALE ? "that"
                                                        : "the submission",
                  last->reason ? ", at " : "", last->reason ? last->reason : "");
}

/* Was the job given requirements since its last size was worked out? Then it may be rescaled with
 * the slots that it had. */
static bool has_new_requirements(const struct paragraph *p)
{
    for (size_t i = p->chapter->first; i-- > 0;) {
        const struct log_entry *entry = entry_at(p, i);
        if (!is_of_job(p, entry))
            continue;
        if (run_log_fits(entry, "client rescale done"))
            return true;
        if (run_log_fits(entry, "scheduler CreatingExecutionGraph"))
            return false;
    }
    return false;
}

/* Sufficient resources may be all that are desired: once Stabilized, the transition manager does
 * not ask for these any more. */
static void tell_rescale(struct paragraph *p)
{
    const struct log_entry *first = entry_at(p, p->chapter->first);
    const struct chapter *chapter = p->chapter;
    bool desired = first->reason && text_equal(first->reason, "desired resources");
    bool is_known = desired || chapter->slots_wanted > 0;
    bool has_all = desired || chapter->slots_held >= chapter->slots_wanted;
    if (is_known && has_all)
        paragraph_say(p, "All the slots it wants were there");
    else
        paragraph_say(p, "%s%s",
                      has_new_requirements(p) ? "Slots for another size than before were there"
                                              : "Other slots than before were there",
                      is_known ? ", enough though not all it wants" : "");
    paragraph_say(p, ", so the adaptive scheduler %s. ",
                  chapter->kind == CHAPTER_RESCALE ? "restarted the job" : "set out to rescale");
}

/* "clicks goes down" */
static void put_title(const struct narrative *narrative, const struct chapter *chapter, char *out,
                      size_t size)
{
    static const char *const titles[] = { "is submitted", "goes down", "is rescaled", "ends",
                                          "completes no checkpoint" };
    bool several = chapter->last > chapter->first;
    switch (chapter->kind) {
    case CHAPTER_START:
    case CHAPTER_INCIDENT:
    case CHAPTER_RESCALE:
    case CHAPTER_END:
    case CHAPTER_CHECKPOINTS:
        text_format(out, size, "%s %s", chapter->job,
                    chapter->kind == CHAPTER_INCIDENT && chapter->is_rescale
                        ? "fails in a rescale"
                        : titles[chapter->kind]);
        break;
    case CHAPTER_EXIT:
        text_format(out, size, "%s %s", chapter->node,
                    several ? "and others end by themselves" : "ends by itself");
        break;
    case CHAPTER_FAULT: fault_title(narrative, chapter, 0, out, size); break;
    case CHAPTER_COMMAND: command_title(narrative, chapter, 1, out, size); break;
    case CHAPTER_KIND_COUNT: IMPOSSIBLE("a chapter of no kind");
    }
}

void narrative_tell(const struct narrative *narrative, const struct chapter *chapter, FILE *file)
{
    struct paragraph p = { .narrative = narrative, .chapter = chapter };
    char title[TITLE_SIZE];
    put_title(narrative, chapter, title, sizeof title);
    switch (chapter->kind) {
    case CHAPTER_START:
        tell_wait(&p);
        tell_end(&p);
        break;
    case CHAPTER_INCIDENT:
        if (chapter->is_rescale) {
            tell_rescale(&p);
            narrative_tell_spoiled(&p);
        } else {
            tell_fault(&p);
            narrative_tell_detection(&p);
        }
        narrative_tell_restarts(&p);
        narrative_tell_given_up(&p);
        tell_restore(&p);
        tell_end(&p);
        break;
    case CHAPTER_RESCALE:
        tell_rescale(&p);
        tell_restore(&p);
        tell_end(&p);
        break;
    case CHAPTER_END: narrative_tell_job_end(&p); break;
    case CHAPTER_CHECKPOINTS: narrative_tell_checkpoints(&p); break;
    case CHAPTER_EXIT: narrative_tell_exits(&p); break;
    case CHAPTER_FAULT: narrative_tell_fault(&p, false); break;
    case CHAPTER_COMMAND: narrative_tell_command(&p); break;
    case CHAPTER_KIND_COUNT: IMPOSSIBLE("a chapter of no kind");
    }
    paragraph_put(&p, title, file);
}
