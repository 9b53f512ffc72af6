/* SPDX-License-Identifier: Apache-2.0
 *
 * What a TaskManager's report makes of an attempt: every state it may be in, every state that may
 * be reported. What is not minded leaves the scheduler's hash alone. Source: Execution
 * (switchToInitializing, switchToRunning, markFinished, markFailed, completeCancelling), A8.
 */
#include <check.h>

#include "core/cluster/job_manager.h"
#include "core/cluster/view.h"
#include "core/schedule/scheduler.h"
#include "tests/lib/story_setup.h"

static const struct node_id jm = { 0 }, tm1 = { 1 };

static struct scheduler *scheduler_of(const struct story *story)
{
    struct job_manager *manager =
        (struct job_manager *)(uintptr_t)node_job_manager(story_node(story, jm));
    effects_begin(&manager->effects, story_now(story));
    return &manager->dispatcher.jobs.items[0].master->scheduler;
}

/* A job of one region. Slots come after 74 ms, deploying takes 22 ms, initializing 10 ms. */
static struct story *open(uint32_t slots, time_ns until)
{
    struct story *story = story_begin(0);
    story_fixed_delay(story, "5", "5 s");
    story_open(story, 1, slots, story_job(story, 2, 4));
    story_run(story, until);
    return story;
}

static struct story *scheduled(void)
{
    return open(1, 1 * TIME_S);
}
static struct story *deploying(void)
{
    return open(2, 180 * TIME_MS);
}
static struct story *initializing(void)
{
    return open(2, 200 * TIME_MS);
}
static struct story *running(void)
{
    return open(2, 1 * TIME_S);
}
static struct story *finished(void)
{
    struct story *story = running();
    story_report(story, 0, EXECUTION_FINISHED, CAUSE_NONE);
    story_run(story, 2 * TIME_S);
    return story;
}
static struct story *after_failure_of(uint32_t task, time_ns cancel)
{
    struct story *story = running();
    story_slow_cancel(story, cancel);
    story_report(story, task, EXECUTION_FAILED, CAUSE_USER_CODE);
    story_run(story, 2 * TIME_S);
    return story;
}
static struct story *canceling(void)
{
    return after_failure_of(1, 3 * TIME_S);
}
static struct story *canceled(void)
{
    return after_failure_of(1, STORY_CANCEL);
}
static struct story *failed(void)
{
    return after_failure_of(0, STORY_CANCEL);
}
static struct story *created(void)
{
    struct story *story = canceled();
    struct scheduler *s = scheduler_of(story);
    execution_graph_reset(s->graph, (struct task_id){ 0 }, story_now(story));
    return story;
}

static const struct task_report said[] = {
    { .state = EXECUTION_INITIALIZING },
    { .state = EXECUTION_RUNNING },
    { .state = EXECUTION_FINISHED },
    { .state = EXECUTION_CANCELED },
    { .state = EXECUTION_FAILED, .cause = CAUSE_USER_CODE },
    { .state = EXECUTION_FAILED, .cause = CAUSE_SLOT_LOST }, /* the order found no slot */
};
enum { SAID = sizeof said / sizeof *said };

struct report_row {
    struct story *(*bring)(void);
    enum execution_state state;
    enum execution_state to[SAID]; /* the same: not minded */
};

#define CRE EXECUTION_CREATED
#define SCH EXECUTION_SCHEDULED
#define DEP EXECUTION_DEPLOYING
#define INI EXECUTION_INITIALIZING
#define RUN EXECUTION_RUNNING
#define FIN EXECUTION_FINISHED
#define CNG EXECUTION_CANCELING
#define CND EXECUTION_CANCELED
#define FLD EXECUTION_FAILED

static const struct report_row rows[] = {
    { created, CRE, { CRE, CRE, CRE, CRE, CRE, CRE } },
    { scheduled, SCH, { SCH, SCH, SCH, CND, FLD, FLD } },
    { deploying, DEP, { INI, RUN, FIN, CND, FLD, FLD } },
    { initializing, INI, { INI, RUN, FIN, CND, FLD, FLD } },
    { running, RUN, { RUN, RUN, FIN, CND, FLD, FLD } },
    { finished, FIN, { FIN, FIN, FIN, FIN, FIN, FIN } },
    { canceling, CNG, { CNG, CNG, CND, CND, CND, CND } },
    { canceled, CND, { CND, CND, CND, CND, CND, CND } },
    { failed, FLD, { FLD, FLD, FLD, FLD, FLD, FLD } },
};
enum { ROWS = sizeof rows / sizeof *rows };

