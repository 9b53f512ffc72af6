/* SPDX-License-Identifier: Apache-2.0
 *
 * The little world of the coordinator's tests. At one instant what tasks and store say comes before
 * the coordinator's own timers, because it was sent earlier.
 */
#include "tests/lib/checkpoints.h"

#include <stdlib.h>

#include "core/base/text.h"
#include "tests/lib/graphs.h"

static void must(struct err err)
{
    if (err_is(err))
        abort();
}

struct job_graph *checkpoint_fixture_job(const struct config *config, int32_t parallelism)
{
    struct job_graph *job = job_graph_create("job", (struct job_id){ 0 }, config);
    struct group_id group = { 0 };
    struct vertex_id source, count;
    must(job_graph_add_vertex(job, "source", parallelism, 128, group, &source, NULL));
    must(job_graph_add_vertex(job, "count", parallelism, 128, group, &count, NULL));
    job->vertices.items[source.n].operators.items[0].operator_state = OPERATOR_STATE_SPLIT;
    job->vertices.items[count.n].operators.items[0].keyed_state = true;
    must(job_graph_add_edge(job, source, count, PARTITION_HASH, RESULT_PIPELINED_BOUNDED, NULL));
    must(job_graph_finish(job, NULL, NULL));
    return job;
}

void checkpoint_shelve(struct snapshot_shelf *shelf, const struct job_graph *job, bool is_savepoint,
                       uint64_t id, int64_t bytes)
{
    struct execution_graph *graph = graphs_execution(job);
    struct completed_checkpoint taken = { .id = id, .kind = CHECKPOINT_SAVEPOINT };
    task_states_of_graph(graph, &taken.states);
    for (VEC_EACH(struct task_state, state, &taken.states))
        state->bytes = bytes;
    snapshot_shelf_add(shelf, job, is_savepoint, &taken);
    execution_graph_destroy(graph);
}

void checkpoint_fixture_init(struct checkpoint_fixture *fixture, int32_t parallelism,
                             const char *const *keys)
{
    *fixture = (struct checkpoint_fixture){ .config = config_default(),
                                            .snapshot = 20 * TIME_MS,
                                            .store = 5 * TIME_MS };
    for (; keys && *keys; keys += 2)
        must(config_set(&fixture->config, keys[0], keys[1], NULL));
    fixture->job = checkpoint_fixture_job(&fixture->config, parallelism);
    int32_t both[] = { parallelism, parallelism }, most[] = { 128, 128 };
    fixture->graph = execution_graph_create(fixture->job, both, most, NULL, 0);
    effects_init(&fixture->effects, LOG_DECISION);
    effects_begin(&fixture->effects, 0);
    checkpoint_fixture_move_all(fixture, EXECUTION_RUNNING);
    checkpoint_coordinator_init(&fixture->coordinator, &fixture->config, (struct job_id){ 0 }, 7);
    checkpoint_coordinator_set_graph(&fixture->coordinator, fixture->graph);
    checkpoint_coordinator_start_periodic(&fixture->coordinator, &fixture->effects);
    checkpoint_coordinator_stop_periodic(&fixture->coordinator, CHECKPOINT_FAILURE_SUSPENDED,
                                         &fixture->effects);
    effects_begin(&fixture->effects, 0);
}

void checkpoint_fixture_fini(struct checkpoint_fixture *fixture)
{
    checkpoint_coordinator_fini(&fixture->coordinator);
    execution_graph_destroy(fixture->graph);
    job_graph_destroy(fixture->job);
    effects_fini(&fixture->effects);
    vec_fini(&fixture->events);
}

void checkpoint_fixture_forget_log(struct checkpoint_fixture *fixture)
{
    fixture->log_length = 0;
    fixture->log[0] = '\0';
}

/* Takes the step's lines over and begins the next step at the same time. */
static void collect_log(struct checkpoint_fixture *fixture)
{
    for (VEC_EACH(const struct effect, effect, &fixture->effects.list)) {
        const struct log_line *line = &effect->log;
        if (effect->kind != EFFECT_LOG || !text_equal(line->machine, "checkpoint"))
            continue;
        char *out = fixture->log + fixture->log_length;
        size_t size = sizeof fixture->log - fixture->log_length;
        size_t used = text_format(out, size, "%lld %s", (long long)(fixture->effects.now / TIME_MS),
                                  line->what);
        if (line->subject & LOG_OF_CHECKPOINT)
            used +=
                text_format(out + used, size - used, " %llu", (unsigned long long)line->checkpoint);
        if (line->reason)
            used += text_format(out + used, size - used, " (%s)", line->reason);
        used += text_format(out + used, size - used, ";");
        fixture->log_length += used;
    }
    effects_begin(&fixture->effects, fixture->effects.now);
}

