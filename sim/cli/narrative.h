/* SPDX-License-Identifier: Apache-2.0
 *
 * What happened in a run, in words. In: its event log and its summary, whose outages these are.
 * Out: chapters in order of time (a job submitted, an incident, a rescale, an end, checkpoints that
 * fail in a row, TaskManagers that end by themselves, faults that bring no job down, what the
 * script asks for), each a paragraph in Flink's terms with the times in between. Invariant: an
 * outage lasts here as long as it does in the summary.
 */
#ifndef WEIR_SIM_CLI_NARRATIVE_H
#define WEIR_SIM_CLI_NARRATIVE_H

#include <jansson.h>
#include <stdio.h>

#include "sim/report/run_log.h"

enum chapter_kind {
    CHAPTER_START,
    CHAPTER_INCIDENT,
    CHAPTER_RESCALE,
    CHAPTER_END,
    CHAPTER_CHECKPOINTS, /* none completes, and some failed */
    CHAPTER_EXIT,        /* TaskManagers end by themselves */
    CHAPTER_FAULT,       /* something is done to a process, and no outage is put down to it */
    CHAPTER_COMMAND,     /* the script asks something of a job, or adds machines */
    CHAPTER_KIND_COUNT
};

/* From a sample to a later one; nothing is known of it while `to` is 0. */
struct lag_rise {
    time_ns from, to;
    double least, most; /* seconds */
};

struct chapter {
    enum chapter_kind kind;
    const char *job;    /* null: it is no job's */
    const char *node;   /* of an exit, the first one; of a fault; else null */
    const char *peer;   /* the other end of a link that is hit; else null */
    size_t script;      /* place of the script's line that asked for it; SIZE_MAX: none did */
    size_t cause;       /* place of the fault, or of the first line where nothing explains it */
    size_t first, last; /* places: first sign of it, and the line that ends it */
    bool is_over;       /* false: the run ended meanwhile; `last` is the last line */
    bool is_dead;       /* the job FAILED, and none of its tasks runs from then on */
    bool is_unnoticed;  /* an incident of which the JobManager never heard; `first` is any line */
    bool is_rescale;    /* of an incident, too: it began as one */
    bool has_fault;     /* `cause` is the line of a fault */
    /* A rescale: slots the job had when it began, and would have liked to have; 0: not known. */
    int64_t slots_held, slots_wanted;
    const char *why;  /* what the summary puts it down to; null: no outage */
    const char *by;   /* what the job FAILED by, where that is another; of its end, in full; null */
    int64_t restarts; /* as numRestarts counts them; 0 where that is not known */
    time_ns fault_at; /* of the cause; maybe long before */
    time_ns from;     /* not all tasks ran; other chapters: as their first line */
    time_ns to;       /* when it is over: for a dead job, when another one goes on from it */
    /* Of checkpoints: places of the one that completed before, SIZE_MAX where none had, and of what
     * is after, if it is over: the next one that completed, or the job's end. */
    size_t before, after; /* of a command, `after` is the answer's; SIZE_MAX: there was none */
    struct lag_rise lag;  /* of the job; of checkpoints, too */
};

/* A vertex whose shares of time are known. */
struct busy_vertex {
    const char *name; /* the summary's */
    double busy, busy_max;
};

/* The lag of a job rose while what a chapter tells was going on. */
struct lag_effect {
    size_t chapter;
    const char *job;
    struct lag_rise lag;
    struct busy_vertex busiest; /* when it was highest; name null: none is known */
};

/* A NIC or a connection that was full and held a job up, as the summary has it. */
struct full_network {
    const char *host, *peer; /* host null: none did; peer null: a NIC's, or one that is not known */
    bool is_nic, sends;
    double bytes_per_s, limit_bytes_per_s; /* 0: not known */
    int others;                            /* hosts of which the same was full */
    double share;                          /* of the time that is told of, all such together */
};

/* The largest rise of a job's lag without an outage of it, and what it was bound by meanwhile: the
 * network, else the vertex whose busiest subtask was busiest, whose name is null where none is
 * known. */
struct lag_climb {
    const char *job; /* null: there was none */
    struct lag_rise lag;
    struct busy_vertex busiest;
    struct full_network network;
};

struct narrative {
    const struct run_log *log;
    time_ns duration; /* how times are said depends on it */
    VEC(struct chapter) chapters;
    size_t failures, rescales, spoiled; /* spoiled: failures that began as rescales */
    time_ns down, longest;              /* of all of both together; the longest failure */
    struct lag_climb climb;
    VEC(struct lag_effect) effects;
};

void narrative_init(struct narrative *narrative, const struct run_log *log, time_ns duration,
                    const json_t *summary);
/* Adds what the run's metrics.csv says of lag; the summary outlives the narrative then. */
MUST_CHECK struct err narrative_read_lag(struct narrative *narrative, const json_t *summary,
                                         const char *metrics, struct note *note);
void narrative_fini(struct narrative *narrative);

/* What a job does from its failure, or its submission, on until all its tasks run. */
enum phase { PHASE_NOTICE, PHASE_CANCEL, PHASE_BACKOFF, PHASE_WAIT, PHASE_START, PHASE_COUNT };

struct phases {
    time_ns length[PHASE_COUNT]; /* of all of its kind together */
    bool seen[PHASE_COUNT];      /* some line began it */
    enum phase last;             /* going on when the chapter ends */
};

/* Of a start, an incident or a rescale: they add up to its length. */
void chapter_phases(const struct narrative *narrative, const struct chapter *chapter,
                    struct phases *out);

/* One paragraph, wrapped at 100 columns. */
void narrative_tell(const struct narrative *narrative, const struct chapter *chapter, FILE *file);
/* A few lines over all of it: incidents, rescales, downtime, checkpoints. */
void narrative_sum_up(const struct narrative *narrative, FILE *file);
/* Was it going on then? A fault shortly before belongs to it. */
bool chapter_covers(const struct chapter *chapter, time_ns at);

#endif