/* Cancels that the last call has sent to the reporting TaskManager. */
static size_t cancels_sent(const struct scheduler *s)
{
    size_t count = 0;
    for (VEC_EACH(const struct effect, effect, &s->parts.effects->list))
        if (effect->kind == EFFECT_SEND && effect->send.message->kind == MESSAGE_CANCEL_TASKS &&
            effect->send.to.n == tm1.n)
            count += effect->send.message->cancel_tasks.tasks_count;
    return count;
}

START_TEST(every_report_in_every_state_of_an_attempt)
{
    const struct report_row *row = &rows[_i / SAID];
    struct task_report report = said[_i % SAID];
    struct story *story = row->bring();
    struct scheduler *s = scheduler_of(story);
    const struct execution *execution = &s->graph->tasks[0];
    ck_assert_int_eq(execution->state, row->state);
    report.attempt = execution_graph_attempt(s->graph, (struct task_id){ 0 });
    uint64_t before = scheduler_hash(s);
    scheduler_on_task_states(s, tm1, &report, 1);
    enum execution_state to = row->to[_i % SAID];
    ck_assert_msg(execution->state == to, "%s reported in %s leads to %s",
                  state_name(&execution_states, report.state),
                  state_name(&execution_states, row->state),
                  state_name(&execution_states, execution->state));
    ck_assert_int_eq(scheduler_hash(s) == before, to == row->state);
    bool is_over = execution_state_is_terminal(row->state) && _i % SAID < 2;
    ck_assert(!is_over || cancels_sent(s) == 1);
    story_destroy(story);
}
END_TEST

/* CANCELED of what nobody cancelled is no failure, whatever becomes of the job; but what was never
 * deployed cannot be cancelled out there, and Flink fails the job ("Asynchronous race"). */
START_TEST(a_cancellation_that_nobody_ordered_is_a_failure_only_before_deployment)
{
    struct story *story = _i ? scheduled() : running();
    struct scheduler *s = scheduler_of(story);
    struct task_report report = { .state = EXECUTION_CANCELED };
    report.attempt = execution_graph_attempt(s->graph, (struct task_id){ 0 });
    scheduler_on_task_states(s, tm1, &report, 1);
    ck_assert_int_eq(s->status, _i ? JOB_RESTARTING : JOB_RUNNING);
    ck_assert_uint_eq(execution_graph_count(s->graph, EXECUTION_RUNNING), _i ? 0 : 3);
    ck_assert_uint_eq(execution_graph_count(s->graph, EXECUTION_FAILED), 0);
    ck_assert_uint_eq(s->restart_count, _i ? 1 : 0);
    story_destroy(story);
}
END_TEST

/* A global failure for an attempt's sake (failGlobalIfExecutionIsStillRunning). */
START_TEST(a_job_fails_for_an_attempt_only_while_that_starts_or_runs)
{
    struct story *story = rows[_i].bring();
    struct scheduler *s = scheduler_of(story);
    struct task_attempt attempt = execution_graph_attempt(s->graph, (struct task_id){ 0 });
    uint64_t before = scheduler_hash(s);
    attempt.attempt++;
    scheduler_fail_job_for(s, attempt, CAUSE_CHECKPOINT_FAILURES);
    ck_assert_uint_eq(scheduler_hash(s), before);
    attempt.attempt--;
    scheduler_fail_job_for(s, attempt, CAUSE_CHECKPOINT_FAILURES);
    bool is_there = rows[_i].state == INI || rows[_i].state == RUN;
    ck_assert_int_eq(scheduler_hash(s) != before, is_there);
    ck_assert_int_eq(s->graph->tasks[0].state, is_there ? CNG : rows[_i].state);
    story_destroy(story);
}
END_TEST

/* Of an attempt that is no longer, or not yet, the current one nothing is taken, in any state. What
 * runs there all the same is told to end (JobMaster.updateTaskExecutionState: "not found"). */
START_TEST(reports_of_other_attempts_change_nothing)
{
    const struct report_row *row = &rows[_i / SAID];
    struct story *story = row->bring();
    struct scheduler *s = scheduler_of(story);
    struct task_attempt current = execution_graph_attempt(s->graph, (struct task_id){ 0 });
    struct task_attempt others[] = { current, current, current };
    others[0].attempt++;
    others[1].graph++;
    others[2].task.n = 1000;
    uint64_t before = scheduler_hash(s);
    for (size_t i = 0; i < 3; i++) {
        struct task_report report = said[_i % SAID];
        report.attempt = others[i];
        scheduler_on_task_states(s, tm1, &report, 1);
    }
    ck_assert_uint_eq(scheduler_hash(s), before);
    ck_assert_uint_eq(cancels_sent(s), _i % SAID < 2 ? 3 : 0);
    story_destroy(story);
}
END_TEST

