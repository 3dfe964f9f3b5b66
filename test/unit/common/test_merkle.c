/* SPDX-License-Identifier: Apache-2.0 */
/* test_merkle.c - the tree against RFC 9162's own definitions, and every way to
 * get a proof wrong. */
#include "config.h"

#include <string.h>

#include "common/crypto/digest.h"
#include "common/merkle/merkle.h"
#include "test/unit/common/golden.h"
#include "test/unit/unit.h"

#define HASH EH_MERKLE_HASH
#define MOST 40

/* A list of hashes; leaf i begins at LEAF(i). */
static uint8_t leaves[MOST * HASH];
#define LEAF(i) (leaves + (i) * HASH)

static void
make_leaves(void)
{
	for (uint8_t i = 0; i < MOST; i++)
		eh_merkle_leaf(&i, 1, LEAF(i));
}

/* The largest power of two below ${n}, n > 1. */
static size_t
below(size_t n)
{
	size_t k = 1;

	while (2 * k < n)
		k *= 2;
	return k;
}

/* MTH, PATH and SUBPROOF as section 2.1 writes them, recursive and slow; the
 * tests compare ours with these. */
static void
mth(const uint8_t *d, size_t n, uint8_t out[HASH])
{
	uint8_t left[HASH], right[HASH];

	if (n == 1) {
		memcpy(out, d, HASH);
		return;
	}
	mth(d, below(n), left);
	mth(d + below(n) * HASH, n - below(n), right);
	eh_merkle_node(left, right, out);
}

static size_t
path(size_t m, const uint8_t *d, size_t n, uint8_t *out)
{
	size_t k, used;

	if (n == 1)
		return 0;
	k = below(n);
	if (m < k) {
		used = path(m, d, k, out);
		mth(d + k * HASH, n - k, out + used * HASH);
	} else {
		used = path(m - k, d + k * HASH, n - k, out);
		mth(d, k, out + used * HASH);
	}
	return used + 1;
}

static size_t
subproof(size_t m, const uint8_t *d, size_t n, int is_known,
    uint8_t *out)
{
	size_t k, used;

	if (m == n) {
		if (is_known)
			return 0;
		mth(d, n, out);
		return 1;
	}
	k = below(n);
	if (m <= k) {
		used = subproof(m, d, k, is_known, out);
		mth(d + k * HASH, n - k, out + used * HASH);
	} else {
		used = subproof(m - k, d + k * HASH, n - k, 0, out);
		mth(d, k, out + used * HASH);
	}
	return used + 1;
}

static void
is_hex(const uint8_t hash[HASH], const char *hex)
{
	uint8_t want[HASH];

	ck_assert_uint_eq(unit_hex(hex, want, sizeof(want)), HASH);
	ck_assert_mem_eq(hash, want, HASH);
}

/* What every implementation of this tree is tried on: eight leaves, and the
 * roots of the trees of the first one, two, ... of them. */
static const struct {
	const char *leaf, *root;
} eight[] = {
	{ "", "6e340b9cffb37a989ca544e6bb780a2c"
	      "78901d3fb33738768511a30617afa01d" },
	{ "00", "fac54203e7cc696cf0dfcb42c92a1d9d"
		"baf70ad9e621f4bd8d98662f00e3c125" },
	{ "10", "aeb6bcfe274b70a14fb067a5e5578264"
		"db0fa9b51af5e0ba159158f329e06e77" },
	{ "2021", "d37ee418976dd95753c1c73862b9398f"
		  "a2a2cf9b4ff0fdfe8b30cd95209614b7" },
	{ "3031", "4e3bbb1f7b478dcfe71fb631631519a3"
		  "bca12c9aefca1612bfce4c13a86264d4" },
	{ "40414243", "76e67dadbcdf1e10e1b74ddc608abd2f"
		      "98dfb16fbce75277b5232a127f2087ef" },
	{ "5051525354555657", "ddb89be403809e325750d3d263cd7892"
			      "9c2942b7942a34b77e122c9594a74c8c" },
	{ "606162636465666768696a6b6c6d6e6f",
	    "5dc9da79a70659a9ad559cb701ded9a2"
	    "ab9d823aad2f4960cfe370eff4604328" },
};

START_TEST(published_roots_agree)
{
	struct eh_merkle m;
	uint8_t h[HASH], bytes[16];

	eh_merkle_init(&m);
	eh_merkle_root(&m, h);
	is_hex(h, "e3b0c44298fc1c149afbf4c8996fb924"
		  "27ae41e4649b934ca495991b7852b855");
	for (size_t i = 0; i < 8; i++) {
		eh_merkle_leaf(bytes,
		    unit_hex(eight[i].leaf, bytes, sizeof(bytes)), h);
		ck_assert_int_eq(eh_merkle_append(&m, h), EH_OK);
		eh_merkle_root(&m, h);
		is_hex(h, eight[i].root);
	}
}
END_TEST

