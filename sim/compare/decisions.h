/* SPDX-License-Identifier: Apache-2.0
 *
 * The decisions of two runs side by side. A decision is a line of the event log (level decision).
 * It is about a subject: a machine of a job, of a vertex, of a process. Two are the same when they
 * say the same of the same subject, in the same order there; when they came is told, and does not
 * make them differ. In: two logs. Out: which line of one is which of the other, a count per kind,
 * and the first line that the other run does not have.
 */
#ifndef WEIR_SIM_COMPARE_DECISIONS_H
#define WEIR_SIM_COMPARE_DECISIONS_H

#include "sim/compare/names.h"
#include "sim/report/run_log.h"

enum { DECISION_TEXT_SIZE = 400, COMPARED_SIDES = 2 };

/* A line of a log, by its place there. */
struct decision {
    time_ns at;
    uint32_t subject, word, kind; /* places of names */
    uint32_t partner;             /* line of the other log; UINT32_MAX: it has none */
    bool open; /* it has none, and the end of the runs came before it could be expected */
};

struct decision_kind {
    const char *name; /* "checkpoint completed"; of moves the machine's: "scheduler" */
    size_t count[COMPARED_SIDES];
    size_t agree, open;
    size_t other_reason; /* of those that agree: moves for which the runs gave other reasons */
    /* How far apart those that agree came; 0: none do. */
    time_ns apart_largest, apart_median;
    int first_side; /* of the first that only one run has; -1: all agree */
    size_t first;   /* its line */
};

struct decisions {
    struct names names;
    const struct run_log *log[COMPARED_SIDES];
    VEC(struct decision) sides[COMPARED_SIDES]; /* one for each line */
    VEC(struct decision_kind) kinds;            /* in the order in which they first came */
    size_t agree, open, other_reason;
    int parting_side; /* whose line is the first that the other run does not have; -1: all agree */
    size_t parting;
};

/* The logs are borrowed for as long as the decisions live. `end`: of both runs. A line that only
 * one has is open, and does not make them differ, when nothing but open lines of its subject come
 * behind it and it is no further from the end than lines of its kind lie apart. */
void decisions_compare(struct decisions *decisions, const struct run_log *a,
                       const struct run_log *b, time_ns end);
void decisions_fini(struct decisions *decisions);
bool decisions_agree(const struct decisions *decisions);
/* The line of the other log beside which a line of one belongs: behind the last one that both have;
 * the count of its lines where it is behind all of them. */
size_t decisions_beside(const struct decisions *decisions, int side, size_t line);

/* What the line is about, and what it says of it. */
void decision_subject(const struct log_entry *entry, char out[DECISION_TEXT_SIZE]);
void decision_word(const struct log_entry *entry, char out[DECISION_TEXT_SIZE]);

#endif
