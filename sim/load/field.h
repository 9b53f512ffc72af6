/* SPDX-License-Identifier: Apache-2.0
 *
 * From tree nodes to C values. A map of the scenario is described by a table of fields: key, kind
 * of value, range, and where in a struct it goes. Reading a map checks every key against its table
 * and every value against its kind; what is absent or null keeps the default that the struct holds
 * already. Every complaint is one line: FILE:LINE: KEY: found X, expected Y.
 */
#ifndef WEIR_SIM_LOAD_FIELD_H
#define WEIR_SIM_LOAD_FIELD_H

#include "sim/load/distribution.h"
#include "sim/load/tree.h"

enum field_kind {
    FIELD_OTHER,        /* known, and read by the caller */
    FIELD_TEXT,         /* char *, on the heap; empty text is refused */
    FIELD_FLAG,         /* bool */
    FIELD_NUMBER,       /* double */
    FIELD_AMOUNT,       /* double; 2m = two million */
    FIELD_SHARE,        /* double; 0.05 or 5% */
    FIELD_COUNT,        /* int64_t */
    FIELD_COUNT32,      /* uint32_t */
    FIELD_DURATION,     /* time_ns */
    FIELD_DURATION_NS,  /* double, ns */
    FIELD_SIZE,         /* int64_t, bytes */
    FIELD_BYTES,        /* double, bytes */
    FIELD_BITS,         /* double, bits per second */
    FIELD_BYTE_RATE,    /* double, bytes per second */
    FIELD_RATE,         /* double, per second */
    FIELD_PRICE,        /* double, per hour */
    FIELD_DISTRIBUTION, /* struct distribution */
    FIELD_KIND_COUNT
};

/* What a number may be, on top of its kind. */
enum field_range {
    RANGE_ANY,
    RANGE_NOT_NEGATIVE,
    RANGE_POSITIVE,
    RANGE_SHARE, /* from 0 to 1 */
};

struct field {
    const char *key;
    enum field_kind kind;
    size_t offset;
    enum field_range range;
};

#define FIELD(type, member, key, kind, range)                                                      \
    {                                                                                              \
        key, FIELD_##kind, offsetof(type, member), RANGE_##range                                   \
    }
#define FIELD_BY_HAND(key)                                                                         \
    {                                                                                              \
        key, FIELD_OTHER, 0, RANGE_ANY                                                             \
    }

/* Checks that `map` is a map with no key outside the table, and reads what is not FIELD_OTHER. */
MUST_CHECK struct err fields_read(const struct tree_node *map, const struct field *fields,
                                  size_t count, void *out, struct note *note);

/* One value, as a field of that kind would be read. */
MUST_CHECK struct err field_read(const struct tree_node *node, enum field_kind kind,
                                 enum field_range range, void *out, struct note *note);

/* One word of a list: its place there. `what` is for the complaint: "a provider". */
MUST_CHECK struct err field_read_word(const struct tree_node *node, const char *what,
                                      const char *const *words, size_t count, size_t *out,
                                      struct note *note);

/* ", did you mean 'WORD'?" with the known word that is nearest, or nothing; gives back `out`. */
enum { FIELD_HINT_MAX = 120 };
const char *field_hint(char out[FIELD_HINT_MAX], const char *word, const char *const *known,
                       size_t count);

/* Refuses anything but the kind; "a list of vertices" and the like is `expected`. */
MUST_CHECK struct err field_need(const struct tree_node *node, enum tree_kind kind,
                                 const char *expected, struct note *note);

/* A child that must be there. */
MUST_CHECK struct err field_need_child(const struct tree_node *map, const char *key,
                                       const struct tree_node **out, struct note *note);

/* The child, or null when absent or null: then the default holds. */
const struct tree_node *field_child(const struct tree_node *map, const char *key);

#define FIELDS_COUNT(array) (sizeof(array) / sizeof *(array))

#endif
