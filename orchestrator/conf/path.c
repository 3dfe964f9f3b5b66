/* SPDX-License-Identifier: Apache-2.0 */
/* path.c - files that a document names lie beside it. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "orchestrator/conf/path.h"

static char *
join(const char *head, size_t headlen, const char *tail)
{
	size_t taillen = strlen(tail);
	char *path = malloc(headlen + taillen + 1);

	if (path == NULL)
		return NULL;
	memcpy(path, head, headlen);
	memcpy(path + headlen, tail, taillen + 1);
	return path;
}

char *
eh_path_beside(const char *document, const char *file)
{
	const char *slash = strrchr(document, '/');

	if (file[0] == '/' || slash == NULL)
		return strdup(file);
	return join(document, (size_t)(slash - document) + 1, file);
}

char *
eh_path_suffix(const char *document, const char *suffix)
{
	const char *slash = strrchr(document, '/');
	const char *name = slash != NULL ? slash + 1 : document;
	const char *dot = strrchr(name, '.');

	/* ".hidden" has no suffix. */
	if (dot == NULL || dot == name)
		return join(document, strlen(document), suffix);
	return join(document, (size_t)(dot - document), suffix);
}
