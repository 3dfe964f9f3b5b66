/* SPDX-License-Identifier: Apache-2.0 */
/* envelope.c - the one envelope of every signed message. */
#include "config.h"

#include <string.h>

#include "common/cbor/cbor.h"
#include "common/hex.h"
#include "common/message/envelope.h"

#define PROTECTED_MAX 128
#define LABEL_TYP     16
#define INBOUND       EH_MESSAGE_MAX_INBOUND

#define APPLICATION(name) "application/edgehsm-" name "+cwt"

/* What there is; anything else is refused.  The rows that are not supported
 * are here so that the refusal can say their name. */
/* clang-format off */
static const struct eh_message_info messages[EH_MESSAGE_TYPES] = {
	[EH_MESSAGE_GRANT] = { "issuer grant", APPLICATION("grant"),
	    EH_SIGNED_BY_ROOT, 0, INBOUND, 1 },
	[EH_MESSAGE_PAUTH] = { "production authorization", APPLICATION("pauth"),
	    EH_SIGNED_BY_ROLE, EH_ROLE_PAUTH, INBOUND, 1 },
	[EH_MESSAGE_DAUTH] = { "debug authorization", APPLICATION("dauth"),
	    EH_SIGNED_BY_ROLE, EH_ROLE_DAUTH, INBOUND, 0 },
	[EH_MESSAGE_REVOKE] = { "revocation update", APPLICATION("revoke"),
	    EH_SIGNED_BY_ROLE, EH_ROLE_REVOKE, INBOUND, 1 },
	[EH_MESSAGE_TIME] = { "time attestation", APPLICATION("time"),
	    EH_SIGNED_BY_ROLE, EH_ROLE_TIME, 512, 1 },
	[EH_MESSAGE_ACK] = { "record acknowledgement", APPLICATION("ack"),
	    EH_SIGNED_BY_ROLE, EH_ROLE_ACK, INBOUND, 1 },
	[EH_MESSAGE_RELEASE] = { "release manifest", APPLICATION("release"),
	    EH_SIGNED_BY_ROLE, EH_ROLE_RELEASE, INBOUND, 0 },
	[EH_MESSAGE_CRLORDER] = { "CRL order", APPLICATION("crlorder"),
	    EH_SIGNED_BY_ROLE, EH_ROLE_CRLORDER, 512, 0 },
	[EH_MESSAGE_AGREE] = { "root agreement", APPLICATION("agree"),
	    EH_SIGNED_BY_ROLE, EH_ROLE_AGREE, 512, 0 },
	[EH_MESSAGE_RECEIPT] = { "receipt", APPLICATION("receipt"),
	    EH_SIGNED_BY_HSM, 0, EH_MESSAGE_MAX, 1 },
	[EH_MESSAGE_ENROL] = { "enrolment request", APPLICATION("enrol"),
	    EH_SIGNED_BY_HSM, 0, INBOUND, 1 },
	[EH_MESSAGE_KEYATTEST] = { "key attestation", APPLICATION("keyattest"),
	    EH_SIGNED_BY_HSM, 0, 4096, 1 },
	[EH_MESSAGE_COUNT] = { "count", APPLICATION("count"),
	    EH_SIGNED_BY_ROLE, EH_ROLE_COUNT, 1024, 1 },
	[EH_MESSAGE_COUNTREQ] = { "count request", APPLICATION("countreq"),
	    EH_SIGNED_BY_HSM, 0, 512, 1 },
};

/* clang-format on */

const struct eh_message_info *
eh_message_info(enum eh_message_type type)
{
	return &messages[type];
}