static const struct {
	const char *leaf, *root;	/* NULL: not told */
} golden[] = {
	{ GOLDEN_LEAF_0, GOLDEN_LEAF_0 },
	{ GOLDEN_LEAF_1, "92bc17ee4890092c23cb89d755a2fba8"
			 "e337e3a83ff5ce50761cba152676a84f" },
	{ GOLDEN_LEAF_2, "d8df4e16b13f041acd8ff13ce9375197"
			 "d9fe74158e7c527ec3a0372202ed909d" },
	{ GOLDEN_LEAF_3, "2670b8c3fe8287dfcce28b7643c332ee"
			 "d0484fc12fdc5b5dcf18d52f21674011" },
	{ GOLDEN_LEAF_4, NULL },
	{ GOLDEN_LEAF_5, NULL },
	{ GOLDEN_LEAF_6, "168be2725533e50cf808144a7788ecad"
			 "f393e81f4b24258f40207541aacd89fc" },
	{ GOLDEN_LEAF_7, NULL },
	{ GOLDEN_LEAF_8, NULL },
	{ GOLDEN_LEAF_9, "5d19b70404f37c90931775b96530b148"
			 "dd245362c6f5eba0d43f10e96a46a5d4" },
	{ GOLDEN_LEAF_10, NULL },
	{ GOLDEN_LEAF_11, GOLDEN_TREE_ROOT_12 },
};

START_TEST(golden_log_has_its_roots_and_its_proof)
{
	static const char *const proof3[] = { GOLDEN_LEAF_2,
		"92bc17ee4890092c23cb89d755a2fba8"
		"e337e3a83ff5ce50761cba152676a84f",
		"2067741ab7230a94b679c643a1228f9d"
		"49a05c9e0840fda7c1a56634edce4585" };
	uint8_t proof[EH_MERKLE_PROOF_MAX], root[HASH];
	struct eh_merkle m;
	size_t n;

	eh_merkle_init(&m);
	for (size_t i = 0; i < 12; i++) {
		unit_hex(golden[i].leaf, LEAF(i), HASH);
		ck_assert_int_eq(eh_merkle_append(&m, LEAF(i)), EH_OK);
		eh_merkle_root(&m, root);
		if (golden[i].root != NULL)
			is_hex(root, golden[i].root);
	}
	ck_assert_int_eq(eh_merkle_prove(leaves, 7, 3, proof, &n), EH_OK);
	ck_assert_uint_eq(n, 3);
	for (size_t i = 0; i < n; i++)
		is_hex(proof + i * HASH, proof3[i]);
}
END_TEST

START_TEST(frontier_gives_the_root_of_the_definition)
{
	struct eh_merkle m;
	uint8_t got[HASH], want[HASH];

	make_leaves();
	eh_merkle_init(&m);
	for (size_t n = 1; n <= MOST; n++) {
		ck_assert_int_eq(eh_merkle_append(&m, LEAF(n - 1)), EH_OK);
		ck_assert_uint_eq(m.size, n);
		eh_merkle_root(&m, got);
		mth(leaves, n, want);
		ck_assert_mem_eq(got, want, HASH);
	}
}
END_TEST

START_TEST(frontier_holds_a_hash_for_each_bit)
{
	struct eh_merkle m;
	uint8_t want[HASH];

	ck_assert_uint_eq(eh_merkle_count(0), 0);
	ck_assert_uint_eq(eh_merkle_count(8), 1);
	ck_assert_uint_eq(eh_merkle_count(7), 3);
	ck_assert_uint_eq(eh_merkle_count(UINT64_MAX), 64);
	make_leaves();
	eh_merkle_init(&m);
	for (size_t n = 0; n < 6; n++)
		ck_assert_int_eq(eh_merkle_append(&m, LEAF(n)), EH_OK);
	/* Six leaves: the subtree of four, then that of two. */
	mth(leaves, 4, want);
	ck_assert_mem_eq(m.node[0], want, HASH);
	mth(LEAF(4), 2, want);
	ck_assert_mem_eq(m.node[1], want, HASH);
}
END_TEST

