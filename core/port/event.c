/* SPDX-License-Identifier: Apache-2.0
 *
 * Names of events and of clients' requests, for logs and recordings. In: the lists of event.h.
 * Out: two tables of static texts, one row per enumerator.
 */
#include "core/port/event.h"

#define X(kind, arm) #kind,
const char *const event_kind_names[EVENT_KIND_COUNT] = { EVENTS(X) };
#undef X

#define X(kind, name) name,
const char *const client_request_names[CLIENT_REQUEST_COUNT] = { CLIENT_REQUESTS(X) };
#undef X
