/* SPDX-License-Identifier: Apache-2.0
 *
 * The control plane of large jobs: one JobManager and n TaskManagers of one slot that answer at
 * once and do nothing. Submission to RUNNING, failure to RUNNING, lost TaskManagers, heartbeats:
 * each by how its cost grows when tasks and TaskManagers double, all-to-all edges included.
 */
#include <stdlib.h>

#include "core/cluster/view.h"
#include "core/graph/job_graph.h"
#include "tests/bench/bench.h"

enum { TASK_MANAGERS = 5000, LARGE = 10000 };

struct reply {
    struct node_id from;
    struct message message;
    struct slot_offer offer; /* of OFFER_SLOTS */
};

/* What a TaskManager of paper remembers. */
struct paper {
    struct allocation_id allocation;
    struct task_attempt tasks[2]; /* source and count */
    uint32_t task_count;
    bool has_contact;
};

struct paper_cluster {
    struct config config;
    struct node *manager;
    struct paper *task_managers; /* by node id */
    uint32_t count;
    time_ns now;
    VEC(struct reply) replies;
    size_t replied;
};

static const struct job_id job = { 0 };

static void must(struct err result)
{
    if (err_is(result))
        abort();
}

static void reply(struct paper_cluster *cluster, struct node_id from, struct message message)
{
    vec_push(&cluster->replies, (struct reply){ .from = from, .message = message });
}

static void on_request_slot(struct paper_cluster *cluster, struct node_id node,
                            const struct message_request_slot *request)
{
    struct paper *paper = &cluster->task_managers[node.n];
    paper->allocation = request->allocation;
    struct message granted = { .kind = MESSAGE_SLOT_GRANTED };
    granted.slot_granted = (struct message_slot_granted){ request->allocation, 0, 0 };
    reply(cluster, node, granted);
    struct message next = { .kind = MESSAGE_JOB_OFFER_CONTACT };
    next.job_offer_contact.job = job;
    reply(cluster, node, next);
}

static void on_contact(struct paper_cluster *cluster, struct node_id node)
{
    struct message offer = { .kind = MESSAGE_OFFER_SLOTS };
    offer.offer_slots.job = job;
    reply(cluster, node, offer);
    struct reply *last = &vec_last(&cluster->replies);
    last->offer =
        (struct slot_offer){ cluster->task_managers[node.n].allocation, 0, 1000, 1 << 20 };
}

static void say_states(struct paper_cluster *cluster, struct node_id node,
                       enum execution_state state)
{
    struct message states = { .kind = MESSAGE_TASK_STATES };
    states.task_states.job = job;
    states.task_states.tasks_count = state; /* the list is made when it is heard */
    reply(cluster, node, states);
}

static void take(struct paper_cluster *cluster, const struct effect_send *send)
{
    struct paper *paper = &cluster->task_managers[send->to.n];
    const struct message *message = send->message;
    if (message->kind == MESSAGE_REQUEST_SLOT) {
        on_request_slot(cluster, send->to, &message->request_slot);
    } else if (message->kind == MESSAGE_JOB_CONTACT_MADE) {
        on_contact(cluster, send->to);
    } else if (message->kind == MESSAGE_SUBMIT_TASKS) {
        paper->task_count = (uint32_t)message->submit_tasks.tasks_count;
        for (uint32_t i = 0; i < paper->task_count; i++)
            paper->tasks[i] = message->submit_tasks.tasks[i].attempt;
        say_states(cluster, send->to, EXECUTION_RUNNING);
    } else if (message->kind == MESSAGE_CANCEL_TASKS) {
        say_states(cluster, send->to, EXECUTION_CANCELED);
    } else if (message->kind == MESSAGE_JM_HEARTBEAT) {
        struct message answer = { .kind = MESSAGE_JM_HEARTBEAT_ANSWER };
        answer.jm_heartbeat_answer =
            (struct message_jm_heartbeat_answer){ job, 0, paper->tasks, paper->task_count };
        reply(cluster, send->to, answer);
    } else if (message->kind == MESSAGE_RM_HEARTBEAT) {
        struct message answer = { .kind = MESSAGE_RM_HEARTBEAT_ANSWER };
        reply(cluster, send->to, answer);
    }
}

