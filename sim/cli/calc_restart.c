/* SPDX-License-Identifier: Apache-2.0
 *
 * weir calc restart: a restart strategy, failure by failure.
 */
#include "core/base/text.h"
#include "core/failover/restart_rows.h"
#include "sim/cli/calc_read.h"

enum { ATTEMPTS_MAX = 2147483647, NAMES_MAX = 16, MULTIPLIER_MAX = 1000 };

/* "none | fixed-delay | ...", in the order of the list. */
#define X(prefix, choice, name, needs_failure) " | " name
#define STRATEGY_WORDS                         (&(RESTART_STRATEGIES(X))[sizeof " | " - 1])

static const char *const step_words[] = { "failure", "can-restart", "backoff" };
enum step { STEP_FAILURE, STEP_CAN_RESTART, STEP_BACKOFF, STEP_COUNT };

static const struct calc_field fields[] = {
    { "strategy", STRATEGY_WORDS, "restart-strategy.type" },
    { "config", "object, optional",
      "Flink's keys without the strategy's prefix, times in ms: attempts, delay (fixed-delay); "
      "max-failures-per-interval, failure-rate-interval, delay (failure-rate); initial-backoff, "
      "max-backoff, backoff-multiplier, reset-backoff-threshold, jitter-factor, "
      "attempts-before-reset-backoff (exponential-delay); Flink's defaults when absent" },
    { "seed", "integer, optional", "of the jitter; 0 when absent" },
    { "steps", "[{advance_ms} | \"failure\" | \"can-restart\" | \"backoff\"]",
      "let time pass, a failure happens, the two questions" },
};

static const struct calc_field step_fields[] = { { "advance_ms", "integer", "" } };

/* Each strategy's keys; the values land in the engine's own configuration. */
static const struct calc_field fixed_delay_keys[] = { { "attempts", "", "" }, { "delay", "", "" } };
static const struct calc_field failure_rate_keys[] = { { "max-failures-per-interval", "", "" },
                                                       { "failure-rate-interval", "", "" },
                                                       { "delay", "", "" } };
static const struct calc_field exponential_keys[] = {
    { "initial-backoff", "", "" },    { "max-backoff", "", "" },
    { "backoff-multiplier", "", "" }, { "reset-backoff-threshold", "", "" },
    { "jitter-factor", "", "" },      { "attempts-before-reset-backoff", "", "" }
};

static struct err read_fixed_delay(json_t *in, struct config *config, struct note *note)
{
    TRY(calc_check_fields(in, fixed_delay_keys, 2, note));
    TRY(calc_read_integer(in, "attempts", 0, ATTEMPTS_MAX, &config->restart_fixed_attempts, note));
    return calc_read_ms(in, "delay", &config->restart_fixed_delay, note);
}

static struct err at_least_1_ms(const char *name, time_ns value, struct note *note)
{
    if (value < TIME_MS)
        return err_note(note, ERR_BAD_VALUE_CODE, "%s: must be at least 1", name);
    return OK;
}

static struct err read_failure_rate(json_t *in, struct config *config, struct note *note)
{
    TRY(calc_check_fields(in, failure_rate_keys, 3, note));
    TRY(calc_read_integer(in, "max-failures-per-interval", 1, ATTEMPTS_MAX,
                          &config->restart_rate_max, note));
    TRY(calc_read_ms(in, "failure-rate-interval", &config->restart_rate_interval, note));
    TRY(at_least_1_ms("failure-rate-interval", config->restart_rate_interval, note));
    return calc_read_ms(in, "delay", &config->restart_rate_delay, note);
}

static const struct calc_range multiplier_range = { RATIO_ONE + 1,
                                                    MULTIPLIER_MAX *(int64_t)RATIO_ONE,
                                                    "more than 1 and at most 1000" };
static const struct calc_range jitter_range = { 0, RATIO_ONE, "from 0 to 1" };

/* The bounds are the ones that Flink's strategy checks. */
static struct err read_exponential(json_t *in, struct config *config, struct note *note)
{
    TRY(calc_check_fields(in, exponential_keys, 6, note));
    TRY(calc_read_ms(in, "initial-backoff", &config->restart_exp_initial, note));
    TRY(calc_read_ms(in, "max-backoff", &config->restart_exp_max, note));
    TRY(calc_read_ppm(in, "backoff-multiplier", &multiplier_range, &config->restart_exp_multiplier,
                      note));
    TRY(calc_read_ms(in, "reset-backoff-threshold", &config->restart_exp_reset, note));
    TRY(calc_read_ppm(in, "jitter-factor", &jitter_range, &config->restart_exp_jitter, note));
    TRY(calc_read_integer(in, "attempts-before-reset-backoff", 1, ATTEMPTS_MAX,
                          &config->restart_exp_attempts, note));
    TRY(at_least_1_ms("initial-backoff", config->restart_exp_initial, note));
    TRY(at_least_1_ms("reset-backoff-threshold", config->restart_exp_reset, note));
    if (config->restart_exp_initial > config->restart_exp_max)
        return err_note(note, ERR_BAD_VALUE_CODE, "initial-backoff: is above max-backoff");
    return OK;
}

