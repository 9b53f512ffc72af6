/* SPDX-License-Identifier: Apache-2.0
 *
 * Broken data connections: who reads data of a process that has ended, and when each of them
 * notices.
 */
#ifndef WEIR_SIM_MODEL_LOSS_H
#define WEIR_SIM_MODEL_LOSS_H

#include "core/base/vec.h"
#include "sim/model/task.h"

struct loss_reader {
    uint32_t host, first_task; /* into tasks; chained */
    time_ns at;
};
struct loss {
    uint32_t generation;
    bool used;
    VEC(struct loss_reader) readers; /* heap: the first to notice on top */
    VEC(struct task_ref) tasks;
    VEC(uint32_t) next; /* by task: the next one of the same reader; NONE */
};

/* Before the tasks of the host are destroyed. */
void loss_of_process(struct model *model, uint32_t host);

#endif
