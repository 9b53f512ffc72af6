/* SPDX-License-Identifier: Apache-2.0
 *
 * A checkpoint coordinator with a small world around it, for tests: a job of a source and a keyed
 * count, tasks that acknowledge after a while, a store that answers. Orders are carried out as a
 * JobMaster would. What happened is kept as text, "ms what id (reason);" one after the other.
 */
#ifndef WEIR_TESTS_LIB_CHECKPOINTS_H
#define WEIR_TESTS_LIB_CHECKPOINTS_H

#include "core/checkpoint/coordinator.h"

struct fixture_event {
    time_ns at;
    uint64_t checkpoint;
    bool stored; /* the metadata; else all acknowledgements */
};

struct checkpoint_fixture {
    struct config config;
    struct job_graph *job;
    struct execution_graph *graph;
    struct checkpoint_coordinator coordinator;
    struct effects effects; /* effects.now is the time of the fixture */
    time_ns snapshot;       /* from the trigger to the acknowledgements of all */
    time_ns store;          /* from there to the metadata's being durable */
    uint64_t silent;        /* nobody acknowledges this checkpoint; UINT64_MAX: any */
    bool store_fails;
    VEC(struct fixture_event) events;
    struct checkpoint_coordinator_order last[ORDER_KIND_COUNT]; /* of each kind */
    uint32_t order_counts[ORDER_KIND_COUNT];
    char log[4096];
    size_t log_length;
};

/* source -> hash -> count, `parallelism` each, keys of the configuration in pairs up to a null.
 * Snapshots take 20 ms, the store 5 ms. All tasks run; the timer is off and its first delay, which
 * is drawn, used up. */
void checkpoint_fixture_init(struct checkpoint_fixture *fixture, int32_t parallelism,
                             const char *const *keys);
void checkpoint_fixture_fini(struct checkpoint_fixture *fixture);

/* The job graph of the fixture, for tests that need only that. */
struct job_graph *checkpoint_fixture_job(const struct config *config, int32_t parallelism);
/* A snapshot of which each task of the job, at the parallelisms it says, has stored `bytes`. */
void checkpoint_shelve(struct snapshot_shelf *shelf, const struct job_graph *job, bool is_savepoint,
                       uint64_t id, int64_t bytes);

/* Lets time pass until then: what is due happens, each at its time, and orders are carried out. */
void checkpoint_fixture_advance_to(struct checkpoint_fixture *fixture, time_ns now);
/* Carries out what the coordinator has ordered; after each call of it that a test makes itself. */
void checkpoint_fixture_carry_out(struct checkpoint_fixture *fixture);
void checkpoint_fixture_start(struct checkpoint_fixture *fixture);
void checkpoint_fixture_request(struct checkpoint_fixture *fixture, enum checkpoint_kind kind,
                                uint64_t client_token);
/* A task of the source says so. */
void checkpoint_fixture_backlog(struct checkpoint_fixture *fixture, bool backlog);
/* Moves all tasks there, over the states in between where they are CREATED. */
void checkpoint_fixture_move_all(struct checkpoint_fixture *fixture, enum execution_state to);
void checkpoint_fixture_move(struct checkpoint_fixture *fixture, uint32_t task,
                             enum execution_state to);
/* All tasks acknowledge: 100 bytes each, 10 of them written, 1 in flight. */
void checkpoint_fixture_acknowledge(struct checkpoint_fixture *fixture, uint64_t checkpoint);
void checkpoint_fixture_forget_log(struct checkpoint_fixture *fixture);

#endif
