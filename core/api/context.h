/* SPDX-License-Identifier: Apache-2.0
 *
 * What a user function may do, for the calls of one batch: it lies on the stack of whoever calls.
 */
#ifndef WEIR_API_CONTEXT_H
#define WEIR_API_CONTEXT_H

#include "core/api/env.h"
#include "core/exec/broadcast_process.h"
#include "core/exec/list_state.h"
#include "core/exec/user_call.h"

enum {
    RECORD_BYTES_MAX = 1 << 30,
    API_CALL_COST = 1000, /* ns that each call of weir.h takes of what a function may cost */
};

/* What calls of user functions need to know of their operator. */
struct api_call {
    const struct weir_type **types; /* by output; written when the job is translated */
    uint32_t outputs;
    void *user;
};

struct weir_context {
    struct operator* op;
    const struct api_call *call;
    int64_t timestamp; /* of what goes out */
    int64_t watermark;
    struct process_key *key;     /* of a keyed function; else null */
    struct broadcast_side *side; /* of a function of rules; else null */
    struct list_states *lists;   /* of a function with lists; else null */
    void **room;                 /* the operator's, of values of this input */
};

/* Everything that a function does goes by here. */
static inline void context_spend(const struct weir_context *ctx, time_ns cost)
{
    operator_call_spends(ctx->op, cost);
}

/* What a function gives to a state, or asks it by: "a key", "a value". False: it is null, and the
 * task has failed. */
bool context_is_given(struct weir_context *ctx, const void *given, const char *what,
                      const char *state);
/* The same of the state's own name. */
bool context_is_named(struct weir_context *ctx, const char *state);

/* Record i of a batch as a user function sees it, whose call begins; all calls with one type.
 * False: it cannot be read, and the task has failed. */
bool context_record(struct weir_context *ctx, const struct weir_type *type,
                    const struct batch *batch, uint32_t i, struct weir_record *out);
/* The same of a value that stands alone. */
bool context_value(struct weir_context *ctx, const struct weir_type *type, const void *bytes,
                   uint32_t size, int64_t timestamp, struct weir_record *out);
/* Lists by their names, where the function has some. Null, nothing added: the task has failed. */
struct list_state *context_list(struct weir_context *ctx, const char *name);
void context_list_add(struct weir_context *ctx, const char *name, const void *value);
/* In memory a value may differ from its bytes: it is made in *room, which the caller begins with
 * null, keeps for values of this type and destroys. Null: these are no bytes of the type. */
const void *api_value_of(const struct weir_type *type, const void *bytes, uint32_t size,
                         void **room);

/* The operator calls functions of the user's: what they need lies in its params, at `call`. */
static inline void api_set_call(struct api_operator *op, struct api_call *call, void *user)
{
    op->call = call;
    call->user = user;
}

/* A context for calls of this operator about records of this input. */
static inline struct weir_context context_of(struct operator* op, const struct api_call *call,
                                             uint32_t input)
{
    CHECK(input < OPERATOR_ROOMS);
    return (struct weir_context){ .op = op,
                                  .call = call,
                                  .timestamp = WEIR_NO_TIME,
                                  .watermark = WATERMARK_NONE,
                                  .room = &op->rooms[input] };
}

#endif
