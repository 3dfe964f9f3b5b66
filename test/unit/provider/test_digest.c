/* SPDX-License-Identifier: Apache-2.0 */
/* test_digest.c - the digests that may be signed, against libcrypto's. */
#include "config.h"

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "provider/digest.h"
#include "test/unit/unit.h"

static const struct {
	const char *name;
	int ecdsa;
	CK_MECHANISM_TYPE mechanism;
} rows[] = {
	{ "SHA256", NID_ecdsa_with_SHA256, CKM_ECDSA_SHA256 },
	{ "SHA384", NID_ecdsa_with_SHA384, CKM_ECDSA_SHA384 },
	{ "SHA512", NID_ecdsa_with_SHA512, CKM_ECDSA_SHA512 },
};

static const struct eh_digest *last;

static void
every_spelling(const char *name, void *arg)
{
	(void)arg;
	ck_assert_msg(eh_digest_named(name) == last, "%s", name);
}

START_TEST(row_agrees_with_libcrypto)
{
	EVP_MD *md = EVP_MD_fetch(NULL, rows[_i].name, NULL);
	const unsigned char *at;
	const ASN1_OBJECT *oid;
	X509_ALGOR *id;

	last = eh_digest_named(rows[_i].name);
	ck_assert_ptr_nonnull(last);
	ck_assert_int_eq(EVP_MD_names_do_all(md, every_spelling, NULL), 1);
	ck_assert_uint_eq(last->size, (size_t)EVP_MD_get_size(md));
	ck_assert_uint_eq(last->ecdsa, rows[_i].mechanism);
	at = last->ecdsa_id;
	id = d2i_X509_ALGOR(NULL, &at, sizeof(last->ecdsa_id));
	ck_assert_ptr_nonnull(id);
	ck_assert_ptr_eq(at, last->ecdsa_id + sizeof(last->ecdsa_id));
	X509_ALGOR_get0(&oid, NULL, NULL, id);
	ck_assert_int_eq(OBJ_obj2nid(oid), rows[_i].ecdsa);
	X509_ALGOR_free(id);
	EVP_MD_free(md);
}
END_TEST

START_TEST(others_are_unknown)
{
	ck_assert_ptr_null(eh_digest_named("SHA1"));
	ck_assert_ptr_null(eh_digest_named("SHA3-256"));
	ck_assert_ptr_null(eh_digest_named("SHA25"));
	ck_assert_ptr_null(eh_digest_named(""));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("digest");
	TCase *t = tcase_create("digest");

	tcase_add_loop_test(
	    t, row_agrees_with_libcrypto, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(t, others_are_unknown);
	suite_add_tcase(s, t);
	return unit_run(s);
}
