/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of a task share: its struct, its mailbox, and what they call in one another.
 */
#ifndef WEIR_EXEC_TASK_PARTS_H
#define WEIR_EXEC_TASK_PARTS_H

#include "core/exec/input_watermarks.h"
#include "core/exec/task.h"

enum mail_kind { MAIL_TRIGGER, MAIL_COMPLETE, MAIL_ABORTED };

struct mail {
    enum mail_kind kind;
    struct checkpoint_barrier barrier; /* of TRIGGER; its id of the others */
    bool ends_input;                   /* of TRIGGER: a savepoint behind which the source stops */
};

struct exec_input {
    struct input_gate gate;
    struct frame_reader reader;
    struct snapshot_serializer serializer;
    uint32_t head_input, first_channel; /* of those of the chain's input */
    enum partitioner partitioner;       /* of the edge it reads from */
    struct record_route route;
    uint32_t buffer_size;
    uint32_t ended;                   /* channels whose data has ended */
    bool recovers;                    /* some of what was in flight is not read */
    struct in_flight_writers writers; /* while it is restored */
};

/* A channel of the task's, by input. */
struct read_channel {
    uint32_t input, channel;
};

enum { ABORTED_MAX = 128 }; /* SubtaskCheckpointCoordinatorImpl.MAX_RECORD_ABORTED_CHECKPOINTS */

/* Records that are taken in a step, some at a time. */
struct record_turn {
    uint64_t taken;      /* in this step */
    time_ns cost_each;   /* of one, through the whole chain, as the last ones did */
    uint64_t out_each;   /* records of one output that came of one */
    time_ns cost_before; /* those under way */
};

struct exec_task {
    struct exec_task_config config;
    enum exec_task_state state;
    struct operator_task context;
    struct state_registry states;
    struct chain chain;
    struct exec_input *inputs;
    struct input_gate **gates;   /* of the inputs, for the barrier handler */
    uint32_t next_input;         /* whose turn it is */
    struct channel_item reading; /* a buffer that is not read to its end */
    struct read_channel reading_of;
    struct record_turn turn;
    struct task_output *outputs;
    struct barrier_handler handler; /* of a task with inputs */
    struct input_watermarks watermarks;
    VEC(struct mail) mails;
    size_t first_mail;
    VEC(struct task_fact) facts;
    size_t first_fact;
    VEC(struct snapshot_work *) snapshots; /* by rising checkpoint */
    VEC(uint64_t) aborted;                 /* checkpoints whose barrier has not come */
    uint32_t open_inputs, open_channels;   /* whose data, whose partition has not ended */
    bool data_ended, drains;               /* data_ended: all of it is worked off */
    bool waits;                            /* for its first checkpoint, and reads nothing */
    uint64_t stops_behind;                 /* savepoint that it has begun; 0: none */
    bool ends;                             /* at once when its data is read */
    uint32_t unread;                       /* channels of its outputs whose data is not */
    VEC(struct read_channel) read;         /* channels whose senders are to be told so */
    size_t first_read;
    uint64_t last_snapshot, final; /* final: whose completion ends it; 0: not taken yet */
    bool final_complete;
    bool operators_finish;          /* they have been told */
    bool ends_later;                /* the end waits for operators that are pending */
    struct checkpoint_barrier held; /* its id not 0: this savepoint waits for them as well */
    time_ns flush_at;               /* TIME_NEVER: nothing waits */
};

void exec_task_move(struct exec_task *task, enum exec_task_state to);
void exec_task_tell(struct exec_task *task, enum task_fact_kind kind, uint64_t checkpoint,
                    enum barrier_abort_reason reason);
void exec_task_send_event(struct exec_task *task, const struct channel_event *event);

/* task_checkpoint.c */
void exec_task_snapshot_now(struct exec_task *task, const struct checkpoint_barrier *barrier);
void exec_task_on_barrier(struct exec_task *task, const struct barrier_outcome *outcome);
void exec_task_gather_in_flight(struct exec_task *task);
/* Was it told that the checkpoint is aborted before it came here? */
bool exec_task_is_aborted(const struct exec_task *task, uint64_t checkpoint);
void exec_task_drop_snapshot(struct exec_task *task, uint64_t checkpoint);
void exec_task_on_complete(struct exec_task *task, uint64_t checkpoint);

/* task_turn.c */
void exec_task_turn_init(struct exec_task *task);
bool exec_task_has_room(const struct exec_task *task); /* to write to */
/* So many records at once, at least one; between the two calls they go through the chain. */
uint32_t exec_task_turn_begin(struct exec_task *task);
void exec_task_turn_end(struct exec_task *task, uint64_t records);
/* May it take further ones in this step? */
bool exec_task_turn_goes_on(const struct exec_task *task);
bool exec_task_poll_source(struct exec_task *task);

/* task_input.c */
void exec_task_init_watermarks(struct exec_task *task);
bool exec_task_read_next(struct exec_task *task, bool priority_only);
void exec_task_end_data(struct exec_task *task);
void exec_task_finish(struct exec_task *task);

#endif
