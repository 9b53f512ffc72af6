/* SPDX-License-Identifier: Apache-2.0
 *
 * Nested configuration, for tree_yaml.c and tree_edit.c alone.
 */
#ifndef WEIR_SIM_LOAD_TREE_CONFIG_H
#define WEIR_SIM_LOAD_TREE_CONFIG_H

#include "sim/load/tree.h"

/* Of the node and all below it: maps below a map called `config` become keys with dots. */
MUST_CHECK struct err tree_flatten_configs(struct tree *tree, struct tree_node *node,
                                           struct note *note);

#endif
