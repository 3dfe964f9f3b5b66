/* SPDX-License-Identifier: Apache-2.0 */
/* test_state.c - the state blob: its rows, its rules, its bytes. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/cbor/cbor.h"
#include "common/crypto/mac.h"
#include "quota-engine/state.h"
#include "test/unit/unit.h"

static const uint8_t key[EH_DIGEST_LEN] = { 1, 2, 3 };
static struct eh_state st, back;
static uint8_t bytes[EH_STATE_MAX], again[EH_STATE_MAX];

/* The least that a state can be. */
static void
small(void)
{
	memset(&st, 0, sizeof(st));
	st.commit = 1;
	st.boots = 1;
	st.next_object = 1;
	st.log.tree.size = 1;
	st.log.seq_hi = 65;
}

static void
fill_row(struct eh_row *row, unsigned i)
{
	memset(row, 0xff, sizeof(*row));
	row->state = i % 2 == 0 ? EH_ROW_LIVE : EH_ROW_CLOSED;
	row->generation = 1000 + i;
	row->seq = EH_U53_MAX;
	memset(row->order, 'o', EH_NAME_MAX);
	row->order[EH_NAME_MAX] = '\0';
	memset(row->profile.name, 'p', EH_NAME_MAX);
	row->profile.name[EH_NAME_MAX] = '\0';
	row->id[0] = (uint8_t)i;
	row->has_supersedes = 1;
	row->not_before = EH_TIME_MAX;
	row->expires = EH_TIME_MAX;
	row->limits.quality = EH_QUALITY_FRESH;
	row->lease = EH_LEASE_MAX;
	row->burn_unrecorded = 1;
	row->close_reason = EH_CLOSE_BURNS;
	row->closed_at = i % 2 == 0 ? 0 : EH_U53_MAX;
	for (unsigned op = 0; op < EH_OPS; op++) {
		row->op[op].granted = 1;
		row->op[op].uses = 255;
		row->op[op].count.used = EH_U53_MAX / 2;
		row->op[op].count.burned = EH_U53_MAX / 2;
		row->op[op].count.reserved = EH_U53_MAX / 2 * 2;
		row->op[op].count.quota = EH_U53_MAX;
	}
}

/* A point of P-256: its generator. */
static void
fill_point(struct eh_rawkey *point)
{
	uint8_t raw[EH_RAWKEY_MAX];
	size_t len = unit_hex("046b17d1f2e12c4247f8bce6e563a440f277037d812deb"
			      "33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c"
			      "0f9e162bce33576b315ececbb6406837bf51f5",
	    raw, sizeof(raw));

	ck_assert_int_eq(eh_rawkey_set(point, raw, len), EH_OK);
}

static void
fill_count(struct eh_state_count *n, unsigned i)
{
	memset(n, 0xff, sizeof(*n));
	n->used = 1;
	n->has_authorization = 1;
	n->index.handle = EH_COUNT_HANDLE_FIRST + i;
	n->index.nonce_len = EH_COUNT_NONCE_MAX;
	n->limit = n->burned = EH_COUNT_LIMIT_MAX;
	memset(&n->count_key, 0, sizeof(n->count_key));
	fill_point(&n->count_key);
	n->nkeys = EH_COUNT_KEYS_MAX;
	n->is_approved = 1;
}

static void
fill_key(struct eh_state_key *k, unsigned i)
{
	memset(k, 0xff, sizeof(*k));
	k->object = EH_U53_MAX - 1 - i;
	k->digest[0] = (uint8_t)i;
	memset(&k->key, 0, sizeof(k->key));
	k->key.len = EH_ED25519_KEY_LEN;
	memset(k->key.bytes, (int)i + 1, EH_ED25519_KEY_LEN);
	k->purpose = EH_PURPOSE_ISSUING;
	k->origin = EH_ORIGIN_BACKEND;
	k->custody = EH_CUSTODY_COUNTED;
	memset(&k->count_key, 0, sizeof(k->count_key));
	fill_point(&k->count_key);
	k->alg = -65535;
	memset(k->label, 0xc3, EH_STATE_LABEL);
	k->label[EH_STATE_LABEL] = '\0';
	k->id_len = EH_STATE_LABEL;
	k->backend_len = EH_STATE_LABEL;
}

