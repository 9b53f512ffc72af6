/* SPDX-License-Identifier: Apache-2.0
 *
 * Arrivals, positions, backlog and lag of one source, by group of partitions.
 */
#include "sim/model/source.h"

#include <math.h>

#include "sim/model/partition.h"

/* Of each partition: nobody waits for less than a millionth of a record. What rounding leaves over
 * or under is below that in short runs, and below the share in long ones. */
#define RECORDS_NONE 1e-6
#define SHARE_NONE   1e-11

void source_init(struct model_source *source, const struct series *load, time_ns from, bool paced,
                 uint32_t partitions)
{
    CHECK(partitions > 0);
    curve_init(&source->curve, load, from);
    source->paced = paced;
    source->given_up_at = TIME_NEVER;
    source->scale = paced ? 1 : 1.0 / partitions;
    source->layout = layout_create(partitions);
    vec_push(&source->groups, (struct partition_group){ .count = partitions, .class = GROUP_IDLE });
}

void source_fini(struct model_source *source)
{
    curve_fini(&source->curve);
    layout_release(source->layout);
    vec_fini(&source->groups);
}

void source_cut_take(struct model_source *source, time_ns now, struct source_cut *out)
{
    source->layout->references++;
    out->layout = source->layout;
    out->positions = mem_create_array(source->groups.count, sizeof *out->positions);
    out->counts = mem_create_array(source->groups.count, sizeof *out->counts);
    out->aheads = mem_create_array(source->groups.count, sizeof *out->aheads);
    out->group_count = (uint32_t)source->groups.count;
    out->total = out->ahead = out->buffered_bytes = out->in_flight_bytes = 0;
    for (size_t g = 0; g < source->groups.count; g++) {
        out->positions[g] = source_read(source, &source->groups.items[g], now);
        out->counts[g] = source->groups.items[g].count;
        out->total += out->positions[g] * source->groups.items[g].count;
    }
}

void source_cut_fini(struct source_cut *cut)
{
    layout_release(cut->layout);
    mem_destroy(cut->positions);
    mem_destroy(cut->counts);
    mem_destroy(cut->aheads);
    *cut = (struct source_cut){ 0 };
}

static double room_of(const struct source_cut *cut, uint32_t group, const double *limits)
{
    return fmax(limits[group] - cut->positions[group], 0);
}

/* What some groups have no room for the others have read, each by the room that it has left. */
static void settle_rest(struct source_cut *cut, double rest, const double *limits)
{
    double room = 0;
    for (uint32_t g = 0; g < cut->group_count; g++)
        room += room_of(cut, g, limits) * cut->counts[g];
    if (!(rest > 0) || !(room > 0))
        return;
    double part = fmin(rest / room, 1);
    for (uint32_t g = 0; g < cut->group_count; g++)
        cut->positions[g] += room_of(cut, g, limits) * part;
    cut->total += room * part;
}

void source_cut_settle(struct source_cut *cut, double most, const double *limits)
{
    double stored =
        cut->buffered_bytes > 0 ? fmin(cut->in_flight_bytes / cut->buffered_bytes, 1) : 1;
    double share = 1 - stored, channel_state = cut->ahead * stored, rest = 0;
    CHECK(most >= 0);
    if (cut->ahead * share > most)
        share = most / cut->ahead;
    for (uint32_t g = 0; g < cut->group_count; g++) {
        double ahead = cut->aheads[g] * share, moved = fmin(ahead, room_of(cut, g, limits));
        cut->positions[g] += moved;
        cut->total += moved * cut->counts[g];
        rest += (ahead - moved) * cut->counts[g];
    }
    settle_rest(cut, rest, limits);
    cut->ahead = channel_state;
    if (cut->group_count > 1)
        cut_merge(cut);
}

/* What the curve had given when the group last took from it. */
static double group_amount(struct model_source *source, const struct partition_group *group,
                           time_ns now)
{
    bool stopped = source->paced && group->class == GROUP_IDLE;
    return stopped ? group->idle_amount : curve_amount(&source->curve, now);
}

double source_arrived(struct model_source *source, const struct partition_group *group, time_ns now)
{
    double amount = group_amount(source, group, now);
    return group->origin + source->scale * (amount - group->origin_amount);
}

double source_read(struct model_source *source, const struct partition_group *group, time_ns now)
{
    return group->kept_up ? source_arrived(source, group, now) : group->position;
}

