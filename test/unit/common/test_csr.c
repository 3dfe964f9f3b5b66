/* SPDX-License-Identifier: Apache-2.0 */
/* test_csr.c - requests prove possession; a key signs only its own. */
#include "config.h"

#include <string.h>

#include "common/crypto/rawkey.h"
#include "common/crypto/soft.h"
#include "common/der/der.h"
#include "common/x509/csr.h"
#include "test/unit/common/x509_golden.h"
#include "test/unit/common/x509_openssl.h"
#include "test/unit/unit.h"

static uint8_t der[1024], spki[EH_P256_SPKI_LEN];
static size_t len;
static struct eh_csr c;
static struct eh_error e;

/* A request that libcrypto made. */
static void
setup(void)
{
	uint8_t point[65];
	EVP_PKEY *key = openssl_key(point);
	struct eh_rawkey raw;

	len = openssl_request(key, "O=ACME/CN=IDevID CA", der, sizeof(der));
	EVP_PKEY_free(key);
	ck_assert_int_eq(eh_rawkey_set(&raw, point, sizeof(point)), EH_OK);
	ck_assert_uint_eq(eh_rawkey_to_spki(&raw, spki), sizeof(spki));
}

START_TEST(request_of_libcrypto_is_read_and_verified)
{
	char text[64];

	ck_assert_int_eq(eh_csr_decode(&c, der, len), EH_OK);
	eh_dn_format(c.subject, text, sizeof(text));
	ck_assert_str_eq(text, "O=ACME, CN=IDevID CA");
	ck_assert_uint_eq(c.spki.der.len, sizeof(spki));
	ck_assert_mem_eq(c.spki.der.at, spki, sizeof(spki));
	ck_assert_int_eq((int)c.alg, EH_CERT_ECDSA_SHA256);
	ck_assert_msg(eh_csr_verify(&c, &e) == EH_OK, "%s", e.text);
	ck_assert_int_eq(
	    eh_csr_body_check(c.info.at, c.info.len, spki, sizeof(spki), &e),
	    EH_OK);
	ck_assert_int_eq((int)eh_csr_tbs_kind(c.info.at, c.info.len),
	    EH_TBS_REQUEST);
}
END_TEST