static struct err read_config(json_t *in, struct config *config, struct note *note)
{
    switch (config->restart_strategy) {
    case RESTART_FIXED_DELAY: return read_fixed_delay(in, config, note);
    case RESTART_FAILURE_RATE: return read_failure_rate(in, config, note);
    case RESTART_EXPONENTIAL_DELAY: return read_exponential(in, config, note);
    case RESTART_UNSET:
    case RESTART_NONE:
    case RESTART_COUNT: break;
    }
    if (json_object_size(in) > 0)
        return err_note(note, ERR_UNKNOWN_KEY_CODE, "this strategy has no keys");
    return OK;
}

static struct err read_strategy(const json_t *in, struct config *config, struct note *note)
{
    const char *names[NAMES_MAX];
    size_t place = 0;
    CHECK(restart_strategy_count <= NAMES_MAX);
    for (size_t i = 0; i < restart_strategy_count; i++)
        names[i] = restart_strategies[i].name;
    TRY(calc_need(in, "strategy", note));
    TRY(calc_read_choice(in, "strategy", names, restart_strategy_count, &place, note));
    config->restart_strategy = restart_strategies[place].choice;
    return OK;
}

static struct err advance(json_t *step, time_ns *now, struct note *note)
{
    time_ns length = 0;
    TRY(calc_check_fields(step, step_fields, 1, note));
    TRY(calc_need(step, "advance_ms", note));
    TRY(calc_read_ms(step, "advance_ms", &length, note));
    if (*now + length > CALC_TIME_MS_MAX * TIME_MS)
        return err_note(note, ERR_FULL_CODE, "advance_ms: the steps last longer than 31 years");
    *now += length;
    return OK;
}

static void ask(struct restart_strategy *strategy, enum step step, time_ns now, json_t *answer)
{
    switch (step) {
    case STEP_FAILURE:
        json_object_set_new(answer, "new_attempt",
                            json_boolean(restart_strategy_notify_failure(strategy, now)));
        return;
    case STEP_CAN_RESTART:
        json_object_set_new(answer, "can_restart",
                            json_boolean(restart_strategy_can_restart(strategy, now)));
        return;
    case STEP_BACKOFF:
        if (restart_strategy_has_backoff(strategy))
            json_object_set_new(answer, "backoff_ms",
                                json_integer(restart_strategy_backoff(strategy, now) / TIME_MS));
        else
            json_object_set_new(answer, "error",
                                json_string("there is no backoff before the first failure"));
        return;
    case STEP_COUNT: break;
    }
    IMPOSSIBLE("a step outside the list");
}

static struct err take_step(struct restart_strategy *strategy, json_t *step, time_ns *now,
                            json_t *answers, struct note *note)
{
    size_t word = STEP_COUNT;
    if (json_is_string(step))
        TRY(calc_choice_value(step, "step", step_words, STEP_COUNT, &word, note));
    else
        TRY(advance(step, now, note));
    json_t *answer = json_pack("{sI}", "at_ms", (json_int_t)(*now / TIME_MS));
    if (word < STEP_COUNT)
        ask(strategy, (enum step)word, *now, answer);
    json_array_append_new(answers, answer);
    return OK;
}

static struct err answer(json_t *in, json_t *out, struct note *note)
{
    struct config config = config_default();
    json_t *keys = NULL, *steps = NULL, *answers = json_array();
    int64_t seed = 0;
    json_object_set_new(out, "steps", answers);
    TRY(read_strategy(in, &config, note));
    TRY(calc_read_object(in, "config", &keys, note));
    struct err result = keys ? read_config(keys, &config, note) : OK;
    if (err_is(result))
        return err_prefix(note, result, "config");
    TRY(calc_read_integer(in, "seed", 0, INT64_MAX, &seed, note));
    TRY(calc_need(in, "steps", note));
    TRY(calc_read_array(in, "steps", CALC_STEPS_MAX, &steps, note));
    struct restart_strategy strategy;
    restart_strategy_init(&strategy, &config, (uint64_t)seed, 0);
    time_ns now = 0;
    for (size_t i = 0; i < json_array_size(steps) && !err_is(result); i++) {
        result = take_step(&strategy, json_array_get(steps, i), &now, answers, note);
        result = err_prefix(note, result, "step %zu", i);
    }
    restart_strategy_fini(&strategy);
    return result;
}

const struct calc_row calc_restart = {
    .name = "restart",
    .summary = "may the job restart after a failure, and after what wait",
    .fields = fields,
    .field_count = sizeof fields / sizeof *fields,
    .answers = "steps: [{at_ms, new_attempt?, can_restart?, backoff_ms?, error?}]",
    .example = "{\"strategy\": \"exponential-delay\", \"config\": {\"initial-backoff\": 1000, "
               "\"backoff-multiplier\": 1.5, \"jitter-factor\": 0}, \"steps\": [\"failure\", "
               "\"can-restart\", \"backoff\", {\"advance_ms\": 400}, \"failure\", \"backoff\", "
               "{\"advance_ms\": 601}, \"failure\", \"backoff\"]}",
    .answer = answer,
};
