/* SPDX-License-Identifier: Apache-2.0
 *
 * The states of one attempt at a task and the moves between them, and what is known of each cause
 * of failure. Source: Flink's ExecutionState and the callers of Execution.transitionState.
 */
#include "core/port/data.h"

#include "core/base/check.h"

/* Nothing runs before DEPLOYING, so a cancel ends CREATED and SCHEDULED at once; Flink passes
 * through CANCELING in the same call. A task that fails while it is being cancelled is CANCELED
 * (Execution.processFail), and one that ends by itself before it is RUNNING is FINISHED or CANCELED
 * all the same (markFinished, completeCancelling). DEPLOYING to RUNNING is there because the
 * report of INITIALIZING may be lost on the way; Flink's connections lose nothing. */
enum {
    NOT_DEPLOYED = STATE(EXECUTION_CANCELED) | STATE(EXECUTION_FAILED),
    DEPLOYED = NOT_DEPLOYED | STATE(EXECUTION_FINISHED) | STATE(EXECUTION_CANCELING),
    STARTED = STATE(EXECUTION_RUNNING) | DEPLOYED
};

static const struct state_row rows[EXECUTION_STATE_COUNT] = {
    [EXECUTION_CREATED] = { "CREATED", STATE(EXECUTION_SCHEDULED) | NOT_DEPLOYED, STATE_INITIAL },
    [EXECUTION_SCHEDULED] = { "SCHEDULED", STATE(EXECUTION_DEPLOYING) | NOT_DEPLOYED, 0 },
    [EXECUTION_DEPLOYING] = { "DEPLOYING", STATE(EXECUTION_INITIALIZING) | STARTED, 0 },
    [EXECUTION_INITIALIZING] = { "INITIALIZING", STARTED, 0 },
    [EXECUTION_RUNNING] = { "RUNNING", DEPLOYED, 0 },
    [EXECUTION_FINISHED] = { "FINISHED", 0, STATE_FINAL },
    [EXECUTION_CANCELING] = { "CANCELING", STATE(EXECUTION_CANCELED), 0 },
    [EXECUTION_CANCELED] = { "CANCELED", 0, STATE_FINAL },
    [EXECUTION_FAILED] = { "FAILED", 0, STATE_FINAL | STATE_FAILURE },
};

const struct state_table execution_states = { "execution", rows, EXECUTION_STATE_COUNT };

struct cause_row {
    const char *exception, *sentence;
    bool recoverable;
};

#define X(cause, exception, sentence, recoverable) { exception, sentence, recoverable },
static const struct cause_row causes[CAUSE_COUNT] = { FAILURE_CAUSES(X) };
#undef X

const char *failure_cause_exception(enum failure_cause cause)
{
    CHECK(cause < CAUSE_COUNT);
    return causes[cause].exception;
}

const char *failure_cause_sentence(enum failure_cause cause)
{
    CHECK(cause < CAUSE_COUNT);
    return causes[cause].sentence;
}

bool failure_cause_is_recoverable(enum failure_cause cause)
{
    CHECK(cause < CAUSE_COUNT);
    return causes[cause].recoverable;
}
