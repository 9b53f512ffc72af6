/* SPDX-License-Identifier: Apache-2.0
 *
 * Storage in memory behind the port of sinks: with it a file sink is a sink that collects, each
 * record once, and an upsert sink a map. Outlives the attempts that write to it. Source: Flink's
 * CollectSinkFunction, DataStream.executeAndCollect.
 */
#ifndef WEIR_EXEC_COLLECTION_H
#define WEIR_EXEC_COLLECTION_H

#include "core/exec/broadcast_map.h"
#include "core/exec/sink_port.h"

enum collected_state { COLLECTED_OPEN, COLLECTED_PREPARED, COLLECTED_COMMITTED };

struct collected_file {
    struct sink_file name;
    enum collected_state state;
    VEC(uint8_t) bytes;
};

struct collection {
    VEC(struct collected_file) files; /* in the order of beginning */
    struct index_map names;           /* of subtask and number -> file */
    VEC(uint32_t) committed;          /* files, in that order */
    struct broadcast_map values;      /* upserted, by key */
    struct sink_port port;            /* its context is the collection */
};

void collection_init(struct collection *collection);
void collection_fini(struct collection *collection);

/* Takes a copy of the other's file, seen from here on, unless it is here or has been seen there. So
 * of those who read one after the other each record reaches one. Refused: it is not prepared. */
MUST_CHECK struct err collection_adopt(struct collection *collection,
                                       const struct collection *other, const struct sink_file *name,
                                       struct note *note);

/* For file_sink_params: a record as [length u64] [payload, padded to 8]. */
size_t collection_encode(const void *context, struct operator* op, const void *payload,
                         uint32_t size, uint8_t *out, size_t room);

/* Records of committed files that were encoded so, in the order of committing; what is committed
 * later comes later. */
struct collection_cursor {
    size_t file, at; /* 0 to begin with */
};

bool collection_next(const struct collection *collection, struct collection_cursor *cursor,
                     const void **payload, uint32_t *size);

#endif
