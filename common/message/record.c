/* SPDX-License-Identifier: Apache-2.0 */
/* record.c - one entry of the log: what happened, and where in the order. */
#include "config.h"

#include <string.h>

#include "common/ct.h"
#include "common/message/items.h"
#include "common/message/record.h"

#define FORMAT_VERSION 1
#define KINDS          18

#define BIT(label) (UINT32_C(1) << (label))

/* The common labels are 0 to 6; these follow, each kind has its own. */
enum label {
	AUTHORIZATION = 7,
	COUNTERS = 8,
	DEVICE = 9,
	CLAIM = 10,
	PROFILE = 11,
	CERTIFICATE = 12,
	SPANS = 15,
	REF = 16,
	REPORT = 17,
	MES = 20,
	BOOT = 21,
	ROWS = 22,
	CLOSED = 23,
	ATTESTATION = 24,
	KEY = 25,
	CSR = 26,
	ROOT = 27
};

/* The one kind table (doc/format/record.md).  What a row does not list is an
 * error; a kind without labels is not supported by this version. */
/* clang-format off */
static const struct kind {
	uint32_t mandatory, optional;
} kinds[KINDS] = {
	[EH_RECORD_GENESIS]   = { BIT(BOOT) | BIT(ATTESTATION) | BIT(ROOT), 0 },
	[EH_RECORD_BOOT]      = { BIT(BOOT), 0 },
	[EH_RECORD_INSTALLED] = { BIT(AUTHORIZATION) | BIT(COUNTERS) | BIT(REF),
				  BIT(PROFILE) },
	[EH_RECORD_ISSUED]    = { BIT(AUTHORIZATION) | BIT(COUNTERS) |
				  BIT(DEVICE) | BIT(CERTIFICATE),
				  BIT(CLAIM) | BIT(MES) },
	[EH_RECORD_BURNED]    = { 0, BIT(SPANS) | BIT(ROWS) },
	[EH_RECORD_CLOSED]    = { BIT(AUTHORIZATION) | BIT(COUNTERS) |
				  BIT(CLOSED), 0 },
	[EH_RECORD_REVOKED]   = { BIT(REF), 0 },
	[EH_RECORD_TIME]      = { BIT(REF), 0 },
	[EH_RECORD_REPORT]    = { BIT(AUTHORIZATION) | BIT(DEVICE) |
				  BIT(REPORT), BIT(CLAIM) | BIT(MES) },
	[EH_RECORD_KEY]       = { BIT(KEY), BIT(AUTHORIZATION) | BIT(COUNTERS) |
				  BIT(DEVICE) },
	[EH_RECORD_IMPORT]    = { BIT(REF), 0 },
	[EH_RECORD_CSR]       = { BIT(CSR), 0 },
};
/* clang-format on */

static int
is_supported(unsigned kind)
{
	return kind < KINDS &&
	    (kinds[kind].mandatory | kinds[kind].optional) != 0;
}

/*
 * One group of functions per label: is it there, read it, write it.  The table
 * of members below puts them together, in the order of the labels.
 */

static int
has_authorization(const struct eh_record *r)
{
	return r->has_authorization != 0;
}

static void
get_authorization(struct eh_cbor *c, struct eh_record *r)
{
	r->has_authorization = 1;
	eh_cbor_fixed(c, r->authorization, EH_ID_LEN);
}

static void
put_authorization(const struct eh_record *r, struct eh_writer *w)
{
	eh_cbor_put_bytes(w, r->authorization, EH_ID_LEN);
}

static int
has_counters(const struct eh_record *r)
{
	return r->counters.n > 0;
}

static void
get_counters(struct eh_cbor *c, struct eh_record *r)
{
	eh_item_counters(c, &r->counters);
}

static void
put_counters(const struct eh_record *r, struct eh_writer *w)
{
	eh_item_put_counters(w, &r->counters);
}

static int
has_device(const struct eh_record *r)
{
	return r->device.len > 0;
}

