/* SPDX-License-Identifier: Apache-2.0
 *
 * Data connections over links that are cut: which records they hold up, and which barriers. Two
 * hosts, two tasks each unless a test says otherwise; no latency, so a barrier that nothing holds
 * is there at once. What was lost is sent again 0.2, 0.6, ... 12.6, 25.4, 51 s after the cut
 * (tcp.h), so a cut at 10 s that heals at 30 s is over at 35.4 s.
 */
#include <check.h>

#include "sim/model/state.h"
#include "tests/lib/model_fixture.h"

static const struct job_id job_0 = { 0 };
static const uint32_t hosts[] = { 1, 2, 3, 4 };

static struct model_fixture f;
static struct fixture_deployment deployed;
static struct vertex_model *source;

static void begin(enum partitioner partitioner, const uint32_t *parallelism, uint32_t host_count,
                  double rate)
{
    model_fixture_init(&f);
    source = model_fixture_vertex(&f, job_0, "source", 128, 10 * TIME_US);
    model_fixture_vertex(&f, job_0, "count", 128, 100 * TIME_US);
    model_fixture_edge(&f, job_0, 0, 1, partitioner);
    deployed = (struct fixture_deployment){
        .job = job_0, .parallelism = parallelism, .hosts = hosts, .host_count = host_count
    };
    model_fixture_begin(&f, &deployed, rate);
}

static const uint32_t two_each[] = { 2, 2 }, four_each[] = { 4, 4 };

static const struct checkpoint_order ways[] = {
    { .checkpoint = 1 },
    { .checkpoint = 1, .unaligned = true },
    { .checkpoint = 1, .unaligned = true, .aligned_timeout = 5 * TIME_S },
    { .checkpoint = 1, .kind = CHECKPOINT_SAVEPOINT },
    { .checkpoint = 1, .kind = CHECKPOINT_STOP_SUSPEND },
};
enum { WAYS = sizeof ways / sizeof *ways };

static time_ns alignment_of_last(void)
{
    time_ns alignment = -1;
    for (VEC_EACH(const struct fixture_line, line, &f.lines))
        if (line->kind == DATA_CHECKPOINT_ACKNOWLEDGED)
            alignment = line->ack.alignment;
    return alignment;
}

/* Half of each reader's channels are blocked until the other half's barriers come. */
START_TEST(a_checkpoint_waits_for_the_link_to_heal)
{
    static const time_ns alignment[WAYS] = { 25400 * TIME_MS, 0, 5 * TIME_S, 25400 * TIME_MS,
                                             25400 * TIME_MS };
    begin(PARTITION_HASH, two_each, 2, 1000);
    model_fixture_cut_link(&f, 1, 2, true);
    model_fixture_checkpoint(&f, &deployed, DATA_TRIGGER_CHECKPOINT, &ways[_i]);
    model_fixture_run(&f, 30 * TIME_S);
    ck_assert_int_lt(model_fixture_acknowledged(&f, 1, 2), 10001 * TIME_MS); /* the sources */
    ck_assert_int_eq(model_fixture_acknowledged(&f, 1, 3), TIME_NEVER);
    model_fixture_cut_link(&f, 1, 2, false);
    model_fixture_run(&f, 40 * TIME_S);
    time_ns last = model_fixture_acknowledged(&f, 1, 4);
    ck_assert(last >= 35400 * TIME_MS && last < 35500 * TIME_MS);
    ck_assert_int_eq(alignment_of_last(), alignment[_i]);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FAILED), 0);
    model_fixture_fini(&f);
}
END_TEST

