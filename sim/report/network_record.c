/* SPDX-License-Identifier: Apache-2.0
 *
 * Looks come one by one; a span goes on while the same NIC or connection is what is full.
 */
#include "sim/report/network_record.h"

void network_record_fini(struct network_record *record)
{
    vec_fini(&record->spans);
}

static bool is_same(const struct network_use *a, const struct network_use *b)
{
    return node_id_equal(a->host, b->host) && node_id_equal(a->peer, b->peer) && a->way == b->way;
}

static void begin_span(struct network_record *record, time_ns at, enum network_part part,
                       const struct network_use *use)
{
    if (record->spans.count == NETWORK_SPANS_MAX) {
        record->left_out++;
        return;
    }
    vec_push(&record->spans, (struct network_span){ at, at, part, *use });
}

/* Several samples in a row that nothing tells apart are one span. */
static void take_held(struct network_record *record, time_ns at, enum network_part part,
                      const struct network_use *use)
{
    bool goes_on = record->is_held && is_same(&record->held_by, use);
    if (!goes_on)
        begin_span(record, at, part, use);
    else if (record->left_out == 0)
        vec_last(&record->spans).to = at;
    record->is_held = true;
    record->held_by = *use;
}

void network_record_look(struct network_record *record, time_ns at,
                         const struct model_job_view *view)
{
    int holds = -1;
    for (int part = 0; part < NETWORK_PART_COUNT; part++) {
        const struct network_use *use = &view->network[part];
        if (!use->known)
            continue;
        if (!record->fullest[part].known || use->use > record->fullest[part].use) {
            record->fullest[part] = *use;
            record->fullest_at[part] = at;
        }
        if (view->held[part])
            holds = part;
    }
    if (holds >= 0)
        take_held(record, at, (enum network_part)holds, &view->network[holds]);
    else
        record->is_held = false;
}
