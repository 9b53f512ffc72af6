/* SPDX-License-Identifier: Apache-2.0
 *
 * The user's own logic over keyed records: a value of fixed size for each key, timers of event
 * time, one or two inputs. A value is there from the key's first record until it is cleared.
 * Source: Flink's KeyedProcessOperator, KeyedCoProcessOperator.
 */
#ifndef WEIR_EXEC_KEYED_PROCESS_H
#define WEIR_EXEC_KEYED_PROCESS_H

#include "core/exec/task_output.h"
#include "core/exec/timer_service.h"

enum { PROCESS_INPUTS_MAX = 2 };

/* What the functions may use, for one record or one timer. */
struct process_key {
    struct operator* op;
    const uint8_t *key;
    int32_t group;
    int64_t timestamp; /* of the record or the timer */
    int64_t watermark;
    void *value; /* the key's; zero when it is new; not after process_clear */
    bool is_new;
    bool cleared; /* written by process_clear */
};

struct keyed_process_params {
    struct key_spec keys[PROCESS_INPUTS_MAX]; /* of each input, alike in kind and size */
    uint32_t value_size;
    struct snapshot_serializer value; /* of the value: another version is refused at restore */
    /* Null text: well. Else what is wrong; the task fails with it. */
    const char *(*record)(const void *context, struct process_key *key, uint32_t input,
                          const void *payload, uint32_t size);
    const char *(*timer)(const void *context, struct process_key *key);
    const void *context;
};

extern const struct operator_class keyed_process_class;

/* At this event time, ms; once, however often it is set. */
void process_set_timer(struct process_key *key, int64_t time);
void process_delete_timer(struct process_key *key, int64_t time);
/* The key is forgotten when the function returns. */
void process_clear(struct process_key *key);

#endif
