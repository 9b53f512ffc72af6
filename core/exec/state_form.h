/* SPDX-License-Identifier: Apache-2.0
 *
 * What the values of a keyed state are. A snapshot says it, and state of another form is refused:
 * the bytes are others. How long a time to live is makes no difference. Source: Flink's
 * RegisteredKeyValueStateBackendMetaInfo and TtlSerializer, which end in StateMigrationException.
 */
#ifndef WEIR_EXEC_STATE_FORM_H
#define WEIR_EXEC_STATE_FORM_H

#include <stdbool.h>

enum user_state_kind { USER_VALUE, USER_LIST, USER_MAP, USER_REDUCING, USER_STATE_KIND_COUNT };

struct state_form {
    enum user_state_kind kind;
    bool has_ttl;
};

#endif
