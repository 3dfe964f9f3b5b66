/* SPDX-License-Identifier: Apache-2.0 */
/* merkle.h - the SHA-256 tree of RFC 9162 section 2.1: heads and proofs. */
#ifndef EH_COMMON_MERKLE_MERKLE_H
#define EH_COMMON_MERKLE_MERKLE_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

/*
 * leaf = SHA-256(00 || bytes), node = SHA-256(01 || left || right), the root of
 * the empty tree = SHA-256("").  A hash is exactly 32 bytes everywhere, by
 * type: whoever decodes one from outside checks its length there.
 */
#define EH_MERKLE_HASH   32
#define EH_MERKLE_LEVELS 64	/* the longest inclusion proof, and frontier */

/*
 * The frontier: what must be kept of a tree to append to it.  ${node} holds the
 * roots of the complete subtrees of the ${size} leaves, from left (largest) to
 * right; their number is eh_merkle_count(size), the bits set in ${size}.  That
 * is also how it is stored: size, then so many hashes.
 */
struct eh_merkle {
	uint64_t size;
	uint8_t node[EH_MERKLE_LEVELS][EH_MERKLE_HASH];
};

/* Hash a leaf; hash two subtrees.  ${out} may be one of the inputs. */
void eh_merkle_leaf(
    const void *bytes, size_t len, uint8_t out[EH_MERKLE_HASH]);
void eh_merkle_node(const uint8_t left[EH_MERKLE_HASH],
    const uint8_t right[EH_MERKLE_HASH], uint8_t out[EH_MERKLE_HASH]);

/* Begin an empty tree. */
void eh_merkle_init(struct eh_merkle *);

/* Return how many hashes the frontier of a tree of ${size} leaves has. */
size_t eh_merkle_count(uint64_t size);

/* Append one leaf by its hash.  EH_ERR_FULL at 2^64 - 1 leaves, and then the
 * tree is unchanged. */
EH_MUST_CHECK int eh_merkle_append(
    struct eh_merkle *, const uint8_t leaf[EH_MERKLE_HASH]);

/* The root of the tree as it stands. */
void eh_merkle_root(const struct eh_merkle *, uint8_t root[EH_MERKLE_HASH]);

/* Lists of hashes stand in memory one behind the other, without a gap.  Room
 * for the longest proof: */
#define EH_MERKLE_PROOF_MAX (EH_MERKLE_LEVELS * EH_MERKLE_HASH)

/*
 * The proof that leaf ${index} is in the tree of the ${size} leaf hashes at
 * ${leaves}: at most EH_MERKLE_LEVELS hashes to ${proof}, lowest first, their
 * number to ${np}.  EH_ERR_ARGUMENT when there is no such leaf.
 */
EH_MUST_CHECK int eh_merkle_prove(const uint8_t *leaves, size_t size,
    size_t index, uint8_t proof[EH_MERKLE_PROOF_MAX], size_t *np);

/*
 * Verify (RFC 9162 section 2.1.3.2) that ${leaf} is the hash of leaf ${index}
 * in the tree of ${size} leaves under ${root}.  EH_ERR_PROOF when it is not, or
 * when the proof has another number of hashes than it must.
 */
struct eh_merkle_inclusion {
	uint64_t index, size;
	const uint8_t *leaf, *root;	/* EH_MERKLE_HASH bytes each */
	const uint8_t *proof;		/* ${n} hashes */
	size_t n;
};
EH_MUST_CHECK int eh_merkle_verify_inclusion(
    const struct eh_merkle_inclusion *);

/*
 * Verify (RFC 9162 section 2.1.4.2) that the tree of ${size1} leaves under
 * ${root1} is the beginning of that of ${size2} leaves under ${root2}.
 * EH_ERR_PROOF when it is not; also when ${size1} is 0, because an empty tree
 * proves nothing.
 */
struct eh_merkle_consistency {
	uint64_t size1, size2;
	const uint8_t *root1, *root2;	/* EH_MERKLE_HASH bytes each */
	const uint8_t *proof;		/* ${n} hashes */
	size_t n;
};
EH_MUST_CHECK int eh_merkle_verify_consistency(
    const struct eh_merkle_consistency *);

#endif
