/* SPDX-License-Identifier: Apache-2.0
 *
 * Notes: the steps of one outage, each named at its moment. All that happens is noted, with whose
 * it is; of the outage that is shown, those of its job and those of the cluster are drawn.
 */
#include <string.h>

#include "core/base/text.h"
#include "sim/report/timeline.h"

enum { NOTE_ROWS = 12, SAMPLES_BEFORE = 2, SAMPLES_AFTER = 6 };

/* What happens to several within it has happened to them together. */
#define SAME_MOMENT TIME_S

static bool is_of(const struct mark *note, struct job_id job)
{
    return job_id_is_none(note->job) || note->job.n == job.n;
}

void timeline_open_notes(struct timeline *timeline, time_ns at)
{
    if (timeline->notes_from == at)
        return;
    vec_clear(&timeline->notes);
    timeline->notes_from = at;
    timeline->notes_stale = false;
}

void timeline_keep_notes(struct timeline *timeline, struct job_id job)
{
    vec_clear(&timeline->kept);
    for (VEC_EACH(const struct mark, note, &timeline->notes))
        if (is_of(note, job))
            vec_push(&timeline->kept, *note);
}

void timeline_close_notes(struct timeline *timeline)
{
    timeline->notes_stale = true;
}

static void begin_anew(struct timeline *timeline, time_ns at)
{
    if (timeline->notes_stale)
        timeline_open_notes(timeline, at);
    timeline->notes_stale = false;
}

/* The older half goes: what is shown is looked for from its end back. */
static void push_note(struct timeline *timeline, const struct mark *note)
{
    size_t half = TIMELINE_NOTES_MAX / 2;
    if (timeline->notes.count == TIMELINE_NOTES_MAX) {
        memmove(timeline->notes.items, timeline->notes.items + half,
                half * sizeof *timeline->notes.items);
        timeline->notes.count = half;
    }
    vec_push(&timeline->notes, *note);
}

void timeline_note(struct timeline *timeline, time_ns at, const char *label)
{
    timeline_note_job(timeline, at, job_id_none(), 0, label);
}

void timeline_note_job(struct timeline *timeline, time_ns at, struct job_id job, time_ns since,
                       const char *label)
{
    begin_anew(timeline, at);
    struct mark note = timeline_make_mark(at, MARK_SCRIPT, label);
    note.job = job;
    for (VEC_EACH(const struct mark, old, &timeline->notes))
        if (old->job.n == job.n && old->at >= since && text_equal(old->label, note.label))
            return; /* the second of ten restarts says nothing new */
    push_note(timeline, &note);
}

void timeline_note_of(struct timeline *timeline, time_ns at, struct job_id job, const char *what,
                      const char *whom)
{
    char label[MARK_LABEL_SIZE];
    begin_anew(timeline, at);
    for (VEC_EACH(struct mark, old, &timeline->notes)) {
        if (old->job.n != job.n || strncmp(old->label, what, strlen(what)) != 0 ||
            at - old->at > SAME_MOMENT)
            continue;
        if (!strstr(old->label, whom) && !strstr(old->label, " and others"))
            text_format(old->label + strlen(old->label), sizeof old->label - strlen(old->label),
                        " and others");
        return;
    }
    text_format(label, sizeof label, "%s %s", what, whom);
    timeline_note_job(timeline, at, job, at, label);
}

static time_ns longer(time_ns a, time_ns b)
{
    return a > b ? a : b;
}

time_ns timeline_origin(const struct incident *incident)
{
    bool is_near = incident->down_at - incident->at <= INCIDENT_FAULT_NEAR;
    return is_near ? incident->at : incident->down_at;
}

void timeline_window(const struct incident *incident, time_ns sample, time_ns end, time_ns *from,
                     time_ns *to)
{
    time_ns gone = incident->failed_at == TIME_NEVER ? end : incident->failed_at;
    time_ns over = incident->running_at == TIME_NEVER ? gone : incident->running_at;
    time_ns origin = timeline_origin(incident);
    time_ns length = longer(over - origin, 2 * TIME_S);
    *from = longer(origin - longer(length / 4, SAMPLES_BEFORE * sample), 0);
    *to = over + longer(length / 2, SAMPLES_AFTER * sample);
    *to = *to < end ? *to : end;
}

/* Its end is told by what it FAILED by. */
static struct mark end_of(const struct incident *incident)
{
    char label[INCIDENT_CAUSE_SIZE + 16];
    text_format(label, sizeof label, "FAILED: %s",
                incident->end[0] ? incident->end : incident->cause);
    return timeline_make_mark(incident->failed_at, MARK_END, label);
}

void timeline_write_recovery(const struct timeline *timeline, const struct incidents *incidents,
                             time_ns sample, time_ns end, FILE *file)
{
    VEC(struct mark) notes = { 0 };
    size_t shown = incidents_shown(incidents);
    if (shown != SIZE_MAX) {
        const struct incident *incident = &incidents->list.items[shown];
        const struct mark *from =
            timeline->kept.count ? timeline->kept.items : timeline->notes.items;
        size_t count = timeline->kept.count ? timeline->kept.count : timeline->notes.count;
        struct label_space space = { .letters = TIMELINE_LETTERS, .rows = NOTE_ROWS };
        timeline_window(incident, sample, end, &space.from, &space.to);
        for (size_t i = 0; i < count; i++)
            if (from[i].at >= space.from && from[i].at <= space.to &&
                is_of(&from[i], incident->job))
                vec_push(&notes, from[i]);
        if (incident->failed_at != TIME_NEVER)
            vec_push(&notes, end_of(incident));
        timeline_place(notes.items, notes.count, &space);
    }
    timeline_write_marks(notes.items, notes.count, file);
    vec_fini(&notes);
}
