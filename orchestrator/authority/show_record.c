/* SPDX-License-Identifier: Apache-2.0 */
/* show_record.c - a record of the log, as facts. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/merkle/merkle.h"
#include "common/message/record.h"
#include "orchestrator/authority/show.h"
#include "orchestrator/authority/show_items.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *
name(const char *const *names, size_t n, unsigned value)
{
	return value < n && names[value] != NULL ? names[value] : "unknown";
}

static const char *
msg_code_name(unsigned code)
{
	static const char *const names[] = {
		[EH_MSG_CODE_GRANT] = "issuer grant",
		[EH_MSG_CODE_PAUTH] = "production authorization",
		[EH_MSG_CODE_DAUTH] = "debug authorization",
		[EH_MSG_CODE_REVOKE] = "revocation update",
		[EH_MSG_CODE_TIME] = "time attestation",
		[EH_MSG_CODE_ACK] = "record acknowledgement",
		[EH_MSG_CODE_PROFILE] = "compiled profile",
		[EH_MSG_CODE_BEACON] = "time beacon",
		[EH_MSG_CODE_CRLORDER] = "CRL order",
		[EH_MSG_CODE_AGREE] = "root agreement",
		[EH_MSG_CODE_COUNT] = "count",
	};

	return name(names, COUNT(names), code);
}

static void
show_ref(struct eh_sheet *s, const struct eh_record *r)
{
	eh_show_number(s, "message", r->ref.code, msg_code_name(r->ref.code));
	eh_sheet_fingerprint(
	    s, "message digest", r->ref.digest, EH_DIGEST_LEN);
}

static void
show_start(struct eh_sheet *s, const struct eh_record *r)
{
	const struct eh_boot_info *b = &r->of.start.boot;

	eh_sheet_bool(s, "clean stop before", b->clean);
	eh_sheet_uint(s, "flags", b->flags);
	eh_show_software(s, &b->software);
	eh_show_number(s, "anchor class", b->anchor_class,
	    eh_show_class_name(b->anchor_class));
	if (r->kind != EH_RECORD_GENESIS)
		return;
	eh_sheet_fingerprint(
	    s, "attestation key", r->of.start.attestation, EH_DIGEST_LEN);
	eh_sheet_fingerprint(s, "root", r->of.start.root, EH_DIGEST_LEN);
}

static void
show_installed(struct eh_sheet *s, const struct eh_record *r)
{
	if (r->profile.name[0] != '\0')
		eh_show_profile_ref(s, &r->profile);
	show_ref(s, r);
}

static void
show_issued(struct eh_sheet *s, const struct eh_record *r)
{
	const struct eh_certificate *c = &r->of.certificate;

	eh_sheet_uint(s, "template", c->template_index);
	eh_sheet_uint(s, "issue number", c->issue);
	eh_sheet_hex(s, "serial", c->serial, EH_ID_LEN);
	eh_sheet_time(s, "not before", c->not_before);
	eh_show_key(s, "device key", &c->key);
	eh_sheet_hex(s, "TBS digest", c->tbs, EH_DIGEST_LEN);
	if (c->has_evidence)
		eh_sheet_hex(
		    s, "evidence", c->evidence, EH_DIGEST_LEN);
	for (unsigned i = 0; i < c->nfields; i++) {
		eh_sheet_begin(s, "field");
		eh_sheet_uint(s, "id", c->fields[i].id);
		eh_sheet_octets(
		    s, "octets", c->fields[i].bytes, c->fields[i].len);
		eh_sheet_end(s);
	}
}

static void
show_burned(struct eh_sheet *s, const struct eh_record *r)
{
	const struct eh_burned *b = &r->of.burned;

	for (unsigned i = 0; i < b->nspans; i++) {
		eh_sheet_begin(s, "places");
		eh_sheet_uint(s, "first", b->spans[i].first);
		eh_sheet_uint(s, "count", b->spans[i].count);
		eh_sheet_end(s);
	}
	for (unsigned i = 0; i < b->nrows; i++) {
		eh_sheet_begin(s, "row");
		eh_sheet_hex(
		    s, "authorization", b->rows[i].authorization, EH_ID_LEN);
		eh_show_counters(s, &b->rows[i].counters);
		eh_sheet_uint(s, "burns", b->rows[i].burns);
		eh_sheet_end(s);
	}
}

static void
show_closed(struct eh_sheet *s, const struct eh_record *r)
{
	static const char *const reasons[] = {
		[EH_CLOSE_EXPIRED] = "expired",
		[EH_CLOSE_REVOKED] = "revoked",
		[EH_CLOSE_SUPERSEDED] = "superseded",
		[EH_CLOSE_USED_UP] = "used up, every unit reported",
		[EH_CLOSE_REQUESTED] = "on request",
		[EH_CLOSE_BURNS] = "too many unclean stops",
	};
	const struct eh_closed *c = &r->of.closed;

	eh_show_number(s, "reason", c->reason,
	    name(reasons, COUNT(reasons), c->reason));
	eh_sheet_count(s, "good", c->good, "devices");
	eh_sheet_count(s, "scrapped", c->scrapped, "devices");
	eh_sheet_count(s, "in doubt", c->in_doubt, "devices");
	eh_sheet_uint(s, "burns", c->burns);
}

static void
show_report(struct eh_sheet *s, const struct eh_record *r)
{
	static const char *const locks[] = { "unknown", "open", "locked",
		"debug session", "decommissioned" };
	const struct eh_unit_report *u = &r->of.report;

	eh_sheet_text(s, "outcome", "%s",
	    u->outcome == EH_OUTCOME_GOOD ? "good" : "scrapped");
	for (unsigned i = 0; i < u->nplaces; i++) {
		eh_sheet_begin(s, "place");
		eh_sheet_text(s, "name", "%s", u->places[i].name);
		eh_sheet_hex(s, "digest", u->places[i].digest, EH_DIGEST_LEN);
		eh_sheet_end(s);
	}
	if (u->has_lock)
		eh_show_number(
		    s, "lock", u->lock, name(locks, COUNT(locks), u->lock));
	if (u->chip_receipt_len > 0)
		eh_sheet_hex(
		    s, "chip receipt", u->chip_receipt, u->chip_receipt_len);
	if (u->station[0] != '\0')
		eh_sheet_text(s, "reported by station", "%s", u->station);
	if (u->person[0] != '\0')
		eh_sheet_text(s, "operator", "%s", u->person);
	if (u->label[0] != '\0')
		eh_sheet_text(s, "label", "%s", u->label);
	if (u->reason[0] != '\0')
		eh_sheet_text(s, "why", "%s", u->reason);
}

static void
show_key_event(struct eh_sheet *s, const struct eh_record *r)
{
	static const char *const actions[] = {
		[EH_KEY_GENERATED] = "generated",
		[EH_KEY_IMPORTED] = "imported",
		[EH_KEY_DESTROYED] = "destroyed",
		[EH_KEY_AGREED] = "agreed",
	};
	const struct eh_key_event *k = &r->of.key;

	eh_show_number(s, "action", k->action,
	    name(actions, COUNT(actions), k->action));
	eh_sheet_fingerprint(s, "key", k->digest, EH_DIGEST_LEN);
	eh_show_number(
	    s, "purpose", k->purpose, eh_show_purpose_name(k->purpose));
	eh_sheet_text(s, "algorithm", "%s", eh_alg_name(k->alg));
	eh_show_number(s, "origin", k->origin, eh_show_origin_name(k->origin));
}

static void
show_csr(struct eh_sheet *s, const struct eh_record *r)
{
	eh_sheet_fingerprint(s, "key", r->of.csr.key, EH_DIGEST_LEN);
	eh_sheet_hex(s, "body digest", r->of.csr.body, EH_DIGEST_LEN);
}

/* What a kind adds to the members that any record may have. */
static void (*const show_kind[])(struct eh_sheet *, const struct eh_record *) =
    {
	[EH_RECORD_GENESIS] = show_start,
	[EH_RECORD_BOOT] = show_start,
	[EH_RECORD_INSTALLED] = show_installed,
	[EH_RECORD_ISSUED] = show_issued,
	[EH_RECORD_BURNED] = show_burned,
	[EH_RECORD_CLOSED] = show_closed,
	[EH_RECORD_REVOKED] = show_ref,
	[EH_RECORD_TIME] = show_ref,
	[EH_RECORD_REPORT] = show_report,
	[EH_RECORD_KEY] = show_key_event,
	[EH_RECORD_IMPORT] = show_ref,
	[EH_RECORD_CSR] = show_csr,
    };

