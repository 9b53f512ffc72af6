/* SPDX-License-Identifier: Apache-2.0
 *
 * Exactly once, compared and not believed: the state in the files of a completed checkpoint,
 * and the records on their way that are in them, against the records below the source offsets in
 * the same files, counted out one by one. And the invariants of all tasks and channels.
 */
#include "core/base/text.h"
#include "sim/exact/parts.h"

/* How many copies of a source's record come into a vertex; NONE: not the same for all. */
static uint32_t copies_over(const struct exact_job *job, uint32_t edge, uint32_t of_producer)
{
    double selectivity = program_edge_selectivity(job->spec, edge);
    uint32_t whole = (uint32_t)selectivity;
    if (of_producer == 0 || selectivity == 0)
        return 0;
    bool is_one_way = job->spec->graph->edges.items[edge].partitioner != PARTITION_BROADCAST;
    return of_producer != NONE && is_one_way && (double)whole == selectivity ? of_producer * whole
                                                                             : NONE;
}

void check_plan(struct exact_job *job)
{
    const struct job_graph *graph = job->spec->graph;
    for (uint32_t v = 0; v < job->vertex_count; v++) {
        struct exact_vertex *vertex = &job->vertices[v];
        vertex->multiplicity = mem_create_array(job->sources.count, sizeof *vertex->multiplicity);
        vertex->is_proven = !job->spec->program && vertex->source == NONE && vertex->spec->keys > 0;
        for (size_t s = 0; s < job->sources.count; s++) {
            uint32_t *own = &vertex->multiplicity[s];
            *own = vertex->source == s;
            for (VEC_EACH(const uint32_t, e, &graph->vertices.items[v].inputs)) {
                uint32_t producer = graph->edges.items[*e].producer.n;
                uint32_t more = copies_over(job, *e, job->vertices[producer].multiplicity[s]);
                *own = *own == NONE || more == NONE ? NONE : *own + more;
            }
            vertex->is_proven = vertex->is_proven && *own != NONE;
        }
    }
}

static void add(struct exact_sum *sum, uint64_t records, uint64_t digest)
{
    sum->records += records;
    sum->digest += digest;
}

/* What the log holds below these offsets. Goes on from where it was before. */
static struct exact_sum sum_of_log(struct exact_source *source, const uint64_t *offsets)
{
    struct exact_sum sum = { 0 };
    for (uint32_t s = 0; s < source->log.splits; s++) {
        if (offsets[s] < source->proven.items[s])
            source->proven.items[s] = source->digests.items[s] = 0;
        uint64_t digest = source->digests.items[s];
        for (uint64_t o = source->proven.items[s]; o < offsets[s]; o++) {
            uint64_t index = log_index(&source->log, s, o);
            digest += record_digest(key_draw_of(&source->log.keys, index), index);
        }
        source->proven.items[s] = offsets[s];
        source->digests.items[s] = digest;
        add(&sum, offsets[s], digest);
    }
    return sum;
}

static void complain(struct exact_job *job, const char *what, uint64_t checkpoint,
                     const struct exact_vertex *vertex, struct exact_sum found,
                     struct exact_sum wanted)
{
    const char *name = job->spec->graph->vertices.items[vertex->id].name;
    if (job->wrong[0] == '\0')
        text_format(job->wrong, sizeof job->wrong,
                    "%s %llu: the state of %s stands for %llu records (digest %llx), its sources "
                    "had sent %llu (digest %llx)",
                    what, (unsigned long long)checkpoint, name, (unsigned long long)found.records,
                    (unsigned long long)found.digest, (unsigned long long)wanted.records,
                    (unsigned long long)wanted.digest);
}

static void compare(struct exact *exact, struct exact_job *job, const struct exact_vertex *vertex,
                    const char *what, uint64_t checkpoint, const struct exact_sum *of_sources,
                    struct exact_sum found)
{
    struct exact_sum wanted = { 0 };
    for (size_t s = 0; s < job->sources.count; s++)
        add(&wanted, of_sources[s].records * vertex->multiplicity[s],
            of_sources[s].digest * vertex->multiplicity[s]);
    exact->compared++;
    if (found.records != wanted.records || found.digest != wanted.digest)
        complain(job, what, checkpoint, vertex, found, wanted);
}

