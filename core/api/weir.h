/* SPDX-License-Identifier: Apache-2.0
 *
 * Weir for those who write jobs: the one public header. A program defines weir_main; it builds
 * streams, one call for each operator, and hands them to weir_execute. The same program runs in
 * every world. How to write one: docs/jobs.md.
 *
 * Times are in ms as in Flink, costs in ns. What is passed in is copied unless the text says that
 * it must outlive the job. Streams and jobs belong to the environment. A mistake in building
 * (a name used twice, streams of different types) is kept, and weir_execute refuses with its text.
 *
 * User functions get a context for the call. They must depend on nothing but their arguments, the
 * context and `user`, which all subtasks share and nobody may write to while the job runs: what is
 * to be remembered belongs into state.
 */
#ifndef WEIR_API_WEIR_H
#define WEIR_API_WEIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WEIR_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define WEIR_API               __attribute__((visibility("default")))
#define WEIR_NO_TIME           INT64_MIN /* the timestamp of a record that has none */

/* Raised when a program built with an older header no longer runs; weir_abi is the library's. It is
 * part of the names that weir_main and weir_run have in objects: one built with another number is
 * refused before anything of it is called. */
#define WEIR_ABI 1
WEIR_API uint32_t weir_abi(void);
#define WEIR_TEXT_OF_(what)  #what
#define WEIR_TEXT_OF(what)   WEIR_TEXT_OF_(what)
#define WEIR_NUMBERED(name_) __asm__(name_ "_" WEIR_TEXT_OF(WEIR_ABI))

struct weir_env;     /* the streams under construction, and who will run them */
struct weir_stream;  /* the records that an operator gives out */
struct weir_context; /* what a user function may do, for one call */
struct weir_job;     /* one that was submitted */

/* ---- the program ---------------------------------------------------------------------------- */

/* Defined by the program. What it returns is the program's exit code: 0, or something went wrong,
 * and the run says so. argv[0] is its name. */
WEIR_API int weir_main(struct weir_env *env, int argc, char **argv) WEIR_NUMBERED("weir_main");

/* Optional, for tests: gives the lines, without their ends, that the sink must hold when the
 * program's jobs have finished, in any order; an expectation compares. A few plain loops. */
WEIR_API void weir_expected(const char *sink, int argc, char **argv,
                            void (*line)(void *to, const char *text), void *to);

/* For a program that is a binary of its own: its main calls weir_run(weir_main, weir_expected or
 * null, argc, argv). Options that begin with --weir- (--weir-scenario FILE, --weir-out FOLDER,
 * --weir-help) are not the program's. It runs in a small cluster of the exact world, or in the
 * scenario, where it is `program: self`. Gives back the exit code: main's own, also where the run's
 * end has ended its waiting; where that is 0, 1 when an expectation did not hold; 2 when the run
 * was refused, as `weir run` does. */
typedef int weir_program(struct weir_env *env, int argc, char **argv);
typedef void weir_expectation(const char *sink, int argc, char **argv,
                              void (*line)(void *to, const char *text), void *to);
WEIR_API int weir_run(weir_program *program, weir_expectation *expected, int argc, char **argv)
    WEIR_NUMBERED("weir_run");

/* ---- types ---------------------------------------------------------------------------------- */

/* How values become bytes in buffers and snapshots. Without functions a value is its own bytes:
 * numbers, structs without pointers. Must outlive the job. */
struct weir_type {
    const char *name;
    uint32_t size;    /* bytes of every value; 0: they vary */
    uint32_t version; /* of the bytes; state and records of another one are refused at restore */
    /* For values that are not their own bytes, all four. decode: into memory that is zero;
     * false: not such bytes. */
    uint32_t memory; /* of a value in memory */
    uint32_t (*encoded_size)(const void *value);
    void (*encode)(const void *value, void *bytes);
    bool (*decode)(const void *bytes, uint32_t size, void *value);
};
WEIR_API extern const struct weir_type weir_long;   /* int64_t, uint64_t */
WEIR_API extern const struct weir_type weir_int;    /* int32_t, uint32_t */
WEIR_API extern const struct weir_type weir_double; /* double */
WEIR_API extern const struct weir_type weir_text;   /* bytes of any number */
/* Of a struct without pointers and without gaps between its members. */
#define WEIR_STRUCT(type, version_)                                                                \
    {                                                                                              \
        .name = #type, .size = sizeof(type), .version = (version_)                                 \
    }

