/* SPDX-License-Identifier: Apache-2.0 */
/* privkey.h - a private key of the authority: a PEM file or a pkcs11: URI. */
#ifndef EH_ORCHESTRATOR_AUTHORITY_PRIVKEY_H
#define EH_ORCHESTRATOR_AUTHORITY_PRIVKEY_H

#include <openssl/evp.h>

#include "common/crypto/rawkey.h"
#include "common/crypto/signer.h"
#include "common/err.h"

/*
 * Whatever OSSL_STORE can open; for a URI that takes a provider, which the
 * configuration of OpenSSL names.  A passphrase or PIN is asked for on the
 * terminal when there is one; else it is the provider's to know.
 */
struct eh_privkey;

/*
 * Open ${place}: a path, or a URI that begins with "pkcs11:".  A file must be
 * readable for its owner only.  EH_ERR_NOT_FOUND; EH_ERR_CONFIG (others can
 * read it, a URI with a PIN in it, no private key there); EH_ERR_UNSUPPORTED
 * (neither P-256 nor Ed25519); each with a sentence that holds libcrypto's
 * reason.
 */
EH_MUST_CHECK int eh_privkey_open(
    const char *place, struct eh_privkey **, struct eh_error *);

/* Make a P-256 key and write it to the new PEM file ${path}, mode 0600.
 * EH_ERR_EXISTS, EH_ERR_STORAGE, EH_ERR_CRYPTO. */
EH_MUST_CHECK int eh_privkey_create(
    const char *path, struct eh_privkey **, struct eh_error *);

/* NULL is ignored. */
void eh_privkey_free(struct eh_privkey *);

/* Borrow: the public key; libcrypto's key. */
const struct eh_rawkey *eh_privkey_public(const struct eh_privkey *);
EVP_PKEY *eh_privkey_get(const struct eh_privkey *);

/* Fill ${signer}, which borrows the key. */
void eh_privkey_signer(struct eh_privkey *, struct eh_signer *signer);

/* Return 1 when ${place} is a URI, 0 when it is a path. */
int eh_privkey_is_uri(const char *place);

#endif
