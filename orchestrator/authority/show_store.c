/* SPDX-License-Identifier: Apache-2.0 */
/* show_store.c - the whole store on one screen. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "orchestrator/authority/life.h"
#include "orchestrator/authority/show_items.h"
#include "orchestrator/authority/show_store.h"
#include "orchestrator/authority/store_log.h"
#include "orchestrator/authority/verbs.h"

struct walk {
	struct eh_sheet *sheet;
	struct eh_store *store;
	const uint8_t *hsm;	/* whose numbers are wanted */
	struct eh_error *error;
};

static int
show_seq(void *arg, const char *typ, const uint8_t kid[EH_KID_LEN],
    const uint8_t hsm[EH_HSM_ID_LEN], uint64_t next)
{
	struct walk *w = arg;

	if (memcmp(hsm, w->hsm, EH_HSM_ID_LEN) != 0)
		return EH_OK;
	eh_sheet_begin(w->sheet, "next sequence");
	eh_sheet_text(w->sheet, "type", "%s", typ);
	eh_sheet_hex(w->sheet, "kid", kid, EH_KID_LEN);
	eh_sheet_uint(w->sheet, "next", next);
	eh_sheet_end(w->sheet);
	return EH_OK;
}

/* What was revoked, and whether it is lost. */
static int
show_in_force(struct walk *w, const struct eh_hsm *h)
{
	struct eh_store_write_off off;
	struct eh_in_force f;
	int err;

	if ((err = eh_store_get_in_force(w->store, h->id, &f, w->error)) !=
	        EH_OK ||
	    (err = eh_store_get_write_off(
	         w->store, h->id, &off, w->error)) != EH_OK)
		return err;
	if (f.rseq != 0) {
		eh_sheet_uint(w->sheet, "revocation", f.rseq);
		eh_sheet_uint(w->sheet, "minimum epoch", f.epoch);
	}
	if (off.at != 0) {
		eh_sheet_time(w->sheet, "written off", off.at);
		eh_sheet_text(w->sheet, "reason", "%s", off.why);
	}
	return EH_OK;
}

/* What is held of its log, and whether it is frozen. */
static int
show_log(struct walk *w, const struct eh_hsm *h)
{
	struct eh_store_log log;
	int err = eh_store_get_log(w->store, h->id, &log, w->error);

	if (err == EH_OK && log.tree.size > 0)
		eh_sheet_count(
		    w->sheet, "log", log.tree.size, "entries held");
	if (err == EH_OK && log.frozen[0] != '\0')
		eh_sheet_text(w->sheet, "frozen", "%s", log.frozen);
	return err;
}

static int
show_hsm(void *arg, const struct eh_hsm *h)
{
	struct walk *w = arg;
	uint8_t digest[EH_SPKI_DIGEST_LEN];
	int err;

	eh_sheet_begin(w->sheet, "EdgeHSM");
	eh_sheet_text(w->sheet, "name", "%s", h->name);
	eh_sheet_text(w->sheet, "factory", "%s", h->factory);
	eh_sheet_hex(w->sheet, "id", h->id, EH_HSM_ID_LEN);
	eh_keyid_spki_digest(&h->attestation, digest);
	eh_sheet_fingerprint(
	    w->sheet, "attestation key", digest, sizeof(digest));
	eh_show_number(w->sheet, "anchor class", h->anchor_class,
	    eh_show_class_name(h->anchor_class));
	eh_sheet_text(w->sheet, "software", "%s", h->software.version);
	eh_sheet_time(w->sheet, "enrolled", h->enrolled);
	eh_sheet_time(w->sheet, "grant ends", h->granted_until);
	w->hsm = h->id;
	if ((err = show_log(w, h)) == EH_OK &&
	    (err = show_in_force(w, h)) == EH_OK)
		err = eh_store_each_seq(w->store, show_seq, w, w->error);
	eh_sheet_end(w->sheet);
	return err;
}

static int
show_invitation(void *arg, const struct eh_invitation *i)
{
	struct walk *w = arg;

	if (i->state != EH_INVITATION_OPEN)
		return EH_OK;
	eh_sheet_begin(w->sheet, "open invitation");
	eh_sheet_text(w->sheet, "name", "%s", i->name);
	eh_sheet_text(w->sheet, "factory", "%s", i->factory);
	eh_sheet_time(w->sheet, "opened", i->opened);
	eh_sheet_end(w->sheet);
	return EH_OK;
}

/* What became of it, as far as it is proven. */
static int
show_life(struct walk *w, const struct eh_store_authorization *a)
{
	struct eh_receipt *receipt;
	struct eh_life life;
	int err = eh_life_receipt(w->store, a->hsm, &receipt, w->error);

	if (err == EH_OK)
		err = eh_life_get(w->store, a, receipt, &life, w->error);
	free(receipt);
	if (err != EH_OK)
		return err;
	eh_sheet_text(
	    w->sheet, "state", "%s", eh_life_state_name(life.state));
	if (life.state == EH_LIFE_CLOSED) {
		eh_sheet_text(w->sheet, "closed because", "%s",
		    eh_life_reason_name(life.log.reason));
		eh_sheet_uint(w->sheet, "good", life.log.good);
		eh_sheet_uint(w->sheet, "scrapped", life.log.scrapped);
		eh_sheet_uint(w->sheet, "in doubt", life.log.in_doubt);
	}
	if (life.revoked.rseq != 0) {
		eh_sheet_uint(w->sheet, "revoked by", life.revoked.rseq);
		eh_sheet_text(w->sheet, "reason", "%s", life.revoked.why);
	}
	eh_sheet_count(w->sheet, "used", life.used, "devices");
	if (life.burned > 0)
		eh_sheet_count(w->sheet, "burned", life.burned, "devices");
	if (life.log.burns > 0)
		eh_sheet_uint(w->sheet, "burns", life.log.burns);
	if (life.is_written_off)
		eh_sheet_count(w->sheet, "written off",
		    life.written_off.outstanding, "devices");
	return EH_OK;
}

