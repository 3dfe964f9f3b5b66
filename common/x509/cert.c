/* SPDX-License-Identifier: Apache-2.0 */
/* cert.c - what others need out of a finished certificate (RFC 5280). */
#include "config.h"

#include <string.h>

#include "common/crypto/ecdsa.h"
#include "common/der/date.h"
#include "common/der/der.h"
#include "common/der/oid.h"
#include "common/x509/cert.h"

/* clang-format off */
static const struct {
	const char *oid;
	const char *parameter;		/* an OID; "" NULL; NULL absent */
	enum eh_cert_alg alg;
} algorithms[] = {
	{ "1.2.840.10045.4.3.2",   NULL, EH_CERT_ECDSA_SHA256 },
	{ "1.2.840.10045.4.3.3",   NULL, EH_CERT_ECDSA_SHA384 },
	{ "1.2.840.113549.1.1.11", "", EH_CERT_RSA_SHA256 },
	{ "1.2.840.10045.2.1",     "1.2.840.10045.3.1.7", EH_CERT_EC_P256 },
	{ "1.2.840.10045.2.1",     "1.3.132.0.34", EH_CERT_EC_P384 },
	{ "1.2.840.113549.1.1.1",  "", EH_CERT_RSA },
};
/* clang-format on */
#define ALGORITHMS (sizeof(algorithms) / sizeof(algorithms[0]))

static struct eh_slice
element(struct eh_der *d, uint8_t tag)
{
	struct eh_slice s;

	s.at = eh_der_element(d, tag, &s.len);
	return s;
}

/* Return 1 when the parameters of an algorithm are those of a row. */
static int
parameter_is(const char *wanted, int tag, struct eh_slice p)
{
	if (wanted == NULL)
		return tag < 0;
	if (wanted[0] == '\0')
		return tag == EH_DER_NULL && p.len == 0;
	return tag == EH_DER_OID && eh_oid_is(p.at, p.len, wanted);
}

/* Read an AlgorithmIdentifier; ${wholep} (may be NULL) borrows it whole. */
static enum eh_cert_alg
algorithm(struct eh_der *d, struct eh_slice *wholep)
{
	struct eh_slice oid, parameter = { NULL, 0 };
	const uint8_t *start = d->in.next;
	int tag;

	eh_der_enter(d, EH_DER_SEQUENCE);
	oid.at = eh_der_oid(d, &oid.len);
	tag = eh_der_peek(d);
	if (tag >= 0)
		parameter.at = eh_der_get(d, (uint8_t)tag, &parameter.len);
	eh_der_leave(d);
	if (d->in.err != EH_OK)
		return EH_CERT_ALG_OTHER;
	if (wholep != NULL) {
		wholep->at = start;
		wholep->len = (size_t)(d->in.next - start);
	}
	for (size_t i = 0; i < ALGORITHMS; i++)
		if (eh_oid_is(oid.at, oid.len, algorithms[i].oid) &&
		    parameter_is(algorithms[i].parameter, tag, parameter))
			return algorithms[i].alg;
	return EH_CERT_ALG_OTHER;
}

int
eh_spki_decode(struct eh_spki *s, const uint8_t *der, size_t len)
{
	struct eh_der d;
	unsigned unused;
	int err;

	memset(s, 0, sizeof(*s));
	eh_der_init(&d, der, len);
	eh_der_enter(&d, EH_DER_SEQUENCE);
	s->alg = algorithm(&d, NULL);
	s->key.at = eh_der_bits(&d, &unused, &s->key.len);
	if (unused != 0)
		eh_der_fail(&d, EH_ERR_FORMAT);
	eh_der_leave(&d);
	s->der.at = der;
	s->der.len = len;
	err = eh_der_end(&d);
	if (err != EH_OK)
		memset(s, 0, sizeof(*s));
	return err;
}

static struct eh_slice
name(struct eh_der *d)
{
	const struct eh_slice s = element(d, EH_DER_SEQUENCE);

	if (d->in.err == EH_OK && eh_dn_check(s) != EH_OK)
		eh_der_fail(d, EH_ERR_FORMAT);
	return s;
}

