/* SPDX-License-Identifier: Apache-2.0
 *
 * Measuring speed in one run against a yardstick, so that the machine cancels out. Ours and the
 * yardstick take turns; the medians are printed as one line: name, ours, yardstick, ratio (ours
 * over yardstick; below 1 is faster), number of turns, and the goal where there is one. Work whose
 * result nobody uses is dropped by the compiler: hand results to bench_keep.
 */
#ifndef WEIR_TESTS_BENCH_BENCH_H
#define WEIR_TESTS_BENCH_BENCH_H

#include <stdbool.h>
#include <stdint.h>

typedef void bench_work(void *context, uint64_t n);

/* Time per operation of ours against that of the yardstick, both doing n operations a turn. */
void bench_against(const char *name, bench_work *ours, bench_work *yardstick, void *context,
                   uint64_t n);

/* The same over so many turns, with the largest ratio that is wanted: said on the line, and whether
 * it is met. Processor time of all threads counts. */
void bench_goal(const char *name, bench_work *ours, bench_work *yardstick, void *context,
                uint64_t n, int turns, double ratio_max);

/* Time per item at 2n against that at n: about 1 when the work is linear, 2 when quadratic. */
void bench_growth(const char *name, bench_work *work, void *context, uint64_t n);

/* The same for n to 2n and for 2n to 4n. False, and said on standard error, when the time per item
 * has grown as it does in a quadratic path and in no other: in both steps by more than half. */
bool bench_doubles(const char *name, bench_work *work, void *context, uint64_t n);

/* Seconds of one go against the most it may take; gives back the seconds. */
double bench_limit(const char *name, bench_work *work, void *context, uint64_t n, double limit_s);

/* A line of figures that the caller has measured or worked out. */
void bench_line(const char *name, double ours, double yardstick, const char *unit, int turns);

/* Seconds of processor time that n operations take, the median of three turns. */
double bench_seconds(bench_work *work, void *context, uint64_t n);

void bench_keep(uint64_t value);

#endif
