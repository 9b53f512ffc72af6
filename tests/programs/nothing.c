/* SPDX-License-Identifier: Apache-2.0
 *
 * A shared object that is no program.
 */
extern const int nothing;
const int nothing = 1;
