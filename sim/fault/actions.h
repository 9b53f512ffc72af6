/* SPDX-License-Identifier: Apache-2.0
 *
 * What a script can do: one row per action. Begin acts on one target (or, for actions without
 * targets, once), if it can; end, where there is one, takes it back after the event's duration. An
 * action works through virtual_cluster_* alone.
 */
#ifndef WEIR_SIM_FAULT_ACTIONS_H
#define WEIR_SIM_FAULT_ACTIONS_H

#include "sim/cluster/virtual_cluster.h"

struct action_target {
    struct node_id node;
    struct node_id peer; /* of a cut, a loss, a throttle; none: everybody */
};

/* A lasting change of a host or a link; overlapping ones combine. */
struct lasting {
    const struct scripted_event *event;
    struct node_id node, peer; /* peer none: of the host */
};

struct action_context {
    struct virtual_cluster *cluster;
    VEC(struct lasting) lasting; /* under way, in the order they began */
    uint64_t asked;              /* clients' requests so far */
};

typedef void action_function(struct action_context *context, const struct scripted_event *event,
                             struct action_target target);

/* Is there anything that begin would change? */
typedef bool action_question(const struct action_context *context,
                             const struct scripted_event *event, struct action_target target);

struct action_row {
    bool has_targets;     /* TaskManagers, or the JobManager by name */
    action_question *can; /* null: whenever the target is there */
    action_function *begin;
    action_function *end; /* null: nothing to take back */
};

extern const struct action_row action_rows[ACTION_KIND_COUNT];

void action_context_fini(struct action_context *context);

#endif
