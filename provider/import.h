/* SPDX-License-Identifier: Apache-2.0 */
/* import.h - bringing a message to the token of a key. */
#ifndef EH_PROVIDER_IMPORT_H
#define EH_PROVIDER_IMPORT_H

#include <openssl/core.h>

#include "provider/key.h"

/*
 * The parameter of signature contexts by which a message is imported
 * (-sigopt hexmessage:d284...): one that the authority signed, a compiled
 * profile, or the PKCS#10 of a device as evidence for what is signed next.
 */
#define EH_PARAM_MESSAGE "message"

/*
 * Write ${param}, a string of octets, to the token of ${key} as a
 * CKO_EDGEHSM_MESSAGE; the token judges it at once.  Return 1, or 0 with an
 * error raised that has the token's reason and sentence.
 */
int eh_import_message(struct eh_key *key, const OSSL_PARAM *param);

#endif
