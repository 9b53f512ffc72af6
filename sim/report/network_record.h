/* SPDX-License-Identifier: Apache-2.0
 *
 * What a job had of the network, remembered for the summary: the fullest NIC and connection seen,
 * and the times in which a full one held the job up, each with what was full. In: a look at each
 * sample. Out: both, in order of time. Invariant: spans do not overlap, and each begins and ends at
 * a sample.
 */
#ifndef WEIR_SIM_REPORT_NETWORK_RECORD_H
#define WEIR_SIM_REPORT_NETWORK_RECORD_H

#include "core/base/vec.h"
#include "sim/model/model.h"

enum { NETWORK_SPANS_MAX = 256 };

struct network_span {
    time_ns from, to; /* the first sample at which it was so, and the last in a row */
    enum network_part part;
    struct network_use use; /* at the first */
};

struct network_record {
    struct network_use fullest[NETWORK_PART_COUNT];
    time_ns fullest_at[NETWORK_PART_COUNT];
    VEC(struct network_span) spans;
    uint64_t left_out; /* further ones */
    bool is_held;      /* at the last look */
    struct network_use held_by;
};

void network_record_fini(struct network_record *record);
/* In order of time. */
void network_record_look(struct network_record *record, time_ns at,
                         const struct model_job_view *view);

#endif
