/* SPDX-License-Identifier: Apache-2.0
 *
 * Flink's configuration as a struct, made from options.h. One for the cluster; a job's own keys are
 * laid over a copy of it. Reading checks names, units and ranges and names the nearest known key.
 */
#ifndef WEIR_PORT_CONFIG_H
#define WEIR_PORT_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/time.h"
#include "core/port/options.h"

#define C(list, name, text) list##_##name,
#define X(list)             enum config_choice_##list{ CHOICES_##list(C) list##_COUNT };
CHOICE_LISTS(X)
#undef X
#undef C

enum flink_version { FLINK_2_3, FLINK_2_4 };

#define RATIO_ONE 1000000 /* RATIO fields are ppm */

typedef time_ns config_DURATION;
typedef time_ns config_OPEN_DURATION;
typedef int64_t config_SIZE;
typedef int64_t config_COUNT;
typedef int64_t config_RATIO;
typedef bool config_FLAG;
/* Copied with the struct; ends in 0. */
enum { CONFIG_TEXT_SIZE = 128 };
struct config_text {
    char text[CONFIG_TEXT_SIZE];
};
#define config_TEXT struct config_text
#define X(list)     typedef enum config_choice_##list config_##list;
CHOICE_LISTS(X)
#undef X

struct config {
    enum flink_version flink_version;
#define X(type, field, key, def, older, group, doc) config_##type field;
    OPTIONS(X)
#undef X
    uint64_t is_set[4]; /* a bit per option, in the order of the list: given by the user */
};

/* All of Flink's defaults. */
struct config config_default(void);

/* Sets one key, by its name or its older one, from its text; the last set counts. Null text (YAML
 * null) puts the default back. An err leaves the config as it was. */
MUST_CHECK struct err config_set(struct config *config, const char *key, const char *text,
                                 struct note *note);

/* Was the key given? (Reactive mode's defaults depend on it.) `key` is a known one. */
bool config_is_set(const struct config *config, const char *key);

/* Is the key read from the cluster's configuration alone? What a job that is submitted to a session
 * cluster says about it has no effect in Flink. */
bool config_key_is_clusters(const char *key);

/* How slots and tasks are spread. cluster.evenly-spread-out-slots is the older way to say SLOTS and
 * counts only where taskmanager.load-balance.mode is not given (TaskManagerLoadBalanceMode). */
enum config_choice_LOAD_BALANCE config_balance(const struct config *config);

/* Periodic ones; savepoints there may be without. */
static inline bool config_has_checkpoints(const struct config *config)
{
    return config->checkpoint_interval > 0 && config->checkpoint_interval != TIME_NEVER;
}

/* What is written of a checkpoint is what has changed. The hash backend of Flink knows no such ones
 * and leaves the option unheard. */
static inline bool config_is_incremental(const struct config *config)
{
    return config->checkpoint_incremental && config->state_backend == STATE_BACKEND_ROCKSDB;
}

/* Buffers in the pool of an output with so many readers, and how many of them one reader gets at
 * most. Source: NettyShuffleUtils.getMinMaxNetworkBuffersPerResultPartition, and the default of
 * max-buffers-per-channel. */
uint32_t config_output_buffers(const struct config *config, uint32_t readers);
enum { CONFIG_CHANNEL_BUFFERS_MAX = 10 };

/* Values out of range, and keys that contradict one another or the flink-version; after the last
 * set. */
MUST_CHECK struct err config_check(const struct config *config, struct note *note);

/* One option's facts, for generated docs and completion. */
struct option_row {
    const char *key, *older_key, *type, *default_text, *group, *text;
    const char *const *choices; /* type "choice": the words, "" for not set; else null */
    size_t choice_count;
};
extern const struct option_row config_options[];
extern const size_t config_option_count;

#endif