/* Exactly {1 => alg, 2 => [16], 4 => kid, 16 => typ}. */
static int
decode_header(struct eh_envelope *e, const char **typp, size_t *typlenp)
{
	struct eh_cbor c;

	if (e->sign1.protected_len > PROTECTED_MAX)
		return EH_ERR_FORMAT;
	eh_cbor_init(&c, e->sign1.protected, e->sign1.protected_len, 16);
	eh_cbor_map(&c, 4, 4);
	eh_cbor_key(&c, 1);
	e->alg = eh_cbor_int(&c, INT32_MIN, INT32_MAX);
	eh_cbor_key(&c, 2);
	eh_cbor_array(&c, 1, 1);
	eh_cbor_uint(&c, LABEL_TYP, LABEL_TYP);
	eh_cbor_leave(&c);
	eh_cbor_key(&c, 4);
	eh_cbor_fixed(&c, e->kid, EH_KID_LEN);
	eh_cbor_key(&c, LABEL_TYP);
	*typp = eh_cbor_text(&c, 1, PROTECTED_MAX, typlenp);
	eh_cbor_leave(&c);
	return eh_cbor_end(&c);
}

static int
check_type(struct eh_envelope *e, const char *typ, size_t len,
    struct eh_error *error)
{
	for (size_t i = 0; i < EH_MESSAGE_TYPES; i++) {
		if (strlen(messages[i].typ) != len ||
		    memcmp(messages[i].typ, typ, len) != 0)
			continue;
		e->type = (enum eh_message_type)i;
		if (messages[i].supported)
			return EH_OK;
		return eh_error_set(error, EH_ERR_UNSUPPORTED,
		    "a %s is not supported by this version", messages[i].name);
	}
	return eh_error_set(error, EH_ERR_FORMAT,
	    "unknown type of message: %.*s", (int)len, typ);
}

static int
check_alg(const struct eh_envelope *e, struct eh_error *error)
{
	int err = eh_alg_check(e->alg);

	if (err == EH_OK)
		return EH_OK;
	return eh_error_set(error, err, "%s: %s (%d) is not supported by this "
	    "version", messages[e->type].name, eh_alg_name(e->alg),
	    (int)e->alg);
}

/* Sizes and what must be empty, once the type is known. */
static int
check_parts(const struct eh_envelope *e, size_t len, struct eh_error *error)
{
	const struct eh_message_info *info = &messages[e->type];
	const struct eh_sign1 *s = &e->sign1;

	if (len > info->max)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "%s: %zu bytes, the limit is %zu", info->name, len,
		    info->max);
	if (s->unprotected_len != 1)	/* a0: decode saw that it is a map */
		return eh_error_set(error, EH_ERR_FORMAT,
		    "%s: the unprotected header is not empty", info->name);
	if (s->payload_len < 1)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "%s: there is no payload", info->name);
	if (s->signature_len != EH_SIGNATURE_LEN)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "%s: a signature of %zu bytes, it must have %d",
		    info->name, s->signature_len, EH_SIGNATURE_LEN);
	return EH_OK;
}

static int
decode(const void *bytes, size_t len, struct eh_envelope *e,
    struct eh_error *error)
{
	const char *typ = "";
	size_t typlen = 0;
	int err;

	if (len > EH_MESSAGE_MAX)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "a message of %zu bytes, the limit is %d", len,
		    EH_MESSAGE_MAX);
	if ((err = eh_sign1_decode(bytes, len, &e->sign1)) != EH_OK)
		return eh_error_set(error, err,
		    "not a signed message of EdgeHSM (COSE_Sign1 with tag 18), "
		    "or one that was cut or changed: %s in %zu bytes",
		    eh_err_text(err), len);
	if (decode_header(e, &typ, &typlen) != EH_OK)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "the protected header is not exactly algorithm, critical "
		    "labels, key id and type");
	if ((err = check_type(e, typ, typlen, error)) != EH_OK ||
	    (err = check_alg(e, error)) != EH_OK)
		return err;
	return check_parts(e, len, error);
}

int
eh_envelope_decode(const void *bytes, size_t len, struct eh_envelope *e,
    struct eh_error *error)
{
	int err;

