/* SPDX-License-Identifier: Apache-2.0
 *
 * What TCP makes of lost packets, the same for messages, records and transfers: how fast a
 * connection sends that loses some of them (Padhye, Firoiu, Towsley and Kurose 1998, equation 30),
 * and when it tries again while it loses all of them (Linux). In: losses, round trips, failures.
 * Out: seconds, waits. No state.
 */
#ifndef WEIR_SIM_CLUSTER_TCP_H
#define WEIR_SIM_CLUSTER_TCP_H

#include "core/base/time.h"

enum { TCP_RETRIES = 15 }; /* tcp_retries2: 924.6 s in all */

/* From the last try to the next one, after that many retries in a row have failed. */
time_ns tcp_retry_wait(uint32_t failures);
/* Everything has been lost since then: the first retry at `now` or later, and when the last one is,
 * after which the connection is given up. TIME_NEVER: none is left. */
time_ns tcp_retry_at(time_ns lost_at, time_ns now);
time_ns tcp_given_up_at(time_ns lost_at);

/* Seconds from one packet to the next that is sent when that share of them is lost: nothing holds
 * it back at 0. */
double tcp_packet_seconds(double loss, double round_trip);
/* The same for a byte that arrives: those that are lost do not. Latency: mean, one way. */
double tcp_seconds_per_byte(double loss, time_ns latency);

#endif
