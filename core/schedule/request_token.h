/* SPDX-License-Identifier: Apache-2.0
 *
 * Tokens of a job's requests and store writes: the job, and a number of the asker's (a deployment's
 * batch, a checkpoint's id, attempts left), so that a failure finds its way back.
 */
#ifndef WEIR_SCHEDULE_REQUEST_TOKEN_H
#define WEIR_SCHEDULE_REQUEST_TOKEN_H

#include "core/base/ids.h"

enum { REQUEST_TOKEN_BITS = 40 };

/* The job in the upper bits, the asker's number in the lower. */
static inline uint64_t request_token(struct job_id job, uint64_t value)
{
    return (uint64_t)job.n << REQUEST_TOKEN_BITS | value;
}

static inline struct job_id request_token_job(uint64_t token)
{
    return (struct job_id){ (uint32_t)(token >> REQUEST_TOKEN_BITS) };
}

static inline uint64_t request_token_value(uint64_t token)
{
    return token & (((uint64_t)1 << REQUEST_TOKEN_BITS) - 1);
}

#endif
