/* SPDX-License-Identifier: Apache-2.0 */
/* import.c - what the authority sends in, in the order in which it is judged. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/message/envelope.h"
#include "common/message/grant.h"
#include "common/message/pauth.h"
#include "common/message/time.h"
#include "common/x509/profile.h"
#include "quota-engine/authorization.h"
#include "quota-engine/import.h"
#include "quota-engine/import_apply.h"
#include "quota-engine/nonce.h"

#define PROFILES_MAX 256	/* files; they are never removed */

/* A message on its way in. */
struct incoming {
	struct eh_boundary *b;
	const uint8_t *bytes;
	size_t len;
	struct eh_envelope envelope;
	uint8_t digest[EH_DIGEST_LEN];
	struct eh_state *state;		/* a copy, to judge by */
	struct eh_now now;
	struct eh_state_issuer issuer;	/* who signed it, but for a grant */
	struct eh_record record;
	struct eh_imported *done;
};

/* What follows the signature, by type. */
struct kind {
	enum eh_message_type type;
	enum eh_msg_code code;
	int (*judge)(struct incoming *, struct eh_error *);
};

/* Was this very message imported already (1), or one with its number (<0)? */
static int
seen(const struct eh_state_last *last, uint64_t seq, const uint8_t *digest,
    const char *what, struct eh_error *error)
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

/* Who it is for, by whom, and when: step 12, what all types share. */
static int
judge_from(struct incoming *in, const struct eh_from_authority *from,
    struct eh_error *error)
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
judge_expiry(const struct incoming *in, uint64_t expires,
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

static int
judge_grant(struct incoming *in, struct eh_error *error)
{
	struct eh_grant *grant;
	uint8_t kid[EH_KID_LEN];
	int err;

	if ((grant = malloc(sizeof(*grant))) == NULL)
		return EH_ERR_MEMORY;
	if ((err = eh_grant_decode(in->envelope.sign1.payload,
	         in->envelope.sign1.payload_len, grant, error)) != EH_OK ||
	    (err = judge_from(in, &grant->from, error)) != EH_OK)
		goto out;
	eh_keyid_kid(&in->state->root, kid);
	if (eh_grant_get(grant, kid) != NULL) {
		err = eh_error_set(error, EH_ERR_FORMAT,
		    "the issuer grant names the root's own key as an issuer");
		goto out;
	}
	if ((err = seen(&in->state->grant, grant->seq, in->digest,
	         "issuer grant", error)) != 0)
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

/* The kind of scope of a live authorization stands in its message only. */
static int
judge_scope(const struct incoming *in, const struct eh_pauth *p,
    struct eh_error *error)
{
	struct eh_authorization_view view[EH_STATE_ROWS];
	unsigned n = eh_authorizations_hold(in->b->authorizations, view);
	const struct eh_scope *old = NULL;
	int err = EH_OK;

	for (unsigned i = 0; i < n; i++)
		if (memcmp(view[i].what->id, p->supersedes, EH_ID_LEN) == 0)
			old = &view[i].what->pauth.scope;
	if (old == NULL)
		err = eh_error_set(error, EH_ERR_STORAGE,
		    "the message of the authorization that it supersedes "
		    "cannot be read: import that one again first");
	else if (old->kind != p->scope.kind)
		err = eh_error_set(error, EH_ERR_FORMAT,
		    "it supersedes an authorization with another kind of scope "
		    "(%d, not %d)", old->kind, p->scope.kind);
	eh_authorizations_release(in->b->authorizations, view, n);
	return err;
}

static int
judge_superseded(const struct incoming *in, const struct eh_pauth *p,
    struct eh_error *error)
{
	const struct eh_row *old;

	if (!p->has_supersedes)
		return EH_OK;
	old = eh_state_row(in->state, p->supersedes);
	if (old == NULL || old->state != EH_ROW_LIVE)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "the authorization that it supersedes is not live here");
	if (strcmp(old->profile.name, p->profile.name) != 0)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "it supersedes an authorization of another profile, %s",
		    old->profile.name);
	if (memcmp(old->profile.digest, p->profile.digest, EH_DIGEST_LEN) != 0)
		return eh_error_set(error, EH_ERR_UNSUPPORTED,
		    "superseding with a changed profile is not supported by "
		    "this version");
	return judge_scope(in, p, error);
}