/* Where in a record's bytes its key lies. Numbers hash as in Java, texts as their Latin-1 String.
 */
enum weir_key_kind { WEIR_KEY_LONG, WEIR_KEY_INT, WEIR_KEY_TEXT };
struct weir_key {
    enum weir_key_kind kind;
    uint32_t offset, size; /* bytes; size 0: the whole record, which varies in size (TEXT) */
};
#define WEIR_FIELD_LONG(type, field) ((struct weir_key){ WEIR_KEY_LONG, offsetof(type, field), 8 })
#define WEIR_FIELD_INT(type, field)  ((struct weir_key){ WEIR_KEY_INT, offsetof(type, field), 4 })
/* An array of characters, all of which count: fill the rest with zeros. */
#define WEIR_FIELD_TEXT(type, field)                                                               \
    ((struct weir_key){ WEIR_KEY_TEXT, offsetof(type, field), sizeof(((type *)0)->field) })
#define WEIR_WHOLE_TEXT ((struct weir_key){ WEIR_KEY_TEXT, 0, 0 })
#define WEIR_WHOLE_LONG ((struct weir_key){ WEIR_KEY_LONG, 0, 8 })

/* ---- in a user function --------------------------------------------------------------------- */

/* Valid for the call. */
struct weir_record {
    const void *value;
    uint32_t size;     /* bytes in memory */
    int64_t timestamp; /* or WEIR_NO_TIME */
};

/* To the main output; with the timestamp of the record or event-time timer that the call is for.
 * From on_processing_time, on_begin and on_end a record goes out without one, as in Flink, and
 * fails the task of a window or join that it comes to; weir_emit_at gives it one. */
WEIR_API void weir_emit(struct weir_context *ctx, const void *value);
WEIR_API void weir_emit_text(struct weir_context *ctx, const void *bytes, uint32_t size);
WEIR_API void weir_emit_at(struct weir_context *ctx, const void *value, int64_t timestamp);
WEIR_API void weir_emit_text_at(struct weir_context *ctx, const void *bytes, uint32_t size,
                                int64_t timestamp);
/* To a side output, by its number from 1 (weir_side_output). */
WEIR_API void weir_emit_side(struct weir_context *ctx, uint32_t output, const void *value);
WEIR_API void weir_emit_side_text(struct weir_context *ctx, uint32_t output, const void *bytes,
                                  uint32_t size);

/* The task fails when the call returns; the text is in the exception history. */
WEIR_API void weir_fail(struct weir_context *ctx, const char *fmt, ...) WEIR_PRINTF(2, 3);
/* This call takes so much CPU time beside the operator's cost per record. The task fails when it is
 * more than weir.call.cost-max; each call of a function below or above counts as 1 us of that. */
WEIR_API void weir_charge(struct weir_context *ctx, int64_t ns);

WEIR_API int64_t weir_now(const struct weir_context *ctx); /* processing time, ms */
WEIR_API int64_t weir_watermark(const struct weir_context *ctx);
WEIR_API uint32_t weir_subtask(const struct weir_context *ctx);
WEIR_API uint32_t weir_subtasks(const struct weir_context *ctx); /* the parallelism in force */

/* ---- streams: where they begin -------------------------------------------------------------- */

/* Watermarks follow the highest timestamp so far. */
struct weir_watermarks {
    int64_t late_ms;     /* records come at most so much out of order */
    int64_t interval_ms; /* 0: 200, as pipeline.auto-watermark-interval */
    int64_t idle_ms;     /* 0: never idle while there may be something to read */
};

/* Records made from their number. Split s of n holds the records s, s + n, s + 2n, ...; reading
 * them again gives the same. */
