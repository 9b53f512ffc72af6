/* SPDX-License-Identifier: Apache-2.0
 *
 * Looking into a simulation, for recorders and checkers: fills struct run_look.
 */
#ifndef WEIR_SIM_CLI_LOOK_H
#define WEIR_SIM_CLI_LOOK_H

#include "sim/report/look.h"
#include "sim/run/simulation.h"

/* Valid as long as the simulation. */
void look_init(struct run_look *look, struct simulation *simulation);

#endif
