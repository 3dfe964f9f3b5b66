/* SPDX-License-Identifier: Apache-2.0 */
/* scopelist.c - *.ehscope: the devices of a scope by tree, and the tree. */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "common/cbor/cbor.h"
#include "common/merkle/merkle.h"
#include "common/message/items.h"
#include "common/message/scopelist.h"

#define FORMAT 1
#define ITEMS   32

static const char what[] = "list of devices (*.ehscope)";

/* clang-format off */
enum key { K_VERSION = 0, K_AUTHORIZATION, K_KIND, K_LENGTH, K_ROOT, K_IDS,
	K_NODES };
/* clang-format on */

/* How many hashes the levels above ${size} leaves have together. */
static uint64_t
count_nodes(uint64_t size)
{
	uint64_t n = 0;

	while (size > 1) {
		size = size / 2 + (size & 1);
		n += size;
	}
	return n;
}

static const uint8_t *
id_at(const struct eh_scopelist *l, uint64_t index)
{
	return l->ids + (size_t)index * l->id_len;
}

/* --- writing --- */

static int
check_ids(const struct eh_scopelist *l, struct eh_error *error)
{
	if (l->size < 1 || l->size > EH_SCOPELIST_DEVICES)
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "%s: %" PRIu64 " devices, 1 to %" PRIu64 " are allowed",
		    what, l->size, EH_SCOPELIST_DEVICES);
	if (l->id_len < 1 || l->id_len > EH_DEVICE_ID_MAX)
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "%s: ids of %u octets, 1 to %d are allowed", what,
		    l->id_len, EH_DEVICE_ID_MAX);
	for (uint64_t i = 1; i < l->size; i++)
		if (memcmp(id_at(l, i - 1), id_at(l, i), l->id_len) >= 0)
			return eh_error_set(error, EH_ERR_ARGUMENT,
			    "%s: the ids must rise, and id %" PRIu64
			    " does not", what, i);
	return EH_OK;
}

static void
put_pair(const uint8_t *below, uint64_t i, uint64_t n, uint8_t *out)
{
	/* Without a right neighbour a hash goes up as it is. */
	if (i + 1 < n)
		eh_merkle_node(below + i * EH_MERKLE_HASH,
		    below + (i + 1) * EH_MERKLE_HASH, out);
	else
		memcpy(out, below + i * EH_MERKLE_HASH, EH_MERKLE_HASH);
}

/* The first level, from the ids; the leaf hashes themselves are not kept. */
static void
put_first_level(const struct eh_scopelist *l, uint8_t *out)
{
	uint8_t pair[2 * EH_MERKLE_HASH];

	for (uint64_t i = 0; i < l->size; i += 2, out += EH_MERKLE_HASH) {
		eh_merkle_leaf(id_at(l, i), l->id_len, pair);
		if (i + 1 < l->size)
			eh_merkle_leaf(id_at(l, i + 1), l->id_len,
			    pair + EH_MERKLE_HASH);
		put_pair(pair, 0, i + 1 < l->size ? 2 : 1, out);
	}
}

/* All levels above the leaves to ${out}; the last hash of them is the root. */
static void
grow(struct eh_scopelist *l, uint8_t *out)
{
	uint64_t n = l->size / 2 + (l->size & 1);
	const uint8_t *below;

	if (l->size == 1) {
		eh_merkle_leaf(l->ids, l->id_len, l->root);
		return;
	}
	put_first_level(l, out);
	for (; n > 1; n = n / 2 + (n & 1)) {
		below = out;
		out += n * EH_MERKLE_HASH;
		for (uint64_t i = 0; i < n; i += 2)
			put_pair(below, i, n, out + i / 2 * EH_MERKLE_HASH);
	}
	memcpy(l->root, out, EH_MERKLE_HASH);
}

static void
put(const struct eh_scopelist *l, const struct eh_buf *nodes,
    struct eh_writer *w)
{
	eh_cbor_put_map(w, 7);
	eh_cbor_put_uint(w, K_VERSION);
	eh_cbor_put_uint(w, FORMAT);
	eh_item_put_pair_bytes(
	    w, K_AUTHORIZATION, l->authorization, EH_ID_LEN);
	eh_cbor_put_uint(w, K_KIND);
	eh_cbor_put_text(w, l->id_kind);
	eh_cbor_put_uint(w, K_LENGTH);
	eh_cbor_put_uint(w, l->id_len);
	eh_item_put_pair_bytes(w, K_ROOT, l->root, EH_DIGEST_LEN);
	eh_item_put_pair_bytes(w, K_IDS, l->ids, (size_t)l->size * l->id_len);
	eh_item_put_pair_bytes(w, K_NODES, nodes->data, nodes->len);
}

int
eh_scopelist_encode(
    struct eh_scopelist *l, struct eh_buf *out, struct eh_error *error)
{
	size_t len, hashes;
	struct eh_buf nodes;
	struct eh_writer w;
	int err;

