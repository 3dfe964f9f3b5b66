/* SPDX-License-Identifier: Apache-2.0 */
/* status.c - what the token says of itself, and which authorization is meant. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/cbor/cbor.h"
#include "common/hex.h"
#include "orchestrator/token/private.h"

static CK_RV
ask_status(struct eh_token *t, void *arg, CK_BYTE *out, CK_ULONG *len)
{
	(void)arg;
	return t->vendor->Status(t->slot, out, len);
}

static void
copy(const struct eh_wire *w, enum eh_wire_label label, void *out, size_t len)
{
	const uint8_t *bytes;
	size_t got;

	bytes = eh_wire_bytes(w, label, &got);
	if (got == len)
		memcpy(out, bytes, len);
}

static uint64_t
number(const struct eh_wire *w, enum eh_wire_label label)
{
	return eh_wire_has(w, label) ? eh_wire_number(w, label) : 0;
}

/* { op => [used, burned, reserved, quota] } */
static int
read_counters(const struct eh_wire *w, struct eh_counters *out)
{
	struct eh_counter counter;
	const uint8_t *bytes;
	struct eh_cbor c;
	size_t len, n;
	unsigned op;
	int err = EH_OK;

	bytes = eh_wire_bytes(w, EH_WIRE_COUNTERS, &len);
	eh_cbor_init(&c, bytes, len, 128);
	for (n = eh_cbor_map(&c, 1, EH_COUNTERS_MAX); n > 0; n--) {
		op = (unsigned)eh_cbor_any_key(&c, 0, EH_OP_MAX);
		eh_cbor_array(&c, 4, 4);
		counter.used = eh_cbor_uint(&c, 0, EH_U53_MAX);
		counter.burned = eh_cbor_uint(&c, 0, EH_U53_MAX);
		counter.reserved = eh_cbor_uint(&c, 0, EH_U53_MAX);
		counter.quota = eh_cbor_uint(&c, 0, EH_U53_MAX);
		eh_cbor_leave(&c);
		if (err == EH_OK)
			err = eh_counters_add(out, op, &counter);
	}
	eh_cbor_leave(&c);
	return err != EH_OK ? err : eh_cbor_end(&c);
}

/* { 1 => unacked, 2 => offline, 3 => unaccounted, 4 => grace, 5 => quality } */
static int
read_limits(const struct eh_wire *w, struct eh_limits *out)
{
	const uint8_t *bytes;
	struct eh_cbor c;
	size_t len;

	bytes = eh_wire_bytes(w, EH_WIRE_LIMITS, &len);
	eh_cbor_init(&c, bytes, len, 16);
	eh_cbor_map(&c, 5, 5);
	eh_cbor_key(&c, 1);
	out->max_unacked = (uint32_t)eh_cbor_uint(&c, 0, UINT32_MAX);
	eh_cbor_key(&c, 2);
	out->max_offline = (uint32_t)eh_cbor_uint(&c, 0, UINT32_MAX);
	eh_cbor_key(&c, 3);
	out->max_unaccounted = (uint32_t)eh_cbor_uint(&c, 0, UINT32_MAX);
	eh_cbor_key(&c, 4);
	out->boot_grace = (uint32_t)eh_cbor_uint(&c, 0, UINT32_MAX);
	eh_cbor_key(&c, 5);
	out->quality =
	    (enum eh_quality)eh_cbor_uint(&c, 0, EH_QUALITY_FRESH);
	eh_cbor_leave(&c);
	return eh_cbor_end(&c);
}

