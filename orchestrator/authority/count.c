/* SPDX-License-Identifier: Apache-2.0 */
/* count.c - letting a TPM count what an issuing key signs. */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/message/pauth.h"
#include "orchestrator/authority/count.h"
#include "orchestrator/authority/life.h"

#define CHAIN_MAX 1000	/* authorizations in a line of supersession */

struct job {
	struct eh_authority *authority;
	struct eh_store *store;
	struct eh_privkey *key;
	struct eh_countreq request;
	struct eh_counted_out *out;
	uint64_t now;
	uint32_t uses;
};

/* A request by an EdgeHSM that we know, for itself. */
static int
open_request(struct job *j, const uint8_t *message, size_t len,
    struct eh_error *error)
{
	struct eh_hsm *hsm = &j->out->hsm;
	struct eh_envelope e;
	int err;

	if ((err = eh_envelope_decode(message, len, &e, error)) != EH_OK)
		return err;
	if (e.type != EH_MESSAGE_COUNTREQ)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "not a count request but a %s",
		    eh_message_info(e.type)->name);
	err = eh_store_get_hsm_by_kid(j->store, e.kid, hsm, error);
	if (err == EH_ERR_NOT_FOUND)
		return eh_error_set(error, EH_DENIED_SCOPE,
		    "the count request is signed by no EdgeHSM that is "
		    "enrolled here");
	if (err != EH_OK ||
	    (err = eh_envelope_verify(&e, &hsm->attestation, error)) !=
	        EH_OK ||
	    (err = eh_countreq_decode(e.sign1.payload, e.sign1.payload_len,
	         &j->request, error)) != EH_OK)
		return err;
	if (memcmp(j->request.hsm_id, hsm->id, EH_HSM_ID_LEN) != 0)
		return eh_error_set(error, EH_DENIED_SCOPE,
		    "the count request speaks of another EdgeHSM than the one "
		    "that signed it");
	return eh_store_check_served(j->store, hsm->id, error);
}