/* The most that a state can be. */
static void
large(void)
{
	small();
	st.commit = EH_U53_MAX;
	st.boots = EH_U53_MAX;
	st.clean = 1;
	st.next_object = EH_U53_MAX;
	st.generation = EH_U53_MAX;
	st.root.len = EH_ED25519_KEY_LEN;
	st.anchor_mode = EH_ANCHOR_TPM_OWNER;
	memset(&st.anchor, 0xff, sizeof(st.anchor));
	st.in_force.epoch = UINT32_MAX;
	st.in_force.rseq = EH_U53_MAX;
	st.revoked.nids = EH_STATE_REVOKED;
	for (unsigned i = 0; i < EH_STATE_REVOKED; i++)
		st.revoked.id[i][0] = (uint8_t)i;
	st.revoked.nkids = EH_STATE_KIDS;
	for (unsigned i = 0; i < EH_STATE_KIDS; i++)
		st.revoked.kid[i][0] = (uint8_t)i;
	memset(st.revoked.digest, 0xff, EH_DIGEST_LEN);
	for (unsigned i = 0; i < EH_STATE_ROWS; i++)
		fill_row(&st.row[i], i);
	for (unsigned i = 0; i < EH_STATE_KEYS; i++)
		fill_key(&st.key[i], i);
	for (unsigned i = 0; i < EH_STATE_COUNTS; i++)
		fill_count(&st.count[i], i);
	for (unsigned i = 0; i < EH_STATE_ISSUERS; i++) {
		st.issuer[i].key.len = EH_ED25519_KEY_LEN;
		st.issuer[i].alg = -65535;
		st.issuer[i].roles = UINT16_MAX;
		memset(st.issuer[i].iss, 'i', EH_NAME_MAX);
		st.issuer[i].state = EH_KEY_RETIRED;
	}
	for (unsigned i = 0; i < EH_STATE_KIDS; i++) {
		st.kid[i].used = 1;
		st.kid[i].kid[0] = (uint8_t)i;
		for (unsigned code = 0; code < EH_STATE_MSGCODES; code++) {
			st.kid[i].last[code].seen = 1;
			st.kid[i].last[code].seq = EH_U53_MAX;
		}
	}
	st.clock.attested = 1;
	st.clock.powered = UINT64_MAX;
	st.clock.sent.boottime = UINT64_MAX;
	st.clock.disagreed = 1;
	st.clock.seen.raw = UINT64_MAX;
	st.clock.received.tpm.known = 1;
	st.clock.received.tpm.resets = UINT32_MAX;
	st.clock.seen.tpm.ms = UINT64_MAX;
	st.log.tree.size = EH_U53_MAX;
	st.log.seq_hi = EH_U53_MAX;
	st.log.counted = EH_U53_MAX;
	st.log.merged = 1;
	st.log.acked.size = EH_U53_MAX;
	st.log.acked_counted = EH_U53_MAX;
	st.log.foreign = 1;
	st.log.burned_at = EH_U53_MAX;
	st.log.burned_passes = EH_U53_MAX;
	st.log.nburned = EH_BURNED_RANGES_MAX;
	for (unsigned i = 0; i < EH_BURNED_RANGES_MAX; i++) {
		st.log.burned[i].first = EH_U53_MAX - 1000 + 10 * i;
		st.log.burned[i].span = 9;
		st.log.burned[i].burned = 8;
		st.log.passes[i] = EH_U53_MAX / 64;
	}
}

static size_t
encode(void)
{
	size_t len;

	ck_assert_int_eq(
	    eh_state_encode(&st, key, bytes, sizeof(bytes), &len), EH_OK);
	return len;
}

START_TEST(what_is_written_is_read_back)
{
	size_t len, used;

	large();
	len = encode();
	ck_assert_uint_lt(len, EH_STATE_MAX);
	ck_assert_int_eq(eh_state_decode(
	    &back, key, bytes, sizeof(bytes), &used, NULL), EH_OK);
	ck_assert_uint_eq(used, len);
	ck_assert_uint_eq(eh_state_length(bytes), len);
	/* Written again it is the same bytes, so nothing is missing. */
	ck_assert_int_eq(
	    eh_state_encode(&back, key, again, sizeof(again), &used), EH_OK);
	ck_assert_uint_eq(used, len);
	ck_assert_mem_eq(again, bytes, len);
	ck_assert_uint_eq(back.log.tree.size, st.log.tree.size);
	ck_assert_str_eq(back.key[3].label, st.key[3].label);
	ck_assert_mem_eq(&back.revoked, &st.revoked, sizeof(st.revoked));
}
END_TEST

