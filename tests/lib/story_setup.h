/* SPDX-License-Identifier: Apache-2.0
 *
 * How stories begin. Every story is told twice, with heartbeats sent and with the world vouching
 * for contacts (port/event.h), and must go the same way: tcase_add_story adds both.
 */
#ifndef WEIR_TESTS_LIB_STORY_SETUP_H
#define WEIR_TESTS_LIB_STORY_SETUP_H

#include "tests/lib/graphs.h"
#include "tests/lib/story.h"

#define tcase_add_story(tcase, test) tcase_add_loop_test(tcase, test, 0, 2)

/* In a test added so: struct story *story = story_begin(_i); */
struct story *story_begin(int vouch);

void story_fixed_delay(struct story *story, const char *attempts, const char *delay);
void story_adaptive(struct story *story);
void story_reactive(struct story *story, const char *cooldown, const char *stabilization);

/* Two vertices, all-to-all: "source P /MAX; count P /MAX; source -> count hash"; max 0: not given.
 */
struct job_graph *story_job(struct story *story, int parallelism, int max_parallelism);

/* Starts the JobManager and `count` TaskManagers of `slots` each, at 0; at 0.1 s the job comes. */
void story_open(struct story *story, uint32_t count, uint32_t slots, struct job_graph *job);

/* PUT of the same bounds for the first `vertices` vertices of job 0. */
void story_put(struct story *story, uint32_t vertices, int32_t lower, int32_t upper);

/* Kill, and the first consumer to notice does so after `notice`. */
void story_kill_noticed(struct story *story, struct node_id node, time_ns notice);

/* One event straight to the node, at this instant; true when it was refused. */
bool story_refuses(struct story *story, struct node_id node, struct event event);
struct event story_message(struct node_id from, const struct message *message);

#endif
