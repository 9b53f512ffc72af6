/* SPDX-License-Identifier: Apache-2.0
 *
 * Lag around spells in which nothing arrives. Records wait, or do not, on either side of one, and
 * the position that says so is rounded: random loads with silences, read by any number of
 * partitions, against whole numbers of records, which are not.
 */
#include <check.h>
#include <math.h>

#include "core/base/rng.h"
#include "sim/model/partition.h"
#include "tests/lib/model_fixture.h"

enum { PIECES_MAX = 12, PARTITIONS_MAX = 40 };

/* Seconds and records are whole numbers, so that nothing here is rounded. */
struct exact {
    uint32_t pieces, partitions;
    int64_t at[PIECES_MAX], rate[PIECES_MAX], before[PIECES_MAX];
    int64_t read, now;
};

static const bool fresh[] = { true };

static int64_t arrived_until(const struct exact *exact, int64_t at)
{
    uint32_t i = exact->pieces - 1;
    while (i > 0 && exact->at[i] > at)
        i--;
    return at < exact->at[0] ? 0 : exact->before[i] + exact->rate[i] * (at - exact->at[i]);
}

/* Of the first record that is not among the first `read`. */
static double exact_age(const struct exact *exact, int64_t read, int64_t now)
{
    uint32_t i = exact->pieces - 1;
    if (read >= arrived_until(exact, now))
        return 0;
    while (i > 0 && exact->before[i] > read)
        i--;
    return (double)(now - exact->at[i]) -
           (double)(read - exact->before[i]) / (double)exact->rate[i];
}

/* The most while reading goes on evenly to `target` in so many seconds. */
static double exact_most(const struct exact *exact, int64_t target, int64_t seconds)
{
    int64_t then = exact->now + seconds;
    double most = fmax(exact_age(exact, exact->read, exact->now), exact_age(exact, target, then));
    for (uint32_t i = 0; i < exact->pieces; i++)
        if (exact->before[i] > exact->read && exact->before[i] <= target) {
            double since = (double)(target - exact->before[i]) * (double)seconds /
                           (double)(target - exact->read);
            most = fmax(most, (double)(then - exact->at[i]) - since);
        }
    return most;
}

static struct exact random_load(struct rng *rng, struct series *load)
{
    struct exact exact = { .pieces = 2 + (uint32_t)rng_below(rng, PIECES_MAX - 1),
                           .partitions = 1 + (uint32_t)rng_below(rng, PARTITIONS_MAX) };
    int64_t at = (int64_t)rng_below(rng, 100);
    for (uint32_t i = 0; i < exact.pieces; i++) {
        exact.at[i] = at;
        exact.rate[i] = rng_below(rng, 2) ? 1 + (int64_t)rng_below(rng, 20000) : 0;
        if (i > 0)
            exact.before[i] = exact.before[i - 1] + exact.rate[i - 1] * (at - exact.at[i - 1]);
        series_push(load, at * TIME_S, (double)exact.rate[i]);
        at += 1 + (int64_t)rng_below(rng, 3000);
    }
    return exact;
}

/* All that has arrived, or up to where the load steps, or anything between. */
static int64_t random_target(struct rng *rng, const struct exact *exact, int64_t then)
{
    int64_t arrived = arrived_until(exact, then);
    int64_t corner = exact->before[rng_below(rng, exact->pieces)];
    switch (rng_below(rng, 4)) {
    case 0: return arrived;
    case 1: return exact->read;
    case 2: return corner >= exact->read && corner <= arrived ? corner : exact->read;
    default: return exact->read + (int64_t)rng_below(rng, (uint64_t)(arrived - exact->read) + 1);
    }
}

static void ck_age(double found, double wanted)
{
    ck_assert_double_eq_tol(found, wanted, 1e-6);
}

/* In strides, as others look in between. */
static void read_to(struct rng *rng, struct model_source *source, const struct exact *exact,
                    int64_t target, int64_t seconds, bool keeps_up)
{
    const time_ns from = exact->now * TIME_S, until = from + seconds * TIME_S;
    struct partition_group *group = &source->groups.items[0];
    source_start(source);
    for (time_ns now = from; now < until;) {
        time_ns stride = 1 + (time_ns)rng_below(rng, (uint64_t)seconds * TIME_S);
        stride = stride < until - now ? stride : until - now;
        now += stride;
        group->kept_up = keeps_up;
        group->rate = (double)(target - exact->read) / (double)seconds / exact->partitions;
        source_move(source, (double)(now - from) / (double)TIME_S, now);
    }
    group->position = source_read(source, group, until);
    group->kept_up = false;
}

/* A checkpoint is cut, reading goes on, and all of it is lost. */
static void check_setback(struct model_source *source, struct exact *exact,
                          const struct source_cut *cut, int64_t cut_read)
{
    source_halt(source, exact->now * TIME_S);
    struct source_setback back = source_setback(source, cut, NULL, 1, exact->now * TIME_S);
    ck_assert_double_eq_tol(back.records, (double)(exact->read - cut_read), 1e-3);
    ck_age(back.lag_seconds, exact_age(exact, cut_read, exact->now));
    source_restore(source, cut, fresh, 1, exact->now * TIME_S);
    exact->read = cut_read;
}