	memset(e, 0, sizeof(*e));
	if ((err = decode(bytes, len, e, error)) != EH_OK)
		memset(e, 0, sizeof(*e));
	return err;
}

int
eh_envelope_verify(const struct eh_envelope *e, const struct eh_rawkey *key,
    struct eh_error *error)
{
	const char *what = messages[e->type].name;
	struct eh_verifier *verifier = NULL;
	uint8_t kid[EH_KID_LEN];
	char signer[EH_HEX_SIZE(EH_KID_LEN)], other[EH_HEX_SIZE(EH_KID_LEN)];
	int err;

	eh_keyid_kid(key, kid);
	eh_hex_encode(e->kid, EH_KID_LEN, signer);
	eh_hex_encode(kid, EH_KID_LEN, other);
	if (memcmp(kid, e->kid, EH_KID_LEN) != 0)
		return eh_error_set(error, EH_ERR_SIGNATURE,
		    "%s: signed by key %s, not by key %s", what, signer, other);
	if ((err = eh_verifier_new(key, &verifier)) == EH_OK)
		err = eh_sign1_verify(&e->sign1, verifier, NULL, 0);
	eh_verifier_free(verifier);
	if (err != EH_OK)
		return eh_error_set(error, err,
		    "%s: %s (key %s)", what, eh_err_text(err), signer);
	return EH_OK;
}

void
eh_envelope_digest(const struct eh_envelope *e, uint8_t digest[EH_DIGEST_LEN])
{
	eh_sign1_digest(&e->sign1, NULL, 0, digest);
}

static int
encode_header(const struct eh_message_info *info,
    const struct eh_signer *signer, uint8_t out[PROTECTED_MAX], size_t *lenp)
{
	struct eh_writer w;

	eh_writer_init(&w, out, PROTECTED_MAX);
	eh_cbor_put_map(&w, 4);
	eh_cbor_put_uint(&w, 1);
	eh_cbor_put_int(&w, signer->alg);
	eh_cbor_put_uint(&w, 2);
	eh_cbor_put_array(&w, 1);
	eh_cbor_put_uint(&w, LABEL_TYP);
	eh_cbor_put_uint(&w, 4);
	eh_cbor_put_bytes(&w, signer->kid, EH_KID_LEN);
	eh_cbor_put_uint(&w, LABEL_TYP);
	eh_cbor_put_text(&w, info->typ);
	return eh_writer_end(&w, lenp);
}

int
eh_envelope_sign(enum eh_message_type type, const void *payload, size_t len,
    const struct eh_signer *signer, struct eh_writer *w,
    struct eh_error *error)
{
	static const uint8_t empty_map = 0xa0;
	const struct eh_message_info *info = &messages[type];
	uint8_t header[PROTECTED_MAX], signature[EH_SIGNATURE_LEN];
	struct eh_sign1 s = {
		.protected = header,
		.unprotected = &empty_map,
		.unprotected_len = 1,
		.payload = payload,
		.payload_len = len,
		.signature = signature,
		.signature_len = EH_SIGNATURE_LEN,
	};
	struct eh_writer count;
	size_t total = 0;
	int err;

	if ((err = encode_header(info, signer, header, &s.protected_len)) !=
	    EH_OK)
		return eh_error_set(error, err, "%s: header", info->name);
	memset(signature, 0, sizeof(signature));
	eh_writer_init(&count, NULL, 0);
	eh_sign1_encode(&s, &count);
	if (len < 1)
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "%s: there is no payload", info->name);
	if (eh_writer_end(&count, &total) != EH_ERR_SPACE || total > info->max)
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "%s: it would have %zu bytes, the limit is %zu",
		    info->name, total, info->max);
	if ((err = eh_sign1_sign(&s, signer, NULL, 0, signature)) != EH_OK)
		return eh_error_set(error, err, "%s: cannot be signed: %s",
		    info->name, eh_err_text(err));
	eh_sign1_encode(&s, w);
	return EH_OK;
}
