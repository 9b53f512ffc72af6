/* SPDX-License-Identifier: Apache-2.0
 *
 * How an outage is noticed. In: its chapter. Out: sentences. Invariant: the failure of a task is a
 * notice of the fault only where its causes lead to that, or lead nowhere and it names a process
 * that the fault struck; what fails meanwhile by another fault is told as that.
 */
#include <inttypes.h>

#include "core/base/text.h"
#include "sim/cli/narrative_parts.h"
#include "sim/report/causes.h"
#include "sim/report/incidents.h"

enum { FAULTS_TOLD = 4 };

static const char failed_task[] = "execution * -> FAILED";

static const struct log_entry *entry_at(const struct paragraph *p, size_t place)
{
    return &p->narrative->log->entries.items[place];
}

static bool is_of_job(const struct paragraph *p, const struct log_entry *entry)
{
    return entry->job && entry->job == p->chapter->job;
}

/* No task of it has failed: what the first sign says, and the checkpoint that was one too many. */
static void tell_whole(struct paragraph *p)
{
    const struct log_entry *first = entry_at(p, p->chapter->first), *each;
    if (!first->reason)
        return;
    paragraph_say(p, "The job failed as a whole (%s). ", first->reason);
    for (size_t i = p->chapter->first; i-- > 0 && (each = entry_at(p, i))->at == first->at;) {
        if (!is_of_job(p, each) || !run_log_fits(each, "checkpoint failed"))
            continue;
        paragraph_say(p, "The last was checkpoint %" PRId64 "%s%s. ", each->checkpoint,
                      each->reason ? ": " : "", each->reason ? each->reason : "");
        return;
    }
}

/* By its checkpoints, whatever failed its tasks meanwhile. */
static bool fails_whole(const struct paragraph *p)
{
    const char *reason = entry_at(p, p->chapter->first)->reason;
    return reason && text_equal(reason, failure_cause_sentence(CAUSE_CHECKPOINT_FAILURES));
}

/* What it struck lies together in the log, whose texts are kept once each. */
bool paragraph_is_struck(const struct paragraph *p, const char *node)
{
    const struct log_entry *cause = entry_at(p, p->chapter->cause), *each;
    for (size_t i = p->chapter->cause;
         i < p->narrative->log->entries.count && (each = entry_at(p, i))->at == cause->at; i++)
        if (node && each->node == node && text_equal(each->machine, "process"))
            return true;
    return false;
}

size_t paragraph_fault(const struct paragraph *p, size_t place)
{
    struct cause_chain chain;
    causes_of(p->narrative->log, place, &chain);
    return causes_fault(p->narrative->log, &chain);
}

bool paragraph_leads_to(const struct paragraph *p, size_t effect, size_t cause)
{
    struct cause_chain chain;
    causes_of(p->narrative->log, effect, &chain);
    for (size_t link = 1; link < chain.count; link++)
        if (chain.place[link] == cause)
            return true;
    return false;
}

/* The script has a line for each process that it strikes; what it makes a task do is of none. */
static bool strikes_process(const struct log_entry *entry)
{
    return text_equal(entry->machine, "process") ||
           (text_equal(entry->machine, "script") && entry->node &&
            !text_equal(entry->node, "world"));
}

bool paragraph_is_cause(const struct paragraph *p, size_t fault)
{
    const struct log_entry *own = entry_at(p, p->chapter->cause), *other = entry_at(p, fault);
    return fault == p->chapter->cause ||
           (strikes_process(own) && strikes_process(other) &&
            text_equal(own->machine, other->machine) && other->at == own->at &&
            text_equal(other->what, own->what));
}

static bool is_notice(const struct paragraph *p, size_t place)
{
    const struct log_entry *entry = entry_at(p, place);
    size_t fault = paragraph_fault(p, place);
    if (fault != SIZE_MAX)
        return paragraph_is_cause(p, fault);
    return paragraph_is_struck(p, entry->peer) || paragraph_is_struck(p, entry->remote);
}

/* The next task of the job that failed in the chapter; SIZE_MAX: none did. */
static size_t next_failed(const struct paragraph *p, size_t from)
{
    for (size_t i = from; i <= p->chapter->last; i++)
        if (is_of_job(p, entry_at(p, i)) && run_log_fits(entry_at(p, i), failed_task))
            return i;
    return SIZE_MAX;
}

