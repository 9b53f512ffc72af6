/* SPDX-License-Identifier: Apache-2.0
 *
 * Whole runs in which one thing doubles twice while all else stays: tasks, slots, also on cores
 * that are busy, TaskManagers, sources that join, ways that part and join, jobs, jobs and vertices
 * that are looked at each second, the length of a trace, links of their own between hosts, the
 * hosts that a fault strikes at one instant, uploads on full NICs, savepoints, checkpoints that are
 * kept; and the transfers that share a bandwidth, by themselves. Each line is the time per thing
 * against that at half as many. Ends with 1 when one of them grows as a quadratic path does.
 * Checkpoints and failures of machines are as many for each size, but for jobs on machines of their
 * own.
 */
#include "core/base/rng.h"
#include "core/base/text.h"
#include "sim/cluster/shared_bandwidth.h"
#include "tests/bench/bench.h"
#include "tests/lib/whole_run.h"

enum { TEXT_SIZE = 131072 };

/* A scenario that is being written. */
struct text {
    char bytes[TEXT_SIZE];
    size_t length;
};

#define text_add(text, ...)                                                                        \
    ((text)->length +=                                                                             \
     text_format((text)->bytes + (text)->length, TEXT_SIZE - (text)->length, __VA_ARGS__))

struct shape {
    unsigned minutes, task_managers, slots; /* slots of each */
    unsigned jobs, vertices, parallelism;   /* of each job; parallelism 0: reactive */
    unsigned failures_per_hour;             /* of all TaskManagers together */
    unsigned sample_s;                      /* 0: ten minutes */
};

static void add_job(struct text *text, const struct shape *shape, unsigned number)
{
    text_add(text, "  - name: j%u\n    vertices:\n", number);
    for (unsigned v = 0; v < shape->vertices; v++) {
        text_add(text, "      - { name: v%u, cost: 2us, max-parallelism: 1024", v);
        if (shape->parallelism)
            text_add(text, ", parallelism: %u", shape->parallelism);
        text_add(text, " }\n");
    }
    text_add(text, "    edges:\n");
    for (unsigned v = 1; v < shape->vertices; v++)
        text_add(text, "      - v%u -> v%u: hash\n", v - 1, v);
    text_add(text, "    load: { random-walk: { start: 1k/s, volatility: 10%%, every: 1min } }\n");
}

static void run_shape(const struct shape *shape)
{
    static struct text text;
    text.length = 0;
    text_add(&text,
             "name: doubling\n"
             "duration: %umin\n"
             "sample: %us\n"
             "config:\n"
             "  execution.checkpointing.interval: 1min\n"
             "%s"
             "cluster:\n"
             "  provider: standalone\n"
             "  task-manager: { cores: 4, memory: 64g, slots: %u, boot: 10s, count: %u }\n",
             shape->minutes, shape->sample_s ? shape->sample_s : 600,
             shape->parallelism ? "" : "  scheduler-mode: reactive\n", shape->slots,
             shape->task_managers);
    if (shape->failures_per_hour)
        text_add(&text, "  churn: { exponential: { mean: %us, rejoin: 60s } }\n",
                 3600 * shape->task_managers / shape->failures_per_hour);
    text_add(&text, "jobs:\n");
    for (unsigned job = 0; job < shape->jobs; job++)
        add_job(&text, shape, job);
    CHECK(text.length < TEXT_SIZE - 1);
    whole_run(whole_run_load(text.bytes));
}

enum { VERTEX_TASKS = 32, SLOT_TASK_MANAGERS = 8, BUSY_TASK_MANAGERS = 50 };

static void double_tasks(void *context, uint64_t n)
{
    (void)context;
    run_shape(&(struct shape){ .minutes = 120,
                               .task_managers = 4,
                               .slots = VERTEX_TASKS / 4,
                               .jobs = 1,
                               .vertices = (unsigned)n / VERTEX_TASKS,
                               .failures_per_hour = 20 });
}

