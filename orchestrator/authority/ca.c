/* SPDX-License-Identifier: Apache-2.0 */
/* ca.c - the X.509 side of the authority: its root, and CA certificates. */
#include "config.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/crypto/evp.h"
#include "common/crypto/random.h"
#include "common/x509/cert.h"
#include "common/x509/facts.h"
#include "common/x509/lint.h"
#include "orchestrator/authority/ca.h"

#define SERIAL_LEN 16

/* clang-format off */
static const struct form {
	const char *name;
	const char *constraints;	/* basicConstraints */
	enum eh_standard standard;	/* whose rules it must keep */
	enum eh_lint_role role;
} forms[] = {
	[EH_CA_ROOT] = { "root", "critical,CA:TRUE",
		EH_STANDARD_MATTER_DAC, EH_LINT_PAA },
	[EH_CA_ISSUING] = { "issuing-ca", "critical,CA:TRUE,pathlen:0",
		EH_STANDARD_NONE, EH_LINT_DEVICE },
	[EH_CA_MATTER_PAI] = { "matter-pai", "critical,CA:TRUE,pathlen:0",
		EH_STANDARD_MATTER_DAC, EH_LINT_PAI },
};
/* clang-format on */
#define KEY_USAGE "critical,keyCertSign,cRLSign"

const char *
eh_ca_form_name(enum eh_ca_form form)
{
	return forms[form].name;
}

int
eh_ca_form_get(
    const char *name, enum eh_ca_form *formp, struct eh_error *error)
{
	for (int f = EH_CA_ISSUING; f <= EH_CA_MATTER_PAI; f++)
		if (strcmp(name, forms[f].name) == 0) {
			*formp = (enum eh_ca_form)f;
			return EH_OK;
		}
	return eh_error_set(error, EH_ERR_ARGUMENT,
	    "--as %s: it must be issuing-ca or matter-pai", name);
}

static int
set_time(ASN1_TIME *out, uint64_t when)
{
	char text[EH_CLOCK_GENERALIZED_SIZE];

	if (eh_clock_format_utctime(when, text) != EH_OK &&
	    eh_clock_format_generalized(when, text) != EH_OK)
		return 0;
	return ASN1_TIME_set_string(out, text);
}

/* 16 random octets as a positive integer of exactly that length. */
static int
set_serial(X509 *x)
{
	uint8_t serial[SERIAL_LEN];
	BIGNUM *n = NULL;
	int done = 0;

	if (eh_random(serial, sizeof(serial)) != EH_OK)
		return 0;
	serial[0] = (uint8_t)((serial[0] & 0x7f) | 0x40);
	n = BN_bin2bn(serial, sizeof(serial), NULL);
	if (n != NULL)
		done = BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL;
	BN_free(n);
	return done;
}

static int
set_name(X509 *x, struct eh_slice name,
    int (*set)(X509 *, const X509_NAME *))
{
	const unsigned char *at = name.at;
	X509_NAME *n = d2i_X509_NAME(NULL, &at, (long)name.len);
	int done = n != NULL && set(x, n) == 1;

	X509_NAME_free(n);
	return done;
}

static int
add_extension(X509 *x, X509V3_CTX *ctx, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, ctx, nid, value);
	int done = e != NULL && X509_add_ext(x, e, -1) == 1;

	X509_EXTENSION_free(e);
	return done;
}

/* What the form says; a root has no authority key id. */
static int
add_extensions(X509 *x, X509 *issuer, const struct form *form)
{
	X509V3_CTX ctx;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	return add_extension(
		   x, &ctx, NID_basic_constraints, form->constraints) &&
	    add_extension(x, &ctx, NID_key_usage, KEY_USAGE) &&
	    add_extension(x, &ctx, NID_subject_key_identifier, "hash") &&
	    (issuer == x ||
		add_extension(
		    x, &ctx, NID_authority_key_identifier, "keyid:always"));
}

/*
 * Build and sign.  ${root} NULL: self-signed.  The sentence is the caller's: a
 * failure here is libcrypto's, or memory.
 */
