/* SPDX-License-Identifier: Apache-2.0 */
/* path.h - files that a document names lie beside it. */
#ifndef EH_ORCHESTRATOR_CONF_PATH_H
#define EH_ORCHESTRATOR_CONF_PATH_H

/*
 * Return ${file}, as the document ${document} names it, as a path from here,
 * malloc'd: absolute ones as they are, others in the document's folder.  NULL
 * when out of memory.
 */
char *eh_path_beside(const char *document, const char *file);

#endif
