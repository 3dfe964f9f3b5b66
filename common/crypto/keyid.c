/* SPDX-License-Identifier: Apache-2.0 */
/* keyid.c - the three lengths at which we name a public key. */
#include "config.h"

#include <string.h>

#include "common/crypto/digest.h"
#include "common/crypto/keyid.h"
#include "common/crypto/mac.h"

static const char secret_label[] = "EdgeHSM-key-id-v1";

void
eh_keyid_spki_digest(
    const struct eh_rawkey *key, uint8_t digest[EH_SPKI_DIGEST_LEN])
{
	uint8_t spki[EH_SPKI_MAX];

	eh_sha256(spki, eh_rawkey_to_spki(key, spki), digest);
}

void
eh_keyid_kid(const struct eh_rawkey *key, uint8_t kid[EH_KID_LEN])
{
	uint8_t digest[EH_SPKI_DIGEST_LEN];

	eh_keyid_spki_digest(key, digest);
	memcpy(kid, digest, EH_KID_LEN);
}

void
eh_keyid_hsm(const struct eh_rawkey *key, uint8_t id[EH_HSM_ID_LEN])
{
	uint8_t digest[EH_SPKI_DIGEST_LEN];

	eh_keyid_spki_digest(key, digest);
	memcpy(id, digest, EH_HSM_ID_LEN);
}

void
eh_keyid_secret(
    const void *key, size_t keylen, uint8_t digest[EH_SPKI_DIGEST_LEN])
{
	eh_hmac_sha256(
	    key, keylen, secret_label, sizeof(secret_label) - 1, digest);
}

void
eh_keyid_ski(const struct eh_rawkey *key, uint8_t ski[20])
{
	eh_sha1(key->bytes, key->len, ski);
}
