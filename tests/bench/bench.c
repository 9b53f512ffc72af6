/* SPDX-License-Identifier: Apache-2.0
 *
 * The stop watch and the median. A turn is as long as the caller's n makes it; some ten
 * milliseconds is a good length. Time is the processor time of all threads of the process, so that
 * a busy neighbour disturbs less.
 */
#include "tests/bench/bench.h"

#include <stdio.h>
#include <time.h>

enum { TURNS = 9, DOUBLE_TURNS = 5, LIMIT_TURNS = 3, STEPS = 3, LINE_SIZE = 96 };

/* Time per item from n to 2n: 1 when linear, some 1.2 when the caches fill, 2 when quadratic. */
#define GROWTH_MAX 1.5

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double measure_s(bench_work *work, void *context, uint64_t n)
{
    double start_s = now_s();
    work(context, n);
    return now_s() - start_s;
}

static double median(double *values, int count)
{
    for (int i = 1; i < count; i++)
        for (int j = i; j > 0 && values[j - 1] > values[j]; j--) {
            double swap = values[j];
            values[j] = values[j - 1];
            values[j - 1] = swap;
        }
    return values[count / 2];
}

static void print_figures(const char *name, double ours, double yardstick, const char *unit,
                          int turns)
{
    printf("%-52s %9.2f %-2s %9.2f %-2s %7.2f  %d", name, ours, unit, yardstick, unit,
           ours / yardstick, turns);
}

void bench_line(const char *name, double ours, double yardstick, const char *unit, int turns)
{
    print_figures(name, ours, yardstick, unit, turns);
    printf("\n");
    fflush(stdout);
}

void bench_against(const char *name, bench_work *ours, bench_work *yardstick, void *context,
                   uint64_t n)
{
    double ours_ns[TURNS], yardstick_ns[TURNS];
    measure_s(ours, context, n);
    measure_s(yardstick, context, n);
    for (int i = 0; i < TURNS; i++) {
        ours_ns[i] = measure_s(ours, context, n) * 1e9 / (double)n;
        yardstick_ns[i] = measure_s(yardstick, context, n) * 1e9 / (double)n;
    }
    bench_line(name, median(ours_ns, TURNS), median(yardstick_ns, TURNS), "ns", TURNS);
}

void bench_goal(const char *name, bench_work *ours, bench_work *yardstick, void *context,
                uint64_t n, int turns, double ratio_max)
{
    double ours_ns[TURNS], yardstick_ns[TURNS];
    turns = turns < TURNS ? turns : TURNS;
    measure_s(ours, context, n);
    for (int i = 0; i < turns; i++) {
        ours_ns[i] = measure_s(ours, context, n) * 1e9 / (double)n;
        yardstick_ns[i] = measure_s(yardstick, context, n) * 1e9 / (double)n;
    }
    double a_ns = median(ours_ns, turns), b_ns = median(yardstick_ns, turns);
    print_figures(name, a_ns, b_ns, "ns", turns);
    printf("  goal %.2f: %s\n", ratio_max, a_ns <= ratio_max * b_ns ? "met" : "missed");
    fflush(stdout);
}

void bench_growth(const char *name, bench_work *work, void *context, uint64_t n)
{
    double twice_ns[TURNS], once_ns[TURNS];
    measure_s(work, context, n);
    for (int i = 0; i < TURNS; i++) {
        twice_ns[i] = measure_s(work, context, 2 * n) * 1e9 / (double)(2 * n);
        once_ns[i] = measure_s(work, context, n) * 1e9 / (double)n;
    }
    bench_line(name, median(twice_ns, TURNS), median(once_ns, TURNS), "ns", TURNS);
}

bool bench_doubles(const char *name, bench_work *work, void *context, uint64_t n)
{
    double item_ns[STEPS][DOUBLE_TURNS], once_ns[STEPS];
    measure_s(work, context, n);
    for (int turn = 0; turn < DOUBLE_TURNS; turn++)
        for (int step = 0; step < STEPS; step++)
            item_ns[step][turn] = measure_s(work, context, n << step) * 1e9 / (double)(n << step);
    for (int step = 0; step < STEPS; step++)
        once_ns[step] = median(item_ns[step], DOUBLE_TURNS);
    bool grows = true;
    for (int step = 1; step < STEPS; step++) {
        char line[LINE_SIZE];
        snprintf(line, sizeof line, "%s, %llu to %llu", name, (unsigned long long)n << (step - 1),
                 (unsigned long long)n << step);
        bench_line(line, once_ns[step] / 1e3, once_ns[step - 1] / 1e3, "us", DOUBLE_TURNS);
        grows &= once_ns[step] > once_ns[step - 1] * GROWTH_MAX;
    }
    if (grows)
        fprintf(stderr, "%s: the time per item grows with their number\n", name);
    return !grows;
}

double bench_seconds(bench_work *work, void *context, uint64_t n)
{
    double seconds[LIMIT_TURNS];
    for (int i = 0; i < LIMIT_TURNS; i++)
        seconds[i] = measure_s(work, context, n);
    return median(seconds, LIMIT_TURNS);
}

double bench_limit(const char *name, bench_work *work, void *context, uint64_t n, double limit_s)
{
    double ours_s = bench_seconds(work, context, n);
    bench_line(name, ours_s, limit_s, "s", LIMIT_TURNS);
    return ours_s;
}

void bench_keep(uint64_t value)
{
    __asm__ volatile("" : : "r"(value)); /* for all the compiler knows, somebody looks at it */
}
