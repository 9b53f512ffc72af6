/* SPDX-License-Identifier: Apache-2.0
 *
 * Splits take turns, a run of records each.
 */
#include "core/exec/log_source.h"

#include "core/exec/split_list.h"
#include "core/exec/user_call.h"

struct log_source {
    struct operator op;
    struct split_list splits;
    struct split_clock clock;
};

static const struct log_source_params *params_of(const struct operator* op)
{
    return op->spec->params;
}

static void open(struct operator* op)
{
    struct log_source *source = (struct log_source *)op;
    split_list_open(&source->splits, op, params_of(op)->splits);
    split_clock_open(&source->clock, op, &source->splits, params_of(op)->watermarks);
}

static void close(struct operator* op)
{
    split_clock_fini(&((struct log_source *)op)->clock);
    split_list_fini(&((struct log_source *)op)->splits);
}

/* Records of this split that have arrived. */
static uint64_t arrived(const struct operator* op, const struct source_split *split)
{
    uint64_t all = op->task->arrived, splits = params_of(op)->splits;
    return all > split->number ? (all - split->number - 1) / splits + 1 : 0;
}

/* One by one. Gives how many have gone out. */
static uint32_t read_records(struct log_source *source, struct source_split *split, uint32_t most)
{
    struct operator* op = & source->op;
    const struct log_source_params *params = params_of(op);
    size_t place = (size_t)(split - source->splits.splits.items);
    uint32_t size, done = 0;
    int64_t timestamp;
    for (uint32_t i = 0; i < most; i++) {
        const void *payload =
            params->record(params->context, split->number, split->offset, &size, &timestamp);
        void *to = payload ? collector_put(op->outs[0], timestamp, size) : NULL;
        if (payload && !to)
            break; /* no buffer holds so much */
        split->offset++;
        if (!payload) {
            split_clock_release(&source->clock, place);
            continue;
        }
        memcpy(to, payload, size);
        split_clock_see(&source->clock, place, timestamp);
        done++;
    }
    return done;
}

/* As many as there are, as there is room for, and as are asked for. A split that was restored may
 * be ahead of what has arrived: a load that each subtask makes for itself goes on from where its
 * splits stand on average. */
static uint32_t read_split(struct operator* op, struct source_split *split, uint32_t most)
{
    struct log_source *source = (struct log_source *)op;
    const struct log_source_params *params = params_of(op);
    uint64_t all = arrived(op, split), left = all > split->offset ? all - split->offset : 0;
    most = left < most ? (uint32_t)left : most;
    if (params->record)
        return read_records(source, split, most);
    return split_clock_read(&source->clock, op, &source->splits, split, params->make,
                            params->context, most);
}

static enum source_status poll(struct operator* op, uint32_t records_max)
{
    struct log_source *source = (struct log_source *)op;
    size_t count = source->splits.splits.count;
    uint32_t done = 0;
    bool more = false, any_left = false;
    operator_calls(op, "make, timestamp");
    for (size_t k = 0; k < count && done < records_max; k++) {
        struct source_split *split = split_list_next(&source->splits);
        bool paused = split_clock_is_paused(&source->clock, op,
                                            (size_t)(split - source->splits.splits.items));
        if (!paused)
            done += read_split(op, split, records_max - done);
        bool left = split->offset < arrived(op, split);
        any_left |= left;
        if (!left && op->task->log_ended)
            split_clock_release(&source->clock, (size_t)(split - source->splits.splits.items));
        more |= left && !paused;
    }
    operator_charge(op, done);
    if (more || done == records_max)
        return SOURCE_MORE;
    return op->task->log_ended && !any_left ? SOURCE_ENDED : SOURCE_WAITS;
}

static time_ns deadline(struct operator* op)
{
    return split_clock_deadline(&((struct log_source *)op)->clock);
}

static void on_time(struct operator* op, time_ns now)
{
    split_clock_on_time(&((struct log_source *)op)->clock, op, now);
}

static void save(const struct operator* op, struct state_list *out)
{
    split_list_save(&((const struct log_source *)op)->splits, out);
}

static struct err load(struct operator* op, const struct state_list *in, struct note *note)
{
    return split_list_load(&((struct log_source *)op)->splits, op, params_of(op)->splits, in, note);
}

bool log_source_split(const struct operator* op, size_t i, uint32_t *split, uint64_t *offset)
{
    const struct log_source *source = (const struct log_source *)op;
    CHECK(op->class == &log_source_class);
    if (i >= source->splits.splits.count)
        return false;
    *split = source->splits.splits.items[i].number;
    *offset = source->splits.splits.items[i].offset;
    return true;
}

const struct operator_class log_source_class = { .name = "log source",
                                                 .size = sizeof(struct log_source),
                                                 .open = open,
                                                 .close = close,
                                                 .poll = poll,
                                                 .deadline = deadline,
                                                 .on_time = on_time,
                                                 .lists = OPERATOR_STATE_SPLIT,
                                                 .save = save,
                                                 .load = load };