static X509 *
build(const struct eh_privkey *key, X509 *root, EVP_PKEY *subject_key,
    const struct eh_ca_request *r)
{
	X509 *x = X509_new();
	struct eh_slice issuer = r->subject;
	unsigned char *der = NULL;
	int len = 0, done = 0;

	if (x == NULL)
		return NULL;
	if (root != NULL) {
		len = i2d_X509_NAME(X509_get_subject_name(root), &der);
		issuer.at = der;
		issuer.len = len > 0 ? (size_t)len : 0;
	}
	done = len >= 0 && X509_set_version(x, X509_VERSION_3) == 1 &&
	    set_serial(x) && set_name(x, r->subject, X509_set_subject_name) &&
	    set_name(x, issuer, X509_set_issuer_name) &&
	    set_time(X509_getm_notBefore(x), r->not_before) &&
	    set_time(X509_getm_notAfter(x), r->not_after) &&
	    X509_set_pubkey(x, subject_key) == 1 &&
	    add_extensions(x, root != NULL ? root : x, &forms[r->form]) &&
	    X509_sign(x, eh_privkey_get(key), EVP_sha256()) > 0;
	OPENSSL_free(der);
	if (!done) {
		X509_free(x);
		x = NULL;
	}
	return x;
}

/* --- checks of what was made --- */

/* The first broken rule becomes the sentence. */
static void
broken(void *arg, const char *what, const struct eh_lint_rule *rule)
{
	struct eh_error *error = arg;

	if (rule->severity == EH_LINT_ERROR && error->code == EH_OK)
		eh_error_set(error, EH_DENIED_EVIDENCE, "%s: %s (%s; %s)", what,
		    rule->text, rule->id, rule->source);
}

static int
lint(enum eh_ca_form form, const char *what, const uint8_t *der, size_t len,
    struct eh_error *error)
{
	struct eh_error first;
	struct eh_lint l = { .report = broken, .arg = &first };
	int err;

	eh_error_clear(&first);
	err = eh_lint_cert(
	    &l, forms[form].standard, forms[form].role, what, der, len);
	if (err != EH_OK)
		return eh_error_set(error, err, "%s: it cannot be judged: %s",
		    what, eh_err_text(err));
	if (l.errors == 0)
		return EH_OK;
	return eh_error_set(error, first.code, "%s", first.text);
}

int
eh_ca_verify(const uint8_t *der, size_t len, const uint8_t *root,
    size_t rootlen, uint64_t when, struct eh_error *error)
{
	const unsigned char *at = der, *root_at = root;
	X509 *x = d2i_X509(NULL, &at, (long)len);
	X509 *r = d2i_X509(NULL, &root_at, (long)rootlen);
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *param;
	int err = EH_ERR_CRYPTO;

	if (x == NULL || r == NULL || store == NULL || ctx == NULL ||
	    X509_STORE_add_cert(store, r) != 1 ||
	    X509_STORE_CTX_init(ctx, store, x, NULL) != 1)
		goto out;
	param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
	X509_VERIFY_PARAM_set_time(param, (time_t)when);
	err = X509_verify_cert(ctx) == 1 ? EH_OK : EH_ERR_SIGNATURE;
	if (err != EH_OK)
		eh_error_set(error, err, "the certificate does not verify: %s",
		    X509_verify_cert_error_string(
			X509_STORE_CTX_get_error(ctx)));
out:
	if (err == EH_ERR_CRYPTO)
		eh_error_set(error, err, "the certificate cannot be verified");
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	X509_free(r);
	X509_free(x);
	ERR_clear_error();
	return err;
}

/* A Matter PAI stands under a PAA: the root must be one, with no other VID. */
static int
check_matter(const struct eh_cert *pai, size_t len, const uint8_t *root,
    size_t rootlen, struct eh_error *error)
{
	struct eh_facts below, above;
	struct eh_cert paa;
	int err;

	err = lint(EH_CA_ROOT, "the root CA as PAA", root, rootlen, error);
	if (err == EH_OK)
		err = eh_cert_decode(&paa, root, rootlen);
	if (err != EH_OK)
		return err;
	eh_facts_take(&below, pai, len);
	eh_facts_take(&above, &paa, rootlen);
	if (above.vid.is == EH_FACT_GOOD &&
	    strcmp(above.vid.text, below.vid.text) != 0)
		return eh_error_set(error, EH_DENIED_EVIDENCE,
		    "the request has VID %s, the PAA has VID %s",
		    below.vid.text, above.vid.text);
	return EH_OK;
}

