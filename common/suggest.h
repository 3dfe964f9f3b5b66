/* SPDX-License-Identifier: Apache-2.0 */
/* suggest.h - "did you mean": the nearest of the words that are known. */
#ifndef EH_COMMON_SUGGEST_H
#define EH_COMMON_SUGGEST_H

#include <stddef.h>

/*
 * Return the one of ${n} NUL-ended ${words} that is most like ${word} (an edit
 * distance, a swap of neighbours counting once, of at most a third of its
 * length, and at least 1), or NULL when none is.  The first of equals wins.
 * Words above 64 bytes are like nothing.
 */
const char *eh_suggest(const char *word, const char *const *words, size_t n);

#endif
