/* SPDX-License-Identifier: Apache-2.0 */
/* record_members.c - the members of records, one row for each label. */
#include "config.h"

#include "common/message/record_members.h"

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
	    c, EH_MSG_CODE_GRANT, EH_MSG_CODE_COUNT);
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

/* clang-format off */
const struct eh_record_member eh_record_members[EH_RECORD_MEMBERS] = {
	{ EH_LABEL_AUTHORIZATION,
	    has_authorization, get_authorization, put_authorization },
	{ EH_LABEL_COUNTERS,
	    has_counters, get_counters, put_counters },
	{ EH_LABEL_DEVICE,
	    has_device, get_device, put_device },
	{ EH_LABEL_CLAIM,
	    has_claim, get_claim, put_claim },
	{ EH_LABEL_PROFILE,
	    has_profile, get_profile, put_profile },
	{ EH_LABEL_CERTIFICATE,
	    has_certificate, get_certificate, put_certificate },
	{ EH_LABEL_SPANS,
	    has_spans, get_spans, put_spans },
	{ EH_LABEL_REF,
	    has_ref, get_ref, put_ref },
	{ EH_LABEL_REPORT,
	    has_report, get_report, put_report },
	{ EH_LABEL_MES,
	    has_mes, get_mes, put_mes },
	{ EH_LABEL_BOOT,
	    has_boot, get_boot, put_boot },
	{ EH_LABEL_ROWS,
	    has_rows, get_rows, put_rows },
	{ EH_LABEL_CLOSED,
	    has_closed, get_closed, put_closed },
	{ EH_LABEL_ATTESTATION,
	    has_always, get_attestation, put_attestation },
	{ EH_LABEL_KEY,
	    has_key, get_key, put_key },
	{ EH_LABEL_CSR,
	    has_always, get_csr, put_csr },
	{ EH_LABEL_ROOT,
	    has_always, get_root, put_root },
};
/* clang-format on */
