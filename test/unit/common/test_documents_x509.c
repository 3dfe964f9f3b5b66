/* SPDX-License-Identifier: Apache-2.0 */
/* test_documents_x509.c - doc/format/ says of profiles and templates what the
 * code does. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/x509/lint.h"
#include "test/unit/common/x509_golden.h"
#include "test/unit/unit.h"

static char doc[65536];

static void
read_doc(const char *name)
{
	const char *top = getenv("EH_SRCDIR");
	char path[4096];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/doc/format/%s.md",
	    top != NULL ? top : ".", name);
	f = fopen(path, "r");
	ck_assert_msg(f != NULL, "cannot read %s", path);
	n = fread(doc, 1, sizeof(doc) - 1, f);
	fclose(f);
	doc[n] = '\0';
}

/* Does ${hex} stand in the document, wherever its lines are broken? */
static int
has_sample(const char *hex)
{
	for (const char *start = doc; *start != '\0'; start++) {
		const char *at = start, *digit = hex;

		while (*digit != '\0' && (*at == *digit || *at == '\n'))
			digit += *at++ != '\n';
		if (*digit == '\0')
			return 1;
	}
	return 0;
}

START_TEST(samples_are_the_golden_ones)
{
	read_doc("profile");
	ck_assert(has_sample(GOLDEN_PROFILE));
	ck_assert(has_sample(GOLDEN_CONFIG_DIGEST));
	ck_assert(!has_sample(GOLDEN_TBS));
	read_doc("template");
	ck_assert(has_sample(GOLDEN_TBS));
	ck_assert(has_sample(GOLDEN_TBS_DIGEST));
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

	read_doc("template");
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		for (unsigned it = 0; (r = eh_lint_next_rule(sets[i].of,
					   sets[i].role, &it)) != NULL;) {
			snprintf(row, sizeof(row), "| %s | %s | %s | %s |",
			    r->id, r->severity == EH_LINT_ERROR ? "must" :
								  "should",
			    r->text, r->source);
			ck_assert_msg(strstr(doc, row) != NULL, "no row: %s",
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
