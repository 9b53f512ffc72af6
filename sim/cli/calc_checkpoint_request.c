/* SPDX-License-Identifier: Apache-2.0
 *
 * weir calc checkpoint-request: what the request decider of the checkpoint coordinator runs, keeps
 * and drops, step by step. Time and the situation change only by the steps that say so; a new
 * request and "choose" are each a chance to run the next one.
 */
#include "core/checkpoint/pending_checkpoint.h"
#include "core/checkpoint/request_decider.h"
#include "sim/cli/calc_read.h"

enum { AMOUNT_MAX = 1000000, QUEUE_LIMIT_MAX = 100000 };

static const char *const kind_words[] = { "checkpoint", "savepoint" };
static const char *const step_words[] = { "choose" };

static const struct calc_field fields[] = {
    { "max_concurrent", "integer 1..1000000, optional", "checkpoints at once; 1 when absent" },
    { "min_pause_ms", "integer, optional", "from a completion to the next trigger; 0 when absent" },
    { "queue_limit", "integer 1..100000, optional", "requests that may wait; 1000 when absent" },
    { "steps",
      "[{advance_ms} | {request: {id, kind: checkpoint | savepoint, periodic, forced}} | "
      "{pending} | {cleaning} | {triggering} | {completed_at_ms} | \"choose\"]",
      "let time pass, ask, set what is going on, when the last one completed; periodic: false when "
      "absent, forced: as Flink forces savepoints" },
};

static const struct calc_field step_fields[] = {
    { "advance_ms", "integer", "" }, { "request", "object", "" },
    { "pending", "integer", "" },    { "cleaning", "integer", "" },
    { "triggering", "flag", "" },    { "completed_at_ms", "integer", "" },
};
enum { STEP_FIELD_COUNT = sizeof step_fields / sizeof *step_fields };

static const struct calc_field request_fields[] = {
    { "id", "text", "" },
    { "kind", "checkpoint | savepoint", "" },
    { "periodic", "flag", "" },
    { "forced", "flag", "" },
};

struct session {
    struct request_decider decider;
    struct decider_situation situation;
    VEC(const char *) ids; /* by client_token; texts of the input */
};

/* Adds the id of the request to the array. */
static void add_id(const struct session *session, const struct checkpoint_request *request,
                   json_t *out)
{
    json_array_append_new(out, json_string(session->ids.items[request->client_token]));
}

static json_t *describe(const struct session *session, const struct decision *decision)
{
    json_t *queued = json_array(), *failed = json_array();
    for (VEC_EACH(const struct checkpoint_request, request, &session->decider.queue))
        add_id(session, request, queued);
    for (uint32_t i = 0; i < decision->refused_count; i++) {
        const struct refused_request *refused = &decision->refused[i];
        enum checkpoint_failure why = refused->for_pause ? CHECKPOINT_FAILURE_MIN_PAUSE
                                                         : CHECKPOINT_FAILURE_TOO_MANY_REQUESTS;
        json_array_append_new(failed, json_pack("{ss ss}", "id",
                                                session->ids.items[refused->request.client_token],
                                                "reason", checkpoint_failure_name(why)));
    }
    const char *run = decision->run ? session->ids.items[decision->request.client_token] : NULL;
    json_t *out = json_pack("{ss? so so}", "run", run, "queued", queued, "failed", failed);
    if (decision->retry_in != TIME_NEVER)
        json_object_set_new(out, "retry_in_ms",
                            json_integer((json_int_t)(decision->retry_in / TIME_MS)));
    return out;
}

static struct err ask(struct session *session, json_t *in, struct decision *decision,
                      struct note *note)
{
    const char *id = NULL;
    size_t kind = 0;
    TRY(calc_check_fields(in, request_fields, sizeof request_fields / sizeof *request_fields,
                          note));
    TRY(calc_need(in, "id", note));
    TRY(calc_need(in, "kind", note));
    TRY(calc_read_text(in, "id", &id, note));
    TRY(calc_read_choice(in, "kind", kind_words, 2, &kind, note));
    struct checkpoint_request request = { .kind = kind ? CHECKPOINT_SAVEPOINT : CHECKPOINT_PERIODIC,
                                          .forced = kind != 0,
                                          .client_token = session->ids.count };
    TRY(calc_read_flag(in, "periodic", &request.periodic, note));
    TRY(calc_read_flag(in, "forced", &request.forced, note));
    vec_push(&session->ids, id);
    *decision = request_decider_add(&session->decider, request, &session->situation);
    return OK;
}

