/* SPDX-License-Identifier: Apache-2.0 */
/* line_begun.c - how much of a work order a state folder has already. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/cli/line_begun.h"
#include "orchestrator/flow/unit.h"

struct count {
	const char **id;	/* in order */
	size_t n;
	struct eh_line_begun *begun;
};

static int
compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int
count_one(void *arg, const struct eh_unit *u)
{
	struct count *c = arg;
	const char *device = u->device;

	if (bsearch(&device, c->id, c->n, sizeof(*c->id), compare) == NULL)
		return EH_OK;
	if (u->state == EH_UNIT_GOOD || u->state == EH_UNIT_SCRAPPED)
		c->begun->finished++;
	else if (u->has_authorization && u->state != EH_UNIT_REFUSED)
		c->begun->begun++;
	return EH_OK;
}

int
eh_line_begun_count(const char *path, const struct eh_line_ids *ids,
    struct eh_line_begun *begun, struct eh_error *error)
{
	struct count c = { .n = ids->count, .begun = begun };
	int err;

	memset(begun, 0, sizeof(*begun));
	if (ids->count == 0 || access(path, F_OK) != 0)
		return EH_OK;
	if ((c.id = calloc(ids->count, sizeof(*c.id))) == NULL)
		return EH_ERR_MEMORY;
	for (size_t i = 0; i < ids->count; i++)
		c.id[i] = ids->id[i];
	qsort(c.id, c.n, sizeof(*c.id), compare);
	err = eh_unit_list(path, count_one, &c, error);
	free(c.id);
	return err;
}