static void step(struct paper_cluster *cluster, struct event *event)
{
    const struct effects *effects;
    event->at = cluster->now;
    must(node_step(cluster->manager, event, &effects));
    for (size_t i = 0; i < effects->list.count; i++)
        if (effects->list.items[i].kind == EFFECT_SEND)
            take(cluster, &effects->list.items[i].send);
}

static void hear(struct paper_cluster *cluster, struct node_id from, const struct message *message)
{
    struct event event = { .kind = EVENT_MESSAGE };
    event.message = (struct event_message){ .from = from, .message = message };
    step(cluster, &event);
}

static void hear_reply(struct paper_cluster *cluster, struct reply reply)
{
    const struct paper *paper = &cluster->task_managers[reply.from.n];
    struct task_report reports[2];
    if (reply.message.kind == MESSAGE_OFFER_SLOTS) {
        reply.message.offer_slots.offers = &reply.offer;
        reply.message.offer_slots.offers_count = 1;
    } else if (reply.message.kind == MESSAGE_TASK_STATES) {
        enum execution_state state = (enum execution_state)reply.message.task_states.tasks_count;
        for (uint32_t i = 0; i < paper->task_count; i++)
            reports[i] =
                (struct task_report){ paper->tasks[i], state, CAUSE_NONE, node_id_none(), 0 };
        reply.message.task_states.tasks = reports;
        reply.message.task_states.tasks_count = paper->task_count;
    }
    hear(cluster, reply.from, &reply.message);
}

/* All that is said and due until then. */
static void run(struct paper_cluster *cluster, time_ns until)
{
    for (;;) {
        while (cluster->replied < cluster->replies.count)
            hear_reply(cluster, cluster->replies.items[cluster->replied++]);
        vec_clear(&cluster->replies);
        cluster->replied = 0;
        time_ns due = node_deadline(cluster->manager);
        if (due > until)
            break;
        struct event woken = { .kind = EVENT_WOKEN };
        if (due > cluster->now)
            cluster->now = due;
        step(cluster, &woken);
    }
    cluster->now = until;
}

static void set(struct paper_cluster *cluster, const char *key, const char *value)
{
    struct note note;
    must(config_set(&cluster->config, key, value, &note));
}

static void join(struct paper_cluster *cluster, uint32_t n, bool vouched)
{
    struct node_id node = { n };
    struct message message = { .kind = MESSAGE_REGISTER_TASK_MANAGER };
    message.register_task_manager = (struct message_register_task_manager){ .cpu_milli = 1000,
                                                                            .memory_bytes = 1 << 20,
                                                                            .slots = 1 };
    struct event event = { .kind = EVENT_PEER_VOUCHED, .vouched.peer = node };
    if (vouched)
        step(cluster, &event);
    hear(cluster, node, &message);
}

/* Two vertices of a task per TaskManager. */
static void submit(struct paper_cluster *cluster, enum partitioner partitioner)
{
    struct job_graph *graph = job_graph_create("bench", job, &cluster->config);
    struct group_id group = { 0 };
    struct vertex_id source, count;
    int32_t parallelism = (int32_t)cluster->count, most = MAX_PARALLELISM_LIMIT;
    must(job_graph_add_vertex(graph, "source", parallelism, most, group, &source, NULL));
    must(job_graph_add_vertex(graph, "count", parallelism, most, group, &count, NULL));
    must(job_graph_add_edge(graph, source, count, partitioner, RESULT_PIPELINED_BOUNDED, NULL));
    must(job_graph_finish(graph, NULL, NULL));
    struct event event = { .kind = EVENT_CLIENT };
    event.client =
        (struct event_client){ .request = CLIENT_SUBMIT_JOB, .token = 1, .graph = graph };
    step(cluster, &event);
    job_graph_destroy(graph);
    run(cluster, cluster->now + TIME_S);
}

