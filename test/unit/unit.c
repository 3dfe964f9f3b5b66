/* SPDX-License-Identifier: Apache-2.0 */
/* unit.c - what every unit test program shares: running Check with TAP. */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/unit/unit.h"

int
unit_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}

int
unit_skip(const char *why)
{
	printf("1..0 # SKIP %s\n", why);
	return 0;
}

static int
nibble(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = tolower(c);
	ck_assert_msg(c >= 'a' && c <= 'f', "not a hex digit: '%c'", c);
	return c - 'a' + 10;
}

size_t
unit_hex(const char *hex, uint8_t *out, size_t cap)
{
	size_t n = 0;
	int high = -1, v;

	for (; *hex != '\0'; hex++) {
		if (isspace((unsigned char)*hex))
			continue;
		v = nibble((unsigned char)*hex);
		if (high < 0) {
			high = v;
			continue;
		}
		ck_assert_uint_lt(n, cap);
		out[n++] = (uint8_t)(high << 4 | v);
		high = -1;
	}
	ck_assert_int_lt(high, 0);
	return n;
}

char *
unit_vector(const char *name, size_t *lenp)
{
	const char *folder = getenv("EDGEHSM_VECTORS");
	char path[4096];
	char *text = NULL;
	long size;
	FILE *f;

	if (folder == NULL)
		return NULL;
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if ((f = fopen(path, "rb")) == NULL)
		return NULL;
	if (fseek(f, 0, SEEK_END) == 0 && (size = ftell(f)) >= 0 &&
	    fseek(f, 0, SEEK_SET) == 0 &&
	    (text = malloc((size_t)size + 1)) != NULL) {
		*lenp = fread(text, 1, (size_t)size, f);
		text[*lenp] = '\0';
	}
	fclose(f);
	return text;
}

int
unit_has_vector(const char *name)
{
	size_t len;
	char *text = unit_vector(name, &len);

	free(text);
	return text != NULL;
}
