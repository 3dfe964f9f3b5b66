/* SPDX-License-Identifier: Apache-2.0 */
/* authorize_scope.c - a scope as people type it. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/authority/authorize.h"

static int
wrong(const char *text, struct eh_error *error)
{
	return eh_error_set(error, EH_ERR_ARGUMENT,
	    "--scope %s: any, range:KIND:LO:HI, list:KIND:ID,ID,... or "
	    "tree:KIND:FILE is needed", text);
}

/* Cut ${text} at the first ${mark}; return what follows, or NULL. */
static char *
cut(char *text, char mark)
{
	char *at = strchr(text, mark);

	if (at == NULL)
		return NULL;
	*at = '\0';
	return at + 1;
}

/* One device id, as the profile writes them. */
static int
parse_id(const char *text, const struct eh_profile *p,
    struct eh_device_id *id, struct eh_error *error)
{
	struct eh_error why;
	int err;

	eh_error_clear(&why);
	err = eh_profile_parse_device(p, text, id, &why);
	if (err != EH_OK)
		eh_error_set(
		    error, err, "--scope: '%.80s': %s", text,
		    eh_error_sentence(&why));
	return err;
}

static int
parse_range(char *ids, const struct eh_profile *p, struct eh_scope *s,
    struct eh_error *error)
{
	char *hi = cut(ids, ':');
	int err;

	if (hi == NULL || strchr(hi, ':') != NULL)
		return wrong("range:", error);
	s->kind = EH_SCOPE_RANGE;
	if ((err = parse_id(ids, p, &s->lo, error)) != EH_OK ||
	    (err = parse_id(hi, p, &s->hi, error)) != EH_OK)
		return err;
	if (memcmp(s->lo.bytes, s->hi.bytes, s->lo.len) > 0)
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "--scope: the range ends at %s, before it begins", hi);
	return EH_OK;
}

static int
parse_list(char *ids, const struct eh_profile *p, struct eh_scope *s,
    struct eh_error *error)
{
	s->kind = EH_SCOPE_LIST;
	while (ids != NULL) {
		char *next = cut(ids, ',');
		struct eh_device_id id;
		int err = parse_id(ids, p, &id, error);

		if (err != EH_OK)
			return err;
		for (unsigned i = 0; i < s->ndevices; i++)
			if (eh_device_id_equal(&s->devices[i], &id))
				return eh_error_set(error, EH_ERR_ARGUMENT,
				    "--scope: %s stands twice", ids);
		if (s->ndevices == EH_SCOPE_DEVICES_MAX)
			return eh_error_set(error, EH_ERR_ARGUMENT,
			    "--scope: a list has at most %d devices",
			    EH_SCOPE_DEVICES_MAX);
		s->devices[s->ndevices++] = id;
		ids = next;
	}
	return EH_OK;
}

static int
parse(const char *text, char *words, const struct eh_profile *p,
    struct eh_scope *s, struct eh_buf *out, struct eh_error *error)
{
	char *kind = cut(words, ':'), *ids;

	if (kind == NULL)
		return strcmp(words, "any") == 0 ? EH_OK : wrong(text, error);
	if ((ids = cut(kind, ':')) == NULL)
		return wrong(text, error);
	if (strcmp(kind, p->identity.kind) != 0)
		return eh_error_set(error, EH_DENIED_SCOPE,
		    "--scope names devices by %s, the profile %s by %s", kind,
		    p->name, p->identity.kind);
	snprintf(s->id_kind, sizeof(s->id_kind), "%s", kind);
	if (strcmp(words, "range") == 0)
		return parse_range(ids, p, s, error);
	if (strcmp(words, "list") == 0)
		return parse_list(ids, p, s, error);
	if (strcmp(words, "tree") == 0)
		return eh_authorize_tree(ids, p, s, out, error);
	return wrong(text, error);
}

int
eh_authorize_is_tree(const char *text)
{
	return strncmp(text, "tree:", 5) == 0;
}

int
eh_authorize_scope(const char *text, const struct eh_profile *p,
    struct eh_scope *s, struct eh_buf *ids, struct eh_error *error)
{
	char *words = strdup(text);
	int err;

	memset(s, 0, sizeof(*s));
	if (words == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	err = parse(text, words, p, s, ids, error);
	if (err != EH_OK)
		memset(s, 0, sizeof(*s));
	free(words);
	return err;
}