static uint64_t
date(struct eh_der *d, struct eh_slice *textp)
{
	const uint8_t tag = eh_der_peek(d) == EH_DER_GENERALIZED_TIME ?
	    EH_DER_GENERALIZED_TIME : EH_DER_UTC_TIME;
	const size_t len = tag == EH_DER_UTC_TIME ? EH_DATE_UTC :
						    EH_DATE_GENERALIZED;
	uint64_t seconds = 0;

	textp->at = eh_der_get(d, tag, &textp->len);
	if (textp->len != len ||
	    eh_date_read(textp->at, textp->len, &seconds) != EH_OK)
		eh_der_fail(d, EH_ERR_FORMAT);
	return seconds;
}

static void
spki(struct eh_der *d, struct eh_spki *s)
{
	const struct eh_slice der = element(d, EH_DER_SEQUENCE);

	if (d->in.err == EH_OK && eh_spki_decode(s, der.at, der.len) != EH_OK)
		eh_der_fail(d, EH_ERR_FORMAT);
}

/* Read one Extension; DER leaves a false critical out. */
static void
extension(struct eh_der *d, struct eh_extension *x)
{
	eh_der_enter(d, EH_DER_SEQUENCE);
	x->oid.at = eh_der_oid(d, &x->oid.len);
	x->critical = 0;
	if (eh_der_peek(d) == EH_DER_BOOLEAN) {
		x->critical = eh_der_bool(d);
		if (!x->critical)
			eh_der_fail(d, EH_ERR_FORMAT);
	}
	x->value.at = eh_der_get(d, EH_DER_OCTET_STRING, &x->value.len);
	eh_der_leave(d);
}

static void
extensions(struct eh_der *d, struct eh_slice *contents)
{
	struct eh_extension x;

	eh_der_enter(d, EH_DER_CONTEXT(3));
	eh_der_enter(d, EH_DER_SEQUENCE);
	contents->at = d->in.next;
	do {
		extension(d, &x);
	} while (eh_der_peek(d) >= 0);
	if (d->in.err == EH_OK)
		contents->len = (size_t)(d->in.next - contents->at);
	eh_der_leave(d);
	eh_der_leave(d);
}

/* Read a TBSCertificate; ${alg} borrows its signature algorithm. */
static void
tbs(struct eh_der *d, struct eh_cert *c, struct eh_slice *alg)
{
	const uint8_t *start = d->in.next;
	size_t len;

	eh_der_enter(d, EH_DER_SEQUENCE);
	c->version = 1;
	if (eh_der_if_enter(d, EH_DER_CONTEXT(0))) {
		c->version = 1 + (unsigned)eh_der_uint(d, 1, 2);
		eh_der_leave(d);
	}
	c->serial.at = eh_der_integer(d, &c->serial.len);
	c->tbs_alg = algorithm(d, alg);
	c->issuer = name(d);
	eh_der_enter(d, EH_DER_SEQUENCE);
	c->not_before = date(d, &c->not_before_text);
	c->not_after = date(d, &c->not_after_text);
	eh_der_leave(d);
	c->subject = name(d);
	spki(d, &c->spki);
	/* The unique ids of version 2. */
	for (uint8_t n = 1; n <= 2; n++)
		if (eh_der_peek(d) == EH_DER_CONTEXT_OCTETS(n))
			eh_der_any(d, &len);
	if (eh_der_peek(d) >= 0)
		extensions(d, &c->extensions);
	eh_der_leave(d);
	if (d->in.err == EH_OK) {
		c->tbs.at = start;
		c->tbs.len = (size_t)(d->in.next - start);
	}
}

int
eh_cert_decode_tbs(struct eh_cert *c, const uint8_t *der, size_t len)
{
	struct eh_slice alg;
	struct eh_der d;
	int err;

	memset(c, 0, sizeof(*c));
	eh_der_init(&d, der, len);
	tbs(&d, c, &alg);
	err = eh_der_end(&d);
	if (err != EH_OK)
		memset(c, 0, sizeof(*c));
	return err;
}

