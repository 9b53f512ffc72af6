/* SPDX-License-Identifier: Apache-2.0
 *
 * Texts that pictures show. gnuplot puts them into SVG as CDATA and looks at nothing: what is not
 * XML there breaks the file. In: names and reasons as people wrote them, maybe cut. Out: the same
 * without what SVG cannot hold: the end of CDATA, control characters, half a letter at the end.
 */
#ifndef WEIR_SIM_REPORT_SHOWN_TEXT_H
#define WEIR_SIM_REPORT_SHOWN_TEXT_H

#include <stddef.h>

/* In place, as long as before or shorter. Line feeds stay. */
void shown_text_clean(char *text);

/* How wide so many bytes of it are, in letters as wide as a digit; what is not ASCII is as wide,
 * and wider where another font must do. */
double shown_text_letters(const char *text, size_t length);

#endif