START_TEST(lag_around_a_silence_is_that_of_whole_records)
{
    struct rng rng = rng_stream((uint64_t)_i, "silence", 0);
    struct series load = { 0 };
    struct exact exact = random_load(&rng, &load);
    struct model_source source = { 0 };
    struct source_cut cut = { 0 };
    int64_t cut_read = 0;
    source_init(&source, &load, 0, false, exact.partitions);
    source_cut_take(&source, 0, &cut);
    for (int step = 0; step < 80; step++) {
        uint32_t class_of[] = { 0 }, class_tasks[] = { 1 };
        int64_t seconds = 1 + (int64_t)rng_below(&rng, 600);
        int64_t target = random_target(&rng, &exact, exact.now + seconds);
        bool keeps_up = exact.read == arrived_until(&exact, exact.now) &&
                        target == arrived_until(&exact, exact.now + seconds) &&
                        rng_below(&rng, 2) == 0;
        double most = keeps_up ? 0 : exact_most(&exact, target, seconds);
        source_split(&source, class_of, 1, class_tasks, exact.now * TIME_S);
        source.lag_most = 0;
        source_note_lag(&source, exact.now * TIME_S);
        read_to(&rng, &source, &exact, target, seconds, keeps_up);
        exact.read = target;
        exact.now += seconds;
        ck_age(source.lag_most, most);
        ck_age(source_lag_seconds_most(&source, exact.now * TIME_S),
               exact_age(&exact, exact.read, exact.now));
        if (rng_below(&rng, 6) == 0) {
            source_cut_fini(&cut);
            source_cut_take(&source, exact.now * TIME_S, &cut);
            cut_read = exact.read;
        }
        if (rng_below(&rng, 6) == 0)
            check_setback(&source, &exact, &cut, cut_read);
    }
    source_cut_fini(&cut);
    source_fini(&source);
    series_fini(&load);
}
END_TEST

static const struct job_id job_0 = { 0 };
static struct model_fixture f;

/* Ten minutes of a load that is a whole number in no unit, an hour of nothing, a rush. One
 * partition of twelve gets a share that no double is. */
static void start_shop(double rate)
{
    static const uint32_t ones[] = { 1, 1 }, one_host[] = { 1 };
    model_fixture_init(&f);
    model_fixture_vertex(&f, job_0, "source", 128, 0)->partitions = 12;
    model_fixture_vertex(&f, job_0, "count", 128, 200 * TIME_US);
    model_fixture_edge(&f, job_0, 0, 1, PARTITION_HASH);
    model_fixture_load(&f, job_0, 0, 0, rate);
    model_fixture_load(&f, job_0, 0, 10 * TIME_MIN, 0);
    model_fixture_load(&f, job_0, 0, 70 * TIME_MIN, 8000);
    model_fixture_load(&f, job_0, 0, 75 * TIME_MIN, 0);
    model_fixture_start(&f);
    model_fixture_deploy_first(&f, ones, one_host, 1);
}

/* 5 minutes of 8,000/s, read at 5,000/s: the last one waits for 900,000 before it. */
START_TEST(who_waits_behind_a_silence_has_not_waited_through_it)
{
    start_shop(2868.147 / (_i + 1));
    model_fixture_run(&f, 60 * TIME_MIN);
    model_fixture_job(&f, job_0);
    model_fixture_run(&f, 120 * TIME_MIN);
    struct model_job_view view = model_fixture_job(&f, job_0);
    ck_assert_double_eq_tol(view.lag_seconds_max, 180, 1e-6);
    ck_assert_double_eq(view.lag_seconds, 0);
    model_fixture_fini(&f);
}
END_TEST

/* The checkpoint has all that came, so nothing is to be read again; but of what it has not, the
 * first record came when it came. */
START_TEST(a_restart_in_a_silence_waits_for_nothing_that_its_checkpoint_has)
{
    struct fixture_deployment how = { .parallelism = (uint32_t[]){ 1, 1 },
                                      .hosts = (uint32_t[]){ 1 },
                                      .host_count = 1 };
    start_shop(2664.916 / (_i + 1));
    model_fixture_run(&f, 20 * TIME_MIN);
    model_fixture_trigger(&f, &how, 1, CHECKPOINT_PERIODIC);
    model_fixture_run(&f, 21 * TIME_MIN);
    model_fixture_tell(&f, &how, DATA_CHECKPOINT_COMPLETE, 1);
    model_fixture_run(&f, 60 * TIME_MIN);
    model_fixture_job(&f, job_0);
    model_fixture_end_process(&f, 1);
    model_fixture_run(&f, 65 * TIME_MIN);
    struct model_job_view view = model_fixture_job(&f, job_0);
    ck_assert_double_eq(view.lag_seconds_max, 0);
    ck_assert(!view.has_latency);
    model_fixture_run(&f, 71 * TIME_MIN);
    ck_assert_double_eq_tol(model_fixture_job(&f, job_0).lag_seconds, 60, 1e-6);
    model_fixture_fini(&f);
}
END_TEST

Suite *test_model_silence_suite(void)
{
    Suite *suite = suite_create("model_silence");
    TCase *tests = tcase_create("silences");
    tcase_add_loop_test(tests, lag_around_a_silence_is_that_of_whole_records, 0, 60);
    tcase_add_loop_test(tests, who_waits_behind_a_silence_has_not_waited_through_it, 0, 12);
    tcase_add_loop_test(tests, a_restart_in_a_silence_waits_for_nothing_that_its_checkpoint_has, 0,
                        12);
    suite_add_tcase(suite, tests);
    return suite;
}
