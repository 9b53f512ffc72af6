/* SPDX-License-Identifier: Apache-2.0
 *
 * A virtual cluster whose nodes are fakes: each writes what it hears into a journal and does what
 * the test's function says. For tests of the cluster, providers and the script, which care for what
 * nodes hear and when, not for what they make of it.
 *
 * A journal line: milliseconds with microseconds, name of the process, what.
 */
#ifndef WEIR_TESTS_LIB_FAKE_WORLD_H
#define WEIR_TESTS_LIB_FAKE_WORLD_H

#include "sim/cluster/virtual_cluster.h"

enum { FAKE_JOURNAL_MAX = 1 << 16, FAKE_NODES_MAX = 8192 };

struct fake_world;

/* Called in each step, after the journal line; may add effects and set the deadline. */
typedef void fake_behaviour(struct fake_world *world, struct node_id self,
                            const struct event *event, struct effects *effects);

struct fake_world {
    struct scenario scenario;
    struct sim_queue *queue;
    struct virtual_cluster *cluster;
    fake_behaviour *behave; /* null: nodes only listen */
    bool hides_facts;       /* leave facts out of the journal */
    bool hides_heartbeats;  /* and heartbeats, vouching and doubts */
    time_ns deadlines[FAKE_NODES_MAX];
    bool vouching_off;
    bool stays_due; /* else a deadline that was met is cleared after the step */
    size_t alive;   /* nodes created and not destroyed */
    uint64_t steps;
    char journal[FAKE_JOURNAL_MAX];
    size_t journal_length;
    void (*on_fact)(void *context, const char *word); /* besides the journal; may be null */
    void *on_fact_context;
};

/* Constant times: latency 1 ms, JobManager start 100 ms, boot 1 s, submit 500 ms, shutdown 50 ms,
 * rpc loss 300 ms, storage latency 10 ms at 1000 bytes per second. Change the scenario between init
 * and start. Only one world at a time. */
void fake_world_init(struct fake_world *world, fake_behaviour *behave);
/* The same without heartbeats in the journal. */
void fake_world_init_quiet(struct fake_world *world, fake_behaviour *behave);
void fake_world_start(struct fake_world *world);
/* Starts it with a TaskManager, "tm1", which comes up at 1 s: the time it is then. */
struct node_id fake_world_begin(struct fake_world *world);
void fake_world_fini(struct fake_world *world);
void fake_world_run(struct fake_world *world, time_ns until);

struct node_id fake_world_add(struct fake_world *world, const char *name);
enum process_state fake_world_state(const struct fake_world *world, struct node_id node);

/* A behaviour: who is asked to stop does, a TaskManager with a last message, 99, to the JobManager.
 */
void fake_exit_when_asked(struct fake_world *world, struct node_id self, const struct event *event,
                          struct effects *effects);

/* Checks the journal against the text, then empties it. */
void fake_world_expect(struct fake_world *world, const char *journal);
void fake_world_forget(struct fake_world *world);

/* Adds a heartbeat-free message with a number to know it by (FREE_SLOTS for the job so numbered).
 */
void fake_send(struct effects *effects, struct node_id to, uint32_t number);
void fake_request(struct effects *effects, struct node_id to, uint32_t number, uint64_t token);
void fake_heartbeat(struct effects *effects, struct node_id to, uint64_t round);

#endif
