/* SPDX-License-Identifier: Apache-2.0
 *
 * A YAML (or JSON) text as a small tree whose nodes know where they stand, so that every complaint
 * names file, line and key. Text comes in, a tree of scalars, lists and maps goes out; anchors,
 * aliases, tags, duplicate keys and second documents are refused, and depth, nodes and bytes are
 * bounded. Trees can be laid over one another (variants) and edited by path (--set). Nodes live in
 * the tree's arena and die with it.
 */
#ifndef WEIR_SIM_LOAD_TREE_H
#define WEIR_SIM_LOAD_TREE_H

#include "core/base/alloc.h"
#include "core/base/err.h"

enum {
    TREE_DEPTH_MAX = 32,
    TREE_NODES_MAX = 500000,
    TREE_KEYS_MAX = 1024, /* of one map; keeps the linear look-up and the check for doubles cheap */
    TREE_BYTES_MAX = 16 * 1024 * 1024,
    TREE_PATH_LENGTH_MAX = 256,
    TREE_DESCRIBE_LENGTH_MAX = 68,
    TREE_WHERE_LENGTH_MAX = 68,
};

enum tree_kind { TREE_NULL, TREE_SCALAR, TREE_LIST, TREE_MAP, TREE_KIND_COUNT };

struct tree_node {
    enum tree_kind kind;
    int line;            /* from 1; of the key where it has one, else of the value */
    const char *source;  /* file name, or the text of the --set */
    const char *key;     /* its key when it stands in a map, else null */
    const char *text;    /* scalar: as written, without quotes; else null */
    const char *variant; /* that laid it over the scenario, for complaints; null: none did */
    size_t count;        /* of children */
    bool is_removed;     /* item of a list that only keeps its place: see tree_drop_removed */
    struct tree_node *parent, *first, *last, *next;
};

struct tree {
    struct arena arena;
    struct tree_node *root;
    size_t nodes;
    const char *variant; /* while one is laid over */
};

void tree_init(struct tree *tree);
void tree_fini(struct tree *tree);

/* Both set the root. `source` is how messages call the text; it is copied. */
MUST_CHECK struct err tree_read_file(struct tree *tree, const char *path, struct note *note);
MUST_CHECK struct err tree_read_text(struct tree *tree, const char *source, const char *text,
                                     size_t length, struct note *note);

/* Lays a copy of `over` (a map) over `base` (a map): maps merge key by key, a null removes, any
 * other value replaces. A map over a list addresses its items by name or by number; those that it
 * removes are left in their places, so that numbers stay. */
MUST_CHECK struct err tree_overlay(struct tree *tree, struct tree_node *base,
                                   const struct tree_node *over, struct note *note);

/* Puts a value, written as YAML, at a dotted path such as jobs.clicks.load.scale. Below a map
 * called `config` the rest of the path is one key, because Flink's keys have dots of their own. A
 * null removes the item of a list, as above; *removed says whether it did. */
MUST_CHECK struct err tree_set(struct tree *tree, const char *path, const char *value,
                               bool *removed, struct note *note);

/* To be called when all changes are made, before the tree is read. Until then what is removed can
 * be named, and stays removed. */
void tree_drop_removed(struct tree_node *node);

/* As the last child; in a map it has its key already. */
void tree_append(struct tree_node *parent, struct tree_node *node);

/* Null when absent (or when it is not a map, or not a list). */
struct tree_node *tree_find(const struct tree_node *map, const char *key);
struct tree_node *tree_at(const struct tree_node *list, size_t index);
/* The item of a list whose `name` is this. */
struct tree_node *tree_find_named(const struct tree_node *list, const char *name);

/* Where a node stands: "cluster.task-manager.cores", "jobs.clicks.edges.2". */
void tree_path(const struct tree_node *node, char out[TREE_PATH_LENGTH_MAX]);
/* What stands there, for "found ...": 'text', a list, a map, nothing. On one line, shortened. */
void tree_describe(const struct tree_node *node, char *out, size_t size);
/* Has the variant that was laid over said it, or one of its keys? */
bool tree_is_varied(const struct tree_node *node);
/* "line 9", or the --set that says it. Returns out. */
const char *tree_where(const struct tree_node *node, char out[TREE_WHERE_LENGTH_MAX]);

/* "FILE:LINE: KEY: " and the text; for --set "--set KEY=VALUE: KEY: ". */
struct err tree_error(const struct tree_node *node, enum err_code code, struct note *note,
                      const char *fmt, ...) PRINTF_LIKE(4, 5) MUST_CHECK;
/* "FILE:LINE: KEY: found X, expected " and the text. */
struct err tree_expected(const struct tree_node *node, enum err_code code, struct note *note,
                         const char *fmt, ...) PRINTF_LIKE(4, 5) MUST_CHECK;
/* Puts "FILE:LINE: KEY: " before what the note says already. */
struct err tree_prefix(const struct tree_node *node, struct err e, struct note *note) MUST_CHECK;

#endif
