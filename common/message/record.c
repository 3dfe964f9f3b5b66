/* SPDX-License-Identifier: Apache-2.0 */
/* record.c - one entry of the log: what happened, and where in the order. */
#include "config.h"

#include <string.h>

#include "common/ct.h"
#include "common/message/items.h"
#include "common/message/record_members.h"

#define FORMAT_VERSION 1
#define KINDS          18

#define BIT(label) (UINT32_C(1) << (label))
#define HAS(name)  BIT(EH_LABEL_##name)

/* The one kind table (doc/format/record.md).  What a row does not list is an
 * error; a kind without labels is not supported by this version. */
/* clang-format off */
static const struct kind {
	uint32_t mandatory, optional;
} kinds[KINDS] = {
	[EH_RECORD_GENESIS]   = { HAS(BOOT) | HAS(ATTESTATION) | HAS(ROOT), 0 },
	[EH_RECORD_BOOT]      = { HAS(BOOT), 0 },
	[EH_RECORD_INSTALLED] = { HAS(AUTHORIZATION) | HAS(COUNTERS) | HAS(REF),
				  HAS(PROFILE) },
	[EH_RECORD_ISSUED]    = { HAS(AUTHORIZATION) | HAS(COUNTERS) |
				  HAS(DEVICE) | HAS(CERTIFICATE),
				  HAS(CLAIM) | HAS(MES) },
	[EH_RECORD_BURNED]    = { 0, HAS(SPANS) | HAS(ROWS) },
	[EH_RECORD_CLOSED]    = { HAS(AUTHORIZATION) | HAS(COUNTERS) |
				  HAS(CLOSED), 0 },
	[EH_RECORD_REVOKED]   = { HAS(REF), 0 },
	[EH_RECORD_TIME]      = { HAS(REF), 0 },
	[EH_RECORD_REPORT]    = { HAS(AUTHORIZATION) | HAS(DEVICE) |
				  HAS(REPORT), HAS(CLAIM) | HAS(MES) },
	[EH_RECORD_KEY]       = { HAS(KEY), HAS(AUTHORIZATION) | HAS(COUNTERS) |
				  HAS(DEVICE) },
	[EH_RECORD_IMPORT]    = { HAS(REF), 0 },
	[EH_RECORD_CSR]       = { HAS(CSR), 0 },
};
/* clang-format on */

static int
is_supported(unsigned kind)
{
	return kind < KINDS &&
	    (kinds[kind].mandatory | kinds[kind].optional) != 0;
}

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

int
eh_record_counts(enum eh_record_kind kind)
{
	return kind == EH_RECORD_ISSUED || kind == EH_RECORD_UNLOCK ||
	    kind == EH_RECORD_SECRET || kind == EH_RECORD_EXPORT;
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

	for (size_t i = 0; i < EH_RECORD_MEMBERS; i++) {
		uint32_t bit = BIT(eh_record_members[i].label);

		if (((kind->mandatory | kind->optional) & bit) == 0)
			continue;
		if (eh_record_members[i].has(r))
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
	for (size_t i = 0; i < EH_RECORD_MEMBERS; i++) {
		if ((labels & BIT(eh_record_members[i].label)) == 0)
			continue;
		eh_cbor_put_uint(w, eh_record_members[i].label);
		eh_record_members[i].put(r, w);
	}
	if (w->len - before > EH_RECORD_MAX)
		eh_writer_fail(w, EH_ERR_SPACE);
}

static void
get_common(struct eh_cbor *c, struct eh_record *r)
{
	eh_cbor_map(c, 8, 7 + EH_RECORD_MEMBERS);
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

	for (size_t i = 0; i < EH_RECORD_MEMBERS; i++) {
		uint32_t bit = BIT(eh_record_members[i].label);

		if (((kind->mandatory | kind->optional) & bit) != 0 &&
		    eh_cbor_if_key(c, eh_record_members[i].label)) {
			eh_record_members[i].get(c, r);
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
	/* An item takes at least a byte, so the size is limit enough; kind 5
	 * may have more of them than a message. */
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