	if ((err = check_ids(l, error)) != EH_OK)
		return err;
	hashes = (size_t)count_nodes(l->size) * EH_MERKLE_HASH;
	eh_buf_init(&nodes, EH_SCOPELIST_MAX);
	if ((err = eh_buf_reserve(&nodes, hashes)) != EH_OK)
		goto out;
	eh_buf_extend(&nodes, hashes);
	grow(l, nodes.data);
	eh_writer_init(&w, NULL, 0);
	put(l, &nodes, &w);
	if (eh_writer_end(&w, &len) != EH_ERR_SPACE) {
		err = EH_ERR_INTERNAL;	/* it has at least a head */
		goto out;
	}
	if ((err = eh_buf_reserve(out, len)) != EH_OK)
		goto out;
	eh_writer_init(&w, out->data + out->len, len);
	put(l, &nodes, &w);
	if ((err = eh_writer_end(&w, &len)) == EH_OK)
		eh_buf_extend(out, len);
out:
	eh_buf_free(&nodes);
	if (err != EH_OK)
		eh_error_set(error, err, "%s: %s", what, eh_err_text(err));
	return err;
}

/* --- reading --- */

static void
decode(struct eh_cbor *c, struct eh_scopelist *l)
{
	size_t ids, nodes;

	eh_cbor_map(c, 7, 7);
	eh_cbor_key(c, K_VERSION);
	eh_cbor_uint(c, FORMAT, FORMAT);
	eh_cbor_key(c, K_AUTHORIZATION);
	eh_cbor_fixed(c, l->authorization, EH_ID_LEN);
	eh_cbor_key(c, K_KIND);
	eh_item_name(c, l->id_kind);
	eh_cbor_key(c, K_LENGTH);
	l->id_len = (uint8_t)eh_cbor_uint(c, 1, EH_DEVICE_ID_MAX);
	eh_cbor_key(c, K_ROOT);
	eh_cbor_fixed(c, l->root, EH_DIGEST_LEN);
	eh_cbor_key(c, K_IDS);
	l->ids = eh_cbor_bytes(
	    c, 1, EH_SCOPELIST_DEVICES * EH_DEVICE_ID_MAX, &ids);
	eh_cbor_key(c, K_NODES);
	l->nodes = eh_cbor_bytes(c, 0, EH_SCOPELIST_MAX, &nodes);
	eh_cbor_leave(c);
	if (l->id_len == 0)
		return;		/* latched */
	l->size = ids / l->id_len;
	if (ids % l->id_len != 0 || l->size > EH_SCOPELIST_DEVICES ||
	    nodes != count_nodes(l->size) * EH_MERKLE_HASH)
		eh_cbor_fail(c, EH_ERR_FORMAT);
}

int
eh_scopelist_decode(struct eh_scopelist *l, const void *bytes, size_t len,
    struct eh_error *error)
{
	struct eh_cbor c;
	int err;

	memset(l, 0, sizeof(*l));
	eh_cbor_init(&c, bytes, len, ITEMS);
	decode(&c, l);
	if ((err = eh_item_end(&c, len, what, error)) != EH_OK)
		memset(l, 0, sizeof(*l));
	return err;
}

/* --- proofs --- */

/* Where ${id} stands, by halving; 1 or 0 in ${foundp}. */
static uint64_t
find(const struct eh_scopelist *l, const uint8_t *id, int *foundp)
{
	uint64_t lo = 0, hi = l->size, middle;
	int order;

	*foundp = 0;
	while (lo < hi && !*foundp) {
		middle = lo + (hi - lo) / 2;
		order = memcmp(id_at(l, middle), id, l->id_len);
		if (order == 0) {
			*foundp = 1;
			return middle;
		}
		if (order < 0)
			lo = middle + 1;
		else
			hi = middle;
	}
	return lo;
}

/* Each level gives the neighbour of the hash that is on the way; the last one
 * of an odd number has none. */
static void
climb(const struct eh_scopelist *l, struct eh_scope_proof *p)
{
	uint64_t n = l->size, at = p->index, beside;
	const uint8_t *level = l->nodes;

	p->n = 0;
	if ((beside = at ^ 1) < n)
		eh_merkle_leaf(
		    id_at(l, beside), l->id_len, p->hash[p->n++]);
	for (n = n / 2 + (n & 1); n > 1; n = n / 2 + (n & 1)) {
		at /= 2;
		if ((beside = at ^ 1) < n)
			memcpy(p->hash[p->n++],
			    level + beside * EH_MERKLE_HASH, EH_MERKLE_HASH);
		level += n * EH_MERKLE_HASH;
	}
}

int
eh_scopelist_prove(const struct eh_scopelist *l,
    const struct eh_device_id *device, struct eh_scope_proof *proof,
    struct eh_error *error)
{
	uint8_t leaf[EH_MERKLE_HASH];
	struct eh_merkle_inclusion in = { .size = l->size,
		.leaf = leaf,
		.root = l->root };
	int found = 0;

	memset(proof, 0, sizeof(*proof));
	if (device->len == l->id_len)
		proof->index = find(l, device->bytes, &found);
	if (!found)
		return eh_error_set(error, EH_ERR_NOT_FOUND,
		    "%s: the device is not among its %" PRIu64, what, l->size);
	climb(l, proof);
	eh_merkle_leaf(device->bytes, device->len, leaf);
	in.index = proof->index;
	in.proof = proof->hash[0];
	in.n = proof->n;
	if (eh_merkle_verify_inclusion(&in) != EH_OK)
		return eh_error_set(error, EH_ERR_PROOF,
		    "%s: it is damaged, its hashes do not give its root",
		    what);
	return EH_OK;
}
