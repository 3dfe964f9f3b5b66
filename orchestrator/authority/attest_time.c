/* SPDX-License-Identifier: Apache-2.0 */
/* attest_time.c - saying what time it is, for one nonce of one EdgeHSM. */
#include "config.h"

#include <string.h>

#include "common/message/time.h"
#include "orchestrator/authority/attest_time.h"
#include "orchestrator/authority/store_life.h"

/* Encode, and decode again with the EdgeHSM's code, before anybody signs. */
static int
encode(const struct eh_time_attestation *t, uint8_t *payload, size_t cap,
    size_t *lenp, struct eh_error *error)
{
	struct eh_time_attestation again;
	struct eh_writer w;
	int err;

	eh_writer_init(&w, payload, cap);
	eh_time_attestation_encode(t, &w);
	if ((err = eh_writer_end(&w, lenp)) != EH_OK)
		return eh_error_set(
		    error, err, "time attestation: %s", eh_err_text(err));
	return eh_time_attestation_decode(payload, *lenp, &again, error);
}

static int
attest(struct eh_authority *a, const struct eh_hsm *hsm,
    struct eh_time_attestation *t, struct eh_buf *out,
    uint8_t digest[EH_DIGEST_LEN], struct eh_error *error)
{
	const struct eh_store_self *self = eh_authority_self(a);
	uint8_t kid[EH_KID_LEN], payload[512];
	size_t len;
	int err;

	memcpy(t->from.iss, self->name, sizeof(t->from.iss));
	memcpy(t->from.sub, hsm->id, EH_HSM_ID_LEN);
	eh_keyid_kid(&self->key[EH_STORE_MESSAGE_KEY].public, kid);
	if ((err = eh_store_get_in_force(eh_authority_store(a), hsm->id,
	         &t->in_force, error)) != EH_OK ||
	    (err = eh_store_take_seq(eh_authority_store(a), kid,
	         EH_MESSAGE_TIME, hsm->id, &t->tseq, error)) != EH_OK ||
	    (err = encode(t, payload, sizeof(payload), &len, error)) != EH_OK)
		return err;
	return eh_authority_sign(a, EH_MESSAGE_TIME, hsm->id, t->tseq,
	    t->from.iat, payload, len, out, digest, error);
}

int
eh_attest_time(struct eh_authority *a, const char *name,
    const uint8_t nonce[EH_ID_LEN], uint32_t uncertainty, uint64_t now,
    struct eh_buf *out, uint8_t digest[EH_DIGEST_LEN], struct eh_error *error)
{
	struct eh_time_attestation t = { .has_nonce = nonce != NULL,
		.uncertainty = uncertainty };
	struct eh_store *store = eh_authority_store(a);
	struct eh_hsm hsm;
	int err;

	if (uncertainty > EH_UNCERTAINTY_MAX)
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "an uncertainty of %u s: at most %d s are allowed",
		    uncertainty, EH_UNCERTAINTY_MAX);
	t.from.iat = now;
	if (nonce != NULL)
		memcpy(t.nonce, nonce, EH_ID_LEN);
	if ((err = eh_store_begin(store, error)) != EH_OK)
		return err;
	err = eh_store_get_hsm(store, name, &hsm, error);
	if (err == EH_OK)
		err = attest(a, &hsm, &t, out, digest, error);
	if (err == EH_OK)
		err = eh_store_trail(
		    store, now, "time", hsm.id, digest, name, error);
	if (err == EH_OK)
		err = eh_store_commit(store, error);
	if (err != EH_OK) {
		eh_store_rollback(store);
		eh_buf_clear(out);
	}
	return err;
}
