/* SPDX-License-Identifier: Apache-2.0
 *
 * Word count: lines of text are cut into words, and each word's number so far goes out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir.h>

enum { WORD_BYTES = 16, WORDS_A_LINE = 8 };

static const char *const words[] = { "the",  "river", "runs", "over", "a",
                                     "weir", "and",   "on",   "to",   "sea" };
enum { WORDS = sizeof words / sizeof *words };

/* The first words come most often: of a small number times a small number. */
static uint64_t word_of(uint64_t line, uint64_t place)
{
    uint64_t mixed = (line * WORDS_A_LINE + place + 1) * 0x9e3779b97f4a7c15u >> 32;
    return mixed % WORDS * (mixed / WORDS % WORDS) / (WORDS - 1);
}

struct line {
    char text[WORDS_A_LINE * WORD_BYTES];
};
static const struct weir_type line_type = WEIR_STRUCT(struct line, 1);

struct count {
    char word[WORD_BYTES];
    uint64_t count;
};
static const struct weir_type count_type = WEIR_STRUCT(struct count, 1);

static void make_line(uint64_t index, void *value, void *user)
{
    struct line *line = value;
    (void)user;
    for (uint64_t w = 0; w < WORDS_A_LINE; w++) {
        strcat(line->text, words[word_of(index, w)]);
        strcat(line->text, " ");
    }
}

static void cut(struct weir_context *ctx, const struct weir_record *record, void *user)
{
    const struct line *line = record->value;
    (void)user;
    for (const char *at = line->text; *at;) {
        struct count one = { .count = 1 };
        size_t length = strcspn(at, " ");
        memcpy(one.word, at, length < WORD_BYTES ? length : WORD_BYTES - 1);
        if (length > 0)
            weir_emit(ctx, &one);
        at += length + (at[length] == ' ');
    }
}

static void add(struct weir_context *ctx, const struct weir_record *record, bool is_new,
                void *value, void *user)
{
    const struct count *one = record->value;
    struct count *sum = value;
    (void)ctx;
    (void)user;
    if (is_new)
        memcpy(sum->word, one->word, sizeof sum->word);
    sum->count += one->count;
}

static size_t format(const void *value, uint32_t size, char *line, size_t room, void *user)
{
    const struct count *count = value;
    (void)size, (void)user;
    return (size_t)snprintf(line, room, "%s %llu", count->word, (unsigned long long)count->count);
}

static uint64_t line_count(int argc, char **argv)
{
    return argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
}

int weir_main(struct weir_env *env, int argc, char **argv)
{
    struct weir_generator lines = {
        .type = &line_type, .count = line_count(argc, argv), .rate = 1000, .make = make_line
    };
    struct weir_stream *text = weir_from_generator(env, "lines", &lines, NULL);
    struct weir_stream *single = weir_flat_map(text, "words", &count_type, cut, NULL);
    weir_cost(single, &(struct weir_cost){ .selectivity = WORDS_A_LINE });
    struct weir_stream *keyed = weir_key_by(single, WEIR_FIELD_TEXT(struct count, word));
    struct weir_stream *counts = weir_reduce(keyed, "count", &count_type, add, NULL);
    weir_cost(counts, &(struct weir_cost){ .keys = WORDS });
    weir_sink_table(weir_key_by(counts, WEIR_FIELD_TEXT(struct count, word)), "counts", format,
                    NULL);
    return weir_execute(env, "word-count") ? 0 : 1;
}

void weir_expected(const char *sink, int argc, char **argv,
                   void (*line)(void *to, const char *text), void *to)
{
    uint64_t counts[WORDS] = { 0 };
    (void)sink;
    for (uint64_t i = 0; i < line_count(argc, argv); i++)
        for (uint64_t w = 0; w < WORDS_A_LINE; w++)
            counts[word_of(i, w)]++;
    for (int k = 0; k < WORDS; k++) {
        char text[64];
        snprintf(text, sizeof text, "%s %llu", words[k], (unsigned long long)counts[k]);
        if (counts[k] > 0)
            line(to, text);
    }
}
