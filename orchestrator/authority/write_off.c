/* SPDX-License-Identifier: Apache-2.0 */
/* write_off.c - declaring an EdgeHSM lost. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "orchestrator/authority/authorize.h"
#include "orchestrator/authority/prerevoke.h"
#include "orchestrator/authority/write_off.h"

struct job {
	struct eh_authority *authority;
	struct eh_store *store;
	const struct eh_write_off_request *request;
	uint64_t now;
	struct eh_hsm hsm;
	struct eh_receipt *receipt;
	struct eh_write_off *w;
	struct eh_error *error;
};

/* The serials of one authorization of a chain, which may be alive. */
static int
prerevoke(struct job *j, const struct eh_store_authorization *a,
    uint16_t burns, struct eh_write_off_row *row)
{
	struct eh_profile *profile = calloc(1, sizeof(*profile));
	struct eh_pauth *pauth = calloc(1, sizeof(*pauth));
	const unsigned last = burns + j->request->stops;
	struct eh_error why;
	struct eh_buf bytes;
	uint64_t count = 0;
	int err;

	eh_error_clear(&why);
	eh_buf_init(&bytes, EH_PROFILE_MAX);
	if (profile == NULL || pauth == NULL)
		err = eh_error_set(
		    j->error, EH_ERR_MEMORY, "out of memory");
	else if ((err = eh_authorize_get(
	              j->authority, a, pauth, j->error)) == EH_OK &&
	    (err = eh_store_get_profile(j->store, a->profile.digest, &bytes,
	         j->error)) == EH_OK &&
	    (err = eh_profile_decode(
	         profile, bytes.data, bytes.len, j->error)) == EH_OK)
		err = eh_prerevoke(j->store, pauth, profile,
		    last > UINT16_MAX ? UINT16_MAX : (uint16_t)last, j->now,
		    &count, &why);
	if (err == EH_ERR_UNSUPPORTED) {
		snprintf(row->not_enumerable, sizeof(row->not_enumerable),
		    "%s", eh_error_sentence(&why));
		err = EH_OK;
	} else if (err != EH_OK && why.code != EH_OK) {
		eh_error_set(j->error, err, "%s", eh_error_sentence(&why));
	}
	row->serials += count;
	eh_buf_free(&bytes);
	free(pauth);
	free(profile);
	return err;
}

/* All of a chain that may be alive share the number of its unclean stops. */
static int
prerevoke_chain(struct job *j, struct eh_write_off_row *row)
{
	struct eh_store_authorization a = row->chain.tip;
	uint16_t burns = 0;
	int err = EH_OK;

	for (int pass = 0; err == EH_OK && pass < 2; pass++) {
		int more = 1;

		a = row->chain.tip;
		while (err == EH_OK && more) {
			uint8_t old[EH_ID_LEN];
			struct eh_life life;

			err = eh_life_get(
			    j->store, &a, j->receipt, &life, j->error);
			if (err == EH_OK && life.log.burns > burns)
				burns = life.log.burns;
			if (err == EH_OK && pass == 1 &&
			    life.state != EH_LIFE_CLOSED &&
			    life.state != EH_LIFE_NEVER)
				err = prerevoke(j, &a, burns, row);
			memcpy(old, a.supersedes, EH_ID_LEN);
			more = a.has_supersedes;
			if (err == EH_OK && more)
				err = eh_store_get_authorization(
				    j->store, old, &a, j->error);
		}
	}
	return err;
}

static int
add(void *arg, const struct eh_chain *c)
{
	struct job *j = arg;
	struct eh_store_written_off off = { .used = c->used,
		.burned = c->burned };
	struct eh_write_off_row *row;
	int err;

	if (!c->open)
		return EH_OK;
	row = reallocarray(j->w->row, j->w->n + 1, sizeof(*row));
	if (row == NULL)
		return eh_error_set(
		    j->error, EH_ERR_MEMORY, "out of memory");
	j->w->row = row;
	row = &j->w->row[j->w->n++];
	memset(row, 0, sizeof(*row));
	row->chain = *c;
	row->outstanding = c->taken - c->used;
	if ((err = prerevoke_chain(j, row)) != EH_OK)
		return err;
	memcpy(off.id, c->tip.id, EH_ID_LEN);
	off.outstanding = row->outstanding;
	off.enumerable = row->not_enumerable[0] == '\0';
	return eh_store_put_written_off(j->store, &off, j->error);
}

