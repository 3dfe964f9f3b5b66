/* SPDX-License-Identifier: Apache-2.0 */
/* host.c - what the host claims about itself, on its way into a record. */
#include "config.h"

#include <string.h>

#include "quota-engine/host.h"

void
eh_host_claims(struct eh_boundary *b, const char *line, const char *station,
    struct eh_record *r)
{
	const struct eh_state *state;

	if (line[0] == '\0' || station[0] == '\0')
		return;
	state = eh_engine_lock(b->engine);
	memcpy(r->factory, state->factory, sizeof(r->factory));
	eh_engine_unlock(b->engine);
	memcpy(r->line, line, sizeof(r->line));
	memcpy(r->station, station, sizeof(r->station));
}
