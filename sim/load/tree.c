/* SPDX-License-Identifier: Apache-2.0
 *
 * Trees: looking things up in one, saying where a node stands, and complaining about it. Making one
 * from text is in tree_yaml.c, changing one in tree_edit.c.
 */
#include "sim/load/tree.h"

#include <stdarg.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/text.h"

void tree_init(struct tree *tree)
{
    *tree = (struct tree){ 0 };
    arena_init(&tree->arena);
}

void tree_fini(struct tree *tree)
{
    arena_fini(&tree->arena);
    tree->root = NULL;
}

void tree_append(struct tree_node *parent, struct tree_node *node)
{
    CHECK(parent->kind == TREE_LIST || parent->kind == TREE_MAP);
    CHECK(parent->kind == TREE_LIST || node->key != NULL);
    node->parent = parent;
    node->next = NULL;
    if (parent->last)
        parent->last->next = node;
    else
        parent->first = node;
    parent->last = node;
    parent->count++;
}

struct tree_node *tree_find(const struct tree_node *map, const char *key)
{
    if (map->kind != TREE_MAP)
        return NULL;
    for (struct tree_node *node = map->first; node; node = node->next)
        if (text_equal(node->key, key))
            return node;
    return NULL;
}

struct tree_node *tree_at(const struct tree_node *list, size_t index)
{
    if (list->kind != TREE_LIST)
        return NULL;
    struct tree_node *node = list->first;
    while (node && index--)
        node = node->next;
    return node;
}

struct tree_node *tree_find_named(const struct tree_node *list, const char *name)
{
    if (list->kind != TREE_LIST)
        return NULL;
    for (struct tree_node *node = list->first; node; node = node->next) {
        const struct tree_node *own = tree_find(node, "name");
        if (own && own->kind == TREE_SCALAR && text_equal(own->text, name))
            return node;
    }
    return NULL;
}

/* What a parent calls this node: its key, its name, or its number in the list. */
static void step_name(const struct tree_node *node, char *out, size_t size)
{
    const struct tree_node *name = tree_find(node, "name");
    if (node->key) {
        struct tree_node key = { .kind = TREE_SCALAR, .text = node->key };
        tree_describe(&key, out, size); /* quoted; the quotes go */
        size_t length = strlen(out);
        memmove(out, out + 1, length);
        out[length - 2] = '\0';
        return;
    }
    if (name && name->kind == TREE_SCALAR) {
        text_format(out, size, "%s", name->text);
        return;
    }
    unsigned long index = 0;
    for (const struct tree_node *p = node->parent->first; p != node; p = p->next)
        index++;
    text_format(out, size, "%lu", index);
}

void tree_path(const struct tree_node *node, char out[TREE_PATH_LENGTH_MAX])
{
    const struct tree_node *chain[TREE_DEPTH_MAX + 1];
    size_t depth = 0, used = 0;
    for (; node->parent && depth < TREE_DEPTH_MAX; node = node->parent)
        chain[depth++] = node;
    out[0] = '\0';
    while (depth--) {
        char step[TREE_DESCRIBE_LENGTH_MAX];
        step_name(chain[depth], step, sizeof step);
        used += text_format(out + used, TREE_PATH_LENGTH_MAX - used, "%s%s", used ? "." : "", step);
    }
}

void tree_describe(const struct tree_node *node, char *out, size_t size)
{
    CHECK(size > 8);
    switch (node->kind) {
    case TREE_NULL: text_format(out, size, "nothing"); return;
    case TREE_LIST: text_format(out, size, "a list"); return;
    case TREE_MAP: text_format(out, size, "a map"); return;
    case TREE_SCALAR: break;
    case TREE_KIND_COUNT: IMPOSSIBLE("kind of tree node");
    }
    size_t room = size - 3;
    size_t used = 0;
    out[used++] = '\'';
    for (const char *p = node->text; *p; p++) {
        if (used > room - 3 && strlen(p) > 3) {
            memcpy(out + used, "...", 3);
            used += 3;
            break;
        }
        out[used++] = (unsigned char)*p < ' ' || *p == 127 ? ' ' : *p;
    }
    out[used++] = '\'';
    out[used] = '\0';
}

/* That said the node, or what it is in; null: the scenario itself did. */
static const char *variant_of(const struct tree_node *node)
{
    while (node && !node->variant)
        node = node->parent;
    return node ? node->variant : NULL;
}

bool tree_is_varied(const struct tree_node *node)
{
    bool varied = variant_of(node) != NULL;
    for (const struct tree_node *child = node->first; child; child = child->next)
        varied |= child->variant != NULL;
    return varied;
}

/* "FILE:LINE: KEY" without the colon behind it. */
static void place(const struct tree_node *node, char *out, size_t size)
{
    char path[TREE_PATH_LENGTH_MAX];
    tree_path(node, path);
    size_t used;
    if (node->line)
        used = text_format(out, size, "%s:%d", node->source, node->line);
    else
        used = text_format(out, size, "%s", node->source);
    const char *variant = variant_of(node);
    if (variant && *path)
        text_format(out + used, size - used, ": compare.%s.%s", variant, path);
    else if (*path)
        text_format(out + used, size - used, ": %s", path);
}

const char *tree_where(const struct tree_node *node, char out[TREE_WHERE_LENGTH_MAX])
{
    static const int shown = TREE_WHERE_LENGTH_MAX - 4;
    if (node->line)
        text_format(out, TREE_WHERE_LENGTH_MAX, "line %d", node->line);
    else
        text_format(out, TREE_WHERE_LENGTH_MAX, "%.*s%s", shown, node->source,
                    strlen(node->source) > (size_t)shown ? "..." : "");
    return out;
}

struct err tree_error(const struct tree_node *node, enum err_code code, struct note *note,
                      const char *fmt, ...)
{
    struct note detail;
    va_list args;
    va_start(args, fmt);
    text_format_args(detail.text, sizeof detail.text, fmt, args);
    va_end(args);
    char at[TREE_PATH_LENGTH_MAX + 160];
    place(node, at, sizeof at);
    return err_note(note, code, "%s: %s", at, detail.text);
}

struct err tree_expected(const struct tree_node *node, enum err_code code, struct note *note,
                         const char *fmt, ...)
{
    struct note detail;
    va_list args;
    va_start(args, fmt);
    text_format_args(detail.text, sizeof detail.text, fmt, args);
    va_end(args);
    char found[TREE_DESCRIBE_LENGTH_MAX];
    tree_describe(node, found, sizeof found);
    return tree_error(node, code, note, "found %s, expected %s", found, detail.text);
}

struct err tree_prefix(const struct tree_node *node, struct err e, struct note *note)
{
    char at[TREE_PATH_LENGTH_MAX + 160];
    place(node, at, sizeof at);
    return err_prefix(note, e, "%s", at);
}
