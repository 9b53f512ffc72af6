/* SPDX-License-Identifier: Apache-2.0
 *
 * When do the tasks of a job not all run, since when, why, and until when? In: facts and lines as
 * they come, and what the data plane says of tasks that stop. Out: downtime per job, and a list of
 * incidents: the first moment not all tasks ran, the moment all of them ran again, and the fault,
 * which may lie long before. A job's clock starts when all its tasks run for the first time and
 * stops when it ends, unless it FAILED: then it goes on to the end of the run, or until the tasks
 * of a job that goes on from it all run. Invariant: a job's downtime is the sum of the lengths of
 * its incidents.
 */
#ifndef WEIR_SIM_REPORT_INCIDENTS_H
#define WEIR_SIM_REPORT_INCIDENTS_H

#include "sim/report/look.h"
#include "sim/report/run_log.h"

enum { INCIDENT_CAUSE_SIZE = 512 }; /* a refusal in full, too */

/* A fault no longer before than this is seen as the beginning of the outage: the longest that
 * monitors and calls take to notice it. */
#define INCIDENT_FAULT_NEAR (2 * TIME_MIN)

struct incident {
    struct job_id job;
    /* "tm3 killed: machine reclaimed", "user code failed", "rescale, then kill tm2", ... */
    char cause[INCIDENT_CAUSE_SIZE];
    char end[INCIDENT_CAUSE_SIZE]; /* FAILED by this, where the cause is another; else empty */
    bool rescaled;                 /* it began as a rescale */
    bool planned;                  /* the same, and nothing failed in it: no failure */
    time_ns at;                    /* the fault that began it; without one the same as down_at */
    time_ns down_at;
    time_ns running_at; /* TIME_NEVER: not any more */
    time_ns over_at;    /* running_at, or when the job ended otherwise; TIME_NEVER: it goes on */
    time_ns failed_at;  /* the job was given up then; TIME_NEVER: it was not */
    uint32_t restarts;  /* it took so far, the one that worked included */
    /* rescaled: what the job had and what it would have liked to have when that began */
    uint32_t slots_held, slots_wanted;
};

enum job_uptime { UPTIME_BEFORE, UPTIME_UP, UPTIME_DOWN, UPTIME_FAILED, UPTIME_ENDED };

struct job_incidents {
    enum job_uptime state;
    time_ns since;                     /* of the state */
    time_ns first_up;                  /* all its tasks ran for the first time; TIME_NEVER */
    time_ns down;                      /* of the times that are over */
    uint32_t restarts, rescales;       /* as last seen while up */
    bool loses_tasks;                  /* to the process that ended last */
    size_t open;                       /* DOWN, FAILED: its place in the list */
    bool noticed;                      /* DOWN: the JobManager knows */
    bool blamed;                       /* DOWN: it is known why */
    struct log_entry fault;            /* DOWN: the cause's; seq 0: it is none's */
    uint32_t others;                   /* DOWN: more that struck at the same instant */
    char failure[INCIDENT_CAUSE_SIZE]; /* the last failed task */
    time_ns failed_at;
};

struct incidents {
    const struct run_look *look;
    VEC(struct job_incidents) jobs; /* as in the scenario */
    VEC(struct incident) list;
    size_t longest;       /* in the list: of the failures that are over or for good; SIZE_MAX */
    time_ns process_lost; /* a process has ended, what that did to the jobs is not known yet */
    struct run_log log;   /* what may be a cause still: the last ten minutes */
    int64_t log_seen;     /* entries ever: each has its number */
    size_t log_kept;      /* of its entries, when it was last thinned out */
    uint64_t break_count; /* of the data plane, when last looked at */
};

void incidents_init(struct incidents *incidents, const struct run_look *look);
void incidents_fini(struct incidents *incidents);

/* Whatever happens, in order. Of a process that ends, its tasks go with it. */
void incidents_on_fact(struct incidents *incidents, time_ns at, struct node_id node,
                       const char *word, const char *reason, bool ends_process);
void incidents_on_line(struct incidents *incidents, time_ns at, struct node_id node,
                       const struct log_line *line);
/* A task failed; the line is the last that was heard. A rescale in which one does is a failure. */
void incidents_on_failure(struct incidents *incidents, struct job_id job, time_ns at,
                          const char *text);
/* What a job was to start from is not there or does not fit; the text says how. */
void incidents_on_refusal(struct incidents *incidents, struct job_id job, time_ns at,
                          const char *text);
/* To be called first for whatever comes: sees to processes that ended, and to tasks that stopped
 * by anything else, maybe where the JobManager does not hear of it. */
void incidents_settle(struct incidents *incidents, time_ns now);
/* The job's status may have changed; was it the line "all tasks RUNNING"? */
void incidents_review(struct incidents *incidents, struct job_id job, time_ns at, bool all_running);
/* Is what the line says so? With it reviewed. A JobManager says that all tasks run while it has not
 * heard of the end of some, where others of the job have been restarted meanwhile. */
bool incidents_bear_out(const struct incidents *incidents, const struct log_line *line);

/* A fault as an incident's cause tells it. */
void incident_fault_text(const struct log_entry *fault, char out[INCIDENT_CAUSE_SIZE]);
/* How long its job was down, up to now while it goes on. */
time_ns incident_length(const struct incidents *incidents, const struct incident *incident,
                        time_ns now);
/* Is some job down by a failure that it may recover from? */
bool incidents_is_failing(const struct incidents *incidents);
/* The failure that says most: the first that a job FAILED by, else the longest that ended, or the
 * first when none did. Its place in the list; SIZE_MAX: nothing failed. */
size_t incidents_shown(const struct incidents *incidents);

/* Up to now, in ns, of what is settled. */
time_ns incidents_downtime(const struct incidents *incidents, struct job_id job, time_ns now);

#endif
