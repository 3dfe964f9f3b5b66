/* SPDX-License-Identifier: Apache-2.0 */
/* rig.h - what the provider's tests stand on: a token, a core, a context. */
#ifndef EH_TEST_PROVIDER_RIG_H
#define EH_TEST_PROVIDER_RIG_H

#include <check.h>
#include <stddef.h>

#include <openssl/core.h>
#include <openssl/evp.h>
#include <openssl/store.h>

#include "provider/provider.h"

struct eh_p11_module;
struct eh_slot;

#define RIG_PIN "1234"

/* Keys on the token "rig": label k (P-256, id 01), p384 (id 02), r (RSA, id
 * 03), and lone (P-256, id 04), whose public half is in a certificate only. */
#define RIG_KEY  "pkcs11:token=rig;object=k;type=private"
#define RIG_PUB  "pkcs11:token=rig;object=k;type=public"
#define RIG_P384 "pkcs11:token=rig;object=p384;type=private"
#define RIG_RSA  "pkcs11:token=rig;object=r;type=private"
#define RIG_LONE "pkcs11:token=rig;object=lone;type=private"
#define RIG_CERT "pkcs11:token=rig;object=lone;type=cert"

/*
 * Run ${suite} as unit_run() does, with a SoftHSM token in a folder of its own
 * and the environment of the provider pointing at it through the shim; skip
 * when there is no SoftHSM.  main() of each of these programs is just this.
 */
int rig_run(Suite *suite);

/* A test case before each test of which the shim does what SoftHSM does, and
 * the log is empty. */
TCase *rig_case(const char *name);

/* The folder of the token; a good place for files of a test. */
const char *rig_folder(void);

/* The path of the shim, and that of SoftHSM. */
const char *rig_shim(void);
const char *rig_softhsm(void);

/* Put ${text} into the file ${name} in that folder and return its path, which
 * the next call overwrites. */
const char *rig_file(const char *name, const char *text);

/* Count the lines of the shim's log that begin with ${call}; "" counts all.
 * rig_log_forget() empties the log. */
size_t rig_log_count(const char *call);
void rig_log_forget(void);

/* Return 1 when a line of the shim's log is exactly ${line}. */
int rig_log_has(const char *line);

/*
 * A library context with the default provider and ours, built in; configured
 * by the environment.
 */
OSSL_LIB_CTX *rig_context(void);
void rig_free(OSSL_LIB_CTX *context);

/* Load one key by ${uri}; NULL when that fails. */
EVP_PKEY *rig_key(OSSL_LIB_CTX *context, const char *uri);

/* Sign ${len} octets with ${md} in one EVP_DigestSign; return the length, or
 * 0 on failure. */
size_t rig_sign(OSSL_LIB_CTX *context, EVP_PKEY *key, const char *md,
    const OSSL_PARAM *params, const void *data, size_t len,
    unsigned char sig[256]);

/* Verify with a public key that only the default provider has seen. */
int rig_verify(EVP_PKEY *key, const char *md, const void *data, size_t len,
    const unsigned char *sig, size_t siglen);

/*
 * A core that is not libcrypto's: it answers the parameters of a table and
 * keeps the last error.
 */
struct rig_core {
	const char *names[8];
	const char *values[8];
	unsigned int errors;
	unsigned int reason;
	char text[1024];
};

/* The dispatch table to hand to OSSL_provider_init() with such a core. */
const OSSL_DISPATCH *rig_core_dispatch(void);

/* Initialise the provider on ${core}; NULL when it refuses. */
struct eh_provider *rig_core_provider(
    struct rig_core *core, const OSSL_DISPATCH **out);

/* Find the tokens of ${module} that the URI ${text} covers, for the provider
 * that was initialised last: the first one, and how many they are. */
size_t rig_find(struct eh_p11_module *module, const char *text,
    struct eh_slot **slot);

/* Return the function ${id} of ${table}, NULL when it has none. */
void (*rig_function(const OSSL_DISPATCH *table, int id))(void);

/* The text of the last error in libcrypto's queue ("" when empty), with its
 * reason in front; the queue is emptied. */
const char *rig_error(void);

#endif
