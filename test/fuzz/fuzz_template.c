/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_template.c - a TBSCertificate that matches is rebuilt from its values
 * octet for octet: so nothing that matters is outside what was judged. */
#include "config.h"

#include <string.h>

#include "common/hex.h"
#include "common/x509/template.h"
#include "test/fuzz/fuzz.h"
#include "test/unit/common/x509_golden.h"

static const char golden[] = GOLDEN_PROFILE;

static const struct eh_profile *
load(void)
{
	static uint8_t bytes[GOLDEN_PROFILE_LEN];
	static struct eh_profile profile;
	static int loaded;
	struct eh_error e;
	size_t len;

	if (!loaded) {
		fuzz_must(eh_hex_decode(golden, strlen(golden), bytes,
			      sizeof(bytes), &len) == EH_OK, "the sample is hexadecimal");
		fuzz_must(eh_profile_decode(&profile, bytes, len, &e) == EH_OK,
		    "the sample loads");
		loaded = 1;
	}
	return &profile;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const struct eh_profile *p = load();
	uint8_t tbs[EH_TBS_MAX], patched[GOLDEN_TBS_LEN];
	const struct eh_template *t = &p->template[0];
	struct eh_tbs_values v;
	struct eh_error e;
	size_t n, at = 0;

	/* The bytes are the fields, one behind the other: a fuzzer would not
	 * find the 200 constant octets. */
	memcpy(patched, t->tbs, sizeof(patched));
	for (unsigned i = 0; i < t->fields; i++) {
		if (len - at < t->field[i].length)
			return 0;
		memcpy(patched + t->field[i].offset, bytes + at,
		    t->field[i].length);
		at += t->field[i].length;
	}
	if (eh_template_match(p, 0, patched, sizeof(patched), &v, &e) != EH_OK)
		return 0;
	fuzz_must(eh_template_render(p, 0, &v, tbs, sizeof(tbs), &n, &e) ==
		EH_OK, "what matches can be rendered");
	fuzz_must(n == sizeof(patched) && memcmp(tbs, patched, n) == 0,
	    "and is the same");
	return 0;
}
