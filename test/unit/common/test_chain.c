/* SPDX-License-Identifier: Apache-2.0 */
/* test_chain.c - from the certificate of a chip to a silicon CA. */
#include "config.h"

#include <string.h>

#include "common/crypto/keyid.h"
#include "common/der/date.h"
#include "common/message/chipattest.h"
#include "common/x509/chain.h"
#include "plugins/chip-soft/device/fab.h"
#include "test/unit/common/golden.h"
#include "test/unit/unit.h"

#define NOW UINT64_C(1795176000)	/* 2026-11-20 */
#define YEAR UINT64_C(31536000)

static struct eh_soft *key[3];		/* chip, intermediate, root */
static struct eh_fab_cert spec[3];
static uint8_t der[3][EH_FAB_CERT_MAX], roots[2][EH_DIGEST_LEN];
static struct eh_slice cert[4];
static struct eh_chain_time when;
static struct eh_rawkey leaf;
static struct eh_error error;

static void
begin(void)
{
	static const char *const name[] = { "chip", "CA", "root", "root" };

	memset(spec, 0, sizeof(spec));
	memset(roots, 0xee, sizeof(roots));
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(eh_soft_generate(&key[i]), EH_OK);
	for (unsigned i = 0; i < 3; i++) {
		spec[i].subject = name[i];
		spec[i].issuer = name[i + 1];
		spec[i].key = eh_soft_public(key[i]);
		spec[i].by = key[i < 2 ? i + 1 : 2];
		spec[i].ca = i > 0;
	}
	eh_keyid_spki_digest(eh_soft_public(key[2]), roots[1]);
	when.earliest = NOW;
	when.latest = NOW + 100;
}

static void
end(void)
{
	for (unsigned i = 0; i < 3; i++)
		eh_soft_free(key[i]);
}

/* The chain of ${n} that the specs say; 2 is without the intermediate. */
static int
chain(unsigned n)
{
	for (unsigned i = 0; i < 3; i++) {
		cert[i].at = der[i];
		ck_assert_int_eq(eh_fab_certify(
		    &spec[i], der[i], sizeof(der[i]), &cert[i].len), EH_OK);
	}
	if (n == 2)
		cert[1] = cert[2];
	eh_error_clear(&error);
	return eh_chain_verify(cert, n,
	    (const uint8_t (*)[EH_DIGEST_LEN])roots, 2, &when, &leaf, &error);
}

static void
refused(int err, const char *words)
{
	ck_assert_msg(err == EH_ERR_PROOF, "%d: %s", err, error.text);
	ck_assert_msg(strstr(error.text, words) != NULL, "%s", error.text);
	ck_assert_uint_eq(leaf.len, 0);
}

START_TEST(golden_sample_verifies_to_its_root)
{
	static uint8_t bytes[2048];
	struct eh_chipattest a;
	struct eh_evidence_item e;
	size_t len = unit_hex(GOLDEN_EVIDENCE, bytes, sizeof(bytes));

	unit_hex(GOLDEN_EVIDENCE_ROOT, roots[0], EH_DIGEST_LEN);
	ck_assert_int_eq(eh_evidence_item_decode(bytes, len, &e, NULL), EH_OK);
	ck_assert_int_eq(eh_chipattest_decode(
	    e.bytes.at, e.bytes.len, &a, NULL), EH_OK);
	for (unsigned i = 0; i < 2; i++) {
		cert[i].at = a.cert[i].at;
		cert[i].len = a.cert[i].len;
	}
	when.earliest = 0;
	when.latest = EH_DATE_MAX;
	ck_assert_int_eq(eh_chain_verify(cert, 2,
	    (const uint8_t (*)[EH_DIGEST_LEN])roots, 1, &when, &leaf, &error),
	    EH_OK);
	ck_assert_int_eq(leaf.len, EH_P256_POINT_LEN);
}
END_TEST

START_TEST(two_and_three_certificates_lead_to_the_root)
{
	ck_assert_int_eq(chain(3), EH_OK);
	ck_assert(eh_rawkey_equal(&leaf, eh_soft_public(key[0])));
	spec[0].issuer = "root";
	spec[0].by = key[2];
	ck_assert_int_eq(chain(2), EH_OK);
	spec[0].bare = 1;
	ck_assert_int_eq(chain(2), EH_OK);
}
END_TEST

START_TEST(an_intermediate_may_be_the_one_that_is_trusted)
{
	eh_keyid_spki_digest(eh_soft_public(key[1]), roots[1]);
	refused(chain(3), "another CA");
	/* The last one is not self-issued; its key is trusted as it is. */
	cert[2] = cert[1];
	ck_assert_int_eq(eh_chain_verify(cert, 2,
	    (const uint8_t (*)[EH_DIGEST_LEN])roots, 2, &when, &leaf, &error),
	    EH_OK);
}
END_TEST