/* How many signatures the authorization allows, by its message. */
static int
read_total(struct job *j, const struct eh_store_authorization *a,
    uint64_t *totalp, struct eh_error *error)
{
	struct eh_pauth *p = malloc(sizeof(*p));
	struct eh_envelope e;
	struct eh_buf message;
	int err;

	*totalp = 0;
	eh_buf_init(&message, EH_MESSAGE_MAX_INBOUND);
	if (p == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	if ((err = eh_store_get_message(
	         j->store, a->message, &message, error)) == EH_OK &&
	    (err = eh_envelope_decode(
	         message.data, message.len, &e, error)) == EH_OK &&
	    (err = eh_pauth_decode(e.sign1.payload, e.sign1.payload_len, p,
	         error)) == EH_OK)
		for (unsigned i = 0; i < p->nops; i++)
			if (p->ops[i].op == EH_OP_ISSUE ||
			    p->ops[i].op == EH_OP_REISSUE)
				*totalp += p->ops[i].quota;
	eh_buf_free(&message);
	free(p);
	return err;
}

/* What was approved for it, and for those before it. */
static int
sum_chain(struct job *j, struct eh_store_authorization a,
    struct eh_error *error)
{
	uint8_t before[EH_ID_LEN];
	uint64_t sum;
	int err;

	for (unsigned i = 0; i < CHAIN_MAX; i++) {
		if ((err = eh_store_sum_counts(j->store, j->out->hsm.id, a.id,
		         EH_ID_LEN, &sum, error)) != EH_OK)
			return err;
		j->out->sum += sum;
		if (!a.has_supersedes)
			return EH_OK;
		memcpy(before, a.supersedes, sizeof(before));
		if ((err = eh_store_get_authorization(
		         j->store, before, &a, error)) != EH_OK)
			return err;
	}
	return eh_error_set(error, EH_ERR_FULL,
	    "more than %d authorizations supersede one another", CHAIN_MAX);
}

/* It is for this EdgeHSM, the newest of its line, and neither over nor taken
 * back: what a TPM is allowed to count nobody can take back any more. */
static int
check_usable(struct job *j, const struct eh_store_authorization *a,
    struct eh_error *error)
{
	struct eh_store_authorization next = *a;
	int found, err;

	if (memcmp(a->hsm, j->out->hsm.id, EH_HSM_ID_LEN) != 0)
		return eh_error_set(error, EH_DENIED_SCOPE,
		    "authorization %s is for another EdgeHSM", a->order);
	if ((err = eh_store_get_successor(
	         j->store, &next, &found, error)) != EH_OK)
		return err;
	if (found)
		return eh_error_set(error, EH_DENIED_SCOPE,
		    "authorization %s is superseded by %s: import that one, "
		    "and ask for it", a->order, next.order);
	if (a->expires <= j->now)
		return eh_error_set(error, EH_DENIED_STATE,
		    "authorization %s expired at %" PRIu64 ", it is %" PRIu64
		    " now: authorize a new one", a->order, a->expires, j->now);
	return eh_life_check_live(j->store, a, error);
}

/* How many uses may be approved yet. */
static int
read_rest(struct job *j, uint64_t *restp, struct eh_error *error)
{
	struct eh_store_authorization a;
	uint64_t total;
	int err;

	*restp = 0;
	if ((err = eh_store_get_authorization(
	         j->store, j->request.use.authorization, &a, error)) != EH_OK)
		return err;
	memcpy(j->out->order, a.order, sizeof(j->out->order));
	if ((err = check_usable(j, &a, error)) != EH_OK ||
	    (err = read_total(j, &a, &total, error)) != EH_OK ||
	    (err = sum_chain(j, a, error)) != EH_OK)
		return err;
	if (total > j->out->sum)
		*restp = total - j->out->sum;
	if (*restp > EH_COUNT_LIMIT_MAX)
		*restp = EH_COUNT_LIMIT_MAX;
	if (*restp > 0)
		return EH_OK;
	return eh_error_set(error, EH_DENIED_QUOTA,
	    "authorization %s allows %" PRIu64 " signatures, and %" PRIu64
	    " were approved: an order of more devices supersedes it "
	    "(edgehsm-authority authorize)", a.order, total, j->out->sum);
}

static void
fill_row(const struct job *j, struct eh_store_count *row)
{
	const struct eh_count_for *use = &j->request.use;

	memset(row, 0, sizeof(*row));
	memcpy(row->hsm, j->out->hsm.id, EH_HSM_ID_LEN);
	row->has_authorization = use->has_authorization;
	if (use->has_authorization)
		memcpy(row->about, use->authorization, EH_ID_LEN);
	else
		memcpy(row->about, use->keys[0], EH_DIGEST_LEN);
	row->index = j->request.index;
}

static int
sign(struct job *j, const uint8_t *bytes, size_t len,
    uint8_t signature[EH_SIGNATURE_LEN], struct eh_error *error)
{
	struct eh_signer signer;
	int err;

	eh_privkey_signer(j->key, &signer);
	err = signer.sign(signer.arg, bytes, len, signature);
	return err == EH_OK ? EH_OK : eh_error_set(error, err,
	    "the policy for the TPM cannot be signed: %s", eh_err_text(err));
}

/* First journey: the index may be written. */
static int
grant_write(struct job *j, struct eh_error *error)
{
	const struct eh_rawkey *key = eh_privkey_public(j->key);
	struct eh_count *n = &j->out->count;
	uint8_t bytes[EH_COUNT_SIGNED_MAX];
	struct eh_store_count row;
	uint64_t rest = j->uses;
	int err;

	if (j->request.use.has_authorization &&
	    (err = read_rest(j, &rest, error)) != EH_OK)
		return err;
	fill_row(j, &row);
	row.limit = n->limit = (uint32_t)rest;
	if ((err = sign(j, bytes, eh_count_write_signed(
	         key, &n->index, n->limit, bytes), n->write, error)) != EH_OK)
		return err;
	err = eh_store_put_count(j->store, &row, error);
	if (err == EH_ERR_EXISTS)
		return eh_error_set(error, EH_ERR_REPLAYED,
		    "this request was answered before, and the index approved");
	return err;
}

/* Second journey: it may be used, once for all. */
static int
grant_use(struct job *j, struct eh_error *error)
{
	const struct eh_rawkey *key = eh_privkey_public(j->key);
	struct eh_count *n = &j->out->count;
	uint8_t bytes[EH_COUNT_SIGNED_MAX];
	struct eh_store_count row, asked;
	uint64_t rest = EH_COUNT_LIMIT_MAX;
	int err;

	fill_row(j, &row);
	asked = row;
	if ((err = eh_store_get_count(j->store, &row, error)) != EH_OK)
		return err;
	if (row.has_authorization != asked.has_authorization ||
	    memcmp(row.about, asked.about, sizeof(row.about)) != 0)
		return eh_error_set(error, EH_DENIED_SCOPE,
		    "the index was written for something else");
	n->limit = row.limit;
	n->is_approval = 1;
	if (!row.is_approved) {
		if (row.has_authorization &&
		    (err = read_rest(j, &rest, error)) != EH_OK)
			return err;
		if (rest < row.limit)
			return eh_error_set(error, EH_DENIED_QUOTA,
			    "%" PRIu32 " uses were asked for, and %" PRIu64
			    " are left: %" PRIu64 " were approved for another "
			    "index", row.limit, rest, j->out->sum);
		row.is_approved = 1;
		if ((err = eh_store_put_count(j->store, &row, error)) != EH_OK)
			return err;
	}
	for (unsigned i = 0; i < n->use.nkeys; i++)
		if ((err = sign(j, bytes, eh_count_approval_signed(key,
		         &n->index, j->request.refs[i], bytes),
		         n->approvals[i], error)) != EH_OK)
			return err;
	return EH_OK;
}

static int
answer(struct job *j, struct eh_buf *out, uint8_t digest[EH_DIGEST_LEN],
    struct eh_error *error)
{
	const struct eh_store_self *self = eh_authority_self(j->authority);
	struct eh_count *n = &j->out->count, again;
	uint8_t kid[EH_KID_LEN], payload[1024];
	struct eh_writer w;
	size_t len;
	int err;

	memcpy(n->from.iss, self->name, sizeof(n->from.iss));
	memcpy(n->from.sub, j->out->hsm.id, EH_HSM_ID_LEN);
	n->from.iat = j->now;
	n->use = j->request.use;
	n->index = j->request.index;
	eh_keyid_kid(&self->key[EH_STORE_MESSAGE_KEY].public, kid);
	if ((err = j->request.is_written ? grant_use(j, error) :
	                                   grant_write(j, error)) != EH_OK ||
	    (err = eh_store_take_seq(j->store, kid, EH_MESSAGE_COUNT,
	         j->out->hsm.id, &n->seq, error)) != EH_OK)
		return err;
	eh_writer_init(&w, payload, sizeof(payload));
	eh_count_encode(n, &w);
	if ((err = eh_writer_end(&w, &len)) != EH_OK)
		return eh_error_set(
		    error, err, "count: %s", eh_err_text(err));
	if ((err = eh_count_decode(payload, len, &again, error)) != EH_OK ||
	    (err = eh_authority_sign(j->authority, EH_MESSAGE_COUNT,
	         j->out->hsm.id, n->seq, j->now, payload, len, out, digest,
	         error)) != EH_OK)
		return err;
	return eh_store_trail(j->store, j->now, "count", j->out->hsm.id,
	    digest, j->out->order[0] != '\0' ? j->out->order : "a key's own",
	    error);
}

int
eh_count_grant(struct eh_authority *a, const uint8_t *message, size_t len,
    uint32_t uses, uint64_t now, struct eh_buf *out,
    uint8_t digest[EH_DIGEST_LEN], struct eh_counted_out *granted,
    struct eh_error *error)
{
	struct job j = { .authority = a, .store = eh_authority_store(a),
		.out = granted, .now = now, .uses = uses };
	int err;

	memset(granted, 0, sizeof(*granted));
	if ((err = eh_authority_key(
	         a, EH_STORE_MESSAGE_KEY, &j.key, error)) != EH_OK)
		return err;
	if (eh_privkey_public(j.key)->len != EH_P256_POINT_LEN)
		return eh_error_set(error, EH_ERR_UNSUPPORTED,
		    "the message key of this authority is not of P-256, which "
		    "is what TPMs know: it cannot let them count");
	if ((err = eh_store_begin(j.store, error)) != EH_OK)
		return err;
	err = open_request(&j, message, len, error);
	if (err == EH_OK)
		err = answer(&j, out, digest, error);
	if (err == EH_OK)
		err = eh_store_commit(j.store, error);
	if (err != EH_OK) {
		eh_store_rollback(j.store);
		eh_buf_clear(out);
	}
	return err;
}
