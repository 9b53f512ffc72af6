/* SPDX-License-Identifier: Apache-2.0
 *
 * A fake world with a script: for tests of the script and its actions. TaskManagers with odd
 * numbers count as in use.
 */
#ifndef WEIR_TESTS_LIB_FAKE_SCRIPT_H
#define WEIR_TESTS_LIB_FAKE_SCRIPT_H

#include "sim/fault/script.h"
#include "tests/lib/fake_world.h"

struct fake_script {
    struct fake_world world;
    struct script *script;
};

void fake_script_init(struct fake_script *fake);

/* Between init and start: an event on "tm1" with the label "the label", once, for good. Borrowed
 * until the next one is added. */
struct scripted_event *fake_script_event(struct fake_script *fake, enum action_kind kind,
                                         time_ns at);

/* With `count` TaskManagers, "tm1" and on, up since 0. It is just before 1 s then. */
void fake_script_start(struct fake_script *fake, uint32_t count);
void fake_script_fini(struct fake_script *fake);

#endif
