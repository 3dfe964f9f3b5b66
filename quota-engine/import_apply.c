/* SPDX-License-Identifier: Apache-2.0 */
/* import_apply.c - what an imported message changes in the state: the half that
 * replay runs again. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/message/envelope.h"
#include "common/message/time.h"
#include "common/reader.h"
#include "common/writer.h"
#include "quota-engine/import_ack.h"
#include "quota-engine/import_apply.h"
#include "quota-engine/import_count.h"
#include "quota-engine/import_revoke.h"
#include "quota-engine/import_supersede.h"
#include "quota-engine/nonce.h"

#define READING_LEN (EH_ID_LEN + 8 + 8)
#define TPM_LEN     (1 + 8 + 4)
#define WITH_TPM    0x01	/* no message begins so */

int
eh_import_grant_removes(
    const struct eh_state *state, const struct eh_grant *grant)
{
	if (state->grant.last.seen &&
	    strcmp(state->factory, grant->factory) != 0)
		return 1;
	for (unsigned i = 0; i < EH_STATE_ISSUERS; i++)
		if (state->issuer[i].key.len != 0 &&
		    eh_grant_get(grant, state->issuer[i].kid) == NULL)
			return 1;
	return 0;
}

void
eh_import_installed(struct eh_record *r, const struct eh_pauth *p)
{
	r->has_authorization = 1;
	memcpy(r->authorization, p->id, EH_ID_LEN);
	r->profile = p->profile;
	for (unsigned i = 0; i < p->nops; i++) {
		struct eh_counter c = { .quota = p->ops[i].quota };

		/* The operations rise, so this cannot fail. */
		if (eh_counters_add(&r->counters, p->ops[i].op, &c) != EH_OK)
			abort();
	}
}

static void
put_reading(struct eh_writer *w, const struct eh_clock_reading *r)
{
	eh_writer_bytes(w, r->boot_id, EH_ID_LEN);
	eh_writer_u64(w, r->boottime);
	eh_writer_u64(w, r->raw);
}

static void
put_tpm(struct eh_writer *w, const struct eh_clock_tpm *tpm)
{
	eh_writer_u8(w, (uint8_t)tpm->known);
	eh_writer_u64(w, tpm->ms);
	eh_writer_u32(w, tpm->resets);
}

static void
get_tpm(struct eh_reader *in, struct eh_clock_tpm *tpm)
{
	tpm->known = eh_reader_u8(in) != 0;
	tpm->ms = eh_reader_u64(in);
	tpm->resets = eh_reader_u32(in);
}

static void
get_reading(struct eh_reader *in, struct eh_clock_reading *r)
{
	memset(r, 0, sizeof(*r));
	eh_reader_bytes(in, r->boot_id, EH_ID_LEN);
	r->boottime = eh_reader_u64(in);
	r->raw = eh_reader_u64(in);
}

/* Which outstanding nonce does this attestation answer? */
static int
find_nonce(struct eh_boundary *b, const uint8_t *message, size_t len,
    struct eh_clock_nonce *out, struct eh_error *error)
{
	struct eh_clock_nonce nonces[EH_CLOCK_NONCES];
	struct eh_time_attestation t;
	struct eh_envelope e;
	int err;

	if ((err = eh_envelope_decode(message, len, &e, error)) != EH_OK ||
	    (err = eh_time_attestation_decode(e.sign1.payload,
	         e.sign1.payload_len, &t, error)) != EH_OK)
		return err;
	eh_nonces_get(b->nonces, nonces);
	for (unsigned i = 0; i < EH_CLOCK_NONCES; i++)
		if (nonces[i].used &&
		    memcmp(nonces[i].nonce, t.nonce, EH_ID_LEN) == 0) {
			*out = nonces[i];
			/* Whatever becomes of it: a nonce is used once. */
			eh_nonces_forget(b->nonces, t.nonce);
			return EH_OK;
		}
	return eh_error_set(error, EH_DENIED_TIME,
	    "the nonce of this attestation has just been used");
}

int
eh_import_redo(struct eh_boundary *b, enum eh_msg_code code,
    const uint8_t *message, size_t len, uint8_t redo[EH_PRIVATE_MESSAGE_MAX],
    size_t *redolenp, struct eh_error *error)
{
	struct eh_clock_nonce nonce;
	struct eh_clock_reading received;
	struct eh_writer w;
	int err;

	eh_writer_init(&w, redo, EH_PRIVATE_MESSAGE_MAX);
	if (code == EH_MSG_CODE_TIME) {
		if ((err = find_nonce(b, message, len, &nonce, error)) !=
		        EH_OK ||
		    (err = eh_os_reading(b->os, &received)) != EH_OK)
			return err;
		put_reading(&w, &nonce.sent);
		put_reading(&w, &received);
		if (nonce.sent.tpm.known || received.tpm.known) {
			eh_writer_u8(&w, WITH_TPM);
			put_tpm(&w, &nonce.sent.tpm);
			put_tpm(&w, &received.tpm);
		}
	}
	eh_writer_bytes(&w, message, len);
	return eh_writer_end(&w, redolenp);
}

