/* SPDX-License-Identifier: Apache-2.0
 *
 * Text without the C library's printf, which reads the locale: bounded formatting, comparison and
 * the nearest known word for an unknown one. All functions keep the terminating zero inside the
 * size given.
 */
#ifndef WEIR_BASE_TEXT_H
#define WEIR_BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"

/* Understands, as printf does: %s (also with a width, %8s %-8s), %.*s, %c, %%, and %d %u %x, these
 * also with l, ll, z and a width (%4u, %02d). Returns the length written, cut at size - 1;
 * size > 0. */
size_t text_format(char *out, size_t size, const char *fmt, ...) PRINTF_LIKE(3, 4);
size_t text_format_args(char *out, size_t size, const char *fmt, va_list args) PRINTF_LIKE(3, 0);

bool text_equal(const char *a, const char *b);
/* A letter as a small one; ASCII only, since tolower would ask the locale. */
char text_lower(char letter);

/* The word nearest to `word` by edits (insert, delete, replace, swap of neighbours), or null when
 * none is near: at most a third of its length away, or one edit for the shortest; then the first
 * that has `word` and an underscore in front, as a unit is forgotten. Ties go to the earlier one.
 * Cost: count times length squared; words above 96 letters are near to nothing. */
const char *text_nearest(const char *word, const char *const *known, size_t count);
/* How many such edits make one of the other; UINT_MAX for words above 96 letters. */
unsigned text_distance(const char *a, const char *b);

#endif
