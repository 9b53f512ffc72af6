/* SPDX-License-Identifier: Apache-2.0
 *
 * Which letters the pictures' font has. Of one that no font has, gnuplot's PNG shows a black box as
 * high as the page; a browser that shows an SVG finds another font. In: UTF-8. Out: the letters
 * that are lacking, or the text with a small box in place of each.
 */
#ifndef WEIR_SIM_REPORT_FONT_LETTERS_H
#define WEIR_SIM_REPORT_FONT_LETTERS_H

#include <stdbool.h>
#include <stddef.h>

/* The letter that the text begins with: its bytes, 0 at the end. What is no UTF-8 is lacking. */
size_t font_letter(const char *text, bool *lacking);

/* A copy for the caller to destroy. */
char *font_text_create(const char *text);

/* Adds the letters of a text that are lacking, each once, as far as there is room. */
void font_add_lacking(const char *text, char *letters, size_t size);

#endif