struct weir_generator {
    const struct weir_type *type; /* of fixed size */
    uint64_t count;               /* 0: without end */
    double rate;                  /* records/s of all subtasks; 0: all are there at once */
    uint32_t splits;              /* 0: as many as the max parallelism */
    void (*make)(uint64_t index, void *value, void *user);
    /* Event time, ms; null: records have no timestamps. */
    int64_t (*timestamp)(uint64_t index, const void *value, void *user);
    struct weir_watermarks watermarks; /* of records with timestamps */
};
WEIR_API struct weir_stream *weir_from_generator(struct weir_env *env, const char *name,
                                                 const struct weir_generator *generator,
                                                 void *user);

/* The source does not run ahead of the slowest source of its group, by watermarks, by more than the
 * drift and what it reads between two announcements. interval 0: 1000. */
WEIR_API struct weir_stream *weir_align_watermarks(struct weir_stream *of, const char *group,
                                                   int64_t drift_ms, int64_t interval_ms);

/* The lines of files, without their ends (LF or CRLF), as texts without timestamps. Files lie
 * beside the scenario, or where their paths say; they are read before the run. A split is a file,
 * or so many bytes of one. */
struct weir_files {
    const char *const *paths;
    uint32_t path_count;
    uint64_t split_bytes; /* 0: whole files */
};
WEIR_API struct weir_stream *weir_from_files(struct weir_env *env, const char *name,
                                             const struct weir_files *files);

/* A log on disk: each file is a partition, its lines, as above, are records that come one by one.
 * Line i of partition p of n is there (i n + p) / rate seconds after the job was submitted, so
 * there is lag, and a backlog where readers are slow. Files lie where those of weir_from_files do.
 */
struct weir_log {
    const char *const *paths;
    uint32_t path_count;
    double rate; /* lines/s of all partitions; 0: all are there at once */
    /* Event time, ms; null: records have no timestamps. */
    int64_t (*timestamp)(const struct weir_record *line, void *user);
    struct weir_watermarks watermarks; /* of each partition; the least counts */
};
WEIR_API struct weir_stream *weir_from_log(struct weir_env *env, const char *name,
                                           const struct weir_log *log, void *user);

/* ---- streams: record by record -------------------------------------------------------------- */

typedef void weir_function(struct weir_context *ctx, const struct weir_record *record, void *user);
typedef bool weir_predicate(const struct weir_record *record, void *user);

/* One record out for each, written to `out`, which is zero before. */
typedef void weir_mapping(struct weir_context *ctx, const struct weir_record *record, void *out,
                          void *user);
WEIR_API struct weir_stream *weir_map(struct weir_stream *in, const char *name,
                                      const struct weir_type *out, weir_mapping *map, void *user);
WEIR_API struct weir_stream *weir_filter(struct weir_stream *in, const char *name,
                                         weir_predicate *keep, void *user);
/* Any number of records out, by weir_emit. */
WEIR_API struct weir_stream *weir_flat_map(struct weir_stream *in, const char *name,
                                           const struct weir_type *out, weir_function *map,
                                           void *user);
/* Two inputs of any types in one operator. */
WEIR_API struct weir_stream *weir_connect(struct weir_stream *first, struct weir_stream *second,
                                          const char *name, const struct weir_type *out,
                                          weir_function *on_first, weir_function *on_second,
                                          void *user);
/* Of one or more. */
WEIR_API struct weir_stream *weir_union(struct weir_stream *const *streams, size_t count);
/* What an operator sends by weir_emit_side; numbers from 1, in one piece. */
WEIR_API struct weir_stream *weir_side_output(struct weir_stream *of, uint32_t output,
                                              const struct weir_type *type);

/* Gives records event time; timestamp null: the one they have. */
WEIR_API struct weir_stream *weir_assign_watermarks(
    struct weir_stream *in, const char *name, const struct weir_watermarks *watermarks,
    int64_t (*timestamp)(const struct weir_record *record, void *user), void *user);

/* ---- streams: by key ------------------------------------------------------------------------ */

