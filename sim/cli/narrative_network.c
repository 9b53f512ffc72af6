/* SPDX-License-Identifier: Apache-2.0
 *
 * Was it the network? In: the summary's list of the times in which a full NIC or connection held a
 * job up. Out: the one that did so for longest between two times, in words. A job counts as bound
 * by the network where that is so for half the time or more.
 */
#include <string.h>

#include "core/base/text.h"
#include "sim/cli/narrative_parts.h"

#define SHARE_TOLD 0.5

static double number_of(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static const json_t *spans_of(const json_t *summary, const char *name)
{
    const json_t *jobs = json_object_get(summary, "jobs"), *job;
    size_t i;
    json_array_foreach(jobs, i, job)
    {
        const char *its = json_string_value(json_object_get(job, "name"));
        if (its && text_equal(its, name))
            return json_object_get(json_object_get(job, "network"), "held_up");
    }
    return NULL;
}

static struct full_network network_of(const json_t *span)
{
    const char *part = json_string_value(json_object_get(span, "part"));
    const char *way = json_string_value(json_object_get(span, "way"));
    return (struct full_network){ .host = json_string_value(json_object_get(span, "host")),
                                  .peer = json_string_value(json_object_get(span, "peer")),
                                  .is_nic = part && text_equal(part, "nic"),
                                  .sends = way && text_equal(way, "out"),
                                  .bytes_per_s = number_of(span, "bytes_per_s"),
                                  .limit_bytes_per_s = number_of(span, "limit_bytes_per_s"),
                                  .others = (int)number_of(span, "full_hosts") - 1 };
}

struct full_network narrative_full_network(const json_t *summary, const char *job, time_ns from,
                                           time_ns to)
{
    const json_t *spans = spans_of(summary, job), *span;
    struct full_network longest = { .host = NULL };
    double begin = (double)from / (double)TIME_S, end = (double)to / (double)TIME_S;
    double all = 0, most = 0;
    size_t i;
    json_array_foreach(spans, i, span)
    {
        double first = number_of(span, "from_s"), last = number_of(span, "to_s");
        double length = (last < end ? last : end) - (first > begin ? first : begin);
        if (length <= 0)
            continue;
        all += length;
        if (length > most) {
            most = length;
            longest = network_of(span);
        }
    }
    longest.share = to > from ? all / (end - begin) : 0;
    if (longest.share < SHARE_TOLD)
        longest.host = NULL;
    return longest;
}

/* As NICs are sold: 1 MB/s is a million. */
static void put_rate(double bytes_per_s, char out[NUMBER_TEXT_SIZE])
{
    number_text_amount(bytes_per_s, out);
    size_t length = strlen(out);
    bool scaled = strchr(out, ' ') != NULL;
    text_format(out + length, NUMBER_TEXT_SIZE - length, "%sB/s", scaled ? "" : " ");
}

size_t narrative_tell_network(const struct full_network *network, char *out, size_t size)
{
    const char *what = network->is_nic ? "NIC" : "link";
    char carried[NUMBER_TEXT_SIZE], limit[NUMBER_TEXT_SIZE];
    size_t length = network->peer ? text_format(out, size, "the link from %s to %s", network->host,
                                                network->peer)
                                  : text_format(out, size, "the %s of %s", what, network->host);
    bool several = network->others > 0;
    if (several)
        length += text_format(out + length, size - length, " and %s of %d more",
                              network->is_nic ? "the NICs" : "links", network->others);
    length += text_format(out + length, size - length, " %s full", several ? "were" : "was");
    if (network->limit_bytes_per_s > 0) {
        put_rate(network->bytes_per_s, carried);
        put_rate(network->limit_bytes_per_s, limit);
        length +=
            text_format(out + length, size - length, ", %s%s %s of %s", several ? "each " : "",
                        !network->is_nic ? "carrying"
                        : network->sends ? "sending"
                                         : "receiving",
                        carried, limit);
    }
    return length;
}