void paragraph_say_failed(struct paragraph *p, size_t place, bool begins)
{
    const struct log_entry *failed = entry_at(p, place);
    paragraph_say(p, "%s %" PRId64 " of %s%s%s FAILED (%s%s%s)", begins ? "Subtask" : "subtask",
                  failed->subtask, failed->vertex ? failed->vertex : "a vertex",
                  failed->peer ? " on " : "", failed->peer ? failed->peer : "",
                  failed->reason ? failed->reason : "no reason given", failed->remote ? ": " : "",
                  failed->remote ? failed->remote : "");
}

static void tell_more(struct paragraph *p, size_t more)
{
    if (more > 0)
        paragraph_say(p, ", and %zu more failed until the end of it", more);
    paragraph_say(p, ". ");
}

/* What comes before the first failure of a task; false: that begins a sentence. What there was to
 * notice a fault says, where there is one. */
static bool tell_noticed(struct paragraph *p, time_ns failed_at)
{
    char after[NUMBER_TEXT_SIZE];
    time_ns later = failed_at - p->chapter->from;
    paragraph_length(later, after);
    if (p->chapter->has_fault && later > 0)
        paragraph_say(p, "It was noticed %s later: ", after);
    else if (p->chapter->has_fault)
        paragraph_say(p, "It was noticed at once: ");
    else if (later >= TIME_MS)
        paragraph_say(p, "Not all of its tasks ran any more, which was noticed %s later: ", after);
    return p->chapter->has_fault || later >= TIME_MS;
}

/* Another fault was quicker to make a task fail; `noticed` may be none. */
static void tell_overtaken(struct paragraph *p, size_t failed, size_t noticed)
{
    char after[NUMBER_TEXT_SIZE], text[INCIDENT_CAUSE_SIZE];
    time_ns from = p->chapter->from;
    size_t fault = paragraph_fault(p, failed), all = paragraph_count(p, failed_task);
    paragraph_say(p, "Before that was noticed, %s later, ",
                  paragraph_length(entry_at(p, failed)->at - from, after));
    paragraph_say_failed(p, failed, false);
    if (fault != SIZE_MAX) {
        incident_fault_text(entry_at(p, fault), text);
        paragraph_say(p, " by another fault (%s)", text);
    }
    if (noticed == SIZE_MAX) {
        tell_more(p, all - 1);
        paragraph_say(p, "No task failed by what the outage began with. ");
        return;
    }
    paragraph_say(p, ". What the outage began with was noticed %s after that: ",
                  paragraph_length(entry_at(p, noticed)->at - from, after));
    paragraph_say_failed(p, noticed, false);
    tell_more(p, all - 2);
}

void narrative_tell_detection(struct paragraph *p)
{
    size_t failed = next_failed(p, p->chapter->first), noticed = failed;
    if (p->chapter->is_unnoticed) {
        paragraph_say(p, "Tasks stopped, and the JobManager did not hear of it. ");
        return;
    }
    if (failed == SIZE_MAX) {
        tell_whole(p);
        return;
    }
    if (fails_whole(p)) {
        tell_whole(p);
        narrative_tell_spoiled(p);
        return;
    }
    while (p->chapter->has_fault && noticed != SIZE_MAX && !is_notice(p, noticed))
        noticed = next_failed(p, noticed + 1);
    if (noticed != failed) {
        tell_overtaken(p, failed, noticed);
        return;
    }
    paragraph_say_failed(p, failed, !tell_noticed(p, entry_at(p, failed)->at));
    tell_more(p, paragraph_count(p, failed_task) - 1);
}

/* Each fault with its first failure: one may fail many tries. */
void narrative_tell_spoiled(struct paragraph *p)
{
    size_t told[FAULTS_TOLD], count = 0, more = 0;
    char after[NUMBER_TEXT_SIZE], text[INCIDENT_CAUSE_SIZE];
    for (size_t i = next_failed(p, p->chapter->first); i != SIZE_MAX; i = next_failed(p, i + 1)) {
        size_t fault = paragraph_fault(p, i);
        bool is_told = count == FAULTS_TOLD;
        for (size_t t = 0; t < count; t++)
            is_told = is_told || told[t] == fault;
        if (is_told) {
            more++;
            continue;
        }
        told[count++] = fault;
        paragraph_say(p, "%s after that began, ",
                      paragraph_length(entry_at(p, i)->at - p->chapter->from, after));
        paragraph_say_failed(p, i, false);
        if (fault != SIZE_MAX) {
            incident_fault_text(entry_at(p, fault), text);
            paragraph_say(p, " by a fault (%s)", text);
        }
        paragraph_say(p, ". ");
    }
    if (more > 0)
        paragraph_say(p, "%zu more failed until the end of it. ", more);
}