static void
get_device(struct eh_cbor *c, struct eh_record *r)
{
	eh_cbor_array(c, 2, 2);
	eh_item_name(c, r->id_kind);
	eh_item_device_id(c, &r->device);
	eh_cbor_leave(c);
}

static void
put_device(const struct eh_record *r, struct eh_writer *w)
{
	eh_cbor_put_array(w, 2);
	eh_cbor_put_text(w, r->id_kind);
	eh_item_put_device_id(w, &r->device);
}

static int
has_claim(const struct eh_record *r)
{
	return r->factory[0] != '\0';
}

static void
get_claim(struct eh_cbor *c, struct eh_record *r)
{
	eh_cbor_array(c, 3, 3);
	eh_item_name(c, r->factory);
	eh_item_name(c, r->line);
	eh_item_name(c, r->station);
	eh_cbor_leave(c);
}

static void
put_claim(const struct eh_record *r, struct eh_writer *w)
{
	eh_cbor_put_array(w, 3);
	eh_cbor_put_text(w, r->factory);
	eh_cbor_put_text(w, r->line);
	eh_cbor_put_text(w, r->station);
}

static int
has_mes(const struct eh_record *r)
{
	return r->mes_len > 0;
}

static void
get_mes(struct eh_cbor *c, struct eh_record *r)
{
	r->mes_len = (uint8_t)eh_item_octets(c, 1, EH_MES_MAX, r->mes);
}

static void
put_mes(const struct eh_record *r, struct eh_writer *w)
{
	eh_cbor_put_bytes(w, r->mes, r->mes_len);
}

static int
has_profile(const struct eh_record *r)
{
	return r->profile.name[0] != '\0';
}

static void
get_profile(struct eh_cbor *c, struct eh_record *r)
{
	eh_item_profile_ref(c, &r->profile);
}

static void
put_profile(const struct eh_record *r, struct eh_writer *w)
{
	eh_item_put_profile_ref(w, &r->profile);
}

static int
has_ref(const struct eh_record *r)
{
	return r->ref.code != 0;
}

static void
get_ref(struct eh_cbor *c, struct eh_record *r)
{
	eh_cbor_array(c, 2, 2);
	r->ref.code = (enum eh_msg_code)eh_cbor_uint(
	    c, EH_MSG_CODE_GRANT, EH_MSG_CODE_AGREE);
	eh_cbor_fixed(c, r->ref.digest, EH_DIGEST_LEN);
	eh_cbor_leave(c);
}

static void
put_ref(const struct eh_record *r, struct eh_writer *w)
{
	eh_cbor_put_array(w, 2);
	eh_cbor_put_uint(w, r->ref.code);
	eh_cbor_put_bytes(w, r->ref.digest, EH_DIGEST_LEN);
}

static int
has_certificate(const struct eh_record *r)
{
	return r->of.certificate.key.len > 0;
}

static void
get_host_fields(struct eh_cbor *c, struct eh_certificate *cert)
{
	size_t n = eh_cbor_array(c, 0, EH_HOST_FIELDS_MAX);

	for (size_t i = 0; i < n; i++) {
		struct eh_host_field *field = &cert->fields[i];

		eh_cbor_array(c, 2, 2);
		field->id = eh_item_u8(c);
		field->len = (uint8_t)eh_item_octets(
		    c, 1, EH_HOST_FIELD_MAX, field->bytes);
		eh_cbor_leave(c);
		if (i > 0 && field[-1].id >= field->id)
			eh_cbor_fail(c, EH_ERR_FORMAT);
	}
	cert->nfields = (uint8_t)n;
	eh_cbor_leave(c);
}

