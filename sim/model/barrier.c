/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of a barrier: told to the sources, cut, then hop by hop. Places in the list of pending
 * checkpoints change when one goes, so events carry serials. See docs/model.md, checkpoints.
 */
#include "sim/model/barrier.h"

#include <math.h>

#include "sim/kernel/real.h"
#include "sim/model/buffers.h"
#include "sim/model/end.h"
#include "sim/model/flush.h"
#include "sim/model/latency.h"
#include "sim/model/state.h"

static void sources_handle(void *context, uint64_t a, uint64_t b);
static void hop_is_due(void *context, uint64_t a, uint64_t b);
static void others_are_due(void *context, uint64_t a, uint64_t b);

static bool is_synchronous(enum checkpoint_kind kind)
{
    return kind == CHECKPOINT_STOP_SUSPEND || kind == CHECKPOINT_STOP_DRAIN;
}

struct pending *barrier_find(struct model_job *job, uint64_t serial)
{
    for (VEC_EACH(struct pending, pending, &job->pending))
        if (pending->serial == serial)
            return pending;
    return NULL;
}

const struct cut *barrier_cut(const struct model_job *job, uint64_t checkpoint)
{
    if (checkpoint == 0)
        return NULL;
    const struct cut *cut = cut_find(job, checkpoint);
    if (cut)
        return cut;
    IMPOSSIBLE("restore of a checkpoint that was never cut");
}

void pending_fini(struct pending *pending)
{
    vec_fini(&pending->hops);
    vec_fini(&pending->unstored);
}

static uint32_t source_task_count(const struct model_job *job)
{
    uint32_t count = 0;
    for (VEC_EACH(const struct model_source, source, &job->sources))
        count += job->vertices[source->vertex].parallelism - job->vertices[source->vertex].finished;
    return count;
}

static struct pending *pending_of(struct model *model, struct model_job *job,
                                  const struct checkpoint_order *how)
{
    for (VEC_EACH(struct pending, pending, &job->pending))
        if (pending->how.checkpoint == how->checkpoint)
            return pending;
    vec_push(&job->pending, (struct pending){ .serial = ++model->pending_serial,
                                              .how = *how,
                                              .sources_left = source_task_count(job),
                                              .triggered_at = model_now(model) });
    return &vec_last(&job->pending);
}

static double buffer_from(const struct model_job *job, const struct component *component,
                          uint32_t vertex)
{
    const struct job_graph *graph = job->spec->graph;
    double size = 0;
    for (VEC_EACH(const uint32_t, e, &graph->vertices.items[vertex].outputs)) {
        uint32_t to = graph->edges.items[*e].consumer.n;
        size = fmax(size, vertex_buffer_size(job, component, &job->vertices[to]));
    }
    return size;
}

/* A SourceFunction that waits for room in its output holds the checkpoint lock: it hears of the
 * checkpoint when a buffer comes free: the size of one by the rate at which the subtask fills them.
 * A FLIP-27 source waits in its mailbox, where the trigger finds it at once. In seconds; infinity:
 * no buffer comes free as things stand. */
static double source_delay(const struct model *model, struct model_job *job)
{
    double most = 0;
    for (VEC_EACH(const struct component, component, &job->components)) {
        const struct net *net = net_of(model, component);
        if (!net || buffers_of(model, job, component).full < 1)
            continue;
        for (uint32_t i = 0; i < component->class_count; i++) {
            const struct net_class *class = &net->classes.items[component->first_class + i];
            uint32_t source = job->sources.items[net->sums.items[class->sum].source].vertex;
            double size = shape_bytes_out(job->spec, source), bytes = class->rate * size;
            if (class->backpressured && job->vertices[source].spec->source_function && size > 0)
                most = fmax(most, buffer_from(job, component, source) / bytes);
        }
    }
    return most;
}