static void expect(struct checkpoint_fixture *fixture, time_ns after, uint64_t checkpoint,
                   bool stored)
{
    vec_push(&fixture->events, (struct fixture_event){ .at = fixture->effects.now + after,
                                                       .checkpoint = checkpoint,
                                                       .stored = stored });
}

void checkpoint_fixture_carry_out(struct checkpoint_fixture *fixture)
{
    struct checkpoint_coordinator_order order;
    collect_log(fixture);
    while (checkpoint_coordinator_next_order(&fixture->coordinator, &order)) {
        fixture->last[order.kind] = order;
        fixture->order_counts[order.kind]++;
        bool silent = fixture->silent == UINT64_MAX || fixture->silent == order.checkpoint;
        if (order.kind == ORDER_TRIGGER && !silent)
            expect(fixture, fixture->snapshot, order.checkpoint, false);
        if (order.kind == ORDER_WRITE_METADATA)
            expect(fixture, fixture->store, order.checkpoint, true);
    }
}

void checkpoint_fixture_acknowledge(struct checkpoint_fixture *fixture, uint64_t checkpoint)
{
    for (uint32_t t = 0; t < fixture->graph->task_count; t++) {
        struct checkpoint_ack ack = { .attempt = { { t }, fixture->graph->tasks[t].attempt, 0 },
                                      .state_bytes = 100,
                                      .written_bytes = 10,
                                      .in_flight_bytes = 1,
                                      .async = (time_ns)t * TIME_MS };
        checkpoint_coordinator_on_acknowledge(&fixture->coordinator, checkpoint, &ack, 1,
                                              &fixture->effects);
    }
    checkpoint_fixture_carry_out(fixture);
}

static void happen(struct checkpoint_fixture *fixture, size_t index)
{
    struct fixture_event event = fixture->events.items[index];
    vec_remove_ordered(&fixture->events, index);
    if (!event.stored) {
        checkpoint_fixture_acknowledge(fixture, event.checkpoint);
        return;
    }
    checkpoint_coordinator_on_stored(&fixture->coordinator, event.checkpoint, fixture->store_fails,
                                     &fixture->effects);
    checkpoint_fixture_carry_out(fixture);
}

void checkpoint_fixture_advance_to(struct checkpoint_fixture *fixture, time_ns now)
{
    for (;;) {
        time_ns due = checkpoint_coordinator_deadline(&fixture->coordinator);
        size_t first = fixture->events.count;
        for (size_t i = fixture->events.count; i-- > 0;) {
            if (fixture->events.items[i].at <= due) {
                due = fixture->events.items[i].at;
                first = i;
            }
        }
        if (due > now)
            break;
        effects_begin(&fixture->effects, due);
        if (first < fixture->events.count) {
            happen(fixture, first);
        } else {
            checkpoint_coordinator_on_time(&fixture->coordinator, &fixture->effects);
            checkpoint_fixture_carry_out(fixture);
        }
    }
    effects_begin(&fixture->effects, now);
}

void checkpoint_fixture_backlog(struct checkpoint_fixture *fixture, bool backlog)
{
    struct task_attempt by = execution_graph_attempt(fixture->graph, (struct task_id){ 0 });
    checkpoint_coordinator_on_backlog(&fixture->coordinator, by, backlog, &fixture->effects);
    checkpoint_fixture_carry_out(fixture);
}

void checkpoint_fixture_start(struct checkpoint_fixture *fixture)
{
    checkpoint_coordinator_start_periodic(&fixture->coordinator, &fixture->effects);
    checkpoint_fixture_carry_out(fixture);
}

void checkpoint_fixture_request(struct checkpoint_fixture *fixture, enum checkpoint_kind kind,
                                uint64_t client_token)
{
    checkpoint_coordinator_request(&fixture->coordinator, kind, client_token, &fixture->effects);
    checkpoint_fixture_carry_out(fixture);
}

void checkpoint_fixture_move(struct checkpoint_fixture *fixture, uint32_t task,
                             enum execution_state to)
{
    static const enum execution_state way[] = { EXECUTION_SCHEDULED, EXECUTION_DEPLOYING,
                                                EXECUTION_INITIALIZING, EXECUTION_RUNNING };
    const struct execution *execution = &fixture->graph->tasks[task];
    enum failure_cause cause = to == EXECUTION_FAILED ? CAUSE_USER_CODE : CAUSE_NONE;
    for (int i = 0; execution->state < EXECUTION_RUNNING && execution->state != to; i++)
        if (execution->state < way[i])
            execution_graph_move(fixture->graph, (struct task_id){ task }, way[i], CAUSE_NONE,
                                 &fixture->effects);
    if (execution->state != to)
        execution_graph_move(fixture->graph, (struct task_id){ task }, to, cause,
                             &fixture->effects);
}

void checkpoint_fixture_move_all(struct checkpoint_fixture *fixture, enum execution_state to)
{
    for (uint32_t t = 0; t < fixture->graph->task_count; t++)
        checkpoint_fixture_move(fixture, t, to);
}
