/* SPDX-License-Identifier: Apache-2.0
 *
 * A data plane without a cluster: hosts, storage and reports of its own, orders given by hand. A
 * test adds vertices, edges and faults, calls model_fixture_start, deploys, and lets time pass.
 */
#ifndef WEIR_TESTS_LIB_MODEL_FIXTURE_H
#define WEIR_TESTS_LIB_MODEL_FIXTURE_H

#include "core/base/vec.h"
#include "sim/model/model.h"

enum { FIXTURE_HOSTS_MAX = 64 };

/* One task or acknowledgement of a report, in the order they came. */
struct fixture_line {
    time_ns at;
    uint32_t node, job;
    enum data_report kind;
    struct task_report task;
    uint64_t checkpoint;
    struct checkpoint_ack ack;
    bool in_backlog;
};

struct fixture_host {
    struct machine_spec machine;
    double speed, loss;
    bool cut;                                  /* from everybody */
    uint64_t cut_links;                        /* to others: the bit of each */
    double transfer_limit[TRANSFER_WAY_COUNT]; /* as the model last said; 0: never */
};

/* Two hosts with a link of their own. */
struct fixture_link {
    uint32_t a, b;
    struct link_quality quality;
};

struct fixture_transfer {
    struct sim_handle event;
    transfer_done *done; /* null: it is over */
    struct node_id node;
    enum transfer_way way;
    void *context;
    uint64_t a, b;
};

struct model_fixture {
    struct scenario scenario;
    struct config config;
    struct sim_queue *queue;
    struct model *model;
    struct fixture_host hosts[FIXTURE_HOSTS_MAX];
    double storage_bandwidth; /* bytes per second of each transfer by itself */
    bool storage_fails;       /* whatever ends now was refused */
    VEC(struct fixture_link) links;
    VEC(struct fixture_transfer) transfers;
    VEC(struct fixture_line) lines;
    uint32_t reports; /* how often a node was spoken to */
};

void model_fixture_init(struct model_fixture *fixture);
void model_fixture_fini(struct model_fixture *fixture);
struct plane_world model_fixture_world(struct model_fixture *fixture);

/* Job 0 is there; another one gets the next number. */
struct job_id model_fixture_add_job(struct model_fixture *fixture);
/* In topological order; cost per record. Gives what may be changed until the start. */
struct vertex_model *model_fixture_vertex(struct model_fixture *fixture, struct job_id job,
                                          const char *name, int32_t max_parallelism,
                                          time_ns cost_ns);
void model_fixture_edge(struct model_fixture *fixture, struct job_id job, uint32_t from,
                        uint32_t to, enum partitioner partitioner);
void model_fixture_load(struct model_fixture *fixture, struct job_id job, uint32_t vertex,
                        time_ns at, double rate);
/* Job 0: source -> reader; cost per record of each, and records per second for the source. */
void model_fixture_pair(struct model_fixture *fixture, time_ns source_ns, time_ns reader_ns,
                        enum partitioner partitioner, double rate);
/* Job 0: 1 us, hash, 100 us: 10,000 records/s per subtask. */
void model_fixture_source_and_count(struct model_fixture *fixture, double rate);
void model_fixture_start(struct model_fixture *fixture);

/* parallelism[v] subtasks of each vertex, subtask s on host hosts[s % host_count], one order per
 * host; attempt number and checkpoint to restore as given. */
struct fixture_deployment {
    struct job_id job;
    const uint32_t *parallelism;
    const uint32_t *hosts;
    uint32_t host_count;
    uint32_t attempt, graph;
    uint64_t checkpoint;
    int64_t restore_bytes; /* of each subtask of the last vertex */
    uint32_t allocation;   /* of subtask 0; those of the others follow */
};
/* Job 0, two vertices of two subtasks on hosts 1 and 2. */
struct fixture_deployment model_fixture_two_by_two(void);
void model_fixture_deploy(struct model_fixture *fixture, const struct fixture_deployment *how);
/* Job 0, first attempt. */
void model_fixture_deploy_first(struct model_fixture *fixture, const uint32_t *parallelism,
                                const uint32_t *hosts, uint32_t host_count);
/* The same for one subtask of one vertex. */
void model_fixture_deploy_one(struct model_fixture *fixture, const struct fixture_deployment *how,
                              uint32_t vertex, uint32_t subtask);
void model_fixture_cancel(struct model_fixture *fixture, const struct fixture_deployment *how);
/* Cancels it and, a second later, deploys the next attempt from the checkpoint. */
void model_fixture_restart(struct model_fixture *fixture, struct fixture_deployment *how,
                           uint64_t checkpoint);
/* Tells every host of the deployment; a trigger names its source subtasks. */
void model_fixture_checkpoint(struct model_fixture *fixture, const struct fixture_deployment *how,
                              enum data_order kind, const struct checkpoint_order *order);
void model_fixture_trigger(struct model_fixture *fixture, const struct fixture_deployment *how,
                           uint64_t checkpoint, enum checkpoint_kind kind);
void model_fixture_tell(struct model_fixture *fixture, const struct fixture_deployment *how,
                        enum data_order kind, uint64_t checkpoint);
void model_fixture_end_process(struct model_fixture *fixture, uint32_t host);
/* The same for orders that come to a process that has ended. */
void model_fixture_lose(struct model_fixture *fixture, const struct fixture_deployment *how,
                        uint32_t vertex, uint32_t subtask);
/* The host's links, all of them. */
void model_fixture_cut(struct model_fixture *fixture, uint32_t host, bool cut);
/* One link of two hosts. */
void model_fixture_cut_link(struct model_fixture *fixture, uint32_t a, uint32_t b, bool cut);
/* What they have between them instead of the network; again: the newest counts. */
void model_fixture_link(struct model_fixture *fixture, uint32_t a, uint32_t b,
                        const struct link_quality *quality);
void model_fixture_freeze(struct model_fixture *fixture, uint32_t host, bool frozen);

/* Job 0 with that rate at its source, deployed so, until 10 s. */
void model_fixture_begin(struct model_fixture *fixture, const struct fixture_deployment *how,
                         double rate);
/* Everything due until then happens; the books must balance at the end. */
void model_fixture_run(struct model_fixture *fixture, time_ns until);
/* Records that job 0 reads between two times. */
double model_fixture_served(struct model_fixture *fixture, time_ns from, time_ns to);
struct model_job_view model_fixture_job(struct model_fixture *fixture, struct job_id job);
struct model_vertex_view model_fixture_view(struct model_fixture *fixture, struct job_id job,
                                            uint32_t vertex);
/* Of a vertex of job 0: the seconds that its tasks spent between two times. */
struct model_vertex_view model_fixture_between(struct model_fixture *fixture, uint32_t vertex,
                                               time_ns from, time_ns to);
/* When the task was last reported in that state; TIME_NEVER: not. */
time_ns model_fixture_reported(const struct model_fixture *fixture, uint32_t task,
                               enum execution_state state);
size_t model_fixture_count(const struct model_fixture *fixture, enum execution_state state);
/* When the last of `count` acknowledgements came; TIME_NEVER: fewer came. */
time_ns model_fixture_acknowledged(const struct model_fixture *fixture, uint64_t checkpoint,
                                   size_t count);

#endif
