/* SPDX-License-Identifier: Apache-2.0
 *
 * A call of weir.h that nothing can come of, where no environment is known that could keep the
 * mistake. It is a fault of the program, never of Weir's.
 */
#ifndef WEIR_BASE_MISUSE_H
#define WEIR_BASE_MISUSE_H

/* Main's thread ends here, and the run by these words: `call` says which it was, for a person, and
 * stays. Defined by the world (sim/kernel/guard.c); does not return. */
_Noreturn void program_misused(const char *call);

/* First in a call of main's: null is none of what may come. */
#define API_GIVEN(call, what)                                                                      \
    ((what) ? (void)0 : program_misused(call " with null for '" #what "'"))

#endif
