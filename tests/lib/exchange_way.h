/* SPDX-License-Identifier: Apache-2.0
 *
 * The ways of an exchange (exchange.h), one random step each.
 */
#ifndef WEIR_TESTS_LIB_EXCHANGE_WAY_H
#define WEIR_TESTS_LIB_EXCHANGE_WAY_H

#include "tests/lib/exchange.h"

/* Senders are dealt out to the gates of a receiver in turn. */
static inline uint32_t exchange_gate_of(const struct exchange *world, uint32_t sender)
{
    return sender % world->gates;
}

static inline uint32_t exchange_channel_of(const struct exchange *world, uint32_t sender)
{
    return sender / world->gates;
}

/* What the sender has ready, or else what it has to announce to some receiver. */
void exchange_send(struct exchange *world, uint32_t sender);
void exchange_deliver(struct exchange *world, uint32_t sender, uint32_t receiver);
/* Some of the credits on the way arrive, then what the receiver has to say leaves. */
void exchange_carry_credits(struct exchange *world, uint32_t receiver);

#endif