/* Cut while the barrier is under way behind what fills the buffers. */
START_TEST(what_is_before_the_barrier_does_not_pass_a_cut_link)
{
    time_ns took[2];
    for (int cut = 0; cut < 2; cut++) {
        begin(PARTITION_HASH, two_each, 2, 40000);
        model_fixture_run(&f, 20 * TIME_S);
        model_fixture_trigger(&f, &deployed, 1, CHECKPOINT_PERIODIC);
        model_fixture_run(&f, 20100 * TIME_MS);
        if (cut)
            model_fixture_cut_link(&f, 1, 2, true);
        model_fixture_run(&f, 50100 * TIME_MS);
        if (cut) {
            ck_assert_int_eq(model_fixture_acknowledged(&f, 1, 3), TIME_NEVER);
            model_fixture_cut_link(&f, 1, 2, false);
        }
        model_fixture_run(&f, 90 * TIME_S);
        took[cut] = model_fixture_acknowledged(&f, 1, 4) - 20 * TIME_S;
        model_fixture_fini(&f);
    }
    ck_assert_int_gt(took[0], 200 * TIME_MS);
    ck_assert_double_eq_tol((double)(took[1] - took[0]) / 1e9, 51, 1e-3);
}
END_TEST

/* The buffers were full and nothing moved when the job was told to stop. */
START_TEST(a_stop_with_savepoint_begun_over_a_cut_link_ends_after_it_has_healed)
{
    begin(PARTITION_HASH, two_each, 2, 40000);
    model_fixture_run(&f, 20 * TIME_S);
    double bytes = f.model->jobs[0].vertices[1].flow.deal.even.ahead;
    model_fixture_cut_link(&f, 1, 2, true);
    model_fixture_run(&f, 21 * TIME_S);
    model_fixture_trigger(&f, &deployed, 1, CHECKPOINT_STOP_SUSPEND);
    model_fixture_run(&f, 30 * TIME_S);
    ck_assert_int_eq(model_fixture_acknowledged(&f, 1, 3), TIME_NEVER);
    model_fixture_cut_link(&f, 1, 2, false);
    model_fixture_run(&f, 90 * TIME_S);
    double took = (double)(model_fixture_acknowledged(&f, 1, 4) - 32600 * TIME_MS) / 1e9;
    /* two readers of 10,000 records/s and 100 bytes each */
    ck_assert_double_eq_tol(took, bytes / 2e6, 1e-3);
    model_fixture_fini(&f);
}
END_TEST

/* The same for a reader that was frozen. */
START_TEST(a_stop_with_savepoint_begun_before_a_frozen_reader_ends_when_it_is_resumed)
{
    begin(PARTITION_HASH, two_each, 2, 40000);
    model_fixture_freeze(&f, 2, true);
    model_fixture_run(&f, 20 * TIME_S);
    model_fixture_trigger(&f, &deployed, 1, CHECKPOINT_STOP_SUSPEND);
    model_fixture_run(&f, 30 * TIME_S);
    ck_assert_int_eq(model_fixture_acknowledged(&f, 1, 3), TIME_NEVER);
    model_fixture_freeze(&f, 2, false);
    model_fixture_run(&f, 90 * TIME_S);
    ck_assert_int_ne(model_fixture_acknowledged(&f, 1, 4), TIME_NEVER);
    model_fixture_fini(&f);
}
END_TEST

START_TEST(a_checkpoint_that_has_expired_is_not_acknowledged_when_the_link_heals)
{
    begin(PARTITION_HASH, two_each, 2, 1000);
    model_fixture_cut_link(&f, 1, 2, true);
    model_fixture_trigger(&f, &deployed, 1, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 20 * TIME_S);
    model_fixture_tell(&f, &deployed, DATA_CHECKPOINT_ABORTED, 1);
    model_fixture_cut_link(&f, 1, 2, false);
    model_fixture_run(&f, 30 * TIME_S);
    ck_assert_int_eq(model_fixture_acknowledged(&f, 1, 3), TIME_NEVER);
    model_fixture_trigger(&f, &deployed, 2, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 40 * TIME_S);
    ck_assert_int_lt(model_fixture_acknowledged(&f, 2, 4), 30100 * TIME_MS);
    model_fixture_fini(&f);
}
END_TEST

