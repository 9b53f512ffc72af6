/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading configuration texts into the struct. In: a key and its text. Out: a field of struct
 * config, or an err that names the key and says what was expected. Rows are made from options.h; a
 * row knows where its field is and how its text is read.
 */
#include "core/port/config.h"

#include <string.h>

#include "core/base/check.h"
#include "core/base/text.h"

#define SIMPLE_TYPES(X)                                                                            \
    X(DURATION, "duration")                                                                        \
    X(OPEN_DURATION, "duration or -1")                                                             \
    X(SIZE, "size")                                                                                \
    X(COUNT, "count")                                                                              \
    X(RATIO, "ratio")                                                                              \
    X(FLAG, "flag")                                                                                \
    X(TEXT, "text")

/* Each choice list is a type of its own in options.h and the same one here. */
enum option_type {
#define X(type, name) TYPE_##type,
    SIMPLE_TYPES(X)
#undef X
        TYPE_CHOICE,
#define X(list) TYPE_##list = TYPE_CHOICE,
    CHOICE_LISTS(X)
#undef X
};

enum {
#define X(type, name) WORD_COUNT_##type = 0,
    SIMPLE_TYPES(X)
#undef X
#define X(list) WORD_COUNT_##list = list##_COUNT,
        CHOICE_LISTS(X)
#undef X
};

#define X(type, name)                                                                              \
    static const char name_of_##type[] = name;                                                     \
    static const char *const words_of_##type[] = { "" };
SIMPLE_TYPES(X)
#undef X

