/* SPDX-License-Identifier: Apache-2.0 */
/* source.h - what bytes a document may consist of at all. */
#ifndef EH_ORCHESTRATOR_CONF_SOURCE_H
#define EH_ORCHESTRATOR_CONF_SOURCE_H

#include <stddef.h>

#include "common/err.h"
#include "orchestrator/conf/report.h"

/*
 * Check ${bytes} before any parser sees them: at most EH_YAML_MAX_BYTES, UTF-8
 * of the shortest form, no NUL, no control character but line feed (with or
 * without a carriage return before it), so no tab either, and none of the
 * characters that show a reader something else than what the program reads:
 * byte order mark, next line, line and paragraph separator, text direction.
 *
 * Errors go to ${report} with line and column (in characters, from 1), at most
 * one a line.  Returns EH_OK or EH_ERR_CONFIG.
 */
EH_MUST_CHECK int eh_source_check(const char *name, const void *bytes,
    size_t len, struct eh_report *report);

#endif