START_TEST(another_root_is_refused)
{
	roots[1][0] ^= 1;
	refused(chain(3), "another CA than those that the profile names");
	eh_keyid_spki_digest(eh_soft_public(key[0]), roots[1]);
	refused(chain(3), "another CA");
}
END_TEST

START_TEST(each_signature_is_verified)
{
	spec[0].by = key[2];
	refused(chain(3), "certificate 1 of the chain: its signature");
	spec[0].by = key[1];
	spec[1].by = key[1];
	refused(chain(3), "certificate 2 of the chain: its signature");
	spec[1].by = key[2];
	spec[2].by = key[0];
	refused(chain(3), "certificate 3 of the chain: its signature");
	spec[2].by = key[2];
	ck_assert_int_eq(chain(3), EH_OK);
	/* A flipped bit anywhere in the chip's certificate. */
	for (size_t at = 0; at < cert[0].len; at++) {
		der[0][at] ^= 1;
		refused(eh_chain_verify(cert, 3,
		    (const uint8_t (*)[EH_DIGEST_LEN])roots, 2, &when, &leaf,
		    &error), "of the chain: ");
		der[0][at] ^= 1;
	}
}
END_TEST

START_TEST(only_a_ca_signs_certificates)
{
	spec[1].ca = 0;
	refused(chain(3), "certificate 2 of the chain: it signs another one "
	    "and is not that of a CA");
	spec[1].bare = 1;
	refused(chain(3), "is not that of a CA");
	spec[1].bare = 0;
	spec[1].ca = 1;
	spec[0].ca = 1;
	refused(chain(3), "the chip's own is that of a CA");
	spec[0].ca = 0;
	spec[2].path_given = 1;
	refused(chain(3), "path length");
	spec[2].path = 1;
	ck_assert_int_eq(chain(3), EH_OK);
	spec[1].path_given = 1;
	ck_assert_int_eq(chain(3), EH_OK);
}
END_TEST

START_TEST(names_chain_octet_by_octet)
{
	spec[0].issuer = "Ca";
	refused(chain(3), "not the subject of the next");
}
END_TEST

START_TEST(what_is_critical_and_unknown_is_refused)
{
	for (unsigned i = 0; i < 3; i++) {
		spec[i].odd = 1;
		refused(chain(3), "critical extension");
		spec[i].odd = 0;
	}
}
END_TEST

START_TEST(time_refuses_only_what_is_certain)
{
	spec[1].not_after = NOW - 1;
	refused(chain(3), "certificate 2 of the chain: it has expired");
	when.earliest = 0;
	ck_assert_int_eq(chain(3), EH_OK);
	spec[1].not_after = 0;
	spec[0].not_before = NOW + YEAR;
	refused(chain(3), "not valid yet");
	when.latest = EH_DATE_MAX;
	ck_assert_int_eq(chain(3), EH_OK);
}
END_TEST

START_TEST(what_is_no_chain_is_refused)
{
	struct eh_slice whole;

	ck_assert_int_eq(chain(3), EH_OK);
	refused(chain(1), "a chain has 2 or 3 certificates");
	refused(eh_chain_verify(cert, 0,
	    (const uint8_t (*)[EH_DIGEST_LEN])roots, 2, &when, &leaf, &error),
	    "a chain has 2 or 3");
	cert[3] = cert[2];
	refused(eh_chain_verify(cert, 4,
	    (const uint8_t (*)[EH_DIGEST_LEN])roots, 2, &when, &leaf, &error),
	    "a chain has 2 or 3");
	whole = cert[0];
	for (cert[0].len = 0; cert[0].len < whole.len; cert[0].len += 7)
		refused(eh_chain_verify(cert, 3,
		    (const uint8_t (*)[EH_DIGEST_LEN])roots, 2, &when, &leaf,
		    &error), "not a certificate in DER");
	der[0][whole.len] = 0;
	cert[0].len = whole.len + 1;
	refused(eh_chain_verify(cert, 3,
	    (const uint8_t (*)[EH_DIGEST_LEN])roots, 2, &when, &leaf, &error),
	    "not a certificate in DER");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("chain");
	TCase *t = tcase_create("chain");

	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, golden_sample_verifies_to_its_root);
	tcase_add_test(t, two_and_three_certificates_lead_to_the_root);
	tcase_add_test(t, an_intermediate_may_be_the_one_that_is_trusted);
	tcase_add_test(t, another_root_is_refused);
	tcase_add_test(t, each_signature_is_verified);
	tcase_add_test(t, only_a_ca_signs_certificates);
	tcase_add_test(t, names_chain_octet_by_octet);
	tcase_add_test(t, what_is_critical_and_unknown_is_refused);
	tcase_add_test(t, time_refuses_only_what_is_certain);
	tcase_add_test(t, what_is_no_chain_is_refused);
	suite_add_tcase(s, t);
	return unit_run(s);
}
