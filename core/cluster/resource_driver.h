/* SPDX-License-Identifier: Apache-2.0
 *
 * What kind of cluster the resource manager stands on: can it start workers itself, and how long
 * after its own start does it hold back the news that slots are missing. An open set: one row per
 * kind. Source: StandaloneResourceManager; ActiveResourceManager and its drivers would be further
 * rows.
 */
#ifndef WEIR_CLUSTER_RESOURCE_DRIVER_H
#define WEIR_CLUSTER_RESOURCE_DRIVER_H

#include "core/port/node.h"

struct resource_driver_row {
    const char *name;
    struct worker_spec worker;
    time_ns (*start_up_time)(const struct config *config);
};

extern const struct resource_driver_row standalone_resource_driver;

#endif