START_TEST(no_flipped_bit_verifies)
{
	unsigned judged = 0;

	for (size_t bit = 0; bit < 8 * len; bit++) {
		der[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (eh_csr_decode(&c, der, len) == EH_OK) {
			int err = eh_csr_verify(&c, &e);

			judged++;
			ck_assert_msg(err == EH_ERR_SIGNATURE ||
				err == EH_ERR_UNSUPPORTED,
			    "bit %zu: %d", bit, err);
		}
		der[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	ck_assert_uint_gt(judged, 8 * 64);
}
END_TEST

START_TEST(shorter_and_longer_ones_are_refused)
{
	for (size_t n = 0; n < len; n++)
		ck_assert_int_eq(eh_csr_decode(&c, der, n), EH_ERR_FORMAT);
	ck_assert_ptr_null(c.info.at);
	der[len] = 0;
	ck_assert_int_eq(eh_csr_decode(&c, der, len + 1), EH_ERR_TRAILING);
}
END_TEST

START_TEST(point_off_the_curve_is_refused_in_words)
{
	ck_assert_int_eq(eh_csr_decode(&c, der, len), EH_OK);
	der[c.spki.key.at - der + 64] ^= 1;
	ck_assert_int_eq(eh_csr_verify(&c, &e), EH_ERR_SIGNATURE);
	ck_assert_ptr_nonnull(strstr(e.text, "no point on P-256"));
}
END_TEST

START_TEST(own_request_is_built_and_verified)
{
	static const uint8_t subject[] = { 0x30, 0x00 };
	uint8_t body[256], signature[EH_SIGNATURE_LEN];
	struct eh_soft *soft;
	struct eh_signer signer;
	size_t bodylen;

	ck_assert_int_eq(eh_soft_generate(&soft), EH_OK);
	eh_soft_signer(soft, &signer);
	eh_rawkey_to_spki(eh_soft_public(soft), spki);
	ck_assert_int_eq(eh_csr_body(subject, sizeof(subject), spki,
			     sizeof(spki), body, sizeof(body), &bodylen),
	    EH_OK);
	ck_assert_int_eq(
	    eh_csr_body_check(body, bodylen, spki, sizeof(spki), &e), EH_OK);
	ck_assert_int_eq(
	    signer.sign(signer.arg, body, bodylen, signature), EH_OK);
	ck_assert_int_eq(eh_csr_assemble(body, bodylen, signature, der,
			     sizeof(der), &len), EH_OK);
	ck_assert_int_eq(eh_csr_decode(&c, der, len), EH_OK);
	ck_assert_int_eq(eh_csr_verify(&c, &e), EH_OK);
	ck_assert_int_eq(eh_csr_assemble(body, bodylen, signature, der, 64,
			     &len), EH_ERR_SPACE);
	eh_soft_free(soft);
}
END_TEST

/* --- what an issuing key may sign for itself --------------------------- */

/* A body of these parts; each is DER, or anything else. */
static int
body(const char *version, const char *subject, const char *key,
    const char *attributes)
{
	uint8_t out[512], part[256];
	struct eh_der_writer w;
	const char *const hex[] = { version, subject, key, attributes };
	size_t n, bodylen;

	eh_der_writer_init(&w, out, sizeof(out));
	eh_der_put_begin(&w, EH_DER_SEQUENCE);
	for (unsigned i = 0; i < 4; i++) {
		if (hex[i] == NULL) {
			eh_der_put_raw(&w, spki, sizeof(spki));
			continue;
		}
		n = unit_hex(hex[i], part, sizeof(part));
		eh_der_put_raw(&w, part, n);
	}
	eh_der_put_end(&w);
	ck_assert_int_eq(eh_der_writer_end(&w, &bodylen), EH_OK);
	eh_error_clear(&e);
	return eh_csr_body_check(out, bodylen, spki, sizeof(spki), &e);
}

START_TEST(body_for_the_key_itself_is_allowed)
{
	ck_assert_int_eq(body("020100", "3000", NULL, "a000"), EH_OK);
	ck_assert_int_eq(
	    body("020100", "300c 310a 3008 0603550403 0c0161", NULL, "a000"),
	    EH_OK);
	/* Attributes are not looked into. */
	ck_assert_int_eq(
	    body("020100", "3000", NULL, "a004 3002 0500"), EH_OK);
}
END_TEST

START_TEST(everything_else_is_refused_in_words)
{
	/* clang-format off */
	static const struct {
		const char *version, *subject, *key, *attributes, *say;
	} bad[] = {
		{ "020101", "3000", NULL, "a000", "version 0" },
		{ "a003020102", "3000", NULL, "a000", "version 0" },
		{ "", "3000", NULL, "a000", "version 0" },
		{ "02020000", "3000", NULL, "a000", "version 0" },
		{ "020100", "", NULL, "a000", "no subject" },
		{ "020100", "3002 3000", NULL, "a000", "no subject" },
		{ "020100", "3003 020101", NULL, "a000", "no subject" },
		{ "020100", "3100", NULL, "a000", "no subject" },
		{ "020100", "3000", "", "a000", "another one" },
		{ "020100", "3000", "3000", "a000", "another one" },
		{ "020100", "3000", NULL, "", "attributes [0]" },
		{ "020100", "3000", NULL, "a100", "attributes [0]" },
		{ "020100", "3000", NULL, "a000 0500", "attributes [0]" },
		{ "020100", "3000", NULL, "a000 a000", "attributes [0]" },
		{ "020100", "3000", NULL, "a001", "attributes [0]" },
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_msg(body(bad[i].version, bad[i].subject, bad[i].key,
				  bad[i].attributes) == EH_DENIED_TEMPLATE,
		    "row %zu was allowed", i);
		ck_assert_msg(strstr(e.text, bad[i].say) != NULL,
		    "row %zu says: %s", i, e.text);
	}
}
END_TEST

START_TEST(body_for_another_key_is_refused)
{
	ck_assert_int_eq(eh_csr_decode(&c, der, len), EH_OK);
	for (size_t bit = 0; bit < 8 * sizeof(spki); bit++) {
		spki[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_int_eq(eh_csr_body_check(c.info.at, c.info.len, spki,
				     sizeof(spki), NULL), EH_DENIED_TEMPLATE);
		spki[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	ck_assert_int_eq(eh_csr_body_check(c.info.at, c.info.len, spki,
			     sizeof(spki) - 1, NULL), EH_DENIED_TEMPLATE);
}
END_TEST

START_TEST(octets_behind_the_body_are_refused)
{
	uint8_t longer[512];

	ck_assert_int_eq(eh_csr_decode(&c, der, len), EH_OK);
	memcpy(longer, c.info.at, c.info.len);
	longer[c.info.len] = 0;
	ck_assert_int_eq(eh_csr_body_check(longer, c.info.len + 1, spki,
			     sizeof(spki), &e), EH_DENIED_TEMPLATE);
	for (size_t n = 0; n < c.info.len; n++)
		ck_assert_int_eq(eh_csr_body_check(longer, n, spki,
				     sizeof(spki), &e), EH_DENIED_TEMPLATE);
}
END_TEST

START_TEST(kinds_are_told_by_the_first_element)
{
	/* clang-format off */
	static const struct {
		const char *hex;
		enum eh_tbs_kind kind;
	} kinds[] = {
		{ "3005 a003020102", EH_TBS_CERTIFICATE },
		{ "3002 a000", EH_TBS_CERTIFICATE },
		{ "3003 020100", EH_TBS_REQUEST },
		{ "3003 020101", EH_TBS_CERT_LIST },
		{ "3003 020102", EH_TBS_OTHER },
		{ "3004 02020001", EH_TBS_OTHER },
		{ "3002 0500", EH_TBS_OTHER },
		{ "3000", EH_TBS_OTHER },
		{ "", EH_TBS_OTHER },
		{ "3180", EH_TBS_OTHER },
		{ "68656c6c6f", EH_TBS_OTHER },
	};
	/* clang-format on */
	uint8_t message[GOLDEN_TBS_LEN];
	size_t n;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		n = unit_hex(kinds[i].hex, message, sizeof(message));
		ck_assert_int_eq((int)eh_csr_tbs_kind(message, n),
		    (int)kinds[i].kind);
	}
	n = unit_hex(GOLDEN_TBS, message, sizeof(message));
	ck_assert_int_eq(
	    (int)eh_csr_tbs_kind(message, n), EH_TBS_CERTIFICATE);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("csr");
	TCase *t = tcase_create("csr");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, request_of_libcrypto_is_read_and_verified);
	tcase_add_test(t, no_flipped_bit_verifies);
	tcase_add_test(t, shorter_and_longer_ones_are_refused);
	tcase_add_test(t, point_off_the_curve_is_refused_in_words);
	tcase_add_test(t, own_request_is_built_and_verified);
	tcase_add_test(t, body_for_the_key_itself_is_allowed);
	tcase_add_test(t, everything_else_is_refused_in_words);
	tcase_add_test(t, body_for_another_key_is_refused);
	tcase_add_test(t, octets_behind_the_body_are_refused);
	tcase_add_test(t, kinds_are_told_by_the_first_element);
	suite_add_tcase(s, t);
	return unit_run(s);
}
