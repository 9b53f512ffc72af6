/* SPDX-License-Identifier: Apache-2.0
 *
 * Which checkpoints are kept: those that may still be restored, as the JobManager's store does.
 */
#include "sim/exact/store.h"

#include "sim/exact/parts.h"

void stored_file_fini(struct stored_file *file)
{
    task_snapshot_file_fini(&file->file);
    snapshot_bytes_fini(&file->bytes);
}

void stored_cut_fini(struct exact_cut *cut)
{
    for (VEC_EACH(struct stored_file, file, &cut->files))
        stored_file_fini(file);
    vec_fini(&cut->files);
    vec_fini(&cut->gone);
    vec_fini(&cut->offsets);
}

struct exact_cut *stored_cut_find(struct exact_job *job, uint64_t id)
{
    for (VEC_EACH(struct exact_cut, cut, &job->cuts))
        if (cut->id == id)
            return cut;
    return NULL;
}

struct exact_cut *stored_cut_of(struct exact_job *job, uint64_t id, enum checkpoint_kind kind)
{
    struct exact_cut *cut = stored_cut_find(job, id);
    if (cut)
        return cut;
    vec_push(&job->cuts, (struct exact_cut){ .id = id, .kind = kind });
    return &vec_last(&job->cuts);
}

static bool is_restorable(const struct exact_cut *cut)
{
    return cut->completed && cut->kind == CHECKPOINT_PERIODIC;
}

const struct exact_cut *stored_cut_newest(const struct exact_job *job)
{
    const struct exact_cut *newest = NULL;
    for (VEC_EACH(const struct exact_cut, cut, &job->cuts))
        if (is_restorable(cut) && (!newest || cut->id > newest->id))
            newest = cut;
    return newest;
}

/* Offsets of the splits as its sources' files have them; those of sources that had finished before
 * stay where these had come to. */
static void take_offsets(struct exact_job *job, struct exact_cut *cut)
{
    for (VEC_EACH(const struct exact_source, source, &job->sources)) {
        size_t first = cut->offsets.count;
        for (VEC_EACH(const struct split_place, split, &source->splits))
            vec_push(&cut->offsets, split->hold == SPLIT_DONE ? split->position : 0);
        for (VEC_EACH(const struct stored_file, file, &cut->files)) {
            struct state_list list = { 0 };
            const struct snapshot_section *section =
                file->vertex == source->vertex
                    ? task_snapshot_find(&file->file, SECTION_LIST, 0, NULL)
                    : NULL;
            struct note note;
            if (!section || err_is(task_snapshot_read_list(&file->file, section, &list, &note)))
                continue;
            for (size_t i = 0; i < state_list_count(&list); i++) {
                size_t size;
                const uint8_t *entry = state_list_entry(&list, i, &size);
                uint64_t offset;
                uint32_t split; /* struct log_split */
                memcpy(&offset, entry, sizeof offset);
                memcpy(&split, entry + sizeof offset, sizeof split);
                cut->offsets.items[first + split] = offset;
            }
            state_list_fini(&list);
        }
        for (size_t s = first; s < cut->offsets.count; s++)
            cut->position += (double)cut->offsets.items[s];
    }
}

void stored_cut_complete(struct exact_job *job, struct exact_cut *cut)
{
    uint64_t id = cut->id;
    cut->completed = true;
    take_offsets(job, cut);
    check_take_gone(job, cut);
    check_cut(job->exact, job, cut);
    if (cut->kind == CHECKPOINT_SAVEPOINT)
        return;
    for (size_t i = job->cuts.count; i-- > 0;) /* subsumed, as Flink does; not savepoints */
        if (!job->cuts.items[i].completed && job->cuts.items[i].id < id &&
            job->cuts.items[i].kind == CHECKPOINT_PERIODIC) {
            uint64_t old = job->cuts.items[i].id;
            snapshot_uploads_drop(job->exact, job->number, old);
            stored_cut_remove(job, old);
        }
}

void stored_cut_remove(struct exact_job *job, uint64_t id)
{
    for (size_t i = 0; i < job->cuts.count; i++)
        if (job->cuts.items[i].id == id) {
            stored_cut_fini(&job->cuts.items[i]);
            vec_remove_ordered(&job->cuts, i);
            return;
        }
}

static bool has_heirs(const struct exact_job *job)
{
    bool any = false;
    for (uint32_t j = 0; j < job->exact->job_count; j++)
        any = any || job->exact->jobs[j].spec->former == job->number + 1;
    return any;
}

/* One more than is retained: the JobManager forgets a moment later. Savepoints older than what is
 * retained belong to whoever asked for them, and only a later job can name them. */
void stored_cuts_forget(struct exact_job *job)
{
    size_t retained = (size_t)job->spec->graph->config.checkpoint_retained;
    size_t wanted = (retained > 0 ? retained : 1) + 1, count = 0;
    for (VEC_EACH(const struct exact_cut, cut, &job->cuts))
        count += is_restorable(cut);
    for (; count > wanted; count--) {
        uint64_t id = UINT64_MAX;
        for (VEC_EACH(const struct exact_cut, cut, &job->cuts))
            if (is_restorable(cut) && cut->id < id)
                id = cut->id;
        stored_cut_remove(job, id);
        for (size_t i = job->cuts.count; i-- > 0;)
            if (job->cuts.items[i].completed && job->cuts.items[i].id < id && !has_heirs(job))
                stored_cut_remove(job, job->cuts.items[i].id);
    }
}
