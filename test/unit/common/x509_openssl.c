/* SPDX-License-Identifier: Apache-2.0 */
/* x509_openssl.c - libcrypto as the other side: it makes and judges what our
 * own code reads and writes. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/conf.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/objects.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "common/crypto/ecdsa.h"
#include "common/x509/cert.h"
#include "test/unit/common/x509_openssl.h"
#include "test/unit/unit.h"

EVP_PKEY *
openssl_key(uint8_t point[65])
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	size_t len = 0;

	ck_assert_ptr_nonnull(key);
	if (point != NULL) {
		ck_assert_int_eq(EVP_PKEY_get_octet_string_param(key,
				     OSSL_PKEY_PARAM_PUB_KEY, point, 65, &len),
		    1);
		ck_assert_uint_eq(len, 65);
	}
	return key;
}

/* The public key of libcrypto for a point. */
static EVP_PKEY *
public_key(const uint8_t point[65])
{
	uint8_t spki[EH_P256_SPKI_LEN];
	const uint8_t *at = spki;
	struct eh_rawkey raw;
	EVP_PKEY *key;

	ck_assert_int_eq(eh_rawkey_set(&raw, point, 65), EH_OK);
	ck_assert_uint_eq(eh_rawkey_to_spki(&raw, spki), sizeof(spki));
	key = d2i_PUBKEY(NULL, &at, sizeof(spki));
	ck_assert_ptr_nonnull(key);
	return key;
}

/* "C=DE/O=ACME": attributes are put in order. */
static void
put_name(X509_NAME *name, const char *subject)
{
	char text[256], *save = NULL;
	int type;

	ck_assert_uint_lt(strlen(subject), sizeof(text));
	strcpy(text, subject);
	for (char *at = strtok_r(text, "/", &save); at != NULL;
	     at = strtok_r(NULL, "/", &save)) {
		char *value = strchr(at, '=');

		ck_assert_ptr_nonnull(value);
		*value++ = '\0';
		if (*value == '\0')
			continue;
		type = *value == '!' ? V_ASN1_PRINTABLESTRING : MBSTRING_UTF8;
		value += *value == '!';
		ck_assert_int_eq(X509_NAME_add_entry_by_txt(name, at, type,
				     (unsigned char *)value, -1, -1, 0), 1);
	}
}

/* Add the extensions of section [ext]. */
static void
put_extensions(X509 *cert, X509 *issuer, const char *conf)
{
	BIO *bio = BIO_new_mem_buf(conf, -1);
	CONF *c = NCONF_new(NULL);
	char section[] = "ext";
	X509V3_CTX ctx;
	long line;

	ck_assert_int_eq(NCONF_load_bio(c, bio, &line), 1);
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	X509V3_set_nconf(&ctx, c);
	ck_assert_int_eq(X509V3_EXT_add_nconf(c, &ctx, section, cert), 1);
	NCONF_free(c);
	BIO_free(bio);
}

static X509 *
certificate(const uint8_t serial[16], const char *not_before,
    const char *not_after, X509 *issuer, const char *subject, EVP_PKEY *key,
    const char *conf)
{
	BIGNUM *number = BN_bin2bn(serial, 16, NULL);
	X509 *cert = X509_new();

	ck_assert_ptr_nonnull(cert);
	X509_set_version(cert, X509_VERSION_3);
	BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));
	BN_free(number);
	ck_assert_int_eq(ASN1_TIME_set_string_X509(
			     X509_getm_notBefore(cert), not_before), 1);
	ck_assert_int_eq(
	    ASN1_TIME_set_string_X509(X509_getm_notAfter(cert), not_after), 1);
	put_name(X509_get_subject_name(cert), subject);
	X509_set_issuer_name(cert,
	    issuer != NULL ? X509_get_subject_name(issuer) :
			     X509_get_subject_name(cert));
	X509_set_pubkey(cert, key);
	put_extensions(cert, issuer != NULL ? issuer : cert, conf);
	return cert;
}

/* Matter's attributes have no names in libcrypto. */
static void
matter_names(void)
{
	if (OBJ_txt2nid("1.3.6.1.4.1.37244.2.1") != NID_undef)
		return;
	OBJ_create("1.3.6.1.4.1.37244.2.1", "VID", "matterVendorId");
	OBJ_create("1.3.6.1.4.1.37244.2.2", "PID", "matterProductId");
}

