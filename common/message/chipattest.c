/* SPDX-License-Identifier: Apache-2.0 */
/* chipattest.c - what a chip says of itself, signed by it: evidence of kind 2. */
#include "config.h"

#include <string.h>

#include "common/message/chipattest.h"
#include "common/message/items.h"
#include "common/reader.h"
#include "common/writer.h"

#define FORM_CHIP 1
#define FORM_TPM  2

static const char attest_label[] = "EdgeHSM-attest-v1";
static const char receipt_label[] = "EdgeHSM-chip-receipt-v1";
#define LABEL_LEN   (sizeof(attest_label) - 1)
#define RECEIPT_LEN (sizeof(receipt_label) - 1)

int
eh_evidence_item_decode(const void *bytes, size_t len, struct eh_evidence_item *e,
    struct eh_error *error)
{
	struct eh_cbor c;
	int err;

	memset(e, 0, sizeof(*e));
	eh_cbor_init(&c, bytes, len, 4);
	eh_cbor_array(&c, 2, 2);
	e->kind = (enum eh_evidence_kind)eh_cbor_uint(
	    &c, EH_PARAM_CSR, EH_PARAM_ATTESTATION);
	e->bytes.at = eh_cbor_bytes(&c, 1, EH_EVIDENCE_MAX, &e->bytes.len);
	eh_cbor_leave(&c);
	if ((err = eh_item_end(&c, len, "evidence", error)) != EH_OK)
		memset(e, 0, sizeof(*e));
	return err;
}

void
eh_evidence_item_encode(const struct eh_evidence_item *e, struct eh_writer *w)
{
	eh_cbor_put_array(w, 2);
	eh_cbor_put_uint(w, e->kind);
	eh_cbor_put_bytes(w, e->bytes.at, e->bytes.len);
}

static void
decode_chain(struct eh_cbor *c, struct eh_chipattest *a)
{
	a->ncerts = (unsigned)eh_cbor_array(c, 1, EH_CHIP_CERTS);
	for (unsigned i = 0; i < a->ncerts; i++)
		a->cert[i].at = eh_cbor_bytes(
		    c, 1, EH_CHIP_CERT_MAX, &a->cert[i].len);
	eh_cbor_leave(c);
}

/* [ 2, [ 1*3 DER ], TPM2B_PUBLIC ] is three long. */
static int
is_of_tpm(const void *bytes, size_t len)
{
	const uint8_t *b = bytes;

	return len >= 2 && b[0] == 0x83 && b[1] == FORM_TPM;
}

int
eh_chipattest_decode(const void *bytes, size_t len, struct eh_chipattest *a,
    struct eh_error *error)
{
	struct eh_cbor c;
	int err;

	memset(a, 0, sizeof(*a));
	if (is_of_tpm(bytes, len))
		return eh_error_set(error, EH_ERR_UNSUPPORTED,
		    "the attestation of a TPM is not supported by this "
		    "version");
	eh_cbor_init(&c, bytes, len, 16);
	eh_cbor_array(&c, 4, 4);
	(void)eh_cbor_uint(&c, FORM_CHIP, FORM_CHIP);
	decode_chain(&c, a);
	a->said.at = eh_cbor_bytes(&c, 1, EH_EVIDENCE_MAX, &a->said.len);
	eh_cbor_fixed(&c, a->signature, sizeof(a->signature));
	eh_cbor_leave(&c);
	if ((err = eh_item_end(&c, len, "attestation", error)) != EH_OK)
		memset(a, 0, sizeof(*a));
	return err;
}

void
eh_chipattest_encode(const struct eh_chipattest *a, struct eh_writer *w)
{
	eh_cbor_put_array(w, 4);
	eh_cbor_put_uint(w, FORM_CHIP);
	eh_cbor_put_array(w, a->ncerts);
	for (unsigned i = 0; i < a->ncerts; i++)
		eh_cbor_put_bytes(w, a->cert[i].at, a->cert[i].len);
	eh_cbor_put_bytes(w, a->said.at, a->said.len);
	eh_cbor_put_bytes(w, a->signature, sizeof(a->signature));
}

static int
is_none(const uint8_t *bytes, size_t len)
{
	uint8_t any = 0;

	for (size_t i = 0; i < len; i++)
		any |= bytes[i];
	return any == 0;
}

