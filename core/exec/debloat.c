/* SPDX-License-Identifier: Apache-2.0
 *
 * The moving average of the wanted size. Flink computes it in doubles, truncating; the fractions
 * here are exact, so that the same figures give the same size everywhere.
 */
#include "core/exec/debloat.h"

#include "core/base/check.h"

void debloat_init(struct debloat *debloat, const struct debloat_config *config)
{
    CHECK(config->target > 0);
    CHECK(config->samples > 0);
    CHECK(config->size_min > 0);
    CHECK(config->size_min <= config->size_max);
    CHECK(config->threshold_percent <= 100);
    *debloat = (struct debloat){ .config = *config,
                                 .average = config->size_max,
                                 .size = config->size_max };
}

/* a * b / c without running over, at most `limit`. */
static uint64_t scaled(uint64_t a, uint64_t b, uint64_t c, uint64_t limit)
{
    uint64_t product;
    if (__builtin_mul_overflow(a, b, &product))
        return limit;
    return product / c < limit ? product / c : limit;
}

/* BufferSizeEMA.calculateBufferSize: alpha = 2 / (samples + 1); growth is held to doubling, so that
 * it is as fast as shrinking. */
static uint32_t next_average(const struct debloat *debloat, uint64_t total, uint32_t buffers)
{
    int64_t last = debloat->average, weight = (int64_t)debloat->config.samples + 1;
    int64_t wanted = (int64_t)(total / buffers);
    if (wanted > 2 * last)
        wanted = 2 * last;
    int64_t next = (last * weight + 2 * (wanted - last)) / weight;
    if (next < debloat->config.size_min)
        return debloat->config.size_min;
    return next > debloat->config.size_max ? debloat->config.size_max : (uint32_t)next;
}

/* Small changes are not worth the message, the bounds always are (BufferDebloater.skipUpdate). */
static bool is_worth_telling(const struct debloat *debloat, uint32_t size)
{
    uint64_t change = size > debloat->size ? size - debloat->size : debloat->size - size;
    if (change == 0)
        return false;
    if (size == debloat->config.size_min || size == debloat->config.size_max)
        return true;
    return change >= (uint64_t)debloat->size * debloat->config.threshold_percent / 100;
}

bool debloat_on_period(struct debloat *debloat, uint64_t bytes_per_second, uint32_t buffers_in_use)
{
    uint32_t buffers = buffers_in_use ? buffers_in_use : 1;
    uint64_t target_ms = (uint64_t)(debloat->config.target / TIME_MS);
    uint64_t wanted = scaled(bytes_per_second, target_ms, 1000, INT64_MAX);
    uint32_t size = next_average(debloat, wanted, buffers);
    uint64_t in_flight = (uint64_t)size * buffers;
    debloat->average = size;
    debloat->estimated =
        bytes_per_second == 0 ? 0 : (time_ns)scaled(in_flight, TIME_S, bytes_per_second, INT64_MAX);
    if (!is_worth_telling(debloat, size))
        return false;
    debloat->size = size;
    return true;
}
