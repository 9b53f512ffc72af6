/* SPDX-License-Identifier: Apache-2.0
 *
 * The books of increments, and how they stand in a task's file: words of 8 bytes, a row for each
 * part. Source for what they are there for: Flink's IncrementalRemoteKeyedStateHandle.
 */
#include "core/exec/state_chain.h"

#include "core/exec/state_snapshot.h"

enum { WORD_BYTES = 8, PART_WORDS = 6, PART_BYTES = PART_WORDS * WORD_BYTES };

static void forget(struct state_chain *chain, size_t i)
{
    vec_fini(&chain->pending.items[i].parts);
    vec_remove_ordered(&chain->pending, i);
}

void state_chain_fini(struct state_chain *chain)
{
    while (chain->pending.count > 0)
        forget(chain, chain->pending.count - 1);
    vec_fini(&chain->pending);
    vec_fini(&chain->confirmed);
}

bool state_chain_goes_on(const struct state_chain *chain)
{
    uint64_t full = 0, added = 0;
    uint32_t increments = 0;
    for (VEC_EACH(const struct state_part, part, &chain->confirmed)) {
        if (part->is_full)
            full += part->bytes;
        else
            added += part->bytes;
        increments += !part->is_full;
    }
    return chain->confirmed.count > 0 && added <= full && increments < CHECKPOINT_INCREMENTS_MAX;
}

static size_t find(const struct state_chain *chain, uint64_t id)
{
    for (size_t i = 0; i < chain->pending.count; i++)
        if (chain->pending.items[i].id == id)
            return i;
    return chain->pending.count;
}

/* The table remembers as many snapshots that are neither confirmed nor aborted. */
void state_chain_begin(struct state_chain *chain, uint64_t id, bool is_increment, uint32_t subtask,
                       struct key_group_range range)
{
    struct chain_snapshot snapshot = { .id = id };
    CHECK(find(chain, id) == chain->pending.count);
    CHECK(!is_increment || chain->confirmed.count > 0);
    for (size_t i = 0; is_increment && i < chain->confirmed.count; i++)
        vec_push(&snapshot.parts, chain->confirmed.items[i]);
    vec_push(&snapshot.parts,
             (struct state_part){
                 .checkpoint = id, .subtask = subtask, .range = range, .is_full = !is_increment });
    if (chain->pending.count == STATE_UNSETTLED_MAX)
        forget(chain, 0);
    vec_push(&chain->pending, snapshot);
}

void state_chain_written(struct state_chain *chain, uint64_t id, uint64_t bytes)
{
    size_t at = find(chain, id);
    if (at < chain->pending.count)
        vec_last(&chain->pending.items[at].parts).bytes = bytes;
}

bool state_chain_awaits(const struct state_chain *chain, uint64_t id)
{
    return find(chain, id) < chain->pending.count;
}

/* Older ones can no longer be completed. */
void state_chain_confirm(struct state_chain *chain, uint64_t id)
{
    size_t at = find(chain, id);
    CHECK(at < chain->pending.count);
    vec_fini(&chain->confirmed);
    chain->confirmed = chain->pending.items[at].parts;
    chain->pending.items[at].parts = (struct state_parts){ 0 };
    for (size_t i = 0; i <= at; i++)
        forget(chain, 0);
}

void state_chain_abort(struct state_chain *chain, uint64_t id)
{
    size_t at = find(chain, id);
    if (at < chain->pending.count)
        forget(chain, at);
}

static void put_word(struct snapshot_bytes *out, uint64_t value)
{
    uint8_t *to = snapshot_bytes_take(out, WORD_BYTES);
    for (int i = 0; i < WORD_BYTES; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t word_at(const uint8_t *bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < WORD_BYTES; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

void state_chain_write(const struct state_chain *chain, uint64_t id, uint64_t op, const char *name,
                       struct task_snapshot_writer *writer)
{
    size_t at = find(chain, id);
    CHECK(at < chain->pending.count);
    const struct state_parts *parts = &chain->pending.items[at].parts;
    task_snapshot_open_section(writer, SECTION_CHAIN, op, name);
    for (size_t i = 0; i + 1 < parts->count; i++) {
        const struct state_part *part = &parts->items[i];
        put_word(writer->out, part->checkpoint);
        put_word(writer->out, part->subtask);
        put_word(writer->out, (uint64_t)part->range.first);
        put_word(writer->out, (uint64_t)part->range.last);
        put_word(writer->out, part->bytes);
        put_word(writer->out, part->is_full);
    }
    task_snapshot_close_section(writer);
}

struct err state_parts_read(const struct task_snapshot_file *file,
                            const struct snapshot_section *section, struct state_parts *out,
                            struct note *note)
{
    const uint8_t *from = file->bytes + section->offset;
    uint64_t groups = (uint64_t)file->identity.max_parallelism;
    vec_clear(out);
    TRY(task_snapshot_check(file, section, note));
    if (section->size % PART_BYTES != 0)
        return err_note(note, ERR_BAD_VALUE_CODE,
                        "the snapshot is damaged: the list of older files ends within a row");
    for (uint64_t at = 0; at < section->size; at += PART_BYTES, from += PART_BYTES) {
        uint64_t checkpoint = word_at(from), subtask = word_at(from + WORD_BYTES);
        uint64_t first = word_at(from + 2 * WORD_BYTES), last = word_at(from + 3 * WORD_BYTES);
        uint64_t is_full = word_at(from + 5 * WORD_BYTES);
        if (checkpoint == 0 || checkpoint >= file->identity.checkpoint || subtask >= groups ||
            first > last || last >= groups || is_full > 1)
            return err_note(note, ERR_BAD_VALUE_CODE,
                            "the snapshot is damaged: its list of older files has a row that "
                            "cannot be");
        vec_push(out, (struct state_part){ .checkpoint = checkpoint,
                                           .subtask = (uint32_t)subtask,
                                           .range = { (int32_t)first, (int32_t)last },
                                           .bytes = word_at(from + (uint64_t)4 * WORD_BYTES),
                                           .is_full = is_full == 1 });
    }
    return OK;
}

struct err task_snapshot_older(const struct task_snapshot_file *file, struct snapshot_names *out,
                               struct note *note)
{
    struct state_parts parts = { 0 };
    struct err e = OK;
    vec_clear(out);
    for (size_t s = 0; s < file->sections.count && !err_is(e); s++) {
        if (file->sections.items[s].kind != SECTION_CHAIN)
            continue;
        e = state_parts_read(file, &file->sections.items[s], &parts, note);
        for (size_t i = 0; i < parts.count && !err_is(e); i++)
            vec_push(out,
                     (struct snapshot_name){ parts.items[i].checkpoint, parts.items[i].subtask });
    }
    vec_fini(&parts);
    return e;
}