double source_position(struct model_source *source, time_ns now)
{
    double sum = 0;
    for (VEC_EACH(struct partition_group, group, &source->groups))
        sum += group->count * source_read(source, group, now);
    return sum;
}

static double arrived_in_all(struct model_source *source, time_ns now)
{
    double sum = 0;
    for (VEC_EACH(struct partition_group, group, &source->groups))
        sum += group->count * source_arrived(source, group, now);
    return sum;
}

double source_offered(struct model_source *source, time_ns now)
{
    return arrived_in_all(source, now) + source->withdrawn_total - source->offered_before;
}

double source_backlog_after(struct model_source *source, double seconds, time_ns now)
{
    double sum = 0;
    for (VEC_EACH(struct partition_group, group, &source->groups))
        if (!group->kept_up) {
            double position = group->position + group->rate * seconds;
            sum += group->count * fmax(source_arrived(source, group, now) - position, 0);
        }
    return sum;
}

double source_backlog(struct model_source *source, time_ns now)
{
    return source_backlog_after(source, 0, now);
}

/* What the curve had given when the last record arrived that the group has read. */
static double amount_read(const struct model_source *source, const struct partition_group *group)
{
    return group->origin_amount + (group->position - group->origin) / source->scale;
}

/* Amounts of the curve that come from positions are rounded: a corner within this beyond one has
 * been read up to. A function of the amount alone, and amount and slack grow together: so reading
 * on passes each corner once, wherever it pauses. */
static double slack_of(const struct model_source *source, double amount)
{
    return RECORDS_NONE / source->scale + SHARE_NONE * amount;
}

/* When the first record beyond that arrives. */
static time_ns arrival_beyond(const struct model_source *source, double amount)
{
    return curve_time(&source->curve, amount, slack_of(source, amount));
}

static double age_of(time_ns arrived_at, time_ns now)
{
    return arrived_at < now ? (double)(now - arrived_at) / (double)TIME_S : 0;
}

double source_lag_seconds(struct model_source *source, const struct partition_group *group,
                          time_ns now)
{
    bool is_ours = source->given_up_at == TIME_NEVER;
    if (!is_ours || group->kept_up || source_arrived(source, group, now) <= group->position)
        return 0;
    return age_of(arrival_beyond(source, amount_read(source, group)), now);
}

double source_lag_seconds_most(struct model_source *source, time_ns now)
{
    double most = 0;
    for (VEC_EACH(struct partition_group, group, &source->groups))
        most = fmax(most, source_lag_seconds(source, group, now));
    return most;
}

void source_note_lag(struct model_source *source, time_ns now)
{
    source->lag_most = fmax(source->lag_most, source_lag_seconds_most(source, now));
}

/* Between two corners of the curve the lag changes evenly, so it was most at one of them (the group
 * passes each once) or is now. Records at a corner are as old as the curve's time there says. */
static void note_corners(struct model_source *source, const struct partition_group *group,
                         double amount, time_ns now)
{
    double read = amount_read(source, group), rate = group->rate / source->scale;
    double from = amount + slack_of(source, amount), until = read + slack_of(source, read);
    size_t count = source->curve.series->points.count;
    for (size_t i = curve_corner(&source->curve, from);
         i < count && source->curve.before[i] <= until; i++) {
        double age = (double)(now - curve_corner_time(&source->curve, i)) / (double)TIME_S;
        double since = fmax(read - source->curve.before[i], 0) / rate;
        source->lag_most = fmax(source->lag_most, age - since);
    }
}

void source_start(struct model_source *source)
{
    source->served_from = source->served_total;
    for (VEC_EACH(struct partition_group, group, &source->groups))
        group->from = group->position;
}

void source_move(struct model_source *source, double seconds, time_ns now)
{
    source->served_total = source->served_from + source->rate * seconds;
    for (VEC_EACH(struct partition_group, group, &source->groups)) {
        if (group->kept_up)
            continue;
        double amount = amount_read(source, group);
        group->position = group->from + group->rate * seconds;
        if (group->rate > 0)
            note_corners(source, group, amount, now);
        source->lag_most = fmax(source->lag_most, source_lag_seconds(source, group, now));
    }
}

static bool some_group_is_idle(const struct model_source *source)
{
    for (VEC_EACH(const struct partition_group, group, &source->groups))
        if (group->class == GROUP_IDLE)
            return true;
    return false;
}