int
eh_import_note(struct eh_state *state, const struct eh_record *record,
    const struct eh_envelope *e, uint64_t seq, uint64_t iat,
    struct eh_error *error)
{
	struct eh_now now = { .t_lo = record->t_lo, .t_hi = record->t_hi,
		.quality = record->quality };
	struct eh_state_kid *kid;

	if ((kid = eh_state_kid(state, e->kid)) == NULL)
		return eh_error_set(error, EH_ERR_FULL,
		    "the table of issuer keys is full (%d)", EH_STATE_KIDS);
	kid->last[record->ref.code].seen = 1;
	kid->last[record->ref.code].seq = seq;
	memcpy(kid->last[record->ref.code].digest, record->ref.digest,
	    EH_DIGEST_LEN);
	eh_clockguard_message(&state->clock, &now, iat);
	return EH_OK;
}

static void
set_issuer(struct eh_state_issuer *to, const struct eh_grant_key *from)
{
	memset(to, 0, sizeof(*to));
	memcpy(to->kid, from->kid, EH_KID_LEN);
	to->key = from->key;
	to->alg = (int32_t)from->alg;
	to->roles = from->roles;
	memcpy(to->iss, from->iss, sizeof(to->iss));
	to->state = (uint8_t)from->state;
}

static int
apply_grant(struct eh_state *state, struct eh_clockguard *guard,
    const struct eh_record *record, const uint8_t *redo, size_t len,
    struct eh_error *error)
{
	struct eh_now now = { .t_lo = record->t_lo, .t_hi = record->t_hi,
		.quality = record->quality };
	struct eh_envelope e;
	struct eh_grant *grant;
	int moved, err;

	(void)guard;
	if ((grant = malloc(sizeof(*grant))) == NULL)
		return EH_ERR_MEMORY;
	if ((err = eh_envelope_decode(redo, len, &e, error)) != EH_OK ||
	    (err = eh_grant_decode(e.sign1.payload, e.sign1.payload_len, grant,
	         error)) != EH_OK)
		goto out;
	for (unsigned i = 0; i < grant->nkeys; i++)
		if (eh_state_kid(state, grant->keys[i].kid) == NULL) {
			err = eh_error_set(error, EH_ERR_FULL,
			    "the table of issuer keys is full (%d)",
			    EH_STATE_KIDS);
			goto out;
		}
	/* The grant replaces the whole set; what was installed by a key that
	 * it leaves out closes, and in another factory everything. */
	moved = strcmp(state->factory, grant->factory) != 0;
	memset(state->issuer, 0, sizeof(state->issuer));
	for (unsigned i = 0; i < grant->nkeys; i++)
		set_issuer(&state->issuer[i], &grant->keys[i]);
	for (unsigned i = 0; i < EH_STATE_ROWS; i++)
		if (state->row[i].state == EH_ROW_LIVE &&
		    (moved || eh_grant_get(grant, state->row[i].kid) == NULL))
			eh_state_row_close(
			    state, &state->row[i], EH_CLOSE_REVOKED);
	memcpy(state->factory, grant->factory, sizeof(state->factory));
	state->grant.last.seen = 1;
	state->grant.last.seq = grant->seq;
	memcpy(state->grant.last.digest, record->ref.digest, EH_DIGEST_LEN);
	state->grant.not_before = grant->not_before;
	state->grant.expires = grant->expires;
	eh_clockguard_message(&state->clock, &now, grant->from.iat);
out:
	free(grant);
	return err;
}

static void
fill_row(struct eh_row *row, const struct eh_pauth *p,
    const struct eh_record *record, const uint8_t kid[EH_KID_LEN])
{
	memcpy(row->kid, kid, EH_KID_LEN);
	row->seq = p->seq;
	row->epoch = p->epoch;
	memcpy(row->message, record->ref.digest, EH_DIGEST_LEN);
	memcpy(row->order, p->order, sizeof(row->order));
	row->profile = p->profile;
	row->not_before = p->not_before;
	row->expires = p->expires;
	row->limits = p->limits;
	row->lease = p->ops[0].lease;
	row->grace = p->limits.boot_grace;
	for (unsigned i = 0; i < p->nops; i++) {
		struct eh_state_op *op = &row->op[p->ops[i].op];

		op->granted = 1;
		op->uses = p->ops[i].uses;
		op->count.quota = p->ops[i].quota;
	}
}

/* An authorization that grants nothing at all is the OEM's way to end what it
 * supersedes: it is closed as soon as it has taken over the books. */
static int
grants_nothing(const struct eh_pauth *p)
{
	for (unsigned i = 0; i < p->nops; i++)
		if (p->ops[i].quota != 0)
			return 0;
	return 1;
}

static int
apply_pauth(struct eh_state *state, struct eh_clockguard *guard,
    const struct eh_record *record, const uint8_t *redo, size_t len,
    struct eh_error *error)
{
	struct eh_envelope e;
	struct eh_pauth *p;
	struct eh_row *row, *old;
	int err;