/* Each pipeline stays on its host. */
START_TEST(a_forward_edge_within_hosts_does_not_mind)
{
    begin(PARTITION_FORWARD, two_each, 2, 1000);
    model_fixture_cut_link(&f, 1, 2, true);
    model_fixture_cut(&f, 2, true);
    ck_assert_double_eq_tol(model_fixture_served(&f, 20 * TIME_S, 30 * TIME_S), 10000, 1e-3);
    model_fixture_checkpoint(&f, &deployed, DATA_TRIGGER_CHECKPOINT, &ways[_i]);
    model_fixture_run(&f, 31 * TIME_S);
    ck_assert_int_lt(model_fixture_acknowledged(&f, 1, 4), 30100 * TIME_MS);
    model_fixture_fini(&f);
}
END_TEST

/* Rescale from two to four: subtask 0 sends to 0 and 1, 1 to 2 and 3, of hosts 1, 2, 1, 2: the one
 * connection of the first goes from host 1 to 2, that of the second back. From host 1 to 3: none.
 */
START_TEST(a_pointwise_edge_minds_the_links_of_its_neighbours_only)
{
    static const uint32_t two_and_four[] = { 2, 4 };
    begin(PARTITION_RESCALE, two_and_four, 4, 1000);
    bool connected[5][5] = { { 0 } };
    for (uint32_t s = 0; s < 4; s++)
        connected[hosts[s / 2]][hosts[s]] = connected[hosts[s]][hosts[s / 2]] = true;
    uint64_t checkpoint = 1;
    for (uint32_t a = 1; a <= 4; a++)
        for (uint32_t b = a + 1; b <= 4; b++, checkpoint++) {
            time_ns now = sim_queue_now(f.queue);
            model_fixture_cut_link(&f, a, b, true);
            model_fixture_trigger(&f, &deployed, checkpoint, CHECKPOINT_PERIODIC);
            model_fixture_run(&f, now + 10 * TIME_S);
            ck_assert_int_eq(model_fixture_acknowledged(&f, checkpoint, 6) == TIME_NEVER,
                             connected[a][b]);
            ck_assert_double_eq_tol(model_fixture_job(&f, job_0).served_rate,
                                    connected[a][b] ? 500 : 1000, 1e-6);
            model_fixture_cut_link(&f, a, b, false);
            model_fixture_run(&f, now + 20 * TIME_S);
            ck_assert_int_ne(model_fixture_acknowledged(&f, checkpoint, 6), TIME_NEVER);
        }
    model_fixture_fini(&f);
}
END_TEST

/* Senders 1 and 2 each have a reader that they cannot reach; 3 and 4 go on, and the readers with
 * what these send. */
START_TEST(senders_that_reach_all_their_readers_go_on)
{
    begin(PARTITION_REBALANCE, four_each, 4, 4000);
    model_fixture_cut_link(&f, 1, 2, true);
    model_fixture_run(&f, 11 * TIME_S);
    struct model_vertex_view before = model_fixture_view(&f, job_0, 0);
    ck_assert_double_eq_tol(model_fixture_served(&f, 11 * TIME_S, 21 * TIME_S), 20000, 1e-3);
    struct model_vertex_view after = model_fixture_view(&f, job_0, 0);
    /* two of four for ten seconds */
    ck_assert_double_eq_tol(after.backpressured_seconds - before.backpressured_seconds, 20, 1e-6);
    ck_assert(!f.model->jobs[0].vertices[0].flow.congested);
    ck_assert(f.model->jobs[0].vertices[1].flow.congested);
    ck_assert_double_gt(f.model->jobs[0].components.items[0].fill.bytes, 0);
    model_fixture_fini(&f);
}
END_TEST