START_TEST(full_tree_takes_no_leaf)
{
	static struct eh_merkle m, before;

	make_leaves();
	memset(&m, 0x5a, sizeof(m));
	m.size = UINT64_MAX;
	before = m;
	ck_assert_int_eq(eh_merkle_append(&m, LEAF(0)), EH_ERR_FULL);
	ck_assert_mem_eq(&m, &before, sizeof(m));
	/* One below, which has a place for it, and all 64 levels in use. */
	m.size = UINT64_MAX - 1;
	ck_assert_int_eq(eh_merkle_append(&m, LEAF(0)), EH_OK);
	ck_assert_uint_eq(m.size, UINT64_MAX);
	ck_assert_mem_eq(m.node[63], LEAF(0), HASH);
}
END_TEST

/* Check that ${in}, which verifies, does not with anything about it changed. */
static void
refuse_other_inclusion(const struct eh_merkle_inclusion *in)
{
	uint8_t proof[EH_MERKLE_PROOF_MAX + HASH], hash[HASH];
	struct eh_merkle_inclusion bad = *in;

	memset(proof, 0, sizeof(proof));
	memcpy(proof, in->proof, in->n * HASH);
	bad.proof = proof;
	for (size_t i = 0; i < in->n; i++) {
		proof[i * HASH + i % HASH] ^= 1;
		ck_assert_int_eq(
		    eh_merkle_verify_inclusion(&bad), EH_ERR_PROOF);
		proof[i * HASH + i % HASH] ^= 1;
	}
	ck_assert_int_eq(eh_merkle_verify_inclusion(&bad), EH_OK);
	bad.n = in->n + 1;
	ck_assert_int_eq(eh_merkle_verify_inclusion(&bad), EH_ERR_PROOF);
	bad.n = in->n - 1;
	if (in->n > 0)
		ck_assert_int_eq(
		    eh_merkle_verify_inclusion(&bad), EH_ERR_PROOF);
	bad.n = in->n;
	for (bad.index = 0; bad.index < in->size + 3; bad.index++)
		if (bad.index != in->index)
			ck_assert_int_eq(eh_merkle_verify_inclusion(&bad),
			    EH_ERR_PROOF);
	bad.index = in->index;
	memcpy(hash, in->leaf, HASH);
	hash[31] ^= 0x80;
	bad.leaf = hash;
	ck_assert_int_eq(eh_merkle_verify_inclusion(&bad), EH_ERR_PROOF);
	bad.leaf = in->leaf;
	memcpy(hash, in->root, HASH);
	hash[0] ^= 1;
	bad.root = hash;
	ck_assert_int_eq(eh_merkle_verify_inclusion(&bad), EH_ERR_PROOF);
}

START_TEST(every_leaf_of_every_tree_is_proved)
{
	uint8_t want[EH_MERKLE_PROOF_MAX], got[EH_MERKLE_PROOF_MAX];
	uint8_t root[HASH];
	struct eh_merkle_inclusion in = { .root = root };

	make_leaves();
	for (size_t size = 1; size <= MOST; size++) {
		mth(leaves, size, root);
		for (size_t i = 0; i < size; i++) {
			in.n = path(i, leaves, size, want);
			ck_assert_int_eq(eh_merkle_prove(
			    leaves, size, i, got, &in.n), EH_OK);
			ck_assert_uint_eq(in.n, path(i, leaves, size, want));
			ck_assert_mem_eq(got, want, in.n * HASH);
			in.index = i;
			in.size = size;
			in.leaf = LEAF(i);
			in.proof = got;
			ck_assert_int_eq(
			    eh_merkle_verify_inclusion(&in), EH_OK);
			refuse_other_inclusion(&in);
		}
	}
}
END_TEST

START_TEST(leaf_that_is_not_there_is_not_proved)
{
	uint8_t proof[EH_MERKLE_PROOF_MAX];
	struct eh_merkle_inclusion in = { .leaf = LEAF(0),
		.root = LEAF(0), .proof = proof };
	size_t n = 9;

	make_leaves();
	ck_assert_int_eq(eh_merkle_prove(leaves, 7, 7, proof, &n),
	    EH_ERR_ARGUMENT);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(eh_merkle_prove(leaves, 0, 0, proof, &n),
	    EH_ERR_ARGUMENT);
	/* The empty tree has no leaf, whatever its root is said to be. */
	ck_assert_int_eq(eh_merkle_verify_inclusion(&in), EH_ERR_PROOF);
	in.index = UINT64_MAX;
	in.size = UINT64_MAX;
	ck_assert_int_eq(eh_merkle_verify_inclusion(&in), EH_ERR_PROOF);
}
END_TEST

