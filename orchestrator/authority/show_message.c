/* SPDX-License-Identifier: Apache-2.0 */
/* show_message.c - every signed message that this version reads, as facts. */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/message/ack.h"
#include "common/message/count.h"
#include "common/message/enrol.h"
#include "common/message/grant.h"
#include "common/message/keyattest.h"
#include "common/message/pauth.h"
#include "common/message/receipt.h"
#include "common/message/revoke.h"
#include "common/message/time.h"
#include "orchestrator/authority/show.h"
#include "orchestrator/authority/show_items.h"

static void
show_from(struct eh_sheet *s, const struct eh_from_authority *from)
{
	eh_sheet_text(s, "issuer", "%s", from->iss);
	eh_sheet_hex(s, "HSM", from->sub, EH_HSM_ID_LEN);
	eh_sheet_time(s, "issued", from->iat);
}

static void
show_validity(struct eh_sheet *s, uint64_t not_before, uint64_t expires)
{
	eh_sheet_time(s, "not before", not_before);
	eh_sheet_time(s, "expires", expires);
}

/* --- grant --- */

static void
show_grant_key(struct eh_sheet *s, const struct eh_grant_key *key)
{
	eh_sheet_begin(s, "issuer key");
	eh_sheet_hex(s, "kid", key->kid, EH_KID_LEN);
	eh_sheet_text(s, "algorithm", "%s", eh_alg_name(key->alg));
	eh_show_key(s, "key", &key->key);
	for (unsigned role = 1; role <= EH_ROLE_AGREE; role++)
		if (key->roles & EH_ROLE_BIT(role))
			eh_sheet_item(s, "role", "%u (%s)", role,
			    eh_show_role_name(role));
	eh_sheet_text(s, "may write as", "%s", key->iss);
	eh_sheet_text(s, "state", "%s",
	    key->state == EH_KEY_ACTIVE ? "active" : "retired");
	eh_sheet_end(s);
}

static int
show_grant(struct eh_sheet *s, const struct eh_sign1 *m,
    struct eh_error *error)
{
	struct eh_grant g;
	int err = eh_grant_decode(m->payload, m->payload_len, &g, error);

	if (err != EH_OK)
		return err;
	show_from(s, &g.from);
	show_validity(s, g.not_before, g.expires);
	eh_sheet_uint(s, "sequence", g.seq);
	if (g.factory[0] != '\0')
		eh_sheet_text(s, "factory", "%s", g.factory);
	for (unsigned i = 0; i < g.nkeys; i++)
		show_grant_key(s, &g.keys[i]);
	return EH_OK;
}

/* --- production authorization --- */

static void
show_scope(struct eh_sheet *s, const struct eh_scope *scope)
{
	static const char *const names[] = { "any device of the profile",
		"range", "list", "tree" };

	eh_sheet_text(s, "scope", "%s", names[scope->kind]);
	if (scope->kind != EH_SCOPE_ANY)
		eh_sheet_text(s, "scope id kind", "%s", scope->id_kind);
	if (scope->kind == EH_SCOPE_RANGE) {
		eh_sheet_octets(
		    s, "scope first", scope->lo.bytes, scope->lo.len);
		eh_sheet_octets(
		    s, "scope last", scope->hi.bytes, scope->hi.len);
	}
	for (unsigned i = 0;
	     scope->kind == EH_SCOPE_LIST && i < scope->ndevices; i++) {
		eh_sheet_begin(s, "scope device");
		eh_sheet_octets(s, "id", scope->devices[i].bytes,
		    scope->devices[i].len);
		eh_sheet_end(s);
	}
	if (scope->kind == EH_SCOPE_TREE) {
		eh_sheet_hex(s, "scope root", scope->root, EH_DIGEST_LEN);
		eh_sheet_uint(s, "scope tree size", scope->tree_size);
	}
}