static int
run(struct job *j)
{
	struct eh_store_write_off off = { .at = j->now };
	struct eh_store_write_off before;
	int err;

	if ((err = eh_store_get_hsm(
	         j->store, j->request->hsm, &j->hsm, j->error)) != EH_OK ||
	    (err = eh_store_get_write_off(
	         j->store, j->hsm.id, &before, j->error)) != EH_OK)
		return err;
	memcpy(j->w->name, j->hsm.name, sizeof(j->w->name));
	if (before.at != 0)
		return eh_error_set(j->error, EH_DENIED_STATE,
		    "%s is written off already (%s)", j->hsm.name, before.why);
	snprintf(off.why, sizeof(off.why), "%s", j->request->why);
	if ((err = eh_life_receipt(
	         j->store, j->hsm.id, &j->receipt, j->error)) != EH_OK ||
	    (err = eh_life_each_chain_at(
	         j->store, j->hsm.id, add, j, j->error)) != EH_OK ||
	    (err = eh_store_put_write_off(
	         j->store, j->hsm.id, &off, j->error)) != EH_OK ||
	    (err = eh_store_trail(j->store, j->now, "write-off", j->hsm.id,
	         NULL, j->request->why, j->error)) != EH_OK)
		return err;
	if (!j->request->only_look)
		return eh_store_commit(j->store, j->error);
	eh_store_rollback(j->store);
	return EH_OK;
}

int
eh_write_off(struct eh_authority *a, const struct eh_write_off_request *r,
    uint64_t now, struct eh_write_off *w, struct eh_error *error)
{
	struct job j = { .authority = a,
		.store = eh_authority_store(a),
		.request = r,
		.now = now,
		.w = w,
		.error = error };
	int err;

	memset(w, 0, sizeof(*w));
	if (!eh_text_check(r->why) || r->stops > EH_WRITE_OFF_STOPS_MAX)
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "a reason of 1 to %d printable characters, and at most %d "
		    "unclean stops", EH_TEXT_MAX, EH_WRITE_OFF_STOPS_MAX);
	if ((err = eh_store_begin(j.store, error)) != EH_OK)
		return err;
	if ((err = run(&j)) != EH_OK)
		eh_store_rollback(j.store);
	free(j.receipt);
	return err;
}

void
eh_write_off_free(struct eh_write_off *w)
{
	free(w->row);
	w->row = NULL;
	w->n = 0;
}

static int
print(void *arg, const struct eh_store_serial *s)
{
	char text[EH_HEX_SIZE(EH_DIGEST_LEN) + 2 * EH_HEX_SIZE(EH_ID_LEN) + 2];
	char issuer[EH_HEX_SIZE(EH_DIGEST_LEN)];
	char serial[EH_HEX_SIZE(EH_ID_LEN)], id[EH_HEX_SIZE(EH_ID_LEN)];

	eh_hex_encode(s->issuer, EH_DIGEST_LEN, issuer);
	eh_hex_encode(s->serial, EH_ID_LEN, serial);
	eh_hex_encode(s->authorization, EH_ID_LEN, id);
	snprintf(text, sizeof(text), "%s %s %s\n", issuer, serial, id);
	return eh_buf_append(arg, text, strlen(text));
}

int
eh_write_off_serials(struct eh_authority *a, const char *name,
    struct eh_buf *out, struct eh_error *error)
{
	struct eh_store *store = eh_authority_store(a);
	struct eh_hsm hsm;
	int err = eh_store_get_hsm(store, name, &hsm, error);

	if (err == EH_OK)
		err = eh_store_each_prerevoked(
		    store, hsm.id, print, out, error);
	if (err == EH_ERR_MEMORY || err == EH_ERR_FULL || err == EH_ERR_SPACE)
		eh_error_set(error, err, "the list of serials: %s",
		    eh_err_text(err));
	return err;
}