static void double_slots(void *context, uint64_t n)
{
    (void)context;
    run_shape(&(struct shape){ .minutes = 120,
                               .task_managers = SLOT_TASK_MANAGERS,
                               .slots = (unsigned)n / SLOT_TASK_MANAGERS,
                               .jobs = 1,
                               .vertices = 2,
                               .failures_per_hour = 20 });
}

/* After a failure all tasks want a core, which they share, and those of each source subtask have
 * caught up at a moment of their own. */
static void double_busy_slots(void *context, uint64_t n)
{
    (void)context;
    static struct text text;
    text.length = 0;
    text_add(&text,
             "name: busy\n"
             "duration: 2h\n"
             "sample: 10min\n"
             "config: { scheduler-mode: reactive, execution.checkpointing.interval: 1min }\n"
             "cluster:\n"
             "  provider: standalone\n"
             "  task-manager: { cores: 4, memory: 64g, slots: %u, boot: 10s, count: %u }\n"
             "  churn: { exponential: { mean: %us, rejoin: 60s } }\n"
             "jobs:\n"
             "  - name: j\n"
             "    vertices:\n"
             "      - { name: a, cost: 2us, max-parallelism: 4096 }\n"
             "      - { name: b, cost: 6us, max-parallelism: 4096, keys: 100k,\n"
             "          state: 200 bytes/key }\n"
             "    edges: [ 'a -> b: hash' ]\n"
             "    load: { constant: 1m/s }\n",
             (unsigned)n / BUSY_TASK_MANAGERS, BUSY_TASK_MANAGERS, 3600 * BUSY_TASK_MANAGERS / 50);
    CHECK(text.length < TEXT_SIZE - 1);
    whole_run(whole_run_load(text.bytes));
}

static void double_task_managers(void *context, uint64_t n)
{
    (void)context;
    run_shape(&(struct shape){ .minutes = 120,
                               .task_managers = (unsigned)n,
                               .slots = 1,
                               .jobs = 1,
                               .vertices = 2,
                               .failures_per_hour = 20 });
}

/* All on the same hosts. Without failures: a restart builds the network of all of them anew, so n
 * jobs that fail one by one cost the square of n. */
static void double_jobs(void *context, uint64_t n)
{
    (void)context;
    run_shape(&(struct shape){ .minutes = 120,
                               .task_managers = 10,
                               .slots = 16,
                               .jobs = (unsigned)n,
                               .vertices = 2,
                               .parallelism = 4 });
}

/* Each on machines of its own: the same work for each job, whatever the others do. */
static void double_independent_jobs(void *context, uint64_t n)
{
    (void)context;
    run_shape(&(struct shape){ .minutes = 60,
                               .task_managers = (unsigned)n,
                               .slots = 4,
                               .jobs = (unsigned)n,
                               .vertices = 2,
                               .parallelism = 4,
                               .failures_per_hour = (unsigned)n });
}

static void look_at_jobs(void *context, uint64_t n)
{
    (void)context;
    run_shape(&(struct shape){ .minutes = 20,
                               .task_managers = (unsigned)n,
                               .slots = 2,
                               .jobs = (unsigned)n,
                               .vertices = 2,
                               .parallelism = 2,
                               .sample_s = 1 });
}

static void look_at_vertices(void *context, uint64_t n)
{
    (void)context;
    run_shape(&(struct shape){ .minutes = 20,
                               .task_managers = 4,
                               .slots = 2,
                               .jobs = 1,
                               .vertices = (unsigned)n,
                               .parallelism = 4,
                               .sample_s = 1 });
}

/* As large as the cluster. */
#define JOB_OF_TWO                                                                                 \
    "jobs:\n"                                                                                      \
    "  - name: j\n"                                                                                \
    "    vertices:\n"                                                                              \
    "      - { name: a, cost: 1us, max-parallelism: 4096 }\n"                                      \
    "      - { name: b, cost: 10us, max-parallelism: 4096 }\n"                                     \
    "    edges: [ 'a -> b: hash' ]\n"                                                              \
    "    load: { constant: 10k/s }\n"

