/* SPDX-License-Identifier: Apache-2.0 */
/* store.h - pkcs11: URIs through OSSL_STORE. */
#ifndef EH_PROVIDER_STORE_H
#define EH_PROVIDER_STORE_H

#include <openssl/core.h>

/* What query_operation(OSSL_OP_STORE) gives: the scheme pkcs11. */
extern const OSSL_ALGORITHM eh_store_algorithms[];

#endif
