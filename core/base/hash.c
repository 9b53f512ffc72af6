/* SPDX-License-Identifier: Apache-2.0
 *
 * Hashing of bytes and text, independent of byte order and alignment.
 */
#include "core/base/hash.h"

#include <string.h>

uint64_t hash_add_bytes(uint64_t hash, const void *bytes, size_t count)
{
    const unsigned char *p = bytes;
    hash = hash_add(hash, count);
    for (; count >= 8; count -= 8, p += 8) {
        uint64_t word = 0;
        for (int i = 7; i >= 0; i--)
            word = word << 8 | p[i];
        hash = hash_add(hash, word);
    }
    uint64_t rest = 0;
    for (size_t i = count; i > 0; i--)
        rest = rest << 8 | p[i - 1];
    return hash_add(hash, rest);
}

uint64_t hash_add_text(uint64_t hash, const char *text)
{
    return hash_add_bytes(hash, text, strlen(text));
}
