/* SPDX-License-Identifier: Apache-2.0 */
/* findings.h - what a verb shows of a report: lines for people, or JSON. */
#ifndef EH_ORCHESTRATOR_CLI_FINDINGS_H
#define EH_ORCHESTRATOR_CLI_FINDINGS_H

#include <jansson.h>

#include "common/err.h"
#include "orchestrator/cli/command.h"
#include "orchestrator/conf/report.h"

/*
 * Return the entries of ${report} as a JSON array of {file, line, column, path,
 * severity, text}; line and column only where there is a place.  A new
 * reference, NULL when out of memory.
 */
json_t *eh_findings_json(struct eh_report *report);

/* Print the entries of ${report} on standard error, unless --json was given:
 * then the verb prints them on standard output, as part of its object. */
void eh_findings_print(const struct eh_args *args, struct eh_report *report);

/*
 * Return EH_OK when ${report} holds no error, else EH_ERR_CONFIG with "WHAT: 3
 * errors" in args->error.
 */
EH_MUST_CHECK int eh_findings_result(struct eh_args *args,
    const struct eh_report *report, const char *what);

#endif
