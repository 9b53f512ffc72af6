/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of one key's records through the operators, a JSON line each. A record of a modelled job
 * is known by its place in the log, so that one which comes again behind a failure is seen to; a
 * program's records are counted instead: as many as a vertex had taken behind the checkpoint that
 * it goes back to come again. In: probes. Out: lines; nothing that happens depends on them.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "sim/exact/parts.h"
#include "sim/kernel/guard.h"

/* One operator of a vertex, over all attempts. */
struct trace_book {
    uint32_t job, vertex, op;
    uint64_t attempt;     /* the newest */
    VEC(uint64_t) epochs; /* of each record taken that still stands */
    uint64_t again;       /* records that are still to come again */
};

struct key_trace {
    char *key;
    bool is_number;
    int64_t number;
    FILE *file;
    VEC(struct trace_book) books;
    struct index_map seen; /* hash of a modelled record at an operator -> place in `attempts` */
    VEC(uint64_t) attempts;
};

struct task_probe {
    struct exec_probe probe; /* first */
    struct exact *exact;
    uint32_t task;
    struct keyed_value before;
};

static uint64_t attempt_of(const struct life_task *task)
{
    return (uint64_t)task->attempt.graph << 32 | task->attempt.attempt;
}

static const struct job_edge *edge_read(const struct exact_job *job, const struct life_task *task,
                                        const struct operator* op, uint32_t *number)
{
    const struct job_graph *graph = job->spec->graph;
    const struct job_vertex *vertex = &graph->vertices.items[task->vertex];
    if (vertex->inputs.count == 0)
        return NULL;
    *number = vertex->inputs.items[op->task->read_input];
    return &graph->edges.items[*number];
}

/* Where the key lies; false: this operator's records have none that is known. */
static bool key_of(const struct exact_job *job, const struct life_task *task,
                   const struct operator* op, struct key_spec *out)
{
    uint32_t number;
    const struct job_edge *edge = edge_read(job, task, op, &number);
    *out = (struct key_spec){ KEY_HASH_LONG, 0, sizeof(uint64_t) };
    if (!job->spec->program)
        return true;
    if (!edge || op->place > 0 || edge->partitioner != PARTITION_HASH)
        return false;
    *out = program_edge_route(job->spec, number).key;
    return true;
}

static bool fits(const struct key_trace *trace, const struct key_spec *spec,
                 const struct key_run *keys, uint32_t i)
{
    const uint8_t *bytes = key_run_at(keys, i);
    uint32_t size = key_run_size(keys, i);
    size_t length = strlen(trace->key);
    if (spec->hash == KEY_HASH_TEXT) /* one in a field of fixed size ends with a zero there */
        return length <= size && memcmp(bytes, trace->key, length) == 0 &&
               (length == size || (spec->size > 0 && bytes[length] == '\0'));
    int64_t value = 0;
    int32_t small;
    if (size == sizeof small) {
        memcpy(&small, bytes, sizeof small);
        value = small;
    } else if (size == sizeof value) {
        memcpy(&value, bytes, sizeof value);
    } else {
        return false;
    }
    return trace->is_number && value == trace->number;
}

static struct trace_book *book_of(struct key_trace *trace, const struct life_task *task,
                                  const struct operator* op)
{
    for (VEC_EACH(struct trace_book, book, &trace->books))
        if (book->job == task->job && book->vertex == task->vertex && book->op == op->place)
            return book;
    vec_push(&trace->books, (struct trace_book){ .job = task->job,
                                                 .vertex = task->vertex,
                                                 .op = op->place,
                                                 .attempt = attempt_of(task) });
    return &vec_last(&trace->books);
}