START_TEST(a_row_comes_back_member_by_member)
{
	const struct eh_row *a = &st.row[3], *b = &back.row[3];
	size_t used;

	large();
	encode();
	ck_assert_int_eq(eh_state_decode(
	    &back, key, bytes, sizeof(bytes), &used, NULL), EH_OK);
	ck_assert_uint_eq(a->state, b->state);
	ck_assert_mem_eq(a->id, b->id, EH_ID_LEN);
	ck_assert_uint_eq(a->generation, b->generation);
	ck_assert_mem_eq(a->kid, b->kid, EH_KID_LEN);
	ck_assert_uint_eq(a->seq, b->seq);
	ck_assert_uint_eq(a->epoch, b->epoch);
	ck_assert_mem_eq(a->message, b->message, EH_DIGEST_LEN);
	ck_assert_str_eq(a->order, b->order);
	ck_assert_str_eq(a->profile.name, b->profile.name);
	ck_assert_uint_eq(a->profile.version, b->profile.version);
	ck_assert_mem_eq(a->profile.digest, b->profile.digest, EH_DIGEST_LEN);
	ck_assert_uint_eq(a->has_supersedes, b->has_supersedes);
	ck_assert_mem_eq(a->supersedes, b->supersedes, EH_ID_LEN);
	ck_assert_uint_eq(a->not_before, b->not_before);
	ck_assert_uint_eq(a->expires, b->expires);
	ck_assert_mem_eq(&a->limits, &b->limits, sizeof(a->limits));
	ck_assert_uint_eq(a->lease, b->lease);
	ck_assert_uint_eq(a->halvings, b->halvings);
	ck_assert_uint_eq(a->grace, b->grace);
	ck_assert_uint_eq(a->burns, b->burns);
	ck_assert_uint_eq(a->burn_unrecorded, b->burn_unrecorded);
	ck_assert_uint_eq(a->close_reason, b->close_reason);
	ck_assert_uint_eq(a->closed_at, b->closed_at);
	for (unsigned op = 0; op < EH_OPS; op++) {
		ck_assert_uint_eq(a->op[op].granted, b->op[op].granted);
		ck_assert_uint_eq(a->op[op].uses, b->op[op].uses);
		ck_assert_mem_eq(&a->op[op].count, &b->op[op].count,
		    sizeof(a->op[op].count));
	}
}
END_TEST

START_TEST(body_is_deterministic_cbor)
{
	size_t len;

	large();
	len = encode();
	ck_assert_int_eq(eh_cbor_check(bytes + EH_STATE_HEADER,
	    len - EH_STATE_HEADER - EH_DIGEST_LEN), EH_OK);
}
END_TEST

START_TEST(no_flipped_bit_passes)
{
	size_t len, used;

	small();
	len = encode();
	for (size_t bit = 0; bit < 8 * len; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_int_ne(eh_state_decode(
		    &back, key, bytes, sizeof(bytes), &used, NULL), EH_OK);
		ck_assert_uint_eq(back.commit, 0);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t cut = 0; cut < len; cut++)
		ck_assert_int_eq(eh_state_decode(
		    &back, key, bytes, cut, &used, NULL), EH_ERR_FORMAT);
	ck_assert_int_eq(
	    eh_state_decode(&back, key, bytes, len, &used, NULL), EH_OK);
}
END_TEST

/* Give ${len} bytes a header of ${version}, and a MAC that fits. */
static void
seal(uint8_t version, size_t len)
{
	static const char label[] = "EdgeHSM-state-v1";
	size_t body = len - EH_STATE_HEADER - EH_DIGEST_LEN;
	struct eh_hmac_sha256 h;

	bytes[11] = version;
	bytes[12] = bytes[13] = 0;
	bytes[14] = (uint8_t)(body >> 8);
	bytes[15] = (uint8_t)body;
	eh_hmac_sha256_init(&h, key, EH_DIGEST_LEN);
	eh_hmac_sha256_update(&h, label, sizeof(label) - 1);
	eh_hmac_sha256_update(&h, bytes, EH_STATE_HEADER + body);
	eh_hmac_sha256_final(&h, bytes + EH_STATE_HEADER + body);
}

