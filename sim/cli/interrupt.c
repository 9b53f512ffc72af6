/* SPDX-License-Identifier: Apache-2.0
 *
 * The one flag that a signal may set.
 */
#include "sim/cli/interrupt.h"

#include <signal.h>
#include <stddef.h>

static volatile bool came;

static void on_signal(int number)
{
    (void)number;
    came = true;
}

const volatile bool *interrupt_watch(void)
{
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    return &came;
}

bool interrupt_came(void)
{
    return came;
}
