/* SPDX-License-Identifier: Apache-2.0 */
/* test_cert.c - certificates are read strictly, or not at all. */
#include "config.h"

#include <string.h>

#include "common/crypto/ecdsa.h"
#include "common/der/der.h"
#include "common/der/oid.h"
#include "common/x509/cert.h"
#include "test/unit/common/x509_golden.h"
#include "test/unit/common/x509_openssl.h"
#include "test/unit/unit.h"

static uint8_t tbs[GOLDEN_TBS_LEN + 1], der[GOLDEN_TBS_LEN + 128];
static size_t len;
static struct eh_cert c;

static void
setup(void)
{
	uint8_t signature[EH_P256_SIGNATURE_LEN];

	unit_hex(GOLDEN_TBS, tbs, sizeof(tbs));
	memset(signature, 0x7f, sizeof(signature));
	ck_assert_int_eq(eh_cert_assemble(tbs, GOLDEN_TBS_LEN, signature, der,
			     sizeof(der), &len), EH_OK);
}

START_TEST(golden_certificate_is_read)
{
	struct eh_attribute a;
	struct eh_extension x;
	struct eh_slice id;

	ck_assert_int_eq(eh_cert_decode(&c, der, len), EH_OK);
	ck_assert_ptr_eq(c.tbs.at, der + 4);
	ck_assert_uint_eq(c.tbs.len, GOLDEN_TBS_LEN);
	ck_assert_mem_eq(c.tbs.at, tbs, GOLDEN_TBS_LEN);
	ck_assert_uint_eq(c.version, 3);
	ck_assert_uint_eq(c.serial.len, 16);
	ck_assert_uint_eq(c.serial.at[0], 0x5c);
	ck_assert_int_eq((int)c.alg, EH_CERT_ECDSA_SHA256);
	ck_assert_int_eq((int)c.tbs_alg, EH_CERT_ECDSA_SHA256);
	ck_assert_uint_eq(c.not_before, GOLDEN_NOT_BEFORE);
	ck_assert_uint_eq(c.not_after, UINT64_C(253402300799));
	ck_assert_uint_eq(c.not_before_text.len, 13);
	ck_assert_uint_eq(c.not_after_text.len, 15);
	ck_assert_int_eq((int)c.spki.alg, EH_CERT_EC_P256);
	ck_assert_uint_eq(c.spki.der.len, EH_P256_SPKI_LEN);
	ck_assert_uint_eq(c.spki.key.len, EH_P256_POINT_LEN);
	ck_assert_ptr_eq(c.spki.key.at, der + 4 + 167);
	ck_assert_uint_eq(c.signature.len, 70);
	ck_assert_int_eq(eh_dn_attribute(c.subject, "2.5.4.5", &a), 1);
	ck_assert_uint_eq(a.tag, EH_DER_PRINTABLE_STRING);
	ck_assert_mem_eq(a.value.at, GOLDEN_DEVICE, a.value.len);
	ck_assert_int_eq(eh_cert_extension(&c, "2.5.29.19", &x), 1);
	ck_assert(x.critical);
	ck_assert_uint_eq(x.value.len, 2);
	ck_assert_int_eq(eh_cert_extension(&c, "2.5.29.17", &x), 0);
	id = eh_cert_subject_key_id(&c);
	ck_assert_uint_eq(id.len, 20);
	ck_assert_ptr_eq(id.at, der + 4 + 277);
	id = eh_cert_authority_key_id(&c);
	ck_assert_uint_eq(id.len, 20);
	ck_assert_ptr_eq(id.at, der + 4 + GOLDEN_TBS_LEN - 20);
}
END_TEST

START_TEST(tbs_is_read_alone)
{
	ck_assert_int_eq(eh_cert_decode_tbs(&c, tbs, GOLDEN_TBS_LEN), EH_OK);
	ck_assert_uint_eq(c.tbs.len, GOLDEN_TBS_LEN);
	ck_assert_uint_eq(c.signature.len, 0);
	ck_assert_int_eq((int)c.alg, EH_CERT_ALG_OTHER);
	ck_assert_int_eq(eh_cert_decode_tbs(&c, tbs, GOLDEN_TBS_LEN + 1),
	    EH_ERR_TRAILING);
	ck_assert_int_eq(eh_cert_decode_tbs(&c, der, len), EH_ERR_FORMAT);
}
END_TEST

