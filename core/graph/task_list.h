/* SPDX-License-Identifier: Apache-2.0
 *
 * A growable list of tasks, the common currency of failover and deployment.
 */
#ifndef WEIR_GRAPH_TASK_LIST_H
#define WEIR_GRAPH_TASK_LIST_H

#include "core/base/ids.h"
#include "core/base/vec.h"

struct task_list {
    VEC(struct task_id) ids;
};

#endif