static int
read_authorization(
    const uint8_t *bytes, size_t len, struct eh_token_authorization *a)
{
	struct eh_wire w;
	int err;

	if ((err = eh_wire_decode_reply(
	         &w, EH_MAP_AUTHORIZATION, bytes, len)) != EH_OK ||
	    (err = eh_wire_text(&w, EH_WIRE_LABEL, a->name, sizeof(a->name))) !=
	        EH_OK ||
	    (err = eh_wire_text(&w, EH_WIRE_FACTORY, a->factory,
	         sizeof(a->factory))) != EH_OK ||
	    (err = eh_wire_text(&w, EH_WIRE_PROFILE, a->profile.name,
	         sizeof(a->profile.name))) != EH_OK ||
	    (err = read_counters(&w, &a->counters)) != EH_OK ||
	    (err = read_limits(&w, &a->limits)) != EH_OK)
		return err;
	copy(&w, EH_WIRE_AUTHORIZATION, a->id, EH_ID_LEN);
	copy(&w, EH_WIRE_DIGEST, a->profile.digest, EH_DIGEST_LEN);
	a->profile.version = (uint32_t)number(&w, EH_WIRE_PROFILE_VERSION);
	a->closed = number(&w, EH_WIRE_STATE) != 1;
	a->close_reason =
	    (enum eh_close_reason)number(&w, EH_WIRE_CLOSED);
	a->seq = number(&w, EH_WIRE_SEQ);
	a->not_before = number(&w, EH_WIRE_NBF);
	a->expires = number(&w, EH_WIRE_EXP);
	a->burns = (uint16_t)number(&w, EH_WIRE_BURNS);
	a->good = number(&w, EH_WIRE_GOOD);
	a->scrapped = number(&w, EH_WIRE_SCRAPPED);
	a->in_doubt = number(&w, EH_WIRE_IN_DOUBT);
	a->grace = (uint32_t)number(&w, EH_WIRE_GRACE);
	a->records = (uint32_t)number(&w, EH_WIRE_RECORDS);
	return EH_OK;
}

static int
read_status(const struct eh_wire *w, struct eh_token_status *s)
{
	const uint8_t *entry;
	size_t cursor = 0, len;
	int err;

	if ((err = eh_wire_text(w, EH_WIRE_TEXT, s->why, sizeof(s->why))) !=
	        EH_OK ||
	    (err = eh_wire_text(w, EH_WIRE_LABEL, s->label,
	         sizeof(s->label))) != EH_OK ||
	    (err = eh_wire_text(w, EH_WIRE_FACTORY, s->factory,
	         sizeof(s->factory))) != EH_OK ||
	    (err = eh_wire_text(w, EH_WIRE_REFUSAL, s->refusal,
	         sizeof(s->refusal))) != EH_OK)
		return err;
	s->state = (enum eh_wire_state)number(w, EH_WIRE_STATE);
	copy(w, EH_WIRE_HSM_ID, s->hsm_id, EH_HSM_ID_LEN);
	copy(w, EH_WIRE_ROOT, s->root, EH_DIGEST_LEN);
	copy(w, EH_WIRE_ANCHOR, s->anchor, EH_DIGEST_LEN);
	s->flags = (unsigned)number(w, EH_WIRE_FLAGS);
	s->quality = (enum eh_quality)number(w, EH_WIRE_QUALITY);
	s->t_lo = number(w, EH_WIRE_T_LO);
	s->t_hi = number(w, EH_WIRE_T_HI);
	s->attested = (uint8_t)eh_wire_has(w, EH_WIRE_SINCE_TIME);
	s->since_time = number(w, EH_WIRE_SINCE_TIME);
	s->log_size = number(w, EH_WIRE_SEQ);
	s->boots = number(w, EH_WIRE_BOOTS);
	s->commits = number(w, EH_WIRE_COMMITS);
	s->burned_seqs = number(w, EH_WIRE_BURNED_SEQS);
	s->unacked = number(w, EH_WIRE_UNACKED);
	s->unaccounted = number(w, EH_WIRE_UNACCOUNTED);
	s->refusals = number(w, EH_WIRE_REFUSALS);
	s->anchor_class =
	    (enum eh_anchor_class)number(w, EH_WIRE_ANCHOR_CLASS);
	s->anchor_mode = (enum eh_anchor_mode)number(w, EH_WIRE_ANCHOR_MODE);
	s->custody = (enum eh_custody)number(w, EH_WIRE_CUSTODY);
	if ((err = eh_wire_text(w, EH_WIRE_TPM, s->tpm, sizeof(s->tpm))) !=
	    EH_OK)
		return err;
	copy(w, EH_WIRE_TPM_KEY, s->tpm_key, EH_TOKEN_NAME);
	copy(w, EH_WIRE_TPM_INDEX, s->tpm_index, EH_TOKEN_NAME);
	copy(w, EH_WIRE_TPM_COUNTER, s->tpm_counter, EH_TOKEN_NAME);
	s->tpm_count = number(w, EH_WIRE_TPM_COUNT);
	while (eh_wire_list_next(
	    w, EH_WIRE_AUTHORIZATIONS, &cursor, &entry, &len)) {
		if (s->nauthorizations == EH_TOKEN_AUTHORIZATIONS)
			return EH_ERR_FORMAT;
		if ((err = read_authorization(entry, len,
		         &s->authorization[s->nauthorizations++])) != EH_OK)
			return err;
	}
	return EH_OK;
}