static void tell_sources(struct model *model, struct model_job *job, struct pending *pending)
{
    time_ns at = time_add(model_now(model), real_time(source_delay(model, job) * (double)TIME_S));
    pending->jammed = at == TIME_NEVER;
    if (pending->jammed)
        return; /* until rates change */
    pending->start = sim_queue_push(model->queue, at, SIM_CLASS_DATA, sources_handle, model,
                                    (uint64_t)(job - model->jobs), pending->serial);
}

void barrier_trigger(struct model *model, uint32_t host, const struct effect_data *order)
{
    struct model_job *job = &model->jobs[order->job.n];
    struct pending *pending = pending_of(model, job, &order->checkpoint);
    uint32_t hint = 0;
    for (size_t i = 0; i < order->count; i++) {
        uint32_t index = task_find(&model->life, host, order->job.n, order->attempts[i], &hint);
        const struct model_task *task = index == NONE ? NULL : &model->tasks.items[index];
        if (!task || task->life.phase != TASK_RUNNING || !task->life.current || task->released) {
            upload_decline(model, host, order->job.n, order->checkpoint.checkpoint,
                           order->attempts[i]);
            continue;
        }
        if (job->vertices[task->life.vertex].is_source && pending->sources_left > 0)
            pending->sources_left--;
    }
    if (pending->sources_left > 0 || pending->is_cut || pending->jammed ||
        pending->start.generation != 0)
        return;
    uint64_t serial = pending->serial;
    net_advance(model, order->job.n);
    pending = barrier_find(job, serial);
    if (pending)
        tell_sources(model, job, pending);
}

static struct component *component_of(struct model_job *job, uint32_t vertex)
{
    return &job->components.items[job->vertices[vertex].component];
}

static time_ns drained_at(const struct hop *hop, double bytes, time_ns now)
{
    if (!(bytes > 0))
        return now;
    return hop->drain > 0 ? time_add(now, real_time(ceil(bytes / hop->drain * (double)TIME_S)))
                          : TIME_NEVER;
}

static void push_hop(struct model *model, struct model_job *job, struct pending *pending,
                     uint32_t vertex)
{
    struct hop *hop = &pending->hops.items[vertex];
    uint64_t of = (uint64_t)(job - model->jobs) << 32 | vertex;
    time_ns latency = real_time(latency_of_barrier(model, job, vertex) * (double)TIME_S);
    time_ns now = model_now(model), at = time_add(drained_at(hop, hop->left_bytes, now), latency);
    if (hop->left_bytes > 0 && hop->switch_at < at)
        at = hop->switch_at > now ? hop->switch_at : now;
    sim_queue_cancel(model->queue, &hop->event);
    sim_queue_cancel(model->queue, &hop->others);
    hop->event =
        sim_queue_push(model->queue, at, SIM_CLASS_DATA, hop_is_due, model, of, pending->serial);
    time_ns others = time_add(drained_at(hop, hop->left_others, now), latency);
    if (!hop->others_passed && others < at)
        hop->others = sim_queue_push(model->queue, others, SIM_CLASS_DATA, others_are_due, model,
                                     of, pending->serial);
}

/* What is before each subtask but the slowest, on average, as if all had as much. */
static void note_others(const struct model_vertex *vertex, const struct deal_stage *before,
                        struct hop *hop)
{
    double weight = vertex->flow.deal.weight;
    hop->slowest = vertex->flow.deal.slowest;
    hop->left_others = hop->left_bytes;
    if (before->ahead > 0 && weight < 1)
        hop->left_others *= fmin(fmax(before->held / before->ahead - weight, 0) / (1 - weight), 1);
}