static void
get_certificate(struct eh_cbor *c, struct eh_record *r)
{
	struct eh_certificate *cert = &r->of.certificate;
	uint16_t evidence;

	eh_cbor_array(c, 8, 8);
	cert->template_index = (uint8_t)eh_cbor_uint(c, 0, 15);
	cert->issue = eh_item_u16(c);
	eh_cbor_fixed(c, cert->serial, EH_ID_LEN);
	cert->not_before = eh_item_time(c);
	eh_item_rawkey(c, &cert->key);
	eh_cbor_fixed(c, cert->tbs, EH_DIGEST_LEN);
	/* A digest or nothing. */
	evidence = eh_item_octets(c, 0, EH_DIGEST_LEN, cert->evidence);
	cert->has_evidence = evidence > 0;
	if (evidence != 0 && evidence != EH_DIGEST_LEN)
		eh_cbor_fail(c, EH_ERR_FORMAT);
	get_host_fields(c, cert);
	eh_cbor_leave(c);
}

static void
put_certificate(const struct eh_record *r, struct eh_writer *w)
{
	const struct eh_certificate *cert = &r->of.certificate;

	eh_cbor_put_array(w, 8);
	eh_cbor_put_uint(w, cert->template_index);
	eh_cbor_put_uint(w, cert->issue);
	eh_cbor_put_bytes(w, cert->serial, EH_ID_LEN);
	eh_cbor_put_uint(w, cert->not_before);
	eh_item_put_rawkey(w, &cert->key);
	eh_cbor_put_bytes(w, cert->tbs, EH_DIGEST_LEN);
	eh_cbor_put_bytes(
	    w, cert->evidence, cert->has_evidence ? EH_DIGEST_LEN : 0);
	eh_cbor_put_array(w, cert->nfields);
	for (size_t i = 0; i < cert->nfields; i++) {
		eh_cbor_put_array(w, 2);
		eh_cbor_put_uint(w, cert->fields[i].id);
		eh_cbor_put_bytes(
		    w, cert->fields[i].bytes, cert->fields[i].len);
	}
}

static int
has_spans(const struct eh_record *r)
{
	return r->of.burned.nspans > 0;
}

static void
get_spans(struct eh_cbor *c, struct eh_record *r)
{
	struct eh_burned *burned = &r->of.burned;
	size_t n = eh_cbor_array(c, 1, EH_RECORD_SPANS_MAX);

	for (size_t i = 0; i < n; i++) {
		eh_cbor_array(c, 2, 2);
		burned->spans[i].first = eh_item_u53(c);
		burned->spans[i].count = eh_item_u53(c);
		eh_cbor_leave(c);
	}
	burned->nspans = (uint8_t)n;
	eh_cbor_leave(c);
}

static void
put_spans(const struct eh_record *r, struct eh_writer *w)
{
	const struct eh_burned *burned = &r->of.burned;

	eh_cbor_put_array(w, burned->nspans);
	for (size_t i = 0; i < burned->nspans; i++) {
		eh_cbor_put_array(w, 2);
		eh_cbor_put_uint(w, burned->spans[i].first);
		eh_cbor_put_uint(w, burned->spans[i].count);
	}
}

static int
has_rows(const struct eh_record *r)
{
	return r->of.burned.nrows > 0;
}

static void
get_rows(struct eh_cbor *c, struct eh_record *r)
{
	struct eh_burned *burned = &r->of.burned;
	size_t n = eh_cbor_array(c, 1, EH_RECORD_ROWS_MAX);

	for (size_t i = 0; i < n; i++) {
		eh_cbor_array(c, 3, 3);
		eh_cbor_fixed(c, burned->rows[i].authorization, EH_ID_LEN);
		eh_item_counters(c, &burned->rows[i].counters);
		burned->rows[i].burns = eh_item_u16(c);
		eh_cbor_leave(c);
	}
	burned->nrows = (uint8_t)n;
	eh_cbor_leave(c);
}