static void
show_common(struct eh_sheet *s, const struct eh_record *r)
{
	eh_sheet_uint(s, "seq", r->seq);
	eh_show_number(s, "kind", r->kind, eh_record_kind_name(r->kind));
	eh_sheet_hex(s, "HSM", r->hsm_id, EH_HSM_ID_LEN);
	eh_sheet_hex(s, "previous leaf", r->previous, EH_DIGEST_LEN);
	eh_sheet_uint(s, "boots", r->boots);
	eh_sheet_uint(s, "commit", r->commit);
	eh_sheet_uint(s, "lease", r->lease);
	eh_show_bounds(s, r->t_lo, r->t_hi, r->quality);
	if (r->has_authorization)
		eh_sheet_hex(s, "authorization", r->authorization, EH_ID_LEN);
	eh_show_counters(s, &r->counters);
	if (r->device.len > 0) {
		eh_sheet_text(s, "device id kind", "%s", r->id_kind);
		eh_sheet_octets(s, "device", r->device.bytes, r->device.len);
	}
	if (r->factory[0] != '\0') {
		eh_sheet_text(s, "factory", "%s", r->factory);
		eh_sheet_text(s, "line", "%s", r->line);
		eh_sheet_text(s, "station", "%s", r->station);
	}
	if (r->mes_len > 0)
		eh_sheet_octets(s, "MES reference", r->mes, r->mes_len);
}

int
eh_show_record(struct eh_sheet *s, const void *bytes, size_t len,
    struct eh_error *error)
{
	struct eh_record *r = calloc(1, sizeof(*r));
	uint8_t leaf[EH_DIGEST_LEN];
	int err;

	if (r == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	err = eh_record_decode(bytes, len, r, error);
	if (err == EH_OK && ((unsigned)r->kind >= COUNT(show_kind) ||
	        show_kind[r->kind] == NULL))
		err = eh_error_set(error, EH_ERR_UNSUPPORTED,
		    "a record of kind %u is not supported by this version",
		    (unsigned)r->kind);
	if (err == EH_OK) {
		eh_merkle_leaf(bytes, len, leaf);
		eh_sheet_text(s, "file", "record");
		eh_sheet_fingerprint(s, "leaf", leaf, sizeof(leaf));
		eh_sheet_uint(s, "size", len);
		show_common(s, r);
		show_kind[r->kind](s, r);
	}
	free(r);
	return err;
}
