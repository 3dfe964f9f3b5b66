/* SPDX-License-Identifier: Apache-2.0 */
/* chipattest.h - what a chip says of itself, signed by it: evidence of kind 2. */
#ifndef EH_COMMON_MESSAGE_CHIPATTEST_H
#define EH_COMMON_MESSAGE_CHIPATTEST_H

#include "common/crypto/rawkey.h"
#include "common/message/param.h"
#include "common/message/types.h"

/*
 * doc/format/evidence.md.  Three layers: the evidence [ kind, octets ] that is
 * imported, or stands in the parameter of CKM_EDGEHSM_ISSUE; the attestation
 * [ 1, chain, ATTEST, signature ] in it; and ATTEST, the octets that the chip
 * signs.  Whether any of it is true is chain.h's and the boundary's to say.
 */
#define EH_CHIP_CERTS       3
#define EH_CHIP_CERT_MAX    2048
#define EH_CHIP_KEYS        64
#define EH_CHIP_CHALLENGE   32
#define EH_CHIP_SIGNATURE   64
#define EH_CHIP_SOC_ID      16
#define EH_CHIP_PERMISSIONS 16
#define EH_CHIP_ID_MAX      32	/* label 28: 20 octets, or a digest */
#define EH_CHIP_ID_SOC      20	/* u32 SoC class, SoC id */
#define EH_CHIP_ATTEST_MAX  (153 + EH_CHIP_KEYS * 69)

/* The place of the key to which secrets are sealed: never one to be certified. */
#define EH_CHIP_PLACE_TRANSPORT UINT32_MAX

#define EH_CHIP_LIFECYCLE_PROVISION 0x2000
#define EH_CHIP_LIFECYCLE_SECURED   0x3000

struct eh_chip_key {
	uint32_t place;
	uint8_t point[EH_P256_POINT_LEN];	/* begins with 04; not checked
						 * to lie on the curve */
};

/* ATTEST, read. */
struct eh_chip_says {
	uint8_t nonce[EH_CHIP_CHALLENGE];
	uint16_t lifecycle;
	uint32_t soc_class;
	uint8_t soc_id[EH_CHIP_SOC_ID];
	uint8_t rotpk[EH_DIGEST_LEN];	/* all zero: not set */
	uint8_t session;		/* 0 none 1 challenge is out 2 open */
	uint8_t permissions[EH_CHIP_PERMISSIONS];
	uint8_t firmware[EH_DIGEST_LEN];
	uint8_t nkeys;
	struct eh_chip_key key[EH_CHIP_KEYS];	/* no place twice */
};

/* Bytes are borrowed. */
struct eh_chip_bytes {
	const uint8_t *at;
	size_t len;
};

struct eh_chipattest {
	unsigned ncerts;
	struct eh_chip_bytes cert[EH_CHIP_CERTS];	/* DER, the chip's first */
	struct eh_chip_bytes said;		/* ATTEST as it was signed */
	uint8_t signature[EH_CHIP_SIGNATURE];	/* r || s */
};

struct eh_evidence_item {
	enum eh_evidence_kind kind;
	struct eh_chip_bytes bytes;
};

/* Read [ kind, octets ] whole.  EH_ERR_FORMAT, EH_ERR_TRAILING. */
EH_MUST_CHECK int eh_evidence_item_decode(
    const void *bytes, size_t len, struct eh_evidence_item *, struct eh_error *);
void eh_evidence_item_encode(const struct eh_evidence_item *, struct eh_writer *);

/* Read [ 1, chain, ATTEST, signature ] whole.  EH_ERR_FORMAT,
 * EH_ERR_TRAILING, EH_ERR_UNSUPPORTED (the form of a TPM). */
EH_MUST_CHECK int eh_chipattest_decode(
    const void *bytes, size_t len, struct eh_chipattest *, struct eh_error *);
void eh_chipattest_encode(const struct eh_chipattest *, struct eh_writer *);

/* Read ATTEST whole.  EH_ERR_FORMAT, EH_ERR_TRAILING, EH_ERR_UNSUPPORTED (a
 * RECEIPT). */
EH_MUST_CHECK int eh_chip_says_decode(
    const void *bytes, size_t len, struct eh_chip_says *, struct eh_error *);
void eh_chip_says_encode(const struct eh_chip_says *, struct eh_writer *);

/* The chip id: u32 SoC class, SoC id. */
void eh_chip_says_id(
    const struct eh_chip_says *, uint8_t id[EH_CHIP_ID_SOC]);

#endif
