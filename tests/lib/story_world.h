/* SPDX-License-Identifier: Apache-2.0
 *
 * The inside of stories, for the story files only. story_world.c: processes, what is on its way
 * between them, vouching; story_plane.c: the data plane; story_log.c: lines; story.c: the script.
 */
#ifndef WEIR_TESTS_LIB_STORY_WORLD_H
#define WEIR_TESTS_LIB_STORY_WORLD_H

#include "core/base/index_map.h"
#include "sim/kernel/queue.h"
#include "tests/lib/story.h"

enum { STORY_NODES_MAX = 64, STORY_LINE_SIZE = 256, JOB_MANAGER = 0 };

/* Something to be heard by a node: the event, and the block it points to. */
struct letter {
    struct letter *previous, *next; /* of all there are */
    struct event event;
    void *owned;
    struct node_id from, to;
    bool is_request;
    uint64_t token;
    time_ns sent_at;
    struct sim_handle patience; /* set when it is not taken at once: then it times out */
};

struct letter_list {
    VEC(struct letter *) items;
};

struct process {
    struct node *node;
    bool dead, frozen, cut;
    time_ns refuses_from; /* dead: requests that left before then hang */
    time_ns wake_at;
    struct letter_list inbox; /* frozen: what waits */
    struct letter_list held;  /* cut: what waits at either end */
    bool vouched, disturbed;
    struct sim_handle settled;
};

/* An attempt in the data plane of a process. */
struct plane_task {
    bool used;
    struct node_id node;
    struct job_id job;
    struct task_attempt attempt;
    enum execution_state state;
    struct sim_handle next;
};

struct story_checkpoint {
    struct job_id job;
    uint64_t id; /* the latest triggered */
    bool is_stop;
};

struct story {
    struct config config;
    enum log_level log_level;
    struct sim_queue *queue;
    struct process processes[STORY_NODES_MAX];
    uint32_t process_count;
    time_ns latency, tick_at;
    struct sim_handle tick;
    time_ns last_tick;
    uint32_t ticks_at_once;
    struct letter *letters;
    bool vouch, arrived; /* arrived: story_run is at its end */

    VEC(struct plane_task) tasks;
    struct index_map task_index; /* node, job and task -> place in tasks */
    VEC(struct story_checkpoint) checkpoints;
    bool hold_acks, fail_stores;
    time_ns cancel_delay;

    VEC(char *) lines;
    size_t seen;
    uint64_t hash;
    char answers[CLIENT_REQUEST_COUNT][STORY_LINE_SIZE];
    enum client_request answered; /* last */
    uint64_t next_token;
    uint32_t unanswered;
};

/* story_world.c */
struct node_id world_add(struct story *story, enum node_kind kind, uint32_t slots);
void world_fini(struct story *story);
void world_step(struct story *story, struct node_id node, struct event *event);
/* Heard now, later or never, as the state of the process demands. Takes the letter. */
void world_deliver(struct story *story, struct letter *letter);
struct letter *world_letter(struct story *story, struct node_id to, enum event_kind kind);
void world_end(struct story *story, struct node_id node, time_ns refuses_from);
void world_freeze(struct story *story, struct node_id node, bool frozen);
void world_cut(struct story *story, struct node_id node, bool cut);
void world_set_latency(struct story *story, time_ns latency);

/* story_plane.c */
void plane_obey(struct story *story, struct node_id node, const struct effect_data *order);
void plane_end(struct story *story, struct node_id node);
struct plane_task *plane_find(struct story *story, struct job_id job, uint32_t task);
void plane_report(struct story *story, struct plane_task *task, enum execution_state state,
                  enum failure_cause cause);

/* story_log.c */
void log_add(struct story *story, struct node_id node, const struct log_line *line);
void log_answer(struct story *story, const struct effect_answer *answer);

#endif