/* Does the certificate hold what was asked for, and verify? */
static int
check(const uint8_t *der, size_t len, const uint8_t *root, size_t rootlen,
    const struct eh_ca_request *r, uint64_t now, struct eh_error *error)
{
	const char *what =
	    r->form == EH_CA_ROOT ? "the root CA" : "the request";
	uint8_t spki[EH_SPKI_MAX];
	struct eh_cert cert;
	int err;

	if (eh_cert_decode(&cert, der, len) != EH_OK ||
	    !eh_slice_equal(cert.subject, r->subject) ||
	    cert.spki.der.len != eh_rawkey_to_spki(r->key, spki) ||
	    memcmp(cert.spki.der.at, spki, cert.spki.der.len) != 0)
		return eh_error_set(error, EH_ERR_INTERNAL,
		    "the certificate does not hold the subject and the key "
		    "that were asked for");
	if ((err = lint(r->form, what, der, len, error)) != EH_OK ||
	    (err = eh_ca_verify(der, len, root, rootlen, now, error)) != EH_OK)
		return err;
	return r->form == EH_CA_MATTER_PAI
	    ? check_matter(&cert, len, root, rootlen, error)
	    : EH_OK;
}

/* Encode ${x} (NULL when it could not be made; freed), check it under ${root}
 * (NULL: itself), append it. */
static int
finish(X509 *x, const uint8_t *root, size_t rootlen,
    const struct eh_ca_request *r, uint64_t now, struct eh_buf *out,
    struct eh_error *error)
{
	unsigned char *der = NULL;
	int n = x != NULL ? i2d_X509(x, &der) : -1;
	size_t len = n > 0 ? (size_t)n : 0;
	int err;

	X509_free(x);
	ERR_clear_error();
	if (len == 0)
		return eh_error_set(error, EH_ERR_CRYPTO,
		    "the certificate could not be made");
	err = check(der, len, root != NULL ? root : der,
	    root != NULL ? rootlen : len, r, now, error);
	if (err == EH_OK && (err = eh_buf_append(out, der, len)) != EH_OK)
		eh_error_set(
		    error, err, "the certificate: %s", eh_err_text(err));
	OPENSSL_free(der);
	return err;
}

int
eh_ca_root(const struct eh_privkey *key, struct eh_slice subject,
    uint64_t now, struct eh_buf *out, struct eh_error *error)
{
	const struct eh_ca_request r = { .form = EH_CA_ROOT,
		.subject = subject,
		.key = eh_privkey_public(key),
		.not_before = now - EH_CA_BACKDATE,
		.not_after = EH_CA_FOREVER };

	if (r.key->len != EH_P256_POINT_LEN)
		return eh_error_set(error, EH_ERR_CONFIG,
		    "the X.509 root must be a P-256 key");
	return finish(build(key, NULL, eh_privkey_get(key), &r), NULL, 0, &r,
	    now, out, error);
}

/* What can be said before anything is made. */
static int
check_request(const struct eh_cert *root, const struct eh_ca_request *r,
    struct eh_error *error)
{
	if (r->key->len != EH_P256_POINT_LEN)
		return eh_error_set(error, EH_ERR_UNSUPPORTED,
		    "the key is not P-256; others are not supported by this "
		    "version");
	if (r->subject.len <= 2)
		return eh_error_set(error, EH_DENIED_EVIDENCE,
		    "the request has no subject");
	if (eh_slice_equal(r->subject, root->subject))
		return eh_error_set(error, EH_DENIED_EVIDENCE,
		    "the request has the subject of the root CA itself");
	if (r->not_before < root->not_before ||
	    r->not_after > root->not_after || r->not_before >= r->not_after)
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "the certificate would not be valid inside the validity "
		    "of the root CA");
	return EH_OK;
}

int
eh_ca_certify(const struct eh_privkey *key, const uint8_t *root,
    size_t rootlen, const struct eh_ca_request *r, uint64_t now,
    struct eh_buf *out, struct eh_error *error)
{
	const unsigned char *at = root;
	EVP_PKEY *subject_key = NULL;
	X509 *issuer = NULL, *x = NULL;
	struct eh_cert cert;
	int err;

	if ((err = eh_cert_decode(&cert, root, rootlen)) != EH_OK)
		return eh_error_set(error, err, "the root CA is damaged");
	if ((err = check_request(&cert, r, error)) != EH_OK)
		return err;
	err = eh_evp_from_rawkey(r->key, &subject_key);
	issuer = d2i_X509(NULL, &at, (long)rootlen);
	if (err == EH_OK && issuer != NULL)
		x = build(key, issuer, subject_key, r);
	err = finish(x, root, rootlen, r, now, out, error);
	X509_free(issuer);
	EVP_PKEY_free(subject_key);
	return err;
}
