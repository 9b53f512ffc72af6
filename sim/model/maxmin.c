/* SPDX-License-Identifier: Apache-2.0
 *
 * Progressive filling with a lazy heap. All flows that still grow are at one level. The heap holds,
 * for each flow, the level of its bound and, for each row, the level at which it would be full if
 * nothing more stopped. Flows that stop can only make rows fill later, so an entry may be too early
 * but never too late: a row that comes out of the heap is worked out afresh and, if it is not full
 * yet, put back.
 *
 * Flows grow at equal speeds first. When shared rows are full, speeds become those at which the
 * largest users of all flows grow alike, in even shares of these rows, and all is filled again,
 * until no other shared row is full: each time some row is counted that was not, so this ends.
 */
#include "sim/model/maxmin.h"

#include <math.h>

void maxmin_fini(struct maxmin *problem)
{
    vec_fini(&problem->flows);
    vec_fini(&problem->rows);
    vec_fini(&problem->terms);
    vec_fini(&problem->weights);
    vec_fini(&problem->peaks);
    vec_fini(&problem->groups);
    vec_fini(&problem->heap);
    vec_fini(&problem->sums);
    vec_fini(&problem->by_sum);
    vec_fini(&problem->frozen);
    vec_fini(&problem->shares);
}

void maxmin_clear(struct maxmin *problem, uint32_t sum_count)
{
    vec_clear(&problem->flows);
    vec_clear(&problem->rows);
    vec_clear(&problem->terms);
    vec_clear(&problem->weights);
    vec_clear(&problem->peaks);
    vec_clear(&problem->groups);
    vec_resize(&problem->groups, sum_count);
    problem->sum_count = sum_count;
}

uint32_t maxmin_add_flow(struct maxmin *problem, uint32_t sum, double count, double bound)
{
    CHECK(sum < problem->sum_count);
    CHECK(count > 0);
    CHECK(bound >= 0);
    vec_push(
        &problem->flows,
        (struct maxmin_flow){ .sum = sum, .count = count, .bound = bound, .limit = MAXMIN_BOUND });
    return (uint32_t)problem->flows.count - 1;
}

uint32_t maxmin_add_row(struct maxmin *problem, double limit, const struct maxmin_term *terms,
                        uint32_t term_count, const struct maxmin_weight *weights,
                        uint32_t weight_count)
{
    CHECK(limit >= 0);
    vec_push(&problem->rows, (struct maxmin_row){ .limit = limit,
                                                  .first_term = (uint32_t)problem->terms.count,
                                                  .term_count = term_count,
                                                  .first_weight = (uint32_t)problem->weights.count,
                                                  .weight_count = weight_count,
                                                  .first_peak = MAXMIN_BOUND });
    for (uint32_t i = 0; i < term_count; i++)
        vec_push(&problem->terms, terms[i]);
    for (uint32_t i = 0; i < weight_count; i++) {
        CHECK(weights[i].sum < problem->sum_count);
        vec_push(&problem->weights, weights[i]);
    }
    return (uint32_t)problem->rows.count - 1;
}

void maxmin_share_row(struct maxmin *problem, uint32_t row, const double *peaks)
{
    struct maxmin_row *r = &problem->rows.items[row];
    CHECK(r->first_peak == MAXMIN_BOUND);
    r->first_peak = (uint32_t)problem->peaks.count;
    for (uint32_t i = 0; i < r->term_count + r->weight_count; i++)
        vec_push(&problem->peaks, peaks[i]);
}

void maxmin_group_sum(struct maxmin *problem, uint32_t sum, uint32_t group)
{
    CHECK(group < problem->sum_count);
    problem->groups.items[sum] = group;
}

/* Heap order: level, then id, so that equal levels are decided by rule. */
static bool is_earlier(struct maxmin_event a, struct maxmin_event b)
{
    return a.at != b.at ? a.at < b.at : a.id < b.id;
}