/* Make ${len} bytes of this version those of ${version}: the parts that came
 * after it are the last ones. */
static size_t
before(uint8_t version, size_t len)
{
	int64_t first = version == 1 ? 13 : 14, part = 0;
	size_t kept = 0, end = EH_STATE_HEADER, skipped;
	const uint8_t *at;
	struct eh_cbor c;

	eh_cbor_init(&c, bytes + end, len - end - EH_DIGEST_LEN, 32768);
	for (size_t n = eh_cbor_map(&c, 1, 23); n > 0; n--) {
		part = eh_cbor_any_key(&c, 1, 23);
		at = eh_cbor_skip(&c, &skipped);
		if (part >= first)
			continue;
		kept++;
		end = (size_t)(at - bytes) + skipped;
	}
	eh_cbor_leave(&c);
	ck_assert_int_eq(eh_cbor_end(&c), EH_OK);
	ck_assert_int_ge(part, first);
	ck_assert_uint_eq(kept, (size_t)first - 1);
	bytes[EH_STATE_HEADER] = (uint8_t)(0xa0 + kept);
	seal(version, end + EH_DIGEST_LEN);
	return end + EH_DIGEST_LEN;
}

START_TEST(the_versions_before_are_read_and_a_later_one_is_refused_in_words)
{
	struct eh_error error;
	size_t len, used;

	for (uint8_t version = 1; version <= 2; version++) {
		small();
		len = encode();
		seal(version, len);
		ck_assert_int_eq(eh_state_decode(&back, key, bytes, len, &used,
		    &error), EH_ERR_FORMAT);
		len = encode();
		len = before(version, len);
		seal(3, len);
		ck_assert_int_eq(eh_state_decode(&back, key, bytes, len, &used,
		    &error), EH_ERR_FORMAT);
		seal(version, len);
		ck_assert_int_eq(eh_state_decode(&back, key, bytes, len, &used,
		    &error), EH_OK);
		ck_assert_uint_eq(back.log.tree.size, st.log.tree.size);
		ck_assert_uint_eq(back.log.acked.size, 0);
		ck_assert_uint_eq(back.revoked.nids, 0);
	}
	small();
	len = encode();
	seal(4, len);
	ck_assert_int_eq(eh_state_decode(
	    &back, key, bytes, len, &used, &error), EH_ERR_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(error.text, "version 4"));
	seal(0, len);
	ck_assert_int_eq(eh_state_decode(
	    &back, key, bytes, len, &used, &error), EH_ERR_UNSUPPORTED);
}
END_TEST

/* Version 2 did not say when a row was closed; it was before its end. */
START_TEST(a_closed_row_of_the_version_before_was_closed_by_now)
{
	size_t len, used;

	small();
	st.generation = 2000;
	fill_row(&st.row[1], 1);
	st.row[1].closed_at = 1;
	for (unsigned op = 0; op < EH_OPS; op++)
		st.row[1].op[op].count.used = EH_U53_MAX / 2;
	len = encode();
	len = before(2, len);
	ck_assert_int_eq(
	    eh_state_decode(&back, key, bytes, len, &used, NULL), EH_OK);
	ck_assert_int_eq(back.row[0].state, EH_ROW_CLOSED);
	ck_assert_uint_eq(back.row[0].closed_at, st.log.tree.size);
}
END_TEST

/* A file's state is what it was before there was a TPM. */
START_TEST(the_anchor_is_named_as_its_kind_needs)
{
	static const size_t more[] = { [EH_ANCHOR_FILE] = 0,
		[EH_ANCHOR_TPM_PLATFORM] = 2 * (2 + EH_TPM_NAME),
		[EH_ANCHOR_TPM_OWNER] = 3 * (2 + EH_TPM_NAME) + 9 };
	size_t len, least, used;

	small();
	least = encode();
	for (uint8_t mode = 0; mode <= EH_ANCHOR_TPM_OWNER; mode++) {
		small();
		st.anchor_mode = mode;
		memset(st.anchor.key, 1, EH_TPM_NAME);
		memset(st.anchor.index, 2, EH_TPM_NAME);
		memset(st.anchor.counter, 3, EH_TPM_NAME);
		st.anchor.count = UINT64_MAX;
		len = encode();
		ck_assert_uint_eq(len, least + more[mode]);
		ck_assert_int_eq(eh_state_decode(
		    &back, key, bytes, len, &used, NULL), EH_OK);
		ck_assert_uint_eq(back.anchor.count,
		    mode == EH_ANCHOR_TPM_OWNER ? UINT64_MAX : 0);
		ck_assert_uint_eq(back.anchor.index[33],
		    mode == EH_ANCHOR_FILE ? 0 : 2);
	}
	ck_assert_mem_eq(&back.anchor, &st.anchor, sizeof(st.anchor));
}
END_TEST

