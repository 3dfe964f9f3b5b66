/* SPDX-License-Identifier: Apache-2.0 */
/* path.c - files that a document names lie beside it. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "orchestrator/conf/path.h"

char *
eh_path_beside(const char *document, const char *file)
{
	const char *slash = strrchr(document, '/');
	size_t head, tail = strlen(file);
	char *path;

	if (file[0] == '/' || slash == NULL)
		return strdup(file);
	head = (size_t)(slash - document) + 1;
	if ((path = malloc(head + tail + 1)) == NULL)
		return NULL;
	memcpy(path, document, head);
	memcpy(path + head, file, tail + 1);
	return path;
}
