/* SPDX-License-Identifier: Apache-2.0 */
/* param.h - issue-param: the parameter of CKM_EDGEHSM_ISSUE, flat bytes. */
#ifndef EH_COMMON_MESSAGE_PARAM_H
#define EH_COMMON_MESSAGE_PARAM_H

#include "common/message/types.h"

/* doc/format/param.md. */
#define EH_ISSUE_PARAM_MAX 12288
#define EH_EVIDENCE_MAX    8192
#define EH_PROOF_MAX       64

enum eh_evidence_kind {
	EH_PARAM_NO_EVIDENCE = 0,
	EH_PARAM_CSR = 1,	/* PKCS#10, DER */
	EH_PARAM_ATTESTATION = 2
};

/* Leaf index and RFC 9162 inclusion proof of a device in an EH_SCOPE_TREE. */
struct eh_scope_proof {
	uint64_t index;
	uint8_t n;
	uint8_t hash[EH_PROOF_MAX][EH_DIGEST_LEN];
};

/* Every member may be absent.  An empty map is a legal parameter. */
struct eh_issue_param {
	uint8_t has_authorization;
	uint8_t authorization[EH_ID_LEN];
	char id_kind[EH_NAME_MAX + 1];
	struct eh_device_id device;	/* len 0: absent */
	uint8_t has_token;
	uint8_t token[EH_ID_LEN];	/* of the client */
	enum eh_evidence_kind evidence_kind;
	const uint8_t *evidence;	/* borrowed from the bytes decoded */
	size_t evidence_len;
	char line[EH_NAME_MAX + 1];	/* both or none */
	char station[EH_NAME_MAX + 1];
	uint8_t mes_len;
	uint8_t mes[EH_MES_MAX];
	uint8_t has_proof;
	struct eh_scope_proof proof;
};

/* Decode a parameter; evidence borrows from ${bytes}.  EH_OK, EH_ERR_FORMAT,
 * EH_ERR_TRAILING. */
EH_MUST_CHECK int eh_issue_param_decode(
    const void *bytes, size_t len, struct eh_issue_param *, struct eh_error *);

/* Write one, as eh_grant_encode() does. */
void eh_issue_param_encode(const struct eh_issue_param *, struct eh_writer *);

#endif
