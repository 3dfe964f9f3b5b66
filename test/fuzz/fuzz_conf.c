/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_conf.c - any text is a configuration or is refused with a sentence. */
#include "config.h"

#include <string.h>

#include "common/conf_lines.h"
#include "test/fuzz/fuzz.h"

/* What was taken keeps the promises of conf.h. */
static void
check_values(const struct eh_conf *c)
{
	fuzz_must(c->socket == NULL || (c->socket[0] == '/' &&
	    strlen(c->socket) <= EH_CONF_SOCKET_MAX),
	    "a socket is a path that fits");
	fuzz_must(c->state == NULL || c->state[0] == '/', "a state is a path");
	fuzz_must(c->anchor_path == NULL || c->anchor_path[0] == '/',
	    "an anchor is a path");
	fuzz_must(c->autostart >= -1 && c->autostart <= 0,
	    "no autostart in the system-wide file");
	fuzz_must(c->segment == 0 || (c->segment >= 1 << 20 &&
	    c->segment <= 64 << 20 && c->segment % 4096 == 0),
	    "a segment is 1 to 64 MiB");
	fuzz_must(c->operators.n <= 64, "a list has an end");
	for (size_t i = 0; i < c->operators.n; i++)
		fuzz_must(c->operators.who[i].name[0] != '\0',
		    "who has a role has a name");
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct eh_conf conf = { .origin = EH_CONF_SYSTEM, .autostart = -1 };
	struct eh_error error = { 0, "" };
	struct eh_conf_lines r = { .conf = &conf, .path = "fuzz",
		.error = &error };

	if (eh_conf_lines_read(&r, (const char *)bytes, len) == EH_OK)
		check_values(&conf);
	else
		fuzz_must(strncmp(error.text, "fuzz:", 5) == 0,
		    "a refusal tells its place");
	eh_conf_free(&conf);
	return 0;
}