/* source -> map -> sink: the map's output is full, and so is what is in front of it and before. */
START_TEST(what_waits_behind_a_jammed_sender_stays_where_it_is)
{
    static const uint32_t three[] = { 2, 2, 2, 2 };
    model_fixture_init(&f);
    model_fixture_vertex(&f, job_0, "source", 128, 1 * TIME_US);
    model_fixture_vertex(&f, job_0, "parse", 128, 1 * TIME_US);
    model_fixture_vertex(&f, job_0, "map", 128, 1 * TIME_US);
    model_fixture_vertex(&f, job_0, "sink", 128, 100 * TIME_US);
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_FORWARD);
    model_fixture_edge(&f, job_0, 1, 2, PARTITION_FORWARD);
    model_fixture_edge(&f, job_0, 2, 3, PARTITION_HASH);
    deployed = (struct fixture_deployment){
        .job = job_0, .parallelism = three, .hosts = hosts, .host_count = 2
    };
    model_fixture_begin(&f, &deployed, 40000);
    model_fixture_trigger(&f, &deployed, 1, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 10010 * TIME_MS);
    model_fixture_cut_link(&f, 1, 2, true);
    model_fixture_run(&f, 30 * TIME_S);
    ck_assert_int_ne(model_fixture_acknowledged(&f, 1, 2), TIME_NEVER);
    ck_assert_int_eq(model_fixture_acknowledged(&f, 1, 3), TIME_NEVER); /* not one of the parsers */
    model_fixture_cut_link(&f, 1, 2, false);
    model_fixture_run(&f, 60 * TIME_S);
    ck_assert_int_ne(model_fixture_acknowledged(&f, 1, 8), TIME_NEVER);
    /* an unaligned one comes no further: over forward edges it is aligned */
    model_fixture_cut_link(&f, 1, 2, true);
    model_fixture_run(&f, 61 * TIME_S);
    model_fixture_checkpoint(&f, &deployed, DATA_TRIGGER_CHECKPOINT,
                             &(struct checkpoint_order){ .checkpoint = 2, .unaligned = true });
    model_fixture_run(&f, 70 * TIME_S);
    ck_assert_int_ne(model_fixture_acknowledged(&f, 2, 2), TIME_NEVER);
    ck_assert_int_eq(model_fixture_acknowledged(&f, 2, 3), TIME_NEVER);
    model_fixture_fini(&f);
}
END_TEST

/* A SourceFunction emits under the checkpoint lock: without room in its output it hears nothing,
 * not even of an unaligned checkpoint. */
START_TEST(a_source_function_that_is_jammed_hears_of_no_checkpoint)
{
    for (int reader = 0; reader < 2; reader++) { /* out of reach, or frozen */
        begin(PARTITION_HASH, two_each, 2, 40000);
        source->source_function = true;
        if (reader)
            model_fixture_freeze(&f, 2, true);
        else
            model_fixture_cut_link(&f, 1, 2, true);
        model_fixture_run(&f, 20 * TIME_S);
        model_fixture_checkpoint(&f, &deployed, DATA_TRIGGER_CHECKPOINT, &ways[1]);
        model_fixture_run(&f, 30 * TIME_S);
        ck_assert_int_eq(model_fixture_acknowledged(&f, 1, 1), TIME_NEVER);
        if (reader)
            model_fixture_freeze(&f, 2, false);
        else
            model_fixture_cut_link(&f, 1, 2, false);
        model_fixture_run(&f, 40 * TIME_S);
        /* a buffer of 32 KiB comes free: half of 20,000 records/s of 100 bytes each */
        time_ns goes_on = reader ? 30 * TIME_S : 35400 * TIME_MS;
        double took = (double)(model_fixture_acknowledged(&f, 1, 2) - goes_on) / 1e9;
        ck_assert_double_eq_tol(took, 32768 / 1e6, 1e-3);
        ck_assert_int_ne(model_fixture_acknowledged(&f, 1, 4), TIME_NEVER);
        model_fixture_fini(&f);
    }
}
END_TEST

