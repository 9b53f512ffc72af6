/* SPDX-License-Identifier: Apache-2.0
 *
 * Ctrl-C, a request to end, a terminal that is closed: the first one asks the run to stop, so that
 * what it leaves is complete, only shorter; a second one of its kind ends the program at once.
 */
#ifndef WEIR_SIM_CLI_INTERRUPT_H
#define WEIR_SIM_CLI_INTERRUPT_H

#include <signal.h>
#include <stdbool.h>

/* Not 0 from the first Ctrl-C on; the pointer is for simulation_run. */
const volatile sig_atomic_t *interrupt_watch(void);
bool interrupt_came(void);
/* As a shell has it: 128 and the number of the signal that came: 130 of Ctrl-C, 143 of SIGTERM. */
int interrupt_exit_code(void);

#endif
