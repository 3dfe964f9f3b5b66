/* SPDX-License-Identifier: Apache-2.0 */
/* csr.c - PKCS#10 requests (RFC 2986). */
#include "config.h"

#include <string.h>

#include "common/crypto/ecdsa.h"
#include "common/der/der.h"
#include "common/x509/csr.h"

#define ATTRIBUTES EH_DER_CONTEXT(0)

static struct eh_slice
element(struct eh_der *d, uint8_t tag)
{
	struct eh_slice s;

	s.at = eh_der_element(d, tag, &s.len);
	return s;
}

/* Attributes: OIDs with a SET of values each. */
static void
attributes(struct eh_der *d)
{
	size_t len;

	eh_der_enter(d, ATTRIBUTES);
	while (eh_der_peek(d) >= 0) {
		eh_der_enter(d, EH_DER_SEQUENCE);
		eh_der_oid(d, &len);
		eh_der_enter(d, EH_DER_SET);
		while (eh_der_peek(d) >= 0)
			eh_der_any(d, &len);
		eh_der_leave(d);
		eh_der_leave(d);
	}
	eh_der_leave(d);
}

/* Read a CertificationRequestInfo. */
static void
info(struct eh_der *d, struct eh_csr *c)
{
	const uint8_t *start = d->in.next;
	struct eh_slice spki;

	eh_der_enter(d, EH_DER_SEQUENCE);
	eh_der_uint(d, 0, 0);
	c->subject = element(d, EH_DER_SEQUENCE);
	spki = element(d, EH_DER_SEQUENCE);
	attributes(d);
	eh_der_leave(d);
	if (d->in.err != EH_OK)
		return;
	if (eh_dn_check(c->subject) != EH_OK ||
	    eh_spki_decode(&c->spki, spki.at, spki.len) != EH_OK)
		eh_der_fail(d, EH_ERR_FORMAT);
	c->info.at = start;
	c->info.len = (size_t)(d->in.next - start);
}

/* ecdsa-with-SHA256, without parameters, as it must be written. */
static const uint8_t ecdsa_sha256[] = { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
	0x48, 0xce, 0x3d, 0x04, 0x03, 0x02 };

int
eh_csr_decode(struct eh_csr *c, const uint8_t *der, size_t len)
{
	struct eh_slice alg;
	struct eh_der d;
	unsigned unused;
	int err;

	memset(c, 0, sizeof(*c));
	eh_der_init(&d, der, len);
	if (len > EH_CSR_MAX)
		eh_der_fail(&d, EH_ERR_FORMAT);
	eh_der_enter(&d, EH_DER_SEQUENCE);
	info(&d, c);
	alg = element(&d, EH_DER_SEQUENCE);
	c->signature.at = eh_der_bits(&d, &unused, &c->signature.len);
	if (unused != 0)
		eh_der_fail(&d, EH_ERR_FORMAT);
	eh_der_leave(&d);
	err = eh_der_end(&d);
	if (err != EH_OK)
		memset(c, 0, sizeof(*c));
	else if (alg.len == sizeof(ecdsa_sha256) &&
	    memcmp(alg.at, ecdsa_sha256, alg.len) == 0)
		c->alg = EH_CERT_ECDSA_SHA256;
	return err;
}

int
eh_csr_verify(const struct eh_csr *c, struct eh_error *e)
{
	uint8_t signature[EH_P256_SIGNATURE_LEN];
	int err;

	if (c->alg != EH_CERT_ECDSA_SHA256 || c->spki.alg != EH_CERT_EC_P256)
		return eh_error_set(e, EH_ERR_UNSUPPORTED,
		    "request: only ecdsa-with-SHA256 by a P-256 key is "
		    "supported");
	if (c->spki.key.len != EH_P256_POINT_LEN ||
	    eh_p256_point_check(c->spki.key.at) != EH_OK)
		return eh_error_set(e, EH_ERR_SIGNATURE,
		    "request: its public key is no point on P-256");
	err = eh_p256_signature_from_der(
	    c->signature.at, c->signature.len, signature);
	if (err == EH_OK)
		err = eh_p256_verify(
		    c->spki.key.at, c->info.at, c->info.len, signature);
	/* Malformed DER around r and s is no signature either. */
	if (err == EH_ERR_SIGNATURE || err == EH_ERR_FORMAT)
		return eh_error_set(e, EH_ERR_SIGNATURE,
		    "request: the signature does not verify with the key "
		    "inside");
	if (err != EH_OK)
		return eh_error_set(e, err, "request: the signature could not "
		    "be verified: %s", eh_err_text(err));
	return EH_OK;
}

enum eh_tbs_kind
eh_csr_tbs_kind(const uint8_t *message, size_t len)
{
	struct eh_der d;
	uint64_t version;

	eh_der_init(&d, message, len);
	eh_der_enter(&d, EH_DER_SEQUENCE);
	if (eh_der_peek(&d) == EH_DER_CONTEXT(0))
		return EH_TBS_CERTIFICATE;
	version = eh_der_uint(&d, 0, 1);
	if (d.in.err != EH_OK)
		return EH_TBS_OTHER;
	return version == 0 ? EH_TBS_REQUEST : EH_TBS_CERT_LIST;
}

static int
no_request(struct eh_error *e, const char *what)
{
	return eh_error_set(e, EH_DENIED_TEMPLATE,
	    "no request body for this key: %s", what);
}

int
eh_csr_body_check(const uint8_t *body, size_t len, const uint8_t *spki,
    size_t spkilen, struct eh_error *e)
{
	const struct eh_slice own = { spki, spkilen };
	struct eh_slice key;
	struct eh_der d;
	size_t ignored;
	int tag;

	eh_der_init(&d, body, len);
	eh_der_enter(&d, EH_DER_SEQUENCE);
	eh_der_uint(&d, 0, 0);
	if (d.in.err != EH_OK)
		return no_request(e, "it does not begin with version 0");
	eh_der_enter(&d, EH_DER_SEQUENCE);
	tag = eh_der_peek(&d);
	if (d.in.err != EH_OK || (tag >= 0 && tag != EH_DER_SET))
		return no_request(e, "no subject follows the version");
	while (eh_der_peek(&d) >= 0)
		eh_der_any(&d, &ignored);
	eh_der_leave(&d);
	key = element(&d, EH_DER_SEQUENCE);
	if (d.in.err != EH_OK || !eh_slice_equal(key, own))
		return no_request(e, "its public key is another one");
	eh_der_get(&d, ATTRIBUTES, &ignored);
	eh_der_leave(&d);
	if (eh_der_end(&d) != EH_OK)
		return no_request(
		    e, "attributes [0] must reach from the key to the end");
	return EH_OK;
}

int
eh_csr_body(const uint8_t *subject, size_t subjectlen, const uint8_t *spki,
    size_t spkilen, uint8_t *out, size_t cap, size_t *lenp)
{
	struct eh_der_writer w;

	eh_der_writer_init(&w, out, cap);
	eh_der_put_begin(&w, EH_DER_SEQUENCE);
	eh_der_put_uint(&w, 0);
	eh_der_put_raw(&w, subject, subjectlen);
	eh_der_put_raw(&w, spki, spkilen);
	eh_der_put(&w, ATTRIBUTES, NULL, 0);
	eh_der_put_end(&w);
	return eh_der_writer_end(&w, lenp);
}

int
eh_csr_assemble(const uint8_t *body, size_t bodylen,
    const uint8_t signature[EH_P256_SIGNATURE_LEN], uint8_t *out, size_t cap,
    size_t *lenp)
{
	return eh_cert_assemble(body, bodylen, signature, out, cap, lenp);
}
