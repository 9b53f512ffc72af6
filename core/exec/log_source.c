/* SPDX-License-Identifier: Apache-2.0
 *
 * Splits take turns, a run of records each.
 */
#include "core/exec/log_source.h"

#include "core/exec/state_list.h"

struct log_split {
    uint64_t offset;
    uint32_t number, unused;
};

struct log_source {
    struct operator op;
    VEC(struct log_split) splits;
    size_t turn;
    bool restored;
};

static const struct log_source_params *params_of(const struct operator* op)
{
    return op->spec->params;
}

static void open(struct operator* op)
{
    struct log_source *source = (struct log_source *)op;
    uint32_t splits = params_of(op)->splits;
    CHECK(splits > 0);
    CHECK(splits <= LOG_SPLITS_MAX);
    if (source->restored)
        return;
    for (uint32_t s = op->task->subtask; s < splits; s += op->task->parallelism)
        vec_push(&source->splits, (struct log_split){ 0, s, 0 });
}

static void close(struct operator* op)
{
    vec_fini(&((struct log_source *)op)->splits);
}

/* Records of this split that have arrived. */
static uint64_t arrived(const struct operator* op, const struct log_split *split)
{
    uint64_t all = op->task->arrived, splits = params_of(op)->splits;
    return all > split->number ? (all - split->number - 1) / splits + 1 : 0;
}

/* As many as there are, as there is room for, and as are asked for. */
static uint32_t read_split(struct operator* op, struct log_split *split, uint32_t most)
{
    const struct log_source_params *params = params_of(op);
    struct collector *out = op->outs[0];
    uint32_t stride = record_stride(out->layout), done = 0;
    uint64_t left = arrived(op, split) - split->offset;
    CHECK(stride > 0);
    most = left < most ? (uint32_t)left : most;
    while (done < most) {
        uint32_t room = collector_room(out, stride);
        uint32_t count = most - done < room ? most - done : room;
        if (count == 0)
            break;
        params->make(params->context, split->number, split->offset, count, out->at);
        out->at += (size_t)count * stride;
        split->offset += count;
        done += count;
    }
    return done;
}

static enum source_status poll(struct operator* op, uint32_t records_max)
{
    struct log_source *source = (struct log_source *)op;
    size_t count = source->splits.count;
    uint32_t done = 0;
    bool more = false;
    for (size_t k = 0; k < count && done < records_max; k++) {
        struct log_split *split = &source->splits.items[source->turn];
        source->turn = (source->turn + 1) % count;
        done += read_split(op, split, records_max - done);
        more = more || split->offset < arrived(op, split);
    }
    operator_charge(op, done);
    if (more || done == records_max)
        return SOURCE_MORE;
    return op->task->log_ended ? SOURCE_ENDED : SOURCE_WAITS;
}

static void save(const struct operator* op, struct state_list *out)
{
    const struct log_source *source = (const struct log_source *)op;
    for (VEC_EACH(const struct log_split, split, &source->splits))
        state_list_add(out, split, sizeof *split);
}

static struct err load(struct operator* op, const struct state_list *in, struct note *note)
{
    struct log_source *source = (struct log_source *)op;
    vec_clear(&source->splits);
    source->restored = true;
    for (size_t i = 0; i < state_list_count(in); i++) {
        struct log_split split;
        size_t size;
        const uint8_t *entry = state_list_entry(in, i, &size);
        if (size != sizeof split)
            return err_note(note, ERR_BAD_VALUE_CODE,
                            "%s: a split of the log has %zu bytes, not %zu", op->spec->name, size,
                            sizeof split);
        memcpy(&split, entry, sizeof split);
        if (split.number >= params_of(op)->splits)
            return err_note(note, ERR_BAD_VALUE_CODE, "%s: the log has no split %u", op->spec->name,
                            split.number);
        vec_push(&source->splits, split);
    }
    return OK;
}

bool log_source_split(const struct operator* op, size_t i, uint32_t *split, uint64_t *offset)
{
    const struct log_source *source = (const struct log_source *)op;
    CHECK(op->class == &log_source_class);
    if (i >= source->splits.count)
        return false;
    *split = source->splits.items[i].number;
    *offset = source->splits.items[i].offset;
    return true;
}

const struct operator_class log_source_class = { .name = "log source",
                                                 .size = sizeof(struct log_source),
                                                 .open = open,
                                                 .close = close,
                                                 .poll = poll,
                                                 .lists = OPERATOR_STATE_SPLIT,
                                                 .save = save,
                                                 .load = load };