static void
show_limits(struct eh_sheet *s, const struct eh_limits *l)
{
	eh_sheet_count(s, "max unacked", l->max_unacked, "records");
	eh_sheet_count(s, "max offline", l->max_offline, "seconds");
	eh_sheet_count(
	    s, "max unaccounted", l->max_unaccounted, "burned devices");
	eh_sheet_count(s, "boot grace", l->boot_grace, "devices");
	eh_show_number(
	    s, "min quality", l->quality, eh_show_quality_name(l->quality));
}

static void
show_ops(struct eh_sheet *s, const struct eh_pauth *p)
{
	for (unsigned i = 0; i < p->nops; i++) {
		const struct eh_op_grant *g = &p->ops[i];

		eh_sheet_begin(s, "operation");
		eh_show_number(s, "operation", g->op, eh_op_name(g->op));
		eh_sheet_uint(s, "quota", g->quota);
		eh_sheet_uint(s, "lease", g->lease);
		eh_sheet_uint(s, "uses per device", g->uses);
		eh_sheet_end(s);
	}
}

static void
show_optional(struct eh_sheet *s, const struct eh_pauth *p)
{
	if (p->has_supersedes)
		eh_sheet_hex(s, "supersedes", p->supersedes, EH_ID_LEN);
	for (unsigned i = 0; i < p->nimages; i++) {
		eh_sheet_begin(s, "firmware");
		eh_sheet_text(s, "id", "%s", p->images[i].id);
		eh_sheet_text(s, "version", "%s", p->images[i].version);
		eh_sheet_hex(s, "digest", p->images[i].digest, EH_DIGEST_LEN);
		eh_sheet_end(s);
	}
	for (unsigned i = 0; i < p->nkeys; i++) {
		eh_sheet_begin(s, "only key");
		eh_show_number(s, "operation", p->keys[i].op,
		    eh_op_name(p->keys[i].op));
		eh_sheet_hex(s, "digest", p->keys[i].digest, EH_DIGEST_LEN);
		eh_sheet_end(s);
	}
}

static int
show_pauth(struct eh_sheet *s, const struct eh_sign1 *m,
    struct eh_error *error)
{
	struct eh_pauth p;
	int err = eh_pauth_decode(m->payload, m->payload_len, &p, error);

	if (err != EH_OK)
		return err;
	if (p.order[0] != '\0')
		eh_sheet_text(s, "order", "%s", p.order);
	show_from(s, &p.from);
	show_validity(s, p.not_before, p.expires);
	eh_sheet_hex(s, "authorization", p.id, EH_ID_LEN);
	eh_sheet_uint(s, "sequence", p.seq);
	eh_sheet_uint(s, "epoch", p.epoch);
	eh_sheet_text(s, "factory", "%s", p.factory);
	for (unsigned i = 0; i < p.nlines; i++)
		eh_sheet_item(s, "line", "%s", p.lines[i]);
	eh_show_profile_ref(s, &p.profile);
	eh_sheet_count(s, "devices", p.ops[0].quota, "devices");
	show_ops(s, &p);
	show_scope(s, &p.scope);
	show_limits(s, &p.limits);
	show_optional(s, &p);
	return EH_OK;
}

/* --- time attestation --- */

static int
show_time(struct eh_sheet *s, const struct eh_sign1 *m,
    struct eh_error *error)
{
	struct eh_time_attestation t;
	int err = eh_time_attestation_decode(
	    m->payload, m->payload_len, &t, error);

	if (err != EH_OK)
		return err;
	show_from(s, &t.from);
	if (t.has_nonce)
		eh_sheet_hex(s, "nonce", t.nonce, EH_ID_LEN);
	eh_sheet_uint(s, "sequence", t.tseq);
	eh_sheet_count(s, "uncertainty", t.uncertainty, "seconds");
	eh_sheet_uint(s, "minimum epoch", t.in_force.epoch);
	eh_sheet_uint(s, "revocation", t.in_force.rseq);
	return EH_OK;
}

