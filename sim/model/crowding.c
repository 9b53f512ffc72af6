/* SPDX-License-Identifier: Apache-2.0
 *
 * Layouts and rates as rows of words, and what was found for them. It is all forgotten when it has
 * become large.
 */
#include "sim/model/crowding.h"

#include <math.h>

#include "sim/model/latency.h"
#include "sim/model/state.h"

/* Some 16 MB of each. A network that does not last sees a rate or two. */
enum { WORDS_MOST = 1 << 21, RATES_FEW = 8 };

void crowdings_fini(struct crowdings *crowdings)
{
    intern_fini(&crowdings->layouts);
    intern_fini(&crowdings->known);
    vec_fini(&crowdings->first);
    vec_fini(&crowdings->items);
    vec_fini(&crowdings->bands.items);
    vec_fini(&crowdings->loads);
    vec_fini(&crowdings->sums);
    vec_fini(&crowdings->words);
}

static void forget(struct crowdings *crowdings)
{
    CHECK(!crowdings->loose);
    intern_clear(&crowdings->known);
    vec_clear(&crowdings->first);
    vec_clear(&crowdings->items);
    vec_clear(&crowdings->bands.items);
}

/* Vertices get their places. */
static void push_members(struct model *model, const struct net *net, struct crowdings *crowdings)
{
    crowdings->places = 0;
    for (VEC_EACH(const struct net_member, member, &net->members)) {
        struct model_job *job = &model->jobs[member->job];
        const struct component *component = &job->components.items[member->component];
        vec_push(&crowdings->words, (uint64_t)member->job << 32 | component->first_sum);
        for (VEC_EACH(const uint32_t, id, &component->vertices)) {
            struct model_vertex *vertex = &job->vertices[*id];
            vertex->flow.place = crowdings->places++;
            vec_push(&crowdings->words, *id);
            for (VEC_EACH(const uint32_t, k, &vertex->shape.sources))
                vec_push(&crowdings->words, intern_word(vertex->shape.gain[*k]));
        }
    }
}

/* With what tells kinds of hosts apart, in their order. */
static void push_kinds(const struct contention *contention, struct crowdings *crowdings)
{
    for (size_t i = 0; i < contention->kinds.count; i++) {
        const struct interned *key = &contention->keys.rows.items[i];
        vec_push(&crowdings->words, (uint64_t)key->count << 32 | contention->kinds.items[i].hosts);
        for (size_t w = key->first; w < key->first + key->count; w++)
            vec_push(&crowdings->words, contention->keys.words.items[w]);
    }
}

void crowdings_open(struct model *model, struct net *net)
{
    struct crowdings *crowdings = &net->contention.crowdings;
    vec_clear(&crowdings->words);
    push_members(model, net, crowdings);
    crowdings->asked = 0;
}

static void find_layout(struct model *model, const struct net *net, struct crowdings *crowdings)
{
    if (crowdings->layouts.words.count > WORDS_MOST) {
        intern_clear(&crowdings->layouts);
        forget(crowdings);
    }
    vec_clear(&crowdings->words);
    push_members(model, net, crowdings);
    push_kinds(&net->contention, crowdings);
    crowdings->layout =
        intern_number(&crowdings->layouts, crowdings->words.items, crowdings->words.count);
}

/* Words of memory, but for what is of no weight. */
static size_t size_of(const struct crowdings *crowdings)
{
    return crowdings->known.words.count +
           (crowdings->items.count * sizeof *crowdings->items.items +
            crowdings->bands.items.count * sizeof *crowdings->bands.items.items) /
               sizeof(uint64_t);
}

static void apply(struct model *model, const struct net *net)
{
    const struct crowdings *crowdings = &net->contention.crowdings;
    for (VEC_EACH(const struct net_member, member, &net->members)) {
        const struct model_job *job = &model->jobs[member->job];
        for (VEC_EACH(const uint32_t, id, &job->components.items[member->component].vertices)) {
            struct vertex_flow *flow = &job->vertices[*id].flow;
            flow->crowded = crowding_at(crowdings, flow->place)->crowded;
        }
    }
}

/* Room for what is to be found. */
static void push_empty(struct crowdings *crowdings)
{
    crowdings->now = (uint32_t)crowdings->items.count;
    vec_resize(&crowdings->items, crowdings->items.count + crowdings->places);
}

static void drop_loose(struct crowdings *crowdings)
{
    if (crowdings->loose) {
        crowdings->items.count = crowdings->now;
        crowdings->bands.items.count = crowdings->loose_bands;
    }
    crowdings->loose = crowdings->due = false;
}

static bool recall(struct crowdings *crowdings, const struct contention *contention)
{
    vec_clear(&crowdings->words);
    vec_push(&crowdings->words, crowdings->layout);
    for (VEC_EACH(const double, rate, &contention->rates))
        vec_push(&crowdings->words, intern_word(*rate));
    uint32_t number =
        intern_number(&crowdings->known, crowdings->words.items, crowdings->words.count);
    if (number < crowdings->first.count) {
        crowdings->now = crowdings->first.items[number];
        return true;
    }
    push_empty(crowdings);
    vec_push(&crowdings->first, crowdings->now);
    return false;
}

