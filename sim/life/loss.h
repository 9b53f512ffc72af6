/* SPDX-License-Identifier: Apache-2.0
 *
 * Broken data connections: who reads data of a process that has ended, and when each of them
 * notices. Readers that were connected notice the end; one that sets up its input channels later
 * finds nobody there.
 */
#ifndef WEIR_SIM_LIFE_LOSS_H
#define WEIR_SIM_LIFE_LOSS_H

#include "core/base/vec.h"
#include "sim/life/task.h"

struct loss_reader {
    uint32_t host, first_task; /* into tasks; chained */
    time_ns at;
};
struct loss {
    uint32_t generation;
    uint32_t host; /* that has ended */
    bool used;
    time_ns began; /* its system says so to all readers, and again to those it did not reach */
    VEC(struct loss_reader) readers; /* heap: the first to notice on top */
    VEC(struct task_ref) tasks;
    VEC(uint32_t) next; /* by task: the next one of the same reader; NONE */
};

/* A subtask whose newest attempt was given to a TaskManager that has ended. */
struct lost_place {
    struct task_attempt attempt; /* graph UINT32_MAX: not lost */
    uint32_t host;
};

/* Of one vertex. */
struct lost_places {
    VEC(struct lost_place) by_subtask; /* empty: none */
    struct task_attempt newest;        /* one of those lost in the latest try, ... */
    uint32_t newest_count;             /* ... how many are, ... */
    uint32_t newest_first;             /* ... and the first subtask of them: who is named */
};

/* Before the tasks of the host are destroyed. */
void loss_of_process(struct life *life, uint32_t host);
/* Would the job miss that process: does a task of it run there, or finish? */
bool loss_is_missed(const struct life *life, uint32_t host, uint32_t job);
/* The attempt was ordered of a TaskManager that has ended; `loss_notify` behind the last of them.
 */
void loss_of_deployment(struct life *life, uint32_t host, uint32_t job,
                        const struct task_deployment *lost);
void loss_notify(struct life *life, uint32_t host, uint32_t job, const struct task_deployment *lost,
                 size_t count);
/* The connections of two hosts, or all of one (b NONE), were given up (tcp_retries2): ETIMEDOUT at
 * both ends. Who reads over them fails. */
void loss_of_connections(struct life *life, uint32_t a, uint32_t b);
/* Does the task read what this one sends? */
bool loss_reads_from(const struct life *life, const struct life_task *reader,
                     const struct life_task *producer);
/* The task has taken its subtask's place (1), or is about to leave it (-1); also around a change of
 * its host's links. */
void loss_count_place(struct life *life, uint32_t task, int by);
/* The subtask has been deployed again, to somebody who was there. */
void loss_forget(struct lost_places *lost, uint32_t subtask);

/* The task sets up its input channels: the host of a producer that has ended, or of one that cannot
 * be reached; NONE: there is none. Of no interest for one whose place is taken. */
uint32_t loss_awaits(const struct life *life, uint32_t task);
/* Does anything that the system of an ended process says get to that host? */
bool loss_is_heard(const struct life *life, uint32_t host, uint32_t ended);
uint32_t loss_out_of_reach(struct life *life, uint32_t task);
static inline bool loss_is_out_of_reach(struct life *life, uint32_t task)
{
    return loss_out_of_reach(life, task) != UINT32_MAX;
}

#endif
