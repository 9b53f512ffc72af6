/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading the options. Later ones win over earlier ones, --seed, --world and --log over --set.
 */
#include "sim/cli/run_options.h"

#include <string.h>

#include "core/base/text.h"
#include "sim/load/quantity.h"

enum { WORD_MAX = 60 };

void run_options_fini(struct run_options *options)
{
    for (VEC_EACH(struct override, override, &options->overrides))
        mem_destroy((char *) override->key);
    vec_fini(&options->overrides);
}

static void add(struct run_options *options, const char *key, size_t length, const char *value)
{
    char *copy = mem_create(length + 1);
    memcpy(copy, key, length);
    vec_push(&options->overrides, (struct override){ copy, value });
}

static struct err read_set(struct run_options *options, const char *text, struct note *note)
{
    const char *equals = strchr(text, '=');
    if (!equals || equals == text)
        return err_note(note, ERR_SYNTAX_CODE, "--set: found '%.*s', expected KEY=VALUE", WORD_MAX,
                        text);
    add(options, text, (size_t)(equals - text), equals + 1);
    return OK;
}

struct err run_options_count(const char *option, const char *text, int64_t least, int64_t most,
                             int64_t *out, struct note *note)
{
    if (err_is(quantity_count(text, out)) || *out < least || *out > most)
        return err_note(note, ERR_BAD_VALUE_CODE,
                        "--%s: found '%.*s', expected a whole number from %lld to %lld", option,
                        WORD_MAX, text, (long long)least, (long long)most);
    return OK;
}

static struct err read_until(struct run_options *options, const char *text, struct note *note)
{
    if (err_is(quantity_duration(text, &options->until)) || options->until <= 0)
        return err_note(note, ERR_BAD_VALUE_CODE,
                        "--until: found '%.*s', expected a duration such as 90s or 2h", WORD_MAX,
                        text);
    return OK;
}

static struct err read_log(struct run_options *options, const char *text, struct note *note)
{
    enum log_level level;
    if (!log_level_find(text, &level))
        return err_note(note, ERR_BAD_VALUE_CODE, "--log: found '%.*s', expected %ss, %ss or %ss",
                        WORD_MAX, text, log_level_names[LOG_DECISION], log_level_names[LOG_TASK],
                        log_level_names[LOG_MESSAGE]);
    add(options, "log-level", strlen("log-level"), log_level_names[level]);
    return OK;
}

static struct err read_all(const struct parsed *parsed, struct run_options *out, struct note *note)
{
    const char *seed = parsed_value(parsed, "seed"), *until = parsed_value(parsed, "until");
    const char *log = parsed_value(parsed, "log"), *world = parsed_value(parsed, "world");
    int64_t number;
    for (VEC_EACH(const struct parsed_option, option, &parsed->options))
        if (text_equal(option->name, "set"))
            TRY(read_set(out, option->value, note));
    if (seed) {
        TRY(run_options_count("seed", seed, 0, INT64_MAX, &number, note));
        add(out, "seed", strlen("seed"), seed);
    }
    if (world)
        add(out, "world", strlen("world"), world);
    if (log)
        TRY(read_log(out, log, note));
    return until ? read_until(out, until, note) : OK;
}

struct err run_options_read(const struct parsed *parsed, struct run_options *out, struct note *note)
{
    *out = (struct run_options){ .until = TIME_NEVER };
    struct err e = read_all(parsed, out, note);
    if (err_is(e))
        run_options_fini(out);
    return e;
}
