/* SPDX-License-Identifier: Apache-2.0
 *
 * A file that a program under test writes into what it was told: there for one test, by the
 * fixture functions. One at a time.
 */
#ifndef WEIR_TESTS_LIB_BOOK_H
#define WEIR_TESTS_LIB_BOOK_H

void book_begin(void);
void book_end(void);
const char *book_path(void);
const char *book_text(void); /* what is in it now; until the next call */

#endif