WEIR_API struct weir_stream *weir_key_by(struct weir_stream *in, struct weir_key key);

/* One value for each key, zero to begin with, changed by every record; it goes out each time. */
typedef void weir_reducer(struct weir_context *ctx, const struct weir_record *record, bool is_new,
                          void *value, void *user);
WEIR_API struct weir_stream *weir_reduce(struct weir_stream *keyed, const char *name,
                                         const struct weir_type *value, weir_reducer *reduce,
                                         void *user);

/* What a key remembers. What it holds is its own bytes and of fixed size, 1 MiB at most; a
 * WEIR_VALUE, and no other, may be a text of any size. */
enum weir_state_kind { WEIR_VALUE, WEIR_LIST, WEIR_MAP, WEIR_REDUCING };
struct weir_state {
    const char *name;
    enum weir_state_kind kind;
    const struct weir_type *type;    /* of the value, an element, a value of the map */
    const struct weir_type *map_key; /* of fixed size, at most 64 bytes */
    int64_t ttl_ms;                  /* an entry expires so long behind its last write; 0: never */
    bool ttl_read;                   /* or its last reading */
    void (*reduce)(void *into, const void *value); /* of REDUCING */
};

/* State of the key of the record or timer under way, by the name that it was declared under. What
 * is given out holds until the next call on the same state. Null: there is none. */
WEIR_API const void *weir_get(struct weir_context *ctx, const char *state, uint32_t *size);
WEIR_API void weir_set(struct weir_context *ctx, const char *state, const void *value);
WEIR_API void weir_set_text(struct weir_context *ctx, const char *state, const void *bytes,
                            uint32_t size);
/* To a list, or into a reduced value. */
WEIR_API void weir_add(struct weir_context *ctx, const char *state, const void *value);
WEIR_API void weir_clear(struct weir_context *ctx, const char *state);
WEIR_API const void *weir_map_get(struct weir_context *ctx, const char *state, const void *key);
WEIR_API void weir_map_set(struct weir_context *ctx, const char *state, const void *key,
                           const void *value);
WEIR_API bool weir_map_remove(struct weir_context *ctx, const char *state, const void *key);
/* Elements of a list, entries of a map, in the order of coming. A zeroed walk begins, for this
 * call; key, value and size may be null. Everything may be changed meanwhile: the walk meets what
 * was there when it began and is there still, and of a list that was cleared nothing more. */
struct weir_walk {
    uint64_t opaque[24];
};
WEIR_API bool weir_next(struct weir_context *ctx, const char *state, struct weir_walk *walk,
                        const void **key, const void **value, uint32_t *size);
/* The first state's place where it is a value of fixed size for ever: to be read and written in
 * this call; made, and zero, where there is none. The fastest way. Else null. */
WEIR_API void *weir_value(struct weir_context *ctx);
/* All states of the key, when the function returns. */
WEIR_API void weir_forget(struct weir_context *ctx);
WEIR_API const void *weir_key_of(const struct weir_context *ctx, uint32_t *size);

/* Once for each time, however often it is set; the timer function is called with the time. As in
 * Flink at any time, whether or not the record has a timestamp: one of event time that the
 * watermark has passed already is called with the next watermark. */
WEIR_API void weir_event_timer(struct weir_context *ctx, int64_t ms);
WEIR_API void weir_delete_event_timer(struct weir_context *ctx, int64_t ms);
WEIR_API void weir_processing_timer(struct weir_context *ctx, int64_t ms);
WEIR_API void weir_delete_processing_timer(struct weir_context *ctx, int64_t ms);

typedef void weir_timer(struct weir_context *ctx, int64_t ms, void *user);

/* One function for each record of one keyed input or two, keyed alike, and for timers. */
struct weir_process {
    const struct weir_state *states;
    uint32_t state_count;
    weir_function *on_record, *on_second; /* on_second: of the second input */
    weir_timer *on_event_time, *on_processing_time;
};
WEIR_API struct weir_stream *weir_process(struct weir_stream *keyed, const char *name,
                                          const struct weir_type *out,
                                          const struct weir_process *process, void *user);