/* What an authorization may ask for and this version does not build. */
static int
judge_modes(const struct eh_pauth *p, struct eh_error *error)
{
	if (p->scope.kind == EH_SCOPE_TREE)
		return eh_error_set(error, EH_ERR_UNSUPPORTED,
		    "a scope by Merkle root is not supported by this version; "
		    "use a range or a list");
	if (p->nimages != 0)
		return eh_error_set(error, EH_ERR_UNSUPPORTED,
		    "firmware digests are not supported by this version");
	if (eh_pauth_op(p, EH_OP_SIGN_BLOB) != NULL ||
	    eh_pauth_op(p, EH_OP_DEBUG_ENROL) != NULL)
		return eh_error_set(error, EH_ERR_UNSUPPORTED,
		    "operations %d and %d are not supported by this version",
		    EH_OP_SIGN_BLOB, EH_OP_DEBUG_ENROL);
	return EH_OK;
}

static int
judge_pauth(struct incoming *in, struct eh_error *error)
{
	const struct eh_state_kid *kid;
	struct eh_pauth *p;
	struct eh_row *row;
	int err;

	if ((p = malloc(sizeof(*p))) == NULL)
		return EH_ERR_MEMORY;
	if ((err = eh_pauth_decode(in->envelope.sign1.payload,
	         in->envelope.sign1.payload_len, p, error)) != EH_OK ||
	    (err = judge_from(in, &p->from, error)) != EH_OK)
		goto out;
	in->done->has_authorization = 1;
	memcpy(in->done->authorization, p->id, EH_ID_LEN);
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
	if ((err = seen(&kid->last[EH_MSG_CODE_PAUTH], p->seq, in->digest,
	         "authorization", error)) != 0)
		goto out;
	if (strcmp(p->factory, in->state->factory) != 0) {
		err = eh_error_set(error, EH_DENIED_SCOPE,
		    "the authorization is for factory %s, this EdgeHSM stands "
		    "in %s", p->factory, in->state->factory);
		goto out;
	}
	if (p->epoch < in->state->in_force.epoch) {
		err = eh_error_set(error, EH_DENIED_REVOKED,
		    "the authorization is of epoch %" PRIu32
		    ", everything below %" PRIu32 " is revoked", p->epoch,
		    in->state->in_force.epoch);
		goto out;
	}
	if ((err = eh_clockguard_check_iat(
	         &in->now, p->from.iat, error)) != EH_OK ||
	    (err = judge_expiry(in, p->expires, "authorization", error)) !=
	        EH_OK ||
	    (err = judge_modes(p, error)) != EH_OK ||
	    (err = judge_superseded(in, p, error)) != EH_OK ||
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

static int
judge_time(struct incoming *in, struct eh_error *error)
{
	struct eh_clock_nonce nonces[EH_CLOCK_NONCES];
	struct eh_clock_reading reading;
	struct eh_time_attestation t;
	const struct eh_state_kid *kid;
	const struct eh_in_force *mine = &in->state->in_force;
	unsigned i;
	int err;

	if ((err = eh_time_attestation_decode(in->envelope.sign1.payload,
	         in->envelope.sign1.payload_len, &t, error)) != EH_OK ||
	    (err = judge_from(in, &t.from, error)) != EH_OK)
		return err;
	kid = eh_state_kid(in->state, in->envelope.kid);
	if (kid != NULL && kid->last[EH_MSG_CODE_TIME].seen &&
	    memcmp(kid->last[EH_MSG_CODE_TIME].digest, in->digest,
	        EH_DIGEST_LEN) == 0)
		return 1;
	if (t.in_force.epoch > mine->epoch || t.in_force.rseq > mine->rseq)
		return eh_error_set(error, EH_DENIED_TIME,
		    "import revocation update %" PRIu64
		    " first: the attestation was made with it in force, here "
		    "it is %" PRIu64, t.in_force.rseq, mine->rseq);
	eh_nonces_get(in->b->nonces, nonces);
	if ((err = in->b->os->clocks(in->b->os->arg, &reading)) != EH_OK ||
	    (err = eh_clockguard_check(&in->state->clock, nonces, &reading, &t,
	         &i, error)) != EH_OK)
		return err;
	eh_record_init(&in->record, EH_RECORD_TIME);
	snprintf(in->done->text, sizeof(in->done->text),
	    "time attestation %" PRIu64 ": the time is trusted", t.tseq);
	return EH_OK;
}

static const struct kind kinds[] = {
	{ EH_MESSAGE_GRANT, EH_MSG_CODE_GRANT, judge_grant },
	{ EH_MESSAGE_PAUTH, EH_MSG_CODE_PAUTH, judge_pauth },
	{ EH_MESSAGE_TIME, EH_MSG_CODE_TIME, judge_time },
};

/* Steps 8 and 9: which key may have signed this, and did it? */
static int
verify(struct incoming *in, struct eh_error *error)
{
	const struct eh_envelope *e = &in->envelope;
	const struct eh_message_info *info = eh_message_info(e->type);
	const struct eh_state_issuer *issuer;
	uint8_t kid[EH_KID_LEN];

	if (info->signer == EH_SIGNED_BY_HSM)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "a %s comes out of an EdgeHSM; it does not go in",
		    info->name);
	if (info->signer == EH_SIGNED_BY_ROOT) {
		eh_keyid_kid(&in->state->root, kid);
		if (memcmp(kid, e->kid, EH_KID_LEN) != 0)
			return eh_error_set(error, EH_ERR_SIGNATURE,
			    "the %s is not signed by the pinned OEM root",
			    info->name);
		return eh_envelope_verify(e, &in->state->root, error);
	}
	if ((issuer = eh_state_issuer(in->state, e->kid)) == NULL)
		return eh_error_set(error, EH_ERR_SIGNATURE,
		    "the %s is signed by a key that no issuer grant names; "
		    "import the newest grant first", info->name);
	in->issuer = *issuer;
	if (issuer->state != EH_KEY_ACTIVE)
		return eh_error_set(error, EH_ERR_SIGNATURE,
		    "the %s is signed by a retired key of %s", info->name,
		    issuer->iss);
	if ((issuer->roles & EH_ROLE_BIT(info->role)) == 0)
		return eh_error_set(error, EH_ERR_SIGNATURE,
		    "the key of %s does not have the role that a %s needs "
		    "(%d)", issuer->iss, info->name, info->role);
	return eh_envelope_verify(e, &issuer->key, error);
}

/* Keep the body under its digest: a row is of no use without it. */
static int
keep(const struct incoming *in, struct eh_error *error)
{
	char name[EH_OS_NAME];
	int err;

	eh_os_digest_name(name, "messages", in->digest);
	if ((err = eh_os_save(in->b->os, name, in->bytes, in->len)) != EH_OK)
		eh_error_set(error, err,
		    "the message cannot be kept in the state folder: %s",
		    eh_err_text(err));
	return err;
}

/* Make it durable: the body, then the record and the state. */
static int
commit(struct incoming *in, enum eh_msg_code code, struct eh_error *error)
{
	uint8_t redo[EH_PRIVATE_MESSAGE_MAX];
	struct eh_change change = { .record = &in->record };
	int err;

	if (code == EH_MSG_CODE_PAUTH && (err = keep(in, error)) != EH_OK)
		return err;
	in->record.ref.code = code;
	memcpy(in->record.ref.digest, in->digest, EH_DIGEST_LEN);
	if ((err = eh_import_redo(in->b, code, in->bytes, in->len, redo,
	         &change.redolen, error)) != EH_OK)
		return err;
	change.redo = redo;
	return eh_engine_change(in->b->engine, &change, error);
}

static int
import_message(struct incoming *in, struct eh_error *error)
{
	const struct kind *kind = NULL;
	int err;

	if ((err = eh_envelope_decode(
	         in->bytes, in->len, &in->envelope, error)) != EH_OK)
		return err;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].type == in->envelope.type)
			kind = &kinds[i];
	eh_envelope_digest(&in->envelope, in->digest);
	if ((err = verify(in, error)) != EH_OK)
		return err;
	if (kind == NULL)
		return eh_error_set(error, EH_ERR_UNSUPPORTED,
		    "a %s is not supported by this version",
		    eh_message_info(in->envelope.type)->name);
	in->done->code = kind->code;
	if ((err = kind->judge(in, error)) < 0)
		return err;
	if (err > 0) {
		snprintf(in->done->text, sizeof(in->done->text),
		    "imported before; nothing changed");
		/* Its file may have been lost; this is how it comes back. */
		return kind->code == EH_MSG_CODE_PAUTH ? keep(in, error) : EH_OK;
	}
	return commit(in, kind->code, error);
}

