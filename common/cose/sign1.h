/* SPDX-License-Identifier: Apache-2.0 */
/* sign1.h - COSE_Sign1 (RFC 9052 section 4.2), read, verified and built. */
#ifndef EH_COMMON_COSE_SIGN1_H
#define EH_COMMON_COSE_SIGN1_H

#include <stddef.h>
#include <stdint.h>

#include "common/crypto/signer.h"
#include "common/crypto/verifier.h"
#include "common/err.h"
#include "common/writer.h"

/*
 * This layer is COSE in general, made strict: tag 18 must be there, the
 * encoding must be deterministic, the algorithm stands in the protected header,
 * the payload is inside, and a critical header must be one that we know.  What
 * our own messages demand beyond that (exact headers, types, sizes) is in
 * common/message/envelope.h.
 *
 * The struct borrows everything from the message it was decoded from.  To build
 * one, the caller fills it in.
 */
struct eh_sign1 {
	/* What was or will be signed: the inside of the protected bstr, an
	 * encoded map, or nothing at all (length 0, which stands for an empty
	 * map). */
	const uint8_t *protected;
	size_t protected_len;

	/* An encoded map; a0 when empty. */
	const uint8_t *unprotected;
	size_t unprotected_len;

	const uint8_t *payload;
	size_t payload_len;

	const uint8_t *signature;
	size_t signature_len;

	/* Label 1 of the protected header; set by decode only. */
	int64_t alg;
};

/*
 * Decode ${len} bytes as one COSE_Sign1.  EH_OK; EH_ERR_FORMAT or
 * EH_ERR_TRAILING otherwise, and ${sign1} is all zero.  Nothing is verified.
 */
EH_MUST_CHECK int eh_sign1_decode(
    const void *bytes, size_t len, struct eh_sign1 *sign1);

/*
 * Verify with ${verifier}, whose key must be of the kind that the header's
 * algorithm names.  ${aad} is the external additional data, NULL and 0 when
 * there is none.  The Sig_structure is built from the received bytes.  EH_OK;
 * EH_ERR_SIGNATURE (does not verify, wrong length, algorithm of another kind of
 * key); EH_ERR_MEMORY; EH_ERR_CRYPTO.
 */
EH_MUST_CHECK int eh_sign1_verify(const struct eh_sign1 *,
    const struct eh_verifier *verifier, const void *aad, size_t aadlen);

/* SHA-256 of the Sig_structure: what identifies a message, since a signature
 * can be changed into another valid one. */
void eh_sign1_digest(const struct eh_sign1 *, const void *aad, size_t aadlen,
    uint8_t digest[32]);

/* Write the Sig_structure ["Signature1", protected, aad, payload]. */
void eh_sign1_tbs(const struct eh_sign1 *, const void *aad, size_t aadlen,
    struct eh_writer *);

/*
 * Sign what ${sign1} holds in protected and payload.  Return what the signer
 * returned, or EH_ERR_MEMORY.  The caller then puts ${signature} into the
 * struct.
 */
EH_MUST_CHECK int eh_sign1_sign(const struct eh_sign1 *sign1,
    const struct eh_signer *, const void *aad, size_t aadlen,
    uint8_t signature[EH_SIGNATURE_LEN]);

/* Write the message: tag 18, and the four parts of the struct. */
void eh_sign1_encode(const struct eh_sign1 *, struct eh_writer *);

#endif
