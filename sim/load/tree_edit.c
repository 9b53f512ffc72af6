/* SPDX-License-Identifier: Apache-2.0
 *
 * Changing trees: a variant laid over the base, and single values put at a path. Comes in: a tree
 * and what to change; goes out: the same tree changed, or one line saying what does not fit. New
 * nodes are copies in the tree's arena, so what is laid over can be laid again.
 */
#include <string.h>

#include "core/base/check.h"
#include "core/base/text.h"
#include "sim/load/tree_config.h"
#include "sim/load/tree.h"

static struct err copy_node(struct tree *tree, const struct tree_node *node, struct tree_node **out,
                            struct note *note)
{
    if (tree->nodes >= TREE_NODES_MAX)
        return tree_error(node, ERR_BAD_VALUE_CODE, note,
                          "found more values than the 500000 allowed");
    tree->nodes++;
    struct tree_node *copy = arena_take(&tree->arena, sizeof *copy);
    *copy = *node;
    copy->first = copy->last = copy->next = copy->parent = NULL;
    copy->count = 0;
    copy->variant = tree->variant;
    for (const struct tree_node *child = node->first; child; child = child->next) {
        struct tree_node *child_copy;
        TRY(copy_node(tree, child, &child_copy, note)); /* depth: TREE_DEPTH_MAX */
        tree_append(copy, child_copy);
    }
    *out = copy;
    return OK;
}

static void remove_child(struct tree_node *parent, const struct tree_node *child)
{
    struct tree_node *before = NULL;
    for (struct tree_node *p = parent->first; p != child; p = p->next) {
        CHECK(p != NULL);
        before = p;
    }
    if (before)
        before->next = child->next;
    else
        parent->first = child->next;
    if (parent->last == child)
        parent->last = before;
    parent->count--;
}

void tree_drop_removed(struct tree_node *node)
{
    struct tree_node *next;
    for (struct tree_node *child = node->first; child; child = next) {
        next = child->next;
        if (child->is_removed)
            remove_child(node, child);
        else
            tree_drop_removed(child); /* depth: TREE_DEPTH_MAX */
    }
}

/* Makes `node` be what `value` (a copy already) is, at the node's own place. */
static void become(struct tree_node *node, struct tree_node *value)
{
    struct tree_node *parent = node->parent, *next = node->next;
    const char *key = node->key;
    bool is_removed = node->is_removed;
    *node = *value;
    node->is_removed = is_removed;
    node->parent = parent;
    node->next = next;
    node->key = key;
    for (struct tree_node *child = node->first; child; child = child->next)
        child->parent = node;
}

static bool take_index(const char *text, size_t *out)
{
    size_t index = 0;
    for (const char *p = text; *p; p++) {
        if (*p < '0' || *p > '9' || index > TREE_NODES_MAX)
            return false;
        index = index * 10 + (size_t)(*p - '0');
    }
    *out = index;
    return *text != '\0';
}

static struct tree_node *find_item(const struct tree_node *list, const char *step)
{
    size_t index;
    struct tree_node *item = tree_find_named(list, step);
    if (!item && take_index(step, &index))
        item = tree_at(list, index);
    return item;
}

static struct err overlay_at(struct tree *tree, struct tree_node *base,
                             const struct tree_node *over, size_t depth, struct note *note);

/* One key of the upper map over the lower map or list. */
static struct err overlay_child(struct tree *tree, struct tree_node *base,
                                const struct tree_node *over, size_t depth, struct note *note)
{
    struct tree_node *target =
        base->kind == TREE_LIST ? find_item(base, over->key) : tree_find(base, over->key);
    char where[TREE_WHERE_LENGTH_MAX];
    if (!target && base->kind == TREE_LIST)
        return tree_error(over, ERR_BAD_VALUE_CODE, note,
                          "found no item of that name or number in the list of %s",
                          tree_where(base, where));
    if (target && over->kind == TREE_NULL) {
        if (base->kind == TREE_LIST)
            target->is_removed = true;
        else
            remove_child(base, target);
        return OK;
    }
    if (target && over->kind == TREE_MAP &&
        (target->kind == TREE_MAP || (target->kind == TREE_LIST && over->count > 0)))
        return overlay_at(tree, target, over, depth + 1, note);
    struct tree_node *copy;
    TRY(copy_node(tree, over, &copy, note));
    if (target)
        become(target, copy);
    else
        tree_append(base, copy);
    return OK;
}

