/* SPDX-License-Identifier: Apache-2.0 */
/* bed.h - what the cases stand on: an EdgeHSM in a folder of its own, and the
 * same keys without one. */
#ifndef EH_TEST_BENCH_BED_H
#define EH_TEST_BENCH_BED_H

#include <stdatomic.h>
#include <sys/types.h>

#include <openssl/evp.h>
#include <p11-kit/pkcs11.h>

#include "orchestrator/token/token.h"
#include "test/bench/bench.h"
#include "test/bench/product.h"

#define BED_PATH       256
#define BED_DEVICE_KEYS 64

/* A key behind a PKCS#11 module, and the slot that it is in. */
struct bed_key {
	CK_FUNCTION_LIST *p11;
	CK_SLOT_ID slot;
	CK_OBJECT_HANDLE handle;
	struct eh_rawkey public;
};

struct bed {
	const struct bench_options *options;
	char folder[BED_PATH];	/* of all that is made here */

	/* edgehsmd over SoftHSM, and our module in this process. */
	pid_t daemon;
	pid_t tpm;		/* swtpm, where the anchor is; 0: in a file */
	struct eh_token *token;
	struct bed_key issuing, general;
	struct product product;
	struct eh_rawkey device_key[BED_DEVICE_KEYS];
	atomic_uint devices;	/* numbers that were given out */

	/* SoftHSM in this process, without us: a token of its own. */
	struct bed_key plain;

	/* A key of libcrypto. */
	EVP_PKEY *soft;

	/* libcrypto with our provider over our module. */
	OSSL_LIB_CTX *context;
	EVP_PKEY *provided_issuing, *provided_general;

	atomic_ulong fsyncs;	/* of the limit cases */

	/* The same once more with its anchor in a TPM, as far as the EdgeHSM
	 * goes; NULL when no case needs it. */
	struct bed *anchored;
};

/* Make it; exits on failure.  Whatever way the program ends by itself, the
 * daemons are ended and the folder removed. */
enum bed_extent { BED_FILE, BED_TPM_TOO };
void bed_make(
    struct bed *, const struct bench_options *, enum bed_extent);

/* End all of it. */
void bed_end(struct bed *);

/* Put "${folder}/${name}" into ${path}. */
void bed_path(const struct bed *, const char *name, char path[BED_PATH]);

/*
 * Run ${argv} with OPENSSL_CONF set to ${conf} in the folder (NULL: unset), its
 * output to a log there; return its exit status.
 */
int bed_run(const struct bed *, const char *const argv[], const char *conf);

/* The same, and exit when it fails, with its output. */
void bed_must_run(
    const struct bed *, const char *const argv[], const char *conf);

#endif
