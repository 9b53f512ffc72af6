/* SPDX-License-Identifier: Apache-2.0
 *
 * What happened to each wish to rescale: one record from its cause to its end, with the
 * parallelism wanted, before and after, and the scheduler states passed through (FLIP-495). In:
 * the adaptive scheduler tells. Out: the newest records, oldest first, and counts of all. At most
 * one record is open. Source: Flink's DefaultRescaleTimeline, Rescale;
 * web.adaptive-scheduler.rescale-history.size, 0 = off, and then every call does nothing.
 */
#ifndef WEIR_RESCALE_RESCALE_HISTORY_H
#define WEIR_RESCALE_RESCALE_HISTORY_H

#include "core/base/time.h"
#include "core/base/vec.h"
#include "core/graph/job_graph.h"
#include "core/port/data.h"

/* Why a record was opened. */
#define RESCALE_CAUSES(X)                                                                          \
    X(INITIAL_SCHEDULE) X(UPDATE_REQUIREMENT) X(NEW_RESOURCE_AVAILABLE) X(RECOVERABLE_FAILOVER)

/* X(state, its name in the log and the REST answers) */
#define RESCALE_STATES(X)                                                                          \
    X(IN_PROGRESS, "IN_PROGRESS")                                                                  \
    X(COMPLETED, "COMPLETED") X(FAILED, "FAILED") X(IGNORED, "IGNORED")

/* X(reason a record was closed for, the state that it ends in) */
#define RESCALE_REASONS(X)                                                                         \
    X(SUCCEEDED, COMPLETED)                                                                        \
    X(EXCEPTION_OCCURRED, FAILED)                                                                  \
    X(RESOURCE_REQUIREMENTS_UPDATED, IGNORED)                                                      \
    X(NO_RESOURCES_OR_PARALLELISMS_CHANGE, IGNORED)                                                \
    X(JOB_FINISHED, IGNORED) X(JOB_FAILED, IGNORED) X(JOB_CANCELED, IGNORED)

#define X(cause) RESCALE_CAUSE_##cause,
enum rescale_cause { RESCALE_CAUSES(X) RESCALE_CAUSE_COUNT };
#undef X
#define X(state, name) RESCALE_##state,
enum rescale_state { RESCALE_STATES(X) RESCALE_STATE_COUNT };
#undef X
#define X(reason, state) RESCALE_REASON_##reason,
enum rescale_reason { RESCALE_REASONS(X) RESCALE_REASON_COUNT };
#undef X

extern const char *const rescale_cause_names[RESCALE_CAUSE_COUNT];
extern const char *const rescale_state_names[RESCALE_STATE_COUNT];
extern const char *const rescale_reason_names[RESCALE_REASON_COUNT];

enum { RESCALE_SPANS_MAX = 64, RESCALE_UNKNOWN = -1 };

/* Numbers of one vertex (parallelism) or one slot sharing group (slots). RESCALE_UNKNOWN: not yet,
 * or never there. */
struct rescale_numbers {
    int32_t desired, sufficient; /* upper and lower bound; largest of the group's vertices */
    int32_t before, after;
};

/* A stay of the scheduler in one of its states. */
struct rescale_span {
    const char *state; /* of the scheduler's state table */
    time_ns entered_at, left_at;
    enum failure_cause cause; /* why it was left, when a failure was the reason */
};

struct rescale_record {
    uint64_t id;           /* from 1 */
    uint64_t requirements; /* number of the requirement set in force, from 1 */
    uint64_t attempt;      /* of that set, from 1 */
    enum rescale_cause cause;
    enum rescale_state state;
    enum rescale_reason reason;   /* unless in progress */
    time_ns started_at, ended_at; /* TIME_NEVER: in progress */
    struct rescale_numbers *vertices, *groups;
    struct resource_profile *acquired; /* by group; unknown before the end */
    VEC(struct rescale_span) spans;
};

struct rescale_history {
    size_t records_max, vertex_count, group_count;
    VEC(struct rescale_record) records;   /* oldest first */
    int32_t *last_vertices, *last_groups; /* `after` of the last completed record */
    uint64_t next_id, requirements, attempt;
    uint64_t counts[RESCALE_STATE_COUNT]; /* of all ever; in progress is 0 or 1 */
};

void rescale_history_init(struct rescale_history *history, size_t records_max, size_t vertex_count,
                          size_t group_count);
void rescale_history_fini(struct rescale_history *history);
bool rescale_history_is_on(const struct rescale_history *history);
/* The open record, or null. */
const struct rescale_record *rescale_history_open_record(const struct rescale_history *history);

/* Opens a record; none may be open. New requirements begin a new set at attempt 1, everything else
 * is the next attempt at the same one. */
void rescale_history_begin(struct rescale_history *history, enum rescale_cause cause,
                           bool new_requirements, time_ns now);
/* A failure that restarts the job: taken up by the open record, which becomes one of this cause
 * and starts its list of states again; else a record of its own. */
void rescale_history_on_failover(struct rescale_history *history, time_ns now);

/* The rest fills in the open record, and does nothing when there is none. Arrays are by vertex and
 * by group. */
void rescale_history_set_wanted(struct rescale_history *history, const int32_t *vertices_desired,
                                const int32_t *vertices_lower, const int32_t *groups_desired,
                                const int32_t *groups_lower);
void rescale_history_set_result(struct rescale_history *history, const int32_t *parallelism,
                                const int32_t *slots, const struct resource_profile *acquired);
/* At most RESCALE_SPANS_MAX, then the newest are left out. */
void rescale_history_add_span(struct rescale_history *history, const struct rescale_span *span);
void rescale_history_end(struct rescale_history *history, enum rescale_reason reason, time_ns now);

uint64_t rescale_history_hash(const struct rescale_history *history);

#endif
