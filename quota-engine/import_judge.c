/* SPDX-License-Identifier: Apache-2.0 */
/* import_judge.c - what a message says, against what the state knows: the steps
 * behind its signature. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "common/message/grant.h"
#include "common/message/pauth.h"
#include "common/message/time.h"
#include "quota-engine/authorization.h"
#include "quota-engine/import_apply.h"
#include "quota-engine/import_judge.h"
#include "quota-engine/import_revoke.h"
#include "quota-engine/import_supersede.h"
#include "quota-engine/nonce.h"

int
eh_import_seen(const struct eh_state_last *last, uint64_t seq,
    const uint8_t *digest, const char *what, struct eh_error *error)
{
	if (!last->seen || seq > last->seq)
		return 0;
	if (seq == last->seq &&
	    memcmp(digest, last->digest, EH_DIGEST_LEN) == 0)
		return 1;
	return eh_error_set(error, EH_ERR_REPLAYED,
	    "replayed: this %s has sequence number %" PRIu64
	    ", the last one accepted from this issuer has %" PRIu64, what, seq,
	    last->seq);
}

int
eh_import_judge_from(const struct eh_incoming *in,
    const struct eh_from_authority *from, struct eh_error *error)
{
	if (memcmp(from->sub, in->state->hsm_id, EH_HSM_ID_LEN) != 0)
		return eh_error_set(error, EH_DENIED_SCOPE,
		    "the message is for another EdgeHSM");
	if (in->issuer.key.len != 0 &&
	    strcmp(from->iss, in->issuer.iss) != 0)
		return eh_error_set(error, EH_ERR_SIGNATURE,
		    "the message says it is from %s, its key is that of %s",
		    from->iss, in->issuer.iss);
	return EH_OK;
}

static int
judge_expiry(const struct eh_incoming *in, uint64_t expires,
    const char *what, struct eh_error *error)
{
	const struct eh_now *now = &in->now;
	uint64_t latest =
	    now->quality >= EH_QUALITY_ATTESTED ? now->t_hi : now->t_lo;

	if (now->quality == EH_QUALITY_NONE || latest < expires)
		return EH_OK;
	return eh_error_set(error, EH_DENIED_EXPIRED,
	    "the %s has expired; the OEM can issue a new one", what);
}

int
eh_import_judge_issuers(const struct eh_incoming *in, struct eh_error *error)
{
	const struct eh_now *now = &in->now;
	const struct eh_state_grant *grant = &in->state->grant;

	if (now->quality >= EH_QUALITY_ATTESTED &&
	    now->t_hi < grant->not_before)
		return eh_error_set(error, EH_DENIED_NOT_YET_VALID,
		    "the issuer grant that names the key of %s has not begun",
		    in->issuer.iss);
	return judge_expiry(in, grant->expires,
	    "issuer grant that names its key", error);
}

/* V4: no grant brings a revoked key back. */
static int
judge_kids(const struct eh_incoming *in, const struct eh_grant *grant,
    struct eh_error *error)
{
	char kid[EH_HEX_SIZE(EH_KID_LEN)];

	for (unsigned i = 0; i < grant->nkeys; i++)
		if (eh_state_kid_revoked(in->state, grant->keys[i].kid)) {
			eh_hex_encode(grant->keys[i].kid, EH_KID_LEN, kid);
			return eh_error_set(error, EH_DENIED_REVOKED,
			    "the issuer grant names key %s of %s, which was "
			    "revoked for good: the OEM has to issue a grant "
			    "without it", kid, grant->keys[i].iss);
		}
	return EH_OK;
}