WEIR_API struct weir_stream *weir_process_two(struct weir_stream *first, struct weir_stream *second,
                                              const char *name, const struct weir_type *out,
                                              const struct weir_process *process, void *user);

/* What a subtask remembers without a key: lists under names, kept in checkpoints, for weir_add,
 * weir_next and weir_clear. When the parallelism changes the entries of each list are dealt out, in
 * order and evenly; or, of a union, all of them go to each subtask, and on_begin is where it clears
 * the list and adds again what is its own. */
struct weir_list {
    const char *name;
    const struct weir_type *type; /* of fixed size, and its own bytes */
};
struct weir_list_process {
    const struct weir_list *lists;
    uint32_t list_count;
    bool is_union;
    weir_function *on_record;
    /* Before the first record of each attempt (restored: the snapshot has lists of this operator),
     * and behind the last of a bounded input; or null. */
    void (*on_begin)(struct weir_context *ctx, bool is_restored, void *user);
    void (*on_end)(struct weir_context *ctx, void *user);
};
WEIR_API struct weir_stream *weir_process_lists(struct weir_stream *in, const char *name,
                                                const struct weir_type *out,
                                                const struct weir_list_process *process,
                                                void *user);

/* The broadcast state pattern: records of `rules`, which goes to all subtasks, change maps that the
 * function of keyed records reads. on_rule must do the same in every subtask. */
struct weir_broadcast_process {
    struct weir_process process;
    const char *const *maps; /* names */
    uint32_t map_count;
    weir_function *on_rule;
};
WEIR_API struct weir_stream *weir_process_broadcast(struct weir_stream *keyed,
                                                    struct weir_stream *rules, const char *name,
                                                    const struct weir_type *out,
                                                    const struct weir_broadcast_process *process,
                                                    void *user);
/* Keys and values are bytes. Setting and removing are for on_rule alone. */
WEIR_API const void *weir_broadcast_get(struct weir_context *ctx, const char *map, const void *key,
                                        uint32_t key_size, uint32_t *size);
WEIR_API void weir_broadcast_set(struct weir_context *ctx, const char *map, const void *key,
                                 uint32_t key_size, const void *value, uint32_t size);
WEIR_API bool weir_broadcast_remove(struct weir_context *ctx, const char *map, const void *key,
                                    uint32_t key_size);
/* *at: 0 to begin with; all others may be null. Changes meanwhile are as with weir_next. */
WEIR_API bool weir_broadcast_next(struct weir_context *ctx, const char *map, size_t *at,
                                  const void **key, uint32_t *key_size, const void **value,
                                  uint32_t *size);

/* ---- streams: windows and joins of event time ----------------------------------------------- */

/* gap_ms above 0: a session; else from start to start + size, a new one each slide, which may be
 * longer. Off by less than a slide, either way. */
struct weir_window {
    int64_t size_ms, slide_ms; /* slide 0: the size, tumbling */
    int64_t offset_ms, gap_ms;
    int64_t lateness_ms; /* later records go to side output WEIR_LATE, as they are */
};
enum { WEIR_LATE = 1, WEIR_LATE_RIGHT = 2 };

struct weir_pane {
    const void *key;
    uint32_t key_size;
    int64_t start, end; /* ms; end is behind the window */
};

struct weir_aggregate {
    const struct weir_type *value; /* of fixed size; zero in a new window */
    void (*add)(struct weir_context *ctx, const struct weir_record *record, void *value,
                void *user);
    void (*merge)(void *into, const void *from); /* of sessions */
    /* By weir_emit; results have the window's last ms as timestamp. */
    void (*give)(struct weir_context *ctx, const struct weir_pane *pane, const void *value,
                 void *user);
};
WEIR_API struct weir_stream *weir_aggregate(struct weir_stream *keyed, const char *name,
                                            const struct weir_type *out,
                                            const struct weir_window *window,
                                            const struct weir_aggregate *aggregate, void *user);

typedef void weir_joining(struct weir_context *ctx, const struct weir_record *left,
                          const struct weir_record *right, void *user);