#define C(list, name, text) text,
#define X(list)                                                                                    \
    static const char name_of_##list[] = "choice";                                                 \
    static const char *const words_of_##list[] = { CHOICES_##list(C) };                            \
    _Static_assert(sizeof(config_##list) == sizeof(unsigned), "a choice is written as unsigned");
CHOICE_LISTS(X)
#undef X
#undef C

const struct option_row config_options[] = {
#define X(type, field, key, def, older, group, doc)                                                \
    { key, older, name_of_##type, def, group, doc, words_of_##type, WORD_COUNT_##type },
    OPTIONS(X)
#undef X
};

const size_t config_option_count = sizeof config_options / sizeof *config_options;

/* Row for row the same options; what only the reader needs. */
static const struct option_place {
    enum option_type type;
    size_t offset;
} places[] = {
#define X(type, field, key, def, older, group, doc) { TYPE_##type, offsetof(struct config, field) },
    OPTIONS(X)
#undef X
};

static const char *const keys[] = {
#define X(type, field, key, def, older, group, doc) key,
    OPTIONS(X)
#undef X
};

enum { OPTION_COUNT = sizeof keys / sizeof *keys, IS_SET_BITS = 64 };
_Static_assert(OPTION_COUNT <= 4 * IS_SET_BITS, "is_set has a bit per option");

/* Other words that Flink takes for the same choice (RestartStrategyOptions). */
static const struct alias {
    const char *const *words;
    const char *text;
    unsigned choice;
} aliases[] = {
    { words_of_RESTART, "off", RESTART_NONE },
    { words_of_RESTART, "disable", RESTART_NONE },
};

enum {
    ALIAS_COUNT = sizeof aliases / sizeof *aliases,
    RATIO_DIGITS = 6,         /* ppm */
    RATIO_WHOLE_MAX = 1000000 /* far above any ratio and any number of cores */
};

/* The text without the blanks around it. */
struct span {
    const char *text;
    size_t length;
};

/* Values come from YAML, where blanks survive quoting. */
static struct span trim(const char *text)
{
    while (*text == ' ')
        text++;
    size_t length = strlen(text);
    while (length && text[length - 1] == ' ')
        length--;
    return (struct span){ text, length };
}

/* Case does not count, nor does how the words of a choice are joined: Flink writes fixed-delay,
 * fixeddelay and AT_LEAST_ONCE. */
static bool same_choice(struct span span, const char *word)
{
    size_t i = 0;
    for (;; i++, word++) {
        while (i < span.length && (span.text[i] == '-' || span.text[i] == '_'))
            i++;
        while (*word == '-' || *word == '_')
            word++;
        if (i == span.length || !*word)
            return i == span.length && !*word;
        if (text_lower(span.text[i]) != text_lower(*word))
            return false;
    }
}

static struct err read_choice(const struct option_row *row, const char *text, int64_t *out,
                              struct note *note)
{
    struct span span = trim(text);
    for (size_t i = 0; i < row->choice_count; i++) {
        *out = (int64_t)i;
        if (*row->choices[i] && same_choice(span, row->choices[i]))
            return OK;
    }
    for (size_t i = 0; i < ALIAS_COUNT; i++) {
        *out = aliases[i].choice;
        if (aliases[i].words == row->choices && same_choice(span, aliases[i].text))
            return OK;
    }
    /* What was expected, in the order of the list; "" stands for not set and is not for writing. */
    char words[200];
    size_t length = 0;
    for (size_t i = 0; i < row->choice_count; i++)
        if (*row->choices[i])
            length += text_format(words + length, sizeof words - length, "%s%s", length ? ", " : "",
                                  row->choices[i]);
    return err_note(note, ERR_BAD_VALUE_CODE, "found '%s', expected one of %s", text, words);
}

/* ConfigurationUtils.convertToBoolean knows these two only. */
static struct err read_flag(const char *text, int64_t *out, struct note *note)
{
    struct span span = trim(text);
    *out = same_choice(span, "true");
    if (*out || same_choice(span, "false"))
        return OK;
    return err_note(note, ERR_BAD_VALUE_CODE, "found '%s', expected true or false", text);
}

/* Digits from *at on, the number so far in *out; false when it passes `most`. */
static bool read_digits(struct span span, size_t *at, int64_t most, int64_t *out)
{
    for (; *at < span.length && span.text[*at] >= '0' && span.text[*at] <= '9'; (*at)++) {
        *out = *out * 10 + (span.text[*at] - '0');
        if (*out > most)
            return false;
    }
    return true;
}

/* Flink's counts are Java ints. */
static struct err read_count(const char *text, int64_t *out, struct note *note)
{
    struct span span = trim(text);
    bool negative = span.length && span.text[0] == '-';
    size_t first = negative, at = first;
    int64_t value = 0;
    if (!read_digits(span, &at, INT32_MAX, &value))
        return err_note(note, ERR_BAD_VALUE_CODE, "'%s' is too large", text);
    if (at == first || at < span.length)
        return err_note(note, ERR_BAD_VALUE_CODE, "found '%s', expected a whole number", text);
    *out = negative ? -value : value;
    return OK;
}

/* Decimal text to ppm without a double: what is written is what is computed with. */
static struct err read_ratio(const char *text, int64_t *out, struct note *note)
{
    struct span span = trim(text);
    size_t at = 0;
    int64_t value = 0;
    if (!read_digits(span, &at, RATIO_WHOLE_MAX, &value))
        return err_note(note, ERR_BAD_VALUE_CODE, "'%s' is too large", text);
    bool good = at > 0;
    size_t digits = 0;
    if (at < span.length && span.text[at] == '.') {
        size_t first = ++at;
        read_digits(span, &at, INT64_MAX / RATIO_ONE, &value);
        digits = at - first;
        good = good && digits > 0;
    }
    if (!good || at < span.length || digits > RATIO_DIGITS)
        return err_note(note, ERR_BAD_VALUE_CODE,
                        "found '%s', expected a number such as 1.5, with at most %d decimals", text,
                        RATIO_DIGITS);
    for (; digits < RATIO_DIGITS; digits++)
        value *= 10;
    *out = value;
    return OK;
}

/* The value that says nobody set it; the types of options.h explain each. */
static int64_t not_set(enum option_type type)
{
    switch (type) {
    case TYPE_DURATION:
    case TYPE_OPEN_DURATION: return TIME_NEVER;
    case TYPE_SIZE:
    case TYPE_COUNT:
    case TYPE_RATIO: return -1;
    case TYPE_FLAG:
    case TYPE_TEXT:
    case TYPE_CHOICE: return 0;
    }
    IMPOSSIBLE("option of no type");
}

/* The number behind the sign must be a duration too, so that a typing error does not mean for ever.
 */
static struct err read_open_duration(const struct option_row *row, const char *text, int64_t *out,
                                     struct note *note)
{
    struct span span = trim(text);
    if (!span.length || span.text[0] != '-')
        return duration_parse(text, out, note);
    TRY(duration_parse(span.text + 1, out, note));
    *out = *row->default_text ? -1 : not_set(TYPE_OPEN_DURATION);
    return OK;
}

/* TimeUtils and MemorySize read digits and a unit: what Flink would not start with is refused here
 * as well, though other keys of a scenario may say 1.5 s. */
static struct err refuse_fraction(const char *text, struct note *note)
{
    size_t whole = 0;
    while (text[whole] != '\0' && text[whole] != '.')
        whole++;
    if (text[whole] == '\0')
        return OK;
    return err_note(note, ERR_BAD_VALUE_CODE,
                    "found '%s', expected a whole number and a unit, as Flink reads its keys",
                    text);
}

/* How many letters it has, without the blanks around it. */
static struct err read_text(const char *text, int64_t *out, struct note *note)
{
    struct span span = trim(text);
    *out = (int64_t)span.length;
    if (span.length < CONFIG_TEXT_SIZE)
        return OK;
    return err_note(note, ERR_BAD_VALUE_CODE, "found %zu letters, expected fewer than %d",
                    span.length, CONFIG_TEXT_SIZE);
}

/* Every value fits into 64 bits: flags and choices as small numbers, of a text its length. */
static struct err read_value(size_t option, const char *text, int64_t *out, struct note *note)
{
    enum option_type type = places[option].type;
    if (type == TYPE_DURATION || type == TYPE_OPEN_DURATION || type == TYPE_SIZE)
        TRY(refuse_fraction(text, note));
    switch (type) {
    case TYPE_DURATION: return duration_parse(text, out, note);
    case TYPE_OPEN_DURATION: return read_open_duration(&config_options[option], text, out, note);
    case TYPE_SIZE: return size_parse(text, out, note);
    case TYPE_COUNT: return read_count(text, out, note);
    case TYPE_RATIO: return read_ratio(text, out, note);
    case TYPE_FLAG: return read_flag(text, out, note);
    case TYPE_TEXT: return read_text(text, out, note);
    case TYPE_CHOICE: return read_choice(&config_options[option], text, out, note);
    }
    IMPOSSIBLE("option of no type");
}

/* Through memcpy: the row knows the offset, and the type says how wide the field is. `text` is what
 * the value was read from; a text that is left is left without a trace. */
static void write_value(struct config *config, size_t option, const char *text, int64_t value)
{
    char *place = (char *)config + places[option].offset;
    bool flag = value != 0;
    unsigned choice = (unsigned)value;
    switch (places[option].type) {
    case TYPE_FLAG: memcpy(place, &flag, sizeof flag); break;
    case TYPE_CHOICE: memcpy(place, &choice, sizeof choice); break;
    case TYPE_TEXT:
        memset(place, 0, CONFIG_TEXT_SIZE);
        memcpy(place, trim(text).text, (size_t)value);
        break;
    case TYPE_DURATION:
    case TYPE_OPEN_DURATION:
    case TYPE_SIZE:
    case TYPE_COUNT:
    case TYPE_RATIO: memcpy(place, &value, sizeof value); break;
    }
}

/* Defaults are texts of our own list, so a default that does not read is our fault. */
static void write_default(struct config *config, size_t option)
{
    const char *text = config_options[option].default_text;
    int64_t value = not_set(places[option].type);
    if (*text)
        CHECK(!err_is(read_value(option, text, &value, NULL)));
    write_value(config, option, text, value);
}

/* Through the reader, so that a default means what its text means when a user writes it. */
struct config config_default(void)
{
    struct config config = { .flink_version = FLINK_2_3 };
    for (size_t i = 0; i < OPTION_COUNT; i++)
        write_default(&config, i);
    return config;
}

/* OPTION_COUNT when there is none. */
static size_t find_option(const char *key)
{
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (text_equal(keys[i], key))
            return i;
    /* A new key is never another one's older key, so the order of the two loops does not matter. */
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (*key && text_equal(config_options[i].older_key, key))
            return i;
    return OPTION_COUNT;
}

struct err config_set(struct config *config, const char *key, const char *text, struct note *note)
{
    size_t option = find_option(key);
    if (option == OPTION_COUNT) {
        const char *nearest = text_nearest(key, keys, OPTION_COUNT);
        if (nearest)
            return err_note(note, ERR_UNKNOWN_KEY_CODE, "unknown key '%s', did you mean '%s'?", key,
                            nearest);
        return err_note(note, ERR_UNKNOWN_KEY_CODE, "unknown key '%s'", key);
    }
    uint64_t bit = (uint64_t)1 << option % IS_SET_BITS;
    if (!text) {
        write_default(config, option);
        config->is_set[option / IS_SET_BITS] &= ~bit;
        return OK;
    }
    int64_t value;
    struct err e = read_value(option, text, &value, note);
    if (err_is(e))
        return err_prefix(note, e, "%s", key);
    write_value(config, option, text, value);
    config->is_set[option / IS_SET_BITS] |= bit;
    return OK;
}

/* Processes read these when they start: JobManagerOptions, TaskManagerOptions and their like. */
bool config_key_is_clusters(const char *key)
{
    static const char *const prefixes[] = {
        "jobmanager.",  "scheduler-mode", "slot.", "slotmanager.", "resourcemanager.",
        "taskmanager.", "heartbeat.",     "web.",  "pekko.",       "cluster.",
    };
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        size_t length = strlen(prefixes[i]);
        if (strlen(key) >= length && memcmp(key, prefixes[i], length) == 0)
            return true;
    }
    return false;
}

/* Some rules of Flink ask whether a key was given and not what it says, so the value alone is not
 * enough: evenly spread slots, the defaults of reactive mode. */
bool config_is_set(const struct config *config, const char *key)
{
    size_t option = find_option(key);
    CHECK(option < OPTION_COUNT);
    return (config->is_set[option / IS_SET_BITS] >> option % IS_SET_BITS & 1) != 0;
}

enum config_choice_LOAD_BALANCE config_balance(const struct config *config)
{
    bool by_older_key =
        config->evenly_spread_slots && !config_is_set(config, "taskmanager.load-balance.mode");
    return by_older_key ? LOAD_BALANCE_SLOTS : config->load_balance;
}

static uint64_t at_most(int64_t value, uint32_t most)
{
    return value < (int64_t)most ? (uint64_t)value : most;
}

uint32_t config_output_buffers(const struct config *config, uint32_t readers)
{
    uint64_t most = (uint64_t)readers * at_most(config->buffers_per_channel, INT32_MAX) +
                    at_most(config->buffers_per_gate, INT32_MAX);
    uint64_t least = (uint64_t)readers + 1, buffers = most > least ? most : least;
    return buffers < UINT32_MAX ? (uint32_t)buffers : UINT32_MAX;
}