/* NettyPartitionRequestClient's exceptions name the TaskManager at the other end; so do the line of
 * the failure and the exception history. A cancelled attempt is no failure and names nobody. */
START_TEST(a_lost_connection_names_its_other_end)
{
    struct story *story = running();
    struct scheduler *s = scheduler_of(story);
    struct task_report report = { execution_graph_attempt(s->graph, (struct task_id){ 2 }),
                                  EXECUTION_FAILED,
                                  CAUSE_CONNECTION_LOST,
                                  { 7 },
                                  0 };
    scheduler_on_task_states(s, tm1, &report, 1);
    const struct effect *line = NULL;
    for (VEC_EACH(const struct effect, effect, &s->parts.effects->list))
        if (effect->kind == EFFECT_LOG && effect->log.to && strcmp(effect->log.to, "FAILED") == 0)
            line = effect;
    ck_assert_ptr_nonnull(line);
    ck_assert_uint_eq(line->log.subject & LOG_OF_REMOTE, LOG_OF_REMOTE);
    ck_assert_uint_eq(line->log.remote.n, 7);
    ck_assert_uint_eq(vec_last(&s->parts.exceptions->entries).remote.n, 7);
    ck_assert_uint_eq(vec_last(&s->parts.exceptions->entries).node.n, tm1.n);
    report.attempt = execution_graph_attempt(s->graph, (struct task_id){ 3 });
    scheduler_on_task_states(s, tm1, &report, 1);
    ck_assert_int_eq(s->graph->tasks[3].state, EXECUTION_CANCELED);
    ck_assert_uint_eq(s->parts.exceptions->root_count, 1);
    story_destroy(story);
}
END_TEST

/* Deployment reconciliation: what a heartbeat's answer names and we do not run there is cancelled
 * there, what it does not name and should fails here, and what both agree on is left alone. */
START_TEST(a_heartbeat_reconciles_what_runs)
{
    struct story *story = running();
    struct scheduler *s = scheduler_of(story);
    struct task_attempt said_to_run[4];
    for (uint32_t t = 0; t < 4; t++)
        said_to_run[t] = execution_graph_attempt(s->graph, (struct task_id){ t });
    scheduler_on_reconcile(s, tm1, said_to_run, 4);
    ck_assert_uint_eq(cancels_sent(s), 0);
    ck_assert_uint_eq(execution_graph_count(s->graph, EXECUTION_RUNNING), 4);
    said_to_run[3].task.n = 1000;
    scheduler_on_reconcile(s, tm1, said_to_run, 4);
    ck_assert_uint_eq(s->graph->tasks[3].state, EXECUTION_FAILED);
    /* the stranger, and the three that restart with the failed one */
    ck_assert_uint_eq(cancels_sent(s), 1 + 3);
    ck_assert_uint_eq(execution_graph_count(s->graph, EXECUTION_CANCELING), 3);
    story_destroy(story);
}
END_TEST

/* Orders go out in one message for each TaskManager, not one for each task. */
START_TEST(a_cancel_is_one_message_for_a_task_manager)
{
    struct story *story = running();
    struct scheduler *s = scheduler_of(story);
    size_t messages = 0;
    scheduler_cancel(s);
    for (VEC_EACH(const struct effect, effect, &s->parts.effects->list))
        messages +=
            effect->kind == EFFECT_SEND && effect->send.message->kind == MESSAGE_CANCEL_TASKS;
    ck_assert_uint_eq(messages, 1);
    ck_assert_uint_eq(cancels_sent(s), 4);
    story_destroy(story);
}
END_TEST

Suite *test_schedule_reports_suite(void)
{
    Suite *suite = suite_create("schedule: reports");
    TCase *reports = tcase_create("reports");
    tcase_add_loop_test(reports, every_report_in_every_state_of_an_attempt, 0, ROWS * SAID);
    tcase_add_loop_test(reports, reports_of_other_attempts_change_nothing, 0, ROWS * SAID);
    tcase_add_loop_test(reports, a_job_fails_for_an_attempt_only_while_that_starts_or_runs, 0,
                        ROWS);
    tcase_add_loop_test(
        reports, a_cancellation_that_nobody_ordered_is_a_failure_only_before_deployment, 0, 2);
    tcase_add_test(reports, a_lost_connection_names_its_other_end);
    tcase_add_test(reports, a_heartbeat_reconciles_what_runs);
    tcase_add_test(reports, a_cancel_is_one_message_for_a_task_manager);
    suite_add_tcase(suite, reports);
    return suite;
}