/* All inputs have sent the barrier. */
static void start_hop(struct model *model, struct model_job *job, struct pending *pending,
                      uint32_t vertex)
{
    struct hop *hop = &pending->hops.items[vertex];
    const struct component *component = component_of(job, vertex);
    hop->state = HOP_TRAVELLING;
    hop->moved_at = model_now(model);
    hop->alignment = hop->moved_at - hop->first_at;
    hop->switch_at = TIME_NEVER;
    const struct deal_stage before = vertex_buffers(model, job, &job->vertices[vertex]);
    /* What was there at the cut: as much has come from vertices before as has left since. More came
     * behind the barrier. */
    if (!component->stopped)
        hop->left_bytes = fmin(hop->left_bytes, before.ahead);
    hop->held_part = before.ahead > 0 ? before.held / before.ahead : 0;
    note_others(&job->vertices[vertex], &before, hop);
    hop->drain = hop_drain(job, hop, vertex);
    if (hop_overtakes(job, pending, vertex))
        hop->switch_at = time_add(pending->triggered_at, pending->how.aligned_timeout);
    if (hop->switch_at <= hop->moved_at) {
        hop->in_flight_bytes = hop->left_bytes;
        hop->left_bytes = 0;
        hop->alignment = 0;
    } else {
        hop->under_way_bytes = 0; /* an aligned barrier lets it go first */
    }
    hop_note_link(model, job, hop, vertex);
    push_hop(model, job, pending, vertex);
}

/* What the barrier overtook in front of the vertex becomes channel state. */
static void add_in_flight(struct model_job *job, const struct pending *pending, uint32_t vertex)
{
    double bytes = pending->hops.items[vertex].in_flight_bytes;
    struct cut *cut = cut_find(job, pending->how.checkpoint);
    for (uint32_t s = 0; cut && bytes > 0 && s < cut->source_count; s++)
        if (component_of(job, job->sources.items[s].vertex) == component_of(job, vertex))
            cut->sources[s].in_flight_bytes += bytes * job->vertices[vertex].flow.read_each;
}

/* The barrier leaves the vertex before its snapshot is taken (SubtaskCheckpointCoordinatorImpl). */
static void arrive(struct model *model, uint32_t j, uint64_t serial, uint32_t vertex)
{
    struct model_job *job = &model->jobs[j];
    struct pending *pending = barrier_find(job, serial);
    const struct job_graph *graph = job->spec->graph;
    pending->hops.items[vertex].state = HOP_ARRIVED;
    sim_queue_cancel(model->queue, &pending->hops.items[vertex].others);
    add_in_flight(job, pending, vertex);
    for (VEC_EACH(const uint32_t, e, &graph->vertices.items[vertex].outputs)) {
        uint32_t to = graph->edges.items[*e].consumer.n;
        struct hop *hop = &pending->hops.items[to];
        if (hop->inputs_left == graph->vertices.items[to].inputs.count)
            hop->first_at = model_now(model);
        if (--hop->inputs_left == 0)
            start_hop(model, job, pending, to);
    }
    snapshot_vertex(model, j, serial, vertex);
}

static void take_cut(struct model *model, struct model_job *job, struct pending *pending)
{
    hops_find(model, job, pending);
    struct cut cut = { .id = pending->how.checkpoint, .kind = pending->how.kind };
    cut.source_count = (uint32_t)job->sources.count;
    cut.sources = mem_create_array(cut.source_count, sizeof *cut.sources);
    for (VEC_EACH(struct component, component, &job->components)) {
        const struct buffer_level buffers = buffers_of(model, job, component);
        for (VEC_EACH(const uint32_t, s, &component->sources)) {
            struct source_cut *own = &cut.sources[*s];
            source_cut_take(&job->sources.items[*s], model_now(model), own);
            own->ahead = source_ahead(model, job, &job->sources.items[*s], &buffers, own->aheads);
            own->buffered_bytes = buffers.ahead;
        }
        component_on_barrier(model, job, component);
    }
    end_on_cut(job, pending, &cut);
    cut_add(job, cut);
    pending->is_cut = true;
}

static bool all_flow(const struct model_job *job)
{
    bool all = true;
    for (VEC_EACH(const struct component, component, &job->components))
        all &= component->active || component->sources.count == 0 ||
               component->ending == ENDING_FINISH;
    return all;
}

/* Is some source held by a snapshot? */
static bool is_in_snapshot(const struct model_job *job)
{
    bool any = false;
    for (VEC_EACH(const struct model_source, source, &job->sources)) {
        const struct vertex_flow *flow = &job->vertices[source->vertex].flow;
        any |= flow->in_sync > 0 || flow->blocked > 0;
    }
    return any;
}

