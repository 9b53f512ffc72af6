/* SPDX-License-Identifier: Apache-2.0
 *
 * Root failures of a job with the failures that came with them, newest last, up to
 * web.exception-history-size roots. Source: Flink's ExceptionHistoryEntry,
 * RootExceptionHistoryEntry.
 */
#ifndef WEIR_FAILOVER_EXCEPTION_HISTORY_H
#define WEIR_FAILOVER_EXCEPTION_HISTORY_H

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/base/vec.h"
#include "core/port/data.h"

enum { CONCURRENT_FAILURES_MAX = 64 };

struct exception_entry {
    time_ns at;
    enum failure_cause cause;
    struct task_attempt task; /* task none: a failure of the whole job */
    struct vertex_id vertex;  /* the task's, whose number the next graph may give to another */
    uint32_t subtask;
    struct node_id node;   /* none when there was no TaskManager */
    struct node_id remote; /* whose data connection was lost; none when that was not why */
    uint32_t detail;       /* number of a text that the world keeps; 0: none */
    bool is_root;          /* else it stands under the root before it */
};

struct exception_history {
    VEC(struct exception_entry) entries; /* each root directly followed by its concurrent ones */
    size_t root_count, roots_max;
    bool truncated;
};

void exception_history_init(struct exception_history *history, size_t roots_max);
void exception_history_fini(struct exception_history *history);
void exception_history_add_root(struct exception_history *history,
                                const struct exception_entry *entry);
/* Under the newest root; dropped when there is none or it has CONCURRENT_FAILURES_MAX. */
void exception_history_add_concurrent(struct exception_history *history,
                                      const struct exception_entry *entry);

#endif
