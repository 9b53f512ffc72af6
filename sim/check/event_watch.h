/* SPDX-License-Identifier: Apache-2.0
 *
 * Times at which the events that expectations speak of happened. In: the scenario's expectations,
 * then every decision line, fact and answer of the run. Out: per expectation the times of its event
 * and of the event it refers to. Nothing else of the log is kept, so long runs stay small.
 */
#ifndef WEIR_SIM_CHECK_EVENT_WATCH_H
#define WEIR_SIM_CHECK_EVENT_WATCH_H

#include "core/port/effect.h"
#include "sim/load/scenario.h"
#include "sim/report/result.h"

struct event_times {
    VEC(time_ns) event; /* ascending */
    VEC(time_ns) after;
};

struct event_watch {
    const struct scenario *scenario;
    VEC(struct event_times) times;    /* by place of the expectation */
    VEC(struct check_result) refused; /* requests of the script, that no expectation speaks of */
};

void event_watch_init(struct event_watch *watch, const struct scenario *scenario);
void event_watch_fini(struct event_watch *watch);

void event_watch_line(struct event_watch *watch, time_ns at, const struct log_line *line);
void event_watch_fact(struct event_watch *watch, time_ns at, const char *word);
/* "client stop done", "client rescale refused". A refusal that no expectation has a pattern for is
 * a failure of its own: a scenario whose job was never taken has shown nothing. */
void event_watch_answer(struct event_watch *watch, time_ns at, const struct effect_answer *answer);

#endif
