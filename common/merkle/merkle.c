/* SPDX-License-Identifier: Apache-2.0 */
/* merkle.c - the SHA-256 tree of RFC 9162 section 2.1: heads and proofs. */
#include "config.h"

#include <string.h>

#include "common/crypto/digest.h"
#include "common/merkle/merkle.h"

/* A leaf can never pass for a node, nor a node for a leaf. */
static const uint8_t leaf_prefix = 0x00, node_prefix = 0x01;

void
eh_merkle_leaf(const void *bytes, size_t len, uint8_t out[EH_MERKLE_HASH])
{
	struct eh_sha256 h;

	eh_sha256_init(&h);
	eh_sha256_update(&h, &leaf_prefix, 1);
	eh_sha256_update(&h, bytes, len);
	eh_sha256_final(&h, out);
}

void
eh_merkle_node(const uint8_t left[EH_MERKLE_HASH],
    const uint8_t right[EH_MERKLE_HASH], uint8_t out[EH_MERKLE_HASH])
{
	struct eh_sha256 h;

	eh_sha256_init(&h);
	eh_sha256_update(&h, &node_prefix, 1);
	eh_sha256_update(&h, left, EH_MERKLE_HASH);
	eh_sha256_update(&h, right, EH_MERKLE_HASH);
	eh_sha256_final(&h, out);
}

void
eh_merkle_init(struct eh_merkle *m)
{
	memset(m, 0, sizeof(*m));
}

size_t
eh_merkle_count(uint64_t size)
{
	size_t n = 0;

	for (; size != 0; size &= size - 1)
		n++;
	return n;
}

/* As in adding one to a binary number: each 1 at the end of the size is a
 * complete subtree that the new leaf makes twice as large. */
static void
push(struct eh_merkle *m, const uint8_t leaf[EH_MERKLE_HASH])
{
	size_t n = eh_merkle_count(m->size);

	memcpy(m->node[n], leaf, EH_MERKLE_HASH);
	for (uint64_t ones = m->size; ones & 1; ones >>= 1) {
		n--;
		eh_merkle_node(m->node[n], m->node[n + 1], m->node[n]);
	}
	m->size++;
}

int
eh_merkle_append(struct eh_merkle *m, const uint8_t leaf[EH_MERKLE_HASH])
{
	if (m->size == UINT64_MAX)
		return EH_ERR_FULL;
	push(m, leaf);
	return EH_OK;
}

void
eh_merkle_root(const struct eh_merkle *m, uint8_t root[EH_MERKLE_HASH])
{
	size_t n = eh_merkle_count(m->size);

	if (n == 0) {
		eh_sha256(NULL, 0, root);
		return;
	}
	memcpy(root, m->node[--n], EH_MERKLE_HASH);
	while (n-- > 0)
		eh_merkle_node(m->node[n], root, root);
}

/* The root of ${size} (at least 1) leaf hashes. */
static void
root_of(const uint8_t *leaves, size_t size, uint8_t root[EH_MERKLE_HASH])
{
	struct eh_merkle m;

	eh_merkle_init(&m);
	for (; size > 0; size--, leaves += EH_MERKLE_HASH)
		push(&m, leaves);
	eh_merkle_root(&m, root);
}

/* The largest power of two below ${size}, which is at least 2. */
static size_t
split(size_t size)
{
	size_t k = 1;

	while (k < size - k)
		k *= 2;
	return k;
}

/* Turn the order of ${n} hashes round. */
static void
turn_round(uint8_t *hashes, size_t n)
{
	uint8_t swap[EH_MERKLE_HASH], *a, *b;

	for (size_t i = 0; i < n / 2; i++) {
		a = hashes + i * EH_MERKLE_HASH;
		b = hashes + (n - 1 - i) * EH_MERKLE_HASH;
		memcpy(swap, a, EH_MERKLE_HASH);
		memcpy(a, b, EH_MERKLE_HASH);
		memcpy(b, swap, EH_MERKLE_HASH);
	}
}

