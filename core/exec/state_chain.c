/* SPDX-License-Identifier: Apache-2.0
 *
 * The books of increments, and how they stand in a task's file: words of 8 bytes, the turn, then a
 * row for each part. Source for what they are there for: Flink's IncrementalRemoteKeyedStateHandle.
 */
#include "core/exec/state_chain.h"

#include "core/exec/state_snapshot.h"

enum {
    WORD_BYTES = 8,
    TURN_WORDS = 4,
    TURN_BYTES = TURN_WORDS * WORD_BYTES,
    PART_WORDS = 5,
    PART_BYTES = PART_WORDS * WORD_BYTES,
    DUE_BITS = 20,
    DUE_ALL = 1 << DUE_BITS,
};

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

/* How much of all groups the newest part makes due. */
static uint32_t due_by(const struct state_turn *turn)
{
    const uint32_t least = DUE_ALL / CHECKPOINT_ROUND_MOST;
    if (turn->added >= turn->size)
        return DUE_ALL;
    uint32_t part = (uint32_t)(turn->added * DUE_ALL / turn->size);
    return part > least ? part : least;
}

struct state_turn state_turn_full(struct key_group_range range)
{
    return (struct state_turn){ .next = range.first, .whole = key_group_range_size(range) };
}

struct chain_plan state_chain_plan(const struct state_chain *chain, struct key_group_range range)
{
    int32_t groups = key_group_range_size(range);
    struct chain_plan plan = { .whole = range, .turn = state_turn_full(range) };
    if (chain->confirmed.count == 0)
        return plan;
    struct state_turn turn = chain->confirmed.turn;
    turn.due += due_by(&turn);
    turn.due = turn.due < DUE_ALL ? turn.due : DUE_ALL;
    int32_t due = (int32_t)((int64_t)turn.due * groups >> DUE_BITS),
            left = range.last + 1 - turn.next;
    turn.whole = due < left ? due : left;
    if (turn.whole == groups)
        return plan;
    plan.is_increment = true;
    plan.whole = (struct key_group_range){ turn.next, turn.next + turn.whole - 1 };
    turn.due = due < left ? turn.due - (uint32_t)(((int64_t)due << DUE_BITS) / groups) : 0;
    turn.next = due < left ? turn.next + due : range.first;
    plan.turn = turn;
    return plan;
}

static size_t find(const struct state_chain *chain, uint64_t id)
{
    for (size_t i = 0; i < chain->pending.count; i++)
        if (chain->pending.items[i].id == id)
            return i;
    return chain->pending.count;
}

static uint64_t share_of(uint64_t bytes, int32_t groups, int32_t of)
{
    return (bytes * (uint64_t)groups + (uint64_t)of / 2) / (uint64_t)of;
}

/* The part's groups among these, if there are any. */
static void push_within(struct state_parts *parts, const struct state_part *part,
                        struct key_group_range among)
{
    struct state_part own = *part;
    own.range = key_group_range_both(part->range, among);
    if (own.range.first > own.range.last)
        return;
    own.bytes =
        share_of(part->bytes, key_group_range_size(own.range), key_group_range_size(part->range));
    vec_push(parts, own);
}

static void push_without(struct state_parts *parts, const struct state_part *part,
                         struct key_group_range without)
{
    struct key_group_range range = part->range;
    if (key_group_range_overlap(range, without) == 0) {
        vec_push(parts, *part);
        return;
    }
    push_within(parts, part, (struct key_group_range){ range.first, without.first - 1 });
    push_within(parts, part, (struct key_group_range){ without.last + 1, range.last });
}

/* The table remembers as many snapshots that are neither confirmed nor aborted. */
void state_chain_begin(struct state_chain *chain, uint64_t id, const struct chain_plan *plan)
{
    struct chain_snapshot snapshot = { .id = id, .parts = { .turn = plan->turn } };
    CHECK(find(chain, id) == chain->pending.count);
    CHECK(!plan->is_increment || chain->confirmed.count > 0);
    for (size_t i = 0; plan->is_increment && i < chain->confirmed.count; i++)
        push_without(&snapshot.parts, &chain->confirmed.items[i], plan->whole);
    if (chain->pending.count == STATE_UNSETTLED_MAX)
        forget(chain, 0);
    vec_push(&chain->pending, snapshot);
}

