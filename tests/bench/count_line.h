/* SPDX-License-Identifier: Apache-2.0
 *
 * Two whole tasks with a hash exchange between them, stepped in turn by one thread. Checkpoints are
 * triggered after each second of processor time, written and thrown away.
 */
#ifndef WEIR_TESTS_BENCH_COUNT_LINE_H
#define WEIR_TESTS_BENCH_COUNT_LINE_H

#include <time.h>

#include "core/exec/task.h"
#include "tests/bench/bench.h"

enum { GROUPS = 128, BUFFER = 32768, PIECE = 1 << 20 };

/* A source, an exchange of records of one layout, which are their key, and who reads them. */
struct count_line {
    const struct operator_spec *source, *counter;
    struct record_layout layout;
    struct key_spec key;
};

static inline struct exec_task *create_source(const struct count_line *line)
{
    static const struct chain_binding binding;
    struct note note;
    struct task_output_config output = { .partition = { .layout = line->layout,
                                                        .partitioner = PARTITION_HASH,
                                                        .subpartitions = 1,
                                                        .max_parallelism = GROUPS,
                                                        .buffer_size = BUFFER,
                                                        .buffers = 10,
                                                        .per_channel_max = 10,
                                                        .overdraft_max = 16 },
                                         .route = { .key = line->key } };
    struct exec_task *task =
        exec_task_create(&(struct exec_task_config){ .identity = { 1, 1, 0, 1, GROUPS, 0 },
                                                     .groups = { 0, GROUPS - 1 },
                                                     .operators = line->source,
                                                     .operator_count = 1,
                                                     .outputs = &output,
                                                     .bindings = &binding,
                                                     .output_count = 1,
                                                     .buffer_timeout = 100 * TIME_MS },
                         &note);
    CHECK(task);
    exec_task_open(task, NULL, 0, 0);
    return task;
}

static inline struct exec_task *create_counter(const struct count_line *line)
{
    struct note note;
    struct exec_input_config input = { .gate = { .channels = 1, .exclusive = 2, .floating = 8 },
                                       .layout = line->layout,
                                       .buffer_size = BUFFER,
                                       .partitioner = PARTITION_HASH,
                                       .route = { .key = line->key } };
    struct exec_task *task =
        exec_task_create(&(struct exec_task_config){ .identity = { 1, 2, 0, 1, GROUPS, 0 },
                                                     .groups = { 0, GROUPS - 1 },
                                                     .operators = line->counter,
                                                     .operator_count = 2,
                                                     .inputs = &input,
                                                     .input_count = 1 },
                         &note);
    CHECK(task);
    exec_task_open(task, NULL, 0, 0);
    return task;
}

static inline void carry(struct exec_task *source, struct exec_task *counter)
{
    struct result_partition *output = exec_task_output(source, 0);
    struct input_gate *gate = exec_task_gate(counter, 0);
    struct channel_item item;
    uint32_t channel, credits, backlog;
    while (input_gate_take_credit(gate, &channel, &credits))
        result_partition_add_credit(output, 0, credits);
    while (result_partition_next_ready(output, &channel))
        while (result_partition_take(output, channel, &item, &backlog))
            input_gate_receive(gate, 0, &item, backlog);
}

struct count_checkpoints {
    double due_s; /* of processor time */
    uint64_t id;
};

static inline double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* The snapshots that have begun are written and thrown away; both tasks hear that it is complete.
 */
static inline void write_snapshots(struct exec_task *tasks[2])
{
    for (int i = 0; i < 2; i++) {
        struct task_fact fact;
        while (exec_task_take_fact(tasks[i], &fact)) {
            if (fact.kind != TASK_FACT_SNAPSHOT)
                continue;
            while (exec_task_write_snapshot(tasks[i], fact.checkpoint, PIECE) != SNAPSHOT_WRITTEN)
                ;
            snapshot_work_destroy(exec_task_give_snapshot(tasks[i], fact.checkpoint));
            exec_task_checkpoint_complete(tasks[i], fact.checkpoint);
        }
    }
}

static inline void trigger_when_due(struct count_checkpoints *checkpoints, struct exec_task *source)
{
    if (now_s() < checkpoints->due_s)
        return;
    checkpoints->due_s = now_s() + 1;
    exec_task_trigger_checkpoint(source,
                                 &(struct checkpoint_barrier){ .id = (int64_t)++checkpoints->id,
                                                               .alignment = BARRIER_ALIGNED,
                                                               .aligned_timeout = TIME_NEVER,
                                                               .kind = CHECKPOINT_PERIODIC },
                                 false);
}

static inline void run_line(const struct count_line *line, uint64_t n, bool with_checkpoints)
{
    enum { LOOKS_APART = 64 };
    struct exec_task *tasks[] = { create_source(line), create_counter(line) };
    struct count_checkpoints checkpoints = { .due_s = now_s() + 1 };
    exec_task_set_arrived(tasks[0], n, true);
    for (uint64_t step = 0; exec_task_state(tasks[1]) != EXEC_FINISHED; step++) {
        carry(tasks[0], tasks[1]);
        exec_task_step(tasks[0], 0);
        exec_task_step(tasks[1], 0);
        CHECK(exec_task_state(tasks[0]) != EXEC_FAILED);
        CHECK(exec_task_state(tasks[1]) != EXEC_FAILED);
        if (!with_checkpoints)
            continue;
        write_snapshots(tasks);
        if (step % LOOKS_APART == 0)
            trigger_when_due(&checkpoints, tasks[0]);
    }
    bench_keep(exec_task_chain(tasks[1])->operators[1]->records_in);
    exec_task_destroy(tasks[0]);
    exec_task_destroy(tasks[1]);
}

#endif
