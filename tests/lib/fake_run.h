/* SPDX-License-Identifier: Apache-2.0
 *
 * A run that a test tells what to look like, behind struct run_look: for recorders and checkers,
 * which then see a history that no correct world would give.
 */
#ifndef WEIR_TESTS_LIB_FAKE_RUN_H
#define WEIR_TESTS_LIB_FAKE_RUN_H

#include "sim/report/look.h"

enum { FAKE_JOBS = 4, FAKE_VERTICES = 4, FAKE_PROCESSES = 16, FAKE_ITEMS = 16 };

struct fake_run {
    struct scenario *scenario;
    struct run_look look;
    struct look_cluster cluster;
    bool submitted[FAKE_JOBS];
    struct look_job jobs[FAKE_JOBS];
    /* What a test leaves at 0 is made up: nothing has broken, what arrived is served or waits. */
    struct model_job_view flows[FAKE_JOBS];
    struct model_vertex_view vertices[FAKE_JOBS][FAKE_VERTICES];
    time_ns broken_at[FAKE_JOBS], whole_at[FAKE_JOBS];
    uint64_t break_count;                          /* of looks */
    bool unneeded[FAKE_PROCESSES];                 /* no job has tasks there */
    struct process_view processes[FAKE_PROCESSES]; /* 0 is the JobManager */
    bool cut[FAKE_PROCESSES];                      /* from everybody */
    struct look_exception exceptions[FAKE_ITEMS];  /* of job 0 */
    struct look_rescale rescales[FAKE_ITEMS];      /* the same */
    size_t exception_count, rescale_count;
    bool exceptions_dropped;
    const char *broken_books; /* what conservation complains of; null: fine */
    struct look_slot slots[FAKE_ITEMS];
    struct look_task scheduled[FAKE_ITEMS], run[FAKE_ITEMS];
    size_t slot_count, scheduled_count, run_count;
};

/* All jobs of the scenario run; processes tm1 ... are RUNNING. */
void fake_run_init(struct fake_run *run, const char *yaml);
void fake_run_fini(struct fake_run *run);

struct node_id fake_node(uint32_t n);
/* Lines as the core would make them, of job 0. */
struct log_line fake_move(const char *machine, const char *from, const char *to);
struct log_line fake_fact(const char *machine, const char *what);
struct log_line fake_checkpoint(const char *what, uint64_t id, int64_t value);

#endif