static struct err read_amount(const json_t *step, const char *name, uint32_t *out,
                              struct note *note)
{
    int64_t amount = *out;
    TRY(calc_read_integer(step, name, 0, AMOUNT_MAX, &amount, note));
    *out = (uint32_t)amount;
    return OK;
}

static struct err take_object(struct session *session, json_t *step, struct decision *decision,
                              struct note *note)
{
    struct decider_situation *situation = &session->situation;
    time_ns length = 0;
    json_t *request = NULL;
    int given = 0;
    TRY(calc_check_fields(step, step_fields, STEP_FIELD_COUNT, note));
    for (size_t i = 0; i < STEP_FIELD_COUNT; i++)
        given += calc_has(step, step_fields[i].name);
    if (given != 1)
        return err_note(note, ERR_BAD_VALUE_CODE,
                        "expected one of advance_ms, request, pending, "
                        "cleaning, triggering and completed_at_ms");
    TRY(calc_read_ms(step, "advance_ms", &length, note));
    if (situation->now + length > CALC_TIME_MS_MAX * TIME_MS)
        return err_note(note, ERR_FULL_CODE, "advance_ms: the steps last longer than 31 years");
    situation->now += length;
    TRY(read_amount(step, "pending", &situation->pending, note));
    TRY(read_amount(step, "cleaning", &situation->cleaning, note));
    TRY(calc_read_flag(step, "triggering", &situation->triggering, note));
    TRY(calc_read_ms(step, "completed_at_ms", &situation->last_completed_at, note));
    TRY(calc_read_object(step, "request", &request, note));
    return request ? ask(session, request, decision, note) : OK;
}

static struct err take_steps(struct session *session, json_t *steps, json_t *answers,
                             struct note *note)
{
    for (size_t i = 0; i < json_array_size(steps); i++) {
        json_t *step = json_array_get(steps, i);
        struct decision decision = { .retry_in = TIME_NEVER };
        struct err result;
        size_t word = 0;
        if (json_is_string(step)) {
            result = calc_choice_value(step, "step", step_words, 1, &word, note);
            if (!err_is(result))
                decision = request_decider_choose(&session->decider, &session->situation);
        } else {
            result = take_object(session, step, &decision, note);
        }
        if (err_is(result))
            return err_prefix(note, result, "step %zu", i);
        json_array_append_new(answers, describe(session, &decision));
    }
    return OK;
}

static struct err answer(json_t *in, json_t *out, struct note *note)
{
    int64_t max_concurrent = 1, queue_limit = CHECKPOINT_REQUESTS_MAX;
    time_ns min_pause = 0;
    json_t *steps = NULL, *answers = json_array();
    json_object_set_new(out, "steps", answers);
    TRY(calc_read_integer(in, "max_concurrent", 1, AMOUNT_MAX, &max_concurrent, note));
    TRY(calc_read_ms(in, "min_pause_ms", &min_pause, note));
    TRY(calc_read_integer(in, "queue_limit", 1, QUEUE_LIMIT_MAX, &queue_limit, note));
    TRY(calc_need(in, "steps", note));
    TRY(calc_read_array(in, "steps", CALC_STEPS_MAX, &steps, note));
    struct session session = { .situation.last_completed_at = TIME_NEVER };
    request_decider_init(&session.decider, (uint32_t)queue_limit, max_concurrent, min_pause);
    struct err result = take_steps(&session, steps, answers, note);
    request_decider_fini(&session.decider);
    vec_fini(&session.ids);
    return result;
}

const struct calc_row calc_checkpoint_request = {
    .name = "checkpoint-request",
    .summary = "which checkpoint request runs, waits or is dropped",
    .fields = fields,
    .field_count = sizeof fields / sizeof *fields,
    .answers = "steps: [{run: id or null, queued: [ids, best first], failed: [{id, reason}], "
               "retry_in_ms: only when the periodic timer is moved}]",
    .example = "{\"max_concurrent\": 1, \"min_pause_ms\": 1000, \"steps\": [{\"completed_at_ms\": "
               "0}, {\"advance_ms\": 400}, {\"request\": {\"id\": \"a\", \"kind\": \"checkpoint\", "
               "\"periodic\": true, \"forced\": false}}, {\"request\": {\"id\": \"b\", \"kind\": "
               "\"savepoint\", \"periodic\": false, \"forced\": true}}, \"choose\"]}",
    .answer = answer,
};