static void sources_handle(void *context, uint64_t a, uint64_t b)
{
    struct model *model = context;
    uint32_t j = (uint32_t)a;
    struct model_job *job = &model->jobs[j];
    struct pending *pending = barrier_find(job, b);
    if (!pending)
        return;
    components_hear(model, j);
    net_advance(model, j);
    pending->start = (struct sim_handle){ 0 };
    if (!all_flow(job))
        return; /* the barrier would wait for tasks that do not run: nobody acknowledges */
    pending->jammed = is_in_snapshot(job);
    if (pending->jammed)
        return; /* the trigger waits in the mailbox behind the one before */
    take_cut(model, job, pending);
    if (is_synchronous(pending->how.kind)) {
        job->stopped_by = pending->how.checkpoint;
        components_stop(model, j);
    }
    for (uint32_t s = 0; s < job->sources.count && barrier_find(job, b); s++)
        if (component_of(job, job->sources.items[s].vertex)->active)
            flush_before(model, j, b, job->sources.items[s].vertex, arrive);
}

static void hop_is_due(void *context, uint64_t a, uint64_t b)
{
    struct model *model = context;
    uint32_t j = (uint32_t)(a >> 32), vertex = (uint32_t)a;
    struct model_job *job = &model->jobs[j];
    struct pending *pending = barrier_find(job, b);
    if (!pending)
        return;
    struct hop *hop = &pending->hops.items[vertex];
    hop->event = (struct sim_handle){ 0 };
    hop_advance(model, hop);
    if (hop_is_held(job, vertex)) {
        hop->state = HOP_HELD;
        return;
    }
    if (model_now(model) >= hop->switch_at)
        hop->in_flight_bytes += hop->left_bytes;
    hop->left_bytes = 0;
    net_advance(model, j);
    flush_before(model, j, b, vertex, arrive);
}

static void others_are_due(void *context, uint64_t a, uint64_t b)
{
    struct model *model = context;
    uint32_t j = (uint32_t)(a >> 32), vertex = (uint32_t)a;
    struct pending *pending = barrier_find(&model->jobs[j], b);
    if (!pending)
        return;
    struct hop *hop = &pending->hops.items[vertex];
    hop->others = (struct sim_handle){ 0 };
    if (hop_is_held(&model->jobs[j], vertex))
        return; /* they come with the slowest */
    net_advance(model, j);
    pending = barrier_find(&model->jobs[j], b);
    if (pending)
        pending->hops.items[vertex].others_passed = snapshot_others(model, j, b, vertex);
}

/* A hop that waits in buffers goes on at the new rate. */
static void move_hop(struct model *model, struct model_job *job, struct pending *pending,
                     uint32_t vertex)
{
    struct hop *hop = &pending->hops.items[vertex];
    const struct component *component = component_of(job, vertex);
    const struct vertex_flow *flow = &job->vertices[vertex].flow;
    if (hop->state != HOP_HELD && hop->state != HOP_TRAVELLING)
        return;
    hop_note_link(model, job, hop, vertex);
    if (hop->state == HOP_HELD && hop_is_held(job, vertex))
        return;
    if (hop->state == HOP_TRAVELLING && !(hop->left_bytes > 0))
        return; /* it does not wait for data */
    hop->state = HOP_TRAVELLING;
    hop_advance(model, hop);
    hop->drain = hop_drain(job, hop, vertex);
    if (!(hop->drain > 0) && !component_is_paused(component) && !flow->stuck && !flow->unheard &&
        !flow->congested)
        hop->left_bytes = 0; /* nothing presses on: it has drained */
    push_hop(model, job, pending, vertex);
}

void barrier_on_rates(struct model *model, uint32_t j, uint32_t component)
{
    struct model_job *job = &model->jobs[j];
    for (VEC_EACH(struct pending, pending, &job->pending)) {
        if (pending->jammed)
            tell_sources(model, job, pending);
        for (uint32_t v = 0; v < pending->hops.count; v++)
            if (job->vertices[v].component == component)
                move_hop(model, job, pending, v);
    }
}

