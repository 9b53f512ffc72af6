/* SPDX-License-Identifier: Apache-2.0
 *
 * Ctrl-C: the first one asks the run to stop, so that what it leaves is complete, only shorter; a
 * second one ends the program at once.
 */
#ifndef WEIR_SIM_CLI_INTERRUPT_H
#define WEIR_SIM_CLI_INTERRUPT_H

#include <stdbool.h>

/* True from the first Ctrl-C on; the pointer is for simulation_run. */
const volatile bool *interrupt_watch(void);
bool interrupt_came(void);

#endif