struct source_setback source_setback(struct model_source *source, const struct source_cut *cut,
                                     const bool *done, uint32_t readers, time_ns now)
{
    struct source_setback back = { 0, 0 };
    double amount = curve_amount(&source->curve, now), oldest = amount;
    if (source->paced || !some_group_is_idle(source))
        return back;
    const struct layout *layout = source->layout;
    uint32_t partitions = layout->partitions;
    uint32_t period = layout_period(partitions, layout->period, cut ? cut->layout->period : 1);
    if (done)
        period = layout_period(partitions, period, readers);
    for (uint32_t i = 0; i < period; i++) {
        const struct partition_group *group = &source->groups.items[layout_group(layout, i)];
        double position = cut ? cut->positions[layout_group(cut->layout, i)] : 0;
        if (group->class != GROUP_IDLE || (done && done[i % readers]))
            continue;
        back.records += fmax(group->position - position, 0) * layout_repeats(partitions, period, i);
        oldest = fmin(oldest, position / source->scale);
    }
    back.lag_seconds = oldest < amount ? age_of(arrival_beyond(source, oldest), now) : 0;
    return back;
}

/* A group that stood at the end when it was last halted has nothing before it either. */
bool source_is_exhausted(struct model_source *source, time_ns now)
{
    if (curve_rate(&source->curve, now) > 0 || curve_next_change(&source->curve, now) != TIME_NEVER)
        return false;
    for (VEC_EACH(const struct partition_group, group, &source->groups)) {
        double arrived = source_arrived(source, group, now);
        if (!group->kept_up && group->position < arrived - 1e-9 * fmax(arrived, 1))
            return false;
    }
    return true;
}

double source_partition_rate(struct model_source *source, time_ns now)
{
    return source->scale * curve_rate(&source->curve, now);
}

void source_give_up(struct model_source *source, time_ns now)
{
    source_note_lag(source, now);
    source->given_up_at = now;
}

void source_halt(struct model_source *source, time_ns now)
{
    double amount = curve_amount(&source->curve, now);
    for (VEC_EACH(struct partition_group, group, &source->groups)) {
        group->position = source_read(source, group, now);
        if (group->class != GROUP_IDLE)
            group->idle_amount = amount;
        group->class = GROUP_IDLE;
        group->kept_up = false;
        group->rate = 0;
    }
    if (source->groups.count > 1)
        partitions_merge(source);
}

void source_join(struct model_source *source, time_ns now)
{
    for (VEC_EACH(struct partition_group, group, &source->groups))
        group->position = source_read(source, group, now);
    partitions_merge(source);
}

void source_set_parallelism(struct model_source *source, uint32_t parallelism, time_ns now)
{
    if (!source->paced || source->layout->partitions == parallelism)
        return;
    double position = source_position(source, now), amount = curve_amount(&source->curve, now);
    source->withdrawn_total += arrived_in_all(source, now) - position;
    layout_release(source->layout);
    source->layout = layout_create(parallelism);
    vec_clear(&source->groups);
    vec_push(&source->groups, (struct partition_group){ .position = position / parallelism,
                                                        .origin = position / parallelism,
                                                        .origin_amount = amount,
                                                        .idle_amount = amount,
                                                        .count = parallelism,
                                                        .class = GROUP_IDLE });
}

/* A source had read on into buffers at the restart as at the cut: it reads again what it had there,
 * and not what the cut brings back as channel state. */
static void lose_buffers(struct model_source *source, const struct source_cut *cut,
                         const bool *fresh, uint32_t parallelism, double set_back)
{
    uint32_t count = 0;
    for (uint32_t s = 0; s < parallelism; s++)
        count += fresh[s];
    double share = (double)count / parallelism;
    source->reread_total += fmax(set_back + (source->ahead - (cut ? cut->ahead : 0)) * share, 0);
    source->ahead *= 1 - share;
}

void source_restore(struct model_source *source, const struct source_cut *cut, const bool *fresh,
                    uint32_t parallelism, time_ns now)
{
    double position = source_position(source, now), arrived = arrived_in_all(source, now);
    partitions_restore(source, cut, fresh, parallelism, now);
    double set_back = position - source_position(source, now);
    source->replayed_total += fmax(set_back, 0);
    lose_buffers(source, cut, fresh, parallelism, fmax(set_back, 0));
    if (source->paced)
        source->withdrawn_total += arrived - arrived_in_all(source, now);
}