static void
put_rows(const struct eh_record *r, struct eh_writer *w)
{
	const struct eh_burned *burned = &r->of.burned;

	eh_cbor_put_array(w, burned->nrows);
	for (size_t i = 0; i < burned->nrows; i++) {
		eh_cbor_put_array(w, 3);
		eh_cbor_put_bytes(w, burned->rows[i].authorization, EH_ID_LEN);
		eh_item_put_counters(w, &burned->rows[i].counters);
		eh_cbor_put_uint(w, burned->rows[i].burns);
	}
}

static int
has_closed(const struct eh_record *r)
{
	return r->of.closed.reason != 0;
}

static void
get_closed(struct eh_cbor *c, struct eh_record *r)
{
	struct eh_closed *closed = &r->of.closed;

	eh_cbor_array(c, 5, 5);
	closed->reason = (enum eh_close_reason)eh_cbor_uint(
	    c, EH_CLOSE_EXPIRED, EH_CLOSE_BURNS);
	closed->good = eh_item_u53(c);
	closed->scrapped = eh_item_u53(c);
	closed->in_doubt = eh_item_u53(c);
	closed->burns = eh_item_u16(c);
	eh_cbor_leave(c);
}

static void
put_closed(const struct eh_record *r, struct eh_writer *w)
{
	const struct eh_closed *closed = &r->of.closed;

	eh_cbor_put_array(w, 5);
	eh_cbor_put_uint(w, closed->reason);
	eh_cbor_put_uint(w, closed->good);
	eh_cbor_put_uint(w, closed->scrapped);
	eh_cbor_put_uint(w, closed->in_doubt);
	eh_cbor_put_uint(w, closed->burns);
}

static int
has_report(const struct eh_record *r)
{
	return r->of.report.outcome != 0;
}

static void
get_report(struct eh_cbor *c, struct eh_record *r)
{
	eh_unit_report_get(c, &r->of.report);
}

static void
put_report(const struct eh_record *r, struct eh_writer *w)
{
	eh_unit_report_encode(&r->of.report, w);
}

static int
has_boot(const struct eh_record *r)
{
	return r->of.start.boot.software.version[0] != '\0';
}

static void
get_boot(struct eh_cbor *c, struct eh_record *r)
{
	struct eh_boot_info *boot = &r->of.start.boot;

	eh_cbor_array(c, 5, 5);
	boot->clean = (uint8_t)eh_cbor_bool(c);
	boot->flags = eh_item_u8(c);
	eh_item_name(c, boot->software.version);
	eh_cbor_fixed(c, boot->software.measurement, EH_DIGEST_LEN);
	boot->anchor_class = (enum eh_anchor_class)eh_cbor_uint(
	    c, 0, EH_CLASS_CERTIFIED);
	eh_cbor_leave(c);
}

static void
put_boot(const struct eh_record *r, struct eh_writer *w)
{
	const struct eh_boot_info *boot = &r->of.start.boot;

	eh_cbor_put_array(w, 5);
	eh_cbor_put_bool(w, boot->clean);
	eh_cbor_put_uint(w, boot->flags);
	eh_cbor_put_text(w, boot->software.version);
	eh_cbor_put_bytes(w, boot->software.measurement, EH_DIGEST_LEN);
	eh_cbor_put_uint(w, boot->anchor_class);
}

/* A digest may be any 32 bytes: there is nothing to see it by. */
static int
has_always(const struct eh_record *r)
{
	(void)r;
	return 1;
}

static void
get_attestation(struct eh_cbor *c, struct eh_record *r)
{
	eh_cbor_fixed(c, r->of.start.attestation, EH_DIGEST_LEN);
}

static void
put_attestation(const struct eh_record *r, struct eh_writer *w)
{
	eh_cbor_put_bytes(w, r->of.start.attestation, EH_DIGEST_LEN);
}

static void
get_root(struct eh_cbor *c, struct eh_record *r)
{
	eh_cbor_fixed(c, r->of.start.root, EH_DIGEST_LEN);
}

static void
put_root(const struct eh_record *r, struct eh_writer *w)
{
	eh_cbor_put_bytes(w, r->of.start.root, EH_DIGEST_LEN);
}