/* --- record acknowledgement, receipt --- */

static void
show_burned(struct eh_sheet *s, const struct eh_burned_range *range, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		eh_sheet_begin(s, "burned");
		eh_sheet_uint(s, "first", range[i].first);
		eh_sheet_uint(s, "span", range[i].span);
		eh_sheet_uint(s, "burned", range[i].burned);
		eh_sheet_end(s);
	}
}

static int
show_revoke(struct eh_sheet *s, const struct eh_sign1 *m,
    struct eh_error *error)
{
	struct eh_revoke r;
	int err = eh_revoke_decode(m->payload, m->payload_len, &r, error);

	if (err != EH_OK)
		return err;
	show_from(s, &r.from);
	eh_sheet_uint(s, "revocation", r.rseq);
	eh_sheet_uint(s, "minimum epoch", r.epoch);
	for (unsigned i = 0; i < r.nids; i++) {
		eh_sheet_begin(s, "revoked authorization");
		eh_sheet_hex(s, "id", r.ids[i], EH_ID_LEN);
		eh_sheet_end(s);
	}
	for (unsigned i = 0; i < r.nkids; i++) {
		eh_sheet_begin(s, "revoked key");
		eh_sheet_hex(s, "kid", r.kids[i], EH_KID_LEN);
		eh_sheet_end(s);
	}
	return EH_OK;
}

static int
show_ack(struct eh_sheet *s, const struct eh_sign1 *m, struct eh_error *error)
{
	struct eh_ack a;
	int err = eh_ack_decode(m->payload, m->payload_len, &a, error);

	if (err != EH_OK)
		return err;
	show_from(s, &a.from);
	eh_sheet_uint(s, "sequence", a.seq);
	eh_sheet_uint(s, "tree size", a.size);
	eh_sheet_hex(s, "tree root", a.root, EH_DIGEST_LEN);
	show_burned(s, a.burned, a.nburned);
	if (a.nreceipts > 0)
		eh_sheet_count(s, "COSE Receipts", a.nreceipts, "receipts");
	eh_sheet_uint(s, "minimum epoch", a.in_force.epoch);
	eh_sheet_uint(s, "revocation", a.in_force.rseq);
	return EH_OK;
}

static void
show_receipt_rows(struct eh_sheet *s, const struct eh_receipt *r)
{
	for (unsigned i = 0; i < r->nrows; i++) {
		eh_sheet_begin(s, "row");
		eh_sheet_hex(s, "authorization", r->rows[i].authorization,
		    EH_ID_LEN);
		eh_sheet_uint(s, "sequence", r->rows[i].seq);
		eh_show_counters(s, &r->rows[i].counters);
		eh_sheet_uint(s, "burns", r->rows[i].burns);
		eh_sheet_end(s);
	}
	eh_sheet_uint(s, "minimum epoch", r->in_force.epoch);
	eh_sheet_uint(s, "revocation", r->in_force.rseq);
	for (unsigned i = 0; i < r->nissuers; i++) {
		eh_sheet_begin(s, "issuer");
		eh_sheet_hex(s, "kid", r->issuers[i].kid, EH_KID_LEN);
		eh_sheet_uint(s, "last production authorization",
		    r->issuers[i].pauth_seq);
		eh_sheet_uint(s, "last debug authorization",
		    r->issuers[i].dauth_seq);
		eh_sheet_end(s);
	}
}

