/* SPDX-License-Identifier: Apache-2.0 */
/* ed25519.c - Ed25519 (RFC 8032): verify. */
#include "config.h"

#include <string.h>

#include "common/crypto/ed25519.h"
#include "common/crypto/verifier.h"

int
eh_ed25519_verify(const uint8_t key[EH_ED25519_KEY_LEN], const void *message,
    size_t len, const uint8_t signature[EH_ED25519_SIGNATURE_LEN])
{
	struct eh_rawkey raw = { .len = EH_ED25519_KEY_LEN };
	struct eh_verifier *verifier;
	int err;

	memcpy(raw.bytes, key, EH_ED25519_KEY_LEN);
	if ((err = eh_verifier_new(&raw, &verifier)) != EH_OK)
		return err;
	err = eh_verifier_verify(verifier, message, len, signature);
	eh_verifier_free(verifier);
	return err;
}