static int
has_key(const struct eh_record *r)
{
	return r->of.key.action != 0;
}

static void
get_key(struct eh_cbor *c, struct eh_record *r)
{
	struct eh_key_event *key = &r->of.key;

	eh_cbor_array(c, 5, 5);
	key->action = (enum eh_key_action)eh_cbor_uint(
	    c, EH_KEY_GENERATED, EH_KEY_AGREED);
	eh_cbor_fixed(c, key->digest, EH_DIGEST_LEN);
	key->purpose = (enum eh_purpose)eh_cbor_uint(
	    c, 0, EH_PURPOSE_TRANSPORT);
	key->alg = (int32_t)eh_cbor_int(c, -65535, 65535);
	key->origin = (enum eh_origin)eh_cbor_uint(
	    c, EH_ORIGIN_BOUNDARY, EH_ORIGIN_IMPORTED);
	eh_cbor_leave(c);
}

static void
put_key(const struct eh_record *r, struct eh_writer *w)
{
	const struct eh_key_event *key = &r->of.key;

	eh_cbor_put_array(w, 5);
	eh_cbor_put_uint(w, key->action);
	eh_cbor_put_bytes(w, key->digest, EH_DIGEST_LEN);
	eh_cbor_put_uint(w, key->purpose);
	eh_cbor_put_int(w, key->alg);
	eh_cbor_put_uint(w, key->origin);
}

static void
get_csr(struct eh_cbor *c, struct eh_record *r)
{
	eh_cbor_array(c, 2, 2);
	eh_cbor_fixed(c, r->of.csr.key, EH_DIGEST_LEN);
	eh_cbor_fixed(c, r->of.csr.body, EH_DIGEST_LEN);
	eh_cbor_leave(c);
}

static void
put_csr(const struct eh_record *r, struct eh_writer *w)
{
	eh_cbor_put_array(w, 2);
	eh_cbor_put_bytes(w, r->of.csr.key, EH_DIGEST_LEN);
	eh_cbor_put_bytes(w, r->of.csr.body, EH_DIGEST_LEN);
}

/* In the order in which deterministic encoding puts them. */
/* clang-format off */
static const struct member {
	enum label label;
	int (*has)(const struct eh_record *);
	void (*get)(struct eh_cbor *, struct eh_record *);
	void (*put)(const struct eh_record *, struct eh_writer *);
} members[] = {
	{ AUTHORIZATION, has_authorization, get_authorization,
	    put_authorization },
	{ COUNTERS,    has_counters,    get_counters,    put_counters },
	{ DEVICE,      has_device,      get_device,      put_device },
	{ CLAIM,       has_claim,       get_claim,       put_claim },
	{ PROFILE,     has_profile,     get_profile,     put_profile },
	{ CERTIFICATE, has_certificate, get_certificate, put_certificate },
	{ SPANS,       has_spans,       get_spans,       put_spans },
	{ REF,         has_ref,         get_ref,         put_ref },
	{ REPORT,      has_report,      get_report,      put_report },
	{ MES,         has_mes,         get_mes,         put_mes },
	{ BOOT,        has_boot,        get_boot,        put_boot },
	{ ROWS,        has_rows,        get_rows,        put_rows },
	{ CLOSED,      has_closed,      get_closed,      put_closed },
	{ ATTESTATION, has_always,      get_attestation, put_attestation },
	{ KEY,         has_key,         get_key,         put_key },
	{ CSR,         has_always,      get_csr,         put_csr },
	{ ROOT,        has_always,      get_root,        put_root },
};
/* clang-format on */
#define NMEMBERS (sizeof(members) / sizeof(members[0]))

