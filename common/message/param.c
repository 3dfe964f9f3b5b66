/* SPDX-License-Identifier: Apache-2.0 */
/* param.c - issue-param: the parameter of CKM_EDGEHSM_ISSUE. */
#include "config.h"

#include <string.h>

#include "common/message/items.h"
#include "common/message/param.h"

static const char what[] = "parameter of CKM_EDGEHSM_ISSUE";

static void
decode_proof(struct eh_cbor *c, struct eh_issue_param *p)
{
	size_t n;

	eh_cbor_array(c, 2, 2);
	p->has_proof = 1;
	p->proof.index = eh_item_u53(c);
	n = eh_cbor_array(c, 0, EH_PROOF_MAX);
	for (size_t i = 0; i < n; i++)
		eh_cbor_fixed(c, p->proof.hash[i], EH_DIGEST_LEN);
	p->proof.n = (uint8_t)n;
	eh_cbor_leave(c);
	eh_cbor_leave(c);
}

static void
decode_schema(struct eh_cbor *c, struct eh_issue_param *p)
{
	eh_cbor_map(c, 0, 7);
	if (eh_cbor_if_key(c, 1)) {
		p->has_authorization = 1;
		eh_cbor_fixed(c, p->authorization, EH_ID_LEN);
	}
	if (eh_cbor_if_key(c, 2)) {
		eh_cbor_array(c, 2, 2);
		eh_item_name(c, p->id_kind);
		eh_item_device_id(c, &p->device);
		eh_cbor_leave(c);
	}
	if (eh_cbor_if_key(c, 3)) {
		p->has_token = 1;
		eh_cbor_fixed(c, p->token, EH_ID_LEN);
	}
	if (eh_cbor_if_key(c, 4)) {
		eh_cbor_array(c, 2, 2);
		p->evidence_kind = (enum eh_evidence_kind)eh_cbor_uint(
		    c, EH_PARAM_CSR, EH_PARAM_ATTESTATION);
		p->evidence = eh_cbor_bytes(
		    c, 1, EH_EVIDENCE_MAX, &p->evidence_len);
		eh_cbor_leave(c);
	}
	if (eh_cbor_if_key(c, 5)) {
		eh_cbor_array(c, 2, 2);
		eh_item_name(c, p->line);
		eh_item_name(c, p->station);
		eh_cbor_leave(c);
	}
	if (eh_cbor_if_key(c, 6))
		p->mes_len = (uint8_t)eh_item_octets(c, 1, EH_MES_MAX, p->mes);
	if (eh_cbor_if_key(c, 7))
		decode_proof(c, p);
	eh_cbor_leave(c);
}

int
eh_issue_param_decode(const void *bytes, size_t len, struct eh_issue_param *p,
    struct eh_error *error)
{
	struct eh_cbor c;
	int err;

	memset(p, 0, sizeof(*p));
	if (len > EH_ISSUE_PARAM_MAX)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "%s: %zu bytes, the limit is %d", what, len,
		    EH_ISSUE_PARAM_MAX);
	eh_cbor_init(&c, bytes, len, EH_ITEMS_MAX);
	decode_schema(&c, p);
	if ((err = eh_item_end(&c, len, what, error)) != EH_OK)
		memset(p, 0, sizeof(*p));
	return err;
}

static void
encode_proof(const struct eh_issue_param *p, struct eh_writer *w)
{
	eh_cbor_put_uint(w, 7);
	eh_cbor_put_array(w, 2);
	eh_cbor_put_uint(w, p->proof.index);
	eh_cbor_put_array(w, p->proof.n);
	for (size_t i = 0; i < p->proof.n; i++)
		eh_cbor_put_bytes(w, p->proof.hash[i], EH_DIGEST_LEN);
}

void
eh_issue_param_encode(const struct eh_issue_param *p, struct eh_writer *w)
{
	eh_cbor_put_map(w, 0u + (p->has_authorization != 0) +
	    (p->device.len > 0) + (p->has_token != 0) +
	    (p->evidence_kind != EH_PARAM_NO_EVIDENCE) +
	    (p->line[0] != '\0') + (p->mes_len > 0) + (p->has_proof != 0));
	if (p->has_authorization)
		eh_item_put_pair_bytes(w, 1, p->authorization, EH_ID_LEN);
	if (p->device.len > 0) {
		eh_cbor_put_uint(w, 2);
		eh_cbor_put_array(w, 2);
		eh_cbor_put_text(w, p->id_kind);
		eh_item_put_device_id(w, &p->device);
	}
	if (p->has_token)
		eh_item_put_pair_bytes(w, 3, p->token, EH_ID_LEN);
	if (p->evidence_kind != EH_PARAM_NO_EVIDENCE) {
		eh_cbor_put_uint(w, 4);
		eh_cbor_put_array(w, 2);
		eh_cbor_put_uint(w, p->evidence_kind);
		eh_cbor_put_bytes(w, p->evidence, p->evidence_len);
	}
	if (p->line[0] != '\0') {
		eh_cbor_put_uint(w, 5);
		eh_cbor_put_array(w, 2);
		eh_cbor_put_text(w, p->line);
		eh_cbor_put_text(w, p->station);
	}
	if (p->mes_len > 0)
		eh_item_put_pair_bytes(w, 6, p->mes, p->mes_len);
	if (p->has_proof)
		encode_proof(p, w);
}
