/* SPDX-License-Identifier: Apache-2.0 */
/* test_documents_x509.c - doc/format/ says of profiles and templates what the
 * code does. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/x509/lint.h"
#include "test/unit/common/document.h"
#include "test/unit/common/x509_golden.h"

START_TEST(samples_are_the_golden_ones)
{
	document_read("profile");
	ck_assert(document_has_sample(GOLDEN_PROFILE));
	ck_assert(document_has_sample(GOLDEN_CONFIG_DIGEST));
	ck_assert(!document_has_sample(GOLDEN_TBS));
	document_read("template");
	ck_assert(document_has_sample(GOLDEN_TBS));
	ck_assert(document_has_sample(GOLDEN_TBS_DIGEST));
}
END_TEST

START_TEST(rules_of_the_linter_are_written_down)
{
	static const struct {
		enum eh_standard of;
		enum eh_lint_role role;
	} sets[] = { { EH_STANDARD_TCG_IDEVID, EH_LINT_DEVICE },
		{ EH_STANDARD_WISUN_FAN, EH_LINT_DEVICE },
		{ EH_STANDARD_MATTER_DAC, EH_LINT_DEVICE },
		{ EH_STANDARD_MATTER_DAC, EH_LINT_PAI },
		{ EH_STANDARD_MATTER_DAC, EH_LINT_PAA } };
	const struct eh_lint_rule *r;
	char row[1024];

	document_read("template");
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		for (unsigned it = 0; (r = eh_lint_next_rule(sets[i].of,
					   sets[i].role, &it)) != NULL;) {
			snprintf(row, sizeof(row), "| %s | %s | %s | %s |",
			    r->id, r->severity == EH_LINT_ERROR ? "must" :
								  "should",
			    r->text, r->source);
			ck_assert_msg(strstr(document, row) != NULL, "no row: %s",
			    row);
		}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("documents_x509");
	TCase *t = tcase_create("documents_x509");

	tcase_add_test(t, samples_are_the_golden_ones);
	tcase_add_test(t, rules_of_the_linter_are_written_down);
	suite_add_tcase(s, t);
	return unit_run(s);
}
