/* SPDX-License-Identifier: Apache-2.0
 *
 * Sessions: clicks of users that come out of order become visits. A visit is given out when the
 * watermark has passed it, again for each click that comes late, and clicks that come far too late
 * leave by the side output, as visits of their own.
 *
 * A watermark begins anew when a task does, so which click is late depends on the faults on the
 * way; what the table holds in the end does not: its key is the number of the visit, and a click
 * that is lost to its window is a visit of one click by either way.
 */
#include <stdio.h>
#include <stdlib.h>

#include <weir.h>

enum {
    CLICKS_DEFAULT = 60000,
    STEP_MS = 200, /* of event time, from one record to the next */
    AT_ONCE = 5,   /* users that click in turn, before the next five do */
    CLICKS = 12,   /* of a visit */
    ROUND = AT_ONCE * CLICKS,
    GROUPS = 8,     /* of users; a user's visits are so many rounds apart */
    STRAGGLER = 5,  /* this click of a visit */
    BEHIND = 3,     /* comes so many rounds late */
    LOST_EACH = 97, /* of which one comes far too late */
    DISORDER_MS = 1500,
    GAP_MS = 8000,
    LATENESS_MS = 40000, /* longer than stragglers take */
};

struct click {
    uint64_t user, visit;
    int64_t ms;
    uint64_t pages;
};
static const struct weir_type click_type = WEIR_STRUCT(struct click, 1);

struct visit {
    uint64_t visit;
    int64_t from, to;
    uint64_t clicks, pages;
};
static const struct weir_type visit_type = WEIR_STRUCT(struct visit, 1);

static uint64_t click_count(int argc, char **argv)
{
    return argc > 1 ? strtoull(argv[1], NULL, 10) : CLICKS_DEFAULT;
}

static bool is_lost(uint64_t index, uint64_t count)
{
    return index >= count / 3 && index % LOST_EACH == 0;
}

static struct click click_of(uint64_t index, uint64_t count)
{
    uint64_t round = index / ROUND, slot = index % AT_ONCE, click = index % ROUND / AT_ONCE;
    uint64_t mixed = (index + 1) * 0x9e3779b97f4a7c15u >> 33;
    if (click == STRAGGLER && round >= BEHIND)
        round -= BEHIND;
    uint64_t place = round * ROUND + index % ROUND;
    struct click made = { .user = round % GROUPS * AT_ONCE + slot,
                          .visit = round * AT_ONCE + slot,
                          .ms = (int64_t)(place * STEP_MS) - (int64_t)(mixed % DISORDER_MS),
                          .pages = mixed % 7 + 1 };
    if (is_lost(index, count)) {
        made.user = made.visit = count + index;
        made.ms -= (int64_t)(count / 4 * STEP_MS);
    }
    return made;
}

static void make_click(uint64_t index, void *value, void *user)
{
    *(struct click *)value = click_of(index, (uintptr_t)user);
}

static int64_t time_of(uint64_t index, const void *value, void *user)
{
    (void)index, (void)user;
    return ((const struct click *)value)->ms;
}

static void grow(struct visit *visit, const struct visit *by)
{
    bool is_first = visit->clicks == 0;
    visit->visit = by->visit;
    visit->from = is_first || by->from < visit->from ? by->from : visit->from;
    visit->to = is_first || by->to > visit->to ? by->to : visit->to;
    visit->clicks += by->clicks;
    visit->pages += by->pages;
}

static struct visit visit_of(const struct click *click)
{
    return (struct visit){ click->visit, click->ms, click->ms, 1, click->pages };
}

static void add(struct weir_context *ctx, const struct weir_record *record, void *value, void *user)
{
    struct visit one = visit_of(record->value);
    grow(value, &one);
    (void)ctx, (void)user;
}

static void merge(void *into, const void *from)
{
    grow(into, from);
}

static void give(struct weir_context *ctx, const struct weir_pane *pane, const void *value,
                 void *user)
{
    weir_emit(ctx, value);
    (void)pane, (void)user;
}

static void give_late(struct weir_context *ctx, const struct weir_record *record, void *out,
                      void *user)
{
    *(struct visit *)out = visit_of(record->value);
    (void)ctx, (void)user;
}

static size_t format(const void *value, uint32_t size, char *line, size_t room, void *user)
{
    const struct visit *visit = value;
    (void)size, (void)user;
    return (size_t)snprintf(line, room, "%llu %lld..%lld clicks %llu pages %llu",
                            (unsigned long long)visit->visit, (long long)visit->from,
                            (long long)visit->to, (unsigned long long)visit->clicks,
                            (unsigned long long)visit->pages);
}

int weir_main(struct weir_env *env, int argc, char **argv)
{
    uint64_t count = click_count(argc, argv);
    struct weir_generator clicks = { .type = &click_type,
                                     .count = count,
                                     .rate = 1000,
                                     .splits = 8,
                                     .make = make_click,
                                     .timestamp = time_of,
                                     .watermarks = { DISORDER_MS, .interval_ms = 50 } };
    const struct weir_window window = { .gap_ms = GAP_MS, .lateness_ms = LATENESS_MS };
    const struct weir_aggregate visits = {
        .value = &visit_type, .add = add, .merge = merge, .give = give
    };
    struct weir_stream *in = weir_from_generator(env, "clicks", &clicks, (void *)(uintptr_t)count);
    struct weir_stream *keyed = weir_key_by(in, WEIR_FIELD_LONG(struct click, user));
    struct weir_stream *on_time =
        weir_aggregate(keyed, "visits", &visit_type, &window, &visits, NULL);
    weir_cost(on_time,
              &(struct weir_cost){ .cpu_ns = 20000, .selectivity = 0.1, .keys = GROUPS * AT_ONCE });
    struct weir_stream *aside = weir_side_output(on_time, WEIR_LATE, &click_type);
    struct weir_stream *late = weir_map(aside, "late clicks", &visit_type, give_late, NULL);
    struct weir_stream *all = weir_union((struct weir_stream *[]){ on_time, late }, 2);
    struct weir_key key = WEIR_FIELD_LONG(struct visit, visit);
    weir_sink_table(weir_key_by(all, key), "table", format, NULL);
    weir_sink_files(late, "late", format, NULL);
    return weir_execute(env, "sessions") ? 0 : 1;
}

static void tell(void (*line)(void *to, const char *text), void *to, const struct visit *visit)
{
    char text[200];
    format(visit, sizeof *visit, text, sizeof text, NULL);
    line(to, text);
}

void weir_expected(const char *sink, int argc, char **argv,
                   void (*line)(void *to, const char *text), void *to)
{
    uint64_t count = click_count(argc, argv), all = (count / ROUND + 1) * AT_ONCE;
    struct visit *visits = calloc(all, sizeof *visits);
    for (uint64_t i = 0; visits && i < count; i++) {
        struct click click = click_of(i, count);
        struct visit one = visit_of(&click);
        if (is_lost(i, count))
            tell(line, to, &one);
        else
            grow(&visits[click.visit], &one);
    }
    for (uint64_t v = 0; visits && sink[0] == 't' && v < all; v++)
        if (visits[v].clicks > 0)
            tell(line, to, &visits[v]);
    free(visits);
}
