/* SPDX-License-Identifier: Apache-2.0
 *
 * Programs of modelled vertices: a log source, or the one operator below; a source whose edges
 * differ has both.
 */
#include "sim/exact/program.h"

#include "core/exec/keyed_states.h"
#include "core/exec/state_list.h"

struct modelled {
    struct operator op;
    struct state_table *table;
    uint64_t seen; /* records in, of all that this subtask and those before it stand for */
    void *values[MODELLED_RUN];
    bool is_new[MODELLED_RUN];
};

static const struct modelled_params *params_of(const struct operator* op)
{
    return op->spec->params;
}

static const struct keyed_state_spec state_spec = {
    .name = "records",
    .key_size = sizeof(uint64_t),
    .value_size = sizeof(struct keyed_value),
    .key_hash = KEY_HASH_LONG,
    .key = { .fingerprint = 1, .version = 1 },
    .value = { .fingerprint = 2, .version = 1 },
};

static void open(struct operator* op)
{
    if (params_of(op)->keyed)
        ((struct modelled *)op)->table = operator_keyed_state(op, &state_spec);
}

/* Of the n-th record floor((n + 1) s) - floor(n s) go out: in all floor(n s), however they come. */
static uint64_t copies(double selectivity, uint64_t n)
{
    return (uint64_t)((double)(n + 1) * selectivity) - (uint64_t)((double)n * selectivity);
}

/* One for one, in runs of what there is room for. */
static void pass_on(struct collector *out, const struct batch *batch)
{
    uint32_t stride = record_stride(out->layout), done = 0;
    while (done < batch->count) {
        uint32_t room = collector_room(out, stride);
        uint32_t count = batch->count - done < room ? batch->count - done : room;
        if (count == 0)
            return;
        uint8_t *to = out->at;
        for (uint32_t i = 0; i < count; i++, to += stride)
            memcpy(to, batch->slots + (size_t)(done + i) * batch->stride, RECORD_BYTES_LEAST);
        out->at = to;
        done += count;
    }
}

static void pass_some(struct collector *out, const struct batch *batch, double selectivity,
                      uint64_t seen)
{
    for (uint32_t i = 0; i < batch->count; i++)
        for (uint64_t c = copies(selectivity, seen + i); c > 0; c--) {
            uint8_t *slot = collector_slot(out, record_stride(out->layout));
            if (!slot)
                return;
            memcpy(slot, batch->slots + (size_t)i * batch->stride, RECORD_BYTES_LEAST);
        }
}

/* False: it has failed. */
static bool update(struct modelled *modelled, const struct batch *batch)
{
    struct operator* op = & modelled->op;
    for (uint32_t from = 0; from < batch->count; from += MODELLED_RUN) {
        uint32_t count = batch->count - from < MODELLED_RUN ? batch->count - from : MODELLED_RUN;
        const uint8_t *slot = batch->slots + (size_t)from * batch->stride;
        struct key_run keys = {
            .bytes = slot, .count = count, .size = sizeof(uint64_t), .stride = batch->stride
        };
        struct note note = { { 0 } };
        struct err e = state_table_resolve(modelled->table, &keys, NULL, modelled->values,
                                           modelled->is_new, &note);
        if (err_is(e)) {
            operator_fail(op, CAUSE_USER_CODE, "%s", note.text);
            return false;
        }
        for (uint32_t i = 0; i < count; i++, slot += batch->stride) {
            const uint64_t *record = (const uint64_t *)(const void *)slot;
            struct keyed_value *value = modelled->values[i];
            value->records++;
            value->digest += record_digest(record[0], record[1]);
        }
    }
    return true;
}

/* One of so many, wherever batches begin: those that come together differ in how long they took. */
static void show_some(const struct modelled *modelled, const struct batch *batch)
{
    const struct modelled_params *params = params_of(&modelled->op);
    uint32_t i = (uint32_t)((SHOWN_EACH - modelled->seen % SHOWN_EACH) % SHOWN_EACH);
    for (; i < batch->count; i += SHOWN_EACH) {
        const void *record = batch->slots + (size_t)i * batch->stride;
        params->seen(params->context, ((const uint64_t *)record)[1], modelled->op.task->now);
    }
}

