/* SPDX-License-Identifier: Apache-2.0 */
/* signature.h - signature operations as libcrypto calls them. */
#ifndef EH_PROVIDER_SIGNATURE_H
#define EH_PROVIDER_SIGNATURE_H

#include <openssl/core.h>

/*
 * What query_operation(OSSL_OP_SIGNATURE) gives.  Every callback returns
 * exactly 0 or 1: libcrypto 3.0 takes -1 for success in places.
 */
extern const OSSL_ALGORITHM eh_signature_algorithms[];

#endif
