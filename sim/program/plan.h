/* SPDX-License-Identifier: Apache-2.0
 *
 * What a program is going to execute, found out before the run: its main is called with an
 * executor that keeps every job and says that it has finished well. Source: Flink's
 * OptimizerPlanEnvironment, which stops at the first job; here main goes on, so that all are known.
 */
#ifndef WEIR_SIM_PROGRAM_PLAN_H
#define WEIR_SIM_PROGRAM_PLAN_H

#include "core/api/env.h"
#include "sim/program/library.h"

enum { PROGRAM_ARGUMENTS_MAX = 256 };

struct planned_job {
    struct api_job *built; /* whoever takes it sets null */
    VEC(struct weir_setting) settings;
};

struct plan {
    VEC(struct planned_job) jobs;
};

/* Refused: main gives back another code than 0, executes no job, or takes more CPU time than that
 * (guard.h). */
MUST_CHECK struct err plan_make(weir_program *program, int argc, char **argv, time_ns cpu_max,
                                struct plan *out, struct note *note);
void plan_fini(struct plan *plan);

#endif
