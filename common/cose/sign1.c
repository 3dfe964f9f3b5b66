/* SPDX-License-Identifier: Apache-2.0 */
/* sign1.c - COSE_Sign1 (RFC 9052 section 4.2), read, verified and built. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/cbor/cbor.h"
#include "common/cose/sign1.h"
#include "common/crypto/digest.h"

#define TAG_SIGN1    18
#define LABEL_ALG    1
#define LABEL_CRIT   2
#define LABELS_MAX   16
#define ITEMS_MAX    64
#define HEAD_MAX     9	/* of a CBOR string */

static const char context[] = "Signature1";

/* The labels that may be critical: what this layer obeys (alg), and what it
 * hands on and the layer above obeys (kid, typ). */
static int
is_known(int64_t label)
{
	return label == LABEL_ALG || label == 4 || label == 16;
}

/* The protected header: {1 => alg, ? 2 => [critical labels], others}.  alg is
 * first, because no label sorts before it. */
static int
decode_protected(struct eh_sign1 *s)
{
	struct eh_cbor c;
	int64_t crit[LABELS_MAX], seen[LABELS_MAX];
	size_t labels, len, ncrit = 0, n = 1, i, j;

	eh_cbor_init(&c, s->protected, s->protected_len, ITEMS_MAX);
	labels = eh_cbor_map(&c, 1, LABELS_MAX);
	eh_cbor_key(&c, LABEL_ALG);
	s->alg = eh_cbor_int(&c, INT32_MIN, INT32_MAX);
	seen[0] = LABEL_ALG;
	if (eh_cbor_if_key(&c, LABEL_CRIT)) {
		ncrit = eh_cbor_array(&c, 1, LABELS_MAX);
		for (i = 0; i < ncrit; i++)
			crit[i] = eh_cbor_int(&c, INT32_MIN, INT32_MAX);
		eh_cbor_leave(&c);
		seen[n++] = LABEL_CRIT;
	}
	for (; n < labels; n++) {
		seen[n] = eh_cbor_any_key(&c, INT32_MIN, INT32_MAX);
		eh_cbor_skip(&c, &len);
	}
	eh_cbor_leave(&c);
	for (i = 0; i < ncrit; i++) {
		for (j = 0; j < n && seen[j] != crit[i]; j++)
			continue;
		if (j == n || !is_known(crit[i]))
			eh_cbor_fail(&c, EH_ERR_FORMAT);
	}
	return eh_cbor_end(&c);
}

int
eh_sign1_decode(const void *bytes, size_t len, struct eh_sign1 *s)
{
	struct eh_cbor c;
	int err;

	memset(s, 0, sizeof(*s));
	eh_cbor_init(&c, bytes, len, ITEMS_MAX);
	if (!eh_cbor_tag(&c, TAG_SIGN1))
		eh_cbor_fail(&c, EH_ERR_FORMAT);
	eh_cbor_array(&c, 4, 4);
	s->protected = eh_cbor_bytes(&c, 0, len, &s->protected_len);
	if (eh_cbor_peek(&c) != 5)	/* a map */
		eh_cbor_fail(&c, EH_ERR_FORMAT);
	s->unprotected = eh_cbor_skip(&c, &s->unprotected_len);
	s->payload = eh_cbor_bytes(&c, 0, len, &s->payload_len);
	s->signature = eh_cbor_bytes(&c, 1, len, &s->signature_len);
	eh_cbor_leave(&c);
	err = eh_cbor_end(&c);
	/* Trailing bytes inside a bstr are not those of a message. */
	if (err == EH_OK && decode_protected(s) != EH_OK)
		err = EH_ERR_FORMAT;
	if (err != EH_OK)
		memset(s, 0, sizeof(*s));
	return err;
}

/* The head of a byte string: what eh_cbor_put_bytes() writes before it. */
static size_t
bytes_head(uint8_t head[HEAD_MAX], size_t len)
{
	struct eh_writer w;
	size_t n = 0;

	/* An unsigned integer has the same head, under major type 0. */
	eh_writer_init(&w, head, HEAD_MAX);
	eh_cbor_put_uint(&w, len);
	if (eh_writer_end(&w, &n) != EH_OK)
		return 0;
	head[0] |= 0x40;
	return n;
}

