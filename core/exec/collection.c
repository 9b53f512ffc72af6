/* SPDX-License-Identifier: Apache-2.0
 *
 * Files as arrays of bytes. A name is 20 bits of subtask and 44 of number.
 */
#include "core/exec/collection.h"

enum { NUMBER_BITS = 44 };

static const struct broadcast_spec values_spec = { .name = "values" };

static uint64_t name_of(const struct sink_file *file)
{
    CHECK(file->number >> NUMBER_BITS == 0);
    return (uint64_t)file->subtask << NUMBER_BITS | file->number;
}

static struct collected_file *find(const struct collection *collection,
                                   const struct sink_file *name)
{
    uint32_t i = index_map_get(&collection->names, name_of(name));
    return i == INDEX_NONE ? NULL : &collection->files.items[i];
}

static struct collected_file *add(struct collection *collection, const struct sink_file *name)
{
    index_map_put(&collection->names, name_of(name), (uint32_t)collection->files.count);
    vec_push(&collection->files, (struct collected_file){ .name = *name });
    return &vec_last(&collection->files);
}

static struct err begin(void *context, const struct sink_file *name, struct note *note)
{
    struct collection *collection = context;
    struct collected_file *file = find(collection, name);
    if (file && file->state == COLLECTED_COMMITTED)
        return err_note(note, ERR_DUPLICATE_CODE, "file %u-%llu is there already", name->subtask,
                        (unsigned long long)name->number);
    if (file) {
        file->state = COLLECTED_OPEN;
        vec_clear(&file->bytes);
        return OK;
    }
    add(collection, name);
    return OK;
}

static struct err append(void *context, const struct sink_file *name, const void *bytes,
                         size_t size, struct note *note)
{
    struct collected_file *file = find(context, name);
    if (!file || file->state != COLLECTED_OPEN)
        return err_note(note, ERR_REFUSED_CODE, "file %u-%llu is not open", name->subtask,
                        (unsigned long long)name->number);
    size_t at = file->bytes.count;
    vec_resize(&file->bytes, at + size);
    memcpy(file->bytes.items + at, bytes, size);
    return OK;
}

static struct err prepare(void *context, const struct sink_file *name, struct note *note)
{
    struct collected_file *file = find(context, name);
    if (!file || file->state != COLLECTED_OPEN)
        return err_note(note, ERR_REFUSED_CODE, "file %u-%llu is not open", name->subtask,
                        (unsigned long long)name->number);
    file->state = COLLECTED_PREPARED;
    return OK;
}

static struct err not_prepared(const struct sink_file *name, struct note *note)
{
    return err_note(note, ERR_REFUSED_CODE, "file %u-%llu is not prepared", name->subtask,
                    (unsigned long long)name->number);
}

static void show(struct collection *collection, struct collected_file *file)
{
    if (file->state != COLLECTED_COMMITTED)
        vec_push(&collection->committed, (uint32_t)(file - collection->files.items));
    file->state = COLLECTED_COMMITTED;
}

static struct err commit(void *context, const struct sink_file *name, struct note *note)
{
    struct collection *collection = context;
    struct collected_file *file = find(collection, name);
    if (!file || file->state == COLLECTED_OPEN)
        return not_prepared(name, note);
    show(collection, file);
    return OK;
}

struct err collection_adopt(struct collection *collection, const struct collection *other,
                            const struct sink_file *name, struct note *note)
{
    const struct collected_file *theirs = find(other, name);
    if (!theirs || theirs->state == COLLECTED_OPEN)
        return not_prepared(name, note);
    if (theirs->state == COLLECTED_COMMITTED || find(collection, name))
        return OK;
    struct collected_file *file = add(collection, name);
    vec_resize(&file->bytes, theirs->bytes.count);
    memcpy(file->bytes.items, theirs->bytes.items, theirs->bytes.count);
    show(collection, file);
    return OK;
}

static struct err upsert(void *context, const struct key_run *keys, const struct batch *batch,
                         struct note *note)
{
    struct collection *collection = context;
    for (uint32_t i = 0; i < batch->count; i++)
        if (err_is(broadcast_map_put(&collection->values, key_run_at(keys, i),
                                     key_run_size(keys, i), batch_payload(batch, i),
                                     batch_size(batch, i))))
            return err_note(note, ERR_FULL_CODE, "a record of %u bytes", batch_size(batch, i));
    return OK;
}

void collection_init(struct collection *collection)
{
    *collection = (struct collection){ .port = { .context = collection,
                                                 .begin = begin,
                                                 .append = append,
                                                 .prepare = prepare,
                                                 .commit = commit,
                                                 .upsert = upsert } };
    broadcast_map_init(&collection->values, &values_spec);
}

void collection_fini(struct collection *collection)
{
    for (VEC_EACH(struct collected_file, file, &collection->files))
        vec_fini(&file->bytes);
    vec_fini(&collection->files);
    vec_fini(&collection->committed);
    index_map_fini(&collection->names);
    broadcast_map_fini(&collection->values);
}

size_t collection_encode(const void *context, struct operator* op, const void *payload,
                         uint32_t size, uint8_t *out, size_t room)
{
    uint64_t length = size;
    size_t all = RECORD_HEAD + record_padded(size);
    (void)context, (void)op;
    if (all > room)
        return all;
    memset(out, 0, all);
    memcpy(out, &length, sizeof length);
    memcpy(out + RECORD_HEAD, payload, size);
    return all;
}

bool collection_next(const struct collection *collection, struct collection_cursor *cursor,
                     const void **payload, uint32_t *size)
{
    for (; cursor->file < collection->committed.count; cursor->file++, cursor->at = 0) {
        const struct collected_file *file =
            &collection->files.items[collection->committed.items[cursor->file]];
        uint64_t length;
        if (cursor->at == file->bytes.count)
            continue;
        memcpy(&length, file->bytes.items + cursor->at, sizeof length);
        *payload = file->bytes.items + cursor->at + RECORD_HEAD;
        *size = (uint32_t)length;
        cursor->at += RECORD_HEAD + record_padded(*size);
        return true;
    }
    return false;
}
