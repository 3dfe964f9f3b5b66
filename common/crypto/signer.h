/* SPDX-License-Identifier: Apache-2.0 */
/* signer.h - something that signs, wherever its key may rest. */
#ifndef EH_COMMON_CRYPTO_SIGNER_H
#define EH_COMMON_CRYPTO_SIGNER_H

#include <stddef.h>
#include <stdint.h>

#include "common/crypto/keyid.h"
#include "common/crypto/verifier.h"

/*
 * A private key by what it can do.  edgehsmd puts a backend key behind it, the
 * authority a PEM file or a pkcs11: URI, tests the soft key of soft.h.
 *
 * sign() gets the whole message, not a digest, and puts 64 bytes into
 * ${signature}: r || s for ES256, the signature for EdDSA.  It returns EH_OK or
 * an EH_ERR_* (then ${signature} is not used).  ${alg} is the COSE algorithm
 * that goes into the header, ${kid} names the public key.
 */
struct eh_signer {
	int (*sign)(void *arg, const void *message, size_t len,
	    uint8_t signature[EH_SIGNATURE_LEN]);
	void *arg;
	int64_t alg;
	uint8_t kid[EH_KID_LEN];
};

#endif
