/* SPDX-License-Identifier: Apache-2.0 */
/* chain.c - from the certificate of a chip to a silicon CA that is known by its
 * key. */
#include "config.h"

#include <string.h>

#include "common/crypto/ecdsa.h"
#include "common/crypto/keyid.h"
#include "common/der/oid.h"
#include "common/x509/chain.h"
#include "common/x509/facts.h"

struct link {
	struct eh_cert cert;
	struct eh_facts facts;
	struct eh_rawkey key;
};

static int
no(unsigned i, const char *why, struct eh_error *error)
{
	return eh_error_set(error, EH_ERR_PROOF,
	    "certificate %u of the chain: %s", i + 1, why);
}

/* A critical extension that is not looked at could say anything. */
static int
has_unknown_critical(const struct eh_cert *c)
{
	struct eh_slice rest = c->extensions;
	struct eh_extension x;

	while (eh_cert_next_extension(&rest, &x))
		if (x.critical &&
		    !eh_oid_is(x.oid.at, x.oid.len, "2.5.29.19") &&
		    !eh_oid_is(x.oid.at, x.oid.len, "2.5.29.15"))
			return 1;
	return 0;
}

static int
open_link(struct link *l, const struct eh_slice *der, unsigned i,
    const struct eh_chain_time *time, struct eh_error *error)
{
	const struct eh_cert *c = &l->cert;

	if (eh_cert_decode(&l->cert, der->at, der->len) != EH_OK)
		return no(i, "it is not a certificate in DER", error);
	if (c->version != 3)
		return no(i, "it is not of version 3", error);
	if (c->alg != EH_CERT_ECDSA_SHA256 ||
	    eh_rawkey_from_spki(
	        &l->key, c->spki.der.at, c->spki.der.len) != EH_OK ||
	    l->key.len != EH_P256_POINT_LEN)
		return no(i, "only ecdsa-with-SHA256 and keys on P-256 are "
		    "supported", error);
	eh_facts_take(&l->facts, c, der->len);
	if (l->facts.twice || l->facts.basic_constraints == EH_FACT_BAD ||
	    l->facts.key_usage == EH_FACT_BAD)
		return no(i, "its extensions are malformed, or one is there "
		    "twice", error);
	if (has_unknown_critical(c))
		return no(i, "it has a critical extension that is not "
		    "understood", error);
	if (c->not_after < time->earliest)
		return no(i, "it has expired", error);
	if (c->not_before > time->latest)
		return no(i, "it is not valid yet", error);
	return EH_OK;
}

static int
check_leaf(const struct link *l, struct eh_error *error)
{
	const struct eh_facts *f = &l->facts;

	if (f->basic_constraints == EH_FACT_GOOD && f->ca)
		return no(0, "the chip's own is that of a CA", error);
	if (f->key_usage == EH_FACT_GOOD &&
	    (f->ku & EH_KU_DIGITAL_SIGNATURE) == 0)
		return no(0, "its key is not for signatures", error);
	return EH_OK;
}

/* May certificate ${i} sign one that has ${below} CAs under it? */
static int
check_ca(const struct link *l, unsigned i, unsigned below,
    struct eh_error *error)
{
	const struct eh_facts *f = &l->facts;

	if (f->basic_constraints != EH_FACT_GOOD || !f->ca)
		return no(i, "it signs another one and is not that of a CA",
		    error);
	if (f->key_usage != EH_FACT_GOOD ||
	    (f->ku & EH_KU_KEY_CERT_SIGN) == 0)
		return no(i, "its key is not for signing certificates", error);
	if (f->path_given && below > f->path)
		return no(i, "its path length allows no such chain", error);
	return EH_OK;
}

static int
check_signature(const struct link *l, unsigned i, const struct eh_rawkey *by,
    struct eh_error *error)
{
	uint8_t signature[EH_P256_SIGNATURE_LEN];
	int err;

	err = eh_p256_signature_from_der(
	    l->cert.signature.at, l->cert.signature.len, signature);
	if (err == EH_OK)
		err = eh_p256_verify(by->bytes, l->cert.tbs.at,
		    l->cert.tbs.len, signature);
	if (err == EH_ERR_SIGNATURE || err == EH_ERR_FORMAT)
		return no(i, "its signature does not verify", error);
	return err == EH_OK ? EH_OK : eh_error_set(error, err,
	    "certificate %u of the chain could not be verified: %s", i + 1,
	    eh_err_text(err));
}

static int
check_root(const struct link *l, unsigned i,
    const uint8_t (*roots)[EH_DIGEST_LEN], unsigned nroots,
    struct eh_error *error)
{
	uint8_t digest[EH_SPKI_DIGEST_LEN];
	unsigned found = 0;

	eh_keyid_spki_digest(&l->key, digest);
	for (unsigned r = 0; r < nroots; r++)
		found += memcmp(roots[r], digest, sizeof(digest)) == 0;
	if (found == 0)
		return no(i, "the chain ends at another CA than those that the "
		    "profile names", error);
	if (eh_slice_equal(l->cert.issuer, l->cert.subject))
		return check_signature(l, i, &l->key, error);
	return EH_OK;
}

static int
verify(struct link link[], const struct eh_slice cert[], unsigned n,
    const uint8_t (*roots)[EH_DIGEST_LEN], unsigned nroots,
    const struct eh_chain_time *time, struct eh_error *error)
{
	int err;

	for (unsigned i = 0; i < n; i++)
		if ((err = open_link(&link[i], &cert[i], i, time, error)) !=
		        EH_OK ||
		    (err = i == 0 ? check_leaf(&link[0], error) :
				    check_ca(&link[i], i, i - 1, error)) !=
		        EH_OK)
			return err;
	/* What costs most comes last, and from the key that is trusted on. */
	if ((err = check_root(
	         &link[n - 1], n - 1, roots, nroots, error)) != EH_OK)
		return err;
	for (unsigned i = n - 1; i-- > 0;) {
		if (!eh_slice_equal(
		        link[i].cert.issuer, link[i + 1].cert.subject))
			return no(i, "its issuer is not the subject of the "
			    "next", error);
		if ((err = check_signature(
		         &link[i], i, &link[i + 1].key, error)) != EH_OK)
			return err;
	}
	return EH_OK;
}

int
eh_chain_verify(const struct eh_slice cert[], unsigned n,
    const uint8_t (*roots)[EH_DIGEST_LEN], unsigned nroots,
    const struct eh_chain_time *time, struct eh_rawkey *leaf,
    struct eh_error *error)
{
	struct link link[EH_CHAIN_MAX];
	int err;

	memset(leaf, 0, sizeof(*leaf));
	if (n < 2 || n > EH_CHAIN_MAX)
		return eh_error_set(error, EH_ERR_PROOF,
		    "a chain has 2 or 3 certificates, the chip's first and the "
		    "silicon CA's last; %u came", n);
	memset(link, 0, sizeof(link));
	err = verify(link, cert, n, roots, nroots, time, error);
	if (err == EH_OK)
		*leaf = link[0].key;
	return err;
}
