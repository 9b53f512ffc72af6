/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of our own reasoning: always on, one condition each, no side effects. A check that fails
 * is a fault of Weir, never of its input. The world decides how the last moments are told (seed,
 * scenario, event number, last log lines, the command that repeats it); the core only calls
 * check_failed.
 */
#ifndef WEIR_BASE_CHECK_H
#define WEIR_BASE_CHECK_H

/* Defined by the world that drives the core (sim/kernel/fatal.c); does not return. */
_Noreturn void check_failed(const char *condition, const char *file, int line);

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (__builtin_expect(!(condition), 0))                                                     \
            check_failed(#condition, __FILE__, __LINE__);                                          \
    } while (0)

/* A place that legal input cannot reach; `why` is a literal. */
#define IMPOSSIBLE(why) check_failed("impossible: " why, __FILE__, __LINE__)

#endif
