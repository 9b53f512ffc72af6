/* SPDX-License-Identifier: Apache-2.0
 *
 * How the cluster reaches the nodes it runs: the four functions of core/port/node.h as a table, so
 * that tests can put nodes of their own in their place.
 */
#ifndef WEIR_SIM_CLUSTER_NODE_DRIVER_H
#define WEIR_SIM_CLUSTER_NODE_DRIVER_H

#include "core/port/node.h"

struct node_driver {
    struct node *(*create)(const struct node_settings *settings);
    void (*destroy)(struct node *node);
    struct err (*step)(struct node *node, const struct event *event, const struct effects **out);
    time_ns (*deadline)(const struct node *node);
};

/* The real ones. */
extern const struct node_driver node_driver_core;

#endif
