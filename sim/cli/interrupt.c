/* SPDX-License-Identifier: Apache-2.0
 *
 * The one flag that a signal may set: which it was.
 */
#include "sim/cli/interrupt.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t came;

static void on_signal(int number)
{
    came = number;
}

/* What was ignored when the program started (nohup, a job in the background) stays ignored. */
const volatile sig_atomic_t *interrupt_watch(void)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct sigaction action = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };
        struct sigaction before;
        if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(signals[i], &action, NULL);
    }
    return &came;
}

bool interrupt_came(void)
{
    return came != 0;
}

int interrupt_exit_code(void)
{
    return 128 + came;
}
