/* SPDX-License-Identifier: Apache-2.0
 *
 * The user's own logic over keyed records: states declared under names, timers of event time and of
 * processing time, side outputs, one or two inputs. The first state, where it is a value of fixed
 * size for ever, lies ready: it is looked up for a run of records together. What it holds is the
 * same as if it were any other. Source: Flink's KeyedProcessOperator, KeyedCoProcessOperator.
 */
#ifndef WEIR_EXEC_KEYED_PROCESS_H
#define WEIR_EXEC_KEYED_PROCESS_H

#include "core/exec/timer_service.h"
#include "core/exec/user_state.h"

enum { PROCESS_INPUTS_MAX = 2, PROCESS_STATES_MAX = 32, PROCESS_RUN = 256 };

enum time_domain { DOMAIN_EVENT_TIME, DOMAIN_PROCESSING_TIME };

/* What the functions may use, for one record or one timer. */
struct process_key {
    struct operator* op;
    const uint8_t *key;
    int32_t group;
    enum time_domain domain; /* of a timer */
    int64_t timestamp;       /* of the record or the timer: ms; of processing time: ns */
    int64_t watermark;
    struct state_table *ready; /* of the first state, where it lies ready; else null */
    void *value;               /* its place, once it was looked up; else null */
    bool is_there;             /* the key has this value; else its place is zero, and goes */
    bool cleared;              /* written by process_clear */
};

struct keyed_process_params {
    struct key_spec keys[PROCESS_INPUTS_MAX]; /* of each input, alike in kind and size */
    const struct user_state_spec *states;     /* up to PROCESS_STATES_MAX */
    uint32_t state_count;
    /* Null text: well. Else what is wrong; the task fails with it. timer may be null. */
    const char *(*record)(const void *context, struct process_key *key, uint32_t input,
                          const void *payload, uint32_t size);
    const char *(*timer)(const void *context, struct process_key *key);
    const void *context;
};

extern const struct operator_class keyed_process_class;

/* The state of this name, for the functions of user_state.h with process_state_key. Null when it
 * was not declared, or as another kind, or lies ready: the task fails. */
struct user_state *process_state(struct process_key *key, const char *name,
                                 enum user_state_kind kind);
struct state_key process_state_key(const struct process_key *key);

void process_find_value(struct process_key *key);
/* Of the state that lies ready, where there is one: the place of its value, for this call; made,
 * and zero, where the key has none. */
static inline void *process_value(struct process_key *key)
{
    if (!key->value)
        process_find_value(key);
    key->is_there = true;
    return key->value;
}
/* Null: the key has none. */
const void *process_look(const struct process_key *key);
void process_remove_value(struct process_key *key);

/* At this event time, ms, or this processing time, ns; once, however often it is set. */
void process_set_timer(struct process_key *key, enum time_domain domain, int64_t time);
void process_delete_timer(struct process_key *key, enum time_domain domain, int64_t time);
/* All states of the key are forgotten when the function returns. */
void process_clear(struct process_key *key);
/* Null when it was not declared: the task fails. */
struct collector *process_output(struct process_key *key, uint32_t output);

#endif
