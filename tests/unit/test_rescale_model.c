/* SPDX-License-Identifier: Apache-2.0
 *
 * Random runs of the transition manager against a literal model of how Flink does it: a list of
 * scheduled callbacks, each bound to the phase object that scheduled it.
 */
#include <check.h>

#include "core/base/rng.h"
#include "tests/lib/transition_fixture.h"

enum callback_kind { END_COOLDOWN, END_STABILIZING, CHECK_DESIRED, END_STABILIZED };

/* A scheduled callback, run only if the phase object that scheduled it is still the phase. */
struct callback {
    time_ns at;
    int seq, phase_object;
    enum callback_kind kind;
};

struct model {
    struct transition_settings settings;
    struct callback callbacks[64];
    int count, seq, phase_object, transitions, requests;
    enum phase phase;
    time_ns now, first_change, last_change;
    bool is_evaluation_scheduled;
    enum resources resources;
};

static void model_schedule(struct model *model, enum callback_kind kind, time_ns start,
                           time_ns length)
{
    time_ns left = length - (model->now - start);
    ck_assert_int_lt(model->count, 64);
    model->callbacks[model->count++] = (struct callback){ .at = model->now + (left < 0 ? 0 : left),
                                                          .seq = model->seq++,
                                                          .phase_object = model->phase_object,
                                                          .kind = kind };
}

static void model_progress(struct model *model, enum phase phase)
{
    model->phase = phase;
    model->phase_object++;
}

static void model_evaluate(struct model *model)
{
    if (model->is_evaluation_scheduled)
        return;
    model->is_evaluation_scheduled = true;
    model_schedule(model, CHECK_DESIRED, model->last_change, model->settings.max_delay);
}

static void model_stabilize(struct model *model, time_ns first_change)
{
    model_progress(model, PHASE_STABILIZING);
    model->first_change = model->last_change = first_change;
    model->is_evaluation_scheduled = false;
    model_schedule(model, END_STABILIZING, first_change, model->settings.stabilization);
    model_evaluate(model);
    model->requests++;
}

static void model_trigger(struct model *model)
{
    if (model->phase == PHASE_STABILIZING && model->resources == RESOURCES_DESIRED) {
        model_progress(model, PHASE_TRANSITIONING);
        model->transitions++;
    } else if (model->phase == PHASE_STABILIZED && model->resources >= RESOURCES_SUFFICIENT) {
        model_progress(model, PHASE_TRANSITIONING);
        model->transitions++;
    } else if (model->phase == PHASE_STABILIZED) {
        model_progress(model, PHASE_IDLING);
    }
}

static void model_change(struct model *model)
{
    if (model->phase == PHASE_COOLDOWN && model->resources >= RESOURCES_SUFFICIENT) {
        if (model->first_change < 0)
            model->first_change = model->now;
    } else if (model->phase == PHASE_IDLING && model->resources >= RESOURCES_SUFFICIENT) {
        model_stabilize(model, model->now);
    } else if (model->phase == PHASE_STABILIZING) {
        model->last_change = model->now;
        model_evaluate(model);
        model->requests++;
    }
}

static void model_run(struct model *model, const struct callback *callback)
{
    if (callback->phase_object != model->phase_object)
        return;
    switch (callback->kind) {
    case END_COOLDOWN:
        if (model->first_change < 0)
            model_progress(model, PHASE_IDLING);
        else
            model_stabilize(model, model->first_change);
        break;
    case END_STABILIZING:
        model_progress(model, PHASE_STABILIZED);
        model->requests++;
        model_schedule(model, END_STABILIZED, model->first_change, model->settings.max_delay);
        break;
    case CHECK_DESIRED:
        model->is_evaluation_scheduled = false;
        model_trigger(model);
        break;
    case END_STABILIZED: model_trigger(model); break;
    }
}

static void model_advance(struct model *model, time_ns now)
{
    for (;;) {
        int next = -1;
        for (int i = 0; i < model->count; i++) {
            const struct callback *a = &model->callbacks[i],
                                  *b = &model->callbacks[next < 0 ? i : next];
            if (next < 0 || a->at < b->at || (a->at == b->at && a->seq < b->seq))
                next = i;
        }
        if (next < 0 || model->callbacks[next].at > now)
            break;
        struct callback callback = model->callbacks[next];
        model->callbacks[next] = model->callbacks[--model->count];
        model->now = callback.at;
        model_run(model, &callback);
    }
    model->now = now;
}

static void compare_random_run(uint64_t seed)
{
    struct rng rng = rng_stream(seed, "transition model", 0);
    struct transition_settings settings = { .active_checkpoint = true };
    settings.cooldown = (time_ns)rng_below(&rng, 4) * 2;
    settings.stabilization = (time_ns)rng_below(&rng, 6) * 2;
    settings.max_delay = (time_ns)rng_below(&rng, 6) * 2;
    struct transition_fixture fixture;
    transition_fixture_init(&fixture, &settings);
    struct model model = { .settings = settings, .phase = PHASE_COOLDOWN, .first_change = -1 };
    model_schedule(&model, END_COOLDOWN, 0, settings.cooldown);
    for (int step = 0; step < 30; step++) {
        switch (rng_below(&rng, 4)) {
        case 0: fixture.resources = model.resources = (enum resources)rng_below(&rng, 3); break;
        case 1:
            transition_fixture_change(&fixture);
            model_change(&model);
            break;
        case 2:
            transition_fixture_trigger(&fixture);
            model_trigger(&model);
            break;
        default:
            model_advance(&model, model.now + (time_ns)rng_below(&rng, 8));
            transition_fixture_advance_to(&fixture, model.now);
        }
        ck_assert_msg(fixture.manager.phase == model.phase, "seed %llu step %d: %s, expected %s",
                      (unsigned long long)seed, step,
                      state_name(&transition_phases, fixture.manager.phase),
                      state_name(&transition_phases, model.phase));
        ck_assert_int_eq(fixture.transitions, model.transitions);
        ck_assert_int_eq(fixture.requests, model.requests);
    }
    transition_fixture_fini(&fixture);
}

START_TEST(transition_manager_does_what_flinks_callbacks_do)
{
    for (uint64_t seed = 0; seed < 20000; seed++)
        compare_random_run(seed);
}
END_TEST

static TCase *model_cases(void)
{
    TCase *tcase = tcase_create("against the model");
    tcase_add_test(tcase, transition_manager_does_what_flinks_callbacks_do);
    return tcase;
}

Suite *test_rescale_model_suite(void);
Suite *test_rescale_model_suite(void)
{
    Suite *suite = suite_create("rescale_model");
    suite_add_tcase(suite, model_cases());
    return suite;
}