int
eh_import_judge_grant(struct eh_incoming *in, struct eh_error *error)
{
	struct eh_grant *grant;
	uint8_t kid[EH_KID_LEN];
	int err;

	if ((grant = malloc(sizeof(*grant))) == NULL)
		return EH_ERR_MEMORY;
	if ((err = eh_grant_decode(in->envelope.sign1.payload,
	         in->envelope.sign1.payload_len, grant, error)) != EH_OK ||
	    (err = eh_import_judge_from(in, &grant->from, error)) != EH_OK)
		goto out;
	eh_keyid_kid(&in->state->root, kid);
	if (eh_grant_get(grant, kid) != NULL) {
		err = eh_error_set(error, EH_ERR_FORMAT,
		    "the issuer grant names the root's own key as an issuer");
		goto out;
	}
	if ((err = eh_import_seen(&in->state->grant.last, grant->seq, in->digest,
	         "issuer grant", error)) != 0 ||
	    (err = judge_kids(in, grant, error)) != EH_OK)
		goto out;
	if ((err = eh_clockguard_check_iat(
	         &in->now, grant->from.iat, error)) != EH_OK ||
	    (err = judge_expiry(in, grant->expires, "issuer grant", error)) !=
	        EH_OK)
		goto out;
	eh_record_init(&in->record,
	    eh_import_grant_removes(in->state, grant) ? EH_RECORD_REVOKED
						      : EH_RECORD_IMPORT);
	snprintf(in->done->text, sizeof(in->done->text),
	    "issuer grant %" PRIu64 ": %u issuer key%s for factory %s",
	    grant->seq, grant->nkeys, grant->nkeys == 1 ? "" : "s",
	    grant->factory);
out:
	free(grant);
	return err;
}

/* What an authorization may ask for and this version does not build. */
static int
judge_modes(const struct eh_pauth *p, struct eh_error *error)
{
	for (unsigned i = 0; i < p->nops; i++)
		if (p->ops[i].op != EH_OP_PASS && p->ops[i].op != EH_OP_ISSUE &&
		    p->ops[i].op != EH_OP_REISSUE)
			return eh_error_set(error, EH_ERR_UNSUPPORTED,
			    "operation %u is not supported by this version",
			    p->ops[i].op);
	return EH_OK;
}

/* V6. */
static int
judge_revoked(const struct eh_incoming *in, const struct eh_pauth *p,
    struct eh_error *error)
{
	const struct eh_in_force *mine = &in->state->in_force;

	if (p->epoch < mine->epoch)
		return eh_error_set(error, EH_DENIED_REVOKED,
		    "the authorization is of epoch %" PRIu32
		    ", everything below %" PRIu32 " is revoked; the OEM can "
		    "issue another one", p->epoch, mine->epoch);
	if (eh_state_id_revoked(in->state, p->id, p->epoch))
		return eh_error_set(error, EH_DENIED_REVOKED,
		    "the authorization is in the list of revocation update %"
		    PRIu64 "; the OEM can issue another one", mine->rseq);
	return EH_OK;
}

int
eh_import_judge_pauth(struct eh_incoming *in, struct eh_error *error)
{
	const struct eh_state_kid *kid;
	struct eh_pauth *p;
	struct eh_row *row;
	int err;

	if ((p = malloc(sizeof(*p))) == NULL)
		return EH_ERR_MEMORY;
	if ((err = eh_pauth_decode(in->envelope.sign1.payload,
	         in->envelope.sign1.payload_len, p, error)) != EH_OK ||
	    (err = eh_import_judge_from(in, &p->from, error)) != EH_OK)
		goto out;
	in->done->has_authorization = 1;
	memcpy(in->done->authorization, p->id, EH_ID_LEN);
	if ((err = judge_revoked(in, p, error)) != EH_OK)
		goto out;
	/* Not the last one of its key, perhaps, but the one we know. */
	row = eh_state_row(in->state, p->id);
	if (row != NULL &&
	    memcmp(row->message, in->digest, EH_DIGEST_LEN) == 0) {
		err = 1;
		goto out;
	}
	if ((kid = eh_state_kid(in->state, in->envelope.kid)) == NULL) {
		err = eh_error_set(error, EH_ERR_FULL,
		    "the table of issuer keys is full (%d)", EH_STATE_KIDS);
		goto out;
	}
	if ((err = eh_import_seen(&kid->last[EH_MSG_CODE_PAUTH], p->seq, in->digest,
	         "authorization", error)) != 0)
		goto out;
	if (strcmp(p->factory, in->state->factory) != 0) {
		err = eh_error_set(error, EH_DENIED_SCOPE,
		    "the authorization is for factory %s, this EdgeHSM stands "
		    "in %s", p->factory, in->state->factory);
		goto out;
	}
	if ((err = eh_clockguard_check_iat(
	         &in->now, p->from.iat, error)) != EH_OK ||
	    (err = judge_expiry(in, p->expires, "authorization", error)) !=
	        EH_OK ||
	    (err = judge_modes(p, error)) != EH_OK ||
	    (err = eh_import_judge_superseded(in, p, error)) != EH_OK ||
	    /* In the copy: is there a place for it? */
	    (err = eh_state_row_add(in->state, p->id, &row, error)) != EH_OK)
		goto out;
	eh_record_init(&in->record, EH_RECORD_INSTALLED);
	eh_import_installed(&in->record, p);
	snprintf(in->done->text, sizeof(in->done->text),
	    "authorization %s: %" PRIu64 " devices of profile %s version %"
	    PRIu32, p->order[0] != '\0' ? p->order : "without order name",
	    p->ops[0].quota, p->profile.name, p->profile.version);
out:
	free(p);
	return err;
}

