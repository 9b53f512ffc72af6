/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys, types and windows, as declared.
 */
#include "core/api/checks.h"

#include "core/base/text.h"
#include "core/exec/window.h"

const struct weir_type *api_type(struct weir_env *env, const char *of, const struct weir_type *type)
{
    if (!type || !type->name) {
        api_wrong(env, "'%s' has %s", of, type ? "a type without a name" : "no type");
        return &weir_long;
    }
    bool has_any = type->encoded_size || type->encode || type->decode;
    bool has_all = type->encoded_size && type->encode && type->decode && type->memory > 0;
    if (has_any == has_all)
        return type;
    api_wrong(env,
              "type '%s' of '%s' has some of memory, encoded_size, encode and decode, expected "
              "all or none",
              type->name, of);
    return &weir_long;
}

const struct weir_type *api_value_type(struct weir_env *env, const char *of,
                                       const struct weir_type *type)
{
    const struct weir_type *value = api_type(env, of, type);
    if (value->size <= API_VALUE_MAX)
        return value;
    api_wrong(env, "'%s' holds '%s' of %u bytes, expected at most %d", of, value->name, value->size,
              API_VALUE_MAX);
    return &weir_long;
}

bool api_has_items(struct weir_env *env, const char *of, const char *what, const void *items,
                   uint32_t count)
{
    bool has = items || count == 0;
    if (!has)
        api_wrong(env, "'%s' has %u %s, and null in their place", of, count, what);
    return has;
}

char *api_name(struct weir_env *env, const char *of, const char *what, const char *name)
{
    if (!name || name[0] == '\0')
        api_wrong(env, "a %s of '%s' has no name", what, of);
    return arena_copy_text(&env->open->arena, name ? name : "");
}

char **api_paths(struct weir_env *env, const char *of, const char *const *paths, uint32_t *count)
{
    if (!api_has_items(env, of, "files", paths, *count))
        *count = 0;
    char **copies = arena_take(&env->open->arena, (*count + 1) * sizeof *copies);
    for (uint32_t i = 0; i < *count; i++)
        copies[i] = api_name(env, of, "file", paths[i]);
    return copies;
}

bool api_is_same_type(const struct weir_type *one, const struct weir_type *other)
{
    return one == other || (text_equal(one->name, other->name) && one->size == other->size &&
                            one->version == other->version && one->memory == other->memory &&
                            one->encoded_size == other->encoded_size &&
                            one->encode == other->encode && one->decode == other->decode);
}

bool api_fixed_key_of(const struct weir_stream *stream, const char *reader, struct key_spec *key)
{
    if (!api_key_of(stream, reader, key))
        return false;
    if (key->size == 0)
        api_wrong(stream->env, "'%s' needs keys of fixed size", reader);
    return key->size > 0;
}

void api_check_alike(struct weir_env *env, const char *reader, const struct key_spec *one,
                     const struct key_spec *other)
{
    if (one->hash != other->hash || one->size != other->size)
        api_wrong(env, "the inputs of '%s' are keyed by different kinds of keys", reader);
}

void api_check_window(struct weir_env *env, const char *name, const struct weir_window *window)
{
    int64_t slide = window->slide_ms > 0 ? window->slide_ms : window->size_ms;
    if (window->gap_ms < 0 || window->lateness_ms < 0 || window->slide_ms < 0)
        api_wrong(env, "the window of '%s' has a negative length", name);
    else if (window->gap_ms > API_MS_MAX || window->size_ms > API_MS_MAX ||
             window->slide_ms > API_MS_MAX || window->lateness_ms > API_MS_MAX)
        api_wrong(env, "the window of '%s' has a length above %lld ms", name,
                  (long long)API_MS_MAX);
    else if (window->gap_ms > 0 && (window->size_ms != 0 || window->slide_ms != 0))
        api_wrong(env, "the window of '%s' is a session with a size, expected one or the other",
                  name);
    else if (window->gap_ms == 0 && window->size_ms <= 0)
        api_wrong(env, "the window of '%s' has neither a size nor a gap", name);
    else if (window->gap_ms == 0 && (window->offset_ms <= -slide || window->offset_ms >= slide))
        api_wrong(env, "the window of '%s' is off by %lld ms, expected less than its slide", name,
                  (long long)window->offset_ms);
    else if (window->gap_ms == 0 && window->size_ms / slide >= WINDOWS_OF_RECORD_MAX)
        api_wrong(env, "a record of '%s' is in more than %d windows", name, WINDOWS_OF_RECORD_MAX);
}

bool api_check_event_time(const struct weir_stream *in, const char *name)
{
    if (api_is_timestamped(in))
        return true;
    api_wrong(in->env, "'%s' works by event time, and its records have no timestamps", name);
    return false;
}
