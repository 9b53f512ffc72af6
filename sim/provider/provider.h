/* SPDX-License-Identifier: Apache-2.0
 *
 * Providers: who starts and takes away the machines of a virtual cluster. An open set: one file and
 * one row of the table each (docs/howto/add-a-provider.md). A provider acts through
 * virtual_cluster_* and hears of every process that ended; it never reaches into the core.
 */
#ifndef WEIR_SIM_PROVIDER_PROVIDER_H
#define WEIR_SIM_PROVIDER_PROVIDER_H

#include "sim/cluster/virtual_cluster.h"

struct provider_row {
    const char *name; /* as cluster.provider writes it */
    void *(*create)(struct virtual_cluster *cluster);
    void (*start)(void *provider); /* at time 0, after the cluster's start */
    void (*process_ended)(void *provider, struct node_id node);
    void (*destroy)(void *provider);
};

struct provider;

/* The one that the cluster's scenario names; it is there, the scenario's reader has seen to it.
 * Takes the cluster's end hook. */
struct provider *provider_create(struct virtual_cluster *cluster);
void provider_destroy(struct provider *provider); /* before the cluster */
void provider_start(struct provider *provider);

extern const struct provider_row *const provider_rows[]; /* ends with null */

#endif
