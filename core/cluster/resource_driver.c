/* SPDX-License-Identifier: Apache-2.0
 *
 * The standalone driver: declares nothing, starts and stops nothing.
 */
#include "core/cluster/resource_driver.h"

/* resourcemanager.standalone.start-up-time, which falls back to slot.request.timeout. */
static time_ns standalone_start_up_time(const struct config *config)
{
    return config->standalone_start_up == TIME_NEVER ? config->slot_request_timeout
                                                     : config->standalone_start_up;
}

const struct resource_driver_row standalone_resource_driver = {
    .name = "standalone",
    .worker = { 0 },
    .start_up_time = standalone_start_up_time,
};