/* A ring: each has links of its own with two others. All of them restart again and again. */
static void double_links(void *context, uint64_t n)
{
    (void)context;
    static struct text text;
    text.length = 0;
    text_add(&text,
             "name: ring\n"
             "duration: 30min\n"
             "sample: 1min\n"
             "config: { scheduler-mode: reactive, execution.checkpointing.interval: 1min }\n"
             "cluster:\n"
             "  provider: standalone\n"
             "  task-manager: { cores: 1, memory: 4g, slots: 1, boot: 1s, count: %u }\n"
             "  network:\n"
             "    links:\n",
             (unsigned)n);
    for (unsigned tm = 0; tm < n; tm++)
        text_add(&text, "      - { between: [tm%u, tm%u], latency: 5ms }\n", tm + 1,
                 (tm + 1) % (unsigned)n + 1);
    text_add(&text, JOB_OF_TWO "events:\n"
                               "  - { at: 2min, every: 2min, fail: { vertex: b, subtask: 0 } }\n");
    CHECK(text.length < TEXT_SIZE - 1);
    whole_run(whole_run_load(text.bytes));
}

/* What strikes all TaskManagers but the first at one instant, or half of them. */
struct strike {
    const char *before, *after; /* the names of those it strikes */
    unsigned part;              /* one of so many */
};

static void double_struck(void *context, uint64_t n)
{
    const struct strike *strike = context;
    static struct text text;
    text.length = 0;
    text_add(&text,
             "name: struck\n"
             "duration: 5min\n"
             "sample: 1min\n"
             "config: { scheduler-mode: reactive }\n"
             "cluster:\n"
             "  provider: standalone\n"
             "  task-manager: { cores: 1, memory: 4g, slots: 1, boot: 1s, count: %u }\n" JOB_OF_TWO
             "events:\n"
             "  - { at: 2min, %s [ tm2",
             (unsigned)n, strike->before);
    for (unsigned tm = 3; tm <= n / strike->part; tm++)
        text_add(&text, ", tm%u", tm);
    text_add(&text, " ]%s }\n", strike->after);
    CHECK(text.length < TEXT_SIZE - 1);
    whole_run(whole_run_load(text.bytes));
}

/* All tasks upload at once over NICs that the data plane fills: as many transfers as tasks, each of
 * which ends at a time of its own. Bytes, of both, are the same for each size. */
static void double_uploads(void *context, uint64_t n)
{
    (void)context;
    static struct text text;
    unsigned vertices = (unsigned)n / VERTEX_TASKS;
    text.length = 0;
    text_add(&text, "name: uploads\n"
                    "duration: 10min\n"
                    "sample: 10min\n"
                    "config: { scheduler-mode: reactive, execution.checkpointing.interval: 30s }\n"
                    "cluster:\n"
                    "  provider: standalone\n"
                    "  task-manager: { cores: 4, memory: 64g, slots: 4, boot: 1s, count: 8,\n"
                    "                  network: 100mbit }\n"
                    "jobs:\n"
                    "  - name: j\n"
                    "    vertices:\n");
    for (unsigned v = 0; v < vertices; v++)
        text_add(&text,
                 "      - { name: v%u, cost: 1us, max-parallelism: 1024, keys: 1k, state: %ukb }\n",
                 v, 16384 / vertices);
    text_add(&text, "    edges:\n");
    for (unsigned v = 1; v < vertices; v++)
        text_add(&text, "      - v%u -> v%u: hash\n", v - 1, v);
    text_add(&text, "    load: { constant: %u/s }\n", 800000 / vertices);
    CHECK(text.length < TEXT_SIZE - 1);
    whole_run(whole_run_load(text.bytes));
}