static void
show_receipt_state(struct eh_sheet *s, const struct eh_receipt *r)
{
	eh_show_bounds(s, r->t_lo, r->t_hi, r->quality);
	eh_sheet_uint(s, "time sequence", r->tseq);
	eh_sheet_uint(s, "boots", r->boots);
	eh_sheet_uint(s, "commit", r->commit);
	eh_show_number(s, "anchor class", r->anchor_class,
	    eh_show_class_name(r->anchor_class));
	eh_sheet_hex(s, "anchor", r->anchor, EH_DIGEST_LEN);
	eh_show_number(s, "anchor mode", r->anchor_mode,
	    eh_show_mode_name(r->anchor_mode));
	eh_show_number(
	    s, "custody class", r->custody, eh_show_custody_name(r->custody));
	eh_show_software(s, &r->software);
	if (r->nonce.len > 0)
		eh_sheet_hex(s, "nonce", r->nonce.bytes, r->nonce.len);
	show_burned(s, r->burned, r->nburned);
	eh_sheet_fingerprint(s, "root", r->root, EH_DIGEST_LEN);
}

static int
show_receipt(struct eh_sheet *s, const struct eh_sign1 *m,
    struct eh_error *error)
{
	struct eh_receipt *r = calloc(1, sizeof(*r));
	int err;

	if (r == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	err = eh_receipt_decode(m->payload, m->payload_len, r, error);
	if (err == EH_OK) {
		eh_sheet_hex(s, "HSM", r->hsm_id, EH_HSM_ID_LEN);
		eh_sheet_uint(s, "tree size", r->tree_size);
		eh_sheet_hex(s, "tree root", r->tree_root, EH_DIGEST_LEN);
		eh_sheet_hex(s, "last leaf", r->last_leaf, EH_DIGEST_LEN);
		show_receipt_rows(s, r);
		show_receipt_state(s, r);
	}
	free(r);
	return err;
}

/* --- enrolment request, key attestation --- */

static int
show_enrol(struct eh_sheet *s, const struct eh_sign1 *m,
    struct eh_error *error)
{
	struct eh_enrol e;
	int err = eh_enrol_decode(m->payload, m->payload_len, &e, error);

	if (err != EH_OK)
		return err;
	eh_sheet_hex(s, "HSM", e.hsm_id, EH_HSM_ID_LEN);
	eh_show_key(s, "attestation key", &e.key);
	for (unsigned i = 0; i < e.nkeys; i++) {
		eh_sheet_begin(s, "key");
		eh_sheet_hex(s, "digest", e.keys[i].digest, EH_DIGEST_LEN);
		eh_show_number(s, "purpose", e.keys[i].purpose,
		    eh_show_purpose_name(e.keys[i].purpose));
		eh_sheet_text(s, "algorithm", "%s", eh_alg_name(e.keys[i].alg));
		eh_show_number(s, "origin", e.keys[i].origin,
		    eh_show_origin_name(e.keys[i].origin));
		eh_sheet_end(s);
	}
	eh_sheet_hex(s, "nonce", e.nonce.bytes, e.nonce.len);
	eh_show_software(s, &e.software);
	eh_show_number(s, "anchor class", e.anchor_class,
	    eh_show_class_name(e.anchor_class));
	eh_sheet_fingerprint(s, "root", e.root, EH_DIGEST_LEN);
	return EH_OK;
}

static int
show_keyattest(struct eh_sheet *s, const struct eh_sign1 *m,
    struct eh_error *error)
{
	struct eh_keyattest k;
	int err = eh_keyattest_decode(m->payload, m->payload_len, &k, error);

