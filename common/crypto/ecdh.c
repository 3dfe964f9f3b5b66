/* SPDX-License-Identifier: Apache-2.0 */
/* ecdh.c - a shared secret on P-256 with a key that is used once. */
#include "config.h"

#include <string.h>

#include "common/crypto/ecdh.h"
#include "common/crypto/evp.h"

static int
derive(EVP_PKEY *mine, EVP_PKEY *peer, uint8_t x[EH_ECDH_LEN])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, mine, NULL);
	size_t len = EH_ECDH_LEN;
	int good;

	good = ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
	    EVP_PKEY_derive_set_peer_ex(ctx, peer, 1) == 1 &&
	    EVP_PKEY_derive(ctx, x, &len) == 1 && len == EH_ECDH_LEN;
	EVP_PKEY_CTX_free(ctx);
	return good ? EH_OK : EH_ERR_CRYPTO;
}

int
eh_ecdh_fresh(const struct eh_rawkey *peer, struct eh_rawkey *mine,
    uint8_t x[EH_ECDH_LEN])
{
	EVP_PKEY *theirs = NULL, *ours = NULL;
	int err;

	memset(x, 0, EH_ECDH_LEN);
	memset(mine, 0, sizeof(*mine));
	if (peer->len != EH_P256_POINT_LEN)
		return EH_ERR_ARGUMENT;
	if ((err = eh_evp_from_rawkey(peer, &theirs)) != EH_OK)
		return err;
	if ((ours = EVP_EC_gen("P-256")) == NULL)
		err = EH_ERR_CRYPTO;
	if (err == EH_OK)
		err = eh_evp_to_rawkey(ours, mine);
	if (err == EH_OK)
		err = derive(ours, theirs, x);
	if (err != EH_OK)
		memset(x, 0, EH_ECDH_LEN);
	EVP_PKEY_free(ours);
	EVP_PKEY_free(theirs);
	return err;
}
