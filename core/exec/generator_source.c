/* SPDX-License-Identifier: Apache-2.0
 *
 * Splits take turns, a run of records each, as many as the rate allows by now.
 */
#include "core/exec/generator_source.h"

struct generator_source {
    struct operator op;
    struct split_list splits;
    struct split_clock clock;
    time_ns began_at;
    uint64_t made; /* in this attempt */
    bool woken;    /* its time has come; the next poll makes use of it */
};

static const struct generator_source_params *params_of(const struct operator* op)
{
    return op->spec->params;
}

static void open(struct operator* op)
{
    struct generator_source *source = (struct generator_source *)op;
    CHECK(record_stride(op->spec->outputs.items[0]) > 0);
    CHECK(params_of(op)->rate_per_s <= GENERATOR_RATE_MAX);
    split_list_open(&source->splits, op, params_of(op)->splits);
    split_clock_open(&source->clock, op, &source->splits, params_of(op)->watermarks);
    source->began_at = op->task->now;
}

static void close(struct operator* op)
{
    split_clock_fini(&((struct generator_source *)op)->clock);
    split_list_fini(&((struct generator_source *)op)->splits);
}

/* Records of this split, of all there will ever be. */
static uint64_t size_of(const struct operator* op, const struct source_split *split)
{
    const struct generator_source_params *params = params_of(op);
    if (params->count == UINT64_MAX)
        return UINT64_MAX;
    return params->count > split->number ? (params->count - split->number - 1) / params->splits + 1
                                         : 0;
}

/* Records that this attempt may have made in so much time: its share of time * rate, and the first
 * at once. Nothing runs over: a rate is at most one a nanosecond. */
static uint64_t allowed_in(const struct operator* op, time_ns time)
{
    uint64_t rate = params_of(op)->rate_per_s;
    if (rate == 0)
        return UINT64_MAX;
    uint64_t seconds = (uint64_t)(time / TIME_S), rest = (uint64_t)(time % TIME_S);
    return (seconds * rate + rest * rate / (uint64_t)TIME_S) / op->task->parallelism + 1;
}

static uint32_t make(struct operator* op, struct source_split *split, uint32_t most)
{
    struct generator_source *source = (struct generator_source *)op;
    const struct generator_source_params *params = params_of(op);
    uint64_t left = size_of(op, split) - split->offset;
    return split_clock_read(&source->clock, op, &source->splits, split, params->make,
                            params->context, left < most ? (uint32_t)left : most);
}

static bool is_through(const struct operator* op)
{
    const struct generator_source *source = (const struct generator_source *)op;
    for (VEC_EACH(const struct source_split, split, &source->splits.splits))
        if (split->offset < size_of(op, split))
            return false;
    return true;
}

static enum source_status poll(struct operator* op, uint32_t records_max)
{
    struct generator_source *source = (struct generator_source *)op;
    uint64_t allowed = allowed_in(op, op->task->now - source->began_at) - source->made;
    uint32_t done = 0, most = allowed < records_max ? (uint32_t)allowed : records_max;
    source->woken = false;
    bool paused = false;
    for (size_t k = 0; k < source->splits.splits.count && done < most; k++) {
        struct source_split *split = split_list_next(&source->splits);
        bool waits = split_clock_is_paused(&source->clock, op,
                                           (size_t)(split - source->splits.splits.items));
        paused |= waits;
        if (!waits)
            done += make(op, split, most - done);
        if (split->offset == size_of(op, split))
            split_clock_release(&source->clock, (size_t)(split - source->splits.splits.items));
    }
    source->made += done;
    operator_charge(op, done);
    if (is_through(op))
        return SOURCE_ENDED;
    bool all_allowed = done == most && done < records_max;
    return all_allowed || (paused && done == 0) ? SOURCE_WAITS : SOURCE_MORE;
}

/* When the next record may be made: the least time at which one more is allowed. */
static time_ns next_record_at(struct operator* op)
{
    const struct generator_source *source = (const struct generator_source *)op;
    uint64_t rate = params_of(op)->rate_per_s;
    if (rate == 0 || source->woken || source->splits.splits.count == 0 ||
        allowed_in(op, op->task->now - source->began_at) > source->made)
        return TIME_NEVER; /* it is polled anyway */
    uint64_t all = source->made * op->task->parallelism;
    uint64_t rest = (all % rate * (uint64_t)TIME_S + rate - 1) / rate;
    return source->began_at + (time_ns)(all / rate) * TIME_S + (time_ns)rest;
}

static time_ns deadline(struct operator* op)
{
    time_ns record = next_record_at(op);
    time_ns watermark = split_clock_deadline(&((struct generator_source *)op)->clock);
    return record < watermark ? record : watermark;
}

static void on_time(struct operator* op, time_ns now)
{
    struct generator_source *source = (struct generator_source *)op;
    source->woken |= next_record_at(op) <= now;
    if (split_clock_deadline(&source->clock) <= now)
        split_clock_on_time(&source->clock, op, now);
}

static void save(const struct operator* op, struct state_list *out)
{
    split_list_save(&((const struct generator_source *)op)->splits, out);
}

static struct err load(struct operator* op, const struct state_list *in, struct note *note)
{
    return split_list_load(&((struct generator_source *)op)->splits, op, params_of(op)->splits, in,
                           note);
}

const struct operator_class generator_source_class = { .name = "generator source",
                                                       .size = sizeof(struct generator_source),
                                                       .open = open,
                                                       .close = close,
                                                       .poll = poll,
                                                       .deadline = deadline,
                                                       .on_time = on_time,
                                                       .lists = OPERATOR_STATE_SPLIT,
                                                       .save = save,
                                                       .load = load };