bool crowdings_recall(struct model *model, struct net *net)
{
    struct crowdings *crowdings = &net->contention.crowdings;
    drop_loose(crowdings);
    if (crowdings->asked < RATES_FEW) {
        crowdings->asked++;
        crowdings->loose = true;
        crowdings->loose_bands = (uint32_t)crowdings->bands.items.count;
        push_empty(crowdings);
        return false;
    }
    if (crowdings->asked == RATES_FEW) {
        crowdings->asked++;
        find_layout(model, net, crowdings);
    }
    if (size_of(crowdings) > WORDS_MOST)
        forget(crowdings);
    if (!recall(crowdings, &net->contention))
        return false;
    apply(model, net);
    return true;
}

static struct crowding *of_thread(const struct model *model, struct crowdings *crowdings,
                                  const struct thread *thread)
{
    uint32_t place = model->jobs[thread->job].vertices[thread->vertex].flow.place;
    return &crowdings->items.items[crowdings->now + place];
}

static void find_waits(const struct model *model, struct net *net)
{
    struct crowdings *crowdings = &net->contention.crowdings;
    for (VEC_EACH(const struct thread, thread, &net->contention.threads)) {
        const struct host_kind *kind = &net->contention.kinds.items[thread->kind];
        struct crowding *crowding = of_thread(model, crowdings, thread);
        crowding->crowded |= kind->crowded;
        crowding->wait += kind->hosts * thread->waits;
        crowding->wait_most = fmax(crowding->wait_most, thread->waits);
        crowding->wait_least =
            crowding->waits ? fmin(crowding->wait_least, thread->waits) : thread->waits;
        crowding->waits = true;
    }
}

/* All hosts of its kind together. Per record of the vertex, of which there is one. */
static struct task_load load_of(const struct model *model, const struct net *net,
                                const struct thread *thread)
{
    const struct model_job *job = &model->jobs[thread->job];
    const struct model_vertex *vertex = &job->vertices[thread->vertex];
    const struct host_kind *kind = &net->contention.kinds.items[thread->kind];
    double in = vertex_in_rate(job, &job->components.items[vertex->component], vertex);
    double service = vertex_service(vertex, kind->speed, thread->slowdown);
    return (struct task_load){ .weight = thread->rate * kind->hosts / in,
                               .busy = service * thread->rate / in,
                               .service = service,
                               .slowdown = thread->slowdown,
                               .swing = thread->swing,
                               .behind = thread->behind };
}

void crowdings_find_bands(const struct model *model, struct net *net)
{
    struct crowdings *crowdings = &net->contention.crowdings;
    if (!crowdings->due)
        return;
    crowdings->due = false;
    vec_clear(&crowdings->loads);
    vec_clear(&crowdings->sums);
    vec_resize(&crowdings->sums, crowdings->places);
    for (VEC_EACH(const struct thread, thread, &net->contention.threads)) {
        const struct model_vertex *vertex = &model->jobs[thread->job].vertices[thread->vertex];
        vec_push(&crowdings->loads, load_of(model, net, thread));
        bands_see(&crowdings->sums.items[vertex->flow.place], &vec_last(&crowdings->loads));
    }
    for (VEC_EACH(struct band_sums, sums, &crowdings->sums))
        bands_split(sums);
    for (size_t i = 0; i < crowdings->loads.count; i++) {
        const struct thread *thread = &net->contention.threads.items[i];
        const struct model_vertex *vertex = &model->jobs[thread->job].vertices[thread->vertex];
        bands_add(&crowdings->sums.items[vertex->flow.place], &crowdings->loads.items[i]);
    }
    for (uint32_t place = 0; place < crowdings->places; place++) {
        struct crowding *crowding = &crowdings->items.items[crowdings->now + place];
        crowding->first_band = (uint32_t)crowdings->bands.items.count;
        if (crowding->crowded)
            bands_push(&crowdings->sums.items[place], &crowdings->bands);
        crowding->band_count = (uint32_t)crowdings->bands.items.count - crowding->first_band;
    }
}

static bool any_is_crowded(const struct crowdings *crowdings)
{
    for (uint32_t place = 0; place < crowdings->places; place++)
        if (crowding_at(crowdings, place)->crowded)
            return true;
    return false;
}

void crowdings_find(struct model *model, struct net *net)
{
    struct crowdings *crowdings = &net->contention.crowdings;
    find_waits(model, net);
    crowdings->due = any_is_crowded(crowdings);
    if (!crowdings->loose)
        crowdings_find_bands(model, net);
    apply(model, net);
}

const struct crowding *crowding_at(const struct crowdings *crowdings, uint32_t place)
{
    return &crowdings->items.items[crowdings->now + place];
}

void crowdings_take_waits(struct model *model, struct net *net)
{
    const struct crowdings *crowdings = &net->contention.crowdings;
    for (VEC_EACH(const struct net_member, member, &net->members)) {
        const struct model_job *job = &model->jobs[member->job];
        for (VEC_EACH(const uint32_t, id, &job->components.items[member->component].vertices)) {
            struct vertex_flow *flow = &job->vertices[*id].flow;
            flow->core_wait = crowding_at(crowdings, flow->place)->wait;
            flow->core_wait_most = crowding_at(crowdings, flow->place)->wait_most;
            flow->core_wait_least = crowding_at(crowdings, flow->place)->wait_least;
        }
    }
}
