/* SPDX-License-Identifier: Apache-2.0 */
/* test_vectors_matter.c - a Matter chain that others made, and five that break
 * one rule each. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "common/x509/lint.h"
#include "test/unit/unit.h"

#define FILE_NAME "matter/valid-dac-v3.json"

static uint8_t dac[2048], pai[2048], paa[2048];
static size_t daclen, pailen, paalen;

/* What was reported, one id behind the other. */
struct seen {
	char ids[4096];
};

static void
see(void *arg, const char *what, const struct eh_lint_rule *broken)
{
	struct seen *seen = arg;

	ck_assert_ptr_nonnull(what);
	strcat(seen->ids, broken->id);
}

/* Put a PEM text into ${out}. */
static size_t
from_pem(const char *pem, uint8_t *out)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	int len;

	ck_assert_ptr_nonnull(cert);
	len = i2d_X509(cert, &out);
	ck_assert_int_gt(len, 0);
	X509_free(cert);
	BIO_free(bio);
	return (size_t)len;
}

static const char *
text_of(const json_t *j, const char *key)
{
	const char *text = json_string_value(json_object_get(j, key));

	ck_assert_ptr_nonnull(text);
	return text;
}

static void
setup(void)
{
	size_t len;
	char *text = unit_vector(FILE_NAME, &len);
	json_t *j;

	ck_assert_ptr_nonnull(text);
	j = json_loadb(text, len, 0, NULL);
	ck_assert_ptr_nonnull(j);
	paalen = from_pem(text_of(j, "paa_pem"), paa);
	pailen = unit_hex(text_of(j, "pai_cert"), pai, sizeof(pai));
	daclen = unit_hex(text_of(j, "dac_cert"), dac, sizeof(dac));
	json_decref(j);
	free(text);
}

/* Where ${hex} stands in the DAC, which must be once. */
static uint8_t *
find(const char *hex)
{
	uint8_t bytes[64];
	const size_t n = unit_hex(hex, bytes, sizeof(bytes));
	uint8_t *at = memmem(dac, daclen, bytes, n);

	ck_assert_ptr_nonnull(at);
	return at;
}

START_TEST(foreign_chain_is_clean)
{
	struct seen seen;
	struct eh_lint l;

	memset(&seen, 0, sizeof(seen));
	l = (struct eh_lint){ see, &seen, 0, 0 };
	ck_assert_int_eq(eh_lint_matter_chain(&l, dac, daclen, pai, pailen,
			     paa, paalen), EH_OK);
	ck_assert_msg(l.errors + l.warnings == 0, "%s", seen.ids);
}
END_TEST

/* One violation each, of which generic validators see few. */
START_TEST(five_bad_variants_of_it_are_refused)
{
	/* clang-format off */
	static const struct {
		const char *from, *to, *rule;
	} bad[] = {
		/* version 2, with extensions */
		{ "a003020102", "a003020101", "rfc5280/version-3" },
		/* another curve */
		{ "2a8648ce3d030107", "2a8648ce3d030106",
			"matter-dac/algorithm" },
		/* lower-case VID */
		{ "0c0446464631 3114 3012 060a2b0601040182a27c0202",
			"0c0466666631 3114 3012 060a2b0601040182a27c0202",
			"matter-dac/vid" },
		/* keyUsage with another bit */
		{ "03020780", "03020388", "matter-dac/ku-digital-signature" },
		/* no authority key id: its OID is another one */
		{ "0603551d23", "0603551d24", "matter-dac/authority-key-id" },
	};
	/* clang-format on */
	struct seen seen;
	struct eh_lint l;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint8_t *at;

		setup();
		at = find(bad[i].from);
		unit_hex(bad[i].to, at, 64);
		memset(&seen, 0, sizeof(seen));
		l = (struct eh_lint){ see, &seen, 0, 0 };
		ck_assert_int_eq(eh_lint_cert(&l, EH_STANDARD_MATTER_DAC,
				     EH_LINT_DEVICE, "DAC", dac, daclen),
		    EH_OK);
		ck_assert_str_eq(seen.ids, bad[i].rule);
	}
}
END_TEST

int
main(void)
{
	Suite *s;
	TCase *t;
	char *text = unit_vector(FILE_NAME, &daclen);

	if (text == NULL)
		return unit_skip("EDGEHSM_VECTORS has no " FILE_NAME);
	free(text);
	s = suite_create("vectors_matter");
	t = tcase_create("vectors_matter");
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, foreign_chain_is_clean);
	tcase_add_test(t, five_bad_variants_of_it_are_refused);
	suite_add_tcase(s, t);
	return unit_run(s);
}
