/* SPDX-License-Identifier: Apache-2.0
 *
 * Did something that happened stop tasks of a job, and when did all of them run again? In: a run's
 * outages and rescales, as its downtime is made of, and the moments at which the same thing
 * happened. Out: the outage that one of these is answered by. What stopped a job later counts for
 * it only while the same thing has not happened again and is what that is put down to.
 */
#ifndef WEIR_SIM_CHECK_TOUCHED_H
#define WEIR_SIM_CHECK_TOUCHED_H

#include "core/base/index_map.h"
#include "sim/check/event_watch.h"
#include "sim/report/incidents.h"

struct job_outages {
    VEC(const struct incident *) list; /* in order of time; none reaches into the next */
    VEC(uint32_t) former;              /* by place: the one before by the same fault; INDEX_NONE */
    struct index_map last_by;          /* by moment of the fault: the place of the last */
};

struct touched {
    const struct event_times *times; /* `after`: the moments */
    VEC(struct job_outages) jobs;
};

void touched_init(struct touched *touched, const struct incidents *incidents, size_t jobs,
                  const struct event_times *times);
void touched_fini(struct touched *touched);

/* The outage of the job after which what happened then is over, looked at up to `until`; null: the
 * job ran on. Cost: the logarithm of the outages, and how many that one fault has led to. */
const struct incident *touched_by(const struct touched *touched, struct job_id job, time_ns at,
                                  time_ns until);

#endif
