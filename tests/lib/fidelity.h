/* SPDX-License-Identifier: Apache-2.0
 *
 * How near a run comes to a recording of a real cluster. In: a recording and the retelling of a run
 * of the scenario that has its name. Out: one row for each thing that can be compared, with a
 * verdict. What is compared and how exactly stands in docs/fidelity.md.
 */
#ifndef WEIR_TESTS_LIB_FIDELITY_H
#define WEIR_TESTS_LIB_FIDELITY_H

#include <stdio.h>

#include "tests/lib/retelling.h"

enum pair_kind {
    PAIR_TIMER,  /* within 0.2 s of the median of the runs */
    PAIR_DRAWN,  /* drawn at random around the same mean: a fifth more, on both sides */
    PAIR_WINDOW, /* depends on a phase nobody chose: anything in low ... high seconds */
};

/* Two events of a recording between which a timer runs. In the labels "{k}", "{k+1}" and "{k-1}"
 * stand for the numbers first ... last. */
struct timer_pair {
    const char *recording, *from, *to;
    enum pair_kind kind;
    int first, last;
    double low, high;
};

extern const struct timer_pair timer_pairs[];
extern const size_t timer_pair_count;

struct fidelity_row {
    bool good;
    char subject[160];
    char weir[32], flink[64], difference[24];
};

struct fidelity_report {
    VEC(struct fidelity_row) rows;
};

void fidelity_compare(struct fidelity_report *report, const struct recording *recording,
                      const struct retelling *retelling);
/* One pair of it, for k. */
void fidelity_compare_pair(struct fidelity_report *report, const struct recording *recording,
                           const struct retelling *retelling, const struct timer_pair *pair, int k);
bool fidelity_is_good(const struct fidelity_report *report);
void fidelity_fini(struct fidelity_report *report);

/* As a table for a terminal, and as one of a Markdown page. */
void fidelity_print(const struct fidelity_report *report, const char *name, FILE *file);
void fidelity_print_page(const struct fidelity_report *report, const char *name, FILE *file);

/* A sequence in which each body that repeats at once stands there once: what two runs of the same
 * loop have in common. */
void fidelity_collapse(struct name_list *list);

#endif
