/* SPDX-License-Identifier: Apache-2.0 */
/* case_evp.c - signatures by EVP_DigestSign: libcrypto's own, and through our
 * provider. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/crypto/ecdsa.h"
#include "common/crypto/evp.h"
#include "test/bench/cases.h"

/* One thread that signs. */
struct evp {
	struct bed *bed;
	OSSL_LIB_CTX *context;
	EVP_PKEY *key;		/* borrowed */
	struct eh_rawkey public;
	uint8_t message[EH_TBS_MAX];
	size_t len;
	uint8_t signature[EH_P256_DER_SIGNATURE_MAX];
	size_t siglen;
};

/* Certificates for new devices, each another. */
static int
prepare(void *context)
{
	struct evp *e = context;
	unsigned device = atomic_fetch_add(&e->bed->devices, 1);

	e->len = product_render(&e->bed->product, device,
	    &e->bed->device_key[device % BED_DEVICE_KEYS], e->message);
	return e->len > 0 ? 0 : -1;
}

static struct evp *
begin(struct bed *b, OSSL_LIB_CTX *context, EVP_PKEY *key)
{
	struct evp *e = calloc(1, sizeof(*e));

	if (e == NULL)
		bench_die("out of memory");
	e->bed = b;
	e->context = context;
	e->key = key;
	if (prepare(e) != 0)
		bench_die("no message to sign");
	return e;
}

void *
sign_raw_begin(struct bed *b, unsigned batch)
{
	struct evp *e = begin(b, NULL, b->soft);

	(void)batch;
	if (eh_evp_to_rawkey(b->soft, &e->public) != EH_OK)
		bench_die("libcrypto does not give its public key");
	return e;
}

void *
sign_provider_begin(struct bed *b, unsigned batch)
{
	struct evp *e = begin(b, b->context, b->provided_general);

	(void)batch;
	e->public = b->general.public;
	return e;
}

void *
issue_provider_begin(struct bed *b, unsigned batch)
{
	struct evp *e = begin(b, b->context, b->provided_issuing);

	(void)batch;
	e->public = b->issuing.public;
	return e;
}

static int
sign(void *context)
{
	struct evp *e = context;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int ok;

	e->siglen = sizeof(e->signature);
	ok = ctx != NULL &&
	    EVP_DigestSignInit_ex(ctx, NULL, "SHA256", e->context, NULL,
		e->key, NULL) == 1 &&
	    EVP_DigestSign(ctx, e->signature, &e->siglen, e->message, e->len) ==
		1;
	EVP_MD_CTX_free(ctx);
	return ok ? 0 : bench_fail("EVP_DigestSign failed");
}

static int
check(void *context)
{
	struct evp *e = context;
	uint8_t raw[EH_P256_SIGNATURE_LEN];

	if (eh_p256_signature_from_der(e->signature, e->siglen, raw) !=
		EH_OK ||
	    eh_p256_verify(e->public.bytes, e->message, e->len, raw) != EH_OK)
		return bench_fail("a signature does not verify");
	return 0;
}

static void
end(void *context)
{
	free(context);
}

const struct bench_ops evp_sign = { NULL, sign, check, end };
const struct bench_ops evp_issue = { prepare, sign, check, end };
