/* SPDX-License-Identifier: Apache-2.0
 *
 * A job of a scenario: its finished graph, what the model needs to know of each vertex, the loads
 * of its sources, and what its user code does wrong by plan. Read only after loading.
 */
#ifndef WEIR_SIM_LOAD_SCENARIO_JOB_H
#define WEIR_SIM_LOAD_SCENARIO_JOB_H

#include "core/base/time.h"
#include "core/base/vec.h"
#include "core/api/job_program.h"
#include "core/graph/job_graph.h"
#include "sim/program/library.h"
#include "sim/load/series.h"

enum skew_kind { SKEW_NONE, SKEW_ZIPF, SKEW_WEIGHTS };

/* What the model needs to know of a vertex; indexes are those of the finished job graph. */
struct vertex_model {
    double cost_ns;     /* CPU per record that comes in (sources: per record produced) */
    double wait_ns;     /* per record, waiting that uses the thread but no core (a blocking call) */
    double selectivity; /* records out per record in, on an output edge that says nothing */
    double record_bytes;  /* size of a record it sends, likewise */
    double service_cv;    /* coefficient of variation of the service time (0 = constant, 1 = M/M) */
    int64_t keys;         /* distinct keys; 0: not keyed */
    double state_per_key; /* bytes */
    double state_fixed;   /* bytes per subtask whatever its keys (operator state) */
    double state_growth;  /* bytes per record processed, on top */
    enum skew_kind skew;
    double zipf;            /* exponent */
    VEC(double) weights;    /* SKEW_WEIGHTS: one per key group */
    time_ns snapshot_sync;  /* synchronous part of a snapshot, beside copying state */
    double sink_bytes;      /* that its sinks write to storage for each record that comes in */
    double sink_rest_bytes; /* of these at most so much is not written yet when a barrier comes */
    bool sink_at_once;      /* each batch is written when it has come, as to a table */
    time_ns close;          /* user code's close(): time a cancel takes */
    int32_t partitions;     /* sources: splits of the topic; 0 = max parallelism of the vertex */
    bool source_function;   /* sources: emits under the checkpoint lock, as SourceFunction does */
    time_ns backlog_above;  /* sources: lag at which one reports a backlog; TIME_NEVER: never */
};

/* Of an edge; negative: as its producer says. */
struct edge_model {
    double selectivity, record_bytes;
};

/* What user code does wrong, planned. */
enum planned_fault_kind { FAULT_THROW, FAULT_SNAPSHOT_THROW, FAULT_SNAPSHOT_SLEEP };

struct planned_fault {
    enum planned_fault_kind kind;
    struct vertex_id vertex;
    uint32_t subtask;
    time_ns after_start; /* THROW: this long after the subtask is RUNNING */
    uint32_t attempts;   /* THROW: only while the attempt number is below; UINT32_MAX always */
    uint64_t checkpoint_first, checkpoint_last; /* SNAPSHOT_*: ids; last UINT64_MAX = for ever */
    time_ns sleep;                              /* SNAPSHOT_SLEEP */
};

/* A program whose main executes jobs of the scenario. */
struct program_spec {
    char *name; /* as the scenario names it; argv[0] */
    time_ns at; /* main begins */
    weir_program *main;
    weir_expectation *expected; /* null: it does not say what its sinks must hold */
    VEC(char *) arguments;      /* argv, which ends with null */
};

struct job_spec {
    char *name;
    time_ns at;      /* submission */
    uint32_t main;   /* 1 + place of the program that executes it; 0: the scenario submits it */
    uint32_t number; /* of those that main executes */
    struct job_program *program; /* what its tasks run; null: they are modelled */
    uint32_t former; /* 1 + place of the job whose snapshot it starts from; 0: it starts empty */
    struct job_graph *graph;
    VEC(struct vertex_model) vertices; /* by vertex id */
    VEC(struct edge_model) edges;      /* by edge */
    VEC(struct series)
    loads;                      /* by vertex id; records/s; empty series for non-sources
                                   and for sources that go on with a former job's log */
    VEC(bool) load_per_subtask; /* by vertex id: the rate is each subtask's */
    VEC(bool) load_bounded;     /* by vertex id: behind the series' last step the input has ended */
    VEC(struct planned_fault) faults;
};

/* Is it a source that reads nothing before it is told of a checkpoint? */
bool job_source_awaits_first(const struct job_spec *job, uint32_t vertex);
/* May the first checkpoint of a job build on the snapshot that it starts from, of this kind and
 * the former's? */
bool job_builds_on(const struct job_spec *job, const struct job_spec *former,
                   enum checkpoint_kind kind);

#endif