int
eh_token_get_status(struct eh_token *t, struct eh_token_status *status,
    struct eh_error *error)
{
	struct eh_wire w;
	struct eh_buf map;
	int err;

	memset(status, 0, sizeof(*status));
	eh_buf_init(&map, EH_WIRE_MAX + 8192);
	if ((err = eh_token_fetch(
	         t, "Status", ask_status, NULL, &map, error)) != EH_OK)
		goto out;
	if ((err = eh_wire_decode_reply(
	         &w, EH_REQ_STATUS, map.data, map.len)) != EH_OK ||
	    (err = read_status(&w, status)) != EH_OK)
		eh_error_set(error, err, "the token's status is malformed");
out:
	eh_buf_free(&map);
	return err;
}

/* "PO-4711, PO-4712", or "none", for sentences. */
static const char *
names(const struct eh_token_status *s, char text[160])
{
	size_t len = 0;

	snprintf(text, 160, "none");
	for (unsigned i = 0; i < s->nauthorizations && len < 120; i++)
		len += (size_t)snprintf(text + len, 160 - len, "%s%s",
		    i > 0 ? ", " : "", s->authorization[i].name);
	return text;
}

static int
choose_named(const struct eh_token_status *s, const char *name,
    const struct eh_token_authorization **out, struct eh_error *error)
{
	char hex[EH_HEX_SIZE(EH_ID_LEN)], text[160];
	int alike = 0;

	for (unsigned i = 0; i < s->nauthorizations; i++) {
		const struct eh_token_authorization *a = &s->authorization[i];

		eh_hex_encode(a->id, EH_ID_LEN, hex);
		if (strcmp(name, hex) == 0) {
			*out = a;
			return EH_OK;
		}
		if (strcmp(name, a->name) != 0)
			continue;
		/* What is closed gives way: a top-up has the same name. */
		if (*out == NULL || ((*out)->closed && !a->closed)) {
			*out = a;
			alike = 0;
		} else if ((*out)->closed == a->closed) {
			alike = 1;
		}
	}
	if (alike)
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "two authorizations are called %s: name one by its id",
		    name);
	if (*out != NULL)
		return EH_OK;
	return eh_error_set(error, EH_DENIED_NO_AUTHORIZATION,
	    "no authorization %s on this token; there are: %s", name,
	    names(s, text));
}

int
eh_token_choose(const struct eh_token_status *s, const char *name,
    const uint8_t digest[EH_DIGEST_LEN],
    const struct eh_token_authorization **out, struct eh_error *error)
{
	char text[160];

	*out = NULL;
	if (name != NULL)
		return choose_named(s, name, out, error);
	for (unsigned i = 0; i < s->nauthorizations; i++) {
		const struct eh_token_authorization *a = &s->authorization[i];

		if (!a->closed &&
		    memcmp(a->profile.digest, digest, EH_DIGEST_LEN) == 0 &&
		    (*out == NULL || a->expires < (*out)->expires))
			*out = a;
	}
	if (*out != NULL)
		return EH_OK;
	return eh_error_set(error, EH_DENIED_NO_AUTHORIZATION,
	    "no live authorization for this profile; there are: %s",
	    names(s, text));
}
