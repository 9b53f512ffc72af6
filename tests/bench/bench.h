/* SPDX-License-Identifier: Apache-2.0
 *
 * Measuring speed in one run against a yardstick, so that the machine cancels out. Ours and the
 * yardstick take turns; the medians are printed as one line: name, ours, yardstick, ratio (ours
 * over yardstick; below 1 is faster), number of turns. Work whose result nobody uses is dropped by
 * the compiler: hand results to bench_keep.
 */
#ifndef WEIR_TESTS_BENCH_BENCH_H
#define WEIR_TESTS_BENCH_BENCH_H

#include <stdint.h>

typedef void bench_work(void *context, uint64_t n);

/* Time per operation of ours against that of the yardstick, both doing n operations a turn. */
void bench_against(const char *name, bench_work *ours, bench_work *yardstick, void *context,
                   uint64_t n);

/* Time per item at 2n against that at n: about 1 when the work is linear, 2 when quadratic. */
void bench_growth(const char *name, bench_work *work, void *context, uint64_t n);

/* Seconds of one go against the most it may take. */
void bench_limit(const char *name, bench_work *work, void *context, uint64_t n, double limit_s);

void bench_keep(uint64_t value);

#endif
