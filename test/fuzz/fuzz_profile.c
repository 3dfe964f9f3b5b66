/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_profile.c - a profile that loads can be rendered, matched and written
 * again; nothing else loads. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/x509/lint.h"
#include "common/x509/template.h"
#include "test/fuzz/fuzz.h"

static struct eh_profile profile;
static uint8_t again[EH_PROFILE_MAX], tbs[EH_TBS_MAX];

/* What is rendered matches, and matches nothing else of the profile. */
static void
check_template(unsigned index)
{
	struct eh_tbs_values in, out;
	struct eh_lint l = { 0 };
	struct eh_error e;
	struct eh_template_hit found;
	size_t len;
	int err;

	if (eh_tbs_values_sample(&profile, index, &in, &e) != EH_OK)
		return;
	err = eh_template_render(
	    &profile, index, &in, tbs, sizeof(tbs), &len, &e);
	fuzz_must(err == EH_OK || err == EH_ERR_UNSUPPORTED,
	    "a sample can be rendered");
	if (err != EH_OK)
		return;
	fuzz_must(eh_template_find(&profile, NULL, tbs, len, &found, &out,
		      &e) == EH_OK && found.index == index,
	    "what is rendered matches its template first");
	err = eh_lint_template(&l, &profile, index, &e);
	fuzz_must(err == EH_OK || err == EH_ERR_ARGUMENT,
	    "the linter comes to an end");
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct eh_error e;
	size_t n;

	if (eh_profile_decode(&profile, bytes, len, &e) != EH_OK)
		return 0;
	fuzz_must(eh_profile_encode(
		      &profile, again, sizeof(again), &n, &e) == EH_OK,
	    "what loads can be written");
	fuzz_must(n == len && memcmp(again, bytes, len) == 0,
	    "the same bytes decode one way");
	for (unsigned i = 0; i < profile.templates; i++)
		check_template(i);
	return 0;
}
