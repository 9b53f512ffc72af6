/* SPDX-License-Identifier: Apache-2.0
 *
 * The copies of each host and its disk. Copies go with the process: its working directory is made
 * anew. Those of slots that have been given back are never asked for and go with the next
 * checkpoint.
 */
#include "sim/model/local.h"

#include "sim/model/state.h"

bool local_is_kept(const struct model_job *job)
{
    const struct config *config = &job->spec->graph->config;
    return config->local_backup || config->recover_from_local;
}

bool local_has_state(const struct model_job *job)
{
    return job->spec->graph->config.state_backend == STATE_BACKEND_ROCKSDB;
}

static bool is_of(const struct local_copy *copy, const struct model_task *task)
{
    return copy->job == task->job && copy->vertex == task->vertex &&
           copy->subtask == task->subtask && copy->allocation.n == task->allocation.n;
}

void local_keep(struct model *model, const struct model_task *task, uint64_t checkpoint,
                int64_t bytes)
{
    struct model_host *host = &model->hosts.items[task->host];
    const struct model_job *job = &model->jobs[task->job];
    vec_push(&host->copies,
             (struct local_copy){ .job = task->job,
                                  .vertex = task->vertex,
                                  .subtask = task->subtask,
                                  .parallelism = job->vertices[task->vertex].parallelism,
                                  .key_group_first = task->key_group_first,
                                  .key_group_last = task->key_group_last,
                                  .allocation = task->allocation,
                                  .checkpoint = checkpoint,
                                  .bytes = bytes });
}

int64_t local_bytes(const struct model *model, const struct model_task *task)
{
    const struct model_host *host = &model->hosts.items[task->host];
    const struct model_job *job = &model->jobs[task->job];
    if (!job->spec->graph->config.recover_from_local)
        return 0;
    for (VEC_EACH(const struct local_copy, copy, &host->copies))
        if (copy->checkpoint == task->restore_checkpoint && is_of(copy, task) &&
            copy->parallelism == job->vertices[task->vertex].parallelism &&
            copy->key_group_first == task->key_group_first &&
            copy->key_group_last == task->key_group_last)
            return copy->bytes < task->restore_bytes ? copy->bytes : task->restore_bytes;
    return 0;
}

/* Those from `first` to `last` go. */
static void drop(struct model *model, uint32_t host, uint32_t job, uint64_t first, uint64_t last)
{
    struct model_host *h = &model->hosts.items[host];
    size_t kept = 0;
    for (size_t i = 0; i < h->copies.count; i++) {
        const struct local_copy *copy = &h->copies.items[i];
        if (copy->job != job || copy->checkpoint < first || copy->checkpoint > last)
            h->copies.items[kept++] = *copy;
    }
    h->copies.count = kept;
}

void local_on_complete(struct model *model, uint32_t host, uint32_t job, uint64_t checkpoint)
{
    drop(model, host, job, 0, checkpoint - 1);
}

void local_on_aborted(struct model *model, uint32_t host, uint32_t job, uint64_t checkpoint)
{
    drop(model, host, job, checkpoint, checkpoint);
}

struct share_handle local_transfer(struct model *model, uint32_t host, double bytes,
                                   sim_action *done, uint64_t a, uint64_t b)
{
    struct model_host *h = &model->hosts.items[host];
    if (!h->disk)
        h->disk = shared_bandwidth_create(model->queue, h->machine->disk_bps);
    return shared_bandwidth_start(h->disk, 0, 0, bytes, done, model, a, b);
}

void local_cancel(struct model *model, uint32_t host, struct share_handle *handle)
{
    if (model->hosts.items[host].disk)
        shared_bandwidth_cancel(model->hosts.items[host].disk, handle);
}