static struct err overlay_at(struct tree *tree, struct tree_node *base,
                             const struct tree_node *over, size_t depth, struct note *note)
{
    if (depth > TREE_DEPTH_MAX)
        return tree_error(over, ERR_BAD_VALUE_CODE, note,
                          "found maps more than 32 deep, expected a flatter file");
    for (const struct tree_node *child = over->first; child; child = child->next) {
        if (base->kind == TREE_MAP && base->count >= TREE_KEYS_MAX)
            return tree_error(child, ERR_BAD_VALUE_CODE, note,
                              "found more keys than the 1024 allowed");
        TRY(overlay_child(tree, base, child, depth, note));
    }
    return OK;
}

struct err tree_overlay(struct tree *tree, struct tree_node *base, const struct tree_node *over,
                        struct note *note)
{
    CHECK(base->kind == TREE_MAP);
    CHECK(over->kind == TREE_MAP);
    tree->variant = over->key;
    struct err e = overlay_at(tree, base, over, 0, note);
    tree->variant = NULL;
    return e;
}

/* The next step of a path: up to the dot, or all that is left below `config`. A key of the map that
 * has dots itself is preferred when the path goes on with it. */
static size_t step_length(const struct tree_node *node, const char *path)
{
    if (node->key && text_equal(node->key, "config"))
        return strlen(path);
    size_t best = strcspn(path, ".");
    if (node->kind != TREE_MAP)
        return best;
    for (const struct tree_node *child = node->first; child; child = child->next) {
        size_t length = strlen(child->key);
        bool fits =
            strncmp(path, child->key, length) == 0 && (path[length] == '.' || path[length] == '\0');
        if (fits && length > best)
            best = length;
    }
    return best;
}

/* The child a step names; in a map it is made (null) when absent. */
static struct err take_step(struct tree *tree, struct tree_node *node, const char *source,
                            const char *step, struct tree_node **out, struct note *note)
{
    if (!*step)
        return err_note(note, ERR_SYNTAX_CODE, "%s: found an empty step in the path", source);
    if (node->kind == TREE_LIST) {
        *out = find_item(node, step);
        if (*out)
            return OK;
        return err_note(note, ERR_BAD_VALUE_CODE,
                        "%s: found no item '%s' in the list, expected its name or number", source,
                        step);
    }
    if (node->kind == TREE_SCALAR)
        return err_note(note, ERR_BAD_VALUE_CODE, "%s: found '%s' below the single value '%s'",
                        source, step, node->key ? node->key : "item");
    *out = tree_find(node, step);
    if (*out)
        return OK;
    if (node->count >= TREE_KEYS_MAX || tree->nodes >= TREE_NODES_MAX)
        return err_note(note, ERR_BAD_VALUE_CODE, "%s: found no room for one more key", source);
    node->kind = TREE_MAP; /* a null grows into a map */
    tree->nodes++;
    struct tree_node *made = arena_take(&tree->arena, sizeof *made);
    made->kind = TREE_NULL;
    made->source = arena_copy_text(&tree->arena, source);
    made->key = arena_copy_text(&tree->arena, step);
    tree_append(node, made);
    *out = made;
    return OK;
}

static void forget_lines(struct tree_node *node)
{
    node->line = 0; /* the command line has none */
    for (struct tree_node *child = node->first; child; child = child->next)
        forget_lines(child);
}

struct err tree_set(struct tree *tree, const char *path, const char *value, bool *removed,
                    struct note *note)
{
    CHECK(tree->root != NULL);
    char source[200], step[TREE_PATH_LENGTH_MAX];
    text_format(source, sizeof source, "--set %s=%s", path, value);
    struct tree_node *root = tree->root, *node = root;
    for (size_t depth = 0; *path; depth++) {
        size_t length = step_length(node, path);
        if (length >= sizeof step || depth == TREE_DEPTH_MAX - 1)
            return err_note(note, ERR_SYNTAX_CODE, "%s: found too long a path", source);
        memcpy(step, path, length);
        step[length] = '\0';
        TRY(take_step(tree, node, source, step, &node, note));
        path += length;
        if (*path == '.' && *++path == '\0')
            return err_note(note, ERR_SYNTAX_CODE, "%s: found an empty step in the path", source);
    }
    if (node == root)
        return err_note(note, ERR_SYNTAX_CODE, "%s: found no key, expected --set KEY=VALUE",
                        source);
    struct err e =
        tree_read_text(tree, source, *value ? value : "''", *value ? strlen(value) : 2, note);
    struct tree_node *parsed = tree->root;
    tree->root = root;
    TRY(e);
    *removed = parsed->kind == TREE_NULL && node->parent->kind == TREE_LIST;
    if (*removed) {
        node->is_removed = true;
        return OK;
    }
    forget_lines(parsed);
    become(node, parsed);
    return tree_flatten_configs(tree, root, note);
}
