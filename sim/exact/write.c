/* SPDX-License-Identifier: Apache-2.0
 *
 * What sinks write goes to the distributed file system, as snapshots do: in order, the next bytes
 * when those before are there, while the task works on. It waits where more is behind than a stream
 * holds, and until all is there where a file is closed or committed, or a table flushed. A write
 * that the storage refuses fails the task. Source: Flink's FileSink over a stream of a file system.
 */
#include "sim/exact/parts.h"

enum { STREAM_BYTES = 5 << 20 }; /* of a stream's queue: HDFS' 80 packets, a part of S3 */

static void write_is_done(void *context, uint64_t a, uint64_t b);

void write_note(struct exact_task *task, const struct exec_step *step)
{
    task->unwritten += (double)step->written;
    task->awaits_writes |= step->awaits_writes;
}

static void begin_next(struct exact *exact, uint32_t index)
{
    struct exact_task *task = &exact->tasks.items[index];
    if (task->writes || !(task->unwritten > 0))
        return;
    double bytes = task->unwritten;
    task->unwritten = 0;
    task->writes = true;
    struct transfer_id write = virtual_cluster_dfs_transfer(
        exact->cluster, (struct node_id){ task->life.host }, TRANSFER_OUT, bytes, write_is_done,
        exact, index, task->life.generation);
    exact->tasks.items[index].write = write;
}

bool write_holds(struct exact *exact, uint32_t index)
{
    struct exact_task *task = &exact->tasks.items[index];
    begin_next(exact, index);
    task->held_by_writes =
        task->awaits_writes ? task->writes : task->unwritten > (double)STREAM_BYTES;
    if (task->held_by_writes)
        task->pace = PACE_WAITS;
    else
        task->awaits_writes = false;
    return task->held_by_writes;
}

static void write_is_done(void *context, uint64_t a, uint64_t b)
{
    struct exact *exact = context;
    uint32_t index = (uint32_t)a;
    struct exact_task *task = &exact->tasks.items[index];
    if (task->life.generation != (uint32_t)b || !task->writes)
        return;
    if (task->write.n > 0)
        task->writes_failed = life_transfer_fails(&exact->life, TRANSFER_OUT);
    task->write = (struct transfer_id){ 0 };
    if (exact_hold(exact, task->life.host, write_is_done, a, b))
        return;
    task->writes = false;
    if (task->writes_failed) {
        exact_fail_as(exact, index, CAUSE_USER_CODE, "could not write: the storage fails");
        return;
    }
    begin_next(exact, index);
    if (task->held_by_writes && !write_holds(exact, index))
        run_goes_on(exact, index);
}

void write_stop(struct exact *exact, uint32_t index)
{
    struct exact_task *task = &exact->tasks.items[index];
    if (task->write.n > 0)
        virtual_cluster_dfs_cancel(exact->cluster, task->write);
    task->write = (struct transfer_id){ 0 };
    task->writes = task->awaits_writes = task->held_by_writes = false;
    task->unwritten = 0;
}