static void heap_push(struct maxmin *problem, struct maxmin_event event)
{
    vec_push(&problem->heap, event);
    struct maxmin_event *heap = problem->heap.items;
    size_t i = problem->heap.count - 1;
    while (i > 0 && is_earlier(event, heap[(i - 1) / 2])) {
        heap[i] = heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    heap[i] = event;
}

static struct maxmin_event heap_pop(struct maxmin *problem)
{
    struct maxmin_event *heap = problem->heap.items, top = heap[0];
    struct maxmin_event last = heap[--problem->heap.count];
    size_t count = problem->heap.count, i = 0;
    while (2 * i + 1 < count) {
        size_t child = 2 * i + 1;
        if (child + 1 < count && is_earlier(heap[child + 1], heap[child]))
            child++;
        if (!is_earlier(heap[child], last))
            break;
        heap[i] = heap[child];
        i = child;
    }
    if (count > 0)
        heap[i] = last;
    return top;
}

/* Flows grouped by sum; all grow. */
static void start_sums(struct maxmin *problem)
{
    vec_clear(&problem->sums);
    vec_resize(&problem->sums, problem->sum_count);
    vec_clear(&problem->by_sum);
    vec_resize(&problem->by_sum, problem->flows.count);
    vec_clear(&problem->frozen);
    vec_resize(&problem->frozen, problem->flows.count);
    problem->growing = (uint32_t)problem->flows.count;
    struct maxmin_sum *sums = problem->sums.items;
    for (VEC_EACH(struct maxmin_flow, flow, &problem->flows)) {
        sums[flow->sum].count++;
        sums[flow->sum].growth += flow->count * flow->speed;
        sums[flow->sum].flows += flow->count;
    }
    uint32_t first = 0;
    for (uint32_t k = 0; k < problem->sum_count; k++) {
        sums[k].first = first;
        first += sums[k].count;
        sums[k].count = 0;
    }
    for (uint32_t f = 0; f < problem->flows.count; f++) {
        struct maxmin_sum *sum = &sums[problem->flows.items[f].sum];
        problem->by_sum.items[sum->first + sum->count++] = f;
    }
}

static void freeze(struct maxmin *problem, uint32_t f, double level, uint32_t limit, bool by_sum)
{
    if (problem->frozen.items[f])
        return;
    problem->frozen.items[f] = true;
    problem->growing--;
    struct maxmin_flow *flow = &problem->flows.items[f];
    flow->rate = limit == MAXMIN_BOUND ? flow->bound : fmin(flow->speed * level, flow->bound);
    flow->limit = limit;
    flow->by_sum = by_sum;
    struct maxmin_sum *sum = &problem->sums.items[flow->sum];
    sum->value += sum->growth * (level - sum->level);
    sum->level = level;
    sum->growth -= flow->count * flow->speed;
}

/* The level at which the row is full, going on from `level` as things are; infinity: never. */
static double row_full_at(const struct maxmin *problem, uint32_t r, double level)
{
    const struct maxmin_row *row = &problem->rows.items[r];
    double load = 0, growth = 0;
    for (uint32_t i = row->first_term; i < row->first_term + row->term_count; i++) {
        const struct maxmin_term *term = &problem->terms.items[i];
        bool stopped = problem->frozen.items[term->flow];
        const struct maxmin_flow *flow = &problem->flows.items[term->flow];
        load += term->weight * (stopped ? flow->rate : flow->speed * level);
        growth += stopped ? 0 : term->weight * flow->speed;
    }
    for (uint32_t i = row->first_weight; i < row->first_weight + row->weight_count; i++) {
        const struct maxmin_weight *weight = &problem->weights.items[i];
        const struct maxmin_sum *sum = &problem->sums.items[weight->sum];
        load += weight->weight * (sum->value + sum->growth * (level - sum->level));
        growth += sum->closed ? 0 : weight->weight * sum->growth;
    }
    if (growth <= 0)
        return INFINITY;
    return load < row->limit ? level + (row->limit - load) / growth : level;
}

/* Everything the full row weighs stops. */
static void close_row(struct maxmin *problem, uint32_t r, double level)
{
    struct maxmin_row *row = &problem->rows.items[r];
    row->full = true;
    for (uint32_t i = row->first_term; i < row->first_term + row->term_count; i++)
        if (problem->terms.items[i].weight > 0)
            freeze(problem, problem->terms.items[i].flow, level, r, false);
    for (uint32_t w = row->first_weight; w < row->first_weight + row->weight_count; w++) {
        struct maxmin_sum *sum = &problem->sums.items[problem->weights.items[w].sum];
        if (sum->closed || !(problem->weights.items[w].weight > 0))
            continue;
        for (uint32_t i = 0; i < sum->count; i++)
            freeze(problem, problem->by_sum.items[sum->first + i], level, r, true);
        sum->closed = true;
        sum->growth = 0;
    }
}

static void push_all(struct maxmin *problem)
{
    uint32_t flow_count = (uint32_t)problem->flows.count;
    vec_clear(&problem->heap);
    for (uint32_t f = 0; f < flow_count; f++)
        if (problem->flows.items[f].bound < INFINITY)
            heap_push(problem,
                      (struct maxmin_event){
                          problem->flows.items[f].bound / problem->flows.items[f].speed, f });
    for (uint32_t r = 0; r < problem->rows.count; r++) {
        double at = row_full_at(problem, r, 0);
        problem->rows.items[r].full = false;
        if (at < INFINITY)
            heap_push(problem, (struct maxmin_event){ at, flow_count + r });
    }
}

static void fill(struct maxmin *problem)
{
    uint32_t flow_count = (uint32_t)problem->flows.count;
    start_sums(problem);
    push_all(problem);
    double level = 0;
    while (problem->growing > 0) {
        CHECK(problem->heap.count > 0); /* else a flow has neither bound nor row */
        struct maxmin_event event = heap_pop(problem);
        if (event.id < flow_count) {
            level = fmax(level, event.at);
            freeze(problem, event.id, event.at, MAXMIN_BOUND, false);
            continue;
        }
        double at = row_full_at(problem, event.id - flow_count, fmax(level, event.at));
        if (at == INFINITY)
            continue; /* all it weighs has stopped */
        if (at > event.at * (1 + 1e-14) && problem->heap.count > 0 &&
            at > problem->heap.items[0].at) {
            heap_push(problem, (struct maxmin_event){ at, event.id });
            continue;
        }
        level = fmax(level, at);
        close_row(problem, event.id - flow_count, level);
    }
}

/* Says whether a shared row is full that was not before. */
static bool count_full(struct maxmin *problem)
{
    bool any = false;
    for (VEC_EACH(struct maxmin_row, row, &problem->rows)) {
        if (row->first_peak == MAXMIN_BOUND || !row->full || row->counted || !(row->limit > 0))
            continue;
        row->counted = any = true;
        for (uint32_t i = row->first_term; i < row->first_term + row->term_count; i++) {
            uint32_t sum = problem->flows.items[problem->terms.items[i].flow].sum;
            problem->shares.items[problem->groups.items[sum]] = true;
        }
        for (uint32_t i = row->first_weight; i < row->first_weight + row->weight_count; i++) {
            uint32_t sum = problem->weights.items[i].sum;
            problem->shares.items[problem->groups.items[sum]] = true;
        }
    }
    return any;
}

/* Of what a single user takes: with that much for each, the row is full. A term with twice the
 * weight of its largest user counts as two. */
static double even_share(const struct maxmin *problem, const struct maxmin_row *row)
{
    const double *peaks = problem->peaks.items + row->first_peak;
    double users = 0;
    for (uint32_t i = 0; i < row->term_count; i++)
        if (peaks[i] > 0)
            users += problem->terms.items[row->first_term + i].weight / peaks[i];
    for (uint32_t i = 0; i < row->weight_count; i++)
        if (peaks[row->term_count + i] > 0)
            users +=
                problem->weights.items[row->first_weight + i].weight / peaks[row->term_count + i];
    return users > 0 ? row->limit / users : INFINITY;
}

static void demand_share(struct maxmin *problem, const struct maxmin_row *row)
{
    double even = even_share(problem, row);
    const double *peaks = problem->peaks.items + row->first_peak;
    for (uint32_t i = 0; i < row->term_count; i++) {
        struct maxmin_flow *flow =
            &problem->flows.items[problem->terms.items[row->first_term + i].flow];
        flow->demand = fmax(flow->demand, peaks[i] / even);
    }
    for (uint32_t i = 0; i < row->weight_count; i++) {
        struct maxmin_sum *sum =
            &problem->sums.items[problem->weights.items[row->first_weight + i].sum];
        sum->demand = fmax(sum->demand, peaks[row->term_count + i] * sum->flows / even);
    }
}

/* Inside a task records are taken in turn: an even share is as many for each. */
static void demand_turns(struct maxmin *problem, const struct maxmin_row *row)
{
    double all = 0;
    for (uint32_t i = row->first_term; i < row->first_term + row->term_count; i++)
        all += problem->terms.items[i].weight;
    for (uint32_t i = row->first_weight; i < row->first_weight + row->weight_count; i++)
        all += problem->weights.items[i].weight *
               problem->sums.items[problem->weights.items[i].sum].flows;
    for (uint32_t i = row->first_term; i < row->first_term + row->term_count; i++) {
        struct maxmin_flow *flow = &problem->flows.items[problem->terms.items[i].flow];
        if (problem->terms.items[i].weight > 0)
            flow->demand = fmax(flow->demand, all / row->limit);
    }
    for (uint32_t i = row->first_weight; i < row->first_weight + row->weight_count; i++) {
        struct maxmin_sum *sum = &problem->sums.items[problem->weights.items[i].sum];
        sum->demand = fmax(sum->demand, all / row->limit);
    }
}

static bool uses_shares(const struct maxmin *problem, const struct maxmin_flow *flow)
{
    return problem->shares.items[problem->groups.items[flow->sum]];
}

/* The fastest has speed 1, as have those that no shared row concerns. Says whether one changes. */
static bool set_speeds(struct maxmin *problem)
{
    bool changes = false;
    double least = INFINITY;
    for (VEC_EACH(struct maxmin_flow, flow, &problem->flows))
        flow->demand = 0;
    for (VEC_EACH(struct maxmin_sum, sum, &problem->sums))
        sum->demand = 0;
    for (VEC_EACH(const struct maxmin_row, row, &problem->rows))
        if (row->counted)
            demand_share(problem, row);
        else if (row->first_peak == MAXMIN_BOUND && row->limit > 0)
            demand_turns(problem, row);
    for (VEC_EACH(struct maxmin_flow, flow, &problem->flows)) {
        flow->demand = fmax(flow->demand, problem->sums.items[flow->sum].demand);
        if (uses_shares(problem, flow) && flow->demand > 0)
            least = fmin(least, flow->demand);
    }
    for (VEC_EACH(struct maxmin_flow, flow, &problem->flows)) {
        bool slower = uses_shares(problem, flow) && flow->demand > 0;
        double speed = slower ? least / flow->demand : 1;
        changes |= fabs(speed - flow->speed) > 1e-12 * speed;
        flow->speed = speed;
    }
    return changes;
}

void maxmin_solve(struct maxmin *problem)
{
    vec_clear(&problem->shares);
    vec_resize(&problem->shares, problem->sum_count);
    for (VEC_EACH(struct maxmin_flow, flow, &problem->flows))
        flow->speed = 1;
    for (VEC_EACH(struct maxmin_row, row, &problem->rows))
        row->counted = false;
    fill(problem);
    while (count_full(problem) && set_speeds(problem))
        fill(problem);
}
