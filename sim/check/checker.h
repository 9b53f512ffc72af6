/* SPDX-License-Identifier: Apache-2.0
 *
 * Checkers: what must hold in every run whatever the scenario, worked out independently of the code
 * that is checked, from the log and from looking in. In: lines, facts, samples. Out: per invariant
 * (sim/load/metric_names.h) whether it held, and the first place where it did not. An open set: a
 * checker is one file and one line of CHECKERS (docs/howto/add-a-checker.md).
 */
#ifndef WEIR_SIM_CHECK_CHECKER_H
#define WEIR_SIM_CHECK_CHECKER_H

#include "sim/report/recorder.h"
#include "sim/report/result.h"

/* X(name) needs `const struct checker_row checker_<name>` in check_<name>.c. */
#define CHECKERS(X)                                                                                \
    X(conservation)                                                                                \
    X(position)                                                                                    \
    X(checkpoints)                                                                                 \
    X(moves)                                                                                       \
    X(slots)                                                                                       \
    X(tasks)                                                                                       \
    X(released)

/* One checker in one run. */
struct checker {
    const struct checker_row *row;
    const struct run_look *look;
    const struct recorder *recorder;
    void *own;
    time_ns awake_at; /* the JobManager runs on since then; TIME_NEVER: it is frozen */
    uint64_t violations;
    time_ns first_at;
    char first[RESULT_TEXT_SIZE];
};

struct checker_row {
    const char *name;
    const char *invariant;                        /* of invariant_rows */
    void *(*create)(const struct run_look *look); /* null: nothing of its own */
    void (*destroy)(void *own);
    /* Any may be null. A sample comes after the recorder's; `thorough` ones are for work that is
     * linear in slots or tasks, some hundreds a run. */
    void (*line)(struct checker *checker, time_ns at, struct node_id node,
                 const struct log_line *line);
    void (*fact)(struct checker *checker, time_ns at, struct node_id node, const char *word);
    void (*sample)(struct checker *checker, time_ns at);
    void (*thorough)(struct checker *checker, time_ns at);
};

#define X(name) extern const struct checker_row checker_##name;
CHECKERS(X)
#undef X

struct checkers {
    VEC(struct checker) list;
    time_ns thorough_every, thorough_at;
};

void checkers_init(struct checkers *checkers, const struct run_look *look,
                   const struct recorder *recorder);
void checkers_fini(struct checkers *checkers);

void checkers_line(struct checkers *checkers, time_ns at, struct node_id node,
                   const struct log_line *line);
void checkers_fact(struct checkers *checkers, time_ns at, struct node_id node, const char *word);
void checkers_sample(struct checkers *checkers, time_ns at, bool last);

/* Did the invariant hold? Names what its checkers first complained of. */
void checkers_judge(const struct checkers *checkers, const char *invariant,
                    struct check_result *out);

/* For checkers: it did not hold. The first complaint is kept, all are counted. */
void checker_complain(struct checker *checker, time_ns at, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* How long one side may go on taking a dead or unreachable peer for alive: both monitors, one after
 * the other, with a round each, and a call that waits for its time-out. */
time_ns checker_patience(const struct run_look *look);
/* What has been so since then should have been noticed by now. A JobManager that was frozen begins
 * to notice when it goes on. */
bool checker_is_overdue(const struct checker *checker, time_ns at, time_ns since);
const char *checker_job_name(const struct checker *checker, struct job_id job);

#endif
