/* SPDX-License-Identifier: Apache-2.0
 *
 * The fake nodes and their journal. The node driver has no context, so the one world is kept here.
 */
#include "tests/lib/fake_world.h"

#include <check.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

struct fake_node {
    struct node_settings settings;
    struct effects effects;
};

static struct fake_world *the_world;

__attribute__((format(printf, 3, 4))) static void
write_line(struct fake_world *world, struct node_id node, const char *fmt, ...)
{
    char text[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    time_ns now = sim_queue_now(world->queue);
    const char *name =
        node_id_is_none(node) ? "-" : virtual_cluster_process(world->cluster, node).name;
    int length = snprintf(
        world->journal + world->journal_length, sizeof world->journal - world->journal_length,
        "%" PRId64 ".%03" PRId64 " %s %s\n", now / TIME_MS, now % TIME_MS / TIME_US, name, text);
    world->journal_length += (size_t)length;
    ck_assert_uint_lt(world->journal_length, sizeof world->journal);
}

static bool is_heartbeat(const struct message *message)
{
    return message->kind == MESSAGE_RM_HEARTBEAT || message->kind == MESSAGE_RM_HEARTBEAT_ANSWER;
}

static const char *name_of(struct fake_world *world, struct node_id node)
{
    return virtual_cluster_process(world->cluster, node).name;
}

static void write_event(struct fake_world *world, struct node_id self, const struct event *event)
{
    static const char *const failures[] = { "unreachable", "timed out" };
    switch (event->kind) {
    case EVENT_MESSAGE:
        if (event->message.message->kind == MESSAGE_FREE_SLOTS)
            write_line(world, self, "message %" PRIu32 " from %s",
                       event->message.message->free_slots.job.n,
                       name_of(world, event->message.from));
        else if (!is_heartbeat(event->message.message) || !world->hides_heartbeats)
            write_line(world, self, "%s from %s%s", message_name(event->message.message->kind),
                       name_of(world, event->message.from),
                       event->message.is_one_way ? ", no way back" : "");
        break;
    case EVENT_SEND_FAILED:
        write_line(world, self, "send failed to %s token %" PRIu64 ": %s",
                   name_of(world, event->send_failed.to), event->send_failed.token,
                   failures[event->send_failed.failure]);
        break;
    case EVENT_PEER_VOUCHED:
        if (!world->hides_heartbeats)
            write_line(world, self, "vouched %s", name_of(world, event->vouched.peer));
        break;
    case EVENT_PEER_IN_DOUBT:
        if (!world->hides_heartbeats)
            write_line(world, self, "in doubt %s, round trip %" PRId64 " us",
                       name_of(world, event->in_doubt.peer), event->in_doubt.round_trip / TIME_US);
        break;
    case EVENT_STORE_DONE:
        write_line(world, self, "stored token %" PRIu64, event->store_done.token);
        break;
    case EVENT_DATA:
        write_line(world, self, "data of job %" PRIu32 ": %zu tasks, %zu acks", event->data.job.n,
                   event->data.task_count, event->data.ack_count);
        break;
    case EVENT_CLIENT:
        write_line(world, self, "client asks %s, %zu bounds",
                   client_request_names[event->client.request], event->client.bound_count);
        break;
    case EVENT_STARTED: write_line(world, self, "started"); break;
    case EVENT_WOKEN: write_line(world, self, "woken"); break;
    case EVENT_STOPPING: write_line(world, self, "asked to stop"); break;
    case EVENT_KIND_COUNT: ck_abort();
    }
}

static struct node *fake_create(const struct node_settings *settings)
{
    struct fake_node *node = mem_create(sizeof *node);
    node->settings = *settings;
    effects_init(&node->effects, settings->log_level);
    ck_assert_uint_lt(settings->id.n, FAKE_NODES_MAX);
    the_world->deadlines[settings->id.n] = TIME_NEVER;
    the_world->alive++;
    return (struct node *)node;
}

static void fake_destroy(struct node *node)
{
    struct fake_node *fake = (struct fake_node *)node;
    effects_fini(&fake->effects);
    mem_destroy(fake);
    the_world->alive--;
}

static struct err fake_step(struct node *node, const struct event *event,
                            const struct effects **out)
{
    struct fake_node *fake = (struct fake_node *)node;
    struct node_id self = fake->settings.id;
    ck_assert_int_eq(event->at, sim_queue_now(the_world->queue));
    the_world->steps++;
    effects_begin(&fake->effects, event->at);
    write_event(the_world, self, event);
    if (the_world->behave)
        the_world->behave(the_world, self, event, &fake->effects);
    if (event->kind == EVENT_WOKEN && the_world->deadlines[self.n] <= event->at &&
        !the_world->stays_due)
        the_world->deadlines[self.n] = TIME_NEVER;
    *out = &fake->effects;
    return OK;
}

static time_ns fake_deadline(const struct node *node)
{
    return the_world->deadlines[((const struct fake_node *)node)->settings.id.n];
}

static const struct node_driver fake_driver = { fake_create, fake_destroy, fake_step,
                                                fake_deadline };

static void on_fact(void *context, time_ns at, struct node_id node, const char *word,
                    const char *reason)
{
    struct fake_world *world = context;
    ck_assert_int_eq(at, sim_queue_now(world->queue));
    if (!world->hides_facts)
        write_line(world, node, reason ? "* %s (%s)" : "* %s", word, reason);
    if (world->on_fact)
        world->on_fact(world->on_fact_context, word);
}

static void on_answer(void *context, time_ns at, const struct effect_answer *answer)
{
    struct fake_world *world = context;
    ck_assert_int_eq(at, sim_queue_now(world->queue));
    write_line(world, node_id_none(), "answer %" PRIu64 ": %s, %s", answer->token,
               err_text(answer->result), answer->text ? answer->text : "no text");
}

static void on_log(void *context, time_ns at, struct node_id node, const struct log_line *line)
{
    struct fake_world *world = context;
    ck_assert_int_eq(at, sim_queue_now(world->queue));
    write_line(world, node, "logs %s %s", line->machine, line->what);
}

void fake_world_init(struct fake_world *world, fake_behaviour *behave)
{
    static char provider[] = "standalone", name[] = "fake";
    memset(world, 0, sizeof *world);
    world->behave = behave;
    struct scenario *scenario = &world->scenario;
    scenario->name = name;
    scenario->seed = 7;
    scenario->duration = TIME_H;
    scenario->log_level = LOG_MESSAGE;
    scenario->config = config_default();
    struct cluster_spec *cluster = &scenario->cluster;
    cluster->provider = provider;
    cluster->machine.cores = 4;
    cluster->machine.speed = 1;
    cluster->machine.slots = 2;
    cluster->machine.memory_bytes = 1 << 30;
    cluster->machine.boot = distribution_constant(TIME_S);
    cluster->timing.job_manager_start = distribution_constant(100 * TIME_MS);
    cluster->timing.submit = distribution_constant(500 * TIME_MS);
    cluster->timing.shutdown = distribution_constant(50 * TIME_MS);
    cluster->timing.rpc_loss = distribution_constant(300 * TIME_MS);
    cluster->network.latency = distribution_constant(TIME_MS);
    cluster->dfs.bandwidth = 1000;
    cluster->dfs.latency = distribution_constant(10 * TIME_MS);
}

void fake_world_start(struct fake_world *world)
{
    the_world = world;
    world->queue = sim_queue_create();
    struct cluster_observer observer = {
        .log = on_log, .fact = on_fact, .answer = on_answer, .context = world
    };
    world->cluster = virtual_cluster_create(&world->scenario, world->queue, &observer);
    virtual_cluster_set_driver(world->cluster, &fake_driver);
    virtual_cluster_set_vouching(world->cluster, !world->vouching_off);
    virtual_cluster_start(world->cluster);
}

void fake_world_fini(struct fake_world *world)
{
    virtual_cluster_destroy(world->cluster);
    sim_queue_destroy(world->queue);
    ck_assert_uint_eq(world->alive, 0);
    the_world = NULL;
}

void fake_world_run(struct fake_world *world, time_ns until)
{
    while (sim_queue_run_one(world->queue, until))
        ;
}

struct node_id fake_world_add(struct fake_world *world, const char *name)
{
    return virtual_cluster_add_task_manager(world->cluster, name, &world->scenario.cluster.machine);
}

void fake_world_forget(struct fake_world *world)
{
    world->journal_length = 0;
    world->journal[0] = '\0';
}

void fake_world_expect(struct fake_world *world, const char *journal)
{
    ck_assert_str_eq(world->journal, journal);
    fake_world_forget(world);
}

static struct message numbered(uint32_t number)
{
    struct message message = { .kind = MESSAGE_FREE_SLOTS };
    message.free_slots.job.n = number;
    return message;
}

void fake_send(struct effects *effects, struct node_id to, uint32_t number)
{
    struct message message = numbered(number);
    effects_send(effects, to, &message);
}

void fake_request(struct effects *effects, struct node_id to, uint32_t number, uint64_t token)
{
    struct message message = numbered(number);
    effects_request(effects, to, &message, token);
}

void fake_heartbeat(struct effects *effects, struct node_id to, uint64_t round)
{
    struct message message = { .kind = MESSAGE_RM_HEARTBEAT };
    message.rm_heartbeat.round = round;
    effects_send(effects, to, &message);
}

void fake_world_init_quiet(struct fake_world *world, fake_behaviour *behave)
{
    fake_world_init(world, behave);
    world->hides_heartbeats = true;
}

struct node_id fake_world_begin(struct fake_world *world)
{
    fake_world_start(world);
    struct node_id node = fake_world_add(world, NULL);
    fake_world_run(world, TIME_S);
    fake_world_forget(world);
    return node;
}

enum process_state fake_world_state(const struct fake_world *world, struct node_id node)
{
    return virtual_cluster_process(world->cluster, node).state;
}

void fake_exit_when_asked(struct fake_world *world, struct node_id self, const struct event *event,
                          struct effects *effects)
{
    const struct node_id manager = { 0 };
    (void)world;
    if (event->kind == EVENT_STOPPING) {
        if (self.n != manager.n)
            fake_send(effects, manager, 99);
        effects_exit(effects, EXIT_STOPPED);
    }
}
