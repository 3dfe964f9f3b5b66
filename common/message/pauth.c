/* SPDX-License-Identifier: Apache-2.0 */
/* pauth.c - production authorization: this profile, this factory, so many
 * devices, until then. */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "common/message/items.h"
#include "common/message/pauth.h"

static const char what[] = "production authorization";

static void
decode_lines(struct eh_cbor *c, struct eh_pauth *p)
{
	size_t n = eh_cbor_array(c, 1, EH_PAUTH_LINES_MAX);

	for (size_t i = 0; i < n; i++)
		eh_item_name(c, p->lines[i]);
	p->nlines = (uint8_t)n;
	eh_cbor_leave(c);
}

static void
decode_ops(struct eh_cbor *c, struct eh_pauth *p)
{
	size_t n = eh_cbor_map(c, 1, EH_PAUTH_OPS_MAX);

	for (size_t i = 0; i < n; i++) {
		struct eh_op_grant *op = &p->ops[i];

		op->op = (uint8_t)eh_cbor_any_key(c, 0, EH_OP_MAX);
		eh_cbor_map(c, 2, 3);
		eh_cbor_key(c, 1);
		op->quota = eh_item_u53(c);
		eh_cbor_key(c, 2);
		op->lease = (uint16_t)eh_cbor_uint(c, 1, EH_LEASE_MAX);
		op->uses = 1;
		if (eh_cbor_if_key(c, 3))
			op->uses = (uint8_t)eh_cbor_uint(c, 1, UINT8_MAX);
		eh_cbor_leave(c);
	}
	p->nops = (uint8_t)n;
	eh_cbor_leave(c);
}

static void
decode_scope_list(struct eh_cbor *c, struct eh_scope *s)
{
	size_t n = eh_cbor_array(c, 1, EH_SCOPE_DEVICES_MAX);

	for (size_t i = 0; i < n; i++)
		eh_item_device_id(c, &s->devices[i]);
	s->ndevices = (uint8_t)n;
	eh_cbor_leave(c);
}

static void
decode_scope(struct eh_cbor *c, struct eh_scope *s)
{
	/* Members of the array, by kind. */
	static const size_t members[] = { 1, 4, 3, 4 };
	size_t n = eh_cbor_array(c, 1, 4);

	s->kind = (enum eh_scope_kind)eh_cbor_uint(c, 0, EH_SCOPE_TREE);
	if (n != members[s->kind])
		eh_cbor_fail(c, EH_ERR_FORMAT);
	if (s->kind != EH_SCOPE_ANY)
		eh_item_name(c, s->id_kind);
	switch (s->kind) {
	case EH_SCOPE_ANY:
		break;
	case EH_SCOPE_RANGE:
		eh_item_device_id(c, &s->lo);
		eh_item_device_id(c, &s->hi);
		break;
	case EH_SCOPE_LIST:
		decode_scope_list(c, s);
		break;
	case EH_SCOPE_TREE:
		eh_cbor_fixed(c, s->root, EH_DIGEST_LEN);
		s->tree_size = eh_item_u53(c);
		break;
	}
	eh_cbor_leave(c);
}

static void
decode_limits(struct eh_cbor *c, struct eh_limits *l)
{
	eh_cbor_map(c, 5, 5);
	eh_cbor_key(c, 1);
	l->max_unacked = eh_item_u32(c);
	eh_cbor_key(c, 2);
	l->max_offline = eh_item_u32(c);
	eh_cbor_key(c, 3);
	l->max_unaccounted = eh_item_u32(c);
	eh_cbor_key(c, 4);
	l->boot_grace = eh_item_u32(c);
	eh_cbor_key(c, 5);
	l->quality = (enum eh_quality)eh_cbor_uint(c, 0, EH_QUALITY_FRESH);
	eh_cbor_leave(c);
}

