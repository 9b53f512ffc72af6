/* SPDX-License-Identifier: Apache-2.0
 *
 * How the buffers in front of a vertex are dealt out, against senders and readers that are stepped
 * record by record: pools, the most that one channel may have, credits of remote channels. What the
 * slowest reader has before it, and what all have, from empty buffers on to where it settles.
 */
#include <check.h>
#include <math.h>

#include "core/base/rng.h"
#include "sim/model/buffers.h"
#include "sim/model/state.h"
#include "tests/lib/model_fixture.h"

static const struct job_id job_0 = { 0 };

enum { TASKS = 6, RECORDS = 8, RECORD_BYTES = 100, LOCAL = 0, REMOTE = 1, ENDS = 2 };

/* One sender and one reader per host. Costs in us of a record: each sender's; each reader's. */
static const struct deal_case {
    const char *name;
    uint32_t tasks;
    double sends, reads[TASKS]; /* reads 0: it is frozen */
    double until;               /* s; who is behind is chance, among equals, in the long run */
} cases[] = {
    { "all alike", 4, 10, { 100, 100, 100, 100 }, 0.2 },
    { "one takes twice as long", 4, 80, { 200, 100, 100, 100 }, 2 },
    { "and senders outrun all", 4, 30, { 200, 100, 100, 100 }, 2 },
    { "two take four times as long", 6, 200, { 400, 400, 100, 100, 100, 100 }, 2 },
    { "one takes a fifth longer", 4, 20, { 120, 100, 100, 100 }, 2 },
    { "one takes a twentieth longer", 6, 20, { 105, 100, 100, 100, 100, 100 }, 2 },
    { "each as slow as its number", 5, 20, { 150, 140, 130, 120, 110 }, 2 },
    { "one is frozen", 4, 80, { 0, 100, 100, 100 }, 2 },
};
enum { CASES = sizeof cases / sizeof *cases };

/* Buffers of one channel. */
struct channel {
    uint32_t open;           /* records in the one that is written */
    uint32_t queued, beyond; /* full ones at the sender; at the reader */
    bool is_open;
};

struct shuffle {
    const struct deal_case *how;
    struct rng rng;
    uint32_t pool;
    struct channel channels[TASKS][TASKS];   /* sender, reader */
    uint32_t floating[TASKS], turn[TASKS];   /* of readers */
    double sends_at[TASKS], reads_at[TASKS]; /* when they do the next thing, s */
    uint32_t left[TASKS];                    /* records of the buffer being read */
    int from[TASKS];                         /* whose; -1: none */
};

static bool is_remote(uint32_t sender, uint32_t reader)
{
    return sender != reader;
}

/* At the sender; what a reader on the same host has taken is the sender's still. */
static uint32_t used_by(const struct shuffle *s, uint32_t sender, uint32_t reader)
{
    const struct channel *c = &s->channels[sender][reader];
    bool is_read = !is_remote(sender, reader) && s->from[reader] == (int)sender;
    return c->queued + c->is_open + is_read;
}

static bool has_room(const struct shuffle *s, uint32_t sender)
{
    uint32_t used = 0;
    for (uint32_t r = 0; r < s->how->tasks; r++) {
        used += used_by(s, sender, r);
        if (used_by(s, sender, r) >= CONFIG_CHANNEL_BUFFERS_MAX)
            return false;
    }
    return used < s->pool;
}

/* Full buffers go to readers on other hosts while these have room. */
static void pass(struct shuffle *s, uint32_t reader)
{
    for (uint32_t k = 0; k < s->how->tasks; k++) {
        uint32_t sender = (s->turn[reader] + k) % s->how->tasks;
        struct channel *c = &s->channels[sender][reader];
        while (is_remote(sender, reader) && c->queued > 0 &&
               (c->beyond < 2 || s->floating[reader] > 0)) {
            s->floating[reader] -= c->beyond >= 2;
            c->queued--;
            c->beyond++;
        }
    }
}

static void send(struct shuffle *s, uint32_t sender)
{
    uint32_t reader = (uint32_t)rng_below(&s->rng, s->how->tasks);
    struct channel *c = &s->channels[sender][reader];
    c->is_open = true;
    if (++c->open < RECORDS)
        return;
    c->open = 0;
    c->is_open = false;
    c->queued++;
    pass(s, reader);
}

static void begin_buffer(struct shuffle *s, uint32_t reader)
{
    for (uint32_t k = 0; k < s->how->tasks && s->from[reader] < 0; k++) {
        uint32_t sender = (s->turn[reader] + k) % s->how->tasks;
        struct channel *c = &s->channels[sender][reader];
        uint32_t *at = is_remote(sender, reader) ? &c->beyond : &c->queued;
        if (*at == 0)
            continue;
        (*at)--;
        s->floating[reader] += is_remote(sender, reader) && c->beyond >= 2;
        s->from[reader] = (int)sender;
        s->left[reader] = RECORDS;
        s->turn[reader] = sender + 1;
    }
    pass(s, reader);
}

static void read_one(struct shuffle *s, uint32_t reader)
{
    if (s->left[reader] > 0 && --s->left[reader] == 0)
        s->from[reader] = -1;
    if (s->left[reader] == 0)
        begin_buffer(s, reader);
}

/* Whoever is due next; one that has nothing to do looks again a moment later. */
static double step(struct shuffle *s)
{
    uint32_t next = 0, tasks = s->how->tasks;
    double at = INFINITY;
    for (uint32_t t = 0; t < 2 * tasks; t++) {
        double due = t < tasks ? s->sends_at[t] : s->reads_at[t - tasks];
        next = due < at ? t : next;
        at = fmin(at, due);
    }
    if (next < tasks) {
        bool room = has_room(s, next);
        if (room)
            send(s, next);
        s->sends_at[next] = at + s->how->sends * (room ? 1e-6 : 0.5e-6);
        return at;
    }
    read_one(s, next - tasks);
    s->reads_at[next - tasks] = at + s->how->reads[next - tasks] * 1e-6;
    return at;
}