/* Of a scenario whose vertices are to come. */
static void begin_wide(struct text *text, const char *sample, const char *interval)
{
    text->length = 0;
    text_add(text,
             "name: wide\n"
             "duration: 10min\n"
             "sample: %s\n"
             "config: { parallelism.default: 4, execution.checkpointing.interval: %s }\n"
             "cluster:\n"
             "  provider: standalone\n"
             "  task-manager: { cores: 64, memory: 64g, slots: 1, boot: 1s, count: 4 }\n"
             "jobs:\n"
             "  - name: j\n"
             "    vertices:\n"
             "      - { name: join, keys: 1m, state: 100 bytes/key }\n",
             sample, interval);
}

/* What is done to sources that join. */
struct joining {
    const char *sample, *interval, *events;
};

static void double_sources(void *context, uint64_t n)
{
    const struct joining *joining = context;
    static struct text text;
    begin_wide(&text, joining->sample, joining->interval);
    for (unsigned s = 0; s < n; s++)
        text_add(&text, "      - { name: s%u }\n", s);
    text_add(&text, "    edges:\n");
    for (unsigned s = 0; s < n; s++)
        text_add(&text, "      - s%u -> join: hash\n", s);
    text_add(&text, "    loads:\n");
    for (unsigned s = 0; s < n; s++)
        text_add(&text, "      s%u: { constant: 1k/s }\n", s);
    text_add(&text, "%s", joining->events);
    CHECK(text.length < TEXT_SIZE - 1);
    whole_run(whole_run_load(text.bytes));
}

static void double_ways(void *context, uint64_t n)
{
    (void)context;
    static struct text text;
    begin_wide(&text, "10s", "30s");
    text_add(&text, "      - { name: s }\n");
    for (unsigned v = 0; v < n; v++)
        text_add(&text, "      - { name: v%u }\n", v);
    text_add(&text, "    edges:\n");
    for (unsigned v = 0; v < n; v++)
        text_add(&text, "      - s -> v%u: hash\n      - v%u -> join: hash\n", v, v);
    text_add(&text, "    load: { constant: 1k/s }\n");
    CHECK(text.length < TEXT_SIZE - 1);
    whole_run(whole_run_load(text.bytes));
}

/* Each is a snapshot of all tasks that no later checkpoint takes the place of. */
static void double_savepoints(void *context, uint64_t n)
{
    (void)context;
    static struct text text;
    begin_wide(&text, "10s", "1h");
    text_add(&text,
             "      - { name: s }\n"
             "    edges: [ 's -> join: hash' ]\n"
             "    load: { constant: 1k/s }\n"
             "events:\n"
             "  - { at: 30s, every: %ums, savepoint: j }\n",
             570000 / (unsigned)n);
    whole_run(whole_run_load(text.bytes));
}

/* All that complete are kept. */
static void double_retained(void *context, uint64_t n)
{
    (void)context;
    static struct text text;
    text.length = 0;
    text_add(&text,
             "name: retained\n"
             "duration: %um\n"
             "sample: 1min\n"
             "config: { execution.checkpointing.interval: 1min,\n"
             "          execution.checkpointing.num-retained: %u }\n"
             "cluster: { provider: standalone, task-manager: { slots: 1, boot: 1s, count: 1 } }\n"
             "jobs:\n"
             "  - name: j\n"
             "    vertices: [ { name: s }, { name: c, keys: 1k } ]\n"
             "    edges: [ 's -> c: hash' ]\n"
             "    load: { constant: 1k/s }\n",
             (unsigned)n, (unsigned)n);
    whole_run(whole_run_load(text.bytes));
}

static void double_minutes(void *context, uint64_t n)
{
    (void)context;
    run_shape(&(struct shape){
        .minutes = (unsigned)n, .task_managers = 4, .slots = 4, .jobs = 1, .vertices = 2 });
}

/* All begin at once, four of a group, which has a limit of its own. */

enum { GROUP_SIZE = 4 };

static void on_last_byte(void *context, uint64_t a, uint64_t b)
{
    (void)b;
    *(uint64_t *)context += a;
}