static void
decode_images(struct eh_cbor *c, struct eh_pauth *p)
{
	size_t n = eh_cbor_array(c, 1, EH_PAUTH_IMAGES_MAX);

	for (size_t i = 0; i < n; i++) {
		eh_cbor_array(c, 3, 3);
		eh_item_name(c, p->images[i].id);
		eh_item_name(c, p->images[i].version);
		eh_cbor_fixed(c, p->images[i].digest, EH_DIGEST_LEN);
		eh_cbor_leave(c);
	}
	p->nimages = (uint8_t)n;
	eh_cbor_leave(c);
}

static void
decode_keys(struct eh_cbor *c, struct eh_pauth *p)
{
	size_t n = eh_cbor_map(c, 1, EH_PAUTH_KEYS_MAX);

	for (size_t i = 0; i < n; i++) {
		p->keys[i].op = (uint8_t)eh_cbor_any_key(c, 0, EH_OP_MAX);
		eh_cbor_fixed(c, p->keys[i].digest, EH_DIGEST_LEN);
	}
	p->nkeys = (uint8_t)n;
	eh_cbor_leave(c);
}

static void
decode_optional(struct eh_cbor *c, struct eh_pauth *p)
{
	if (eh_cbor_if_key(c, -70107)) {
		p->has_supersedes = 1;
		eh_cbor_fixed(c, p->supersedes, EH_ID_LEN);
	}
	if (eh_cbor_if_key(c, -70108))
		decode_images(c, p);
	if (eh_cbor_if_key(c, -70109))
		decode_keys(c, p);
	if (eh_cbor_if_key(c, -70110))
		eh_item_name(c, p->order);
}

static void
decode_schema(struct eh_cbor *c, struct eh_pauth *p)
{
	eh_cbor_map(c, 14, 19);
	eh_cbor_key(c, 1);
	eh_item_name(c, p->from.iss);
	eh_cbor_key(c, 2);
	eh_cbor_fixed(c, p->from.sub, EH_HSM_ID_LEN);
	eh_cbor_key(c, 4);
	p->expires = eh_item_time(c);
	eh_cbor_key(c, 5);
	p->not_before = eh_item_time(c);
	eh_cbor_key(c, 6);
	p->from.iat = eh_item_time(c);
	eh_cbor_key(c, 7);
	eh_cbor_fixed(c, p->id, EH_ID_LEN);
	eh_item_version(c);
	eh_cbor_key(c, -70002);
	p->seq = eh_item_u53(c);
	eh_cbor_key(c, -70003);
	p->epoch = eh_item_u32(c);
	eh_cbor_key(c, -70101);
	eh_item_name(c, p->factory);
	if (eh_cbor_if_key(c, -70102))
		decode_lines(c, p);
	eh_cbor_key(c, -70103);
	eh_item_profile_ref(c, &p->profile);
	eh_cbor_key(c, -70104);
	decode_ops(c, p);
	eh_cbor_key(c, -70105);
	decode_scope(c, &p->scope);
	eh_cbor_key(c, -70106);
	decode_limits(c, &p->limits);
	decode_optional(c, p);
	eh_cbor_leave(c);
}

/* The uses of these leave behind an anchored commit each, never in a lease. */
static int
is_strict(unsigned op)
{
	return op == EH_OP_REPROVISION || op == EH_OP_REISSUE;
}

static int
check_op(const struct eh_op_grant *op, struct eh_error *error)
{
	if (op->op > EH_OP_LAST)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "%s: operation %u is unknown", what, op->op);
	if (op->quota != 0 && op->lease > op->quota)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "%s: operation %u (%s) has a lease of %u, above its quota "
		    "of %" PRIu64, what, op->op, eh_op_name(op->op), op->lease,
		    op->quota);
	if (is_strict(op->op) && op->lease != 1)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "%s: operation %u (%s) has a lease of %u, it must be 1",
		    what, op->op, eh_op_name(op->op), op->lease);
	return EH_OK;
}

