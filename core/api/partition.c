/* SPDX-License-Identifier: Apache-2.0
 *
 * Records dealt out by a function of the user's. It is called by whoever writes the records, and at
 * a rescale once more about those that were in flight. Source: Flink's DataStream.partitionCustom.
 */
#include "core/api/context.h"

struct partition_params {
    const struct weir_type *type;
    weir_partitioner *partitioner;
    void *user;
};

static struct err choose(const void *context, const struct batch *batch, uint32_t channels,
                         uint16_t *targets, void **room, struct note *note)
{
    const struct partition_params *params = context;
    struct err e = OK;
    for (uint32_t i = 0; i < batch->count && !err_is(e); i++) {
        uint32_t size = batch_size(batch, i);
        struct weir_record record = {
            api_value_of(params->type, batch_payload(batch, i), size, room),
            params->type->decode ? params->type->memory : size, batch_timestamp(batch, i)
        };
        int32_t channel =
            record.value ? params->partitioner(&record, (int32_t)channels, params->user) : 0;
        if (!record.value)
            e = err_note(note, ERR_BAD_VALUE_CODE, "%u bytes are no value of type '%s'", size,
                         params->type->name);
        else if (channel < 0 || channel >= (int32_t)channels)
            e = err_note(note, ERR_BAD_VALUE_CODE,
                         "the partitioner says channel %d, expected 0 to %u", channel,
                         channels - 1);
        else
            targets[i] = (uint16_t)channel;
    }
    return e;
}

struct weir_stream *weir_partition_custom(struct weir_stream *in, weir_partitioner *partitioner,
                                          void *user)
{
    API_GIVEN("weir_partition_custom", in);
    struct partition_params params = { in->type, partitioner, user };
    struct record_route route = {
        .choice = { .choose = choose, .context = api_copy(in->env, &params, sizeof params) }
    };
    if (!partitioner)
        api_wrong(in->env, "'%s' is dealt out by a partitioner, and there is none",
                  in->parts.items[0].from->name);
    return api_dealt(in, PARTITION_CUSTOM, route);
}
