/* SPDX-License-Identifier: Apache-2.0
 *
 * Records in a bounded list. What always holds: only the newest record can be open; `before` of a
 * record is `after` of the last completed one, even when that has left the list.
 */
#include "core/rescale/rescale_history.h"

#include "core/base/check.h"
#include "core/base/hash.h"

/* The enumerators are Flink's own words, which its REST answers spell the same way. */
#define X(cause) #cause,
const char *const rescale_cause_names[] = { RESCALE_CAUSES(X) };
#undef X
#define X(state, name) name,
const char *const rescale_state_names[] = { RESCALE_STATES(X) };
#undef X
#define X(reason, state) #reason,
const char *const rescale_reason_names[] = { RESCALE_REASONS(X) };
#undef X
#define X(reason, state) RESCALE_##state,
static const enum rescale_state reason_states[] = { RESCALE_REASONS(X) };
#undef X

/* Not 0, which a reader could take for a result. */
static int32_t *unknown_numbers(size_t count)
{
    int32_t *numbers = mem_create_array(count, sizeof *numbers);
    for (size_t i = 0; i < count; i++)
        numbers[i] = RESCALE_UNKNOWN;
    return numbers;
}

/* Nothing ran before the first record, so its `before` is unknown. */
void rescale_history_init(struct rescale_history *history, size_t records_max, size_t vertex_count,
                          size_t group_count)
{
    *history = (struct rescale_history){
        .records_max = records_max,
        .vertex_count = vertex_count,
        .group_count = group_count,
        .last_vertices = unknown_numbers(vertex_count),
        .last_groups = unknown_numbers(group_count),
        .next_id = 1,
    };
}

/* A record owns its arrays; the list moves records by value. */
static void record_fini(struct rescale_record *record)
{
    mem_destroy(record->vertices);
    mem_destroy(record->groups);
    mem_destroy(record->acquired);
    vec_fini(&record->spans);
}

void rescale_history_fini(struct rescale_history *history)
{
    for (VEC_EACH(struct rescale_record, record, &history->records))
        record_fini(record);
    vec_fini(&history->records);
    mem_destroy(history->last_vertices);
    mem_destroy(history->last_groups);
    *history = (struct rescale_history){ 0 };
}

bool rescale_history_is_on(const struct rescale_history *history)
{
    return history->records_max > 0;
}

/* Only the newest can be open: begin checks that none is. */
static struct rescale_record *open_record(const struct rescale_history *history)
{
    if (history->records.count == 0)
        return NULL;
    struct rescale_record *newest = &vec_last(&history->records);
    return newest->state == RESCALE_IN_PROGRESS ? newest : NULL;
}

const struct rescale_record *rescale_history_open_record(const struct rescale_history *history)
{
    return open_record(history);
}

/* Everything but `before` is told later. */
static struct rescale_numbers *numbers_after(const int32_t *before, size_t count)
{
    struct rescale_numbers *numbers = mem_create_array(count, sizeof *numbers);
    for (size_t i = 0; i < count; i++)
        numbers[i] = (struct rescale_numbers){ .desired = RESCALE_UNKNOWN,
                                               .sufficient = RESCALE_UNKNOWN,
                                               .before = before[i],
                                               .after = RESCALE_UNKNOWN };
    return numbers;
}

/* The record enters the list at once, as in Flink: a list of one shows the open record alone. */
void rescale_history_begin(struct rescale_history *history, enum rescale_cause cause,
                           bool new_requirements, time_ns now)
{
    if (!rescale_history_is_on(history))
        return;
    CHECK(!open_record(history));
    CHECK(cause < RESCALE_CAUSE_COUNT);
    if (new_requirements || history->requirements == 0) {
        history->requirements++;
        history->attempt = 0;
    }
    history->attempt++;
    if (history->records.count == history->records_max) {
        record_fini(&history->records.items[0]);
        vec_remove_ordered(&history->records, 0);
    }
    struct rescale_record record = {
        .id = history->next_id++,
        .requirements = history->requirements,
        .attempt = history->attempt,
        .cause = cause,
        .state = RESCALE_IN_PROGRESS,
        .started_at = now,
        .ended_at = TIME_NEVER,
        .vertices = numbers_after(history->last_vertices, history->vertex_count),
        .groups = numbers_after(history->last_groups, history->group_count),
        .acquired = mem_create_array(history->group_count, sizeof *record.acquired),
    };
    for (size_t g = 0; g < history->group_count; g++)
        record.acquired[g].unknown = true;
    vec_push(&history->records, record);
    history->counts[RESCALE_IN_PROGRESS] = 1;
}

/* Merged, because one restart serves both: two records would count it twice. */
void rescale_history_on_failover(struct rescale_history *history, time_ns now)
{
    struct rescale_record *record = open_record(history);
    if (!record) {
        rescale_history_begin(history, RESCALE_CAUSE_RECOVERABLE_FAILOVER, false, now);
        return;
    }
    record->cause = RESCALE_CAUSE_RECOVERABLE_FAILOVER;
    vec_clear(&record->spans);
}