START_TEST(another_secret_is_refused)
{
	uint8_t other[EH_DIGEST_LEN] = { 9 };
	size_t len, used;

	small();
	len = encode();
	ck_assert_int_eq(eh_state_decode(
	    &back, other, bytes, len, &used, NULL), EH_ERR_FORMAT);
}
END_TEST

START_TEST(too_small_a_buffer_is_no_state)
{
	size_t len, full;

	large();
	full = encode();
	ck_assert_int_eq(eh_state_encode(
	    &st, key, bytes, full - 1, &len), EH_ERR_SPACE);
	ck_assert_int_eq(eh_state_encode(&st, key, bytes, 10, &len),
	    EH_ERR_SPACE);
}
END_TEST

static struct eh_row *
add(uint8_t n)
{
	uint8_t id[EH_ID_LEN] = { n };
	struct eh_row *row = NULL;

	ck_assert_int_eq(eh_state_row_add(&st, id, &row, NULL), EH_OK);
	row->op[EH_OP_PASS].granted = 1;
	row->op[EH_OP_PASS].count.quota = 100;
	return row;
}

START_TEST(sixty_four_live_rows_are_all)
{
	uint8_t id[EH_ID_LEN] = { 200 };
	struct eh_error error;
	struct eh_row *row;

	small();
	for (uint8_t i = 0; i < EH_STATE_ROWS; i++)
		add(i);
	ck_assert_int_eq(
	    eh_state_row_add(&st, id, &row, &error), EH_ERR_FULL);
	ck_assert_ptr_null(row);
	id[0] = 5;
	ck_assert_int_eq(
	    eh_state_row_add(&st, id, &row, &error), EH_ERR_EXISTS);
	ck_assert_int_eq(eh_state_check(&st, &error), EH_OK);
}
END_TEST

START_TEST(the_row_closed_first_makes_place)
{
	uint8_t id[EH_ID_LEN] = { 0 };
	struct eh_row *row;

	small();
	for (uint8_t i = 0; i < EH_STATE_ROWS; i++)
		add(i);
	id[0] = 9;
	eh_state_row_close(&st, eh_state_row(&st, id), EH_CLOSE_EXPIRED);
	id[0] = 4;
	eh_state_row_close(&st, eh_state_row(&st, id), EH_CLOSE_EXPIRED);
	/* A row whose closing is not recorded yet keeps its place. */
	id[0] = 100;
	ck_assert_int_eq(eh_state_row_add(&st, id, &row, NULL), EH_ERR_FULL);
	st.row[9].state = EH_ROW_CLOSED;
	st.row[4].state = EH_ROW_CLOSED;
	row = add(100);
	ck_assert_ptr_eq(row, &st.row[9]);
	ck_assert_uint_eq(row->op[EH_OP_PASS].count.used, 0);
	row = add(101);
	ck_assert_ptr_eq(row, &st.row[4]);
}
END_TEST

START_TEST(closing_returns_what_is_unused)
{
	struct eh_row *row;
	uint64_t generation;

	small();
	row = add(1);
	row->op[EH_OP_PASS].count = (struct eh_counter) { 3, 2, 50, 100 };
	generation = row->generation;
	eh_state_row_close(&st, row, EH_CLOSE_REQUESTED);
	ck_assert_uint_eq(row->op[EH_OP_PASS].count.reserved, 5);
	ck_assert_int_eq(row->state, EH_ROW_CLOSING);
	ck_assert_uint_gt(row->generation, generation);
	generation = row->generation;
	eh_state_row_close(&st, row, EH_CLOSE_EXPIRED);
	ck_assert_int_eq(row->close_reason, EH_CLOSE_REQUESTED);
	ck_assert_uint_eq(row->generation, generation);
}
END_TEST