static void open_cluster(struct paper_cluster *cluster, uint32_t count, bool adaptive, bool vouched)
{
    *cluster = (struct paper_cluster){ .config = config_default(), .count = count };
    set(cluster, "restart-strategy.type", "fixed-delay");
    set(cluster, "restart-strategy.fixed-delay.attempts", "1000000");
    set(cluster, "execution.checkpointing.interval", "1 h");
    if (adaptive)
        set(cluster, "jobmanager.scheduler", "adaptive");
    struct node_settings settings = { .kind = NODE_JOB_MANAGER,
                                      .config = &cluster->config,
                                      .log_level = LOG_DECISION };
    cluster->manager = node_create(&settings);
    cluster->task_managers = mem_create_array(2 * count + 1, sizeof *cluster->task_managers);
    struct event started = { .kind = EVENT_STARTED };
    step(cluster, &started);
    for (uint32_t n = 1; n <= count; n++)
        join(cluster, n, vouched);
}

static void close_cluster(struct paper_cluster *cluster)
{
    struct job_view view = view_job(cluster->manager, 0);
    if (view.tasks_running != view.tasks)
        abort(); /* it did not do what was measured */
    bench_keep(view.restarts);
    node_destroy(cluster->manager);
    mem_destroy(cluster->task_managers);
    vec_fini(&cluster->replies);
}

static void fail_first_task(struct paper_cluster *cluster)
{
    struct task_report failed = { cluster->task_managers[1].tasks[0], EXECUTION_FAILED,
                                  CAUSE_USER_CODE, node_id_none(), 0 };
    struct message message = { .kind = MESSAGE_TASK_STATES };
    message.task_states = (struct message_task_states){ job, &failed, 1 };
    hear(cluster, (struct node_id){ 1 }, &message);
    run(cluster, cluster->now + 5 * TIME_S);
}

static void deploy(void *adaptive, uint64_t n)
{
    struct paper_cluster cluster;
    open_cluster(&cluster, (uint32_t)n, adaptive != NULL, true);
    submit(&cluster, PARTITION_HASH);
    close_cluster(&cluster);
}

enum { FAILURES = 3 };

static void deploy_and_restart(void *adaptive, uint64_t n)
{
    struct paper_cluster cluster;
    open_cluster(&cluster, (uint32_t)n, adaptive != NULL, true);
    submit(&cluster, PARTITION_HASH);
    for (int i = 0; i < FAILURES; i++)
        fail_first_task(&cluster);
    close_cluster(&cluster);
}

/* One TaskManager in ten says goodbye, all in one moment; as many new ones come. */
static void lose_regions(void *context, uint64_t n)
{
    (void)context;
    struct paper_cluster cluster;
    open_cluster(&cluster, (uint32_t)n, false, true);
    submit(&cluster, PARTITION_FORWARD);
    for (uint32_t node = 1; node <= cluster.count; node += 10) {
        struct message goodbye = { .kind = MESSAGE_RM_DISCONNECT };
        goodbye.rm_disconnect.cause = CAUSE_TASK_MANAGER_SHUTDOWN;
        hear(&cluster, (struct node_id){ node }, &goodbye);
        join(&cluster, cluster.count + node, true);
    }
    run(&cluster, cluster.now + 10 * TIME_S);
    close_cluster(&cluster);
}

/* A minute of heartbeats that are really sent: six rounds of the JobMaster, six of the resource
 * manager, each with its reconciliation. */
static void beat(void *context, uint64_t n)
{
    (void)context;
    struct paper_cluster cluster;
    open_cluster(&cluster, (uint32_t)n, false, false);
    submit(&cluster, PARTITION_HASH);
    run(&cluster, cluster.now + TIME_MIN);
    close_cluster(&cluster);
}

int main(void)
{
    static char adaptive[] = "adaptive";
    bench_growth("default: n tasks twice, all to all, to RUNNING", deploy, NULL, TASK_MANAGERS);
    bench_growth("default: and three global failures", deploy_and_restart, NULL, TASK_MANAGERS);
    bench_growth("default: a tenth of n regions lost at once", lose_regions, NULL, TASK_MANAGERS);
    bench_growth("default: a minute of n heartbeats both ways", beat, NULL, TASK_MANAGERS);
    bench_growth("adaptive: n tasks twice, all to all, to RUNNING", deploy, adaptive,
                 TASK_MANAGERS);
    bench_growth("adaptive: and three failures", deploy_and_restart, adaptive, TASK_MANAGERS);
    bench_limit("default: 10,000 x 10,000, three failures, s", deploy_and_restart, NULL, LARGE, 10);
    return 0;
}
