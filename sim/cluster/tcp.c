/* SPDX-License-Identifier: Apache-2.0
 *
 * Lost packets on a TCP connection: fast retransmissions and timeouts of one that loses some, and
 * Linux's schedule of retries for one that loses all. See docs/model.md for what the formula
 * assumes.
 */
#include "sim/cluster/tcp.h"

#include <math.h>

#define RETRY_FIRST (200 * TIME_MS) /* Linux: TCP_RTO_MIN */
#define RETRY_MOST  (120 * TIME_S)  /* TCP_RTO_MAX */

/* Ethernet without jumbo frames: 1,500 bytes less 40 of headers. */
static const double segment_bytes = 1460;
/* Packets that one acknowledgement is for: delayed ones (RFC 5681). */
static const double packets_acknowledged = 2;
/* The least that Linux waits beyond a round trip before it sends again (TCP_RTO_MIN). */
static const double timeout_least = 0.2;
/* Beside the latency of the network, there and back: both hosts' own. */
static const double host_seconds = 100e-6;
/* A connection that loses all of it, in seconds per byte: nothing, as far as any run can see. */
static const double seconds_most = 1e6;

time_ns tcp_retry_wait(uint32_t failures)
{
    time_ns wait = RETRY_FIRST;
    for (uint32_t i = 0; i < failures && wait < RETRY_MOST; i++)
        wait = 2 * wait < RETRY_MOST ? 2 * wait : RETRY_MOST;
    return wait;
}

time_ns tcp_retry_at(time_ns lost_at, time_ns now)
{
    time_ns at = lost_at;
    for (uint32_t failures = 0; failures <= TCP_RETRIES; failures++) {
        at = time_add(at, tcp_retry_wait(failures));
        if (at >= now)
            return at;
    }
    return TIME_NEVER;
}

time_ns tcp_given_up_at(time_ns lost_at)
{
    time_ns at = lost_at;
    for (uint32_t failures = 0; failures <= TCP_RETRIES; failures++)
        at = time_add(at, tcp_retry_wait(failures));
    return at;
}

double tcp_packet_seconds(double loss, double round_trip)
{
    double spread = 2 * packets_acknowledged * loss / 3; /* losses told by later packets */
    double first = fmin(1, 3 * sqrt(3 * packets_acknowledged * loss / 8));
    double timeout = round_trip + timeout_least;
    return round_trip * sqrt(spread) + timeout * first * loss * (1 + 32 * loss * loss);
}

double tcp_seconds_per_byte(double loss, time_ns latency)
{
    double passes = 1 - loss;
    double round_trip = 2 * (double)latency / (double)TIME_S + host_seconds;
    if (passes >= 1)
        return 0;
    double seconds = tcp_packet_seconds(loss, round_trip) / segment_bytes;
    return seconds < seconds_most * passes ? seconds / passes : seconds_most;
}