START_TEST(books_go_on_under_another_authorization)
{
	struct eh_row *from, *to;

	small();
	from = add(1);
	from->op[EH_OP_PASS].count = (struct eh_counter) { 3, 2, 50, 100 };
	from->op[EH_OP_REISSUE].granted = 1;
	from->op[EH_OP_REISSUE].count = (struct eh_counter) { 1, 0, 1, 4 };
	from->burns = 7;
	to = add(2);
	to->op[EH_OP_PASS].count.quota = 4;
	eh_state_row_supersede(&st, to, from);
	ck_assert_int_eq(from->state, EH_ROW_CLOSING);
	ck_assert_int_eq(from->close_reason, EH_CLOSE_SUPERSEDED);
	ck_assert_uint_eq(to->op[EH_OP_PASS].count.used, 3);
	ck_assert_uint_eq(to->op[EH_OP_PASS].count.burned, 2);
	ck_assert_uint_eq(to->op[EH_OP_PASS].count.reserved, 5);
	/* A quota below what is used: full. */
	ck_assert_uint_eq(to->op[EH_OP_PASS].count.quota, 5);
	ck_assert_uint_eq(to->op[EH_OP_REISSUE].count.used, 1);
	ck_assert_uint_eq(to->op[EH_OP_REISSUE].count.quota, 1);
	ck_assert_uint_eq(to->burns, 7);
	ck_assert_int_eq(to->has_supersedes, 1);
	ck_assert_int_eq(eh_state_check(&st, NULL), EH_OK);
}
END_TEST

START_TEST(books_that_do_not_add_up_are_refused)
{
	static const struct eh_counter bad[] = {
		{ 1, 0, 0, 10 }, { 0, 1, 0, 10 }, { 5, 6, 10, 10 },
		{ 0, 0, 11, 10 }, { 0, 0, 0, EH_U53_MAX + 1 },
		{ UINT64_MAX, 2, 1, 10 },
	};
	struct eh_error error;

	small();
	add(1);
	ck_assert_int_eq(eh_state_check(&st, &error), EH_OK);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		st.row[0].op[EH_OP_PASS].count = bad[i];
		ck_assert_int_eq(eh_state_check(&st, &error), EH_ERR_FORMAT);
	}
	st.row[0].op[EH_OP_PASS].count = (struct eh_counter) { 1, 2, 3, 3 };
	ck_assert_int_eq(eh_state_check(&st, &error), EH_OK);
	/* Closed books have nothing open. */
	st.row[0].op[EH_OP_PASS].count = (struct eh_counter) { 1, 1, 3, 3 };
	st.row[0].state = EH_ROW_CLOSED;
	st.row[0].closed_at = 1;
	ck_assert_int_eq(eh_state_check(&st, &error), EH_ERR_FORMAT);
	st.row[0].op[EH_OP_PASS].count.reserved = 2;
	ck_assert_int_eq(eh_state_check(&st, &error), EH_OK);
	/* They were closed somewhere, and the log reaches as far. */
	st.row[0].closed_at = 0;
	ck_assert_int_eq(eh_state_check(&st, &error), EH_ERR_FORMAT);
	st.row[0].closed_at = 2;
	ck_assert_int_eq(eh_state_check(&st, &error), EH_ERR_FORMAT);
}
END_TEST

START_TEST(what_is_revoked_stands_in_order)
{
	small();
	st.revoked.nids = 2;
	st.revoked.nkids = 2;
	ck_assert_int_eq(eh_state_check(&st, NULL), EH_ERR_FORMAT);
	st.revoked.id[1][15] = 1;
	ck_assert_int_eq(eh_state_check(&st, NULL), EH_ERR_FORMAT);
	st.revoked.kid[1][7] = 1;
	ck_assert_int_eq(eh_state_check(&st, NULL), EH_OK);
	st.revoked.id[0][0] = 1;
	ck_assert_int_eq(eh_state_check(&st, NULL), EH_ERR_FORMAT);
}
END_TEST