static void
hash_bytes(struct eh_sha256 *sha, const void *bytes, size_t len)
{
	uint8_t head[HEAD_MAX];

	eh_sha256_update(sha, head, bytes_head(head, len));
	eh_sha256_update(sha, bytes, len);
}

void
eh_sign1_digest(const struct eh_sign1 *s, const void *aad, size_t aadlen,
    uint8_t digest[32])
{
	/* What eh_sign1_tbs() writes, without the memory to write it to. */
	static const uint8_t array = 0x84, text = 0x60 | (sizeof(context) - 1);
	struct eh_sha256 sha;

	eh_sha256_init(&sha);
	eh_sha256_update(&sha, &array, 1);
	eh_sha256_update(&sha, &text, 1);
	eh_sha256_update(&sha, context, sizeof(context) - 1);
	hash_bytes(&sha, s->protected, s->protected_len);
	hash_bytes(&sha, aad, aadlen);
	hash_bytes(&sha, s->payload, s->payload_len);
	eh_sha256_final(&sha, digest);
}

void
eh_sign1_tbs(const struct eh_sign1 *s, const void *aad, size_t aadlen,
    struct eh_writer *w)
{
	eh_cbor_put_array(w, 4);
	eh_cbor_put_text(w, context);
	eh_cbor_put_bytes(w, s->protected, s->protected_len);
	eh_cbor_put_bytes(w, aad, aadlen);
	eh_cbor_put_bytes(w, s->payload, s->payload_len);
}

/* The Sig_structure in memory that the caller frees, or NULL. */
static uint8_t *
make_tbs(
    const struct eh_sign1 *s, const void *aad, size_t aadlen, size_t *lenp)
{
	struct eh_writer w;
	uint8_t *tbs;
	size_t need = 0;

	eh_writer_init(&w, NULL, 0);
	eh_sign1_tbs(s, aad, aadlen, &w);
	if (eh_writer_end(&w, &need) != EH_ERR_SPACE ||
	    (tbs = malloc(need)) == NULL)
		return NULL;
	eh_writer_init(&w, tbs, need);
	eh_sign1_tbs(s, aad, aadlen, &w);
	if (eh_writer_end(&w, lenp) != EH_OK) {
		free(tbs);
		return NULL;
	}
	return tbs;
}

int
eh_sign1_verify(const struct eh_sign1 *s, const struct eh_verifier *verifier,
    const void *aad, size_t aadlen)
{
	const struct eh_rawkey *key = eh_verifier_key(verifier);
	uint8_t digest[EH_SHA256_LEN], *tbs;
	size_t len = 0;
	int err;

	if (!eh_rawkey_fits(key, s->alg) ||
	    s->signature_len != EH_SIGNATURE_LEN)
		return EH_ERR_SIGNATURE;
	if (key->len == EH_P256_POINT_LEN) {
		eh_sign1_digest(s, aad, aadlen, digest);
		return eh_verifier_verify_digest(
		    verifier, digest, s->signature);
	}
	if ((tbs = make_tbs(s, aad, aadlen, &len)) == NULL)
		return EH_ERR_MEMORY;
	err = eh_verifier_verify(verifier, tbs, len, s->signature);
	free(tbs);
	return err;
}

int
eh_sign1_sign(const struct eh_sign1 *s, const struct eh_signer *signer,
    const void *aad, size_t aadlen, uint8_t signature[EH_SIGNATURE_LEN])
{
	size_t len = 0;
	uint8_t *tbs = make_tbs(s, aad, aadlen, &len);
	int err;

	if (tbs == NULL)
		return EH_ERR_MEMORY;
	err = signer->sign(signer->arg, tbs, len, signature);
	free(tbs);
	return err;
}

void
eh_sign1_encode(const struct eh_sign1 *s, struct eh_writer *w)
{
	eh_cbor_put_tag(w, TAG_SIGN1);
	eh_cbor_put_array(w, 4);
	eh_cbor_put_bytes(w, s->protected, s->protected_len);
	eh_writer_bytes(w, s->unprotected, s->unprotected_len);
	eh_cbor_put_bytes(w, s->payload, s->payload_len);
	eh_cbor_put_bytes(w, s->signature, s->signature_len);
}
