/* SPDX-License-Identifier: Apache-2.0
 *
 * One clock; records are copied to where they go on.
 */
#include "core/exec/assign_watermarks.h"

#include "core/exec/user_call.h"

struct assign_watermarks {
    struct operator op;
    struct watermark_clock clock;
    int64_t watermark; /* emitted */
    bool idle;         /* so it was said */
    time_ns next_at;
};

static const struct assign_watermarks_params *params_of(const struct operator* op)
{
    return op->spec->params;
}

static void open(struct operator* op)
{
    struct assign_watermarks *assign = (struct assign_watermarks *)op;
    CHECK(op->spec->outputs.items[0].timestamped);
    CHECK(params_of(op)->strategy.interval > 0);
    CHECK(params_of(op)->strategy.out_of_orderness >= 0);
    watermark_clock_init(&assign->clock);
    assign->watermark = WATERMARK_NONE;
    assign->next_at = time_add(op->task->now, params_of(op)->strategy.interval);
}

static void process(struct operator* op, uint32_t input, const struct batch *batch)
{
    struct assign_watermarks *assign = (struct assign_watermarks *)op;
    const struct assign_watermarks_params *params = params_of(op);
    (void)input;
    operator_calls(op, "timestamp");
    for (uint32_t i = 0; i < batch->count; i++) {
        const void *payload = batch_payload(batch, i);
        uint32_t size = batch_size(batch, i);
        int64_t timestamp = params->timestamp ? params->timestamp(params->context, payload, size)
                                              : batch_timestamp(batch, i);
        void *to = collector_put(op->outs[0], timestamp, size);
        if (!to)
            return;
        memcpy(to, payload, size);
        watermark_clock_see(&assign->clock, timestamp);
    }
}

/* WatermarkEmitter.emitWatermark: only a higher one, and with it the stream is active again. */
static void emit(struct assign_watermarks *assign, int64_t watermark)
{
    if (watermark <= assign->watermark)
        return;
    assign->watermark = watermark;
    if (assign->idle)
        operator_emit_status(&assign->op, false);
    assign->idle = false;
    operator_emit_watermark(&assign->op, watermark);
}

/* Others' do not count; the last one, behind the end of the data, does. */
static void on_watermark(struct operator* op, int64_t watermark)
{
    if (watermark == WATERMARK_MAX)
        emit((struct assign_watermarks *)op, watermark);
}

static time_ns deadline(struct operator* op)
{
    return ((struct assign_watermarks *)op)->next_at;
}

static void on_time(struct operator* op, time_ns now)
{
    struct assign_watermarks *assign = (struct assign_watermarks *)op;
    const struct watermark_strategy *strategy = &params_of(op)->strategy;
    assign->next_at = time_add(now, strategy->interval);
    if (!watermark_clock_is_idle(&assign->clock, strategy, now)) {
        emit(assign, watermark_clock_value(&assign->clock, strategy));
    } else if (!assign->idle) {
        assign->idle = true;
        operator_emit_status(op, true);
    }
}

const struct operator_class assign_watermarks_class = { .name = "assign watermarks",
                                                        .size = sizeof(struct assign_watermarks),
                                                        .open = open,
                                                        .process = process,
                                                        .watermark = on_watermark,
                                                        .holds_watermarks = true,
                                                        .holds_status = true,
                                                        .deadline = deadline,
                                                        .on_time = on_time };
