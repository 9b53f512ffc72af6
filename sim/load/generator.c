/* SPDX-License-Identifier: Apache-2.0
 *
 * The generators of load and their parameters. One table row each; rates are records per second,
 * times are since the start of the run.
 */
#include "sim/load/generator.h"

#include <math.h>

#include "core/base/check.h"
#include "core/base/rng.h"
#include "core/base/text.h"
#include "sim/kernel/real.h"

/* Steps that a smooth shape is cut into when the scenario does not say. */
enum { STEPS_PER_PERIOD = 288, STEPS_PER_RAMP = 60, STEPS_PER_RISE = 20, HALVINGS = 10 };

static double seconds_of(time_ns t)
{
    return (double)t / (double)TIME_S;
}

/* cos(2 pi x) without libm: folded to an eighth of a turn, then Taylor to 1e-17. */
static double cosine_of_turns(double x)
{
    const double tau = 6.283185307179586;
    double turn = fabs(x - floor(x + 0.5)); /* 0 ... 1/2; cos is even */
    bool negative = turn > 0.25;
    if (negative)
        turn = 0.5 - turn;
    bool sine = turn > 0.125;
    double a = tau * (sine ? 0.25 - turn : turn);
    double term = sine ? a : 1, sum = term;
    for (int n = sine ? 2 : 1; n < 18; n += 2) {
        term *= -a * a / (double)(n * (n + 1));
        sum += term;
    }
    return negative ? -sum : sum;
}

typedef double shape(const struct generator_values *v, time_ns at);

/* Cuts a smooth shape into steps over [from, to). */
static void sample(const struct generator_values *v, shape *value_at, time_ns from, time_ns to,
                   struct series *out)
{
    CHECK(v->step > 0);
    for (time_ns at = from; at < to; at = time_add(at, v->step)) {
        time_ns end = v->step < to - at ? at + v->step : to;
        double value = value_at(v, at + (end - at) / 2);
        series_push(out, at, value > 0 ? value : 0);
    }
}

static void push_within(struct series *out, const struct load_context *context, time_ns at,
                        double value)
{
    if (at < context->duration)
        series_push(out, at, value);
}

static time_ns earlier(time_ns a, time_ns b)
{
    return a < b ? a : b;
}

/* The step of a smooth shape that gave none: a part of `whole`, at least 1 ms. */
static void default_step(struct generator_values *v, time_ns whole, int parts)
{
    if (v->step == 0)
        v->step = whole / parts > TIME_MS ? whole / parts : TIME_MS;
}

#define RATE(member, key)   FIELD(struct generator_values, member, key, RATE, NOT_NEGATIVE)
#define WHEN(member, key)   FIELD(struct generator_values, member, key, DURATION, NOT_NEGATIVE)
#define LENGTH(member, key) FIELD(struct generator_values, member, key, DURATION, POSITIVE)

/* step: from one rate to another at a time */
static const struct field step_fields[] = { RATE(from, "from"), RATE(to, "to"), WHEN(at, "at") };

static void step_fill(const struct generator_values *v, const struct load_context *context,
                      struct series *out)
{
    series_push(out, 0, v->from);
    push_within(out, context, v->at, v->to);
}

/* ramp: from one rate to another in a straight line */
static const struct field ramp_fields[] = { RATE(from, "from"), RATE(to, "to"),
                                            LENGTH(over, "over"), WHEN(start, "start"),
                                            LENGTH(step, "step") };

static struct err ramp_finish(const struct tree_node *node, struct generator_values *v,
                              struct note *note)
{
    (void)node;
    (void)note;
    default_step(v, v->over, STEPS_PER_RAMP);
    v->moves_for = v->over;
    return OK;
}

static double ramp_shape(const struct generator_values *v, time_ns at)
{
    return v->from + (v->to - v->from) * ((double)(at - v->start) / (double)v->over);
}

static void ramp_fill(const struct generator_values *v, const struct load_context *context,
                      struct series *out)
{
    time_ns end = time_add(v->start, v->moves_for);
    series_push(out, 0, v->from);
    sample(v, ramp_shape, v->start, earlier(end, context->duration), out);
    push_within(out, context, end, v->to);
}

/* sine: mean +- amplitude */
static const struct field sine_fields[] = { RATE(mean, "mean"), RATE(amplitude, "amplitude"),
                                            LENGTH(period, "period"), WHEN(peak_at, "peak-at"),
                                            LENGTH(step, "step") };

