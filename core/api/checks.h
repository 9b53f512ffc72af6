/* SPDX-License-Identifier: Apache-2.0
 *
 * What declarations must be so that something can be made of them. What is wrong is kept in the
 * environment, and the job is refused with it. And how large the model takes them.
 */
#ifndef WEIR_API_CHECKS_H
#define WEIR_API_CHECKS_H

#include "core/api/env.h"

enum { API_VALUE_MAX = 1 << 20 }; /* bytes of a value of fixed size in state */

/* The type, or one in its place where it cannot be used; `of`: whose. */
const struct weir_type *api_type(struct weir_env *env, const char *of,
                                 const struct weir_type *type);
/* The same of a value that state holds. */
const struct weir_type *api_value_type(struct weir_env *env, const char *of,
                                       const struct weir_type *type);
/* Has `of` so many of them, where it says that it has any? what: "states". */
bool api_has_items(struct weir_env *env, const char *of, const char *what, const void *items,
                   uint32_t count);
/* A name of something of the reader's, or one in its place. */
char *api_name(struct weir_env *env, const char *of, const char *what, const char *name);
/* Files by their paths; *count: of those that can be used. */
char **api_paths(struct weir_env *env, const char *of, const char *const *paths, uint32_t *count);
bool api_is_same_type(const struct weir_type *one, const struct weir_type *other);
/* The key of a stream, where only keys of one size will do. */
bool api_fixed_key_of(const struct weir_stream *stream, const char *reader, struct key_spec *key);
/* Two inputs of one operator must be keyed alike, in kind and size. */
void api_check_alike(struct weir_env *env, const char *reader, const struct key_spec *one,
                     const struct key_spec *other);
bool api_check_event_time(const struct weir_stream *in, const char *reader);
void api_check_window(struct weir_env *env, const char *reader, const struct weir_window *window);

/* What the model takes a value for; null: of no type. */
static inline uint32_t api_bytes_of(const struct weir_type *type)
{
    enum { VARYING_BYTES = 100 };
    return type && type->size > 0 ? record_padded(type->size) : VARYING_BYTES;
}

#endif
