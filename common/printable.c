/* SPDX-License-Identifier: Apache-2.0 */
/* printable.c - texts of strangers, made fit for terminals and JSON. */
#include "config.h"

#include <string.h>

#include "common/printable.h"
#include "common/utf8.h"

void
eh_printable(char *text)
{
	size_t left = strlen(text), n;

	for (; left > 0; text += n, left -= n) {
		n = eh_utf8_next(text, left);
		if (n > 0 && !eh_utf8_is_control(text, n))
			continue;
		n = n > 0 ? n : 1;
		memset(text, '?', n);
	}
}