static void double_transfers(void *context, uint64_t n)
{
    (void)context;
    uint64_t sum = 0;
    struct rng rng = rng_stream(1, "transfers", n);
    struct sim_queue *queue = sim_queue_create();
    struct shared_bandwidth *shared = shared_bandwidth_create(queue, 1e9);
    for (uint64_t i = 0; i < n; i++)
        shared_bandwidth_start(shared, (uint32_t)(i / GROUP_SIZE), 1e9 / (double)n,
                               1e6 * (1 + rng_unit(&rng)), on_last_byte, &sum, 1, 0);
    while (sim_queue_run_one(queue, TIME_NEVER))
        ;
    CHECK(sum == n);
    shared_bandwidth_destroy(shared);
    sim_queue_destroy(queue);
}

int main(void)
{
    struct strike slow = { "slow: { task-manager:", ", factor: 0.5 }", 1 };
    struct strike freeze = { "freeze: { task-manager:", ", for: 5s }", 1 };
    struct strike cut = { "cut: { task-manager:", ", from: tm1, for: 20s }", 1 };
    struct strike far = { "throttle: { task-manager:", ", from: jobmanager, latency: 5ms }", 1 };
    struct strike star = { "throttle: { task-manager:", ", from: tm1, latency: 5ms }", 1 };
    struct strike cut_off = { "cut: { task-manager:", ", for: 20s }", 2 };
    struct joining looked_at = { "10s", "30s", "" };
    struct joining checkpoints = { "5min", "5s", "" };
    struct joining restarts = {
        "5min", "10min",
        "events:\n  - { at: 1min, every: 10s, fail: { vertex: join, subtask: 1 } }\n"
    };
    bool linear = true;
    linear &= bench_doubles("doubling: tasks", double_tasks, NULL, 256);
    linear &= bench_doubles("doubling: slots", double_slots, NULL, 128);
    linear &= bench_doubles("doubling: slots on busy cores", double_busy_slots, NULL, 200);
    linear &= bench_doubles("doubling: TaskManagers", double_task_managers, NULL, 250);
    linear &= bench_doubles("doubling: jobs", double_jobs, NULL, 8);
    linear &= bench_doubles("doubling: independent jobs", double_independent_jobs, NULL, 50);
    linear &= bench_doubles("doubling: jobs looked at", look_at_jobs, NULL, 25);
    linear &= bench_doubles("doubling: vertices looked at", look_at_vertices, NULL, 50);
    linear &= bench_doubles("doubling: sources that join", double_sources, &looked_at, 50);
    linear &= bench_doubles("doubling: the same, checkpoints", double_sources, &checkpoints, 100);
    linear &= bench_doubles("doubling: the same, restarts", double_sources, &restarts, 100);
    linear &= bench_doubles("doubling: ways that join", double_ways, NULL, 50);
    linear &= bench_doubles("doubling: links of their own", double_links, NULL, 250);
    linear &= bench_doubles("doubling: hosts slowed", double_struck, &slow, 500);
    linear &= bench_doubles("doubling: processes frozen", double_struck, &freeze, 500);
    linear &= bench_doubles("doubling: links cut", double_struck, &cut, 500);
    linear &= bench_doubles("doubling: links to the JobManager slowed", double_struck, &far, 500);
    linear &= bench_doubles("doubling: links to one TaskManager slowed", double_struck, &star, 500);
    linear &= bench_doubles("doubling: hosts cut off", double_struck, &cut_off, 500);
    linear &= bench_doubles("doubling: uploads on full NICs", double_uploads, NULL, 512);
    linear &= bench_doubles("doubling: savepoints", double_savepoints, NULL, 500);
    linear &= bench_doubles("doubling: checkpoints kept", double_retained, NULL, 2000);
    linear &= bench_doubles("doubling: minutes of a trace", double_minutes, NULL, 5000);
    linear &= bench_doubles("doubling: concurrent transfers", double_transfers, NULL, 10000);
    return linear ? 0 : 1;
}