void
chain_init(struct chain *c, const char *subject, int key_id)
{
	static const uint8_t serial[16] = { 0x41 };
	static const char ca[] = "[ext]\nbasicConstraints=critical,CA:TRUE\n"
				 "keyUsage=critical,keyCertSign,cRLSign\n";
	char conf[256];
	uint8_t *at = c->ca_der;
	int len;

	matter_names();
	strcpy(conf, ca);
	strcat(conf, "subjectKeyIdentifier=hash\n");
	c->root_key = openssl_key(NULL);
	c->root = certificate(serial, "20200101000000Z", "99991231235959Z",
	    NULL, "CN=Root", c->root_key, conf);
	ck_assert_int_gt(X509_sign(c->root, c->root_key, EVP_sha256()), 0);
	c->ca_key = openssl_key(NULL);
	if (!key_id)
		strcpy(conf, ca);
	strcat(conf, "authorityKeyIdentifier=keyid\n");
	c->ca = certificate(serial, "20200101000000Z", "99991231235959Z",
	    c->root, subject, c->ca_key, conf);
	ck_assert_int_gt(X509_sign(c->ca, c->root_key, EVP_sha256()), 0);
	len = i2d_X509(c->ca, NULL);
	ck_assert_int_gt(len, 0);
	ck_assert_uint_le((size_t)len, sizeof(c->ca_der));
	c->ca_len = (size_t)i2d_X509(c->ca, &at);
}

void
chain_wipe(struct chain *c)
{
	X509_free(c->root);
	X509_free(c->ca);
	EVP_PKEY_free(c->root_key);
	EVP_PKEY_free(c->ca_key);
}

size_t
chain_sign(struct chain *c, const uint8_t *tbs, size_t tbslen, uint8_t *out,
    size_t cap)
{
	uint8_t der[EH_P256_DER_SIGNATURE_MAX];
	uint8_t signature[EH_P256_SIGNATURE_LEN];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t len = sizeof(der);

	ck_assert_int_eq(
	    EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, c->ca_key), 1);
	ck_assert_int_eq(EVP_DigestSign(ctx, der, &len, tbs, tbslen), 1);
	EVP_MD_CTX_free(ctx);
	ck_assert_int_eq(
	    eh_p256_signature_from_der(der, len, signature), EH_OK);
	ck_assert_int_eq(
	    eh_cert_assemble(tbs, tbslen, signature, out, cap, &len), EH_OK);
	return len;
}

/* libcrypto must write what it read. */
static void
same_again(X509 *cert, const uint8_t *der, size_t len)
{
	uint8_t *again = NULL;
	int n;

	/* The cached encoding would be the input itself. */
	n = i2d_re_X509_tbs(cert, &again);
	ck_assert_int_gt(n, 0);
	ck_assert_ptr_nonnull(memmem(der, len, again, (size_t)n));
	OPENSSL_free(again);
}

int
chain_verify(struct chain *c, const uint8_t *der, size_t len)
{
	const uint8_t *at = der;
	X509 *cert = d2i_X509(NULL, &at, (long)len);
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *between = sk_X509_new_null();
	struct tm tm;
	int err;

	ck_assert_ptr_nonnull(cert);
	ck_assert_ptr_eq(at, der + len);
	same_again(cert, der, len);
	X509_STORE_add_cert(store, c->root);
	sk_X509_push(between, c->ca);
	ck_assert_int_eq(X509_STORE_CTX_init(ctx, store, cert, between), 1);
	X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_X509_STRICT);
	ck_assert_int_eq(ASN1_TIME_to_tm(X509_get0_notBefore(cert), &tm), 1);
	X509_STORE_CTX_set_time(ctx, 0, timegm(&tm));
	X509_verify_cert(ctx);
	err = X509_STORE_CTX_get_error(ctx);
	sk_X509_free(between);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	X509_free(cert);
	return err;
}