/* Check that ${in}, which verifies, does not with anything about it changed. */
static void
refuse_other_consistency(const struct eh_merkle_consistency *in)
{
	uint8_t proof[EH_MERKLE_PROOF_MAX + HASH], hash[HASH];
	struct eh_merkle_consistency bad = *in;

	memset(proof, 0, sizeof(proof));
	memcpy(proof, in->proof, in->n * HASH);
	bad.proof = proof;
	for (size_t i = 0; i < in->n; i++) {
		proof[i * HASH + i % HASH] ^= 1;
		ck_assert_int_eq(
		    eh_merkle_verify_consistency(&bad), EH_ERR_PROOF);
		proof[i * HASH + i % HASH] ^= 1;
	}
	ck_assert_int_eq(eh_merkle_verify_consistency(&bad), EH_OK);
	bad.n = in->n + 1;
	ck_assert_int_eq(eh_merkle_verify_consistency(&bad), EH_ERR_PROOF);
	bad.n = in->n - 1;
	if (in->n > 0)
		ck_assert_int_eq(
		    eh_merkle_verify_consistency(&bad), EH_ERR_PROOF);
	bad.n = in->n;
	bad.size1 = 0;
	ck_assert_int_eq(eh_merkle_verify_consistency(&bad), EH_ERR_PROOF);
	bad.size1 = in->size2 + 1;
	ck_assert_int_eq(eh_merkle_verify_consistency(&bad), EH_ERR_PROOF);
	bad.size1 = in->size1;
	memcpy(hash, in->root1, HASH);
	hash[31] ^= 0x80;
	bad.root1 = hash;
	ck_assert_int_eq(eh_merkle_verify_consistency(&bad), EH_ERR_PROOF);
	bad.root1 = in->root1;
	memcpy(hash, in->root2, HASH);
	hash[0] ^= 1;
	bad.root2 = hash;
	ck_assert_int_eq(eh_merkle_verify_consistency(&bad), EH_ERR_PROOF);
}

START_TEST(every_tree_begins_every_larger_one)
{
	uint8_t proof[EH_MERKLE_PROOF_MAX], root1[HASH], root2[HASH];
	struct eh_merkle_consistency in = { .root1 = root1, .root2 = root2,
		.proof = proof };

	make_leaves();
	for (size_t n = 1; n <= MOST; n++) {
		mth(leaves, n, root2);
		for (size_t m = 1; m <= n; m++) {
			mth(leaves, m, root1);
			in.size1 = m;
			in.size2 = n;
			in.n = subproof(m, leaves, n, 1, proof);
			ck_assert_int_eq(
			    eh_merkle_verify_consistency(&in), EH_OK);
			refuse_other_consistency(&in);
		}
	}
}
END_TEST

START_TEST(cut_tree_does_not_begin_the_old_one)
{
	uint8_t proof[EH_MERKLE_PROOF_MAX], root1[HASH], root2[HASH];
	struct eh_merkle_consistency in = { .root1 = root1, .root2 = root2,
		.proof = proof };

	/* Leaf 2 of the larger tree is another one: history was rewritten. */
	make_leaves();
	mth(leaves, 5, root1);
	LEAF(2)[0] ^= 1;
	mth(leaves, 9, root2);
	in.size1 = 5;
	in.size2 = 9;
	in.n = subproof(5, leaves, 9, 1, proof);
	ck_assert_int_eq(eh_merkle_verify_consistency(&in), EH_ERR_PROOF);
}
END_TEST

START_TEST(leaf_never_passes_for_a_node)
{
	uint8_t pair[2 * HASH], leaf[HASH], node[HASH];

	make_leaves();
	memcpy(pair, LEAF(0), sizeof(pair));
	eh_merkle_leaf(pair, sizeof(pair), leaf);
	eh_merkle_node(LEAF(0), LEAF(1), node);
	ck_assert_mem_ne(leaf, node, HASH);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("merkle");
	TCase *t = tcase_create("merkle");

	tcase_add_test(t, published_roots_agree);
	tcase_add_test(t, golden_log_has_its_roots_and_its_proof);
	tcase_add_test(t, frontier_gives_the_root_of_the_definition);
	tcase_add_test(t, frontier_holds_a_hash_for_each_bit);
	tcase_add_test(t, full_tree_takes_no_leaf);
	tcase_add_test(t, every_leaf_of_every_tree_is_proved);
	tcase_add_test(t, leaf_that_is_not_there_is_not_proved);
	tcase_add_test(t, every_tree_begins_every_larger_one);
	tcase_add_test(t, cut_tree_does_not_begin_the_old_one);
	tcase_add_test(t, leaf_never_passes_for_a_node);
	suite_add_tcase(s, t);
	return unit_run(s);
}
