/* SPDX-License-Identifier: Apache-2.0
 *
 * Which checkpoints are kept: those that may still be restored, as the JobManager's store does. And
 * the files that they hold.
 */
#include "sim/exact/store.h"

#include "sim/exact/parts.h"

/* MAX_PARALLELISM_LIMIT, CHAIN_OPERATORS_MAX */
enum { SUBTASK_BITS = 16, ORIGIN_BITS = 6 };

static uint64_t name_key(uint64_t checkpoint, uint32_t origin, uint32_t subtask)
{
    return (checkpoint << ORIGIN_BITS | origin) << SUBTASK_BITS | subtask;
}

static uint64_t key_of(const struct stored_file *file)
{
    return name_key(file->checkpoint, file->origin, file->subtask);
}

void stored_file_destroy(struct stored_file *file)
{
    if (!file)
        return;
    task_snapshot_file_fini(&file->file);
    snapshot_bytes_fini(&file->bytes);
    mem_destroy(file);
}

void stored_shelf_fini(struct stored_shelf *shelf)
{
    CHECK(shelf->files.count == 0);
    vec_fini(&shelf->files);
    index_map_fini(&shelf->by_name);
}

static struct stored_file *find(const struct exact_job *job, uint32_t vertex, uint64_t key)
{
    const struct stored_shelf *shelf = &job->vertices[vertex].shelf;
    uint32_t at = index_map_get(&shelf->by_name, key);
    return at == INDEX_NONE ? NULL : shelf->files.items[at];
}

struct stored_file *stored_file_find(const struct exact_job *job, uint32_t vertex,
                                     uint64_t checkpoint, uint32_t subtask)
{
    return find(job, vertex, name_key(checkpoint, 0, subtask));
}

struct stored_file *stored_file_older(const struct exact_job *job, const struct stored_file *file,
                                      uint64_t checkpoint, uint32_t subtask)
{
    return find(job, file->vertex, name_key(checkpoint, file->origin, subtask));
}

/* The last one takes its place. */
static void let_go(struct exact_job *job, struct stored_file *file)
{
    struct stored_shelf *shelf = &job->vertices[file->vertex].shelf;
    CHECK(file->holders > 0);
    if (--file->holders > 0)
        return;
    uint64_t key = key_of(file);
    uint32_t at = index_map_get(&shelf->by_name, key);
    CHECK(at != INDEX_NONE && shelf->files.items[at] == file);
    index_map_remove(&shelf->by_name, key);
    vec_remove_swap(&shelf->files, at);
    if (at < shelf->files.count) {
        const struct stored_file *moved = shelf->files.items[at];
        index_map_put(&shelf->by_name, key_of(moved), at);
    }
    stored_file_destroy(file);
}

void stored_cut_fini(struct exact_job *job, struct exact_cut *cut)
{
    for (uint32_t v = 0; v < job->vertex_count; v++) {
        struct cut_vertex *vertex = &cut->vertices[v];
        for (VEC_EACH(struct stored_file *, file, &vertex->own))
            let_go(job, *file);
        for (VEC_EACH(struct stored_file *, file, &vertex->older))
            let_go(job, *file);
        vec_fini(&vertex->own);
        vec_fini(&vertex->older);
    }
    mem_destroy(cut->vertices);
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
    vec_push(&job->cuts, (struct exact_cut){ .id = id,
                                             .kind = kind,
                                             .vertices = mem_create_array(job->vertex_count,
                                                                          sizeof *cut->vertices) });
    cut = &vec_last(&job->cuts);
    for (uint32_t v = 0; v < job->vertex_count; v++)
        cut->running += job->vertices[v].running;
    return cut;
}

static void older_names(const struct stored_file *file, struct snapshot_names *names)
{
    struct note note;
    struct err e = task_snapshot_older(&file->file, names, &note);
    CHECK(!err_is(e)); /* as it was written */
}

bool stored_file_has_base(const struct exact_job *job, const struct stored_file *file)
{
    struct snapshot_names names = { 0 };
    bool all = true;
    older_names(file, &names);
    for (VEC_EACH(const struct snapshot_name, name, &names)) {
        const struct stored_file *older =
            stored_file_older(job, file, name->checkpoint, name->subtask);
        all = all && older && !older->removed;
    }
    vec_fini(&names);
    return all;
}

