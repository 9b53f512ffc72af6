/* SPDX-License-Identifier: Apache-2.0
 *
 * Did something that happened stop tasks of a job? In: a run's outages and rescales, and the
 * moments at which the same thing happened. Out: yes or no for one of these. What stopped a job
 * later counts for it only while the same thing has not happened again and is what that is put down
 * to.
 */
#ifndef WEIR_SIM_CHECK_TOUCHED_H
#define WEIR_SIM_CHECK_TOUCHED_H

#include "sim/check/event_watch.h"
#include "sim/report/incidents.h"

struct job_outages {
    VEC(const struct incident *) list; /* in order of time; none reaches into the next */
};

struct touched {
    const struct event_times *times; /* `after`: the moments */
    VEC(struct job_outages) jobs;
};

void touched_init(struct touched *touched, const struct incidents *incidents, size_t jobs,
                  const struct event_times *times);
void touched_fini(struct touched *touched);

/* By what happened then, up to `until`. Cost: the logarithm of the outages. */
bool touched_is(const struct touched *touched, struct job_id job, time_ns at, time_ns until);

#endif