START_TEST(what_stands_twice_is_refused)
{
	small();
	add(1);
	add(2);
	st.row[1].generation = st.row[0].generation;
	ck_assert_int_eq(eh_state_check(&st, NULL), EH_ERR_FORMAT);
	st.row[1].generation = 2;
	memcpy(st.row[1].id, st.row[0].id, EH_ID_LEN);
	ck_assert_int_eq(eh_state_check(&st, NULL), EH_ERR_FORMAT);
	small();
	st.next_object = 3;
	st.key[0].object = 1;
	st.key[1].object = 2;
	ck_assert_int_eq(eh_state_check(&st, NULL), EH_ERR_FORMAT);
	st.key[1].digest[0] = 1;
	ck_assert_int_eq(eh_state_check(&st, NULL), EH_OK);
	st.key[1].object = 3;
	ck_assert_int_eq(eh_state_check(&st, NULL), EH_ERR_FORMAT);
}
END_TEST

START_TEST(burned_ranges_lie_in_order_inside_the_window)
{
	small();
	st.log.nburned = 2;
	st.log.burned[0] = (struct eh_burned_range) { 10, 5, 5 };
	st.log.burned[1] = (struct eh_burned_range) { 20, 5, 5 };
	ck_assert_int_eq(eh_state_check(&st, NULL), EH_OK);
	st.log.burned[1].first = 14;
	ck_assert_int_eq(eh_state_check(&st, NULL), EH_ERR_FORMAT);
	st.log.burned[1].first = 62;
	ck_assert_int_eq(eh_state_check(&st, NULL), EH_ERR_FORMAT);
	st.log.burned[1] = (struct eh_burned_range) { 20, 5, 6 };
	ck_assert_int_eq(eh_state_check(&st, NULL), EH_ERR_FORMAT);
	small();
	st.log.seq_hi = 0;
	ck_assert_int_eq(eh_state_check(&st, NULL), EH_ERR_FORMAT);
}
END_TEST

START_TEST(kids_have_sixty_four_places)
{
	uint8_t kid[EH_KID_LEN] = { 0 };
	struct eh_state_kid *first;

	small();
	first = eh_state_kid(&st, kid);
	ck_assert_ptr_nonnull(first);
	ck_assert_ptr_eq(eh_state_kid(&st, kid), first);
	for (unsigned i = 1; i < EH_STATE_KIDS; i++) {
		kid[0] = (uint8_t)i;
		ck_assert_ptr_nonnull(eh_state_kid(&st, kid));
	}
	kid[0] = 77;
	ck_assert_ptr_null(eh_state_kid(&st, kid));
	kid[0] = 0;
	ck_assert_ptr_eq(eh_state_kid(&st, kid), first);
}
END_TEST

START_TEST(people_see_the_order_or_the_id)
{
	char text[EH_ROW_NAME];
	struct eh_row *row;

	small();
	row = add(0xab);
	ck_assert_str_eq(eh_state_row_name(row, text),
	    "ab000000000000000000000000000000");
	strcpy(row->order, "PO-4711");
	ck_assert_str_eq(eh_state_row_name(row, text), "PO-4711");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("state");
	TCase *t = tcase_create("state");

	tcase_add_test(t, what_is_written_is_read_back);
	tcase_add_test(t, a_row_comes_back_member_by_member);
	tcase_add_test(t, body_is_deterministic_cbor);
	tcase_add_test(t, no_flipped_bit_passes);
	tcase_add_test(t,
	    the_versions_before_are_read_and_a_later_one_is_refused_in_words);
	tcase_add_test(t, a_closed_row_of_the_version_before_was_closed_by_now);
	tcase_add_test(t, the_anchor_is_named_as_its_kind_needs);
	tcase_add_test(t, another_secret_is_refused);
	tcase_add_test(t, too_small_a_buffer_is_no_state);
	tcase_add_test(t, sixty_four_live_rows_are_all);
	tcase_add_test(t, the_row_closed_first_makes_place);
	tcase_add_test(t, closing_returns_what_is_unused);
	tcase_add_test(t, books_go_on_under_another_authorization);
	tcase_add_test(t, books_that_do_not_add_up_are_refused);
	tcase_add_test(t, what_is_revoked_stands_in_order);
	tcase_add_test(t, what_stands_twice_is_refused);
	tcase_add_test(t, burned_ranges_lie_in_order_inside_the_window);
	tcase_add_test(t, kids_have_sixty_four_places);
	tcase_add_test(t, people_see_the_order_or_the_id);
	suite_add_tcase(s, t);
	return unit_run(s);
}
