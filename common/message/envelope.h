/* SPDX-License-Identifier: Apache-2.0 */
/* envelope.h - the one envelope of every signed message: exact headers, exact
 * types, exact sizes. */
#ifndef EH_COMMON_MESSAGE_ENVELOPE_H
#define EH_COMMON_MESSAGE_ENVELOPE_H

#include <stddef.h>
#include <stdint.h>

#include "common/cose/sign1.h"
#include "common/crypto/keyid.h"
#include "common/crypto/rawkey.h"
#include "common/crypto/signer.h"
#include "common/err.h"
#include "common/message/types.h"
#include "common/writer.h"

/* doc/format/message.md section 1.  The order of the table in envelope.c. */
enum eh_message_type {
	EH_MESSAGE_GRANT,
	EH_MESSAGE_PAUTH,
	EH_MESSAGE_DAUTH,
	EH_MESSAGE_REVOKE,
	EH_MESSAGE_TIME,
	EH_MESSAGE_ACK,
	EH_MESSAGE_RELEASE,
	EH_MESSAGE_CRLORDER,
	EH_MESSAGE_AGREE,
	EH_MESSAGE_RECEIPT,
	EH_MESSAGE_ENROL,
	EH_MESSAGE_KEYATTEST,
	EH_MESSAGE_COUNT,
	EH_MESSAGE_COUNTREQ
};
#define EH_MESSAGE_TYPES 14

/* Who signs a message of this type. */
enum eh_message_signer {
	EH_SIGNED_BY_ROOT,	/* the pinned OEM root */
	EH_SIGNED_BY_ROLE,	/* a key that the grant gives the row's role */
	EH_SIGNED_BY_HSM	/* the attestation key of an EdgeHSM */
};

struct eh_message_info {
	const char *name;	/* "production authorization" */
	const char *typ;	/* "application/edgehsm-pauth+cwt" */
	enum eh_message_signer signer;
	enum eh_role role;	/* with EH_SIGNED_BY_ROLE, else 0 */
	size_t max;		/* bytes of the whole message */
	int supported;		/* 1 when this version can read it */
};

/* Room for any message, and for any but a receipt. */
#define EH_MESSAGE_MAX         65536
#define EH_MESSAGE_MAX_INBOUND 8192

/* Return the row of ${type}; never NULL for a value of the enum. */
const struct eh_message_info *eh_message_info(enum eh_message_type type);

/*
 * A decoded envelope.  All pointers in ${sign1} borrow from the message.  The
 * payload is not trusted before eh_envelope_verify() said EH_OK.
 */
struct eh_envelope {
	enum eh_message_type type;
	int64_t alg;
	uint8_t kid[EH_KID_LEN];
	struct eh_sign1 sign1;
};

/*
 * Decode ${len} bytes: tag 18, protected header of exactly {1 alg, 2 [16],
 * 4 kid, 16 typ}, unprotected a0, a payload, a signature of 64 bytes, nothing
 * behind, sizes as the table says.  EH_OK; EH_ERR_FORMAT, EH_ERR_TRAILING;
 * EH_ERR_UNSUPPORTED for a type or an algorithm that this version knows by name
 * and does not read ("revocation update is not supported by this version").
 */
EH_MUST_CHECK int eh_envelope_decode(const void *bytes, size_t len,
    struct eh_envelope *, struct eh_error *);

/*
 * Verify with ${key}, which must have the header's kid and be of the kind that
 * its algorithm names.  EH_OK, EH_ERR_SIGNATURE, or EH_ERR_CRYPTO and
 * EH_ERR_MEMORY when libcrypto failed.  Whether that key may sign this type is
 * the caller's question (its role, its state, its name).
 */
EH_MUST_CHECK int eh_envelope_verify(const struct eh_envelope *,
    const struct eh_rawkey *key, struct eh_error *);

/* SHA-256 of the Sig_structure: the identity of a message. */
void eh_envelope_digest(
    const struct eh_envelope *, uint8_t digest[EH_DIGEST_LEN]);

/*
 * Put ${payload} into an envelope of ${type}, sign it with ${signer} and write
 * it.  The payload is not looked at: whoever built it from values of others
 * decodes it first, which applies every rule.  EH_OK; EH_ERR_ARGUMENT when it
 * is empty or too long for the type; what the signer returned.  EH_ERR_SPACE
 * latches in the writer.
 */
EH_MUST_CHECK int eh_envelope_sign(enum eh_message_type type,
    const void *payload, size_t len, const struct eh_signer *signer,
    struct eh_writer *, struct eh_error *);

#endif
