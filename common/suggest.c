/* SPDX-License-Identifier: Apache-2.0 */
/* suggest.c - "did you mean": the nearest of the words that are known. */
#include "config.h"

#include <string.h>

#include "common/suggest.h"

#define LONGEST 64

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * How many letters must be added, removed, changed or swapped with their
 * neighbour to make ${b} of ${a}: the table of optimal string alignment, of
 * which only the last three rows are kept.
 */
static size_t
distance(const char *a, size_t alen, const char *b, size_t blen)
{
	size_t rows[3][LONGEST + 1], *before = rows[0], *above = rows[1];
	size_t *row = rows[2], *old, d;

	for (size_t j = 0; j <= blen; j++)
		before[j] = above[j] = j;
	for (size_t i = 1; i <= alen; i++) {
		row[0] = i;
		for (size_t j = 1; j <= blen; j++) {
			d = above[j - 1] + (a[i - 1] != b[j - 1]);
			d = least(d, least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				d = least(d, before[j - 2] + 1);
			row[j] = d;
		}
		old = before;
		before = above;
		above = row;
		row = old;
	}
	return above[blen];
}

const char *
eh_suggest(const char *word, const char *const *words, size_t n)
{
	size_t len = strlen(word), best, d, wlen;
	const char *found = NULL;

	if (len > LONGEST)
		return NULL;
	best = len / 3 > 0 ? len / 3 : 1;
	best++;			/* so that "less than the best" may equal it */
	for (size_t i = 0; i < n; i++) {
		wlen = strlen(words[i]);
		if (wlen > LONGEST)
			continue;
		d = distance(word, len, words[i], wlen);
		if (d < best) {
			best = d;
			found = words[i];
		}
	}
	return found;
}