void check_take_gone(const struct exact_job *job, struct exact_cut *cut)
{
    for (uint32_t v = 0; v < job->vertex_count; v++) {
        const struct exact_vertex *vertex = &job->vertices[v];
        bool *found = mem_create_array(vertex->parallelism, sizeof *found);
        for (VEC_EACH(struct stored_file *, file, &cut->vertices[v].own))
            if ((*file)->subtask < vertex->parallelism)
                found[(*file)->subtask] = true;
        for (uint32_t s = 0; s < vertex->parallelism; s++) {
            struct exact_sum sum = vertex->before.items[s];
            if (!found[s] && vertex->finished.items[s])
                add(&sum, vertex->ended.items[s].records, vertex->ended.items[s].digest);
            if (sum.records > 0)
                vec_push(&cut->gone, (struct exact_gone){ v, s, sum.records, sum.digest });
        }
        mem_destroy(found);
    }
}

void check_begin(struct exact *exact, uint32_t index)
{
    const struct life_task *task = &exact->tasks.items[index].life;
    struct exact_job *job = &exact->jobs[task->job];
    const struct exact_cut *cut = stored_cut_find(job, task->restore_checkpoint);
    struct exact_sum *before = &job->vertices[task->vertex].before.items[task->subtask];
    *before = (struct exact_sum){ 0 };
    for (size_t i = 0; cut && i < cut->gone.count; i++) {
        const struct exact_gone *gone = &cut->gone.items[i];
        if (gone->vertex == task->vertex && gone->subtask % task->parallelism == task->subtask)
            add(before, gone->records, gone->digest);
    }
}

/* Of all subtasks: those in the checkpoint, and those that had finished before. */
static MUST_CHECK struct err sum_of_cut(const struct exact_job *job,
                                        const struct exact_vertex *vertex,
                                        const struct exact_cut *cut, struct exact_sum *sum,
                                        struct note *note)
{
    *sum = (struct exact_sum){ 0 };
    for (VEC_EACH(struct stored_file *, file, &cut->vertices[vertex->id].own))
        TRY(files_sum(job, *file, sum, note));
    for (VEC_EACH(const struct exact_gone, gone, &cut->gone))
        if (gone->vertex == vertex->id)
            add(sum, gone->records, gone->digest);
    return OK;
}

/* What is still to come into the vertex from records on their way. */
static void add_in_flight(const struct exact_job *job, uint32_t vertex,
                          const struct exact_sum *by_vertex, struct exact_sum *found)
{
    uint32_t *copies = mem_create_array(job->vertex_count, sizeof *copies);
    flight_copies(job, vertex, copies);
    for (uint32_t v = 0; v < job->vertex_count; v++)
        add(found, by_vertex[v].records * copies[v], by_vertex[v].digest * copies[v]);
    mem_destroy(copies);
}

static void check_vertices(struct exact *exact, struct exact_job *job, const struct exact_cut *cut,
                           const struct exact_sum *of_sources)
{
    struct exact_sum *in_flight = mem_create_array(job->vertex_count, sizeof *in_flight);
    struct note note;
    struct err e = flight_sum(job, cut, in_flight, &note);
    for (uint32_t v = 0; v < job->vertex_count && !err_is(e); v++) {
        struct exact_sum found;
        exact->flown += in_flight[v].records;
        if (!job->vertices[v].is_proven)
            continue;
        e = sum_of_cut(job, &job->vertices[v], cut, &found, &note);
        if (err_is(e))
            break;
        add_in_flight(job, v, in_flight, &found);
        compare(exact, job, &job->vertices[v], "checkpoint", cut->id, of_sources, found);
    }
    if (err_is(e))
        text_format(job->wrong, sizeof job->wrong, "checkpoint %llu: %s",
                    (unsigned long long)cut->id, note.text);
    mem_destroy(in_flight);
}

/* A user's program is compared by what it puts out. */
static bool promises_exactly(const struct exact_job *job)
{
    return !job->spec->program &&
           job->spec->graph->config.checkpoint_mode != CHECKPOINT_MODE_AT_LEAST_ONCE;
}

void check_cut(struct exact *exact, struct exact_job *job, const struct exact_cut *cut)
{
    struct exact_sum *of_sources = mem_create_array(job->sources.count, sizeof *of_sources);
    size_t first = 0;
    if (!promises_exactly(job)) {
        mem_destroy(of_sources);
        return;
    }
    for (size_t s = 0; s < job->sources.count; s++) {
        of_sources[s] = sum_of_log(&job->sources.items[s], cut->offsets.items + first);
        first += job->sources.items[s].log.splits;
    }
    check_vertices(exact, job, cut, of_sources);
    mem_destroy(of_sources);
}