	if (err != EH_OK)
		return err;
	eh_sheet_hex(s, "HSM", k.hsm_id, EH_HSM_ID_LEN);
	eh_show_key(s, "key", &k.key);
	if (k.label[0] != '\0')
		eh_sheet_text(s, "label", "%s", k.label);
	eh_show_number(
	    s, "purpose", k.purpose, eh_show_purpose_name(k.purpose));
	eh_show_number(s, "origin", k.origin, eh_show_origin_name(k.origin));
	eh_sheet_bool(s, "non-extractable", k.non_extractable);
	eh_show_number(s, "anchor class", k.anchor_class,
	    eh_show_class_name(k.anchor_class));
	eh_show_number(
	    s, "custody class", k.custody, eh_show_custody_name(k.custody));
	if (k.has_seq)
		eh_sheet_uint(s, "record", k.seq);
	if (k.nonce.len > 0)
		eh_sheet_hex(s, "nonce", k.nonce.bytes, k.nonce.len);
	eh_sheet_fingerprint(s, "root", k.root, EH_DIGEST_LEN);
	return EH_OK;
}

/* --- count and its request --- */

static void
show_use(struct eh_sheet *s, const struct eh_count_for *use,
    const struct eh_count_index *index)
{
	if (use->has_authorization)
		eh_sheet_hex(
		    s, "authorization", use->authorization, EH_ID_LEN);
	for (unsigned i = 0; i < use->nkeys; i++)
		eh_sheet_fingerprint(
		    s, "key", use->keys[i], EH_DIGEST_LEN);
	eh_sheet_text(s, "index", "0x%08x", index->handle);
	eh_sheet_hex(s, "nonce", index->nonce, index->nonce_len);
}

static int
show_count(struct eh_sheet *s, const struct eh_sign1 *m,
    struct eh_error *error)
{
	struct eh_count n;
	int err = eh_count_decode(m->payload, m->payload_len, &n, error);

	if (err != EH_OK)
		return err;
	show_from(s, &n.from);
	eh_sheet_uint(s, "sequence", n.seq);
	show_use(s, &n.use, &n.index);
	eh_sheet_count(s, "limit", n.limit, "uses");
	eh_sheet_text(s, "lets the index be", "%s",
	    n.is_approval ? "used" : "written");
	return EH_OK;
}

static int
show_countreq(struct eh_sheet *s, const struct eh_sign1 *m,
    struct eh_error *error)
{
	struct eh_countreq r;
	int err = eh_countreq_decode(m->payload, m->payload_len, &r, error);

	if (err != EH_OK)
		return err;
	eh_sheet_hex(s, "HSM", r.hsm_id, EH_HSM_ID_LEN);
	show_use(s, &r.use, &r.index);
	eh_sheet_bool(s, "written", r.is_written);
	return EH_OK;
}

/* A type without a row is not read by this version; eh_envelope_decode() has
 * said so before. */
static int (*const show[EH_MESSAGE_TYPES])(
    struct eh_sheet *, const struct eh_sign1 *, struct eh_error *) = {
	[EH_MESSAGE_GRANT] = show_grant,
	[EH_MESSAGE_PAUTH] = show_pauth,
	[EH_MESSAGE_REVOKE] = show_revoke,
	[EH_MESSAGE_TIME] = show_time,
	[EH_MESSAGE_ACK] = show_ack,
	[EH_MESSAGE_RECEIPT] = show_receipt,
	[EH_MESSAGE_ENROL] = show_enrol,
	[EH_MESSAGE_KEYATTEST] = show_keyattest,
	[EH_MESSAGE_COUNT] = show_count,
	[EH_MESSAGE_COUNTREQ] = show_countreq,
};

int
eh_show_message(struct eh_sheet *s, const void *bytes, size_t len,
    struct eh_envelope *e, struct eh_error *error)
{
	uint8_t digest[EH_DIGEST_LEN];
	int err;

	if ((err = eh_envelope_decode(bytes, len, e, error)) != EH_OK)
		return err;
	if (show[e->type] == NULL)
		return eh_error_set(error, EH_ERR_UNSUPPORTED,
		    "%s is not supported by this version",
		    eh_message_info(e->type)->name);
	eh_envelope_digest(e, digest);
	eh_sheet_text(s, "message", "%s", eh_message_info(e->type)->name);
	eh_sheet_fingerprint(s, "digest", digest, sizeof(digest));
	eh_sheet_uint(s, "size", len);
	eh_sheet_hex(s, "kid", e->kid, EH_KID_LEN);
	eh_sheet_text(s, "algorithm", "%s", eh_alg_name(e->alg));
	return show[e->type](s, &e->sign1, error);
}