static struct err sine_finish(const struct tree_node *node, struct generator_values *v,
                              struct note *note)
{
    const struct tree_node *amplitude = tree_find(node, "amplitude");
    if (v->amplitude > v->mean)
        return tree_expected(amplitude, ERR_BAD_VALUE_CODE, note,
                             "at most the mean (a rate cannot be negative)");
    if (!field_child(node, "peak-at"))
        v->peak_at = v->period / 4;
    default_step(v, v->period, STEPS_PER_PERIOD);
    return OK;
}

static double turns_since_peak(const struct generator_values *v, time_ns at)
{
    return (double)((at - v->peak_at) % v->period) / (double)v->period;
}

static double sine_shape(const struct generator_values *v, time_ns at)
{
    return v->mean + v->amplitude * cosine_of_turns(turns_since_peak(v, at));
}

static void sine_fill(const struct generator_values *v, const struct load_context *context,
                      struct series *out)
{
    sample(v, sine_shape, 0, context->duration, out);
}

/* diurnal: a day with one peak, narrower as sharpness grows */
static const struct field diurnal_fields[] = {
    RATE(low, "low"),
    RATE(high, "high"),
    WHEN(peak_at, "peak-at"),
    LENGTH(period, "period"),
    LENGTH(step, "step"),
    FIELD(struct generator_values, sharpness, "sharpness", NUMBER, POSITIVE)
};

static struct err diurnal_finish(const struct tree_node *node, struct generator_values *v,
                                 struct note *note)
{
    if (v->high < v->low)
        return tree_expected(tree_find(node, "high"), ERR_BAD_VALUE_CODE, note, "at least 'low'");
    if (!field_child(node, "peak-at"))
        v->peak_at = 14 * TIME_H;
    if (v->period == 0)
        v->period = TIME_DAY;
    if (v->sharpness == 0)
        v->sharpness = 1;
    default_step(v, v->period, STEPS_PER_PERIOD);
    return OK;
}

static double diurnal_shape(const struct generator_values *v, time_ns at)
{
    double height = (1 + cosine_of_turns(turns_since_peak(v, at))) / 2;
    return v->low + (v->high - v->low) * real_pow(height > 0 ? height : 0, v->sharpness);
}

static void diurnal_fill(const struct generator_values *v, const struct load_context *context,
                         struct series *out)
{
    sample(v, diurnal_shape, 0, context->duration, out);
}

/* spike: up and down again at once, maybe again and again */
static const struct field spike_fields[] = { RATE(base, "base"), RATE(peak, "peak"), WHEN(at, "at"),
                                             LENGTH(length, "for"), LENGTH(every, "every") };

static struct err spike_finish(const struct tree_node *node, struct generator_values *v,
                               struct note *note)
{
    if (v->every && v->every <= v->length)
        return tree_expected(tree_find(node, "every"), ERR_BAD_VALUE_CODE, note,
                             "longer than 'for'");
    v->step = v->every; /* its steps, for the limit */
    return OK;
}

static void spike_fill(const struct generator_values *v, const struct load_context *context,
                       struct series *out)
{
    series_push(out, 0, v->base);
    for (time_ns at = v->at; at < context->duration; at = time_add(at, v->every)) {
        series_push(out, at, v->peak);
        push_within(out, context, time_add(at, v->length), v->base);
        if (v->every == 0)
            break;
    }
}

/* flash-crowd: a fast rise, a plateau, and interest that halves every `fall` */
static const struct field flash_crowd_fields[] = { RATE(base, "base"),  RATE(peak, "peak"),
                                                   WHEN(at, "at"),      LENGTH(rise, "rise"),
                                                   WHEN(hold, "hold"),  LENGTH(fall, "fall"),
                                                   LENGTH(step, "step") };

static struct err flash_crowd_finish(const struct tree_node *node, struct generator_values *v,
                                     struct note *note)
{
    if (v->peak < v->base)
        return tree_expected(tree_find(node, "peak"), ERR_BAD_VALUE_CODE, note, "at least 'base'");
    if (v->rise == 0)
        v->rise = TIME_MIN;
    if (v->fall == 0)
        v->fall = 10 * TIME_MIN;
    default_step(v, v->rise < v->fall ? v->rise : v->fall, STEPS_PER_RISE);
    v->moves_for = time_add(v->rise, v->hold);
    for (int i = 0; i < HALVINGS; i++)
        v->moves_for = time_add(v->moves_for, v->fall);
    return OK;
}