static int
show_order(void *arg, const char *name, uint64_t devices)
{
	struct walk *w = arg;
	struct eh_order_sum sum;
	int err = eh_life_sum(w->store, name, &sum, w->error);

	if (err != EH_OK)
		return err;
	eh_sheet_begin(w->sheet, "order");
	eh_sheet_text(w->sheet, "name", "%s", name);
	eh_sheet_count(w->sheet, "total", devices, "devices");
	eh_sheet_count(w->sheet, "used", sum.used, "devices");
	eh_sheet_count(w->sheet, "burned", sum.burned, "devices");
	eh_sheet_count(w->sheet, "open", sum.open, "devices");
	eh_sheet_count(w->sheet, "written off", sum.written_off, "devices");
	eh_sheet_count(w->sheet, "left",
	    devices > sum.taken ? devices - sum.taken : 0, "devices");
	eh_sheet_end(w->sheet);
	return EH_OK;
}

static int
show_authorization(void *arg, const struct eh_store_authorization *a)
{
	struct walk *w = arg;
	struct eh_hsm hsm;
	int err = eh_store_get_hsm_by_id(w->store, a->hsm, &hsm, w->error);

	if (err != EH_OK)
		return err;
	eh_sheet_begin(w->sheet, "authorization");
	if (a->order[0] != '\0')
		eh_sheet_text(w->sheet, "order", "%s", a->order);
	eh_sheet_hex(w->sheet, "id", a->id, EH_ID_LEN);
	eh_sheet_text(w->sheet, "EdgeHSM", "%s", hsm.name);
	eh_show_profile_ref(w->sheet, &a->profile);
	eh_sheet_count(w->sheet, "devices", a->devices, "devices");
	eh_sheet_time(w->sheet, "not before", a->not_before);
	eh_sheet_time(w->sheet, "expires", a->expires);
	eh_sheet_uint(w->sheet, "sequence", a->seq);
	eh_sheet_uint(w->sheet, "epoch", a->epoch);
	if (a->has_supersedes)
		eh_sheet_hex(w->sheet, "supersedes", a->supersedes, EH_ID_LEN);
	eh_sheet_hex(w->sheet, "digest", a->message, EH_DIGEST_LEN);
	err = show_life(w, a);
	eh_sheet_end(w->sheet);
	return err;
}

static int
show_trail(void *arg, uint64_t at, const char *person, const char *verb,
    const char *text)
{
	struct walk *w = arg;

	eh_sheet_begin(w->sheet, "trail");
	eh_sheet_time(w->sheet, "at", at);
	eh_sheet_text(w->sheet, "person", "%s", person);
	eh_sheet_text(w->sheet, "verb", "%s", verb);
	eh_sheet_text(w->sheet, "what", "%s", text);
	eh_sheet_end(w->sheet);
	return EH_OK;
}

static void
show_self(struct eh_sheet *sheet, const struct eh_store_self *self)
{
	uint8_t digest[EH_SPKI_DIGEST_LEN];

	eh_sheet_text(sheet, "authority", "%s", self->name);
	eh_sheet_time(sheet, "created", self->created);
	for (unsigned i = 0; i < EH_STORE_KEYS; i++) {
		eh_sheet_begin(sheet, "own key");
		eh_sheet_text(sheet, "use", "%s",
		    eh_store_key_name((enum eh_store_key)i));
		eh_sheet_text(sheet, "place", "%s", self->key[i].place);
		eh_keyid_spki_digest(&self->key[i].public, digest);
		eh_sheet_fingerprint(
		    sheet, "fingerprint", digest, sizeof(digest));
		eh_sheet_end(sheet);
	}
}

int
eh_show_store(struct eh_args *args, struct eh_authority *a)
{
	struct walk w = { .sheet = eh_sheet_new(),
		.store = eh_authority_store(a),
		.error = &args->error };
	int err;

	show_self(w.sheet, eh_authority_self(a));
	err = eh_store_each_hsm(w.store, show_hsm, &w, w.error);
	if (err == EH_OK)
		err = eh_store_each_invitation(
		    w.store, show_invitation, &w, w.error);
	if (err == EH_OK)
		err = eh_store_each_authorization(
		    w.store, show_authorization, &w, w.error);
	if (err == EH_OK)
		err = eh_store_each_order(w.store, show_order, &w, w.error);
	if (err == EH_OK && eh_args_get(args, "trail") != NULL)
		err = eh_store_each_trail(w.store, show_trail, &w, w.error);
	if (err == EH_OK)
		return eh_verb_print(args, w.sheet);
	eh_sheet_free(w.sheet);
	return err;
}
