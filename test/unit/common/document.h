/* SPDX-License-Identifier: Apache-2.0 */
/* document.h - a text of doc/format/, to be compared with the code. */
#ifndef EH_TEST_UNIT_COMMON_DOCUMENT_H
#define EH_TEST_UNIT_COMMON_DOCUMENT_H

#include <stdio.h>
#include <stdlib.h>

#include "test/unit/unit.h"

/* The text that document_read() has read, with a NUL behind it. */
static char document[65536];

/* Read doc/format/${name}.md. */
static inline void
document_read(const char *name)
{
	const char *top = getenv("EH_SRCDIR");
	char path[4096];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/doc/format/%s.md",
	    top != NULL ? top : ".", name);
	f = fopen(path, "r");
	ck_assert_msg(f != NULL, "cannot read %s", path);
	n = fread(document, 1, sizeof(document), f);
	fclose(f);
	ck_assert_msg(n < sizeof(document), "%s is too long", path);
	document[n] = '\0';
}

/* Does ${hex} stand in it, wherever its lines are broken? */
static inline int
document_has_sample(const char *hex)
{
	for (const char *start = document; *start != '\0'; start++) {
		const char *at = start, *digit = hex;

		while (*digit != '\0' && (*at == *digit || *at == '\n'))
			digit += *at++ != '\n';
		if (*digit == '\0')
			return 1;
	}
	return 0;
}

#endif