/* left + lower <= right <= left + upper; both streams keyed alike. */
struct weir_interval {
    int64_t lower_ms, upper_ms;
    bool lower_exclusive, upper_exclusive;
};
WEIR_API struct weir_stream *weir_interval_join(struct weir_stream *left, struct weir_stream *right,
                                                const char *name, const struct weir_type *out,
                                                const struct weir_interval *interval,
                                                weir_joining *join, void *user);
/* Pairs in the same window, which is no session. */
WEIR_API struct weir_stream *weir_window_join(struct weir_stream *left, struct weir_stream *right,
                                              const char *name, const struct weir_type *out,
                                              const struct weir_window *window, weir_joining *join,
                                              void *user);

/* ---- streams: asking somebody else ---------------------------------------------------------- */

/* The answer is there after the latency that `ask` gives, in ns; negative: never. */
struct weir_async {
    bool unordered;
    uint32_t capacity;  /* open questions; 0: 100 */
    int64_t timeout_ms; /* 0: none */
    int64_t (*ask)(const struct weir_record *record, void *user);
    weir_function *on_answer;
    weir_function *on_timeout; /* null: the task fails */
};
WEIR_API struct weir_stream *weir_async(struct weir_stream *in, const char *name,
                                        const struct weir_type *out, const struct weir_async *async,
                                        void *user);

/* The same, where an answer may be none: it is asked again, as often as `retries` says, then taken
 * for what it is. The time-out is of all attempts together; behind the end of the input nothing is
 * asked again, and a restored task counts from the first attempt. */
struct weir_retry {
    uint32_t retries;
    int64_t delay_ms;            /* before the first */
    uint32_t multiplier_percent; /* of each delay by the one before; 0: 100, all alike */
    int64_t delay_max_ms;        /* 0: none */
    /* Is the answer of this attempt, from 1, none? */
    bool (*is_none)(const struct weir_record *record, uint32_t attempt, void *user);
};
WEIR_API struct weir_stream *weir_async_retry(struct weir_stream *in, const char *name,
                                              const struct weir_type *out,
                                              const struct weir_async *async,
                                              const struct weir_retry *retry, void *user);

/* ---- streams: how records find a subtask ---------------------------------------------------- */

WEIR_API struct weir_stream *weir_forward(struct weir_stream *in);
WEIR_API struct weir_stream *weir_rescale(struct weir_stream *in);
WEIR_API struct weir_stream *weir_rebalance(struct weir_stream *in);
WEIR_API struct weir_stream *weir_broadcast(struct weir_stream *in);
/* To the subtask that the function says, 0 to channels - 1; another number fails the task. It must
 * depend on nothing but its arguments. Unaligned checkpoints go with it only where
 * execution.checkpointing.unaligned.forced is set. */
typedef int32_t weir_partitioner(const struct weir_record *record, int32_t channels, void *user);
WEIR_API struct weir_stream *weir_partition_custom(struct weir_stream *in,
                                                   weir_partitioner *partitioner, void *user);

/* ---- streams: where they end ---------------------------------------------------------------- */

/* The line of a value, as snprintf would write it: its length, also where there was no room. */
typedef size_t weir_format(const void *value, uint32_t size, char *line, size_t room, void *user);

/* Files of lines in RUN/output/NAME (JOB.NAME where several jobs have it), each record once: they
 * are seen when the checkpoint is complete that they were closed for, or by a job that begins with
 * it. format null: the record is a text. */
WEIR_API void weir_sink_files(struct weir_stream *in, const char *name, weir_format *format,
                              void *user);
/* A table with the last line of each key, in RUN/output/NAME: written at once, and again after a
 * failure; so results must not depend on how often. */
WEIR_API void weir_sink_table(struct weir_stream *keyed, const char *name, weir_format *format,
                              void *user);
WEIR_API void weir_discard(struct weir_stream *in, const char *name);
/* Results for main, each record once: it is there when the checkpoint is complete that it belongs
 * to; without checkpoints at the end of the job; those of a snapshot that had not come by then,
 * from the job that begins with it. They belong to the environment. */