void check_task_ended(struct exact *exact, uint32_t index)
{
    const struct exact_task *task = &exact->tasks.items[index];
    struct exact_vertex *vertex = &exact->jobs[task->life.job].vertices[task->life.vertex];
    const struct chain *chain = exec_task_chain(task->exec);
    const struct state_table *table = modelled_table(chain->operators[chain->count - 1]);
    struct exact_sum sum = { 0 };
    for (int32_t g = table ? state_table_spec(table)->range.first : 0;
         table && g <= state_table_spec(table)->range.last; g++) {
        struct state_cursor cursor = { .group = g };
        struct state_entry entry;
        while (state_table_next(table, &cursor, &entry)) {
            struct keyed_value value;
            memcpy(&value, entry.value, sizeof value);
            add(&sum, value.records, value.digest);
        }
    }
    vertex->ended.items[task->life.subtask] = sum;
}

/* Without a failure on the way the end needs no checkpoint to be exact; behind one without
 * checkpoints nothing is promised but what was read last. */
void check_job_ended(struct exact *exact, struct exact_job *job)
{
    struct exact_sum *of_sources = mem_create_array(job->sources.count, sizeof *of_sources);
    if (!promises_exactly(job)) {
        mem_destroy(of_sources);
        return;
    }
    for (size_t s = 0; s < job->sources.count; s++) {
        struct exact_source *source = &job->sources.items[s];
        uint64_t *offsets = mem_create_array(source->log.splits, sizeof *offsets);
        for (uint32_t k = 0; k < source->log.splits; k++)
            offsets[k] = source->splits.items[k].position;
        of_sources[s] = sum_of_log(source, offsets);
        mem_destroy(offsets);
    }
    for (uint32_t v = 0; v < job->vertex_count; v++) {
        struct exact_sum found = { 0 };
        for (VEC_EACH(const struct exact_sum, ended, &job->vertices[v].ended))
            add(&found, ended->records, ended->digest);
        for (VEC_EACH(const struct exact_sum, before, &job->vertices[v].before))
            add(&found, before->records, before->digest);
        if (job->vertices[v].is_proven)
            compare(exact, job, &job->vertices[v], "the end, behind checkpoint",
                    job->restored.checkpoint, of_sources, found);
    }
    mem_destroy(of_sources);
}

struct exact_sum exact_newest_sum(const struct exact *exact, struct job_id job,
                                  struct vertex_id vertex)
{
    const struct exact_cut *cut = stored_cut_newest(&exact->jobs[job.n]);
    struct exact_sum sum = { 0 };
    struct note note;
    if (cut && err_is(sum_of_cut(&exact->jobs[job.n], &exact->jobs[job.n].vertices[vertex.n], cut,
                                 &sum, &note)))
        return (struct exact_sum){ 0 };
    return sum;
}

uint64_t exact_compared_count(const struct exact *exact)
{
    return exact->compared;
}

uint32_t exact_stored_count(const struct exact *exact, struct job_id job)
{
    return stored_files_count(&exact->jobs[job.n]);
}

uint64_t exact_increment_count(const struct exact *exact)
{
    return exact->increments;
}

uint64_t exact_flown_count(const struct exact *exact)
{
    return exact->flown;
}

static void check_wire(const struct exact *exact, const struct wire *wire)
{
    const struct exact_task *from = &exact->tasks.items[wire->producer];
    const struct exact_task *to = &exact->tasks.items[wire->consumer];
    const struct result_partition *output = exec_task_output(from->exec, wire->output);
    uint32_t kept = to->kept.items[to->first_input.items[wire->input] + wire->channel];
    CHECK(kept == 0);
    input_gate_check_credits(exec_task_gate(to->exec, wire->input), wire->channel,
                             output->subpartitions[wire->subpartition].credits,
                             wire->credits_under_way, wire->buffers_under_way);
}

struct err exact_check(struct exact *exact, struct note *note)
{
    for (VEC_EACH(const struct exact_task, task, &exact->tasks))
        for (uint32_t i = 0; task->exec && i < task->first_input.count; i++)
            input_gate_check(exec_task_gate(task->exec, i));
    for (VEC_EACH(const struct wire, wire, &exact->wires))
        if (wire->used)
            check_wire(exact, wire);
    for (uint32_t j = 0; j < exact->job_count; j++)
        stored_files_check(&exact->jobs[j]);
    for (uint32_t j = 0; j < exact->job_count; j++)
        if (exact->jobs[j].wrong[0] != '\0')
            return err_note(note, ERR_INTERNAL_CODE, "%s", exact->jobs[j].wrong);
    return OK;
}
