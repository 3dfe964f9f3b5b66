/* SPDX-License-Identifier: Apache-2.0 */
/* case_p11.c - signatures by C_Sign: SoftHSM's own, general keys of an
 * EdgeHSM, and certificates under an authorization. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/crypto/digest.h"
#include "common/crypto/ecdsa.h"
#include "pkcs11-module/edgehsm-pkcs11.h"
#include "test/bench/cases.h"

#ifndef CKM_ECDSA_SHA256
#define CKM_ECDSA_SHA256 0x1044UL
#endif

/* One thread with a session of its own. */
struct p11 {
	struct bed *bed;
	const struct bed_key *key;
	CK_MECHANISM mechanism;
	CK_SESSION_HANDLE session;
	uint8_t message[EH_TBS_MAX];
	size_t len;
	uint8_t signature[EH_P256_SIGNATURE_LEN];
};

/* A certificate for a new device. */
static int
prepare(void *context)
{
	struct p11 *p = context;
	unsigned device = atomic_fetch_add(&p->bed->devices, 1);

	p->len = product_render(&p->bed->product, device,
	    &p->bed->device_key[device % BED_DEVICE_KEYS], p->message);
	return p->len > 0 ? 0 : -1;
}

static void *
begin(struct bed *b, const struct bed_key *key, CK_MECHANISM_TYPE mechanism)
{
	struct p11 *p = calloc(1, sizeof(*p));

	if (p == NULL)
		bench_die("out of memory");
	p->bed = b;
	p->key = key;
	p->mechanism.mechanism = mechanism;
	if (key->p11->C_OpenSession(key->slot, CKF_SERIAL_SESSION, NULL, NULL,
		&p->session) != CKR_OK)
		bench_die("a module opens no session");
	if (prepare(p) != 0)
		bench_die("no message to sign");
	return p;
}

void *
sign_softhsm_begin(struct bed *b, unsigned batch)
{
	(void)batch;
	return begin(b, &b->plain, CKM_ECDSA);
}

void *
sign_module_begin(struct bed *b, unsigned batch)
{
	(void)batch;
	return begin(b, &b->general, CKM_ECDSA_SHA256);
}

void *
issue_begin(struct bed *b, unsigned batch)
{
	(void)batch;
	return begin(b, &b->issuing, CKM_EDGEHSM_ISSUE);
}

void *
issue_tpm_begin(struct bed *b, unsigned batch)
{
	return issue_begin(b->anchored, batch);
}

static int
sign(struct p11 *p, uint8_t *data, size_t len)
{
	CK_FUNCTION_LIST *f = p->key->p11;
	CK_ULONG siglen = sizeof(p->signature);
	CK_RV rv;

	rv = f->C_SignInit(p->session, &p->mechanism, p->key->handle);
	if (rv == CKR_OK)
		rv = f->C_Sign(p->session, data, len, p->signature, &siglen);
	if (rv != CKR_OK)
		return bench_fail("C_Sign failed: 0x%lx", rv);
	return 0;
}

static int
sign_message(void *context)
{
	struct p11 *p = context;

	return sign(p, p->message, p->len);
}

/* SoftHSM hashes nothing for ECDSA. */
static int
sign_digest(void *context)
{
	struct p11 *p = context;
	uint8_t digest[EH_SHA256_LEN];

	eh_sha256(p->message, p->len, digest);
	return sign(p, digest, sizeof(digest));
}

static int
check(void *context)
{
	struct p11 *p = context;

	if (eh_p256_verify(p->key->public.bytes, p->message, p->len,
		p->signature) != EH_OK)
		return bench_fail("a signature does not verify");
	return 0;
}

/* The smallest request that edgehsmd itself answers. */
static int
round_trip(void *context)
{
	struct p11 *p = context;
	uint8_t random[16];
	CK_RV rv = p->key->p11->C_GenerateRandom(
	    p->session, random, sizeof(random));

	return rv == CKR_OK ? 0
			    : bench_fail("C_GenerateRandom failed: 0x%lx", rv);
}

static void
end(void *context)
{
	struct p11 *p = context;

	p->key->p11->C_CloseSession(p->session);
	free(p);
}

const struct bench_ops p11_sign = { NULL, sign_message, check, end };
const struct bench_ops p11_sign_digest = { NULL, sign_digest, check, end };
const struct bench_ops p11_issue = { prepare, sign_message, check, end };
const struct bench_ops p11_round_trip = { NULL, round_trip, NULL, end };