static int
check_ops(const struct eh_pauth *p, struct eh_error *error)
{
	int err;

	/* Keys rise, so operation 0 is the first or is not there. */
	if (p->ops[0].op != EH_OP_PASS)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "%s: operation 0 (device) is not granted", what);
	for (size_t i = 0; i < p->nops; i++)
		if ((err = check_op(&p->ops[i], error)) != EH_OK)
			return err;
	for (size_t i = 0; i < p->nkeys; i++)
		if (eh_pauth_op(p, p->keys[i].op) == NULL)
			return eh_error_set(error, EH_ERR_FORMAT,
			    "%s: a key is named for operation %u (%s), which "
			    "is not granted", what, p->keys[i].op,
			    eh_op_name(p->keys[i].op));
	return EH_OK;
}

static int
check_scope(const struct eh_scope *s, struct eh_error *error)
{
	if (s->kind == EH_SCOPE_RANGE && s->lo.len != s->hi.len)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "%s: the range of devices goes from an id of %u octets to "
		    "one of %u", what, s->lo.len, s->hi.len);
	if (s->kind == EH_SCOPE_RANGE &&
	    memcmp(s->lo.bytes, s->hi.bytes, s->lo.len) > 0)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "%s: the range of devices ends before it begins", what);
	if (s->kind == EH_SCOPE_TREE && s->tree_size == 0)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "%s: the tree of devices is empty", what);
	return EH_OK;
}

static int
check(const struct eh_pauth *p, struct eh_error *error)
{
	int err;

	if (p->not_before >= p->expires ||
	    p->expires - p->not_before > EH_VALIDITY_MAX)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "%s: valid from %" PRIu64 " to %" PRIu64 ", it must be "
		    "some time and at most 400 days", what, p->not_before,
		    p->expires);
	if ((err = check_ops(p, error)) != EH_OK ||
	    (err = check_scope(&p->scope, error)) != EH_OK)
		return err;
	if (p->has_supersedes && memcmp(p->supersedes, p->id, EH_ID_LEN) == 0)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "%s: it supersedes itself", what);
	return EH_OK;
}

int
eh_pauth_decode(const void *payload, size_t len, struct eh_pauth *p,
    struct eh_error *error)
{
	struct eh_cbor c;
	int err;

	memset(p, 0, sizeof(*p));
	eh_cbor_init(&c, payload, len, EH_ITEMS_MAX);
	decode_schema(&c, p);
	if ((err = eh_item_end(&c, len, what, error)) == EH_OK)
		err = check(p, error);
	if (err != EH_OK)
		memset(p, 0, sizeof(*p));
	return err;
}

static void
encode_ops(const struct eh_pauth *p, struct eh_writer *w)
{
	eh_cbor_put_map(w, p->nops);
	for (size_t i = 0; i < p->nops; i++) {
		const struct eh_op_grant *op = &p->ops[i];

		eh_cbor_put_uint(w, op->op);
		/* 1 is what an absent label means; it is not written. */
		eh_cbor_put_map(w, op->uses > 1 ? 3 : 2);
		eh_item_put_pair(w, 1, op->quota);
		eh_item_put_pair(w, 2, op->lease);
		if (op->uses > 1)
			eh_item_put_pair(w, 3, op->uses);
	}
}

static void
encode_scope(const struct eh_scope *s, struct eh_writer *w)
{
	switch (s->kind) {
	case EH_SCOPE_ANY:
		eh_cbor_put_array(w, 1);
		eh_cbor_put_uint(w, s->kind);
		break;
	case EH_SCOPE_RANGE:
		eh_cbor_put_array(w, 4);
		eh_cbor_put_uint(w, s->kind);
		eh_cbor_put_text(w, s->id_kind);
		eh_item_put_device_id(w, &s->lo);
		eh_item_put_device_id(w, &s->hi);
		break;
	case EH_SCOPE_LIST:
		eh_cbor_put_array(w, 3);
		eh_cbor_put_uint(w, s->kind);
		eh_cbor_put_text(w, s->id_kind);
		eh_cbor_put_array(w, s->ndevices);
		for (size_t i = 0; i < s->ndevices; i++)
			eh_item_put_device_id(w, &s->devices[i]);
		break;
	case EH_SCOPE_TREE:
		eh_cbor_put_array(w, 4);
		eh_cbor_put_uint(w, s->kind);
		eh_cbor_put_text(w, s->id_kind);
		eh_cbor_put_bytes(w, s->root, EH_DIGEST_LEN);
		eh_cbor_put_uint(w, s->tree_size);
		break;
	}
}

