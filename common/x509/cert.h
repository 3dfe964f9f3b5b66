/* SPDX-License-Identifier: Apache-2.0 */
/* cert.h - what others need out of a finished certificate (RFC 5280). */
#ifndef EH_COMMON_X509_CERT_H
#define EH_COMMON_X509_CERT_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/x509/dn.h"

/*
 * Own strict reader (der.h): the outer form must be right in every octet.  What
 * a standard forbids (version 1, a GeneralizedTime of today, an extension
 * twice) is read all the same, because lint.h must see it.  Path validation is
 * libcrypto's.
 *
 * Nothing is copied: all pointers are into the caller's bytes.
 */
#define EH_CERT_MAX 16384

/* clang-format off */
enum eh_cert_alg {
	EH_CERT_ALG_OTHER = 0,
	EH_CERT_ECDSA_SHA256,		/* signatures */
	EH_CERT_ECDSA_SHA384,
	EH_CERT_RSA_SHA256,
	EH_CERT_EC_P256,		/* keys */
	EH_CERT_EC_P384,
	EH_CERT_RSA,
};
/* clang-format on */

/* A SubjectPublicKeyInfo.  ${key} is what its BIT STRING holds: the point of an
 * EC key, the RSAPublicKey of an RSA one. */
struct eh_spki {
	struct eh_slice der;		/* the whole SPKI */
	enum eh_cert_alg alg;
	struct eh_slice key;
};

struct eh_cert {
	struct eh_slice tbs;		/* the whole TBSCertificate */
	unsigned version;		/* 1, 2 or 3 */
	struct eh_slice serial;		/* contents of the INTEGER */
	enum eh_cert_alg tbs_alg, alg;	/* inside and outside; equal octets */
	struct eh_slice issuer, subject;	/* whole Names */
	uint64_t not_before, not_after;
	struct eh_slice not_before_text, not_after_text;
	struct eh_spki spki;
	struct eh_slice extensions;	/* inside the SEQUENCE OF; or none */
	struct eh_slice signature;	/* contents of the BIT STRING */
};

/* Decode a DER certificate, or a TBSCertificate alone (alg and signature are
 * empty then).  Return EH_OK, EH_ERR_FORMAT or EH_ERR_TRAILING. */
EH_MUST_CHECK int eh_cert_decode(
    struct eh_cert *, const uint8_t *der, size_t len);
EH_MUST_CHECK int eh_cert_decode_tbs(
    struct eh_cert *, const uint8_t *tbs, size_t len);

/* Decode a DER SubjectPublicKeyInfo. */
EH_MUST_CHECK int eh_spki_decode(
    struct eh_spki *, const uint8_t *der, size_t len);

struct eh_extension {
	struct eh_slice oid;		/* contents of the OID */
	int critical;
	struct eh_slice value;		/* contents of the OCTET STRING */
};

/*
 * Walk the extensions of a decoded certificate: set ${rest} to its
 * ${extensions}, then call until it returns 0.  Returns 1 and the next one, or
 * 0 at the end.
 */
int eh_cert_next_extension(struct eh_slice *rest, struct eh_extension *);

/* Get the extension with this dotted OID.  Return 1 when there is exactly one,
 * 0 when there is none, EH_ERR_EXISTS when there are more. */
int eh_cert_extension(
    const struct eh_cert *, const char *oid, struct eh_extension *);

/* The subject key id, and the keyIdentifier of the authority key id, as slices
 * (len 0 when absent or not of that form). */
struct eh_slice eh_cert_subject_key_id(const struct eh_cert *);
struct eh_slice eh_cert_authority_key_id(const struct eh_cert *);

/*
 * Put a certificate together from a TBSCertificate and a P-256 signature r || s
 * (ecdsa-with-SHA256).  Return EH_OK or EH_ERR_SPACE.
 */
EH_MUST_CHECK int eh_cert_assemble(const uint8_t *tbs, size_t tbslen,
    const uint8_t signature[64], uint8_t *out, size_t cap, size_t *lenp);

#endif
