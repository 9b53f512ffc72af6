/* SPDX-License-Identifier: Apache-2.0
 *
 * A source: what arrives, and how far each partition has been read. Partition i is read by subtask
 * i mod parallelism. Partitions at the same position whose readers do the same are one group:
 *
 *   layout:   partition -> group     shared with the checkpoints that were cut in it
 *   group:    position, partitions, rate of each now
 *
 * A layout repeats itself: subtasks take partitions in turn, so it is as long as its readers are
 * many, whatever the number of partitions. Groups that have become equal are one again: those that
 * have caught up while all have, those of a halted source, those of a completed checkpoint.
 *
 * A partition whose reader keeps up has no position of its own: it stands where the arrivals are.
 * A load given per subtask is paced by the subtask itself: nothing arrives while it does not run,
 * and each subtask has one partition.
 */
#ifndef WEIR_SIM_MODEL_SOURCE_H
#define WEIR_SIM_MODEL_SOURCE_H

#include "sim/kernel/queue.h"
#include "sim/model/curve.h"

#define GROUP_IDLE UINT32_MAX /* class of a group whose reader does not run */

struct layout {
    uint32_t references, partitions;
    uint32_t period;    /* 1 to partitions; 1 when there is one group only */
    uint32_t *group_of; /* of partition i: group_of[i % period] */
};

struct partition_group {
    double position;      /* records read of each partition; when kept up: as of the last change */
    double from;          /* the same, when its network's rates were last taken */
    double rate;          /* of each partition; records per second */
    double origin;        /* paced: position when the subtask began; else 0 */
    double origin_amount; /* paced: what the curve had given by then; else 0 */
    double idle_amount;   /* paced and idle: what it had given when the subtask stopped */
    uint32_t count;       /* partitions */
    uint32_t per_task;    /* of them, read by one subtask */
    uint32_t class;       /* of the flow network; GROUP_IDLE */
    bool kept_up;         /* reads what arrives when it arrives */
};

/* Positions of a checkpoint: those at which the barrier left the source. */
struct source_cut {
    struct layout *layout;
    double *positions; /* by group of the layout */
    uint32_t *counts;  /* the same: partitions */
    uint32_t group_count;
    double total;
    /* What was in buffers in front of the barrier: records of one partition by group (until it is
     * settled), of all, and bytes, as `ahead` of deal.h; of these what is channel state. */
    double *aheads;
    double ahead, buffered_bytes, in_flight_bytes;
};

struct model_source {
    uint32_t job, vertex;
    struct curve curve;
    bool paced;
    bool bounded; /* behind the last step of the curve the input has ended */
    double scale; /* share of the curve that one partition gets */
    struct layout *layout;
    VEC(struct partition_group) groups;
    bool active;        /* has a sum in the flow network */
    uint32_t first_raw; /* its subtasks there, while that is built */
    double rate;        /* of all subtasks, records per second */
    double rate_most;   /* the largest rate at which the network carries it, all others resting */
    double taken_over;  /* position at which the job took up a former one's log */
    double offered_before; /* what had arrived there by then, which was for the former */
    double served_before, read_before; /* by the former behind taken_over: served, read again */
    time_ns given_up_at; /* what it has not read is a later job's, or nobody's; TIME_NEVER */
    double served_total, replayed_total, served_from; /* from: when its rates were last taken */
    double ahead; /* records read into buffers, which no position counts; as of the last halt */
    double reread_total;    /* records that a restart made it read again */
    double withdrawn_total; /* paced: given up with the attempt that would have read them */
    double served_folded;   /* served_total when the vertices were last brought up to date */
    double lag_most;        /* seconds, since the last look */
    struct sim_handle step; /* next change of the load, while active */
    struct sim_handle look; /* at its lag, while active: has it a backlog? */
    bool told, in_backlog;  /* what the JobMaster was told; not told since tasks began anew */
};

void source_init(struct model_source *source, const struct series *load, time_ns from, bool paced,
                 uint32_t partitions);
void source_fini(struct model_source *source);

void layout_release(struct layout *layout);
void source_cut_take(struct model_source *source, time_ns now, struct source_cut *out);
/* All of the checkpoint is stored. What its barrier had in front and did not overtake is in its
 * state, so positions move on by that, but by no more than `most` in all, and none beyond its
 * group's limit; the rest is channel state. Groups that stand together then are one. */
void source_cut_settle(struct source_cut *cut, double most, const double *limits);
void source_cut_fini(struct source_cut *cut);

/* Records arrived for, and read of, one partition of the group. */
double source_arrived(struct model_source *source, const struct partition_group *group,
                      time_ns now);
double source_read(struct model_source *source, const struct partition_group *group, time_ns now);
double source_offered(struct model_source *source, time_ns now);  /* to this job, ever */
double source_position(struct model_source *source, time_ns now); /* of all partitions */
double source_backlog(struct model_source *source, time_ns now);
/* The same where positions are as of `seconds` ago. */
double source_backlog_after(struct model_source *source, double seconds, time_ns now);
double source_lag_seconds(struct model_source *source, const struct partition_group *group,
                          time_ns now);
double source_lag_seconds_most(struct model_source *source, time_ns now);
/* The groups get new rates, from where they are; they read on until now, at the rates that they
 * have had for `seconds`, and the most of the lag on the way is kept. */
void source_start(struct model_source *source);
void source_move(struct model_source *source, double seconds, time_ns now);
/* The lag as it is now may be the most. */
void source_note_lag(struct model_source *source, time_ns now);
/* Partitions whose reader does not run go back to the cut, null: to 0, when one does again: how
 * many records that will be, and how old the oldest unread one of them is then, in seconds. Nothing
 * of a paced source waits. */
struct source_setback {
    double records, lag_seconds;
};
struct source_setback source_setback(struct model_source *source, const struct source_cut *cut,
                                     const bool *done, uint32_t readers, time_ns now);
/* Of a bounded source: has the input ended, and has every partition been read to its end? */
bool source_is_exhausted(struct model_source *source, time_ns now);
/* Arrivals per second of one partition, now. */
double source_partition_rate(struct model_source *source, time_ns now);

/* From now on nobody waits for what it has not read. */
void source_give_up(struct model_source *source, time_ns now);

/* All groups stand still: positions are written down, equal ones become one group. */
void source_halt(struct model_source *source, time_ns now);
/* Paced: one partition per subtask; the records read so far are spread evenly when that changes. */
void source_set_parallelism(struct model_source *source, uint32_t parallelism, time_ns now);
/* Subtasks that begin anew (fresh[subtask]) go to the positions of the cut, null: to 0. What lies
 * between is counted as replayed, what was lost in buffers as read again. Halted sources only. */
void source_restore(struct model_source *source, const struct source_cut *cut, const bool *fresh,
                    uint32_t parallelism, time_ns now);
/* Groups of one class that have caught up are one again. For a source that has caught up. */
void source_join(struct model_source *source, time_ns now);
/* Splits groups so that each belongs to one class: class_of[subtask], GROUP_IDLE for none. */
void source_split(struct model_source *source, const uint32_t *class_of, uint32_t parallelism,
                  const uint32_t *class_tasks, time_ns now);
/* What tells the readers of one partition list from those of another: equal numbers read the same
 * number of partitions of the same groups. */
void source_signatures(const struct model_source *source, uint32_t parallelism,
                       uint32_t *signature_of);

#endif
