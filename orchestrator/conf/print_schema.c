/* SPDX-License-Identifier: Apache-2.0 */
/* print_schema.c - for the build: the schema as JSON Schema, Markdown, or
 * mdoc. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "orchestrator/conf/line.h"
#include "orchestrator/conf/profile.h"

static int
print(const struct eh_schema_map *map, const char *form)
{
	if (strcmp(form, "json") == 0)
		return eh_schema_json(map, stdout);
	if (strcmp(form, "markdown") == 0)
		eh_schema_markdown(map, stdout);
	else if (strcmp(form, "mdoc") == 0)
		eh_schema_mdoc(map, stdout);
	else
		return EH_ERR_ARGUMENT;
	return ferror(stdout) ? EH_ERR_IO : EH_OK;
}

int
main(int argc, char **argv)
{
	const struct eh_schema_map *map = NULL;

	if (argc == 3 && strcmp(argv[1], "profile") == 0)
		map = &eh_conf_profile_schema;
	else if (argc == 3 && strcmp(argv[1], "line") == 0)
		map = &eh_line_schema;
	if (map == NULL || print(map, argv[2]) != EH_OK ||
	    fflush(stdout) != 0) {
		fprintf(stderr,
		    "usage: print-schema profile|line json|markdown|mdoc\n");
		return 2;
	}
	return 0;
}