/* A connection that loses every packet carries neither records nor barriers, nor can one be made.
 */
START_TEST(a_host_that_loses_everything_is_like_one_that_is_cut_off)
{
    begin(PARTITION_HASH, two_each, 2, 1000);
    f.hosts[2].loss = 1;
    model_ops()->host_changed(f.model, (struct node_id){ 2 });
    ck_assert_double_eq(model_fixture_served(&f, 11 * TIME_S, 20 * TIME_S), 0);
    ck_assert(
        loss_is_out_of_reach(&f.model->life, f.model->jobs[0].vertices[1].life.current.items[0]));
    model_fixture_checkpoint(&f, &deployed, DATA_TRIGGER_CHECKPOINT, &ways[_i]);
    model_fixture_run(&f, 30 * TIME_S);
    ck_assert_int_eq(model_fixture_acknowledged(&f, 1, 3), TIME_NEVER);
    f.hosts[2].loss = 0;
    model_ops()->host_changed(f.model, (struct node_id){ 2 });
    model_fixture_run(&f, 40 * TIME_S);
    /* what had come in ten seconds, worked off at 20,000 records/s; unaligned: nothing */
    time_ns drain = ways[_i].unaligned ? 0 : 500 * TIME_MS;
    time_ns last = model_fixture_acknowledged(&f, 1, 4);
    ck_assert(last >= 35400 * TIME_MS + drain && last < 35410 * TIME_MS + drain);
    model_fixture_fini(&f);
}
END_TEST

/* No keys there, no records; but a barrier goes to every channel. */
START_TEST(a_reader_without_records_holds_barriers_only)
{
    model_fixture_init(&f);
    model_fixture_vertex(&f, job_0, "source", 128, 10 * TIME_US);
    model_fixture_vertex(&f, job_0, "count", 128, 100 * TIME_US)->keys = 1;
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_HASH);
    static const uint32_t one_and_three[] = { 1, 3 };
    deployed = (struct fixture_deployment){
        .job = job_0, .parallelism = one_and_three, .hosts = hosts, .host_count = 3
    };
    model_fixture_begin(&f, &deployed, 1000);
    uint32_t fed = 0;
    for (uint32_t s = 1; s < 3; s++) {
        const struct net *net = net_of(f.model, &f.model->jobs[0].components.items[0]);
        bool gets = net->ends.items[net->places.items[s].first_end].consumed > 0;
        time_ns now = sim_queue_now(f.queue);
        fed += gets;
        model_fixture_cut_link(&f, 1, hosts[s], true);
        ck_assert_double_eq_tol(model_fixture_served(&f, now + TIME_S, now + 11 * TIME_S),
                                gets ? 0 : 10000, 1e-3);
        model_fixture_trigger(&f, &deployed, s, CHECKPOINT_PERIODIC);
        model_fixture_run(&f, now + 20 * TIME_S);
        ck_assert_int_eq(model_fixture_acknowledged(&f, s, 2), TIME_NEVER);
        model_fixture_cut_link(&f, 1, hosts[s], false);
        model_fixture_run(&f, now + 40 * TIME_S);
        ck_assert_int_ne(model_fixture_acknowledged(&f, s, 4), TIME_NEVER);
    }
    ck_assert_uint_lt(fed, 2); /* there is but one key */
    model_fixture_fini(&f);
}
END_TEST

/* By name or from everybody, over a shuffle or a pointwise edge: 240 s behind the cut the link has
 * healed, the retry before was at 204.6 s, the next one is at 324.6 s. A cut between them changes
 * nothing. */
