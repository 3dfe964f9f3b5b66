/* SPDX-License-Identifier: Apache-2.0 */
/* state_format.c - the state blob as bytes: header, deterministic CBOR, MAC. */
#include "config.h"

#include <string.h>

#include "common/cbor/cbor.h"
#include "common/crypto/mac.h"
#include "common/ct.h"
#include "quota-engine/state_parts.h"

/* doc/format/state.md section 1. */
static const char magic[8] = "EHSTATE";	/* and a zero byte */
static const char label[] = "EdgeHSM-state-v1";
#define FORMAT  3	/* what is written; every one before it is read */
#define ACKED   2	/* the first one with acknowledgements */
#define REVOKED 3	/* the first one with revocation */
#define COUNTS  3	/* the first one with counts in a TPM */
#define GUARD   3	/* the first one with the clocks at the last commit */
#define HEADER  EH_STATE_HEADER
#define ITEMS   32768
#define PARTS   (sizeof(parts) / sizeof(parts[0]))

/* By number; a place without functions is a number not in use. */
/* clang-format off */
static const struct {
	void (*put)(struct eh_writer *, const struct eh_state *);
	void (*get)(struct eh_cbor *, struct eh_state *);
	unsigned since;		/* version that it came with */
} parts[] = {
	[1]  = { eh_state_put_copy,     eh_state_get_copy,     1 },
	[2]  = { eh_state_put_identity, eh_state_get_identity, 1 },
	[3]  = { eh_state_put_token,    eh_state_get_token,    1 },
	[4]  = { eh_state_put_keys,     eh_state_get_keys,     1 },
	[5]  = { eh_state_put_pins,     eh_state_get_pins,     1 },
	[6]  = { eh_state_put_rows,     eh_state_get_rows,     1 },
	[7]  = { eh_state_put_in_force, eh_state_get_in_force, 1 },
	[8]  = { eh_state_put_grant,    eh_state_get_grant,    1 },
	[9]  = { eh_state_put_issuers,  eh_state_get_issuers,  1 },
	[10] = { eh_state_put_kids,     eh_state_get_kids,     1 },
	[11] = { eh_state_put_clock,    eh_state_get_clock,    1 },
	[12] = { eh_state_put_log,      eh_state_get_log,      1 },
	[13] = { eh_state_put_acked,    eh_state_get_acked,    ACKED },
	[14] = { eh_state_put_revoked,  eh_state_get_revoked,  REVOKED },
	[15] = { eh_state_put_counts,   eh_state_get_counts,   COUNTS },
	[17] = { eh_state_put_guard,    eh_state_get_guard,    GUARD },
};
/* clang-format on */

static int
has_part(unsigned version, size_t part)
{
	return parts[part].get != NULL && parts[part].since <= version;
}

static size_t
count_parts(unsigned version)
{
	size_t n = 0;

	for (size_t part = 1; part < PARTS; part++)
		n += (size_t)has_part(version, part);
	return n;
}

static void
mac_of(const uint8_t key[EH_DIGEST_LEN], const uint8_t *bytes, size_t len,
    uint8_t mac[EH_SHA256_LEN])
{
	struct eh_hmac_sha256 h;

	eh_hmac_sha256_init(&h, key, EH_DIGEST_LEN);
	eh_hmac_sha256_update(&h, label, sizeof(label) - 1);
	eh_hmac_sha256_update(&h, bytes, len);
	eh_hmac_sha256_final(&h, mac);
}

int
eh_state_encode(const struct eh_state *st, const uint8_t key[EH_DIGEST_LEN],
    uint8_t *out, size_t cap, size_t *lenp)
{
	struct eh_writer w;
	size_t body;
	int err;

	*lenp = 0;
	if (cap < HEADER + EH_SHA256_LEN)
		return EH_ERR_SPACE;
	eh_writer_init(&w, out + HEADER, cap - HEADER - EH_SHA256_LEN);
	eh_cbor_put_map(&w, count_parts(FORMAT));
	for (size_t part = 1; part < PARTS; part++) {
		if (!has_part(FORMAT, part))
			continue;
		eh_cbor_put_uint(&w, part);
		parts[part].put(&w, st);
	}
	if ((err = eh_writer_end(&w, &body)) != EH_OK)
		return err;
	eh_writer_init(&w, out, HEADER);
	eh_writer_bytes(&w, magic, sizeof(magic));
	eh_writer_u32(&w, FORMAT);
	eh_writer_u32(&w, (uint32_t)body);
	if ((err = eh_writer_end(&w, lenp)) != EH_OK)
		return err;
	mac_of(key, out, HEADER + body, out + HEADER + body);
	*lenp = HEADER + body + EH_SHA256_LEN;
	return EH_OK;
}