static int
count_one(void *context, const char *name)
{
	(void)name;
	return ++*(unsigned *)context >= PROFILES_MAX ? EH_ERR_FULL : 0;
}

static int
import_profile(struct incoming *in, struct eh_error *error)
{
	struct eh_change change = { .record = &in->record };
	struct eh_profile *profile;
	char name[EH_OS_NAME];
	struct eh_buf file;
	unsigned n = 0;
	int err;

	eh_buf_init(&file, EH_PROFILE_MAX);
	if ((profile = malloc(sizeof(*profile))) == NULL)
		return EH_ERR_MEMORY;
	if ((err = eh_profile_decode(
	         profile, in->bytes, in->len, error)) != EH_OK ||
	    (err = eh_profile_supported(profile, error)) != EH_OK)
		goto out;
	eh_profile_digest(in->bytes, in->len, in->digest);
	eh_os_digest_name(name, "profiles", in->digest);
	snprintf(in->done->text, sizeof(in->done->text),
	    "profile %s version %" PRIu32, profile->name, profile->version);
	in->done->code = EH_MSG_CODE_PROFILE;
	if (eh_os_load(in->b->os, name, &file) == EH_OK &&
	    file.len == in->len &&
	    memcmp(file.data, in->bytes, in->len) == 0) {
		snprintf(in->done->text, sizeof(in->done->text),
		    "imported before; nothing changed");
		goto out;
	}
	if (in->b->os->list(in->b->os->arg, "profiles", count_one, &n) ==
	    EH_ERR_FULL) {
		err = eh_error_set(error, EH_ERR_FULL,
		    "%d profiles are held already", PROFILES_MAX);
		goto out;
	}
	/* The record first: a file without one would be a silent change. */
	eh_record_init(&in->record, EH_RECORD_IMPORT);
	in->record.ref.code = EH_MSG_CODE_PROFILE;
	memcpy(in->record.ref.digest, in->digest, EH_DIGEST_LEN);
	if ((err = eh_engine_change(in->b->engine, &change, error)) == EH_OK &&
	    (err = eh_os_save(in->b->os, name, in->bytes, in->len)) != EH_OK)
		eh_error_set(error, err,
		    "the profile cannot be kept in the state folder: %s; "
		    "import it again", eh_err_text(err));
out:
	eh_buf_free(&file);
	free(profile);
	return err;
}