START_TEST(records_go_on_at_the_next_retry)
{
    static const enum partitioner edges[] = { PARTITION_HASH, PARTITION_RESCALE };
    static const uint32_t two_and_four[] = { 2, 4 };
    bool everybody = _i & 1;
    begin(edges[_i / 2], _i / 2 ? two_and_four : two_each, _i / 2 ? 4 : 2, 1000);
    for (uint32_t host = 1; host < 3 && everybody; host++)
        model_fixture_cut(&f, host, true);
    for (uint32_t peer = 2; peer < 5 && !everybody; peer++)
        for (uint32_t host = 1; host < 3 && host < peer; host++)
            model_fixture_cut_link(&f, host, peer, true);
    model_fixture_run(&f, 250 * TIME_S);
    for (int again = 0; again < 2; again++) {
        for (uint32_t host = 1; host < 3 && everybody; host++)
            model_fixture_cut(&f, host, again);
        for (uint32_t peer = 2; peer < 5 && !everybody; peer++)
            for (uint32_t host = 1; host < 3 && host < peer; host++)
                model_fixture_cut_link(&f, host, peer, again);
        model_fixture_run(&f, (260 + 10 * again) * TIME_S);
    }
    for (uint32_t host = 1; host < 3 && everybody; host++)
        model_fixture_cut(&f, host, false);
    for (uint32_t peer = 2; peer < 5 && !everybody; peer++)
        for (uint32_t host = 1; host < 3 && host < peer; host++)
            model_fixture_cut_link(&f, host, peer, false);
    ck_assert_double_eq(model_fixture_served(&f, 270 * TIME_S, 334599 * TIME_MS), 0);
    ck_assert_double_ge(model_fixture_served(&f, 334600 * TIME_MS, 400 * TIME_S), 300000);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FAILED), 0);
    ck_assert_uint_eq(f.model->life.suspects, 0);
    model_fixture_fini(&f);
}
END_TEST

/* Three hosts that were cut off at one instant, or their links with the first one. */
START_TEST(connections_that_go_on_together_build_the_network_once)
{
    begin(PARTITION_HASH, four_each, 4, 1000);
    for (int cut = 1; cut >= 0; cut--) {
        for (uint32_t host = 2; host <= 4 && _i == 0; host++)
            model_fixture_cut(&f, host, cut);
        for (uint32_t host = 2; host <= 4 && _i == 1; host++)
            model_fixture_cut_link(&f, 1, host, cut);
        model_fixture_run(&f, 250 * TIME_S + (1 - cut) * 84599 * TIME_MS);
    }
    uint64_t refreshes = f.model->networks.refreshes;
    ck_assert_uint_eq(f.model->life.suspects, 3);
    model_fixture_run(&f, 334600 * TIME_MS);
    ck_assert_uint_eq(f.model->life.suspects, 0);
    ck_assert_uint_eq(f.model->networks.refreshes, refreshes + 1);
    model_fixture_fini(&f);
}
END_TEST

/* tcp_retries2: 924.6 s behind the first lost packet. Those who read from beyond the cut fail with
 * it, and name the other end. */
START_TEST(a_connection_is_given_up_after_its_last_retry)
{
    begin(PARTITION_HASH, two_each, 2, 1000);
    if (_i)
        model_fixture_cut(&f, 2, true);
    else
        model_fixture_cut_link(&f, 1, 2, true);
    model_fixture_run(&f, 934599 * TIME_MS);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FAILED), 0);
    model_fixture_run(&f, 935 * TIME_S);
    ck_assert_uint_eq(model_fixture_count(&f, EXECUTION_FAILED), 2);
    for (VEC_EACH(const struct fixture_line, line, &f.lines))
        if (line->kind == DATA_TASK_STATES && line->task.state == EXECUTION_FAILED)
            ck_assert_int_eq(line->at, 934600 * TIME_MS);
    model_fixture_fini(&f);
}
END_TEST

/* Nothing arrives until 20 s: a cut that is over by then has cost nothing, a later one counts from
 * there: 20 + 12.6 s. */