struct weir_results;
WEIR_API struct weir_results *weir_collect(struct weir_stream *in, const char *name);

/* ---- of the operator that a stream comes from ----------------------------------------------- */

WEIR_API struct weir_stream *weir_parallelism(struct weir_stream *of, int32_t parallelism);
WEIR_API struct weir_stream *weir_max_parallelism(struct weir_stream *of, int32_t most);
/* Under which its state is found again when the job has changed, whatever it is chained to then; no
 * two operators have the same. Without one a sink is known by its name, any other operator by its
 * place among all, which changes with what is before it and what is chained to it. */
WEIR_API struct weir_stream *weir_uid(struct weir_stream *of, const char *uid);
WEIR_API struct weir_stream *weir_slot_sharing_group(struct weir_stream *of, const char *group);
WEIR_API struct weir_stream *weir_start_new_chain(struct weir_stream *of);
WEIR_API struct weir_stream *weir_disable_chaining(struct weir_stream *of);
/* What it costs in virtual time, per record in (sources: out); and, for the virtual world, which
 * has no records: how many come out for each, and how many keys there are. */
struct weir_cost {
    int64_t cpu_ns; /* 0: 1000 */
    int64_t wait_ns;
    double selectivity;   /* 0: 1 */
    int64_t keys;         /* that have state at a time; 0: 1000 */
    double state_per_key; /* bytes; 0: of the key, and of a value of each state */
    /* Bytes of state without a key, which each subtask has: all of broadcast maps, its part of
     * lists. 0: none. */
    double state_per_subtask;
};
WEIR_API struct weir_stream *weir_cost(struct weir_stream *of, const struct weir_cost *cost);

/* ---- jobs ----------------------------------------------------------------------------------- */

/* One of Flink's keys for the jobs executed from now on, over those of the cluster. */
WEIR_API void weir_configure(struct weir_env *env, const char *key, const char *value);

enum weir_status {
    WEIR_JOB_REFUSED, /* it was not submitted: weir_job_failure says why */
    WEIR_JOB_CREATED,
    WEIR_JOB_RUNNING, /* or starting, restarting */
    WEIR_JOB_FINISHED,
    WEIR_JOB_CANCELED,
    WEIR_JOB_FAILED,
    WEIR_JOB_SUSPENDED,
};

/* Submits all streams built so far as one job and waits for its end; the environment is empty
 * then. True: it has finished. */
WEIR_API bool weir_execute(struct weir_env *env, const char *job_name);
/* The same without waiting. Never null; belongs to the environment. */
WEIR_API struct weir_job *weir_execute_async(struct weir_env *env, const char *job_name);

/* Collects the stream by the name `collect`, and executes without waiting. */
WEIR_API struct weir_results *weir_execute_and_collect(struct weir_stream *in,
                                                       const char *job_name);
/* Waits for the next one, which is valid until the next call, in the cluster's time. False: the job
 * has ended and there are no more. In the plan there are none. */
WEIR_API bool weir_next_result(struct weir_results *results, struct weir_record *record);
WEIR_API struct weir_job *weir_results_job(struct weir_results *results); /* null: not executed */

WEIR_API enum weir_status weir_job_status(const struct weir_job *job);
WEIR_API enum weir_status weir_job_wait(struct weir_job *job);     /* for its end */
WEIR_API const char *weir_job_failure(const struct weir_job *job); /* of FAILED, REFUSED; else "" */
WEIR_API bool weir_job_cancel(struct weir_job *job);
/* Taken when it returns; false: it failed, or the job is not running. */
WEIR_API bool weir_job_savepoint(struct weir_job *job);
WEIR_API bool weir_job_stop(struct weir_job *job, bool drain); /* with a savepoint */

WEIR_API void weir_sleep(struct weir_env *env, int64_t ms); /* of the cluster's time */
/* The program's streams are being looked at before the run: jobs end at once, well. */
WEIR_API bool weir_is_planning(const struct weir_env *env);

#ifdef __cplusplus
}
#endif

#endif
