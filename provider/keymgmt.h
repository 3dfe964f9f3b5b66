/* SPDX-License-Identifier: Apache-2.0 */
/* keymgmt.h - keys as libcrypto wants to see them. */
#ifndef EH_PROVIDER_KEYMGMT_H
#define EH_PROVIDER_KEYMGMT_H

#include <openssl/core.h>
#include <openssl/core_dispatch.h>

/* What query_operation(OSSL_OP_KEYMGMT) gives. */
extern const OSSL_ALGORITHM eh_keymgmt_algorithms[];

/* The name by which libcrypto asks for the key management of our keys. */
#define EH_KEYMGMT_EC "EC"

/*
 * Hand the public half of ${key} (struct eh_key) to ${callback}: a named curve
 * and a point, never explicit parameters.  Return 0 when ${selection} wants
 * the private half of a private key, which is never given out.
 */
int eh_keymgmt_export(
    void *key, int selection, OSSL_CALLBACK *callback, void *arg);

#endif