int
eh_cert_decode(struct eh_cert *c, const uint8_t *der, size_t len)
{
	struct eh_slice inner = { NULL, 0 }, outer = { NULL, 0 };
	struct eh_der d;
	unsigned unused;
	int err;

	memset(c, 0, sizeof(*c));
	eh_der_init(&d, der, len);
	if (len > EH_CERT_MAX)
		eh_der_fail(&d, EH_ERR_FORMAT);
	eh_der_enter(&d, EH_DER_SEQUENCE);
	tbs(&d, c, &inner);
	c->alg = algorithm(&d, &outer);
	c->signature.at = eh_der_bits(&d, &unused, &c->signature.len);
	/* RFC 5280 4.1.1.2 */
	if (unused != 0 || !eh_slice_equal(inner, outer))
		eh_der_fail(&d, EH_ERR_FORMAT);
	eh_der_leave(&d);
	err = eh_der_end(&d);
	if (err != EH_OK)
		memset(c, 0, sizeof(*c));
	return err;
}

int
eh_cert_next_extension(struct eh_slice *rest, struct eh_extension *x)
{
	struct eh_der d;

	memset(x, 0, sizeof(*x));
	if (rest->len == 0)
		return 0;
	eh_der_init(&d, rest->at, rest->len);
	extension(&d, x);
	rest->at = d.in.next;
	rest->len = d.in.err == EH_OK ? d.in.left : 0;
	return d.in.err == EH_OK;
}

int
eh_cert_extension(
    const struct eh_cert *c, const char *oid, struct eh_extension *x)
{
	struct eh_slice rest = c->extensions;
	struct eh_extension next;
	int found = 0;

	memset(x, 0, sizeof(*x));
	while (eh_cert_next_extension(&rest, &next))
		if (eh_oid_is(next.oid.at, next.oid.len, oid)) {
			if (found) {
				memset(x, 0, sizeof(*x));
				return EH_ERR_EXISTS;
			}
			*x = next;
			found = 1;
		}
	return found;
}

struct eh_slice
eh_cert_subject_key_id(const struct eh_cert *c)
{
	struct eh_slice id = { NULL, 0 };
	struct eh_extension x;
	struct eh_der d;

	if (eh_cert_extension(c, "2.5.29.14", &x) != 1)
		return id;
	eh_der_init(&d, x.value.at, x.value.len);
	id.at = eh_der_get(&d, EH_DER_OCTET_STRING, &id.len);
	if (eh_der_end(&d) != EH_OK)
		id.len = 0;
	return id;
}

struct eh_slice
eh_cert_authority_key_id(const struct eh_cert *c)
{
	struct eh_slice id = { NULL, 0 };
	struct eh_extension x;
	struct eh_der d;
	size_t len;

	if (eh_cert_extension(c, "2.5.29.35", &x) != 1)
		return id;
	eh_der_init(&d, x.value.at, x.value.len);
	eh_der_enter(&d, EH_DER_SEQUENCE);
	if (eh_der_peek(&d) == EH_DER_CONTEXT_OCTETS(0))
		id.at = eh_der_get(&d, EH_DER_CONTEXT_OCTETS(0), &id.len);
	while (eh_der_peek(&d) >= 0)
		eh_der_any(&d, &len);
	eh_der_leave(&d);
	if (eh_der_end(&d) != EH_OK)
		id.len = 0;
	return id;
}

/* Put what was signed, the algorithm and the signature into one SEQUENCE:
 * certificates and requests have the same form (also csr.c). */
int
eh_cert_assemble(const uint8_t *body, size_t bodylen,
    const uint8_t signature[EH_P256_SIGNATURE_LEN], uint8_t *out, size_t cap,
    size_t *lenp)
{
	uint8_t der[EH_P256_DER_SIGNATURE_MAX];
	const size_t derlen = eh_p256_signature_to_der(signature, der);
	struct eh_der_writer w;

	eh_der_writer_init(&w, out, cap);
	eh_der_put_begin(&w, EH_DER_SEQUENCE);
	eh_der_put_raw(&w, body, bodylen);
	eh_der_put_begin(&w, EH_DER_SEQUENCE);
	eh_der_put_oid(&w, "1.2.840.10045.4.3.2");
	eh_der_put_end(&w);
	eh_der_put_begin(&w, EH_DER_BIT_STRING);
	eh_der_put_zeros(&w, 1);
	eh_der_put_raw(&w, der, derlen);
	eh_der_put_end(&w);
	eh_der_put_end(&w);
	return eh_der_writer_end(&w, lenp);
}
