/* SPDX-License-Identifier: Apache-2.0 */
/* req_sign.c - the request to sign: by purpose of the key. */
#include "config.h"

#include <string.h>

#include "common/crypto/digest.h"
#include "quota-engine/issue.h"
#include "quota-engine/req.h"

/* A raw digest of any length, as ECDSA takes it (FIPS 186-5 section 6.4.1):
 * the leftmost 256 bits, or all of them as a smaller number. */
static void
fit_digest(const uint8_t *data, size_t len, uint8_t digest[EH_DIGEST_LEN])
{
	memset(digest, 0, EH_DIGEST_LEN);
	if (len >= EH_DIGEST_LEN)
		memcpy(digest, data, EH_DIGEST_LEN);
	else
		memcpy(digest + EH_DIGEST_LEN - len, data, len);
}

/* A plain PKCS#11 key: it signs what it is given. */
static int
sign_general(struct eh_boundary *b, struct eh_call *call,
    const struct eh_state_key *key, uint8_t signature[EH_SIGNATURE_LEN],
    struct eh_error *error)
{
	enum eh_wire_mechanism mechanism = (enum eh_wire_mechanism)
	    eh_wire_number(call->in, EH_WIRE_MECHANISM);
	uint8_t digest[EH_DIGEST_LEN];
	const uint8_t *data;
	size_t len;

	if (mechanism == EH_MECH_ISSUE)
		return eh_error_set(error, EH_DENIED_MECHANISM,
		    "'%s' is a general key: only issuing keys issue "
		    "certificates under an authorization",
		    key->label);
	if (eh_wire_has(call->in, EH_WIRE_PARAM))
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "this mechanism takes no parameter");
	data = eh_wire_bytes(call->in, EH_WIRE_DATA, &len);
	if (mechanism == EH_MECH_ECDSA_SHA256)
		eh_sha256(data, len, digest);
	else if (len > 0)
		fit_digest(data, len, digest);
	else
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "an empty digest cannot be signed");
	return eh_keys_sign(b->keys, key->object, digest, signature, error);
}

/* SEQUENCE { INTEGER 0 ... }: a request for the key itself, which no quota
 * counts.  A wrong guess here changes only who waits. */
static int
is_request(const uint8_t *data, size_t len)
{
	static const uint8_t zero[] = { 0x02, 0x01, 0x00 };
	size_t head;

	if (len < 2)
		return 0;
	head = data[1] < 0x80 ? 2 : 2 + (size_t)(data[1] & 0x7f);
	return len >= head + sizeof(zero) &&
	    memcmp(data + head, zero, sizeof(zero)) == 0;
}

/* A key under authorizations: complete messages, judged by issue.c. */
static int
sign_issuing(struct eh_boundary *b, struct eh_call *call,
    const struct eh_state_key *key, uint8_t signature[EH_SIGNATURE_LEN],
    struct eh_error *error)
{
	enum eh_wire_mechanism mechanism = (enum eh_wire_mechanism)
	    eh_wire_number(call->in, EH_WIRE_MECHANISM);
	const uint8_t *data, *param = NULL;
	size_t len, paramlen = 0;
	int err;

	if (mechanism == EH_MECH_ECDSA)
		return eh_error_set(error, EH_DENIED_MECHANISM,
		    "'%s' is an issuing key: it signs complete messages, never "
		    "a digest",
		    key->label);
	data = eh_wire_bytes(call->in, EH_WIRE_DATA, &len);
	if (mechanism == EH_MECH_ISSUE)
		param = eh_wire_bytes(call->in, EH_WIRE_PARAM, &paramlen);
	else if (eh_wire_has(call->in, EH_WIRE_PARAM))
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "this mechanism takes no parameter");
	if (is_request(data, len) &&
	    (err = eh_throttle_wait(
		 &b->throttle, call->caller->peer.uid, error)) != EH_OK)
		return err;
	return eh_issue_sign(b, call->caller, key, data, len, param, paramlen,
	    signature, error);
}

static int
sign(struct eh_boundary *b, struct eh_call *call,
    const struct eh_state_key *key, uint8_t signature[EH_SIGNATURE_LEN],
    struct eh_error *error)
{
	switch ((enum eh_purpose)key->purpose) {
	case EH_PURPOSE_GENERAL:
		return sign_general(b, call, key, signature, error);
	case EH_PURPOSE_ISSUING:
		return sign_issuing(b, call, key, signature, error);
	case EH_PURPOSE_ATTESTATION:
		return eh_error_set(error, EH_DENIED_KEY,
		    "the attestation key signs only what edgehsmd states of "
		    "itself: receipt, enrolment, key attestation");
	case EH_PURPOSE_DERIVATION:
	case EH_PURPOSE_DEBUG:
	case EH_PURPOSE_TRANSPORT:
		break;
	}
	return eh_error_set(error, EH_DENIED_KEY,
	    "'%s' is no key for signing", key->label);
}

int
eh_req_sign(
    struct eh_boundary *b, struct eh_call *call, struct eh_error *error)
{
	uint8_t *signature = eh_call_keep(call, EH_SIGNATURE_LEN);
	struct eh_state_key key;
	int err;

	if (signature == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	if ((err = eh_keys_get(b->keys,
		 eh_wire_number(call->in, EH_WIRE_OBJECT), &key, error)) ==
		EH_OK &&
	    (err = eh_keys_check(b->keys, key.object, error)) == EH_OK &&
	    (err = sign(b, call, &key, signature, error)) == EH_OK)
		eh_wire_put_bytes(
		    &call->out, EH_WIRE_DATA, signature, EH_SIGNATURE_LEN);
	return err;
}