size_t
chain_tbs(struct chain *c, const uint8_t serial[16], const char *not_before,
    const char *not_after, const char *subject, const uint8_t point[65],
    const char *conf, uint8_t *out, size_t cap)
{
	EVP_PKEY *key = public_key(point);
	X509 *cert = certificate(
	    serial, not_before, not_after, c->ca, subject, key, conf);
	uint8_t *tbs = NULL;
	int len;

	/* Signing is what puts the algorithm into the TBS. */
	ck_assert_int_gt(X509_sign(cert, c->ca_key, EVP_sha256()), 0);
	len = i2d_re_X509_tbs(cert, &tbs);
	ck_assert_int_gt(len, 0);
	ck_assert_uint_le((size_t)len, cap);
	memcpy(out, tbs, (size_t)len);
	OPENSSL_free(tbs);
	X509_free(cert);
	EVP_PKEY_free(key);
	return (size_t)len;
}

/* Add extensions line by line, so that one may be there twice. */
static void
put_lines(X509 *cert, const char *lines)
{
	BIO *bio = BIO_new_mem_buf(lines, -1);
	CONF *conf = NCONF_new(NULL);
	char text[2048], *save = NULL;
	X509V3_CTX ctx;
	long line;

	ck_assert_int_eq(NCONF_load_bio(conf, bio, &line), 1);
	X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
	X509V3_set_nconf(&ctx, conf);
	ck_assert_uint_lt(strlen(lines), sizeof(text));
	strcpy(text, lines);
	for (char *at = strtok_r(text, "\n", &save); at != NULL && *at != '[';
	     at = strtok_r(NULL, "\n", &save)) {
		char *value = strchr(at, '=');
		X509_EXTENSION *x;

		ck_assert_ptr_nonnull(value);
		*value++ = '\0';
		x = X509V3_EXT_nconf(conf, &ctx, at, value);
		ck_assert_msg(x != NULL, "%s=%s", at, value);
		X509_add_ext(cert, x, -1);
		X509_EXTENSION_free(x);
	}
	NCONF_free(conf);
	BIO_free(bio);
}

static void
put_serial(X509 *cert, const char *hex)
{
	BIGNUM *number = NULL;

	ck_assert_int_gt(BN_hex2bn(&number, hex), 0);
	BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));
	BN_free(number);
}

static const char *
or_else(const char *given, const char *otherwise)
{
	return given != NULL ? given : otherwise;
}

size_t
openssl_certificate(const struct openssl_spec *s, uint8_t *out, size_t cap)
{
	EVP_PKEY *key = EVP_EC_gen(or_else(s->curve, "P-256"));
	X509 *cert = X509_new();
	const EVP_MD *md;
	uint8_t *at = out;
	int len;

	matter_names();
	X509_set_version(cert, s->version != 0 ? s->version - 1 : 2);
	put_serial(cert, or_else(s->serial, "40"));
	put_name(X509_get_issuer_name(cert), or_else(s->issuer, "CN=Issuer"));
	put_name(X509_get_subject_name(cert), or_else(s->subject, ""));
	ck_assert_int_eq(ASN1_TIME_set_string(X509_getm_notBefore(cert),
			     or_else(s->from, "260101000000Z")), 1);
	ck_assert_int_eq(ASN1_TIME_set_string(X509_getm_notAfter(cert),
			     or_else(s->to, "99991231235959Z")), 1);
	X509_set_pubkey(cert, key);
	put_lines(cert, or_else(s->extensions, ""));
	md = EVP_get_digestbyname(or_else(s->digest, "SHA256"));
	ck_assert_int_gt(X509_sign(cert, key, md), 0);
	len = i2d_X509(cert, NULL);
	ck_assert_int_gt(len, 0);
	ck_assert_uint_le((size_t)len, cap);
	i2d_X509(cert, &at);
	X509_free(cert);
	EVP_PKEY_free(key);
	return (size_t)len;
}

size_t
openssl_request(EVP_PKEY *key, const char *subject, uint8_t *out, size_t cap)
{
	X509_REQ *req = X509_REQ_new();
	uint8_t *at = out;
	int len;

	X509_REQ_set_version(req, 0);
	put_name(X509_REQ_get_subject_name(req), subject);
	X509_REQ_set_pubkey(req, key);
	ck_assert_int_gt(X509_REQ_sign(req, key, EVP_sha256()), 0);
	len = i2d_X509_REQ(req, NULL);
	ck_assert_int_gt(len, 0);
	ck_assert_uint_le((size_t)len, cap);
	i2d_X509_REQ(req, &at);
	X509_REQ_free(req);
	return (size_t)len;
}