/* A sentence for the likeliest way to cut a message: OpenSC's tool does so. */
static void
explain_length(size_t len, struct eh_error *error)
{
	if (error != NULL && error->code == EH_ERR_FORMAT && len == 5000)
		eh_error_set(error, EH_ERR_FORMAT,
		    "exactly 5000 bytes came: pkcs11-tool cuts files there; "
		    "use `edgehsm token import`");
}

int
eh_import(struct eh_boundary *b, const uint8_t *bytes, size_t len,
    struct eh_imported *done, struct eh_error *error)
{
	struct incoming *in;
	int err;

	memset(done, 0, sizeof(*done));
	if (len == 0)
		return eh_error_set(error, EH_ERR_FORMAT, "nothing came");
	if (bytes[0] == 0x30 || bytes[0] == 0x82)
		return eh_error_set(error, EH_ERR_UNSUPPORTED,
		    "evidence (a PKCS#10 or an attestation) is not supported "
		    "by this version; certificates go in as CKO_CERTIFICATE");
	if ((in = calloc(1, sizeof(*in))) == NULL ||
	    (in->state = malloc(sizeof(*in->state))) == NULL) {
		free(in);
		return EH_ERR_MEMORY;
	}
	in->b = b;
	in->bytes = bytes;
	in->len = len;
	in->done = done;
	/* One at a time, so that what is judged is what is committed to. */
	pthread_mutex_lock(&b->ceremony);
	*in->state = *eh_engine_lock(b->engine);
	eh_engine_now(b->engine, &in->now);
	eh_engine_unlock(b->engine);
	err = bytes[0] >= 0xa0 && bytes[0] <= 0xbf ? import_profile(in, error)
						  : import_message(in, error);
	pthread_mutex_unlock(&b->ceremony);
	if (err != EH_OK)
		explain_length(len, error);
	free(in->state);
	free(in);
	return err;
}

int
eh_import_handle(
    struct eh_boundary *b, struct eh_call *call, struct eh_error *error)
{
	struct eh_imported *done;
	const uint8_t *bytes;
	size_t len;
	int err;

	if ((done = eh_call_keep(call, sizeof(*done))) == NULL)
		return EH_ERR_MEMORY;
	bytes = eh_wire_bytes(call->in, EH_WIRE_DATA, &len);
	if ((err = eh_import(b, bytes, len, done, error)) != EH_OK)
		return err;
	eh_boundary_changed(b);
	eh_wire_put_number(&call->out, EH_WIRE_KIND, done->code);
	eh_wire_put_text(&call->out, EH_WIRE_TEXT, done->text);
	if (done->has_authorization)
		eh_wire_put_bytes(&call->out, EH_WIRE_AUTHORIZATION,
		    done->authorization, EH_ID_LEN);
	return EH_OK;
}

int
eh_import_nonce_handle(
    struct eh_boundary *b, struct eh_call *call, struct eh_error *error)
{
	uint8_t *nonce;
	int err;

	if ((nonce = eh_call_keep(call, EH_ID_LEN)) == NULL)
		return EH_ERR_MEMORY;
	if ((err = eh_nonces_ask(b->nonces, nonce, error)) != EH_OK)
		return err;
	eh_wire_put_bytes(&call->out, EH_WIRE_NONCE, nonce, EH_ID_LEN);
	return EH_OK;
}
