/* SPDX-License-Identifier: Apache-2.0
 *
 * The standalone provider: TaskManagers are started by somebody outside of Flink, who does not know
 * what Flink needs. That somebody is the scenario:
 *
 * - cluster.count unnamed machines at time 0, and the named ones each at its time.
 * - churn by a record (spot machines): at each step of the record, machines are added until there
 *   are as many as it says, or taken away, at random among the unnamed that are there; with notice
 *   when the record is graceful. Between steps what a script or a failure took away is not
 * replaced.
 * - churn by chance: each unnamed machine fails after an exponential time, and a successor is added
 *   after the rejoin time. One that the script stopped has no successor. Named machines are the
 *   script's alone.
 */
#ifndef WEIR_SIM_PROVIDER_STANDALONE_H
#define WEIR_SIM_PROVIDER_STANDALONE_H

#include "sim/provider/provider.h"

extern const struct provider_row provider_standalone;

#endif
