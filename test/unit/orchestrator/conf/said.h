/* SPDX-License-Identifier: Apache-2.0 */
/* said.h - what a report shows, as one text to compare. */
#ifndef EH_TEST_UNIT_ORCHESTRATOR_CONF_SAID_H
#define EH_TEST_UNIT_ORCHESTRATOR_CONF_SAID_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "orchestrator/conf/report.h"

/* Check that ${report} prints exactly ${expected}, and empty it. */
static inline void
said(struct eh_report *report, const char *expected)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(out);
	eh_report_print(report, out);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_str_eq(text, expected);
	free(text);
	eh_report_wipe(report);
}

#endif
