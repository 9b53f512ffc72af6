/* SPDX-License-Identifier: Apache-2.0
 *
 * The file of one subtask's part of a checkpoint: sections one behind the other, a table of them,
 * and a trailer that says where the table begins. Sections: keyed state (the bytes of
 * snapshot_format.h), operator state, in-flight data of an unaligned checkpoint.
 *
 *     sections ...   table: [kind, operator, name, offset, size, checksum] ...   trailer
 *
 * It is written front to back, so that keyed state can go out while the task goes on. A reader
 * begins at the trailer and trusts nothing.
 */
#ifndef WEIR_EXEC_TASK_SNAPSHOT_H
#define WEIR_EXEC_TASK_SNAPSHOT_H

#include "core/exec/channel_item.h"
#include "core/exec/snapshot_format.h"
#include "core/exec/state_list.h"

enum {
    TASK_SNAPSHOT_VERSION = 6,
    SECTION_NAME_SIZE = SNAPSHOT_NAME_MAX,
    SECTIONS_MAX = 1 << 16,
};

enum section_kind {
    SECTION_KEYED = 1, /* op: the operator's id; name: of the state */
    SECTION_LIST,      /* op */
    SECTION_INPUT,     /* op: the gate; whose records they are, buffers of its channels */
    SECTION_OUTPUT,    /* op: the output; the same, buffers of its subpartitions */
    SECTION_CHAIN,     /* op, name: the files that this keyed state adds to (state_chain.h) */
    SECTION_KIND_END
};

/* Whose it is. */
struct task_snapshot_identity {
    uint64_t job, head; /* what the program takes for the same job; id of the first operator */
    uint32_t subtask, parallelism;
    int32_t max_parallelism;
    uint64_t checkpoint;
};

/* The key groups of that subtask. */
struct key_group_range task_snapshot_groups(const struct task_snapshot_identity *identity);

struct snapshot_section {
    enum section_kind kind;
    uint64_t op;
    char name[SECTION_NAME_SIZE];
    uint64_t offset, size;
    uint64_t checksum; /* 0 of keyed state, whose blocks have their own */
};

struct task_snapshot_writer {
    struct task_snapshot_identity identity;
    struct snapshot_bytes *out; /* the caller's */
    VEC(struct snapshot_section) sections;
    bool open;
};

void task_snapshot_begin(struct task_snapshot_writer *writer,
                         const struct task_snapshot_identity *identity, struct snapshot_bytes *out);
/* What is appended to `out` from here to the close is the section. */
void task_snapshot_open_section(struct task_snapshot_writer *writer, enum section_kind kind,
                                uint64_t op, const char *name);
void task_snapshot_close_section(struct task_snapshot_writer *writer);
void task_snapshot_add_list(struct task_snapshot_writer *writer, uint64_t op,
                            const struct state_list *list);
/* The same of in-flight data at this gate or output, whose buffers are added one by one. */
void task_snapshot_open_in_flight(struct task_snapshot_writer *writer, enum section_kind kind,
                                  uint32_t place, const struct snapshot_serializer *records);
void task_snapshot_add_buffer(struct task_snapshot_writer *writer, uint32_t channel,
                              const struct buffer *buffer);
/* Table and trailer; the file is complete. */
void task_snapshot_finish(struct task_snapshot_writer *writer);
void task_snapshot_writer_fini(struct task_snapshot_writer *writer);

/* A file opened: its table is read, sections are checked as they are taken. */
struct task_snapshot_file {
    struct task_snapshot_identity identity;
    const uint8_t *bytes; /* the caller's, as long as the file is open */
    uint64_t size;
    VEC(struct snapshot_section) sections;
};

MUST_CHECK struct err task_snapshot_open(const uint8_t *bytes, uint64_t size,
                                         struct task_snapshot_file *file, struct note *note);
void task_snapshot_file_fini(struct task_snapshot_file *file);
/* Null where there is none; name null: of any name. */
const struct snapshot_section *task_snapshot_find(const struct task_snapshot_file *file,
                                                  enum section_kind kind, uint64_t op,
                                                  const char *name);
struct operator_spec;
/* Of the vertex with this head, or with state of one of these operators. */
bool task_snapshot_is_of(const struct task_snapshot_file *file,
                         const struct operator_spec *operators, uint32_t count);
/* Its bytes are whole. Not of keyed state, of which nobody reads all: its reader checks what it
 * takes. */
MUST_CHECK struct err task_snapshot_check(const struct task_snapshot_file *file,
                                          const struct snapshot_section *section,
                                          struct note *note);
MUST_CHECK struct err task_snapshot_read_list(const struct task_snapshot_file *file,
                                              const struct snapshot_section *section,
                                              struct state_list *out, struct note *note);
/* A section of in-flight data: whose records they are, and *at, where its buffers begin. */
MUST_CHECK struct err task_snapshot_read_in_flight(const struct task_snapshot_file *file,
                                                   const struct snapshot_section *section,
                                                   struct snapshot_serializer *records,
                                                   uint64_t *at, struct note *note);
/* Its next buffer, from *at on; out_buffer null behind the last. The caller owns it. */
MUST_CHECK struct err task_snapshot_read_buffer(const struct task_snapshot_file *file,
                                                const struct snapshot_section *section,
                                                uint64_t *at, uint32_t *channel,
                                                struct buffer **out_buffer, struct note *note);

#endif
