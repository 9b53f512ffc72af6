/* SPDX-License-Identifier: Apache-2.0
 *
 * Watches over code that is not Weir's, in real time: a function of a program that spins without
 * ever coming back, or main where it calls weir.h so that nothing can come of it (program_misused
 * of core/base/misuse.h, defined here). In: work that calls such functions, and says when it does.
 * Out: whether it came to its end. Time is that of the CPU, so a process that is stopped or
 * debugged is not given up. Nothing that a run tells depends on it. One piece of work is watched at
 * a time.
 */
#ifndef WEIR_SIM_KERNEL_GUARD_H
#define WEIR_SIM_KERNEL_GUARD_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"
#include "core/base/time.h"

struct guard_limits {
    time_ns cpu_max;                   /* of one stay in such code; 0: no limit */
    const volatile sig_atomic_t *stop; /* once it is not 0: a second at most; null: nobody stops */
};

/* Does the work in a thread of its own. Refused: it has not come back from where it was, which the
 * note names. Its thread is left alone then: it never comes out of there, and everything that it
 * knows must stay until the process ends. No other work is done behind that: refused, too. */
MUST_CHECK struct err guard_run(void (*work)(void *context), void *context,
                                const struct guard_limits *limits, struct note *note);

/* Has any? */
bool guard_has_lost(void);
/* The same; if so, this is not to be destroyed, and stays known. */
bool guard_keeps(const void *memory);

/* Code that is not Weir's begins: who it is, in the note; asked from another thread. The context
 * must last until guard_leave. Stays do not nest. */
typedef void guard_who(const void *context, struct note *who);
void guard_enter(guard_who *who, const void *context);
void guard_leave(void);
/* It has called something of Weir's that others look at behind a stay that was given up. */
void guard_beat(void);

#endif