START_TEST(a_connection_without_traffic_goes_on_at_once)
{
    model_fixture_init(&f);
    model_fixture_vertex(&f, job_0, "source", 128, 10 * TIME_US);
    model_fixture_vertex(&f, job_0, "count", 128, 100 * TIME_US);
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_HASH);
    model_fixture_load(&f, job_0, 0, 0, 0);
    model_fixture_load(&f, job_0, 0, 20 * TIME_S, 1000);
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, two_each, hosts, 2);
    model_fixture_run(&f, 10 * TIME_S);
    model_fixture_cut_link(&f, 1, 2, true);
    model_fixture_run(&f, (_i ? 30 : 18) * TIME_S);
    model_fixture_cut_link(&f, 1, 2, false);
    time_ns from = _i ? 32600 * TIME_MS : 20 * TIME_S;
    ck_assert_double_eq(model_fixture_served(&f, sim_queue_now(f.queue), from - TIME_MS), 0);
    ck_assert_double_gt(model_fixture_served(&f, from, from + TIME_S), 999);
    model_fixture_fini(&f);
}
END_TEST

/* Its tasks are gone, so the connection is closed; new ones open another, which nothing holds. */
START_TEST(tasks_that_begin_anew_do_not_wait_for_a_retry)
{
    begin(PARTITION_HASH, two_each, 2, 1000);
    model_fixture_cut_link(&f, 1, 2, true);
    model_fixture_run(&f, 250 * TIME_S);
    model_fixture_cut_link(&f, 1, 2, false);
    model_fixture_cancel(&f, &deployed);
    model_fixture_run(&f, 255 * TIME_S);
    deployed.attempt++;
    model_fixture_deploy(&f, &deployed);
    model_fixture_run(&f, 260 * TIME_S);
    ck_assert_double_gt(model_fixture_served(&f, 260 * TIME_S, 270 * TIME_S), 9999);
    ck_assert_uint_eq(f.model->life.suspects, 0);
    model_fixture_fini(&f);
}
END_TEST

Suite *test_model_links_suite(void)
{
    Suite *suite = suite_create("model_links");
    TCase *tests = tcase_create("links");
    tcase_add_loop_test(tests, a_checkpoint_waits_for_the_link_to_heal, 0, WAYS);
    tcase_add_test(tests, what_is_before_the_barrier_does_not_pass_a_cut_link);
    tcase_add_test(tests, a_stop_with_savepoint_begun_over_a_cut_link_ends_after_it_has_healed);
    tcase_add_test(tests,
                   a_stop_with_savepoint_begun_before_a_frozen_reader_ends_when_it_is_resumed);
    tcase_add_test(tests, a_checkpoint_that_has_expired_is_not_acknowledged_when_the_link_heals);
    tcase_add_loop_test(tests, a_forward_edge_within_hosts_does_not_mind, 0, WAYS);
    tcase_add_test(tests, a_pointwise_edge_minds_the_links_of_its_neighbours_only);
    tcase_add_test(tests, senders_that_reach_all_their_readers_go_on);
    tcase_add_test(tests, what_waits_behind_a_jammed_sender_stays_where_it_is);
    tcase_add_test(tests, a_source_function_that_is_jammed_hears_of_no_checkpoint);
    tcase_add_loop_test(tests, a_host_that_loses_everything_is_like_one_that_is_cut_off, 0, WAYS);
    tcase_add_test(tests, a_reader_without_records_holds_barriers_only);
    tcase_add_loop_test(tests, records_go_on_at_the_next_retry, 0, 4);
    tcase_add_loop_test(tests, connections_that_go_on_together_build_the_network_once, 0, 2);
    tcase_add_loop_test(tests, a_connection_is_given_up_after_its_last_retry, 0, 2);
    tcase_add_loop_test(tests, a_connection_without_traffic_goes_on_at_once, 0, 2);
    tcase_add_test(tests, tasks_that_begin_anew_do_not_wait_for_a_retry);
    suite_add_tcase(suite, tests);
    return suite;
}
