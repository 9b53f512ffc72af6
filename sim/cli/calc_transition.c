/* SPDX-License-Identifier: Apache-2.0
 *
 * weir calc transition: the phases of the adaptive scheduler's state transition manager, step by
 * step. Timers fire after each step, in the order of their times and each at its own time, as they
 * do in the engine.
 */
#include "core/rescale/transition_manager.h"
#include "sim/cli/calc_read.h"

enum resources { NONE, SUFFICIENT, DESIRED, RESOURCES_COUNT };

static const char *const resource_words[] = { "none", "sufficient", "desired" };
static const char *const step_words[] = { "change", "trigger" };

static const struct calc_field fields[] = {
    { "cooldown_ms", "integer, optional", "no rescale before this; 30000 when absent" },
    { "stabilization_ms", "integer, optional",
      "wait for desired resources when there are sufficient ones; 60000 when absent" },
    { "max_delay_ms", "integer, optional",
      "longest wait for a trigger; 0 when absent, as without checkpointing" },
    { "active_checkpoint", "flag, optional",
      "count wishes for a checkpoint (Flink 2.4); true when absent" },
    { "resources", "none | sufficient | desired, optional",
      "what there is at the start; none when absent" },
    { "steps", "[{advance_ms} | {resources} | \"change\" | \"trigger\"]",
      "let time pass, set what there is, a change of slots or requirements, a trigger" },
};

static const struct calc_field step_fields[] = {
    { "advance_ms", "integer", "" },
    { "resources", "none | sufficient | desired", "" },
};

struct session {
    struct transition_manager manager;
    struct effects effects;
    enum resources resources;
    int64_t transitions, requests;
};

static bool has_sufficient(const void *owner)
{
    return ((const struct session *)owner)->resources >= SUFFICIENT;
}

static bool has_desired(const void *owner)
{
    return ((const struct session *)owner)->resources == DESIRED;
}

static struct err read_resources(const json_t *in, enum resources *out, struct note *note)
{
    size_t choice = *out;
    TRY(calc_read_choice(in, "resources", resource_words, RESOURCES_COUNT, &choice, note));
    *out = (enum resources)choice;
    return OK;
}

static void count(struct session *session, struct transition_outcome outcome)
{
    session->transitions += outcome.transition;
    session->requests += outcome.request_checkpoint;
}

static void fire_until(struct session *session, time_ns now)
{
    while (transition_manager_deadline(&session->manager) <= now) {
        effects_begin(&session->effects, transition_manager_deadline(&session->manager));
        count(session, transition_manager_on_time(&session->manager, &session->effects));
    }
    effects_begin(&session->effects, now);
}

static struct err take_step(struct session *session, json_t *step, struct note *note)
{
    time_ns now = session->effects.now, length = 0;
    if (json_is_string(step)) {
        size_t word = 0;
        TRY(calc_choice_value(step, "step", step_words, 2, &word, note));
        count(session, word == 0
                           ? transition_manager_on_change(&session->manager, &session->effects)
                           : transition_manager_on_trigger(&session->manager, &session->effects));
        return OK;
    }
    TRY(calc_check_fields(step, step_fields, 2, note));
    if (calc_has(step, "advance_ms") == calc_has(step, "resources"))
        return err_note(note, ERR_BAD_VALUE_CODE, "expected one of advance_ms and resources");
    TRY(read_resources(step, &session->resources, note));
    TRY(calc_read_ms(step, "advance_ms", &length, note));
    if (now + length > CALC_TIME_MS_MAX * TIME_MS)
        return err_note(note, ERR_FULL_CODE, "advance_ms: the steps last longer than 31 years");
    fire_until(session, now + length);
    return OK;
}

static struct err take_steps(struct session *session, json_t *steps, json_t *answers,
                             struct note *note)
{
    for (size_t i = 0; i < json_array_size(steps); i++) {
        struct err result = take_step(session, json_array_get(steps, i), note);
        if (err_is(result))
            return err_prefix(note, result, "step %zu", i);
        fire_until(session, session->effects.now);
        json_array_append_new(answers,
                              json_pack("{sI ss sI sI}", "at_ms",
                                        (json_int_t)(session->effects.now / TIME_MS), "phase",
                                        state_name(&transition_phases, session->manager.phase),
                                        "transitions", (json_int_t)session->transitions,
                                        "checkpoint_requests", (json_int_t)session->requests));
    }
    return OK;
}

static struct err answer(json_t *in, json_t *out, struct note *note)
{
    struct transition_settings settings = { .cooldown = 30 * TIME_S,
                                            .stabilization = 60 * TIME_S,
                                            .active_checkpoint = true };
    struct session session = { .resources = NONE };
    json_t *steps = NULL, *answers = json_array();
    json_object_set_new(out, "steps", answers);
    TRY(calc_read_ms(in, "cooldown_ms", &settings.cooldown, note));
    TRY(calc_read_ms(in, "stabilization_ms", &settings.stabilization, note));
    TRY(calc_read_ms(in, "max_delay_ms", &settings.max_delay, note));
    TRY(calc_read_flag(in, "active_checkpoint", &settings.active_checkpoint, note));
    TRY(read_resources(in, &session.resources, note));
    TRY(calc_need(in, "steps", note));
    TRY(calc_read_array(in, "steps", CALC_STEPS_MAX, &steps, note));
    const struct transition_view view = { has_sufficient, has_desired, &session };
    effects_init(&session.effects, LOG_DECISION);
    effects_begin(&session.effects, 0);
    transition_manager_init(&session.manager, &settings, &view, (struct job_id){ 0 }, 0);
    struct err result = take_steps(&session, steps, answers, note);
    effects_fini(&session.effects);
    return result;
}

const struct calc_row calc_transition = {
    .name = "transition",
    .summary = "phases of the adaptive scheduler's state transition manager",
    .fields = fields,
    .field_count = sizeof fields / sizeof *fields,
    .answers = "steps: [{at_ms, phase, transitions, checkpoint_requests}], counts from the start",
    .example = "{\"cooldown_ms\": 30000, \"stabilization_ms\": 60000, \"max_delay_ms\": 0, "
               "\"resources\": \"none\", \"steps\": [{\"advance_ms\": 13000}, {\"resources\": "
               "\"sufficient\"}, \"change\", {\"advance_ms\": 17000}, {\"advance_ms\": 43000}]}",
    .answer = answer,
};
