/* SPDX-License-Identifier: Apache-2.0
 *
 * Loads: the records per second that arrive at a source over time. A map of the scenario comes in
 * (a generator, a trace file, figures written out, or a sum of such), a step function from 0 to the
 * end of the run goes out. The same seed gives the same load.
 */
#ifndef WEIR_SIM_LOAD_LOAD_H
#define WEIR_SIM_LOAD_LOAD_H

#include "sim/load/series.h"
#include "sim/load/tree.h"

enum { LOAD_POINTS_MAX = 4000000 };

struct load_context {
    const char *directory; /* of the scenario file; trace files are relative to it */
    time_ns duration;      /* of the run */
    time_ns from;          /* the job's submission: what comes before is not its load */
    uint64_t seed;
    uint64_t stream; /* tells the sources of a run apart; loads of a sum get streams of their own */
};

/* What a load is as a whole. */
struct load_traits {
    bool per_subtask; /* the pace of each subtask */
    bool bounded;     /* behind its last step above 0 the input has ended: nothing comes any more */
};

/* traits may be null, for a part of a sum: then keys that are about the whole are refused. */
MUST_CHECK struct err load_read(const struct tree_node *node, const struct load_context *context,
                                struct series *out, struct load_traits *traits, struct note *note);

/* [[0s, 10/s], [1h, 20/s]]: kind is a field_kind of doubles. */
MUST_CHECK struct err load_read_points(const struct tree_node *node, int kind, struct series *out,
                                       time_ns *length, struct note *note);

/* How a series is stretched over the run. */
struct load_shape {
    double scale;
    double compress; /* time runs this much faster */
    bool repeat;
    bool ends; /* 0 after its length; else the last value holds */
};

/* load_bounds.c: the keys that give a load an end. */
struct load_bounds {
    double records; /* from the submission on; 0: not given */
    time_ns until;  /* of the run; 0: not given */
};

/* Records that are all there when the job is submitted; for a load with `records` and no kind. */
void load_lay_out(double records, const struct load_context *context, struct series *out);
/* Ends the series where the bounds say; one of them is given. */
MUST_CHECK struct err load_bound(const struct tree_node *node, const struct load_bounds *bounds,
                                 const struct load_context *context, struct series *series,
                                 struct note *note);

MUST_CHECK struct err load_stretch(const struct tree_node *node, const struct load_shape *shape,
                                   time_ns length, time_ns duration, struct series *series,
                                   struct note *note);

/* A file named in the scenario: absolute, or relative to the scenario's folder. On the heap. */
char *load_file_path(const char *directory, const char *name);

#endif
