/* SPDX-License-Identifier: Apache-2.0
 *
 * What pictures draw beside the curves: marks (something happened: script, machines, restarts),
 * phases of each job (waiting, deploying, running, restarting), and notes, the finer steps of one
 * recovery, the longest. In: the same facts and lines as everything else. Out: events.csv,
 * states.csv and recovery.csv, with labels already placed so that none covers another.
 */
#ifndef WEIR_SIM_REPORT_TIMELINE_H
#define WEIR_SIM_REPORT_TIMELINE_H

#include <stdio.h>

#include "sim/report/incidents.h"

/* ALIKE: of a kind (and word), as many as a picture can tell apart. Others are thinned out to that;
 * only a script of very many events could bring marks to their limit. */
enum {
    MARK_LABEL_SIZE = 64,
    TIMELINE_NOTES_MAX = 1024,
    TIMELINE_ALIKE_MAX = 1000,
    TIMELINE_PHASES_MAX = 100000,
    TIMELINE_MARKS_MAX = 500000
};

/* Such letters that fit on the axis of a picture 1600 wide at the size of the labels: 1,440 pixels,
 * of 13 points each. */
#define TIMELINE_LETTERS 129.0

/* In the order in which labels get room where it is short. END: a job ended as nobody asked it to.
 * LOSS: machines that go, MACHINE: whatever else happens to them. */
enum mark_kind {
    MARK_END,
    MARK_SCRIPT,
    MARK_RESTART,
    MARK_RESCALE,
    MARK_LOSS,
    MARK_MACHINE,
    MARK_KIND_COUNT
};

struct mark {
    time_ns at;
    enum mark_kind kind;
    char label[MARK_LABEL_SIZE];
    const char *otherwise; /* a label that is shorter, where that one does not fit; may be null */
    const char *word;      /* machines: what happened, static */
    uint32_t others;       /* of the same that this one stands for */
    bool is_again;     /* one of many of its label, not the first: placed behind what is rarer */
    struct job_id job; /* notes: whose; none: the cluster's */
    int level;         /* row of labels, from 0; -1: a line without a label; -2: a tick only */
    int side;          /* 1: the label stands to the right of its line, -1 to the left */
};

struct phase {
    time_ns at;
    struct job_id job;
    const char *name; /* static */
};

struct timeline {
    VEC(struct mark) marks;
    size_t thin_at; /* so many of them are thinned out before the next one comes */
    VEC(struct phase) phases;
    VEC(time_ns) failed_checkpoints;
    VEC(struct mark) notes;    /* since the fault that began the last outage */
    VEC(struct mark) kept;     /* of the longest outage that is over */
    VEC(const char *) current; /* phase by job */
    time_ns notes_from;
    bool notes_stale; /* of an outage that is over: the next one's begin anew */
};

/* A place to put labels: length of the axis, how wide a letter is there, how many rows. */
struct label_space {
    time_ns from, to;
    double letters; /* as wide as a digit, that fit side by side on the whole axis */
    int rows;
};

void timeline_init(struct timeline *timeline, const struct scenario *scenario);
void timeline_fini(struct timeline *timeline);

void timeline_mark(struct timeline *timeline, time_ns at, enum mark_kind kind, const char *label);
/* Machines that come and go together share a mark: "tm1 and 15 more stopping". `word` is static. */
void timeline_mark_machine(struct timeline *timeline, time_ns at, enum mark_kind kind,
                           const char *name, const char *word, const char *label);
void timeline_phase(struct timeline *timeline, time_ns at, struct job_id job, const char *name);
/* A fault while nothing is down: notes begin anew here. */
void timeline_open_notes(struct timeline *timeline, time_ns at);
/* The outage of this job that is over now is the longest so far: its notes are the ones to show. */
void timeline_keep_notes(struct timeline *timeline, struct job_id job);
/* No job is down any more: with the next note, notes begin anew. */
void timeline_close_notes(struct timeline *timeline);
void timeline_note(struct timeline *timeline, time_ns at, const char *label);
/* Of one job, once from `since` on: the beginning of its outage. */
void timeline_note_job(struct timeline *timeline, time_ns at, struct job_id job, time_ns since,
                       const char *label);
/* The same for something that often happens to many at once: "resource manager closes" tm3. The
 * first one stands for all of its moment. */
void timeline_note_of(struct timeline *timeline, time_ns at, struct job_id job, const char *what,
                      const char *whom);

struct mark timeline_make_mark(time_ns at, enum mark_kind kind, const char *label);
void timeline_write_marks(const struct mark *marks, size_t count, FILE *file);
/* As wide as it is drawn, with what keeps it apart from its neighbour; in letters. */
double timeline_label_letters(const char *label);
/* Which marks only repeat a label that there are many of. */
void timeline_find_repeated(struct mark *marks, size_t count);
/* Where there are more than TIMELINE_ALIKE_MAX alike, leaves out what lies within a step behind the
 * one before. Jobs' ends stay, and each doing of the script once. Gives how many are left. */
size_t timeline_thin(struct mark *marks, size_t count, time_ns step);
/* Its label says how many machines it stands for: "tm1 and 15 more stopping". */
void timeline_count_others(struct mark *mark);
/* Places as many labels as fit, important kinds first. Marks are in order of time. */
void timeline_place(struct mark *marks, size_t count, const struct label_space *space);

/* Marks of the run with its incidents among them, then its checkpoints that failed. */
void timeline_write_events(const struct timeline *timeline, const struct incidents *incidents,
                           time_ns end, FILE *file);
void timeline_write_states(const struct timeline *timeline, const struct scenario *scenario,
                           time_ns end, FILE *file);
/* Nothing but the header when nothing has failed. */
void timeline_write_recovery(const struct timeline *timeline, const struct incidents *incidents,
                             time_ns sample, time_ns end, FILE *file);

/* Where the picture of an incident counts from: the fault, unless that lies far before. */
time_ns timeline_origin(const struct incident *incident);
/* The part of the axis that it shows: from there until all tasks run or the job is given up, and
 * some samples on both sides. */
void timeline_window(const struct incident *incident, time_ns sample, time_ns end, time_ns *from,
                     time_ns *to);

/* Between labels of a time axis of this length, in seconds: what a person would choose, so that
 * there are some ten of them. */
double timeline_axis_step(double length);

#endif
