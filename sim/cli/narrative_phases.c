/* SPDX-License-Identifier: Apache-2.0
 *
 * What the time of a chapter went into, phase by phase. In: its lines of the log. Out: lengths.
 * Invariant: they add up to the chapter's length. What the JobManager says after the chapter is
 * over (it hears of the last task late) belongs to none, and until it says anything nobody has
 * noticed, or a job that was submitted waits for its slots.
 */
#include "sim/cli/narrative.h"

#include "core/base/text.h"

/* Lines that begin a phase, those of the adaptive scheduler and of the default one. The default
 * scheduler's back-off runs while tasks are being cancelled, and no line says when the last of them
 * is; it waits for slots while the job is RUNNING again. Tasks that all run as far as the
 * JobManager knows, and do not, are an outage that it has not noticed yet. A graph is CANCELED in a
 * restart of the adaptive scheduler, or else for a client. */
static const struct phase_row {
    const char *pattern;
    enum phase phase;
} phase_rows[] = {
    { "scheduler Restarting", PHASE_CANCEL },
    { "job CANCELLING -> CANCELED", PHASE_BACKOFF },
    { "scheduler WaitingForResources", PHASE_WAIT },
    { "scheduler CreatingExecutionGraph", PHASE_START },
    { "job tasks will be restarted", PHASE_CANCEL },
    { "job RESTARTING", PHASE_CANCEL },
    { "job RESTARTING -> RUNNING", PHASE_WAIT },
    { "job first task DEPLOYING", PHASE_START },
    { "job all tasks RUNNING", PHASE_NOTICE },
};

static time_ns end_of(const struct narrative *narrative, const struct chapter *chapter)
{
    return chapter->is_dead ? narrative->log->entries.items[chapter->last].at : chapter->to;
}

void chapter_phases(const struct narrative *narrative, const struct chapter *chapter,
                    struct phases *out)
{
    enum phase now = chapter->kind == CHAPTER_START ? PHASE_WAIT : PHASE_NOTICE;
    time_ns since = chapter->from, over = end_of(narrative, chapter);
    bool restarting = false;
    *out = (struct phases){ { 0 }, { false }, now };
    for (size_t i = chapter->first; i <= chapter->last; i++) {
        const struct log_entry *entry = &narrative->log->entries.items[i];
        if (entry->job != chapter->job || entry->at > over)
            continue;
        if (text_equal(entry->machine, "scheduler") && entry->to)
            restarting = text_equal(entry->to, "Restarting");
        for (size_t r = 0; r < sizeof phase_rows / sizeof *phase_rows; r++) {
            if (!run_log_fits(entry, phase_rows[r].pattern) ||
                (phase_rows[r].phase == PHASE_BACKOFF && !restarting))
                continue;
            time_ns at = entry->at > since ? entry->at : since;
            out->length[now] += at - since;
            now = phase_rows[r].phase;
            since = at;
            out->seen[now] = true;
        }
    }
    out->length[now] += over - since;
    out->last = now;
}