/* Members of the union that say how many or whether, by kind. */
static void
init_union(struct eh_record *r)
{
	switch (r->kind) {
	case EH_RECORD_GENESIS:
	case EH_RECORD_BOOT:
		memset(&r->of.start, 0, sizeof(r->of.start));
		break;
	case EH_RECORD_ISSUED:
		memset(&r->of.certificate, 0,
		    offsetof(struct eh_certificate, fields));
		break;
	case EH_RECORD_BURNED:
		r->of.burned.nspans = 0;
		r->of.burned.nrows = 0;
		break;
	case EH_RECORD_CLOSED:
		memset(&r->of.closed, 0, sizeof(r->of.closed));
		break;
	case EH_RECORD_REPORT:
		memset(&r->of.report, 0, sizeof(r->of.report));
		break;
	case EH_RECORD_KEY:
		memset(&r->of.key, 0, sizeof(r->of.key));
		break;
	case EH_RECORD_CSR:
		memset(&r->of.csr, 0, sizeof(r->of.csr));
		break;
	default:
		break;
	}
}

void
eh_record_init(struct eh_record *r, enum eh_record_kind kind)
{
	memset(r, 0, offsetof(struct eh_record, counters));
	r->kind = kind;
	r->counters.n = 0;
	r->id_kind[0] = '\0';
	r->device.len = 0;
	r->factory[0] = '\0';
	r->line[0] = '\0';
	r->station[0] = '\0';
	r->mes_len = 0;
	memset(&r->profile, 0, sizeof(r->profile));
	memset(&r->ref, 0, sizeof(r->ref));
	init_union(r);
}

/* The labels of this record: all that its kind must have, and those that it
 * may have and has.  0 when one is missing. */
static uint32_t
labels_of(const struct eh_record *r)
{
	const struct kind *kind = &kinds[r->kind];
	uint32_t labels = 0;

	for (size_t i = 0; i < NMEMBERS; i++) {
		uint32_t bit = BIT(members[i].label);

		if (((kind->mandatory | kind->optional) & bit) == 0)
			continue;
		if (members[i].has(r))
			labels |= bit;
		else if ((kind->mandatory & bit) != 0)
			return 0;
	}
	return labels;
}

static unsigned
count_bits(uint32_t bits)
{
	unsigned n = 0;

	for (; bits != 0; bits &= bits - 1)
		n++;
	return n;
}

static void
put_common(const struct eh_record *r, struct eh_writer *w)
{
	eh_item_put_pair(w, 0, FORMAT_VERSION);
	eh_item_put_pair(w, 1, r->seq);
	eh_item_put_pair_bytes(w, 2, r->hsm_id, EH_HSM_ID_LEN);
	eh_item_put_pair_bytes(w, 3, r->previous, EH_DIGEST_LEN);
	eh_item_put_pair(w, 4, r->kind);
	eh_cbor_put_uint(w, 5);
	eh_cbor_put_array(w, 3);
	eh_cbor_put_uint(w, r->boots);
	eh_cbor_put_uint(w, r->commit);
	eh_cbor_put_uint(w, r->lease);
	eh_cbor_put_uint(w, 6);
	eh_cbor_put_array(w, 3);
	eh_cbor_put_uint(w, r->t_lo);
	eh_cbor_put_uint(w, r->t_hi);
	eh_cbor_put_uint(w, r->quality);
}

void
eh_record_encode(const struct eh_record *r, struct eh_writer *w)
{
	size_t before = w->len;
	uint32_t labels;

	if (!is_supported(r->kind) || (labels = labels_of(r)) == 0) {
		eh_writer_fail(w, EH_ERR_ARGUMENT);
		return;
	}
	eh_cbor_put_map(w, 7 + count_bits(labels));
	put_common(r, w);
	for (size_t i = 0; i < NMEMBERS; i++) {
		if ((labels & BIT(members[i].label)) == 0)
			continue;
		eh_cbor_put_uint(w, members[i].label);
		members[i].put(r, w);
	}
	if (w->len - before > EH_RECORD_MAX)
		eh_writer_fail(w, EH_ERR_SPACE);
}