static void
encode_limits(const struct eh_limits *l, struct eh_writer *w)
{
	eh_cbor_put_map(w, 5);
	eh_item_put_pair(w, 1, l->max_unacked);
	eh_item_put_pair(w, 2, l->max_offline);
	eh_item_put_pair(w, 3, l->max_unaccounted);
	eh_item_put_pair(w, 4, l->boot_grace);
	eh_item_put_pair(w, 5, l->quality);
}

static void
encode_lines(const struct eh_pauth *p, struct eh_writer *w)
{
	if (p->nlines == 0)
		return;
	eh_cbor_put_int(w, -70102);
	eh_cbor_put_array(w, p->nlines);
	for (size_t i = 0; i < p->nlines; i++)
		eh_cbor_put_text(w, p->lines[i]);
}

static void
encode_images(const struct eh_pauth *p, struct eh_writer *w)
{
	if (p->nimages == 0)
		return;
	eh_cbor_put_int(w, -70108);
	eh_cbor_put_array(w, p->nimages);
	for (size_t i = 0; i < p->nimages; i++) {
		eh_cbor_put_array(w, 3);
		eh_cbor_put_text(w, p->images[i].id);
		eh_cbor_put_text(w, p->images[i].version);
		eh_cbor_put_bytes(w, p->images[i].digest, EH_DIGEST_LEN);
	}
}

static void
encode_keys(const struct eh_pauth *p, struct eh_writer *w)
{
	if (p->nkeys == 0)
		return;
	eh_cbor_put_int(w, -70109);
	eh_cbor_put_map(w, p->nkeys);
	for (size_t i = 0; i < p->nkeys; i++)
		eh_item_put_pair_bytes(
		    w, p->keys[i].op, p->keys[i].digest, EH_DIGEST_LEN);
}

void
eh_pauth_encode(const struct eh_pauth *p, struct eh_writer *w)
{
	eh_cbor_put_map(w, 14u + (p->nlines > 0) + (p->has_supersedes != 0) +
	    (p->nimages > 0) + (p->nkeys > 0) + (p->order[0] != '\0'));
	eh_item_put_pair_text(w, 1, p->from.iss);
	eh_item_put_pair_bytes(w, 2, p->from.sub, EH_HSM_ID_LEN);
	eh_item_put_pair(w, 4, p->expires);
	eh_item_put_pair(w, 5, p->not_before);
	eh_item_put_pair(w, 6, p->from.iat);
	eh_item_put_pair_bytes(w, 7, p->id, EH_ID_LEN);
	eh_item_put_version(w);
	eh_item_put_pair(w, -70002, p->seq);
	eh_item_put_pair(w, -70003, p->epoch);
	eh_item_put_pair_text(w, -70101, p->factory);
	encode_lines(p, w);
	eh_cbor_put_int(w, -70103);
	eh_item_put_profile_ref(w, &p->profile);
	eh_cbor_put_int(w, -70104);
	encode_ops(p, w);
	eh_cbor_put_int(w, -70105);
	encode_scope(&p->scope, w);
	eh_cbor_put_int(w, -70106);
	encode_limits(&p->limits, w);
	if (p->has_supersedes)
		eh_item_put_pair_bytes(w, -70107, p->supersedes, EH_ID_LEN);
	encode_images(p, w);
	encode_keys(p, w);
	if (p->order[0] != '\0')
		eh_item_put_pair_text(w, -70110, p->order);
}

const struct eh_op_grant *
eh_pauth_op(const struct eh_pauth *p, unsigned op)
{
	for (size_t i = 0; i < p->nops; i++)
		if (p->ops[i].op == op)
			return &p->ops[i];
	return NULL;
}