/* What a vertex took behind the checkpoint that its new attempt begins with is taken again. */
static bool comes_again(struct key_trace *trace, const struct life_task *task,
                        const struct operator* op)
{
    struct trace_book *book = book_of(trace, task, op);
    if (attempt_of(task) > book->attempt) {
        size_t kept = 0;
        for (size_t i = 0; i < book->epochs.count; i++)
            if (book->epochs.items[i] < task->restore_checkpoint)
                book->epochs.items[kept++] = book->epochs.items[i];
        book->again = book->epochs.count - kept;
        book->epochs.count = kept;
        book->attempt = attempt_of(task);
    }
    vec_push(&book->epochs, op->task->epoch);
    if (book->again == 0)
        return false;
    book->again--;
    return true;
}

static bool was_seen(struct key_trace *trace, const struct life_task *task,
                     const struct operator* op, uint64_t index)
{
    uint64_t where = (uint64_t)task->job << 40 | (uint64_t)task->vertex << 8 | op->place;
    uint64_t key = hash_add(hash_add(0, where), index);
    uint32_t place = index_map_get(&trace->seen, key);
    if (place != INDEX_NONE)
        return trace->attempts.items[place] < attempt_of(task);
    index_map_put(&trace->seen, key, (uint32_t)trace->attempts.count);
    vec_push(&trace->attempts, attempt_of(task));
    return false;
}

static void put_text(FILE *file, const char *key, const char *text)
{
    fprintf(file, ",\"%s\":\"", key);
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p == '"' || *p == '\\')
            fprintf(file, "\\%c", *p);
        else if (*p < 0x20)
            fprintf(file, "\\u%04x", *p);
        else
            fputc(*p, file);
    fputc('"', file);
}

static void begin_line(const struct task_probe *own, const char *what, const struct operator* op)
{
    const struct exact *exact = own->exact;
    const struct life_task *task = &exact->tasks.items[own->task].life;
    const struct job_spec *job = exact->jobs[task->job].spec;
    FILE *file = exact->trace->file;
    time_ns now = exact_now(exact);
    fprintf(file, "{\"t\":%" PRId64 ".%09" PRId64, now / TIME_S, now % TIME_S);
    put_text(file, "what", what);
    put_text(file, "job", job->name);
    put_text(file, "vertex", job->graph->vertices.items[task->vertex].name);
    put_text(file, "operator", op->spec->name);
    fprintf(file, ",\"subtask\":%u,\"attempt\":%u,\"epoch\":%" PRIu64, task->subtask,
            task->attempt.attempt, op->task->epoch);
}

/* The head's records come by a channel, those of others from the operator before. */
static void put_channel(const struct task_probe *own, const struct operator* op)
{
    const struct life_task *task = &own->exact->tasks.items[own->task].life;
    const struct exact_job *job = &own->exact->jobs[task->job];
    uint32_t number;
    const struct job_edge *edge = edge_read(job, task, op, &number);
    if (!edge || op->place > 0)
        return;
    put_text(own->exact->trace->file, "from",
             job->spec->graph->vertices.items[edge->producer.n].name);
    fprintf(own->exact->trace->file, ",\"from_subtask\":%u",
            edge_producers_of(&job->plan, number, task->subtask).first + op->task->read_channel);
}

static void tell_record(struct task_probe *own, const char *what, const struct operator* op,
                        const struct batch *batch, uint32_t i)
{
    struct exact *exact = own->exact;
    const struct life_task *task = &exact->tasks.items[own->task].life;
    const struct exact_job *job = &exact->jobs[task->job];
    FILE *file = exact->trace->file;
    bool again;
    begin_line(own, what, op);
    put_channel(own, op);
    if (job->spec->program) {
        again = comes_again(exact->trace, task, op);
        if (batch->layout.timestamped)
            fprintf(file, ",\"timestamp\":%" PRId64, batch_timestamp(batch, i));
    } else {
        const uint64_t *record = batch_payload(batch, i);
        uint64_t place = record[1] & ((UINT64_C(1) << SOURCE_SHIFT) - 1);
        again = was_seen(exact->trace, task, op, record[1]);
        fprintf(file, ",\"source\":%" PRIu64 ",\"record\":%" PRIu64, record[1] >> SOURCE_SHIFT,
                place);
    }
    fputs(again ? ",\"replayed\":true}\n" : "}\n", file);
}

