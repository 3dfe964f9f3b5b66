/* SPDX-License-Identifier: Apache-2.0 */
/* enrol.h - enrolment request: an EdgeHSM introduces itself. */
#ifndef EH_COMMON_MESSAGE_ENROL_H
#define EH_COMMON_MESSAGE_ENROL_H

#include "common/message/types.h"

/* doc/format/message.md section 6. */
#define EH_ENROL_KEYS_MAX 64

/* A key of the token: digest of its SPKI (or of a secret key, keyid.h). */
struct eh_key_entry {
	uint8_t digest[EH_DIGEST_LEN];
	enum eh_purpose purpose;
	int32_t alg;		/* COSE number, -65535 to 65535 */
	enum eh_origin origin;
};

struct eh_enrol {
	uint8_t hsm_id[EH_HSM_ID_LEN];
	struct eh_rawkey key;	/* the attestation key, which signs this */
	uint8_t nkeys;		/* the other keys, sorted by digest */
	struct eh_key_entry keys[EH_ENROL_KEYS_MAX];
	struct eh_nonce nonce;	/* of the authority's invitation */
	struct eh_software software;
	enum eh_anchor_class anchor_class;
	uint8_t root[EH_DIGEST_LEN];	/* SPKI digest of the pinned root */
};

/*
 * Decode a payload.  Checked: the schema; the hsm-id is that of the key; keys
 * sorted, none twice.  EH_OK, EH_ERR_FORMAT, EH_ERR_TRAILING,
 * EH_ERR_UNSUPPORTED (a class above 0, or TPM evidence: not in this version).
 *
 * It is the one message that is decoded BEFORE its signature is verified, since
 * the key is inside; use eh_enrol_open().
 */
EH_MUST_CHECK int eh_enrol_decode(
    const void *payload, size_t len, struct eh_enrol *, struct eh_error *);

/* Write a payload, as eh_grant_encode() does. */
void eh_enrol_encode(const struct eh_enrol *, struct eh_writer *);

/*
 * Decode the whole message and verify it with the key inside: EH_OK proves that
 * the sender holds that key, nothing else.  Errors of eh_envelope_decode(),
 * eh_enrol_decode() and eh_envelope_verify().
 */
EH_MUST_CHECK int eh_enrol_open(
    const void *message, size_t len, struct eh_enrol *, struct eh_error *);

#endif