static void process(struct operator* op, uint32_t input, const struct batch *batch)
{
    struct modelled *modelled = (struct modelled *)op;
    const struct modelled_params *params = params_of(op);
    (void)input;
    CHECK(batch->stride >= RECORD_BYTES_LEAST);
    if (params->keyed && !update(modelled, batch))
        return;
    for (size_t k = 0; k < params->outputs.count; k++) {
        const struct program_output *output = &params->outputs.items[k];
        if (output->selectivity == 1)
            pass_on(op->outs[k], batch);
        else
            pass_some(op->outs[k], batch, output->selectivity, modelled->seen);
    }
    if (params->outputs.count == 0 && params->seen)
        show_some(modelled, batch);
    modelled->seen += batch->count;
}

static void save(const struct operator* op, struct state_list *out)
{
    state_list_add(out, &((const struct modelled *)op)->seen, sizeof(uint64_t));
}

static struct err load(struct operator* op, const struct state_list *in, struct note *note)
{
    struct modelled *modelled = (struct modelled *)op;
    modelled->seen = 0;
    for (size_t i = 0; i < state_list_count(in); i++) {
        size_t size;
        uint64_t seen;
        const uint8_t *entry = state_list_entry(in, i, &size);
        if (size != sizeof seen)
            return err_note(note, ERR_BAD_VALUE_CODE, "a counter has %zu bytes, not %zu", size,
                            sizeof seen);
        memcpy(&seen, entry, sizeof seen);
        modelled->seen += seen;
    }
    return OK;
}

static const struct operator_class modelled_class = { .name = "modelled",
                                                      .size = sizeof(struct modelled),
                                                      .open = open,
                                                      .process = process,
                                                      .lists = OPERATOR_STATE_SPLIT,
                                                      .save = save,
                                                      .load = load };

const struct state_table *modelled_table(const struct operator* op)
{
    return op->class == &modelled_class ? ((const struct modelled *)op)->table : NULL;
}

static void make(const void *context, uint32_t split, uint64_t from, uint32_t count, uint8_t *slots,
                 void **room)
{
    const struct log_content *log = context;
    uint32_t stride = record_padded(log->bytes);
    uint64_t index = log_index(log, split, from);
    for (uint32_t i = 0; i < count; i++, index += log->splits, slots += stride) {
        uint64_t *record = (uint64_t *)(void *)slots;
        record[0] = key_draw_of(&log->keys, index);
        record[1] = index;
    }
    (void)room;
}

double program_edge_selectivity(const struct job_spec *job, uint32_t edge)
{
    const struct edge_model *of = &job->edges.items[edge];
    uint32_t producer = job->graph->edges.items[edge].producer.n;
    return of->selectivity >= 0 ? of->selectivity : job->vertices.items[producer].selectivity;
}

uint32_t program_edge_bytes(const struct job_spec *job, uint32_t edge)
{
    const struct edge_model *of = &job->edges.items[edge];
    uint32_t producer = job->graph->edges.items[edge].producer.n;
    double bytes =
        of->record_bytes >= 0 ? of->record_bytes : job->vertices.items[producer].record_bytes;
    return bytes > RECORD_BYTES_LEAST ? record_padded((uint32_t)(bytes + 0.5))
                                      : (uint32_t)RECORD_BYTES_LEAST;
}

/* Equal edges share an output. */
static void plan_outputs(struct program *program, const struct job_spec *job, uint32_t vertex)
{
    struct modelled_params *params = &program->modelled;
    for (VEC_EACH(const uint32_t, edge, &job->graph->vertices.items[vertex].outputs)) {
        struct program_output wanted = { program_edge_selectivity(job, *edge),
                                         program_edge_bytes(job, *edge) };
        uint32_t k = 0;
        while (k < params->outputs.count &&
               (params->outputs.items[k].bytes != wanted.bytes ||
                params->outputs.items[k].selectivity != wanted.selectivity))
            k++;
        if (k == params->outputs.count)
            vec_push(&params->outputs, wanted);
        vec_push(&program->bindings, (struct chain_binding){ 0, k });
    }
}

static struct record_layout layout_of(uint32_t bytes)
{
    return (struct record_layout){ .size = bytes };
}

static void add_modelled(struct program *program, const char *name, uint64_t id, time_ns cost)
{
    struct operator_spec *spec = &program->own[program->count++];
    *spec = (struct operator_spec){
        .name = name, .id = id, .class = &modelled_class, .params = &program->modelled, .cost = cost
    };
    for (VEC_EACH(const struct program_output, output, &program->modelled.outputs))
        vec_push(&spec->outputs, layout_of(output->bytes));
}