START_TEST(shorter_and_longer_ones_are_refused)
{
	static const struct eh_cert zero;

	for (size_t n = 0; n < len; n++) {
		ck_assert_int_eq(eh_cert_decode(&c, der, n), EH_ERR_FORMAT);
		ck_assert_mem_eq(&c, &zero, sizeof(c));
	}
	der[len] = 0;
	ck_assert_int_eq(eh_cert_decode(&c, der, len + 1), EH_ERR_TRAILING);
}
END_TEST

/* What is read has one form: the same octets come out of the pieces. */
START_TEST(no_flipped_bit_reads_as_the_same_certificate)
{
	struct eh_cert good;
	unsigned read = 0;

	ck_assert_int_eq(eh_cert_decode(&good, der, len), EH_OK);
	for (size_t bit = 0; bit < 8 * len; bit++) {
		der[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (eh_cert_decode(&c, der, len) == EH_OK) {
			read++;
			ck_assert_ptr_eq(c.tbs.at, good.tbs.at);
			ck_assert_uint_eq(c.tbs.len, good.tbs.len);
		}
		der[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	/* Values may change, structure may not. */
	ck_assert_uint_gt(read, 8 * (65 + 70));
}
END_TEST

/* Put ${hex} in the place of ${n} octets at ${at} of the TBS; lengths around
 * it must stay. */
static int
with(size_t at, const char *hex)
{
	uint8_t bytes[64], changed[sizeof(tbs)];
	size_t n = unit_hex(hex, bytes, sizeof(bytes));

	memcpy(changed, tbs, sizeof(tbs));
	memcpy(changed + at, bytes, n);
	return eh_cert_decode_tbs(&c, changed, GOLDEN_TBS_LEN);
}

START_TEST(forms_that_der_forbids_are_refused)
{
	/* An explicit default, and a version that does not exist. */
	ck_assert_int_eq(with(4, "a003020100"), EH_ERR_FORMAT);
	ck_assert_int_eq(with(4, "a003020103"), EH_ERR_FORMAT);
	ck_assert_int_eq(with(4, "a003020101"), EH_OK);
	ck_assert_uint_eq(c.version, 2);
	/* A serial with nine equal bits in front. */
	ck_assert_int_eq(with(11, "0001"), EH_ERR_FORMAT);
	ck_assert_int_eq(with(11, "ff81"), EH_ERR_FORMAT);
	ck_assert_int_eq(with(11, "ff01"), EH_OK);
	/* A date that is none. */
	ck_assert_int_eq(with(75, "3133"), EH_ERR_FORMAT);
	/* Unused bits in the key. */
	ck_assert_int_eq(with(166, "01"), EH_ERR_FORMAT);
	/* critical FALSE written out, and a value that is no boolean. */
	ck_assert_int_eq(with(236 + 7, "010100"), EH_ERR_FORMAT);
	ck_assert_int_eq(with(236 + 7, "010101"), EH_ERR_FORMAT);
	ck_assert_int_eq(with(236 + 7, "0101ff"), EH_OK);
}
END_TEST

START_TEST(algorithms_inside_and_outside_agree)
{
	/* ecdsa-with-SHA384 inside, SHA256 outside. */
	ck_assert_uint_eq(der[4 + 38], 0x02);
	der[4 + 38] = 0x03;
	ck_assert_int_eq(eh_cert_decode(&c, der, len), EH_ERR_FORMAT);
	ck_assert_uint_eq(der[4 + GOLDEN_TBS_LEN + 11], 0x02);
	der[4 + GOLDEN_TBS_LEN + 11] = 0x03;
	ck_assert_int_eq(eh_cert_decode(&c, der, len), EH_OK);
	ck_assert_int_eq((int)c.alg, EH_CERT_ECDSA_SHA384);
}
END_TEST

START_TEST(extensions_are_walked)
{
	static const char *const oids[] = { "2.5.29.19", "2.5.29.15",
		"2.5.29.14", "2.5.29.35" };
	struct eh_extension x;
	struct eh_slice rest;
	unsigned n = 0;

	ck_assert_int_eq(eh_cert_decode(&c, der, len), EH_OK);
	rest = c.extensions;
	for (; eh_cert_next_extension(&rest, &x); n++)
		ck_assert(eh_oid_is(x.oid.at, x.oid.len, oids[n]));
	ck_assert_uint_eq(n, 4);
}
END_TEST

START_TEST(extension_there_twice_is_not_got)
{
	struct eh_extension x;

	/* keyUsage becomes a second basicConstraints. */
	ck_assert_int_eq(eh_cert_decode(&c, der, len), EH_OK);
	ck_assert_int_eq(eh_cert_extension(&c, "2.5.29.15", &x), 1);
	der[x.oid.at - der + 2] = 0x13;
	ck_assert_int_eq(eh_cert_decode(&c, der, len), EH_OK);
	ck_assert_int_eq(
	    eh_cert_extension(&c, "2.5.29.19", &x), EH_ERR_EXISTS);
	ck_assert_ptr_null(x.value.at);
}
END_TEST

START_TEST(certificates_of_libcrypto_are_read)
{
	struct chain chain;
	uint8_t *root = NULL;
	struct eh_slice id;
	char text[64];
	int n;

	chain_init(&chain, "C=DE/O=ACME/CN=ACME IDevID Issuing CA 1", 1);
	ck_assert_int_eq(
	    eh_cert_decode(&c, chain.ca_der, chain.ca_len), EH_OK);
	eh_dn_format(c.subject, text, sizeof(text));
	ck_assert_str_eq(text, "C=DE, O=ACME, CN=ACME IDevID Issuing CA 1");
	id = eh_cert_authority_key_id(&c);
	n = i2d_X509(chain.root, &root);
	ck_assert_int_gt(n, 0);
	ck_assert_int_eq(eh_cert_decode(&c, root, (size_t)n), EH_OK);
	ck_assert(eh_slice_equal(c.issuer, c.subject));
	ck_assert(eh_slice_equal(id, eh_cert_subject_key_id(&c)));
	OPENSSL_free(root);
	chain_wipe(&chain);
}
END_TEST

START_TEST(spki_is_read_strictly)
{
	uint8_t spki[EH_P256_SPKI_LEN + 1];
	struct eh_spki s;

	memcpy(spki, tbs + 141, EH_P256_SPKI_LEN);
	ck_assert_int_eq(eh_spki_decode(&s, spki, EH_P256_SPKI_LEN), EH_OK);
	ck_assert_int_eq((int)s.alg, EH_CERT_EC_P256);
	ck_assert_uint_eq(s.key.len, EH_P256_POINT_LEN);
	spki[EH_P256_SPKI_LEN] = 0;
	ck_assert_int_eq(
	    eh_spki_decode(&s, spki, EH_P256_SPKI_LEN + 1), EH_ERR_TRAILING);
	ck_assert_ptr_null(s.der.at);
	spki[22] ^= 1;	/* another curve */
	ck_assert_int_eq(eh_spki_decode(&s, spki, EH_P256_SPKI_LEN), EH_OK);
	ck_assert_int_eq((int)s.alg, EH_CERT_ALG_OTHER);
	spki[0] = 0x31;
	ck_assert_int_eq(
	    eh_spki_decode(&s, spki, EH_P256_SPKI_LEN), EH_ERR_FORMAT);
}
END_TEST

START_TEST(assembling_needs_room)
{
	uint8_t signature[EH_P256_SIGNATURE_LEN] = { 1 };
	size_t n;

	ck_assert_int_eq(eh_cert_assemble(tbs, GOLDEN_TBS_LEN, signature, der,
			     len - 40, &n), EH_ERR_SPACE);
	ck_assert_uint_eq(n, 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("cert");
	TCase *t = tcase_create("cert");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, golden_certificate_is_read);
	tcase_add_test(t, tbs_is_read_alone);
	tcase_add_test(t, shorter_and_longer_ones_are_refused);
	tcase_add_test(t, no_flipped_bit_reads_as_the_same_certificate);
	tcase_add_test(t, forms_that_der_forbids_are_refused);
	tcase_add_test(t, algorithms_inside_and_outside_agree);
	tcase_add_test(t, extensions_are_walked);
	tcase_add_test(t, extension_there_twice_is_not_got);
	tcase_add_test(t, certificates_of_libcrypto_are_read);
	tcase_add_test(t, spki_is_read_strictly);
	tcase_add_test(t, assembling_needs_room);
	suite_add_tcase(s, t);
	return unit_run(s);
}
