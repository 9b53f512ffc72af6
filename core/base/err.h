/* SPDX-License-Identifier: Apache-2.0
 *
 * Errors as values. An operation that can be refused returns `struct err`; zero is success. The
 * code says what kind of failure it is, the note (optional, caller's storage) says it in one line
 * for a person. A programmer's error is not an err: see check.h. An operating error of the
 * simulated or real world (a lost message, a dead process) is not an err either: it is an event
 * (port/event.h).
 */
#ifndef WEIR_BASE_ERR_H
#define WEIR_BASE_ERR_H

#include <stdbool.h>
#include <stddef.h>

#define MUST_CHECK             __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/* category: input = the user's text is wrong (exit 2); rejected = legal but refused in this state;
 * limit = a named limit was reached; io = the machine below failed; internal = our fault (exit 3).
 */
enum err_category { ERR_NONE, ERR_INPUT, ERR_REJECTED, ERR_LIMIT, ERR_IO, ERR_INTERNAL };

#define ERR_CODES(X)                                                                               \
    X(OK, NONE, "success")                                                                         \
    X(SYNTAX, INPUT, "malformed text")                                                             \
    X(UNKNOWN_KEY, INPUT, "unknown key")                                                           \
    X(BAD_VALUE, INPUT, "value out of range or of the wrong kind")                                 \
    X(BAD_UNIT, INPUT, "wrong unit")                                                               \
    X(DUPLICATE, INPUT, "named twice")                                                             \
    X(MISSING, INPUT, "missing")                                                                   \
    X(BAD_GRAPH, INPUT, "not a legal job graph")                                                   \
    X(REFUSED, REJECTED, "refused in this state")                                                  \
    X(STALE, REJECTED, "answer to a question no longer asked")                                     \
    X(NOT_FOUND, REJECTED, "no such thing")                                                        \
    X(FULL, LIMIT, "limit reached")                                                                \
    X(IO, IO, "input or output failed")                                                            \
    X(INTERNAL, INTERNAL, "internal fault")

#define X(code, category, text) ERR_##code##_CODE,
enum err_code { ERR_CODES(X) ERR_CODE_COUNT };
#undef X

struct err {
    enum err_code code;
};

/* One line of detail; written where the error arises, prefixed on the way up. */
struct note {
    char text[480];
};

#define OK ((struct err){ ERR_OK_CODE })

static inline bool err_is(struct err e)
{
    return e.code != ERR_OK_CODE;
}

enum err_category err_category(struct err e);
const char *err_text(struct err e);

/* Writes the line into note (which may be null) and gives back the code as an err. */
struct err err_note(struct note *note, enum err_code code, const char *fmt, ...)
    PRINTF_LIKE(3, 4) MUST_CHECK;

/* Puts "prefix: " before what the note says; keeps the code. */
struct err err_prefix(struct note *note, struct err e, const char *fmt, ...)
    PRINTF_LIKE(3, 4) MUST_CHECK;

/* Returns from the calling function when the expression is an error. */
#define TRY(expression)                                                                            \
    do {                                                                                           \
        struct err try_err_ = (expression);                                                        \
        if (err_is(try_err_))                                                                      \
            return try_err_;                                                                       \
    } while (0)

#endif
