/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of a subtask say by themselves: the state by key that they stand for, without the
 * tables of the data plane, and their sizes, with what a scenario says of state that is not in
 * memory here.
 */
#include <math.h>

#include "sim/exact/parts.h"

/* Keys and what they hold, as the files have it. */
struct plain_state {
    struct index_map places; /* by key */
    VEC(struct keyed_value) values;
};

enum { ENTRY_KEY = 8, ENTRY_BYTES = ENTRY_KEY + sizeof(struct keyed_value) };

static void put_block(struct plain_state *state, const struct snapshot_block *block)
{
    bool removes = block->kind == SNAPSHOT_BLOCK_REMOVED;
    for (uint32_t i = 0; i < block->entries; i++) {
        const uint8_t *at = block->body + (size_t)i * (removes ? ENTRY_KEY : ENTRY_BYTES);
        struct keyed_value value = { 0 };
        uint64_t key;
        memcpy(&key, at, sizeof key);
        if (!removes)
            memcpy(&value, at + ENTRY_KEY, sizeof value);
        uint32_t place = index_map_get(&state->places, key);
        if (place == INDEX_NONE) {
            index_map_put(&state->places, key, (uint32_t)state->values.count);
            vec_push(&state->values, value);
        } else {
            state->values.items[place] = value;
        }
    }
}

/* A modelled vertex has one keyed state. Null: it is not in the file. */
static const struct snapshot_section *section_of(const struct stored_file *stored,
                                                 enum section_kind kind)
{
    for (VEC_EACH(const struct snapshot_section, section, &stored->file.sections))
        if (section->kind == kind)
            return section;
    return NULL;
}

/* One file's part of it, for these key groups. */
static MUST_CHECK struct err put_part(struct plain_state *state, const struct stored_file *stored,
                                      struct key_group_range range, struct note *note)
{
    const struct snapshot_section *section = section_of(stored, SECTION_KEYED);
    struct snapshot_file file;
    if (!section)
        return OK;
    TRY(snapshot_open(stored->bytes.items + section->offset, section->size, &file, note));
    range = key_group_range_both(range, file.header.range);
    for (int32_t group = range.first; group <= range.last; group++) {
        uint64_t from, to;
        struct snapshot_block block;
        TRY(snapshot_section(&file, group, &from, &to, note));
        while (from < to) {
            TRY(snapshot_read_block(&file, group, &from, to, &block, note));
            put_block(state, &block);
        }
    }
    return OK;
}

static MUST_CHECK struct err put_older(const struct exact_job *job, struct plain_state *state,
                                       const struct stored_file *stored,
                                       const struct state_parts *parts, struct note *note)
{
    for (VEC_EACH(const struct state_part, part, parts)) {
        const struct stored_file *older =
            stored_file_older(job, stored, part->checkpoint, part->subtask);
        if (!older)
            return err_note(note, ERR_MISSING_CODE, "what subtask %u stored in %llu is missing",
                            part->subtask, (unsigned long long)part->checkpoint);
        TRY(put_part(state, older, part->range, note));
    }
    return OK;
}

struct err files_sum(const struct exact_job *job, const struct stored_file *stored,
                     struct exact_sum *sum, struct note *note)
{
    const struct snapshot_section *section = section_of(stored, SECTION_CHAIN);
    const struct key_group_range all = { 0, INT32_MAX };
    struct plain_state state = { 0 };
    struct state_parts parts = { 0 };
    struct err e = section ? state_parts_read(&stored->file, section, &parts, note) : OK;
    if (!err_is(e))
        e = put_older(job, &state, stored, &parts, note);
    if (!err_is(e))
        e = put_part(&state, stored, all, note);
    for (size_t i = 0; i < state.values.count && !err_is(e); i++) {
        sum->records += state.values.items[i].records;
        sum->digest += state.values.items[i].digest;
    }
    vec_fini(&parts);
    vec_fini(&state.values);
    index_map_fini(&state.places);
    return e;
}

/* Of the one modelled state in it: its entries, and which part of its key groups is whole. */
struct content {
    uint64_t entries;
    double whole;
};

static struct content content_of(const struct stored_file *stored)
{
    const struct snapshot_section *section = section_of(stored, SECTION_KEYED);
    struct content content = { 0 };
    struct snapshot_file file;
    struct note note;
    if (!section)
        return content;
    struct err e =
        snapshot_open(stored->bytes.items + section->offset, section->size, &file, &note);
    for (int32_t group = file.header.range.first; !err_is(e) && group <= file.header.range.last;
         group++) {
        uint64_t from, to, entries = 0;
        e = snapshot_section(&file, group, &from, &to, &note);
        if (!err_is(e))
            e = snapshot_count_entries(&file, from, to, ENTRY_KEY, &entries, &note);
        content.entries += entries;
        content.whole += snapshot_group_base(&file.header, group) == 0;
    }
    CHECK(!err_is(e)); /* as it was written */
    content.whole /= key_group_range_size(file.header.range);
    return content;
}

void files_measure(struct stored_file *stored, const struct vertex_model *spec, double since)
{
    double per_key = spec->state_per_key - (double)sizeof(struct keyed_value);
    for (VEC_EACH(const struct snapshot_section, section, &stored->file.sections))
        stored->keyed_bytes += section->kind == SECTION_KEYED ? section->size : 0;
    if (spec->state_growth == 0 && spec->keys == 0)
        return; /* all of it is here, in whatever layout its program has */
    struct content content = content_of(stored);
    stored->modelled = spec->state_growth * (since + content.whole * (stored->records - since));
    if (per_key > 0 && spec->keys > 0)
        stored->modelled += per_key * (double)content.entries;
}

/* Each old subtask's by how much of its range of key groups, or of whatever else was dealt out by
 * rank, the new one has. */
double files_records(const struct cut_vertex *vertex, uint32_t subtask, uint32_t parallelism)
{
    double from = (double)subtask / parallelism, to = (double)(subtask + 1) / parallelism, sum = 0;
    for (VEC_EACH(struct stored_file *, file, &vertex->own)) {
        const struct task_snapshot_identity *old = &(*file)->file.identity;
        if (old->parallelism == parallelism) { /* to the record */
            sum += old->subtask == subtask ? (*file)->records : 0;
            continue;
        }
        double first = fmax(from, (double)old->subtask / old->parallelism);
        double last = fmin(to, (double)(old->subtask + 1) / old->parallelism);
        sum += (*file)->records * fmax(last - first, 0) * old->parallelism;
    }
    return sum;
}

static double bytes_of_part(const struct exact_job *job, const struct stored_file *stored,
                            const struct state_part *part)
{
    const struct stored_file *file =
        stored_file_older(job, stored, part->checkpoint, part->subtask);
    if (!file || file->keyed_bytes == 0)
        return 0;
    double share = (double)part->bytes / (double)file->keyed_bytes;
    return (double)part->bytes + file->modelled * (share < 1 ? share : 1);
}

double files_older_bytes(const struct exact_job *job, const struct stored_file *stored)
{
    struct state_parts parts = { 0 };
    double sum = 0;
    for (VEC_EACH(const struct snapshot_section, section, &stored->file.sections)) {
        struct note note;
        if (section->kind != SECTION_CHAIN)
            continue;
        struct err e = state_parts_read(&stored->file, section, &parts, &note);
        CHECK(!err_is(e)); /* as it was written */
        for (VEC_EACH(const struct state_part, part, &parts))
            sum += bytes_of_part(job, stored, part);
    }
    vec_fini(&parts);
    return sum;
}