/* How long is the body?  0 when this is no state of ours. */
static size_t
read_header(const uint8_t header[HEADER], uint32_t *version)
{
	struct eh_reader r;
	const uint8_t *m;
	size_t body;

	eh_reader_init(&r, header, HEADER);
	m = eh_reader_borrow(&r, sizeof(magic));
	*version = eh_reader_u32(&r);
	body = eh_reader_u32(&r);
	if (memcmp(m, magic, sizeof(magic)) != 0 ||
	    body > EH_STATE_MAX - HEADER - EH_SHA256_LEN)
		return 0;
	return body;
}

size_t
eh_state_length(const uint8_t header[EH_STATE_HEADER])
{
	uint32_t version;
	size_t body = read_header(header, &version);

	return body == 0 ? 0 : HEADER + body + EH_SHA256_LEN;
}

/* What a version before could not say. */
static int
from_before(struct eh_state *st, unsigned version)
{
	if (version < ACKED &&
	    (st->log.acked.size != 0 || st->log.acked_counted != 0))
		return EH_ERR_FORMAT;
	if (version >= REVOKED)
		return EH_OK;
	if (st->in_force.epoch != 0 || st->in_force.rseq != 0)
		return EH_ERR_FORMAT;
	/* Where a row's last record stands was not kept: before the end. */
	for (unsigned i = 0; i < EH_STATE_ROWS; i++)
		if (st->row[i].state == EH_ROW_CLOSED)
			st->row[i].closed_at = st->log.tree.size;
	return EH_OK;
}

static int
read_body(
    struct eh_state *st, uint32_t version, const uint8_t *bytes, size_t len)
{
	size_t n = count_parts(version);
	struct eh_cbor c;
	int err;

	eh_cbor_init(&c, bytes, len, ITEMS);
	eh_cbor_map(&c, n, n);
	for (size_t part = 1; part < PARTS; part++) {
		if (!has_part(version, part))
			continue;
		eh_cbor_key(&c, (unsigned)part);
		parts[part].get(&c, st);
	}
	eh_cbor_leave(&c);
	if ((err = eh_cbor_end(&c)) != EH_OK)
		return err;
	return from_before(st, version);
}

int
eh_state_decode(struct eh_state *st, const uint8_t key[EH_DIGEST_LEN],
    const uint8_t *bytes, size_t len, size_t *usedp, struct eh_error *error)
{
	uint8_t mac[EH_SHA256_LEN];
	uint32_t version;
	size_t body = len < HEADER ? 0 : read_header(bytes, &version);
	int err;

	*usedp = 0;
	memset(st, 0, sizeof(*st));
	if (body == 0 || len < HEADER + body + EH_SHA256_LEN)
		return eh_error_set(error, EH_ERR_FORMAT, "no state copy");
	mac_of(key, bytes, HEADER + body, mac);
	if (!eh_ct_equal(mac, bytes + HEADER + body, EH_SHA256_LEN))
		return eh_error_set(error, EH_ERR_FORMAT,
		    "the state copy is damaged, or of another boundary secret");
	if (version < 1 || version > FORMAT)
		return eh_error_set(error, EH_ERR_UNSUPPORTED,
		    "the state copy is of version %u; this edgehsmd knows %d",
		    version, FORMAT);
	err = read_body(st, version, bytes + HEADER, body);
	if (err != EH_OK)
		eh_error_set(error, EH_ERR_FORMAT,
		    "the state copy holds what this edgehsmd never writes");
	else
		err = eh_state_check(st, error);
	if (err != EH_OK) {
		memset(st, 0, sizeof(*st));
		return EH_ERR_FORMAT;
	}
	*usedp = HEADER + body + EH_SHA256_LEN;
	return EH_OK;
}