/* The bounds as they were when the record began: a change of them ends it and begins the next. */
void rescale_history_set_wanted(struct rescale_history *history, const int32_t *vertices_desired,
                                const int32_t *vertices_lower, const int32_t *groups_desired,
                                const int32_t *groups_lower)
{
    struct rescale_record *record = open_record(history);
    if (!record)
        return;
    for (size_t v = 0; v < history->vertex_count; v++) {
        record->vertices[v].desired = vertices_desired[v];
        record->vertices[v].sufficient = vertices_lower[v];
    }
    for (size_t g = 0; g < history->group_count; g++) {
        record->groups[g].desired = groups_desired[g];
        record->groups[g].sufficient = groups_lower[g];
    }
}

/* Told of a success only, right before its end; other records keep `after` unknown. */
void rescale_history_set_result(struct rescale_history *history, const int32_t *parallelism,
                                const int32_t *slots, const struct resource_profile *acquired)
{
    struct rescale_record *record = open_record(history);
    if (!record)
        return;
    for (size_t v = 0; v < history->vertex_count; v++)
        record->vertices[v].after = parallelism[v];
    for (size_t g = 0; g < history->group_count; g++) {
        record->groups[g].after = slots[g];
        record->acquired[g] = acquired[g];
    }
}

/* Bounded, because a record stays open for as long as its job waits for resources. */
void rescale_history_add_span(struct rescale_history *history, const struct rescale_span *span)
{
    CHECK(span->left_at >= span->entered_at);
    struct rescale_record *record = open_record(history);
    if (!record || record->spans.count >= RESCALE_SPANS_MAX)
        return;
    vec_push(&record->spans, *span);
}

/* Only a completed record has a result that the next one starts from. */
void rescale_history_end(struct rescale_history *history, enum rescale_reason reason, time_ns now)
{
    CHECK(reason < RESCALE_REASON_COUNT);
    struct rescale_record *record = open_record(history);
    if (!record)
        return;
    CHECK(now >= record->started_at);
    record->reason = reason;
    record->state = reason_states[reason];
    record->ended_at = now;
    history->counts[RESCALE_IN_PROGRESS] = 0;
    history->counts[record->state]++;
    if (record->state != RESCALE_COMPLETED)
        return;
    for (size_t v = 0; v < history->vertex_count; v++)
        history->last_vertices[v] = record->vertices[v].after;
    for (size_t g = 0; g < history->group_count; g++)
        history->last_groups[g] = record->groups[g].after;
}

static uint64_t hash_numbers(uint64_t hash, const struct rescale_numbers *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        hash = hash_add(hash, (uint64_t)numbers[i].desired);
        hash = hash_add(hash, (uint64_t)numbers[i].sufficient);
        hash = hash_add(hash, (uint64_t)numbers[i].before);
        hash = hash_add(hash, (uint64_t)numbers[i].after);
    }
    return hash;
}

/* States by their names: the text lies where this build has put it, which is not state. */
static uint64_t hash_record(uint64_t hash, const struct rescale_history *history,
                            const struct rescale_record *record)
{
    hash = hash_add(hash, record->id);
    hash = hash_add(hash, record->requirements);
    hash = hash_add(hash, record->attempt);
    hash = hash_add(hash, record->cause);
    hash = hash_add(hash, record->state);
    hash = hash_add(hash, record->reason);
    hash = hash_add(hash, (uint64_t)record->started_at);
    hash = hash_add(hash, (uint64_t)record->ended_at);
    hash = hash_numbers(hash, record->vertices, history->vertex_count);
    hash = hash_numbers(hash, record->groups, history->group_count);
    for (size_t g = 0; g < history->group_count; g++) {
        hash = hash_add(hash, record->acquired[g].unknown);
        hash = hash_add(hash, (uint64_t)record->acquired[g].cpu_milli);
        hash = hash_add(hash, (uint64_t)record->acquired[g].memory_bytes);
    }
    for (VEC_EACH(const struct rescale_span, span, &record->spans)) {
        hash = hash_add_text(hash, span->state);
        hash = hash_add(hash, (uint64_t)span->entered_at);
        hash = hash_add(hash, (uint64_t)span->left_at);
        hash = hash_add(hash, span->cause);
    }
    return hash;
}

uint64_t rescale_history_hash(const struct rescale_history *history)
{
    uint64_t hash = hash_mix(history->next_id);
    hash = hash_add(hash, history->requirements);
    hash = hash_add(hash, history->attempt);
    for (int s = 0; s < RESCALE_STATE_COUNT; s++)
        hash = hash_add(hash, history->counts[s]);
    for (size_t v = 0; v < history->vertex_count; v++)
        hash = hash_add(hash, (uint64_t)history->last_vertices[v]);
    for (size_t g = 0; g < history->group_count; g++)
        hash = hash_add(hash, (uint64_t)history->last_groups[g]);
    for (VEC_EACH(const struct rescale_record, record, &history->records))
        hash = hash_record(hash, history, record);
    return hash;
}