static double flash_crowd_shape(const struct generator_values *v, time_ns at)
{
    double extra = v->peak - v->base, since = seconds_of(at - v->at);
    double rise = seconds_of(v->rise), hold = seconds_of(v->hold);
    if (since < rise)
        return v->base + extra * (since / rise);
    if (since < rise + hold)
        return v->peak;
    const double ln2 = 0.6931471805599453;
    return v->base + extra * real_exp(-ln2 * (since - rise - hold) / seconds_of(v->fall));
}

static void flash_crowd_fill(const struct generator_values *v, const struct load_context *context,
                             struct series *out)
{
    time_ns end = time_add(v->at, v->moves_for);
    series_push(out, 0, v->base);
    sample(v, flash_crowd_shape, v->at, earlier(end, context->duration), out);
    push_within(out, context, end, v->base);
}

/* random-walk: each step adds a draw and pulls back to the start; turned back at the bounds */
static const struct field random_walk_fields[] = {
    RATE(base, "start"),
    FIELD(struct generator_values, volatility, "volatility", SHARE, POSITIVE),
    LENGTH(step, "every"),
    FIELD(struct generator_values, pull, "pull", SHARE, SHARE),
    RATE(low, "low"),
    RATE(high, "high"),
};

static struct err random_walk_finish(const struct tree_node *node, struct generator_values *v,
                                     struct note *note)
{
    if (!field_child(node, "high"))
        v->high = 10 * v->base;
    if (v->low > v->base)
        return tree_expected(tree_find(node, "low"), ERR_BAD_VALUE_CODE, note, "at most 'start'");
    if (v->high < v->base)
        return tree_expected(tree_find(node, "high"), ERR_BAD_VALUE_CODE, note, "at least 'start'");
    if (v->step == 0)
        v->step = TIME_MIN;
    return OK;
}

static void random_walk_fill(const struct generator_values *v, const struct load_context *context,
                             struct series *out)
{
    struct rng rng = rng_stream(context->seed, "load", context->stream);
    double value = v->base;
    for (time_ns at = 0; at < context->duration; at = time_add(at, v->step)) {
        series_push(out, at, value);
        value +=
            v->pull * (v->base - value) + v->volatility * v->base * distribution_draw_normal(&rng);
        if (value < v->low)
            value = fmin(2 * v->low - value, v->high);
        if (value > v->high)
            value = fmax(2 * v->high - value, v->low);
    }
}

#define ROW(name, fields, needed, finish, fill)                                                    \
    {                                                                                              \
        name, fields, FIELDS_COUNT(fields), needed, finish, fill                                   \
    }
const struct generator generators[] = {
    ROW("step", step_fields, 3, NULL, step_fill),
    ROW("ramp", ramp_fields, 3, ramp_finish, ramp_fill),
    ROW("sine", sine_fields, 3, sine_finish, sine_fill),
    ROW("diurnal", diurnal_fields, 2, diurnal_finish, diurnal_fill),
    ROW("spike", spike_fields, 4, spike_finish, spike_fill),
    ROW("flash-crowd", flash_crowd_fields, 3, flash_crowd_finish, flash_crowd_fill),
    ROW("random-walk", random_walk_fields, 2, random_walk_finish, random_walk_fill),
};
const size_t generator_count = FIELDS_COUNT(generators);

struct err generator_read(const struct generator *generator, const struct tree_node *node,
                          const struct load_context *context, struct series *out, struct note *note)
{
    struct generator_values v = { 0 };
    TRY(fields_read(node, generator->fields, generator->field_count, &v, note));
    for (size_t i = 0; i < generator->needed_count; i++) {
        const struct tree_node *child;
        TRY(field_need_child(node, generator->fields[i].key, &child, note));
    }
    if (generator->finish)
        TRY(generator->finish(node, &v, note));
    time_ns moves = v.moves_for ? earlier(v.moves_for, context->duration) : context->duration;
    if (v.step && moves / v.step > LOAD_POINTS_MAX / 2)
        return tree_error(node, ERR_BAD_VALUE_CODE, note,
                          "found more than %d steps over the run, expected longer ones",
                          LOAD_POINTS_MAX / 2);
    generator->fill(&v, context, out);
    return OK;
}
