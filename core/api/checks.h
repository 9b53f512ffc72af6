/* SPDX-License-Identifier: Apache-2.0
 *
 * What declarations must be so that something can be made of them. What is wrong is kept in the
 * environment, and the job is refused with it.
 */
#ifndef WEIR_API_CHECKS_H
#define WEIR_API_CHECKS_H

#include "core/api/env.h"

/* The key of a stream, where only keys of one size will do. */
bool api_fixed_key_of(const struct weir_stream *stream, const char *reader, struct key_spec *key);
/* Two inputs of one operator must be keyed alike, in kind and size. */
void api_check_alike(struct weir_env *env, const char *reader, const struct key_spec *one,
                     const struct key_spec *other);
bool api_check_event_time(const struct weir_stream *in, const char *reader);
void api_check_window(struct weir_env *env, const char *reader, const struct weir_window *window);

#endif
