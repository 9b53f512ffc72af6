/* SPDX-License-Identifier: Apache-2.0
 *
 * Which TaskManagers the resource manager gave up in an outage, and how long after what struck
 * them. Those that went together are told together.
 */
#include "core/base/text.h"
#include "sim/cli/narrative_parts.h"
#include "sim/report/incidents.h"

enum { GIVEN_UP_SHOWN = 4 };

static const struct log_entry *entry_at(const struct paragraph *p, size_t place)
{
    return &p->narrative->log->entries.items[place];
}

static bool is_given_up(const struct log_entry *entry)
{
    return entry->peer && run_log_fits(entry, "resource manager closes");
}

/* When something was done to its process, no longer before than that takes to be noticed;
 * TIME_NEVER: nothing was. */
static time_ns struck_at(const struct paragraph *p, size_t place)
{
    const struct log_entry *given_up = entry_at(p, place), *each;
    for (size_t i = place;
         i-- > 0 && given_up->at - (each = entry_at(p, i))->at <= INCIDENT_FAULT_NEAR;)
        if (each->node == given_up->peer && text_equal(each->machine, "process"))
            return each->at;
    return TIME_NEVER;
}

/* Messages to the JobManager take their time: as good as at one instant, */
#define TOGETHER (20 * TIME_MS)

/* for one reason, by what struck them at one instant. */
static bool went_together(const struct paragraph *p, size_t a, size_t b)
{
    const struct log_entry *first = entry_at(p, a), *second = entry_at(p, b);
    return is_given_up(first) && is_given_up(second) && second->at - first->at <= TOGETHER &&
           first->reason == second->reason && struck_at(p, a) == struck_at(p, b);
}

/* What a length up to there is told from: the chapter's fault, or that which the line is put down
 * to. */
static time_ns since_what(const struct paragraph *p, size_t place, bool several,
                          char what[INCIDENT_CAUSE_SIZE])
{
    size_t place_of_fault = paragraph_fault(p, place);
    bool may_be_other = p->chapter->has_fault || p->chapter->is_rescale;
    text_format(what, INCIDENT_CAUSE_SIZE, p->chapter->is_rescale ? "that began" : "the fault");
    if (place_of_fault == SIZE_MAX || !may_be_other || paragraph_is_cause(p, place_of_fault))
        return p->chapter->fault_at;
    const struct log_entry *fault = entry_at(p, place_of_fault);
    if (text_equal(fault->machine, "script"))
        incident_fault_text(fault, what);
    else if (fault->node == entry_at(p, place)->peer)
        text_format(what, INCIDENT_CAUSE_SIZE, "%s %s", several ? "they were" : "it was",
                    fault_past(fault->what));
    else
        text_format(what, INCIDENT_CAUSE_SIZE, "%s was %s", fault->node, fault_past(fault->what));
    return fault->at;
}

static void tell_given_up_with(struct paragraph *p, size_t from)
{
    const struct log_entry *first = entry_at(p, from);
    char after[NUMBER_TEXT_SIZE], what[INCIDENT_CAUSE_SIZE];
    size_t all = 0, told = 0;
    for (size_t i = from; i <= p->chapter->last && entry_at(p, i)->at - first->at <= TOGETHER; i++)
        all += went_together(p, from, i);
    paragraph_say(p, "The resource manager gave up ");
    for (size_t i = from; told < all && told < GIVEN_UP_SHOWN; i++) {
        if (!went_together(p, from, i))
            continue;
        told++;
        paragraph_say(p, "%s%s", told == 1 ? "" : (told == all ? " and " : ", "),
                      entry_at(p, i)->peer);
    }
    if (all > told)
        paragraph_say(p, " and %zu more", all - told);
    time_ns since = since_what(p, from, all > 1, what);
    paragraph_say(p, " %s after %s%s%s%s. ", paragraph_length(first->at - since, after), what,
                  first->reason ? " (" : "", first->reason ? first->reason : "",
                  first->reason ? ")" : "");
}

/* Of what was given up before the job went down, only what the fault struck is told. */
static bool is_of_chapter(const struct paragraph *p, const struct log_entry *entry)
{
    return is_given_up(entry) &&
           (entry->at + SAME(entry->at) >= p->chapter->from || paragraph_is_struck(p, entry->peer));
}

/* Contacts that were given up are not the job's lines only, so all are looked at. */
void narrative_tell_given_up(struct paragraph *p)
{
    size_t told[GIVEN_UP_SHOWN], shown = 0, more = 0;
    bool is_near = p->chapter->from - p->chapter->fault_at <= INCIDENT_FAULT_NEAR;
    size_t from = is_near ? p->chapter->cause : p->chapter->first;
    for (size_t i = from; i <= p->chapter->last; i++) {
        bool is_new = is_of_chapter(p, entry_at(p, i));
        for (size_t t = 0; is_new && t < shown; t++)
            is_new = !went_together(p, told[t], i);
        if (!is_new)
            continue;
        if (shown == GIVEN_UP_SHOWN) {
            more++;
            continue;
        }
        told[shown++] = i;
        tell_given_up_with(p, i);
    }
    if (more > 0)
        paragraph_say(p, "It gave up %zu more after these. ", more);
}
