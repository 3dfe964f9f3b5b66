/* SPDX-License-Identifier: Apache-2.0 */
/* csr.h - PKCS#10 requests (RFC 2986): read, verify, and which one an issuing
 * key may sign. */
#ifndef EH_COMMON_X509_CSR_H
#define EH_COMMON_X509_CSR_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/x509/cert.h"

#define EH_CSR_MAX 8192

/* Borrows the bytes that it was decoded from. */
struct eh_csr {
	struct eh_slice info;		/* the whole CertificationRequestInfo */
	struct eh_slice subject;	/* whole Name */
	struct eh_spki spki;
	enum eh_cert_alg alg;		/* of the signature */
	struct eh_slice signature;	/* contents of the BIT STRING */
};

/* Decode a DER request.  Return EH_OK, EH_ERR_FORMAT or EH_ERR_TRAILING. */
EH_MUST_CHECK int eh_csr_decode(
    struct eh_csr *, const uint8_t *der, size_t len);

/*
 * Verify the request's signature with the key inside it: proof that somebody
 * holds the private key.  P-256 with SHA-256 only.  Return EH_OK;
 * EH_ERR_UNSUPPORTED for other algorithms; EH_ERR_SIGNATURE (a point that is
 * not on the curve included); EH_ERR_CRYPTO, EH_ERR_MEMORY; each with a
 * sentence.
 */
EH_MUST_CHECK int eh_csr_verify(const struct eh_csr *, struct eh_error *);

/* clang-format off */
enum eh_tbs_kind {
	EH_TBS_OTHER = 0,		/* refused */
	EH_TBS_CERTIFICATE,		/* [0]: template matching only */
	EH_TBS_REQUEST,			/* INTEGER 0: eh_csr_body_check() */
	EH_TBS_CERT_LIST,		/* INTEGER 1: a CRL order only */
};
/* clang-format on */

/* What ${message} is, told by the first element after the outer SEQUENCE. */
enum eh_tbs_kind eh_csr_tbs_kind(const uint8_t *message, size_t len);

/*
 * The structural rule for a request body that an issuing key may sign for
 * itself: SEQUENCE { INTEGER 0, a Name that is empty or begins with a SET, an
 * SPKI equal to ${spki} octet for octet, [0] up to the end }, strict DER, no
 * trailing octet.  So it can never be read as a certificate or a CRL, nor speak
 * for another key.  Return EH_OK, or EH_DENIED_TEMPLATE with a sentence.
 */
EH_MUST_CHECK int eh_csr_body_check(const uint8_t *info, size_t len,
    const uint8_t *spki, size_t spkilen, struct eh_error *);

/*
 * Build the body of a request: subject as a whole Name, the SPKI, no
 * attributes; and the finished request from body and P-256 signature r || s.
 * Return EH_OK or EH_ERR_SPACE.
 */
EH_MUST_CHECK int eh_csr_body(const uint8_t *subject, size_t subjectlen,
    const uint8_t *spki, size_t spkilen, uint8_t *out, size_t cap,
    size_t *lenp);
EH_MUST_CHECK int eh_csr_assemble(const uint8_t *info, size_t infolen,
    const uint8_t signature[64], uint8_t *out, size_t cap, size_t *lenp);

#endif