static void
decode_state(struct eh_reader *r, struct eh_chip_says *s)
{
	eh_reader_bytes(r, s->nonce, sizeof(s->nonce));
	s->lifecycle = eh_reader_u16(r);
	s->soc_class = eh_reader_u32(r);
	eh_reader_bytes(r, s->soc_id, sizeof(s->soc_id));
	eh_reader_bytes(r, s->rotpk, sizeof(s->rotpk));
	s->session = eh_reader_u8(r);
	eh_reader_bytes(r, s->permissions, sizeof(s->permissions));
	eh_reader_bytes(r, s->firmware, sizeof(s->firmware));
	/* Only an open session has permissions. */
	if (s->session > 2 || (s->session != 2 &&
	        !is_none(s->permissions, sizeof(s->permissions))))
		eh_reader_fail(r, EH_ERR_FORMAT);
}

static void
decode_key(struct eh_reader *r, struct eh_chip_says *s, unsigned n)
{
	struct eh_chip_key *k = &s->key[n];

	k->place = eh_reader_u32(r);
	eh_reader_bytes(r, k->point, sizeof(k->point));
	if (k->point[0] != 4)
		eh_reader_fail(r, EH_ERR_FORMAT);
	for (unsigned i = 0; i < n; i++)
		if (s->key[i].place == k->place)
			eh_reader_fail(r, EH_ERR_FORMAT);
}

int
eh_chip_says_decode(const void *bytes, size_t len, struct eh_chip_says *s,
    struct eh_error *error)
{
	struct eh_reader r;
	unsigned n;
	int err;

	memset(s, 0, sizeof(*s));
	if (len >= RECEIPT_LEN &&
	    memcmp(bytes, receipt_label, RECEIPT_LEN) == 0)
		return eh_error_set(error, EH_ERR_UNSUPPORTED,
		    "the chip sent a RECEIPT, which names no key: ATTEST is "
		    "wanted");
	if (len < LABEL_LEN || memcmp(bytes, attest_label, LABEL_LEN) != 0)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "what the chip signed does not begin with %s",
		    attest_label);
	eh_reader_init(
	    &r, (const uint8_t *)bytes + LABEL_LEN, len - LABEL_LEN);
	decode_state(&r, s);
	n = eh_reader_u8(&r);
	if (n > EH_CHIP_KEYS)
		eh_reader_fail(&r, EH_ERR_FORMAT);
	for (unsigned i = 0; i < n && r.err == EH_OK; i++)
		decode_key(&r, s, i);
	s->nkeys = (uint8_t)n;
	if ((err = eh_reader_end(&r)) == EH_OK)
		return EH_OK;
	memset(s, 0, sizeof(*s));
	return eh_error_set(error, err,
	    "what the chip signed (%zu octets) is no state block and keys: %s",
	    len, eh_err_text(err));
}

void
eh_chip_says_encode(const struct eh_chip_says *s, struct eh_writer *w)
{
	eh_writer_bytes(w, attest_label, LABEL_LEN);
	eh_writer_bytes(w, s->nonce, sizeof(s->nonce));
	eh_writer_u16(w, s->lifecycle);
	eh_writer_u32(w, s->soc_class);
	eh_writer_bytes(w, s->soc_id, sizeof(s->soc_id));
	eh_writer_bytes(w, s->rotpk, sizeof(s->rotpk));
	eh_writer_u8(w, s->session);
	eh_writer_bytes(w, s->permissions, sizeof(s->permissions));
	eh_writer_bytes(w, s->firmware, sizeof(s->firmware));
	eh_writer_u8(w, s->nkeys);
	for (unsigned i = 0; i < s->nkeys; i++) {
		eh_writer_u32(w, s->key[i].place);
		eh_writer_bytes(w, s->key[i].point, sizeof(s->key[i].point));
	}
}

void
eh_chip_says_id(const struct eh_chip_says *s, uint8_t id[EH_CHIP_ID_SOC])
{
	struct eh_writer w;

	eh_writer_init(&w, id, EH_CHIP_ID_SOC);
	eh_writer_u32(&w, s->soc_class);
	eh_writer_bytes(&w, s->soc_id, sizeof(s->soc_id));
}
