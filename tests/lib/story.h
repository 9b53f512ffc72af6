/* SPDX-License-Identifier: Apache-2.0
 *
 * Stories: tests of the core's nodes as a conversation. Set up a cluster, do things to it, then
 * state the exact log lines expected next, with times. The world here is the plainest one possible
 * (fixed delays, a data plane that always works), so that a story tests the core and nothing else.
 * Node 0 is the JobManager, TaskManagers are 1, 2, ... in order of story_add.
 */
#ifndef WEIR_TESTS_LIB_STORY_H
#define WEIR_TESTS_LIB_STORY_H

#include "core/graph/job_graph.h"
#include "core/port/node.h"

/* Delays of the story's world. */
#define STORY_LATENCY     (1 * TIME_MS)  /* of each message, one way, unless set otherwise */
#define STORY_DEPLOY      (20 * TIME_MS) /* order to INITIALIZING */
#define STORY_INITIALIZE  (10 * TIME_MS) /* INITIALIZING to RUNNING */
#define STORY_CANCEL      (5 * TIME_MS)  /* order to CANCELED, unless set otherwise */
#define STORY_ACKNOWLEDGE (15 * TIME_MS) /* checkpoint trigger at a source to everybody's ack */
#define STORY_FINISH      (5 * TIME_MS)  /* completion of a stop's savepoint to FINISHED */
#define STORY_STORE       (2 * TIME_MS)  /* a store write */

struct story;

struct story *story_create(void);
void story_destroy(struct story *story);

/* Before story_start. */
void story_set(struct story *story, const char *key, const char *value);
void story_set_version(struct story *story, enum flink_version version);
void story_set_log_level(struct story *story, enum log_level level); /* default: decision */
struct config *story_config(struct story *story);
void story_vouch(struct story *story, bool vouch); /* default: heartbeats are really sent */
void story_start(struct story *story);             /* the JobManager, at 0 */

/* Faults and other things that happen now. A request to a dead process is refused after a round
 * trip; if it left before the death, or while the death "hangs", it times out instead. */
struct node_id story_add(struct story *story, uint32_t slots); /* a TaskManager process */
void story_stop(struct story *story, struct node_id node);     /* SIGTERM */
void story_kill(struct story *story, struct node_id node);
void story_kill_hanging(struct story *story, struct node_id node, time_ns hang);
void story_freeze(struct story *story, struct node_id node, bool frozen);
void story_cut(struct story *story, struct node_id node, bool cut); /* from everybody */
void story_set_latency(struct story *story, time_ns latency);       /* of all links */
/* The task of job 0 says that it failed (state FAILED), or whatever else. */
void story_report(struct story *story, uint32_t task, enum execution_state state,
                  enum failure_cause cause);
void story_break_connection(struct story *story, struct node_id to_dead); /* a consumer notices */
void story_hold_acks(struct story *story, bool hold); /* checkpoints do not complete */
void story_decline(struct story *story, uint32_t task, uint64_t checkpoint);
/* A reader says so of its source. */
void story_backlog(struct story *story, uint32_t task, bool in_backlog);
/* The task says that the last of its input is worked off. */
void story_end_of_data(struct story *story, uint32_t task);
void story_fail_stores(struct story *story, bool fail);
void story_slow_cancel(struct story *story, time_ns delay); /* TIME_NEVER: tasks do not end */
void story_finish_all(struct story *story);                 /* every task reports FINISHED */

/* Takes the graph; submits it to the JobManager now. */
void story_submit(struct story *story, struct job_graph *graph);
/* Any other client request on job 0. */
void story_ask(struct story *story, enum client_request request, const struct vertex_bounds *bounds,
               size_t bound_count);
void story_ask_of(struct story *story, struct job_id job, enum client_request request);
/* In the words of the latest request, token included: a script's line that strikes again. */
void story_ask_again(struct story *story, enum client_request request);
void story_drain(struct story *story); /* stop-with-savepoint of job 0 with MAX_WATERMARK */

/* Runs everything due before then, so that what happens next strikes first at that instant, as
 * faults do in every world; the lines count as seen. */
void story_run(struct story *story, time_ns until);
time_ns story_now(const struct story *story);

/* Steps until as many lines have come as `lines` has, and compares: one line per log line, "SECONDS
 * NODE: MACHINE WHAT|FROM -> TO [DETAILS]". A mismatch prints both and fails the test. With "..."
 * as a line, any lines may come until the next one matches. */
void story_expect(struct story *story, const char *lines);
/* No line comes until then. */
void story_expect_silence(struct story *story, time_ns until);
/* The latest answer to a client: "submit: done 0", "rescale: refused TEXT". */
const char *story_answer(const struct story *story);
/* The latest to a request of this kind; null: none yet. */
const char *story_answer_to(const struct story *story, enum client_request request);
uint32_t story_unanswered(const struct story *story); /* requests */
size_t story_line_count(const struct story *story);
const char *story_line(const struct story *story, size_t index);
/* Over all lines and answers so far, with their times to the nanosecond. */
uint64_t story_log_hash(const struct story *story);
void story_print(const struct story *story); /* to stderr */

const struct node *story_node(const struct story *story, struct node_id node);
bool story_is_up(const struct story *story, struct node_id node); /* neither dead nor frozen */
uint32_t story_node_count(const struct story *story);
struct node_id story_task_node(const struct story *story, uint32_t task); /* none: not running */
uint32_t
story_tasks_running(const struct story *story); /* in the data planes of living processes */

#endif