int
eh_merkle_prove(const uint8_t *leaves, size_t size, size_t index,
    uint8_t proof[EH_MERKLE_PROOF_MAX], size_t *np)
{
	const uint8_t *middle;
	uint8_t *out = proof;
	size_t k;

	*np = 0;
	if (index >= size)
		return EH_ERR_ARGUMENT;
	/* From the root down: keep the half with the leaf, note the other. */
	for (; size > 1; out += EH_MERKLE_HASH) {
		k = split(size);
		middle = leaves + k * EH_MERKLE_HASH;
		if (index < k) {
			root_of(middle, size - k, out);
			size = k;
		} else {
			root_of(leaves, k, out);
			leaves = middle;
			index -= k;
			size -= k;
		}
	}
	*np = (size_t)(out - proof) / EH_MERKLE_HASH;
	turn_round(proof, *np);
	return EH_OK;
}

/* The names fn, sn, r are those of RFC 9162 section 2.1.3.2. */
int
eh_merkle_verify_inclusion(const struct eh_merkle_inclusion *in)
{
	uint64_t fn = in->index, sn = in->size - 1;
	const uint8_t *p = in->proof;
	uint8_t r[EH_MERKLE_HASH];

	if (in->index >= in->size)
		return EH_ERR_PROOF;
	memcpy(r, in->leaf, EH_MERKLE_HASH);
	for (size_t i = 0; i < in->n; i++, p += EH_MERKLE_HASH) {
		if (sn == 0)
			return EH_ERR_PROOF;	/* a hash too many */
		if ((fn & 1) != 0 || fn == sn) {
			eh_merkle_node(p, r, r);
			while ((fn & 1) == 0 && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			eh_merkle_node(r, p, r);
		}
		fn >>= 1;
		sn >>= 1;
	}
	if (sn != 0 || memcmp(r, in->root, EH_MERKLE_HASH) != 0)
		return EH_ERR_PROOF;
	return EH_OK;
}

/* The roots that a consistency proof gives (RFC 9162 section 2.1.4.2): both
 * begin with ${first}, and ${used} hashes are behind. */
static int
two_roots(const struct eh_merkle_consistency *in, const uint8_t *first,
    size_t used, uint8_t fr[EH_MERKLE_HASH], uint8_t sr[EH_MERKLE_HASH])
{
	uint64_t fn = in->size1 - 1, sn = in->size2 - 1;
	const uint8_t *p = in->proof + used * EH_MERKLE_HASH;

	for (; fn & 1; fn >>= 1)
		sn >>= 1;
	memcpy(fr, first, EH_MERKLE_HASH);
	memcpy(sr, first, EH_MERKLE_HASH);
	for (size_t i = used; i < in->n; i++, p += EH_MERKLE_HASH) {
		if (sn == 0)
			return EH_ERR_PROOF;	/* a hash too many */
		if ((fn & 1) != 0 || fn == sn) {
			eh_merkle_node(p, fr, fr);
			eh_merkle_node(p, sr, sr);
			while ((fn & 1) == 0 && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			eh_merkle_node(sr, p, sr);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 ? EH_OK : EH_ERR_PROOF;
}

int
eh_merkle_verify_consistency(const struct eh_merkle_consistency *in)
{
	uint8_t fr[EH_MERKLE_HASH], sr[EH_MERKLE_HASH];
	const uint8_t *first;
	int is_power;

	if (in->size1 == 0 || in->size1 > in->size2)
		return EH_ERR_PROOF;
	if (in->size1 == in->size2)
		return in->n == 0 &&
		    memcmp(in->root1, in->root2, EH_MERKLE_HASH) == 0 ?
		    EH_OK : EH_ERR_PROOF;
	if (in->n == 0)
		return EH_ERR_PROOF;
	/* A complete tree is a node of the larger one: its root, which the
	 * verifier has, is then left out of the proof. */
	is_power = (in->size1 & (in->size1 - 1)) == 0;
	first = is_power ? in->root1 : in->proof;
	if (two_roots(in, first, is_power ? 0 : 1, fr, sr) != EH_OK ||
	    memcmp(fr, in->root1, EH_MERKLE_HASH) != 0 ||
	    memcmp(sr, in->root2, EH_MERKLE_HASH) != 0)
		return EH_ERR_PROOF;
	return EH_OK;
}