static void cancel_hop(struct model *model, struct hop *hop)
{
    sim_queue_cancel(model->queue, &hop->event);
    sim_queue_cancel(model->queue, &hop->others);
}

static void pending_drop(struct model *model, struct model_job *job, size_t i)
{
    struct pending *pending = &job->pending.items[i];
    for (VEC_EACH(struct hop, hop, &pending->hops))
        cancel_hop(model, hop);
    sim_queue_cancel(model->queue, &pending->start);
    uploads_drop(model, pending->serial);
    pending_fini(pending);
    vec_remove_ordered(&job->pending, i);
    end_on_dropped(model, job);
}

void barrier_drop_all(struct model *model, uint32_t job)
{
    while (model->jobs[job].pending.count > 0)
        pending_drop(model, &model->jobs[job], model->jobs[job].pending.count - 1);
}

static bool has_passed(const struct model_job *job, const struct pending *pending,
                       uint32_t component)
{
    bool all = pending->is_cut;
    for (uint32_t v = 0; v < pending->hops.count; v++)
        all &=
            job->vertices[v].component != component || pending->hops.items[v].state == HOP_ARRIVED;
    return all;
}

void barrier_on_left(struct model *model, uint32_t j, uint32_t component)
{
    struct model_job *job = &model->jobs[j];
    for (size_t i = job->pending.count; i-- > 0;)
        if (!has_passed(job, &job->pending.items[i], component))
            pending_drop(model, job, i);
}

static void drop_checkpoint(struct model *model, struct model_job *job, uint64_t checkpoint)
{
    for (size_t i = job->pending.count; i-- > 0;)
        if (job->pending.items[i].how.checkpoint == checkpoint)
            pending_drop(model, job, i);
}

void barrier_stored(struct model *model, struct model_job *job, uint64_t serial)
{
    const struct checkpoint_order how = barrier_find(job, serial)->how;
    bool is_savepoint = how.kind == CHECKPOINT_SAVEPOINT;
    struct cut *cut = cut_find(job, how.checkpoint);
    if (cut && !cut->settled && (!is_savepoint || job->has_heirs))
        barrier_settle_cut(model, job, cut);
    if (!is_savepoint)
        return;
    drop_checkpoint(model, job, how.checkpoint);
    if (!job->has_heirs && cut)
        cut_remove(job, how.checkpoint);
}

void barrier_complete(struct model *model, uint32_t host, const struct effect_data *order)
{
    struct model_job *job = &model->jobs[order->job.n];
    uint64_t checkpoint = order->checkpoint.checkpoint;
    drop_checkpoint(model, job, checkpoint);
    local_on_complete(&model->life, host, order->job.n, checkpoint);
    for (size_t i = job->pending.count; i-- > 0;) /* subsumed, as Flink does; not savepoints */
        if (job->pending.items[i].how.checkpoint < checkpoint &&
            job->pending.items[i].how.kind == CHECKPOINT_PERIODIC)
            pending_drop(model, job, i);
    struct cut *cut = cut_find(job, checkpoint);
    if (cut && !cut->completed) {
        cut_complete(job, cut);
        if (!cut->settled)
            barrier_settle_cut(model, job, cut);
        cuts_forget(job);
    }
    if (job->stopped_by == checkpoint)
        tasks_finish(model, host, order->job.n);
    else
        end_on_complete(model, host, order->job.n, checkpoint);
}

void barrier_abort(struct model *model, uint32_t host, const struct effect_data *order)
{
    struct model_job *job = &model->jobs[order->job.n];
    uint64_t checkpoint = order->checkpoint.checkpoint;
    drop_checkpoint(model, job, checkpoint);
    local_on_aborted(&model->life, host, order->job.n, checkpoint);
    const struct cut *cut = cut_find(job, checkpoint);
    if (cut && !cut->completed)
        cut_remove(job, checkpoint);
    if (job->stopped_by == checkpoint)
        tasks_fail_stopped(model, host, order->job.n);
}