	(void)guard;
	if ((row = eh_state_row(state, record->authorization)) != NULL &&
	    memcmp(row->message, record->ref.digest, EH_DIGEST_LEN) == 0)
		return EH_OK;
	if ((p = malloc(sizeof(*p))) == NULL)
		return EH_ERR_MEMORY;
	if ((err = eh_import_skip_moved(&redo, &len)) != EH_OK ||
	    (err = eh_envelope_decode(redo, len, &e, error)) != EH_OK ||
	    (err = eh_pauth_decode(e.sign1.payload, e.sign1.payload_len, p,
	         error)) != EH_OK ||
	    (err = eh_import_note(state, record, &e, p->seq, p->from.iat, error)) !=
	        EH_OK ||
	    (err = eh_state_row_add(state, p->id, &row, error)) != EH_OK)
		goto out;
	fill_row(row, p, record, e.kid);
	if (p->has_supersedes) {
		row->has_supersedes = 1;
		memcpy(row->supersedes, p->supersedes, EH_ID_LEN);
		old = eh_state_row(state, p->supersedes);
		if (old == NULL || !eh_state_row_goes_on(old)) {
			err = eh_error_set(error, EH_ERR_FORMAT,
			    "the authorization that it supersedes is not live "
			    "here");
			goto out;
		}
		eh_state_row_supersede(state, row, old);
	}
	if (grants_nothing(p))
		eh_state_row_close(state, row, EH_CLOSE_REQUESTED);
out:
	free(p);
	return err;
}

static int
apply_time(struct eh_state *state, struct eh_clockguard *guard,
    const struct eh_record *record, const uint8_t *redo, size_t len,
    struct eh_error *error)
{
	struct eh_clock_reading sent, received;
	struct eh_time_attestation t;
	struct eh_envelope e;
	struct eh_reader in;
	size_t head = 2 * READING_LEN;
	int err;

	if (len > head && redo[head] == WITH_TPM)
		head += 1 + 2 * TPM_LEN;
	if (len < head)
		return EH_ERR_FORMAT;
	eh_reader_init(&in, redo, head);
	get_reading(&in, &sent);
	get_reading(&in, &received);
	if (head > 2 * READING_LEN) {
		(void)eh_reader_u8(&in);
		get_tpm(&in, &sent.tpm);
		get_tpm(&in, &received.tpm);
	}
	if ((err = eh_reader_end(&in)) != EH_OK ||
	    (err = eh_envelope_decode(
	         redo + head, len - head, &e, error)) != EH_OK ||
	    (err = eh_time_attestation_decode(e.sign1.payload,
	         e.sign1.payload_len, &t, error)) != EH_OK ||
	    (err = eh_import_note(state, record, &e, t.tseq, 0, error)) != EH_OK)
		return err;
	eh_clockguard_accept(guard, &state->clock, &sent, &received, &t);
	for (unsigned i = 0; i < EH_STATE_ROWS; i++)
		if (state->row[i].state == EH_ROW_LIVE)
			state->row[i].grace = state->row[i].limits.boot_grace;
	return EH_OK;
}

static int
apply_beacon(struct eh_state *state, struct eh_clockguard *guard,
    const struct eh_record *record, const uint8_t *redo, size_t len,
    struct eh_error *error)
{
	struct eh_time_attestation t;
	struct eh_envelope e;
	int err;

	(void)guard;
	if ((err = eh_envelope_decode(redo, len, &e, error)) != EH_OK ||
	    (err = eh_time_attestation_decode(e.sign1.payload,
	         e.sign1.payload_len, &t, error)) != EH_OK ||
	    (err = eh_import_note(state, record, &e, t.tseq, 0, error)) != EH_OK)
		return err;
	eh_clockguard_beacon(&state->clock, &t);
	return EH_OK;
}

/* A profile changes nothing that decides: its digest stands in the row. */
static int
apply_nothing(struct eh_state *state, struct eh_clockguard *guard,
    const struct eh_record *record, const uint8_t *redo, size_t len,
    struct eh_error *error)
{
	(void)state;
	(void)guard;
	(void)record;
	(void)redo;
	(void)len;
	(void)error;
	return EH_OK;
}

const struct eh_apply eh_import_apply[] = {
	{ EH_RECORD_IMPORT, EH_MSG_CODE_GRANT, apply_grant },
	{ EH_RECORD_REVOKED, EH_MSG_CODE_GRANT, apply_grant },
	{ EH_RECORD_INSTALLED, EH_MSG_CODE_PAUTH, apply_pauth },
	{ EH_RECORD_REVOKED, EH_MSG_CODE_REVOKE, eh_import_revoke_apply },
	{ EH_RECORD_TIME, EH_MSG_CODE_TIME, apply_time },
	{ EH_RECORD_TIME, EH_MSG_CODE_BEACON, apply_beacon },
	{ EH_RECORD_IMPORT, EH_MSG_CODE_ACK, eh_import_ack_apply },
	{ EH_RECORD_IMPORT, EH_MSG_CODE_COUNT, eh_import_count_apply },
	{ EH_RECORD_IMPORT, EH_MSG_CODE_PROFILE, apply_nothing },
};
const size_t eh_import_napply =
    sizeof(eh_import_apply) / sizeof(eh_import_apply[0]);