/* An attestation that answers no nonce: it can only raise the floor. */
static int
judge_beacon(struct eh_incoming *in, const struct eh_time_attestation *t,
    struct eh_error *error)
{
	const struct eh_state_kid *kid =
	    eh_state_kid(in->state, in->envelope.kid);
	int err;

	if (kid != NULL &&
	    (err = eh_import_seen(&kid->last[EH_MSG_CODE_BEACON], t->tseq,
	         in->digest, "time beacon", error)) != 0)
		return err;
	in->done->code = EH_MSG_CODE_BEACON;
	if ((err = eh_clockguard_check_beacon(
	         &in->state->clock, &in->now, t, error)) != EH_OK) {
		snprintf(in->done->text, sizeof(in->done->text),
		    "time beacon %" PRIu64 ": no later than was known; nothing "
		    "changed", t->tseq);
		return err;
	}
	eh_record_init(&in->record, EH_RECORD_TIME);
	snprintf(in->done->text, sizeof(in->done->text),
	    "time beacon %" PRIu64 ": it is later than was known; that the time "
	    "is trusted takes the answer to a nonce", t->tseq);
	return EH_OK;
}

static int
judge_answer(struct eh_incoming *in, const struct eh_time_attestation *t,
    struct eh_error *error)
{
	struct eh_clock_nonce nonces[EH_CLOCK_NONCES];
	struct eh_clock_reading reading;
	unsigned i;
	int err;

	eh_nonces_get(in->b->nonces, nonces);
	if ((err = eh_os_reading(in->b->os, &reading)) != EH_OK ||
	    (err = eh_clockguard_check(&in->state->clock, nonces, &reading, t,
	         &i, error)) != EH_OK)
		return err;
	eh_record_init(&in->record, EH_RECORD_TIME);
	snprintf(in->done->text, sizeof(in->done->text),
	    "time attestation %" PRIu64 ": the time is trusted", t->tseq);
	return EH_OK;
}

int
eh_import_judge_time(struct eh_incoming *in, struct eh_error *error)
{
	struct eh_time_attestation t;
	const struct eh_state_kid *kid;
	int err;

	if ((err = eh_time_attestation_decode(in->envelope.sign1.payload,
	         in->envelope.sign1.payload_len, &t, error)) != EH_OK ||
	    (err = eh_import_judge_from(in, &t.from, error)) != EH_OK)
		return err;
	kid = eh_state_kid(in->state, in->envelope.kid);
	if (kid != NULL && kid->last[EH_MSG_CODE_TIME].seen &&
	    memcmp(kid->last[EH_MSG_CODE_TIME].digest, in->digest,
	        EH_DIGEST_LEN) == 0)
		return 1;
	if ((err = eh_import_judge_in_force(in, &t.in_force, "attestation",
	         EH_DENIED_TIME, error)) != EH_OK)
		return err;
	return t.has_nonce ? judge_answer(in, &t, error) :
			     judge_beacon(in, &t, error);
}