static void hold_older(struct exact_job *job, struct cut_vertex *vertex,
                       const struct stored_file *file)
{
    struct snapshot_names names = { 0 };
    struct index_map held = { 0 };
    for (size_t i = 0; i < vertex->older.count; i++)
        index_map_put(&held, key_of(vertex->older.items[i]), (uint32_t)i);
    older_names(file, &names);
    for (VEC_EACH(const struct snapshot_name, name, &names)) {
        uint64_t key = name_key(name->checkpoint, file->origin, name->subtask);
        struct stored_file *older = find(job, file->vertex, key);
        CHECK(older != NULL);
        if (index_map_get(&held, key) != INDEX_NONE)
            continue;
        index_map_put(&held, key, (uint32_t)vertex->older.count);
        older->holders++;
        vec_push(&vertex->older, older);
    }
    vec_fini(&names);
    index_map_fini(&held);
}

static void put_on_shelf(struct exact_job *job, struct stored_file *take)
{
    struct stored_shelf *shelf = &job->vertices[take->vertex].shelf;
    CHECK(take->holders == 0);
    CHECK(!find(job, take->vertex, key_of(take)));
    take->holders = 1;
    index_map_put(&shelf->by_name, key_of(take), (uint32_t)shelf->files.count);
    vec_push(&shelf->files, take);
}

void stored_cut_add(struct exact_job *job, struct exact_cut *cut, struct stored_file *take)
{
    struct cut_vertex *vertex = &cut->vertices[take->vertex];
    CHECK(take->checkpoint == cut->id);
    hold_older(job, vertex, take);
    put_on_shelf(job, take);
    vec_push(&vertex->own, take);
    cut->file_count++;
}

void stored_cut_bring(struct exact_job *job, struct exact_cut *cut, struct stored_file *take)
{
    CHECK(take->checkpoint < cut->id);
    put_on_shelf(job, take);
    vec_push(&cut->vertices[take->vertex].older, take);
}

static bool is_restorable(const struct exact_cut *cut)
{
    return cut->completed && cut->kind == CHECKPOINT_PERIODIC;
}

uint32_t stored_files_count(const struct exact_job *job)
{
    uint32_t count = 0;
    for (VEC_EACH(const struct exact_cut, cut, &job->cuts))
        for (uint32_t v = 0; is_restorable(cut) && v < job->vertex_count; v++)
            for (VEC_EACH(struct stored_file *, file, &cut->vertices[v].own))
                count += !(*file)->removed && (*file)->keyed_bytes > 0;
    return count;
}

static uint32_t count_holders(const struct exact_job *job, const struct stored_file *file)
{
    uint32_t holders = 0;
    for (VEC_EACH(const struct exact_cut, cut, &job->cuts)) {
        const struct cut_vertex *vertex = &cut->vertices[file->vertex];
        for (VEC_EACH(struct stored_file *, own, &vertex->own))
            holders += *own == file;
        for (VEC_EACH(struct stored_file *, older, &vertex->older))
            holders += *older == file;
    }
    return holders;
}

void stored_files_check(const struct exact_job *job)
{
    for (uint32_t v = 0; v < job->vertex_count; v++)
        for (VEC_EACH(struct stored_file *, file, &job->vertices[v].shelf.files)) {
            CHECK((*file)->holders > 0);
            CHECK((*file)->holders == count_holders(job, *file));
            CHECK(find(job, v, key_of(*file)) == *file);
        }
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
        for (VEC_EACH(struct stored_file *, file, &cut->vertices[source->vertex].own)) {
            struct state_list list = { 0 };
            const struct task_snapshot_file *of = &(*file)->file;
            const struct snapshot_section *section =
                task_snapshot_find(of, SECTION_LIST, of->identity.head, NULL);
            struct note note;
            if (!section || err_is(task_snapshot_read_list(of, section, &list, &note)))
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
            stored_cut_fini(job, &job->cuts.items[i]);
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

void stored_savepoint_hand_over(struct exact_job *job, uint64_t id)
{
    if (!has_heirs(job))
        stored_cut_remove(job, id);
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