/* A round ends with the last key group. */
static struct key_group_range whole_of(const struct state_turn *turn, struct key_group_range range)
{
    int32_t end = turn->next == range.first ? range.last + 1 : turn->next;
    return (struct key_group_range){ end - turn->whole, end - 1 };
}

void state_parts_end(struct state_parts *parts, const struct task_snapshot_identity *file,
                     uint64_t bytes, uint64_t added)
{
    struct key_group_range range = task_snapshot_groups(file);
    struct key_group_range whole = whole_of(&parts->turn, range);
    int32_t groups = key_group_range_size(range), others = groups - key_group_range_size(whole);
    struct state_part part = { .checkpoint = file->checkpoint, .subtask = file->subtask };
    parts->turn.added = added;
    if (others < groups) {
        part.range = whole;
        part.bytes = bytes - added;
        parts->turn.size = share_of(part.bytes, groups, groups - others);
        vec_push(parts, part);
    }
    part.range = range;
    part.bytes = others > 0 ? share_of(added, groups, others) : 0;
    push_without(parts, &part, whole);
}

void state_chain_written(struct state_chain *chain, const struct task_snapshot_identity *file,
                         uint64_t bytes, uint64_t added)
{
    size_t at = find(chain, file->checkpoint);
    if (at < chain->pending.count)
        state_parts_end(&chain->pending.items[at].parts, file, bytes, added);
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
    put_word(writer->out, (uint64_t)parts->turn.next);
    put_word(writer->out, (uint64_t)parts->turn.whole);
    put_word(writer->out, parts->turn.due);
    put_word(writer->out, parts->turn.size);
    for (size_t i = 0; i < parts->count; i++) {
        const struct state_part *part = &parts->items[i];
        put_word(writer->out, part->checkpoint);
        put_word(writer->out, part->subtask);
        put_word(writer->out, (uint64_t)part->range.first);
        put_word(writer->out, (uint64_t)part->range.last);
        put_word(writer->out, part->bytes);
    }
    task_snapshot_close_section(writer);
}

static MUST_CHECK struct err read_turn(const uint8_t *from, struct key_group_range range,
                                       struct state_turn *out, struct note *note)
{
    uint64_t next = word_at(from), whole = word_at(from + WORD_BYTES);
    uint64_t due = word_at(from + 2 * WORD_BYTES), first = (uint64_t)range.first;
    uint64_t before = next == first ? (uint64_t)key_group_range_size(range) : next - first;
    if (next < first || next > (uint64_t)range.last || whole > before || due > DUE_ALL)
        return err_note(note, ERR_BAD_VALUE_CODE,
                        "the snapshot is damaged: its list of older files begins with a turn that "
                        "cannot be");
    *out = (struct state_turn){ .next = (int32_t)next,
                                .whole = (int32_t)whole,
                                .due = (uint32_t)due,
                                .size = word_at(from + 3 * WORD_BYTES) };
    return OK;
}

struct err state_parts_read(const struct task_snapshot_file *file,
                            const struct snapshot_section *section, struct state_parts *out,
                            struct note *note)
{
    const uint8_t *from = file->bytes + section->offset;
    uint64_t groups = (uint64_t)file->identity.max_parallelism;
    vec_clear(out);
    TRY(task_snapshot_check(file, section, note));
    if (section->size < TURN_BYTES || (section->size - TURN_BYTES) % PART_BYTES != 0)
        return err_note(note, ERR_BAD_VALUE_CODE,
                        "the snapshot is damaged: the list of older files ends within a row");
    TRY(read_turn(from, task_snapshot_groups(&file->identity), &out->turn, note));
    from += TURN_BYTES;
    for (uint64_t at = TURN_BYTES; at < section->size; at += PART_BYTES, from += PART_BYTES) {
        uint64_t checkpoint = word_at(from), subtask = word_at(from + WORD_BYTES);
        uint64_t first = word_at(from + 2 * WORD_BYTES), last = word_at(from + 3 * WORD_BYTES);
        if (checkpoint == 0 || checkpoint >= file->identity.checkpoint || subtask >= groups ||
            first > last || last >= groups)
            return err_note(note, ERR_BAD_VALUE_CODE,
                            "the snapshot is damaged: its list of older files has a row that "
                            "cannot be");
        vec_push(out, (struct state_part){ .checkpoint = checkpoint,
                                           .subtask = (uint32_t)subtask,
                                           .range = { (int32_t)first, (int32_t)last },
                                           .bytes = word_at(from + (uint64_t)4 * WORD_BYTES) });
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
