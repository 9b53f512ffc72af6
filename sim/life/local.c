/* SPDX-License-Identifier: Apache-2.0
 *
 * The copies of each host and its disk. Copies go with the process: its working directory is made
 * anew. Those of slots that have been given back are never asked for and go with the next
 * checkpoint.
 */
#include "sim/life/life.h"

bool local_is_kept(const struct job_spec *job)
{
    const struct config *config = &job->graph->config;
    return config->local_backup || config->recover_from_local;
}

bool local_has_state(const struct job_spec *job)
{
    return job->graph->config.state_backend == STATE_BACKEND_ROCKSDB;
}

/* A copy is written at once with the upload (DuplicatingCheckpointOutputStream), but an incremental
 * one of RocksDB is made of links (RocksIncrementalSnapshotStrategy); what RocksDB uploads is read
 * from the disk. */
double local_upload_bytes(const struct job_spec *job, double state_bytes, bool copied)
{
    bool on_disk = local_has_state(job);
    bool links = config_is_incremental(&job->graph->config);
    return state_bytes * (on_disk + (copied && !links));
}

static bool is_of(const struct local_copy *copy, const struct life_task *task)
{
    return copy->job == task->job && copy->vertex == task->vertex &&
           copy->subtask == task->subtask && copy->allocation.n == task->allocation.n;
}

void local_keep(struct life *life, const struct life_task *task, uint64_t checkpoint, int64_t bytes)
{
    struct life_host *host = life_host(life, task->host);
    vec_push(&host->copies, (struct local_copy){ .job = task->job,
                                                 .vertex = task->vertex,
                                                 .subtask = task->subtask,
                                                 .parallelism = task->parallelism,
                                                 .key_group_first = task->key_group_first,
                                                 .key_group_last = task->key_group_last,
                                                 .allocation = task->allocation,
                                                 .checkpoint = checkpoint,
                                                 .bytes = bytes });
}

int64_t local_bytes(const struct life *life, const struct life_task *task)
{
    const struct life_host *host = life_host(life, task->host);
    const struct job_spec *job = life->jobs[task->job].spec;
    if (!job->graph->config.recover_from_local)
        return 0;
    for (VEC_EACH(const struct local_copy, copy, &host->copies))
        if (copy->checkpoint == task->restore_checkpoint && is_of(copy, task) &&
            copy->parallelism == task->parallelism &&
            copy->key_group_first == task->key_group_first &&
            copy->key_group_last == task->key_group_last)
            return copy->bytes < task->restore_bytes ? copy->bytes : task->restore_bytes;
    return 0;
}

/* Those from `first` to `last` go. */
static void drop(struct life *life, uint32_t host, uint32_t job, uint64_t first, uint64_t last)
{
    struct life_host *h = life_host(life, host);
    size_t kept = 0;
    for (size_t i = 0; i < h->copies.count; i++) {
        const struct local_copy *copy = &h->copies.items[i];
        if (copy->job != job || copy->checkpoint < first || copy->checkpoint > last)
            h->copies.items[kept++] = *copy;
    }
    h->copies.count = kept;
}

void local_on_complete(struct life *life, uint32_t host, uint32_t job, uint64_t checkpoint)
{
    drop(life, host, job, 0, checkpoint - 1);
}

void local_on_aborted(struct life *life, uint32_t host, uint32_t job, uint64_t checkpoint)
{
    drop(life, host, job, checkpoint, checkpoint);
}

struct share_handle local_transfer(struct life *life, uint32_t host, double bytes, sim_action *done,
                                   void *context, uint64_t a, uint64_t b)
{
    struct life_host *h = life_host(life, host);
    if (!h->disk)
        h->disk = shared_bandwidth_create(life->queue, h->machine->disk_bps);
    return shared_bandwidth_start(h->disk, 0, 0, bytes, done, context, a, b);
}

void local_cancel(struct life *life, uint32_t host, struct share_handle *handle)
{
    if (life_host(life, host)->disk)
        shared_bandwidth_cancel(life_host(life, host)->disk, handle);
}