static double before(const struct shuffle *s, uint32_t reader)
{
    double records = s->left[reader];
    for (uint32_t k = 0; k < s->how->tasks; k++) {
        const struct channel *c = &s->channels[k][reader];
        records += c->open + RECORDS * (c->queued + c->beyond);
    }
    return records;
}

/* At some times: how long it takes to read what is before the subtask that this takes longest, in
 * records of number 0, which is slowest; records before all. */
struct look {
    double slowest, all;
};
enum { LOOKS = 5, RUNS = 4 };
static const double looks_at[LOOKS] = { 0.02, 0.05, 0.2, 0.6, 2 };

static void run_shuffle(const struct deal_case *how, uint64_t seed, struct look *looks)
{
    struct config config = config_default();
    struct shuffle s = { .how = how, .rng = rng_stream(seed, "deal", 0) };
    s.pool = config_output_buffers(&config, how->tasks);
    for (uint32_t t = 0; t < how->tasks; t++) {
        s.floating[t] = (uint32_t)config.buffers_per_gate;
        s.from[t] = -1;
        s.sends_at[t] = how->reads[t] > 0 ? how->sends * 1e-6 * rng_unit(&s.rng) : INFINITY;
        s.reads_at[t] = how->reads[t] > 0 ? 0 : INFINITY;
    }
    for (int look = 0; look < LOOKS; look++) {
        double at, until = looks_at[look] * 1.1, sum = 0, all = 0, count = 0;
        while ((at = step(&s)) < until) {
            if (at < looks_at[look] * 0.9)
                continue;
            double most = before(&s, 0);
            for (uint32_t r = 0; r < how->tasks; r++) {
                all += before(&s, r);
                if (how->reads[0] > 0)
                    most = fmax(most, before(&s, r) * how->reads[r] / how->reads[0]);
            }
            sum += most;
            count++;
        }
        looks[look].slowest += sum / count / RUNS;
        looks[look].all += all / count / RUNS;
    }
}

static struct model_fixture f;

/* The same in the model; what a source does is no work, so that slow hosts do not slow it down. */
static void run_model(const struct deal_case *how, struct look *looks)
{
    static const uint32_t hosts[TASKS] = { 1, 2, 3, 4, 5, 6 };
    const uint32_t parallelism[] = { how->tasks, how->tasks };
    model_fixture_init(&f);
    f.config.buffer_size = RECORDS * RECORD_BYTES;
    struct vertex_model *source = model_fixture_vertex(&f, job_0, "source", 120, 0);
    source->wait_ns = how->sends * 1e3;
    source->record_bytes = RECORD_BYTES;
    model_fixture_vertex(&f, job_0, "count", 120, 100 * TIME_US);
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_HASH);
    model_fixture_load(&f, job_0, 0, 0, 1e7);
    for (uint32_t t = 0; t < how->tasks; t++)
        f.hosts[hosts[t]].speed = how->reads[t] > 0 ? 100 / how->reads[t] : 1;
    model_fixture_start(&f);
    if (!(how->reads[0] > 0))
        model_fixture_freeze(&f, hosts[0], true);
    model_fixture_deploy_first(&f, parallelism, hosts, how->tasks);
    if (!(how->reads[0] > 0)) {
        model_fixture_freeze(&f, hosts[0], false);
        model_fixture_run(&f, 150 * TIME_MS);
        model_fixture_freeze(&f, hosts[0], true);
    }
    time_ns begun = (time_ns)(150e6 * fmax(how->reads[0] / 100, 1)); /* on the slowest host */
    for (int look = 0; look < LOOKS; look++) {
        model_fixture_run(&f, begun + (time_ns)(looks_at[look] * (double)TIME_S));
        model_fixture_job(&f, job_0); /* brings it up to date */
        struct deal_stage now =
            vertex_buffers(f.model, &f.model->jobs[0], &f.model->jobs[0].vertices[1]);
        looks[look] =
            (struct look){ now.ahead / how->tasks / RECORD_BYTES, now.held / RECORD_BYTES };
    }
    model_fixture_fini(&f);
}

START_TEST(buffers_are_dealt_out_as_records_one_by_one_fill_them)
{
    const struct deal_case *how = &cases[_i];
    struct look truth[LOOKS] = { { 0 } }, model[LOOKS];
    for (uint64_t seed = 0; seed < RUNS; seed++)
        run_shuffle(how, seed, truth);
    run_model(how, model);
    /* Buffers that are open, or being read, are not full. What those that keep up again had at
     * their own gates is in the model until the slowest has all it may have. */
    double open = RECORDS / 2.0 * how->tasks;
    for (int look = 0; look < LOOKS && looks_at[look] <= how->until; look++) {
        ck_assert_double_eq_tol(model[look].slowest, truth[look].slowest,
                                0.1 * truth[look].slowest + open);
        ck_assert_double_eq_tol(model[look].all, truth[look].all,
                                0.25 * truth[look].all + open * how->tasks);
    }
}
END_TEST

Suite *test_model_deal_suite(void);
Suite *test_model_deal_suite(void)
{
    Suite *suite = suite_create("model_deal");
    TCase *tests = tcase_create("deal");
    tcase_add_loop_test(tests, buffers_are_dealt_out_as_records_one_by_one_fill_them, 0, CASES);
    suite_add_tcase(suite, tests);
    return suite;
}
