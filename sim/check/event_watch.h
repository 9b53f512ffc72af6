/* SPDX-License-Identifier: Apache-2.0
 *
 * Times at which the events that expectations speak of happened. In: the scenario's expectations,
 * then every decision line, fact and answer of the run. Out: per expectation the times of its event
 * and of the event it refers to, each with its job, and when each job ran. Nothing else of the log
 * is kept, so long runs stay small.
 */
#ifndef WEIR_SIM_CHECK_EVENT_WATCH_H
#define WEIR_SIM_CHECK_EVENT_WATCH_H

#include "core/port/effect.h"
#include "sim/load/scenario.h"
#include "sim/report/result.h"

struct event_moment {
    time_ns at;
    struct job_id job; /* none: the event is no job's */
};

/* Both ascending. Where the expectation names a job, those of other jobs are left out. */
struct event_times {
    VEC(struct event_moment) event;
    VEC(struct event_moment) after;
};

/* From the first time that all tasks ran until the job ended for good. */
struct job_span {
    time_ns ran, ended; /* TIME_NEVER: not yet */
};

struct event_watch {
    const struct scenario *scenario;
    VEC(struct event_times) times;    /* by place of the expectation */
    VEC(struct job_span) spans;       /* by place of the job */
    VEC(struct check_result) refused; /* requests of the script, that no expectation speaks of */
    struct index_map acts; /* by hash of the label: the script's event that aims at a job */
};

void event_watch_init(struct event_watch *watch, const struct scenario *scenario);
void event_watch_fini(struct event_watch *watch);

/* is_so: false of a line that says what is not so, as a JobManager can (incidents_bear_out). That
 * is no event. */
void event_watch_line(struct event_watch *watch, time_ns at, const struct log_line *line,
                      bool is_so);
/* reason: of what the script does, the event's label, which tells the job that it aims at. */
void event_watch_fact(struct event_watch *watch, time_ns at, const char *word, const char *reason);
/* "client stop done", "client rescale refused". A refusal that no expectation has a pattern for is
 * a failure of its own: a scenario whose job was never taken has shown nothing. */
void event_watch_answer(struct event_watch *watch, time_ns at, const struct effect_answer *answer);

/* Had all its tasks RUNNING once, then or before, and had not ended. */
bool event_watch_ran(const struct event_watch *watch, struct job_id job, time_ns at);
/* Whatever has become of it. */
bool event_watch_ever_ran(const struct event_watch *watch, struct job_id job);
bool event_watch_had_ended(const struct event_watch *watch, struct job_id job, time_ns at);

/* The place of the first moment at `from` or later; their number: none. */
size_t event_moments_first(const struct event_moment *moments, size_t count, time_ns from);

#endif