/* How many of the batch are of the key; each is told of where `what` is not null. */
static uint32_t look(struct task_probe *own, const char *what, const struct operator* op,
                     const struct batch *batch)
{
    const struct life_task *task = &own->exact->tasks.items[own->task].life;
    struct key_spec spec;
    uint32_t count = 0;
    guard_beat();
    if (!key_of(&own->exact->jobs[task->job], task, op, &spec))
        return 0;
    struct key_run keys = key_run_of(&spec, batch);
    for (uint32_t i = 0; i < batch->count; i++) {
        if (!fits(own->exact->trace, &spec, &keys, i))
            continue;
        count++;
        if (what)
            tell_record(own, what, op, batch, i);
    }
    return count;
}

static struct keyed_value state_of(const struct task_probe *own, const struct operator* op)
{
    const struct state_table *table = modelled_table(op);
    uint64_t key = (uint64_t)own->exact->trace->number;
    const struct keyed_value *value =
        table ? state_table_get(table, (struct state_key){ &key, sizeof key, STATE_GROUP_COMPUTED },
                                NULL)
              : NULL;
    return value ? *value : (struct keyed_value){ 0, 0 };
}

static void on_before(struct exec_probe *probe, const struct operator* op,
                      const struct batch *batch)
{
    struct task_probe *own = (struct task_probe *)probe;
    if (look(own, "takes", op, batch) > 0)
        own->before = state_of(own, op);
}

static void on_behind(struct exec_probe *probe, const struct operator* op,
                      const struct batch *batch)
{
    struct task_probe *own = (struct task_probe *)probe;
    if (!modelled_table(op) || look(own, NULL, op, batch) == 0)
        return;
    struct keyed_value now = state_of(own, op);
    begin_line(own, "state", op);
    fprintf(own->exact->trace->file,
            ",\"records_before\":%" PRIu64 ",\"records\":%" PRIu64
            ",\"digest_before\":\"%016" PRIx64 "\",\"digest\":\"%016" PRIx64 "\"}\n",
            own->before.records, now.records, own->before.digest, now.digest);
}

static void on_made(struct exec_probe *probe, const struct operator* op, const struct batch *batch)
{
    look((struct task_probe *)probe, "makes", op, batch);
}

struct exec_probe *trace_begin(struct exact *exact, uint32_t index)
{
    if (!exact->trace)
        return NULL;
    struct task_probe *own = mem_create(sizeof *own);
    *own = (struct task_probe){ .probe = { on_before, on_behind, on_made },
                                .exact = exact,
                                .task = index };
    exact->tasks.items[index].probe = &own->probe;
    return &own->probe;
}

void trace_end(struct exact *exact, uint32_t index)
{
    mem_destroy(exact->tasks.items[index].probe);
    exact->tasks.items[index].probe = NULL;
}

void exact_trace_key(struct exact *exact, const char *key, FILE *file)
{
    char *end;
    CHECK(!exact->trace && exact->tasks.count == 0);
    exact->trace = mem_create(sizeof *exact->trace);
    *exact->trace = (struct key_trace){ .key = mem_copy_text(key), .file = file };
    exact->trace->number = strtoll(key, &end, 10);
    exact->trace->is_number = end != key && *end == '\0';
}

void trace_destroy(struct exact *exact)
{
    if (!exact->trace)
        return;
    for (VEC_EACH(struct trace_book, book, &exact->trace->books))
        vec_fini(&book->epochs);
    vec_fini(&exact->trace->books);
    vec_fini(&exact->trace->attempts);
    index_map_fini(&exact->trace->seen);
    mem_destroy(exact->trace->key);
    mem_destroy(exact->trace);
}