static void
get_common(struct eh_cbor *c, struct eh_record *r)
{
	eh_cbor_map(c, 8, 7 + NMEMBERS);
	eh_cbor_key(c, 0);
	eh_cbor_uint(c, FORMAT_VERSION, FORMAT_VERSION);
	eh_cbor_key(c, 1);
	r->seq = eh_item_u53(c);
	eh_cbor_key(c, 2);
	eh_cbor_fixed(c, r->hsm_id, EH_HSM_ID_LEN);
	eh_cbor_key(c, 3);
	eh_cbor_fixed(c, r->previous, EH_DIGEST_LEN);
	eh_cbor_key(c, 4);
	r->kind = (enum eh_record_kind)eh_cbor_uint(c, 0, KINDS - 1);
	eh_cbor_key(c, 5);
	eh_cbor_array(c, 3, 3);
	r->boots = eh_item_u53(c);
	r->commit = eh_item_u53(c);
	r->lease = eh_item_u32(c);
	eh_cbor_leave(c);
	eh_cbor_key(c, 6);
	eh_cbor_array(c, 3, 3);
	r->t_lo = eh_item_time(c);
	r->t_hi = eh_item_time(c);
	r->quality = (enum eh_quality)eh_cbor_uint(c, 0, EH_QUALITY_FRESH);
	eh_cbor_leave(c);
	if (r->t_lo > r->t_hi)
		eh_cbor_fail(c, EH_ERR_FORMAT);
}

static void
get_members(struct eh_cbor *c, struct eh_record *r)
{
	const struct kind *kind = &kinds[r->kind];
	uint32_t labels = 0;

	for (size_t i = 0; i < NMEMBERS; i++) {
		uint32_t bit = BIT(members[i].label);

		if (((kind->mandatory | kind->optional) & bit) != 0 &&
		    eh_cbor_if_key(c, members[i].label)) {
			members[i].get(c, r);
			labels |= bit;
		}
	}
	if (labels == 0 || (kind->mandatory & ~labels) != 0)
		eh_cbor_fail(c, EH_ERR_FORMAT);
	eh_cbor_leave(c);
}

/* Seq 0 is the genesis, which follows nothing, and there is no other. */
static int
check_start(const struct eh_record *r, struct eh_error *error)
{
	if ((r->kind == EH_RECORD_GENESIS) != (r->seq == 0) ||
	    (r->seq == 0 && !eh_ct_zero(r->previous, EH_DIGEST_LEN)))
		return eh_error_set(error, EH_ERR_FORMAT,
		    "record: a log begins with one genesis, and nothing "
		    "before it");
	return EH_OK;
}

static int
decode(const void *bytes, size_t len, struct eh_record *r,
    struct eh_error *error)
{
	struct eh_cbor c;
	int err;

	if (len > EH_RECORD_MAX)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "record: %zu bytes, the limit is %d", len, EH_RECORD_MAX);
	/* An item takes at least a byte, so the size is limit enough; kind 5 has
	 * more of them than a message may have. */
	eh_cbor_init(&c, bytes, len, EH_RECORD_MAX);
	get_common(&c, r);
	/* 4 is reserved and in nobody's table: malformed, as in any version. */
	if (r->kind != 4 && !is_supported(r->kind))
		return eh_error_set(error, EH_ERR_UNSUPPORTED,
		    "record: kind %u (%s) is not supported by this version",
		    (unsigned)r->kind, eh_record_kind_name(r->kind));
	init_union(r);
	get_members(&c, r);
	if ((err = eh_item_end(&c, len, "record", error)) != EH_OK)
		return err;
	return check_start(r, error);
}

int
eh_record_decode(const void *bytes, size_t len, struct eh_record *r,
    struct eh_error *error)
{
	int err;

	memset(r, 0, sizeof(*r));
	if ((err = decode(bytes, len, r, error)) != EH_OK)
		memset(r, 0, sizeof(*r));
	return err;
}
