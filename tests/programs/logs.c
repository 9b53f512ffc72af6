/* SPDX-License-Identifier: Apache-2.0
 *
 * A log of lines `KEY MS`, in the files that its arguments from the third on name, that fills at
 * the rate which the second one says. The first one: `copy` gives the lines out as they are;
 * `count` counts each key in windows of event time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir.h>

enum { PATHS_MAX = 8, LINE_MAX = 4096, KEYS = 10, WINDOW_MS = 1000, WINDOWS_MAX = 1000 };

struct count {
    uint64_t key, window, lines;
};
static const struct weir_type count_type = WEIR_STRUCT(struct count, 1);

static void read_line(const char *text, uint64_t *key, int64_t *ms)
{
    char *behind;
    *key = strtoull(text, &behind, 10);
    *ms = strtoll(behind, NULL, 10);
}

/* A record has no zero behind it. */
static void read_record(const struct weir_record *record, uint64_t *key, int64_t *ms)
{
    char text[64] = "";
    memcpy(text, record->value, record->size < sizeof text ? record->size : sizeof text - 1);
    read_line(text, key, ms);
}

static int64_t time_of(const struct weir_record *line, void *user)
{
    uint64_t key;
    int64_t ms;
    (void)user;
    read_record(line, &key, &ms);
    return ms;
}

static void as_it_is(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    (void)user;
    weir_emit_text(ctx, record->value, record->size);
}

static void parse(struct weir_context *ctx, const struct weir_record *record, void *out, void *user)
{
    int64_t ms;
    (void)ctx, (void)user;
    read_record(record, &((struct count *)out)->key, &ms);
}

static void add(struct weir_context *ctx, const struct weir_record *record, void *value, void *user)
{
    (void)ctx, (void)record, (void)user;
    ((struct count *)value)->lines++;
}

static void give(struct weir_context *ctx, const struct weir_pane *pane, const void *value,
                 void *user)
{
    struct count count = *(const struct count *)value;
    (void)user;
    memcpy(&count.key, pane->key, sizeof count.key);
    count.window = (uint64_t)(pane->start / WINDOW_MS);
    weir_emit(ctx, &count);
}

static size_t format(const void *value, uint32_t size, char *line, size_t room, void *user)
{
    const struct count *count = value;
    (void)size, (void)user;
    return (size_t)snprintf(line, room, "%llu %llu %llu", (unsigned long long)count->key,
                            (unsigned long long)count->window, (unsigned long long)count->lines);
}

static void copy_lines(struct weir_stream *log)
{
    struct weir_stream *copy =
        weir_flat_map(weir_rebalance(log), "copy", &weir_text, as_it_is, NULL);
    weir_sink_files(copy, "lines", NULL, NULL);
}

static void count_keys(struct weir_stream *log)
{
    const struct weir_window window = { .size_ms = WINDOW_MS };
    const struct weir_aggregate counting = { &count_type, add, NULL, give };
    struct weir_stream *parsed = weir_map(log, "parse", &count_type, parse, NULL);
    struct weir_stream *by_key = weir_key_by(parsed, WEIR_FIELD_LONG(struct count, key));
    weir_sink_files(weir_aggregate(by_key, "count", &count_type, &window, &counting, NULL), "lines",
                    format, NULL);
}

int weir_main(struct weir_env *env, int argc, char **argv)
{
    const char *paths[PATHS_MAX];
    bool counts = argc > 1 && strcmp(argv[1], "count") == 0;
    struct weir_log log = { .paths = paths,
                            .rate = argc > 2 ? strtod(argv[2], NULL) : 0,
                            .timestamp = counts ? time_of : NULL };
    for (int i = 3; i < argc && log.path_count < PATHS_MAX; i++)
        if (strcmp(argv[i], "-") != 0)
            paths[log.path_count++] =
                strcmp(argv[i], "?") == 0 && weir_is_planning(env) ? argv[3] : argv[i];
    struct weir_stream *lines = weir_from_log(env, "log", &log, NULL);
    if (counts)
        count_keys(lines);
    else
        copy_lines(lines);
    return weir_execute(env, "logs") ? 0 : 1;
}

static uint64_t windows[KEYS][WINDOWS_MAX];

static void expect_line(bool counts, char *text, void (*line)(void *to, const char *text), void *to)
{
    uint64_t key;
    int64_t ms;
    text[strcspn(text, "\r\n")] = '\0';
    if (!counts) {
        line(to, text);
        return;
    }
    read_line(text, &key, &ms);
    windows[key][ms / WINDOW_MS]++;
}

void weir_expected(const char *sink, int argc, char **argv,
                   void (*line)(void *to, const char *text), void *to)
{
    static char text[LINE_MAX];
    bool counts = strcmp(argv[1], "count") == 0;
    (void)sink;
    memset(windows, 0, sizeof windows);
    for (int i = 3; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        while (file && fgets(text, sizeof text, file))
            expect_line(counts, text, line, to);
        if (file)
            fclose(file);
    }
    for (uint64_t key = 0; key < KEYS; key++)
        for (uint64_t w = 0; w < WINDOWS_MAX; w++)
            if (windows[key][w] > 0) {
                format(&(struct count){ key, w, windows[key][w] }, 0, text, sizeof text, NULL);
                line(to, text);
            }
}
