/* SPDX-License-Identifier: Apache-2.0
 *
 * The core's own nodes, in a file by itself: what is linked without it needs no core/cluster.
 */
#include "sim/cluster/node_driver.h"

const struct node_driver node_driver_core = { node_create, node_destroy, node_step, node_deadline };
