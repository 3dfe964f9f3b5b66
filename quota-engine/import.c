/* SPDX-License-Identifier: Apache-2.0 */
/* import.c - what the authority sends in, in the order in which it is judged. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/message/envelope.h"
#include "common/x509/profile.h"
#include "quota-engine/attest.h"
#include "quota-engine/import.h"
#include "quota-engine/import_ack.h"
#include "quota-engine/import_apply.h"
#include "quota-engine/import_count.h"
#include "quota-engine/import_judge.h"
#include "quota-engine/import_revoke.h"
#include "quota-engine/import_supersede.h"
#include "quota-engine/nonce.h"

#define PROFILES_MAX 256	/* files; they are never removed */

/* What follows the signature, by type. */
struct kind {
	enum eh_message_type type;
	enum eh_msg_code code;
	int (*judge)(struct eh_incoming *, struct eh_error *);
};

static const struct kind kinds[] = {
	{ EH_MESSAGE_GRANT, EH_MSG_CODE_GRANT, eh_import_judge_grant },
	{ EH_MESSAGE_PAUTH, EH_MSG_CODE_PAUTH, eh_import_judge_pauth },
	{ EH_MESSAGE_REVOKE, EH_MSG_CODE_REVOKE, eh_import_judge_revoke },
	{ EH_MESSAGE_TIME, EH_MSG_CODE_TIME, eh_import_judge_time },
	{ EH_MESSAGE_ACK, EH_MSG_CODE_ACK, eh_import_judge_ack },
	{ EH_MESSAGE_COUNT, EH_MSG_CODE_COUNT, eh_import_judge_count },
};

/* Steps 8 and 9: which key may have signed this, and did it? */
static int
verify(struct eh_incoming *in, struct eh_error *error)
{
	const struct eh_envelope *e = &in->envelope;
	const struct eh_message_info *info = eh_message_info(e->type);
	const struct eh_state_issuer *issuer;
	uint8_t kid[EH_KID_LEN];
	int err;

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
	if (eh_state_kid_revoked(in->state, e->kid))
		return eh_error_set(error, EH_ERR_SIGNATURE,
		    "the %s is signed by a key that was revoked for good",
		    info->name);
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
	if ((err = eh_import_judge_issuers(in, error)) != EH_OK)
		return err;
	return eh_envelope_verify(e, &issuer->key, error);
}

/* Keep the body under its digest: a row is of no use without it. */
static int
keep(const struct eh_incoming *in, struct eh_error *error)
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
commit(struct eh_incoming *in, enum eh_msg_code code, struct eh_error *error)
{
	uint8_t redo[EH_PRIVATE_MESSAGE_MAX];
	struct eh_change change = { .record = &in->record };
	int err;

	if (code == EH_MSG_CODE_PAUTH && (err = keep(in, error)) != EH_OK)
		return err;
	in->record.ref.code = code;
	memcpy(in->record.ref.digest, in->digest, EH_DIGEST_LEN);
	change.journal_only = code == EH_MSG_CODE_ACK;
	if (code == EH_MSG_CODE_ACK)
		err = eh_import_ack_redo(in, redo, &change.redolen);
	else if (code == EH_MSG_CODE_PAUTH)
		err = eh_import_pauth_redo(in, redo, &change.redolen);
	else
		err = eh_import_redo(in->b, code, in->bytes, in->len, redo,
		    &change.redolen, error);
	if (err != EH_OK)
		return err;
	change.redo = redo;
	err = eh_engine_change(in->b->engine, &change, error);
	if (err == EH_OK)
		eh_import_tell_closed(in);
	if (err == EH_OK && code == EH_MSG_CODE_COUNT)
		err = eh_import_count_finish(in, error);
	return err;
}

static int
import_message(struct eh_incoming *in, struct eh_error *error)
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
		if (in->done->text[0] == '\0')
			snprintf(in->done->text, sizeof(in->done->text),
			    "imported before; nothing changed");
		/* Its file may have been lost; this is how it comes back. */
		return kind->code == EH_MSG_CODE_PAUTH ? keep(in, error) : EH_OK;
	}
	return commit(in, in->done->code, error);
}

static int
count_one(void *context, const char *name)
{
	(void)name;
	return ++*(unsigned *)context >= PROFILES_MAX ? EH_ERR_FULL : 0;
}

static int
import_profile(struct eh_incoming *in, struct eh_error *error)
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
	struct eh_incoming *in;
	int err;

	memset(done, 0, sizeof(*done));
	if (len == 0)
		return eh_error_set(error, EH_ERR_FORMAT, "nothing came");
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

/* A request ahead of the issue that it is for. */
static int
import_request(struct eh_boundary *b, uid_t uid, const uint8_t *der,
    size_t len, struct eh_error *error)
{
	struct eh_shelved s = { .kind = EH_PARAM_CSR, .uid = uid };
	struct eh_state_key own;
	struct eh_rawkey key;
	struct eh_error why;
	int err;

	eh_error_clear(&why);
	if ((err = eh_evidence_csr(der, len, &key, &why)) != EH_OK)
		return eh_error_set(error, err,
		    "%s (a certificate goes in as CKO_CERTIFICATE)",
		    eh_error_sentence(&why));
	eh_keyid_spki_digest(&key, s.spki);
	if (eh_keys_by_digest(b->keys, s.spki, &own, NULL) == EH_OK)
		return eh_error_set(error, EH_DENIED_EVIDENCE,
		    "the request is of a key of this token, %s", own.label);
	eh_sha256(der, len, s.digest);
	return eh_shelf_put(
	    &b->evidence, eh_clock_monotonic_ns(), &s, error);
}

/* Evidence ahead of the issue that it is for.  It changes nothing that lasts, so
 * there is no ceremony, no record and no new generation. */
static int
import_evidence(struct eh_boundary *b, struct eh_call *call,
    const uint8_t *bytes, size_t len, struct eh_error *error)
{
	uid_t uid = call->caller->peer.uid;
	struct eh_evidence_item e = { EH_PARAM_CSR, { bytes, len } };
	int err, attested;

	if (bytes[0] == 0x82 && eh_evidence_item_decode(
	        bytes, len, &e, error) != EH_OK)
		return EH_DENIED_EVIDENCE;
	attested = e.kind == EH_PARAM_ATTESTATION;
	err = attested
	    ? eh_attest_import(b, uid, e.bytes.at, e.bytes.len, error)
	    : import_request(b, uid, e.bytes.at, e.bytes.len, error);
	if (err != EH_OK)
		return err;
	eh_wire_put_number(&call->out, EH_WIRE_KIND, 0);
	eh_call_say(call, attested
	    ? "an attestation: it waits ten minutes for the issue with a key "
	      "of its chip"
	    : "a request: it waits ten minutes for the issue with its key");
	return EH_OK;
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
	if (len > 0 && (bytes[0] == 0x30 || bytes[0] == 0x82))
		return import_evidence(b, call, bytes, len, error);
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
