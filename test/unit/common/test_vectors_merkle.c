/* SPDX-License-Identifier: Apache-2.0 */
/* test_vectors_merkle.c - the proofs that transparency-dev/merkle tries its own
 * verifier on. */
#include "config.h"

#include <ftw.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/merkle/merkle.h"
#include "test/unit/unit.h"

#define HASH EH_MERKLE_HASH

/* What one file says: sizes, three hashes and a proof.  ${is_sized} is 0 when a
 * hash that is not a root has not exactly 32 bytes. */
struct vector {
	uint64_t a, b;
	uint8_t leaf[HASH], root1[HASH], root2[HASH];
	uint8_t proof[EH_MERKLE_PROOF_MAX];
	size_t n;
	int is_sized, is_bad;
};

static unsigned inclusions, consistencies, unsized;

/* Decode base64 to at most ${cap} bytes; return how many. */
static size_t
base64(const char *text, uint8_t *out, size_t cap)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned bits = 0, have = 0;
	size_t n = 0;

	for (; *text != '\0' && *text != '='; text++) {
		const char *at = strchr(digits, *text);

		ck_assert_ptr_nonnull(at);
		bits = bits << 6 | (unsigned)(at - digits);
		if ((have += 6) < 8)
			continue;
		have -= 8;
		ck_assert_uint_lt(n, cap);
		out[n++] = (uint8_t)(bits >> have);
	}
	return n;
}

/* Decode the hash ${value}, filled up with zeros; return its true length. */
static size_t
hash(const json_t *value, uint8_t out[HASH])
{
	const char *text = json_string_value(value);

	memset(out, 0, HASH);
	return text == NULL ? 0 : base64(text, out, HASH);
}

/* Numbers come as reals, because one of them is 2^64 - 1. */
static uint64_t
number(const json_t *file, const char *key)
{
	double d = json_real_value(json_object_get(file, key));

	ck_assert(d >= 0);
	if (d >= 18446744073709551615.0)
		return UINT64_MAX;
	ck_assert(d <= 9007199254740992.0);
	return (uint64_t)d;
}

static void
read_proof(const json_t *file, struct vector *v)
{
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(file, "proof"), i, one) {
		ck_assert_uint_lt(i, EH_MERKLE_LEVELS);
		if (hash(one, v->proof + i * HASH) != HASH)
			v->is_sized = 0;
		v->n = i + 1;
	}
	v->is_bad = json_is_true(json_object_get(file, "wantErr"));
}

static json_t *
load(const char *path)
{
	json_t *file = json_load_file(path, JSON_DECODE_INT_AS_REAL, NULL);

	ck_assert_msg(file != NULL, "%s", path);
	return file;
}

/* A vector is refused by its lengths (a hash is 32 bytes, by type) or by the
 * verifier; either must agree with what the file wants. */
static void
judge(const char *path, const struct vector *v, int err)
{
	if (!v->is_sized) {
		unsized++;
		ck_assert_msg(v->is_bad, "%s: sizes", path);
		return;
	}
	ck_assert_msg(err == (v->is_bad ? EH_ERR_PROOF : EH_OK), "%s: %s",
	    path, eh_err_name(err));
}

static int
try_inclusion(
    const char *path, const struct stat *st, int type, struct FTW *where)
{
	struct vector v = { .is_sized = 1 };
	struct eh_merkle_inclusion in = { .leaf = v.leaf, .root = v.root1,
		.proof = v.proof };
	json_t *file;

	(void)st;
	(void)where;
	if (type != FTW_F)
		return 0;
	file = load(path);
	read_proof(file, &v);
	in.index = number(file, "leafIdx");
	in.size = number(file, "treeSize");
	in.n = v.n;
	/* Some roots are empty: any other than the right one. */
	hash(json_object_get(file, "root"), v.root1);
	if (hash(json_object_get(file, "leafHash"), v.leaf) != HASH)
		v.is_sized = 0;
	judge(path, &v, eh_merkle_verify_inclusion(&in));
	json_decref(file);
	inclusions++;
	return 0;
}

static int
try_consistency(
    const char *path, const struct stat *st, int type, struct FTW *where)
{
	struct vector v = { .is_sized = 1 };
	struct eh_merkle_consistency in = { .root1 = v.root1,
		.root2 = v.root2, .proof = v.proof };
	json_t *file;

	(void)st;
	(void)where;
	if (type != FTW_F)
		return 0;
	file = load(path);
	read_proof(file, &v);
	in.size1 = number(file, "size1");
	in.size2 = number(file, "size2");
	in.n = v.n;
	/* Some roots are short texts that stand for any root. */
	hash(json_object_get(file, "root1"), v.root1);
	hash(json_object_get(file, "root2"), v.root2);
	judge(path, &v, eh_merkle_verify_consistency(&in));
	json_decref(file);
	consistencies++;
	return 0;
}

static char folder[4096];

static void
walk(const char *kind, __nftw_func_t one)
{
	unsized = 0;
	snprintf(folder, sizeof(folder), "%s/merkle/testdata/%s",
	    getenv("EDGEHSM_VECTORS"), kind);
	ck_assert_int_eq(nftw(folder, one, 8, FTW_PHYS), 0);
}

START_TEST(every_inclusion_proof_is_judged_as_it_should_be)
{
	walk("inclusion", try_inclusion);
	ck_assert_uint_eq(inclusions, 98);
	ck_assert_uint_eq(unsized, 21);
}
END_TEST

START_TEST(every_consistency_proof_is_judged_as_it_should_be)
{
	walk("consistency", try_consistency);
	ck_assert_uint_eq(consistencies, 98);
	ck_assert_uint_eq(unsized, 8);
}
END_TEST

int
main(void)
{
	Suite *s;
	TCase *t;
	const char *one = "merkle/testdata/inclusion/1/happy-path.json";
	size_t len;
	char *text;

	if ((text = unit_vector(one, &len)) == NULL)
		return unit_skip("no merkle/testdata in $EDGEHSM_VECTORS");
	free(text);
	s = suite_create("vectors_merkle");
	t = tcase_create("transparency-dev");
	tcase_add_test(t, every_inclusion_proof_is_judged_as_it_should_be);
	tcase_add_test(t, every_consistency_proof_is_judged_as_it_should_be);
	suite_add_tcase(s, t);
	return unit_run(s);
}