static void init_of_user(struct program *program, const struct program_vertex *vertex)
{
    *program = (struct program){ 0 };
    program_renew(program, vertex);
    for (VEC_EACH(const struct chain_binding, binding, &vertex->bindings))
        vec_push(&program->bindings, *binding);
}

void program_renew(struct program *program, const struct program_vertex *vertex)
{
    program->operators = vertex->operators.items;
    program->count = (uint32_t)vertex->operators.count;
}

struct record_layout program_edge_layout(const struct job_spec *job, uint32_t edge)
{
    return job->program ? job->program->edges.items[edge].layout
                        : layout_of(program_edge_bytes(job, edge));
}

struct snapshot_serializer program_edge_serializer(const struct job_spec *job, uint32_t edge)
{
    if (job->program)
        return job->program->edges.items[edge].serializer;
    return (struct snapshot_serializer){ .fingerprint = program_edge_bytes(job, edge) };
}

/* The model knows nothing of a custom partitioner and takes shares for even: drawn by the record's
 * place in its log they are, also of those that lie in one split. */
static struct err choose_evenly(const void *context, const struct batch *batch, uint32_t channels,
                                uint16_t *targets, void **room, struct note *note)
{
    (void)context, (void)room, (void)note;
    for (uint32_t i = 0; i < batch->count; i++) {
        const uint64_t *record = (const uint64_t *)batch_payload(batch, i);
        targets[i] = (uint16_t)(hash_mix(record[1]) % channels);
    }
    return OK;
}

struct record_route program_edge_route(const struct job_spec *job, uint32_t edge)
{
    return job->program ? job->program->edges.items[edge].route
                        : (struct record_route){ .key = { KEY_HASH_LONG, 0, sizeof(uint64_t) },
                                                 .choice = { .choose = choose_evenly } };
}

uint32_t program_edge_input(const struct job_spec *job, uint32_t edge)
{
    return job->program ? job->program->edges.items[edge].head_input : 0;
}

/* The operator whose state is modelled: the keyed one, wherever it is in the chain, else the head.
 */
static uint64_t modelled_id(const struct job_vertex *vertex)
{
    for (VEC_EACH(const struct job_operator, op, &vertex->operators))
        if (op->keyed_state)
            return op->id;
    return vertex->operators.items[0].id;
}

void program_init(struct program *program, const struct job_spec *job, uint32_t vertex,
                  const struct log_content *log)
{
    enum { ITS_OUTPUTS = 1 };
    const struct vertex_model *model = &job->vertices.items[vertex];
    const struct job_vertex *v = &job->graph->vertices.items[vertex];
    const char *name = v->name;
    time_ns cost = (time_ns)(model->cost_ns + 0.5);
    if (job->program) {
        init_of_user(program, &job->program->vertices.items[vertex]);
        return;
    }
    *program = (struct program){ .modelled = { .keyed = model->keys > 0 } };
    program->operators = program->own;
    plan_outputs(program, job, vertex);
    if (!log) {
        add_modelled(program, name, modelled_id(v), cost);
        return;
    }
    const struct modelled_params *params = &program->modelled;
    bool plain = params->outputs.count == 1 && params->outputs.items[0].selectivity == 1;
    program->source =
        (struct log_source_params){ .splits = log->splits, .make = make, .context = log };
    struct operator_spec *spec = &program->own[program->count++];
    *spec = (struct operator_spec){
        .name = name,
        .id = v->operators.items[0].id,
        .class = &log_source_class,
        .params = &program->source,
        .cost = cost,
    };
    vec_push(&spec->outputs, layout_of(log->bytes));
    if (plain)
        return;
    program->modelled.keyed = false;
    add_modelled(program, name, hash_add(v->operators.items[0].id, ITS_OUTPUTS), 0);
    for (VEC_EACH(struct chain_binding, binding, &program->bindings))
        binding->op = 1;
}

void program_fini(struct program *program)
{
    for (uint32_t i = 0; i < PROGRAM_OPERATORS_MAX; i++)
        vec_fini(&program->own[i].outputs);
    vec_fini(&program->modelled.outputs);
    vec_fini(&program->bindings);
}
